"""How hulls move: plain kinematics on a local plane, without noise.

A path is the hull's centre and heading on an even grid of time. Paths are built around a *stay* (drifting, at
anchor, moored) to which an arrival and a departure are added, or from a speed and a heading given over time.
Speeds change along a smooth step, so accelerations stay a few thousandths of a metre per second squared, as
for merchant ships.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

Floats = npt.NDArray[np.float64]

#: Step of the noise-free tracks [s].
STEP_S = 10.0
#: Period of the principal lunar tide M2 [s]: 12.4206 h.
M2_PERIOD_S = 44_714.16


@dataclass(frozen=True)
class Path:
    """A hull's centre on a local plane: time [s since the world's start], east and north [m], heading [degrees]."""

    t_s: Floats
    x_m: Floats
    y_m: Floats
    heading_deg: Floats

    def between(self, start_s: float, end_s: float) -> Path:
        """Return the part from ``start_s`` to ``end_s``."""
        keep = (self.t_s >= start_s) & (self.t_s <= end_s)
        return Path(self.t_s[keep], self.x_m[keep], self.y_m[keep], self.heading_deg[keep])

    def at(self, t_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return x [m], y [m] and heading [degrees, not wrapped] at the times ``t_s``."""
        return (
            np.interp(t_s, self.t_s, self.x_m),
            np.interp(t_s, self.t_s, self.y_m),
            np.interp(t_s, self.t_s, self.heading_deg),
        )


@dataclass(frozen=True)
class Water:
    """Current of a scene: a rotary tide of period M2 plus a steady drift, each a vector on the plane [m/s]."""

    major_mps: float
    minor_mps: float
    axis_rad: float
    phase_rad: float
    steady_x_mps: float
    steady_y_mps: float

    def velocity(self, t_s: Floats) -> tuple[Floats, Floats]:
        """Return the current east and north [m/s] at ``t_s``."""
        angle = 2 * np.pi * t_s / M2_PERIOD_S + self.phase_rad
        along, across = self.major_mps * np.cos(angle), self.minor_mps * np.sin(angle)
        sin, cos = np.sin(self.axis_rad), np.cos(self.axis_rad)
        return (
            along * sin + across * cos + self.steady_x_mps,
            along * cos - across * sin + self.steady_y_mps,
        )


def draw_water(rng: np.random.Generator) -> Water:
    """Draw a current. Tidal streams of the open Yellow and East China Seas run at about half a knot to one knot."""
    major = rng.uniform(0.3, 0.7) * KNOT_MPS
    steady, direction = rng.uniform(0.1, 0.4) * KNOT_MPS, rng.uniform(0, 2 * np.pi)
    return Water(
        major_mps=major,
        minor_mps=major * rng.uniform(0.35, 0.6),
        axis_rad=rng.uniform(0, 2 * np.pi),
        phase_rad=rng.uniform(0, 2 * np.pi),
        steady_x_mps=steady * np.sin(direction),
        steady_y_mps=steady * np.cos(direction),
    )


def times(start_s: float, end_s: float) -> Floats:
    """Return the grid of multiples of `STEP_S` from ``start_s`` to ``end_s``."""
    return np.arange(np.ceil(start_s / STEP_S), np.floor(end_s / STEP_S) + 1) * STEP_S


def smooth(u: Floats | float) -> Floats:
    """Step from 0 to 1 over ``u`` in 0..1 with level ends."""
    v = np.clip(u, 0.0, 1.0)
    return np.asarray(v * v * (3 - 2 * v))


def over(t_s: Floats, knots: list[tuple[float, float]]) -> Floats:
    """Return a curve through ``(time, value)`` knots, level at each of them."""
    value = np.full(len(t_s), float(knots[0][1]))
    for (t0, v0), (t1, v1) in pairwise(knots):
        value = value + (v1 - v0) * smooth((t_s - t0) / max(t1 - t0, 1e-9))
    return value


def _integrate(rate: Floats) -> Floats:
    total = np.zeros(len(rate))
    total[1:] = np.cumsum((rate[1:] + rate[:-1]) * 0.5) * STEP_S
    return total


def run(t_s: Floats, speed_mps: Floats, heading_deg: Floats, water: Water | None = None) -> Path:
    """Return the path of a hull with the given speed through water and heading; it begins at (0, 0)."""
    angle = np.radians(heading_deg)
    vx, vy = speed_mps * np.sin(angle), speed_mps * np.cos(angle)
    if water is not None:
        cx, cy = water.velocity(t_s)
        vx, vy = vx + cx, vy + cy
    return Path(t_s, _integrate(vx), _integrate(vy), heading_deg)


def moved(path: Path, t_pin_s: float, x_m: float, y_m: float) -> Path:
    """Return ``path`` shifted so that it passes (x, y) at ``t_pin_s``."""
    x, y, _ = path.at(np.array([t_pin_s]))
    return replace(path, x_m=path.x_m + (x_m - x[0]), y_m=path.y_m + (y_m - y[0]))


