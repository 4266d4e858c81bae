"""The vessels of an archive: how each spends its days, and what it broadcasts about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stsdetect.simulate.archive_places import ANCHOR_APART_M, Harbour, Places
from stsdetect.simulate.hulls import (
    CARGO,
    FISHING,
    PASSENGER,
    PILOT,
    SERVICE,
    TANKER,
    TOWING,
    TUG,
    UNKNOWN,
    Hull,
    imo_number,
)
from stsdetect.simulate.motion import Floats
from stsdetect.simulate.scenes import HOUR
from stsdetect.simulate.world import statics
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Home = Literal["berth", "road", "ground", "lane"]
#: How a vessel moves where it is at home: not at all, swinging about an anchor, working a ground.
FIXED, SWINGING, WORKING = 0, 1, 2
#: ITU-R M.1371 navigational statuses.
UNDER_WAY, AT_ANCHOR, MOORED, ENGAGED_IN_FISHING = 0, 1, 5, 7

#: Maritime identification digits of flags seen in these seas and of the large registers (ITU MID table).
_MIDS = (412, 413, 440, 441, 431, 432, 416, 477, 351, 370, 538, 636, 563, 574, 525, 273, 338, 367)
_FIRST = ("OCEAN", "PACIFIC", "GOLDEN", "EASTERN", "BLUE", "SILVER", "NORTH", "LUCKY", "ROYAL", "CORAL", "JADE", "NEW")
_SECOND = ("STAR", "HERON", "PIONEER", "BREEZE", "FORTUNE", "SPIRIT", "PEARL", "HORIZON", "GLORY", "ORCHID", "DAWN")


@dataclass(frozen=True)
class Trade:
    """A way of life: its share of vessels; at home for ``stay_h``, out over ``out_km`` at ``speed_kn``, away, back.

    Vessels that never leave have no ``out_km``. Off the air at home or away means out of the receivers' reach.
    ``silent`` is the share of three-hour windows in which such a vessel is not heard at all.
    """

    share: float
    home: Home
    small: float
    class_b: float
    ship_types: tuple[int, ...]
    status: int
    local: int = FIXED
    stay_h: tuple[float, float] = (1.0, 1.0)
    out_km: tuple[float, float] | None = None
    speed_kn: tuple[float, float] = (5.0, 5.0)
    away_h: tuple[float, float] = (1.0, 1.0)
    heard_home: bool = True
    heard_away: bool = True
    silent: float = 0.01


_MERCHANT = (CARGO, CARGO, CARGO + 9, TANKER, TANKER + 9)
TRADES: dict[str, Trade] = {
    "laid_up": Trade(0.31, "berth", 0.75, 0.45, (CARGO, TANKER, FISHING, PASSENGER, 37, 36, UNKNOWN), MOORED),
    "harbour_craft": Trade(0.10, "berth", 1.0, 0.3, (TUG, TUG, PILOT, SERVICE, TOWING, PASSENGER), MOORED,
                           stay_h=(2, 9), out_km=(1, 4), speed_kn=(5, 8), away_h=(0.3, 1.0)),
    "caller": Trade(0.14, "berth", 0.0, 0.02, _MERCHANT, MOORED, stay_h=(8, 40), out_km=(12, 24), speed_kn=(5, 8),
                    away_h=(20, 100), heard_away=False),
    "ferry": Trade(0.01, "berth", 0.5, 0.0, (PASSENGER,), MOORED, stay_h=(0.3, 0.6), out_km=(4, 9),
                   speed_kn=(10, 14), away_h=(0.3, 0.6)),
    "anchored": Trade(0.12, "road", 0.0, 0.0, _MERCHANT, AT_ANCHOR, SWINGING, stay_h=(20, 80), out_km=(8, 20),
                      speed_kn=(6, 9), away_h=(10, 40), heard_away=False),
    "lane": Trade(0.16, "lane", 0.0, 0.02, (*_MERCHANT, PASSENGER), UNDER_WAY, stay_h=(2, 16), speed_kn=(10, 15),
                  out_km=(1, 1), away_h=(2, 16), heard_home=False, heard_away=False),
    "fishing": Trade(0.16, "ground", 1.0, 0.6, (FISHING,), ENGAGED_IN_FISHING, WORKING, speed_kn=(2.2, 3.6),
                     silent=0.1),
}  # fmt: skip


@dataclass(frozen=True)
class Vessels:
    """Every vessel's routine as arrays of shape (n,), and the static columns of all, one row each.

    A routine repeats: ``stay_s`` at home, out along (``east_m``, ``north_m``) at ``speed_mps``, ``away_s`` there,
    back; ``offset_s`` is where in it the archive begins. Without an end of the stay a vessel never leaves.
    """

    home_lat: Floats
    home_lon: Floats
    east_m: Floats
    north_m: Floats
    stay_s: Floats
    away_s: Floats
    speed_mps: Floats
    offset_s: Floats
    heading_deg: Floats
    scope_m: Floats
    local: Ints
    status: Ints
    heard_home: Bools
    heard_away: Bools
    silent: Floats
    class_b: Bools
    laden_m: Floats
    ballast_m: Floats
    static: pa.Table
    mmsi: Ints

    @property
    def size(self) -> int:
        """Number of vessels."""
        return len(self.home_lat)

    @property
    def length_m(self) -> Floats:
        """Distance from home to the far end of the routine [m]."""
        return np.hypot(self.east_m, self.north_m)


@dataclass(frozen=True)
class _Setting:
    places: Places
    berths: _Berths
    crowding: float
    silence: float


def draw_vessels(
    count: int, rng: np.random.Generator, places: Places, extra: Sequence[Hull], *, crowding: float, silence: float
) -> Vessels:
    """Draw ``count`` vessels; ``extra`` hulls get rows of static data behind theirs.

    ``silence`` multiplies the share of windows in which a vessel is not heard.
    """
    trades = list(TRADES.values())
    exact = np.cumsum([trade.share for trade in trades]) * count
    sizes = np.diff(np.round(exact).astype(np.int64), prepend=0)
    setting = _Setting(places, _Berths(places.harbours), crowding, silence)
    parts: list[dict[str, np.ndarray]] = []
    hulls: list[Hull] = []
    for trade, size in zip(trades, sizes.tolist(), strict=True):
        own = [_hull(len(hulls) + k, trade, rng) for k in range(size)]
        parts.append(_routines(trade, own, rng, setting))
        hulls += own
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    everyone = [*hulls, *extra]
    static = pa.table(statics(everyone, np.arange(len(everyone))))
    mmsi = np.array([hull.mmsi for hull in everyone], dtype=np.int64)
    draught = np.array([hull.draught_m for hull in hulls], dtype=np.float64)
    # Laden on every second voyage: tankers and cargo ships come up by a third.
    merchant = np.isin(np.array([hull.ship_type for hull in hulls]) // 10, (7, 8))
    return Vessels(
        **values,
        class_b=np.array([hull.transceiver == "B" for hull in hulls], dtype=np.bool_),
        laden_m=draught,
        ballast_m=np.asarray(np.round(np.where(merchant, draught * 0.65, draught), 1), dtype=np.float64),
        static=static,
        mmsi=mmsi,
    )


def _hull(number: int, trade: Trade, rng: np.random.Generator) -> Hull:
    """Draw a hull; numbers and names are made up, the six digits after the MID start with 7."""
    small = rng.random() < trade.small
    class_b = rng.random() < trade.class_b
    length = int(rng.integers(11, 38) if small else rng.integers(70, 330))
    width = max(4, round(length / (rng.uniform(3.2, 4.5) if small else rng.uniform(6.0, 6.9))))
    bow = round(length * rng.uniform(0.3, 0.85))
    # One vessel in three thousand uses another's number.
    sends = number - 1 if number % 3000 == 2999 else number
    told = rng.random() > 0.03
    return Hull(
        key=str(number),
        mmsi=_MIDS[sends % len(_MIDS)] * 1_000_000 + 700_000 + sends // len(_MIDS),
        name=f"{_FIRST[number % 12]} {_SECOND[number // 12 % 11]} {number // 132}" if told else "",
        imo=0 if class_b or small or not told else imo_number(300_000 + number % 600_000),
        callsign=f"V7{number:05d}" if told and not class_b else "",
        ship_type=int(rng.choice(trade.ship_types)) if told else UNKNOWN,
        to_bow_m=bow if told else 0,
        to_stern_m=length - bow if told else 0,
        to_port_m=width // 2 if told else 0,
        to_starboard_m=width - width // 2 if told else 0,
        draught_m=round(float(1.2 + length / 24), 1),
        destination="FOR ORDERS",
        transceiver="B" if class_b else "A",
    )


def _routines(trade: Trade, hulls: list[Hull], rng: np.random.Generator, setting: _Setting) -> dict[str, np.ndarray]:
    n = len(hulls)
    lat, lon, course, heading, reach_m = _homes(trade, hulls, rng, setting)
    stay = rng.uniform(*trade.stay_h, n) * HOUR
    speed = rng.uniform(*trade.speed_kn, n) * KNOT_MPS
    away = rng.uniform(*trade.away_h, n) * HOUR
    if trade.out_km is None:
        stay[:] = np.inf
        reach_m[:] = 0.0
    whole = np.where(np.isfinite(stay), stay + away + 2 * reach_m / speed, 1e7)
    values = {
        "home_lat": lat,
        "home_lon": lon,
        "east_m": reach_m * np.sin(np.radians(course)),
        "north_m": reach_m * np.cos(np.radians(course)),
        "stay_s": stay,
        "away_s": away,
        "speed_mps": speed,
        "offset_s": np.floor(rng.uniform(0, 1, n) * whole),
        "heading_deg": heading,
        "scope_m": rng.uniform(90, 200, n) if trade.local == SWINGING else rng.uniform(1500, 5000, n),
        "local": np.full(n, trade.local),
        "status": np.full(n, trade.status),
        "heard_home": np.full(n, trade.heard_home),
        "heard_away": np.full(n, trade.heard_away),
        "silent": np.full(n, min(trade.silent * setting.silence, 0.5)),
    }
    return _in_pairs(values, rng) if trade.local == WORKING else values


def _in_pairs(values: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Let every fifth boat trawl beside the one before it."""
    second = np.arange(4, len(values["home_lat"]), 5)
    for column in values.values():
        column[second] = column[second - 1]
    east, north = rng.uniform(120, 300, (2, len(second)))
    home = offset(values["home_lat"][second], values["home_lon"][second], east, north)
    values["home_lat"][second], values["home_lon"][second] = home
    return values


