"""Inputs made of seeds: whole cells, lines and sentences are changed, so that most still look like the layout."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache, reduce
from operator import xor
from typing import Any

import pyarrow as pa

from tests.fuzz.tables import altered, parquet

#: Numbers, times and words that are hard on readers.
NASTY: tuple[bytes, ...] = (
    b"", b"0", b"-0.0", b"-1", b"+1", b"1.", b".5", b"1e3", b"1e999", b"-1e999", b"1e-400", b"NaN", b"nan", b"inf",
    b"-inf", b"Infinity", b"0x10", b"1_000", b"1,5", b"00000007", b"9" * 18, b"9" * 30, b"9223372036854775807",
    b"9223372036854775808", b"-9223372036854775808", b"9007199254740993", b"4294967296", b"32768", b"128", b"255",
    b"1.7976931348623157e308", b"5e-324", b"123456789.123456789", b"90", b"90.0000001", b"91", b"-91", b"180", b"-180",
    b"181", b"360", b"511", b"102.3", b"1023", b"1234567890", b"999999999", b"111111111.0", b"-0", b" 7 ", b"7.0",
    b"None", b"null", b"NULL", b"N/A", b"-", b"--", b"True", b"false", b"Unknown", b"Undefined", b"\\N", b"#REF!",
    b"1989-12-31T23:59:59", b"1990-01-01T00:00:00", b"2099-12-31 23:59:59.999999", b"2100-01-01T00:00:00",
    b"0000-00-00 00:00:00", b"0001-01-01T00:00:00", b"9999-12-31T23:59:59", b"2024-02-30T00:00:00",
    b"2024-03-01T24:00:00", b"2024-03-01T00:00:60", b"2024-03-01", b"2024-03-01T00:00", b"2024-03-01T00:00:00Z",
    b"2024-03-01T00:00:00+14:00", b"2024-03-01T00:00:00-9959", b"2024-03-01T00:00:00+99:99",
    b"2024-03-01T00:00:00.123456789", b"2024-03-01T00:00:00 UTC", b"31/12/2023 23:59:59", b"12/31/2023 11:59:59 PM",
    b"1/2/2024 3:04", b"31/31/2023 00:00:00", b"1709251200", b"1709251200000", b"1709251200000000000", b"1e11",
    b"-1709251200", b"99999999999999999999", b"1709251200.", b"IMO9074729", b"IMO", b"IMO 9074729", b"imo12345678901",
    b"Class A", b"Base Station", b"Tanker", b"Moored", b"1024", b"1025", b"\xc3\x98rsted", b"\xd8rsted", b"\xff\xfe",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xef\xbf\xbd", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\x1b[2J", b"\x07", b"\x00",
    b"\x1a", b"\x7f", b"\xc2\x85", b"\xc2\xa0", b"\xe3\x80\x80", b"\xd9\xa3", b"\xf0\x9f\x9a\xa2", b"%s%n", b"{0}",
    b"=1+1", b"<b>", b"../../x", b"'", b'"', b'""', b'"a""b"', b'a"b', b'"a', b'a"', b'"a,b;c"', b"a\\", b"x" * 600,
)  # fmt: skip
_BYTES: tuple[bytes, ...] = (
    b"\n", b"\r\n", b"\r", b"\x00", b'"', b",", b";", b"\t", b"|", b"#", b"\\", b"!", b" ", b"\xff", b"\xef\xbb\xbf",
    b"\n\n", b"\n#\n", b"0", b"-", b"'",
)  # fmt: skip
_SENTENCE = re.compile(rb"!([^*\n!]*)\*([0-9A-Fa-f]{2})")
_ARMOUR = b"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"

Change = Callable[[random.Random, bytearray], bytearray]


def make(rng: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return a new input made of one of the seeds."""
    seed = rng.choice(seeds)
    if seed.startswith(b"PAR1"):
        data = seed if rng.random() < 0.4 else parquet(rng) if b"lat_deg" in seed else altered(rng, seed)
        for _ in range(rng.randrange(4)):
            data = bytes(rng.choice(_ANY)(rng, bytearray(data)))
        return _packed(rng, data)
    if seed.startswith(b"PK"):
        return archive(rng, seed)
    if b"VD" in seed and _SENTENCE.search(seed):
        data = nmea(rng, seed)
    elif seed.lstrip()[:1] in (b"{", b"["):
        data = document(rng, seed)
    else:
        data = delimited(rng, seed)
    if rng.random() < 0.15:
        for _ in range(rng.randrange(1, 4)):
            data = bytes(rng.choice(_ANY)(rng, bytearray(data)))
    if rng.random() < 0.03:
        data = _encoded(rng, data)
    return _packed(rng, data)


