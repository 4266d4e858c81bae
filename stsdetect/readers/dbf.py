"""Attribute tables of shapefiles (dBASE III): records of one width, which hold the rows a shapefile is about.

They are read here and not through GDAL so that they can stand in any archive, and so that every record is accounted
for: GDAL passes over deleted and missing ones in silence.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.readers.header import refuse_twins
from stsdetect.readers.layout import untouched
from stsdetect.readers.protocol import Batch, DamagedError, Reject
from stsdetect.readers.rows import MAX_TEXT, Origin, Times, build
from stsdetect.readers.source import Head, Source
from stsdetect.readers.text import Tidy
from stsdetect.settings import ReadSettings

#: Bytes of records read at once.
_BLOCK_BYTES = 1 << 23
#: Sizes of the header and of each description of a field, and the byte behind the last (dBASE III file format).
_HEADER, _FIELD, _END = 32, 32, 0x0D
_LIVE, _DELETED, _OVER = ord(" "), ord("*"), 0x1A
#: How a file of shapes begins (ESRI Shapefile Technical Description, 1998).
SHAPES = b"\x00\x00\x27\x0a"


@dataclass(frozen=True)
class Table:
    """What the header says: records there are, where they begin, the bytes of one, and fields with (begin, width)."""

    count: int
    begin: int
    width: int
    fields: tuple[tuple[str, tuple[int, int]], ...]

    @property
    def names(self) -> list[str]:
        """Names of the fields in their order; one can stand twice."""
        return [name for name, _ in self.fields]


def table_of(head: Head) -> Table | None:
    """Return what the header of an attribute table says; None where the file is none."""
    data = head.data
    if len(data) < _HEADER or data[0] & 7 != 3:
        return None
    count, begin, width = struct.unpack_from("<IHH", data, 4)
    fields: list[tuple[str, tuple[int, int]]] = []
    place = 1  # behind the mark of deletion
    for at in range(_HEADER, min(begin, len(data) - _FIELD), _FIELD):
        if data[at] == _END:
            break
        name = data[at : at + 11].split(b"\x00")[0].decode("latin-1").strip()
        fields.append((name, (place, data[at + 16])))
        place += data[at + 16]
    return Table(count, begin, width, tuple(fields)) if fields and place == width else None


@dataclass(frozen=True)
class DbfLayout:
    """A public export as a shapefile; the parts are those of `layout.TextLayout`. ``source_row`` counts records."""

    name: str
    title: str
    doc: str
    time_rule: str
    lost: str
    names: dict[str, str]
    required: tuple[str, ...]
    times: Times
    tidy: Tidy = untouched

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether it is an attribute table with all required fields."""
        table = head.look(table_of)
        return table is not None and set(self.required) <= set(table.names)

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the records in blocks."""
        table = head.look(table_of)
        assert table is not None
        refuse_twins(table.names, self.names, source.label)
        columns: dict[str, tuple[int, int]] = {}
        for name, span in table.fields:
            if name in self.names:
                columns.setdefault(self.names[name], span)
        first = 1
        for records in _records(source, table):
            yield self._batch(records, columns, source.label, first)
            first += len(records)
        if first <= table.count:
            raise DamagedError(f"{source.label} is cut short: {first - 1} of {table.count} records; fetch it again")

    def raw(self, source: Source, head: Head, rows: list[int]) -> dict[int, str]:
        """Return the texts of records by number, as far as they can be read."""
        table = head.look(table_of)
        found: dict[int, str] = {}
        first = 1
        with suppress(DamagedError):
            for records in () if table is None else _records(source, table):
                found |= {row: _text(records[row - first]) for row in rows if first <= row < first + len(records)}
                first += len(records)
        return found

    def _batch(self, records: NDArray[np.uint8], columns: dict[str, tuple[int, int]], label: str, first: int) -> Batch:
        live = records[:, 0] == _LIVE
        lines, rows = first + np.flatnonzero(live), records[live]
        remarks: Counter[str] = Counter()
        raw = {key: _texts(rows[:, begin : begin + width], remarks) for key, (begin, width) in columns.items()}
        batch = build(self.tidy(raw, remarks), self.times, Origin(label, lines, lambda i: _text(rows[i])))
        batch.remarks.update(remarks)
        for i in np.flatnonzero(~live).tolist():
            batch.rejects.append(Reject(first + i, "deleted_record", "marked as deleted", _text(records[i])[:MAX_TEXT]))
        batch.rows = len(records)
        return batch


def _text(record: NDArray[np.uint8]) -> str:
    """Return a record on one line, the blanks that fill its fields left out."""
    return " ".join(record.tobytes().decode("latin-1").replace("\x00", " ").split())


def _records(source: Source, table: Table) -> Iterator[NDArray[np.uint8]]:
    """Yield records, shape (n, width), up to the end mark or the end of the file."""
    stream = source.open()
    try:
        stream.read(table.begin)
        size = max(_BLOCK_BYTES // table.width, 1) * table.width
        while data := stream.read(size):
            whole = len(data) // table.width
            records = np.frombuffer(data, np.uint8, whole * table.width).reshape(whole, table.width)
            strange = np.flatnonzero((records[:, 0] != _LIVE) & (records[:, 0] != _DELETED))
            good = int(strange[0]) if len(strange) else whole
            if good:
                yield records[:good]
            rest = data[good * table.width :]
            if rest[:1] == bytes([_OVER]):
                return
            if rest:
                raise DamagedError(f"{source.label} is damaged: a record is cut short or not one; fetch it again")
    finally:
        stream.close()


def _texts(cells: NDArray[np.uint8], remarks: Counter[str]) -> pa.Array:
    """Return the text of one field, each distinct once; bytes that are no UTF-8 are read as Latin-1."""
    cells = np.ascontiguousarray(np.where(cells == 0, np.uint8(_LIVE), cells))
    count, width = cells.shape
    if not width:
        return pa.nulls(count, pa.string())
    array = pa.Array.from_buffers(pa.binary(width), count, [None, pa.py_buffer(cells)]).cast(pa.binary())
    try:
        return array.cast(pa.string()).dictionary_encode()
    except pa.ArrowInvalid:
        remarks["fields that are not UTF-8, read as Latin-1"] += 1
        return pa.array([cell.as_py().decode("latin-1") for cell in array], pa.string()).dictionary_encode()
