"""Lists in every layout, hand-made with the headers and traps of the real ones, and lists that are none."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from stsdetect.errors import InputError, UsageError
from stsdetect.score.watchlists import LIST_READERS, Entry, WatchList, WatchListFile, list_file, read_watch_lists

LISTS = Path(__file__).parent / "lists"
REAL = os.environ.get("STSDETECT_TEST_DATA")


def read(path: str | Path | WatchListFile) -> WatchList:
    (one,) = read_watch_lists([path])
    assert one.rows == one.kept + sum(one.passed_over.values()) + sum(one.rejected.values())
    return one


def entries(one: WatchList) -> dict[str, Entry]:
    return {entry.entry_id: entry for entry in one.entries}


#: What each hand-made file is read as, its date, and how many vessels it lists.
FILES = {
    "ofac/sdn.csv": ("ofac_sdn_csv", None, 5),
    "sdn_advanced.xml": ("ofac_advanced_xml", dt.date(2026, 7, 27), 2),
    "sdn.xml": ("ofac_xml", dt.date(2026, 3, 20), 1),
    "un_1718.csv": ("un_1718_csv", None, 2),
    "maritime.csv": ("opensanctions_maritime", None, 2),
    "targets.simple.csv": ("opensanctions_simple", dt.date(2026, 2, 28), 2),
    "entities.ftm.json": ("opensanctions_ftm", dt.date(2026, 2, 28), 2),
    "vessels.json": ("vessels_json", dt.date(2026, 3, 20), 3),
    "own.csv": ("any_csv", dt.date(2026, 1, 31), 3),
}


@pytest.mark.parametrize("file", FILES)
def test_each_layout_is_recognised_by_content_alone(file, tmp_path):
    layout, day, count = FILES[file]
    one = read(LISTS / file)
    assert (one.layout, one.date, len(one.entries)) == (layout, day, count)
    other = tmp_path / "list.dat"
    shutil.copy(LISTS / file, other)
    assert read(other).layout == layout
    packed = tmp_path / "list.gz"
    packed.write_bytes(gzip.compress((LISTS / file).read_bytes()))
    assert len(read(packed).entries) == count


def test_every_reader_has_a_file_here():
    assert {layout for layout, _, _ in FILES.values()} == {reader.name for reader in LIST_READERS}
    for reader in LIST_READERS:
        for text in (reader.doc, reader.dated):
            assert text.endswith("."), reader.name
        assert reader.title
        assert reader.origin


def test_ofac_csv_takes_numbers_from_remarks_and_names_from_alt():
    one = read(LISTS / "ofac" / "sdn.csv")
    known = entries(one)
    assert known["20001"] == Entry(
        "20001", ("TESTAVIL", "ALPHA TEST", "SHONA TEST"), (9100011,), (572469210,), ("T2EU4",), "IRAN", None, 2
    )
    assert known["20002"].imos == (9100023,)  # as Identification Number
    assert known["20002"].programme == "SDGT, IFSR"
    assert known["20002"].callsigns == ("A8LU7", "3EAB7")
    assert known["20003"].imos == (9100035,)  # from the remarks that go on in sdn_comments.csv
    assert known["20003"].mmsis == (445000777,)
    assert known["20004"].imos == ()
    assert one.left_out == {"IMO number fails its check digit": 1, "MMSI is no ship's": 1}
    assert known["20007"].name.startswith("=HYPERLINK")
    assert one.passed_over == {"not a vessel": 3}
    assert [Path(path).name for path in one.beside] == ["alt.csv", "sdn_comments.csv"]


def test_ofac_csv_alone_says_that_names_are_missing(tmp_path):
    shutil.copy(LISTS / "ofac" / "sdn.csv", tmp_path / "sdn.csv")
    one = read(tmp_path / "sdn.csv")
    assert entries(one)["20001"].names == ("TESTAVIL",)
    assert one.remarks == ("other names of vessels (alt.csv) were not beside it",)
    shutil.copy(LISTS / "ofac" / "alt.csv", tmp_path / "names.csv")
    (one,) = read_watch_lists([tmp_path / "sdn.csv", tmp_path / "names.csv"])
    assert entries(one)["20001"].names == ("TESTAVIL", "ALPHA TEST", "SHONA TEST")


def test_alt_without_sdn_is_an_error(tmp_path):
    shutil.copy(LISTS / "ofac" / "alt.csv", tmp_path / "alt.csv")
    with pytest.raises(InputError, match=r"goes with OFAC's sdn.csv; name that file, too"):
        read(tmp_path / "alt.csv")


def test_ofac_xml_both():
    advanced = entries(read(LISTS / "sdn_advanced.xml"))
    assert advanced["20001"] == Entry(
        "20001", ("TESTAVIL", "ALPHA TEST"), (9100011,), (572469210,), ("T2EU4",), "IRAN", dt.date(2012, 7, 12), 2
    )
    assert advanced["20002"].names == ("TEST LEADER",)
    assert advanced["20002"].imos == (9100023,)  # under another document type, but marked as IMO
    assert advanced["20002"].programme == "SDGT, IFSR"
    plain = entries(read(LISTS / "sdn.xml"))
    assert plain["20001"].imos == (9100011,)
    assert plain["20001"].names == ("TESTAVIL", "ALPHA TEST")


def test_un_list():
    one = read(LISTS / "un_1718.csv")
    first = entries(one)["1"]
    assert first.names == ("TEST BONG 6", "JIN TEST 7")
    assert first.mmsis == (445114000, 511444000)
    assert first.listed_on == dt.date(2018, 3, 30)
    assert first.programme == "UNSCR 2321, 2371, 2375"
    assert one.rejected == {"no_vessel": 1}
    assert one.examples[0].row == 5  # a cell with a line break stands before it


def test_opensanctions_files():
    sea = read(LISTS / "maritime.csv")
    assert entries(sea)["NK-two"].imos == (9100085, 9100097)
    assert sea.passed_over == {"no risk, or detained only": 2, "not a vessel": 1}
    assert (sea.rows, sea.kept) == (6, 3)
    simple = entries(read(LISTS / "targets.simple.csv"))
    assert simple["ofac-20001"].names == ("TESTAVIL", "ALPHA TEST", "SHONA; TEST")
    assert simple["ofac-20001"].imos == (9100011,)  # not the registration of seven digits
    assert simple["ofac-20001"].callsigns == ("T2EU4",)
    assert simple["old-1"].imos == ()  # others in the file are marked: a bare number may be a registration
    lines = read(LISTS / "entities.ftm.json")
    assert entries(lines)["ofac-20001"].names == ("TESTAVIL", "ALPHA TEST", "TEST")
    assert entries(lines)["nested-1"].listed_on == dt.date(2024, 2, 23)
    assert lines.rejected == {"bad_json": 1}
    assert lines.examples[0].row == 5
    assert lines.passed_over == {"no topic, or detained only": 1, "not a vessel": 1}


def test_bare_numbers_count_where_a_file_of_targets_marks_none(tmp_path):
    text = (LISTS / "targets.simple.csv").read_text()
    assert read(LISTS / "targets.simple.csv").left_out == {
        "numbers of seven digits that are not marked as IMO numbers, as others are": 1
    }
    (tmp_path / "t.csv").write_text(text.replace("IMO9100011;", "9100012;").replace("1234567", "1234568"))
    bare = entries(read(tmp_path / "t.csv"))
    assert bare["old-1"].imos == (9100035,)
    assert bare["ofac-20001"].imos == ()  # neither has a right check digit


def test_own_csv():
    one = read(LISTS / "own.csv")
    assert [entry.name for entry in one.entries] == ["M/T Own Vessel One", "MV Own Vessel Two", "Own Vessel Bad"]
    assert one.entries[0].names[1:] == ("OLD ONE", "OLDER ONE")
    assert one.entries[0].listed_on == dt.date(2025, 5, 9)
    assert one.entries[1].callsigns == ("HMYX7",)
    assert one.entries[2].imos == ()
    assert one.rejected == {"bad_number": 1}
    assert one.rows == 4  # a row of separators alone is blank
    assert one.name == "own.csv"


def test_a_list_without_any_imo_number_says_what_that_means(tmp_path):
    (tmp_path / "l.csv").write_text("Vessel name,IMO/official no\nTESTAVILON,9100011\n")
    (remark,) = read(tmp_path / "l.csv").remarks
    assert remark.startswith("no entry has an IMO number, so that nothing on it can be a hit")
    assert read(LISTS / "own.csv").remarks == ()


def test_json_counts_are_held_against_what_was_read(tmp_path):
    text = (LISTS / "vessels.json").read_text().replace('"count": 3', '"count": 4')
    (tmp_path / "v.json").write_text(text)
    assert read(tmp_path / "v.json").remarks == ("it says that it holds 4 vessels, and 3 were read",)


def test_name_and_date_as_told():
    told = read(WatchListFile(LISTS / "sdn.xml", name="OFAC", date="2026-01-01"))
    assert told.label == "OFAC of 2026-01-01"
    assert read(LISTS / "maritime.csv").label == "OpenSanctions maritime (undated)"
    with pytest.raises(UsageError, match="write it like 2026-03-20"):
        read(WatchListFile(LISTS / "sdn.xml", date="yesterday"))


def test_what_the_command_line_says(tmp_path, monkeypatch):
    assert list_file("Mine=a=b.csv") == WatchListFile("a=b.csv", "Mine")
    assert list_file("@2026-01-01=x.csv") == WatchListFile("x.csv", None, "2026-01-01")
    for text in ("=x.csv", "Mine@=x.csv", "Mine@2026-01-01="):
        with pytest.raises(UsageError, match="NAME@DATE=FILE"):
            list_file(text)
    monkeypatch.chdir(tmp_path)
    Path("a=b.csv").write_text("imo\n9100011\n")
    assert list_file("a=b.csv") == WatchListFile("a=b.csv")


def test_the_packaged_list_says_how_old_it_is():
    one = read("packaged")
    assert 100 < len(one.entries) < 200
    assert one.date == dt.date(2021, 7, 7)
    assert "stale" in one.stale
    assert not one.left_out
    assert not one.rejected
    assert all(entry.programme for entry in one.entries)


@pytest.mark.skipif(not REAL, reason="STSDETECT_TEST_DATA is not set")
def test_the_real_file():
    assert REAL is not None
    one = read(Path(REAL) / "lists" / "ofac_sdn_vessels.json")
    assert (one.name, one.date, len(one.entries)) == ("OFAC SDN", dt.date(2026, 3, 20), 1450)
    assert not one.rejected
    assert not one.left_out
    assert not one.remarks


# --- Lists that are none, or are damaged ------------------------------------------------------------------------

BOMB = """<?xml version="1.0"?>
<!DOCTYPE Sanctions [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Sanctions><DateOfIssue><Year>2026</Year></DateOfIssue><DistinctParties>&b;</DistinctParties></Sanctions>
"""
AIS = "MMSI,BaseDateTime,LAT,LON,VesselName\n538000001,2024-03-01T00:00:00,1,2,X\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02\xff" * 1000, "is no watch-list of a known layout"),
        (b"PAR1" + b"\x00" * 100, "is no watch-list of a known layout"),
        (b"a,b,c\n1,2,3\n", "is no watch-list of a known layout"),
        (b"9100011\n9100023\n", "is no watch-list of a known layout"),
        (AIS.encode(), "looks like AIS"),
        (b"imo,name\n", r"holds no vessel that can be matched \(0 rows\)"),
        (b"imo\n12345\n", r"holds no vessel that can be matched \(1 rows, 1 bad_number\)"),
        (BOMB.encode(), "declares entities"),
        (b"<Sanctions><DateOfIssue/><DistinctParties><DistinctParty>", "no element found|fetch it again"),
        (b"<Sanctions><DateOfIssue>" + b"<a>" * 100, "nested more than"),
        (b"<sdnList><sdnEntry><uid>1</uid></wrong></sdnList>", "mismatched tag"),
        (b'{"vessels": [{"imo": 9100011, "name": "X"}, {"imo": 91', "is no JSON behind item 1"),
        (gzip.compress(b"imo\n" + b"9100011\n" * 1000, mtime=0)[:40], "damaged or cut short"),
        (b'{"id": "x", "schema": "Vessel", "properties": {}}\n' * 2, "no topic, or detained only"),
        (b"IMO,Name,imo\n9100011,X,9100023\n", "which is meant"),
        (b"<html><body>Not found</body></html>", "is no watch-list of a known layout"),
    ],
)  # fmt: skip
def test_what_is_no_list_says_so(data, words, tmp_path):
    (tmp_path / "list").write_bytes(data)
    with pytest.raises((InputError, UsageError), match=words) as problem:
        read_watch_lists([tmp_path / "list"])
    assert problem.value.exit_code in (2, 3)


def test_a_file_that_is_not_there():
    with pytest.raises(InputError, match="does not exist"):
        read_watch_lists(["/nowhere/sdn.csv"])


def test_hostile_cells_are_counted_and_cost_only_themselves(tmp_path):
    rows = [
        "imo,name",
        "9100011,GOOD ONE",
        "9100023," + "A" * 1_000_000,
        '9100035,"' + "B" * 150_000 + '"',
        "9100047,=cmd|' /C calc'!A0",
        '9100059,"OPEN QUOTE',
        "9100061,GOOD TWO",
        "9100073,X,Y,Z",
        "9100085,NUL\x00NUL",
        "9100097,\x1b[31mRED\u202eDER",
    ]
    (tmp_path / "list.csv").write_text("\n".join(rows) + "\n")
    one = read(tmp_path / "list.csv")
    names = {entry.imos[0]: entry.name for entry in one.entries}
    assert names == {
        9100011: "GOOD ONE",
        9100047: "=cmd|' /C calc'!A0",
        9100061: "GOOD TWO",
        9100085: "NULNUL",
        9100097: "[31mREDDER",
    }
    assert one.rejected == {"open_quote": 1, "too_long": 2, "wrong_column_count": 1}
    assert sorted(bad.row for bad in one.examples) == [3, 4, 6, 8]
    assert all(len(bad.detail) <= 200 for bad in one.examples)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "ÅLAND"), ("utf-8-sig", "ÅLAND"), ("utf-16", "ÅLAND"), ("latin-1", "ÅLAND"), ("utf-8", "안산 1")],
)
def test_encodings(encoding, name, tmp_path):
    (tmp_path / "list.csv").write_bytes(f"name,imo\r\n{name},9100011\r\n".encode(encoding))
    assert read(tmp_path / "list.csv").entries[0].name == name
    (tmp_path / "list.xml").write_bytes(
        f"<sdnList><sdnEntry><uid>1</uid><lastName>{name}</lastName><sdnType>Vessel</sdnType></sdnEntry></sdnList>".encode(
            "utf-16" if encoding == "utf-16" else "utf-8"
        )
    )
    assert read(tmp_path / "list.xml").entries[0].name == name


def test_lines_cut_anywhere_lose_at_most_one_row(tmp_path):
    whole = (LISTS / "entities.ftm.json").read_bytes()
    for cut in range(len(whole) // 3, len(whole), 97):
        (tmp_path / "lines").write_bytes(whole[:cut])
        try:
            one = read(tmp_path / "lines")
        except InputError:
            continue
        assert sum(one.rejected.values()) <= 1


def test_a_list_in_several_files_and_given_again_is_read_alike():
    one, again, made = read_watch_lists([LISTS / "sdn.xml", LISTS / "sdn.xml", read("packaged")])
    assert one == again
    assert made.layout == "packaged"


def test_a_table_of_two_columns_of_ones_own_is_not_taken_for_what_goes_with_sdn(tmp_path):
    rows = [f"{imo},was seen beside another vessel in the East China Sea" for imo in (9100011, 9100023)]
    (tmp_path / "own.csv").write_text("\n".join(["imo,why", *rows]) + "\n")
    one = read(tmp_path / "own.csv")
    assert (one.layout, [entry.imos for entry in one.entries]) == ("any_csv", [(9100011,), (9100023,)])
    _, beside = read_watch_lists([LISTS / "ofac" / "sdn.csv", tmp_path / "own.csv"])
    assert len(beside.entries) == 2


def test_what_goes_with_sdn_and_tells_of_none_of_its_vessels_is_said(tmp_path):
    shutil.copy(LISTS / "ofac" / "sdn.csv", tmp_path / "sdn.csv")
    (tmp_path / "notes.csv").write_text('9100011,"a row without a header, which may be anything"\n')
    one, *more = read_watch_lists([tmp_path / "sdn.csv", tmp_path / "notes.csv"])
    assert not more
    assert any("notes.csv tell of a vessel" in remark for remark in one.remarks)


@pytest.mark.parametrize("sanctions", ["null", "5", '"x"', "{}", '[5, {"properties": 5}]'])
def test_sanctions_of_any_shape_are_read(sanctions, tmp_path):
    line = '{"id": "a", "schema": "Vessel", "caption": "A", "properties": {"topics": ["sanction"], "sanctions": %s}}'
    (tmp_path / "list").write_text(line % sanctions + "\n")
    assert read(tmp_path / "list").entries[0].listed_on is None


def test_numbers_in_json_that_went_through_a_table_are_read_or_counted(tmp_path):
    item = '{"imo": %s, "mmsi": %s, "name": "ALPHA"}'
    items = [item % pair for pair in (("9100011.0", "445000777.0"), ("NaN", "null"), ("1e999", "4.5"))]
    (tmp_path / "v").write_text('{"vessels": [' + ", ".join(items) + "]}")
    one = read(tmp_path / "v")
    assert (one.entries[0].imos, one.entries[0].mmsis) == ((9100011,), (445000777,))
    assert one.left_out == {"IMO number has not seven digits": 1, "MMSI is no number of nine digits": 1}
    line = '{"id": "a", "schema": "Vessel", "properties": {"topics": ["sanction"], "imoNumber": [9100011.0]}}'
    (tmp_path / "f").write_text(line + "\n")
    assert read(tmp_path / "f").entries[0].imos == (9100011,)


def test_ten_numbered_values_of_one_cell(tmp_path):
    values = " ".join(f"{k}: TEST {'ABCDEFGHIJK'[k - 1]}" for k in range(1, 12))
    head = "#,vessel_name,imo_number,mmsi,call_sign,date_of_designation"
    (tmp_path / "un").write_text(f"{head}\n1,{values},9100011,,,30 Mar. 2018\n")
    assert read(tmp_path / "un").entries[0].names == tuple(f"TEST {letter}" for letter in "ABCDEFGHIJK")


def test_entries_whose_long_ids_begin_alike_stay_apart(tmp_path):
    head = "type,caption,imo,risk,countries,flag,mmsi,id,url,datasets,aliases"
    rows = [f"VESSEL,T {imo},{imo},sanction,,,,{'x' * 70}{imo},,d," for imo in (9100011, 9100023, 9100011)]
    (tmp_path / "m").write_text("\n".join([head, *rows]) + "\n")
    assert [entry.imos for entry in read(tmp_path / "m").entries] == [(9100011,), (9100023,)]


def test_a_date_with_a_time_is_a_day():
    assert read(WatchListFile(LISTS / "sdn.xml", date=dt.datetime(2026, 1, 1, 5))).label.endswith("of 2026-01-01")


def dated(tmp_path: Path, *days: str, column: str = "listed_on") -> WatchList:
    numbers = (9100011, 9100023, 9100035)
    rows = [f"{imo},S{imo},{day}" for imo, day in zip(numbers, days, strict=False)]
    (tmp_path / "l.csv").write_text("\n".join([f"imo,name,{column}", *rows]) + "\n")
    return read(tmp_path / "l.csv")


UNTOLD = "day of which nothing in the file tells whether day or month comes first, as in 03/04/2024"


@pytest.mark.parametrize(
    ("days", "wanted", "left_out"),
    [
        (("30/06/2024", "03/04/2024"), ["2024-06-30", "2024-04-03"], {}),
        (("03/04/2024", "30/06/2024"), ["2024-04-03", "2024-06-30"], {}),
        (("06/30/2024", "03/04/2024"), ["2024-06-30", "2024-03-04"], {}),
        (("05/06/2024", "03/04/2024", "2024-01-02"), [None, None, "2024-01-02"], {UNTOLD: 2}),
        (
            ("30/06/2024", "06/30/2024", "3 Mar 2024"),
            [None, None, "2024-03-03"],
            {"day in a file that has some with the day and some with the month first": 2},
        ),
        (("soon", "-", "2024-02-30"), [None, None, None], {"day that is not understood": 2}),
    ],
)
def test_a_file_tells_whether_day_or_month_comes_first(tmp_path, days, wanted, left_out):
    one = dated(tmp_path, *days)
    assert [entry.listed_on and str(entry.listed_on) for entry in one.entries] == wanted[: len(one.entries)]
    assert one.left_out == left_out


def test_any_column_of_days_tells_it_of_all(tmp_path):
    (tmp_path / "l.csv").write_text("imo,listed on,list date\n9100011,03/04/2024,31/01/2026\n")
    one = read(tmp_path / "l.csv")
    assert (one.date, one.entries[0].listed_on) == (dt.date(2026, 1, 31), dt.date(2024, 4, 3))
    (tmp_path / "l.csv").write_text("imo,list date\n9100011,03/04/2024\n")
    assert read(tmp_path / "l.csv").date is None


@pytest.mark.parametrize("column", ["delisted_on", "Delisting date", "date of delisting"])
def test_when_an_entry_was_delisted_is_read(tmp_path, column):
    one = dated(tmp_path, "2024-02-01", "-", "not delisted", column=column)
    assert [entry.delisted_on for entry in one.entries] == [dt.date(2024, 2, 1), None, None]
    assert one.left_out == {"day that is not understood": 1}


def test_what_was_delisted_without_a_day_is_passed_over_and_told(tmp_path):
    (tmp_path / "l.csv").write_text(
        "imo,status,delisted_on\n9100011,Delisted,\n9100023,active,\n9100035,delisted,2024-02-01\n9100047,,03/04/2024\n"
    )
    one = read(tmp_path / "l.csv")
    assert [(entry.imos[0], entry.delisted_on) for entry in one.entries] == [
        (9100023, None), (9100035, dt.date(2024, 2, 1)),
    ]  # fmt: skip
    assert one.passed_over == {"delisted, without a day that is understood": 2}
    assert one.remarks == ("entries that are delisted without a day that is understood, and so are passed over: 2",)


@pytest.mark.parametrize(
    ("topics", "sanctions", "wanted"),
    [
        (["sanction"], [{"endDate": ["2024-02-01"]}, {"endDate": ["2023-01-01", "2023-05-01"]}], dt.date(2024, 2, 1)),
        (["sanction"], [{"endDate": ["2024-02-01"]}, {"startDate": ["2023-01-01"]}], None),
        (["sanction"], [{"endDate": ["2024"]}], None),
        (["sanction", "mare.shadow"], [{"endDate": ["2024-02-01"]}], None),
        (["sanction"], [], None),
    ],
)
def test_sanctions_that_have_all_ended_delist(tmp_path, topics, sanctions, wanted):
    item = {
        "id": "a", "schema": "Vessel", "caption": "A",
        "properties": {"topics": topics, "sanctions": [{"schema": "Sanction", "properties": one} for one in sanctions]},
    }  # fmt: skip
    (tmp_path / "list").write_text(json.dumps(item) + "\n")
    assert read(tmp_path / "list").entries[0].delisted_on == wanted
