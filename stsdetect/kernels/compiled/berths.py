"""In which berth cell a place lies; the loop of `stsdetect.context.berths.cell_of`."""

from __future__ import annotations

from typing import Any

from stsdetect.kernels.compiled.jit import loop


@loop
def cell_of(lat_deg: float, lon_deg: float, columns: Any, per_degree: int, bits: int) -> int:
    """Return the number of the berth cell of a place; what comes behind it is as from `cell_grid` there."""
    row = min(max(int((lat_deg + 90.0) * per_degree), 0), columns.size - 1)
    turn = lon_deg + 180.0
    # The remainder is slow, and mostly what it is taken of.
    if not 0.0 <= turn < 360.0:
        turn %= 360.0
    column = min(int(turn * columns[row] / 360.0), columns[row] - 1)
    return int((row << bits) | column)
