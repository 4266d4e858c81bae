"""How far a fix's neighbourhood reaches, in one walk along each segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from stsdetect.kernels.compiled.jit import loop


@loop
def neighbours(
    segment: Any, time_us: Any, x: Any, y: Any, z: Any, window_us: int, before: Any, after: Any, apart: Any
) -> None:
    """Find the nearest fix at least ``window_us`` before and after each, within its segment, else its end.

    Parameters
    ----------
    segment, time_us, x, y, z
        Fixes sorted by segment, then time; places [m].
    before, after, apart
        Filled: the two fixes, and the straight distance between them [m].
    """
    n = segment.size
    begin = 0
    while begin < n:
        end = begin + 1
        while end < n and segment[end] == segment[begin]:
            end += 1
        low, high = begin, begin
        for k in range(begin, end):
            while low + 1 < end and time_us[low + 1] <= time_us[k] - window_us:
                low += 1
            while high < end - 1 and time_us[high] < time_us[k] + window_us:
                high += 1
            before[k], after[k] = low, high
            dx, dy, dz = x[high] - x[low], y[high] - y[low], z[high] - z[low]
            apart[k] = np.sqrt(dx * dx + dy * dy + dz * dz)
        begin = end
