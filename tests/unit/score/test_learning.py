"""From verdicts to weights, and to probabilities where labels allow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from stsdetect.score import learning
from stsdetect.score.features import BASES, FEATURES
from stsdetect.score.learning import FIXED, learn
from stsdetect.score.model import LEAST_OF_EACH
from stsdetect.score.rank import effective_weights, indicator_rows

WEIGHTS = effective_weights({})
DIRECTIONS = {row["name"]: row["direction"] for row in indicator_rows()}
#: What is true of meetings that were seen, in this world; the documented weights say otherwise.
TRUE = {"base": -2.0, "types": 0.3, "night": 1.6, "hull_gap": 1.0, "anchorage": -0.8}


def world(n: int, seed: int, base: str = "base") -> tuple[pd.DataFrame, Any, list[str], Any]:
    """Leads of one kind, whether they are true, their hulls, and how likely they were."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(np.nan, index=range(n), columns=list(FEATURES))
    for name in TRUE:
        X[name] = random.beta(0.7, 0.9, n)
    X["base"] = np.nan
    X[base] = 1.0
    decision = (
        X[[name for name in TRUE if name != "base"]].to_numpy() @ np.array(list(TRUE.values())[1:]) + TRUE["base"]
    )
    y = (random.random(n) < expit(decision)).astype(int)
    return X, y, [f"h{k}" for k in random.integers(0, n // 2, n)], expit(decision)


def decide(X: pd.DataFrame, weights: Any) -> Any:
    return X.fillna(0.0).to_numpy() @ np.array([weights[name] for name in FEATURES])


def strongest(X: pd.DataFrame, y: Any, n: int) -> Any:
    """Labels of the strongest by the documented weights."""
    labels = np.full(len(y), -1)
    first = np.argsort(-decide(X, WEIGHTS), kind="stable")[:n]
    labels[first] = y[first]
    return labels


def test_without_a_verdict_nothing_moves():
    X, _, hulls, _ = world(50, 1)
    found = learn(X, np.full(50, -1), hulls, weights=WEIGHTS)
    assert found.weights == WEIGHTS
    assert (found.calibration, found.not_calibrated) == (None, "no lead was judged transfer or innocent")


def test_few_verdicts_move_little_and_are_not_calibrated():
    X, y, hulls, _ = world(2000, 2)
    found = learn(X, strongest(X, y, 30), hulls, weights=WEIGHTS)
    moved = {name: found.weights[name] - WEIGHTS[name] for name in FEATURES}
    assert 0 < max(map(abs, moved.values())) < 1.0
    # What no lead here was asked moves with all others, by a common factor.
    others = [name for name in FEATURES if name not in TRUE and name not in (*BASES, *FIXED)]
    shares = [moved[name] / WEIGHTS[name] for name in others]
    assert max(shares) - min(shares) < 1e-5
    assert abs(shares[0]) < 0.2
    assert moved["dark_base"] == 0
    assert found.calibration is None
    assert "it takes 100 leads of one kind judged transfers and 100 judged innocent" in found.not_calibrated
    assert "meetings that were seen" in found.not_calibrated


@pytest.mark.parametrize(("yes", "no"), [(LEAST_OF_EACH, LEAST_OF_EACH), (LEAST_OF_EACH - 1, 500), (500, 99)])
def test_calibration_asks_for_enough_of_either(yes, no):
    X, y, hulls, _ = world(6000, 3)
    labels = np.full(len(y), -1)
    labels[np.flatnonzero(y == 1)[:yes]] = 1
    labels[np.flatnonzero(y == 0)[:no]] = 0
    found = learn(X, labels, hulls, weights=WEIGHTS)
    assert (found.calibration is not None) == (min(yes, no) >= LEAST_OF_EACH)
    assert bool(found.not_calibrated) == (found.calibration is None)


def test_unlabelled_leads_are_no_true_negatives():
    X, y, hulls, _ = world(6000, 4)
    labels = np.where(y == 1, 1, -1)
    assert learn(X, labels, hulls, weights=WEIGHTS).calibration is None


def test_calibrated_scores_of_the_strongest_hold_in_a_fresh_world():
    X, y, hulls, _ = world(8000, 5)
    found = learn(X, strongest(X, y, 1500), hulls, weights=WEIGHTS)
    known = found.calibration
    assert known is not None
    assert known.kinds == ("base",)
    assert known.log_loss < known.log_loss_of_share
    assert min(known.n_transfer, known.n_innocent) >= LEAST_OF_EACH
    fresh, _, _, told = world(20_000, 6)
    odds = decide(fresh, found.weights)
    inside = (odds >= known.low) & (odds <= known.high)
    share = expit(odds)
    assert inside.sum() > 1000
    for part in np.array_split(np.argsort(share[inside]), 4):
        some = np.flatnonzero(inside)[part]
        assert share[some].mean() == pytest.approx(told[some].mean(), abs=0.06)
    # The documented weights were far off here: it is calibration that made these probabilities.
    believed = expit(decide(fresh, WEIGHTS))
    assert abs(believed[inside].mean() - told[inside].mean()) > 0.1


def test_calibration_turns_no_direction_round_and_keeps_the_order():
    X, y, hulls, _ = world(8000, 7)
    labels = strongest(X, y, 1500)
    found = learn(X, labels, hulls, weights=WEIGHTS)
    for name, weight in found.weights.items():
        assert DIRECTIONS[name] not in ("for", "both") or weight >= 0
        assert DIRECTIONS[name] != "against" or weight <= 0
    known = found.calibration
    assert known is not None
    # Scale and shift undone, the weights are those that were fitted.
    raw = {n: (w - (known.shift if n in BASES else 0.0)) / known.scale for n, w in found.weights.items()}
    assert np.corrcoef(decide(X, raw), decide(X, found.weights))[0, 1] == pytest.approx(1.0)


def test_only_kinds_with_labels_enough_are_calibrated():
    seen, y_seen, hulls, _ = world(4000, 8)
    dark, y_dark, more, _ = world(300, 9, base="dark_base")
    X, hulls = pd.concat([seen, dark]), hulls + more
    labels = np.concatenate([strongest(seen, y_seen, 1200), strongest(dark, y_dark, 60)])
    known = learn(X, labels, hulls, weights=WEIGHTS).calibration
    assert known is not None
    assert known.kinds == ("base",)


def test_verdicts_that_the_score_cannot_tell_give_no_probabilities():
    X, _, hulls, _ = world(3000, 10)
    labels = np.random.default_rng(0).integers(0, 2, 3000)
    X = X.assign(**{name: 0.5 for name in TRUE if name != "base"}, base=1.0)
    found = learn(X, labels, hulls, weights=WEIGHTS)
    assert found.calibration is None
    assert "no better than their share" in found.not_calibrated


def test_the_verdicts_are_told_without_themselves(monkeypatch):
    # A column that knows each verdict of one hull tells nothing of others.
    X, y, hulls, _ = world(800, 11)
    seen = []

    def spy(X, labels, told, weights, kinds):
        seen.append((labels, told))
        return learning.Learnt({}, None, "")

    monkeypatch.setattr(learning, "_calibrated", spy)
    labels = strongest(X, y, 700)
    learn(X, labels, ["one"] * 400 + hulls[400:], weights=WEIGHTS)
    assert seen
    assert np.isfinite(seen[0][1]).all()


@pytest.mark.parametrize("n", [30, 1500])
def test_what_the_user_knows_is_neither_moved_nor_learnt_from(n):
    X, y, hulls, _ = world(8000, 13)
    labels = strongest(X, y, n)
    plain = learn(X, labels, hulls, weights=WEIGHTS)
    assert (plain.calibration is not None) == (n == 1500)
    assert all(plain.weights[name] == WEIGHTS[name] for name in FIXED)
    told, wrong = X[:500].copy(), np.ones(500, dtype=int)
    told["known"] = 1.0
    more = learn(pd.concat([X, told]), np.concatenate([labels, wrong]), hulls + ["x"] * 500, weights=WEIGHTS)
    assert more == plain


@pytest.mark.parametrize("n", [1, 4])
def test_verdicts_on_few_hulls_are_not_calibrated(n):
    X, y, hulls, _ = world(1000, 1)
    few = learn(X, y, [f"h{k % n}" for k in range(len(y))], weights=WEIGHTS)
    assert few.calibration is None
    assert f"are of {n} hulls, and it takes 5" in few.not_calibrated
    assert few.weights != WEIGHTS
    # One hull with nearly all leads, and five with one each.
    assert learn(X, y, ["h"] * 995 + hulls[:5], weights=WEIGHTS).weights


def test_it_is_the_same_each_time():
    X, y, hulls, _ = world(3000, 12)
    labels = strongest(X, y, 900)
    assert learn(X, labels, hulls, weights=WEIGHTS) == learn(X, labels, hulls, weights=WEIGHTS)
