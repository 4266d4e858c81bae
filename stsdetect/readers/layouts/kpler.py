"""Kpler (formerly Spire): decoded AIS messages as JSON."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from stsdetect.readers.json_items import Shape
from stsdetect.readers.json_layout import JsonLayout, Refused, has, mapped_names, names_in, steps, with_size
from stsdetect.readers.protocol import QuestionError
from stsdetect.readers.source import Head
from stsdetect.readers.times import any_utc, zoned_utc
from stsdetect.settings import ReadSettings

#: Names the time of a message is known to have had in Spire's exports; the facts about Kpler's give none.
_TIMES = ("timestamp", "msg_timestamp", "ts")
#: What is of a moment: a static report has none of it, whatever stands beside it.
_MOVING = ("latitude", "longitude", "speed", "course", "heading", "status", "nav_status")


def _unfold(item: dict[str, Any]) -> dict[str, Any] | Refused:
    kind = item.get("msg_description")
    if type(kind) is str and kind.strip().casefold().startswith("static"):
        return {key: value for key, value in item.items() if key not in _MOVING}
    return item


def _settle(layout: JsonLayout, shape: Shape, head: Head, settings: ReadSettings) -> JsonLayout:
    """Find the column of the time: the one that is mapped, or the only one with a known name."""
    mapped = mapped_names(settings)
    found = [name for name in _TIMES if any(has(item, steps(name)) for item in shape.samples)]
    if "time" in mapped.values():
        found = []
    elif len(found) != 1:
        seen = names_in(shape.samples)
        raise QuestionError(
            f"{head.label} is decoded AIS from Kpler, but which of its names is the time of the message is "
            f"{'open: ' + ' or '.join(found) if found else 'not known'}; say it with --map time=NAME. Its names: "
            f"{', '.join(seen)[:400]}"
        )
    offset = settings.utc_offset_h
    times = zoned_utc if offset is None else partial(any_utc, order=None, utc_offset_h=offset)
    return replace(layout, names={**mapped, **dict.fromkeys(found, "time"), **layout.names}, times=times)


KPLER = JsonLayout(
    name="kpler",
    title="Kpler (Spire) decoded AIS messages, JSON",
    doc=(
        "Items with mmsi, msg_description, latitude, longitude, name, ship_and_cargo_type, destination, dimensions; "
        "rows whose msg_description is 'static' are static reports, and a position beside them is not used. Further "
        "names (speed, course, heading, status, imo, call_sign, draught, length, width) are those of Spire's other "
        "exports. Confidence medium."
    ),
    time_rule=(
        "The name of the time is not in the facts: timestamp, msg_timestamp or ts is taken where there is just one, "
        "else --map time=NAME is asked for. ISO 8601 with a zone; without one only where read.utc_offset_h is set."
    ),
    lost="rate of turn, accuracy, manoeuvre, ETA, how it was received.",
    names={
        "latitude": "lat",
        "longitude": "lon",
        "mmsi": "mmsi",
        "speed": "sog",
        "course": "cog",
        "heading": "heading",
        "status": "nav_status",
        "nav_status": "nav_status",
        "msg_type": "message_type",
        "imo": "imo",
        "name": "name",
        "call_sign": "callsign",
        "ship_and_cargo_type": "ship_type",
        "ship_type": "ship_type",
        "dimensions.a": "to_bow",
        "dimensions.b": "to_stern",
        "dimensions.c": "to_port",
        "dimensions.d": "to_starboard",
        "length": "length",
        "width": "width",
        "draught": "draught",
        "destination": "destination",
    },
    required=("mmsi", "msg_description"),
    times=zoned_utc,
    tidy=with_size,
    unfold=_unfold,
    settle=_settle,
)
