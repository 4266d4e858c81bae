"""Who is heard in a simulated month: stations along the coasts, satellites over the rest, outages and jamming.

A station hears as far as its antenna lets it: 2.23 nm for each square root of a metre of height, of both antennas
together (the radio horizon over an earth of 4/3 radius, ITU-R P.528), which ducts over the Yellow Sea lengthen on some
days. Beyond that only satellites hear, once a pass, and among many ships few of them, because messages collide.
Figures without a source are our choice, on the gloomy side of what exports of these seas show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stsdetect.simulate.month_sea import Bools, Box, Ints, Sea, apart_m
from stsdetect.simulate.motion import Floats
from stsdetect.simulate.scenes import DAY, HOUR

NM_M = 1852.0
#: Why a slot brought no usable report, in the order in which reasons are asked for.
HEARD, HIDDEN, OFF, GONE, JAMMED, OUTAGE, THIN = range(7)
REASONS = ("heard", "dark", "switched_off", "away", "jamming", "outage", "thin")
#: Stations on headlands and islands beside those at ports: latitude, longitude [degrees]; our choice of high ground
#: by Chengshan, Dalian's south, Lushun, Qingdao, Rudong, Shengsi, Taizhou, Heuksan, Jeju (two), Geoje, Ulleung,
#: Tsushima, Goto, Amami, Miyako, Sokcho and Dongyin. None on the islands by the Northern Limit Line: what is published
#: about Nampo rests on satellites.
HEADLANDS = (
    (37.40, 122.70), (38.87, 121.68), (38.73, 121.13), (36.05, 120.35), (32.55, 121.05), (30.72, 122.45),
    (28.45, 121.90), (34.68, 125.43), (33.25, 126.55), (33.50, 126.95), (34.75, 128.70),
    (37.50, 130.87), (34.35, 129.25), (32.70, 128.75), (28.35, 129.45), (24.80, 125.30), (38.20, 128.60),
    (26.37, 120.50),
)  # fmt: skip
#: Height of a station's antenna and of a ship's [m].
STATION_HEIGHT_M, SHIP_HEIGHT_M = (120.0, 480.0), 20.0
#: Class B sends at 2 W where class A sends at 12.5 W (ITU-R M.1371), from lower masts.
CLASS_B_RANGE = 0.55
#: Satellites pass so often [s] and hear a ship far from others in so many of a hundred passes.
PASS_EVERY_S, PASS_LENGTH_S, PASS_SHARE = (1_500.0, 6_600.0), 600.0, 0.75
#: The share of that near a crowded coast and for class B.
CROWDED, CLASS_B_PASS = 0.12, 0.03
#: Range changes with the air every so many hours [s].
WEATHER_S = 6 * HOUR


class Trouble(NamedTuple):
    """Something that silences an area for a time: its kind, middle [degrees], radius [m] and times [s]."""

    kind: str
    lat_deg: float
    lon_deg: float
    radius_m: float
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Radio:
    """Receivers of an area over ``span_s``: stations with their reach, passes, outages (by station) and jamming."""

    lat: Floats
    lon: Floats
    reach_m: Floats
    weather: Floats
    passes: Floats
    outages: tuple[tuple[Trouble, Ints], ...]
    jamming: tuple[Trouble, ...]

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Outages and jamming, in order of time."""
        both = [trouble for trouble, _ in self.outages] + list(self.jamming)
        return tuple(sorted(both, key=lambda one: (one.start_s, one.kind)))

    def unheard(self, lat: Floats, lon: Floats, t_s: Floats, class_b: Bools, chance: Floats) -> Ints:
        """Say of each report whether it is heard (`HEARD`) or why not (`OUTAGE`, `THIN`), shape (n,).

        ``chance`` are even numbers drawn in [0, 1). Reports must lie within one day of each other.
        """
        on = np.zeros(len(t_s), dtype=np.bool_)  # a station that works hears it
        ever = on.copy()  # one would, if it worked
        nearest = np.full(len(t_s), np.inf)
        window = np.clip((t_s / WEATHER_S).astype(np.int64), 0, self.weather.shape[1] - 1)
        scale = np.where(class_b, CLASS_B_RANGE, 1.0)
        for number in range(len(self.lat)):
            rows = np.flatnonzero((np.abs(lat - self.lat[number]) < 2.2) & (np.abs(lon - self.lon[number]) < 2.8))
            away = apart_m(self.lat[number], self.lon[number], lat[rows], lon[rows])
            nearest[rows] = np.minimum(nearest[rows], away)
            reach = self.reach_m[number] * self.weather[number, window[rows]] * scale[rows]
            # All is heard to three quarters of the reach, nothing beyond it.
            near = away < reach * (1.0 - 0.25 * chance[rows])
            ever[rows] |= near
            on[rows] |= near & ~self._out(number, t_s[rows])
        on |= self._by_satellite(nearest, t_s, class_b, chance)
        return np.where(on, HEARD, np.where(ever, OUTAGE, THIN))

    def _out(self, station: int, t_s: Floats) -> Bools:
        out = np.zeros(len(t_s), dtype=np.bool_)
        for trouble, stations in self.outages:
            if station in stations:
                out |= (t_s >= trouble.start_s) & (t_s < trouble.end_s)
        return out

    def _by_satellite(self, nearest_m: Floats, t_s: Floats, class_b: Bools, chance: Floats) -> Bools:
        last = self.passes[np.clip(np.searchsorted(self.passes, t_s, side="right") - 1, 0, None)]
        overhead = (t_s >= last) & (t_s < last + PASS_LENGTH_S)
        crowd = CROWDED + (1 - CROWDED) * np.clip((nearest_m / NM_M - 40.0) / 60.0, 0.0, 1.0)
        share = PASS_SHARE * crowd * np.where(class_b, CLASS_B_PASS, 1.0)
        # Another number than that of the stations, but drawn with it.
        return np.asarray(overhead & ((chance * 7919.0) % 1.0 < share))

    def jammed(self, lat: Floats, lon: Floats, t_s: Floats) -> Ints:
        """Return which jamming each report falls into, -1 where none, shape (n,)."""
        which = np.full(len(t_s), -1, dtype=np.int64)
        for number, one in enumerate(self.jamming):
            rows = np.flatnonzero((t_s >= one.start_s) & (t_s < one.end_s))
            inside = apart_m(one.lat_deg, one.lon_deg, lat[rows], lon[rows]) < one.radius_m
            which[rows[inside]] = number
        return which


