"""From fixes kept by time to legs sorted by hull, in one pass: what `detect.contacts.Tracks.of` gives for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.berths import cell_of
from stsdetect.kernels.compiled.jit import loop

#: An odd number without pattern, as in `stsdetect.kernels.order`, that fits into 63 bits.
_SPREAD = 0x1E3779B97F4A7C15
_FIVE_MIN_US = 300_000_000
#: A chord up to this long is shorter than its arc by less than the share [m].
_CHORD_M, _SHARE = 10_000.0, 1e-6
#: The columns of the whole numbers carried on for each hull: rank among all, run, time and berth area of its last fix,
#: where its next leg is put, the row of what is known of it (-1: nothing), and one past the last of these rows.
STATE = 7
RANK, RUN, TIME, AREA, NEXT, KNOWN, KNOWN_END = range(STATE)
#: Of the others: x, y, z [m], latitude, longitude, speed, course, heading of its last fix.
LAST = 8
_NOT_ASKED, _UNKNOWN = -3, -2


@loop
def count(
    hull: Any, run: Any, time_us: Any, start_us: int, end_us: int, last_run: Any, last_us: Any, legs: Any
) -> None:
    """Count the legs of each hull that touch ``[start, end]``.

    ``last_run`` and ``last_us`` are carried on between tables.
    """
    for k in range(hull.size):
        if run[k] >= 0:
            h = hull[k]
            legs[h] += run[k] == last_run[h] and time_us[k] >= start_us and last_us[h] <= end_us
            last_run[h], last_us[h] = run[k], time_us[k]


@loop
def hashed(key: Any, value: Any) -> Any:
    """Put different whole numbers with their values into a table that `_found` looks into, shape (2^k, 2)."""
    size = 16
    while size < 2 * key.size:
        size *= 2
    table = np.full((size, 2), -1, dtype=np.int64)
    for k in range(key.size):
        place = ((key[k] * _SPREAD) >> 20) & (size - 1)
        while table[place, 0] >= 0:
            place = (place + 1) & (size - 1)
        table[place, 0], table[place, 1] = key[k], value[k]
    return table


@loop
def _found(table: Any, key: int) -> int:
    """Return the value of a key, `_UNKNOWN` where there is none."""
    place = ((key * _SPREAD) >> 20) & (table.shape[0] - 1)
    while table[place, 0] >= 0:
        if table[place, 0] == key:
            return int(table[place, 1])
        place = (place + 1) & (table.shape[0] - 1)
    return _UNKNOWN


@loop
def _listed(rising: Any, key: int) -> bool:
    low, high = 0, rising.size
    while low < high:
        middle = (low + high) // 2
        if rising[middle] < key:
            low = middle + 1
        else:
            high = middle
    return bool(low < rising.size and rising[low] == key)


@loop
def _slow(top_kn: float, chord_m: float, length_us: int, max_kn: float, knot_mps: float) -> int:
    """Tell whether a leg is slower than ``max_kn``: 1 yes, 0 no, 2 where only the exact arc can tell."""
    if top_kn >= max_kn:
        return 0
    if length_us <= _FIVE_MIN_US:
        return 1
    own_kn = chord_m / (length_us / 1e6) / knot_mps
    if own_kn * (1.0 - _SHARE) >= max_kn:
        return 0
    return 1 if chord_m <= _CHORD_M and own_kn * (1.0 + _SHARE) < max_kn else 2


@loop
def fill(
    row: Any, place: Any, table: tuple[Any, ...], hulls: tuple[Any, ...], legs: tuple[Any, ...],
    berths: tuple[Any, ...], limits: tuple[Any, ...], unsure: Any, unknown: Any,
) -> tuple[int, int]:  # fmt: skip
    """Fill the legs whose second fix is among some fixes of a table, if they touch the time asked for.

    Parameters
    ----------
    row, place
        Fixes that begin or end a leg, by hull, then time, shape (n,), and their x, y and z [m], shape (3, n).
    table
        Hull, run, time_us, lat_deg, lon_deg, speed_kn, course_deg and heading_deg of the table.
    hulls
        What is carried on, by hull of the table: `STATE` and `LAST`; and from when each row that is known of hulls
        holds [us].
    legs
        What is filled: hull, t0_us, t1_us, p0, p1, slow, observed, summed, speed_kn, course_deg, heading_deg, who.
    berths
        Columns in each row of berth cells, rows per degree, bits of a column; the area of each known cell, as
        `hashed`; the numbers of crowded areas and days, rising; a day [us] and the span of days.
    limits
        First and last time asked for [us], greatest speed [kn], longest observed leg [us], a knot [m/s].
    unsure, unknown
        Filled with legs of which only the exact arc can tell whether they are slow, and cells of no known area.

    Returns
    -------
    How many of both there are.
    """
    hull, run, time_us, lat_deg, lon_deg, speed_kn, course_deg, heading_deg = table
    state, last, known_from = hulls
    leg_hull, t0_us, t1_us, p0, p1, slow, observed, summed, speed, course, heading, who = legs
    columns, per_degree, bits, areas, crowded, day_us, day_span = berths
    start_us, end_us, max_kn, observed_us, knot_mps = limits
    n_unsure, n_unknown = 0, 0
    cell_before, area_before, number_before, listed = -1, -1, -1, False
    for n in range(row.size):
        k = row[n]
        now, before = state[hull[k]], last[hull[k]]
        area = _NOT_ASKED
        if run[k] == now[RUN] and time_us[k] >= start_us and now[TIME] <= end_us:
            leg, begin_us = now[NEXT], now[TIME]
            now[NEXT] += 1
            length_us = time_us[k] - begin_us
            leg_hull[leg], t0_us[leg], t1_us[leg] = now[RANK], begin_us, time_us[k]
            for axis in range(3):
                p0[leg, axis], p1[leg, axis] = before[axis], place[axis, n]
            # A leg that is not observed was chosen because it is slow.
            observed[leg] = length_us <= observed_us
            x, y, z = p0[leg, 0] - p1[leg, 0], p0[leg, 1] - p1[leg, 1], p0[leg, 2] - p1[leg, 2]
            chord_m = np.sqrt(x * x + y * y + z * z)
            how = 1
            if observed[leg]:
                how = _slow(max(before[5], speed_kn[k]), chord_m, length_us, max_kn, knot_mps)
            slow[leg], summed[leg] = how > 0, False
            if how == 2:
                unsure[n_unsure] = leg
                n_unsure += 1
            if how and crowded.size:
                begin_area = now[AREA]
                for end in range(0 if begin_area == _NOT_ASKED else 1, 2):
                    lat, lon = (lat_deg[k], lon_deg[k]) if end else (before[3], before[4])
                    cell = cell_of(lat, lon, columns, per_degree, bits)
                    if cell != cell_before:
                        cell_before, area_before = cell, _found(areas, cell)
                        if area_before == _UNKNOWN:
                            unknown[n_unknown] = cell
                            n_unknown += 1
                    if end:
                        area = area_before
                    else:
                        begin_area = area_before
                if begin_area >= 0 and area >= 0:
                    number = begin_area * day_span + (begin_us // day_us + day_span // 2)
                    if number != number_before:
                        number_before, listed = number, _listed(crowded, number)
                    summed[leg] = listed
            speed[leg] = (before[5] + speed_kn[k]) / 2.0
            course[leg] = course_deg[k] if np.isnan(before[6]) else before[6]
            heading[leg] = heading_deg[k] if np.isnan(before[7]) else before[7]
            while now[KNOWN] + 1 < now[KNOWN_END] and known_from[now[KNOWN] + 1] <= begin_us:
                now[KNOWN] += 1
            who[leg] = now[KNOWN]
        now[RUN], now[TIME], now[AREA] = run[k], time_us[k], area
        before[0], before[1], before[2] = place[0, n], place[1, n], place[2, n]
        before[3], before[4], before[5] = lat_deg[k], lon_deg[k], speed_kn[k]
        before[6], before[7] = course_deg[k], heading_deg[k]
    return n_unsure, n_unknown
