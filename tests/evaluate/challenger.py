"""``python -m tests.evaluate.challenger FOLDER...``: does a gradient-boosted challenger rank leads better than the sum?

A folder is a month that ``python -m tests.evaluate --keep`` wrote, with its results. Each month in turn is judged by
what the others teach: the documented weights, those weights fitted to the truth, and scikit-learn's boosted trees with
the same directions. Everything is simulated. The simpler one ships unless it clearly loses.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from stsdetect.errors import SchemaError
from stsdetect.kernels.sphere import Floats
from stsdetect.pipeline.earlier import read_table
from stsdetect.pipeline.scored import Places, score_events
from stsdetect.schema import BERTHS, EVENTS, PAIRS, SEGMENTS, VESSELS, WATCH_HITS
from stsdetect.score.features import features
from stsdetect.score.rank import EVERY_INDICATOR
from stsdetect.score.scorer import Scorer
from stsdetect.score.truth import named_by, sought
from stsdetect.settings import Settings
from stsdetect.simulate import Planted, read_truth
from tests.evaluate.judge import WEEK_S, span_of

#: False leads a week that are looked at.
CEILING = 20.0


@dataclass(frozen=True)
class LeadsOfMonth:
    """The leads of one month: their features, and for each which planted transfers it is (columns of ``hits``)."""

    name: str
    weeks: float
    X: Any
    hits: np.ndarray
    log_odds: Floats

    @property
    def y(self) -> np.ndarray:
        """Whether each lead is true."""
        return self.hits.any(axis=1)


def read_month(folder: Path) -> LeadsOfMonth:
    """Read the leads of a month, scored anew where an older version made them, and match them with the truth."""
    told = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    truth = read_truth(folder / "truth.json")
    events, pairs = (read_table(folder / "results", schema) for schema in (EVENTS, PAIRS))
    try:
        X = features(pairs)
    except SchemaError:
        tables = [read_table(folder / "results", schema) for schema in (VESSELS, SEGMENTS, BERTHS)]
        settings = Settings()
        pairs = score_events(events, *tables, settings=settings, places=Places.load(settings), hits=WATCH_HITS.empty())
        X = features(pairs)
    weeks = span_of(truth, datetime.fromisoformat(told["start"]), told["days"]) / WEEK_S
    return LeadsOfMonth(folder.name, weeks, X, match(pairs, events, truth), pairs["log_odds"].to_numpy())


def match(pairs: pa.Table, events: pa.Table, truth: Sequence[Planted]) -> np.ndarray:
    """Return which lead names which thing that was planted, shape (leads, things)."""
    wanted = sought(truth)
    hits = np.zeros((pairs.num_rows, len(wanted)), dtype=np.bool_)
    for row, number in named_by(pairs, events, truth, wanted):
        hits[row, number] = True
    return hits


def under_ceiling(score: Floats, month: LeadsOfMonth, ceiling: float = CEILING) -> float:
    """Return the share of planted transfers of which a lead has few enough false ones above it."""
    false = np.sort(score[~month.y])
    best = np.where(month.hits, score[:, None], -np.inf).max(axis=0)
    above = false.size - np.searchsorted(false, best, side="right")
    return float(np.mean((above <= ceiling * month.weeks) & np.isfinite(best)))


#: Given features, labels (1, 0, or -1 for nobody judged) and the log-odds by documented weights: a way to score.
Fit = Callable[[Any, np.ndarray, Floats], Callable[[Any], Floats]]


def scorer(**options: Any) -> Fit:
    """Return a way to fit our scorer."""

    def fit(X: Any, labels: np.ndarray, believed: Floats) -> Callable[[Any], Floats]:
        return Scorer(fit_intercept=False, unlabelled=-1, **options).fit(X, labels).decision_function

    return fit


def boosted(X: Any, labels: np.ndarray, believed: Floats) -> Callable[[Any], Floats]:
    """Fit boosted trees that rise and fall with each indicator as the sum does; what nobody judged counts alike."""
    import pandas as pd

    way = {"for": 1, "both": 1, "against": -1, "base": 0}
    # A column of which nothing is known cannot be cut.
    kept = [one.name for one in EVERY_INDICATOR if X[one.name].notna().any()]
    monotonic = [way[one.direction] for one in EVERY_INDICATOR if one.name in kept]
    model = HistGradientBoostingClassifier(
        monotonic_cst=monotonic, learning_rate=0.05, max_iter=300, max_leaf_nodes=15, min_samples_leaf=20,
        l2_regularization=1.0, early_stopping=False, random_state=0,
    )  # fmt: skip
    told, rest = X[kept][labels >= 0], X[kept][labels < 0]
    share = expit(believed[labels < 0])
    each = min(1.0, (labels == 1).sum() / share.sum()) if share.size else 0.0
    model.fit(
        pd.concat([told, rest, rest]),
        np.concatenate([labels[labels >= 0], np.ones(len(rest), dtype=int), np.zeros(len(rest), dtype=int)]),
        sample_weight=np.concatenate([np.ones(len(told)), each * share, each * (1 - share)]),
    )
    return lambda asked: model.decision_function(asked[kept])  # type: ignore[no-any-return]


WAYS: dict[str, Fit | None] = {
    "documented weights": None,
    "fitted weights": scorer(),
    "fitted, weak prior": scorer(prior_strength=0.3),
    "boosted trees": boosted,
}


def judged(month: LeadsOfMonth, first: int | None) -> np.ndarray:
    """Return labels as analysts give them: the truth of the strongest leads by documented weights; None for all."""
    labels = month.y.astype(int)
    if first is not None:
        labels[np.argsort(-month.log_odds, kind="stable")[first:]] = -1
    return labels


def compare(
    months: Sequence[LeadsOfMonth], ways: dict[str, Fit | None] = WAYS, *, first: int | None = None
) -> dict[str, list[tuple[float, float]]]:
    """Return for each way the average precision and the recall under the ceiling in each month, learnt from others."""
    import pandas as pd

    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for month in months:
        others = [one for one in months if one is not month]
        X = pd.concat([one.X for one in others])
        labels = np.concatenate([judged(one, first) for one in others])
        believed = np.concatenate([one.log_odds for one in others])
        for name, fit in ways.items():
            score = month.log_odds if fit is None else fit(X, labels, believed)(month.X)
            rows[name].append((float(average_precision_score(month.y, score)), under_ceiling(score, month)))
    return rows


def report(months: Sequence[LeadsOfMonth], rows: dict[str, list[tuple[float, float]]], first: int | None) -> str:
    """Return the table as text: means over months, and what each way gains on the one before, with its error."""
    true, leads = sum(int(month.y.sum()) for month in months), sum(month.y.size for month in months)
    told = "all of them" if first is None else f"the first {first} of each by the documented weights"
    out = [
        f"{len(months)} months, all simulated, {leads:,} leads, {true} of them true; each judged by what the others",
        f"teach, where the truth is told of {told}",
        f"{'':22}PR-AUC (min to max)      recall under {CEILING:g} false leads a week (min to max)",
    ]
    for name, found in rows.items():
        (ap, low, high), (recall, least, most) = (
            (values.mean(), values.min(), values.max()) for values in np.array(found).T
        )
        out.append(f"{name:22}{ap:.3f} ({low:.3f} to {high:.3f})   {recall:.3f} ({least:.3f} to {most:.3f})")
    names = list(rows)
    for one, other in zip(names[1:], names[:-1], strict=True):
        change = np.array(rows[one]) - np.array(rows[other])
        error = change.std(axis=0, ddof=1) / np.sqrt(len(months))
        (ap, recall), (ap_error, recall_error) = change.mean(axis=0), error
        out.append(
            f"{one} less {other}: PR-AUC {ap:+.3f} +- {ap_error:.3f}, recall {recall:+.3f} +- {recall_error:.3f} "
            "(standard error over months)"
        )
    return "\n".join(out)


def main(argv: list[str] | None = None) -> int:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser("python -m tests.evaluate.challenger", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--first", type=int, nargs="+", default=[25, 100], help="so many leads of a month are judged")
    chosen = parser.parse_args(argv)
    if len(chosen.folders) < 3:
        parser.error("give three months or more: each is judged by what the others teach")
    months = [read_month(folder) for folder in chosen.folders]
    for first in (None, *chosen.first):
        print(report(months, compare(months, first=first), first), end="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
