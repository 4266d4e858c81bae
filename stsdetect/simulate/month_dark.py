"""What is planted in a simulated month: transfers of which one side or both are silent, as the published cases tell.

Areas are those of the published positions (``zones.csv``: off Shanghai 2018-2020, the mid Yellow Sea 2022, DPRK waters
since about 2022). Parcels are of 600-2,500 t at 250-500 t/h (`scenes.parcel`). Loading at Vostochny and discharge at
Chongjin follow RUSI/FT and OSC/BBC 2024. Suppliers load where those of the cases did: Yeosu (LIGHTHOUSE WINMORE),
Gunsan (MERCURY), Taichung and Kaohsiung, and other product ports. Times of silence without a source are our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from stsdetect.simulate import month_tracks as does
from stsdetect.simulate.hulls import ROOM_M, Hull
from stsdetect.simulate.month_fleet import EARLY_S, TANKER_PORTS, Crew, dprk, to_port, trade
from stsdetect.simulate.month_hulls import Shipyard
from stsdetect.simulate.month_radio import NM_M
from stsdetect.simulate.month_sea import Box, Point, apart_m, first_berth
from stsdetect.simulate.month_tracks import HIDING, Tracks, Voyage, route
from stsdetect.simulate.motion import draw_water
from stsdetect.simulate.scenes import DAY, HOUR
from stsdetect.simulate.world import Planted
from stsdetect.units import KNOT_MPS

#: Where transfers are planted (`zones.csv`): latitudes and longitudes [degrees].
HIGH_SEAS: tuple[Box, ...] = (
    (30.2, 32.2, 123.3, 125.3), (27.0, 29.8, 122.6, 125.4), (33.9, 36.9, 122.4, 124.6), (30.2, 32.2, 123.3, 125.3),
)  # fmt: skip
DPRK_WATERS: tuple[Box, ...] = ((38.2, 38.9, 124.0, 124.9), (37.6, 38.9, 123.5, 124.6))
#: Flags of receivers: the DPRK's own, and those falsely flown in cases.
_RECEIVERS = (445, 445, 445, 514, 667, 671, 620, 412)
#: A parcel [t], its pumping rate [t/h] and the time for mooring and hoses [h].
_PARCEL_T, _RATE_T_H, _MOORING_H = (600.0, 2500.0), (250.0, 500.0), 0.7
#: A voyage of its usual trade may end this long after the time at which a hull should be free [s].
SPARE_S = 2 * DAY
#: Share of crews that type a new draught after a transfer, and of these that type one that has nothing to do with it.
RETYPED, MISTYPED = 0.65, 0.1
#: Share of ships that take in or put out ballast meanwhile, how much by cargo, and the error of a draught that is read
#: at sea [m], standard deviation (all our choice).
BALLASTED, _BALLAST, READ_M = 0.3, (0.1, 0.4), 0.05


@dataclass
class Plot:
    """What one case adds to the month: voyages and what is true about them."""

    case: str
    voyages: list[Voyage] = field(default_factory=list)
    truth: list[tuple[str, tuple[Voyage, ...], float, float, Point, bool, str]] = field(default_factory=list)

    def tell(
        self,
        kind: str,
        who: tuple[Voyage, ...],
        start_s: float,
        end_s: float,
        at: Point,
        note: str,
        *,
        moved: bool = True,
    ) -> None:
        """Note something that truly happens; ``moved``: cargo changes hands."""
        self.truth.append((kind, who, start_s, end_s, at, moved, note))

    def planted(self, start: datetime) -> list[Planted]:
        """Return the truth with times."""
        return [
            Planted(
                kind, self.case.rpartition("-")[0], tuple(str(one.hull.mmsi) for one in who),
                start + timedelta(seconds=round(begin)), start + timedelta(seconds=round(end)), moved, note,
                round(at[0], 5), round(at[1], 5), self.case,
            )
            for kind, who, begin, end, at, moved, note in self.truth
        ]  # fmt: skip


@dataclass
class Stage:
    """What cases are played with: the masters' decisions, hulls, and when they may happen [s]."""

    crew: Crew
    yard: Shipyard

    def spot(self, boxes: tuple[Box, ...]) -> Point:
        """Draw a place in open water in one of the boxes, or anywhere where the area holds none of them."""
        crew = self.crew
        inside = [cells for cells in (crew.sea.cells(box, 15.0) for box in boxes) if len(cells)]
        cells = inside[int(crew.rng.integers(len(inside)))] if inside else crew.sea.cells(crew.sea.area, 40.0)
        lat, lon = crew.sea.place(int(crew.rng.choice(cells)))
        return lat + crew.u(-0.025, 0.025), lon + crew.u(-0.025, 0.025)

    def night(self, first_s: float, last_s: float) -> float:
        """Draw a time at night (12-17 h UTC is 20-01 h in these seas) between two times [s]."""
        day = np.floor(self.crew.u(first_s, max(first_s + 1, last_s)) / DAY)
        return float(day * DAY + self.crew.u(12.0, 16.5) * HOUR)

    def parcel(self, receiver: Hull | None = None) -> tuple[float, float]:
        """Draw a parcel [t], no more than the receiver can lift, and the time alongside it needs [s]."""
        tonnes = self.crew.u(*_PARCEL_T)
        if receiver is not None:
            tonnes = min(tonnes, ROOM_M * receiver.tonnes_per_metre)
        hours = min(max(tonnes / self.crew.u(*_RATE_T_H) + _MOORING_H, 2.0), 8.0)
        return tonnes, hours * HOUR

    def supplier(self) -> Voyage:
        """Begin the voyage of a tanker that supplies, as any tanker of its size."""
        return self._tanker((100, 150), None)

    def middleman(self) -> Voyage:
        """Begin the voyage of a tanker that carries between the two."""
        return self._tanker((75, 115), (412, 413, 620, 671, 667, 351))

    def _tanker(self, length_m: tuple[int, int], mids: tuple[int, ...] | None) -> Voyage:
        crew, hull = self.crew, self.yard.hull("tanker", mids=mids, length_m=length_m)
        return Voyage.begin(hull, -EARLY_S, crew.berth(crew.port(crew.open_ports, TANKER_PORTS), hull))

    def lies_at(self, voyage: Voyage) -> str:
        """Return the port a voyage is nearest to."""
        ports = self.crew.sea.harbours
        return min(ports, key=lambda name: float(apart_m(*first_berth(ports[name]), *voyage.at)))

    def trades(self, voyage: Voyage, until_s: float) -> str:
        """Let a tanker trade as others do until a time, so that its month is not the transfer alone."""
        voyage.stay(self.crew.u(1, 30) * HOUR, does.LIE, self.crew.u(0, 360))
        return self._as_usual(
            voyage,
            self.lies_at(voyage),
            until_s,
            lambda here, now: trade(self.crew, voyage, here, now, "tanker", leaves=False),
        )

    def _as_usual(self, voyage: Voyage, here: str, until_s: float, step: Callable[[str, float], str]) -> str:
        """Take step after step of a trade; one that would end too late is not begun."""
        while voyage.now_s < until_s:
            before = voyage.mark()
            there = step(here, voyage.now_s + 1.0)
            if voyage.now_s > until_s + SPARE_S:
                voyage.rewind(before)
                break
            here = there
        return here

    def receiver(self, until_s: float) -> tuple[Voyage, str]:
        """Begin the voyage of a receiver and let it trade until a time; return it and the port where it lies."""
        crew = self.crew
        hull = self.yard.hull("dprk_tanker", mids=_RECEIVERS, length_m=(66, 106))
        west = [name for name in ("kp_nampo", "cn_dalian", "cn_shidao", "cn_longkou") if name in crew.sea.ports]
        here = west[min(int(crew.rng.integers(6)), len(west) - 1)] if west else crew.port(crew.open_ports)
        voyage = Voyage.begin(hull, -EARLY_S, crew.berth(here, hull))
        voyage.type_draught(voyage.now_s + 1, self.light(voyage))
        voyage.stay(crew.u(1, 60) * HOUR, does.LIE, crew.u(0, 360))
        here = self._as_usual(voyage, here, until_s, lambda at, now: dprk(crew, voyage, at, now, tanker=True))
        return voyage, here

    def goes(self, voyage: Voyage, here: str | Point, spot: Point, at_s: float, speed_kn: float) -> None:
        """Wait in port, or drift, leave in time and be at a place at ``at_s``, or as soon after as it can."""
        way = [*route(self.crew.sea, here, spot, self.crew.u(700, 4500)), spot]
        points = [voyage.at, *way]
        length = sum(float(apart_m(*a, *b)) for a, b in pairwise(points))
        wait = at_s - voyage.now_s - length / (speed_kn * KNOT_MPS)
        if wait > 0 and isinstance(here, str):
            voyage.stay(wait, does.LIE, self.crew.u(0, 360))
        elif wait > 0:
            voyage.drift(wait, draw_water(self.crew.rng), self.crew.u(0, 360))
        voyage.sail(way, speed_kn)

    def home(self, voyage: Voyage, port: str, speed_kn: float) -> None:
        """Sail from where it is to a port."""
        to_port(self.crew, voyage, voyage.at, port, speed_kn)

    def ends(self, voyage: Voyage, here: str, *, dprk_trade: bool = False) -> None:
        """Let it trade on to the end of the month."""
        voyage.stay(self.crew.u(12, 60) * HOUR, does.LIE, self.crew.u(0, 360))
        if dprk_trade:
            dprk(self.crew, voyage, here, self.crew.span_s, tanker=True)
        else:
            trade(self.crew, voyage, here, self.crew.span_s, "tanker")

    def light(self, voyage: Voyage) -> float:
        """Draw a draught in ballast [m]."""
        return voyage.hull.draught_m * self.crew.u(0.62, 0.75)

    def types(self, voyage: Voyage, tonnes: float, after_s: float) -> None:
        """Let a crew type the draught after a transfer, in `RETYPED` of cases, a while after it ends."""
        if self.crew.chance(RETYPED):
            # Drawn apart, so that what a case does next does not hang on it.
            own = np.random.default_rng([voyage.hull.mmsi, round(after_s)])
            ballast = own.uniform(*_BALLAST) if own.random() < BALLASTED else 0.0
            change = tonnes * (1 - ballast) / voyage.hull.tonnes_per_metre + own.normal(0, READ_M)
            if own.random() < MISTYPED:
                change = own.uniform(-1.0, 1.0)
            voyage.type_draught(after_s + self.crew.u(0.3, 1.5) * HOUR, voyage.typed_m + change)


