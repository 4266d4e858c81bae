"""The same simulated world through each layout gives the same events, up to what the layout can hold.

What a layout loses is written down in `held`: NOAA rounds to 5 decimals of a degree (0.56 m) and has no antenna
offsets and no destination; the Danish export rounds to 6; NMEA counts in 1/10000 min, which the world is sampled in
as well, but pyais rounds degrees to 6 decimals, and says who a vessel is only every six minutes, class B without IMO
number, draught and destination. All hold whole seconds, as the simulated reports do.

So two things are asked. A table layout gives, bit for bit, the events and pairs of the world with these losses: the
writers and readers add nothing of their own. And against the world as it is, times agree to seconds and places to
the rounding, except for one thing: whether two vessels under way lie side by side is asked of their hulls, leg by leg,
so where antenna offsets are not known a meeting under way may begin while they still close in, and end while they
part; and where a leg at its end is near a threshold (20 degrees, 5 kn), rounding may add or take away that one leg.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stsdetect.pipeline import Result, detect
from stsdetect.simulate import CORE as LAYOUTS
from stsdetect.simulate import World, simulate, write

SEEDS = (100, 101, 102)
DECIMALS = {"noaa": 5, "noaa2025": 5, "dma": 6, "nmea": 6}
OFFSETS = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
#: Half a unit of the last decimal on both axes, in metres [m]; 1 degree of latitude is 111,320 m at most.
ERROR_M = {layout: 0.5 * 10**-n * 111_320 * 2**0.5 for layout, n in DECIMALS.items()} | {"parquet": 0.0}
SECONDS = 5.0
#: How long two vessels that go alongside or part under way may be abeam within 500 m, hulls not yet close [s].
CLOSING_S = 600.0

Rows = list[dict[str, Any]]


def put(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with some columns replaced; None empties one."""
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.nulls(table.num_rows, field.type) if values is None else values)
    return table


def held(positions: pa.Table, layout: str) -> pa.Table:
    """What of the positions a layout can hold."""
    if layout == "parquet":
        return positions
    places = {
        name: pa.array(np.round(positions.column(name).to_numpy(), DECIMALS[layout])) for name in ("lat_deg", "lon_deg")
    }
    positions = put(positions, **places)
    if layout.startswith("noaa"):
        return put(positions, destination=None, **dict.fromkeys(OFFSETS))
    if layout == "nmea":
        small = pc.equal(positions.column("transceiver").cast(pa.string()), "B")
        lost = ("imo", "draught_m", "destination")
        return put(positions, **{name: pc.if_else(small, None, positions.column(name)) for name in lost})
    return positions


@cache
def world_of(seed: int) -> World:
    return simulate("scenarios", seed=seed)


@cache
def through(seed: int, layout: str) -> Result:
    """What is found in a world written in a layout and read back."""
    with TemporaryDirectory() as folder:
        write(world_of(seed), folder, [layout])
        result = detect(Path(folder) / layout)
    assert result.rejects.num_rows == 0
    assert not [note for file in result.run["inputs"] for note in file["notes"]]
    return result


def bare(vessel: str | None) -> str:
    """A hull's id without the suffix of a shared MMSI that comes from the first fix: rounding changes it."""
    return re.sub("#[0-9a-f]{8}$", "", vessel or "")


def what(event: dict[str, Any]) -> tuple[str, ...]:
    return event["kind"], event["subtype"], *sorted((bare(event["vessel_a"]), bare(event["vessel_b"])))


def in_order(events: pa.Table) -> Rows:
    """What was observed. Identities are judged by antenna offsets and static reports, which layouts lose, and of what
    was not observed the likeliest place is a guess that rounding moves."""
    rows = [event for event in events.to_pylist() if event["kind"] not in ("identity", "dark_rendezvous")]
    seen = [event for event in rows if event["subtype"] != "inferred"]
    return sorted(seen, key=lambda event: (what(event), event["start_time"], event["lat_deg"]))


