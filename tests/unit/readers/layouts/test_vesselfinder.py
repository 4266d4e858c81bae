"""VesselFinder: items with AIS in them, times that end in UTC."""

from __future__ import annotations

import json

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

AIS = {
    "MMSI": 228339600,
    "TIMESTAMP": "2017-08-11 11:17:37 UTC",
    "LATITUDE": 49.3,
    "LONGITUDE": -0.12,
    "COURSE": 12.3,
    "SPEED": 7.4,
    "HEADING": 511,
    "NAVSTAT": 0,
    "IMO": 0,
    "NAME": "CIUDAD DE X",
    "CALLSIGN": "FQFL",
    "TYPE": 80,
    "A": 90,
    "B": 10,
    "C": 5,
    "D": 7,
    "DRAUGHT": 6.2,
    "DESTINATION": "LE HAVRE",
    "LOCODE": "FRLEH",
    "ETA_AIS": "08-12 10:00",
    "ETA": "2017-08-12 10:00:00",
    "SRC": "SAT",
    "ZONE": "English Channel",
}


def answer(*items):
    return json.dumps([{"AIS": item, "VOYAGE": {"MMSI": item["MMSI"]}} for item in items])


def test_layout(tmp_path):
    result = read_text(tmp_path, answer(AIS), "vessels.json")
    assert result.files[0].layout == "vesselfinder"
    (row,) = rows(result)
    assert row["time"].isoformat() == "2017-08-11T11:17:37+00:00"
    assert (row["mmsi"], row["lat_deg"], row["lon_deg"]) == (228339600, 49.3, -0.12)
    assert (row["cog_deg"], row["sog_kn"], row["nav_status"], row["ship_type"]) == (12.3, 7.4, 0, 80)
    # These stand for none, and are judged with the track.
    assert (row["heading_deg"], row["imo"]) == (511, 0)
    assert (row["to_bow_m"], row["to_stern_m"], row["to_port_m"], row["to_starboard_m"]) == (90, 10, 5, 7)
    assert (row["length_m"], row["width_m"], row["draught_m"], row["destination"]) == (100, 12, 6.2, "LE HAVRE")
    adds_up(result)


@pytest.mark.parametrize("time", ["2017-08-11 11:17:37", "2017-08-11", "1502450257", 1502450257])
def test_a_time_without_its_zone_is_rejected(tmp_path, time):
    result = read_text(tmp_path, answer(AIS, {**AIS, "TIMESTAMP": time}), "vessels.json")
    assert result.files[0].rejected == {"bad_time": 1}
    adds_up(result)
