"""Contact between two hulls, leg by leg: who was within reach of whom, when, and how well that was seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.kernels.contact import Legs, closest, in_range, overlaps
from stsdetect.kernels.hull import clearance_m, corners
from stsdetect.kernels.nearby import bin_balls, candidate_pairs, long_enough
from stsdetect.kernels.runs import group_bounds, stitch
from stsdetect.kernels.sphere import (
    Bools,
    Floats,
    Ints,
    arc_to_chord,
    chord_to_arc,
    direction,
    dot,
    local_axes,
    norm,
)
from stsdetect.settings import EncounterSettings

#: Time bins of the candidate index [us]: half an hour, half of the usual least duration.
BIN_US = 1_800_000_000
#: Legs handled at once; bounds memory, not results.
_CHUNK = 2_000_000


@dataclass(frozen=True)
class Hulls:
    """Identity rows as arrays, shape (n rows,): antenna offsets, length and far corner, all [m]."""

    abcd_m: Floats
    length_m: Floats
    far_m: Floats
    source: Ints

    @classmethod
    def of(cls, known: Identities) -> Hulls:
        """Take what contact needs from the identity history; one row more stands for hulls never named."""
        rows = np.append(np.arange(known.hull.size), -1)
        far, source = known.reach(rows)
        return cls(
            abcd_m=np.vstack([known.abcd_m, np.full((1, 4), np.nan)]),
            length_m=np.append(known.length_m, np.nan),
            far_m=far,
            source=source,
        )


@dataclass(frozen=True)
class Tracks:
    """Legs that can be part of a contact, with what is asked of their ends; arrays of shape (n legs,)."""

    legs: Legs
    slow: Bools
    cruising: Bools
    observed: Bools
    speed_kn: Floats
    course_deg: Floats
    heading_deg: Floats
    who: Ints

    @classmethod
    def of(cls, fixes: Fixes, known: Identities, rule: EncounterSettings) -> Tracks:
        """Choose the legs of ``fixes`` slow enough for a transfer."""
        legs, i = fixes.legs(max(rule.inferred_bracket_s, rule.observed_bracket_s), coarse=False)
        top = fixes.top_speed_kn(legs, i)
        observed = legs.t1_us - legs.t0_us <= round(rule.observed_bracket_s * 1e6)
        slow = top < rule.max_speed_kn
        cruising = observed & (top <= rule.under_way_max_speed_kn)
        keep = np.flatnonzero(slow | cruising)
        i = i[keep]
        heading = np.where(np.isnan(fixes.heading_deg[i]), fixes.heading_deg[i + 1], fixes.heading_deg[i])
        course = np.where(np.isnan(fixes.course_deg[i]), fixes.course_deg[i + 1], fixes.course_deg[i])
        return cls(
            legs=legs.take(keep),
            slow=slow[keep],
            cruising=cruising[keep],
            observed=observed[keep],
            speed_kn=(fixes.speed_kn[i] + fixes.speed_kn[i + 1]) / 2.0,
            course_deg=course,
            heading_deg=heading,
            who=known.at(fixes.hull[i], fixes.time_us[i]),
        )

    def take(self, index: Ints) -> Tracks:
        """Return some of the legs with all that belongs to them."""
        parts = {name: getattr(self, name)[index] for name in self.__dataclass_fields__ if name != "legs"}
        return Tracks(legs=self.legs.take(index), **parts)


@dataclass(frozen=True)
class Pieces:
    """Stretches of contact within one pair of legs; arrays of shape (n,), difference b - a of shape (n, 3) [m].

    ``row`` is the asking row: the place of (i, j) among the pairs of legs that were handed over.
    """

    row: Ints
    i: Ints
    j: Ints
    start_us: Ints
    end_us: Ints
    observed: Bools
    under_way: Bools
    least_m: Floats
    middle: Floats

    def take(self, index: Ints | Bools) -> Pieces:
        """Return some of the pieces."""
        return Pieces(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Runs:
    """Stretches of contact of a pair, stitched where they touch; int64 arrays of shape (n,), times in us."""

    a: Ints
    b: Ints
    start_us: Ints
    end_us: Ints
    observed_us: Ints
    inferred_us: Ints
    under_way_us: Ints

    @classmethod
    def joined(cls, parts: list[Runs], max_break_us: int) -> tuple[Runs, Ints]:
        """Put runs together, sort them by pair and start, and stitch those at most ``max_break_us`` apart.

        Returns the stitched runs and, per run, how many were put together.
        """
        names = list(cls.__dataclass_fields__)
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        order = np.lexsort((columns["end_us"], columns["start_us"], columns["b"], columns["a"]))
        columns = {name: values[order] for name, values in columns.items()}
        if order.size == 0:
            return cls(**columns), order
        pair = columns["a"] * (int(columns["b"].max()) + 1) + columns["b"]
        begin, end = group_bounds(stitch(pair, columns["start_us"], columns["end_us"], max_break_us))
        result = {name: columns[name][begin] for name in ("a", "b", "start_us")}
        result["end_us"] = np.maximum.reduceat(columns["end_us"], begin)
        for name in ("observed_us", "inferred_us", "under_way_us"):
            result[name] = np.add.reduceat(columns[name], begin)
        return cls(**result), end - begin


def contact_pieces(data: Tracks, hulls: Hulls, i: Ints, j: Ints, rule: EncounterSettings) -> Pieces:
    """Return the contact within each pair of legs (i of vessel a, j of vessel b) that share time.

    Observed where both legs are at most ``observed_bracket_s`` long: contact lasts while the distance of the
    linearly moving positions is at most ``max_distance_m``, if both vessels are slow, or if they run side by
    side. Inferred where a leg is longer: all of the shared time, if all four fixes are slow and the vessels are
    in range at both its ends; a linear relative motion that is in range at both ends is in range between.
    """
    legs, reach = data.legs, arc_to_chord(rule.max_distance_m)
    start = np.maximum(legs.t0_us[i], legs.t0_us[j])
    end = np.minimum(legs.t1_us[i], legs.t1_us[j])
    observed = data.observed[i] & data.observed[j]
    slow = data.slow[i] & data.slow[j]
    ask = np.flatnonzero((end > start) & (slow | (observed & data.cruising[i] & data.cruising[j])))
    i, j, start, end, observed, slow = i[ask], j[ask], start[ask], end[ask], observed[ask], slow[ask]
    d0, d1 = legs.apart(i, j, start, end)
    enter, leave = in_range(d0, d1, reach)
    whole = (norm(d0) <= reach) & (norm(d1) <= reach)
    guess = np.flatnonzero(whole & ~observed)
    whole[guess] = ~_seen_apart(data, i[guess], j[guess], reach)
    good = ~np.isnan(enter) & (observed | whole)
    enter, leave = np.where(observed, enter, 0.0), np.where(observed, leave, 1.0)
    k = np.flatnonzero(good)
    span = (end[k] - start[k]).astype(np.float64)
    pieces = Pieces(
        row=ask[k],
        i=i[k],
        j=j[k],
        start_us=start[k] + np.rint(enter[k] * span).astype(np.int64),
        end_us=start[k] + np.rint(leave[k] * span).astype(np.int64),
        observed=observed[k],
        under_way=~slow[k],
        least_m=chord_to_arc(closest(d0[k], d1[k], enter[k], leave[k])),
        middle=d0[k] + ((enter[k] + leave[k]) / 2.0)[:, None] * (d1[k] - d0[k]),
    )
    keep = pieces.end_us > pieces.start_us
    moving = np.flatnonzero(keep & pieces.under_way)
    keep[moving] = side_by_side(data, hulls, pieces.take(moving), rule)
    return pieces.take(keep)


def _seen_apart(data: Tracks, i: Ints, j: Ints, reach_m: float) -> Bools:
    """Tell which pairs of legs have a fix that lay out of reach of the other vessel, on a slow leg at that time.

    So one that drifts past between two far fixes is not taken for alongside. Where the other vessel was not slow
    at the time of the fix (it was still arriving), the fix says nothing of what followed.
    """
    legs = data.legs
    apart = np.zeros(i.size, dtype=np.bool_)
    for one, two in ((i, j), (j, i)):
        hull = legs.hull[two]
        for time in (legs.t0_us[one], legs.t1_us[one]):
            after = np.searchsorted(legs.timeline.start, legs.timeline.place(hull, time), side="right") - 1
            # At a fix two legs meet: either may be the slow one.
            for k in (np.maximum(after, 0), np.maximum(after - 1, 0)):
                known = (legs.hull[k] == hull) & (legs.t0_us[k] <= time) & (legs.t1_us[k] >= time) & data.slow[k]
                q = np.flatnonzero(known)
                far = norm(legs.at(one[q], time[q]) - legs.at(k[q], time[q])) > reach_m
                apart[q[far]] = True
    return apart


def side_by_side(data: Tracks, hulls: Hulls, pieces: Pieces, rule: EncounterSettings) -> Bools:
    """Tell which pieces have parallel courses, hulls possibly close, and one vessel beside the other.

    Beside means: within ``under_way_abeam_deg`` of abeam, or, where both lengths are known, hulls that overlap
    along the track by a quarter of the shorter. A tow or a convoy lies ahead or astern.
    """
    i, j = pieces.i, pieces.j
    place = data.legs.p0[i] + data.legs.p0[j]
    one, two = direction(place, data.course_deg[i]), direction(place, data.course_deg[j])
    parallel = dot(one, two) >= np.cos(np.radians(rule.under_way_parallel_deg))
    track = one + two
    track = track / np.maximum(norm(track), 1e-9)[:, None]
    up = place / norm(place)[:, None]
    starboard = np.cross(track, up)
    who_a, who_b = data.who[i], data.who[j]
    ahead_a, right_a = _centre(hulls, who_a)
    ahead_b, right_b = _centre(hulls, who_b)
    along = np.abs(dot(pieces.middle, track) + ahead_b - ahead_a)
    across = np.abs(dot(pieces.middle, starboard) + right_b - right_a)
    length_a, length_b = hulls.length_m[who_a], hulls.length_m[who_b]
    overlap = (length_a + length_b) / 2.0 - np.minimum(length_a, length_b) / 4.0
    beside = (along <= across * np.tan(np.radians(rule.under_way_abeam_deg))) | (along <= overlap)
    least, _, _ = hull_gap(data, hulls, pieces, rule.position_error_m)
    result: Bools = parallel & beside & (least < rule.under_way_hull_gap_m)
    return result


def _centre(hulls: Hulls, who: Ints) -> tuple[Floats, Floats]:
    """Return how far ahead and to starboard of the antenna the hull's centre lies [m]; 0 where not known."""
    a, b, c, d = (hulls.abcd_m[who, k] for k in range(4))
    return np.nan_to_num((a - b) / 2.0), np.nan_to_num((d - c) / 2.0)


