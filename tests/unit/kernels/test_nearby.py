"""Candidates: complete at every latitude, seam and cell edge; a tree in space as a second oracle."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.spatial import cKDTree

from stsdetect.kernels import nearby, sphere
from stsdetect.kernels.contact import Legs
from tests import naive

BIN_US = 1_800_000_000
REACH_M = 500.0
#: 2024-01-01T00:00:00Z, the first instant of a bin.
START_US = 1_704_067_200_000_000


def resting(places: list[tuple[float, float]], t0: int = 0, t1: int = BIN_US) -> Legs:
    """One leg per place, of a hull that does not move."""
    degrees = np.array(places)
    xyz = sphere.to_xyz(degrees[:, 0], degrees[:, 1])
    n = len(places)
    return Legs(np.arange(n), np.full(n, START_US + t0), np.full(n, START_US + t1), xyz, xyz)


def found(legs: Legs, reach: float = REACH_M, out: np.ndarray | None = None) -> set[tuple[int, int, int]]:
    every = (START_US // BIN_US - 100, START_US // BIN_US + 100)
    bins = nearby.hull_bins(legs, np.ones(legs.size, dtype=np.bool_), out, BIN_US, every)
    one, two = nearby.candidate_pairs(legs, bins, reach, BIN_US)
    columns = bins.time_bin[one], bins.hull[one], bins.hull[two]
    return set(zip(*(column.tolist() for column in columns), strict=True))


def wandering(origin: tuple[float, float], n_hulls: int, hours: int, seed: int) -> Legs:
    """Hulls that wander over about 20 km around a place, a fix every half-hour or so, each at its own times."""
    rng = np.random.default_rng(seed)
    rows = []
    for hull in range(n_hulls):
        times = START_US + np.sort(rng.choice(hours * 3600, 2 * hours, replace=False)) * 1_000_000
        east, north = rng.uniform(-10_000, 10_000, 2)
        places = []
        for _ in times:
            east, north = east + rng.normal(0, 900), north + rng.normal(0, 900)
            places.append(naive.travel(*origin, np.degrees(np.arctan2(east, north)), np.hypot(east, north)))
        degrees = np.array(places)
        xyz = sphere.to_xyz(degrees[:, 0], degrees[:, 1])
        rows.append((np.full(times.size - 1, hull), times[:-1], times[1:], xyz[:-1], xyz[1:]))
    return Legs(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))


def by_tree(legs: Legs, reach: float, step_us: int) -> set[tuple[int, int, int]]:
    """(bin, a, b) of hulls within reach at one of many instants, by a k-d tree of all positions at each."""
    pairs = set()
    for time in range(int(legs.t0_us.min()), int(legs.t1_us.max()), step_us):
        on = np.flatnonzero((legs.t0_us <= time) & (time < legs.t1_us))
        if on.size < 2:
            continue
        places = legs.at(on, np.full(on.size, time))
        for i, j in cKDTree(places).query_pairs(reach):
            a, b = sorted((int(legs.hull[on[i]]), int(legs.hull[on[j]])))
            pairs.add((time // BIN_US, a, b))
    return pairs


@pytest.mark.parametrize(
    "origin",
    [(0.0, 0.0), (38.0, 122.5), (0.0, 90.0), (10.0, 180.0), (85.0, -179.99), (89.97, 45.0), (-90.0, 0.0)],
    ids=["cell edges", "yellow sea", "axis of y", "antimeridian", "85 north", "north pole", "south pole"],
)
def test_a_tree_in_space_finds_no_pair_that_is_missing(origin):
    legs = wandering(origin, 40, 6, seed=5)
    truth, candidates = by_tree(legs, REACH_M, 60_000_000), found(legs)
    assert len({row[1:] for row in truth}) > 10
    assert truth <= candidates
    # A superset, but not everybody with everybody.
    assert len(candidates) < 0.3 * 13 * 40 * 39 / 2


@pytest.mark.parametrize("east", [0.0, 499.9, 999.9, 1000.0, 1000.1])
@pytest.mark.parametrize("course", [0.0, 45.0, 90.0, 135.0, 225.0])
def test_neighbours_across_a_cell_edge(east, course):
    """Cells of 1 km have their edges at 0 and 1000 m east of (0, 0)."""
    here = naive.travel(0.0, 0.0, 90.0, east)
    there = naive.travel(*here, course, 499.9)
    assert {row[1:] for row in found(resting([here, there]))} == {(0, 1)}
    assert found(resting([here, there])) == {(b, a0, b0) for b, a0, b0 in found(resting([there, here]))}


@pytest.mark.parametrize("step", [s for s in product((-1, 0, 1), repeat=3) if any(s)])
def test_every_one_of_the_26_neighbours_is_looked_at(step):
    """Two hulls on both sides of an edge, a side or a corner of a cell of 1 km."""
    corner = np.array([3_000_000.0, -4_000_000.0, 2_000_000.0])
    middle = corner + np.where(np.array(step) == 0, 300.0, 0.0)
    places = np.stack([middle - 50.0 * np.array(step), middle + 50.0 * np.array(step)])
    legs = Legs(np.arange(2), np.full(2, START_US), np.full(2, START_US + BIN_US), places, places)
    assert found(legs) == {(START_US // BIN_US, 0, 1)}


def test_two_hulls_in_the_same_spot_and_three_alongside():
    spot = (37.0, 123.0)
    assert len(found(resting([spot, spot]))) == 1
    assert {row[1:] for row in found(resting([spot] * 3))} == {(0, 1), (0, 2), (1, 2)}


def test_hulls_at_the_same_place_in_different_bins_are_no_candidates():
    early, late = resting([(1.0, 1.0)]), resting([(1.0, 1.0)], BIN_US, 2 * BIN_US)
    both = Legs(np.array([0, 1]), *(
        np.concatenate([getattr(early, name), getattr(late, name)]) for name in ("t0_us", "t1_us", "p0", "p1")
    ))  # fmt: skip
    assert found(both) == set()


def test_a_leg_over_several_bins_is_in_each_and_not_in_the_one_it_only_touches():
    rows = found(resting([(1.0, 1.0), (1.0, 1.0)], BIN_US // 2, 3 * BIN_US))
    assert {row[0] - START_US // BIN_US for row in rows} == {0, 1, 2}


def test_a_fast_leg_is_seen_along_its_whole_way():
    """One hull sails 60 km in two hours, the other lies 400 m beside the middle of that track."""
    start, stop = (0.0, 179.7), naive.travel(0.0, 179.7, 90.0, 60_000)
    beside = naive.travel(*naive.travel(0.0, 179.7, 90.0, 30_000), 0.0, 400.0)
    ends = [sphere.to_xyz(*np.array(p).reshape(-1, 2).T) for p in ([start, beside], [stop, beside])]
    legs = Legs(np.arange(2), np.full(2, START_US), np.full(2, START_US + 4 * BIN_US), *ends)
    middle = START_US // BIN_US + 2
    assert {(middle - 1, 0, 1), (middle, 0, 1)} & found(legs)
    assert len(found(legs)) <= 2


def test_no_legs_and_one_hull():
    assert found(resting([(0.0, 0.0)])) == set()
    empty = resting([(0.0, 0.0)]).take(np.zeros(0, dtype=np.int64))
    assert found(empty) == set()


@pytest.mark.parametrize("n", [60, 300])
def test_calm_hulls_are_not_looked_at_together(n, monkeypatch):
    """A harbour costs as many looks as it has hulls, not as it has pairs."""
    looks = []
    plain = nearby._in_reach
    monkeypatch.setattr(
        nearby, "_in_reach", lambda bins, left, *rest: looks.append(left.size) or plain(bins, left, *rest)
    )
    harbour = [(38.0 + k * 1e-5, 122.5) for k in range(n)]
    legs = resting([*harbour, (38.0, 122.501)])
    calm = np.append(np.ones(n, dtype=np.bool_), False)
    assert found(legs, out=calm) == {(START_US // BIN_US, k, n) for k in range(n)}
    assert sum(looks) == n
    assert len(found(legs)) == n * (n + 1) // 2


def keep(bins: list[int], min_bins: int, max_empty: int, edges: tuple[int, int]) -> list[int]:
    column = np.array(bins, dtype=np.int64)
    same = np.zeros(column.size, dtype=np.int64)
    rows = nearby.long_enough(column, same, same + 1, min_bins=min_bins, max_empty=max_empty, edges=edges)
    return column[rows].tolist()


def test_short_runs_in_the_middle_are_left_out():
    assert keep([10, 20, 21, 30], 2, 1, (0, 40)) == [20, 21]
    assert keep([10, 12], 2, 1, (0, 40)) == [10, 12]
    assert keep([10, 13], 2, 1, (0, 40)) == []
    assert keep([], 2, 1, (0, 40)) == []


@pytest.mark.parametrize("max_empty", [0, 1, 2, 6])
def test_a_run_that_may_go_on_beyond_an_edge_is_kept(max_empty):
    """A break of six bins is allowed: a run six bins after the edge may belong to one before it."""
    margin = max(max_empty, 1)
    assert keep([margin], 9, max_empty, (0, 40)) == [margin]
    assert keep([40 - margin], 9, max_empty, (0, 40)) == [40 - margin]
    assert keep([margin + 1], 9, max_empty, (0, 40)) == []
    assert keep([39 - margin], 9, max_empty, (0, 40)) == []
