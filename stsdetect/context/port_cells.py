"""Which port a place belongs to, asked of fixed cells of the Earth, so that a hull at rest is looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np

from stsdetect.context.berths import cell_middle, cell_of
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.reference.nearest import NearestPoint
from stsdetect.reference.places import Port
from stsdetect.units import EARTH_RADIUS_M

#: From the middle of a berth cell to its corner [m], rounded up: so much can a place lie beyond the radius asked for.
CELL_M = 160.0


class PortCells:
    """The nearest port within a radius, decided for the middle of a cell of 222 m and remembered.

    It depends on coordinates, ports and radius alone. One object may serve several threads.

    Parameters
    ----------
    ports
        Of ports equally near, the first is taken.
    radius_km
        How far from a port's point its waters reach [km].

    Examples
    --------
    >>> from stsdetect.reference.places import load_ports
    >>> cells = PortCells(load_ports(), 10.0)
    >>> [cells.ports[k].id for k in cells.at(np.array([42.75]), np.array([133.1]))]
    ['ru_vostochny']
    """

    def __init__(self, ports: Sequence[Port], radius_km: float) -> None:
        self.ports = tuple(ports)
        self.radius_km = radius_km
        self._nearest = NearestPoint([p.lat_deg for p in self.ports], [p.lon_deg for p in self.ports])
        self._may_be_near = _degree_squares(self.ports, radius_km)
        self._lock = Lock()
        self._known = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    def at(self, lat_deg: Floats, lon_deg: Floats) -> Ints:
        """Return the number of the port in whose waters each place [degrees] lies, -1 for none, shape (n,)."""
        result = np.full(lat_deg.size, -1, dtype=np.int64)
        row = np.minimum((lat_deg + 90.0).astype(np.int64), 179)
        column = np.minimum((lon_deg + 180.0).astype(np.int64), 359)
        near = np.flatnonzero(self._may_be_near[row, column])
        if near.size:
            cell = cell_of(lat_deg[near], lon_deg[near])
            # A hull at rest gives the same cell again and again.
            begin = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
            asked, place = np.unique(cell[begin], return_inverse=True)
            result[near] = np.repeat(self._look_up(asked)[place], np.diff(np.append(begin, cell.size)))
        return result

    def _look_up(self, cell: Ints) -> Ints:
        """Return the ports of different cells in rising order."""
        with self._lock:
            cells, ports = self._known
            new = np.setdiff1d(cell, cells, assume_unique=True)
            if new.size:
                which, distance = self._nearest.query(*cell_middle(new))
                found = np.where(distance <= self.radius_km * 1000.0, which, -1)
                cells, ports = np.append(cells, new), np.append(ports, found)
                order = np.argsort(cells, kind="stable")
                cells, ports = self._known = cells[order], ports[order]
        return ports[np.searchsorted(cells, cell)]


def _degree_squares(ports: Sequence[Port], radius_km: float) -> Bools:
    """Tell which squares of a degree may hold places within the radius of a port, shape (180, 360)."""
    near = np.zeros((180, 360), dtype=np.bool_)
    high = np.degrees((radius_km * 1000.0 + CELL_M) / EARTH_RADIUS_M)
    for port in ports:
        south, north = max(port.lat_deg - high, -90.0), min(port.lat_deg + high, 90.0)
        rows = slice(int(south + 90.0), min(int(north + 90.0), 179) + 1)
        # The circle is widest a little poleward of its middle; over a pole it goes all the way round.
        squeeze = np.sin(np.radians(high)) / max(np.cos(np.radians(port.lat_deg)), 1e-12)
        wide = 180.0 if squeeze >= 1.0 or max(abs(south), abs(north)) >= 90.0 else np.degrees(np.arcsin(squeeze))
        first, last = int(np.floor(port.lon_deg + 180.0 - wide)), int(np.floor(port.lon_deg + 180.0 + wide))
        near[rows, np.arange(first, last + 1) % 360] = True
    return near
