"""The background of a simulated month: thousands of voyages in which nothing is hidden, silences and all.

Every hull is followed from port to port, ground or anchorage. Shares and habits without a source are our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from stsdetect.simulate import month_tracks as does
from stsdetect.simulate.hulls import Hull
from stsdetect.simulate.month_hulls import Shipyard
from stsdetect.simulate.month_sea import Point, Sea, apart_m, first_berth
from stsdetect.simulate.month_tracks import AWAY, OWN_REASONS, Voyage, route
from stsdetect.simulate.motion import draw_water
from stsdetect.simulate.scenes import DAY, HOUR

#: Voyages begin this long before the month does [s], so that it finds hulls everywhere.
EARLY_S = 8 * DAY
#: Share of vessels by trade, in order. Tankers are 13 % of merchant ships. Most hulls in these seas fish.
SHARES: dict[str, float] = {
    "cargo": 0.27, "tanker": 0.045, "ferry": 0.02, "trawler": 0.19, "boat": 0.24, "harbour": 0.07, "bunker": 0.02,
    "tow": 0.015, "dprk_cargo": 0.02, "dprk_tanker": 0.01, "laid_up": 0.06, "idle": 0.04,
}  # fmt: skip
#: How often ports are called at, where not once: the large ones of each trade (our choice by their roles).
CARGO_PORTS = {"kr_busan": 4.0, "cn_ningbo": 4.0, "cn_lianyungang": 2.0, "cn_dalian": 2.0, "cn_qinhuangdao": 2.0,
               "kr_incheon": 2.0, "tw_kaohsiung": 3.0, "kr_gwangyang": 2.0, "ru_vostochny": 2.0}  # fmt: skip
TANKER_PORTS = {"kr_yeosu": 4.0, "kr_ulsan": 4.0, "kr_daesan": 3.0, "ru_vostochny": 2.0, "ru_nakhodka": 2.0,
                "tw_kaohsiung": 2.0, "tw_mailiao": 2.0, "tw_taichung": 1.5, "cn_dalian": 3.0, "cn_ningbo": 3.0,
                "kr_busan": 2.0, "ru_vladivostok": 1.0}  # fmt: skip
#: Where ways leave these seas: Bashi, Osumi, Tsugaru and the Taiwan Strait: latitude, longitude [degrees].
EXITS = ((22.7, 121.6), (30.6, 130.2), (41.3, 133.8), (22.8, 118.4), (28.0, 130.5))
#: Grounds of the Yellow and East China Seas with the months in which boats work them (our choice): the summer
#: moratorium of China, May to August north of 26.5 N, empties most (Ministry of Agriculture; from memory).
GROUNDS = (
    ((33.0, 123.2), (9, 10, 11, 12, 1, 2, 3, 4)), ((34.6, 122.3), (9, 10, 11, 12, 3, 4)),
    ((36.3, 123.4), (9, 10, 11, 12, 3, 4)), ((37.8, 122.9), (9, 10, 11, 3, 4, 5)),
    ((31.2, 124.4), (9, 10, 11, 12, 1, 2, 3, 4)), ((29.6, 124.2), (9, 10, 11, 12, 1, 2, 3, 4)),
    ((28.0, 122.9), (9, 10, 11, 12, 1, 2, 3, 4)), ((26.9, 122.0), (1, 2, 3, 4, 8, 9, 10)),
    ((34.2, 125.3), range(1, 13)), ((33.0, 126.3), range(1, 13)), ((35.9, 125.5), range(1, 13)),
    ((36.6, 130.6), (6, 7, 8, 9, 10, 11, 12)), ((39.8, 131.3), (6, 7, 8, 9, 10, 11)), ((37.1, 124.3), range(1, 13)),
    ((35.3, 130.4), range(1, 13)), ((38.6, 121.5), (9, 10, 11, 4, 5)),
)  # fmt: skip


#: Places to anchor off a port.
_ROOMS = 132


@dataclass
class Crew:
    """What a hull's master decides with: a random stream, the chart, the length of the month [s] and its number."""

    rng: np.random.Generator
    sea: Sea
    span_s: float
    month: int
    anchored: dict[str, int] = field(default_factory=dict)

    def u(self, low: float, high: float) -> float:
        """Draw evenly from ``low`` to ``high``."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """Be true in ``share`` of draws."""
        return bool(self.rng.random() < share)

    def port(self, ids: Iterable[str], often: dict[str, float] | None = None, not_at: str = "") -> str:
        """Draw a port, the large ones more often; of all ports where there is none to choose from."""
        names = [name for name in ids if name != not_at] or [name for name in self.sea.ports if name != not_at]
        weight = np.array([(often or {}).get(name, 0.3 if often else 1.0) for name in names])
        return names[int(self.rng.choice(len(names), p=weight / weight.sum()))]

    def berth(self, port: str, hull: Hull) -> Point:
        """Draw a berth of a port by the hull's size."""
        harbour = self.sea.harbours[port]
        spots = harbour.ships if hull.length_m > 40 else harbour.craft
        lat, lon = spots[int(self.rng.integers(min(len(spots), 60 if hull.length_m > 40 else 800)))]
        return float(lat) + self.u(-2e-4, 2e-4), float(lon) + self.u(-2e-4, 2e-4)

    def road(self, port: str) -> Point:
        """Give out the next free place of the anchorage off a port: 132 on a patch of ten kilometres by ten.

        Ships at anchor keep some 900 m from each other, as in `archive_places`.
        """
        number = self.anchored.setdefault(port, int(self.rng.integers(_ROOMS)))
        self.anchored[port] = number + 1
        row, column = divmod(number * 37 % _ROOMS, 12)
        middle = self.sea.place(self.sea.nearest(*self._off(port)))
        return middle[0] + 0.0082 * (row - 5) + self.u(-1e-3, 1e-3), middle[1] + 0.0098 * (column - 5.5) + self.u(
            -1e-3, 1e-3
        )

    def near_road(self, port: str) -> Point:
        """Draw a place among the ships at anchor off a port."""
        middle = self.sea.place(self.sea.nearest(*self._off(port)))
        return middle[0] + self.u(-0.045, 0.045), middle[1] + self.u(-0.055, 0.055)

    def _off(self, port: str) -> Point:
        lat, lon = first_berth(self.sea.harbours[port])
        angle = np.radians(self.sea.harbours[port].seaward_deg)
        return float(lat + 0.16 * np.cos(angle)), float(lon + 0.19 * np.sin(angle))

    def nearest_port(self, at: Point) -> str:
        """Return the open port whose entrance is nearest."""
        return min(self.open_ports, key=lambda name: float(apart_m(*self.sea.entrance(name), *at)))

    @property
    def open_ports(self) -> list[str]:
        """Ports of the world's trade: those of the DPRK are not."""
        return [name for name in self.sea.ports if not name.startswith("kp_")]


