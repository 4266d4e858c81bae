"""AISHub as JSON and XML: both forms of units, what the answer says of itself, entities refused."""

from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

import pytest

from stsdetect.errors import InputError
from stsdetect.readers import QuestionError, raw_lines
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HUMAN = {
    "MMSI": 257000001,
    "TIME": "2021-03-01 00:00:05 GMT",
    "LONGITUDE": 5.25,
    "LATITUDE": 60.5,
    "COG": 12.5,
    "SOG": 0.3,
    "HEADING": 511,
    "ROT": 0,
    "NAVSTAT": 1,
    "IMO": 9074729,
    "NAME": 'A "B" & C',
    "CALLSIGN": "LKAB",
    "TYPE": 80,
    "A": 90,
    "B": 10,
    "C": 5,
    "D": 7,
    "DRAUGHT": 6.2,
    "DEST": "NARVIK",
    "ETA": "12-30 06:00",
}
RAW = {**HUMAN, "TIME": 1614556805, "LONGITUDE": 3150000, "LATITUDE": 36300000, "COG": 125, "SOG": 3, "DRAUGHT": 62}


def as_json(*items):
    meta = {"ERROR": False, "USERNAME": "AH_1", "FORMAT": "HUMAN", "RECORDS": len(items)}
    return json.dumps([meta, items])


def as_xml(*items):
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<VESSELS ERROR="false" RECORDS="1">']
    for item in items:
        attributes = " ".join(f"{key}={quoteattr(str(value))}" for key, value in item.items() if value is not None)
        lines.append(f"<vessel {attributes}/>")
    return "\n".join([*lines, "</VESSELS>"])


FORMS = [(as_json, "aishub_json"), (as_xml, "aishub_xml")]


@pytest.mark.parametrize(("write", "layout"), FORMS)
@pytest.mark.parametrize("item", [HUMAN, RAW], ids=["human", "raw"])
def test_both_forms(tmp_path, write, layout, item):
    result = read_text(tmp_path, write(item, item), "answer")
    assert result.files[0].layout == layout
    row, _ = rows(result)
    assert row["time"].isoformat() == "2021-03-01T00:00:05+00:00"
    assert (row["lat_deg"], row["lon_deg"]) == (60.5, 5.25)
    assert (row["sog_kn"], row["cog_deg"], row["heading_deg"], row["draught_m"]) == (0.3, 12.5, 511, 6.2)
    assert (row["mmsi"], row["imo"], row["nav_status"], row["ship_type"]) == (257000001, 9074729, 1, 80)
    assert (row["name"], row["callsign"], row["destination"]) == ('A "B" & C', "LKAB", "NARVIK")
    assert (row["to_bow_m"], row["to_stern_m"], row["to_port_m"], row["to_starboard_m"]) == (90, 10, 5, 7)
    assert (row["length_m"], row["width_m"]) == (100, 12)
    assert any("raw AIS units" in note for note in result.files[0].notes) == (item is RAW)
    assert result.positions["source_row"].to_pylist() == [1, 2]
    adds_up(result)


@pytest.mark.parametrize(("write", "layout"), FORMS)
def test_a_file_of_mixed_forms_is_asked_about(tmp_path, write, layout):
    with pytest.raises(QuestionError, match="format=0"):
        read_text(tmp_path, write({**HUMAN, "TIME": 1614556805}), "answer")


@pytest.mark.parametrize(("write", "layout"), FORMS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TIME": "yesterday"}, "bad_time"),
        ({"MMSI": None}, "missing_vessel"),
        ({"LATITUDE": "north"}, "bad_position"),
        ({"TIME": "1914-03-01 00:00:05 GMT"}, "time_out_of_range"),
    ],
)
def test_bad_rows(tmp_path, write, layout, change, reason):
    result = read_text(tmp_path, write(HUMAN, HUMAN, {**HUMAN, **change}, HUMAN), "answer")
    assert result.files[0].rejected == {reason: 1}
    assert result.rejects["source_row"].to_pylist() == [3]
    assert "257000001" in result.rejects["text"].to_pylist()[0] or reason == "missing_vessel"
    adds_up(result)


def test_an_answer_that_is_an_error_is_not_ais(tmp_path):
    text = json.dumps([{"ERROR": True, "USERNAME": "AH_1", "ERROR_MESSAGE": "Too frequent requests!"}])
    with pytest.raises(InputError, match="ERROR_MESSAGE"):
        read_text(tmp_path, text, "answer.json")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
XML = as_xml(HUMAN, HUMAN)
DAMAGE = {
    "cut": (XML[:-30], 1, "no XML"),
    "cut behind a vessel": (XML.removesuffix("</VESSELS>"), 2, "no XML"),
    "entities": (XML.replace("<VESSELS", LAUGHS + "<VESSELS"), 0, "entities"),
    "an entity that is not declared": (XML.replace("</VESSELS>", "&b;</VESSELS>"), 2, "undefined entity"),
    "deep": (XML.removesuffix("</VESSELS>") + "<a>" * 200, 2, "nested"),
    "large": (XML.removesuffix("</VESSELS>") + '<a b="' + "x" * 3_000_000, 2, "longer than"),
    "bad byte": (XML.replace("</VESSELS>", "<vessel NAME='\x01'/></VESSELS>"), 2, "token"),
    "encoding": (XML.replace("UTF-8", "klingon"), 0, "encoding"),
}


@pytest.mark.parametrize(("text", "kept", "words"), DAMAGE.values(), ids=DAMAGE)
def test_of_broken_xml_what_came_before_is_kept(tmp_path, text, kept, words):
    if not kept:
        with pytest.raises(InputError, match=words):
            read_text(tmp_path, text, "answer.xml")
        return
    result = read_text(tmp_path, text, "answer.xml")
    assert result.positions.num_rows == kept
    assert result.files[0].rejected == {"damaged_file": 1}
    assert words in result.rejects["detail"].to_pylist()[0]
    adds_up(result)


def test_many_vessels_cross_the_pieces(tmp_path):
    items = [{**HUMAN, "MMSI": 200000000 + i} for i in range(5000)]
    result = read_text(tmp_path, as_xml(*items), "answer.xml")
    assert result.positions["mmsi"].to_pylist() == [item["MMSI"] for item in items]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_other_encodings(tmp_path, encoding):
    text = as_xml({**HUMAN, "NAME": "BÅT"}).replace("UTF-8", encoding)
    (row,) = rows(read_text(tmp_path, text.encode(encoding), "answer.xml"))
    assert row["name"] == "BÅT"


@pytest.mark.parametrize(("write", "layout"), FORMS)
def test_rows_lead_back_to_their_texts(tmp_path, write, layout):
    items = [{**HUMAN, "MMSI": 257000001 + i} for i in range(3)]
    read_text(tmp_path, write(*items), "answer")
    found = raw_lines(str(tmp_path / "answer"), [1, 3], layout=layout)
    assert {row: int(json.loads(text)["MMSI"]) for row, text in found.items()} == {1: 257000001, 3: 257000003}
