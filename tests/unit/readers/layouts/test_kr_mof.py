"""Korean ministry files: two lines above the header, encodings, local time, vessels in a file of their own."""

from __future__ import annotations

import zipfile

import pytest

from stsdetect.errors import InputError
from stsdetect.readers import QuestionError, raw_lines, read
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

TITLE = "조회 기간 : 2024-03-01 00:00:00 ~ 2024-03-01 23:59:59\n조회선박 척수 : 2\n"
HEADER = "MMSI,일시,위도,경도,SOG,COG,Heading\n"
GOOD = "440001234,2024-03-01 09:00:05,35.1,129.05,0.3,12.5,511\n440005678,2024-03-01 08:59:59,35.2,129.1,10.1,359.9,1\n"
STATIC_HEADER = "MMSI,선박명,선종코드,IMO,호출부호,DimA,DimB,DimC,DimD,흘수,추정톤수\n"
STATIC = "440001234,부산호,80,9074729,DSAB1,100,20,6,10,7.5,9000\n"
REMARK = "times read as Korean local time (UTC+9); read.utc_offset_h changes it"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_every_encoding_below_two_lines_of_title(tmp_path, encoding):
    result = read_text(tmp_path, (TITLE + HEADER + GOOD).encode(encoding), name="Dynamic_20240301.csv")
    (report,) = result.files
    assert (report.layout, report.rows_kept) == ("kr_mof", 2)
    first, second = rows(result)
    assert (first["mmsi"], first["lat_deg"], first["lon_deg"]) == (440001234, 35.1, 129.05)
    assert (first["sog_kn"], first["cog_deg"], first["heading_deg"]) == (0.3, 12.5, 511.0)
    assert first["time"].isoformat() == "2024-03-01T00:00:05+00:00"
    assert second["time"].isoformat() == "2024-02-29T23:59:59+00:00"
    assert [row["source_row"] for row in rows(result)] == [4, 5]
    assert REMARK in report.notes
    assert ("text in CP949, turned into UTF-8" in report.notes) == (encoding == "cp949")
    adds_up(result)


def test_an_offset_that_is_set_counts(tmp_path):
    result = read_text(tmp_path, TITLE + HEADER + GOOD, utc_offset_h=0.0)
    assert rows(result)[0]["time"].isoformat() == "2024-03-01T09:00:05+00:00"
    assert REMARK not in result.files[0].notes


def test_another_zone_above_the_header_is_asked_for(tmp_path):
    text = TITLE.replace("조회 기간", "조회 기간 (UTC)") + HEADER + GOOD
    with pytest.raises(QuestionError, match=r"speak of UTC.*utc_offset_h = 0"):
        read_text(tmp_path, text.encode("cp949"))
    assert read_text(tmp_path, text, utc_offset_h=0.0).files[0].rows_kept == 2


@pytest.mark.parametrize("zone", ["UTC+9", "KST", "한국 표준시", "GMT +09:00"])
def test_a_korean_zone_above_the_header_is_no_question(tmp_path, zone):
    result = read_text(tmp_path, TITLE.replace("조회 기간", f"조회 기간 ({zone})") + HEADER + GOOD)
    assert rows(result)[0]["time"].isoformat() == "2024-03-01T00:00:05+00:00"


