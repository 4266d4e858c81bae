"""BarentsWatch: an array or lines of JSON, times with an offset."""

from __future__ import annotations

import json

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

ITEM = {
    "courseOverGround": 12.5,
    "latitude": 60.5,
    "longitude": 5.25,
    "name": "VIKING",
    "rateOfTurn": None,
    "shipType": 80,
    "speedOverGround": 0.3,
    "trueHeading": 511,
    "navigationalStatus": 1,
    "mmsi": 257000001,
    "msgtime": "2024-03-01T01:00:05+01:00",
}


def as_array(items):
    return json.dumps(items)


def as_lines(items):
    return "".join(json.dumps(item) + "\n" for item in items)


@pytest.mark.parametrize("write", [as_array, as_lines])
def test_array_and_lines(tmp_path, write):
    result = read_text(tmp_path, write([ITEM, {**ITEM, "mmsi": 257000002}]))
    assert result.files[0].layout == "barentswatch"
    first, second = rows(result)
    assert (first["mmsi"], second["mmsi"]) == (257000001, 257000002)
    assert first["time"].isoformat() == "2024-03-01T00:00:05+00:00"  # the offset counts
    assert (first["lat_deg"], first["lon_deg"], first["sog_kn"], first["cog_deg"]) == (60.5, 5.25, 0.3, 12.5)
    assert (first["heading_deg"], first["nav_status"], first["ship_type"], first["name"]) == (511, 1, 80, "VIKING")
    assert [row["source_row"] for row in (first, second)] == [1, 2]
    adds_up(result)


@pytest.mark.parametrize("time", ["2024-03-01T01:00:05", "2024-03-01", 1709251205, None, True])
def test_time_without_an_offset_is_rejected(tmp_path, time):
    result = read_text(tmp_path, as_array([ITEM, {**ITEM, "msgtime": time}]))
    assert result.files[0].rejected == {"bad_time": 1}
    assert result.rejects["source_row"].to_pylist() == [2]
    adds_up(result)


@pytest.mark.parametrize("time", ["2024-03-01T00:00:05Z", "2024-03-01T00:00:05.000Z", "2024-02-29T19:00:05-05:00"])
def test_forms_of_the_time(tmp_path, time):
    (row,) = rows(read_text(tmp_path, as_lines([{**ITEM, "msgtime": time}])))
    assert row["time"].isoformat() == "2024-03-01T00:00:05+00:00"


def test_a_line_that_is_cut_short_is_rejected_and_the_rest_is_read(tmp_path):
    good = json.dumps(ITEM)
    result = read_text(tmp_path, f"{good}\n{good[:40]}\n\n{good}\n")
    assert result.files[0].rejected == {"bad_json": 1}
    assert [row["source_row"] for row in rows(result)] == [1, 4]
    assert result.rejects["source_row"].to_pylist() == [2]
    adds_up(result)


def test_combined_items(tmp_path):
    more = {"imoNumber": 9074729, "callSign": "LKAB", "destination": "NARVIK", "shipLength": 88, "shipWidth": 14}
    result = read_text(tmp_path, as_array([{**ITEM, **more, "draught": 62}]))
    (row,) = rows(result)
    assert (row["imo"], row["callsign"], row["destination"]) == (9074729, "LKAB", "NARVIK")
    assert (row["length_m"], row["width_m"], row["draught_m"]) == (88, 14, None)
