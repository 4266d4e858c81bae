"""Every setting of stsdetect: one frozen model per stage, read from TOML, with a digest.

Misspelt names and wrong values are reported all at once, with the nearest valid names.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from stsdetect.errors import SettingsError, did_you_mean
from stsdetect.profiles import DEFAULT, read_profile, read_toml
from stsdetect.settings.groups import (
    CalibrationSettings,
    ChainSettings,
    CleanSettings,
    ContextSettings,
    CoverageSettings,
    DarkSettings,
    EncounterSettings,
    GapSettings,
    Group,
    IdentitySettings,
    LoiteringSettings,
    PortCallSettings,
    ReadSettings,
    RunSettings,
    ScoreSettings,
    SpeedUnit,
    VolumeSettings,
)

__all__ = [
    "CalibrationSettings",
    "ChainSettings",
    "CleanSettings",
    "ContextSettings",
    "CoverageSettings",
    "DarkSettings",
    "EncounterSettings",
    "Format",
    "GapSettings",
    "IdentitySettings",
    "LoiteringSettings",
    "PortCallSettings",
    "ReadSettings",
    "RunSettings",
    "ScoreSettings",
    "Settings",
    "SpeedUnit",
    "VolumeSettings",
    "load_settings",
    "setting_rows",
    "settings_from",
]

#: Files that a run may write beside Parquet.
Format = Literal["csv", "geojson", "gpkg", "kml"]


class Settings(Group):
    """All settings, one group per stage."""

    read: ReadSettings = ReadSettings()
    clean: CleanSettings = CleanSettings()
    encounters: EncounterSettings = EncounterSettings()
    loitering: LoiteringSettings = LoiteringSettings()
    gaps: GapSettings = GapSettings()
    coverage: CoverageSettings = CoverageSettings()
    port_calls: PortCallSettings = PortCallSettings()
    chains: ChainSettings = ChainSettings()
    dark: DarkSettings = DarkSettings()
    identity: IdentitySettings = IdentitySettings()
    context: ContextSettings = ContextSettings()
    score: ScoreSettings = ScoreSettings()
    volume: VolumeSettings = VolumeSettings()
    run: RunSettings = RunSettings()

    @property
    def digest(self) -> str:
        """Twelve hex digits that change with any setting that can change a result."""
        data = self.model_dump(mode="json", exclude={"run"})
        data["read"].pop("max_reject_share")
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_settings(path: str | Path | None = None, **changes: Any) -> Settings:
    """Read settings from a TOML file and put ``changes`` (``group={name: value}``) on top.

    Beneath them lies what the profile says that ``score.profile`` names; see `stsdetect.profiles`.

    Raises
    ------
    SettingsError
        If a file cannot be read, a name is unknown (the nearest valid names are offered) or a value is wrong.

    Examples
    --------
    >>> load_settings(encounters={"max_distance_m": 300}).encounters.max_distance_m
    300.0
    """
    data: dict[str, Any] = {}
    where = "the settings given"
    if path is not None:
        where = f"settings file {path}"
        data = read_toml(path, where)
    for group, values in changes.items():
        current = data.get(group)
        data[group] = {**current, **values} if isinstance(current, dict) and isinstance(values, dict) else values
    data, where = _on_profile(data, where)
    return settings_from(data, where)


def settings_from(data: dict[str, Any], where: str) -> Settings:
    """Return settings from tables by group, with nothing of a profile beneath them; ``where`` begins a message.

    Raises
    ------
    SettingsError
        If a name is unknown (the nearest valid names are offered) or a value is wrong.
    """
    try:
        return Settings.model_validate(data)
    except ValidationError as problem:
        lines = [_explain(error) for error in problem.errors()]
        raise SettingsError(f"{where}: " + "; ".join(lines)) from problem


def _on_profile(data: dict[str, Any], where: str) -> tuple[dict[str, Any], str]:
    """Put settings on top of what their profile says."""
    score = data.get("score")
    name = score.get("profile") if isinstance(score, dict) else None
    if not isinstance(name, str) or name == DEFAULT:
        return data, where
    profile = read_profile(name)
    said = profile.as_settings()
    for group, values in data.items():
        beneath = said.get(group, {})
        said[group] = {**beneath, **values} if isinstance(values, dict) else values
    said["score"]["profile"] = profile.name
    return said, f"{where} on profile {profile.name}"


def _explain(error: Any) -> str:
    path = [str(part) for part in error["loc"]]
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"there is no setting '{name}'.{did_you_mean(name, _all_names()) or _nearest_leaf(path[-1])}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"'{name}' cannot be {error['input']!r:.80}: {message}" if name else message


def _nearest_leaf(word: str) -> str:
    leaves = {name.rpartition(".")[2]: name for name in _all_names()}
    hint = did_you_mean(word, leaves)
    return hint or " See `stsdetect about settings`."


def _all_names() -> list[str]:
    names: list[str] = []
    for group, field in Settings.model_fields.items():
        names.append(group)
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names.extend(f"{group}.{leaf}" for leaf in model.model_fields)
    return names


def setting_rows() -> list[tuple[str, str, Any, str]]:
    """List every setting as (group, name, default, meaning), in order."""
    rows: list[tuple[str, str, Any, str]] = []
    for group, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, leaf in model.model_fields.items():
                rows.append((group, name, leaf.get_default(call_default_factory=True), leaf.description or ""))
    return rows
