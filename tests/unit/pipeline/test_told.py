"""Events that others found, beside our own and alone: joined before context and score, each meeting once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stsdetect.pipeline import Result, detect, inspect
from stsdetect.pipeline.told import join_told
from stsdetect.readers import raw_line, write_positions
from stsdetect.schema import EVENTS, event_id, point_wkb
from tests.builders import START_US, TANKER, boat, join

ZERO = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=START_US)
ONE, TWO = 412000001, 412000002


def at(hours: float) -> str:
    return (ZERO + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(kind: str, start: float, end: float, vessel: int = ONE, partner: int | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {
        "type": kind, "start": at(start), "end": at(end), "position": {"lat": 31.0, "lon": 124.0},
        "vessel": {"ssvid": str(vessel), "name": f"V{vessel}"},
    }  # fmt: skip
    if partner is not None:
        event["encounter"] = {"vessel": {"ssvid": str(partner)}, "medianSpeedKnots": 0.3}
    return event


def run(tmp_path: Path, events: list[dict[str, Any]], **words: Any) -> Result:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / "events.json").write_text(json.dumps({"entries": events}))
    return detect(tmp_path / "in", **words)


def met(tmp_path: Path) -> None:
    """Put the positions of a meeting from hour 1 to hour 5 beside the events."""
    a = boat(ONE, [(0, 20_000, 0), (1, 0, 0), (5, 0, 0), (6, -20_000, 0)], name="FIRST", **TANKER)
    b = boat(TWO, [(0, -20_000, 30), (1, 0, 30), (5, 0, 30), (6, 20_000, 30)], name="SECOND", **TANKER)
    (tmp_path / "in").mkdir(exist_ok=True)
    write_positions(join(a, b), tmp_path / "in" / "positions.parquet")


def encounters(result: Result) -> list[dict[str, Any]]:
    return [row for row in result.events_table.to_pylist() if row["kind"] == "encounter"]


def test_events_alone_are_placed_and_ranked(tmp_path):
    events = [told("encounter", 1, 5, ONE, TWO), told("gap", 6, 18), told("port_visit", 30, 40), told("fishing", 1, 2)]
    result = run(tmp_path, events, out=tmp_path / "out", formats=["geojson", "kml"])
    assert result.events_table.schema.equals(EVENTS.arrow)
    assert result.run["counts"]["events"] == {"encounter": 1, "gap": 1, "port_call": 1}
    # What was heard around a gap that another publisher tells is not known.
    assert result.events_table.column("coverage").null_count == result.events_table.num_rows
    assert result.run["told"] == {"events": 3, "added": 3}
    (meeting,) = encounters(result)
    assert meeting["shore_distance_km"] > 50
    assert meeting["settings_id"] == result.run["settings_id"]
    (pair,) = result.pairs_table.to_pylist()
    assert (pair["mmsi_a"], pair["mmsi_b"], pair["confidence"]) == (ONE, TWO, "low")
    assert any("silent for 12.0 h" in reason["sentence"] for reason in pair["reasons"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "not said by the source of the event" in page


def test_what_both_found_is_one_event(tmp_path):
    met(tmp_path)
    (own,) = encounters(run(tmp_path, [told("port_visit", 30, 40)]))
    result = run(tmp_path, [told("encounter", 0.5, 4, ONE, TWO), told("encounter", 4.5, 6, TWO, ONE)])
    (both,) = encounters(result)
    assert both == own | {"flags": ";".join(sorted({"also_told", *own["flags"].split(";")}))}
    assert result.run["told"] == {"events": 2, "added": 0}
    assert result.pairs_table.column("n_events").to_pylist() == [1]


def test_what_only_others_found_is_added(tmp_path):
    met(tmp_path)
    result = run(tmp_path, [told("encounter", 20, 24, ONE, TWO), told("encounter", 20, 24, ONE, 412000003)])
    assert [row["flags"].count("from_gfw") for row in encounters(result)] == [0, 1, 1]
    counts = {row["mmsi_b"]: row["n_events"] for row in result.pairs_table.to_pylist()}
    assert counts == {TWO: 2, 412000003: 1}
    starts = result.events_table.column("start_time").to_pylist()
    assert starts == sorted(starts)


def test_a_pair_has_the_names_its_vessels_broadcast(tmp_path):
    met(tmp_path)
    result = run(tmp_path, [told("encounter", -48, -44, ONE, TWO)], out=tmp_path / "out")
    (pair,) = result.pairs_table.to_pylist()
    assert (pair["n_events"], pair["name_a"], pair["name_b"]) == (2, "FIRST", "SECOND")
    assert "Tanker and tanker" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("west", "east", "kept"), [(120.0, 125.0, 1), (-10.0, 10.0, 0), (170.0, 125.0, 1), (125.0, -170.0, 0)]
)
def test_an_area_holds_for_told_events(tmp_path, west, east, kept):
    result = run(tmp_path, [told("loitering", 1, 5)], bbox=(west, 20.0, east, 40.0))
    assert result.events_table.num_rows == kept


def test_times_and_vessels_hold_for_told_events(tmp_path):
    events = [told("loitering", 1, 5), told("loitering", 30, 35, TWO)]
    assert run(tmp_path, events, since=at(20)).events_table.column("mmsi_a").to_pylist() == [TWO]
    assert run(tmp_path, events, vessels=[ONE]).events_table.column("mmsi_a").to_pylist() == [ONE]


def test_inspect_counts_events(tmp_path):
    run(tmp_path, [told("loitering", 1, 5), told("fishing", 1, 5)])
    (one,) = inspect(tmp_path / "in" / "events.json")
    assert f"events that others found: loitering 1; from {at(1)} to {at(5)}" in one.notes
    assert (one.layout, one.rows_read, one.rows_kept, one.rejected) == ("gfw_events", 2, 1, {"fishing_event": 1})


def event(kind: str, start: int, end: int, a: str, b: str | None = None, flags: str = "") -> dict[str, Any]:
    return {
        "event_id": event_id(kind, "x", [a, b or ""], start * 1_000_000), "kind": kind, "subtype": "x",
        "vessel_a": a, "vessel_b": b, "start_time": START_US + start * 1_000_000,
        "end_time": START_US + end * 1_000_000, "duration_h": 1.0, "lat_deg": 0.0, "lon_deg": 0.0,
        "is_open": False, "flags": flags, "settings_id": "", "geometry": point_wkb([0.0], [0.0])[0],
    }  # fmt: skip


def table(*events: dict[str, Any]) -> pa.Table:
    if not events:
        return EVENTS.empty()
    columns: dict[str, Any] = {name: [one[name] for one in events] for name in events[0]}
    for name in ("start_time", "end_time"):
        columns[name] = pa.array(columns[name], pa.timestamp("us", "UTC"))
    return EVENTS.table(columns)


@pytest.mark.parametrize(
    ("mine", "theirs", "added"),
    [
        (("gap", 0, 10, "1"), ("gap", 10, 20, "1"), 0),  # they touch
        (("gap", 0, 10, "1"), ("gap", 11, 20, "1"), 1),
        (("gap", 0, 10, "1"), ("loitering", 0, 10, "1"), 1),
        (("gap", 0, 10, "1"), ("gap", 0, 10, "2"), 1),
        (("encounter", 0, 10, "1", "2"), ("encounter", 5, 6, "1", "2"), 0),
        (("encounter", 0, 10, "1", "2"), ("encounter", 5, 6, "1", "3"), 1),
    ],
)
def test_overlap_of_kind_and_vessels_decides(mine, theirs, added):
    joined = join_told(table(event(*mine)), table(event(*theirs)), None, "digest")
    assert joined.num_rows == 1 + added
    assert ["also_told" in text for text in joined.column("flags").to_pylist()].count(True) == 1 - added
    assert set(joined.column("settings_id").to_pylist()) == {"digest"}


def test_a_publisher_knows_no_hulls_of_one_mmsi():
    numbers = {"mmsi_a": 412000001, "mmsi_b": 9}
    own = event("encounter", 0, 10, "412000001:x", "9") | numbers
    theirs = event("encounter", 5, 6, "412000001", "9") | numbers
    others = theirs | {"mmsi_a": 412000002, "vessel_a": "412000002"}
    assert join_told(table(own), table(theirs), None, "").num_rows == 1
    assert join_told(table(own), table(others), None, "").num_rows == 2
    turned = event("encounter", 5, 6, "9", "412000001") | {"mmsi_a": 9, "mmsi_b": 412000001}
    assert join_told(table(own), table(turned), None, "").num_rows == 1


def test_told_events_that_overlap_each_other_are_one():
    joined = join_told(EVENTS.empty(), table(event("gap", 0, 10, "1"), event("gap", 5, 20, "1")), None, "")
    assert joined.num_rows == 1
    assert joined.column("flags").to_pylist() == [""]


def test_nothing_told_changes_nothing():
    own = table(event("gap", 0, 10, "1", flags="x"))
    assert join_told(own, EVENTS.empty(), None, "").equals(own)


def test_the_raw_text_of_a_told_event_can_be_quoted(tmp_path):
    events = [told("fishing", 1, 2), told("gap", 5, 20)]
    result = run(tmp_path, events)
    ((label, row),) = {(one["source_file"], one["source_row"]) for one in result.sources.to_pylist()}
    assert json.loads(raw_line(label, row)) == events[1]
    assert raw_line(label, row, layout="gfw_events") == raw_line(label, row)


def test_told_events_lead_back_to_their_items(tmp_path):
    met(tmp_path)
    events = [told("fishing", 1, 2), told("encounter", 20, 24, TWO, ONE), told("encounter", 2, 4, ONE, TWO)]
    result = run(tmp_path, events)
    added = next(row["event_id"] for row in encounters(result) if "from_gfw" in row["flags"])
    rows = [row for row in result.sources.to_pylist() if row["event_id"] == added]
    assert [(row["side"], row["which"], row["vessel"], row["source_row"]) for row in rows] == [
        ("a", "first", str(ONE), 2),
        ("a", "last", str(ONE), 2),
        ("b", "first", str(TWO), 2),
        ("b", "last", str(TWO), 2),
    ]
    assert {Path(row["source_file"]).name for row in rows} == {"events.json"}
    own = next(row["event_id"] for row in encounters(result) if "also_told" in row["flags"])
    assert {Path(row["source_file"]).name for row in result.sources.to_pylist() if row["event_id"] == own} == {
        "positions.parquet"
    }
    assert set(result.sources.column("event_id").to_pylist()) == set(result.events_table.column("event_id").to_pylist())


def test_what_a_told_silence_could_hide_is_inferred(tmp_path):
    gap = told("gap", 0, 72)
    gap["position"] = {"lat": 42.6, "lon": 133.1}
    gap["gap"] = {"offPosition": gap["position"], "onPosition": gap["position"]}
    visit = told("port_visit", 20, 40)
    visit["position"] = {"lat": 41.77, "lon": 129.82}
    result = run(tmp_path, [gap, visit], out=tmp_path / "out")
    calls = {row["subtype"]: row for row in result.events_table.to_pylist() if row["kind"] == "port_call"}
    assert {key: row["port_id"] for key, row in calls.items()} == {"told": "kp_chongjin", "inferred": "kp_sonbong"}
    assert calls["inferred"]["observed_min"] is None
    assert set(result.sources.column("event_id").to_pylist()) <= set(result.events_table.column("event_id").to_pylist())


def test_an_inferred_call_does_not_keep_a_told_one_out():
    inferred = event("port_call", 0, 50, "412000001") | {"subtype": "inferred"}
    seen = event("port_call", 0, 50, "412000002")
    own = EVENTS.table({name: [row[name] for row in (inferred, seen)] for name in inferred})
    others = [event("port_call", 10, 20, "412000001", flags="x"), event("port_call", 10, 20, "412000002", flags="x")]
    told_ones = EVENTS.table({name: [row[name] for row in others] for name in inferred})
    found = join_told(own, told_ones, None, "s").to_pylist()
    assert sorted((row["vessel_a"], row["flags"]) for row in found) == [
        ("412000001", ""), ("412000001", "x"), ("412000002", "also_told"),
    ]  # fmt: skip