def delimited(rng: random.Random, seed: bytes) -> bytes:
    """Change cells, lines and the header of delimited text."""
    lines = seed.split(b"\n")
    if not lines[-1]:
        lines.pop()
    heads = 1 if rng.random() < 0.93 else 0
    # What stands between quotes are the cells of XML.
    delimiter = b'"' if seed[:1] == b"<" else max((b",", b";", b"\t", b"|"), key=seed.count)
    for _ in range(rng.choice((1, 1, 2, 2, 3, 5, 9))):
        pick = rng.random()
        at = rng.randrange(min(heads, len(lines) - 1), len(lines)) if lines else 0
        if pick < 0.6 and lines:
            cells = lines[at].split(delimiter)
            _change_cells(rng, cells)
            lines[at] = delimiter.join(cells)
        elif pick < 0.9 and lines:
            _change_lines(rng, lines, at, heads)
        elif pick < 0.96 and lines:
            column = rng.randrange(1 + lines[0].count(delimiter))
            value = rng.choice(NASTY)
            for i in range(heads, len(lines)):
                cells = lines[i].split(delimiter)
                if column < len(cells):
                    cells[column] = value
                    lines[i] = delimiter.join(cells)
        elif lines:
            cells = lines[0].split(delimiter)
            _change_cells(rng, cells)
            lines[0] = delimiter.join(cells)
    end = b"\n" if rng.random() < 0.85 else rng.choice((b"\r\n", b"\r", b"\n\n", b"\r\r\n"))
    return end.join(lines) + (end if rng.random() < 0.8 else b"")


def _change_cells(rng: random.Random, cells: list[bytes]) -> None:
    i, j = rng.randrange(len(cells)), rng.randrange(len(cells))
    pick = rng.randrange(12)
    if pick < 5:
        cells[i] = rng.choice(NASTY)
    elif pick < 7:
        cells[i], cells[j] = cells[j], cells[i]
    elif pick == 7:
        cells[i] = _digit(rng, cells[i])
    elif pick == 8:
        cells[i] = cells[i] + rng.choice(NASTY)
    elif pick == 9:
        cells[i] = b'"' + cells[i] + b'"'
    elif pick == 10:
        cells.insert(i, rng.choice(NASTY))
    else:
        del cells[i]


def _digit(rng: random.Random, cell: bytes) -> bytes:
    places = [i for i, byte in enumerate(cell) if 48 <= byte < 58]
    if not places:
        return cell
    i = rng.choice(places)
    return cell[:i] + b"%d" % rng.randrange(10) + cell[i + 1 :]


def _change_lines(rng: random.Random, lines: list[bytes], at: int, heads: int) -> None:
    pick = rng.randrange(10)
    line = lines[at]
    if pick < 3:
        for _ in range(rng.choice((1, 1, 2, 5, 30))):
            lines.insert(rng.randrange(heads, len(lines) + 1), line)
    elif pick == 3:
        lines.insert(at, lines[0])
    elif pick == 4:
        lines[at] = line[: rng.randrange(len(line) + 1)]
    elif pick == 5:
        lines[at] = line + rng.choice(lines)
    elif pick == 6:
        lines.insert(at, rng.choice((b"", b" ", b"# remark", b"\r", b"#", b"\xef\xbb\xbf" + lines[0], b"\x00", b'"')))
    elif pick == 7:
        del lines[at]
    elif pick == 8:
        other = rng.choice(lines)
        lines[at] = line[: rng.randrange(len(line) + 1)] + other[rng.randrange(len(other) + 1) :]
    else:
        lines[heads:] = reversed(lines[heads:])


