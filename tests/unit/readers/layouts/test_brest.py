"""Brest research set: Unix seconds, longitude first, starboard before port, static reports in a file of their own."""

from __future__ import annotations

from datetime import UTC, datetime

from stsdetect.readers import read
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

DYNAMIC = "sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,trueheading,lon,lat,t"
DYNAMIC_ROW = "245257000,0,0,0.1,13.1,36,-4.4657183,48.38249,1443650402"
STATIC = (
    "sourcemmsi,imonumber,callsign,shipname,shiptype,tobow,tostern,tostarboard,toport,eta,draught,destination,"
    "mothershipmmsi,t"
)
STATIC_ROW = "304091000,9509255,V2GU5,HC JETTE-MARIT,70,130,30,18,6,04-09 20:00,10.1,BREST,,1443650423"


def test_positions(tmp_path):
    result = read_text(tmp_path, f"{DYNAMIC}\n{DYNAMIC_ROW}\n")
    assert result.files[0].layout == "brest_dynamic"
    (row,) = rows(result)
    assert row["time"] == datetime(2015, 9, 30, 22, 0, 2, tzinfo=UTC)
    assert (row["mmsi"], row["lon_deg"], row["lat_deg"]) == (245257000, -4.4657183, 48.38249)
    assert (row["sog_kn"], row["cog_deg"], row["heading_deg"], row["nav_status"]) == (0.1, 13.1, 36.0, 0)


def test_static_reports(tmp_path):
    result = read_text(tmp_path, f"{STATIC}\n{STATIC_ROW}\n")
    assert result.files[0].layout == "brest_static"
    (row,) = rows(result)
    assert row["time"] == datetime(2015, 9, 30, 22, 0, 23, tzinfo=UTC)
    assert (row["lat_deg"], row["lon_deg"]) == (None, None)
    assert (row["imo"], row["callsign"], row["name"]) == (9509255, "V2GU5", "HC JETTE-MARIT")
    sides = ("to_bow_m", "to_stern_m", "to_starboard_m", "to_port_m", "draught_m", "ship_type")
    assert [row[side] for side in sides] == [130, 30, 18, 6, 10.1, 70]
    adds_up(result)


def test_both_files_of_a_folder(tmp_path):
    (tmp_path / "nari_dynamic.csv").write_text(f"{DYNAMIC}\n{DYNAMIC_ROW}\n")
    (tmp_path / "nari_static.csv").write_text(f"{STATIC}\n{STATIC_ROW}\n")
    result = read(tmp_path)
    assert [file.layout for file in result.files] == ["brest_dynamic", "brest_static"]
    adds_up(result)


def test_bad_rows(tmp_path):
    milli, text = DYNAMIC_ROW + "000", DYNAMIC_ROW.replace("1443650402", "2015-09-30 22:00:02")
    lines = [DYNAMIC_ROW, milli, text, DYNAMIC_ROW.replace("245257000", ""), DYNAMIC_ROW.replace("48.38249", "1e999")]
    result = read_text(tmp_path, "\n".join([DYNAMIC, *lines]))
    expected = {"bad_position": 1, "bad_time": 1, "missing_vessel": 1, "time_out_of_range": 1}
    assert result.files[0].rejected == expected
    adds_up(result)
    result = read_text(tmp_path, "\n".join([STATIC, STATIC_ROW, STATIC_ROW.replace("1443650423", "soon")]))
    assert result.files[0].rejected == {"bad_time": 1}
    adds_up(result)
