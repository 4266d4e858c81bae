"""Danish Maritime Authority: daily CSV files of Danish waters, 22 or 26 columns."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from stsdetect.readers.convert import mapped_words, plain
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.times import day_first_utc

_MOBILES = {
    "class a": "ship",
    "class b": "ship",
    "base station": "base",
    "aton": "aid",
    "sar airborne": "sar_aircraft",
    "search and rescue transponder": "sart",
    "man overboard device": "sart",
}


def _tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Split ``Type of mobile`` into what sends (station) and with which transceiver."""
    if "station" not in columns:
        return columns
    mobile = plain(columns["station"])
    return {**columns, "transceiver": mobile, "station": mapped_words(mobile, _MOBILES)}


DMA = TextLayout(
    name="dma",
    title="Danish Maritime Authority CSV (22 or 26 columns)",
    doc=(
        "Header # Timestamp,Type of mobile,MMSI,Latitude,Longitude,... 'Unknown' and 'Undefined' become empty; static "
        "reports stand at 91, 0. C is starboard and D port here: they are swapped into ITU order."
    ),
    time_rule="Timestamp is UTC, day first: 31/12/2021 23:59:59.",
    lost="rate of turn, cargo type, ETA, position device, data source.",
    names={
        "# Timestamp": "time",
        "#Timestamp": "time",
        "Timestamp": "time",
        "Type of mobile": "station",
        "MMSI": "mmsi",
        "Latitude": "lat",
        "Longitude": "lon",
        "Navigational status": "nav_status",
        "SOG": "sog",
        "COG": "cog",
        "Heading": "heading",
        "IMO": "imo",
        "Callsign": "callsign",
        "Name": "name",
        "Ship type": "ship_type",
        "Width": "width",
        "Length": "length",
        "Draught": "draught",
        "Destination": "destination",
        "A": "to_bow",
        "B": "to_stern",
        "C": "to_starboard",
        "D": "to_port",
    },
    required=("Type of mobile", "MMSI", "Latitude", "Longitude"),
    times=day_first_utc,
    tidy=_tidy,
    missing=frozenset({"Unknown", "Undefined", "unknown", "undefined"}),
)
