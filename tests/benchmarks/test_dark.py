"""Silences joined: twice as many, by days or by area, cost how many times the CPU time, and how many pairs."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stsdetect.detect import DarkRendezvous
from stsdetect.schema import EVENTS, point_wkb
from tests.benchmarks.measure import Line, Table

#: Silences a day and days of the base; 10,000 and 30 are a month of the world's crowded seas.
A_DAY = int(os.environ.get("STSDETECT_BENCH_GAPS", "2000"))
DAYS = int(os.environ.get("STSDETECT_BENCH_DAYS", "15"))
LIMIT = 2.5
#: Longitudes of the base, over latitudes 15 to 45 [degrees].
_WIDTH_DEG = 45.0
_DAY_US = 86_400_000_000


def silences(a_day: int, days: int, width_deg: float, seed: int = 1) -> pa.Table:
    """Gaps of 2 h to 10 d, mostly of hours, of hulls by type about as they sail, and one loitering for ten gaps."""
    rng = np.random.default_rng(seed)
    n = a_day * days
    start = rng.integers(0, days * _DAY_US, n)
    hours = np.clip(np.exp(rng.normal(np.log(5.0), 0.9, n)), 2.0, 240.0)
    lat, lon = rng.uniform(15.0, 45.0, n), rng.uniform(-width_deg / 2, width_deg / 2, n)
    loitering = rng.random(n) < 0.1
    speed, turn = rng.uniform(0.0, 11.0, n), rng.uniform(0.0, 2 * np.pi, n)
    away = speed * hours / 60.0 * rng.uniform(0.0, 1.0, n)
    vessel = [f"{number:09d}" for number in rng.integers(0, max(n // 20, 2), n).tolist()]
    gap = np.where(loitering, np.nan, 1.0)
    return EVENTS.table(
        {
            "event_id": [f"{k:016x}" for k in range(n)],
            "kind": np.where(loitering, "loitering", "gap").tolist(),
            "subtype": ["x"] * n,
            "vessel_a": vessel,
            "ship_type_a": rng.choice([80, 70, 30, 52, 0], n, p=[0.1, 0.3, 0.35, 0.1, 0.15]).astype(float),
            "length_a_m": rng.uniform(40.0, 200.0, n),
            "start_time": pa.array(start, pa.timestamp("us", "UTC")),
            "end_time": pa.array(start + (hours * 3.6e9).astype(np.int64), pa.timestamp("us", "UTC")),
            "duration_h": hours,
            "lat_deg": lat,
            "lon_deg": lon,
            "end_lat_deg": gap * (lat + away * np.cos(turn)),
            "end_lon_deg": gap * (lon + away * np.sin(turn)),
            "implied_speed_kn": gap * away * 60.0 / hours,
            "speed_before_kn": gap * speed,
            "speed_after_kn": gap * speed,
            "course_before_deg": gap * rng.uniform(0.0, 360.0, n),
            "spread_m": np.where(loitering, 300.0, np.nan),
            "is_open": np.zeros(n, dtype=np.bool_),
            "coverage": rng.choice(["dark", "unknown", "thin", "outage"], n, p=[0.3, 0.3, 0.3, 0.1]).tolist(),
            "flags": [""] * n,
            "settings_id": [""] * n,
            "geometry": point_wkb(lon.tolist(), lat.tolist()),
        }
    )


def cpu_s(events: pa.Table) -> tuple[float, int]:
    """CPU time of the search, and the rows it gave; areas are made of what is listed, not of what is joined."""
    begin = time.process_time()
    rows = DarkRendezvous(shore=False).detect(events).num_rows
    return time.process_time() - begin, rows


@pytest.fixture(scope="module")
def base() -> tuple[float, int]:
    cpu_s(silences(200, 5, _WIDTH_DEG))
    return cpu_s(silences(A_DAY, DAYS, _WIDTH_DEG))


@pytest.mark.parametrize("what", ["days", "area"])
def test_doubling(benchmark: Any, table: Table, base: tuple[float, int], what: str) -> None:
    a_day, days, width = (A_DAY, 2 * DAYS, _WIDTH_DEG) if what == "days" else (2 * A_DAY, DAYS, 2 * _WIDTH_DEG)
    events = silences(a_day, days, width)
    spent, rows = benchmark.pedantic(lambda: cpu_s(events), rounds=1)
    note = f"rows {base[1]:,} -> {rows:,}"
    what_of = f"gaps doubled by {what}, dark rendezvous"
    table.add(Line(what_of, events.num_rows, spent, f"CPU time of {A_DAY * DAYS:,} gaps", base[0], LIMIT, note))
