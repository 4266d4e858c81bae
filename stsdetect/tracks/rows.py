"""Positions in one total order, by vessel, then time, then every value that can differ; in groups of vessels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from types import ModuleType

import numpy as np
import pyarrow as pa

from stsdetect.errors import SchemaError
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.order import order_by
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.schema import TEXT
from stsdetect.tracks.columns import Index, Numbers, Words, one_array, read_only
from stsdetect.tracks.register import NUMBERS, TEXTS, Coder, Codes, Register, Said

#: Values of a report's own moment that make two reports different, besides vessel, time and place.
_MOMENT = ("sog_kn", "cog_deg", "heading_deg", "nav_status")
#: Numbers of a report's own moment that cleaning looks at.
_PLACE = ("lat_deg", "lon_deg", "sog_kn", "heading_deg")
#: About how many rows are worked on at once, so that what is in between stays in the processor's cache.
BLOCK = 1 << 16


@dataclass
class Rows:
    """Reports of some vessels, sorted by vessel and time; all arrays have shape (n,).

    Attributes
    ----------
    row
        Place among the positions as given.
    key, code
        Number of the vessel, and of what else is said, in ``said``.
    repeat
        Whether it is an exact repeat of the one before.
    """

    said: Said
    row: Ints
    key: Ints
    code: Codes
    time_us: Ints
    lat_deg: Floats
    lon_deg: Floats
    sog_kn: Floats
    heading_deg: Floats
    repeat: Bools

    @property
    def size(self) -> int:
        """Number of reports."""
        return int(self.row.size)

    def take(self, index: Index) -> Rows:
        """Return some of the reports."""
        names = [field.name for field in fields(self) if field.name != "said"]
        return Rows(self.said, **{name: getattr(self, name)[index] for name in names})


class Reports:
    """Reports in the order of their vessels and times.

    Parameters
    ----------
    rows
        At least one report: the columns `MOMENT` of `POSITIONS`, ``code`` (its number in the register) and ``file``
        (its number among the files); a column left out is null.
    register
        What the reports say beyond their moment.
    files
        The files they come from.

    Raises
    ------
    SchemaError
        If a report has neither a vessel id nor an MMSI.
    """

    def __init__(self, rows: pa.Table, register: Register, files: list[str | None]) -> None:
        self._rows = rows
        self._files = files
        code = one_array(rows.column("code")).to_numpy()
        # Those of the register that come up here, numbered anew.
        heard = np.zeros(register.size, dtype=np.bool_)
        heard[code] = True
        self.said = register.said(np.flatnonzero(heard))
        self.code: Codes = (np.cumsum(heard, dtype=np.int32) - 1).astype(np.int32)[code]
        nameless = np.flatnonzero(self.said.key < 0)
        if nameless.size:
            count = int(np.isin(self.code, nameless).sum())
            raise SchemaError(f"{count} positions have neither a vessel_id nor an mmsi; give one of them")
        self._numbers: dict[str, Numbers] = {}
        time = self.numbers("time").values
        assert time is not None
        self.time_us: Ints = time
        key = self.said.key.astype(np.uint16 if len(self.said.labels) < 1 << 16 else np.int64)[self.code]
        self._order = order_by(key, self.time_us)
        self._ends = np.cumsum(np.bincount(key, minlength=len(self.said.labels)))

    @classmethod
    def of(cls, positions: pa.Table) -> Reports:
        """Take the rows of a `POSITIONS` table, at least one."""
        coder = Coder()
        return cls(coder.coded(positions), coder.register, coder.files)

    def numbers(self, name: str) -> Numbers:
        """Return a numeric column."""
        if name not in self._numbers:
            there = name in self._rows.column_names
            self._numbers[name] = Numbers(self._rows.column(name) if there else pa.chunked_array([pa.nulls(self.size)]))
        return self._numbers[name]

    def floats(self, name: str, row: Ints) -> Floats:
        """Return a numeric column at the places ``row``, NaN for null; do not write to it."""
        return self.numbers(name).floats(row, row.size)

    @property
    def size(self) -> int:
        """Number of reports."""
        return int(self._rows.num_rows)

    @cached_property
    def files(self) -> Words:
        """The files that reports come from."""
        if "file" not in self._rows.column_names:
            return Words(pa.chunked_array([pa.nulls(self.size, TEXT)]))
        codes = one_array(self._rows.column("file"))
        return Words(pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array(self._files, pa.string()))]))

    @cached_property
    def _file_rank(self) -> Ints:
        return self.files.ranks()[0]

    def groups(self) -> Iterator[Rows]:
        """Yield the reports of some vessels at a time, in the order of labels."""
        fast = compiled("cleaning")
        everything = None if fast is None else self._all_sorted(fast)
        begin = 0
        while begin < self._order.size:
            last = np.searchsorted(self._ends, min(begin + BLOCK, self._order.size))
            end = int(self._ends[last])
            if everything is None:
                yield self._sorted(self._order[begin:end])
            else:
                yield everything.take(slice(begin, end))
            begin = end

    def _sorted(self, row: Ints) -> Rows:
        """Return the reports at the places ``row``, which are in order but for ties."""
        code = self.code[row]
        values = {name: self.floats(name, row) for name in _PLACE}
        return self._settled(row, self.said.key[code], code, self.time_us[row], values)

    def _all_sorted(self, fast: ModuleType) -> Rows:
        """Do what `_sorted` does for all reports: they are read one after the other, and written where they belong."""
        n = self._order.size
        code, key, time = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        floats = np.empty((len(_PLACE), n))
        values, known = zip(*(self.numbers(name).whole() for name in _PLACE), strict=True)
        codes, times = read_only(self.code), read_only(self.time_us)
        fast.sort_rows(self._order, self.said.key, codes, times, values, known, code, key, time, floats)
        return self._settled(self._order, key, code, time, dict(zip(_PLACE, floats, strict=True)))

    def _settled(self, row: Ints, key: Ints, code: Codes, time_us: Ints, values: dict[str, Floats]) -> Rows:
        """Put reports of one vessel and instant in order, and mark repeats."""
        same, repeat = np.zeros(row.size, dtype=np.bool_), np.zeros(row.size, dtype=np.bool_)
        same[1:] = (time_us[1:] == time_us[:-1]) & (key[1:] == key[:-1])
        if same.any():
            tied = same.copy()
            tied[:-1] |= same[1:]
            spots = np.flatnonzero(tied)
            row = row.copy()
            row[spots], repeat[spots] = self._break_ties(row[spots], same[spots])
            code[spots] = self.code[row[spots]]
            for name, column in values.items():
                column[spots] = self.floats(name, row[spots])
        return Rows(self.said, row, key, code, time_us, repeat=repeat, **values)

    def _break_ties(self, row: Ints, same: Bools) -> tuple[Ints, Bools]:
        """Sort reports of one vessel and instant by their values, so that the order of input leaves no trace.

        Parameters
        ----------
        row
            Places of such reports, shape (n,).
        same
            Whether vessel and time are those of the report before, shape (n,).

        Returns
        -------
        The places in their final order, and whether a report is an exact repeat of the one before.
        """
        group = np.cumsum(~same)
        # Only values that differ within a group can order it.
        values = [column for column in self._values(row, same) if (_differ(column) & same[1:]).any()]
        file = np.zeros(row.size) if self.files.codes is None else self._file_rank[self.files.codes[row]]
        line = np.nan_to_num(self.floats("source_row", row), nan=-1.0)
        order = np.lexsort([line, file, *[np.nan_to_num(column, nan=1e18) for column in reversed(values)], group])
        repeat = same.copy()
        for column in values:
            repeat[1:] &= ~_differ(column[order])
        return row[order], repeat

    def _values(self, row: Ints, same: Bools) -> Iterator[Floats]:
        """Yield all values of reports, those that decide first coming first; text that is not there is -1."""
        said, code = self.said, self.code[row]
        changes = bool(((code[1:] != code[:-1]) & same[1:]).any())
        if changes:
            yield np.nan_to_num(said.mmsi[code], nan=-1.0)
            for name in reversed(TEXTS):
                yield said.texts[name][code].astype(np.float64)
        for name in _MOMENT:
            yield self.floats(name, row)
        if changes:
            for name in NUMBERS:
                yield said.numbers[name][code]
        # Latitude and longitude decide last among the values: a mirrored world then picks the same report.
        for name in ("lat_deg", "lon_deg"):
            yield self.floats(name, row)


def _differ(values: Floats) -> Bools:
    """Tell where a value is not that of the one before; two that are not there are alike. Shape (n - 1,)."""
    differ: Bools = values[1:] != values[:-1]
    gone = np.isnan(values)
    return differ & ~(gone[1:] & gone[:-1]) if gone.any() else differ
