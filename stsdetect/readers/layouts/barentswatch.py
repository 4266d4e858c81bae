"""BarentsWatch: live AIS of Norwegian waters as JSON, an array or a stream of lines."""

from __future__ import annotations

from stsdetect.readers.json_layout import JsonLayout
from stsdetect.readers.times import zoned_utc

BARENTSWATCH = JsonLayout(
    name="barentswatch",
    title="BarentsWatch live AIS JSON (Norwegian Coastal Administration)",
    doc=(
        "Items with courseOverGround, latitude, longitude, name, rateOfTurn, shipType, speedOverGround, trueHeading, "
        "navigationalStatus, mmsi and msgtime, in an array or one on each line. shipType and navigationalStatus are "
        "AIS codes. Of its combined items (from memory, confidence medium) IMO number, call sign, destination, length "
        "and width are read as well."
    ),
    time_rule="msgtime is ISO 8601 with an offset; a time without one is rejected.",
    lost="rate of turn; of combined items draught, whose unit is not known for sure, ETA and antenna places.",
    names={
        "msgtime": "time",
        "latitude": "lat",
        "longitude": "lon",
        "mmsi": "mmsi",
        "speedOverGround": "sog",
        "courseOverGround": "cog",
        "trueHeading": "heading",
        "navigationalStatus": "nav_status",
        "shipType": "ship_type",
        "name": "name",
        "imoNumber": "imo",
        "callSign": "callsign",
        "destination": "destination",
        "shipLength": "length",
        "shipWidth": "width",
    },
    required=("mmsi", "msgtime", "latitude", "longitude"),
    times=zoned_utc,
)