def archive(rng: random.Random, seed: bytes) -> bytes:
    """Change bytes in members of an archive, or in the archive itself."""
    if rng.random() < 0.2:
        return bytes(rng.choice(_ANY)(rng, bytearray(seed)))
    try:
        members = dict(_members(seed))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        members = {}
    if not members:
        return bytes(rng.choice(_ANY)(rng, bytearray(seed)))
    for _ in range(rng.choice((1, 1, 2, 5))):
        name = rng.choice(list(members))
        members[name] = bytes(rng.choice(_ANY)(rng, bytearray(members[name])))
    if rng.random() < 0.1:
        del members[rng.choice(list(members))]
    return _zipped(members, zipfile.ZIP_STORED)


@lru_cache(64)
def _members(seed: bytes) -> tuple[tuple[str, bytes], ...]:
    with zipfile.ZipFile(io.BytesIO(seed)) as file:
        return tuple((name, file.read(name)) for name in file.namelist())


def _zipped(members: dict[str, bytes], how: int) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", how) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, how)
    return sink.getvalue()


def nmea(rng: random.Random, seed: bytes) -> bytes:
    """Change sentences; their checksums are put right on a share."""
    lines = seed.split(b"\n")
    for _ in range(rng.choice((1, 1, 2, 3, 5, 9))):
        at = rng.randrange(len(lines))
        pick = rng.random()
        if pick < 0.55:
            lines[at] = _SENTENCE.sub(lambda found: _sentence(rng, found[1]), lines[at])
        elif pick < 0.7:
            lines[at] = _spoilt(rng, lines[at])
        elif pick < 0.95:
            _change_lines(rng, lines, at, 0)
            lines = lines or [b""]
        else:
            lines[at] = _digit(rng, lines[at])
    return b"\n".join(lines)


def _sentence(rng: random.Random, body: bytes) -> bytes:
    fields = body.split(b",")
    pick = rng.random()
    if pick < 0.5 and len(fields) > 5 and fields[5]:
        payload = bytearray(fields[5])
        for _ in range(rng.choice((1, 1, 3, 10))):
            payload[rng.randrange(len(payload))] = rng.choice(_ARMOUR)
        if rng.random() < 0.2:
            payload[0] = rng.choice(_ARMOUR)
        if rng.random() < 0.2:
            payload = payload[: rng.randrange(len(payload) + 1)]
        elif rng.random() < 0.1:
            payload += bytes(rng.choice(_ARMOUR) for _ in range(rng.choice((1, 4, 28, 60))))
        fields[5] = bytes(payload)
    elif pick < 0.8:
        i = rng.randrange(len(fields))
        fields[i] = b"%d" % rng.randrange(10) if rng.random() < 0.6 else rng.choice(NASTY)
    elif pick < 0.9:
        _change_cells(rng, fields)
    body = b",".join(fields)
    check = reduce(xor, body, 0) if rng.random() < 0.9 else rng.randrange(256)
    return b"!%b*%02X" % (body, check)


def _spoilt(rng: random.Random, line: bytes) -> bytes:
    """Change what stands around a sentence: tag block, wrapper, time."""
    found = re.search(rb"\d+", line)
    spans = [m.span() for m in re.finditer(rb"\d+|[a-z]:[^,*]*", line)]
    if not found or rng.random() < 0.2:
        return rng.choice(NASTY) + rng.choice((b" ", b",", b"\\", b"")) + line
    low, high = rng.choice(spans)
    return line[:low] + rng.choice(NASTY) + line[high:]


def document(rng: random.Random, seed: bytes) -> bytes:
    """Change values, keys and the shape of JSON, one document or one in each line."""
    try:
        items, lined = [json.loads(seed)], False
    except ValueError:
        try:
            items, lined = [json.loads(line) for line in seed.splitlines() if line.strip()], True
        except ValueError:
            return _line_by_line(rng, seed)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        at = rng.randrange(len(items))
        items[at] = _change_node(rng, items[at], 0)
        if lined and rng.random() < 0.2:
            items.insert(at, rng.choice(items))
    indent = 1 if not lined and rng.random() < 0.2 else None
    texts = [json.dumps(item, indent=indent, ensure_ascii=rng.random() < 0.5) for item in items]
    return (b"\n" if rng.random() < 0.9 else b"\r\n").join(text.encode("utf-8", "surrogatepass") for text in texts)


def _line_by_line(rng: random.Random, seed: bytes) -> bytes:
    lines = seed.split(b"\n")
    _change_lines(rng, lines, rng.randrange(len(lines)), 0)
    return b"\n".join(lines)


