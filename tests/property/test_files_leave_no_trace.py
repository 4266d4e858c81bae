"""Rule 2 through the readers: how positions lie in files, rows and archives leaves no trace in the results.

A world is written in a native layout, then taken apart into its units (a line of a table; in NMEA a complete message
with the line that dates it) and put into other files: in any order, some units or files twice, packed or not. The
files ``events.parquet`` and ``pairs.parquet`` stay the same to the byte.
"""

from __future__ import annotations

import gzip
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.simulate import World, write
from stsdetect.tracks import build_tracks
from tests.builders import START, boat, join, positions, us

SAMPLE = Path(__file__).parents[2] / "sample_ais"
TABLES = ("noaa", "noaa2025", "dma")
PACKINGS = ("plain", "gz", "zst", "zip")
FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def worlds(draw: st.DrawFn) -> pa.Table:
    """Reports of vessels that meet or do not, one MMSI on two hulls, and rows that cleaning has to deal with."""
    origin = draw(st.sampled_from([(31.0, 124.0), (12.0, 179.9995)]))
    tables = []
    for k in range(draw(st.integers(2, 3))):
        east, drift = draw(st.integers(-300, 300)), draw(st.sampled_from([0.0, 900.0, 40_000.0]))
        silent = [(2.0, 2.0 + draw(st.integers(1, 5)))] if draw(st.booleans()) else []
        tables.append(
            ship(
                440000001 + k,
                [(0, east + 9000, 0), (1, east, 40 * k), (7, east + drift, 40 * k)],
                every_s=draw(st.sampled_from([120.0, 600.0, 1700.0])),
                offset_s=draw(st.integers(0, 59)),
                origin=origin,
                silent=silent,
                draught_m=draw(st.sampled_from([3.0, 6.5])),
            )
        )
    if draw(st.booleans()):
        far = [(0, 300_000, 0), (7, 300_000, 0)]
        tables.append(ship(440000001, far, every_s=900.0, offset_s=30, origin=origin, imo=8187654, name="OTHER"))
    if draw(st.booleans()):
        tables.append(place_less(440000002, [1.0, 3.0], 91.0, 181.0))
        tables.append(place_less(440000002, [2.001], 5.0, 60.0))
        tables.append(place_less(2190064, [2.0], 31.0, 124.0))
    return join(*tables)


#: What a vessel says of itself, as every layout can hold it.
SAID: dict[str, Any] = {
    "sog_kn": 0.3, "cog_deg": 211.0, "heading_deg": 90.0, "nav_status": 0, "transceiver": "A", "station": "ship",
    "name": "MASTER, \"A\" O'B", "callsign": "BAAA", "ship_type": 80, "length_m": 80.0, "width_m": 12.0,
    "to_bow_m": 60.0, "to_stern_m": 20.0, "to_port_m": 6.0, "to_starboard_m": 6.0, "draught_m": 5.0,
    "destination": "SEA",
}  # fmt: skip


def ship(mmsi: int, waypoints: Sequence[tuple[float, float, float]], **options: Any) -> pa.Table:
    own = {"imo": 9074729 + 12 * (mmsi % 10), "callsign": f"BAA{mmsi % 10}"}
    return boat(mmsi, waypoints, noise_m=4, **{**SAID, **own, **options})


def place_less(mmsi: int, hours: list[float], lat: float, lon: float) -> pa.Table:
    return positions(mmsi, [us(hour) for hour in hours], lat, lon, **SAID)


@dataclass(frozen=True)
class Units:
    """A file in pieces that may lie anywhere: a first line for each file (or none), and the pieces."""

    head: bytes
    pieces: tuple[bytes, ...]
    ending: str

    def file(self, index: Sequence[int], *, crlf: bool = False, whole: bool = True) -> bytes:
        data = self.head + b"".join(self.pieces[k] for k in index)
        data = data if whole else data.rstrip(b"\n")
        return data.replace(b"\n", b"\r\n") if crlf else data


