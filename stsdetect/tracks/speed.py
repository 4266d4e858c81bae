"""Speed and course from positions, over a few minutes to both sides of a fix."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from stsdetect.kernels.choice import compiled
from stsdetect.kernels.order import around
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Floats, Ints, bearing_deg, chord_to_arc, course_deg, distance_m
from stsdetect.tracks.columns import rows_of
from stsdetect.units import KNOT_MPS

#: Below this a course is noise [kn]: 10 m of position error over 4 min is 0.1 kn, but 0.3 kn over 1 min.
COURSE_FROM_KN = 1.0
#: From this time between the two fixes on, positions alone may hide a loop and SOG is heard as well [s].
LONG_BASELINE_S = 600.0
#: A fix whose neighbours to both sides give less than this lay still, whatever its SOG says [kn].
STILL_KN = 0.5
#: A SOG lower than the straight-line speed to both neighbours by more than this is wrong [kn].
CONTRADICTED_KN = 1.0


def speed_and_course(
    segment: Ints, time_us: Ints, xyz: Floats, sog_kn: Floats, window_s: float
) -> tuple[Floats, Floats]:
    """Return speed [kn] and course [degrees, NaN below 1 kn] of every fix from its neighbourhood.

    The distance between the nearest fixes at least ``window_s`` before and after (within the segment) is
    divided by the time between them, so that position noise of densely sampled vessels at rest does not
    look like motion. Where those two are more than 10 min apart, a straight line between them says little of
    the speed at the fix itself, so SOG is heard: unless it is contradicted, because the vessel lay still to both
    sides, or because it went faster than SOG (by 1 kn) to both. Without SOG the step to the neighbour nearer in
    time is taken. A segment of one fix has its SOG, or NaN.

    Parameters
    ----------
    segment, time_us, xyz, sog_kn
        Fixes sorted by segment, then time; shape (n,), (n, 3) for xyz. NaN in sog_kn where not available.
    """
    n = segment.size
    if n == 0:
        return np.zeros(0), np.zeros(0)
    places = xyz if xyz[:, 0].flags.c_contiguous else np.ascontiguousarray(xyz.T).T
    fast = compiled("speed")
    if fast is not None:
        return _with_loops(fast, segment, time_us, places, sog_kn, round(window_s * 1e6))
    before, after = _neighbours(segment, time_us, round(window_s * 1e6))
    speed = distance_m(rows_of(places, after), rows_of(places, before))
    seconds = (time_us[after] - time_us[before]) / 1e6
    speed /= np.maximum(seconds, 1e-6)
    speed /= KNOT_MPS
    still = np.flatnonzero(seconds == 0)
    speed[still] = sog_kn[still]
    sparse = np.flatnonzero(seconds > LONG_BASELINE_S)
    _set_sparse_speeds(speed, time_us, places, sog_kn, before, sparse, after)
    moving = np.flatnonzero((seconds > 0) & (speed >= COURSE_FROM_KN))
    course = np.full(n, np.nan)
    course[moving] = course_deg(rows_of(places, before[moving]), rows_of(places, after[moving]))
    return speed, course


def _with_loops(
    fast: ModuleType, segment: Ints, time_us: Ints, places: Floats, sog_kn: Floats, window_us: int
) -> tuple[Floats, Floats]:
    """Do what `speed_and_course` does; what takes more than square roots is left to arrays."""
    n = segment.size
    x, y, z = places.T
    before, after, listed = (np.empty(n, dtype=np.int64) for _ in range(3))
    speed, at_x, at_y = np.empty(n), np.empty(n), np.empty(n)
    fast.neighbours(segment, time_us, x, y, z, window_us, before, after, speed)
    speed = chord_to_arc(speed)
    n_sparse = fast.over_ground(time_us, before, after, sog_kn, LONG_BASELINE_S, KNOT_MPS, speed, listed)
    _set_sparse_speeds(speed, time_us, places, sog_kn, before, listed[:n_sparse], after)
    n_moving = fast.under_way(time_us, before, after, speed, COURSE_FROM_KN, x, y, listed, at_x, at_y)
    moving, east, north = listed[:n_moving], at_x[:n_moving], at_y[:n_moving]
    fast.bearings(moving, before, after, x, y, z, np.hypot(east, north), east, north)
    course = np.full(n, np.nan)
    course[moving] = bearing_deg(east, north)
    return speed, course


def _neighbours(segment: Ints, time_us: Ints, window_us: int) -> tuple[Ints, Ints]:
    """Return the nearest fix at least ``window_us`` before and after each, within its segment, else its end."""
    begin, end = group_bounds(segment)
    counts = end - begin
    # Segments one after the other on one line, each as long as it is: the sum stays far below 63 bits.
    own = time_us[end - 1] - time_us[begin]
    offset = np.cumsum(own + 2 * window_us + 2) - own - time_us[begin]
    before, after = around(time_us + np.repeat(offset, counts), window_us)
    np.maximum(before, np.repeat(begin, counts), out=before)
    np.minimum(after, np.repeat(end - 1, counts), out=after)
    return before, after


def _set_sparse_speeds(
    speed: Floats, time_us: Ints, xyz: Floats, sog_kn: Floats, before: Ints, here: Ints, after: Ints
) -> None:
    """Change the speeds [kn] at the fixes ``here``, whose neighbours are far apart in time."""
    if here.size:
        speed[here] = _sparse_speed(speed[here], time_us, xyz, sog_kn[here], before[here], here, after[here])


def _sparse_speed(
    speed: Floats, time_us: Ints, xyz: Floats, sog_kn: Floats, before: Ints, here: Ints, after: Ints
) -> Floats:
    """Return the speed [kn] at fixes whose neighbours are far apart in time, shape (n,)."""
    to_left, to_right = time_us[here] - time_us[before], time_us[after] - time_us[here]
    left, right = _rate(time_us, xyz, before, here), _rate(time_us, xyz, here, after)
    left, right = np.where(to_left == 0, right, left), np.where(to_right == 0, left, right)
    still = (left < STILL_KN) & (right < STILL_KN)
    believed = sog_kn >= np.minimum(left, right) - CONTRADICTED_KN
    nearer = np.where(to_left == to_right, speed, np.where(to_left < to_right, left, right))
    instead = np.where(np.isnan(sog_kn), nearer, np.where(believed, sog_kn, speed))
    return np.where(still, speed, instead)


def _rate(time_us: Ints, xyz: Floats, start: Ints, stop: Ints) -> Floats:
    """Speed [kn] from one fix to another; 0 from a fix to itself."""
    seconds = np.maximum((time_us[stop] - time_us[start]) / 1e6, 1e-6)
    fast = compiled("speed")
    if fast is None:
        away = distance_m(rows_of(xyz, stop), rows_of(xyz, start))
    else:
        away = np.empty(start.size)
        fast.chords(*xyz.T, start, stop, away)
        away = chord_to_arc(away)
    rate: Floats = away / seconds / KNOT_MPS
    return rate
