"""NOAA MarineCadastre: daily CSV files of United States waters, 2015-2024 and from 2025."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import numbers, plain
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.times import iso_utc


def _tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Empty negative speeds: in 2015-2017 speeds above half the range wrapped below zero."""
    if "sog" not in columns:
        return columns
    sog = plain(columns["sog"])
    coded = pa.types.is_dictionary(sog.type)
    values = sog.dictionary if coded else sog
    negative = pc.less(numbers(values)[0], 0.0).fill_null(False)
    if not pc.any(negative).as_py():
        return columns
    values = pc.if_else(negative, pa.scalar(None, values.type), values)
    if coded:
        negative = negative.take(sog.indices)
        values = pa.DictionaryArray.from_arrays(sog.indices, values)
    remarks["sog_kn: negative values left empty (speeds that wrapped below zero in early files)"] += (
        pc.sum(negative).as_py() or 0
    )
    return {**columns, "sog": values}


_LOST = "cargo code. Rate of turn and antenna place are not in these files; reports were thinned to one a minute."

NOAA_2015 = TextLayout(
    name="noaa_2015_2024",
    title="NOAA MarineCadastre CSV, 2015-2024 (16 or 17 columns)",
    doc=(
        "Header MMSI,BaseDateTime,LAT,LON,SOG,... with or without TransceiverClass. Vessel types 1001-1025 of "
        "2015-2017 become AIS types."
    ),
    time_rule="BaseDateTime is UTC without a zone.",
    lost=_LOST,
    names={
        "MMSI": "mmsi",
        "BaseDateTime": "time",
        "LAT": "lat",
        "LON": "lon",
        "SOG": "sog",
        "COG": "cog",
        "Heading": "heading",
        "VesselName": "name",
        "IMO": "imo",
        "CallSign": "callsign",
        "VesselType": "ship_type",
        "Status": "nav_status",
        "Length": "length",
        "Width": "width",
        "Draft": "draught",
        "TransceiverClass": "transceiver",
        "TranscieverClass": "transceiver",  # misspelt in some years
    },
    required=("MMSI", "BaseDateTime", "LAT", "LON"),
    times=iso_utc,
    tidy=_tidy,
)

NOAA_2025 = TextLayout(
    name="noaa_2025",
    title="NOAA MarineCadastre CSV, from 2025 (longitude before latitude)",
    doc="Header mmsi,base_date_time,longitude,latitude,... Sentinels were made empty.",
    time_rule="base_date_time is UTC without a zone.",
    lost=_LOST,
    names={
        "mmsi": "mmsi",
        "base_date_time": "time",
        "longitude": "lon",
        "latitude": "lat",
        "sog": "sog",
        "cog": "cog",
        "heading": "heading",
        "vessel_name": "name",
        "imo": "imo",
        "call_sign": "callsign",
        "vessel_type": "ship_type",
        "status": "nav_status",
        "length": "length",
        "width": "width",
        "draft": "draught",
        "transceiver": "transceiver",
        "transceiver_class": "transceiver",
    },
    required=("mmsi", "base_date_time", "longitude", "latitude"),
    times=iso_utc,
    tidy=_tidy,
)
