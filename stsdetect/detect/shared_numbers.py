"""One IMO number under several MMSI: on two hulls at once, or moved from one to another.

Where a hull also broadcast another valid number, one counts while it was broadcast, and only if that was for a while:
errors are corrected within hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stsdetect.detect.arrays import Identities, to_floats
from stsdetect.detect.identity_events import Oddity, moment
from stsdetect.detect.stretches import Stretches
from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Floats, Ints, distance_m
from stsdetect.reference.vessels import imo_tells
from stsdetect.settings import IdentitySettings
from stsdetect.units import KNOT_MPS

#: Faster than this no merchant ship goes [kn]; fast container ships make 25.
TOP_KN = 30.0
#: So many hulls of one number, the first heard, are compared, each with the next; more share a factory setting.
_MOST_SHARERS = 4


@dataclass(frozen=True)
class _Holder:
    """A hull with a number: the stretches in which it broadcast it, and when it began and ceased in each [us]."""

    hull: int
    mmsi: float
    stretch: Ints
    begin_us: Ints
    end_us: Ints


def shared_imo(stretches: Stretches, known: Identities, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find one IMO number under several MMSI: on two hulls at once (``shared_imo``), or moved on (``imo_moved``).

    The number stays with a ship for life (IMO Res. A.1117(30)), the MMSI changes with the flag. At once means that both
    broadcast it in one stretch of time, too far from each other to be one hull; two transponders on one hull are not
    raised. Innocent: a new flag or a new transponder (``imo_moved``); a number typed wrong that is another ship's.
    """
    imo = to_floats(known.table.column("imo"))
    valid = np.isin(imo, [number for number in np.unique(imo[~np.isnan(imo)]).tolist() if imo_tells(number)])
    rows = np.flatnonzero(valid)
    pairs, place = np.unique(np.stack([imo[rows], known.hull[rows]], axis=1), axis=0, return_inverse=True)
    if not pairs.size:
        return
    place = place.ravel()
    length_us = np.bincount(place, known.to_us[rows] - known.from_us[rows], len(pairs))
    hulls, numbers = np.unique(pairs[:, 1], return_counts=True)
    only = numbers[np.searchsorted(hulls, pairs[:, 1])] == 1
    held = np.flatnonzero(only | (length_us >= round(rule.min_hold_s * 1e6)))
    mmsi = to_floats(known.table.column("mmsi"))
    for first, end in zip(*group_bounds(pairs[held, 0].astype(np.int64)), strict=True):
        if end - first < 2:
            continue
        found = []
        for k in held[first:end].tolist():
            hull = int(pairs[k, 1])
            spans = None if only[k] else rows[place == k]
            found.append(_holder(stretches, known, hull, float(mmsi[np.searchsorted(known.hull, hull)]), spans))
        holders = sorted((one for one in found if one.stretch.size), key=lambda one: (int(one.begin_us[0]), one.hull))
        for one, other in pairwise(holders[:_MOST_SHARERS]):
            if not (np.isnan(one.mmsi) or np.isnan(other.mmsi) or one.mmsi == other.mmsi):
                yield from _two_mmsi(stretches, one, other, int(pairs[held[first], 0]), len(holders), rule)


def _holder(stretches: Stretches, known: Identities, hull: int, mmsi: float, spans: Ints | None) -> _Holder:
    """Return a hull with a number, at all times or while it was broadcast, as rows of the history say."""
    own = stretches.of(hull)
    stretch = np.arange(own.start, own.stop)
    begin, end = stretches.start_us[own], stretches.end_us[own]
    if spans is not None:
        first = np.searchsorted(end, known.from_us[spans])
        stop = np.searchsorted(begin, known.to_us[spans], side="right")
        span, k = expand(first, np.maximum(stop - first, 0))
        begin, end = np.maximum(begin[k], known.from_us[spans][span]), np.minimum(end[k], known.to_us[spans][span])
        stretch = stretch[k]
    return _Holder(hull, mmsi, stretch, begin, end)


