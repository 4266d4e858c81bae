"""Where silent hulls were bound: ways that pass a place, and where ways cross."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stsdetect.detect.courses import Ways, _crossing
from stsdetect.kernels.sphere import course_deg, distance_m, to_lat_lon, to_xyz

NM_DEG = 1 / 60


def way(lat: float, lon: float, course: float, speed_kn: float = 10.0, *, back: bool = False) -> Ways:
    return Ways.of(xyz(lat, lon), np.array([course]), np.array([speed_kn]), back=back)


def xyz(lat: float, lon: float):
    return to_xyz(np.array([lat]), np.array([lon]))


def test_a_way_passes_what_lies_straight_ahead_and_no_more():
    north = way(30.0, 124.0, 0.0)
    ahead, beside, behind = xyz(31.0, 124.0), xyz(31.0, 124.5), xyz(29.0, 124.0)
    assert float(north.passes(ahead)[0]) == pytest.approx(1.0)
    assert float(north.passes(beside)[0]) < 0.05
    assert float(north.passes(behind)[0]) == 0.0
    assert [round(float(north.heading(place)[0]), 2) for place in (ahead, behind)] == [1.0, -1.0]
    assert float(north.heading(xyz(30.0, 125.0))[0]) == pytest.approx(0.0, abs=0.01)


def test_a_way_back_points_to_where_the_hull_came_from():
    assert float(way(30.0, 124.0, 180.0, back=True).passes(xyz(31.0, 124.0))[0]) == pytest.approx(1.0)


@pytest.mark.parametrize(("course", "speed"), [(math.nan, 10.0), (0.0, 1.0), (0.0, math.nan)])
def test_without_a_course_nothing_is_said(course: float, speed: float):
    nothing = way(30.0, 124.0, course, speed)
    assert not nothing.known[0]
    assert (float(nothing.passes(xyz(31.0, 124.0))[0]), float(nothing.heading(xyz(29.0, 124.0))[0])) == (0.0, 0.0)


@pytest.mark.parametrize("centre", [(31.0, 124.0), (0.2, 179.9), (78.0, -179.5)])
def test_ways_cross_where_both_lead(centre: tuple[float, float]):
    rng = np.random.default_rng(7)
    lat, lon = centre
    meeting = xyz(lat, lon)
    for _ in range(20):
        ways = []
        for turn in rng.uniform(0, 360, 1)[0] + np.array([0.0, rng.uniform(20, 160)]):
            far = rng.uniform(20, 90) * NM_DEG
            start = (lat + far * math.cos(math.radians(turn)),
                     lon + far * math.sin(math.radians(turn)) / math.cos(math.radians(lat)))  # fmt: skip
            from_xyz = xyz(start[0], (start[1] + 180) % 360 - 180)
            ways.append(Ways.of(from_xyz, course_deg(from_xyz, meeting), np.array([10.0])))
        assert float(distance_m(_crossing(*ways), meeting)[0]) < 50.0
        # Turned round, both lead away from there.
        away = [Ways(one.from_xyz, -one.ahead, -one.across, one.known) for one in ways]
        assert np.isnan(_crossing(*away)).all()


def test_ways_side_by_side_or_that_lead_apart_do_not_cross():
    assert np.isnan(_crossing(way(30.0, 124.0, 0.0), way(30.0, 124.5, 2.0))).all()
    assert np.isnan(_crossing(way(30.0, 124.0, 0.0), way(30.0, 124.5, 90.0))).all()
    found = _crossing(way(30.0, 124.0, 45.0), way(30.0, 124.5, 315.0))
    lat, lon = to_lat_lon(found)
    assert (float(lat[0]), float(lon[0])) == pytest.approx((30.2165, 124.25), abs=0.01)
