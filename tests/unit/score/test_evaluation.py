"""Figures of a ranking: by hand, against scikit-learn, against obvious loops, and what must always hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from stsdetect.errors import UsageError
from stsdetect.score.evaluation import (
    Interval,
    Judged,
    average_precision,
    draws,
    evaluate,
    found_within,
    interval,
    of_difference,
    paired_difference,
    pooled,
    precision_at,
    recall_at_budget,
    reliability,
    wilson,
)


def judged(
    log_odds: list[float], names: dict[int, list[int]], n_sought: int, *, weeks: float = 1.0, family: str = ""
) -> Judged:
    """Leads, strongest not necessarily first; ``names`` says which things each lead names."""
    order = np.argsort(-np.asarray(log_odds), kind="stable")
    place = np.empty(len(log_odds), dtype=np.int64)
    place[order] = np.arange(len(log_odds))
    links = [(lead, item) for lead, items in sorted(names.items()) for item in items]
    both = np.array(links, dtype=np.int64).reshape(-1, 2)
    families = tuple(family or f"f{k % 2}" for k in range(n_sought))
    zeros = np.zeros(n_sought, dtype=np.int64)
    return Judged(
        np.asarray(log_odds, dtype=np.float64), place, np.zeros(len(log_odds), dtype=np.int64), both[:, 0], both[:, 1],
        families, tuple(f"case-{k}" for k in range(n_sought)), np.arange(n_sought) % 2 == 0, zeros,
        np.full(n_sought, weeks),
    )  # fmt: skip


#: Five leads; the first and third find things 0 and 1, the fourth names thing 0 again, thing 2 has no lead.
HAND = judged([5.0, 4.0, 3.0, 2.0, 1.0], {0: [0], 2: [1], 3: [0]}, 3)


def test_by_hand() -> None:
    # Found at places 1 and 3: precision 1/1 and 2/3; the third is never found.
    assert average_precision(HAND) == pytest.approx((1 + 2 / 3) / 3)
    assert precision_at(HAND, 1) == 1
    assert precision_at(HAND, 3) == pytest.approx(2 / 3)
    assert precision_at(HAND, 4) == pytest.approx(2 / 4)  # the second lead to thing 0 finds nothing new
    assert precision_at(HAND, 20) == pytest.approx(2 / 20)  # fewer leads than looks
    assert recall_at_budget(HAND, 2.0) == pytest.approx(1 / 3)
    assert recall_at_budget(HAND, 3.0) == pytest.approx(2 / 3)
    assert recall_at_budget(HAND, 1e9) == pytest.approx(2 / 3)
    assert found_within(HAND, 3).tolist() == [True, True, False]
    assert HAND.base_rate == pytest.approx(3 / 5)
    assert HAND.true.tolist() == [True, False, True, True, False]


def test_a_family_is_judged_without_leads_to_others() -> None:
    weight = np.array([0.0, 1.0, 0.0])
    # The lead to thing 0 is neither right nor wrong; its second lead is one look more, below.
    assert average_precision(HAND, weight) == pytest.approx(1 / 2)


def test_weights_are_as_good_as_repeated_things() -> None:
    twice = judged([5.0, 4.0, 3.0, 2.0, 1.0], {0: [0, 3], 2: [1], 3: [0, 3]}, 4)
    assert average_precision(HAND, np.array([2.0, 1.0, 1.0])) == pytest.approx(average_precision(twice))
    none = np.zeros(3)
    assert np.isnan(average_precision(HAND, none))
    assert interval(lambda weight, _: average_precision(HAND, weight), draws(HAND, n=5), none).value is None


@st.composite
def rankings(draw: st.DrawFn) -> Judged:
    n = draw(st.integers(1, 30))
    scores = draw(st.lists(st.integers(-6, 6), min_size=n, max_size=n))
    n_sought = draw(st.integers(1, 6))
    names = {
        lead: draw(st.lists(st.integers(0, n_sought - 1), unique=True, max_size=2))
        for lead in draw(st.lists(st.integers(0, n - 1), unique=True, max_size=8))
    }
    return judged([float(score) for score in scores], names, n_sought, weeks=draw(st.sampled_from([0.5, 1.0, 4.3])))


def slow_average_precision(one: Judged) -> float:
    """Walk down rung by rung, an obvious loop."""
    total, found, looked, seen = 0.0, 0, 0, set()
    for score in sorted(set(one.log_odds.tolist()), reverse=True):
        leads = [k for k in range(one.n_leads) if one.log_odds[k] == score]
        new = 0
        for lead in sorted(leads, key=lambda k: one.place[k]):
            fresh = {int(i) for k, i in zip(one.lead, one.item, strict=True) if k == lead} - seen
            seen |= fresh
            new += len(fresh)
            looked += max(len(fresh), 1)
        found += new
        total += new * found / looked
    return total / one.n_sought


@given(rankings())
def test_average_precision_is_that_of_a_loop(one: Judged) -> None:
    assert average_precision(one) == pytest.approx(slow_average_precision(one))


@given(rankings(), st.integers(1, 40))
def test_precision_and_recall_are_those_of_a_loop(one: Judged, k: int) -> None:
    if one.lead.size != np.unique(one.lead).size:
        return  # a lead that names two things counts as two looks where weights ask so
    order = sorted(range(one.n_leads), key=lambda lead: (-one.log_odds[lead], one.place[lead]))
    seen: set[int] = set()
    hits = []
    for lead in order:
        fresh = {int(i) for j, i in zip(one.lead, one.item, strict=True) if j == lead} - seen
        seen |= fresh
        hits.append(bool(fresh))
    assert precision_at(one, k) == pytest.approx(sum(hits[:k]) / k)
    top = {int(i) for j, i in zip(one.lead, one.item, strict=True) if one.place[j] < k * one.weeks[0]}
    assert recall_at_budget(one, float(k)) == pytest.approx(len(top) / one.n_sought)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=60).filter(
        lambda rows: any(true for _, true in rows)
    )
)
def test_where_everything_has_a_lead_it_is_what_sklearn_says(rows: list[tuple[int, bool]]) -> None:
    numbers = iter(range(len(rows)))
    names = {k: [next(numbers)] for k, (_, true) in enumerate(rows) if true}
    one = judged([float(score) for score, _ in rows], names, len(names))
    expected = average_precision_score([true for _, true in rows], [score for score, _ in rows])
    assert average_precision(one) == pytest.approx(expected)


@given(rankings(), st.integers(1, 30))
def test_what_has_no_lead_counts_as_missed(one: Judged, k: int) -> None:
    more = replace(
        one, family=(*one.family, "f9"), case=(*one.case, "z"), seen=np.append(one.seen, False),
        item_block=np.append(one.item_block, 0), weeks=np.append(one.weeks, 1.0),
    )  # fmt: skip
    share = one.n_sought / more.n_sought
    assert average_precision(more) == pytest.approx(average_precision(one) * share)
    assert recall_at_budget(more, k) == pytest.approx(recall_at_budget(one, k) * share)
    assert precision_at(more, k) == precision_at(one, k)


@given(rankings(), st.integers(1, 30))
def test_figures_are_shares_and_looking_longer_finds_no_less(one: Judged, k: int) -> None:
    assert 0 <= average_precision(one) <= 1
    assert 0 <= precision_at(one, k) <= 1
    assert recall_at_budget(one, k) <= recall_at_budget(one, k + 1) <= 1
    assert (one.own_place >= 0).mean() >= recall_at_budget(one, k)


@given(rankings())
def test_the_order_of_rows_says_nothing(one: Judged) -> None:
    turned = np.arange(one.n_leads)[::-1]
    other = replace(
        one, log_odds=one.log_odds[turned], place=one.place[turned], lead=one.n_leads - 1 - one.lead,
    )  # fmt: skip
    assert average_precision(other) == pytest.approx(average_precision(one))
    assert recall_at_budget(other, 2.0) == recall_at_budget(one, 2.0)


def test_runs_are_pooled_by_strength_but_budgets_are_each_run_s_own() -> None:
    weak = judged([1.0, 0.5, 0.0], {0: [0]}, 1)
    strong = judged([9.0, 8.0, 7.0], {2: [0]}, 1)
    both = pooled([weak, strong])
    # Above the weak run's find stand three leads of the other, of which one finds something.
    assert average_precision(both) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert recall_at_budget(both, 1.0) == pytest.approx(0.5)
    assert both.case == ("0:case-0", "1:case-0")
    assert both.block.tolist() == [0, 0, 0, 1, 1, 1]
    with pytest.raises(UsageError):
        pooled([])


@given(rankings(), rankings(), st.integers(1, 12))
def test_a_block_drawn_twice_is_as_good_as_two_runs(one: Judged, other: Judged, k: int) -> None:
    both, twice = pooled([one, other]), pooled([one, one, other])
    weight = np.repeat([2.0, 1.0], [one.n_sought, other.n_sought])
    blocks = np.array([2.0, 1.0])
    if np.unique(both.log_odds).size == both.n_leads:  # else the rungs of a run drawn twice hold other leads, too
        assert average_precision(both, weight, blocks) == pytest.approx(average_precision(twice))
        many = precision_at(twice, k) - precision_at(both, k, weight, blocks)
        assert abs(many) <= 2 / k  # where k falls between two leads that are one drawn twice


def test_intervals_come_again_and_hold_the_value() -> None:
    many = pooled([judged([3.0, 2.0, 1.0], {k % 3: [0]}, 2) for k in range(12)])
    for by in ("case", "block"):
        first, again = (evaluate(many, k=5, per_week=1.0, by=by, n=200) for _ in range(2))
        assert first == again
        for one in (line for line in first if line.group == "all"):
            for figure in (one.pr_auc, one.precision, one.recall):
                assert figure.low is not None
                assert figure.low <= figure.value <= figure.high
                assert figure.low < figure.high
    assert [line.group for line in first] == ["all", "both transponders on", "a transponder off", "f0", "f1"]


def test_an_interval_of_shares_covers_as_often_as_it_says() -> None:
    """Of 40 cases that are found with chance 0.6, the interval holds 0.6 nine times in ten and more."""
    rng = np.random.default_rng(7)
    held = 0
    for k in range(120):
        found = np.flatnonzero(rng.random(40) < 0.6)
        one = judged([float(-j) for j in range(40)], {int(j): [int(j)] for j in found}, 40, family="f")
        told = interval(lambda weight, _, one=one: recall_at_budget(one, 99.0, weight), draws(one, n=200, seed=k),
                        np.ones(40))  # fmt: skip
        held += told.low <= 0.6 <= told.high
    assert held / 120 > 0.88


def test_a_paired_difference_is_by_case() -> None:
    ours, theirs = np.array([True, True, True, False]), np.array([True, False, False, False])
    one = judged([1.0], {0: [0]}, 4)
    told = interval(paired_difference(ours, theirs), draws(one, n=500), np.ones(4))
    assert told.value == pytest.approx(0.5)
    assert told.low >= 0  # nothing that they find is missed by us
    same = interval(paired_difference(ours, ours), draws(one, n=50), np.ones(4))
    assert same == (0.0, 0.0, 0.0)


def test_a_difference_of_few_is_not_shown() -> None:
    """By Newcombe's formula with n = 21, 21 and 17: 0.190 less the root of 0.155 squared and 0.114 squared."""
    ours, every = np.ones(21, dtype=np.bool_), np.ones(21, dtype=np.bool_)
    theirs = np.arange(21) >= 4
    told = of_difference(Interval(4 / 21, 0.04, 0.38), ours, theirs, every, 21)
    assert told.low == pytest.approx(-0.0013, abs=0.001)
    assert told.high >= 0.38
    one = of_difference(Interval(1.0, 1.0, 1.0), ours[:1], ~ours[:1], every[:1], 1)
    assert one.low < 0 < one.high
    alike = of_difference(Interval(0.0, 0.0, 0.0), ours[:5], ours[:5], every[:5], 5)
    assert alike.low < 0 < alike.high


