"""Files for other programs: CSV, GeoJSON, GeoPackage, KML with times, and GeoParquet."""

from __future__ import annotations

import csv
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stsdetect.errors import UsageError, did_you_mean
from stsdetect.report import texts
from stsdetect.report.files import atomic_write
from stsdetect.report.shapes import rings_of, shape_layers

#: Cells that spreadsheets take for a formula start with one of these (OWASP, "CSV Injection", which names tab and line
#: breaks too), or with the full-width forms that some locales read the same way.
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f]")
#: Characters that XML 1.0 cannot hold at all, plus C1 controls.
_NOT_XML = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: GeoParquet 1.1.0 metadata; without ``crs`` the specification's default holds: OGC:CRS84, longitude first.
_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {
        "geometry": {"encoding": "WKB", "geometry_types": ["Point"]},
        "reach": {"encoding": "WKB", "geometry_types": ["MultiPolygon", "Polygon"]},
    },
}


def write_table(table: pa.Table, path: str | Path) -> None:
    """Write a table to Parquet, the same bytes for the same rows.

    Text kept as a dictionary becomes plain strings, as the schema page promises for files.

    Raises
    ------
    UsageError
        If the output cannot be written.
    """
    _parquet(table, path, None)


#: So many bytes of different values are kept once each, in every column of the events: areas of reach, of which the
#: same is that of many rows, are more than the format's usual 1 MB (our choice: a month has some 10 MB).
_ONCE_BYTES = 1 << 26


def write_events_parquet(events: pa.Table, path: str | Path) -> None:
    """Write the events as GeoParquet 1.1 (points, WKB, longitude first on WGS84).

    Where unseen hulls could have been is a second geometry, ``reach``.

    Raises
    ------
    UsageError
        If the output cannot be written.
    """
    geo = {b"geo": json.dumps(_GEO, separators=(",", ":")).encode()}
    _parquet(events, path, geo, dictionary_pagesize_limit=_ONCE_BYTES)


def _parquet(table: pa.Table, path: str | Path, metadata: dict[bytes, bytes] | None, **how: int) -> None:
    fields = [
        pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type, f.nullable)
        for f in table.schema
    ]
    # One chunk a column: page boundaries follow chunks, and chunks follow how the work was cut.
    plain = table.replace_schema_metadata(None).cast(pa.schema(fields)).combine_chunks()
    with atomic_write(path) as aside:
        pq.write_table(plain.replace_schema_metadata(metadata), aside, compression="zstd", version="2.6", **how)


def write_gis(
    out_dir: str | Path, formats: Sequence[str], *, events: pa.Table, pairs: pa.Table, areas: pa.Table | None = None
) -> list[Path]:
    """Write events and pairs as points, and where unseen hulls could have been as areas, in other formats.

    Parameters
    ----------
    out_dir
        Folder to write to; made where missing.
    formats
        Any of ``csv`` and ``geojson`` (two files each, ``events`` and ``pairs``), ``gpkg`` and ``kml`` (one
        file ``stsdetect`` with both). All but ``csv`` have a layer, or file, ``reach`` and one ``areas`` where there
        is anything to put there.
    events, pairs
        Tables as in `stsdetect.schema.EVENTS` and `PAIRS`. A pair's point is that of its longest event.
    areas
        Outages and jamming, with a column ``geometry`` (WKB); None for none.

    Notes
    -----
    ``csv`` and ``gpkg`` have every value of every row as it is, but for times in ``gpkg``, which it holds to the
    millisecond, and control characters: in ``csv`` they are spaces, and in ``gpkg`` NUL is one. GeoJSON and KML
    leave out what is not known, and round: degrees to six places (0.1 m), other numbers to four. Areas are rounded
    to five places (1 m; they are 250 m wider than asked). In the layer ``reach`` each area is there once, with what
    is said of the best ranked row it is of and the ids of all (``event_ids``). KML, which is to look at, has of
    silences, stays and port calls only those that a pair rests on.

    Returns
    -------
    list of Path
        The files written, in order.

    Raises
    ------
    UsageError
        If a format is not known or an output cannot be written.
    """
    writers: dict[str, Callable[[Path, pa.Table, pa.Table, dict[str, pa.Table]], list[Path]]] = {
        "csv": _write_csv,
        "geojson": _write_geojson,
        "gpkg": _write_gpkg,
        "kml": _write_kml,
    }
    wanted = list(dict.fromkeys(formats))
    for name in wanted:
        if name not in writers:
            raise UsageError(
                f"there is no format '{name}'; choose from {', '.join(writers)}.{did_you_mean(name, writers)}"
            )
    if not wanted:
        return []
    flat = flat_pairs(pairs, events)
    shapes = {} if wanted == ["csv"] else shape_layers(events, areas)
    return [path for name in wanted for path in writers[name](Path(out_dir), events, flat, shapes)]


