"""The scorer: an estimator like others, additive, monotone, near its prior, and sober about what nobody judged."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from stsdetect.score.features import FEATURES
from stsdetect.score.rank import indicator_rows
from stsdetect.score.scorer import Scorer

WEIGHTS = {row["name"]: row["weight"] for row in indicator_rows()}
DIRECTIONS = {row["name"]: row["direction"] for row in indicator_rows()}
#: A small world of leads: what is true is logistic in these.
TRUE = {"base": -4.5, "types": 1.5, "night": 1.0, "hull_gap": 2.5, "anchorage": -2.0, "bunkering": -3.0}


# No check of scikit-learn's is expected to fail, with or without a value for what nobody judged.
@parametrize_with_checks([Scorer(), Scorer(fit_intercept=True, prior_strength=1.0, unlabelled="nobody judged")])
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    # Of y that is no text one check warns itself.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


def world(n: int, seed: int, missing: float = 0.2) -> tuple[pd.DataFrame, Any]:
    """Leads with strengths as indicators have, and whether they are true."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({name: random.beta(0.7, 0.9, n).round(3) for name in TRUE})
    X["base"] = 1.0
    decision = (X * pd.Series(TRUE)).sum(axis=1)
    y = (random.random(n) < expit(decision.to_numpy())).astype(int)
    gone = random.random(X.shape) < missing
    gone[:, 0] = False
    return X.mask(gone), y


def decide(**options: Any) -> Scorer:
    return Scorer(fit_intercept=False, **options)


def test_without_labels_the_documented_weights_stay():
    X = pd.DataFrame(np.ones((3, len(FEATURES))), columns=list(FEATURES))
    scorer = decide(unlabelled=-1, unlabelled_weight=0.0).fit(X, [-1, -1, -1])
    assert scorer.coef_[0].tolist() == [WEIGHTS[name] for name in FEATURES]
    assert scorer.classes_.tolist() == [0, 1]


def test_other_columns_begin_at_nothing_and_are_free():
    X, y = world(400, 1, missing=0.0)
    X["moon"] = 1.0 - 2.0 * y
    scorer = decide().fit(X, y)
    assert scorer.prior_coef_[0, -1] == 0
    assert scorer.coef_[0, -1] < -0.5


def test_few_labels_move_little_and_many_more():
    X, y = world(20_000, 2)
    y[:2] = 0, 1
    moved = []
    for n in (2, 10, 100, 1000, 20_000):
        scorer = decide().fit(X[:n], y[:n])
        moved.append(np.linalg.norm(scorer.coef_ - scorer.prior_coef_) / np.linalg.norm(scorer.prior_coef_))
    assert moved[0] < 0.15
    assert moved[1] < 0.3
    assert moved[2:] == sorted(moved[2:])
    assert moved[-1] > max(moved[:2]) + 0.2
    # But for the common factor, hardly anything: the order of leads stays.
    scorer = decide().fit(X[:10], y[:10])
    before = scorer.prior_coef_[0, 1:] @ X.fillna(0).to_numpy()[:, 1:].T
    after = scorer.coef_[0, 1:] @ X.fillna(0).to_numpy()[:, 1:].T
    assert np.corrcoef(before, after)[0, 1] > 0.995


def test_a_stronger_prior_holds_more():
    X, y = world(500, 3)
    moved = [
        np.linalg.norm((s := decide(prior_strength=strength, factor_spread=0.0).fit(X, y)).coef_ - s.prior_coef_)
        for strength in (1.0, 10.0, 100.0, 1e6)
    ]
    assert moved == sorted(moved, reverse=True)
    assert moved[-1] < 1e-3


def test_weights_that_are_too_sure_all_shrink_and_the_order_stays():
    # Three times as sure as is true: what few labels move is the common factor.
    loud = {name: (1.0 if name == "base" else 3.0) * weight for name, weight in TRUE.items()}
    X, y = world(20_000, 11, missing=0.0)
    names = [name for name in TRUE if name != "base"]
    truth = np.array([TRUE[name] for name in names])
    found = {}
    for spread in (0.0, 0.2):
        scorer = decide(weights=loud, factor_spread=spread, prior_strength=100.0).fit(X[:600], y[:600])
        coef = scorer.coef_[0, 1:]
        found[spread] = float(coef @ truth / np.linalg.norm(coef) / np.linalg.norm(truth)), np.linalg.norm(coef)
    assert found[0.2][0] > 0.99
    assert found[0.2][0] > found[0.0][0]
    assert found[0.2][1] < 0.7 * np.linalg.norm(3.0 * truth)