def test_a_difference_covers_as_often_as_it_says_where_both_find_much() -> None:
    """Of 20 things ours finds 0.95 and theirs 0.85, apart from one another: the interval holds 0.1."""
    rng, held, every = np.random.default_rng(7), 0, np.ones(20, dtype=np.bool_)
    for _ in range(400):
        ours, theirs = rng.random(20) < 0.95, rng.random(20) < 0.85
        value = float(ours.mean() - theirs.mean())
        told = of_difference(Interval(value, value, value), ours, theirs, every, 20)
        held += told.low <= 0.1 <= told.high
    assert held / 400 > 0.93


def test_reliability_by_hand() -> None:
    score, true = np.array([0.1, 0.15, 0.9, 1.0, 0.5]), np.array([False, True, True, True, False])
    table = reliability(score, true, (0.0, 0.5, 1.0))
    assert [(row.low, row.n, row.true_share) for row in table] == [(0.0, 2, 0.5), (0.5, 3, pytest.approx(2 / 3))]
    assert table[0].mean_score == pytest.approx(0.125)
    assert all(row.true_low <= row.true_share <= row.true_high for row in table)
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    for wrong in ((0.5, 1.0), (0.0, 0.0, 1.0)):
        with pytest.raises(UsageError):
            reliability(score, true, wrong)
    with pytest.raises(UsageError, match="probability"):
        reliability(np.array([1.5]), np.array([True]))


def test_no_leads_at_all_find_nothing() -> None:
    empty = judged([], {}, 2)
    assert average_precision(empty) == 0
    assert precision_at(empty, 20) == 0
    assert recall_at_budget(empty, 20) == 0
    with pytest.raises(UsageError):
        precision_at(empty, 0)
