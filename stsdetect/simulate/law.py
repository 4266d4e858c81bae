"""The documented rule, applied to noise-free tracks: it dates what was planted and proves that decoys break it.

Within 500 m, both under 2 kn; or under way: parallel within 20 degrees, up to 5 kn, abeam within 45 degrees, hulls
less than 60 m apart. Written from the definition, without the detectors' code, so that it can test them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stsdetect.simulate.hulls import Hull
from stsdetect.simulate.motion import STEP_S
from stsdetect.simulate.sampling import Track
from stsdetect.units import EARTH_RADIUS_M

Flags = npt.NDArray[np.bool_]

MAX_DISTANCE_M = 500.0
STILL_KN = 2.0
UNDER_WAY_KN = 5.0
PARALLEL_DEG = 20.0
ABEAM_DEG = 45.0
HULL_GAP_M = 60.0
MAX_BREAK_S = 900.0


def common(a: Track, b: Track) -> tuple[npt.NDArray[np.float64], slice, slice]:
    """Return the times both tracks have [s] and the slices of either that cover them."""
    begin, end = max(a.t_s[0], b.t_s[0]), min(a.t_s[-1], b.t_s[-1])
    cut = [slice(*np.searchsorted(t.t_s, [begin, end + STEP_S / 2]).tolist()) for t in (a, b)]
    return a.t_s[cut[0]], cut[0], cut[1]


def distance_m(a: Track, b: Track, of_a: slice, of_b: slice) -> npt.NDArray[np.float64]:
    """Return the great-circle distance between antennas [m] (haversine)."""
    lat_a, lat_b = np.radians(a.lat_deg[of_a]), np.radians(b.lat_deg[of_b])
    half_lon = np.radians(b.lon_deg[of_b] - a.lon_deg[of_a]) / 2
    h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(half_lon) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0, 1))))


def in_contact(a: Track, b: Track, hull_a: Hull, hull_b: Hull) -> tuple[npt.NDArray[np.float64], Flags]:
    """Return times [s] and whether the rule's condition (still or under way) holds at each."""
    t, of_a, of_b = common(a, b)
    if not len(t):
        return t, np.zeros(0, dtype=np.bool_)
    near = distance_m(a, b, of_a, of_b) <= MAX_DISTANCE_M
    still = near & (a.speed_kn[of_a] < STILL_KN) & (b.speed_kn[of_b] < STILL_KN)
    angle = np.radians(a.heading_deg[of_a])
    dx, dy = b.x_m[of_b] - a.x_m[of_a], b.y_m[of_b] - a.y_m[of_a]
    ahead = np.abs(dx * np.sin(angle) + dy * np.cos(angle))
    side = np.abs(dx * np.cos(angle) - dy * np.sin(angle))
    gap = side - (hull_a.width_m + hull_b.width_m) / 2
    turn = np.abs((a.course_deg[of_a] - b.course_deg[of_b] + 180) % 360 - 180)
    beside = (gap < HULL_GAP_M) & (ahead <= side / np.tan(np.radians(90 - ABEAM_DEG)) + 1.0)
    slow = (a.speed_kn[of_a] <= UNDER_WAY_KN) & (b.speed_kn[of_b] <= UNDER_WAY_KN)
    return t, still | (near & beside & slow & (turn <= PARALLEL_DEG))


def runs(t_s: npt.NDArray[np.float64], flags: Flags) -> list[tuple[float, float]]:
    """Return the (start, end) [s] of runs of true, joined over breaks of up to `MAX_BREAK_S`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    joined: list[tuple[float, float]] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        first, last = float(t_s[begin]), float(t_s[end - 1])
        if joined and first - joined[-1][1] <= MAX_BREAK_S:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def run_near(found: list[tuple[float, float]], near_s: float) -> tuple[float, float] | None:
    """Return the run that holds ``near_s``, if any."""
    return next((run for run in found if run[0] <= near_s <= run[1]), None)
