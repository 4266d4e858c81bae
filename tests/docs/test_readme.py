"""What README says is executed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

import stsdetect
from stsdetect import errors
from stsdetect.cli.app import cli
from stsdetect.readers import layouts
from stsdetect.readers.plugins import PLUGINS
from stsdetect.schema import TABLES
from stsdetect.score.volume import cap_barrels, coefficient, factors
from stsdetect.settings import load_settings
from stsdetect.simulate import Month
from stsdetect.simulate.month_dark import DARK_FAMILIES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def verbs(group: click.Group = cli) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": inside for inner, inside in verbs(command).items()}
        found[name] = command
    return found


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_blocks_run(number, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(blocks("python")[number], f"README.md, block {number + 1}", "exec"), {})
    assert capsys.readouterr().out


def test_the_first_two_commands_set_up_everything():
    first, second = (block.splitlines() for block in blocks("sh")[:2])
    assert len(first) == len(second) == 1
    assert "pip install -q . &&" in first[0]
    assert first[0].endswith("stsdetect detect sample_ais --out results")
    assert "pip install -q -e . --group test &&" in second[0]
    assert second[0].endswith("-m pytest -q -n auto")


def test_ci_takes_its_commands_from_readme():
    script = (ROOT / ".ci" / "run").read_text()
    function = re.search(r"^readme_command\(\).*?^\}", script, re.MULTILINE | re.DOTALL)
    assert function is not None
    for number, block in enumerate(blocks("sh")[:2], start=1):
        assert f'bash -euo pipefail -c "$(readme_command {number})"' in script
        found = subprocess.run(
            ["bash", "-c", f"{function[0]}\nreadme_command {number}"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert found.stdout == block
    assert "-m pytest" not in script
    assert "detect sample_ais" not in script


def test_commands_and_options_exist():
    known = verbs()
    for words in re.findall(r"`stsdetect ([a-z ]+?)[`\s]", README):
        assert words.strip() in known, words
    options = {option for verb in known.values() for p in verb.params for option in p.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {
        "--folders",
        "--group",
        "--keep",
        "--seeds",
        "--worlds",
        "--months",
        "--show",
    }
    assert named <= options, named - options


def test_the_settings_example_is_valid():
    known = [block for block in blocks("toml") if "[project" not in block]
    assert known
    for block in known:
        load_settings(**tomllib.loads(block))


def test_plug_ins_are_offered_where_they_are_looked_for():
    (block,) = [block for block in blocks("toml") if "[project" in block]
    assert set(tomllib.loads(block)["project"]["entry-points"]) == {PLUGINS}


def test_every_layout_is_named_and_no_other():
    rows = README.split("## What is read")[1].split("\n## ")[0].split("|---|---|\n")[1].split("\n\n")[0]
    named = re.findall(r"`([a-z]\w+)`", rows)
    assert sorted(named) == sorted(layout.name for layout in layouts())


def test_the_files_and_columns_exist():
    tables = {f"{schema.name}.parquet": set(schema.names) for schema in TABLES}
    rows = re.findall(r"^\| `(\w+\.parquet)` \|.*\| (.*) \|$", README, re.MULTILINE)
    written = (
        "events", "pairs", "vessels", "segments", "sources", "flagged", "berths", "areas", "coverage", "rejects",
        "watch_hits", "tracks",
    )  # fmt: skip
    assert {name for name, _ in rows} == {f"{name}.parquet" for name in written}
    for name, columns in rows:
        assert set(re.findall(r"`(\w+)`", columns)) <= tables[name], name


def test_the_exit_codes_are_those_of_the_errors():
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.StsError)]
    assert {kind.exit_code for kind in kinds} <= listed
    assert listed == {0, 1, 2, 3, 4, 130}


def test_the_numbers_of_the_definition_are_the_defaults():
    met = load_settings().encounters
    assert (met.max_distance_m, met.min_duration_s, met.max_speed_kn) == (500, 3600, 2)
    assert (met.under_way_max_speed_kn, met.under_way_hull_gap_m) == (5, 60)
    assert (met.observed_bracket_s, met.inferred_bracket_s) == (900, 7200)
    assert load_settings().gaps.min_duration_s == 6 * 3600
    assert load_settings().gaps.keep_from_s == 2 * 3600
    assert load_settings().read.max_reject_share == 0.5


def test_the_numbers_told_of_the_unseen_are_the_defaults():
    dark, calls = load_settings().dark, load_settings().port_calls
    assert (dark.min_loitering_s, dark.min_stay_s, dark.max_silence_s) == (7200, 5400, 864000)
    assert (dark.max_rivals, dark.max_partners, dark.max_candidates) == (1000, 5, 10)
    assert (calls.min_duration_s, calls.radius_km, calls.hidden_least_stay_s) == (3600, 10, 8 * 3600)
    assert (calls.hidden_countries, calls.delivery_max_s) == (("KP",), 15 * 86400)
    month = Month(seed=1)
    assert (month.days, month.vessels, len(DARK_FAMILIES)) == (30, 2000, 5)


def test_the_numbers_told_of_volumes_are_the_defaults():
    rule = load_settings().volume
    assert (rule.draws, rule.min_score, rule.max_deadweight_t, rule.apart_s) == (1000, 0.98, 15_000, 12 * 3600)
    assert factors(rule) == (7.23, 8.5)
    assert cap_barrels() == 500_000
    assert load_settings().chains.max_days == 30
    shares, parcels = coefficient("laden_share"), coefficient("parcel_t")
    assert (shares[0], shares[2], parcels[0], parcels[2]) == (0.33, 0.9, 600, 2000)


def test_the_public_names_used_exist():
    for name in re.findall(r"\bsts\.(\w+)", README):
        assert name in stsdetect.__all__
