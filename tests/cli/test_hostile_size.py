"""Input made to fill memory, each in a process of its own whose peak is looked at, and what is said of it."""

from __future__ import annotations

import json
import zlib
from functools import reduce
from itertools import repeat
from operator import xor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.peak import command
from tests.cli.test_hostile_input import HEAD, rows

GB = 1 << 30
START = f"{HEAD}\n{rows(100)}".encode()


def sparse(path, begin: bytes, size: int):
    """A file of NUL bytes behind its beginning, which take no room on the disk."""
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(size)
    return path


def bomb(path, begin: bytes, piece: bytes, times: int):
    """A gzip file of one piece again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        for part in (begin, *repeat(piece, times)):
            file.write(packer.compress(part))
        file.write(packer.flush())
    return path


def look(path, *words):
    done = command("inspect", "--json", *words, path, folder=path.parent)
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)
    assert found["rows_read"] == found["rows_kept"] + sum(found["rejected"].values())
    return found


def refused(path, *words):
    done = command("inspect", *words, path, folder=path.parent)
    assert done.code == 3
    return done.err.splitlines()[-1]


def sentence(body: str, time: int = 1709251200) -> str:
    return f"\\c:{time}*00\\!{body}*{reduce(xor, body.encode()):02X}"


REPORT = sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0")


def test_a_line_of_two_gigabytes(tmp_path):
    found = look(sparse(tmp_path / "a.csv", START, 2 * GB))
    assert found["rejected"] == {"damaged_file": 1}
    assert found["rows_kept"] == 100
    assert any("has a line longer than 16777216 bytes" in note for note in found["notes"])
    assert "line longer than" in refused(sparse(tmp_path / "b.csv", f"{HEAD}\n".encode(), 2 * GB))
    assert "not text" in refused(sparse(tmp_path / "c.json", b'[{"mmsi":1,"name":"', 2 * GB))


def test_a_line_of_two_gigabytes_in_a_log(tmp_path):
    found = look(sparse(tmp_path / "a.log", f"{REPORT}\n".encode() * 5000, 2 * GB))
    assert (found["rows_kept"], found["rejected"]) == (5000, {"damaged_file": 1})


def test_a_gzip_bomb(tmp_path):
    found = look(bomb(tmp_path / "a.gz", START, b"\0" * (1 << 24), 20))
    assert (found["rows_kept"], found["rejected"]) == (100, {"damaged_file": 1})
    assert any("longer than" in note or "more than 200 times its size" in note for note in found["notes"])


def test_messages_that_are_never_complete(tmp_path):
    path = tmp_path / "a.log"
    with path.open("w") as file:
        file.write(f"{REPORT}\n")
        for number in range(60_000):
            body = f"AIVDM,9,{number % 9 + 1},{number // 9 % 10},A,55,0"
            file.write(f"\\g:1-9-{number},s:r{number},c:1709251200*00\\!{body}*{reduce(xor, body.encode()):02X}\n")
    found = look(path)
    assert (found["rows_kept"], found["rejected"]) == (1, {"incomplete_message": 60_000})


def test_many_sentences_on_one_long_line(tmp_path):
    body = "AIVDM,2,1,1,A,55,0"
    part = f"!{body}*{reduce(xor, body.encode()):02X}"
    (tmp_path / "a.log").write_text(f"{REPORT}\n{part * 100_000}\n")
    found = look(tmp_path / "a.log")
    assert (found["rows_kept"], found["rejected"]) == (1, {"incomplete_message": 100_000})


def positions(count: int, **more) -> pa.Table:
    return pa.table(
        {
            "time": pa.array(np.arange(count) % 86_400 * 10**6 + 1_709_251_200 * 10**6, pa.timestamp("us", "UTC")),
            "lat_deg": np.full(count, 38.5),
            "lon_deg": np.full(count, 1.5),
            "mmsi": np.full(count, 412000001),
            **more,
        }
    )


def test_parquet_of_many_rows_in_no_bytes(tmp_path):
    one = positions(1_000_000).set_column(0, "time", positions(1).column(0).take(pa.array([0] * 1_000_000)))
    pq.write_table(pa.concat_tables([one] * 20), tmp_path / "a.parquet", row_group_size=20_000_000, compression="zstd")
    assert "more than one in a byte" in refused(tmp_path / "a.parquet")


@pytest.mark.parametrize(("size", "count"), [(1 << 28, 4), (100_000, 5)])
def test_parquet_with_absurd_texts(tmp_path, size, count):
    path = tmp_path / "a.parquet"
    pq.write_table(positions(count, name=["x" * size] * count), path, compression="zstd")
    assert "more than" in refused(path)


def test_parquet_texts_that_unpack_to_gigabytes(tmp_path):
    path, count = tmp_path / "a.parquet", 500_000
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array(["y" * 10_000]))
    pq.write_table(positions(count, name=names), path, compression="zstd", store_schema=False)
    assert "name: 500000 unreadable values left empty" in look(path)["notes"]


def test_parquet_of_many_columns_and_odd_ones(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(positions(10, **{f"c{i}": np.zeros(10) for i in range(5000)}), path)
    assert look(path)["rows_kept"] == 10
    pq.write_table(positions(10).set_column(3, "mmsi", pa.array([[1]] * 10)), path)
    done = command("inspect", path, folder=tmp_path)
    assert (done.code, "column 'mmsi'" in done.err, str(path) in done.err) == (2, True, True)
    twins = pa.Table.from_arrays(
        [*positions(1).columns, positions(1)["mmsi"]], names=[*positions(1).column_names, "mmsi"]
    )
    pq.write_table(twins, path)
    done = command("inspect", path, folder=tmp_path)
    assert (done.code, "more than one column 'mmsi': which is meant?" in done.err) == (2, True)
