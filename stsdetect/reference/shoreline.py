"""Land or sea, and how far to the shore: the packaged GSHHG shoreline, offline.

The asset ``data/shoreline.npz`` holds the rings of GSHHG *high* (Wessel and Smith 1996; LGPL-3, see
``data/NOTICE-shoreline``), rounded to 1e-4 degrees (11 m). `seeds/make_shoreline.py` makes it. Against
OpenStreetMap the shoreline is good to 89 m (median) and 412 m (nine in ten), and harbours built since are
missing: being on land is a remark about a position, never a reason to drop it.

Lakes of 1,000 km2 and more are water and their banks are shoreline: the Caspian Sea and the Great Lakes carry
tankers. Smaller lakes and rivers are land.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.reference.facts import data_file
from stsdetect.reference.nearest import NearestLine

_LEVEL_ANTARCTICA = 5
_CELLS_PER_DEGREE = 8
_COLUMNS, _ROWS = 360 * _CELLS_PER_DEGREE, 180 * _CELLS_PER_DEGREE
#: Where in its cell the point stands whose side is known, in coordinate units off the rounding lattice, so
#: that no vertex can lie on a line of latitude through it.
_OFF_LATTICE = 0.41
#: Edge tests made at once, which bounds memory.
_BATCH_TESTS = 200_000


@dataclass(frozen=True)
class _Rings:
    points: NDArray[np.int32]  # (n, 2) longitude and latitude in units
    sizes: Ints
    levels: NDArray[np.uint8]
    units: int  # units per degree

    @cached_property
    def edges(self) -> NDArray[np.int32]:
        """Positions of the first point of every edge; the second is the next point."""
        is_first = np.ones(len(self.points), dtype=np.bool_)
        is_first[np.cumsum(self.sizes) - 1] = False
        return np.flatnonzero(is_first).astype(np.int32)


def _unpack(packed: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Read zigzag varints (seven bits a byte, lowest first, top bit set on all but the last)."""
    end = np.flatnonzero(packed < 128).astype(np.int32)
    start = np.empty_like(end)
    start[0], start[1:] = 0, end[:-1] + 1
    values = (packed[start] & 127).astype(np.int32)
    part = 1
    rows = np.flatnonzero(end > start)
    while len(rows):
        values[rows] |= (packed[start[rows] + part] & 127).astype(np.int32) << (7 * part)
        part += 1
        rows = rows[end[rows] - start[rows] >= part]
    return (values >> 1) ^ -(values & 1)


def _read_rings() -> _Rings:
    with data_file("shoreline.npz").open("rb") as handle, np.load(handle, allow_pickle=False) as packed:
        steps = _unpack(packed["steps"]).reshape(2, -1)
        points = np.empty((steps.shape[1], 2), dtype=np.int32)
        np.cumsum(steps, axis=1, dtype=np.int32, out=points.T)
        sizes = packed["sizes"].astype(np.int64)
        return _Rings(points, sizes, packed["levels"], int(packed["units_per_degree"]))


