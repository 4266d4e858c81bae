"""Where the sun stands, and how much of a span of time is night. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Elevation of the sun's centre at sunrise and sunset [degrees]: refraction 34' and half a disc 16'
#: (NOAA Global Monitoring Laboratory, solar calculation details).
SUNRISE_ELEVATION_DEG: float = -0.833

_US_PER_DAY = 86_400_000_000
#: Days from 1970-01-01 00:00 to the epoch J2000.0, 2000-01-01 12:00.
_J2000_DAYS = 10_957.5
#: Longest stretch over which the sun's declination is taken as fixed [us]: in 1.5 h it moves 0.025 degrees.
_NIGHT_PIECE_US = 10_800_000_000
_BATCH = 500_000


def sun_position(time_us: ArrayLike) -> tuple[Floats, Floats]:
    """Return the sine of the sun's declination and its Greenwich hour angle [radians], shape (n,) each.

    The equations are NOAA's (J. Meeus, Astronomical Algorithms, ch. 25, low accuracy): within about 0.02
    degrees in 1950-2050, and 0.1 in 1900-2100. ``time_us`` is int64 microseconds since 1970-01-01 UTC. The
    hour angle is not reduced to one turn.
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
    return np.asarray(sin_decl), np.asarray(np.radians(sidereal) - right_ascension)


def solar_elevation_deg(time_us: ArrayLike, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
    """Return the elevation of the sun's centre above the horizon, without refraction [degrees], shape (n,).

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
    sin_decl, greenwich = sun_position(time_us)
    lat = np.radians(np.asarray(lat_deg, dtype=np.float64))
    hour_angle = greenwich + np.radians(np.asarray(lon_deg, dtype=np.float64))
    sine = np.sin(lat) * sin_decl + np.cos(lat) * np.sqrt(1.0 - sin_decl**2) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))


def night_share(start_us: Ints, end_us: Ints, lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Return which share of each span of time the sun's centre stood below -0.833 degrees, shape (n,).

    Each span is cut into pieces of at most three hours. In a piece the declination is fixed and the hour
    angle runs evenly, so that sunrise and sunset are known in closed form, to about ten seconds in mid
    latitudes. An instant is night or day, 1 or 0.

    Examples
    --------
    >>> midsummer_us = 1_718_928_000_000_000  # 2024-06-21 00:00 UTC, a day long
    >>> span = np.array([midsummer_us]), np.array([midsummer_us + 86_400_000_000])
    >>> round(24 * float(night_share(*span, np.array([51.5]), np.array([0.0]))[0]), 1)  # hours, London
    7.4
    """
    span = np.maximum(end_us - start_us, 0)
    pieces = np.maximum(-(-span // _NIGHT_PIECE_US), 1)
    result = np.zeros(len(span))
    batch = np.cumsum(pieces) // _BATCH
    for rows in np.split(np.arange(len(span)), np.flatnonzero(np.diff(batch)) + 1):
        owner = np.repeat(rows, pieces[rows])
        first = np.cumsum(pieces[rows]) - pieces[rows]
        step = np.arange(len(owner)) - np.repeat(first, pieces[rows])
        half = span[owner] / (2.0 * pieces[owner])
        middle = start_us[owner] + np.rint(half * (2 * step + 1)).astype(np.int64)
        dark = _dark_share(middle, half, lat_deg[owner], lon_deg[owner])
        if len(rows):
            result[rows] = np.add.reduceat(dark, first) / pieces[rows]
    return result


def _dark_share(middle_us: Ints, half_us: Floats, lat_deg: Floats, lon_deg: Floats) -> Floats:
    """Return the share of night around ``middle_us``, at most 1.5 h to both sides."""
    sin_decl, greenwich = sun_position(middle_us)
    lat = np.radians(lat_deg)
    below = np.sin(np.radians(SUNRISE_ELEVATION_DEG)) - np.sin(lat) * sin_decl
    # Night is where cos(hour angle) < the cosine at sunset; beyond +-1 the sun does not rise or set.
    cos_sunset = below / np.maximum(np.cos(lat) * np.sqrt(1.0 - sin_decl**2), 1e-9)
    sunset = np.arccos(np.clip(cos_sunset, -1.0, 1.0))
    hour_angle = (greenwich + np.radians(lon_deg) + np.pi) % (2.0 * np.pi) - np.pi
    reach = half_us * (2.0 * np.pi / _US_PER_DAY)
    day = np.zeros(len(reach))
    for noon in (-2.0 * np.pi, 0.0, 2.0 * np.pi):
        rise, fall = np.maximum(noon - sunset, hour_angle - reach), np.minimum(noon + sunset, hour_angle + reach)
        day += np.maximum(fall - rise, 0.0)
    instant = (np.abs(hour_angle) < sunset).astype(np.float64)
    return np.asarray(
        1.0 - np.where(reach > 0.0, np.minimum(day / np.where(reach > 0.0, 2.0 * reach, 1.0), 1.0), instant)
    )
