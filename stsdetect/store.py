"""Tables kept by number: in memory while there is room, in Parquet files of a temporary folder beyond that."""

from __future__ import annotations

import ctypes
import sys
import tempfile
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import pyarrow as pa

from stsdetect.errors import UsageError

#: Names of settings of glibc's malloc (malloc.h); the second takes at most 32 MB.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def hold_memory() -> None:
    """Ask the system's C library to keep what is freed for what comes next, until `give_back_memory`.

    Otherwise every large array is fetched from the system anew, page by page, and cleared. For programs, not for
    libraries: it concerns the whole process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 25)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        # What one thread frees another can use.
        mallopt(_M_ARENA_MAX, 1)


def _concat(tables: list[pa.Table]) -> pa.Table:
    """Put tables together; a column that one lacks is null there."""
    return pa.concat_tables(tables, promote_options="default")


def _together(files: list[Path], parts: list[pa.Table]) -> pa.Table | None:
    import pyarrow.parquet as pq

    tables = [*(pq.read_table(path, memory_map=False) for path in files), *parts]
    return _concat(tables) if tables else None


def give_back_memory() -> None:
    """Give memory that is free inside this process back to the system, where that can be asked for.

    Allocators keep what was freed for later; after a stage with many threads that may be a gigabyte.
    """
    pa.default_memory_pool().release_unused()
    # The C library of Linux; elsewhere there is no such call, and nothing is lost without it.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class Shelf:
    """Arrow tables of one schema, put down and taken up by number. A table may lack columns: they are null there.

    What is put down stays in memory up to ``limit_bytes`` in all; then everything goes to Parquet files in a
    temporary folder (that of ``TMPDIR``), which is removed at the end. Use it in a ``with`` statement.

    Parameters
    ----------
    limit_bytes
        Most memory the tables may take [bytes].

    Raises
    ------
    UsageError
        If a table does not fit and the temporary folder cannot be written.

    Examples
    --------
    >>> with Shelf(limit_bytes=0) as shelf:
    ...     shelf.put(3, pa.table({"x": [1, 2]}))
    ...     shelf.put(3, pa.table({"x": [3]}))
    ...     shelf.look(3).column("x").to_pylist()
    [1, 2, 3]
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._lock = Lock()
        self._tables: dict[int, list[pa.Table]] = {}
        self._files: dict[int, list[Path]] = {}
        self._held = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.rows: dict[int, int] = {}
        self.spilled_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._tables.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def put(self, number: int, table: pa.Table) -> None:
        """Put a table down behind those already there.

        A slice keeps what it was cut from: put all of that down, or none.
        """
        if not table.num_rows:
            return
        self._tables.setdefault(number, []).append(table)
        self.rows[number] = self.rows.get(number, 0) + table.num_rows
        self._held += table.nbytes
        if self._held > self._limit:
            try:
                self._spill()
            except OSError as problem:
                where = self._folder.name if self._folder is not None else "the folder that TMPDIR names"
                raise UsageError(
                    f"what does not fit into memory cannot be written to {where}: {problem.strerror or problem}. "
                    "Let TMPDIR name a folder with more room, or allow more with --memory."
                ) from problem

    def look(self, number: int) -> pa.Table | None:
        """Return the tables of a number as one; None where nothing was put down."""
        return _together(self._files.get(number, []), self._tables.get(number, []))

    def take(self, number: int) -> pa.Table | None:
        """Return the tables of a number as one and forget them; None where nothing was put down.

        Several threads may do this at once.
        """
        with self._lock:
            files, parts = self._files.pop(number, []), self._tables.pop(number, [])
            self._held -= sum(part.nbytes for part in parts)
            self.rows.pop(number, None)
        table = _together(files, parts)
        for path in files:
            path.unlink()
        return table

    def _spill(self) -> None:
        import pyarrow.parquet as pq

        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stsdetect-")
        for number, parts in self._tables.items():
            files = self._files.setdefault(number, [])
            path = Path(self._folder.name) / f"{number}-{len(files)}.parquet"
            table = _concat(parts).unify_dictionaries()
            words = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
            pq.write_table(table, path, compression="lz4", use_dictionary=words, write_statistics=False)
            self.spilled_bytes += path.stat().st_size
            files.append(path)
        self._tables.clear()
        self._held = 0
