"""How far a job is, and how long its stages take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

#: Called with the stage, how much of it is done, and how much there is (0 where not known).
Progress: TypeAlias = Callable[[str, int, int], None]


class Clock:
    """Times the stages and passes progress on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time a stage; how far it is goes to what this yields: how many are done, and how many there are."""
        start = time.perf_counter()
        self._progress(name, 0, 0)
        yield lambda done, total: self._progress(name, done, total)
        self.seconds[name] = round(time.perf_counter() - start, 3)
        self._progress(name, 1, 1)


class Follow:
    """Turns bytes read per file into rows read and about how many there are."""

    def __init__(self, total_bytes: int, tick: Callable[[int, int], None], rows: Callable[[], int]) -> None:
        self._total, self._tick, self._rows = total_bytes, tick, rows
        self._seen: dict[str, int] = {}
        self._so_far = 0

    def file(self, label: str, done: int, size: int) -> None:
        """Take in how far a file is read [bytes]."""
        self._so_far += done - self._seen.get(label, 0)
        self._seen[label] = done
        rows, share = self._rows(), self.share_read()
        self._tick(rows, round(rows / share) if share > 0 else 0)

    def share_read(self) -> float:
        """Return the share of all input that has been read, 0..1; 0 where that is not known."""
        return min(self._so_far / self._total, 1.0) if self._total else 0.0
