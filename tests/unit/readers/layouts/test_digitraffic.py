"""Digitraffic: GeoJSON of locations, and the vessels they belong to."""

from __future__ import annotations

import json

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

FEATURE = {
    "mmsi": 230000001,
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [24.951581, 59.496393]},
    "properties": {
        "mmsi": 230000001,
        "sog": 0.1,
        "cog": 169.3,
        "navStat": 5,
        "rot": 0,
        "posAcc": True,
        "raim": False,
        "heading": 311,
        "timestamp": 34,
        "timestampExternal": 1487938959356,
    },
}
VESSEL = {
    "timestamp": 1487938960141,
    "destination": "PORVOO",
    "mmsi": 230000001,
    "callSign": "OJAB",
    "imo": 9074729,
    "shipType": 80,
    "draught": 61,
    "eta": 176640,
    "posType": 1,
    "referencePointA": 79,
    "referencePointB": 22,
    "referencePointC": 8,
    "referencePointD": 9,
    "name": "CHRISTIAN",
}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "dataUpdatedTime": "2017-02-24T12:22:39Z", "features": features})


def changed(**properties):
    return {**FEATURE, "properties": {**FEATURE["properties"], **properties}}


def test_locations(tmp_path):
    result = read_text(tmp_path, collection(FEATURE, FEATURE), "locations.json")
    assert result.files[0].layout == "digitraffic"
    row, _ = rows(result)
    assert (row["lat_deg"], row["lon_deg"]) == (59.496393, 24.951581)  # longitude stands before latitude
    assert row["time"].isoformat() == "2017-02-24T12:22:39.356000+00:00"
    assert (row["mmsi"], row["sog_kn"], row["cog_deg"], row["heading_deg"]) == (230000001, 0.1, 169.3, 311)
    assert row["nav_status"] == 5
    assert result.positions["source_row"].to_pylist() == [1, 2]
    adds_up(result)


def test_a_feature_with_the_vessel_outside_its_properties_only(tmp_path):
    properties = {key: value for key, value in FEATURE["properties"].items() if key != "mmsi"}
    (row,) = rows(read_text(tmp_path, collection({**FEATURE, "properties": properties}), "locations.json"))
    assert row["mmsi"] == 230000001


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        (changed(timestampExternal=1487938959), "time_out_of_range"),  # seconds are not what is meant
        (changed(timestampExternal=1e306), "time_out_of_range"),
        (changed(timestampExternal=None), "bad_time"),
        (changed(timestampExternal="2017-02-24T12:22:39Z"), "bad_time"),
        (changed(mmsi="unknown"), "bad_mmsi"),
        ({**FEATURE, "geometry": {"type": "Point", "coordinates": [24.9]}}, "bad_position"),
        ({**FEATURE, "geometry": {"type": "Point", "coordinates": [[24.9, 59.4], [24.8, 59.4]]}}, "bad_position"),
    ],
)
def test_bad_features(tmp_path, feature, reason):
    result = read_text(tmp_path, collection(FEATURE, feature, FEATURE), "locations.json")
    assert result.files[0].rejected == {reason: 1}
    assert result.rejects["source_row"].to_pylist() == [2]
    adds_up(result)


def test_other_geojson_is_not_claimed(tmp_path):
    from stsdetect.errors import InputError

    zone = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [24.9, 59.4]}, "properties": {"name": "x"}}
    with pytest.raises(InputError, match="no layout"):
        read_text(tmp_path, collection(zone), "zones.geojson")


def test_vessels(tmp_path):
    result = read_text(tmp_path, json.dumps([VESSEL, {**VESSEL, "referencePointA": 0}]), "vessels.json")
    assert result.files[0].layout == "digitraffic_vessels"
    row, other = rows(result)
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"]) == (None, None, None)
    assert row["time"].isoformat() == "2017-02-24T12:22:40.141000+00:00"
    assert (row["name"], row["callsign"], row["imo"], row["ship_type"]) == ("CHRISTIAN", "OJAB", 9074729, 80)
    assert (row["draught_m"], row["destination"]) == (6.1, "PORVOO")  # decimetres
    assert (row["to_bow_m"], row["to_stern_m"], row["to_port_m"], row["to_starboard_m"]) == (79, 22, 8, 9)
    assert (row["length_m"], row["width_m"], other["length_m"]) == (101, 17, 22)
    adds_up(result)


def test_a_vessel_without_a_number_is_rejected(tmp_path):
    result = read_text(tmp_path, json.dumps([VESSEL, {**VESSEL, "mmsi": None}]), "vessels.json")
    assert result.files[0].rejected == {"missing_vessel": 1}
    adds_up(result)
