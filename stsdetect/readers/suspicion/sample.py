"""Chooses the rows of a file that are looked at: its first ones, then runs of rows ever farther apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.readers import alike
from stsdetect.readers.protocol import Doubt, Reject
from stsdetect.readers.suspicion.legs import Evidence
from stsdetect.readers.suspicion.verdicts import Counts, verdicts
from stsdetect.readers.suspicion.zones import Sketch, spread
from stsdetect.units import US_PER_S

#: Rows that are looked at together: enough for several fixes of many vessels, or of one for long.
CHUNK = 1 << 15
#: Of fewer rows than the first nothing is doubted but dates, for a doubt takes five values; of fewer than the second no
#: step tells anything, for that takes three steps of each of three vessels (`verdicts`).
_FEW, _FEW_STEPS = 5, 12
#: Around changes of the date, so many runs of rows are looked at besides, where dates may be read two ways.
MAX_MIDNIGHTS = 8
#: Of every so many rows (a prime: vessels may take turns) one tells about how many vessels there are; of so many times
#: this number of them, a part is looked at.
_STRIDE, _ENOUGH = 61, 64
_DAY_US = 86_400 * US_PER_S
_COLUMNS = ("time", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "draught_m")
_SLASHED = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}\b")
_SLASHED_BYTES = re.compile(rb"(?<![\d/.-])\d{1,2}[/.-]\d{1,2}[/.-]\d{4}(?![\d/.-])")

Columns = dict[str, Any]


class Suspicion:
    """Looks at the positions of one file as they come, in the order of the file.

    Parameters
    ----------
    head
        How the file begins: whether there are dates like 03/04/2021.
    """

    def __init__(self, head: bytes = b"") -> None:
        self._slashed = bool(_SLASHED_BYTES.search(head))
        self._seen = self._next = self._held = 0
        self._waiting: list[Columns | pa.Table] = []
        self._ids: dict[str, int] = {}
        self._counts = Counts()
        self._evidence: list[Evidence] = []
        self._sketch = Sketch()
        self._midnights = 0

    def look(self, table: pa.Table) -> None:
        """Take in positions, also in the form of `readers.alike`; most rows of a large file are passed over."""
        size, begin = table.num_rows, 0
        if self._slashed and size:
            self._look_at_midnight(table)
        while begin < size:
            passed = min(max(self._next - self._seen, 0), size - begin)
            taken = 0 if passed else min(CHUNK - self._held, size - begin)
            if taken:
                part = table.slice(begin, taken)
                # A few rows may never be looked at; a large table is not to be held on to.
                self._waiting.append(part if size < _FEW else self._columns(part))
                self._held += taken
            begin += passed + taken
            self._seen += passed + taken
            if self._held == CHUNK:
                self._judge()
                # Chunks begin behind 0, 4, 16, 64 ... others.
                self._next = CHUNK << 2 * (((self._seen // CHUNK).bit_length() + 1) // 2)

    def refuse(self, rejects: Sequence[Reject]) -> None:
        """Take in rejected rows: dates that would be dates with day and month exchanged."""
        if not self._slashed:
            return
        for reject in rejects[: 10 * CHUNK]:
            match = _SLASHED.search(reject.detail) if reject.reason == "bad_time" else None
            if match:
                low, high = sorted((int(match[1]), int(match[2])))
                self._counts.dates.refused += 1 <= low <= 12 < high <= 31

    def doubts(self) -> tuple[Doubt, ...]:
        """Return what there is to doubt, once all has been read."""
        if self._seen < _FEW and not self._slashed:
            return ()
        self._judge()
        return verdicts(self._counts, self._evidence)

    def sketch(self) -> Sketch:
        """Return what is compared with other files, once all has been read."""
        self._judge()
        return self._sketch

    def _judge(self) -> None:
        """Work out the evidence in the rows that wait."""
        waiting, self._waiting, self._held = self._waiting, [], 0
        parts = [self._columns(part) if isinstance(part, pa.Table) else part for part in waiting]
        if parts:
            self._judge_rows({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def _judge_rows(self, rows: Columns) -> None:
        rows = _of_some_vessels(rows)
        with np.errstate(all="ignore"):  # strangers wrote these numbers
            self._counts.add(rows)
            if self._seen >= _FEW_STEPS:
                self._evidence.append(Evidence.of(rows))
            self._sketch.add(rows)
            if self._slashed:
                self._counts.dates.add(rows)

    def _look_at_midnight(self, table: pa.Table) -> None:
        """Look at rows around a change of the date."""
        if self._midnights >= MAX_MIDNIGHTS:
            return
        column = table.column("time").cast(pa.int64())
        ends = pc.min_max(column).as_py()
        if ends["min"] // _DAY_US == ends["max"] // _DAY_US:
            return
        time_us = column.to_numpy()
        changes = np.flatnonzero(np.diff(time_us // _DAY_US))
        if changes.size:
            self._midnights += 1
            first = max(int(changes[0]) - CHUNK // 4, 0)
            self._counts.dates.add(self._columns(table.slice(first, CHUNK // 2)))

    def _columns(self, table: pa.Table) -> Columns:
        number, said, _ = alike.parts(table) if alike.is_alike(table) else (None, table, None)

        def column(name: str) -> pa.ChunkedArray | None:
            if name in table.column_names:
                return table.column(name)
            if name in said.column_names:
                return said.column(name).take(pa.array(number))
            return None

        rows: Columns = {}
        for name in _COLUMNS:
            found = column(name)
            if name == "time":
                assert found is not None
                rows[name] = found.cast(pa.int64()).to_numpy()
            else:
                rows[name] = np.full(table.num_rows, np.nan) if found is None else _floats(found)
        mmsi = column("mmsi")
        rows["vessel"] = np.full(table.num_rows, -1) if mmsi is None else pc.fill_null(mmsi, -1).to_numpy()
        own = column("vessel_id")
        if own is not None and own.null_count < len(own):
            rows["vessel"] = self._numbered(own, rows["vessel"])
        return rows

    def _numbered(self, own: pa.ChunkedArray, mmsi: Ints) -> Ints:
        """Return a number below -1 for each own id, and the MMSI where there is none."""
        column = own if pa.types.is_dictionary(own.type) else own.dictionary_encode()
        array = column.unify_dictionaries().combine_chunks()
        array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
        codes = array.indices.fill_null(-1).to_numpy()
        used = np.unique(codes)
        words = array.dictionary
        numbers = [self._ids.setdefault(str(words[k].as_py()), -2 - len(self._ids)) for k in used[used >= 0].tolist()]
        table = np.array([-1] * int(used[0] < 0) + numbers, dtype=np.int64)
        found = table[np.searchsorted(used, codes)]
        return np.where(codes >= 0, found, mmsi)


def _of_some_vessels(rows: Columns) -> Columns:
    """Return the rows of every k-th vessel where there are so many that a part of them says as much."""
    vessel = rows["vessel"]
    every = np.unique(vessel[::_STRIDE]).size // _ENOUGH
    if every <= 1:
        return rows
    some = np.flatnonzero(spread(vessel) % np.uint64(every) == 0)
    return {name: values[some] for name, values in rows.items()}


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = column.cast(pa.float64()).to_numpy()
    return values
