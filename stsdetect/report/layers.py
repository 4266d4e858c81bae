"""What the map of the page shows, as plain lists: frame, land, zones, tracks and points.

Longitudes are unwrapped around the data, so that a map across the antimeridian is one map: the frame may
reach from 170 to 190 degrees east. The page stays small: each layer has a budget of vertices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.affinity import translate

from stsdetect.report import texts
from stsdetect.units import US_PER_S

Floats = npt.NDArray[np.float64]

#: Budgets of vertices; together under the 100,000 up to which MapLibre and a canvas stay fluent.
LAND_VERTICES = 45_000
TRACK_VERTICES = 30_000
ZONE_VERTICES = 8_000
REACH_VERTICES = 9_000
AREA_VERTICES = 3_000
#: Web Mercator ends at 85.0511 degrees; what lies beyond is drawn at its edge.
MAX_LAT_DEG = 85.0
#: Track shown before and after an event [s].
TRACK_MARGIN_S = 6 * 3600


@dataclass(frozen=True)
class Frame:
    """The stretch of the world on the map, longitudes unwrapped [degrees]: west <= lon <= east."""

    west: float
    south: float
    east: float
    north: float

    def unwrap(self, lon_deg: Any) -> Floats:
        """Return longitudes moved by whole turns to within half a turn of the middle [degrees]."""
        cut = (self.west + self.east) / 2 - 180.0
        return np.asarray(cut + (np.asarray(lon_deg, dtype=np.float64) - cut) % 360.0)

    def wider(self) -> Frame:
        """Return a frame with room around this one, about square on the map, at most one world wide."""
        middle = math.cos(math.radians(min(80.0, abs(self.south + self.north) / 2)))
        span = max(self.east - self.west, (self.north - self.south) / middle, 0.5)
        side_lon, side_lat = span * 0.9 + 0.3, (span * 0.9 + 0.3) * middle
        west, east = self.west - side_lon, self.east + side_lon
        if east - west > 360.0:
            centre = (self.west + self.east) / 2
            west, east = centre - 180.0, centre + 180.0
        lat_mid = (self.south + self.north) / 2
        half = max((self.north - self.south) / 2 + side_lat, (east - west) * middle / 2)
        return Frame(west, max(-MAX_LAT_DEG, lat_mid - half), east, min(MAX_LAT_DEG, lat_mid + half))

    @property
    def box(self) -> list[float]:
        """West, south, east, north."""
        return [round(v, 5) for v in (self.west, self.south, self.east, self.north)]


def frame_around(lon_deg: Any, lat_deg: Any) -> Frame | None:
    """Return the smallest frame that holds the points, whichever side of the antimeridian they lie on.

    The world is cut open in the widest stretch of longitude without points. None without points.

    >>> frame_around([179.0, -179.0], [1.0, 2.0])
    Frame(west=179.0, south=1.0, east=181.0, north=2.0)
    """
    lon, lat = np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        return None
    around = np.unique((lon[known] + 180.0) % 360.0 - 180.0)
    gaps = np.diff(around, append=around[0] + 360.0)
    widest = int(np.argmax(gaps))
    west = float(around[(widest + 1) % len(around)])
    east = west + 360.0 - float(gaps[widest])
    if (west + east) / 2 > 180.0:
        west, east = west - 360.0, east - 360.0
    south, north = np.clip([lat[known].min(), lat[known].max()], -MAX_LAT_DEG, MAX_LAT_DEG)
    return Frame(west, float(south), east, float(north))


def land(
    shoreline: Any, frame: Frame, near: tuple[Sequence[float] | Floats, Sequence[float] | Floats] | None = None
) -> list[list[list[list[float]]]]:
    """Return the land inside the frame as GeoJSON MultiPolygon coordinates.

    Parameters
    ----------
    shoreline
        Anything with ``polygons(lon_min, lat_min, lon_max, lat_max, max_vertices=, near=)`` that gives closed
        rings of (longitude, latitude), to be filled by the even-odd rule; None for no land.
    frame
        What is drawn; land is made as coarse as `LAND_VERTICES` asks for.
    near
        Longitudes and latitudes [degrees] of places around which the coast is worth more vertices.
    """
    if shoreline is None:
        return []
    budget = LAND_VERTICES * 19 // 20  # mending may add a few
    rings = shoreline.polygons(frame.west, frame.south, frame.east, frame.north, max_vertices=budget, near=near)
    return _coordinates(_coarser(_filled(rings), LAND_VERTICES))


def _filled(rings: Sequence[Floats]) -> list[Any]:
    """Return the area inside an odd number of rings as polygons; where simplified rings cross, the area of both."""
    closed: list[Any] = [shapely.linearrings(ring) for ring in rings if len(ring) > 3]
    if not closed:
        return []
    shells: Any = shapely.polygons(closed)
    valid = shapely.is_valid(shells)
    mended = shapely.build_area(shapely.node(shapely.boundary(shells[~valid])))
    shells = np.concatenate([shells[valid], shapely.polygons(shapely.get_rings(shapely.get_parts(mended)))])
    outer, inner = shapely.STRtree(shells).query(shells, predicate="contains_properly")
    depth = np.bincount(inner, minlength=len(shells))
    holes: dict[int, list[Any]] = {}
    for shell, hole in zip(outer.tolist(), inner.tolist(), strict=True):
        if depth[hole] % 2 and depth[shell] == depth[hole] - 1:
            holes.setdefault(shell, []).append(shells[hole].exterior)
    return [
        shapely.Polygon(shells[place].exterior, holes[place]) if place in holes else shells[place]
        for place in np.flatnonzero(depth % 2 == 0).tolist()
    ]


def _polygons(shape: Any) -> list[Any]:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def _coarser(polygons: list[Any], budget: int) -> list[Any]:
    """Simplify, ever coarser, until the polygons hold at most ``budget`` vertices."""
    tolerance = 0.0002
    kept = polygons
    while shapely.get_num_coordinates(kept).sum() > budget:
        simple = shapely.simplify(polygons, tolerance)
        kept = [p for p in _polygons(simple) if p.area > tolerance * tolerance]
        tolerance *= 1.6
    return kept


def _coordinates(polygons: Iterable[Any], digits: int = 4) -> list[list[list[list[float]]]]:
    shapes = []
    for polygon in polygons:
        rings = [polygon.exterior, *polygon.interiors]
        shapes.append([np.round(shapely.get_coordinates(ring), digits).tolist() for ring in rings])
    return shapes


def zone_shapes(zones: Sequence[Any], frame: Frame) -> list[dict[str, Any]]:
    """Return the zones that touch the frame: id, name, category, confidence, coordinates, label point.

    A zone cut in two at the antimeridian is put together again where the frame crosses it.
    """
    room = shapely.box(frame.west, frame.south, frame.east, frame.north)
    found = []
    for zone in zones:
        shape = _on_this_turn(zone.geometry, room)
        if shape:
            visible = [p for p in _polygons(shapely.intersection(shape, room)) if p.area > 0] or shape
            found.append((zone, shape, max(visible, key=lambda p: p.area).representative_point()))
    # Largest first: small zones are drawn over large ones, and labels of large ones win.
    found.sort(key=lambda entry: (-sum(p.area for p in entry[1]), entry[0].id))
    budget = ZONE_VERTICES // max(1, len(found))
    return [
        {
            "id": zone.id,
            "name": zone.name,
            "category": zone.category,
            "confidence": zone.confidence,
            "coordinates": _coordinates(_coarser(shape, max(budget, 16))),
            "label": [round(label.x, 4), round(label.y, 4)],
        }
        for zone, shape, label in found
    ]


def _on_this_turn(geometry: Any, room: Any) -> list[Any]:
    """Return the polygons moved by whole turns to where they touch the room, put together at the antimeridian."""
    parts: list[Any] = []
    for part in _polygons(geometry):
        moved = [translate(part, xoff=shift) for shift in (-360.0, 0.0, 360.0)]
        parts.extend(p for p in moved if p.intersects(room))
    return _polygons(shapely.union_all(parts)) if parts else []


def reach_shapes(reach: Sequence[tuple[int, bytes]], frame: Frame) -> list[dict[str, Any]]:
    """Return where unseen hulls could have been: the pair and coordinates of each polygon that touches the frame.

    Parameters
    ----------
    reach
        Number of the pair and polygon (WKB); what does not read as polygons is left out.
    """
    return _shared_out([({"pair": pair}, wkb) for pair, wkb in reach], frame, REACH_VERTICES)


def area_shapes(areas: Sequence[Mapping[str, Any]], frame: Frame) -> list[dict[str, Any]]:
    """Return outages and jamming that touch the frame: kind, title, lines of a bubble, coordinates."""
    words = [
        (
            {
                "kind": texts.clean(area["kind"]),
                "title": texts.clean(area["kind"]).capitalize(),
                "lines": [
                    f"{texts.time_text(area['start_time'])} to {texts.time_text(area['end_time'])} UTC",
                    texts.clean(area["evidence"], 240),
                ],
            },
            area["geometry"],
        )
        for area in sorted(areas, key=lambda area: (area["start_time"], str(area["kind"]), area["geometry"]))
    ]
    return _shared_out(words, frame, AREA_VERTICES)


def _shared_out(shapes: Sequence[tuple[dict[str, Any], bytes]], frame: Frame, budget: int) -> list[dict[str, Any]]:
    """Return the shapes that touch the frame, as many and as fine as the vertices allow, first come first served."""
    room = shapely.box(frame.west, frame.south, frame.east, frame.north)
    read = shapely.from_wkb([wkb for _, wkb in shapes], on_invalid="ignore")
    found = []
    for (words, _), geometry in zip(shapes, read, strict=True):
        polygons = [] if geometry is None else _on_this_turn(shapely.make_valid(geometry), room)
        if polygons:
            found.append((words, polygons))
    # A polygon has four vertices at least.
    found = found[: budget // 16]
    each = budget // max(1, len(found))
    return [{**words, "coordinates": _coordinates(_coarser_around(polygons, each))} for words, polygons in found]


def _coarser_around(polygons: list[Any], budget: int) -> list[Any]:
    """Simplify outwards, ever coarser: what could be reached stays inside, whatever the budget of vertices.

    A line simplified with a tolerance stays within it, so the polygons are widened by as much before; arcs of a few
    corners are narrower than they should be, which a seventh more makes good.
    """
    kept = polygons
    west, south, east, north = shapely.total_bounds(polygons)
    tolerance = max(east - west, north - south) / 500.0
    while shapely.get_num_coordinates(kept).sum() > budget and tolerance < 90.0:
        # Each step starts from the last: that holds all, and has fewer vertices.
        wide = shapely.union_all(shapely.buffer(kept, tolerance * 1.15 + 0.0001, quad_segs=2))
        kept = _polygons(shapely.simplify(wide, tolerance))
        tolerance *= 2.0
    return kept


@dataclass(frozen=True)
class Leg:
    """A stretch of one vessel's track to draw: for which pair, which side, and whether they met in it."""

    pair: int
    side: str
    during: bool
    lon_deg: Floats
    lat_deg: Floats


