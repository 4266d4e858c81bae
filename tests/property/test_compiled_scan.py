"""Text read through the compiled scanner gives the tables, rejects and remarks that it gives without."""

from __future__ import annotations

import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stsdetect.kernels.choice import compiled, use_compiled, why_no_loops
from stsdetect.readers import ReadResult, blocks, read
from stsdetect.readers.repeated import Sets
from stsdetect.readers.scanned import plan, scan
from stsdetect.settings import ReadSettings
from stsdetect.simulate.forms import DMA_HEADER, NOAA2025_HEADER, NOAA_HEADER

pytestmark = pytest.mark.skipif(why_no_loops() is not None, reason="numba is not installed")

MAPPED_HEADER = "id;utc;note;y;x;speed;who"
MAP = {"mmsi": "id", "time": "utc", "lat": "y", "lon": "x", "sog": "speed", "name": "who"}
HEADERS = {"noaa": NOAA_HEADER, "noaa2025": NOAA2025_HEADER, "dma": DMA_HEADER, "table": MAPPED_HEADER}
TIMES = {
    "iso": ["2024-03-01T00:00:00", "2024-03-01 00:00:59", "2024-02-29T23:59:59.25", "1999-12-31T12:00:00.123456"],
    "day": ["01/03/2024 00:00:00", "29/02/2024 23:59:59", "31/12/1999 12:00:07"],
}
ODD_TIMES = ["2024-03-01", "2023-02-29T00:00:00", "2024-03-01T24:00:00", "2024-03-01T00:60:00", "2024-03-01T00:00:60",
             "2024-03-01T00:00", "2024-03-01T00:00:00Z", "2024-03-01T00:00:00.1234567", "2024-03-01T00:00:00.", "",
             "2024-3-1 0:0:0", "1989-12-31T23:59:59", "2100-01-01T00:00:00", "30/02/2024 00:00:00", "1/3/2024 9:05:00",
             "2024-03-01t00:00:00", " 2024-03-01T00:00:00", "0000-00-00T00:00:00", "1709251200", "01-03-2024 00:00:00",
             "2024-03-01T00:00:0\u0660", "2024-13-01T00:00:00",
             "2024-03-01 00:00:00+00", "2024-03-01T09:00:00+09:00", "x"]  # fmt: skip
NUMBERS = ["0", "0.0", "-0.0", "007", "34.74213", "-117.91483", "102.3", "511", "90", "123456789.12345678", "0.1"]
ODD_NUMBERS = ["1e3", "1e999", "nan", "inf", "+1", "1.", ".5", "-", "--1", "1.2.3", " 1", "1 ", "1,5", "0x10", "",
               "999999999999999999", "9007199254740993", "0.000000000000000000001", "1" * 30, "12345678901.5", "1_000",
               "9007199254740991.5", "123456789.123456789", "None", "\t1"]  # fmt: skip
TEXTS = ["", "A", "B", "Class A", "BASE STATION", "IMO9107370", "9107370", "219000734", "70.0", "15", "5.7", "EAGLE",
         "Under way using engine", "Unknown", "0", "NEW SPIRIT 7"]  # fmt: skip
ODD_TEXTS = ['"A, B"', 'O"BRIEN', '""', "\x00", "Ærø", "x" * 70, "y" * 200, " padded ", "#", "\u00a0", "'",
             "99999999999", "1e5", "-1", "nan", "\x0b", "IMO1234567890123"]  # fmt: skip
MMSI = ["219000734", "367379190", "2190007", "1", "000000001", "999999999"]
ODD_MMSI = ["", "1e9", "-5", "12.5", "219000734.0", "1234567890", "x", "21900073400000000000", "#1", '"1"', "\xb2"]
LINES = [
    b"",
    b"\r",
    b"# a remark",
    b"1,2,3",
    b"\xef\xbb\xbf1,2",
    b"\xff\xfe",
    b'"',
    b"," * 30,
    b"\x00",
    b"\r\r",
    b";;;",
]


