"""Rows of any number, sorted into buckets of vessels as they come; a vessel is in one bucket only."""

from __future__ import annotations

import math
import zlib
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.kernels.sphere import Ints
from stsdetect.store import Shelf

#: Rows are sorted into buckets from this many on; below, one bucket is enough.
SMALL = 1_000_000
#: Most buckets: each costs a little.
MOST_BUCKETS = 256
#: An odd number without pattern (2^64 over the golden ratio) that spreads MMSI evenly (Knuth).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def bucket_of(table: pa.Table, n: int) -> Ints:
    """Return the bucket of each row of a `POSITIONS` table, shape (n rows,).

    It depends only on the vessel's label (its own id, else the MMSI as nine digits) up to the first '#': hulls
    that share one MMSI are told apart by what follows it, and their names must not meet others elsewhere.
    """
    if "mmsi" in table.column_names:
        result = _spread(pc.fill_null(table.column("mmsi"), 0).to_numpy().astype(np.int64), n)
    else:
        result = np.zeros(table.num_rows, dtype=np.int64)
    if "vessel_id" not in table.column_names:
        return result
    words = table.column("vessel_id").unify_dictionaries().combine_chunks()
    words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
    codes = pc.fill_null(words.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    places = np.array([_of_label(word, n) for word in words.dictionary.to_pylist()] + [-1], dtype=np.int64)
    own = places[codes]
    return np.where(own >= 0, own, result)


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
        self.rows = 0
        self.count = 0
        self.by_bin: Counter[int] = Counter()

    def add(self, table: pa.Table, share_read: float) -> None:
        """Take in a block; ``share_read`` (0..1) of the input has been read with it, 0 where that is not known."""
        if not table.num_rows:
            return
        self.rows += table.num_rows
        # What a layout does not hold takes no room.
        table = table.select([name for name in table.column_names if table.column(name).null_count < table.num_rows])
        bins = table.column("time").cast(pa.int64()).to_numpy() // self._bin_us
        self._count(bins)
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
        bucket = bucket_of(table, self.count)
        order = np.argsort(bucket.astype(np.uint16), kind="stable")
        table = table.combine_chunks().take(pa.array(order))
        ends = np.cumsum(np.bincount(bucket, minlength=self.count)).tolist()
        begin = 0
        for number, end in enumerate(ends):
            if end > begin:
                self._shelf.put(number, table.slice(begin, end - begin))
            begin = end
