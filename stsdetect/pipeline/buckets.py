"""Rows of any number, sorted into buckets of vessels as they come; a vessel is in one bucket only."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.engine import run_parts
from stsdetect.kernels.sphere import Ints
from stsdetect.store import Shelf
from stsdetect.tracks import Coder, Register, Reports
from stsdetect.tracks.columns import Numbers
from stsdetect.tracks.register import Codes

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
    workers
        Threads that deal them out.
    """

    def __init__(self, shelf: Shelf, bin_us: int, rows_at_once: int, batch_bytes: int, workers: int = 1) -> None:
        self._shelf = shelf
        self._bin_us = bin_us
        self._rows_at_once = rows_at_once
        self._batch_bytes = batch_bytes
        self._workers = workers
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
        self._count(table.column("time").cast(pa.int64()).to_numpy() // self._bin_us)
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
        """Put the rows that wait into their buckets: each column is moved once, bucket beside bucket."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if not waiting:
            return
        register = self._coder.register
        if self._bucket.size < register.size:
            self._bucket = np.append(self._bucket, bucket_of(register, self._bucket.size, self.count))
        places, ends = self._places([table.column("code").to_numpy() for table in waiting])
        fields = list(pa.unify_schemas([table.schema for table in waiting]))

        def jobs() -> Iterator[tuple[Any, ...]]:
            nonlocal waiting
            for field in fields:
                name = field.name
                blocks = [table.column(name) if name in table.column_names else None for table in waiting]
                # Each column goes as soon as it has been moved.
                waiting = [table.drop_columns([name]) if name in table.column_names else table for table in waiting]
                yield blocks, places, field.type

        moved = list(run_parts(scattered, jobs(), self._workers))
        table = pa.Table.from_arrays(moved, schema=pa.schema(fields))
        begin = 0
        for number, end in enumerate(ends):
            self._shelf.put(number, table.slice(begin, end - begin))
            begin = end

    def _places(self, codes: list[Codes]) -> tuple[list[Ints], list[int]]:
        """Return where the rows of each block go, stably by bucket, and where each bucket ends."""
        counts = np.array([np.bincount(self._bucket[block], minlength=self.count) for block in codes])
        ends = np.cumsum(counts.sum(axis=0))
        begin = ends - counts.sum(axis=0) + np.cumsum(counts, axis=0) - counts

        def place(block: Codes, count: Ints, first: Ints) -> Ints:
            order = np.argsort(self._bucket[block], kind="stable")
            result = np.empty(block.size, dtype=np.int64)
            result[order] = np.arange(block.size) + np.repeat(first - (np.cumsum(count) - count), count)
            return result

        return list(run_parts(place, zip(codes, counts, begin, strict=True), self._workers)), ends.tolist()


def scattered(blocks: Sequence[pa.ChunkedArray | None], places: list[Ints], kind: pa.DataType) -> pa.Array:
    """Return a column whose values stand at ``places``: block after block; None is a block of nulls.

    Parameters
    ----------
    blocks
        Columns of numbers or times.
    places
        Where the values of each block go, shape (n rows of the block,); all together 0 .. n - 1.
    """
    size = sum(place.size for place in places)
    values: NDArray[Any] | None = None
    gone: NDArray[np.bool_] | None = None
    for block, place in zip(blocks, places, strict=True):
        numbers = Numbers(pa.chunked_array([pa.nulls(place.size, kind)]) if block is None else block)
        if numbers.values is not None:
            if values is None:
                values = np.empty(size, dtype=numbers.values.dtype)
            values[place] = numbers.values
        if numbers.values is None or numbers.valid is not None:
            if gone is None:
                gone = np.zeros(size, dtype=np.bool_)
            gone[place] = True if numbers.valid is None else ~numbers.valid
    if values is None:
        return pa.nulls(size, kind)
    array = pa.array(values, mask=gone)
    return array if array.type == kind else array.view(kind)
