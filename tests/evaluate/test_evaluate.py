"""The evaluation itself: hand-made answers are counted right, and the command runs from end to end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stsdetect.schema import EVENTS, PAIRS
from stsdetect.simulate import Planted
from stsdetect.simulate.month import SILENCES
from tests.evaluate.__main__ import main, report
from tests.evaluate.judge import Line, Verdict, judge, lines, whole_chains
from tests.evaluate.twin import feasible

START = datetime(2024, 3, 1, tzinfo=UTC)
WEEK_S = 7 * 86_400.0
Rows = Sequence[dict[str, Any]]


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def event(name: str, kind: str, a: int, b: int | None, begin: float, end: float, **more: Any) -> dict[str, Any]:
    return {
        "event_id": name, "kind": kind, "subtype": "", "vessel_a": str(a), "vessel_b": b and str(b), "mmsi_a": a,
        "mmsi_b": b, "start_time": at(begin), "end_time": at(end), "duration_h": end - begin, "lat_deg": 31.0,
        "lon_deg": 124.0, "is_open": False, "flags": "", "settings_id": "", "geometry": b"", **more,
    }  # fmt: skip


def lead(kind: str, a: int, b: int | None, log_odds: float, events: list[str], begin: float = 0.0, end: float = 160.0):
    return {
        "pair_id": f"{a}{b}{log_odds}", "vessel_a": str(a), "vessel_b": b and str(b), "mmsi_a": a, "mmsi_b": b,
        "partner_kind": kind, "partner_id": "", "rank": 1, "score": 0.5, "log_odds": log_odds, "confidence": "low",
        "n_events": 1, "first_time": at(begin), "last_time": at(end), "event_ids": events, "reasons": [],
        "settings_id": "",
    }  # fmt: skip


def silence(mmsi: int, begin: float, end: float, reason: str, **more: Any) -> dict[str, Any]:
    return {
        "mmsi": mmsi, "start": at(begin), "end": at(end), "is_open": False, "reason": reason, "lat_deg": 31.0,
        "lon_deg": 124.0, "end_lat_deg": 31.0, "end_lon_deg": 124.0, **more,
    }  # fmt: skip


def judged(truth: list[Planted], events: Rows, pairs: Rows = (), silences: Rows = ()) -> Verdict:
    tables = [
        pa.Table.from_pylist(list(rows), schema=schema)
        for rows, schema in ((silences, SILENCES), (events, EVENTS.arrow), (pairs, PAIRS.arrow))
    ]
    return judge(1, truth, *tables, WEEK_S)


def planted(kind: str, family: str, vessels: tuple[int, ...], begin: float, end: float, note: str = "", **more: Any):
    more.setdefault("case", f"{family}-1")
    who = tuple(map(str, vessels))
    return Planted(kind, family, who, at(begin), at(end), kind != "identity", note, 31.0, 124.0, **more)


ONE = planted("dark_rendezvous", "one_dark", (1, 2), 20, 26)


def only(verdict: Verdict, ceiling: float = 20.0) -> Line:
    (line,) = lines([verdict], ceiling)
    return line


def test_a_rendezvous_with_the_right_partner_is_named_and_its_rank_and_rivals_noted() -> None:
    rows = [event("x", "dark_rendezvous", 1, 3, 19, 27, candidate_rank=1, n_rivals=8),
            event("y", "dark_rendezvous", 1, 2, 19, 27, candidate_rank=2, n_rivals=8)]  # fmt: skip
    line = only(judged([ONE], rows))
    assert (line.event_recall, line.named_recall, line.lead_recall) == (1, 1, 0)
    assert (line.rivals_median, line.first_three) == (8, 1)


@pytest.mark.parametrize(
    "row",
    [
        event("x", "dark_rendezvous", 1, 2, 30, 40),
        event("x", "dark_rendezvous", 3, 4, 19, 27),
        event("x", "loitering", 1, None, 19, 27),
    ],
)
def test_another_time_other_vessels_and_mere_loitering_do_not_count(row: dict[str, Any]) -> None:
    line = only(judged([ONE], [row]))
    assert (line.event_recall, line.named_recall) == (0, 0)


def test_the_wrong_partner_finds_the_event_but_names_nobody() -> None:
    line = only(judged([ONE], [event("x", "dark_rendezvous", 1, 3, 19, 27, candidate_rank=1, n_rivals=2)]))
    assert (line.event_recall, line.named_recall, line.first_three) == (1, 0, 0)


def test_false_leads_above_a_true_one_push_it_over_the_ceiling() -> None:
    rows = [event("y", "dark_rendezvous", 1, 2, 19, 27), event("z", "encounter", 8, 9, 50, 60)]
    false = [lead("vessel", 8, 9, 5.0 + k, ["z"]) for k in range(3)]
    other = [lead("unknown", 7, None, 9.0, ["z"])]
    verdict = judged([ONE], rows, [lead("unknown", 1, None, 1.0, ["y"]), *false, *other])
    assert only(verdict, ceiling=4).ceiling_recall == 1
    assert only(verdict, ceiling=3).ceiling_recall == 0
    assert only(verdict, ceiling=3).lead_recall == 1
    assert only(verdict, ceiling=1).ceiling_recall_by_kind == 1
    assert verdict.false_leads == {"unknown": 1, "vessel": 3}
    assert verdict.true_leads == {"unknown": 1}


def test_a_lead_that_names_the_wrong_partner_is_false() -> None:
    rows = [event("y", "dark_rendezvous", 1, 3, 19, 27)]
    assert judged([ONE], rows, [lead("vessel", 1, 3, 1.0, ["y"])]).true_leads == {}
    assert judged([ONE], rows, [lead("unknown", 2, None, 1.0, ["y"])]).true_leads == {"unknown": 1}
    assert judged([ONE], rows, [lead("unknown", 3, None, 1.0, ["y"])]).true_leads == {}


def test_a_call_must_be_at_the_place_and_its_lead_of_kind_port() -> None:
    call = planted("port_call", "direct_delivery", (5,), 40, 60)
    right, far = (event("c", "port_call", 5, None, 35, 70, lat_deg=lat) for lat in (31.1, 33.0))
    assert (only(judged([call], [far])).event_recall, only(judged([call], [far])).named_recall) == (1, 0)
    verdict = judged([call], [right], [lead("port", 5, None, 1.0, ["c"]), lead("unknown", 5, None, 2.0, ["c"])])
    assert only(verdict).lead_recall == 1
    assert verdict.false_leads == {"unknown": 1}


def test_a_hull_is_found_under_either_name() -> None:
    truth = [planted("identity", "hand_over", (5, 6), 10, 15), planted("encounter", "hand_over", (6, 7), 20, 24)]
    rows = [event("i", "identity", 5, 6, 10, 15), event("e", "dark_rendezvous", 5, 7, 18, 26)]
    verdict = judged(truth, rows, [lead("vessel", 5, 7, 1.0, ["e"])])
    assert [one.named for one in verdict.found] == [True, True]
    assert verdict.identities == {"": (1, 0)}
    assert verdict.true_leads == {"vessel": 1}
    assert [line.family for line in lines([verdict], 20)] == ["hand_over (identity)", "hand_over (transfer)"]


def test_chains_are_whole_when_every_link_has_a_lead() -> None:
    truth = [planted("encounter", "chain", (1, 2), 10, 15), planted("port_call", "chain", (2,), 60, 80)]
    rows = [event("e", "encounter", 1, 2, 10, 15), event("c", "port_call", 2, None, 50, 90)]
    leads = [lead("vessel", 1, 2, 1.0, ["e"]), lead("port", 2, None, 1.0, ["c"])]
    assert whole_chains([judged(truth, rows, leads)]) == (1, 1)
    assert whole_chains([judged(truth, rows, leads[:1])]) == (0, 1)


def test_gaps_are_counted_by_verdict_and_true_reason() -> None:
    rows = [event("a", "gap", 1, None, 0, 5, coverage="dark"), event("b", "gap", 2, None, 0, 5, coverage="dark"),
            event("c", "gap", 3, None, 0, 5), event("d", "gap", 4, None, 0, 5, coverage="thin")]  # fmt: skip
    quiet = [
        silence(1, 0, 5, "outage", n_outage=20, n_thin=1),
        silence(2, 0, 5, "dark"),
        silence(3, 0, 5, "thin"),
        silence(1, 6, 9, "thin"),
    ]
    verdict = judged([], rows, silences=quiet)
    assert dict(verdict.gaps) == {
        ("dark", "outage"): 1, ("dark", "dark"): 1, ("not judged", "thin"): 1, ("thin", "no silence"): 1,
    }  # fmt: skip
    assert verdict.outages_called_dark == 1
    mixed = judged([], rows, silences=[silence(1, 0, 5, "outage", n_outage=20, n_thin=15)])
    assert (mixed.outages_called_dark, mixed.mostly_outages_called_dark) == (0, 1)
    assert "called dark: 1 (must be 0)" in report([verdict], lines([verdict], 20), 20)


def test_the_twin_knows_what_silences_leave_room_for() -> None:
    both = planted("dark_rendezvous", "both_dark", (1, 2), 20, 24, "both silent")

    def possible(*rows: dict[str, Any]) -> bool:
        return feasible(both, pa.Table.from_pylist(list(rows), schema=SILENCES))

    long = silence(1, 10, 40, "dark")
    assert possible(long, silence(2, 15, 45, "dark"))
    assert possible(long, silence(2, 15, 45, "dark", is_open=True, end_lat_deg=None, end_lon_deg=None))
    # 320 miles apart before and after: 20 h of sailing at 16 kn each way, or 10 h if both sail.
    far = {"lat_deg": 31.0 + 320 / 60, "end_lat_deg": 31.0 + 320 / 60}
    assert not possible(silence(1, 15, 28, "dark"), silence(2, 15, 28, "dark", **far))
    assert possible(silence(1, 8, 36, "dark"), silence(2, 8, 36, "dark", **far))
    assert not possible(long)


def test_the_command_runs_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--seeds", "2", "--days", "10", "--vessels", "40", "--cases", "1"]
    figures, kept = tmp_path / "figures.json", tmp_path / "kept"
    assert main([*words, "--keep", str(kept), "--json", str(figures)]) == 0
    told = json.loads(figures.read_text())
    assert {one["family"].split()[0] for one in told["families"]} == {
        "one_dark", "both_dark", "hand_over", "direct_delivery", "chain",
    }  # fmt: skip
    assert told["months"][0]["counts"]["gap events"] > 0
    first = capsys.readouterr().out
    assert "all simulated" in first
    for results in ([], ["--results", str(kept / "dark-month-2" / "results")]):
        assert main(["--folder", str(kept / "dark-month-2"), *results, "--show", "1"]) == 0
        again = capsys.readouterr().out
        assert again.split("seconds:")[0] == first.split("seconds:")[0]
        assert "seed 2 lead " in again
