"""Raw columns to a batch: each row is kept or rejected with one reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.readers.alike import OWN, alike, is_alike, together, with_nulls
from stsdetect.readers.convert import (
    Mask,
    codes,
    is_text,
    mapped_words,
    numbers,
    plain,
    take_mask,
    value_at,
    whole,
    words,
)
from stsdetect.readers.protocol import Batch, Reject
from stsdetect.reference.vessels import nav_status_code, ship_type_code
from stsdetect.schema import TEXT

#: AIS began in the 1990s; times outside these years are wrong (microseconds since 1970).
FIRST_US = 631_152_000_000_000  # 1990-01-01
LAST_US = 4_102_444_800_000_000  # 2100-01-01
MAX_MMSI = 999_999_999
MAX_TEXT = 500

FLOATS = {
    "sog": "sog_kn",
    "cog": "cog_deg",
    "heading": "heading_deg",
    "length": "length_m",
    "width": "width_m",
    "to_bow": "to_bow_m",
    "to_stern": "to_stern_m",
    "to_port": "to_port_m",
    "to_starboard": "to_starboard_m",
    "draught": "draught_m",
}
TEXTS = ("name", "callsign", "destination")
#: Our names of the columns a table can be mapped to.
KEYS: tuple[str, ...] = (
    "time",
    "lat",
    "lon",
    "mmsi",
    "vessel_id",
    "nav_status",
    "message_type",
    "transceiver",
    "station",
    "imo",
    "ship_type",
    *FLOATS,
    *TEXTS,
)
#: Names of the positions table are taken for ours as well.
LONG_KEYS: dict[str, str] = {"lat_deg": "lat", "lon_deg": "lon", **{long: key for key, long in FLOATS.items()}}
CLASSES = {"a": "A", "b": "B", "class a": "A", "class b": "B"}
STATIONS = {name: name for name in ("ship", "base", "aid", "sar_aircraft", "sart", "aux", "handheld", "group")}

Times = Callable[[pa.Array], tuple[pa.Array, Mask]]


@dataclass(frozen=True)
class Origin:
    """Where rows came from: file label, line numbers [shape (n,)], the raw text of the i-th row and of its cells."""

    label: str
    lines: NDArray[np.int64]
    text: Callable[[int], str]
    is_header: Callable[[str], bool] = lambda text: False
    cell: Callable[[int, str], str] | None = None


@dataclass(frozen=True)
class Judged:
    """Columns of the positions table, why a row is to be rejected (0: it is not), and where a value was unreadable."""

    columns: dict[str, pa.Array]
    why: NDArray[np.int8]
    bad: dict[str, Mask]


@dataclass(frozen=True)
class Repeated:
    """Sets of columns converted before, each for many rows; ``emptied`` counts unreadable values in the rows of a mask.

    ``number`` is the set of each row, and ``origin`` as `alike.alike` takes it.
    """

    sets: pa.Table
    number: NDArray[np.int32]
    origin: tuple[int, int]
    why: NDArray[np.int8] | None
    emptied: Callable[[Mask], dict[str, int]]


def build(
    raw: dict[str, pa.Array],
    times: Times,
    origin: Origin,
    missing: frozenset[str] = frozenset(),
    repeated: Repeated | None = None,
    messages: frozenset[int] = frozenset(),
) -> Batch:
    """Convert raw columns (by our key) and judge every row.

    Parameters
    ----------
    raw
        Arrays of one length; must have time, lat, lon and one of mmsi and vessel_id.
    times
        Turns the time column into UTC timestamps and says which values could not be read.
    origin
        Where the rows came from.
    missing
        Words the source writes for "no text".
    repeated
        Columns that are not in ``raw``, the vessel's among them.
    messages
        AIS messages that become rows, where the source has others too and ``raw`` their numbers; empty: all.
    """
    size = len(origin.lines)
    raw = {key: plain(array) for key, array in raw.items()}
    out: dict[str, pa.Array] = {}
    bad: dict[str, Mask] = {}
    why = np.zeros(size, np.int8)
    _judge_time(raw, times, out, why)
    if repeated is None:
        _judge_vessel(raw, out, why, missing)
    elif repeated.why is not None:
        why = np.where(why == 0, repeated.why, why)
    if messages and "message_type" in raw:
        _judge_message(raw["message_type"], messages, why)
    _judge_place(raw, out, why)
    _optional(raw, out, bad, missing)
    kept = why == 0
    emptied = Counter({column: int((mask & kept).sum()) for column, mask in bad.items()})
    names = set(raw)
    if repeated is not None:
        names |= set(repeated.sets.column_names)
        emptied += Counter(repeated.emptied(kept))
    rejects = _rejects(raw, why, origin, names)
    out["source_file"] = constant(origin.label, size)
    out["source_row"] = pa.array(origin.lines)
    number = None if repeated is None else repeated.number
    if rejects:
        # Some required values are null here; those rows go.
        out = {name: array.filter(pa.array(kept)) for name, array in out.items()}
        number = None if number is None else number[kept]
    if repeated is None or number is None:
        return Batch(size, with_nulls(out, size - len(rejects)), rejects, +emptied)
    return Batch(size, _of_sets(out, repeated, number), rejects, +emptied)


def _of_sets(out: dict[str, pa.Array], repeated: Repeated, number: NDArray[np.int32]) -> pa.Table:
    """Return rows that are alike in all but what is of the moment, which each has for itself."""
    sets, place = repeated.sets, pa.array(number)
    own = out | {name: plain(sets.column(name)).take(place) for name in OWN if name in sets.column_names}
    said = sets.select([name for name in sets.column_names if name not in OWN])
    return alike(own, number, said, repeated.origin)


def judge_repeated(raw: dict[str, pa.Array], missing: frozenset[str]) -> Judged:
    """Convert the columns that say which vessel it is and what it is like."""
    raw = {key: plain(array) for key, array in raw.items()}
    judged = Judged({}, np.zeros(len(next(iter(raw.values()))), np.int8), {})
    _judge_vessel(raw, judged.columns, judged.why, missing)
    _optional(raw, judged.columns, judged.bad, missing)
    return judged


def merged(a: Batch, b: Batch) -> Batch:
    """Put two batches of one block together, in the order of their lines."""
    if is_alike(a.positions):
        table = together(a.positions, b.positions)
    else:
        both = pa.concat_tables([a.positions, b.positions]).unify_dictionaries().combine_chunks()
        table = both.take(pa.array(np.argsort(both.column("source_row").to_numpy(), kind="stable")))
    remarks = a.remarks.copy()
    remarks.update(b.remarks)  # a sum would drop those that count nothing
    return Batch(a.rows + b.rows, table, a.rejects + b.rejects, a.emptied + b.emptied, remarks)


def constant(text: str, size: int) -> pa.Array:
    """Return one text ``size`` times, dictionary-encoded."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([text], pa.string()))