def track_legs(fixes: pa.Table | None, wanted: Sequence[tuple[int, str, str, int, int]]) -> list[Leg]:
    """Cut the tracks around the events out of the fixes.

    Parameters
    ----------
    fixes
        Table as in `stsdetect.schema.FIXES`, or None.
    wanted
        Per leg: number of the pair, side (``a`` or ``b``), hull id, start and end of the event [us].
    """
    if fixes is None or not fixes.num_rows or not wanted:
        return []
    hulls = pa.array(sorted({hull for _, _, hull, _, _ in wanted}), pa.string())
    vessel = fixes.column("vessel").cast(pa.string())
    rows = pc.and_(pc.is_in(vessel, value_set=hulls), pc.greater_equal(fixes.column("segment"), 0))
    near = fixes.select(["vessel", "segment", "time", "lat_deg", "lon_deg"]).filter(rows)
    code = pc.index_in(near.column("vessel").cast(pa.string()), value_set=hulls).to_numpy()
    time = near.column("time").cast(pa.int64()).to_numpy()
    order = np.lexsort((time, code))
    code, time = code[order], time[order]
    segment = near.column("segment").to_numpy()[order]
    lon, lat = near.column("lon_deg").to_numpy()[order], near.column("lat_deg").to_numpy()[order]
    bounds = np.searchsorted(code, np.arange(len(hulls) + 1))
    number = {hull.as_py(): row for row, hull in enumerate(hulls)}
    margin = TRACK_MARGIN_S * US_PER_S
    legs = []
    for pair, side, hull, start, end in wanted:
        first, last = bounds[number[hull]], bounds[number[hull] + 1]
        # The legs before and after share their end fix with the leg during, so that the line does not break.
        marks = first + np.searchsorted(time[first:last], [start - margin, start, end, end + margin])
        cuts = [(marks[0], marks[1] + 1, False), (marks[1], marks[2] + 1, True), (marks[2], marks[3], False)]
        for begin, stop, during in cuts:
            stop = min(stop, last)
            for low, high in _unbroken(segment, int(begin), int(stop)):
                legs.append(Leg(pair, side, during, lon[low:high], lat[low:high]))
    return legs


