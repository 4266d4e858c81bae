"""AISHub web service, JSON: ``[meta, rows]``, in words of people (format=1) or in raw units (format=0)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pyarrow as pa

from stsdetect.readers.json_items import Shape, clean
from stsdetect.readers.json_layout import JsonLayout, with_size
from stsdetect.readers.layouts.aishub import HUMAN_TIMES, NAMES, RAW_TIMES, from_raw, is_raw
from stsdetect.readers.source import Head
from stsdetect.settings import ReadSettings


def _raw(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    return with_size(from_raw(columns, remarks), remarks)


def settle(layout: JsonLayout, shape: Shape, head: Head, settings: ReadSettings) -> JsonLayout:
    """Find out from the first items whether the units are raw."""
    items = [item for item in shape.samples if type(item) is dict]
    times, places = (
        [clean(str(item[name])) for item in items if type(item.get(name)) in (str, int, float)]
        for name in ("TIME", "LATITUDE")
    )
    return replace(layout, times=RAW_TIMES, tidy=_raw) if is_raw(times, places, head.label) else layout


AISHUB_JSON = JsonLayout(
    name="aishub_json",
    title="AISHub JSON (both forms)",
    doc=(
        "An array of two: what the answer says of itself, and an array of items with MMSI, TIME, LONGITUDE, LATITUDE, "
        "NAVSTAT and so on (that it is so: from memory). The raw form (format=0: 1/600000 degree, tenths of a knot, "
        "degree and metre; from memory, confidence high) is told as in AISHub CSV. A report can have been received "
        "tens of seconds after its fix."
    ),
    time_rule='TIME is UTC: "2021-03-01 00:00:05 GMT", or Unix time in seconds in the raw form.',
    lost="rate of turn, ETA.",
    names=NAMES,
    required=("MMSI", "TIME", "LONGITUDE", "LATITUDE", "NAVSTAT"),
    times=HUMAN_TIMES,
    tidy=with_size,
    settle=settle,
)