def to_port(crew: Crew, voyage: Voyage, begin: str | Point, end: str, speed_kn: float, *, berth: bool = True) -> None:
    """Sail from a port or place to a port's berth, or only to its road."""
    way = route(crew.sea, begin, end, crew.u(700, 4500))
    last = crew.berth(end, voyage.hull) if berth else crew.road(end)
    voyage.sail([*way, last] if berth else [*way[:-1], last], speed_kn)


def load_or_not(crew: Crew, voyage: Voyage, *, share: float = 0.65) -> None:
    """Type a new draught after a call in ``share`` of cases: laden after ballast and the reverse."""
    laden = voyage.hull.draught_m
    if crew.chance(share):
        voyage.type_draught(voyage.now_s, laden * crew.u(0.62, 0.75) if voyage.typed_m > 0.85 * laden else laden)


def merchant_call(crew: Crew, voyage: Voyage, port: str, stay_h: tuple[float, float]) -> None:
    """Lie in port; in one call of eight the transponder is off meanwhile."""
    begin = voyage.now_s
    voyage.stay(crew.u(*stay_h) * HOUR, does.LIE, crew.u(0, 360))
    if crew.chance(0.12):
        voyage.switch_off(begin + HOUR, voyage.now_s - HOUR, OWN_REASONS)
    load_or_not(crew, voyage)


