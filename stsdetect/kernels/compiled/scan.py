"""Split lines of delimited text and read their numbers and times, in one pass over the bytes.

Only what is utterly plain is read here; every other line is set aside for the general reader, so nothing is judged
twice. What a vessel repeats in each report (name, size, status, ...) is compared, 64 bytes at a time, with what was
kept of an earlier line and not split again. No byte is looked at outside the block: it ends with a newline, at which
every walk stops, and what is loaded at once is measured first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.jit import loop
from stsdetect.kernels.compiled.scan_machine import byte_at, differ_64, equal_64, fetch, lowest, ones, part, word_at

#: What stands in a step of a line: columns not wanted, columns that repeat, the vessel's number (by which lines are
#: looked up), a number, a time ``YYYY-MM-DD hh:mm:ss``, a time ``DD/MM/YYYY hh:mm:ss``.
SKIP, REPEATED, KEY, NUMBER, ISO, DAY_FIRST = 0, 1, 2, 3, 4, 5
#: Looked-up lines that may differ from the line at hand before it is set aside.
MAX_PROBES = 64
#: Most digits of a number; below 2^53 it and a power of ten up to 10^22 are exact, and so is the nearest float64 to
#: their quotient what one division gives (Clinger 1990).
MAX_DIGITS = 18
_EXACT = 1 << 53
#: Digits of either side of the point that are read at once, and the bits that hold the last k of eight bytes.
_AT_ONCE = 8
_LAST = np.array([0, *(-(1 << 64 - 8 * k) for k in range(1, 9))], np.int64)
_TENS = np.array([float(f"1e{n}") for n in range(MAX_DIGITS + 1)])
_FRACTION_US = np.array([10**n for n in range(6, -1, -1)], np.int64)
_DAYS_BEFORE = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_DAYS_IN = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_WHOLE_TENS = np.array([10**n for n in range(_AT_ONCE + 1)], np.int64)
_ZEROS, _SIX_UP, _TOP_BITS = 0x3030303030303030, 0x7676767676767676, -0x7F7F7F7F7F7F7F80
_NEWLINE, _RETURN = 10, 13


@loop
def newlines(data: Any) -> int:
    """Count the newlines of a block, uint8 of shape (n,)."""
    at = np.int64(data.ctypes.data)
    count, stop = 0, at + len(data)
    while at + 64 <= stop:
        count += ones(equal_64(at, _NEWLINE))
        at += 64
    while at < stop:
        count += byte_at(at) == _NEWLINE
        at += 1
    return count


@loop
def gather(data: Any, spans: Any, out: Any) -> int:
    """Copy pieces of a block, one after another: where each begins and ends, int64, shape (pieces, 2)."""
    done = 0
    for i in range(len(spans)):
        for k in range(spans[i, 0], spans[i, 1]):
            out[done] = data[k]
            done += 1
    return done


@part
def _bits(at: int, stop: int, byte: int) -> int:
    """Return which of the 64 bytes from ``at`` on are a certain one, bit by bit; behind the block is none."""
    if at + 64 <= stop:
        return int(equal_64(at, byte))
    bits = 0
    for i in range(stop - at):
        bits |= (byte_at(at + i) == byte) << i
    return bits


@part
def _same(a: int, b: int, n: int, stop: int) -> bool:
    """Say whether n bytes kept at a and n at b in the block, which has so many, are the same; n is 1 or more."""
    while n > 0 and b + 128 <= stop:
        # Nearly always more than 64 and less than 128: two comparisons cost less than a guess whether one will do.
        more = min(max(n - 64, 0), 64)
        rest = differ_64(a + 64, b + 64) << 32 - more // 2 << 32 - (more - more // 2)
        if differ_64(a, b) << 64 - min(n, 64) | rest:
            return False
        a, b, n = a + 128, b + 128, n - 128
    same = True
    for i in range(n):
        same = same and byte_at(a + i) == byte_at(b + i)
    return same


@part
def _eight(digits: int) -> int:
    """Return the number of eight decimal digits, one in each byte, the first lowest."""
    pairs = digits * 10 + (digits >> 8)
    low = (pairs & 0x000000FF000000FF) * 0x000F424000000064
    return (low + (pairs >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >> 32


@part
def _number(at: int, end: int, dot: int, origin: int) -> tuple[bool, float]:
    """Read a number between two places, its point at ``dot`` or none before ``end``; first say whether it is plain."""
    negative = byte_at(at) == 45
    at += negative
    point = min(dot, end)
    whole, decimals = point - at, max(end - point - 1, 0)
    if at >= origin + 8 and 1 <= whole <= _AT_ONCE and decimals <= _AT_ONCE and whole + decimals <= 15:
        high = (word_at(point - 8) ^ _ZEROS) & _LAST[whole]
        low = (word_at(end - 8) ^ _ZEROS) & _LAST[decimals]
        odd = (high | high + _SIX_UP | low | low + _SIX_UP) & _TOP_BITS
        if whole + decimals <= _AT_ONCE:
            digits = _eight(high >> 8 * decimals | low)
        else:
            digits = _eight(high) * _WHOLE_TENS[decimals] + _eight(low)
        plain = odd == 0 and (decimals > 0 or point == end)
    else:
        digits, plain = 0, whole > 0 and (decimals > 0 or point == end) and whole + decimals <= MAX_DIGITS
        for i in range(at, end):
            byte = byte_at(i)
            if i != point:
                plain = plain and 48 <= byte <= 57
                digits = digits * 10 + (byte - 48)
        plain = plain and 0 <= digits <= _EXACT
    if not plain:
        return False, 0.0
    value = float(digits) / _TENS[decimals]
    return True, -value if negative else value


@part
def _two(at: int) -> int:
    """Read two digits; below zero where they are none."""
    high = byte_at(at) - 48
    low = byte_at(at + 1) - 48
    if high < 0 or high > 9 or low < 0 or low > 9:
        return -10_000
    return int(high * 10 + low)


@loop
def _minute_us(at: int, kind: int) -> int:
    """Read the 16 bytes up to the minute; return microseconds since 1970, -1 where they are not plain."""
    if kind == ISO:
        year = _two(at) * 100 + _two(at + 2)
        month, day = _two(at + 5), _two(at + 8)
        first, second, blank = byte_at(at + 4), byte_at(at + 7), byte_at(at + 10)
        marks = first == 45 and second == 45 and (blank == 32 or blank == 84)
    else:
        year = _two(at + 6) * 100 + _two(at + 8)
        month, day = _two(at + 3), _two(at)
        first, second, blank = byte_at(at + 2), byte_at(at + 5), byte_at(at + 10)
        marks = first == 47 and second == 47 and blank == 32
    hour, minute = _two(at + 11), _two(at + 14)
    if not marks or byte_at(at + 13) != 58 or year < 1990 or year > 2099 or month < 1 or month > 12:
        return -1
    leap = year % 4 == 0  # of the years from 1990 to 2099 each fourth
    if day < 1 or day > _DAYS_IN[month] + (leap and month == 2) or hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return -1
    days = (year - 1970) * 365 + (year - 1969) // 4 + _DAYS_BEFORE[month] + (leap and month > 2) + day - 1
    return int(((days * 24 + hour) * 60 + minute) * 60_000_000)


@part
def _seconds_us(at: int) -> tuple[int, int]:
    """Read ``:ss`` with up to six decimals; return where it ends, -1 where it is not plain, and microseconds."""
    second = _two(at + 1)
    if byte_at(at) != 58 or second < 0 or second > 59:
        return -1, 0
    at += 3
    part = 0
    if byte_at(at) == 46:
        begin = at + 1
        at += 1
        byte = byte_at(at)
        while 48 <= byte <= 57 and at - begin < 7:
            part = part * 10 + (byte - 48)
            at += 1
            byte = byte_at(at)
        if at == begin or at - begin > 6:
            return -1, 0
        part *= _FRACTION_US[at - begin]
    return at, second * 1_000_000 + part


@part
def _end(at: int, delimiter: int, last: bool) -> int:
    """Return what follows the delimiter or, behind the last column, the line's end; -1 where something else stands."""
    byte = byte_at(at)
    if not last:
        return at + 1 if byte == delimiter else -1
    if byte == _RETURN:
        at += 1
        byte = byte_at(at)
    return at + 1 if byte == _NEWLINE else -1


