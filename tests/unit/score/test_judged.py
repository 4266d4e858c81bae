"""Leads against verdicts: what is counted, what is left out, and what is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from stsdetect.schema import PAIRS
from stsdetect.score.evaluation import average_precision, recall_at_budget
from stsdetect.score.judged import judge_labels
from stsdetect.score.labels import Label, make_label

START = datetime(2024, 3, 1, tzinfo=UTC)


def lead(rank: int) -> dict[str, Any]:
    return {
        "pair_id": f"{rank:016x}", "vessel_a": f"{rank}", "vessel_b": "b", "mmsi_a": rank, "mmsi_b": 99,
        "partner_kind": "vessel", "partner_id": "", "rank": rank, "score": 0.5, "log_odds": 5.0 - rank,
        "confidence": "low", "n_events": 1, "first_time": START, "last_time": START + timedelta(hours=3),
        "event_ids": [], "reasons": [], "settings_id": "",
    }  # fmt: skip


LEADS = pa.Table.from_pylist([lead(rank) for rank in (3, 1, 2, 4, 5)], schema=PAIRS.arrow)


def label(rank: int, verdict: str, hours: float = 0.0) -> Label:
    return make_label(LEADS, rank, verdict, who="me", why="because", when=START + timedelta(hours=hours))


def test_only_judged_leads_count_and_places_are_those_of_the_whole_list() -> None:
    told = judge_labels(LEADS, [label(1, "innocent"), label(3, "transfer"), label(4, "unclear")], weeks=1.0)
    assert told.judged.n_leads == 2
    assert told.rows.tolist() == [0, 1]
    assert (told.n_unclear, told.n_without_lead, told.n_not_judged) == (1, 0, 2)
    assert average_precision(told.judged) == pytest.approx(1 / 2)
    assert recall_at_budget(told.judged, 2.0) == 0  # it is third in the list
    assert recall_at_budget(told.judged, 3.0) == 1
    assert told.judged.families == ("named partner",)


def test_the_latest_verdict_counts() -> None:
    told = judge_labels(LEADS, [label(1, "innocent", 2), label(1, "transfer", 1), label(2, "transfer")], weeks=1.0)
    assert told.judged.n_sought == 1
    assert average_precision(told.judged) == pytest.approx(1 / 2)


def test_the_latest_verdict_counts_without_a_lead_too() -> None:
    gone = [
        replace(one, pair_id="f" * 16, vessel_a="other") for one in (label(2, "innocent", 2), label(2, "transfer", 1))
    ]
    told = judge_labels(LEADS, [label(1, "transfer"), *gone], weeks=1.0)
    assert (told.judged.n_sought, told.n_without_lead) == (1, 1)


def test_a_transfer_that_is_no_lead_any_more_is_missed() -> None:
    gone = replace(label(2, "transfer"), pair_id="f" * 16, vessel_a="other")
    told = judge_labels(
        LEADS, [label(1, "transfer"), gone, replace(gone, pair_id="e" * 16, verdict="innocent")], weeks=1.0
    )
    assert (told.judged.n_sought, told.n_without_lead) == (2, 2)
    assert average_precision(told.judged) == pytest.approx(1 / 2)
    assert recall_at_budget(told.judged, 99.0) == pytest.approx(1 / 2)
