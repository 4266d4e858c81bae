"""Measuring: a stage and its floor in turn, whole processes with all their children, and the table that is printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

import pytest

ROWS = int(os.environ.get("STSDETECT_BENCH_ROWS", "2000000"))
ROUNDS = int(os.environ.get("STSDETECT_BENCH_ROUNDS", "5"))

STSDETECT = [sys.executable, "-c", "from stsdetect.cli import main; main()"]
#: The floor: all columns of the same file, all threads.
READ_CSV = [sys.executable, "-c", "import sys, pyarrow.csv as c; [c.read_csv(p) for p in sys.argv[1:]]"]
READ_PARQUET = [sys.executable, "-c", "import sys, pyarrow.parquet as q; [q.read_table(p) for p in sys.argv[1:]]"]

#: How often the memory of a process and its children is looked at [s].
_LOOK_S = 0.05


class Whole(NamedTuple):
    """A process that ran to its end: wall time [s], peak memory [MB] and CPU time [s], children included."""

    wall_s: float
    peak_mb: float
    cpu_s: float


def whole_process(command: list[str]) -> Whole:
    """Run a command to its end; Linux only.

    Peak memory is the process's own high-water mark, or, where it had children, the greatest sum of the shares of
    all of them seen at one time (pages that several hold count once), looked at every 50 ms. What `os.wait4` says of
    memory cannot be used: it counts what this very process held when it made the other.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
        errors.seek(0)
        assert process.returncode == 0, errors.read().decode()
    return Whole(wall_s, watch.peak_mb, usage.ru_utime + usage.ru_stime)


class _Watch:
    """Looks at a process and its children every now and then; one without children costs some reads of small files."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_S):
            children = _descendants(self._pid)[1:]
            mark = _read_mb(f"/proc/{self._pid}/status", "VmHWM:")
            shares = (
                [_read_mb(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in (self._pid, *children)] if children else []
            )
            self.peak_mb = max(self.peak_mb, mark, sum(shares))


def _descendants(pid: int) -> list[int]:
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                todo += map(int, (thread / "children").read_text().split())
        except OSError:  # it has ended meanwhile
            continue
    return found


def _read_mb(path: str, name: str) -> float:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


@dataclass(frozen=True)
class Line:
    """One line of the table: what a stage and its floor cost, and the most their ratio may be."""

    stage: str
    rows: int
    cost: float
    floor: str
    floor_cost: float
    limit: float | None = None
    note: str = ""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """How many times its floor the stage costs."""
        return self.cost / self.floor_cost

    def __str__(self) -> str:
        verdict = "" if self.limit is None or self.ratio <= self.limit else " NOT KEPT"
        asked = "" if self.limit is None else f"(<= {self.limit:g}{verdict})"
        speed = f"{self.rows / self.cost / 1e6:7.2f} M rows/s" if self.rows else " " * 16
        return (
            f"{self.stage:<40} {self.cost:8.3f} {self.unit:<2} {speed}  {self.floor:<32} "
            f"{self.floor_cost:8.3f} {self.unit:<2} {self.ratio:7.2f} {asked:<18} {self.note}"
        ).rstrip()


@dataclass
class Table:
    """What is printed at the end."""

    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Keep a line, and print it at once."""
        self.lines.append(line)
        print(f"\n{line}")


Stage = TypeVar("Stage")
Floor = TypeVar("Floor")


def beside(
    benchmark: Any,
    table: Table,
    stage: Callable[[], Stage],
    floor: Callable[[], Floor],
    *,
    names: tuple[str, str],
    rows: int,
    limit: float | None = None,
    warm: bool = True,
    note: Callable[[Stage, Floor], str] = lambda result, floor_result: "",
) -> Stage:
    """Measure a stage and its floor in turn, `ROUNDS` times each, and put their medians in the table.

    With ``warm``, both run once before. ``note`` is made from what both gave last; what the stage gave is returned.
    """
    floors: list[tuple[float, Floor]] = []

    def first_the_floor() -> None:
        begin = time.perf_counter()
        result = floor()
        floors.append((time.perf_counter() - begin, result))

    result: Stage = benchmark.pedantic(stage, setup=first_the_floor, rounds=ROUNDS, warmup_rounds=int(warm))
    floor_s = median(seconds for seconds, _ in floors[int(warm) :])
    line = Line(names[0], rows, benchmark.stats.stats.median, names[1], floor_s, limit, note(result, floors[-1][1]))
    benchmark.extra_info.update(floor=line.floor, floor_s=line.floor_cost, ratio=line.ratio, rows=rows)
    table.add(line)
    return result


#: Does a small job to have everything loaded, then says how much CPU time [s] the job takes, children included.
_JOB_CPU = """
import resource, sys, tempfile
from pathlib import Path
import stsdetect
from stsdetect.simulate import Archive, write_archive
def spent():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)
settings = stsdetect.load_settings(run={"compiled": sys.argv[2]})
with tempfile.TemporaryDirectory() as folder:
    write_archive(Archive(30_000, seed=1), Path(folder), ["parquet"])
    stsdetect.detect(str(Path(folder) / "parquet"), settings=settings)
before = spent()
result = stsdetect.detect(sys.argv[1], settings=settings)
print(spent() - before, *(result.events_table.column("kind").to_pylist().count(kind) for kind in ("encounter", "gap")))
"""


def job_cpu_s(folder: Path, compiled: str) -> tuple[float, int, int]:
    """Return the CPU time of the whole job on a folder [s], without imports, and how many encounters and gaps it found.

    ``compiled`` is the setting `run.compiled`.

    The least of up to three runs: CPU time is only ever lengthened by what else the machine does.
    """
    runs = []
    for _ in range(min(ROUNDS, 3)):
        command = [sys.executable, "-c", _JOB_CPU, str(folder), compiled]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        runs.append(done.stdout.split())
    spent = min(float(run[0]) for run in runs)
    return spent, int(runs[0][1]), int(runs[0][2])


def linux_only() -> None:
    """Skip where memory cannot be read from /proc."""
    if sys.platform != "linux":
        pytest.skip("peak memory with children is read from /proc: Linux only")
