"""What the numbers that vessels broadcast stand for: ship types, statuses, MMSI forms, flags, IMO numbers.

All tables are packaged facts (``reference/data``), each row with source, confidence and date.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stsdetect.reference.facts import read_facts

MmsiForm = Literal["ship", "base", "aid", "sar_aircraft", "sart", "aux", "handheld", "group", "junk", "invalid"]

#: Names of the codes that `mmsi_forms` returns, by position.
MMSI_FORM_NAMES: tuple[MmsiForm, ...] = (
    "ship",
    "base",
    "aid",
    "sar_aircraft",
    "sart",
    "aux",
    "handheld",
    "group",
    "junk",
    "invalid",
)

#: AIS ship and cargo type, 0-99, in words (ITU-R M.1371-5 table 53).
SHIP_TYPES: dict[int, str] = {int(row["code"]): row["name"] for row in read_facts("ship_types.csv")}

#: Navigational status, 0-15, in words (ITU-R M.1371-5 table 45).
NAV_STATUSES: dict[int, str] = {int(row["code"]): row["name"] for row in read_facts("nav_status.csv")}


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


@cache
def _spellings(table: str) -> dict[str, int]:
    """Every known spelling of a table's codes; listed spellings go before names, earlier rows before later."""
    rows = read_facts(table)
    known: dict[str, int] = {}
    listed = [(text, row["code"]) for row in rows for text in row["texts"].split("|") if text]
    for text, code in [*listed, *((row["name"], row["code"]) for row in rows)]:
        known.setdefault(_plain(text), int(code))
    return known


def _number(text: str, top: int) -> int | None:
    """Read ``"70"`` or ``"70.0"``; None where the text is not a whole number in 0..top."""
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if 0 <= value <= top and value == int(value) else None


def ship_type_name(code: int) -> str:
    """Return an AIS ship type in words.

    Examples
    --------
    >>> ship_type_name(84)
    'tanker, hazard category D'
    >>> ship_type_name(1024)
    'tank ship'
    """
    if code in SHIP_TYPES:
        return SHIP_TYPES[code]
    legacy = _legacy().get(code)
    return legacy[2] if legacy else f"unknown type {code}"


def ship_type_code(text: str) -> int | None:
    """Return the AIS ship type for a text such as ``"Tanker"`` or ``"37.0"``; None where it is not known.

    A word names a whole class, so it gives the class's first code (80 for any tanker). Case and spaces do
    not matter. Numbers 1001-1025 of early NOAA files are turned into AIS types.

    Examples
    --------
    >>> ship_type_code("Towing long/wide"), ship_type_code("TANKER"), ship_type_code("1024")
    (32, 80, 80)
    """
    number = _number(text, 1025)
    if number is None:
        return _spellings("ship_types.csv").get(_plain(text))
    return number if number in SHIP_TYPES else legacy_noaa_type(number)


def nav_status_name(code: int) -> str:
    """Return a navigational status in words.

    Examples
    --------
    >>> nav_status_name(1)
    'at anchor'
    """
    return NAV_STATUSES.get(code, f"unknown status {code}")


def nav_status_code(text: str) -> int | None:
    """Return the navigational status for a text such as ``"Moored"`` or ``"5.0"``; None where not known.

    Examples
    --------
    >>> nav_status_code("Restricted maneuverability"), nav_status_code("Unknown value")
    (3, 15)
    """
    number = _number(text, 15)
    return number if number is not None else _spellings("nav_status.csv").get(_plain(text))


@cache
def _legacy() -> dict[int, tuple[int, str, str]]:
    rows = read_facts("legacy_noaa_types.csv")
    return {int(row["code"]): (int(row["ais_type"]), row["confidence"], row["name"]) for row in rows}


def legacy_noaa_type(code: int) -> int | None:
    """Return the AIS ship type for a type 1001-1025 of NOAA files of 2015-2017; None for other numbers.

    Examples
    --------
    >>> legacy_noaa_type(1012)
    60
    """
    found = _legacy().get(code)
    return found[0] if found else None


@cache
def _form_ranges() -> tuple[tuple[int, int, int], ...]:
    rows = read_facts("mmsi_forms.csv")
    return tuple((MMSI_FORM_NAMES.index(row["form"]), int(row["first"]), int(row["last"])) for row in rows)


