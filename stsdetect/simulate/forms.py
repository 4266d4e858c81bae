"""How simulated positions are written as delimited text: cells as Arrow arrays, joined to lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.reference.vessels import SHIP_TYPES
from stsdetect.simulate.sampling import NO_COG, NO_HEADING, NO_LAT, NO_LON, NO_SOG

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


#: Rows formatted at a time; keeps memory flat for bulk worlds.
BLOCK = 250_000


class Form(Protocol):
    """One kind of file of a layout.

    ``pattern`` is the name by `strftime`, of each day or, where ``whole``, of the day the world begins.
    """

    @property
    def pattern(self) -> str:
        """The name of a file by `strftime`."""

    @property
    def whole(self) -> bool:
        """Whether one file holds all days."""

    def fill(self, table: pa.Table, path: Path) -> None:
        """Write positions to a file."""


@dataclass(frozen=True)
class TextForm:
    """Delimited text: a header (and titles above it), and lines of a table's rows.

    What ``encoding`` cannot hold becomes a question mark.
    """

    header: str
    pattern: str
    form: Callable[[pa.Table], memoryview]
    prepare: Callable[[pa.Table], pa.Table] = lambda table: table
    encoding: str = "utf-8"
    whole: bool = False

    def fill(self, table: pa.Table, path: Path) -> None:
        """Write positions to a file."""
        table = self.prepare(table)
        with path.open("wb") as file:
            file.write(f"{self.header}\n".encode(self.encoding))
            for begin in range(0, table.num_rows, BLOCK):
                data = self.form(table.slice(begin, BLOCK))
                file.write(data if self.encoding == "utf-8" else bytes(data).decode().encode(self.encoding, "replace"))


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


def text(column: pa.ChunkedArray, missing: str = "", clean: Callable[[str], str] = quoted) -> pa.Array:
    """Return a text column as cells."""
    coded = column.combine_chunks()
    words = pa.array([clean(word) for word in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices).fill_null(missing)


def without(column: pa.ChunkedArray, sentinel: float) -> pa.ChunkedArray:
    """Empty what stands for "not available"."""
    return pc.if_else(pc.equal(column, sentinel), None, column)


def stamp(table: pa.Table) -> pa.Array:
    """Return times as ``YYYY-MM-DD HH:MM:SS``."""
    seconds = table.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64())
    return seconds.cast(pa.timestamp("s")).combine_chunks().cast(pa.string())


def seconds(table: pa.Table) -> pa.Array:
    """Return times as Unix seconds."""
    return table.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64()).combine_chunks()


def local(table: pa.Table, offset_s: int) -> pa.Array:
    """Return times as ``YYYY-MM-DD HH:MM:SS`` of a clock so many seconds ahead of UTC."""
    return pc.add(seconds(table), offset_s).cast(pa.timestamp("s")).cast(pa.string())


def tenths(column: pa.ChunkedArray) -> pa.Array:
    """Return numbers as whole tenths."""
    return fixed(pc.multiply(column, 10.0), 0)


def iso(table: pa.Table, end: str = "") -> pa.Array:
    """Return times as ``YYYY-MM-DDTHH:MM:SS`` with an end such as ``Z``."""
    return pc.binary_join_element_wise(pc.replace_substring(stamp(table), " ", "T"), end, "")


def when(mask: pa.Array, cells: pa.Array) -> pa.Array:
    """Empty cells where a mask is false."""
    return pc.if_else(mask, cells, pa.scalar("", pa.string()))


def status_words(table: pa.Table) -> pa.Array:
    """Return navigational statuses in the words of the Danish export."""
    return pa.array(DMA_STATUS).take(table.column("nav_status").combine_chunks().fill_null(15).cast(pa.int32()))


def type_words(table: pa.Table) -> pa.Array:
    """Return ship types in words, each type its own."""
    codes = table.column("ship_type").combine_chunks().fill_null(0)
    words = pa.array([str(SHIP_TYPES.get(code, "Unknown")) for code in range(256)])
    return words.take(codes.cast(pa.int32()))


def lines(cells: list[Any], delimiter: str = ",") -> memoryview:
    """Join cells to CSV lines; the joined array's data buffer is the file's text."""
    rows = pc.binary_join_element_wise(
        *cells[:-1], pc.binary_join_element_wise(cells[-1], "", "\n", null_handling="replace"), delimiter,
        null_handling="replace",
    )  # fmt: skip
    ends = np.frombuffer(rows.buffers()[1], dtype=np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return memoryview(rows.buffers()[2])[int(ends[0]) : int(ends[-1])] if len(rows) else memoryview(b"")


def noaa(table: pa.Table) -> memoryview:
    """Return lines of NOAA's layout of 2015-2024."""
    column = table.column
    kind = fixed(column("ship_type"), 1)
    return lines([
        fixed(column("mmsi"), 0), pc.replace_substring(stamp(table), " ", "T"),
        fixed(column("lat_deg"), 5), fixed(column("lon_deg"), 5),
        fixed(column("sog_kn"), 1), fixed(column("cog_deg"), 1), fixed(column("heading_deg"), 1),
        text(column("name")),
        pc.binary_join_element_wise("IMO", fixed(column("imo"), 0), ""),
        text(column("callsign")), kind, fixed(column("nav_status"), 1),
        fixed(column("length_m"), 1), fixed(column("width_m"), 1), fixed(column("draught_m"), 1), kind,
        text(column("transceiver")),
    ])  # fmt: skip


