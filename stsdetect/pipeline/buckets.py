"""Rows of any number, sorted into buckets of vessels as they come; a vessel is in one bucket only."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Ints
from stsdetect.store import Shelf
from stsdetect.tracks import Coder, Register, Reports, days_heard, may_have_wrong_days, wrong_days
from stsdetect.tracks.columns import Numbers, one_array
from stsdetect.units import US_PER_S

#: Most buckets: each costs a little.
MOST_BUCKETS = 256
#: An odd number without pattern (2^64 over the golden ratio) that spreads MMSI evenly (Knuth).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def bucket_of(register: Register, first: int, n: int) -> NDArray[np.uint16]:
    """Return the bucket of each of a register's numbers from ``first`` on, shape (n numbers,).

    It depends only on the vessel's label (its own id, else the MMSI as nine digits) up to the first '#': hulls
    that share one MMSI are told apart by what follows it, and their names must not meet others elsewhere.
    """
    mmsi, own_id, words = register.who(first)
    used, place = np.unique(own_id, return_inverse=True)
    own = np.array([_of_label(words[k], n) if k >= 0 else -1 for k in used.tolist()], dtype=np.int64)[place]
    return np.where(own >= 0, own, _spread(mmsi, n)).astype(np.uint16)


def _spread(number: Ints, n: int) -> Ints:
    mixed = number.astype(np.uint64) * _SPREAD >> np.uint64(32)
    result: Ints = (mixed % np.uint64(n)).astype(np.int64)
    return result


def _of_label(label: str | None, n: int) -> int:
    """Return the bucket of a source's own vessel id; -1 where it says nothing."""
    if not label:
        return -1
    stem = label.partition("#")[0]
    # The same text may be an id in one file and an MMSI in another.
    if stem.isascii() and stem.isdigit() and len(stem) < 19 and stem == f"{int(stem):09d}":
        return int(_spread(np.array([int(stem)]), n)[0])
    return zlib.crc32(stem.encode("utf-8", "surrogatepass")) % n


class Buckets:
    """Takes in blocks of rows and gives them back by vessels.

    Parameters
    ----------
    shelf
        Where rows wait.
    bin_us
        Length of the time bins in which rows are counted [us].
    rows_at_once
        About how many rows a bucket may hold.
    batch_bytes
        Rows are dealt out to their buckets when so many have come in [bytes].
    """

    def __init__(self, shelf: Shelf, bin_us: int, rows_at_once: int, batch_bytes: int) -> None:
        self._shelf = shelf
        self.bin_us = bin_us
        self._rows_at_once = rows_at_once
        self._batch_bytes = batch_bytes
        self._waiting: list[pa.Table] = []
        self._bytes = 0
        self._coder = Coder()
        self._bucket: NDArray[np.uint16] = np.zeros(0, dtype=np.uint16)
        self.rows = 0
        self.count = 0
        self.by_bin: Counter[int] = Counter()

    def add(self, table: pa.Table, share_read: float) -> None:
        """Take in a block; ``share_read`` (0..1) of the input has been read with it, 0 where that is not known."""
        if not table.num_rows:
            return
        self.rows += table.num_rows
        self._count(table.column("time").cast(pa.int64()).to_numpy() // self.bin_us)
        table = self._coder.coded(table)
        self._waiting.append(table)
        self._bytes += table.nbytes
        if self._bytes > self._batch_bytes:
            if not self.count:
                self._start(self.rows / share_read if share_read > 0 else 64.0 * self._rows_at_once)
            self._deal()

    def close(self) -> None:
        """Say that no more rows come."""
        if not self.count:
            self._start(self.rows)
        self._deal()

    @property
    def files(self) -> list[str | None]:
        """The files that rows come from."""
        return self._coder.files

    def numbers(self) -> list[int]:
        """Return the numbers of the buckets that hold rows."""
        return sorted(self._shelf.rows)

    def take(self, number: int) -> Reports:
        """Return the rows of a bucket and forget them."""
        return self._reports(self._shelf.take(number))

    def look(self, number: int) -> Reports:
        """Return the rows of a bucket."""
        return self._reports(self._shelf.look(number))

    def _reports(self, rows: pa.Table | None) -> Reports:
        assert rows is not None
        return Reports(rows, self._coder.register, self._coder.files)

    def _start(self, expected_rows: float) -> None:
        self.count = min(max(math.ceil(expected_rows / self._rows_at_once), 1), MOST_BUCKETS)

    def _count(self, bins: Ints) -> None:
        low, high = int(bins.min()), int(bins.max())
        if high - low < 4 * bins.size + 1000:
            counts = np.bincount(bins - low)
            present = np.flatnonzero(counts)
            counts, present = counts[present], present + low
        else:
            present, counts = np.unique(bins, return_counts=True)
        for number, count in zip(present.tolist(), counts.tolist(), strict=True):
            self.by_bin[number] += count

    def _deal(self) -> None:
        """Put the rows that wait into their buckets, in memory of their own: each is given back by itself."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if not waiting:
            return
        register = self._coder.register
        if self._bucket.size < register.size:
            self._bucket = np.append(self._bucket, bucket_of(register, self._bucket.size, self.count))
        table = pa.concat_tables(waiting, promote_options="default")
        bucket = self._bucket[one_array(table.column("code")).to_numpy()]
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=self.count))
        columns = [list(_dealt(table.column(name), order, ends)) for name in table.column_names]
        for number, arrays in enumerate(zip(*columns, strict=True)):
            self._shelf.put(number, pa.Table.from_arrays(list(arrays), schema=table.schema))


def _dealt(column: pa.ChunkedArray, order: Ints, ends: Ints) -> Iterator[pa.Array]:
    """Yield the values of a column of numbers or times at ``order``, cut at ``ends``, in memory of their own."""
    numbers = Numbers(column)
    for begin, end in pairwise([0, *ends.tolist()]):
        values = numbers.arrow(order[begin:end], end - begin, column.type)
        yield values if values.type == column.type else values.view(column.type)


def days_of_wrong_clocks(buckets: Buckets) -> frozenset[int]:
    """Find the days of clocks set wrong; repeats are counted only where there can be any such day."""
    day_bins = 86_400 * US_PER_S // buckets.bin_us
    bins = np.array(sorted(buckets.by_bin), dtype=np.int64)
    if not may_have_wrong_days(np.unique(bins // day_bins)):
        return frozenset()
    heard: Counter[int] = Counter()
    for number in buckets.numbers():
        days, counts = days_heard(buckets.look(number))
        heard.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
    known = sorted(heard)
    return wrong_days(np.array(known, dtype=np.int64), np.array([heard[day] for day in known], dtype=np.int64))
