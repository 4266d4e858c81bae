"""Split lines of delimited text and read their numbers and times, in one pass over the bytes.

Only what is utterly plain is read here; every other line is set aside for the general reader, so nothing is judged
twice. What a vessel repeats in each report (name, size, status, ...) is compared with an earlier line, eight bytes at a
time, and not split again. No byte is looked at outside the block: it ends with a newline, at which every walk stops,
and what is compared is measured first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from stsdetect.kernels.compiled.jit import loop

#: What stands in a step of a line: columns not wanted, the vessel's number (by which lines are looked up), columns
#: that repeat, a number, a time ``YYYY-MM-DD hh:mm:ss``, a time ``DD/MM/YYYY hh:mm:ss``.
SKIP, KEY, REPEATED, NUMBER, ISO, DAY_FIRST = 0, 1, 2, 3, 4, 5
#: Looked-up lines that may differ from the line at hand before it is set aside.
MAX_PROBES = 64
#: Most digits of a number; below 2^53 it and a power of ten up to 10^22 are exact, and so is the nearest float64 to
#: their quotient what one division gives (Clinger 1990).
MAX_DIGITS = 18
_EXACT = 1 << 53
_TENS = np.array([float(f"1e{n}") for n in range(MAX_DIGITS + 1)])
_FRACTION_US = 10 ** np.arange(6, -1, -1)
_DAYS_BEFORE = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_DAYS_IN = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_NEWLINE, _RETURN = 10, 13


@intrinsic  # type: ignore[untyped-decorator]
def byte_at(typing: Any, data: Any, at: Any) -> Any:
    """Return one byte as int64, without a check of the index."""

    def load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.zext(builder.load(builder.gep(array.data, [args[1]])), ir.IntType(64))

    return types.int64(data, types.int64), load


@intrinsic  # type: ignore[untyped-decorator]
def word_at(typing: Any, data: Any, at: Any) -> Any:
    """Return eight bytes as int64, without a check of the index."""

    def load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.bitcast(builder.gep(array.data, [args[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.int64(data, types.int64), load


@loop
def newlines(data: Any) -> Any:
    """Count the newlines of a block, uint8 of shape (n,)."""
    count = 0
    for begin in range(0, len(data), 128):
        few = np.uint8(0)
        for i in range(begin, min(begin + 128, len(data))):
            few += np.uint8(data[i] == 10)
        count += few
    return count


@loop
def _same(data: Any, a: int, b: int, n: int) -> bool:
    """Say whether n bytes at a and at b are the same; the block holds both."""
    i = 0
    while i + 8 <= n:
        if word_at(data, a + i) != word_at(data, b + i):
            return False
        i += 8
    if n >= 8:
        return bool(word_at(data, a + n - 8) == word_at(data, b + n - 8))
    while i < n:
        if byte_at(data, a + i) != byte_at(data, b + i):
            return False
        i += 1
    return True


@loop
def _number(data: Any, at: int) -> tuple[int, float]:
    """Read digits with a sign and a point where they are wanted; return where they end, -1 where they are not plain."""
    byte = byte_at(data, at)
    negative = byte == 45
    if negative:
        at += 1
        byte = byte_at(data, at)
    begin = at
    digits = 0
    while 48 <= byte <= 57:
        digits = digits * 10 + (byte - 48)
        at += 1
        byte = byte_at(data, at)
    count = at - begin
    if count == 0 or count > MAX_DIGITS:
        return -1, 0.0
    value = float(digits)
    if byte == 46:
        begin = at + 1
        at += 1
        byte = byte_at(data, at)
        while 48 <= byte <= 57:
            digits = digits * 10 + (byte - 48)
            at += 1
            byte = byte_at(data, at)
        decimals = at - begin
        if decimals == 0 or count + decimals > MAX_DIGITS:
            return -1, 0.0
        value = float(digits) / _TENS[decimals]
    if digits > _EXACT:
        return -1, 0.0
    return at, -value if negative else value


@loop
def _two(data: Any, at: int) -> int:
    """Read two digits; below zero where they are none."""
    high = byte_at(data, at) - 48
    low = byte_at(data, at + 1) - 48
    if high < 0 or high > 9 or low < 0 or low > 9:
        return -10_000
    return int(high * 10 + low)


@loop
def _minute_us(data: Any, at: int, kind: int) -> int:
    """Read the 16 bytes up to the minute; return microseconds since 1970, -1 where they are not plain."""
    if kind == ISO:
        year = _two(data, at) * 100 + _two(data, at + 2)
        month, day = _two(data, at + 5), _two(data, at + 8)
        first, second, blank = byte_at(data, at + 4), byte_at(data, at + 7), byte_at(data, at + 10)
        marks = first == 45 and second == 45 and (blank == 32 or blank == 84)
    else:
        year = _two(data, at + 6) * 100 + _two(data, at + 8)
        month, day = _two(data, at + 3), _two(data, at)
        first, second, blank = byte_at(data, at + 2), byte_at(data, at + 5), byte_at(data, at + 10)
        marks = first == 47 and second == 47 and blank == 32
    hour, minute = _two(data, at + 11), _two(data, at + 14)
    if not marks or byte_at(data, at + 13) != 58 or year < 1990 or year > 2099 or month < 1 or month > 12:
        return -1
    leap = year % 4 == 0  # of the years from 1990 to 2099 each fourth
    if day < 1 or day > _DAYS_IN[month] + (leap and month == 2) or hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return -1
    days = (year - 1970) * 365 + (year - 1969) // 4 + _DAYS_BEFORE[month] + (leap and month > 2) + day - 1
    return int(((days * 24 + hour) * 60 + minute) * 60_000_000)


@loop
def _seconds_us(data: Any, at: int) -> tuple[int, int]:
    """Read ``:ss`` with up to six decimals; return where it ends, -1 where it is not plain, and microseconds."""
    second = _two(data, at + 1)
    if byte_at(data, at) != 58 or second < 0 or second > 59:
        return -1, 0
    at += 3
    part = 0
    if byte_at(data, at) == 46:
        begin = at + 1
        at += 1
        byte = byte_at(data, at)
        while 48 <= byte <= 57 and at - begin < 7:
            part = part * 10 + (byte - 48)
            at += 1
            byte = byte_at(data, at)
        if at == begin or at - begin > 6:
            return -1, 0
        part *= _FRACTION_US[at - begin]
    return at, second * 1_000_000 + part


@loop
def _end(data: Any, at: int, delimiter: int, last: bool) -> int:
    """Return what follows the delimiter or, behind the last column, the line's end; -1 where something else stands."""
    byte = byte_at(data, at)
    if not last:
        return at + 1 if byte == delimiter else -1
    if byte == _RETURN:
        at += 1
        byte = byte_at(data, at)
    return at + 1 if byte == _NEWLINE else -1