def test_many_labels_find_what_is_true():
    X, y = world(60_000, 4, missing=0.0)
    coef = decide(prior_strength=1.0).fit(X, y).coef_[0]
    assert coef == pytest.approx(np.array(list(TRUE.values())), abs=0.2)


def test_it_agrees_with_logistic_regression_where_the_prior_is_nothing_and_nothing_has_a_direction():
    X, y = world(1000, 5, missing=0.0)
    ours = Scorer(weights={}, directions={}, prior_strength=0.7, factor_spread=0.0, fit_intercept=False).fit(X, y)
    theirs = LogisticRegression(C=1 / 0.7, fit_intercept=False, tol=1e-10, max_iter=1000).fit(X, y)
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-5)


@given(st.integers(0, 10_000), st.floats(0.1, 50.0))
@settings(max_examples=25, deadline=None)
def test_labels_that_say_the_reverse_turn_no_direction_round(seed, strength):
    X, y = world(80, seed)
    y[:2] = 0, 1
    scorer = decide(prior_strength=strength).fit(X, 1 - y)
    for name, weight in zip(X.columns, scorer.coef_[0], strict=True):
        assert DIRECTIONS[name] not in ("for", "both") or weight >= 0, name
        assert DIRECTIONS[name] != "against" or weight <= 0, name
    # More of what speaks for it never lowers a decision.
    more = X.assign(night=X["night"].fillna(0) + 0.5)
    assert (scorer.decision_function(more) >= scorer.decision_function(X.fillna({"night": 0.0})) - 1e-12).all()


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_terms_add_up_to_the_decision(seed, intercept):
    X, y = world(60, seed)
    y[:2] = 0, 1
    scorer = Scorer(fit_intercept=intercept).fit(X, y)
    terms = scorer.contributions(X)
    assert terms.shape == (60, 1 + X.shape[1])
    assert np.abs(terms.sum(axis=1) - scorer.decision_function(X)).max() < 1e-9
    assert (terms[:, 0] == (scorer.intercept_[0] if intercept else 0.0)).all()
    assert np.abs(logit(scorer.predict_proba(X)[:, 1]) - terms.sum(axis=1)).max() < 1e-9
    assert (scorer.predict(X) == (terms.sum(axis=1) > 0)).all()


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_what_is_not_known_is_as_nothing(seed):
    X, y = world(60, seed, missing=0.4)
    y[:2] = 0, 1
    scorer = decide().fit(X, y)
    assert (scorer.coef_ == decide().fit(X.fillna(0.0), y).coef_).all()
    assert (scorer.decision_function(X) == scorer.decision_function(X.fillna(0.0))).all()


def test_it_is_the_same_each_time_and_weights_are_repetitions():
    X, y = world(300, 6)
    scorer = decide().fit(X, y)
    assert (scorer.coef_ == clone(scorer).fit(X, y).coef_).all()
    twice = decide().fit(pd.concat([X, X[:100]]), np.concatenate([y, y[:100]]))
    heavy = decide().fit(X, y, sample_weight=np.where(np.arange(300) < 100, 2.0, 1.0))
    assert heavy.coef_ == pytest.approx(twice.coef_, abs=1e-7)


def halved(frame: pd.DataFrame) -> pd.DataFrame:
    return frame * 0.5


def test_it_works_in_a_pipeline_a_grid_search_and_a_pickle():
    X, y = world(600, 7)
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(halved), decide(unlabelled=-1)),
        {"scorer__prior_strength": [1.0, 1e5]},
        scoring="average_precision",
    ).fit(X, y)
    assert set(search.best_params_) == {"scorer__prior_strength"}
    assert cross_val_score(decide(), X, y, scoring="average_precision").mean() > 2 * y.mean()
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert (again.decision_function(X) == search.best_estimator_.decision_function(X)).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prior_strength": 0.0}, "prior_strength is 0.0; it must be a finite number, above 0"),
        ({"prior_strength": np.inf}, "prior_strength is inf"),
        ({"unlabelled_share": 1.5}, "unlabelled_share is 1.5; it must be a finite number, 0 to 1"),
        ({"weights": {"night": -1.0}}, "the weight of 'night' is -1, against its direction 'for'"),
        ({"weights": {"night": np.nan}}, "finite"),
        ({"directions": {"night": "fro"}}, "the direction of 'night' is 'fro'"),
    ],
)
def test_what_cannot_be_is_said(options, said):
    X, y = world(20, 8)
    y[:2] = 0, 1
    with pytest.raises(ValueError, match=said):
        decide(**options).fit(X, y)


