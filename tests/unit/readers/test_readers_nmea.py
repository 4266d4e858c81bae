"""NMEA logs: where the time stands, multi-part messages, and what is rejected."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyais.encode import encode_dict

from stsdetect.errors import InputError, StsError, UsageError
from stsdetect.readers import QuestionError, read
from stsdetect.settings import ReadSettings

NOON = 1709294400  # 2024-03-01T12:00:00Z


def sentences(kind: int, mmsi: int = 412000001, seq: int = 0, **values) -> list[str]:
    return encode_dict(
        {"msg_type": kind, "mmsi": mmsi, **values}, talker_id="AI", sentence_type="VDM", radio_channel="A", seq_id=seq
    )


def position(mmsi: int = 412000001, kind: int = 1, **values) -> str:
    place = {"lon": 122.5, "lat": 38.25, "speed": 1.5, "course": 90.0, "heading": 91, "second": 10, "status": 1}
    return sentences(kind, mmsi, **{**place, **values})[0]


def tagged(sentence: str, tag: str) -> str:
    return f"\\{tag}*{reduce(xor, tag.encode()):02X}\\{sentence}"


def static(mmsi: int = 412000001, seq: int = 1) -> list[str]:
    return sentences(
        5, mmsi, seq, imo=9074729, callsign="BCDE", shipname="SEA STAR", ship_type=81, to_bow=100, to_stern=20,
        to_port=8, to_starboard=10, draught=7.5, destination="DALIAN",
    )  # fmt: skip


def read_lines(tmp_path: Path, *lines: str, **options):
    path = tmp_path / "log.txt"
    path.write_text("\n".join(lines) + "\n")
    result = read([path], **options)
    for file in result.files:
        assert file.layout == "nmea"
        assert file.rows_read == file.rows_kept + file.rows_filtered + sum(file.rejected.values())
    return result


def only(result) -> dict:
    (row,) = result.positions.to_pylist()
    return row


@pytest.mark.parametrize(
    "line",
    [
        lambda s: [tagged(s, f"s:x,c:{NOON}")],
        lambda s: [tagged(s, f"c:{NOON}000,s:x")],
        lambda s: [f"{s},{NOON}"],
        lambda s: [f"{s},r003669794,{NOON}"],
        lambda s: [f"{s},d-130,S0160,t120000.00,T04.28,r003669959,{NOON}"],
        lambda s: [f"{NOON} {s}"],
        lambda s: [f"{NOON}000,{s}"],
        lambda s: [f"2024-03-01T12:00:00Z {s}"],
        lambda s: [f"2024-03-01 12:00:00.000, {s}"],
        lambda s: ["$PGHP,1,2024,3,1,12,0,0,0,219,,2190064,1,00*00", s],
    ],
)
def test_where_the_time_stands(tmp_path, line):
    row = only(read_lines(tmp_path, *line(position())))
    assert row["time"] == datetime(2024, 3, 1, 12, tzinfo=UTC)
    assert (row["mmsi"], row["lat_deg"], row["lon_deg"], row["sog_kn"]) == (412000001, 38.25, 122.5, 1.5)
    assert (row["heading_deg"], row["nav_status"], row["message_type"], row["transceiver"]) == (91.0, 1, 1, "A")


def test_milliseconds_are_kept(tmp_path):
    row = only(read_lines(tmp_path, tagged(position(), f"c:{NOON}250")))
    assert row["time"].microsecond == 250_000
    row = only(read_lines(tmp_path, "$PGHP,1,2024,3,1,12,0,0,390,219,,2190064,1,00*00", position()))
    assert row["time"].microsecond == 390_000


def test_without_time_it_asks_for_a_start(tmp_path):
    lines = [position(second=50), position(412000002, second=5), position(412000003, second=58)]
    with pytest.raises(InputError, match=r"read\.start_time"):
        read_lines(tmp_path, *lines)
    result = read_lines(tmp_path, *lines, settings=ReadSettings(start_time="2024-03-01T11:59:50Z"))
    clock = [row["time"].strftime("%H:%M:%S") for row in result.positions.to_pylist()]
    assert clock == ["11:59:50", "12:00:05", "11:59:58"]
    assert result.files[0].notes == ("times counted on from read.start_time by the seconds in position reports: 3",)
    with pytest.raises(UsageError, match="start_time"):
        read_lines(tmp_path, *lines, settings=ReadSettings(start_time="noon"))


def log(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


START = ReadSettings(start_time="2024-03-01T11:59:50Z")


def test_two_logs_without_time_cannot_begin_at_the_same_instant(tmp_path):
    lines = [position(412000001 + k, second=7 * k % 60) for k in range(60)]
    one, two = log(tmp_path, "log_00.txt", *lines[:30]), log(tmp_path, "log_01.txt", *lines[30:])
    for inputs in (tmp_path, [one, two], str(tmp_path / "*.txt")):
        with pytest.raises(QuestionError) as asked:
            read(inputs, settings=START)
        assert all(part in str(asked.value) for part in ("log_00.txt", "log_01.txt", "read.start_time", "one file"))
    log(tmp_path, "log_01.txt", *(f"{line},{NOON}" for line in lines[30:]))
    log(tmp_path, "log_02.txt", "# nothing was heard that day", *(line[:-1] + "Z" for line in lines[:2]))
    assert read(tmp_path, settings=START).positions.num_rows == 60


def test_rows_dated_by_the_start_are_counted_also_where_times_follow(tmp_path):
    lines = [position(412000001, second=50), f"{position(412000002)},{NOON}", position(412000003)]
    result = read_lines(tmp_path, *lines, settings=START)
    assert result.files[0].notes == ("times counted on from read.start_time by the seconds in position reports: 1",)
    assert result.files[0].rejected == {"bad_time": 1}


def test_a_log_with_times_is_not_without_them_because_its_first_rows_are(tmp_path):
    """A $PGHP log that was cut into files mostly begins between a wrapper and its sentence."""
    noon = "$PGHP,1,2024,3,1,12,0,0,0,219,,2190064,1,00*00"
    lines = [position(412000001, second=50), noon, position(412000002), noon, position(412000003)]
    timed, also = log(tmp_path, "log_00.txt", *lines), log(tmp_path, "log_01.txt", *lines)
    untimed, another = (log(tmp_path, f"more_{k}.txt", position(412000004 + k, second=5)) for k in range(2))
    for inputs, rows in (([timed, also], 6), ([untimed, timed], 4), ([timed, untimed], 4)):
        assert read(inputs, settings=START).positions.num_rows == rows
    with pytest.raises(QuestionError, match="are both NMEA without times"):
        read([untimed, timed, another], settings=START)


@pytest.mark.parametrize("text", ["noon", "0001-01-01T00:00:00+14:00"])
def test_a_start_that_is_no_time_is_told_whatever_is_read(tmp_path, text):
    log(tmp_path, "a.csv", "MMSI,BaseDateTime,LAT,LON,SOG", "367000001,2021-03-01T00:00:00,30,-90,1")
    log(tmp_path, "b.nm4", f"{position()},{NOON}")
    for inputs in (tmp_path, tmp_path / "a.csv"):
        with pytest.raises(UsageError, match=r"start_time .* is not a time"):
            read(inputs, settings=ReadSettings(start_time=text))


def test_one_sentence_without_time_in_a_timed_log_is_rejected(tmp_path):
    result = read_lines(tmp_path, f"{position()},{NOON}", position(412000002))
    assert result.files[0].rejected == {"bad_time": 1}


@pytest.mark.parametrize("stamp", [1, 99999999999])
def test_times_out_of_range(tmp_path, stamp):
    result = read_lines(tmp_path, tagged(position(), f"c:{stamp}"))
    assert result.files[0].rejected == {"time_out_of_range": 1}


def test_static_report_of_two_sentences(tmp_path):
    first, second = static()
    row = only(read_lines(tmp_path, tagged(first, f"g:1-2-77,c:{NOON}"), tagged(second, "g:2-2-77")))
    assert (row["imo"], row["name"], row["callsign"], row["ship_type"]) == (9074729, "SEA STAR", "BCDE", 81)
    assert [row[f"to_{side}_m"] for side in ("bow", "stern", "port", "starboard")] == [100, 20, 8, 10]
    assert (row["length_m"], row["width_m"], row["draught_m"], row["destination"]) == (120.0, 18.0, 7.5, "DALIAN")
    assert row["lat_deg"] is row["lon_deg"] is None
    assert (row["message_type"], row["source_row"]) == (5, 1)


def test_interleaved_groups_and_both_parts_on_one_line(tmp_path):
    a, b = static(412000001, 1), static(412000002, 1)
    lines = [
        tagged(a[0], f"g:1-2-1,s:x,c:{NOON}"),
        tagged(b[0], f"g:1-2-2,s:y,c:{NOON}"),
        tagged(position(412000003), f"c:{NOON}"),
        tagged(b[1], "g:2-2-2"),
        tagged(a[1], "g:2-2-1"),
        tagged(static(412000004, 3)[0], f"s:z,c:{NOON}") + tagged(static(412000004, 3)[1], f"s:z,c:{NOON}"),
    ]
    result = read_lines(tmp_path, *lines)
    assert sorted(result.positions.column("mmsi").to_pylist()) == [412000001, 412000002, 412000003, 412000004]
    assert result.rejects.num_rows == 0


def test_stations_with_one_sequence_number_are_kept_apart(tmp_path):
    a, b = static(412000001, 1), static(412000002, 1)
    lines = [tagged(s, f"s:{x},c:{NOON}") for s, x in ((a[0], "x"), (b[0], "y"), (b[1], "y"), (a[1], "x"))]
    result = read_lines(tmp_path, *lines)
    assert sorted(result.positions.column("mmsi").to_pylist()) == [412000001, 412000002]


def test_incomplete_messages_are_one_row_each(tmp_path):
    first, second = static()
    late = [tagged(position(), f"c:{NOON}")] * 201
    result = read_lines(tmp_path, tagged(first, f"c:{NOON}"), *late, tagged(second, f"c:{NOON}"))
    assert result.files[0].rejected == {"incomplete_message": 2}
    assert result.rejects.column("source_row").to_pylist() == [1, 203]
    twice = read_lines(tmp_path, *[tagged(s, f"c:{NOON}") for s in (first, first, second)])
    assert twice.files[0].rejected == {"incomplete_message": 1}
    hour = read_lines(tmp_path, tagged(first, f"c:{NOON}"), tagged(second, f"c:{NOON + 3600}"))
    assert hour.files[0].rejected == {"incomplete_message": 2}


def test_class_b_and_long_range(tmp_path):
    place = {"lon": 122.5, "lat": 38.25, "speed": 1.5, "course": 90.0, "heading": 511, "second": 10}
    lines = [
        *sentences(18, 412000001, **place),
        *sentences(19, 412000002, **place, shipname="B TWO", ship_type=30, to_bow=5, to_stern=5),
        *sentences(24, 412000003, partno=0, shipname="B THREE"),
        *sentences(
            24, 412000003, partno=1, callsign="BX", ship_type=52, to_bow=9, to_stern=1, to_port=2, to_starboard=2
        ),
        *sentences(27, 412000004, lon=122.5, lat=38.25, speed=63, course=511, status=0),
    ]
    result = read_lines(tmp_path, *[tagged(line, f"c:{NOON}") if ",2,2," not in line else line for line in lines])
    rows = result.positions.to_pylist()
    assert [row["message_type"] for row in rows] == [18, 19, 24, 24, 27]
    assert [row["transceiver"] for row in rows] == ["B", "B", "B", "B", None]
    assert [row["name"] for row in rows] == [None, "B TWO", "B THREE", None, None]
    assert (rows[1]["ship_type"], rows[1]["length_m"], rows[1]["lat_deg"]) == (30, 10.0, 38.25)
    assert (rows[3]["callsign"], rows[3]["ship_type"], rows[3]["width_m"]) == ("BX", 52, 4.0)
    assert (rows[4]["sog_kn"], rows[4]["cog_deg"]) == (102.3, 360.0)  # as the other messages say "none"
    assert rows[4]["lat_deg"] == pytest.approx(38.25, abs=1e-3)


def test_sentinels_are_left_in(tmp_path):
    row = only(read_lines(tmp_path, tagged(position(lat=91.0, lon=181.0, speed=102.3, course=360.0), f"c:{NOON}")))
    assert (row["lat_deg"], row["lon_deg"], row["sog_kn"], row["cog_deg"]) == (91.0, 181.0, 102.3, 360.0)


def test_what_is_rejected_and_what_is_no_row(tmp_path):
    good = tagged(position(), f"c:{NOON}")
    base = sentences(4, 4120001, year=2024, month=3, day=1, hour=12, minute=0, second=0, lon=122.0, lat=38.0)[0]
    lines = [
        "# comment",
        "",
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
        good,
        good[:-2] + "00",
        tagged(base, f"c:{NOON}"),
        tagged("!AIVDM,1,1,,B,,0*25", f"c:{NOON}"),
        good[:-8],
        "garbage",
        tagged("!AIVDM,1,1,,A,13UuUj0P00QgDCLEiGAcOOwl2<0Igw;,0*28", f"c:{NOON}"),
    ]
    result = read_lines(tmp_path, *lines)
    assert result.files[0].rejected == {"bad_checksum": 1, "bad_message": 4, "message_type_4": 1}
    assert result.files[0].rows_kept == 1
    assert result.rejects.column("source_row").to_pylist() == [5, 6, 7, 8, 9, 10]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_logs_add_up(tmp_path_factory, data):
    lines = [*(tagged(s, f"c:{NOON}") for s in static()), tagged(position(), f"c:{NOON}"), f"{position()},{NOON}"]
    raw = bytearray("\n".join(lines).encode())
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("nmea") / "x"
    path.write_bytes(bytes(raw))
    try:
        result = read([path])
    except StsError:
        return
    for file in result.files:
        assert file.rows_read == file.rows_kept + sum(file.rejected.values())


def test_absurd_numbers_are_no_bug(tmp_path):
    nines = "9" * 5000
    lines = [
        tagged(position(), f"c:{nines}"),
        tagged(position(), f"g:{nines}-{nines}-1,c:{NOON}"),
        f"$PGHP,1,2024,{nines}",
    ]
    result = read_lines(tmp_path, *lines, vessels=[nines, "412000001"])
    assert result.files[0].rows_kept == 1
    assert result.files[0].rejected == {"time_out_of_range": 1}


def test_what_is_cut_short_on_a_line_is_one_rejected_row(tmp_path):
    """A short line can begin very many sentences: with a row for each, 4 MB of this filled 1.4 GB."""
    timed = f"{position()},{NOON}"
    result = read_lines(
        tmp_path, timed, "!AIVDM," * 300_000, timed, f"{timed} !AIVDM,1,1,,A,13HOI", "!AIVDM,1,1,,A,13HOI"
    )
    (file,) = result.files
    assert (file.rows_kept, file.rejected) == (3, {"bad_message": 3})
    assert [(row["source_row"], row["detail"]) for row in result.rejects.to_pylist()] == [
        (2, "300,000 sentences are cut short"),
        (4, "sentence is cut short"),
        (5, "sentence is cut short"),
    ]


def test_wrong_checksums_of_tag_blocks_are_told_and_cost_no_row(tmp_path):
    right, wrong = tagged(position(), f"c:{NOON}"), f"\\c:{NOON}*00\\{position()}"
    result = read_lines(tmp_path, right, wrong, f"\\c:{NOON}\\{position()}", f"\\c:{NOON + 1}*5d\\{position()}")
    assert (result.files[0].rows_kept, result.files[0].rejected) == (4, {})
    assert result.files[0].notes == ("sentences whose tag block has a wrong checksum, read all the same: 2",)
    assert read_lines(tmp_path, right).files[0].notes == ()
