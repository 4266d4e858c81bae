"""Leads that nobody saw: what is missing never scores above a neutral value, and weights always sum to log-odds."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.score import rank_dark, rank_deliveries
from tests.unit.score.dark_rows import GHOST, TANKER, crowd, dark, silence, stay
from tests.unit.score.dark_rows import both as two_silences
from tests.unit.score.rows import Row, event, swapped, table, weights_of
from tests.unit.score.test_other_trades import COAL, call

#: Column, and the value of it that says nothing, by the kind of event that bears it. The IMO number is not among them:
#: that a tanker broadcasts none is itself what was seen (`no_imo`).
NEUTRAL: dict[str, list[tuple[str, Any]]] = {
    "dark_rendezvous": [
        ("reach_max_h", 1.5), ("candidate_score", 4.0), ("shore_distance_km", 12.0), ("zone_distance_km", 100.0),
        ("port_distance_km", 100.0), ("still_nearby", 0), ("night_share", 0.4), ("ship_type_a", 70),
        ("ship_type_b", 70), ("draught_change_a_m", 0.0), ("draught_change_b_m", 0.0),
    ],
    "loitering": [("signature", 0.55), ("spread_m", 1000.0)],
    "gap": [("coverage", "unknown")],
}  # fmt: skip
CASES = [(kind, name, value) for kind, pairs in NEUTRAL.items() for name, value in pairs]


def lone(**more: Any) -> list[Row]:
    lay, silent = stay(1), silence(2)
    return [lay, silent, dark(3, TANKER, GHOST, [lay, silent], **more)]


def both(**more: Any) -> list[Row]:
    one, two = silence(1, TANKER), silence(2, GHOST)
    return [one, two, two_silences(3, TANKER, GHOST, [one, two], **more)]


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
@pytest.mark.parametrize("make", [lone, both, crowd])
def test_missing_never_scores_above_neutral(make: Any, kind: str, name: str, value: Any) -> None:
    rows = make()
    known, blank = (
        rank_dark(table([row | {name: some} if row["kind"] == kind else row for row in rows])).to_pylist()
        for some in (value, None)
    )
    assert blank
    for one, other in zip(blank, known, strict=True):
        assert one["log_odds"] <= other["log_odds"] + 1e-9


@pytest.mark.parametrize("make", [lone, both, crowd])
def test_swapping_the_vessels_changes_nothing(make: Any) -> None:
    rows = make()
    assert rank_dark(table([swapped(row) for row in rows])).equals(rank_dark(table(rows)))


def loaded(**more: Any) -> list[Row]:
    load = call(1, "ru_vostochny", 0.0, 1.0, ship_type_a=80)
    quiet = event(2, "gap", "silence", "671000001", None, 24.0, 70.0, ship_type_a=80, implied_speed_kn=4.5, **more)
    there = call(3, "kp_nampo", 40.0, 0.0, ship_type_a=80, reach_max_h=20.0, from_events="e2", n_rivals=0)
    there["subtype"] = "inferred"
    return [load, quiet, there]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("draught_change_a_m", 0.0), ("implied_speed_kn", 7.0), ("coverage", "unknown"), ("ship_type_a", 0),
        ("length_a_m", 100.0), ("reach_max_h", 8.0), ("draught_before_a_m", 5.0),
    ],
)  # fmt: skip
def test_missing_never_scores_above_neutral_in_deliveries(name: str, value: Any) -> None:
    rows = loaded()
    rows[0]["draught_change_a_m"] = None
    known, blank = (
        rank_deliveries(table([rows[0], *({**row, name: some} for row in rows[1:])])).to_pylist()
        for some in (value, None)
    )
    assert blank[0]["log_odds"] <= known[0]["log_odds"] + 1e-9


_hours, _share = st.none() | st.floats(0.0, 200.0), st.none() | st.floats(0.0, 1.0)


@given(
    make=st.sampled_from([lone, both, crowd]),
    gaps=st.fixed_dictionaries({"coverage": st.sampled_from([None, "dark", "thin", "outage", "unknown"])}),
    stays=st.fixed_dictionaries({"signature": _share, "spread_m": st.none() | st.floats(0.0, 9000.0)}),
    meetings=st.fixed_dictionaries(
        {
            "reach_max_h": _hours, "candidate_score": st.none() | st.floats(-9.0, 20.0), "night_share": _share,
            "shore_distance_km": st.none() | st.floats(-1.0, 400.0), "still_nearby": st.none() | st.integers(0, 90),
            "port_distance_km": _hours, "ship_type_a": st.sampled_from([None, 0, 30, 52, 70, 80]),
            "length_a_m": st.none() | st.floats(5.0, 400.0), "zone_id": st.sampled_from([None, "ecs_wide"]),
        }
    ),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_weights_sum(make: Any, gaps: Row, stays: Row, meetings: Row) -> None:
    more = {"gap": gaps, "loitering": stays, "dark_rendezvous": meetings}
    leads = rank_dark(table([row | more[row["kind"]] for row in make()]))
    assert isinstance(leads, pa.Table)
    for lead in leads.to_pylist():
        assert abs(sum(weights_of(lead).values()) - lead["log_odds"]) < 1e-9


def test_weights_of_deliveries_sum() -> None:
    coal = rank_deliveries(
        table([call(1, "kp_nampo", 0.0, 2.5), call(2, "cn_rizhao", 80.0, -2.4)]), settings=COAL.score,
        calls=COAL.port_calls,
    )  # fmt: skip
    for lead in [*coal.to_pylist(), *rank_deliveries(table(loaded(coverage="dark"))).to_pylist()]:
        assert abs(sum(weights_of(lead).values()) - lead["log_odds"]) < 1e-9
