"""Identity events as evidence around a meeting."""

from __future__ import annotations

from typing import Any

import pytest

from stsdetect.score import rank_pairs
from stsdetect.score.indicators_identity import _TESTS
from tests.unit.score.rows import Row, event, meeting, table

A, B, C = "412000001", "412000002", "613000003"


def reason(*rows: Row) -> dict[str, Any] | None:
    """The reason that identity events give for the only pair."""
    (pair,) = rank_pairs(table(list(rows))).to_pylist()
    found = [one for one in pair["reasons"] if one["indicator"] == "odd_identity"]
    assert len(found) <= 1
    return found[0] if found else None


def odd(n: int, test: str, a: str = A, b: str | None = None, start_h: float = -10.0, hours: float = 2.0, **more: Any):
    return event(n, "identity", test, a, b, start_h, hours, **more)


@pytest.mark.parametrize("test", sorted(_TESTS))
def test_every_test_counts_and_says_so(test):
    found = reason(meeting(1, A, B), odd(2, test))
    assert found is not None
    assert 0 < found["weight"] <= 0.6
    assert A in found["sentence"]
    assert _TESTS[test][0] in found["sentence"]


def test_the_other_identity_of_two_counts_as_well():
    found = reason(meeting(1, A, B), odd(2, "hand_over", A, C))
    other = reason(meeting(1, B, C), odd(2, "hand_over", A, C))
    assert found is not None
    assert other is not None
    assert found["weight"] == other["weight"]
    assert C in other["sentence"]
    # Two identities may be two ships: that one took over from the other is a guess.
    assert "took over" not in found["sentence"]


@pytest.mark.parametrize("start_h", [-60.0, 60.0])
def test_what_is_days_away_does_not_count(start_h):
    assert reason(meeting(1, A, B), odd(2, "ring", start_h=start_h)) is None
    assert reason(meeting(1, A, B), odd(2, "ring", start_h=-60.0, hours=200.0)) is not None


@pytest.mark.parametrize("flags", ["jamming", "common;on_land"])
def test_what_many_hulls_show_does_not_count(flags):
    assert reason(meeting(1, A, B), odd(2, "ring", flags=flags)) is None


@pytest.mark.parametrize("test", ["mmsi_form", "imo_checksum", "no_imo"])
def test_what_other_indicators_count_is_not_counted_twice(test):
    assert reason(meeting(1, A, B), odd(2, test)) is None


def test_one_act_that_shows_in_several_tests_counts_once():
    one = reason(meeting(1, A, B), odd(2, "imo_moved", A, C))
    all_of_it = [
        odd(2, "imo_moved", A, C),
        odd(3, "name_change"),
        odd(4, "callsign_change"),
        odd(5, "flag_contradicted"),
    ]
    many = reason(meeting(1, A, B), *all_of_it)
    assert one is not None
    assert many is not None
    assert one["weight"] == many["weight"]
    assert "and 3 more" in many["sentence"]


def test_both_vessels_count_more_than_one():
    one = reason(meeting(1, A, B), odd(2, "name_change"))
    both = reason(meeting(1, A, B), odd(2, "name_change"), odd(3, "name_change", B))
    assert one is not None
    assert both is not None
    assert both["weight"] > one["weight"]
    assert both["value"] == 2.0
