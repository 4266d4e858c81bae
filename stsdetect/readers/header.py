"""The header of delimited text: where it stands, and how a line is split into cells."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from stsdetect.readers.protocol import QuestionError
from stsdetect.readers.source import Head
from stsdetect.readers.unpack import PARQUET

#: A header is looked for in so many lines from the top, blank ones and comments not counted.
HEADER_LINES = 10
#: Time, latitude, longitude, vessel.
LEAST_COLUMNS = 4
#: The byte-order mark of UTF-8 (The Unicode Standard, 23.8).
BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Header:
    """The header row: its cells, how they are separated, its line number and where the data begin."""

    cells: tuple[str, ...]
    delimiter: str
    row: int
    end: int
    text: str

    @cached_property
    def names(self) -> frozenset[str]:
        """The cells, to look for some of them."""
        return frozenset(self.cells)

    def repeats(self, line: str) -> bool:
        """Say whether a line is this header again (files joined end to end)."""
        first = line.lstrip("\ufeff").split(self.delimiter, 1)[0].strip().strip('"')
        return first == self.cells[0]


def refuse_twins(cells: Sequence[str], names: Collection[str], label: str) -> None:
    """Ask which is meant where a column that is to be read is there more than once.

    Raises
    ------
    QuestionError
        If one of ``names`` stands twice among the ``cells`` of the header.
    """
    for name in dict.fromkeys(cell for cell in cells if cell in names):
        places = [str(place) for place, cell in enumerate(cells, start=1) if cell == name]
        if len(places) > 1:
            raise QuestionError(
                f"{label} has {len(places)} columns '{name}' (the {', '.join(places[:5])}. of {len(cells)}): "
                "which is meant? Rename the others in its header"
            )


def find_header(head: Head) -> Header | None:
    """Return the header of delimited text: the first line that is neither blank nor a comment.

    Where that is no row of names but a title, it is the first of the next lines that can name time, place and vessel.
    The Danish header is itself written as a comment (``# Timestamp``) and is taken as one.
    """
    first, *others = head.look(_first_lines) or [None]
    return first or next((header for header in others if header and len(header.cells) >= LEAST_COLUMNS), None)


def find_header_with(head: Head, names: Collection[str]) -> Header | None:
    """Return the first of the first lines that has all these cells: some exports have lines of title above it."""
    for header in head.look(headers):  # asked by every layout: a generator would cost more
        if header.names.issuperset(names):
            return header
    return None


def headers(head: Head) -> list[Header]:
    """Return those of the first lines that look like a header."""
    return [header for header in head.look(_first_lines) if header]


def _first_lines(head: Head) -> list[Header | None]:
    """Return the first lines that are neither blank nor comments, as headers where they look like one."""
    if head.data.startswith(PARQUET):
        return []
    end = 0
    found: list[Header | None] = []
    lines = head.data.split(b"\n")
    for number, line in enumerate(lines if head.whole else lines[:-1], start=1):  # the last may not be whole
        end += len(line) + 1
        text = decode_line(line.removeprefix(BOM) if number == 1 else line).strip("\r")
        if not text.strip() or (text.startswith("#") and not _danish(text)):
            continue
        found.append(_as_header(text, number, end))
        if len(found) == HEADER_LINES:
            break
    return found


def _as_header(text: str, number: int, end: int) -> Header | None:
    delimiter = max(_DELIMITERS, key=text.count)
    if not text.count(delimiter):
        return None
    cells = split_line(text, delimiter)
    if len([cell for cell in cells if any(map(str.isalpha, cell))]) * 2 < len(cells):
        return None
    return Header(tuple(cell.strip() for cell in cells), delimiter, number, end, text)


def _danish(text: str) -> bool:
    return text.lstrip("# ").startswith("Timestamp")


def decode_line(data: bytes) -> str:
    """Return a line as text: UTF-8, or Latin-1 where it is none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def split_line(text: str, delimiter: str) -> list[str]:
    """Split one line; a quoted cell may hold delimiters and doubled quotes, a stray quote is itself."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return text.split(delimiter)
