"""Encounters as the score reads them: one `Meeting` of two `Side`s per row, and what a ship type stands for."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import compress
from operator import attrgetter
from typing import Any, Literal

import pyarrow as pa

from stsdetect.errors import SchemaError
from stsdetect.reference.vessels import imo_passed_on

TypeClass = Literal["tanker", "cargo", "fishing", "tug", "pilot", "service", "passenger", "other", "unknown"]

HOUR_US = 3_600_000_000
#: Longest vessel or zone id in a sentence; a source's ids may be any text.
ID_LIMIT = 24
#: Below this port distance a place counts as harbour waters [km]; about the outer limit of port anchorages
#: such as Ningbo-Zhoushan (our judgement).
HARBOUR_KM = 40.0

#: Special craft by AIS ship type (ITU-R M.1371-5, table 53).
_SPECIAL: dict[int, TypeClass] = {
    30: "fishing", 31: "tug", 32: "tug", 33: "service", 34: "service", 35: "service", 36: "passenger",
    37: "passenger", 50: "pilot", 51: "service", 52: "tug", 53: "service", 54: "service", 55: "service",
    56: "service", 57: "service", 58: "service", 59: "service",
}  # fmt: skip
#: Classes by the first digit, same table: 2 wing in ground and 4 high-speed craft carry passengers.
_BY_DIGIT: dict[int, TypeClass] = {
    2: "passenger", 4: "passenger", 6: "passenger", 7: "cargo", 8: "tanker", 9: "other",
}  # fmt: skip
#: Receivers that hide broadcast these, or nothing.
MASKED: frozenset[TypeClass] = frozenset({"unknown", "cargo", "other"})
_CLASS_OF: dict[int | None, TypeClass] = {
    code: _SPECIAL.get(code) or _BY_DIGIT.get(code // 10, "unknown") for code in range(100)
}


def type_class(code: int | None) -> TypeClass:
    """Say what an AIS ship type stands for; 0, reserved and absent types are unknown.

    >>> type_class(84), type_class(52), type_class(0), type_class(None)
    ('tanker', 'tug', 'unknown', 'unknown')
    """
    return _CLASS_OF.get(code, "unknown")


@dataclass(frozen=True, slots=True)
class Side:
    """One vessel of a meeting."""

    vessel: str
    mmsi: int | None
    name: str | None
    imo: int | None
    ship_type: int | None
    length_m: float | None
    n_positions: int | None
    draught_change_m: float | None

    @property
    def kind(self) -> TypeClass:
        """What its broadcast type stands for."""
        return _CLASS_OF.get(self.ship_type, "unknown")

    @property
    def needs_imo(self) -> bool:
        """Whether its size or type calls for an IMO number; only where static data arrived that say so."""
        return self.kind == "tanker" or (self.length_m is not None and self.length_m > 60.0 and self.kind in MASKED)

    @property
    def label(self) -> str:
        """Its id, safe and short enough for a sentence."""
        return f"vessel {safe_id(self.vessel)}"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One encounter; times are microseconds since 1970 UTC, vessel a is the lesser id."""

    event_id: str
    subtype: str
    a: Side
    b: Side
    start_us: int
    end_us: int
    duration_h: float
    observed_min: float
    inferred_min: float
    zones: tuple[str, ...]
    zone_distance_km: float | None
    shore_distance_km: float | None
    port_distance_km: float | None
    still_nearby: int | None
    night_share: float | None
    is_open: bool
    min_distance_m: float | None
    hull_gap_min_m: float | None
    hull_gap_max_m: float | None
    hull_gap_source: str | None
    median_speed_kn: float | None
    heading_alignment: float | None
    flags: tuple[str, ...]

    @property
    def order(self) -> tuple[int, str, int]:
        """Sort key of a total order over meetings."""
        return self.start_us, self.event_id, self.end_us

    @property
    def harbour(self) -> bool:
        """Whether it lies in harbour or anchorage waters, as far as known."""
        near_port = self.port_distance_km is not None and self.port_distance_km < HARBOUR_KM
        crowded = self.still_nearby is not None and self.still_nearby >= 3
        return near_port or crowded or "at_berth" in self.flags or "anchorage" in self.flags


