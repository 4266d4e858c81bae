"""The table of requirements points at what exists."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def rows() -> list[list[str]]:
    lines = (ROOT / "seeds" / "requirements.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [A-Z]\d", line)]
    assert len(cells) > 30
    return cells


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_path_named_exists(row):
    number, requirement, feature, test = row
    assert requirement
    for path in re.findall(r"`([\w./]+/[\w./]*)`", feature + test):
        assert (ROOT / path).exists(), f"{number} names {path}"
    assert "tests/" in test or test == "-"


def test_the_published_cases_are_kept_with_source_and_confidence():
    with (ROOT / "seeds" / "cases.csv").open(encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file))
    assert len(cases) > 30
    assert all(case["source"] and case["confidence"] for case in cases)
