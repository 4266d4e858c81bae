"""Events that another publisher found: from what it says of each to rows of `EVENTS`, each kept or rejected."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import numbers, plain, strings
from stsdetect.readers.json_layout import column
from stsdetect.readers.protocol import Batch, Reject
from stsdetect.readers.rows import FIRST_US, LAST_US, MAX_MMSI, MAX_TEXT
from stsdetect.readers.times import any_utc
from stsdetect.schema import EVENTS, POSITIONS, SOURCES, TIME, Column, Schema, event_id, point_wkb
from stsdetect.units import US_PER_S

#: Events as a file tells them, with the rows they stand in.
TOLD = Schema(
    "told",
    EVENTS.doc,
    (
        *EVENTS.columns,
        Column("source_file", pa.string(), "input file (and archive member)", nullable=False),
        Column("source_row", pa.int64(), "line or item in it, counted from 1", nullable=False),
    ),
)
#: Kinds of events by the publisher's word; others are rejected by reason.
KINDS = {"encounter": "encounter", "loitering": "loitering", "gap": "gap", "port_visit": "port_call"}
#: Words of events that are known and of no use here.
NOT_OURS = {"fishing": "fishing_event"}
#: A median slower than this is lying still [kn], and a silence from this long on is a gap [h], as for our own events.
STILL_KN, SILENCE_H = 2.0, 6.0
_TIMES = ("start", "end")
_NUMBERS = (
    "lat", "lon", "end_lat", "end_lon", "off_lat", "off_lon", "median_km", "median_kn", "implied_kn", "n_a", "n_b",
)  # fmt: skip
_HOUR_US = 3600 * US_PER_S
#: No two places are farther apart [km]: half way round the equator is 20,038 km.
_HALF_ROUND_KM = 20_038.0
#: The fastest that AIS can say (ITU-R M.1371-5) [kn]; a speed worked out between two fixes is taken to be no faster.
_MOST_KN = 102.2
#: Numbers an event can do without: the greatest that can be, none being less than 0, and our column.
_OPTIONAL = {
    "median_km": (_HALF_ROUND_KM, "median_distance_m"),
    "median_kn": (_MOST_KN, "median_speed_kn"),
    "implied_kn": (_MOST_KN, "implied_speed_kn"),
}

Values = Mapping[str, list[Any]]


def told_batch(values: Values, rows: list[int], texts: list[str], label: str, flag: str) -> Batch:
    """Judge events one by one.

    Parameters
    ----------
    values
        Lists of one length by our key: kind, start, end, lat, lon, vessel_a, ssvid_a, name_a, vessel_b, ssvid_b,
        name_b, flags and numbers; those left out are unknown.
    rows, texts
        Where each stands, and how it reads there.
    flag
        The remark that says whose events they are.
    """
    size = len(rows)
    known: dict[str, list[Any]] = {key: values.get(key) or [None] * size for key in (*_WORDS, *_NUMBERS)}
    for key in _NUMBERS:
        known[key] = numbers(plain(column(key, known[key])[0]))[0].to_pylist()
    for key in _TIMES:
        times, _ = any_utc(plain(column(key, list(values[key]))[0]), None, 0.0)
        known[key] = times.cast(pa.int64()).to_pylist()
    events: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    emptied: Counter[str] = Counter()
    for i in range(size):
        one = {key: column_[i] for key, column_ in known.items()}
        impossible = _empty_impossible(one)
        try:
            events.append({**_event(one, flag), "source_file": label, "source_row": rows[i]})
            emptied.update(impossible)
        except _RefusedError as problem:
            given = values.get(problem.key) or [None] * size
            detail = problem.detail or f"{problem.key} {given[i]}"
            rejects.append(Reject(rows[i], problem.reason, _short(detail), _short(texts[i])))
    return Batch(size, POSITIONS.empty(), rejects, emptied, events=_table(events))


_WORDS = ("kind", "vessel_a", "ssvid_a", "name_a", "vessel_b", "ssvid_b", "name_b", "flags")


class _RefusedError(Exception):
    """One event cannot be used: a stable reason, and the key of what is wrong or a sentence about it."""

    def __init__(self, reason: str, key: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.key, self.detail = reason, key, detail


def _short(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:MAX_TEXT]


def _empty_impossible(one: dict[str, Any]) -> list[str]:
    """Empty what an event can do without and cannot be so; return the columns (of a place, that of its latitude)."""
    columns = []
    lat, lon = one["end_lat"], one["end_lon"]
    if (lat is not None or lon is not None) and (lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180):
        one["end_lat"] = one["end_lon"] = None
        columns.append("end_lat_deg")
    for key, (most, name) in _OPTIONAL.items():
        if one[key] is not None and not 0 <= one[key] <= most:
            one[key] = None
            columns.append(name)
    return columns


def _event(one: dict[str, Any], flag: str) -> dict[str, Any]:
    word = one["kind"] if isinstance(one["kind"], str) else ""
    if word not in KINDS:
        raise _RefusedError(NOT_OURS.get(word, "unknown_event_type"), "kind")
    kind = KINDS[word]
    start, end = one["start"], one["end"]
    for key in _TIMES:
        if one[key] is None:
            raise _RefusedError("bad_time", key)
        if not FIRST_US <= one[key] < LAST_US:
            raise _RefusedError("time_out_of_range", key)
    if end < start:
        raise _RefusedError("bad_time", "end", "it ends before it starts")
    if kind == "gap" and None not in (one["off_lat"], one["off_lon"]):
        one["lat"], one["lon"] = one["off_lat"], one["off_lon"]
    for key, most in (("lat", 90.0), ("lon", 180.0)):
        if one[key] is None or abs(one[key]) > most:
            raise _RefusedError("bad_position", key)
    a, b = _vessel(one, "a"), _vessel(one, "b") if kind == "encounter" else None
    if a is None:
        raise _RefusedError("missing_vessel", "vessel_a")
    if kind == "encounter" and (b is None or a[0] == b[0]):
        raise _RefusedError("missing_partner", "vessel_b", "no partner" if b is None else "it is its own partner")
    hours = (end - start) / _HOUR_US
    subtype = _subtype(kind, hours, one["median_kn"])
    first, second = (
        sorted([(a, one["n_a"]), (b, one["n_b"])], key=lambda side: side[0][0]) if b else ((a, one["n_a"]), None)
    )
    return {
        "event_id": event_id(kind, subtype, [side[0] for side in (a, b) if side], start),
        "kind": kind,
        "subtype": subtype,
        **_side("a", first),
        **_side("b", second),
        "start_time": start,
        "end_time": end,
        "duration_h": hours,
        "lat_deg": one["lat"],
        "lon_deg": one["lon"],
        "end_lat_deg": one["end_lat"] if kind == "gap" else None,
        "end_lon_deg": one["end_lon"] if kind == "gap" else None,
        "implied_speed_kn": one["implied_kn"] if kind == "gap" else None,
        "median_distance_m": _metres(one["median_km"]) if kind == "encounter" else None,
        "median_speed_kn": one["median_kn"] if kind == "encounter" else None,
        "is_open": False,
        "flags": ";".join(sorted({flag, *(one["flags"] or ())})),
        "settings_id": "",
        "geometry": point_wkb([one["lon"]], [one["lat"]])[0],
    }


def _subtype(kind: str, hours: float, median_kn: float | None) -> str:
    if kind == "encounter":
        return "unknown" if median_kn is None else "stationary" if median_kn <= STILL_KN else "under_way"
    if kind == "gap":
        return "silence" if hours >= SILENCE_H else "short"
    return "still" if kind == "loitering" else "told"


def _metres(kilometres: float | None) -> float | None:
    """Return a distance in metres."""
    return None if kilometres is None else round(kilometres * 1000.0, 3)


Vessel = tuple[str, int | None, str | None]


def _vessel(one: dict[str, Any], side: str) -> Vessel | None:
    """Return id, MMSI and name.

    The id is the MMSI in nine digits, as of our own events, or else the publisher's behind ``gfw:``.
    """
    ssvid, own = _word(one[f"ssvid_{side}"]), _word(one[f"vessel_{side}"])
    name = _word(one[f"name_{side}"])
    if ssvid is not None and ssvid.isascii() and ssvid.isdigit() and len(ssvid) <= 9 and 0 < int(ssvid) <= MAX_MMSI:
        return f"{int(ssvid):09d}", int(ssvid), name
    other = own or ssvid
    return None if other is None else (f"gfw:{other}", None, name)


def _word(value: Any) -> str | None:
    """Return a name or id as text on its own; None where it is blank or no word."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (str, int, float))
        or (isinstance(value, float) and value != value)
    ):
        return None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    text = strings(pa.array([_short(str(value))]))[0].as_py()
    return None if text is None else str(text)