def idle_at_sea(crew: Crew, voyage: Voyage, hours: float) -> None:
    """Drift and wait for orders, a berth or the tide."""
    voyage.drift(hours * HOUR, draw_water(crew.rng), crew.u(0, 360))


def _waits(crew: Crew, voyage: Voyage, way: list[Point], share: float, speed_kn: float) -> None:
    """Sail a way and in ``share`` of cases drift for 3-24 h where it is well off the coast."""
    off = [at for at, place in enumerate(way) if crew.sea.shore_km[crew.sea.nearest(*place)] > 25.0]
    if len(off) < 1 or not crew.chance(share):
        voyage.sail(way, speed_kn)
        return
    at = off[int(crew.rng.integers(len(off)))]
    before = way[at - 1] if at else voyage.at
    part = crew.u(0.3, 1.0)
    spot = (before[0] + part * (way[at][0] - before[0]), before[1] + part * (way[at][1] - before[1]))
    voyage.sail([*way[:at], spot], speed_kn)
    idle_at_sea(crew, voyage, float(np.exp(crew.u(np.log(3), np.log(24)))))
    voyage.sail(way[at:], speed_kn)


def merchant_leg(
    crew: Crew, voyage: Voyage, here: str, there: str, *, drifts: float, speed_kn: float, stay_h: tuple[float, float]
) -> None:
    """Sail to another port, at times waiting on the way or in its road, and lie there."""
    begin = voyage.now_s
    speed = speed_kn * crew.u(0.93, 1.05)
    way = route(crew.sea, here, there, crew.u(700, 4500))
    _waits(crew, voyage, way, drifts, speed)
    length = voyage.now_s - begin
    if crew.chance(0.03) and length > 12 * HOUR:  # a broken set, or a master who would rather not be seen
        off = begin + crew.u(0.1, 0.6) * length
        voyage.switch_off(off, min(off + crew.u(5, 48) * HOUR, voyage.now_s - HOUR), OWN_REASONS)
    if crew.chance(0.05):  # a draught put right, or typed wrong, on the way
        voyage.type_draught(begin + crew.u(0.2, 0.9) * length, voyage.typed_m + crew.u(-0.9, 0.9))
    if crew.chance(0.45):
        voyage.sail([crew.road(there)], speed * 0.7)
        voyage.stay(float(np.exp(crew.u(np.log(3), np.log(60)))) * HOUR, does.SWING)
    voyage.sail([crew.sea.entrance(there), crew.berth(there, voyage.hull)],
                speed * 0.6)  # fmt: skip
    merchant_call(crew, voyage, there, stay_h)


def away(crew: Crew, voyage: Voyage, here: str, speed_kn: float) -> Point | None:
    """Leave these seas for days, by an exit of the chart, and come back by the same; None without an exit."""
    exits = [at for at in EXITS if crew.sea.holds(*at)]
    if not exits:
        return None
    gate = exits[int(crew.rng.integers(len(exits)))]
    voyage.sail(route(crew.sea, here, gate, crew.u(700, 4500)), speed_kn)
    begin = voyage.now_s
    voyage.stay(crew.u(3, 14) * DAY, does.LIE)
    voyage.switch_off(begin, voyage.now_s, AWAY)
    return voyage.at


def trade(crew: Crew, voyage: Voyage, here: str, until_s: float, kind: str, *, leaves: bool = True) -> str:
    """Trade from port to port until ``until_s`` or soon after; return the port where it then lies.

    One that ``leaves`` is at times bound for ports beyond these seas.
    """
    often = TANKER_PORTS if kind == "tanker" else CARGO_PORTS
    speed = crew.u(9.5, 13.5) if kind == "tanker" else crew.u(9.5, 16.0)
    stay = (10.0, 34.0)
    while voyage.now_s < until_s:
        there = crew.port(crew.open_ports, often, here)
        begin: str | Point = here
        if leaves and crew.chance(0.3 if kind == "cargo" else 0.12):
            gate = away(crew, voyage, here, speed)
            begin = gate if gate is not None else here
        drifts = 0.4 if kind == "tanker" else 0.1
        if isinstance(begin, str):
            merchant_leg(crew, voyage, begin, there, drifts=drifts, speed_kn=speed, stay_h=stay)
        else:
            to_port(crew, voyage, begin, there, speed)
            merchant_call(crew, voyage, there, stay)
        here = there
    return here


