"""What the user knows to be innocent: pairs or single vessels, each with a reason, from a CSV file."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import InputError, did_you_mean
from stsdetect.readers.finding import expand
from stsdetect.reference.texts import clean
from stsdetect.reference.vessels import imo_ok
from stsdetect.schema import EVENTS, VESSELS
from stsdetect.score.watchlists.protocol import Draft
from stsdetect.score.watchlists.tables import find_table, records
from stsdetect.score.watchlists.words import said

#: Columns of the file; of a line without ``vessel_b`` every lead of ``vessel_a`` is meant.
COLUMNS = ("vessel_a", "vessel_b", "reason", "from", "to", "who")
#: Longest reason and name of a person in a sentence.
_REASON_CHARS, _WHO_CHARS = 120, 40
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class KnownLine:
    """One line of the file: one or two vessels, why they are innocent, by whose word, and when [us]."""

    line: int
    vessels: tuple[str, ...]
    reason: str
    who: str = ""
    from_us: int | None = None
    to_us: int | None = None

    def holds(self, start_us: int, end_us: int) -> bool:
        """Say whether it is about all of that time."""
        return (self.from_us is None or start_us >= self.from_us) and (self.to_us is None or end_us < self.to_us)


@dataclass(frozen=True)
class Known:
    """The lines of a file by the hulls of a run that they mean; one hull stands for every lead of it."""

    path: str = ""
    lines: tuple[KnownLine, ...] = ()
    by_hulls: Mapping[tuple[str, ...], list[KnownLine]] = field(default_factory=dict)
    #: Lines whose vessels are not in the data.
    absent: tuple[KnownLine, ...] = ()
    #: Lines with a number that several hulls of the data broadcast, all of which they mean.
    shared: tuple[KnownLine, ...] = ()

    def line_of(self, hulls: Collection[str], start_us: int, end_us: int) -> KnownLine | None:
        """Return the line that says that these vessels are innocent at that time: of the pair first, of one else."""
        if not self.by_hulls:
            return None
        own = sorted(set(hulls))
        for key in ([tuple(own)] if len(own) > 1 else []) + [(hull,) for hull in own]:
            for line in self.by_hulls.get(key, ()):
                if line.holds(start_us, end_us):
                    return line
        return None

    def sentence(self, line: KnownLine) -> str:
        """Say what a line says, without full stop."""
        what = "This pair is" if len(line.vessels) > 1 else f"Vessel {said(line.vessels[0], 24)} is"
        who = f", by {line.who}" if line.who else ""
        where = f"line {line.line} of {said(Path(self.path).name)}"
        return f"{what} known to the user as innocent: {line.reason} ({where}{who})"

    def among(self, vessels: pa.Table, events: pa.Table) -> Known:
        """Return it with the hulls of a run found: by vessel id, else by all MMSIs and IMO numbers they broadcast.

        Parameters
        ----------
        vessels, events
            `VESSELS` and `EVENTS` tables; told events may be of vessels that only they name.
        """
        if not self.lines:
            return self
        wanted = {text for line in self.lines for text in line.vessels}
        hulls = _hulls_by_name(wanted, vessels, events)
        found: dict[tuple[str, ...], list[KnownLine]] = defaultdict(list)
        absent = []
        for line in self.lines:
            sides = [sorted(hulls.get(text, ())) for text in line.vessels]
            keys = (
                {tuple(sorted({a, b})) for a in sides[0] for b in sides[-1]}
                if len(sides) > 1
                else {(hull,) for hull in sides[0]}
            )
            keys -= {key for key in keys if len(key) < len(sides)}  # a pair of one hull is none
            for key in keys:
                found[key].append(line)
            if not keys:
                absent.append(line)
        shared = tuple(line for line in self.lines if any(len(hulls.get(text, ())) > 1 for text in line.vessels))
        return Known(self.path, self.lines, dict(found), tuple(absent), shared)


#: Where no file was given.
NOTHING_KNOWN = Known()


def read_known(path: str | Path) -> Known:
    """Read a file of pairs or vessels that are known to be innocent.

    A CSV file with a header: ``vessel_a`` and ``vessel_b`` (an MMSI, an IMO number, or a vessel id as in the tables;
    without ``vessel_b`` every lead of the vessel is meant), ``reason``, and where wanted ``from`` and ``to`` (the first
    and the last day, UTC) and ``who``.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or a line lacks a vessel or a reason or has a day that is none: what the
        user says is taken whole or not at all.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "known.csv")
    ...     _ = path.write_text("vessel_a,vessel_b,reason\\n563000001,538000002,our own bunker barge\\n")
    ...     read_known(path).lines[0].reason
    'our own bunker barge'
    """
    sources = expand([path])
    if len(sources) != 1:
        raise InputError(f"{path}: give one file of pairs known to be innocent, not {len(sources)}")
    source, draft = sources[0], Draft()
    table = find_table(source.head())
    names = [] if table is None else [name.casefold() for name in table.names]
    needed = [name for name in ("vessel_a", "reason") if name not in names]
    if table is None or needed:
        missing = " and ".join(needed or ("vessel_a", "reason"))
        raise InputError(
            f"{source.label} has no column {missing}: pairs known to be innocent need a header with vessel_a, vessel_b "
            "and reason, and where wanted from, to and who"
        )
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise InputError(f"{source.label} has two columns {twice[0]}; the vessels of a pair are vessel_a and vessel_b")
    odd = [name for name in names if name and name not in COLUMNS]
    if odd:
        hint = did_you_mean(odd[0], COLUMNS) or f" It may have {', '.join(COLUMNS)}."
        raise InputError(f"{source.label} has a column '{clean(odd[0])}' that means nothing here.{hint}")
    lines = [_line(source.label, number, cells) for number, cells in records(source, table, draft)]
    if draft.rejected:
        first = draft.examples[0]
        raise InputError(
            f"{source.label}, line {first.row}: {first.reason.replace('_', ' ')}: {clean(first.detail, 60)}"
        )
    if not lines:
        raise InputError(f"{source.label} has no line that says who is known to be innocent")
    return Known(source.label, tuple(lines))


def _line(label: str, number: int, cells: Mapping[str, str]) -> KnownLine:
    given = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    where = f"{label}, line {number}"
    if cells.get(""):
        raise InputError(
            f"{where}: {clean(cells[''])!r} stands in a column without a name; say in the header what it is"
        )
    if not given["vessel_a"]:
        raise InputError(f"{where}: vessel_a is empty; give an MMSI, an IMO number or a vessel id")
    if not given["reason"]:
        raise InputError(f"{where}: no reason is given; say why it is innocent, for who reads it later")
    vessels = tuple(dict.fromkeys(text for text in (given["vessel_a"], given["vessel_b"]) if text))
    if given["vessel_b"] and len(vessels) < 2:
        raise InputError(f"{where}: both vessels are {clean(vessels[0])}; for all leads of one leave vessel_b empty")
    first, last = (_day(where, name, given[name]) for name in ("from", "to"))
    if first is not None and last is not None and last < first:
        raise InputError(f"{where}: 'to' ({given['to']}) comes before 'from' ({given['from']})")
    return KnownLine(
        number, vessels, said(given["reason"], _REASON_CHARS), said(given["who"], _WHO_CHARS), first,
        None if last is None else last + _DAY_US,
    )  # fmt: skip


def _day(where: str, name: str, text: str) -> int | None:
    """Return the start of a day [us since 1970 UTC]."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{where}: '{name}' is {clean(text)!r}, which is no day; write it like 2026-03-20") from None
    return (day.toordinal() - dt.date(1970, 1, 1).toordinal()) * _DAY_US


