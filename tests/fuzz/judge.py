"""Read one input in one of several ways, and judge what comes out: no exception but ours, every row accounted."""

from __future__ import annotations

import atexit
import io
import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import StsError
from stsdetect.kernels.choice import use_compiled, why_no_loops
from stsdetect.readers import ReadResult, blocks, recognition, streaming, text
from stsdetect.readers.alike import expanded
from stsdetect.readers.header import Header, find_header, find_header_with
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.rows import FIRST_US, LAST_US, MAX_MMSI, MAX_TEXT
from stsdetect.readers.source import ByteStream, Head, Source
from stsdetect.readers.text import TextSpec, split_slow
from stsdetect.schema import EVENTS, POSITIONS
from stsdetect.settings import ReadSettings
from tests.fuzz.seeds import SETTINGS

LABEL = "input"
#: Where Linux holds files in memory: to make one on a disk can cost more than to read it.
MEMORY = "/dev/shm"
#: Control characters but for what stands between sentences of a message: they could steer a terminal.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_WHOLE = {"mmsi": (0, MAX_MMSI), "imo": (0, 10**10), "nav_status": (0, 15), "message_type": (0, 63)}
_WHOLE |= {"ship_type": (0, 255), "source_row": (1, (1 << 63) - 1)}
_FLOATS = [column.name for column in POSITIONS if pa.types.is_floating(column.type)]
_TEXTS = [column.name for column in POSITIONS if pa.types.is_dictionary(column.type)]


class BrokenRuleError(AssertionError):
    """What was read breaks a rule that holds for every input."""


@dataclass(frozen=True)
class Way:
    """One way of reading: blocks of the form of `readers.alike`, compiled loops, a real file, small blocks."""

    hints: bool = False
    fast: bool = False
    disk: bool = False
    block: int = 0
    #: Lines are split as those of large blocks are, however few they are.
    large: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    filters: dict[str, Any] = field(default_factory=dict)
    #: Read these ways as well: the same rows must come.
    like: tuple[Way, ...] = ()


_ODD = {"utc_offset_h": 5.5, "speed_unit": "0.1kn", "day_first": True, "start_time": "2024-03-01T00:00:00Z"}
_SINCE = {"since": datetime(2020, 1, 1, tzinfo=UTC), "vessels": ["367000001", "V-17"]}
_LOOPS = why_no_loops() is None
#: The ways of reading, and how many of 128 inputs are read so. Those that compare read an input three or four times, in
#: blocks of 200 bytes and threads for each even more: with these shares they take a sixth of the time.
WAYS: tuple[tuple[Way, int], ...] = (
    (Way(), 27),
    (Way(large=True), 20),
    (Way(hints=True), 20),
    (Way(hints=True, large=True), 12),
    (Way(hints=True, fast=_LOOPS), 12),
    (Way(hints=True, fast=_LOOPS, large=True), 4),
    (Way(settings=_ODD), 8),
    (Way(settings=_ODD, large=True), 4),
    (Way(filters=_SINCE), 8),
    (Way(like=(Way(large=True, fast=_LOOPS), Way(hints=True, large=True), Way(hints=True, fast=_LOOPS))), 4),
    (Way(large=True, like=(Way(block=200), Way(block=200, fast=_LOOPS))), 1),
    (Way(disk=True), 8),
)
SHARES: tuple[int, ...] = tuple(number for number, (_, share) in enumerate(WAYS) for _ in range(share))


#: The input looked at last, and how it begins.
_heads: list[Any] = [None, None]


@dataclass(frozen=True)
class _Held(Source):
    """An input that is held in memory."""

    content: bytes = b""

    def head(self) -> Head:
        """Looked at once: what layouts find in it is kept with it."""
        if _heads[0] is not self.content:
            _heads[:] = [self.content, super().head()]
        found: Head = _heads[1]
        return found

    def open(self) -> ByteStream:
        return ByteStream(io.BytesIO(self.content), self.label, self.tick, self.encoding)


@dataclass
class Outcome:
    """What became of an input: the layout that read it (None: none did), its rows, or what was said against it."""

    layout: str | None = None
    positions: pa.Table | None = None
    result: ReadResult | None = None
    refusal: str = ""


@cache
def _folder() -> Path:
    """A folder for inputs as files, the same as long as the process lasts: messages name it."""
    folder = tempfile.TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else None)
    atexit.register(folder.cleanup)
    return Path(folder.name)


@contextmanager
def _at_hand(content: bytes, disk: bool) -> Iterator[list[str]]:
    """Offer bytes as an input of `stream`: as a file, or out of memory, which is faster."""
    if disk or content[:2] == b"PK":  # archives are opened by their path
        path = _folder() / LABEL
        path.write_bytes(content)
        yield [str(path)]
        return
    usual = streaming.expand
    streaming.expand = lambda items, without: [_Held(LABEL, "held", len(content), LABEL, True, content=content)]
    try:
        yield [LABEL]
    finally:
        streaming.expand = usual


