"""Silences judged: named cases, each as an analyst would tell it."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import stsdetect as sts
from stsdetect.errors import SettingsError
from stsdetect.schema import COVERAGE
from tests.builders import boat, events_of, join, positions, us
from tests.unit.context.traffic import A_KNOT, KM, anchored, first_gap, gaps_of, lane, near, silenced, verdicts


def test_a_ship_that_stops_sending_in_a_busy_lane_is_dark():
    ships = lane(80)
    at = 440000001 + 40  # passes the middle about 10.8 h after its start at 0 h
    ships[40] = silenced(ships[40], 8.0, 14.0)
    gap = first_gap(*ships, mmsi=at)
    assert gap["coverage"] == "dark"
    assert gap["hulls_before"] >= 3
    assert gap["hulls_during"] >= 3
    assert gap["own_rate_per_h"] == pytest.approx(30.0, abs=0.5)
    before = gap["hulls_before"]
    assert f"of {before} other hulls heard around it just before were heard again" in gap["evidence"]
    assert "the hull itself had been heard 30" in gap["evidence"]


def test_a_ship_that_stops_sending_at_a_busy_anchorage_is_dark():
    ships = anchored(12)
    ships[3] = silenced(ships[3], 10.0, 17.5)
    gap = first_gap(*ships, mmsi=440100033)
    assert gap["coverage"] == "dark"
    assert (gap["hulls_before"], gap["hulls_during"]) == (11, 11)
    assert "11 of 11 other hulls" in gap["evidence"]


def test_passes_of_satellites_leave_no_one_dark():
    """All are heard for ten minutes every three hours or so; one goes silent for a day."""
    rng = np.random.default_rng(3)
    passes = np.cumsum(rng.uniform(2.2, 4.0, 20))
    ships = []
    for ship in anchored(40, hours=(0, 60), spread_m=60 * KM):
        time = ship.column("time").cast(pa.int64()).to_numpy()
        seen = np.zeros(time.size, dtype=bool)
        for begin in passes:
            seen |= (time >= us(begin)) & (time <= us(begin + 0.17)) & (rng.random() < 0.8)
        ships.append(ship.filter(pa.array(seen)))
    ships[7] = silenced(ships[7], 20.0, 44.0)
    found = verdicts(*ships)
    assert "dark" not in found
    assert "thin" in found


def test_ships_leaving_the_range_of_a_station_are_not_dark():
    """One shore station hears the lane for 60 km to both sides, less and less of it over the last ten."""
    rng = np.random.default_rng(1)
    ships = []
    for ship in lane(120, every_h=0.4, length_km=500, begin=-30.0):
        heard = near(ship, (-60 * KM, 60 * KM))
        km = np.abs(heard.column("lon_deg").to_numpy() - 124.0) * 95.4
        ships.append(heard.filter(pa.array(rng.random(km.size) < np.clip((62.0 - km) / 10.0, 0.0, 1.0))))
    found = [gap for gaps in gaps_of(*ships).values() for gap in gaps]
    assert len(found) > 50
    words = [gap["coverage"] for gap in found]
    assert "dark" not in words
    assert words.count("thin") > 0.9 * len(words)


def test_a_ship_on_the_edge_may_still_be_dark_in_the_middle():
    ships = [near(ship, (-60 * KM, 60 * KM)) for ship in lane(120, every_h=0.4, length_km=500, begin=-30.0)]
    hour = 440000001 + 60
    (time,) = [ship.column("time").cast(pa.int64()).to_numpy() for ship in ships if ship["mmsi"][0].as_py() == hour]
    middle = (float(time[time.size // 2]) - us(0)) / 3.6e9
    ships[60] = silenced(ships[60], middle, middle + 2.6)
    assert first_gap(*ships, mmsi=hour)["coverage"] == "dark"


def test_a_ship_heading_where_no_one_is_ever_heard_is_thin():
    ships = anchored(12, hours=(0, 40))
    hours = [(0.0, 0.0, 0.0), (6.0, 0.0, 0.0), (8.0, 30 * A_KNOT, 0.0), (40.0, 500 * A_KNOT, 0.0)]
    leaver = silenced(boat(440200001, hours, every_s=120, transceiver="A"), 6.9, 38.0)
    gap = first_gap(*ships, leaver, mmsi=440200001)
    assert gap["coverage"] == "thin"
    assert "where it was heading" in gap["evidence"]


def test_a_lone_ship_in_an_empty_sea_is_not_known():
    alone = silenced(boat(440200001, [(0, 0, 0), (60, 0, 0)], every_s=120, transceiver="A"), 20.0, 30.0)
    far = anchored(12, origin=(20.0, 110.0))
    gap = first_gap(alone, *far, mmsi=440200001)
    assert gap["coverage"] == "unknown"
    assert (gap["hulls_before"], gap["hulls_during"]) == (0, 0)
    assert "too few others" in gap["evidence"]


def test_class_b_heard_poorly_is_thin():
    ships = anchored(12, hours=(0, 30))
    path = [(0.0, -30 * KM, 0.0), (30.0, 30 * KM, 5 * KM)]
    poor = {"every_s": 1500.0, "transceiver": "B"}
    yacht = silenced(boat(440200001, path, **poor), 12.0, 20.0)
    gap = first_gap(*ships, yacht, mmsi=440200001)
    assert gap["coverage"] == "thin"
    assert gap["own_rate_per_h"] < 4
    assert "itself heard too seldom to be missed: 2.7 times an hour, where" in gap["evidence"]
    well = silenced(boat(440200001, path, every_s=120.0, transceiver="B"), 12.0, 20.0)
    assert first_gap(*ships, well, mmsi=440200001)["coverage"] == "dark"


def test_a_track_that_was_never_there_does_not_go_dark():
    """A forged ship lies for five hours at a busy anchorage 300 km from the true one: its end is no silence."""
    ships = anchored(12)
    lies = boat(440600001, [(0, 0, 0), (30, 0, 0)], every_s=180, transceiver="A", origin=(33.7, 124.4))
    false = boat(440600001, [(8, 900.0, 400.0), (13, 900.0, 400.0)], every_s=180, transceiver="A")
    # The ship itself is missed for two hours much later.
    found = gaps_of(*ships, false, silenced(lies, 20.0, 22.5))
    ended = [gap for gaps in found.values() for gap in gaps if gap["is_open"] and gap["lat_deg"] < 32]
    assert [gap["coverage"] for gap in ended] == ["unknown"]
    assert ended[0]["evidence"].startswith("another hull was heard on its MMSI meanwhile")


@pytest.mark.parametrize("end", [17.5, 31.0], ids=["closed", "open"])
def test_while_another_hull_sends_on_its_number_without_a_pause_none_is_dark(end):
    """Whoever lies elsewhere under the same MMSI and never falls silent has no gap to be told by."""
    ships = anchored(12)
    ships[3] = silenced(ships[3], 10.0, end)
    assert first_gap(*ships, mmsi=440100033)["coverage"] == "dark"
    twin = boat(440100033, [(0, 900 * KM, 0), (30, 900 * KM, 0)], every_s=180, offset_s=11.0, transceiver="A")
    ((gap,),) = gaps_of(*ships, twin).values()
    assert gap["lon_deg"] < 130
    assert gap["coverage"] == "unknown"
    assert gap["evidence"].startswith("another hull was heard on its MMSI meanwhile")


def test_two_hulls_on_an_id_without_any_mmsi_are_on_one_number():
    ship, *others = anchored(12)
    twin = boat(440100033, [(0, 900 * KM, 0), (30, 900 * KM, 0)], every_s=180, offset_s=11.0, transceiver="A")
    both = []
    for hull in (silenced(ship, 10.0, 17.5), twin):
        table = hull.to_pylist()
        both.append(pa.Table.from_pylist([row | {"mmsi": None, "vessel_id": "X"} for row in table], hull.schema))
    ((gap,),) = gaps_of(*others, *both).values()
    assert gap["vessel_a"].startswith("X#")
    assert gap["evidence"].startswith("another hull was heard on its MMSI meanwhile")


@pytest.mark.parametrize("form", ["ship#{}", "ship#202403{:02d}", "ship#IMO9074{:03d}"])
def test_ids_of_ones_own_with_a_hash_are_not_one_number(form):
    """Also where they look like the names of hulls that cleaning has told apart."""
    ships = []
    for k, ship in enumerate(anchored(12)):
        place, field = ship.schema.get_field_index("vessel_id"), ship.schema.field("vessel_id")
        ships.append(ship.set_column(place, field, pa.array([form.format(k)] * ship.num_rows).cast(field.type)))
    ships[3] = silenced(ships[3], 10.0, 17.5)
    assert [gap["coverage"] for gap in gaps_of(*ships)[form.format(3)]] == ["dark"]


def test_two_that_hide_together_among_few_are_dark_where_the_others_go_on():
    """Each is the only one that fell silent with the other: that is no sign of an outage while four go on."""
    ships = anchored(6)
    for k in (2, 3):
        ships[k] = silenced(ships[k], 10.0 + 0.1 * k, 17.5)
    for k in (2, 3):
        gap = first_gap(*ships, mmsi=440100000 + 11 * k)
        assert gap["coverage"] == "dark"
        assert "4 of 5 other hulls" in gap["evidence"]
    # Of three that go together nobody can say.
    ships[1] = silenced(ships[1], 10.4, 17.5)
    assert first_gap(*ships, mmsi=440100033)["coverage"] == "unknown"


def test_one_that_is_heard_without_a_position_is_not_judged_dark():
    ships = anchored(12)
    lost = positions(440100033, [us(12), us(13)], 91.0, 181.0)
    ships[3] = silenced(ships[3], 10.0, 17.5)
    gap = first_gap(*ships, lost, mmsi=440100033)
    assert (gap["coverage"], gap["flags"]) == ("unknown", "heard_without_position")


def test_silences_at_the_edges_of_the_data():
    ships = anchored(12, hours=(0, 12))
    first = silenced(ships[3], 0.2, 6.0)
    gap = first_gap(*ships[:3], first, *ships[4:], mmsi=440100033)
    assert gap["coverage"] == "unknown"
    assert "too short" in gap["evidence"]
    last = silenced(ships[3], 8.5, 99.0)
    gap = first_gap(*ships[:3], last, *ships[4:], mmsi=440100033)
    assert gap["is_open"]
    assert gap["coverage"] == "dark"
    brief = gaps_of(*ships[:3], silenced(ships[3], 5.2, 6.5), *ships[4:], gaps={"keep_from_s": 1800})
    assert brief[str(440100033)][0]["evidence"] == "the silence holds no whole UTC hour to be judged by"


def passers(ship: pa.Table) -> list[pa.Table]:
    """A hundred boats, one after the other over twenty days, heard for an hour where a ship lies and then no more."""
    here = ship["lat_deg"][0].as_py(), ship["lon_deg"][0].as_py()
    return [
        boat(
            440300000 + k, [(4.5 * k, 0.0, 0.0), (4.5 * k + 1, 0.0, 500.0)], every_s=180, transceiver="A", origin=here
        )
        for k in range(100)
    ]  # fmt: skip


def test_a_month_tells_more_than_a_day():
    """Two of three that pass fall silent here on the other days: the day alone does not show it."""
    day = anchored(12, hours=(480, 504))
    day[3] = silenced(day[3], 492.0, 498.0)
    assert first_gap(*day, mmsi=440100033)["coverage"] == "dark"
    month = passers(day[3])
    gap = first_gap(*day, *month, mmsi=440100033)
    assert gap["coverage"] != "dark"
    assert first_gap(*day, *month, mmsi=440100033, coverage={"days": 1})["coverage"] == "dark"


def test_an_earlier_baseline_is_the_same_as_its_days_in_the_data(tmp_path):
    day = anchored(12, hours=(480, 504))
    day[3] = silenced(day[3], 492.0, 498.0)
    month = passers(day[3])
    sts.detect(join(*month), out=tmp_path / "month")
    file = tmp_path / "month" / "coverage.parquet"
    assert json.loads((tmp_path / "month" / "run.json").read_text())["files"].count("coverage.parquet") == 1
    gap = first_gap(*day, mmsi=440100033, coverage={"baseline_file": str(file)})
    assert gap["coverage"] == first_gap(*day, *month, mmsi=440100033)["coverage"] != "dark"
    (tmp_path / "no.parquet").write_bytes(b"no parquet")
    with pytest.raises(SettingsError, match=r"no.parquet cannot be read"):
        events_of(*day, coverage={"baseline_file": str(tmp_path / "no.parquet")})
    with pytest.raises(SettingsError, match=r"is no coverage.parquet"):
        sts.detect(
            join(*day), settings=sts.load_settings(coverage={"baseline_file": str(file.parent / "events.parquet")})
        )


def test_one_late_report_does_not_erase_its_day_from_an_earlier_baseline(tmp_path):
    """Yesterday's last report comes with today's file."""
    ships = join(*[boat(440100000 + 11 * k, [(0, 0, 900 * k), (26, 0, 900 * k)], every_s=120, transceiver="A",
                        silent=[(14.2, 24)] if k == 0 else []) for k in range(5)])  # fmt: skip
    hours = (ships.column("time").cast(pa.int64()).to_numpy() - us(0)) / 3.6e9
    yesterday, today = ships.filter(pa.array(hours < 12)), ships.filter(pa.array((hours >= 12) & (hours < 21.5)))
    sts.detect(yesterday, out=tmp_path / "one")
    file = {"baseline_file": str(tmp_path / "one" / "coverage.parquet")}
    late = join(yesterday.slice(yesterday.num_rows - 1), today)
    results = [sts.detect(table, settings=sts.load_settings(coverage=file)) for table in (today, late)]
    assert results[0].coverage.equals(results[1].coverage)
    for result in results:
        gaps = [
            event for event in result.events_table.to_pylist() if event["kind"] == "gap" and event["duration_h"] > 6
        ]
        assert [gap["coverage"] for gap in gaps] == ["dark"]


@pytest.mark.parametrize("days", [1, 30])
def test_days_of_an_earlier_baseline_far_from_the_data_are_left_out(tmp_path, days):
    ships = join(*anchored(3))
    table = sts.detect(ships).coverage
    column = table.schema.get_field_index("day")
    first = pc.min(table["day"]).cast(pa.int32()).as_py()
    old = [
        table.set_column(column, table.schema.field(column), pa.array([first + shift] * table.num_rows, pa.date32()))
        for shift in (-days - 1, -days, days + 1, days + 2, 999)
    ]
    pq.write_table(pa.concat_tables(old).cast(table.schema), tmp_path / "old.parquet")
    settings = sts.load_settings(coverage={"baseline_file": str(tmp_path / "old.parquet"), "days": days})
    found = sts.detect(ships, settings=settings).coverage
    # The data are of two days.
    assert {day - first for day in found["day"].cast(pa.int32()).to_pylist()} == {-days, 0, 1, days + 1}


def test_the_baseline_can_be_looked_at():
    table = sts.detect(join(*anchored(12))).coverage
    assert table.schema.names == COVERAGE.names
    assert pc.sum(table["hull_hours"]).as_py() == 12 * 30 + 1  # one is heard at the very end, too
    assert pc.sum(table["fixes"]).as_py() == pytest.approx(12 * 30 * 20, abs=12)
    assert pc.max(table["hours"]).as_py() <= 24


def test_nothing_at_all():
    result = sts.detect(sts.schema.POSITIONS.empty())
    assert (result.areas.num_rows, result.coverage.num_rows) == (0, 0)
    assert result.run["counts"]["gaps_by_coverage"] == {}


def test_data_that_fill_half_a_day_do_not_halve_what_is_usual():
    """For an hour three in four others were not heard; as many are usual there as in data of a whole day."""
    ships = anchored(24, hours=(0, 14))
    ships[3] = silenced(ships[3], 3.0, 9.5)
    for k in range(4, 21):
        ships[k] = silenced(ships[k], 5.0, 6.5)
    gap = first_gap(*ships, mmsi=440100033)
    assert gap["coverage"] == "unknown"
    assert gap["evidence"].startswith("around where it would have been hardly anyone was heard in some of these hours")
