"""Events of Global Fishing Watch: items of the API, wherever they stand, and the table of encounters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import shapely

from stsdetect.detect.events import event_id
from stsdetect.errors import InputError
from stsdetect.readers import ReadResult, raw_lines, read, read_events
from stsdetect.schema import EVENTS
from stsdetect.settings import ReadSettings

HEADER = (
    "encounter_id,start_time,end_time,mean_latitude,mean_longitude,median_distance_km,median_speed_knots,start_lat,"
    "start_lon,end_lat,end_lon,vessel_1_id,vessel_1_seg_ids,vessel_1_point_count,vessel_2_id,vessel_2_seg_ids,"
    "vessel_2_point_count"
)
LINE = (
    "e1,2024-03-01 00:00:00 UTC,2024-03-01 04:00:00 UTC,31.0,124.5,0.03,0.4,31,124.5,31,124.5,412000002,s,24,"
    "412000001,t,25"
)
REGIONS = {"mpa": [], "eez": ["8486"], "rfmo": [], "fao": ["61"], "highSeas": []}


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}-1",
        "type": kind,
        "start": "2024-03-01T00:00:00.000Z",
        "end": "2024-03-01T07:30:00.000Z",
        "position": {"lat": 31.0, "lon": 124.5},
        "boundingBox": [124.4, 30.9, 124.6, 31.1],
        "regions": REGIONS,
        "distances": {"startDistanceFromShoreKm": 160},
        "vessel": {"id": "u-2", "name": "ONE", "ssvid": "412000002", "flag": "CHN", "type": "carrier"},
        **more,
    }


PARTNER = {"id": "u-1", "name": "TWO", "ssvid": "412000001", "flag": "CHN", "type": "bunker"}
ENCOUNTER = item(
    "encounter",
    encounter={"vessel": PARTNER, "medianDistanceKilometers": 0.03, "medianSpeedKnots": 0.4, "type": "carrier-bunker"},
)
GAP = item(
    "gap",
    gap={
        "intentionalDisabling": True, "distanceKm": 90.5, "durationHours": 7.5, "impliedSpeedKnots": 6.5,
        "offPosition": {"lat": 32.0, "lon": 125.0}, "onPosition": {"lat": 32.5, "lon": 125.5},
    },
)  # fmt: skip
LOITERING = item("loitering", loitering={"totalTimeHours": 7.5, "averageSpeedKnots": 0.6})
PORT = item("port_visit", port_visit={"visitId": "v", "confidence": "4", "durationHrs": 7.5})
FISHING = item("fishing", fishing={"totalDistanceKm": 3})


def read_items(tmp_path, items: list[Any], wrap: str = "entries", **settings: Any) -> ReadResult:
    path = tmp_path / "events.json"
    if wrap == "lines":
        path.write_text("".join(json.dumps(one) + "\n" for one in items))
    else:
        given = {"metadata": {}, "limit": 99, "offset": 0, "total": len(items), "entries": items}
        path.write_text(json.dumps(given if wrap == "entries" else items))
    return read(path, settings=ReadSettings(**settings))


def adds_up(result: ReadResult) -> None:
    for file in result.files:
        assert file.rows_read == file.rows_kept + file.rows_filtered + sum(file.rejected.values())
    assert sum(sum(file.rejected.values()) for file in result.files) == result.rejects.num_rows


@pytest.mark.parametrize("wrap", ["entries", "array", "lines"])
def test_every_kind(tmp_path, wrap):
    result = read_items(tmp_path, [ENCOUNTER, GAP, LOITERING, PORT, FISHING], wrap)
    (report,) = result.files
    assert (report.layout, report.rows_read, report.rows_kept) == ("gfw_events", 5, 4)
    assert report.rejected == {"fishing_event": 1}
    assert report.notes == ("events of Global Fishing Watch (its licence: CC BY-NC 4.0): 4",)
    assert result.positions.num_rows == 0
    assert result.events.schema.equals(EVENTS.arrow)
    adds_up(result)
    by_kind = {row["kind"]: row for row in result.events.to_pylist()}
    assert sorted(by_kind) == ["encounter", "gap", "loitering", "port_call"]
    for row in by_kind.values():
        assert row["start_time"] == datetime(2024, 3, 1, tzinfo=UTC)
        assert row["duration_h"] == 7.5
        assert (row["observed_min"], row["inferred_min"], row["n_positions_a"]) == (None, None, None)
        assert "from_gfw" in row["flags"].split(";")
        point = shapely.from_wkb(row["geometry"])
        assert (point.x, point.y) == (row["lon_deg"], row["lat_deg"])


def test_an_encounter_has_sides_in_order_and_our_id(tmp_path):
    (row,) = read_items(tmp_path, [ENCOUNTER]).events.to_pylist()
    assert (row["vessel_a"], row["mmsi_a"], row["name_a"]) == ("412000001", 412000001, "TWO")
    assert (row["vessel_b"], row["mmsi_b"], row["name_b"]) == ("412000002", 412000002, "ONE")
    assert (row["subtype"], row["median_distance_m"], row["median_speed_kn"]) == ("stationary", 30.0, 0.4)
    assert (row["min_distance_m"], row["hull_gap_min_m"], row["lat_deg"], row["lon_deg"]) == (None, None, 31.0, 124.5)
    start_us = 1_709_251_200_000_000
    assert row["event_id"] == event_id("encounter", "stationary", ["412000001", "412000002"], start_us)


@pytest.mark.parametrize(("speed", "subtype"), [(2.0, "stationary"), (3.1, "under_way"), (None, "unknown")])
def test_how_an_encounter_moved(tmp_path, speed, subtype):
    changed = {**ENCOUNTER, "encounter": {"vessel": PARTNER, "medianSpeedKnots": speed}}
    (row,) = read_items(tmp_path, [changed]).events.to_pylist()
    assert (row["subtype"], row["median_distance_m"]) == (subtype, None)


def test_a_gap_lies_between_its_ends(tmp_path):
    short = {**GAP, "end": "2024-03-01T05:59:59Z", "gap": {"impliedSpeedKnots": None}}
    long, brief = read_items(tmp_path, [GAP, short]).events.sort_by([("end_time", "descending")]).to_pylist()
    assert (long["subtype"], long["lat_deg"], long["lon_deg"]) == ("silence", 32.0, 125.0)
    assert (long["end_lat_deg"], long["end_lon_deg"], long["implied_speed_kn"]) == (32.5, 125.5, 6.5)
    assert long["flags"] == "from_gfw;gfw_intentional_disabling"
    assert (brief["subtype"], brief["lat_deg"], brief["end_lat_deg"]) == ("short", 31.0, None)


@pytest.mark.parametrize(
    ("end", "speed", "emptied"),
    [
        ({"lat": 999, "lon": -5000}, -1e300, ["end_lat_deg", "implied_speed_kn"]),
        ({"lat": 32.5, "lon": 180.1}, 102.3, ["end_lat_deg", "implied_speed_kn"]),
        ({"lat": 32.5}, 6.5, ["end_lat_deg"]),
        ({"lat": -90, "lon": -180}, 102.2, []),
        (None, None, []),
    ],
)
def test_an_end_or_a_speed_that_cannot_be_is_left_empty_and_told(tmp_path, end, speed, emptied):
    gap = {**GAP["gap"], "onPosition": end, "impliedSpeedKnots": speed}
    result = read_items(tmp_path, [{**GAP, "gap": gap}])
    (row,) = result.events.to_pylist()
    whole = end is not None and "end_lat_deg" not in emptied
    assert (row["end_lat_deg"], row["end_lon_deg"]) == ((end["lat"], end["lon"]) if whole else (None, None))
    assert row["implied_speed_kn"] == (None if "implied_speed_kn" in emptied else speed)
    assert [note for note in result.files[0].notes if "left empty" in note] == [
        f"{column}: 1 unreadable values left empty" for column in emptied
    ]


def test_distance_and_speed_of_an_encounter_that_cannot_be(tmp_path):
    changed = {"vessel": PARTNER, "medianDistanceKilometers": -1, "medianSpeedKnots": -1e300}
    result = read_items(tmp_path, [{**ENCOUNTER, "encounter": changed}])
    (row,) = result.events.to_pylist()
    assert (row["subtype"], row["median_distance_m"], row["median_speed_kn"]) == ("unknown", None, None)
    assert len([note for note in result.files[0].notes if "left empty" in note]) == 2


def test_a_port_call_says_how_sure_it_is(tmp_path):
    (row,) = read_items(tmp_path, [PORT]).events.to_pylist()
    assert (row["kind"], row["subtype"], row["vessel_b"]) == ("port_call", "told", None)
    assert row["flags"] == "from_gfw;gfw_confidence:4"


def test_an_encounter_told_by_both_vessels_is_one_event(tmp_path):
    other = {
        **ENCOUNTER, "id": "encounter-1.2", "vessel": PARTNER,
        "encounter": {**ENCOUNTER["encounter"], "vessel": ENCOUNTER["vessel"]},
    }  # fmt: skip
    result = read_items(tmp_path, [ENCOUNTER, other])
    assert result.files[0].rows_kept == 2
    assert result.events.num_rows == 1
    assert result.events.equals(read_items(tmp_path, [other, ENCOUNTER]).events)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "sailing"}, "unknown_event_type"),
        ({"type": None}, "unknown_event_type"),
        ({"type": ["encounter"]}, "unknown_event_type"),
        ({"start": "yesterday"}, "bad_time"),
        ({"end": None}, "bad_time"),
        ({"end": "2024-02-29T00:00:00Z"}, "bad_time"),
        ({"start": "1980-01-01T00:00:00Z"}, "time_out_of_range"),
        ({"position": {"lat": 91.0, "lon": 0.0}}, "bad_position"),
        ({"position": {"lat": 31.0}}, "bad_position"),
        ({"position": {"lat": "NaN", "lon": 1}}, "bad_position"),
        ({"position": {"lat": 1e999, "lon": 1}}, "bad_position"),
        ({"position": None}, "bad_position"),
        ({"vessel": None}, "missing_vessel"),
        ({"vessel": {"ssvid": " ", "id": {"x": 1}}}, "missing_vessel"),
        ({"encounter": None}, "missing_partner"),
        ({"encounter": {"vessel": {"ssvid": "412000002"}}}, "missing_partner"),
    ],
)
def test_what_cannot_be_used_has_a_reason(tmp_path, change, reason):
    result = read_items(tmp_path, [GAP, {**ENCOUNTER, **change}])
    assert result.files[0].rejected == {reason: 1}
    assert result.rejects.column("source_row").to_pylist() == [2]
    adds_up(result)


@pytest.mark.parametrize(("partner", "detail"), [(None, "no partner"), (ENCOUNTER["vessel"], "it is its own partner")])
def test_what_is_wrong_with_a_partner_is_said(tmp_path, partner, detail):
    result = read_items(tmp_path, [{**ENCOUNTER, "encounter": {"vessel": partner}}])
    assert result.rejects.column("detail").to_pylist() == [detail]


@pytest.mark.parametrize(
    ("vessel", "label", "mmsi"),
    [
        ({"ssvid": "002190064", "id": "u"}, "002190064", 2190064),
        ({"ssvid": 412000002}, "412000002", 412000002),
        ({"ssvid": "99000123", "id": "u-2"}, "099000123", 99000123),
        ({"ssvid": "X-1", "id": "u-2"}, "gfw:u-2", None),
        ({"ssvid": "4120000021", "id": None}, "gfw:4120000021", None),
        ({"id": "u-2"}, "gfw:u-2", None),
        ({"ssvid": "４１２000002"}, "gfw:４１２000002", None),
    ],
)
def test_who_it_was(tmp_path, vessel, label, mmsi):
    (row,) = read_items(tmp_path, [{**LOITERING, "vessel": vessel}]).events.to_pylist()
    assert (row["vessel_a"], row["mmsi_a"]) == (label, mmsi)


def test_hostile_texts_are_bounded(tmp_path):
    vessel = {"ssvid": "y" * 10_000, "name": "\ud800" + "x" * 10_000}
    (row,) = read_items(tmp_path, [{**LOITERING, "vessel": vessel}]).events.to_pylist()
    assert len(row["vessel_a"]) <= 504
    assert len(row["name_a"]) <= 500


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"total": 2, "entries": items}])
def test_a_rejected_item_leads_back_to_its_text(tmp_path, wrap):
    path = tmp_path / "events.json"
    path.write_text(json.dumps(wrap([ENCOUNTER, FISHING]), indent=1))
    (reject,) = read(path).rejects.to_pylist()
    text = raw_lines(path.as_posix(), [reject["source_row"]], layout="gfw_events")[reject["source_row"]]
    assert json.loads(text)["id"] == "fishing-1"


def test_filters_hold_for_events(tmp_path):
    late = {**LOITERING, "start": "2024-03-02T00:00:00Z", "end": "2024-03-02T06:00:00Z"}
    path = tmp_path / "events.json"
    path.write_text(json.dumps([ENCOUNTER, late]))
    for words, kept in (
        ({"since": datetime(2024, 3, 2, tzinfo=UTC)}, ["loitering"]),
        ({"until": datetime(2024, 3, 2, tzinfo=UTC)}, ["encounter"]),
        ({"vessels": [412000001]}, ["encounter"]),
        ({"vessels": [412000002]}, ["encounter", "loitering"]),
        ({"vessels": ["7"]}, []),
    ):
        result = read(path, **words)
        assert result.events.column("kind").to_pylist() == kept
        assert result.files[0].rows_filtered == 2 - len(kept)
        assert result.vessels_not_found == (("7",) if words.get("vessels") == ["7"] else ())
        adds_up(result)


def test_table_of_encounters(tmp_path):
    path = tmp_path / "encounters.csv"
    bad = LINE.replace("2024-03-01 04:00:00 UTC", "later")
    named = LINE.replace("412000002", "vessel-b").replace(",0.4,", ",,")
    path.write_text(f"{HEADER}\n{LINE}\n{bad}\n{named}\n1,2\n")
    result = read(path)
    assert result.files[0].layout == "gfw_encounters"
    assert result.files[0].rejected == {"bad_time": 1, "wrong_column_count": 1}
    assert result.rejects.column("source_row").to_pylist() == [3, 5]
    adds_up(result)
    one, other = result.events.sort_by("vessel_b").to_pylist()
    assert (one["vessel_a"], one["vessel_b"], one["subtype"]) == ("412000001", "412000002", "stationary")
    assert (one["n_positions_a"], one["n_positions_b"], one["median_distance_m"]) == (25, 24, 30.0)
    assert one["end_time"] == datetime(2024, 3, 1, 4, tzinfo=UTC)
    assert (other["vessel_b"], other["mmsi_b"], other["subtype"]) == ("gfw:vessel-b", None, "unknown")


def test_read_events_gives_the_events_alone(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([LOITERING, ENCOUNTER]))
    (tmp_path / "b.csv").write_text(f"{HEADER}\n{LINE}\n")
    (tmp_path / "c.csv").write_text("MMSI,BaseDateTime,LAT,LON\n366000001,2022-01-01T00:00:00,28.0,-94.0\n")
    events = read_events(tmp_path)
    assert isinstance(events, pa.Table)
    assert events.column("kind").to_pylist() == ["encounter", "loitering"]  # the table tells of the same encounter
    with pytest.raises(InputError):
        read_events(tmp_path / "nothing.json")


def test_other_json_with_a_type_is_not_claimed(tmp_path):
    path = tmp_path / "x.json"
    feature = {"type": "Feature", "start": 1, "end": 2, "position": {}, "vessel": {}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(InputError, match=r"in no layout|not AIS"):
        read(path)
