"""What a watch-list is once it is read, and what a reader of one layout must offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from stsdetect.errors import InputError
from stsdetect.readers.source import Head, Source

#: There are some 100,000 ships with an IMO number; OpenSanctions holds 20,000 vessels.
MAX_ENTRIES = 500_000
#: Rejected rows kept as examples of each list; all are counted.
MAX_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One vessel of a list.

    Attributes
    ----------
    entry_id
        The list's own id of it, else ``row`` and its line.
    names
        Its names, the one it is listed under first; at least one, or a number of another sort.
    imos
        IMO numbers that pass their check digit.
    mmsis
        Numbers of the form of a ship's MMSI.
    callsigns
        Call signs, in capitals without spaces.
    programme
        What it is listed for, as the list says it.
    listed_on
        The day it was listed, where the list says so.
    row
        Its first line, element or item in the file.
    delisted_on
        The day it was taken off the list, where the list keeps such entries.
    """

    entry_id: str
    names: tuple[str, ...]
    imos: tuple[int, ...] = ()
    mmsis: tuple[int, ...] = ()
    callsigns: tuple[str, ...] = ()
    programme: str = ""
    listed_on: date | None = None
    row: int = 0
    delisted_on: date | None = None

    @property
    def name(self) -> str:
        """The name it is listed under; empty where there is none."""
        return self.names[0] if self.names else ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that could not be read: its line, a stable reason, and the value."""

    row: int
    reason: str
    detail: str


@dataclass
class Draft:
    """What a reader finds, row by row: ``rows == kept + passed_over + rejected``.

    ``passed_over`` are rows that are sound but list no vessel, by reason.
    """

    entries: list[Entry] = field(default_factory=list)
    rows: int = 0
    kept: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    examples: list[BadRow] = field(default_factory=list)
    #: Values that were left out of entries that are kept, by what is wrong with them.
    left_out: Counter[str] = field(default_factory=Counter)
    #: Sentences about the file, kept once each.
    remarks: dict[str, None] = field(default_factory=dict)
    #: Name and date as the file has them.
    name: str = ""
    date: date | None = None

    def keep(self, entry: Entry) -> None:
        """Take a row as an entry.

        Raises
        ------
        InputError
            If there are more than any list has: it was made to fill memory.
        """
        if len(self.entries) == MAX_ENTRIES:
            raise InputError(f"a watch-list of more than {MAX_ENTRIES:,} vessels is none; see what the file is")
        self.entries.append(entry)
        self.kept += 1
        self.rows += 1

    def pass_over(self, reason: str) -> None:
        """Count a row that lists no vessel."""
        self.passed_over[reason] += 1
        self.rows += 1

    def reject(self, row: int, reason: str, detail: str) -> None:
        """Count a row that could not be read."""
        self.rejected[reason] += 1
        self.rows += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(BadRow(row, reason, detail[:200]))


@dataclass(frozen=True)
class WatchList:
    """A list as it was read.

    Attributes
    ----------
    name, date
        As told, else as the file has them; ``date`` None where neither says it.
    layout
        Name of the layout it was read as.
    path
        The file (and archive member).
    beside
        Files read with it (other names of an OFAC list).
    rows, kept, passed_over, rejected
        Rows read = kept + passed over + rejected.
    stale
        For the packaged list: what there is to say of its age.
    """

    name: str
    date: date | None
    layout: str
    path: str
    entries: tuple[Entry, ...]
    beside: tuple[str, ...] = ()
    rows: int = 0
    kept: int = 0
    passed_over: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    examples: tuple[BadRow, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    stale: str = ""

    @property
    def label(self) -> str:
        """Its name and date, for sentences."""
        return f"{self.name} of {self.date.isoformat()}" if self.date else f"{self.name} (undated)"


class ListReader(Protocol):
    """One layout of lists: recognised by content, never by the name of the file."""

    @property
    def name(self) -> str:
        """Short stable name."""

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def doc(self) -> str:
        """How it is recognised and what is taken from it, in sentences."""

    @property
    def dated(self) -> str:
        """Where its date is taken from, in a sentence."""

    @property
    def origin(self) -> str:
        """Who describes the layout."""

    def recognise(self, head: Head) -> bool:
        """Say whether a file that begins so is of this layout."""

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the file; yields the one draft it fills when all of it is read."""
