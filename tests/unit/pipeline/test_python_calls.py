"""What is called from Python: frames of our own go back in, and wrong arguments are told in words."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pandas as pd
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.errors import SchemaError
from stsdetect.schema import EVENTS
from tests.builders import TANKER, boat, join

SAMPLE = Path(__file__).parents[3] / "sample_ais"


@pytest.fixture(scope="module")
def positions() -> pa.Table:
    """Two tankers that come from two sides, lie together for four hours, and part; the first falls silent then."""
    a = boat(412000001, [(0, 20_000, 0), (1, 0, 0), (5, 0, 0), (6, -20_000, 0)], name="FIRST", **TANKER)
    b = boat(667000002, [(0, -20_000, 30), (1, 0, 30), (5, 0, 30), (6, 20_000, 30)], name="SECOND", **TANKER)
    return join(a, b)


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> tuple[sts.Result, geopandas.GeoDataFrame]:
    """The sample, which has areas of reach, and its events as they are read back from the file."""
    out = tmp_path_factory.mktemp("sample")
    result = sts.detect(SAMPLE, out=out, page=False)
    assert result.events_table.column("reach").null_count < result.events_table.num_rows
    return result, geopandas.read_parquet(out / "events.parquet")


def test_frames_of_events_go_back_in(sample):
    result, read_back = sample
    leads, found = sts.rank_pairs(result.events_table), sts.chains(result.events_table, result.pairs_table)
    added_up = sts.ledger(result.events_table, result.pairs_table)
    zones = sts.annotate(result.events_table, sts.load_settings().context)
    for events in (result.events, read_back):
        before = events.copy()
        assert EVENTS.conform(events).equals(result.events_table)
        assert sts.rank_pairs(events).equals(leads)
        assert sts.chains(events, result.pairs).equals(found)
        assert sts.ledger(events, result.pairs).transfers.equals(added_up.transfers)
        assert sts.annotate(events, sts.load_settings().context).equals(zones)
        assert type(events) is geopandas.GeoDataFrame
        assert events.geometry.equals(before.geometry)
        pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(before))


def test_what_arrow_cannot_take_is_told_with_its_column(sample):
    with pytest.raises(SchemaError, match=r"table 'events' holds values of mixed kinds: .*column evidence.*"):
        sts.rank_pairs(sample[0].events[:2].assign(evidence=[b"x", 1]))
    with pytest.raises(SchemaError, match="needs a column 'geometry'"):
        sts.rank_pairs(sample[0].events.drop(columns="geometry"))
    with pytest.raises(SchemaError, match="table 'events' must be a pandas or Arrow table, not str"):
        sts.rank_pairs("events.parquet")