def test_bad_rows_have_reasons(tmp_path):
    bad = (
        "440001234,2024-13-01 00:00:00,35.1,129.0,0,0,0\n"
        "x,2024-03-01 00:00:00,35.1,129.0,0,0,0\n"
        "440001234,2024-03-01 00:00:00,north,129.0,0,0,0\n"
        "440001234,2024-03-01 00:00:00,35.1\n" + HEADER
    )
    result = read_text(tmp_path, (TITLE + HEADER + GOOD + bad).encode("cp949"))
    assert result.files[0].rejected == {
        "bad_mmsi": 1, "bad_position": 1, "bad_time": 1, "repeated_header": 1, "wrong_column_count": 1,
    }  # fmt: skip
    adds_up(result)


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_vessels_beside_are_joined(tmp_path, encoding):
    again = STATIC.replace("부산호", "다른배")
    static = STATIC_HEADER + STATIC + again + "x,나쁜배,70,0,DS,1,1,1,1,0,0\n"
    (tmp_path / "Static.csv").write_bytes(static.encode(encoding))
    (tmp_path / "Dynamic_20240301.csv").write_bytes((TITLE + HEADER + GOOD).encode(encoding))
    result = read(tmp_path)
    assert [file.layout for file in result.files] == ["kr_mof", "kr_mof_static"]
    first, second = rows(result)
    assert (first["name"], first["imo"], first["callsign"], first["ship_type"]) == ("부산호", 9074729, "DSAB1", 80)
    assert [first[f"to_{side}_m"] for side in ("bow", "stern", "port", "starboard")] == [100, 20, 6, 10]
    assert (first["length_m"], first["width_m"]) == (120.0, 16.0)
    assert first["draught_m"] is None  # it has no time
    assert (second["mmsi"], second["name"], second["length_m"]) == (440005678, None, None)
    assert any(note.endswith("Static.csv") and "names, types and sizes" in note for note in result.files[0].notes)
    notes = " / ".join(result.files[1].notes)
    assert "same folder: 3" in notes
    assert "same MMSI, not used: 1" in notes
    assert "readable MMSI, not used: 1" in notes
    adds_up(result)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_rows_about_one_vessel_give_the_same_in_any_order_and_in_several_files(tmp_path, turned, apart):
    about = [STATIC, STATIC.replace("부산호", "가나호").replace("9074729", "0"), "440005678,둘째,70,,D7,1,2,3,4,5,6\n"]
    about = about[::-1] if turned else about
    for k, lines in enumerate(about if apart else ["".join(about)]):
        (tmp_path / f"Static_{k}.csv").write_text(STATIC_HEADER + lines)
    (tmp_path / "Dynamic_20240301.csv").write_text(TITLE + HEADER + GOOD)
    result = read(tmp_path)
    assert [(row["name"], row["imo"], row["length_m"]) for row in rows(result)] == [
        ("부산호", 9074729, 120.0),
        ("둘째", None, 3.0),
    ]
    (note,) = [note for note in result.files[0].notes if note.startswith("names, types and sizes")]
    assert note.endswith("and 2 more beside it") == apart


def test_vessels_in_the_same_archive_are_joined(tmp_path):
    path = tmp_path / "ais.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/Dynamic_20240301.csv", (TITLE + HEADER + GOOD).encode("cp949"))
        archive.writestr("a/Static.csv", (STATIC_HEADER + STATIC).encode("cp949"))
        archive.writestr("b/Dynamic_20240301.csv", (TITLE + HEADER + GOOD).encode("cp949"))
    result = read(path)
    assert [row["name"] for row in rows(result)] == ["부산호", None, None, None]


def test_a_file_beside_that_is_something_else_is_left_alone(tmp_path):
    (tmp_path / "static_notes.csv").write_text("a,b\n1,2\n")
    (tmp_path / "static.zip").write_bytes(b"PK\x03\x04 broken")
    result = read_text(tmp_path, TITLE + HEADER + GOOD)
    assert not any("names, types" in note for note in result.files[0].notes)
    assert rows(result)[0]["name"] is None


def test_vessels_alone_give_no_rows_and_say_so(tmp_path):
    result = read_text(tmp_path, STATIC_HEADER + STATIC, name="Static.csv")
    assert (result.files[0].layout, result.files[0].rows_read) == ("kr_mof_static", 0)
    assert "Dynamic files in the same folder: 1" in result.files[0].notes[0]
    adds_up(result)


def test_a_layout_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="not in the layout 'kr_mof'"):
        read_text(tmp_path, "MMSI,BaseDateTime,LAT,LON\n1,2024-01-01T00:00:00,1,1\n", layout="kr_mof")


def test_positions_with_names_of_their_own_are_no_vessel_file(tmp_path):
    header = "MMSI,일시,위도,경도,SOG,COG,Heading,선박명,선종코드\n"
    result = read_text(tmp_path, header + "440001234,2024-03-01 09:00:05,35.1,129.05,0.3,12.5,511,부산호,80\n")
    assert result.files[0].layout == "kr_mof"


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_raw_lines_are_quoted_in_their_encoding(tmp_path, encoding):
    path = tmp_path / "Dynamic_20240301.csv"
    path.write_bytes((TITLE + HEADER + GOOD).encode(encoding))
    assert raw_lines(str(path), [3, 4], layout="kr_mof") == {3: HEADER.strip(), 4: GOOD.split("\n")[0]}