def _unbroken(segment: npt.NDArray[np.int64], begin: int, stop: int) -> list[tuple[int, int]]:
    if stop - begin < 2:
        return []
    breaks = begin + 1 + np.flatnonzero(np.diff(segment[begin:stop]))
    edges = [begin, *breaks.tolist(), stop]
    return [(low, high) for low, high in pairwise(edges) if high - low > 1]


def thin_legs(legs: Sequence[Leg], frame: Frame) -> list[dict[str, Any]]:
    """Return the legs as lists of places, as coarse as `TRACK_VERTICES` asks for."""
    lines: list[Any] = []
    for leg in legs:
        steps = (np.diff(leg.lon_deg) + 180.0) % 360.0 - 180.0
        lon = frame.unwrap(leg.lon_deg[:1])[0] + np.concatenate([[0.0], np.cumsum(steps)])
        lat = np.clip(leg.lat_deg, -MAX_LAT_DEG, MAX_LAT_DEG)
        lines.append(shapely.linestrings(np.column_stack([lon, lat])))
    kept: Any = lines
    tolerance = 0.00005
    while shapely.get_num_coordinates(kept).sum() > TRACK_VERTICES and tolerance < 1.0:
        kept = shapely.simplify(lines, tolerance, preserve_topology=False)
        tolerance *= 1.6
    # A line has two vertices at least: with very many legs the weaker pairs go without.
    used = np.cumsum(shapely.get_num_coordinates(kept), dtype=np.int64)
    enough = int(np.count_nonzero(used <= TRACK_VERTICES))
    return [
        {"pair": leg.pair, "side": leg.side, "during": leg.during, "line": _line(line)}
        for leg, line in zip(legs[:enough], kept[:enough], strict=True)
    ]


def _line(shape: Any) -> list[list[float]]:
    places: list[list[float]] = np.round(shapely.get_coordinates(shape), 5).tolist()
    return places
