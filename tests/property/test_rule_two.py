"""Rule 2 of the design: the same input gives the same result, however it is cut, ordered or repeated."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stsdetect.detect import find_events
from stsdetect.score import rank_pairs
from stsdetect.settings import Settings, load_settings
from stsdetect.tracks import build_tracks
from tests.builders import START, boat, join

#: More can be asked for: 300 take some minutes.
EXAMPLES = int(os.environ.get("STSDETECT_EXAMPLES", "25"))
QUICK = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@st.composite
def worlds(draw: st.DrawFn, lat: float | None = None) -> list[dict]:
    """A handful of vessels around one point: still, drifting, arriving and leaving, sampled each in its own way."""
    # Exactly 0 and 1 degrees are left out: with the same longitude they mean an unset receiver.
    centre = draw(st.floats(-70, 70).filter(lambda x: x not in (0.0, 1.0))) if lat is None else lat
    lon = draw(st.sampled_from([124.0, 179.9999, -180.0, 0.0]))
    boats = []
    for k in range(draw(st.integers(2, 5))):
        east, north = draw(st.floats(-400, 400)), draw(st.floats(-400, 400))
        begin = draw(st.floats(0.0, 3.0))
        stay = draw(st.floats(0.2, 9.0))
        drift = draw(st.floats(-2500, 2500))
        away = draw(st.sampled_from([0.0, 3000.0, 20_000.0]))
        path = [
            (0.0, east + away, north),
            (begin + 0.01, east, north),
            (begin + stay, east + drift, north + drift / 3),
            (begin + stay + 1.5, east + drift + away, north + away / 2),
        ]
        silent = [(2.0, 2.0 + draw(st.floats(0.5, 8.0)))] if draw(st.booleans()) else []
        boats.append(
            {
                "mmsi": 440000000 + 7919 * k % 1000 + k,
                "waypoints": path,
                "every_s": draw(st.sampled_from([60.0, 180.0, 900.0, 2400.0])),
                "offset_s": draw(st.floats(0, 59)),
                "origin": (centre, lon),
                "noise_m": draw(st.sampled_from([0.0, 6.0])),
                "silent": silent,
                "draught_m": draw(st.sampled_from([3.0, 6.5])),
                "ship_type": draw(st.sampled_from([0, 30, 70, 80])),
            }
        )
    return boats


def table_of(world: list[dict]) -> pa.Table:
    return join(*[boat(spec["mmsi"], **{k: v for k, v in spec.items() if k != "mmsi"}) for spec in world])


def results(table: pa.Table, chosen: Settings = Settings()) -> tuple[pa.Table, pa.Table]:
    tracks = build_tracks(table, chosen.clean)
    events = find_events(tracks.fixes, tracks.vessels, chosen)
    return events, rank_pairs(events, settings=chosen.score, settings_id=chosen.digest)


def content(tables: tuple[pa.Table, pa.Table]) -> list[bytes]:
    """The tables' bytes, as an Arrow file would hold them."""
    blocks = []
    for table in tables:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        blocks.append(sink.getvalue().to_pybytes())
    return blocks


