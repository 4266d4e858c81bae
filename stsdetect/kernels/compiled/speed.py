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


@loop
def over_ground(
    time_us: Any, before: Any, after: Any, sog_kn: Any, long_s: float, knot_mps: float, speed: Any, sparse: Any
) -> int:
    """Turn distances between neighbours into speeds.

    Parameters
    ----------
    time_us, before, after, sog_kn
        Fixes and their neighbours, as from `neighbours`; SOG stands for fixes without any.
    speed
        Distances [m], changed to speeds [kn] in place.
    sparse
        Filled: fixes whose neighbours are more than ``long_s`` apart.

    Returns
    -------
    How many of them there are.
    """
    n = 0
    for k in range(time_us.size):
        seconds = (time_us[after[k]] - time_us[before[k]]) / 1e6
        if seconds == 0.0:
            speed[k] = sog_kn[k]
        else:
            speed[k] = speed[k] / max(seconds, 1e-6) / knot_mps
            if seconds > long_s:
                sparse[n] = k
                n += 1
    return n


@loop
def under_way(
    time_us: Any,
    before: Any,
    after: Any,
    speed: Any,
    least_kn: float,
    x: Any,
    y: Any,
    moving: Any,
    at_x: Any,
    at_y: Any,
) -> int:
    """List the fixes that move at ``least_kn`` or more, and where their neighbours before lie.

    Returns
    -------
    How many there are; ``moving``, ``at_x`` and ``at_y`` are filled.
    """
    n = 0
    for k in range(time_us.size):
        j = before[k]
        if speed[k] >= least_kn and time_us[after[k]] > time_us[j]:
            moving[n], at_x[n], at_y[n] = k, x[j], y[j]
            n += 1
    return n


@loop
def bearings(moving: Any, before: Any, after: Any, x: Any, y: Any, z: Any, ground: Any, east: Any, north: Any) -> None:
    """Find how far to the east and to the north it is from the neighbour before to that after, as `course_deg` does.

    Parameters
    ----------
    ground
        Distance of the neighbour before from the Earth's axis [m], for each fix listed in ``moving``.
    east, north
        Filled.
    """
    for m in range(moving.size):
        j, k = before[moving[m]], after[moving[m]]
        pole = ground[m] == 0.0
        safe = 1.0 if pole else ground[m]
        cos_lon, sin_lon = 1.0 if pole else x[j] / safe, y[j] / safe
        radius = np.sqrt(x[j] * x[j] + y[j] * y[j] + z[j] * z[j])
        sin_lat, cos_lat = z[j] / radius, ground[m] / radius
        dx, dy, dz = x[k] - x[j], y[k] - y[j], z[k] - z[j]
        east[m] = dx * -sin_lon + dy * cos_lon + dz * 0.0
        north[m] = dx * (-sin_lat * cos_lon) + dy * (-sin_lat * sin_lon) + dz * cos_lat


@loop
def chords(x: Any, y: Any, z: Any, start: Any, stop: Any, apart: Any) -> None:
    """Find the straight distances [m] between fixes ``start`` and fixes ``stop``; ``apart`` is filled."""
    for k in range(start.size):
        dx, dy, dz = x[stop[k]] - x[start[k]], y[stop[k]] - y[start[k]], z[stop[k]] - z[start[k]]
        apart[k] = np.sqrt(dx * dx + dy * dy + dz * dz)
