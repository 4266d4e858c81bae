"""A place to meet is at sea."""

from __future__ import annotations

import numpy as np

from stsdetect.context.reach_area import reach_areas
from stsdetect.context.sea_places import places_at_sea
from stsdetect.kernels.reach import Silences, joint_reach
from stsdetect.kernels.sphere import distance_m, to_lat_lon, to_xyz
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.reference.walls import least_way_m

HOUR_US = 3_600_000_000


def silences(seed: int, n: int) -> Silences:
    """Silences that begin and end at sea, around Shandong, Korea and Kyushu."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(31, 40, 20 * n), rng.uniform(119, 131, 20 * n)
    sea = np.flatnonzero(~load_shoreline().on_land(lat, lon))[:n]
    start = rng.integers(0, 20, n) * HOUR_US
    at = to_xyz(lat[sea], lon[sea])
    return Silences(start, start + rng.integers(10, 60, n) * HOUR_US, at, at, np.full(n, 14.0))


def test_places_are_at_sea_within_the_area_and_no_better_than_possible():
    a, b = silences(1, 400), silences(2, 400)
    meets = joint_reach(a, b, apart_m=500.0, least_s=3600.0, way_m=least_way_m)
    place, stay = places_at_sea(a, b, meets.place_xyz, apart_m=500.0)
    shore = load_shoreline()
    before, after = (shore.on_land(*to_lat_lon(xyz)) for xyz in (meets.place_xyz, place))
    found = meets.possible & (stay >= 0.0)
    assert before[meets.possible].sum() > 10  # it is worth it
    assert not after[found].any()
    assert found.sum() > 0.97 * meets.possible.sum()
    assert (stay[found] <= meets.still_max_s[found] + 1e-3).all()
    assert np.isnan(place[~meets.possible]).all()
    # A place at sea that no wall keeps a hull from stays as it is.
    same = (place == meets.place_xyz).all(axis=1)
    assert same[found & ~before].mean() > 0.9
    # No hull is sent through a peninsula.
    out_s = least_way_m(a.from_xyz[found], place[found]) / (14.0 * 1852 / 3600 * 1.00562)
    assert (out_s + stay[found] <= (a.end_us - a.start_us)[found] / 1e6 + 120.0).all()


def test_where_all_is_land_the_place_is_as_given():
    inland = to_xyz(np.array([38.5]), np.array([127.6]))
    hull = Silences(np.array([0]), np.array([HOUR_US]), inland, inland, np.array([5.0]))
    place, stay = places_at_sea(hull, hull, inland, apart_m=500.0)
    assert distance_m(place, inland) == 0.0
    assert stay[0] < 0.0


def test_rows_are_their_own_answers():
    a, b = silences(3, 60), silences(4, 60)
    meets = joint_reach(a, b, apart_m=500.0, least_s=3600.0)
    whole, _ = places_at_sea(a, b, meets.place_xyz, apart_m=500.0)
    half = slice(30, 60)
    part, _ = places_at_sea(a.take(half), b.take(half), meets.place_xyz[half], apart_m=500.0)
    np.testing.assert_array_equal(whole[half], part)
    areas = reach_areas(a, b, apart_m=500.0)
    assert areas[30:] == reach_areas(a.take(half), b.take(half), apart_m=500.0)
