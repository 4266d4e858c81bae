"""NOAA and DMA files made by hand: exact headers, known traps, and the two ways of splitting text."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import InputError, StsError
from stsdetect.readers import inspect_layout, read
from stsdetect.readers.blocks import Block
from stsdetect.readers.header import find_header
from stsdetect.readers.source import Head
from stsdetect.readers.text import TextSpec, split_block, split_slow
from stsdetect.schema import POSITIONS, REJECTS
from stsdetect.settings import ReadSettings

NOAA_17 = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,"
    "Cargo,TransceiverClass"
)
NOAA_16 = NOAA_17.removesuffix(",TransceiverClass")
NOAA_25 = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type,status,length,"
    "width,draft,cargo,transceiver"
)
DMA_22 = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name,"
    "Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,Destination,ETA,Data source type"
)
DMA_26 = DMA_22 + ",A,B,C,D"
ROW = (
    "367379190,2022-01-03T00:00:00,30.3706,-88.56408,0.5,336.2,511,EAGLE,IMO8207721,WTD4583,31.0,0.0,28.0,11.0,"
    "3.3,52.0,A"
)
LEGACY = "477307901,2017-12-01T00:00:01,31.90512,-76.32652,-0.1,131.0,352.0,FIRST,IMO9739666,VRPJ6,1004,moored,337,,,70"


def adds_up(result) -> None:
    for file in result.files:
        assert file.rows_read == file.rows_kept + file.rows_filtered + sum(file.rejected.values())
    assert result.positions.num_rows == sum(file.rows_kept for file in result.files)
    assert result.rejects.num_rows == sum(sum(file.rejected.values()) for file in result.files)
    assert result.positions.schema == POSITIONS.arrow
    assert result.rejects.schema == REJECTS.arrow


def read_text(tmp_path: Path, text: str | bytes, name: str = "input.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = read([path], **options)
    adds_up(result)
    return result


def rows(result) -> list[dict]:
    return result.positions.to_pylist()


def test_noaa_with_17_columns(tmp_path):
    result = read_text(tmp_path, f"{NOAA_17}\n{ROW}\n")
    (row,) = rows(result)
    assert result.files[0].layout == "noaa_2015_2024"
    assert row["mmsi"] == 367379190
    assert row["time"] == datetime(2022, 1, 3, tzinfo=UTC)
    assert (row["lat_deg"], row["lon_deg"]) == (30.3706, -88.56408)
    assert (row["sog_kn"], row["cog_deg"], row["heading_deg"]) == (0.5, 336.2, 511.0)
    assert (row["imo"], row["ship_type"], row["nav_status"]) == (8207721, 31, 0)
    assert (row["length_m"], row["width_m"], row["draught_m"]) == (28.0, 11.0, 3.3)
    assert (row["name"], row["callsign"], row["transceiver"]) == ("EAGLE", "WTD4583", "A")
    assert (row["source_file"], row["source_row"]) == (str(tmp_path / "input.csv"), 2)
    assert row["station"] is None
    assert row["destination"] is None


def test_noaa_with_16_columns_text_status_legacy_type_and_wrapped_speed(tmp_path):
    result = read_text(tmp_path, f"{NOAA_16}\n{LEGACY}\n")
    (row,) = rows(result)
    assert (row["nav_status"], row["ship_type"]) == (5, 70)
    assert row["sog_kn"] is None
    assert any("negative" in note for note in result.files[0].notes)
    assert row["transceiver"] is None


def test_noaa_2025_has_longitude_before_latitude(tmp_path):
    line = "367379190,2025-01-03 00:00:01,-88.56408,30.3706,,,,EAGLE,IMO8207721,WTD4583,57.0,0,28,11,3.3,57,A"
    result = read_text(tmp_path, f"{NOAA_25}\n{line}\n")
    (row,) = rows(result)
    assert result.files[0].layout == "noaa_2025"
    assert (row["lat_deg"], row["lon_deg"], row["ship_type"]) == (30.3706, -88.56408, 57)
    assert row["sog_kn"] is None
    assert result.files[0].notes == ()


@pytest.mark.parametrize("header", [DMA_22, DMA_26])
def test_danish_files(tmp_path, header):
    hull = ",24,30,7,8" if header is DMA_26 else ""
    lines = [
        "05/10/2022 11:16:01,Class A,219000734,57.296787,10.922245,Under way using engine,0.0,0.1,210.3,180,9107370,"
        "OXXL,ANE LAESOE,Tanker,,15,54,GPS,2.9,LAESOE,22/07/2023 11:00:00,AIS" + hull,
        "05/10/2022 11:16:02,Base Station,2190064,91.000000,0.000000,Unknown value,,,,,Unknown,Unknown,,Undefined,,,,"
        "Undefined,,Unknown,,AIS" + (",,,," if hull else ""),
    ]
    result = read_text(tmp_path, "\n".join([header, *lines]) + "\n")
    ship, base = rows(result)
    assert ship["time"] == datetime(2022, 10, 5, 11, 16, 1, tzinfo=UTC)
    assert (ship["station"], ship["transceiver"], ship["ship_type"], ship["nav_status"]) == ("ship", "A", 80, 0)
    assert (ship["length_m"], ship["width_m"], ship["destination"]) == (54.0, 15.0, "LAESOE")
    if hull:  # the file's C is starboard and its D port; ours are in ITU order
        assert (ship["to_bow_m"], ship["to_stern_m"], ship["to_port_m"], ship["to_starboard_m"]) == (24, 30, 8, 7)
    assert (base["mmsi"], base["station"], base["transceiver"]) == (2190064, "base", None)
    assert (base["lat_deg"], base["lon_deg"]) == (91.0, 0.0)
    assert [base[c] for c in ("imo", "callsign", "name", "ship_type", "destination")] == [None] * 5
    assert result.files[0].notes == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (ROW + ",", "wrong_column_count"),
        (ROW.replace(",A", ""), "wrong_column_count"),
        (ROW.replace("T00:00:00", "Txx:00:00"), "bad_time"),
        (ROW.replace("2022-01-03T00:00:00", "2022-02-30T00:00:00"), "bad_time"),
        (ROW.replace("2022-01-03T00:00:00", "2022-01-03"), "bad_time"),
        (ROW.replace("2022-01-03T00:00:00", ""), "bad_time"),
        (ROW.replace("2022-01", "1970-01"), "time_out_of_range"),
        (ROW.replace("2022-01", "2100-01"), "time_out_of_range"),
        (ROW.replace("30.3706", "abc"), "bad_position"),
        (ROW.replace("30.3706", "NaN"), "bad_position"),
        (ROW.replace("-88.56408", "1e999"), "bad_position"),
        (ROW.replace("-88.56408", ""), "bad_position"),
        (ROW.replace("367379190", "36737919x"), "bad_mmsi"),
        (ROW.replace("367379190", "-367379190"), "bad_mmsi"),
        (ROW.replace("367379190", "3673791900"), "bad_mmsi"),
        (ROW.replace("367379190", "367379190.5"), "bad_mmsi"),
        (ROW.replace("367379190", " "), "missing_vessel"),
        (NOAA_17, "repeated_header"),
        ('"' + ROW, "wrong_column_count"),
    ],
)
def test_each_reason(tmp_path, line, reason):
    if line.startswith('"'):
        line = line.replace("EAGLE", "EA,GLE")
    result = read_text(tmp_path, f"{NOAA_17}\n{ROW}\n{line}\n{ROW}\n")
    assert result.files[0].rejected == {reason: 1}
    assert [row["source_row"] for row in rows(result)] == [2, 4]
    (reject,) = result.rejects.to_pylist()
    assert (reject["source_row"], reject["reason"], reject["text"]) == (3, reason, line)


def test_wrong_optional_values_are_emptied_and_counted(tmp_path):
    result = read_text(tmp_path, f"{NOAA_17}\n{ROW.replace('0.5', 'abc')}\n{ROW.replace('IMO8207721', 'IMO82O7721')}\n")
    assert [row["sog_kn"] for row in rows(result)] == [None, 0.5]
    assert [row["imo"] for row in rows(result)] == [8207721, None]
    assert result.files[0].notes == ("imo: 1 unreadable values left empty", "sog_kn: 1 unreadable values left empty")


def test_impossible_and_missing_places_are_kept(tmp_path):
    result = read_text(
        tmp_path, f"{NOAA_17}\n{ROW.replace('30.3706', '120')}\n{ROW.replace('30.3706,-88.56408', ',')}\n"
    )
    assert [(row["lat_deg"], row["lon_deg"]) for row in rows(result)] == [(120.0, -88.56408), (None, None)]


def test_names_with_quotes_delimiters_and_odd_bytes(tmp_path):
    names = [b'"SEA, STAR"', b'"THE ""BOAT"""', b'JOHN "B" DOE', b'"STRAY', b"\xc5ngstr\xf6m", "Ærø".encode(), b"#1"]
    body = b"\n".join(ROW.encode().replace(b"EAGLE", name) for name in names)
    result = read_text(tmp_path, NOAA_17.encode() + b"\n" + body + b"\n")
    found = {row["source_row"]: row["name"] for row in rows(result)}
    assert found == {
        2: "SEA, STAR",
        3: 'THE "BOAT"',
        4: 'JOHN "B" DOE',
        5: "STRAY",
        6: "Ångström",
        7: "Ærø",
        8: "#1",
    }
    assert result.files[0].notes == ("lines that are not UTF-8, read as Latin-1: 1",)


