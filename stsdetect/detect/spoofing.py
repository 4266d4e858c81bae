"""Positions that a ship does not make: found in the fixes of one hull, as evidence with innocent explanations.

Few hulls are looked at closely: those of which an hour's fixes, in one look at all hulls with arrays, are odd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import HOUR_US, Fixes, encode_vessels, to_floats
from stsdetect.detect.figures import is_ring, noise_free, on_plane
from stsdetect.detect.identity_events import Oddity, moment
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m
from stsdetect.reference.shoreline import grid_cells, load_shoreline
from stsdetect.schema import FIXES
from stsdetect.settings import IdentitySettings
from stsdetect.tracks import Quality
from stsdetect.tracks.hulls import SPLIT
from stsdetect.units import KNOT_MPS

#: A position is odd where its speed and SOG differ by this [kn]; noise of dense fixes makes up to about 1.
_ODD_KN = 2.0
#: Odd fixes an hour must have, and which share of its fixes they must be, for a closer look (our choice).
_ODD_FIXES, _ODD_SHARE = 5, 0.5
#: Fewest fixes that show anything.
_FEWEST = 5
#: Fixes in one stretch that are a track of their own.
_STRETCH = 3
#: Moving by its own word: SOG from this; unmoved: never farther than this from where it was [kn, m]. A hull at anchor
#: or at a berth has SOG below 1 kn, and 3 kn for half an hour are 2.8 km.
_MOVING_KN, _UNMOVED_M = 3.0, 100.0
#: For a closer look at a track without noise: least speed, and its greatest change in an hour [kn]. Speeds over 4 min
#: from positions of 2 m error vary by 0.03 kn, those of a ship at sea by ten times that; of rounded ones by 0.005 kn.
_STEADY_FROM_KN, _STEADY_KN = 3.0, 0.02
_STEADY_FIXES = 6


@dataclass(frozen=True)
class Reported:
    """What reports say of their own motion, aligned with fixes.

    Attributes
    ----------
    sog_kn
        Speed over ground, NaN where not available [kn], shape (n,).
    cog_deg
        Gives the course over ground of the fixes in a range, NaN where not available [degrees].
    """

    sog_kn: Floats
    cog_deg: Callable[[slice], Floats]

    @classmethod
    def from_table(cls, table: Any) -> Reported:
        """Take the columns of a `FIXES` table, in the order of `Fixes.from_table`."""
        table = FIXES.conform(table, extra=True)
        speed, course = to_floats(table.column("sog_kn")), to_floats(table.column("cog_deg"))
        hull, _ = encode_vessels(table.column("vessel"))
        order = np.lexsort((table.column("time").cast(pa.int64()).to_numpy(), hull))
        speed, course = speed[order], course[order]
        return cls(speed, lambda rows: course[rows])


def spoofing_oddities(data: Fixes, said: Reported, rule: IdentitySettings, jump_kn: float) -> list[Oddity]:
    """Run every test of positions over a group of hulls.

    Parameters
    ----------
    jump_kn
        Faster than this between two fixes is a jump [kn].
    """
    if not data.size:
        return []
    hours = _Hours.of(data)
    found: list[Oddity] = []
    for hull in hours.hulls_of(_contradicted(data, said, hours)):
        found += _own_speed(_Track.of(data, said, hull), rule)
    for hull in hours.hulls_of(_steady(data, hours)):
        found += _too_smooth(_Track.of(data, said, hull), rule)
    for hull in hours.hulls_of(_maybe_inland(data, hours)):
        found += _on_land(_Track.of(data, said, hull), rule)
    found += _jumps(data, rule, jump_kn)
    found += _two_at_once(data, rule, jump_kn)
    return found


@dataclass(frozen=True)
class _Hours:
    """The fixes of each hull by the hour: first fix, how many, and whose, shape (n hours,)."""

    first: Ints
    count: Ints
    hull: Ints

    @classmethod
    def of(cls, data: Fixes) -> _Hours:
        first, end = group_bounds(data.hull)
        # Counted from a hull's first fix, so that nothing hangs on the clock.
        hour = (data.time_us - np.repeat(data.time_us[first], end - first)) // HOUR_US
        change = np.flatnonzero((hour[1:] != hour[:-1]) | (data.hull[1:] != data.hull[:-1])) + 1
        first = np.append(0, change).astype(np.int64)
        return cls(first, np.diff(np.append(first, data.size)), data.hull[first])

    def hulls_of(self, odd: Bools) -> list[int]:
        """Return the hulls with an odd hour, rising."""
        hulls: list[int] = np.unique(self.hull[odd]).tolist()
        return hulls


@dataclass(frozen=True)
class _Track:
    """The precise fixes of one hull."""

    hull: int
    time_us: Ints
    segment: Ints
    xyz: Floats
    lat_deg: Floats
    lon_deg: Floats
    speed_kn: Floats
    sog_kn: Floats
    cog_deg: Floats

    @classmethod
    def of(cls, data: Fixes, said: Reported, hull: int) -> _Track:
        rows = slice(*np.searchsorted(data.hull, [hull, hull + 1]).tolist())
        fine = data.quality[rows] == int(Quality.OK)
        return cls(
            hull=hull,
            time_us=data.time_us[rows][fine],
            segment=data.segment[rows][fine],
            xyz=data.xyz[rows][fine],
            lat_deg=data.lat_deg[rows][fine],
            lon_deg=data.lon_deg[rows][fine],
            speed_kn=data.speed_kn[rows][fine],
            sog_kn=said.sog_kn[rows][fine],
            cog_deg=said.cog_deg(rows)[fine],
        )

    def oddity(self, test: str, first: int, last: int, evidence: str) -> Oddity:
        """Return the finding of a test over the fixes ``first`` to ``last``."""
        return Oddity(
            test=test, hull=self.hull, start_us=int(self.time_us[first]), end_us=int(self.time_us[last]),
            lat_deg=float(self.lat_deg[first]), lon_deg=float(self.lon_deg[first]),
            to_lat_deg=float(self.lat_deg[last]), to_lon_deg=float(self.lon_deg[last]),
            n_positions=last - first + 1, evidence=evidence,
        )  # fmt: skip

    def runs(self, mask: Bools, least_s: float, fewest: int = _FEWEST) -> Iterator[tuple[int, int]]:
        """Yield first and last fix of stretches in which every fix of a segment is marked, of at least some length."""
        for first, end in zip(*group_bounds(np.cumsum(_breaks(mask, self.segment))), strict=True):
            last = int(end) - 1
            if not mask[first] or last - first + 1 < fewest:
                continue
            if self.time_us[last] - self.time_us[first] >= round(least_s * 1e6):
                yield int(first), last


def _breaks(mask: Bools, segment: Ints) -> Ints:
    result = np.zeros(mask.size, dtype=np.int64)
    result[1:] = (mask[1:] != mask[:-1]) | (segment[1:] != segment[:-1])
    return result


# --- A speed that positions and SOG do not agree on -----------------------------------------------------------


def _contradicted(data: Fixes, said: Reported, hours: _Hours) -> Bools:
    """Mark hours in which many fixes have a SOG far from their speed."""
    with np.errstate(invalid="ignore"):
        odd = np.abs(data.speed_kn - said.sog_kn) > _ODD_KN
    counts = np.add.reduceat(odd, hours.first, dtype=np.int64)
    return (counts >= _ODD_FIXES) & (counts >= _ODD_SHARE * hours.count)


def _own_speed(track: _Track, rule: IdentitySettings) -> Iterator[Oddity]:
    if not (track.sog_kn > 0).any():
        return  # 0 throughout stands for a source that gives no SOG
    yield from _fixed_position(track, rule)
    yield from _speed_contradicted(track, rule)
    yield from _ring(track, rule)


def _fixed_position(track: _Track, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find a position that stays where it is while SOG says the hull moves (``fixed_position``).

    Innocent: a GNSS receiver that froze while the transponder takes SOG from elsewhere; a position typed by hand.
    Rounded coordinates do not trigger it: at 3 kn a hull leaves any cell in use within minutes.
    """
    with np.errstate(invalid="ignore"):
        mask = (track.sog_kn >= _MOVING_KN) & (track.speed_kn < 0.5)
    for first, last in track.runs(mask, rule.spoofed_for_s):
        some = slice(first, last + 1)
        far = float(distance_m(track.xyz[some], track.xyz[first : first + 1]).max())
        if far <= _UNMOVED_M:
            said = (
                f"The position stayed within {far:.0f} m for {_hours(track, first, last)} while SOG said "
                f"{np.median(track.sog_kn[some]):.1f} kn ({last - first + 1} fixes)"
            )
            yield track.oddity("fixed_position", first, last, said)


