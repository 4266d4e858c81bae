"""The command in a process of its own: how it ended, and the most memory it had."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

#: What no hostile input may make the command take [MB].
MOST_MB = 500
# The peak of the program itself: what `os.wait4` tells includes the process that started it.
_PROGRAM = """
import atexit, sys

def tell():
    with open("/proc/self/status") as status, open(sys.argv[1], "w") as peak:
        peak.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))

atexit.register(tell)
from stsdetect.cli import main
main(sys.argv[2:])
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and the most memory it took [MB]."""

    code: int
    out: str
    err: str
    peak_mb: float


def command(*words: object, folder: Path, seconds: float = 120.0) -> Ended:
    """Run ``stsdetect`` with these words; anything but an end by itself in time fails the test."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of memory is read from /proc")
    peak = folder / "peak"
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(peak), *map(str, words)],
        capture_output=True,
        timeout=seconds,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    out, err = (raw.decode("utf-8") for raw in (done.stdout, done.stderr))
    assert done.returncode >= 0, err  # else a signal ended it: an abort in native code
    ended = Ended(done.returncode, out, err, int(peak.read_text()) / 1024)
    assert "Traceback" not in err
    assert "bug" not in err
    assert ended.peak_mb < MOST_MB, f"{ended.peak_mb:.0f} MB"
    return ended
