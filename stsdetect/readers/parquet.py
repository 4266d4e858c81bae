"""Our own Parquet: the positions table as `write_positions` stores it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stsdetect.errors import UsageError
from stsdetect.readers.ahead import ahead
from stsdetect.readers.alike import found, with_nulls
from stsdetect.readers.convert import plain, strings, whole
from stsdetect.readers.protocol import Batch
from stsdetect.readers.rows import CLASSES, FIRST_US, LAST_US, MAX_MMSI, MAX_TEXT, STATIONS, constant
from stsdetect.readers.source import Head, Source
from stsdetect.readers.table import own_columns, require_own, table_batch, time_remark
from stsdetect.readers.times import any_utc
from stsdetect.reference.vessels import SHIP_TYPES
from stsdetect.schema import POSITIONS, TEXT
from stsdetect.settings import ReadSettings

#: Rows of a batch, and of a row group in what is written: what is read at once sets the memory.
_ROWS = 1 << 18
#: How positions are written so that they are read fast: latitudes and longitudes hardly repeat and are kept as they
#: are, line numbers as differences, all else by dictionary.
WRITING: dict[str, Any] = {
    "compression": {c.name: "none" if c.name in ("lat_deg", "lon_deg") else "lz4" for c in POSITIONS},
    "use_dictionary": [c.name for c in POSITIONS if c.name not in ("lat_deg", "lon_deg", "source_row")],
    "column_encoding": {"source_row": "DELTA_BINARY_PACKED"},
}
#: Line numbers of other types than whole numbers are exact up to here.
_MAX_ROW = 1 << 53
_WORDS = {"transceiver": set(CLASSES.values()), "station": set(STATIONS)}
_RANGES = {
    "time": (FIRST_US, LAST_US - 1),
    "mmsi": (0, MAX_MMSI),
    "imo": (0, 10**10),
    "nav_status": (0, 15),
    "message_type": (0, 63),
    "source_row": (1, (1 << 63) - 1),
    "ship_type": (min(SHIP_TYPES), max(SHIP_TYPES)),  # each number between them is one
}


def own_batch(table: pa.Table, label: str, first: int) -> Batch:
    """Build a batch from rows with the names of the positions table; their own source columns are kept."""
    columns = require_own(table.column_names, label)
    ready = _ready(table, label, first)
    if ready is not None:
        return Batch(table.num_rows, ready)
    batch = table_batch(table, columns, partial(any_utc, order=None, utc_offset_h=0.0), label, first)
    if remark := time_remark([table.column(columns["time"])], None):
        batch.remarks.setdefault(remark, 0)
    kept = batch.positions
    place = pa.array(kept.column("source_row").to_numpy() - first)
    for name, convert in (("source_file", strings), ("source_row", _row_numbers)):
        if name in table.column_names:
            own = convert(plain(table.column(name)).take(place))
            found = pc.coalesce(own, plain(kept.column(name)).cast(own.type))
            if name == "source_file":
                found = found.dictionary_encode().cast(TEXT)
            kept = kept.set_column(kept.column_names.index(name), POSITIONS.arrow.field(name), found)
    batch.positions = kept
    return batch


def _row_numbers(array: pa.Array) -> pa.Array:
    """Return line numbers; what is none becomes null."""
    if array.type != pa.int64():
        array, _ = whole(array, 1, _MAX_ROW, pa.int64())
    return pc.if_else(pc.less(array, 1), pa.scalar(None, pa.int64()), array)


def _ready(table: pa.Table, label: str, first: int) -> pa.Table | None:
    """Return rows that were judged before they were written as they stand, or None where one has to be judged."""
    size = table.num_rows
    if len(set(table.column_names)) < table.num_columns or not size:
        return None
    if any(pa.types.is_nested(kind) or pa.types.is_binary(kind) for kind in table.schema.types):
        return None
    given = {name: plain(table.column(name)) for name in table.column_names if name in POSITIONS.names}
    if any(given[c.name].type != c.type for c in POSITIONS if c.name in given) or given["time"].null_count:
        return None
    known = [given[name] for name in ("mmsi", "vessel_id") if name in given]
    if all(array.null_count for array in known):
        return None
    lat, lon = given["lat_deg"], given["lon_deg"]
    if (lat.null_count or lon.null_count) and not lat.is_null().equals(lon.is_null()):
        return None
    for name in ("source_file", "source_row"):
        missing = given[name].null_count if name in given else size
        if missing == size:
            given[name] = constant(label, size) if name == "source_file" else pa.array(np.arange(first, first + size))
        elif missing:
            return None
    return with_nulls(given, size) if all(_in_order(name, array) for name, array in given.items()) else None


def _in_order(name: str, array: pa.Array) -> bool:
    """Say whether `rows.build` would leave every value of a column as it is."""
    if array.null_count == len(array):
        return True
    if pa.types.is_floating(array.type):
        return math.isfinite(pc.sum(array).as_py() or 0.0)
    if pa.types.is_dictionary(array.type):
        texts = array.dictionary
        if name in _WORDS:
            return set(texts.to_pylist()) <= _WORDS[name]
        if name != "source_file" and (pc.max(pc.binary_length(texts)).as_py() or 0) > MAX_TEXT:
            return False
        return not texts.null_count and (name == "source_file" or bool(strings(texts).equals(texts)))
    if name in _RANGES:
        ends = pc.min_max(array.cast(pa.int64()) if name == "time" else array).as_py()
        low, high = _RANGES[name]
        return bool(low <= ends["min"] <= ends["max"] <= high)
    return True


class PositionsParquet:
    """Parquet with the columns of the positions table."""

    name = "positions"
    title = "stsdetect positions in Parquet"
    doc = (
        "Columns as in `stsdetect about columns`; at least time, lat_deg, lon_deg and mmsi or vessel_id. source_file "
        "and source_row still lead to the first export."
    )
    time_rule = "time is UTC."
    lost = "nothing."

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether it is Parquet with our column names."""
        return own_columns(head.parquet_columns) is not None

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read it in batches of rows."""
        names = [name for name in POSITIONS.names if name in head.parquet_columns]

        def judge(part: tuple[int, Callable[[], pa.Table]]) -> Batch:
            first, load = part
            batch = own_batch(load(), source.label, first)
            if source.alike and batch.positions.num_rows:
                batch.positions = found(batch.positions)
            return batch

        return ahead(source.parquet_parts(names, _ROWS), judge)


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
        pq.write_table(positions, aside, row_group_size=_ROWS, **WRITING)
        os.replace(aside, target)
    except OSError as problem:
        raise UsageError(f"{target} cannot be written: {problem.strerror or problem}") from problem
    finally:
        aside.unlink(missing_ok=True)
