"""Where every hull of a simulated month truly is at any time: way-points and what it does between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stsdetect.simulate.archive_fleet import AT_ANCHOR, ENGAGED_IN_FISHING, MOORED, UNDER_WAY
from stsdetect.simulate.hulls import Hull
from stsdetect.simulate.month_sea import Point, Sea, apart_m
from stsdetect.simulate.motion import M2_PERIOD_S, Floats, Water
from stsdetect.simulate.scenes import HOUR
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: What a hull does from one way-point to the next.
SAIL, LIE, SWING, DRIFT, WORK, BESIDE = range(6)
#: The status a crew sets for each (ITU-R M.1371); drifting hulls say under way using engine, as most do.
STATUS = np.array([UNDER_WAY, MOORED, AT_ANCHOR, UNDER_WAY, ENGAGED_IN_FISHING, UNDER_WAY])
#: Step of the way-points of a drift [s].
DRIFT_STEP_S = 1200.0
#: Step of the way-points of a hull alongside another [s].
BESIDE_STEP_S = 300.0
#: Greatest speed of a hull that comes up to another [kn].
COMING_UP_KN = 10.0


class Window(NamedTuple):
    """A time [s since the start] in which something holds for one hull, and why."""

    start_s: float
    end_s: float
    why: int


#: Why a transponder is off: to hide a transfer, for reasons of its own, or because the ship is far from these seas.
HIDING, OWN_REASONS, AWAY = 1, 2, 3


@dataclass
class Voyage:
    """One hull's month in the making: it grows leg by leg; times in seconds since the start, places in degrees."""

    hull: Hull
    t_s: list[float]
    lat: list[float]
    lon: list[float]
    mode: list[int] = field(default_factory=lambda: [LIE])
    heading: list[float] = field(default_factory=lambda: [0.0])
    draughts: list[tuple[float, float]] = field(default_factory=list)
    off: list[Window] = field(default_factory=list)
    sway: int = 0

    def __post_init__(self) -> None:
        self.sway = self.sway or self.hull.mmsi % 99_991

    @classmethod
    def begin(cls, hull: Hull, start_s: float, at: Point) -> Voyage:
        """Begin at a place and time; the draught is the hull's."""
        return cls(hull, [start_s], [at[0]], [at[1]], draughts=[(start_s, hull.draught_m)])

    @property
    def now_s(self) -> float:
        """The time up to which it is known [s]."""
        return self.t_s[-1]

    @property
    def at(self) -> Point:
        """The place where it is then [degrees]."""
        return self.lat[-1], self.lon[-1]

    def _add(self, t_s: float, at: Point, mode: int, heading_deg: float) -> None:
        """Do ``mode`` from the last way-point to a new one."""
        self.mode[-1], self.heading[-1] = mode, heading_deg
        self.t_s.append(max(t_s, self.t_s[-1] + 1.0))
        self.lat.append(at[0])
        self.lon.append(at[1])
        self.mode.append(LIE)
        self.heading.append(heading_deg)

    def sail(self, points: list[Point], speed_kn: float) -> None:
        """Sail straight from point to point at one speed."""
        for point in points:
            length = float(apart_m(*self.at, *point))
            if length > 1.0:
                self._add(self.now_s + length / (speed_kn * KNOT_MPS), point, SAIL, 0.0)

    def passes(self, t_s: float, point: Point) -> None:
        """Sail straight to a point and be there at a time."""
        self._add(t_s, point, SAIL, 0.0)

    def stay(self, length_s: float, mode: int, heading_deg: float = 0.0) -> None:
        """Lie moored, swing at anchor or work a ground about the place where it is."""
        self._add(self.now_s + length_s, self.at, mode, heading_deg)

    def drift(self, length_s: float, water: Water, heading_deg: float) -> None:
        """Lie stopped and go with the water, bow on one heading."""
        t = np.arange(1, max(2, round(length_s / DRIFT_STEP_S)) + 1) * (
            length_s / max(2, round(length_s / DRIFT_STEP_S))
        )
        begin = self.now_s
        fine = np.linspace(0, length_s, 20 * len(t) + 1)
        x, y = water.velocity(begin + fine)
        lat, lon = self.at
        north = np.concatenate([[0], np.cumsum((y[1:] + y[:-1]) / 2 * np.diff(fine))])[20::20]
        east = np.concatenate([[0], np.cumsum((x[1:] + x[:-1]) / 2 * np.diff(fine))])[20::20]
        for step, (dy, dx) in enumerate(zip(north, east, strict=True)):
            place = (
                lat + float(np.degrees(dy / EARTH_RADIUS_M)),
                lon + float(np.degrees(dx / EARTH_RADIUS_M / np.cos(np.radians(lat)))),
            )
            self._add(begin + float(t[step]), place, DRIFT, heading_deg)

    def beside(self, other: Voyage, start_s: float, end_s: float, side: int, gap_m: float) -> None:
        """Come up and lie alongside another hull, from one time, or as soon as it can be there, to another."""
        host, zero = Tracks.of([other]), np.zeros(1, dtype=np.int64)
        there = host.middle(zero, np.array([start_s]))
        way_m = float(apart_m(*self.at, float(there[0][0]), float(there[1][0])))
        start = max(start_s, self.now_s + way_m / (COMING_UP_KN * KNOT_MPS) + 60.0)
        t = np.append(np.arange(start, end_s, BESIDE_STEP_S), max(start, end_s))
        abreast = side * ((other.hull.width_m + self.hull.width_m) / 2 + gap_m)
        lat, lon, heading = host.middle(np.zeros(len(t), dtype=np.int64), t)
        angle = np.radians(heading + 90.0)
        lat = lat + np.degrees(abreast * np.cos(angle) / EARTH_RADIUS_M)
        lon = lon + np.degrees(abreast * np.sin(angle) / EARTH_RADIUS_M) / np.cos(np.radians(lat))
        for step in range(len(t)):
            mode = BESIDE if step else SAIL
            self._add(float(t[step]), (float(lat[step]), float(lon[step])), mode, float(heading[step]))

    def mark(self) -> tuple[int, int, int]:
        """Return what `rewind` needs to come back to this moment."""
        return len(self.t_s), len(self.draughts), len(self.off)

    def rewind(self, mark: tuple[int, int, int]) -> None:
        """Undo all that was done since `mark`."""
        knots, draughts, off = mark
        for values in (self.t_s, self.lat, self.lon, self.mode, self.heading):
            del values[knots:]
        del self.draughts[draughts:], self.off[off:]
        self.mode[-1] = LIE

    def copied(self, hull: Hull, later_s: float = 0.0, aside_m: float = 0.0) -> Voyage:
        """Return another hull (or another name of this one) that does the same, later or to the east of it."""
        east = np.degrees(aside_m / EARTH_RADIUS_M) / np.cos(np.radians(np.array(self.lat)))
        lon = (np.array(self.lon) + east).tolist()
        draughts = [(self.draughts[0][0], hull.draught_m)]
        t_s = [t + later_s for t in self.t_s]
        return Voyage(hull, t_s, [*self.lat], lon, [*self.mode], [*self.heading], draughts, [], self.sway)

    def type_draught(self, t_s: float, draught_m: float) -> None:
        """Let the crew type a draught."""
        self.draughts.append((t_s, round(max(draught_m, 1.0), 1)))

    @property
    def typed_m(self) -> float:
        """The draught typed last [m]."""
        return self.draughts[-1][1]

    def switch_off(self, start_s: float, end_s: float, why: int) -> None:
        """Keep the transponder off for a time."""
        if end_s > start_s:
            self.off.append(Window(start_s, end_s, why))