@lru_cache(maxsize=10_000)
def safe_id(text: str) -> str:
    """Return an id on one line, of letters, digits and a few signs only, at most 24 characters.

    >>> safe_id("412<script>" + chr(0))
    '412?script?'
    """
    raw = unicodedata.normalize("NFC", text[: ID_LIMIT * 4])
    kept = [c if c.isalnum() or c in "-_.:#/ " else "?" for c in raw if unicodedata.category(c)[0] != "C"]
    line = " ".join("".join(kept).split()) or "?"
    return line if len(line) <= ID_LIMIT else line[: ID_LIMIT - 1] + "…"


#: The columns the score looks at.
_READ = frozenset(
    {
        *(field.name for field in fields(Meeting)), "start_time", "end_time", "lat_deg", "lon_deg", "zone_id",
        *(f"{name}_{side}" for side in "ab" for name in ("vessel", "mmsi", "name", "imo", "ship_type", "n_positions")),
        *(f"{name}_{side}_m" for side in "ab" for name in ("length", "draught_change")),
        "coverage",
    }
)  # fmt: skip


def read_meetings(events: pa.Table) -> list[Meeting]:
    """Read every encounter of an `EVENTS` table, in a total order; exact repetitions count once.

    Raises
    ------
    SchemaError
        If an encounter has no second vessel or is of a vessel with itself.
    """
    return _meetings(events, "encounter", None)


def read_unseen_meetings(events: pa.Table, nobody: Side) -> list[Meeting]:
    """Read every dark rendezvous in the same way; ``nobody`` is put where it has no second vessel.

    Raises
    ------
    SchemaError
        If one is of a vessel with itself.
    """
    return _meetings(events, "dark_rendezvous", nobody)


def _meetings(events: pa.Table, kind: str, nobody: Side | None) -> list[Meeting]:
    columns = _columns(events, kind)
    a, b = _sides(columns, "a"), _sides(columns, "b")
    if nobody is not None:
        b = [nobody if other.vessel is None else other for other in b]
    for event_id, one, other in zip(columns["event_id"], a, b, strict=True):
        if other.vessel is None or one.vessel == other.vessel:
            problem = "has no second vessel" if other.vessel is None else "is of a vessel with itself"
            raise SchemaError(f"{kind.replace('_', ' ')} '{safe_id(event_id)}' in table 'events' {problem}")
    ordered = [
        (one, other) if other is nobody or one.vessel < other.vessel else (other, one)
        for one, other in zip(a, b, strict=True)
    ]
    marks = [_marks(text or "") for text in columns["flags"]]
    made: dict[str, Iterable[Any]] = {
        "a": (one for one, _ in ordered),
        "b": (other for _, other in ordered),
        "start_us": columns["start_time"],
        "end_us": columns["end_time"],
        "zones": (
            tuple(dict.fromkeys((first, *others))) if first else others
            for first, (_, others) in zip(columns["zone_id"], marks, strict=True)
        ),
        "flags": (flags for flags, _ in marks),
        "is_open": map(bool, columns["is_open"]),
        **{name: [value or 0.0 for value in columns[name]] for name in ("duration_h", "observed_min", "inferred_min")},
    }
    unique: dict[str, Meeting] = {}
    for meeting in map(Meeting, *(made[f.name] if f.name in made else columns[f.name] for f in fields(Meeting))):
        kept = unique.setdefault(meeting.event_id, meeting)
        if kept is not meeting and kept != meeting:
            # One id, two contents: whichever sorts first, so that row order cannot tell.
            unique[meeting.event_id] = min(kept, meeting, key=repr)
    return _with_known_types(sorted(unique.values(), key=lambda m: m.order))


def _columns(events: pa.Table, kind: str) -> dict[str, list[Any]]:
    """Return the columns of the events of one kind as lists; numbers that are not finite are None."""
    import pyarrow.compute as pc

    wanted = pc.equal(events.column("kind"), kind)
    # First the columns: areas of reach are most of an events table.
    table = events.select([name for name in events.column_names if name in _READ]).filter(wanted)
    columns: dict[str, list[Any]] = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
        columns[name] = column.to_pylist()
    return columns


def _sides(columns: dict[str, list[Any]], side: str) -> list[Side]:
    return list(
        map(
            Side,
            columns[f"vessel_{side}"],
            columns[f"mmsi_{side}"],
            columns[f"name_{side}"],
            (imo or None for imo in columns[f"imo_{side}"]),  # 0 is AIS for not available
            columns[f"ship_type_{side}"],
            (length or None for length in columns[f"length_{side}_m"]),  # 0 is AIS for not available
            columns[f"n_positions_{side}"],
            columns[f"draught_change_{side}_m"],
        )
    )


