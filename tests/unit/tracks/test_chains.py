"""Quick ways to the same chains: strays judged at once, arrays where there are many chains."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.settings import CleanSettings
from stsdetect.tracks import build_tracks
from stsdetect.tracks import hulls as rooms
from stsdetect.tracks.chains import _assign_few, _assign_many, group_hulls, lone_strays
from tests.builders import boat, join, place, positions, us

A = 440000001
RULE = CleanSettings()


def scattered(seed: int, n: int, places: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 40_000, n)) * 1_000_000
    spot = rng.integers(0, places, n) * 150_000.0
    xyz = np.stack([spot, rng.normal(0, 300, n), np.full(n, 6_371_000.0)], axis=1)
    return time, xyz


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.integers(1, 7))
def test_arrays_and_the_plain_loop_give_the_same_chains(seed, n, places):
    time, xyz = scattered(seed, n, places)
    few = _assign_few(time, xyz, RULE)
    if few is not None:
        assert (few == _assign_many(time, xyz, RULE)).all()
    else:
        assert _assign_many(time, xyz, RULE).max() >= 8


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.integers(1, 7))
def test_chains_of_one_hull_never_overlap_in_time(seed, n, places):
    time, xyz = scattered(seed, n, places)
    chain = _assign_many(time, xyz, RULE)
    hull = group_hulls(time, chain)
    for number in np.unique(hull):
        spans = sorted((time[chain == c].min(), time[chain == c].max()) for c in np.unique(chain[hull == number]))
        assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_strays_judged_at_once_are_the_strays_of_the_chains(seed, strays):
    rng = np.random.default_rng(seed)
    track = boat(A, [(0, 0, 0), (5, 40_000, 0)], every_s=float(rng.choice([60, 300])), noise_m=5)
    far = rng.uniform(60_000, 90_000, strays)
    lat, lon = place((31.0, 124.0), -far, far) if strays else (np.zeros(0), np.zeros(0))
    odd = positions(A, [us(h) + 7_000_000 for h in np.sort(rng.uniform(0, 5, strays))], lat, lon)
    table = join(track, odd)
    quick = build_tracks(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "lone_strays", lambda key, *_: np.zeros(key.size, dtype=bool))
        slow = build_tracks(table)
    assert quick.fixes.to_pandas().equals(slow.fixes.to_pandas())
    assert quick.quality_counts == slow.quality_counts


def test_two_hulls_that_take_turns_are_not_strays():
    time = np.arange(40) * 60_000_000
    xyz = np.stack([np.where(np.arange(40) % 4 == 3, 500_000.0, 0.0), np.zeros(40), np.full(40, 6.3e6)], axis=1)
    assert not lone_strays(np.zeros(40, dtype=np.int64), time, xyz, RULE).any()
