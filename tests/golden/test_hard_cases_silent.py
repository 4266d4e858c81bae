"""The hard cases 13 to 15 for hulls that are not heard, or not where they say; the others in `test_hard_cases`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

import stsdetect as sts
from tests.builders import START, TANKER, boat, events_of, hours_of, join, place, positions, us

NM = 1852.0
HULL = 440000001


def anchored(n: int, hours: float = 30.0, every_s: float = 180.0, **columns: Any) -> list[pa.Table]:
    """Ships at anchor within 20 km of each other, under `HULL` + 100 and on: by them a silence can be judged."""
    spots = np.random.default_rng(5).uniform(-20_000, 20_000, (n, 2))
    return [
        boat(HULL + 100 + k, [(0, *spots[k]), (hours, *spots[k])], every_s=every_s, offset_s=11.0 * k % every_s,
             transceiver="A", **columns)
        for k in range(n)
    ]  # fmt: skip


def silenced(table: pa.Table, begin: float, end: float) -> pa.Table:
    """The same reports without those between two hours."""
    time = table.column("time").cast(pa.int64()).to_numpy()
    return table.filter(pa.array((time <= us(begin)) | (time >= us(end))))


def gap_of(vessel: int, *tables: pa.Table) -> dict[str, Any]:
    (gap,) = [event for event in events_of(*tables) if event["kind"] == "gap" and event["vessel_a"] == str(vessel)]
    return gap


def test_13d_a_hull_that_falls_silent_among_others_that_are_still_heard_is_dark():
    ships = anchored(12)
    hull = boat(HULL, [(0, 0, 0), (30, 0, 0)], every_s=180, transceiver="A", silent=[(10, 17.5)])
    gap = gap_of(HULL, hull, *ships)
    assert gap["coverage"] == "dark"
    assert (gap["hulls_before"], gap["hulls_during"]) == (12, 12)
    assert gap["own_rate_per_h"] == pytest.approx(20, abs=0.5)
    assert "12 of 12 other hulls" in gap["evidence"]
    # The same silence, alone on the sea: nothing tells whether it was heard there.
    assert gap_of(HULL, hull)["coverage"] == "unknown"


def test_13e_a_gap_from_poor_reception_is_thin():
    """Heard every 25 minutes where others are heard every three: the silence is more of the same."""
    poor = boat(HULL, [(0, -30_000, 0), (30, 30_000, 0)], every_s=1500, transceiver="B", silent=[(12, 20)])
    gap = gap_of(HULL, poor, *anchored(12))
    assert gap["coverage"] == "thin"
    assert gap["own_rate_per_h"] < 4
    assert "2.7 times an hour" in gap["evidence"]


def test_13f_a_receiver_outage_is_an_outage_for_everyone():
    ships = [silenced(ship, 12 + 0.01 * k, 19) for k, ship in enumerate(anchored(14))]
    result = sts.detect(join(*ships), keep_fixes=False)
    gaps = [event for event in result.events_table.to_pylist() if event["kind"] == "gap"]
    assert len(gaps) == 14
    assert {gap["coverage"] for gap in gaps} == {"outage"}
    assert {gap["hulls_during"] for gap in gaps} == {0}
    (area,) = result.areas.to_pylist()
    assert (area["kind"], area["n_silent"]) == ("outage", 14)
    assert hours_of(area) == (pytest.approx(12, abs=0.3), pytest.approx(19, abs=0.2))
    assert shapely.from_wkb(area["geometry"]).covers(shapely.Point(124, 31))


def test_13g_jamming_is_told_from_an_outage_and_from_darkness():
    """Twenty of thirty ships send places all over the region for four hours; one more falls silent among them."""
    rng = np.random.default_rng(4)
    ships = anchored(30)
    for k in range(20):
        time = ships[k].column("time").cast(pa.int64()).to_numpy()
        wrong = (time > us(12)) & (time < us(16))
        lat, lon = (
            ships[k].column(name).to_numpy() + np.where(wrong, rng.uniform(-8, 8, time.size), 0.0)
            for name in ("lat_deg", "lon_deg")
        )
        ships[k] = positions(HULL + 100 + k, time, lat, lon, transceiver="A")
    ships[25] = silenced(ships[25], 12.5, 19)
    result = sts.detect(join(*ships), keep_fixes=False)
    areas = result.areas.to_pylist()
    assert {area["kind"] for area in areas} == {"jamming"}
    assert max(area["n_teleports"] for area in areas) >= 15
    gaps = [event for event in result.events_table.to_pylist() if event["kind"] == "gap"]
    assert "dark" not in {gap["coverage"] for gap in gaps}
    (quiet,) = [gap for gap in gaps if gap["vessel_a"] == str(HULL + 125)]
    assert quiet["coverage"] == "unknown"
    assert "jamming" in quiet["flags"].split(";")


def two_silences(off_nm: float) -> list[pa.Table]:
    """Both fall silent 36 nm from the middle of their ways; these middles are ``off_nm`` apart."""
    ways = (
        [(-2, -60, 0), (0, -36, 0), (4, 0, 0), (13, 0, 0), (16, 36, 0), (18, 60, 0)],
        [(-2, 0, 60), (1, 0, 36), (5, 0, 0), (13, 0, 0), (17, 0, -36), (19, 0, -60)],
    )
    return [
        boat(mmsi, [(hour, (east + off * off_nm) * NM, north * NM) for hour, east, north in way],
             origin=(31.0, 124.5), silent=[(way[1][0], way[4][0])], every_s=300, **TANKER)
        for off, (mmsi, way) in enumerate(zip((412000002, HULL), ways, strict=True))
    ]  # fmt: skip


def met_in_silence(*tables: pa.Table, **groups: Any) -> list[dict[str, Any]]:
    return [event for event in events_of(*tables, **groups) if event["kind"] == "dark_rendezvous"]


def test_14b_two_silences_near_enough_at_a_plausible_speed_could_have_met():
    """Their last fixes are 51 nm apart and so are their first ones after it; between them both lay still for 8 h."""
    (row,) = met_in_silence(*two_silences(0))
    assert row["subtype"] == "both_dark"
    assert (row["vessel_a"], row["vessel_b"]) == ("412000002", str(HULL))
    assert row["observed_a"] is row["observed_b"] is False
    assert row["observed_min"] == row["inferred_min"] == 0
    assert row["meet_earliest"] <= START + timedelta(hours=5) < START + timedelta(hours=13) <= row["meet_latest"]
    assert row["reach_max_h"] >= 8
    assert shapely.from_wkb(row["reach"]).covers(shapely.Point(124.5, 31.0))
    assert len(row["from_events"].split(";")) == 2


@pytest.mark.parametrize("off_nm", [300, 1000])
def test_14c_two_silences_too_far_apart_could_not(off_nm):
    assert met_in_silence(*two_silences(off_nm), dark={"min_score": -99.0}) == []


def test_14d_joint_reach_decides_and_not_how_near_they_were():
    """5 nm apart when they fall silent; but one is 165 nm on after 10 h, which leaves it no time to lie anywhere."""
    rests = [(-3, 0, 30), (0, 0, 5), (10, 0, -5), (13, 0, -30)]
    for knots, found in ((16.5, 0), (6.0, 1)):
        hurries = [(-3, 5 - 3 * knots, 5), (13, 5 + 13 * knots, 5)]
        tables = [
            boat(mmsi, [(hour, east * NM, north * NM) for hour, east, north in way], origin=(31.0, 124.5),
                 silent=[(0, 10)], every_s=300, **TANKER)
            for mmsi, way in ((412000002, rests), (HULL, hurries))
        ]  # fmt: skip
        assert len(met_in_silence(*tables, dark={"min_score": -99.0})) == found


def test_15e_a_spoofed_circle_is_an_identity_event():
    """A circle of 300 m while SOG says 24 kn, as off Shanghai in 2019; a boat that truly goes round says its speed."""
    hours = np.arange(0, 6, 0.02)
    noise = np.random.default_rng(3).normal(0, 3.0, (2, hours.size))
    angle = 9.0 * hours
    lat, lon = place((31.0, 124.0), 300 * np.sin(angle) + noise[0], 300 * np.cos(angle) + noise[1])
    course = np.degrees(angle + np.pi / 2) % 360
    for sog, expected in ((24.0, True), (9.0 * 300 / 1852, False)):
        circle = positions(HULL, [us(h) for h in hours], lat, lon, sog_kn=sog, cog_deg=course)
        rings = [event for event in events_of(circle) if (event["kind"], event["subtype"]) == ("identity", "ring")]
        assert [event["vessel_a"] for event in rings] == [str(HULL)] * expected
        assert all("SOG says 24.0 kn" in event["evidence"] for event in rings)


@pytest.mark.parametrize(("before", "after", "change"), [(6.5, 5.4, -1.1), (6.5, 6.5, 0.0), (None, None, None)])
def test_15f_a_draught_typed_by_hand_is_evidence_across_a_silence_and_its_absence_is_not(before, after, change):
    """A change speaks for a meeting in two silences; a blank, or the old draught left standing, takes nothing away."""
    one, two = two_silences(0)
    time = two.column("time").cast(pa.int64()).to_numpy()
    typed = pa.array([before if moment < us(17) else after for moment in time.tolist()], pa.float64())
    two = two.set_column(two.schema.get_field_index("draught_m"), two.schema.field("draught_m"), typed)
    (row,) = met_in_silence(one, two)
    assert row["subtype"] == "both_dark"
    assert row["draught_change_b_m"] == (change if change is None else pytest.approx(change))
    (blank,) = met_in_silence(*two_silences(0))
    if change:
        assert row["candidate_score"] > blank["candidate_score"]
    else:
        assert row["candidate_score"] == blank["candidate_score"]
