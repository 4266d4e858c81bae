"""Areas for GIS files: where unseen hulls could have been, and where many were lost at once."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import shapely
from shapely.geometry.polygon import orient

#: Places after the point of the coordinates of areas [degrees]: 1 m, and areas are 250 m wider than asked.
PLACES = 5
#: What is said of each area of reach, beside its shape.
_REACH = (
    "event_id", "kind", "subtype", "vessel_a", "vessel_b", "mmsi_a", "mmsi_b", "name_a", "name_b", "start_time",
    "end_time", "meet_earliest", "meet_latest", "reach_max_h", "candidate_rank", "n_rivals", "candidate_score",
    "port_id", "evidence",
)  # fmt: skip


def shape_layers(events: pa.Table, areas: pa.Table | None) -> dict[str, pa.Table]:
    """Return the layers of areas that there are, by name: ``reach`` and ``areas``.

    Each table has a column ``geometry`` of multipolygons (WKB, outer rings counterclockwise, rounded to `PLACES`); what
    does not read as an area is left out.
    """
    found = {}
    if events.column("reach").null_count < events.num_rows:
        found["reach"] = _with_shapes(*_each_once(events))
    if areas is not None and areas.num_rows:
        plain = areas.select([f.name for f in areas.schema if not pa.types.is_binary(f.type)])
        found["areas"] = _with_shapes(plain, areas.column("geometry").to_pylist())
    return {name: table for name, table in found.items() if table.num_rows}


def _each_once(events: pa.Table) -> tuple[pa.Table, list[bytes | None]]:
    """Return areas of reach, each once with its best ranked row, and the ids of all its rows (``event_ids``).

    What a silent hull can reach is the same beside each vessel it could have met.
    """
    ids, ranks = events.column("event_id").to_pylist(), events.column("candidate_rank").to_pylist()
    rows: dict[bytes, list[int]] = {}
    for row, wkb in enumerate(events.column("reach").to_pylist()):
        if wkb is not None:
            rows.setdefault(wkb, []).append(row)
    best = {min(own, key=lambda row: (ranks[row] is None, ranks[row] or 0, row)): wkb for wkb, own in rows.items()}
    chosen = sorted(best)
    every = [" ".join(ids[row] for row in rows[best[row]]) for row in chosen]
    table = events.select(_REACH).take(pa.array(chosen, pa.int64())).append_column("event_ids", pa.array(every))
    return table, [best[row] for row in chosen]


def _with_shapes(table: pa.Table, wkb: list[bytes | None]) -> pa.Table:
    read = shapely.from_wkb(wkb, on_invalid="ignore")
    made = [None if shape is None else _multipolygon(shape) for shape in read]
    rows = [row for row, shape in enumerate(made) if shape is not None]
    kept = table.take(pa.array(rows, pa.int64())).replace_schema_metadata(None)
    return kept.append_column("geometry", pa.array(shapely.to_wkb([made[row] for row in rows]), pa.binary()))


def _multipolygon(shape: Any) -> Any:
    """Return the area of a shape, rounded, or None if it has none."""
    parts = shapely.get_parts(shapely.get_parts(shapely.set_precision(shapely.make_valid(shape), 10.0**-PLACES)))
    areas = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.multipolygons([orient(part) for part in areas]) if areas else None


def rings_of(wkb: bytes) -> list[list[list[list[float]]]]:
    """Return the coordinates of a multipolygon as GeoJSON has them."""
    coordinates: list[list[list[list[float]]]] = []
    for part in shapely.get_parts(shapely.from_wkb(wkb)).tolist():
        rings = [part.exterior, *part.interiors]
        coordinates.append([shapely.get_coordinates(ring).round(PLACES).tolist() for ring in rings])
    return coordinates
