"""Voyages from a supply port to a port that is watched: loading, what lay between, and a call seen or possible."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.hidden_calls import is_supply
from stsdetect.kernels.sphere import Floats, distance_m, to_xyz
from stsdetect.reference.places import Port
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.listed import NO_LISTS, Listed
from stsdetect.score.meetings import HOUR_US, TypeClass, type_class
from stsdetect.settings import PortCallSettings, ScoreSettings

#: A silence that begins this long before the end of the loading still follows it [us]: its edge is a fix.
_EDGE_US = HOUR_US


@dataclass(frozen=True, slots=True)
class Stop:
    """One event of one vessel as voyages read it, a port call or a gap; times are microseconds since 1970 UTC."""

    event_id: str
    kind: str
    subtype: str
    vessel_a: str
    mmsi_a: int | None
    name_a: str | None
    ship_type_a: int | None
    length_a_m: float | None
    start_time: int
    end_time: int
    duration_h: float
    implied_speed_kn: float | None
    port_id: str | None
    port_distance_km: float | None
    lat_deg: float | None
    lon_deg: float | None
    draught_before_a_m: float | None
    draught_change_a_m: float | None
    coverage: str | None
    n_rivals: int | None
    reach_max_h: float | None
    from_events: str | None
    is_open: bool
    flags: str

    @property
    def marks(self) -> frozenset[str]:
        """Its flags."""
        return frozenset(filter(None, self.flags.split(";")))

    @property
    def inferred(self) -> bool:
        """Whether it is only what a silence could hide."""
        return self.subtype == "inferred"

    @property
    def craft(self) -> TypeClass:
        """What its broadcast type stands for."""
        return type_class(self.ship_type_a)


_NAMES = [field.name for field in fields(Stop)]


def read_stops(events: pa.Table, kinds: Sequence[str]) -> list[Stop]:
    """Read the events of some kinds of an `EVENTS` table, by start and id; exact repetitions count once."""
    table = events.filter(pc.is_in(events.column("kind"), pa.array(list(kinds), pa.string()))).select(_NAMES)
    columns = []
    for name in _NAMES:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        elif pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
        columns.append(column.to_pylist())
    return sorted(set(map(Stop, *columns)), key=lambda stop: (stop.start_time, stop.event_id, repr(stop)))


@dataclass(frozen=True)
class Harbours:
    """The ports, by what they are to a voyage."""

    ports: Mapping[str, Port]
    rule: PortCallSettings
    #: Whether cargo goes out of the watched ports, to those that `supply` names, and not the other way.
    export: bool = False

    @classmethod
    def of(cls, ports: Sequence[Port], rule: PortCallSettings, *, export: bool = False) -> Harbours:
        """Take all ports; of equal ids the first counts."""
        return cls({port.id: port for port in reversed(ports)}, rule, export)

    @cached_property
    def supply(self) -> frozenset[str]:
        """Ids of the supply ports."""
        return frozenset(port.id for port in self.ports.values() if is_supply(port, self.rule))

    @cached_property
    def watched(self) -> frozenset[str]:
        """Ids of the ports of the countries that are looked for behind silences."""
        return frozenset(port.id for port in self.ports.values() if port.country in self.rule.hidden_countries)

    def at(self, call: Stop) -> bool:
        """Say whether a call was at its port, and not just nearest to it, as a told one may be."""
        return (
            call.port_id is not None
            and call.port_id in self.ports
            and (call.port_distance_km or 0.0) <= 1.5 * self.rule.radius_km
        )

    def loading(self, call: Stop) -> str | None:
        """Return the supply port a call may have been at: its own, or the nearest within the radius of a call.

        Terminals lie side by side, and a stay is told at that whose point is nearest: a product tanker off Vostochny
        may be nearer to Kozmino, which ships crude.
        """
        if call.port_id in self.supply:
            return call.port_id
        radius_m = 1000.0 * self.rule.radius_km
        if call.port_id not in self._beside or call.lat_deg is None or call.lon_deg is None:
            return None
        far_m = self._far_from_supply_m(call.lat_deg, call.lon_deg)
        nearest = min(far_m, key=lambda name: (far_m[name], name))
        return nearest if far_m[nearest] <= radius_m else None

    @cached_property
    def _beside(self) -> frozenset[str]:
        """Ids of the ports so near to a supply port that one stay may be at either."""
        most_m = 2000.0 * self.rule.radius_km
        return frozenset(
            port.id
            for port in self.ports.values()
            if self.supply and min(self._far_from_supply_m(port.lat_deg, port.lon_deg).values()) <= most_m
        )

    def _far_from_supply_m(self, lat_deg: float, lon_deg: float) -> dict[str, float]:
        ids, xyz = self._supply_xyz
        here = to_xyz(np.array([lat_deg]), np.array([lon_deg]))
        return dict(zip(ids, distance_m(np.broadcast_to(here, xyz.shape), xyz).tolist(), strict=True))

    @cached_property
    def _supply_xyz(self) -> tuple[list[str], Floats]:
        ids = sorted(self.supply)
        lat, lon = (np.array([getattr(self.ports[name], f"{axis}_deg") for name in ids]) for axis in ("lat", "lon"))
        return ids, to_xyz(lat, lon)

    def name(self, port_id: str | None) -> str:
        """Return the name of a port."""
        port = self.ports.get(port_id or "")
        return "an unknown port" if port is None else port.name

    def country(self, port_id: str | None) -> str:
        """Return the country of a port; "" where it is not known."""
        port = self.ports.get(port_id or "")
        return "" if port is None else port.country


@dataclass(frozen=True)
class Delivery:
    """A loading, and the call at a watched port that was seen or possible after it.

    Of an export ``load`` is the landing after that call, and ``between`` lies after it.
    """

    load: Stop
    call: Stop
    silence: Stop | None
    between: tuple[Stop, ...]

    @property
    def starts_us(self) -> int:
        """When the vessel was lost from sight, or came to be seen at the watched port."""
        return self.call.start_time if self.silence is None else self.silence.start_time

    @property
    def order(self) -> tuple[int, str, str]:
        """Sort key of a total order."""
        return self.starts_us, self.call.event_id, self.load.event_id


@dataclass(frozen=True)
class DeliveryCase:
    """One delivery with what is known of its vessel: all an indicator may look at."""

    delivery: Delivery
    harbours: Harbours
    flag: str | None
    long_silences: int
    times: int
    listed: Listed = NO_LISTS
    #: What is looked for.
    aim: ScoreSettings = ScoreSettings()
    #: What the user knows to be innocent.
    known: Known = NOTHING_KNOWN

    @property
    def wait_h(self) -> float:
        """Hours between the loading and the call (or the silence), whichever comes first; 0 where they overlap."""
        one = self.delivery
        after = one.silence or one.call
        first, second = (
            (after.end_time, one.load.start_time) if self.harbours.export else (one.load.end_time, one.starts_us)
        )
        return max((second - first) / HOUR_US, 0.0)


def deliveries(stops: Sequence[Stop], harbours: Harbours) -> dict[str, list[Delivery]]:
    """Find the deliveries of each vessel that loaded at a supply port, by vessel, in order."""
    by_vessel: dict[str, list[Stop]] = {}
    for stop in stops:
        by_vessel.setdefault(stop.vessel_a, []).append(stop)
    found = {vessel: list(_of_vessel(own, harbours)) for vessel, own in sorted(by_vessel.items())}
    return {vessel: sorted(own, key=lambda one: one.order) for vessel, own in found.items() if own}


def _of_vessel(stops: list[Stop], harbours: Harbours) -> Iterator[Delivery]:
    seen = [s for s in stops if s.kind == "port_call" and not s.inferred and harbours.at(s)]
    loads = sorted((s for s in seen if harbours.loading(s)), key=lambda s: (s.end_time, s.event_id))
    if not loads:
        return
    gaps = {stop.event_id: stop for stop in stops if stop.kind == "gap"}
    ends = [load.end_time for load in loads]
    if harbours.export:
        loads.sort(key=lambda s: (s.start_time, s.event_id))
    starts = [load.start_time for load in loads]
    longest_us = round(harbours.rule.delivery_max_s * 1e6)
    for call in stops:
        if call.kind != "port_call" or call.port_id not in harbours.watched:
            continue
        silence = gaps.get(call.from_events or "") if call.inferred else None
        if not call.inferred and not harbours.at(call):
            continue
        if harbours.export:
            # The first landing after it; the end of a silence is a fix, too.
            end = call.end_time if silence is None else silence.end_time
            next_one = bisect_left(starts, end - _EDGE_US)
            if next_one < len(starts) and starts[next_one] - end <= longest_us:
                there = (s for s in seen if end <= s.start_time < starts[next_one])
                between = tuple(s for s in there if s.port_id not in harbours.watched)
                yield Delivery(loads[next_one], call, silence, between)
            continue
        begin = call.start_time if silence is None else silence.start_time
        last = bisect_right(ends, begin + _EDGE_US) - 1
        if last < 0 or begin - ends[last] > longest_us:
            continue
        between = tuple(s for s in seen if ends[last] <= s.start_time < begin and s.port_id not in harbours.watched)
        yield Delivery(loads[last], call, silence, between)


def long_silences(stops: Sequence[Stop]) -> Counter[str]:
    """Count the silences of 6 h and more of each vessel."""
    return Counter(stop.vessel_a for stop in stops if stop.kind == "gap" and stop.subtype == "silence")
