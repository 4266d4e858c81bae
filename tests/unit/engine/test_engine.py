"""Parts cover time without gap or overlap; results come in order, here or in processes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from stsdetect.engine import cut, run_parts


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
