"""What the steps between successive fixes of a vessel say about the columns they are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats, Ints, bearing_deg

#: Ways to read a place: as it stands, with latitude and longitude exchanged, with a sign lost.
READINGS = ("given", "swapped", "west", "south", "south_west")
#: Speeds by unit: what a speed over ground is beside the speed from positions [kn] (1 kn = 1.852 km/h = 0.5144 m/s).
UNITS: dict[str, float] = {"kn": 1.0, "0.1kn": 10.0, "m/s": 1852 / 3600, "km/h": 1.852, "10kn": 0.1}
#: Steps between fixes are looked at where they are this long [s] and far [nautical miles], at these speeds [kn].
_MIN_S, _MAX_S = 5.0, 600.0
_MIN_NM = 0.05
_MIN_KN, _MAX_KN = 3.0, 60.0
#: A course agrees with a step within so much [degrees], a speed within this share; both must be steady.
_AGREE_DEG, _AGREE_SHARE = 20.0, 0.12
_STEADY_DEG, _STEADY_SHARE = 15.0, 0.15
#: 'Not available' in each unit (ITU-R M.1371-5: 102.3 kn).
_NO_SPEED = (102.3, 1023.0)


@dataclass(frozen=True)
class Evidence:
    """Steps counted by vessel; arrays of shape (n vessels,), or (n vessels, n readings or units).

    Attributes
    ----------
    courses, agree
        Steps with a course over ground, and those that agree with it in each of `READINGS`.
    east, north
        Sums of the courses' parts to the east and to the north: near 0 where a vessel went to all sides.
    speeds, fits
        Steps with a speed over ground, and those where it fits each of `UNITS`.
    log_ratio
        Sum of the logarithms of speed over ground to speed from positions.
    fits_swapped
        Steps where a speed in knots fits with latitude and longitude exchanged.
    """

    vessel: Ints
    courses: Ints
    agree: Ints
    east: Floats
    north: Floats
    speeds: Ints
    fits: Ints
    log_ratio: Floats
    fits_swapped: Ints

    @classmethod
    def of(cls, rows: Mapping[str, Any]) -> Evidence:
        """Count the steps in some rows of a file."""
        lat, lon, ids = rows["lat_deg"], rows["lon_deg"], rows["vessel"]
        first, last, dt_s = _steps(rows)
        north = (lat[last] - lat[first]) * 60.0
        east = (lon[last] - lon[first]) * 60.0
        east[np.abs(east) > 180.0 * 60.0] = 0.0  # over the antimeridian: of no use here
        # No reading of a step is faster than this.
        fastest_nm = np.hypot(north, east)
        some = np.flatnonzero((fastest_nm >= _MIN_NM) & (fastest_nm >= _MIN_KN / 3600.0 * dt_s))
        first, last, dt_s, north, east = first[some], last[some], dt_s[some], north[some], east[some]
        across, across_swapped = np.abs(np.cos(np.radians(lat[first]))), np.abs(np.cos(np.radians(lon[first])))
        given_kn = np.hypot(north, east * across) / dt_s * 3600.0
        swapped_kn = np.hypot(east, north * across_swapped) / dt_s * 3600.0
        moving = _between(given_kn) | _between(swapped_kn)
        begins = _begins(ids, first)
        vessel, group = ids[first[begins]], np.cumsum(begins) - 1
        n = vessel.size

        cog, has_course = _steady_course(rows["cog_deg"][first], rows["cog_deg"][last])
        has_course &= moving
        bearing = bearing_deg(east * across, north)
        bearings = (
            bearing,
            bearing_deg(north * across_swapped, east),
            -bearing,
            180.0 - bearing,
            180.0 + bearing,
        )
        agree = [has_course & (_apart(one, cog) < _AGREE_DEG) for one in bearings]
        angle = np.radians(cog)

        sog, has_speed = _steady_speed(rows["sog_kn"][first], rows["sog_kn"][last])
        has_speed &= _between(given_kn)
        ratio = sog / given_kn
        fits = [has_speed & (np.abs(ratio / factor - 1.0) < _AGREE_SHARE) for factor in UNITS.values()]
        fit_swapped = has_speed & (np.abs(sog / swapped_kn - 1.0) < _AGREE_SHARE)
        return cls(
            vessel=vessel,
            courses=_count(group, has_course, n),
            agree=np.stack([_count(group, mask, n) for mask in agree], axis=1),
            east=_sum(group, np.sin(angle), has_course, n),
            north=_sum(group, np.cos(angle), has_course, n),
            speeds=_count(group, has_speed, n),
            fits=np.stack([_count(group, mask, n) for mask in fits], axis=1),
            log_ratio=_sum(group, np.log(np.where(has_speed, ratio, 1.0)), has_speed, n),
            fits_swapped=_count(group, fit_swapped, n),
        )

    @classmethod
    def together(cls, found: Sequence[Evidence]) -> Evidence:
        """Add up what several parts of a file say of each vessel."""
        names = [name for name in cls.__dataclass_fields__ if name != "vessel"]
        vessel, group = np.unique(np.concatenate([part.vessel for part in found]), return_inverse=True)
        sums = {}
        for name in names:
            values = np.concatenate([getattr(part, name) for part in found])
            total = np.zeros((vessel.size, *values.shape[1:]), dtype=values.dtype)
            np.add.at(total, group, values)
            sums[name] = total
        return cls(vessel=vessel, **sums)


def _steps(rows: Mapping[str, Any]) -> tuple[Ints, Ints, Floats]:
    """Return from which to which row there is a step from one fix of a vessel to its next, and how long it is [s]."""
    lat, lon, vessel = rows["lat_deg"], rows["lon_deg"], rows["vessel"]
    use = np.flatnonzero(is_place(lat, lon) & (vessel != -1))
    time_us = rows["time"]
    use = use[np.lexsort((time_us[use], vessel[use]))]
    first, last = use[:-1], use[1:]
    dt_s = (time_us[last] - time_us[first]) / 1e6
    some = (vessel[last] == vessel[first]) & (dt_s >= _MIN_S) & (dt_s <= _MAX_S)
    return first[some], last[some], dt_s[some]


def _begins(vessel: Ints, first: Ints) -> Bools:
    """Tell which steps are the first of their vessel."""
    return np.append(True, vessel[first[1:]] != vessel[first[:-1]])[: first.size]


def is_place(lat_deg: Floats, lon_deg: Floats) -> Bools:
    """Tell where there is a place, even one beyond a pole: not 'not available' in either order, and not 0, 0."""
    with np.errstate(invalid="ignore"):
        there = (np.abs(lat_deg) <= 180.0) & (np.abs(lon_deg) <= 360.0) & ((lat_deg != 0.0) | (lon_deg != 0.0))
    none = (lat_deg == 91.0) | (lon_deg == 181.0) | ((lat_deg == 181.0) & (lon_deg == 91.0))
    result: Bools = there & ~none
    return result


def _between(speed_kn: Floats) -> Bools:
    return (speed_kn >= _MIN_KN) & (speed_kn <= _MAX_KN)


def _apart(a: Floats, b: Floats) -> Floats:
    """Return the angle between courses [degrees], 0..180."""
    apart: Floats = np.abs((a - b + 180.0) % 360.0 - 180.0)
    return apart


def _steady_course(first: Floats, last: Floats) -> tuple[Floats, Bools]:
    with np.errstate(invalid="ignore"):
        valid = (first >= 0) & (first < 360) & (last >= 0) & (last < 360)
    steady = valid & (_apart(first, last) <= _STEADY_DEG)
    return np.where(steady, first, 0.0), steady


def _steady_speed(first: Floats, last: Floats) -> tuple[Floats, Bools]:
    with np.errstate(invalid="ignore"):
        steady = (np.abs(first - last) <= _STEADY_SHARE * np.maximum(first, last)) & (first > 0) & (last > 0)
    for none in _NO_SPEED:
        steady &= (first != none) & (last != none)
    return np.where(steady, (first + last) / 2.0, 1.0), steady


def _count(group: Ints, mask: Bools, n: int) -> Ints:
    counts: Ints = np.bincount(group[mask], minlength=n)
    return counts


def _sum(group: Ints, values: Floats, mask: Bools, n: int) -> Floats:
    total: Floats = np.bincount(group[mask], weights=values[mask], minlength=n).astype(np.float64)
    return total
