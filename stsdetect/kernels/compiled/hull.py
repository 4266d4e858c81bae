"""Clearance between two hulls, one pair after the other: the loop of `stsdetect.kernels.hull.clearance_m`."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.jit import loop


@loop
def _parted(left: Any, right: Any, east: float, north: float) -> bool:
    """Tell whether the two lie apart along a direction."""
    low_l, high_l, low_r, high_r = np.inf, -np.inf, np.inf, -np.inf
    for k in range(4):
        one = left[k, 0] * east + left[k, 1] * north
        two = right[k, 0] * east + right[k, 1] * north
        low_l, high_l = min(low_l, one), max(high_l, one)
        low_r, high_r = min(low_r, two), max(high_r, two)
    return bool(high_l < low_r or high_r < low_l)


@loop
def _apart(left: Any, right: Any) -> bool:
    """Tell whether an axis of the left rectangle separates the two."""
    ahead, along = left[1, 0] - left[0, 0], left[1, 1] - left[0, 1]
    across, up = left[2, 0] - left[1, 0], left[2, 1] - left[1, 1]
    one, two = ahead * ahead + along * along, across * across + up * up
    # The longer edge and its normal: a hull of no width or no length still has two axes.
    east, north = (ahead, along) if one > two else (across, up)
    if not max(one, two) > 0.0:
        east, north = 1.0, 0.0
    return _parted(left, right, east, north) or _parted(left, right, -north, east)


@loop
def _to_edges(points: Any, polygon: Any) -> float:
    """Return the square of the least distance from four points to the four edges of a rectangle [m2]."""
    least = np.inf
    for edge in range(4):
        x, y = polygon[edge, 0], polygon[edge, 1]
        step_x, step_y = polygon[(edge + 1) % 4, 0] - x, polygon[(edge + 1) % 4, 1] - y
        length2 = max(step_x * step_x + step_y * step_y, 1e-12)
        for point in range(4):
            off_x, off_y = points[point, 0] - x, points[point, 1] - y
            share = min(max((off_x * step_x + off_y * step_y) / length2, 0.0), 1.0)
            miss_x, miss_y = off_x - share * step_x, off_y - share * step_y
            least = min(least, miss_x * miss_x + miss_y * miss_y)
    return least


@loop
def clearance_m(left: Any, right: Any) -> Any:
    """Return the clearance between rectangles of finite corners, shape (n, 4, 2) each [m], shape (n,)."""
    result = np.zeros(left.shape[0])
    for k in range(left.shape[0]):
        if _apart(left[k], right[k]) or _apart(right[k], left[k]):
            result[k] = np.sqrt(min(_to_edges(left[k], right[k]), _to_edges(right[k], left[k])))
    return result