@loop
def _agree(data: Any, other: Any, here: Any, runs: int) -> bool:
    """Say whether the first repeated columns of two lines are the same; each is where they stand and how long they are."""
    for r in range(runs):
        length = here[2 * r + 1]
        if other[2 * r + 1] != length or not _same(data, other[2 * r], here[2 * r], length):
            return False
    return True


@loop
def scan(
    data: Any, stops: Any, delimiter: int, kind: Any, width: Any, limit: int, table: Any,
    hashes: Any, place: Any, micro: Any, numbers: Any, valid: Any, nulls: Any, code: Any, line: Any, start: Any,
    odd: Any,
) -> Any:  # fmt: skip
    """Read the plain lines of a block.

    Parameters
    ----------
    data
        Whole lines, uint8, shape (n bytes,); the last byte is a newline.
    stops
        For each byte whether text ends or is odd there: delimiter, line's end, quote, NUL, beyond ASCII; shape (256,).
    kind, width
        What stands in each step of a line (`SKIP`, ...), and how many columns it spans; one step is `KEY`, int64.
    limit
        Most sets of repeated columns that are told apart.
    table, hashes, place
        Room for looking lines up: int32, filled with -1, its length a power of two above ``limit``; int64, shape
        (limit,); int64, shape (limit, 2 * repeated steps + 2): where each step stood last and how long it is, then
        where the first such line begins and ends.
    micro, numbers, valid, nulls, code, line, start
        Take the results: times [us], int64, shape (lines,); numbers, shape (number steps, lines); bit by bit what is
        not empty, uint8, filled with 255, one row for times and one for each number step; how many are empty; the set
        of repeated columns of each row; which line of the block it is; and where that begins.
    odd
        Takes number, begin and end of lines set aside, int64, shape (most of them, 3).

    Returns
    -------
    Rows read, sets of repeated columns, lines set aside; rows is -1 where too much differs or is odd.
    """
    size, rows, sets, aside, number, at = len(data), 0, 0, 0, 0, 0
    steps, mask = len(kind), len(table) - 1
    runs = place.shape[1] // 2 - 1
    here = np.zeros(place.shape[1], np.int64)
    early, late, minute = 0, 0, -1
    while at < size:
        begin, found, slot, h, run, j, probes, follows = at, -1, 0, 0, 0, 0, 0, 0
        agree = False
        plain = byte_at(data, at) != 35
        for s in range(steps):
            what, last = kind[s], s == steps - 1
            if what == NUMBER:
                end = at
                first = byte_at(data, at)
                if first == delimiter or first == _NEWLINE or first == _RETURN:
                    numbers[j, rows] = 0.0
                    valid[j + 1, rows >> 3] &= ~(1 << (rows & 7))
                    nulls[j + 1] += 1
                else:
                    end, numbers[j, rows] = _number(data, at)
                j += 1
            elif what == ISO or what == DAY_FIRST:
                end = at
                first = byte_at(data, at)
                if first == delimiter or first == _NEWLINE or first == _RETURN:
                    micro[rows] = 0
                    valid[0, rows >> 3] &= ~(1 << (rows & 7))
                    nulls[0] += 1
                elif at + 20 > size:
                    end = -1
                else:
                    if minute < 0 or word_at(data, at) != early or word_at(data, at + 8) != late:
                        early, late = word_at(data, at), word_at(data, at + 8)
                        minute = _minute_us(data, at, what)
                    end, second = _seconds_us(data, at + 16)
                    micro[rows] = minute + second
                    if minute < 0:
                        end = -1
            else:
                end = at
                if agree and what == REPEATED:
                    length = place[found, 2 * run + 1]
                    agree = at + length <= size and _same(data, place[found, 2 * run], at, length)
                    if agree:
                        here[2 * run], here[2 * run + 1] = at, length
                        run += 1
                        at += length
                        continue
                for k in range(width[s]):
                    if k:
                        if byte_at(data, end) != delimiter:
                            end = -1
                            break
                        end += 1
                    if what == KEY:
                        byte = byte_at(data, end)
                        while not stops[byte]:
                            h = h * 33 + byte
                            end += 1
                            byte = byte_at(data, end)
                    else:
                        while not stops[byte_at(data, end)]:
                            end += 1
            if end >= 0:
                follows = _end(data, end, delimiter, last)
            if end < 0 or follows < 0:
                plain = False
                break
            if what == KEY or what == REPEATED:
                here[2 * run], here[2 * run + 1] = at, follows - at
                run += 1
            at = follows
            if what == KEY:
                slot = (h ^ (h >> 15)) * 0x9E3779B1 >> 20 & mask
                while table[slot] >= 0 and hashes[table[slot]] != h and probes < MAX_PROBES:
                    slot = slot + 1 & mask
                    probes += 1
                found = table[slot]
                agree = found >= 0 and _agree(data, place[found], here, run)
        if plain and not agree:
            home = slot
            while table[slot] >= 0 and probes < MAX_PROBES:
                found = table[slot]
                if hashes[found] == h and _agree(data, place[found], here, runs):
                    agree = True
                    if hashes[table[home]] == h:  # it comes first now: the vessel's next line is likely to be like this
                        table[slot], table[home] = table[home], found
                    break
                slot = slot + 1 & mask
                probes += 1
            plain = probes < MAX_PROBES
            if plain and not agree:
                if sets == limit:
                    return -1, sets, aside
                found = sets
                table[slot], hashes[found], place[found, 2 * runs] = found, h, begin
                place[found, 2 * runs + 1] = at
                sets += 1
        if plain:
            for r in range(2 * runs):
                place[found, r] = here[r]
            code[rows], line[rows], start[rows] = found, number, begin
            rows += 1
        else:
            if aside == len(odd):
                return -1, sets, aside
            for k in range(len(nulls)):  # what the line has left is taken back
                bit = 1 << (rows & 7)
                nulls[k] -= valid[k, rows >> 3] & bit == 0
                valid[k, rows >> 3] |= bit
            at = begin
            while byte_at(data, at) != _NEWLINE:
                at += 1
            at += 1
            odd[aside, 0], odd[aside, 1], odd[aside, 2] = number, begin, at
            aside += 1
        number += 1
    return rows, sets, aside
