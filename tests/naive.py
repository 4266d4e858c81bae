"""Slow twins: every kernel again as an obvious loop over plain Python numbers.

Written from the docstrings, not from the kernels, and on other formulas where there are any: the contact
oracle at the end knows latitudes, great circles and haversines, and neither chords nor quadratics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

RADIUS_M = 6_371_008.8
KNOT_MPS = 1852.0 / 3600.0

Vector = Sequence[float]
Interval = tuple[float, float]


# --- the sphere ---------------------------------------------------------------------------------------------


def to_xyz(lat_deg: float, lon_deg: float) -> tuple[float, float, float]:
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    return (
        RADIUS_M * math.cos(lat) * math.cos(lon),
        RADIUS_M * math.cos(lat) * math.sin(lon),
        RADIUS_M * math.sin(lat),
    )


def to_lat_lon(vector: Vector) -> tuple[float, float]:
    x, y, z = vector
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def dot(left: Vector, right: Vector) -> float:
    return sum(p * q for p, q in zip(left, right, strict=True))


def length(vector: Vector) -> float:
    return math.sqrt(dot(vector, vector))


def difference(left: Vector, right: Vector) -> list[float]:
    return [p - q for p, q in zip(left, right, strict=True)]


def between(start: Vector, stop: Vector, x: float) -> list[float]:
    return [p + x * (q - p) for p, q in zip(start, stop, strict=True)]


def haversine_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance [m]."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    turn = math.radians(lon_b - lon_a)
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * RADIUS_M * math.atan2(math.sqrt(h), math.sqrt(1 - h))


def bearing_deg(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Initial course [degrees from north] of the great circle from a to b."""
    a, b, turn = math.radians(lat_a), math.radians(lat_b), math.radians(lon_b - lon_a)
    east = math.sin(turn) * math.cos(b)
    north = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    return math.degrees(math.atan2(east, north)) % 360.0


def travel(lat_deg: float, lon_deg: float, course_deg: float, distance_m: float) -> tuple[float, float]:
    """Where one is after ``distance_m`` along the great circle that starts on ``course_deg``."""
    lat, course, angle = math.radians(lat_deg), math.radians(course_deg), distance_m / RADIUS_M
    sin_lat = math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(course)
    # Both as a vector, so that the latitude stays exact next to a pole.
    east = math.sin(angle) * math.sin(course)
    out = math.cos(lat) * math.cos(angle) - math.sin(lat) * math.sin(angle) * math.cos(course)
    lon = lon_deg + math.degrees(math.atan2(east, out))
    return math.degrees(math.atan2(sin_lat, math.hypot(east, out))), (lon + 180.0) % 360.0 - 180.0


def local_axes(lat_deg: float, lon_deg: float) -> tuple[Vector, Vector]:
    """Unit vectors to the east and to the north."""
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    east = (-math.sin(lon), math.cos(lon), 0.0)
    north = (-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat))
    return east, north


# --- runs ---------------------------------------------------------------------------------------------------


def expand(starts: Iterable[int], counts: Iterable[int]) -> list[tuple[int, int]]:
    return [(k, start + n) for k, (start, count) in enumerate(zip(starts, counts, strict=True)) for n in range(count)]


def stitch(rows: Sequence[tuple[int, int, int]], max_break: int) -> list[int]:
    """Group numbers of (key, start, end), sorted by key and start."""
    groups: list[int] = []
    for k, (key, start, _) in enumerate(rows):
        if k == 0:
            groups.append(0)
            continue
        ends = [rows[n][2] for n in range(k) if rows[n][0] == key]
        touches = bool(ends) and start <= max(ends) + max_break
        groups.append(groups[-1] if touches else groups[-1] + 1)
    return groups


def part_far(
    groups: Sequence[int],
    times: Sequence[tuple[int, int]],
    ways: Sequence[tuple[Vector, Vector]],
    mps: float,
    slack: float,
) -> list[int]:
    """Groups of (start, end) and (from, to), with a new one after each way too far."""
    parted: list[int] = []
    for k, group in enumerate(groups):
        if k == 0:
            parted.append(0)
            continue
        seconds = max(times[k][0] - times[k - 1][1], 0) / 1e6
        far = length(difference(ways[k][0], ways[k - 1][1])) > mps * seconds + slack
        parted.append(parted[-1] + (group != groups[k - 1] or far))
    return parted


