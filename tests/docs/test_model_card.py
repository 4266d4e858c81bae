"""The model card is packaged, names only what exists, and has no figure without the command that prints it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from click.testing import CliRunner

from stsdetect.cli.app import cli
from stsdetect.schema import TABLES
from stsdetect.score.rank import EVERY_INDICATOR

CARD = files("stsdetect.score").joinpath("model_card.md").read_text(encoding="utf-8")


def test_it_is_printed_without_a_network():
    result = CliRunner().invoke(cli, ["about", "model"])
    assert result.exit_code == 0
    assert result.output == CARD


def test_words_in_code_are_indicators_columns_commands_or_files():
    known = {one.name for one in EVERY_INDICATOR} | {column.name for table in TABLES for column in table}
    known |= {"thin", "unknown", "inspect", "likelihood"}
    for word in re.findall(r"`([a-z_]+)`", CARD):
        assert word in known, word


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`stsdetect ([a-z ]+)`", CARD))))
def test_commands_exist(command):
    result = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert result.exit_code == 0


def test_modules_and_functions_named_exist():
    import importlib.util

    for name in re.findall(r"python -m ([\w.]+)", CARD):
        assert importlib.util.find_spec(name) is not None, name
    from stsdetect.readers import raw_line

    assert raw_line is not None


def test_every_row_of_figures_has_its_command():
    table = CARD.partition("## Measured")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 5
    assert all("`python -m tests." in row[-1] for row in rows)
    rest = CARD.replace(table, "")
    assert not re.findall(r"\d+(?:\.\d+)? ?%", rest)


@pytest.mark.parametrize(
    "words", ["consistent with", "not for", "never stands for a finding", "contest", "simulated", "priority"]
)
def test_it_says_what_it_must(words):
    assert words in " ".join(CARD.lower().split())
