"""From a noise-free path to the reports a receiver would have stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stsdetect.simulate.motion import Floats, speed_kn, to_degrees
from stsdetect.simulate.scenes import Actor, Radio
from stsdetect.units import EARTH_RADIUS_M

#: The resolution of an AIS position [1/degree]: 1/10,000 minute (ITU-R M.1371).
PER_DEGREE = 600_000.0
#: Values that stand for "not available" (ITU-R M.1371).
NO_SOG, NO_COG, NO_HEADING, NO_LAT, NO_LON = 102.3, 360.0, 511.0, 91.0, 181.0
#: Correlation time of a GPS position error [s].
NOISE_TIME_S = 600.0


@dataclass(frozen=True)
class Track:
    """A hull's noise-free track on an even grid: the antenna's place [degrees], centre and motion over ground.

    ``t_s`` counts from the world's start [s]; ``x_m, y_m`` are the hull's centre on the scene's plane [m].
    """

    hull_key: str
    t_s: Floats
    lat_deg: Floats
    lon_deg: Floats
    x_m: Floats
    y_m: Floats
    heading_deg: Floats
    speed_kn: Floats
    course_deg: Floats


@dataclass(frozen=True)
class Reports:
    """Reports of one hull, in order of time; ``good`` marks true places, ``delay_s`` how late a row is stored."""

    t_s: npt.NDArray[np.int64]
    lat_deg: Floats
    lon_deg: Floats
    sog_kn: Floats
    cog_deg: Floats
    heading_deg: Floats
    status: npt.NDArray[np.int64]
    draught_m: Floats
    good: npt.NDArray[np.bool_]
    delay_s: Floats

    def take(self, index: npt.NDArray[np.int64]) -> Reports:
        """Return the reports at ``index``."""
        return Reports(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def track_of(actor: Actor) -> Track:
    """Return the noise-free antenna track of an actor."""
    path, hull = actor.path, actor.hull
    angle = np.radians(path.heading_deg)
    ahead, starboard = hull.antenna_ahead_m, hull.antenna_starboard_m
    x = path.x_m + ahead * np.sin(angle) + starboard * np.cos(angle)
    y = path.y_m + ahead * np.cos(angle) - starboard * np.sin(angle)
    lat, lon = to_degrees(x, y, actor.lat_deg, actor.lon_deg)
    dx, dy = np.gradient(x, path.t_s), np.gradient(y, path.t_s)
    return Track(
        hull.key, path.t_s, lat, lon, path.x_m, path.y_m, path.heading_deg % 360.0,
        speed_kn(x, y, path.t_s), np.degrees(np.arctan2(dx, dy)) % 360.0,
    )  # fmt: skip


def interval_s(radio: Radio, speed: float, status: int) -> float:
    """Return the nominal reporting interval [s] (ITU-R M.1371: class A, class B carrier sense).

    >>> interval_s(Radio("A"), 12.0, 0), interval_s(Radio("A"), 0.1, 1), interval_s(Radio("B"), 6.0, 0)
    (10.0, 180.0, 30.0)
    """
    if radio.way == "B":
        return 180.0 if speed < 2 else 30.0
    if status in (1, 2, 5, 6) and speed <= 3:
        return 180.0
    return 10.0 if speed <= 14 else 6.0 if speed <= 23 else 2.0


def step_at(t_s: Floats, steps: tuple[tuple[float, float], ...]) -> Floats:
    """Return the value of a step curve of ``(from, value)`` at ``t_s``."""
    begins = np.array([step[0] for step in steps])
    values = np.array([step[1] for step in steps], dtype=np.float64)
    return np.asarray(values[np.clip(np.searchsorted(begins, t_s, side="right") - 1, 0, None)])


def _times(actor: Actor, track: Track, rng: np.random.Generator) -> Floats:
    """Draw the times of the reports that are heard."""
    radio, end = actor.radio, float(track.t_s[-1])
    now, heard = float(track.t_s[0]) + rng.uniform(0, 30), []
    if radio.way == "satellite":
        # A satellite hears a ship once to three times in a pass of some ten minutes; passes are up to 110 min apart.
        while now < end:
            heard.append(now)
            now += rng.uniform(180, 420) if rng.random() < 0.45 else rng.uniform(1500, 6500)
        return np.array(heard)
    speeds = track.speed_kn
    statuses = step_at(track.t_s, actor.statuses)
    while now < end:
        heard.append(now)
        i = min(int((now - track.t_s[0]) / 10.0), len(speeds) - 1)
        usual = max(interval_s(radio, float(speeds[i]), int(statuses[i])), radio.thin_s)
        now += usual * rng.uniform(0.97, 1.03)
    t = np.array(heard)
    kept = rng.random(len(t)) > 0.05
    # Short outages of the receiver: about four a day, of 2-8 minutes.
    for _ in range(rng.poisson((end - t[0]) / 21_600.0)):
        begin = rng.uniform(t[0], end)
        kept &= ~((t >= begin) & (t < begin + rng.uniform(120, 480)))
    return t[kept]


def _noise(t_s: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw correlated position errors [m]: 2.2-4 m on each axis, so 95 % of fixes within about 5-10 m."""
    size = rng.uniform(2.2, 4.0)
    rho = np.exp(-np.diff(t_s, prepend=t_s[:1] - 1e9) / NOISE_TIME_S)
    fresh = rng.normal(0, size, (2, len(t_s))) * np.sqrt(1 - rho * rho)
    out = np.empty((2, len(t_s)))
    last = np.zeros(2)
    for i in range(len(t_s)):
        last = rho[i] * last + fresh[:, i]
        out[:, i] = last
    return out[0], out[1]


