"""Broken text, through the command: every row is accounted for, every file has a clear line, nothing is a traceback."""

from __future__ import annotations

import json

import pytest

HEAD = "MMSI,BaseDateTime,LAT,LON,SOG,VesselName"


def rows(count: int, end: str = "\n", first: int = 0) -> str:
    return "".join(
        f"{412000001 + i % 50},2024-03-01T{i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d},38.5,{i / 1e4},0.1,SHIP{end}"
        for i in range(first, first + count)
    )


@pytest.fixture
def look(run, tmp_path):
    """Write bytes to a file, inspect it, and check that what was read adds up."""

    def call(data: bytes | str, *words: object, name: str = "in.csv") -> dict:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        done = run("inspect", "--json", *words, path)
        assert done.code == 0, done.err
        (found,) = json.loads(done.out)
        assert found["rows_read"] == found["rows_kept"] + sum(found["rejected"].values())
        return found

    return call


@pytest.fixture
def refuse(run, tmp_path):
    """Write bytes to a file, and return the one line with which the command refuses it."""

    def call(data: bytes | str, *words: object, code: int = 3, name: str = "in.csv") -> str:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        done = run("inspect", *words, path)
        assert done.code == code, done.err
        line = done.err.splitlines()[-1]
        assert line.startswith("error: ")
        assert name in line
        return line

    return call


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_line_ends(look, end):
    found = look(f"{HEAD}\n{rows(1000)}".replace("\n", end))
    assert found["rows_kept"] == 1000
    assert any("carriage return alone" in note for note in found["notes"]) == (end == "\r")


def test_line_ends_of_several_kinds(look):
    text = f"{HEAD}\n{rows(300)}{rows(300, chr(13) + chr(10), 300)}{rows(300, chr(13), 600)}{rows(300, first=900)}"
    assert look(text)["rows_kept"] == 1200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_marks(look, encoding):
    found = look(f"\ufeff{HEAD}\n{rows(50)}".encode(encoding))
    assert (found["rows_read"], found["rows_kept"]) == (50, 50)


def test_marks_and_headers_in_the_middle_of_joined_files(look):
    found = look(f"\ufeff{HEAD}\n{rows(20)}\ufeff{HEAD}\n{rows(20, first=20)}")
    assert found["rejected"] == {"repeated_header": 1}
    assert found["rows_kept"] == 40


def test_a_file_of_two_encodings(look):
    one, other = (
        f"412000001,2024-03-01T01:00:{s},38.5,1,0.1,\u00c5SE\n".encode(e)
        for s, e in (("01", "latin-1"), ("02", "utf-8"))
    )
    found = look(f"{HEAD}\n".encode() + one + other)
    assert found["rows_kept"] == 2
    assert "lines that are not UTF-8, read as Latin-1: 1" in found["notes"]


def test_utf_16_behind_utf_8_is_rejected_row_by_row(look):
    found = look(f"{HEAD}\n{rows(10)}".encode() + f"\ufeff{HEAD}\n{rows(10)}".encode("utf-16-le"))
    assert found["rows_kept"] == 10
    assert sum(found["rejected"].values()) >= 11


@pytest.mark.parametrize("where", ["name", "line", "end"])
def test_nul_bytes(look, where):
    nul = "\0" * 500
    text = {
        "name": f"{HEAD}\n{rows(10)}412000001,2024-03-01T05:00:00,38.5,1,0.1,A{nul}B\n",
        "line": f"{HEAD}\n{rows(10)}{nul}\n{rows(1, first=10)}",
        "end": f"{HEAD}\n{rows(11)}{nul}",
    }[where]
    found = look(text)
    assert found["rows_kept"] == 11
    assert sum(found["rejected"].values()) == (where != "name")


def test_a_quote_never_closed_costs_no_other_row(look):
    found = look(f'{HEAD}\n{rows(10)}412000001,2024-03-01T05:00:00,38.5,1,0.1,"NEVER\n{rows(10, first=10)}')
    assert (found["rows_read"], found["rows_kept"]) == (21, 21)


def test_extra_and_missing_columns(look):
    row = "412000001,2024-03-01T05:00:00,38.5,1,0.1,A"
    found = look(f"{HEAD}\n{rows(10)}{row},B\n{row},B,C,D\n412000001\n,\n,,,,,\n")
    assert found["rejected"] == {"wrong_column_count": 4, "bad_time": 1}
    assert found["rows_kept"] == 10


ODD_NUMBERS = [
    "1e999",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "0x1F",
    "1_000",
    "\uff13\uff18.\uff15",
    "1.234,5",
    "--1",
    "38.5N",
]


