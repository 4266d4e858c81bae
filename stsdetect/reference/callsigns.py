"""Which state a radio call sign was issued by: the series of the ITU, as far as two characters tell."""

from __future__ import annotations

import re
from functools import cache

from stsdetect.reference.facts import read_facts

#: Forms of a ship's call sign (Radio Regulations 19.55 and 19.56): two characters and two letters, then up to two
#: digits; or two characters, perhaps a letter, and four digits. Anything else is a name or a note, and tells nothing.
_SHIP_FORM = re.compile(r"[A-Z0-9]{2}[A-Z]{2}[0-9]{0,2}|[A-Z0-9]{2}[A-Z]?[0-9]{4}")
#: Words of such a form that stand for nothing.
_WORDS = frozenset({"NONE", "TEST", "XXXX", "NULL", "NOCS", "SHIP", "BOAT", "CALL", "SIGN"})

#: Territories whose ships bear call signs of another series (or share one), by the state whose series it is. Taiwan
#: uses part of the series B, which the ITU lists under China.
_SERIES_OF = {
    **dict.fromkeys(("HK", "MO", "TW"), "CN"),
    **dict.fromkeys(("GI", "BM", "KY", "VG", "TC", "FK", "AI", "MS", "SH", "PN", "IM", "GG", "JE"), "GB"),
    **dict.fromkeys(("FO", "GL"), "DK"),
    **dict.fromkeys(("AW", "CW", "SX", "BQ"), "NL"),
    **dict.fromkeys(("GF", "GP", "MQ", "NC", "PF", "PM", "RE", "TF", "WF"), "FR"),
    **dict.fromkeys(("PR", "VI", "MP", "AS", "GU"), "US"),
    **dict.fromkeys(("CX", "CC", "NF"), "AU"),
    **dict.fromkeys(("CK", "NU", "TK"), "NZ"),
    "SJ": "NO",
    "AX": "FI",
}


@cache
def _prefixes() -> dict[str, str]:
    """Return the state of every prefix of two characters."""
    known: dict[str, str] = {}
    for row in read_facts("callsign_series.csv"):
        for code in range(ord(row["first"][1]), ord(row["last"][1]) + 1):
            known[row["first"][0] + chr(code)] = row["iso2"]
    return known


def callsign_state(text: str) -> str | None:
    """Return the ISO 3166 letters of the state whose series a ship's call sign is of; None where it tells none.

    Examples
    --------
    >>> callsign_state("HMYX7"), callsign_state("3EAB7"), callsign_state("SEA GULL"), callsign_state("1234567")
    ('KP', 'PA', None, None)
    """
    word = text.strip().upper()
    if word in _WORDS or _SHIP_FORM.fullmatch(word) is None:
        return None
    return _prefixes().get(word[:2])


def one_series(state: str, other: str) -> bool:
    """Tell whether ships of two states or territories bear call signs of one series.

    Examples
    --------
    >>> one_series("HK", "CN"), one_series("PA", "CN")
    (True, False)
    """
    return _SERIES_OF.get(state, state) == _SERIES_OF.get(other, other)
