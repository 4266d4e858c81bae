"""Hand-made events for the tests of scores: meetings and silences of which little is known, and what leads say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from stsdetect.schema import EVENTS, VESSELS
from stsdetect.score import rank_pairs
from stsdetect.settings import ScoreSettings

START = datetime(2020, 1, 12, 14, tzinfo=UTC)


Row = dict[str, Any]


def event(n: int, kind: str, subtype: str, a: str, b: str | None, start_h: float, hours: float, **more: Any) -> Row:
    row: Row = dict.fromkeys(EVENTS.names)
    start = START + timedelta(hours=start_h)
    row |= {
        "event_id": f"e{n}",
        "kind": kind,
        "subtype": subtype,
        "vessel_a": a,
        "vessel_b": b,
        "mmsi_a": int(a) if a.isdigit() else None,
        "mmsi_b": int(b) if b and b.isdigit() else None,
        "start_time": start,
        "end_time": start + timedelta(hours=hours),
        "duration_h": hours,
        "observed_min": hours * 60.0,
        "inferred_min": 0.0,
        "lat_deg": 31.2,
        "lon_deg": 124.1,
        "n_positions_a": 40,
        "n_positions_b": 40,
        "is_open": False,
        "flags": "",
        "settings_id": "s",
        "geometry": b"p",
    }
    return row | more


def meeting(n: int, a: str, b: str, start_h: float = 0.0, hours: float = 5.0, **more: Any) -> Row:
    """A plain meeting of two vessels of unknown kind, nothing known."""
    return event(n, "encounter", more.pop("subtype", "stationary"), a, b, start_h, hours, **more)


def gap(n: int, vessel: str, start_h: float, hours: float, **more: Any) -> Row:
    return event(n, "gap", "silence" if hours >= 6 else "short", vessel, None, start_h, hours, **more)


ALONGSIDE: Row = {
    "min_distance_m": 18.0,
    "median_distance_m": 22.0,
    "hull_gap_min_m": 0.0,
    "hull_gap_max_m": 12.0,
    "hull_gap_source": "dimensions",
    "heading_alignment": 0.99,
}


AT_SEA: Row = {
    "zone_id": "ecs_shanghai_east",
    "zone_distance_km": 0.0,
    "shore_distance_km": 240.0,
    "port_distance_km": 260.0,
    "still_nearby": 0,
    "night_share": 0.9,
}


ANCHORED: Row = {
    "zone_id": "zhoushan",
    "zone_distance_km": 0.0,
    "shore_distance_km": 4.0,
    "port_distance_km": 9.0,
    "still_nearby": 25,
    "night_share": 0.9,
    "flags": "anchorage",
}


TANKERS: Row = {"ship_type_a": 80, "ship_type_b": 80, "length_a_m": 82.0, "length_b_m": 104.0}


KOREA, CHINA = "445000001", "412000001"


def table(rows: list[Row]) -> pa.Table:
    return EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names}) if rows else EVENTS.empty()


def rank(rows: list[Row], **weights: float) -> list[Row]:
    result: list[Row] = rank_pairs(table(rows), settings=ScoreSettings(weights=weights), settings_id="s").to_pylist()
    return result


def textbook(n: int = 1) -> list[Row]:
    drafts = {"draught_change_a_m": -0.9, "draught_change_b_m": 1.1}
    met = meeting(n, CHINA, KOREA, 8.0, 5.5, **ALONGSIDE, **AT_SEA, **TANKERS, **drafts)
    return [met, gap(n + 1000, KOREA, -6.0, 11.0), gap(n + 2000, KOREA, 16.0, 30.0)]


def plain_transfer(n: int = 50) -> list[Row]:
    """The least a true transfer shows: sparse, by day, no headings, no draughts, no type of the receiver."""
    known = {**ALONGSIDE, "heading_alignment": None, "hull_gap_max_m": 60.0, "hull_gap_source": "class"}
    place = {"shore_distance_km": 60.0, "port_distance_km": 80.0, "night_share": 0.0, "still_nearby": 1}
    return [meeting(n, "412000050", "412000051", 1.0, 2.2, **known, **place, ship_type_a=80, is_open=False)]


_length = st.none() | st.floats(5.0, 400.0)


_type = st.sampled_from([None, 0, 30, 31, 36, 50, 52, 53, 60, 70, 80, 84, 90])


_share = st.none() | st.floats(0.0, 1.0)


_km = st.none() | st.floats(-1.0, 400.0)


_change = st.none() | st.floats(-3.0, 3.0)


_known: dict[str, st.SearchStrategy[Any]] = {
    "ship_type_a": _type,
    "ship_type_b": _type,
    "length_a_m": _length,
    "length_b_m": _length,
    "imo_a": st.sampled_from([None, 0, 9074729, 1234567]),
    "imo_b": st.sampled_from([None, 9074729, 12]),
    "zone_id": st.sampled_from([None, "ecs_wide", "us_galveston", "mine"]),
    "zone_distance_km": st.none() | st.floats(0.0, 300.0),
    "shore_distance_km": _km,
    "port_distance_km": st.none() | st.floats(0.0, 400.0),
    "still_nearby": st.none() | st.integers(0, 200),
    "night_share": _share,
    "min_distance_m": st.none() | st.floats(0.0, 500.0),
    "hull_gap_min_m": st.none() | st.floats(0.0, 400.0),
    "hull_gap_max_m": st.none() | st.floats(0.0, 500.0),
    "heading_alignment": _share,
    "median_speed_kn": st.none() | st.floats(0.0, 5.0),
    "draught_change_a_m": _change,
    "draught_change_b_m": _change,
    "subtype": st.sampled_from(["stationary", "under_way"]),
    "flags": st.sampled_from(["", "at_berth", "anchorage", "on_land;zone:ecs_wide", "zone:us_galveston;anchorage"]),
    "is_open": st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    ids = ["412000001", "412000002", "445000001", "ship x"]
    rows = []
    for n in range(draw(st.integers(1, 6))):
        a, b = sorted(draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True)))
        more = draw(st.fixed_dictionaries(_known))
        rows.append(meeting(n, a, b, draw(st.floats(0, 100)), draw(st.floats(1, 150)), **more))
    for n in range(draw(st.integers(0, 4))):
        rows.append(gap(100 + n, draw(st.sampled_from(ids)), draw(st.floats(-60, 200)), draw(st.floats(2, 40))))
    return rows


def swapped(row: Row) -> Row:
    if row["vessel_b"] is None:
        return row
    swapped = dict(row)
    for name in row:
        for one, other in (("_a", "_b"), ("_b", "_a")):
            for end in ("", "_m"):
                if name.endswith(one + end):
                    swapped[name] = row[name.removesuffix(one + end) + other + end]
    return swapped


def weights_of(pair: Row) -> dict[str, float]:
    return {reason["indicator"]: reason["weight"] for reason in pair["reasons"]}


def weight_of(pair: Row, name: str) -> float:
    return weights_of(pair).get(name, 0.0)


def sentence_of(pair: Row, name: str) -> str:
    return next(reason["sentence"] for reason in pair["reasons"] if reason["indicator"] == name)


def some_of(kind: pa.DataType) -> Any:
    return 0 if pa.types.is_integer(kind) or pa.types.is_timestamp(kind) else False if pa.types.is_boolean(kind) else ""


def declared(*rows: tuple[str, float, str | None]) -> pa.Table:
    """What vessels declared as destinations, from how many hours on."""
    fields = {field.name: field for field in VESSELS.arrow}
    columns: dict[str, list[Any]] = {name: [] for name in VESSELS.names}
    for vessel, start_h, text in rows:
        row: Row = {name: None if fields[name].nullable else some_of(fields[name].type) for name in VESSELS.names}
        start = round((START.timestamp() + 3600 * start_h) * 1e6)
        row |= {"vessel": vessel, "valid_from": start, "valid_to": start + 1, "destination": text}
        for name in VESSELS.names:
            columns[name].append(row[name])
    times = {name: pa.array(columns[name], pa.int64()).cast(fields[name].type) for name in ("valid_from", "valid_to")}
    return VESSELS.table(columns | times)


def heard(*rows: tuple[str, float, float]) -> pa.Table:
    """From which hour to which each vessel was heard at all."""
    table = declared(*((vessel, start_h, None) for vessel, start_h, _ in rows))
    until = [round((START.timestamp() + 3600 * end_h) * 1e6) for _, _, end_h in rows]
    place = VESSELS.names.index("valid_to")
    field = VESSELS.arrow.field(place)
    return table.set_column(place, field, pa.array(until, pa.int64()).cast(field.type))
