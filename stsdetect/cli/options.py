"""Options that several verbs share, and how their text becomes settings and areas."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stsdetect.errors import UsageError

if TYPE_CHECKING:
    from stsdetect.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def messages(verb: F) -> F:
    """Add ``--quiet``, ``--log-json`` and ``--debug``; `stsdetect.cli.app.main` acts on them."""
    for option in (
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an unexpected error."),
        click.option(
            "--log-json", is_flag=True, expose_value=False, help="Messages as one JSON object per line on stderr."
        ),
        click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors."),
    ):
        verb = option(verb)
    return verb


def own_settings(verb: F) -> F:
    """Add ``--settings`` and ``--set``."""
    for option in (
        click.option(
            "--set",
            "changes",
            metavar="GROUP.NAME=VALUE",
            multiple=True,
            help="Change one setting, such as --set encounters.max_distance_m=300; may be repeated.",
        ),
        click.option(
            "--settings",
            "settings_file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Settings in TOML; `stsdetect about settings` lists them.",
        ),
    ):
        verb = option(verb)
    return verb


def profile_option(verb: F) -> F:
    """Add ``--profile``."""
    return click.option(
        "--profile",
        "score__profile",
        metavar="NAME|FILE",
        help="What is looked for: dprk-petroleum (the default), dprk-coal, generic-sts, or a file of your own "
        "(see `stsdetect about profiles`).",
    )(verb)


def model_option(verb: F) -> F:
    """Add ``--model``."""
    return click.option(
        "--model",
        "model_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Weights that `stsdetect fit` made of labels, in place of the profile's.",
    )(verb)


def known_option(verb: F) -> F:
    """Add ``--known``."""
    return click.option(
        "--known",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Pairs or vessels that you know to be innocent: CSV with vessel_a, vessel_b (or empty), reason, and where "
        "wanted from, to, who. Their leads stay, and rank low.",
    )(verb)


def settings_options(verb: F) -> F:
    """Add ``--settings``, ``--set``, and what says how files are to be read."""
    verb = own_settings(verb)
    for option in (
        click.option(
            "--utc-offset",
            "read__utc_offset_h",
            metavar="H",
            type=float,
            help="Hours ahead of UTC of times without a zone, in mapped tables and layouts in local time.",
        ),
        click.option(
            "--speed-unit",
            "read__speed_unit",
            type=click.Choice(["kn", "0.1kn", "m/s", "km/h"]),
            help="Unit of speeds in mapped tables and where a layout leaves it open.",
        ),
        click.option(
            "--layout",
            "read__layout",
            metavar="NAME",
            help="Read files as this layout, where several claim one; `stsdetect about formats` lists them.",
        ),
        click.option(
            "--start-time",
            "read__start_time",
            metavar="ISO",
            help="UTC time of the first message of an NMEA log that holds no time, such as 2024-03-01T00:00:00Z.",
        ),
        click.option(
            "--map",
            "mapped",
            metavar="OURS=THEIRS",
            multiple=True,
            help="Column map for tables of other layouts, such as --map lat=Latitude_degrees; may be repeated.",
        ),
    ):
        verb = option(verb)
    return verb


def build_settings(
    settings_file: Path | None, changes: Sequence[str], mapped: Sequence[str], **direct: Any
) -> Settings:
    """Put the file, ``--set``, ``--map`` and single options together; the later wins.

    ``direct`` has names like ``context__zones_file``; None means that the option was not given.
    """
    from stsdetect.settings import load_settings

    base = load_settings(settings_file).model_dump()
    given: dict[str, Any] = {}
    for text in changes:
        name, value = _split(text, "--set", "encounters.max_distance_m=300")
        _put(given, base, name.split("."), _value(value))
    for text in mapped:
        ours, theirs = _split(text, "--map", "lat=Latitude_degrees")
        _put(given, base, ["read", "columns", ours], theirs)
    for name, value in direct.items():
        if value is not None:
            _put(given, base, name.split("__"), value)
    return load_settings(settings_file, **given)


def changed_settings(
    settings: Settings, settings_file: Path | None, changes: Sequence[str], profile: str | None = None
) -> Settings:
    """Return settings of a run with what scoring may change of a file, and ``--set`` on top.

    A profile lies beneath the file, in place of the one that the file names.

    Raises
    ------
    UsageError
        If ``--set`` names another group, as what was detected stays, or a profile.
    """
    from stsdetect.pipeline.rescored import SCORING_GROUPS
    from stsdetect.settings import load_settings, settings_from

    if settings_file is not None:
        told = load_settings(settings_file, score={} if profile is None else {"profile": profile})
        settings = settings.model_copy(update={group: getattr(told, group) for group in SCORING_GROUPS})
    base, given = settings.model_dump(), dict[str, Any]()
    for text in changes:
        name, value = _split(text, "--set", "score.weights.zone=0.5")
        group = name.partition(".")[0]
        if group not in SCORING_GROUPS:
            raise UsageError(
                f"--set {name} cannot change what was detected; only {', '.join(SCORING_GROUPS)} can: detect anew"
            )
        if name == "score.profile":
            raise UsageError(f"--set {name} would change the name alone; give --profile {value}")
        _put(given, base, name.split("."), _value(value))
    return settings_from(_on_top(base, given), "the settings given")


#: Groups of settings that reading a run asks; the others made its events and scores.
_READING_GROUPS = ("volume", "chains", "port_calls", "context")


def settings_on_run(folder: Path, settings_file: Path | None, changes: Sequence[str], **direct: Any) -> Settings:
    """Return the settings of a run with those on top that a file, ``--set`` and single options say; the later wins.

    Of a file only what it names is taken, of the groups that `ledger` and `chains` ask; nothing of its profile.

    Raises
    ------
    InputError
        If the folder holds no results.
    UsageError
        If ``--set`` names another group.
    """
    from stsdetect.pipeline.earlier import read_run, settings_of
    from stsdetect.profiles import read_toml
    from stsdetect.settings import load_settings, settings_from

    base, given = settings_of(read_run(folder), folder).model_dump(), dict[str, Any]()
    if settings_file is not None:
        told = load_settings(settings_file).model_dump()
        own = read_toml(settings_file, f"settings file {settings_file}")
        given |= {group: {name: told[group][name] for name in own[group]} for group in _READING_GROUPS if group in own}
    for text in changes:
        name, value = _split(text, "--set", "volume.min_score=0.9")
        if name.partition(".")[0] not in _READING_GROUPS:
            raise UsageError(
                f"--set {name} cannot change what was detected and scored; only {', '.join(_READING_GROUPS)} can"
            )
        _put(given, base, name.split("."), _value(value))
    for name, value in direct.items():
        if value is not None:
            _put(given, base, name.split("__"), value)
    return settings_from(_on_top(base, given), "the settings given")


def _on_top(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return tables of settings with others on top; what is no table is left for a message."""
    return base | {
        group: base.get(group, {}) | values if isinstance(values, dict) else values for group, values in given.items()
    }


