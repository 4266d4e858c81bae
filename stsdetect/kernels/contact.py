"""When two moving points are within reach of each other: in continuous time, leg by leg.

A *leg* is the straight stretch between two consecutive fixes of one hull. Within a leg the position is
linear in time along the chord, which runs below the sphere: by up to 0.1 m for observed legs (15 min at
5 kn) and 1.1 m for inferred ones (2 h at 2 kn). At 500 m that changes a distance by up to 1.2 mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from stsdetect.kernels.runs import expand
from stsdetect.kernels.sphere import Bools, Floats, Ints, dot, norm

#: Two things this much out of reach may still touch [m]: rounding of places some 6,371 km from the Earth's centre.
SLACK_M = 1e-3


@dataclass(frozen=True)
class Timeline:
    """Hulls one after the other on one line of time, each as long as it was heard, so that one search serves all.

    Many hulls times many years would not fit in 63 bits; the time in which each was heard does.
    """

    low_us: Ints
    span_us: Ints
    start: Ints
    end: Ints

    def place(self, hull: Ints, time_us: Ints) -> Ints:
        """Return where hulls and times lie on the line; a hull without legs has a place of its own at the end.

        A time before the hull was first heard lies just before its first leg, one after it just behind its last.
        """
        hull = np.minimum(hull, self.low_us.size - 1)
        origin = np.cumsum(self.span_us) - self.span_us
        spot: Ints = origin[hull] + np.clip(time_us - self.low_us[hull], -1, self.span_us[hull] - 1)
        return spot

    @classmethod
    def of(cls, hull: Ints, t0_us: Ints, t1_us: Ints) -> Timeline:
        """Lay out legs sorted by hull, then time."""
        hulls = np.arange(int(hull[-1]) + 2)
        head = np.minimum(np.searchsorted(hull, hulls, side="left"), hull.size - 1)
        tail = np.maximum(np.searchsorted(hull, hulls, side="right") - 1, 0)
        heard = hull[head] == hulls
        low = np.where(heard, t0_us[head], 0)
        bare = cls(low, np.where(heard, t1_us[tail] - low + 2, 2), hull[:0], hull[:0])
        return replace(bare, start=bare.place(hull, t0_us), end=bare.place(hull, t1_us))


@dataclass(frozen=True)
class Legs:
    """Legs sorted by hull, then time; the legs of one hull do not overlap. Arrays of shape (n,) or (n, 3)."""

    hull: Ints
    t0_us: Ints
    t1_us: Ints
    p0: Floats
    p1: Floats

    @property
    def size(self) -> int:
        """Number of legs."""
        return int(self.hull.size)

    def take(self, index: Ints | Bools) -> Legs:
        """Return some of the legs."""
        return Legs(self.hull[index], self.t0_us[index], self.t1_us[index], self.p0[index], self.p1[index])

    @cached_property
    def _axes(self) -> tuple[tuple[Floats, Floats], ...]:
        """Start [m] and velocity [m/us] of each leg along each of the three axes, contiguous."""
        length = (self.t1_us - self.t0_us).astype(np.float64)
        starts = [np.ascontiguousarray(self.p0[:, k]) for k in range(3)]
        return tuple((start, (self.p1[:, k] - start) / length) for k, start in enumerate(starts))

    @cached_property
    def timeline(self) -> Timeline:
        """The legs on one line, for `overlaps`."""
        return Timeline.of(self.hull, self.t0_us, self.t1_us)

    @cached_property
    def _balls(self) -> tuple[Floats, ...]:
        """The middle of each leg along each of the three axes, and half its length [m], contiguous."""
        axes = [(self.p0[:, k], self.p1[:, k]) for k in range(3)]
        half = norm(self.p1 - self.p0) / 2.0
        return (*((start + stop) / 2.0 for start, stop in axes), half)

    def between(self, i: Ints, j: Ints) -> tuple[Floats, Floats]:
        """Return bounds of the distance of two legs, any place of one from any of the other [m], shape (m,) each."""
        *middle, half = self._balls
        x, y, z = (axis[i] - axis[j] for axis in middle)
        distance, size = np.sqrt(x * x + y * y + z * z), half[i] + half[j] + SLACK_M
        return distance - size, distance + size

    def at(self, index: Ints, time_us: Ints) -> Floats:
        """Return positions [m], shape (m, 3), on legs ``index`` at times ``time_us`` within them."""
        elapsed = (time_us - self.t0_us[index]).astype(np.float64)
        place = np.empty((3, index.size))
        for k, (start, rate) in enumerate(self._axes):
            place[k] = start[index] + elapsed * rate[index]
        return place.T

    def apart(self, i: Ints, j: Ints, start_us: Ints, end_us: Ints) -> tuple[Floats, Floats]:
        """Return the difference of position, leg ``j`` less leg ``i`` [m], at two times within both, (m, 3) each."""
        since_i = (start_us - self.t0_us[i]).astype(np.float64)
        since_j = (start_us - self.t0_us[j]).astype(np.float64)
        span = (end_us - start_us).astype(np.float64)
        # By axis, each contiguous: several times as fast as rows of three.
        d0, d1 = np.empty((3, i.size)), np.empty((3, i.size))
        for k, (start, rate) in enumerate(self._axes):
            rate_i, rate_j = rate[i], rate[j]
            d0[k] = (start[j] + since_j * rate_j) - (start[i] + since_i * rate_i)
            d1[k] = d0[k] + span * (rate_j - rate_i)
        return d0.T, d1.T


def in_range(d0: Floats, d1: Floats, reach_m: float) -> tuple[Floats, Floats]:
    """Solve |d0 + x (d1 - d0)| <= reach for x in [0, 1].

    Parameters
    ----------
    d0, d1
        Difference of the two positions at the start and at the end [m], shape (n, 3).
    reach_m
        Greatest straight distance [m].

    Returns
    -------
    enter, leave
        Shape (n,) each, fractions of the interval; NaN where the points are never in reach.

    Examples
    --------
    >>> enter, leave = in_range(np.array([[-10.0, 0, 0]]), np.array([[10.0, 0, 0]]), 5.0)
    >>> float(enter[0]), float(leave[0])
    (0.25, 0.75)
    """
    step = d1 - d0
    a = dot(step, step)
    b = dot(d0, step)
    c = dot(d0, d0) - reach_m * reach_m
    still = a < 1e-12
    disc = b * b - a * c
    some = disc >= 0
    root = np.sqrt(np.where(some, disc, 0.0))
    # Citardauq form: no subtraction of nearly equal numbers.
    q = -(b + np.where(b >= 0, root, -root))
    safe_a = np.where(still, 1.0, a)
    safe_q = np.where((q == 0) | ~some, 1.0, q)
    x1, x2 = q / safe_a, np.where(q == 0, 0.0, c / safe_q)
    enter = np.clip(np.minimum(x1, x2), 0.0, 1.0)
    leave = np.clip(np.maximum(x1, x2), 0.0, 1.0)
    outside = ~some | (np.maximum(x1, x2) < 0) | (np.minimum(x1, x2) > 1)
    enter = np.where(still, 0.0, enter)
    leave = np.where(still, 1.0, leave)
    never = np.where(still, c > 0, outside)
    return np.where(never, np.nan, enter), np.where(never, np.nan, leave)


def closest(d0: Floats, d1: Floats, x0: Floats, x1: Floats) -> Floats:
    """Return the least |d0 + x (d1 - d0)| [m] for x in [x0, x1], shape (n,)."""
    step = d1 - d0
    a = dot(step, step)
    x = np.clip(-dot(d0, step) / np.where(a < 1e-12, 1.0, a), x0, x1)
    near = d0 + x[:, None] * step
    return np.sqrt(dot(near, near))


def overlaps(legs: Legs, a: Ints, b: Ints, begin_us: Ints, end_us: Ints) -> tuple[Ints, Ints, Ints]:
    """List the pairs of legs of hulls ``a[k]`` and ``b[k]`` that share time within ``[begin, end)``.

    Returns
    -------
    which, i, j
        The asking row k, the leg of a and the leg of b, shape (m,) each. A pair of legs that reaches over
        several of the asked windows is listed in each.
    """
    if legs.size == 0 or a.size == 0:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    line, key0, key1 = legs.timeline.place, legs.timeline.start, legs.timeline.end
    first = np.searchsorted(key1, line(a, begin_us), side="right")
    last = np.searchsorted(key0, line(a, end_us), side="left")
    which, i = expand(first.astype(np.int64), np.maximum(last - first, 0).astype(np.int64))
    start = np.maximum(legs.t0_us[i], begin_us[which])
    stop = np.minimum(legs.t1_us[i], end_us[which])
    first = np.searchsorted(key1, line(b[which], start), side="right")
    last = np.searchsorted(key0, line(b[which], stop), side="left")
    again, j = expand(first.astype(np.int64), np.maximum(last - first, 0).astype(np.int64))
    return which[again], i[again], j
