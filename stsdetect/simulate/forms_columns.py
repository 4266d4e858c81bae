"""Simulated positions in tables that are no text: Parquet of public exports, and the attribute table of a shapefile."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stsdetect.schema import point_wkb
from stsdetect.simulate.forms import fixed, seconds, stamp, status_words, type_words, without
from stsdetect.simulate.forms_services import AMSA_COLUMNS, amsa_cells, hourly
from stsdetect.simulate.sampling import NO_COG, NO_HEADING, NO_LAT, NO_LON, NO_SOG

_MINUTE_S = 60


@dataclass(frozen=True)
class ColumnForm:
    """A file of columns: its daily name, or one for all days where ``whole``, and what writes it."""

    pattern: str
    write: Callable[[pa.Table, Path], object]
    whole: bool = False

    def fill(self, table: pa.Table, path: Path) -> None:
        """Write positions to a file."""
        self.write(table, path)


def whole_minutes(table: pa.Table) -> pa.Array:
    """Return Unix times to the nearest whole minute [s]."""
    return pa.array((np.asarray(seconds(table)) + _MINUTE_S // 2) // _MINUTE_S * _MINUTE_S)


def _words(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks().cast(pa.string())


def _points(lon: pa.ChunkedArray, lat: pa.ChunkedArray) -> pa.Array:
    return pa.array(point_wkb(lon.to_numpy(), lat.to_numpy()), pa.binary())


def _geoparquet(table: pa.Table, path: Path) -> None:
    c = table.column
    lon, lat = without(c("lon_deg"), NO_LON), without(c("lat_deg"), NO_LAT)
    columns: dict[str, Any] = {
        "mmsi": c("mmsi"),
        "base_date_time": whole_minutes(table).cast(pa.timestamp("s")).cast(pa.timestamp("ms")),
        "longitude": lon, "latitude": lat, "sog": without(c("sog_kn"), NO_SOG), "cog": without(c("cog_deg"), NO_COG),
        "heading": without(c("heading_deg"), NO_HEADING), "vessel_name": _words(c("name")),
        "imo": pc.binary_join_element_wise("IMO", fixed(c("imo"), 0), ""), "call_sign": _words(c("callsign")),
        "vessel_type": c("ship_type"), "status": c("nav_status"), "length": c("length_m"), "width": c("width_m"),
        "draft": c("draught_m"), "cargo": c("ship_type"), "transceiver": _words(c("transceiver")),
        "geometry": pc.if_else(pc.is_valid(lon).combine_chunks(), _points(c("lon_deg"), c("lat_deg")), None),
    }  # fmt: skip
    geo = {
        "version": "1.0.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
    }
    out = pa.table(columns).replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(out, path, compression="snappy")


def _eais(table: pa.Table, path: Path) -> None:
    c = table.column
    time = seconds(table).cast(pa.timestamp("s")).cast(pa.timestamp("ms"))
    empty = pa.nulls(table.num_rows, pa.string())
    columns = {
        "mmsi": c("mmsi"), "imo": c("imo"), "vessel_name": _words(c("name")), "callsign": _words(c("callsign")),
        "vessel_type": type_words(table), "vessel_type_code": c("ship_type"), "vessel_type_cargo": empty,
        "vessel_class": _words(c("transceiver")), "length": c("length_m"), "width": c("width_m"),
        "flag_country": empty, "flag_code": empty, "destination": _words(c("destination")), "eta": empty,
        "draught": c("draught_m"), "longitude": c("lon_deg"), "latitude": c("lat_deg"), "sog": c("sog_kn"),
        "cog": c("cog_deg"), "rot": pa.nulls(table.num_rows, pa.float64()), "heading": c("heading_deg"),
        "nav_status": status_words(table), "nav_status_code": c("nav_status"),
        "source": pa.repeat("S-AIS", table.num_rows),
        "ts_pos_utc": pc.replace_substring_regex(stamp(table), r"[-: ]", ""), "ts_static_utc": empty,
        "dt_pos_utc": time, "dt_static_utc": pa.nulls(table.num_rows, time.type), "vessel_type_main": empty,
        "vessel_type_sub": empty, "message_type": c("message_type"),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path, compression="snappy")


#: Fields of AMSA's attribute table: kind (C text, N number), width, decimals (dBASE III).
_AMSA_FIELDS = (
    (b"N", 24, 15), (b"N", 24, 15), (b"N", 24, 15), (b"N", 24, 15), (b"N", 24, 15), (b"C", 80, 0), (b"C", 80, 0),
    (b"N", 10, 0), (b"N", 10, 0), (b"N", 24, 15), (b"C", 80, 0),
)  # fmt: skip


def _dbf(table: pa.Table, path: Path) -> None:
    """Write the attribute table of a shapefile of one report an hour."""
    table = hourly(table)
    begin = 32 + 32 * len(AMSA_COLUMNS) + 1
    width = 1 + sum(size for _, size, _ in _AMSA_FIELDS)
    first = table.column("time")[0].as_py()
    head = struct.pack("<4BIHH20x", 3, first.year - 1900, first.month, first.day, table.num_rows, begin, width)
    fields = b"".join(
        struct.pack("<11sc4xBB14x", name.encode("ascii"), kind, size, decimals)
        for name, (kind, size, decimals) in zip(AMSA_COLUMNS, _AMSA_FIELDS, strict=True)
    )
    cells = []
    for column, (kind, size, _) in zip(amsa_cells(table), _AMSA_FIELDS, strict=True):
        padded = pc.utf8_lpad(column, size, " ") if kind == b"N" else pc.utf8_rpad(column, size, " ")
        cells.append(padded.fill_null(" " * size))
    rows = pc.binary_join_element_wise(" ", *cells, "").to_pylist()
    path.write_bytes(head + fields + b"\r" + "".join(rows).encode("ascii") + b"\x1a")


#: The kinds of file of each layout.
COLUMN_FORMS: dict[str, tuple[ColumnForm, ...]] = {
    "noaa_geoparquet": (ColumnForm("ais-%Y-%m-%d.parquet", _geoparquet),),
    "eais_ungp_parquet": (ColumnForm("year=%Y/month=%m/day=%d/part-00000.parquet", _eais),),
    "amsa_cts_shapefile": (ColumnForm("cts_srr_%m_%Y_pt.dbf", _dbf, whole=True),),
}
