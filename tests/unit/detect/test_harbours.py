"""A harbour full of moored hulls: no events inside it, none lost outside; and measuring from a part of the fixes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.berths import BerthCells, Berths, crowded
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.contacts import Hulls, Runs, Tracks
from stsdetect.detect.encounters import Encounters
from stsdetect.detect.search import find_runs
from stsdetect.detect.slow_legs import presence
from stsdetect.reference.places import Port
from stsdetect.settings import ContextSettings
from stsdetect.tracks import build_tracks
from tests.builders import HOUR_US, TANKER, boat, join, us

#: The origin of `boat`: here the shore runs north and south through it, water to the east.
SHORE = (31.0, 124.0)
A, B, C = 440000001, 440000002, 440000003


class Coast:
    """Land west of 124 degrees east."""

    def distance_km(self, lat, lon):
        return (np.asarray(lon) - SHORE[1]) * 111.195 * np.cos(np.radians(lat))

    def on_land(self, lat, lon):
        return np.asarray(lon) < SHORE[1]


@cache
def law() -> BerthCells:
    return BerthCells(ContextSettings(), ports=[Port("quay", "Quay", "CN", *SHORE)], shoreline=Coast())


def moored(n: int, **options) -> list[pa.Table]:
    """So many hulls side by side along 1 km of quay, each some tens of metres from the next."""
    return [
        boat(413000000 + k, [(0, 100, 17 * k), (8, 100, 17 * k)], every_s=180, offset_s=k, noise_m=2, **options)
        for k in range(n)
    ]


class World:
    """Fixes of some boats, and who met whom with and without summing up."""

    def __init__(self, *boats: pa.Table, least: int = 10) -> None:
        tracks = build_tracks(join(*boats))
        self.data = Fixes.from_table(tracks.fixes)
        self.known = Identities.from_table(tracks.vessels, self.data.labels)
        self.rule = Encounters().rule
        self.presence = presence(self.data, self.rule, law())
        self.berths = self.crowd(least)

    def crowd(self, least: int) -> Berths:
        settings = ContextSettings(berth_crowd_hulls=least)
        return crowded([self.presence], law(), settings, max_distance_m=500.0)

    def met(self, berths: Berths | None = None) -> pa.Table:
        return Encounters().detect(self.data, self.known, berths=berths)


def pairs(table: pa.Table) -> set[tuple[str, str]]:
    return set(zip(table["vessel_a"].to_pylist(), table["vessel_b"].to_pylist(), strict=True))


def tankers(east: float = 5000.0) -> list[pa.Table]:
    return [
        boat(A, [(0, east, 0), (6, east, 0)], noise_m=3, **TANKER),
        boat(B, [(0, east + 4000, 0), (1, east + 30, 0), (5, east + 30, 0)], noise_m=3, **TANKER),
    ]


def test_a_harbour_gives_no_events_and_takes_none():
    world = World(*moored(60), *tankers())
    alone = World(*tankers())
    everything, outside = world.met(), world.met(world.berths)
    assert everything.num_rows > 1000
    assert outside.equals(alone.met())
    assert pairs(outside) == {(str(A), str(B))}
    (row,) = world.berths.table.to_pylist()
    assert (row["area_id"], row["n_vessels"]) == ("quay", 60)
    # Neighbours up to 29 places on: 29 * 17 m = 493 m.
    assert row["n_pairs"] == pytest.approx(sum(60 - k for k in range(1, 30)), rel=0.03)
    assert row["vessel_hours"] == pytest.approx(60 * 8, rel=0.02)
    assert row["vessels"] == sorted(str(413000000 + k) for k in range(60))


def test_a_vessel_off_the_berths_beside_moored_ones_is_an_event():
    """650 m off the shore is no berth; the nearest moored hulls lie up to 400 m inside."""
    quay = [boat(413000000 + k, [(0, 400, 17 * k), (8, 400, 17 * k)], every_s=180) for k in range(12)]
    world = World(*quay, boat(C, [(0, 650, 0), (6, 650, 0)]))
    found = world.met(world.berths)
    assert pairs(found) == {(str(413000000 + k), str(C)) for k in range(12)}
    kept = world.met().to_pylist()
    assert found.to_pylist() == [row for row in kept if str(C) in (row["vessel_a"], row["vessel_b"])]


def test_a_vessel_that_casts_off_meets_from_then_on():
    """It leaves its berth beside another and lies 900 m off, where a third one comes alongside."""
    leaving = boat(A, [(0, 100, 0), (2, 100, 0), (2.2, 900, 0), (8, 900, 0)])
    other = boat(B, [(0, 9000, 0), (3, 930, 0), (8, 930, 0)])
    world = World(*moored(12), leaving, other)
    assert pairs(world.met(world.berths)) == {(str(A), str(B))}


def test_too_few_hulls_are_no_crowd():
    world = World(*moored(9))
    assert world.berths.table.num_rows == 0
    assert world.met(world.berths).equals(world.met())
    assert World(*moored(10)).berths.table.num_rows == 1


def test_hulls_in_any_number_of_groups_make_one_crowd():
    boats = moored(24)
    world = World(*boats)
    groups = [World(*boats[k::5]).presence for k in range(5)]
    again = crowded(groups, law(), ContextSettings(), max_distance_m=500.0)
    assert again.table.equals(world.berths.table)
    assert again.keys.tolist() == world.berths.keys.tolist()


def test_a_day_without_a_crowd_is_written_as_events():
    """Twelve hulls until midnight, two of them on to the next noon: START is noon."""
    boats = [boat(413000000 + k, [(0, 100, 17 * k), (24 if k < 2 else 11, 100, 17 * k)]) for k in range(12)]
    world = World(*boats)
    (row,) = world.met(world.berths).to_pylist()
    assert (row["vessel_a"], row["vessel_b"]) == ("413000000", "413000001")
    assert row["start_time"].timestamp() * 1e6 == pytest.approx(us(12), abs=60e6)
    assert world.berths.table.num_rows == 1


spot = st.tuples(st.integers(-300, 1600), st.integers(-800, 800))
course = st.lists(spot, min_size=1, max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> list[pa.Table]:
    boats = []
    for k, spots in enumerate(draw(st.lists(course, min_size=3, max_size=8))):
        points = [(3.0 * n + 1.5 * stay, *where) for n, where in enumerate(spots) for stay in (0, 1)]
        every = draw(st.sampled_from([120.0, 600.0, 1800.0]))
        boats.append(boat(440000000 + k, points, every_s=every, offset_s=7.0 * k, noise_m=5))
    return boats


@given(worlds(), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_what_is_left_out_lies_at_berths_and_nothing_else_changes(boats, least):
    world = World(*boats, least=least)
    everything, found = world.met(), world.met(world.berths)
    assert world.met(world.crowd(1000)).equals(everything)
    lying = {name for names in world.berths.table["vessels"].to_pylist() for name in names}
    before, after = ({row["event_id"]: row for row in table.to_pylist()} for table in (everything, found))
    for event_id, row in before.items():
        if not {row["vessel_a"], row["vessel_b"]} <= lying:
            assert after[event_id] == row
    assert pairs(found) <= pairs(everything)
    tracks = Tracks.of(world.data, world.known, world.rule, world.berths)
    assert not (tracks.summed & ~tracks.slow).any()
    if not tracks.summed.any():
        assert after == before


@given(worlds(), st.booleans(), st.data())
@settings(max_examples=30, deadline=None)
def test_runs_are_measured_alike_from_the_fixes_around_them(boats, crowd, data):
    """And found alike in stretches of time, each from its own fixes."""
    later = [boat(440000000, [(40, 0, 0), (47, 0, 0)]), boat(440000001, [(40, 60, 0), (47, 60, 0)])]
    world = World(*boats, *later, least=3)
    berths = world.berths if crowd else None
    detector, rule, fixes = Encounters(), world.rule, world.data
    whole = detector.detect(fixes, world.known, berths=berths)

    halo = 2 * round(rule.inferred_bracket_s * 1e6) + 1_800_000_000
    cuts = sorted(data.draw(st.lists(st.integers(us(0), us(48)), max_size=3)))
    edges = [us(0) - HOUR_US, *cuts, us(50)]
    parts = []
    for start, end in pairwise(edges):
        part = fixes.take((fixes.time_us >= start - halo) & (fixes.time_us <= end + halo))
        parts.append(
            find_runs(Tracks.of(part, world.known, rule, berths), Hulls.of(world.known), start, end, rule)
            if part.size
            else Runs.none()
        )
    runs = detector.qualified(Runs.joined(parts, round(rule.max_break_s * 1e6))[0])

    tables = []
    for k in range(runs.a.size):
        near = (fixes.time_us >= runs.start_us[k] - 26 * HOUR_US) & (fixes.time_us <= runs.end_us[k] + 26 * HOUR_US)
        own = fixes.take(near & np.isin(fixes.hull, [runs.a[k], runs.b[k]]))
        tables.append(detector.measure(own, world.known, runs.take(slice(k, k + 1)), berths))
    assert pa.concat_tables([whole.slice(0, 0), *tables]).equals(whole)
    assert detector.measure(fixes, world.known, runs, berths).equals(whole)
