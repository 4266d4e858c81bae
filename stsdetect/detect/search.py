"""The search for contact in a stretch of time: candidates first, then leg by leg, then stitched to runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from types import ModuleType

import numpy as np

from stsdetect.detect.contacts import (
    BIN_US,
    Hulls,
    Pieces,
    Runs,
    Tracks,
    Windows,
    contact_windows,
    side_by_side,
)
from stsdetect.engine import run_parts
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.contact import Legs, overlaps
from stsdetect.kernels.nearby import HullBins, Spread, hull_bins, useful_pairs
from stsdetect.kernels.sphere import Bools, Ints, arc_to_chord
from stsdetect.settings import EncounterSettings
from stsdetect.units import US_PER_S

#: Pairs of legs solved at once; as many as stay in the cache. Bounds memory, not results.
_BLOCK = 1 << 15
#: The same for compiled loops, which hand over only what they found.
_LONG_BLOCK = 1 << 20


def find_runs(
    data: Tracks, hulls: Hulls, start_us: int, end_us: int, rule: EncounterSettings, workers: int = 1
) -> Runs:
    """Find all contact in the time bins that begin within ``[start, end)``, stitched where it touches.

    Every bin belongs to exactly one such stretch of time, so that `Runs.joined` of any cut is the same, but for runs
    too short to qualify, which may be missing. ``data`` must hold all legs that share time with those bins, and those
    up to ``inferred_bracket_s`` before and after; others change nothing. Hulls have the same numbers in every part.
    """
    legs, reach = data.legs, arc_to_chord(rule.max_distance_m)
    edges = (-(-start_us // BIN_US), (end_us - 1) // BIN_US)
    spread = partial(run_parts, workers=workers)
    bins = hull_bins(legs, data.slow & data.observed, data.summed, BIN_US, edges, kinds=data.kinds, spread=spread)
    one, two = useful_pairs(
        legs,
        bins,
        reach,
        BIN_US,
        min_bins=int(np.ceil(rule.min_duration_s * US_PER_S / BIN_US)),
        max_empty=int(np.ceil(rule.max_break_s * US_PER_S / BIN_US)),
        edges=edges,
        spread=spread,
    )
    if one.size == 0:
        return Runs.none()
    fast = compiled("contact")
    if fast:
        found = _by_loop(fast, data, hulls, bins, one, two, rule, spread)
    else:
        found = _by_block(data, hulls, bins, one, two, rule)
    runs, _ = Runs.joined([Runs.none(), *found], 0)
    return runs


def _by_loop(
    fast: ModuleType,
    data: Tracks,
    hulls: Hulls,
    bins: HullBins,
    one: Ints,
    two: Ints,
    rule: EncounterSettings,
    spread: Spread,
) -> Iterator[Runs]:
    """Find contact by compiled loops; what needs trigonometry is left to `side_by_side`."""
    legs = data.legs
    columns = legs.hull, legs.t0_us, legs.t1_us, legs.p0, legs.p1, data.marks
    kinds = bins.calm, bins.mixed, bins.kinds
    rows = bins.time_bin, bins.first, bins.last, bins.full, *kinds, bins.centre.T, bins.radius
    told = data.course_deg, data.who, hulls.far_m
    limits = (
        arc_to_chord(rule.max_distance_m),
        rule.under_way_parallel_deg,
        rule.under_way_hull_gap_m + 2.0 * rule.position_error_m,
    )

    def search(low: int, high: int) -> Runs:
        left, right = one[low:high], two[low:high]
        found, asked, shares = fast.windows(left, right, rows, columns, *told, BIN_US, *limits)
        row, start, end, kind = found
        observed, under_way = (kind & 1) != 0, (kind & 2) != 0
        if asked.shape[1]:
            # Only the legs asked for: `Pieces` and all behind them would look at every leg.
            some, k = data.take(asked[1:].ravel()), np.arange(asked.shape[1])
            i, j = k, k + k.size
            low_us = np.maximum(some.legs.t0_us[i], some.legs.t0_us[j])
            high_us = np.minimum(some.legs.t1_us[i], some.legs.t1_us[j])
            enter, leave = shares
            what = Windows(asked[0], i, j, low_us, high_us, enter, leave, start, end, observed, under_way)
            keep = np.ones(row.size, dtype=np.bool_)
            keep[asked[0]] = side_by_side(some, hulls, Pieces.of(some.legs, what), rule)
            row, start, end, observed, under_way = (column[keep] for column in (row, start, end, observed, under_way))
        return _touching(bins.hull[left[row]], bins.hull[right[row]], start, end, observed, under_way)

    return spread(search, _blocks(bins, one, two, _LONG_BLOCK))


def _by_block(
    data: Tracks, hulls: Hulls, bins: HullBins, one: Ints, two: Ints, rule: EncounterSettings
) -> Iterator[Runs]:
    legs = data.legs
    whole = _whole(bins, one, two, arc_to_chord(rule.max_distance_m))
    yield _whole_bins(bins, one[whole], two[whole])
    one, two = one[~whole], two[~whole]
    for low, high in _blocks(bins, one, two, _BLOCK):
        begin = bins.time_bin[one[low:high]] * BIN_US
        which, i, j = overlaps(legs, bins.hull[one[low:high]], bins.hull[two[low:high]], begin, begin + BIN_US)
        windows = contact_windows(data, hulls, i, j, rule)
        yield _as_runs(legs, windows, begin[which[windows.row]])


def _whole(bins: HullBins, one: Ints, two: Ints, reach_m: float) -> Bools:
    """Tell the bins all of which is contact.

    That is where slow, closely heard legs of both vessels fill it and the farthest points of the balls that hold
    them are in reach: what solving leg by leg gives as well, at a fraction of the work.
    """
    distance, size = bins.apart(one, two)
    whole: Bools = bins.full[one] & bins.full[two] & (distance + size <= reach_m)
    # Where both have legs that are left out, the others must be told from them.
    return whole & ~(bins.mixed[one] & bins.mixed[two])


def _whole_bins(bins: HullBins, one: Ints, two: Ints) -> Runs:
    """Return bins all of which is contact, in their order, put together where they touch."""
    start = bins.time_bin[one] * BIN_US
    observed, none = np.ones(one.size, dtype=np.bool_), np.zeros(one.size, dtype=np.bool_)
    return _touching(bins.hull[one], bins.hull[two], start, start + BIN_US, observed, none)


def _as_runs(legs: Legs, found: Windows, bin_start_us: Ints) -> Runs:
    """Cut contact to its time bin and put together what touches."""
    start = np.maximum(found.start_us, bin_start_us)
    end = np.minimum(found.end_us, bin_start_us + BIN_US)
    keep = np.flatnonzero(end > start)
    a, b = legs.hull[found.i[keep]], legs.hull[found.j[keep]]
    return _touching(a, b, start[keep], end[keep], found.observed[keep], found.under_way[keep])


def _touching(a: Ints, b: Ints, start: Ints, end: Ints, observed: Bools, under_way: Bools) -> Runs:
    """Put contact together where it touches: sorted by pair and time, none within another."""
    fresh = np.ones(a.size, dtype=np.bool_)
    fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1]) | (start[1:] > end[:-1])
    begin = np.flatnonzero(fresh)
    if begin.size == 0:
        return Runs.none()
    last = np.append(begin[1:], a.size) - 1
    length = end - start
    parts = (np.where(observed, length, 0), np.where(observed, 0, length), np.where(under_way, length, 0))
    return Runs(a[begin], b[begin], start[begin], end[last], *(np.add.reduceat(part, begin) for part in parts))


def _blocks(bins: HullBins, one: Ints, two: Ints, size: int) -> list[tuple[int, int]]:
    """Cut pairs of hulls in bins into blocks of about ``size`` pairs of legs."""
    # Two rows of legs that follow each other overlap in about as many pairs as there are legs.
    work = bins.last[one] - bins.first[one] + bins.last[two] - bins.first[two]
    block = np.cumsum(work) // size
    cuts = [0, *(np.flatnonzero(block[1:] != block[:-1]) + 1).tolist(), one.size]
    return [(low, high) for low, high in pairwise(cuts) if high > low]