#: Reasons by code; the first that holds is the reason of a row. Column: the one whose value was wrong.
_REASONS = {
    1: ("bad_time", "time"),
    2: ("time_out_of_range", "time"),
    3: ("missing_vessel", "mmsi"),
    4: ("bad_mmsi", "mmsi"),
    5: ("bad_position", "lat"),
    6: ("bad_position", "lon"),
    7: ("message_type", "message_type"),  # its number is added: message_type_8
}


def _mark(why: NDArray[np.int8], mask: Mask, code: int) -> None:
    if np.count_nonzero(mask):  # much cheaper than `any` for few rows
        why[mask & (why == 0)] = code


def _judge_time(raw: dict[str, pa.Array], times: Times, out: dict[str, pa.Array], why: NDArray[np.int8]) -> None:
    time, _ = times(raw["time"])
    out["time"] = time
    _mark(why, _null(time), 1)
    whole_us = time.view(pa.int64())
    micro = (whole_us.fill_null(FIRST_US) if time.null_count else whole_us).to_numpy(zero_copy_only=False)
    if len(micro) and not FIRST_US <= micro.min() <= micro.max() < LAST_US:
        _mark(why, (micro < FIRST_US) | (micro >= LAST_US), 2)


def _judge_vessel(
    raw: dict[str, pa.Array], out: dict[str, pa.Array], why: NDArray[np.int8], missing: frozenset[str]
) -> None:
    absent = np.ones(len(why), bool)
    if "vessel_id" in raw:
        out["vessel_id"], _ = _short(words(raw["vessel_id"], missing))
        absent &= _null(out["vessel_id"])
    if "mmsi" in raw:
        out["mmsi"], wrong = whole(raw["mmsi"], 0, MAX_MMSI, pa.int64())
        absent &= _null(out["mmsi"]) & ~wrong
        _mark(why, wrong, 4)
    _mark(why, absent, 3)


def _judge_message(array: pa.Array, messages: frozenset[int], why: NDArray[np.int8]) -> None:
    """Turn away AIS messages that say neither where a vessel is nor which it is."""
    kinds, _ = whole(array, 0, 63, pa.int64())
    other = pc.invert(pc.is_in(kinds, pa.array(sorted(messages), pa.int64())))
    _mark(why, pc.and_(other, pc.is_valid(kinds)).to_numpy(zero_copy_only=False), 7)


def _judge_place(raw: dict[str, pa.Array], out: dict[str, pa.Array], why: NDArray[np.int8]) -> None:
    lat, bad_lat = numbers(raw["lat"])
    lon, bad_lon = numbers(raw["lon"])
    no_lat, no_lon = _null(lat), _null(lon)
    # Neither is a static report and kept; one alone is half a position.
    _mark(why, bad_lat | (no_lat & ~no_lon & ~bad_lon), 5)
    _mark(why, bad_lon | (no_lon & ~no_lat), 6)
    out["lat_deg"], out["lon_deg"] = lat, lon


