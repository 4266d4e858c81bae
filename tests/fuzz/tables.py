"""Parquet files with our column names and columns of all kinds, most of them as they should be."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TIMES = (0, 1_709_251_200_000_000, 631_151_999_999_999, 631_152_000_000_000, 4_102_444_799_999_999,
          4_102_444_800_000_000, -1, -(1 << 62), (1 << 62))  # fmt: skip
_FLOATS = (0.0, -0.0, 55.5, -55.5, 91.0, 181.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), 102.3, 511.0, 1e17)
_WHOLES = (0, 1, 219_000_001, 999_999_999, 1_000_000_000, -1, 9_074_729, (1 << 63) - 1, -(1 << 63), 80, 15, 16, 63,
           64, 99, 255)  # fmt: skip
_WORDS = ("", " ", "A", "B", "ship", "Tanker", "TANKER ONE", "\x00", "\x1b[2J", "2024-03-01T00:00:00Z", "1709251200",
          "x" * 700, "\u202e", "219000001", "1e999", "IMO9074729")  # fmt: skip
_SPECIAL: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "time": (pa.timestamp("us", "UTC"), (1_709_251_200_000_000, 1_709_251_260_000_000)),
    "lat_deg": (pa.float64(), (55.5, 55.6, -12.0)),
    "lon_deg": (pa.float64(), (11.5, 179.9)),
    "mmsi": (pa.int64(), (219_000_001, 219_000_002)),
    "vessel_id": (pa.dictionary(pa.int32(), pa.string()), ("V-17", "V-18")),
    "sog_kn": (pa.float64(), (0.1, 12.5)),
    "nav_status": (pa.int8(), (0, 5, 15)),
    "message_type": (pa.int8(), (1, 18, 27)),
    "transceiver": (pa.dictionary(pa.int32(), pa.string()), ("A", "B")),
    "station": (pa.dictionary(pa.int32(), pa.string()), ("ship", "base")),
    "imo": (pa.int64(), (9_074_729,)),
    "name": (pa.dictionary(pa.int32(), pa.string()), ("TANKER ONE", "TUG")),
    "ship_type": (pa.int16(), (80, 31)),
    "draught_m": (pa.float64(), (9.5,)),
    "source_file": (pa.dictionary(pa.int32(), pa.string()), ("a.csv", "b.csv")),
    "source_row": (pa.int64(), (2, 3, 4)),
    "note": (pa.string(), ("x",)),
}
_REQUIRED = ("time", "lat_deg", "lon_deg")
_KINDS: tuple[Any, ...] = (
    pa.int8(), pa.uint8(), pa.int16(), pa.int32(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.float16(),
    pa.string(), pa.large_string(), pa.binary(), pa.bool_(), pa.null(), pa.date32(), pa.time64("us"), pa.duration("us"),
    pa.timestamp("us"), pa.timestamp("ns", "UTC"), pa.timestamp("ms", "Asia/Seoul"), pa.timestamp("s", "+05:30"),
    pa.decimal128(20, 3), pa.list_(pa.float64()), pa.struct([("a", pa.int64())]),
    pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.int64()),
)  # fmt: skip


def parquet(rng: random.Random) -> bytes:
    """Return a small Parquet file."""
    size = rng.choice((0, 1, 2, 3, 7))
    names = [*_REQUIRED, *(name for name in _SPECIAL if name not in _REQUIRED and rng.random() < 0.5)]
    if "mmsi" not in names and "vessel_id" not in names and rng.random() < 0.9:
        names.append("mmsi")
    if rng.random() < 0.03:
        names.pop(rng.randrange(len(names)))
    odd = rng.sample(names, min(len(names), rng.choice((0, 0, 1, 1, 2))))
    usual = [_usual(rng, size, *_SPECIAL[name]) for name in names]
    arrays = [_odd(rng, size, usual[i].type) if name in odd else usual[i] for i, name in enumerate(names)]
    how = {
        "compression": rng.choice(("none", "snappy", "zstd", "lz4")),
        "row_group_size": rng.choice((1, 2, 100)),
        "use_dictionary": rng.random() < 0.5,
        "store_schema": rng.random() < 0.5,
    }
    try:
        return _written(pa.Table.from_arrays(arrays, names=names), how)
    except (pa.ArrowException, NotImplementedError):  # Parquet does not hold everything that Arrow does
        return _written(pa.Table.from_arrays(usual, names=names), how)


def altered(rng: random.Random, seed: bytes) -> bytes:
    """Return a Parquet file like another, with some of its columns odd, left out or named otherwise."""
    try:
        table = _table(seed)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return seed
    if not (table.num_rows and table.num_columns):
        return seed
    table = table.take(pa.array([rng.randrange(table.num_rows) for _ in range(rng.choice((0, 1, 2, 5)))], pa.int64()))
    usual = table
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        if not table.num_columns:
            break
        i = rng.randrange(table.num_columns)
        name = table.column_names[i]
        pick = rng.random()
        if pick < 0.85:
            table = table.set_column(i, name, _odd(rng, table.num_rows, table.column(i).type))
        elif pick < 0.93:
            table = table.remove_column(i)
        else:
            names = table.column_names
            names[i] = rng.choice((name.upper(), rng.choice(names), "x"))
            table = table.rename_columns(names)
    how = {"compression": rng.choice(("none", "snappy")), "row_group_size": rng.choice((1, 100))}
    try:
        return _written(table, how)
    except (pa.ArrowException, NotImplementedError):
        return _written(usual, how)


@lru_cache(64)
def _table(seed: bytes) -> pa.Table:
    return pq.read_table(pa.BufferReader(seed))


def _written(table: pa.Table, how: dict[str, Any]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **how)
    return bytes(sink.getvalue())


def _usual(rng: random.Random, size: int, kind: Any, values: tuple[Any, ...]) -> pa.Array:
    return pa.array([rng.choice(values) if rng.random() < 0.95 else None for _ in range(size)], _plain(kind)).cast(kind)


def _plain(kind: Any) -> Any:
    return pa.string() if pa.types.is_dictionary(kind) else pa.int64() if pa.types.is_timestamp(kind) else kind


def _odd(rng: random.Random, size: int, kind: Any) -> pa.Array:
    """Return odd values of the right kind, or a column of another."""
    if rng.random() < 0.4:
        kind = rng.choice(_KINDS)
    if pa.types.is_dictionary(kind) and kind.value_type == pa.int64():
        return pa.array([rng.choice(_WHOLES) for _ in range(size)]).dictionary_encode()
    pools = ((pa.types.is_floating, _FLOATS), (pa.types.is_integer, _WHOLES), (pa.types.is_temporal, _TIMES))
    pool = next((pool for test, pool in pools if test(kind)), _WORDS)
    values = [rng.choice(pool) if rng.random() < 0.9 else None for _ in range(size)]
    raw = pa.array(
        values, pa.float64() if pool is _FLOATS else pa.int64() if pool in (_WHOLES, _TIMES) else pa.string()
    )
    try:
        if pa.types.is_date(kind) or kind == pa.date32():
            return raw.cast(pa.timestamp("us")).cast(kind, safe=False)
        return raw.cast(kind, safe=False)
    except pa.ArrowException:
        return pa.nulls(size, kind)
