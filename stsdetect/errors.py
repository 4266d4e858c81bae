"""The exceptions stsdetect raises on purpose.

Each carries a message for people (what is wrong, where, what to do next) and the exit code the command
line ends with. Anything else that escapes is a bug and ends with exit code 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

#: Characters that steer a terminal or turn the direction of writing; files of strangers may hold them in any name.
_STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
#: What Python makes of bytes of a file name that are not UTF-8 (PEP 383), and other halves of surrogate pairs.
_NO_TEXT = re.compile("[\ud800-\udfff]")


def shown(path: object) -> str:
    """Return a path as text that every file and screen can hold: bytes that are not UTF-8 are written out.

    >>> shown("mar\\udce7o.csv")
    'mar\\\\xe7o.csv'
    """
    return _NO_TEXT.sub(_written_out, str(path))


def _written_out(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\u{number:04x}"


class StsError(Exception):
    """Base of every error raised on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __str__(self) -> str:
        return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), shown(super().__str__()))


class UsageError(StsError):
    """The call is wrong: an option, an argument, an output that cannot be written."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting has a wrong name or value."""


class SchemaError(UsageError):
    """A table handed over lacks a column or has one of the wrong type."""


class InputError(StsError):
    """No input could be read at all."""

    exit_code = 3


class TooManyRejectsError(StsError):
    """The work is done and written, but more rows were rejected than allowed."""

    exit_code = 4


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'a' or 'b'?`` for the known words nearest to ``word``, or an empty string.

    >>> did_you_mean("max_distnce_m", ["max_distance_m", "min_duration_s"])
    " Did you mean 'max_distance_m'?"
    """
    near = get_close_matches(word, list(known), n=3, cutoff=0.5)
    if not near:
        return ""
    return " Did you mean " + " or ".join(f"'{name}'" for name in near) + "?"
