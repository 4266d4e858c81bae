"""Which raw rows the vessels of events were first and last heard in: kept beside the fixes, looked up at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Ints
from stsdetect.schema import SOURCES, TIME
from stsdetect.store import Shelf
from stsdetect.tracks import Reports, TrackArrays
from stsdetect.units import US_PER_S

#: Codes of files in as few bytes as hold them.
_CODES = ((1 << 8, np.uint8), (1 << 16, np.uint16), (1 << 31, np.int32))


@dataclass(frozen=True)
class SourcePart:
    """The fixes of a group of hulls, sorted by hull and time, with the rows they came from.

    Attributes
    ----------
    labels
        Of the hulls.
    ends
        Behind the last fix of each hull, shape (n hulls,).
    table
        Columns ``time``, ``row`` and ``file`` as narrow as they can be, shape (n fixes,).
    """

    labels: list[str]
    ends: Ints
    table: pa.Table

    @classmethod
    def of(cls, made: TrackArrays, reports: Reports) -> SourcePart:
        """Take all fixes; of exact repeats they hold the least row already."""
        fixes = made.fixes
        row = fixes.row
        lines, files = reports.numbers("source_row"), reports.files.codes
        columns: dict[str, Any] = {"time": _seconds(fixes.time_us)}
        if lines.values is not None:
            columns["row"] = _narrow_rows(lines.arrow(row, row.size, pa.int64()))
        if files is not None:
            columns["file"] = _narrow_codes(files[row])
        ends = np.cumsum(np.bincount(fixes.hull, minlength=len(made.labels)))
        return cls(made.labels, ends, pa.table(columns))


class Sources:
    """Keeps the sources of all fixes on a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._labels: list[str] = []
        self._first_hull: list[int] = []
        self._ends: list[Ints] = []

    def put(self, part: SourcePart) -> None:
        """Put down the fixes of a group of hulls; a hull is in one group only."""
        self._shelf.put(len(self._ends), part.table)
        self._first_hull.append(len(self._labels))
        self._labels += part.labels
        self._ends.append(part.ends)

    def table(self, events: pa.Table, files: Sequence[str | None]) -> pa.Table:
        """Return the `SOURCES` of events: of each vessel, its first and its last fix within the event.

        Where a vessel has no fix between start and end, they are the last before and the first after, between which
        its place was interpolated.

        Parameters
        ----------
        files
            Names of files by number, as `stsdetect.tracks.Coder.files`.
        """
        start, end = (events.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time"))
        hull, vessel = self._hulls(events)
        asked = np.flatnonzero(hull >= 0)
        asked = asked[np.argsort(hull[asked], kind="stable")]
        event = asked % max(events.num_rows, 1)
        cuts = np.searchsorted(hull[asked], [*self._first_hull, len(self._labels)])
        found = np.full((3, 2, asked.size), -1, dtype=np.int64)
        for number in np.flatnonzero(np.diff(cuts)).tolist():
            some = slice(cuts[number], cuts[number + 1])
            table, ends = self._shelf.look(number), self._ends[number]
            assert table is not None
            own = hull[asked[some]] - self._first_hull[number]
            begin = np.where(own > 0, ends[own - 1], 0)
            found[:, :, some] = _look_up(table, begin, ends[own], start[event[some]], end[event[some]])
        return _as_table(found, asked, events, vessel, files)

    def _hulls(self, events: pa.Table) -> tuple[Ints, pa.Array]:
        """Return the hull of all sides a, then of all sides b, -1 for none, and their labels."""
        both = pa.chunked_array([*events.column("vessel_a").chunks, *events.column("vessel_b").chunks], pa.string())
        words = both.combine_chunks().dictionary_encode()
        words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
        place = {label: k for k, label in enumerate(self._labels)}
        # A vessel of which only others told has no fixes here.
        hulls = np.array([*(place.get(word, -1) for word in words.dictionary.to_pylist()), -1], dtype=np.int64)
        return hulls[words.indices.fill_null(-1).to_numpy()], words


def _look_up(table: pa.Table, begin: Ints, end: Ints, start_us: Ints, end_us: Ints) -> Ints:
    """Return time [us], row and file of the first and the last fix within events, shape (3, 2, n events); -1 for none.

    Parameters
    ----------
    begin, end
        Where the fixes of each event's vessel begin and end in the table, shape (n events,); there is at least one.
    """
    time = table.column("time")
    unit = US_PER_S if time.type == pa.uint32() else 1
    times = time.to_numpy()
    first, last = _bisect(times, unit, begin, end, start_us), _bisect(times, unit, begin, end, end_us + 1) - 1
    none = first > last
    first, last = np.where(none, last, first), np.where(none, first, last)
    place = np.clip(np.stack([first, last]), begin, end - 1)
    found = np.full((3, *place.shape), -1, dtype=np.int64)
    found[0] = times[place].astype(np.int64) * unit
    for k, name in ((1, "row"), (2, "file")):
        if name in table.column_names:
            found[k] = table.column(name).to_numpy()[place]
    return found


def _bisect(times: NDArray[Any], unit: int, low: Ints, high: Ints, value: Ints) -> Ints:
    """Return the first place in each of ``[low, high)`` at which ``times * unit`` is not less than the value."""
    while (open_ := low < high).any():
        middle = (low + high) // 2
        less = times[np.where(open_, middle, 0)].astype(np.int64) * unit < value
        low, high = np.where(open_ & less, middle + 1, low), np.where(open_ & ~less, middle, high)
    return low


def _as_table(found: Ints, asked: Ints, events: pa.Table, vessel: pa.Array, files: Sequence[str | None]) -> pa.Table:
    """Return rows for first and last of each side asked for, in their final order."""
    n = max(events.num_rows, 1)
    side, which = np.tile(asked // n, 2), np.repeat([0, 1], asked.size)
    time_us, row, file = found.reshape(3, -1)
    names = pa.array(files, pa.string()).take(pa.array(file, mask=file < 0))
    table = SOURCES.table(
        {
            "event_id": events.column("event_id").take(pa.array(np.tile(asked % n, 2))),
            "side": pa.array(["a", "b"]).take(pa.array(side)),
            "which": pa.array(["first", "last"]).take(pa.array(which)),
            "vessel": vessel.take(pa.array(np.tile(asked, 2))).cast(pa.string()),
            "time": pa.array(time_us).cast(TIME),
            "source_file": names,
            "source_row": pa.array(row, mask=row < 0),
        }
    )
    return table.sort_by([(name, "ascending") for name in ("event_id", "side", "which")]).combine_chunks()


def _seconds(time_us: Ints) -> NDArray[Any]:
    """Return times in whole seconds where they are such and 32 bits hold them, else as they are [us]."""
    if not time_us.size:
        return time_us
    seconds = time_us // US_PER_S
    whole = seconds.min() >= 0 and seconds.max() < 1 << 32 and bool((seconds * US_PER_S == time_us).all())
    return seconds.astype(np.uint32) if whole else time_us


def _narrow_rows(rows: pa.Array) -> pa.Array:
    numbers = rows.fill_null(-1).to_numpy()
    small = not numbers.size or (int(numbers.min()) >= -1 and int(numbers.max()) < 1 << 31)
    return pa.array(numbers.astype(np.int32) if small else numbers)


def _narrow_codes(codes: NDArray[np.int32]) -> NDArray[Any]:
    top, least = (int(codes.max()), int(codes.min())) if codes.size else (0, 0)
    if least < 0:
        return codes
    return codes.astype(next(kind for most, kind in _CODES if top < most))
