"""Shared by all detectors: ids, identity columns, and the step from measured arrays to the event table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import HOUR_US, MINUTE_US, TIME, Fixes, Identities
from stsdetect.kernels.sphere import Floats, Ints, to_lat_lon
from stsdetect.schema import EVENTS, event_id, point_wkb


def mean_place(group: Ints, xyz: Floats, weights: Floats, n_groups: int) -> tuple[Floats, Floats]:
    """Return latitude and longitude [degrees] of the weighted mean vector of each group; right at any seam."""
    return to_lat_lon(sum_places(group, xyz, weights, n_groups))


def sum_places(group: Ints, xyz: Floats, weights: Floats, n_groups: int) -> Floats:
    """Return the weighted sum of the places of each group, shape (n_groups, 3), added up in their order."""
    total: Floats = np.stack([np.bincount(group, weights * xyz[:, k], n_groups) for k in range(3)], axis=1)
    return total


def count_fixes(fixes: Fixes, hull: Ints, start_us: Ints, end_us: Ints) -> Ints:
    """Count the fixes of each hull from start to end inclusive, shape (n,)."""
    first, last = fix_bounds(fixes, hull, start_us, end_us)
    return last - first


def fix_bounds(fixes: Fixes, hull: Ints, start_us: Ints, end_us: Ints) -> tuple[Ints, Ints]:
    """Return first and one-past-last index of the fixes of each hull from start to end inclusive."""
    line = fixes.timeline
    first = np.searchsorted(line.start, line.place(hull, start_us), side="left").astype(np.int64)
    return first, np.searchsorted(line.start, line.place(hull, end_us), side="right").astype(np.int64)


def last_of_moment(fixes: Fixes, at: Ints) -> Ints:
    """Return the last fix with the hull and the time of each fix ``at``, shape (n,)."""
    at = at.copy()
    here = np.arange(at.size)
    while here.size:
        following = np.minimum(at[here] + 1, fixes.size - 1)
        more = (following > at[here]) & (fixes.hull[following] == fixes.hull[at[here]])
        here = here[more & (fixes.time_us[following] == fixes.time_us[at[here]])]
        at[here] += 1
    return at


def identity_columns(
    fixes: Fixes, known: Identities, side: str, hull: Ints, start_us: Ints, *, first: Ints | None = None
) -> dict[str, Any]:
    """Return the columns that say who vessel ``side`` ('a' or 'b') was at the start of each event.

    Where events start at a fix of the vessel, ``first`` may say at which.
    """
    rows = known.at(hull, start_us)
    # The MMSI of the last fix up to the start; a hull that goes by an id of its own may change it, or have none.
    if first is None:
        low, after = fix_bounds(fixes, hull, np.full(hull.size, fixes.time_us.min()), start_us)
        at = np.maximum(after - 1, low)
    else:
        at = last_of_moment(fixes, first)
    return {
        f"vessel_{side}": [fixes.labels[k] for k in hull.tolist()],
        f"mmsi_{side}": pa.array(fixes.mmsi[at], from_pandas=True).cast(pa.int64()),
        f"name_{side}": known.column("name", rows).cast(pa.string()),
        f"imo_{side}": known.column("imo", rows),
        f"ship_type_{side}": known.column("ship_type", rows),
        f"length_{side}_m": known.column("length_m", rows),
    }


def draught_change(known: Identities, hull: Ints, start_us: Ints, end_us: Ints) -> tuple[Floats, Floats]:
    """Return the draught [m] before each event, and after less before (NaN where not known), shape (n,) each.

    Before is the draught valid at the start. After is the first other draught the crew reported between the
    start and a day after the end; without one, reports after the end that repeat the old draught mean 0.
    """
    before, change = np.full(hull.size, np.nan), np.full(hull.size, np.nan)
    if known.hull.size == 0:
        return before, change
    row = known.at(hull, start_us)
    at = np.flatnonzero(row >= 0)
    at = at[(known.from_us[row[at]] <= start_us[at]) & ~np.isnan(known.draught_m[row[at]])]
    before[at] = known.draught_m[row[at]]
    last = np.searchsorted(known.hull, hull, side="right") - 1
    row = row.copy()
    while at.size:
        # One row on for every event that still looks for another draught.
        following = row[at] + 1
        more = following <= last[at]
        more[more] = known.from_us[following[more]] <= end_us[at[more]] + 24 * HOUR_US
        done = at[~more]
        change[done[known.to_us[row[done]] > end_us[done]]] = 0.0
        at = at[more]
        row[at] += 1
        draught = known.draught_m[row[at]]
        other = ~np.isnan(draught) & (draught != before[at])
        change[at[other]] = [round(step, 3) for step in (draught[other] - before[at[other]]).tolist()]
        at = at[~other]
    return before, change


def build_events(kind: str, subtype: list[str], columns: dict[str, Any], *, place: list[str] | None = None) -> pa.Table:
    """Finish an event table: ids, durations, flags and point from measured columns.

    ``columns`` must hold vessel_a, start_us, end_us, observed_us, inferred_us, lat_deg and lon_deg besides what
    the detector measured; vessel_b may be missing.
    """
    columns = dict(columns)
    start, end = columns.pop("start_us"), columns.pop("end_us")
    n = start.size
    if n == 0:
        return EVENTS.empty()
    a, b = columns["vessel_a"], columns.get("vessel_b", [None] * n)
    ids = [
        event_id(
            kind,
            subtype[k],
            [v for v in (a[k], b[k]) if v is not None],
            int(start[k]),
            place[k] if place else "",
        )
        for k in range(n)
    ]
    columns |= {
        "event_id": ids,
        "kind": [kind] * n,
        "subtype": subtype,
        "start_time": pa.array(start, TIME),
        "end_time": pa.array(end, TIME),
        "duration_h": (end - start) / HOUR_US,
        "observed_min": columns.pop("observed_us") / MINUTE_US,
        "inferred_min": columns.pop("inferred_us") / MINUTE_US,
        "geometry": pa.array(point_wkb(columns["lon_deg"].tolist(), columns["lat_deg"].tolist()), pa.binary()),
        "flags": columns.get("flags", [""] * n),
        "settings_id": [""] * n,
    }
    return EVENTS.table(columns)
