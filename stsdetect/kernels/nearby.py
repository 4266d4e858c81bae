"""Which hulls could have been near each other in which stretch of time: a grid in time and 3-D space.

Cells are cubes of Earth-centred space, so they have the same size everywhere and no seam at 180 degrees.
The answer is a superset of the true contacts; the exact test follows in `contact`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stsdetect.kernels.contact import Legs
from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, norm

#: Cells per axis fit in 15 bits (32,767 cells of at least 500 m span the Earth's 12,742 km).
_AXIS_BITS = 15


@dataclass(frozen=True)
class BinBalls:
    """Where each hull was in each time bin: a ball that holds it, and whether its legs fill the bin.

    Arrays of shape (n,), ``centre`` of shape (n, 3) [m], sorted by ``key`` = hull and bin as one number.
    """

    key: Ints
    low_bin: int
    n_bins: int
    centre: Floats
    radius: Floats
    full: Bools

    def find(self, hull: Ints, time_bin: Ints) -> Ints:
        """Return the row of each hull and bin, both of which must be there."""
        return np.searchsorted(self.key, hull * self.n_bins + (time_bin - self.low_bin)).astype(np.int64)


def bin_balls(legs: Legs, fit: Bools, bin_us: int) -> BinBalls:
    """Enclose each hull in each time bin in which it has a leg; ``full`` where fit legs cover the whole bin.

    Parameters
    ----------
    legs
        Legs sorted by hull, then time.
    fit
        Which legs may count towards a full bin, shape (n legs,).
    bin_us
        Length of a time bin [us]; bins are counted from 1970.
    """
    first_bin = legs.t0_us // bin_us
    leg, time_bin = expand(first_bin, (legs.t1_us - 1) // bin_us - first_bin + 1)
    low, n_bins = int(time_bin.min()), int(time_bin.max() - time_bin.min()) + 1
    key = legs.hull[leg] * n_bins + (time_bin - low)
    begin, end = group_bounds(key)
    p0, p1 = np.take(legs.p0, leg, axis=0), np.take(legs.p1, leg, axis=0)
    least = np.minimum.reduceat(np.minimum(p0, p1), begin, axis=0)
    most = np.maximum.reduceat(np.maximum(p0, p1), begin, axis=0)
    # The legs of a bin fill it when they reach over both ends and each begins where the last one ended.
    joined = np.ones(leg.size, dtype=np.bool_)
    joined[1:] = legs.t0_us[leg[1:]] == legs.t1_us[leg[:-1]]
    joined[begin] = True
    full = np.logical_and.reduceat(joined & fit[leg], begin)
    full &= legs.t0_us[leg[begin]] <= time_bin[begin] * bin_us
    full &= legs.t1_us[leg[end - 1]] >= (time_bin[begin] + 1) * bin_us
    return BinBalls(key[begin], low, n_bins, (least + most) / 2.0, norm(most - least) / 2.0, full)


def _half_neighbourhood() -> list[tuple[int, int, int]]:
    """The cell itself and 13 of its 26 neighbours: each pair of neighbouring cells once."""
    steps = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]
    return [step for step in steps if step >= (0, 0, 0)]


def _first_of_equal(*columns: Ints) -> Bools:
    """Mark the rows that differ from the row before in any column."""
    fresh = np.zeros(columns[0].size, dtype=np.bool_)
    fresh[:1] = True
    for column in columns:
        fresh[1:] |= column[1:] != column[:-1]
    return fresh


def hull_cells(legs: Legs, reach_m: float, bin_us: int) -> tuple[Ints, Ints, int]:
    """Return where each hull was in each time bin: unique (bin and cell as one key, hull), and the first bin.

    Positions are sampled along the legs so closely that a sample is at most a quarter of a cell away.
    """
    first_bin = legs.t0_us // bin_us
    last_bin = (legs.t1_us - 1) // bin_us
    leg, time_bin = expand(first_bin, last_bin - first_bin + 1)
    start = np.maximum(legs.t0_us[leg], time_bin * bin_us)
    stop = np.minimum(legs.t1_us[leg], (time_bin + 1) * bin_us)
    p0, p1 = legs.at(leg, start), legs.at(leg, stop)
    n = np.maximum(np.ceil(norm(p1 - p0) / reach_m), 1).astype(np.int64)
    part, k = expand(np.zeros(n.size, dtype=np.int64), n)
    x = ((k + 0.5) / n[part])[:, None]
    place = p0[part] + x * (p1[part] - p0[part])
    cell = np.floor(place / (2.0 * reach_m)).astype(np.int64) + (1 << (_AXIS_BITS - 1))
    base = int(time_bin.min())
    code = (cell[:, 0] << (2 * _AXIS_BITS)) | (cell[:, 1] << _AXIS_BITS) | cell[:, 2]
    key = ((time_bin[part] - base) << (3 * _AXIS_BITS)) | code
    hull = legs.hull[leg[part]]
    # A hull at rest gives the same cell again and again: drop those before the sort.
    fresh = _first_of_equal(key, hull)
    key, hull = key[fresh], hull[fresh]
    order = np.lexsort((hull, key))
    key, hull = key[order], hull[order]
    fresh = _first_of_equal(key, hull)
    return key[fresh], hull[fresh], base


def candidate_pairs(legs: Legs, reach_m: float, bin_us: int) -> tuple[Ints, Ints, Ints]:
    """Return every (bin, a, b), a < b, in which two hulls may have come within ``reach_m`` of each other.

    Parameters
    ----------
    legs
        Legs of the hulls in question.
    reach_m
        Straight distance [m]; at least 250 m is used, so that cells can be numbered in 15 bits an axis.
    bin_us
        Length of a time bin [us]; bins are counted from 1970.

    Returns
    -------
    time_bin, a, b
        Shape (n,) each, unique, sorted by a, b, bin.
    """
    if legs.size == 0:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    key, hull, base = hull_cells(legs, max(reach_m, 250.0), bin_us)
    cells = key[_first_of_equal(key)]
    first = np.searchsorted(key, cells, side="left")
    count = np.searchsorted(key, cells, side="right") - first
    n_hulls, n_bins = int(hull.max()) + 1, int(key[-1] >> (3 * _AXIS_BITS)) + 1
    found: list[Ints] = []
    for x, y, z in _half_neighbourhood():
        shift = (x << (2 * _AXIS_BITS)) + (y << _AXIS_BITS) + z
        other = np.minimum(np.searchsorted(cells, cells + shift), cells.size - 1)
        here = np.flatnonzero(cells[other] == cells + shift)
        there = other[here]
        which, left = expand(first[here], count[here])
        again, right = expand(first[there][which], count[there][which])
        left = left[again]
        a, b = np.minimum(hull[left], hull[right]), np.maximum(hull[left], hull[right])
        triple = (a * n_hulls + b) * n_bins + (key[left] >> (3 * _AXIS_BITS))
        found.append(np.unique(triple[a != b]))
    triple = np.unique(np.concatenate(found))
    pair = triple // n_bins
    return triple % n_bins + base, pair // n_hulls, pair % n_hulls


def long_enough(time_bin: Ints, a: Ints, b: Ints, *, min_bins: int, max_empty: int, edges: tuple[int, int]) -> Ints:
    """Return the rows that belong to a run of at least ``min_bins`` bins in a row, or that touch an edge.

    Parameters
    ----------
    time_bin, a, b
        As `candidate_pairs` returns them.
    min_bins
        Bins a stretch must have to be of use.
    max_empty
        Bins without a candidate that a stretch may contain in a row.
    edges
        First and last bin of the stretch of time looked at. A run that lies at most ``max_empty`` bins (at
        least one) from them may go on outside.
    """
    begins = _first_of_equal(a, b)
    begins[1:] |= time_bin[1:] > time_bin[:-1] + 1 + max_empty
    run = np.cumsum(begins) - 1
    if run.size == 0:
        return run
    size = np.bincount(run)
    low = np.minimum.reduceat(time_bin, np.flatnonzero(begins))
    high = np.maximum.reduceat(time_bin, np.flatnonzero(begins))
    margin = max(max_empty, 1)
    good = (size >= min_bins) | (low <= edges[0] + margin) | (high >= edges[1] - margin)
    return np.flatnonzero(good[run])
