"""AISHub web service, CSV: in words of people (format=1) or in the raw units of AIS messages (format=0)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from stsdetect.readers.convert import divided
from stsdetect.readers.header import Header
from stsdetect.readers.layout import TextLayout, first_values
from stsdetect.readers.protocol import QuestionError
from stsdetect.readers.source import Head
from stsdetect.readers.times import epoch_s_utc, iso_zoned_utc
from stsdetect.settings import ReadSettings

#: Fields of AISHub in all its forms (CSV, JSON, XML) -> our key. A is to the bow, then stern, port, starboard.
NAMES = {
    "MMSI": "mmsi",
    "TIME": "time",
    "LONGITUDE": "lon",
    "LATITUDE": "lat",
    "COG": "cog",
    "SOG": "sog",
    "HEADING": "heading",
    "NAVSTAT": "nav_status",
    "IMO": "imo",
    "NAME": "name",
    "CALLSIGN": "callsign",
    "TYPE": "ship_type",
    "A": "to_bow",
    "B": "to_stern",
    "C": "to_port",
    "D": "to_starboard",
    "DRAUGHT": "draught",
    "DEST": "destination",
}
#: How many raw units are one degree (they are 1/10000 minute), one knot, one degree of course, one metre.
_RAW_UNITS = {"lat": 600_000, "lon": 600_000, "sog": 10, "cog": 10, "draught": 10}
#: Latitudes go to 90, and 91 stands for none; raw ones are below that only within 17 m of the equator.
_MOST_DEG = 91.0

HUMAN_TIMES = iso_zoned_utc
RAW_TIMES = epoch_s_utc


def is_raw(times: Sequence[str], latitudes: Sequence[str], label: str) -> bool:
    """Say from the first rows whether a file has the raw units (format=0): Unix times and latitudes beyond 90.

    Raises
    ------
    QuestionError
        If times and latitudes say different things.
    """
    numeric = [value for value in map(_number, latitudes) if value is not None]
    raw_time = sum(_number(time) is not None for time in times) * 2 > len(times)
    raw_place = sum(abs(value) > _MOST_DEG for value in numeric) * 2 > len(numeric)
    if times and numeric and raw_time != raw_place:
        raise QuestionError(
            f"{label} looks like AISHub, but TIME such as {times[0][:40]!r} "
            f"{'is' if raw_time else 'is not'} of its raw form (format=0) and LATITUDE such as {latitudes[0][:40]!r} "
            f"{'is' if raw_place else 'is not'}. Fetch it again in one form, or say what the columns are with "
            "--layout table and --map"
        )
    return raw_time


def from_raw(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Turn raw units into degrees, knots and metres; columns by our key, any of them."""
    remarks["raw AIS units (AISHub format=0) turned into degrees, knots and metres"] += 0
    return {key: divided(array, _RAW_UNITS[key]) if key in _RAW_UNITS else array for key, array in columns.items()}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _settle(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    times, latitudes = (first_values(header, head, name) for name in ("TIME", "LATITUDE"))
    if is_raw(times, latitudes, head.label):
        return replace(layout, times=RAW_TIMES, tidy=from_raw)
    return layout


AISHUB = TextLayout(
    name="aishub",
    title="AISHub CSV (both forms)",
    doc=(
        "Header MMSI,TIME,LONGITUDE,LATITUDE,COG,SOG,... Longitude stands before latitude. The raw form (format=0: "
        "1/600000 degree, tenths of a knot, degree and metre; from memory, confidence high) is told from the other by "
        "Unix times and latitudes beyond 90 in its first rows; a file that mixes both is refused. A report can have "
        "been received tens of seconds after its fix."
    ),
    time_rule='TIME is UTC: "2021-03-01 00:00:05 GMT", or Unix time in seconds in the raw form.',
    lost="rate of turn, ETA.",
    names=NAMES,
    required=("MMSI", "TIME", "LONGITUDE", "LATITUDE", "NAVSTAT"),
    times=HUMAN_TIMES,
    settle=_settle,
)