def merchant(crew: Crew, hull: Hull, kind: str) -> Voyage:
    """A cargo ship or tanker in tramp trade."""
    here = crew.port(crew.open_ports, TANKER_PORTS if kind == "tanker" else CARGO_PORTS)
    voyage = Voyage.begin(hull, -EARLY_S, crew.berth(here, hull))
    voyage.stay(crew.u(2, 60) * HOUR, does.LIE, crew.u(0, 360))
    trade(crew, voyage, here, crew.span_s, kind)
    return voyage


def ferry(crew: Crew, hull: Hull) -> Voyage:
    """A ferry between two ports near each other, all month."""
    here = crew.port(crew.open_ports)
    at = crew.sea.ports[here]

    def far(name: str) -> float:
        port = crew.sea.ports[name]
        return float(apart_m(at.lat_deg, at.lon_deg, port.lat_deg, port.lon_deg))

    there = sorted((name for name in crew.open_ports if name != here), key=far)[:6][int(crew.rng.integers(3))]
    voyage = Voyage.begin(hull, -DAY - crew.u(0, DAY), crew.berth(here, hull))
    speed = crew.u(15, 23)
    while voyage.now_s < crew.span_s:
        voyage.stay(crew.u(3, 12) * HOUR, does.LIE, crew.u(0, 360))
        to_port(crew, voyage, here, there, speed)
        here, there = there, here
    return voyage


def fishing(crew: Crew, hull: Hull) -> Voyage:
    """A boat between its harbour and grounds in season.

    Some hide where they fish: in one trip of eight the transponder is off for hours on the ground; in harbour half are.
    """
    open_now = [at for at, months in GROUNDS if crew.month in months and crew.sea.holds(*at)]
    cells = crew.sea.cells(crew.sea.area, 30.0)
    home = crew.port(crew.open_ports)
    voyage = Voyage.begin(hull, -EARLY_S, crew.berth(home, hull))
    voyage.stay(crew.u(0, 6) * DAY, does.LIE, crew.u(0, 360))
    at = crew.sea.ports[home]
    near = sorted(open_now, key=lambda spot: float(apart_m(at.lat_deg, at.lon_deg, *spot)))[:4]
    while voyage.now_s < crew.span_s:
        middle = near[int(crew.rng.integers(len(near)))] if near else crew.sea.place(int(crew.rng.choice(cells)))
        speed = crew.u(7.5, 10.0)
        out = route(crew.sea, home, middle, crew.u(-3000, 3000))
        voyage.sail(out, speed)
        begin = voyage.now_s
        for _ in range(int(crew.rng.integers(2, 6))):
            spot = (middle[0] + crew.u(-0.35, 0.35), middle[1] + crew.u(-0.4, 0.4))
            if crew.sea.is_wet(np.array([spot[0]]), np.array([spot[1]]))[0]:
                voyage.sail([spot], speed)
            voyage.stay(crew.u(10, 44) * HOUR, does.WORK)
        if crew.chance(0.125):
            off = begin + crew.u(0, 0.7) * (voyage.now_s - begin)
            voyage.switch_off(off, min(off + crew.u(4, 30) * HOUR, voyage.now_s), OWN_REASONS)
        voyage.sail([*out[::-1], crew.berth(home, hull)], speed)
        begin = voyage.now_s
        voyage.stay(crew.u(0.5, 4) * DAY, does.LIE, crew.u(0, 360))
        if crew.chance(0.5):
            voyage.switch_off(begin + crew.u(0.2, 2) * HOUR, voyage.now_s - 0.2 * HOUR, OWN_REASONS)
    return voyage


