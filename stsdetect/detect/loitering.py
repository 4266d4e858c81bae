"""Loitering: one vessel slower than 2 kn for an hour or more."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.events import build_events, count_fixes, fix_bounds, identity_columns, sum_places
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.runs import expand, group_bounds, part_far, stitch, weighted_median
from stsdetect.kernels.sphere import Floats, Ints, distance_m, norm, to_lat_lon
from stsdetect.schema import EVENTS
from stsdetect.settings import LoiteringSettings
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

MIN_OPEN_S = 900.0
#: So much farther than a slow hull goes a run may go on after a break [m] (our choice): two coarse positions (type 27,
#: a tenth of a minute) are off by up to 370 m. Two berths of a harbour are more than that and 15 min at 2 kn apart.
BREAK_SLACK_M = 500.0


@dataclass(frozen=True)
class _Runs:
    """Runs long enough to be events, shape (n,): first fix, times, fixes, and the sum of places, shape (n, 3)."""

    hull: Ints
    first: Ints
    start_us: Ints
    stop_us: Ints
    observed_us: Ints
    inferred_us: Ints
    n_fixes: Ints
    place: Floats
    median_kn: Floats


@dataclass(frozen=True, kw_only=True)
class Loitering:
    """Find vessels that lie still.

    A leg between two fixes of one segment counts when both fixes and the leg itself are slower than
    ``max_speed_kn``; legs up to ``observed_bracket_s`` long are observed, up to ``inferred_bracket_s``
    inferred. Slow legs at most ``max_break_s`` apart are one run, unless the hull went on meanwhile: farther than
    ``max_speed_kn`` takes it, and 500 m. Runs with ``min_duration_s`` of slow time qualify.

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
        fast = compiled("legs")
        runs = self._runs(data) if fast is None else self._runs_in_one_walk(fast, data)
        return self._events(data, known, runs) if runs.hull.size else EVENTS.empty()

    def _runs(self, data: Fixes) -> _Runs:
        legs, first = data.legs(self.inferred_bracket_s, coarse=True)
        kept = np.flatnonzero(data.top_speed_kn(legs, first) < self.max_speed_kn)
        hull, start, stop = legs.hull[kept], legs.t0_us[kept], legs.t1_us[kept]
        run = part_far(
            stitch(hull, start, stop, round(self.max_break_s * 1e6)), start, stop, legs.p0[kept], legs.p1[kept],
            self.max_speed_kn * KNOT_MPS, BREAK_SLACK_M,
        )  # fmt: skip
        begin, _ = group_bounds(run)
        good = (np.add.reduceat(stop - start, begin) if begin.size else begin) >= round(self.min_duration_s * 1e6)
        number, inside = np.cumsum(good) - 1, good[run]
        leg, group, n = kept[inside], number[run[inside]], int(good.sum())
        begin, end = group_bounds(group)
        fix = first[leg]
        length = legs.t1_us[leg] - legs.t0_us[leg]
        seen = length <= round(self.observed_bracket_s * 1e6)
        weight = length.astype(np.float64)
        speed = (data.speed_kn[fix] + data.speed_kn[fix + 1]) / 2.0
        hull, start, stop = legs.hull[leg[begin]], legs.t0_us[leg[begin]], legs.t1_us[leg[end - 1]]
        return _Runs(
            hull=hull,
            first=fix[begin],
            start_us=start,
            stop_us=stop,
            observed_us=np.add.reduceat(np.where(seen, length, 0), begin) if n else begin,
            inferred_us=np.add.reduceat(np.where(seen, 0, length), begin) if n else begin,
            n_fixes=count_fixes(data, hull, start, stop),
            place=sum_places(group, (legs.p0[leg] + legs.p1[leg]) / 2.0, weight, n),
            median_kn=weighted_median(group, speed, weight, n),
        )

    def _runs_in_one_walk(self, fast: ModuleType, data: Fixes) -> _Runs:
        own = data.own_speeds_kn(fast, self.inferred_bracket_s, self.max_speed_kn, coarse=True)
        ints, floats = np.empty((data.size, 6), dtype=np.int64), np.empty((data.size, 4))
        n = fast.still_runs(
            *data.plain, own, round(self.inferred_bracket_s * 1e6), self.max_speed_kn, round(self.max_break_s * 1e6),
            self.max_speed_kn * KNOT_MPS, BREAK_SLACK_M, round(self.min_duration_s * 1e6),
            round(self.observed_bracket_s * 1e6), ints, floats,
        )  # fmt: skip
        hull, first, last, observed, inferred, n_fixes = ints[:n].T.copy()
        start, stop = data.time_us[first], data.time_us[last]
        place, median = floats[:n, :3].copy(), floats[:n, 3].copy()
        return _Runs(hull, first, start, stop, observed, inferred, n_fixes, place, median)

    def _events(self, data: Fixes, known: Identities, runs: _Runs) -> pa.Table:
        last_fix = np.searchsorted(data.hull, runs.hull, side="right") - 1
        is_open = (data.time_us[last_fix] == runs.stop_us) & (data.end_us - runs.stop_us <= round(MIN_OPEN_S * 1e6))
        lat, lon = to_lat_lon(runs.place)
        columns = {
            **identity_columns(data, known, "a", runs.hull, runs.start_us, first=runs.first),
            "start_us": runs.start_us,
            "end_us": runs.stop_us,
            "observed_us": runs.observed_us,
            "inferred_us": runs.inferred_us,
            "lat_deg": lat,
            "lon_deg": lon,
            "n_positions_a": runs.n_fixes,
            "is_open": is_open,
            "median_speed_kn": runs.median_kn,
            "spread_m": _spread_m(data, runs),
        }
        return build_events("loitering", ["still"] * runs.hull.size, columns)


def _spread_m(data: Fixes, runs: _Runs) -> Floats:
    """Return the distance [m] of the farthest fix of each run from its mean place, shape (n,)."""
    first, end = fix_bounds(data, runs.hull, runs.start_us, runs.stop_us)
    run, fix = expand(first, end - first)
    middle = runs.place / norm(runs.place)[:, None] * EARTH_RADIUS_M
    begin, _ = group_bounds(run)
    spread: Floats = np.maximum.reduceat(distance_m(data.xyz[fix], middle[run]), begin)
    return spread
