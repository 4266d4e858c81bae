"""The comparison with boosted trees: what is matched, what is hidden from the learner, what is printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import stsdetect as sts
from stsdetect.score.features import FEATURES, strengths
from stsdetect.score.rank import effective_weights
from stsdetect.simulate import Month, read_truth, write_month
from tests.evaluate import challenger
from tests.evaluate.challenger import LeadsOfMonth, compare, judged, read_month, report, under_ceiling


def month(seed: int, n: int = 400) -> LeadsOfMonth:
    """Leads of which one in five or so is true, which one of two indicators tells."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(np.nan, index=range(n), columns=list(FEATURES))
    X["base"] = 1.0
    for name in ("types", "night"):
        X[name] = random.random(n)
    decision = 7 * X["night"].to_numpy() - 6
    y = random.random(n) < expit(decision)
    hits = np.zeros((n, int(y.sum())), dtype=bool)
    hits[np.flatnonzero(y), np.arange(int(y.sum()))] = True
    weights = effective_weights({})
    believed = X.fillna(0.0).to_numpy() @ np.array([weights[name] for name in FEATURES])
    return LeadsOfMonth(str(seed), 4.0, X, hits, believed)


def test_recall_under_the_ceiling_counts_false_leads_above_the_best_true_one():
    hits = np.array([[1, 0], [0, 0], [0, 1], [1, 0], [0, 0]], dtype=bool)
    one = LeadsOfMonth("m", 1.0, None, hits, np.zeros(5))
    score = np.array([0.1, 5.0, 4.0, 6.0, 0.0])
    assert under_ceiling(score, one, ceiling=0) == 0.5
    assert under_ceiling(score, one, ceiling=1) == 1.0


def test_only_the_first_leads_are_judged():
    one = month(1)
    labels = judged(one, 30)
    assert (labels >= 0).sum() == 30
    assert one.log_odds[labels >= 0].min() >= one.log_odds[labels < 0].max()
    assert (labels[labels >= 0] == one.y[labels >= 0]).all()
    assert (judged(one, None) == one.y).all()


@pytest.mark.parametrize("first", [None, 60])
def test_a_month_is_never_judged_by_itself(first, monkeypatch):
    months = [month(seed) for seed in (1, 2, 3)]
    taught: list[int] = []

    def spy(X: Any, labels: Any, believed: Any) -> Any:
        taught.append(len(X))
        assert len(X) == len(labels) == len(believed) == 800
        return lambda asked: asked["types"].to_numpy()

    rows = compare(months, {"spy": spy}, first=first)
    assert taught == [800, 800, 800]
    assert len(rows["spy"]) == 3


def test_all_ways_learn_and_the_table_says_so():
    months = [month(seed) for seed in (1, 2, 3)]
    rows = compare(months, first=None)
    mean = {name: np.mean(found, axis=0)[0] for name, found in rows.items()}
    assert mean["fitted, weak prior"] > mean["documented weights"]
    assert mean["boosted trees"] > np.mean([one.y.mean() for one in months]) * 1.5
    text = report(months, rows, None)
    assert "3 months, all simulated, 1,200 leads" in text
    assert all(name in text for name in challenger.WAYS)


def test_a_kept_month_is_read_and_matched(tmp_path):
    folder = tmp_path / "dark-month-3"
    write_month(Month(seed=3, days=8, vessels=40, cases=1), folder, ("parquet",))
    sts.detect(folder / "parquet", out=folder / "results", keep_fixes=False)
    one = read_month(folder)
    truth = read_truth(folder / "truth.json")
    assert one.hits.shape[0] == len(one.X) == one.log_odds.size > 0
    assert one.hits.shape[1] <= sum(planted.is_transfer for planted in truth)
    assert one.hits.any()
    assert one.weeks == pytest.approx(8 / 7)
    assert strengths(_pairs(folder)).shape == one.X.shape


def _pairs(folder: Any) -> Any:
    from stsdetect.pipeline.earlier import read_table
    from stsdetect.schema import PAIRS

    return read_table(folder / "results", PAIRS)
