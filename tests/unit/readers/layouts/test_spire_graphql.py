"""Spire GraphQL: vessels.nodes of an answer."""

from __future__ import annotations

import copy
import json

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

NODE = {
    "id": "a1b2",
    "updateTimestamp": "2024-03-01T00:05:00.000Z",
    "staticData": {
        "name": "TRADER",
        "imo": 9074729,
        "mmsi": 257000001,
        "callsign": "LKAB",
        "flag": "NO",
        "shipType": "TANKER_CRUDE",
        "dimensions": {"a": 90, "b": 10, "c": 5, "d": 7, "length": 101, "width": 13},
    },
    "lastPositionUpdate": {
        "timestamp": "2024-03-01T00:00:05.000Z",
        "updateTimestamp": "2024-03-01T00:01:00.000Z",
        "latitude": 60.5,
        "longitude": 5.25,
        "speed": 0.3,
        "course": 12.5,
        "heading": 14,
        "rot": 0,
        "accuracy": "HIGH",
        "maneuver": "NO_SPECIAL_MANEUVER",
        "navigationalStatus": "UNDER_WAY_USING_ENGINE",
        "collectionType": "SATELLITE",
    },
    "currentVoyage": {"destination": "NARVIK", "draught": 6.2, "eta": "2024-03-02T00:00:00Z"},
}


def answer(*nodes):
    return json.dumps({"data": {"vessels": {"pageInfo": {"hasNextPage": False, "endCursor": "x"}, "nodes": nodes}}})


def changed(**paths):
    node = copy.deepcopy(NODE)
    for path, value in paths.items():
        *front, last = path.split("__")
        inner = node
        for key in front:
            inner = inner[key]
        inner[last] = value
    return node


def without_time():
    """A vessel of an answer in which the times of positions were not asked for, and other times were."""
    node = changed(staticData__timestamp="2024-03-01T00:04:00Z", staticData__updateTimestamp="2024-03-01T00:05:00Z")
    del node["lastPositionUpdate"]["timestamp"]
    return node


def test_position_static_data_and_voyage_in_one_row(tmp_path):
    result = read_text(tmp_path, answer(NODE), "answer.json")
    assert result.files[0].layout == "spire_graphql"
    (row,) = rows(result)
    assert row["time"].isoformat() == "2024-03-01T00:00:05+00:00"
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"], row["cog_deg"]) == (60.5, 5.25, 0.3, 12.5)
    assert (row["mmsi"], row["imo"], row["name"], row["callsign"]) == (257000001, 9074729, "TRADER", "LKAB")
    assert (row["nav_status"], row["ship_type"], row["heading_deg"]) == (0, 80, 14)
    assert (row["length_m"], row["width_m"], row["to_bow_m"], row["to_starboard_m"]) == (101, 13, 90, 7)
    assert (row["destination"], row["draught_m"]) == ("NARVIK", 6.2)
    adds_up(result)


def test_a_vessel_without_a_position_is_a_static_report(tmp_path):
    result = read_text(tmp_path, answer(NODE, changed(lastPositionUpdate=None), changed(currentVoyage=None)), "a.json")
    _, row, other = rows(result)
    assert (row["lat_deg"], row["sog_kn"], row["name"]) == (None, None, "TRADER")
    assert row["time"].isoformat() == "2024-03-01T00:05:00+00:00"
    assert (other["draught_m"], other["lat_deg"]) == (None, 60.5)
    adds_up(result)


def test_a_position_without_a_place_is_a_static_report(tmp_path):
    node = changed(**{f"lastPositionUpdate__{name}": None for name in ("timestamp", "latitude", "longitude")})
    (row,) = rows(read_text(tmp_path, answer(node), "a.json"))
    assert (row["lat_deg"], row["name"]) == (None, "TRADER")
    assert row["time"].isoformat() == "2024-03-01T00:05:00+00:00"


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (changed(lastPositionUpdate__timestamp="2024-03-01T00:00:05"), "bad_time"),
        (changed(lastPositionUpdate__timestamp=1709251205), "bad_time"),
        (changed(lastPositionUpdate__timestamp=None), "bad_time"),
        (without_time(), "bad_time"),
        (changed(lastPositionUpdate__timestamp=None, lastPositionUpdate__latitude=None), "bad_time"),
        (changed(lastPositionUpdate__latitude=None), "bad_position"),
        (changed(staticData__mmsi=None), "missing_vessel"),
        (changed(staticData=None), "missing_vessel"),
        (None, "bad_json"),
    ],
)
def test_bad_vessels(tmp_path, node, reason):
    result = read_text(tmp_path, answer(NODE, node), "answer.json")
    assert result.files[0].rejected == {reason: 1}
    assert result.rejects["source_row"].to_pylist() == [2]
    adds_up(result)


def test_pages_on_lines(tmp_path):
    result = read_text(tmp_path, answer(NODE, NODE) + "\n" + answer(NODE) + "\n", "pages.jsonl")
    assert result.positions["source_row"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("word", "code"), [("TANKER_PRODUCT", 80), ("LNG_CARRIER", 80), ("TUG", 52), ("FISHING", 30), ("HOVERING", None)]
)
def test_ship_types(tmp_path, word, code):
    (row,) = rows(read_text(tmp_path, answer(changed(staticData__shipType=word)), "a.json"))
    assert row["ship_type"] == code
