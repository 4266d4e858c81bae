"""What is sought in a truth, which leads name it, and rules beside leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stsdetect.schema import EVENTS, PAIRS
from stsdetect.score.comparison import Raised, compare, pooled_alerts, raised
from stsdetect.score.evaluation import Judged, pooled
from stsdetect.score.truth import judge_truth, sought
from stsdetect.simulate import Planted

START = datetime(2024, 3, 30, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def planted(kind: str, case: str, who: tuple[int, ...], begin: float, end: float, **more: Any) -> Planted:
    transfer = kind != "identity"
    return Planted(kind, case.rpartition("-")[0], tuple(map(str, who)), at(begin), at(end), transfer, "", 31.0, 124.0,
                   case, **more)  # fmt: skip


def event(name: str, a: int, b: int | None, begin: float, end: float, kind: str = "encounter") -> dict[str, Any]:
    return {
        "event_id": name, "kind": kind, "subtype": "", "vessel_a": str(a), "vessel_b": b and str(b), "mmsi_a": a,
        "mmsi_b": b, "start_time": at(begin), "end_time": at(end), "duration_h": end - begin, "lat_deg": 31.0,
        "lon_deg": 124.0, "is_open": False, "flags": "", "settings_id": "", "geometry": b"",
    }  # fmt: skip


def lead(
    rank: int, a: int, b: int | None, log_odds: float, events: list[str], *, kind: str = "vessel"
) -> dict[str, Any]:
    return {
        "pair_id": f"{rank}", "vessel_a": str(a), "vessel_b": b and str(b), "mmsi_a": a, "mmsi_b": b,
        "partner_kind": kind, "partner_id": "", "rank": rank, "score": 0.5, "log_odds": log_odds, "confidence": "low",
        "n_events": 1, "first_time": at(0), "last_time": at(100), "event_ids": events, "reasons": [], "settings_id": "",
    }  # fmt: skip


TRUTH = (
    planted("encounter", "seen_again-1", (1, 2), 10, 14),
    planted("encounter", "seen_again-1", (1, 2), 90, 94),
    planted("dark_rendezvous", "chain-1", (3, 4), 20, 24),
    planted("encounter", "chain-1", (4, 5), 60, 64),
    planted("identity", "hand_over-1", (6, 7), 5, 8),
    planted("encounter", "hand_over-1", (7, 8), 30, 34),
)


def run(*leads: dict[str, Any], events: list[dict[str, Any]]) -> Judged:
    return judge_truth(
        pa.Table.from_pylist(list(leads), schema=PAIRS.arrow), pa.Table.from_pylist(events, schema=EVENTS.arrow), TRUTH,
        weeks=2.0,
    )  # fmt: skip


def test_a_pair_is_sought_once_and_each_link_of_a_chain_by_itself() -> None:
    wanted = sought(TRUTH)
    assert [(one.case, len(one.planted), one.seen) for one in wanted] == [
        ("seen_again-1", 2, True), ("chain-1", 1, False), ("chain-1", 1, True), ("hand_over-1", 1, True),
    ]  # fmt: skip


def test_leads_name_hulls_at_the_time() -> None:
    judged = run(
        lead(2, 1, 2, 1.0, ["second"]),  # the second meeting will do
        lead(1, 3, None, 2.0, ["alone"], kind="unknown"),  # one of the two, at that time
        lead(3, 4, 5, 0.5, ["early"]),  # the right two at another time
        lead(4, 6, 8, 0.1, ["other name"]),  # the hull under its other name
        lead(5, 1, 9, 0.0, ["second"]),  # one of the two with somebody else
        events=[
            event("second", 1, 2, 91, 93), event("alone", 3, None, 21, 23, "dark_rendezvous"),
            event("early", 4, 5, 1, 3), event("other name", 6, 8, 31, 33),
        ],
    )  # fmt: skip
    assert sorted(zip(judged.lead.tolist(), judged.item.tolist(), strict=True)) == [(0, 0), (1, 1), (3, 3)]
    assert judged.own_place.tolist() == [1, 0, -1, 3]
    assert judged.weeks.tolist() == [2.0] * 4
    # 30 March and 2 April are two months.
    assert judged.item_block.tolist() == [650, 650, 651, 650]


def test_rules_are_judged_as_leads_are() -> None:
    judged = run(
        lead(1, 9, 10, 2.0, []), lead(2, 1, 2, 1.0, ["met"]), lead(3, 4, 5, 0.5, ["late"]),
        events=[event("met", 1, 2, 11, 13), event("late", 4, 5, 61, 63)],
    )  # fmt: skip
    met = [event("a", 1, 2, 11, 12), event("b", 1, 2, 12.5, 13), event("c", 6, 8, 31, 32), event("d", 4, 5, 1, 2)]
    table = pa.Table.from_pylist(met, schema=EVENTS.arrow)
    (rule,) = raised({("mine", "plain"): table}, TRUTH, sought(TRUTH))
    assert rule.alerts.tolist() == [3]  # three pairs, four meetings
    assert rule.found.tolist() == [True, False, False, True]
    all_of_it, seen = compare(judged, [rule], n=200)
    assert (all_of_it.group, all_of_it.n, all_of_it.alerts) == ("all", 4, 3)
    # With three looks ours finds the pair that met again and a link of the chain.
    assert (all_of_it.recall.value, all_of_it.our_recall.value, all_of_it.difference.value) == (0.5, 0.5, 0.0)
    assert all_of_it.precision == all_of_it.our_precision == pytest.approx(2 / 3)
    assert all_of_it.verdict == "no difference shown"
    assert (seen.group, seen.n) == ("both transponders on", 3)
    assert seen.recall.value == pytest.approx(2 / 3)


def test_each_run_has_as_many_looks_as_the_rule_has_alerts_in_it() -> None:
    part = run(lead(1, 9, 10, 2.0, []), lead(2, 1, 2, 1.0, ["met"]), events=[event("met", 1, 2, 11, 13)])
    none = np.zeros(4, dtype=np.bool_)
    rules = pooled_alerts([[Raised("mine", "", np.array([n]), none)] for n in (1, 2)])
    (told, *_) = compare(pooled([part, part]), rules, n=500)
    assert told.alerts == 3
    assert told.our_recall.value == pytest.approx(1 / 8)  # found in the second run only
    assert told.difference.low <= 0
    many = [[Raised("mine", "", np.array([2]), none)]] * 6
    (told, *_) = compare(pooled([part] * 6), pooled_alerts(many), n=500)
    assert told.verdict == "ours finds more: difference above 0"
