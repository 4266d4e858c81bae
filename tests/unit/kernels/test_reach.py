"""Hard case 14 in examples: joint reach, not endpoints."""

from __future__ import annotations

import numpy as np
import pytest

from stsdetect.kernels import reach
from stsdetect.kernels.reach import Meets, Silences, bounding_cap, joint_reach, reach_place, reach_stay
from stsdetect.kernels.sphere import distance_m, to_lat_lon, to_xyz

HOUR_US = 3_600_000_000
#: The middle of the Yellow Sea, and a degree of latitude, 60 nautical miles.
LAT, LON = 36.0, 123.0


def xyz(lat: float, lon: float) -> np.ndarray:
    return to_xyz(np.array([lat]), np.array([lon]))


def silent(start_h: float, end_h: float, before: tuple[float, float], after: tuple[float, float] | None = None,
           *, kn: float = 12.0) -> Silences:  # fmt: skip
    """A silence of one hull; None: it was not heard again."""
    to = np.full((1, 3), np.nan) if after is None else xyz(*after)
    hours = np.array([[start_h], [end_h]])
    return Silences(*np.round(hours * HOUR_US).astype(np.int64), xyz(*before), to, np.array([kn]))


def meet(a: Silences, b: Silences, *, least_h: float = 2.0, **options: float) -> Meets:
    return joint_reach(a, b, apart_m=500.0, least_s=least_h * 3600.0, **options)


def test_both_silent_and_near_could_have_met():
    here, there = (LAT, LON), (LAT + 1.0, LON)
    found = meet(silent(0, 12, here, here), silent(0, 12, there, there))
    assert found.possible[0]
    # 2.5 h to the middle and as much back leave 7 h there; a pair may also sail together.
    assert 6.9 < found.still_max_s[0] / 3600 < 7.2
    assert 2.4 < found.earliest_us[0] / HOUR_US <= 2.5
    assert 9.5 <= found.latest_us[0] / HOUR_US < 9.6
    assert found.stay_max_s[0] >= found.still_max_s[0]
    lat, lon = to_lat_lon(found.place_xyz)
    assert lat[0] == pytest.approx(LAT + 0.5, abs=0.01)
    assert lon[0] == pytest.approx(LON, abs=0.01)


def test_both_silent_and_far_apart_could_not():
    here, there = (LAT, LON), (LAT + 6.0, LON)
    assert not meet(silent(0, 12, here, here), silent(0, 12, there, there)).possible[0]
    # 30 h on each side are enough to touch, not to stay.
    assert not meet(silent(0, 30, here, here), silent(0, 30, there, there)).possible[0]
    assert meet(silent(0, 34, here, here), silent(0, 34, there, there)).possible[0]


def test_it_is_reach_that_counts_not_where_they_were_last_heard():
    # Last heard side by side, but bound apart: each has to be 120 miles on, 10 h later.
    north, south = (LAT + 2.0, LON), (LAT - 2.0, LON)
    assert not meet(silent(0, 10, (LAT, LON), north), silent(0, 10, (LAT, LON), south), least_h=0.5).possible[0]
    # Far apart when last heard, but bound for one place.
    towards = (LAT, LON + 2.0)
    found = meet(silent(0, 14, north, towards, kn=14.0), silent(0, 14, south, towards, kn=14.0))
    assert found.possible[0]


def test_silences_at_different_times_do_not_meet():
    here = (LAT, LON)
    assert not meet(silent(0, 5, here, here), silent(5.5, 10, here, here), least_h=0.0).possible[0]
    assert meet(silent(0, 8, here, here), silent(5, 10, here, here)).possible[0]


def test_each_two_caps_leave_time_but_all_four_do_not():
    # Three corners of a triangle: any two are in reach of each other, its middle is not in reach of all in time.
    side = 1.2
    corners = [(LAT, LON), (LAT, LON + side / np.cos(np.radians(LAT))), (LAT + side * 0.866, LON + side / 1.62)]
    a, b = silent(0, 9, corners[0], corners[2]), silent(0, 9, corners[1], corners[2])
    found = meet(a, b, least_h=0.0)
    assert found.possible[0]
    place = to_lat_lon(found.place_xyz)
    assert distance_m(xyz(*corners[2]), xyz(float(place[0][0]), float(place[1][0])))[0] < 60_000.0


