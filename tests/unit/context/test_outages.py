"""Outages of receivers and jamming: silences of many at once, told from those of ships that go dark."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely

import stsdetect as sts
from stsdetect.context.areas import find_outages
from stsdetect.context.heard import GRID
from stsdetect.store import Shelf
from tests.builders import hours_of, join, place, positions, us
from tests.property.test_coverage import heard_of
from tests.property.test_in_parts import little_room
from tests.unit.context.traffic import KM, anchored, first_gap, gaps_of, lane, near, silenced, unheard, verdicts


def test_a_receiver_outage_is_no_darkness_for_anyone():
    ships = [silenced(ship, 12.0 + 0.01 * k, 17.0) for k, ship in enumerate(anchored(14))]
    found = gaps_of(*ships)
    assert len(found) == 14
    for (gap,) in found.values():
        assert gap["coverage"] == "outage"
        assert gap["flags"] == "outage"
        assert gap["hulls_during"] == 0
    result = sts.detect(join(*ships))
    (area,) = result.areas.to_pylist()
    assert (area["kind"], area["n_silent"], area["n_hulls_before"], area["n_hulls_during"]) == ("outage", 14, 14, 0)
    assert 11.8 < hours_of(area)[0] < 12.3
    assert 16.9 < hours_of(area)[1] < 17.2
    outline = shapely.from_wkb(area["geometry"])
    assert outline.contains(shapely.Point(124.0, 31.0))
    assert result.run["counts"]["areas"] == {"outage": 1}
    assert result.run["counts"]["gaps_by_coverage"] == {"outage": 14}


def test_an_outage_among_ships_under_way_and_ships_beyond_it_that_go_on():
    ships = lane(90, every_h=0.4)
    lost = []
    for ship in ships:
        heard = near(ship, (-60 * KM, 60 * KM))
        time = heard.column("time").cast(pa.int64())
        gone = heard.filter(pc.and_(pc.greater(time, us(12)), pc.less(time, us(17))))
        rows = join(ship, gone).to_pandas().drop_duplicates(["time", "mmsi"], keep=False)
        lost.append(ship if not gone.num_rows else sts.schema.POSITIONS.conform(rows))
    found = [gap for gaps in gaps_of(*lost).values() for gap in gaps if 11.5 < hours_of(gap)[0] < 17.0]
    assert len(found) >= 5
    assert not [gap for gap in found if gap["coverage"] == "dark"]
    assert [gap["coverage"] for gap in found].count("outage") >= 3


def test_a_ship_that_sails_into_an_outage_is_not_dark():
    """The station at an anchorage works, the next one failed long ago: who goes there falls silent, each by himself."""
    ships = lane(300, every_h=1.0, begin=-280.0, length_km=480.0)
    ships = [unheard(ship, (30 * KM, 130 * KM), 9.0, 15.0) for ship in ships]
    found = [gap for gaps in gaps_of(*anchored(20, hours=(-20, 40)), *ships).values() for gap in gaps]
    west, east = place((31.0, 124.0), np.array([0.0, 160.0]) * KM, 0.0)[1]
    into = [gap for gap in found if 9.5 < hours_of(gap)[0] < 15.0 and west < gap["lon_deg"] < east]
    assert [gap["coverage"] for gap in into] == ["unknown"] * 4
    quiet = [gap for gap in into if gap["evidence"].startswith("around where it would have been hardly anyone")]
    assert [gap["lon_deg"] > 124.9 for gap in quiet] == [False, True]


def test_an_outage_that_begins_soon_after_a_silence_leaves_it_undecided():
    """What hid a ship at 10 h may be a station's first fault: all around it are lost at 11.5 h."""
    near_by = [silenced(ship, 11.5, 17.0) for ship in anchored(14, origin=(31.0, 125.2), first=440500000)]
    ships = anchored(12)
    ships[3] = silenced(ships[3], 10.0, 17.0)
    gap = first_gap(*ships, *near_by, mmsi=440100033)
    assert gap["coverage"] == "unknown"
    assert gap["evidence"].startswith("in or beside an area of outage")
    assert first_gap(*ships, *anchored(14, origin=(31.0, 125.2), first=440500000), mmsi=440100033)["coverage"] == "dark"