def flat_pairs(pairs: pa.Table, events: pa.Table) -> pa.Table:
    """Return the pairs with their lists as text and the place of their longest event (first of equals).

    ``event_ids`` are joined by blanks; ``reasons`` read ``hull_gap +1.20: sentence | ...``. A pair without
    any known event has null ``lat_deg`` and ``lon_deg``.
    """
    ids = events.column("event_id").to_pylist()
    where = {event: row for row, event in enumerate(ids)}
    hours = events.column("duration_h").to_pylist()
    lats, lons = events.column("lat_deg").to_pylist(), events.column("lon_deg").to_pylist()
    joined, said, lat, lon = [], [], [], []
    for event_ids, reasons in zip(
        pairs.column("event_ids").to_pylist(), pairs.column("reasons").to_pylist(), strict=True
    ):
        joined.append(" ".join(event_ids))
        said.append(" | ".join(f"{r['indicator']} {r['weight']:+.2f}: {r['sentence']}" for r in reasons))
        rows = [where[event] for event in event_ids if event in where]
        best = max(rows, key=lambda row: (hours[row], -row), default=None)
        lat.append(None if best is None else lats[best])
        lon.append(None if best is None else lons[best])
    columns = {name: pairs.column(name) for name in pairs.column_names}
    columns["event_ids"] = pa.array(joined, pa.string())
    columns["reasons"] = pa.array(said, pa.string())
    return pa.table({**columns, "lat_deg": pa.array(lat, pa.float64()), "lon_deg": pa.array(lon, pa.float64())})


def _records(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _attributes(table: pa.Table) -> pa.Table:
    """Leave out binary columns: the point is carried by latitude and longitude."""
    return table.select([f.name for f in table.schema if not pa.types.is_binary(f.type)])


def _write_csv(folder: Path, events: pa.Table, pairs: pa.Table, _shapes: dict[str, pa.Table]) -> list[Path]:
    paths = []
    for name, table in (("events", events), ("pairs", pairs)):
        path = folder / f"{name}.csv"
        plain = _attributes(table)
        with atomic_write(path) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream, lineterminator="\n")
            out.writerow(plain.column_names)
            for record in _records(plain):
                out.writerow([csv_cell(value) for value in record.values()])
        paths.append(path)
    return paths


