"""Text from AIS is hostile: made harmless before it is shown."""

from __future__ import annotations

import unicodedata

#: Longest vessel name shown; AIS allows 20 characters, other sources more.
NAME_LIMIT = 40


def clean(text: object, limit: int = NAME_LIMIT) -> str:
    """Return text on one line without control, format and bidirectional characters, at most ``limit`` long.

    >>> clean("OCEAN\\u202eRATS \\x00 1")
    'OCEANRATS 1'
    """
    if text is None:
        return ""
    # Ten times the limit is enough to look at: names of a megabyte must not cost time.
    raw = str(text)[: limit * 10]
    if not raw.isprintable():
        raw = "".join(" " if c.isspace() else c for c in raw if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join(raw.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