def mmsi_forms(mmsi: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return for each MMSI the position of its form in `MMSI_FORM_NAMES`, shape (n,).

    Numbers have lost their leading zeros: 2190064 is base station 002190064. A number that fits no form of
    ITU-R M.585 is ``invalid``; factory settings such as 123456789 are ``junk``, whatever form they have.

    Examples
    --------
    >>> [MMSI_FORM_NAMES[code] for code in mmsi_forms(np.array([445123000, 2190064, 0]))]
    ['ship', 'base', 'junk']
    """
    values = np.asarray(mmsi, dtype=np.int64)
    forms = np.full(values.shape, MMSI_FORM_NAMES.index("invalid"), dtype=np.int8)
    for code, first, last in _form_ranges():  # junk stands last in the table, so it overrides
        forms[(values >= first) & (values <= last)] = code
    return forms


def mmsi_form(mmsi: int) -> MmsiForm:
    """Return the form of one MMSI; see `mmsi_forms`.

    Examples
    --------
    >>> mmsi_form(992190001), mmsi_form(99)
    ('aid', 'invalid')
    """
    if not 0 <= mmsi <= 999_999_999:
        return "invalid"
    return MMSI_FORM_NAMES[int(mmsi_forms(np.array([mmsi], dtype=np.int64))[0])]


#: Where the three digits of the country stand: MMSI // divisor % 1000 (ITU-R M.585-9).
_MID_DIVISOR: dict[str, int] = {
    "ship": 1_000_000,
    "base": 10_000,
    "group": 100_000,
    "sar_aircraft": 1_000,
    "handheld": 100_000,
    "aux": 10_000,
    "aid": 10_000,
}


@cache
def _flags() -> dict[int, tuple[str, str]]:
    return {int(row["mid"]): (row["iso2"], row["country"]) for row in read_facts("mid_flags.csv")}


def flag_of(mmsi: int) -> tuple[str, str] | None:
    """Return (ISO 3166 alpha-2, country) of an MMSI's country digits; None where there are none or unknown.

    Examples
    --------
    >>> flag_of(273123456)[0], flag_of(2190064)[0], flag_of(123456789)
    ('RU', 'DK', None)
    """
    divisor = _MID_DIVISOR.get(mmsi_form(mmsi))
    return _flags().get(mmsi // divisor % 1000) if divisor else None


@cache
def flag_evidence() -> dict[str, dict[str, str]]:
    """Return by ISO code what was published about a flag in evasion cases, with source and confidence."""
    return {row["iso2"]: row for row in read_facts("flag_evidence.csv")}


def imo_ok(imo: Any) -> bool:
    """Tell whether a number is an IMO ship number: seven digits, the last a checksum of the other six.

    The digits are weighed 7, 6, 5, 4, 3, 2; the last digit of the sum is the seventh (IMO Res. A.1117(30)).

    Examples
    --------
    >>> imo_ok(9074729), imo_ok(9074720), imo_ok(None)
    (True, False, False)
    """
    try:
        number = int(imo)
    except (TypeError, ValueError, OverflowError):
        return False
    if not 1_000_000 <= number <= 9_999_999:
        return False
    digits = [int(digit) for digit in str(number)]
    total = sum(weight * digit for weight, digit in zip(range(7, 1, -1), digits, strict=False))
    return total % 10 == digits[6]


def imo_passed_on(must: int, without: int) -> bool:
    """Tell whether a source passes IMO numbers on, by how many of the ships that must have one are ``without``.

    Where more than half are, it is the source that has none, and a ship without one tells nothing (our choice).

    Examples
    --------
    >>> imo_passed_on(10, 3), imo_passed_on(10, 10)
    (True, False)
    """
    return 2 * without <= must


#: Numbers typed in place of an IMO number whose check digit is right by chance: 1 to 7 in a row, and 5 seven times (our
#: choice, as ``mmsi_forms.csv`` has such MMSIs).
_PLACEHOLDERS = frozenset({1_234_567, 5_555_555})


def imo_tells(imo: Any) -> bool:
    """Tell whether an IMO number tells one ship from others: a right one that is not typed in place of one.

    Examples
    --------
    >>> imo_tells(9074729), imo_tells(9074720), imo_ok(1234567), imo_tells(1234567)
    (True, False, True, False)
    """
    return imo_ok(imo) and int(imo) not in _PLACEHOLDERS
