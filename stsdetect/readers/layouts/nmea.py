"""Raw NMEA 0183 AIVDM sentences, decoded by pyais.

A row is one AIS message: its sentences put together; those of a line that are cut short are one row.
Receivers write the time beside the sentence in one of several ways, because AIS messages themselves carry only the
second of the minute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from typing import Any

import pyarrow as pa

from stsdetect.errors import UsageError
from stsdetect.readers.assembly import Assembler, Part
from stsdetect.readers.blocks import text_blocks
from stsdetect.readers.protocol import Batch, DamagedError, QuestionError, Reject
from stsdetect.readers.rows import FIRST_US, LAST_US, MAX_MMSI, MAX_TEXT, constant
from stsdetect.readers.source import Head, Source
from stsdetect.readers.times import epoch_us
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings
from stsdetect.units import US_PER_S

#: An AIS sentence: tag block, sentence, checksum, and what a receiver put behind it.
SENTENCE = re.compile(
    rb"(?:\\([^\\]*)\\)?"
    rb"(!..VD[MO],(\d),(\d),(\d?),([^,\n]*),([^,*\n]*),(\d))"
    rb"\*([0-9A-Fa-f]{2})([^\\!]*)"
)
_BEGINNING = re.compile(rb"!..VD[MO],")
_TAG_TIME = re.compile(rb"(?:^|,)c:(\d+(?:\.\d+)?)")
_TAG_GROUP = re.compile(rb"(?:^|,)g:(\d{1,3})-(\d{1,3})-(-?\w+)")
_TAG_SOURCE = re.compile(rb"(?:^|,)s:([^,*]*)")
_TAG_CHECK = re.compile(rb"\*([0-9A-Fa-f]{2})$")
_EPOCH_AFTER = re.compile(rb",(\d{9,10}(?:\.\d+)?|\d{13})\s*$")
_EPOCH_BEFORE = re.compile(rb"(?<!\d)(\d{9,10}(?:\.\d+)?|\d{13})[\s,;:|]*$")
_ISO_BEFORE = re.compile(rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:Z| ?UTC)?[\s,;:|]*$")
#: Gatehouse wrapper: time of the sentences that follow it.
_PGHP = re.compile(rb"\$PGHP,\d+,(\d{4}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{0,3})")

#: Bits a message may have (ITU-R M.1371-5 annex 8; type 5 as 422-426 and type 24 without its spare bits are
#: seen, and long-range reports padded to a full slot).
_SLOT = frozenset(range(168, 174))
_BITS: dict[int, frozenset[int]] = {
    1: _SLOT,
    2: _SLOT,
    3: _SLOT,
    5: frozenset(range(420, 430)),
    18: _SLOT,
    19: frozenset(range(312, 318)),
    24: frozenset(range(156, 174)),
    27: frozenset(range(96, 102)) | _SLOT,
}
_BATCH = 100_000
#: A log that shows no time in so many sentences has none.
_MAX_UNTIMED = 200_000
#: So much of a line is kept to be shown [bytes].
_SHOWN = 2000
_FIELDS = (
    "source_row", "time", "mmsi", "message_type", "transceiver", "lat_deg", "lon_deg", "sog_kn", "cog_deg",
    "heading_deg", "nav_status", "imo", "name", "callsign", "ship_type", "to_bow_m", "to_stern_m", "to_port_m",
    "to_starboard_m", "draught_m", "destination",
)  # fmt: skip
_NO_PLACE = (None,) * 6
_NO_STATIC = (None,) * 10

Row = tuple[object, ...]


class _Clock:
    """Times for a log without any, from the first one given and the seconds in position reports."""

    def __init__(self, start: str) -> None:
        self.now = parse_start(start)

    def at(self, second: int | None) -> int:
        """Return the time of a message whose UTC second is known (0-59) or not [us]."""
        if second is None or not 0 <= second < 60:
            return self.now
        ahead = (second - self.now // US_PER_S) % 60
        if ahead < 30:
            self.now += ahead * US_PER_S
            return self.now
        return self.now - (60 - ahead) * US_PER_S


def parse_start(text: str) -> int:
    """Return the time that ``read.start_time`` says [us UTC].

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        start = datetime.fromisoformat(text)
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise UsageError(f"read.start_time {text!r} is not a time; write it like 2024-03-01T00:00:00Z") from problem
    return (start - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND


_MICROSECOND = datetime(1970, 1, 1, 0, 0, 0, 1) - datetime(1970, 1, 1)


def parse_message(kind: int, payload: bytes, fill: int) -> tuple[int, int | None, Row]:
    """Decode one message: MMSI, UTC second or None, and the values from ``message_type`` on.

    Raises
    ------
    ValueError
        If the message has the wrong length or cannot be decoded.
    """
    from pyais.messages import MSG_CLASS, bit_vector  # type: ignore[attr-defined]

    bits = len(payload) * 6 - fill
    if bits not in _BITS[kind]:
        raise ValueError(f"{bits} bits are no length of message type {kind}")
    if kind == 27:
        payload, fill = payload[:16], 0
    elif bits > 168 and kind in (1, 2, 3, 18):
        payload, fill = payload[:28], 0
    try:
        m: Any = MSG_CLASS[kind].from_vector(bit_vector(payload, fill))
    except Exception as problem:  # pyais raises many kinds; all mean the same here
        raise ValueError(f"message type {kind} cannot be decoded: {problem}") from problem
    if kind in (1, 2, 3):
        return m.mmsi, m.second, (kind, "A", m.lat, m.lon, m.speed, m.course, m.heading, int(m.status), *_NO_STATIC)
    if kind == 18:
        return m.mmsi, m.second, (kind, "B", m.lat, m.lon, m.speed, m.course, m.heading, None, *_NO_STATIC)
    if kind == 27:
        # Its "not available" values differ from the other messages'; written as theirs.
        speed = 102.3 if m.speed == 63 else m.speed
        course = 360.0 if m.course == 511 else m.course
        return m.mmsi, None, (kind, None, m.lat, m.lon, speed, course, None, int(m.status), *_NO_STATIC)
    hull = (_get(m, "to_bow"), _get(m, "to_stern"), _get(m, "to_port"), _get(m, "to_starboard"))
    name, call, ship_type = _text(m, "shipname"), _text(m, "callsign"), _get(m, "ship_type")
    if kind == 19:
        place = (m.lat, m.lon, m.speed, m.course, m.heading, None)
        return m.mmsi, m.second, (kind, "B", *place, None, name, None, ship_type, *hull, None, None)
    if kind == 5:
        voyage = (m.draught, _text(m, "destination"))
        return m.mmsi, None, (kind, "A", *_NO_PLACE, m.imo, name, call, ship_type, *hull, *voyage)
    return m.mmsi, None, (kind, "B", *_NO_PLACE, None, name, call, ship_type, *hull, None, None)


def _get(message: object, name: str) -> int | None:
    value = getattr(message, name, None)
    return None if value is None else int(value)


def _text(message: object, name: str) -> str | None:
    value = getattr(message, name, None)
    return str(value).strip("@ ") or None if value else None


class _Log:
    """One NMEA log as it is read."""

    def __init__(self, source: Source, settings: ReadSettings) -> None:
        self.source = source
        self.clock = _Clock(settings.start_time) if settings.start_time else None
        self.assembler = Assembler()
        self.wrapper_us: int | None = None
        self.sentences = self.timed = 0
        #: Rows since the last batch that have their time from the clock.
        self.counted = 0
        self.rows: list[Row] = []
        self.rejects: list[Reject] = []
        self.remarks: Counter[str] = Counter()

    def batches(self) -> Iterator[Batch]:
        stream = self.source.open()
        number = 0
        damage: DamagedError | None = None
        try:
            for block in text_blocks(stream):
                for line in block.split(b"\n")[:-1]:
                    number += 1
                    self.line(number, line)
                if len(self.rows) + len(self.rejects) >= _BATCH and self.settled:
                    yield self.flush()
                if not self.settled and max(self.sentences, len(self.rejects)) > _MAX_UNTIMED:
                    break
        except DamagedError as problem:
            damage = problem  # told when all that came before it is given out
        finally:
            stream.close()
        for group in self.assembler.finish():
            self.incomplete(group)
        if damage is not None:
            if self.settled:
                yield self.flush()
            raise damage
        if not self.settled and self.sentences:
            raise QuestionError(
                f"{self.source.label} is NMEA without any time: AIS messages carry only the second of the minute. "
                "Give the UTC time of its first message with read.start_time (2024-03-01T00:00:00Z), or a log with "
                "tag blocks (c:), $PGHP lines or a Unix time beside each sentence"
            )
        yield self.flush()

    @property
    def settled(self) -> bool:
        """Whether the log has shown a time, or was given one."""
        return self.timed > 0 or self.clock is not None

    def line(self, number: int, line: bytes) -> None:
        """Take in one line: any number of sentences, a wrapper, a comment."""
        found = end = 0
        for match in SENTENCE.finditer(line):
            found += 1
            shown = line if len(line) <= _SHOWN else match[0][:_SHOWN]
            self.sentence(number, shown, match, line[end : match.start()] if match.start() > end else b"")
            end = match.end()
        if line.count(b"!") > found and (missing := sum(1 for _ in _BEGINNING.finditer(line)) - found) > 0:
            # One row for all of a line: they have nothing to tell them apart, and can be as many as fill the memory.
            self.sentences += missing
            detail = "sentence is cut short" if missing == 1 else f"{missing:,} sentences are cut short"
            self.reject(number, "bad_message", detail, line[:_SHOWN])
        elif not found:
            self.other(number, line)

    def other(self, number: int, line: bytes) -> None:
        """Take in a line without an AIS sentence; wrappers, other NMEA, comments and blanks are no rows."""
        text = line.strip()
        if text.startswith(b"$PGHP"):
            self.wrapper_us = _wrapper_time(text)
        elif text and text[:1] not in b"$#\\!":
            self.reject(number, "bad_message", "not an NMEA sentence", line[:_SHOWN])

    def sentence(self, number: int, line: bytes, match: re.Match[bytes], before: bytes) -> None:
        """Take in one sentence; complete messages are decoded at once."""
        self.sentences += 1
        tag, body, parts, part_number, sequence, channel, payload, fill_text, check, after = match.groups()
        time = _own_time(tag, before, after)
        if time is None:
            time = self.wrapper_us
        else:
            # From here on the log dates sentences itself: an old wrapper must not date what follows.
            self.wrapper_us = None
        if time is not None:
            self.timed += 1
        if tag and (said := _TAG_CHECK.search(tag)) and reduce(xor, tag[: said.start()], 0) != int(said[1], 16):
            # No reason to reject: whole logs have *00 there, or the checksum of another block.
            self.remarks["sentences whose tag block has a wrong checksum, read all the same"] += 1
        if reduce(xor, body[1:]) != int(check, 16):
            self.reject(number, "bad_checksum", check.decode(), line)
            return
        count, place = int(parts), int(part_number)
        if count == 1:
            self.message(number, line, time, payload, int(fill_text))
            return
        if not 1 <= place <= count:
            self.reject(number, "bad_message", f"part {place} of {count}", line)
            return
        tag = tag or b""
        group = _TAG_GROUP.search(tag)
        source = _TAG_SOURCE.search(tag)
        part = Part(
            number=number,
            line=line,
            time_us=time,
            count=count,
            place=place,
            key=(sequence, channel),
            group=group[3] if group and int(group[2]) == count and int(group[1]) == place else None,
            source=source[1] if source else None,
            payload=payload,
            fill=int(fill_text),
        )
        complete, dropped = self.assembler.add(part)
        for old in dropped:
            self.incomplete(old)
        if complete:
            times = [p.time_us for p in complete if p.time_us is not None]
            whole = b"".join(p.payload for p in complete)
            first = min(complete, key=lambda p: p.number)
            self.message(first.number, first.line, times[0] if times else None, whole, complete[-1].fill)

    def message(self, number: int, line: bytes, time_us: int | None, payload: bytes, fill: int) -> None:
        """Decode a complete message and keep or reject it."""
        if not payload or fill > 5:
            self.reject(number, "bad_message", "no payload" if not payload else f"{fill} fill bits", line)
            return
        code = payload[0] - 48
        kind = code - 8 if code > 40 else code
        if kind not in _BITS:
            reason = f"message_type_{kind}" if 1 <= kind <= 27 else "bad_message"
            self.reject(number, reason, f"message type {kind}", line)
            return
        try:
            mmsi, second, values = parse_message(kind, payload, fill)
        except ValueError as problem:
            self.reject(number, "bad_message", str(problem), line)
            return
        clock = self.clock if time_us is None and not self.timed else None
        if clock is not None:
            time_us = clock.at(second)
        if time_us is None:
            self.reject(number, "bad_time", "no time beside the sentence", line)
        elif not FIRST_US <= time_us < LAST_US:
            self.reject(number, "time_out_of_range", f"{time_us / US_PER_S:.0f} s", line)
        elif mmsi > MAX_MMSI:
            self.reject(number, "bad_mmsi", str(mmsi), line)
        else:
            self.rows.append((number, time_us, int(mmsi), *values))
            self.counted += clock is not None

    def incomplete(self, group: list[Part]) -> None:
        """Reject a message of which parts are missing, as one row."""
        first = min(group, key=lambda p: p.number)
        have = ", ".join(str(p.place) for p in group)
        self.reject(first.number, "incomplete_message", f"only part {have} of {first.count}", first.line)

    def reject(self, number: int, reason: str, detail: str, line: bytes) -> None:
        """Note a rejected row."""
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        self.rejects.append(Reject(number, reason, detail[:MAX_TEXT], text[:MAX_TEXT]))

    def flush(self) -> Batch:
        """Return what has gathered as a batch."""
        rows, rejects = self.rows, self.rejects
        self.rows, self.rejects = [], []
        batch = Batch(len(rows) + len(rejects), _table(rows, self.source.label), rejects, remarks=self.remarks)
        self.remarks = Counter()
        if self.counted:
            batch.remarks["times counted on from read.start_time by the seconds in position reports"] += self.counted
            # Rows before the first time of a log with times do not make it one that begins at the start given.
            batch.from_start, self.counted = not self.timed, 0
        return batch


def _own_time(tag: bytes | None, before: bytes, after: bytes) -> int | None:
    """Find the time a receiver wrote beside a sentence: in the tag block, behind or in front [us]."""
    if tag and (found := _TAG_TIME.search(tag)):
        return epoch_us(float(found[1]))
    if after and (found := _EPOCH_AFTER.search(after)):
        return epoch_us(float(found[1]))
    if before:
        if found := _ISO_BEFORE.search(before):
            try:
                return parse_start(found[1].decode())
            except UsageError:
                return None
        if found := _EPOCH_BEFORE.search(before):
            return epoch_us(float(found[1]))
    return None


def _wrapper_time(line: bytes) -> int | None:
    found = _PGHP.match(line)
    if not found:
        return None
    year, month, day, hour, minute, second, milli = (int(part or 0) for part in found.groups())
    try:
        time = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return round(time.timestamp()) * US_PER_S + milli * 1000


def _table(rows: list[Row], label: str) -> pa.Table:
    columns = dict(zip(_FIELDS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    if not columns:
        return POSITIONS.empty()
    arrays = {}
    for column in POSITIONS:
        if column.name in columns:
            kind = pa.int64() if column.name == "time" else column.type
            if pa.types.is_dictionary(kind):
                arrays[column.name] = pa.array(columns[column.name], pa.string()).dictionary_encode()
            else:
                arrays[column.name] = pa.array(columns[column.name], kind)
    arrays["time"] = arrays["time"].cast(column_type("time"))
    arrays["length_m"] = _sum(arrays["to_bow_m"], arrays["to_stern_m"])
    arrays["width_m"] = _sum(arrays["to_port_m"], arrays["to_starboard_m"])
    arrays["source_file"] = constant(label, len(rows))
    return POSITIONS.table(arrays)


def column_type(name: str) -> pa.DataType:
    """Return the Arrow type of a positions column."""
    return POSITIONS.arrow.field(name).type


def _sum(one: pa.Array, other: pa.Array) -> pa.Array:
    total = one.to_numpy(zero_copy_only=False) + other.to_numpy(zero_copy_only=False)
    return pa.array(total, mask=~(total > 0))


class Nmea:
    """NMEA logs."""

    name = "nmea"
    title = "raw NMEA AIVDM/AIVDO sentences"
    doc = (
        "Lines with !AIVDM sentences, with or without tag blocks. Kept: message types 1-3, 5, 18, 19, 24, 27; others "
        "are rejected as message_type_N."
    )
    time_rule = (
        "The receiver's, UTC: tag block c: (s or ms), a $PGHP line before, a Unix or ISO time in front of or behind "
        "the sentence; a log without any is refused unless read.start_time is given."
    )
    lost = "rate of turn, ETA, position accuracy, radio status."

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether a sentence stands among the first lines."""
        return b"\x00" not in head.data and SENTENCE.search(head.data) is not None

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the log message by message."""
        return _Log(source, settings).batches()


NMEA = Nmea()
