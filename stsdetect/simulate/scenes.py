"""Planted meetings: who comes, how they lie together, and what they broadcast about it.

Durations follow the parcel: 600-2,500 t, as in the published cases (600, 1,500, 1,600 and 2,000 t; 8,500-28,000 bbl a
delivery in UN and US estimates), pumped at 250-500 t/h, with forty minutes for mooring and hoses. The one published
upper bound, apart within 7 h 40 min, fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from stsdetect.simulate import motion
from stsdetect.simulate.hulls import Fleet, Hull
from stsdetect.simulate.motion import Path, Water
from stsdetect.units import KNOT_MPS

HOUR = 3600.0
DAY = 86400.0


@dataclass(frozen=True)
class Radio:
    """How a hull's reports reach the file.

    ``way`` is ``A`` or ``B`` (terrestrial) or ``satellite``; ``thin_s`` keeps one report in so many seconds, as NOAA
    does; ``speed`` is ``good``, ``noisy`` or ``none`` (the not-available value).
    """

    way: str = "A"
    thin_s: float = 60.0
    speed: str = "good"


@dataclass(frozen=True)
class Actor:
    """One hull in a scene: its path about an origin, its radio, and what changes with time."""

    hull: Hull
    path: Path
    lat_deg: float
    lon_deg: float
    radio: Radio = Radio()
    statuses: tuple[tuple[float, int], ...] = ((0.0, 0),)
    draughts: tuple[tuple[float, float], ...] = ()
    silences: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Plan:
    """What was planted, by index of actors; ``near_s`` is a time inside it."""

    kind: str
    who: tuple[int, ...]
    near_s: float
    is_transfer: bool = False
    note: str = ""


@dataclass(frozen=True)
class Scene:
    """A family's play at one place."""

    family: str
    actors: tuple[Actor, ...]
    plans: tuple[Plan, ...]


@dataclass
class Draw:
    """What a scene may draw from: a random stream, hulls, a place, its water and the length of the world [s]."""

    rng: np.random.Generator
    fleet: Fleet
    lat_deg: float
    lon_deg: float
    span_s: float
    away_deg: tuple[float, float] = (28.0, 124.0)
    water: Water = field(init=False)

    def __post_init__(self) -> None:
        self.water = motion.draw_water(self.rng)

    def u(self, low: float, high: float) -> float:
        """Draw evenly from ``low`` to ``high``."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """Be true in ``share`` of draws."""
        return bool(self.rng.random() < share)

    def side(self) -> int:
        """Draw port (-1) or starboard (1)."""
        return 1 if self.chance(0.5) else -1

    def actor(self, hull: Hull, path: Path, **more: object) -> Actor:
        """Put ``hull`` on ``path`` at the scene's place, with the radio of its class unless given."""
        more.setdefault("radio", Radio(way=hull.transceiver))
        clipped = path.between(0.0, self.span_s)
        return Actor(hull, clipped, self.lat_deg, self.lon_deg, **more)  # type: ignore[arg-type]


def grid(draw: Draw, start_s: float, end_s: float) -> motion.Floats:
    """Return the grid of times from ``start_s`` to ``end_s`` [s], within the world."""
    return motion.times(max(start_s, 0.0), min(end_s, draw.span_s))


def parcel(draw: Draw, receiver: Hull) -> tuple[float, float]:
    """Draw a parcel [t] that the receiver can lift and the time alongside [s], 2-10 h."""
    room_t = 1.8 * _tonnes_per_metre(receiver)
    tonnes = min(draw.u(600, 2500), room_t)
    hours = float(np.clip(tonnes / draw.u(250, 500) + 0.7, 2.0, 10.0))
    return tonnes, hours * HOUR


def _tonnes_per_metre(hull: Hull) -> float:
    return 1.025 * 0.85 * hull.length_m * hull.width_m  # sea water, waterplane coefficient of a full hull


def typed_draughts(
    draw: Draw, hull: Hull, tonnes: float, end_s: float, share: float = 0.65
) -> tuple[tuple[float, float], ...]:
    """Return the draughts a crew types: often, not always, a new one within an hour and a half of parting."""
    if not draw.chance(share):
        return ((0.0, hull.draught_m),)
    after = round(max(1.0, hull.draught_m + tonnes / _tonnes_per_metre(hull)), 1)
    return ((0.0, hull.draught_m), (end_s + draw.u(1200, 5400), after))


def contact_offset(draw: Draw, host: Hull, guest: Hull, side: int) -> tuple[float, float]:
    """Return how far ahead and to starboard of the host's centre the guest's centre lies [m].

    Half of both beams and a gap of 2-5 m, the diameter of pneumatic fenders; manifolds near midships abreast.
    """
    gap = draw.u(2.0, 5.0)
    return draw.u(-0.08, 0.08) * guest.length_m, side * ((host.width_m + guest.width_m) / 2 + gap)


