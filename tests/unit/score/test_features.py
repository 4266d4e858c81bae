"""Leads as a matrix, and back again."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.errors import SchemaError
from stsdetect.schema import PAIRS
from stsdetect.score.features import BASES, FEATURES, features, log_odds_of
from stsdetect.score.rank import effective_weights
from stsdetect.simulate import simulate


@pytest.fixture(scope="module")
def pairs() -> pa.Table:
    """Leads of all kinds, from the simulated sample."""
    return sts.detect(simulate("sample", seed=1).positions).pairs_table


def test_features_times_weights_are_the_log_odds(pairs):
    found = features(pairs)
    assert list(found.columns) == list(FEATURES)
    assert list(found.index) == pairs["pair_id"].to_pylist()
    assert found[list(BASES)].notna().any().sum() > 1
    again = log_odds_of(found.to_numpy(), effective_weights({}))
    assert np.abs(again - pairs["log_odds"].to_numpy()).max() < 1e-9


def test_other_weights_give_the_log_odds_of_a_run_with_them(pairs):
    changes = {"types": 2.25, "night": 0.0, "dark_base": -1.5}
    run = sts.detect(simulate("sample", seed=1).positions, settings=sts.load_settings(score={"weights": changes}))
    told = dict(zip(run.pairs_table["pair_id"].to_pylist(), run.pairs_table["log_odds"].to_pylist(), strict=True))
    again = dict(
        zip(pairs["pair_id"].to_pylist(), log_odds_of(features(pairs), effective_weights(changes)), strict=True)
    )
    once = [p["pair_id"] for p in pairs.to_pylist() if p["n_events"] == 1 and p["pair_id"] in told]
    assert len(once) > 5
    assert [told[name] for name in once] == pytest.approx([again[name] for name in once], abs=1e-9)


def test_every_lead_starts_from_one_base(pairs):
    assert features(pairs)[list(BASES)].notna().sum(axis=1).eq(1).all()


def test_what_is_not_known_or_not_asked_is_not_a_number(pairs):
    found = features(pairs)
    for pair in pairs.to_pylist():
        said = {reason["indicator"]: reason for reason in pair["reasons"]}
        row = found.loc[pair["pair_id"]]
        for name in FEATURES:
            known = name in said and not (said[name]["value"] is None and said[name]["strength"] == 0)
            assert np.isfinite(row[name]) == known, name


def test_the_order_of_leads_is_kept_and_nothing_is_no_error(pairs):
    turned = pairs.take(list(range(pairs.num_rows))[::-1])
    assert features(turned).equals(features(pairs).iloc[::-1])
    assert features(PAIRS.empty()).shape == (0, len(FEATURES))
    assert features(pairs.to_pandas()).equals(features(pairs))


def test_reasons_without_strength_are_refused(pairs):
    rows = pairs.to_pylist()
    for reason in rows[0]["reasons"]:
        reason.pop("strength")
    with pytest.raises(SchemaError, match="stsdetect score DIR"):
        features(PAIRS.table({name: [row[name] for row in rows] for name in PAIRS.names}))


def test_an_indicator_of_another_version_is_named(pairs):
    rows = pairs.to_pylist()
    rows[0]["reasons"][0]["indicator"] = "moon"
    with pytest.raises(SchemaError, match="'moon'"):
        features(PAIRS.table({name: [row[name] for row in rows] for name in PAIRS.names}))
