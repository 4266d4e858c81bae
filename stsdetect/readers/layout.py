"""Layouts of delimited text that are recognised by their header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from stsdetect.readers.protocol import Batch
from stsdetect.readers.rows import FLOATS, Times
from stsdetect.readers.source import PARQUET, Head, Source
from stsdetect.readers.text import TextSpec, Tidy, find_header, read_text
from stsdetect.readers.times import NAIVE, day_first_utc, iso_utc
from stsdetect.settings import ReadSettings


def untouched(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Change nothing."""
    return columns


def plain_types(columns: Iterable[str], times: Times | None = None) -> dict[str, pa.DataType]:
    """Return what Arrow may make of columns (by our key) as it splits text."""
    types = {key: pa.float64() for key in columns if key in FLOATS or key in ("lat", "lon", "mmsi")}
    if times is iso_utc:
        types["time"] = NAIVE
    return types


@dataclass(frozen=True)
class TextLayout:
    """A public export in delimited text.

    ``names`` maps the source's column names to ours, several spellings allowed; the layout is recognised
    by the ``required`` names, and the order and number of the others do not matter.
    """

    name: str
    title: str
    doc: str
    names: dict[str, str]
    required: tuple[str, ...]
    times: Times
    tidy: Tidy = untouched
    missing: frozenset[str] = frozenset()

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether the header has all required names."""
        if head.data.startswith(PARQUET):
            return False
        header = find_header(head)
        if header is None or not set(self.required) <= set(header.cells):
            return False
        return "time" in {self.names.get(cell) for cell in header.cells}

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file in blocks."""
        header = find_header(head)
        assert header is not None
        columns: dict[str, int] = {}
        for position, cell in enumerate(header.cells):
            if cell in self.names:
                columns.setdefault(self.names[cell], position)
        clock = "day_first" if self.times is day_first_utc else "iso"
        spec = TextSpec(header, columns, plain_types(columns, self.times), clock=clock, steady=True)
        return read_text(source, spec, self.times, self.tidy, self.missing)