def mostly(plain: list[str], odd: list[str]) -> st.SearchStrategy[str]:
    return st.one_of(*[st.sampled_from(plain)] * 12, st.sampled_from(odd))


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes, int]:
    """A layout, a file of it in which vessels repeat themselves and some lines are odd, and a size of blocks."""
    layout = draw(st.sampled_from(sorted(HEADERS)))
    header = HEADERS[layout]
    delimiter = ";" if layout == "table" else ","
    clock = "day" if layout == "dma" else "iso"
    number, word = mostly(NUMBERS, ODD_NUMBERS), mostly(TEXTS, ODD_TEXTS)
    kinds = {"MMSI": mostly(MMSI, ODD_MMSI), "id": mostly(MMSI, ODD_MMSI), "mmsi": mostly(MMSI, ODD_MMSI)}
    kinds |= dict.fromkeys(["BaseDateTime", "base_date_time", "# Timestamp", "utc"], mostly(TIMES[clock], ODD_TIMES))
    kinds |= dict.fromkeys(["LAT", "LON", "latitude", "longitude", "Latitude", "Longitude", "y", "x"], number)
    kinds |= dict.fromkeys(["SOG", "COG", "Heading", "sog", "cog", "heading", "speed", "ROT", "note"], number)
    cells = header.split(delimiter)
    vessels = [[draw(kinds.get(cell, word)) for cell in cells] for _ in range(draw(st.integers(1, 4)))]
    moving = [i for i, cell in enumerate(cells) if cell in kinds and cell.lower() not in ("mmsi", "id")]
    lines = [header.encode()]
    ends = [b"\r\n" if draw(st.booleans()) else b"\n"]
    for _ in range(draw(st.integers(0, 40))):
        if draw(st.integers(0, 25)) == 0:
            lines.append(draw(st.one_of(st.sampled_from([*LINES, header.encode()]), st.binary(max_size=80))))
            continue
        row = list(draw(st.sampled_from(vessels)))
        for i in moving:
            row[i] = draw(kinds[cells[i]])
        encoding = "latin-1" if draw(st.integers(0, 30)) == 0 else "utf-8"
        lines.append(delimiter.join(row).encode(encoding, "replace"))
    end = ends[0]
    return layout, end.join(lines) + (end if draw(st.booleans()) else b""), draw(st.sampled_from([300, 3000, 1 << 24]))


def outcome(path: Path, layout: str, fast: bool) -> ReadResult | str:
    settings = ReadSettings(columns=MAP) if layout == "table" else ReadSettings()
    with use_compiled(fast):
        try:
            return read([path], settings=settings)
        except Exception as problem:  # whatever is raised must be the same both ways
            return repr(problem)


def assert_same(a: pa.Table, b: pa.Table) -> None:
    assert a.schema == b.schema
    for name in a.column_names:
        one, other = a.column(name), b.column(name)
        assert one.to_pylist() == other.to_pylist(), name
        if pa.types.is_floating(one.type):  # equal bits: a list of values does not tell -0.0 from 0.0
            bits = [np.asarray(column.fill_null(0.0)).view(np.int64) for column in (one, other)]
            assert np.array_equal(*bits), name
            assert one.is_null().equals(other.is_null())


@given(files())
@settings(max_examples=100, deadline=None)
@example(("noaa", NOAA_HEADER.encode(), 300))
def test_both_ways_give_the_same(given: tuple[str, bytes, int]) -> None:
    layout, content, block = given
    usual = blocks.BLOCK_BYTES
    blocks.BLOCK_BYTES = block
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "export.csv"
            path.write_bytes(content)
            slow, fast = outcome(path, layout, False), outcome(path, layout, True)
    finally:
        blocks.BLOCK_BYTES = usual
    if isinstance(slow, str) or isinstance(fast, str):
        assert slow == fast
        return
    assert_same(slow.positions, fast.positions)
    assert slow.rejects.to_pylist() == fast.rejects.to_pylist()
    assert slow.files == fast.files


