"""Everything that is not a transfer: lone waits, silences, and traffic that looks like a meeting and is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stsdetect.simulate import motion
from stsdetect.simulate.hulls import Hull
from stsdetect.simulate.motion import Floats, Path
from stsdetect.simulate.scenes import HOUR, Actor, Draw, Plan, Scene, contact_offset, grid, still_host
from stsdetect.units import KNOT_MPS


def _start(draw: Draw, before_h: float, length_s: float, after_h: float) -> float:
    return draw.u(before_h * HOUR, max(before_h * HOUR + 1, draw.span_s - length_s - after_h * HOUR))


def _steady(draw: Draw, t: Floats, speed_kn: float, *, bend_deg: float = 25.0) -> Path:
    """Sail at one speed with one gentle bend; the middle of the path is the scene's place."""
    course = draw.u(0, 360)
    middle = float(t[len(t) // 2])
    heading = motion.over(t, [(middle - 900, course), (middle + 900, course + draw.u(-bend_deg, bend_deg))])
    path = motion.run(t, np.full(len(t), speed_kn * KNOT_MPS), heading)
    return motion.moved(path, middle, 0.0, 0.0)


def _alone(draw: Draw, mode: str) -> Scene:
    hull = draw.fleet.hull("cargo" if draw.chance(0.5) else "receiver")
    length = draw.u(1.5, 6.0) * HOUR
    start = _start(draw, 2.0, length, 2.0)
    _, path = still_host(draw, hull, start, start + length, mode)
    statuses = ((0.0, 0), (start, 1), (start + length, 0)) if mode == "anchored" else ((0.0, 0),)
    actor = draw.actor(hull, path, statuses=statuses)
    return Scene(f"{mode}_alone", (actor,), (Plan("loitering", (0,), start + length / 2, note=f"{mode} alone"),))


def drifting_alone(draw: Draw) -> Scene:
    """One ship lies stopped and drifts."""
    return _alone(draw, "drifting")


def anchored_alone(draw: Draw) -> Scene:
    """One ship lies at anchor."""
    return _alone(draw, "anchored")


def silence(draw: Draw) -> Scene:
    """A ship goes silent in mid-voyage for 6-30 h and is heard again."""
    hull = draw.fleet.hull("receiver")
    length = draw.u(6.5, min(30.0, draw.span_s / HOUR - 5)) * HOUR
    start = _start(draw, 2.0, length, 2.5)
    t = grid(draw, start - 2 * HOUR, start + length + 2 * HOUR)
    fast, slow = draw.u(8, 11) * KNOT_MPS, draw.u(0.5, 2.0) * KNOT_MPS
    # Slow while silent, so that the voyage stays at sea.
    speed = motion.over(
        t, [(start + 600, fast), (start + 2400, slow), (start + length - 2400, slow), (start + length - 600, fast)]
    )
    course = draw.u(0, 360)
    path = motion.moved(motion.run(t, speed, np.full(len(t), course)), start + length / 2, 0.0, 0.0)
    actor = draw.actor(hull, path, silences=((start, start + length),))
    return Scene("silence", (actor,), (Plan("gap", (0,), start + length / 2, note="silent in mid-voyage"),))


def open_silence(draw: Draw) -> Scene:
    """A ship under way falls silent for good, at least 8 h before the data end."""
    hull = draw.fleet.hull("receiver")
    last = draw.span_s - draw.u(8.0, 14.0) * HOUR
    t = grid(draw, last - 4 * HOUR, draw.span_s)
    path = _steady(draw, t, draw.u(2.5, 3.5))
    actor = draw.actor(hull, path, silences=((last, draw.span_s + 1),))
    return Scene(
        "open_silence", (actor,), (Plan("gap", (0,), last + HOUR, note="still silent at the end of the data"),)
    )


def _decoy(family: str, actors: tuple[Actor, ...], near_s: float, note: str, who: tuple[int, ...] = (0, 1)) -> Scene:
    return Scene(family, actors, (Plan("decoy", who, near_s, False, note),))


def convoy(draw: Draw) -> Scene:
    """Two ships in line 300-450 m apart at about 10 kn."""
    speed = draw.u(9.5, 11.5)
    start = _start(draw, 0.5, 4 * HOUR, 0.5)
    t = grid(draw, start, start + draw.u(2.5, 4.0) * HOUR)
    lead = _steady(draw, t, speed)
    path = motion.delayed(lead, draw.u(300, 450) / (speed * KNOT_MPS))
    actors = tuple(draw.actor(draw.fleet.hull("cargo"), way) for way in (lead, path))
    return _decoy("convoy", actors, float(t[len(t) // 2]), "in line, 300-450 m apart at speed")


def lane_follower(draw: Draw) -> Scene:
    """A tanker follows another along one lane some minutes later."""
    speed = draw.u(9.0, 12.0)
    start = _start(draw, 0.5, 4.5 * HOUR, 0.5)
    t = grid(draw, start, start + 4 * HOUR)
    lead = _steady(draw, t, speed, bend_deg=40.0)
    path = motion.delayed(lead, draw.u(240, 600))
    path = replace(path, x_m=path.x_m + draw.u(-40, 40))
    actors = (draw.actor(draw.fleet.hull("supplier"), lead), draw.actor(draw.fleet.hull("receiver"), path))
    return _decoy("lane_follower", actors, float(t[len(t) // 2]), "the same lane, 4-10 minutes later")


def crossing(draw: Draw) -> Scene:
    """Two tankers cross at close quarters; one of them sends at the full class A rate."""
    start = _start(draw, 0.5, 3.0 * HOUR, 0.5)
    t = grid(draw, start, start + 2.5 * HOUR)
    middle = float(t[len(t) // 2])
    one, two = _steady(draw, t, draw.u(9, 12), bend_deg=4), _steady(draw, t, draw.u(7, 11), bend_deg=4)
    turn = float(one.heading_deg[0]) + draw.side() * draw.u(50, 130) - float(two.heading_deg[0])
    angle = np.radians(turn)
    x = two.x_m * np.cos(angle) + two.y_m * np.sin(angle)
    y = two.y_m * np.cos(angle) - two.x_m * np.sin(angle)
    two = Path(t, x, y, two.heading_deg + turn)
    passing = motion.moved(two, middle, 0.0, 0.0)
    while not 120 < motion.closest_m(one, passing) < 350:
        passing = motion.moved(two, middle, draw.u(-500, 500), draw.u(-500, 500))
    first = draw.actor(draw.fleet.hull("supplier"), one)
    second = draw.actor(draw.fleet.hull("receiver"), passing)
    actors = (replace(first, radio=replace(first.radio, thin_s=0.0)), second)
    return _decoy("crossing", actors, middle, "crossing courses")


def anchor_neighbours(draw: Draw) -> Scene:
    """Two tankers at anchor 1 km apart, swinging with the same tide."""
    length = draw.u(5.0, 9.0) * HOUR
    start = _start(draw, 2.0, length + HOUR, 2.5)
    host, guest = draw.fleet.hull("supplier"), draw.fleet.hull("receiver")
    _, one = still_host(draw, host, start, start + length, "anchored")
    late = draw.u(0.2, 0.8) * HOUR
    for _ in range(100):
        # Each comes and goes well clear of the other, so that they are near each other only at anchor.
        _, two = still_host(draw, guest, start + late, start + length + late, "anchored")
        bearing, apart = draw.u(0, 2 * np.pi), draw.u(1000, 1100)
        two = replace(two, x_m=two.x_m + apart * np.sin(bearing), y_m=two.y_m + apart * np.cos(bearing))
        if motion.closest_m(one, two) > 600:
            break
    lying = ((0.0, 0), (start, 1), (start + length, 0)), ((0.0, 0), (start + late, 1), (start + length + late, 0))
    actors = (draw.actor(host, one, statuses=lying[0]), draw.actor(guest, two, statuses=lying[1]))
    return _decoy("anchor_neighbours", actors, start + length / 2, "neighbours at anchor 1 km apart")


def pair_trawlers(draw: Draw) -> Scene:
    """Two trawlers tow one net 250-450 m apart at 3-4 kn for hours and haul together in under 45 minutes."""
    tow, haul = draw.u(2.2, 3.2) * HOUR, draw.u(1500, 2000)
    start = _start(draw, 1.0, 2 * tow + haul, 1.5)
    t = grid(draw, start - HOUR, start + 2 * tow + haul + HOUR)
    work, steam = draw.u(3.0, 3.9) * KNOT_MPS, draw.u(7.0, 8.5) * KNOT_MPS
    stop = start + tow
    speed = motion.over(t, [
        (start - 900, steam), (start, work), (stop - 300, work), (stop, 0.5 * KNOT_MPS), (stop + haul, 0.5 * KNOT_MPS),
        (stop + haul + 300, work), (stop + haul + tow, work), (stop + haul + tow + 900, steam)])  # fmt: skip
    course = draw.u(0, 360)
    heading = motion.over(
        t,
        [
            (start + 0.3 * tow, course),
            (start + 0.8 * tow, course + draw.u(-50, 50)),
            (stop + haul + 0.5 * tow, course + draw.u(-50, 50)),
        ],
    )
    lead = motion.run(t, speed, heading, draw.water)
    apart = motion.over(
        t,
        [
            (start - 1800, draw.u(700, 900)),
            (start, draw.u(250, 450)),
            (start + 2 * tow + haul, draw.u(250, 450)),
            (start + 2 * tow + haul + 1800, draw.u(700, 900)),
        ],
    )
    path = motion.shifted(lead, draw.u(-20, 20), draw.side() * apart)
    actors = tuple(draw.actor(draw.fleet.hull("trawler"), way, statuses=((0.0, 7),)) for way in (lead, path))
    return _decoy("pair_trawlers", actors, start + tow / 2, "pair trawlers towing and hauling together")


def pilot(draw: Draw) -> Scene:
    """A pilot boat lies alongside a tanker at 6-7 kn for 5-20 minutes."""
    length = draw.u(300, 1200)
    start = _start(draw, 2.0, length, 2.0)
    t = grid(draw, start - 1.5 * HOUR, start + length + 1.5 * HOUR)
    fast, slow = draw.u(9, 12) * KNOT_MPS, draw.u(6.0, 7.0) * KNOT_MPS
    speed = motion.over(
        t, [(start - 2400, fast), (start - 900, slow), (start + length + 600, slow), (start + length + 2100, fast)]
    )
    course = draw.u(0, 360)
    ship, boat = draw.fleet.hull("supplier"), draw.fleet.hull("pilot")
    lead = motion.moved(motion.run(t, speed, np.full(len(t), course)), start, 0.0, 0.0)
    leg = motion.Leg(draw.u(5, 7) * KNOT_MPS, 600.0, 20.0, 0.0, 0.0)
    path = motion.beside(
        lead, start, start + length, leg, leg, draw.u(-10, 10), draw.side() * (ship.width_m + boat.width_m + 1) / 2
    )
    actors = (draw.actor(ship, lead), draw.actor(boat, path.between(start - 2400, start + length + 2400)))
    return _decoy("pilot", actors, start + length / 2, "pilot boat alongside for minutes")


def tow(draw: Draw) -> Scene:
    """A tug tows a barge 150-400 m astern at 4-5 kn for hours."""
    speed = draw.u(4.0, 4.9)
    start = _start(draw, 0.5, 7 * HOUR, 0.5)
    t = grid(draw, start, start + draw.u(4.0, 6.5) * HOUR)
    lead = _steady(draw, t, speed)
    path = motion.delayed(lead, draw.u(150, 400) / (speed * KNOT_MPS))
    tug, barge = draw.fleet.hull("tug"), draw.fleet.hull("barge")
    return _decoy(
        "tow",
        (draw.actor(tug, lead, statuses=((0.0, 11),)), draw.actor(barge, path)),
        float(t[len(t) // 2]),
        "tug and barge on a hawser",
    )


def berth_raft(draw: Draw) -> Scene:
    """Two ships lie moored side by side at a berth: an encounter by the rule, no transfer at sea."""
    one, two = draw.fleet.hull("cargo"), draw.fleet.hull("receiver")
    length = draw.u(7.0, 16.0) * HOUR
    start = _start(draw, 0.5, length, 0.5)
    lying = motion.moored(grid(draw, start, start + length), draw.u(0, 360))
    side = (one.width_m + two.width_m) / 2 + draw.u(1.0, 2.0)
    beside = motion.shifted(lying, draw.u(-15, 15), draw.side() * side)
    actors = tuple(draw.actor(hull, path, statuses=((0.0, 5),)) for hull, path in ((one, lying), (two, beside)))
    return Scene(
        "berth_raft", actors, (Plan("encounter", (0, 1), start + length / 2, False, "moored side by side in port"),)
    )


def _served(draw: Draw, family: str, craft: str, host_kind: str, length_s: float, note: str) -> Scene:
    host, guest = draw.fleet.hull(host_kind), draw.fleet.hull(craft)
    start = _start(draw, 4.0, length_s, 4.0)
    lies_from, lies_to = start - draw.u(1.5, 2.5) * HOUR, start + length_s + draw.u(1.5, 2.5) * HOUR
    stay = motion.anchored(grid(draw, lies_from, lies_to), draw.water, draw.u(120, 160) + host.length_m / 2, draw.rng)
    path = _short_call(draw, stay, host, guest, start, start + length_s)
    neighbours = _roadstead(draw, host, lies_from, lies_to)
    actors = (draw.actor(host, stay, statuses=((0.0, 1),)), draw.actor(guest, path), *neighbours)
    return Scene(family, actors, (Plan("encounter", (0, 1), start + length_s / 2, False, note),))


def _short_call(draw: Draw, stay: Path, host: Hull, guest: Hull, start_s: float, end_s: float) -> Path:
    """A harbour craft's way from and to close by: 6-8 kn, a quarter of an hour."""
    side = draw.side()
    ahead, starboard = contact_offset(draw, host, guest, side)
    slot = motion.shifted(stay, ahead, starboard)
    lying = slot.between(start_s, end_s)
    legs = [motion.Leg(draw.u(5, 7) * KNOT_MPS, 900.0, way * side * draw.u(12, 18), 0.0, 0.0) for way in (-1, 1)]
    path = motion.arrive(lying, legs[0], start_s - 1500.0, slot)
    return motion.depart(path, legs[1], end_s + 1500.0, slot)


def _roadstead(draw: Draw, host: Hull, start_s: float, end_s: float) -> tuple[Actor, ...]:
    """Four more ships at anchor around, 1.2 km and more from the first and from each other."""
    others = []
    for quarter in range(4):
        angle = np.radians(90 * quarter + draw.u(-10, 10))
        apart = draw.u(1300, 1700)
        hull = draw.fleet.hull("cargo")
        lying = motion.anchored(grid(draw, start_s, end_s), draw.water, draw.u(120, 160) + hull.length_m / 2, draw.rng)
        path = replace(lying, x_m=lying.x_m + apart * np.sin(angle), y_m=lying.y_m + apart * np.cos(angle))
        others.append(draw.actor(hull, path, statuses=((0.0, 1),)))
    return tuple(others)


def bunkering(draw: Draw) -> Scene:
    """A bunker barge serves a cargo ship in an anchorage by a port."""
    return _served(draw, "bunkering", "bunker", "cargo", draw.u(2.0, 5.0) * HOUR, "bunker barge in an anchorage")


def service(draw: Draw) -> Scene:
    """A service craft or tug lies alongside a ship in an anchorage."""
    craft = "tug" if draw.chance(0.5) else "service"
    return _served(draw, "service", craft, "cargo", draw.u(1.3, 2.5) * HOUR, "service craft alongside")
