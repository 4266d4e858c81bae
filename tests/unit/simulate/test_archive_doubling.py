"""Twice the days are at most 2.3 times the work, counted, not timed: legs, and pairs of hulls that may be in reach."""

from __future__ import annotations

import pyarrow as pa

import stsdetect as sts
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.contacts import BIN_US, Tracks
from stsdetect.kernels.nearby import candidate_pairs, hull_bins
from stsdetect.kernels.sphere import arc_to_chord
from stsdetect.settings import EncounterSettings
from stsdetect.simulate import Archive

ROWS, VESSELS, LIMIT = 32_000, 60, 2.3


def _work(rows: int) -> tuple[int, int]:
    positions = pa.concat_tables(Archive(rows, seed=1, vessels=VESSELS).blocks()).unify_dictionaries()
    cleaned = sts.build_tracks(positions)
    fixes = Fixes.from_table(cleaned.fixes)
    rule = EncounterSettings()
    tracks = Tracks.of(fixes, Identities.from_table(cleaned.vessels, fixes.labels), rule)
    edges = (int(tracks.legs.t0_us.min()) // BIN_US, (int(tracks.legs.t1_us.max()) - 1) // BIN_US)
    bins = hull_bins(tracks.legs, tracks.slow & tracks.observed, tracks.summed, BIN_US, edges)
    pairs, _ = candidate_pairs(tracks.legs, bins, arc_to_chord(rule.max_distance_m), BIN_US)
    return tracks.legs.size, pairs.size


def test_twice_the_days_are_twice_the_work() -> None:
    legs, pairs = _work(ROWS)
    more_legs, more_pairs = _work(2 * ROWS)
    assert pairs > 0
    assert legs < more_legs < LIMIT * legs
    assert pairs < more_pairs < LIMIT * pairs
