"""What single hulls do on the legs between their fixes: lie still, go slowly enough for contact, fall silent.

A leg goes from one fix to the next of its hull and segment, up to a longest time. In what follows ``hull``,
``segment``, ``time_us``, ``quality``, ``speed_kn``, ``x``, ``y`` and ``z`` [m] are those of fixes sorted by hull, then
time, shape (n,) each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.berths import cell_of
from stsdetect.kernels.compiled.jit import loop

#: Flags of fixes, as in `stsdetect.tracks.quality`.
OK, COARSE = 0, 1
#: Legs up to this long [us] are as slow as their fixes; longer ones have a speed of their own, too.
LONG_US = 300_000_000
#: Columns of what `still_runs` and `stays` fill.
HULL, FIRST, LAST, OBSERVED_US, INFERRED_US, N_FIXES = 0, 1, 2, 3, 4, 5
AREA, DAY, BEGIN, LENGTH_US = 1, 2, 3, 4
X, Y, Z, MEDIAN = 0, 1, 2, 3
_DAY_US = 86_400_000_000
_FEW = 12


@loop
def long_legs(
    hull: Any, segment: Any, time_us: Any, quality: Any, speed_kn: Any, x: Any, y: Any, z: Any,
    most_us: int, coarse: bool, limit_kn: float, chord_m: Any, length_us: Any,
) -> int:  # fmt: skip
    """List the legs that need a look at their own speed: long, and both fixes no faster than a limit.

    Parameters
    ----------
    coarse
        Whether coarse fixes take part; else legs reach over them.
    chord_m, length_us
        Filled: straight distance and time of each.

    Returns
    -------
    How many there are.
    """
    n, j, worst = 0, -1, COARSE if coarse else OK
    for k in range(hull.size):
        if quality[k] == COARSE and not coarse:
            continue
        if j >= 0:
            step = time_us[k] - time_us[j]
            if (
                step > LONG_US and step <= most_us and hull[j] == hull[k]
                and speed_kn[j] <= limit_kn and speed_kn[k] <= limit_kn
                and segment[j] == segment[k] and segment[k] >= 0 and quality[j] <= worst and quality[k] <= worst
            ):  # fmt: skip
                dx, dy, dz = x[j] - x[k], y[j] - y[k], z[j] - z[k]
                chord_m[n] = np.sqrt(dx * dx + dy * dy + dz * dz)
                length_us[n] = step
                n += 1
        j = k
    return n


@loop
def still_runs(
    hull: Any, segment: Any, time_us: Any, quality: Any, speed_kn: Any, x: Any, y: Any, z: Any, own_kn: Any,
    most_us: int, limit_kn: float, break_us: int, break_mps: float, slack_m: float, least_us: int, observed_us: int,
    ints: Any, floats: Any,
) -> int:  # fmt: skip
    """Find and measure the runs of legs slower than a limit.

    Parameters
    ----------
    own_kn
        Speeds of the legs that `long_legs` lists for this limit.
    break_us, break_mps, slack_m
        Legs further apart are of two runs, and those that lie farther apart than this speed takes a hull in between,
        and so many metres.
    least_us
        Least slow time of a run.
    observed_us
        Legs up to this long are observed.
    ints, floats
        Filled, by run: hull, first and last fix, observed and inferred time, fixes from the first to the last; and
        the sum of places weighted by time, and the median speed. Shape (m, 6) and (m, 4).

    Returns
    -------
    How many runs there are.
    """
    begin, end = np.empty(hull.size, dtype=np.int64), np.empty(hull.size, dtype=np.int64)
    values, weights = np.empty(hull.size), np.empty(hull.size, dtype=np.int64)
    n, n_legs, slow_us, asked = 0, 0, 0, 0
    for k in range(1, hull.size + 1):
        j = k - 1
        leg, over = False, k == hull.size
        if not over and speed_kn[j] <= limit_kn and speed_kn[k] <= limit_kn:
            step = time_us[k] - time_us[j]
            leg = (
                step > 0 and step <= most_us and hull[j] == hull[k]
                and segment[j] == segment[k] and segment[k] >= 0 and quality[j] <= COARSE and quality[k] <= COARSE
            )  # fmt: skip
            if leg:
                leg = speed_kn[j] < limit_kn and speed_kn[k] < limit_kn
                if step > LONG_US:
                    leg = leg and own_kn[asked] < limit_kn
                    asked += 1
            if leg and n_legs:
                last = end[n_legs - 1]
                over = hull[last] != hull[k] or time_us[j] > time_us[last] + break_us
                if not over:
                    dx, dy, dz = x[j] - x[last], y[j] - y[last], z[j] - z[last]
                    chord_m = np.sqrt(dx * dx + dy * dy + dz * dz)
                    over = chord_m > break_mps * ((time_us[j] - time_us[last]) / 1e6) + slack_m
        if over and n_legs:
            if slow_us >= least_us:
                _measure(
                    hull, time_us, speed_kn, x, y, z, begin, end, n_legs, observed_us, values, weights, ints, floats, n
                )
                n += 1
            n_legs, slow_us = 0, 0
        if leg:
            begin[n_legs], end[n_legs] = j, k
            n_legs += 1
            slow_us += step
    return n


@loop
def _measure(
    hull: Any, time_us: Any, speed_kn: Any, x: Any, y: Any, z: Any, begin: Any, end: Any, n_legs: int,
    observed_us: int, values: Any, weights: Any, ints: Any, floats: Any, n: int,
) -> None:  # fmt: skip
    sum_x, sum_y, sum_z = 0.0, 0.0, 0.0
    observed, inferred = 0, 0
    for leg in range(n_legs):
        j, k = begin[leg], end[leg]
        length = time_us[k] - time_us[j]
        weight = float(length)
        sum_x += weight * ((x[j] + x[k]) / 2.0)
        sum_y += weight * ((y[j] + y[k]) / 2.0)
        sum_z += weight * ((z[j] + z[k]) / 2.0)
        if length <= observed_us:
            observed += length
        else:
            inferred += length
        values[leg], weights[leg] = (speed_kn[j] + speed_kn[k]) / 2.0, length
    half = observed + inferred
    median = weighted_median(values, weights, n_legs, half)
    if median == 0.0:
        # Of 0.0 and -0.0, the one that a stable sort comes to.
        reach = 0
        for leg in range(n_legs):
            j, k = begin[leg], end[leg]
            value = (speed_kn[j] + speed_kn[k]) / 2.0
            if value < 0.0:
                reach += time_us[k] - time_us[j]
        for leg in range(n_legs):
            j, k = begin[leg], end[leg]
            value = (speed_kn[j] + speed_kn[k]) / 2.0
            if value == 0.0:
                reach += time_us[k] - time_us[j]
                if 2 * reach >= half:
                    median = value
                    break
    first, last = begin[0], end[n_legs - 1]
    ints[n, HULL], ints[n, FIRST], ints[n, LAST] = hull[first], first, last
    ints[n, OBSERVED_US], ints[n, INFERRED_US] = observed, inferred
    floats[n, X], floats[n, Y], floats[n, Z], floats[n, MEDIAN] = sum_x, sum_y, sum_z, median
    low, high = first, last
    while low > 0 and hull[low - 1] == hull[first] and time_us[low - 1] == time_us[first]:
        low -= 1
    while high + 1 < hull.size and hull[high + 1] == hull[last] and time_us[high + 1] == time_us[last]:
        high += 1
    ints[n, N_FIXES] = high - low + 1


@loop
def weighted_median(values: Any, weights: Any, n: int, total: int) -> float:
    """Return the least of the first ``n`` values at which half the weight is reached; both arrays are reordered.

    Parameters
    ----------
    weights
        Whole numbers above 0, ``total`` in all.
    """
    low, high, below = 0, n, 0
    while high - low > _FEW:
        a, b, c = values[low], values[(low + high) // 2], values[high - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        # Less than the pivot up to i, the same up to k, greater from m on.
        i, k, m = low, low, high
        less, same = 0, 0
        while k < m:
            value, weight = values[k], weights[k]
            if value < pivot:
                values[k], weights[k] = values[i], weights[i]
                values[i], weights[i] = value, weight
                less += weight
                i += 1
                k += 1
            elif value > pivot:
                m -= 1
                values[k], weights[k] = values[m], weights[m]
                values[m], weights[m] = value, weight
            else:
                same += weight
                k += 1
        if i > low and 2 * (below + less) >= total:
            high = i
        elif 2 * (below + less + same) >= total:
            return float(pivot)
        else:
            below += less + same
            low = m
    for k in range(low + 1, high):
        value, weight, i = values[k], weights[k], k
        while i > low and values[i - 1] > value:
            values[i], weights[i] = values[i - 1], weights[i - 1]
            i -= 1
        values[i], weights[i] = value, weight
    for k in range(low, high):
        below += weights[k]
        if 2 * below >= total:
            return float(values[k])
    return np.nan


@loop
def contact_runs(
    hull: Any, segment: Any, time_us: Any, quality: Any, speed_kn: Any, own_kn: Any,
    most_us: int, slow_kn: float, cruising_kn: float, observed_us: int, run: Any, first: Any, second: Any,
) -> int:  # fmt: skip
    """Number the runs of legs slow enough for contact.

    Parameters
    ----------
    own_kn
        Speeds of the legs that `long_legs` lists for the greater of the two limits.
    slow_kn, cruising_kn
        Legs slower than the one count, and observed ones no faster than the other.
    run
        Filled: the number of each fix's run, -1 for fixes at the end of none.
    first, second
        Filled: both fixes of the slow legs.

    Returns
    -------
    How many slow legs there are.
    """
    limit = max(slow_kn, cruising_kn)
    n, j, number, asked = 0, -1, -1, 0
    for k in range(hull.size):
        run[k] = -1
        if quality[k] == COARSE:
            continue
        if j >= 0 and speed_kn[j] <= limit and speed_kn[k] <= limit:
            step = time_us[k] - time_us[j]
            if (
                step > 0 and step <= most_us and hull[j] == hull[k]
                and segment[j] == segment[k] and segment[k] >= 0 and quality[j] == OK and quality[k] == OK
            ):  # fmt: skip
                top = max(speed_kn[j], speed_kn[k])
                if step > LONG_US:
                    top = max(top, own_kn[asked])
                    asked += 1
                slow = top < slow_kn
                if slow or (step <= observed_us and top <= cruising_kn):
                    if run[j] < 0:
                        number += 1
                        run[j] = number
                    run[k] = number
                if slow:
                    first[n], second[n] = j, k
                    n += 1
        j = k
    return n


@loop
def berth_cells(
    first: Any, second: Any, n: int, lat_deg: Any, lon_deg: Any, columns: Any, per_degree: int, bits: int,
    cell: Any, at_first: Any, at_second: Any,
) -> int:  # fmt: skip
    """List the berth cells that the ends of legs lie in, one after the other.

    Parameters
    ----------
    first, second, n
        Both fixes of ``n`` legs in order.
    columns, per_degree, bits
        As for `cell_of`.
    cell, at_first, at_second
        Filled: the cells, each where it differs from the one before, and by leg the places of both ends among them.

    Returns
    -------
    How many cells are listed.
    """
    count, last = 0, -1
    for leg in range(n):
        for side in range(2):
            k = first[leg] if side == 0 else second[leg]
            if k != last:
                number = cell_of(lat_deg[k], lon_deg[k], columns, per_degree, bits)
                if count == 0 or cell[count - 1] != number:
                    cell[count] = number
                    count += 1
                last = k
            if side == 0:
                at_first[leg] = count - 1
            else:
                at_second[leg] = count - 1
    return count


@loop
def stays(
    hull: Any, time_us: Any, first: Any, second: Any, n: int, at_first: Any, at_second: Any, area: Any,
    berthed: Any, pieces: Any,
) -> tuple[int, int]:  # fmt: skip
    """Find the stretches of legs at berth with one hull, area and day.

    Parameters
    ----------
    first, second, n, at_first, at_second
        As from `berth_cells`.
    area
        Area of each cell listed there, -1 for none.
    berthed
        Filled: first fixes of the legs that have both ends in an area.
    pieces
        Filled: hull, area of the first fix, its day since 1970, place of the first leg in ``berthed``, and time in all
        [us], shape (m, 5).

    Returns
    -------
    How many legs and how many stretches.
    """
    n_legs, n_pieces = 0, 0
    for leg in range(n):
        here = area[at_first[leg]]
        if here < 0 or area[at_second[leg]] < 0:
            continue
        j = first[leg]
        day = time_us[j] // _DAY_US
        last = n_pieces - 1
        if last < 0 or pieces[last, HULL] != hull[j] or pieces[last, AREA] != here or pieces[last, DAY] != day:
            last = n_pieces
            pieces[last, HULL], pieces[last, AREA], pieces[last, DAY] = hull[j], here, day
            pieces[last, BEGIN], pieces[last, LENGTH_US] = n_legs, 0
            n_pieces += 1
        pieces[last, LENGTH_US] += time_us[second[leg]] - time_us[j]
        berthed[n_legs] = j
        n_legs += 1
    return n_legs, n_pieces


@loop
def silences(hull: Any, time_us: Any, end_us: int, least_us: int, before: Any) -> int:
    """List the fixes that are followed by a silence, the last of a hull up to ``end_us``.

    Returns
    -------
    How many there are; ``before`` is filled with them.
    """
    n = 0
    for k in range(hull.size):
        last = k + 1 == hull.size or hull[k + 1] != hull[k]
        following = end_us if last else time_us[k + 1]
        if following - time_us[k] >= least_us:
            before[n] = k
            n += 1
    return n


@loop
def deal_out(
    edges_us: Any, hull: Any, segment: Any, run: Any, time_us: Any, mmsi: Any, lat_deg: Any, lon_deg: Any,
    speed_kn: Any, course_deg: Any, heading_deg: Any, quality: Any, ends: Any, small: Any, times: Any, floats: Any,
    kinds: Any,
) -> None:  # fmt: skip
    """Sort fixes by slots of time, stably.

    Parameters
    ----------
    edges_us
        Where slots begin, rising; the first takes in all before.
    ends, small, times, floats, kinds
        Filled: where each slot ends, and by fix hull, segment and run; times; MMSI, latitude, longitude, speed, course
        and heading; and flags. Shape (n slots,), (3, n), (n,), (6, n) and (n,).
    """
    n, last = hull.size, edges_us.size - 1
    slots = np.empty(n, dtype=np.int32)
    slot = 0
    ends[:] = 0
    for k in range(n):
        # Mostly the slot of the fix before, or the next.
        while slot > 0 and time_us[k] < edges_us[slot]:
            slot -= 1
        while slot < last and time_us[k] >= edges_us[slot + 1]:
            slot += 1
        slots[k] = slot
        ends[slot] += 1
    begin = 0
    for slot in range(last + 1):
        begin, ends[slot] = begin + ends[slot], begin
    hulls, segments, runs = small[0], small[1], small[2]
    names, lats, lons, speeds, courses, headings = floats[0], floats[1], floats[2], floats[3], floats[4], floats[5]
    for k in range(n):
        to = ends[slots[k]]
        ends[slots[k]] = to + 1
        hulls[to], segments[to], runs[to], times[to], kinds[to] = hull[k], segment[k], run[k], time_us[k], quality[k]
        names[to], lats[to], lons[to] = mmsi[k], lat_deg[k], lon_deg[k]
        speeds[to], courses[to], headings[to] = speed_kn[k], course_deg[k], heading_deg[k]
