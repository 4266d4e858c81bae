"""Putting rows in order, and telling rows that are alike by one number each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Ints

#: An odd number without pattern: 2^64 over the golden ratio (Knuth, The Art of Computer Programming, 6.4).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
#: Rows worked on at once, so that what is in between stays in the processor's cache.
_BLOCK = 1 << 15


def order_by(key: NDArray[Any], time_us: Ints) -> Ints:
    """Return the order by key, then time, then place in the input: what ``np.lexsort((time_us, key))`` gives.

    Rows that come in the order of time, as archives mostly do, are sorted by key alone.

    Parameters
    ----------
    key, time_us
        Whole numbers, shape (n,) each.
    """
    fast = compiled("order")
    if fast and key.dtype == np.uint16:
        order: Ints = fast.order_by(key, time_us)
        return order
    if (time_us[1:] >= time_us[:-1]).all():
        return _stable_order(key)
    by_time = _stable_order(time_us)
    return by_time[_stable_order(key[by_time])]


def _stable_order(values: NDArray[Any]) -> Ints:
    """Return ``np.argsort(values, kind="stable")`` of whole numbers by the quickest sort that holds them."""
    if values.size == 0:
        return np.zeros(0, dtype=np.int64)
    low = int(values.min())
    span = int(values.max()) - low
    if span < 1 << 16:
        return np.argsort((values - low).astype(np.uint16), kind="stable")
    row_bits = int(values.size).bit_length()
    if span.bit_length() + row_bits > 63:
        return np.argsort(values, kind="stable")
    packed = values.astype(np.int64) - low
    packed <<= row_bits
    packed |= np.arange(values.size, dtype=np.int64)
    packed.sort()
    packed &= (1 << row_bits) - 1
    return packed


def mix(digest: NDArray[np.uint64], bits: Ints, none: int, column: int) -> None:
    """Mix one more column into the digests of rows, in place.

    Rows with the same bits in every column have the same digest; others nearly always differ, so what has one
    digest must still be compared. The value ``none`` changes nothing: a column full of it may as well be left out.

    Parameters
    ----------
    digest, bits
        Shape (n,) each.
    none
        Bits that stand for no value.
    column
        Number of the column; the columns may come in any order.
    """
    spread = np.uint64((int(_SPREAD) * (2 * column + 1)) & ((1 << 64) - 1))
    for begin in range(0, digest.size, _BLOCK):
        part = (bits[begin : begin + _BLOCK] ^ np.int64(none)).view(np.uint64)
        part *= spread
        part ^= part >> np.uint64(32)
        part *= _SPREAD
        digest[begin : begin + _BLOCK] += part


def first_seen(code: NDArray[np.int32]) -> Ints:
    """Return the first row of each code 0, 1, ..., where codes are numbered as they come up first."""
    highest = np.maximum.accumulate(code)
    fresh = np.ones(code.size, dtype=np.bool_)
    fresh[1:] = highest[1:] != highest[:-1]
    return np.flatnonzero(fresh)


#: From this share of rows on, one more look at all of them is quicker than a search for each (measured).
_WORTH_A_LOOK, _MOST_LOOKS = 1 / 32, 64


def around(line: Ints, window: int) -> tuple[Ints, Ints]:
    """Return for each row the nearest one at least ``window`` before it and the nearest as much after it.

    Parameters
    ----------
    line
        Rising whole numbers, shape (n,).
    window
        Not negative.

    Returns
    -------
    before, after
        Shape (n,) each: -1 and n where there is none.
    """
    n = line.size
    here = np.arange(n, dtype=np.int64)
    if window == 0:
        return np.searchsorted(line, line, side="right") - 1, np.searchsorted(line, line, side="left")
    ahead, behind = np.ones(n, dtype=np.uint8), np.ones(n, dtype=np.uint8)
    near = np.zeros(0, dtype=np.bool_)
    step = 0
    # Fixes come at an even pace: look one row further until nearly all have found theirs.
    for step in range(1, min(_MOST_LOOKS, n)):
        near = line[step:] - line[:-step] < window
        ahead[:-step] += near
        behind[step:] += near
        if np.count_nonzero(near) < _WORTH_A_LOOK * n:
            break
    before, after = here - behind, here + ahead
    rest = np.flatnonzero(near)
    after[rest] = np.searchsorted(line, line[rest] + window, side="left")
    rest += step
    before[rest] = np.searchsorted(line, line[rest] - window, side="right") - 1
    return before, after
