"""Delimited text row by row: lists are small beside AIS, but cells may hold line breaks, and anything else."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stsdetect.readers.blocks import text_blocks
from stsdetect.readers.header import BOM, decode_line
from stsdetect.readers.source import Head, Source
from stsdetect.readers.unpack import PARQUET
from stsdetect.score.watchlists.protocol import Draft

#: A quoted cell may go on over so many lines; one that goes on longer has lost its closing quote (our choice: remarks
#: of the lists read here have a handful of lines).
MAX_LINES_OF_ROW = 30
#: A longer line is no row of a list [characters]; the longest of OFAC's of 2021 has 1,300.
MAX_ROW_CHARS = 200_000
#: Rows looked at to recognise a layout.
SAMPLE_ROWS = 30
_DELIMITERS = ",;\t|"
#: The end of a file of DOS, with which OFAC's files end.
_SUB = "\x1a"


@dataclass(frozen=True)
class Row:
    """One row: its first line, its cells, and what is wrong with it."""

    line: int
    cells: list[str]
    problem: str = ""


def text_lines(source: Source) -> Iterator[str]:
    """Yield the lines of a file, without their ends; lines that are not UTF-8 are read as Latin-1."""
    stream = source.open()
    try:
        first = True
        for block in text_blocks(stream):
            for raw in block.split(b"\n")[:-1]:  # a block ends with a newline
                yield decode_line(raw.removeprefix(BOM) if first else raw).rstrip("\r")
                first = False
    finally:
        stream.close()


def head_lines(head: Head) -> list[str]:
    """Return the whole lines among the first bytes of a file; none where they are no text."""
    if head.data.startswith(PARQUET):
        return []
    lines = head.data.removeprefix(BOM).split(b"\n")
    lines = lines if head.whole else lines[:-1]
    return [decode_line(line).rstrip("\r") for line in lines]


def rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Split lines into rows; a quote that is not closed costs its own line only."""
    waiting: list[str] = []
    number = 0

    def ahead(place: int) -> str | None:
        while len(waiting) <= place:
            line = next(lines, None)
            if line is None:
                return None
            waiting.append(line)
        return waiting[place]

    while (line := ahead(0)) is not None:
        row, used = _row(line, ahead, delimiter, number + 1)
        del waiting[:used]
        number += used
        if row is not None:
            yield row


def _row(line: str, ahead: Callable[[int], str | None], delimiter: str, number: int) -> tuple[Row | None, int]:
    """Return the row that begins with a line, None where it is blank, and how many lines it takes."""
    if not line.strip(" \t\r" + _SUB + delimiter):
        return None, 1
    if len(line) > MAX_ROW_CHARS:
        return Row(number, [line[:100]], "too_long"), 1
    if '"' not in line:
        return Row(number, line.split(delimiter)), 1
    used = 0

    def feed() -> Iterator[str]:
        nonlocal used
        size = 0
        while used < MAX_LINES_OF_ROW and size <= MAX_ROW_CHARS and (more := ahead(used)) is not None:
            used += 1
            size += len(more)
            yield more + "\n"

    try:
        return Row(number, next(csv.reader(feed(), delimiter=delimiter, strict=True))), used
    except csv.Error:
        pass
    try:
        cells = next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return Row(number, [line[:100]], "too_long"), 1
    return Row(number, cells, "open_quote" if used > 1 or line.count('"') % 2 else ""), 1


@dataclass(frozen=True)
class Table:
    """A header and what follows it: where it stands, its cells, and how they are separated."""

    names: tuple[str, ...]
    delimiter: str
    line: int

    def has(self, *names: str) -> bool:
        """Say whether all of these columns are there, case aside."""
        known = {name.casefold() for name in self.names}
        return all(name.casefold() in known for name in names)


def find_table(head: Head) -> Table | None:
    """Return the first line that is not blank as a header, None where it can be none."""
    for number, line in enumerate(head_lines(head), start=1):
        if not line.strip():
            continue
        delimiter = max(_DELIMITERS, key=line.count)
        first = next(rows(iter([line]), delimiter), None)
        names = () if first is None or "\x00" in line else tuple(cell.strip() for cell in first.cells)
        return Table(names, delimiter, number) if any(any(map(str.isalpha, name)) for name in names) else None
    return None


def records(source: Source, table: Table, draft: Draft) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and cells by column of every row behind the header; rows of another width are rejected.

    Columns are named in lower case. Empty cells that are missing at the end of a row are no fault.
    """
    names = [name.casefold() for name in table.names]
    for row in rows(text_lines(source), table.delimiter):
        if row.line <= table.line:
            continue
        cells = row.cells
        if row.problem:
            draft.reject(row.line, row.problem, cells[0])
        elif [cell.strip().casefold() for cell in cells] == names:
            draft.pass_over("the header again")
        elif len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            draft.reject(row.line, "wrong_column_count", f"{len(cells)} cells under {len(names)} columns")
        elif len(cells) < len(names) and len(cells) == 1 < len(names):
            draft.reject(row.line, "wrong_column_count", f"1 cell under {len(names)} columns")
        else:
            padded = [*cells, *[""] * (len(names) - len(cells))]
            yield row.line, dict(zip(names, (cell.strip() for cell in padded), strict=False))


def samples(head: Head, delimiter: str = ",") -> list[list[str]]:
    """Return the cells of the first rows of a file without a header."""
    found = [row.cells for row in rows(iter(head_lines(head)[:SAMPLE_ROWS]), delimiter)]
    return found[:SAMPLE_ROWS]


def pieces(text: str) -> list[str]:
    """Split a cell of several values joined by ``;``, any of which may be quoted.

    >>> pieces('ALPHA;"BETA; OLD";GAMMA'), pieces("")
    (['ALPHA', 'BETA; OLD', 'GAMMA'], [])
    """
    if not text.strip():
        return []
    try:
        return [piece.strip() for piece in next(csv.reader([text.replace("\n", " ")], delimiter=";"), [])]
    except csv.Error:
        return [piece.strip() for piece in text.split(";")]
