"""Every test of identity is told of, counts once in the score, and has its positive, negative and noisy negative."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from stsdetect.cli.app import cli
from stsdetect.detect.identity import POSITION_TESTS
from stsdetect.detect.identity_tests import IDENTITY_TESTS
from stsdetect.reference.facts import data_file
from stsdetect.score.indicators_identity import _TESTS
from stsdetect.score.meetings import _COUNTED

NAMES = [test.name for test in IDENTITY_TESTS]
HERE = Path(__file__).parent
SOURCES = Path(str(data_file("x"))).parents[2] / "detect"


def test_each_is_told_of_once_with_an_innocent_explanation():
    assert len(set(NAMES)) == len(NAMES)
    assert all(test.finds and test.innocent for test in IDENTITY_TESTS)
    assert set(POSITION_TESTS) < set(NAMES)


def test_each_is_made_by_the_code_and_named_in_a_docstring():
    code = "".join(path.read_text() for path in SOURCES.glob("*.py") if path.name != "identity_tests.py")
    for name in NAMES:
        assert f'"{name}"' in code, name
        assert f"``{name}``" in code or (name.endswith("_change") and "``..._change``" in code), name


def test_each_counts_in_the_score_once():
    assert set(_TESTS) | _COUNTED == set(NAMES)
    assert not set(_TESTS) & _COUNTED


def test_each_has_a_positive_a_negative_and_a_noisy_negative():
    """The suites beside this one say so in the names of their tests, or by the table of changes."""
    code = "".join(path.read_text() for path in HERE.glob("test_identity_*.py") if path.name != Path(__file__).name)
    for name in NAMES:
        assert f'["{name}"]' in code or f'"{name}"' in code, name
        if name not in ("name_change", "callsign_change", "imo_change", "dimensions_change"):
            assert re.search(rf"def test_{name}\w*\(", code), name


def test_the_command_line_lists_them():
    result = CliRunner().invoke(cli, ["about", "tests"])
    assert result.exit_code == 0
    for name in NAMES:
        assert re.search(rf"^  {name}$", result.output, re.MULTILINE), name
    assert "Innocent:" in result.output
