"""Blocks of positions: the same rows as at once, of bounded size, in order, with the same account."""

from __future__ import annotations

import gzip
import threading
import zipfile
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from stsdetect.errors import InputError, UsageError
from stsdetect.readers import read, stream, streaming, write_positions
from stsdetect.readers.ahead import ahead
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

HEAD = "MMSI,BaseDateTime,LAT,LON,SOG,VesselName"


def lines(n: int, every_bad: int = 0) -> str:
    rows = [f"{412000001 + i % 50},2024-03-01T{i // 3600 % 24:02d}:00:{i % 60:02d},38.5,{i / 1e5},0.1,SHIP {i % 50}"
            for i in range(n)]  # fmt: skip
    for i in range(0, n, every_bad or n + 1):
        rows[i] = rows[i].replace("2024", "20x4")
    return "\n".join([HEAD, *rows, ""])


@pytest.mark.parametrize("kind", ["csv", "gz", "parquet", "frame"])
def test_blocks_are_what_is_read_at_once(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("stsdetect.readers.blocks.BLOCK_BYTES", 20_000)
    monkeypatch.setattr("stsdetect.readers.parquet._ROWS", 700)
    monkeypatch.setattr("stsdetect.readers.streaming.MIN_ROWS", 1000)
    monkeypatch.setattr("stsdetect.readers.streaming.MAX_ROWS", 1500)
    path = tmp_path / "a.csv"
    path.write_text(lines(9000, every_bad=700 if kind in ("csv", "gz") else 0))
    source = path
    if kind == "gz":
        source = tmp_path / "b"
        source.write_bytes(gzip.compress(path.read_bytes()))
    elif kind == "parquet":
        source = tmp_path / "p"
        write_positions(read(path).positions, source)
    elif kind == "frame":
        source = read(path).positions
    blocks = stream(source)
    with pytest.raises(UsageError, match="not been read to its end"):
        blocks.result()
    tables = list(blocks)
    once, account = read(source), blocks.result()
    assert len(tables) > 3
    assert all(table.num_rows >= 1000 for table in tables[:-1])
    for table in tables:
        assert table.num_rows < 2500
        assert table.schema == POSITIONS.arrow
        assert all(column.num_chunks == 1 for column in table.columns)
    whole = pa.concat_tables(tables).unify_dictionaries()
    assert whole.to_pylist() == once.positions.to_pylist()
    assert whole.column("source_row").to_pylist() == sorted(whole.column("source_row").to_pylist())
    assert account.positions.num_rows == 0
    assert account.rejects.equals(once.rejects)
    assert (account.files, account.skipped) == (once.files, once.skipped)
    assert account.rejects.num_rows == (13 if kind in ("csv", "gz") else 0)


def test_a_stream_given_up_early_ends_its_threads(tmp_path, monkeypatch):
    monkeypatch.setattr("stsdetect.readers.blocks.BLOCK_BYTES", 5_000)
    monkeypatch.setattr("stsdetect.readers.streaming.MIN_ROWS", 100)
    path = tmp_path / "a.csv"
    path.write_text(lines(5000))
    before = threading.active_count()
    with stream(path) as blocks:
        assert next(blocks).num_rows >= 100
    assert threading.active_count() == before
    assert list(blocks) == []


def test_errors_come_with_the_file(tmp_path):
    (tmp_path / "a.txt").write_text("no table\n")
    with pytest.raises(InputError, match="not AIS"):
        next(stream(tmp_path / "a.txt"))


def test_progress_is_told_from_the_caller(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(lines(500))
    seen = []
    list(stream(path, progress=lambda *told: seen.append((threading.current_thread(), *told))))
    assert {told[0] for told in seen} == {threading.current_thread()}
    assert seen[-1][2] == seen[-1][3] == path.stat().st_size


def test_ahead_keeps_the_order_and_the_distance():
    drawn = []

    def items():
        for number in range(200):
            drawn.append(number)
            yield number

    for number, result in zip(count(), ahead(items(), lambda n: n * n, threads=3, depth=4)):
        assert result == number * number
        assert len(drawn) <= number + 5
    assert number == 199
    assert list(ahead(iter(()), str)) == []


def test_ahead_raises_in_turn():
    def items():
        yield from range(5)
        raise InputError("broken")

    results = ahead(items(), str)
    assert [next(results) for _ in range(5)] == list("01234")
    with pytest.raises(InputError, match="broken"):
        next(results)
    with pytest.raises(ZeroDivisionError):
        list(ahead(iter([1, 0, 2]), lambda n: 1 // n))


def test_damaged_files_of_a_folder_are_rejected_and_not_passed_over(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(lines(100))
    with zipfile.ZipFile(folder / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.csv", lines(5000))
    (folder / "b.zip").write_bytes((folder / "b.zip").read_bytes()[:5000])
    (folder / "c.csv.gz").write_bytes(gzip.compress(lines(100).encode())[:10])
    (folder / "README.txt").write_text("no table\n")
    result = read(folder)
    assert [(Path(file.path).name, file.layout, file.rejected) for file in result.files] == [
        ("a.csv", "noaa_2015_2024", {"bad_time": 1}),
        ("b.zip", "", {"damaged_file": 1}),
        ("c.csv.gz", "", {"damaged_file": 1}),
    ]
    for file in result.files:
        assert file.rows_read == file.rows_kept + sum(file.rejected.values())
    assert "nothing of it could be read: it is a zip archive that is damaged" in result.files[1].notes[0]
    rejects = result.rejects.to_pylist()
    assert [Path(row["source_file"]).name for row in rejects] == ["a.csv", "b.zip", "c.csv.gz"]
    assert "is damaged or cut short" in rejects[2]["detail"]
    assert [Path(label).name for label, _ in result.skipped] == ["README.txt"]
    with pytest.raises(InputError, match="is a zip archive that is damaged"):
        read([folder / "a.csv", folder / "b.zip"])  # named by itself it must be there
    (folder / "a.csv").unlink()
    with pytest.raises(InputError, match="no AIS found"):
        read(folder)


def test_rules_nobody_heeds_are_told_beside_a_damaged_file(tmp_path):
    (tmp_path / "a.csv").write_text(lines(100))
    (tmp_path / "b.gz").write_bytes(gzip.compress(lines(100).encode())[:10])
    result = read(tmp_path, settings=ReadSettings(speed_unit="m/s"))
    assert "--speed-unit (read.speed_unit) was given and is not used" in result.files[0].notes[0]


class _Counted:
    """A table of one row that counts how often it is asked for their number."""

    asked = 0

    @property
    def num_rows(self) -> int:
        _Counted.asked += 1
        return 1

    def slice(self, first: int, most: int) -> _Counted:
        return self


def test_twice_as_many_small_tables_are_twice_the_work(monkeypatch):
    monkeypatch.setattr(streaming, "expanded", lambda table: table)
    monkeypatch.setattr(streaming, "_one", lambda tables: tables[0])
    work = []
    for many in (500, 1000):
        _Counted.asked = 0
        account = streaming._Account(ReadSettings())
        assert len(list(streaming._even((_Counted() for _ in range(many)), account, False))) == 1
        work.append(_Counted.asked)
    assert work[1] <= 2 * work[0]


def test_many_small_files_are_the_same_rows(tmp_path, monkeypatch):
    for number in range(30):
        (tmp_path / f"{number:02}.csv").write_text(lines(3).replace("SHIP", f"SHIP {number % 7}"))
    once = read(tmp_path)
    monkeypatch.setattr(streaming, "MAX_TABLES", 4)
    few = read(tmp_path)
    assert few.positions.equals(once.positions)
    assert few.positions.column("name").chunk(0).dictionary == once.positions.column("name").chunk(0).dictionary
    assert few.rejects.to_pylist() == once.rejects.to_pylist()
    assert once.rejects.num_rows == 30