def read(content: bytes, layout: str, way: Way) -> Outcome:
    """Read an input of a layout in one way, and judge it; any exception that is not ours comes out."""
    settings = ReadSettings(**{**SETTINGS.get(layout, {}), **way.settings})
    usual = blocks.BLOCK_BYTES, text.FEW_LINES
    blocks.BLOCK_BYTES, text.FEW_LINES = way.block or usual[0], 0 if way.large else usual[1]
    outcome = Outcome()
    try:
        with (
            _at_hand(content, way.disk) as inputs,
            use_compiled(way.fast),
            streaming.stream(inputs, settings=settings, hints=way.hints, **way.filters) as stream,
        ):
            tables = list(stream)
            outcome.result = stream.result()
    except StsError as problem:
        outcome.refusal = str(problem)
        if type(problem).exit_code == 1:
            raise
    finally:
        blocks.BLOCK_BYTES, text.FEW_LINES = usual
    if outcome.result is None:
        _judge_text(outcome.refusal)
        return outcome
    files = outcome.result.files
    outcome.layout = files[0].layout if files else None
    for table in tables:
        if not way.hints and table.schema != POSITIONS.arrow:
            raise BrokenRuleError("positions have another schema")
    outcome.positions = pa.concat_tables([expanded(table) for table in tables] or [POSITIONS.empty()])
    _judge_account(outcome.result, outcome.positions)
    if outcome.positions.num_rows:
        _judge_values(outcome.positions)
    if outcome.result.events.num_rows:
        _judge_events(outcome.result.events)
    if len(files) == 1 and content[:2] != b"PK":
        _judge_lines(content, settings, outcome)
    return outcome


def judge(content: bytes, layout: str, number: int) -> Outcome:
    """Read an input in the way of this number in `WAYS`, and judge it.

    Raises
    ------
    Exception
        Whatever is raised is a finding.
    """
    way = WAYS[number][0]
    outcome = read(content, layout, way)
    for other in way.like:
        _judge_same(outcome, read(content, layout, other), other)
    return outcome


def _judge_text(message: str) -> None:
    if CONTROL.search(message):
        raise BrokenRuleError("a message holds control characters")
    if len(message) > 5000:
        raise BrokenRuleError("a message is longer than anybody reads")
    if not message.strip():
        raise BrokenRuleError("an error without a message")


def _judge_account(result: ReadResult, positions: pa.Table) -> None:
    kept = rejected = 0
    for report in result.files:
        if report.rows_read != report.rows_kept + report.rows_filtered + sum(report.rejected.values()):
            raise BrokenRuleError("the account of a file does not add up")
        kept += report.rows_kept
        rejected += sum(report.rejected.values())
        for note in report.notes:
            _judge_text(note)
    for _, why in result.skipped:
        _judge_text(why)
    told = result.events.num_rows
    # An event that is told twice is kept twice, and one event.
    if kept != positions.num_rows + told and not (told and kept > positions.num_rows + told):
        raise BrokenRuleError("rows kept are not the positions")
    if rejected != result.rejects.num_rows:
        raise BrokenRuleError("rows rejected are not the rejects")
    for row in result.rejects.to_pylist() if rejected else ():
        if not row["reason"] or row["source_row"] < 1:
            raise BrokenRuleError("a reject without a reason or a row")
        if len(row["detail"] or "") > MAX_TEXT + 20 or len(row["text"] or "") > MAX_TEXT + 20:
            raise BrokenRuleError("a reject with a long text")


