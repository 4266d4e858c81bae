"""Silences judged by who else was heard there: dark, outage, thin or unknown, each with its counts.

A silence is judged by its first whole UTC hours, at most six, and by four questions.

* Was the place heard on? Of the other hulls around the last fix in the hour of it and the one before, how many were
  heard again in those hours (anywhere), against the share that is heard again there on other days. Where that few
  would come by chance (binomial tail) in less than one case in a hundred, the neighbourhood fell silent, too.
* Is the place heard well at all? The share of hull-hours there that are followed by another within as many hours,
  and within one; and for a hull under way, whether anyone is ever heard where it was heading.
* Was it heard on meanwhile? In each of the first hours, of those usually heard around where the hull would have been
  (at its last fix, or on its course), so many were heard from hour to hour.
* Was the hull itself heard well? Its fixes in the three hours before, against what its class and speed should give
  and what others there give.

``dark`` needs a good answer to all four: it says that a transmitter would have been heard, not why none was.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.areas import JAMMING_M, OUTAGE_M, find_jamming, find_outages
from stsdetect.context.heard import AGAIN, GRID, HOUR_US, HOURS, Baseline, Heard, HourRows, cell_hour
from stsdetect.context.judged import LEAST_FOLLOWED, Facts, Why, evidence, share_again, verdicts
from stsdetect.context.rarity import rarity
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, direction, to_lat_lon, to_xyz
from stsdetect.schema import EVENTS, Column, Schema
from stsdetect.settings import CoverageSettings
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS, US_PER_S

LAST_HEARD = Schema(
    "last_heard",
    "How a hull was heard just before a gap: one row per gap.",
    (
        Column("event_id", pa.string(), "as in the events table", nullable=False),
        Column("hours_heard", pa.int64(), "of the three hours before, those with a fix of the hull", nullable=False),
        Column("class_a", pa.bool_(), "it is known to be class A", nullable=False),
        Column("usual_per_h", pa.float64(), "reports its class and speed should give [1/h]", nullable=False),
        Column("speed_kn", pa.float64(), "speed at the last fix [kn]"),
        Column("course_deg", pa.float64(), "course at the last fix [degrees]"),
        Column("as_another", pa.bool_(), "another hull on its MMSI (or id) was heard during it", nullable=False),
        Column("outside", pa.bool_(), "the last fix lies outside the area asked for", nullable=False),
    ),
)

#: Own fixes are counted over so many hours before the silence (our choice).
OWN_HOURS = 3
#: Reports per hour at rest and under way, by ITU-R M.1371-5 tables 1 and 2 (annex 1, 4.2.1): class A every 3 min at
#: anchor or moored below 3 kn, else 10 s or less; class B every 3 min below 2 kn, else 30 s.
_AT_REST_PER_H, _CLASS_A_PER_H, _CLASS_B_PER_H = 20.0, 360.0, 120.0
_REST_KN = 3.0
#: Where a hull would have been is looked at after so many hours on its course (our choice: later it may have turned),
#: from this speed on [kn]: slower ones stay around their last fix.
_AHEAD_H = (1, 2, 3)
_AHEAD_FROM_KN = 3.0
#: The places of a silence's first hours are asked whether they were heard on meanwhile, two by two (our choice: in one
#: hour nobody may pass by chance), and the first of them how well they are heard from hour to hour. The cell itself is
#: asked, too, where in two hours so many hull-hours are usual (our choice).
_MEANWHILE_H, _TOGETHER_H, _STEADY_H = 5, 2, 3
_LEAST_USUAL = 2.0
#: Rows looked at at once.
_BATCH = 2_000_000
_HOURS_PER_DAY = 24
_FILLED = (
    "coverage", "hulls_before", "hulls_during", "own_rate_per_h", "rare_there", "rare_for_hull", "evidence", "flags",
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """Events with their gaps judged, the `AREAS` found on the way, and the `COVERAGE` they were judged by."""

    events: pa.Table
    areas: pa.Table
    coverage: pa.Table


def usual_rate(class_a: Bools, speed_kn: Floats) -> Floats:
    """Return how many reports an hour class (A, or B and not known) and speed [kn] should give, shape (n,)."""
    moving = np.where(class_a, _CLASS_A_PER_H, _CLASS_B_PER_H)
    return np.where(speed_kn > _REST_KN, moving, _AT_REST_PER_H)


def judge(
    events: pa.Table,
    last_heard: pa.Table,
    heard: Heard,
    span_us: tuple[int, int],
    settings: CoverageSettings,
    *,
    earlier: pa.Table | None = None,
) -> Judged:
    """Judge the gaps of an `EVENTS` table by who else was heard around them.

    Parameters
    ----------
    last_heard
        A `LAST_HEARD` table; gaps that are not in it (told by others) are left as they are.
    heard
        Who was heard where and when, all hulls.
    span_us
        First and last time in the data [us].
    earlier
        A `COVERAGE` table of earlier days.

    Returns
    -------
    The same rows in the same order; of gaps, coverage, hulls_before, hulls_during, rare_there, rare_for_hull and
    evidence are filled, and ``flags`` say ``outage`` or ``jamming`` inside one of the areas.
    """
    start_us, end_us = span_us
    baseline = Baseline.of(heard, end_us, earlier, days=settings.days)
    gaps = _Gaps.of(events, last_heard, start_us)
    jamming = find_jamming(heard, settings.jamming_hulls)
    if not gaps.size:
        return Judged(events, jamming.table, baseline.table)
    known_hour = end_us // HOUR_US - HOURS
    parts = []
    day = gaps.hour // _HOURS_PER_DAY
    order = np.argsort(day, kind="stable")
    for begin, end in zip(*group_bounds(day[order]), strict=True):
        some = gaps.take(order[begin:end])
        first = int(day[order[begin]]) * _HOURS_PER_DAY
        rows = HourRows(heard.between(first - 1, first + _HOURS_PER_DAY + HOURS))
        parts.append(_look(some, rows, baseline, known_hour, settings))
    facts = Facts.joined(parts, order)
    why = verdicts(facts, settings.min_hulls)
    together = why == Why.TOGETHER
    outages = find_outages(
        heard, gaps.cell, gaps.start_us, gaps.end_us, together, facts.chance, settings.min_hulls
    )  # fmt: skip
    out = outages.begin_with(gaps.cell, gaps.start_us)
    judged_us = np.minimum(gaps.end_us - gaps.start_us, HOURS * HOUR_US)
    way_m = np.where(gaps.under_way, gaps.speed_kn, 0.0) * KNOT_MPS * judged_us / US_PER_S
    place = gaps.lat_deg, gaps.lon_deg, gaps.start_us
    beside = outages.touch(*place, gaps.start_us + judged_us, OUTAGE_M + way_m)
    jammed = jamming.touch(*place, gaps.start_us, np.full(gaps.size, JAMMING_M))
    why = np.where(out & ~np.isin(why, (Why.NO_HOUR, Why.PLACELESS, Why.SELDOM)), Why.OUTAGE, why)
    why = np.where((why == Why.DARK) & beside, Why.BESIDE, why)
    why = np.where((why == Why.DARK) & jammed, Why.JAMMED, why)
    why = np.where((why == Why.DARK) & gaps.as_another, Why.ANOTHER, why)
    why = np.where(why == Why.TOGETHER, Why.APART, why)
    areas = pa.concat_tables([outages.table, jamming.table]).sort_by(
        [("start_time", "ascending"), ("area_id", "ascending")]
    )
    # Of earlier days it is known who was heard, not who fell silent.
    own = baseline if earlier is None else Baseline.of(heard, end_us)
    rare = rarity(gaps.hull, gaps.cell, gaps.hour // _HOURS_PER_DAY, facts.hours, own, settings.days)
    return Judged(_filled(events, gaps, facts, why, jammed, rare), areas, baseline.table)


@dataclass(frozen=True)
class _Gaps:
    """Gaps as arrays, shape (n,); ``row`` is the place among the events."""

    row: Ints
    hull: Ints
    start_us: Ints
    end_us: Ints
    lat_deg: Floats
    lon_deg: Floats
    own_per_h: Floats
    own_known: Bools
    own_steady: Bools
    placeless: Bools
    as_another: Bools
    class_a: Bools
    usual_per_h: Floats
    speed_kn: Floats
    course_deg: Floats
    cell: Ints
    hour: Ints
    whole_hours: Ints

    @property
    def size(self) -> int:
        return int(self.row.size)

    @property
    def under_way(self) -> Bools:
        """Whether it had a course to go on."""
        return (self.speed_kn >= _AHEAD_FROM_KN) & np.isfinite(self.course_deg)

    def take(self, index: Ints) -> _Gaps:
        return _Gaps(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    @classmethod
    def of(cls, events: pa.Table, last_heard: pa.Table, start_us: int) -> _Gaps:
        place = pc.index_in(events.column("event_id"), last_heard.column("event_id").combine_chunks())
        row = np.flatnonzero(pc.is_valid(place).to_numpy())
        known = last_heard.take(pc.drop_null(place))
        table = events.take(pa.array(row))
        start, end = (table.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time"))
        lat, lon, own = (table.column(name).to_numpy() for name in ("lat_deg", "lon_deg", "own_rate_per_h"))
        # Where the data begin shortly before, the hull could not be heard for longer.
        since = np.minimum(start - start_us, OWN_HOURS * HOUR_US)
        own = own * OWN_HOURS * HOUR_US / np.maximum(since, HOUR_US)
        steady = known.column("hours_heard").to_numpy() >= -(-since // HOUR_US)
        hour = start // HOUR_US
        as_another, class_a = (known.column(name).to_numpy() for name in ("as_another", "class_a"))
        placeless = pc.match_substring(table.column("flags"), "heard_without_position").to_numpy()
        usual, speed, course = (known.column(name).to_numpy() for name in ("usual_per_h", "speed_kn", "course_deg"))
        whole = np.clip(end // HOUR_US - hour - 1, 0, HOURS)
        hull = table.column("vessel_a").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        return cls(
            row, hull, start, end, lat, lon, own, since >= HOUR_US, steady, placeless, as_another, class_a, usual,
            speed, course, GRID.cells(lat, lon), hour, whole,
        )  # fmt: skip


def _look(gaps: _Gaps, rows: HourRows, baseline: Baseline, known_hour: int, settings: CoverageSettings) -> Facts:
    """Find what verdicts go by, for gaps that begin on one day."""
    # Gaps of one cell, hour and length ask the same of the other hulls.
    key = cell_hour(gaps.cell, gaps.hour) * (HOURS + 1) + gaps.whole_hours
    _, first, question = np.unique(key, return_index=True, return_inverse=True)
    asked = gaps.take(first)
    around = GRID.around(asked.cell)
    size = rows.count(around, asked.hour - 1, asked.hour + asked.whole_hours)
    batch = np.cumsum(size) // _BATCH
    edges = [0, *(np.flatnonzero(np.diff(batch)) + 1).tolist(), asked.size]
    crowds = [
        _crowd(asked.take(np.arange(low, high)), around[low:high], rows, known_hour) for low, high in pairwise(edges)
    ]
    before, again, during, near, near_again, here, here_again = (
        np.concatenate(values) for values in zip(*crowds, strict=True)
    )
    day, days = asked.hour // _HOURS_PER_DAY, settings.days
    hull_hours, fixes, followed, *follow = baseline.sums(("hull_hours", "fixes", "followed", *AGAIN), around, day, days)
    own_followed, *own_follow = baseline.sums(("followed", *AGAIN), asked.cell[:, None], day, days)
    # What happened in these very hours is no measure of itself.
    followed, own_followed = followed - near, own_followed - here
    followed_again = _chosen(follow, asked.whole_hours) - near_again
    own_again = _chosen(own_follow, asked.whole_hours) - here_again
    near_ahead, during_ahead, share_ahead = _ahead(gaps, rows, baseline, settings.days)
    facts = Facts(
        whole_hours=gaps.whole_hours,
        hours=(gaps.end_us - gaps.start_us) / HOUR_US,
        placeless=gaps.placeless,
        own_per_h=gaps.own_per_h,
        own_known=gaps.own_known,
        own_steady=gaps.own_steady,
        class_a=gaps.class_a,
        usual_per_h=gaps.usual_per_h,
        before=before[question],
        again=again[question],
        during=during[question],
        hull_hours=hull_hours[question],
        fixes=fixes[question],
        followed=followed[question],
        followed_again=followed_again[question],
        here_followed=own_followed[question],
        here_again=own_again[question],
        ahead_near=near_ahead,
        ahead_during=during_ahead,
        ahead_share=share_ahead,
        hourly_share=np.ones(gaps.size),
        usual_share=np.ones(gaps.size),
    )
    # The last question costs most, and only those need it to whom the others gave good answers.
    left = np.flatnonzero(verdicts(facts, settings.min_hulls) == Why.DARK)
    hourly, usual = _meanwhile(gaps.take(left), rows, baseline, settings.days)
    facts.hourly_share[left], facts.usual_share[left] = hourly, usual
    return facts


def _chosen(by_hours: list[Ints], hours: Ints) -> Ints:
    """Return of counts for 1, 2, ... hours that for ``hours``, 0 for none, shape (n,)."""
    table = np.stack([np.zeros_like(by_hours[0]), *by_hours], axis=1)
    return np.take_along_axis(table, hours[:, None], axis=1)[:, 0]


def _crowd(asked: _Gaps, around: Ints, rows: HourRows, known_hour: int) -> tuple[Ints, ...]:
    """Count the other hulls around each question.

    Returns
    -------
    Hulls before, those of them heard again, hulls during; and hull-hours before that are followed, and those of them
    heard again, around and in the cell itself.
    """
    n, hours = asked.size, asked.whole_hours
    which, place = rows.find(around, asked.hour - 1, asked.hour)
    seen = rows.rows.take(place)
    soon = (seen.again > 0) & (seen.again <= hours[which])
    settled = seen.hour <= known_hour
    here = settled & (seen.cell == asked.cell[which])
    counts = [np.bincount(which[mask], minlength=n) for mask in (settled, settled & soon, here, here & soon)]
    # Each hull by its later row; one that was elsewhere already in the hour of the last fix had left before.
    late = seen.hour == asked.hour[which]
    order = np.lexsort((late, seen.hull, which))
    newest = np.ones(order.size, dtype=np.bool_)
    newest[:-1] = (np.diff(which[order]) != 0) | (np.diff(seen.hull[order]) != 0)
    kept = order[newest]
    kept = kept[late[kept] | (seen.again[kept] != 1)]
    until = seen.hour[kept] + seen.again[kept]
    back = (seen.again[kept] > 0) & (until <= asked.hour[which[kept]] + hours[which[kept]])
    before = np.bincount(which[kept], minlength=n) - 1
    again = np.bincount(which[kept[back]], minlength=n)
    which, place = rows.find(around, asked.hour + 1, asked.hour + hours)
    pair = np.unique(which * (1 << 32) + rows.rows.hull[place])
    return (before, again, np.bincount(pair >> 32, minlength=n), *counts)


def _ahead(gaps: _Gaps, rows: HourRows, baseline: Baseline, days: int) -> tuple[Ints, Ints, Floats]:
    """Tell how well it is heard where hulls under way were heading: the least of the first hours.

    Returns
    -------
    Hull-hours over the window of days and rows during the silence around there, -1 for hulls that had no way on, and
    the share of hull-hours that are followed by another, NaN where too few are known.
    """
    near, during = (np.full(gaps.size, -1, dtype=np.int64) for _ in range(2))
    share = np.full(gaps.size, np.nan)
    moving = np.flatnonzero(gaps.under_way & (gaps.whole_hours > 0))
    most = np.iinfo(np.int64).max
    near[moving], during[moving], share[moving] = most, most, 1.0
    some = gaps.take(moving)
    for hours in _AHEAD_H:
        there = np.flatnonzero((some.end_us - some.start_us) >= hours * HOUR_US)
        cell, hour, whole = _cells_after(some.take(there), hours), some.hour[there], some.whole_hours[there]
        around, day = GRID.around(cell), hour // _HOURS_PER_DAY
        hull_hours, followed, *follow = baseline.sums(("hull_hours", "followed", *AGAIN), around, day, days)
        own_followed, *own_follow = baseline.sums(("followed", *AGAIN), cell[:, None], day, days)
        at = moving[there]
        near[at] = np.minimum(near[at], hull_hours)
        during[at] = np.minimum(during[at], rows.count(around, hour + 1, hour + whole))
        again = share_again(own_followed, _chosen(own_follow, whole), followed, _chosen(follow, whole))
        share[at] = np.minimum(share[at], np.where(followed >= LEAST_FOLLOWED, again, np.nan))
    return near, during, share


def _cells_after(gaps: _Gaps, hours: int) -> Ints:
    """Return the cell in which each hull would be after so many hours on its course; without one, where it was."""
    under_way = gaps.under_way
    here = to_xyz(gaps.lat_deg, gaps.lon_deg)
    along = direction(here, np.where(under_way, gaps.course_deg, 0.0))
    angle = (np.where(under_way, gaps.speed_kn, 0.0) * KNOT_MPS * hours * 3600.0 / EARTH_RADIUS_M)[:, None]
    lat, lon = to_lat_lon(here * np.cos(angle) + along * (EARTH_RADIUS_M * np.sin(angle)))
    return np.where(under_way, GRID.cells(lat, lon), gaps.cell)


def _meanwhile(gaps: _Gaps, rows: HourRows, baseline: Baseline, days: int) -> tuple[Floats, Floats]:
    """Tell whether it was heard on where hulls would have been in the first hours of their silence.

    Returns
    -------
    The least share of hull-hours around those places that are followed by one in the next hour, on all days, and the
    least share, of two hours together, of the hull-hours usual around there that were so followed, shape (n,) each.
    """
    steady = np.ones(gaps.size)
    # Around those places, and in the very cells.
    heard, usual = (np.zeros((2, gaps.size, _MEANWHILE_H)) for _ in range(2))
    day = gaps.hour // _HOURS_PER_DAY
    hours_known = baseline.hours_known(day, days)
    for hours in range(_MEANWHILE_H):
        inside = np.flatnonzero(gaps.whole_hours > hours)
        some = gaps.take(inside)
        cell, now = _cells_after(some, hours), some.hour + hours
        for kind, cells in enumerate((GRID.around(cell), cell[:, None])):
            hull_hours, followed, again = baseline.sums(("hull_hours", "followed", AGAIN[0]), cells, day[inside], days)
            usual[kind, inside, hours] = hull_hours / hours_known[inside]
            which, place = rows.find(cells, now, now)
            heard[kind, inside, hours] = np.bincount(which[rows.rows.again[place] == 1], minlength=inside.size)
            if kind == 0 and hours < _STEADY_H:
                steady[inside] = np.minimum(steady[inside], again / np.maximum(followed, 1))
    least = np.full(gaps.size, np.inf)
    for first in range(_MEANWHILE_H - _TOGETHER_H + 1):
        both = slice(first, first + _TOGETHER_H)
        expected = usual[:, :, both].sum(axis=2)
        share = heard[:, :, both].sum(axis=2) / np.maximum(expected, np.finfo(float).tiny)
        # A crowd beside it says little of a lane that leads away from it; a cell with few says nothing.
        share = np.where(expected[1] >= _LEAST_USUAL, np.minimum(share[0], share[1]), share[0])
        # A shorter silence has its only hour alone.
        asked = (gaps.whole_hours >= first + _TOGETHER_H) | (first == 0)
        least = np.where(asked, np.minimum(least, share), least)
    return steady, least


def _filled(
    events: pa.Table, gaps: _Gaps, facts: Facts, why: Ints, jammed: Bools, rare: tuple[Floats, Floats]
) -> pa.Table:
    """Write what was found into the events."""
    filled: dict[str, list[object]] = {name: events.column(name).to_pylist() for name in _FILLED}
    texts = evidence(facts, why)
    own = facts.own_per_h.tolist()
    before, during = facts.before.tolist(), facts.during.tolist()
    there, for_hull = (values.tolist() for values in rare)
    for k, row in enumerate(gaps.row.tolist()):
        filled["coverage"][row] = Why(int(why[k])).verdict
        filled["hulls_before"][row] = before[k]
        filled["hulls_during"][row] = during[k]
        filled["own_rate_per_h"][row] = own[k]
        filled["rare_there"][row], filled["rare_for_hull"][row] = there[k], for_hull[k]
        filled["evidence"][row] = texts[k]
        names = {*filter(None, str(filled["flags"][row]).split(";"))}
        names |= {name for name, held in (("outage", why[k] == Why.OUTAGE), ("jamming", jammed[k])) if held}
        filled["flags"][row] = ";".join(sorted(names))
    for name, values in filled.items():
        field = EVENTS.arrow.field(name)
        events = events.set_column(EVENTS.names.index(name), field, pa.array(values, field.type))
    return events
