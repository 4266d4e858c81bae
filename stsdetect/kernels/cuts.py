"""Longest stay, earliest and latest meeting under four caps, by cutting ellipses: never an answer that is too narrow.

Places are seen in the gnomonic map, in which great circles are straight lines, around the middle of a cap that holds
all places in question. An ellipse there is known to hold every place that is better than the best found. The
gradient at its middle rules out one side of a great circle, the least ellipse around the rest is the next
one, and its area is at most 0.77 of the last (the ellipsoid method of Yudin and Nemirovski, and of Shor, 1976-77, with
deep cuts). At every step the gradient also bounds what any place in the ellipse can give, so that the answer is
an outer bound however early one stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats, Ints

Goal = Literal["stay", "early", "late"]

#: Steps at most: 0.77 ** (80 / 2) is 3e-5 of a cap's width (our choice; what is left is added to the answer).
_STEPS = 80
#: Rows that are done are put aside every so many steps.
_ASIDE = 6
#: Each ellipse is made so much larger, against rounding.
_GUARD = 1.0 + 1e-9
#: Seconds by which a bound must fail before a meeting is ruled out by it, against rounding.
_SURE_S = 1e-3


def _chosen(array: Floats, rows: Ints | Bools) -> Floats:
    """Return rows, which are the last dimension, side by side in memory: with gaps, NumPy takes twice as long."""
    return np.asarray(np.take(array, np.flatnonzero(rows) if rows.dtype == np.bool_ else rows, axis=-1))


@dataclass(frozen=True)
class Caps:
    """Four caps to a row: around both last fixes, growing, then around both first fixes after, shrinking.

    Attributes
    ----------
    apex
        Unit vectors, shape (3, 4, n).
    moment_s
        When a cap begins to grow, or has shrunk to nothing [s], shape (4, n).
    pace
        How long a radian takes [s], shape (4, n); 0 where the cap sets no limit, and the moment is one.
    slack
        By so much are caps wider [radians], shape (4, n).
    """

    apex: Floats
    moment_s: Floats
    pace: Floats
    slack: Floats

    def take(self, rows: Ints | Bools) -> Caps:
        """Return the chosen rows."""
        return Caps(*(_chosen(part, rows) for part in (self.apex, self.moment_s, self.pace, self.slack)))

    def window(self, place: Floats) -> tuple[Floats, Floats]:
        """Return the earliest and the latest moment at which both hulls can be at places, unit vectors (3, n) [s]."""
        far = self._away(place)
        early, late = self.moment_s[:2] + self.pace[:2] * far[:2], self.moment_s[2:] - self.pace[2:] * far[2:]
        return np.maximum(early[0], early[1]), np.minimum(late[0], late[1])

    def slopes(self, place: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the window, and how its begin and its end change, shape (3, n) each [s per radian]."""
        far, step, half_square = self._far(place)
        early, late = self.moment_s[:2] + self.pace[:2] * far[:2], self.moment_s[2:] - self.pace[2:] * far[2:]
        rate = np.where(far > 0.0, self.pace, 0.0)
        second, first = early[1] > early[0], late[0] > late[1]
        begin = -_slope(second, step[:, 0:2], half_square[0:2], rate[0:2], place)
        end = _slope(first, step[:, 2:4], half_square[2:4], rate[2:4], place)
        return np.maximum(early[0], early[1]), np.minimum(late[0], late[1]), begin, end

    def _away(self, place: Floats) -> Floats:
        """Return the first of what `_far` does, to the last bit, with less memory gone through."""
        square, part = self.apex[0] - place[0], self.apex[1] - place[1]
        square *= square
        part *= part
        square += part
        np.subtract(self.apex[2], place[2], out=part)
        part *= part
        square += part
        half = np.sqrt(square, out=square)
        half *= 0.5
        angle = np.arcsin(np.minimum(half, 1.0, out=half), out=half)
        angle *= 2.0
        angle -= self.slack
        return np.asarray(np.maximum(angle, 0.0, out=angle))

    def _far(self, place: Floats) -> tuple[Floats, Floats, Floats]:
        step = self.apex - place[:, None, :]
        square = step[0] * step[0] + step[1] * step[1] + step[2] * step[2]
        angle = 2.0 * np.arcsin(np.minimum(0.5 * np.sqrt(square), 1.0))
        return np.maximum(angle - self.slack, 0.0), step, 0.5 * square


