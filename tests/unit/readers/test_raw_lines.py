"""Back to the raw row: plain and packed files, members, odd text, rows that are not there."""

from __future__ import annotations

import gzip
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stsdetect.readers.raw as raw
from stsdetect.errors import InputError, UsageError
from stsdetect.readers import raw_line, raw_lines, read

LINES = ["MMSI,BaseDateTime,LAT,LON", *(f"41200000{k % 10},2024-03-01T00:00:{k:02d},38.{k},122.{k}" for k in range(50))]
TEXT = "\n".join(LINES) + "\n"


@pytest.fixture(params=["plain", "gz", "zst", "zip"])
def label(request, tmp_path):
    path = tmp_path / f"x!y.{request.param}"
    if request.param == "plain":
        path.write_text(TEXT)
    elif request.param == "gz":
        path.write_bytes(gzip.compress(TEXT.encode()))
    elif request.param == "zst":
        path.write_bytes(pa.compress(TEXT.encode(), "zstd", asbytes=True))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("z!1.csv", TEXT)
            archive.writestr("other.csv", "a,b\n")
        return f"{path}!z!1.csv"
    return str(path)


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_lines_of_any_container(label, chunk, monkeypatch):
    monkeypatch.setattr(raw, "_CHUNK_BYTES", chunk)
    assert raw_lines(label, [51, 1, 2, 30, 31]) == {row: LINES[row - 1] for row in (1, 2, 30, 31, 51)}
    assert raw_line(label, 17) == LINES[16]


def test_what_was_read_leads_to_its_line(label):
    table = read(label.partition(".zip")[0] + ".zip" if ".zip" in label else label).positions
    for row in table.slice(0, 5).to_pylist():
        assert raw_line(row["source_file"], row["source_row"]).startswith(
            f"{row['mmsi']},{row['time']:%Y-%m-%dT%H:%M:%S}"
        )


def test_a_row_beyond_the_end_and_a_row_before_the_first(label):
    with pytest.raises(InputError, match="has no row 52; it is not the file it was"):
        raw_line(label, 52)
    with pytest.raises(UsageError, match="no row 0: rows are counted from 1"):
        raw_line(label, 0)


def test_text_of_strangers_stays_text(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\r\n\x1b[31m\x00{0}%s,\xff\r\nlast,\xc3\xa9")
    assert raw_lines(str(path), [1, 2, 3]) == {1: "a,b", 2: "\x1b[31m\x00{0}%s,\xff", 3: "last,é"}


def test_a_long_line_is_cut_between_characters(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("é" * 3_000_000 + "\nnext\n", encoding="utf-8")
    assert raw_lines(str(path), [1, 2]) == {1: "é" * 2000, 2: "next"}
    path.write_text("a" + "é" * 3000, encoding="utf-8")
    assert raw_line(str(path), 1, limit=3) == "aéé"


def test_utf_16_and_parquet(tmp_path):
    (tmp_path / "x.csv").write_bytes("a,b\nжук,2\n".encode("utf-16"))
    assert raw_line(str(tmp_path / "x.csv"), 2) == "жук,2"
    pq.write_table(pa.table({"mmsi": [1, 2, 3], "name": ["A", None, "C"]}), tmp_path / "x.parquet", row_group_size=2)
    assert raw_lines(str(tmp_path / "x.parquet"), [2, 3]) == {2: "mmsi=2", 3: "mmsi=3, name=C"}
    with pytest.raises(InputError, match="no row 4"):
        raw_line(str(tmp_path / "x.parquet"), 4)


def test_parquet_with_values_that_python_does_not_have(tmp_path):
    odd = {"no_zone": pa.array([0], pa.timestamp("s", "ZTC")), "far": pa.array([10**15], pa.timestamp("s"))}
    pq.write_table(pa.table({"mmsi": [1], **odd}), tmp_path / "x.parquet")
    assert raw_line(str(tmp_path / "x.parquet"), 1).startswith("mmsi=1, no_zone=0, far=1000000000000000")


def test_rows_that_are_no_lines(tmp_path):
    for text in ('[{"a": 1},\n{"a": 2}]', '{"features": [\n{"a": 1}]}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(UsageError, match="items of a JSON document"):
            raw_line(str(tmp_path / "x.json"), 1)
    (tmp_path / "x.json").write_text('{"a": 1}\n{"a": 2}\n')
    assert raw_line(str(tmp_path / "x.json"), 2) == '{"a": 2}'


def test_a_layout_of_its_own_rows_is_asked(tmp_path, monkeypatch):
    class Toy:
        @staticmethod
        def raw(source, head, rows):
            return {row: f"item {row} of {source.path}" for row in rows}

    monkeypatch.setattr(raw, "named", lambda name: Toy)
    path = tmp_path / "x.json"
    path.write_text("[1]")
    assert raw_line(str(path), 4, layout="toy") == f"item 4 of {path}"


def test_files_that_are_gone_and_frames(tmp_path):
    with pytest.raises(InputError, match="does not exist any more"):
        raw_line(str(tmp_path / "gone.csv"), 1)
    with pytest.raises(InputError, match="does not exist any more"):
        raw_line(str(tmp_path), 1)
    with pytest.raises(UsageError, match="frame in Python"):
        raw_line("frame", 1)


def test_a_damaged_file_and_a_member_that_is_not_there(tmp_path):
    packed = gzip.compress(TEXT.encode() * 2000)
    (tmp_path / "x.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="damaged or cut short"):
        raw_line(str(tmp_path / "x.gz"), 90_000)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", "1")
    with pytest.raises(InputError, match="does not exist any more"):
        raw_line(f"{tmp_path / 'x.zip'}!b.csv", 1)
