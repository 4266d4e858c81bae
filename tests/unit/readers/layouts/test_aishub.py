"""AISHub CSV: the form for people and the raw one, told from each other by their values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stsdetect.readers import QuestionError
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = "MMSI,TIME,LONGITUDE,LATITUDE,COG,SOG,HEADING,ROT,NAVSTAT,IMO,NAME,CALLSIGN,TYPE,A,B,C,D,DRAUGHT,DEST,ETA"
HUMAN = '273123000,2021-03-01 00:00:05 GMT,130.25,42.5,123.4,0.3,511,0,1,9074729,NEVA,UBXX,84,200,40,12,30,12.5,"X, Y",'
RAW = "273123000,1614556805,78150000,25500000,1234,3,511,0,1,9074729,NEVA,UBXX,84,200,40,12,30,125,VOSTOCHNY,0"
NONE = "273123001,1614556805,108600000,54600000,3600,1023,511,128,15,0,,,0,0,0,0,0,0,,0"


@pytest.mark.parametrize("line", [HUMAN, RAW], ids=["human", "raw"])
def test_both_forms_say_the_same(tmp_path, line):
    result = read_text(tmp_path, f"{HEADER}\n{line}\n")
    assert result.files[0].layout == "aishub"
    (row,) = rows(result)
    assert row["time"] == datetime(2021, 3, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"], row["cog_deg"]) == (42.5, 130.25, 0.3, 123.4)
    assert (row["heading_deg"], row["nav_status"], row["imo"], row["ship_type"]) == (511.0, 1, 9074729, 84)
    assert (row["to_bow_m"], row["to_stern_m"], row["to_port_m"], row["to_starboard_m"]) == (200, 40, 12, 30)
    assert (row["draught_m"], row["name"]) == (12.5, "NEVA")
    assert any("raw AIS units" in note for note in result.files[0].notes) == (line == RAW)


def test_values_for_none_stay_themselves_in_the_raw_form(tmp_path):
    row = rows(read_text(tmp_path, f"{HEADER}\n{RAW}\n{NONE}\n"))[1]
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"], row["cog_deg"]) == (91.0, 181.0, 102.3, 360.0)


def test_raw_rows_near_the_equator(tmp_path):
    near = RAW.replace("25500000", "-60")
    result = read_text(tmp_path, f"{HEADER}\n{RAW}\n{near}\n{RAW}\n")
    assert [row["lat_deg"] for row in rows(result)] == [42.5, -0.0001, 42.5]


@pytest.mark.parametrize("line", [HUMAN, RAW], ids=["human", "raw"])
def test_bad_rows(tmp_path, line):
    cells = line.split(",")
    no_time, no_place = cells.copy(), cells.copy()
    no_time[1] = "1614556805" if line == HUMAN else "2021-03-01 00:00:05 GMT"
    no_place[3] = "north"
    lines = [line, line, ",".join(no_time), ",".join(no_place), line]
    result = read_text(tmp_path, "\n".join([HEADER, *lines]))
    assert result.files[0].rejected == {"bad_position": 1, "bad_time": 1}
    assert [reject["source_row"] for reject in result.rejects.to_pylist()] == [4, 5]
    adds_up(result)


@pytest.mark.parametrize("line", [HUMAN.replace("42.5", "25500000"), RAW.replace("25500000", "42.5")])
def test_time_of_one_form_and_place_of_the_other_is_asked_about(tmp_path, line):
    with pytest.raises(QuestionError, match="LATITUDE such as"):
        read_text(tmp_path, f"{HEADER}\n{line}\n")


def test_an_empty_file(tmp_path):
    assert read_text(tmp_path, f"{HEADER}\n").files[0].rows_read == 0
