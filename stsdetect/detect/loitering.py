"""Loitering: one vessel slower than 2 kn for an hour or more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.events import build_events, count_fixes, identity_columns, mean_place
from stsdetect.kernels.runs import group_bounds, stitch, weighted_median
from stsdetect.schema import EVENTS
from stsdetect.settings import LoiteringSettings

MIN_OPEN_S = 900.0


@dataclass(frozen=True, kw_only=True)
class Loitering:
    """Find vessels that lie still.

    A leg between two fixes of one segment counts when both fixes and the leg itself are slower than
    ``max_speed_kn``; legs up to ``observed_bracket_s`` long are observed, up to ``inferred_bracket_s``
    inferred. Slow legs at most ``max_break_s`` apart are one run; runs with ``min_duration_s`` of slow time
    qualify.

    Examples
    --------
    >>> from stsdetect.schema import FIXES
    >>> Loitering(max_speed_kn=1.5).detect(FIXES.empty()).num_rows
    0
    """

    max_speed_kn: float = 2.0
    min_duration_s: float = 3600.0
    observed_bracket_s: float = 900.0
    inferred_bracket_s: float = 7200.0
    max_break_s: float = 900.0

    @classmethod
    def from_settings(cls, settings: LoiteringSettings) -> Loitering:
        """Make the detector that a settings file asks for."""
        return cls(**settings.model_dump())

    def detect(self, fixes: Any, vessels: Any | None = None) -> pa.Table:
        """Return loitering events (`EVENTS` table) of a `FIXES` table, with identities from ``vessels``."""
        data = fixes if isinstance(fixes, Fixes) else Fixes.from_table(fixes)
        if data.size == 0:
            return EVENTS.empty()
        known = vessels if isinstance(vessels, Identities) else Identities.from_table(vessels, data.labels)
        legs, first = data.legs(self.inferred_bracket_s, coarse=True)
        slow = data.top_speed_kn(legs, first) < self.max_speed_kn
        kept = np.flatnonzero(slow)
        hull, start, stop = legs.hull[kept], legs.t0_us[kept], legs.t1_us[kept]
        run = stitch(hull, start, stop, round(self.max_break_s * 1e6))
        begin, _ = group_bounds(run)
        if begin.size == 0:
            return EVENTS.empty()
        slow_us = np.add.reduceat(stop - start, begin)
        good = slow_us >= round(self.min_duration_s * 1e6)
        if not good.any():
            return EVENTS.empty()
        number = np.cumsum(good) - 1
        inside = good[run]
        kept, group = kept[inside], number[run[inside]]
        return self._measure(data, known, first[kept], kept, group, int(good.sum()), legs)

    def _measure(self, data: Fixes, known: Identities, fix: Any, leg: Any, group: Any, n: int, legs: Any) -> pa.Table:
        begin, end = group_bounds(group)
        hull = legs.hull[leg[begin]]
        start, stop = legs.t0_us[leg[begin]], legs.t1_us[leg[end - 1]]
        length = legs.t1_us[leg] - legs.t0_us[leg]
        seen = length <= round(self.observed_bracket_s * 1e6)
        weight = length.astype(np.float64)
        lat, lon = mean_place(group, (legs.p0[leg] + legs.p1[leg]) / 2.0, weight, n)
        speed = (data.speed_kn[fix] + data.speed_kn[fix + 1]) / 2.0
        last_fix = np.searchsorted(data.hull, hull, side="right") - 1
        is_open = (data.time_us[last_fix] == stop) & (data.end_us - stop <= round(MIN_OPEN_S * 1e6))
        columns = {
            **identity_columns(data, known, "a", hull, start),
            "start_us": start,
            "end_us": stop,
            "observed_us": np.add.reduceat(np.where(seen, length, 0), begin),
            "inferred_us": np.add.reduceat(np.where(seen, 0, length), begin),
            "lat_deg": lat,
            "lon_deg": lon,
            "n_positions_a": count_fixes(data, hull, start, stop),
            "is_open": is_open,
            "median_speed_kn": weighted_median(group, speed, weight, n),
        }
        return build_events("loitering", ["still"] * n, columns)
