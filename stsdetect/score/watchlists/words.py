"""Cells of lists as numbers, dates and names; what strangers wrote is made harmless here."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum

from stsdetect.reference.texts import clean
from stsdetect.reference.vessels import imo_ok, imo_tells, mmsi_form

#: Longest name of an entry, and most names of one; the longest on OFAC's list of 2021 has 25 characters and eleven
#: names.
NAME_CHARS, MAX_NAMES = 60, 60
#: Longest text of what an entry is listed for.
PROGRAMME_CHARS = 80
#: Words that stand for nothing in the lists read here.
_NOTHING = frozenset({"", "-0-", "-", "--", "n/a", "na", "none", "null", "nan", "unknown", "not available", "nil"})
_IMO = re.compile(r"(?:IMO(?:\s*(?:NO\.?|NUMBER))?[\s:.#-]*)?(\d{7})(?:\.0)?(?!\d)", re.IGNORECASE)
_IMO_SAID = re.compile(r"\bIMO(?:\s*(?:NO\.?|NUMBER))?[\s:.#-]*(\d+)", re.IGNORECASE)
#: Call signs of ships have up to seven characters (Radio Regulations 19.55 and 19.56).
_CALLSIGN = re.compile(r"[A-Z0-9]{3,7}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]|$)")
_FORMS = ("%d %b %Y", "%d %B %Y", "%d %b. %Y", "%b %d, %Y", "%B %d, %Y", "%Y/%m/%d", "%Y%m%d")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")


class DayOrder(Enum):
    """What comes first in days with slashes; the value is what is wrong with them where that cannot be told."""

    MONTH = "%m/%d/%Y"
    DAY = "%d/%m/%Y"
    UNTOLD = "day of which nothing in the file tells whether day or month comes first, as in 03/04/2024"
    BOTH = "day in a file that has some with the day and some with the month first"


def said(text: object, limit: int = NAME_CHARS) -> str:
    """Return text of a list for a sentence: one line of letters, digits and a few signs only.

    >>> said('=HYPERLINK("x")<b>' + chr(0))
    '?HYPERLINK(?x?)?b?'
    """
    raw = unicodedata.normalize("NFC", clean(text, limit))
    return "".join(c if c.isalnum() or c in " -_.,:;#/()[]&'+…" else "?" for c in raw)


def is_nothing(text: str) -> bool:
    """Tell whether a cell says that there is nothing to say.

    >>> is_nothing(" -0- "), is_nothing("NA"), is_nothing("NAM SAN 8")
    (True, True, False)
    """
    return text.strip().casefold() in _NOTHING


def text_of(value: object) -> str:
    """Return a value of JSON as text, empty where it is neither text nor a number.

    >>> text_of(9187629.0), text_of(" X "), text_of(None), text_of(True)
    ('9187629', ' X ', '', '')
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def names_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names among some texts, each once, cleaned and cut.

    >>> names_of(["ARTAVIL", " artavil", "-0-", "ARTAVIL"])
    ('ARTAVIL', 'artavil')
    """
    found = dict.fromkeys(clean(text, NAME_CHARS) for text in texts if not is_nothing(text))
    return tuple(name for name in found if name)[:MAX_NAMES]


def imo_in(text: str, left_out: Counter[str]) -> int | None:
    """Return the IMO number that a cell is, with or without ``IMO`` before it; None where it is none.

    A number whose check digit is wrong, or that has not seven digits, is counted in ``left_out``.

    >>> count = Counter()
    >>> imo_in("IMO 9187629", count), imo_in("9187629.0", count), imo_in("9187620", count), imo_in("", count)
    (9187629, 9187629, None, None)
    >>> dict(count)
    {'IMO number fails its check digit': 1}
    """
    if is_nothing(text):
        return None
    found = _IMO.match(text.strip())
    if found is None:
        left_out["IMO number has not seven digits"] += 1
        return None
    return checked(int(found[1]), left_out)


def imos_in(text: str, left_out: Counter[str]) -> tuple[int, ...]:
    """Return the IMO numbers in a cell of one's own list, which may hold several, and words.

    >>> imos_in("9187629, 9187631 (old)", Counter()), imos_in("-", Counter())
    ((9187629, 9187631), ())
    """
    several = re.findall(r"(?<!\d)\d{7}(?!\d)", text)
    found = [imo_in(digits, left_out) for digits in several or [text]]
    return tuple(dict.fromkeys(number for number in found if number is not None))


def imos_said(text: str, left_out: Counter[str]) -> list[int]:
    """Return the IMO numbers a longer text speaks of, such as ``Registration Identification IMO 9187629; ...``."""
    found = []
    for digits in _IMO_SAID.findall(text):
        if len(digits) != 7:
            left_out["IMO number has not seven digits"] += 1
        elif (number := checked(int(digits), left_out)) is not None:
            found.append(number)
    return found


def checked(number: int, left_out: Counter[str]) -> int | None:
    """Return an IMO number if its check digit is right, else count it."""
    if imo_tells(number):
        return number
    left_out["IMO number " + ("is a placeholder" if imo_ok(number) else "fails its check digit")] += 1
    return None


def mmsi_in(text: str, left_out: Counter[str]) -> int | None:
    """Return the MMSI of a ship that a cell is; None where it is none.

    >>> count = Counter()
    >>> mmsi_in("572469210", count), mmsi_in("992190001", count), mmsi_in("-0-", count)
    (572469210, None, None)
    """
    if is_nothing(text):
        return None
    digits = text.strip().removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        left_out["MMSI is no number of nine digits"] += 1
        return None
    number = int(digits)
    if mmsi_form(number) != "ship":
        left_out["MMSI is no ship's"] += 1
        return None
    return number


def callsign_in(text: str) -> str:
    """Return a call sign in capitals without spaces; empty where a text is none.

    >>> callsign_in(" t2eu 4 "), callsign_in("-0-"), callsign_in("to be told")
    ('T2EU4', '', '')
    """
    if is_nothing(text):
        return ""
    word = "".join(text.split()).upper()
    return word if _CALLSIGN.fullmatch(word) and any(map(str.isalpha, word)) else ""


def day_in(text: str, order: DayOrder = DayOrder.MONTH) -> date | None:
    """Return the day a text names; None where it is none.

    Of 3/4/2026 the month comes first unless told, as in the United States, where most lists with such dates are
    published.

    >>> day_in("2026-03-20T10:49:19Z"), day_in("30 Mar. 2018"), day_in("03/20/2026"), day_in("soon")
    (datetime.date(2026, 3, 20), datetime.date(2018, 3, 30), datetime.date(2026, 3, 20), None)
    """
    words = " ".join(text.split())[:40]
    if _ISO.match(words):
        try:
            return date.fromisoformat(words[:10])
        except ValueError:
            return None
    for form in (*_FORMS, order.value) if order in (DayOrder.MONTH, DayOrder.DAY) else _FORMS:
        try:
            return datetime.strptime(words, form).date()
        except ValueError:
            continue
    return None


def day_told(text: str, left_out: Counter[str], order: DayOrder = DayOrder.MONTH) -> date | None:
    """Return the day that a cell is; None where it is none. One that is not understood is counted in ``left_out``.

    >>> count = Counter()
    >>> day_told("2026-03-20", count), day_told("soon", count), day_told("-", count)
    (datetime.date(2026, 3, 20), None, None)
    >>> dict(count)
    {'day that is not understood': 1}
    """
    if is_nothing(text):
        return None
    day = day_in(text, order)
    if day is None:
        untold = order in (DayOrder.UNTOLD, DayOrder.BOTH) and _SLASHED.fullmatch(text.strip())
        left_out[order.value if untold else "day that is not understood"] += 1
    return day


def day_order(texts: Iterable[str]) -> DayOrder:
    """Return what comes first in the days of one file: a part above 12 can be no month.

    >>> day_order(["30/06/2024", "03/04/2024"]), day_order(["03/04/2024"]).name
    (<DayOrder.DAY: '%d/%m/%Y'>, 'UNTOLD')
    """
    day = month = False
    for text in texts:
        if found := _SLASHED.fullmatch(text.strip()):
            day, month = day or int(found[1]) > 12, month or int(found[2]) > 12
    if day and month:
        return DayOrder.BOTH
    return DayOrder.DAY if day else DayOrder.MONTH if month else DayOrder.UNTOLD
