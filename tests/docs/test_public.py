"""Exported names, help texts, the lists of `about`, and the examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import stsdetect
from stsdetect.cli.app import cli
from stsdetect.readers import layouts
from stsdetect.schema import TABLES
from stsdetect.score import indicator_rows
from stsdetect.settings import setting_rows
from stsdetect.tracks import Quality

PACKAGE = Path(stsdetect.__file__).parent
MODULES = sorted(
    ".".join(("stsdetect", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
)


def ask(*words: str) -> str:
    done = CliRunner().invoke(cli, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_exported_names():
    assert set(stsdetect.__all__) == {
        "DarkRendezvous", "Encounters", "Gaps", "InputError", "Loitering", "Model", "PortCalls", "Result",
        "SchemaError", "Scorer", "Settings", "SettingsError", "StsError", "TooManyRejectsError", "UsageError",
        "WatchListFile", "__version__", "annotate", "build_tracks", "chains", "detect", "features", "fit",
        "inspect", "label", "ledger", "load_settings", "rank_pairs", "read", "read_watch_lists", "score",
        "simulate", "to_networkx",
    }  # fmt: skip
    assert set(stsdetect.__all__) <= set(dir(stsdetect))


@pytest.mark.parametrize("name", [name for name in stsdetect.__all__ if name != "__version__"])
def test_every_exported_name_is_documented(name):
    value = getattr(stsdetect, name)
    assert callable(value)
    assert inspect.getdoc(value)


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'detct'"):
        stsdetect.detct  # noqa: B018


def test_functions_are_not_hidden_by_the_rooms_of_their_name():
    program = """
import stsdetect.detect.encounters, stsdetect.simulate, stsdetect.cli.inspect, stsdetect.score.rank
import stsdetect as sts
assert sts.detect.__module__ == "stsdetect.pipeline.job", sts.detect
assert sts.simulate.__module__ == "stsdetect.simulate.world", sts.simulate
assert sts.score.__module__ == "stsdetect.pipeline.rescored", sts.score
from stsdetect.detect import Encounters
assert sts.Encounters is Encounters
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = [(path, group)]
    for name, command in group.commands.items():
        inner = (*path, name)
        found += commands(command, inner) if isinstance(command, click.Group) else [(inner, command)]
    return found


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_verb_and_option_is_explained(path, command):
    text = ask(*path, "--help")
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.opts[0] in text


def test_the_verbs_are_those_promised():
    assert set(cli.commands) == {
        "detect", "inspect", "score", "label", "fit", "chains", "ledger", "evaluate", "simulate", "about",
    }  # fmt: skip


def test_about_columns_lists_every_column_with_its_meaning():
    text = ask("about", "columns")
    flat = " ".join(text.split())
    for schema in TABLES:
        assert f"{schema.name}: " in text
        for column in schema:
            assert f"  {column.name}\n" in text
            assert " ".join(column.doc.split()) in flat
    for flag in Quality:
        assert f"{int(flag)} {flag.name.lower()}" in text


def test_about_settings_lists_every_setting_and_indicator():
    text = ask("about", "settings")
    flat = " ".join(text.split())
    for group, name, _, meaning in setting_rows():
        assert f"[{group}]" in text
        assert f"  {name} = " in text
        assert meaning, name
        assert " ".join(meaning.split()) in flat
    for row in indicator_rows():
        assert f"  {row['name']} = {row['weight']:g}" in text


def test_about_formats_lists_every_layout():
    text = ask("about", "formats")
    flat = " ".join(text.split())
    for layout in layouts():
        assert f"  {layout.name}\n" in text
        for part in (f"{layout.title}. {layout.doc}", f"Times: {layout.time_rule}", f"Lost: {layout.lost}"):
            assert " ".join(part.split()) in flat
            assert part.endswith(".")
    for name in ("csv", "geojson", "gpkg", "kml", "events.parquet", "report.html"):
        assert name in text


def test_about_version():
    text = ask("about", "version")
    assert text.startswith(f"stsdetect {stsdetect.__version__}\n")
    assert "pyarrow" in text


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_every_module_says_what_it_is_for():
    for name in MODULES:
        assert importlib.import_module(name).__doc__, name
