"""Legs straight from slots are, bit for bit, those of the fixes that are loaded from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.berths import BerthCells, Berths, area_day, cell_grid, cell_of, crowded
from stsdetect.detect import slot_legs
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.contacts import Tracks
from stsdetect.detect.parts import contact_runs
from stsdetect.detect.slot_legs import tracks_between
from stsdetect.detect.slots import FixSlots, slot_edges, slotted
from stsdetect.detect.slow_legs import presence
from stsdetect.kernels.choice import compiled, use_compiled
from stsdetect.kernels.sphere import distance_m
from stsdetect.reference.places import Port
from stsdetect.settings import ContextSettings, EncounterSettings
from stsdetect.store import Shelf
from stsdetect.tracks import build_tracks
from stsdetect.units import KNOT_MPS
from tests.builders import HOUR_US, boat, join
from tests.unit.detect.test_harbours import SHORE, Coast

pytest.importorskip("numba", reason="compiled loops need numba")

#: The longest leg of the usual rule.
BRACKET_US = 2 * HOUR_US
QUICK = settings(max_examples=60, deadline=None)


def fresh_law() -> BerthCells:
    return BerthCells(ContextSettings(), ports=[Port("quay", "Quay", "CN", *SHORE)], shoreline=Coast())


@st.composite
def boats(draw: st.DrawFn) -> list:
    """Some boats at the quay, adrift, off and on, each heard in its own way."""
    result = []
    for k in range(draw(st.integers(1, 5))):
        east = draw(st.sampled_from([100.0, 450.0, 700.0]))
        begin, stay = draw(st.floats(0, 30)), draw(st.floats(0.5, 8.0))
        drift = draw(st.sampled_from([0.0, 300.0, 3600.0, 8000.0]))
        path = [(begin, east, 0), (begin + stay, east, drift * stay), (begin + stay + 1, east + 20_000, 0)]
        rows = boat(
            440000001 + k,
            path,
            every_s=draw(st.sampled_from([30.0, 200.0, 400.0, 400.0, 850.0, 2400.0])),
            noise_m=draw(st.sampled_from([0.0, 5.0, 80.0])),
            silent=[(begin + 0.3, begin + 2.0)] if draw(st.booleans()) else [],
            draught_m=float(k),
        )
        result.append(rows)
    return result


def rule_for(data: Fixes, luck: int) -> EncounterSettings:
    """The usual rule, or one whose greatest speed is that of one leg, to the last bit."""
    legs, first = data.legs(900.0, coarse=False)
    own = distance_m(legs.p0, legs.p1) / ((legs.t1_us - legs.t0_us) / 1e6) / KNOT_MPS
    fixes = np.maximum(data.speed_kn[first], data.speed_kn[first + 1])
    long = np.flatnonzero((legs.t1_us - legs.t0_us > 300_000_000) & (fixes < own) & (own > 0.1) & (own < 4.0))
    if not luck or not long.size:
        return EncounterSettings()
    most = float(own[long[luck % long.size]])
    return EncounterSettings(max_speed_kn=most if luck % 2 else float(np.nextafter(most, 9.0)))


def same(one: Tracks, two: Tracks) -> None:
    for name in ("hull", "t0_us", "t1_us", "p0", "p1"):
        np.testing.assert_array_equal(getattr(one.legs, name), getattr(two.legs, name), err_msg=name)
    for name in Tracks.__dataclass_fields__:
        if name != "legs":
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


def shelved(groups: list[list], edges: np.ndarray, shelf: Shelf, rule: EncounterSettings) -> tuple[FixSlots, list]:
    """Put the boats of each group down, and say where they lay."""
    slots, lying = FixSlots(edges, shelf), []
    for group in groups:
        data = Fixes.from_table(build_tracks(join(*group)).fixes)
        last = np.flatnonzero(np.append(data.hull[1:] != data.hull[:-1], True))
        slots.put(
            data.labels,
            slotted(data, contact_runs(data, rule), edges),
            data.take(last),
            np.full(len(data.labels), 20.0),
        )
        lying.append(presence(data, rule, fresh_law()))
    slots.seal()
    return slots, lying


def legs_of(slots: FixSlots, window: tuple[int, int], known: Identities, rule: EncounterSettings, berths) -> Tracks:
    """What `tracks_between` must give."""
    fixes = slots.load(window[0] - BRACKET_US, window[1] + BRACKET_US + 1, contact=True)
    legs = Tracks.of(fixes, known, rule, berths)
    return legs.take(np.flatnonzero((legs.legs.t1_us >= window[0]) & (legs.legs.t0_us <= window[1])))


@QUICK
@given(boats(), st.integers(0, 9), st.integers(20, 400), st.booleans(), st.data())
def test_legs_of_slots(tables, luck, most_rows, in_memory, more):
    whole = build_tracks(join(*tables))
    rule = rule_for(Fixes.from_table(whole.fixes), luck)
    rows = np.unique(Fixes.from_table(whole.fixes).time_us // HOUR_US, return_counts=True)
    edges = slot_edges(dict(zip(*(x.tolist() for x in rows), strict=True)), HOUR_US, most_rows, 24 * HOUR_US)
    groups = np.array_split(more.draw(st.permutations(range(len(tables)))), more.draw(st.integers(1, len(tables))))
    with Shelf(10**9 if in_memory else 0) as shelf, use_compiled(True):
        slots, lying = shelved([[tables[k] for k in group] for group in groups], edges, shelf, rule)
        crowd = crowded(lying, fresh_law(), ContextSettings(berth_crowd_hulls=2), max_distance_m=500.0)
        known = Identities.from_table(whole.vessels, slots.labels)
        window = slots.start_us, slots.end_us
        if more.draw(st.booleans()):
            start = slots.start_us + more.draw(st.integers(-3600, 20 * 3600)) * 1_000_000
            window = start, start + more.draw(st.integers(1, 40 * 3600)) * 1_000_000
        for berths in (None, crowd, Berths(fresh_law(), crowd.table, crowd.keys)):
            expected = legs_of(slots, window, known, rule, berths)
            own = berths and Berths(fresh_law(), crowd.table, crowd.keys)
            same(tracks_between(compiled("slot_legs"), slots, window, known, rule, own), expected)
            same(tracks_between(compiled("slot_legs"), slots, window, known, rule, berths, workers=2), expected)


@pytest.mark.parametrize("block", [1 << 14, 3])
def test_legs_that_reach_over_the_borders_of_time_slots_and_blocks(block, monkeypatch):
    monkeypatch.setattr(slot_legs, "_BLOCK", block)
    monkeypatch.setattr(slot_legs, "_PARTS", 1)
    heard = ((2400.0, 0.0), (1700.0, 600.0), (2400.0, 1500.0), (850.0, 300.0))
    tables = [
        boat(440000001 + k, [(0, 900 * k, 0), (9, 900 * k, 50)], every_s=every_s, offset_s=offset_s)
        for k, (every_s, offset_s) in enumerate(heard)
    ]
    whole, rule = build_tracks(join(*tables)), EncounterSettings()
    edges = np.unique(Fixes.from_table(whole.fixes).time_us // HOUR_US) * HOUR_US
    with Shelf(10**9) as shelf, use_compiled(True):
        slots, _ = shelved([tables[:2], tables[2:]], edges, shelf, rule)
        known = Identities.from_table(whole.vessels, slots.labels)
        for start in range(slots.start_us, slots.end_us, 900_000_000):
            for window in ((start, start + 1), (start, start + 2 * HOUR_US)):
                expected = legs_of(slots, window, known, rule, None)
                same(tracks_between(compiled("slot_legs"), slots, window, known, rule, None), expected)


degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@QUICK
@given(st.lists(st.one_of(degrees, st.sampled_from([(90.0, 180.0), (-90.0, -180.0), (0.002, -0.0)])), min_size=1))
def test_cells(places):
    lat, lon = np.array(places).T.copy()
    with use_compiled(True):
        fast = compiled("slot_legs")
    found = [fast.cell_of(*place, *cell_grid()) for place in zip(lat, lon, strict=True)]
    assert found == cell_of(lat, lon).tolist()


def test_some_are_at_crowded_berths():
    """What the property test draws is no empty case."""
    quay = [boat(440000001 + k, [(0, 100, 10 * k), (8, 100, 10 * k)], every_s=200) for k in range(3)]
    data = Fixes.from_table(build_tracks(join(*quay)).fixes)
    lying = presence(data, EncounterSettings(), fresh_law())
    crowd = crowded([lying], fresh_law(), ContextSettings(berth_crowd_hulls=2), max_distance_m=500.0)
    assert crowd.keys.tolist() == area_day(np.zeros(1, dtype=np.int64), data.time_us[:1]).tolist()
