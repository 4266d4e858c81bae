"""The table of rare transfers: the command runs from end to end, and counts near hulls as an obvious loop does."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from stsdetect.detect.arrays import Fixes
from stsdetect.simulate.month import PLANTED_FAMILIES
from stsdetect.tracks import build_tracks
from tests.builders import boat, join
from tests.evaluate.rules import HELD_OUT, HIDDEN, TUNED_ON, TUNING, main, near_pairs


def test_hulls_near_each_other_are_counted_as_a_loop_does() -> None:
    rng = np.random.default_rng(5)
    boats = [
        boat(412000001 + k, [(0, *rng.uniform(-4e3, 4e3, 2)), (3, *rng.uniform(-4e3, 4e3, 2))], every_s=660,
             offset_s=60 * k, silent=[(1, 2.5)] if k == 3 else [])
        for k in range(9)
    ]  # fmt: skip
    fixes = Fixes.from_table(build_tracks(join(*boats)).fixes)
    near = set()
    t = fixes.time_us / 1e6
    for slot in np.arange(np.ceil(t.min() / 600), t.max() / 600) * 600:
        place = {}
        for hull in range(len(fixes.labels)):
            rows = np.flatnonzero(fixes.hull == hull)
            for a, b in pairwise(rows):
                if t[a] <= slot <= t[b] and t[b] - t[a] <= 3600:
                    share = (slot - t[a]) / (t[b] - t[a])
                    place[hull] = fixes.xyz[a] + share * (fixes.xyz[b] - fixes.xyz[a])
        near |= {(a, b) for a, b in combinations(sorted(place), 2) if np.linalg.norm(place[a] - place[b]) <= 1000}
    assert near_pairs(fixes) == len(near) > 2


def test_seeds_and_families_are_kept_apart() -> None:
    assert not set(TUNING) & set(HELD_OUT)
    assert {name for names in HIDDEN for name in names} == set(PLANTED_FAMILIES)
    assert set(PLANTED_FAMILIES) - set(TUNED_ON) == {"seen_at_night", "seen_again", "seen_under_way"}


@pytest.mark.slow
def test_the_command_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--seeds",
        "1",
        "2",
        "--days",
        "12",
        "--vessels",
        "40",
        "--ordinary",
        "1",
        "--keep",
        str(tmp_path / "kept"),
    ]
    assert main([*words, "--json", str(tmp_path / "figures.json")]) == 0
    first = capsys.readouterr().out
    assert "seeds 1, 2 (not all held out), 2 months of 12 days, all simulated" in first
    assert "families by which no weight was chosen: seen_again, seen_at_night, seen_under_way" in first
    assert "MORE THAN 1 IN 1,000" in first  # so small a sea
    for text in (
        "PR-AUC",
        "precision at 20",
        "gfw, shore",
        "fleetleaks, 1 nm",
        "published rules: both transponders on",
    ):
        assert text in first
    told = json.loads((tmp_path / "figures.json").read_text())
    assert told["sought"] == 7
    assert set(told["bootstrap"]) == {"case", "block"}
    assert {one["group"] for one in told["bootstrap"]["case"]["leads"]} >= {"all", *HIDDEN[1], *HIDDEN[2]}
    assert main([*words, "--show", "30", "--again", "--store", str(tmp_path / "leads.parquet")]) == 0
    again = capsys.readouterr().out
    assert again.startswith(first.rstrip())
    assert "finds nothing" in again
