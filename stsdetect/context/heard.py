"""Who was heard where and when: one row per hull and UTC hour, and counts of them by cell and UTC day.

A hull counts in one cell in each hour, that of its last fix in it. So counts of hulls by cell and hour add up
exactly: over groups of hulls, over cells and over files, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from stsdetect.context.cells import CellGrid
from stsdetect.errors import SchemaError, SettingsError
from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.schema import COVERAGE
from stsdetect.store import Shelf

HOUR_US = 3_600_000_000
#: Cells a quarter of a degree high, 28 km: with those around it about the reach of a shore station, 20 to 40
#: nautical miles (our choice).
GRID = CellGrid(4)
#: A silence is judged by its first hours, up to so many (our choice: later other things happen there).
HOURS = 6
#: Hours until a hull is heard again are told up to this; 0 stands for never.
_MOST_HOURS = 255
#: Cells and hours, or days, in one number: hours around 1970 take 32 bits.
_SPAN, _ORIGIN = 1 << 32, 1 << 31
_HOURS_PER_DAY = 24
AGAIN = tuple(f"again_{hours}h" for hours in range(1, HOURS + 1))


@dataclass(frozen=True)
class HullHours:
    """Hulls by UTC hour; arrays of shape (n,).

    Attributes
    ----------
    cell
        That of the hull's last fix in the hour.
    hour
        Since 1970.
    hull
        Its number; any that tells hulls apart.
    fixes
        How many it had in the hour.
    again
        Hours until the hour in which it is heard next; 0 where never again, 255 for that many and more.
    """

    cell: Ints
    hour: Ints
    hull: Ints
    fixes: Ints
    again: Ints

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.cell.size)

    def take(self, index: Ints | Bools) -> HullHours:
        """Return some of the rows."""
        return HullHours(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: list[HullHours]) -> HullHours:
        """Put rows together."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    def table(self, first_hull: int) -> pa.Table:
        """Return a compact table, 15 bytes a row, with hulls numbered from ``first_hull``."""
        return pa.table(
            {
                "cell": self.cell.astype(np.int32),
                "hour": self.hour.astype(np.int32),
                "hull": (self.hull + first_hull).astype(np.int32),
                "fixes": np.minimum(self.fixes, 65_535).astype(np.uint16),
                "again": self.again.astype(np.uint8),
            }
        )

    @classmethod
    def from_tables(cls, tables: Iterable[pa.Table | None]) -> HullHours:
        """Put compact tables together."""
        there = [table for table in tables if table is not None]
        names = list(cls.__dataclass_fields__)
        return cls(
            *(
                np.concatenate([np.zeros(0, dtype=np.int64), *(table.column(name).to_numpy() for table in there)])
                for name in names
            )
        )


def hull_hours(hull: Ints, time_us: Ints, lat_deg: Floats, lon_deg: Floats) -> HullHours:
    """Sum up fixes, sorted by hull and time, by hull and UTC hour."""
    hour = time_us // HOUR_US
    new = np.ones(hull.size, dtype=np.bool_)
    np.not_equal(hour[1:], hour[:-1], out=new[:-1])
    new[:-1] |= hull[1:] != hull[:-1]
    last = np.flatnonzero(new)
    hour, hull = hour[last], hull[last]
    again = np.zeros(last.size, dtype=np.int64)
    step = hour[1:] - hour[:-1]
    again[:-1] = np.where(hull[1:] == hull[:-1], np.minimum(step, _MOST_HOURS), 0)
    return HullHours(GRID.cells(lat_deg[last], lon_deg[last]), hour, hull, np.diff(last, prepend=-1), again)


