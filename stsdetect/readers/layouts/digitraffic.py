"""Digitraffic (Fintraffic, Finland): the answers of the marine AIS interface, locations and vessels.

The layout is not among the gathered facts: the names are those of the interface's published answers, the units of
draught and time as its documentation gives them (from memory, confidence medium).
"""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from stsdetect.readers.convert import scaled
from stsdetect.readers.json_layout import JsonLayout, with_size
from stsdetect.readers.times import epoch_ms_utc

DIGITRAFFIC = JsonLayout(
    name="digitraffic",
    title="Digitraffic AIS locations, GeoJSON (Fintraffic)",
    doc=(
        "A FeatureCollection whose features have geometry.coordinates (longitude before latitude) and properties with "
        "sog, cog, navStat, heading and timestampExternal. Names and units: documentation of the interface, from "
        "memory, confidence medium. Names and types of vessels stand in another file (digitraffic_vessels)."
    ),
    time_rule=(
        "properties.timestampExternal is Unix time in milliseconds; properties.timestamp is only the second of the "
        "minute and is not used."
    ),
    lost="rate of turn, position accuracy, RAIM.",
    names={
        "properties.timestampExternal": "time",
        "geometry.coordinates.1": "lat",
        "geometry.coordinates.0": "lon",
        "properties.mmsi": "mmsi",
        "mmsi": "mmsi",
        "properties.sog": "sog",
        "properties.cog": "cog",
        "properties.heading": "heading",
        "properties.navStat": "nav_status",
    },
    required=("properties.timestampExternal", "geometry.coordinates.1"),
    times=epoch_ms_utc,
)


def _metres(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Turn draught from decimetres into metres."""
    if "draught" in columns:
        columns = {**columns, "draught": scaled(columns["draught"], 0.1)}
    return with_size(columns, remarks)


DIGITRAFFIC_VESSELS = JsonLayout(
    name="digitraffic_vessels",
    title="Digitraffic AIS vessels, JSON (Fintraffic)",
    doc=(
        "Items with mmsi, name, callSign, imo, shipType, draught (decimetres), destination, referencePointA to D "
        "(bow, stern, port, starboard) and timestamp; no positions. Names and units: documentation of the interface, "
        "from memory, confidence medium."
    ),
    time_rule="timestamp is Unix time in milliseconds.",
    lost="ETA, kind of position device.",
    names={
        "timestamp": "time",
        "mmsi": "mmsi",
        "imo": "imo",
        "name": "name",
        "callSign": "callsign",
        "shipType": "ship_type",
        "draught": "draught",
        "destination": "destination",
        "referencePointA": "to_bow",
        "referencePointB": "to_stern",
        "referencePointC": "to_port",
        "referencePointD": "to_starboard",
    },
    required=("mmsi", "timestamp", "callSign", "referencePointA"),
    times=epoch_ms_utc,
    tidy=_metres,
)