def side_by_side(found: pa.Table, true: pa.Table) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each event with the one it should be; an event too many or too few is a failure."""
    left, right = in_order(found), in_order(true)
    assert [what(event) for event in left] == [what(event) for event in right]
    return list(zip(left, right, strict=True))


def crew(pair: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted((bare(pair["vessel_a"]), bare(pair["vessel_b"]))))


def seconds(one: dict[str, Any], other: dict[str, Any], name: str) -> float:
    return abs((one[name] - other[name]).total_seconds())


def times_between(fixes: pa.Table, vessel: str, one: datetime, other: datetime) -> int:
    """At how many different times a vessel was heard strictly between two times."""
    heard = pc.and_(pc.greater(fixes.column("time"), min(one, other)), pc.less(fixes.column("time"), max(one, other)))
    whose = pc.equal(fixes.column("vessel").cast(pa.string()), vessel)
    return len(pc.unique(fixes.column("time").filter(pc.and_(heard, whose))))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", ["noaa", "noaa2025", "dma", "parquet"])
def test_a_table_layout_adds_nothing_to_what_it_loses(seed, layout):
    result, expected = through(seed, layout), detect(held(world_of(seed).positions, layout))
    assert result.events_table.equals(expected.events_table)
    assert result.pairs_table.equals(expected.pairs_table)
    assert result.events_table.num_rows > 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout != "parquet"])
def test_a_layout_gives_the_events_of_the_world(seed, layout):
    for event, model in side_by_side(through(seed, layout).events_table, through(seed, "parquet").events_table):
        assert event["is_open"] == model["is_open"]
        ends = [seconds(event, model, name) for name in ("start_time", "end_time")]
        if event["subtype"] == "under_way" and layout.startswith("noaa"):
            assert max(ends) <= CLOSING_S, what(event)
            assert sum(ends) <= 0.1 * 3600 * model["duration_h"], what(event)
            continue
        assert max(ends) <= SECONDS, what(event)
        assert_same_measures(event, model, ERROR_M[layout])


def assert_same_measures(event: dict[str, Any], model: dict[str, Any], error_m: float) -> None:
    """Places within the error of one fix, distances within that of two; what is counted, the same."""
    degrees = error_m / 111_000 / np.cos(np.radians(model["lat_deg"]))
    assert event["lat_deg"] == pytest.approx(model["lat_deg"], abs=degrees)
    assert event["lon_deg"] == pytest.approx(model["lon_deg"], abs=degrees)
    names = ["n_positions_a", "n_positions_b"]
    assert [event[name] for name in names] == [model[name] for name in names]
    for name in ("min_distance_m", "median_distance_m"):
        assert event[name] == model[name] or event[name] == pytest.approx(model[name], abs=2 * error_m)
    for name in ("observed_min", "inferred_min"):
        assert event[name] == pytest.approx(model[name], abs=2 * SECONDS / 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", ["noaa", "noaa2025"])
def test_meetings_under_way_differ_by_the_antenna_offsets_alone(seed, layout):
    """Without A/B/C/D the world itself, not rounded, gives NOAA's times: but for one leg near a threshold."""
    without = detect(put(world_of(seed).positions, **dict.fromkeys(OFFSETS)))
    meetings = [
        both
        for both in side_by_side(through(seed, layout).events_table, without.events_table)
        if both[0]["subtype"] == "under_way"
    ]
    assert meetings
    for event, model in meetings:
        for name in ("start_time", "end_time"):
            for vessel in (event["vessel_a"], event["vessel_b"]):
                assert times_between(without.tracks.fixes, vessel, event[name], model[name]) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_true_pairs_rank_above_all_others_in_every_layout(seed):
    true = {tuple(sorted(planted.vessels)) for planted in world_of(seed).truth if planted.is_transfer}
    crews = {}
    for layout in LAYOUTS:
        pairs = sorted(through(seed, layout).pairs_table.to_pylist(), key=lambda pair: pair["rank"])
        ranked = [crew(pair) for pair in pairs]
        numbers = [tuple(vessel[:9] for vessel in pair) for pair in ranked]
        blocks = [(is_true, len(list(group))) for is_true, group in groupby(numbers, key=lambda pair: pair in true)]
        assert blocks[0] == (True, len(true)), layout
        assert len(blocks) <= 2, layout
        # What silences leave possible hangs on draughts and types, which layouts lose or round.
        crews[layout] = sorted(crew(pair) for pair in pairs if pair["reasons"][0]["indicator"] == "base")
    assert all(each == crews["parquet"] for each in crews.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_who_they_are_is_the_same_in_every_layout(seed, layout):
    """Names, sizes and draughts are evidence: what they were does not depend on how they were told."""
    for event, model in side_by_side(through(seed, layout).events_table, through(seed, "parquet").events_table):
        for name in (
            "mmsi_{}", "name_{}", "imo_{}", "ship_type_{}", "length_{}_m", "draught_before_{}_m", "draught_change_{}_m",
        ):  # fmt: skip
            for column in (name.format("a"), name.format("b")):
                assert event[column] == model[column], (what(event), column, event["start_time"])


def test_a_shared_mmsi_is_named_by_imo_in_every_layout():
    """The worlds hold one MMSI on two hulls; NMEA says who is who in other messages than those with the places."""
    for layout in LAYOUTS:
        vessels = {event["vessel_a"] for event in through(SEEDS[1], layout).events_table.to_pylist()}
        assert len({vessel for vessel in vessels if "#IMO" in vessel}) == 2


def test_the_tolerances_are_what_they_say():
    assert ERROR_M["noaa"] == pytest.approx(0.79, abs=0.01)
    assert ERROR_M["dma"] == ERROR_M["nmea"] < 0.1
