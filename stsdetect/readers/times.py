"""Times as sources write them, to microseconds UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import NO_TEXT, Mask, cast_each, is_text, plain, strings, take_mask
from stsdetect.schema import TIME
from stsdetect.units import US_PER_S

NAIVE = pa.timestamp("us")
#: Epochs outside 1990-2100 do not exist in AIS, so the size of a number tells its unit: each unit's range
#: from 1990 on lies above the range up to 2100 of the one before.
_EPOCH_UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (np.inf, 1e-3))
_DAY_MONTH = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b"
_SLASHED = re.compile(_DAY_MONTH)

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


def any_utc(array: pa.Array, order: Order | None, utc_offset_h: float) -> tuple[pa.Array, Mask]:
    """Read times of a table we do not know: typed, ISO with or without zone, day or month first, or epochs.

    Parameters
    ----------
    array
        Timestamps, numbers or text.
    order
        Which part of ``03/04/2021`` is the day; None where the data hold no such dates.
    utc_offset_h
        Hours the clock of times without a zone is ahead of UTC [h].
    """
    array = plain(array)
    if pa.types.is_timestamp(array.type):
        result = pc.cast(array, pa.timestamp("us", tz=array.type.tz), safe=False)
        result = result.cast(TIME) if array.type.tz else _shift(result, utc_offset_h)
        return result, _bad(result, array)
    if not is_text(array):
        return _epochs(array)
    if pa.types.is_dictionary(array.type):
        return _each_once(array, partial(any_utc, order=order, utc_offset_h=utc_offset_h))
    given = strings(array)
    text = _to_iso(given, order) if order else given
    text = pc.replace_substring_regex(text, r" ?(UTC|GMT)$", "Z")
    text = pc.replace_substring_regex(text, r" ?([+-]\d\d):?(\d\d)Z?$", r"\1:\2")
    text = pc.replace_substring_regex(text, r"^(\d{4})/(\d{2})/(\d{2})\b", r"\1-\2-\3")
    text = pc.replace_substring_regex(text, r"(\.\d{6})\d+", r"\1")
    # Sorted by form first: to find out by failing casts would cost a cast for every value.
    is_epoch = pc.match_substring_regex(text, r"^[+-]?\d+(\.\d*)?$")
    is_zoned = pc.match_substring_regex(text, r"(Z|[+-]\d\d:\d\d)$")
    zoned = cast_each(_only(text, is_zoned), [TIME])
    local = cast_each(_without_bare_dates(_only(text, pc.invert(pc.or_(is_epoch, is_zoned)))), [NAIVE])
    epochs, _ = _epochs(cast_each(_only(text, is_epoch), [pa.float64()]))
    result = pc.coalesce(zoned, _shift(local, utc_offset_h), epochs)
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


def _bad(result: pa.Array, given: pa.Array) -> Mask:
    return pc.and_(pc.is_null(result), pc.is_valid(given)).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
