"""Land, sea and the distance between, against named places and against every edge of the shoreline."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.reference.facts import data_file
from stsdetect.reference.nearest import NearestLine, NearestPoint
from stsdetect.reference.shoreline import Shoreline, load_shoreline
from stsdetect.units import EARTH_RADIUS_M

SHORE = load_shoreline()


@pytest.mark.parametrize(
    ("name", "lat", "lon", "land"),
    [
        ("Pyongyang", 39.03, 125.75, True),
        ("Nampo, the town", 38.737, 125.40, True),
        ("off Nampo, mouth of the Taedong", 38.60, 124.80, False),
        ("East China Sea, a published meeting", 31.2, 124.1, False),
        ("middle of the Pacific", 0.0, -150.0, False),
        ("Viti Levu, Fiji", -17.8, 178.0, True),
        ("Taveuni, west of 180", -16.85, 179.99, True),
        ("Taveuni, east of 180", -16.85, -179.97, True),
        ("Koro Sea, over 180", -17.7, 180.0, False),
        ("Chukotka, on 180", 67.5, 180.0, True),
        ("North Pole", 90.0, 0.0, False),
        ("South Pole", -90.0, 0.0, True),
        ("South Pole, another name", -90.0, 135.0, True),
        ("Antarctica on its cut at 0", -75.0, 0.0, True),
        ("Caspian Sea", 42.0, 50.5, False),
        ("Lake Superior", 47.7, -87.5, False),
        ("Isle Royale in it", 48.0, -88.85, True),
        ("Lake Geneva, below 1,000 km2", 46.45, 6.6, True),
        ("London", 51.5, -0.1, True),
    ],
)
def test_named_places(name, lat, lon, land):
    assert SHORE.on_land(lat, lon).tolist() == [land], name
    assert (SHORE.distance_km(lat, lon)[0] < 0) == land, name


@pytest.mark.parametrize(
    ("lat", "lon", "km", "tolerance"),
    [
        (90.0, 0.0, 708, 5),  # nearest land to the North Pole: Oodaaq or Kaffeklubben island, 83.67 N, 707 km
        (42.0, 50.5, 138, 5),  # the Caspian has a shore
        (-48.88, -123.39, 2688, 10),  # Point Nemo, farthest from land (Lukatela 1992: 2,688 km)
    ],
)
def test_known_distances(lat, lon, km, tolerance):
    assert SHORE.distance_km(lat, lon)[0] == pytest.approx(km, abs=tolerance)


def test_unknown_places_are_not_on_land_and_at_no_distance():
    lat, lon = [np.nan, 39.03, np.inf, 91.0], [125.75, np.nan, 0.0, 0.0]
    assert SHORE.on_land(lat, lon).tolist() == [False] * 4
    assert np.isnan(SHORE.distance_km(lat, lon)).all()
    assert SHORE.on_land([], []).shape == SHORE.distance_km([], []).shape == (0,)


def brute_force(lat: float, lon: float) -> tuple[bool, float]:
    """Side and distance from every edge near the point, each cut into a hundred steps, by the haversine."""
    rings = SHORE._rings
    a, b = rings.points[rings.edges] / rings.units, rings.points[rings.edges + 1] / rings.units
    crosses = (a[:, 1] <= lat) != (b[:, 1] <= lat)
    a_, b_ = a[crosses], b[crosses]
    x = a_[:, 0] + (lat - a_[:, 1]) / (b_[:, 1] - a_[:, 1]) * (b_[:, 0] - a_[:, 0])
    land = bool((x < lon).sum() % 2)
    cut = (np.abs(a[:, 0]) == 180) & (np.abs(b[:, 0]) == 180) | (a[:, 1] == -90) & (b[:, 1] == -90)
    cut |= (a[:, 0] == 0) & (b[:, 0] == 0) & (a[:, 1] < -60)
    wide = 1.0 / max(np.cos(np.radians(min(abs(lat) + 1.0, 89.9))), 0.01)
    middle = (a + b) / 2
    east = np.abs((middle[:, 0] - lon + 180) % 360 - 180)
    near = ~cut & (np.abs(middle[:, 1] - lat) < 1.0) & (east < wide)
    share = np.linspace(0, 1, 101)[:, None, None]
    points = a[near] + share * (b[near] - a[near])
    p, q = np.radians(points[..., 1]), np.radians(lat)
    half = np.sin((p - q) / 2) ** 2 + np.cos(p) * np.cos(q) * np.sin(np.radians(points[..., 0] - lon) / 2) ** 2
    return land, float(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half.min()))) / 1000


def near_the_coast(count: int, seed: int, spread_deg: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rings = SHORE._rings
    edge = rings.edges[rng.integers(0, len(rings.edges), count)]
    places = rings.points[edge] / rings.units + rng.normal(0, spread_deg, (count, 2))
    return np.clip(places[:, 1], -89, 89), places[:, 0]


@pytest.mark.parametrize("spread_deg", [0.003, 0.1])
def test_near_the_coast_it_agrees_with_every_edge(spread_deg):
    lat, lon = near_the_coast(8, seed=7, spread_deg=spread_deg)
    for land, distance, lat_, lon_ in zip(SHORE.on_land(lat, lon), SHORE.distance_km(lat, lon), lat, lon, strict=True):
        expected_land, expected = brute_force(float(lat_), float((lon_ + 180) % 360 - 180))
        assert land == expected_land
        assert abs(distance) == pytest.approx(expected, abs=0.02)


def test_sides_agree_with_shapely_in_a_maze_of_islands():
    box = shapely.box(124.5, 33.9, 127.5, 35.0)  # south-western Korea
    rings = SHORE._rings
    first, bounds = SHORE._boxes
    near = np.flatnonzero((bounds[:, 0] < 128) & (bounds[:, 2] > 124) & (bounds[:, 1] < 35.5) & (bounds[:, 3] > 33.5))
    land = [
        shapely.clip_by_rect(
            shapely.Polygon(rings.points[first[i] : first[i] + rings.sizes[i]] / rings.units), *box.bounds
        )
        for i in near
    ]
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(124.5, 127.5, 20_000), rng.uniform(33.9, 35.0, 20_000)
    inside = np.zeros(20_000, dtype=bool)
    for part in land:
        inside ^= shapely.contains_xy(part, lon, lat)
    assert (SHORE.on_land(lat, lon) == inside).all()


PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(PLACES, st.integers(-2, 2))
@settings(deadline=None)
def test_a_full_turn_changes_nothing(place, turns):
    lat, lon = place
    assert SHORE.distance_km(lat, lon + 360 * turns) == pytest.approx(SHORE.distance_km(lat, lon), abs=1e-6)


@given(PLACES, st.floats(-1, 1), st.floats(-1, 1))
@settings(deadline=None)
def test_a_step_changes_the_distance_by_at_most_the_step(place, north, east):
    lat, lon = place
    to = float(np.clip(lat + north, -90, 90)), lon + east
    here, there = np.abs(SHORE.distance_km([lat, to[0]], [lon, to[1]]))
    _, step_m = NearestPoint([lat], [lon]).query(*to)
    assert abs(here - there) <= step_m[0] / 1000 + 0.001


def test_each_place_is_worked_out_on_its_own():
    lat, lon = near_the_coast(3000, seed=1, spread_deg=0.5)
    order = np.random.default_rng(0).permutation(len(lat))
    assert (SHORE.distance_km(lat, lon)[order] == SHORE.distance_km(lat[order], lon[order])).all()
    assert SHORE.distance_km(lat[:50], lon[:50]).tolist() == SHORE.distance_km(lat, lon)[:50].tolist()


@pytest.mark.parametrize(("count", "seed"), [(1, 0), (3, 1), (40, 2), (400, 3)])
def test_an_index_of_the_coasts_around_answers_as_one_of_all(count, seed):
    rng = np.random.default_rng(seed)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, count))), rng.uniform(-180, 180, count)
    near_lat, near_lon = near_the_coast(count, seed=seed, spread_deg=0.2)
    lat, lon = np.concatenate([lat, near_lat]), np.concatenate([lon, near_lon])
    whole, part = Shoreline(), Shoreline()
    everywhere = np.ones(360 * 180 * 4, dtype=bool)
    whole._lines.over(everywhere), whole._land.over(everywhere)
    assert part.distance_km(lat, lon).tolist() == whole.distance_km(lat, lon).tolist()
    assert part.on_land(lat, lon).tolist() == whole.on_land(lat, lon).tolist()


def test_what_is_asked_again_near_by_needs_no_new_index():
    shore, fresh = Shoreline(), Shoreline()
    places = [(1.2, 103.9), (1.3, 104.4), (1.25, 104.0), (37.0, 122.5), (1.22, 103.8)]
    made = []
    for lat, lon in places:
        assert shore.distance_km([lat], [lon]) == Shoreline().distance_km([lat], [lon])
        made.append((shore._lines._made, shore._land._made))
    assert made[0] is not None
    assert [one[k] is two[k] for k in (0, 1) for one, two in pairwise(made)] == [True, True, False, True] * 2
    together = fresh.distance_km(*np.array(places).T)
    assert together.tolist() == [float(shore.distance_km([lat], [lon])[0]) for lat, lon in places]


def area(rings: list[np.ndarray]) -> float:
    whole = shapely.Polygon()
    for ring in rings:
        whole = whole.symmetric_difference(shapely.make_valid(shapely.Polygon(ring)))
    return whole.area


def test_drawn_land_lies_in_the_view_and_is_the_land():
    view = (124.0, 37.0, 127.0, 40.0)
    rings = SHORE.polygons(*view)
    assert all((ring[0] == ring[-1]).all() and len(ring) >= 4 for ring in rings)
    points = np.concatenate(rings)
    assert points.min(axis=0).tolist() >= [124.0, 37.0]
    assert points[:, 0].max() <= 127.0
    assert points[:, 1].max() <= 40.0
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(124, 127, 20_000), rng.uniform(37, 40, 20_000)
    assert area(rings) / 9.0 == pytest.approx(SHORE.on_land(lat, lon).mean(), abs=0.02)


def test_drawn_lakes_are_holes():
    caspian = SHORE.polygons(46.0, 36.0, 56.0, 48.0)
    assert 0.3 < area(caspian) / 120.0 < 0.75


@pytest.mark.parametrize("view", [(175.0, -20.0, -175.0, -14.0), (175.0, -20.0, 185.0, -14.0)])
def test_a_view_over_the_antimeridian_runs_on_without_a_jump(view):
    rings = SHORE.polygons(*view)
    lon = np.concatenate(rings)[:, 0]
    assert lon.min() >= 175.0
    assert 180.0 < lon.max() <= 185.0
    same = SHORE.polygons(-185.0, -20.0, -175.0, -14.0)
    assert area(rings) == pytest.approx(area(same), rel=1e-6)


def test_drawing_keeps_to_its_budget():
    whole = SHORE.polygons(-180, -90, 180, 90, max_vertices=3000)
    assert 100 < sum(map(len, whole)) <= 3000
    assert SHORE.polygons(-150.1, -0.1, -150.0, 0.0) == []


def test_land_near_chosen_places_is_drawn_more_finely():
    view, place = (110.0, 20.0, 150.0, 50.0), (126.3, 34.7)

    def vertices_around(rings):
        points = np.concatenate(rings)
        return (np.abs(points - place) < 0.5).all(axis=1).sum(), len(points)

    rough, fine = SHORE.polygons(*view), SHORE.polygons(*view, near=([place[0]], [place[1]]))
    (few, all_few), (many, all_many) = vertices_around(rough), vertices_around(fine)
    assert many > 1.5 * few
    assert all_many - many < 1.5 * (all_few - few)
    assert sum(map(len, SHORE.polygons(*view, max_vertices=5000, near=([place[0]], [place[1]])))) <= 5000


def test_nearest_line_takes_the_piece_not_its_ends():
    line = NearestLine([[0.0, 0.0]], [[10.0, 0.0]], max_piece_m=5000.0)
    expected = np.radians(0.1) * EARTH_RADIUS_M
    assert line.distance_m([0.1, 0.0, 0.0], [5.0, -0.1, 3.33]) == pytest.approx([expected, expected, 0.0], abs=1.0)
    assert NearestLine(np.empty((0, 2)), np.empty((0, 2))).distance_m([0.0], [0.0]).tolist() == [np.inf]


def test_nearest_point_over_the_antimeridian_and_of_equals_the_first():
    which, metres = NearestPoint([0.0, 0.0, 0.0], [179.9, -170.0, 179.9]).query([0.0, np.nan], [-179.9, 0.0])
    assert which.tolist() == [0, -1]
    assert metres[0] == pytest.approx(np.radians(0.2) * EARTH_RADIUS_M)
    assert np.isnan(metres[1])
    assert NearestPoint([], []).query([0.0], [0.0])[0].tolist() == [-1]


def test_the_asset_is_small_and_carries_its_licence():
    with data_file("shoreline.npz").open("rb") as handle:
        assert len(handle.read()) < 8_000_000
    notice = data_file("NOTICE-shoreline").read_text(encoding="utf-8")
    assert "Wessel" in notice
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in notice


MEASURE = """
import resource
import numpy as np
import scipy.spatial
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from stsdetect.reference.shoreline import Shoreline, load_shoreline
rng = np.random.default_rng(0)
lat, lon = rng.uniform(30, 40, 100_000), rng.uniform(118, 130, 100_000)
shore = load_shoreline()
shore.distance_km(lat, lon)
shore.polygons(118, 30, 130, 40)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_loading_and_asking_takes_under_300_megabytes():
    pytest.importorskip("resource", reason="memory is measured on Unix only")
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300