@part
def _walk(at: int, stops: int, delimiter: int, count: int) -> int:
    """Return where so many columns end; -1 where they do not."""
    for k in range(count):
        if k:
            if byte_at(at) != delimiter:
                return -1
            at += 1
        while not byte_at(stops + byte_at(at)):
            at += 1
    return at


@part
def _ends_of(at: int, length: int) -> tuple[int, int]:
    """Return the first and the last eight of up to 16 bytes: with the length they tell all of them."""
    if length >= 8:
        return word_at(at), word_at(at + length - 8)
    first = 0
    for i in range(length):
        first |= byte_at(at + i) << 8 * i
    return first, 0


@part
def _mix(first: int, last: int) -> int:
    """Spread what differs anywhere in two words over the low bits of one."""
    mixed = (first ^ last >> 23) * 0x9E3779B97F4A7C1 + last
    mixed = (mixed ^ mixed >> 32) * 0x9E3779B97F4A7C1
    return mixed ^ mixed >> 29


@loop
def _fill(table: Any, known: Any) -> None:
    """Give each set a slot."""
    table[:] = -1
    for found in range(len(known)):
        slot = _mix(known[found, 0], known[found, 1]) & len(table) - 1
        while table[slot] >= 0:
            slot = slot + 1 & len(table) - 1
        table[slot] = found


