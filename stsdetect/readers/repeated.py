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
        self.table = np.full(1 << (2 * MAX_SETS - 1).bit_length(), -1, np.int32)
        self.known = np.empty((MAX_SETS, max(3 + 2 * runs, 8)), np.int64)
        self.text = np.empty(_MAX_BYTES, np.uint8)
        self.filled = np.array([0, 0, min(_FIRST_SLOTS, len(self.table)) - 1], np.int64)
        self.count = 0
        self._names: dict[str, tuple[pa.DataType, int, int]] = {}
        self._values: dict[int, NDArray[np.signedinteger]] = {}
        self._full = np.zeros((MAX_SETS, 0), np.uint8)
        self._nulls: set[str] = set()
        self._why = np.zeros(MAX_SETS, np.int8)
        self._bad: dict[str, Mask] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._words: dict[str, pa.Array] = {}

    def add(self, judged: Judged) -> None:
        """Take in what new sets mean."""
        if not self._names:
            self._lay_out(judged.columns)
        span = slice(self.count, self.count + len(judged.why))
        self._nulls |= {name for name, array in judged.columns.items() if array.null_count}
        for k, (name, (_, width, place)) in enumerate(self._names.items()):
            array = judged.columns[name]
            self._full[span, k] = array.is_valid().to_numpy(zero_copy_only=False)
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
        self._full = np.zeros((MAX_SETS, (len(columns) + 7) // 8 * 8), np.uint8)
        self._values = {width: np.zeros((MAX_SETS, used[width]), f"i{width}") for width in _WIDTHS}

    def _codes(self, name: str, array: pa.Array) -> NDArray[np.int32]:
        """Return which word of all so far each value is; 0 for null."""
        places = self._places.setdefault(name, {})
        before = len(places)
        words = array.dictionary.to_pylist()
        of_word = np.array([places.setdefault(word, len(places)) for word in words] or [0], np.int32)
        fresh = pa.array(list(places)[before:], pa.string())
        self._words[name] = pa.concat_arrays([self._words[name], fresh]) if before else fresh
        codes: NDArray[np.int32] = of_word[array.indices.fill_null(0).to_numpy()]
        return codes

    def rows(self, fast: ModuleType, code: NDArray[np.int32]) -> Repeated:
        """Return the columns of rows with these sets, shape (rows,)."""
        out = {width: np.empty((values.shape[1], len(code)), values.dtype) for width, values in self._values.items()}
        valid = np.empty((self._full.shape[1], (len(code) + 7) // 8), np.uint8)
        full = self._full.view(np.int64)
        fast.spread(code, full, *(self._values[w] for w in _WIDTHS), valid, *(out[w] for w in _WIDTHS))
        columns = {}
        for k, (name, (kind, width, place)) in enumerate(self._names.items()):
            buffers = [pa.py_buffer(valid[k]) if name in self._nulls else None, pa.py_buffer(out[width][place])]
            if kind == TEXT:
                indices = pa.Array.from_buffers(pa.int32(), len(code), buffers)
                columns[name] = pa.DictionaryArray.from_arrays(indices, self._words[name])
            else:
                columns[name] = pa.Array.from_buffers(kind, len(code), buffers)
        why = self._why[code] if self._why[: self.count].any() else None
        bad = {name: mask for name, mask in self._bad.items() if mask.any()}

        def emptied(kept: Mask) -> dict[str, int]:
            return {name: int((mask[code] & kept).sum()) for name, mask in bad.items()}

        return Repeated(columns, code, why, emptied)
