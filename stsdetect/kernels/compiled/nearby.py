"""The loops of `stsdetect.kernels.nearby`: hulls in time bins, and which of them were near each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.jit import loop

_AXIS_BITS = 15
_SLACK_M = 1e-3
#: Bits that a pass of the radix sort looks at: its counts stay in the first cache.
_DIGIT = 11


@loop
def count_bins(hull: Any, t0_us: Any, t1_us: Any, bin_us: int, lowest: int, highest: int) -> int:
    """Count the rows that `fill_bins` fills."""
    rows, whose, at, end_us = 0, -1, 0, 0
    for k in range(hull.size):
        if hull[k] == whose and t1_us[k] <= end_us:
            continue
        for time_bin in range(max(t0_us[k] // bin_us, lowest), min((t1_us[k] - 1) // bin_us, highest) + 1):
            if hull[k] != whose or time_bin != at:
                rows += 1
                whose, at, end_us = hull[k], time_bin, (time_bin + 1) * bin_us
    return rows


@loop
def fill_bins(
    hull: Any, t0_us: Any, t1_us: Any, p0: Any, p1: Any, fit: Any, out: Any, kinds: Any,
    bin_us: int, lowest: int, highest: int, begin: int, offset: int,
    numbers: Any, least: Any, most: Any, marks: Any, bits: Any,
) -> None:  # fmt: skip
    """Fill, per hull and bin, ``numbers`` (hull, bin, first, last), shape (4, n), the least and most of each axis
    [m], shape (3, n), ``marks`` (full, calm, mixed), shape (3, n), and ``bits`` (kinds, loose), shape (2, n), of
    zeros. They begin at ``begin``, and the first leg has the number ``offset``."""
    row, whose, end_us = begin - 1, -1, 0
    for k in range(hull.size):
        if hull[k] == whose and t1_us[k] <= end_us:
            low = high = numbers[1, row]
        else:
            low, high = max(t0_us[k] // bin_us, lowest), min((t1_us[k] - 1) // bin_us, highest)
        for time_bin in range(low, high + 1):
            if hull[k] != whose or time_bin != numbers[1, row]:
                row += 1
                whose, end_us = hull[k], (time_bin + 1) * bin_us
                numbers[0, row], numbers[1, row], numbers[2, row] = whose, time_bin, offset + k
                for axis in range(3):
                    least[axis, row], most[axis, row] = p0[k, axis], p0[k, axis]
                marks[0, row] = t0_us[k] <= time_bin * bin_us
                marks[1, row], marks[2, row] = True, False
            elif t0_us[k] != t1_us[k - 1]:
                marks[0, row] = False
            numbers[3, row] = offset + k + 1
            for axis in range(3):
                least[axis, row] = min(least[axis, row], p0[k, axis], p1[k, axis])
                most[axis, row] = max(most[axis, row], p0[k, axis], p1[k, axis])
            marks[0, row] &= fit[k]
            marks[1, row] &= out[k]
            marks[2, row] |= out[k]
            bits[0, row] |= kinds[k]
            bits[1, row] |= np.uint8(0) if out[k] else kinds[k]
    for k in range(begin, row + 1):
        marks[0, k] &= t1_us[numbers[3, k] - 1 - offset] >= (numbers[1, k] + 1) * bin_us


@loop
def cells(
    t0_us: Any, t1_us: Any, p0: Any, p1: Any, rows: Any,
    time_bin: Any, first: Any, last: Any, centre: Any, radius: Any, bin_us: int, start_bin: int, reach_m: float,
) -> Any:  # fmt: skip
    """Return keys of bin and cell and which of ``rows`` belong to them, shape (2, n); few are given twice."""
    found, n = np.empty((2, 2 * rows.size + 16), dtype=np.int64), 0
    width = 2.0 * reach_m
    step, place = np.empty(3), np.empty(3)
    for row in rows:
        now, key_before = time_bin[row], -1
        if radius[row] > reach_m / 2.0:
            legs = range(first[row], last[row])
        else:
            legs = range(1)
        for leg in legs:
            parts = 1
            if radius[row] > reach_m / 2.0:
                length = float(t1_us[leg] - t0_us[leg])
                begin = float(max(t0_us[leg], now * bin_us) - t0_us[leg])
                end = float(min(t1_us[leg], (now + 1) * bin_us) - t0_us[leg])
                for axis in range(3):
                    rate = (p1[leg, axis] - p0[leg, axis]) / length
                    place[axis] = p0[leg, axis] + begin * rate
                    step[axis] = (p0[leg, axis] + end * rate) - place[axis]
                way = np.sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2])
                parts = max(int(np.ceil(way / reach_m)), 1)
            else:
                place[:], step[:] = centre[:, row], 0.0
            for part in range(parts):
                x = (part + 0.5) / parts
                key = now - start_bin
                for axis in range(3):
                    spot = np.int64(np.floor((place[axis] + x * step[axis]) / width))
                    key = (key << _AXIS_BITS) | (spot + (1 << (_AXIS_BITS - 1)))
                if key == key_before:
                    continue
                if n == found.shape[1]:
                    more = np.empty((2, 2 * n), dtype=np.int64)
                    more[:, :n] = found
                    found = more
                found[0, n], found[1, n] = key, row
                n += 1
                key_before = key
    return found[:, :n].copy()


@loop
def pairs(
    key: Any, row: Any, calm: Any, kinds: Any, loose: Any, hull: Any, time_bin: Any, centre: Any, radius: Any,
    reach_m: float, n_hulls: int, start_bin: int, n_bins: int,
) -> Any:  # fmt: skip
    """Return a number for the two hulls and the bin of all rows, not both calm, whose balls come within reach.

    The lesser hull first; in no order, and some more than once. ``key`` rises, and ``row`` where keys are equal.
    """
    n_busy = row.size
    for k in range(row.size):
        n_busy -= calm[row[k]]
    busy, still = np.empty((2, n_busy), dtype=np.int64), np.empty((2, row.size - n_busy), dtype=np.int64)
    n, m = 0, 0
    for k in range(row.size):
        if calm[row[k]]:
            still[0, m], still[1, m] = key[k], row[k]
            m += 1
        else:
            busy[0, n], busy[1, n] = key[k], row[k]
            n += 1
    found, n = np.empty(4 * row.size + 16, dtype=np.int64), 0
    # Busy ones with busy ones: the cell itself and the next along z, then half of the lines around it; then all
    # nine lines with calm ones. Keys rise on both sides, so that each search goes on where the last one ended.
    for line in range(14):
        there = busy if line < 5 else still
        if line < 5:
            x, y = (0, 0) if line == 0 else (0, 1) if line == 1 else (1, line - 3)
        else:
            x, y = (line - 5) // 3 - 1, (line - 5) % 3 - 1
        shift = (x << (2 * _AXIS_BITS)) + (y << _AXIS_BITS)
        low = 0
        for k in range(n_busy):
            cell, one = busy[0, k] + shift, busy[1, k]
            low = k + 1 if line == 0 else low
            while low < there.shape[1] and line > 0 and there[0, low] < cell - 1:
                low += 1
            for other in range(low, there.shape[1]):
                if there[0, other] > cell + 1:
                    break
                two = there[1, other]
                if not (loose[one] if calm[two] else kinds[one]) & kinds[two]:
                    continue
                x_m, y_m, z_m = (
                    centre[0, one] - centre[0, two],
                    centre[1, one] - centre[1, two],
                    centre[2, one] - centre[2, two],
                )
                distance = np.sqrt(x_m * x_m + y_m * y_m + z_m * z_m)
                if distance - (radius[one] + radius[two] + _SLACK_M) <= reach_m and hull[one] != hull[two]:
                    if n == found.size:
                        more = np.empty(2 * n, dtype=np.int64)
                        more[:n] = found
                        found = more
                    lesser, greater = min(hull[one], hull[two]), max(hull[one], hull[two])
                    found[n] = (lesser * n_hulls + greater) * n_bins + (time_bin[one] - start_bin)
                    n += 1
    return found[:n].copy()


@loop
def sorted_numbers(number: Any, bits: int) -> Any:
    """Return whole numbers, not negative, of at most so many bits in rising order: a radix sort."""
    other, count = np.empty_like(number), np.empty(1 << _DIGIT, dtype=np.int64)
    for shift in range(0, bits, _DIGIT):
        count[:] = 0
        for k in range(number.size):
            count[(number[k] >> shift) & ((1 << _DIGIT) - 1)] += 1
        place = 0
        for digit in range(count.size):
            place, count[digit] = place + count[digit], place
        for k in range(number.size):
            digit = (number[k] >> shift) & ((1 << _DIGIT) - 1)
            other[count[digit]] = number[k]
            count[digit] += 1
        number, other = other, number
    return number


@loop
def rows_of(
    number: Any, first_row: Any, time_bin: Any, n_hulls: int, start_bin: int, n_bins: int,
    min_bins: int, max_empty: int, lowest: int, highest: int,
) -> Any:  # fmt: skip
    """Return the two rows that each rising number of `pairs` names, each once, shape (2, n).

    Only those of runs of at least ``min_bins`` bins with at most ``max_empty`` missing in a row, or near the edges
    ``lowest`` and ``highest`` (see `stsdetect.kernels.nearby.long_enough`). ``first_row`` is the first row of each
    hull, shape (n hulls + 1,).
    """
    found, n = np.empty((2, number.size), dtype=np.int64), 0
    margin = max(max_empty, 1)
    last, pair, one, two, begin = -1, -1, 0, 0, 0
    for k in range(number.size + 1):
        done = k == number.size
        if not done and number[k] == last:
            continue
        fresh = done or number[k] // n_bins != pair
        if n > begin and (fresh or number[k] - last > 1 + max_empty):
            # The end of a run: forget it if it is of no use.
            low, high = time_bin[found[0, begin]], time_bin[found[0, n - 1]]
            if n - begin < min_bins and low > lowest + margin and high < highest - margin:
                n = begin
            begin = n
        if done:
            break
        last = number[k]
        if fresh:
            pair = last // n_bins
            one, two = first_row[pair // n_hulls], first_row[pair % n_hulls]
        now = last - pair * n_bins + start_bin
        while time_bin[one] < now:
            one += 1
        while time_bin[two] < now:
            two += 1
        found[0, n], found[1, n] = one, two
        n += 1
    return found[:, :n].copy()
