"""MarineTraffic: API headers say tenths of a knot, others are asked about; draughts; the site's exports."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stsdetect.readers import QuestionError
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

SIMPLE = "MMSI,IMO,SHIP_ID,LAT,LON,SPEED,HEADING,COURSE,STATUS,TIMESTAMP,DSRC,UTC_SECONDS"
SIMPLE_ROW = "273123000,9074729,4567,42.5,130.25,123,511,87,1,2021-03-01T00:00:05,TER,5"
EXTENDED = f"{SIMPLE},SHIPNAME,SHIPTYPE,CALLSIGN,FLAG,LENGTH,WIDTH,GRT,DWT,DRAUGHT,YEAR_BUILT"
EXTENDED_ROW = f"{SIMPLE_ROW},NEVA,84,UBXX,RU,244.0,42.0,57000,105000,125,2004"
PS01 = "MMSI,STATUS,SPEED,LON,LAT,COURSE,HEADING,TIMESTAMP,SHIP_ID"
PS01_ROW = "273123000,1,123,130.25,42.5,87,511,2021-03-01T00:00:05,4567"
OPEN = "MMSI,LAT,LON,SPEED,HEADING,COURSE,STATUS,TIMESTAMP"
OPEN_ROW = "273123000,42.5,130.25,{},511,87,1,2021-03-01T00:00:05"
WEB = (
    "Flag,Vessel Name,Destination Port,Reported Eta,Reported Destination,Imo,Vessel Type - Generic,"
    "Time Of Latest Position,Latitude,Longitude,Speed,Draught"
)
WEB_ROW = "Russia,NEVA,VLADIVOSTOK,,RU VVO,9074729,Tanker,2021-03-01 00:00:05,42.5,130.25,12.3,-"


@pytest.mark.parametrize(
    ("header", "line"), [(SIMPLE, SIMPLE_ROW), (EXTENDED, EXTENDED_ROW), (PS01, PS01_ROW)], ids=["s", "e", "ps01"]
)
def test_the_header_of_the_api_says_tenths(tmp_path, header, line):
    result = read_text(tmp_path, f"{header}\n{line}\n")
    assert result.files[0].layout == "marinetraffic"
    (row,) = rows(result)
    assert row["time"] == datetime(2021, 3, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["mmsi"], row["lat_deg"], row["lon_deg"]) == (273123000, 42.5, 130.25)
    assert (row["sog_kn"], row["heading_deg"], row["cog_deg"], row["nav_status"]) == (12.3, 511.0, 87.0, 1)
    assert "speeds read in 0.1kn and turned into knots" in result.files[0].notes


def test_extended_columns(tmp_path):
    result = read_text(tmp_path, f"{EXTENDED}\n{EXTENDED_ROW}\n")
    (row,) = rows(result)
    assert (row["imo"], row["name"], row["callsign"], row["ship_type"]) == (9074729, "NEVA", "UBXX", 84)
    assert (row["length_m"], row["width_m"], row["draught_m"]) == (244.0, 42.0, 12.5)
    assert any("above 25.5" in note for note in result.files[0].notes)


@pytest.mark.parametrize(
    ("draughts", "expected", "note"),
    [
        (("12.5", "9"), [12.5, 9.0], "decimals"),
        (("12", "0"), [None, None], "left empty"),
        (("98", "0"), [9.8, 0.0], "tenths"),
    ],
)
def test_draughts_as_the_values_show(tmp_path, draughts, expected, note):
    lines = [EXTENDED_ROW.replace(",125,", f",{draught},") for draught in draughts]
    result = read_text(tmp_path, "\n".join([EXTENDED, *lines]))
    assert [row["draught_m"] for row in rows(result)] == expected
    assert any("DRAUGHT" in text and note in text for text in result.files[0].notes)


@pytest.mark.parametrize(("speeds", "look"), [((145, 3, 0), "no AIS speed in knots is above"), ((98, 4, 0), "median")])
def test_an_open_header_is_asked_about(tmp_path, speeds, look):
    text = "\n".join([OPEN, *(OPEN_ROW.format(speed) for speed in speeds)])
    with pytest.raises(QuestionError) as caught:
        read_text(tmp_path, text)
    message = str(caught.value)
    assert f"largest SPEED is {max(speeds)}" in message
    assert look in message
    assert "--speed-unit 0.1kn or --speed-unit kn" in message
    for unit, factor in {"kn": 1, "0.1kn": 0.1}.items():
        got = [row["sog_kn"] for row in rows(read_text(tmp_path, text, speed_unit=unit))]
        assert got == pytest.approx([speed * factor for speed in speeds])


def test_decimals_under_the_header_of_the_api_are_asked_about(tmp_path):
    text = f"{SIMPLE}\n{SIMPLE_ROW.replace(',123,', ',12.3,')}\n"
    with pytest.raises(QuestionError, match=r"SPEED such as 12\.3 has decimals"):
        read_text(tmp_path, text)
    assert rows(read_text(tmp_path, text, speed_unit="kn"))[0]["sog_kn"] == 12.3


def test_bad_rows_and_strange_statuses(tmp_path):
    wrong = SIMPLE_ROW.replace("2021-03-01T00:00:05", "2021-03-01T00:00:05+02:00")
    aircraft = SIMPLE_ROW.replace(",1,2021", ",97,2021")
    result = read_text(
        tmp_path, "\n".join([SIMPLE, SIMPLE_ROW, wrong, SIMPLE_ROW.replace("123", "fast"), aircraft, SIMPLE])
    )
    assert result.files[0].rejected == {"bad_time": 1, "bad_mmsi": 1, "repeated_header": 1}
    assert [row["nav_status"] for row in rows(result)] == [1, None]
    adds_up(result)


def test_the_site_in_knots_and_vessels_told_by_imo(tmp_path):
    nameless = WEB_ROW.replace("9074729", "-")
    result = read_text(tmp_path, f"{WEB}\n{WEB_ROW}\n{nameless}\n")
    assert result.files[0].layout == "marinetraffic_web"
    (row,) = rows(result)
    assert (row["vessel_id"], row["imo"], row["mmsi"], row["name"]) == ("IMO9074729", 9074729, None, "NEVA")
    assert (row["sog_kn"], row["draught_m"], row["ship_type"]) == (12.3, None, 80)
    assert row["time"] == datetime(2021, 3, 1, 0, 0, 5, tzinfo=UTC)
    assert result.files[0].rejected == {"missing_vessel": 1}
    assert "Time Of Latest Position has no zone; read as UTC" in result.files[0].notes
    adds_up(result)


def test_the_site_without_any_number_of_a_vessel(tmp_path):
    lines = [",".join(cell for i, cell in enumerate(text.split(",")) if i != 5) for text in (WEB, WEB_ROW)]
    result = read_text(tmp_path, "\n".join(lines))
    assert result.files[0].rejected == {"missing_vessel": 1}
    adds_up(result)


def test_the_site_with_mmsi_and_a_zone_of_its_own(tmp_path):
    text = f"{WEB},Mmsi\n{WEB_ROW},273123000\n"
    (row,) = rows(read_text(tmp_path, text, utc_offset_h=9.0))
    assert (row["vessel_id"], row["mmsi"]) == (None, 273123000)
    assert row["time"] == datetime(2021, 2, 28, 15, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(("header", "line"), [(SIMPLE, SIMPLE_ROW), (PS01, PS01_ROW)], ids=["simple", "ps01"])
@pytest.mark.parametrize(("unit", "speed_kn"), [("kn", 123.0), ("0.1kn", 12.3)])
def test_a_unit_that_speaks_against_the_header_is_remarked(tmp_path, header, line, unit, speed_kn):
    """One setting holds for a whole folder, in which other files left the unit open."""
    result = read_text(tmp_path, f"{header}\n{line}\n", speed_unit=unit)
    assert rows(result)[0]["sog_kn"] == speed_kn
    against = [note for note in result.files[0].notes if "though the columns are those of the API" in note]
    assert len(against) == (unit == "kn")
