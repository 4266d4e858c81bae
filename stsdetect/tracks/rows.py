"""Positions in one total order, by vessel, then time, then every value that can differ; in groups of vessels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pyarrow as pa

from stsdetect.kernels.order import order_by
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.tracks.columns import Index, Numbers, Words
from stsdetect.tracks.said import NUMBERS, TEXTS, Codes, Said, gather

#: Values of a report's own moment that make two reports different, besides vessel, time and place.
_MOMENT = ("sog_kn", "cog_deg", "heading_deg", "nav_status")
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
    """All positions given.

    Parameters
    ----------
    positions
        `POSITIONS` table with at least one row.

    Raises
    ------
    SchemaError
        If a report has neither a vessel id nor an MMSI.
    """

    def __init__(self, positions: pa.Table) -> None:
        self.positions = positions
        self.code, self.said = gather(positions)
        self._numbers: dict[str, Numbers] = {}
        time = self.numbers("time").values
        assert time is not None
        self.time_us: Ints = time
        key = self.said.key.astype(np.uint16 if len(self.said.labels) < 1 << 16 else np.int64)[self.code]
        self._order = order_by(key, self.time_us)
        self._ends = np.cumsum(np.bincount(key, minlength=len(self.said.labels)))

    def numbers(self, name: str) -> Numbers:
        """Return a numeric column."""
        if name not in self._numbers:
            self._numbers[name] = Numbers(self.positions.column(name))
        return self._numbers[name]

    def floats(self, name: str, row: Ints) -> Floats:
        """Return a numeric column at the places ``row``, NaN for null; do not write to it."""
        return self.numbers(name).floats(row, row.size)

    @cached_property
    def files(self) -> Words:
        """The files that positions come from."""
        return Words(self.positions.column("source_file"))

    @cached_property
    def _file_rank(self) -> Ints:
        return self.files.ranks()[0]

    def groups(self) -> Iterator[Rows]:
        """Yield the reports of some vessels at a time, in the order of labels."""
        begin = 0
        while begin < self._order.size:
            last = np.searchsorted(self._ends, min(begin + BLOCK, self._order.size))
            end = int(self._ends[last])
            yield self._sorted(self._order[begin:end])
            begin = end

    def _sorted(self, row: Ints) -> Rows:
        code, time = self.code[row], self.time_us[row]
        key = self.said.key[code]
        same = np.zeros(row.size, dtype=np.bool_)
        same[1:] = (time[1:] == time[:-1]) & (key[1:] == key[:-1])
        repeat = np.zeros(row.size, dtype=np.bool_)
        if same.any():
            tied = same.copy()
            tied[:-1] |= same[1:]
            spots = np.flatnonzero(tied)
            row = row.copy()
            row[spots], repeat[spots] = self._break_ties(row[spots], same[spots])
            code[spots] = self.code[row[spots]]
        return Rows(
            said=self.said,
            row=row,
            key=key,
            code=code,
            time_us=time,
            lat_deg=self.floats("lat_deg", row),
            lon_deg=self.floats("lon_deg", row),
            repeat=repeat,
        )

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
