"""Hulls around their antennas, and the clear water between two of them; shapely is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import MultiPoint

from stsdetect.kernels import hull


def rectangle(east: float, north: float, heading: float, abcd: tuple[float, float, float, float]) -> np.ndarray:
    return hull.corners(*(np.array([float(v)]) for v in (east, north, heading)), np.array([abcd], dtype=np.float64))


def gap(one: np.ndarray, two: np.ndarray) -> float:
    return float(hull.clearance_m(one, two)[0])


@pytest.mark.parametrize(
    ("heading", "bow"), [(0, (5, 150)), (90, (150, -5)), (180, (-5, -150)), (270, (-150, 5)), (360, (5, 150))]
)
def test_bow_and_starboard_in_itu_order(heading, bow):
    """A = 150 m to the bow, D = 5 m to starboard: the starboard bow, from an antenna at 0, 0."""
    corners = rectangle(0, 0, heading, (150, 50, 25, 5))[0]
    assert corners[1] == pytest.approx(bow, abs=1e-9)
    assert np.ptp(corners, axis=0) == pytest.approx((30, 200) if heading % 180 == 0 else (200, 30))


def test_two_tankers_side_by_side():
    """Antennas 60 m apart; 20 m of one and 25 m of the other hull lie between them."""
    left, right = rectangle(0, 0, 0, (200, 50, 20, 20)), rectangle(60, 10, 0, (180, 40, 25, 15))
    assert gap(left, right) == pytest.approx(15.0)


def test_opposite_headings_turn_port_and_starboard():
    left, right = rectangle(0, 0, 0, (200, 50, 20, 20)), rectangle(60, 10, 180, (180, 40, 25, 15))
    assert gap(left, right) == pytest.approx(25.0)


@pytest.mark.parametrize("heading", [0, 33.3, 90])
def test_touching_overlapping_crossing_and_one_inside_the_other(heading):
    big = rectangle(0, 0, heading, (100, 100, 20, 20))
    angle = np.radians(heading)
    abeam = (40 * np.cos(angle), -40 * np.sin(angle))
    assert gap(big, rectangle(*abeam, heading, (100, 100, 20, 20))) == pytest.approx(0.0, abs=1e-9)
    assert gap(big, rectangle(5, 5, heading + 10, (100, 100, 20, 20))) == 0.0
    assert gap(big, rectangle(0, 0, heading + 90, (100, 100, 20, 20))) == 0.0
    assert gap(big, rectangle(0, 0, heading + 45, (5, 5, 2, 2))) == 0.0
    assert gap(big, big) == 0.0


@pytest.mark.parametrize("thin", [(60, 40, 0, 0), (0, 0, 8, 8), (0, 0, 0, 0)])
@pytest.mark.parametrize("other", [(60, 40, 0, 0), (0, 0, 8, 8), (0, 0, 0, 0), (60, 40, 8, 8)])
def test_hulls_without_width_or_length_are_not_everywhere(thin, other):
    for angle in range(0, 360, 30):
        east, north = 300 * np.sin(np.radians(angle)), 300 * np.cos(np.radians(angle))
        one, two = rectangle(0, 0, 20, thin), rectangle(east, north, 20, other)
        assert gap(one, two) == pytest.approx(MultiPoint(one[0]).convex_hull.distance(MultiPoint(two[0]).convex_hull))
        assert gap(one, two) > 150.0


def test_clearance_equals_shapely():
    rng = np.random.default_rng(6)
    n = 800
    sides = rng.uniform(0, 200, (2, n, 4)) * (rng.random((2, n, 4)) < 0.9)
    ships = [
        hull.corners(rng.normal(0, 150, n), rng.normal(0, 150, n), rng.uniform(0, 360, n), sides[k]) for k in (0, 1)
    ]
    ours = hull.clearance_m(*ships)
    shapes = [[MultiPoint(corners).convex_hull for corners in ship] for ship in ships]
    theirs = [one.distance(two) for one, two in zip(*shapes, strict=True)]
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert 0.2 < (ours == 0).mean() < 0.8
    assert (ours == hull.clearance_m(*ships[::-1])).all()


def test_clearance_of_a_pair_is_the_same_alone_and_among_others():
    rng = np.random.default_rng(7)
    ships = [
        hull.corners(rng.normal(0, 150, 9), rng.normal(0, 150, 9), rng.uniform(0, 360, 9), rng.uniform(0, 99, (9, 4)))
        for _ in range(2)
    ]
    together = hull.clearance_m(*ships)
    assert [gap(ships[0][k : k + 1], ships[1][k : k + 1]) for k in range(9)] == together.tolist()


def test_no_hulls():
    none = np.zeros(0)
    empty = hull.corners(none, none, none, np.zeros((0, 4)))
    assert empty.shape == (0, 4, 2)
    assert hull.clearance_m(empty, empty).shape == (0,)