def test_comments_blank_lines_mark_and_crlf_are_not_rows(tmp_path):
    text = f"\ufeff# a comment\r\n\r\n{NOAA_17}\r\n{ROW}\r\n# another\r\n\r\n{ROW}"
    result = read_text(tmp_path, text)
    assert [row["source_row"] for row in rows(result)] == [4, 7]
    assert result.files[0].rows_read == 2
    assert rows(result)[0]["transceiver"] == "A"


@pytest.mark.parametrize("blank", ["", "\r", "  ", "\t \r"])
def test_blank_lines_alone_are_not_rows(tmp_path, blank):
    """Arrow takes a blank line for a row in which every cell is empty."""
    result = read_text(tmp_path, f"{NOAA_17}\n{ROW}\n{blank}\n{ROW}\n")
    assert [row["source_row"] for row in rows(result)] == [2, 4]
    assert result.files[0].rows_read == 2


def test_danish_header_repeated_is_rejected(tmp_path):
    line = (
        "15/10/2022 11:16:01,Class A,219000734,57.296787,10.922245,Moored,0.0,0.0,210.3,180,9107370,"
        "OXXL,ANE,Passenger,,15,54,GPS,2.9,LAESOE,,AIS"
    )
    result = read_text(tmp_path, f"{DMA_22}\n{line}\n{DMA_22}\n{line}\n")
    assert result.files[0].rejected == {"repeated_header": 1}


