"""Places where a sphere bites: poles, the antimeridian, the antipode, and rows that must not mix."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod

from stsdetect.kernels import sphere
from stsdetect.units import EARTH_RADIUS_M
from tests import naive


def xyz(*places: tuple[float, float]) -> np.ndarray:
    degrees = np.array(places, dtype=np.float64).reshape(-1, 2)
    return sphere.to_xyz(degrees[:, 0], degrees[:, 1])


def test_degrees_become_radians_as_numpy_makes_them():
    """To the last bit, everywhere on the grids of AIS (a ten-thousandth of a minute) and of exports (1e-5 degrees)."""
    rng = np.random.default_rng(5)
    for per_degree in (600_000, 100_000):
        lat, lon = (rng.integers(-m * per_degree, m * per_degree + 1, 50_000) / per_degree for m in (90, 180))
        expected = np.cos(np.radians(lat)) * np.sin(np.radians(lon)) * EARTH_RADIUS_M
        assert sphere.to_columns(lat, lon)[1].tobytes() == expected.tobytes()


def test_one_degree_of_arc():
    degree = math.pi / 180.0 * EARTH_RADIUS_M
    apart = sphere.distance_m(xyz((0, 0), (0, 0), (50, 7)), xyz((0, 1), (1, 0), (51, 7)))
    assert apart == pytest.approx([degree] * 3, abs=1e-6)


def test_the_ellipsoid_differs_by_no_more_than_stated():
    """At most 0.57 %, at every latitude and in every direction; geodesics on WGS84 by pyproj."""
    lat, course = (grid.ravel() for grid in np.meshgrid(np.linspace(-89, 89, 90), np.arange(0, 360, 15)))
    lon = np.full(lat.size, 179.999)
    lon_to, lat_to, _ = Geod(ellps="WGS84").fwd(lon, lat, course, np.full(lat.size, 500.0))
    ours = sphere.distance_m(sphere.to_xyz(lat, lon), sphere.to_xyz(lat_to, lon_to))
    assert np.abs(ours / 500.0 - 1.0).max() <= 0.0057


@pytest.mark.parametrize("lat", [0.0, 60.0, 85.0, -89.9])
def test_the_antimeridian_is_no_seam(lat):
    here, there = (lat, 179.9999), (lat, -179.9999)
    apart = sphere.distance_m(xyz(here), xyz(there))[0]
    assert apart == pytest.approx(naive.haversine_m(*here, *there), abs=1e-6)
    assert apart < 25.0
    assert sphere.distance_m(xyz((lat, 180.0)), xyz((lat, -180.0)))[0] == pytest.approx(0.0, abs=1e-6)
    middle = sphere.to_lat_lon((xyz(here) + xyz(there)) / 2.0)
    assert abs(middle[1][0]) == pytest.approx(180.0)


def test_the_antipode_is_half_a_turn_away():
    assert sphere.distance_m(xyz((0, 0)), xyz((0, 180)))[0] == pytest.approx(math.pi * EARTH_RADIUS_M)


@pytest.mark.parametrize(("target", "course"), [((1, 0), 0), ((0, 1), 90), ((-1, 0), 180), ((0, -1), 270)])
def test_the_four_winds(target, course):
    found = sphere.course_deg(xyz((0, 0)), xyz(target))[0]
    assert found == pytest.approx(course, abs=1e-9)
    assert sphere.direction(xyz((0, 0)), np.array([course]))[0] @ xyz(target)[0] > 1e5


def test_a_course_a_hair_west_of_north_is_below_360():
    start = np.array([[EARTH_RADIUS_M, 0.0, 0.0]])
    course = sphere.course_deg(start, start + np.array([[0.0, -1e-16, 1.0]]))[0]
    assert course == 0.0


@pytest.mark.parametrize("vector", [(0, 0, 1), (0, 0, -2e6), (1e-12, 0, 5), (3.9e-10, 0, EARTH_RADIUS_M)])
def test_axes_at_a_pole_are_still_two_unit_vectors_across_the_ground(vector):
    place = np.array([vector], dtype=np.float64)
    east, north = sphere.local_axes(place)
    up = place[0] / naive.length(vector)
    for axis in (east, north):
        assert sphere.norm(axis)[0] == pytest.approx(1.0)
        assert axis[0] @ up == pytest.approx(0.0, abs=1e-9)
    assert east[0] @ north[0] == pytest.approx(0.0, abs=1e-12)
    assert sphere.norm(sphere.direction(place, np.array([123.0])))[0] == pytest.approx(1.0)


def test_from_the_north_pole_every_way_is_south():
    pole = np.array([[0.0, 0.0, EARTH_RADIUS_M]])
    for lon in (0.0, 90.0, -135.0):
        course = sphere.course_deg(pole, xyz((89.0, lon)))[0]
        reached = pole + 100.0 * sphere.direction(pole, np.array([course]))
        assert sphere.to_lat_lon(reached)[1][0] == pytest.approx(lon)


def test_no_place_at_all():
    none = np.zeros(0)
    empty = sphere.to_xyz(none, none)
    assert empty.shape == (0, 3)
    assert sphere.distance_m(empty, empty).shape == sphere.course_deg(empty, empty).shape == (0,)


def test_a_row_is_the_same_alone_and_among_others():
    rng = np.random.default_rng(1)
    a, b = (sphere.to_xyz(rng.uniform(-90, 90, 101), rng.uniform(-180, 180, 101)) for _ in range(2))
    for function in (sphere.distance_m, sphere.course_deg, sphere.dot):
        together = function(a, b)
        alone = np.concatenate([function(a[k : k + 1], b[k : k + 1]) for k in range(101)])
        assert (together == alone).all()