def test_an_open_silence_leaves_all_time_after():
    here, there = (LAT, LON), (LAT + 1.0, LON)
    found = meet(silent(0, 48, here), silent(0, 48, there))
    assert 45.4 < found.still_max_s[0] / 3600 < 45.6
    assert found.latest_us[0] / HOUR_US == pytest.approx(48.0, abs=0.01)


def test_no_time_and_one_place():
    here = (LAT, LON)
    instant = silent(3, 3, here, here)
    assert meet(instant, instant, least_h=0.0).possible[0]
    assert not meet(instant, instant, least_h=0.1).possible[0]


def test_a_hull_faster_than_it_is_said_to_be_did_what_it_did():
    fast = silent(0, 2, (LAT, LON), (LAT + 1.0, LON))  # 30 kn
    found = reach_place(fast, xyz(LAT + 0.5, LON), 500.0, least_s=0.0)
    assert found.possible[0]
    assert found.earliest_us[0] / HOUR_US == pytest.approx(1.0, abs=0.02)


def test_drift_makes_a_stay_that_must_be_at_about_one_place():
    here, there = (LAT, LON), (LAT + 1.0, LON)
    a, b = silent(0, 12, here, here), silent(0, 12, there, there)
    still, free = meet(a, b, drift_kn=0.0), meet(a, b)
    assert still.stay_max_s[0] == pytest.approx(still.still_max_s[0])
    assert still.stay_max_s[0] <= meet(a, b, drift_kn=3.0).stay_max_s[0] <= free.stay_max_s[0]


def test_a_stay_that_was_seen_bounds_the_window():
    hull = silent(0, 20, (LAT, LON), (LAT, LON))
    seen = reach_stay(hull, xyz(LAT + 1.0, LON), 1000.0, np.array([8 * HOUR_US]), np.array([11 * HOUR_US]), least_s=0.0)
    assert seen.possible[0]
    assert 2.99 < seen.stay_max_s[0] / 3600 < 3.01
    late = reach_stay(
        hull, xyz(LAT + 1.0, LON), 1000.0, np.array([16 * HOUR_US]), np.array([30 * HOUR_US]), least_s=0.0
    )
    assert not late.possible[0]


def test_what_is_not_possible_has_no_times_and_no_place():
    found = meet(silent(0, 5, (LAT, LON), (LAT, LON)), silent(0, 5, (LAT + 9, LON), (LAT + 9, LON)))
    assert found.earliest_us.tolist() == found.latest_us.tolist() == found.stay_max_s.tolist() == [0]
    assert np.isnan(found.place_xyz).all()


def test_nothing_in_nothing_out():
    none = silent(0, 1, (LAT, LON)).take(slice(0, 0))
    assert len(meet(none, none).possible) == 0
    assert len(bounding_cap(none)[1]) == 0
    assert len(reach_place(none, none.from_xyz, 1.0, least_s=0.0).possible) == 0


def test_the_cap_of_a_hull_that_can_sail_anywhere_is_the_earth():
    _, radius = bounding_cap(silent(0, 3000, (LAT, LON)))
    assert radius[0] == pytest.approx(np.pi * 6_371_008.8)


@pytest.mark.parametrize("pairs", [20_000])
def test_work_is_linear_in_pairs(pairs, monkeypatch):
    """Twice as many pairs are twice as many rows looked at, at every step."""
    looked = []
    cut = reach.search

    def counted(caps, disc, goal, known, *, tolerance_s):
        looked.append(caps.moment_s.shape[1])
        return cut(caps, disc, goal, known, tolerance_s=tolerance_s)

    monkeypatch.setattr(reach, "search", counted)

    def work(n: int) -> int:
        rng = np.random.default_rng(4)
        looked.clear()
        sides = []
        for _ in "ab":
            lat, lon = rng.uniform(33, 38, n), rng.uniform(121, 126, n)
            start = rng.integers(0, 72, n)
            ends = start + rng.integers(2, 48, n)
            sides.append(Silences(start * HOUR_US, ends * HOUR_US, to_xyz(lat, lon),
                                  to_xyz(lat + 0.3, lon + 0.2), np.full(n, 13.0)))  # fmt: skip
        joint_reach(*sides, apart_m=500.0, least_s=7200.0)
        return sum(looked)

    assert work(2 * pairs) == pytest.approx(2 * work(pairs), rel=0.05)