def test_filters_count_rows(tmp_path):
    lines = [ROW.replace("T00:00:00", f"T00:00:0{second}") for second in range(5)]
    text = "\n".join([NOAA_17, *lines, ROW.replace("367379190", "000000001").replace("T00:00:00", "T00:00:02")]) + "\n"
    since, until = datetime(2022, 1, 3, 0, 0, 1, tzinfo=UTC), datetime(2022, 1, 3, 0, 0, 3, tzinfo=UTC)
    assert read_text(tmp_path, text, since=since, until=until).files[0].rows_kept == 3
    one = read_text(tmp_path, text, since=since, until=until, vessels={"367379190"})
    assert [row["source_row"] for row in rows(one)] == [3, 4]
    assert one.files[0].rows_filtered == 4
    assert read_text(tmp_path, text, vessels=["1"]).files[0].rows_kept == 1
    assert read_text(tmp_path, text, vessels=[]).files[0].rows_kept == 0


def test_header_alone_gives_an_empty_table(tmp_path):
    result = read_text(tmp_path, NOAA_17 + "\n")
    assert result.positions.num_rows == 0
    assert result.files[0].rows_read == 0


def test_broken_header_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(InputError, match="'BaseDateTime'") as caught:
        read_text(tmp_path, f"{NOAA_17.replace('BaseDateTime', 'Timestamp')}\n{ROW}\n")
    message = str(caught.value)
    assert "NOAA MarineCadastre CSV, 2015-2024" in message
    assert "--map time=Timestamp --map lat=LAT --map lon=LON --map mmsi=MMSI" in message
    assert "input.csv" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"hello world\nthis is a letter\n", "not AIS"),
        (b"\xff\xfea\x00,\x00b\x00", "no layout"),
        (b"\x7fELF\x00\x00\x01\x02,", "not text"),
        (b"PK\x03\x04broken", "damaged|not text|not AIS"),
        (b"\x1f\x8bbroken", "damaged"),
        (b"\x28\xb5\x2f\xfdbroken", "damaged"),
        (b"PAR1broken", "damaged"),
    ],
)
def test_what_is_no_ais_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_read_as_what_it_is(tmp_path, encoding):
    text = NOAA_17 + "\n" + "366000001,2022-01-01T00:00:00,30.5,-88.1,1.5,90,91,ZÜRICH 山,IMO9074729,,80,0,,,,,A\n"
    mark = b"" if encoding == "utf-16" else b"\xfe\xff"
    result = read_text(tmp_path, mark + text.encode(encoding))
    assert [row["name"] for row in rows(result)] == ["ZÜRICH 山"]
    assert any("UTF-16" in note for note in result.files[0].notes)
    adds_up(result)


