"""Bulk traffic for benchmarks: many vessels at once, sampled as NOAA does, with a few transfers planted in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from stsdetect.simulate.hulls import CARGO, FISHING, PASSENGER, TANKER, UNKNOWN, Hull, imo_number
from stsdetect.simulate.motion import M2_PERIOD_S, Floats
from stsdetect.simulate.sampling import NO_COG, NO_HEADING, NOISE_TIME_S, PER_DEGREE, Reports
from stsdetect.simulate.scenes import HOUR
from stsdetect.simulate.world import (
    EAST_CHINA_SEA,
    EAST_CHINA_SEA_SOUTH,
    YELLOW_SEA,
    Preset,
    World,
    from_plan,
    to_table,
)
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

Ints = npt.NDArray[np.int64]

DAY_S = 86_400
#: Harbours (World Port Index, Pub. 150): latitude, longitude [degrees].
HARBOURS = np.array([
    (38.94, 121.66), (37.56, 121.39), (37.51, 122.12), (35.37, 119.54), (34.75, 119.45), (31.26, 121.54),
    (30.01, 122.10), (29.94, 121.86), (25.98, 119.44), (24.79, 118.79), (24.45, 118.07), (25.15, 121.75),
    (24.28, 120.52), (22.61, 120.28), (37.47, 126.62), (36.99, 126.79), (35.99, 126.71), (34.74, 127.74),
    (35.11, 129.06), (35.48, 129.40), (36.02, 129.40),
])  # fmt: skip
#: Ends of shipping lanes: latitude, longitude, latitude, longitude [degrees]; our own choice of common routes.
LANES = np.array([
    (37.2, 123.0, 30.8, 123.2), (36.8, 123.6, 32.9, 125.0), (31.0, 123.0, 33.4, 128.0), (30.6, 123.1, 26.2, 121.6),
    (33.0, 127.8, 25.6, 121.8), (34.0, 123.0, 34.0, 125.2), (38.2, 121.0, 37.6, 123.2), (30.2, 123.3, 29.0, 129.0),
])  # fmt: skip
_MIDS = (412, 413, 416, 440, 441, 431, 477, 351)


@dataclass(frozen=True)
class _Mode:
    """A way of life: its share of vessels, seconds between reports, least and greatest hours heard, class B share."""

    share: float
    every_s: int
    hours: tuple[float, float]
    class_b: float
    status: int
    ship_types: tuple[int, ...]


_MODES: dict[str, _Mode] = {
    "moored": _Mode(0.35, 180, (24, 24), 0.4, 5, (CARGO, TANKER, PASSENGER, UNKNOWN, 52, 37)),
    "anchored": _Mode(0.15, 180, (10, 24), 0.0, 1, (CARGO, CARGO, TANKER)),
    "lane": _Mode(0.25, 60, (4, 24), 0.05, 0, (CARGO, CARGO, TANKER, PASSENGER)),
    "fishing": _Mode(0.25, 60, (4, 18), 0.6, 7, (FISHING,)),
}


def traffic(rows: int, *, seed: int, start: datetime) -> World:
    """Make a day of traffic with exactly ``rows`` rows, one transfer per 200,000 of them planted (1-20; from 2,000)."""
    transfers = min(20, max(1, rows // 200_000)) if rows >= 2_000 else 0
    seas = (YELLOW_SEA, EAST_CHINA_SEA, EAST_CHINA_SEA_SOUTH)
    plan = Preset("", (("alongside_drifting", ""),) * transfers, 24.0, seas)
    planted = from_plan(plan, "traffic", seed, start) if transfers else None
    need = rows - (planted.positions.num_rows if planted else 0)
    hulls, who, reports = _bulk(need, np.random.default_rng([seed, 5]))
    table = to_table(hulls, who, reports, start)
    if planted is None:
        return World(table, (), seed, "traffic", start, 24.0)
    import pyarrow as pa

    both = pa.concat_tables([table, planted.positions]).unify_dictionaries().combine_chunks()
    both = both.take(pa.array(np.argsort(both.column("time").to_numpy(), kind="stable")))
    return World(both, planted.truth, seed, "traffic", start, 24.0, planted.tracks, planted.hulls)


def _bulk(rows: int, rng: np.random.Generator) -> tuple[list[Hull], Ints, Reports]:
    """Draw vessels until there are ``rows`` reports, then lose the surplus at random."""
    hulls: list[Hull] = []
    whose: list[Ints] = []
    parts: list[Reports] = []
    have = 0
    while have < rows:
        batch = max(20, min(4000, int((rows - have) / 560)))
        for name, mode in _MODES.items():
            count = max(1, round(batch * mode.share))
            whom, part = _fleet(name, mode, count, rng)
            whose.append(whom + len(hulls))
            parts.append(part)
            hulls += [_hull(len(hulls) + i, mode, rng) for i in range(count)]
            have += len(whom)
    kept = np.sort(rng.choice(have, rows, replace=False))
    joined = Reports(*(np.concatenate([getattr(p, name) for p in parts]) for name in Reports.__dataclass_fields__))
    who = np.concatenate(whose)[kept]
    class_b = np.array([hull.transceiver == "B" for hull in hulls])[who]
    taken = joined.take(kept)
    taken.heading_deg[class_b] = NO_HEADING
    return hulls, who, taken


def _hull(number: int, mode: _Mode, rng: np.random.Generator) -> Hull:
    kind = int(rng.choice(mode.ship_types))
    length = int(rng.integers(14, 40) if kind in (FISHING, UNKNOWN, 37, 52) else rng.integers(60, 250))
    width = max(4, length // 6)
    class_b = bool(rng.random() < mode.class_b)
    return Hull(
        key=f"bulk-{number}",
        mmsi=_MIDS[number % len(_MIDS)] * 1_000_000 + 800_000 + number // len(_MIDS),
        name=f"SIM BULK {number}",
        imo=0 if class_b or length < 40 else imo_number(250_000 + number),
        callsign="" if class_b else f"SB{number}"[:7],
        ship_type=kind,
        to_bow_m=length - length // 4,
        to_stern_m=length // 4,
        to_port_m=width // 2,
        to_starboard_m=width - width // 2,
        draught_m=round(1 + length / 25, 1),
        destination="",
        transceiver="B" if class_b else "A",
    )


def _fleet(name: str, mode: _Mode, count: int, rng: np.random.Generator) -> tuple[Ints, Reports]:
    """Draw all reports of ``count`` vessels of one mode, vessel after vessel."""
    heard_s = rng.uniform(mode.hours[0], mode.hours[1], count) * HOUR
    begin_s = rng.uniform(0, np.maximum(DAY_S - heard_s, 1))
    number = (heard_s // mode.every_s).astype(np.int64) - 1
    who = np.repeat(np.arange(count), number)
    first = np.cumsum(number) - number
    step = np.arange(len(who)) - first[who]
    t = np.floor(begin_s[who] + (step + rng.uniform(-0.1, 0.1, len(who)) + 0.2) * mode.every_s)
    paths = {"moored": _moored, "anchored": _anchored, "lane": _lane, "fishing": _fishing}
    lat, lon, speed_kn, course, heading, keep = paths[name](count, who, first, t, rng)
    noise = _noise(len(who), mode.every_s, rng)
    lat = lat + np.degrees(noise[0] / EARTH_RADIUS_M)
    lon = lon + np.degrees(noise[1] / EARTH_RADIUS_M) / np.cos(np.radians(lat))
    sog = np.asarray(np.round(np.abs(speed_kn + rng.normal(0, 0.1, len(who))), 1), dtype=np.float64)
    cog = np.where(speed_kn < 0.3, rng.uniform(0, NO_COG, len(who)), course + rng.normal(0, 2, len(who)))
    reports = Reports(
        np.clip(t, 0, DAY_S - 1).astype(np.int64),
        np.round(lat * PER_DEGREE) / PER_DEGREE,
        np.round(lon * PER_DEGREE) / PER_DEGREE,
        sog, np.round(cog % 360.0, 1) % 360.0, np.round(heading) % 360.0,
        np.full(len(who), mode.status), np.repeat(np.round(rng.uniform(3, 9, count), 1), number),
        np.ones(len(who), dtype=np.bool_), np.zeros(len(who)),
    )  # fmt: skip
    kept = np.flatnonzero(keep)
    return who[kept], reports.take(kept)


def _noise(n: int, every_s: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw position errors [m] that wander over `NOISE_TIME_S`, along all vessels' reports in one go."""
    at = np.arange(n) * (every_s / NOISE_TIME_S)
    knots = np.arange(int(at[-1] if n else 0) + 2)
    east, north = (np.interp(at, knots, rng.normal(0, 3.5, len(knots))) for _ in range(2))
    return east, north


