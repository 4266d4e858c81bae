"""Our leads beside the alerts of published rules on the same positions, at each rule's own number of alerts.

An alert is a pair of hulls, as a lead is, however often the two met. All our leads compete for the same number of
looks, those to unseen partners and to ports as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.score.evaluation import (
    DRAWS,
    SEED,
    Bools,
    By,
    Floats,
    Interval,
    Ints,
    Judged,
    draws,
    found_within,
    interval,
    n_cases,
    of_difference,
    of_share,
    paired_difference,
)
from stsdetect.score.published import crews
from stsdetect.score.truth import Sought, aliases, happened, hulls, vessels
from stsdetect.simulate import Planted


@dataclass(frozen=True)
class Raised:
    """What one rule raised in one or more runs: alerts in each run, and which of the things sought it names."""

    rule: str
    reading: str
    alerts: Ints
    found: Bools


@dataclass(frozen=True)
class Comparison:
    """One rule beside our leads, for all that was sought or for what both sides' transponders showed."""

    group: str
    rule: str
    reading: str
    n: int
    alerts: int
    recall: Interval
    precision: float
    our_recall: Interval
    our_precision: float
    difference: Interval

    @property
    def verdict(self) -> str:
        """What the intervals allow to say."""
        low, ours, theirs = self.difference.low, self.our_recall, self.recall.value
        if low is None or theirs is None or ours.low is None or self.difference.high is None:
            return "cannot be said"
        if low > 0:
            return "ours finds more: difference above 0"
        if ours.low > theirs:
            return "ours finds more: our interval above its recall"
        if self.difference.high < 0:
            return "ours finds less: difference below 0"
        return "no difference shown"


def raised(
    alerts: Mapping[tuple[str, str], pa.Table], truth: Sequence[Planted], wanted: Sequence[Sought]
) -> list[Raised]:
    """Set the alerts of rules on one run, as `stsdetect.score.published.alerts` returns them, against what was planted.

    An alert names what was planted if it is of the same two hulls, at that time.
    """
    alias = aliases(truth)
    own = [(hulls(vessels(one.planted[0]), alias), one) for one in wanted]
    found = []
    for (rule, reading), events in alerts.items():
        pairs = crews(events)
        met = [(hulls((rows[0]["mmsi_a"], rows[0]["mmsi_b"]), alias), rows) for rows in pairs.values()]
        hit = [
            any(
                crew == named and any(happened(row, planted) for row in rows for planted in one.planted)
                for named, rows in met
            )
            for crew, one in own
        ]
        found.append(Raised(rule, reading, np.array([len(pairs)]), np.array(hit, dtype=np.bool_)))
    return found


def pooled_alerts(parts: Sequence[Sequence[Raised]]) -> list[Raised]:
    """Put the alerts of several runs together, rule by rule; every run must have the same rules."""
    return [
        Raised(
            same[0].rule, same[0].reading, np.concatenate([one.alerts for one in same]),
            np.concatenate([one.found for one in same]),
        )
        for same in zip(*parts, strict=True)
    ]  # fmt: skip


def compare(
    judged: Judged, rules: Sequence[Raised], *, by: By = "case", seed: int = SEED, n: int = DRAWS
) -> list[Comparison]:
    """Return for each rule how many of the things sought it finds, and our leads with as many looks.

    Parameters
    ----------
    judged
        Our leads; of several runs as `stsdetect.score.evaluation.pooled` puts them together.
    rules
        What rules raised in the same runs, in the same order.
    by, seed, n
        See `stsdetect.score.evaluation.draws`.
    """
    drawn = draws(judged, by, seed=seed, n=n)
    every = np.ones(judged.n_sought)
    groups = [("all", every)]
    if judged.seen.any() and not judged.seen.all():
        groups.append(("both transponders on", judged.seen.astype(np.float64)))
    return [_comparison(judged, one, name, weight, drawn) for name, weight in groups for one in rules]


def _comparison(
    judged: Judged, rule: Raised, group: str, weight: Floats, drawn: Sequence[tuple[Floats, Floats | None]]
) -> Comparison:
    run = judged.item_block if rule.alerts.size > 1 else np.zeros(judged.n_sought, dtype=np.int64)
    ours = found_within(judged, rule.alerts[run].astype(np.float64))
    total = int(rule.alerts.sum())
    none = np.zeros(judged.n_sought, dtype=np.bool_)
    asked = weight > 0
    cases = n_cases(judged, asked)
    return Comparison(
        group,
        rule.rule,
        rule.reading,
        int(asked.sum()),
        total,
        of_share(interval(paired_difference(rule.found, none), drawn, weight), cases),
        int((rule.found & asked).sum()) / max(total, 1),
        of_share(interval(paired_difference(ours, none), drawn, weight), cases),
        int((ours & asked).sum()) / max(total, 1),
        of_difference(interval(paired_difference(ours, rule.found), drawn, weight), ours, rule.found, asked, cases),
    )