def packed(path: Path, data: bytes, kind: str) -> Path:
    target = path / f"data.{kind}"
    if kind == "gz":
        target.write_bytes(gzip.compress(data))
    elif kind == "zst":
        target.write_bytes(pa.compress(data, "zstd", asbytes=True))
    elif kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("__MACOSX/x.csv", b"junk")
            archive.writestr("readme.txt", b"read me\n")
            archive.writestr("a.csv", data)
            archive.writestr("sub/b.csv", data)
    else:
        target.write_bytes(data)
    return target


def test_containers_give_the_same_rows(tmp_path):
    data = f"{NOAA_17}\n{ROW}\n{ROW}x,\n{ROW}\n".encode()
    plain = read(packed(tmp_path, data, "txt")).positions.drop_columns(["source_file"])
    for kind in ("gz", "zst"):
        result = read([packed(tmp_path, data, kind)])
        adds_up(result)
        assert result.positions.drop_columns(["source_file"]).equals(plain)
    result = read([packed(tmp_path, data, "zip")])
    adds_up(result)
    assert [file.member for file in result.files] == ["a.csv", "sub/b.csv"]
    assert [Path(label).name for label, _ in result.skipped] == ["data.zip!readme.txt"]
    names = set(result.positions.column("source_file").to_pylist())
    assert names == {f"{tmp_path / 'data.zip'}!a.csv", f"{tmp_path / 'data.zip'}!sub/b.csv"}


def test_folders_globs_and_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    day = Path("days")
    (day / "sub").mkdir(parents=True)
    (day / ".hidden").mkdir()
    for name in ("b.csv", "a.csv", "sub/c.dat", ".hidden/d.csv", ".e.csv"):
        (day / name).write_text(f"{NOAA_17}\n{ROW}\n")
    (day / "notes.md").write_text("# notes\n")
    result = read(["days"])
    assert [file.path for file in result.files] == ["days/a.csv", "days/b.csv", "days/sub/c.dat"]
    assert [label for label, _ in result.skipped] == ["days/notes.md"]
    assert [file.path for file in read(["days/*.csv"]).files] == ["days/a.csv", "days/b.csv"]
    assert len(read(["days", "days/a.csv", Path("days/b.csv")]).files) == 3
    with pytest.raises(InputError, match="does not exist"):
        read(["days/none.csv"])
    with pytest.raises(InputError, match="no file matches"):
        read(["days/*.zip"])
    with pytest.raises(InputError, match="not AIS"):
        read(["days/notes.md"])
    with pytest.raises(InputError, match="no input"):
        read([])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no files"):
        read(["empty"])
    (tmp_path / "empty/x.md").write_text("x\n")
    with pytest.raises(InputError, match=r"no AIS found in empty \(1 files looked at\)"):
        read(["empty"])
    assert inspect_layout("days/a.csv") == (("days/a.csv", "noaa_2015_2024"),)


