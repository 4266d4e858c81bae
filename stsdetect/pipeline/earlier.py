"""What an earlier run left in its folder: ``run.json``, the settings in it, and tables."""

from __future__ import annotations

import json
import math
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa

from stsdetect.errors import InputError, SchemaError, SettingsError
from stsdetect.pipeline.output import RUN_FILE, held
from stsdetect.schema import PAIRS, Schema
from stsdetect.settings import Settings, settings_from


def read_run(folder: str | Path, *, wait: bool = True) -> dict[str, Any]:
    """Return what ``run.json`` of an earlier run says.

    Parameters
    ----------
    folder
        Where the run wrote its results.
    wait
        Whether to wait for a job that writes there; who holds the folder alone would wait for itself.

    Raises
    ------
    InputError
        If there is none, or it is not one.
    """
    path = Path(folder) / RUN_FILE
    with held(Path(folder)) if wait else nullcontext():
        if not path.is_file():
            raise InputError(
                f"{folder} holds no {RUN_FILE}; give the folder that `stsdetect detect` wrote its results to"
            )
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as problem:
            raise InputError(f"{path} cannot be read: {problem}") from problem
    try:
        run = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path} cannot be read: {problem}") from problem
    if not isinstance(run, dict) or not isinstance(run.get("settings"), dict):
        raise InputError(f"{path} does not say with which settings the run was made; was it written by stsdetect?")
    for name, kind, of in _KINDS:
        value = run.get(name, kind())
        if not isinstance(value, kind) or not (of is None or all(isinstance(one, of) for one in value)):
            raise InputError(f"{path} is not as stsdetect wrote it: {name!r} is {str(value)[:40]!r}; detect anew")
    if not isinstance(events_id(run), str):
        raise InputError(f"{path} is not as stsdetect wrote it: it does not say with which settings; detect anew")
    return run


#: What is read of ``run.json`` besides the settings, as it has to be.
_KINDS: tuple[tuple[str, Any, Any], ...] = (
    ("inputs", list, dict), ("files", list, str), ("scored_again", dict, None), ("known", dict, None),
    ("filters", dict, None), ("settings_id", str, None),
)  # fmt: skip


def _no_number(text: str) -> None:
    raise ValueError(f"it holds {text}, which is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _no_number(text[:40])
    return number


def settings_of(run: dict[str, Any], folder: str | Path) -> Settings:
    """Return the settings of an earlier run, with what its profile said.

    Raises
    ------
    InputError
        If this version does not know them.
    """
    try:
        return settings_from(run["settings"], f"the settings in {Path(folder) / RUN_FILE}")
    except SettingsError as problem:
        raise InputError(f"{problem} The run was made by version {run.get('version')}; detect anew") from problem


def read_table(folder: str | Path, schema: Schema) -> pa.Table:
    """Return a table of an earlier run from its folder.

    Raises
    ------
    InputError
        If the folder holds no such table.
    """
    import pyarrow.parquet as pq

    path = Path(folder) / f"{schema.name}.parquet"
    if not path.is_file():
        raise InputError(f"{folder} holds no {path.name}; give the folder that `stsdetect detect` wrote its results to")
    try:
        with pa.OSFile(os.fsencode(path)) as file:  # Arrow takes no path that is not UTF-8, but its bytes
            return schema.conform(pq.read_table(file), extra=True)
    except (pa.ArrowException, OSError, SchemaError) as problem:
        raise InputError(f"{path} cannot be read as {schema.name}: {problem}") from problem


def read_leads(folder: str | Path) -> tuple[dict[str, Any], pa.Table]:
    """Return what ``run.json`` of an earlier run says, and its leads (`stsdetect.schema.PAIRS`).

    Raises
    ------
    InputError
        If one is missing, cannot be read, or is not of the same run.
    """
    with held(Path(folder)):
        run, pairs = read_run(folder), read_table(folder, PAIRS)
    refuse_mixed(run, folder, pairs=pairs)
    return run, pairs


def refuse_mixed(
    run: dict[str, Any], folder: str | Path, events: pa.Table | None = None, pairs: pa.Table | None = None
) -> None:
    """Refuse tables that are not of the run that ``run.json`` tells of: each row says with which settings it was made.

    Raises
    ------
    InputError
        If one is not.
    """
    for name, table, wanted in (("events", events, events_id(run)), ("pairs", pairs, run.get("settings_id"))):
        other = set() if table is None else set(table.column("settings_id").unique().to_pylist()) - {wanted}
        if other:
            raise InputError(
                f"{name}.parquet in {folder} is not of the run that {RUN_FILE} tells of (settings {min(other):.40} and "
                f"{wanted!s:.40}): two jobs may have written there at once; detect anew"
            )


def events_id(run: dict[str, Any]) -> Any:
    """Return the settings that made the events: of a run scored several times, the first."""
    return (run.get("scored_again") or {}).get("events_settings_id") or run.get("settings_id")
