"""Reports of some vessels to fixes: what each report is told apart for, in one look at each."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.jit import loop

#: Flags of reports by number, as in `stsdetect.tracks.quality`.
OK, COARSE, NO_POSITION, IMPOSSIBLE_POSITION, NULL_ISLAND, NOT_A_VESSEL = 0, 1, 2, 3, 4, 5
WRONG_TIME, REPEAT, TELEPORT, NEAR_REPEAT, OUTSIDE_BBOX = 6, 7, 8, 9, 10
#: What a segment begins after, as in `stsdetect.tracks.fixes`.
START, SILENCE, JUMP = 0, 1, 2
#: Rows of the arrays that `fill_fixes` fills.
HULL, SEGMENT, TIME, ROW = 0, 1, 2, 3
MMSI, LAT, LON, SOG, HEADING, X, Y, Z = 0, 1, 2, 3, 4, 5, 6, 7
#: How many rows of whole numbers and of floats a fix takes; what comes behind Z is the speed and the course.
N_INTS, N_FLOATS = 4, 10
_DAY_US = 86_400_000_000
#: 'No speed' in long-range reports, as in `stsdetect.tracks.fixes`.
_NO_LONG_RANGE_KN = 63.0


@loop
def sort_rows(
    order: Any, key_of_code: Any, all_codes: Any, all_times: Any, all_floats: Any, known: Any,
    code: Any, key: Any, time_us: Any, floats: Any,
) -> None:  # fmt: skip
    """Put reports in order: read one after the other, and written where they belong.

    Reports that come in the order of time are sorted by vessel; so the places written to are few at a time.

    Parameters
    ----------
    order
        Places of reports in their new order, shape (n,).
    all_codes, all_times, all_floats, known
        Columns of all reports, the last two of them several: values, and where there are any (empty: everywhere).
    code, key, time_us, floats
        Filled: the same in order, NaN where there is no value; shape (n,) each, (columns, n) for the last one.
    """
    place = np.empty(order.size, dtype=np.int32)
    for k in range(order.size):
        place[order[k]] = k
    for k in range(order.size):
        to = place[k]
        code[to], time_us[to] = all_codes[k], all_times[k]
        key[to] = key_of_code[all_codes[k]]
    for column in range(len(all_floats)):
        values, there, result = all_floats[column], known[column], floats[column]
        for k in range(order.size):
            result[place[k]] = values[k] if there.size == 0 or there[k] else np.nan


@loop
def flag_rows(
    time_us: Any, lat_deg: Any, lon_deg: Any, code: Any, repeat: Any, never: Any, coarse: Any, wrong_days: Any,
    quality: Any, held_lon: Any,
) -> None:  # fmt: skip
    """Find the strongest flag of each report that needs no other of its vessel but the one it repeats.

    Parameters
    ----------
    never, coarse
        By code: whether it is no vessel's, whether its places are coarse.
    wrong_days
        Rising days since 1970.
    quality, held_lon
        Filled: the flags, and longitudes with 180 held as -180.
    """
    for k in range(code.size):
        lat, lon = lat_deg[k], lon_deg[k]
        held_lon[k] = -180.0 if lon == 180.0 else lon
        if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
            missing = np.isnan(lat) or np.isnan(lon) or lat == 91.0 or lon == 181.0
            quality[k] = NO_POSITION if missing else IMPOSSIBLE_POSITION
            continue
        if lat == lon and (lat == 0.0 or lat == 1.0):
            quality[k] = NULL_ISLAND
            continue
        if never[code[k]]:
            quality[k] = NOT_A_VESSEL
            continue
        if wrong_days.size:
            day = time_us[k] // _DAY_US
            spot = np.searchsorted(wrong_days, day)
            if spot < wrong_days.size and wrong_days[spot] == day:
                quality[k] = WRONG_TIME
                continue
        if repeat[k]:
            quality[k] = REPEAT
        else:
            quality[k] = COARSE if coarse[code[k]] else OK


@loop
def odd_keys(
    key: Any, time_us: Any, quality: Any, x: Any, y: Any, z: Any, speed_mps: float, slack_m: float, least_fixes: int,
    odd: Any,
) -> bool:  # fmt: skip
    """Mark the keys with steps between believed fixes that cannot be, and that lone strays do not explain.

    Where they do, the strays are flagged, see `stsdetect.tracks.chains.lone_strays`.

    Parameters
    ----------
    key, time_us, quality, x, y, z
        Reports sorted by key, then time; places [m]. Flags are changed in place.
    odd
        Filled, by key less the first one.

    Returns
    -------
    Whether any is marked.
    """
    odd[:] = False
    found = False
    begin = 0
    while begin < key.size:
        end, last, jump = begin, -1, False
        while end < key.size and key[end] == key[begin]:
            if quality[end] <= COARSE:
                if last >= 0 and not jump:
                    jump = _far(x, y, z, last, end) > _reach(time_us, last, end, speed_mps, slack_m)
                last = end
            end += 1
        if jump and not _only_strays(time_us, quality, x, y, z, begin, end, speed_mps, slack_m, least_fixes):
            odd[key[begin] - key[0]] = found = True
        begin = end
    return found


@loop
def _far(x: Any, y: Any, z: Any, j: int, k: int) -> float:
    dx, dy, dz = x[k] - x[j], y[k] - y[j], z[k] - z[j]
    return float(np.sqrt(dx * dx + dy * dy + dz * dz))


@loop
def _reach(time_us: Any, j: int, k: int, speed_mps: float, slack_m: float) -> float:
    return float(speed_mps * ((time_us[k] - time_us[j]) / 1e6) + slack_m)


@loop
def _only_strays(
    time_us: Any, quality: Any, x: Any, y: Any, z: Any, begin: int, end: int, speed_mps: float, slack_m: float,
    least_fixes: int,
) -> bool:  # fmt: skip
    """Flag the lone strays of one key, if without them all its steps can be; else change nothing."""
    spots, n = np.empty(end - begin, dtype=np.int64), 0
    for k in range(begin, end):
        if quality[k] <= COARSE:
            spots[n] = k
            n += 1
    jump, n_jumps = np.zeros(n + 1, dtype=np.bool_), 0
    for p in range(1, n):
        j, k = spots[p - 1], spots[p]
        if _far(x, y, z, j, k) > _reach(time_us, j, k, speed_mps, slack_m):
            jump[p] = True
            n_jumps += 1
    stray, n_strays = np.zeros(n, dtype=np.bool_), 0
    for p in range(least_fixes, n - 1):
        steady = jump[p] and jump[p + 1]
        for back in range(1, least_fixes):
            q = p - back
            steady = steady and not jump[q] and time_us[spots[q]] > time_us[spots[q - 1]]
        if steady:
            j, k = spots[p - 1], spots[p + 1]
            if _far(x, y, z, j, k) <= speed_mps * (time_us[k] - time_us[j]) / 1e6 + slack_m:
                stray[p] = True
                n_strays += 1
    if n_strays >= least_fixes or n_jumps != 2 * n_strays:
        return False
    last = -1
    for p in range(n):
        if stray[p]:
            continue
        if last >= 0 and _far(x, y, z, last, spots[p]) > _reach(time_us, last, spots[p], speed_mps, slack_m):
            return False
        last = spots[p]
    for p in range(n):
        if stray[p]:
            quality[spots[p]] = TELEPORT
    return True


@loop
def _inside(lat: float, lon: float, bbox: Any) -> bool:
    if not (lat >= bbox[1] and lat <= bbox[3]):
        return False
    if bbox[0] <= bbox[2]:
        return bool((lon >= bbox[0] and lon <= bbox[2]) or (bbox[2] == 180.0 and lon == -180.0))
    return bool(lon >= bbox[0] or lon <= bbox[2])


@loop
def flag_crowds(hull: Any, chain: Any, time_us: Any, lat_deg: Any, lon_deg: Any, near_us: int, bbox: Any,
                quality: Any) -> None:  # fmt: skip
    """Flag fixes that follow another of their hull and kind too closely, and those outside an area.

    Parameters
    ----------
    hull, chain, time_us, lat_deg, lon_deg
        Reports sorted by hull, then time; ``chain`` is empty where no hull has more than one.
    bbox
        Four numbers, or none.
    quality
        Changed in place.
    """
    last, kept_us = np.full(2, -1, dtype=np.int64), np.zeros(2, dtype=np.int64)
    for k in range(hull.size):
        kind = quality[k]
        if kind > COARSE:
            continue
        before, now = last[kind], time_us[k]
        last[kind] = k
        close = before >= 0 and hull[before] == hull[k] and now - time_us[before] <= near_us
        if close and chain.size:
            close = chain[before] == chain[k]
        if close and now - kept_us[kind] <= near_us:
            quality[k] = NEAR_REPEAT
            continue
        kept_us[kind] = now
        if bbox.size and not _inside(lat_deg[k], lon_deg[k], bbox):
            quality[k] = OUTSIDE_BBOX


@loop
def fill_fixes(
    hull: Any, chain: Any, time_us: Any, row: Any, code: Any, quality: Any,
    lat_deg: Any, lon_deg: Any, x: Any, y: Any, z: Any, sog_kn: Any, heading_deg: Any, mmsi: Any,
    coarse: Any, silence_us: int, hull_offset: int, begin: int, segments: int,
    ints: Any, floats: Any, kinds: Any, why: Any,
) -> tuple[int, int]:  # fmt: skip
    """Put the reports with a believed place behind the fixes of groups before.

    Parameters
    ----------
    hull, chain, time_us, row, code, quality, lat_deg, lon_deg, x, y, z, sog_kn, heading_deg
        Reports sorted by hull, then time; ``chain`` is empty where no hull has more than one.
    mmsi, coarse
        By code: the number, and whether its places are coarse, as those of long-range reports.
    begin, segments
        Fixes and segments of the groups before.
    ints, floats, kinds, why
        Filled from there on: shape (4, size), (8 or more, size), (size,), and by segment.

    Returns
    -------
    Fixes and segments so far.
    """
    last, m, n_segments = -1, begin, segments
    for k in range(hull.size):
        if quality[k] > COARSE and quality[k] != OUTSIDE_BBOX:
            continue
        reason = -1
        if last < 0 or hull[last] != hull[k]:
            reason = START
        elif chain.size and chain[last] != chain[k]:
            reason = JUMP
        elif time_us[k] - time_us[last] > silence_us:
            reason = SILENCE
        if reason >= 0:
            why[n_segments] = reason
            n_segments += 1
        last = k
        ints[HULL, m], ints[SEGMENT, m] = hull[k] + hull_offset, n_segments - 1
        ints[TIME, m], ints[ROW, m] = time_us[k], row[k]
        kinds[m] = quality[k]
        floats[MMSI, m], floats[LAT, m], floats[LON, m] = mmsi[code[k]], lat_deg[k], lon_deg[k]
        sog, heading = sog_kn[k], heading_deg[k]
        unsaid = sog < 0.0 or sog >= 102.2 or (sog == _NO_LONG_RANGE_KN and coarse[code[k]])
        floats[SOG, m] = np.nan if unsaid else sog
        floats[HEADING, m] = np.nan if heading < 0.0 or heading >= 360.0 else heading
        floats[X, m], floats[Y, m], floats[Z, m] = x[k], y[k], z[k]
        m += 1
    return m, n_segments


@loop
def sort_out(
    hull: Any, time_us: Any, code: Any, quality: Any, counts: Any, spells: Any, flagged: Any
) -> tuple[int, int]:
    """Find the stretches in which a hull says one thing, and the reports that are not used; count the flags.

    Parameters
    ----------
    hull, time_us, code, quality
        Reports sorted by hull, then time.
    counts
        By flag; added to.
    spells
        Filled: hull, code, first and last time of each, shape (n, 4).
    flagged
        Filled: places of reports, shape (n,).

    Returns
    -------
    How many spells and how many reports.
    """
    n_spells, told = 0, 0
    for k in range(hull.size):
        kind = quality[k]
        counts[kind] += 1
        if kind > COARSE and kind != OUTSIDE_BBOX and kind != REPEAT:
            # Exact repeats say nothing of their own.
            flagged[told] = k
            told += 1
            if kind in (NOT_A_VESSEL, WRONG_TIME, TELEPORT):
                continue
        if n_spells == 0 or spells[n_spells - 1, 0] != hull[k] or spells[n_spells - 1, 1] != code[k]:
            spells[n_spells, 0], spells[n_spells, 1], spells[n_spells, 2] = hull[k], code[k], time_us[k]
            n_spells += 1
        spells[n_spells - 1, 3] = time_us[k]
    return n_spells, told


@loop
def few_chains(
    time_us: Any, x: Any, y: Any, z: Any, speed_mps: float, slack_m: float, least_heard: int, chain: Any, most: int
) -> bool:
    """Assign fixes of one key to chains, see `stsdetect.tracks.chains.assign_chains`.

    Parameters
    ----------
    time_us, x, y, z
        Fixes in time order; places [m].
    chain
        Filled.

    Returns
    -------
    Whether there are at most ``most`` chains; else ``chain`` is not complete.
    """
    last, heard, n = np.zeros(most, dtype=np.int64), np.zeros(most, dtype=np.int64), 0
    for k in range(time_us.size):
        best, best_new, best_m = -1, True, 0.0
        for number in range(n):
            j = last[number]
            dx, dy, dz = x[k] - x[j], y[k] - y[j], z[k] - z[j]
            apart = np.sqrt(dx * dx + dy * dy + dz * dz)
            if apart <= speed_mps * (time_us[k] - time_us[j]) / 1e6 + slack_m:
                new = heard[number] < least_heard
                if best < 0 or (best_new and not new) or (new == best_new and apart < best_m):
                    best, best_new, best_m = number, new, apart
        if best < 0:
            if n == most:
                return False
            best, n = n, n + 1
            heard[best] = 1
        elif time_us[k] > time_us[last[best]]:
            heard[best] += 1
        last[best] = k
        chain[k] = best
    return True
