"""NOAA MarineCadastre: daily points in GeoParquet (2024 and re-issued days), columns as in the CSV from 2025."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from stsdetect.errors import InputError, SchemaError
from stsdetect.readers.ahead import ahead
from stsdetect.readers.layouts.noaa import NOAA_2025
from stsdetect.readers.parquet_layout import ParquetLayout
from stsdetect.readers.protocol import Batch
from stsdetect.readers.source import Head, Source
from stsdetect.readers.table import table_batch
from stsdetect.readers.wkb import lon_lat
from stsdetect.settings import ReadSettings

_GEOMETRY = "geometry"
#: A point in well-known binary is held beside the columns: fewer rows at once than of columns alone.
_ROWS = 1 << 17


class NoaaParquet(ParquetLayout):
    """Points whose place stands in columns, or else in the geometry."""

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether there are vessel, time and place."""
        theirs = set(head.parquet_columns)
        return super().recognise(head, settings) and ({"longitude", "latitude"} <= theirs or _GEOMETRY in theirs)

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read it in batches of rows."""
        if {"longitude", "latitude"} <= set(head.parquet_columns):
            yield from super().read(source, head, settings)
            return
        columns = {self.names[name]: name for name in head.parquet_columns if name in self.names}
        columns |= {"lon": "longitude", "lat": "latitude"}
        wanted = sorted({*columns.values(), _GEOMETRY} - {"longitude", "latitude"})

        def convert(part: tuple[int, Callable[[], pa.Table]]) -> Batch:
            first, load = part
            table = load()
            if table.column_names.count(_GEOMETRY) > 1:
                raise SchemaError(f"{source.label} has more than one column '{_GEOMETRY}'; rename them")
            geometry = table.column(_GEOMETRY)
            if not (pa.types.is_binary(geometry.type) or pa.types.is_large_binary(geometry.type)):
                raise InputError(
                    f"{source.label} has no columns longitude and latitude, and its geometry is of type "
                    f"{str(geometry.type)[:80]}, not well-known binary; write it out with these columns"
                )
            lon, lat = lon_lat(geometry)
            # Only the place of each row is needed in what is shown of it.
            table = table.drop_columns([_GEOMETRY, *({"longitude", "latitude"} & set(table.column_names))])
            table = table.append_column("longitude", lon).append_column("latitude", lat)
            return table_batch(table, columns, self.times, source.label, first, self.tidy, self.missing)

        for batch in ahead(source.parquet_parts(wanted, _ROWS), convert):
            batch.remarks["positions read from the geometry"] += 0
            yield batch


NOAA_PARQUET = NoaaParquet(
    name="noaa_geoparquet",
    title="NOAA MarineCadastre GeoParquet, daily points",
    doc=(
        "Columns mmsi, base_date_time, longitude, latitude, ... as in the CSV from 2025 (the publication does not list "
        "them) and a geometry, which is read only where longitude or latitude is missing."
    ),
    time_rule="base_date_time is UTC, to the nearest whole minute.",
    lost=NOAA_2025.lost,
    names=NOAA_2025.names,
    required=("mmsi", "base_date_time"),
)
