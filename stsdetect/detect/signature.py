"""The loiterer's signature: a lone visible hull that behaves as if another lay alongside.

Each question looks at the hull's own fixes only and is answered by a share from 0 (as a hull alone, at anchor or at a
berth) to 1 (as one of two made fast to each other at sea), or not at all where the fixes cannot tell. It is evidence
beside other evidence, never proof: a ship that waits for orders under engine can look the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import MINUTE_US, Fixes, Identities
from stsdetect.detect.events import draught_change
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, bearing_deg, distance_m, dot, local_axes
from stsdetect.schema import EVENTS
from stsdetect.tracks import Quality
from stsdetect.units import KNOT_MPS

#: Shorter loitering is not asked [h]: the joint reach of silences begins at two hours as well.
LEAST_H = 2.0
#: A hull is looked at so often in an event, in equal steps (our choice: bounds the cost of stays of weeks) ...
_MARKS = 60
#: ... in this many windows; within one a heading is held or is not.
_WINDOWS = 10
#: Fewer fixes than this say nothing.
_LEAST_FIXES = 6
#: Before and after, every five minutes for three hours: from 12 kn a small tanker slows down in well under one.
_STEP_US, _AROUND = 5 * MINUTE_US, 36
#: ... by fixes at most this old: receivers of archives keep one in ten minutes.
_OLDEST_US = 20 * MINUTE_US
#: The last hour and a half of those is where coming alongside and casting off would be.
_NEAR = 18
#: Speed while two ships close in on each other or cast off [kn] (our choice: a transfer under way is held at up to
#: about 5 kn, so nothing faster comes alongside; below 1.5 kn a lone hull has simply stopped).
_APPROACH_KN = (1.5, 5.0)

#: Greatest speed before or after [kn] to share: small tankers pass at 8 to 13 kn; below 4 kn there was no passage.
_PASSAGE = ((4.0, 0.0), (7.0, 1.0))
#: Resultant of headings within a window to share (our choice): 0.95 is a spread of 18 degrees, as of a hull that yaws
#: at anchor or rolls beam-on; 0.995 is 6 degrees. Two hulls made fast turn as well, but slowly.
_HELD = ((0.95, 0.0), (0.995, 1.0))
#: |cos| between heading and drift to share (our choice): a lone hull with stopped engine drifts about beam-on (0); one
#: that holds a partner is steered, and makes a little way ahead or astern (1).
_ALONG = ((0.3, 0.0), (0.8, 1.0))
#: Drift slower than this has no direction [kn]: over a window it would drown in the 10 m of a fix.
_LEAST_DRIFT_KN = 0.2
#: Greatest distance from the middle [m] to share (our choice): 8 shackles of 27.5 m and a hull of 100 m let the antenna
#: of a hull at anchor swing within some 350 m; a drift of 0.2 kn leaves twice that within hours.
_ROAMED = ((350.0, 0.0), (700.0, 1.0))
#: At anchor or moored a hull is steady whoever lies beside it: there the mean of all answers counts this much.
_ANCHORED = 0.5
#: Minutes at approach speed on one side to share (our choice): merely stopping takes about ten.
_MINUTES = ((10.0, 0.0), (30.0, 1.0))
#: Resultant of courses at approach speed to share: 0.98 is 11 degrees, straight on; 0.85 is 33 degrees.
_TURNED = ((0.85, 1.0), (0.98, 0.0))
#: Standard deviation of speed at rest [kn] to share (our choice): fishing and station keeping go up and down.
_STEADY = ((0.2, 1.0), (0.6, 0.0))
#: Hours to share: 600 to 2,000 t take 2 to 10 h with mooring and hoses (as in the score's time together).
_HOURS = ((1.5, 0.0), (3.0, 1.0), (10.0, 1.0), (24.0, 0.2), (48.0, 0.0))
#: Draught change [m] to share: less than 0.2 m is a retyped decimal; 0.8 m earns all (as in the score).
_DRAUGHT = ((0.2, 0.0), (0.8, 1.0))
#: A changed draught moves the signature this far of the way to 1; unchanged it says nothing: crews type it by hand.
_DRAUGHT_PULL = 0.5

#: Weight of each question among those that have an answer (our choice: what a waiting ship does not do weighs more).
WEIGHTS = {"stop": 1.0, "held": 1.5, "along": 1.0, "roamed": 1.5, "manoeuvres": 1.5, "steady": 1.0, "hours": 1.5}
#: Answered questions must weigh at least this much of all, else nothing is said.
_LEAST_KNOWN = 0.5
#: Events looked at together, for the memory.
_BLOCK = 4096


@dataclass(frozen=True)
class _Seen:
    """What a hull did in and around events, shape (n,) each; NaN where its fixes do not tell."""

    n_fixes: Ints
    before_kn: Floats
    after_kn: Floats
    held: Floats
    along: Floats
    roamed_m: Floats
    minutes: Floats
    turned: Floats
    spread_kn: Floats


def add_signatures(events: pa.Table, fixes: Fixes, known: Identities) -> pa.Table:
    """Fill ``signature``, ``evidence`` and the draught columns of loitering events of two hours or more.

    Parameters
    ----------
    events
        Loitering events (`EVENTS`) of hulls in ``fixes``, in any order.
    fixes, known
        The fixes and identities they were found in.

    Returns
    -------
    The same events. ``signature`` is null where fewer than six fixes, or too few answers, are left to tell by.
    """
    hours = events.column("duration_h").to_numpy()
    rows = np.flatnonzero(hours >= LEAST_H)
    if not rows.size:
        return events
    number = {label: k for k, label in enumerate(fixes.labels)}
    labels = events.column("vessel_a").take(pa.array(rows)).to_pylist()
    hull = np.array([number[label] for label in labels], dtype=np.int64)
    start = events.column("start_time").cast(pa.int64()).to_numpy()[rows]
    end = events.column("end_time").cast(pa.int64()).to_numpy()[rows]
    before, change = draught_change(known, hull, start, end)
    signature = np.full(rows.size, np.nan)
    evidence: list[str | None] = []
    for low in range(0, rows.size, _BLOCK):
        part = slice(low, low + _BLOCK)
        seen = _look(fixes, hull[part], start[part], end[part])
        signature[part] = _combined(seen, hours[rows[part]], change[part])
        evidence += _sentences(seen, hours[rows[part]], change[part], signature[part])
    columns = {"signature": signature, "draught_before_a_m": before, "draught_change_a_m": change}
    for name, values in columns.items():
        whole = np.full(events.num_rows, np.nan)
        whole[rows] = values
        events = _with_column(events, name, pa.array(whole, from_pandas=True))
    said: list[str | None] = [None] * events.num_rows
    for row, text in zip(rows.tolist(), evidence, strict=True):
        said[row] = text
    return _with_column(events, "evidence", pa.array(said, pa.string()))


def _with_column(events: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = EVENTS.names.index(name)
    return events.set_column(place, EVENTS.arrow.field(place), values)


def _look(fixes: Fixes, hull: Ints, start_us: Ints, end_us: Ints) -> _Seen:
    steps = np.arange(1, _AROUND + 1) * _STEP_US
    # Whole microseconds: as exact for a time in this century as for one shifted by years.
    marks = start_us[:, None] + (end_us - start_us)[:, None] * np.arange(_MARKS) // (_MARKS - 1)
    marks = np.concatenate([start_us[:, None] - steps, marks, end_us[:, None] + steps], axis=1)
    at, known = _fix_at(fixes, hull, marks)
    recent = known & (marks - fixes.time_us[at] <= _OLDEST_US)
    before, inside, after = np.split(at, (_AROUND, _AROUND + _MARKS), axis=1)
    heard_before, heard_after = recent[:, :_AROUND], recent[:, _AROUND + _MARKS :]
    heard = known[:, _AROUND : _AROUND + _MARKS]
    # One fix may be the last at several marks.
    heard[:, 1:] &= inside[:, 1:] != inside[:, :-1]
    heard &= fixes.time_us[inside] >= start_us[:, None]
    held, along = _headings(fixes, inside, heard)
    sides = [_closing_in(fixes, before, heard_before), _closing_in(fixes, after, heard_after)]
    minutes, turned = (_mean_of_known(np.stack([side[k] for side in sides], axis=1)) for k in range(2))
    return _Seen(
        n_fixes=heard.sum(axis=1),
        before_kn=_greatest(fixes.speed_kn[before], heard_before),
        after_kn=_greatest(fixes.speed_kn[after], heard_after),
        held=held,
        along=along,
        roamed_m=_roamed(fixes, inside, heard),
        minutes=minutes,
        turned=turned,
        spread_kn=_spread(fixes.speed_kn[inside], heard),
    )


def _fix_at(fixes: Fixes, hull: Ints, marks_us: Ints) -> tuple[Ints, Bools]:
    """Return the hull's last fix up to each mark, shape (n, k), and whether it has one, and that is precise."""
    low = np.searchsorted(fixes.hull, hull, side="left")
    high = np.searchsorted(fixes.hull, hull, side="right")
    at = np.empty(marks_us.shape, dtype=np.int64)
    order = np.argsort(hull, kind="stable")
    for begin, stop in zip(*group_bounds(hull[order]), strict=True):
        mine = order[begin:stop]
        first = low[mine[0]]
        at[mine] = fixes.time_us[first : high[mine[0]]].searchsorted(marks_us[mine], side="right") + (first - 1)
    known = at >= low[:, None]
    np.maximum(at, low[:, None], out=at)
    known &= fixes.quality[at] == int(Quality.OK)
    return at, known


