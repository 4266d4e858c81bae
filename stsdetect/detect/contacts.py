"""Contact between two hulls, leg by leg: who was within reach of whom, when, and how well that was seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stsdetect.context.berths import Berths
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.slow_legs import Chosen, summed
from stsdetect.kernels.contact import Legs, closest, in_range
from stsdetect.kernels.hull import clearance_m, corners
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
#: Marks of a leg, as bits; two legs share a mark where both have it.
_SLOW, _OBSERVED, _CRUISING, _SUMMED, _COURSE = 1, 2, 4, 8, 16


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
    """Legs that can be part of a contact, with what is asked of their ends; arrays of shape (n legs,).

    Contact between two legs that are both ``summed`` is left out here: it is summed up in `Berths`.
    """

    legs: Legs
    slow: Bools
    cruising: Bools
    observed: Bools
    summed: Bools
    speed_kn: Floats
    course_deg: Floats
    heading_deg: Floats
    who: Ints

    @classmethod
    def of(cls, fixes: Fixes, known: Identities, rule: EncounterSettings, berths: Berths | None = None) -> Tracks:
        """Choose the legs of ``fixes``, which are without coarse ones, that are slow enough for a transfer."""
        chosen = Chosen.of(fixes, rule)
        i = chosen.first
        heading = np.where(np.isnan(fixes.heading_deg[i]), fixes.heading_deg[i + 1], fixes.heading_deg[i])
        course = np.where(np.isnan(fixes.course_deg[i]), fixes.course_deg[i + 1], fixes.course_deg[i])
        return cls(
            legs=chosen.legs,
            slow=chosen.slow,
            cruising=chosen.cruising,
            observed=chosen.observed,
            summed=np.zeros(i.size, dtype=np.bool_) if berths is None else summed(fixes, chosen, berths),
            speed_kn=(fixes.speed_kn[i] + fixes.speed_kn[i + 1]) / 2.0,
            course_deg=course,
            heading_deg=heading,
            who=known.at(fixes.hull[i], fixes.time_us[i]),
        )

    @cached_property
    def marks(self) -> NDArray[np.uint8]:
        """What is asked of two legs at once, as bits of one number."""
        columns = (
            (self.slow, _SLOW),
            (self.observed, _OBSERVED),
            (self.cruising, _CRUISING),
            (self.summed, _SUMMED),
            (self.cruising & ~np.isnan(self.course_deg), _COURSE),
        )
        marks = np.zeros(self.slow.size, dtype=np.uint8)
        for column, bit in columns:
            marks |= column.view(np.uint8) * np.uint8(bit)
        return marks

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """What two legs must share to be in contact, as bits: both slow, or both cruising on a course."""
        return self.marks & np.uint8(_SLOW | _COURSE)

    def take(self, index: Ints) -> Tracks:
        """Return some of the legs with all that belongs to them."""
        parts = {name: getattr(self, name)[index] for name in self.__dataclass_fields__ if name != "legs"}
        return Tracks(legs=self.legs.take(index), **parts)


@dataclass(frozen=True)
class Windows:
    """Stretches of contact within one pair of legs; arrays of shape (n,), times in us.

    ``row`` is the asking row: the place of (i, j) among the pairs of legs that were handed over. Both legs share the
    time from ``low_us`` to ``high_us``; ``enter`` and ``leave`` are the shares of it between which there is contact.
    """

    row: Ints
    i: Ints
    j: Ints
    low_us: Ints
    high_us: Ints
    enter: Floats
    leave: Floats
    start_us: Ints
    end_us: Ints
    observed: Bools
    under_way: Bools

    def take(self, index: Ints | Bools) -> Windows:
        """Return some of the stretches."""
        return Windows(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Pieces:
    """Stretches of contact as in `Windows`, with the difference b - a in the middle of each, shape (n, 3) [m]."""

    row: Ints
    i: Ints
    j: Ints
    start_us: Ints
    end_us: Ints
    observed: Bools
    under_way: Bools
    least_m: Floats
    middle: Floats

    @classmethod
    def of(cls, legs: Legs, found: Windows) -> Pieces:
        """Work out distances."""
        d0, d1 = legs.apart(found.i, found.j, found.low_us, found.high_us)
        enter, leave = found.enter, found.leave
        return cls(
            row=found.row,
            i=found.i,
            j=found.j,
            start_us=found.start_us,
            end_us=found.end_us,
            observed=found.observed,
            under_way=found.under_way,
            least_m=chord_to_arc(closest(d0, d1, enter, leave)),
            middle=d0 + ((enter + leave) / 2.0)[:, None] * (d1 - d0),
        )

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
    def none(cls) -> Runs:
        """Return no runs."""
        return cls(*[np.zeros(0, dtype=np.int64)] * len(cls.__dataclass_fields__))

    def take(self, index: Ints | Bools | slice) -> Runs:
        """Return some of the runs."""
        return Runs(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})

    @classmethod
    def joined(cls, parts: list[Runs], max_break_us: int) -> tuple[Runs, Ints]:
        """Put runs together, sort them by pair and start, and stitch those at most ``max_break_us`` apart.

        The runs of `find_runs` for all stretches of time, in any order, become those of the whole.

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


