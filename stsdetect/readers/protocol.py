"""What a reader gives back, and what it must offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from stsdetect.errors import InputError, shown
from stsdetect.schema import EVENTS, SOURCES
from stsdetect.settings import ReadSettings

if TYPE_CHECKING:
    from stsdetect.readers.source import Head, Source


class DamagedError(InputError):
    """A file breaks off or cannot be unpacked; what came before it is still good."""


class QuestionError(InputError):
    """A file is AIS, but it cannot be read rightly until the user says how; never passed over in silence."""


@dataclass(frozen=True)
class Reject:
    """One row that could not be read: its line, a stable reason, the wrong value and the raw text."""

    row: int
    reason: str
    detail: str
    text: str


@dataclass
class Batch:
    """Some rows of one source: ``rows`` = rows of ``positions`` and ``events`` + ``rejects``.

    ``events`` (`told.TOLD`) are those of a source that tells what others found; ``emptied`` counts optional values
    that could not be read and became null, by column; ``remarks`` are
    sentences about the file, kept once each. ``from_start`` says that times were counted on from ``read.start_time``
    in a file that has shown none of its own.
    """

    rows: int
    positions: pa.Table
    rejects: list[Reject] = field(default_factory=list)
    emptied: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    events: pa.Table | None = None
    from_start: bool = False


@dataclass(frozen=True)
class Doubt:
    """What in a file speaks against the way it was read: a stable name, and a sentence with the evidence.

    Nothing is ever changed for it; the file is read as its layout and the settings say.
    """

    kind: str
    sentence: str


@dataclass(frozen=True)
class FileReport:
    """What became of one file or archive member.

    Always ``rows_read == rows_kept + rows_filtered + sum(rejected.values())``. ``doubts`` are about columns that may be
    exchanged or of another unit. ``layout`` is empty where the file is damaged before its first row.
    """

    path: str
    member: str | None
    layout: str
    bytes: int
    rows_read: int
    rows_kept: int
    rows_filtered: int
    rejected: dict[str, int]
    notes: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()

    @property
    def label(self) -> str:
        """``path`` or ``path!member``, as `shown`, as in the column ``source_file``."""
        return shown(self.path) if self.member is None else f"{shown(self.path)}!{self.member}"


@dataclass(frozen=True)
class ReadResult:
    """Positions and rejects as Arrow tables (`schema.POSITIONS`, `schema.REJECTS`), and a report per file.

    ``skipped`` names the files of folders, globs and archives that are not AIS, each with the reason (one
    that is damaged has a report, and a reject, instead); ``events`` (`schema.EVENTS`) are those that others found and
    the files tell of, each once, and ``event_sources`` (`schema.SOURCES`) say where. ``vessels_not_found`` are those
    asked for that have no row, at any time, sorted.
    """

    positions: pa.Table
    rejects: pa.Table
    files: tuple[FileReport, ...]
    skipped: tuple[tuple[str, str], ...]
    events: pa.Table = field(default_factory=EVENTS.empty)
    event_sources: pa.Table = field(default_factory=SOURCES.empty)
    vessels_not_found: tuple[str, ...] = ()


class Reader(Protocol):
    """One public source of AIS: recognised by content, never by name.

    Other packages offer theirs through the entry point group ``stsdetect.readers``. One whose rows are no lines may
    have a method ``raw(source, head, rows)`` as well, which returns the text of rows by number (`raw_lines`).
    """

    @property
    def name(self) -> str:
        """Short stable name, as in `FileReport.layout`."""

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def doc(self) -> str:
        """How it is recognised and what is done with its values, in sentences."""

    @property
    def time_rule(self) -> str:
        """What its times mean: column, form, zone."""

    @property
    def lost(self) -> str:
        """What of it is not kept."""

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether a file that begins so is of this layout."""

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file in pieces; every row of it is in one batch, kept or rejected."""
