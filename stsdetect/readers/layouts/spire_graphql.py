"""Spire Maritime 2.0 GraphQL: the vessels of an answer, each with its last position, static data and voyage."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import is_text, strings
from stsdetect.readers.json_layout import JsonLayout, Refused, with_size
from stsdetect.readers.times import zoned_utc

#: How Spire's finer ship types begin where they are tankers of one kind or another (from memory, medium-low).
_TANKERS = r"^(TANKER|LNG|LPG|GAS_CARRIER)"


def _tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    if "ship_type" in columns and is_text(columns["ship_type"]):
        types = strings(columns["ship_type"])
        tanker = pc.match_substring_regex(types, _TANKERS)
        columns = {**columns, "ship_type": pc.if_else(tanker, pa.scalar("tanker"), types)}
    return with_size(columns, remarks)


def _unfold(item: dict[str, Any]) -> dict[str, Any] | Refused:
    """Refuse a place without a time of its own: that of static data, or of the answer, is when something else was."""
    position = item.get("lastPositionUpdate")
    if type(position) is not dict or position.get("timestamp") is not None:
        return item
    if position.get("latitude") is None and position.get("longitude") is None:
        return item
    return Refused("bad_time", "lastPositionUpdate has a place and no timestamp; ask for it in the query")


SPIRE_GRAPHQL = JsonLayout(
    name="spire_graphql",
    title="Spire Maritime 2.0 GraphQL vessels, JSON",
    doc=(
        "Items with staticData, lastPositionUpdate and currentVoyage, as in data.vessels.nodes; one row for each of "
        "them. A vessel without a position is kept as a static report. All kinds of tanker count as tankers. "
        "The tree of fields is from memory, confidence medium-low: look at what `stsdetect inspect` says of the file."
    ),
    time_rule=(
        "lastPositionUpdate.timestamp; of a vessel without a position staticData.timestamp, staticData.updateTimestamp "
        "or updateTimestamp. ISO 8601 with Z; a time without a zone is rejected, and so is a position without a time "
        "of its own."
    ),
    lost="rate of turn, accuracy, manoeuvre, terrestrial or satellite, flag, ETA; the answer's other branches.",
    names={
        "lastPositionUpdate.timestamp": "time",
        "staticData.timestamp": "time",
        "staticData.updateTimestamp": "time",
        "updateTimestamp": "time",
        "lastPositionUpdate.latitude": "lat",
        "lastPositionUpdate.longitude": "lon",
        "lastPositionUpdate.speed": "sog",
        "lastPositionUpdate.course": "cog",
        "lastPositionUpdate.heading": "heading",
        "lastPositionUpdate.navigationalStatus": "nav_status",
        "staticData.mmsi": "mmsi",
        "staticData.imo": "imo",
        "staticData.name": "name",
        "staticData.callsign": "callsign",
        "staticData.shipType": "ship_type",
        "staticData.dimensions.a": "to_bow",
        "staticData.dimensions.b": "to_stern",
        "staticData.dimensions.c": "to_port",
        "staticData.dimensions.d": "to_starboard",
        "staticData.dimensions.length": "length",
        "staticData.dimensions.width": "width",
        "currentVoyage.destination": "destination",
        "currentVoyage.draught": "draught",
    },
    required=("staticData.mmsi", "lastPositionUpdate"),
    times=zoned_utc,
    tidy=_tidy,
    unfold=_unfold,
)