def hull_gap(data: Tracks, hulls: Hulls, pieces: Pieces, error_m: float) -> tuple[Floats, Floats, Ints]:
    """Return the least and greatest possible clearance of the hulls in the middle of each piece [m].

    With A/B/C/D and a direction (heading, else course) of both vessels, two rectangles are measured and each
    antenna may be off by ``error_m``. Otherwise the hulls may reach as far as their size, or that of their
    class, allows, and may be no closer than the antennas. The third array says which: 0 dimensions, 1 length
    and width, 2 class.
    """
    i, j, error = pieces.i, pieces.j, 2.0 * error_m
    who_a, who_b = data.who[i], data.who[j]
    distance = chord_to_arc(norm(pieces.middle))
    least = np.maximum(distance - hulls.far_m[who_a] - hulls.far_m[who_b] - error, 0.0)
    most = distance + error
    source = np.maximum(np.maximum(hulls.source[who_a], hulls.source[who_b]), 1)
    heading_a = np.where(np.isnan(data.heading_deg[i]), data.course_deg[i], data.heading_deg[i])
    heading_b = np.where(np.isnan(data.heading_deg[j]), data.course_deg[j], data.heading_deg[j])
    known = (hulls.source[who_a] == 0) & (hulls.source[who_b] == 0) & ~np.isnan(heading_a + heading_b)
    k = np.flatnonzero(known)
    if k.size:
        east, north = local_axes(data.legs.p0[i[k]] + data.legs.p0[j[k]])
        zero = np.zeros(k.size)
        here = corners(zero, zero, heading_a[k], hulls.abcd_m[who_a[k]])
        there = corners(dot(pieces.middle[k], east), dot(pieces.middle[k], north), heading_b[k], hulls.abcd_m[who_b[k]])
        gap = clearance_m(here, there)
        least[k], most[k], source[k] = np.maximum(gap - error, 0.0), gap + error, 0
    return least, most, source