def _slope(second: Bools, step: Floats, half_square: Floats, rate: Floats, place: Floats) -> Floats:
    """Return ``rate`` times the unit vectors that point from places toward that of two apexes which counts."""
    step = np.where(second, step[:, 1], step[:, 0])
    half_square, rate = np.where(second, half_square[1], half_square[0]), np.where(second, rate[1], rate[0])
    along = step + half_square * place
    length = np.sqrt(along[0] * along[0] + along[1] * along[1] + along[2] * along[2])
    return np.asarray(along * (rate / np.maximum(length, 1e-300)))


@dataclass(frozen=True)
class Disc:
    """The cap to look in: its middle and two axes at right angles, unit vectors (3, n), and its radius [radians]."""

    middle: Floats
    east: Floats
    north: Floats
    radius: Floats

    def take(self, rows: Ints | Bools) -> Disc:
        """Return the chosen rows."""
        return Disc(*(_chosen(part, rows) for part in (self.middle, self.east, self.north, self.radius)))


@dataclass(frozen=True)
class Found:
    """Bounds on the best value [s], the best value found (-inf: none) and its place, unit vectors (3, n)."""

    bound: Floats
    best: Floats
    place: Floats

    def take(self, rows: Ints) -> Found:
        """Return the chosen rows."""
        return Found(self.bound[rows], self.best[rows], _chosen(self.place, rows))

    def after(self, rows: Ints, newer: Found) -> Found:
        """Return what is known when some rows have been looked at anew."""
        bound, best, place = self.bound.copy(), self.best.copy(), self.place.copy()
        bound[rows], best[rows], place[:, rows] = newer.bound, newer.best, newer.place
        return Found(bound, best, place)


def search(caps: Caps, disc: Disc, goal: Goal, known: Found, *, tolerance_s: float) -> Found:
    """Return bounds on the longest stay, or on the earliest (negated) or latest moment of a meeting [s].

    Every cap must be convex over the disc: no place in it farther from an apex that counts than a quarter of the
    Earth. A row is done when its bound is within ``tolerance_s`` of the best found, or says that there is nothing: a
    negative stay, or no meeting (-inf).

    Examples
    --------
    Two hulls at one place from 0 to 100 s and from 50 to 150 s.

    >>> x, y, z = np.eye(3)[:, :, None]
    >>> caps = Caps(np.tile(x[:, None], (1, 4, 1)), np.array([[0.0], [50.0], [100.0], [150.0]]), np.full((4, 1), 1e6),
    ...             np.zeros((4, 1)))
    >>> nothing = Found(np.array([np.inf]), np.array([-np.inf]), x)
    >>> search(caps, Disc(x, y, z, np.array([1e-3])), "stay", nothing, tolerance_s=1.0).bound.tolist()
    [50.0]
    """
    result = Found(known.bound.copy(), known.best.copy(), known.place.copy())
    rows = np.flatnonzero(known.bound - known.best > tolerance_s)
    ellipses = _Ellipses.of(caps.take(rows), disc.take(rows), goal, known, rows)
    for step in range(_STEPS):
        if not rows.size:
            break
        ellipses.cut()
        if step % _ASIDE == _ASIDE - 1 or step == _STEPS - 1:
            result.bound[rows], result.best[rows] = ellipses.bound, ellipses.best
            result.place[:, rows] = ellipses.place
            # Not their difference: where nothing is possible both are minus infinity.
            go_on = ellipses.bound > ellipses.best + tolerance_s
            go_on &= ellipses.bound >= (0.0 if goal == "stay" else -np.inf)
            go_on &= ~ellipses.done
            rows = rows[go_on]
            ellipses = ellipses.take(go_on)
    return result


