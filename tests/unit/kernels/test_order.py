"""Order, digests and neighbours on a line, beside the plain way to get them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.kernels.order import around, first_seen, mix, order_by


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 300),
    st.sampled_from([1, 5, 70_000, 2**40]),
    st.sampled_from([1, 1000, 10**12, 2**62]),
    st.booleans(),
)
def test_order_is_that_of_a_stable_sort_by_key_and_time(seed, n, keys, span, in_time):
    rng = np.random.default_rng(seed)
    key, time = rng.integers(0, keys, n), rng.integers(-span, span, n)
    time = np.sort(time) if in_time else time
    assert order_by(key, time).tolist() == np.lexsort((time, key)).tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 400), st.sampled_from([1, 3, 60]), st.sampled_from([0, 1, 7, 120, 10_000])
)
def test_neighbours_are_those_of_a_search(seed, n, pace, window):
    line = np.cumsum(np.random.default_rng(seed).integers(0, pace + 1, n))
    before, after = around(line, window)
    for k in range(n):
        assert before[k] == max((j for j in range(n) if line[j] <= line[k] - window), default=-1)
        assert after[k] == min((j for j in range(n) if line[j] >= line[k] + window), default=n)


def test_digests_are_alike_where_the_values_are():
    values, same, gone = np.array([3, 0, 3, 7, 0]), np.ones(5, dtype=np.int64), np.full(5, -1)
    one, other = np.zeros(5, dtype=np.uint64), np.zeros(5, dtype=np.uint64)
    for digest, columns in ((one, [(0, values), (2, same)]), (other, [(2, same), (1, gone), (0, values)])):
        for number, column in columns:
            mix(digest, column, -1, number)
    assert [np.flatnonzero(one == value).tolist() for value in one] == [[0, 2], [1, 4], [0, 2], [3], [1, 4]]
    assert one.tolist() == other.tolist()
    swapped = np.zeros(5, dtype=np.uint64)
    mix(swapped, values, -1, 2)
    mix(swapped, same, -1, 0)
    assert (swapped != one).all()


def test_first_seen():
    assert first_seen(np.array([0, 0, 1, 0, 2, 1], dtype=np.int32)).tolist() == [0, 2, 4]
