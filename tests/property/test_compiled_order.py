"""Compiled loops that put rows in order give what NumPy gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.kernels.choice import compiled, use_compiled
from stsdetect.kernels.order import order_by

pytest.importorskip("numba")


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 300),
    st.sampled_from([1, 5, 60_000]),
    st.sampled_from([1, 1000, 2**62]),
    st.sampled_from(["in time", "nearly", "any"]),
)
def test_order_is_that_of_a_stable_sort_by_key_and_time(seed, n, keys, span, how):
    rng = np.random.default_rng(seed)
    key, time = rng.integers(0, keys, n).astype(np.uint16), rng.integers(-span, span, n)
    if how != "any":
        time = np.sort(time)
    if how == "nearly":
        spots = rng.permutation(n)[: n // 10]
        time[spots] = np.roll(time[spots], 1)
    with use_compiled(True):
        assert compiled("order") is not None
        assert order_by(key, time).tolist() == np.lexsort((time, key)).tolist()


def test_loops_are_used_only_where_asked_for():
    assert compiled("order") is None
    with use_compiled(True), use_compiled(False):
        assert compiled("order") is not None
    assert compiled("order") is None
