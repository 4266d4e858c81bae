"""More input made to fill memory: archives, JSON, XML, and rows that are none; each in a process of its own."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib

import pyarrow.parquet as pq
import pytest

from tests.cli.peak import command
from tests.cli.test_hostile_archives import in_directory
from tests.cli.test_hostile_input import HEAD, rows
from tests.cli.test_hostile_size import GB, START, bomb, look, positions, refused, sparse

PIECE = 1 << 24
LINE = {"mmsi": 412000001, "msgtime": "2024-03-01T00:00:00+00:00", "latitude": 38.5, "longitude": 1.5, "name": "SHIP"}
VESSEL = '<vessel MMSI="412000001" TIME="2024-03-01 00:00:00 GMT" LONGITUDE="1.5" LATITUDE="38.5" NAME="SHIP"/>'
#: More items than are looked at to recognise a layout.
MANY = 3000


def zip_bomb(path, begin: bytes, piece: bytes, times: int):
    """A member of one piece again and again, packed once, beside a good one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bomb.csv", first + middle * times + packer.flush())
        archive.writestr("good.csv", f"{HEAD}\n{rows(10)}")
    in_directory(path, 10, "<H", zipfile.ZIP_DEFLATED)
    return in_directory(path, 24, "<I", len(begin) + len(piece) * times)