@part
def _next_line(at: int, stop: int) -> int:
    """Return where the next line begins, ``stop`` behind the last."""
    bits = _bits(at, stop, _NEWLINE)
    while bits == 0 and at < stop:
        at += 64
        bits = _bits(at, stop, _NEWLINE)
    return at + lowest(bits) + 1 if bits else stop


@loop
def _keep(here: Any, wide: int, filled: Any, known: Any, text: Any, used_by: int) -> int:
    """Keep the key and the repeated columns of a line as one more set; return its number, -1 where there is no room."""
    found, used = filled[0], filled[1]
    if found == len(known) or used + used_by + 128 > len(text):
        return -1
    known[found, 0], known[found, 1], known[found, 2] = here[0], here[1], here[2]
    for r in range(3, wide, 2):
        known[found, r], known[found, r + 1] = np.int64(text.ctypes.data) + used, here[r + 1]
        for i in range(here[r + 1]):
            text[used + i] = byte_at(here[r] + i)
        used += here[r + 1]
    filled[0], filled[1] = found + 1, used
    return int(found)


@loop
def _take_back(row: int, valid: Any, nulls: Any) -> None:
    """Forget the empty numbers of a line that is set aside after all."""
    bit = 1 << (row & 7)
    for k in range(len(nulls)):
        nulls[k] -= valid[k, row >> 3] & bit == 0
        valid[k, row >> 3] |= bit


