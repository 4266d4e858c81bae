"""Which hulls could have been near each other in which stretch of time: a grid in time and 3-D space.

Cells are cubes of Earth-centred space, so they have the same size everywhere and no seam at 180 degrees.
The answer is a superset of the true contacts; the exact test follows in `contact`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, starmap
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.choice import compiled
from stsdetect.kernels.contact import SLACK_M, Legs
from stsdetect.kernels.runs import expand
from stsdetect.kernels.sphere import Bools, Floats, Ints, norm

#: Cells per axis fit in 15 bits (32,767 cells of at least 500 m span the Earth's 12,742 km).
_AXIS_BITS = 15
#: Most time bins that may be looked through at once (7 years of half hours): they fit beside a cell in 63 bits.
MOST_BINS = 1 << 17
#: Least reach that cells are made for, so that they can be numbered so [m].
_LEAST_REACH_M = 250.0
#: Neighbours looked at together; as many as stay in the cache. Bounds memory, not results.
_BLOCK = 1 << 16
#: Legs handed to a compiled loop together, about.
_PART = 1 << 18
Bytes = NDArray[np.uint8]
#: Calls a function with each of many arguments, like `itertools.starmap`.
Spread = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]
#: The neighbours of a cell as lines of three along z: half of the lines around it, and all nine.
_HALF = ((0, 1), (1, -1), (1, 0), (1, 1))
_ALL = tuple((x, y) for x in (-1, 0, 1) for y in (-1, 0, 1))


@dataclass(frozen=True)
class HullBins:
    """Where each hull was in each time bin in which it has a leg; sorted by hull, then bin.

    Arrays of shape (n,), ``centre`` of shape (n, 3) [m]. The legs ``first`` to ``last`` (one past) share time with
    the bin, a ball around ``centre`` holds them whole, and ``full`` says whether legs that are fit cover the bin.
    ``calm`` says that all its legs are left out, ``mixed`` that some are. ``kinds`` are the kinds of all its legs as
    bits, ``loose`` of those that are not left out.
    """

    hull: Ints
    time_bin: Ints
    first: Ints
    last: Ints
    centre: Floats
    radius: Floats
    full: Bools
    calm: Bools
    mixed: Bools
    kinds: Bytes
    loose: Bytes

    @property
    def size(self) -> int:
        """Number of hulls and bins."""
        return int(self.hull.size)

    def apart(self, one: Ints, two: Ints) -> tuple[Floats, Floats]:
        """Return the distance of the centres of two balls, and their radii together [m], shape (m,) each."""
        x, y, z = (axis[one] - axis[two] for axis in self.centre.T)
        distance: Floats = np.sqrt(x * x + y * y + z * z)
        return distance, self.radius[one] + self.radius[two] + SLACK_M


def hull_bins(
    legs: Legs,
    fit: Bools,
    out: Bools | None,
    bin_us: int,
    edges: tuple[int, int],
    *,
    kinds: Bytes | None = None,
    spread: Spread = starmap,
) -> HullBins:
    """Enclose each hull in each time bin from ``edges[0]`` to ``edges[1]`` in which it has a leg.

    Parameters
    ----------
    legs
        Legs sorted by hull, then time.
    fit
        Which legs may count towards a full bin, shape (n legs,).
    out
        Which legs are left out where they meet their like, shape (n legs,); None for none.
    bin_us
        Length of a time bin [us]; bins are counted from 1970.
    edges
        First and last bin.
    kinds
        Of what kinds each leg is, as bits, shape (n legs,): it can meet only one with which it shares a kind. None
        means that all can.
    spread
        Calls a function with each of many arguments and yields what it returns, in order, by several threads perhaps;
        compiled loops are handed to it.
    """
    kinds = np.ones(legs.size, dtype=np.uint8) if kinds is None else kinds
    fast = compiled("nearby")
    if fast:
        return _hull_bins(fast, legs, fit, out, bin_us, edges, kinds, spread)
    first_bin, last_bin = legs.t0_us // bin_us, (legs.t1_us - 1) // bin_us
    first_bin, last_bin = np.maximum(first_bin, edges[0]), np.minimum(last_bin, edges[1])
    leg, time_bin = expand(first_bin, np.maximum(last_bin - first_bin + 1, 0))
    fresh = np.zeros(leg.size, dtype=np.bool_)
    fresh[:1] = True
    hull = legs.hull[leg]
    fresh[1:] = (hull[1:] != hull[:-1]) | (time_bin[1:] != time_bin[:-1])
    begin = np.flatnonzero(fresh)
    first, last = leg[begin], leg[np.append(begin[1:], leg.size)[: begin.size] - 1] + 1
    hull, time_bin = hull[begin], time_bin[begin]
    least, most = np.empty((begin.size, 3)), np.empty((begin.size, 3))
    for k in range(3):
        p0, p1 = legs.p0[:, k], legs.p1[:, k]
        least[:, k] = over_ranges(np.minimum, np.minimum(p0, p1), first, last)
        most[:, k] = over_ranges(np.maximum, np.maximum(p0, p1), first, last)
    # The legs of a bin fill it when they reach over both ends and each begins where the last one ended.
    unfit = ~fit
    parted = np.zeros(legs.size, dtype=np.bool_)
    parted[:-1] = (legs.t0_us[1:] != legs.t1_us[:-1]) | (legs.hull[1:] != legs.hull[:-1])
    full = ~over_ranges(np.logical_or, unfit, first, last)
    several = np.flatnonzero(last - first > 1)
    full[several] &= ~over_ranges(np.logical_or, parted, first[several], last[several] - 1)
    full &= (legs.t0_us[first] <= time_bin * bin_us) & (legs.t1_us[last - 1] >= (time_bin + 1) * bin_us)
    calm = mixed = np.zeros(begin.size, dtype=np.bool_)
    if out is not None:
        calm, mixed = over_ranges(np.logical_and, out, first, last), over_ranges(np.logical_or, out, first, last)
    centre = np.asfortranarray((least + most) / 2.0)
    own = over_ranges(np.bitwise_or, kinds, first, last)
    loose = own if out is None else over_ranges(np.bitwise_or, np.where(out, np.uint8(0), kinds), first, last)
    radius = norm(most - least) / 2.0
    return HullBins(hull, time_bin, first, last, centre, radius, full, calm, mixed, own, loose)


def _hull_bins(
    fast: ModuleType,
    legs: Legs,
    fit: Bools,
    out: Bools | None,
    bin_us: int,
    edges: tuple[int, int],
    kinds: Bytes,
    spread: Spread,
) -> HullBins:
    left_out = np.zeros(legs.size, dtype=np.bool_) if out is None else out
    # Cut between hulls, in parts large enough that a call does not show.
    cuts = np.arange(0, legs.size, _PART)
    cuts = np.unique(np.append(np.searchsorted(legs.hull, legs.hull[cuts]), legs.size))

    columns = legs.hull, legs.t0_us, legs.t1_us, legs.p0, legs.p1, fit, left_out, kinds
    parts = [(low, high, tuple(values[low:high] for values in columns)) for low, high in pairwise(cuts.tolist())]

    def count(low: int, high: int, part: tuple[np.ndarray, ...]) -> int:
        return int(fast.count_bins(*part[:3], bin_us, *edges))

    ends = np.cumsum([0, *spread(count, parts)])
    n = int(ends[-1])
    numbers, marks = np.empty((4, n), dtype=np.int64), np.zeros((3, n), dtype=np.bool_)
    least, most, bits = np.empty((3, n)), np.empty((3, n)), np.zeros((2, n), dtype=np.uint8)

    def fill(begin: int, low: int, part: tuple[np.ndarray, ...]) -> None:
        fast.fill_bins(*part, bin_us, *edges, begin, low, numbers, least, most, marks, bits)

    begins = zip(ends.tolist(), parts, strict=False)
    for _ in spread(fill, ((begin, low, part) for begin, (low, _, part) in begins)):
        pass
    hull, time_bin, first, last = numbers
    full, calm, mixed = marks
    centre, radius = ((least + most) / 2.0).T, norm((most - least).T) / 2.0
    return HullBins(hull, time_bin, first, last, centre, radius, full, calm, mixed, *bits)


def over_ranges(how: np.ufunc, values: np.ndarray, first: Ints, last: Ints) -> np.ndarray:
    """Apply a ufunc over ``values[first:last]`` of many ranges, none of them empty."""
    if first.size == 0:
        return values[:0]
    bounds = np.stack([first, last], axis=1).ravel()
    # One value more, so that a range may end at the last one.
    return np.asarray(how.reduceat(np.append(values, values[-1]), bounds)[::2])


def _first_of_equal(*columns: Ints) -> Bools:
    """Mark the rows that differ from the row before in any column."""
    fresh = np.zeros(columns[0].size, dtype=np.bool_)
    fresh[:1] = True
    for column in columns:
        fresh[1:] |= column[1:] != column[:-1]
    return fresh


def hull_cells(legs: Legs, bins: HullBins, reach_m: float, bin_us: int) -> tuple[Ints, Ints]:
    """Return in which cells each hull was in each bin: bin and cell as one key, and the row of ``bins``.

    A place in the cell given is at most a quarter of a cell's width away from any point of the hull's way: that
    is the centre of its ball where this is small, else places along its legs. Sorted by key, then row.
    """
    reach_m = max(reach_m, _LEAST_REACH_M)
    wide = bins.radius > reach_m / 2.0
    small, large = np.flatnonzero(~wide), np.flatnonzero(wide)
    row, leg = expand(bins.first[large], bins.last[large] - bins.first[large])
    row = large[row]
    start = np.maximum(legs.t0_us[leg], bins.time_bin[row] * bin_us)
    stop = np.minimum(legs.t1_us[leg], (bins.time_bin[row] + 1) * bin_us)
    p0, p1 = legs.at(leg, start), legs.at(leg, stop)
    n = np.maximum(np.ceil(norm(p1 - p0) / reach_m), 1).astype(np.int64)
    part, k = expand(np.zeros(n.size, dtype=np.int64), n)
    x = ((k + 0.5) / n[part])[:, None]
    place = np.concatenate([bins.centre[small], p0[part] + x * (p1[part] - p0[part])])
    row = np.concatenate([small, row[part]])
    cell = np.floor(place / (2.0 * reach_m)).astype(np.int64) + (1 << (_AXIS_BITS - 1))
    time_bin = bins.time_bin[row] - int(bins.time_bin.min())
    key = (((((time_bin << _AXIS_BITS) | cell[:, 0]) << _AXIS_BITS) | cell[:, 1]) << _AXIS_BITS) | cell[:, 2]
    # A hull often gives the same cell several times in a row: drop those before the sort.
    fresh = _first_of_equal(key, row)
    key, row = key[fresh], row[fresh]
    order = np.lexsort((row, key))
    key, row = key[order], row[order]
    fresh = _first_of_equal(key, row)
    return key[fresh], row[fresh]


def candidate_pairs(
    legs: Legs, bins: HullBins, reach_m: float, bin_us: int, spread: Spread = starmap
) -> tuple[Ints, Ints]:
    """Return all two rows of ``bins``, of one bin and different hulls, that may have met within ``reach_m``.

    They share a kind of leg, too. Two rows that are both ``calm`` are never looked at together: a harbour of moored
    hulls costs no more than the hulls in it.

    Parameters
    ----------
    legs, bins
        As handed to and returned by `hull_bins`.
    reach_m
        Straight distance [m].
    bin_us
        Length of a time bin [us].
    spread
        As for `hull_bins`.

    Returns
    -------
    one, two
        Shape (n,) each, unique, the lesser hull first, sorted by both hulls, then bin.
    """
    none = np.zeros(0, dtype=np.int64)
    if bins.size == 0:
        return none, none
    fast = compiled("nearby")
    if fast:
        number, size = _numbers(fast, legs, bins, reach_m, bin_us, spread)
        return _rows(fast, bins, number, size, (1, 0), (0, 0))
    n_hulls, low = int(bins.hull.max()) + 1, int(bins.time_bin.min())
    n_bins = int(bins.time_bin.max()) - low + 1
    key, row = hull_cells(legs, bins, reach_m, bin_us)
    calm = bins.calm[row]
    found = [(none, none)]
    busy_key, busy = key[~calm], row[~calm]
    for left, right in _neighbours(busy_key, busy_key, _HALF, own=True):
        found.append(_in_reach(bins, busy[left], busy[right], reach_m))
    if busy.size < row.size:
        calm_key, still = key[calm], row[calm]
        for left, right in _neighbours(busy_key, calm_key, _ALL, own=False):
            found.append(_in_reach(bins, busy[left], still[right], reach_m))
    one, two = (np.concatenate(side) for side in zip(*found, strict=True))
    triple = (bins.hull[one] * n_hulls + bins.hull[two]) * n_bins + (bins.time_bin[one] - low)
    # Hulls that move lie in several cells, so that two may be neighbours more than once.
    order = np.argsort(triple, kind="stable")
    order = order[_first_of_equal(triple[order])]
    return one[order], two[order]


def useful_pairs(
    legs: Legs,
    bins: HullBins,
    reach_m: float,
    bin_us: int,
    *,
    min_bins: int,
    max_empty: int,
    edges: tuple[int, int],
    spread: Spread = starmap,
) -> tuple[Ints, Ints]:
    """Return those of the `candidate_pairs` that are `long_enough`."""
    fast = compiled("nearby")
    if fast and bins.size:
        number, size = _numbers(fast, legs, bins, reach_m, bin_us, spread)
        return _rows(fast, bins, number, size, (min_bins, max_empty), edges)
    one, two = candidate_pairs(legs, bins, reach_m, bin_us)
    columns = bins.time_bin[one], bins.hull[one], bins.hull[two]
    useful = long_enough(*columns, min_bins=min_bins, max_empty=max_empty, edges=edges)
    return one[useful], two[useful]


def _numbers(
    fast: ModuleType, legs: Legs, bins: HullBins, reach_m: float, bin_us: int, spread: Spread
) -> tuple[Ints, tuple[int, int, int]]:
    """Return a number for the two hulls and the bin of each candidate, rising, some twice; and what they go by."""
    low = int(bins.time_bin.min())
    size = int(bins.hull.max()) + 1, low, int(bins.time_bin.max()) - low + 1
    where = bins.centre.T, bins.radius
    times = legs.t0_us, legs.t1_us, legs.p0, legs.p1
    wide_m = max(reach_m, _LEAST_REACH_M)
    # Bins do not know each other: so many of them at once that their rows stay in the cache.
    time_bin = bins.time_bin - size[1]
    by_bin = np.argsort(time_bin.astype(np.uint16) if size[2] < 1 << 16 else time_bin, kind="stable")
    ends = np.cumsum(np.bincount(time_bin))
    cuts = np.unique(np.append(ends[np.searchsorted(ends, np.arange(0, bins.size, _BLOCK))], [0, bins.size]))

    def numbers(low: int, high: int) -> Ints:
        asked = by_bin[low:high]
        key, row = fast.cells(*times, asked, bins.time_bin, bins.first, bins.last, *where, bin_us, size[1], wide_m)
        order = np.argsort(key, kind="stable")
        key, row = key[order], row[order]
        fresh = _first_of_equal(key, row)
        kinds = bins.calm, bins.kinds, bins.loose
        number = fast.pairs(key[fresh], row[fresh], *kinds, bins.hull, bins.time_bin, *where, reach_m, *size)
        # Hulls that move lie in several cells, so that two may be neighbours more than once.
        number = fast.sorted_numbers(number, bits)
        return np.asarray(number[_first_of_equal(number)])

    bits = (size[0] * size[0] * size[2]).bit_length()
    number = np.concatenate(list(spread(numbers, pairwise(cuts.tolist()))))
    return fast.sorted_numbers(number, bits), size


def _rows(
    fast: ModuleType,
    bins: HullBins,
    number: Ints,
    size: tuple[int, int, int],
    least: tuple[int, int],
    edges: tuple[int, int],
) -> tuple[Ints, Ints]:
    first_row = np.searchsorted(bins.hull, np.arange(size[0] + 1))
    one, two = fast.rows_of(number, first_row, bins.time_bin, *size, *least, *edges)
    return one, two


def _neighbours(
    here: Ints, there: Ints, lines: tuple[tuple[int, int], ...], *, own: bool
) -> Iterator[tuple[Ints, Ints]]:
    """Yield places in ``here`` and in ``there``, both sorted keys, whose cells are neighbours along ``lines``.

    With ``own``, both are the same, and of the cell itself and the next along z only what comes later is meant.
    """
    fresh = _first_of_equal(here)
    cells, place = here[fresh], np.cumsum(fresh) - 1
    ranges = []
    if own:
        after = np.searchsorted(there, cells + 1, side="right")[place]
        ranges.append((np.arange(1, here.size + 1), after))
    for x, y in lines:
        line = cells + ((x << (2 * _AXIS_BITS)) + (y << _AXIS_BITS))
        low = np.searchsorted(there, line - 1, side="left")
        ranges.append((low[place], np.searchsorted(there, line + 1, side="right")[place]))
    for low, high in ranges:
        count = np.maximum(high - low, 0)
        some = np.flatnonzero(count)
        low, count = low[some], count[some]
        block = np.cumsum(count) // _BLOCK
        cuts = [0, *(np.flatnonzero(block[1:] != block[:-1]) + 1).tolist(), some.size]
        for begin, end in pairwise(cuts):
            if end > begin:
                which, right = expand(low[begin:end], count[begin:end])
                yield some[begin:end][which], right


def _in_reach(bins: HullBins, left: Ints, right: Ints, reach_m: float) -> tuple[Ints, Ints]:
    """Return the pairs of rows, of different hulls, whose balls come within reach, the lesser row first.

    They must share a kind of leg; those left out count only beside others. ``left`` are not calm.
    """
    shared = np.where(bins.calm[right], bins.loose[left], bins.kinds[left]) & bins.kinds[right]
    distance, size = bins.apart(left, right)
    near = np.flatnonzero((distance - size <= reach_m) & (bins.hull[left] != bins.hull[right]) & (shared != 0))
    left, right = left[near], right[near]
    return np.minimum(left, right), np.maximum(left, right)


def long_enough(time_bin: Ints, a: Ints, b: Ints, *, min_bins: int, max_empty: int, edges: tuple[int, int]) -> Ints:
    """Return the rows that belong to a run of at least ``min_bins`` bins in a row, or that touch an edge.

    Parameters
    ----------
    time_bin, a, b
        Bins and pairs of hulls that are candidates, sorted by a, b, bin.
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
