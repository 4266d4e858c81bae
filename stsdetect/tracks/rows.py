"""Positions as arrays in one total order: by vessel key, then time, then every value that can differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.kernels.sphere import Bools, Floats, Ints

#: Values that make two reports different, besides vessel and time.
NUMBERS = (
    "sog_kn", "cog_deg", "heading_deg", "nav_status", "message_type",
    "imo", "ship_type", "length_m", "width_m", "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
    "lat_deg", "lon_deg",
)  # fmt: skip
TEXTS = ("transceiver", "station", "name", "callsign", "destination")


@dataclass
class Rows:
    """Reports sorted by vessel key and time; all arrays have shape (n,). Text is held as ranks into a list."""

    labels: list[str]
    key: Ints
    mmsi: Floats
    time_us: Ints
    numbers: dict[str, Floats]
    texts: dict[str, Ints]
    words: dict[str, list[str]]
    repeat: Bools
    order: Ints

    @property
    def size(self) -> int:
        """Number of reports."""
        return int(self.key.size)


def ranks(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Return each value's rank among the sorted distinct values (-1 for null) and those values."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(array, pa.ChunkedArray):  # no chunk at all
        return np.zeros(0, dtype=np.int64), []
    codes = pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    # An empty text says nothing, as does a null kept as a value of the dictionary.
    words = ["" if word is None else str(word) for word in array.dictionary.to_pylist()]
    used = np.unique(codes[codes >= 0])
    kept = sorted({words[code] for code in used.tolist()} - {""})
    position = {word: rank for rank, word in enumerate(kept)}
    table = np.array([position.get(word, -1) for word in words] + [-1], dtype=np.int64)
    return table[codes], kept


def floats(column: pa.ChunkedArray) -> Floats:
    """Return a numeric column as float64 with NaN for null."""
    values = column.cast(pa.float64(), safe=False) if column.type != pa.float64() else column
    result: Floats = values.to_numpy()
    return result


def vessel_keys(positions: pa.Table) -> tuple[Ints, list[str], Floats]:
    """Number the vessels: by their own id where there is one, else by MMSI (nine digits).

    Returns
    -------
    key, labels, mmsi
        The vessel's number per row, the labels in sorted order, and the MMSI per row (NaN where none).
    """
    mmsi = floats(positions.column("mmsi"))
    codes, words = ranks(positions.column("vessel_id"))
    own = codes >= 0
    has = ~own & ~np.isnan(mmsi)
    numbers = np.unique(mmsi[has]).astype(np.int64)
    by_mmsi = [f"{number:09d}" for number in numbers.tolist()]
    labels = sorted({*words, *by_mmsi})
    place = {label: k for k, label in enumerate(labels)}
    key = np.full(codes.size, -1, dtype=np.int64)
    key[own] = np.array([place[word] for word in words], dtype=np.int64)[codes[own]] if words else -1
    if numbers.size:
        lookup = np.array([place[label] for label in by_mmsi], dtype=np.int64)
        key[has] = lookup[np.searchsorted(numbers, mmsi[has].astype(np.int64))]
    return key, labels, mmsi


def sort_rows(positions: pa.Table) -> Rows:
    """Put reports in total order and mark exact repeats; rows without any vessel id are an error upstream."""
    key, labels, mmsi = vessel_keys(positions)
    time = positions.column("time").cast(pa.int64()).to_numpy()
    order = np.lexsort((time, key))
    numbers = {name: floats(positions.column(name)) for name in NUMBERS}
    texts: dict[str, Ints] = {}
    words: dict[str, list[str]] = {}
    for name in TEXTS:
        texts[name], words[name] = ranks(positions.column(name))
    order = _break_ties(order, key, time, mmsi, numbers, texts, _source_rank(positions))
    rows = Rows(
        labels=labels,
        key=key[order],
        mmsi=mmsi[order],
        time_us=time[order],
        numbers={name: values[order] for name, values in numbers.items()},
        texts={name: values[order] for name, values in texts.items()},
        words=words,
        repeat=np.zeros(order.size, dtype=np.bool_),
        order=order,
    )
    rows.repeat = _repeats(rows)
    return rows


def _source_rank(positions: pa.Table) -> tuple[Ints, Floats]:
    files, _ = ranks(positions.column("source_file"))
    return files, np.nan_to_num(floats(positions.column("source_row")), nan=-1.0)


def _break_ties(
    order: Ints,
    key: Ints,
    time: Ints,
    mmsi: Floats,
    numbers: dict[str, Floats],
    texts: dict[str, Ints],
    source: tuple[Ints, Floats],
) -> Ints:
    """Sort rows of one vessel and instant by their values, so that the order of input leaves no trace."""
    tied = np.zeros(order.size, dtype=np.bool_)
    if order.size > 1:
        same = (key[order[1:]] == key[order[:-1]]) & (time[order[1:]] == time[order[:-1]])
        tied[1:] |= same
        tied[:-1] |= same
    spots = np.flatnonzero(tied)
    if spots.size == 0:
        return order
    rows = order[spots]
    keys: list[Ints | Floats] = [source[1][rows], source[0][rows]]
    # Latitude and longitude decide last among the values: a mirrored world then picks the same report.
    keys += [np.nan_to_num(numbers[name][rows], nan=1e18) for name in reversed(NUMBERS)]
    keys += [texts[name][rows] for name in TEXTS]
    keys += [np.nan_to_num(mmsi[rows], nan=-1.0), time[rows], key[rows]]
    order = order.copy()
    order[spots] = rows[np.lexsort(keys)]
    return order


def _repeats(rows: Rows) -> Bools:
    same = np.zeros(rows.size, dtype=np.bool_)
    if rows.size < 2:
        return same
    same[1:] = (rows.key[1:] == rows.key[:-1]) & (rows.time_us[1:] == rows.time_us[:-1])
    for values in [rows.mmsi, *rows.numbers.values()]:
        with np.errstate(invalid="ignore"):
            equal = values[1:] == values[:-1]
        same[1:] &= equal | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    for codes in rows.texts.values():
        same[1:] &= codes[1:] == codes[:-1]
    return same
