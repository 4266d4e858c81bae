"""A pair that also travels side by side is counted against."""

from __future__ import annotations

import pytest

from stsdetect.detect import find_events
from stsdetect.score import rank_pairs
from stsdetect.tracks import build_tracks
from tests.builders import boat, join


def reasons(fast_kn: float) -> dict[str, float]:
    run = fast_kn * 1852
    path = [(0, 0, 0), (2, 2 * run, 0), (5, 2 * run, 0), (7, 4 * run, 0)]
    table = join(boat(440000001, path), boat(440000002, [(t, e, 60.0) for t, e, _ in path]))
    tracks = build_tracks(table)
    (pair,) = rank_pairs(find_events(tracks.fixes, tracks.vessels)).to_pylist()
    return {reason["indicator"]: reason["weight"] for reason in pair["reasons"]}


def test_travelling_together_weighs_against_and_meeting_alone_does_not():
    assert reasons(10.0)["moved_together"] == pytest.approx(-3.5)
    assert "moved_together" not in reasons(5.5)
