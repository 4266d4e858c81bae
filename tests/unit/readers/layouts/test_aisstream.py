"""aisstream.io: messages of each type on lines, Go's form of the time, positions that are not the message's own."""

from __future__ import annotations

import json

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

META = {
    "MMSI": 259000420,
    "MMSI_String": 259000420,
    "ShipName": "AUGUSTSON           ",
    "latitude": 66.02695,
    "longitude": 12.253821666666665,
    "time_utc": "2022-12-29 18:22:32.318353 +0000 UTC",
}
COMMON = {"RepeatIndicator": 0, "UserID": 259000420, "Valid": True}
POSITION = {
    **COMMON,
    "MessageID": 1,
    "NavigationalStatus": 15,
    "RateOfTurn": 0,
    "Sog": 0.4,
    "PositionAccuracy": True,
    "Longitude": 12.25,
    "Latitude": 66.02,
    "Cog": 308.2,
    "TrueHeading": 235,
    "Timestamp": 31,
    "SpecialManoeuvreIndicator": 0,
    "Spare": 0,
    "Raim": True,
    "CommunicationState": 59916,
}
STATIC = {
    **COMMON,
    "MessageID": 5,
    "ImoNumber": 9074729,
    "CallSign": "LKAB   ",
    "Name": "AUGUSTSON @@@@",
    "Type": 80,
    "Dimension": {"A": 90, "B": 10, "C": 5, "D": 7},
    "FixType": 1,
    "Eta": {"Month": 12, "Day": 30, "Hour": 6, "Minute": 0},
    "MaximumStaticDraught": 6.2,
    "Destination": "NARVIK              ",
    "Dte": False,
}
PART_A = {
    **COMMON,
    "MessageID": 24,
    "PartNumber": False,
    "ReportA": {"Valid": True, "Name": "LITTLE ONE          "},
    "ReportB": {"Valid": False, "ShipType": 0, "CallSign": "", "Dimension": {"A": 0, "B": 0, "C": 0, "D": 0}},
}
PART_B = {
    **COMMON,
    "MessageID": 24,
    "PartNumber": True,
    "ReportA": {"Valid": False, "Name": ""},
    "ReportB": {
        "Valid": True,
        "ShipType": 37,
        "VendorIDName": "SRT",
        "VenderIDModel": 1,
        "CallSign": "LM1234 ",
        "Dimension": {"A": 6, "B": 4, "C": 1, "D": 2},
    },
}


def message(kind, body, **meta):
    return json.dumps({"Message": {kind: body}, "MessageType": kind, "MetaData": {**META, **meta}})


def lines(*texts):
    return "".join(text + "\n" for text in texts)


def test_position(tmp_path):
    result = read_text(tmp_path, lines(message("PositionReport", POSITION)), "aisstream.jsonl")
    assert result.files[0].layout == "aisstream"
    (row,) = rows(result)
    assert row["time"].isoformat() == "2022-12-29T18:22:32.318353+00:00"
    assert (row["lat_deg"], row["lon_deg"]) == (66.02, 12.25)  # the message's own, not the metadata's
    assert (row["mmsi"], row["sog_kn"], row["cog_deg"], row["heading_deg"]) == (259000420, 0.4, 308.2, 235)
    assert (row["nav_status"], row["message_type"], row["transceiver"]) == (15, 1, "A")
    assert row["name"] == "AUGUSTSON"
    adds_up(result)


def test_static_messages_have_no_position_of_their_own(tmp_path):
    text = lines(
        message("ShipStaticData", STATIC), message("StaticDataReport", PART_A), message("StaticDataReport", PART_B)
    )
    result = read_text(tmp_path, text, "aisstream.jsonl")
    a, b, c = rows(result)
    assert {(row["lat_deg"], row["lon_deg"], row["sog_kn"]) for row in (a, b, c)} == {(None, None, None)}
    assert (a["imo"], a["name"], a["callsign"], a["ship_type"]) == (9074729, "AUGUSTSON", "LKAB", 80)
    assert (a["draught_m"], a["destination"], a["length_m"], a["width_m"]) == (6.2, "NARVIK", 100, 12)
    assert (a["message_type"], a["transceiver"]) == (5, "A")
    assert (b["name"], b["ship_type"], b["message_type"], b["transceiver"]) == ("LITTLE ONE", None, 24, "B")
    assert (b["to_bow_m"], b["callsign"]) == (None, None)
    assert (c["ship_type"], c["callsign"], c["to_bow_m"], c["to_starboard_m"]) == (37, "LM1234", 6, 2)
    adds_up(result)


