"""Tables of what the data tell of the sea: crowded berths, who was heard where, outages and jamming."""

from __future__ import annotations

import pyarrow as pa

from stsdetect.schema.table import F64, I32, I64, STRING, TIME, Schema, column

BERTHS = Schema(
    "berths",
    "Crowded berth areas: contact inside them is summed up by area and day, and not written as events.",
    (
        column(
            "area_id",
            STRING,
            "the port's id, or the south-west corner of a tenth of a degree [degrees]",
            nullable=False,
        ),
        column("port_id", STRING, "port of the area; null where none is near"),
        column("day", pa.date32(), "UTC day", nullable=False),
        column("lat_deg", F64, "middle of the hulls, latitude [degrees]", nullable=False),
        column("lon_deg", F64, "middle of the hulls, longitude [degrees]", nullable=False),
        column("n_vessels", I64, "hulls that lay there that day", nullable=False),
        column("n_pairs", I64, "pairs of them within the distance of an encounter, half-way through their stay", False),
        column("vessel_hours", F64, "time they lay there, all together [h]", nullable=False),
        column("vessels", pa.list_(STRING), "their hull ids, sorted", nullable=False),
    ),
)

AREAS = Schema(
    "areas",
    "Where many hulls at once could not be heard (outage) or sent places that cannot be (jamming), sorted by start.",
    (
        column("area_id", STRING, "hash of kind, start second and place", nullable=False),
        column("kind", STRING, "outage or jamming", nullable=False),
        column("start_time", TIME, "start, UTC: of an outage the median last fix, of jamming the hour", nullable=False),
        column("end_time", TIME, "end, UTC: of an outage when most were heard again, of jamming the hour", False),
        column("lat_deg", F64, "middle of its cells, latitude [degrees]", nullable=False),
        column("lon_deg", F64, "middle of its cells, longitude [degrees]", nullable=False),
        column(
            "n_hulls_before",
            I64,
            "hulls heard in its cells in the two hours before, that of the start of an outage included",
            False,
        ),
        column("n_hulls_during", I64, "hulls heard there in whole hours of it, at most the first six", nullable=False),
        column("n_silent", I64, "outage: hulls that fell silent together; null for jamming"),
        column("n_teleports", I64, "jamming: hulls that sent places that cannot be, or none; null for an outage"),
        column("evidence", STRING, "what was seen, in a sentence", nullable=False),
        column("geometry", pa.binary(), "its cells, WKB polygon or polygons, WGS84", nullable=False),
    ),
)

COVERAGE = Schema(
    "coverage",
    "How well places were heard: counts by cell and UTC day. A hull counts once an hour, in the cell of its last fix.",
    (
        column("cell", I32, "number of the cell, a quarter of a degree of latitude high", nullable=False),
        column("lat_deg", F64, "middle of the cell, latitude [degrees]", nullable=False),
        column("lon_deg", F64, "middle of the cell, longitude [degrees]", nullable=False),
        column("day", pa.date32(), "UTC day", nullable=False),
        column("hull_hours", I64, "hulls heard, summed over the hours of the day", nullable=False),
        column("hours", I64, "hours in which any hull was heard", nullable=False),
        column("fixes", I64, "fixes of the hulls that count here", nullable=False),
        column("followed", I64, "hull-hours with at least six more hours of data behind them", nullable=False),
        *(
            column(f"again_{h}h", I64, f"of those, hulls heard again, anywhere, within the next {h} h", nullable=False)
            for h in range(1, 7)
        ),
    ),
)