def units_of(table: pa.Table, layout: str) -> Units:
    """Write a table in a layout and take the files apart."""
    world = World(table, (), 0, "test", START, 24.0)
    with TemporaryDirectory() as folder:
        files = [path for path in write(world, folder, [layout]) if path.suffix != ".json"]
        return split([path.read_bytes() for path in files], files[0].suffix)


def split(files: list[bytes], ending: str) -> Units:
    if ending == ".nm4":
        return Units(b"", tuple(message for data in files for message in messages(data)), ending)
    lines = [data.splitlines(keepends=True) for data in files]
    return Units(lines[0][0], tuple(line for rows in lines for line in rows[1:]), ending)


def messages(data: bytes) -> list[bytes]:
    """Complete messages: the sentences of each, one behind the other."""
    found, held = [], b""
    for line in data.splitlines(keepends=True):
        held += line
        count, place = re.search(rb"!AIVDM,(\d),(\d)", line).groups()
        if count == place:
            found.append(held)
            held = b""
    return found


def checked(text: str) -> bytes:
    return f"{reduce(xor, text.encode(), 0):02X}".encode()


def dated(message: bytes, style: str) -> bytes:
    """The same message with its time told in another way than ``c:`` in seconds."""
    second = int(re.search(rb"c:(\d+)", message)[1])
    bare = [line.split(b"\\")[2] for line in message.splitlines()]
    if style == "tag_ms":
        tag = f"s:station,c:{second * 1000}"
        return b"".join(b"\\" + tag.encode() + b"*" + checked(tag) + b"\\" + line + b"\n" for line in bare)
    if style == "tag_first":  # of a group of sentences only the first is dated
        tags = [
            f"g:{k}-{len(bare)}-{second % 1000}" + (f",c:{second}" if k == 1 else "") for k in range(1, len(bare) + 1)
        ]
        both = zip(tags, bare, strict=True)
        return b"".join(b"\\" + tag.encode() + b"*" + checked(tag) + b"\\" + line + b"\n" for tag, line in both)
    if style == "behind":
        return b"".join(line + f",{second}\n".encode() for line in bare)
    if style == "before":
        return b"".join(
            f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ} ".encode() + line + b"\n" for line in bare
        )
    if style == "pghp":
        time = datetime.fromtimestamp(second, UTC)
        body = f"PGHP,1,{time:%Y,%-m,%-d,%-H,%-M,%-S},0,316,,,,1,{bare[-1][-2:].decode()}"
        return b"$" + body.encode() + b"*" + checked(body) + b"\n" + b"".join(line + b"\n" for line in bare)
    return message


STYLES = ("tag", "tag_ms", "tag_first", "behind", "before", "pghp")


def put(folder: Path, name: str, data: bytes | dict[str, bytes], packing: str) -> None:
    """Write one file (or, for zip, one archive with several members)."""
    if packing == "zip":
        members = data if isinstance(data, dict) else {name: data}
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return
    assert isinstance(data, bytes)
    if packing == "zst":
        with pa.CompressedOutputStream(str(folder / name), "zstd") as stream:
            stream.write(data)
        return
    (folder / name).write_bytes(gzip.compress(data) if packing == "gz" else data)


def results(folder: Path) -> tuple[bytes, bytes]:
    """The bytes of ``events.parquet`` and ``pairs.parquet`` of all files in a folder."""
    with TemporaryDirectory() as out:
        sts.detect(folder, out=out, page=False, settings=sts.load_settings(read={"max_reject_share": 1}))
        return (Path(out) / "events.parquet").read_bytes(), (Path(out) / "pairs.parquet").read_bytes()


def meetings(found: tuple[bytes, bytes]) -> int:
    return pq.read_table(pa.BufferReader(found[0])).column("kind").to_pylist().count("encounter")


def once(units: Units) -> tuple[bytes, bytes]:
    """The results of all units in one plain file, in the order in which they were written."""
    with TemporaryDirectory() as folder:
        put(Path(folder), f"all{units.ending}", units.file(range(len(units.pieces))), "plain")
        return results(Path(folder))


