"""What each detector asks for, at its limits."""

from __future__ import annotations

import numpy as np
import pytest

from stsdetect.detect.events import event_id, point_wkb
from stsdetect.tracks import build_tracks
from tests.builders import TANKER, boat, encounters_of, events_of, hours_of, join, positions, us

A, B = 440000001, 440000002


def still(mmsi: int, east: float = 0.0, until: float = 5.0, **options):
    return boat(mmsi, [(0, east, 0), (until, east, 0)], **options)


def test_distance_and_duration_limits():
    assert encounters_of(still(A), still(B, 499.0)) != []
    assert encounters_of(still(A), still(B, 501.0)) == []
    assert encounters_of(still(A), boat(B, [(0, 50, 0), (1.0, 50, 0)])) != []
    assert encounters_of(still(A), boat(B, [(0, 50, 0), (0.98, 50, 0)])) == []


def test_contact_begins_and_ends_in_continuous_time():
    # At 1.5 kn, B crosses a circle of 500 m around A on a straight line through the centre.
    rate = 1.5 * 1852
    for every in (60.0, 300.0, 840.0):
        a = still(A, until=4.0, every_s=every)
        b = boat(B, [(0, -2 * rate, 0), (4, 2 * rate, 0)], every_s=every, offset_s=17.0)
        (event,) = encounters_of(a, b, encounters={"min_duration_s": "10min"})
        begin, end = hours_of(event)
        assert begin == pytest.approx(2 - 500 / rate, abs=1 / 3600)
        assert end == pytest.approx(2 + 500 / rate, abs=1 / 3600)
        assert event["min_distance_m"] == pytest.approx(0.0, abs=0.1)


def test_speed_limit_between_stationary_and_under_way():
    for knots, subtype in ((1.5, "stationary"), (4.0, "under_way")):
        run = knots * 1852 * 4
        one = boat(A, [(0, 0, 0), (4, run, 0)], **TANKER, heading_deg=90.0)
        two = boat(B, [(0, 0, 15), (4, run, 15)], **TANKER, heading_deg=90.0)
        (event,) = encounters_of(one, two)
        assert event["subtype"] == subtype
    fast = boat(A, [(0, 0, 0), (4, 5.4 * 1852 * 4, 0)], **TANKER)
    assert encounters_of(fast, boat(B, [(0, 0, 15), (4, 5.4 * 1852 * 4, 15)], **TANKER)) == []


def test_under_way_needs_parallel_courses_and_near_hulls():
    run = 4 * 1852 * 4
    one = boat(A, [(0, 0, 0), (4, run, 0)], **TANKER, heading_deg=90.0)
    apart = boat(B, [(0, 0, 300), (4, run, 300)], **TANKER, heading_deg=90.0)
    assert encounters_of(one, apart) == []
    meeting = boat(B, [(0, run, 15), (4, 0, 15)], **TANKER, heading_deg=270.0)
    assert encounters_of(one, meeting, encounters={"min_duration_s": 0}) == []


def test_a_short_break_is_one_event_and_its_minutes_do_not_count():
    b = boat(B, [(0, 50, 0), (2, 50, 0), (2.05, 900, 0), (2.15, 900, 0), (2.2, 50, 0), (4, 50, 0)], every_s=30)
    (event,) = encounters_of(still(A), b, encounters={"max_speed_kn": 20, "under_way_max_speed_kn": 20})
    assert hours_of(event) == (0.0, 4.0)
    assert 3.7 * 60 < event["observed_min"] < 3.95 * 60
    two = encounters_of(still(A), b, encounters={"max_break_s": 0})
    assert len(two) == 2


def test_inferred_needs_slow_fixes_at_both_ends():
    a = still(A, until=8.0)
    rows = [(0, 50), (1.5, 50), (3.0, 50), (4.5, 20_000)]
    from tests.builders import place

    lat, lon = place((31.0, 124.0), [e for _, e in rows], [0.0] * len(rows))
    b = positions(B, [us(h) for h, _ in rows], lat, lon, sog_kn=[0.1, 0.2, 0.1, 9.0])
    (event,) = encounters_of(a, b)
    assert hours_of(event) == (0.0, 3.0)
    assert event["observed_min"] == 0
    assert event["inferred_min"] == pytest.approx(180.0)


def test_an_event_still_running_at_the_end_is_open():
    a, b = still(A), still(B, 40.0)
    (event,) = encounters_of(a, b)
    assert event["is_open"]
    (event,) = encounters_of(still(A, until=8.0), b)
    assert not event["is_open"]


@pytest.mark.parametrize("coarse", [False, True], ids=["precise", "and coarse"])
def test_an_event_that_was_seen_to_end_is_not_open_however_soon_the_data_end(coarse: bool):
    a, b = still(A, until=3.2), still(B, 60.0, until=3.1)
    if coarse:
        # Long-range reports are no contact, and so end none.
        b = join(b, still(B, 150.0, until=3.2, every_s=600, offset_s=30, message_type=27))
    leaves = boat(B, [(0, 60, 0), (3, 60, 0), (3.2, 3000, 0)])
    (event,) = encounters_of(a, leaves)
    assert hours_of(event)[1] == pytest.approx(3.0, abs=0.05)
    assert not event["is_open"]
    # Heard last at 3.1 h, still alongside.
    (event,) = encounters_of(a, b)
    assert hours_of(event)[1] == pytest.approx(3.1, abs=1e-3)
    assert event["is_open"]


