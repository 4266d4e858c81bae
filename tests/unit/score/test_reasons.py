"""One ranking over leads of all kinds."""

from __future__ import annotations

import itertools
from typing import Any

import pyarrow as pa

from stsdetect.schema import PAIRS, TIME
from stsdetect.score import rank


def leads(*rows: tuple[str, str, float, int]) -> pa.Table:
    """Leads of (vessel, partner, log-odds, first time), ranked by themselves as they come."""
    vessels, partners, odds, times = zip(*rows, strict=True)
    n = len(rows)
    columns: dict[str, Any] = {
        "pair_id": [f"{a}{b}" for a, b in zip(vessels, partners, strict=True)],
        "vessel_a": vessels,
        "partner_kind": ["port"] * n,
        "partner_id": partners,
        "rank": range(1, n + 1),
        "score": [0.5] * n,
        "log_odds": odds,
        "confidence": ["low"] * n,
        "n_events": [1] * n,
        "first_time": pa.array(times, pa.int64()).cast(TIME),
        "last_time": pa.array(times, pa.int64()).cast(TIME),
        "event_ids": [["e"]] * n,
        "reasons": [[]] * n,
        "settings_id": ["s"] * n,
    }
    return PAIRS.table(columns)


def test_tables_in_any_order_give_one_ranking():
    tables = [leads(("a", "p", 3.0, 5), ("b", "p", -1.0, 5)), leads(("c", "p", 4.0, 9)), leads(("a", "o", 3.0, 5))]
    whole = rank(tables)
    assert whole.column("vessel_a").to_pylist() == ["c", "a", "a", "b"]
    assert whole.column("partner_id").to_pylist() == ["p", "o", "p", "p"]
    assert whole.column("rank").to_pylist() == [1, 2, 3, 4]
    for order in itertools.permutations(tables):
        assert rank(order).equals(whole)


def test_at_equal_log_odds_the_earlier_comes_first():
    assert rank([leads(("a", "p", 1.0, 7)), leads(("b", "p", 1.0, 6))]).column("vessel_a").to_pylist() == ["b", "a"]


def test_nothing_to_rank():
    assert rank([]).equals(PAIRS.empty())
    assert rank([PAIRS.empty(), leads(("a", "p", 1.0, 7))]).num_rows == 1
