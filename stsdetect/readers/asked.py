"""What a caller of a function asks for: checked before the work, and told in words where it cannot be meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from stsdetect.errors import UsageError, shown

Moment: TypeAlias = str | date | datetime | np.datetime64
#: Paths, or one vessel or several, as a caller may write them.
Paths: TypeAlias = Iterable[str | Path] | str | Path
VesselIds: TypeAlias = Iterable[str | int] | str | int
#: Vessels without a row that are named one by one; the result has all.
_NAMED = 8
_Rules = TypeVar("_Rules")


def as_moment(value: Moment | None, name: str) -> datetime | None:
    """Return a UTC time; text is ISO 8601, and a time without a zone is UTC, as is the midnight a date begins with.

    Raises
    ------
    UsageError
        If it is no time, or none of the years 1 to 9999 in UTC.
    """
    if value is None:
        return None
    time: Any = value
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
        elif isinstance(value, np.datetime64):
            time = value.astype("datetime64[us]").item()
        elif isinstance(value, date) and not isinstance(value, datetime):
            time = datetime(value.year, value.month, value.day)
        if isinstance(time, datetime):  # a NaT of pandas is one, too, and fails here
            return time.replace(tzinfo=UTC) if time.tzinfo is None and time == time else time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{name} is {value!r:.100}; write a date or time like 2024-03-01 or 2024-03-01T06:00:00Z")


def as_vessels(vessels: VesselIds | None) -> tuple[str, ...] | None:
    """Return ids as text, each once, in the order given; a whole float is the number, and one id is a list of one.

    Raises
    ------
    UsageError
        If one of them can be no MMSI and no id.
    """
    if vessels is None:
        return None
    if isinstance(vessels, (str, bytes, Real, pa.Scalar)):
        return (_vessel(vessels),)
    if not isinstance(vessels, Iterable) or hasattr(vessels, "columns"):
        raise UsageError(f"vessels is of type {type(vessels).__name__}; give an MMSI, a source's own id, or several")
    return tuple(dict.fromkeys(_vessel(one) for one in vessels))


def _vessel(one: Any) -> str:
    if isinstance(one, pa.Scalar):
        one = one.as_py()
    if isinstance(one, Real) and not isinstance(one, (bool, Integral)) and float(one).is_integer():
        one = int(float(one))
    if not isinstance(one, (str, Integral)) or isinstance(one, bool) or not str(one).strip():
        raise UsageError(f"no vessel can be called {one!r:.100}; give an MMSI, or the source's own id")
    name = str(one).strip()
    if shown(name) != name:
        raise UsageError(f"no vessel can be called {name}, which is not UTF-8; give an MMSI, or the source's own id")
    return name


def not_found(vessels: tuple[str, ...]) -> str:
    """Return a sentence about wanted vessels without a row: the first of them, and how many more there are."""
    more = f" and {len(vessels) - _NAMED:,} more" if len(vessels) > _NAMED else ""
    # As Python writes text: an id may be of a stranger, and steer a terminal or feign a line of the log.
    return f"no row of vessel {', '.join(f'{name!r:.100}' for name in vessels[:_NAMED])}{more} is in the input"


def as_paths(source: Paths, also: str = "") -> list[str | Path]:
    """Return a list of paths; ``also`` says what else could have been given.

    Raises
    ------
    UsageError
        If something in it is no path.
    """
    kind = type(source).__name__
    if isinstance(source, (str, os.PathLike)):
        source = [source]
    if isinstance(source, (bytes, Mapping)) or hasattr(source, "columns") or not isinstance(source, Iterable):
        raise UsageError(f"the input is of type {kind}; give files, folders or patterns as text{also}")
    inputs = list(source)
    for place, one in enumerate(inputs, 1):
        if not isinstance(one, (str, os.PathLike)):
            several = "; put frames together with pandas.concat" if hasattr(one, "columns") else ""
            raise UsageError(
                f"input {place} of {len(inputs)} in a {kind} is of type {type(one).__name__}; give files, folders or "
                f"patterns as text{also}{several}"
            )
    return inputs


def as_inputs(source: Any) -> Any:
    """Return a list of paths, or the frame as it is (a batch of Arrow as a table).

    Raises
    ------
    UsageError
        If it is neither.
    """
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if hasattr(source, "columns"):
        return source
    return as_paths(source, ", or one pandas or Arrow table")


def as_rules(settings: _Rules | None, kind: type[_Rules], how: str) -> _Rules:
    """Return settings of a kind, the usual ones for None; ``how`` says how they are made.

    Raises
    ------
    UsageError
        If they are something else.
    """
    if settings is None:
        return kind()
    if not isinstance(settings, kind):
        raise UsageError(f"settings must be {kind.__name__}, not {type(settings).__name__}; make them with {how}")
    return settings