def _optional(
    raw: dict[str, pa.Array],
    out: dict[str, pa.Array],
    bad: dict[str, Mask],
    missing: frozenset[str],
) -> None:
    """Convert what may be empty, and say where something unreadable stood."""

    def put(column: str, values: pa.Array, wrong: Mask) -> None:
        out[column] = values
        if np.count_nonzero(wrong):
            bad[column] = wrong

    def given(key: str) -> pa.Array:
        array = raw[key]
        return words(array, missing) if missing and is_text(array) else array

    for key in raw:
        if key in FLOATS:
            put(FLOATS[key], *numbers(given(key)))
        elif key in TEXTS:
            put(key, *_short(words(raw[key], missing)))
        elif key == "imo":
            put("imo", *_imo(given("imo")))
        elif key == "nav_status":
            put("nav_status", *codes(given(key), nav_status_code, pa.int8()))
        elif key == "ship_type":
            put("ship_type", *codes(given(key), ship_type_code, pa.int16()))
        elif key == "message_type":
            put("message_type", *whole(given(key), 0, 63, pa.int8()))
        elif key == "transceiver":
            out[key] = mapped_words(raw[key], CLASSES)
        elif key == "station":
            out[key] = mapped_words(raw[key], STATIONS)


def _short(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Empty texts that are longer than any in AIS, so that some of them cannot fill the memory."""
    texts = array.dictionary
    if (pc.max(pc.binary_length(texts)).as_py() or 0) <= MAX_TEXT:
        return array, np.zeros(len(array), bool)
    long = pc.greater(pc.binary_length(texts), MAX_TEXT).fill_null(False)
    bad = take_mask(long.to_numpy(zero_copy_only=False), array.indices)
    kept = pc.if_else(long, pa.scalar(None, pa.string()), texts).take(array.indices)
    return kept.dictionary_encode().cast(TEXT), bad


def _imo(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read IMO numbers with or without the prefix ``IMO``, each distinct one once."""
    if not is_text(array):
        return whole(array, 0, 10**10, pa.int64())
    if pa.types.is_dictionary(array.type):
        # Nearly all are plain; the few others are looked at one by one.
        values = array.dictionary
        bare = pc.replace_substring_regex(values, "^IMO", "")
        plain = pc.match_substring_regex(bare, "^[0-9]{1,10}$")
        bad = np.zeros(len(values), bool)
        if pc.all(plain).as_py():
            found = bare.cast(pa.int64())
        else:
            found = pc.if_else(plain, bare, pa.scalar(None, pa.string())).cast(pa.int64())
            other, bad = codes(pc.if_else(plain, pa.scalar(None, pa.string()), values), _imo_code, pa.int64())
            found = pc.coalesce(found, other)
        return found.take(array.indices), take_mask(bad, array.indices)
    return codes(array, _imo_code, pa.int64())


def _imo_code(text: str) -> int | None:
    digits = text.upper().removeprefix("IMO").strip().removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None


def _null(array: pa.Array) -> Mask:
    if not array.null_count:
        return np.zeros(len(array), bool)
    return array.is_null().to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _rejects(raw: dict[str, pa.Array], why: NDArray[np.int8], origin: Origin, known: set[str]) -> list[Reject]:
    rejects = []
    for i in np.flatnonzero(why).tolist():
        text = origin.text(i)
        reason, key = _REASONS[int(why[i])]
        key = key if key in known else "vessel_id"
        value = value_at(raw[key], i) if key in raw else ""
        if value is not None and origin.cell and (key not in raw or not is_text(raw[key])):
            value = origin.cell(i, key)
        if reason == "message_type":
            reason = f"message_type_{int(float(str(value)))}"
        detail = f"{key} is empty" if value is None or str(value).strip() == "" else f"{key} {value}"
        if origin.is_header(text):
            reason, detail = "repeated_header", ""
        rejects.append(Reject(int(origin.lines[i]), reason, detail[:MAX_TEXT], text[:MAX_TEXT]))
    return rejects


def reject_table(label: str, rejects: list[Reject]) -> pa.Table:
    """Return rejects as rows of `schema.REJECTS`, in line order."""
    from stsdetect.schema import REJECTS

    rejects = sorted(rejects, key=lambda reject: reject.row)
    columns = {
        "source_file": constant(label, len(rejects)),
        "source_row": pa.array([r.row for r in rejects], pa.int64()),
        "reason": pa.array([r.reason for r in rejects], pa.string()).dictionary_encode().cast(TEXT),
        "detail": pa.array([r.detail for r in rejects], pa.string()),
        "text": pa.array([r.text for r in rejects], pa.string()),
    }
    return REJECTS.table(columns)
