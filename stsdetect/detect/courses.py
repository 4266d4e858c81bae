"""Where silent hulls were bound: the courses before and after a silence as ways over the sea, and where they cross.

At sea a hull steers straight for hours. So the course it was last heard on points to where it went, and the course it
is heard on again points away from there: two ways of one hull, four of two. Where several of them cross is where a
meeting that nobody saw is likeliest. That is a guess, and it is used for ranking only; what was possible is told by
`stsdetect.kernels.reach`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import combinations

import numpy as np

from stsdetect.detect.dark_parties import Silent
from stsdetect.kernels.sphere import Bools, Floats, Ints, direction, distance_m, dot, norm
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS, US_PER_S

#: Slower hulls steer no course that says where they go [kn], and nearer a place [m] they manoeuvre (our choice).
_COURSE_KN, _COURSE_M = 2.0, 3_000.0
#: A way passes a place if it misses it by no more than about this [m], and this part of its length: a hull waits some
#: miles off before it goes alongside, and 6 degrees are what set and leeway take off a course (our choice).
_MISS_M, _MISS_PART = 8_000.0, 0.105
#: Ways that cross at a sharper angle than this (its sine, 6 degrees) cross anywhere.
_SHARP = 0.105
#: Usual speed [kn] where a hull was not seen to sail: product tankers make 11-14 kn laden (see `reference.speeds`).
_USUAL_KN, _SAILS_KN = 12.0, 5.0


@dataclass(frozen=True)
class Ways:
    """Straight ways from where hulls were heard, arrays of shape (n,) and (n, 3).

    Attributes
    ----------
    from_xyz
        Where the hull was heard [m].
    ahead
        Unit vector towards where it went, or came from.
    across
        Unit vector square to the plane of the way.
    known
        Whether it steered a course; without it nothing is said.
    """

    from_xyz: Floats
    ahead: Floats
    across: Floats
    known: Bools

    @classmethod
    def of(cls, from_xyz: Floats, course: Floats, speed_kn: Floats, *, back: bool = False) -> Ways:
        """Return the ways that hulls steered [degrees, kn], or with ``back`` those by which they came."""
        known = (speed_kn >= _COURSE_KN) & ~np.isnan(course) & ~np.isnan(from_xyz[:, 0])
        here = np.where(known[:, None], from_xyz, [EARTH_RADIUS_M, 0.0, 0.0])
        ahead = direction(here, np.where(known, course, 0.0)) * (-1.0 if back else 1.0)
        return cls(here, ahead, np.cross(here, ahead) / EARTH_RADIUS_M, known)

    def take(self, index: Ints | Bools) -> Ways:
        """Return some of them."""
        return Ways(*(getattr(self, field.name)[index] for field in fields(self)))

    def heading(self, place_xyz: Floats) -> Floats:
        """Return the cosine of the angle between the way and the place, 0 where no course is known, shape (n,)."""
        along, off = dot(place_xyz, self.ahead), self._off_m(place_xyz)
        counts = self._counts(place_xyz)
        return np.where(counts, along / np.maximum(np.hypot(along, off), 1.0), 0.0)

    def passes(self, place_xyz: Floats) -> Floats:
        """Return how well the way leads over the place: 1 straight over it, falling to 0 where it misses it."""
        miss = self._off_m(place_xyz) / np.hypot(_MISS_M, _MISS_PART * norm(place_xyz - self.from_xyz))
        ahead = self._counts(place_xyz) & (dot(place_xyz, self.ahead) > 0)
        return np.where(ahead, np.exp(-0.5 * miss * miss), 0.0)

    def _counts(self, place_xyz: Floats) -> Bools:
        counts: Bools = self.known & (norm(place_xyz - self.from_xyz) >= _COURSE_M)
        return counts

    def _off_m(self, place_xyz: Floats) -> Floats:
        """Return how far a place is from the plane of the way [m]."""
        off: Floats = np.abs(dot(place_xyz, self.across))
        return off


@dataclass(frozen=True)
class Bound:
    """What silent hulls were about: both ways of each, and the time they had, arrays of shape (n,).

    ``usual_mps`` is what each sails at [m/s]: as seen around the silence, or what is usual.
    """

    silent: Silent
    before: Ways
    after: Ways
    usual_mps: Floats

    @classmethod
    def of(cls, silent: Silent) -> Bound:
        """Read the courses of silences."""
        seen = np.fmax(silent.speed_before_kn, silent.speed_after_kn)
        usual = np.minimum(np.where(seen >= _SAILS_KN, seen, _USUAL_KN), silent.max_kn)
        before = Ways.of(silent.place_xyz, silent.course_before_deg, silent.speed_before_kn)
        after = Ways.of(silent.after_xyz, silent.course_after_deg, silent.speed_after_kn, back=True)
        return cls(silent, before, after, usual * KNOT_MPS)

    def take(self, index: Ints | Bools) -> Bound:
        """Return some of them."""
        parts = {name: getattr(self, name).take(index) for name in ("silent", "before", "after")}
        return replace(self, **parts, usual_mps=self.usual_mps[index])

    @property
    def n_known(self) -> Ints:
        """How many of both ways are known."""
        return self.before.known.astype(np.int64) + self.after.known

    def way_m(self, place_xyz: Floats) -> Floats:
        """Return the length of the way over a place [m]; where the hull was not heard again, of the way there."""
        return distance_m(self.silent.place_xyz, place_xyz) + self._back_m(place_xyz)

    def times_s(self, place_xyz: Floats, mps: Floats) -> tuple[Floats, Floats]:
        """Return when each could be at a place, and when it had to leave, at a speed [s]."""
        arrives = self.silent.start_us / US_PER_S + distance_m(self.silent.place_xyz, place_xyz) / mps
        return arrives, self.silent.end_us / US_PER_S - self._back_m(place_xyz) / mps

    def _back_m(self, place_xyz: Floats) -> Floats:
        return np.nan_to_num(distance_m(place_xyz, self.silent.after_xyz))


def crossings(one: Bound, other: Bound) -> Iterator[Floats]:
    """Yield the places where each two of the four ways of two hulls cross [m], shape (n, 3), NaN where they do not."""
    ways = (one.before, one.after, other.before, other.after)
    for first, second in combinations(ways, 2):
        yield _crossing(first, second)


def _crossing(first: Ways, second: Ways) -> Floats:
    place = np.cross(first.across, second.across)
    sine = norm(place)
    place = place / np.where(sine > 0, sine, 1.0)[:, None]
    # Of two opposite places the one on this side of the Earth; it must lie ahead on both ways.
    place = place * np.where(dot(place, first.from_xyz) < 0, -1.0, 1.0)[:, None]
    ahead = (dot(place, first.ahead) > 0) & (dot(place, second.ahead) > 0) & (dot(place, second.from_xyz) > 0)
    good = first.known & second.known & (sine >= _SHARP) & ahead
    return np.where(good[:, None], place * EARTH_RADIUS_M, np.nan)
