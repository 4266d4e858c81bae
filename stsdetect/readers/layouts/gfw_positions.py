"""Global Fishing Watch: tables of positions as its encounter pipeline takes them."""

from __future__ import annotations

from stsdetect.readers.header import Header
from stsdetect.readers.layout import TextLayout, ask_knots, first_values
from stsdetect.readers.protocol import QuestionError
from stsdetect.readers.source import Head
from stsdetect.readers.times import iso_zoned_utc
from stsdetect.settings import ReadSettings

#: So many first rows, each with an id of its own, are rows that were numbered, or a moment of many vessels.
_MANY = 50


def _settle(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    ids = first_values(header, head, "id")
    if settings.layout is None and len(ids) >= _MANY and len(set(ids)) == len(ids):
        raise QuestionError(
            f"{head.label} looks like Global Fishing Watch positions, but no id comes twice in its first {len(ids)} "
            "rows: does id number the rows, or the vessels? Give --layout gfw_positions where it is the vessel; else "
            "say which column is with --layout table and --map vessel_id=COLUMN"
        )
    return ask_knots(layout, header, head, settings)


GFW_POSITIONS = TextLayout(
    name="gfw_positions",
    title="Global Fishing Watch pipeline positions CSV",
    doc=(
        "Header id,timestamp,lat,lon,speed and nothing else, in any order. id is the vessel; a file in which every "
        "row has an id of its own is asked about. Speeds are knots unless --speed-unit says otherwise."
    ),
    time_rule="timestamp is UTC, with the zone (Z, +00:00, UTC) or without.",
    lost="nothing. MMSI, names and courses are not in these files.",
    names={"id": "vessel_id", "timestamp": "time", "lat": "lat", "lon": "lon", "speed": "sog"},
    required=("id", "timestamp", "lat", "lon", "speed"),
    exact=True,
    times=iso_zoned_utc,
    settle=_settle,
)
