"""Vessels that also travel together: a tow, an escort, or two transponders on one hull."""

from __future__ import annotations

import numpy as np

from stsdetect.detect.arrays import HOUR_US, MINUTE_US, Fixes
from stsdetect.kernels.contact import Legs, overlaps
from stsdetect.kernels.sphere import Floats, Ints, norm
from stsdetect.tracks import Quality

#: Faster than any transfer under way (about 5 kn) [kn].
TRAVEL_KN = 6.0
#: Nearer than ships that merely follow one lane keep (a cable, 185 m, is close) [m].
TOGETHER_M = 300.0
#: How long before and after a meeting is looked at [us].
AROUND_US = 24 * HOUR_US
#: From this long on it is no chance passing [min].
LEAST_MIN = 20.0
#: Types that tow or push (ITU-R M.1371-5, table 53).
TOWING = frozenset({31, 32, 52})
#: Fixes at most this far apart tell how a vessel travelled [us].
BRACKET_US = 15 * MINUTE_US
#: Meetings looked at together; bounds memory, not results.
_AT_ONCE = 200


def minutes_together(fixes: Fixes, a: Ints, b: Ints, start_us: Ints, end_us: Ints) -> Floats:
    """Return for how long vessels a and b were seen within 300 m of each other, both faster than 6 kn [min].

    Looks from a day before the start to a day after the end of each meeting, shape (n,) each, between fixes at
    most 15 min apart.
    """
    total = np.zeros(a.size)
    legs = _travelling(fixes)
    # Only hulls that travelled at all can have travelled together.
    moved = np.zeros(len(fixes.labels), dtype=np.bool_)
    moved[legs.hull] = True
    ask = np.flatnonzero(moved[a] & moved[b])
    if ask.size == 0:
        return total
    for low in range(0, ask.size, _AT_ONCE):
        some = ask[low : low + _AT_ONCE]
        total[some] = _minutes(legs, a[some], b[some], start_us[some] - AROUND_US, end_us[some] + AROUND_US)
    return total


def _travelling(fixes: Fixes) -> Legs:
    """Return the legs that are fast at both fixes; few are, so that is asked first."""
    fast = fixes.speed_kn > TRAVEL_KN
    first = np.flatnonzero(fast[:-1] & fast[1:])
    second = first + 1
    step = fixes.time_us[second] - fixes.time_us[first]
    segment, good = fixes.segment, fixes.quality == int(Quality.OK)
    same = (fixes.hull[first] == fixes.hull[second]) & (segment[first] == segment[second]) & (segment[first] >= 0)
    keep = same & (step > 0) & (step <= BRACKET_US) & good[first] & good[second]
    first, second = first[keep], second[keep]
    return Legs(fixes.hull[first], fixes.time_us[first], fixes.time_us[second], fixes.xyz[first], fixes.xyz[second])


def _minutes(legs: Legs, a: Ints, b: Ints, begin_us: Ints, stop_us: Ints) -> Floats:
    row, i, j = overlaps(legs, a, b, begin_us, stop_us)
    start, end = np.maximum(legs.t0_us[i], legs.t0_us[j]), np.minimum(legs.t1_us[i], legs.t1_us[j])
    middle = (start + end) // 2
    near = norm(legs.at(i, middle) - legs.at(j, middle)) <= TOGETHER_M
    together_us = np.zeros(a.size, dtype=np.int64)
    np.add.at(together_us, row[near], (end - start)[near])
    minutes: Floats = together_us / 60e6
    return minutes
