"""What surrounds an event: zones, shore, ports, other vessels lying still, day or night.

Nothing here drops an event: it fills columns and adds remarks to ``flags``. Each event's own arithmetic
depends on its own point and times alone; only ``still_nearby`` looks at other rows of the table, as sets of
hulls in fixed cells of space and days, so that the same numbers come out in any order and however the input
was cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.berths import US_PER_DAY, berth_law
from stsdetect.errors import SchemaError, UsageError, did_you_mean
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.kernels.sun import night_share
from stsdetect.reference.nearest import NearestLine, NearestPoint
from stsdetect.reference.places import Port, Zone, load_ports, load_zones
from stsdetect.reference.shoreline import Shoreline, load_shoreline
from stsdetect.schema import EVENTS
from stsdetect.settings import ContextSettings

#: What `annotate` can look up.
ALL_PARTS: frozenset[str] = frozenset({"zones", "shore", "ports", "sun", "still"})

#: A point is called on land only this far inside the shoreline [km]: nine in ten points of it are good to
#: 0.41 km (measured against OpenStreetMap), and berths lie on its very edge.
ON_LAND_TOLERANCE_KM: float = 0.4

_FILLED = (
    "zone_id",
    "zone_distance_km",
    "shore_distance_km",
    "port_id",
    "port_distance_km",
    "still_nearby",
    "night_share",
    "flags",
)

#: Distances are given to the metre; more would be noise.
_KM_DECIMALS = 3


def annotate(
    events: pa.Table,
    settings: ContextSettings,
    *,
    zones: Sequence[Zone] | None = None,
    ports: Sequence[Port] | None = None,
    shoreline: Shoreline | None = None,
    parts: frozenset[str] = ALL_PARTS,
) -> pa.Table:
    """Fill the context columns of an events table and add remarks to its ``flags``.

    Parameters
    ----------
    events
        A table of the EVENTS schema, in any order; it is not changed.
    zones, ports, shoreline
        Instead of those the settings name, or the packaged ones.
    parts
        What to look up, of ``zones, shore, ports, sun, still``. The columns of the others become null.

    Returns
    -------
    The same rows in the same order. ``zone_id`` is the smallest zone that holds the point; each other one
    becomes a flag ``zone:<id>``. Other flags: ``on_land``, ``at_berth`` (lying still at the shore of a port)
    and ``anchorage`` (several other hulls lay still there).

    Raises
    ------
    UsageError
        If a part is not known.
    SchemaError
        If the table has not the columns of events, or an event has no place.
    """
    unknown = sorted(parts - ALL_PARTS)
    if unknown:
        hint = did_you_mean(unknown[0], ALL_PARTS)
        raise UsageError(f"context has no part '{unknown[0]}'; there are {', '.join(sorted(ALL_PARTS))}.{hint}")
    table = EVENTS.conform(events)
    if not table.num_rows:
        return table
    columns: dict[str, pa.Array] = {}
    flags: list[set[str]] = [set(filter(None, text.split(";"))) for text in table["flags"].to_pylist()]
    lat, lon = _floats(table, "lat_deg"), _floats(table, "lon_deg")
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise SchemaError("the events table has an event whose lat_deg or lon_deg is not a number")
    size = table.num_rows
    shore_km, port_km = np.full(size, np.nan), np.full(size, np.nan)
    with ThreadPoolExecutor(1) as beside:
        # The shore takes as long as all else, the side of it included.
        coast = (shoreline or load_shoreline()) if "shore" in parts else None
        shore = beside.submit(coast.shore_km, lat, lon) if coast is not None else None
        if "zones" in parts:
            columns.update(_zone_columns(load_zones(settings.zones_file) if zones is None else zones, lat, lon, flags))
        if "ports" in parts:
            columns["port_id"], port_km = _ports(load_ports(settings.ports_file) if ports is None else ports, lat, lon)
            columns["port_distance_km"] = _km(port_km)
        if "still" in parts:
            nearby = still_nearby(table, settings.anchorage_days)
            columns["still_nearby"] = pa.array(nearby, pa.int32())
            _flag(flags, nearby >= settings.anchorage_hulls, "anchorage")
        if "sun" in parts:
            share = night_share(_micros(table, "start_time"), _micros(table, "end_time"), lat, lon)
            columns["night_share"] = pa.array(np.round(share, 4), from_pandas=True)
        on_land = coast.on_land(lat, lon) if coast is not None else np.zeros(size, dtype=np.bool_)
    if shore is not None:
        shore_km = np.where(on_land, -shore.result(), shore.result())
        columns["shore_distance_km"] = _km(shore_km)
        # Where nobody was seen, the point is the port's, which may lie inland.
        seen = pc.not_equal(table["subtype"], "inferred").to_numpy()
        _flag(flags, (shore_km < -ON_LAND_TOLERANCE_KM) & seen, "on_land")
    _flag(flags, _lies_still(table) & berth_law(shore_km, port_km, settings), "at_berth")
    columns["flags"] = pa.array([";".join(sorted(names)) for names in flags], pa.string())
    for name in _FILLED:
        field = EVENTS.arrow.field(name)
        table = table.set_column(EVENTS.names.index(name), field, columns.get(name, pa.nulls(size, field.type)))
    return table


def filter_by_zone(events: pa.Table, settings: ContextSettings) -> pa.Table:
    """Keep encounters and loiterings within ``settings.within_zone_km`` of a zone, and all other events.

    Without that setting everything is kept. An event whose distance is not known is not near a zone.
    """
    if settings.within_zone_km is None:
        return events
    near = pc.fill_null(pc.less_equal(events["zone_distance_km"], settings.within_zone_km), False)
    other = pc.invert(pc.is_in(events["kind"], pa.array(["encounter", "loitering"])))
    return events.filter(pc.or_(near, other))


def _ports(ports: Sequence[Port], lat: Floats, lon: Floats) -> tuple[pa.Array, Floats]:
    """Return the id of the port nearest to each place, and its distance [km]."""
    which, port_m = NearestPoint([p.lat_deg for p in ports], [p.lon_deg for p in ports]).query(lat, lon)
    return pa.array([ports[i].id if i >= 0 else None for i in which.tolist()], pa.string()), port_m / 1000.0


def _zone_columns(zones: Sequence[Zone], lat: Floats, lon: Floats, flags: list[set[str]]) -> dict[str, pa.Array]:
    ids: list[str | None] = [None] * len(lat)
    for zone in sorted(zones, key=lambda zone: (zone.area_km2, zone.id)):
        for row in np.flatnonzero(inside(zone, lat, lon)).tolist():
            if ids[row] is None:
                ids[row] = zone.id
            else:
                flags[row].add(f"zone:{zone.id}")
    distance_km = np.full(len(lat), np.nan)
    outside = np.array([zone_id is None for zone_id in ids], dtype=np.bool_)
    distance_km[~outside] = 0.0
    if zones and outside.any():
        start, end = _boundaries(zones)
        distance_km[outside] = NearestLine(start, end).distance_m(lat[outside], lon[outside]) / 1000.0
    return {"zone_id": pa.array(ids, pa.string()), "zone_distance_km": _km(distance_km)}


def inside(zone: Zone, lat_deg: Floats, lon_deg: Floats) -> Bools:
    """Tell for each place [degrees] whether it is in a zone or on its boundary, shape (n,)."""
    import shapely

    west, south, east, north = zone.geometry.bounds
    result = np.zeros(len(lat_deg), dtype=np.bool_)
    shapely.prepare(zone.geometry)
    for turn in (-360.0, 0.0, 360.0):
        lon = (lon_deg + 180.0) % 360.0 - 180.0 + turn
        near = np.flatnonzero((lat_deg >= south) & (lat_deg <= north) & (lon >= west) & (lon <= east))
        result[near] |= shapely.intersects_xy(zone.geometry, lon[near], lat_deg[near])
    return result


def _boundaries(zones: Sequence[Zone]) -> tuple[Floats, Floats]:
    import shapely

    starts, ends = [], []
    for ring in shapely.get_rings(shapely.get_parts([zone.geometry for zone in zones])):
        points = shapely.get_coordinates(ring)
        starts.append(points[:-1])
        ends.append(points[1:])
    return np.concatenate(starts), np.concatenate(ends)


def _lies_still(table: pa.Table) -> Bools:
    kinds, subtypes = table["kind"].to_pylist(), table["subtype"].to_pylist()
    still = (
        kind == "loitering" or (kind == "encounter" and subtype == "stationary")
        for kind, subtype in zip(kinds, subtypes, strict=True)
    )
    return np.fromiter(still, dtype=np.bool_, count=table.num_rows)


# --- Other hulls lying still ------------------------------------------------------------------------------

#: A cell is a minute of latitude high and at least as wide, so its 3 x 3 neighbourhood holds all within 1
#: nautical mile and nothing beyond about 3.
_ROWS_PER_DEGREE = 60
_CELL_ROWS = 180 * _ROWS_PER_DEGREE
_COLUMN_SPAN = 1 << 15  # above the greatest number of columns, 21,600
_DAY_SPAN = 1 << 17  # above any day number
_BATCH = 2_000_000


def cell_columns(row: Ints) -> Ints:
    """Return how many cells go round the Earth in each row of cells, shape (n,).

    The width is set where the row and its two neighbours reach nearest a pole, so that a cell is a nautical
    mile wide wherever a neighbour may lie.
    """
    south, north = (row - 1) / _ROWS_PER_DEGREE - 90.0, (row + 2) / _ROWS_PER_DEGREE - 90.0
    reach = np.minimum(np.maximum(np.abs(south), np.abs(north)), 90.0)
    whole = np.floor(360.0 * _ROWS_PER_DEGREE * np.cos(np.radians(reach)))
    return np.asarray(np.maximum(whole, 1.0).astype(np.int64))


def _column(row: Ints, lon: Floats) -> Ints:
    count = cell_columns(row)
    return np.asarray(np.minimum((((lon + 180.0) % 360.0) / 360.0 * count).astype(np.int64), count - 1))


def _row(lat: Floats) -> Ints:
    return np.clip(np.floor((lat + 90.0) * _ROWS_PER_DEGREE), 0, _CELL_ROWS - 1).astype(np.int64)


def still_nearby(events: pa.Table, days: int) -> Ints:
    """Count the other hulls that lay still near each event, shape (n,).

    A hull counts if it has a loitering in the event's cell or one of the eight around it, on the day of the
    event's end (UTC) or one of the ``days - 1`` before it. The event's own vessels do not count.
    """
    lat, lon = _floats(events, "lat_deg"), _floats(events, "lon_deg")
    hull_a, hull_b, n_hulls = _hull_codes(events)
    end_day = _micros(events, "end_time") // US_PER_DAY
    row = _row(lat)
    columns = [_column(np.clip(row + step, 0, _CELL_ROWS - 1), lon) for step in (-1, 0, 1)]
    presence = _presence(events, row * _COLUMN_SPAN + columns[1], hull_a)
    # Events with the same neighbourhood and day see the same set of hulls: it is made once for all of them.
    question, members = _group([*columns, row, end_day])
    cells = _neighbours(row[members], [column[members] for column in columns])
    result = np.zeros(events.num_rows, dtype=np.int64)
    by_question = np.argsort(question, kind="stable")
    for begin, end, seen in _hull_sets(presence, cells, end_day[members], days, n_hulls):
        rows = by_question[slice(*np.searchsorted(question[by_question], [begin, end]))]
        total = np.bincount(seen // n_hulls - begin, minlength=end - begin)[question[rows] - begin]
        for hull in (hull_a[rows], hull_b[rows]):
            own = question[rows] * n_hulls + hull
            place = np.searchsorted(seen, own)
            total = total - ((hull >= 0) & (np.append(seen, -1)[place] == own))
        result[rows] = total
    return result


def _presence(events: pa.Table, cell: Ints, hull: Ints) -> tuple[Ints, Ints]:
    """Return which hull lay still in which cell on which day: sorted keys of cell and day, and the hulls."""
    lying = np.flatnonzero(pc.equal(events["kind"], "loitering").to_numpy())
    first = _micros(events, "start_time")[lying] // US_PER_DAY
    length = _micros(events, "end_time")[lying] // US_PER_DAY - first + 1
    which = np.repeat(lying, length)
    day = np.arange(len(which)) + np.repeat(first - (np.cumsum(length) - length), length)
    key = cell[which] * _DAY_SPAN + day
    order = np.lexsort((hull[which], key))
    key, hull = key[order], hull[which][order]
    new = np.ones(len(key), dtype=np.bool_)
    new[1:] = (np.diff(key) != 0) | (np.diff(hull) != 0)
    return key[new], hull[new]


def _hull_codes(events: pa.Table) -> tuple[Ints, Ints, int]:
    """Return the hulls as numbers; -1 where there is no second hull."""
    both = pa.chunked_array([*events["vessel_a"].chunks, *events["vessel_b"].chunks], pa.string())
    codes = both.combine_chunks().dictionary_encode()
    numbers = np.asarray(pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    hull_a, hull_b = numbers[: events.num_rows], numbers[events.num_rows :]
    return hull_a, np.where(hull_b == hull_a, -1, hull_b), max(len(codes.dictionary), 1)


def _group(keys: list[Ints]) -> tuple[Ints, Ints]:
    """Number the different rows of ``keys``; return each row's number and one row of each number."""
    order = np.lexsort(keys)
    if not len(order):
        return order, order
    new = np.zeros(len(order), dtype=np.bool_)
    new[0] = True
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number, order[new]


