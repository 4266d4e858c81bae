"""``stsdetect about``: what the program knows about itself."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any

import click

from stsdetect.cli import options

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
def about() -> None:
    """List formats, columns, settings, indicators, profiles, identity tests, watch-lists, model card and versions."""


@about.command(context_settings=_HELP)
def formats() -> None:
    """List the layouts that are read and the formats that are written."""
    from stsdetect.readers import layouts

    click.echo("Read (recognised by content; plain, .gz, .zip, .zst; files, folders, patterns):")
    for layout in layouts():
        _rows([(layout.name, f"{layout.title}. {layout.doc}")])
        _wrapped(f"Times: {layout.time_rule}")
        _wrapped(f"Lost: {layout.lost}")
    click.echo("\nWritten:")
    _rows(
        [
            ("events.parquet", "GeoParquet of points, WGS84: opens in QGIS and GeoPandas"),
            ("pairs.parquet", "ranked pairs with their reasons"),
            ("vessels.parquet", "identity history of every hull"),
            ("segments.parquet", "stretches of track without an impossible jump or a long silence"),
            ("sources.parquet", "the raw rows (file and line) that each event begins and ends with"),
            ("flagged.parquet", "reports that cleaning did not use, with why; only where there are any"),
            ("watch_hits.parquet", "hulls that are on watch-lists, or may be; only where lists were given"),
            ("rejects.parquet", "rows that could not be read, with file, line and reason; only where there are any"),
            ("run.json", "inputs, counts, settings and versions of the run"),
            ("report.html", "ranked table, map and reasons; opens without a network"),
            ("--format csv", "events.csv and pairs.csv"),
            (
                "--format geojson",
                "events.geojson, pairs.geojson and those of areas; without what is not known, rounded",
            ),
            ("--format gpkg", "stsdetect.gpkg with the layers events and pairs, and those of areas"),
            ("--format kml", "stsdetect.kml with times; of silences, stays and port calls those that a pair rests on"),
        ]
    )


@about.command(context_settings=_HELP)
@click.argument("table", required=False)
def columns(table: str | None) -> None:
    """List the columns of every table, or of TABLE, with type and meaning."""
    from stsdetect.errors import UsageError, did_you_mean
    from stsdetect.schema import TABLES
    from stsdetect.tracks import QUALITY_MEANING

    names = [schema.name for schema in TABLES]
    if table is not None and table not in names:
        raise UsageError(f"there is no table '{table}'; choose from {', '.join(names)}.{did_you_mean(table, names)}")
    for schema in TABLES:
        if table in (None, schema.name):
            click.echo(f"{schema.name}: {schema.doc}")
            _rows((c.name, f"{_type(c.type)}{'' if c.nullable else ', never empty'}: {c.doc}") for c in schema)
            click.echo()
    if table in (None, "fixes"):
        click.echo("Values of quality in fixes, and in run.json and `stsdetect inspect`:")
        _rows((f"{int(flag)} {flag.name.lower()}", meaning) for flag, meaning in QUALITY_MEANING.items())


def _type(kind: Any) -> str:
    """Name an Arrow type as it is in files."""
    text = str(getattr(kind, "value_type", kind) if str(kind).startswith("dictionary") else kind)
    if "struct<" in text:
        return f"list of struct ({', '.join(field.name for field in kind.value_type)})"
    return re.sub(r"list<\w+: (\w+)>", r"list of \1", text)


@about.command(context_settings=_HELP)
def settings() -> None:
    """List every setting with default and meaning, and the indicators of the score."""
    from stsdetect.score import indicator_rows
    from stsdetect.settings import setting_rows

    current = ""
    for group, name, default, meaning in setting_rows():
        if group != current:
            click.echo(f"{chr(10) if current else ''}[{group}]")
            current = group
        _rows([(f"{name} = {_toml(default)}", meaning)])
    click.echo("\n[score.weights]  (log-odds; 0 switches an indicator off, the sign must stay)")
    _rows((f"{row['name']} = {row['weight']:g}", f"{row['title']}. {row['source']}") for row in indicator_rows())


@about.command(context_settings=_HELP)
@options.profile_option
def indicators(score__profile: str | None) -> None:
    """List the indicators of the score: what each asks, its weight, group and source, and what it says."""
    from stsdetect.score import indicator_rows
    from stsdetect.settings import load_settings

    chosen = load_settings(score={} if score__profile is None else {"profile": score__profile}).score
    click.echo(
        f"Weights are log-odds, with profile {chosen.profile}. An indicator earns a share of its weight (strength)."
    )
    click.echo("Of the indicators of a group that speak the same way the strongest counts in full, each further one by")
    click.echo("half of what the one before it counts.\n")
    for row in indicator_rows(chosen):
        unit, group = f" [{row['unit']}]" if row["unit"] else "", f", group {row['group']}" if row["group"] else ""
        _rows(
            [
                (
                    f"{row['name']}: {row['direction']}, {row['weight']:g}{group}",
                    f"{row['title']}{unit}: {row['definition']}",
                )
            ]
        )
        _wrapped(f"Missing: {row['missing']}.")
        _wrapped(f'Says: "{row["example"]}."')
        _wrapped(f"Source: {row['source']}.")


@about.command(context_settings=_HELP)
@click.argument("name", required=False, metavar="[NAME|FILE]")
def profiles(name: str | None) -> None:
    """List the profiles of what is looked for, or print one in full as a file to change."""
    from stsdetect.profiles import DEFAULT, packaged_profiles, read_profile

    if name is None:
        click.echo("What is looked for, by --profile NAME|FILE:")
        _rows(
            (f"{one}{' (the default)' if one == DEFAULT else ''}", f"{read_profile(one).title}.")
            for one in packaged_profiles()
        )
        click.echo('\nA file of your own is TOML: title, extends = "NAME|FILE", [weights], [groups], [settings.GROUP].')
        click.echo("What it does not say is as in what it extends. `stsdetect about profiles NAME` prints one in full.")
        return
    from stsdetect.score import indicator_rows
    from stsdetect.settings import load_settings

    profile, rows = read_profile(name), indicator_rows(load_settings(score={"profile": name}).score)
    click.echo(f"title = {_json(profile.title)}\n\n[weights]")
    for row in rows:
        short, whole = f"{row['weight']:g}", repr(row["weight"])
        click.echo(f"{row['name']} = {short if float(short) == row['weight'] else whole}")
    click.echo("\n[groups]")
    for row in rows:
        if row["group"] or row["name"] in profile.groups:
            click.echo(f"{row['name']} = {_json(row['group'])}")
    for group, values in profile.settings.items():
        click.echo(f"\n[settings.{group}]")
        for key, value in values.items():
            click.echo(f"{key} = {_json(value)}")


def _json(value: Any) -> str:
    """Write a value as TOML does, which is as JSON does, but for tables."""
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(key)} = {_json(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _toml(value: Any) -> str:
    if value is None:
        return "(unset)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "{}" if value == {} else f"{value:g}" if isinstance(value, float) else repr(value)


@about.command(context_settings=_HELP)
def tests() -> None:
    """List the tests behind identity events: what each finds, and what explains it innocently."""
    from stsdetect.detect.identity_tests import IDENTITY_TESTS

    click.echo("Subtypes of identity events. Each is evidence, none a verdict.")
    for test in IDENTITY_TESTS:
        _rows([(test.name, f"Finds {test.finds}.")])
        _wrapped(f"Innocent: {test.innocent}.")
    click.echo("Flags: jamming (many hulls near by in the same hour), common (so many that it is the source).")


@about.command(context_settings=_HELP)
def lists() -> None:
    """List the layouts of watch-lists that are read, and the packaged one with its date."""
    from stsdetect.score.watchlists import LIST_READERS, read_watch_lists

    click.echo("Read (recognised by content; plain, .gz, .zip, .zst), by --watch-list [NAME@DATE=]FILE:")
    for reader in LIST_READERS:
        _rows([(reader.name, f"{reader.title}. {reader.doc}")])
        _wrapped(f"Date: {reader.dated}")
        _wrapped(f"Described by: {reader.origin}.")
    click.echo("\nMatched:")
    _rows(
        [
            ("hit", "the hull broadcast the IMO number of an entry, its check digit right, at any time in the data"),
            (
                "possible",
                "the same MMSI, call sign or name, and no IMO number that says otherwise; names that are short, made "
                "of common words, or borne by many hulls count only beside one of the others",
            ),
        ]
    )
    (packaged,) = read_watch_lists(["packaged"])
    click.echo("\nPackaged (--watch-list packaged):")
    _rows([(packaged.label, f"{len(packaged.entries)} vessels; {packaged.stale}.")])


@about.command(context_settings=_HELP)
def model() -> None:
    """Print the model card: what the score is, what it is not for, how it fails, how to contest a lead."""
    from importlib.resources import files

    click.echo(files("stsdetect.score").joinpath("model_card.md").read_text(encoding="utf-8"), nl=False)


@about.command(context_settings=_HELP)
def version() -> None:
    """Print the versions of stsdetect and of what it computes with."""
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    from stsdetect import __version__

    click.echo(f"stsdetect {__version__}")
    click.echo(f"python {platform.python_version()}")
    for name in (
        "numpy",
        "pyarrow",
        "pandas",
        "geopandas",
        "shapely",
        "scipy",
        "pyais",
        "pyogrio",
        "pydantic",
        "rapidfuzz",
    ):
        try:
            click.echo(f"{name} {installed(name)}")
        except PackageNotFoundError:
            click.echo(f"{name} not installed")


def _rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print names with their meanings; a meaning never shares a line with a long name."""
    for name, meaning in rows:
        click.echo(f"  {name}")
        _wrapped(meaning)


def _wrapped(text: str) -> None:
    for line in textwrap.wrap(" ".join(text.split()), 96, break_on_hyphens=False):
        click.echo(f"      {line}")
