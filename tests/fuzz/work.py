"""What one process of the campaign does: make inputs, judge them, keep what is found."""

from __future__ import annotations

import gc
import hashlib
import mmap
import random
import resource
import signal
import struct
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa

from tests.fuzz.judge import SHARES, WAYS, BrokenRuleError, Outcome, judge
from tests.fuzz.mutate import make
from tests.fuzz.seeds import seeds

#: An input that takes longer is a finding [s of work], and so is a process that grows by more than this [bytes].
LIMIT_S = 20
MEMORY = 500 << 20
#: Inputs kept of one kind of finding, and tries to make one smaller.
KEPT, TRIES = 3, 300


class TooSlowError(Exception):
    """An input took too long."""


class Tally:
    """What became of inputs, written where it is seen when the process dies: the number at work, inputs, read, rows."""

    #: Before the first input.
    NONE = struct.pack("4q", -1, 0, 0, 0)

    def __init__(self, path: Path, first: int) -> None:
        with path.open("r+b") as file:
            self._seen = mmap.mmap(file.fileno(), len(self.NONE))
        self.first, self.number, self.read, self.rows = first, first, 0, 0

    def show(self) -> None:
        """Write the counts down, before an input is read."""
        struct.pack_into("4q", self._seen, 0, self.number, self.number - self.first, self.read, self.rows)


def counts(path: Path) -> tuple[int, int, int, int]:
    """Return what `Tally` wrote: the number at work, inputs, read, rows."""
    found = struct.unpack("4q", path.read_bytes())
    return found[0], found[1], found[2], found[3]


def input_of(layout: str, seed: int, number: int) -> tuple[bytes, int]:
    """Return the input of this number, and the number of the way in which it is read."""
    rng = random.Random(f"{layout}:{seed}:{number}")
    return make(rng, seeds(layout)), rng.choice(SHARES)


def kind_of(problem: BaseException) -> str:
    """Tell findings apart: by the rule that broke, or the error and where it was raised."""
    if isinstance(problem, BrokenRuleError):
        return str(problem)
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if "stsdetect" in Path(frame.filename).parts] or frames
    return f"{type(problem).__name__} in {Path(own[-1].filename).name}:{own[-1].name}"


def attempt(content: bytes, layout: str, way: int) -> Outcome | str:
    """Judge an input in bounded time; the kind of finding where it is one."""
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        return judge(content, layout, way)
    except (Exception, MemoryError) as problem:
        return kind_of(problem)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def smaller(content: bytes, layout: str, way: int, kind: str) -> bytes:
    """Leave out lines, then bytes, as long as the finding stays the same."""
    tries = TRIES
    for mark in (b"\n", b""):
        parts = content.split(mark) if mark else [content[i : i + 1] for i in range(len(content))]
        size = max(len(parts) // 2, 1)
        while size and tries:
            at = 0
            while at < len(parts) and tries:
                tries -= 1
                left = parts[:at] + parts[at + size :]
                if attempt(mark.join(left), layout, way) == kind:
                    parts = left
                else:
                    at += size
            size //= 2
        content = mark.join(parts)
    return content


def keep(folder: Path, layout: str, content: bytes, kind: str) -> Path:
    """Write an input that was found, and beside it why."""
    path = folder / layout / f"{hashlib.sha256(content).hexdigest()[:12]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with (folder / "why.txt").open("a") as why:
        why.write(f"{layout}/{path.name}: {kind}\n")
    return path


class Hunt:
    """Judges inputs one after the other, and keeps what is found."""

    def __init__(self, layout: str, tally: Tally, folder: Path) -> None:
        self.layout, self.tally, self.folder = layout, tally, folder
        self.findings: Counter[str] = Counter()
        self._most = _resident() + MEMORY
        signal.signal(signal.SIGPROF, _too_slow)

    def one(self, content: bytes, way: int) -> None:
        """Judge one input."""
        self.tally.show()
        found = attempt(content, self.layout, way)
        if isinstance(found, Outcome) and self.tally.number % 64 == 0 and _resident() > self._most:
            found, self._most = "more memory than allowed", self._most * 2
        if isinstance(found, str):
            self.findings[found] += 1
            if self.findings[found] <= KEPT:
                small = content if content[:2] == b"PK" else smaller(content, self.layout, way, found)
                keep(self.folder, self.layout, small, found)
        elif found.layout == self.layout:
            self.tally.read += 1
            self.tally.rows += found.result.files[0].rows_read if found.result else 0
        self.tally.number += 1


def hunt(layout: str, seed: int, first: int, count: int, tally: Path, folder: Path) -> dict[str, Any]:
    """Judge the inputs ``first`` to ``first + count``; return what the ledger says of it."""
    begin = time.perf_counter()
    warnings.simplefilter("error")
    for way in range(len(WAYS)):
        judge(seeds(layout)[0], layout, way)  # loops are compiled or loaded now, in nobody's time
    hunter = Hunt(layout, Tally(tally, first), folder)
    gc.freeze()  # what is there now stays: to look through it again and again costs more than most inputs
    gc.set_threshold(20_000, 20, 100)
    told: list[int] = []
    pa.enable_signal_handlers(False)  # Arrow would end the reading at work, which is no finding
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: told.append(number))
    for number in range(first, first + count):
        if told:  # to stop: what was done counts
            break
        hunter.one(*input_of(layout, seed, number))
    hunter.tally.show()
    return {"findings": dict(hunter.findings), "seconds": round(time.perf_counter() - begin, 1)}


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"longer than {LIMIT_S} s")


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
