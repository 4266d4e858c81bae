"""The ledger of a job does not depend on how its input was cut into files, ordered or repeated."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.readers import write_positions
from stsdetect.score.ledger import ledger
from stsdetect.simulate import simulate
from tests.property.test_rule_two import content


@pytest.fixture(scope="module")
def world() -> pa.Table:
    """A small simulated world with transfers, typed draughts and decoys."""
    return simulate("sample", seed=11).positions


def of(source) -> list[bytes]:
    settings = sts.load_settings(volume={"min_score": 0.2})
    result = sts.detect(source, settings=settings, keep_fixes=False)
    made = ledger(result.events_table, result.pairs_table, result.tracks.vessels, settings=settings)
    assert made.months.to_pylist()[-1]["n_transfers"] > 0
    return content((made.months, made.transfers))


@pytest.fixture(scope="module")
def whole(world) -> list[bytes]:
    return of(world)


@pytest.mark.parametrize("parts", [2, 5])
def test_split_into_files(world, whole, tmp_path, parts):
    rng = np.random.default_rng(parts)
    which = rng.integers(0, parts, world.num_rows)
    for part in range(parts):
        rows = rng.permutation(np.flatnonzero(which == part))
        write_positions(world.take(pa.array(rows)), tmp_path / f"part{part}.parquet")
    assert of(tmp_path) == whole


def test_ordered_otherwise_and_repeated(world, whole):
    order = np.random.default_rng(3).permutation(np.concatenate([np.arange(world.num_rows), np.arange(500)]))
    assert of(world.take(pa.array(order))) == whole