class Shoreline:
    """Land and shore look-ups; take the shared one from `load_shoreline`.

    Its parts are made when first asked for: the index for `on_land` and the one for `distance_km` take about
    half a second each.

    Examples
    --------
    >>> shore = load_shoreline()
    >>> shore.on_land([39.03, 31.2], [125.75, 124.1]).tolist()  # Pyongyang; the East China Sea
    [True, False]
    """

    @cached_property
    def _rings(self) -> _Rings:
        return _read_rings()

    @cached_property
    def _land(self) -> _LandCells:
        return _LandCells(self._rings)

    @cached_property
    def _lines(self) -> NearestLine:
        rings = self._rings
        first = rings.edges[~_is_cut(rings)]
        return NearestLine(rings.points[first], rings.points[first + 1], per_degree=rings.units)

    def on_land(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Bools:
        """Tell for each place whether it is on land, shape (n,); False where a coordinate is not known.

        Longitudes may be in any turn. A latitude beyond the poles counts as not known.
        """
        lat, lon = _flat(lat_deg), _flat(lon_deg)
        result = np.zeros(lat.shape, dtype=np.bool_)
        known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90.0))
        if len(known):
            result[known] = self._land.holds(lat[known], _wrap(lon[known]))
        return result

    def distance_km(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
        """Return the great-circle distance to the nearest shoreline, negative on land [km], shape (n,).

        Exact against the packaged shoreline at any distance (to about a metre); NaN where a coordinate is
        not known.
        """
        lat, lon = _flat(lat_deg), _flat(lon_deg)
        lat = np.where(np.abs(lat) <= 90.0, lat, np.nan)
        distance = self._lines.distance_m(lat, lon) / 1000.0
        return np.asarray(np.where(self.on_land(lat, lon), -distance, distance))

    def polygons(
        self, lon_min: float, lat_min: float, lon_max: float, lat_max: float, *, max_vertices: int = 60_000
    ) -> list[Floats]:
        """Return the land within a view as closed rings of (longitude, latitude) [degrees], for drawing.

        Rings are clipped to the view and simplified to about a thousandth of its width (more where that
        leaves over ``max_vertices``). Fill them together by the even-odd rule: lakes are rings too. With
        ``lon_min > lon_max`` or ``lon_max > 180`` the view crosses the antimeridian, and longitudes run on
        from ``lon_min`` without a jump.
        """
        if lon_max < lon_min:
            lon_max += 360.0
        tolerance = (lon_max - lon_min) / 1500.0
        while True:
            rings = self._drawn((lon_min, lat_min, lon_max, lat_max), tolerance)
            if sum(map(len, rings)) <= max(max_vertices, 0):
                return rings
            tolerance *= 1.6

    @cached_property
    def _boxes(self) -> tuple[Ints, Floats]:
        """First point of every ring, and its box (west, south, east, north) [degrees]."""
        rings = self._rings
        first = np.cumsum(rings.sizes) - rings.sizes
        low = np.minimum.reduceat(rings.points, first, axis=0) / rings.units
        high = np.maximum.reduceat(rings.points, first, axis=0) / rings.units
        return first, np.hstack([low, high])

    def _drawn(self, view: tuple[float, float, float, float], tolerance: float) -> list[Floats]:
        import shapely

        first, box = self._boxes
        rings = self._rings
        drawn: list[Floats] = []
        for turn in (-360.0, 0.0, 360.0):
            west, east = view[0] - turn, view[2] - turn
            seen = (box[:, 0] < east) & (box[:, 2] > west) & (box[:, 1] < view[3]) & (box[:, 3] > view[1])
            seen &= np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) > 2.0 * tolerance
            for ring in np.flatnonzero(seen):
                points = rings.points[first[ring] : first[ring] + rings.sizes[ring]] / rings.units
                shape = shapely.Polygon(points).simplify(tolerance, preserve_topology=False)
                clipped = shapely.clip_by_rect(shape, west, view[1], east, view[3])
                for part in shapely.get_parts(clipped):
                    if part.geom_type == "Polygon" and not part.is_empty:
                        drawn.append(np.asarray(part.exterior.coords) + [turn, 0.0])
        return drawn


