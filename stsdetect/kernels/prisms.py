"""Where a silent hull could have been as time goes: a space-time prism, widened so that nothing possible is left out.

A hull heard at one place and then, later, at another was at every moment between in two caps of the sphere: that
around the first place, which grows at its greatest speed, and that around the second, which shrinks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stsdetect.kernels.cuts import Caps, Disc
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, local_axes, norm
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS, US_PER_S

#: What gives for two arrays of places, vectors (n, 3), how far along the sphere a ship has to sail at least [m].
Way = Callable[[Floats, Floats], Floats]
#: A bound on a way holds for places so far from where it was asked, less what they are nearer [m]: walls lie farther
#: inland (`stsdetect.reference.walls`).
HOP_M = 5_000.0
#: Most by which a way on the sphere of `kernels.sphere` is longer than the same way on the WGS84 ellipsoid. The
#: ratio is greatest along a meridian at the equator: mean radius over a (1 - e^2), 6371008.8 / 6335439.3 = 1.005614.
STRETCH = 1.00562
#: A believed fix is within this of the antenna [m]: the 10 m of a "high accuracy" report (ITU-R M.1371-5, table 47).
FIX_NOISE_M = 10.0
#: A report's time is within this of the moment it is of [s]: most sources cut times to the second (our choice).
CLOCK_S = 1.0
#: No hull is taken to be slower [kn], so that what is divided by speed stays finite (our choice; currents do more).
_LEAST_SPEED_KN = 0.1
#: Hulls that can reach places farther apart than twice this [radians], 3,300 km, are judged by pairs of caps alone.
WIDEST = np.pi / 6.0
#: Caps up to a quarter of the Earth are convex; a little less [radians].
_QUARTER = np.pi / 2.0 - 1e-6


@dataclass(frozen=True)
class Silences:
    """Silences of hulls, arrays of shape (n,); places are vectors of `kernels.sphere.to_xyz` [m], shape (n, 3).

    Attributes
    ----------
    start_us, end_us
        Last fix before and first fix after (or the end of the data) [us].
    from_xyz, to_xyz
        Where they were; ``to_xyz`` is NaN where the silence is open.
    max_speed_kn
        Greatest plausible speed [kn] (`reference.speeds`). Where the fixes ask for more, that is taken.
    noise_m
        How far a fix may be from the truth [m]; 185 for coarse ones.

    Examples
    --------
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> place = to_xyz(np.array([38.0]), np.array([124.0]))
    >>> one = Silences(np.array([0]), np.array([36_000_000_000]), place, place, np.array([14.0]))
    >>> len(one)
    1
    """

    start_us: Ints
    end_us: Ints
    from_xyz: Floats
    to_xyz: Floats
    max_speed_kn: Floats
    noise_m: Floats | float = FIX_NOISE_M

    def __len__(self) -> int:
        return len(self.start_us)

    def take(self, index: Ints | Bools | slice) -> Silences:
        """Return the chosen rows."""
        return Silences(
            self.start_us[index],
            self.end_us[index],
            self.from_xyz[index],
            self.to_xyz[index],
            self.max_speed_kn[index],
            self.noise_m if isinstance(self.noise_m, float | int) else self.noise_m[index],
        )


@dataclass(frozen=True)
class Legs:
    """Silences widened, shape (n,): times from a row's own zero, speeds along the sphere.

    ``to_xyz`` is the place before where a silence is open; by ``slack_m`` are caps wider than the hull can sail.
    """

    start_s: Floats
    end_s: Floats
    from_xyz: Floats
    to_xyz: Floats
    is_open: Bools
    speed_mps: Floats
    slack_m: Floats

    @classmethod
    def of(cls, s: Silences, zero_us: Ints, apart_m: float, way_m: Way = distance_m) -> Legs:
        """Widen silences; ``apart_m`` is how far apart hulls are that are together, halved between the two [m]."""
        is_open: Bools = np.isnan(s.to_xyz[:, 0])
        to_xyz = np.where(is_open[:, None], s.from_xyz, s.to_xyz)
        start_s = (s.start_us - zero_us) / US_PER_S - CLOCK_S
        end_s = (s.end_us - zero_us) / US_PER_S + CLOCK_S
        noise_m = np.broadcast_to(np.asarray(s.noise_m, dtype=np.float64) * STRETCH, start_s.shape)
        speed = np.maximum(s.max_speed_kn, _LEAST_SPEED_KN) * (KNOT_MPS * STRETCH)
        # What the hull did was possible.
        asked = np.maximum(way_m(s.from_xyz, to_xyz) - 2.0 * noise_m, 0.0) / np.maximum(end_s - start_s, CLOCK_S)
        return cls(
            start_s,
            end_s,
            s.from_xyz,
            to_xyz,
            is_open,
            np.maximum(speed, asked * (1.0 + 1e-9)),
            noise_m + 0.5 * apart_m * STRETCH,
        )


def cap_of(legs: Legs) -> tuple[Floats, Floats]:
    """Return the centre (n, 3) and the radius [m] of a cap that holds what a hull can reach; see `bounding_cap`."""
    middle = legs.from_xyz + legs.to_xyz
    length = norm(middle)
    # The middle of opposite places is nowhere; the cap is then over a quarter anyway.
    nowhere = length < 1e-3 * EARTH_RADIUS_M
    middle = middle * (EARTH_RADIUS_M / np.where(nowhere, 1.0, length))[:, None]
    way_m = legs.speed_mps * np.maximum(legs.end_s - legs.start_s, 0.0)
    radius_m = np.where(legs.is_open, way_m, way_m / 2.0) + legs.slack_m
    everywhere = nowhere | (radius_m >= np.pi / 2.0 * EARTH_RADIUS_M)
    return np.where(nowhere[:, None], legs.from_xyz, middle), np.where(everywhere, np.pi * EARTH_RADIUS_M, radius_m)


def caps_of(a: Legs, b: Legs) -> Caps:
    """Return the four caps of two hulls."""
    slack, pace = [leg.slack_m / EARTH_RADIUS_M for leg in (a, b)], [EARTH_RADIUS_M / leg.speed_mps for leg in (a, b)]
    back = [np.where(leg.is_open, 0.0, rate) for leg, rate in zip((a, b), pace, strict=True)]
    apex = np.stack([(xyz / EARTH_RADIUS_M).T for xyz in (a.from_xyz, b.from_xyz, a.to_xyz, b.to_xyz)], axis=1)
    moments = np.stack([a.start_s, b.start_s, a.end_s, b.end_s])
    return Caps(apex, moments, np.stack([*pace, *back]), np.stack([*slack, *slack]))


def disc_of(a: Legs, b: Legs) -> Disc:
    """Return the smaller of the caps that hold what each hull can reach."""
    (centre_a, radius_a), (centre_b, radius_b) = cap_of(a), cap_of(b)
    centre = np.where((radius_b < radius_a)[:, None], centre_b, centre_a)
    east, north = local_axes(centre)
    radius = np.minimum(radius_a, radius_b) / EARTH_RADIUS_M * (1.0 + 1e-9)
    return Disc(centre.T / EARTH_RADIUS_M, east.T, north.T, radius)


def convex_over(caps: Caps, disc: Disc) -> Caps:
    """Return caps that are convex over a disc: one that is not sets no limit there; those by pairs are kept."""
    step = caps.apex - disc.middle[:, None, :]
    farthest = 2.0 * np.arcsin(np.minimum(0.5 * np.sqrt((step * step).sum(axis=0)), 1.0)) + disc.radius
    return Caps(caps.apex, caps.moment_s, np.where(farthest < _QUARTER, caps.pace, 0.0), caps.slack)