def find_runs(data: Tracks, hulls: Hulls, start_us: int, end_us: int, rule: EncounterSettings) -> Runs:
    """Find all contact in the time bins that begin within ``[start, end)``, stitched where it touches.

    Every bin belongs to exactly one such stretch of time, so the union over any cut is the same. ``data`` must
    hold all legs that share time with those bins, and those up to ``inferred_bracket_s`` before and after.
    """
    legs, reach = data.legs, arc_to_chord(rule.max_distance_m)
    empty = Runs(*[np.zeros(0, dtype=np.int64)] * 7)
    edges = (-(-start_us // BIN_US), (end_us - 1) // BIN_US)
    time_bin, a, b = candidate_pairs(legs, reach, BIN_US)
    mine = (time_bin >= edges[0]) & (time_bin <= edges[1])
    time_bin, a, b = time_bin[mine], a[mine], b[mine]
    useful = long_enough(
        time_bin,
        a,
        b,
        min_bins=int(np.ceil(rule.min_duration_s * 1e6 / BIN_US)),
        max_empty=int(np.ceil(rule.max_break_s * 1e6 / BIN_US)),
        edges=edges,
    )
    if useful.size == 0:
        return empty
    time_bin, a, b = time_bin[useful], a[useful], b[useful]
    within, unclear = _by_balls(data, time_bin, a, b, reach)
    found = [empty, _whole_bins(time_bin[within], a[within], b[within])]
    time_bin, a, b = time_bin[unclear], a[unclear], b[unclear]
    for low, high in _chunks(legs, time_bin, a, b):
        window = slice(low, high)
        begin = time_bin[window] * BIN_US
        which, i, j = overlaps(legs, a[window], b[window], begin, begin + BIN_US)
        pieces = contact_pieces(data, hulls, i, j, rule)
        found.append(_as_runs(legs, pieces, begin[which[pieces.row]]))
    runs, _ = Runs.joined(found, 0)
    return runs


def _by_balls(data: Tracks, time_bin: Ints, a: Ints, b: Ints, reach_m: float) -> tuple[Bools, Bools]:
    """Tell the bins all of which is contact, and those that need a look at each leg; in the rest there is none.

    A bin is contact throughout where slow, closely heard legs of both vessels fill it and the farthest points
    of the balls that hold them are in reach: what solving leg by leg gives as well, at a fraction of the work.
    """
    balls = bin_balls(data.legs, data.slow & data.observed, BIN_US)
    one, two = balls.find(a, time_bin), balls.find(b, time_bin)
    distance = norm(np.take(balls.centre, one, axis=0) - np.take(balls.centre, two, axis=0))
    size = balls.radius[one] + balls.radius[two] + 1e-3
    within = balls.full[one] & balls.full[two] & (distance + size <= reach_m)
    return within, ~within & (distance - size <= reach_m)


def _whole_bins(time_bin: Ints, a: Ints, b: Ints) -> Runs:
    length, none = np.full(a.size, BIN_US), np.zeros(a.size, dtype=np.int64)
    start = time_bin * BIN_US
    runs, _ = Runs.joined([Runs(a, b, start, start + BIN_US, length, none, none)], 0)
    return runs


def _as_runs(legs: Legs, pieces: Pieces, bin_start_us: Ints) -> Runs:
    """Cut pieces to their time bin and stitch them."""
    start = np.maximum(pieces.start_us, bin_start_us)
    end = np.minimum(pieces.end_us, bin_start_us + BIN_US)
    keep = np.flatnonzero(end > start)
    pieces, start, end = pieces.take(keep), start[keep], end[keep]
    length = end - start
    single = Runs(
        a=legs.hull[pieces.i],
        b=legs.hull[pieces.j],
        start_us=start,
        end_us=end,
        observed_us=np.where(pieces.observed, length, 0),
        inferred_us=np.where(pieces.observed, 0, length),
        under_way_us=np.where(pieces.under_way, length, 0),
    )
    runs, _ = Runs.joined([single], 0)
    return runs


def _chunks(legs: Legs, time_bin: Ints, a: Ints, b: Ints) -> list[tuple[int, int]]:
    """Cut the candidates into stretches of about `_CHUNK` legs; a pair of hulls is never torn apart."""
    if time_bin.size == 0:
        return []
    line, begin = legs.timeline, time_bin * BIN_US
    work = np.zeros(a.size, dtype=np.int64)
    for hull in (a, b):
        work += np.searchsorted(line.start, line.place(hull, begin + BIN_US))
        work -= np.searchsorted(line.start, line.place(hull, begin))
    work = np.cumsum(work + 2)
    new_pair = np.flatnonzero((a[1:] != a[:-1]) | (b[1:] != b[:-1])) + 1
    edges = [0]
    for spot in new_pair.tolist():
        if work[spot - 1] - (work[edges[-1] - 1] if edges[-1] else 0) >= _CHUNK:
            edges.append(spot)
    edges.append(time_bin.size)
    return list(pairwise(edges))
