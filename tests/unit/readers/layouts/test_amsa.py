"""AMSA Craft Tracking System: 12-hour clock day first, anonymous negative ids, zeros that mean none, hourly reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import stsdetect as sts
from stsdetect.readers.layouts.amsa import SPARSE
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = "CRAFT_ID,LON,LAT,COURSE,SPEED,TYPE,SUBTYPE,LENGTH,BEAM,DRAUGHT,TIMESTAMP"
ROW = "-2146018332.00000000000,115.693126667,-32.2264,{},{},unknown code 0,,{},22,{},{}"


def line(course="354.5", speed="0.4", length="111", draught="6.6", stamp="1/02/2023 12:04:54 AM"):
    return ROW.format(course, speed, length, draught, stamp)


@pytest.mark.parametrize("more", [False, True], ids=["csv", "converted shapefile with quotes"])
def test_a_row(tmp_path, more):
    header, row = (
        (f"X,Y,Z,{HEADER}", f"115.69,-32.22,0,{line(length=chr(34) + '111' + chr(34))}") if more else (HEADER, line())
    )
    result = read_text(tmp_path, f"{header}\n{row}\n")
    assert result.files[0].layout == "amsa_cts"
    (got,) = rows(result)
    assert got["time"] == datetime(2023, 2, 1, 0, 4, 54, tzinfo=UTC)
    assert (got["vessel_id"], got["mmsi"]) == ("-2146018332", None)
    assert (got["lon_deg"], got["lat_deg"], got["cog_deg"], got["sog_kn"]) == (115.693126667, -32.2264, 354.5, 0.4)
    assert (got["length_m"], got["width_m"], got["draught_m"], got["ship_type"]) == (111, 22, 6.6, 0)
    assert SPARSE in result.files[0].notes


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-2.14601833200e+009", "-2146018332"),
        ("-2146018332", "-2146018332"),
        ("1.2E1", "12"),
        ("12.00", "12"),
        ("1.25e1", "1.25e1"),
        ("1e400", "1e400"),
        ("1e30", "1e30"),
        ("e5", "e5"),
    ],
)
@pytest.mark.parametrize("beside", ["", "7"])
def test_ids_that_are_whole_numbers_are_written_one_way(tmp_path, given, expected, beside):
    lines = [line().replace("-2146018332.00000000000", text) for text in (given, beside, given)]
    got = [row["vessel_id"] for row in rows(read_text(tmp_path, "\n".join([HEADER, *lines, ""])))]
    assert got == [expected, *([beside] if beside else []), expected]


@pytest.mark.parametrize(
    ("course", "speed", "expected"),
    [("0.00000", "0.00000", (None, None)), ("354.5", "0.0", (354.5, 0.0)), ("0.0", "7.5", (0.0, 7.5))],
)
def test_zeros_for_none(tmp_path, course, speed, expected):
    text = line(course, speed, draught="0.00000000000")
    (row,) = rows(read_text(tmp_path, f"{HEADER}\n{text}\n"))
    assert (row["cog_deg"], row["sog_kn"], row["draught_m"]) == (*expected, None)


def test_unreadable_values_beside_zeros_are_counted(tmp_path):
    text = f"{HEADER}\n{line('x', '0.0')}\n{line('0.0', '0.0', draught='deep')}\n"
    result = read_text(tmp_path, text)
    assert [(row["cog_deg"], row["sog_kn"]) for row in rows(result)] == [(None, 0.0), (None, None)]
    assert "cog_deg: 1 unreadable values left empty" in result.files[0].notes
    assert "draught_m: 1 unreadable values left empty" in result.files[0].notes


def test_the_day_stands_first_and_noon_is_pm(tmp_path):
    stamps = ["2/01/2023 12:00:00 PM", "13/01/2023 1:00:00 AM", "1/13/2023 1:00:00 AM", "2/01/2023 13:00:00"]
    result = read_text(tmp_path, "\n".join([HEADER, *(line(stamp=stamp) for stamp in stamps)]))
    expected = [datetime(2023, 1, 2, 12, tzinfo=UTC), datetime(2023, 1, 13, 1, tzinfo=UTC)]
    assert [row["time"] for row in rows(result)] == expected
    assert result.files[0].rejected == {"bad_time": 2}
    adds_up(result)


def test_ids_however_their_fraction_is_written(tmp_path):
    text = "\n".join([HEADER, *(line().replace(".00000000000", tail, 1) for tail in ("", ".0", ".", ".00000"))])
    assert {row["vessel_id"] for row in rows(read_text(tmp_path, text))} == {"-2146018332"}


@pytest.mark.parametrize(("speed", "step", "found"), [("0.1", 0.0, True), ("7.0", 0.115, False)])
def test_hourly_reports_never_observe_contact(tmp_path, speed, step, found):
    begin = datetime(2023, 2, 1, tzinfo=UTC)
    lines = []
    for hour in range(48):
        for craft, shift in (("-5.0", 0.0), ("7.0", 0.0005)):
            stamp = begin + timedelta(hours=hour, minutes=30 * (craft == "7.0"))
            text = f"{stamp.day}/{stamp:%m/%Y} {stamp:%I:%M:%S %p}"
            east = 115.0 + shift + step * (stamp - begin).total_seconds() / 3600
            lines.append(f"{craft},{east},-32.0,90,{speed},,,111,22,6.6,{text}")
    path = tmp_path / "cts.csv"
    path.write_text("\n".join([HEADER, *lines]))
    events = sts.detect(path).events
    met = events[events["kind"] == "encounter"]
    assert bool(len(met)) == found
    assert (met["observed_min"] == 0).all()
