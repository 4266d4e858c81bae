"""Days in one crowded harbour speak against a pair; without a table of berths nothing does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from stsdetect.errors import SchemaError
from stsdetect.schema import BERTHS, EVENTS
from stsdetect.score import rank_pairs
from tests.builders import boat, events_of

A, B = 440000001, 440000002
LABELS = (str(A), str(B))


def met() -> pa.Table:
    rows = events_of(boat(A, [(0, 0, 0), (5, 0, 0)]), boat(B, [(0, 50, 0), (5, 50, 0)]))
    return EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})


def berths(*rows: tuple[str, int, tuple[str, ...]]) -> pa.Table:
    made = [
        {"area_id": area, "day": date(2024, 3, day), "lat_deg": 0.0, "lon_deg": 0.0, "n_vessels": len(vessels),
         "n_pairs": 1, "vessel_hours": 1.0, "vessels": sorted(vessels)}
        for area, day, vessels in rows
    ]  # fmt: skip
    return BERTHS.table({name: [row.get(name) for row in made] for name in BERTHS.names})


def reason(table: pa.Table | None) -> dict[str, Any] | None:
    (pair,) = rank_pairs(met(), berths=table).to_pylist()
    found = [entry for entry in pair["reasons"] if entry["indicator"] == "shared_berths"]
    return found[0] if found else None


def test_days_shared_weigh_up_to_three():
    days = [("busan", day, LABELS) for day in range(1, 6)]
    weights = [reason(berths(*days[:n]))["weight"] for n in range(1, 6)]
    assert weights == pytest.approx([-0.2, -0.4, -0.6, -0.6, -0.6])
    assert reason(berths(*days[:1]))["sentence"].startswith("On 1 day both vessels lay at crowded berths")


def test_two_areas_on_one_day_are_one_day():
    assert reason(berths(("busan", 1, LABELS), ("ulsan", 1, LABELS)))["value"] == 1.0


@pytest.mark.parametrize(
    "table",
    [None, BERTHS.empty(), berths(("busan", 1, LABELS[:1]), ("busan", 2, LABELS[1:]), ("ulsan", 1, (LABELS[1], "9")))],
    ids=["none", "empty", "never at once"],
)
def test_nothing_shared_weighs_nothing(table):
    assert reason(table) is None


def test_another_table_is_refused():
    with pytest.raises(SchemaError, match="berths"):
        rank_pairs(met(), berths=EVENTS.empty())