@loop
def scan(
    data: Any, stops: Any, delimiter: int, kind: Any, width: Any, table: Any, known: Any, text: Any, filled: Any,
    example: Any, micro: Any, numbers: Any, valid: Any, nulls: Any, code: Any, line: Any, start: Any, odd: Any,
) -> Any:  # fmt: skip
    """Read the plain lines of a block.

    Parameters
    ----------
    data
        Whole lines, uint8, shape (n bytes,), below 2^31 of them; the last byte is a newline.
    stops
        For each byte whether text ends or is odd there: delimiter, line's end, quote, NUL, beyond ASCII; uint8,
        shape (256,).
    kind, width
        What stands in each step of a line (`SKIP`, ...), and how many columns it spans; one step is `KEY`, int64.
    table, known, text, filled
        Sets of repeated columns told apart so far. Slots by which they are looked up: int32, -1 where free, a power
        of two of them, twice as many as sets or more. For each set the key's first and last bytes and its length,
        then where in ``text`` each step is kept and how long it is: int64, shape (most sets, 3 + 2 * repeated steps or
        more). Bytes kept. How many sets there are, bytes kept, and slots in use (a power of two) less one: int64,
        shape (3,).
    example
        Takes where the first line of each new set begins and ends: int64, shape (most sets, 2).
    micro, numbers, valid, nulls, code, line, start
        Take the results: times [us], int64, shape (lines,); numbers, shape (number steps, lines); bit by bit what is
        not empty, uint8, filled with 255, one row for times and one for each number step; how many are empty; the set
        of repeated columns of each row; which line of the block it is; and where that begins.
    odd
        Takes number, begin and end of lines set aside, int64, shape (most of them, 3).

    Returns
    -------
    Rows read and lines set aside; rows is -1 where there is no room for more sets or lines.
    """
    origin: Any = np.int64(data.ctypes.data)
    stop_at: Any = np.int64(stops.ctypes.data)
    stop, at = origin + len(data), origin
    rows, aside, number, old = 0, 0, 0, filled[0]
    steps, mask, wide = len(kind), filled[2], 3 + 2 * np.sum(kind == REPEATED)
    here = np.zeros(wide, np.int64)
    early, late, minute, base, marks, dots, home, found = 0, 0, -1, 0, 0, 0, 0, -1
    table_at, known_at, far = np.int64(table.ctypes.data), np.int64(known.ctypes.data), 8 * known.shape[1]
    scout, coming = origin, np.zeros(8, np.int64)
    for _ in range(6):
        scout = _next_line(scout, stop)
    while at < stop:
        if kind[0] == KEY and scout < stop:
            # What the next lines will be compared with is far away in memory; it comes while this line is read.
            if scout + 16 <= stop:
                first, second = _ends_of(scout, here[2])
                coming[number + 6 & 7] = _mix(first, second)
                fetch(table_at + 4 * (coming[number + 6 & 7] & mask))
            soon = table[coming[number + 4 & 7] & mask]
            fetch(known_at + far * soon)
            soon = table[coming[number + 2 & 7] & mask]
            fetch(known[max(soon, 0), wide - 2])
            fetch(known[max(soon, 0), wide - 2] + 63)
            scout = _next_line(scout, stop)
        if rows == len(code):
            return -1, aside
        begin, run, j, probes, agree = at, 3, 0, 0, False
        plain = byte_at(at) != 35
        for s in range(steps):
            what = kind[s]
            end = -1
            if what >= ISO:
                if byte_at(stop_at + byte_at(at)):
                    end = at
                    micro[rows] = 0
                    valid[0, rows >> 3] &= ~(1 << (rows & 7))
                    nulls[0] += 1
                elif at + 20 <= stop:
                    if word_at(at) != early or word_at(at + 8) != late:
                        early, late = word_at(at), word_at(at + 8)
                        minute = _minute_us(at, what)
                    end, second = _seconds_us(at + 16)
                    micro[rows] = minute + second
                    end = -1 if minute < 0 else end
            elif what >= KEY:
                if s == 0 or kind[s - 1] != NUMBER or marks == 0:
                    base = at
                    marks = _bits(at, stop, delimiter) | _bits(at, stop, _NEWLINE) | _bits(at, stop, _RETURN)
                    dots = _bits(at, stop, 46) if what == NUMBER else 0
                end = base + lowest(marks) if marks else -1
                marks &= marks - 1
                if what == KEY:
                    end = end if end - at <= 16 else -1
                elif end > at:
                    fine, numbers[j, rows] = _number(at, end, at + lowest(dots >> at - base), origin)
                    end = end if fine else -1
                else:
                    numbers[j, rows] = 0.0
                    valid[j + 1, rows >> 3] &= ~(1 << (rows & 7))
                    nulls[j + 1] += 1
                j += what == NUMBER
            else:
                if agree and what == REPEATED:
                    length = known[found, run + 1]
                    agree = at + length <= stop and _same(known[found, run], at, length, stop)
                    if agree:
                        here[run], here[run + 1] = at, length
                        run += 2
                        at += length
                        continue
                end = _walk(at, stop_at, delimiter, width[s])
            follows = _end(end, delimiter, s == steps - 1) if end >= 0 else -1
            if follows < 0:
                plain = False
                break
            if what == REPEATED:
                here[run], here[run + 1] = at, follows - at
                run += 2
            elif what == KEY:
                here[0], here[1] = _ends_of(at, end - at)
                here[2] = end - at
                home = _mix(here[0], here[1]) & mask
                while table[home] >= 0 and probes < MAX_PROBES and not agree:
                    found = table[home]
                    agree = known[found, 0] == here[0] and known[found, 1] == here[1] and known[found, 2] == here[2]
                    home = home + (not agree) & mask
                    probes += 1
                if agree:
                    fetch(known[found, wide - 2])
                    fetch(known[found, wide - 2] + 48)
                    for r in range(3, run, 2):
                        agree = (
                            agree
                            and known[found, r + 1] == here[r + 1]
                            and _same(known[found, r], here[r], here[r + 1], stop)
                        )
                else:  # a vessel not seen yet: is its number plain text?
                    plain = plain and _walk(at, stop_at, delimiter, 1) == end
            at = follows
        slot = home
        while plain and not agree and table[slot] >= 0:
            found = table[slot]
            agree = known[found, 0] == here[0] and known[found, 1] == here[1] and known[found, 2] == here[2]
            for r in range(3, wide, 2):
                agree = (
                    agree and known[found, r + 1] == here[r + 1] and _same(known[found, r], here[r], here[r + 1], stop)
                )
            if agree:  # it comes first now: the vessel's next line is likely to be like this one
                table[slot], table[home] = table[home], found
            slot = slot + 1 & mask
            probes += 1
            plain = probes < 2 * MAX_PROBES
        if plain and not agree:
            found = _keep(here, wide, filled, known, text, at - begin)
            if found < 0:
                return -1, aside
            table[slot] = found
            example[found - old, 0], example[found - old, 1] = begin - origin, at - origin
            if 2 * found > mask:  # few slots stay near; when they are half full there are to be twice as many
                mask = 2 * mask + 1
                filled[2] = mask
                _fill(table[: mask + 1], known[: found + 1])
        if plain:
            code[rows], line[rows], start[rows] = found, number, begin - origin
            rows += 1
        else:
            if aside == len(odd):
                return -1, aside
            _take_back(rows, valid, nulls)
            at = _next_line(begin, stop)
            odd[aside, 0], odd[aside, 1], odd[aside, 2] = number, begin - origin, at - origin
            aside += 1
        number += 1
    return rows, aside