def harbour_craft(crew: Crew, hull: Hull) -> Voyage:
    """A pilot boat, tug or service craft: short trips to the road and back."""
    home = crew.port(crew.open_ports, CARGO_PORTS)
    base = crew.berth(home, hull)
    voyage = Voyage.begin(hull, -DAY, base)
    while voyage.now_s < crew.span_s:
        voyage.stay(crew.u(2, 14) * HOUR, does.LIE, 90.0)
        cell = crew.sea.entrance(home)
        speed = crew.u(7, 10)
        voyage.sail([cell, crew.near_road(home)], speed)
        voyage.stay(crew.u(0.3, 1.2) * HOUR, does.LIE, 90.0)
        voyage.sail([cell, base], speed)
    return voyage


def tow(crew: Crew, tug: Hull, barge: Hull) -> list[Voyage]:
    """A tug and its barge 300-450 m behind, coastwise at 5-7 kn."""
    here = crew.port(crew.open_ports)
    voyage = Voyage.begin(tug, -EARLY_S, crew.berth(here, tug))
    while voyage.now_s < crew.span_s:
        there = crew.port(crew.open_ports, None, here)
        voyage.stay(crew.u(8, 90) * HOUR, does.LIE, crew.u(0, 360))
        to_port(crew, voyage, here, there, crew.u(5.0, 7.0))
        here = there
    return [voyage, voyage.copied(barge, later_s=crew.u(95, 150))]


def laid_up(crew: Crew, hull: Hull) -> Voyage:
    """A ship or boat that lies in port all month; some switch off for days."""
    voyage = Voyage.begin(hull, -DAY, crew.berth(crew.port(crew.open_ports), hull))
    voyage.stay(crew.span_s + 2 * DAY, does.LIE, crew.u(0, 360))
    if crew.chance(0.4):
        off = crew.u(0, 0.9) * crew.span_s
        voyage.switch_off(off, off + crew.u(0.3, 8) * DAY, OWN_REASONS)
    return voyage


def idle(crew: Crew, hull: Hull) -> Voyage:
    """A ship without work that lies in a road for days and shifts at times."""
    port = crew.port(crew.open_ports, CARGO_PORTS)
    voyage = Voyage.begin(hull, -DAY, crew.road(port))
    while voyage.now_s < crew.span_s:
        voyage.stay(crew.u(2, 12) * DAY, does.SWING)
        voyage.sail([crew.road(port)], 6.0)
    return voyage


def dprk(crew: Crew, voyage: Voyage, here: str, until_s: float, *, tanker: bool) -> str:
    """Trade between DPRK ports and the nearest of China and Russia until ``until_s``; return the port where it lies.

    Nearly half of such voyages are sailed with the transponder off in the middle (our choice; the advisories of OFAC
    name it as a common practice of that fleet), whatever is carried. Tankers go from port to port of their own coast;
    one voyage of eight is a delivery under the cap from Dalian or another port of China, seen all the way.
    """
    own = [name for name in crew.sea.ports if name.startswith("kp_") and "lock" not in name]
    while voyage.now_s < until_s:
        home = here.startswith("kp_")
        east = crew.sea.ports[here].lon_deg > 127.0
        near = [name for name in crew.open_ports if name.startswith(_ABROAD[east])] or crew.open_ports
        coast = [name for name in own if (crew.sea.ports[name].lon_deg > 127.0) == east and name != here] or own
        abroad = home and (crew.chance(0.125) and not east if tanker else True)
        there = crew.port(near if abroad else coast, None, here)
        begin = voyage.now_s
        merchant_leg(crew, voyage, here, there, drifts=0.25, speed_kn=crew.u(8, 10.5), stay_h=(18, 110))
        if crew.chance(0.45) and ((home and not abroad) or not tanker):
            off = begin + crew.u(0.5, 6) * HOUR
            voyage.switch_off(off, max(off, voyage.now_s - crew.u(20, 60) * HOUR), OWN_REASONS)
        here = there
    return here


#: Ports of China and Russia that ships of the west and the east coast of the DPRK trade with.
_ABROAD = (("cn_da", "cn_lo", "cn_sh", "cn_ya", "cn_we", "cn_ri", "cn_li"), ("ru_",))


