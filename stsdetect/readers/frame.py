"""A pandas or Arrow table from Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from stsdetect.errors import SchemaError
from stsdetect.readers.parquet import own_batch
from stsdetect.readers.protocol import Batch
from stsdetect.readers.table import frame_batches, require_own, resolve_map
from stsdetect.schema import POSITIONS, to_arrow
from stsdetect.settings import ReadSettings

#: What `source_file` says of rows that came from Python.
LABEL = "frame"
_ROWS = 1 << 20


def as_table(frame: Any, settings: ReadSettings) -> pa.Table:
    """Return the needed columns of a pandas or Arrow table; the caller's table is not changed.

    Raises
    ------
    InputError, UsageError, SchemaError
        If needed columns are missing, or hold what Arrow cannot take.
    """
    names = [str(name) for name in (frame.column_names if isinstance(frame, pa.Table) else frame.columns)]
    if settings.columns:
        wanted = set(resolve_map(settings.columns, names, "the frame").values())
    else:
        require_own(names, "the frame")
        wanted = set(POSITIONS.names)
    given = frame.column_names if isinstance(frame, pa.Table) else frame.columns
    chosen = [name for name in given if str(name) in wanted]
    if len(chosen) > len(set(chosen)):
        twice = next(name for name in chosen if chosen.count(name) > 1)
        raise SchemaError(f"the frame has more than one column '{twice}': which is meant? Rename the others")
    if isinstance(frame, pa.Table):
        return frame.select(chosen)
    return to_arrow(frame[chosen], "the frame")


def read_frame(table: pa.Table, settings: ReadSettings) -> Iterator[Batch]:
    """Read a table from `as_table` in batches."""
    if settings.columns:
        yield from frame_batches(table, settings, LABEL)
        return
    time = table.schema.field("time").type
    if pa.types.is_timestamp(time) and time.tz is None:
        raise SchemaError(
            "column 'time' of the frame holds times without a time zone; make them UTC, "
            "for example with .dt.tz_localize('UTC')"
        )
    for first in range(0, table.num_rows, _ROWS):
        yield own_batch(table.slice(first, _ROWS), LABEL, first + 1)
