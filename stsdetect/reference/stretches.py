"""Which stretches of coast matter to some places: an index is made of those alone, and made anew where it must grow."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Bools, Floats, to_xyz
from stsdetect.reference.nearest import kd_tree
from stsdetect.units import EARTH_RADIUS_M

Index = TypeVar("Index")

#: Stretches of coast are chosen by squares of half a degree: fine enough to leave most coasts out, coarse
#: enough to compare all with all.
_SQUARES_PER_DEGREE = 2
_N_SQUARES = 360 * 180 * _SQUARES_PER_DEGREE**2
#: No point of a square is farther from its middle than this [m].
_SQUARE_M = 1.01 * np.radians(0.5**0.5 / _SQUARES_PER_DEGREE) * EARTH_RADIUS_M
#: Edges up to this long need no note of their length [degrees].
_SHORT_DEG = 0.02
#: Around places an index reaches so far, in steps [m]: the next ones near by then need no other.
_REACH_STEP_M = 10_000.0
#: So much further than was asked reaches an index that has to be made [m].
_MARGIN_M = 100_000.0
#: Each so-manieth edge gives a first bound on the distance.
_SAMPLE = 16
#: With places in more squares than this the whole shoreline is taken.
_MANY_SQUARES = 600


class Squares:
    """The edges of the shoreline by the square of half a degree their first point is in.

    Parameters
    ----------
    points
        Longitude and latitude [units], shape (n, 2).
    edges, cuts
        First points of all edges, and of those that are no shore; the second is the next point.
    units
        Units per degree.
    """

    def __init__(
        self, points: NDArray[np.int32], edges: NDArray[np.int32], cuts: NDArray[np.int32], units: int
    ) -> None:
        self._edges = edges
        square = _square(points[edges, 1] / units, points[edges, 0] / units)
        # Edges follow each other along the shore: mostly the next is in the same square.
        self._first, self._end = group_bounds(square.astype(np.int64))
        self._square_of_run = square[self._first]
        self.n_edges = np.bincount(square, minlength=_N_SQUARES)
        self._used = np.flatnonzero(self.n_edges)
        # A bound on the length of an edge: its greatest extent in degrees, times the root of two.
        extent = np.maximum(*np.abs(points[edges + 1] - points[edges]).T)
        long = np.flatnonzero(extent > _SHORT_DEG * units)
        degrees = np.full(_N_SQUARES, _SHORT_DEG)
        np.maximum.at(degrees, square[long], extent[long] / units)
        # Chords up to here from the middle of a square may lead to points of its edges [m].
        self._reach_m = _SQUARE_M + 1.5 * np.radians(degrees[self._used]) * EARTH_RADIUS_M
        self._middles = np.ascontiguousarray(_square_middles(self._used).T)
        sample = points[np.setdiff1d(edges[::_SAMPLE], cuts, assume_unique=True)] / units
        self._sample = kd_tree(to_xyz(sample[:, 1], sample[:, 0]), balanced_tree=False, compact_nodes=False)

    def at_most_m(self, lat: Floats, lon: Floats) -> Floats:
        """Return chords that lead to a point of the shoreline, if not to the nearest [m], shape (n,)."""
        return np.asarray(self._sample.query(to_xyz(lat, lon))[0])

    def within(self, square: NDArray[np.int32], chord_m: Floats) -> Bools:
        """Tell which squares may have edges within ``chord_m`` of a place in a square asked about, shape (squares,)."""
        result = np.zeros(_N_SQUARES, dtype=np.bool_)
        if len(square) > _MANY_SQUARES:
            result[:] = True
            return result
        near = np.zeros(len(self._used), dtype=np.bool_)
        for middle, chord in zip(_square_middles(square), chord_m, strict=True):
            x, y, z = (axis - here for axis, here in zip(self._middles, middle, strict=True))
            near |= np.sqrt(x * x + y * y + z * z) <= self._reach_m + (chord + _SQUARE_M) * (1.0 + 1e-6)
        result[self._used[near]] = True
        return result

    def edges(self, squares: Bools) -> NDArray[np.int32]:
        """Return the first points of the edges of some squares."""
        run = np.flatnonzero(squares[self._square_of_run])
        return self._edges[expand(self._first[run], (self._end - self._first)[run])[1]]


def _square(lat: Floats, lon: Floats) -> NDArray[np.int32]:
    row = np.clip((lat + 90.0) * _SQUARES_PER_DEGREE, 0, 180 * _SQUARES_PER_DEGREE - 1).astype(np.int32)
    column = ((lon + 180.0) % 360.0 * _SQUARES_PER_DEGREE).astype(np.int32)
    columns = 360 * _SQUARES_PER_DEGREE
    return np.asarray(row * columns + np.minimum(column, columns - 1))


def _square_middles(square: NDArray[np.integer]) -> Floats:
    row, column = np.divmod(square, 360 * _SQUARES_PER_DEGREE)
    return to_xyz((row + 0.5) / _SQUARES_PER_DEGREE - 90.0, (column + 0.5) / _SQUARES_PER_DEGREE - 180.0)


class Stretches(Generic[Index]):
    """An index of the squares asked for so far; of all, before indexes have taken more work than one of all.

    What an index answers does not depend on what else is in it. One object may serve several threads.
    """

    def __init__(self, squares: Squares, make: Callable[[Bools], Index]) -> None:
        self._squares = squares
        self._make = make
        self._lock = RLock()
        self._made: tuple[Bools, Index] | None = None
        self._edges_taken = 0
        # By square, how far around its places the index reaches [m].
        self._reach_m = np.full(_N_SQUARES, -1.0)

    def around(self, chord_m: Floats, lat: Floats, lon: Floats) -> Index:
        """Return an index of all that lies within ``chord_m`` of places, at least; shape (n,) each."""
        square = _square(lat, lon)
        with self._lock:
            fresh = chord_m > self._reach_m[square]
            made = self._made
            if made is not None and not fresh.any():
                return made[1]
            asked, place = np.unique(square[fresh], return_inverse=True)
            farthest = np.zeros(len(asked))
            np.maximum.at(farthest, place, np.ceil(chord_m[fresh] / _REACH_STEP_M) * _REACH_STEP_M)
            near = self._squares.within(asked, farthest)
            if made is None or (near & ~made[0]).any():
                # What is asked next mostly lies near by.
                near = self._squares.within(asked, farthest + _MARGIN_M)
            index = self.over(near)
            self._reach_m[asked] = np.maximum(self._reach_m[asked], farthest)
            return index

    def over(self, squares: Bools) -> Index:
        """Return an index of these squares at least."""
        with self._lock:
            made = self._made
            if made is not None:
                if not (squares & ~made[0]).any():
                    return made[1]
                squares = squares | made[0]
            self._edges_taken += int(self._squares.n_edges[squares].sum())
            if self._edges_taken > self._squares.n_edges.sum():
                squares = np.ones_like(squares)
            index = self._make(squares)
            self._made = squares, index
            if squares.all():
                self._reach_m[:] = np.inf
            return index