def test_an_outage_in_which_satellites_hear_some_is_one():
    """One in three is heard again by chance while the station is down, each at another time."""
    ships = []
    for k, ship in enumerate(anchored(18, hours=(0, 40))):
        cut = silenced(ship, 12.0, 22.0)
        time = ship.column("time").cast(pa.int64()).to_numpy()
        seen = ship.filter(pa.array((time > us(15 + 0.3 * k)) & (time < us(15.06 + 0.3 * k))))
        ships.append(join(cut, seen) if k % 3 else cut)
    result = sts.detect(join(*ships))
    (area,) = result.areas.to_pylist()
    assert 11.8 < hours_of(area)[0] < 12.3
    assert 21.9 < hours_of(area)[1] < 22.2
    gaps = [event for event in result.events_table.to_pylist() if event["kind"] == "gap"]
    assert {gap["coverage"] for gap in gaps if hours_of(gap)[0] < 12.1} == {"outage"}
    assert "dark" not in {gap["coverage"] for gap in gaps}


@pytest.mark.parametrize(("chance", "n_areas"), [(0.999, 1), (0.97, 0)])
def test_three_that_fall_silent_together_are_an_outage_only_where_that_is_rare(chance, n_areas):
    """Of five hulls three are silent from 10 to 15 h: at the edge of reception that comes about every month."""
    lat, lon = place((31.0, 124.0), np.zeros(5), np.zeros(5))
    fixes = [
        (k, us(0.1 + hour), lat[k], lon[k]) for k in range(5) for hour in range(24) if k >= 3 or not 10 <= hour < 15
    ]
    cell = GRID.cells(lat[:3], lon[:3])
    start, end = np.full(3, us(9.1)), np.full(3, us(15.1))
    with Shelf(10**6) as shelf:
        found = find_outages(
            heard_of([fixes], shelf), cell, start, end, np.ones(3, dtype=bool), np.full(3, chance), min_hulls=3
        )
    assert found.table.num_rows == n_areas


def test_an_outage_on_the_antimeridian():
    ships = [silenced(ship, 12.0, 17.0) for ship in anchored(14, origin=(10.0, -180.0))]
    assert verdicts(*ships) == {"outage"}
    (area,) = sts.detect(join(*ships)).areas.to_pylist()
    assert abs(area["lon_deg"]) > 179.5
    assert area["lat_deg"] == pytest.approx(10.0, abs=0.5)
    outline = shapely.from_wkb(area["geometry"])
    west, _, east, _ = outline.bounds
    assert (west, east) == (-180.0, 180.0)
    assert outline.area < 1.5


def test_ships_that_go_dark_one_by_one_make_no_outage():
    ships = anchored(14)
    for k in range(5):
        ships[k] = silenced(ships[k], 3.0 + 4 * k, 6.5 + 4 * k)
    result = sts.detect(join(*ships))
    assert result.areas.num_rows == 0
    assert result.run["counts"]["gaps_by_coverage"] == {"dark": 5}


def test_boats_that_switch_off_within_hours_and_come_back_apart_are_no_outage():
    ships = [silenced(ship, 11.6 + 0.2 * k, 17.0 + 1.3 * k) for k, ship in enumerate(anchored(10, hours=(0, 40)))]
    result = sts.detect(join(*ships))
    assert result.areas.num_rows == 0
    assert set(result.run["counts"]["gaps_by_coverage"]) == {"unknown"}