def _side(side: str, given: tuple[Vessel, float | None] | None) -> dict[str, Any]:
    if given is None:
        return {f"vessel_{side}": None, f"mmsi_{side}": None, f"name_{side}": None, f"n_positions_{side}": None}
    (vessel, mmsi, name), count = given
    whole = int(count) if count is not None and 0 <= count < 1e12 else None
    return {f"vessel_{side}": vessel, f"mmsi_{side}": mmsi, f"name_{side}": name, f"n_positions_{side}": whole}


def _table(events: list[dict[str, Any]]) -> pa.Table:
    if not events:
        return TOLD.empty()
    columns = {name: [event[name] for event in events] for name in events[0]}
    for name in ("start_time", "end_time"):
        columns[name] = pa.array(columns[name], pa.int64()).cast(TIME)
    return TOLD.table(columns)


def told_once(tables: list[pa.Table]) -> tuple[pa.Table, pa.Table]:
    """Put told events together, each once, as `EVENTS` sorted by start, and the rows they came from as `SOURCES`.

    An event told twice, as by each of its two vessels, is one.
    """
    if not any(table.num_rows for table in tables):
        return EVENTS.empty(), SOURCES.empty()
    told = pa.concat_tables([TOLD.empty(), *tables])
    # Sorted by all they say, so that which of two stays does not depend on the order of the input.
    names = [name for name in TOLD.names if name not in ("start_time", "event_id")]
    told = told.sort_by([(name, "ascending") for name in ("start_time", "event_id", *names)])
    ids = told.column("event_id").to_pylist()
    told = told.take(pa.array([k for k in range(len(ids)) if k == 0 or ids[k] != ids[k - 1]], pa.int64()))
    parts = [SOURCES.empty()]
    for side in "ab":
        some = told.filter(pc.is_valid(told.column(f"vessel_{side}")))
        for which, time in (("first", "start_time"), ("last", "end_time")):
            columns = {name: some.column(name) for name in ("event_id", "source_file", "source_row")}
            columns |= {"vessel": some.column(f"vessel_{side}"), "time": some.column(time)}
            parts.append(SOURCES.table({**columns, "side": [side] * len(some), "which": [which] * len(some)}))
    order = [(name, "ascending") for name in ("event_id", "side", "which")]
    return told.select(EVENTS.names), pa.concat_tables(parts).sort_by(order).combine_chunks()
