"""What strangers write into names changes nothing about how a file is read.

Names and destinations have up to 20 characters of the six-bit alphabet (ITU-R M.1371-5, table 47), lower case not
among them, and that is room for a whole sentence.
"""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import HEADER

SHORT = "!AIVDM,1,1,,,,0*26"
#: With a time of its own and a position: what a reader of logs would keep.
LONG = "\\c:1709251200*5D\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
NAMES = [SHORT, LONG]
PLACE = "2024-03-01T00:00:00,38.5,1.5"
NOAA = f'{HEADER}\n412000001,{PLACE},0.1,10,10,"%s",,,,,,,,,A\n412000002,{PLACE},0.1,10,10,PLAIN,,,,,,,,,A\n'
OTHER = f'When,Lat,Lon,Vessel,Name\n{PLACE},412000001,"%s"\n{PLACE},412000002,"PLAIN"\n'
MAP = ["--map", "time=When", "--map", "lat=Lat", "--map", "lon=Lon", "--map", "mmsi=Vessel", "--map", "name=Name"]


def digitraffic(name: str) -> str:
    vessel = {"mmsi": 412000001, "timestamp": 1709251200000, "name": name, "shipType": 80, "callSign": "C"}
    more = {"destination": name, "draught": 50, "eta": 0, "imo": 0, "posType": 1}
    more |= {f"referencePoint{letter}": 1 for letter in "ABCD"}
    return json.dumps([vessel | more, vessel | more | {"mmsi": 412000002}])


def barentswatch(name: str) -> str:
    line = {"mmsi": 412000001, "msgtime": "2024-03-01T00:00:00+00:00", "latitude": 38.5, "longitude": 1.5}
    line |= {"name": name, "courseOverGround": 1.0, "speedOverGround": 0.1, "trueHeading": 10}
    return "".join(json.dumps(line | {"mmsi": 412000001 + i}) + "\n" for i in range(2))


def aishub(name: str) -> str:
    vessel = f'<vessel MMSI="412000001" TIME="2024-03-01 00:00:00 GMT" LONGITUDE="1.5" LATITUDE="38.5" NAME="{name}"/>'
    return f'<?xml version="1.0"?><VESSELS>{vessel}{vessel.replace("001", "002")}</VESSELS>'


@pytest.fixture
def look(run, tmp_path):
    def call(text: str, *words: object) -> dict:
        (tmp_path / "in").write_text(text)
        done = run("inspect", "--json", *words, tmp_path / "in")
        assert done.code == 0, done.err
        (found,) = json.loads(done.out)
        return found

    return call


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_in_a_known_table(look, name):
    found = look(NOAA % name)
    assert (found["layout"], found["rows_kept"], found["rejected"]) == ("noaa_2015_2024", 2, {})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("layout", "make"), [("digitraffic_vessels", digitraffic), ("barentswatch", barentswatch), ("aishub_xml", aishub)]
)
def test_a_sentence_in_json_and_xml(look, layout, make, name):
    found = look(make(name))
    assert (found["layout"], found["rows_kept"], found["rejected"]) == (layout, 2, {})


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_in_every_row_of_an_unknown_table(run, look, tmp_path, name):
    text = OTHER.replace("PLAIN", name) % name
    (tmp_path / "in.csv").write_text(text)
    done = run("inspect", tmp_path / "in.csv")
    assert done.code == 3
    assert "--map lat=Lat --map lon=Lon" in done.err
    for there in (text, OTHER.replace(",", ";").replace("PLAIN", name) % name):
        found = look(there, *MAP)
        assert (found["layout"], found["rows_kept"], found["rejected"]) == ("table", 2, {})


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_in_unknown_json(run, look, tmp_path, name):
    items = [{"when": "2024-03-01T00:00:00Z", "at": {"lat": 38.5, "lon": 1.5}, "vessel": 412000001, "name": name}] * 2
    (tmp_path / "in.json").write_text(json.dumps(items))
    done = run("inspect", tmp_path / "in.json")
    assert done.code == 3
    assert "is JSON in no layout stsdetect knows" in done.err
    words = ["--map", "time=when", "--map", "lat=at.lat", "--map", "lon=at.lon", "--map", "mmsi=vessel"]
    assert look(json.dumps(items), *words)["layout"] == "table"


def test_a_log_with_a_header_is_a_log_still(look):
    found = look(f"time;station;sentence\n2024-03-01 00:00:00;north;{LONG}\n")
    assert (found["layout"], found["rows_kept"]) == ("nmea", 1)
    assert look(f"{LONG}\n", *MAP)["layout"] == "nmea"
    assert look(NOAA % LONG, "--layout", "nmea")["layout"] == "nmea"


@pytest.mark.parametrize(
    "name", ["#1 OF ITS LINE", '# "QUOTED', "-- ", "/*", "!AIVDM", "$PGHP", "{[", "<?XML", "PK\x03"]
)
def test_odd_names_at_the_start_of_a_line(look, name):
    head = "Name,When,Lat,Lon,Vessel"
    text = f"{head}\n# a comment, with few commas\n{name},{PLACE},412000001\nOTHER,{PLACE},412000002\n"
    found = look(text, *MAP)
    assert (found["layout"], found["rows_read"], found["rows_kept"]) == ("table", 2, 2)
