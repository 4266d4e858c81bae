"""Contact on a crowded anchorage: 500 vessels in 10 by 10 km, one day at the rate of class A at anchor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.contacts import BIN_US, Hulls, Runs, Tracks
from stsdetect.detect.search import find_runs
from stsdetect.kernels.choice import use_compiled
from stsdetect.kernels.nearby import candidate_pairs, hull_bins
from stsdetect.kernels.sphere import arc_to_chord
from stsdetect.schema import POSITIONS
from stsdetect.settings import EncounterSettings
from stsdetect.simulate import START
from stsdetect.simulate.archive_fleet import offset
from tests.benchmarks.measure import Table, beside

VESSELS, SIDE_M, EVERY_S, DAY_S = 500, 10_000.0, 180, 86_400
#: Off Zhoushan, tens of kilometres from any shore [degrees].
LAT, LON = 29.8, 124.0


def anchorage(vessels: int = VESSELS, *, seed: int = 1) -> pa.Table:
    """Return a day's positions of ships lying anywhere in a square, each swinging about its anchor with the tide."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(vessels), DAY_S // EVERY_S)
    slot = np.tile(np.arange(DAY_S // EVERY_S), vessels)
    t = slot * EVERY_S + rng.integers(0, EVERY_S - 6, vessels)[who] + rng.integers(0, 6, len(who))
    east, north = rng.uniform(0, SIDE_M, (2, vessels))
    scope, yaw = rng.uniform(90, 200, vessels)[who], rng.uniform(900, 1500, vessels)[who]
    angle = 2 * np.pi * t / 44_714.16 + 0.1 * np.sin(2 * np.pi * t / yaw)
    x = east[who] - scope * np.sin(angle) + rng.normal(0, 3, len(who))
    y = north[who] - scope * np.cos(angle) + rng.normal(0, 3, len(who))
    lat, lon = offset(np.full(len(who), LAT), np.full(len(who), LON), x, y)
    order = np.argsort(t, kind="stable")
    time_us = (int(START.timestamp()) + t[order]) * 1_000_000
    return POSITIONS.table(
        {
            "mmsi": 412_600_000 + who[order],
            "time": pa.array(time_us).cast(pa.timestamp("us", tz="UTC")),
            "lat_deg": lat[order],
            "lon_deg": lon[order],
            "sog_kn": np.full(len(who), 0.2),
            "heading_deg": np.degrees(angle[order]) % 360.0,
            "length_m": np.full(len(who), 180.0),
            "width_m": np.full(len(who), 28.0),
        }
    )


@pytest.fixture(scope="module")
def crowd() -> tuple[Tracks, Hulls, np.ndarray]:
    cleaned = sts.build_tracks(anchorage())
    fixes = Fixes.from_table(cleaned.fixes)
    known = Identities.from_table(cleaned.vessels, fixes.labels)
    key = np.random.default_rng(2).permutation(fixes.hull * (DAY_S * 1_000_000) + fixes.time_us % (DAY_S * 1_000_000))
    return Tracks.of(fixes, known, EncounterSettings()), Hulls.of(known), key


@pytest.mark.parametrize("loops", [False, True], ids=["NumPy", "compiled"])
def test_contact_on_a_crowded_anchorage(
    benchmark: Any, table: Table, crowd: tuple[Tracks, Hulls, np.ndarray], loops: bool
) -> None:
    tracks, hulls, key = crowd
    begin, end = int(tracks.legs.t0_us.min()) - BIN_US, int(tracks.legs.t1_us.max())

    def contact() -> Runs:
        with use_compiled(loops):
            return find_runs(tracks, hulls, begin, end, EncounterSettings())

    runs = beside(
        benchmark,
        table,
        contact,
        lambda: np.argsort(key),
        names=(f"contact, crowded anchorage, {'compiled' if loops else 'NumPy'}", "numpy.argsort of one int64 key"),
        rows=key.size,
        limit=10.0,
        note=lambda found, _: f"{found.a.size:,} runs",
    )
    assert runs.a.size > 0


def test_candidates_on_a_crowded_anchorage(
    benchmark: Any, table: Table, crowd: tuple[Tracks, Hulls, np.ndarray]
) -> None:
    tracks, _, key = crowd
    legs, reach_m = tracks.legs, arc_to_chord(EncounterSettings().max_distance_m)
    edges = (int(legs.t0_us.min()) // BIN_US, (int(legs.t1_us.max()) - 1) // BIN_US)
    found = beside(
        benchmark,
        table,
        lambda: candidate_pairs(
            legs, hull_bins(legs, tracks.slow & tracks.observed, tracks.summed, BIN_US, edges), reach_m, BIN_US
        ),
        lambda: np.argsort(key),
        names=("candidate pairs, crowded anchorage", "numpy.argsort of one int64 key"),
        rows=key.size,
        note=lambda pairs, _: f"{pairs[0].size:,} pairs and bins",
    )
    assert found[0].size > 0