_Homes = tuple[Floats, Floats, Floats, Floats, Floats]


def _homes(trade: Trade, hulls: list[Hull], rng: np.random.Generator, setting: _Setting) -> _Homes:
    """Return latitude, longitude, course to the far end, heading at home [degrees] and length of the way out [m]."""
    n, places = len(hulls), setting.places
    reach = rng.uniform(*(trade.out_km or (0.0, 0.0)), n) * 1000.0
    turn = rng.normal(0, 12, n)
    heading = rng.uniform(0, 360, n)
    if trade.home == "berth":
        whose = np.arange(n) % len(places.harbours)
        large = np.array([hull.length_m > 40 for hull in hulls], dtype=np.bool_)
        at = setting.berths.take(whose, large, rng)
        course = np.array([harbour.seaward_deg for harbour in places.harbours])[whose] + turn
        axis = np.arange(len(places.harbours)) * 37.0
        return *at, course, axis[whose] + rng.integers(0, 2, n) * 180.0, reach
    if trade.home == "road":
        area, slot = np.arange(n) % len(places.anchorages), np.arange(n) // len(places.anchorages)
        apart = ANCHOR_APART_M / np.sqrt(setting.crowding)
        side = max(1, int(np.ceil(np.sqrt(n / len(places.anchorages)))))
        east = (slot % side - side / 2) * apart + rng.uniform(-0.3, 0.3, n) * apart
        north = (slot // side - side / 2) * apart + rng.uniform(-0.3, 0.3, n) * apart
        at = offset(places.anchorages[area, 0], places.anchorages[area, 1], east, north)
        return *at, rng.uniform(60, 150, n), heading, reach
    if trade.home == "ground":
        area = np.arange(n) % len(places.grounds)
        east, north = rng.normal(0, 6_000, (2, n))
        at = offset(places.grounds[area, 0], places.grounds[area, 1], east, north)
        return *at, heading, heading, reach
    lane = places.lanes[rng.integers(len(places.lanes), size=n)]
    lane = np.where((rng.random(n) < 0.5)[:, None], lane[:, [2, 3, 0, 1]], lane)
    north = np.radians(lane[:, 2] - lane[:, 0]) * EARTH_RADIUS_M
    east = np.radians(lane[:, 3] - lane[:, 1]) * EARTH_RADIUS_M * np.cos(np.radians((lane[:, 0] + lane[:, 2]) / 2))
    course = np.degrees(np.arctan2(east, north))
    # Keep to the right of the lane's middle, as ships do.
    right, aside = np.radians(course + 90.0), np.abs(rng.normal(1800, 900, n))
    at = offset(lane[:, 0], lane[:, 1], aside * np.sin(right), aside * np.cos(right))
    return *at, course, course, np.hypot(east, north)


class _Berths:
    """Gives out berths, the nearest to the port first; when all are taken, ships raft up."""

    def __init__(self, harbours: tuple[Harbour, ...]) -> None:
        self.harbours = harbours
        self._taken: dict[tuple[int, bool], int] = {}

    def take(self, whose: Ints, large: Bools, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return a place [degrees] for each vessel in its harbour, by its size."""
        at = np.zeros((len(whose), 2))
        raft = np.zeros(len(whose))
        for number, harbour in enumerate(self.harbours):
            for spots, is_large in ((harbour.craft, False), (harbour.ships, True)):
                own = rng.permutation(np.flatnonzero((whose == number) & (large == is_large)))
                first = self._taken.get((number, is_large), 0)
                self._taken[number, is_large] = first + len(own)
                turn = np.arange(first, first + len(own))
                at[own] = spots[turn % len(spots)]
                raft[own] = turn // len(spots) * 30.0
        # One in six lies close outside its berth, and none exactly on its middle.
        jitter = rng.uniform(-6, 6, (2, len(whose))) + np.where(rng.random(len(whose)) < 1 / 6, 8.0, 0.0)
        return offset(at[:, 0], at[:, 1], jitter[0] + raft, jitter[1])


def offset(lat: Floats, lon: Floats, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    """Return the places [degrees] some metres east and north of others, by middle latitude."""
    north = north_m / EARTH_RADIUS_M
    middle = np.radians(lat) + north / 2
    return lat + np.degrees(north), lon + np.degrees(east_m / (EARTH_RADIUS_M * np.cos(middle)))
