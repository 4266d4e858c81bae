"""Work on the next items while the caller is busy with this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Threads at work (Arrow lets go of Python's lock while it parses), and results that may wait for the caller.
THREADS = 2
DEPTH = 3


def ahead(items: Iterator[T], work: Callable[[T], R], threads: int = THREADS, depth: int = DEPTH) -> Iterator[R]:
    """Yield ``work(item)`` in the order of the items, at most ``depth`` of them done or begun ahead of the caller.

    Items are drawn in the threads too, one at a time: where that means unpacking, it runs beside the work. An error
    in drawing or in work is raised in its turn. A single item is worked on where the caller is.
    """
    begin = list(islice(items, 1))
    trouble: Exception | None = None
    try:
        begin += islice(items, 1)
    except Exception as problem:  # in its turn, behind the first item
        trouble = problem
    if len(begin) < 2:
        yield from map(work, begin)
        if trouble is not None:
            raise trouble
        return
    items = chain(begin, items)
    turns = _Turns(items)
    waiting: deque[Future[list[R]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="stsdetect-read") as pool:
        try:
            number = 0
            while True:
                while len(waiting) < depth:
                    waiting.append(pool.submit(turns.step, number, work))
                    number += 1
                done = waiting.popleft().result()
                if not done:
                    return
                yield done[0]
        finally:
            for future in waiting:
                future.cancel()
            turns.stop()


class _Turns(Generic[T]):
    """Hands items out in order: the step of number k draws the k-th."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._next = 0
        self._over = False
        self._turn = Condition()

    def step(self, number: int, work: Callable[[T], R]) -> list[R]:
        """Draw the item of this number and work on it; empty behind the last item."""
        with self._turn:
            self._turn.wait_for(lambda: self._over or self._next == number)
            if self._over:
                return []
            self._next += 1
            drawn: list[T] = []
            try:
                drawn = list(islice(self._items, 1))
            finally:
                self._over = not drawn
                self._turn.notify_all()
        return [work(item) for item in drawn]

    def stop(self) -> None:
        """Give out no more."""
        with self._turn:
            self._over = True
            self._turn.notify_all()
