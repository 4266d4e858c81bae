"""The outline of where two silent hulls, or one, can have been: great-circle polygons that lie around it, never within.

Where all caps leave time is one convex area. From a place in it, the border is looked for in many directions; at each
place just beyond it, the gradient tells a great circle that leaves the whole area on one side. The polygon is
what these circles enclose.
"""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.cuts import Caps
from stsdetect.kernels.prisms import WIDEST, Legs, Silences, cap_of, caps_of, convex_over, disc_of
from stsdetect.kernels.reach import joint_reach
from stsdetect.kernels.sphere import Floats, Ints, local_axes
from stsdetect.units import EARTH_RADIUS_M

#: Directions from the inside. With the outline stretched to about a circle, a polygon of 48 sides is at most
#: 1 / cos(pi / 48) - 1 = 0.2 % wider than the circle in it (our choice).
DIRECTIONS = 48
#: Times that the directions are chosen anew, so that a long and narrow area is seen as a circle.
_STRETCHES = 3
#: Halvings of a distance: 2 ** -30 of a sixth of the Earth is a centimetre. A first look needs but a kilometre.
_HALVINGS = 30
_FIRST_HALVINGS = 13
#: The border is where the time left is less than nothing by this much [s], so that an area always has an inside.
_BEYOND_S = 1.0
#: Caps wider than this [radians] have no outline: the hull can have been anywhere.
_ANYWHERE = 0.45 * np.pi
#: Lines that turn by less than this [radians] are one.
_STRAIGHT = 1e-7
_BATCH = 256


def outlines(
    a: Silences, b: Silences | None = None, *, apart_m: float = 0.0, least_s: float = 0.0
) -> tuple[Floats, Floats]:
    """Return the corners of polygons around all places where hulls can have been, or been together.

    Parameters
    ----------
    a, b
        Silences, n rows each; without ``b`` what the first hulls can reach is meant.
    apart_m
        Hulls that far apart or nearer are together; what is outlined is where the middle between them is [m].
    least_s
        Only where they can have stayed for that long at one place [s].

    Returns
    -------
    corners, middles
        Unit vectors, shape (n, `DIRECTIONS`, 3) and (n, 3): corners in the order of their direction from a
        middle inside. Corners are NaN where there is no such place; the middle is NaN too unless they can be anywhere.

    Examples
    --------
    >>> from stsdetect.kernels.sphere import distance_m, to_xyz
    >>> place = to_xyz(np.array([38.0]), np.array([124.0]))
    >>> hull = Silences(np.array([0]), np.array([36_000_000_000]), place, place, np.array([14.0]))
    >>> corners, middles = outlines(hull)
    >>> away_km = distance_m(6371008.8 * corners[0], np.repeat(place, 48, axis=0)) / 1000
    >>> away_km.round(1)[:2].tolist()  # 5 h at 14 kn are 129.6 km
    [130.7, 130.7]
    """
    n = len(a)
    corners, middles = np.full((n, DIRECTIONS, 3), np.nan), np.full((n, 3), np.nan)
    for k in range(0, n, _BATCH):
        part = slice(k, min(k + _BATCH, n))
        corners[part], middles[part] = _outlines(a.take(part), None if b is None else b.take(part), apart_m, least_s)
    return corners, middles


def _outlines(a: Silences, b: Silences | None, apart_m: float, least_s: float) -> tuple[Floats, Floats]:
    other, apart_m = (a, 0.0) if b is None else (b, apart_m)
    corners, middles = np.full((len(a), DIRECTIONS, 3), np.nan), np.full((len(a), 3), np.nan)
    meets = joint_reach(a, other, apart_m=apart_m, least_s=0.0)
    legs = [Legs.of(s, np.maximum(a.start_us, other.start_us), apart_m) for s in (a, other)]
    caps, disc = caps_of(legs[0], legs[1]), disc_of(legs[0], legs[1])
    possible = meets.possible & (meets.still_max_s >= least_s)
    middles[possible] = disc.middle.T[possible]
    wide = np.flatnonzero(possible & (disc.radius > WIDEST) & (disc.radius < _ANYWHERE))
    corners[wide] = _around(legs, wide)
    rows = np.flatnonzero(possible & (disc.radius <= WIDEST))
    if rows.size:
        middles[rows] = meets.place_xyz[rows] / EARTH_RADIUS_M
        convex = convex_over(caps.take(rows), disc.take(rows))
        # What can be possible is so within what `joint_reach` leaves open; a place found may fall short of it.
        begin, end = convex.window(middles[rows].T)
        beyond = np.minimum(end - begin, least_s) - _BEYOND_S
        corners[rows] = _corners(convex, middles[rows].T, beyond, 2.0 * disc.radius[rows])
    return corners, middles