def test_a_pattern_finds_what_the_shell_would_give(tmp_path, monkeypatch):
    """Quoted, or expanded by a shell: folders that match are searched either way, and each file is read once."""
    monkeypatch.chdir(tmp_path)
    for name in ("d/a.csv", "d/more/b.csv", "d/more/deep/c.csv", "d/more/.hidden/e.csv", "d/.f.csv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"{NOAA_17}\n{ROW}\n")
    Path("d/empty").mkdir()
    found = ["d/a.csv", "d/more/b.csv", "d/more/deep/c.csv"]
    for inputs in (["d/*"], ["d/**"], ["*/**"], ["d/a.csv", "d/more"], ["d"], ["d/[am]*"], ["d/*", "d/more/*"]):
        assert sorted(file.path for file in read(inputs).files) == found, inputs
    assert [file.path for file in read(["d/mo*"]).files] == found[1:]
    assert [file.path for file in read(["d/*.csv"]).files] == found[:1]
    with pytest.raises(InputError, match="no file matches d/em"):
        read(["d/em*"])


def test_links_that_a_pattern_matches(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("d/a.csv", "far/b.csv"):
        Path(name).parent.mkdir()
        Path(name).write_text(f"{NOAA_17}\n{ROW}\n")
    Path("d/link").symlink_to(tmp_path / "far")
    Path("d/gone").symlink_to(tmp_path / "nowhere")
    for inputs in ("d/*", "d/**", "*/*"):
        result = read(inputs)
        assert {file.path for file in result.files} <= {"d/a.csv", "d/link/b.csv", "far/b.csv"}
        assert len(result.files) == 2
        assert [label for label, _ in result.skipped] == ["d/gone"], inputs
    assert [label for label, _ in read("d").skipped] == ["d/gone", "d/link"]


def test_a_file_cut_short_gives_what_came_before(tmp_path):
    rng = np.random.default_rng(1)
    lines = [ROW.replace("30.3706", f"{lat:.8f}") for lat in rng.uniform(0, 60, 200_000)]
    data = gzip.compress("\n".join([NOAA_17, *lines, ""]).encode(), 1)
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(data[:-1000])
    result = read([path])
    adds_up(result)
    assert result.files[0].rejected == {"damaged_file": 1}
    assert result.files[0].rows_kept > 50_000


def test_progress_and_equality_over_many_blocks(tmp_path, monkeypatch):
    text = "\n".join([NOAA_17, *(ROW.replace("30.3706", f"{i / 1000}") for i in range(2000)), ""])
    whole = read_text(tmp_path, text).positions
    monkeypatch.setattr("stsdetect.readers.blocks.BLOCK_BYTES", 5000)
    seen: list[tuple[str, int, int]] = []
    result = read_text(tmp_path, text, progress=lambda *args: seen.append(args))
    assert result.positions.combine_chunks().to_pylist() == whole.to_pylist()
    assert seen[-1][1] == seen[-1][2] == len(text)


def test_a_row_that_begins_with_a_number_sign_is_no_comment(tmp_path):
    path = tmp_path / "named.csv"
    path.write_text(
        "name,mmsi,time,lat,lon\n#1 TUG,367000001,2024-03-01T00:00:00,29,-94\n# checked, by hand\n"
        '"#2, TUG",367000002,2024-03-01T00:00:00,29,-94\n#3 TUG,367000003,noon,29,-94\n'
    )
    columns = {key: key for key in ("name", "mmsi", "time", "lat", "lon")}
    result = read(path, settings=ReadSettings(columns=columns))
    assert sorted(result.positions.column("name").to_pylist()) == ["#1 TUG", "#2, TUG"]
    assert result.rejects.column("source_row").to_pylist() == [5]
    assert (result.files[0].rows_read, result.files[0].rows_kept) == (3, 2)


def test_a_stray_carriage_return_makes_no_row_of_a_part(tmp_path):
    bad = ROW.replace("367", "3\r67", 1)
    result = read_text(tmp_path, f"{NOAA_17}\n{bad},more\n{ROW}\r{ROW}\n")
    assert result.rejects.column("reason").to_pylist() == ["wrong_column_count"]
    assert result.positions.column("source_row").to_pylist() == [3, 3]
    assert result.files[0].rows_read == 3


CELLS = st.one_of(
    st.sampled_from(["", " ", "1", "-2.5", "1e5", "nan", "2022-01-03T00:00:00", "EAGLE", '"', '""', "#", "é", "A B"]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=6),
)
BYTE_LINES = st.one_of(
    st.lists(CELLS, min_size=1, max_size=5).map(lambda cells: ",".join(cells).encode()),
    st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(BYTE_LINES, min_size=1, max_size=12))
def test_both_ways_of_splitting_agree(lines):
    head = Head("x", b"MMSI,time,name\n", True)
    header = find_header(head)
    assert header is not None
    spec = TextSpec(header, {"mmsi": 0, "time": 1, "name": 2})

    def is_whole(line: bytes) -> bool:
        return not split_slow([(1, line)], spec).rejects

    block = b"\n".join(lines) + b"\n"
    pieces = split_block(Block(2, block.count(b"\n"), block), spec)
    numbered = [(n, line) for n, line in enumerate(block.split(b"\n")[:-1], start=2)]
    numbered = [(n, line) for n, line in numbered if line.strip() and (line[:1] != b"#" or is_whole(line))]
    slow = split_slow(numbered, spec)
    fast = {
        int(row): tuple(piece.columns[key][i].as_py() for key in spec.columns)
        for piece in pieces
        for i, row in enumerate(piece.rows)
    }
    expected = {
        int(row): tuple(slow.columns[key][i].as_py() for key in spec.columns) for i, row in enumerate(slow.rows)
    }
    assert fast == expected
    rejects = sorted((r.row, r.reason) for piece in pieces for r in piece.rejects)
    assert rejects == sorted((r.row, r.reason) for r in slow.rejects)


LINES = st.lists(
    st.one_of(
        st.just(ROW),
        st.builds(lambda a, b: ROW.replace(a, b), st.sampled_from(ROW.split(",")[:7]), CELLS),
        CELLS,
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(LINES, st.data())
def test_a_file_cut_in_two_gives_the_same_rows(tmp_path_factory, lines, data):
    folder = tmp_path_factory.mktemp("cut")
    cut = data.draw(st.integers(0, len(lines)))

    def of(*parts):
        for i, part in enumerate(parts):
            (folder / f"{i}.csv").write_bytes("\n".join([NOAA_17, *part, ""]).encode())
        result = read([folder / f"{i}.csv" for i in range(len(parts))])
        adds_up(result)
        drop = ["source_file", "source_row"]
        key = repr
        return (
            sorted(result.positions.drop_columns(drop).to_pylist(), key=key),
            sorted(result.rejects.drop_columns(drop).to_pylist(), key=key),
        )

    assert of(lines) == of(lines[:cut], lines[cut:])


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["", NOAA_17, NOAA_16, NOAA_25, DMA_22, DMA_26, "!AIVDM,1,1,,A,,0*26"]), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, header, data):
    path = tmp_path_factory.mktemp("any") / "x"
    path.write_bytes(header.encode() + b"\n" + data)
    try:
        result = read([path])
    except StsError as problem:
        assert str(path) in str(problem)  # noqa: PT017
    else:
        adds_up(result)


def test_joined_files_with_marks(tmp_path):
    """A byte-order mark inside a file, where two were joined, takes no row with it."""
    text = f"\ufeff{NOAA_17}\n{ROW}\n\ufeff{NOAA_17}\n{ROW}\n\ufeff\n"
    result = read_text(tmp_path, text)
    assert [row["source_row"] for row in rows(result)] == [2, 4]
    assert result.files[0].rejected == {"repeated_header": 1, "wrong_column_count": 1}
