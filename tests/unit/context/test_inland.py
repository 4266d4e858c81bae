"""Land is out of reach only where no ship goes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from stsdetect.context.inland import REGIONS, WATERS, inland_within
from stsdetect.context.reach_area import reach_areas
from stsdetect.kernels.reach import Silences
from stsdetect.kernels.sphere import to_xyz
from stsdetect.reference.places import load_ports
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.reference.walls import least_way_m
from tests.unit.reference.test_walls import UP_RIVER


@pytest.fixture(scope="module")
def inland():
    return inland_within(-180.0, -90.0, 180.0, 90.0)


def places(*names: str) -> list[tuple[float, float]]:
    return [UP_RIVER[name][0] for name in names]


@pytest.mark.parametrize("port", UP_RIVER)
def test_ports_up_rivers_are_in_reach(port, inland):
    lat, lon = UP_RIVER[port][0]
    assert inland.distance(shapely.Point(lon, lat)) > 0.03


def test_every_packaged_port_is_in_reach(inland):
    for port in load_ports():
        assert inland.distance(shapely.Point(port.lon_deg, port.lat_deg)) > 0.03, port.name


def test_the_hearts_of_countries_are_not(inland):
    lat, lon = (
        [38.6, 40.5, 36.9, 36.8, 35.9, 43.4, 23.8, 51.0],
        [127.6, 127.0, 128.3, 120.5, 138.4, 142.8, 121.0, 143.0],
    )
    assert shapely.contains_xy(inland, lon, lat).all()


def test_what_is_out_of_reach_is_far_inland(inland):
    rng = np.random.default_rng(3)
    west, south, east, north = inland.bounds
    lon, lat = rng.uniform(west, east, 60_000), rng.uniform(south, north, 60_000)
    border = shapely.get_coordinates(shapely.segmentize(inland.boundary, 0.02))
    inside = shapely.contains_xy(inland, lon, lat)
    lon, lat = np.concatenate([lon[inside], border[:, 0]]), np.concatenate([lat[inside], border[:, 1]])
    assert (load_shoreline().distance_km(lat, lon) < -5.0).all()
    for _, low_lon, low_lat, high_lon, high_lat in WATERS:
        assert not ((lon > low_lon) & (lon < high_lon) & (lat > low_lat) & (lat < high_lat)).any()
    regions = shapely.union_all([shapely.box(*region[1:]) for region in REGIONS])
    assert regions.covers(inland)


def test_an_area_leaves_out_the_inland_and_nothing_else(inland):
    at = to_xyz(np.array([37.5]), np.array([125.0]))
    hull = Silences(np.array([0]), np.array([round(30 * 3.6e9)]), at, at, np.array([14.0]))
    whole, without = (shapely.from_wkb(reach_areas(hull, without_land=land)[0]) for land in (False, True))
    assert without.is_valid
    assert whole.intersects(shapely.Point(127.6, 38.6))
    assert not without.intersects(shapely.Point(127.6, 38.6))
    for lat, lon in places("Pyongyang", "Songnim", "Taean", "Seoul, Ara canal"):
        assert without.contains(shapely.Point(lon, lat))
    # Nothing else, but for the waters behind: to off Kangnung it is 310 km as the crow flies, 780 by sea.
    more = whole.difference(inland).difference(without)
    assert more.intersection(shapely.box(123.0, 30.0, 127.0, 40.0)).area < 1e-6
    assert more.contains(shapely.Point(128.75, 38.1))
    assert without.contains(shapely.Point(127.0, 34.4))  # around the corner


def test_one_side_of_korea_keeps_its_waters(inland):
    at = to_xyz(np.array([38.6]), np.array([128.9]))
    hull = Silences(np.array([0]), np.array([round(24 * 3.6e9)]), at, np.full((1, 3), np.nan), np.array([14.0]))
    area = shapely.from_wkb(reach_areas(hull)[0])
    for lat, lon, inside in ((39.3, 127.7, True), (36.0, 130.0, True), (34.0, 128.0, True), (37.5, 125.5, False)):
        assert area.contains(shapely.Point(lon, lat)) == inside


@pytest.mark.parametrize("seed", range(6))
def test_waters_are_left_out_only_where_the_way_around_is_too_long(seed, inland):
    """Twelve silences around Korea, Shandong, Taiwan and Japan; half of them end with the data."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.choice([(38.0, 124.5), (38.5, 129.0), (37.8, 120.0), (23.5, 119.5), (37.0, 137.0)], 12).T
    at, after = to_xyz(lat, lon), to_xyz(lat + rng.normal(0, 0.2, 12), lon + rng.normal(0, 0.2, 12))
    is_open = rng.random(12) < 0.5
    hours = rng.choice([12.0, 24.0, 50.0], 12)
    hulls = Silences(np.zeros(12, dtype=np.int64), (hours * 3.6e9).astype(np.int64), at,
                     np.where(is_open[:, None], np.nan, after), np.full(12, 14.0))  # fmt: skip
    whole, without = (shapely.from_wkb(reach_areas(hulls, without_land=land)) for land in (False, True))
    removed = 0
    for k in range(12):
        out = shapely.difference(shapely.difference(whole[k], without[k]), inland.buffer(1e-6))
        west, south, east, north = whole[k].bounds
        places_lon, places_lat = rng.uniform(west, east, 2000), rng.uniform(south, north, 2000)
        inside = shapely.contains_xy(out, places_lon, places_lat)
        there = to_xyz(places_lat[inside], places_lon[inside])
        removed += len(there)
        way_m = least_way_m(np.broadcast_to(at[k], there.shape), there)
        if not is_open[k]:
            way_m = way_m + least_way_m(there, np.broadcast_to(after[k], there.shape))
        assert (way_m > hours[k] * 3600.0 * 14.0 * 1852.0 / 3600.0).all()
    assert removed > 50


def test_a_hull_that_says_it_is_on_a_mountain_keeps_its_area(inland):
    at = to_xyz(np.array([40.5]), np.array([127.0]))
    hull = Silences(np.array([0]), np.array([round(2 * 3.6e9)]), at, at, np.array([5.0]))
    assert inland.contains(shapely.from_wkb(reach_areas(hull, without_land=False)[0]))
    assert reach_areas(hull) == reach_areas(hull, without_land=False)
