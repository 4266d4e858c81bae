"""UN Global Platform AIS (eAIS, from exactEarth and Spire): CSV and Parquet."""

from __future__ import annotations

from stsdetect.readers.layout import TextLayout
from stsdetect.readers.parquet_layout import ParquetLayout
from stsdetect.readers.times import iso_zoned_utc

_DOC = (
    "Columns mmsi, longitude, latitude, dt_pos_utc and others; 28 to 30 and more of them, in any order. Longitude "
    "stands before latitude. The numeric columns of ship type and status are read, not their texts."
)
_TIME_RULE = "dt_pos_utc is UTC, with the zone or without; ts_pos_utc, which comes in several forms, is not read."
_LOST = "rate of turn, ETA, flag, source, time of the static report, vessel types in words, eeid, H3 cells."
_NAMES = {
    "mmsi": "mmsi",
    "dt_pos_utc": "time",
    "longitude": "lon",
    "latitude": "lat",
    "sog": "sog",
    "cog": "cog",
    "heading": "heading",
    "nav_status_code": "nav_status",
    "message_type": "message_type",
    "vessel_class": "transceiver",
    "imo": "imo",
    "vessel_name": "name",
    "callsign": "callsign",
    "vessel_type_code": "ship_type",
    "length": "length",
    "width": "width",
    "destination": "destination",
    "draught": "draught",
}
_REQUIRED = ("mmsi", "longitude", "latitude", "dt_pos_utc")

UNGP = TextLayout(
    name="eais_ungp",
    title="UN Global Platform AIS (eAIS) CSV",
    doc=_DOC,
    time_rule=_TIME_RULE,
    lost=_LOST,
    names=_NAMES,
    required=_REQUIRED,
    times=iso_zoned_utc,
)

UNGP_PARQUET = ParquetLayout(
    name="eais_ungp_parquet",
    title="UN Global Platform AIS (eAIS) Parquet",
    doc=_DOC,
    time_rule=_TIME_RULE,
    lost=_LOST,
    names=_NAMES,
    required=_REQUIRED,
)