def _speed_contradicted(track: _Track, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find positions that move much faster than SOG says, for long (``speed_contradicted``).

    The straight line between fixes is never longer than the way: a hull cannot have gone slower. Innocent: SOG in
    another unit, or from a water log in a strong current; where it is so with many hulls it is the source.
    """
    with np.errstate(invalid="ignore"):
        mask = track.speed_kn >= track.sog_kn + rule.contradiction_kn
    for first, last in track.runs(mask, rule.spoofed_for_s):
        some = slice(first, last + 1)
        said = (
            f"Positions moved at {np.median(track.speed_kn[some]):.1f} kn for {_hours(track, first, last)} while SOG "
            f"said {np.median(track.sog_kn[some]):.1f} kn ({last - first + 1} fixes)"
        )
        yield track.oddity("speed_contradicted", first, last, said)


def _ring(track: _Track, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find positions on a circle that SOG and COG contradict (``ring``).

    Such circles were seen off Shanghai and other oil terminals in 2019, and on ships far from where they were drawn.
    Innocent: a hull swinging at anchor, a boat turning on the spot, a survey: their course is along the circle and
    their speed that of the positions, and they are not raised.
    """
    with np.errstate(invalid="ignore"):
        odd = np.abs(track.speed_kn - track.sog_kn) > _ODD_KN
    for first, end in zip(*group_bounds(track.segment), strict=True):
        marked = np.flatnonzero(odd[first:end]) + first
        if marked.size < 2 * _FEWEST:
            continue
        first, last = int(marked[0]), int(marked[-1])
        some = slice(first, last + 1)
        if track.time_us[last] - track.time_us[first] < round(rule.spoofed_for_s * 1e6):
            continue
        ring = is_ring(track.time_us[some], on_plane(track.xyz[some]), track.sog_kn[some], track.cog_deg[some])
        if ring is not None:
            said = (
                f"{last - first + 1} positions over {_hours(track, first, last)} lie on a circle of "
                f"{ring.radius_m:.0f} m, all within {ring.spread_m:.0f} m of it, and {ring.why}"
            )
            yield track.oddity("ring", first, last, said)


# --- A track without noise ------------------------------------------------------------------------------------


def _steady(data: Fixes, hours: _Hours) -> Bools:
    """Mark hours in which the speed hardly changes."""
    top = np.maximum.reduceat(data.speed_kn, hours.first)
    low = np.minimum.reduceat(data.speed_kn, hours.first)
    with np.errstate(invalid="ignore"):
        steady = (hours.count >= _STEADY_FIXES) & (low >= _STEADY_FROM_KN) & (top - low <= _STEADY_KN)
    # A single such hour is chance.
    steady[1:] &= steady[:-1] & (hours.hull[1:] == hours.hull[:-1])
    steady[:1] = False
    return steady


def _too_smooth(track: _Track, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find tracks that run for hours as no ship does at sea: straight and even to a metre or two (``too_smooth``).

    Seen in fleets drawn by software in 2021. Innocent: an export whose gaps are filled by straight lines; where many
    hulls have it, it is the source. Coordinates rounded to 1e-3 degrees or more hide it and never show it.
    """
    for first, end in zip(*group_bounds(track.segment), strict=True):
        for begin, stop, error_m in noise_free(track.time_us[first:end], track.xyz[first:end]):
            a, b = int(first) + begin, int(first) + stop
            speed = distance_m(track.xyz[a : a + 1], track.xyz[b : b + 1])[0]
            seconds = (track.time_us[b] - track.time_us[a]) / 1e6
            if seconds >= rule.smooth_for_s and speed / seconds >= _STEADY_FROM_KN * KNOT_MPS:
                said = (
                    f"For {_hours(track, a, b)} the positions keep to an even straight motion within {error_m:.1f} m "
                    f"({b - a + 1} fixes at {speed / seconds / KNOT_MPS:.2f} kn)"
                )
                yield track.oddity("too_smooth", a, b, said)


# --- On land --------------------------------------------------------------------------------------------------


def cells_on_land(data: Fixes) -> Ints:
    """Return the cells on land in which hulls were heard, each once per hull: traffic shows where waterways are."""
    if not data.size:
        return np.zeros(0, dtype=np.int64)
    hours = _Hours.of(data)
    at = hours.first[_maybe_inland(data, hours)]
    pairs = np.unique(np.stack([grid_cells(data.lat_deg[at], data.lon_deg[at]), data.hull[at]], axis=1), axis=0)
    return np.asarray(pairs[:, 0])


def _maybe_inland(data: Fixes, hours: _Hours) -> Bools:
    """Mark hours that begin where there is land all around, as far as a coarse grid tells."""
    at = hours.first
    return load_shoreline().maybe_inland(data.lat_deg[at], data.lon_deg[at])


def _on_land(track: _Track, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find seagoing hulls that are heard far inland (``on_land``).

    Rivers and small lakes are land in the packaged shoreline: hulls never heard at sea are left out here, and places
    where several hulls are heard are left out when all hulls are known. Innocent: a river or canal that few use; a
    harbour far up a river; a transponder carried overland.
    """
    shore = load_shoreline()
    hour = (track.time_us - track.time_us[:1]) // HOUR_US
    spots = np.flatnonzero(np.append(True, hour[1:] != hour[:-1])) if hour.size else hour
    inland = np.zeros(spots.size, dtype=np.bool_)
    maybe = np.flatnonzero(shore.maybe_inland(track.lat_deg[spots], track.lon_deg[spots]))
    if not maybe.size or maybe.size > spots.size // 2:
        return
    km = shore.distance_km(track.lat_deg[spots[maybe]], track.lon_deg[spots[maybe]])
    inland[maybe] = km <= -rule.inland_km
    groups = np.append(0, np.cumsum(inland[1:] != inland[:-1])).astype(np.int64)
    for first, end in zip(*group_bounds(groups), strict=True):
        if not inland[first]:
            continue
        a = int(spots[first])
        b = int(spots[end]) - 1 if end < spots.size else track.time_us.size - 1
        if b - a + 1 < _FEWEST or track.time_us[b] - track.time_us[a] < round(rule.spoofed_for_s * 1e6):
            continue
        deep = shore.distance_km(track.lat_deg[a : a + 1], track.lon_deg[a : a + 1])[0]
        said = f"{b - a + 1} positions over {_hours(track, a, b)} lie on land, the first {-deep:.0f} km from the sea"
        yield track.oddity("on_land", a, b, said)


# --- Jumps ----------------------------------------------------------------------------------------------------


def _jumps(data: Fixes, rule: IdentitySettings, jump_kn: float) -> Iterator[Oddity]:
    """Find hulls that go on somewhere else without a way between (``jump``).

    Innocent: two ships with one number that were heard one after the other; a receiver's clock.
    """
    step = np.flatnonzero((data.segment[1:] != data.segment[:-1]) & (data.hull[1:] == data.hull[:-1]))
    apart = distance_m(data.xyz[step], data.xyz[step + 1])
    seconds = (data.time_us[step + 1] - data.time_us[step]) / 1e6
    far = (apart > 1000.0 * rule.away_km) & (apart > jump_kn * KNOT_MPS * seconds + 1000.0 * rule.away_km)
    first, end = group_bounds(data.segment)
    size = end - first
    for k, metres in zip(step[far].tolist(), apart[far].tolist(), strict=True):
        own = np.searchsorted(first, [k, k + 1], side="right") - 1
        if (size[own] >= _FEWEST).all():
            minutes = (data.time_us[k + 1] - data.time_us[k]) / 6e7
            said = f"Heard {metres / 1000:.0f} km away after {minutes:.0f} min, and then there"
            yield _between(data, "jump", k, k + 1, said)


def _between(data: Fixes, test: str, a: int, b: int, said: str) -> Oddity:
    return Oddity(
        test=test, hull=int(data.hull[a]), start_us=int(data.time_us[a]), end_us=int(data.time_us[b]),
        lat_deg=float(data.lat_deg[a]), lon_deg=float(data.lon_deg[a]),
        to_lat_deg=float(data.lat_deg[b]), to_lon_deg=float(data.lon_deg[b]), evidence=said,
    )  # fmt: skip


def _two_at_once(data: Fixes, rule: IdentitySettings, jump_kn: float) -> Iterator[Oddity]:
    """Find one number on two hulls (``shared_mmsi``), and a hull away and back (``jump_and_return``).

    Cleaning splits such reports into hulls that it names (`SPLIT`), and leaves out single positions anywhere (bits
    garbled on the way). Both heard in turn, often with no possible way between, are two hulls; fixes of one within a
    silence of the other, or a few in one place, are one that went away and came back at no possible speed. Turns that
    a ship could have sailed say nothing. Innocent: two transponders set up with one number, a factory setting, a
    fleet's spare unit; a faulty receiver.
    """
    groups: dict[str, list[int]] = {}
    for k, label in enumerate(data.labels):
        if (stem := SPLIT.sub("", label)) != label:
            groups.setdefault(stem, []).append(k)
    for hulls in groups.values():
        if len(hulls) < 2:
            continue
        bounds = {hull: np.searchsorted(data.hull, [hull, hull + 1]).tolist() for hull in hulls}
        hulls.sort(key=lambda hull: (bounds[hull][0] - bounds[hull][1], hull))
        main = bounds[hulls[0]]
        # A number with many hulls is a factory setting: the largest few tell enough.
        for other in hulls[1:4]:
            if _share_number(data, main, bounds[other]):
                yield from _shared(data, main, bounds[other], rule, jump_kn)


def _share_number(data: Fixes, main: list[int], other: list[int]) -> bool:
    """Tell whether two hulls said one MMSI, or both none: ids of a user's own may look like names of split hulls."""
    one, two = (np.nan_to_num(data.mmsi[slice(*rows)], nan=-1.0) for rows in (main, other))
    return bool(np.isin(one, two).any())


def _shared(data: Fixes, main: list[int], other: list[int], rule: IdentitySettings, jump_kn: float) -> Iterator[Oddity]:
    solid, few = (_in_stretches(data, rows) for rows in (main, other))
    # Single positions may be garbled on the way: where there is more than those, they say nothing.
    seldom = few.size < _FEWEST
    rows = np.concatenate([np.arange(*main), np.arange(*other)] if seldom else [solid, few])
    rows = rows[np.argsort(data.time_us[rows], kind="stable")]
    before, after = rows[:-1], rows[1:]
    turn = np.flatnonzero(data.hull[before] != data.hull[after])
    before, after = before[turn], after[turn]
    seconds = (data.time_us[after] - data.time_us[before]) / 1e6
    apart = distance_m(data.xyz[before], data.xyz[after])
    far = np.flatnonzero(apart > jump_kn * KNOT_MPS * seconds + 1000.0 * rule.away_km)
    away = far[data.hull[after[far]] == data.hull[other[0]]]
    back = far[data.hull[before[far]] == data.hull[other[0]]]
    # Back, not only before it ever was away.
    if not away.size or not back.size or back[-1] < away[0]:
        return
    own, low, high = int(before[away[0]]), int(after[away[0]]), int(before[back[-1]]) + 1
    km = apart[away[0]] / 1000.0
    span = f"from {moment(int(data.time_us[low]))} to {moment(int(data.time_us[high - 1]))}"
    test = "jump_and_return"
    if seldom:
        # They lie anywhere, and days apart any two of them could be one hull's.
        spread = distance_m(data.xyz[low:high], data.xyz[low : low + 1]).max() / 1000.0
        if spread > rule.away_km or high - low < _STRETCH:
            return
        said = f"{high - low} positions {km:.0f} km away, all in one place, {span}, on its own track between"
    elif far.size >= _FEWEST:
        test = "shared_mmsi"
        said = f"Two hulls under one number were heard in turn, {far.size} times, {km:.0f} km apart, {span}"
    else:
        said = f"{high - low} positions {km:.0f} km away {span}, then back on the old track"
    # Its own place comes first: that of the other fixes may be anywhere.
    odd = _between(data, test, own, low, said)
    start, end = int(data.time_us[low]), int(data.time_us[high - 1])
    yield replace(odd, hull=int(data.hull[main[0]]), other=int(data.hull[low]), start_us=start, end_us=end)


def _in_stretches(data: Fixes, rows: list[int]) -> Ints:
    """Return the fixes of a hull that lie in segments of a few fixes or more."""
    _, segment, count = np.unique(data.segment[slice(*rows)], return_inverse=True, return_counts=True)
    return np.flatnonzero(count[segment.ravel()] >= _STRETCH) + rows[0]


def _hours(track: _Track, first: int, last: int) -> str:
    minutes = (track.time_us[last] - track.time_us[first]) / 6e7
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