def crossing_s(voyage: Voyage, spot: Point, from_m: float, near_s: float, way: int) -> float:
    """Return when a voyage is last (``way`` -1, before) or first (1, after) ``from_m`` away from a place [s]."""
    t = np.arange(voyage.t_s[0], voyage.now_s, 600.0)
    lat, lon, _ = Tracks.of([voyage]).middle(np.zeros(len(t), dtype=np.int64), t)
    far = apart_m(lat, lon, *spot) >= from_m
    found = t[far & (t < near_s)] if way < 0 else t[far & (t > near_s)]
    if not len(found):
        return float(t[0] if way < 0 else t[-1])
    return float(found[-1] if way < 0 else found[0])


def hide(
    crew: Crew, voyage: Voyage, spot: Point, start_s: float, end_s: float, off_nm: tuple[float, float],
    least_h: float = 12.0, most_h: float = 72.0,
) -> None:  # fmt: skip
    """Keep the transponder off around a meeting: from some miles before the place to some miles after it."""
    off = crossing_s(voyage, spot, crew.u(*off_nm) * NM_M, start_s, -1)
    on = crossing_s(voyage, spot, crew.u(*off_nm) * NM_M, end_s, 1)
    off = max(off, end_s - most_h / 2 * HOUR)
    on = min(max(on, off + least_h * HOUR), off + most_h * HOUR)
    voyage.off[:] = [one for one in voyage.off if one.end_s < off or one.start_s > on]
    voyage.switch_off(off, on, HIDING)


