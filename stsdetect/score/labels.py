"""What analysts found of leads: an append-only file of verdicts, one JSON object a line.

A line is never changed or removed. A later verdict on the same lead takes the place of an earlier one when labels are
used; both stay in the file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stsdetect.errors import InputError, UsageError, did_you_mean

try:
    import fcntl
except ImportError:  # Windows, where appending opens are not shared by our writers
    fcntl = None  # type: ignore[assignment]

Verdict = Literal["transfer", "innocent", "unclear"]
#: What a verdict means.
VERDICTS: dict[str, str] = {
    "transfer": "what is known beside AIS is consistent with a transfer",
    "innocent": "something else explains it: bunkering, lightering, waiting, a tow, a mistake in the data",
    "unclear": "looked at, and it cannot be told",
}
#: Longest texts that are kept [characters].
MAX_WHO, MAX_WHY = 200, 10_000
#: A file of labels is read whole [bytes].
_MOST_BYTES = 1_000_000_000
#: How a line of ours begins, and how much of a file is looked at to tell that it holds any [bytes].
_BEGIN, _HEAD_BYTES = b'{"pair_id"', 1_000_000
#: Halves of surrogate pairs, as bytes of a terminal that are no UTF-8 come in: no table can hold them.
_HALVES = re.compile("[\ud800-\udfff]")

#: How ids of the packaged ports begin; those of a user's own ports do not say where they are.
_COUNTRY = re.compile("[a-z]{2}_")

_PARTNER_KINDS = ("vessel", "unknown", "port")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Label:
    """One verdict on one lead, with what the lead was when it was given."""

    pair_id: str
    partner_kind: str
    vessel_a: str
    vessel_b: str | None
    partner_id: str
    first_time: datetime
    last_time: datetime
    event_ids: tuple[str, ...]
    verdict: Verdict
    who: str
    when: datetime
    why: str
    settings_id: str
    score: float
    rank: int

    def line(self) -> str:
        """Return the label as a line of the file: plain ASCII, whatever its texts hold."""
        content = asdict(self)
        for name in ("first_time", "last_time", "when"):
            content[name] = content[name].astimezone(UTC).isoformat().replace("+00:00", "Z")
        return json.dumps(content, ensure_ascii=True, allow_nan=False) + "\n"


@dataclass(frozen=True)
class Labels:
    """The labels of a file in its order, and what could not be read: line and why."""

    labels: tuple[Label, ...]
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Matched:
    """Which lead each label belongs to, and what counts.

    Attributes
    ----------
    row
        Of each label the row of its lead, or -1, shape (labels,).
    counts
        Of each label whether it is the latest of its lead, shape (labels,).
    why_not
        Of each label without a lead why it has none; empty for the others.
    """

    row: Ints
    counts: npt.NDArray[np.bool_]
    why_not: tuple[str, ...]

    def verdicts(self, labels: Sequence[Label], n_leads: int) -> Ints:
        """Return for each lead 1 (transfer), 0 (innocent) or -1 (unclear, or not judged)."""
        found = np.full(n_leads, -1, dtype=np.int64)
        for label, row, counts in zip(labels, self.row.tolist(), self.counts.tolist(), strict=True):
            if counts:
                found[row] = {"transfer": 1, "innocent": 0}.get(label.verdict, -1)
        return found


def make_label(
    pairs: pa.Table, pair: str | int, verdict: str, *, who: str, why: str, when: datetime | None = None
) -> Label:
    """Return a label of a lead.

    Parameters
    ----------
    pairs
        A `PAIRS` table.
    pair
        Its ``pair_id``, or its rank.
    verdict
        One of `VERDICTS`.
    who, why
        Whose verdict it is, and what it rests on; kept as given, without blanks around.
    when
        When it was given; now unless told.

    Raises
    ------
    UsageError
        If there is no such lead or verdict, or nobody is named.
    """
    if verdict not in VERDICTS:
        raise UsageError(
            f"there is no verdict '{verdict}'; choose from {', '.join(VERDICTS)}.{did_you_mean(verdict, VERDICTS)}"
        )
    who, why = (_HALVES.sub("\ufffd", text).strip() for text in (who, why))
    for name, text, most in (("who", who, MAX_WHO), ("why", why, MAX_WHY)):
        if not text:
            raise UsageError(f"a label needs {name}: {'whose verdict it is' if name == 'who' else 'what it rests on'}")
        if len(text) > most:
            raise UsageError(f"{name} has {len(text):,} characters, and at most {most:,} are kept; write less")
    row = _row_of(pairs, pair)
    moment = datetime.now(UTC) if when is None else when
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"when is {moment}, which is no time in UTC; give the time of the verdict") from None
    return Label(
        **{name: row[name] for name in _OF_LEAD}, event_ids=tuple(row["event_ids"]), verdict=verdict,  # type: ignore[arg-type]
        who=who, when=moment, why=why,
    )  # fmt: skip


_OF_LEAD = (
    "pair_id", "partner_kind", "vessel_a", "vessel_b", "partner_id", "first_time", "last_time", "settings_id", "score",
    "rank",
)  # fmt: skip


def _row_of(pairs: pa.Table, pair: str | int) -> dict[str, Any]:
    text = str(pair).strip()
    # A pair_id has 16 hex digits; a shorter number is a rank.
    name, asked = ("rank", int(text)) if text.isdecimal() and len(text) < 16 else ("pair_id", text)
    rows = [k for k, value in enumerate(pairs.column(name).to_pylist()) if value == asked]
    if not rows:
        what = f"rank {asked}" if name == "rank" else f"pair_id '{asked:.40}'"
        raise UsageError(f"there is no lead with {what} among {pairs.num_rows:,}; pairs.parquet has both")
    return pairs.slice(rows[0], 1).to_pylist()[0]  # type: ignore[no-any-return]


def append_label(path: str | Path, label: Label) -> None:
    """Add a label to the end of a file, on disk before this returns.

    Writers wait for each other, so that lines do not mix. After a crash at most the last line is a piece of one, which
    the next writer leaves alone and `read_labels` tells.

    Raises
    ------
    UsageError
        If the file cannot be written, or holds something else.
    """
    try:
        new = not Path(path).exists()
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(number, fcntl.LOCK_EX)
            data = label.line().encode("ascii")
            size = os.lseek(number, 0, os.SEEK_END)
            if size and not _holds_labels(number):
                raise UsageError(f"{path} is no file of labels, so none was added; name another with --labels")
            if size and _last_byte(number, size) != b"\n":
                data = b"\n" + data
            while data:
                data = data[os.write(number, data) :]
            os.fsync(number)
        finally:
            os.close(number)
        if new:
            _sync_folder(Path(path).parent)
    except OSError as problem:
        raise UsageError(f"the label cannot be written to {path}: {problem.strerror}") from problem


def _holds_labels(number: int) -> bool:
    """Return whether a file that is not empty holds labels, or a piece of the first one."""
    os.lseek(number, 0, os.SEEK_SET)
    head = os.read(number, _HEAD_BYTES)
    return _BEGIN.startswith(head) or any(_is_label(line) for line in head.split(b"\n")) or not head.strip()


def _is_label(line: bytes) -> bool:
    if line.startswith(_BEGIN):
        return True
    try:
        _label(json.loads(line))
    except (ValueError, RecursionError):
        return False
    return True


def _last_byte(number: int, size: int) -> bytes:
    os.lseek(number, size - 1, os.SEEK_SET)
    return os.read(number, 1)


def _sync_folder(folder: Path) -> None:
    """Put the name of a new file on disk, where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def read_labels(path: str | Path) -> Labels:
    """Read a file of labels; lines that are none are told, not lost.

    Raises
    ------
    InputError
        If the file cannot be read, or no line of it is a label.
    """
    try:
        if Path(path).stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is no file of labels: it is larger than {_MOST_BYTES:,} bytes")
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as problem:
        raise InputError(f"the labels {path} cannot be read: {problem.strerror}") from problem
    found, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_label(json.loads(line)))
        except (ValueError, RecursionError) as problem:
            last = " (the last line: was its writing cut off?)" if number == len(lines) else ""
            why = (
                "it is not one JSON object" if isinstance(problem, (json.JSONDecodeError, RecursionError)) else problem
            )
            problems.append((number, f"{why}{last}"))
    if problems and not found:
        raise InputError(f"{path} is no file of labels: line {problems[0][0]}: {problems[0][1]}")
    return Labels(tuple(found), tuple(problems))


