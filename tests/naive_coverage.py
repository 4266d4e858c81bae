"""The obvious loops over fixes that `stsdetect.context.heard` and `stsdetect.context.coverage` do with arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

HOUR_US = 3_600_000_000
#: A fix: hull, time [us], latitude, longitude [degrees].
Fix = tuple[int, int, float, float]


def columns(row: int) -> int:
    """How many cells go round the Earth in a row of cells a quarter of a degree high."""
    south, north = (row - 1) / 4 - 90, (row + 2) / 4 - 90
    return max(math.floor(1440 * math.cos(math.radians(min(max(abs(south), abs(north)), 90)))), 1)


def cell_of(lat: float, lon: float) -> tuple[int, int]:
    """Row and column of the cell that holds a place."""
    row = min(max(math.floor((lat + 90) * 4), 0), 719)
    return row, min(int((lon + 180) % 360 / 360 * columns(row)), columns(row) - 1)


def around(cell: tuple[int, int]) -> set[tuple[int, int]]:
    """The cell and those around it."""
    row, column = cell
    middle = (column + 0.5) * 360 / columns(row) - 180
    found = set()
    for there in (row - 1, row, row + 1):
        if 0 <= there < 720:
            centre = cell_of(there / 4 - 90 + 0.125, middle)[1]
            found |= {(there, (centre + side) % columns(there)) for side in (-1, 0, 1)}
    return found


def hull_hours(fixes: Sequence[Fix]) -> dict[tuple[int, int], tuple[tuple[int, int], int]]:
    """The cell of the last fix, and the number of fixes, of each hull and hour."""
    found: dict[tuple[int, int], tuple[tuple[int, int], int]] = {}
    for hull, time, lat, lon in sorted(fixes):
        key = hull, time // HOUR_US
        found[key] = cell_of(lat, lon), found.get(key, (None, 0))[1] + 1
    return found


def next_hours(fixes: Sequence[Fix]) -> dict[tuple[int, int], int]:
    """Hours until each hull is heard next, by hull and hour; 0 where never again."""
    found = {}
    keys = sorted(hull_hours(fixes))
    for hull, hour in keys:
        later = [other for whose, other in keys if whose == hull and other > hour]
        found[hull, hour] = min(later) - hour if later else 0
    return found


def counts(fixes: Sequence[Fix], end_us: int) -> dict[tuple[tuple[int, int], int], list[int]]:
    """By cell and day: hull-hours, hours, fixes, followed, and again within 1 to 6 h."""
    found: dict[tuple[tuple[int, int], int], list[int]] = {}
    hours: set[tuple[tuple[int, int], int]] = set()
    again = next_hours(fixes)
    for (hull, hour), (cell, n) in hull_hours(fixes).items():
        row = found.setdefault((cell, hour // 24), [0] * 10)
        row[0] += 1
        row[1] += (cell, hour) not in hours
        hours.add((cell, hour))
        row[2] += n
        if hour <= end_us // HOUR_US - 6:
            row[3] += 1
            for within in range(1, 7):
                row[3 + within] += 1 <= again[hull, hour] <= within
    return found


def crowd(fixes: Sequence[Fix], hull: int, start_us: int, end_us: int) -> tuple[int, int, int, int]:
    """Whole hours judged, hulls before, those heard again, and hulls during the silence of a hull."""
    hours = hull_hours(fixes)
    first = start_us // HOUR_US
    whole = min(max(end_us // HOUR_US - first - 1, 0), 6)
    near = around(hours[hull, first][0])
    before, again, during = set(), set(), set()
    for other in {whose for whose, _ in hours} - {hull}:
        here = [hour for hour in (first - 1, first) if (other, hour) in hours and hours[other, hour][0] in near]
        later = [hour for hour in range(first + 1, first + whole + 1) if (other, hour) in hours]
        left = first not in here and (other, first) in hours
        if here and not left:
            before.add(other)
            if later:
                again.add(other)
        if any(hours[other, hour][0] in near for hour in later):
            during.add(other)
    return whole, len(before), len(again), len(during)


def rarity(
    silences: Sequence[tuple[int, float, float, int, float]], fixes: Sequence[Fix], days: int
) -> list[tuple[float, float]]:
    """How seldom each silence (hull, latitude, longitude, day, hours) lasts so long, at its place and for its hull."""
    classes = [0, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
    kinds = [max(k for k, least in enumerate(classes) if hours >= least) for *_, hours in silences]
    found = []
    for k, (hull, lat, lon, day, _) in enumerate(silences):
        near = around(cell_of(lat, lon))
        heard = sum(
            cell in near and abs(hour // 24 - day) <= days for (_, hour), (cell, _) in hull_hours(fixes).items()
        )
        inside = [j for j, other in enumerate(silences) if abs(other[3] - day) <= days]
        long = [j for j in inside if kinds[j] >= kinds[k]]
        there = sum(cell_of(*silences[j][1:3]) in near for j in long)
        own, own_long = (sum(silences[j][0] == hull for j in some if j != k) for some in (inside, long))
        share = (own_long + 2 * len(long) / len(inside)) / (own + 2)
        found.append((-math.log10(min(there / (heard + 1), 1)), -math.log10(share)))
    return found


def meanwhile(fixes: Sequence[Fix], cells: Sequence[tuple[int, int]], hour: int, whole: int) -> tuple[float, float]:
    """Least share heard from hour to hour on all days, and least share of the usual in two of the hours of a silence.

    ``cells`` are those in which the hull would be after 0, 1, ... hours.
    """
    hours, again = hull_hours(fixes), next_hours(fixes)
    by_day: dict[int, dict[tuple[int, int], set[int]]] = {}
    for (_, when), (cell, _) in hours.items():
        by_day.setdefault(when // 24, {}).setdefault(cell, set()).add(when)
    n_hours = sum(max(map(len, cells.values())) for cells in by_day.values())
    last = max(when for _, when in hours)
    steady, rows = 1.0, []
    for step in range(min(whole, 5)):
        both = []
        for near in (around(cells[step]), {cells[step]}):
            here = [key for key, (cell, _) in hours.items() if cell in near]
            followed = [key for key in here if key[1] <= last - 6]
            now = sum(key[1] == hour + step and again[key] == 1 for key in here)
            both.append((now, len(here) / n_hours))
            if len(both) == 1 and step < 3:
                steady = min(steady, sum(again[key] == 1 for key in followed) / max(len(followed), 1))
        rows.append(both)
    shares = []
    for first in range(max(len(rows) - 1, 1)):
        pair = rows[first : first + 2]
        for kind, least in ((0, 0.0), (1, 2.0)):
            usual = sum(row[kind][1] for row in pair)
            if usual > 0 and usual >= least:
                shares.append(sum(row[kind][0] for row in pair) / usual)
    return steady, min(shares)