def meet(
    stage: Stage, host: Voyage, guest: Voyage, spot: Point, here: tuple[str | Point, str], at_s: float
) -> tuple[float, float, float]:
    """Let the host drift at a place and the guest come alongside; return start and end [s] and the parcel [t]."""
    crew = stage.crew
    tonnes, length = stage.parcel(guest.hull)
    # A supplier sails laden from port, a receiver light; both have typed it.
    if isinstance(here[0], str):
        host.type_draught(host.now_s, host.hull.draught_m)
    guest.type_draught(guest.now_s, stage.light(guest))
    before, after = crew.u(0.5, 1.8) * HOUR, crew.u(0.4, 1.5) * HOUR
    stage.goes(host, here[0], spot, at_s - before, crew.u(9, 12))
    at_s = max(at_s, host.now_s + 0.5 * HOUR)
    # The guest waits some miles off before it comes up.
    near = (spot[0] + crew.u(-0.12, 0.12), spot[1] + crew.u(-0.12, 0.12))
    wait = float(np.exp(crew.u(np.log(1), np.log(16)))) * HOUR
    stage.goes(guest, here[1], near, at_s - wait - 2 * HOUR, crew.u(8, 10.5))
    left = at_s - 1.5 * HOUR - guest.now_s
    if left > HOUR / 2:
        guest.drift(left, draw_water(crew.rng), crew.u(0, 360))
    start = max(at_s, guest.now_s + 1.8 * HOUR)
    host.drift(start + length + after - host.now_s, draw_water(crew.rng), crew.u(0, 360))
    guest.beside(host, start, start + length, 1 if crew.chance(0.5) else -1, crew.u(2, 5))
    stage.types(host, -tonnes, start + length)
    stage.types(guest, tonnes, start + length)
    return start, start + length, tonnes


