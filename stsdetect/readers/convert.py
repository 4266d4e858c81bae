"""Raw arrays (text or typed) to the types of the positions table, value by value.

Every function gives the same answer for a value whatever stands beside it: a column is cast at once, and
only where that fails is it halved until the unreadable values stand alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.errors import UsageError
from stsdetect.schema import TEXT

Mask = NDArray[np.bool_]
#: Made once: for a small file making them costs as much as using them.
NO_TEXT, _BLANK, _NO_NUMBER = pa.scalar(None, pa.string()), pa.scalar("", pa.string()), pa.scalar(None, pa.float64())
_STRING, _FLOAT = pa.string(), pa.float64()
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def plain(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one contiguous array; all kinds of text become string or dictionary of string."""
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    if array.type in (TEXT, _STRING, _FLOAT):  # nearly all are
        return array
    if pa.types.is_dictionary(array.type):
        values = plain(array.dictionary)
        if values.type != pa.string() or array.type != TEXT:
            array = values.take(array.indices)
    if any(test(array.type) for test in _TEXTS) and array.type != pa.string():
        array = array.cast(pa.string())
    if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        raise UsageError(f"a column of type {array.type} cannot be read as AIS values; map another one")
    return array


def value_at(array: pa.Array | pa.ChunkedArray, i: int) -> Any:
    """Return one value as Python has it; a time beyond Python's years as the whole number it is stored as."""
    scalar = array[i]
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return getattr(scalar, "value", None)


def sound(table: pa.Table) -> pa.Table:
    """Return a table from a file with all text in UTF-8: what is not becomes U+FFFD.

    Raises
    ------
    pa.ArrowException
        If a dictionary does not hold what the rows name: Arrow would read beyond it.
    """
    for i, column in enumerate(table.columns):
        if not (pa.types.is_dictionary(column.type) or any(test(column.type) for test in _TEXTS)):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            column = pa.chunked_array([_sound_text(chunk) for chunk in column.chunks], column.type)
            column.validate(full=True)
            table = table.set_column(i, table.schema.field(i), column)
    return table


def _sound_text(array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices, _sound_text(array.dictionary))
    if not any(test(array.type) for test in _TEXTS):
        return array
    raw = array.cast(pa.large_binary()).to_pylist()
    return pa.array([None if text is None else text.decode("utf-8", "replace") for text in raw], array.type)


def is_text(array: pa.Array) -> bool:
    """Say whether an array from `plain` holds text."""
    return bool(array.type == pa.string() or array.type == TEXT)


def strings(array: pa.Array) -> pa.Array:
    """Return text as a string array, other values in their text form; blank becomes null."""
    if pa.types.is_dictionary(array.type):
        return strings(array.dictionary).take(array.indices)
    if pa.types.is_timestamp(array.type) and array.type.tz:
        array = array.cast(pa.timestamp(array.type.unit, "UTC"))  # the same instants: Arrow knows not every zone
    if array.type != pa.string():
        array = array.cast(pa.string())
    trimmed = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(trimmed, _BLANK), NO_TEXT, trimmed)


def cast_each(array: pa.Array, kinds: Sequence[pa.DataType]) -> pa.Array:
    """Cast text to the first of ``kinds`` that takes it; values that none takes become null.

    The result has the type of ``kinds[0]``.
    """
    for kind in kinds:
        try:
            return array.cast(kind).cast(kinds[0])
        except pa.ArrowInvalid:
            continue
    if len(array) == 1:
        return pa.nulls(1, kinds[0])
    half = len(array) // 2
    return pa.concat_arrays([cast_each(array[:half], kinds), cast_each(array[half:], kinds)])


