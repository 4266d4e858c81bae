"""Clearances by the compiled loop are, bit for bit, those by NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.kernels import hull
from stsdetect.kernels.choice import use_compiled

pytest.importorskip("numba", reason="compiled loops need numba")

QUICK = settings(max_examples=200, deadline=None)
#: Antenna at the edge, hulls of no width or length, and whatever else.
side = st.one_of(st.sampled_from([0.0, 1e-7, 5.0, 20.0, 150.0]), st.floats(0, 511))
metres = st.one_of(st.sampled_from([0.0, 40.0, -40.0, 400.0]), st.floats(-700, 700))
degrees = st.one_of(st.sampled_from([0.0, 45.0, 90.0, 180.0, 270.0, 360.0]), st.floats(0, 360))
ship = st.tuples(metres, metres, degrees, side, side, side, side)


def rectangles(ships: list[tuple[float, ...]]) -> np.ndarray:
    east, north, heading, *abcd = np.array(ships).T
    return hull.corners(east, north, heading, np.array(abcd).T)


def both_ways(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    slow = hull.clearance_m(left, right)
    with use_compiled(True):
        fast = hull.clearance_m(left, right)
    assert fast.tobytes() == slow.tobytes()
    return slow


@QUICK
@given(st.lists(st.tuples(ship, ship), min_size=1, max_size=8))
def test_clearances(pairs):
    left, right = (rectangles([pair[k] for pair in pairs]) for k in (0, 1))
    both_ways(left, right)
    both_ways(left, left)


def test_many_pairs_of_which_some_overlap():
    """What the property test draws is no empty case; corners need not be contiguous."""
    rng = np.random.default_rng(11)
    n = 4000
    spots = np.column_stack(
        [rng.normal(0, 150, (2 * n, 2)), rng.uniform(0, 360, 2 * n), rng.uniform(0, 200, (2 * n, 4))]
    )
    ships = rectangles(spots.tolist())
    gap = both_ways(ships[::2], ships[1::2])
    assert 0.2 < (gap == 0.0).mean() < 0.8


def test_no_pairs():
    assert both_ways(np.zeros((0, 4, 2)), np.zeros((0, 4, 2))).shape == (0,)