def _met_at(host: Voyage, start_s: float, end_s: float) -> Point:
    lat, lon, _ = Tracks.of([host]).middle(np.zeros(1, dtype=np.int64), np.array([(start_s + end_s) / 2]))
    return float(lat[0]), float(lon[0])


def _back(stage: Stage, host: Voyage, guest: Voyage) -> None:
    """Let both go their ways after a meeting: the supplier to trade on, the receiver home."""
    crew = stage.crew
    there = crew.port(crew.open_ports, TANKER_PORTS)
    stage.home(host, there, crew.u(9.5, 12.5))
    home = "kp_nampo" if "kp_nampo" in crew.sea.ports else crew.port(crew.open_ports)
    stage.home(guest, home, crew.u(8, 10.5))
    stage.ends(host, there)
    stage.ends(guest, home, dprk_trade=True)


def one_dark(stage: Stage, plot: Plot) -> None:
    """A visible tanker drifts for hours at night; the receiver is silent from 30-120 miles before to as far after."""
    crew = stage.crew
    at = stage.night(1.5 * DAY, crew.span_s - 3 * DAY)
    host = stage.supplier()
    here = stage.trades(host, at - 7 * DAY)
    guest, base = stage.receiver(at - 7 * DAY)
    spot = stage.spot(HIGH_SEAS)
    start, end, tonnes = meet(stage, host, guest, spot, (here, base), at)
    _back(stage, host, guest)
    hide(crew, guest, spot, start, end, (30, 120))
    plot.voyages += [host, guest]
    where = _met_at(host, start, end)
    plot.tell("dark_rendezvous", (host, guest), start, end, where, f"{tonnes:.0f} t, the receiver silent")


def both_dark(stage: Stage, plot: Plot) -> None:
    """Both fall silent hours before they meet and are heard again hours after; half inside DPRK waters."""
    crew = stage.crew
    at = stage.night(1.5 * DAY, crew.span_s - 3 * DAY)
    host = stage.supplier()
    here = stage.trades(host, at - 7 * DAY)
    guest, base = stage.receiver(at - 7 * DAY)
    inside = crew.chance(0.5)
    spot = stage.spot(DPRK_WATERS if inside else HIGH_SEAS)
    start, end, tonnes = meet(stage, host, guest, spot, (here, base), at)
    _back(stage, host, guest)
    hide(crew, host, spot, start, end, (20, 90), least_h=8)
    hide(crew, guest, spot, start, end, (20, 110))
    plot.voyages += [host, guest]
    where = "in DPRK waters" if inside else "on the high seas"
    plot.tell(
        "dark_rendezvous", (host, guest), start, end, _met_at(host, start, end), f"{tonnes:.0f} t, both silent {where}"
    )


