"""Write a world in the native layouts of public AIS exports, with its truth beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stsdetect.errors import InputError, UsageError, did_you_mean
from stsdetect.readers.parquet import WRITING
from stsdetect.simulate.sampling import NO_COG, NO_HEADING, NO_LAT, NO_LON, NO_SOG
from stsdetect.simulate.world import START, Planted, World, simulate

TRUTH_SCHEMA = "stsdetect-truth/1"
#: Version of the simulator: it rises whenever the same preset and seed give other bytes than before.
VERSION = "1"
#: Rows formatted at a time; keeps memory flat for bulk worlds.
BLOCK = 250_000

NOAA_HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo,"
    "TransceiverClass"
)
NOAA2025_HEADER = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type,status,length,width,"
    "draft,cargo,transceiver"
)
DMA_HEADER = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name,"
    "Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,Destination,ETA,Data source type,A,B,C,D"
)

#: Words of the Danish export for navigational status and ship type.
DMA_STATUS = (
    "Under way using engine", "At anchor", "Not under command", "Restricted maneuverability",
    "Constrained by her draught", "Moored", "Aground", "Engaged in fishing", "Under way sailing",
    "Reserved for future amendment [HSC]", "Reserved for future amendment [WIG]",
    "Reserved for future use [11]", "Reserved for future use [12]", "Reserved for future use [13]",
    "AIS-SART (active)", "Unknown value",
)  # fmt: skip
DMA_TYPES = {0: "Undefined", 30: "Fishing", 31: "Towing", 50: "Pilot", 52: "Tug", 53: "Port tender", 60: "Passenger",
             70: "Cargo", 80: "Tanker", 90: "Other"}  # fmt: skip


def fixed(values: Any, decimals: int) -> pa.Array:
    """Return numbers as text with a fixed number of decimals; nulls stay null."""
    column = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else pa.array(values)
    missing = np.asarray(column.is_null())
    numbers = np.asarray(column.cast(pa.float64()).fill_null(0.0))
    scaled = np.rint(numbers * 10**decimals).astype(np.int64)
    if decimals == 0:
        return pa.array(scaled, mask=missing).cast(pa.string())
    words = np.column_stack([scaled, np.where(scaled < 0, -1, 0)]).astype("<i8")  # 128-bit two's complement
    bits = None if not missing.any() else pa.array(~missing).buffers()[1]
    kind = pa.decimal128(18, decimals)
    return pa.Array.from_buffers(kind, len(scaled), [bits, pa.py_buffer(words.tobytes())]).cast(pa.string())


def quoted(text: str) -> str:
    """Return a CSV cell, quoted where it holds a comma, a quote or a line break.

    >>> quoted('A","B')
    '"A"",""B"'
    """
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def _text(column: pa.ChunkedArray, missing: str = "", clean: Callable[[str], str] = quoted) -> pa.Array:
    coded = column.combine_chunks()
    words = pa.array([clean(word) for word in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices).fill_null(missing)


def _without(column: pa.ChunkedArray, sentinel: float) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(column, sentinel), None, column)


def _stamp(table: pa.Table) -> pa.Array:
    """Return times as ``YYYY-MM-DD HH:MM:SS``."""
    seconds = table.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64())
    return seconds.cast(pa.timestamp("s")).combine_chunks().cast(pa.string())


def _lines(cells: list[Any]) -> memoryview:
    """Join cells to CSV lines; the joined array's data buffer is the file's text."""
    rows = pc.binary_join_element_wise(
        *cells[:-1], pc.binary_join_element_wise(cells[-1], "", "\n", null_handling="replace"), ",",
        null_handling="replace",
    )  # fmt: skip
    ends = np.frombuffer(rows.buffers()[1], dtype=np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return memoryview(rows.buffers()[2])[int(ends[0]) : int(ends[-1])] if len(rows) else memoryview(b"")


def _noaa(table: pa.Table) -> memoryview:
    column = table.column
    kind = fixed(column("ship_type"), 1)
    return _lines([
        fixed(column("mmsi"), 0), pc.replace_substring(_stamp(table), " ", "T"),
        fixed(column("lat_deg"), 5), fixed(column("lon_deg"), 5),
        fixed(column("sog_kn"), 1), fixed(column("cog_deg"), 1), fixed(column("heading_deg"), 1),
        _text(column("name")),
        pc.binary_join_element_wise("IMO", fixed(column("imo"), 0), ""),
        _text(column("callsign")), kind, fixed(column("nav_status"), 1),
        fixed(column("length_m"), 1), fixed(column("width_m"), 1), fixed(column("draught_m"), 1), kind,
        _text(column("transceiver")),
    ])  # fmt: skip


def _noaa2025(table: pa.Table) -> memoryview:
    column = table.column
    kind = fixed(column("ship_type"), 0)
    return _lines([
        fixed(column("mmsi"), 0), _stamp(table),
        fixed(_without(column("lon_deg"), NO_LON), 5), fixed(_without(column("lat_deg"), NO_LAT), 5),
        fixed(_without(column("sog_kn"), NO_SOG), 1), fixed(_without(column("cog_deg"), NO_COG), 1),
        fixed(_without(column("heading_deg"), NO_HEADING), 0),
        _text(column("name"), clean=lambda name: quoted(name.replace(",", "").replace("'", ""))),
        pc.binary_join_element_wise("IMO", fixed(column("imo"), 0), ""),
        _text(column("callsign")), kind, fixed(column("nav_status"), 0),
        fixed(column("length_m"), 0), fixed(column("width_m"), 0), fixed(column("draught_m"), 1), kind,
        _text(column("transceiver")),
    ])  # fmt: skip


def _dma(table: pa.Table) -> memoryview:
    column = table.column
    stamp = _stamp(table)

    def part(start: int, stop: int) -> pa.Array:
        return pc.utf8_slice_codeunits(stamp, start, stop)

    day = pc.binary_join_element_wise(part(8, 10), part(5, 7), part(0, 4), "/")
    status = pa.array(DMA_STATUS).take(column("nav_status").combine_chunks().fill_null(15).cast(pa.int32()))
    codes = sorted(DMA_TYPES)
    place = pc.index_in(column("ship_type").combine_chunks(), pa.array(codes, pa.int16()))
    types = pa.array([DMA_TYPES[code] for code in codes]).take(place).fill_null("Undefined")
    fixing = pc.if_else(column("to_bow_m").combine_chunks().is_valid(), "GPS", "Undefined")
    return _lines([
        pc.binary_join_element_wise(day, part(11, 19), " "),
        pc.binary_join_element_wise("Class", _text(column("transceiver")), " "),
        fixed(column("mmsi"), 0), fixed(column("lat_deg"), 6), fixed(column("lon_deg"), 6), status, "",
        fixed(_without(column("sog_kn"), NO_SOG), 1), fixed(_without(column("cog_deg"), NO_COG), 1),
        fixed(_without(column("heading_deg"), NO_HEADING), 0),
        fixed(column("imo"), 0).fill_null("Unknown"), _text(column("callsign"), "Unknown"),
        _text(column("name"), "Unknown"), types, "",
        fixed(column("width_m"), 0), fixed(column("length_m"), 0), fixing, fixed(column("draught_m"), 1),
        _text(column("destination"), "Unknown"), "", "AIS",
        fixed(column("to_bow_m"), 0), fixed(column("to_stern_m"), 0),
        fixed(column("to_starboard_m"), 0), fixed(column("to_port_m"), 0),
    ])  # fmt: skip


def _with_static_rows(table: pa.Table) -> pa.Table:
    """Put a static report before the first row of each MMSI: the Danish export gives it latitude 91, longitude 0."""
    mmsi = np.asarray(table.column("mmsi"))
    _, first = np.unique(mmsi, return_index=True)
    order = np.insert(np.arange(len(mmsi)), np.sort(first), np.sort(first))
    is_static = np.zeros(len(order), dtype=np.bool_)
    is_static[np.sort(first) + np.arange(len(first))] = True
    out = table.take(pa.array(order))
    for name, value in (("lat_deg", NO_LAT), ("lon_deg", 0.0), ("sog_kn", NO_SOG), ("cog_deg", NO_COG),
                        ("heading_deg", NO_HEADING)):  # fmt: skip
        at = out.schema.get_field_index(name)
        out = out.set_column(at, out.schema.field(at), pc.if_else(pa.array(is_static), value, out.column(name)))
    return out


def _daily(world: World, pattern: str) -> Iterator[tuple[str, pa.Table]]:
    days = world.positions.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64())
    numbers = np.asarray(days) // 86_400
    for number in np.unique(numbers):
        day = np.datetime64(int(number), "D").astype(datetime)
        whole = bool((numbers == number).all())
        yield day.strftime(pattern), world.positions if whole else world.positions.filter(pa.array(numbers == number))


_TEXT_LAYOUTS: dict[str, tuple[str, str, Callable[[pa.Table], memoryview]]] = {
    "noaa": (NOAA_HEADER, "AIS_%Y_%m_%d.csv", _noaa),
    "noaa2025": (NOAA2025_HEADER, "ais-%Y-%m-%d.csv", _noaa2025),
    "dma": (DMA_HEADER, "aisdk-%Y-%m-%d.csv", _dma),
}
#: Layouts a world can be written in.
LAYOUTS: tuple[str, ...] = (*_TEXT_LAYOUTS, "nmea", "parquet")


def write(
    world: World, out_dir: str | Path, layouts: Iterable[str] = ("noaa", "noaa2025", "dma", "nmea", "parquet")
) -> list[Path]:
    """Write a world: a folder per layout, and ``truth.json``; the same world gives the same bytes.

    Files appear whole or not at all. Returns the paths written, ``truth.json`` last.

    Raises
    ------
    UsageError
        For an unknown layout or a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write(simulate("sample", seed=1), folder, layouts=["noaa"])][0]
    'AIS_2024_03_01.csv'
    """
    out = Path(out_dir)
    wanted = list(dict.fromkeys(layouts))
    for layout in wanted:
        if layout not in LAYOUTS:
            raise UsageError(
                f"there is no layout '{layout}'; layouts are {', '.join(LAYOUTS)}.{did_you_mean(layout, LAYOUTS)}"
            )
    written = [path for layout in wanted for path in _write_layout(world, out / layout, layout)]
    return [*written, _write_truth(world, out, wanted)]


def write_sample(out_dir: str | Path, *, seed: int = 0, start: datetime = START) -> list[Path]:
    """Write the small example: other vessels in each of four layouts, and one ``truth.json`` for the whole folder."""
    world = simulate("sample", seed=seed, start=start)
    out = Path(out_dir)
    mmsi = world.positions.column("mmsi").to_numpy()
    of_layout: dict[str, list[int]] = {}
    for number, layout in sorted(world.layout_of.items()):
        of_layout.setdefault(layout, []).append(number)
    written = []
    for layout in (name for name in LAYOUTS if name in of_layout):
        part = world.positions.filter(pa.array(np.isin(mmsi, of_layout[layout])))
        share = World(part, (), world.seed, world.preset, world.start, world.span_h, hulls=world.hulls)
        written += _write_layout(share, out / layout, layout)
    return [*written, _write_truth(world, out, list(of_layout))]


def _write_layout(world: World, folder: Path, layout: str) -> list[Path]:
    if layout == "parquet":
        return [_aside(folder / "positions.parquet", lambda path: pq.write_table(world.positions, path, **WRITING))]
    if layout == "nmea":
        from stsdetect.simulate.nmea import sentences

        name = world.start.strftime("ais-%Y-%m-%d.nm4")
        lines = sentences(world.positions)
        return [
            _aside(folder / name, lambda path: path.write_bytes("".join(f"{line}\n" for line in lines).encode("ascii")))
        ]
    header, pattern, form = _TEXT_LAYOUTS[layout]
    paths = []
    for name, day in _daily(world, pattern):
        table = _with_static_rows(day) if layout == "dma" else day

        def fill(path: Path, table: pa.Table = table) -> None:
            with path.open("wb") as file:
                file.write(f"{header}\n".encode())
                for begin in range(0, table.num_rows, BLOCK):
                    file.write(form(table.slice(begin, BLOCK)))

        paths.append(_aside(folder / name, fill))
    return paths


def _aside(path: Path, fill: Callable[[Path], object]) -> Path:
    """Let ``fill`` write beside ``path``, then rename: the file is whole or not there."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(part)
        os.replace(part, path)
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror or problem}; choose another folder") from problem
    finally:
        if part.exists():
            part.unlink()
    return path


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_truth(world: World, out: Path, layouts: list[str]) -> Path:
    of_mmsi = {str(number): layout for number, layout in world.layout_of.items()}
    planted = []
    for one in world.truth:
        row: dict[str, object] = {
            "kind": one.kind, "family": one.family, "vessels": list(one.vessels), "start": _iso(one.start),
            "end": _iso(one.end), "is_transfer": one.is_transfer, "note": one.note,
        }  # fmt: skip
        if world.layout_of:
            row["layout"] = of_mmsi[one.vessels[0]]
        planted.append(row)
    document = {
        "schema": TRUTH_SCHEMA, "preset": world.preset, "seed": world.seed, "version": VERSION,
        "start": _iso(world.start), "rows": world.positions.num_rows, "layouts": layouts, "planted": planted,
    }  # fmt: skip
    text = json.dumps(document, indent=1, ensure_ascii=True) + "\n"
    return _aside(out / "truth.json", lambda path: path.write_text(text, encoding="ascii"))


def read_truth(path: str | Path) -> tuple[Planted, ...]:
    """Read back what was planted from a ``truth.json``.

    Raises
    ------
    InputError
        If the file cannot be read or is no truth file of this version.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InputError(f"{path} cannot be read as JSON: {problem}") from problem
    if not isinstance(document, dict) or document.get("schema") != TRUTH_SCHEMA:
        raise InputError(f"{path} is not a truth file of `stsdetect simulate` (no schema '{TRUTH_SCHEMA}')")
    return tuple(
        Planted(
            row["kind"], row["family"], tuple(row["vessels"]), datetime.fromisoformat(row["start"]),
            datetime.fromisoformat(row["end"]), row["is_transfer"], row["note"],
        )
        for row in document["planted"]
    )  # fmt: skip
