"""Areas on the map, WGS84, of all places where a silent hull can have been, or two can have been together.

The outlines of `stsdetect.kernels.outline` are made a little wider, against everything that is straight on one map
and bent on the other, and cut at the antimeridian. An area around a pole reaches up to it over all longitudes.
Land is taken out only where no ship can have been (`stsdetect.context.inland`), and water only where the way around
a peninsula is too long (`stsdetect.context.behind`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.context.behind import Seen, behind_walls
from stsdetect.context.inland import get_ready, inland_within
from stsdetect.kernels.outline import circles, outlines
from stsdetect.kernels.prisms import STRETCH, Legs, Silences
from stsdetect.kernels.sphere import Bools, Floats, local_axes
from stsdetect.reference.walls import least_way_m
from stsdetect.units import EARTH_RADIUS_M

#: Areas are made wider by this [m]: more than a straight line between longitude and latitude strays from a great
#: circle on pieces as short as below (30 m), and than directions of an outline are rounded (our choice).
WIDER_M = 250.0
#: Longest piece of a border: half a degree of longitude strays by less than 31 m, a quarter of any degree by less
#: than 16 m where it is not near a pole, and there the first rule holds.
_PIECE_LON_DEG, _PIECE_DEG = 0.5, 0.25
#: A border that comes nearer to a pole than this [m] is moved over it.
_POLE_M = 1_000.0
#: A border is halved at most so often.
_HALVINGS = 24


def reach_areas(
    a: Silences,
    b: Silences | None = None,
    *,
    apart_m: float = 0.0,
    least_s: float = 0.0,
    without_land: bool = True,
) -> list[bytes | None]:
    """Return the area of each row as WKB, a Polygon or MultiPolygon in WGS84; None where there is none.

    Parameters
    ----------
    a, b
        Silences, n rows each. With ``b`` where both can have been together, else where the one can have been.
    apart_m
        Hulls that far apart or nearer are together [m]; the area then holds the middle between them.
    least_s
        Only where they can have stayed for so long at one place [s]. With 0, every place where they can have met;
        two that drift together may leave an area made for more.
    without_land
        Take out land where no ship can have been, and waters behind it that are too far by sea.

    Notes
    -----
    Where a hull was silent for so long that it can have been anywhere, the area is the whole Earth.

    Examples
    --------
    >>> import shapely
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> place = to_xyz(np.array([31.0]), np.array([124.5]))
    >>> hull = Silences(np.array([0]), np.array([36_000_000_000]), place, place, np.array([14.0]))
    >>> area = shapely.from_wkb(reach_areas(hull)[0])
    >>> [round(side, 1) for side in area.bounds]  # 5 h at 14 kn either way
    [123.1, 29.8, 125.9, 32.2]
    """
    corners, middles = outlines(a, b, apart_m=apart_m, least_s=least_s)
    hulls = [s for s in (a, b) if s is not None]
    zero_us = np.max([s.start_us for s in hulls], axis=0)
    legs = [Legs.of(s, zero_us, apart_m if b is not None else 0.0, least_way_m) for s in hulls]
    seen = [Seen.of(leg) for leg in legs] if without_land else []
    known = np.flatnonzero(~np.isnan(middles).any(axis=1)).tolist()
    areas = {row: _area(corners[row], middles[row]) for row in known}
    if without_land:
        get_ready([area.bounds for area in areas.values()])
        areas = {row: _without_land(area, seen, row, least_s) for row, area in areas.items()}
    return [_wkb(areas[row]) if row in areas else None for row in range(len(middles))]


def circle_areas(place_xyz: Floats, radius_m: Floats | float) -> list[bytes]:
    """Return areas that hold all within so far of places, such as where a hull lay; WKB, as `reach_areas`.

    Parameters
    ----------
    place_xyz
        Vectors [m], shape (n, 3).
    radius_m
        Radii [m], up to a sixth of the Earth, shape (n,) or one.

    Examples
    --------
    >>> import shapely
    >>> from stsdetect.kernels.sphere import to_xyz
    >>> shapely.from_wkb(circle_areas(to_xyz(np.array([31.0]), np.array([124.5])), 1000.0)[0]).contains_properly(
    ...     shapely.Point(124.5, 31.008))
    True
    """
    middles = place_xyz / EARTH_RADIUS_M
    corners = circles(middles, np.broadcast_to(np.asarray(radius_m) * STRETCH / EARTH_RADIUS_M, len(middles)))
    return [_wkb(_on_the_map(*row)) for row in zip(corners, middles, strict=True)]


def _area(corners: Floats, middle: Floats) -> Any:
    import shapely

    return shapely.box(-180.0, -90.0, 180.0, 90.0) if np.isnan(corners).any() else _on_the_map(corners, middle)


def _without_land(area: Any, seen: list[Seen], row: int, least_s: float) -> Any:
    for out in (inland_within(*area.bounds), behind_walls(area.bounds, seen, row, least_s)):
        left = area if out is None else area.difference(out)
        # Whose fixes are themselves where no ship is, was not there by what is known of land.
        area = area if left.is_empty else left
    return area


def _wkb(area: Any) -> bytes:
    import shapely

    return bytes(shapely.to_wkb(shapely.normalize(area), byte_order=1))


def _on_the_map(corners: Floats, middle: Floats) -> Any:
    """Return a polygon in longitude and latitude that holds a polygon of great circles around ``middle``."""
    import shapely

    east, north = (axis[0] for axis in local_axes(middle[None, :]))
    flat = np.column_stack([corners @ east, corners @ north]) / (corners @ middle)[:, None]
    # To 6 micrometres: corners nearer to each other than that are one.
    hull = shapely.convex_hull(shapely.linestrings(np.round(flat, 12)))
    # In the gnomonic map lengths grow away from the middle.
    farthest = float((flat * flat).sum(axis=1).max())
    grown = (1.0 + farthest) / EARTH_RADIUS_M
    hull = hull.buffer(WIDER_M * grown, join_style="mitre")
    pole = np.array([0.0, 0.0, 1.0 if middle[2] >= 0.0 else -1.0])
    upward = float(pole @ middle)
    # Seen from the middle; a mitre reaches at most five times as far as its sides.
    away = np.sqrt(1.0 - min(upward, 1.0) ** 2) / max(upward, 1e-3)
    if upward > 1e-3 and away < np.sqrt(farthest) + (5.0 * WIDER_M + _POLE_M) * grown:
        at = shapely.Point(float(pole @ east) / upward, float(pole @ north) / upward)
        if hull.boundary.distance(at) <= _POLE_M * grown:
            hull = hull.buffer(2.0 * _POLE_M * grown, join_style="mitre")
    ring = shapely.get_coordinates(hull.exterior)
    points = middle + ring[:, :1] * east + ring[:, 1:] * north
    return _cut(*_unwrapped(_in_pieces(points / np.linalg.norm(points, axis=1, keepdims=True))), float(pole[2]))


def _in_pieces(ring: Floats) -> Floats:
    """Return a closed ring of unit vectors, shape (n, 3), with more points on its great circles."""
    for _ in range(_HALVINGS):
        here, there = ring[:-1], ring[1:]
        angle = np.degrees(2.0 * np.arcsin(np.minimum(np.linalg.norm(there - here, axis=1) / 2.0, 1.0)))
        long = (angle > _PIECE_DEG) | (np.abs(_turns(ring)) > _PIECE_LON_DEG) & (angle > 1e-6)
        if not long.any():
            break
        ring = _halved(ring, long)
    return ring


def _halved(ring: Floats, long: Bools) -> Floats:
    middle = (ring[:-1] + ring[1:])[long]
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    return np.insert(ring, np.flatnonzero(long) + 1, middle, axis=0)


def _turns(ring: Floats) -> Floats:
    """Return the steps of longitude along a ring [degrees, -180..180]."""
    lon = np.degrees(np.arctan2(ring[:, 1], ring[:, 0]))
    return (np.diff(lon) + 180.0) % 360.0 - 180.0


def _unwrapped(ring: Floats) -> tuple[Floats, Floats]:
    """Return longitudes without a jump, and latitudes [degrees]."""
    first = np.degrees(np.arctan2(ring[0, 1], ring[0, 0]))
    lon = first + np.concatenate([[0.0], np.cumsum(_turns(ring))])
    return lon, np.degrees(np.arctan2(ring[:, 2], np.hypot(ring[:, 0], ring[:, 1])))


def _cut(lon: Floats, lat: Floats, pole: float) -> Any:
    """Return a ring as polygons between the longitudes -180 and 180; one that goes around a pole reaches up to it."""
    import shapely

    ring = np.column_stack([lon, lat])
    if abs(lon[-1] - lon[0]) > 180.0:
        # A piece more than once around, so that rounding leaves no slit where the ends meet.
        more = ring[1] + ring[-1] - ring[0]
        ring = np.vstack([ring, [more, [more[0], 90.0 * pole], [lon[0], 90.0 * pole], ring[0]]])
    else:
        ring[-1] = ring[0]
    shape = shapely.Polygon(ring)
    if abs(ring[:, 0]).max() <= 180.0 and shape.is_valid:
        return shape
    shape = shapely.make_valid(shape)
    world = shapely.box(-180.0, -90.0, 180.0, 90.0)
    turns = range(int(np.floor((lon.min() + 180.0) / 360.0)), int(np.floor((lon.max() + 180.0) / 360.0)) + 1)
    parts = []
    for turn in turns:
        moved = shapely.transform(shape, lambda xy, turn=turn: xy - np.array([360.0 * turn, 0.0]))
        parts.extend(shapely.get_parts(shapely.intersection(moved, world)))
    return shapely.union_all([part for part in parts if part.geom_type in ("Polygon", "MultiPolygon")])
