"""Back from ``source_file`` and ``source_row`` to the row as it stands in the export, to be quoted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator

from stsdetect.errors import InputError, StsError, UsageError
from stsdetect.readers.convert import value_at
from stsdetect.readers.finding import expand, is_database, on_disk
from stsdetect.readers.frame import LABEL
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.protocol import Reader
from stsdetect.readers.recognition import named, recognise
from stsdetect.readers.source import Head, Source
from stsdetect.readers.unpack import PARQUET
from stsdetect.settings import ReadSettings

#: Longest text of a row that is given back [characters]; a sentence or line of any AIS export is shorter.
MAX_RAW = 2000
_CHUNK_BYTES = 1 << 20


def raw_line(label: str, row: int, *, layout: str | None = None, limit: int = MAX_RAW) -> str:
    """Return the raw text of one row, see `raw_lines`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "x.csv")
    ...     _ = path.write_text("mmsi,time\\n412000001,2024-03-01\\n")
    ...     raw_line(str(path), 2)
    '412000001,2024-03-01'
    """
    return raw_lines(label, [row], layout=layout, limit=limit)[row]


def raw_lines(label: str, rows: Iterable[int], *, layout: str | None = None, limit: int = MAX_RAW) -> dict[int, str]:
    """Return the raw text of rows as it stands in their file, in one pass through it.

    Parameters
    ----------
    label
        ``source_file`` of a row: a path, or ``archive.zip!member``. Packed files are unpacked as they are read.
    rows
        ``source_row`` of each: line numbers counted from 1; for Parquet the numbers of rows, whose values are given.
    layout
        Name of the file's layout (``layout`` in ``run.json``), where it is not to be recognised again.
    limit
        A longer text is cut [characters].

    Returns
    -------
    Text by row number. It was written by strangers: it may hold control characters, and anything else.

    Raises
    ------
    InputError
        If the file is gone or damaged, or has no such row.
    UsageError
        If its rows cannot be quoted one by one, or a number is no row number.
    """
    wanted = sorted(set(rows))
    if wanted and wanted[0] < 1:
        raise UsageError(f"there is no row {wanted[0]}: rows are counted from 1")
    source = _source(label)
    head = source.head()
    reader = _reader(head) if layout is None else named(layout)
    own = getattr(reader, "raw", None)
    if isinstance(reader, TextLayout):
        source, head = reader.recoded(source, head)
    if own is not None:
        found = own(source, head, wanted)
    elif head.data.startswith(PARQUET):
        found = dict(_parquet_rows(source, wanted, limit))
    elif _is_document(head.data):
        which = "in no layout that is recognised: say which" if layout is None else "which cannot be quoted"
        raise UsageError(f"the rows of {label} are items of a JSON document, not lines, {which}")
    else:
        found = dict(_lines(source, wanted, limit))
    lacking = [row for row in wanted if row not in found]
    if lacking:
        raise InputError(f"{label} has no row {lacking[0]}; it is not the file it was when it was read")
    return {row: text[:limit] for row, text in found.items()}


def _reader(head: Head) -> Reader | None:
    """Return the layout of a file; None where it is not recognised, or could be several."""
    try:
        return recognise(head, ReadSettings())
    except StsError:
        return None


def _source(label: str) -> Source:
    """Find the file, or the archive and its member, that a label names; either may have a ``!`` in its name."""
    file = on_disk(label)
    whole = os.path.isfile(file) or is_database(file)
    paths = [file] if whole else [on_disk(label[:at]) for at, letter in enumerate(label) if letter == "!"]
    for path in paths:
        if whole or os.path.isfile(path):
            found = next((source for source in expand([path]) if source.label == label), None)
            if found is not None:
                return found
    if label == LABEL:
        raise UsageError("these rows came from a frame in Python, not from a file; look them up there")
    raise InputError(f"{label} does not exist any more, or is no regular file")


def _is_document(data: bytes) -> bool:
    """Say whether this is JSON whose items are not each on a line of its own."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return True
    if not text.startswith(b"{"):
        return False
    first = text.partition(b"\n")[0]
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return True
    return False


def _lines(source: Source, wanted: list[int], limit: int) -> Iterator[tuple[int, str]]:
    """Yield the lines of the numbers wanted (rising), with bounded memory."""
    stream = source.open()
    try:
        asked = iter(wanted)
        row = next(asked, None)
        number, kept = 1, b""
        while row is not None:
            data = stream.read(_CHUNK_BYTES)
            if not data:
                if number == row and kept:
                    yield row, _text(kept, limit)
                return
            begin = 0
            while row is not None:
                if number < row:  # pass over whole lines
                    passed = data.count(b"\n", begin)
                    if number + passed < row:
                        number += passed
                        break
                    for _ in range(row - number):
                        begin = data.index(b"\n", begin) + 1
                    number = row
                end = data.find(b"\n", begin)
                if end < 0:
                    kept = (kept + data[begin : begin + 4 * limit])[: 4 * limit]
                    break
                yield row, _text(kept + data[begin:end], limit)
                kept, begin, number = b"", end + 1, row + 1
                row = next(asked, None)
    finally:
        stream.close()


def _text(line: bytes, limit: int) -> str:
    """Decode a line as the readers do; as many bytes as the limit could need."""
    line = line[: 4 * limit].rstrip(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as problem:
        # A character may have been cut at the end.
        cut = problem.start >= len(line) - 3 and len(line) == 4 * limit
        return line[: problem.start].decode("utf-8") if cut else line.decode("latin-1")


def _parquet_rows(source: Source, wanted: list[int], limit: int) -> Iterator[tuple[int, str]]:
    """Yield rows of a Parquet file as ``name=value`` of all that have a value."""
    file = source.parquet()
    first = 1
    for group in range(file.metadata.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        rows = [row for row in wanted if first <= row < first + count]
        if rows:
            table = file.read_row_group(group)
            for row in rows:
                values = [value_at(column, row - first) for column in table.columns]
                told = zip(table.column_names, values, strict=True)
                yield row, ", ".join(f"{name}={value}" for name, value in told if value is not None)[:limit]
        first += count
