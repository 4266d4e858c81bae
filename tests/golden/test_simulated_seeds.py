"""Twenty simulated worlds that no threshold or weight was chosen on: what is found, and what is not called a meeting.

All figures are simulated. The seeds begin at 7000; while building, only seeds below 5020 were looked at.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stsdetect.context import annotate
from stsdetect.detect import find_events
from stsdetect.score import rank_pairs
from stsdetect.settings import ContextSettings
from stsdetect.simulate import Planted, read_truth, simulate
from stsdetect.tracks import build_tracks

SEEDS = range(7000, 7020)
SAMPLE = Path(__file__).parents[2] / "sample_ais"


def overlap(a: dict[str, Any], start: datetime, end: datetime) -> float:
    """Shared time over the time covered by either."""
    shared = (min(a["end_time"], end) - max(a["start_time"], start)).total_seconds()
    return max(shared, 0.0) / (max(a["end_time"], end) - min(a["start_time"], start)).total_seconds()


def vessels_of(event: dict[str, Any]) -> frozenset[str]:
    return frozenset(f"{event[name]:09d}" for name in ("mmsi_a", "mmsi_b") if event[name] is not None)


class Verdict:
    """How a world's truth compares with what was detected in it."""

    def __init__(self, truth: tuple[Planted, ...], events: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> None:
        found: dict[tuple[str, frozenset[str]], list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            found[event["kind"], vessels_of(event)].append(event)
        self.missed, self.false, self.planted = [], [], 0
        known = set()
        for plant in truth:
            crew = frozenset(plant.vessels)
            if plant.kind == "decoy":
                known.add(crew)
                if found["encounter", crew]:
                    self.false.append(plant.family)
                continue
            known.add(crew)
            self.planted += 1
            best = max((overlap(e, plant.start, plant.end) for e in found[plant.kind, crew]), default=0.0)
            if best < 0.8:
                self.missed.append((plant.family, round(best, 2)))
        self.strangers = [crew for kind, crew in found if kind == "encounter" and crew not in known]
        true = {frozenset(plant.vessels) for plant in truth if plant.is_transfer}
        order = [vessels_of(pair) in true for pair in sorted(pairs, key=lambda pair: pair["rank"])]
        self.ranked_right = order == sorted(order, reverse=True)
        self.true_pairs, self.pairs = len(true), order

    @property
    def recall(self) -> float:
        return 1.0 - len(self.missed) / max(self.planted, 1)


@cache
def verdict_on(seed: int) -> Verdict:
    world = simulate("scenarios", seed=seed)
    tracks = build_tracks(world.positions)
    events = annotate(find_events(tracks.fixes, tracks.vessels), ContextSettings())
    return Verdict(world.truth, events.to_pylist(), rank_pairs(events).to_pylist())


@pytest.mark.slow
def test_planted_events_are_found_and_decoys_are_not(capsys):
    verdicts = {seed: verdict_on(seed) for seed in SEEDS}
    planted = sum(v.planted for v in verdicts.values())
    missed = [(seed, *miss) for seed, v in verdicts.items() for miss in v.missed]
    worst = min(verdicts, key=lambda seed: verdicts[seed].recall)
    with capsys.disabled():
        print(
            f"\nsimulated, {len(verdicts)} unseen seeds: {planted - len(missed)} of {planted} planted encounters, "
            f"loiterings and gaps found with 0.8 overlap; worst seed {worst}: {verdicts[worst].recall:.3f}; "
            f"missed {missed}"
        )
    assert planted > 10 * len(verdicts)
    assert 1 - len(missed) / planted >= 0.95
    assert [(seed, v.false) for seed, v in verdicts.items() if v.false] == []
    assert [(seed, v.strangers) for seed, v in verdicts.items() if v.strangers] == []


@pytest.mark.slow
def test_every_true_pair_ranks_above_every_other():
    verdicts = {seed: verdict_on(seed) for seed in SEEDS}
    assert [seed for seed, v in verdicts.items() if not v.ranked_right] == []
    assert all(sum(v.pairs) == v.true_pairs for v in verdicts.values())


def test_the_sample_is_found_and_ranked_right(tmp_path):
    from stsdetect.pipeline import detect

    result = detect(SAMPLE)
    truth = read_truth(SAMPLE / "truth.json")
    verdict = Verdict(truth, result.events_table.to_pylist(), result.pairs_table.to_pylist())
    assert verdict.missed == []
    assert verdict.false == []
    assert verdict.strangers == []
    assert verdict.ranked_right
    assert sum(verdict.pairs) == verdict.true_pairs > 2
    assert json.loads((SAMPLE / "truth.json").read_text())["seed"] is not None
