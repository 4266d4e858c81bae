"""Times as sources write them, to microseconds UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import NO_TEXT, Mask, cast_each, is_text, numbers, plain, strings, take_mask
from stsdetect.schema import TIME
from stsdetect.units import US_PER_S

NAIVE = pa.timestamp("us")
#: Epochs outside 1990-2100 do not exist in AIS, so the size of a number tells its unit: each unit's range
#: from 1990 on lies above the range up to 2100 of the one before.
_EPOCH_UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (np.inf, 1e-3))
_DAY_MONTH = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b"
_SLASHED = re.compile(_DAY_MONTH)
#: Values looked at together in search of the first time.
_FEW = 1000
_TWELVE = (
    r"^(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4}) +0?(?P<h>[1-9]|1[0-2]):(?P<rest>\d\d:\d\d) ?(?P<half>[AaPp])[Mm]$"
)
_COMPACT = r"^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(\.\d{1,6})?$"

Order = Literal["day", "month"]


def iso_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read ISO 8601 without a zone as UTC; also where a value could not be read.

    A date alone is no time of a report and counts as unreadable.
    """
    if pa.types.is_dictionary(array.type):
        return _each_once(array, iso_utc)
    if pa.types.is_timestamp(array.type):
        return array.cast(TIME), np.zeros(len(array), bool)
    given = strings(array)
    result = cast_each(_without_bare_dates(given), [NAIVE])
    return result.cast(TIME), _bad(result, given)


def day_first_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read ``31/12/2021 23:59:59`` as UTC; also where a value could not be read."""
    if pa.types.is_dictionary(array.type):
        return _each_once(array, day_first_utc)
    if pa.types.is_timestamp(array.type):
        return array.cast(TIME), np.zeros(len(array), bool)
    given = strings(array)
    result = cast_each(_to_iso(given, "day"), [NAIVE])
    return result.cast(TIME), _bad(result, given)


def day_first_12h_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read ``1/02/2023 12:04:54 AM`` (1 February, four minutes past midnight) as UTC; also what could not be read.

    12 AM is midnight and 12 PM noon; a time without AM or PM is not read, for it would be a guess.
    """
    if pa.types.is_dictionary(array.type):
        return _each_once(array, day_first_12h_utc)
    given = strings(array)
    parts = pc.extract_regex(given, _TWELVE)
    day, month, year, hour, rest, half = (pc.struct_field(parts, name) for name in ("d", "m", "y", "h", "rest", "half"))
    hours = pc.if_else(pc.equal(hour, "12"), "0", hour).cast(pa.int64())
    hours = pc.add(hours, pc.if_else(pc.equal(pc.utf8_lower(half), "p"), 12, 0))
    day, month, clock = (pc.utf8_lpad(part, 2, "0") for part in (day, month, hours.cast(pa.string())))
    date = pc.binary_join_element_wise(year, month, day, "-")
    result = cast_each(pc.binary_join_element_wise(date, pc.binary_join_element_wise(clock, rest, ":"), " "), [NAIVE])
    return result.cast(TIME), _bad(result, given)


def compact_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read ``20210301_235959``, also with a fraction of the second, as UTC; also where a value could not be read."""
    if pa.types.is_dictionary(array.type):
        return _each_once(array, compact_utc)
    given = strings(array)
    plain_form = pc.match_substring_regex(given, _COMPACT)
    iso = pc.replace_substring_regex(_only(given, plain_form), _COMPACT, r"\1-\2-\3 \4:\5:\6\7")
    result = cast_each(iso, [NAIVE])
    return result.cast(TIME), _bad(result, given)


def epoch_s_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read Unix times in seconds, and only in seconds; also where a value could not be read."""
    return _fixed_epochs(array, 1e6)


def epoch_ms_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read Unix times in milliseconds, and only in those; also where a value could not be read."""
    return _fixed_epochs(array, 1e3)


def _fixed_epochs(array: pa.Array, unit_us: float) -> tuple[pa.Array, Mask]:
    """Read Unix times of one unit [us]: a time in another one is far outside 1990-2100 and is rejected for that."""
    if pa.types.is_dictionary(array.type):
        return _each_once(array, partial(_fixed_epochs, unit_us=unit_us))
    values, bad = numbers(array)
    raw = values.fill_null(0).to_numpy(zero_copy_only=False)
    micro = np.rint(np.clip(raw, -9e18 / unit_us, 9e18 / unit_us) * unit_us).astype(np.int64)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    return pa.array(micro, NAIVE, mask=missing).cast(TIME), bad


def iso_zoned_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read ISO 8601 with a zone (``Z``, ``+00:00``, ``+00``, ``UTC``, ``GMT``); one without is UTC.

    Numbers are no times.
    """
    return any_utc(array, None, 0.0, epochs=False)


