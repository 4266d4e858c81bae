"""Look up rows of a table about vessels or voyages for rows of positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.readers.convert import plain


@dataclass(frozen=True)
class Lookup:
    """The first row of each key: ``keys`` rising, shape (n,), and ``table`` of n rows in the same order."""

    keys: NDArray[np.int64]
    table: pa.Table

    @classmethod
    def of(cls, keys: pa.Array, table: pa.Table) -> Lookup:
        """Build it from whole numbers, null where a row has none, beside the rows of a table."""
        held = np.flatnonzero(keys.is_valid().to_numpy(zero_copy_only=False))
        known, first = np.unique(keys.fill_null(0).to_numpy(zero_copy_only=False)[held], return_index=True)
        return cls(known.astype(np.int64), table.take(pa.array(held[first])))

    def places(self, keys: pa.Array) -> pa.Array:
        """Return for each key the number of its row in ``table``, null where there is none."""
        if not len(self.keys):
            return pa.nulls(len(keys), pa.int64())
        given = keys.fill_null(-1).to_numpy(zero_copy_only=False)
        at = np.minimum(np.searchsorted(self.keys, given), len(self.keys) - 1)
        return pa.array(at, mask=self.keys[at] != given)

    def columns(self, places: pa.Array) -> dict[str, pa.Array]:
        """Return the columns of the rows in `places`."""
        return {name: plain(self.table.column(name)).take(places) for name in self.table.column_names}
