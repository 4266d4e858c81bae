"""Hulls as rectangles around the antenna: clearance between two of them."""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Bools, Floats


def corners(east_m: Floats, north_m: Floats, heading_deg: Floats, abcd_m: Floats) -> Floats:
    """Return the corners [m] of hulls on the local plane, shape (n, 4, 2), in order round the hull.

    Parameters
    ----------
    east_m, north_m
        Antenna [m], shape (n,).
    heading_deg
        True heading [degrees], shape (n,).
    abcd_m
        A to bow, B to stern, C to port, D to starboard [m] in ITU order, shape (n, 4).
    """
    angle = np.radians(heading_deg)
    sin, cos = np.sin(angle), np.cos(angle)
    ahead = np.stack([abcd_m[:, 0], abcd_m[:, 0], -abcd_m[:, 1], -abcd_m[:, 1]], axis=1)
    right = np.stack([-abcd_m[:, 2], abcd_m[:, 3], abcd_m[:, 3], -abcd_m[:, 2]], axis=1)
    east = east_m[:, None] + ahead * sin[:, None] + right * cos[:, None]
    north = north_m[:, None] + ahead * cos[:, None] - right * sin[:, None]
    return np.stack([east, north], axis=2)


def _to_edges(points: Floats, polygon: Floats) -> Floats:
    """Least distance [m] from four points to the four edges of a rectangle, shape (n,)."""
    start, step = polygon, np.roll(polygon, -1, axis=1) - polygon
    offset = points[:, :, None, :] - start[:, None, :, :]
    length2 = np.maximum((step * step).sum(axis=2), 1e-12)
    x = np.clip((offset * step[:, None, :, :]).sum(axis=3) / length2[:, None, :], 0.0, 1.0)
    miss = offset - x[..., None] * step[:, None, :, :]
    least: Floats = np.sqrt((miss * miss).sum(axis=3).min(axis=(1, 2)))
    return least


def _apart(left: Floats, right: Floats) -> Bools:
    """Whether an axis of the left rectangle separates the two."""
    result = np.zeros(left.shape[0], dtype=np.bool_)
    # The longer edge and its normal: a hull of no width or no length still has two axes.
    edges = left[:, 1:3] - left[:, 0:2]
    size = (edges * edges).sum(axis=2)
    long = np.where((size[:, 0] > size[:, 1])[:, None], edges[:, 0], edges[:, 1])
    long = np.where((size.max(axis=1) > 0)[:, None], long, np.array([1.0, 0.0]))
    for axis in (long, np.stack([-long[:, 1], long[:, 0]], axis=1)):
        one = (left * axis[:, None, :]).sum(axis=2)
        two = (right * axis[:, None, :]).sum(axis=2)
        result |= (one.max(axis=1) < two.min(axis=1)) | (two.max(axis=1) < one.min(axis=1))
    return result


def clearance_m(left: Floats, right: Floats) -> Floats:
    """Return the clearance between rectangles of `corners` [m], shape (n,); 0 where they touch or overlap."""
    fast = compiled("hull")
    if fast is not None:
        gap: Floats = fast.clearance_m(np.ascontiguousarray(left), np.ascontiguousarray(right))
        return gap
    distance = np.minimum(_to_edges(left, right), _to_edges(right, left))
    return np.where(_apart(left, right) | _apart(right, left), distance, 0.0)
