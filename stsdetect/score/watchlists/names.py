"""Names of vessels as they are compared.

A name is put into capitals without accents; what stands in brackets goes; punctuation becomes a space; words before
it that say what sort of ship it is go (``M/T``, ``MV``, ``MOTOR TANKER``, ``SS``), and so does ``NO`` before a number.
Roman numbers at its end become digits (``ARK III`` is ``ARK 3``). What is left is compared without spaces: its letters
may differ by a slip, its numbers may not, because ships of one owner are numbered: ``SAM JONG 1`` is not
``SAM JONG 2``. Nor may a single letter at its end, which stands for one: ``ALPHA A`` is not ``ALPHA B``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: Words before a name that say what sort of ship it is; single letters of ``M/T`` come apart.
_SORTS = frozenset({
    "MT", "MV", "MS", "SS", "TSS", "FV", "LPG", "LNG", "LPGC", "LNGC", "VLCC", "MOTOR", "TANKER", "VESSEL", "SHIP",
    "STEAMSHIP",
})  # fmt: skip
_PAIRS = frozenset({("M", "T"), ("M", "V"), ("M", "S"), ("S", "S"), ("F", "V"), ("M", "Y"), ("S", "Y")})
_ROMAN = {"II": "2", "III": "3", "IV": "4", "VI": "6", "VII": "7", "VIII": "8", "IX": "9", "XI": "11", "XII": "12"}
#: Letters that are no letter with an accent, as AIS writes them, which knows A to Z only.
_SPELT = {"Æ": "AE", "Ø": "O", "Å": "A", "ß": "SS", "Ð": "D", "Þ": "TH", "Ł": "L", "Œ": "OE", "Đ": "D"}

#: Shorter names (letters and digits) tell nothing by themselves: LUCKY, STAR, ORION. Of 13,997 hulls in real traffic
#: (NOAA, 25 minutes of 2022-01-03; Nordic snapshots) a quarter of those with a shorter name have a namesake there, and
#: one in nine of the others.
TELLING_CHARS = 8
#: Letters from which on one slip, and two, leave a name the same (our choice).
ONE_SLIP, TWO_SLIPS = 9, 15
#: Words that many ships bear: a name made of nothing else tells nothing by itself. Those in 20 names or more of 12,968
#: in the same traffic, people's names left out, and, for the Far East, which that is not, words that recur there (our
#: choice).
COMMON_WORDS = frozenset({
    "SEA", "MISS", "CAPT", "CAPTAIN", "LADY", "OCEAN", "THE", "STAR", "OF", "ISLAND", "SPIRIT", "BLUE", "RESCUE",
    "PILOT", "CAPE", "VIKING", "QUEEN", "PACIFIC", "EXPRESS", "BAY", "SILVER", "EAGLE", "NEW", "TIME", "DREAM",
    "EXPLORER", "SAN", "POINT", "ARCTIC", "RIVER", "ROSE", "PRINCESS", "DAWN", "SUN", "ATLANTIC", "PEARL", "DIAMOND",
    "WIND", "GRACE", "BIG", "SOUTHERN", "SEAS", "BELLE", "PRIDE", "ONE", "GRAND", "QUEST", "CITY", "SKY", "MOON",
    "WHITE", "LUCKY", "GOLD", "GOLDEN", "GOOD", "HAPPY", "FORTUNE", "GLORY", "HOPE", "ASIA", "ORIENT", "ORIENTAL",
    "DRAGON", "JADE", "JEWEL", "KING", "VICTORY", "PEACE", "UNION", "UNITY", "HONG", "HAI", "XIN", "HUA", "FENG",
    "YUAN", "SHUN",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is compared: its words, letters without spaces, and numbers in order."""

    words: tuple[str, ...]
    letters: str
    numbers: tuple[str, ...]

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """Equal for names that are the same but for case, spaces and signs."""
        return self.letters, self.numbers

    @property
    def telling(self) -> bool:
        """Whether it tells one ship from others by itself: neither short nor made of common words only."""
        size = len(self.letters) + sum(map(len, self.numbers))
        return size >= TELLING_CHARS and not all(word in COMMON_WORDS for word in self.words)

    @property
    def mark(self) -> tuple[str, ...]:
        """What tells ships of one owner apart: numbers, and a single letter at the end (ALPHA A, ALPHA B)."""
        last = self.words[-1:]
        return (*self.numbers, *(last if last and len(last[0]) == 1 else ()))

    @property
    def slips(self) -> int:
        """How many letters may differ."""
        return 2 if len(self.letters) >= TWO_SLIPS else 1 if len(self.letters) >= ONE_SLIP else 0


@lru_cache(maxsize=100_000)
def plain(text: str) -> Name:
    """Return a name as it is compared.

    Examples
    --------
    >>> plain("M/T Ark-III (ex ABADEH)").key, plain("MV SAM JONG NO.2").key
    (('ARK', ('3',)), ('SAMJONG', ('2',)))
    >>> plain("LUCKY STAR").telling, plain("STAR 18").telling, plain("COURAGEOUS").telling
    (False, False, True)
    """
    upper = "".join(_SPELT.get(c, c) for c in unicodedata.normalize("NFKC", text[:200]).upper())
    bare = "".join(c for c in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(c))
    bare = unicodedata.normalize("NFC", bare)  # syllables of Hangul come apart as well
    bare = re.sub(r"\([^)]*\)?|\[[^\]]*\]?", " ", bare)
    words = re.findall(r"[^\W\d_]+|\d+", bare.replace("'", "").replace("’", ""))
    if tuple(words[:2]) in _PAIRS and len(words) > 2:
        words = words[2:]
    while len(words) > 1 and words[0] in _SORTS:
        words = words[1:]
    if len(words) > 1 and words[-1] in _ROMAN:
        words[-1] = _ROMAN[words[-1]]
    words = [
        w for k, w in enumerate(words) if not (w in ("NO", "NR") and k + 1 < len(words) and words[k + 1].isdigit())
    ]
    numbers = tuple(word.lstrip("0") or "0" for word in words if word.isdigit())
    letters = tuple(word for word in words if not word.isdigit())
    return Name(letters, "".join(letters), numbers)
