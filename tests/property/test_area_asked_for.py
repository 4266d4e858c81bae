"""An area asked for (``bbox``): what is told of it is what is told of it without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.detect import find_events
from stsdetect.kernels.choice import why_no_loops
from stsdetect.schema import EVENTS
from stsdetect.tracks.flags import BBox, inside
from tests.builders import boat, join
from tests.property.test_in_parts import all_of, little_room
from tests.property.test_rule_two import QUICK, content, table_of, worlds
from tests.unit.context.traffic import KM, anchored, silenced
from tests.unit.detect.test_dark import SEA, innocent, loiterer, partner

#: Around the boats of `beside_an_outage` that are heard on.
CALM: BBox = (123.5, 30.5, 124.5, 31.5)
#: Around the one that lies still in the worlds of `tests.unit.detect.test_dark`, away from where others fall silent.
AROUND_A_STAY: BBox = (SEA[1] - 0.25, SEA[0] - 0.25, SEA[1] + 0.25, SEA[0] + 0.25)


def beside_an_outage() -> pa.Table:
    """One of twelve fishing boats falls silent at 10 h; at 11.5 h all of fourteen are lost 114 km to the east."""
    lost = [silenced(ship, 11.5, 17.0) for ship in anchored(14, origin=(31.0, 125.2), first=440500000, ship_type=30)]
    ships = anchored(12, ship_type=30)
    ships[3] = silenced(ships[3], 10.0, 17.0)
    return join(*ships, *lost)


def gaps_of(result: sts.Result) -> dict[str, dict[str, Any]]:
    """The gaps by id, without what is counted from visible neighbours: those outside an area are not looked at."""
    rows = result.events_table.drop_columns(["still_nearby"]).to_pylist()
    gaps = {row["event_id"]: row for row in rows if row["kind"] == "gap"}
    return {name: row | {"flags": set(row["flags"].split(";")) - {"", "anchorage"}} for name, row in gaps.items()}


def gaps_in(result: sts.Result, bbox: BBox) -> dict[str, dict[str, Any]]:
    """The gaps whose last fix before them lies in an area, by id."""
    return {name: row for name, row in gaps_of(result).items() if lies(row, bbox)}


def lies(row: dict[str, Any], bbox: BBox) -> bool:
    return bool(inside(np.array([row["lat_deg"]]), np.array([row["lon_deg"]]), bbox)[0])


def boxes(table: pa.Table) -> st.SearchStrategy[BBox]:
    """Areas with two reports of the table on their edges, whichever way around the globe."""
    n = table.num_rows
    places = table.select(["lat_deg", "lon_deg"]).to_pylist()

    def between(i: int, k: int) -> BBox:
        south, north = sorted(places[m]["lat_deg"] for m in (i, k))
        west, east = places[i]["lon_deg"], places[k]["lon_deg"]
        if west == east:  # a place alone is no area
            east += 0.01 if east < 179.9 else 0.01 - 360
        return west, south, east, north + 0.01 * (south == north)

    return st.builds(between, st.integers(0, n - 1), st.integers(0, n - 1))


def test_an_outage_outside_the_area_asked_for_hides_a_silence_in_it_all_the_same():
    whole, cut = sts.detect(beside_an_outage()), sts.detect(beside_an_outage(), bbox=CALM)
    assert gaps_of(cut) == gaps_in(whole, CALM)
    (gap,) = gaps_of(cut).values()
    assert (gap["vessel_a"], gap["coverage"]) == ("440100033", "unknown")
    assert gap["evidence"].startswith("in or beside an area of outage")
    assert cut.areas.num_rows == 1
    assert cut.areas.equals(whole.areas)
    assert cut.coverage.equals(whole.coverage)
    assert cut.run["counts"]["gaps_by_coverage"] == {"unknown": 1}


@QUICK
@given(st.data(), worlds())
def test_silences_in_an_area_are_those_of_the_whole(data, world):
    table = table_of(world)
    bbox = data.draw(boxes(table))
    whole, cut = sts.detect(table), sts.detect(table, bbox=bbox)
    assert gaps_in(cut, bbox) == gaps_in(whole, bbox)
    assert cut.areas.equals(whole.areas)
    assert cut.coverage.equals(whole.coverage)
    rows = cut.events_table.to_pylist()
    met = [row for row in rows if row["kind"] == "dark_rendezvous"]
    assert all(lies(row, bbox) for row in met)
    named = {name for row in met for name in row["from_events"].split(";")}
    assert gaps_of(cut).keys() - gaps_in(cut, bbox).keys() <= named
    assert named <= {row["event_id"] for row in rows}


@pytest.mark.parametrize(
    ("table", "bbox"),
    [
        (beside_an_outage(), CALM),
        (join(loiterer(), partner(), *[innocent(k) for k in range(6)]), AROUND_A_STAY),
    ],
    ids=["outage", "stay"],
)
def test_an_area_is_the_same_however_the_work_is_done(table, bbox):
    result = sts.detect(table, bbox=bbox)
    with little_room(300, 0, 2):
        assert all_of(sts.detect(table, bbox=bbox)) == all_of(result)
    tracks = result.tracks
    found = find_events(tracks.fixes, tracks.vessels, flagged=tracks.flagged, bbox=bbox)
    same = [name for name in EVENTS.names if result.events_table.column(name).equals(found.column(name))]
    assert {"event_id", "coverage", "rare_there", "n_rivals", "from_events", "is_open"} <= set(same)
    if why_no_loops() is None:
        plain, loops = (
            sts.detect(table, bbox=bbox, settings=sts.load_settings(run={"compiled": how}))
            for how in ("never", "always")
        )
        assert content((loops.events_table, loops.areas)) == content((plain.events_table, plain.areas))


def dark_rows(result: sts.Result) -> list[dict[str, Any]]:
    return [row for row in result.events_table.to_pylist() if row["kind"] == "dark_rendezvous"]


def test_a_meeting_in_the_area_may_be_with_a_hull_that_fell_silent_outside_it():
    """And the others that could have been there are counted, wherever they fell silent."""
    table = join(loiterer(), partner(), *[innocent(k) for k in range(6)])
    whole, cut = sts.detect(table), sts.detect(table, bbox=AROUND_A_STAY)
    rows = dark_rows(cut)
    assert rows == [row for row in dark_rows(whole) if lies(row, AROUND_A_STAY)]
    best = next(
        row for row in rows if "412000002" in (row["vessel_a"], row["vessel_b"]) and row["subtype"] == "one_dark"
    )
    assert best["n_rivals"] > 0
    (silence,) = [gap for gap in gaps_of(cut).values() if gap["vessel_a"] == "412000002"]
    assert silence["event_id"] in best["from_events"]
    assert not lies(silence, AROUND_A_STAY)
    assert gaps_of(cut).items() <= gaps_of(whole).items()


def test_a_meeting_outside_the_area_is_left_out_though_a_hull_fell_silent_in_it():
    table = join(loiterer(), partner())
    around_a_last_fix = (SEA[1] - 0.2, SEA[0] + 0.5, SEA[1] + 0.2, SEA[0] + 0.8)
    rows = sts.detect(table, bbox=around_a_last_fix).events_table.to_pylist()
    assert [(row["kind"], row["vessel_a"]) for row in rows if row["kind"] != "identity"] == [("gap", "412000002")]


def test_silences_of_hulls_that_stay_outside_the_area_are_not_told():
    table = join(
        *[
            boat(412000001 + k, [(0, 90 * KM * k, 0), (20, 90 * KM * k, 0)], silent=[(5, 12)], ship_type=30)
            for k in (0, 1)
        ]
    )
    rows = sts.detect(table, bbox=(123.9, 30.9, 124.1, 31.1)).events_table.to_pylist()
    assert [row["vessel_a"] for row in rows if row["kind"] == "gap"] == ["412000001"]
