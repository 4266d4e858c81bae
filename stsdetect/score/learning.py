"""From verdicts on leads to weights: fitted around what was believed, calibrated only where labels allow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold

from stsdetect.kernels.sphere import Floats
from stsdetect.score.features import BASES
from stsdetect.score.model import LEAST_OF_EACH, Calibration, rounded
from stsdetect.score.scorer import Scorer

if TYPE_CHECKING:
    import pandas as pd

#: Verdicts that a score is told by are out of as many folds.
_FOLDS = 5
#: How firmly scale and shift are believed to be 1 and 0 before (as `Scorer.prior_strength`): hardly.
_HARDLY = 1.0
#: In rows of labels: nobody judged, or could not tell.
UNLABELLED = -1
_PLAIN_NAMES = {
    "base": "meetings that were seen",
    "dark_base": "possible meetings",
    "delivery_base": "direct deliveries",
}

#: What the user says is a fact and no evidence: labels do not move it, and leads that have it teach nothing of others.
FIXED = ("known",)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Learnt:
    """Weights by indicator, with the calibration folded in where there is one, else why there is none."""

    weights: dict[str, float]
    calibration: Calibration | None
    not_calibrated: str


def learn(
    X: pd.DataFrame,  # noqa: N803
    labels: Sequence[int] | Ints,
    vessels: Sequence[str],
    *,
    weights: Mapping[str, float],
    prior_strength: float = 20.0,
    unlabelled_share: float | None = None,
) -> Learnt:
    """Move weights towards labels, and calibrate them where there are enough.

    Parameters
    ----------
    X
        As from `stsdetect.score.features.features`.
    labels
        Of each lead 1 (judged consistent with a transfer), 0 (innocent) or -1 (not judged, or unclear).
    vessels
        Of each lead the hull that leads of one fold share.
    weights
        Of every indicator, what is believed before.
    prior_strength, unlabelled_share
        As for `stsdetect.score.scorer.Scorer`.

    Examples
    --------
    >>> from stsdetect.schema import PAIRS
    >>> from stsdetect.score.features import features
    >>> from stsdetect.score.rank import effective_weights
    >>> weights = effective_weights({})
    >>> learn(features(PAIRS.empty()), [], [], weights=weights).weights == weights
    True
    """
    free = X[list(FIXED)].isna().all(axis=1).to_numpy()
    X, given = X[free].drop(columns=list(FIXED)), np.asarray(labels, dtype=np.int64)[free]  # noqa: N806
    fixed = {name: float(weights[name]) for name in FIXED}
    rule = Scorer(
        weights=dict(weights), prior_strength=prior_strength, fit_intercept=False, unlabelled=UNLABELLED,
        unlabelled_share=unlabelled_share,
    )  # fmt: skip
    if not (given != UNLABELLED).any():
        return Learnt(rounded(weights), None, "no lead was judged transfer or innocent")
    found = dict(zip(X.columns, rule.fit(X, given).coef_[0].tolist(), strict=True))
    kinds, short = _kinds_with_enough(X, given)
    if not kinds:
        return Learnt(rounded({**weights, **found, **fixed}), None, short)
    of_kind = X[list(kinds)].notna().any(axis=1).to_numpy() & (given != UNLABELLED)
    hulls = np.asarray(vessels)[free]
    n_hulls = len(set(hulls[of_kind].tolist()))
    if n_hulls < _FOLDS:
        short = f"the leads that were judged are of {n_hulls} hulls, and it takes {_FOLDS} to leave some out"
        return Learnt(rounded({**weights, **found, **fixed}), None, short)
    told = _told_without(rule, X, given, hulls)
    learnt = _calibrated(X[of_kind], given[of_kind], told[of_kind], found, kinds)
    return replace(learnt, weights=rounded({**weights, **learnt.weights, **fixed}))


def _kinds_with_enough(X: pd.DataFrame, labels: Ints) -> tuple[tuple[str, ...], str]:  # noqa: N803
    """Return the base terms of the kinds of lead with labels enough, or why there are none."""
    counts = {}
    for base in BASES:
        own = labels[X[base].notna().to_numpy()]
        counts[base] = int((own == 1).sum()), int((own == 0).sum())
    kinds = tuple(base for base, count in counts.items() if min(count) >= LEAST_OF_EACH)
    said = "; ".join(f"{yes} and {no} {_PLAIN_NAMES.get(base, base)}" for base, (yes, no) in counts.items())
    return kinds, (
        f"it takes {LEAST_OF_EACH} leads of one kind judged transfers and {LEAST_OF_EACH} judged innocent, and there "
        f"are {said}"
    )


def _told_without(rule: Scorer, X: pd.DataFrame, labels: Ints, vessels: npt.NDArray[Any]) -> Floats:  # noqa: N803
    """Return the log-odds of each judged lead by weights that were fitted without it and others of its hull."""
    judged = np.flatnonzero(labels != UNLABELLED)
    told = np.full(len(labels), np.nan)
    folds = StratifiedGroupKFold(_FOLDS)
    for _, held in folds.split(judged, labels[judged], vessels[judged]):
        if not len(held):  # of few hulls with most of the leads
            continue
        out = judged[held]
        kept = np.ones(len(labels), dtype=np.bool_)
        kept[out] = False
        told[out] = rule.fit(X[kept], labels[kept]).decision_function(X.iloc[out])
    return told


def _calibrated(
    X: pd.DataFrame,  # noqa: N803
    labels: Ints,
    told: Floats,
    weights: dict[str, float],
    kinds: tuple[str, ...],
) -> Learnt:
    """Fit scale and shift to judged leads of the kinds, as Platt does, and fold them into the weights."""
    base = X[list(kinds)].sum(axis=1).to_numpy()
    points = np.stack([told, base], axis=1)
    found = Scorer(weights={}, directions={}, prior_strength=_HARDLY, fit_intercept=False)
    # Around scale 1: what is fitted is how far it is from it.
    scale, shift = (float(value) for value in _platt(found, points, labels))
    share = float(labels.mean())
    loss = float(log_loss(labels, 1.0 / (1.0 + np.exp(-(points @ np.array([scale, shift]))))))
    of_share = float(log_loss(labels, np.full(len(labels), share)))
    if scale <= 0 or loss >= of_share:
        return Learnt(
            rounded(weights),
            None,
            f"the score tells the verdicts no better than their share does (log loss {loss:.3f}, {of_share:.3f})",
        )
    folded = rounded({name: scale * value + (shift if name in BASES else 0.0) for name, value in weights.items()})
    odds = X.fillna(0.0).to_numpy() @ np.array([folded[name] for name in X.columns])
    calibration = Calibration(
        kinds=kinds, scale=round(scale, 6), shift=round(shift, 6), low=round(float(odds.min()), 4),
        high=round(float(odds.max()), 4), n_transfer=int((labels == 1).sum()), n_innocent=int((labels == 0).sum()),
        log_loss=round(loss, 6), log_loss_of_share=round(of_share, 6),
    )  # fmt: skip
    return Learnt(folded, calibration, "")


def _platt(rule: Scorer, points: Floats, labels: Ints) -> Floats:
    import pandas as pd

    frame = pd.DataFrame(points, columns=["score", "base"])
    return np.asarray(rule.set_params(weights={"score": 1.0}).fit(frame, labels).coef_[0])
