"""Contact between two hulls in one bin of time after the other, as one loop over pairs of hulls and their legs."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.jit import loop

#: As in `stsdetect.kernels.contact` and `stsdetect.detect.contacts`.
_SLACK_M = 1e-3
_SLOW, _OBSERVED, _SUMMED, _COURSE = 1, 2, 8, 16
#: Courses this much farther apart than allowed are so after any rounding [degrees].
_TURN_DEG = 1e-4
#: The plane on which hulls are laid out shortens distances by less than this share, and rounding by this [m].
_FLAT, _NEAR_M = 0.99, 0.01


@loop
def in_range(d0: Any, d1: Any, reach_m: float) -> tuple[float, float]:
    """Solve |d0 + x (d1 - d0)| <= reach for x in [0, 1]; two NaN where there is none."""
    x, y, z = d1[0] - d0[0], d1[1] - d0[1], d1[2] - d0[2]
    a = x * x + y * y + z * z
    b = d0[0] * x + d0[1] * y + d0[2] * z
    c = (d0[0] * d0[0] + d0[1] * d0[1] + d0[2] * d0[2]) - reach_m * reach_m
    if a < 1e-12:
        return (np.nan, np.nan) if c > 0 else (0.0, 1.0)
    disc = b * b - a * c
    if disc < 0:
        return np.nan, np.nan
    root = np.sqrt(disc)
    q = -(b + (root if b >= 0 else -root))
    x1, x2 = q / a, 0.0 if q == 0 else c / q
    low, high = min(x1, x2), max(x1, x2)
    if high < 0 or low > 1:
        return np.nan, np.nan
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


@loop
def _at(p0: Any, p1: Any, t0_us: Any, t1_us: Any, leg: int, time_us: int, place: Any) -> None:
    length, elapsed = float(t1_us[leg] - t0_us[leg]), float(time_us - t0_us[leg])
    for axis in range(3):
        place[axis] = p0[leg, axis] + elapsed * ((p1[leg, axis] - p0[leg, axis]) / length)


@loop
def _apart(
    p0: Any, p1: Any, t0_us: Any, t1_us: Any, one: int, two: int, start_us: int, end_us: int, d0: Any, d1: Any
) -> None:
    """Work out the difference of position, leg ``two`` less leg ``one`` [m], at two times within both."""
    length_i, length_j = float(t1_us[one] - t0_us[one]), float(t1_us[two] - t0_us[two])
    since_i, since_j = float(start_us - t0_us[one]), float(start_us - t0_us[two])
    for axis in range(3):
        rate_i = (p1[one, axis] - p0[one, axis]) / length_i
        rate_j = (p1[two, axis] - p0[two, axis]) / length_j
        d0[axis] = (p0[two, axis] + since_j * rate_j) - (p0[one, axis] + since_i * rate_i)
        d1[axis] = d0[axis] + float(end_us - start_us) * (rate_j - rate_i)


@loop
def _norm(x: float, y: float, z: float) -> float:
    length: float = np.sqrt(x * x + y * y + z * z)
    return length


@loop
def _seen_far(
    hull: Any, t0_us: Any, t1_us: Any, p0: Any, p1: Any, marks: Any, one: int, two: int, time_us: int, reach_m: float
) -> bool:
    """Tell whether a fix of leg ``one`` lay out of reach of the vessel of leg ``two``, on a slow leg at that time."""
    whose, k = hull[two], two
    while k + 1 < hull.size and hull[k + 1] == whose and t0_us[k + 1] <= time_us:
        k += 1
    while k >= 0 and hull[k] == whose and t0_us[k] > time_us:
        k -= 1
    here, there = np.empty(3), np.empty(3)
    _at(p0, p1, t0_us, t1_us, one, time_us, here)
    # At a fix two legs meet: either may be the slow one.
    for leg in (k, k - 1):
        if leg >= 0 and hull[leg] == whose and t1_us[leg] >= time_us and marks[leg] & _SLOW:
            _at(p0, p1, t0_us, t1_us, leg, time_us, there)
            if _norm(here[0] - there[0], here[1] - there[1], here[2] - there[2]) > reach_m:
                return True
    return False


@loop
def _seen_apart(
    hull: Any, t0_us: Any, t1_us: Any, p0: Any, p1: Any, marks: Any, i: int, j: int, reach_m: float
) -> bool:
    for one, two in ((i, j), (j, i)):
        for time in (t0_us[one], t1_us[one]):
            if _seen_far(hull, t0_us, t1_us, p0, p1, marks, one, two, time, reach_m):
                return True
    return False


@loop
def _parallel(course_a_deg: float, course_b_deg: float, most_deg: float) -> bool:
    """Tell whether courses may be parallel: false only where they surely are not, or one is not known."""
    turn = abs(course_a_deg - course_b_deg)
    turn -= 360.0 * np.floor(turn / 360.0)
    return bool(min(turn, 360.0 - turn) <= most_deg + _TURN_DEG)


@loop
def _near_place(p0: Any, p1: Any, leg: int, centre: Any, row: int, most_m: float) -> bool:
    """Tell whether the box around a leg comes within ``most_m`` of a place along each axis."""
    for axis in range(3):
        if min(p0[leg, axis], p1[leg, axis]) - most_m > centre[axis, row]:
            return False
        if max(p0[leg, axis], p1[leg, axis]) + most_m < centre[axis, row]:
            return False
    return True


@loop
def _near(p0: Any, p1: Any, one: int, two: int, most_m: float) -> bool:
    """Tell whether the boxes around two legs come within ``most_m`` of each other along each axis."""
    for axis in range(3):
        if min(p0[one, axis], p1[one, axis]) - most_m > max(p0[two, axis], p1[two, axis]):
            return False
        if min(p0[two, axis], p1[two, axis]) - most_m > max(p0[one, axis], p1[one, axis]):
            return False
    return True


@loop
def _within(p0: Any, p1: Any, one: int, two: int, most_m: float) -> bool:
    """Tell whether no place in the box around one leg is farther than ``most_m`` from any in that of the other."""
    square = 0.0
    for axis in range(3):
        ahead = max(p0[one, axis], p1[one, axis]) - min(p0[two, axis], p1[two, axis])
        behind = max(p0[two, axis], p1[two, axis]) - min(p0[one, axis], p1[one, axis])
        square += max(ahead, behind) ** 2
    return bool(most_m > 0.0 and square <= most_m * most_m)


@loop
def _shares(
    legs: tuple[Any, ...], i: int, j: int, low_us: int, high_us: int, reach_m: float, d0: Any, d1: Any
) -> tuple[float, float]:
    """Return between which shares of the time of both legs there is contact; two NaN where there is none.

    Fills their difference at both times [m].
    """
    hull, t0_us, t1_us, p0, p1, marks = legs
    _apart(p0, p1, t0_us, t1_us, i, j, low_us, high_us, d0, d1)
    enter, leave = in_range(d0, d1, reach_m)
    if marks[i] & marks[j] & _OBSERVED or np.isnan(enter):
        return enter, leave
    # Between far fixes there is contact all the time or none.
    if max(_norm(d0[0], d0[1], d0[2]), _norm(d1[0], d1[1], d1[2])) > reach_m:
        return np.nan, np.nan
    if _seen_apart(hull, t0_us, t1_us, p0, p1, marks, i, j, reach_m):
        return np.nan, np.nan
    return 0.0, 1.0


@loop
def windows(
    one: Any, two: Any, bins: tuple[Any, ...], legs: tuple[Any, ...], course_deg: Any, who: Any, far_m: Any,
    bin_us: int, reach_m: float, parallel_deg: float, gap_m: float,
) -> Any:  # fmt: skip
    """Find contact in bins, as `stsdetect.detect.contacts.contact_windows` does, cut to the bin.

    Parameters
    ----------
    one, two
        Rows of ``bins``, sorted by hulls, then bin, shape (n,) each.
    bins
        Bin, first leg, one past the last, full, calm, mixed, kinds, centre (3, n rows) and radius of `HullBins`.
    legs
        Hull, t0_us, t1_us, p0, p1, and marks of `Tracks`; ``course_deg`` and ``who`` are
        theirs, and ``far_m`` is the farthest point of each hull [m], the last one for -1.
    parallel_deg, gap_m
        Under way, courses may differ by so much, and hulls (antennas less ``far_m``) must possibly be as close.

    Returns
    -------
    found
        The place in ``one``, start, end [us], and 1 for observed, 2 for under way (added), shape (4, m).
    asked, shares
        Those under way, of which trigonometry must tell whether they are side by side: the place among the windows
        and the two legs, shape (3, k), and at which shares of the time of both legs the contact begins and ends,
        shape (2, k).
    """
    time_bin, first, last, full, calm, mixed, kinds, centre, radius = bins
    _, t0_us, t1_us, p0, p1, marks = legs
    room = 0
    for k in range(one.size):
        room += last[one[k]] - first[one[k]] + last[two[k]] - first[two[k]]
    found, n = np.empty((4, room), dtype=np.int64), 0
    asked, shares, m = np.empty((3, room), dtype=np.int64), np.empty((2, room)), 0
    d0, d1 = np.empty(3), np.empty(3)
    for k in range(one.size):
        a, b = one[k], two[k]
        begin_us, end_us = time_bin[a] * bin_us, (time_bin[a] + 1) * bin_us
        distance = _norm(centre[0, a] - centre[0, b], centre[1, a] - centre[1, b], centre[2, a] - centre[2, b])
        # Where both have legs that are left out, the others must be told from them.
        whole = full[a] and full[b] and not (mixed[a] and mixed[b])
        if whole and distance + (radius[a] + radius[b] + _SLACK_M) <= reach_m:
            found[0, n], found[1, n], found[2, n], found[3, n] = k, begin_us, end_us, 1
            n += 1
            continue
        head = first[b]
        for i in range(first[a], last[a]):
            # Beside a hull all of whose legs are left out, few legs of the other matter.
            if not marks[i] & kinds[b] or (calm[b] and marks[i] & _SUMMED):
                continue
            if not _near_place(p0, p1, i, centre, b, reach_m + radius[b] + _SLACK_M):
                continue
            while head < last[b] and t1_us[head] <= t0_us[i]:
                head += 1
            for j in range(head, last[b]):
                if t0_us[j] >= t1_us[i]:
                    break
                both = marks[i] & marks[j]
                if both & _SUMMED or not both & (_SLOW | _COURSE):
                    continue
                moving = not both & _SLOW
                if moving and not _parallel(course_deg[i], course_deg[j], parallel_deg):
                    continue
                if not _near(p0, p1, i, j, reach_m + _SLACK_M):
                    continue
                low_us, high_us = max(t0_us[i], t0_us[j]), min(t1_us[i], t1_us[j])
                enter, leave = 0.0, 1.0
                if moving or not both & _OBSERVED or not _within(p0, p1, i, j, reach_m - _SLACK_M):
                    enter, leave = _shares(legs, i, j, low_us, high_us, reach_m, d0, d1)
                if np.isnan(enter):
                    continue
                span = float(high_us - low_us)
                start_us = max(low_us + np.int64(np.rint(enter * span)), begin_us)
                stop_us = min(low_us + np.int64(np.rint(leave * span)), end_us)
                if stop_us <= start_us:
                    continue
                if moving:
                    x = (enter + leave) / 2.0
                    for axis in range(3):
                        d0[axis] += x * (d1[axis] - d0[axis])
                    if _FLAT * _norm(d0[0], d0[1], d0[2]) - far_m[who[i]] - far_m[who[j]] > gap_m + _NEAR_M:
                        continue
                    asked[0, m], asked[1, m], asked[2, m], shares[0, m], shares[1, m] = n, i, j, enter, leave
                    m += 1
                found[0, n], found[1, n], found[2, n] = k, start_us, stop_us
                found[3, n] = (1 if both & _OBSERVED else 0) + (2 if moving else 0)
                n += 1
    return found[:, :n].copy(), asked[:, :m].copy(), shares[:, :m].copy()
