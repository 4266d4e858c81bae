"""Figures that positions form: a circle that speed and course contradict, a motion without noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Floats, Ints, dot, local_axes, norm
from stsdetect.units import KNOT_MPS

#: A ring: its radius [m], how far positions may lie off it as a share of the radius, the widest stretch of it without a
#: position [degrees], and how many positions there must be. Rings seen off Shanghai were some hundred metres wide.
_RADIUS_M = (30.0, 20_000.0)
_OFF_SHARE = 0.1
_OPEN_DEG = 90.0
_RING_FIXES = 12
#: Along a ring: a turn this far from what SOG makes of the time contradicts it [radians, and share of what SOG makes];
#: so does a COG this far off the direction of the ring [degrees], from a SOG at which COG is more than noise [kn].
_TURN, _TURN_SHARE, _COURSE_DEG, _MOVING_KN = 0.25, 0.2, 45.0, 2.0
#: Motion is looked at in stretches of half an hour with so many fixes each [us]; more than this off a smooth motion is
#: noise [m]. GNSS is good to some metres, a ship at sea yaws and surges by tens of metres meanwhile; coordinates of
#: five decimals are off by 0.4 m.
_STRETCH_US, _STRETCH_FIXES, _NOISE_M = 1_800_000_000, 6, 0.7
_LEAST = 1e-6


@dataclass(frozen=True)
class Ring:
    """A circle through positions: its radius and how far off it they lie at most [m], and what contradicts it."""

    radius_m: float
    spread_m: float
    why: str


def on_plane(xyz: Floats) -> Floats:
    """Return places to the east and north of the first [m], shape (n, 2)."""
    east, north = local_axes(xyz[:1])
    step = xyz - xyz[0]
    return np.stack([dot(step, np.broadcast_to(east, step.shape)), dot(step, np.broadcast_to(north, step.shape))], 1)


def is_ring(time_us: Ints, plane_m: Floats, sog_kn: Floats, cog_deg: Floats) -> Ring | None:
    """Return the circle that positions lie on, if it goes nearly all round and SOG or COG contradict it.

    Parameters
    ----------
    time_us, plane_m, sog_kn, cog_deg
        Fixes in order of time, shape (n,), (n, 2), (n,), (n,); NaN where not available.
    """
    if time_us.size < _RING_FIXES:
        return None
    # Least squares of x^2 + y^2 = 2 a x + 2 b y + c (Kasa 1976).
    design = np.column_stack([2.0 * plane_m, np.ones(time_us.size)])
    (a, b, c), *_ = np.linalg.lstsq(design, (plane_m**2).sum(axis=1), rcond=None)
    centre, square = np.array([a, b]), c + a * a + b * b
    if square <= 0:
        return None
    radius = float(np.sqrt(square))
    spoke = plane_m - centre
    off = np.abs(np.hypot(spoke[:, 0], spoke[:, 1]) - radius)
    if not _RADIUS_M[0] <= radius <= _RADIUS_M[1] or off.max() > _OFF_SHARE * radius:
        return None
    angle = np.sort(np.degrees(np.arctan2(spoke[:, 1], spoke[:, 0])))
    if max(np.diff(angle).max(), 360.0 - (angle[-1] - angle[0])) > _OPEN_DEG:
        return None
    why = _contradiction(time_us, spoke, radius, sog_kn, cog_deg)
    return None if why is None else Ring(radius, float(off.max()), why)


def _contradiction(time_us: Ints, spoke: Floats, radius: float, sog_kn: Floats, cog_deg: Floats) -> str | None:
    """Say what SOG or COG of fixes on a circle contradicts, None where nothing does; ``spoke`` from its middle [m]."""
    angle = np.arctan2(spoke[:, 1], spoke[:, 0])
    seconds = np.maximum(np.diff(time_us) / 1e6, 1e-6)
    turned = (np.diff(angle) + np.pi) % (2.0 * np.pi) - np.pi
    said = (sog_kn[1:] + sog_kn[:-1]) / 2.0
    should = said * KNOT_MPS * seconds / radius
    # Where it should have gone more than half round, an error of SOG may hide a whole turn.
    fine = np.flatnonzero(should <= np.pi)
    if fine.size >= _RING_FIXES // 2:
        off = np.abs(np.abs(turned[fine]) - should[fine])
        if np.median(off - _TURN_SHARE * should[fine]) > _TURN:
            own = float(np.median(np.abs(turned[fine]) / seconds[fine])) * radius / KNOT_MPS
            return f"go round it at {own:.1f} kn while SOG says {np.median(said[fine]):.1f} kn"
    moving = ~np.isnan(cog_deg) & (sog_kn >= _MOVING_KN)
    if np.count_nonzero(moving) >= _RING_FIXES // 2:
        along = 90.0 - np.degrees(angle[moving]) + 90.0
        off = np.abs((cog_deg[moving] - along + 90.0) % 180.0 - 90.0)
        if np.median(off) > _COURSE_DEG:
            return f"point {np.median(off):.0f} degrees off it by COG"
    return None


def noise_free(time_us: Ints, xyz: Floats) -> Iterator[tuple[int, int, float]]:
    """Yield first fix, last fix and greatest error [m] of stretches of even, straight motion without noise.

    Motion may change between half hours, as a drawn track has corners; but each must be smooth to ``_NOISE_M`` (root
    mean square).
    """
    if time_us.size < _STRETCH_FIXES:
        return
    half_hour = (time_us - time_us[0]) // _STRETCH_US
    first, end = group_bounds(half_hour)
    errors = np.array([_error_m(time_us[a:b], xyz[a:b]) for a, b in zip(first, end, strict=True)])
    good = errors <= _NOISE_M
    follows = np.append(False, np.diff(half_hour[first]) == 1)
    number = np.cumsum(~(good & follows & np.append(False, good[:-1])))
    for begin, stop in zip(*group_bounds(number), strict=True):
        if good[begin]:
            yield int(first[begin]), int(end[stop - 1]) - 1, float(errors[begin:stop].max())


def _error_m(time_us: Ints, xyz: Floats) -> float:
    """Return how far places lie off a smooth motion (root mean square) [m]; infinite for too few.

    A parabola in time takes up the bend of a great circle or a rhumb line, which are metres in half an hour.
    """
    if time_us.size < _STRETCH_FIXES:
        return np.inf
    t = (time_us - time_us[0]) / float(_STRETCH_US)
    off = xyz - xyz.mean(axis=0)
    # Two shapes in time that share nothing with each other, nor with a constant: a slope and a parabola.
    slope = t - t.mean()
    bend = slope * slope
    bend -= bend.mean()
    along = float((slope * slope).sum())
    if along <= _LEAST:
        return np.inf
    bend -= slope * float((slope * bend).sum()) / along
    for shape in (slope, bend):
        size = float((shape * shape).sum())
        if size <= _LEAST:
            return np.inf  # moments too few to tell
        off = off - shape[:, None] * ((shape[:, None] * off).sum(axis=0) / size)
    error = norm(off)
    return float(np.sqrt((error * error).mean()))
