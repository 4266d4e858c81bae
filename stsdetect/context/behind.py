"""Waters behind a peninsula that a silent hull had no time to sail to, though they look near on the map."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.prisms import Legs
from stsdetect.kernels.sphere import Floats, distance_m, to_xyz
from stsdetect.reference.walls import WALLS, least_way_around_m, least_way_m
from stsdetect.units import EARTH_RADIUS_M

#: Waters are taken out by whole cells of this size [degrees].
_CELL_DEG = 0.25
#: Corners that are asked stand so much farther out, in cells: more than a parallel bends over a cell (7 m).
_OUT = 0.05
#: Against rounding [s].
_SURE_S = 1.0
#: No cell farther than this from the box around all walls is asked [degrees]: there, few would be behind one.
_AROUND_DEG = 6.0


def behind_walls(
    bounds: tuple[float, float, float, float], corners: Floats, legs: list[Legs], row: int, least_s: float
) -> Any | None:
    """Return the cells of an area in which the hulls cannot have been, because of a wall; None where there are none.

    Parameters
    ----------
    bounds, corners
        West, south, east and north of the area [degrees], and its corners, unit vectors, shape (n, 3).
    legs, row
        The silences widened, and which row of them.
    least_s
        Time that the hulls must be able to stay [s].
    """
    import shapely

    fixes = [xyz for leg in legs for xyz in (leg.from_xyz[row], leg.to_xyz[row])]
    west, south, east, north = _near_walls(bounds)
    if west >= east or south >= north or np.isnan(corners).any() or not any(_hides(xyz, corners) for xyz in fixes):
        return None
    column = np.arange(np.floor(west / _CELL_DEG), np.ceil(east / _CELL_DEG)) * _CELL_DEG
    line = np.arange(np.floor(south / _CELL_DEG), np.ceil(north / _CELL_DEG)) * _CELL_DEG
    left, low = (axis.ravel() for axis in np.meshgrid(column, line))
    outer = np.stack([_corner(left, low, x, y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))], axis=1)
    begin, end = np.full(left.size, -np.inf), np.full(left.size, np.inf)
    hidden = np.zeros(left.size, dtype=np.bool_)
    for leg in legs:
        pace, slack = 1.0 / leg.speed_mps[row], leg.slack_m[row]
        out_m, back_m = (least_way_around_m(xyz[row], outer) for xyz in (leg.from_xyz, leg.to_xyz))
        begin = np.maximum(begin, leg.start_s[row] + np.maximum(out_m - slack, 0.0) * pace)
        if not leg.is_open[row]:
            end = np.minimum(end, leg.end_s[row] - np.maximum(back_m - slack, 0.0) * pace)
        else:
            end = np.minimum(end, leg.end_s[row])
        hidden |= (out_m > 0.0) | (back_m > 0.0)
    never = hidden & (end - begin < least_s - _SURE_S)
    if not never.any():
        return None
    boxes = shapely.box(left[never], low[never], left[never] + _CELL_DEG, low[never] + _CELL_DEG)
    return shapely.coverage_union_all(boxes)


def _near_walls(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    lat = [end[0] for _, *ends in WALLS for end in ends]
    lon = [end[1] for _, *ends in WALLS for end in ends]
    west, south, east, north = bounds
    return (
        max(west, min(lon) - _AROUND_DEG), max(south, min(lat) - _AROUND_DEG),
        min(east, max(lon) + _AROUND_DEG), min(north, max(lat) + _AROUND_DEG),
    )  # fmt: skip


def _hides(xyz: Floats, corners: Floats) -> bool:
    """Tell whether a wall is between a place and a corner of the area."""
    here, there = np.broadcast_to(xyz, corners.shape), corners * EARTH_RADIUS_M
    return bool(np.any(least_way_m(here, there) > distance_m(here, there)))


def _corner(left: Floats, low: Floats, x: int, y: int) -> Floats:
    step = (-_OUT, 1.0 + _OUT)
    return to_xyz(low + _CELL_DEG * step[y], left + _CELL_DEG * step[x])
