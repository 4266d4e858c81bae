"""Layouts in Parquet that are recognised by the names of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from stsdetect.readers.ahead import ahead
from stsdetect.readers.layout import untouched
from stsdetect.readers.protocol import Batch
from stsdetect.readers.rows import Times
from stsdetect.readers.source import Head, Source
from stsdetect.readers.table import table_batch
from stsdetect.readers.text import Tidy
from stsdetect.readers.times import any_utc
from stsdetect.settings import ReadSettings

#: Rows of a batch: what is read at once sets the memory.
_ROWS = 1 << 18
#: Timestamps without a zone, and text without one, are UTC.
_any_utc = partial(any_utc, order=None, utc_offset_h=0.0)


@dataclass(frozen=True)
class ParquetLayout:
    """A public export in Parquet; the parts are those of `layout.TextLayout`.

    Columns are typed as the file has them. ``source_row`` is the number of the row, from 1.
    """

    name: str
    title: str
    doc: str
    time_rule: str
    lost: str
    names: dict[str, str]
    required: tuple[str, ...]
    times: Times = _any_utc
    without: tuple[str, ...] = ()
    tidy: Tidy = untouched
    missing: frozenset[str] = frozenset()

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether there are all required columns."""
        theirs = set(head.parquet_columns)
        if not set(self.required) <= theirs or theirs & set(self.without):
            return False
        return "time" in {self.names.get(name) for name in theirs}

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read it in batches of rows."""
        columns: dict[str, str] = {}
        for name in head.parquet_columns:
            if name in self.names:
                columns.setdefault(self.names[name], name)

        def convert(part: tuple[int, Callable[[], pa.Table]]) -> Batch:
            first, load = part
            return table_batch(load(), columns, self.times, source.label, first, self.tidy, self.missing)

        yield from ahead(source.parquet_parts(sorted(set(columns.values())), _ROWS), convert)
