"""Rows of any number, sorted into buckets of vessels as they come; a vessel is in one bucket only."""

from __future__ import annotations

import math
import zlib
from collections import Counter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Ints
from stsdetect.store import Shelf
from stsdetect.tracks import Coder, Register, Reports

#: Rows are sorted into buckets from this many on; below, one bucket is enough.
SMALL = 1_000_000
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
    """

    def __init__(self, shelf: Shelf, bin_us: int, rows_at_once: int) -> None:
        self._shelf = shelf
        self._bin_us = bin_us
        self._rows_at_once = rows_at_once
        self._waiting: list[pa.Table] = []
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
        self._count(table.column("time").cast(pa.int64()).to_numpy() // self._bin_us)
        table = self._coder.coded(table)
        if self.count:
            self._sort(table)
            return
        self._waiting.append(table)
        if self.rows >= SMALL:
            expected = self.rows / share_read if share_read > 0 else 64 * self._rows_at_once
            self._start(min(max(math.ceil(expected / self._rows_at_once), 2), MOST_BUCKETS))

    def close(self) -> None:
        """Say that no more rows come."""
        if not self.count:
            self._start(1)
        self._shelf.settle()

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

    def _start(self, count: int) -> None:
        self.count = count
        waiting, self._waiting = self._waiting, []
        for table in waiting:
            self._sort(table)

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

    def _sort(self, table: pa.Table) -> None:
        if self.count == 1:
            self._shelf.put(0, table)
            return
        register = self._coder.register
        if self._bucket.size < register.size:
            self._bucket = np.append(self._bucket, bucket_of(register, self._bucket.size, self.count))
        bucket = self._bucket[table.column("code").to_numpy()]
        order = np.argsort(bucket, kind="stable")
        table = table.combine_chunks().take(pa.array(order))
        ends = np.cumsum(np.bincount(bucket, minlength=self.count)).tolist()
        begin = 0
        for number, end in enumerate(ends):
            if end > begin:
                self._shelf.put(number, table.slice(begin, end - begin))
            begin = end