def _label(content: Any) -> Label:
    if not isinstance(content, dict):
        raise ValueError("it is not one JSON object")
    given: dict[str, Any] = {}
    for field in fields(Label):
        if field.name not in content:
            raise ValueError(f"it has no {field.name}")
        given[field.name] = _value(field.name, content[field.name])
    return Label(**given)


def _value(name: str, value: Any) -> Any:
    if name in ("first_time", "last_time", "when"):
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        if time is None or time.tzinfo is None:
            raise ValueError(f"{name} is {str(value)[:40]!r}, not a time with its zone")
        try:
            return time.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{name} is {value[:40]!r}, which is no time in UTC") from None
    if name == "verdict" and value not in get_args(Verdict):
        raise ValueError(f"verdict is {str(value)[:40]!r}, none of {', '.join(VERDICTS)}")
    if name == "partner_kind" and value not in _PARTNER_KINDS:
        raise ValueError(f"partner_kind is {str(value)[:40]!r}, none of {', '.join(_PARTNER_KINDS)}")
    if name == "event_ids":
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError("event_ids is not a list of texts")
        return tuple(value)
    kinds: Any = {"score": (int, float), "rank": int, "vessel_b": (str, type(None))}.get(name, str)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise ValueError(f"{name} is {str(value)[:40]!r}, of another kind than expected")
    return _HALVES.sub("\ufffd", value) if isinstance(value, str) else value


