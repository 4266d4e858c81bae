"""Ways around land: never longer than what a ship can sail."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.inland import inland_within
from stsdetect.context.reach_area import reach_areas
from stsdetect.kernels.reach import Silences, joint_reach, reach_place, reach_stay
from stsdetect.kernels.sphere import distance_m, to_lat_lon, to_xyz
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.reference.walls import INLAND_M, WALLS, Boxes, View, least_way_m
from tests.property.test_reach import assert_holds, hidden, rows


def xyz(lat: float, lon: float) -> np.ndarray:
    return to_xyz(np.array([lat]), np.array([lon]))


def along(places: list[tuple[float, float]], step_m: float = 2_000.0) -> np.ndarray:
    """Return (longitude, latitude) along great circles, shape (n, 2)."""
    points = np.concatenate([xyz(*place) for place in places])
    pieces = []
    for here, there in pairwise(points):
        n = int(distance_m(here[None], there[None])[0] / step_m) + 2
        share = np.linspace(0.0, 1.0, n)[:, None]
        pieces.append((1 - share) * here + share * there)
    lat, lon = to_lat_lon(np.concatenate(pieces))
    return np.column_stack([lon, lat])


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall[0])
def test_a_wall_is_far_inland_all_along(wall):
    lon, lat = along(list(wall[1:]), 500.0).T
    assert (load_shoreline().distance_km(lat, lon) < -INLAND_M / 1000.0).all()


#: A river port or a port up a bay, and a place at sea before it.
UP_RIVER = {
    "Pyongyang": ((39.0, 125.73), (38.6, 125.0)),
    "Songnim": ((38.75, 125.63), (38.6, 125.0)),
    "Taean": ((38.95, 125.49), (38.6, 125.0)),
    "Dandong": ((40.12, 124.39), (39.6, 124.1)),
    "Seoul, Ara canal": ((37.6, 126.8), (37.3, 126.3)),
    "Shanghai": ((31.24, 121.49), (31.1, 122.5)),
    "Nanjing": ((32.1, 118.73), (31.1, 122.5)),
    "Yingkou": ((40.7, 122.25), (40.4, 121.8)),
    "Gunsan": ((35.98, 126.71), (35.9, 126.3)),
    "Yangkou, on the Xiaoqing": ((37.12, 118.87), (37.6, 119.4)),
    "Qingdao": ((36.08, 120.3), (35.8, 120.6)),
    "Busan": ((35.1, 129.05), (35.0, 129.4)),
    "Gwangyang": ((34.9, 127.7), (34.5, 127.9)),
    "Niigata": ((37.94, 139.07), (38.1, 138.8)),
    "Tokyo": ((35.62, 139.79), (35.2, 139.75)),
    "Osaka": ((34.65, 135.43), (34.4, 135.1)),
    "Kaohsiung": ((22.6, 120.28), (22.5, 120.1)),
}


@pytest.mark.parametrize("port", UP_RIVER)
def test_no_wall_is_between_a_port_and_its_sea(port):
    at, sea = (xyz(*place) for place in UP_RIVER[port])
    assert least_way_m(at, sea) == distance_m(at, sea)


def silence(lat: float, lon: float, hours: float) -> Silences:
    return Silences(np.array([0]), np.array([round(hours * 3.6e9)]), xyz(lat, lon), xyz(lat, lon), np.array([14.0]))


def test_hulls_on_two_sides_of_korea_need_days_to_meet():
    for hours, by_air, by_sea in ((10.0, False, False), (25.0, True, False), (140.0, True, True)):
        one, other = silence(38.7, 125.0, hours), silence(39.2, 128.4, hours)
        for way_m, possible in ((distance_m, by_air), (least_way_m, by_sea)):
            assert joint_reach(one, other, apart_m=500.0, least_s=3600.0, way_m=way_m).possible[0] == possible
            place = reach_place(one, other.from_xyz, 500.0, least_s=3600.0, way_m=way_m)
            assert place.possible[0] == possible


@settings(max_examples=25)
@given(st.sampled_from([(34.3, 126.6), (37.5, 122.6), (38.8, 121.3)]), st.integers(0, 2**32 - 1))
def test_a_true_meeting_that_no_wall_prevents_is_possible(where, seed):
    inland = inland_within(-180.0, -90.0, 180.0, 90.0)
    truth = hidden(np.random.default_rng(seed), 120, where)
    # The ways of the two hulls by way of where they met, as they were sailed.
    sailed = np.ones(120, dtype=np.bool_)
    for hull in "ab":
        s = truth[hull]
        ends = np.where(np.isnan(s.to_xyz), truth[f"{hull}_1"], s.to_xyz)
        stops = [to_lat_lon(place) for place in (s.from_xyz, truth[f"{hull}_0"], truth[f"{hull}_1"], ends)]
        for k in range(120):
            way = shapely.linestrings(along([(lat[k], lon[k]) for lat, lon in stops], 20_000.0))
            sailed[k] &= not any(way.intersects(line) for line in LINES)
    truth = rows(truth, np.flatnonzero(sailed))
    assert_holds(joint_reach(truth["a"], truth["b"], apart_m=500.0, least_s=0.0, way_m=least_way_m), truth)
    moored = rows(truth, np.flatnonzero(truth["drift_kn"] == 0.0))
    # And the area still holds where they met, unless that was a mountain.
    few = rows(truth, np.arange(min(20, len(truth["a"]))))
    for joint in (True, False):
        areas = reach_areas(few["a"], few["b"] if joint else None, apart_m=500.0)
        for area, at in zip(areas, few["at"] if joint else few["a_0"], strict=True):
            lat, lon = to_lat_lon(at[None, :])
            assert inland.contains(shapely.Point(lon[0], lat[0])) or shapely.from_wkb(area).intersects(
                shapely.Point(lon[0], lat[0])
            )
    any_time = np.full(len(moored["a"]), 0), np.full(len(moored["a"]), 2**62)
    assert_holds(reach_stay(moored["a"], moored["at"], 250.0, *any_time, least_s=0.0, way_m=least_way_m), moored)


def test_two_sides_of_korea_are_far_apart():
    nampo, wonsan = xyz(38.7, 125.0), xyz(39.2, 127.6)
    assert 9e5 < least_way_m(nampo, wonsan)[0] < 1.4e6  # a ship sails some 700 nautical miles
    assert least_way_m(nampo, wonsan)[0] == least_way_m(wonsan, nampo)[0]


LINES = [shapely.linestrings(along(list(wall[1:]))) for wall in WALLS]


@settings(max_examples=100)
@given(st.sampled_from(WALLS), st.tuples(st.floats(-5, 5), st.floats(-5, 5)), st.integers(0, 2**32 - 1))
def test_no_place_in_a_box_behind_a_wall_is_nearer_than_it_says(wall, offset, seed):
    rng = np.random.default_rng(seed)
    here = xyz(wall[1][0] + offset[0], wall[1][1] + offset[1])
    low, left = wall[1][0] + rng.uniform(-5, 10, 60), wall[1][1] + rng.uniform(-8, 8, 60)
    side = 0.25
    outer = [
        to_xyz(low + side * y, left + side * x) for x, y in ((-0.05, -0.05), (1.05, -0.05), (1.05, 1.05), (-0.05, 1.05))
    ]
    some = rng.permutation(60)[:50]
    bound = np.zeros(60)
    bound[some] = Boxes.of(np.stack(outer, axis=1)).least_way_m(View.of(here), 0, some)
    for _ in range(10):
        there = to_xyz(low + side * rng.choice([0.0, 1.0, 0.4], 60), left + side * rng.choice([0.0, 1.0, 0.7], 60))
        exact = least_way_m(np.broadcast_to(here, there.shape), there)
        assert (bound <= exact + 1e-6).all()
        assert (bound[exact == distance_m(np.broadcast_to(here, there.shape), there)] == 0.0).all()


near = st.tuples(st.floats(21.0, 46.0), st.floats(115.0, 144.0))


@settings(max_examples=400)
@given(st.lists(near, min_size=2, max_size=5))
def test_no_way_that_crosses_no_wall_is_shorter(places):
    way = shapely.linestrings(along(places))
    if any(way.intersects(line) for line in LINES):
        return
    points = np.concatenate([xyz(*place) for place in places])
    length_m = distance_m(points[:-1], points[1:]).sum()
    # A way of pieces between points 2 km apart may slip over a wall's end by as much as they bend.
    assert least_way_m(points[:1], points[-1:])[0] <= length_m + 100.0


@settings(max_examples=200)
@given(st.sampled_from(WALLS), st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=3))
def test_no_way_around_an_end_is_shorter(wall, offsets):
    (lat, lon) = wall[1]
    places = [(lat + north, lon + east) for north, east in offsets]
    way = shapely.linestrings(along(places))
    if any(way.intersects(line) for line in LINES):
        return
    points = np.concatenate([xyz(*place) for place in places])
    assert least_way_m(points[:1], points[-1:])[0] <= distance_m(points[:-1], points[1:]).sum() + 100.0