@QUICK
@given(worlds(), st.integers(0, 2**32 - 1))
def test_row_order_and_exact_repetition_leave_no_trace(world, seed):
    table = table_of(world)
    rng = np.random.default_rng(seed)
    index = np.concatenate([np.arange(table.num_rows), rng.integers(0, table.num_rows, table.num_rows // 3)])
    mixed = table.take(pa.array(rng.permutation(index)))
    assert content(results(mixed)) == content(results(table))


@QUICK
@given(worlds(), st.floats(600, 90_000))
def test_any_partition_gives_the_same_bytes(world, length):
    table = table_of(world)
    cut = load_settings(run={"partition_s": length})
    assert content(results(table, cut)) == content(results(table))


@QUICK
@given(worlds(), st.integers(1, 5))
def test_a_split_into_tables_gives_the_same_bytes(world, parts):
    table = table_of(world)
    edges = np.linspace(0, table.num_rows, parts + 1).astype(int)
    pieces = [table.slice(low, high - low) for low, high in pairwise(edges)]
    again = pa.concat_tables([piece.cast(table.schema) for piece in reversed(pieces)])
    assert content(results(again)) == content(results(table))


def test_two_workers_give_the_same_bytes():
    still = [boat(440000001 + k, [(0, 150 * k, 0), (30, 150 * k + 2000, 0)], noise_m=5) for k in range(5)]
    table = join(*still)
    alone = content(results(table, load_settings(run={"partition_s": "5h"})))
    shared = content(results(table, load_settings(run={"partition_s": "5h", "workers": 2})))
    assert alone == shared == content(results(table))
    assert results(table)[0].num_rows > 10


def moved(
    table: pa.Table, *, seconds: float = 0.0, east: float = 0.0, mirror_lat: bool = False, mirror_lon: bool = False
):
    columns = {name: table.column(name) for name in table.column_names}
    time = table.column("time").cast(pa.int64()).to_numpy() + round(seconds * 1e6)
    lat, lon = table.column("lat_deg").to_numpy(), table.column("lon_deg").to_numpy()
    lat = -lat if mirror_lat else lat
    lon = -lon if mirror_lon else lon
    lon = (lon + east + 180.0) % 360.0 - 180.0
    columns |= {"time": pa.array(time, pa.timestamp("us", "UTC")), "lat_deg": pa.array(lat), "lon_deg": pa.array(lon)}
    return pa.table(columns, schema=table.schema)


DISTANCES = ("min_distance_m", "median_distance_m", "hull_gap_min_m", "hull_gap_max_m")
SAME = (
    "kind",
    "subtype",
    "vessel_a",
    "vessel_b",
    "n_positions_a",
    "n_positions_b",
    "is_open",
    "draught_change_a_m",
    "flags",
)


#: Shores stay where they are when all else is moved.
NO_SHORE = load_settings(dark={"shore": False})


def observed(table: pa.Table) -> list[dict[str, Any]]:
    """Events without what is learned in fixed cells of space and time, and what follows from that: they stay put."""
    rows = [row for row in table.to_pylist() if row["kind"] != "dark_rendezvous" and row["subtype"] != "inferred"]
    learned = {"outage", "jamming"}
    return [{**row, "flags": ";".join(sorted({*row["flags"].split(";")} - learned))} for row in rows]


def assert_alike(left: list[dict[str, Any]], right: list[dict[str, Any]], seconds: float = 0.0) -> None:
    """Same events; times within 1 s and distances within 1 cm."""

    def key(row):
        return row["kind"], row["vessel_a"], row["vessel_b"] or "", row["start_time"]

    one, two = sorted(left, key=key), sorted(right, key=key)
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert [a[name] for name in SAME] == [b[name] for name in SAME]
        for name in ("start_time", "end_time"):
            assert abs((b[name] - a[name]).total_seconds() - seconds) <= 1.0
        for name in DISTANCES:
            assert a[name] == b[name] or a[name] == pytest.approx(b[name], abs=0.01)
        assert a["observed_min"] == pytest.approx(b["observed_min"], abs=1 / 60)
        assert a["inferred_min"] == pytest.approx(b["inferred_min"], abs=1 / 60)


@QUICK
@given(worlds(), st.floats(-3e6, 3e6))
def test_a_shift_in_time(world, seconds):
    seconds = round(seconds * 1e6) / 1e6
    table = table_of(world)
    assert_alike(
        observed(results(table, NO_SHORE)[0]), observed(results(moved(table, seconds=seconds), NO_SHORE)[0]), seconds
    )


@QUICK
@given(worlds(), st.integers(-30, 30))
def test_a_shift_by_whole_days_moves_what_is_learned_too(world, days):
    table, seconds = table_of(world), 86400.0 * days
    left, right = (results(one, NO_SHORE)[0].to_pylist() for one in (table, moved(table, seconds=seconds)))
    assert_alike(left, right, seconds)
    verdicts = [[row["coverage"] for row in sorted(rows, key=lambda row: row["start_time"])] for rows in (left, right)]
    assert sorted(map(str, verdicts[0])) == sorted(map(str, verdicts[1]))


@QUICK
@given(worlds(), st.floats(-360, 360))
def test_a_shift_in_longitude(world, east):
    table = table_of(world)
    assert_alike(observed(results(table, NO_SHORE)[0]), observed(results(moved(table, east=east), NO_SHORE)[0]))


@QUICK
@given(worlds(), st.booleans())
def test_a_mirror(world, over_the_equator):
    table = table_of(world)
    mirror = moved(table, mirror_lat=over_the_equator, mirror_lon=not over_the_equator)
    assert_alike(observed(results(table, NO_SHORE)[0]), observed(results(mirror, NO_SHORE)[0]))


@QUICK
@given(worlds(lat=85.0), st.floats(-360, 360))
def test_a_shift_in_longitude_at_85_degrees_north(world, east):
    table = table_of(world)
    assert_alike(observed(results(table, NO_SHORE)[0]), observed(results(moved(table, east=east), NO_SHORE)[0]))


@QUICK
@given(worlds())
def test_swapping_vessels_swaps_the_columns(world):
    table = table_of(world)
    top = 999_000_000
    swapped = table.set_column(
        table.schema.get_field_index("mmsi"),
        table.schema.field("mmsi"),
        pa.array(top - table.column("mmsi").to_numpy(), pa.int64()),
    )
    first, second = (
        [row for row in results(each)[0].to_pylist() if row["kind"] == "encounter"] for each in (table, swapped)
    )

    def flip(row):
        swap = {"a": "b", "b": "a"}
        return {re.sub(r"_([ab])(_m)?$", lambda m: f"_{swap[m[1]]}{m[2] or ''}", name): v for name, v in row.items()}

    def plain(row, mmsi):
        skip = {"event_id", "geometry", "vessel_a", "vessel_b", "mmsi_a", "mmsi_b"}
        values = {k: (round(v, 6) if isinstance(v, float) else v) for k, v in row.items() if k not in skip}
        return {**values, "a": mmsi(row["mmsi_a"]), "b": mmsi(row["mmsi_b"])}

    def order(row):
        return row["a"], row["b"], row["start_time"]

    one = sorted((plain(row, lambda m: m) for row in first), key=order)
    two = sorted((plain(flip(row), lambda m: top - m) for row in second), key=order)
    assert one == two


@pytest.mark.parametrize("east", [0.0, 1.0, 77.7, -200.0])
def test_ties_for_the_least_distance_do_not_hang_on_rounding(east):
    """Long still meetings, one with noise, another passing at a steady distance: many pieces are at the least."""
    still = [(0.0, 0.0, 0.0), (0.01, 0.0, 0.0), (3.0, 0.0, 0.0), (4.5, 0.0, 0.0)]
    passing = [(0.0, 3000.0, 0.0), (2.01, 0.0, 0.0), (4.0, 24.0, 8.0), (5.5, 3024.0, 1500.0)]
    for lat in (85.0, 2.0, -31.0):
        specs = [
            {"mmsi": 440000000, "waypoints": still, "every_s": 60.0, "origin": (lat, 124.0)},
            {"mmsi": 440000680, "waypoints": passing, "every_s": 60.0, "offset_s": 4.0, "origin": (lat, 124.0)},
            {"mmsi": 440000760, "waypoints": still, "every_s": 60.0, "noise_m": 6.0, "origin": (lat, 124.0)},
        ]
        table = table_of(specs)
        assert_alike(observed(results(table, NO_SHORE)[0]), observed(results(moved(table, east=east), NO_SHORE)[0]))


def test_the_worlds_do_make_encounters_across_midnight():
    specs = [
        {"mmsi": 440000001, "waypoints": [(0, 0, 0), (20, 900, 0)], "every_s": 180.0, "origin": (31.0, 179.9999)},
        {"mmsi": 440000002, "waypoints": [(0, 0, 50), (20, 900, 50)], "every_s": 900.0, "origin": (31.0, 179.9999)},
    ]
    events, pairs = results(table_of(specs))
    assert events.column("kind").to_pylist().count("encounter") == 1
    assert pairs.num_rows == 1
    assert START.hour == 12
    assert build_tracks(table_of(specs)).fixes.num_rows > 100