def _speeds(actor: Actor, true_kn: Floats, rng: np.random.Generator) -> Floats:
    radio, n = actor.radio, len(true_kn)
    if radio.speed == "none":
        return np.full(n, NO_SOG)
    sog = np.abs(true_kn + rng.normal(0, 0.08, n))
    if radio.way == "B":
        sog = sog + (true_kn < 2) * rng.uniform(0.0, 0.5, n)
    if radio.speed == "noisy":
        sog = sog + np.abs(rng.normal(0, 0.8, n)) + (rng.random(n) < 0.05) * rng.uniform(1.5, 4.0, n)
    sog = np.round(np.minimum(sog, 102.2), 1)
    if radio.way == "B":
        sog[rng.random(n) < 0.03] = NO_SOG
    return np.asarray(sog)


def report(actor: Actor, track: Track, rng: np.random.Generator, *, dirt: bool = True) -> Reports:
    """Draw the reports of an actor; ``dirt`` adds repeats, late rows and impossible places."""
    t = np.floor(_times(actor, track, rng))
    t = np.unique(np.clip(t, np.ceil(track.t_s[0]), np.floor(track.t_s[-1])))
    for begin, end in actor.silences:
        t = t[(t < begin) | (t >= end)]
    n = len(t)
    north, east = _noise(t, rng)
    lat = np.interp(t, track.t_s, track.lat_deg)
    lon = np.interp(t, track.t_s, track.lon_deg)
    lat, lon = (
        lat + np.degrees(north / EARTH_RADIUS_M),
        lon + np.degrees(east / EARTH_RADIUS_M) / np.cos(np.radians(lat)),
    )
    speed = np.interp(t, track.t_s, track.speed_kn)
    sog = _speeds(actor, speed, rng)
    near = np.clip(np.searchsorted(track.t_s, t), 0, len(track.t_s) - 1)
    wander = np.where(speed < 0.6, 180.0, 3.0 + 6.0 / np.maximum(speed, 0.6))
    cog = np.round((track.course_deg[near] + rng.uniform(-1, 1, n) * wander) % 360.0, 1) % 360.0
    cog = np.where(sog == NO_SOG, NO_COG, cog)
    heading = np.round(track.heading_deg[near] + rng.normal(0, 0.7, n)) % 360.0
    if actor.radio.way == "B" and rng.random() < 0.8:
        heading = np.full(n, NO_HEADING)
    clean = Reports(
        t.astype(np.int64),
        np.round(lat * PER_DEGREE) / PER_DEGREE,
        np.round(lon * PER_DEGREE) / PER_DEGREE,
        sog, cog, heading,
        step_at(t, actor.statuses).astype(np.int64),
        step_at(t, actor.draughts or ((0.0, actor.hull.draught_m),)),
        np.ones(n, dtype=np.bool_),
        np.zeros(n),
    )  # fmt: skip
    return _dirty(clean, rng) if dirt else clean


def _dirty(clean: Reports, rng: np.random.Generator) -> Reports:
    """Repeat, delay and spoil some rows, at shares seen in public exports (a few in a hundred or in a thousand)."""
    n = len(clean.t_s)
    draw = rng.random(n)
    bad = draw < 0.003
    null_island = (draw >= 0.003) & (draw < 0.005)
    again, almost = np.flatnonzero(rng.random(n) < 0.03), np.flatnonzero(rng.random(n) < 0.02)
    late = np.where(rng.random(n) < 0.01, rng.uniform(30, 300, n), 0.0)
    spoiled = Reports(
        clean.t_s,
        np.where(bad, NO_LAT, np.where(null_island, 0.0, clean.lat_deg)),
        np.where(bad, NO_LON, np.where(null_island, 0.0, clean.lon_deg)),
        np.where(bad, NO_SOG, clean.sog_kn),
        np.where(bad, NO_COG, clean.cog_deg),
        np.where(bad, NO_HEADING, clean.heading_deg),
        clean.status, clean.draught_m, ~(bad | null_island), late,
    )  # fmt: skip
    rows = spoiled.take(np.concatenate([np.arange(n), again, almost]).astype(np.int64))
    shift = np.zeros(len(rows.t_s), dtype=np.int64)
    shift[n + len(again) :] = 1  # the same report through a second station, stamped a second later
    delay = rows.delay_s.copy()
    delay[n : n + len(again)] += rng.uniform(0, 20, len(again))
    return Reports(
        rows.t_s + shift, rows.lat_deg, rows.lon_deg, rows.sog_kn, rows.cog_deg, rows.heading_deg,
        rows.status, rows.draught_m, rows.good, delay,
    )  # fmt: skip
