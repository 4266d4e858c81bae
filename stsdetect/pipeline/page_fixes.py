"""The fixes that the page draws: those of the pairs it shows, around their meetings."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.slots import FIRST_US, LAST_US, FixSlots
from stsdetect.report.layers import TRACK_MARGIN_S
from stsdetect.report.page import MAX_PAIRS
from stsdetect.schema import TIME, TRACKS
from stsdetect.units import US_PER_S


def page_fixes(slots: FixSlots, events: pa.Table, pairs: pa.Table) -> pa.Table:
    """Return the fixes to draw, a `TRACKS` table.

    Where there is no event at all they are all fixes: the map then shows where there was traffic.
    """
    wanted = None
    if events.num_rows and slots.labels:
        top = pairs.sort_by("rank").slice(0, MAX_PAIRS)
        ids = pc.list_flatten(top.column("event_ids"))
        shown = events.filter(pc.is_in(events.column("event_id"), value_set=ids.combine_chunks()))
        wanted = _windows(slots, shown)
    start, end = (FIRST_US, LAST_US) if wanted is None else (int(wanted[0].min()), int(wanted[1].max()) + 1)
    fixes = slots.load(start, end, wanted=wanted)
    hull = pa.DictionaryArray.from_arrays(pa.array(fixes.hull, pa.int32()), pa.array(fixes.labels, pa.string()))
    return TRACKS.table(
        {
            "vessel": hull,
            "segment": fixes.segment,
            "time": pa.array(fixes.time_us, TIME),
            "lat_deg": fixes.lat_deg,
            "lon_deg": fixes.lon_deg,
        }
    )


def _windows(slots: FixSlots, shown: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return per hull the first and last time of which fixes are drawn [us]; none where last is before first."""
    # One fix more to both sides would not change the picture.
    margin = round((TRACK_MARGIN_S + 3600.0) * US_PER_S)
    low, high = np.full(len(slots.labels), LAST_US), np.full(len(slots.labels), FIRST_US)
    place = {label: k for k, label in enumerate(slots.labels)}
    start = shown.column("start_time").cast(pa.int64()).to_numpy() - margin
    end = shown.column("end_time").cast(pa.int64()).to_numpy() + margin
    for side in ("vessel_a", "vessel_b"):
        words = shown.column(side).to_pylist()
        # Vessels of which others told have no fixes here.
        rows = np.array([k for k, word in enumerate(words) if word in place], dtype=np.int64)
        hulls = np.array([place[word] for word in words if word in place], dtype=np.int64)
        np.minimum.at(low, hulls, start[rows])
        np.maximum.at(high, hulls, end[rows])
    return low, high