def test_loitering_limits_and_identity_at_the_time():
    old = boat(A, [(0, 0, 0), (2, 0, 0)], name="OLD")
    new = boat(A, [(2.02, 0, 0), (3, 40_000, 0), (4, 40_000, 0), (5, 40_000, 0)], name="NEW")
    found = [e for e in events_of(old, new) if e["kind"] == "loitering"]
    assert [e["name_a"] for e in found] == ["OLD", "NEW"]
    assert all(e["median_speed_kn"] < 2 for e in found)
    assert not [e for e in events_of(boat(A, [(0, 0, 0), (0.9, 0, 0)])) if e["kind"] == "loitering"]


def test_a_vessel_that_goes_on_to_another_place_does_not_lie_still_from_one_to_the_other():
    """40 min here, ten to the other place 5 km off at 16 kn, 40 min there, and back again, all day."""
    ways = [(0.0, 0.0), (40 / 60, 0.0), (50 / 60, 5000.0), (90 / 60, 5000.0)]
    to_and_fro = [(h + 100 / 60 * k, east, 0.0) for k in range(7) for h, east in ways]
    assert not [e for e in events_of(boat(A, to_and_fro)) if e["kind"] == "loitering"]
    # Long enough at each of two berths, 1.7 km and 12 min at 5 kn apart.
    berths = boat(A, [(0, 0, 0), (2, 0, 0), (2.2, 1700, 0), (4.2, 1700, 0)], **TANKER)
    found = [e for e in events_of(berths, dark={"shore": False}) if e["kind"] == "loitering"]
    assert [round(e["duration_h"], 1) for e in found] == [2.0, 2.0]
    assert all(e["spread_m"] < 300 for e in found)


def test_a_stay_goes_on_over_a_burst_of_bad_fixes_and_a_short_way_too_fast():
    rng = np.random.default_rng(1)
    lies = boat(A, [(0, 0, 0), (5, 0, 0)], noise_m=5.0)
    lat, lon = (lies.column(name).to_numpy().copy() for name in ("lat_deg", "lon_deg"))
    lat[150:158] += rng.normal(0, 0.004, 8)  # some 400 m
    lon[150:158] += rng.normal(0, 0.004, 8)
    (event,) = [
        e for e in events_of(positions(A, lies.column("time").cast("int64").to_numpy(), lat, lon))
        if e["kind"] == "loitering"
    ]  # fmt: skip
    assert event["duration_h"] == pytest.approx(5.0, abs=0.05)
    # Adrift at 1.8 kn, and at 2.6 kn for ten minutes.
    drifts = boat(A, [(0, 0, 0), (2, 6667, 0), (13 / 6, 7470, 0), (4, 13_580, 0)])
    (event,) = [e for e in events_of(drifts) if e["kind"] == "loitering"]
    assert event["duration_h"] == pytest.approx(4.0, abs=0.05)


def test_a_vessel_that_leaves_the_area_has_no_gap_there():
    table = boat(A, [(0, 0, 0), (10, 200_000, 0), (20, 0, 0)], every_s=600)
    tracks = build_tracks(table, bbox=(123.9, 30.5, 125.0, 31.5))
    from stsdetect.detect import Gaps

    assert Gaps().detect(tracks.fixes, tracks.vessels).num_rows == 0


def test_moored_side_by_side_bins_count_like_legs():
    """Whole time bins are taken at once where both lie still: the same as leg by leg."""
    a, b = still(A, until=12.3, noise_m=3), still(B, 60.0, until=11.7, noise_m=3, offset_s=21.0)
    (quick,) = encounters_of(a, b)
    # A rule of 5 kn for both makes no leg different, but noise of 200 m keeps the bins from being clear-cut.
    assert hours_of(quick) == pytest.approx((21 / 3600, 11.7), abs=0.02)
    assert quick["observed_min"] == pytest.approx((quick["end_time"] - quick["start_time"]).total_seconds() / 60)
    edge = encounters_of(still(A, until=12.3, noise_m=3), still(B, 497.0, until=11.7, noise_m=3, offset_s=21.0))
    assert all(e["observed_min"] <= quick["observed_min"] + 1 for e in edge)


def test_ids_depend_on_what_they_say_and_on_nothing_else():
    one = event_id("encounter", "stationary", ["b", "a"], 1_999_999)
    assert one == event_id("encounter", "stationary", ["a", "b"], 1_000_000)
    others = {
        event_id("encounter", "under_way", ["a", "b"], 1_000_000),
        event_id("encounter", "stationary", ["a", "c"], 1_000_000),
        event_id("encounter", "stationary", ["a", "b"], 2_000_000),
        event_id("loitering", "stationary", ["a", "b"], 1_000_000),
        event_id("encounter", "stationary", ["a", "b"], 1_000_000, "x"),
    }
    assert one not in others
    assert len(others) == 5


def test_points_are_well_known_binary():
    import shapely

    (point,) = shapely.from_wkb(point_wkb(np.array([-179.5]), np.array([85.25])))
    assert (point.x, point.y) == (-179.5, 85.25)


def test_nothing_is_found_among_vessels_that_pass():
    rng = np.random.default_rng(5)
    boats = []
    for k in range(12):
        angle = rng.uniform(0, 2 * np.pi)
        far = 40_000.0
        path = [(0, far * np.cos(angle), far * np.sin(angle)), (4, -far * np.cos(angle), -far * np.sin(angle))]
        boats.append(boat(440000100 + k, path, noise_m=8))
    assert encounters_of(join(*boats)) == []
