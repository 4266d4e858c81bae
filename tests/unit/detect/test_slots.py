"""Fixes put down by groups of hulls come back by time, sorted, whatever the slots and the groups."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.detect.arrays import Fixes
from stsdetect.detect.parts import contact_runs
from stsdetect.detect.slots import FIRST_US, LAST_US, FixSlots, slot_edges, slotted
from stsdetect.settings import EncounterSettings
from stsdetect.store import Shelf
from stsdetect.tracks import build_tracks
from tests.builders import boat, join

HOUR_US = 3_600_000_000
BOATS = [boat(440000001 + k, [(k / 3, 90 * k, 0), (4 + k, 90 * k, 2000), (7, 50_000, 0)]) for k in range(5)]
WHOLE = Fixes.from_table(build_tracks(join(*BOATS)).fixes)


@given(st.dictionaries(st.integers(-50, 50), st.integers(1, 9)), st.integers(1, 20), st.integers(1, 500))
def test_slots_hold_few_rows_and_do_not_reach_over_partitions(rows, most_rows, most_us):
    edges = slot_edges(rows, 10, most_rows, most_us)
    assert (np.diff(edges) > 0).all()
    span = max(most_us // 10, 1)
    bins = np.array(sorted(rows), dtype=np.int64)
    slot = np.searchsorted(edges, bins * 10, side="right") - 1
    for number in np.unique(slot):
        own = bins[slot == number]
        assert edges[number] == own[0] * 10
        assert own.size == 1 or sum(rows[k] for k in own.tolist()) <= most_rows
        assert len({k // span for k in own.tolist()}) == 1


def shelved(groups: list[list[int]], edges: np.ndarray, shelf: Shelf) -> FixSlots:
    """Put the boats down in groups; the labels of a group are its own."""
    slots = FixSlots(edges, shelf)
    for group in groups:
        data = Fixes.from_table(build_tracks(join(*[BOATS[k] for k in group])).fixes)
        last = np.flatnonzero(np.append(data.hull[1:] != data.hull[:-1], True))
        cut = slotted(data, contact_runs(data, EncounterSettings()), edges)
        slots.put(data.labels, cut, data.take(last), np.full(len(data.labels), 20.0))
    slots.seal()
    return slots


def same(one: Fixes, two: Fixes) -> bool:
    names = [name for name in Fixes.__dataclass_fields__ if name not in ("labels", "segment")]
    return all(np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True) for name in names)


@settings(max_examples=20, deadline=None)
@given(
    st.permutations(range(5)), st.integers(1, 4), st.integers(5, 400), st.booleans(), st.floats(0, 8), st.floats(0, 8)
)
def test_what_is_loaded_is_what_was_put_down(order, n_groups, most_rows, in_memory, start_h, length_h):
    rows = np.unique(WHOLE.time_us // (HOUR_US // 2), return_counts=True)
    edges = slot_edges(dict(zip(*(x.tolist() for x in rows), strict=True)), HOUR_US // 2, most_rows, 24 * HOUR_US)
    groups = [list(part) for part in np.array_split(order, n_groups)]
    with Shelf(10**9 if in_memory else 0) as shelf:
        slots = shelved(groups, edges, shelf)
        assert (slots.size, slots.end_us, slots.labels) == (WHOLE.size, WHOLE.end_us, WHOLE.labels)
        assert same(slots.load(FIRST_US, LAST_US), WHOLE)
        last = np.flatnonzero(np.append(WHOLE.hull[1:] != WHOLE.hull[:-1], True))
        assert same(slots.last_fixes(), WHOLE.take(last))
        start = int(WHOLE.time_us.min() + start_h * HOUR_US)
        end = int(start + length_h * HOUR_US)
        inside = (WHOLE.time_us >= start) & (WHOLE.time_us < end)
        assert same(slots.load(start, end), WHOLE.take(inside))
        low, high = np.full(5, LAST_US), np.full(5, FIRST_US)
        low[1], high[1], low[3], high[3] = start, end, FIRST_US, start
        wanted = (WHOLE.time_us >= low[WHOLE.hull]) & (WHOLE.time_us <= high[WHOLE.hull])
        assert same(slots.load(FIRST_US, LAST_US, wanted=(low, high)), WHOLE.take(wanted))
        for workers in (1, 2):
            with Shelf(0) as dealt:
                windows = (np.array(column) for column in ([1, 3, 3], [7, 7, 9], [start, 0, 0], [end, start, LAST_US]))
                slots.deal(dealt, *windows, workers)
                both = (WHOLE.hull == 1) & (WHOLE.time_us >= start) & (WHOLE.time_us <= end)
                both |= (WHOLE.hull == 3) & (WHOLE.time_us <= start)
                assert same(slots.as_fixes(dealt.take(7)), WHOLE.take(both))
                assert same(slots.as_fixes(dealt.take(9)), WHOLE.take(WHOLE.hull == 3))


def test_fixes_for_contact_have_just_the_slow_legs():
    edges = np.array([0, int(np.median(WHOLE.time_us))])
    with Shelf(10**9) as shelf:
        slow = shelved([[0, 2, 4], [1, 3]], edges, shelf).load(FIRST_US, LAST_US, contact=True)
    legs, first = slow.legs(7200.0, coarse=False)
    every, at = WHOLE.legs(7200.0, coarse=False)
    keep = WHOLE.top_speed_kn(every, at) <= 5.0
    assert 0 < legs.size < every.size
    for name in ("hull", "t0_us", "t1_us", "p0", "p1"):
        assert np.array_equal(getattr(legs, name), getattr(every, name)[keep])
    assert np.array_equal(slow.speed_kn[first], WHOLE.speed_kn[at][keep])
