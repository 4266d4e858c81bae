"""Where work runs: cut time into parts and map a task over them, here or in threads. Knows no vessels."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """A half-open stretch of time [us]."""

    start_us: int
    end_us: int


def cut(start_us: int, end_us: int, length_us: int) -> list[Part]:
    """Cut ``[start, end]`` into parts whose borders are multiples of ``length_us`` since 1970.

    Examples
    --------
    >>> cut(5, 25, 10)
    [Part(start_us=0, end_us=10), Part(start_us=10, end_us=20), Part(start_us=20, end_us=30)]
    """
    first = start_us // length_us
    last = end_us // length_us
    return [Part(k * length_us, (k + 1) * length_us) for k in range(first, last + 1)]


def cores() -> int:
    """Return how many cores this process may use, at most 8: beyond that Python's own lock is in the way."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 8)
    return min(os.cpu_count() or 1, 8)


def quarter_of_memory() -> int:
    """Return a quarter of the machine's memory [bytes], at least 2 GB, which also stands where it cannot be told."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        whole = 0
    return max(whole // 4, 2_000_000_000)


@contextmanager
def beside(task: Callable[[], object] | None) -> Iterator[None]:
    """Run a task in a thread of its own beside a ``with`` statement, which waits for it at its end.

    For what only makes ready what comes later: its errors are dropped, because they come again where it is needed.
    """

    def run() -> None:
        with suppress(Exception):
            if task is not None:
                task()

    thread = Thread(target=run, name="stsdetect-beside")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def run_parts(task: Callable[..., T], jobs: Iterable[tuple[Any, ...]], workers: int = 1) -> Iterator[T]:
    """Yield ``task(*job)`` for each job, in order; with more than one worker in that many threads.

    The work is NumPy's and Arrow's, which run side by side in threads and need no copy of the data. Jobs are
    made lazily and at most one more than there are workers waits, so that memory does not grow with their number.
    """
    if workers <= 1:
        for job in jobs:
            yield task(*job)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for job in jobs:
                waiting.append(pool.submit(task, *job))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
