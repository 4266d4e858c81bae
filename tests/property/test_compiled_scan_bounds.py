"""The compiled scanner looks at no byte outside the block and outside what it has kept of earlier lines.

Both stand next to pages that cannot be read, so one byte too far ends the process. That is why it runs in its own.
"""

from __future__ import annotations

import ctypes
import mmap
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stsdetect.kernels.choice import compiled, use_compiled, why_no_loops
from stsdetect.readers.repeated import Sets
from stsdetect.readers.scanned import Plan, plan, scan
from tests.property.test_compiled_scan import (
    FRAGMENTS,
    MMSI,
    NUMBERS,
    ODD_MMSI,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
    TEXTS,
    TIMES,
)  # fmt: skip

PAGE, BLOCKS = mmap.PAGESIZE, 3000
PLANS = {
    "key first": plan({"mmsi": 0, "time": 1, "lat": 2, "lon": 3}, 4, "iso"),
    "text between": plan({"mmsi": 0, "time": 1, "lat": 2, "lon": 3, "name": 5, "imo": 6, "width": 9}, 11, "iso"),
    "key behind text": plan({"name": 0, "lat": 1, "lon": 2, "time": 3, "mmsi": 4, "callsign": 6}, 7, "iso"),
    "number last": plan({"time": 0, "mmsi": 1, "lon": 2, "lat": 3}, 4, "day_first"),
    "time last": plan({"mmsi": 0, "lat": 1, "lon": 2, "time": 3}, 4, "iso"),
}


class Walled:
    """Bytes between two pages that cannot be read."""

    def __init__(self, pages: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._map = mmap.mmap(-1, PAGE * (pages + 2))
        at = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        for wall in (at, at + PAGE * (pages + 1)):
            assert libc.mprotect(ctypes.c_void_p(wall), ctypes.c_size_t(PAGE), 0) == 0
        room = (ctypes.c_uint8 * (PAGE * pages)).from_address(at + PAGE)
        self.room: NDArray[np.uint8] = np.ctypeslib.as_array(room)

    def put(self, data: bytes, at_end: bool) -> NDArray[np.uint8]:
        """Copy bytes to one of the walls."""
        view = self.room[len(self.room) - len(data) :] if at_end else self.room[: len(data)]
        view[:] = np.frombuffer(data, np.uint8)
        return view


def hostile(rnd: random.Random, steps: Plan) -> bytes:
    """Lines for the plan in which a few vessels repeat themselves, many of them odd; often cut anywhere."""
    if rnd.random() < 0.2:
        odd = [*FRAGMENTS, *(bytes([byte]) for byte in range(256))]
        return b"".join(rnd.choice(odd if rnd.random() < 0.2 else FRAGMENTS) for _ in range(rnd.randint(0, 60))) + b"\n"
    clock = "iso" if any(kind == "ISO" for kind, _ in steps.steps) else "day"
    pools = {
        "KEY": (MMSI, ODD_MMSI), "NUMBER": (NUMBERS, ODD_NUMBERS), "ISO": (TIMES[clock], ODD_TIMES),
        "DAY_FIRST": (TIMES[clock], ODD_TIMES), "REPEATED": ([*TEXTS, "x" * 50, "y" * 70, "z" * 140], ODD_TEXTS),
        "SKIP": (TEXTS, ODD_TEXTS),
    }  # fmt: skip

    def cell(kind: str) -> str:
        plain, odd = pools[kind]
        return rnd.choice(plain if rnd.random() < 0.97 else odd)

    kinds = [kind for kind, width in steps.steps for _ in range(width)]
    vessels = [[cell(kind) for kind in kinds] for _ in range(3)]
    lines = []
    for _ in range(rnd.randint(0, 12)):
        said = rnd.choice(vessels)
        row = [said[i] if kind in ("KEY", "REPEATED") else cell(kind) for i, kind in enumerate(kinds)]
        lines.append(",".join(row).encode())
    data = rnd.choice([b"\n", b"\r\n"]).join(lines)
    return (data[: rnd.randint(0, len(data))] if rnd.random() < 0.4 else data) + b"\n"


def main(seed: int) -> int:
    """Scan hostile blocks; return how many lines were read as plain ones."""
    rnd, block, text = random.Random(seed), Walled(8), Walled(1)
    sets: dict[str, Sets] = {}
    plain = 0
    with use_compiled(True):
        fast = compiled("scan")
        assert fast is not None
        for i in range(BLOCKS):
            name = list(PLANS)[i * len(PLANS) // BLOCKS]
            steps = PLANS[name]
            assert steps is not None
            if name not in sets:
                sets[name] = Sets(steps.runs)
                sets[name].text = text.room
            data = hostile(rnd, steps)
            view = block.put(data, rnd.random() < 0.7)
            assert fast.newlines(view) == data.count(b"\n")
            got = scan(fast, view, data.count(b"\n"), ",", steps, sets[name])
            if got is None:
                del sets[name]
            else:
                assert len(got.code) + len(got.odd) == data.count(b"\n")
                sets[name].count = int(sets[name].filled[0])
                plain += len(got.code)
    return plain


@pytest.mark.skipif(
    why_no_loops() is not None or sys.platform != "linux", reason="needs numba, and mprotect as Linux has it"
)
def test_no_byte_is_read_outside() -> None:
    root = Path(__file__).parents[2]
    code = "import sys; from tests.property.test_compiled_scan_bounds import main; print(main(int(sys.argv[1])))"
    ran = subprocess.run([sys.executable, "-c", code, "7"], cwd=root, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, f"{ran.returncode} {ran.stderr[-2000:]}"
    assert int(ran.stdout) > BLOCKS  # most lines are plain: the fast ways were taken