def still_host(draw: Draw, hull: Hull, start_s: float, end_s: float, mode: str) -> tuple[Path, Path]:
    """Return the host's stay (drifting or anchored) and its whole path with ways in and out."""
    t = grid(draw, start_s, end_s)
    if mode == "anchored":
        stay = motion.anchored(t, draw.water, draw.u(120, 190) + hull.length_m / 2, draw.rng)
    else:
        stay = motion.drift(t, draw.water, draw.u(0, 360), draw.rng)
    path = motion.arrive(stay, motion.draw_leg(draw.rng, draw.side()), max(0.0, start_s - draw.u(1.2, 2.0) * HOUR))
    return stay, motion.depart(
        path, motion.draw_leg(draw.rng, draw.side()), min(draw.span_s, end_s + draw.u(1.0, 2.0) * HOUR)
    )


def guest_path(
    draw: Draw, stay: Path, host: Hull, guest: Hull, start_s: float, end_s: float, *, turn: bool = False
) -> Path:
    """Return a guest that sails in, lies alongside the still host from ``start_s`` to ``end_s``, and sails off."""
    side = draw.side()
    ahead, starboard = contact_offset(draw, host, guest, side)
    slot = motion.shifted(stay, ahead, starboard, 180.0 if turn else 0.0)
    lying = slot.between(start_s, end_s)
    out = side * (-1 if turn else 1)
    begin, last = max(0.0, start_s - draw.u(1.3, 2.0) * HOUR), min(draw.span_s, end_s + draw.u(1.3, 2.0) * HOUR)
    path = motion.arrive(lying, motion.draw_leg(draw.rng, -out), begin, slot)
    return motion.depart(path, motion.draw_leg(draw.rng, out), last, slot)


def _statuses(draw: Draw, mode: str, start_s: float, end_s: float) -> tuple[tuple[float, int], ...]:
    """Navigational status over time: at anchor (1) if the crew sets it, else under way (0)."""
    if mode == "anchored" and draw.chance(0.85):
        return ((0.0, 0), (start_s, 1), (end_s, 0))
    return ((0.0, 0),)


