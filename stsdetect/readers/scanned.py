"""Lines of delimited text through the compiled scanner: what is plain; all else is left to the general way."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import groupby
from types import ModuleType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.readers.repeated import MAX_SETS, Sets
from stsdetect.readers.times import NAIVE

#: Numbers that change from report to report; all other columns are those of a vessel and read once for many rows.
_MOVING = ("lat", "lon", "sog", "cog", "heading")
_VESSEL = ("mmsi", "vessel_id")
#: A block is given up where more than one line in so many is odd.
_FEW = 4


@dataclass(frozen=True)
class Plan:
    """The steps of a line for `kernels.compiled.scan`, and our keys of the numbers in their order."""

    steps: tuple[tuple[str, int], ...]
    numbers: tuple[str, ...]
    repeated: frozenset[str]

    @property
    def runs(self) -> int:
        """Steps that repeat, the vessel's number apart."""
        return sum(kind == "REPEATED" for kind, _ in self.steps)


@dataclass(frozen=True)
class Scanned:
    """Plain lines of a block: moving columns by row, which set of repeated columns each row has, where lines begin.

    ``examples`` are whole lines, one for each new set; ``odd`` are number, begin and end of the lines set aside.
    """

    columns: dict[str, pa.Array]
    code: NDArray[np.int32]
    line: NDArray[np.int32]
    start: NDArray[np.int32]
    examples: NDArray[np.uint8]
    fresh: int
    odd: NDArray[np.int64]


def plan(columns: dict[str, int], width: int, clock: str, steady: bool = False) -> Plan | None:
    """Return how to go through lines of ``width`` columns, or None where that cannot be.

    Parameters
    ----------
    columns
        Our key -> position in the line.
    width
        Columns of a line.
    clock
        How times are written: "iso" or "day_first".
    steady
        Whether columns that are not wanted seldom change where they stand between others that repeat.
    """
    key = next((name for name in _VESSEL if name in columns), None)
    names = {position: name for name, position in columns.items()}
    if key is None or len(names) < len(columns) or not {"time", "lat", "lon"} <= set(columns):
        return None
    if sys.byteorder != "little":  # the loops read eight bytes as one number
        return None
    kinds = dict.fromkeys(_MOVING, "NUMBER") | {key: "KEY", "time": clock.upper()}
    each = [kinds.get(names[i], "REPEATED") if i in names else "SKIP" for i in range(width)]
    for i in range(1, width if steady else 0):
        if each[i] == "SKIP" and each[i - 1] == "REPEATED":
            beyond = next((kind for kind in each[i:] if kind != "SKIP"), None)
            each[i] = "REPEATED" if beyond == "REPEATED" else "SKIP"
    steps: list[tuple[str, int]] = []
    for kind, group in groupby(each):
        count = len(list(group))
        steps += [(kind, count)] if kind in ("SKIP", "REPEATED") else [(kind, 1)] * count
    numbers = tuple(names[i] for i in range(width) if each[i] == "NUMBER")
    return Plan(tuple(steps), numbers, frozenset(columns) - {*numbers, "time"})


def scan(
    fast: ModuleType, data: NDArray[np.uint8], count: int, delimiter: str, plan: Plan, sets: Sets
) -> Scanned | None:
    """Read the plain ones of ``count`` whole lines; None where too few are plain or there is no room for more sets.

    Sets that are new stand in ``sets`` then, but for what they mean; after None they are not to be used any more.
    """
    data = data.view()
    data.flags.writeable = False  # else the loop would be compiled once more for blocks of the other kind
    if len(data) == 0 or data[-1] != 10 or len(data) >= 1 << 31:
        return None
    before = sets.count
    micro, numbers = np.empty(count, np.int64), np.empty((len(plan.numbers), count))
    valid = np.full((1 + len(plan.numbers), (count + 7) // 8), 255, np.uint8)
    nulls = np.zeros(1 + len(plan.numbers), np.int64)
    code, line, start = (np.empty(count, np.int32) for _ in range(3))
    odd, example = np.empty((count // _FEW + 64, 3), np.int64), np.empty((MAX_SETS, 2), np.int64)
    stops = np.zeros(256, np.uint8)
    stops[[0, 10, 13, 34, ord(delimiter), *range(128, 256)]] = 1
    rows, aside = fast.scan(
        data, stops, ord(delimiter),
        np.array([getattr(fast, kind) for kind, _ in plan.steps]), np.array([width for _, width in plan.steps]),
        sets.table, sets.known, sets.text, sets.filled, example, micro, numbers, valid, nulls, code, line, start, odd,
    )  # fmt: skip
    if rows < 0:
        return None
    columns = {
        key: pa.Array.from_buffers(
            kind, rows, [pa.py_buffer(valid[i]) if nulls[i] else None, pa.py_buffer(values)], int(nulls[i])
        )
        for i, (key, kind, values) in enumerate(
            [("time", NAIVE, micro), *((key, pa.float64(), numbers[j]) for j, key in enumerate(plan.numbers))]
        )
    }
    spans = example[: int(sets.filled[0]) - before]
    examples = np.empty(int((spans[:, 1] - spans[:, 0]).sum()), np.uint8)
    fast.gather(data, spans, examples)
    return Scanned(columns, code[:rows], line[:rows], start[:rows], examples, len(spans), odd[:aside])