def _split(text: str, option: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"{option} {text!r} is not of the form NAME=VALUE; write it like {option} {example}")
    return name.strip(), value.strip()


def _value(text: str) -> Any:
    """Read numbers, true, false and null; anything else is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, (list, dict)) else value


def _put(given: dict[str, Any], base: dict[str, Any], path: list[str], value: Any) -> None:
    """Set ``given[a][b][c]``; what the file says at a deeper level than group and name is kept."""
    if len(path) == 1:
        given[path[0]] = value
        return
    group = given.setdefault(path[0], {})
    if not isinstance(group, dict):
        raise UsageError(f"--set gives both {path[0]} and {'.'.join(path)}")
    if len(path) == 2:
        group[path[1]] = value
        return
    before = base.get(path[0], {}).get(path[1], {})
    inner = group.setdefault(path[1], dict(before) if isinstance(before, dict) else {})
    if not isinstance(inner, dict):
        raise UsageError(f"--set gives both {'.'.join(path[:2])} and {'.'.join(path)}")
    inner[".".join(path[2:])] = value


def parse_bbox(text: str | None) -> tuple[float, float, float, float] | None:
    """Read ``LON_MIN,LAT_MIN,LON_MAX,LAT_MAX``.

    >>> parse_bbox("175,-20,-175,-10")
    (175.0, -20.0, -175.0, -10.0)
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--bbox {text!r} must be four numbers LON_MIN,LAT_MIN,LON_MAX,LAT_MAX, such as 120,30,126,38"
        ) from None
    return west, south, east, north


def parse_formats(texts: Sequence[str]) -> list[str]:
    """Split ``csv,gpkg`` and repeated options into names."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]