def group_bounds(group: Sequence[int]) -> list[tuple[int, int]]:
    bounds: list[tuple[int, int]] = []
    for k, number in enumerate(group):
        if k and number == group[k - 1]:
            bounds[-1] = (bounds[-1][0], k + 1)
        else:
            bounds.append((k, k + 1))
    return bounds


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    known = sorted((v, w) for v, w in zip(values, weights, strict=True) if w > 0 and not math.isnan(v))
    total = sum(w for _, w in known)
    reached = 0.0
    for value, weight in known:
        reached += weight
        if reached >= total / 2:
            return value
    return math.nan


def isolated(times: Sequence[int], hulls: Sequence[int], min_step: int) -> list[bool]:
    marks: list[bool] = []
    kept: tuple[int, int] | None = None
    for time, hull in zip(times, hulls, strict=True):
        near = kept is not None and kept[0] == hull and time - kept[1] <= min_step
        marks.append(near)
        if not near:
            kept = (hull, time)
    return marks


# --- contact of straight lines ------------------------------------------------------------------------------


def truth_intervals(holds: Callable[[float], bool], spots: Sequence[float], steps: int = 45) -> list[Interval]:
    """Where ``holds`` is true, from its value at the ``spots`` (rising) and bisection of every change."""
    found: list[Interval] = []
    begin = spots[0] if holds(spots[0]) else None
    for left, right in pairwise(spots):
        was, now = holds(left), holds(right)
        if was == now:
            continue
        low, high = left, right
        for _ in range(steps):
            middle = (low + high) / 2
            if holds(middle) == was:
                low = middle
            else:
                high = middle
        if now:
            begin = high
        elif begin is not None:
            found.append((begin, low))
            begin = None
    if begin is not None:
        found.append((begin, spots[-1]))
    return found


def minimum_at(value: Callable[[float], float], spots: Sequence[float], steps: int = 40) -> float:
    """Where ``value`` is least: thirds of the stretch around the lowest of the ``spots``, again and again."""
    lowest = min(range(len(spots)), key=lambda k: value(spots[k]))
    low, high = spots[max(lowest - 1, 0)], spots[min(lowest + 1, len(spots) - 1)]
    for _ in range(steps):
        one, two = low + (high - low) / 3, high - (high - low) / 3
        if value(one) <= value(two):
            high = two
        else:
            low = one
    return min((low, (low + high) / 2, high, spots[lowest]), key=value)


def in_range(d0: Vector, d1: Vector, reach: float) -> Interval | None:
    """First and last x in [0, 1] at which |d0 + x (d1 - d0)| <= reach, found by looking."""

    def gap(x: float) -> float:
        return length(between(d0, d1, x))

    spots = [k / 8 for k in range(9)]
    spots = sorted({*spots, minimum_at(gap, spots)})
    stretches = truth_intervals(lambda x: gap(x) <= reach, spots)
    return (stretches[0][0], stretches[-1][1]) if stretches else None


def closest(d0: Vector, d1: Vector, x0: float, x1: float) -> float:
    spots = [x0 + (x1 - x0) * k / 8 for k in range(9)]
    return length(between(d0, d1, minimum_at(lambda x: length(between(d0, d1, x)), spots)))


@dataclass(frozen=True)
class Leg:
    """A leg with its ends both as vectors [m] and as (latitude, longitude) [degrees]."""

    hull: int
    t0: int
    t1: int
    from_deg: tuple[float, float]
    to_deg: tuple[float, float]
    slow: bool = True
    observed: bool = True
    summed: bool = False

    def at(self, time: float) -> list[float]:
        x = (time - self.t0) / (self.t1 - self.t0)
        return between(to_xyz(*self.from_deg), to_xyz(*self.to_deg), x)


def overlaps(legs: Sequence[Leg], asked: Sequence[tuple[int, int, int, int]]) -> set[tuple[int, int, int]]:
    """(asking row, leg of a, leg of b) for every (a, b, begin, end) whose legs share time within it."""
    return {
        (k, i, j)
        for k, (a, b, begin, end) in enumerate(asked)
        for i, one in enumerate(legs)
        for j, two in enumerate(legs)
        if one.hull == a and two.hull == b and max(one.t0, two.t0, begin) < min(one.t1, two.t1, end)
    }


# --- candidates ---------------------------------------------------------------------------------------------


