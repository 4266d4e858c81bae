"""Contact within a pair of legs: entering, leaving, grazing, standing still, and who shares time with whom."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from stsdetect.kernels import contact, sphere
from tests import naive


def solve(d0: tuple[float, ...], d1: tuple[float, ...], reach: float) -> tuple[float, float]:
    enter, leave = contact.in_range(np.array([d0], dtype=np.float64), np.array([d1], dtype=np.float64), reach)
    return float(enter[0]), float(leave[0])


@pytest.mark.parametrize(
    ("d0", "d1", "expected"),
    [
        ((-10, 0, 0), (10, 0, 0), (0.25, 0.75)),
        ((0, 0, 0), (10, 0, 0), (0.0, 0.5)),
        ((10, 0, 0), (0, 0, 0), (0.5, 1.0)),
        ((1, 0, 0), (2, 0, 0), (0.0, 1.0)),
        ((5, 0, 0), (5, 0, 0), (0.0, 1.0)),  # at rest, exactly in reach
        ((-10, 5, 0), (10, 5, 0), (0.5, 0.5)),  # a graze
        ((5, 0, 0), (9, 0, 0), (0.0, 0.0)),  # leaves as it begins
        ((9, 0, 0), (5, 0, 0), (1.0, 1.0)),  # arrives as it ends
        ((0, 0, 0), (0, 0, 0), (0.0, 1.0)),
    ],
)
def test_in_range(d0, d1, expected):
    assert solve(d0, d1, 5.0) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("d0", "d1"),
    [
        ((6, 0, 0), (6, 0, 0)),
        ((5.001, 0, 0), (5.001, 0, 0)),
        ((6, 0, 0), (12, 0, 0)),
        ((-12, 0, 0), (-6, 0, 0)),
        ((-10, 5.001, 0), (10, 5.001, 0)),
        ((2e7, 0, 0), (2e7, 1e-5, 0)),
        ((6.0, 2.2250738585072014e-308, 0), (6.0, 0.5, 0)),
    ],
)
def test_never_in_range(d0, d1):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(solve(d0, d1, 5.0)).all()


def test_swapping_the_vessels_changes_nothing_at_all():
    rng = np.random.default_rng(3)
    d0, d1 = rng.normal(0, 600, (500, 3)), rng.normal(0, 600, (500, 3))
    for one, two in zip(contact.in_range(d0, d1, 500.0), contact.in_range(-d0, -d1, 500.0), strict=True):
        assert np.array_equal(one, two, equal_nan=True)


def test_a_pass_at_full_speed_is_as_exact_as_a_slow_one():
    """60 km in one leg, 499.999 m abeam: the chord through the circle is 2 m long, not 0 and not 4."""
    half = np.sqrt(500.0**2 - 499.999**2)
    enter, leave = solve((-30_000, 499.999, 0), (30_000, 499.999, 0), 500.0)
    assert (leave - enter) * 60_000 == pytest.approx(2 * half, rel=1e-6)


def test_contact_ends_where_the_legs_end():
    """No contact before the first or after the last fix: the solution never leaves [0, 1]."""
    rng = np.random.default_rng(4)
    enter, leave = contact.in_range(rng.normal(0, 300, (300, 3)), rng.normal(0, 300, (300, 3)), 500.0)
    some = ~np.isnan(enter)
    assert some.any()
    assert ((enter[some] >= 0) & (enter[some] <= leave[some]) & (leave[some] <= 1)).all()


def legs(rows: list[tuple[int, int, int]]) -> contact.Legs:
    hull, t0, t1 = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    place = np.zeros((hull.size, 3))
    return contact.Legs(hull, t0, t1, place, place)


def ask(data: contact.Legs, *windows: tuple[int, int, int, int]) -> list[tuple[int, int, int]]:
    columns = contact.overlaps(data, *np.array(windows, dtype=np.int64).reshape(-1, 4).T)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_overlaps_are_half_open():
    data = legs([(0, 0, 10), (0, 10, 20), (1, 5, 10), (1, 20, 30)])
    assert ask(data, (0, 1, 0, 100)) == [(0, 0, 2)]
    assert ask(data, (0, 1, 10, 100)) == []
    assert ask(data, (1, 0, 9, 10), (0, 1, -50, 6)) == [(0, 2, 0), (1, 0, 2)]


def test_a_leg_that_ends_as_the_window_begins_shares_no_time():
    data = legs([(0, 0, 10), (0, 10, 20), (1, 5, 15), (1, 15, 20)])
    assert ask(data, (0, 1, 10, 100)) == [(0, 1, 2), (0, 1, 3)]
    assert ask(data, (0, 1, 0, 10)) == [(0, 0, 2)]
    assert ask(data, (1, 0, 15, 100)) == [(0, 3, 1)]


def test_overlaps_of_hulls_never_heard_and_of_no_legs():
    data = legs([(2, 0, 10), (4, 0, 10)])
    assert ask(data, (0, 2, 0, 10), (2, 3, 0, 10), (2, 9, 0, 10)) == []
    assert ask(data, (2, 4, 0, 10)) == [(0, 0, 1)]
    assert ask(data) == ask(legs([]), (0, 1, 0, 10)) == []


def test_overlaps_of_many_hulls_over_many_years_do_not_overflow():
    first, last = 631_152_000_000_000, 4_102_000_000_000_000
    n = 4000
    lone = [(k, start, start + 10) for k in range(n - 2) for start in ((first + k, last + k) if k < 2 else (first,))]
    data = legs([*lone, (n - 2, last, last + 10), (n - 1, last + 5, last + 15)])
    assert ask(data, (n - 2, n - 1, last, last + 20)) == [(0, data.size - 2, data.size - 1)]
    assert ask(data, (0, n - 1, first, last + 20)) == [(0, 1, data.size - 1)]


@pytest.mark.parametrize("lat", [0.0, 38.0, 85.0])
def test_the_chord_is_below_the_great_circle_by_no_more_than_stated(lat):
    """Two hours at 5 kn: at most 7 m below the sphere, and in step with the great circle to a centimetre."""
    there = naive.travel(lat, 179.95, 60.0, 5.0 * naive.KNOT_MPS * 7200)
    leg = naive.Leg(0, 0, 7_200_000_000, (lat, 179.95), there)
    ends = [sphere.to_xyz(np.array([p[0]]), np.array([p[1]])) for p in (leg.from_deg, leg.to_deg)]
    data = contact.Legs(np.array([0]), np.array([leg.t0]), np.array([leg.t1]), *ends)
    for tenth in range(11):
        time = leg.t1 * tenth // 10
        here = data.at(np.array([0]), np.array([time]))
        assert 0.0 <= naive.RADIUS_M - sphere.norm(here)[0] + 1e-6 < 7.0
        seen = naive.to_lat_lon(here[0])
        assert naive.haversine_m(*seen, *naive.on_great_circle(leg, time)) < 0.01
