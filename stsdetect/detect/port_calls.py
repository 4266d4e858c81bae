"""Port calls that were seen: a hull that lay still at a port for an hour or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.context.port_cells import PortCells
from stsdetect.detect.arrays import HOUR_US, MINUTE_US, Fixes, Identities
from stsdetect.detect.events import build_events, count_fixes, draught_change, identity_columns, sum_places
from stsdetect.detect.loitering import MIN_OPEN_S
from stsdetect.kernels.runs import group_bounds, stitch, weighted_median
from stsdetect.kernels.sphere import Floats, Ints, distance_m, to_lat_lon, to_xyz
from stsdetect.reference.places import Port, load_ports
from stsdetect.schema import EVENTS
from stsdetect.settings import PortCallSettings
from stsdetect.tracks import Quality
from stsdetect.units import KNOT_MPS, US_PER_S

#: Remark of a call farther from the port's point than its berths: at its roads or its buoys, perhaps only waiting.
ROADS = "roads"


@dataclass(frozen=True)
class _Legs:
    """Legs at a port, shape (n,): the fix each begins at, its length [us] and the stay it belongs to."""

    first: Ints
    length_us: Ints
    stay: Ints


@dataclass(frozen=True, kw_only=True)
class PortCalls:
    """Find stays at ports.

    A leg between two fixes that follow each other counts when both lie within ``radius_km`` of a port, and both and
    the leg itself are slower than ``max_speed_kn``. Legs up to ``observed_bracket_s`` long are observed, up to
    ``inferred_bracket_s`` inferred: that a hull lay at a port between two fixes there is likely, not seen. Legs at
    one port at most ``max_break_s`` apart are one stay; stays with ``min_duration_s`` of such legs qualify.

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

        The event's point is the mean place of the stay; ``port_id`` is the port nearest to it.
        """
        data = fixes if isinstance(fixes, Fixes) else Fixes.from_table(fixes)
        if data.size == 0:
            return EVENTS.empty()
        if not isinstance(ports, PortCells):
            ports = PortCells(load_ports() if ports is None else ports, self.radius_km)
        cells = ports
        legs = self._legs(data, cells)
        if not legs.first.size:
            return EVENTS.empty()
        legs, port = self._stays(data, cells, legs)
        if not port.size:
            return EVENTS.empty()
        known = vessels if isinstance(vessels, Identities) else Identities.from_table(vessels, data.labels)
        return self._events(data, known, cells.ports, legs, port)

    def _legs(self, data: Fixes, cells: PortCells) -> _Legs:
        """Find the legs at ports; those that touch have one number."""
        believed = (data.quality == int(Quality.OK)) | (data.quality == int(Quality.COARSE))
        # Where speed is not known, that of the leg speaks alone.
        slow = np.flatnonzero(~(data.speed_kn >= self.max_speed_kn) & believed & (data.segment >= 0))
        slow = slow[cells.at(data.lat_deg[slow], data.lon_deg[slow]) >= 0]
        first = slow[:-1][slow[1:] == slow[:-1] + 1]
        length = data.time_us[first + 1] - data.time_us[first]
        keep = data.hull[first] == data.hull[first + 1]
        keep &= (length > 0) & (length <= round(max(self.inferred_bracket_s, self.observed_bracket_s) * US_PER_S))
        first, length = first[keep], length[keep]
        # As elsewhere: a leg of up to 5 min is as noisy as its fixes, whose smoothed speeds speak for it.
        long = np.flatnonzero((length > 5 * MINUTE_US) | np.isnan(data.speed_kn[first] + data.speed_kn[first + 1]))
        own = distance_m(data.xyz[first[long]], data.xyz[first[long] + 1]) / (length[long] / US_PER_S) / KNOT_MPS
        still = np.ones(first.size, dtype=np.bool_)
        still[long] = own < self.max_speed_kn
        first, length = first[still], length[still]
        return _Legs(first, length, np.cumsum(np.append(False, first[1:] != first[:-1] + 1)[: first.size]))

    def _stays(self, data: Fixes, cells: PortCells, legs: _Legs) -> tuple[_Legs, Ints]:
        """Join runs of legs at one port over breaks; return the legs of stays long enough, and the port of each."""
        begin, end = group_bounds(legs.stay)
        hull, start, stop = (
            data.hull[legs.first[begin]],
            data.time_us[legs.first[begin]],
            data.time_us[legs.first[end - 1] + 1],
        )
        port, _ = cells.nearest(*to_lat_lon(_places(data, legs, begin.size)))
        order = np.lexsort((start, port, hull))
        key = hull * len(cells.ports) + port
        joined = np.empty(order.size, dtype=np.int64)
        joined[order] = stitch(key[order], start[order], stop[order], round(self.max_break_s * US_PER_S))
        stay = joined[legs.stay]
        # Whole microseconds below 2^53: the sums are exact.
        long_enough = np.bincount(stay, legs.length_us) >= round(self.min_duration_s * US_PER_S)
        port_of = np.empty(long_enough.size, dtype=np.int64)
        port_of[joined] = port
        kept = np.flatnonzero(long_enough[stay])
        kept = kept[np.lexsort((legs.first[kept], stay[kept]))]
        number = (np.cumsum(long_enough) - 1)[stay[kept]]
        return _Legs(legs.first[kept], legs.length_us[kept], number), port_of[long_enough]

    def _events(self, data: Fixes, known: Identities, ports: tuple[Port, ...], legs: _Legs, port: Ints) -> pa.Table:
        n = port.size
        begin, end = group_bounds(legs.stay)
        first, last = legs.first[begin], legs.first[end - 1] + 1
        hull, start, stop = data.hull[first], data.time_us[first], data.time_us[last]
        seen = legs.length_us <= round(self.observed_bracket_s * US_PER_S)
        place = _places(data, legs, n)
        lat, lon = to_lat_lon(place)
        away_km = _away_km(ports, port, lat, lon)
        speed = (data.speed_kn[legs.first] + data.speed_kn[legs.first + 1]) / 2.0
        last_fix = np.searchsorted(data.hull, hull, side="right") - 1
        draught, change = draught_change(known, hull, start, stop)
        length_h = np.bincount(legs.stay, legs.length_us, n) / HOUR_US
        columns = {
            **identity_columns(data, known, "a", hull, start, first=first),
            "start_us": start,
            "end_us": stop,
            "observed_us": np.bincount(legs.stay, np.where(seen, legs.length_us, 0), n),
            "inferred_us": np.bincount(legs.stay, np.where(seen, 0, legs.length_us), n),
            "lat_deg": lat,
            "lon_deg": lon,
            "port_id": [ports[k].id for k in port.tolist()],
            "port_distance_km": np.round(away_km, 3),
            "n_positions_a": count_fixes(data, hull, start, stop),
            "is_open": (data.time_us[last_fix] == stop) & (data.end_us - stop <= round(MIN_OPEN_S * US_PER_S)),
            "median_speed_kn": weighted_median(legs.stay, speed, legs.length_us.astype(np.float64), n),
            "draught_before_a_m": draught,
            "draught_change_a_m": change,
            "flags": np.where(away_km > self.berth_km, ROADS, "").tolist(),
            "evidence": [
                f"lay still for {hours:.1f} h, {km:.1f} km from {ports[k].name}"
                for hours, km, k in zip(length_h.tolist(), away_km.tolist(), port.tolist(), strict=True)
            ],
        }
        return build_events("port_call", ["seen"] * n, columns)


def _places(data: Fixes, legs: _Legs, n: int) -> Floats:
    middle = (data.xyz[legs.first] + data.xyz[legs.first + 1]) / 2.0
    return sum_places(legs.stay, middle, legs.length_us.astype(np.float64), n)


def _away_km(ports: tuple[Port, ...], port: Ints, lat: Floats, lon: Floats) -> Floats:
    at = np.array([[p.lat_deg, p.lon_deg] for p in ports])
    away: Floats = distance_m(to_xyz(lat, lon), to_xyz(at[port, 0], at[port, 1])) / 1000.0
    return away
