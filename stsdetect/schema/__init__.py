"""The tables stsdetect reads and writes: one `Schema` per table, each column with its type and meaning."""

from __future__ import annotations

from stsdetect.schema.coverage import AREAS, BERTHS, COVERAGE
from stsdetect.schema.events import EVENTS, event_id, point_wkb
from stsdetect.schema.leads import CHAINS, LEDGER, PAIRS, REASON, TRANSFERS, WATCH_HITS
from stsdetect.schema.positions import FIXES, FLAGGED, POSITIONS, REJECTS, SEGMENTS, SOURCES, TRACKS, VESSELS
from stsdetect.schema.table import TEXT, TIME, Column, Schema, to_arrow

__all__ = [
    "AREAS",
    "BERTHS",
    "CHAINS",
    "COVERAGE",
    "EVENTS",
    "FIXES",
    "FLAGGED",
    "LEDGER",
    "PAIRS",
    "POSITIONS",
    "REASON",
    "REJECTS",
    "SEGMENTS",
    "SOURCES",
    "TABLES",
    "TEXT",
    "TIME",
    "TRACKS",
    "TRANSFERS",
    "VESSELS",
    "WATCH_HITS",
    "Column",
    "Schema",
    "event_id",
    "point_wkb",
    "to_arrow",
]

TABLES: tuple[Schema, ...] = (
    POSITIONS, REJECTS, VESSELS, FIXES, FLAGGED, SEGMENTS, EVENTS, SOURCES, PAIRS, CHAINS, TRANSFERS,
    LEDGER, BERTHS, AREAS, COVERAGE, WATCH_HITS, TRACKS,
)  # fmt: skip
