"""Berth areas: where hulls moored side by side are no news. Fixed cells of the Earth, told by shore and ports alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pyarrow as pa

from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, arc_to_chord, to_lat_lon, to_xyz
from stsdetect.reference.nearest import NearestPoint, kd_tree
from stsdetect.reference.places import Port, load_ports
from stsdetect.reference.shoreline import Shoreline, load_shoreline
from stsdetect.schema import BERTHS, Column, Schema
from stsdetect.settings import ContextSettings

#: Where no port is known within this distance [km], a shore alone makes a berth.
PORTS_UNKNOWN_KM: float = 50.0

#: Rows of berth cells per degree of latitude: a cell is 222 m high and about as wide.
ROWS_PER_DEGREE = 500
COLUMN_BITS = 18  # above 180,000 columns
#: Areas without a port are a tenth of a degree high and wide.
_AREAS_PER_DEGREE = 10
_AREA_COLUMNS = 360 * _AREAS_PER_DEGREE
#: From the middle of such an area to its farthest corner, at the equator [km], and a little more.
_AREA_RADIUS_KM = 8.0
US_PER_DAY = 86_400_000_000
#: Days since 1970 take 17 bits beside the area, 359 years around 1970.
DAY_SPAN = 1 << 17

PRESENCE = Schema(
    "presence",
    "Hulls lying still in berth areas: one row per area, UTC day and hull.",
    (
        Column("area", pa.int64(), "number of the berth area", nullable=False),
        Column("day", pa.int32(), "days since 1970", nullable=False),
        Column("vessel", pa.string(), "hull id", nullable=False),
        Column("lat_deg", pa.float64(), "latitude of a fix half-way through its stay [degrees]", nullable=False),
        Column("lon_deg", pa.float64(), "longitude of it [degrees]", nullable=False),
        Column("minutes", pa.float64(), "time between fixes at berth [min]", nullable=False),
        Column("n_positions", pa.int64(), "fixes that begin such time", nullable=False),
    ),
)


def berth_law(shore_km: Floats, port_km: Floats, settings: ContextSettings) -> Bools:
    """Tell which places are berths by their distance to shore (negative on land) and port [km], shape (n,).

    NaN for the port's distance means that no port is known.
    """
    harbour = ~(port_km > settings.berth_port_km) | (port_km > PORTS_UNKNOWN_KM)
    result: Bools = (shore_km <= settings.berth_shore_km) & harbour
    return result


def cell_of(lat_deg: Floats, lon_deg: Floats) -> Ints:
    """Return the number of the berth cell that holds each place [degrees], shape (n,)."""
    row = np.clip(((lat_deg + 90.0) * ROWS_PER_DEGREE).astype(np.int64), 0, 180 * ROWS_PER_DEGREE - 1)
    count = COLUMNS[row]
    column = np.minimum(((lon_deg + 180.0) % 360.0 * count / 360.0).astype(np.int64), count - 1)
    return np.asarray((row << COLUMN_BITS) | column)


def cell_grid() -> tuple[Ints, int, int]:
    """Return what `cell_of` goes by: cells in each row, rows per degree of latitude, and bits of a column."""
    return COLUMNS, ROWS_PER_DEGREE, COLUMN_BITS


def cell_middle(cell: Ints) -> tuple[Floats, Floats]:
    """Return latitude and longitude [degrees] of the middle of berth cells, shape (n,) each."""
    row, column = cell >> COLUMN_BITS, cell & ((1 << COLUMN_BITS) - 1)
    return (row + 0.5) / ROWS_PER_DEGREE - 90.0, (column + 0.5) * 360.0 / COLUMNS[row] - 180.0


def _columns() -> Ints:
    """How many cells go round the Earth in each row: as wide as high in the middle of the row."""
    middle = (np.arange(180 * ROWS_PER_DEGREE) + 0.5) / ROWS_PER_DEGREE - 90.0
    whole = np.rint(360.0 * ROWS_PER_DEGREE * np.cos(np.radians(middle)))
    return np.asarray(np.maximum(whole, 1.0).astype(np.int64))


COLUMNS = _columns()


class BerthCells:
    """The berth law, asked of the middle of a cell the first time a place of it comes up, and remembered.

    Whether a place is in a berth area, and in which, depends on its coordinates and the settings alone. One
    object may serve several threads.

    Examples
    --------
    >>> cells = BerthCells(ContextSettings())
    >>> cells.areas(np.array([0.0]), np.array([-30.0])).tolist()  # amid the Atlantic
    [-1]
    """

    def __init__(
        self,
        settings: ContextSettings,
        *,
        ports: Sequence[Port] | None = None,
        shoreline: Shoreline | None = None,
    ) -> None:
        self._settings = settings
        self._ports = load_ports(settings.ports_file) if ports is None else tuple(ports)
        self._nearest = NearestPoint([p.lat_deg for p in self._ports], [p.lon_deg for p in self._ports])
        self._shoreline = shoreline
        self._lock = Lock()
        self._known = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        self._near_shore: dict[int, bool] = {}

    def areas(self, lat_deg: Floats, lon_deg: Floats) -> Ints:
        """Return the number of the berth area that holds each place [degrees], -1 for none, shape (n,)."""
        cell = cell_of(lat_deg, lon_deg)
        # A hull at rest gives the same cell again and again.
        fresh = np.ones(cell.size, dtype=np.bool_)
        fresh[1:] = cell[1:] != cell[:-1]
        begin = np.flatnonzero(fresh)
        return np.repeat(self.of_cells(cell[begin]), np.diff(np.append(begin, cell.size)))

    def of_cells(self, cell: Ints) -> Ints:
        """Return the number of the berth area of each cell (see `cell_of`), -1 for none, shape (n,)."""
        asked, place = np.unique(cell, return_inverse=True)
        return self._look_up(asked)[place]

    def known(self) -> tuple[Ints, Ints]:
        """Return the cells asked for so far, rising, and their areas, for loops of which `areas` is the NumPy twin."""
        return self._known

    def ask(self, cell: Ints) -> None:
        """Decide the areas of different cells, rising, of which some are not `known`."""
        self._look_up(cell)

    def port_id(self, area: int) -> str | None:
        """Return the id of an area's port, if there is one near."""
        return self._ports[area].id if area < len(self._ports) else None

    def name(self, area: int) -> str:
        """Return the id of an area: that of its port, else the south-west corner of its tenth of a degree."""
        if area < len(self._ports):
            return self._ports[area].id
        row, column = divmod(area - len(self._ports), _AREA_COLUMNS)
        return f"{row / _AREAS_PER_DEGREE - 90.0:+.1f}{column / _AREAS_PER_DEGREE - 180.0:+.1f}"

    def _look_up(self, cell: Ints) -> Ints:
        """Return the areas of different cells in rising order."""
        with self._lock:
            cells, areas = self._known
            new = np.setdiff1d(cell, cells, assume_unique=True)
            if new.size:
                cells, areas = np.append(cells, new), np.append(areas, self._decide(new))
                order = np.argsort(cells, kind="stable")
                cells, areas = self._known = cells[order], areas[order]
        return areas[np.searchsorted(cells, cell)]

    def _decide(self, cell: Ints) -> Ints:
        lat, lon = cell_middle(cell)
        which, port_m = self._nearest.query(lat, lon)
        port_km = port_m / 1000.0
        result = np.full(cell.size, -1, dtype=np.int64)
        row = ((lat + 90.0) * _AREAS_PER_DEGREE).astype(np.int64)
        column = np.minimum(((lon + 180.0) * _AREAS_PER_DEGREE).astype(np.int64), _AREA_COLUMNS - 1)
        square = row * _AREA_COLUMNS + column
        # The shore is asked last, and only where it is near: that is what takes time.
        ask = np.flatnonzero(berth_law(np.zeros(cell.size), port_km, self._settings))
        ask = ask[self._may_be_near_shore(square[ask])]
        shore = self._shoreline or load_shoreline() if ask.size else None
        if shore is not None:
            shore_km = np.zeros(ask.size)
            wet = np.flatnonzero(~shore.on_land(lat[ask], lon[ask]))
            shore_km[wet] = shore.distance_km(lat[ask[wet]], lon[ask[wet]])
            berth = ask[berth_law(shore_km, port_km[ask], self._settings)]
            by_port = port_km[berth] <= self._settings.berth_port_km
            result[berth] = np.where(by_port, which[berth], len(self._ports) + square[berth])
        return result

    def _may_be_near_shore(self, square: Ints) -> Bools:
        """Tell which squares of a tenth of a degree may reach within berth_shore_km of the shore, or on land."""
        asked, place = np.unique(square, return_inverse=True)
        new = np.array([number for number in asked.tolist() if number not in self._near_shore], dtype=np.int64)
        if new.size:
            lat = (new // _AREA_COLUMNS + 0.5) / _AREAS_PER_DEGREE - 90.0
            lon = (new % _AREA_COLUMNS + 0.5) / _AREAS_PER_DEGREE - 180.0
            away_km = (self._shoreline or load_shoreline()).distance_km(lat, lon)
            near = away_km <= self._settings.berth_shore_km + _AREA_RADIUS_KM
            self._near_shore.update(zip(new.tolist(), near.tolist(), strict=True))
        return np.array([self._near_shore[number] for number in asked.tolist()], dtype=np.bool_)[place]


@dataclass(frozen=True)
class Berths:
    """The crowded berth areas by day: contact inside them is summed up, not written as events.

    ``table`` is a `BERTHS` table, one row per crowded area and day.
    """

    cells: BerthCells
    table: pa.Table
    keys: Ints

    def crowded(self, area: Ints, time_us: Ints) -> Bools:
        """Tell which areas (-1 for none) are crowded on the UTC day of a time [us], shape (n,)."""
        if self.keys.size == 0:
            return np.zeros(area.size, dtype=np.bool_)
        key = area_day(area, time_us)
        place = np.minimum(np.searchsorted(self.keys, key), self.keys.size - 1)
        result: Bools = (self.keys[place] == key) & (area >= 0)
        return result


def area_day(area: Ints, time_us: Ints) -> Ints:
    """Return one number for each area and UTC day, shape (n,)."""
    return np.asarray(area * DAY_SPAN + (time_us // US_PER_DAY + DAY_SPAN // 2))


def crowded(
    presence: Iterable[pa.Table], cells: BerthCells, settings: ContextSettings, *, max_distance_m: float
) -> Berths:
    """Find the berth areas in which at least ``settings.berth_crowd_hulls`` hulls lay on one day, and sum them up.

    Parameters
    ----------
    presence
        `PRESENCE` tables; a hull may be in one of them only.
    cells
        The law they were made with.
    max_distance_m
        Two hulls this close at the places given in ``presence`` count as a pair [m].
    """
    table = pa.concat_tables([PRESENCE.empty(), *presence]).sort_by(
        [("area", "ascending"), ("day", "ascending"), ("vessel", "ascending")]
    )
    area, day, lat, lon, minutes = (
        table.column(name).to_numpy() for name in ("area", "day", "lat_deg", "lon_deg", "minutes")
    )
    key = area_day(area, day.astype(np.int64) * US_PER_DAY)
    begin, end = group_bounds(key)
    full = end - begin >= settings.berth_crowd_hulls
    begin, end = begin[full], end[full]
    place = to_xyz(lat, lon)
    middle = np.array([place[low:high].sum(axis=0) for low, high in zip(begin, end, strict=True)]).reshape(-1, 3)
    lat_deg, lon_deg = to_lat_lon(middle)
    areas = area[begin].tolist()
    _, rows = expand(begin, end - begin)
    vessels = table.column("vessel").combine_chunks().take(pa.array(rows))
    summed = BERTHS.table(
        {
            "area_id": pa.array([cells.name(number) for number in areas], pa.string()),
            "port_id": pa.array([cells.port_id(number) for number in areas], pa.string()),
            "day": pa.array(day[begin], pa.date32()),
            "lat_deg": lat_deg,
            "lon_deg": lon_deg,
            "n_vessels": end - begin,
            "n_pairs": _pairs_within(place, begin, end, arc_to_chord(max_distance_m)),
            "vessel_hours": np.array([minutes[a:b].sum() for a, b in zip(begin, end, strict=True)]) / 60.0,
            "vessels": pa.ListArray.from_arrays(
                pa.array(np.append(0, np.cumsum(end - begin)), pa.int32()), _one_array(vessels)
            ),
        }
    )
    return Berths(cells, summed, key[begin])


def _one_array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _pairs_within(place: Floats, begin: Ints, end: Ints, chord_m: float) -> Ints:
    """Count the pairs of places within ``chord_m`` of each other in each group."""
    counts = []
    for low, high in zip(begin.tolist(), end.tolist(), strict=True):
        tree = kd_tree(place[low:high])
        counts.append((int(tree.count_neighbors(tree, chord_m)) - (high - low)) // 2)
    return np.array(counts, dtype=np.int64)
