"""Water of a simulated month: where ships can go, by which ways between ports, and where they lie there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from stsdetect.errors import UsageError
from stsdetect.reference.places import Port, load_ports
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.simulate.archive_places import CRAFT_APART_M, Harbour, _harbour
from stsdetect.simulate.motion import Floats
from stsdetect.units import EARTH_RADIUS_M

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

#: Side of a cell of the chart [degrees]; straits such as those off Zhoushan and Mokpo stay open (our choice).
CELL_DEG = 0.06
#: A cell is water from this far off the shoreline [km]; ways keep off the coast within the second distance [km].
WET_KM, CLEAR_KM = 1.0, 8.0
#: A port further up a river than this [m], or the straight way to whose berths lies this far inland [km], is left out.
_UP_RIVER_M, _INLAND_KM = 25_000.0, 2.0
#: Steps to neighbours: a king's and a knight's, so that ways may run on sixteen courses.
_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
_PORTS_APART_DEG = 0.12


def apart_m(lat_a: Floats | float, lon_a: Floats | float, lat_b: Floats | float, lon_b: Floats | float) -> Floats:
    """Return distances by middle latitude [m]; good to a few in a thousand over the length of a leg."""
    width = np.cos(np.radians((np.asarray(lat_a) + lat_b) / 2))
    return np.asarray(np.radians(np.hypot(np.asarray(lat_b) - lat_a, (np.asarray(lon_b) - lon_a) * width))) * (
        EARTH_RADIUS_M
    )


def first_berth(harbour: Harbour) -> Point:
    """Return the ships' berth nearest to the port's point [degrees]."""
    return float(harbour.ships[0, 0]), float(harbour.ships[0, 1])


@dataclass
class Sea:
    """A chart of an area (lat_min, lat_max, lon_min, lon_max [degrees]): its water, its ports and ways between.

    Ways are the shortest over water (Dijkstra) with a liking for clear water, straightened where no land lies
    between; all ships between two ports share one, as on real lanes.
    """

    area: Box
    shore_km: Floats = field(init=False, repr=False)
    harbours: dict[str, Harbour] = field(init=False, repr=False)
    ports: dict[str, Port] = field(init=False, repr=False)
    _cell: dict[str, int] = field(init=False, repr=False)
    _trees: dict[int, Ints] = field(default_factory=dict, init=False, repr=False)
    _ways: dict[tuple[int, int], Floats] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.lat = np.arange(self.area[0], self.area[1] + 1e-9, CELL_DEG)
        self.lon = np.arange(self.area[2], self.area[3] + 1e-9, CELL_DEG)
        lat, lon = (grid.ravel() for grid in np.meshgrid(self.lat, self.lon, indexing="ij"))
        self.shore_km = load_shoreline().distance_km(lat, lon)
        self._graph = self._joined(self.shore_km > WET_KM)
        self._open = self._largest(self.shore_km > WET_KM)
        self._water = np.flatnonzero(self._open)
        # Degrees of longitude are shortened as in the middle of the chart: near enough to find the next cell.
        self._narrow = float(np.cos(np.radians((self.area[0] + self.area[1]) / 2)))
        row, column = np.divmod(self._water, len(self.lon))
        self._tree = cKDTree(np.column_stack([self.lat[row], self.lon[column] * self._narrow]))
        self._find_ports()
        if len(self.ports) < 4:
            raise UsageError(
                f"the area {self.area} holds {len(self.ports)} known ports on one sea; give one with four or more"
            )

    def _joined(self, wet: Bools) -> coo_array:
        rows, columns = len(self.lat), len(self.lon)
        row, column = np.divmod(np.arange(wet.size), columns)
        ends: list[tuple[Ints, Ints, Floats]] = []
        for up, right in _STEPS:
            inside = (row + up < rows) & (column + right >= 0) & (column + right < columns)
            one = np.flatnonzero(inside & wet)
            two = one + up * columns + right
            one, two = one[wet[two]], two[wet[two]]
            if up == 2 or abs(right) == 2:  # a knight's step must not jump over land
                middle = [self.shore_km[one + a * columns + b] > WET_KM for a, b in _between(up, right)]
                one, two = one[np.logical_and(*middle)], two[np.logical_and(*middle)]
            length = apart_m(self.lat[row[one]], self.lon[column[one]], self.lat[row[two]], self.lon[column[two]])
            near = np.clip(1 - np.minimum(self.shore_km[one], self.shore_km[two]) / CLEAR_KM, 0, 1)
            ends.append((one, two, length * (1 + 2 * near)))
        one, two, cost = (np.concatenate(parts) for parts in zip(*ends, strict=True))
        return coo_array((cost, (one, two)), shape=(wet.size, wet.size)).tocsr()

    def _largest(self, wet: Bools) -> Bools:
        """Keep the one sea in which most of the water is connected."""
        _, label = connected_components(self._graph, directed=False)
        counts = np.bincount(label[wet], minlength=label.max() + 1)
        return np.asarray(wet & (label == counts.argmax()))

    def _find_ports(self) -> None:
        self.ports, self.harbours, self._cell = {}, {}, {}
        taken: list[Port] = []
        for port in load_ports():
            if not self.holds(port.lat_deg, port.lon_deg) or any(
                np.hypot(port.lat_deg - one.lat_deg, port.lon_deg - one.lon_deg) < _PORTS_APART_DEG for one in taken
            ):
                continue
            harbour = _harbour_of(port.id)
            if harbour is None:
                continue
            cell = self.nearest(*first_berth(harbour))
            if self._reached(first_berth(harbour), self.place(cell)):
                taken.append(port)
                self.ports[port.id], self.harbours[port.id], self._cell[port.id] = port, harbour, cell

    def _reached(self, berth: Point, entrance: Point) -> bool:
        line = np.linspace(berth, entrance, 60)
        inland = load_shoreline().distance_km(line[:, 0], line[:, 1]).min() < -_INLAND_KM
        return bool(apart_m(*berth, *entrance) < _UP_RIVER_M and not inland)

    def holds(self, lat_deg: float, lon_deg: float) -> bool:
        """Say whether a place lies in the area."""
        return self.area[0] <= lat_deg <= self.area[1] and self.area[2] <= lon_deg <= self.area[3]

    def place(self, cell: int) -> Point:
        """Return a cell's middle [degrees]."""
        row, column = divmod(cell, len(self.lon))
        return float(self.lat[row]), float(self.lon[column])

    def entrance(self, port: str) -> Point:
        """Return the open water nearest to a port's berths [degrees]."""
        return self.place(self._cell[port])

    def nearest(self, lat_deg: float, lon_deg: float) -> int:
        """Return the nearest cell of the open sea."""
        return int(self._water[int(self._tree.query((lat_deg, lon_deg * self._narrow))[1])])

    def cells(self, box: Box, off_km: float) -> Ints:
        """Return the cells of the open sea in a box at least ``off_km`` off the shore."""
        row, column = np.divmod(np.arange(self._open.size), len(self.lon))
        lat, lon = self.lat[row], self.lon[column]
        inside = (lat >= box[0]) & (lat <= box[1]) & (lon >= box[2]) & (lon <= box[3])
        return np.flatnonzero(self._open & inside & (self.shore_km > off_km))

    def is_wet(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """Say which places lie in cells of the open sea."""
        row = np.clip(np.rint((np.asarray(lat_deg) - self.lat[0]) / CELL_DEG), 0, len(self.lat) - 1).astype(np.int64)
        column = np.clip(np.rint((np.asarray(lon_deg) - self.lon[0]) / CELL_DEG), 0, len(self.lon) - 1).astype(np.int64)
        return np.asarray(self._open[row * len(self.lon) + column])

    def way(self, begin: str | Point, end: str | Point) -> Floats:
        """Return the way from a port (by id) or place to another, without its ends [degrees], shape (n, 2)."""
        one, two = (self._cell[at] if isinstance(at, str) else self.nearest(*at) for at in (begin, end))
        # Ways are found from ports where there is a choice and else from the lesser cell: never by what was asked for
        # before, and both directions share one.
        ports = self._cell.values()
        root, leaf = sorted((one, two), key=lambda cell: (cell not in ports, cell))
        if (root, leaf) not in self._ways:
            self._ways[root, leaf] = self._straightened(self._walk(root, leaf))
        found = self._ways[root, leaf]
        return found if (root, leaf) == (one, two) else found[::-1]

    def _walk(self, root: int, leaf: int) -> list[int]:
        tree = self._trees.get(root)
        if tree is None:
            tree = dijkstra(self._graph, directed=False, indices=root, return_predecessors=True)[1]
            if root in self._cell.values():  # other places are seldom asked for twice
                self._trees[root] = tree
        cells = [leaf]
        while cells[-1] != root:
            cells.append(int(tree[cells[-1]]))
        return cells[::-1]

    def _straightened(self, cells: list[int]) -> Floats:
        points = np.array([self.place(cell) for cell in cells])
        kept, at = [0], 0
        while at < len(points) - 1:
            step = len(points) - 1 - at
            while step > 1 and not self._clear(points[at], points[at + step]):
                step = max(1, step * 3 // 4)
            at += step
            kept.append(at)
        return np.asarray(points[kept])

    def _clear(self, one: Floats, two: Floats) -> bool:
        n = max(2, int(np.abs(two - one).max() / (CELL_DEG / 2)))
        line = one + np.linspace(0, 1, n)[:, None] * (two - one)
        return bool(self.is_wet(line[:, 0], line[:, 1]).all())


def _between(up: int, right: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the two cells a knight's step passes between."""
    side = 1 if right > 0 else -1
    return ((1, 0), (1, side)) if up == 2 else ((0, side), (1, side))


@cache
def _harbour_of(port_id: str) -> Harbour | None:
    return _harbour(next(port for port in load_ports() if port.id == port_id), CRAFT_APART_M)


@cache
def chart(area: Box) -> Sea:
    """Return the chart of an area; it depends on nothing drawn, so one is made per process."""
    return Sea(area)
