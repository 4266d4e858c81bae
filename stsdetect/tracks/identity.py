"""Identity history: what a hull said it was, and when."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.reference.vessels import imo_ok
from stsdetect.schema import TEXT, VESSELS
from stsdetect.tracks.rows import Rows

_NUMBERS = (
    "imo", "ship_type", "length_m", "width_m", "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
)  # fmt: skip
_TEXTS = ("transceiver", "name", "callsign", "destination")
_DIMENSIONS = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
#: Typed anew for every voyage, so never carried back to before they were first heard.
_VOYAGE = frozenset({"draught_m", "destination"})


def static_numbers(rows: Rows) -> dict[str, Floats]:
    """Return the static numbers with the values that mean 'not available' as NaN.

    0 means not available for IMO, type, draught and dimensions (ITU-R M.1371-5); A/B/C/D count only together.
    """
    numbers = {name: np.where(rows.numbers[name] == 0, np.nan, rows.numbers[name]) for name in _NUMBERS}
    raw = [rows.numbers[name] for name in _DIMENSIONS]
    a, b, c, d = raw
    known = ~np.isnan(a + b + c + d) & (a + b > 0) & (c + d > 0)
    # A = C = 0 says that only length and width are meant (ITU-R M.1371-5).
    placed = known & ~((a == 0) & (c == 0))
    for name, values in zip(_DIMENSIONS, raw, strict=True):
        numbers[name] = np.where(placed, values, np.nan)
    numbers["length_m"] = np.where(np.isnan(numbers["length_m"]) & known, a + b, numbers["length_m"])
    numbers["width_m"] = np.where(np.isnan(numbers["width_m"]) & known, c + d, numbers["width_m"])
    return numbers


def history(rows: Rows, hull: Ints, hull_labels: list[str], use: Bools) -> pa.Table:
    """Return the `VESSELS` table: per hull, one row for each stretch of time with the same static data.

    A field that a report leaves out keeps its last value; before it was first heard it has the first one
    (draught and destination excepted, which belong to a voyage).

    Parameters
    ----------
    hull
        Hull number per report, rising with the label, shape (n,); -1 for none.
    use
        Reports to listen to.
    """
    order = np.flatnonzero(use & (hull >= 0))
    order = order[np.lexsort((order, rows.time_us[order], hull[order]))]
    hulls, time = hull[order], rows.time_us[order]
    numbers = {name: values[order] for name, values in static_numbers(rows).items()}
    codes = {name: rows.texts[name][order].astype(np.float64) for name in _TEXTS}
    columns: dict[str, Floats] = dict(numbers)
    for name, values in codes.items():
        columns[name] = np.where(values < 0, np.nan, values)
    first = np.ones(order.size, dtype=np.bool_)
    first[1:] = hulls[1:] != hulls[:-1]
    # Most reports say what the last one said: look closely only at the others.
    differs = first.copy()
    for values in columns.values():
        differs[1:] |= (values[1:] != values[:-1]) & ~np.isnan(values[1:])
    spots = np.flatnonzero(differs)
    filled = {name: _carry(values, hulls, first, name not in _VOYAGE)[spots] for name, values in columns.items()}
    change = first[spots].copy()
    for values in filled.values():
        change[1:] |= (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    begin = spots[np.flatnonzero(change)]
    rows_kept = np.flatnonzero(change)
    end = np.append(begin[1:], order.size) - 1 if begin.size else begin
    data: dict[str, object] = {
        "vessel": pa.DictionaryArray.from_arrays(
            pa.array(hulls[begin], pa.int32()), pa.array(hull_labels, pa.string())
        ),
        "mmsi": pa.array(rows.mmsi[order][begin], from_pandas=True).cast(pa.int64()),
        "valid_from": pa.array(time[begin], pa.timestamp("us", "UTC")),
        "valid_to": pa.array(time[end], pa.timestamp("us", "UTC")),
    }
    for name in numbers:
        data[name] = pa.array(filled[name][rows_kept], from_pandas=True)
    for name in _TEXTS:
        values = filled[name][rows_kept]
        indices = pa.array(np.nan_to_num(values, nan=0.0).astype(np.int32), mask=np.isnan(values))
        data[name] = pa.DictionaryArray.from_arrays(indices, pa.array(rows.words[name], pa.string())).cast(TEXT)
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
