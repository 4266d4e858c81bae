"""Where the vessels of an archive are at home: berths at real ports, anchorages off them, fishing grounds, lanes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stsdetect.reference.places import Port, load_ports
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.simulate.motion import Floats, to_degrees
from stsdetect.simulate.traffic import LANES
from stsdetect.simulate.world import EAST_CHINA_SEA, EAST_CHINA_SEA_SOUTH, YELLOW_SEA, places

#: Berths are looked for in cells of this size [m], up to this far from the port's point [m].
CELL_M, REACH_M = 150.0, 4_500.0
#: Shore distance of a berth cell's middle [km]: with half a cell's diagonal, all of it lies within 0.5 km.
BERTH_SHORE_KM = (-0.3, 0.25)
#: Small craft lie this far apart [m]; an anchorage gives every ship this much room [m].
CRAFT_APART_M, ANCHOR_APART_M = 36.0, 800.0
#: Anchorages lie this far from the port [m] and at least this far off the shore [km].
ANCHORAGE_RING_M, ANCHORAGE_SHORE_KM = np.arange(14_000.0, 34_000.0, 4_000.0), 8.0
_PORTS_APART_DEG, _ROADS_APART_M = 0.3, 14_000.0


@dataclass(frozen=True)
class Harbour:
    """A port with its berths, latitude and longitude [degrees], shape (n, 2), nearest to the port first.

    ``seaward_deg`` is the course that leads to open water.
    """

    port_id: str
    craft: Floats
    ships: Floats
    seaward_deg: float


@dataclass(frozen=True)
class Places:
    """All homes: harbours, middles of anchorages and grounds (n, 2) [degrees], and lanes (n, 4) [degrees]."""

    harbours: tuple[Harbour, ...]
    anchorages: Floats
    grounds: Floats
    lanes: Floats


def draw_places(rng: np.random.Generator, *, harbours: int, anchorages: int, grounds: int, crowding: float) -> Places:
    """Draw places; ``crowding`` is how many times as many craft share a basin of the same size."""
    found = _harbours(rng, harbours, CRAFT_APART_M / np.sqrt(crowding))
    seas = (YELLOW_SEA, EAST_CHINA_SEA, EAST_CHINA_SEA_SOUTH)
    roads = _roads(found)[:anchorages]
    open_sea = np.array(places(rng, anchorages - len(roads) + grounds, seas)).reshape(-1, 2)
    at_sea = anchorages - len(roads)
    anchored = np.concatenate([np.array(roads).reshape(-1, 2), open_sea[:at_sea]])
    return Places(tuple(found), anchored, open_sea[at_sea:], LANES)


def _harbours(rng: np.random.Generator, count: int, apart_m: float) -> list[Harbour]:
    """Draw packaged ports at some distance from each other; sanctioned ones are not crowded with the world's ships."""
    ports = [port for port in load_ports() if port.country != "KP"]
    found: list[Harbour] = []
    taken: list[Port] = []
    for number in rng.permutation(len(ports)).tolist():
        port = ports[number]
        if len(found) == count:
            break
        near = (np.hypot(port.lat_deg - other.lat_deg, port.lon_deg - other.lon_deg) for other in taken)
        harbour = _harbour(port, apart_m) if all(d > _PORTS_APART_DEG for d in near) else None
        if harbour is not None:
            found.append(harbour)
            taken.append(port)
    return found


def _harbour(port: Port, apart_m: float) -> Harbour | None:
    """Lay out berths along the packaged shoreline; none where a port has too little of it."""
    number = np.arange(-int(REACH_M / CELL_M), int(REACH_M / CELL_M) + 1)
    column, row = (grid.ravel() for grid in np.meshgrid(number, number))
    east, north = (np.asarray(grid * CELL_M, dtype=np.float64) for grid in (column, row))
    shore_km = load_shoreline().distance_km(*to_degrees(east, north, port.lat_deg, port.lon_deg))
    wet = np.flatnonzero((shore_km > BERTH_SHORE_KM[0]) & (shore_km < BERTH_SHORE_KM[1]))
    wet = wet[np.argsort(np.hypot(east[wet], north[wet]), kind="stable")]
    if len(wet) < 120:
        return None
    # The nearest third is basins of small craft, the rest quays: ships take every second cell each way.
    basins, quays = wet[: len(wet) // 3], wet[len(wet) // 3 :]
    quays = quays[(column[quays] % 2 == 0) & (row[quays] % 2 == 0)]
    side = max(1, round(CELL_M / apart_m))
    step = np.asarray((np.arange(side) - (side - 1) / 2) * (CELL_M / side), dtype=np.float64)
    dx, dy = (grid.ravel() for grid in np.meshgrid(step, step))
    craft = to_degrees(
        (east[basins][:, None] + dx).ravel(), (north[basins][:, None] + dy).ravel(), port.lat_deg, port.lon_deg
    )
    ships = to_degrees(east[quays], north[quays], port.lat_deg, port.lon_deg)
    return Harbour(port.id, np.column_stack(craft), np.column_stack(ships), _seaward(port))


def _seaward(port: Port) -> float:
    bearing = np.arange(0.0, 360.0, 10.0)
    angle = np.radians(bearing)
    off = np.zeros(len(bearing))
    for reach_m in (5_000.0, 10_000.0, 18_000.0):
        at = to_degrees(reach_m * np.sin(angle), reach_m * np.cos(angle), port.lat_deg, port.lon_deg)
        off += np.clip(load_shoreline().distance_km(*at), -5.0, 10.0)
    return float(bearing[np.argmax(off)])


def _roads(harbours: list[Harbour]) -> list[tuple[float, float]]:
    """Find for each harbour the nearest water off it that is well clear of the shore, if there is any."""
    roads: list[tuple[float, float]] = []
    for harbour in harbours:
        turn, reach = (grid.ravel() for grid in np.meshgrid(np.arange(-60.0, 61.0, 15.0), ANCHORAGE_RING_M))
        angle = np.radians(harbour.seaward_deg + turn)
        at = to_degrees(reach * np.sin(angle), reach * np.cos(angle), *harbour.ships[0])
        off = load_shoreline().distance_km(*at)
        for number in np.flatnonzero(off >= ANCHORAGE_SHORE_KM).tolist():
            lat, lon = float(at[0][number]), float(at[1][number])
            width = np.cos(np.radians(lat))
            away = (np.hypot(lat - one[0], (lon - one[1]) * width) * 111_195.0 for one in roads)
            if all(metres > _ROADS_APART_M for metres in away):
                roads.append((lat, lon))
                break
    return roads
