"""Simulated positions in delimited text of services that thin, rename or hide vessels, and of MarineTraffic."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.reference.vessels import ship_type_code, ship_type_name
from stsdetect.simulate.forms import (
    DMA_TYPES,
    TextForm,
    fixed,
    iso,
    lines,
    seconds,
    stamp,
    tenths,
    text,
)
from stsdetect.simulate.forms_tables import anonymous_ids

_HOUR_S = 3600


def _simple(table: pa.Table) -> list[pa.Array]:
    c = table.column
    second = pc.utf8_slice_codeunits(stamp(table), 17, 19)
    return [
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), fixed(pc.add(c("mmsi"), 1_000_000_000), 0), fixed(c("lat_deg"), 6),
        fixed(c("lon_deg"), 6), tenths(c("sog_kn")), fixed(c("heading_deg"), 0), fixed(c("cog_deg"), 0),
        fixed(c("nav_status"), 0), iso(table), pa.repeat("TER", table.num_rows), second,
    ]  # fmt: skip


def _marinetraffic(table: pa.Table) -> memoryview:
    return lines(_simple(table))


def _extended(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        *_simple(table), text(c("name")), fixed(c("ship_type"), 0), text(c("callsign")), "", fixed(c("length_m"), 0),
        fixed(c("width_m"), 0), "", "", tenths(c("draught_m")), "",
    ])  # fmt: skip


def _ps01(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("nav_status"), 0), tenths(c("sog_kn")), fixed(c("lon_deg"), 6),
        fixed(c("lat_deg"), 6), fixed(c("cog_deg"), 0), fixed(c("heading_deg"), 0), iso(table),
        fixed(pc.add(c("mmsi"), 1_000_000_000), 0),
    ])  # fmt: skip


def _web(table: pa.Table) -> memoryview:
    c = table.column
    codes = sorted(DMA_TYPES)
    place = pc.index_in(c("ship_type").combine_chunks(), pa.array(codes, pa.int16()))
    types = pa.array([DMA_TYPES[code] for code in codes]).take(place).fill_null("-")
    return lines([
        "-", text(c("name"), "-"), "-", "-", text(c("destination"), "-"), fixed(c("imo"), 0).fill_null("-"), types,
        stamp(table), fixed(c("lat_deg"), 6), fixed(c("lon_deg"), 6), fixed(c("sog_kn"), 1),
        fixed(c("draught_m"), 1).fill_null("-"), fixed(c("mmsi"), 0), fixed(c("cog_deg"), 0),
        fixed(c("heading_deg"), 0), fixed(c("nav_status"), 0).fill_null("-"), text(c("callsign"), "-"),
    ])  # fmt: skip


def _gfw_positions(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        anonymous_ids(table), pc.binary_join_element_wise(stamp(table), "UTC", " "), fixed(c("lat_deg"), 6),
        fixed(c("lon_deg"), 6), fixed(c("sog_kn"), 1),
    ])  # fmt: skip


def craft_id(mmsi: int) -> int:
    """Return the number that stands for an MMSI in an export without any; every other one is negative."""
    number = int.from_bytes(hashlib.sha256(str(mmsi).encode()).digest()[:4], "big") >> 1
    return -number if mmsi % 2 else number


def hourly(table: pa.Table) -> pa.Table:
    """Keep the first report of each MMSI in each hour."""
    hours = np.asarray(seconds(table)) // _HOUR_S
    mmsi = table.column("mmsi").to_numpy()
    _, first = np.unique(np.stack([mmsi, hours]), axis=1, return_index=True)
    return table.take(pa.array(np.sort(first)))


def amsa_cells(table: pa.Table) -> list[pa.Array]:
    """Return the cells of AMSA's columns; zeros stand for what is not known."""
    c = table.column
    coded = c("mmsi").combine_chunks().dictionary_encode()
    ids = pa.array([f"{craft_id(mmsi)}.0" for mmsi in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
    types = c("ship_type").combine_chunks().dictionary_encode()
    words = [_amsa_type(code) for code in types.dictionary.to_pylist()]
    return [
        ids, fixed(c("lon_deg"), 6), fixed(c("lat_deg"), 6), fixed(c("cog_deg"), 1), fixed(c("sog_kn"), 1),
        pa.array(words, pa.string()).take(types.indices), pa.repeat("", table.num_rows), fixed(c("length_m"), 0),
        fixed(c("width_m"), 0), fixed(c("draught_m"), 1).fill_null("0.0"), _clock_of_12(table),
    ]  # fmt: skip


def _amsa_type(code: int) -> str:
    word = ship_type_name(code)
    return word if ship_type_code(word) == code and "," not in word else f"unknown code {code}"


def _clock_of_12(table: pa.Table) -> pa.Array:
    """Return times as ``d/mm/yyyy h:mm:ss AM``."""
    time = stamp(table)

    def part(start: int, stop: int) -> pa.Array:
        return pc.utf8_slice_codeunits(time, start, stop)

    hour = part(11, 13).cast(pa.int64())
    twelve = pc.if_else(pc.equal(pc.subtract(hour, pc.multiply(pc.divide(hour, 12), 12)), 0), 12, hour)
    twelve = pc.if_else(pc.greater(twelve, 12), pc.subtract(twelve, 12), twelve).cast(pa.string())
    day = pc.binary_join_element_wise(part(8, 10).cast(pa.int64()).cast(pa.string()), part(5, 7), part(0, 4), "/")
    half = pc.if_else(pc.less(hour, 12), "AM", "PM")
    return pc.binary_join_element_wise(day, pc.binary_join_element_wise(twelve, part(14, 19), ":"), half, " ")


AMSA_COLUMNS = ("CRAFT_ID", "LON", "LAT", "COURSE", "SPEED", "TYPE", "SUBTYPE", "LENGTH", "BEAM", "DRAUGHT",
                "TIMESTAMP")  # fmt: skip
_SIMPLE_HEADER = "MMSI,IMO,SHIP_ID,LAT,LON,SPEED,HEADING,COURSE,STATUS,TIMESTAMP,DSRC,UTC_SECONDS"

#: The kinds of file of each layout.
SERVICE_FORMS: dict[str, tuple[TextForm, ...]] = {
    "marinetraffic": (TextForm(_SIMPLE_HEADER, "marinetraffic_%Y%m%d.csv", _marinetraffic),),
    "marinetraffic_extended": (
        TextForm(
            f"{_SIMPLE_HEADER},SHIPNAME,SHIPTYPE,CALLSIGN,FLAG,LENGTH,WIDTH,GRT,DWT,DRAUGHT,YEAR_BUILT",
            "marinetraffic_%Y%m%d.csv", _extended,
        ),
    ),
    "marinetraffic_ps01": (
        TextForm("MMSI,STATUS,SPEED,LON,LAT,COURSE,HEADING,TIMESTAMP,SHIP_ID", "ps01_%Y%m%d.csv", _ps01),
    ),
    "marinetraffic_web": (
        TextForm(
            "Flag,Vessel Name,Destination Port,Reported Eta,Reported Destination,Imo,Vessel Type - Generic,"
            "Time Of Latest Position,Latitude,Longitude,Speed,Draught,Mmsi,Course,Heading,Navigational Status,Callsign",
            "marinetraffic_web_%Y%m%d.csv", _web,
        ),
    ),
    "gfw_positions": (TextForm("id,timestamp,lat,lon,speed", "positions_%Y%m%d.csv", _gfw_positions),),
    "amsa_cts": (
        TextForm(
            ",".join(AMSA_COLUMNS), "cts_srr_%m_%Y_pt.csv", lambda table: lines(amsa_cells(table)), hourly, whole=True
        ),
    ),
}  # fmt: skip
