"""Taiwan, Maritime and Port Bureau: its AIS feed as JSON or GeoJSON, in local time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import pyarrow as pa

from stsdetect.readers.json_items import Shape
from stsdetect.readers.json_layout import JsonLayout, has, mapped_names, steps
from stsdetect.readers.protocol import QuestionError
from stsdetect.readers.rows import Times
from stsdetect.readers.source import Head
from stsdetect.readers.text import Tidy
from stsdetect.readers.times import any_utc
from stsdetect.settings import ReadSettings

#: Taiwan keeps UTC+8 all year [h].
_OFFSET_H = 8.0
_FIELDS = {
    "Record_Time": "time",
    "MMSI": "mmsi",
    "SOG": "sog",
    "COG": "cog",
    "IMO_Number": "imo",
    "ShipName": "name",
    "Call_Sign": "callsign",
    "Ship_and_Cargo_Type": "ship_type",
}
#: Where the place may stand in an item; none of these names is in the facts.
_PLACES = (("Latitude", "Longitude"), ("LATITUDE", "LONGITUDE"), ("Lat", "Lon"), ("LAT", "LON"))
_POINT = ("geometry.coordinates.1", "geometry.coordinates.0")


def _times(offset_h: float) -> Times:
    return partial(any_utc, order=None, utc_offset_h=offset_h, epochs=False)


def _told(offset_h: float) -> Tidy:
    """Return a tidy that only says how times were read."""

    def tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
        remarks[f"times without a zone read as {offset_h:g} h ahead of UTC"] += 0
        return columns

    return tidy


def _settle(layout: JsonLayout, shape: Shape, head: Head, settings: ReadSettings) -> JsonLayout:
    """Find where the place stands, and take the clock that is set."""
    front = layout.required[0].removesuffix("MMSI")
    mapped = mapped_names(settings)
    pairs = [_POINT, *((front + lat, front + lon) for lat, lon in _PLACES)]
    found = [pair for pair in pairs if any(all(has(item, steps(name)) for name in pair) for item in shape.samples)]
    if not found and not {"lat", "lon"} <= set(mapped.values()):
        raise QuestionError(
            f"{head.label} is AIS of Taiwan's Maritime and Port Bureau, but under which names its positions stand is "
            "not known; say it with --map lat=NAME --map lon=NAME"
        )
    place = dict(zip(found[0], ("lat", "lon"), strict=True)) if found else {}
    offset = _OFFSET_H if settings.utc_offset_h is None else settings.utc_offset_h
    names = {**mapped, **place, **layout.names}
    return replace(layout, names=names, times=_times(offset), tidy=_told(offset))


def _layout(name: str, form: str, where: str, front: str) -> JsonLayout:
    return JsonLayout(
        name=name,
        title=f"Taiwan Maritime and Port Bureau AIS, {form}",
        doc=(
            f"{where} with MMSI, ShipName, Ship_and_Cargo_Type, SOG, COG, IMO_Number, Call_Sign, Record_Time; no "
            "heading, length or beam. How the position is named is not in the facts: the geometry of GeoJSON, "
            "Latitude and Longitude, Lat and Lon, or their capitals are taken, else --map lat=... --map lon=... is "
            "asked for. Confidence medium-high, for the position low."
        ),
        time_rule=(
            'Record_Time is Taipei time, "2024/03/01 08:00:05", 8 h ahead of UTC; read.utc_offset_h overrides that.'
        ),
        lost="what has no name in the list.",
        names={front + theirs: ours for theirs, ours in _FIELDS.items()},
        required=(front + "MMSI", front + "Record_Time"),
        times=_times(_OFFSET_H),
        settle=_settle,
    )


TW_MPB = _layout("tw_mpb", "JSON", "Items", "")
TW_MPB_GEOJSON = _layout("tw_mpb_geojson", "GeoJSON", "Features whose properties are items", "properties.")
