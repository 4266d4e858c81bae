"""exactEarth: one row for each message, mixed types, blank columns, quotes, milliseconds apart from the time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = (
    "MMSI,Message_ID,Repeat_indicator,Time,Millisecond,Region,Country,Base_station,Online_data,Group_code,Sequence_ID,"
    "Channel,Data_length,Vessel_Name,Call_sign,IMO,Ship_Type,Dimension_to_Bow,Dimension_to_stern,Dimension_to_port,"
    "Dimension_to_starboard,Draught,Destination,AIS_version,Navigational_status,ROT,SOG,Accuracy,Longitude,Latitude,"
    "COG,Heading,Regional,Maneuver,RAIM_flag,Communication_flag,Communication_state,UTC_year,UTC_month,UTC_day,"
    "UTC_hour,UTC_minute,UTC_second,Fixing_device,Transmission_control,ETA_month,ETA_day,ETA_hour,ETA_minute,Sequence,"
    "Destination_ID,Retransmit_flag,Country_code,Functional_ID,Data,Destination_ID_1,Sequence_1,Destination_ID_2,"
    "Sequence_2,Destination_ID_3,Sequence_3,Destination_ID_4,Sequence_4,Altitude"
)
NAMES = HEADER.split(",")
POSITION = {
    "MMSI": "273123000",
    "Message_ID": "1",
    "Time": "20210301_000005",
    "Millisecond": "250",
    "Navigational_status": "1",
    "SOG": "0.3",
    "Longitude": "130.25",
    "Latitude": "42.5",
    "COG": "123.4",
    "Heading": "511",
}
STATIC = {
    "MMSI": "273123000",
    "Message_ID": "5",
    "Time": "20210301_000100",
    "Millisecond": "7",
    "Vessel_Name": "NEVA",
    "Call_sign": "UBXX",
    "IMO": "9074729",
    "Ship_Type": "84",
    "Dimension_to_Bow": "200",
    "Dimension_to_stern": "40",
    "Dimension_to_port": "12",
    "Dimension_to_starboard": "30",
    "Draught": "12.5",
    "Destination": "VOSTOCHNY",
}


def line(cells: dict[str, str], **others: str) -> str:
    cells = cells | others
    return ",".join(cells.get(name, "") for name in NAMES)


def quoted(text: str) -> str:
    return ",".join(f'"{cell}"' for cell in text.split(","))


@pytest.mark.parametrize("form", [str, quoted])
def test_positions_and_static_reports(tmp_path, form):
    lines = [form(text) for text in (HEADER, line(POSITION), line(STATIC))]
    result = read_text(tmp_path, "\n".join(lines))
    assert result.files[0].layout == "exactearth"
    place, static = rows(result)
    assert place["time"] == datetime(2021, 3, 1, 0, 0, 5, 250_000, tzinfo=UTC)
    assert (place["lon_deg"], place["lat_deg"], place["message_type"]) == (130.25, 42.5, 1)
    assert (place["sog_kn"], place["cog_deg"], place["heading_deg"], place["nav_status"]) == (0.3, 123.4, 511.0, 1)
    assert static["time"] == datetime(2021, 3, 1, 0, 1, 0, 7000, tzinfo=UTC)
    assert (static["lat_deg"], static["lon_deg"], static["message_type"]) == (None, None, 5)
    assert (static["name"], static["callsign"], static["imo"], static["ship_type"]) == ("NEVA", "UBXX", 9074729, 84)
    sides = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m")
    assert [static[side] for side in sides] == [200, 40, 12, 30, 12.5]
    adds_up(result)


@pytest.mark.parametrize("kind", [6, 8, 11, 17, 20, 22, 25])
def test_messages_that_name_neither_place_nor_vessel(tmp_path, kind):
    other = line({"MMSI": "273123000", "Message_ID": str(kind), "Time": "20210301_000005", "Data": "00FF"})
    result = read_text(tmp_path, "\n".join([HEADER, line(POSITION), other]))
    assert result.files[0].rejected == {f"message_type_{kind}": 1}
    assert result.rejects.to_pylist()[0]["source_row"] == 3
    adds_up(result)


@pytest.mark.parametrize("kind", [2, 3, 4, 9, 18, 19, 21, 27])
def test_positions_of_every_kind(tmp_path, kind):
    (row,) = rows(read_text(tmp_path, f"{HEADER}\n{line(POSITION, Message_ID=str(kind))}\n"))
    assert (row["message_type"], row["lat_deg"]) == (kind, 42.5)


def test_values_for_none_are_left_in(tmp_path):
    none = line(POSITION, Longitude="181", Latitude="91", SOG="102.3", COG="360")
    (row,) = rows(read_text(tmp_path, f"{HEADER}\n{none}\n"))
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"], row["cog_deg"]) == (91.0, 181.0, 102.3, 360.0)


def test_milliseconds_that_are_none(tmp_path):
    lines = [line(POSITION, Millisecond=milli) for milli in ("", "1000", "x", "0")]
    result = read_text(tmp_path, "\n".join([HEADER, *lines]))
    assert {row["time"] for row in rows(result)} == {datetime(2021, 3, 1, 0, 0, 5, tzinfo=UTC)}
    assert "Millisecond unreadable, time kept to the second: 2" in result.files[0].notes


def test_bad_rows(tmp_path):
    lines = [
        line(POSITION, Time="2021-03-01 00:00:05"),
        line(POSITION, Time="20210301_250005"),
        line(POSITION, Time=""),
        line(POSITION, MMSI=""),
        line(POSITION, Latitude=""),
        line(POSITION) + ",",
        HEADER,
        line(POSITION, Message_ID="99"),
    ]
    result = read_text(tmp_path, "\n".join([HEADER, *lines]))
    assert result.files[0].rejected == {
        "bad_position": 1,
        "bad_time": 3,
        "missing_vessel": 1,
        "repeated_header": 1,
        "wrong_column_count": 1,
    }
    assert "time 20210301_250005.250" in [reject["detail"] for reject in result.rejects.to_pylist()]
    assert "message_type: 1 unreadable values left empty" in result.files[0].notes
    adds_up(result)


def test_a_place_beside_a_static_report_is_no_fix(tmp_path):
    beside = line(STATIC, Latitude="0", Longitude="0", SOG="0.0")
    result = read_text(tmp_path, f"{HEADER}\n{line(POSITION)}\n{beside}\n")
    first, second = rows(result)
    assert (first["lat_deg"], first["lon_deg"]) == (42.5, 130.25)
    assert (second["lat_deg"], second["lon_deg"], second["sog_kn"], second["name"]) == (None, None, None, "NEVA")
    assert "static reports (types 5 and 24) with a place beside them, which is not used: 1" in result.files[0].notes
