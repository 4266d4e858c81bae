"""Which port a place belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.port_cells import CELL_M, PortCells
from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.reference.places import Port, load_ports

EDGES = [(0.0, 180.0 - 1e-9), (0.0, -180.0), (89.97, 10.0), (-90.0, 0.0), (42.74, 133.08), (42.72, 133.01), (60.0, 0.0)]
PORTS = [Port(f"p{k}", f"P{k}", "XX", lat, lon) for k, (lat, lon) in enumerate(EDGES)]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(EDGES),
    st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=1, max_size=20),
    st.sampled_from([0.3, 5.0, 10.0, 25.0]),
)
def test_it_is_the_nearest_port_within_the_radius(origin, steps, radius_km):
    """Against a loop over all ports, but for places within a cell's size of the edge of a port's waters."""
    lat = np.clip(np.array([origin[0] + north for north, _ in steps]), -90.0, 90.0)
    lon = np.array([origin[1] + east / max(np.cos(np.radians(origin[0])), 0.01) for _, east in steps])
    lon = (lon + 180.0) % 360.0 - 180.0
    found = PortCells(PORTS, radius_km).at(lat, lon)
    for k in range(lat.size):
        here = to_xyz(lat[k : k + 1], lon[k : k + 1])
        away = np.array([distance_m(here, to_xyz(np.array([a]), np.array([b])))[0] for a, b in EDGES])
        least = away.min()
        if least > radius_km * 1000 + CELL_M:
            assert found[k] == -1
        elif least < radius_km * 1000 - CELL_M:
            assert found[k] >= 0
            assert away[found[k]] <= least + 2 * CELL_M


def test_a_place_is_looked_up_once_and_the_answer_stays():
    cells = PortCells(load_ports(), 10.0)
    lat, lon = np.array([38.72, 38.72, 20.0]), np.array([125.42, 125.42, 20.0])
    first = cells.at(lat, lon)
    assert [cells.ports[k].id if k >= 0 else None for k in first.tolist()] == ["kp_nampo", "kp_nampo", None]
    assert cells.at(lat[::-1], lon[::-1]).tolist() == first[::-1].tolist()


def test_without_ports_or_places():
    assert PortCells([], 10.0).at(np.array([1.0]), np.array([2.0])).tolist() == [-1]
    assert PortCells(PORTS, 10.0).at(np.zeros(0), np.zeros(0)).tolist() == []


@pytest.mark.parametrize("radius_km", [1.0, 100.0])
def test_squares_of_a_degree_hold_every_place_in_reach(radius_km):
    rng = np.random.default_rng(1)
    cells = PortCells(PORTS, radius_km)
    for lat0, lon0 in EDGES:
        bearing, share = rng.random(500) * 2 * np.pi, np.sqrt(rng.random(500)) * 0.99
        north = np.degrees(share * radius_km / 6371.0) * np.cos(bearing)
        east = np.degrees(share * radius_km / 6371.0) * np.sin(bearing)
        lat = np.clip(lat0 + north, -90.0, 90.0)
        lon = (lon0 + east / np.maximum(np.cos(np.radians(lat)), 1e-6) + 180.0) % 360.0 - 180.0
        away = distance_m(to_xyz(lat, lon), np.repeat(to_xyz(np.array([lat0]), np.array([lon0])), 500, axis=0))
        inside = away < radius_km * 1000 - CELL_M
        assert (cells.at(lat, lon)[inside] >= 0).all()
