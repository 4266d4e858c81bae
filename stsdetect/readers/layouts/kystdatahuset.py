"""Norwegian Coastal Administration: historical positions from Kystdatahuset, with or without IMO and length."""

from __future__ import annotations

from stsdetect.readers.layout import TextLayout
from stsdetect.readers.times import iso_utc

KYSTDATAHUSET = TextLayout(
    name="kystdatahuset",
    title="Kystdatahuset CSV (Norwegian Coastal Administration)",
    doc=(
        "Header mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr, or the older one "
        "without imo_nr and length. Longitude stands before latitude."
    ),
    time_rule="date_time_utc is UTC without a zone.",
    lost="nothing. Names, types and antenna places are not in these files.",
    names={
        "mmsi": "mmsi",
        "imo_nr": "imo",
        "length": "length",
        "date_time_utc": "time",
        "lon": "lon",
        "lat": "lat",
        "sog": "sog",
        "cog": "cog",
        "true_heading": "heading",
        "nav_status": "nav_status",
        "message_nr": "message_type",
    },
    required=("mmsi", "date_time_utc", "lon", "lat"),
    times=iso_utc,
)