def dprk_ship(crew: Crew, hull: Hull, *, tanker: bool) -> Voyage:
    """A DPRK ship in its ordinary trade."""
    own = [name for name in crew.sea.ports if name.startswith("kp_") and "lock" not in name] or crew.open_ports
    # Most ships and most of the trade are on the west coast (our choice).
    west = [name for name in own if crew.sea.ports[name].lon_deg < 127.0]
    here = crew.port(west if west and crew.chance(0.65) else own)
    voyage = Voyage.begin(hull, -EARLY_S, crew.berth(here, hull))
    voyage.stay(crew.u(2, 90) * HOUR, does.LIE, crew.u(0, 360))
    dprk(crew, voyage, here, crew.span_s, tanker=tanker)
    return voyage


def bunkering(crew: Crew, hulls: list[Hull], ships: list[Voyage]) -> list[Voyage]:
    """Bunker barges that serve ships at anchor off their port, one after another."""
    stays: dict[str, list[tuple[float, float, Voyage]]] = {}
    for ship in ships:
        for k in np.flatnonzero(np.array(ship.mode) == does.SWING).tolist():
            at = ship.lat[k], ship.lon[k]
            port = crew.nearest_port(at)
            if ship.t_s[k] > 0 and ship.t_s[k + 1] - ship.t_s[k] > 6 * HOUR:
                stays.setdefault(port, []).append((ship.t_s[k], ship.t_s[k + 1], ship))
    homes = sorted(stays) or crew.open_ports
    found = []
    for hull in hulls:
        home = homes[int(crew.rng.integers(len(homes)))]
        base = crew.berth(home, hull)
        voyage = Voyage.begin(hull, -DAY, base)
        for begin, end, ship in sorted(stays.get(home, []), key=lambda one: one[0]):
            start = max(begin + 1.5 * HOUR, voyage.now_s + 4 * HOUR)
            if start + 4.5 * HOUR > end or not crew.chance(0.4):
                continue
            voyage.stay(start - 2.5 * HOUR - voyage.now_s, does.LIE, 90.0)
            _serve(crew, voyage, home, base, ship, start)
        voyage.stay(max(HOUR, crew.span_s + DAY - voyage.now_s), does.LIE, 90.0)
        found.append(voyage)
    return found


def _serve(crew: Crew, voyage: Voyage, home: str, base: Point, ship: Voyage, start_s: float) -> None:
    cell = crew.sea.entrance(home)
    voyage.sail([cell], 8.0)
    voyage.beside(ship, start_s, start_s + crew.u(2, 4) * HOUR, 1, crew.u(2, 5))
    voyage.sail([cell, base], 8.0)


_ONE: dict[str, tuple[str, Callable[[Crew, Hull], Voyage]]] = {
    "cargo": ("cargo", lambda crew, hull: merchant(crew, hull, "cargo")),
    "tanker": ("tanker", lambda crew, hull: merchant(crew, hull, "tanker")),
    "ferry": ("ferry", ferry),
    "trawler": ("trawler", fishing),
    "boat": ("boat", fishing),
    "harbour": ("harbour", harbour_craft),
    "dprk_cargo": ("dprk_cargo", lambda crew, hull: dprk_ship(crew, hull, tanker=False)),
    "dprk_tanker": ("dprk_tanker", lambda crew, hull: dprk_ship(crew, hull, tanker=True)),
    "laid_up": ("boat", laid_up),
    "idle": ("cargo", idle),
}


def background(crew: Crew, yard: Shipyard, count: int) -> list[Voyage]:
    """Draw ``count`` vessels and let each live its month."""
    exact = np.cumsum(list(SHARES.values())) / sum(SHARES.values()) * count
    sizes = np.diff(np.round(exact).astype(np.int64), prepend=0)
    found: list[Voyage] = []
    bunker = 0
    for name, size in zip(SHARES, sizes.tolist(), strict=True):
        if name == "bunker":
            bunker = size
        elif name == "tow":
            for _ in range(size // 2):
                found += tow(crew, yard.hull("tug"), yard.hull("barge"))
            found += [laid_up(crew, yard.hull("tug")) for _ in range(size % 2)]
        else:
            model, life = _ONE[name]
            for number in range(size):
                large = name == "tanker" and number % 4 == 0
                found.append(life(crew, yard.hull("large_tanker" if large else model)))
    return found + bunkering(crew, [yard.hull("bunker") for _ in range(bunker)], found)
