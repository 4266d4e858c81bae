"""Greatest plausible speeds."""

from __future__ import annotations

import numpy as np
import pytest

from stsdetect.reference.speeds import SEEN_MARGIN, WIDEST_KN, max_speed_kn

NAN = float("nan")


@pytest.mark.parametrize(
    ("ship_type", "length_m", "least_kn", "most_kn"),
    [
        (80, 65.0, 14.0, 17.0),  # a product tanker of 1,000 dwt: built for 11-13 kn
        (84, 120.0, 14.5, 17.0),
        (80, 183.0, 16.0, 20.0),
        (80, 290.0, 21.0, 24.0),  # LNG
        (70, 80.0, 14.0, 18.0),
        (79, 366.0, 25.0, 28.0),  # container ship
        (40, 90.0, 50.0, 65.0),
        (37, 12.0, 40.0, 50.0),
        (30, 45.0, 14.0, 20.0),
    ],
)
def test_limits_are_over_what_is_built_and_not_far_over(ship_type, length_m, least_kn, most_kn):
    assert least_kn <= max_speed_kn(ship_type, length_m, NAN)[0] <= most_kn


@pytest.mark.parametrize("ship_type", [NAN, 0, 5, 99, 255, -1])
@pytest.mark.parametrize("length_m", [NAN, 0.0])
def test_what_is_not_known_is_widest(ship_type, length_m):
    assert max_speed_kn(ship_type, length_m, NAN)[0] == WIDEST_KN


def test_a_length_that_is_not_known_gives_the_fastest_of_the_type():
    known = [max_speed_kn(80, length, NAN)[0] for length in (50.0, 150.0, 300.0)]
    assert max_speed_kn(80, NAN, NAN)[0] == max(known)


def test_no_hull_is_slower_than_it_was_seen():
    seen = np.linspace(0.0, 60.0, 25)
    for ship_type in range(100):
        assert (max_speed_kn(ship_type, 100.0, seen) >= seen * SEEN_MARGIN).all()


def test_rows_stand_for_themselves():
    codes, lengths = np.array([80, 30, 0, 70]), np.array([100.0, 12.0, NAN, 300.0])
    together = max_speed_kn(codes, lengths, NAN)
    assert together.tolist() == [max_speed_kn(c, m, NAN)[0] for c, m in zip(codes, lengths, strict=True)]
