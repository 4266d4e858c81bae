"""Where work runs: cut time into parts and map a task over them, here or in processes. Knows no vessels."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
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


def _leave_interrupts() -> None:
    """Let Ctrl-C be the parent's business: it ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_parts(task: Callable[..., T], jobs: Iterable[tuple[Any, ...]], workers: int = 1) -> Iterator[T]:
    """Yield ``task(*job)`` for each job, in order; with more than one worker in that many processes.

    Jobs are made lazily and at most a few wait at a time, so that memory does not grow with their number.
    Task and jobs must be picklable where ``workers`` is more than 1.
    """
    if workers <= 1:
        for job in jobs:
            yield task(*job)
        return
    # Spawned, not forked: a forked child may inherit locks of Arrow's threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts) as pool:
        waiting = []
        for job in jobs:
            waiting.append(pool.submit(task, *job))
            if len(waiting) > 2 * workers:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
