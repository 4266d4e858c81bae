"""Runs: stretches where a condition holds, joined where they touch, and weighted statistics over them."""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats, Ints, norm


def expand(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """List the integers of many ranges: ``starts[k] .. starts[k] + counts[k] - 1`` one after the other.

    Returns
    -------
    which, value
        The range's number and the integer, shape (sum of counts,) each.
    """
    which = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
    before = np.cumsum(counts) - counts
    value = np.arange(which.size, dtype=np.int64) - before[which] + starts[which]
    return which, value


def stitch(key: Ints, start_us: Ints, end_us: Ints, max_break_us: int) -> Ints:
    """Number the groups of intervals of one key that lie at most ``max_break_us`` apart.

    Parameters
    ----------
    key, start_us, end_us
        Intervals sorted by key, then start [us], shape (n,) each.
    max_break_us
        Greatest distance from the latest end so far to the next start [us].

    Returns
    -------
    Group numbers 0, 1, ... in the same order, shape (n,).
    """
    if key.size == 0:
        return np.zeros(0, dtype=np.int64)
    new_key = np.empty(key.size, dtype=np.bool_)
    new_key[0] = True
    new_key[1:] = key[1:] != key[:-1]
    # The latest end so far within a key: shift each key above the one before, then one running maximum.
    # Ranks instead of times: many keys times many years would not fit in 63 bits.
    ends, rank = np.unique(end_us, return_inverse=True)
    offset = (np.cumsum(new_key) - 1) * ends.size
    latest = ends[np.maximum.accumulate(rank + offset) - offset]
    begins = new_key.copy()
    begins[1:] |= start_us[1:] > latest[:-1] + max_break_us
    return np.cumsum(begins) - 1


def part_far(
    group: Ints,
    start_us: Ints,
    end_us: Ints,
    from_xyz: Floats,
    to_xyz: Floats,
    speed_mps: float,
    slack_m: Floats | float,
) -> Ints:
    """Number anew groups that are parted where the hull went farther between two intervals than it may have.

    Parameters
    ----------
    group, start_us, end_us
        Numbers that `stitch` gave, and the intervals [us], shape (n,) each.
    from_xyz, to_xyz
        Where each begins and ends [m], shape (n, 3) each.
    speed_mps, slack_m
        Straight on, a group goes no farther between the end of one interval and the start of the next than this speed
        allows, and so many metres; the latter for all alike, or for each two that follow each other, shape (n - 1,).

    Returns
    -------
    Group numbers 0, 1, ... in the same order, shape (n,).
    """
    begins = np.diff(group, prepend=group[:1]) != 0
    between_us = np.maximum(start_us[1:] - end_us[:-1], 0)
    begins[1:] |= norm(from_xyz[1:] - to_xyz[:-1]) > speed_mps * (between_us / 1e6) + slack_m
    return np.cumsum(begins)


def group_bounds(group: Ints) -> tuple[Ints, Ints]:
    """Return first and one-past-last index of each run of equal numbers, shape (n groups,) each."""
    if group.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    edges = np.flatnonzero(group[1:] != group[:-1]) + 1
    first = np.concatenate([[0], edges]).astype(np.int64)
    last = np.concatenate([edges, [group.size]]).astype(np.int64)
    return first, last


def weighted_median(group: Ints, values: Floats, weights: Floats, n_groups: int) -> Floats:
    """Return the weighted median of each group: the least value at which half the group's weight is reached.

    Parameters
    ----------
    group, values, weights
        Shape (n,) each; ``group`` in 0 .. n_groups - 1, any order. Weights are whole numbers (microseconds, say), not
        negative; so their sums are exact and do not depend on what other groups there are.

    Returns
    -------
    Medians, shape (n_groups,); NaN for a group without weight.
    """
    result = np.full(n_groups, np.nan)
    use = np.flatnonzero((weights > 0) & ~np.isnan(values))
    group, values = group[use], values[use]
    order = np.argsort(values, kind="stable")
    # By group in the end; numbers of 16 bits are sorted by their digits, which is quick.
    group = group[order]
    by_group = np.argsort(group.astype(np.uint16) if n_groups < 1 << 16 else group, kind="stable")
    order, group = order[by_group], group[by_group]
    values = values[order]
    first, last = group_bounds(group)
    if first.size == 0:
        return result
    reach = np.cumsum(weights[use[order]].astype(np.int64))
    before = np.append(0, reach[last[:-1] - 1])
    size = last - first
    short = 2 * (reach - np.repeat(before, size)) < np.repeat(reach[last - 1] - before, size)
    result[group[first]] = values[first + np.add.reduceat(short, first, dtype=np.int64)]
    return result


def isolated(times_us: Ints, close: Bools, min_step_us: int) -> Bools:
    """Mark fixes that follow the last unmarked fix by at most ``min_step_us``.

    Parameters
    ----------
    times_us
        Rising times [us], shape (n,).
    close
        Whether a fix lies at most ``min_step_us`` after the one before it, of the same hull, shape (n,).

    Returns
    -------
    Marks, shape (n,). A stream of fixes every 0.6 steps loses every second one, not all but the first.
    """
    marked = np.zeros(close.size, dtype=np.bool_)
    spots = np.flatnonzero(close)
    # Mostly just one fix is close to another that is not: only larger crowds need a look at each.
    lonely = ~close[spots - 1] & ~np.append(close, False)[spots + 1]
    marked[spots[lonely]] = True
    kept = -1
    for spot in spots[~lonely].tolist():
        # A fix whose forerunner is not close to its own forerunner starts a new little crowd.
        if not close[spot - 1]:
            kept = spot - 1
        if times_us[spot] - times_us[kept] <= min_step_us:
            marked[spot] = True
        else:
            kept = spot
    return marked
