"""Where two silent hulls can have been together longest, at sea: the nearest place by the map may be a mountain."""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.outline import DIRECTIONS, outlines
from stsdetect.kernels.prisms import Legs, Silences, Way
from stsdetect.kernels.sphere import Bools, Floats, to_lat_lon
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.reference.walls import least_way_m
from stsdetect.units import EARTH_RADIUS_M

#: Places tried: on the way from the place given to the corners of the area, at these parts (our choice).
SHARES = (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98)


def places_at_sea(
    a: Silences, b: Silences, place_xyz: Floats, *, apart_m: float, way_m: Way = least_way_m
) -> tuple[Floats, Floats]:
    """Return a place at sea for each row, and how long both can have stayed there.

    A place that is at sea is kept, unless a wall keeps one of the hulls from it. Instead of another, that is
    taken, of some six hundred in the area, where they can have stayed longest.

    Parameters
    ----------
    a, b
        Silences, n rows each.
    place_xyz
        ``place_xyz`` of `joint_reach`, shape (n, 3); NaN stays NaN.
    apart_m, way_m
        As `joint_reach` was asked.

    Returns
    -------
    place_xyz, stay_s
        Places [m], shape (n, 3); stays [s], shape (n,), negative where none at sea was found and the place is as given.

    Examples
    --------
    West and north of Shandong.

    >>> from stsdetect.kernels.reach import joint_reach
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> one, other = to_xyz(np.array([35.7]), np.array([120.9])), to_xyz(np.array([38.0]), np.array([120.5]))
    >>> start, end, speed = np.array([0]), np.array([30 * 3_600_000_000]), np.array([14.0])
    >>> a, b = Silences(start, end, one, one, speed), Silences(start, end, other, other, speed)
    >>> meets = joint_reach(a, b, apart_m=500.0, least_s=7200.0, way_m=least_way_m)
    >>> place, stay_s = places_at_sea(a, b, meets.place_xyz, apart_m=500.0)
    >>> load_shoreline().on_land(*to_lat_lon(meets.place_xyz)), load_shoreline().on_land(*to_lat_lon(place))
    (array([ True]), array([False]))
    >>> bool(0 < stay_s[0] <= meets.stay_max_s[0])
    True
    """
    place, stay = place_xyz.copy(), _stay_s(a, b, place_xyz, apart_m, way_m)
    rows = np.flatnonzero(~np.isnan(place_xyz[:, 0]))
    rows = rows[_on_land(place_xyz[rows]) | (stay[rows] < 0.0)]
    stay[rows] = -1.0
    if not rows.size:
        return place, stay
    corners, middles = outlines(a.take(rows), b.take(rows), apart_m=apart_m)
    share = np.array(SHARES)[:, None, None]
    tried = (1.0 - share) * middles[:, None, None, :] + share * corners[:, None, :, :]
    tried = (tried / np.linalg.norm(tried, axis=3, keepdims=True) * EARTH_RADIUS_M).reshape(-1, 3)
    which = np.repeat(rows, len(SHARES) * DIRECTIONS)
    known = ~np.isnan(tried[:, 0])
    tried, which = tried[known], which[known]
    stays = _stay_s(a.take(which), b.take(which), tried, apart_m, way_m)
    good = np.flatnonzero(stays >= 0.0)
    good = good[~_on_land(tried[good])]
    order = good[np.lexsort((good, -stays[good], which[good]))]
    first = np.ones(order.size, dtype=np.bool_)
    first[1:] = which[order][1:] != which[order][:-1]
    chosen = order[first]
    place[which[chosen]], stay[which[chosen]] = tried[chosen], stays[chosen]
    return place, stay


def _on_land(xyz: Floats) -> Bools:
    return load_shoreline().on_land(*to_lat_lon(xyz))


def _stay_s(a: Silences, b: Silences, place_xyz: Floats, apart_m: float, way_m: Way) -> Floats:
    """Return how long both can have stayed at places [s], shape (n,), negative where they cannot both be there."""
    zero_us = np.maximum(a.start_us, b.start_us)
    begins, ends = [], []
    for s in (a, b):
        legs = Legs.of(s, zero_us, apart_m, way_m)
        out_s, back_s = (
            np.maximum(way_m(xyz, place_xyz) - legs.slack_m, 0.0) / legs.speed_mps
            for xyz in (legs.from_xyz, legs.to_xyz)
        )
        begins.append(legs.start_s + out_s)
        ends.append(legs.end_s - np.where(legs.is_open, 0.0, back_s))
    return np.asarray(np.minimum(*ends) - np.maximum(*begins))
