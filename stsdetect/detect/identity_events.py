"""What the tests of identity share: one finding, the row made of it, and how alike two spellings are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import Identities
from stsdetect.detect.events import build_events
from stsdetect.kernels.sphere import Ints
from stsdetect.reference.texts import clean
from stsdetect.schema import EVENTS

#: Longest sentence of evidence.
_SENTENCE = 400


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """One test that failed.

    Attributes
    ----------
    hull, other
        Numbers among the sorted labels; ``other`` where two identities are meant.
    lat_deg, lon_deg
        Where it began; ``to_lat_deg`` and ``to_lon_deg`` where the other place of two matters.
    n_positions
        Fixes it was seen in, where it was seen in fixes.
    rivals
        Other identities that would have fitted as well as ``other``.
    """

    test: str
    hull: int
    start_us: int
    end_us: int
    lat_deg: float
    lon_deg: float
    evidence: str
    other: int = -1
    to_lat_deg: float = np.nan
    to_lon_deg: float = np.nan
    n_positions: int | None = None
    rivals: int | None = None


def identity_events(found: Sequence[Oddity], labels: list[str], known: Identities) -> pa.Table:
    """Return the `EVENTS` rows of oddities, each hull and test at most once per start second and other hull."""
    if not found:
        return EVENTS.empty()
    unique: dict[tuple[str, int, int, int], Oddity] = {}
    for odd in sorted(found, key=repr):
        pair = (odd.hull, odd.other)
        a, b = (pair[1], pair[0]) if 0 <= odd.other < odd.hull else pair
        unique.setdefault((odd.test, a, b, odd.start_us // 1_000_000), odd)
    rows = [(a, b, odd) for (_, a, b, _), odd in unique.items()]
    odds = [odd for _, _, odd in rows]
    start = np.array([odd.start_us for odd in odds], dtype=np.int64)
    one, two = (np.array(side, dtype=np.int64) for side in zip(*((a, b) for a, b, _ in rows), strict=True))
    nothing = np.full(len(rows), np.nan)
    columns = {
        **_who(known, labels, "a", one, start),
        **_who(known, labels, "b", two, start),
        "start_us": start,
        "end_us": np.array([odd.end_us for odd in odds], dtype=np.int64),
        "observed_us": nothing,
        "inferred_us": nothing,
        "lat_deg": np.array([odd.lat_deg for odd in odds]),
        "lon_deg": np.array([odd.lon_deg for odd in odds]),
        "end_lat_deg": np.array([odd.to_lat_deg for odd in odds]),
        "end_lon_deg": np.array([odd.to_lon_deg for odd in odds]),
        "n_positions_a": pa.array([odd.n_positions for odd in odds], pa.int64()),
        "n_rivals": pa.array([odd.rivals for odd in odds], pa.int32()),
        "is_open": np.zeros(len(rows), dtype=np.bool_),
        "evidence": [clean(odd.evidence, _SENTENCE) for odd in odds],
    }
    return build_events("identity", [odd.test for odd in odds], columns)


def _who(known: Identities, labels: list[str], side: str, hull: Ints, start_us: Ints) -> dict[str, object]:
    rows = np.where(hull >= 0, known.at(np.maximum(hull, 0), start_us), -1)
    return {
        f"vessel_{side}": [labels[k] if k >= 0 else None for k in hull.tolist()],
        f"mmsi_{side}": known.column("mmsi", rows),
        f"name_{side}": known.column("name", rows).cast(pa.string()),
        f"imo_{side}": known.column("imo", rows),
        f"ship_type_{side}": known.column("ship_type", rows),
        f"length_{side}_m": known.column("length_m", rows),
    }


def moment(time_us: int) -> str:
    """Write a time for people.

    >>> moment(1_709_294_400_000_000)
    '2024-03-01 12:00'
    """
    return f"{datetime.fromtimestamp(0, UTC) + timedelta(microseconds=time_us):%Y-%m-%d %H:%M}"


def quoted(text: object) -> str:
    """Write a broadcast text for people.

    >>> quoted('KUM"UN' + chr(0))
    "'KUM UN'"
    """
    return "'" + clean(str(text).replace("'", " ").replace('"', " "), 24) + "'"


#: Fishing buoys and nets broadcast the state of their battery at the end of their name.
_BATTERY = re.compile(r"[-_ .]*\d{1,3}(\.\d+)?\s*[V%]$")
_NO_SIGN = re.compile(r"[^0-9A-Z]+")


def plain_name(text: str) -> str:
    """Return what is left of a name without signs, spaces and the state of a battery.

    >>> plain_name("M/T Ocean-Star"), plain_name("NET 7-12.4V"), plain_name("NET 7 98%")
    ('MTOCEANSTAR', 'NET7', 'NET7')
    """
    upper = text[:64].upper()
    return _NO_SIGN.sub("", _BATTERY.sub("", upper)) or _NO_SIGN.sub("", upper)


def spelt_alike(a: str, b: str, edits: int) -> bool:
    """Tell whether ``edits`` letters changed, added or left out make one text of the other, or one is cut short.

    >>> spelt_alike("SONGWON", "SONGWAN", 2), spelt_alike("OCEANST", "OCEANSTAR", 1), spelt_alike("ANSAN", "YUKTUNG", 2)
    (True, True, False)
    """
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    if len(short) >= 5 and long.startswith(short):
        return True
    # Of a text of four letters two changes leave nothing.
    edits = min(edits, max(len(short) // 3, 0))
    return len(long) - len(short) <= edits and _distance(short, long) <= edits


def _distance(a: str, b: str) -> int:
    """Return the edit distance of two short texts (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (letter != other))
    return row[-1]
