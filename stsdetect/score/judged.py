"""The leads of a run against what analysts found of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.score.evaluation import Ints, Judged
from stsdetect.score.labels import Label, match_labels
from stsdetect.score.truth import months


@dataclass(frozen=True)
class Verdicts:
    """Leads that were judged, and what was not used.

    Attributes
    ----------
    judged
        Only leads judged a transfer or innocent; their places are those in the whole list. What was judged a transfer
        and is no lead of this run is sought, and missed.
    rows
        Of each of these leads its row among the pairs, shape (n,).
    n_unclear, n_without_lead, n_not_judged
        How many leads were looked at and could not be told, how many verdicts have no lead in this run, and how many
        leads nobody judged.
    """

    judged: Judged
    rows: Ints
    n_unclear: int
    n_without_lead: int
    n_not_judged: int


def judge_labels(pairs: pa.Table, labels: Sequence[Label], *, weeks: float) -> Verdicts:
    """Set the leads of a run against verdicts on them; of several on one lead the latest counts.

    Parameters
    ----------
    pairs
        A `PAIRS` table.
    labels
        As `stsdetect.score.labels.read_labels` reads them.
    weeks
        How long the input of the run is.
    """
    matched = match_labels(labels, pairs)
    verdict = matched.verdicts(labels, pairs.num_rows)
    rows = np.flatnonzero(verdict >= 0)
    place = np.empty(pairs.num_rows, dtype=np.int64)
    place[np.argsort(pairs["rank"].to_numpy(), kind="stable")] = np.arange(pairs.num_rows)
    hits = np.flatnonzero(verdict[rows] == 1)
    lost = [one for one, row in zip(labels, matched.row.tolist(), strict=True) if row < 0]
    latest = {one.pair_id: one for one in sorted(lost, key=lambda one: one.when)}
    missed = [one for one in latest.values() if one.verdict == "transfer"]
    own = pairs.take(pa.array(rows))
    found = own.take(pa.array(hits)).select(["pair_id", "partner_kind", "first_time"]).to_pylist()
    family = [row["partner_kind"] for row in found] + [one.partner_kind for one in missed]
    case = [row["pair_id"] for row in found] + [one.pair_id for one in missed]
    judged = Judged(
        own["log_odds"].to_numpy().astype(np.float64),
        place[rows],
        months(own["first_time"].to_pylist()),
        hits,
        np.arange(hits.size),
        tuple(_KINDS[kind] for kind in family),
        tuple(case),
        np.ones(len(case), dtype=np.bool_),
        months([row["first_time"] for row in found] + [one.first_time for one in missed]),
        np.full(len(case), weeks),
    )
    unclear = len({row for one, row in zip(labels, matched.row.tolist(), strict=True) if row >= 0}) - rows.size
    return Verdicts(judged, rows, unclear, len(latest), pairs.num_rows - rows.size - unclear)


#: What kinds of leads are called.
_KINDS = {"vessel": "named partner", "unknown": "unknown partner", "port": "direct delivery"}
