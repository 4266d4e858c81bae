"""Arrays as tables of `stsdetect.schema`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.schema import FIXES, FLAGGED, SEGMENTS
from stsdetect.tracks.fixes import WHY, FixArrays
from stsdetect.tracks.flags import Flagged, Flags
from stsdetect.tracks.quality import Quality
from stsdetect.tracks.rows import Reports


def fixes_table(fixes: FixArrays, labels: list[str], reports: Reports) -> pa.Table:
    """Return the `FIXES` table."""
    row, size = fixes.row, fixes.size
    cog = reports.floats("cog_deg", row)
    return FIXES.table(
        {
            "vessel": vessel_array(fixes.hull, labels),
            "segment": fixes.segment,
            "mmsi": mmsi_array(fixes.mmsi),
            "time": time_array(fixes.time_us),
            "lat_deg": fixes.lat_deg,
            "lon_deg": fixes.lon_deg,
            "sog_kn": fixes.sog_kn,
            "cog_deg": np.where((cog < 0) | (cog >= 360), np.nan, cog),
            "heading_deg": fixes.heading_deg,
            "nav_status": reports.numbers("nav_status").arrow(row, size, pa.int8()),
            "speed_kn": fixes.speed_kn,
            "course_deg": fixes.course_deg,
            "quality": fixes.quality,
            "source_file": reports.files.arrow(row, size),
            "source_row": reports.numbers("source_row").arrow(row, size, pa.int64()),
        }
    )


def segments_table(fixes: FixArrays, why: Flags, labels: list[str]) -> pa.Table:
    """Return the `SEGMENTS` table."""
    first, end = group_bounds(fixes.segment)
    last = end - 1
    return SEGMENTS.table(
        {
            "segment": fixes.segment[first],
            "vessel": vessel_array(fixes.hull[first], labels),
            "mmsi": mmsi_array(fixes.mmsi[first]),
            "start_time": time_array(fixes.time_us[first]),
            "end_time": time_array(fixes.time_us[last]),
            "n_positions": end - first,
            "start_lat_deg": fixes.lat_deg[first],
            "start_lon_deg": fixes.lon_deg[first],
            "end_lat_deg": fixes.lat_deg[last],
            "end_lon_deg": fixes.lon_deg[last],
            "begins_after": pa.array([WHY[code] for code in why.tolist()], pa.string()),
        }
    )


def flagged_table(flagged: Flagged, labels: list[str], reports: Reports) -> pa.Table:
    """Return the `FLAGGED` table."""
    row = flagged.row
    words = pa.array([flag.name.lower() for flag in Quality], pa.string())
    return FLAGGED.table(
        {
            "vessel": vessel_array(flagged.hull, labels),
            "mmsi": mmsi_array(reports.said.mmsi[reports.code[row]]),
            "time": time_array(reports.time_us[row]),
            "lat_deg": reports.floats("lat_deg", row),
            "lon_deg": reports.floats("lon_deg", row),
            "flag": pa.DictionaryArray.from_arrays(pa.array(flagged.quality, pa.int32()), words),
            "source_file": reports.files.arrow(row, row.size),
            "source_row": reports.numbers("source_row").arrow(row, row.size, pa.int64()),
        }
    )


def vessel_array(hull: Ints, labels: list[str]) -> pa.DictionaryArray:
    """Return hulls as text."""
    return pa.DictionaryArray.from_arrays(pa.array(hull, pa.int32()), pa.array(labels, pa.string()))


def mmsi_array(mmsi: Floats) -> pa.Array:
    """Return MMSI as whole numbers, null for NaN."""
    return pa.array(mmsi, from_pandas=True).cast(pa.int64())


def time_array(time_us: Ints) -> pa.Array:
    """Return times [us]."""
    return pa.array(time_us, pa.timestamp("us", "UTC"))
