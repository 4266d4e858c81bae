"""Profiles: files that say what is looked for, as weights of indicators and settings that differ from the usual.

A profile is TOML: a ``title``, what it ``extends`` (a packaged profile, or a file beside it), and tables ``weights``
(log-odds by indicator), ``groups`` (which indicators are correlated) and ``settings.GROUP``. What it does not name is
as in what it extends, else as usual. `stsdetect.settings.load_settings` puts it beneath the user's own settings.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from stsdetect.errors import SettingsError, did_you_mean

#: What is looked for where nobody says.
DEFAULT = "dprk-petroleum"
_TABLES = ("weights", "groups", "settings")
#: Profiles that extend one another are no deeper than this (our choice).
_DEEPEST = 8
#: Greatest weight there is: whole numbers of any size are TOML, but no floats, and sums must be floats (our choice).
GREATEST_WEIGHT = 1_000_000


@dataclass(frozen=True)
class Profile:
    """What a profile says together with all that it extends."""

    name: str
    title: str
    weights: dict[str, float] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_settings(self) -> dict[str, dict[str, Any]]:
        """Return it as tables of settings."""
        tables = {group: dict(values) for group, values in self.settings.items()}
        score = {"profile": self.name, "profile_weights": dict(self.weights), "groups": dict(self.groups)}
        return {**tables, "score": {**tables.get("score", {}), **score}}


def packaged_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the program.

    >>> packaged_profiles()
    ('dprk-coal', 'dprk-petroleum', 'generic-sts')
    """
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def read_profile(name: str) -> Profile:
    """Read a profile by the name of a packaged one, or by the path of a TOML file.

    Raises
    ------
    SettingsError
        If there is none, it is not TOML, says what no profile says, or extends itself.

    Examples
    --------
    >>> read_profile("generic-sts").weights["zone"]
    0.0
    """
    return _read(name, None, ())


def _read(name: str, beside: Path | None, seen: tuple[str, ...]) -> Profile:
    where, said, key = _load(name, beside, f", which {Path(seen[-1]).name} extends" if seen else "")
    chain = " extends ".join([*(one.rpartition("/")[2] for one in seen), key.rpartition("/")[2]])
    if key in seen:
        raise SettingsError(f"{where} extends itself: {chain}; take out one 'extends'")
    if len(seen) >= _DEEPEST:
        raise SettingsError(f"{where}: more than {_DEEPEST} profiles extend one another: {chain}")
    _check(where, said)
    own = said.get("name") or key.rpartition("/")[2].removesuffix(".toml")
    if "/" in key and own in packaged_profiles():
        raise SettingsError(
            f"{where} would be called {own}, as a packaged profile is, so that nobody could tell them apart; rename "
            "the file, or let it say another name"
        )
    folder = Path(key).parent if "/" in key else None
    base = _read(said["extends"], folder, (*seen, key)) if "extends" in said else Profile("", "")
    groups = {*base.settings, *said.get("settings", {})}
    return Profile(
        own,
        said.get("title") or base.title,
        {**base.weights, **{one: float(weight) for one, weight in said.get("weights", {}).items()}},
        {**base.groups, **said.get("groups", {})},
        {one: {**base.settings.get(one, {}), **said.get("settings", {}).get(one, {})} for one in sorted(groups)},
    )


def _load(name: str, beside: Path | None, why: str) -> tuple[str, dict[str, Any], str]:
    """Return what to call a profile, what its file says, and what it is told apart by."""
    if name in packaged_profiles():
        text, where, key = (
            resources.files(__name__).joinpath(f"{name}.toml").read_text("utf-8"),
            f"profile {name}",
            name,
        )
        return where, tomllib.loads(text), key
    path = Path(name) if beside is None or Path(name).is_absolute() else beside / name
    where = f"profile {path}"
    try:
        there = bool(name) and path.exists()
    except OSError:  # too long, or in a folder that may not be entered
        there = False
    if not there:
        hint = did_you_mean(name, packaged_profiles())
        packaged = ", ".join(packaged_profiles())
        raise SettingsError(
            f"there is no profile '{name}'{why}, and no file of this name.{hint} Packaged are {packaged}"
        )
    return where, read_toml(path, where), path.resolve().as_posix()


def read_toml(path: str | Path, where: str) -> dict[str, Any]:
    """Return what a TOML file says, with or without a byte-order mark; ``where`` begins a message.

    Raises
    ------
    SettingsError
        If it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise SettingsError(f"{where} cannot be read: {problem.strerror}") from problem
    except RecursionError as problem:
        raise SettingsError(f"{where} is not valid TOML: brackets are nested too deep") from problem
    except ValueError as problem:  # not TOML, not UTF-8, or a number of thousands of digits
        raise SettingsError(f"{where} is not valid TOML: {problem}") from problem


def _check(where: str, said: dict[str, Any]) -> None:
    known = ("name", "title", "extends", *_TABLES)
    for key, value in said.items():
        if key not in known:
            hint = did_you_mean(key, known) or f" It may hold {', '.join(known)}."
            raise SettingsError(f"{where}: '{key}' is nothing a profile says.{hint}")
        if not isinstance(value, dict if key in _TABLES else str):
            raise SettingsError(
                f"{where}: '{key}' must be {'a table' if key in _TABLES else 'a text'}, not {value!r:.80}"
            )
    for key in ("name", "title"):
        _plain(where, key, said.get(key, ""), 160)
    for one, weight in said.get("weights", {}).items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise SettingsError(f"{where}: weights.{one} must be a number, not {weight!r:.80}")
        if abs(weight) > GREATEST_WEIGHT:  # also false for nan, which settings refuse
            raise SettingsError(f"{where}: weights.{one} is beyond {GREATEST_WEIGHT:,}; give log-odds")
    for one, group in said.get("groups", {}).items():
        if not isinstance(group, str):
            raise SettingsError(f'{where}: groups.{one} must be a text ("" for no group), not {group!r:.80}')
        _plain(where, f"groups.{one}", group)
    for one, values in said.get("settings", {}).items():
        if not isinstance(values, dict):
            raise SettingsError(f"{where}: settings.{one} must be a table, such as [settings.{one}]")
        if one == "score" and (mine := {"profile", "profile_weights", "groups", "weights"} & set(values)):
            raise SettingsError(f"{where}: settings.score.{min(mine)} is said by the tables weights and groups")


def _plain(where: str, what: str, text: str, limit: int = 40) -> None:
    """Refuse what would not be shown as it is: names, titles and groups come to terminals and pages."""
    if not text.isprintable() or len(text) > limit:
        raise SettingsError(
            f"{where}: {what} must be one line of at most {limit} characters, and none of them a control "
            f"character, not {text!r:.80}"
        )