def jammed(ships: list[pa.Table], begin: float, end: float, rng: np.random.Generator, n: int) -> list[pa.Table]:
    """The first ``n`` ships send places all over the region between two hours."""
    made = []
    for k, ship in enumerate(ships):
        if k >= n:
            made.append(ship)
            continue
        time = ship.column("time").cast(pa.int64()).to_numpy()
        lat, lon = ship.column("lat_deg").to_numpy().copy(), ship.column("lon_deg").to_numpy().copy()
        wrong = (time > us(begin)) & (time < us(end))
        lat[wrong] += rng.uniform(-8, 8, wrong.sum())
        lon[wrong] += rng.uniform(-8, 8, wrong.sum())
        made.append(positions(ship["mmsi"][0].as_py(), time, lat, lon, transceiver="A"))
    return made


def test_jamming_is_told_from_an_outage():
    rng = np.random.default_rng(4)
    ships = jammed(anchored(30), 12.0, 16.0, rng, 20)
    ships[25] = silenced(ships[25], 12.5, 18.0)
    result = sts.detect(join(*ships))
    kinds = [area["kind"] for area in result.areas.to_pylist()]
    assert "jamming" in kinds
    assert "outage" not in kinds
    area = next(area for area in result.areas.to_pylist() if area["kind"] == "jamming")
    assert area["n_teleports"] >= 15
    assert hours_of(area)[0] == pytest.approx(12.0, abs=1.01)
    assert hours_of(area)[1] == pytest.approx(16.0, abs=1.01)
    gaps = [event for event in result.events_table.to_pylist() if event["kind"] == "gap"]
    quiet = [gap for gap in gaps if gap["vessel_a"] == str(440100000 + 11 * 25)]
    assert [gap["coverage"] for gap in quiet] == ["unknown"]
    assert ["jamming" in gap["flags"].split(";") for gap in quiet] == [True]
    assert "dark" not in {gap["coverage"] for gap in gaps}


def test_jamming_to_one_wrong_place_is_seen_where_the_ships_are():
    """A spoofer puts twenty ships on an airfield 300 km away: there each looks like a second hull on its MMSI."""
    ships = []
    for k, ship in enumerate(anchored(30)):
        time = ship.column("time").cast(pa.int64()).to_numpy()
        lat, lon = ship.column("lat_deg").to_numpy().copy(), ship.column("lon_deg").to_numpy().copy()
        wrong = (time > us(12)) & (time < us(16)) & (k < 20)
        lat[wrong], lon[wrong] = 33.7 + 0.0001 * k, 124.4
        ships.append(positions(ship["mmsi"][0].as_py(), time, lat, lon, transceiver="A"))
    result = sts.detect(join(*ships))
    gaps = [event for event in result.events_table.to_pylist() if event["kind"] == "gap"]
    jams = [area for area in result.areas.to_pylist() if area["kind"] == "jamming"]
    assert [area["n_teleports"] for area in jams] == [20]
    assert jams[0]["lat_deg"] == pytest.approx(31.0, abs=0.5)
    assert "dark" not in {gap["coverage"] for gap in gaps}


def test_a_few_odd_receivers_are_no_jamming():
    rng = np.random.default_rng(4)
    assert sts.detect(join(*jammed(anchored(30), 12.0, 16.0, rng, 4))).areas.num_rows == 0


@pytest.mark.parametrize("rows_at_once", [1, 500])
def test_areas_are_the_same_however_the_work_is_cut(rows_at_once):
    ships = jammed(anchored(30), 12.0, 16.0, np.random.default_rng(4), 20)
    ships += [silenced(ship, 12.0, 17.0) for ship in anchored(14, origin=(10.0, -180.0), first=440500000)]
    whole = sts.detect(join(*ships))
    assert sorted(whole.areas["kind"].to_pylist()) == ["jamming", "outage"]
    with little_room(rows_at_once, 0, 2):
        cut = sts.detect(join(*reversed(ships)), keep_fixes=False)
    for name in ("areas", "coverage", "events_table"):
        assert getattr(cut, name).equals(getattr(whole, name)), name
