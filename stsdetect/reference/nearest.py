"""Nearest distances on the sphere, through chords: nothing is scaled by a cosine of latitude.

A chord is the straight line through the Earth between two points of its surface. Nearest by chord is nearest
by great circle, so an ordinary k-d tree answers exactly, at the poles and over the
antimeridian too.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stsdetect.kernels.sphere import Floats, chord_to_arc, to_xyz
from stsdetect.units import EARTH_RADIUS_M, Metres

#: Answers and pieces are worked out this many at a time, which bounds memory.
_BATCH = 50_000


def kd_tree(points: Floats, **options: Any) -> Any:
    """Return a k-d tree of points, shape (n, 3); SciPy takes long to import and is not asked for earlier."""
    from scipy.spatial import cKDTree

    return cKDTree(points, **options)


class NearestPoint:
    """The nearest of some points on the sphere; of points equally near, the first as given.

    Parameters
    ----------
    lat_deg, lon_deg
        Places [degrees], shape (m,).
    """

    def __init__(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> None:
        self._vectors = to_xyz(_flat(lat_deg), _flat(lon_deg))

    @cached_property
    def _tree(self) -> Any:
        return kd_tree(self._vectors)

    def query(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
        """Return the positions (-1: none) and great-circle distances [m] of the nearest points, each (n,)."""
        lat, lon = _flat(lat_deg), _flat(lon_deg)
        which = np.full(lat.shape, -1, dtype=np.int64)
        distance = np.full(lat.shape, np.nan)
        known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        if not (len(self._vectors) and len(known)):
            return which, distance
        chords, places = self._tree.query(to_xyz(lat[known], lon[known]), k=min(4, len(self._vectors)))
        chords, places = chords.reshape(len(known), -1), places.reshape(len(known), -1)
        tied = chords <= chords[:, :1] + 1e-6
        which[known] = np.where(tied, places, len(self._vectors)).min(axis=1)
        distance[known] = chord_to_arc(chords[:, 0])
        return which, distance


class NearestLine:
    """Distance to the nearest of many line pieces on the sphere.

    Parameters
    ----------
    start, end
        Ends of the pieces as (longitude, latitude) [degrees], shape (m, 2); straight in longitude and
        latitude, as map data are, so long pieces are first cut into short ones.
    per_degree
        What one degree is in the numbers given; 1 unless they are scaled to integers.
    max_piece_m
        Longest piece after cutting [m]. A cut piece is a chord: at 2 km it lies 8 cm below the surface.
    """

    def __init__(self, start: ArrayLike, end: ArrayLike, *, per_degree: int = 1, max_piece_m: Metres = 2_000.0) -> None:
        low, high = np.asarray(start).reshape(-1, 2), np.asarray(end).reshape(-1, 2)
        batches = [slice(begin, begin + _BATCH) for begin in range(0, len(low), _BATCH)]
        sizes = [int(_parts(low[b] / per_degree, high[b] / per_degree, max_piece_m).sum()) for b in batches]
        self._middle = np.empty((sum(sizes), 3))
        self._along = np.empty((sum(sizes), 3), dtype=np.float32)
        filled = 0
        for batch, size in zip(batches, sizes, strict=True):
            a, b = _cut(low[batch] / per_degree, high[batch] / per_degree, max_piece_m)
            from_, to = to_xyz(a[:, 1], a[:, 0]), to_xyz(b[:, 1], b[:, 0])
            self._middle[filled : filled + size] = (from_ + to) / 2.0
            self._along[filled : filled + size] = to - from_
            filled += size
        self._half = float(np.sqrt((self._along**2).sum(axis=1).max(initial=0.0))) / 2.0
        self._tree = kd_tree(self._middle, leafsize=32, balanced_tree=False, compact_nodes=False)

    def distance_m(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
        """Return great-circle distances to the nearest piece [m], shape (n,); inf where there are no pieces.

        NaN where a coordinate is not known.
        """
        lat, lon = _flat(lat_deg), _flat(lon_deg)
        result = np.full(lat.shape, np.nan)
        known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        if not len(self._middle):
            result[known] = np.inf
            return result
        for begin in range(0, len(known), _BATCH):
            rows = known[begin : begin + _BATCH]
            result[rows] = chord_to_arc(self._chords(to_xyz(lat[rows], lon[rows])))
        return result

    def _chords(self, points: Floats) -> Floats:
        # No line is farther than the nearest middle, and the middle of the line that wins lies at most half
        # a piece beyond it: all that could win have their middle within that radius.
        nearest, _ = self._tree.query(points)
        near = self._tree.query_ball_point(points, (nearest + self._half) * (1.0 + 1e-6), return_sorted=False)
        counts = np.fromiter((len(found) for found in near), dtype=np.int64, count=len(near))
        pieces = np.concatenate([np.asarray(found, dtype=np.int64) for found in near])
        along = self._along[pieces].astype(np.float64)
        offset = np.repeat(points, counts, axis=0) - self._middle[pieces]
        share = (offset * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
        miss = offset - np.clip(share, -0.5, 0.5)[:, None] * along
        return np.asarray(np.sqrt(np.minimum.reduceat((miss**2).sum(axis=1), np.cumsum(counts) - counts)))


def _flat(values: ArrayLike) -> Floats:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


def _parts(start: Floats, end: Floats, max_piece_m: Metres) -> NDArray[np.int64]:
    """Return into how many parts each piece, straight in longitude and latitude, must be cut, shape (m,)."""
    # A bound on the length: longitude is widest at the end nearest the equator.
    lat = np.minimum(np.abs(start[:, 1]), np.abs(end[:, 1]))
    lat[start[:, 1] * end[:, 1] < 0] = 0.0
    north, east = end[:, 1] - start[:, 1], (end[:, 0] - start[:, 0]) * np.cos(np.radians(lat))
    length_m = np.radians(np.hypot(north, east)) * EARTH_RADIUS_M
    return np.maximum(np.ceil(length_m / max_piece_m), 1).astype(np.int64)


def _cut(start: Floats, end: Floats, max_piece_m: Metres) -> tuple[Floats, Floats]:
    parts = _parts(start, end, max_piece_m)
    which = np.repeat(np.arange(len(parts)), parts)
    step = np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)
    delta = (end - start)[which] / parts[which][:, None]
    low = start[which] + step[:, None] * delta
    return low, low + delta