_Paths = tuple[Floats, Floats, Floats, Floats, Floats, npt.NDArray[np.bool_]]


def _about(lat: Floats, lon: Floats, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    return (
        lat + np.degrees(north_m / EARTH_RADIUS_M),
        lon + np.degrees(east_m / EARTH_RADIUS_M) / np.cos(np.radians(lat)),
    )


def _moored(count: int, who: Ints, first: Ints, t: Floats, rng: np.random.Generator) -> _Paths:
    """Lie in harbours of a few dozen: basins of three quays, 60 m from berth to berth, some rafted two deep."""
    basin = np.arange(count) // 36
    slot = np.arange(count) % 36
    port = HARBOURS[basin % len(HARBOURS)]
    away = 700.0 * (basin // len(HARBOURS))
    shore = rng.uniform(-4000, 4000)
    east = (slot % 12) * 60.0 + away
    rafted = np.where(rng.random(count) < 0.15, 12.0, 0.0)
    north = np.asarray(shore + (slot // 12) * 150.0 + rafted, dtype=np.float64)
    lat, lon = _about(port[:, 0], port[:, 1], east, north)
    heading = np.where(rng.random(count) < 0.5, 90.0, 270.0)
    still = np.zeros(len(who))
    return lat[who], lon[who], still, still, heading[who], np.ones(len(who), dtype=np.bool_)


def _anchored(count: int, who: Ints, first: Ints, t: Floats, rng: np.random.Generator) -> _Paths:
    """Swing in roads of thirty, 0.9 to 1.2 km apart, all with the tide."""
    roads = np.arange(count) // 30
    slot = np.arange(count) % 30
    centre = np.column_stack([rng.uniform(27.5, 36.5, roads.max() + 1), rng.uniform(122.9, 124.0, roads.max() + 1)])
    east = (slot % 6) * 1050.0 + rng.uniform(-75, 75, count)
    north = (slot // 6) * 1050.0 + rng.uniform(-75, 75, count)
    lat, lon = _about(centre[roads, 0], centre[roads, 1], east, north)
    scope = rng.uniform(120, 220, count)
    sway = 0.1 * np.sin(2 * np.pi * t / rng.uniform(900, 1500, count)[who])
    angle = 2 * np.pi * t / M2_PERIOD_S + 0.4 * np.sin(4 * np.pi * t / M2_PERIOD_S) + sway
    lat, lon = _about(lat[who], lon[who], -scope[who] * np.sin(angle), -scope[who] * np.cos(angle))
    speed = np.full(len(who), 0.2)
    return lat, lon, speed, np.degrees(angle) + 90.0, np.degrees(angle), np.ones(len(who), dtype=np.bool_)


def _lane(count: int, who: Ints, first: Ints, t: Floats, rng: np.random.Generator) -> _Paths:
    """Sail lanes both ways at 8-17 kn, within about a kilometre of their middle."""
    lane = LANES[rng.integers(len(LANES), size=count)]
    back = rng.random(count) < 0.5
    lane = np.where(back[:, None], lane[:, [2, 3, 0, 1]], lane)
    scale = np.cos(np.radians((lane[:, 0] + lane[:, 2]) / 2))
    north = np.radians(lane[:, 2] - lane[:, 0]) * EARTH_RADIUS_M
    east = np.radians(lane[:, 3] - lane[:, 1]) * EARTH_RADIUS_M * scale
    length = np.hypot(north, east)
    course = np.degrees(np.arctan2(east, north))
    speed = rng.uniform(8, 17, count)
    made = rng.uniform(0, 0.8, count)[who] * length[who] + speed[who] * KNOT_MPS * (
        t - t[np.minimum(first, len(t) - 1)][who]
    )
    share = made / length[who]
    # Keep to the right of the lane's middle, as ships do.
    aside = np.abs(rng.normal(900, 500, count))[who] + 60.0 * np.sin(t / 1800.0 + who)
    angle = np.radians(course[who])
    lat, lon = _about(
        lane[who, 0] + share * (lane[who, 2] - lane[who, 0]),
        lane[who, 1] + share * (lane[who, 3] - lane[who, 1]),
        aside * np.cos(angle), -aside * np.sin(angle),
    )  # fmt: skip
    return lat, lon, speed[who], course[who], course[who], share < 1.0


def _fishing(count: int, who: Ints, first: Ints, t: Floats, rng: np.random.Generator) -> _Paths:
    """Wander on grounds: trawling at 2.5-4 kn with slow turns, steaming between hauls."""
    ground = np.column_stack([rng.uniform(27.5, 36.4, count), rng.uniform(122.9, 125.2, count)])
    turn = np.cumsum(rng.normal(0, 3.0, len(who)))
    heading = turn - turn[np.minimum(first, len(turn) - 1)][who] + rng.uniform(0, 360, count)[who]
    phase = rng.uniform(0, 6.3, count)[who]
    work = rng.uniform(2.5, 4.0, count)[who]
    speed = np.where(np.sin(t / 3000.0 + phase) > 0.7, 7.5, work)
    angle = np.radians(heading)

    def total(rate: Floats) -> Floats:
        gone = np.cumsum(rate * 60.0)
        return np.asarray(gone - gone[np.minimum(first, len(gone) - 1)][who])

    east, north = total(speed * KNOT_MPS * np.sin(angle)), total(speed * KNOT_MPS * np.cos(angle))
    lat, lon = _about(ground[who, 0], ground[who, 1], east, north)
    return lat, lon, speed, heading % 360.0, heading, np.ones(len(who), dtype=np.bool_)
