"""The search for contact gives the same bits by compiled loops as by NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.detect import search
from stsdetect.detect.contacts import BIN_US, Hulls, Tracks
from stsdetect.detect.search import find_runs
from stsdetect.kernels import nearby
from stsdetect.kernels.choice import compiled, use_compiled
from stsdetect.settings import EncounterSettings
from tests import naive
from tests.property.test_kernels_twins import data_from, rows_of, tracks_of

pytest.importorskip("numba", reason="compiled loops need numba")

QUICK = settings(max_examples=150, deadline=None)
HULLS = Hulls(
    abcd_m=np.array([[80.0, 20.0, 5.0, 15.0], [10.0, 150.0, 16.0, 16.0], [np.nan] * 4]),
    length_m=np.array([100.0, 160.0, np.nan]),
    far_m=np.array([81.4, 150.9, 20.0]),
    source=np.array([0, 0, 2]),
)


@st.composite
def searched(draw: st.DrawFn) -> Tracks:
    """Legs of a few hulls near each other: at rest, adrift, under way side by side, and berthed."""
    legs = draw(tracks_of(max_hulls=4, near_only=draw(st.booleans())))
    data = data_from(legs)
    n = data.legs.size
    luck = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    quiet = draw(st.sampled_from([0.0, 0.5, 0.9]))
    slow = data.slow & (luck.random(n) < quiet)
    cruising = data.observed & (luck.random(n) < 0.9)
    courses = np.array([10.0, 12.0, 25.0, 190.0, 359.0, np.nan])
    keep = np.flatnonzero(slow | cruising)
    return replace(
        data,
        slow=slow,
        cruising=cruising,
        summed=data.summed & slow,
        course_deg=luck.choice(courses, n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1]),
        heading_deg=luck.choice(courses, n),
        who=luck.integers(-1, 2, n),
    ).take(keep)


@st.composite
def rules(draw: st.DrawFn) -> EncounterSettings:
    return EncounterSettings(
        max_distance_m=draw(st.sampled_from([30.0, 200.0, 500.0, 5000.0])),
        min_duration_s=draw(st.sampled_from([0.0, 3600.0])),
        max_break_s=draw(st.sampled_from([0.0, 900.0])),
        under_way_parallel_deg=draw(st.sampled_from([1e-9, 2.0, 20.0, 90.0])),
        under_way_hull_gap_m=draw(st.sampled_from([5.0, 60.0, 600.0])),
    )


@contextmanager
def small_parts() -> Iterator[None]:
    """Hand little to each call of a loop, so that there are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearby, "_PART", 4)
        patch.setattr(nearby, "_BLOCK", 3)
        patch.setattr(search, "_LONG_BLOCK", 8)
        yield


def both_ways(data: Tracks, start: int, end: int, rule: EncounterSettings) -> int:
    slow = rows_of(find_runs(data, HULLS, start, end, rule))
    with use_compiled(True):
        assert rows_of(find_runs(data, HULLS, start, end, rule)) == slow
        with small_parts():
            assert rows_of(find_runs(data, HULLS, start, end, rule, workers=2)) == slow
    return len(slow)


@QUICK
@given(searched(), rules(), st.integers(-3600, 3600), st.integers(1, 10_000))
def test_runs(data, rule, before, long):
    if data.legs.size:
        start = int(data.legs.t0_us.min()) - before * 1_000_000
        both_ways(data, start, start + long * 1_000_000, rule)
        both_ways(data, start - BIN_US, int(data.legs.t1_us.max()) + 1, rule)


@QUICK
@given(searched(), st.sampled_from([30.0, 500.0, 5000.0]))
def test_hulls_in_bins_and_candidates(data, reach_m):
    legs = data.legs
    for edges in ((-(1 << 40), 1 << 40), (int(legs.t0_us.min()) // BIN_US + 1,) * 2) if legs.size else ():
        for out, kinds in ((data.summed, data.kinds), (None, None)):
            bins = nearby.hull_bins(legs, data.slow, out, BIN_US, edges, kinds=kinds)
            pairs = nearby.candidate_pairs(legs, bins, reach_m, BIN_US)
            with use_compiled(True):
                again = nearby.hull_bins(legs, data.slow, out, BIN_US, edges, kinds=kinds)
                pairs_again = nearby.candidate_pairs(legs, again, reach_m, BIN_US)
                with small_parts():
                    in_parts = nearby.hull_bins(legs, data.slow, out, BIN_US, edges, kinds=kinds)
                    pairs_in_parts = nearby.candidate_pairs(legs, in_parts, reach_m, BIN_US)
            for name in bins.__dataclass_fields__:
                np.testing.assert_array_equal(getattr(again, name), getattr(bins, name), err_msg=name)
                np.testing.assert_array_equal(getattr(in_parts, name), getattr(bins, name), err_msg=name)
            np.testing.assert_array_equal(pairs_again, pairs)
            np.testing.assert_array_equal(pairs_in_parts, pairs)


def test_two_hulls_side_by_side_heard_every_ten_seconds():
    """More legs in a bin than there is room for at first, at rest and under way, a third one crossing."""
    start, step = 1_700_000_000 // 1800 * 1800, 10
    legs = []
    for hull in range(3):
        for k in range(900):
            places = [
                naive.travel(10.0, 179.99, 90.0, 40.0 * hull + (20.0 if hull < 2 else 60.0) * max(m - 400, 0))
                for m in (k, k + 1)
            ]
            times = ((start + (k + m) * step) * 1_000_000 for m in (0, 1))
            legs.append(naive.Leg(hull, *times, *places, slow=k < 400, observed=True, summed=False))
    data = data_from(legs)
    data = replace(data, cruising=data.observed, course_deg=np.full(data.legs.size, 90.0), who=data.legs.hull - 1)
    rule = EncounterSettings(under_way_abeam_deg=90.0)
    assert both_ways(data, start * 1_000_000 - BIN_US, (start + 9000) * 1_000_000, rule) == 3


@QUICK
@given(st.lists(st.integers(0, (1 << 45) - 1)))
def test_radix_sort(values):
    numbers = np.array(values, dtype=np.int64)
    with use_compiled(True):
        again = compiled("nearby").sorted_numbers(numbers.copy(), 45)
    assert again.tolist() == sorted(values)
