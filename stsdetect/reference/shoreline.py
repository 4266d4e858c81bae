"""Land or sea, and how far to the shore: the packaged GSHHG shoreline, offline.

The asset ``data/shoreline.npz`` holds the rings of GSHHG *high* (Wessel and Smith 1996; LGPL-3, see
``data/NOTICE-shoreline``), rounded to 1e-4 degrees (11 m). `seeds/make_shoreline.py` makes it. Indexes are made
only of the stretches of coast that can matter to the places asked about. Against
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
from stsdetect.reference.stretches import Squares, Stretches

CELLS_PER_DEGREE = 8
_COLUMNS, _ROWS = 360 * CELLS_PER_DEGREE, 180 * CELLS_PER_DEGREE
#: Where in its cell the point stands whose side is known, in coordinate units off the rounding lattice, so
#: that no vertex can lie on a line of latitude through it.
OFF_LATTICE = 0.41
#: A view is drawn to this part of its width: what a screen of high resolution can show, zoomed in a little.
_VIEW_PARTS = 6000.0
#: So much more finely near chosen places.
_FINER = 8.0
#: Edge tests made at once, which bounds memory.
_BATCH_TESTS = 200_000


@dataclass(frozen=True)
class _Rings:
    points: NDArray[np.int32]  # (n, 2) longitude and latitude in units
    sizes: Ints
    middles: Bools  # whether the middle of each cell is on land, shape (_ROWS * _COLUMNS,)
    cuts: NDArray[np.int32]  # first points of edges that are no shore: where the source cut a ring
    units: int  # units per degree

    @cached_property
    def edges(self) -> NDArray[np.int32]:
        """Positions of the first point of every edge; the second is the next point."""
        is_first = np.ones(len(self.points), dtype=np.bool_)
        is_first[np.cumsum(self.sizes) - 1] = False
        return np.flatnonzero(is_first).astype(np.int32)


def _read_rings() -> _Rings:
    with data_file("shoreline.npz").open("rb") as handle, np.load(handle, allow_pickle=False) as packed:
        sizes = packed["sizes"].astype(np.int64)
        bytes_ = packed["steps"]  # longitudes and latitudes, of each the low and the high bytes of int16
        steps = bytes_[:, 0].astype(np.int32) | (bytes_[:, 1].view(np.int8).astype(np.int32) << 8)
        steps[:, np.cumsum(sizes) - sizes] = packed["jumps"]
        steps.ravel()[packed["far_at"]] = packed["far"]
        points = np.empty((steps.shape[1], 2), dtype=np.int32)
        np.cumsum(steps, axis=1, dtype=np.int32, out=points.T)
        middles = np.unpackbits(packed["middles"]).astype(np.bool_)
        return _Rings(points, sizes, middles, packed["cuts"], int(packed["units_per_degree"]))


class Shoreline:
    """Land and shore look-ups; take the shared one from `load_shoreline`.

    Its indexes are made when first asked for, of the coasts around the places asked about: reading takes about
    0.1 s, the indexes of a sea as much again, those of the whole world about a second.

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
    def _squares(self) -> Squares:
        rings = self._rings
        return Squares(rings.points, rings.edges, rings.cuts, rings.units)

    @cached_property
    def _land(self) -> Stretches[_LandCells]:
        return Stretches(self._squares, lambda squares: _LandCells(self._rings, self._squares.edges(squares)))

    @cached_property
    def _lines(self) -> Stretches[NearestLine]:
        points, units = self._rings.points, self._rings.units

        def make(squares: Bools) -> NearestLine:
            first = self._squares.edges(squares)
            first = first[~np.isin(first, self._rings.cuts)]
            return NearestLine(points[first], points[first + 1], per_degree=units)

        return Stretches(self._squares, make)

    def get_ready(self) -> None:
        """Read the asset, where that is not done yet."""
        _ = self._squares

    def on_land(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Bools:
        """Tell for each place whether it is on land, shape (n,); False where a coordinate is not known.

        Longitudes may be in any turn. A latitude beyond the poles counts as not known.
        """
        lat, lon = _flat(lat_deg), _flat(lon_deg)
        result = np.zeros(lat.shape, dtype=np.bool_)
        known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90.0))
        if len(known):
            lat, lon = lat[known], _wrap(lon[known])
            result[known] = self._land.around(np.zeros(len(known)), lat, lon).holds(lat, lon)
        return result

    @cached_property
    def _inland(self) -> Bools:
        """Cells of which the middle and those of the eight around it are on land, shape (_ROWS, _COLUMNS)."""
        land = self._rings.middles.reshape(_ROWS, _COLUMNS)
        wide = land & np.roll(land, 1, axis=1) & np.roll(land, -1, axis=1)
        result = wide.copy()
        result[1:] &= wide[:-1]
        result[:-1] &= wide[1:]
        return result

    def maybe_inland(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """Tell for each place whether a coarse grid has land all around it, shape (n,): quick, to ask further there.

        Latitudes in [-90, 90], longitudes in [-180, 180]. A place more than about 30 km from any sea is always marked.
        """
        return np.asarray(self._inland.ravel()[grid_cells(lat_deg, lon_deg)])

    def distance_km(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
        """Return the great-circle distance to the nearest shoreline, negative on land [km], shape (n,).

        Exact against the packaged shoreline at any distance (to about a metre); NaN where a coordinate is
        not known.
        """
        distance = self.shore_km(lat_deg, lon_deg)
        return np.asarray(np.where(self.on_land(lat_deg, lon_deg), -distance, distance))

    def shore_km(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
        """Return the great-circle distance to the nearest shoreline from either side of it [km], shape (n,)."""
        lat, lon = _flat(lat_deg), _flat(lon_deg)
        lat = np.where(np.abs(lat) <= 90.0, lat, np.nan)
        distance = np.full(lat.shape, np.nan)
        known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        if len(known):
            lines = self._lines.around(self._squares.at_most_m(lat[known], lon[known]), lat[known], lon[known])
            distance[known] = lines.distance_m(lat[known], lon[known]) / 1000.0
        return distance

    def polygons(
        self,
        lon_min: float,
        lat_min: float,
        lon_max: float,
        lat_max: float,
        *,
        max_vertices: int = 60_000,
        near: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> list[Floats]:
        """Return the land within a view as closed rings of (longitude, latitude) [degrees], for drawing.

        Rings are clipped to the view and simplified to about a 6,000th of its width (more where that leaves
        over ``max_vertices``). Fill them together by the even-odd rule: lakes are rings too. With
        ``lon_min > lon_max`` or ``lon_max > 180`` the view crosses the antimeridian, and longitudes run on
        from ``lon_min`` without a jump.

        Parameters
        ----------
        max_vertices
            Most points in all.
        near
            Longitudes and latitudes [degrees], the longitudes as in the view, of places within about 1 degree of
            which the land is drawn eight times as finely.
        """
        if lon_max < lon_min:
            lon_max += 360.0
        view = lon_min, lat_min, lon_max, lat_max
        places = None if near is None else np.column_stack([_flat(near[0]), _flat(near[1])])
        tolerance = (lon_max - lon_min) / _VIEW_PARTS
        outlines = self._outlines(view, 2.0 * tolerance / (1.0 if places is None else _FINER))
        while True:
            outlines = [_simplified(outline, tolerance, places) for outline in outlines]
            rings = [ring for outline in outlines for ring in _clipped(outline, view)]
            count = sum(map(len, rings))
            if count <= max(max_vertices, 0):
                return rings
            tolerance *= min(max(count / max(max_vertices, 1), 1.3), 4.0)

    @cached_property
    def _boxes(self) -> tuple[Ints, Floats]:
        """First point of every ring, and its box (west, south, east, north) [degrees]."""
        rings = self._rings
        first = np.cumsum(rings.sizes) - rings.sizes
        low = np.minimum.reduceat(rings.points, first, axis=0) / rings.units
        high = np.maximum.reduceat(rings.points, first, axis=0) / rings.units
        return first, np.hstack([low, high])

    def _outlines(self, view: tuple[float, float, float, float], least: float) -> list[_Outlines]:
        """Return the rings that touch a view and are over ``least`` large [degrees], rough outside it.

        Of points that follow each other on the same side of the view only the first and the last stay: the line
        between them cannot enter it.
        """
        rings = self._rings
        first, box = self._boxes
        found = []
        for turn in (-360, 0, 360):
            west, south, east, north = view[0] - turn, view[1], view[2] - turn, view[3]
            seen = (box[:, 0] < east) & (box[:, 2] > west) & (box[:, 1] < north) & (box[:, 3] > south)
            seen &= np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) > least
            ring, step = _ragged(rings.sizes[seen])
            points = rings.points[first[seen][ring] + step]
            lon, lat = points[:, 0] / rings.units, points[:, 1] / rings.units
            side = np.select([lon < west, lon > east, lat < south, lat > north], [1, 2, 3, 4], 0)
            change = np.diff(side + 5 * ring, prepend=-1, append=-1) != 0
            keep = (side == 0) | change[:-1] | change[1:]
            points = points[keep] + np.array([turn * rings.units, 0], dtype=np.int32)
            found.append(_Outlines(points, ring[keep], rings.units).closed())
        return [outlines for outlines in found if len(outlines.ring)]


def grid_cells(lat_deg: Floats, lon_deg: Floats) -> Ints:
    """Return the numbers of the cells of an eighth of a degree that hold places, shape (n,)."""
    row = np.clip(((lat_deg + 90.0) * CELLS_PER_DEGREE).astype(np.int64), 0, _ROWS - 1)
    return np.asarray(row * _COLUMNS + ((lon_deg + 180.0) * CELLS_PER_DEGREE).astype(np.int64) % _COLUMNS)


def grid_around(lat_deg: Floats, lon_deg: Floats) -> Ints:
    """Return the numbers of the cells that hold places and of the eight around each, shape (n, 9)."""
    row, column = np.divmod(grid_cells(lat_deg, lon_deg), _COLUMNS)
    return np.stack(
        [
            np.clip(row + north, 0, _ROWS - 1) * _COLUMNS + (column + east) % _COLUMNS
            for north in (-1, 0, 1)
            for east in (-1, 0, 1)
        ],
        axis=1,
    )


@dataclass(frozen=True)
class _Outlines:
    """Points of some rings [units], shape (n, 2), and which ring each is of, rising."""

    points: NDArray[np.int32]
    ring: Ints
    units: int

    def closed(self) -> _Outlines:
        """Return those rings that have the four points a ring needs."""
        enough = np.bincount(self.ring)[self.ring] >= 4 if len(self.ring) else np.zeros(0, dtype=np.bool_)
        return _Outlines(self.points[enough], self.ring[enough], self.units)


def _simplified(outlines: _Outlines, tolerance: float, places: Floats | None) -> _Outlines:
    """Leave out points (Douglas and Peucker), fewer of them near the places; ``tolerance`` in degrees."""
    points, ring, units = outlines.points, outlines.ring, outlines.units
    keep = _kept(outlines, tolerance * units)
    if places is not None and len(places):
        fine = np.zeros(len(ring), dtype=np.bool_)
        fine[_near(points / units, places)] = True
        keep |= fine & _kept(outlines, tolerance * units / _FINER)
    return _Outlines(points[keep], ring[keep], units).closed()


def _kept(outlines: _Outlines, tolerance: float) -> Bools:
    import shapely

    if not len(outlines.ring):
        return np.zeros(0, dtype=np.bool_)
    _, number = np.unique(outlines.ring, return_inverse=True)
    lines = shapely.linestrings(outlines.points.astype(np.float64), indices=number)
    simple, owner = shapely.get_coordinates(
        shapely.simplify(lines, tolerance, preserve_topology=False), return_index=True
    )
    return np.isin(_key(outlines.points, number), _key(simple.astype(np.int64), owner))


def _key(points: NDArray[np.integer], ring: Ints) -> Ints:
    """Return one number for a point of a ring: 18 bits of ring, 24 of longitude, 21 of latitude."""
    lon, lat = points[:, 0].astype(np.int64) + (1 << 23), points[:, 1].astype(np.int64) + (1 << 20)
    return np.asarray((ring << 45) | (lon << 21) | lat)


def _near(points: Floats, places: Floats) -> Bools:
    """Tell which points are in the half degree of a place or in those around it, by (longitude, latitude)."""
    cells = np.zeros((2 * 3 * 360, 2 * 180), dtype=np.bool_)  # three turns

    def cell(at: Floats) -> tuple[Ints, Ints]:
        column = np.floor(2.0 * (at[:, 0] + 540.0)).astype(np.int64)
        row = np.floor(2.0 * (at[:, 1] + 90.0)).astype(np.int64)
        return np.clip(column, 0, cells.shape[0] - 1), np.clip(row, 0, cells.shape[1] - 1)

    column, row = cell(places)
    for east in range(-2, 3):
        for north in (-1, 0, 1):
            cells[np.clip(column + east, 0, cells.shape[0] - 1), np.clip(row + north, 0, cells.shape[1] - 1)] = True
    return np.asarray(cells[cell(points)])


def _clipped(outlines: _Outlines, view: tuple[float, float, float, float]) -> list[Floats]:
    import shapely

    if not len(outlines.ring):
        return []
    _, number = np.unique(outlines.ring, return_inverse=True)
    shapes = shapely.polygons(shapely.linearrings(outlines.points / outlines.units, indices=number))
    parts = shapely.get_parts(shapely.clip_by_rect(shapes, *view))
    whole = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return [shapely.get_coordinates(part.exterior) for part in whole]


class _LandCells:
    """Which side of the shoreline a point is on, by counting the edges between it and a known point.

    The known point stands in the middle of a cell of an eighth of a degree, and the asset says whether it is on
    land; from there to a point of the same cell only the edges that touch the cell can be crossed.
    """

    def __init__(self, rings: _Rings, edges: NDArray[np.int32]) -> None:
        self._points = rings.points
        self._units = rings.units
        self._size = rings.units // CELLS_PER_DEGREE
        self._middle_on_land = rings.middles
        batches = range(0, max(len(edges), 1), _BATCH_TESTS)
        self._edges, self._cells, self._first = self._edges_by_cell(
            [edges[begin : begin + batches.step] for begin in batches]
        )

    def _column_row(self, points: NDArray[np.generic]) -> tuple[Ints, Ints]:
        """Return the cells of points in units, shape (n, 2)."""
        column = (points[:, 0] + 180 * self._units) // self._size
        row = (points[:, 1] + 90 * self._units) // self._size
        return np.clip(column, 0, _COLUMNS - 1).astype(np.int64), np.clip(row, 0, _ROWS - 1).astype(np.int64)

    def _middle(self, cell: Ints, half_turn: int) -> Floats:
        return np.asarray(cell * self._size + self._size / 2.0 + OFF_LATTICE - half_turn * self._units)

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
        first = np.flatnonzero(np.diff(cell, prepend=-1))
        return np.concatenate(owners)[order], cell[first], np.append(first, len(cell))

    def holds(self, lat: Floats, lon: Floats) -> Bools:
        """Tell for each place whether it is on land; longitudes in [-180, 180)."""
        places = np.column_stack([lon, lat]) * self._units
        column, row = self._column_row(places)
        cell = row * _COLUMNS + column
        result = self._middle_on_land[cell]
        if not len(self._cells):
            return np.asarray(result)
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
