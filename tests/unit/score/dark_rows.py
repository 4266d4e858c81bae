"""Hand-made events for the tests of leads nobody saw: stays, silences and possible meetings."""

from __future__ import annotations

from typing import Any

from stsdetect.score import rank_dark
from stsdetect.settings import ScoreSettings
from tests.unit.score.rows import AT_SEA, Row, event, gap, table

TANKER, GHOST, OTHER, THIRD = "412000001", "445000001", "538000001", "667000001"


def stay(n: int, vessel: str = TANKER, start_h: float = 0.0, hours: float = 5.0, **more: Any) -> Row:
    return event(n, "loitering", "still", vessel, None, start_h, hours, **({"signature": 0.85} | more))


def silence(n: int, vessel: str = GHOST, start_h: float = -8.0, hours: float = 20.0, **more: Any) -> Row:
    return gap(n, vessel, start_h, hours, **({"coverage": "dark"} | more))


def dark(n: int, visible: str, partner: str | None, sources: list[Row], rank: int = 1, rivals: int = 0, **more: Any):
    """A dark rendezvous beside a visible stay; which is vessel a goes by the ids, as in real tables."""
    lay = next(row for row in sources if row["kind"] == "loitering")
    hours = lay["duration_h"]
    first, second = (visible, None) if partner is None else sorted((visible, partner))
    start_h = (lay["start_time"] - event(0, "gap", "short", "1", None, 0, 1)["start_time"]).total_seconds() / 3600
    row = event(n, "dark_rendezvous", "one_dark", first, second, start_h, hours)
    own = {
        "observed_a": first == visible, "observed_b": None if second is None else second == visible,
        "candidate_rank": None if partner is None else rank, "n_rivals": rivals, "reach_max_h": 6.0,
        "candidate_score": None if partner is None else 3.0 - rank,
        "from_events": ";".join(sorted(source["event_id"] for source in sources)), "ship_type_a": 80,
        "observed_min": 0.0, "inferred_min": 0.0,
    }  # fmt: skip
    return row | AT_SEA | own | more


def both(n: int, a: str, b: str, sources: list[Row], start_h: float = 0.0, hours: float = 9.0, **more: Any) -> Row:
    row = event(n, "dark_rendezvous", "both_dark", *sorted((a, b)), start_h, hours)
    own = {
        "observed_a": False, "observed_b": False, "observed_min": 0.0, "inferred_min": 60.0 * hours,
        "candidate_rank": 1, "n_rivals": 0, "reach_max_h": hours, "candidate_score": 2.0,
        "from_events": ";".join(sorted(source["event_id"] for source in sources)),
    }  # fmt: skip
    return row | AT_SEA | own | more


def ranked(rows: list[Row], **weights: float) -> list[Row]:
    made: list[Row] = rank_dark(table(rows), settings=ScoreSettings(weights=weights), settings_id="s").to_pylist()
    return made


def crowd(n: int = 8) -> list[Row]:
    """A visible tanker and many silent hulls that could equally have lain beside it."""
    lay = stay(1)
    silent = [silence(10 + k, f"5380000{k:02d}") for k in range(n)]
    found = [
        dark(
            50 + k, TANKER, f"5380000{k:02d}", [lay, silent[k]], rank=k + 1, rivals=n - 1, candidate_score=1.0 - k / 10
        )
        for k in range(n)
    ]
    return [lay, *silent, *found]
