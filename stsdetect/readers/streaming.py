"""Read anything block by block: filter the rows, and account for every one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import InputError, StsError, UsageError
from stsdetect.readers.alike import expanded
from stsdetect.readers.asked import Moment, Paths, VesselIds, as_inputs, as_moment, as_rules, as_vessels
from stsdetect.readers.finding import expand
from stsdetect.readers.frame import LABEL, as_table, read_frame
from stsdetect.readers.json_layout import mapped_names
from stsdetect.readers.layouts.nmea import parse_start
from stsdetect.readers.plugins import PluginError
from stsdetect.readers.protocol import Batch, DamagedError, FileReport, QuestionError, ReadResult, Reject
from stsdetect.readers.recognition import named, recognise
from stsdetect.readers.rows import reject_table
from stsdetect.readers.source import Source, recoded_remark
from stsdetect.readers.suspicion import Sketch, Suspicion, zone_doubts
from stsdetect.readers.told import told_once
from stsdetect.readers.unused import unheeded
from stsdetect.schema import POSITIONS, REJECTS
from stsdetect.settings import ReadSettings

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, int, int], None]
#: A block handed out has at most so many rows ...
MAX_ROWS = 1 << 19
#: ... and at least so many, but for the last: what follows it costs a little for each block, whatever its size.
MIN_ROWS = 100_000
#: Rejected rows are kept up to so many bytes in all (about 400,000 rows); those beyond are counted.
MAX_REJECT_BYTES = 1 << 26
#: So many tables are put together to one: even a table of one row takes kilobytes, and there can be 100,000 files.
MAX_TABLES = 1000


class Stream:
    """Positions in blocks of bounded size, in the order of the input; then the account of what was read.

    Iterate to get tables (`schema.POSITIONS`, each column in one chunk; a text column's dictionary is that
    block's own), then ask for `result`. Only rejected rows are kept, up to `MAX_REJECT_BYTES`. A stream is read once;
    one that is given up early is closed with ``close`` or by a ``with`` statement.
    """

    def __init__(self, blocks: Iterator[pa.Table], account: _Account) -> None:
        self._blocks, self._account = blocks, account

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.Table:
        return next(self._blocks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading and close the file at hand."""
        self._blocks.close()  # type: ignore[attr-defined]

    def result(self) -> ReadResult:
        """Return what became of every file and row; its positions are empty.

        Raises
        ------
        UsageError
            If there are blocks left to read.
        """
        if not self._account.whole:
            raise UsageError("the stream has not been read to its end; iterate over it before asking for the result")
        return self._account.result(POSITIONS.empty())


def stream(
    inputs: Paths | pd.DataFrame | pa.Table,
    *,
    settings: ReadSettings | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    vessels: VesselIds | None = None,
    progress: Progress | None = None,
    hints: bool = False,
    without: Collection[str] = (),
) -> Stream:
    """Read AIS of any supported layout in blocks, so that memory does not grow with the input.

    Parameters, and errors, are those of `read`; errors about a file are raised when its turn comes. A packed
    Parquet file is unpacked in memory, and of a mapped table with dates like 03/04/2021 the times are looked at
    before the rest is read; all other layouts are read in one pass. With ``hints`` a block may have the form of
    `readers.alike`. Files whose real paths are in ``without`` are passed over.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"time": ["2024-03-01T00:00:00Z"], "lat_deg": [38.5], "lon_deg": [122.0], "mmsi": [1]})
    >>> blocks = stream(table)
    >>> sum(block.num_rows for block in blocks), blocks.result().files[0].rows_kept
    (1, 1)
    """
    settings = as_rules(settings, ReadSettings, "load_settings(read={...}).read")
    inputs, names = as_inputs(inputs), as_vessels(vessels)
    start, end = as_moment(since, "since"), as_moment(until, "until")
    wanted = _Filter(_micro(start), _micro(end), None if names is None else frozenset(names), set(names or ()))
    mapped_names(settings)  # a misspelt key is told, even where a layout needs no map
    if settings.start_time:
        parse_start(settings.start_time)  # and so is what is no time
    if settings.layout is not None:
        named(settings.layout)
    account = _Account(settings, wanted.unseen)
    if not isinstance(inputs, list):
        tables = _read_frame(inputs, settings, wanted, account)
    else:
        sources = [replace(source, alike=hints) for source in expand(inputs, without)]
        account.several = len(sources) > 1
        tables = _read_files(sources, settings, wanted, progress, account)
    return Stream(_even(tables, account, hints), account)


@dataclass(frozen=True)
class _Filter:
    """Which rows are wanted; the bounds are microseconds UTC, ``since`` inclusive and ``until`` exclusive.

    ``unseen`` are the wanted vessels of which no row, of any time, has come yet.
    """

    since: int | None
    until: int | None
    vessels: frozenset[str] | None
    unseen: set[str]

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
            numbers = sorted({number for name in self.vessels if (number := _number(name)) is not None})
            by_id = pc.is_in(table.column("vessel_id").cast(pa.string()), pa.array(sorted(self.vessels), pa.string()))
            by_mmsi = pc.is_in(table.column("mmsi"), pa.array(numbers, pa.int64()))
            masks.append(pc.or_(by_id, by_mmsi))
            if self.unseen:
                self._see(table.select(["mmsi", "vessel_id"]).filter(masks[-1]))
        if not masks:
            return None
        result = masks[0]
        for mask in masks[1:]:
            result = pc.and_(result, mask)
        return result

    def of_events(self, events: pa.Table) -> pa.Array:
        """Return which events pass: by their start, and by either vessel."""
        time = events.column("start_time").cast(pa.int64())
        mask = pc.is_valid(time)
        if self.since is not None:
            mask = pc.and_(mask, pc.greater_equal(time, self.since))
        if self.until is not None:
            mask = pc.and_(mask, pc.less(time, self.until))
        if self.vessels is not None:
            names = pa.array(sorted(self.vessels), pa.string())
            either = [pc.is_in(events.column(side), names) for side in ("vessel_a", "vessel_b")]
            mask = pc.and_(mask, pc.or_(*either))
            if self.unseen:
                self._see(events.select(["vessel_a", "vessel_b"]))
        return mask

    def _see(self, names: pa.Table) -> None:
        """Note the vessels in columns of ids and MMSI."""
        here: set[Any] = set()
        for column in names.columns:
            coded = pa.types.is_dictionary(column.type)
            here.update(pc.unique(column.cast(pa.string()) if coded else column).to_pylist())
        here.discard(None)
        self.unseen.difference_update([name for name in self.unseen if name in here or _number(name) in here])


@dataclass
class _Account:
    """What became of all files."""

    settings: ReadSettings
    #: Wanted vessels of which no row has come.
    unseen: set[str] = field(default_factory=set)
    reports: list[FileReport] = field(default_factory=list)
    rejected: list[pa.Table] = field(default_factory=list)
    events: list[pa.Table] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    sketches: list[tuple[str, Sketch]] = field(default_factory=list)
    #: Whether there are files to compare with each other.
    several: bool = False
    whole: bool = False
    #: The file whose times were counted on from ``read.start_time``.
    started: str | None = None
    #: Bytes of rejected rows that may still be kept.
    room: int = MAX_REJECT_BYTES

    def start(self, label: str) -> None:
        """Note that times of a file were counted on from the start given, which is that of one log."""
        if self.started not in (None, label):
            raise QuestionError(
                f"{self.started} and {label} are both NMEA without times, and cannot both begin at read.start_time "
                f"({self.settings.start_time}): put the parts of one log together into one file, in their order, and "
                "read logs that begin at other times each in a run of its own"
            )
        self.started = label

    def close(self, tally: _Tally, source: Source, layout: str) -> None:
        """Enter a file that was read to its end."""
        self.reports.append(tally.report(source.path, source.member, layout, source.size))
        if tally.rejected:  # in the order of lines, wherever the file was cut
            table = pa.concat_tables(tally.rejected).unify_dictionaries()
            rows = table.column("source_row").to_numpy()
            if (rows[1:] < rows[:-1]).any():  # else a copy is spared: there may be very many
                table = table.combine_chunks().take(pa.array(np.argsort(rows, kind="stable")))
            self.rejected.append(table)
            if len(self.rejected) >= MAX_TABLES:
                self.rejected = [pa.concat_tables(self.rejected).unify_dictionaries().combine_chunks()]
        self.events += tally.events
        if self.several:
            self.sketches.append((tally.label, tally.suspicion.sketch()))

    def result(self, positions: pa.Table) -> ReadResult:
        """Return the account beside positions."""
        lost = pa.concat_tables(self.rejected).unify_dictionaries() if self.rejected else REJECTS.empty()
        across = zone_doubts(self.sketches)
        files = [replace(file, doubts=(*file.doubts, *across.get(k, ()))) for k, file in enumerate(self.reports)]
        if files:
            layouts = (file.layout for file in files if file.layout)
            said = unheeded(self.settings, layouts, (note for file in files for note in file.notes))
            files[0] = replace(files[0], notes=(*said, *files[0].notes))
        return ReadResult(
            positions, lost, tuple(files), tuple(self.skipped), *told_once(self.events), tuple(sorted(self.unseen))
        )


@dataclass
class _Tally:
    """What has been read of one file."""

    label: str
    account: _Account
    rows: int = 0
    kept: int = 0
    filtered: int = 0
    rejected: list[pa.Table] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    events: list[pa.Table] = field(default_factory=list)
    last_row: int = 0
    emptied: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    suspicion: Suspicion = field(default_factory=Suspicion)

    def add(self, batch: Batch, wanted: _Filter) -> pa.Table:
        """Count a batch and return its wanted rows."""
        self.rows += batch.rows
        self.reject(batch.rejects)
        self.emptied += batch.emptied
        if batch.from_start:
            self.account.start(self.label)
        for text, count in batch.remarks.items():
            self.remarks[text] += count
        if batch.events is not None:
            told = batch.events.filter(wanted.of_events(batch.events))
            self.events.append(told)
            self.kept += told.num_rows
            self.filtered += batch.events.num_rows - told.num_rows
        table = batch.positions
        if not table.num_rows:
            return table
        self.suspicion.look(table)
        self.last_row = max(self.last_row, pc.max(table.column("source_row")).as_py() or 0)
        if wanted.vessels is not None:
            table = expanded(table)
        mask = wanted.mask(table)
        if mask is not None:
            kept = table.filter(mask)
            self.filtered += table.num_rows - kept.num_rows
            table = kept
        self.kept += table.num_rows
        return table

    def reject(self, rejects: list[Reject]) -> None:
        """Take in rejected rows; as a table, because there can be millions, and only counted where there are more."""
        if not rejects:
            return
        self.reasons.update(reject.reason for reject in rejects)
        self.suspicion.refuse(rejects)
        self.last_row = max(self.last_row, *(reject.row for reject in rejects))
        if self.account.room > 0:
            self.rejected.append(reject_table(self.label, rejects))
            self.account.room -= self.rejected[-1].nbytes
        else:
            self.remarks["rejected rows that are counted, but not kept to look at"] += len(rejects)

    @property
    def next_row(self) -> int:
        """The row after the last; a positions table may number its rows as high as numbers go."""
        return min(self.last_row + 1, (1 << 63) - 1)

    def damage(self, problem: DamagedError, how_far: str) -> None:
        """Take in, as one rejected row, that the file is damaged behind the last row."""
        what = str(problem).removeprefix(self.label).strip()[:500]
        self.rows += 1
        self.reject([Reject(self.next_row, "damaged_file", what, "")])
        self.remarks[f"{how_far}: it {what}"] += 0

    def report(self, path: str, member: str | None, layout: str, size: int) -> FileReport:
        notes = [f"{column}: {count} unreadable values left empty" for column, count in sorted(self.emptied.items())]
        notes += [f"{text}: {count}" if count else text for text, count in sorted(self.remarks.items())]
        reasons = dict(sorted(self.reasons.items()))
        doubts = self.suspicion.doubts()
        return FileReport(
            path, member, layout, size, self.rows, self.kept, self.filtered, reasons, tuple(notes), doubts
        )


def _number(vessel: str) -> int | None:
    return int(vessel) if vessel.isascii() and vessel.isdigit() and len(vessel) <= 18 else None


def _micro(time: datetime | None) -> int | None:
    """Return a time in UTC as microseconds since 1970."""
    return None if time is None else int(np.datetime64(time.replace(tzinfo=None), "us").astype(np.int64))


def _even(tables: Iterator[pa.Table], account: _Account, hints: bool) -> Iterator[pa.Table]:
    """Cut large tables and put small ones together."""
    waiting: list[pa.Table] = []
    rows = 0  # counted as they come: there can be as many tables as files
    try:
        for given in tables:
            table = given if hints else expanded(given)
            for first in range(0, table.num_rows, MAX_ROWS):
                waiting.append(table.slice(first, MAX_ROWS))
                rows += waiting[-1].num_rows
                if rows >= MIN_ROWS:
                    yield _one(waiting)
                    waiting, rows = [], 0
                elif len(waiting) >= MAX_TABLES:
                    waiting = [_one(waiting)]
        if waiting:
            yield _one(waiting)
        account.whole = True
    finally:
        tables.close()  # type: ignore[attr-defined]


def _one(tables: list[pa.Table]) -> pa.Table:
    if len(tables) == 1:
        return tables[0]
    return pa.concat_tables([expanded(table) for table in tables]).unify_dictionaries().combine_chunks()


def _read_frame(frame: Any, settings: ReadSettings, wanted: _Filter, account: _Account) -> Iterator[pa.Table]:
    table = as_table(frame, settings)
    tally = _Tally(LABEL, account)
    for batch in read_frame(table, settings):
        yield tally.add(batch, wanted)
    account.close(tally, Source(LABEL, None, table.nbytes, LABEL, True), "frame")


def _read_files(
    sources: list[Source], settings: ReadSettings, wanted: _Filter, progress: Progress | None, account: _Account
) -> Iterator[pa.Table]:
    problems: dict[str, StsError] = {}
    good: set[str] = set()
    for source in sources:
        tally = _Tally(source.label, account)
        done = [0]
        try:
            for table in _read_source(
                replace(source, tick=partial(done.__setitem__, 0)), settings, wanted, tally, account
            ):
                # Told from here, not from the thread that reads: callers draw on screens.
                if progress is not None:
                    progress(source.label, min(done[0], source.size), source.size)
                yield table
        except (QuestionError, PluginError):
            raise
        except (InputError, UsageError) as problem:
            if source.alone or tally.rows:
                raise
            problems.setdefault(source.origin, problem)
            if isinstance(problem, DamagedError):  # it may have been AIS: whoever adds up rows must see that it is lost
                tally.damage(problem, "nothing of it could be read")
                account.close(tally, source, "")
            else:
                account.skipped.append((source.label, str(problem)))
            continue
        if progress is not None:
            progress(source.label, source.size, source.size)
        good.add(source.origin)
    for origin, first in problems.items():
        if origin not in good:
            count = sum(source.origin == origin for source in sources)
            kind = InputError if isinstance(first, InputError) else UsageError
            raise kind(f"no AIS found in {origin} ({count} files looked at). The first: {first}")
    if not sources:
        raise InputError("no input given: name files, folders or globs of AIS exports")


def _read_source(
    source: Source, settings: ReadSettings, wanted: _Filter, tally: _Tally, account: _Account
) -> Iterator[pa.Table]:
    head = source.head()
    layout = recognise(head, settings)
    tally.suspicion = Suspicion(head.data)
    if head.encoding:
        tally.remarks[recoded_remark(head.encoding)] += 0
    tally.remarks.update(dict.fromkeys(head.remarks, 0))
    try:
        for batch in layout.read(source, head, settings):
            yield tally.add(batch, wanted)
    except DamagedError as problem:
        if not tally.rows:
            raise
        # What came before the damage is good; the damage itself counts as one row, so that it shows.
        tally.damage(problem, "only its first rows could be read")
    else:
        if head.parquet_columns and head.rows is not None and (said := head.rows()) != tally.rows:
            what = f"says at its end that it has {said:,} rows, and has {tally.rows:,}"
            tally.rows += 1
            tally.reject([Reject(tally.next_row, "damaged_file", what, "")])
    if (change := source.changed()) is not None:
        tally.remarks[change] += 0
    account.close(tally, source, layout.name)
