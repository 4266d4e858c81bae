"""Piraeus: research set of the University of Piraeus, unipi_ais_dynamic_*.csv (Zenodo 6323416)."""

from __future__ import annotations

from stsdetect.readers.layout import TextLayout, ask_knots
from stsdetect.readers.times import epoch_ms_utc

PIRAEUS = TextLayout(
    name="piraeus",
    title="Piraeus research set, unipi_ais_dynamic CSV",
    doc=(
        "Header t,vessel_id,lon,lat,heading,speed,course (from memory: confidence medium). Longitude stands before "
        "latitude. vessel_id is a hash: there is no MMSI, so no flag and no watch-list entry can be found. Speeds are "
        "knots unless --speed-unit says otherwise."
    ),
    time_rule="t is Unix time in milliseconds, UTC.",
    lost="nothing. Names, types and sizes are not in these files.",
    names={
        "t": "time",
        "vessel_id": "vessel_id",
        "lon": "lon",
        "lat": "lat",
        "heading": "heading",
        "speed": "sog",
        "course": "cog",
    },
    required=("t", "vessel_id", "lon", "lat", "speed", "course"),
    times=epoch_ms_utc,
    settle=ask_knots,
)
