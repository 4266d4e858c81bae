"""Correlated indicators: the strongest of a group counts in full, the next by half; and a group is worth its sum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.score import rank_dark, rank_pairs
from stsdetect.score.rank import EVERY_INDICATOR
from stsdetect.score.registry import Finding, Indicator
from stsdetect.score.weighing import FURTHER, Weighing
from stsdetect.settings import ScoreSettings
from tests.unit.score.dark_rows import crowd
from tests.unit.score.rows import ALONGSIDE, AT_SEA, CHINA, KOREA, Row, meeting, rank, table, tables

GROUPS = sorted({one.group for one in EVERY_INDICATOR} - {""})


def members(group: str) -> list[str]:
    return [one.name for one in EVERY_INDICATOR if one.group == group]


def reasons(pair: Row) -> dict[str, Row]:
    return {reason["indicator"]: reason for reason in pair["reasons"]}


def asked(*indicators: Indicator) -> dict[str, Row]:
    """What indicators that look at nothing give."""
    weighing = Weighing[None](indicators, ScoreSettings())
    made: list[Row] = weighing.reasons([weighing.score(None, [None], lambda _: 0)]).to_pylist()[0]
    return {reason["indicator"]: reason for reason in made}


def one(name: str, share: float, weight: float = 1.0, group: str = "g", **more: Any) -> Indicator:
    direction = "against" if weight < 0 else "both"
    return Indicator(
        name, name, "", direction, weight, "-", "-", "-", lambda _: Finding(share, share, name), group=group, **more
    )


def test_next_of_a_group_counts_by_half() -> None:
    (pair,) = rank([meeting(1, CHINA, KOREA, **ALONGSIDE, **AT_SEA)])
    found = reasons(pair)
    assert found["offshore"]["strength"] == 1.0
    assert found["zone"]["strength"] == pytest.approx(0.8 * FURTHER)
    assert found["hull_gap"]["strength"] == 1.0
    assert found["heading"]["strength"] == FURTHER
    assert found["duration"]["strength"] == 1.0, "in no group"


def test_third_counts_by_a_quarter_and_ties_fall_as_they_are_asked() -> None:
    made = asked(one("a", 0.5), one("b", 0.5), one("c", 1.0), one("d", 0.2, group=""))
    assert {name: row["strength"] for name, row in made.items()} == {"a": 0.25, "b": 0.125, "c": 1.0, "d": 0.2}


def test_strength_is_by_weight_not_by_share() -> None:
    made = asked(one("light", 1.0, weight=0.1), one("heavy", 0.5, weight=2.0))
    assert (made["light"]["strength"], made["heavy"]["strength"]) == (0.5, 0.5)


def test_for_and_against_are_apart_and_what_says_nothing_takes_no_place() -> None:
    made = asked(one("none", 0.0, weight=9.0), one("for", 0.4), one("minus", -0.4), one("against", 0.3, weight=-1.0))
    assert made["for"]["strength"] == 0.4
    assert made["minus"]["strength"] == -0.4
    assert made["against"]["strength"] == 0.15


def test_another_weight_changes_no_strength() -> None:
    weighing = Weighing[None]([one("a", 0.5), one("b", 0.4)], ScoreSettings(weights={"b": 50.0}))
    made = {row["indicator"]: row for row in weighing.reasons([weighing.score(None, [None], lambda _: 0)])[0].as_py()}
    assert made["a"]["strength"] == 0.5
    assert (made["b"]["strength"], made["b"]["weight"]) == (0.2, 10.0)


def test_groups_are_of_several() -> None:
    assert GROUPS
    for group in GROUPS:
        assert len(members(group)) > 1, group


def removed(whole: list[Row], left: list[Row], group: str) -> None:
    """Say that without a group every lead has lost the sum of its weights, and nothing else has changed."""
    after = {pair["pair_id"]: pair for pair in left}
    assert set(after) == {pair["pair_id"] for pair in whole}
    for pair in whole:
        own = sum(reason["weight"] for reason in pair["reasons"] if reason["indicator"] in members(group))
        other = after[pair["pair_id"]]
        assert abs(pair["log_odds"] - own - other["log_odds"]) < 1e-9
        for name, reason in reasons(pair).items():
            assert reasons(other)[name]["strength"] == reason["strength"]


@given(tables(), st.sampled_from(GROUPS))
@settings(max_examples=60, deadline=None)
def test_removing_a_group_removes_its_sum(rows: list[Row], group: str) -> None:
    removed(rank(rows), rank(rows, **dict.fromkeys(members(group), 0.0)), group)


@pytest.mark.parametrize("group", GROUPS)
def test_removing_a_group_removes_its_sum_from_possible_meetings(group: str) -> None:
    events = table(crowd())
    without = ScoreSettings(weights=dict.fromkeys(members(group), 0.0))
    removed(rank_dark(events).to_pylist(), rank_dark(events, settings=without).to_pylist(), group)


@given(tables(), st.dictionaries(st.sampled_from([one.name for one in EVERY_INDICATOR]), st.floats(0, 5)))
@settings(max_examples=60, deadline=None)
def test_weight_is_strength_times_the_weight_in_force(rows: list[Row], sizes: dict[str, float]) -> None:
    usual = {one.name: one.weight for one in EVERY_INDICATOR}
    changes = {name: size if usual[name] > 0 else -size for name, size in sizes.items()}
    in_force = usual | changes
    for pair in rank_pairs(table(rows), settings=ScoreSettings(weights=changes)).to_pylist():
        for reason in pair["reasons"]:
            assert reason["weight"] == pytest.approx(reason["strength"] * in_force[reason["indicator"]], abs=5.1e-5)
        assert abs(sum(reason["weight"] for reason in pair["reasons"]) - pair["log_odds"]) < 1e-9


def test_grouping_does_not_hang_on_what_else_is_asked() -> None:
    alone, beside = one("a", 0.5), replace(one("b", 0.5), group="other")
    assert asked(alone, beside)["a"] == asked(alone)["a"]
