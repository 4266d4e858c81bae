"""Encounters as the score reads them: one `Meeting` of two `Side`s per row, and what a ship type stands for."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import pyarrow as pa

from stsdetect.errors import SchemaError

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
_CLASS_OF: dict[int, TypeClass] = {
    code: _SPECIAL.get(code) or _BY_DIGIT.get(code // 10, "unknown") for code in range(100)
}


def type_class(code: int | None) -> TypeClass:
    """Say what an AIS ship type stands for; 0, reserved and absent types are unknown.

    >>> type_class(84), type_class(52), type_class(0), type_class(None)
    ('tanker', 'tug', 'unknown', 'unknown')
    """
    return "unknown" if code is None else _CLASS_OF.get(code, "unknown")


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
        return type_class(self.ship_type)

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


_SAME_NAME = (
    "zone_distance_km", "shore_distance_km", "port_distance_km", "still_nearby", "night_share", "min_distance_m",
    "hull_gap_min_m", "hull_gap_max_m", "hull_gap_source", "median_speed_kn", "heading_alignment",
)  # fmt: skip
#: The columns the score looks at.
_READ = (
    "event_id", "subtype", "vessel_a", "vessel_b", "mmsi_a", "mmsi_b", "name_a", "name_b", "imo_a", "imo_b",
    "ship_type_a", "ship_type_b", "length_a_m", "length_b_m", "start_time", "end_time", "duration_h",
    "observed_min", "inferred_min", "lat_deg", "lon_deg", "zone_id", "n_positions_a", "n_positions_b", "is_open",
    "draught_change_a_m", "draught_change_b_m", "flags", *_SAME_NAME,
)  # fmt: skip


def read_meetings(events: pa.Table) -> list[Meeting]:
    """Read every encounter of an `EVENTS` table, in a total order; exact repetitions count once.

    Raises
    ------
    SchemaError
        If an encounter has no second vessel or is of a vessel with itself.
    """
    unique: dict[str, Meeting] = {}
    for row in _rows(events, "encounter"):
        meeting = _meeting(row)
        other = unique.setdefault(meeting.event_id, meeting)
        if other != meeting:  # one id, two contents: whichever sorts first, so that row order cannot tell
            unique[meeting.event_id] = min(other, meeting, key=repr)
    return _with_known_types(sorted(unique.values(), key=lambda m: m.order))


def _rows(events: pa.Table, kind: str) -> Iterator[dict[str, Any]]:
    import pyarrow.compute as pc

    table = events.filter(pc.equal(events.column("kind"), kind)).select(list(_READ))
    columns: dict[str, list[Any]] = {}
    for name, column in zip(_READ, table.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        values = column.to_pylist()
        if pa.types.is_floating(column.type):
            values = [value if value is not None and math.isfinite(value) else None for value in values]
        columns[name] = values
    return (dict(zip(_READ, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _meeting(row: dict[str, Any]) -> Meeting:
    a, b = row["vessel_a"], row["vessel_b"]
    if b is None or a == b:
        problem = "has no second vessel" if b is None else "is of a vessel with itself"
        raise SchemaError(f"encounter '{safe_id(row['event_id'])}' in table 'events' {problem}")
    sides = sorted((_side(row, "a"), _side(row, "b")), key=lambda side: side.vessel)
    marks = [mark.strip() for mark in (row["flags"] or "").split(";") if mark.strip()]
    others = sorted({mark.removeprefix("zone:") for mark in marks if mark.startswith("zone:")})
    first = [row["zone_id"]] if row["zone_id"] else []
    return Meeting(
        event_id=row["event_id"],
        subtype=row["subtype"],
        a=sides[0],
        b=sides[1],
        start_us=row["start_time"],
        end_us=row["end_time"],
        duration_h=row["duration_h"] or 0.0,
        observed_min=row["observed_min"] or 0.0,
        inferred_min=row["inferred_min"] or 0.0,
        zones=tuple(dict.fromkeys(first + others)),
        is_open=bool(row["is_open"]),
        flags=tuple(sorted(set(marks))),
        **{name: row[name] for name in _SAME_NAME},
    )


def _side(row: dict[str, Any], side: str) -> Side:
    return Side(
        vessel=row[f"vessel_{side}"],
        mmsi=row[f"mmsi_{side}"],
        name=row[f"name_{side}"],
        imo=row[f"imo_{side}"] or None,  # 0 is AIS for not available
        ship_type=row[f"ship_type_{side}"],
        length_m=row[f"length_{side}_m"] or None,  # 0 is AIS for not available
        n_positions=row[f"n_positions_{side}"],
        draught_change_m=row[f"draught_change_{side}_m"],
    )


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

    return [
        meeting if meeting.a.ship_type and meeting.b.ship_type
        else replace(meeting, a=known(meeting.a), b=known(meeting.b))
        for meeting in meetings
    ]  # fmt: skip


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


def read_silences(events: pa.Table) -> list[Silence]:
    """Read every gap of an `EVENTS` table, sorted by vessel and time."""
    found = {
        Silence(
            row["vessel_a"], row["start_time"], row["end_time"], row["duration_h"] or 0.0,
            row["subtype"] == "silence", row["lat_deg"] or 0.0, row["lon_deg"] or 0.0, bool(row["is_open"]),
        )
        for row in _rows(events, "gap")
    }  # fmt: skip
    return sorted(found, key=lambda s: (s.vessel, s.start_us, s.end_us, s.lat_deg, s.lon_deg, s.long))
