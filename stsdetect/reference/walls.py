"""Land that lies across: a lower bound on the way that a ship has to sail between two places.

Each wall is one great-circle arc on land, drawn by us, that no waterway for sea-going ships crosses. A ship passes
it at one end or at the other. Nowhere is a wall nearer to the packaged shoreline than `INLAND_M` (a test looks), so
that neither the shoreline's error, 0.4 km for nine places in ten, nor a harbour dug since matters. What is not
drawn does not lie across: the bound is then the great circle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, to_xyz
from stsdetect.units import EARTH_RADIUS_M

#: All walls are this far from the sea, and from navigable water, or farther [m].
INLAND_M = 5_000.0
#: Name, and the two ends (latitude, longitude) [degrees].
WALLS: tuple[tuple[str, tuple[float, float], tuple[float, float]], ...] = (
    # From the south coast into Manchuria; east of the Jamsil weir, above which no ship comes up the Han.
    ("Korea", (34.8, 127.0), (45.5, 127.6)),
    # From the cape to the foot of Mount Tai; south of the Xiaoqing, east of the Grand Canal.
    ("Shandong", (37.3, 122.4), (36.2, 117.2)),
    ("Liaodong", (39.3, 121.95), (42.5, 125.0)),
    ("Taiwan", (22.25, 120.8), (25.0, 121.45)),
    ("West Honshu", (34.2, 131.15), (35.2, 134.9)),
    ("Middle Honshu", (35.2, 135.6), (36.6, 138.8)),
    ("North Honshu", (35.6, 138.4), (40.5, 140.95)),
)


@cache
def _walls() -> list[tuple[Floats, Floats, Floats]]:
    """Return the ends of each wall and the pole of its great circle, vectors (1, 3), the pole of length 1."""
    walls = []
    for _, one, other in WALLS:
        ends = to_xyz(np.array([one[0], other[0]]), np.array([one[1], other[1]]))
        pole = np.cross(ends[0], ends[1])
        walls.append((ends[:1], ends[1:], pole[None, :] / np.linalg.norm(pole)))
    return walls


def least_way_m(from_xyz: Floats, to_xyz: Floats, *, beside_m: float = INLAND_M) -> Floats:
    """Return distances along the sphere that no ship's way between two places is under [m], shape (n,).

    A straight way that crosses a wall must go around one of its ends: it crosses the wall's great circle beyond it,
    and a way by a point of that circle is the longer, the farther the point from the crossing.
    Places within ``beside_m`` [m] of a wall are not asked: who means all that is near a place gives how near.

    Examples
    --------
    From Nampo to Wonsan, 170 km as the crow flies.

    >>> nampo, wonsan = to_xyz(np.array([38.7]), np.array([125.2])), to_xyz(np.array([39.2]), np.array([127.5]))
    >>> (least_way_m(nampo, wonsan) / 1000).round(-1).tolist(), (distance_m(nampo, wonsan) / 1000).round(-1).tolist()
    ([950.0], [210.0])
    """
    way = distance_m(from_xyz, to_xyz)
    for one, other, pole in _walls():
        rows = np.flatnonzero(_crosses(from_xyz, to_xyz, one, other, pole, beside_m))
        if rows.size:
            here, there = from_xyz[rows], to_xyz[rows]
            around = [distance_m(here, end) + distance_m(there, end) for end in (one, other)]
            way[rows] = np.maximum(way[rows], np.minimum(*around))
    return way


@dataclass(frozen=True)
class Boxes:
    """Boxes on the map, and what is asked of them again and again, whatever place one comes from.

    Attributes
    ----------
    corners
        Of great-circle quadrangles that hold the boxes [m], shape (4, 3, n).
    side
        1 or -1 where a box lies to the left or right of a wall's great circle, farther than `INLAND_M`; else 0; shape
        (walls, n).
    far_m
        How far it is at least from either end of a wall to a box [m], shape (walls, 2, n).
    """

    corners: Floats
    side: NDArray[np.int8]
    far_m: Floats

    @classmethod
    def of(cls, corners: Floats) -> Boxes:
        """Take the corners of boxes, or of great-circle quadrangles that hold them [m], shape (n, 4, 3)."""
        middle = corners.sum(axis=1)
        middle *= (EARTH_RADIUS_M / np.sqrt((middle * middle).sum(axis=1)))[:, None]
        size = np.max([distance_m(middle, corners[:, k]) for k in range(4)], axis=0)
        side, far_m = [], []
        for one, other, pole in _walls():
            away = np.array([_side(corners[:, k], pole) for k in range(4)])
            side.append((away > INLAND_M).all(axis=0).astype(np.int8) - (away < -INLAND_M).all(axis=0))
            far_m.append([distance_m(middle, end) - size for end in (one, other)])
        return cls(np.ascontiguousarray(corners.transpose(1, 2, 0)), np.array(side, dtype=np.int8), np.array(far_m))

    def least_way_m(self, view: View, place: int, some: Ints) -> Floats:
        """Return a lower bound on the way from a place to anywhere in some boxes [m], shape (some,).

        What lies behind a wall, seen from a place, is bounded by three great circles, so it holds a box whose
        corners it holds. 0 for boxes that do not lie behind one.

        Parameters
        ----------
        view, place
            How places see the walls, and which place it is.
        some
            Which boxes.
        """
        way = np.zeros(some.size)
        for wall in np.flatnonzero(view.side[:, place]).tolist():
            behind = np.flatnonzero(self.side[wall, some] == -view.side[wall, place])
            planes = view.between[wall, :, place].tolist()
            for corner in self.corners if behind.size else ():
                x, y, z = corner[:, some[behind]]
                within = [x * east + y * north + z * up > 0.0 for east, north, up in planes]
                behind = behind[within[0] & within[1]]
            if behind.size:
                first, second = self.far_m[wall][:, some[behind]]
                one_m, other_m = view.out_m[wall, :, place].tolist()
                way[behind] = np.maximum(way[behind], np.minimum(one_m + first, other_m + second))
        return way


@dataclass(frozen=True)
class View:
    """How places see the walls.

    Attributes
    ----------
    side
        1 or -1 where a place lies to the left or right of a wall's great circle, farther than `INLAND_M`; else 0; shape
        (walls, n).
    between
        Of the planes through a place and either end of a wall, the normal on the side of the other end, shape
        (walls, 2, n, 3).
    out_m
        How far it is to either end [m], shape (walls, 2, n).
    """

    side: NDArray[np.int8]
    between: Floats
    out_m: Floats

    @classmethod
    def of(cls, from_xyz: Floats) -> View:
        """Look from places [m], shape (n, 3)."""
        side, between, out_m = [], [], []
        for one, other, pole in _walls():
            own = _side(from_xyz, pole)
            side.append((own > INLAND_M).astype(np.int8) - (own < -INLAND_M))
            planes = [_plane(from_xyz, end, inside) for end, inside in ((one, other), (other, one))]
            between.append(planes)
            out_m.append([distance_m(from_xyz, end) for end in (one, other)])
        return cls(np.array(side, dtype=np.int8), np.array(between), np.array(out_m))


def _plane(places: Floats, through: Floats, inside: Floats) -> Floats:
    """Return normals of the planes through places, another and the middle of the Earth, on the side of a third."""
    normal = np.cross(places, through)
    return np.asarray(np.where(_side(normal, inside)[:, None] > 0.0, normal, -normal))


def _crosses(
    here: Floats, there: Floats, one: Floats, other: Floats, pole: Floats, beside_m: float = INLAND_M
) -> Bools:
    """Tell which straight ways cross a wall from well on one side of it to well on the other; one place, or n, each."""
    left, right = _side(here, pole), _side(there, pole)
    crosses = (left * right < 0.0) & (np.minimum(np.abs(left), np.abs(right)) > beside_m)
    rows = np.flatnonzero(crosses)
    if not rows.size:
        return crosses
    # Where the way meets the wall's circle, and whether that lies between the wall's ends.
    weight_here, weight_there = np.broadcast_arrays(np.abs(right), np.abs(left))
    weight_here, weight_there = weight_here[rows, None], weight_there[rows, None]
    starts, stops = (xyz[rows] if len(xyz) > 1 else xyz for xyz in (here, there))
    at = (starts * weight_here + stops * weight_there) / (weight_here + weight_there)
    at *= EARTH_RADIUS_M / np.maximum(np.sqrt((at * at).sum(axis=1)), 1.0)[:, None]
    long = distance_m(one, other)
    crosses[rows] = (distance_m(at, one) < long) & (distance_m(at, other) < long)
    return crosses


def _side(xyz: Floats, pole: Floats) -> Floats:
    """Return how far places are to the left of a wall's great circle, through the Earth [m]."""
    x, y, z = pole[0].tolist()
    return np.asarray(xyz[:, 0] * x + xyz[:, 1] * y + xyz[:, 2] * z)
