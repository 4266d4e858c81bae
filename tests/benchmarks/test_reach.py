"""Joint reach: pairs a second, and that twice as many pairs take twice the time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from stsdetect.context.reach_area import reach_areas
from stsdetect.kernels.prisms import Way
from stsdetect.kernels.reach import Silences, joint_reach, reach_stay
from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.reference.walls import least_way_m

PAIRS, HOUR_US = 1_000_000, 3_600_000_000
#: Twice the pairs may take so many times as long.
LIMIT = 2.3


def silences(n: int, seed: int) -> Silences:
    """Silences of 2 to 48 h in three days over the Yellow and East China Seas."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(26, 40, n), rng.uniform(119, 129, n)
    hours = rng.uniform(2, 48, n)
    start = (rng.uniform(0, 72, n) * HOUR_US).astype(np.int64)
    # Where it was heard again: at half its speed at most.
    course, way_deg = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 0.5, n) * hours * 12 / 60
    to = to_xyz(lat + way_deg * np.cos(course), lon + way_deg * np.sin(course) / np.cos(np.radians(lat)))
    speed = rng.choice([12.0, 14.0, 16.5, 18.0], n)
    return Silences(start, start + (hours * HOUR_US).astype(np.int64), to_xyz(lat, lon), to, speed)


def cpu_s(a: Silences, b: Silences, way_m: Way) -> float:
    begin = time.process_time()
    joint_reach(a, b, apart_m=500.0, least_s=7200.0, drift_kn=3.0, way_m=way_m)
    return time.process_time() - begin


@pytest.mark.parametrize("way_m", [distance_m, least_way_m], ids=["great circles", "around walls"])
def test_pairs_a_second(way_m: Way) -> None:
    a, b = silences(PAIRS, 1), silences(PAIRS, 2)
    half = slice(0, PAIRS // 2)
    small, all_ = (min(cpu_s(a.take(rows), b.take(rows), way_m) for _ in range(3)) for rows in (half, slice(None)))
    possible = joint_reach(a.take(half), b.take(half), apart_m=500.0, least_s=7200.0).possible.mean()
    kept = "" if all_ < LIMIT * small else ", NOT KEPT"
    print(f"\n{PAIRS:,} pairs in {all_:.1f} s CPU, {PAIRS / all_:,.0f}/s, {possible:.0%} possible")
    print(f"twice the pairs: {all_ / small:.2f} times as long{kept}")


def test_stays_and_areas_a_second() -> None:
    hulls, places = silences(PAIRS, 1), silences(PAIRS, 2)
    begin = time.process_time()
    reach_stay(hulls, places.from_xyz, 1000.0, places.start_us, places.end_us, least_s=7200.0)
    print(f"\nsilence and stay: {PAIRS / (time.process_time() - begin):,.0f}/s")
    a, b = hulls.take(slice(0, 20_000)), places.take(slice(0, 20_000))
    rows = np.flatnonzero(joint_reach(a, b, apart_m=500.0, least_s=7200.0).possible)[:1000]
    begin = time.process_time()
    reach_areas(a.take(rows), b.take(rows), apart_m=500.0)
    print(f"areas of joint reach: {rows.size / (time.process_time() - begin):,.0f}/s")