def _judge_events(events: pa.Table) -> None:
    """Look whether events have a time and a place that can be."""
    if events.schema != EVENTS.arrow:
        raise BrokenRuleError("events have another schema")
    for name in ("start_time", "end_time", "lat_deg", "lon_deg", "duration_h"):
        if events.column(name).null_count:
            raise BrokenRuleError(f"an event without {name}")
    start, end = (events.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time"))
    if not (start.min() >= FIRST_US and end.max() < LAST_US and (start <= end).all()):
        raise BrokenRuleError("an event at a time that cannot be")
    for column in events.columns:
        column.validate(full=True)
        if pa.types.is_floating(column.type) and not math.isfinite(pc.sum(column).as_py() or 0.0):
            raise BrokenRuleError("a number of an event is not finite")


def _judge_values(table: pa.Table) -> None:
    """Look whether values are in the ranges of their columns."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    columns = {name: column for name, column in columns.items() if column.null_count < len(column)}
    time = table.column("time")
    micro = time.cast(pa.int64()).to_numpy() if not time.null_count else np.zeros(1)
    if not (micro.min() >= FIRST_US and micro.max() < LAST_US):
        raise BrokenRuleError("a time is null or out of range")
    for name in _FLOATS:
        if name in columns and not _is_finite(columns[name]):
            raise BrokenRuleError(f"{name} is not finite")
    for name, (low, high) in _WHOLE.items():
        if name in columns:
            ends = pc.min_max(columns[name]).as_py()
            if ends["min"] < low or ends["max"] > high:
                raise BrokenRuleError(f"{name} is out of range")
    lat, lon = table.column("lat_deg"), table.column("lon_deg")
    if lat.null_count != lon.null_count or (lat.null_count and lat.is_null() != lon.is_null()):
        raise BrokenRuleError("half a position")
    if (
        table.column("mmsi").null_count
        and pc.any(pc.and_(table.column("mmsi").is_null(), table.column("vessel_id").is_null())).as_py()
    ):
        raise BrokenRuleError("a row without a vessel")
    for name in _TEXTS:
        for chunk in columns[name].chunks if name in columns else ():
            chunk.validate(full=True)


def _is_finite(column: pa.ChunkedArray) -> bool:
    """Say whether no number is NaN or infinite; finite ones, too, can have an infinite sum, but not if made small."""
    return math.isfinite(pc.sum(column).as_py()) or math.isfinite(pc.sum(pc.abs(pc.multiply(column, 1e-300))).as_py())


def _judge_lines(content: bytes, settings: ReadSettings, outcome: Outcome) -> None:
    """Look whether every data line of delimited text is one row."""
    assert outcome.result is not None
    assert outcome.positions is not None
    reader = next((layout for layout in recognition.layouts() if layout.name == outcome.layout), None)
    held: Source = _Held(LABEL, "held", len(content), LABEL, True, content=content)
    head = held.head()
    if isinstance(reader, TextLayout):
        held, head = reader.recoded(held, head)
    found = _header(reader, head, settings)
    if found is None:
        return
    report = outcome.result.files[0]
    rows = report.rows_read - report.rejected.get("damaged_file", 0)
    lines = [
        number
        for number, line in enumerate(head.data[found.end :].split(b"\n"), start=found.row + 1)
        for part in _parts(line, found)
        if part.strip() and not (part.startswith(b"#") and _is_comment(part.decode("utf-8", "replace"), found))
    ]
    if rows != len(lines) and not report.rejected.get("damaged_file"):
        raise BrokenRuleError(f"{'fewer' if rows < len(lines) else 'more'} rows than lines")
    if report.rows_filtered:
        return
    if report.rejected.get("damaged_file"):
        return
    numbers = [*outcome.result.rejects.column("source_row").to_pylist()]
    numbers += outcome.positions.column("source_row").to_pylist()
    if sorted(numbers) != lines:
        raise BrokenRuleError("rows that do not lead to a line of their own")


def _parts(line: bytes, header: Header) -> list[bytes]:
    """A line is several where carriage returns stand in it and two or more of them have the columns of a row."""
    whole = line.rstrip(b"\r")
    parts = whole.split(b"\r")
    if len(parts) == 1 or _is_row(whole, header) or sum(_is_row(part, header) for part in parts) < 2:
        return [whole]
    return parts


def _is_row(line: bytes, header: Header) -> bool:
    """Say whether a line has the columns of a row."""
    return not split_slow([(1, line)], TextSpec(header, {})).rejects


def _is_comment(line: str, header: Header) -> bool:
    """A line that begins with a number sign is one, unless it has the cells of a row or is the header again."""
    return not header.repeats(line) and not _is_row(line.encode("utf-8", "replace"), header)


def _header(reader: Any, head: Head, settings: ReadSettings) -> Header | None:
    """The header of delimited text; None where it is something else."""
    if isinstance(reader, TextLayout):
        return reader._header(head)
    if reader is not recognition.TABLE or head.parquet_columns:
        return None
    return find_header_with(head, settings.columns.values()) or find_header(head)


def _judge_same(one: Outcome, two: Outcome, way: Way) -> None:
    what = f"{way.hints=} {way.fast=} {way.block=} {way.large=}"
    if one.refusal != two.refusal or (one.result is None) != (two.result is None):
        raise BrokenRuleError(f"refused one way only ({what})")
    if one.result is None or two.result is None:
        return
    if one.result.files != two.result.files:
        raise BrokenRuleError(f"another account ({what})")
    assert one.positions is not None
    assert two.positions is not None
    rows = [_in_order(outcome.positions) for outcome in (one, two)]
    if rows[0] != rows[1]:
        raise BrokenRuleError(f"other positions ({what})")
    if _in_order(one.result.rejects) != _in_order(two.result.rejects):
        raise BrokenRuleError(f"other rejects ({what})")


def _in_order(table: pa.Table | None) -> list[dict[str, Any]]:
    assert table is not None
    return sorted(table.to_pylist(), key=lambda row: row["source_row"])
