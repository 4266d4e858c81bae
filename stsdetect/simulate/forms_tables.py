"""Simulated positions in the layouts of other public exports in delimited text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.reference.vessels import SHIP_TYPES
from stsdetect.simulate.forms import (
    DMA_HEADER,
    DMA_STATUS,
    NOAA2025_HEADER,
    NOAA_HEADER,
    dma,
    fixed,
    lines,
    noaa,
    noaa2025,
    stamp,
    text,
    with_static_rows,
)

#: What a static report says.
SAID = (
    "imo", "name", "callsign", "ship_type", "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
    "destination",
)  # fmt: skip
_KST_S = 9 * 3600


@dataclass(frozen=True)
class TextForm:
    """One kind of file of a layout: its header (and titles above it), daily name, and lines of a table's rows."""

    header: str
    pattern: str
    form: Callable[[pa.Table], memoryview]
    prepare: Callable[[pa.Table], pa.Table] = lambda table: table
    encoding: str = "utf-8"


def news(table: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say of each row whether what it says of its vessel differs from the row of that MMSI before it."""
    size = table.num_rows
    code = np.zeros(size, np.int64)
    for name in SAID:
        column = table.column(name).combine_chunks()
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        index = np.asarray(coded.indices.fill_null(-1)).astype(np.int64) + 1
        _, code = np.unique(code * (index.max(initial=0) + 1) + index, return_inverse=True)
    mmsi = np.asarray(table.column("mmsi"))
    order = np.argsort(mmsi, kind="stable")
    new = np.ones(size, bool)
    new[order[1:]] = (np.diff(mmsi[order]) != 0) | (np.diff(code[order]) != 0)
    return new


def only_news(table: pa.Table) -> pa.Table:
    """Keep the rows that say something new of their vessel."""
    return table.filter(pa.array(news(table)))


def with_news(table: pa.Table) -> pa.Table:
    """Put a row before each that says something new of its vessel; the column ``is_static`` tells the two apart."""
    new = news(table)
    order = np.repeat(np.arange(table.num_rows), 1 + new)
    static = np.zeros(len(order), bool)
    static[np.flatnonzero(new) + np.arange(new.sum())] = True
    return table.take(pa.array(order)).append_column("is_static", pa.array(static))


def _seconds(table: pa.Table) -> pa.Array:
    return table.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64()).combine_chunks()


def _local(table: pa.Table, offset_s: int) -> pa.Array:
    return pc.add(_seconds(table), offset_s).cast(pa.timestamp("s")).cast(pa.string())


def _tenths(column: pa.ChunkedArray) -> pa.Array:
    return fixed(pc.multiply(column, 10.0), 0)


def _iso(table: pa.Table, end: str = "") -> pa.Array:
    return pc.binary_join_element_wise(pc.replace_substring(stamp(table), " ", "T"), end, "")


def _if(mask: pa.Array, cells: pa.Array) -> pa.Array:
    """Empty cells where a mask is false."""
    return pc.if_else(mask, cells, pa.scalar("", pa.string()))


def _status_words(table: pa.Table) -> pa.Array:
    return pa.array(DMA_STATUS).take(table.column("nav_status").combine_chunks().fill_null(15).cast(pa.int32()))


def _type_words(table: pa.Table) -> pa.Array:
    codes = table.column("ship_type").combine_chunks().fill_null(0)
    words = pa.array([str(SHIP_TYPES.get(code, "Unknown")) for code in range(256)])
    return words.take(codes.cast(pa.int32()))


def _kystdatahuset(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), fixed(c("length_m"), 0), stamp(table), fixed(c("lon_deg"), 6),
        fixed(c("lat_deg"), 6), fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1), fixed(c("heading_deg"), 0),
        fixed(c("nav_status"), 0), fixed(c("message_type"), 0),
    ], ";")  # fmt: skip


def _aishub(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), pc.binary_join_element_wise(stamp(table), "GMT", " "), fixed(c("lon_deg"), 6),
        fixed(c("lat_deg"), 6), fixed(c("cog_deg"), 1), fixed(c("sog_kn"), 1), fixed(c("heading_deg"), 0), "128",
        fixed(c("nav_status"), 0), fixed(c("imo"), 0), text(c("name")), text(c("callsign")), fixed(c("ship_type"), 0),
        *(fixed(c(name), 0) for name in ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")),
        fixed(c("draught_m"), 1), text(c("destination")), "",
    ])  # fmt: skip


def _aishub_raw(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(_seconds(table), 0), fixed(pc.multiply(c("lon_deg"), 600_000.0), 0),
        fixed(pc.multiply(c("lat_deg"), 600_000.0), 0), _tenths(c("cog_deg")), _tenths(c("sog_kn")),
        fixed(c("heading_deg"), 0), "128", fixed(c("nav_status"), 0), fixed(c("imo"), 0), text(c("name")),
        text(c("callsign")), fixed(c("ship_type"), 0),
        *(fixed(c(name), 0) for name in ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")),
        _tenths(c("draught_m")), text(c("destination")), "",
    ])  # fmt: skip


def _marinetraffic(table: pa.Table) -> memoryview:
    c = table.column
    second = pc.utf8_slice_codeunits(stamp(table), 17, 19)
    return lines([
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), fixed(pc.add(c("mmsi"), 1_000_000_000), 0), fixed(c("lat_deg"), 6),
        fixed(c("lon_deg"), 6), _tenths(c("sog_kn")), fixed(c("heading_deg"), 0), fixed(c("cog_deg"), 0),
        fixed(c("nav_status"), 0), _iso(table), "TER", second,
    ])  # fmt: skip


def _exactearth(table: pa.Table) -> memoryview:
    c = table.column
    static = c("is_static").combine_chunks()
    moving = pc.invert(static)
    small = pc.equal(c("transceiver").combine_chunks().cast(pa.string()), "B")
    kind = pc.if_else(static, pc.if_else(small, "24", "5"), pc.if_else(small, "18", "1"))
    time = pc.replace_substring(pc.replace_substring_regex(stamp(table), r"[-:]", ""), " ", "_")
    cells = dict.fromkeys(EXACTEARTH_HEADER.split(","), "") | {
        "MMSI": fixed(c("mmsi"), 0), "Message_ID": kind, "Repeat_indicator": "0", "Time": time, "Millisecond": "0",
        "Vessel_Name": _if(static, text(c("name"))), "Call_sign": _if(static, text(c("callsign"))),
        "IMO": _if(static, fixed(c("imo"), 0)), "Ship_Type": _if(static, fixed(c("ship_type"), 0)),
        "Dimension_to_Bow": _if(static, fixed(c("to_bow_m"), 0)),
        "Dimension_to_stern": _if(static, fixed(c("to_stern_m"), 0)),
        "Dimension_to_port": _if(static, fixed(c("to_port_m"), 0)),
        "Dimension_to_starboard": _if(static, fixed(c("to_starboard_m"), 0)),
        "Draught": _if(static, fixed(c("draught_m"), 1)), "Destination": _if(static, text(c("destination"))),
        "Navigational_status": _if(moving, fixed(c("nav_status"), 0)), "SOG": _if(moving, fixed(c("sog_kn"), 1)),
        "Longitude": _if(moving, fixed(c("lon_deg"), 6)), "Latitude": _if(moving, fixed(c("lat_deg"), 6)),
        "COG": _if(moving, fixed(c("cog_deg"), 1)), "Heading": _if(moving, fixed(c("heading_deg"), 0)),
    }  # fmt: skip
    return lines(list(cells.values()))


def _eais(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), text(c("name")), text(c("callsign")), _type_words(table),
        fixed(c("ship_type"), 0), "", text(c("transceiver")), fixed(c("length_m"), 0), fixed(c("width_m"), 0), "", "",
        text(c("destination")), "", fixed(c("draught_m"), 1), fixed(c("lon_deg"), 6), fixed(c("lat_deg"), 6),
        fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1), "", fixed(c("heading_deg"), 0), _status_words(table),
        fixed(c("nav_status"), 0), "S-AIS", pc.replace_substring_regex(stamp(table), r"[-: ]", ""), "", stamp(table),
        "", "", "",
    ])  # fmt: skip


def _spire(table: pa.Table) -> memoryview:
    c = table.column
    static = c("is_static").combine_chunks()
    moving = pc.invert(static)
    small = pc.equal(c("transceiver").combine_chunks().cast(pa.string()), "B")
    kind = pc.if_else(static, pc.if_else(small, "24", "5"), pc.if_else(small, "18", "1"))
    return lines([
        _iso(table, "Z"), fixed(c("mmsi"), 0), kind, _if(moving, fixed(c("nav_status"), 0)),
        _if(moving, fixed(c("lat_deg"), 6)), _if(moving, fixed(c("lon_deg"), 6)), _if(moving, fixed(c("sog_kn"), 1)),
        _if(moving, fixed(c("cog_deg"), 1)), _if(moving, fixed(c("heading_deg"), 0)), "", "", "",
        _if(static, fixed(c("imo"), 0)), _if(static, text(c("name"))), _if(static, text(c("callsign"))),
        _if(static, _type_words(table)), _if(static, fixed(c("ship_type"), 0)), "",
        _if(static, fixed(c("length_m"), 0)), _if(static, fixed(c("width_m"), 0)),
        _if(static, fixed(c("draught_m"), 1)), _if(static, text(c("destination"))), "", "terrestrial", _iso(table, "Z"),
    ])  # fmt: skip


def _brest(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("nav_status"), 0), "-127", fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1),
        fixed(c("heading_deg"), 0), fixed(c("lon_deg"), 7), fixed(c("lat_deg"), 7), fixed(_seconds(table), 0),
    ])  # fmt: skip


def _brest_static(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), text(c("callsign")), text(c("name")), fixed(c("ship_type"), 0),
        fixed(c("to_bow_m"), 0), fixed(c("to_stern_m"), 0), fixed(c("to_starboard_m"), 0), fixed(c("to_port_m"), 0),
        "", fixed(c("draught_m"), 1), text(c("destination")), "", fixed(_seconds(table), 0),
    ])  # fmt: skip


def piraeus_id(mmsi: int) -> str:
    """Return the id that stands for an MMSI in an export without any."""
    return hashlib.sha256(str(mmsi).encode()).hexdigest()


def _piraeus(table: pa.Table) -> memoryview:
    c = table.column
    coded = c("mmsi").combine_chunks().dictionary_encode()
    ids = pa.array([piraeus_id(mmsi) for mmsi in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
    return lines([
        pc.binary_join_element_wise(fixed(_seconds(table), 0), "000", ""), ids, fixed(c("lon_deg"), 6),
        fixed(c("lat_deg"), 6), fixed(c("heading_deg"), 1), fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1),
    ])  # fmt: skip


def _korea(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), _local(table, _KST_S), fixed(c("lat_deg"), 6), fixed(c("lon_deg"), 6),
        fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1), fixed(c("heading_deg"), 0),
    ])  # fmt: skip


AISHUB_HEADER = (
    "MMSI,TIME,LONGITUDE,LATITUDE,COG,SOG,HEADING,ROT,NAVSTAT,IMO,NAME,CALLSIGN,TYPE,A,B,C,D,DRAUGHT,DEST,ETA"
)
EXACTEARTH_HEADER = (
    "MMSI,Message_ID,Repeat_indicator,Time,Millisecond,Region,Country,Base_station,Online_data,Group_code,Sequence_ID,"
    "Channel,Data_length,Vessel_Name,Call_sign,IMO,Ship_Type,Dimension_to_Bow,Dimension_to_stern,Dimension_to_port,"
    "Dimension_to_starboard,Draught,Destination,AIS_version,Navigational_status,ROT,SOG,Accuracy,Longitude,Latitude,COG,"
    "Heading,Regional,Maneuver,RAIM_flag,Communication_flag,Communication_state"
)
_EAIS_HEADER = (
    "mmsi,imo,vessel_name,callsign,vessel_type,vessel_type_code,vessel_type_cargo,vessel_class,length,width,"
    "flag_country,flag_code,destination,eta,draught,longitude,latitude,sog,cog,rot,heading,nav_status,nav_status_code,"
    "source,ts_pos_utc,ts_static_utc,dt_pos_utc,dt_static_utc,vessel_type_main,vessel_type_sub"
)
_SPIRE_HEADER = (
    "timestamp,mmsi,msg_type,status,latitude,longitude,speed,course,heading,rot,accuracy,maneuver,imo,name,call_sign,"
    "ship_type,ship_and_cargo_type,flag,length,width,draught,destination,eta,collection_type,created_at"
)
_KOREAN_TITLES = "선박AIS 동적정보\n출처: 해양수산부\n"

#: The kinds of file of each layout of delimited text.
TEXT_FORMS: dict[str, tuple[TextForm, ...]] = {
    "noaa": (TextForm(NOAA_HEADER, "AIS_%Y_%m_%d.csv", noaa),),
    "noaa2025": (TextForm(NOAA2025_HEADER, "ais-%Y-%m-%d.csv", noaa2025),),
    "dma": (TextForm(DMA_HEADER, "aisdk-%Y-%m-%d.csv", dma, with_static_rows),),
    "kystdatahuset": (
        TextForm(
            "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr",
            "kystdatahuset_%Y%m%d.csv", _kystdatahuset,
        ),
    ),
    "aishub": (TextForm(AISHUB_HEADER, "aishub_%Y%m%d.csv", _aishub),),
    "aishub_raw": (TextForm(AISHUB_HEADER, "aishub_%Y%m%d.csv", _aishub_raw),),
    "marinetraffic": (
        TextForm(
            "MMSI,IMO,SHIP_ID,LAT,LON,SPEED,HEADING,COURSE,STATUS,TIMESTAMP,DSRC,UTC_SECONDS",
            "marinetraffic_%Y%m%d.csv", _marinetraffic,
        ),
    ),
    "exactearth": (TextForm(EXACTEARTH_HEADER, "exactEarth_%Y%m%d.csv", _exactearth, with_news),),
    "eais": (TextForm(_EAIS_HEADER, "eais_%Y%m%d.csv", _eais),),
    "spire": (TextForm(_SPIRE_HEADER, "spire_%Y%m%d.csv", _spire, with_news),),
    "brest": (
        TextForm(
            "sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,trueheading,lon,lat,t",
            "nari_dynamic_%Y%m%d.csv", _brest,
        ),
        TextForm(
            "sourcemmsi,imonumber,callsign,shipname,shiptype,tobow,tostern,tostarboard,toport,eta,draught,destination,"
            "mothershipmmsi,t",
            "nari_static_%Y%m%d.csv", _brest_static, only_news,
        ),
    ),
    "piraeus": (
        TextForm("t,vessel_id,lon,lat,heading,speed,course", "unipi_ais_dynamic_%Y%m%d.csv", _piraeus),
    ),
    "kr_mof": (
        TextForm(
            _KOREAN_TITLES + "MMSI,일시,위도,경도,SOG,COG,Heading", "Dynamic_%Y%m%d.csv", _korea, encoding="cp949"
        ),
    ),
}  # fmt: skip