def any_utc(array: pa.Array, order: Order | None, utc_offset_h: float, epochs: bool = True) -> tuple[pa.Array, Mask]:
    """Read times of a table we do not know: typed, ISO with or without zone, day or month first, or epochs.

    Parameters
    ----------
    array
        Timestamps, numbers or text.
    order
        Which part of ``03/04/2021`` is the day; None where the data hold no such dates.
    utc_offset_h
        Hours the clock of times without a zone is ahead of UTC [h].
    epochs
        Whether numbers are Unix times; else they count as unreadable.
    """
    array = plain(array)
    if pa.types.is_timestamp(array.type):
        result = pc.cast(array, pa.timestamp("us", tz=array.type.tz), safe=False)
        result = result.cast(TIME) if array.type.tz else _shift(result, utc_offset_h)
        return result, _bad(result, array)
    if not is_text(array):
        return _epochs(array) if epochs else (pa.nulls(len(array), TIME), _present(array))
    if pa.types.is_dictionary(array.type):
        return _each_once(array, partial(any_utc, order=order, utc_offset_h=utc_offset_h, epochs=epochs))
    given = strings(array)
    text = _to_iso(given, order) if order else given
    text = pc.replace_substring_regex(text, r" ?(UTC|GMT)$", "Z")
    # Hours alone, as PostgreSQL writes an offset; a time stands before them, for 2024-03-01 ends like one.
    text = pc.replace_substring_regex(text, r"(:\d\d(?:\.\d+)?) ?([+-]\d\d)$", r"\1\2:00")
    text = pc.replace_substring_regex(text, r" ?([+-]\d\d):?(\d\d)Z?$", r"\1:\2")
    text = pc.replace_substring_regex(text, r"^(\d{4})/(\d{2})/(\d{2})\b", r"\1-\2-\3")
    text = pc.replace_substring_regex(text, r"(\.\d{6})\d+", r"\1")
    # Sorted by form first: to find out by failing casts would cost a cast for every value.
    is_epoch = pc.match_substring_regex(text, r"^[+-]?\d+(\.\d*)?$")
    is_zoned = pc.match_substring_regex(text, r"(Z|[+-]\d\d:\d\d)$")
    zoned = cast_each(_only(text, is_zoned), [TIME])
    local = cast_each(_without_bare_dates(_only(text, pc.invert(pc.or_(is_epoch, is_zoned)))), [NAIVE])
    result = pc.coalesce(zoned, _shift(local, utc_offset_h))
    if epochs:
        result = pc.coalesce(result, _epochs(cast_each(_only(text, is_epoch), [pa.float64()]))[0])
    return result, _bad(result, given)


def _each_once(array: pa.Array, convert: Callable[[pa.Array], tuple[pa.Array, Mask]]) -> tuple[pa.Array, Mask]:
    """Convert each distinct value once: many vessels report in the same second."""
    values, bad = convert(array.dictionary)
    return values.take(array.indices), take_mask(bad, array.indices)


def _only(text: pa.Array, mask: pa.Array) -> pa.Array:
    return pc.if_else(mask, text, NO_TEXT)


def slashed_order(array: pa.Array) -> tuple[bool, bool, bool]:
    """Say of dates like ``03/04/2021``: are there any, is a first part above 12, is a second part above 12."""
    array = plain(array)
    if not is_text(array):
        return False, False, False
    seen = day = month = False
    heads = pc.unique(pc.utf8_slice_codeunits(strings(array), 0, 10)).to_pylist()
    for text in heads:
        match = _SLASHED.match(text) if text else None
        if match:
            first, second = int(match[1]), int(match[2])
            seen, day, month = True, day or first > 12 >= second, month or second > 12 >= first
    return seen, day, month


