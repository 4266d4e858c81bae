"""The index of stretches of space and time finds the pairs that looking at all pairs finds, and looks at few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stsdetect.detect import dark_index
from stsdetect.detect.dark_index import Join, Spans
from stsdetect.kernels.sphere import distance_m, to_xyz

HOUR_US = 3_600_000_000
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def spans_of(seed: int, n: int, *, days: float, box: tuple[float, float, float, float], speeds=(10.0, 18.0)) -> Spans:
    """Silences of 2 h to 10 d, mostly of hours, in a box of latitudes and longitudes, sorted by start."""
    rng = np.random.default_rng(seed)
    start = np.sort(rng.integers(0, round(days * 24 * HOUR_US), n))
    hours = np.clip(np.exp(rng.normal(np.log(6.0), 0.8, n)), 2.0, 240.0)
    south, north, west, east = box
    centre = to_xyz(rng.uniform(south, north, n), rng.uniform(west, east, n))
    return Spans(start, start + (hours * HOUR_US).astype(np.int64), centre, hours * rng.choice(speeds, n) * 926.0)


def all_pairs(asked: Spans, among: Spans, least_us: int, apart_m: float) -> set[tuple[int, int]]:
    found = set()
    for i in range(asked.size):
        for j in range(among.size):
            shared = min(asked.end_us[i], among.end_us[j]) - max(asked.start_us[i], among.start_us[j])
            far = distance_m(asked.centre_xyz[[i]], among.centre_xyz[[j]])[0]
            if shared >= least_us and far <= asked.radius_m[i] + among.radius_m[j] + apart_m:
                found.add((i, j))
    return found


BOXES = st.sampled_from([(30.0, 36.0, 120.0, 127.0), (-5.0, 5.0, 176.0, 184.0), (84.0, 90.0, -180.0, 180.0)])


@QUICK
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 60), BOXES, st.sampled_from([1, 7, 8192]), st.sampled_from([3, 1 << 20])
)
def test_it_finds_what_all_pairs_find(seed, n, box, at_once, pairs_at_once):
    spans = spans_of(seed, n, days=4.0, box=box)
    stays = spans_of(seed + 1, 9, days=4.0, box=box, speeds=(0.1,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dark_index, "_ASKED", at_once)
        patch.setattr(dark_index, "_PAIRS", pairs_at_once)
        seen, done = [], 0
        for left, right, complete in Join(HOUR_US, 500.0).earlier(spans):
            assert complete >= done
            assert (left >= done).all()
            done = complete
            seen += list(zip(left.tolist(), right.tolist(), strict=True))
        of_stays = []
        for left, right in Join(HOUR_US, 500.0).pairs(stays, spans):
            assert set(left.tolist()).isdisjoint(i for i, _ in of_stays)
            of_stays += list(zip(left.tolist(), right.tolist(), strict=True))
    assert done == n
    assert len(set(seen)) == len(seen)
    assert set(seen) == {(i, j) for i, j in all_pairs(spans, spans, HOUR_US, 500.0) if j < i}
    assert len(set(of_stays)) == len(of_stays)
    assert set(of_stays) == all_pairs(stays, spans, HOUR_US, 500.0)


@pytest.mark.parametrize("what", ["days", "area"])
def test_twice_the_gaps_are_twice_the_pairs_to_look_at(what):
    """Doubled by time or by area, density staying as it was; edges make it a little more or less than twice."""

    def looked_at(doublings: int) -> tuple[int, int]:
        factor = 2**doublings
        days, width = (30.0 * factor, 40.0) if what == "days" else (15.0, 45.0 * factor)
        join = Join(HOUR_US, 500.0)
        spans = spans_of(7, 3000 * factor, days=days, box=(10.0, 25.0, 100.0, 100.0 + width))
        found = sum(left.size for left, _, _ in join.earlier(spans))
        return join.tested, found

    one, two, four = looked_at(0), looked_at(1), looked_at(2)
    for small, large in ((one, two), (two, four)):
        assert large[0] < 2.4 * small[0]
        assert large[1] < 2.4 * small[1]
    # No more than a few in vain for each that is found; all pairs would be thousands.
    assert four[0] < 15 * four[1]
    assert four[0] < 0.05 * (12_000 * 12_000 / 2)
