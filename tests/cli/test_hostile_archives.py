"""Packed input that is broken or made to do harm, through the command."""

from __future__ import annotations

import gzip
import json
import struct
import warnings
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.test_hostile_input import HEAD, rows

TEXT = f"{HEAD}\n{rows(5000)}".encode()
AISHUB = '<VESSELS><vessel MMSI="412000001" TIME="2024-03-01 00:00:00 GMT" LONGITUDE="1.5" LATITUDE="38.5"/></VESSELS>'
BARENTSWATCH = '[{"mmsi":412000001,"msgtime":"2024-03-01T00:00:00Z","latitude":38.5,"longitude":1.5}]'
_CENTRAL = b"PK\x01\x02"


def packed(kind: str) -> bytes:
    return gzip.compress(TEXT) if kind == "gz" else bytes(pa.compress(TEXT, codec="zstd", asbytes=True))


def zipped(path, members, method=zipfile.ZIP_DEFLATED):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of two members of one name
        for name, data in members:
            archive.writestr(name, data)
    return path


def in_directory(path, at: int, form: str, value: int):
    """Write a number into what the archive's directory says of its first member."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, data.find(_CENTRAL) + at, value)
    path.write_bytes(data)
    return path


@pytest.fixture
def look(run):
    def call(path) -> dict:
        done = run("inspect", "--json", path)
        assert done.code == 0, done.err
        (found,) = json.loads(done.out)
        assert found["rows_read"] == found["rows_kept"] + sum(found["rejected"].values())
        return found

    return call


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("damage", ["cut", "cut at the end", "garbage behind"])
def test_what_came_before_the_damage_is_kept(look, tmp_path, kind, damage):
    data = packed(kind)
    path = tmp_path / f"in.{kind}"
    path.write_bytes({"cut": data[: len(data) // 2], "cut at the end": data[:-3]}.get(damage, data + b"garbage" * 9))
    found = look(path)
    assert found["rejected"].pop("damaged_file") == 1
    assert sum(found["rejected"].values()) <= 1  # the line it breaks off in
    assert found["rows_kept"] > (
        2000 if damage == "cut" or kind == "zst" else 4900
    )  # Zstandard unpacks 128 KiB at once
    assert any(note.startswith("only its first rows could be read: it is damaged") for note in found["notes"])


@pytest.mark.parametrize("text", [AISHUB, BARENTSWATCH], ids=["xml", "json"])
@pytest.mark.parametrize("damage", ["cut", "wrong checksum"])
def test_a_document_that_is_whole_does_not_hide_the_damage_behind_it(look, tmp_path, text, damage):
    """All its text is there, in one piece with damage behind it: a checksum that is missing or wrong."""
    data = gzip.compress(text.encode())
    path = tmp_path / "in.gz"
    path.write_bytes(data[:-6] if damage == "cut" else data[:-8] + bytes(8))
    found = look(path)
    assert (found["rows_kept"], found["rejected"]) == (1, {"damaged_file": 1})
    assert "is damaged or cut short" in found["problems"][0][2]


def test_packed_parquet_with_a_wrong_checksum_is_refused(run, tmp_path):
    table = pa.table({"time": pa.array([1709251200 * 10**6], pa.timestamp("us", "UTC")), "lat_deg": [38.5]})
    pq.write_table(table.append_column("lon_deg", [[1.5]]).append_column("mmsi", [[412000001]]), tmp_path / "a.parquet")
    data = gzip.compress((tmp_path / "a.parquet").read_bytes())
    (tmp_path / "a.gz").write_bytes(data)
    assert run("inspect", tmp_path / "a.gz").code == 0
    (tmp_path / "a.gz").write_bytes(data[:-8] + bytes(8))
    done = run("inspect", tmp_path / "a.gz")
    assert (done.code, "a.gz is damaged or cut short (CRC check failed" in done.err) == (3, True)


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("size", [2, 5, 9])
def test_cut_inside_the_first_bytes(run, tmp_path, kind, size):
    path = tmp_path / f"in.{kind}"
    path.write_bytes(packed(kind)[:size])
    done = run("inspect", path)
    assert done.code == 3
    assert f"error: {path} is " in done.err


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_members_behind_one_another(look, tmp_path, kind):
    path = tmp_path / f"in.{kind}"
    path.write_bytes(packed(kind) * 2)
    found = look(path)
    assert (found["rows_kept"], found["rejected"]) == (10_000, {"repeated_header": 1})
    path.write_bytes(packed(kind) + packed(kind)[:-20])
    assert 7000 < look(path)["rows_kept"] <= 10_000


def test_names_that_climb_write_nothing(run, tmp_path):
    names = ["../../escaped.csv", "/tmp/absolute.csv", "c:\\windows.csv", "a\x1b[31m\nerror: no.csv"]
    (tmp_path / "deep" / "er").mkdir(parents=True)
    path = zipped(tmp_path / "deep" / "er" / "in.zip", [(name, TEXT) for name in names])
    before = {str(p) for p in tmp_path.rglob("*")}
    done = run("inspect", path)
    assert done.code == 0
    assert {str(p) for p in tmp_path.rglob("*")} == before
    done = run("detect", path, "--no-page", "--out", tmp_path / "out")
    assert done.code == 0
    assert {str(p) for p in tmp_path.rglob("*") if tmp_path / "out" not in (p, *p.parents)} == before
    assert "\x1b" not in done.out + done.err
    assert not any(line.startswith("error") for line in done.err.splitlines())


def test_members_of_one_name_are_two(run, tmp_path):
    other = f"{HEAD}\n{rows(7)}".encode()
    path = zipped(tmp_path / "in.zip", [("a.csv", other), ("a.csv", TEXT)])
    done = run("detect", path, "--no-page", "--out", tmp_path / "out")
    assert done.code == 0
    inputs = json.loads((tmp_path / "out" / "run.json").read_text())["inputs"]
    assert [(one["member"], one["rows"]["read"]) for one in inputs] == [("a.csv", 7), ("a.csv#2", 5000)]


def test_members_that_are_empty_or_archives(run, look, tmp_path):
    inner = zipped(tmp_path / "inner.zip", [("a.csv", TEXT)]).read_bytes()
    found = look(zipped(tmp_path / "in.zip", [("empty.csv", b""), ("in.zip", inner), ("b.csv", TEXT)]))
    assert found["rows_kept"] == 5000
    assert any("empty.csv is empty" in note for note in found["notes"])
    assert any("in.zip is packed more than once; unpack it first" in note for note in found["notes"])
    done = run("inspect", zipped(tmp_path / "one.zip", [("a.csv", b"")]))
    assert (done.code, "a.csv is empty" in done.err) == (3, True)
    done = run("inspect", zipped(tmp_path / "none.zip", []))
    assert (done.code, "is an empty archive" in done.err) == (3, True)


def test_encrypted_members(run, tmp_path):
    path = zipped(tmp_path / "in.zip", [("a.csv", TEXT)])
    in_directory(path, 8, "<H", 1)
    done = run("inspect", path)
    assert done.code == 3
    assert "a.csv cannot be unpacked: it is encrypted; unpack it by other means" in done.err


def test_a_zip_cut_short(run, tmp_path):
    path = zipped(tmp_path / "in.zip", [("a.csv", TEXT)])
    path.write_bytes(path.read_bytes()[:5000])
    done = run("inspect", path)
    assert done.code == 3
    assert "is a zip archive that is damaged or cut short; fetch it again" in done.err


def test_a_directory_that_says_too_little(run, look, tmp_path):
    found = look(in_directory(zipped(tmp_path / "a.zip", [("a.csv", TEXT)]), 24, "<I", 100_000))
    assert found["rejected"]["damaged_file"] == 1
    assert 0 < found["rows_kept"] < 5000
    done = run("inspect", in_directory(zipped(tmp_path / "b.zip", [("a.csv", TEXT)]), 20, "<I", 5000))
    assert (done.code, "a.csv is damaged or cut short" in done.err) == (3, True)


def test_a_directory_that_says_too_much(run, look, tmp_path):
    assert look(in_directory(zipped(tmp_path / "a.zip", [("a.csv", TEXT)]), 24, "<I", 1 << 31))["rows_kept"] == 5000
    for at, message in ((20, "members are longer together than it is"), (42, "cannot be unpacked")):
        done = run("inspect", in_directory(zipped(tmp_path / "b.zip", [("a.csv", TEXT)]), at, "<I", 1 << 30))
        assert done.code == 3
        assert message in done.err


def test_a_directory_that_would_fill_the_memory(run, tmp_path):
    path = zipped(tmp_path / "in.zip", [(f"{i:05}{'x' * 60_000}", b"") for i in range(150)])
    done = run("inspect", path)
    assert done.code == 3
    assert "whose list of members takes" in done.err


def test_a_packed_log_cut_short_loses_no_message_before_the_cut(look, tmp_path):
    line = "\\c:1709251200*5D\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n"
    data = gzip.compress((line * 30_000).encode())
    (tmp_path / "in.log.gz").write_bytes(data[: len(data) // 2])
    found = look(tmp_path / "in.log.gz")
    assert found["rejected"]["damaged_file"] == 1
    assert found["rows_kept"] > 10_000
