"""Which silences have so many possible partners that no pair of them is told, so that none of their pairs needs a look.

A pair of silences is left out where either has more than ``most`` rivals. Until both are known to, it is looked at:
the one still needs to know how the other ranks among its partners.
"""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.sphere import Bools, Ints

#: Bits to a silence for each partner that makes a crowd, so that few partners share one (our choice).
_BITS_EACH = 8
#: With more rivals allowed, nothing is counted: memory would grow with them, and few silences have so many (our choice;
#: of the pairs of a simulated day with 10 million rows, 200 leave out half, 1,000 one in seventy).
_MOST = 500


class Crowds:
    """Counts the hulls that can have been with a silence: never too many, and seldom too few, in little memory.

    Each silence has a row of bits, and each hull sets one of them, so that a hull that comes again counts once. Where
    two hulls share a bit they count once, too.

    Parameters
    ----------
    hull
        Number of the hull of each silence, shape (n,).
    most
        With more rivals than this, those beside the partner itself, a silence is crowded.

    Examples
    --------
    >>> crowds = Crowds(np.arange(4), most=1)
    >>> crowds.add(np.array([0, 0, 0]), np.array([1, 2, 3]))
    >>> crowds.add(np.array([1, 1]), np.array([2, 3]))
    >>> crowds.crowded.tolist()  # 2 and 3 were with 0 and 1 only
    [True, True, False, False]
    """

    def __init__(self, hull: Ints, *, most: int) -> None:
        self._needed = most + 2
        self.counts = most <= _MOST
        bits = _BITS_EACH * self._needed if self.counts else 1
        self._bits = 8 * (-(-bits // 8))
        self._place = hull % self._bits
        self._seen = np.zeros((hull.size, self._bits // 8), dtype=np.uint8)
        self._count = np.zeros(hull.size, dtype=np.int64)

    @property
    def crowded(self) -> Bools:
        """The silences that have too many rivals by what was taken in so far, shape (n,)."""
        return np.asarray(self._count >= self._needed)

    def add(self, one: Ints, other: Ints) -> None:
        """Take in pairs of silences that can have been together, shape (k,) each."""
        if not self.counts:
            return
        me, partner = np.concatenate([one, other]), np.concatenate([other, one])
        open_ = self._count[me] < self._needed
        bit = np.unique(me[open_] * self._bits + self._place[partner[open_]])
        row, place = np.divmod(bit, self._bits)
        mask = np.left_shift(1, place % 8).astype(np.uint8)
        fresh = (self._seen[row, place // 8] & mask) == 0
        row, place, mask = row[fresh], place[fresh], mask[fresh]
        np.bitwise_or.at(self._seen, (row, place // 8), mask)
        self._count += np.bincount(row, minlength=self._count.size)
