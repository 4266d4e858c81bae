"""Tables kept by number: in memory while there is room, in Parquet files of a temporary folder beyond that."""

from __future__ import annotations

import ctypes
import sys
import tempfile
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from stsdetect.errors import UsageError

#: Names of settings of glibc's malloc (malloc.h), and the advice of huge pages (sys/mman.h).
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX, _MADV_HUGEPAGE = -1, -4, -8, 14
_HUGE_PAGE = 1 << 21


def hold_memory(up_to_bytes: int) -> None:
    """Ask the system's C library to keep what is freed for what comes next, until `give_back_memory`.

    Otherwise every large array is fetched from the system anew, page by page, and cleared. The first ``up_to_bytes``
    come in pages of 2 MB where the system has such: fetching 1 GB and giving it back took a third of the time. For
    programs, not for libraries: it concerns the whole process.
    """
    library = _c_library("mallopt")
    if library is None:
        return
    library.mallopt(_M_MMAP_MAX, 0)
    library.mallopt(_M_TRIM_THRESHOLD, -1)
    # What one thread frees another can use, and what NumPy frees Arrow can.
    library.mallopt(_M_ARENA_MAX, 1)
    pa.set_memory_pool(pa.system_memory_pool())
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.restype, library.free.argtypes = None, [ctypes.c_void_p]
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    # An address is all this takes: pages come when they are first written to.
    start = library.malloc(up_to_bytes)
    if start is not None:
        first = -start % _HUGE_PAGE
        library.madvise(start + first, max(up_to_bytes - first, 0), _MADV_HUGEPAGE)
        library.free(start)


def _c_library(function: str) -> Any:
    """Return the C library of Linux where it has a function, else None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, function) else None


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
    # Elsewhere there is no such call, and nothing is lost without it.
    library = _c_library("malloc_trim")
    if library is not None:
        library.malloc_trim(0)


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
