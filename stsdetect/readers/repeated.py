"""What vessels repeat in each report: each distinct set of values is converted once, and given to all rows with it."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.readers.convert import Mask
from stsdetect.readers.rows import Judged, Repeated
from stsdetect.schema import TEXT

#: Most sets kept, and bytes of text kept of them; beyond, all are forgotten.
MAX_SETS = 1 << 16
_MAX_BYTES = MAX_SETS * 128
_FIRST_SLOTS = 1 << 10
_WIDTHS = (8, 4, 2, 1)


class Sets:
    """Sets of repeated columns, as `kernels.compiled.scan` tells them apart, and what they mean.

    Parameters
    ----------
    runs
        Steps of a line that repeat, the vessel's number apart.
    """

    def __init__(self, runs: int) -> None:
        self.table = np.full(2 * MAX_SETS, -1, np.int32)
        self.known = np.empty((MAX_SETS, max(3 + 2 * runs, 8)), np.int64)
        self.text = np.empty(_MAX_BYTES, np.uint8)
        self.filled = np.array([0, 0, _FIRST_SLOTS - 1], np.int64)
        self.count = 0
        self._names: dict[str, tuple[pa.DataType, int, int]] = {}
        self._values: dict[int, NDArray[np.signedinteger]] = {}
        self._null = np.zeros(MAX_SETS, np.int64)
        self._why = np.zeros(MAX_SETS, np.int8)
        self._bad: dict[str, Mask] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._words: dict[str, pa.Array] = {}

    def add(self, judged: Judged) -> None:
        """Take in what new sets mean."""
        if not self._names:
            self._lay_out(judged.columns)
        span = slice(self.count, self.count + len(judged.why))
        for bit, (name, (_, width, place)) in enumerate(self._names.items()):
            array = judged.columns[name]
            if array.null_count:
                self._null[span] |= array.is_null().to_numpy(zero_copy_only=False).astype(np.int64) << bit
            values = self._codes(name, array) if array.type == TEXT else array.fill_null(0).to_numpy()
            self._values[width][span, place] = values.view(self._values[width].dtype)
        self._why[span] = judged.why
        for name, bad in judged.bad.items():
            self._bad.setdefault(name, np.zeros(MAX_SETS, bool))[span] = bad
        self.count = span.stop

    def _lay_out(self, columns: dict[str, pa.Array]) -> None:
        used = dict.fromkeys(_WIDTHS, 0)
        for name, array in columns.items():
            width = 4 if array.type == TEXT else array.type.bit_width // 8
            self._names[name] = array.type, width, used[width]
            used[width] += 1
        self._values = {width: np.zeros((MAX_SETS, used[width]), f"i{width}") for width in _WIDTHS}

    def _codes(self, name: str, array: pa.Array) -> NDArray[np.int32]:
        """Return which word of all so far each value is; 0 for null."""
        places = self._places.setdefault(name, {})
        before = len(places)
        words = array.dictionary.to_pylist()
        of_word = np.array([places.setdefault(word, len(places)) for word in words] or [0], np.int32)
        fresh = pa.array(list(places)[before:], pa.string())
        self._words[name] = pa.concat_arrays([self._words[name], fresh]) if before else fresh
        return of_word[array.indices.fill_null(0).to_numpy()]

    def rows(self, fast: ModuleType, code: NDArray[np.int32]) -> Repeated:
        """Return the columns of rows with these sets, shape (rows,)."""
        out = {width: np.empty((values.shape[1], len(code)), values.dtype) for width, values in self._values.items()}
        valid = np.empty((len(self._names), (len(code) + 7) // 8), np.uint8)
        fast.spread(code, self._null, *(self._values[w] for w in _WIDTHS), valid, *(out[w] for w in _WIDTHS))
        any_null = int(np.bitwise_or.reduce(self._null[: self.count]))
        columns = {}
        for bit, (name, (kind, width, place)) in enumerate(self._names.items()):
            bits = pa.py_buffer(valid[bit]) if any_null >> bit & 1 else None
            buffers = [bits, pa.py_buffer(out[width][place])]
            if kind == TEXT:
                indices = pa.Array.from_buffers(pa.int32(), len(code), buffers)
                columns[name] = pa.DictionaryArray.from_arrays(indices, self._words[name])
            else:
                columns[name] = pa.Array.from_buffers(kind, len(code), buffers)
        why = self._why[code] if self._why[: self.count].any() else None
        bad = {name: mask for name, mask in self._bad.items() if mask.any()}
        return Repeated(columns, why, lambda kept: {name: int((mask[code] & kept).sum()) for name, mask in bad.items()})