@pytest.mark.parametrize(
    ("piece", "size"),
    [(b"\0" * PIECE, 3 * GB), (b"x" * PIECE, 3 * GB), ((b"x" * 255 + b"\n") * (PIECE >> 8), GB // 4)],
    ids=["zeros", "one line", "rows"],
)
def test_a_zip_bomb(tmp_path, piece, size):
    found = look(zip_bomb(tmp_path / "a.zip", START, piece, size // PIECE))
    assert found["rows_kept"] == 110
    assert found["rejected"]["damaged_file"] == 1
    assert any("longer than" in note or "more than 200 times its size" in note for note in found["notes"])


def test_a_zip_bomb_that_is_no_table(tmp_path):
    found = look(zip_bomb(tmp_path / "a.zip", b"", b"x" * PIECE, 3 * GB // PIECE))
    assert found["rows_kept"] == 10
    assert any("a.zip!bomb.csv begins with a line of more than 262,144 bytes" in note for note in found["notes"])


@pytest.mark.slow
def test_a_zip_of_very_many_members(tmp_path):
    """Its directory is as long as is taken in; what is said of so many stays short."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.csv", START)
    count, data = 100_000, path.read_bytes()
    central = data.index(b"PK\x01\x02")
    entry, end = data[central : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, 10, 0) + b"000000.txt"
    empty = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 10, 0, 0, 0, 0, 0, central)
    directory = b"".join([empty + b"%06d.txt" % number for number in range(count)]) + entry
    ends = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count + 1, count + 1, len(directory), 0)
    start = central + len(local)
    ends = ends[:-8] + struct.pack("<Q", start)
    ends += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
    end = end[:8] + struct.pack("<2H2L", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + end[20:]
    path.write_bytes(data[:central] + local + directory + ends + end)
    assert len(zipfile.ZipFile(path).namelist()) == count + 1
    found = look(path)
    assert found["rows_kept"] == 100
    assert found["rejected"] == {"damaged_file": 99_999}
    assert "99,979 more remarks on files in it" in found["notes"]
    assert len(found["notes"]) < 50


@pytest.mark.parametrize(
    "piece", [b"\n" * PIECE, b"\r\n" * (PIECE // 2), (b"x" * 255 + b"\n") * (PIECE >> 8)],
    ids=["blank lines", "blank lines of two bytes", "rows"],
)  # fmt: skip
def test_a_gzip_bomb_of_lines(tmp_path, piece):
    found = look(bomb(tmp_path / "a.gz", START, piece, 5))
    assert found["rows_kept"] == 100
    assert found["rejected"]["damaged_file"] == 1
    assert any("more than 200 times its size" in note for note in found["notes"])


@pytest.mark.slow
@pytest.mark.parametrize("row", [b"x\n", b"412000001,2024-03-01,,\n"])
def test_very_many_rejected_rows(tmp_path, row):
    """They are counted to the last; only the first of them are kept to be looked at."""
    found = look(bomb(tmp_path / "a.gz", START, row * 50_000, 30))
    assert found["rejected"] == {"wrong_column_count": 1_500_000}
    assert any(note.startswith("rejected rows that are counted, but not kept") for note in found["notes"])


@pytest.mark.slow
def test_json_that_does_not_end(tmp_path):
    """Behind good items: a text, and a line, of two gigabytes; a number; an array of small values."""
    items = json.dumps([LINE] * MANY)[:-1].encode()
    found = look(sparse(tmp_path / "a.json", items + b',{"mmsi":1,"name":"', 2 * GB))
    assert (found["rows_kept"], found["rejected"]) == (MANY, {"damaged_file": 1})
    assert any("a value larger than 1048576 characters" in note for note in found["notes"])
    lines = f"{json.dumps(LINE)}\n".encode() * MANY
    found = look(sparse(tmp_path / "b.json", lines + b'{"mmsi":1,"name":"', 2 * GB))
    assert (found["rows_kept"], found["rejected"]) == (MANY, {"damaged_file": 1})
    assert any("has a line longer than 16777216 bytes" in note for note in found["notes"])
    (tmp_path / "c.json").write_bytes(items + b"," + b"9" * 5_000_000)
    assert look(tmp_path / "c.json")["rejected"] == {"damaged_file": 1}
    (tmp_path / "d.json").write_bytes(items + b"," + b"1," * 300_000 + b"1]")
    assert look(tmp_path / "d.json")["rejected"] == {"bad_json": 300_001}


@pytest.mark.parametrize("deep", [b"[", b'{"a":'])
def test_json_nested_without_end(tmp_path, deep):
    items = json.dumps([LINE] * MANY)[:-1].encode()
    (tmp_path / "a.json").write_bytes(items + b"," + deep * 2_000_000)
    found = look(tmp_path / "a.json")
    assert (found["rows_kept"], found["rejected"]) == (MANY, {"damaged_file": 1})
    assert any("nested too deep" in note for note in found["notes"])
    (tmp_path / "b.json").write_bytes(deep * 2_000_000)
    assert "b.json begins like JSON, but has no items" in refused(tmp_path / "b.json")


def test_a_packed_json_bomb(tmp_path):
    items = json.dumps([LINE] * MANY)[:-1].encode()
    found = look(bomb(tmp_path / "a.gz", items + b"," + b" " * 100, b" " * PIECE, 5))
    assert (found["rows_kept"], found["rejected"]) == (MANY, {"damaged_file": 1})
    assert any("more than 200 times its size" in note for note in found["notes"])


@pytest.mark.slow
def test_xml_that_grows_or_does_not_end(tmp_path):
    laughs = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha" * 10}">' for i in range(10))
    entities = f"<?xml version='1.0'?><!DOCTYPE VESSELS [{laughs}]><VESSELS>{VESSEL.replace('SHIP', '&e9;')}</VESSELS>"
    (tmp_path / "a.xml").write_text(entities)
    assert "it declares entities, which are not read" in refused(tmp_path / "a.xml")
    begin = f"<?xml version='1.0'?><VESSELS>{VESSEL * MANY}".encode()
    for end in (b'<vessel NAME="', b"<!--", b"<a>" * 200):
        found = look(bomb(tmp_path / "b.gz", begin + end, b"x" * PIECE, 5))
        assert (found["rows_kept"], found["rejected"]) == (MANY, {"damaged_file": 1})
        assert any("a tag longer than 1048576 bytes" in n or "nested more than 100" in n for n in found["notes"])


@pytest.mark.parametrize("said", [400_000, 200_000])
def test_a_parquet_footer_that_lies_about_its_rows(tmp_path, said):
    path, count = tmp_path / "a.parquet", 300_000
    pq.write_table(positions(count), path, compression="zstd")
    data = path.read_bytes()
    footer = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    old, new = varint(count), varint(said)
    place = data.index(old, footer)
    assert len(old) == len(new)
    path.write_bytes(data[:place] + new + data[place + len(new) :])
    found = look(path)
    assert (found["rows_kept"], found["rejected"]) == (count, {"damaged_file": 1})


def varint(number: int) -> bytes:
    """A whole number as Thrift's compact protocol writes it."""
    rest, out = number * 2, b""
    while rest > 127:
        out += bytes([rest & 127 | 128])
        rest >>= 7
    return out + bytes([rest])


@pytest.mark.slow
def test_a_large_archive(tmp_path):
    """Two million rows in three members: as much as 150 MB of text."""
    text = rows(50_000).encode()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("a.csv", "b.csv", "c.csv"):
            with archive.open(name, "w") as member:
                member.write(f"{HEAD}\n".encode())
                for _ in range(14):
                    member.write(text)
    done = command("inspect", "--json", tmp_path / "a.zip", folder=tmp_path)
    assert done.code == 0
    assert sum(one["rows_kept"] for one in json.loads(done.out)) == 3 * 14 * 50_000