def numbers(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Return float64 values and where a value was there but is no finite number."""
    if pa.types.is_dictionary(array.type):
        values, bad = numbers(array.dictionary)
        return values.take(array.indices), take_mask(bad, array.indices)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.float64()), np.zeros(len(array), bool)
    if array.type == pa.float64() and math.isfinite(pc.sum(array).as_py() or 0.0):
        return array, np.zeros(len(array), bool)  # a NaN or an infinity would show in the sum
    given = array
    if is_text(array):
        try:  # nearly every column is clean, and trimming costs as much as the cast
            result = array.cast(pa.float64())
        except pa.ArrowInvalid:
            given = strings(array)
            result = cast_each(given, [pa.float64()])
        else:
            if math.isfinite(pc.sum(result).as_py() or 0.0):
                return result, np.zeros(len(array), bool)
    elif pa.types.is_temporal(array.type) or pa.types.is_boolean(array.type):
        result = pa.nulls(len(array), pa.float64())
    else:
        result = array.cast(pa.float64(), safe=False)
    # NaN in a typed table is how it says "nothing"; in text it is a wrong number.
    if not is_text(array):
        result = pc.if_else(pc.is_nan(result), _NO_NUMBER, result)
        given = pc.if_else(pc.is_null(given, nan_is_null=True), pa.scalar(None, given.type), given)
    raw = result.to_numpy(zero_copy_only=False)
    missing = ~np.isfinite(raw)
    bad = missing & given.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(raw, pa.float64(), mask=missing), bad


def scaled(array: pa.Array | pa.ChunkedArray, factor: float) -> pa.Array:
    """Return numbers times a factor, typed or text; what is no number stays as it is, to be judged later."""
    whole = round(1 / factor)
    # 123 tenths are 12.3, not 12.3 and a little: a quotient is the nearest number there is, a product need not be.
    return divided(array, float(whole)) if whole * factor == 1 else _changed(array, lambda x: pc.multiply(x, factor))


def divided(array: pa.Array | pa.ChunkedArray, parts: float) -> pa.Array:
    """Return whole numbers of such parts of a unit in that unit, nearest to the quotient; else as `scaled`."""
    return _changed(array, lambda x: pc.divide(x, parts))


def _changed(array: pa.Array | pa.ChunkedArray, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    array = plain(array)
    values = array.dictionary if pa.types.is_dictionary(array.type) else array
    found, bad = numbers(values)
    result = change(found)
    if bad.any():  # only text can hold what is no number
        result = pc.if_else(pa.array(bad), strings(values), result.cast(pa.string()))
    return result.take(array.indices) if pa.types.is_dictionary(array.type) else result


def whole(array: pa.Array, low: int, high: int, kind: pa.DataType) -> tuple[pa.Array, Mask]:
    """Return whole numbers from ``low`` to ``high`` and where a value was something else (``70.0`` is 70)."""
    values, bad = numbers(array)
    with suppress(pa.ArrowInvalid):  # raised by fractions, which are rare
        result = values.cast(pa.int64())
        ends = pc.min_max(result).as_py()
        if ends["min"] is None or low <= ends["min"] <= ends["max"] <= high:
            return (result if kind == result.type else result.cast(kind)), bad
    raw = values.fill_null(0).to_numpy(zero_copy_only=False)
    wrong = (raw != np.floor(raw)) | (raw < low) | (raw > high)
    wrong &= values.is_valid().to_numpy(zero_copy_only=False)
    missing = values.is_null().to_numpy(zero_copy_only=False) | wrong
    numbers_ = pa.array(np.where(missing, 0, raw).astype(np.int64), mask=missing).cast(kind)
    return numbers_, bad | wrong


def words(array: pa.Array, missing: frozenset[str] = frozenset()) -> pa.Array:
    """Return trimmed text, dictionary-encoded; blank and the words of ``missing`` become null."""
    if pa.types.is_dictionary(array.type):
        return _spread(_without(strings(array.dictionary), missing), array)
    if pa.types.is_floating(array.type):
        array = _as_whole(array)
    return _without(strings(array), missing).dictionary_encode().cast(TEXT)


def _as_whole(array: pa.Array) -> pa.Array:
    """Ids that a frame holds as floats, because some are empty, are whole numbers all the same."""
    try:
        return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array).cast(pa.int64())
    except pa.ArrowInvalid:
        return array


def codes(array: pa.Array, code: Callable[[str], int | None], kind: pa.DataType) -> tuple[pa.Array, Mask]:
    """Turn each distinct value into a number by ``code``; also where a value was there but has none."""
    encoded = array if pa.types.is_dictionary(array.type) else strings(array).dictionary_encode()
    texts = (encoded.dictionary if encoded is not array else strings(encoded.dictionary)).to_pylist()
    found = [None if text is None else code(text) for text in texts]
    bad = np.array([text is not None and value is None for text, value in zip(texts, found, strict=True)], bool)
    return pa.array(found, kind).take(encoded.indices), take_mask(bad, encoded.indices)


def mapped_words(array: pa.Array, table: dict[str, str]) -> pa.Array:
    """Look each value up in ``table`` by its lower-case form; others become null."""
    encoded = array if pa.types.is_dictionary(array.type) else strings(array).dictionary_encode()
    texts = (encoded.dictionary if encoded is not array else strings(encoded.dictionary)).to_pylist()
    found = [None if text is None else table.get(text.casefold()) for text in texts]
    return _spread(pa.array(found, pa.string()), encoded)


def _spread(values: pa.Array, array: pa.Array) -> pa.Array:
    """Return ``array`` with ``values`` in place of its dictionary's, each distinct text once in the dictionary."""
    if not values.null_count and values.equals(array.dictionary):
        return array if array.type == TEXT else array.cast(TEXT)
    distinct = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(distinct.indices.take(array.indices), distinct.dictionary).cast(TEXT)


def _without(array: pa.Array, missing: frozenset[str]) -> pa.Array:
    if not missing:
        return array
    return pc.if_else(pc.is_in(array, options=_among(missing)), NO_TEXT, array)


@cache
def _among(words: frozenset[str]) -> pc.SetLookupOptions:
    return pc.SetLookupOptions(pa.array(sorted(words), pa.string()))


def take_mask(mask: Mask, indices: pa.Array) -> Mask:
    """Return for each dictionary index what the mask says of its value; false for null."""
    if not np.count_nonzero(mask):
        return np.zeros(len(indices), bool)
    return pa.array(mask).take(indices).fill_null(False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