def test_times_with_a_zone_are_left_to_the_general_way(tmp_path: Path) -> None:
    zones = ["", "Z", "+00", "+09", " -05", "+0900", ".25+09", " KST"]
    stamps = [f"2024-03-01 00:{k // 60:02}:{k % 60:02}{zones[k // 100 % 8]}" for k in range(3000)]
    path = tmp_path / "day.csv"
    lines = [f"273123000,130.25,{k / 100},0.3,90,90,{stamp}" for k, stamp in enumerate(stamps)]
    path.write_text("\n".join(["mmsi,longitude,latitude,sog,cog,heading,dt_pos_utc", *lines, ""]))
    slow, fast = outcome(path, "eais_ungp", False), outcome(path, "eais_ungp", True)
    assert isinstance(slow, ReadResult)
    assert isinstance(fast, ReadResult)
    assert slow.files[0].layout == "eais_ungp"
    assert slow.files == fast.files
    assert slow.files[0].rejected == {"bad_time": 300}
    assert_same(slow.positions, fast.positions)


digits = st.text("0123456789", min_size=1, max_size=10)
decimal = st.builds(
    lambda sign, whole, part: sign + whole + ("." + part if part else ""),
    st.sampled_from(["", "-"]), digits, st.one_of(st.just(""), digits),
)  # fmt: skip


def scanned(content: bytes, clock: str = "iso", columns: dict[str, int] | None = None, width: int = 4) -> Any:
    """What the scanner makes of lines (MMSI, time, latitude, longitude)."""
    with use_compiled(True):
        fast = compiled("scan")
        assert fast is not None
        steps = plan(columns or {"mmsi": 0, "time": 1, "lat": 2, "lon": 3}, width, clock)
        assert steps is not None
        data = np.frombuffer(content, np.uint8)
        assert fast.newlines(data) == content.count(b"\n")
        return scan(fast, data, content.count(b"\n"), ",", steps, Sets(steps.runs))


@given(st.lists(st.tuples(decimal, decimal), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_plain_decimals_are_the_nearest_numbers(pairs: list[tuple[str, str]]) -> None:
    got = scanned("".join(f"1,2024-03-01T00:00:00,{a},{b}\n" for a, b in pairs).encode())
    lat, lon = (got.columns[key].to_pylist() for key in ("lat", "lon"))
    for row, line in enumerate(got.line.tolist()):
        expected = tuple(map(float, pairs[line]))
        assert struct.pack("dd", lat[row], lon[row]) == struct.pack("dd", *expected)
    for line in got.odd[:, 0].tolist():  # too many digits for exact arithmetic, and nothing else
        assert any(len(text.strip("-").replace(".", "")) > 15 for text in pairs[line])


FRAGMENTS = [
    b"1,2024-03-01T00:00:00,",
    b"1,01/03/2024 00:00:00,",
    b"1.5,2.5",
    b",",
    b"\n",
    b"\r\n",
    b"-",
    b"9" * 20,
    b".",
]
pieces = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=3)), max_size=60).map(b"".join)


@given(st.one_of(pieces, st.binary(max_size=400)), st.sampled_from(["iso", "day_first"]))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_set_aside(content: bytes, clock: str) -> None:
    content += b"\n"
    got = scanned(content, clock)
    assert got is None or len(got.code) + len(got.odd) == content.count(b"\n")
    if got is not None:
        cuts = [content[begin:end] for _, begin, end in got.odd.tolist()]
        starts = [content[begin : content.index(b"\n", begin) + 1] for begin in got.start.tolist()]
        order = np.argsort([*got.odd[:, 0].tolist(), *got.line.tolist()])
        assert b"".join([[*cuts, *starts][i] for i in order]) == content


def test_full_sets_are_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stsdetect.readers.repeated.MAX_SETS", 50)
    monkeypatch.setattr("stsdetect.readers.scanned.MAX_SETS", 50)
    monkeypatch.setattr("stsdetect.readers.blocks.BLOCK_BYTES", 4000)
    rows = [
        f"{200000000 + i // 3},2024-03-01T00:00:{i % 60:02d},{i / 100},5.0,1.0,2.0,3.0,N{i // 3},,C,70,0,5,6,7,70,A"
        for i in range(900)
    ]
    path = tmp_path / "AIS.csv"
    path.write_text("\n".join([NOAA_HEADER, *rows]) + "\n")
    slow, fast = outcome(path, "noaa", False), outcome(path, "noaa", True)
    assert isinstance(slow, ReadResult)
    assert isinstance(fast, ReadResult)
    assert_same(slow.positions, fast.positions)
    assert fast.positions.num_rows == 900