def test_three_labels_and_one_are_refused():
    X, _ = world(6, 9)
    with pytest.raises(ValueError, match="Only binary"):
        decide().fit(X, [0, 1, 2, 0, 1, 2])
    with pytest.raises(ValueError, match="1 class"):
        decide().fit(X, [1] * 6)
    with pytest.raises(ValueError, match="1 class"):
        decide(unlabelled="?").fit(X, np.array(["yes", "?", "?", "?", "?", "?"]))


def test_too_few_iterations_are_said():
    X, y = world(300, 10)
    with pytest.warns(ConvergenceWarning, match="no convergence in 2 iterations"):
        decide(max_iter=2, prior_strength=0.01).fit(X, y)


# --- labels as they come: the strongest leads first, most never judged -----------------------------------------------

#: What is believed before: some weights far off.
BELIEVED = {"base": -4.0, "types": 0.4, "night": 2.5, "hull_gap": 1.5, "anchorage": -1.0, "bunkering": -2.0}


def judged(n_labels: int, seed: int, *, verdicts: str, weights: Any = BELIEVED) -> tuple[pd.DataFrame, Any, Any, Any]:
    """Leads of which the strongest were judged; with verdicts ``true`` only true ones were written down."""
    X, y = world(6000, seed)
    believed = (X.fillna(0) * pd.Series(weights)).sum(axis=1).to_numpy()
    looked_at = np.argsort(-believed, kind="stable")[:n_labels]
    labels = np.full(len(y), -1)
    labels[looked_at] = y[looked_at]
    if verdicts == "true":
        labels[labels == 0] = -1
    return X, y, labels, believed


def fit(X: pd.DataFrame, labels: Any, y: Any, *, weights: Any = BELIEVED, **options: Any) -> Scorer:
    share = float(y[labels == -1].mean()) if (labels == -1).any() else 0.5
    return decide(weights=weights, unlabelled=-1, unlabelled_share=share, **options).fit(X, labels)


@pytest.mark.parametrize("verdicts", ["both", "true"])
def test_labels_of_the_strongest_leads_help_to_rank_others(verdicts):
    better = []
    for seed in range(20, 30):
        X, y, labels, believed = judged(400, seed, verdicts=verdicts)
        after = fit(X, labels, y, prior_strength=5.0).decision_function(X)
        rest = labels == -1
        gain = average_precision_score(y[rest], after[rest]) - average_precision_score(y[rest], believed[rest])
        better.append(gain)
    assert np.mean(better) > 0
    assert np.min(better) > -0.02


def test_positives_alone_lift_nothing_but_what_they_share():
    # The mean over what nobody judged stays by the stated share, where the labels alone would call everything true.
    X, y, labels, _ = judged(400, 30, verdicts="true")
    rest = labels == -1
    sober = fit(X, labels, y).predict_proba(X)[rest, 1].mean()
    believes_all = fit(X, labels, y, unlabelled_weight=0.0).predict_proba(X)[rest, 1].mean()
    share = y[rest].mean()
    assert sober < 3 * share
    assert believes_all > 1.5 * sober


def test_strong_leads_that_nobody_came_to_are_no_negatives():
    # Positives are not labelled by chance: the next strongest, not judged yet, are as good as the last that were.
    told, ours, as_negatives = [], [], []
    for seed in range(31, 41):
        X, y, labels, believed = judged(150, seed, verdicts="both", weights=TRUE)
        following = np.argsort(-believed, kind="stable")[150:300]
        zeros = np.where(labels == -1, 0, labels)
        told.append(y[following].mean())
        for found, given_labels in ((ours, labels), (as_negatives, zeros)):
            scorer = fit(X, given_labels, y, weights=TRUE)
            found.append(scorer.predict_proba(X)[following, 1].mean())
    assert np.mean(ours) == pytest.approx(np.mean(told), rel=0.3)
    assert np.mean(as_negatives) < 0.6 * np.mean(told)


def test_elkan_and_noto_would_be_wrong_here():
    # Their estimate of the share of positives that are labelled is that of the strong leads, not of all: what they
    # make of it is far from the truth, and ours is nearer.
    X, y, labels, _ = judged(600, 40, verdicts="true")
    known = X.fillna(0.0)
    told = LogisticRegression(C=100.0, max_iter=1000).fit(known, labels == 1).predict_proba(known)[:, 1]
    labelled = told[labels == 1].mean()
    theirs = np.clip(told / labelled, 0, 1).mean()
    ours = fit(X, labels, y).predict_proba(X)[:, 1].mean()
    assert abs(np.log(ours / y.mean())) < abs(np.log(theirs / y.mean()))
