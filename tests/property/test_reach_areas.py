"""The area on the map holds every place where silent hulls truly were, and little else."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.reach_area import circle_areas, reach_areas
from stsdetect.kernels import sphere
from stsdetect.kernels.reach import Silences, joint_reach
from tests import naive_reach
from tests.naive_reach import Prism
from tests.property.test_reach import PLACES, WGS84, hidden, silences_of, two_silences

#: The pole itself, and just beside the antimeridian.
CORNERS = [*PLACES, (90.0, 0.0), (89.0, 90.0), (70.0, 180.0), (-60.0, -179.9)]


def assert_valid(area) -> None:
    assert area.geom_type in ("Polygon", "MultiPolygon")
    assert area.is_valid
    assert not area.is_empty
    west, south, east, north = area.bounds
    assert west >= -180.0
    assert east <= 180.0
    assert south >= -90.0
    assert north <= 90.0


def assert_holds(areas: list[bytes | None], places: list[np.ndarray]) -> None:
    shapes = shapely.from_wkb(np.array(areas, dtype=object))
    for shape in shapes:
        assert_valid(shape)
    for place in places:
        lat, lon = sphere.to_lat_lon(place)
        assert shapely.intersects_xy(shapes, lon, lat).all()


@settings(max_examples=40)
@given(st.sampled_from(CORNERS), st.integers(0, 2**32 - 1))
def test_the_area_holds_where_two_hulls_truly_met(where, seed):
    truth = hidden(np.random.default_rng(seed), 25, where)
    areas = reach_areas(truth["a"], truth["b"], apart_m=500.0, without_land=False)
    on_the_way = [truth["at"] + share * (truth["off"] - truth["at"]) for share in (0.0, 0.3, 0.5, 1.0)]
    assert_holds(areas, on_the_way)
    moored = np.flatnonzero(truth["drift_kn"] == 0.0)
    for k in moored[:5].tolist():
        row, stay_s = slice(k, k + 1), float((truth["left_s"] - truth["met_s"])[k])
        narrower = reach_areas(truth["a"].take(row), truth["b"].take(row), apart_m=500.0, least_s=stay_s,
                               without_land=False)  # fmt: skip
        assert_holds(narrower, [truth["at"][row]])


@settings(max_examples=25)
@given(st.sampled_from(CORNERS), st.integers(0, 2**32 - 1))
def test_the_area_holds_where_one_hull_truly_was(where, seed):
    truth = hidden(np.random.default_rng(seed), 25, where)
    for hull in "ab":
        areas = reach_areas(truth[hull], without_land=False)
        assert_holds(areas, [truth[f"{hull}_0"], truth[f"{hull}_1"]])


@settings(max_examples=40)
@given(two_silences(), st.integers(0, 2**32 - 1))
def test_the_area_is_little_more_than_what_brute_force_finds(pair, seed):
    prisms = [Prism.of(twin, 500.0) for twin in pair]
    a, b = (silences_of([twin]) for twin in pair)
    meets = joint_reach(a, b, apart_m=500.0, least_s=0.0)
    if not meets.possible[0] or meets.still_max_s[0] < 3600.0:
        return
    area = shapely.from_wkb(reach_areas(a, b, apart_m=500.0, without_land=False)[0])
    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    # Evenly over the ground, not over the map.
    lat = np.degrees(np.arcsin(rng.uniform(*np.sin(np.radians([south, north])), 4000)))
    lon = rng.uniform(west, east, 4000)
    within = np.flatnonzero(shapely.contains_xy(area, lon, lat))
    if within.size < 150:  # mostly box, such as an area cut at the antimeridian
        return
    times = [naive_reach.window(*prisms, (lat[k], lon[k])) for k in within[:400].tolist()]
    assert np.mean([late - early >= -300.0 for early, late in times]) > 0.9


def one(
    lat: float, lon: float, hours: float, *, to: tuple[float, float] | None = None, open_: bool = False
) -> Silences:
    end = np.array([to or (lat, lon)])
    after = sphere.to_xyz(end[:, 0], end[:, 1])
    return Silences(np.array([0]), np.array([round(hours * 3.6e9)]), sphere.to_xyz(np.array([lat]), np.array([lon])),
                    np.full((1, 3), np.nan) if open_ else after, np.array([12.0]))  # fmt: skip


def test_an_area_over_the_antimeridian_is_cut_in_two():
    area = shapely.from_wkb(reach_areas(one(52.0, 179.9, 10.0), without_land=False)[0])
    assert area.geom_type == "MultiPolygon"
    assert {round(part.bounds[0]) for part in area.geoms} == {-180, 178}
    assert not area.intersects(shapely.Point(0.0, 52.0))


@pytest.mark.parametrize("pole", [1.0, -1.0])
def test_an_area_around_a_pole_has_all_longitudes(pole):
    area = shapely.from_wkb(reach_areas(one(89.0 * pole, 40.0, 60.0), without_land=False)[0])
    lon = np.linspace(-180, 180, 721)
    assert shapely.intersects_xy(area, lon, np.full(721, 89.9 * pole)).all()
    assert not shapely.intersects_xy(area, lon, np.full(721, 80.0 * pole)).any()


def test_what_is_not_possible_has_no_area():
    assert reach_areas(one(30.0, 123.0, 4.0), one(38.0, 123.0, 4.0)) == [None]


def test_a_hull_silent_for_months_can_have_been_anywhere():
    area = shapely.from_wkb(reach_areas(one(30.0, 123.0, 2400.0, open_=True), without_land=False)[0])
    assert area.bounds == (-180.0, -90.0, 180.0, 90.0)


def test_a_stay_that_is_too_long_has_no_area():
    hull = one(30.0, 123.0, 10.0)
    assert reach_areas(hull, least_s=9 * 3600.0) != [None]
    assert reach_areas(hull, least_s=11 * 3600.0) == [None]


@pytest.mark.parametrize("beyond_m", [-3000.0, -1200.0, -990.0, -300.0, -250.0, -1.0, 0.0, 0.5, 200.0, 1500.0])
def test_a_border_by_the_pole(beyond_m):
    hours = 30.0
    radius_m = 12.0 * 1852.0 * hours / 2
    lat = 90.0 - np.degrees((radius_m - beyond_m) / 6_371_008.8)
    area = shapely.from_wkb(reach_areas(one(lat, 77.0, hours), without_land=False)[0])
    assert_valid(area)
    lon = np.linspace(-180, 180, 73)
    if beyond_m >= 0.0:
        assert shapely.intersects_xy(area, lon, np.full(73, 90.0)).all()
    for share in (0.0, 0.5, 0.99):
        assert shapely.intersects_xy(area, 77.0, lat - share * np.degrees(radius_m / 6_371_008.8))
    # Not far on the other side of the pole, and nowhere far to the south.
    south = np.full(73, lat - np.degrees(1.1 * radius_m / 6_371_008.8))
    assert not shapely.intersects_xy(area, lon, south).any()


@settings(max_examples=40)
@given(st.sampled_from(CORNERS), st.floats(0.0, 3e6), st.integers(0, 2**32 - 1))
def test_a_circle_holds_all_within_its_radius(where, radius_m, seed):
    rng = np.random.default_rng(seed)
    lon, lat, _ = WGS84.fwd(np.full(50, where[1]), np.full(50, where[0]), rng.uniform(0, 360, 50),
                            radius_m * rng.choice([1.0, 1.0, 0.3], 50))  # fmt: skip
    area = shapely.from_wkb(circle_areas(sphere.to_xyz(*np.array(where)[:, None]), radius_m)[0])
    assert_valid(area)
    assert shapely.intersects_xy(area, lon, lat).all()
    # It is at most 2 % wider than asked, and by a pole a little more: beyond, nothing.
    lon, lat, _ = WGS84.fwd(np.full(50, where[1]), np.full(50, where[0]), rng.uniform(0, 360, 50),
                            np.full(50, 1.02 * radius_m + 3600.0))  # fmt: skip
    assert not shapely.intersects_xy(area, lon, lat).any()
