"""Transfer zones and ports: the packaged ones, or a user's own files.

Nearly all packaged zones are boxes drawn by hand from published reports; each carries its source and how
far it can be trusted. Text from a user's file ends in flags, pages and maps, so it is cleaned on the way in.
"""

from __future__ import annotations

import csv
import gzip
import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stsdetect.errors import InputError, UsageError
from stsdetect.kernels.sphere import Floats
from stsdetect.reference.facts import read_facts
from stsdetect.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_MAX_ID, _MAX_NAME = 60, 120


@dataclass(frozen=True)
class Zone:
    """An area where transfers are known or likely.

    ``geometry`` is a polygon or several, WGS84, straight in longitude and latitude. Its western edge lies in
    [-180, 180); across the antimeridian its longitudes run on beyond 180.
    """

    id: str
    name: str
    geometry: BaseGeometry
    area_km2: float
    category: str = ""
    relevance: str = ""
    source: str = ""
    confidence: str = ""
    date: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Port:
    """A port: one point, WGS84 [degrees], with its role where it is known."""

    id: str
    name: str
    country: str
    lat_deg: float
    lon_deg: float
    role: str = ""
    source: str = ""
    confidence: str = ""
    date: str = ""
    notes: str = ""


def load_zones(path: str | Path | None = None) -> tuple[Zone, ...]:
    """Return the packaged zones, or those of a file that GeoPandas reads (GeoJSON, GeoPackage ...).

    A user's zones need a column ``id`` or ``name``, else they are numbered. They are brought to WGS84. Where
    an edge is longer than 180 degrees of longitude, it is taken to run the short way, over the antimeridian.

    Raises
    ------
    InputError
        If the file cannot be read or holds no zone.
    UsageError
        If a geometry is not a polygon, or coordinates are not degrees and the file names no projection.

    Examples
    --------
    >>> {zone.id: zone for zone in load_zones()}["lianyungang"].relevance
    'dprk_coal'
    """
    return _packaged_zones() if path is None else tuple(_read_zones(Path(path)))


def load_ports(path: str | Path | None = None) -> tuple[Port, ...]:
    """Return the packaged ports, or those of a CSV file: the World Port Index, or one with name, lat, lon.

    The file may be gzipped. ``id``, ``country`` and ``role`` are used where there are such columns.

    Raises
    ------
    InputError
        If the file cannot be read, holds no port, or has a coordinate that is none.
    UsageError
        If a column is missing.

    Examples
    --------
    >>> load_ports()[0].id
    'kp_nampo'
    """
    return _packaged_ports() if path is None else tuple(_read_ports(Path(path)))


@cache
def _packaged_zones() -> tuple[Zone, ...]:
    import shapely

    zones = []
    for row in read_facts("zones.csv"):
        if row["polygon_wkt"]:
            shape = shapely.from_wkt(row["polygon_wkt"])
        else:
            west, east = float(row["lon_min"]), float(row["lon_max"])
            shape = box(west, float(row["lat_min"]), east, float(row["lat_max"]))
        zones.append(make_zone(row["id"], row["name"], shape, **{key: row[key] for key in _ZONE_TEXTS}))
    return tuple(zones)


