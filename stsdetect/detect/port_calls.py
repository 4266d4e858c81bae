"""Port calls that were seen: a hull that lay still at a port for an hour or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.context.port_cells import PortCells
from stsdetect.detect.arrays import HOUR_US, MINUTE_US, Fixes, Identities
from stsdetect.detect.events import build_events, count_fixes, draught_change, identity_columns
from stsdetect.detect.loitering import MIN_OPEN_S
from stsdetect.kernels.runs import group_bounds, stitch
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, to_xyz
from stsdetect.reference.places import Port, load_ports
from stsdetect.schema import EVENTS
from stsdetect.settings import PortCallSettings
from stsdetect.tracks import Quality
from stsdetect.units import KNOT_MPS, US_PER_S

#: Remark of a call farther from the port's point than its berths: at its roads or its buoys, perhaps only waiting.
ROADS = "roads"


@dataclass(frozen=True)
class _Runs:
    """Stretches of slow legs, shape (n,): first and last fix, and the time between sparse ones [us]."""

    first: Ints
    last: Ints
    inferred_us: Ints

    def take(self, index: Ints | Bools) -> _Runs:
        return _Runs(self.first[index], self.last[index], self.inferred_us[index])


@dataclass(frozen=True, kw_only=True)
class PortCalls:
    """Find stays at ports.

    A leg between two fixes that follow each other counts when both and the leg itself are slower than
    ``max_speed_kn``. Legs up to ``observed_bracket_s`` long are observed, up to ``inferred_bracket_s`` inferred: that
    a hull lay still between two fixes is likely, not seen. Legs that touch are one run; it is at the port nearest to
    its fix half-way through, if that is within ``radius_km``. Runs at one port at most ``max_break_s`` apart are one
    stay; stays with ``min_duration_s`` of such legs qualify.

    Examples
    --------
    >>> from stsdetect.schema import FIXES
    >>> PortCalls(radius_km=5.0).detect(FIXES.empty()).num_rows
    0
    """

    max_speed_kn: float = 1.0
    min_duration_s: float = 3600.0
    radius_km: float = 10.0
    berth_km: float = 5.0
    observed_bracket_s: float = 900.0
    inferred_bracket_s: float = 21600.0
    max_break_s: float = 3600.0

    @classmethod
    def from_settings(cls, settings: PortCallSettings) -> PortCalls:
        """Make the detector that a settings file asks for."""
        return cls(**{name: getattr(settings, name) for name in cls.__dataclass_fields__})

    def detect(
        self, fixes: Any, vessels: Any | None = None, *, ports: PortCells | Sequence[Port] | None = None
    ) -> pa.Table:
        """Return port calls with subtype ``seen`` (`EVENTS` table) of a `FIXES` table, at the packaged ports or others.

        The event's point is the fix half-way through its longest run.
        """
        data = fixes if isinstance(fixes, Fixes) else Fixes.from_table(fixes)
        if data.size == 0:
            return EVENTS.empty()
        if not isinstance(ports, PortCells):
            ports = PortCells(load_ports() if ports is None else ports, self.radius_km)
        runs = self._runs(data)
        middle = (runs.first + runs.last) // 2
        port = ports.at(data.lat_deg[middle], data.lon_deg[middle])
        runs, port = runs.take(port >= 0), port[port >= 0]
        if not port.size:
            return EVENTS.empty()
        known = vessels if isinstance(vessels, Identities) else Identities.from_table(vessels, data.labels)
        return self._events(data, known, ports.ports, runs, port)

    def _runs(self, data: Fixes) -> _Runs:
        believed = (data.quality == int(Quality.OK)) | (data.quality == int(Quality.COARSE))
        # Where speed is not known, that of the leg speaks alone.
        slow = np.flatnonzero(~(data.speed_kn >= self.max_speed_kn) & believed & (data.segment >= 0))
        hull, time, unknown = data.hull[slow], data.time_us[slow], np.isnan(data.speed_kn[slow])
        length = np.diff(time)
        joined = (np.diff(slow) == 1) & (hull[1:] == hull[:-1])
        joined &= length <= round(max(self.inferred_bracket_s, self.observed_bracket_s) * US_PER_S)
        # As elsewhere: a leg of up to 5 min is as noisy as its fixes; their smoothed speeds speak for it, but no jump.
        cut = data.segment[slow[1:]] != data.segment[slow[:-1]]
        ask = np.flatnonzero(joined & ((length > 5 * MINUTE_US) | unknown[1:] | unknown[:-1] | cut))
        apart_m = distance_m(data.xyz[slow[ask]], data.xyz[slow[ask] + 1])
        joined[ask] = apart_m < self.max_speed_kn * KNOT_MPS * (length[ask] / US_PER_S)
        begin = np.flatnonzero(np.append(True, ~joined)[: slow.size])
        end = np.append(begin[1:], slow.size)[: begin.size] - 1
        sparse = np.flatnonzero(joined & (length > round(self.observed_bracket_s * US_PER_S)))
        run = np.searchsorted(begin, sparse, side="right") - 1
        # Whole microseconds below 2^53: the sums are exact.
        inferred = np.bincount(run, length[sparse], begin.size).astype(np.int64)
        return _Runs(slow[begin], slow[end], inferred).take(end > begin)

    def _events(self, data: Fixes, known: Identities, ports: tuple[Port, ...], runs: _Runs, port: Ints) -> pa.Table:
        hull, start, stop = data.hull[runs.first], data.time_us[runs.first], data.time_us[runs.last]
        order = np.lexsort((start, port, hull))
        runs, port, hull, start, stop = runs.take(order), port[order], hull[order], start[order], stop[order]
        stay = stitch(hull * len(ports) + port, start, stop, round(self.max_break_s * US_PER_S))
        begin, end = group_bounds(stay)
        length = np.add.reduceat(stop - start, begin)
        good = np.flatnonzero(length >= round(self.min_duration_s * US_PER_S))
        if not good.size:
            return EVENTS.empty()
        inferred = np.add.reduceat(runs.inferred_us, begin)[good]
        # The first of each stay's longest runs; sorted by stay, the others come behind.
        longest = np.lexsort((start - stop, stay))[begin[good]]
        middle = (runs.first[longest] + runs.last[longest]) // 2
        first, last, port, length = runs.first[begin[good]], runs.last[end[good] - 1], port[begin[good]], length[good]
        hull, start, stop = data.hull[first], data.time_us[first], data.time_us[last]
        lat, lon = data.lat_deg[middle], data.lon_deg[middle]
        away_km = _away_km(ports, port, lat, lon)
        last_fix = np.searchsorted(data.hull, hull, side="right") - 1
        draught, change = draught_change(known, hull, start, stop)
        columns = {
            **identity_columns(data, known, "a", hull, start, first=first),
            "start_us": start,
            "end_us": stop,
            "observed_us": length - inferred,
            "inferred_us": inferred,
            "lat_deg": lat,
            "lon_deg": lon,
            "port_id": [ports[k].id for k in port.tolist()],
            "port_distance_km": np.round(away_km, 3),
            "n_positions_a": count_fixes(data, hull, start, stop),
            "is_open": (data.time_us[last_fix] == stop) & (data.end_us - stop <= round(MIN_OPEN_S * US_PER_S)),
            "draught_before_a_m": draught,
            "draught_change_a_m": change,
            "flags": np.where(away_km > self.berth_km, ROADS, "").tolist(),
            "evidence": [
                _sentence(hours, unseen, km, ports[k].name)
                for hours, unseen, km, k in zip(
                    (length / HOUR_US).tolist(), (inferred / HOUR_US).tolist(), away_km.tolist(), port.tolist(),
                    strict=True,
                )
            ],
        }  # fmt: skip
        return build_events("port_call", ["seen"] * port.size, columns)


def _away_km(ports: tuple[Port, ...], port: Ints, lat: Floats, lon: Floats) -> Floats:
    at = np.array([[p.lat_deg, p.lon_deg] for p in ports])
    away: Floats = distance_m(to_xyz(lat, lon), to_xyz(at[port, 0], at[port, 1])) / 1000.0
    return away


def _sentence(hours: float, unseen_h: float, km: float, name: str) -> str:
    inferred = f" ({unseen_h:.1f} h of it inferred)" if unseen_h >= 0.05 else ""
    return f"lay still for {hours:.1f} h{inferred}, {km:.1f} km from {name}"
