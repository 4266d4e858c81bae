"""Units, physical constants and durations. SI inside; every name carries its unit."""

from __future__ import annotations

import re
from typing import TypeAlias

Metres: TypeAlias = float
Knots: TypeAlias = float
Seconds: TypeAlias = float
Degrees: TypeAlias = float

#: Mean radius of the Earth [m] (IUGG 1980 mean radius R1).
EARTH_RADIUS_M: float = 6_371_008.8
#: One knot [m/s]: one international nautical mile (1852 m, 1929) an hour.
KNOT_MPS: float = 1852.0 / 3600.0
#: Microseconds in a second; times are int64 microseconds since 1970-01-01 UTC inside.
US_PER_S: int = 1_000_000

_UNIT_S = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")


def parse_duration(text: str | int | float) -> Seconds:
    """Turn ``"90min"``, ``"6 h"``, ``"1d 12h"`` or a number of seconds into seconds [s].

    Raises
    ------
    ValueError
        If the text is not a non-negative duration.

    Examples
    --------
    >>> parse_duration("1h 30min")
    5400.0
    """
    if isinstance(text, (int, float)):
        seconds = float(text)
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"{text!r} is not a duration: give zero or more seconds, or text like '90min'")
        return seconds
    compact = text.strip().lower()
    try:
        return parse_duration(float(compact))
    except ValueError:
        pass
    rest = _PART.sub("", compact).strip(" ,")
    parts = _PART.findall(compact)
    if rest or not parts:
        raise ValueError(f"{text!r} is not a duration: write it like '90min', '6h' or '1d 12h'")
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_bytes(text: str | int | float) -> int:
    """Turn ``"2GB"``, ``"512 MiB"`` or a number of bytes into bytes; kB is 1000 bytes, KiB 1024.

    Raises
    ------
    ValueError
        If the text is not a size.

    Examples
    --------
    >>> parse_bytes("2GB"), parse_bytes("1.5 GiB")
    (2000000000, 1610612736)
    """
    found = _SIZE.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(f"{text!r} is not a size: write it like '2GB' or '800 MB'")
    number, unit, binary = found.groups()
    size: float = float(number) * (1024 if binary else 1000) ** _POWER[unit.lower()]
    return round(size)
