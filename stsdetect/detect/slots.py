"""Fixes of all hulls, kept by time: put down by groups of hulls, taken up by stretches of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.detect.arrays import Fixes
from stsdetect.engine import run_parts
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.nearby import MOST_BINS
from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Floats, Ints, to_xyz
from stsdetect.store import Shelf

#: Columns of a table by name, shape (n,) each.
Columns = dict[str, np.ndarray]
#: Times before and after all others [us].
FIRST_US, LAST_US = -(1 << 62), 1 << 62


def slot_edges(rows: Mapping[int, int], bin_us: int, most_rows: int, most_us: int) -> Ints:
    """Cut time into slots of whole bins, each of at most ``most_rows`` rows or one bin, and ``most_us`` long.

    Parameters
    ----------
    rows
        Rows per time bin, by the bin's number since 1970.
    bin_us
        Length of a bin [us].
    most_us
        Slots do not reach over multiples of this [us], taken as whole bins and at most `MOST_BINS` of them.

    Returns
    -------
    Where slots begin [us], shape (n,), rising; the first slot takes in all before, the last all after.

    Examples
    --------
    >>> slot_edges({0: 5, 1: 5, 2: 5, 9: 1}, bin_us=10, most_rows=10, most_us=1000).tolist()
    [0, 20]
    """
    span = min(max(most_us // bin_us, 1), MOST_BINS)
    edges: list[int] = []
    held = 0
    for time_bin in sorted(rows):
        count = rows[time_bin]
        if not edges or held + count > most_rows or time_bin // span != edges[-1] // span:
            edges.append(time_bin)
            held = 0
        held += count
    return np.array(edges or [0], dtype=np.int64) * bin_us


def slotted(data: Fixes, run: NDArray[Any], edges_us: Ints) -> list[tuple[int, pa.Table]]:
    """Cut the fixes of a group of hulls into tables by slot, each sorted by hull and time.

    Parameters
    ----------
    data
        Sorted by hull, then time.
    run
        Number of the run of legs that matter for contact, -1 for fixes that are in none, shape (n,).
    edges_us
        As `slot_edges` gives them.
    """
    fast = compiled("legs")
    columns, ends = _sorted(data, run, edges_us) if fast is None else _dealt_out(fast, data, run, edges_us)
    table = pa.table(columns)
    begins = [0, *ends[:-1]]
    return [
        (number, table.slice(first, last - first))
        for number, (first, last) in enumerate(zip(begins, ends, strict=True))
        if first < last
    ]


def _sorted(data: Fixes, run: NDArray[Any], edges_us: Ints) -> tuple[dict[str, NDArray[Any]], list[int]]:
    """Return the columns of slots, sorted by slot, and where each slot ends."""
    slot = np.maximum(np.searchsorted(edges_us, data.time_us, side="right") - 1, 0)
    order = np.argsort(slot.astype(np.uint16) if edges_us.size < 1 << 16 else slot, kind="stable")
    columns: dict[str, Any] = {
        "hull": data.hull.astype(np.int32),
        "segment": data.segment.astype(np.int32),
        "run": run.astype(np.int32),
        "time_us": data.time_us,
        "mmsi": data.mmsi,
        "lat_deg": data.lat_deg,
        "lon_deg": data.lon_deg,
        "speed_kn": data.speed_kn,
        "course_deg": data.course_deg,
        "heading_deg": data.heading_deg,
        "quality": data.quality.astype(np.int8),
    }
    ends = np.cumsum(np.bincount(slot, minlength=edges_us.size))
    return {name: values[order] for name, values in columns.items()}, ends.tolist()


def _dealt_out(
    fast: ModuleType, data: Fixes, run: NDArray[Any], edges_us: Ints
) -> tuple[dict[str, NDArray[Any]], list[int]]:
    """Do what `_sorted` does."""
    hull, segment, time_us, quality, *_ = data.plain
    rest = (data.mmsi, data.lat_deg, data.lon_deg, data.speed_kn, data.course_deg, data.heading_deg)
    floats = [np.require(values, np.float64, ["C", "W"]) for values in rest]
    small, moved = np.empty((3, data.size), dtype=np.int32), np.empty((6, data.size))
    times, kinds = np.empty(data.size, dtype=np.int64), np.empty(data.size, dtype=np.int8)
    ends = np.empty(edges_us.size, dtype=np.int64)
    fast.deal_out(edges_us, hull, segment, run, time_us, *floats, quality, ends, small, times, moved, kinds)
    hulls, segments, runs = small
    columns: dict[str, NDArray[Any]] = {"hull": hulls, "segment": segments, "run": runs, "time_us": times}
    names = ("mmsi", "lat_deg", "lon_deg", "speed_kn", "course_deg", "heading_deg")
    columns |= dict(zip(names, moved, strict=True))
    return {**columns, "quality": kinds}, ends.tolist()


class FixSlots:
    """All fixes, by time.

    Groups of hulls are put down in any number; a hull is in one group only. After `seal`, hulls are numbered by
    the sorted labels of all groups; ``rank`` tells these numbers of hulls in the order in which they were put down.
    """

    def __init__(self, edges_us: Ints, shelf: Shelf) -> None:
        self.edges_us = edges_us
        self._shelf = shelf
        self._labels: list[str] = []
        self._last: list[Fixes] = []
        self._per_hour: list[Floats] = []
        self.rank: Ints = np.zeros(0, dtype=np.int64)
        self.size = 0
        self.start_us, self.end_us = LAST_US, FIRST_US
        self.labels: list[str] = []
        self.per_hour: Floats = np.zeros(0)

    def put(self, labels: list[str], tables: list[tuple[int, pa.Table]], last: Fixes, per_hour: Floats) -> None:
        """Put down a group: its labels, tables by slot, and the last fix and the fixes per hour of each hull."""
        offset = len(self._labels)
        self._labels += labels
        self._last.append(last)
        self._per_hour.append(per_hour)
        for number, table in tables:
            hull = pa.array(table.column("hull").to_numpy() + np.int32(offset))
            self._shelf.put(number, table.set_column(0, "hull", hull))
            time = table.column("time_us").to_numpy()
            self.size += table.num_rows
            self.start_us, self.end_us = min(self.start_us, int(time.min())), max(self.end_us, int(time.max()))

    def seal(self) -> None:
        """Number the hulls; nothing can be put down after this."""
        order = sorted(range(len(self._labels)), key=self._labels.__getitem__)
        self.labels = [self._labels[k] for k in order]
        self.rank = np.empty(len(order), dtype=np.int64)
        self.rank[order] = np.arange(len(order))
        self.per_hour = np.concatenate([np.zeros(0), *self._per_hour])[order]

    def last_fixes(self) -> Fixes:
        """Return the last fix of each hull, with ``end_us`` the last time of all."""
        place = {label: k for k, label in enumerate(self.labels)}
        parts = [(np.array([place[name] for name in group.labels], dtype=np.int64), group) for group in self._last]
        columns = {}
        for name in Fixes.__dataclass_fields__:
            if name != "labels":
                columns[name] = np.concatenate([getattr(group, name) for _, group in parts])
        columns["hull"] = np.concatenate([ranks[group.hull] for ranks, group in parts])
        fixes = Fixes(labels=self.labels, **columns).take(np.argsort(columns["hull"]))
        fixes.__dict__["end_us"] = self.end_us
        return fixes

    @property
    def spilled(self) -> bool:
        """Whether some of the fixes had to leave memory."""
        return self._shelf.spilled_bytes > 0

    def rows_between(self, start_us: int, end_us: int) -> int:
        """Return how many fixes lie in the slots that ``[start, end)`` touches."""
        return sum(self._shelf.rows.get(number, 0) for number in self._touched(start_us, end_us))

    def _touched(self, start_us: int, end_us: int) -> range:
        first, last = np.searchsorted(self.edges_us, [start_us, end_us - 1], side="right") - 1
        return range(max(int(first), 0), max(int(last), 0) + 1)

    def load(
        self, start_us: int, end_us: int, *, contact: bool = False, wanted: tuple[Ints, Ints] | None = None
    ) -> Fixes:
        """Return the fixes of ``[start, end)``, sorted by hull, then time.

        Parameters
        ----------
        contact
            Only the ends of legs that matter for contact, with ``segment`` the run of such legs.
        wanted
            Per hull, the first and last time [us] of which fixes are wanted, shape (n hulls,) each.
        """
        parts = []
        for number in self._touched(start_us, end_us):
            table = self._shelf.look(number)
            if table is not None:
                parts.append(self._chosen(table, start_us, end_us, contact, wanted))
        return self._sorted(parts)

    def batches(self, start_us: int, end_us: int) -> Iterator[Columns]:
        """Yield the columns of all fixes in the slots that ``[start, end)`` touches, without a copy, in pieces.

        The pieces come in order of time and, in each slot, of hulls as they were put down. A piece is sorted by hull
        and time; ``hull`` is the place in ``rank``.
        """
        for number in self._touched(start_us, end_us):
            for batch in self._pieces(number):
                yield {name: batch.column(name).to_numpy() for name in batch.schema.names}

    def _pieces(self, number: int) -> list[pa.RecordBatch]:
        table = self._shelf.look(number)
        return [] if table is None else [batch for batch in table.to_batches() if batch.num_rows]

    def deal(self, shelf: Shelf, hull: Ints, number: Ints, low_us: Ints, high_us: Ints, workers: int = 1) -> None:
        """Look through all fixes once and put those within windows of time on a shelf.

        Parameters
        ----------
        hull, number, low_us, high_us
            Per window: its hull (rising), the number under which its fixes are put down, and its first and last
            time [us], shape (n,) each. A hull may have several.
        workers
            Threads that look through them.
        """
        put_down = np.empty(self.rank.size, dtype=np.int64)
        put_down[self.rank] = np.arange(self.rank.size)
        # Tables are sorted by hull as put down: so come the fixes of each number, too.
        order = np.lexsort((put_down[hull], number))
        whose, number, low_us, high_us = put_down[hull][order], number[order], low_us[order], high_us[order]

        def taken(batch: pa.RecordBatch) -> tuple[Ints, pa.Table]:
            time, hulls = batch.column("time_us").to_numpy(), batch.column("hull").to_numpy()
            some = np.flatnonzero((whose >= hulls[0]) & (whose <= hulls[-1]))
            asked = whose[some].astype(hulls.dtype)
            first, last = (np.searchsorted(hulls, asked, side) for side in ("left", "right"))
            some, first, last = (values[last > first] for values in (some, first, last))
            # Few hulls were heard before or after what is wanted of them.
            for k in np.flatnonzero((time[first] < low_us[some]) | (time[last - 1] > high_us[some])).tolist():
                own = time[first[k] : last[k]]
                last[k] = first[k] + np.searchsorted(own, high_us[some[k]], "right")
                first[k] += np.searchsorted(own, low_us[some[k]], "left")
            window, row = expand(first, np.maximum(last - first, 0))
            return number[some[window]], pa.Table.from_batches([batch.take(pa.array(row))])

        slots = self._touched(int(low_us.min()), int(high_us.max()) + 1)
        batches = ((batch,) for slot in slots for batch in self._pieces(slot))
        for whither, table in run_parts(taken, batches, workers):
            for begin, end in zip(*group_bounds(whither), strict=True):
                shelf.put(int(whither[begin]), table.slice(begin, end - begin))

    def as_fixes(self, table: pa.Table | None) -> Fixes:
        """Return what `deal` put down under one number as fixes."""
        return self._sorted([] if table is None else [self._chosen(table, FIRST_US, LAST_US, False, None)])

    def _sorted(self, parts: list[dict[str, np.ndarray]]) -> Fixes:
        """Put columns together; hulls in order, and each in the order of time in which it comes."""
        names = [name for name in Fixes.__dataclass_fields__ if name not in ("labels", "xyz")]
        columns: dict[str, Any] = {
            name: np.concatenate([part[name] for part in parts]) if parts else np.zeros(0) for name in names
        }
        # Slots come in order of time, and a hull is sorted in each: a stable sort by hull is enough.
        order = np.argsort(columns["hull"], kind="stable")
        for name, values in columns.items():
            columns[name] = values[order]
            if name in ("hull", "segment", "quality", "time_us"):
                columns[name] = columns[name].astype(np.int64)
        fixes = Fixes(labels=self.labels, xyz=to_xyz(columns["lat_deg"], columns["lon_deg"]), **columns)
        fixes.__dict__["end_us"] = self.end_us
        return fixes

    def _chosen(
        self, table: pa.Table, start_us: int, end_us: int, contact: bool, wanted: tuple[Ints, Ints] | None
    ) -> dict[str, np.ndarray]:
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
        time = columns["time_us"]
        keep = (time >= start_us) & (time < end_us)
        if contact:
            keep &= columns["run"] >= 0
            columns["segment"] = columns["run"]
        hull = self.rank[columns["hull"]]
        if wanted is not None:
            keep &= (time >= wanted[0][hull]) & (time <= wanted[1][hull])
        columns["hull"] = hull
        del columns["run"]
        return columns if keep.all() else {name: values[keep] for name, values in columns.items()}