def scattered(units: Units, rng: np.random.Generator, parts: int, shuffle: bool) -> tuple[bytes, bytes]:
    """The results of the units in several files: cut anywhere, some twice, packed in every way."""
    n = len(units.pieces)
    index = np.concatenate([np.arange(n), rng.integers(0, n, n // 8)])
    index = rng.permutation(index) if shuffle else np.sort(index)
    edges = np.sort(rng.integers(0, index.size + 1, parts - 1))
    pieces = [part.tolist() for part in np.split(index, edges)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "deeper").mkdir()
        for k, part in enumerate(pieces):
            packing = PACKINGS[int(rng.integers(len(PACKINGS)))]
            data = units.file(part, crlf=bool(rng.integers(2)), whole=bool(rng.integers(2)))
            if not part and not units.head:
                continue
            where = folder / "deeper" if rng.integers(2) else folder
            file = f"{int(rng.integers(1e6)):06d}-{k}{units.ending}"
            again = {f"a/{file}": data, f"b/{file}": units.file(part[: len(part) // 2])} if packing == "zip" else data
            put(where, file, again, packing)
            if rng.integers(4) == 0:
                put(folder, f"again-{file}", data, "plain")
        return results(folder)


@pytest.mark.slow
@pytest.mark.parametrize("layout", TABLES)
@FEW
@given(world=worlds(), seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 6), shuffle=st.booleans())
def test_rows_of_a_table_in_any_files(layout, world, seed, parts, shuffle):
    units = units_of(world, layout)
    assert scattered(units, np.random.default_rng(seed), parts, shuffle) == once(units)


@pytest.mark.slow
@FEW
@given(
    world=worlds(), seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 6), shuffle=st.booleans(),
    styles=st.sets(st.sampled_from(STYLES), min_size=1),
)  # fmt: skip
def test_nmea_messages_in_any_files_dated_in_any_way(world, seed, parts, shuffle, styles):
    units = units_of(world, "nmea")
    rng = np.random.default_rng(seed)
    chosen = sorted(styles)
    pieces = tuple(dated(message, chosen[int(rng.integers(len(chosen)))]) for message in units.pieces)
    assert scattered(Units(b"", pieces, units.ending), rng, parts, shuffle) == once(units)


@pytest.mark.parametrize("style", STYLES)
def test_each_way_to_date_a_message_survives_a_cut_anywhere(style):
    units = units_of(join(ship(440000001, [(0, 0, 0), (3, 0, 0)]), ship(440000002, [(0, 50, 0), (3, 50, 0)])), "nmea")
    other = Units(b"", tuple(dated(message, style) for message in units.pieces), units.ending)
    expected = once(units)
    assert once(other) == expected
    assert meetings(expected) == 1
    assert any(message.count(b"!AIVDM") == 2 for message in other.pieces)
    rng = np.random.default_rng(1)
    assert scattered(other, rng, 12, shuffle=False) == expected


def test_one_time_line_for_several_messages():
    """A wrapper line dates all sentences until the next: a group is cut only before such a line."""
    units = units_of(join(ship(440000001, [(0, 0, 0), (3, 0, 0)]), ship(440000002, [(0, 50, 0), (3, 50, 0)])), "nmea")
    groups: dict[bytes, list[bytes]] = {}
    for message in units.pieces:
        time, _, rest = dated(message, "pghp").partition(b"\n")
        second = re.search(rb"c:(\d+)", message)[1]
        groups.setdefault(second, [time + b"\n"]).append(rest)
    grouped = Units(b"", tuple(b"".join(lines) for lines in groups.values()), units.ending)
    assert len(grouped.pieces) < len(units.pieces)
    expected = once(units)
    assert meetings(expected) == 1
    assert scattered(grouped, np.random.default_rng(2), 7, shuffle=True) == expected


def test_a_time_line_dates_nothing_behind_sentences_that_date_themselves():
    """A log with time lines and one with tag blocks, one behind the other in one file, read as they do apart."""
    table = join(ship(440000001, [(0, 0, 0), (3, 0, 0)]), ship(440000002, [(0, 50, 0), (3, 50, 0)]))
    units = units_of(table, "nmea")
    half = len(units.pieces) // 2
    for style in STYLES:
        styles = ["pghp"] * half + [style] * (len(units.pieces) - half)
        pieces = tuple(dated(*both) for both in zip(units.pieces, styles, strict=True))
        assert once(Units(b"", pieces, units.ending)) == once(units), style
    undated = b"".join(line.split(b"\\")[2] + b"\n" for line in units.pieces[-1].splitlines())
    ends = Units(b"", (dated(units.pieces[0], "pghp"), units.pieces[1], undated), units.ending)
    with TemporaryDirectory() as folder:
        put(Path(folder), "log.nm4", ends.file([0, 1, 2]), "plain")
        assert sts.read(folder).rejects.column("reason").to_pylist() == ["bad_time"]


def take(folder: Path) -> Units:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return split([path.read_bytes() for path in files], files[0].suffix)


@pytest.mark.slow
@pytest.mark.parametrize("layout", [*TABLES, "nmea"])
def test_the_sample_in_any_files(layout):
    units = take(SAMPLE / layout)
    expected = results(SAMPLE / layout)
    assert once(units) == expected
    for seed in (1, 2):
        assert scattered(units, np.random.default_rng(seed), 3 + 4 * seed, shuffle=seed == 2) == expected


@pytest.mark.slow
def test_all_layouts_of_the_sample_together_and_twice(tmp_path):
    for k, path in enumerate(sorted(SAMPLE.glob("*/*"))):
        shutil.copy(path, tmp_path / f"{9 - k}-{path.name}")
        put(tmp_path, f"{k}-{path.name}", path.read_bytes(), PACKINGS[k % 4])
    assert results(tmp_path) == results(SAMPLE)


def parted(table: pa.Table, make: Callable[[Units, Path], None], layout: str) -> tuple[bytes, bytes]:
    with TemporaryDirectory() as name:
        make(units_of(table, layout), Path(name))
        return results(Path(name))


@pytest.mark.parametrize("layout", TABLES)
def test_files_put_behind_each_other_with_their_headers_and_gzip_members(layout):
    table = join(ship(440000001, [(0, 0, 0), (4, 0, 0)]), ship(440000002, [(0, 90, 0), (4, 90, 0)]))
    expected = once(units_of(table, layout))

    def cat(units: Units, folder: Path) -> None:
        half = len(units.pieces) // 2
        ends = [units.file(range(half)), units.file(range(half, len(units.pieces)))]
        (folder / "both.csv").write_bytes(b"".join(ends))

    def members(units: Units, folder: Path) -> None:
        data = units.file(range(len(units.pieces)))
        (folder / "both.csv.gz").write_bytes(gzip.compress(data[:5000]) + gzip.compress(data[5000:]))

    assert meetings(expected) == 1
    assert parted(table, cat, layout) == parted(table, members, layout) == expected


def test_a_meeting_across_a_file_border_and_midnight_is_one():
    night = [(10, 0, 0), (16, 0, 0)]
    table = join(ship(440000001, night), ship(440000002, [(hour, 60, 0) for hour, _, _ in night]))
    with TemporaryDirectory() as folder:
        paths = [
            path for path in write(World(table, (), 0, "test", START, 24.0), folder, ["noaa"]) if path.suffix == ".csv"
        ]
        assert len(paths) == 2
        forth, back = sts.detect(paths), sts.detect(paths[::-1])
    assert forth.events_table.equals(back.events_table)
    assert forth.events_table.column("kind").to_pylist().count("encounter") == 1
    (hours,) = {event["duration_h"] for event in forth.events_table.to_pylist() if event["kind"] == "encounter"}
    assert hours > 5.9


def test_the_check_of_the_clock_counts_no_repeats():
    """Reports a year away are few or not so few by their share of all: repeats of the others must not change it."""
    true = boat(440000001, [(0, 0, 0), (1, 0, 0)], every_s=3600 / 1499)
    stray = positions(440000002, [us(24 * 365), us(24 * 365 + 1)], 31.0, 124.0)
    plain, repeated = build_tracks(join(true, stray)), build_tracks(join(true, true, true, stray, true))
    assert plain.fixes.equals(repeated.fixes)
    assert repeated.quality_counts.pop("repeat") == 3 * true.num_rows
    assert plain.quality_counts == repeated.quality_counts
