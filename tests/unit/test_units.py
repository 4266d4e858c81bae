"""Durations and constants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90min", 5400), ("6 h", 21600), ("1d 12h", 129600), ("1h 30min", 5400), ("15m", 900), ("2.5h", 9000), ("0", 0),
     ("3600", 3600), (" 10S ", 10), (60, 60), (0.5, 0.5), ("1d, 2h", 93600)],
)  # fmt: skip
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "-1h", "5 parsecs", "h", "1h tomorrow", "nan", "inf", -1, float("nan")]
)
def test_not_a_duration(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_parts_add_up(days, hours, minutes, seconds):
    text = f"{days}d {hours}h {minutes}min {seconds}s"
    assert parse_duration(text) == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@given(st.floats(0, 1e9))
def test_numbers_are_seconds(value):
    assert parse_duration(value) == value
    assert parse_duration(str(value)) == value


def test_constants():
    assert pytest.approx(0.514444, abs=1e-6) == KNOT_MPS
    assert 6_371_000 < EARTH_RADIUS_M < 6_371_010
