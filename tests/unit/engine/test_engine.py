"""Parts cover time without gap or overlap; results come in order, here or in processes."""

from __future__ import annotations

import itertools
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.engine import beside, cut, run_parts


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**6), st.integers(1, 10**5))
def test_parts_cover_the_stretch_without_gap_or_overlap(start, length, part):
    length = min(length, 500 * part)
    parts = cut(start, start + length, part)
    assert parts[0].start_us <= start < parts[0].end_us
    assert parts[-1].start_us <= start + length < parts[-1].end_us
    assert all(one.end_us == two.start_us for one, two in itertools.pairwise(parts))
    assert all(p.start_us % part == 0 for p in parts)


def test_results_come_in_order_and_jobs_are_made_as_needed():
    made = []

    def jobs():
        for k in range(5):
            made.append(k)
            yield (k, 2)

    results = run_parts(pow, jobs())
    assert next(results) == 0
    assert made == [0]
    assert list(results) == [1, 4, 9, 16]
    assert list(run_parts(pow, ((k, 2) for k in range(20)), workers=2)) == [k * k for k in range(20)]


def test_a_task_beside_runs_meanwhile_and_is_waited_for():
    begun, go_on, done = Event(), Event(), []

    def task():
        begun.set()
        done.append(go_on.wait(10))

    with beside(task):
        assert begun.wait(10)
        go_on.set()
    assert done == [True]


def test_errors_of_a_task_beside_are_dropped_and_those_of_the_work_are_not():
    with beside(lambda: 1 // 0), beside(None):
        pass
    with pytest.raises(KeyError), beside(lambda: 1 // 0):
        raise KeyError
