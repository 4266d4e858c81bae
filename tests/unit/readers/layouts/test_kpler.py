"""Kpler: decoded messages, whose time has no name in the facts."""

from __future__ import annotations

import json

import pytest

from stsdetect.readers import QuestionError
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

POSITION = {
    "mmsi": 257000001,
    "msg_description": "position",
    "timestamp": "2024-03-01T00:00:05Z",
    "latitude": 60.5,
    "longitude": 5.25,
    "speed": 0.3,
    "course": 360.0,
}
STATIC = {
    "mmsi": 257000001,
    "msg_description": "static",
    "timestamp": "2024-03-01T00:01:05Z",
    "latitude": 60.5,
    "longitude": 5.25,
    "name": "TRADER",
    "ship_and_cargo_type": 80,
    "destination": "NARVIK",
    "dimensions": {"a": 90, "b": 10, "c": 5, "d": 7},
}


def answer(*items):
    return json.dumps({"paging": {"since": "x"}, "data": items})


def renamed(item, name, value=None):
    rest = {key: value for key, value in item.items() if key != "timestamp"}
    return {**rest, name: value or item["timestamp"]}


def test_positions_and_static_rows(tmp_path):
    result = read_text(tmp_path, answer(POSITION, STATIC), "kpler.json")
    assert result.files[0].layout == "kpler"
    position, static = rows(result)
    assert (position["lat_deg"], position["lon_deg"], position["sog_kn"]) == (60.5, 5.25, 0.3)
    assert position["time"].isoformat() == "2024-03-01T00:00:05+00:00"
    assert (static["lat_deg"], static["lon_deg"], static["name"]) == (None, None, "TRADER")
    assert (static["ship_type"], static["destination"]) == (80, "NARVIK")
    assert (static["length_m"], static["width_m"], static["to_bow_m"]) == (100, 12, 90)
    adds_up(result)


def test_static_rows_only(tmp_path):
    result = read_text(tmp_path, "\n".join([json.dumps(STATIC)] * 2), "kpler.jsonl")
    assert (result.files[0].layout, result.positions.num_rows) == ("kpler", 2)


@pytest.mark.parametrize("name", ["timestamp", "msg_timestamp", "ts"])
def test_known_names_of_the_time(tmp_path, name):
    (row,) = rows(read_text(tmp_path, answer(renamed(POSITION, name)), "kpler.json"))
    assert row["time"].isoformat() == "2024-03-01T00:00:05+00:00"


def test_an_unknown_name_of_the_time_is_asked_for(tmp_path):
    text = answer(renamed(POSITION, "heard_at"))
    with pytest.raises(QuestionError, match=r"--map time=NAME.*heard_at"):
        read_text(tmp_path, text, "kpler.json")
    (row,) = rows(read_text(tmp_path, text, "kpler.json", columns={"time": "heard_at"}))
    assert row["time"].isoformat() == "2024-03-01T00:00:05+00:00"


def test_of_two_known_names_the_user_says_which(tmp_path):
    text = answer({**POSITION, "ts": "2024-03-01T00:00:09Z"})
    with pytest.raises(QuestionError, match="timestamp or ts"):
        read_text(tmp_path, text, "kpler.json")
    (row,) = rows(read_text(tmp_path, text, "kpler.json", columns={"time": "ts"}))
    assert row["time"].second == 9


def test_a_time_without_a_zone_is_rejected_unless_the_clock_is_set(tmp_path):
    text = answer(POSITION, {**POSITION, "timestamp": "2024-03-01 01:00:05"})
    assert read_text(tmp_path, text, "kpler.json").files[0].rejected == {"bad_time": 1}
    _, row = rows(read_text(tmp_path, text, "kpler.json", utc_offset_h=1))
    assert row["time"].isoformat() == "2024-03-01T00:00:05+00:00"


def test_half_a_position_is_rejected(tmp_path):
    result = read_text(tmp_path, answer(POSITION, {**POSITION, "latitude": None}), "kpler.json")
    assert result.files[0].rejected == {"bad_position": 1}
    adds_up(result)