@cache
def _packaged_ports() -> tuple[Port, ...]:
    return tuple(
        Port(
            row["id"],
            row["name"],
            row["country"],
            float(row["lat"]),
            float(row["lon"]),
            *(row[key] for key in ("role", "source", "confidence", "date", "notes")),
        )
        for row in read_facts("ports.csv")
    )


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return a box [degrees]; with ``west > east`` it crosses the antimeridian.

    Examples
    --------
    >>> box(177, -20, -177, -15).bounds
    (177.0, -20.0, 183.0, -15.0)
    """
    import shapely

    return shapely.box(west, south, east + 360.0 if west > east else east, north)


_ZONE_TEXTS = ("category", "relevance", "source", "confidence", "date", "notes")


def make_zone(id: str, name: str, geometry: BaseGeometry, **texts: str) -> Zone:
    """Build a zone from a WGS84 polygon, unwrapping it over the antimeridian and measuring its area."""
    shape = _unwrap(geometry)
    return Zone(id, name, shape, _area_km2(shape), **texts)


def _unwrap(geometry: BaseGeometry) -> BaseGeometry:
    import shapely

    parts = []
    for polygon in shapely.get_parts(shapely.force_2d(geometry)):
        shell, *holes = (_unwrap_ring(np.asarray(ring.coords)) for ring in (polygon.exterior, *polygon.interiors))
        turn = 360.0 * np.floor((shell[:, 0].min() + 180.0) / 360.0)
        # A hole may have been unwrapped in another turn than its shell.
        moved = [hole - [_turns(hole, shell), 0.0] for hole in holes]
        parts.append(shapely.Polygon(shell - [turn, 0.0], [hole - [turn, 0.0] for hole in moved]))
    whole = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    if whole.is_valid:
        return whole
    mended = shapely.get_parts(shapely.make_valid(whole))
    polygons = [part for part in mended if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(polygons)


def _turns(hole: Floats, shell: Floats) -> float:
    return 360.0 * float(np.round((hole[:, 0].mean() - (shell[:, 0].min() + shell[:, 0].max()) / 2.0) / 360.0))


def _unwrap_ring(points: Floats) -> Floats:
    """Let longitudes run on over the antimeridian, and close a ring around a pole over the pole."""
    step = np.diff(points[:, 0])
    turns = np.where((np.abs(step) > 180.0) & (np.abs(step) < 360.0), -np.sign(step), 0.0)
    lon = points[:, 0] + 360.0 * np.concatenate([[0.0], np.cumsum(turns)])
    ring = np.column_stack([lon, points[:, 1]])
    if abs(lon[-1] - lon[0]) > 180.0:
        pole = 90.0 if points[:, 1].mean() > 0 else -90.0
        ring = np.vstack([ring, [[lon[-1], pole], [lon[0], pole]], ring[:1]])
    return ring


def _area_km2(shape: BaseGeometry) -> float:
    """Return the area on the sphere: longitude by the sine of latitude is an equal-area map."""
    import shapely

    flat = shapely.transform(
        shapely.segmentize(shape, 0.25),
        lambda xy: np.column_stack([np.radians(xy[:, 0]), np.sin(np.radians(xy[:, 1]))]),
    )
    # Rounded, so that equal zones compare equal whatever their first corner.
    return round(float(flat.area) * (EARTH_RADIUS_M / 1000.0) ** 2, 3)


def _read_zones(path: Path) -> Iterator[Zone]:
    frame = _read_frame(path)
    columns = {str(name).casefold(): name for name in frame.columns}
    wanted = {key: columns[key] for key in ("id", "zone_id", "name", *_ZONE_TEXTS) if key in columns}
    rows: list[dict[str, str]] = [{} for _ in range(len(frame))]
    for key, column in wanted.items():
        for row, value in zip(rows, frame[column].tolist(), strict=True):
            row[key] = _text(value)
    ids = unique_ids(
        row.get("id") or row.get("zone_id") or row.get("name") or f"zone_{number}" for number, row in enumerate(rows, 1)
    )
    for number, (zone_id, row, shape) in enumerate(zip(ids, rows, frame.geometry, strict=True), 1):
        where = f"zones file {path}, feature {number} ({zone_id})"
        if shape is None or shape.is_empty:
            raise UsageError(f"{where} has no geometry; remove it or give it a polygon")
        if shape.geom_type not in ("Polygon", "MultiPolygon"):
            raise UsageError(f"{where} is a {shape.geom_type}; a zone must be a polygon (buffer it first)")
        bounds = np.array(shape.bounds)
        if not (
            np.isfinite(bounds).all()
            and np.abs(bounds[1::2]).max() <= 90.0 + 1e-6
            and np.abs(bounds[::2]).max() <= 540.0
        ):
            raise UsageError(f"{where} has coordinates that are not degrees; store the file with its projection")
        texts = {key: row[key] for key in _ZONE_TEXTS if row.get(key)}
        yield make_zone(zone_id, row.get("name") or zone_id, shape, **{"source": path.name, **texts})


def _read_frame(path: Path) -> Any:
    import geopandas

    if not path.exists():
        raise InputError(f"zones file {path} does not exist")
    try:
        frame = geopandas.read_file(path)
    except (OSError, ValueError, RuntimeError) as problem:  # what pyogrio and GDAL errors derive from
        raise InputError(f"zones file {path} cannot be read as GIS data: {problem}") from problem
    if not isinstance(frame, geopandas.GeoDataFrame) or frame.empty:
        raise InputError(f"zones file {path} holds no zone; it must hold polygons")
    return frame if frame.crs is None else frame.to_crs("EPSG:4326")


def _read_ports(path: Path) -> Iterator[Port]:
    rows = csv.DictReader(io.StringIO(_read_text(path), newline=""))
    try:
        header = {_plain(name): name for name in rows.fieldnames or () if name}
        names = {key: _column(header, key) for key in _PORT_COLUMNS}
        for key, needed in (("name", "name"), ("lat", "lat"), ("lon", "lon")):
            if names[key] is None:
                raise UsageError(
                    f"ports file {path} has no column '{needed}' (columns: {', '.join(map(_text, header))[:300]}); "
                    "give a World Port Index CSV, or one with name, lat and lon"
                )
        is_index = "world port index number" in header
        read = [(rows.line_num, {key: _text(row[name]) for key, name in names.items() if name}) for row in rows]
    except csv.Error as problem:
        raise InputError(f"ports file {path}, line {rows.line_num}, is not CSV: {problem}") from problem
    if not read:
        raise InputError(f"ports file {path} holds no port")
    prefix = "wpi_" if is_index else ""
    ids = unique_ids(prefix + (row.get("id") or row["name"] or f"port_{line}") for line, row in read)
    for port_id, (line, row) in zip(ids, read, strict=True):
        lat = _degrees(row["lat"], 90.0, f"ports file {path}, line {line}: latitude")
        lon = _degrees(row["lon"], 360.0, f"ports file {path}, line {line}: longitude")
        if not -180.0 <= lon < 180.0:
            lon = (lon + 180.0) % 360.0 - 180.0
        # The index marks few oil terminals as such, but gives the depth at many.
        oil = row.get("oil", "").casefold() == "yes" or row.get("oil_depth", "0") not in ("", "0", "0.0")
        role = row.get("role") or ("oil" if oil else "")
        source = "World Port Index (NGA Pub. 150)" if is_index else path.name
        yield Port(port_id, row["name"] or port_id, row.get("country", ""), lat, lon, role, source)


#: Our name of a port's column, and what files call it, plain (lower case, single spaces).
_PORT_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "port id", "world port index number"),
    "name": ("name", "port name", "main port name", "port"),
    "country": ("country", "country code", "iso2"),
    "lat": ("lat", "latitude", "lat deg"),
    "lon": ("lon", "lng", "long", "longitude", "lon deg"),
    "role": ("role",),
    "oil": ("facilities - oil terminal",),
    "oil_depth": ("oil terminal depth (m)",),
}


def _column(header: dict[str, str], key: str) -> str | None:
    return next((header[name] for name in _PORT_COLUMNS[key] if name in header), None)


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError) as problem:
        raise InputError(f"ports file {path} cannot be read: {problem}") from problem
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _degrees(text: str, top: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= top:
        raise InputError(f"{what} is {text[:40]!r}; it must be decimal degrees between {-top:g} and {top:g}")
    return value


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def _text(value: Any) -> str:
    """Return one line of printable text of bounded length; nothing for missing values."""
    if value is None or value != value:  # NaN is the one value that differs from itself
        return ""
    spaced = " ".join(str(value).split())
    return "".join(c for c in spaced if not unicodedata.category(c).startswith("C"))[:_MAX_NAME]


def unique_ids(texts: Iterable[str]) -> list[str]:
    """Turn texts into ids that are safe inside flags, file names and pages: letters, digits and ``_.-``.

    Examples
    --------
    >>> unique_ids(["Off Lome; 2", "off/lome", "Off Lome 2"])
    ['Off_Lome_2', 'off_lome', 'Off_Lome_2_2']
    """
    ids: list[str] = []
    taken: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFKC", text)
        words = "".join(c if c.isalnum() or c in "_.-" else " " for c in plain).split()
        base = "_".join(words)[:_MAX_ID] or "unnamed"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        ids.append(name)
    return ids