def csv_cell(value: Any) -> Any:
    """Return a value for a CSV cell; text a spreadsheet would run as a formula gets a leading apostrophe.

    >>> csv_cell("=1+1"), csv_cell(-1.5), csv_cell("-7")
    ("'=1+1", -1.5, "'-7")
    """
    if isinstance(value, datetime):
        return texts.iso_time(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Line breaks inside a cell are legal and still break every reader that goes line by line.
        text = _CONTROL.sub(" ", value)
        # Blanks and what cannot be seen (Unicode categories Z and C) before the sign do not stop a spreadsheet.
        first = next((c for c in text if unicodedata.category(c)[0] not in "ZC"), "")
        risky = first in _FORMULA_SIGNS or value.startswith(("\t", "\r", "\n"))
        return "'" + text if risky else text
    return value


#: Places after the point: of degrees (0.1 m) and of all other numbers, which are metres, hours, knots and shares.
_DEGREE_PLACES, _PLACES = 6, 4


def _known_values(record: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a record: times as text, numbers rounded."""
    return {name: _json_value(name, value) for name, value in record.items() if _is_known(value)}


def _is_known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _json_value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return texts.iso_time(value)
    if isinstance(value, float):
        return round(value, _DEGREE_PLACES if name.endswith("_deg") else _PLACES)
    return value


def _write_geojson(folder: Path, events: pa.Table, pairs: pa.Table, shapes: dict[str, pa.Table]) -> list[Path]:
    """One feature a line; RFC 7946: WGS84, longitude first in -180..180, no ``crs`` member."""
    tables = {"events": ("event_id", events), "pairs": ("pair_id", pairs)}
    tables |= {name: (table.column_names[0], table) for name, table in shapes.items()}
    paths = []
    for name, (key, table) in tables.items():
        path = folder / f"{name}.geojson"
        with atomic_write(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write('{"type":"FeatureCollection","features":[')
            for row, record in enumerate(_records(table if name in shapes else _attributes(table))):
                feature = {
                    "type": "Feature",
                    "id": record[key],
                    "geometry": _json_geometry(record),
                    "properties": _known_values(record),
                }
                stream.write(("," if row else "") + "\n")
                stream.write(json.dumps(feature, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
            stream.write("\n]}\n")
        paths.append(path)
    return paths


def _json_geometry(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the geometry of a feature; a shape is taken out of the record, so that it is no property as well."""
    if "geometry" in record:
        return {"type": "MultiPolygon", "coordinates": rings_of(record.pop("geometry"))}
    return _json_point(record["lon_deg"], record["lat_deg"])


def _json_point(lon_deg: float | None, lat_deg: float | None) -> dict[str, Any] | None:
    if lon_deg is None or lat_deg is None:
        return None
    return {"type": "Point", "coordinates": [round(lon_deg, _DEGREE_PLACES), round(lat_deg, _DEGREE_PLACES)]}


def _write_gpkg(folder: Path, events: pa.Table, pairs: pa.Table, shapes: dict[str, pa.Table]) -> list[Path]:
    import pyogrio

    path = folder / "stsdetect.gpkg"
    last = max((t for t in events.column("end_time").to_pylist()), default=datetime(1970, 1, 1))
    with atomic_write(path) as aside:
        # GeoPackage stores when it was written; the clock would make each run's bytes differ.
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": last.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
        try:
            for name, table in {"events": _with_points(events), "pairs": _with_points(pairs), **shapes}.items():
                pyogrio.write_arrow(
                    _without_nul(table),
                    aside,
                    driver="GPKG",
                    layer=name,
                    append=name != "events",
                    geometry_name="geometry",
                    geometry_type="MultiPolygon" if name in shapes else "Point",
                    crs="EPSG:4326",
                )
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as problem:
            raise UsageError(f"cannot write {path}: {problem}") from problem
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return [path]


def _without_nul(table: pa.Table) -> pa.Table:
    """Return the table with a space for every NUL in its texts: SQLite would end them there."""
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(number, field, pc.replace_substring(table.column(number), "\x00", " "))
    return table


def _with_points(table: pa.Table) -> pa.Table:
    import shapely

    lon = table.column("lon_deg").to_numpy(zero_copy_only=False).astype(float)
    lat = table.column("lat_deg").to_numpy(zero_copy_only=False).astype(float)
    known = np.isfinite(lon) & np.isfinite(lat)
    points = np.full(len(lon), None, dtype=object)
    points[known] = shapely.points(lon[known], lat[known])
    plain = _attributes(table).replace_schema_metadata(None)
    return plain.append_column("geometry", pa.array(shapely.to_wkb(points), pa.binary()))


#: Icon colours by kind, as KML has them: alpha, blue, green, red.
_KML_COLOURS = {
    "pair": "ff2b39c0", "encounter": "ff5c25c2", "loitering": "ff1f79b7", "gap": "ff807269",
    "dark_rendezvous": "ffb589f0", "identity": "ffdb5b3b", "port_call": "ff327d2f",
}  # fmt: skip
#: Colours of areas, thin so that what lies below is seen.
_KML_SHAPES = {"reach": "5c25c2", "areas": "9a4f7a"}


def _write_kml(folder: Path, events: pa.Table, pairs: pa.Table, shapes: dict[str, pa.Table]) -> list[Path]:
    path = folder / "stsdetect.kml"
    events = _to_look_at(events, pairs)
    kinds = sorted(set(events.column("kind").to_pylist()))
    with atomic_write(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        stream.write('<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>stsdetect</name>\n')
        for kind in ["pair", *kinds]:
            look = f"<IconStyle><color>{_KML_COLOURS.get(kind, 'ffffffff')}</color></IconStyle>"
            stream.write(f'<Style id="{_xml(kind)}">{look}</Style>\n')
        for name in shapes:
            colour = _KML_SHAPES[name]
            look = f"<LineStyle><color>ff{colour}</color></LineStyle><PolyStyle><color>26{colour}</color></PolyStyle>"
            stream.write(f'<Style id="{name}">{look}</Style>\n')
        stream.write("<Folder><name>Pairs by rank</name>\n")
        for record in _records(_attributes(pairs)):
            stream.write(_placemark(record, "pair", record["first_time"], record["last_time"]))
        stream.write("</Folder>\n")
        for kind in kinds:
            stream.write(f"<Folder><name>{_xml(kind)}</name>\n")
            for record in _records(events.filter(pc.equal(events.column("kind"), kind))):
                stream.write(_placemark(record, kind, record["start_time"], record["end_time"]))
            stream.write("</Folder>\n")
        for name, table in shapes.items():
            stream.write(f"<Folder><name>{name}</name>\n")
            for record in _records(table):
                stream.write(_placemark(record, name, record["start_time"], record["end_time"]))
            stream.write("</Folder>\n")
        stream.write("</Document></kml>\n")
    return [path]


#: What every ship does now and then: a month has ten times as many of these as of all else.
_EVERYDAY = ("gap", "loitering", "port_call")


def _to_look_at(events: pa.Table, pairs: pa.Table) -> pa.Table:
    """Return the events without the everyday ones that no pair (of `flat_pairs`) rests on; no binary columns."""
    ids = {event for text in pairs.column("event_ids").to_pylist() for event in text.split(" ")}
    rested = events.select(["from_events"]).filter(
        pc.is_in(events.column("event_id"), pa.array(sorted(ids), pa.string()))
    )
    ids |= {event for text in rested.column("from_events").to_pylist() for event in (text or "").split(";")}
    wanted = pc.is_in(events.column("event_id"), pa.array(sorted(ids), pa.string()))
    everyday = pc.is_in(events.column("kind"), pa.array(_EVERYDAY, pa.string()))
    return _attributes(events).filter(pc.or_(wanted, pc.invert(everyday)))


def _placemark(record: dict[str, Any], style: str, begin: datetime, end: datetime) -> str:
    place = _kml_place(record)
    data = "".join(
        f'<Data name="{_xml(name)}"><value>{_xml(value)}</value></Data>'
        for name, value in _known_values(record).items()
    )
    return (
        f"<Placemark><name>{_xml(_kml_title(record, style))}</name>"
        f"<TimeSpan><begin>{texts.iso_time(begin)}</begin><end>{texts.iso_time(end)}</end></TimeSpan>"
        f"<styleUrl>#{_xml(style)}</styleUrl><ExtendedData>{data}</ExtendedData>{place}</Placemark>\n"
    )


def _kml_title(record: dict[str, Any], style: str) -> str:
    if "vessel_a" not in record:
        return texts.clean(record["kind"])
    title = texts.vessel_name(record["name_a"], record["mmsi_a"], record["vessel_a"])
    if record["vessel_b"] is not None:
        title += " – " + texts.vessel_name(record["name_b"], record["mmsi_b"], record["vessel_b"])
    return f"{record['rank']}. {title}" if style == "pair" else title


def _kml_place(record: dict[str, Any]) -> str:
    """Return the geometry of a placemark; a shape is taken out of the record, so that it is no attribute as well."""
    if "geometry" not in record:
        if record["lon_deg"] is None:
            return ""
        lon, lat = (round(record[name], _DEGREE_PLACES) for name in ("lon_deg", "lat_deg"))
        return f"<Point><coordinates>{lon!r},{lat!r}</coordinates></Point>"
    polygons = []
    for outer, *inner in rings_of(record.pop("geometry")):
        edges = f"<outerBoundaryIs>{_kml_ring(outer)}</outerBoundaryIs>"
        edges += "".join(f"<innerBoundaryIs>{_kml_ring(ring)}</innerBoundaryIs>" for ring in inner)
        polygons.append(f"<Polygon>{edges}</Polygon>")
    return f"<MultiGeometry>{''.join(polygons)}</MultiGeometry>"


def _kml_ring(ring: list[list[float]]) -> str:
    return f"<LinearRing><coordinates>{' '.join(f'{x!r},{y!r}' for x, y in ring)}</coordinates></LinearRing>"


def _xml(value: Any) -> str:
    return escape(_NOT_XML.sub("", str(value)), {'"': "&quot;"})
