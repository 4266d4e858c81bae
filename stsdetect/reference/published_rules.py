"""Rules by which others tell that two vessels met, as they published them, each with source and confidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from stsdetect.reference.facts import read_facts


@dataclass(frozen=True)
class Condition:
    """One set of thresholds; None where nothing is asked."""

    distance_m: float
    duration_s: float
    leg_speed_kn: float | None
    median_speed_kn: float | None
    shore_km: float | None
    port_km: float | None
    types: str
    draught_change_m: float | None


@dataclass(frozen=True)
class PublishedRule:
    """A rule as published, in one reading of what it leaves open; any of its conditions makes an alert."""

    name: str
    reading: str
    who: str
    conditions: tuple[Condition, ...]
    taken_for_granted: str
    source: str
    confidence: str


@cache
def load_rules() -> tuple[PublishedRule, ...]:
    """Return the packaged rules in every reading, in the order of their table.

    Examples
    --------
    >>> first = load_rules()[0]
    >>> first.name, first.conditions[0].distance_m, first.conditions[0].duration_s
    ('gfw', 500.0, 7200.0)
    """
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_facts("published_rules.csv"):
        groups.setdefault((row["rule"], row["reading"]), []).append(row)
    return tuple(
        PublishedRule(
            name, reading, rows[0]["who"], tuple(_condition(row) for row in rows), rows[0]["taken_for_granted"],
            rows[0]["source"], rows[0]["confidence"],
        )
        for (name, reading), rows in groups.items()
    )  # fmt: skip


def _condition(row: dict[str, str]) -> Condition:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return Condition(
        float(row["distance_m"]), float(row["duration_s"]), number("leg_speed_kn"), number("median_speed_kn"),
        number("shore_km"), number("port_km"), row["types"], number("draught_change_m"),
    )  # fmt: skip
