"""The job in parts: any memory, any cut by vessels and by time, and any number of workers give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.detect import find_events
from stsdetect.kernels import choice
from stsdetect.kernels.choice import why_no_loops
from stsdetect.pipeline import buckets
from stsdetect.schema import EVENTS, POSITIONS
from stsdetect.tracks import Register
from tests.builders import TANKER, boat, join, positions, us
from tests.property.test_rule_two import QUICK, content, results, table_of, worlds

archive = import_module("stsdetect.pipeline.archive")


@contextmanager
def little_room(rows_at_once: int, shelf_bytes: int, workers: int) -> Iterator[None]:
    """Make the job work as on an archive far larger than memory."""
    with pytest.MonkeyPatch.context() as patch:
        room = archive.Room(workers, shelf_bytes, 350 * rows_at_once, rows_at_once)
        patch.setattr(archive.Room, "of", lambda settings: room)
        yield


@contextmanager
def watched() -> Iterator[set[str]]:
    """Collect the names of the compiled modules that are loaded by who asks for them."""
    asked: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "import_module", lambda name: asked.add(name.rpartition(".")[2]) or import_module(name))
        yield asked


def all_of(result: sts.Result) -> list[bytes]:
    tracks = result.tracks
    tables = (result.events_table, result.pairs_table, tracks.fixes, tracks.segments, tracks.vessels, tracks.flagged)
    return content((*tables, result.sources))


@QUICK
@given(
    worlds(),
    st.sampled_from([1, 40, 300]),
    st.sampled_from([0, 20_000, 10**9]),
    st.sampled_from([1, 2, 3]),
    st.floats(60, 90_000),
)
def test_any_room_gives_the_same_bytes(world, rows_at_once, shelf_bytes, workers, length):
    table = table_of(world)
    whole = sts.detect(table)
    with little_room(rows_at_once, shelf_bytes, workers):
        cut = sts.detect(table, settings=sts.load_settings(run={"partition_s": length}))
        slim = sts.detect(table, keep_fixes=False)
    assert all_of(cut) == all_of(whole)
    assert content((slim.events_table, slim.pairs_table)) == content((whole.events_table, whole.pairs_table))
    assert slim.sources.equals(whole.sources)
    assert whole.sources.num_rows >= 2 * whole.events_table.num_rows
    assert slim.tracks.segments.equals(whole.tracks.segments)
    assert cut.run["counts"] == slim.run["counts"] == whole.run["counts"]
    assert cut.run["quality"] == whole.run["quality"]
    assert (cut.run["first_time"], cut.run["last_time"]) == (whole.run["first_time"], whole.run["last_time"])
    if shelf_bytes == 0:
        assert cut.run["spilled_bytes"] > 0


@pytest.mark.skipif(why_no_loops() is not None, reason="compiled loops need numba")
@QUICK
@given(
    worlds(),
    st.sampled_from([40, 300, 10**6]),
    st.sampled_from([0, 10**9]),
    st.sampled_from([1, 2]),
    st.floats(60, 90_000),
    st.booleans(),
)
def test_compiled_loops_give_the_same_bytes(world, rows_at_once, shelf_bytes, workers, length, keep_fixes):
    table = table_of(world)
    plain = sts.detect(table, settings=sts.load_settings(run={"compiled": "never"}), keep_fixes=keep_fixes)
    chosen = sts.load_settings(run={"compiled": "always", "partition_s": length})
    with little_room(rows_at_once, shelf_bytes, workers), watched() as asked:
        loops = sts.detect(table, settings=chosen, keep_fixes=keep_fixes)
    assert {"cleaning", "legs", "order", "speed"} <= asked
    assert all_of(loops) == all_of(plain)
    assert content((loops.berths, loops.rejects)) == content((plain.berths, plain.rejects))
    for name in ("counts", "quality", "rows", "first_time", "last_time", "summed_up"):
        assert loops.run[name] == plain.run[name]


def pair_at(lat: float, lon: float) -> pa.Table:
    """Two boats that drift around a place for nine hours, one heard seldom, the other together with it on and off."""
    a = boat(440000001, [(0, -400, 0), (9, 900, 0)], origin=(lat, lon), noise_m=5, every_s=400)
    b = boat(440000002, [(0, 9000, 0), (1, 0, 60), (5, 500, 60), (6, 9000, 60), (9, 900, 60)], origin=(lat, lon))
    return join(a, b)


def with_own_ids(table: pa.Table, names: list[str]) -> pa.Table:
    """The same reports, each vessel by an id of its own and without a MMSI."""
    own = np.searchsorted(np.unique(table.column("mmsi").to_numpy()), table.column("mmsi").to_numpy())
    return POSITIONS.table(
        {
            **{name: table.column(name) for name in table.column_names},
            "vessel_id": pa.array(np.array(names)[own], pa.string()),
            "mmsi": pa.nulls(table.num_rows, pa.int64()),
        }
    )


SEA = (31.0, 124.0)
ODD_INPUTS = {
    "nothing": (POSITIONS.empty(), 0),
    "one row": (positions(440000001, [us(0)], *SEA), 0),
    "one place that is none": (positions(440000001, [us(0)], 91.0, 181.0), 0),
    "one vessel": (boat(440000001, [(0, 0, 0), (5, 0, 0)]), 0),
    "every row thrice": (join(*[pair_at(*SEA)] * 3), 1),
    "own ids": (with_own_ids(pair_at(*SEA), ["x", "412345678#y"]), 1),
    "north pole": (pair_at(89.9999, 10.0), 1),
    "south pole": (pair_at(-90.0, 0.0), 1),
    "antimeridian": (pair_at(0.5, 180.0), 1),
    "fifty years": (join(pair_at(*SEA), boat(440000003, [(-24 * 365 * 50, 0, 0), (-24 * 365 * 50 + 9, 0, 0)])), 1),
}


@pytest.mark.skipif(why_no_loops() is not None, reason="compiled loops need numba")
@pytest.mark.parametrize("name", ODD_INPUTS)
def test_compiled_loops_on_odd_inputs(name):
    table, least_encounters = ODD_INPUTS[name]
    plain, loops = (sts.detect(table, settings=sts.load_settings(run={"compiled": how})) for how in ("never", "always"))
    assert all_of(loops) == all_of(plain)
    assert loops.events_table.column("kind").to_pylist().count("encounter") >= least_encounters


@QUICK
@given(worlds())
def test_the_job_finds_what_the_detectors_find(world):
    table = table_of(world)
    found, _ = results(table)
    filled = {"zone_id", "zone_distance_km", "shore_distance_km", "port_id", "port_distance_km", "still_nearby"}
    own = [name for name in EVENTS.names if name not in filled | {"night_share", "flags"}]
    with little_room(100, 0, 2):
        assert sts.detect(table).events_table.select(own).to_pylist() == found.select(own).to_pylist()


def test_one_identity_on_two_hulls_and_clocks_set_wrong():
    # Two hulls on one MMSI, an own id that looks like the name made for one of them, a date far off, static data.
    here = boat(412000001, [(0, 0, 0), (8, 9000, 0)], imo=9074729)
    there = boat(412000001, [(0, 300_000, 0), (8, 309_000, 0)], imo=9319466)
    like = positions(None, [us(k / 4) for k in range(30)], 31.0, 124.0, vessel_id="412000001#IMO9074729")
    late = boat(412000002, [(0, 50, 0), (8, 9050, 0)])
    lost = positions(412000002, [us(24 * 400)], 31.0, 124.0)
    table = join(here, there, like, late, lost)
    whole = sts.detect(table)
    assert whole.run["quality"]["wrong_time"] == 1
    assert len(set(whole.tracks.vessels.column("vessel").to_pylist())) == 4
    for rows in (1, 50):
        with little_room(rows, 0, 2):
            assert all_of(sts.detect(table)) == all_of(whole)


def test_port_calls_and_what_silences_could_hide():
    off = (42.74, 133.09)
    ships = [
        boat(
            273000001 + k, [(-30, 0, 400 * k), (0, 0, 400 * k), (6, 0, -90_000), (80 + k, 0, -90_000), (90, 0, 0)],
            every_s=600 + 50 * k, origin=off, noise_m=5, silent=[(6, 60 + k)], draught_m=5.0 + k, **TANKER,
        )
        for k in range(4)
    ]  # fmt: skip
    table = join(*ships, boat(273000009, [(-30, 0, 9000), (-5, 0, 9000)], origin=off, **TANKER))
    whole = sts.detect(table)
    kinds = [(row["kind"], row["subtype"]) for row in whole.events_table.to_pylist()]
    assert kinds.count(("port_call", "seen")) >= 5
    assert kinds.count(("port_call", "inferred")) == 5
    for rows, workers in ((1, 1), (50, 2), (2000, 3)):
        with little_room(rows, 0, workers):
            assert all_of(sts.detect(table)) == all_of(whole)
    found = find_events(whole.tracks.fixes, whole.tracks.vessels, flagged=whole.tracks.flagged)
    own = [name for name in EVENTS.names if whole.events_table.column(name).equals(found.column(name))]
    assert {"event_id", "meet_earliest", "reach_max_h", "evidence", "from_events", "observed_min"} <= set(own)


def test_files_in_any_blocks(tmp_path):
    still = [boat(440000001 + k, [(0, 150 * k, 0), (30, 150 * k + 2000, 0)], noise_m=5) for k in range(6)]
    table = join(*still)
    order = np.argsort(table.column("time").cast(pa.int64()).to_numpy(), kind="stable")
    pq.write_table(table.take(pa.array(order)), tmp_path / "a.parquet", row_group_size=70)
    whole = sts.detect(tmp_path / "a.parquet")
    assert whole.events_table.num_rows > 10
    with little_room(200, 0, 2):
        assert all_of(sts.detect(tmp_path / "a.parquet")) == all_of(whole)


def test_without_fixes_the_rest_is_the_same(tmp_path):
    table = join(*[boat(440000001 + k, [(0, 150 * k, 0), (5, 150 * k, 9)]) for k in range(2)])
    kept = sts.detect(table, out=tmp_path / "kept")
    slim = sts.detect(table, out=tmp_path / "slim", keep_fixes=False)
    assert slim.tracks.fixes.num_rows == 0
    assert slim.run["counts"] == kept.run["counts"]
    assert slim.events_table.equals(kept.events_table)


def bucket_of_rows(table: pa.Table, n: int) -> np.ndarray:
    register = Register()
    codes = register.codes(table)
    return buckets.bucket_of(register, 0, n)[codes]


@QUICK
@given(st.lists(st.tuples(st.integers(0, 10**10), st.text(max_size=4)), min_size=1, max_size=30), st.integers(1, 50))
def test_a_vessel_is_in_one_bucket_whatever_it_goes_by(names, n):
    numbers = [number for number, _ in names]
    by_mmsi = positions(None, [us(0)] * len(names), 1.5, 2.5)
    column = by_mmsi.schema.get_field_index("mmsi")
    by_mmsi = by_mmsi.set_column(column, by_mmsi.schema.field(column), pa.array(numbers, pa.int64()))
    column = by_mmsi.schema.get_field_index("vessel_id")
    own = pa.array([f"{number:09d}#{tail}" for number, tail in names]).dictionary_encode()
    by_id = by_mmsi.set_column(column, "vessel_id", own)
    one, two = (bucket_of_rows(table, n) for table in (by_mmsi, by_id))
    assert (one == two).all()
    assert one.min() >= 0
    assert one.max() < n