def _neighbours(row: Ints, columns: list[Ints]) -> Ints:
    """Return the cells around each, shape (n, 9); -1 beyond a pole."""
    cells = []
    for step, column in zip((-1, 0, 1), columns, strict=True):
        there = row + step
        count = cell_columns(np.clip(there, 0, _CELL_ROWS - 1))
        exists = (there >= 0) & (there < _CELL_ROWS)
        for side in (-1, 0, 1):
            cells.append(np.where(exists, there * _COLUMN_SPAN + (column + side) % count, -1))
    return np.column_stack(cells)


def _hull_sets(
    presence: tuple[Ints, Ints], cells: Ints, end_day: Ints, days: int, n_hulls: int
) -> Iterator[tuple[int, int, Ints]]:
    """Yield, for questions ``begin`` to ``end``, the sorted set of question * n_hulls + hull."""
    key, hull = presence
    before = np.maximum(end_day - days, -1)
    low = np.searchsorted(key, cells * _DAY_SPAN + before[:, None], side="right")
    counts = np.searchsorted(key, cells * _DAY_SPAN + end_day[:, None], side="right") - low
    batch = np.cumsum(counts.sum(axis=1)) // _BATCH
    edges = [0, *(np.flatnonzero(np.diff(batch)) + 1).tolist(), len(cells)] if len(cells) else []
    for begin, end in pairwise(edges):
        count = counts[begin:end].ravel()
        place = np.repeat(low[begin:end].ravel() - (np.cumsum(count) - count), count) + np.arange(count.sum())
        question = np.repeat(np.arange(begin, end), counts[begin:end].sum(axis=1))
        found = np.sort(question * n_hulls + hull[place])
        yield begin, end, found[np.diff(found, prepend=-1) != 0]


# --- Columns ----------------------------------------------------------------------------------------------


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def _micros(table: pa.Table, name: str) -> Ints:
    return np.asarray(table[name].cast(pa.int64()).to_numpy(), dtype=np.int64)


def _km(distance: Floats) -> pa.Array:
    return pa.array(np.round(distance, _KM_DECIMALS) + 0.0, from_pandas=True)


def _flag(flags: list[set[str]], where: Bools, name: str) -> None:
    for row in np.flatnonzero(where).tolist():
        flags[row].add(name)