def draw_radio(rng: np.random.Generator, sea: Sea, span_s: float) -> Radio:
    """Draw the receivers of an area and what befalls them in ``span_s``."""
    ports = [port for port in sea.ports.values() if port.country != "KP"]  # the DPRK shares nothing it hears
    spots = [(port.lat_deg, port.lon_deg) for port in ports]
    spots += [spot for spot in HEADLANDS if sea.holds(*spot)]
    lat, lon = np.array(spots).T
    low, high = np.log(STATION_HEIGHT_M).tolist()
    height = np.exp(rng.uniform(low, high, len(spots)))
    reach = 2.23 * NM_M * (np.sqrt(height) + np.sqrt(SHIP_HEIGHT_M))
    n_windows = int(np.ceil(span_s / WEATHER_S)) + 1
    weather = np.exp(rng.normal(0, 0.08, (len(spots), n_windows)))
    # Ducts: on one day in eight all stations hear half as far again.
    weather *= np.where(rng.random(n_windows // 4 + 1) < 1 / 8, 1.5, 1.0).repeat(4)[:n_windows]
    times = np.cumsum(rng.uniform(*PASS_EVERY_S, int(span_s / PASS_EVERY_S[0]) + 2))
    return Radio(lat, lon, reach, weather, times, _outages(rng, lat, lon, span_s), _jamming(rng, sea.area, span_s))


def _outages(rng: np.random.Generator, lat: Floats, lon: Floats, span_s: float) -> tuple[tuple[Trouble, Ints], ...]:
    """Let a station and those that share its line, within 150 km, fail for 2-12 h, every other day on average."""
    found = []
    for _ in range(max(2, int(rng.poisson(span_s / (2 * DAY))))):
        hub = int(rng.integers(len(lat)))
        away = apart_m(lat[hub], lon[hub], lat, lon)
        stations = np.flatnonzero(away < 150_000.0)
        start = float(rng.uniform(0, span_s))
        trouble = Trouble(
            "outage", float(lat[hub]), float(lon[hub]), float(away[stations].max() + 110_000.0),
            start, start + float(rng.uniform(2, 12)) * HOUR,
        )  # fmt: skip
        found.append((trouble, stations))
    return tuple(found)


def _jamming(rng: np.random.Generator, area: Box, span_s: float) -> tuple[Trouble, ...]:
    """Jam satellite navigation off the ports where circles and jumps were seen, 2-10 h, about every sixth day.

    Dalian, Shanghai, Fuzhou and Quanzhou are spoofing sites in our port list; the waters by the Northern Limit Line
    were jammed from the DPRK in 2010-2016 and in May 2024 (statements of the Republic of Korea; from memory).
    """
    sites = [(37.7, 125.0), (38.9, 121.9), (31.2, 122.2), (25.9, 119.9), (37.6, 125.6)]
    sites = [at for at in sites if area[0] < at[0] < area[1] and area[2] < at[1] < area[3]] or [
        ((area[0] + area[1]) / 2, (area[2] + area[3]) / 2)
    ]
    found = []
    for _ in range(max(1, int(rng.poisson(span_s / (6 * DAY))))):
        lat, lon = sites[int(rng.integers(len(sites)))]
        start = float(rng.uniform(0, span_s))
        length = float(rng.uniform(2, 10)) * HOUR
        radius = float(rng.uniform(35_000, 80_000))
        found.append(Trouble("jamming", lat, lon, radius, start, start + length))
    return tuple(found)
