"""Rules of reading that a file does not heed are told, whatever layout it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from stsdetect.errors import UsageError
from stsdetect.readers import read
from stsdetect.readers.unused import unheeded
from stsdetect.settings import ReadSettings

SEEDS = Path(__file__).parents[2] / "fuzz" / "seeds"
GIVEN = {
    "--map": ReadSettings(columns={"destination": "sog"}),
    "--speed-unit": ReadSettings(speed_unit="m/s"),
    "--utc-offset": ReadSettings(utc_offset_h=5.0),
    "read.day_first": ReadSettings(day_first=False),
    "--start-time": ReadSettings(start_time="2024-03-01T00:00:00Z"),
}
#: Layouts that must be asked something before their seeds are read are told by their own tests.
LAYOUTS = sorted(folder.name for folder in SEEDS.iterdir() if folder.name != "table")
NOAA = "MMSI,BaseDateTime,LAT,LON,SOG\n273000001,2024-03-01T00:00:00,38.0,122.0,9.5\n"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("option", ["--speed-unit", "--utc-offset", "read.day_first", "--start-time"])
def test_what_changes_the_rows_is_not_called_unused(layout, option):
    answers = {"nmea": {"start_time": "2024-02-01T00:00:00Z"}, "marinetraffic": {"speed_unit": "kn"}}.get(layout, {})
    given = ReadSettings(**(answers | GIVEN[option].model_dump(exclude_defaults=True)))
    for path in sorted((SEEDS / layout).iterdir()):
        plain, changed = (read([path], settings=settings) for settings in (ReadSettings(**answers), given))
        said = any(note.startswith(option) for note in changed.files[0].notes)
        assert not (said and not plain.positions.equals(changed.positions)), path


@pytest.mark.parametrize("option", GIVEN)
def test_what_is_not_heeded_is_told(tmp_path, option):
    (tmp_path / "a.csv").write_text(NOAA)
    (note,) = read(tmp_path / "a.csv", settings=GIVEN[option]).files[0].notes
    assert note.startswith(option)
    assert "read." in note
    assert "is not used" in note


def test_one_file_that_heeds_it_is_enough(tmp_path):
    (tmp_path / "a.csv").write_text(NOAA)
    (tmp_path / "b.csv").write_text("id,timestamp,lat,lon,speed\nx,2024-03-01T00:00:00Z,38.0,122.0,5\n")
    files = read(tmp_path, settings=GIVEN["--speed-unit"]).files
    assert not any("not used" in note for file in files for note in file.notes)


DMA = "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,SOG\n01/03/2021 00:00:05,Class A,219000001,57.5,10.25,0.3\n"
SENTENCE = "!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"


def test_the_order_of_dates_of_a_layout_cannot_be_set(tmp_path):
    (tmp_path / "a.csv").write_text(DMA)
    result = read(tmp_path / "a.csv", settings=ReadSettings(day_first=False))
    assert result.positions.column("time")[0].as_py().month == 3
    (note,) = result.files[0].notes
    assert note.startswith("read.day_first was given and is not used: dates are read as the layout says; ")


def test_what_is_heeded_is_not_told(tmp_path):
    (tmp_path / "a.csv").write_text("id,when,y,x\nx,03/04/2024 00:00:00,38.0,122.0\n")
    (tmp_path / "b.log").write_text(f"{SENTENCE}\n")
    columns = {"vessel_id": "id", "time": "when", "lat": "y", "lon": "x"}
    both = ReadSettings(columns=columns, day_first=True, start_time="2024-03-01T00:00:00Z")
    assert not any("not used" in note for file in read(tmp_path, settings=both).files for note in file.notes)


def test_a_start_is_of_no_use_to_a_log_with_times(tmp_path):
    (tmp_path / "a.log").write_text(f"{SENTENCE},1709251200\n")
    (note,) = read(tmp_path / "a.log", settings=GIVEN["--start-time"]).files[0].notes
    assert note == "--start-time (read.start_time) was given and is not used: no file is NMEA without times"


def test_layouts_of_others_may_heed_anything():
    assert unheeded(GIVEN["--map"], ["noaa_2025"])
    assert unheeded(GIVEN["--map"], ["noaa_2025", "theirs"]) == []


def test_a_misspelt_key_of_a_map_is_told_even_where_no_map_is_needed(tmp_path):
    (tmp_path / "a.csv").write_text(NOAA)
    with pytest.raises(UsageError, match=r"nothing can be mapped to .drauht.\. Did you mean .draught."):
        read(tmp_path / "a.csv", settings=ReadSettings(columns={"drauht": "Draft"}))


def test_a_layout_that_there_is_not_is_told_as_such_of_folders_too(tmp_path):
    (tmp_path / "a.csv").write_text(NOAA)
    with pytest.raises(UsageError, match=r"^there is no layout 'noaa_2026'"):
        read(tmp_path, settings=ReadSettings(layout="noaa_2026"))
