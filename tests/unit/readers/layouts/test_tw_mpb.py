"""Taiwan's Maritime and Port Bureau: Taipei time, positions under names the facts do not give."""

from __future__ import annotations

import json

import pytest

from stsdetect.readers import QuestionError
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

FIELDS = {
    "MMSI": 416000001,
    "ShipName": "FORMOSA",
    "Ship_and_Cargo_Type": 80,
    "SOG": 0.3,
    "COG": 12.5,
    "IMO_Number": 9074729,
    "Call_Sign": "BKAB",
    "Record_Time": "2024/03/01 08:00:05",
}
ITEM = {**FIELDS, "Latitude": 22.6, "Longitude": 120.3}


def feature(fields):
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [120.3, 22.6]}, "properties": fields}


def test_items(tmp_path):
    result = read_text(tmp_path, json.dumps([ITEM]), "ais.json")
    assert result.files[0].layout == "tw_mpb"
    (row,) = rows(result)
    assert row["time"].isoformat() == "2024-03-01T00:00:05+00:00"
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"], row["cog_deg"]) == (22.6, 120.3, 0.3, 12.5)
    assert (row["mmsi"], row["imo"], row["name"], row["callsign"]) == (416000001, 9074729, "FORMOSA", "BKAB")
    assert row["ship_type"] == 80
    assert "times without a zone read as 8 h ahead of UTC" in result.files[0].notes
    adds_up(result)


def test_geojson(tmp_path):
    text = json.dumps({"type": "FeatureCollection", "features": [feature(FIELDS)]})
    result = read_text(tmp_path, text, "ais.geojson")
    assert result.files[0].layout == "tw_mpb_geojson"
    (row,) = rows(result)
    assert (row["lat_deg"], row["lon_deg"], row["mmsi"]) == (22.6, 120.3, 416000001)
    assert row["time"].hour == 0


def test_another_clock_overrides(tmp_path):
    result = read_text(tmp_path, json.dumps([ITEM]), "ais.json", utc_offset_h=0)
    assert rows(result)[0]["time"].hour == 8
    assert "times without a zone read as 0 h ahead of UTC" in result.files[0].notes


@pytest.mark.parametrize("time", ["2024/03/01", "01/03/2024 08:00:05", 1709251205, "", None])
def test_bad_times(tmp_path, time):
    result = read_text(tmp_path, json.dumps([ITEM, {**ITEM, "Record_Time": time}]), "ais.json")
    assert result.files[0].rejected == {"bad_time": 1}
    adds_up(result)


def test_unknown_names_of_the_position_are_asked_for(tmp_path):
    text = json.dumps([{**FIELDS, "PosY": 22.6, "PosX": 120.3}])
    with pytest.raises(QuestionError, match="--map lat=NAME --map lon=NAME"):
        read_text(tmp_path, text, "ais.json")
    (row,) = rows(read_text(tmp_path, text, "ais.json", columns={"lat": "PosY", "lon": "PosX"}))
    assert (row["lat_deg"], row["lon_deg"]) == (22.6, 120.3)
