"""Waters behind a peninsula that a silent hull had no time to sail to, though they look near on the map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from stsdetect.kernels.prisms import Legs
from stsdetect.kernels.sphere import Bools, Ints, to_xyz
from stsdetect.reference.walls import WALLS, Boxes, View

#: Waters are taken out by whole cells of this size [degrees].
_CELL_DEG = 0.25
#: Corners that are asked stand so much farther out, in cells: more than a parallel bends over a cell (7 m).
_OUT = 0.05
#: Against rounding [s].
_SURE_S = 1.0
#: No cell farther than this from the box around all walls is asked [degrees]: there, few would be behind one.
_AROUND_DEG = 6.0


@dataclass(frozen=True)
class Seen:
    """Silences widened, and how the places before and after them see the walls."""

    legs: Legs
    before: View
    after: View

    @classmethod
    def of(cls, legs: Legs) -> Seen:
        """Look from the fixes of silences."""
        return cls(legs, View.of(legs.from_xyz), View.of(legs.to_xyz))


def behind_walls(bounds: tuple[float, float, float, float], seen: list[Seen], row: int, least_s: float) -> Any | None:
    """Return the cells of an area in which the hulls cannot have been, because of a wall; None where there are none.

    Parameters
    ----------
    bounds
        West, south, east and north of the area [degrees].
    seen, row
        The silences, and which row of them.
    least_s
        Time that the hulls must be able to stay [s].
    """
    column, line = _range(bounds[0], bounds[2], 0), _range(bounds[1], bounds[3], 1)
    cells = (line[:, None] * _size()[0] + column).ravel()
    begin, end = np.full(cells.size, -np.inf), np.full(cells.size, np.inf)
    hidden = np.zeros(cells.size, dtype=np.bool_)
    for one in seen if cells.size else ():
        leg = one.legs
        pace, slack = 1.0 / leg.speed_mps[row], leg.slack_m[row]
        out_m = _cells().least_way_m(one.before, row, cells)
        back_m = out_m if leg.is_open[row] else _cells().least_way_m(one.after, row, cells)
        begin = np.maximum(begin, leg.start_s[row] + np.maximum(out_m - slack, 0.0) * pace)
        home_s = 0.0 if leg.is_open[row] else np.maximum(back_m - slack, 0.0) * pace
        end = np.minimum(end, leg.end_s[row] - home_s)
        hidden |= (out_m > 0.0) | (back_m > 0.0)
    never = hidden & (end - begin < least_s - _SURE_S)
    return _shape(never.reshape(line.size, column.size), column, line) if never.any() else None


@cache
def _box() -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first and the last column, and line, of the cells that are asked, counted from 0 degrees."""
    ends = np.array([end for _, *ends in WALLS for end in ends])
    low, high = ends.min(axis=0) - _AROUND_DEG, ends.max(axis=0) + _AROUND_DEG
    south, west = np.floor(low / _CELL_DEG).astype(int).tolist()
    north, east = (np.ceil(high / _CELL_DEG).astype(int) - 1).tolist()
    return (west, east), (south, north)


def _size() -> tuple[int, ...]:
    """Return how many columns and lines there are."""
    return tuple(last - first + 1 for first, last in _box())


def _range(low_deg: float, high_deg: float, axis: int) -> Ints:
    """Return the columns (axis 0) or lines (axis 1) that touch an area, counted from the first that is asked."""
    first, last = _box()[axis]
    low, high = np.floor(low_deg / _CELL_DEG), np.ceil(high_deg / _CELL_DEG) - 1.0
    return np.arange(max(int(low), first), min(int(high), last) + 1) - first


@cache
def _cells() -> Boxes:
    """Return all cells that are asked, line by line."""
    (west, _), (south, _) = _box()
    columns, lines = _size()
    left, low = (axis.ravel() for axis in np.meshgrid(west + np.arange(columns) * 1.0, south + np.arange(lines) * 1.0))
    corners = [
        to_xyz(_CELL_DEG * (low + y), _CELL_DEG * (left + x))
        for x, y in ((-_OUT, -_OUT), (1.0 + _OUT, -_OUT), (1.0 + _OUT, 1.0 + _OUT), (-_OUT, 1.0 + _OUT))
    ]
    return Boxes.of(np.stack(corners, axis=1))


def _shape(some: Bools, column: Ints, line: Ints) -> Any:
    """Return cells, shape (lines, columns), as a polygon."""
    import shapely

    (west, _), (south, _) = _box()
    edge = np.diff(some.astype(np.int8), axis=1, prepend=0, append=0)
    row, first = np.nonzero(edge == 1)
    _, beyond = np.nonzero(edge == -1)
    left, low = _CELL_DEG * (west + column[first]), _CELL_DEG * (south + line[row])
    return shapely.union_all(shapely.box(left, low, left + _CELL_DEG * (beyond - first), low + _CELL_DEG))
