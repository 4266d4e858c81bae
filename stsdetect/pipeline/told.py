"""Events that others found, beside our own: what both saw is one event, ours, with a remark."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.meetings import in_final_order
from stsdetect.schema import EVENTS

#: Remark of an own event that another publisher tells of, too.
ALSO = "also_told"
BBox = tuple[float, float, float, float]
_Key = tuple[str, str, str | None]


def join_told(
    own: pa.Table,
    told: pa.Table,
    bbox: BBox | None,
    digest: str,
    infer: Callable[[pa.Table], pa.Table] = lambda told: EVENTS.empty(),
) -> pa.Table:
    """Add told events, sorted by start, to our own, and what is inferred from those that are added.

    A told event of the same kind and vessels (or MMSIs) that overlaps one of ours in time, or another told one, is not
    added: it would count one meeting twice. Ours, which was measured from fixes, gets the remark ``also_told``.
    """
    told = told if bbox is None else told.filter(pa.array(_within(told, bbox)))
    if not told.num_rows:
        return own
    known: dict[_Key, list[tuple[int, int, int]]] = {key: [] for key in _keys(told)}
    for row, (key, start, end) in enumerate(_spans(own)):
        if key in known:
            known[key].append((start, end, row))
    seen: set[int] = set()
    fresh = []
    for key, start, end in _spans(told):
        rows = [row for other, last, row in known[key] if start <= last and other <= end]
        seen.update(row for row in rows if row >= 0)
        fresh.append(not rows)
        if not rows:
            known[key].append((start, end, -1))
    if seen:
        flags = own.column("flags").to_pylist()
        for row in seen:
            flags[row] = ";".join(sorted({ALSO, *filter(None, flags[row].split(";"))}))
        place = EVENTS.names.index("flags")
        own = own.set_column(place, EVENTS.arrow.field(place), pa.array(flags, pa.string()))
    added = told.filter(pa.array(fresh))
    return in_final_order([own, added, infer(added)], digest)


def join_sources(look_up: Callable[[pa.Table], pa.Table], told: pa.Table, events: pa.Table) -> pa.Table:
    """Return the rows that events came from (`SOURCES`): for our own as ``look_up`` finds them, else as told."""
    ours = pc.is_valid(events.column("observed_min"))
    wanted = events.filter(pc.invert(ours)).column("event_id").combine_chunks()
    if not len(wanted):
        return look_up(events)
    parts = [look_up(events.filter(ours)), told.filter(pc.is_in(told.column("event_id"), wanted))]
    order = [(name, "ascending") for name in ("event_id", "side", "which")]
    return pa.concat_tables(parts).sort_by(order).combine_chunks()


def _spans(events: pa.Table) -> Iterator[tuple[_Key, int, int]]:
    """Yield kind and vessels, start and end [us] of each event."""
    start, end = (events.column(name).cast(pa.int64()).to_pylist() for name in ("start_time", "end_time"))
    return zip(_keys(events), start, end, strict=True)


def _keys(events: pa.Table) -> list[_Key]:
    """Return kind and vessels: by MMSI, where there is one, for a publisher does not tell two hulls of one apart."""
    names = ("kind", "subtype", "vessel_a", "mmsi_a", "vessel_b", "mmsi_b")
    kinds, subtypes, *sides = (events.column(name).to_pylist() for name in names)
    # A call that was only inferred says nothing against one that is told.
    kinds = [f"{kind} {sub}" if sub == "inferred" else kind for kind, sub in zip(kinds, subtypes, strict=True)]
    keys = []
    for kind, vessel_a, mmsi_a, vessel_b, mmsi_b in zip(kinds, *sides, strict=True):
        a, b = (vessel if mmsi is None else str(mmsi) for vessel, mmsi in ((vessel_a, mmsi_a), (vessel_b, mmsi_b)))
        keys.append((kind, a, b) if b is None or a <= b else (kind, b, a))
    return keys


def _within(events: pa.Table, bbox: BBox) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say which events have their point in the box, which may reach over the antimeridian."""
    west, south, east, north = bbox
    lat, lon = events.column("lat_deg").to_numpy(), events.column("lon_deg").to_numpy()
    between = (lon >= west) & (lon <= east) if west < east else (lon >= west) | (lon <= east)
    return np.asarray((lat >= south) & (lat <= north) & between)