def night_start(draw: Draw, length_s: float) -> float:
    """Draw a start at night in the East China Sea (12-17 h UTC is 20-01 h local), on a day that leaves room."""
    days = [day for day in range(int(draw.span_s // DAY) + 1) if day * DAY + 17 * HOUR + length_s + HOUR < draw.span_s]
    day = int(draw.rng.choice(days)) if days else 0
    return day * DAY + draw.u(12.0, 16.5) * HOUR


def _meeting(
    draw: Draw,
    family: str,
    mode: str,
    kinds: tuple[str, str],
    *,
    start_s: float | None = None,
    length_s: float | None = None,
    radios: tuple[Radio | None, Radio | None] = (None, None),
    note: str = "",
) -> Scene:
    host, guest = draw.fleet.hull(kinds[0]), draw.fleet.hull(kinds[1])
    tonnes, usual_s = parcel(draw, guest)
    length = usual_s if length_s is None else length_s
    start = night_start(draw, length) if start_s is None else start_s
    end = start + length
    lies_from, lies_to = start - draw.u(0.7, 1.5) * HOUR, end + draw.u(0.6, 1.2) * HOUR
    stay, host_path = still_host(draw, host, lies_from, lies_to, mode)
    turn = mode == "drifting" and draw.chance(0.2)
    path = guest_path(draw, stay, host, guest, start, end, turn=turn)
    pair = []
    for hull, way, sign, radio in ((host, host_path, -1, radios[0]), (guest, path, 1, radios[1])):
        more: dict[str, object] = {"draughts": typed_draughts(draw, hull, sign * tonnes, end)}
        if radio is not None:
            more["radio"] = radio
        if hull is host:
            more["statuses"] = _statuses(draw, mode, lies_from, lies_to)
        pair.append(draw.actor(hull, way, **more))
    plan = Plan("encounter", (0, 1), (start + end) / 2, True, note or f"{tonnes:.0f} t alongside, {mode}")
    return Scene(family, tuple(pair), (plan,))


def alongside_drifting(draw: Draw) -> Scene:
    """Two tankers drift alongside at night for 2-10 h."""
    return _meeting(draw, "alongside_drifting", "drifting", ("supplier", "receiver"))


def alongside_anchored(draw: Draw) -> Scene:
    """A receiver lies alongside an anchored supplier, both swinging with the tide."""
    return _meeting(draw, "alongside_anchored", "anchored", ("supplier", "receiver"))


def small_craft(draw: Draw) -> Scene:
    """An unknown small class B craft lies alongside a tanker."""
    return _meeting(
        draw,
        "small_craft",
        "drifting",
        ("receiver", "small"),
        length_s=draw.u(2.0, 5.0) * HOUR,
        note="a class B craft without type or number",
    )


def midnight(draw: Draw) -> Scene:
    """A meeting across 00:00 UTC."""
    length = draw.u(2.5, 7.0) * HOUR
    mode = "anchored" if draw.chance(0.4) else "drifting"
    start = DAY - length * draw.u(0.3, 0.7)
    return _meeting(draw, "midnight", mode, ("supplier", "receiver"), start_s=start, length_s=length)


def sparse_satellite(draw: Draw) -> Scene:
    """A long stay heard by satellite alone: fixes of the two minutes to two hours apart, not at the same times."""
    radio = Radio(way="satellite")
    length = draw.u(6.5, 9.0) * HOUR
    return _meeting(
        draw,
        "sparse_satellite",
        "drifting" if draw.chance(0.6) else "anchored",
        ("supplier", "receiver"),
        length_s=length,
        radios=(radio, radio),
        note="fixes every 3-110 minutes, unsynchronised",
    )


def no_speed(draw: Draw) -> Scene:
    """One sends no speed at all, the other a noisy one."""
    return _meeting(
        draw,
        "no_speed",
        "drifting",
        ("supplier", "receiver"),
        radios=(Radio(speed="none"), Radio(speed="noisy")),
        note="speed over ground unusable on both",
    )


def shared_mmsi(draw: Draw) -> Scene:
    """The receiver's MMSI is used at the same time by another hull far away."""
    scene = _meeting(draw, "shared_mmsi", "drifting", ("supplier", "receiver"))
    receiver = scene.actors[1]
    other = draw.fleet.hull("cargo", mmsi=receiver.hull.mmsi, transceiver="A")
    t = receiver.path.t_s
    speed = np.full(len(t), draw.u(3.5, 6.0) * KNOT_MPS)
    path = motion.run(t, speed, motion.over(t, [(t[0], 10.0), (t[len(t) // 2], 10.0), (t[-1], draw.u(30, 60))]))
    far = replace(draw.actor(other, path), lat_deg=draw.away_deg[0], lon_deg=draw.away_deg[1])
    plan = replace(scene.plans[0], note="the receiver's MMSI is also used by a second hull far away")
    return Scene("shared_mmsi", (*scene.actors, far), (plan,))


def repeat(draw: Draw) -> Scene:
    """The same pair twice within two days, or one supplier with two receivers in a night."""
    return _two_receivers(draw) if draw.chance(0.5) else same_pair_twice(draw)


def _two_receivers(draw: Draw) -> Scene:
    host, first, second = draw.fleet.hull("supplier"), draw.fleet.hull("receiver"), draw.fleet.hull("small")
    length_1, pause, length_2 = draw.u(2.2, 4.0) * HOUR, draw.u(2.0, 3.5) * HOUR, draw.u(2.0, 3.5) * HOUR
    start = night_start(draw, length_1 + pause + length_2)
    start_2 = start + length_1 + pause
    end = start_2 + length_2
    stay, host_path = still_host(draw, host, start - HOUR, end + 0.8 * HOUR, "drifting")
    one = guest_path(draw, stay, host, first, start, start + length_1)
    two = guest_path(draw, stay, host, second, start_2, end)
    after = round(host.draught_m - 0.5, 1), round(host.draught_m - 0.8, 1)
    typed = ((0.0, host.draught_m), (start + length_1 + 2400.0, after[0]), (end + 2400.0, after[1]))
    actors = (
        draw.actor(host, host_path, draughts=typed),
        draw.actor(first, one, draughts=typed_draughts(draw, first, 900.0, start + length_1)),
        draw.actor(second, two),
    )
    note = "one supplier, two receivers in a night"
    return Scene(
        "repeat",
        actors,
        (
            Plan("encounter", (0, 1), start + length_1 / 2, True, note),
            Plan("encounter", (0, 2), start_2 + length_2 / 2, True, note),
        ),
    )


def same_pair_twice(draw: Draw) -> Scene:
    """The guest parts, waits about five miles off, and comes back the next night."""
    host, guest = draw.fleet.hull("supplier"), draw.fleet.hull("receiver")
    length_1, pause, length_2 = draw.u(2.2, 4.0) * HOUR, draw.u(5.0, 10.0) * HOUR, draw.u(2.0, 3.5) * HOUR
    start = min(night_start(draw, length_1 + pause + length_2), draw.span_s - length_1 - pause - length_2 - 2.5 * HOUR)
    start_2 = start + length_1 + pause
    end = start_2 + length_2
    stay, host_path = still_host(draw, host, start - HOUR, end + 0.8 * HOUR, "drifting")
    side = draw.side()
    ahead, starboard = contact_offset(draw, host, guest, side)
    slot = motion.shifted(stay, ahead, starboard)
    near = slot.between(start, end)
    t = near.t_s
    part, back = start + length_1, start_2
    away = draw.u(7000, 10000) * motion.smooth((t - part) / 5400.0) * motion.smooth((back - t) / 5400.0)
    # Close to the host the way off and back follows its heading, far off it is a straight line.
    far = motion.smooth((away - 300.0) / 1200.0)
    line = float(np.interp(part, t, near.heading_deg))
    out = near.heading_deg + far * (line - near.heading_deg) + side * 12.0
    spin = 180.0 * motion.smooth((t - (part + back) / 2) / 900.0 + 0.5)
    free = motion.smooth((t - part) / 600.0) * motion.smooth((back - t) / 600.0)
    lying = near.heading_deg + np.where(t > (part + back) / 2, 180.0, 0.0)
    lie = Path(
        t,
        near.x_m + away * np.sin(np.radians(out)),
        near.y_m + away * np.cos(np.radians(out)),
        lying + free * (out + spin - lying),
    )
    path = motion.arrive(lie, motion.draw_leg(draw.rng, -side), max(0.0, start - 1.6 * HOUR), slot)
    back_slot = motion.shifted(stay, ahead, starboard, 180.0)
    path = motion.depart(path, motion.draw_leg(draw.rng, -side), min(draw.span_s, end + 1.5 * HOUR), back_slot)
    actors = (
        draw.actor(host, host_path, draughts=typed_draughts(draw, host, -1200.0, end)),
        draw.actor(guest, path, draughts=typed_draughts(draw, guest, 1200.0, end)),
    )
    note = "the same pair twice within two days"
    return Scene(
        "repeat",
        actors,
        (
            Plan("encounter", (0, 1), (start + part) / 2, True, note),
            Plan("encounter", (0, 1), (start_2 + end) / 2, True, note),
        ),
    )


def under_way(draw: Draw) -> Scene:
    """Two tankers steam side by side at 3-4.3 kn, hulls metres apart, for 1.5-3 h."""
    host, guest = draw.fleet.hull("supplier"), draw.fleet.hull("receiver")
    # Bridges nearly abreast when manifolds are, so that antennas as well as hulls bear abeam.
    while abs(host.antenna_ahead_m - guest.antenna_ahead_m) > 0.7 * (host.width_m + guest.width_m) / 2:
        host, guest = draw.fleet.hull("supplier"), draw.fleet.hull("receiver")
    length = draw.u(1.5, 3.0) * HOUR
    start = night_start(draw, length)
    end = start + length
    t = grid(draw, start - 2 * HOUR, end + 2 * HOUR)
    slow, fast = draw.u(3.0, 4.3) * KNOT_MPS, draw.u(8.5, 11.0) * KNOT_MPS
    speed = motion.over(
        t,
        [
            (t[0], fast),
            (start - 1.6 * HOUR, fast),
            (start - 1.1 * HOUR, slow),
            (end + 0.9 * HOUR, slow),
            (end + 1.4 * HOUR, fast),
        ],
    )
    course = draw.u(0, 360)
    heading = motion.over(
        t, [(t[0], course), (start, course + draw.u(-4, 4)), (end, course + draw.u(-4, 4)), (t[-1], course)]
    )
    lead = motion.run(t, speed, heading)
    lead = motion.moved(lead, (start + end) / 2, 0.0, 0.0)
    side = draw.side()
    apart = (host.width_m + guest.width_m) / 2 + draw.u(2.0, 5.0)
    ahead = (host.antenna_ahead_m - guest.antenna_ahead_m) / 2 + draw.u(-0.1, 0.1) * apart
    legs = [motion.Leg(draw.u(3.0, 4.5) * KNOT_MPS, draw.u(1500, 2100), draw.u(8, 14), 0.0, 0.0) for _ in range(2)]
    path = motion.beside(lead, start, end, legs[0], legs[1], ahead, side * apart)
    actors = (
        draw.actor(host, lead, draughts=typed_draughts(draw, host, -700.0, end)),
        draw.actor(guest, path, draughts=typed_draughts(draw, guest, 700.0, end)),
    )
    return Scene("under_way", actors, (Plan("encounter", (0, 1), (start + end) / 2, True, "transfer under way"),))