def noaa2025(table: pa.Table) -> memoryview:
    """Return lines of NOAA's layout from 2025."""
    column = table.column
    kind = fixed(column("ship_type"), 0)
    return lines([
        fixed(column("mmsi"), 0), stamp(table),
        fixed(without(column("lon_deg"), NO_LON), 5), fixed(without(column("lat_deg"), NO_LAT), 5),
        fixed(without(column("sog_kn"), NO_SOG), 1), fixed(without(column("cog_deg"), NO_COG), 1),
        fixed(without(column("heading_deg"), NO_HEADING), 0),
        text(column("name"), clean=lambda name: quoted(name.replace(",", "").replace("'", ""))),
        pc.binary_join_element_wise("IMO", fixed(column("imo"), 0), ""),
        text(column("callsign")), kind, fixed(column("nav_status"), 0),
        fixed(column("length_m"), 0), fixed(column("width_m"), 0), fixed(column("draught_m"), 1), kind,
        text(column("transceiver")),
    ])  # fmt: skip


def dma(table: pa.Table) -> memoryview:
    """Return lines of the Danish layout."""
    column = table.column
    time = stamp(table)

    def part(start: int, stop: int) -> pa.Array:
        return pc.utf8_slice_codeunits(time, start, stop)

    day = pc.binary_join_element_wise(part(8, 10), part(5, 7), part(0, 4), "/")
    status = pa.array(DMA_STATUS).take(column("nav_status").combine_chunks().fill_null(15).cast(pa.int32()))
    codes = sorted(DMA_TYPES)
    place = pc.index_in(column("ship_type").combine_chunks(), pa.array(codes, pa.int16()))
    types = pa.array([DMA_TYPES[code] for code in codes]).take(place).fill_null("Undefined")
    fixing = pc.if_else(column("to_bow_m").combine_chunks().is_valid(), "GPS", "Undefined")
    return lines([
        pc.binary_join_element_wise(day, part(11, 19), " "),
        pc.binary_join_element_wise("Class", text(column("transceiver")), " "),
        fixed(column("mmsi"), 0), fixed(column("lat_deg"), 6), fixed(column("lon_deg"), 6), status, "",
        fixed(without(column("sog_kn"), NO_SOG), 1), fixed(without(column("cog_deg"), NO_COG), 1),
        fixed(without(column("heading_deg"), NO_HEADING), 0),
        fixed(column("imo"), 0).fill_null("Unknown"), text(column("callsign"), "Unknown"),
        text(column("name"), "Unknown"), types, "",
        fixed(column("width_m"), 0), fixed(column("length_m"), 0), fixing, fixed(column("draught_m"), 1),
        text(column("destination"), "Unknown"), "", "AIS",
        fixed(column("to_bow_m"), 0), fixed(column("to_stern_m"), 0),
        fixed(column("to_starboard_m"), 0), fixed(column("to_port_m"), 0),
    ])  # fmt: skip


def with_static_rows(table: pa.Table) -> pa.Table:
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