def contact_windows(data: Tracks, hulls: Hulls, i: Ints, j: Ints, rule: EncounterSettings) -> Windows:
    """Return the contact within each pair of legs (i of vessel a, j of vessel b) that share time.

    Observed where both legs are at most ``observed_bracket_s`` long: contact lasts while the distance of the
    linearly moving positions is at most ``max_distance_m``, if both vessels are slow, or if they run side by
    side. Inferred where a leg is longer: all of the shared time, if all four fixes are slow and the vessels are
    in range at both its ends; a linear relative motion that is in range at both ends is in range between.
    """
    legs, reach = data.legs, arc_to_chord(rule.max_distance_m)
    low = np.maximum(legs.t0_us[i], legs.t0_us[j])
    high = np.minimum(legs.t1_us[i], legs.t1_us[j])
    marks = data.marks[i] & data.marks[j]
    # Cruising legs are observed.
    ask = np.flatnonzero((high > low) & ((marks & (_SLOW | _CRUISING)) != 0) & ((marks & _SUMMED) == 0))
    marks = marks[ask]
    nearest, farthest = legs.between(i[ask], j[ask])
    may = np.flatnonzero(nearest <= reach)
    ask, farthest = ask[may], farthest[may]
    i, j, low, high, marks = i[ask], j[ask], low[ask], high[ask], marks[may]
    observed = (marks & _OBSERVED) != 0
    # Most legs are in reach of each other as a whole, or not at all: only the others are solved.
    enter, leave, good = np.zeros(ask.size), np.ones(ask.size), farthest <= reach
    solve = np.flatnonzero(~good)
    d0, d1 = legs.apart(i[solve], j[solve], low[solve], high[solve])
    x0, x1 = in_range(d0, d1, reach)
    sure = observed[solve]
    # Between far fixes there is contact all the time or none.
    some = np.flatnonzero(~np.isnan(x0) & (sure | ((norm(d0) <= reach) & (norm(d1) <= reach))))
    good[solve[some]] = True
    some = some[sure[some]]
    enter[solve[some]], leave[solve[some]] = x0[some], x1[some]
    guess = np.flatnonzero(good & ~observed)
    if guess.size:
        good[guess] = ~_seen_apart(data, i[guess], j[guess], reach)
    span = (high - low).astype(np.float64)
    start, end = low + np.rint(enter * span).astype(np.int64), low + np.rint(leave * span).astype(np.int64)
    k = np.flatnonzero(good & (end > start))
    found = Windows(
        row=ask[k],
        i=i[k],
        j=j[k],
        low_us=low[k],
        high_us=high[k],
        enter=enter[k],
        leave=leave[k],
        start_us=start[k],
        end_us=end[k],
        observed=observed[k],
        under_way=(marks[k] & _SLOW) == 0,
    )
    moving = np.flatnonzero(found.under_way)
    if moving.size == 0:
        return found
    keep = np.ones(k.size, dtype=np.bool_)
    keep[moving] = side_by_side(data, hulls, Pieces.of(legs, found.take(moving)), rule)
    return found.take(keep)


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