def test_class_b_and_long_range(tmp_path):
    standard = {key: POSITION[key] for key in ("Sog", "Longitude", "Latitude", "Cog", "TrueHeading", *COMMON)}
    extended = {
        **standard,
        "MessageID": 19,
        "Name": "YACHT @",
        "Type": 36,
        "Dimension": {"A": 6, "B": 4, "C": 1, "D": 2},
    }
    far = {
        **COMMON,
        "MessageID": 27,
        "NavigationalStatus": 0,
        "Longitude": 12.3,
        "Latitude": 66.0,
        "Sog": 63,
        "Cog": 511,
    }
    text = lines(
        message("StandardClassBPositionReport", {**standard, "MessageID": 18}),
        message("ExtendedClassBPositionReport", extended),
        message("LongRangeAisBroadcastMessage", far),
        message("LongRangeAisBroadcastMessage", {**far, "Sog": 9, "Cog": 90}),
    )
    result = read_text(tmp_path, text, "aisstream.jsonl")
    a, b, c, d = rows(result)
    assert (a["message_type"], a["transceiver"], a["lat_deg"], a["nav_status"]) == (18, "B", 66.02, None)
    assert (b["message_type"], b["name"], b["ship_type"], b["length_m"]) == (19, "YACHT", 36, 10)
    # Sentinels of type 27 differ from the others'; written as theirs.
    assert (c["message_type"], c["sog_kn"], c["cog_deg"], c["transceiver"]) == (27, 102.3, 360.0, None)
    assert (d["sog_kn"], d["cog_deg"]) == (9, 90)
    adds_up(result)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2022-12-29 18:22:32.318353123 +0000 UTC", "2022-12-29T18:22:32.318353+00:00"),
        ("2022-12-29 18:22:32 +0000 UTC", "2022-12-29T18:22:32+00:00"),
        ("2022-12-29 18:22:32.5 +0000 UTC", "2022-12-29T18:22:32.500000+00:00"),
        ("2022-12-29 18:22:32.5", None),
        (31, None),
    ],
)
def test_times(tmp_path, time, expected):
    text = lines(message("PositionReport", POSITION), message("PositionReport", POSITION, time_utc=time))
    result = read_text(tmp_path, text, "aisstream.jsonl")
    assert result.files[0].rejected == ({} if expected else {"bad_time": 1})
    if expected:
        assert rows(result)[1]["time"].isoformat() == expected
    adds_up(result)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            message("BaseStationReport", {**COMMON, "MessageID": 4, "Latitude": 66.0, "Longitude": 12.0}),
            "message_type_4",
        ),
        (message("AidsToNavigationReport", {**COMMON, "MessageID": 21}), "message_type_21"),
        (message("UnknownMessage", {}), "bad_message"),
        (message("PositionReport", {**POSITION, "Valid": False}), "bad_message"),
        (message("PositionReport", []), "bad_message"),
        (message("PositionReport", {**POSITION, "Latitude": "north"}), "bad_position"),
        (message("PositionReport", POSITION, MMSI="x"), "bad_mmsi"),
        ('{"error": "Api Key Is Not Valid"}', "bad_message"),
        ('{"MessageType": ["a"], "MetaData": {}, "Message": {}}', "bad_message"),
        ('{"MessageType": "A\\ud800", "MetaData": {}, "Message": {"A\\ud800": {"MessageID": true}}}', "bad_message"),
    ],
)
def test_what_is_not_kept_is_rejected_with_its_reason(tmp_path, line, reason):
    good = message("PositionReport", POSITION)
    result = read_text(tmp_path, lines(good, line, good), "aisstream.jsonl")
    assert result.files[0].rejected == {reason: 1}
    assert result.rejects["source_row"].to_pylist() == [2]
    assert result.positions["source_row"].to_pylist() == [1, 3]
    adds_up(result)


def test_only_the_metadata_names_the_vessel_or_only_the_message(tmp_path):
    nameless = {key: value for key, value in POSITION.items() if key != "UserID"}
    text = lines(message("PositionReport", nameless), message("PositionReport", POSITION, MMSI=None))
    assert [row["mmsi"] for row in rows(read_text(tmp_path, text))] == [259000420, 259000420]


def test_an_array_of_messages(tmp_path):
    text = "[" + message("PositionReport", POSITION) + "," + message("ShipStaticData", STATIC) + "]"
    result = read_text(tmp_path, text, "aisstream.json")
    assert (result.files[0].layout, result.positions.num_rows) == ("aisstream", 2)
