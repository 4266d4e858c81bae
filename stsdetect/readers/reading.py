"""Read anything: recognise, read, filter, and account for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import InputError, StsError, UsageError
from stsdetect.readers.dma import DMA
from stsdetect.readers.frame import LABEL, as_table, read_frame
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.nmea import NMEA
from stsdetect.readers.noaa import NOAA_2015, NOAA_2025
from stsdetect.readers.parquet import POSITIONS_PARQUET
from stsdetect.readers.protocol import Batch, DamagedError, FileReport, QuestionError, Reader, ReadResult, Reject
from stsdetect.readers.rows import reject_table
from stsdetect.readers.source import Head, Source, expand
from stsdetect.readers.table import TABLE, suggestion
from stsdetect.readers.text import find_header
from stsdetect.schema import POSITIONS, REJECTS
from stsdetect.settings import ReadSettings

if TYPE_CHECKING:
    import pandas as pd

#: Every layout, in the order they are tried.
LAYOUTS: tuple[Reader, ...] = (POSITIONS_PARQUET, NMEA, NOAA_2015, NOAA_2025, DMA, TABLE)
_TEXT_LAYOUTS = tuple(layout for layout in LAYOUTS if isinstance(layout, TextLayout))

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Filter:
    """Which rows are wanted; the bounds are microseconds UTC, ``since`` inclusive and ``until`` exclusive."""

    since: int | None
    until: int | None
    vessels: frozenset[str] | None

    def mask(self, table: pa.Table) -> pa.Array | None:
        """Return which rows pass, or None where all do."""
        masks = []
        if self.since is not None or self.until is not None:
            micro = table.column("time").cast(pa.int64())
            if self.since is not None:
                masks.append(pc.greater_equal(micro, self.since))
            if self.until is not None:
                masks.append(pc.less(micro, self.until))
        if self.vessels is not None:
            numbers = sorted(
                {int(text) for text in self.vessels if text.isascii() and text.isdigit() and len(text) <= 18}
            )
            by_id = pc.is_in(table.column("vessel_id").cast(pa.string()), pa.array(sorted(self.vessels), pa.string()))
            by_mmsi = pc.is_in(table.column("mmsi"), pa.array(numbers, pa.int64()))
            masks.append(pc.or_(by_id, by_mmsi))
        if not masks:
            return None
        result = masks[0]
        for mask in masks[1:]:
            result = pc.and_(result, mask)
        return result


@dataclass
class _Tally:
    """What has been read of one file."""

    label: str
    rows: int = 0
    filtered: int = 0
    tables: list[pa.Table] = field(default_factory=list)
    rejected: list[pa.Table] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    last_row: int = 0
    emptied: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)

    def add(self, batch: Batch, wanted: _Filter) -> None:
        self.rows += batch.rows
        self.reject(batch.rejects)
        self.emptied += batch.emptied
        for text, count in batch.remarks.items():
            self.remarks[text] += count
        table = batch.positions
        mask = wanted.mask(table) if table.num_rows else None
        if mask is not None:
            kept = table.filter(mask)
            self.filtered += table.num_rows - kept.num_rows
            table = kept
        if table.num_rows:
            self.tables.append(table)

    def reject(self, rejects: list[Reject]) -> None:
        """Take in rejected rows; as a table, because there can be millions."""
        if rejects:
            self.reasons.update(reject.reason for reject in rejects)
            self.rejected.append(reject_table(self.label, rejects))
            self.last_row = max(self.last_row, *(reject.row for reject in rejects))

    def report(self, path: str, member: str | None, layout: str, size: int) -> FileReport:
        notes = [f"{column}: {count} unreadable values left empty" for column, count in sorted(self.emptied.items())]
        notes += [f"{text}: {count}" if count else text for text, count in sorted(self.remarks.items())]
        kept = sum(table.num_rows for table in self.tables)
        reasons = dict(sorted(self.reasons.items()))
        return FileReport(path, member, layout, size, self.rows, kept, self.filtered, reasons, tuple(notes))


def read(
    inputs: Sequence[str | Path] | str | Path | pd.DataFrame | pa.Table,
    *,
    settings: ReadSettings | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    vessels: Collection[str | int] | None = None,
    progress: Progress | None = None,
) -> ReadResult:
    """Read AIS of any supported layout.

    Parameters
    ----------
    inputs
        Files, folders (searched through, sorted), globs and archives; or one pandas or Arrow table, with our
        column names or with ``settings.columns``.
    settings
        Column map and rules for times.
    since, until
        Keep rows from ``since`` on and before ``until``; a time without a zone is UTC.
    vessels
        Keep only these MMSI or vessel ids.
    progress
        Called with the file, the packed bytes read and the packed bytes in all.

    Returns
    -------
    ReadResult
        Rows kept and rows rejected, and an account per file.

    Raises
    ------
    InputError
        If an input does not exist, holds no AIS, or cannot be read without an answer from the user.
    UsageError
        If the column map is wrong.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"time": ["2024-03-01T00:00:00Z"], "lat_deg": [38.5], "lon_deg": [122.0], "mmsi": [1]})
    >>> read(table).files[0].rows_kept
    1
    """
    settings = settings or ReadSettings()
    names = None if vessels is None else frozenset(str(vessel).strip() for vessel in vessels)
    wanted = _Filter(_micro(since), _micro(until), names)
    if isinstance(inputs, pa.Table) or hasattr(inputs, "columns"):
        return _read_frame(inputs, settings, wanted)
    items: Iterable[str | Path] = [inputs] if isinstance(inputs, (str, Path)) else inputs
    return _read_files(expand(items), settings, wanted, progress)


def inspect_layout(path: str | Path, *, settings: ReadSettings | None = None) -> tuple[tuple[str, str], ...]:
    """Return (label, layout name) of a file and, for an archive, of each member that is AIS.

    Raises
    ------
    InputError
        If nothing in it is recognised.
    """
    settings = settings or ReadSettings()
    found, problems = [], []
    for source in expand([path]):
        try:
            found.append((source.label, _recognise(source.head(), settings).name))
        except StsError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    return tuple(found)


def _micro(time: datetime | None) -> int | None:
    if time is None:
        return None
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return int(np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))


def _read_frame(frame: Any, settings: ReadSettings, wanted: _Filter) -> ReadResult:
    table = as_table(frame, settings)
    tally = _Tally(LABEL)
    for batch in read_frame(table, settings):
        tally.add(batch, wanted)
    report = tally.report(LABEL, None, "frame", table.nbytes)
    return _result([tally], [report], [])


def _read_files(
    sources: list[Source], settings: ReadSettings, wanted: _Filter, progress: Progress | None
) -> ReadResult:
    tallies: list[_Tally] = []
    reports: list[FileReport] = []
    skipped: list[tuple[str, str]] = []
    problems: dict[str, StsError] = {}
    good: set[str] = set()
    for source in sources:
        source = replace(source, tick=_ticker(source, progress))
        try:
            tally, layout = _read_source(source, settings, wanted)
        except QuestionError:
            raise
        except (InputError, UsageError) as problem:
            if source.alone:
                raise
            skipped.append((source.label, str(problem)))
            problems.setdefault(source.origin, problem)
            continue
        if progress is not None:
            progress(source.label, source.size, source.size)
        good.add(source.origin)
        tallies.append(tally)
        reports.append(tally.report(source.path, source.member, layout, source.size))
    for origin, first in problems.items():
        if origin not in good:
            count = sum(source.origin == origin for source in sources)
            kind = InputError if isinstance(first, InputError) else UsageError
            raise kind(f"no AIS found in {origin} ({count} files looked at). The first: {first}")
    if not sources:
        raise InputError("no input given: name files, folders or globs of AIS exports")
    return _result(tallies, reports, skipped)


def _ticker(source: Source, progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda done: progress(source.label, min(done, source.size), source.size)


def _read_source(source: Source, settings: ReadSettings, wanted: _Filter) -> tuple[_Tally, str]:
    head = source.head()
    layout = _recognise(head, settings)
    tally = _Tally(source.label)
    batches: Iterator[Batch] = layout.read(source, head, settings)
    try:
        for batch in batches:
            tally.add(batch, wanted)
    except DamagedError as problem:
        if not tally.rows:
            raise
        # What came before the damage is good; the damage itself counts as one row, so that it shows.
        last = max([tally.last_row, *(_last_row(table) for table in tally.tables)])
        tally.rows += 1
        tally.reject([Reject(last + 1, "damaged_file", str(problem)[:500], "")])
    return tally, layout.name


def _last_row(table: pa.Table) -> int:
    return int(pc.max(table.column("source_row")).as_py() or 0)


def _recognise(head: Head, settings: ReadSettings) -> Reader:
    if not head.data.strip():
        raise InputError(f"{head.label} is empty")
    for layout in LAYOUTS:
        if layout.recognise(head, settings):
            return layout
    raise InputError(_unknown(head))


def _unknown(head: Head) -> str:
    """Say why a file was not recognised, and what to do."""
    names = head.parquet_columns
    if not names:
        if head.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return f"{head.label} is text in UTF-16; save it as UTF-8"
        if b"\x00" in head.data:
            return f"{head.label} is not text, Parquet or an archive of them"
        header = find_header(head)
        if header is None:
            return (
                f"{head.label} is not AIS in a layout stsdetect knows: no NMEA sentence and no header row in its "
                "first lines. See `stsdetect about formats`"
            )
        names = list(header.cells)
    near = max(_TEXT_LAYOUTS, key=lambda layout: len(set(layout.names) & set(names)))
    shared = len(set(near.names) & set(names))
    lacking = [name for name in near.required if name not in names] or ["a time column"]
    if shared * 2 >= len(names) and len(lacking) == 1:
        return (
            f"{head.label} looks like {near.title} but has no column '{lacking[0]}'. If another column holds it, "
            f"map the columns. {suggestion(names)}"
        )
    return (
        f"{head.label} is a table in no layout stsdetect knows (columns: {', '.join(names)[:400]}). {suggestion(names)}"
    )


def _result(tallies: list[_Tally], reports: list[FileReport], skipped: list[tuple[str, str]]) -> ReadResult:
    tables = [table for tally in tallies for table in tally.tables]
    rejects = [table for tally in tallies for table in tally.rejected]
    positions = pa.concat_tables(tables).unify_dictionaries() if tables else POSITIONS.empty()
    lost = pa.concat_tables(rejects).unify_dictionaries() if rejects else REJECTS.empty()
    return ReadResult(positions, lost, tuple(reports), tuple(skipped))