@lru_cache(maxsize=10_000)
def _marks(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the flags of an event, sorted, and the zones among them."""
    flags = sorted({mark.strip() for mark in text.split(";") if mark.strip()})
    return tuple(flags), tuple(sorted({m.removeprefix("zone:") for m in flags if m.startswith("zone:")}))


def _with_known_types(meetings: Sequence[Meeting]) -> list[Meeting]:
    """Fill an unknown ship type with the one the vessel broadcast most at its other meetings.

    Else a pilot boat whose static data came late would once look like an unknown small craft.
    """
    seen: dict[str, Counter[int]] = {}
    for meeting in meetings:
        for side in (meeting.a, meeting.b):
            if side.ship_type:
                seen.setdefault(side.vessel, Counter())[side.ship_type] += 1
    usual = {vessel: min(counts, key=lambda code: (-counts[code], code)) for vessel, counts in seen.items()}

    def known(side: Side) -> Side:
        if side.ship_type or side.vessel not in usual:
            return side
        return replace(side, ship_type=usual[side.vessel])

    filled = []
    for meeting in meetings:
        a, b = known(meeting.a), known(meeting.b)
        filled.append(meeting if a is meeting.a and b is meeting.b else replace(meeting, a=a, b=b))
    return filled


def heard_imos(events: pa.Table) -> bool:
    """Say whether IMO numbers were passed on to the events, by all hulls in them that call for one."""
    must: set[str] = set()
    shown: set[str] = set()
    for side in "ab":
        names = [f"vessel_{side}", f"imo_{side}", f"ship_type_{side}", f"length_{side}_m"]
        some = events.select(names).group_by(names).aggregate([])
        for vessel, imo, ship_type, length in zip(*(some.column(name).to_pylist() for name in names), strict=True):
            if vessel is not None and Side(vessel, None, None, None, ship_type, length, None, None).needs_imo:
                must.add(vessel)
            if imo:  # 0 is AIS for not available
                shown.add(vessel)
    return imo_passed_on(len(must), len(must - shown))


@dataclass(frozen=True, slots=True)
class Silence:
    """One gap event of one vessel; ``long`` from 6 h (subtype silence), ``is_open`` up to the end of the data."""

    vessel: str
    start_us: int
    end_us: int
    hours: float
    long: bool
    lat_deg: float
    lon_deg: float
    is_open: bool
    #: Verdict on it, see the column of this name; None for gaps told by others.
    coverage: str | None = None


def read_silences(events: pa.Table) -> list[Silence]:
    """Read every gap of an `EVENTS` table, sorted by vessel and time."""
    columns = _columns(events, "gap")
    # Heard, though not where: no silence.
    silent = ["heard_without_position" not in (flags or "") for flags in columns["flags"]]
    columns = {name: list(compress(values, silent)) for name, values in columns.items()}
    found = set(
        map(
            Silence,
            columns["vessel_a"],
            columns["start_time"],
            columns["end_time"],
            (hours or 0.0 for hours in columns["duration_h"]),
            (subtype == "silence" for subtype in columns["subtype"]),
            (lat or 0.0 for lat in columns["lat_deg"]),
            (lon or 0.0 for lon in columns["lon_deg"]),
            map(bool, columns["is_open"]),
            columns["coverage"],
        )
    )
    key = attrgetter("vessel", "start_us", "end_us", "lat_deg", "lon_deg", "long")
    return sorted(found, key=lambda s: (*key(s), s.coverage or ""))


#: Identity tests whose fact other indicators count already, and flags of what is no doing of the vessel's own.
_COUNTED = frozenset({"mmsi_form", "imo_checksum", "no_imo"})
_NOT_ITS_OWN = frozenset({"jamming", "common"})


@dataclass(frozen=True, slots=True, order=True)
class Oddness:
    """One identity event of one vessel; ``test`` is the test that failed."""

    vessel: str
    start_us: int
    end_us: int
    test: str


def read_oddities(events: pa.Table) -> list[Oddness]:
    """Read the identity events that no other indicator counts, once for each vessel they mean, sorted."""
    columns = _columns(events, "identity")
    found: set[Oddness] = set()
    names = ("vessel_a", "vessel_b", "start_time", "end_time", "subtype", "flags")
    for a, b, start, end, test, flags in zip(*(columns[name] for name in names), strict=True):
        if test not in _COUNTED and not _NOT_ITS_OWN & set(_marks(flags or "")[0]):
            found |= {Oddness(vessel, start, end, test) for vessel in (a, b) if vessel is not None}
    return sorted(found)
