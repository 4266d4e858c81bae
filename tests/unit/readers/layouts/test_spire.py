"""Spire historical messages: positions and static reports on rows of their own, times with Z."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = (
    "timestamp,mmsi,msg_type,status,latitude,longitude,speed,course,heading,rot,accuracy,maneuver,imo,name,call_sign,"
    "ship_type,ship_and_cargo_type,flag,length,width,draught,destination,eta,collection_type,created_at"
)
PLACE = "{},273123000,{},1,42.5,130.25,0.3,123.4,511,0,1,0,,,,,,RU,,,,,,satellite,2021-03-01T00:04:00Z"
STATIC = (
    "2021-03-01T00:01:00Z,273123000,{},,,,,,,,,,9074729,NEVA,UBXX,Tanker,84,RU,244,42,12.5,VOSTOCHNY,,terrestrial,"
    "2021-03-01T00:04:00Z"
)


@pytest.mark.parametrize(
    ("stamp", "micro"),
    [("2021-03-01T00:00:05Z", 0), ("2021-03-01T00:00:05.250Z", 250_000), ("2021-03-01T02:00:05+02:00", 0)],
)
@pytest.mark.parametrize("kind", [1, 2, 3, 18, 19, 27])
def test_positions(tmp_path, stamp, micro, kind):
    result = read_text(tmp_path, f"{HEADER}\n{PLACE.format(stamp, kind)}\n")
    assert result.files[0].layout == "spire_historical"
    (row,) = rows(result)
    assert row["time"] == datetime(2021, 3, 1, 0, 0, 5, micro, tzinfo=UTC)
    assert (row["lat_deg"], row["lon_deg"], row["message_type"], row["nav_status"]) == (42.5, 130.25, kind, 1)
    assert (row["sog_kn"], row["cog_deg"], row["heading_deg"]) == (0.3, 123.4, 511.0)


@pytest.mark.parametrize("kind", [5, 24])
def test_static_reports(tmp_path, kind):
    (row,) = rows(read_text(tmp_path, f"{HEADER}\n{STATIC.format(kind)}\n"))
    assert (row["lat_deg"], row["lon_deg"], row["message_type"]) == (None, None, kind)
    assert (row["imo"], row["name"], row["callsign"], row["ship_type"]) == (9074729, "NEVA", "UBXX", 84)
    assert (row["length_m"], row["width_m"], row["draught_m"], row["destination"]) == (244, 42, 12.5, "VOSTOCHNY")


@pytest.mark.parametrize("lat", ["42.5", "north"])
@pytest.mark.parametrize("kind", [5, 24])
def test_a_place_beside_a_static_report_is_no_fix(tmp_path, kind, lat):
    fix, beside = PLACE.format("2021-03-01T00:00:05Z", 1), PLACE.format("2021-03-01T06:00:05Z", kind)
    result = read_text(tmp_path, f"{HEADER}\n{fix}\n{beside.replace('42.5', lat)}\n")
    first, second = rows(result)
    assert (first["lat_deg"], first["sog_kn"]) == (42.5, 0.3)
    moment = ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "nav_status")
    assert {second[name] for name in moment} == {None}
    assert "static reports (types 5 and 24) with a place beside them, which is not used: 1" in result.files[0].notes
    adds_up(result)


def test_ship_type_in_words_where_there_is_no_number(tmp_path):
    header = HEADER.replace("ship_and_cargo_type,", "")
    (row,) = rows(read_text(tmp_path, f"{header}\n{STATIC.format(5).replace('84,', '')}\n"))
    assert row["ship_type"] == 80


def test_bad_rows(tmp_path):
    stamp = "2021-03-01T00:00:05Z"
    lines = [
        PLACE.format(stamp, 1),
        PLACE.format(stamp, 8),
        PLACE.format("1614556805", 1),
        PLACE.format("01/03/2021 00:00:05", 1),
        PLACE.format(stamp, 1).replace("130.25", "east"),
    ]
    result = read_text(tmp_path, "\n".join([HEADER, *lines]))
    assert result.files[0].rejected == {"bad_position": 1, "bad_time": 2, "message_type_8": 1}
    adds_up(result)
