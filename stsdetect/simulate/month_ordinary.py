"""Meetings of a simulated month that are lawful or none of our business, and look like a transfer all the same.

Bunkering off port limits and of fishing fleets, lightering off oil ports, fish carriers among their boats, ships that
raft or wait side by side, boats that trawl in pairs, and craft that serve ships at anchor. That there are such meetings
is known of these seas; how many, how long and where is our judgement, on the plentiful side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stsdetect.simulate import month_tracks as does
from stsdetect.simulate.month_fleet import (
    CARGO_PORTS,
    EARLY_S,
    GROUNDS,
    TANKER_PORTS,
    Crew,
    bunkering,
    to_port,
    trade,
)
from stsdetect.simulate.month_hulls import Shipyard
from stsdetect.simulate.month_sea import Point
from stsdetect.simulate.month_tracks import Voyage, route
from stsdetect.simulate.motion import Water, draw_water
from stsdetect.simulate.scenes import DAY, HOUR
from stsdetect.units import EARTH_RADIUS_M

#: How far off the shore ships are bunkered off port limits, and wait for a berth [km].
_OFF_LIMITS_KM = (22.0, 60.0)
#: How many ships a bunker tanker off port limits, a fish carrier, a fuel tanker of a fleet and a mother tanker serve.
_CUSTOMERS, _BOATS, _DAUGHTERS = (5, 10), (4, 7), (2, 5)


def ordinary_meetings(
    crew_of: Callable[[int], Crew], yard: Shipyard, ships: Sequence[Voyage], scenes: int
) -> list[Voyage]:
    """Play ``scenes`` of each kind, each kind with a random stream of its own; return the voyages of new hulls.

    Craft that serve ships at anchor go to ``ships``, which are not changed.
    """
    found: list[Voyage] = []
    if scenes:
        for kind, play in enumerate(_KINDS):
            crew = crew_of(kind)
            for _ in range(scenes):
                found += play(crew, yard)
        serving = [yard.hull(model) for model in ("bunker", "harbour", "harbour") for _ in range(scenes)]
        found += bunkering(crew_of(len(_KINDS)), serving, list(ships))
    return found


def _off_limits(crew: Crew, port: str) -> Point:
    """Return a place in open water off a port."""
    at = crew.sea.ports[port]
    near = crew.sea.cells((at.lat_deg - 1.2, at.lat_deg + 1.2, at.lon_deg - 1.4, at.lon_deg + 1.4), _OFF_LIMITS_KM[0])
    near = near[crew.sea.shore_km[near] < _OFF_LIMITS_KM[1]]
    if not len(near):
        return crew.near_road(port)
    lat, lon = crew.sea.place(int(crew.rng.choice(near)))
    return lat + crew.u(-0.02, 0.02), lon + crew.u(-0.02, 0.02)


def _waits_at(crew: Crew, voyage: Voyage, port: str, spot: Point, length_s: float, mode: int) -> float:
    """Let a hull wait in port, go to a place within the month and lie there; return since when."""
    voyage.stay(crew.u(0.5 * DAY, max(DAY, crew.span_s - length_s - 2 * DAY)) - voyage.now_s, does.LIE, 90.0)
    voyage.sail([*route(crew.sea, port, spot, crew.u(700, 3000)), spot], crew.u(8, 11))
    begin = voyage.now_s
    if mode == does.DRIFT:
        voyage.drift(length_s, draw_water(crew.rng), crew.u(0, 360))
    else:
        voyage.stay(length_s, mode)
    return begin


def _call_on(
    crew: Crew, yard: Shipyard, host: Voyage, model: str, hours: tuple[float, float], free_s: float, last_s: float
) -> Voyage | None:
    """Let a new ship in trade come to a host from its port, lie alongside and go on; None where no time is left."""
    length = crew.u(*hours) * HOUR
    ship = yard.hull(model)
    often = TANKER_PORTS if model in ("tanker", "large_tanker") else CARGO_PORTS
    here = crew.nearest_port(host.at) if crew.chance(0.6) else crew.port(crew.open_ports, often)
    voyage = Voyage.begin(ship, -EARLY_S, crew.berth(here, ship))
    spot = (host.at[0] + crew.u(-0.06, 0.06), host.at[1] + crew.u(-0.06, 0.06))
    way = [*route(crew.sea, here, spot, crew.u(700, 4500)), spot]
    trial = Voyage.begin(ship, 0.0, voyage.at)
    speed = crew.u(9, 13)
    trial.sail(way, speed)
    start = free_s + crew.u(0.5, 3) * HOUR
    if start + length > last_s:
        return None
    voyage.stay(max(HOUR, start - trial.now_s - 1.2 * HOUR - voyage.now_s), does.LIE, crew.u(0, 360))
    voyage.sail(way, speed)
    if start - voyage.now_s > 1.5 * HOUR:
        voyage.drift(start - HOUR - voyage.now_s, draw_water(crew.rng), crew.u(0, 360))
    voyage.beside(host, start, start + length, 1 if crew.chance(0.5) else -1, crew.u(2, 5))
    there = crew.port(crew.open_ports, often)
    to_port(crew, voyage, voyage.at, there, speed)
    voyage.stay(crew.u(10, 40) * HOUR, does.LIE, crew.u(0, 360))
    trade(crew, voyage, there, crew.span_s, "tanker" if "tanker" in model else "cargo")
    return voyage


def _home_again(crew: Crew, voyage: Voyage, port: str) -> Voyage:
    to_port(crew, voyage, voyage.at, port, crew.u(8, 11))
    voyage.stay(max(HOUR, crew.span_s + DAY - voyage.now_s), does.LIE, 90.0)
    return voyage


def _queue(
    crew: Crew, yard: Shipyard, host: Voyage, models: Sequence[str], hours: tuple[float, float], begin_s: float
) -> list[Voyage]:
    """Let ships come alongside a host one after another, by day and by night."""
    found: list[Voyage] = []
    free = begin_s
    for model in models:
        guest = _call_on(crew, yard, host, model, hours, free, host.now_s - HOUR)
        if guest is None:
            break
        found.append(guest)
        free += crew.u(*hours) * HOUR + crew.u(3, 14) * HOUR
    return found


def bunkering_off_limits(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """A small tanker drifts off port limits for days and bunkers ship after ship, 1.5-4 h each."""
    hull = yard.hull("tanker", length_m=(66, 95))
    port = crew.port(crew.open_ports, CARGO_PORTS)
    host = Voyage.begin(hull, -EARLY_S, crew.berth(port, hull))
    begin = _waits_at(crew, host, port, _off_limits(crew, port), crew.u(3, 6) * DAY, does.DRIFT)
    count = int(crew.rng.integers(*_CUSTOMERS))
    models = [("cargo", "cargo", "tanker")[int(crew.rng.integers(3))] for _ in range(count)]
    guests = _queue(crew, yard, host, models, (1.5, 4.0), begin)
    return [_home_again(crew, host, port), *guests]


def lightering(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """A large tanker lies at anchor in the road of an oil port and pumps into smaller ones, 8-18 h each."""
    hull = yard.hull("large_tanker")
    port = crew.port(crew.open_ports, TANKER_PORTS)
    host = Voyage.begin(hull, -EARLY_S, crew.berth(port, hull))
    begin = _waits_at(crew, host, port, crew.near_road(port), crew.u(3, 5) * DAY, does.SWING)
    models = ["tanker"] * int(crew.rng.integers(*_DAUGHTERS))
    guests = _queue(crew, yard, host, models, (8.0, 18.0), begin)
    if crew.chance(0.6):
        host.type_draught(host.now_s, host.hull.draught_m * crew.u(0.7, 0.85))
    return [_home_again(crew, host, port), *guests]


def _ground(crew: Crew) -> Point:
    """Draw a fishing ground of the season, or a place well off the shore where the area has none."""
    spots = [at for at, months in GROUNDS if crew.month in months and crew.sea.holds(*at)]
    spots = [at for at in spots if crew.sea.is_wet(np.array([at[0]]), np.array([at[1]]))[0]]
    if not spots:
        return crew.sea.place(int(crew.rng.choice(crew.sea.cells(crew.sea.area, 30.0))))
    lat, lon = spots[int(crew.rng.integers(len(spots)))]
    return lat + crew.u(-0.1, 0.1), lon + crew.u(-0.1, 0.1)


def _fleet_and(crew: Crew, yard: Shipyard, model: str, length_m: tuple[int, int], hours: tuple[float, float]) -> list[
    Voyage
]:  # fmt: skip
    """A carrier or fuel tanker drifts on a ground while boats come alongside, mostly at night, and fish in between."""
    hull = yard.hull(model, length_m=length_m)
    port = crew.port(crew.open_ports)
    host = Voyage.begin(hull, -EARLY_S, crew.berth(port, hull))
    spot = _ground(crew)
    begin = _waits_at(crew, host, port, spot, crew.u(2, 4) * DAY, does.DRIFT)
    free, boats = begin + HOUR, []
    for _ in range(int(crew.rng.integers(*_BOATS))):
        length = crew.u(*hours) * HOUR
        start = free + crew.u(1, 6) * HOUR
        free = start + length
        if free > host.now_s - HOUR:
            break
        boats.append(_fishes(crew, yard, host, spot, start, length))
    return [_home_again(crew, host, port), *boats]


def _fishes(crew: Crew, yard: Shipyard, host: Voyage, spot: Point, start_s: float, length_s: float) -> Voyage:
    boat = yard.hull("trawler")
    home = crew.port(crew.open_ports)
    voyage = Voyage.begin(boat, -EARLY_S, crew.berth(home, boat))
    ground = (spot[0] + crew.u(-0.2, 0.2), spot[1] + crew.u(-0.2, 0.2))
    voyage.sail([*route(crew.sea, home, ground, crew.u(-2500, 2500)), ground], crew.u(8, 10))
    voyage.stay(max(HOUR, start_s - 3 * HOUR - voyage.now_s), does.WORK)
    voyage.beside(host, start_s, start_s + length_s, 1 if crew.chance(0.5) else -1, crew.u(1, 4))
    voyage.sail([ground], 8.0)
    voyage.stay(crew.u(1, 5) * DAY, does.WORK)
    return _home_again(crew, voyage, home)


def fish_carrier(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """A carrier, which says it is a cargo ship, takes the catch of its boats, 1-5 h each."""
    return _fleet_and(crew, yard, "cargo", (78, 100), (1.0, 5.0))


def fleet_fuel(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """A small tanker fuels boats on their ground, 0.7-2.5 h each."""
    return _fleet_and(crew, yard, "tanker", (66, 85), (0.7, 2.5))


def rafted(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """Two ships of one owner without work lie alongside in a road for days; half are tankers."""
    model = "tanker" if crew.chance(0.5) else "cargo"
    one, two = yard.hull(model), yard.hull(model)
    port = crew.port(crew.open_ports, CARGO_PORTS)
    host = Voyage.begin(one, -DAY, crew.road(port))
    host.stay(crew.span_s + 3 * DAY, does.SWING)
    guest = Voyage.begin(two, -EARLY_S, crew.berth(port, two))
    guest.stay(crew.u(1, 0.5 * crew.span_s / DAY) * DAY - guest.now_s, does.LIE, 90.0)
    guest.sail([crew.sea.entrance(port)], 7.0)
    start = guest.now_s + 3 * HOUR
    guest.beside(host, start, start + crew.u(1, 6) * DAY, 1, crew.u(2, 5))
    return [host, _home_again(crew, guest, port)]


def waiting_together(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """Three or four tankers wait for a berth off an oil port, 300-1,500 m apart in the same water, for hours."""
    port = crew.port(crew.open_ports, TANKER_PORTS)
    spot, water = _off_limits(crew, port), draw_water(crew.rng)
    middle = crew.u(2 * DAY, crew.span_s - 2 * DAY)
    return [_waits_among(crew, yard, port, spot, water, middle) for _ in range(int(crew.rng.integers(3, 5)))]


def _waits_among(crew: Crew, yard: Shipyard, port: str, spot: Point, water: Water, middle_s: float) -> Voyage:
    ship = yard.hull("tanker")
    here = crew.port(crew.open_ports, TANKER_PORTS, port)
    voyage = Voyage.begin(ship, -EARLY_S, crew.berth(here, ship))
    off_deg, angle = np.degrees(crew.u(150, 800) / EARTH_RADIUS_M), crew.u(0, 2 * np.pi)
    place = (float(spot[0] + off_deg * np.cos(angle)), float(spot[1] + off_deg * np.sin(angle)))
    way = [*route(crew.sea, here, place, crew.u(700, 4500)), place]
    trial, speed = Voyage.begin(ship, 0.0, voyage.at), crew.u(9, 12)
    trial.sail(way, speed)
    since = middle_s - crew.u(3, 14) * HOUR
    voyage.stay(max(HOUR, since - trial.now_s - voyage.now_s), does.LIE, crew.u(0, 360))
    voyage.sail(way, speed)
    voyage.drift(max(2 * HOUR, middle_s + crew.u(3, 14) * HOUR - voyage.now_s), water, crew.u(0, 360))
    to_port(crew, voyage, voyage.at, port, speed)
    voyage.stay(crew.u(10, 30) * HOUR, does.LIE, crew.u(0, 360))
    trade(crew, voyage, port, crew.span_s, "tanker")
    return voyage


def pair_trawlers(crew: Crew, yard: Shipyard) -> list[Voyage]:
    """Two boats tow one net between them for a day or two, 200-450 m apart, at the speed of a transfer under way."""
    one, two = yard.hull("trawler"), yard.hull("trawler")
    home = crew.port(crew.open_ports)
    voyage = Voyage.begin(one, -EARLY_S, crew.berth(home, one))
    spot = _ground(crew)
    voyage.stay(crew.u(0.5, crew.span_s / DAY - 4) * DAY - voyage.now_s, does.LIE, 90.0)
    voyage.sail([*route(crew.sea, home, spot, crew.u(-2500, 2500)), spot], 9.0)
    voyage.stay(crew.u(20, 48) * HOUR, does.WORK)
    _home_again(crew, voyage, home)
    return [voyage, voyage.copied(two, aside_m=crew.u(200, 450))]


_KINDS: tuple[Callable[[Crew, Shipyard], list[Voyage]], ...] = (
    bunkering_off_limits, lightering, fish_carrier, fleet_fuel, rafted, waiting_together, pair_trawlers,
)  # fmt: skip
