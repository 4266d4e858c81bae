"""What watch-lists say of vessels, as the score reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from stsdetect.schema import WATCH_HITS

#: What a hit is worth of the weight, and what a further listed vessel of the same lead adds of its own worth.
_HIT, _FURTHER = 0.8, 0.25
#: What a possibility is worth by what agrees; all together are a third of a hit (our judgement: MMSIs and call signs
#: are given to other ships anew, and names recur).
_AGREES = {"mmsi": 0.1, "callsign": 0.1, "name": 0.06}


class Said(NamedTuple):
    """What lists say of the vessels of a lead: how many are hits, the share of the weight, and the words."""

    hits: int
    share: float
    text: str


@dataclass(frozen=True)
class Listed:
    """Rows of a `WATCH_HITS` table by vessel, hits first."""

    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table | None) -> Listed:
        """Take in a table; None stands for no list."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        if table is not None:
            for row in WATCH_HITS.conform(table, extra=True).to_pylist():
                rows[row["vessel"]].append(row)
        for own in rows.values():
            own.sort(key=lambda row: -_share(row))
        return cls(dict(rows))

    @cached_property
    def imos(self) -> frozenset[int]:
        """IMO numbers of the entries that were hit."""
        return frozenset(
            imo for own in self.rows.values() for row in own if row["kind"] == "hit" for imo in row["entry_imos"]
        )

    def said(self, vessels: Iterable[tuple[str, str]]) -> Said | None:
        """Return what the lists say of vessels, each given with what to call it; None where they say nothing."""
        found: list[tuple[float, str]] = []
        hits = 0
        for vessel, label in vessels:
            own = self.rows.get(vessel)
            if own:
                hits += own[0]["kind"] == "hit"
                found.append((_share(own[0]), f"{label[0].upper()}{label[1:]} {own[0]['evidence']}{_more(own[1:])}"))
        if not found:
            return None
        found.sort(key=lambda one: (-one[0], one[1]))
        share = found[0][0] + _FURTHER * sum(other for other, _ in found[1:])
        return Said(hits, min(1.0, share), ". ".join(text for _, text in found))


def _more(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return words for the further entries of a vessel: what is only possible is never told as a hit."""
    kinds = [row["kind"] for row in rows]
    hits = kinds.count("hit")
    maybe = len(kinds) - hits
    text = f"; so {'does' if hits == 1 else 'do'} {hits} more {'entry' if hits == 1 else 'entries'}" if hits else ""
    return text + (f"; it may be in {maybe} more {'entry' if maybe == 1 else 'entries'}, too" if maybe else "")


def _share(row: Mapping[str, Any]) -> float:
    if row["kind"] == "hit":
        return _HIT
    return sum(_AGREES.get(name, 0.0) for name in row["matched"].split(";"))


#: Where no list was given.
NO_LISTS = Listed()
