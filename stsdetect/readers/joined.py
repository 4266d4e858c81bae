"""Look up rows of a table about vessels or voyages for rows of positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.readers.convert import plain


@dataclass(frozen=True)
class Lookup:
    """One row of each key: ``keys`` rising, shape (n,), and ``table`` of n rows in the same order."""

    keys: NDArray[np.int64]
    table: pa.Table

    @classmethod
    def of(cls, keys: pa.Array, table: pa.Table) -> Lookup:
        """Build it from whole numbers, null where a row has none, beside the rows of a table.

        Of rows with one key it is the one with the greatest values, from the first column on, wherever it stands: what
        comes of a file must not depend on the order of its rows, and 0 or nothing stands for "not known".
        """
        texts = [pa.types.is_dictionary(kind) for kind in table.schema.types]
        plain_columns = [c.cast(pa.string()) if text else c for c, text in zip(table.columns, texts, strict=True)]
        names = [str(number) for number in range(table.num_columns)]
        order = pc.sort_indices(
            pa.table([keys, *plain_columns], names=["key", *names]),
            sort_keys=[("key", "ascending"), *((name, "descending") for name in names)],
        )
        held = order.slice(0, len(keys) - keys.null_count)  # nulls come last
        known, first = np.unique(keys.take(held).to_numpy(zero_copy_only=False), return_index=True)
        return cls(known.astype(np.int64), table.take(held.take(pa.array(first))))

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
