"""Intervals of volumes hold what the simulator planted, as `python -m tests.evaluate.volumes` measures it."""

from __future__ import annotations

import json

import pytest

from stsdetect.settings import Settings
from tests.evaluate.volumes import Tally, main, make_month, of_month


@pytest.mark.slow
def test_intervals_hold_what_was_planted(tmp_path):
    tallies: dict[str, Tally] = {}
    line = of_month(make_month(30, tmp_path, days=9, vessels=20, cases=6), Settings(), tallies)
    told = tallies["all"]
    assert told.n >= 20
    # Stated is 90 %; of 20 to 30 that hold nine in ten, fewer than three quarters are one in a hundred.
    assert told.held / told.n >= 0.75
    # And not because they are so wide that they say nothing.
    assert sorted(told.widths)[told.n // 2] < 1.5
    assert "leads from 0.98 on are real" in line


@pytest.mark.slow
def test_the_command_prints_a_line_for_each_basis(capsys, tmp_path):
    assert main(["--worlds", "2", "--interval", "0.5", "--json", str(tmp_path / "figures.json")]) == 0
    printed = capsys.readouterr().out
    assert "intervals that should hold 50%; all simulated" in printed
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures["all"]) == {"n", "held", "below", "above"}
    assert all(name in printed for name in figures)