def bins_of(leg: Leg, bin_us: int) -> range:
    return range(leg.t0 // bin_us, (leg.t1 - 1) // bin_us + 1)


def near_in_bins(legs: Sequence[Leg], reach: float, bin_us: int) -> set[tuple[int, int, int]]:
    """(bin, a, b), a < b, for all hulls whose straight distance is at most ``reach`` at one instant of a bin.

    Without those that both have nothing but summed legs in it.
    """
    found = set()
    busy = {(leg.hull, number) for leg in legs if not leg.summed for number in bins_of(leg, bin_us)}
    for one in legs:
        for two in legs:
            if one.hull >= two.hull:
                continue
            start, stop = max(one.t0, two.t0), min(one.t1, two.t1)
            for number in range(start // bin_us, stop // bin_us + 1):
                low, high = max(start, number * bin_us), min(stop, (number + 1) * bin_us)
                if not {(one.hull, number), (two.hull, number)} & busy:
                    continue
                if low < high and in_range(
                    difference(two.at(low), one.at(low)), difference(two.at(high), one.at(high)), reach
                ):
                    found.add((number, one.hull, two.hull))
    return found


def filled_bins(legs: Sequence[Leg], bin_us: int) -> dict[tuple[int, int], bool]:
    """(hull, bin) with a leg, and whether slow observed legs, and no others, cover all of it."""
    found: dict[tuple[int, int], bool] = {}
    for leg in legs:
        for number in bins_of(leg, bin_us):
            low, high = number * bin_us, (number + 1) * bin_us
            own = [other for other in legs if other.hull == leg.hull and other.t0 < high and other.t1 > low]
            covered = sum(min(other.t1, high) - max(other.t0, low) for other in own)
            found[leg.hull, number] = covered == bin_us and all(other.slow and other.observed for other in own)
    return found


def long_enough(
    rows: Sequence[tuple[int, int, int]], min_bins: int, max_empty: int, edges: tuple[int, int]
) -> list[int]:
    """Places of the (bin, a, b), sorted by pair then bin, that belong to a run of use."""
    runs: list[list[int]] = []
    for k, (number, a, b) in enumerate(rows):
        before = rows[k - 1] if k else None
        if before is not None and before[1:] == (a, b) and number - before[0] - 1 <= max_empty:
            runs[-1].append(k)
        else:
            runs.append([k])

    def useful(run: list[int]) -> bool:
        # Another run within the allowed break, outside what was looked at, may still be joined to this one.
        before = rows[run[0]][0] - edges[0] <= max(max_empty, 1)
        after = edges[1] - rows[run[-1]][0] <= max(max_empty, 1)
        return len(run) >= min_bins or before or after

    return [k for run in runs if useful(run) for k in run]


# --- hulls --------------------------------------------------------------------------------------------------

Point = tuple[float, float]


def corners(east: float, north: float, heading_deg: float, abcd: Vector) -> list[Point]:
    a, b, c, d = abcd
    angle = math.radians(heading_deg)
    places = []
    for ahead, right in ((a, -c), (a, d), (-b, d), (-b, -c)):
        places.append(
            (
                east + ahead * math.sin(angle) + right * math.cos(angle),
                north + ahead * math.cos(angle) - right * math.sin(angle),
            )
        )
    return places


def point_to_edge(point: Point, start: Point, stop: Point) -> float:
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    square = dx * dx + dy * dy
    x = 0.0
    if square > 0:
        x = min(max(((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / square, 0.0), 1.0)
    return math.hypot(point[0] - start[0] - x * dx, point[1] - start[1] - x * dy)


def _side(p: Point, q: Point, r: Point) -> float:
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def edges_cross(p: Point, q: Point, r: Point, s: Point) -> bool:
    return _side(p, q, r) * _side(p, q, s) < 0 and _side(r, s, p) * _side(r, s, q) < 0


def is_inside(point: Point, polygon: Sequence[Point]) -> bool:
    sides = [_side(polygon[k - 1], polygon[k], point) for k in range(len(polygon))]
    return all(side > 0 for side in sides) or all(side < 0 for side in sides)


def clearance_m(left: Sequence[Point], right: Sequence[Point]) -> float:
    left_edges = [(left[k - 1], left[k]) for k in range(4)]
    right_edges = [(right[k - 1], right[k]) for k in range(4)]
    if any(is_inside(p, right) for p in left) or any(is_inside(p, left) for p in right):
        return 0.0
    if any(edges_cross(*one, *two) for one in left_edges for two in right_edges):
        return 0.0
    return min(
        *(point_to_edge(p, *edge) for p in left for edge in right_edges),
        *(point_to_edge(p, *edge) for p in right for edge in left_edges),
    )


# --- chains -------------------------------------------------------------------------------------------------


def can_reach(then: int, there: Vector, now: int, here: Vector, speed_kn: float, slack_m: float) -> bool:
    return length(difference(here, there)) <= speed_kn * KNOT_MPS * (now - then) / 1e6 + slack_m


def impossible_steps(
    keys: Sequence[int], times: Sequence[int], places: Sequence[Vector], speed_kn: float, slack_m: float
) -> list[bool]:
    return [
        k > 0
        and keys[k] == keys[k - 1]
        and not can_reach(times[k - 1], places[k - 1], times[k], places[k], speed_kn, slack_m)
        for k in range(len(keys))
    ]


def assign_chains(
    times: Sequence[int], places: Sequence[Vector], speed_kn: float, slack_m: float, min_fixes: int
) -> list[int]:
    chains: list[list[int]] = []
    for k, (now, here) in enumerate(zip(times, places, strict=True)):
        options = []
        for number, members in enumerate(chains):
            last = members[-1]
            if can_reach(times[last], places[last], now, here, speed_kn, slack_m):
                young = len({times[m] for m in members}) < min_fixes
                options.append((young, length(difference(here, places[last])), number))
        if options:
            chains[min(options)[2]].append(k)
        else:
            chains.append([k])
    number_of = {k: number for number, members in enumerate(chains) for k in members}
    return [number_of[k] for k in range(len(times))]


def group_hulls(times: Sequence[int], chains: Sequence[int]) -> list[int]:
    spans = {}
    for number in set(chains):
        own = [time for time, chain in zip(times, chains, strict=True) if chain == number]
        spans[number] = (min(own), number, max(own))
    hulls: list[list[int]] = []
    for begin, number, _ in sorted(spans.values()):
        silent = [(max(spans[n][2] for n in hull), -h) for h, hull in enumerate(hulls)]
        silent = [entry for entry in silent if entry[0] < begin]
        if silent:
            hulls[-max(silent)[1]].append(number)
        else:
            hulls.append([number])
    hull_of = {number: h for h, hull in enumerate(hulls) for number in hull}
    return [hull_of[chain] for chain in chains]


def speed_and_course(rows: Sequence[tuple[int, int, float, float, float]], window_us: int) -> list[tuple[float, float]]:
    """Speed [kn] and course of each (segment, time, latitude, longitude, SOG), sorted by segment and time."""

    def rate(one: int, two: int) -> float:
        if one == two:
            return 0.0
        step = haversine_m(*rows[one][2:4], *rows[two][2:4])
        return step / ((rows[two][1] - rows[one][1]) / 1e6) / KNOT_MPS

    result = []
    for k, (segment, now, _, _, sog) in enumerate(rows):
        own = [n for n, row in enumerate(rows) if row[0] == segment]
        before = max([n for n in own if rows[n][1] <= now - window_us], default=own[0])
        after = min([n for n in own if rows[n][1] >= now + window_us], default=own[-1])
        if before == after:
            result.append((sog, math.nan))
            continue
        speed = rate(before, after)
        left = rate(before, k) if before != k else rate(k, after)
        right = rate(k, after) if after != k else left
        if rows[after][1] - rows[before][1] > 600_000_000 and not (left < 0.5 and right < 0.5):
            to_left, to_right = now - rows[before][1], rows[after][1] - now
            if math.isnan(sog):
                if to_left < to_right:
                    speed = left
                elif to_right < to_left:
                    speed = right
            elif sog >= min(left, right) - 1.0:
                speed = sog
        course = bearing_deg(*rows[before][2:4], *rows[after][2:4]) if speed >= 1.0 else math.nan
        result.append((speed, course))
    return result


# --- the whole contact search: great circles and haversines, all legs of all pairs ---------------------------


def on_great_circle(leg: Leg, time: float) -> tuple[float, float]:
    """Latitude and longitude at ``time``, moving evenly along the great circle (spherical interpolation)."""
    lat_a, lon_a = (math.radians(v) for v in leg.from_deg)
    lat_b, lon_b = (math.radians(v) for v in leg.to_deg)
    x = (time - leg.t0) / (leg.t1 - leg.t0)
    angle = haversine_m(*leg.from_deg, *leg.to_deg) / RADIUS_M
    if angle < 1e-12:
        return leg.from_deg
    one, two = math.sin((1 - x) * angle) / math.sin(angle), math.sin(x * angle) / math.sin(angle)
    east = one * math.cos(lat_a) * math.cos(lon_a) + two * math.cos(lat_b) * math.cos(lon_b)
    deep = one * math.cos(lat_a) * math.sin(lon_a) + two * math.cos(lat_b) * math.sin(lon_b)
    up = one * math.sin(lat_a) + two * math.sin(lat_b)
    return math.degrees(math.atan2(up, math.hypot(east, deep))), math.degrees(math.atan2(deep, east))


def seen_apart(one: Leg, two: Leg, legs: Sequence[Leg], reach_m: float) -> bool:
    """Whether a fix of ``one`` lay out of reach of the other vessel, which was on a slow leg at that time."""
    for time, spot in ((one.t0, one.from_deg), (one.t1, one.to_deg)):
        for leg in legs:
            known = leg.hull == two.hull and leg.slow and leg.t0 <= time <= leg.t1
            if known and haversine_m(*spot, *on_great_circle(leg, time)) > reach_m:
                return True
    return False


def leg_contact(one: Leg, two: Leg, legs: Sequence[Leg], reach_m: float) -> list[Interval]:
    """Stretches of time [us] in which two legs are in contact.

    Both legs observed and slow: while the great-circle distance is at most ``reach_m``. A leg not observed:
    all of the shared time or nothing, by the distances at its two ends and at the fixes of both legs, as far as
    the other vessel was on a slow leg at that time.
    """
    start, stop = max(one.t0, two.t0), min(one.t1, two.t1)
    if start >= stop or not (one.slow and two.slow) or (one.summed and two.summed):
        return []

    def gap(time: float) -> float:
        return haversine_m(*on_great_circle(one, time), *on_great_circle(two, time))

    if not (one.observed and two.observed):
        near = gap(start) <= reach_m and gap(stop) <= reach_m
        apart = seen_apart(one, two, legs, reach_m) or seen_apart(two, one, legs, reach_m)
        return [(start, stop)] if near and not apart else []
    spots = [start + (stop - start) * k / 12 for k in range(13)]
    spots = sorted({*spots, minimum_at(gap, spots)})
    return truth_intervals(lambda time: gap(time) <= reach_m, spots)


def join(stretches: Iterable[Interval], max_break: float = 0.0) -> list[Interval]:
    """Put stretches in order and join those that lie at most ``max_break`` apart."""
    joined: list[Interval] = []
    for start, stop in sorted(stretches):
        if joined and start <= joined[-1][1] + max_break:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return joined


def find_contact(legs: Sequence[Leg], reach_m: float) -> dict[tuple[int, int], list[tuple[float, float, bool]]]:
    """All contact of all pairs, a < b: (start, end, observed) in order of start, leg by leg."""
    found: dict[tuple[int, int], list[tuple[float, float, bool]]] = {}
    for one in legs:
        for two in legs:
            if one.hull < two.hull:
                for start, stop in leg_contact(one, two, legs, reach_m):
                    entry = (start, stop, one.observed and two.observed)
                    found.setdefault((one.hull, two.hull), []).append(entry)
    return {pair: sorted(stretches) for pair, stretches in found.items()}


# --- berths -------------------------------------------------------------------------------------------------


def berth_cell_middle(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Middle of the cell, 1/500 of a degree high and about as wide, that holds a place [degrees]."""
    row = min(math.floor((lat_deg + 90.0) * 500), 89_999)
    lat = (row + 0.5) / 500 - 90.0
    count = max(round(360 * 500 * math.cos(math.radians(lat))), 1)
    column = min(math.floor((lon_deg + 180.0) % 360.0 * count / 360.0), count - 1)
    return lat, (column + 0.5) * 360.0 / count - 180.0


def crowd(stays: Iterable[tuple[str, int, str]], least: int) -> dict[tuple[str, int], list[str]]:
    """Hulls by (area, day) where there are at least so many, of (area, day, hull) in any order and number."""
    hulls: dict[tuple[str, int], set[str]] = {}
    for area, day, hull in stays:
        hulls.setdefault((area, day), set()).add(hull)
    return {key: sorted(found) for key, found in hulls.items() if len(found) >= least}
