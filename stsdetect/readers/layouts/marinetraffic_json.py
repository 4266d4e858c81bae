"""MarineTraffic: API answers as JSON objects, with the names and units of those in CSV."""

from __future__ import annotations

from dataclasses import replace

from stsdetect.readers.json_items import Shape, clean
from stsdetect.readers.json_layout import JsonLayout
from stsdetect.readers.layouts.marinetraffic import MARINETRAFFIC, units
from stsdetect.readers.source import Head
from stsdetect.readers.times import iso_zoned_utc
from stsdetect.settings import ReadSettings


def _settle(layout: JsonLayout, shape: Shape, head: Head, settings: ReadSettings) -> JsonLayout:
    """Find out the units from the first items."""
    items = [item for item in shape.samples if type(item) is dict]

    def first(name: str) -> list[str]:
        return [clean(str(item[name])) for item in items if type(item.get(name)) in (str, int, float)]

    return replace(layout, tidy=units({name for item in items for name in item}, first, head.label, settings))


MARINETRAFFIC_JSON = JsonLayout(
    name="marinetraffic_json",
    title="MarineTraffic API answers as JSON objects (jsono)",
    doc=(
        "Items with the names of the CSV answers (that they are the same: from memory, confidence medium), anywhere in "
        "a document. Units of SPEED and DRAUGHT are told, or asked for, as in marinetraffic. Answers that are arrays "
        "without names are not read: fetch them as jsono or csv."
    ),
    time_rule="TIMESTAMP is UTC, without a zone or with it.",
    lost=MARINETRAFFIC.lost,
    names=MARINETRAFFIC.names,
    required=("MMSI", "LAT", "LON", "SPEED", "COURSE", "STATUS", "TIMESTAMP"),
    times=iso_zoned_utc,
    settle=_settle,
)
