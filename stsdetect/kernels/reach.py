"""Where a silent hull could have been, and whether two could have met: joint reach of space-time prisms.

A hull heard at one place and then, later, at another was at every moment between in two caps of the sphere: that
around the first place, which grows at its greatest speed, and that around the second, which shrinks. Two hulls
can have met at a moment only if all four caps have a place in common. All answers are *sound*: what was possible
is never called impossible. So everything is widened outwards: distances for the difference between sphere and
ellipsoid (`STRETCH`), places for the noise of fixes, times by a second for rounding.

Let ``E(x)`` be the earliest moment both can be at ``x``, and ``L(x)`` the latest they can still be there:
``E`` is the later of two convex functions and ``L`` the earlier of two concave ones, as long as nothing is a quarter
of the Earth away. The times of a possible meeting are then one interval, and where it can be is one convex area.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from stsdetect.kernels.cuts import Caps, Found, search
from stsdetect.kernels.prisms import (
    CLOCK_S,
    FIX_NOISE_M,
    HOP_M,
    STRETCH,
    WIDEST,
    Legs,
    Silences,
    Way,
    cap_of,
    caps_of,
    convex_over,
    disc_of,
)
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS, US_PER_S

__all__ = [
    "CLOCK_S",
    "FIX_NOISE_M",
    "STRETCH",
    "Meets",
    "Silences",
    "bounding_cap",
    "joint_reach",
    "reach_place",
    "reach_stay",
    "surely_together",
]

#: Speeds closer than this are taken as equal [m/s].
_SAME_MPS = 1e-6
#: Bounds on times go no farther than this beyond what is possible under the widened caps [s] (our choice: half a
#: minute is nothing beside silences of hours).
TOLERANCE_S = 30.0
#: Rows worked on at once, which bounds memory; a step of a search takes little more for many than for few.
_BATCH = 32_768
#: A meeting that is longer than asked for by so much is found whatever is rounded [s].
_SURE_S = 1.0
#: Parts of the straight way between the fixes of a silence that are tried as meeting places.
_SHARES = (0.5, 0.25, 0.75)


@dataclass(frozen=True)
class Meets:
    """What could have been, arrays of shape (k,).

    Attributes
    ----------
    possible
        Whether they could have been together for the time asked for.
    earliest_us, latest_us
        Window in which they can be at one place [us], never too narrow; 0 where not possible.
    stay_max_s
        No less than the greatest time they could have been together [s]; 0 where not possible.
    place_xyz
        A place where they could have been longest [m], shape (k, 3); NaN where not possible.
    still_max_s
        No less than the greatest time they could have been together at *one* place [s].
    """

    possible: Bools
    earliest_us: Ints
    latest_us: Ints
    stay_max_s: Floats
    place_xyz: Floats
    still_max_s: Floats


def bounding_cap(s: Silences) -> tuple[Floats, Floats]:
    """Return the centres, vectors [m], shape (n, 3), and radii [m], shape (n,), of caps that hold all a hull can reach.

    A cap is that of the midpoint: from a place whose ways to both fixes are together no longer than the hull
    can sail, the way to the middle of the fixes is at most half of them. That holds up to a quarter of the
    Earth; where the hull can sail farther, the radius is half the Earth's girth: everywhere.

    Examples
    --------
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> place = to_xyz(np.array([38.0]), np.array([124.0]))
    >>> one = Silences(np.array([0]), np.array([36_000_000_000]), place, place, np.array([14.0]))
    >>> bounding_cap(one)[1].round(-3).tolist()  # 10 h at 14 kn, there and back
    [130000.0]
    """
    return cap_of(Legs.of(s, s.start_us, 0.0))


def reach_stay(
    s: Silences,
    place_xyz: Floats,
    radius_m: Floats | float,
    start_us: Ints,
    end_us: Ints,
    *,
    least_s: float,
    way_m: Way = distance_m,
) -> Meets:
    """Tell which silent hulls can have been within ``radius_m`` of a place while another hull was seen there.

    Parameters
    ----------
    s
        Silences, n rows.
    place_xyz, radius_m
        Where the stay was, vectors [m], shape (n, 3), and how far from there a meeting may be [m].
    start_us, end_us
        When [us], shape (n,).
    least_s
        Shorter meetings do not count [s].
    way_m
        Bounds on ways, such as `stsdetect.reference.walls.least_way_m`; not used where ``radius_m`` is over `HOP_M`.

    Examples
    --------
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> hour = 3_600_000_000
    >>> here, there = to_xyz(np.array([38.0]), np.array([124.0])), to_xyz(np.array([39.0]), np.array([124.0]))
    >>> hull = Silences(np.array([0]), np.array([20 * hour]), here, here, np.array([12.0]))
    >>> meets = reach_stay(hull, there, 500.0, np.array([2 * hour]), np.array([30 * hour]), least_s=3600.0)
    >>> meets.possible.tolist(), (meets.stay_max_s / 3600).round(1).tolist()  # 5 h there, 5 h back
    ([True], [10.1])
    """
    legs = Legs.of(s, s.start_us, 0.0, way_m)
    place_xyz = np.broadcast_to(place_xyz, s.from_xyz.shape)
    near = np.broadcast_to(np.asarray(radius_m) <= HOP_M, legs.start_s.shape)
    reach_m = np.asarray(radius_m) * STRETCH + legs.slack_m

    def sails_s(xyz: Floats) -> Floats:
        far_m = np.where(near, way_m(xyz, place_xyz), distance_m(xyz, place_xyz))
        return np.maximum(far_m - reach_m, 0.0) / legs.speed_mps

    earliest = legs.start_s + sails_s(legs.from_xyz)
    latest = legs.end_s - np.where(legs.is_open, 0.0, sails_s(legs.to_xyz))
    earliest = np.maximum(earliest, (start_us - s.start_us) / US_PER_S - CLOCK_S)
    latest = np.minimum(latest, (end_us - s.start_us) / US_PER_S + CLOCK_S)
    stay = latest - earliest
    return _meets(s.start_us, earliest, latest, stay, stay, place_xyz, least_s)


def reach_place(
    s: Silences, place_xyz: Floats, radius_m: Floats | float, *, least_s: float, way_m: Way = distance_m
) -> Meets:
    """Tell which silent hulls can have been within ``radius_m`` of a place, such as a port, for ``least_s``.

    As `reach_stay`, at any time in the silence.
    """
    return reach_stay(s, place_xyz, radius_m, s.start_us, s.end_us, least_s=least_s, way_m=way_m)


def joint_reach(
    a: Silences,
    b: Silences,
    *,
    apart_m: float,
    least_s: float,
    drift_kn: float | None = None,
    way_m: Way = distance_m,
) -> Meets:
    """Tell for each row of ``a`` and the same row of ``b`` whether the two silent hulls can have met.

    Parameters
    ----------
    a, b
        Silences, n rows each. Swapping them changes nothing.
    apart_m
        Hulls that far apart or nearer are together [m].
    least_s
        Shorter meetings do not count [s].
    drift_kn
        Greatest speed over ground of two hulls that are together [kn]; None: as fast as the slower can.
    way_m
        Bounds on ways, such as `stsdetect.reference.walls.least_way_m`: of the four fixes each two are asked.
        ``place_xyz`` is chosen without them.

    Notes
    -----
    ``stay_max_s`` is the length of the window, because two hulls may sail together. With ``drift_kn`` it is also at
    most ``still_max_s / (1 - drift / speed of the slower)``: from the middle of what they drifted, each end is at
    most half of it away, and that much later can each be there and that much sooner must it leave.

    Examples
    --------
    Two hulls silent for 12 h, 100 km apart, and 600 km apart.

    >>> from stsdetect.kernels.sphere import to_xyz
    >>> place = to_xyz(np.array([38.0, 38.0, 43.4]), np.array([124.0, 125.14, 124.0]))
    >>> n, hours_us = np.zeros(2, dtype=np.int64), np.full(2, 12 * 3_600_000_000)
    >>> one = Silences(n, hours_us, place[[0, 0]], place[[0, 0]], np.full(2, 13.0))
    >>> other = Silences(n, hours_us, place[1:], place[1:], np.full(2, 13.0))
    >>> joint_reach(one, other, apart_m=500.0, least_s=3600.0).possible.tolist()
    [True, False]
    """
    drift_mps = None if drift_kn is None else drift_kn * KNOT_MPS * STRETCH
    request = _Request(apart_m, max(least_s, 0.0), drift_mps, way_m)
    rows = np.concatenate([k + _near(a.take(slice(k, k + _BATCH)), b.take(slice(k, k + _BATCH)), request)
                           for k in range(0, max(len(a), 1), _BATCH)])  # fmt: skip
    nothing = np.zeros(len(a))
    result = _meets(nothing.astype(np.int64), nothing, nothing - 1.0, nothing, nothing, np.zeros((len(a), 3)), 0.0)
    for k in range(0, rows.size, _BATCH):
        some = rows[k : k + _BATCH]
        part = _joint(a.take(some), b.take(some), request)
        for name in ("possible", "earliest_us", "latest_us", "stay_max_s", "place_xyz", "still_max_s"):
            getattr(result, name)[some] = getattr(part, name)
    return result


def surely_together(a: Silences, b: Silences, *, apart_m: float, least_s: float) -> Bools:
    """Tell of which rows `joint_reach` is bound to say that they can have met for ``least_s``, shape (n,).

    One place is looked at, about the middle between both, which takes little of the time. False says nothing; ways are
    those of the sphere.

    Examples
    --------
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> place = to_xyz(np.array([38.0, 38.0, 43.4]), np.array([124.0, 125.14, 124.0]))
    >>> n, hours_us = np.zeros(2, dtype=np.int64), np.full(2, 12 * 3_600_000_000)
    >>> one = Silences(n, hours_us, place[[0, 0]], place[[0, 0]], np.full(2, 13.0))
    >>> other = Silences(n, hours_us, place[1:], place[1:], np.full(2, 13.0))
    >>> surely_together(one, other, apart_m=500.0, least_s=3600.0).tolist()
    [True, False]
    """
    sure = np.zeros(len(a), dtype=np.bool_)
    for k in range(0, len(a), _BATCH):
        some = slice(k, k + _BATCH)
        zero_us = np.maximum(a.start_us[some], b.start_us[some])
        caps = caps_of(*(Legs.of(s.take(some), zero_us, apart_m) for s in (a, b)))
        # Between the middles of both, the nearer to one, the less far it gets.
        weight = (caps.pace[:2] / (caps.moment_s[2:] - caps.moment_s[:2])) ** 2
        middle = weight[0] * (caps.apex[:, 0] + caps.apex[:, 2]) + weight[1] * (caps.apex[:, 1] + caps.apex[:, 3])
        begin, end = caps.window(_unit(middle))
        sure[some] = end - begin >= least_s + _SURE_S
    return sure


def _meets(
    zero_us: Ints, earliest: Floats, latest: Floats, stay: Floats, still: Floats, place: Floats, least_s: float
) -> Meets:
    """Write down what is possible; times [s] from ``zero_us``, rounded outwards."""
    stay = np.minimum(stay, latest - earliest)
    possible = (stay >= max(least_s, 0.0)) & (still >= 0.0)
    low = zero_us + np.floor(np.where(possible, earliest, 0.0) * US_PER_S).astype(np.int64)
    high = zero_us + np.ceil(np.where(possible, latest, 0.0) * US_PER_S).astype(np.int64)
    return Meets(
        possible,
        np.where(possible, low, 0),
        np.where(possible, high, 0),
        np.where(possible, stay, 0.0),
        np.where(possible[:, None], place, np.nan),
        np.where(possible, still, 0.0),
    )


def _in_order(a: Silences, b: Silences) -> tuple[Silences, Silences]:
    """Return the same rows, in each that first which is less by its numbers, so that swapping changes no bit."""

    def numbers(s: Silences) -> list[Floats | Ints]:
        noise = np.broadcast_to(np.asarray(s.noise_m, dtype=np.float64), s.start_us.shape)
        places = [np.nan_to_num(xyz[:, k]) for xyz in (s.from_xyz, s.to_xyz) for k in range(3)]
        return [s.start_us, s.end_us, s.max_speed_kn, noise, *places]

    swap, tied = np.zeros(len(a), dtype=np.bool_), np.ones(len(a), dtype=np.bool_)
    rows_a, rows_b = numbers(a), numbers(b)
    for left, right in zip(rows_a, rows_b, strict=True):
        swap |= tied & (right < left)
        tied &= right == left
    wide = swap[:, None]

    def pick(x: Silences, y: Silences) -> Silences:
        return Silences(
            np.where(swap, y.start_us, x.start_us),
            np.where(swap, y.end_us, x.end_us),
            np.where(wide, y.from_xyz, x.from_xyz),
            np.where(wide, y.to_xyz, x.to_xyz),
            np.where(swap, y.max_speed_kn, x.max_speed_kn),
            np.where(swap, y.noise_m, x.noise_m),
        )

    return pick(a, b), pick(b, a)


@dataclass(frozen=True)
class _Bounds:
    """What pairs of caps allow: window and longest stay at one place [s]; never too narrow."""

    earliest: Floats
    latest: Floats
    still: Floats

    def tighter(self, other: _Bounds) -> _Bounds:
        return _Bounds(
            np.maximum(self.earliest, other.earliest),
            np.minimum(self.latest, other.latest),
            np.minimum(self.still, other.still),
        )


def _bounds(a: Legs, b: Legs, way: Way) -> _Bounds:
    """Return what each two of the four caps allow; needs nothing of ``way`` but the triangle inequality.

    The radii are linear in time, and two caps meet from when, or until, they sum to the distance of the centres.
    """
    earliest, latest = np.maximum(a.start_s, b.start_s), np.minimum(a.end_s, b.end_s)
    slack_m, both_mps = a.slack_m + b.slack_m, a.speed_mps + b.speed_mps
    out_m = way(a.from_xyz, b.from_xyz) - slack_m
    meet = (out_m + a.speed_mps * a.start_s + b.speed_mps * b.start_s) / both_mps
    earliest = np.maximum(earliest, meet)
    back_m = way(a.to_xyz, b.to_xyz) - slack_m
    part = (a.speed_mps * a.end_s + b.speed_mps * b.end_s - back_m) / both_mps
    latest = np.where(a.is_open | b.is_open, latest, np.minimum(latest, part))
    still = latest - earliest
    for grows, shrinks in product((a, b), repeat=2):
        way_m = np.maximum(way(grows.from_xyz, shrinks.to_xyz) - grows.slack_m - shrinks.slack_m, 0.0)
        way_m = np.where(shrinks.is_open, 0.0, way_m)
        fastest = np.maximum(grows.speed_mps, shrinks.speed_mps)
        still = np.minimum(still, shrinks.end_s - grows.start_s - way_m / fastest)
        if grows is shrinks:
            continue
        # Reach of the two caps together: way <= gain * time + rest.
        gain = grows.speed_mps - shrinks.speed_mps
        rest = shrinks.speed_mps * shrinks.end_s - grows.speed_mps * grows.start_s
        moment = (way_m - rest) / np.where(np.abs(gain) < _SAME_MPS, 1.0, gain)
        bound = ~shrinks.is_open
        earliest = np.where(bound & (gain >= _SAME_MPS), np.maximum(earliest, moment), earliest)
        latest = np.where(bound & (gain <= -_SAME_MPS), np.minimum(latest, moment), latest)
    return _Bounds(earliest, latest, still)


def _places(caps: Caps, window: tuple[Floats, Floats]) -> Iterator[Floats]:
    """Yield places to try, unit vectors (3, n).

    Points of the ways between fixes, the fixes, and where caps touch when they first or last do. Of places that are
    equally good the first is kept: one in the middle says more than one at the edge.
    """
    apex = caps.apex
    for first, second in ((0, 2), (1, 3), (0, 1), (2, 3)):
        for share in _SHARES:
            yield _unit((1.0 - share) * apex[:, first] + share * apex[:, second])
    for k in range(4):
        yield apex[:, k]
    for grows, other in ((0, 1), (0, 3), (1, 2)):
        yield _along(caps, grows, other, window[0] - caps.moment_s[grows])
    for shrinks, other in ((2, 3), (2, 1), (3, 0)):
        yield _along(caps, shrinks, other, caps.moment_s[shrinks] - window[1])


def _unit(vectors: Floats) -> Floats:
    length = np.sqrt((vectors * vectors).sum(axis=0))
    return np.asarray(vectors / np.where(length > 0, length, 1.0))


def _along(caps: Caps, start: int, stop: int, time_s: Floats) -> Floats:
    """Return the places a hull comes to on the way from one apex to another, unit vectors (3, n)."""
    here, there, pace = caps.apex[:, start], caps.apex[:, stop], caps.pace[start]
    angle = caps.slack[start] + np.maximum(time_s, 0.0) / np.where(pace > 0, pace, np.inf)
    side = there - here * (here * there).sum(axis=0)
    return np.asarray(here * np.cos(angle) + _unit(side) * np.sin(angle))


def _try_places(caps: Caps, bounds: _Bounds) -> tuple[Found, Found, Found]:
    """Return the longest stay, the earliest (negated) and the latest meeting at places that lie at hand."""
    nothing = np.full(caps.pace.shape[1], -np.inf)
    stay, early, late, place = nothing, nothing, nothing, caps.apex[:, 0].copy()
    for here in _places(caps, (bounds.earliest, bounds.latest)):
        begin, end = caps.window(here)
        longer, meets = end - begin > stay, end >= begin
        stay, place = np.where(longer, end - begin, stay), np.where(longer, here, place)
        early = np.where(meets, np.maximum(early, -begin), early)
        late = np.where(meets, np.maximum(late, end), late)
    return (
        Found(np.maximum(bounds.still, stay), stay, place),
        Found(np.maximum(-bounds.earliest, early), early, place),
        Found(np.maximum(bounds.latest, late), late, place),
    )


def _exact(a: Legs, b: Legs, bounds: _Bounds) -> tuple[_Bounds, Floats]:
    """Return what all four caps together allow, to within `TOLERANCE_S`, and a place to stay longest (n, 3)."""
    caps, disc = caps_of(a, b), disc_of(a, b)
    stay, early, late = _try_places(caps, bounds)
    rows = np.flatnonzero(disc.radius <= WIDEST)
    if rows.size:
        caps, disc = caps.take(rows), disc.take(rows)
        convex = convex_over(caps, disc)
        longest = search(convex, disc, "stay", stay.take(rows), tolerance_s=TOLERANCE_S)
        stay = stay.after(rows, longest)
        begin, end = caps.window(longest.place)
        meets = end >= begin
        for sign, moment, known in ((-1.0, begin, early), (1.0, end, late)):
            known.best[rows] = np.where(meets, np.maximum(known.best[rows], sign * moment), known.best[rows])
            known.bound[rows] = np.maximum(known.bound[rows], known.best[rows])
        alive = longest.bound >= 0.0
        rows, convex, disc = rows[alive], convex.take(alive), disc.take(alive)
        early = early.after(rows, search(convex, disc, "early", early.take(rows), tolerance_s=TOLERANCE_S))
        late = late.after(rows, search(convex, disc, "late", late.take(rows), tolerance_s=TOLERANCE_S))
    return _Bounds(-early.bound, late.bound, stay.bound), stay.place.T * EARTH_RADIUS_M


@dataclass(frozen=True)
class _Request:
    apart_m: float
    least_s: float
    drift_mps: float | None
    way_m: Way


def _near(a: Silences, b: Silences, request: _Request) -> Ints:
    """Return the rows that no two of the four caps rule out."""
    zero_us = np.maximum(a.start_us, b.start_us)
    leg_a, leg_b = (Legs.of(s, zero_us, request.apart_m, request.way_m) for s in (a, b))
    bounds = _bounds(leg_a, leg_b, distance_m)
    return np.flatnonzero((_stay(leg_a, leg_b, bounds, request) >= request.least_s) & (bounds.still >= 0.0))


def _joint(a: Silences, b: Silences, request: _Request) -> Meets:
    a, b = _in_order(a, b)
    zero_us = np.maximum(a.start_us, b.start_us)
    leg_a, leg_b = (Legs.of(s, zero_us, request.apart_m, request.way_m) for s in (a, b))
    bounds, place = _exact(leg_a, leg_b, _bounds(leg_a, leg_b, distance_m))
    if request.way_m is not distance_m:
        bounds = bounds.tighter(_bounds(leg_a, leg_b, request.way_m))
    stay = _stay(leg_a, leg_b, bounds, request)
    return _meets(zero_us, bounds.earliest, bounds.latest, stay, bounds.still, place, request.least_s)


def _stay(a: Legs, b: Legs, bounds: _Bounds, request: _Request) -> Floats:
    """Return the greatest time together [s], shape (n,)."""
    stay: Floats = bounds.latest - bounds.earliest
    if request.drift_mps is None:
        return stay
    still = 1.0 - request.drift_mps / np.minimum(a.speed_mps, b.speed_mps)
    return np.where(still > 0.0, np.minimum(stay, bounds.still / np.maximum(still, 1e-9)), stay)
