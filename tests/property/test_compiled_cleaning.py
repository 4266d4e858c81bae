"""Cleaning in compiled loops gives, to the last bit, what it gives with arrays."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.kernels.choice import compiled, use_compiled
from stsdetect.kernels.sphere import to_xyz
from stsdetect.schema import POSITIONS
from stsdetect.settings import CleanSettings
from stsdetect.tracks import Quality, Reports, TrackArrays, build_track_arrays, chains
from stsdetect.tracks.fixes import WHY
from stsdetect.tracks.speed import speed_and_course
from tests.builders import START_US
from tests.property.test_tracks_by_bucket import BBOX, DAY_US, fleets

pytest.importorskip("numba")
LOOPS = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def bits(values: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return values.dtype.str, values.shape, np.ascontiguousarray(values).tobytes()


def assert_same(one: TrackArrays, two: TrackArrays) -> None:
    for field in fields(one.fixes):
        assert bits(getattr(one.fixes, field.name)) == bits(getattr(two.fixes, field.name)), field.name
    assert one.labels == two.labels
    assert one.quality_counts == two.quality_counts
    for name in ("segments", "vessels", "flagged"):
        assert getattr(one, name).equals(getattr(two, name)), name


def both_ways(table: pa.Table, rules: CleanSettings, bbox: tuple[float, ...] | None, wrong: frozenset[int]) -> None:
    made = []
    for yes in (False, True):
        with use_compiled(yes):
            made.append(build_track_arrays(Reports.of(table), rules, bbox=bbox, wrong_days=wrong))
    assert_same(*made)


def wild_reports(seed: int, n: int) -> pa.Table:
    """Reports of a few vessels with every oddity a row can have, in times that tie, crowd and pause."""
    rng = np.random.default_rng(seed)
    step = rng.choice([0, 400_000, 1_000_000, 60_000_000, 900_000_000, 90_000_000_000], n)
    spot = rng.choice([0.0, 1.0, 1.0005, 1.02, 1.5, 40.0, 90.0, 91.0, -95.0, np.nan], n, p=[0.1, 0.1, *[0.1] * 8])
    east = np.where(rng.random(n) < 0.8, spot + rng.normal(0, 1e-3, n), rng.choice([180.0, -180.0, 181.0, 200.0], n))
    north = spot + np.where(rng.random(n) < 0.5, 0.0, 1e-5)
    return POSITIONS.table(
        {
            "mmsi": pa.array(rng.choice([440000001, 440000002, 992400001, 2400001], n, p=[0.6, 0.2, 0.1, 0.1])),
            "time": pa.array(START_US + np.cumsum(step) + DAY_US * (rng.random(n) < 0.03), pa.timestamp("us", "UTC")),
            "lat_deg": north,
            "lon_deg": np.where(rng.random(n) < 0.2, north, east),
            "sog_kn": rng.choice([0.0, -0.0, 3.0, 63.0, 102.2, 102.3, -1.0, np.nan], n),
            "heading_deg": rng.choice([0.0, 359.9, 360.0, 511.0, -5.0, np.nan], n),
            "message_type": rng.choice([1.0, 27.0], n, p=[0.9, 0.1]),
            "name": pa.array(rng.choice(["A", "B"], n)),
        }
    )


@settings(LOOPS, max_examples=15)
@given(fleets(), st.booleans(), st.booleans())
def test_fleets(table, cut, odd_day):
    wrong = frozenset({START_US // DAY_US + 400} if odd_day else ())
    both_ways(table, CleanSettings(), BBOX if cut else None, wrong)


@LOOPS
@given(
    seeds,
    st.integers(1, 60),
    st.sampled_from([None, (0.0, 0.0, 50.0, 50.0), (179.0, -91.0, 180.0, 91.0), (1.5, 0.5, 1.0, 2.0)]),
    st.sampled_from([0.0, 0.5, 60.0]),
    st.sampled_from([2, 3, 4]),
    st.sampled_from([0.0, 5_000.0]),
)
def test_wild_reports(seed, n, bbox, near_repeat_s, min_chain_fixes, slack):
    rules = CleanSettings(near_repeat_s=near_repeat_s, min_chain_fixes=min_chain_fixes, jump_slack_m=slack)
    both_ways(wild_reports(seed, n), rules, bbox, frozenset({START_US // DAY_US + 1}))


@LOOPS
@given(
    seeds,
    st.integers(1, 60),
    st.sampled_from([0.0, 60.0, 600.0]),
    st.sampled_from([(0.0, 0.0), (60.0, 180.0), (-45.0, -60.0), (90.0, 10.0)]),
    st.sampled_from([0.0, 1e-4, 0.01]),
)
def test_speeds(seed, n, window_s, origin, spread):
    rng = np.random.default_rng(seed)
    segment = np.cumsum(rng.random(n) < 0.1)
    time = np.cumsum(rng.choice([0, 10_000_000, 60_000_000, 700_000_000], n))
    xyz = to_xyz(origin[0] + rng.normal(0, spread, n), origin[1] + rng.normal(0, spread, n))
    sog = rng.choice([0.0, 5.0, np.nan], n)
    expected = speed_and_course(segment, time, xyz, sog, window_s)
    with use_compiled(True):
        found = speed_and_course(segment, time, xyz, sog, window_s)
    assert [bits(values) for values in found] == [bits(values) for values in expected]


@LOOPS
@given(seeds, st.integers(1, 60), st.sampled_from([1, 3, 12]))
def test_chains(seed, n, spots):
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.choice([0, 60_000_000, 3_600_000_000], n))
    xyz = to_xyz(rng.integers(0, spots, n) * 2.0 + rng.normal(0, 1e-3, n), np.zeros(n))
    expected = chains.assign_chains(time, xyz, CleanSettings())
    with use_compiled(True):
        assert chains.assign_chains(time, xyz, CleanSettings()).tolist() == expected.tolist()


def test_numbers_stand_for_the_same_flags_and_reasons():
    with use_compiled(True):
        modules = [compiled("cleaning"), compiled("legs")]
    for module in modules:
        named = {name: value for name, value in vars(module).items() if name in Quality.__members__}
        assert named == {name: int(Quality[name]) for name in named}
    assert {*Quality.__members__} <= {*vars(modules[0])}
    assert [WHY.index(word) for word in ("start", "silence", "jump")] == [
        modules[0].START, modules[0].SILENCE, modules[0].JUMP
    ]  # fmt: skip
