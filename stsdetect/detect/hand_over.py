"""Hand-over: one identity falls silent at sea, and near by, soon after, another wakes on a hull of the same size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stsdetect.detect.arrays import Identities, to_floats
from stsdetect.detect.identity_events import Oddity
from stsdetect.detect.stretches import Stretches
from stsdetect.kernels.runs import expand
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m
from stsdetect.reference.nearest import NearestPoint
from stsdetect.reference.places import Port
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.settings import IdentitySettings
from stsdetect.units import KNOT_MPS

#: Sizes typed anew differ by a metre or two: as much as this is alike [m, share] (our choice).
_ALIKE_M, _ALIKE_SHARE, _ALIKE_WIDTH_M = 2.0, 0.03, 2.0
#: A, B, C and D are the same where each is, to a metre: typed anew, one may be rounded the other way [m].
_SAME_M = 1.0
#: Where size is only alike, not the same, the hand-over must be this much quicker.
_ALIKE_TIME = 1.0 / 6.0
#: AIS types by their first digit that one hull may broadcast in turn: tankers pose as cargo ships and as other ships.
_POSES = (7, 8, 9)
#: Shortest hull of which it is asked [m]: boats are switched on and off at sea, and are all of one size.
_LEAST_LENGTH_M = 40.0
#: Distance granted for drift and position error [m].
_SLACK_M = 2000.0
#: Nearer the shore than this ships anchor, and boats begin and end their day [km].
_SHORE_KM = 5.0
_PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class _Ends:
    """Ends or starts of stretches at sea, of hulls whose size is known; arrays of shape (n,).

    Attributes
    ----------
    stretch
        Number of the stretch.
    row
        Of the identity history, at that moment.
    """

    stretch: Ints
    time_us: Ints
    xyz: Floats
    row: Ints

    def take(self, index: Ints | Bools) -> _Ends:
        """Return some of them."""
        return _Ends(self.stretch[index], self.time_us[index], self.xyz[index], self.row[index])


def hand_overs(
    stretches: Stretches, known: Identities, ports: Sequence[Port], rule: IdentitySettings
) -> Iterator[Oddity]:
    """Find hand-overs (``hand_over``).

    The first identity is silent for ``silence_s`` or more, the second was not heard for as long (or ever), the two are
    never heard at once, their sizes are the same or alike, their types do not contradict each other, and the second
    could have been reached. Innocent: a ship that leaves the reach of receivers as another of its size enters it, at
    the edge of the area above all; the rivals that would have fitted as well are counted, and where there are many,
    nothing is raised. A sale or a new flag at sea is rare.
    """
    asleep, awake = _sleepers(stretches, rule), _wakers(stretches, rule)
    ends = _at_sea(stretches, known, asleep, ports, rule, at_end=True)
    starts = _at_sea(stretches, known, awake, ports, rule, at_end=False)
    if not (ends.stretch.size and starts.stretch.size):
        return
    e, s, rank = _fitting(stretches, known, ends, starts, rule)
    apart = _never_at_once(stretches, stretches.hull[ends.stretch[e]], stretches.hull[starts.stretch[s]])
    e, s, rank = e[apart], s[apart], rank[apart]
    # Whoever is best for each other; ties by number, so that the order of input leaves no trace.
    order = np.lexsort((s, e, rank))
    taken_e: set[int] = set()
    taken_s: set[int] = set()
    for k in order.tolist():
        i, j = int(e[k]), int(s[k])
        if i in taken_e or j in taken_s:
            continue
        taken_e.add(i)
        taken_s.add(j)
        rivals = int(np.unique(stretches.hull[starts.stretch[s[e == i]]]).size - 1)
        rivals += int(np.unique(stretches.hull[ends.stretch[e[s == j]]]).size - 1)
        if rivals <= rule.hand_over_rivals:
            yield _told(stretches, known, ends, starts, i, j, rivals)


def _sleepers(stretches: Stretches, rule: IdentitySettings) -> Ints:
    """Return the stretches after which the hull is silent long enough, if only up to the end of the data."""
    last = np.append(stretches.hull[1:] != stretches.hull[:-1], True)
    following = np.where(last, stretches.end_us.max(), np.append(stretches.start_us[1:], 0))
    return np.flatnonzero(following - stretches.end_us >= round(rule.silence_s * 1e6))


def _wakers(stretches: Stretches, rule: IdentitySettings) -> Ints:
    """Return the stretches before which the hull was not heard for long enough."""
    first = np.append(True, stretches.hull[1:] != stretches.hull[:-1])
    before = np.where(first, stretches.start_us.min(), np.append(0, stretches.end_us[:-1]))
    return np.flatnonzero(stretches.start_us - before >= round(rule.silence_s * 1e6))


def _at_sea(
    stretches: Stretches,
    known: Identities,
    chosen: Ints,
    ports: Sequence[Port],
    rule: IdentitySettings,
    *,
    at_end: bool,
) -> _Ends:
    time = (stretches.end_us if at_end else stretches.start_us)[chosen]
    lat = (stretches.end_lat_deg if at_end else stretches.start_lat_deg)[chosen]
    lon = (stretches.end_lon_deg if at_end else stretches.start_lon_deg)[chosen]
    xyz = (stretches.end_xyz if at_end else stretches.start_xyz)[chosen]
    row = known.at(stretches.hull[chosen], time)
    found = _Ends(chosen, time, xyz, row)
    sized = np.flatnonzero((row >= 0) & (known.length_m[np.maximum(row, 0)] >= _LEAST_LENGTH_M))
    found, lat, lon = found.take(sized), lat[sized], lon[sized]
    if ports and sized.size:
        _, metres = NearestPoint([port.lat_deg for port in ports], [port.lon_deg for port in ports]).query(lat, lon)
        away = np.flatnonzero(~(metres < 1000.0 * rule.hand_over_port_km))
        found, lat, lon = found.take(away), lat[away], lon[away]
    if not lat.size:
        return found
    return found.take(np.flatnonzero(load_shoreline().distance_km(lat, lon) >= _SHORE_KM))


def _fitting(
    stretches: Stretches, known: Identities, ends: _Ends, starts: _Ends, rule: IdentitySettings
) -> tuple[Ints, Ints, Floats]:
    """Return the numbers of ends and starts that fit each other, and how badly (lower is better), shape (n,) each."""
    order = np.lexsort((starts.stretch, starts.time_us))
    times = starts.time_us[order]
    span = round(rule.hand_over_s * 1e6)
    low = np.searchsorted(times, ends.time_us)
    count = np.searchsorted(times, ends.time_us + span, side="right") - low
    batch = np.cumsum(count) // _PAIRS_AT_ONCE
    found: list[tuple[Ints, Ints, Floats]] = []
    for some in np.split(np.arange(low.size), np.flatnonzero(np.diff(batch)) + 1):
        which, place = expand(low[some], count[some])
        e, s = some[which], order[place]
        good = np.flatnonzero(_alike_in_length(known, ends.row[e], starts.row[s]))
        e, s = e[good], s[good]
        alike, same = _one_hull(known, ends.row[e], starts.row[s])
        good = np.flatnonzero(alike & (stretches.hull[ends.stretch[e]] != stretches.hull[starts.stretch[s]]))
        e, s, same = e[good], s[good], same[good]
        seconds = (starts.time_us[s] - ends.time_us[e]) / 1e6
        metres = distance_m(ends.xyz[e], starts.xyz[s])
        reached = metres <= rule.hand_over_speed_kn * KNOT_MPS * seconds + _SLACK_M
        good = np.flatnonzero(reached & (same | (seconds <= _ALIKE_TIME * rule.hand_over_s)))
        badness = np.where(same[good], 0.0, 10.0) + seconds[good] / 43200.0 + metres[good] / 1e5
        found.append((e[good], s[good], badness))
    e, s, badness = (np.concatenate([part[k] for part in found]) for k in range(3))
    return e, s, badness


def _alike_in_length(known: Identities, a: Ints, b: Ints) -> Bools:
    """Tell which rows of the history have lengths that are alike, shape (n,)."""
    length = known.length_m
    return np.asarray(np.abs(length[a] - length[b]) <= np.maximum(_ALIKE_M, _ALIKE_SHARE * length[a]))


def _one_hull(known: Identities, a: Ints, b: Ints) -> tuple[Bools, Bools]:
    """Tell which rows of the history may be one hull by size and type, and which by A, B, C and D, shape (n,) each."""
    length, width = known.length_m, known.width_m
    with np.errstate(invalid="ignore"):
        near = _alike_in_length(known, a, b)
        beam = ~(np.abs(width[a] - width[b]) > _ALIKE_WIDTH_M)
        off = np.abs(known.abcd_m[a] - known.abcd_m[b])
        same = (off <= _SAME_M).all(axis=1)
        # Where both say where their antenna is, it cannot be elsewhere.
        near &= ~(off > np.maximum(_ALIKE_M, _ALIKE_SHARE * length[a])[:, None]).any(axis=1)
    mmsi = to_floats(known.table.column("mmsi"))
    kind = np.floor(to_floats(known.table.column("ship_type")) / 10.0)
    told = (kind[a] >= 2) & (kind[b] >= 2)
    other_kind = told & (kind[a] != kind[b]) & ~(np.isin(kind[a], _POSES) & np.isin(kind[b], _POSES))
    return np.asarray(near & beam & ~other_kind & (mmsi[a] != mmsi[b])), np.asarray(same)


def _never_at_once(stretches: Stretches, one: Ints, other: Ints) -> Bools:
    pairs, pair = np.unique(np.stack([one, other], axis=1), axis=0, return_inverse=True)
    return np.asarray(~stretches.ever_at_once(pairs[:, 0], pairs[:, 1])[pair.ravel()])


def _told(stretches: Stretches, known: Identities, ends: _Ends, starts: _Ends, i: int, j: int, rivals: int) -> Oddity:
    k, m = int(ends.stretch[i]), int(starts.stretch[j])
    minutes = (stretches.start_us[m] - stretches.end_us[k]) / 6e7
    _, same = _one_hull(known, ends.row[i : i + 1], starts.row[j : j + 1])
    lengths = [known.length_m[row] for row in (ends.row[i], starts.row[j])]
    size = "the same A, B, C and D to a metre" if same[0] else f"lengths {lengths[0]:.0f} and {lengths[1]:.0f} m"
    others = f"; {rivals} other identities would fit as well" if rivals else ""
    said = (
        f"One identity fell silent, another was heard {minutes:.0f} min later {stretches.gap_m(k, m) / 1000:.1f} km "
        f"away, of {size}; the two are never heard at once{others}"
    )
    return stretches.oddity("hand_over", k, m, int(stretches.end_us[k]), int(stretches.start_us[m]), said, rivals)
