"""Where the sun stands. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Elevation of the sun's centre at sunrise and sunset [degrees]: refraction 34' and half a disc 16'
#: (NOAA Global Monitoring Laboratory, solar calculation details).
SUNRISE_ELEVATION_DEG: float = -0.833

_US_PER_DAY = 86_400_000_000
#: Days from 1970-01-01 00:00 to the epoch J2000.0, 2000-01-01 12:00.
_J2000_DAYS = 10_957.5


def solar_elevation_deg(time_us: ArrayLike, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.float64]:
    """Return the elevation of the sun's centre above the horizon, without refraction [degrees].

    The equations are NOAA's (J. Meeus, Astronomical Algorithms, ch. 25, low accuracy): within about 0.02
    degrees in 1950-2050, and 0.1 in 1900-2100.

    Parameters
    ----------
    time_us
        Times, int64 microseconds since 1970-01-01 UTC, shape (n,).
    lat_deg, lon_deg
        Places, WGS84 [degrees], shape (n,) or scalar. Longitude may be in any turn.

    Examples
    --------
    >>> noon_of_equinox_us = 1_710_936_000_000_000  # 2024-03-20 12:00 UTC
    >>> round(float(solar_elevation_deg(noon_of_equinox_us, 0.0, 0.0)))
    88
    """
    time = np.asarray(time_us, dtype=np.int64)
    days = time / _US_PER_DAY - _J2000_DAYS
    century = days / 36_525.0
    mean_lon = 280.46646 + century * (36_000.76983 + century * 0.0003032)
    anomaly = np.radians(357.52911 + century * (35_999.05029 - century * 0.0001537))
    centre = (
        np.sin(anomaly) * (1.914602 - century * (0.004817 + century * 0.000014))
        + np.sin(2.0 * anomaly) * (0.019993 - century * 0.000101)
        + np.sin(3.0 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * century)
    ecliptic_lon = np.radians(mean_lon + centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.439291 - 0.0130042 * century + 0.00256 * np.cos(node))
    sin_decl = np.sin(tilt) * np.sin(ecliptic_lon)
    right_ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic_lon), np.cos(ecliptic_lon))
    # Greenwich mean sidereal time (Meeus 12.4), which turns 360.98564736629 degrees a day from 280.46061837
    # at J2000, a noon: whole turns left out so that no digits are lost, hence the 180 for the half day.
    day_fraction = (time % _US_PER_DAY) / _US_PER_DAY
    sidereal = 280.46061837 + 180.0 + 360.0 * day_fraction + 0.98564736629 * days
    hour_angle = np.radians(sidereal + np.asarray(lon_deg, dtype=np.float64)) - right_ascension
    lat = np.radians(np.asarray(lat_deg, dtype=np.float64))
    sin_elevation = np.sin(lat) * sin_decl + np.cos(lat) * np.sqrt(1.0 - sin_decl**2) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sin_elevation, -1.0, 1.0))))
