"""Columns of an Arrow table as arrays, without a copy where there is none needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Bools, Floats, Ints

#: Which rows of an array: all of them (a slice makes no copy) or those of the numbers given.
Index = Ints | slice
ALL = slice(None)


def some(mask: Bools) -> Index:
    """Return the rows where a mask is true."""
    return ALL if mask.all() else np.flatnonzero(mask)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column that has rows as one array."""
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to, so that loops are compiled for one kind of array."""
    view = values.view()
    view.flags.writeable = False
    return view


class Numbers:
    """A numeric column: its values as they lie in memory, and where there are any.

    Attributes
    ----------
    values, valid
        Shape (n,) each; ``valid`` is None where nothing is null, and ``values`` where all is.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.values: NDArray[Any] | None = None
        self.valid: Bools | None = None
        self._size = len(column)
        self._whole: tuple[Floats, Bools] | None = None
        if column.null_count == len(column):
            return
        array = one_array(column)
        if pa.types.is_timestamp(array.type):
            array = array.view(pa.int64())
        dtype = array.type.to_pandas_dtype()
        self.values = np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]
        if array.null_count:
            self.valid = array.is_valid().to_numpy(zero_copy_only=False)

    def floats(self, index: Index, size: int) -> Floats:
        """Return ``size`` values at ``index`` as float64, NaN where null; do not write to them."""
        if self.values is None:
            return np.full(size, np.nan)
        result: Floats = self.values[index].astype(np.float64, copy=False)
        if self.valid is not None:
            result = np.where(self.valid[index], result, np.nan)
        return result

    def whole(self) -> tuple[Floats, Bools]:
        """Return all values as float64 and where there are any (empty: everywhere), not to be written to."""
        if self._whole is None:
            values = np.full(self._size, np.nan) if self.values is None else self.values
            valid = np.zeros(0, dtype=np.bool_) if self.valid is None else self.valid
            self._whole = read_only(values.astype(np.float64, copy=False)), read_only(valid)
        return self._whole

    def arrow(self, index: Index, size: int, kind: pa.DataType) -> pa.Array:
        """Return ``size`` values at ``index`` as an Arrow array."""
        if self.values is None:
            return pa.nulls(size, kind)
        mask = None if self.valid is None else ~self.valid[index]
        return pa.array(self.values[index], kind, mask=mask)


class Words:
    """A column of text as codes into a list of words; -1 for null.

    Two codes may stand for the same word.

    Attributes
    ----------
    codes
        Shape (n,); None where all is null.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.codes: NDArray[np.int32] | None = None
        self.words = pa.array([], pa.string())
        if column.null_count == len(column):
            return
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        array = one_array(column.unify_dictionaries())
        indices = array.indices
        self.codes = (pc.fill_null(indices, -1) if indices.null_count else indices).to_numpy()
        self.words = array.dictionary

    def ranks(self) -> tuple[Ints, list[str]]:
        """Return each code's rank among the sorted words that say something, -1 for none; and those words.

        The last rank stands for code -1.
        """
        # An empty text says nothing, as does a null kept as a value of the dictionary.
        words = ["" if word is None else str(word) for word in self.words.to_pylist()]
        kept = sorted({*words} - {""})
        place = {word: rank for rank, word in enumerate(kept)}
        return np.array([place.get(word, -1) for word in words] + [-1], dtype=np.int64), kept

    def arrow(self, index: Index, size: int) -> pa.Array:
        """Return ``size`` values at ``index`` as an Arrow array."""
        if self.codes is None:
            return pa.nulls(size, pa.dictionary(pa.int32(), pa.string()))
        codes = self.codes[index]
        gone = codes < 0
        indices = pa.array(codes, mask=gone) if gone.any() else pa.array(codes)
        return pa.DictionaryArray.from_arrays(indices, self.words)


class ByHull:
    """Mixin of frozen dataclasses of arrays of shape (n,), sorted by ``hull``: groups of hulls put together."""

    hull: Ints

    @classmethod
    def joined(cls, parts: Sequence[Self], offsets: Sequence[int]) -> Self:
        """Put groups together, adding an offset to the number of each group's hulls."""
        columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(cls)}  # type: ignore[arg-type]
        columns["hull"] = [hull + offset for hull, offset in zip(columns["hull"], offsets, strict=True)]
        return cls(**{name: np.concatenate(arrays) for name, arrays in columns.items()})

    def renumbered(self, place: Ints) -> Self:
        """Give each hull the number ``place[hull]`` and sort by it."""
        hull = place[self.hull]
        order = np.argsort(hull, kind="stable")
        rest = {f.name: getattr(self, f.name)[order] for f in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{**rest, "hull": hull[order]})


def rows_of(xyz: Floats, index: Index) -> Floats:
    """Return rows of an array of shape (n, 3) whose columns lie together in memory, in the same layout."""
    return xyz[index] if isinstance(index, slice) else np.take(xyz.T, index, axis=1).T
