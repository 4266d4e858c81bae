"""Stitching, grouping, medians: edges, ties and numbers too long for one line of time."""

from __future__ import annotations

import numpy as np
import pytest

from stsdetect.kernels import runs


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_expand_ranges_with_none_among_them():
    which, value = runs.expand(ints(5, 7, -2), ints(2, 0, 3))
    assert which.tolist() == [0, 0, 2, 2, 2]
    assert value.tolist() == [5, 6, -2, -1, 0]


@pytest.mark.parametrize(("gap", "groups"), [(0, [0, 0]), (10, [0, 0]), (11, [0, 1])])
def test_a_break_of_exactly_the_limit_is_joined(gap, groups):
    assert runs.stitch(ints(1, 1), ints(0, 100 + gap), ints(100, 300), 10).tolist() == groups


def test_a_long_run_holds_later_short_ones_together():
    group = runs.stitch(ints(1, 1, 1, 1), ints(0, 10, 90, 150), ints(100, 20, 95, 160), 0)
    assert group.tolist() == [0, 0, 0, 1]


def test_touching_runs_of_different_keys_stay_apart():
    assert runs.stitch(ints(1, 2), ints(0, 100), ints(100, 200), 50).tolist() == [0, 1]


def test_many_keys_over_many_years_do_not_overflow():
    """10,000 keys, each heard in 1990 and in 2099: as one line of time that would need 65 bits."""
    n = 10_000
    key = np.repeat(np.arange(n, dtype=np.int64), 2)
    start = np.tile(ints(631_152_000_000_000, 4_102_000_000_000_000), n)
    assert runs.stitch(key, start, start + 1, 0).tolist() == list(range(2 * n))
    assert runs.stitch(key, start, start + 1, 3_500_000_000_000_000).tolist() == key.tolist()


def test_nothing_to_stitch_and_nothing_to_bound():
    none = ints()
    assert runs.stitch(none, none, none, 5).size == 0
    assert [bound.tolist() for bound in runs.group_bounds(none)] == [[], []]
    assert np.isnan(runs.weighted_median(none, np.zeros(0), np.zeros(0), 2)).all()
    assert runs.isolated(none, np.zeros(0, dtype=np.bool_), 1).size == 0


def test_bounds_of_runs_of_equal_numbers():
    first, last = runs.group_bounds(ints(4, 4, 2, 4))
    assert first.tolist() == [0, 2, 3]
    assert last.tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("values", "weights", "median"),
    [
        ([3.0, 1.0, 2.0], [1, 1, 1], 2.0),
        ([1.0, 2.0], [1, 1], 1.0),  # half the weight is reached at the lesser
        ([1.0, 9.0], [1, 3], 9.0),
        ([1.0, 9.0, np.nan], [1, 3, 100], 9.0),
        ([7.0], [0], np.nan),
    ],
)
def test_weighted_median(values, weights, median):
    found = runs.weighted_median(ints(*[0] * len(values)), np.array(values), np.array(weights, dtype=np.float64), 1)
    assert found == pytest.approx([median], nan_ok=True)


def test_weighted_median_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(2)
    group, values, weights = rng.integers(0, 3, 60), rng.normal(size=60), rng.integers(0, 9, 60).astype(float)
    expected = runs.weighted_median(group, values, weights, 3)
    for _ in range(5):
        order = rng.permutation(60)
        assert (runs.weighted_median(group[order], values[order], weights[order], 3) == expected).all()


def test_a_stream_every_six_tenths_of_a_step_loses_every_second_fix():
    times = np.arange(7, dtype=np.int64) * 6
    close = np.arange(7) > 0
    assert runs.isolated(times, close, 10).tolist() == [False, True] * 3 + [False]