def hand_over(stage: Stage, plot: Plot) -> None:
    """A ship falls silent; within hours the same hull wakes near under another name and meets a supplier, or calls."""
    crew = stage.crew
    at = stage.night(2 * DAY, crew.span_s - 3 * DAY)
    first, base = stage.receiver(at - 7 * DAY)
    spot = stage.spot(HIGH_SEAS)
    meets = crew.chance(0.6) or "kp_nampo" not in crew.sea.ports
    host = stage.supplier() if meets else None
    if host is not None:
        start, end, tonnes = meet(stage, host, first, spot, (stage.trades(host, at - 7 * DAY), base), at)
        _back(stage, host, first)
    else:
        base = base if base != "kp_nampo" else crew.port(crew.open_ports, TANKER_PORTS, "ru_vostochny")
        stage.home(first, base, 10.0)
        stage.goes(first, base, spot, at - DAY, crew.u(8, 10.5))
        stage.home(first, "kp_nampo", crew.u(8, 10.5))
        start, tonnes = first.now_s, stage.parcel()[0]
        stage.ends(first, "kp_nampo", dprk_trade=True)
        end = start + 24 * HOUR
    wake = crossing_s(first, spot, crew.u(4, 40) * NM_M, start, -1) if meets else start - crew.u(14, 30) * HOUR
    sleep = wake - crew.u(1, 8) * HOUR
    back = end + crew.u(12, 60) * HOUR
    again = back + crew.u(1, 10) * HOUR
    second = first.copied(stage.yard.renamed(first.hull, (445, 667, 671, 514)))
    second.type_draught(second.t_s[0] + 1, stage.light(second))
    if meets:
        stage.types(second, tonnes, end)
    first.off[:] = [one for one in first.off if one.end_s < sleep or one.start_s > again]
    first.switch_off(sleep, again, HIDING)
    second.switch_off(second.t_s[0], wake, HIDING)
    second.switch_off(back, second.now_s + DAY, HIDING)
    plot.voyages += [first, second]
    moment = Tracks.of([first]).middle(np.zeros(1, dtype=np.int64), np.array([wake]))
    there = float(moment[0][0]), float(moment[1][0])
    plot.tell("identity", (first, second), sleep, wake, there, "one hull, another name and number", moved=False)
    if host is not None:
        plot.voyages.append(host)
        plot.tell(
            "encounter", (second, host), start, end, _met_at(host, start, end), f"{tonnes:.0f} t under the other name"
        )
    else:
        plot.tell("port_call", (second,), start, end, second.at if not meets else spot, "at Nampo under the other name")


def direct_delivery(stage: Stage, plot: Plot) -> None:
    """A tanker loads at Vostochny or Nakhodka, is silent for 1-6 days, calls at Chongjin, and is heard again, light."""
    crew = stage.crew
    hull = stage.yard.hull("dprk_tanker", length_m=(75, 120))
    loads = [name for name in ("ru_vostochny", "ru_vostochny", "ru_nakhodka") if name in crew.sea.ports]
    calls = [name for name in ("kp_chongjin", "kp_chongjin", "kp_chongjin", "kp_sonbong") if name in crew.sea.ports]
    load = loads[int(crew.rng.integers(len(loads)))] if loads else crew.port(crew.open_ports)
    call = calls[int(crew.rng.integers(len(calls)))] if calls else crew.port(crew.sea.ports, None, load)
    voyage = Voyage.begin(hull, -EARLY_S, crew.berth(call, hull))
    light = hull.draught_m * crew.u(0.62, 0.72)
    voyage.type_draught(voyage.now_s + 1, light)
    loaded = crew.u(0.8 * DAY, max(0.9 * DAY, crew.span_s - 7 * DAY))
    voyage.stay(max(HOUR, loaded - voyage.now_s - 3 * DAY), does.LIE, 0.0)
    stage.goes(voyage, call, crew.road(load), loaded - crew.u(4, 40) * HOUR, crew.u(8, 10))
    voyage.stay(max(HOUR, loaded - voyage.now_s), does.SWING)
    voyage.sail([crew.sea.entrance(load), crew.berth(load, hull)], 6.0)
    voyage.stay(crew.u(12, 30) * HOUR, does.LIE, crew.u(0, 360))
    left = voyage.now_s
    if crew.chance(0.85):  # the laden draught goes with the departure papers, and is typed more often than others
        voyage.type_draught(left - 0.3 * HOUR, hull.draught_m)
    to_port(crew, voyage, load, call, crew.u(8.5, 10.5), berth=False)
    voyage.stay(float(np.exp(crew.u(np.log(1), np.log(40)))) * HOUR, does.SWING)
    voyage.sail([crew.berth(call, hull)], 5.0)
    start = voyage.now_s
    voyage.stay(crew.u(16, 48) * HOUR, does.LIE, crew.u(0, 360))
    end, spot = voyage.now_s, voyage.at
    to_port(crew, voyage, call, load, crew.u(8.5, 10.5), berth=False)
    voyage.stay(max(DAY, crew.span_s + DAY - voyage.now_s), does.SWING)
    home = first_berth(crew.sea.harbours[load])
    off = crossing_s(voyage, home, crew.u(6, 45) * NM_M, left, 1)
    on = crossing_s(voyage, spot, crew.u(15, 110) * NM_M, end, 1)
    on = min(max(on, off + DAY), off + 6 * DAY)
    voyage.switch_off(off, on, HIDING)
    if crew.chance(RETYPED):
        voyage.type_draught(on - 0.2 * HOUR, light + crew.u(-0.1, 0.1))
    plot.voyages.append(voyage)
    landed = (hull.draught_m - light) * hull.tonnes_per_metre
    note = f"{landed:.0f} t loaded at {load}, discharged at {call}, silent on the way"
    plot.tell("port_call", (voyage,), start, end, spot, note)


