"""Hull-hours of fixes: who was heard where and when, and who sent places that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.heard import HullHours, hull_hours, odd_hours
from stsdetect.detect.arrays import Fixes, encode_vessels
from stsdetect.schema import FLAGGED
from stsdetect.tracks.columns import one_array

#: Flags of reports with a place that cannot be; static data, which have none, are left out.
_ODD = ("no_position", "impossible_position", "null_island", "teleport")


def hours_of(data: Fixes, flagged: Any | None) -> tuple[HullHours, HullHours]:
    """Return the hull-hours of fixes, and those in which hulls sent places that cannot be.

    Parameters
    ----------
    flagged
        A `FLAGGED` table of the same hulls.
    """
    heard = hull_hours(data.hull, data.time_us, data.lat_deg, data.lon_deg)
    none = np.zeros(0, dtype=np.int64)
    hull, time_us = none, none
    if flagged is not None:
        table = FLAGGED.conform(flagged, extra=True)
        if table.num_rows:
            flags = one_array(table.column("flag").unify_dictionaries())
            odd = np.isin(flags.dictionary.to_pylist(), _ODD)[flags.indices.to_numpy()]
            odd &= pc.is_valid(table.column("lat_deg")).to_numpy()
            codes, _ = encode_vessels(table.column("vessel"), data.labels)
            odd &= codes >= 0
            hull, time_us = codes[odd], table.column("time").cast(pa.int64()).to_numpy()[odd]
    first = np.searchsorted(data.hull, np.arange(len(data.labels)), side="left")
    return heard, odd_hours(heard, hull, time_us, data.mmsi[first])