def _two_mmsi(
    stretches: Stretches, one: _Holder, other: _Holder, imo: int, count: int, rule: IdentitySettings
) -> Iterator[Oddity]:
    many = f" ({count} hulls broadcast it)" if count > 2 else ""
    both = [
        (*_farthest(stretches, k, m, max(a0, b0), min(a1, b1)), k, m, min(a1, b1))
        for k, a0, a1, m, b0, b1 in _at_once(one, other)
    ]
    if both:
        metres, at, k, m, until = max(both)
        if metres < 1000.0 * rule.away_km:
            return
        said = (
            f"IMO number {imo} was broadcast at {moment(at)} by two hulls at least {metres / 1000:.0f} km apart{many}"
        )
        yield _at_moment(stretches, k, m, at, until, said)
        return
    # In turn: from one to the other, once or often.
    stretch, begin, end = (
        np.concatenate([getattr(side, name) for side in (one, other)]) for name in ("stretch", "begin_us", "end_us")
    )
    order = np.argsort(begin, kind="stable")
    stretch, begin, end = stretch[order], begin[order], end[order]
    change = np.flatnonzero(stretches.hull[stretch[1:]] != stretches.hull[stretch[:-1]])
    i, j = int(change[0]), int(change[0]) + 1
    k, m, start, stop = int(stretch[i]), int(stretch[j]), int(end[i]), int(begin[j])
    seconds = max((stop - start) / 1e6, 1.0)
    metres = _surely_apart_m(stretches, k, start, m, stop)
    if metres > TOP_KN * KNOT_MPS * seconds + 1000.0 * rule.away_km:
        later = f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"
        where = f"at least {metres / 1000:.0f} km away {later} later"
        said = f"IMO number {imo} was heard {where} under another MMSI{many}"
        yield stretches.oddity("shared_imo", k, m, start, stop, said)
    elif _settled(stretches, begin, end, change, rule):
        turns = f", {change.size} times" if change.size > 1 else ""
        said = f"IMO number {imo} went from one MMSI to another{turns}{many}, silent {seconds / 3600:.1f} h between"
        yield stretches.oddity("imo_moved", k, m, start, stop, said)


def _at_once(one: _Holder, other: _Holder) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield stretches of two holders that share a moment: number, begin and end of each."""
    first = np.searchsorted(other.end_us, one.begin_us)
    stop = np.searchsorted(other.begin_us, one.end_us, side="right")
    mine = (one.stretch.tolist(), one.begin_us.tolist(), one.end_us.tolist())
    theirs = (other.stretch.tolist(), other.begin_us.tolist(), other.end_us.tolist())
    for k, a0, a1, low, high in zip(*mine, first.tolist(), stop.tolist(), strict=True):
        for m, b0, b1 in zip(*(side[low:high] for side in theirs), strict=True):
            yield k, a0, a1, m, b0, b1


def _settled(stretches: Stretches, begin: Ints, end: Ints, change: Ints, rule: IdentitySettings) -> bool:
    """Tell whether a number stayed with each of two hulls: heard with each for a while, and of the other nothing.

    Two transponders on one hull that are heard seldom look like turns of minutes.
    """
    hold_us = round(rule.min_hold_s * 1e6)
    if change.size == 1:
        before = end[change[0]] - stretches.start_us.min()
        after = stretches.end_us.max() - begin[change[0] + 1]
        return bool(before >= hold_us and after >= hold_us)
    turns = end[np.append(change, end.size - 1)] - begin[np.append(0, change + 1)]
    return min(int(turns[k::2].max()) for k in (0, 1)) >= hold_us


def _farthest(stretches: Stretches, k: int, m: int, start_us: int, end_us: int) -> tuple[float, int]:
    """Return how far two hulls surely were from each other at a moment that two stretches share [m], and when [us]."""
    return max((_surely_apart_m(stretches, k, at, m, at), at) for at in (start_us, end_us))


def _surely_apart_m(stretches: Stretches, k: int, at_k_us: int, m: int, at_m_us: int) -> float:
    """Return a lower bound on the distance between one hull at one moment and another at another [m].

    Only first and last places of stretches are known: between them a hull may have been anywhere it can reach.
    """
    return max(
        float(distance_m(here[None], there[None])[0]) - TOP_KN * KNOT_MPS * (before_us + after_us) / 1e6
        for before_us, here, _ in _places(stretches, k, at_k_us)
        for after_us, there, _ in _places(stretches, m, at_m_us)
    )


def _places(stretches: Stretches, k: int, at_us: int) -> list[tuple[int, Floats, tuple[float, float]]]:
    """Return places known of a stretch, nearest in time first: how far from a moment [us], vector, (lat, lon)."""
    start, end = int(stretches.start_us[k]), int(stretches.end_us[k])
    begin = (abs(at_us - start), stretches.start_xyz[k], stretches.start_place(k))
    stop = (abs(at_us - end), stretches.end_xyz[k], stretches.end_place(k))
    near, far = (begin, stop) if begin[0] <= stop[0] else (stop, begin)
    return [near, far] if near[0] else [near]


def _at_moment(stretches: Stretches, k: int, m: int, at_us: int, end_us: int, said: str) -> Oddity:
    """Return a finding about two hulls at one moment: first the one whose place is known best, then the other."""
    k, m = sorted((k, m), key=lambda number: (_places(stretches, number, at_us)[0][0], number))
    (lat, lon), (to_lat, to_lon) = (_places(stretches, number, at_us)[0][2] for number in (k, m))
    return Oddity(
        test="shared_imo", hull=int(stretches.hull[k]), other=int(stretches.hull[m]), start_us=at_us, end_us=end_us,
        lat_deg=lat, lon_deg=lon, to_lat_deg=to_lat, to_lon_deg=to_lon, evidence=said,
    )  # fmt: skip