class _LandCells:
    """Which side of the shoreline a point is on, by counting the edges between it and a known point.

    The known point stands in the middle of a cell of an eighth of a degree. Whether it is on land is counted
    once, along its line of latitude, by the even-odd rule; from there to a point of the same cell only the
    edges that touch the cell can be crossed.
    """

    def __init__(self, rings: _Rings) -> None:
        self._points = rings.points
        self._units = rings.units
        self._size = rings.units // _CELLS_PER_DEGREE
        batches = range(0, len(rings.edges), _BATCH_TESTS)
        parts = [rings.edges[begin : begin + batches.step] for begin in batches]
        self._middle_on_land = self._count_middles(parts)
        self._edges, self._cells, self._first = self._edges_by_cell(parts)

    def _column_row(self, points: NDArray[np.generic]) -> tuple[Ints, Ints]:
        """Return the cells of points in units, shape (n, 2)."""
        column = (points[:, 0] + 180 * self._units) // self._size
        row = (points[:, 1] + 90 * self._units) // self._size
        return np.clip(column, 0, _COLUMNS - 1).astype(np.int64), np.clip(row, 0, _ROWS - 1).astype(np.int64)

    def _middle(self, cell: Ints, half_turn: int) -> Floats:
        return np.asarray(cell * self._size + self._size / 2.0 + _OFF_LATTICE - half_turn * self._units)

    def _count_middles(self, parts: list[NDArray[np.int32]]) -> Bools:
        """Tell for the middle of every cell whether an odd number of edges lies west of it."""
        south, west = (float(self._middle(np.zeros(1, dtype=np.int64), turn)[0]) for turn in (90, 180))
        begins = np.zeros(_ROWS * (_COLUMNS + 1), dtype=np.uint8)
        for edges in parts:
            a, b = self._points[edges].astype(np.float64), self._points[edges + 1].astype(np.float64)
            low = np.floor((np.minimum(a[:, 1], b[:, 1]) - south) / self._size).astype(np.int64) + 1
            high = np.floor((np.maximum(a[:, 1], b[:, 1]) - south) / self._size).astype(np.int64)
            which, step = _ragged(np.maximum(high - low + 1, 0))
            row = low[which] + step
            a, b = a[which], b[which]
            crossing = a[:, 0] + (self._middle(row, 90) - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
            column = np.clip(np.floor((crossing - west) / self._size).astype(np.int64) + 1, 0, _COLUMNS)
            np.add.at(begins, row * (_COLUMNS + 1) + column, 1)  # uint8 may wrap: only odd or even matters
        west_of = np.cumsum(begins.reshape(_ROWS, _COLUMNS + 1), axis=1, dtype=np.uint8)
        return np.asarray((west_of[:, :_COLUMNS] & 1).astype(np.bool_).ravel())

    def _edges_by_cell(self, parts: list[NDArray[np.int32]]) -> tuple[NDArray[np.int32], NDArray[np.int32], Ints]:
        """Return edges sorted by the cells they touch, the cells that have any, and where each begins."""
        cells, owners = [], []
        for edges in parts:
            column_a, row_a = self._column_row(self._points[edges])
            column_b, row_b = self._column_row(self._points[edges + 1])
            west, south = np.minimum(column_a, column_b), np.minimum(row_a, row_b)
            wide = np.abs(column_a - column_b) + 1
            which, step = _ragged(wide * (np.abs(row_a - row_b) + 1))
            cell = (south[which] + step // wide[which]) * _COLUMNS + west[which] + step % wide[which]
            cells.append(cell.astype(np.int32))
            owners.append(edges[which])
        cell = np.concatenate(cells)
        order = np.argsort(cell, kind="stable").astype(np.int32)
        cell = cell[order]
        first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
        return np.concatenate(owners)[order], cell[first], np.append(first, len(cell))

    def holds(self, lat: Floats, lon: Floats) -> Bools:
        """Tell for each place whether it is on land; longitudes in [-180, 180)."""
        places = np.column_stack([lon, lat]) * self._units
        column, row = self._column_row(places)
        cell = row * _COLUMNS + column
        result = self._middle_on_land[cell]
        slot = np.minimum(np.searchsorted(self._cells, cell), len(self._cells) - 1)
        counts = np.where(self._cells[slot] == cell, self._first[slot + 1] - self._first[slot], 0)
        middle = np.column_stack([self._middle(column, 180), self._middle(row, 90)])
        busy = np.flatnonzero(counts)
        batch = np.cumsum(counts[busy]) // _BATCH_TESTS
        for rows in np.split(busy, np.flatnonzero(np.diff(batch)) + 1):
            which, step = _ragged(counts[rows])
            edge = self._edges[self._first[slot[rows]][which] + step]
            a, b = self._points[edge].astype(np.float64), self._points[edge + 1].astype(np.float64)
            crossed = _cross(a, b, middle[rows][which], places[rows][which])
            result[rows] ^= (np.bincount(which[crossed], minlength=len(rows)) & 1).astype(np.bool_)
        return np.asarray(result)


def _cross(a: Floats, b: Floats, start: Floats, end: Floats) -> Bools:
    """Tell which edges a-b cross the way start-end; a vertex on the way counts for one of its edges only."""
    way, edge = end - start, b - a
    a_left = _turn(way, a - start) > 0
    b_left = _turn(way, b - start) > 0
    # Seen along the edge the same way whichever its direction, so that the two banks of a cut cancel out even
    # for a point exactly on it.
    sign = np.where(a_left, 1.0, -1.0)
    start_left = sign * _turn(edge, start - a) > 0
    end_left = sign * _turn(edge, end - a) > 0
    return np.asarray((a_left != b_left) & (start_left != end_left))


def _turn(along: Floats, to: Floats) -> Floats:
    return np.asarray(along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0])


def _ragged(counts: Ints) -> tuple[Ints, Ints]:
    """Return for counts (2, 0, 3) the owners 0 0 2 2 2 and the steps 0 1 0 1 2."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _is_cut(rings: _Rings) -> Bools:
    """Tell which edges are no shore but where the source cut a ring: at 180 degrees, at the South Pole, and
    down Antarctica's zero meridian.
    """
    a, b = rings.points[rings.edges], rings.points[rings.edges + 1]
    half = 180 * rings.units
    at_180 = (np.abs(a[:, 0]) == half) & (np.abs(b[:, 0]) == half)
    at_pole = (a[:, 1] == -90 * rings.units) & (b[:, 1] == -90 * rings.units)
    level = np.repeat(rings.levels, rings.sizes)[rings.edges]
    at_zero = (a[:, 0] == 0) & (b[:, 0] == 0) & (level == _LEVEL_ANTARCTICA)
    return np.asarray(at_180 | at_pole | at_zero)


def _flat(values: ArrayLike) -> Floats:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


def _wrap(lon: Floats) -> Floats:
    return np.asarray((lon + 180.0) % 360.0 - 180.0)


@cache
def load_shoreline() -> Shoreline:
    """Return the packaged shoreline, shared by all callers.

    Examples
    --------
    >>> load_shoreline() is load_shoreline()
    True
    """
    return Shoreline()