def _odd_value(rng: random.Random) -> Any:
    pick = rng.randrange(10)
    if pick < 4:
        return rng.choice(NASTY).decode("utf-8", "replace")
    values = (None, True, 0, -1, 91, 181, 511, 1e308, float("nan"), float("inf"), 2**63, 10**30, 1.5, "", [], {}, [[]],
              {"a": {"b": []}}, "\ud800", 1709251200, 1709251200000, "2024-03-01T00:00:00Z", 219000001, "219000001",
              "219000001.0", -0.0, 1e-320)  # fmt: skip
    return rng.choice(values)


def _change_node(rng: random.Random, node: Any, depth: int) -> Any:
    if isinstance(node, dict) and node and rng.random() < 0.97:
        key = rng.choice(list(node))
        pick = rng.randrange(12)
        if pick < 8:
            node = {**node, key: _change_node(rng, node[key], depth + 1)}
        elif pick == 8:
            node = {k: v for k, v in node.items() if k != key}
        elif pick == 9:
            node = {**node, rng.choice(NASTY).decode("utf-8", "replace"): node[key]}
        elif pick == 10:
            node = {(k.swapcase() if k == key else k): v for k, v in node.items()}
        else:
            node = {**node, key: [node[key]]}
        return node
    if isinstance(node, list) and node and rng.random() < 0.95:
        at = rng.randrange(len(node))
        pick = rng.randrange(10)
        if pick < 7:
            return [*node[:at], _change_node(rng, node[at], depth + 1), *node[at + 1 :]]
        if pick == 7:
            return node[:at] + node[at + 1 :]
        if pick == 8:
            return [*node, *[node[at]] * rng.choice((1, 2, 20))]
        return [*node[:at], _odd_value(rng), *node[at:]]
    return _odd_value(rng)


def _flip(rng: random.Random, data: bytearray) -> bytearray:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _any_byte(rng: random.Random, data: bytearray) -> bytearray:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return data


def _insert(rng: random.Random, data: bytearray) -> bytearray:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(_BYTES if rng.random() < 0.7 else NASTY)
    return data


def _remove(rng: random.Random, data: bytearray) -> bytearray:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.choice((1, 1, 2, 8, 64))]
    return data


def _cut(rng: random.Random, data: bytearray) -> bytearray:
    return data[: rng.randrange(len(data) + 1)]


def _double(rng: random.Random, data: bytearray) -> bytearray:
    at, size = rng.randrange(len(data) + 1), rng.choice((1, 4, 40, 400))
    data[at:at] = data[at : at + size]
    return data


def _move(rng: random.Random, data: bytearray) -> bytearray:
    at, size = rng.randrange(len(data) + 1), rng.choice((1, 4, 40, 400))
    part = data[at : at + size]
    del data[at : at + size]
    at = rng.randrange(len(data) + 1)
    data[at:at] = part
    return data


_ANY: tuple[Change, ...] = (_flip, _flip, _any_byte, _insert, _insert, _remove, _cut, _double, _move)


def _encoded(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    pick = rng.randrange(5)
    if pick == 0:
        return b"\xef\xbb\xbf" + data
    if pick == 1:
        return text.encode("utf-16")
    if pick == 2:
        return b"\xfe\xff" + text.encode("utf-16-be")
    if pick == 3:
        return text.encode("latin-1", "replace")
    return text.encode("utf-16")[: rng.randrange(2, 2 * len(text) + 3)]


def _packed(rng: random.Random, data: bytes) -> bytes:
    """Put an input into a container now and then; some are damaged."""
    if rng.random() > 0.02:
        return data
    pick = rng.randrange(3)
    if pick == 0:
        data = gzip.compress(data, 1, mtime=0)
        if rng.random() < 0.3:
            data += gzip.compress(data if rng.random() < 0.5 else b"", 1, mtime=0)
    elif pick == 1:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as out:
            out.write(data)
        data = sink.getvalue().to_pybytes()
    else:
        names = ("a.csv", "../b.csv", "/c", "readme.txt")[: rng.choice((1, 1, 2, 4))]
        members = {name: data if rng.random() < 0.7 else b"hello" for name in names}
        data = _zipped(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    for _ in range(rng.choice((0, 0, 1, 2))):
        data = bytes(rng.choice(_ANY)(rng, bytearray(data)))
    return data
