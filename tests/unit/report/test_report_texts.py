"""Words for people."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.report import texts


@given(st.text(max_size=300), st.integers(5, 60))
def test_clean_text_is_one_short_line_without_tricks(text, limit):
    line = texts.clean(text, limit)
    assert len(line) <= limit
    assert line == line.strip()
    assert line.isprintable()
    assert texts.clean(line, limit) == line


def test_names_in_other_scripts_survive():
    assert texts.clean("  明和丸   七 ") == "明和丸 七"
    assert texts.clean("السفينة") == "السفينة"


@pytest.mark.parametrize(
    ("name", "mmsi", "hull", "shown"),
    [
        ("A", 1, "h", "A"),
        ("\u202e \x00", 412000001, "h", "MMSI 412000001"),
        (None, 1234567, "h", "MMSI 001234567"),
        (None, None, "hull-7", "hull-7"),
        (None, None, None, "unknown vessel"),
    ],
)
def test_a_vessel_is_called_by_name_then_mmsi_then_hull(name, mmsi, hull, shown):
    assert texts.vessel_name(name, mmsi, hull) == shown


def test_places_round_without_sixty_minutes():
    assert texts.place_text(9.99999, 179.99999) == "10°00.0'N 180°00.0'E" or "W" in texts.place_text(9.99999, 179.99999)
    assert texts.place_text(-0.5, 190.0) == "0°30.0'S 170°00.0'W"


def test_ranges_signs_sizes_times():
    assert texts.metres_text(2.1, 18.7) == "2–19 m"
    assert texts.metres_text(5.0, 5.2) == "5 m"
    assert texts.metres_text(None, 3.0) == ""
    assert texts.signed(-1.84, 1, "m") == "−1.8 m"
    assert texts.size_text(1_234_567) == "1.2 MB"
    assert texts.size_text(3e12) == "3000.0 GB"
    assert texts.iso_time(datetime(2024, 3, 1, 1, 2, 3, 500, tzinfo=UTC)) == "2024-03-01T01:02:03.000500Z"


@pytest.mark.parametrize("score", [0.0, 1e-12, 0.5, 0.9994, 0.99951, 1.0])
def test_no_score_reads_as_certain(score):
    assert 0 < float(texts.score_text(score)) < 1
    assert abs(float(texts.score_text(score)) - score) <= 0.0011