def drift(t_s: Floats, water: Water, heading_deg: float, rng: np.random.Generator) -> Path:
    """Return a hull that lies stopped and goes with the water, yawing slowly about ``heading_deg``."""
    hours = t_s / 3600.0
    yaw = rng.uniform(5, 15) * np.sin(2 * np.pi * hours / rng.uniform(0.6, 1.2) + rng.uniform(0, 6.3))
    turn = rng.uniform(-6, 6) * (hours - hours[0])
    path = run(t_s, np.zeros(len(t_s)), np.asarray(heading_deg + yaw + turn), water)
    return moved(path, float(t_s[len(t_s) // 2]), 0.0, 0.0)


def anchored(t_s: Floats, water: Water, scope_m: float, rng: np.random.Generator) -> Path:
    """Return a hull that swings around an anchor at (0, 0), bow to the current, ``scope_m`` away from it."""
    # The turning tide alone: with the steady part it could vanish and spin the ship about.
    cx, cy = replace(water, steady_x_mps=0.0, steady_y_mps=0.0).velocity(t_s)
    to_anchor = np.unwrap(np.arctan2(-cx, -cy))
    sway = np.radians(rng.uniform(3, 8)) * np.sin(2 * np.pi * t_s / rng.uniform(900, 1500) + rng.uniform(0, 6.3))
    angle = to_anchor + sway
    heading = np.degrees(to_anchor + 1.4 * sway)
    return Path(t_s, -scope_m * np.sin(angle), -scope_m * np.cos(angle), heading)


def moored(t_s: Floats, heading_deg: float) -> Path:
    """Return a hull made fast at (0, 0)."""
    return Path(t_s, np.zeros(len(t_s)), np.zeros(len(t_s)), np.full(len(t_s), float(heading_deg)))


def shifted(path: Path, ahead_m: Floats | float, starboard_m: Floats | float, turn_deg: float = 0.0) -> Path:
    """Return a path held ``ahead_m`` and ``starboard_m`` from ``path`` in its own turning frame."""
    angle = np.radians(path.heading_deg)
    sin, cos = np.sin(angle), np.cos(angle)
    return Path(
        path.t_s,
        path.x_m + ahead_m * sin + starboard_m * cos,
        path.y_m + ahead_m * cos - starboard_m * sin,
        path.heading_deg + turn_deg,
    )


def delayed(path: Path, delay_s: float) -> Path:
    """Return a follower on the same line ``delay_s`` later, over the times where the leader's place is known."""
    t = path.t_s[path.t_s >= path.t_s[0] + delay_s]
    x, y, heading = path.at(t - delay_s)
    return Path(t, x, y, heading)


@dataclass(frozen=True)
class Leg:
    """How a hull comes to or leaves a stay, seen outward from the stay.

    It makes way along its heading, opens by ``open_deg``, and after ``turn_at_s`` turns by ``turn_deg``.
    """

    cruise_mps: float
    ramp_s: float
    open_deg: float
    turn_deg: float
    turn_at_s: float
    turn_s: float = 900.0


def draw_leg(rng: np.random.Generator, side: int = 1, speed_kn: tuple[float, float] = (9.0, 12.5)) -> Leg:
    """Draw a merchant ship's way in or out: 9-12.5 kn, half an hour or more to stop, opening to ``side``."""
    ramp = rng.uniform(1800, 2700)
    return Leg(
        cruise_mps=rng.uniform(*speed_kn) * KNOT_MPS,
        ramp_s=ramp,
        open_deg=side * rng.uniform(8, 14),
        turn_deg=side * rng.uniform(0, 70),
        turn_at_s=ramp * rng.uniform(0.45, 0.7),
    )


def _outward(tau_s: Floats, leg: Leg, heading_deg: float) -> tuple[Floats, Floats, Floats]:
    speed = leg.cruise_mps * smooth(tau_s / leg.ramp_s)
    heading = (
        heading_deg + leg.open_deg * smooth(tau_s / 240.0) + leg.turn_deg * smooth((tau_s - leg.turn_at_s) / leg.turn_s)
    )
    angle = np.radians(heading)
    return _integrate(speed * np.sin(angle)), _integrate(speed * np.cos(angle)), heading


def _way(stay: Path, leg: Leg, tau_s: Floats, slot: Path | None, way: int) -> tuple[Floats, Floats, Floats]:
    """Return place and heading on the way in (``way`` -1) or out (1), ``tau_s`` outward from the stay.

    The water goes on carrying the hull as at the stay's end. With a ``slot`` (the place beside a still hull, which
    goes on moving and turning) the way near it is bound to the slot for half an hour, so that hulls do not touch.
    """
    at = -1 if way > 0 else 0
    end = float(stay.t_s[at])
    dx, dy, heading = _outward(tau_s, leg, float(stay.heading_deg[at]))
    if slot is None:
        (x0, x1), (y0, y1), _ = stay.at(np.array([end, end - way * 60.0]))
        drift_x, drift_y = tau_s * (x0 - x1) / 60.0, tau_s * (y0 - y1) / 60.0
    else:
        reach = min(1800.0, abs(float(slot.t_s[at]) - end))
        x, y, turned = slot.at(end + way * np.minimum(tau_s, reach))
        (xe, xl), (ye, yl), _ = slot.at(end + way * np.array([reach, reach - 60.0]))
        more = np.maximum(tau_s - reach, 0.0) / 60.0
        drift_x, drift_y = x - x[0] + (xe - xl) * more, y - y[0] + (ye - yl) * more
        near = (turned - turned[0]) * (1 - smooth((np.hypot(dx, dy) - 300.0) / 1200.0))
        sin, cos = np.sin(np.radians(near)), np.cos(np.radians(near))
        dx, dy, heading = dx * cos + dy * sin, dy * cos - dx * sin, heading + near
    return stay.x_m[at] + way * dx + drift_x, stay.y_m[at] + way * dy + drift_y, heading


def arrive(stay: Path, leg: Leg, start_s: float, slot: Path | None = None) -> Path:
    """Return ``stay`` with the way in from ``start_s`` put before it; ``slot`` is the place it comes to."""
    tau = np.arange(0.0, stay.t_s[0] - start_s + STEP_S / 2, STEP_S)
    x, y, heading = _way(stay, leg, tau, slot, -1)
    return Path(
        np.concatenate([(stay.t_s[0] - tau)[:0:-1], stay.t_s]),
        np.concatenate([x[:0:-1], stay.x_m]),
        np.concatenate([y[:0:-1], stay.y_m]),
        np.concatenate([heading[:0:-1], stay.heading_deg]),
    )


def depart(stay: Path, leg: Leg, end_s: float, slot: Path | None = None) -> Path:
    """Return ``stay`` with the way out until ``end_s`` put after it; ``slot`` is the place it leaves."""
    tau = np.arange(0.0, end_s - stay.t_s[-1] + STEP_S / 2, STEP_S)
    x, y, heading = _way(stay, leg, tau, slot, 1)
    return Path(
        np.concatenate([stay.t_s, (stay.t_s[-1] + tau)[1:]]),
        np.concatenate([stay.x_m, x[1:]]),
        np.concatenate([stay.y_m, y[1:]]),
        np.concatenate([stay.heading_deg, heading[1:]]),
    )


def beside(
    other: Path, start_s: float, end_s: float, leg_in: Leg, leg_out: Leg, ahead_m: float, starboard_m: float
) -> Path:
    """Return a hull that joins a moving ``other``, keeps station beside it from ``start_s`` to ``end_s``, and parts.

    The legs' speeds are relative to ``other``.
    """
    t = other.t_s
    before, after = np.maximum(start_s - t, 0.0), np.maximum(t - end_s, 0.0)
    ahead = np.full(len(t), ahead_m)
    side = np.full(len(t), starboard_m)
    sign = np.sign(starboard_m)
    for tau, leg, way in ((before, leg_in, -1.0), (after, leg_out, 1.0)):
        grid = np.arange(0.0, float(tau.max()) + 2 * STEP_S, STEP_S)
        out = _integrate(leg.cruise_mps * smooth(grid / leg.ramp_s))
        made = np.interp(tau, grid, out)
        angle = np.radians(abs(leg.open_deg) * smooth(made / 400.0))
        ahead = ahead + way * made * np.cos(angle)
        side = side + sign * made * np.sin(angle)
    path = shifted(other, ahead, side)
    dx, dy = np.gradient(path.x_m, STEP_S), np.gradient(path.y_m, STEP_S)
    made_good = np.degrees(np.unwrap(np.arctan2(dx, dy)))
    made_good += 360.0 * np.round((path.heading_deg[0] - made_good[0]) / 360.0)
    # Far off it heads where it goes; close to, it lies parallel. It always makes way here.
    apart = smooth(np.hypot(ahead - ahead_m, side - starboard_m) / 500.0)
    heading = path.heading_deg + apart * (made_good - path.heading_deg)
    return replace(path, heading_deg=np.asarray(heading))


def to_degrees(x_m: Floats, y_m: Floats, lat_deg: float, lon_deg: float) -> tuple[Floats, Floats]:
    """Return latitude and longitude [degrees] of plane points about (``lat_deg``, ``lon_deg``).

    The scale east-west is that of the origin: true to 1 % within 60 km of it at 35 degrees, exact at meetings.
    """
    lat = lat_deg + np.degrees(y_m / EARTH_RADIUS_M)
    lon = lon_deg + np.degrees(x_m / (EARTH_RADIUS_M * np.cos(np.radians(lat_deg))))
    return lat, (lon + 180.0) % 360.0 - 180.0


def closest_m(a: Path, b: Path) -> float:
    """Return the least distance between the centres of two hulls [m], over the times both have."""
    t = a.t_s[(a.t_s >= b.t_s[0]) & (a.t_s <= b.t_s[-1])]
    (ax, ay, _), (bx, by, _) = a.at(t), b.at(t)
    return float(np.hypot(ax - bx, ay - by).min())


def speed_kn(x_m: Floats, y_m: Floats, t_s: Floats) -> Floats:
    """Return the speed over ground [kn] of plane points."""
    return np.asarray(np.hypot(np.gradient(x_m, t_s), np.gradient(y_m, t_s)) / KNOT_MPS)
