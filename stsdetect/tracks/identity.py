"""Identity history: what a hull said it was, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.reference.vessels import imo_ok
from stsdetect.schema import TEXT, VESSELS
from stsdetect.tracks.columns import ByHull
from stsdetect.tracks.register import Codes, Said

_NUMBERS = (
    "imo", "ship_type", "length_m", "width_m", "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
)  # fmt: skip
_TEXTS = ("transceiver", "name", "callsign", "destination")
_DIMENSIONS = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
#: Typed anew for every voyage, so never carried back to before they were first heard.
_VOYAGE = frozenset({"draught_m", "destination"})


@dataclass(frozen=True)
class Spells(ByHull):
    """Stretches in which a hull says one thing, sorted by hull, then time; arrays of shape (n,).

    Attributes
    ----------
    code
        Number of what is said.
    from_us, to_us
        Its first and its last report [us].
    """

    hull: Ints
    code: Codes
    from_us: Ints
    to_us: Ints

    @classmethod
    def of(cls, hull: Ints, code: Codes, time_us: Ints) -> Spells:
        """Find the stretches among reports sorted by hull, then time, shape (n,) each."""
        change = np.flatnonzero((hull[1:] != hull[:-1]) | (code[1:] != code[:-1])) + 1
        first = np.concatenate([np.zeros(min(hull.size, 1), dtype=np.int64), change])
        last = np.append(first[1:], hull.size)[: first.size] - 1
        return cls(hull[first], code[first], time_us[first], time_us[last])


def static_numbers(said: Said) -> dict[str, Floats]:
    """Return the static numbers with the values that mean 'not available' as NaN.

    0 means not available for IMO, type, draught and dimensions (ITU-R M.1371-5); A/B/C/D count only together.
    """
    numbers = {name: np.where(said.numbers[name] == 0, np.nan, said.numbers[name]) for name in _NUMBERS}
    raw = [said.numbers[name] for name in _DIMENSIONS]
    a, b, c, d = raw
    known = ~np.isnan(a + b + c + d) & (a + b > 0) & (c + d > 0)
    # A = C = 0 says that only length and width are meant (ITU-R M.1371-5).
    placed = known & ~((a == 0) & (c == 0))
    for name, values in zip(_DIMENSIONS, raw, strict=True):
        numbers[name] = np.where(placed, values, np.nan)
    numbers["length_m"] = np.where(np.isnan(numbers["length_m"]) & known, a + b, numbers["length_m"])
    numbers["width_m"] = np.where(np.isnan(numbers["width_m"]) & known, c + d, numbers["width_m"])
    return numbers


def history(said: Said, spells: Spells, hull_labels: list[str]) -> pa.Table:
    """Return the `VESSELS` table: per hull, one row for each stretch of time with the same static data.

    A field that a report leaves out keeps its last value; before it was first heard it has the first one
    (draught and destination excepted, which belong to a voyage).
    """
    hulls, code = spells.hull, spells.code
    columns: dict[str, Floats] = {name: values[code] for name, values in static_numbers(said).items()}
    for name in _TEXTS:
        rank = said.texts[name][code].astype(np.float64)
        columns[name] = np.where(rank < 0, np.nan, rank)
    first = np.ones(hulls.size, dtype=np.bool_)
    first[1:] = hulls[1:] != hulls[:-1]
    change = first.copy()
    for name, values in columns.items():
        values = columns[name] = _carry(values, hulls, first, name not in _VOYAGE)
        change[1:] |= (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    begin = np.flatnonzero(change)
    end = np.append(begin[1:], hulls.size)[: begin.size] - 1
    data: dict[str, object] = {
        "vessel": pa.DictionaryArray.from_arrays(
            pa.array(hulls[begin], pa.int32()), pa.array(hull_labels, pa.string())
        ),
        "mmsi": pa.array(said.mmsi[code[begin]], from_pandas=True).cast(pa.int64()),
        "valid_from": pa.array(spells.from_us[begin], pa.timestamp("us", "UTC")),
        "valid_to": pa.array(spells.to_us[end], pa.timestamp("us", "UTC")),
    }
    for name in _NUMBERS:
        data[name] = pa.array(columns[name][begin], from_pandas=True)
    for name in _TEXTS:
        values = columns[name][begin]
        indices = pa.array(np.nan_to_num(values, nan=0.0).astype(np.int32), mask=np.isnan(values))
        data[name] = pa.DictionaryArray.from_arrays(indices, pa.array(said.words[name], pa.string())).cast(TEXT)
    return VESSELS.table(data)


def _carry(values: Floats, hulls: Ints, first: Bools, back: bool) -> Floats:
    """Fill NaN with the hull's last value before, and with its first value where there is none before."""
    index = np.arange(values.size)
    start = np.maximum.accumulate(np.where(first, index, 0)) if values.size else index
    known = ~np.isnan(values)
    source = np.maximum.accumulate(np.where(known, index, -1)) if values.size else index
    good = source >= start
    result = np.where(good, values[np.maximum(source, 0)], np.nan)
    if back and values.size:
        ahead = np.minimum.accumulate(np.where(known, index, values.size)[::-1])[::-1]
        safe = np.minimum(ahead, values.size - 1)
        usable = ~good & (ahead < values.size) & (hulls[safe] == hulls)
        result = np.where(usable, values[safe], result)
    return result


def hull_imo(imo: Floats) -> int | None:
    """Return the valid IMO number a hull named most often (the lesser of two equally frequent), if any."""
    known = imo[~np.isnan(imo) & (imo > 0)]
    if known.size == 0:
        return None
    numbers, counts = np.unique(known, return_counts=True)
    valid = [k for k in np.argsort(-counts, kind="stable").tolist() if imo_ok(int(numbers[k]))]
    return int(numbers[valid[0]]) if valid else None
