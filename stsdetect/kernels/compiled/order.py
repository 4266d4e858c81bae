"""Putting rows in order, as loops; see `stsdetect.kernels.order`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.compiled.jit import loop
from stsdetect.kernels.sphere import Ints

#: A stretch of one key is put in order by moving rows one by one while it is nearly in order: so many moves a row.
_MOVES = 8


@loop
def order_by(key: NDArray[np.uint16], time_us: Ints) -> Ints:
    """Return the order by key, then time, then place in the input."""
    n = key.size
    n_keys = 0
    for k in range(n):
        n_keys = max(n_keys, key[k] + 1)
    begin = np.zeros(n_keys + 1, dtype=np.int64)
    for k in range(n):
        begin[key[k] + 1] += 1
    for k in range(n_keys):
        begin[k + 1] += begin[k]
    spot = begin.copy()
    order = np.empty(n, dtype=np.int64)
    for k in range(n):
        order[spot[key[k]]] = k
        spot[key[k]] += 1
    for k in range(n_keys):
        low, high = begin[k], begin[k + 1]
        moves = _MOVES * (high - low)
        for i in range(low + 1, high):
            row = order[i]
            time = time_us[row]
            j = i
            while j > low and time_us[order[j - 1]] > time and moves > 0:
                order[j] = order[j - 1]
                j -= 1
                moves -= 1
            order[j] = row
            if moves == 0:
                break
        if moves == 0 and high - low > 1:
            # What has been moved so far is in the order of time and place where times are equal.
            part = order[low:high].copy()
            part.sort()
            times = np.empty(part.size, dtype=np.int64)
            for i in range(part.size):
                times[i] = time_us[part[i]]
            again = np.argsort(times, kind="mergesort")
            for i in range(part.size):
                order[low + i] = part[again[i]]
    return order
