"""Where the vessels of an archive are at any time, in closed form: a block of time needs no block before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stsdetect.simulate.archive_fleet import SWINGING, UNDER_WAY, WORKING, Bools, Ints, Vessels, offset
from stsdetect.simulate.motion import M2_PERIOD_S, Floats
from stsdetect.simulate.sampling import NOISE_TIME_S
from stsdetect.units import KNOT_MPS

#: Receivers lose a vessel for windows of this length [s].
WINDOW_S = 10_800
#: Length of the table of normal numbers that position errors are drawn from; a power of two.
_NORMALS = 1 << 16


@dataclass(frozen=True)
class Phase:
    """Where in its routine each report's vessel is: share of the way out (0 home, 1 away), direction, voyage."""

    share: Floats
    direction: Floats
    voyage: Ints

    @property
    def moving(self) -> Bools:
        """Whether it is on its way out (direction 1) or back (-1)."""
        return np.asarray(self.direction != 0)

    def take(self, index: Ints) -> Phase:
        """Return the phases at ``index``."""
        return Phase(self.share[index], self.direction[index], self.voyage[index])


def phase_of(vessels: Vessels, who: Ints, t_s: Floats) -> Phase:
    """Return the phase of vessels ``who`` at times ``t_s`` [s since the start], shape (n,)."""
    way = vessels.length_m / vessels.speed_mps
    period = vessels.stay_s + vessels.away_s + 2 * way
    stay, away, way = vessels.stay_s[who], vessels.away_s[who], way[who]
    clock = t_s + vessels.offset_s[who]
    whole = period[who]
    since = np.fmod(clock, whole)
    out, back = since - stay, since - stay - way - away
    share = np.clip(out / np.maximum(way, 1e-9), 0.0, 1.0)
    returning = back > 0
    share[returning] -= np.minimum(back[returning] / way[returning], 1.0)
    direction = np.where(returning, -1.0, np.where((out > 0) & (out < way), 1.0, 0.0))
    voyage = np.where(np.isfinite(whole), (clock - since) / whole + 0.5, 0.0).astype(np.int64) + (out > 0)
    return Phase(share, direction, voyage)


def heard(vessels: Vessels, who: Ints, t_s: Floats, phase: Phase, seed: int) -> Bools:
    """Tell which reports can be heard at all: within reach, and not in a window in which the vessel is lost."""
    still = ~phase.moving
    home = still & (phase.share < 0.5)
    reach = np.where(still, np.where(home, vessels.heard_home[who], vessels.heard_away[who]), True)
    window = (t_s + vessels.offset_s[who] % WINDOW_S) // WINDOW_S
    return np.asarray(reach & (_chance(who, window.astype(np.int64), seed) >= vessels.silent[who]))


def _chance(who: Ints, number: Ints, seed: int) -> Floats:
    """Return an even number in [0, 1) that depends on nothing but the vessel, ``number`` and the seed (SplitMix64)."""
    mixed = who.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + number.astype(np.uint64) * np.uint64(
        0xD1B54A32D192ED03
    )
    mixed += np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed >> np.uint64(11)) * 2.0**-53)


@dataclass(frozen=True)
class Motion:
    """Places [degrees], speed over ground [kn], course and heading [degrees] and status of reports, shape (n,)."""

    lat_deg: Floats
    lon_deg: Floats
    speed_kn: Floats
    course_deg: Floats
    heading_deg: Floats
    status: Ints


def motion(vessels: Vessels, who: Ints, t_s: Floats, phase: Phase, normals: Floats) -> Motion:
    """Return how vessels ``who`` move at times ``t_s`` [s since the start], with position errors."""
    moving = phase.moving
    east, north = vessels.east_m[who] * phase.share, vessels.north_m[who] * phase.share
    speed = np.where(moving, vessels.speed_mps[who], 0.0)
    course = np.degrees(np.arctan2(vessels.east_m, vessels.north_m))[who] + np.where(phase.direction < 0, 180.0, 0.0)
    heading = np.where(moving, course, vessels.heading_deg[who])
    local = np.where(moving, 0, vessels.local[who])
    for kind, path in ((SWINGING, _swing), (WORKING, _work)):
        rows = np.flatnonzero(local == kind)
        if len(rows):
            dx, dy, vx, vy, bow = path(vessels, who[rows], t_s[rows])
            east[rows] += dx
            north[rows] += dy
            speed[rows] = np.hypot(vx, vy)
            course[rows] = np.degrees(np.arctan2(vx, vy))
            heading[rows] = bow
    noise_east, noise_north = _position_error(who, t_s, normals)
    lat, lon = offset(vessels.home_lat[who], vessels.home_lon[who], east + noise_east, north + noise_north)
    status = np.where(moving, UNDER_WAY, vessels.status[who])
    return Motion(lat, lon, speed / KNOT_MPS, course, heading, status)


_Path = tuple[Floats, Floats, Floats, Floats, Floats]


def _swing(vessels: Vessels, who: Ints, t_s: Floats) -> _Path:
    """Swing about an anchor with the tide: all about alike, each yawing a little on its own."""
    scope, own = vessels.scope_m[who], vessels.offset_s[who]
    yaw = 2 * np.pi / (900.0 + own % 600.0)
    tide = 2 * np.pi / M2_PERIOD_S
    angle = tide * t_s + 0.4 * np.sin(2 * tide * t_s) + 0.1 * np.sin(yaw * t_s + own)
    rate = tide + 0.8 * tide * np.cos(2 * tide * t_s) + 0.1 * yaw * np.cos(yaw * t_s + own)
    sin, cos = np.sin(angle), np.cos(angle)
    return -scope * sin, -scope * cos, -scope * cos * rate, scope * sin * rate, np.degrees(angle)


def _work(vessels: Vessels, who: Ints, t_s: Floats) -> _Path:
    """Work a fishing ground: loops at trawling speed that nearly stops for each haul, every two hours and a half."""
    size, own = vessels.scope_m[who], vessels.offset_s[who]
    haul = 2 * np.pi / 9_000.0
    clock = t_s + 0.85 / haul * np.sin(haul * t_s + own)
    pace = 1.0 + 0.85 * np.cos(haul * t_s + own)
    turn = vessels.speed_mps[who] / size
    one, two = turn * clock + own, 2.3 * turn * clock + 2 * own
    vx = turn * pace * size * (np.cos(one) + 0.7 * np.cos(two))
    vy = turn * pace * size * (-np.sin(one) + 0.7 * np.cos(two + 1.0))
    dx = size * (np.sin(one) + 0.7 / 2.3 * np.sin(two))
    dy = size * (np.cos(one) + 0.7 / 2.3 * np.sin(two + 1.0))
    return dx, dy, vx, vy, np.degrees(np.arctan2(vx, vy))


def draw_normals(rng: np.random.Generator) -> Floats:
    """Draw the table that position errors come from [m]; 3 m on each axis, so 95 % of fixes within about 7 m."""
    return rng.normal(0, 3.0, _NORMALS)


def _position_error(who: Ints, t_s: Floats, normals: Floats) -> tuple[Floats, Floats]:
    """Return errors [m] east and north that wander over `NOISE_TIME_S`: straight lines between drawn values."""
    at = t_s / NOISE_TIME_S
    knot = at.astype(np.int64)
    part = at - knot
    place = who * 40_503 + knot * 2
    errors = []
    for axis in (0, 1):
        before = normals[(place + axis) & (_NORMALS - 1)]
        after = normals[(place + axis + 2) & (_NORMALS - 1)]
        errors.append(before + part * (after - before))
    return errors[0], errors[1]
