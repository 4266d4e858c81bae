"""Our own Parquet: the positions table as `write_positions` stores it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stsdetect.errors import UsageError
from stsdetect.readers.protocol import Batch
from stsdetect.readers.source import Head, Source
from stsdetect.readers.table import own_columns, require_own, table_batch
from stsdetect.readers.times import any_utc
from stsdetect.schema import POSITIONS, TEXT
from stsdetect.settings import ReadSettings

_ROWS = 1 << 20


def own_batch(table: pa.Table, label: str, first: int) -> Batch:
    """Build a batch from rows with the names of the positions table; their own source columns are kept."""
    columns = require_own(table.column_names, label)
    batch = table_batch(table, columns, partial(any_utc, order=None, utc_offset_h=0.0), label, first)
    kept = batch.positions
    place = pa.array(kept.column("source_row").to_numpy() - first)
    for name, kind in (("source_file", pa.string()), ("source_row", pa.int64())):
        if name in table.column_names:
            own = table.column(name).cast(kind).take(place)
            whole = pc.coalesce(own, kept.column(name).cast(kind))
            if name == "source_file":
                whole = whole.dictionary_encode().cast(TEXT)
            kept = kept.set_column(kept.column_names.index(name), POSITIONS.arrow.field(name), whole)
    batch.positions = kept
    return batch


class PositionsParquet:
    """Parquet with the columns of the positions table."""

    name = "positions"
    title = "stsdetect positions in Parquet"
    doc = (
        "Columns as in `stsdetect about columns`; at least time, lat_deg, lon_deg and mmsi or vessel_id. Nothing is "
        "lost; source_file and source_row still lead to the first export."
    )

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether it is Parquet with our column names."""
        return own_columns(head.parquet_columns) is not None

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read it in batches of rows."""
        first = 1
        names = [name for name in POSITIONS.names if name in head.parquet_columns]
        for part in source.parquet_batches(names, _ROWS):
            yield own_batch(part, source.label, first)
            first += part.num_rows


POSITIONS_PARQUET = PositionsParquet()


def write_positions(table: pa.Table, path: str | Path) -> None:
    """Write positions as Parquet that `read` takes back unchanged; the file appears whole or not at all.

    Raises
    ------
    SchemaError
        If the table is not a positions table.
    UsageError
        If the file cannot be written.
    """
    positions = POSITIONS.conform(table)
    target = Path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        pq.write_table(positions, aside, compression="zstd")
        os.replace(aside, target)
    except OSError as problem:
        raise UsageError(f"{target} cannot be written: {problem.strerror or problem}") from problem
    finally:
        aside.unlink(missing_ok=True)
