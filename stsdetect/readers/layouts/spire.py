"""Spire Maritime: historical messages as CSV, positions and static reports on rows of their own."""

from __future__ import annotations

from dataclasses import replace

from stsdetect.readers.header import Header
from stsdetect.readers.layout import REPORTS, TextLayout
from stsdetect.readers.source import Head
from stsdetect.readers.times import iso_zoned_utc
from stsdetect.settings import ReadSettings


def _settle(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    """Read the ship type in words where the file has not its AIS number."""
    if "ship_and_cargo_type" in header.cells:
        return layout
    return replace(layout, names=layout.names | {"ship_type": "ship_type"})


SPIRE_HISTORICAL = TextLayout(
    name="spire_historical",
    title="Spire historical messages CSV",
    doc=(
        "Columns timestamp, mmsi, msg_type, latitude, longitude and others, in any order (partly from memory: "
        "confidence medium to low). Rows of msg_type 5 and 24 are static reports, which have no place; types that "
        "report neither a place nor a vessel are rejected as message_type_N."
    ),
    time_rule="timestamp is ISO 8601 with Z, the time of the message; created_at is not read.",
    lost="rate of turn, accuracy, manoeuvre, flag, ETA, collection_type. Antenna places are not in these files.",
    names={
        "timestamp": "time",
        "mmsi": "mmsi",
        "msg_type": "message_type",
        "status": "nav_status",
        "latitude": "lat",
        "longitude": "lon",
        "speed": "sog",
        "course": "cog",
        "heading": "heading",
        "imo": "imo",
        "name": "name",
        "call_sign": "callsign",
        "ship_and_cargo_type": "ship_type",
        "length": "length",
        "width": "width",
        "draught": "draught",
        "destination": "destination",
    },
    required=("timestamp", "mmsi", "msg_type", "latitude", "longitude"),
    times=iso_zoned_utc,
    messages=REPORTS,
    settle=_settle,
)