def _sum(values: Floats) -> Floats:
    """Add up along the last axis, one after the other: whoever else is in the array cannot change a bit."""
    total: Floats = np.cumsum(values, axis=-1)[..., -1]
    return total


def _ratio(total: Floats, count: Ints | Floats, least: int = 1) -> Floats:
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)


def _mean_of_known(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return _ratio(_sum(np.where(known, values, 0.0)), known.sum(axis=-1))


def _greatest(speed_kn: Floats, heard: Bools) -> Floats:
    """Return the greatest speed, NaN where a side was heard for less than half an hour."""
    use = heard & ~np.isnan(speed_kn)
    return np.where(use.sum(axis=1) >= _LEAST_FIXES, np.where(use, speed_kn, 0.0).max(axis=1), np.nan)


def _resultant(angle_deg: Floats, use: Bools, least: int) -> tuple[Floats, Floats]:
    """Return the resultant length and direction [degrees] of angles along the last axis."""
    angle = np.radians(np.where(use, angle_deg, 0.0))
    east, north = _sum(np.where(use, np.sin(angle), 0.0)), _sum(np.where(use, np.cos(angle), 0.0))
    return _ratio(np.hypot(east, north), use.sum(axis=-1), least), bearing_deg(east, north)


def _headings(fixes: Fixes, inside: Ints, heard: Bools) -> tuple[Floats, Floats]:
    """Return how well headings were held within windows, and |cos| between heading and drift, shape (n,) each."""
    windows = (inside.shape[0], _WINDOWS, _MARKS // _WINDOWS)
    at, use = inside.reshape(windows), heard.reshape(windows)
    heading = fixes.heading_deg[at]
    use = use & ~np.isnan(heading)
    resultant, mean = _resultant(heading, use, 3)
    held = _mean_of_known(_ramp(resultant, _HELD))
    first = np.take_along_axis(at, np.argmax(use, axis=2)[..., None], axis=2)[..., 0]
    last = np.take_along_axis(at, windows[2] - 1 - np.argmax(use[..., ::-1], axis=2)[..., None], axis=2)[..., 0]
    begin, stop = fixes.xyz[first.ravel()], fixes.xyz[last.ravel()]
    east, north = local_axes(begin)
    course = bearing_deg(dot(stop - begin, east), dot(stop - begin, north)).reshape(first.shape)
    seconds = (fixes.time_us[last] - fixes.time_us[first]) / 1e6
    speed = _ratio(distance_m(begin, stop).reshape(first.shape) / KNOT_MPS, seconds)
    drifts = ~np.isnan(resultant) & (speed >= _LEAST_DRIFT_KN)
    along = _mean_of_known(np.where(drifts, np.abs(np.cos(np.radians(mean - course))), np.nan))
    return held, along


def _roamed(fixes: Fixes, inside: Ints, heard: Bools) -> Floats:
    """Return the greatest distance [m] from the middle of the places."""
    count = heard.sum(axis=1)
    xyz = fixes.xyz[inside]
    middle = np.stack([_sum(np.where(heard, xyz[..., k], 0.0)) for k in range(3)], axis=1)
    middle /= np.maximum(count, 1)[:, None]
    away = distance_m(xyz.reshape(-1, 3), np.repeat(middle, _MARKS, axis=0)).reshape(heard.shape)
    return np.where(count >= _LEAST_FIXES, np.where(heard, away, 0.0).max(axis=1), np.nan)


def _closing_in(fixes: Fixes, at: Ints, heard: Bools) -> tuple[Floats, Floats]:
    """Return minutes at approach speed on one side of the event, and the resultant of courses in them."""
    at, heard = at[:, :_NEAR], heard[:, :_NEAR]
    speed = fixes.speed_kn[at]
    slow = heard & (speed >= _APPROACH_KN[0]) & (speed <= _APPROACH_KN[1])
    minutes = np.where(heard.sum(axis=1) >= _LEAST_FIXES, slow.sum(axis=1) * (_STEP_US / MINUTE_US), np.nan)
    course = fixes.course_deg[at]
    return minutes, _resultant(course, slow & ~np.isnan(course), 3)[0]


def _spread(speed_kn: Floats, heard: Bools) -> Floats:
    """Return the standard deviation of speed [kn], first and last window left out."""
    edge = _MARKS // _WINDOWS
    speed_kn, use = speed_kn[:, edge:-edge], heard[:, edge:-edge] & ~np.isnan(speed_kn[:, edge:-edge])
    count = use.sum(axis=1)
    mean = _ratio(_sum(np.where(use, speed_kn, 0.0)), count, _LEAST_FIXES)
    off = np.where(use, speed_kn - mean[:, None], 0.0)
    return np.sqrt(_ratio(_sum(off * off), count, _LEAST_FIXES))


def _ramp(x: Floats, points: tuple[tuple[float, float], ...]) -> Floats:
    """Interpolate between points of rising x, flat beyond both ends; NaN stays."""
    rising = np.array(points)
    share: Floats = np.interp(x, rising[:, 0], rising[:, 1])
    return np.where(np.isnan(x), np.nan, share)


def _shares(seen: _Seen, hours: Floats) -> dict[str, Floats]:
    """Return the answer to each question, 0..1, NaN where there is none."""
    passage = np.stack([_ramp(seen.before_kn, _PASSAGE), _ramp(seen.after_kn, _PASSAGE)], axis=1)
    turned = np.nan_to_num(_ramp(seen.turned, _TURNED))
    return {
        "stop": _mean_of_known(passage),
        "held": seen.held,
        "along": _ramp(seen.along, _ALONG),
        "roamed": _ramp(seen.roamed_m, _ROAMED),
        "manoeuvres": _ramp(seen.minutes, _MINUTES) * (0.5 + 0.5 * turned),
        "steady": _ramp(seen.spread_kn, _STEADY),
        "hours": _ramp(hours, _HOURS),
    }


def _combined(seen: _Seen, hours: Floats, change_m: Floats) -> Floats:
    """Return the signature, 0..1: the weighted mean of the answers, pulled up by a changed draught."""
    shares = _shares(seen, hours)
    weight, total = np.zeros(hours.size), np.zeros(hours.size)
    for name, each in WEIGHTS.items():
        known = ~np.isnan(shares[name])
        weight += np.where(known, each, 0.0)
        total += np.where(known, each * shares[name], 0.0)
    enough = (seen.n_fixes >= _LEAST_FIXES) & (weight >= _LEAST_KNOWN * sum(WEIGHTS.values()))
    mean = total / np.where(enough, weight, 1.0)
    mean *= _ANCHORED + (1.0 - _ANCHORED) * np.where(np.isnan(shares["roamed"]), 1.0, shares["roamed"])
    pull = _DRAUGHT_PULL * np.nan_to_num(_ramp(np.abs(change_m), _DRAUGHT))
    return np.where(enough, np.round(mean + (1.0 - mean) * pull, 4), np.nan)


def _sentences(seen: _Seen, hours: Floats, change_m: Floats, signature: Floats) -> list[str | None]:
    """Say what was seen of each event with a signature."""
    columns = (signature, hours, seen.before_kn, seen.after_kn, seen.held, seen.along, seen.roamed_m, seen.minutes)
    rows = zip(*(column.tolist() for column in (*columns, change_m)), strict=True)
    # A number equals itself, NaN does not.
    return [_sentence(*row) if row[0] == row[0] else None for row in rows]


def _sentence(
    signature: float, hours: float, before_kn: float, after_kn: float, held: float, along: float, roamed_m: float,
    minutes: float, change_m: float,
) -> str:  # fmt: skip
    came = [f"came at up to {before_kn:.1f} kn"] if before_kn == before_kn else []
    left = [f"left at up to {after_kn:.1f} kn"] if after_kn == after_kn else []
    parts = [" and ".join(came + left)] if came or left else []
    if held == held:
        parts.append(f"heading held for {held:.0%} of the time that tells")
    if along == along:
        parts.append(f"heading and drift agree by {along:.2f} (0 is beam-on, as alone)")
    if roamed_m <= _ROAMED[0][0]:
        parts.append(f"stayed within {roamed_m:.0f} m of one point, as at anchor or moored")
    elif roamed_m == roamed_m:
        parts.append(f"drifted up to {roamed_m / 1000:.1f} km from the middle of the stay")
    if minutes >= _MINUTES[0][0]:
        parts.append(f"about {minutes:.0f} min at 1.5 to 5 kn on each side of it")
    if abs(change_m) >= _DRAUGHT[0][0]:
        parts.append(f"typed draught {change_m:+.1f} m afterwards")
    like = "consistent with another hull alongside" if signature >= 0.6 else "little to tell it from a hull alone"
    return f"At rest for {hours:.1f} h: {'; '.join([*parts, like])}"
