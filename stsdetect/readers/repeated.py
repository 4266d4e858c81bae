"""What vessels repeat in each report: each distinct set of values is converted once, and given to all rows with it."""

from __future__ import annotations

from itertools import count

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.readers.convert import Mask
from stsdetect.readers.rows import Judged, Repeated

#: Most sets kept, and bytes of text kept of them; beyond, all are forgotten.
MAX_SETS = 1 << 16
_MAX_BYTES = MAX_SETS * 128
_FIRST_SLOTS = 1 << 10
_NUMBERS = count()


class Sets:
    """Sets of repeated columns, as `kernels.compiled.scan` tells them apart, and what they mean.

    Parameters
    ----------
    runs
        Steps of a line that repeat, the vessel's number apart.
    """

    def __init__(self, runs: int) -> None:
        self.table = np.full(1 << (2 * MAX_SETS - 1).bit_length(), -1, np.int32)
        self.known = np.empty((MAX_SETS, max(3 + 2 * runs, 8)), np.int64)
        self.text = np.empty(_MAX_BYTES, np.uint8)
        self.filled = np.array([0, 0, min(_FIRST_SLOTS, len(self.table)) - 1], np.int64)
        self.count = 0
        self._number = next(_NUMBERS)
        self._meant: list[pa.Table] = []
        self._why = np.zeros(MAX_SETS, np.int8)
        self._bad: dict[str, Mask] = {}

    def add(self, judged: Judged) -> None:
        """Take in what new sets mean."""
        span = slice(self.count, self.count + len(judged.why))
        self._meant.append(pa.table(judged.columns))
        self._why[span] = judged.why
        for name, bad in judged.bad.items():
            self._bad.setdefault(name, np.zeros(MAX_SETS, bool))[span] = bad
        self.count = span.stop

    def rows(self, number: NDArray[np.int32]) -> Repeated:
        """Return what rows with these sets have in common, shape (rows,)."""
        if len(self._meant) > 1:
            self._meant = [pa.concat_tables(self._meant).unify_dictionaries().combine_chunks()]
        why = self._why[number] if self._why[: self.count].any() else None
        bad = {name: mask for name, mask in self._bad.items() if mask.any()}

        def emptied(kept: Mask) -> dict[str, int]:
            return {name: int((mask[number] & kept).sum()) for name, mask in bad.items()}

        return Repeated(self._meant[0], number, (self._number, self.count), why, emptied)