@pytest.mark.parametrize("number", ODD_NUMBERS)
def test_odd_numbers(look, number):
    place = look(f'{HEAD}\n412000001,2024-03-01T05:00:00,"{number}",1,0.1,A\n')
    assert place["rejected"] == {"bad_position": 1}
    assert number.replace("\uff13", "") in place["problems"][0][2] or number[0] == "\uff13"
    speed = look(f'{HEAD}\n412000001,2024-03-01T05:00:00,38.5,1,"{number}",A\n')
    assert (speed["rows_kept"], speed["notes"]) == (1, ["sog_kn: 1 unreadable values left empty"])
    vessel = look(f'{HEAD}\n"{number}",2024-03-01T05:00:00,38.5,1,0.1,A\n')
    assert vessel["rejected"] == {"bad_mmsi": 1}


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("1989-12-31T23:59:59", "time_out_of_range"),
        ("1990-01-01T00:00:00", None),
        ("2099-12-31T23:59:59", None),
        ("2100-01-01T00:00:00", "time_out_of_range"),
        ("9999-12-31T23:59:59", "time_out_of_range"),
        ("292278-01-01T00:00:00", "bad_time"),
        ("2024-03-01T24:00:00", "bad_time"),
        ("2016-12-31T23:59:60", "bad_time"),
        ("2024-02-30T00:00:00", "bad_time"),
        ("0000-00-00T00:00:00", "bad_time"),
        ("2024-03-01", "bad_time"),
        ("\uff12\uff10\uff12\uff14-03-01T00:00:00", "bad_time"),
        ("NaN", "bad_time"),
    ],
)
def test_odd_times(look, time, reason):
    found = look(f"{HEAD}\n412000001,{time},38.5,1,0.1,A\n")
    assert found["rejected"] == ({reason: 1} if reason else {})


def test_twin_columns_are_asked_about(look, refuse):
    text = "MMSI,BaseDateTime,LAT,LON,LAT,LON\n412000001,2024-03-01T00:00:00,38.5,1,39,2\n"
    assert "2 columns 'LAT' (the 3, 5. of 6): which is meant?" in refuse(text)
    mapped = ["--map", "mmsi=MMSI", "--map", "time=BaseDateTime", "--map", "lat=LAT", "--map", "lon=LON"]
    assert "2 columns 'LAT'" in refuse(text, "--layout", "table", *mapped)
    # Of columns nobody reads there may be any number.
    assert look("MMSI,BaseDateTime,LAT,LON,X,X\n412000001,2024-03-01T00:00:00,38.5,1,39,2\n")["rows_kept"] == 1


def test_headers_of_very_many_columns(refuse, look):
    many = ",".join(f"column{i}" for i in range(100_000))
    assert "begins with a line of more than 262,144 bytes" in refuse(f"MMSI,BaseDateTime,LAT,LON,{many}\n1,2,3\n")
    few = "," * 5_000
    row = f"412000001,2024-03-01T00:00:00,38.5,1{few}\n"
    assert look(f"MMSI,BaseDateTime,LAT,LON{few.replace(chr(44), chr(44) + chr(120))}\n{row * 5}")["rows_kept"] == 5


def test_files_of_next_to_nothing(run, tmp_path, refuse):
    assert "is empty" in refuse("")
    assert "is empty" in refuse("\n" * 5000)
    assert "not AIS" in refuse("# a\n# b\n" * 100)
    for text in (HEAD, f"{HEAD}\n", f"{HEAD}\n\n# nothing\n"):
        (tmp_path / "head.csv").write_text(text)
        done = run("inspect", tmp_path / "head.csv")
        assert done.code == 0
        assert "0 read, 0 kept" in done.out


def test_what_a_file_says_does_not_reach_the_terminal_as_it_is(run, tmp_path):
    name = "a\x1b[31m\u202e.csv"
    bad = "412000001,\x1b[2J\x1b]0;title\x07 2024,38.5,1,0.1,A"
    (tmp_path / name).write_text(f"{HEAD}\n{bad}\n{rows(3)}")
    (tmp_path / "x\nerror: fake.csv").write_text("no\x1b[31mthing\n")
    for words in (
        ["inspect"],
        ["detect", "--no-page", "--out", tmp_path / "out"],
        ["detect", "--out", tmp_path / "o2"],
    ):
        done = run(*words, tmp_path / name, tmp_path / "x\nerror: fake.csv")
        assert not any(c in done.out + done.err for c in "\x1b\x07\u202e")
        assert not any(line.startswith("error: fake") for line in (done.out + done.err).splitlines())


def test_texts_longer_than_any_ais_are_emptied_and_counted(look):
    found = look(f"{HEAD}\n{rows(5)}412000001,2024-03-01T05:00:00,38.5,1,0.1,{'A' * 100_000}\n")
    assert found["rows_kept"] == 6
    assert "name: 1 unreadable values left empty" in found["notes"]
