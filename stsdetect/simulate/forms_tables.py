"""Simulated positions in the layouts of other public exports in delimited text."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.simulate.forms import (
    DMA_HEADER,
    NOAA2025_HEADER,
    NOAA_HEADER,
    TextForm,
    dma,
    fixed,
    iso,
    lines,
    local,
    noaa,
    noaa2025,
    seconds,
    stamp,
    status_words,
    tenths,
    text,
    type_words,
    when,
    with_static_rows,
)

#: What a static report says.
SAID = (
    "imo", "name", "callsign", "ship_type", "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
    "destination",
)  # fmt: skip
_KST_S = 9 * 3600


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
        fixed(c("mmsi"), 0), fixed(seconds(table), 0), fixed(pc.multiply(c("lon_deg"), 600_000.0), 0),
        fixed(pc.multiply(c("lat_deg"), 600_000.0), 0), tenths(c("cog_deg")), tenths(c("sog_kn")),
        fixed(c("heading_deg"), 0), "128", fixed(c("nav_status"), 0), fixed(c("imo"), 0), text(c("name")),
        text(c("callsign")), fixed(c("ship_type"), 0),
        *(fixed(c(name), 0) for name in ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")),
        tenths(c("draught_m")), text(c("destination")), "",
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
        "Vessel_Name": when(static, text(c("name"))), "Call_sign": when(static, text(c("callsign"))),
        "IMO": when(static, fixed(c("imo"), 0)), "Ship_Type": when(static, fixed(c("ship_type"), 0)),
        "Dimension_to_Bow": when(static, fixed(c("to_bow_m"), 0)),
        "Dimension_to_stern": when(static, fixed(c("to_stern_m"), 0)),
        "Dimension_to_port": when(static, fixed(c("to_port_m"), 0)),
        "Dimension_to_starboard": when(static, fixed(c("to_starboard_m"), 0)),
        "Draught": when(static, fixed(c("draught_m"), 1)), "Destination": when(static, text(c("destination"))),
        "Navigational_status": when(moving, fixed(c("nav_status"), 0)), "SOG": when(moving, fixed(c("sog_kn"), 1)),
        "Longitude": when(moving, fixed(c("lon_deg"), 6)), "Latitude": when(moving, fixed(c("lat_deg"), 6)),
        "COG": when(moving, fixed(c("cog_deg"), 1)), "Heading": when(moving, fixed(c("heading_deg"), 0)),
    }  # fmt: skip
    return lines(list(cells.values()))


def _eais(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), text(c("name")), text(c("callsign")), type_words(table),
        fixed(c("ship_type"), 0), "", text(c("transceiver")), fixed(c("length_m"), 0), fixed(c("width_m"), 0), "", "",
        text(c("destination")), "", fixed(c("draught_m"), 1), fixed(c("lon_deg"), 6), fixed(c("lat_deg"), 6),
        fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1), "", fixed(c("heading_deg"), 0), status_words(table),
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
        iso(table, "Z"), fixed(c("mmsi"), 0), kind, when(moving, fixed(c("nav_status"), 0)),
        when(moving, fixed(c("lat_deg"), 6)), when(moving, fixed(c("lon_deg"), 6)), when(moving, fixed(c("sog_kn"), 1)),
        when(moving, fixed(c("cog_deg"), 1)), when(moving, fixed(c("heading_deg"), 0)), "", "", "",
        when(static, fixed(c("imo"), 0)), when(static, text(c("name"))), when(static, text(c("callsign"))),
        when(static, type_words(table)), when(static, fixed(c("ship_type"), 0)), "",
        when(static, fixed(c("length_m"), 0)), when(static, fixed(c("width_m"), 0)),
        when(static, fixed(c("draught_m"), 1)), when(static, text(c("destination"))), "",
        "terrestrial", iso(table, "Z"),
    ])  # fmt: skip


def _brest(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("nav_status"), 0), "-127", fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1),
        fixed(c("heading_deg"), 0), fixed(c("lon_deg"), 7), fixed(c("lat_deg"), 7), fixed(seconds(table), 0),
    ])  # fmt: skip


def _brest_static(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), fixed(c("imo"), 0), text(c("callsign")), text(c("name")), fixed(c("ship_type"), 0),
        fixed(c("to_bow_m"), 0), fixed(c("to_stern_m"), 0), fixed(c("to_starboard_m"), 0), fixed(c("to_port_m"), 0),
        "", fixed(c("draught_m"), 1), text(c("destination")), "", fixed(seconds(table), 0),
    ])  # fmt: skip


def anonymous_id(mmsi: int) -> str:
    """Return the id that stands for an MMSI in an export without any."""
    return hashlib.sha256(str(mmsi).encode()).hexdigest()


def anonymous_ids(table: pa.Table) -> pa.Array:
    """Return the ids that stand for the MMSI of rows."""
    coded = table.column("mmsi").combine_chunks().dictionary_encode()
    return pa.array([anonymous_id(mmsi) for mmsi in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _piraeus(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        pc.binary_join_element_wise(fixed(seconds(table), 0), "000", ""), anonymous_ids(table), fixed(c("lon_deg"), 6),
        fixed(c("lat_deg"), 6), fixed(c("heading_deg"), 1), fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1),
    ])  # fmt: skip


def _korea(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), local(table, _KST_S), fixed(c("lat_deg"), 6), fixed(c("lon_deg"), 6),
        fixed(c("sog_kn"), 1), fixed(c("cog_deg"), 1), fixed(c("heading_deg"), 0),
    ])  # fmt: skip


def _korea_static(table: pa.Table) -> memoryview:
    c = table.column
    return lines([
        fixed(c("mmsi"), 0), text(c("name")), fixed(c("ship_type"), 0), fixed(c("imo"), 0), text(c("callsign")),
        *(fixed(c(name), 0) for name in ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")),
        fixed(c("draught_m"), 1), "",
    ])  # fmt: skip


def first_of_each(table: pa.Table) -> pa.Table:
    """Keep the first row of each MMSI."""
    _, first = np.unique(table.column("mmsi").to_numpy(), return_index=True)
    return table.take(pa.array(np.sort(first)))


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
    "exactearth": (TextForm(EXACTEARTH_HEADER, "exactEarth_%Y%m%d.csv", _exactearth, with_news),),
    "eais_ungp": (TextForm(_EAIS_HEADER, "eais_%Y%m%d.csv", _eais),),
    "spire_historical": (TextForm(_SPIRE_HEADER, "spire_%Y%m%d.csv", _spire, with_news),),
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
        TextForm(
            "MMSI,선박명,선종코드,IMO,호출부호,DimA,DimB,DimC,DimD,흘수,추정톤수", "Static.csv", _korea_static,
            first_of_each, "cp949", whole=True,
        ),
    ),
}  # fmt: skip
