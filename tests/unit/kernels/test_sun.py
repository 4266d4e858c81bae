"""The sun against published values, and the share of night against a plain loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.kernels.sun import SUNRISE_ELEVATION_DEG, night_share, solar_elevation_deg, sun_position

HOUR_US = 3_600_000_000


def micros(*parts: int) -> int:
    return int((datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("when", "declination_deg", "hour_angle_deg"),
    [
        # J. Meeus, Astronomical Algorithms, example 25.a: 1992 October 13, 0 h dynamical time (59 s before
        # UTC): declination -7.78507, right ascension 198.38083; sidereal time at Greenwich 0 h is 21.80.
        ((1992, 10, 13, 0, 0), -7.785, 183.43),
        # Almanac instants: solstices (declination of the tilt) and equinoxes (declination 0).
        ((2024, 6, 20, 20, 51), 23.44, None),
        ((2024, 12, 21, 9, 20), -23.44, None),
        ((2024, 3, 20, 3, 6), 0.0, None),
        ((1990, 3, 20, 21, 19), 0.0, None),
        ((2099, 9, 22, 17, 10), 0.0, None),
    ],
)
def test_declination_and_hour_angle_as_published(when, declination_deg, hour_angle_deg):
    sin_declination, hour_angle = sun_position(np.array([micros(*when)]))
    assert np.degrees(np.arcsin(sin_declination[0])) == pytest.approx(declination_deg, abs=0.02)
    if hour_angle_deg is not None:
        assert np.degrees(hour_angle[0]) % 360 == pytest.approx(hour_angle_deg, abs=0.05)


@pytest.mark.parametrize(
    ("place", "sunrise", "sunset"),
    [
        # Almanac times to the minute, UTC.
        ((51.5074, -0.1278), (2024, 6, 21, 3, 43), (2024, 6, 21, 20, 21)),  # London
        ((51.5074, -0.1278), (2024, 12, 21, 8, 4), (2024, 12, 21, 15, 53)),
        ((0.0, 0.0), (2024, 3, 20, 6, 4), (2024, 3, 20, 18, 11)),
    ],
)
def test_the_sun_is_at_the_horizon_at_almanac_sunrise_and_sunset(place, sunrise, sunset):
    for when in (sunrise, sunset):
        elevation = solar_elevation_deg(np.array([micros(*when)]), *place)[0]
        assert elevation == pytest.approx(SUNRISE_ELEVATION_DEG, abs=0.25)  # a minute is up to 0.25 degrees


def test_day_length_of_london_at_midsummer():
    start = np.array([micros(2024, 6, 21, 0, 0)])
    share = night_share(start, start + 24 * HOUR_US, np.array([51.5074]), np.array([-0.1278]))
    assert 24 * (1 - share[0]) == pytest.approx(16 + 38 / 60, abs=2 / 60)  # almanac: 16 h 38 min


def test_polar_day_and_night():
    start = np.array([micros(2024, 6, 21, 0, 0), micros(2024, 12, 21, 0, 0)] * 2)
    lat = np.array([78.2, 78.2, 90.0, 90.0])
    share = night_share(start, start + 48 * HOUR_US, lat, np.full(4, 15.6))
    assert share.tolist() == [0.0, 1.0, 0.0, 1.0]


def test_an_instant_is_night_or_day():
    time = np.array([micros(2024, 3, 20, 0, 0), micros(2024, 3, 20, 12, 0)])
    assert night_share(time, time, np.zeros(2), np.zeros(2)).tolist() == [1.0, 0.0]


def test_no_spans():
    empty = np.array([], dtype=np.int64)
    assert night_share(empty, empty, np.array([]), np.array([])).shape == (0,)


TIMES = st.integers(micros(1990, 1, 1, 0, 0), micros(2099, 12, 31, 0, 0))
LATS = st.floats(-80, 80)
LONS = st.floats(-180, 180)


@given(TIMES, st.integers(0, 90 * 3600), LATS, LONS)
def test_night_share_agrees_with_a_plain_loop(start, seconds, lat, lon):
    end = start + seconds * 1_000_000
    instants = np.linspace(start, end, 2001).astype(np.int64)
    dark = solar_elevation_deg(instants, lat, lon) < SUNRISE_ELEVATION_DEG
    share = night_share(np.array([start]), np.array([end]), np.array([lat]), np.array([lon]))[0]
    # Near a polar summer the sun grazes the horizon, and a hundredth of a degree is minutes.
    assert share == pytest.approx(np.mean(dark), abs=0.01 if seconds else 1.0)


@given(TIMES, LATS, LONS, st.integers(-2, 2))
def test_longitude_may_be_in_any_turn(time, lat, lon, turns):
    here = solar_elevation_deg(np.array([time]), lat, lon)
    assert solar_elevation_deg(np.array([time]), lat, lon + 360 * turns) == pytest.approx(here, abs=1e-9)


@given(st.lists(st.tuples(TIMES, st.integers(0, 10**6), LATS, LONS), min_size=1, max_size=20))
def test_each_span_is_worked_out_on_its_own(rows):
    start, seconds, lat, lon = (np.array(column) for column in zip(*rows, strict=True))
    end = start + seconds * 1_000_000
    together = night_share(start, end, lat, lon)
    alone = [night_share(start[i : i + 1], end[i : i + 1], lat[i : i + 1], lon[i : i + 1])[0] for i in range(len(rows))]
    assert together.tolist() == pytest.approx(alone, abs=1e-12)
    assert ((together >= 0) & (together <= 1)).all()
