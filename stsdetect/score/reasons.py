"""What all kinds of leads share: reasons by column, their sum, ids, and one ranking over all."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from stsdetect.schema import PAIRS, REASON
from stsdetect.score.registry import Finding, Indicator, signed

#: Weights are rounded to this many decimals before they are summed, so that what is shown is what counts.
_DECIMALS = 4

#: Strengths are rounded to this many before they are weighed: a table holds exactly what its weights were made of.
_STRENGTH_DECIMALS = 6

#: The place of an indicator, and what it saw.
Found = tuple[int, Finding]


class Reason(NamedTuple):
    """The place of an indicator, what it saw, the share of its weight that earned, and the weight."""

    place: int
    finding: Finding
    strength: float
    weight: float


class Reasons:
    """The reasons of all pairs by column: a million small objects would cost more than the scoring."""

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        self._indicators = indicators
        self._offsets = [0]
        self._places: list[int] = []
        self._values: list[float | None] = []
        self._strengths: list[float] = []
        self._weights: list[float] = []
        self._sentences: list[str] = []

    def add(self, reasons: Sequence[Reason]) -> int:
        """Keep the reasons of one pair and return their number."""
        self._places += [place for place, _, _, _ in reasons]
        self._values += [finding.value for _, finding, _, _ in reasons]
        self._strengths += [strength for _, _, strength, _ in reasons]
        self._weights += [weight for _, _, _, weight in reasons]
        self._sentences += [f"{finding.text} ({signed(weight)})." for _, finding, _, weight in reasons]
        self._offsets.append(len(self._places))
        return len(self._offsets) - 2

    def array(self, numbers: Sequence[int]) -> pa.Array:
        """Return the reasons with these numbers, in their order, as a list column."""
        places = pa.array(self._places, pa.int32())
        columns = {
            "indicator": pa.array([indicator.name for indicator in self._indicators]).take(places),
            "value": self._values,
            "strength": self._strengths,
            "weight": self._weights,
            "sentence": self._sentences,
            "source": pa.array([indicator.source for indicator in self._indicators]).take(places),
        }
        fields = [pa.array(columns[field.name], field.type) for field in REASON]
        structs = pa.StructArray.from_arrays(fields, fields=list(REASON))
        lists = pa.ListArray.from_arrays(pa.array(self._offsets, pa.int32()), structs)
        return lists.cast(pa.list_(REASON)).take(pa.array(numbers, pa.int64()))


def weighed(place: int, finding: Finding, weight: float, counts: float = 1.0) -> Reason:
    """Return a finding with the weight it earns, as it is summed; ``counts`` is what is left of it in its group."""
    # + 0.0 turns -0.0 into 0.0, so that equal weights are equal bytes.
    strength = round(finding.share * counts, _STRENGTH_DECIMALS) + 0.0
    return Reason(place, finding, strength, round(strength * weight, _DECIMALS) + 0.0)


def total(reasons: Iterable[Reason]) -> float:
    """Return the sum of the weights, which does not depend on their order."""
    return math.fsum([weight for _, _, _, weight in reasons])


def pair_id(a: str, partner: str) -> str:
    """Return 16 hex digits from a vessel and its partner."""
    return hashlib.sha256(json.dumps(["pair", a, partner]).encode()).hexdigest()[:16]


def logistic(x: float) -> float:
    """Return the logistic of log-odds, 0..1."""
    # Two forms, so that the exponential never overflows.
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))


def rank(tables: Iterable[pa.Table]) -> pa.Table:
    """Put leads of all kinds into one ranking, strongest first; the order of the tables does not matter.

    Parameters
    ----------
    tables
        `PAIRS` tables, each ranked by itself.

    Returns
    -------
    All rows by falling ``log_odds``, then ``first_time``, ``vessel_a``, ``partner_id`` and ``pair_id``, with ``rank``
    numbered anew from 1.

    Examples
    --------
    >>> rank([PAIRS.empty(), PAIRS.empty()]).num_rows
    0
    """
    some = [table for table in tables if table.num_rows]
    if not some:
        return PAIRS.empty()
    if len(some) == 1:
        return some[0]
    table = pa.concat_tables(some)
    keys = [("log_odds", "descending"), *((name, "ascending") for name in _TIES)]
    table = table.sort_by(keys).combine_chunks()
    place = PAIRS.names.index("rank")
    return table.set_column(place, PAIRS.arrow.field(place), pa.array(range(1, table.num_rows + 1), pa.int64()))


_TIES = ("first_time", "vessel_a", "partner_id", "pair_id")
