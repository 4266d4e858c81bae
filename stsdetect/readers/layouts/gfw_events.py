"""Global Fishing Watch: events of its API (version 3) and its table of encounters. They come as events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from stsdetect.readers.blocks import numbered_blocks
from stsdetect.readers.convert import plain
from stsdetect.readers.header import find_header_with, refuse_twins
from stsdetect.readers.json_items import Chunk, Shape, chunks, clean, shapes, texts
from stsdetect.readers.json_layout import MAX_RAW, has, picked, steps
from stsdetect.readers.protocol import Batch
from stsdetect.readers.source import Head, Source
from stsdetect.readers.text import TextSpec, split_block
from stsdetect.readers.told import KINDS, NOT_OURS, told_batch
from stsdetect.settings import ReadSettings

FLAG = "from_gfw"
LICENCE = "events of Global Fishing Watch (its licence: CC BY-NC 4.0)"
_LOST = (
    "bounding boxes, regions, distances to shore and port (worked out anew), vessel types and flags in its words, "
    "authorizations, risk, hours, distances and mean speeds of loitering, the distance of a gap and how often "
    "satellites heard the vessel around it, anchorages and visits of port calls."
)
_API = {
    "type": "kind",
    "start": "start",
    "end": "end",
    "position.lat": "lat",
    "position.lon": "lon",
    "vessel.id": "vessel_a",
    "vessel.ssvid": "ssvid_a",
    "vessel.name": "name_a",
    "encounter.vessel.id": "vessel_b",
    "encounter.vessel.ssvid": "ssvid_b",
    "encounter.vessel.name": "name_b",
    "encounter.medianDistanceKilometers": "median_km",
    "encounter.medianSpeedKnots": "median_kn",
    "gap.offPosition.lat": "off_lat",
    "gap.offPosition.lon": "off_lon",
    "gap.onPosition.lat": "end_lat",
    "gap.onPosition.lon": "end_lon",
    "gap.impliedSpeedKnots": "implied_kn",
}
_PATHS = [(steps(name), key) for name, key in _API.items()]
_REQUIRED = [steps(name) for name in ("type", "start", "end", "position", "vessel")]
_INTENT, _SURE = steps("gap.intentionalDisabling"), steps("port_visit.confidence")
_TABLE = {
    "start_time": "start",
    "end_time": "end",
    "mean_latitude": "lat",
    "mean_longitude": "lon",
    "median_distance_km": "median_km",
    "median_speed_knots": "median_kn",
    "vessel_1_id": "ssvid_a",
    "vessel_1_point_count": "n_a",
    "vessel_2_id": "ssvid_b",
    "vessel_2_point_count": "n_b",
}


class GfwEvents:
    """Items of the Events API."""

    name = "gfw_events"
    title = "Global Fishing Watch events, API version 3 (JSON)"
    doc = (
        "Items with type, start, end, position and vessel. Encounters, loitering, gaps and port visits become events "
        "with the remark from_gfw; ssvid is the MMSI. Fishing is rejected as fishing_event."
    )
    time_rule = "start and end are ISO 8601; those without a zone are UTC."
    lost = _LOST

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether there are items of a known type of event."""
        return _shape(head) is not None

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the items some thousands at a time."""
        shape = _shape(head)
        assert shape is not None
        for chunk in chunks(source, shape):
            yield _items(chunk, source.label)

    def raw(self, source: Source, head: Head, rows: list[int]) -> dict[int, str]:
        """Return the texts of items by row."""
        shape = _shape(head)
        return {} if shape is None else texts(source, shape, rows, MAX_RAW)


def _shape(head: Head) -> Shape | None:
    for shape in shapes(head):
        for item in shape.samples:
            if all(has(item, path) for path in _REQUIRED) and item["type"] in (*KINDS, *NOT_OURS):
                return shape
    return None


def _items(chunk: Chunk, label: str) -> Batch:
    values: dict[str, list[Any]] = {key: picked(chunk.items, path) for path, key in _PATHS}
    values["flags"] = [
        ["gfw_intentional_disabling"] * (intent is True)
        + [f"gfw_confidence:{sure}"] * (str(sure) in ("1", "2", "3", "4"))
        for intent, sure in zip(picked(chunk.items, _INTENT), picked(chunk.items, _SURE), strict=True)
    ]
    batch = told_batch(values, chunk.rows, [clean(text) for text in chunk.texts], label, FLAG)
    batch.rows += len(chunk.rejects)
    batch.rejects += chunk.rejects
    return _noted(batch)


def _noted(batch: Batch) -> Batch:
    batch.remarks[LICENCE] = 0 if batch.events is None else batch.events.num_rows
    return batch


class GfwEncounters:
    """The table of encounters."""

    name = "gfw_encounters"
    title = "Global Fishing Watch encounters (CSV table)"
    doc = (
        "Columns encounter_id, start_time, end_time, mean_latitude, mean_longitude, vessel_1_id, vessel_2_id and "
        "others. Rows become encounters with the remark from_gfw; an id of up to nine digits is taken as MMSI."
    )
    time_rule = "start_time and end_time are UTC where they have no zone."
    lost = "places of start and end, segment ids."

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether the header has times, mean place and both vessels."""
        return find_header_with(head, _NEEDED) is not None

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the rows in blocks."""
        header = find_header_with(head, _NEEDED)
        assert header is not None
        refuse_twins(header.cells, _TABLE, source.label)
        places = {_TABLE[cell]: k for k, cell in enumerate(header.cells) if cell in _TABLE}
        stream = source.open()
        try:
            for block in numbered_blocks(stream, header):
                for piece in split_block(block, TextSpec(header, places)):
                    size = len(piece.rows)
                    values = {key: _texts(piece.columns[key]) for key in places}
                    values["kind"] = ["encounter"] * size
                    lines = [piece.text(i) for i in range(size)]
                    batch = told_batch(values, piece.rows.tolist(), lines, source.label, FLAG)
                    batch.rows += len(piece.rejects)
                    batch.rejects += piece.rejects
                    yield _noted(batch)
        finally:
            stream.close()


_NEEDED = ("start_time", "end_time", "mean_latitude", "mean_longitude", "vessel_1_id", "vessel_2_id")


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return list(plain(column).cast(pa.string()).to_pylist())


GFW_EVENTS = GfwEvents()
GFW_ENCOUNTERS = GfwEncounters()