def circles(centre: Floats, radius: Floats) -> Floats:
    """Return the corners of polygons around caps: centres are unit vectors (n, 3), radii [radians], (n, corners, 3)."""
    east, north = local_axes(centre)
    turn = 2.0 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    # The corner of two tangents of a small circle, in the gnomonic map.
    away = np.tan(radius) / np.cos(np.pi / DIRECTIONS)
    aside = east[:, None, :] * np.cos(turn)[:, None] + north[:, None, :] * np.sin(turn)[:, None]
    corners = centre[:, None, :] + away[:, None, None] * aside
    return np.asarray(corners / np.linalg.norm(corners, axis=2, keepdims=True))


def _around(legs: list[Legs], rows: Ints) -> Floats:
    """Return polygons around the smaller of two caps, shape (rows, `DIRECTIONS`, 3)."""
    (centre_a, radius_a), (centre_b, radius_b) = cap_of(legs[0]), cap_of(legs[1])
    centre = np.where((radius_b < radius_a)[:, None], centre_b, centre_a)[rows] / EARTH_RADIUS_M
    return circles(centre, np.minimum(radius_a, radius_b)[rows] / EARTH_RADIUS_M)


def _corners(caps: Caps, middle: Floats, beyond_s: Floats, farthest: Floats) -> Floats:
    """Return polygons around where the stay is ``beyond_s`` or longer, shape (n, `DIRECTIONS`, 3).

    ``middle`` is a place inside, unit vectors (3, n); no border is farther from it than ``farthest`` [radians].
    """
    n = middle.shape[1]
    east, north = (axis.T for axis in local_axes(middle.T))
    turn = 2.0 * np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    circle = np.stack([np.cos(turn), np.sin(turn)])
    stretch = np.tile(np.eye(2)[:, :, None], (1, 1, n))
    many = Caps(*(np.repeat(part, DIRECTIONS, axis=-1) for part in (caps.apex, caps.moment_s, caps.pace, caps.slack)))
    for look in range(_STRETCHES):
        aside = np.einsum("ijn,jk->ink", stretch, circle)
        aside /= np.sqrt((aside * aside).sum(axis=0))
        toward = aside[0] * east[:, :, None] + aside[1] * north[:, :, None]
        low, high = np.zeros((n, DIRECTIONS)), np.repeat(farthest[:, None], DIRECTIONS, axis=1)
        for _ in range(_HALVINGS if look == _STRETCHES - 1 else _FIRST_HALVINGS):
            half = 0.5 * (low + high)
            here = middle[:, :, None] * np.cos(half) + toward * np.sin(half)
            begin, end = many.window(here.reshape(3, -1))
            inside = (end - begin).reshape(n, DIRECTIONS) >= beyond_s[:, None]
            low, high = np.where(inside, half, low), np.where(inside, high, half)
        stretch = _stretch(aside * np.tan(high))
    here = middle[:, :, None] * np.cos(high) + toward * np.sin(high)
    _, _, begin, end = many.slopes(here.reshape(3, -1))
    inward = (end - begin).reshape(3, n, DIRECTIONS)
    corners = _meeting_points(here, inward)
    return np.ascontiguousarray(np.moveaxis(corners, 0, 2))


def _stretch(border: Floats) -> Floats:
    """Return what turns a circle into about the border, matrices (2, 2, n), by the spread of its places."""
    x, y = border - border.mean(axis=2, keepdims=True)
    xx, xy, yy = (x * x).mean(axis=1), (x * y).mean(axis=1), (y * y).mean(axis=1)
    # The root of [[xx, xy], [xy, yy]].
    root = np.sqrt(np.maximum(xx * yy - xy * xy, 0.0))
    scale = np.sqrt(np.maximum(xx + yy + 2.0 * root, 1e-300))
    return np.asarray(np.stack([np.stack([xx + root, xy]), np.stack([xy, yy + root])]) / scale)


def _meeting_points(here: Floats, inward: Floats) -> Floats:
    """Return where each great circle through a place, with its inward side, meets the next one's, as shaped."""
    normal = inward / np.maximum(np.sqrt((inward * inward).sum(axis=0)), 1e-300)
    following, place = np.roll(normal, -1, axis=2), np.roll(here, -1, axis=2)
    point = np.cross(normal, following, axis=0)
    size = np.sqrt((point * point).sum(axis=0))
    between = here + place
    between = between / np.sqrt((between * between).sum(axis=0))
    # Two lines that are nearly one meet nowhere in particular.
    point = np.where(size > _STRAIGHT, point / np.maximum(size, 1e-300), between)
    return np.asarray(np.where((point * between).sum(axis=0) < 0.0, -point, point))