def match_labels(labels: Sequence[Label], pairs: pa.Table) -> Matched:
    """Find the lead of each label: by its id, else by its vessels; in either case at an overlapping time.

    Ids change where an input or a setting does; the vessels of a verdict and its time do not, nor does the country
    of a direct delivery, whichever of its ports is the strongest. Of several leads of the same vessels it is the one
    that shares most time, then the first in rank. Labels of the same lead: the latest counts, of equally late ones the
    one further down in the file.

    Parameters
    ----------
    labels
        As read from files, in order.
    pairs
        A `PAIRS` table.
    """
    names = ["pair_id", "partner_kind", "vessel_a", "vessel_b", "partner_id", "first_time", "last_time", "rank"]
    rows = pairs.select(names).to_pylist()
    by_id: dict[str, list[int]] = {}
    by_vessels: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(rows):
        by_id.setdefault(row["pair_id"], []).append(number)
        by_vessels.setdefault(_sides(row), []).append(number)
    found, why_not = [], []
    for label in labels:
        own, others = by_id.get(label.pair_id, []), by_vessels.get(_sides(asdict(label)), [])
        best = _most_shared(label, own, rows)
        best = _most_shared(label, others, rows) if best is None else best
        found.append(-1 if best is None else best)
        met = "the same vessels are a lead, but at another time" if own or others else "no lead has these vessels"
        why_not.append(met if best is None else "")
    latest: dict[int, int] = {}
    for number, (label, place) in enumerate(zip(labels, found, strict=True)):
        if place >= 0 and (place not in latest or label.when >= labels[latest[place]].when):
            latest[place] = number
    counts = np.isin(np.arange(len(found)), list(latest.values()))
    return Matched(np.array(found, dtype=np.int64), counts, tuple(why_not))


def _sides(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return what two leads of the same parties share, whatever their ids."""
    kind = row["partner_kind"]
    if kind == "vessel":
        return (kind, *sorted((row["vessel_a"], row["vessel_b"] or "")))
    # Deliveries of a vessel to one country are one lead, which names the port that is strongest now.
    country = _COUNTRY.match(row["partner_id"]) if kind == "port" else None
    return (kind, row["vessel_a"], country[0] if country else "")


def _most_shared(label: Label, places: Iterable[int], rows: Sequence[dict[str, Any]]) -> int | None:
    best: tuple[float, int, int] | None = None
    for place in places:
        row = rows[place]
        shared = min(label.last_time, row["last_time"]) - max(label.first_time, row["first_time"])
        key = -shared.total_seconds(), row["rank"], place
        if key[0] <= 0 and (best is None or key < best):
            best = key
    return None if best is None else best[2]