_IMO = re.compile(r"(?:IMO[ :]*)?(\d{7})", re.IGNORECASE)
_MMSI = re.compile(r"(?:MMSI[ :]*)?(\d{9})", re.IGNORECASE)


def _hulls_by_name(wanted: Collection[str], vessels: pa.Table, events: pa.Table) -> dict[str, set[str]]:
    """Return for each text of a file the hulls it means."""
    ids, mmsis, imos = set[str](), defaultdict[int, set[str]](set), defaultdict[int, set[str]](set)
    for vessel, mmsi, imo in _identities(vessels, events):
        ids.add(vessel)
        if mmsi is not None:
            mmsis[mmsi].add(vessel)
        if imo is not None:
            imos[imo].add(vessel)
    found = {}
    for text in wanted:
        one, other = _MMSI.fullmatch(text), _IMO.fullmatch(text)
        hulls = {text} & ids
        if one:
            hulls |= mmsis.get(int(one[1]), set())
        # Seven digits are an IMO number before they are a hull that is called by a broken MMSI.
        by_imo = imos.get(int(other[1]), set()) if other and imo_ok(int(other[1])) else set()
        found[text] = by_imo or hulls
    return found


def _identities(vessels: pa.Table, events: pa.Table) -> Iterator[tuple[str, int | None, int | None]]:
    tables: list[Any] = [VESSELS.conform(vessels, extra=True).select(["vessel", "mmsi", "imo"])]
    whole = EVENTS.conform(events, extra=True)
    tables += [whole.select([f"{name}_{side}" for name in ("vessel", "mmsi", "imo")]) for side in "ab"]
    for table in tables:
        some = table.filter(pc.is_valid(table.column(0)))
        yield from set(zip(*(column.to_pylist() for column in some.columns), strict=True))