def route(sea: Sea, begin: str | Point, end: str | Point, aside_m: float) -> list[Point]:
    """Return the way-points between two ports or places, ``aside_m`` to starboard of the middle of the lane."""
    way = sea.way(begin, end)
    if len(way) > 2:
        course = np.arctan2(np.gradient(way[:, 1]) * np.cos(np.radians(way[:, 0])), np.gradient(way[:, 0]))
        right = course + np.pi / 2
        lat = way[:, 0] + np.degrees(aside_m * np.cos(right) / EARTH_RADIUS_M)
        lon = way[:, 1] + np.degrees(aside_m * np.sin(right) / EARTH_RADIUS_M) / np.cos(np.radians(way[:, 0]))
        moved = sea.is_wet(lat, lon)
        moved[[0, -1]] = False
        way = np.where(moved[:, None], np.column_stack([lat, lon]), way)
    return [(float(lat), float(lon)) for lat, lon in way]


@dataclass(frozen=True)
class Spot:
    """Where and how hulls are, shape (n,): the antenna's place, speed, course and heading over ground, and mode."""

    lat_deg: Floats
    lon_deg: Floats
    speed_kn: Floats
    course_deg: Floats
    heading_deg: Floats
    mode: Ints


@dataclass(frozen=True)
class Tracks:
    """The true tracks of all hulls: way-points one after another, found by hull and time in one array."""

    key: Floats
    first: Ints
    lat: Floats
    lon: Floats
    mode: Ints
    heading: Floats
    sway: Ints
    ahead_m: Floats
    starboard_m: Floats
    stride: float
    zero_s: float

    @classmethod
    def of(cls, voyages: list[Voyage]) -> Tracks:
        """Put voyages together."""
        zero = min(voyage.t_s[0] for voyage in voyages)
        stride = float(np.ceil(max(voyage.now_s for voyage in voyages) - zero) + HOUR)
        sizes = np.array([len(voyage.t_s) for voyage in voyages], dtype=np.int64)
        who = np.repeat(np.arange(len(voyages)), sizes)
        t = np.concatenate([voyage.t_s for voyage in voyages])
        return cls(
            key=who * stride + (t - zero),
            first=np.cumsum(sizes) - sizes,
            lat=np.concatenate([voyage.lat for voyage in voyages]),
            lon=np.concatenate([voyage.lon for voyage in voyages]),
            mode=np.concatenate([voyage.mode for voyage in voyages]),
            heading=np.concatenate([voyage.heading for voyage in voyages]),
            sway=np.array([voyage.sway for voyage in voyages]),
            ahead_m=np.array([voyage.hull.antenna_ahead_m for voyage in voyages]),
            starboard_m=np.array([voyage.hull.antenna_starboard_m for voyage in voyages]),
            stride=stride,
            zero_s=zero,
        )

    def at(self, who: Ints, t_s: Floats) -> Spot:
        """Return how hulls ``who`` are at ``t_s`` [s], shape (n,); before and after its voyage a hull lies still."""
        before, now, after = (self._place(who, t_s + shift) for shift in (-20.0, 0.0, 20.0))
        north = np.radians(after[0] - before[0]) * EARTH_RADIUS_M
        east = np.radians(after[1] - before[1]) * EARTH_RADIUS_M * np.cos(np.radians(now[0]))
        speed = np.hypot(north, east) / 40.0 / KNOT_MPS
        course = np.degrees(np.arctan2(east, north)) % 360.0
        mode = now[2]
        own = self._heading(who, t_s, now[3])
        heading = np.where((mode == SAIL) | (mode == WORK), course, own) % 360.0
        lat, lon = self._antenna(who, now[0], now[1], heading)
        return Spot(lat, lon, speed, course, heading, mode)

    def middle(self, who: Ints, t_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the hull's middle and the heading of one that lies [degrees]."""
        lat, lon, _, knot = self._place(who, t_s)
        return lat, lon, self._heading(who, t_s, knot)

    def _place(self, who: Ints, t_s: Floats) -> tuple[Floats, Floats, Ints, Ints]:
        """Return the hull's middle [degrees], what it does and the way-point it has passed."""
        key = who * self.stride + np.clip(t_s - self.zero_s, 0.0, self.stride - HOUR / 2)
        knot = np.clip(np.searchsorted(self.key, key, side="right") - 1, self.first[who], None)
        last = np.append(self.first[1:], len(self.key))[who] - 1
        following = np.minimum(knot + 1, last)
        length = np.maximum(self.key[following] - self.key[knot], 1.0)
        gone = np.clip((key - self.key[knot]) / length, 0.0, 1.0)
        lat = self.lat[knot] + gone * (self.lat[following] - self.lat[knot])
        lon = self.lon[knot] + gone * (self.lon[following] - self.lon[knot])
        mode = self.mode[knot]
        for kind, path in ((SWING, _swing), (WORK, _work)):
            rows = np.flatnonzero(mode == kind)
            if len(rows):
                # Out from the place where the leg begins, and back to where it ends, within a while.
                near = np.minimum(gone, 1 - gone)[rows] * length[rows]
                share = np.clip(near / 1800.0, 0.0, 1.0)
                east, north = path(self.sway[who[rows]], t_s[rows])
                lat[rows] += np.degrees(share * north / EARTH_RADIUS_M)
                lon[rows] += np.degrees(share * east / EARTH_RADIUS_M) / np.cos(np.radians(lat[rows]))
        return lat, lon, mode, knot

    def _heading(self, who: Ints, t_s: Floats, knot: Ints) -> Floats:
        """Return the heading of hulls that lie: at anchor bow to the tide; drifting ones yaw slowly."""
        mode, sway = self.mode[knot], self.sway[who]
        yaw = 8.0 * np.sin(2 * np.pi * t_s / (2400.0 + 97.0 * (sway % 13)) + sway)
        tide = np.degrees(_tide(t_s)) + 3.0 * np.sin(t_s / 190.0 + sway)
        held = self.heading[knot] + np.where(mode == DRIFT, yaw, 0.0)
        return np.asarray(np.where(mode == SWING, tide, held))

    def _antenna(self, who: Ints, lat: Floats, lon: Floats, heading_deg: Floats) -> tuple[Floats, Floats]:
        ahead, side = self.ahead_m[who], self.starboard_m[who]
        sin, cos = np.sin(np.radians(heading_deg)), np.cos(np.radians(heading_deg))
        north, east = ahead * cos - side * sin, ahead * sin + side * cos
        return (
            lat + np.degrees(north / EARTH_RADIUS_M),
            lon + np.degrees(east / EARTH_RADIUS_M) / np.cos(np.radians(lat)),
        )


def _tide(t_s: Floats) -> Floats:
    turn = 2 * np.pi * t_s / M2_PERIOD_S
    return np.asarray(turn + 0.4 * np.sin(2 * turn))


def _swing(sway: Ints, t_s: Floats) -> tuple[Floats, Floats]:
    """Swing about an anchor with the tide, all about alike: 90-200 m of chain and hull."""
    scope = 90.0 + (sway * 7919) % 111
    angle = _tide(t_s) + 0.1 * np.sin(2 * np.pi * t_s / (900.0 + (sway * 31) % 600) + sway)
    return np.asarray(-scope * np.sin(angle)), np.asarray(-scope * np.cos(angle))


def _work(sway: Ints, t_s: Floats) -> tuple[Floats, Floats]:
    """Work a ground: loops of 3-8 km at 2-3.6 kn that nearly stop for each haul, every two hours and a half."""
    size = 3000.0 + (sway * 7919) % 5000
    rate = (2.2 + (sway * 104_729) % 14 / 10.0) * KNOT_MPS / size
    haul = 2 * np.pi / 9_000.0
    clock = rate * (t_s + 0.85 / haul * np.sin(haul * t_s + sway))
    one, two = clock + sway, 2.3 * clock + 2.0 * sway
    east = size * (np.sin(one) + 0.7 / 2.3 * np.sin(two))
    return np.asarray(east), np.asarray(size * (np.cos(one) + 0.7 / 2.3 * np.cos(two + 1.0)))