def chain(stage: Stage, plot: Plot) -> None:
    """A supplier loads and meets a middleman, seen or not; who meets a silent DPRK tanker, or is silent into Nampo."""
    crew = stage.crew
    at = stage.night(1.2 * DAY, crew.span_s - 6 * DAY)
    host, middle = stage.supplier(), stage.middleman()
    here, there = (stage.trades(one, at - 7 * DAY) for one in (host, middle))
    spot = stage.spot(HIGH_SEAS)
    start, end, tonnes = meet(stage, host, middle, spot, (here, there), at)
    port = crew.port(crew.open_ports, TANKER_PORTS)
    stage.home(host, port, crew.u(9.5, 12.5))
    stage.ends(host, port)
    plot.voyages += [host, middle]
    seen = crew.chance(0.6)
    second = stage.spot((*DPRK_WATERS, HIGH_SEAS[2]))
    later = stage.night(end + 1.2 * DAY, end + 2.5 * DAY)
    if crew.chance(0.5) or "kp_nampo" not in crew.sea.ports:
        guest, base = stage.receiver(later - 7 * DAY)
        # From the first meeting he sails straight to the second and waits there.
        middle.sail([*route(crew.sea, middle.at, second, crew.u(700, 4500)), second], crew.u(8, 10.5))
        if later - middle.now_s > 3 * HOUR:
            middle.drift(later - 2 * HOUR - middle.now_s, draw_water(crew.rng), crew.u(0, 360))
        begin, stop, parcel = meet(stage, middle, guest, middle.at, (middle.at, base), later)
        _back(stage, middle, guest)
        hide(crew, guest, second, begin, stop, (30, 110))
        plot.voyages.append(guest)
        plot.tell(
            "dark_rendezvous",
            (middle, guest),
            begin,
            stop,
            _met_at(middle, begin, stop),
            f"{parcel:.0f} t, the receiver silent",
        )
    else:
        stage.home(middle, "kp_nampo", crew.u(8, 10.5))
        begin = middle.now_s
        middle.stay(crew.u(20, 60) * HOUR, does.LIE, crew.u(0, 360))
        stop, nampo = middle.now_s, middle.at
        back = crew.port(crew.open_ports, TANKER_PORTS)
        stage.home(middle, back, crew.u(8, 10.5))
        stage.ends(middle, back)
        off = crossing_s(middle, nampo, crew.u(70, 160) * NM_M, begin, -1)
        on = crossing_s(middle, nampo, crew.u(70, 160) * NM_M, stop, 1)
        middle.off[:] = [one for one in middle.off if one.end_s < off or one.start_s > on]
        middle.switch_off(max(off, end + HOUR), on, HIDING)
        plot.tell("port_call", (middle,), begin, stop, nampo, "the middleman falls silent into Nampo")
    if not seen:
        for one in (host, middle):
            hide(crew, one, spot, start, end, (10, 60), least_h=6, most_h=30)
    note = f"{tonnes:.0f} t to a middleman, {'seen' if seen else 'both silent'}"
    plot.tell("encounter" if seen else "dark_rendezvous", (host, middle), start, end, _met_at(host, start, end), note)


DARK_FAMILIES: dict[str, Callable[[Stage, Plot], None]] = {
    maker.__name__: maker for maker in (one_dark, both_dark, hand_over, direct_delivery, chain)
}


def plots(
    crew_of: Callable[[int], Crew],
    yard: Shipyard,
    cases: int,
    families: Mapping[str, Callable[[Stage, Plot], None]] = DARK_FAMILIES,
) -> list[Plot]:
    """Play ``cases`` of every family, each with a random stream of its own."""
    found: list[Plot] = []
    for number in range(cases):
        for family, play in families.items():
            plot = Plot(f"{family}-{number + 1}")
            play(Stage(crew_of(len(found)), yard), plot)
            found.append(plot)
    return found