@dataclass
class _Ellipses:
    """Where better places can be: the points within ``shape`` of ``at`` in the map; changed in place."""

    caps: Caps
    disc: Disc
    goal: Goal
    at: Floats  # (2, n)
    shape: Floats  # (3, n): xx, xy, yy
    bound: Floats
    best: Floats
    place: Floats
    done: Bools

    @classmethod
    def of(cls, caps: Caps, disc: Disc, goal: Goal, known: Found, rows: Ints) -> _Ellipses:
        square = np.tan(disc.radius) ** 2
        return cls(
            caps,
            disc,
            goal,
            np.zeros((2, rows.size)),
            np.stack([square, np.zeros(rows.size), square]),
            known.bound[rows],
            known.best[rows],
            _chosen(known.place, rows),
            np.zeros(rows.size, dtype=np.bool_),
        )

    def take(self, rows: Bools) -> _Ellipses:
        return _Ellipses(
            self.caps.take(rows),
            self.disc.take(rows),
            self.goal,
            _chosen(self.at, rows),
            _chosen(self.shape, rows),
            self.bound[rows],
            self.best[rows],
            _chosen(self.place, rows),
            self.done[rows],
        )

    def cut(self) -> None:
        """Take one step: look at the middle, improve the bound, and cut."""
        disc = self.disc
        place = disc.middle + self.at[0] * disc.east + self.at[1] * disc.north
        out = np.hypot(self.at[0], self.at[1])
        place /= np.sqrt(1.0 + out * out)
        early, late, begin, end = self.caps.slopes(place)
        stay, room = late - early, end - begin
        value, slope = {"stay": (stay, room), "early": (-early, -begin), "late": (late, end)}[self.goal]
        # An angle is at most so much longer than its sine, and no two places of the disc are farther apart.
        curved = 2.0 * disc.radius / np.sin(2.0 * disc.radius)
        edge = np.tan(disc.radius)
        inside = out <= edge
        normal, width = self._across(slope)
        gain = curved * width
        meets = inside & (stay >= 0.0) if self.goal != "stay" else inside
        better = meets & (value > self.best) & ~self.done
        self.best = np.where(better, value, self.best)
        self.place = np.where(better, place, self.place)
        bound = np.where(inside, np.maximum(value + gain, self.best), np.inf)
        self.bound = np.where(self.done, self.bound, np.minimum(self.bound, bound))
        depth = (self.best - value) / np.maximum(gain, 1e-300)
        if self.goal != "stay":
            normal_room, width_room = self._across(room)
            short = inside & ~meets
            never = short & (stay + curved * width_room < -_SURE_S)
            self.bound = np.where(never & ~self.done, np.minimum(self.bound, self.best), self.bound)
            normal, width = np.where(short, normal_room, normal), np.where(short, width_room, width)
            depth = np.where(short, -stay / np.maximum(curved * width_room, 1e-300), depth)
        back = -self.at / np.maximum(out, 1e-300)
        normal = np.where(inside, normal, back)
        width = np.where(inside, width, self._width(back))
        depth = np.where(inside, depth, (out - edge) / np.maximum(width, 1e-300))
        self.done |= (width <= 0.0) | (depth >= 1.0)
        self._shrink(normal, width, np.clip(depth, 0.0, 0.999))

    def _across(self, slope: Floats) -> tuple[Floats, Floats]:
        """Return a slope in the map, shape (2, n), and how much it gains from the middle to the rim."""
        axes = (self.disc.east, self.disc.north)
        normal = np.stack([slope[0] * axis[0] + slope[1] * axis[1] + slope[2] * axis[2] for axis in axes])
        return normal, self._width(normal)

    def _width(self, normal: Floats) -> Floats:
        xx, xy, yy = self.shape
        square = xx * normal[0] * normal[0] + 2.0 * xy * normal[0] * normal[1] + yy * normal[1] * normal[1]
        return np.asarray(np.sqrt(np.maximum(square, 0.0)))

    def _shrink(self, normal: Floats, width: Floats, depth: Floats) -> None:
        """Put the least ellipse around the part beyond ``depth`` of the half-width along the normal."""
        moving = ~self.done
        unit = normal / np.where(moving, width, 1.0)
        xx, xy, yy = self.shape
        along = np.stack([xx * unit[0] + xy * unit[1], xy * unit[0] + yy * unit[1]])
        share = (1.0 + 2.0 * depth) / 3.0
        loss = 2.0 * share / (1.0 + depth)
        grow = 4.0 / 3.0 * (1.0 - depth * depth) * _GUARD
        shape = np.stack(
            [
                grow * (xx - loss * along[0] * along[0]),
                grow * (xy - loss * along[0] * along[1]),
                grow * (yy - loss * along[1] * along[1]),
            ]
        )
        self.at = np.where(moving, self.at + share * along, self.at)
        self.shape = np.where(moving, shape, self.shape)