def odd_hours(heard: HullHours, hull: Ints, time_us: Ints, mmsi: Floats) -> HullHours:
    """Return in which hours hulls sent places that cannot be, or none, at the cell they were last heard in before.

    Parameters
    ----------
    heard
        Of all hulls that may share a MMSI, sorted by hull, then hour.
    hull, time_us
        Of the reports with such a place.
    mmsi
        Of each hull, NaN where none, shape (n hulls,). Hulls on one MMSI stand for the one heard most often; where
        another of them is heard elsewhere, that is a place that cannot be: a jammed receiver may send a whole track.
    """
    main = _main_hulls(heard, mmsi)
    other = np.flatnonzero(main[heard.hull] != heard.hull)
    line = cell_hour(heard.hull, heard.hour)
    whose = main[heard.hull[other]]
    known = _row_before(heard, line, whose, heard.hour[other])
    elsewhere = ~(GRID.around(heard.cell[known]) == heard.cell[other][:, None]).any(axis=1)
    other = other[elsewhere & (heard.hull[known] == whose) & (heard.hour[known] <= heard.hour[other])]
    hull = np.append(main[hull], main[heard.hull[other]])
    hour = np.append(time_us // HOUR_US, heard.hour[other])
    key, first = np.unique(cell_hour(hull, hour), return_index=True)
    hull, hour = hull[first], hour[first]
    # Hours with odd places among their fixes do not tell where the hull was.
    clean = heard.take(np.flatnonzero(~np.isin(line, key)))
    if not clean.size:
        return clean
    at = _row_before(clean, cell_hour(clean.hull, clean.hour), hull, hour)
    near = np.flatnonzero((clean.hull[at] == hull) & (abs(clean.hour[at] - hour) <= _HOURS_PER_DAY))
    none = np.zeros(near.size, dtype=np.int64)
    return HullHours(clean.cell[at[near]], hour[near], hull[near], none, none)


def _main_hulls(heard: HullHours, mmsi: Floats) -> Ints:
    """Return for each hull the one on its MMSI that is heard in most hours, the least of several."""
    n_hours = np.bincount(heard.hull, minlength=mmsi.size)
    named = np.flatnonzero(~np.isnan(mmsi))
    order = named[np.lexsort((named, -n_hours[named], mmsi[named]))]
    first, last = group_bounds(mmsi[order].astype(np.int64))
    main = np.arange(mmsi.size)
    main[order] = np.repeat(order[first], last - first)
    return main


def _row_before(rows: HullHours, line: Ints, hull: Ints, hour: Ints) -> Ints:
    """Return the row of each hull up to an hour, else its first one after it, else any other."""
    at = np.searchsorted(line, cell_hour(hull, hour), side="right") - 1
    at += (at < 0) | (rows.hull[np.maximum(at, 0)] != hull)
    return np.minimum(at, rows.size - 1)


def cell_hour(major: Ints, minor: Ints) -> Ints:
    """Return one number for each cell (or hull) and hour (or day) since 1970, in their order."""
    key: Ints = major * _SPAN + (minor + _ORIGIN)
    return key


class Heard:
    """Hull-hours of all hulls, put down by groups of hulls and taken up by UTC day.

    Examples
    --------
    >>> hours = hull_hours(np.array([0, 0]), np.array([0, 7 * HOUR_US]), np.array([1.0, 1.0]), np.array([2.0, 2.0]))
    >>> with Shelf(10**6) as shelf:
    ...     heard = Heard(shelf)
    ...     heard.put(hours, hours.take(np.zeros(0, dtype=np.int64)), n_hulls=1)
    ...     heard.between(0, 24).again.tolist()
    [7, 0]
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._hulls = 0

    def put(self, heard: HullHours, odd: HullHours, n_hulls: int) -> None:
        """Put down a group of hulls: the hours in which they were heard, and those with odd places."""
        for kind, rows in enumerate((heard, odd)):
            number = rows.hour // _HOURS_PER_DAY * 2 + kind
            order = np.argsort(number, kind="stable")
            table = rows.take(order).table(self._hulls)
            for begin, end in zip(*group_bounds(number[order]), strict=True):
                self._shelf.put(int(number[order[begin]]), table.slice(begin, end - begin))
        self._hulls += n_hulls

    @property
    def n_hulls(self) -> int:
        """Number of hulls."""
        return self._hulls

    @property
    def days(self) -> list[int]:
        """Days since 1970 on which anyone was heard, rising."""
        return sorted(number // 2 for number in self._shelf.rows if number % 2 == 0)

    def between(self, first_hour: int, end_hour: int, *, odd: bool = False) -> HullHours:
        """Return the rows of hours ``first_hour`` up to before ``end_hour``, in no order."""
        days = range(first_hour // _HOURS_PER_DAY, (end_hour - 1) // _HOURS_PER_DAY + 1)
        rows = HullHours.from_tables(self._shelf.look(day * 2 + odd) for day in days)
        return rows.take((rows.hour >= first_hour) & (rows.hour < end_hour))

    def by_day(self) -> Iterator[tuple[int, HullHours]]:
        """Yield each day and its rows."""
        for day in self.days:
            yield day, self.between(day * _HOURS_PER_DAY, (day + 1) * _HOURS_PER_DAY)


class Baseline:
    """Counts by cell and UTC day (`COVERAGE`): how well places are heard.

    ``table`` is sorted by cell and day.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        key = cell_hour(table.column("cell").to_numpy().astype(np.int64), _days(table))
        self._key = key
        self._days, which = np.unique(_days(table), return_inverse=True)
        # Data may begin or end in the middle of a day: it was heard as long as anywhere in the best cell.
        hours = np.zeros(self._days.size, dtype=np.int64)
        np.maximum.at(hours, which, table.column("hours").to_numpy().astype(np.int64))
        self._hours = np.append(0, np.cumsum(hours))
        names = ("hull_hours", "fixes", "followed", *AGAIN)
        self._sums = {
            name: np.append(0, np.cumsum(table.column(name).to_numpy().astype(np.int64))).astype(np.int64)
            for name in names
        }

    @classmethod
    def of(cls, heard: Heard, end_us: int, earlier: pa.Table | None = None, *, days: int = 30) -> Baseline:
        """Count what was heard up to ``end_us`` [us], and put an earlier baseline before it.

        Of a cell and day that both have, that with more hull-hours counts: one late report of a day is not that day.
        Days of ``earlier`` that are more than ``days`` before or after those of the data are left out, or it would grow
        with every run. Hull-hours in the last six hours of the data are followed by nothing that could be known.
        """
        known = end_us // HOUR_US - HOURS
        tables = [COVERAGE.empty(), *(_counts(day, rows, known) for day, rows in heard.by_day())]
        n_own = sum(table.num_rows for table in tables)
        if earlier is not None:
            day, own = _days(earlier), heard.days
            near = (day >= own[0] - days) & (day <= own[-1] + days) if own else np.ones(day.size, dtype=np.bool_)
            tables.append(earlier.filter(pa.array(near)))
        table = pa.concat_tables(tables)
        key = cell_hour(table.column("cell").to_numpy().astype(np.int64), _days(table))
        # Of equals that of the data.
        order = np.lexsort((np.arange(key.size) >= n_own, -table.column("hull_hours").to_numpy(), key))
        first, _ = group_bounds(key[order])
        return cls(table.take(pa.array(order[first])).combine_chunks())

    def sums(self, names: Iterable[str], cells: Ints, day: Ints, days: int) -> list[Ints]:
        """Add up counts over cells (-1 for none), shape (n, k), within ``days`` days of a day, shape (n,)."""
        low = np.searchsorted(self._key, cell_hour(cells, (day - days)[:, None]), side="left")
        high = np.searchsorted(self._key, cell_hour(cells, (day + days)[:, None]), side="right")
        low = np.where(cells < 0, high, low)
        return [(self._sums[name][high] - self._sums[name][low]).sum(axis=1) for name in names]

    def hours_known(self, day: Ints, days: int) -> Ints:
        """Return in how many hours within ``days`` days of a day it was heard, in the best cell of each, shape (n,)."""
        low = np.searchsorted(self._days, day - days, side="left")
        high = np.searchsorted(self._days, day + days, side="right")
        return np.asarray(self._hours[high] - self._hours[low])


def read_baseline(path: str | Path | None) -> pa.Table | None:
    """Read a ``coverage.parquet`` of an earlier run; no path gives none.

    Raises
    ------
    SettingsError
        If it cannot be read, or is none.
    """
    import pyarrow.parquet as pq

    if path is None:
        return None
    try:
        return COVERAGE.conform(pq.read_table(path))
    except (OSError, pa.ArrowException) as problem:
        raise SettingsError(f"coverage.baseline_file {path} cannot be read: {problem}") from problem
    except SchemaError as problem:
        raise SettingsError(f"coverage.baseline_file {path} is no coverage.parquet of a run: {problem}") from problem


def _days(table: pa.Table) -> Ints:
    return np.asarray(table.column("day").cast(pa.int32()).to_numpy(), dtype=np.int64)


def _counts(day: int, rows: HullHours, known_hour: int) -> pa.Table:
    """Count the rows of one day by cell."""
    order = np.lexsort((rows.hour, rows.cell))
    cell, hour, fixes, again = (values[order] for values in (rows.cell, rows.hour, rows.fixes, rows.again))
    begin, _ = group_bounds(cell)
    followed = hour <= known_hour
    new_hour = np.ones(cell.size, dtype=np.bool_)
    new_hour[1:] = (cell[1:] != cell[:-1]) | (hour[1:] != hour[:-1])
    lat, lon = GRID.middle(cell[begin])
    values = {"hull_hours": np.ones_like(cell), "hours": new_hour, "fixes": fixes, "followed": followed}
    values |= {name: followed & (again > 0) & (again <= hours) for hours, name in enumerate(AGAIN, start=1)}
    return COVERAGE.table(
        {
            "cell": cell[begin],
            "lat_deg": lat,
            "lon_deg": lon,
            "day": pa.array(np.full(begin.size, day, dtype=np.int32), pa.date32()),
            **{name: np.add.reduceat(given.astype(np.int64), begin) for name, given in values.items()},
        }
    )


class HourRows:
    """Hull-hours sorted by cell and hour, to be asked for cells and stretches of hours."""

    def __init__(self, rows: HullHours) -> None:
        order = np.lexsort((rows.hull, rows.hour, rows.cell))
        self.rows = rows.take(order)
        self._key = cell_hour(self.rows.cell, self.rows.hour)

    def find(self, cells: Ints, first_hour: Ints, last_hour: Ints) -> tuple[Ints, Ints]:
        """Return the number of each question and the place of each row that answers it.

        Parameters
        ----------
        cells
            Of each question, -1 for none, shape (n, k).
        first_hour, last_hour
            Its hours, both included, shape (n,) each.
        """
        low, count = self._ranges(cells, first_hour, last_hour)
        which, place = expand(low.ravel(), count.ravel())
        return which // cells.shape[1], place

    def count(self, cells: Ints, first_hour: Ints, last_hour: Ints) -> Ints:
        """Count the rows of each question, see `find`."""
        total: Ints = self._ranges(cells, first_hour, last_hour)[1].sum(axis=1)
        return total

    def _ranges(self, cells: Ints, first_hour: Ints, last_hour: Ints) -> tuple[Ints, Ints]:
        low = np.searchsorted(self._key, cell_hour(cells, first_hour[:, None]), side="left")
        high = np.searchsorted(self._key, cell_hour(cells, last_hour[:, None]), side="right")
        return low, np.where(cells < 0, 0, np.maximum(high - low, 0))
