"""Clocks set wrong: the few reports of days that lie far from nearly all others."""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.sphere import Bools, Ints
from stsdetect.tracks.rows import Reports

_DAY_US = 86_400_000_000
#: Reports this far from all others [days] have a wrong clock if there are at most so many and at most this share
#: of all (but one may always be), and nearly all others lie together (our judgement).
_LONE_DAYS, _LONE_REPORTS, _LONE_SHARE, _MAIN_SHARE = 30, 10, 0.001, 0.99


def days_heard(reports: Reports) -> tuple[Ints, Ints]:
    """Count the reports of each day (UTC) that are not exact repeats of another.

    Repeats are reports of one vessel, so the counts of groups of vessels add up to those of all.

    Returns
    -------
    days, counts
        Days since 1970, rising, and how many reports there are of each; shape (n days,) each.
    """
    days = np.concatenate([rows.time_us[~rows.repeat] // _DAY_US for rows in reports.groups()])
    return np.unique(days, return_counts=True)


def wrong_days_of(reports: Reports) -> frozenset[int]:
    """Return the days on which clocks were set wrong, as far as these reports can tell."""
    time = reports.time_us
    # Where all lies together there is nothing to count.
    if int(time.max()) - int(time.min()) <= _LONE_DAYS * _DAY_US or not may_have_wrong_days(np.unique(time // _DAY_US)):
        return frozenset()
    return wrong_days(*days_heard(reports))


def may_have_wrong_days(days: Ints) -> bool:
    """Tell whether any of these days [since 1970, in any order] can be one of a wrong clock, whatever the counts."""
    return bool((np.diff(np.sort(days)) > _LONE_DAYS).any())


def wrong_days(days: Ints, counts: Ints) -> frozenset[int]:
    """Return the days, of those heard, on which clocks were set wrong.

    Parameters
    ----------
    days, counts
        As `days_heard` gives them for all vessels together.

    Examples
    --------
    >>> sorted(wrong_days(np.array([19700, 19701, 20100]), np.array([5000, 4000, 1])))
    [20100]
    """
    if not may_have_wrong_days(days):
        return frozenset()
    island = np.concatenate([[0], np.cumsum(np.diff(days) > _LONE_DAYS)])
    size = np.bincount(island, weights=counts)
    few = max(1.0, min(_LONE_SHARE * counts.sum(), _LONE_REPORTS))
    main = size.max()
    lone = (size <= few) & (size < main) & (main >= _MAIN_SHARE * counts.sum())
    return frozenset(days[lone[island]].tolist())


def on_days(time_us: Ints, days: frozenset[int]) -> Bools:
    """Mark the times [us] that lie on one of the days, shape (n,)."""
    if not days:
        return np.zeros(time_us.size, dtype=np.bool_)
    return np.isin(time_us // _DAY_US, np.array(sorted(days), dtype=np.int64))