def begins_slashed(array: pa.Array) -> bool | None:
    """Say whether the first value that can be a time is a date like ``03/04/2021``; None where no value can be."""
    array = plain(array)
    if not is_text(array):
        return False if len(array) > array.null_count else None
    for begin in range(0, len(array), _FEW):
        given = strings(array[begin : begin + _FEW])
        slashed = pc.fill_null(pc.match_substring_regex(given, _DAY_MONTH), False).to_numpy(zero_copy_only=False)
        other = any_utc(given, None, 0.0)[0].is_valid().to_numpy(zero_copy_only=False)
        times = np.flatnonzero(slashed | other)
        if times.size:
            return bool(slashed[times[0]])
    return None


def first_read(columns: Iterable[pa.Array], order: Order | None) -> str | None:
    """Return, as text, the first value of a column in pieces that can be read as a time; None where none can be."""
    for column in columns:
        array = plain(column)
        for begin in range(0, len(array), _FEW):
            given = array[begin : begin + _FEW]
            given = strings(given) if is_text(given) else given
            valid = any_utc(given, order, 0.0)[0].is_valid()
            if (at := pc.index(valid, True).as_py()) >= 0:
                return str(strings(given)[at].as_py())
    return None


def epoch_us(value: float) -> int:
    """Turn one Unix time in s, ms, us or ns, told apart by size, into microseconds."""
    for top, factor in _EPOCH_UNITS:
        if abs(value) < top:
            return round(value * factor)
    return 0


def _epochs(array: pa.Array) -> tuple[pa.Array, Mask]:
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_null(array.type)):
        array = pa.nulls(len(array), pa.float64())
    values = array.cast(pa.float64(), safe=False)
    raw = np.nan_to_num(values.fill_null(0).to_numpy(zero_copy_only=False), nan=0.0, posinf=0.0, neginf=0.0)
    size = np.abs(raw)
    factor = np.select([size < top for top, _ in _EPOCH_UNITS], [f for _, f in _EPOCH_UNITS], 0.0)
    # Whole seconds and the rest apart: a float64 holds epochs in ns only to about 0.3 us.
    micro = np.rint(np.clip(raw * factor, -9e18, 9e18)).astype(np.int64)
    missing = ~pc.is_finite(values).fill_null(False).to_numpy(zero_copy_only=False)
    return pa.array(micro, NAIVE, mask=missing).cast(TIME), missing & values.is_valid().to_numpy(zero_copy_only=False)


def _to_iso(text: pa.Array, order: Order) -> pa.Array:
    """Rewrite day/month/year (or month/day/year) as ISO; the rest stays."""
    first, second = (r"\2", r"\1") if order == "day" else (r"\1", r"\2")
    text = pc.replace_substring_regex(text, r"\b(\d)([/.-])", r"0\1\2")
    text = pc.replace_substring_regex(text, r"^(\S+[ T])(\d):", r"\10\2:")
    return pc.replace_substring_regex(text, _DAY_MONTH.replace("{1,2}", "{2}"), rf"\3-{first}-{second}")


def _shift(local: pa.Array, utc_offset_h: float) -> pa.Array:
    if not utc_offset_h:
        return local.cast(TIME)
    offset = pa.scalar(round(utc_offset_h * 3600 * US_PER_S), pa.duration("us"))
    return pc.subtract(local, offset).cast(TIME)


def _without_bare_dates(text: pa.Array) -> pa.Array:
    bare = pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d$")
    return pc.if_else(bare, NO_TEXT, text)


def _present(array: pa.Array) -> Mask:
    return array.is_valid().to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _bad(result: pa.Array, given: pa.Array) -> Mask:
    if result.null_count == given.null_count:  # what is null stays so
        return np.zeros(len(given), bool)
    return pc.and_(pc.is_null(result), pc.is_valid(given)).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def zoned_utc(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Read ISO 8601 with ``Z``, ``UTC``, ``GMT`` or an offset; what has none, and a number, is unreadable."""
    if not is_text(array):
        return pa.nulls(len(array), TIME), array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_dictionary(array.type):
        return _each_once(array, zoned_utc)
    given = strings(array)
    zoned = pc.match_substring_regex(given, r":\d\d(\.\d*)? ?(Z|UTC|GMT|[+-]\d\d(:?\d\d( ?UTC)?)?)$")
    result, _ = any_utc(_only(given, zoned), None, 0.0)
    return result, _bad(result, given)
