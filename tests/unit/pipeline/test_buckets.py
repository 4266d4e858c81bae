"""Rows dealt out to buckets of vessels: none lost, none twice, in their order, whatever the blocks and batches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.pipeline.buckets import MOST_BUCKETS, Buckets
from stsdetect.schema import POSITIONS
from stsdetect.store import Shelf
from tests.builders import START_US

BIN_US = 1_800_000_000
MOMENTS = ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "nav_status")


def wild_rows(seed: int, n: int) -> pa.Table:
    """Rows of a few vessels in any order, much of them null, over fifty years or a day; numbered by source_row."""
    rng = np.random.default_rng(seed)
    span_us = 10 ** int(rng.integers(9, 16))

    def maybe(values: np.ndarray, kind: pa.DataType) -> pa.Array:
        gone = rng.random(n) < rng.choice([0.0, 0.3, 1.0])
        return pa.array(values, kind, mask=gone)

    return POSITIONS.table(
        {
            "mmsi": pa.array(200_000_000 + rng.integers(0, 9, n) ** 3, pa.int64()),
            "time": pa.array(START_US - rng.integers(0, span_us, n), pa.timestamp("us", "UTC")),
            "lat_deg": rng.uniform(-90, 90, n),
            "lon_deg": rng.uniform(-180, 180, n),
            "sog_kn": maybe(rng.uniform(0, 20, n), pa.float64()),
            "cog_deg": maybe(rng.uniform(0, 360, n), pa.float64()),
            "nav_status": maybe(rng.integers(0, 15, n), pa.int64()),
            "source_file": maybe(rng.choice(["a.csv", "b.csv"], n), pa.string()),
            "source_row": np.arange(n),
        }
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 120),
    st.lists(st.integers(0, 120), max_size=8),
    st.sampled_from([0, 3000, 10**9]),
    st.sampled_from([0, 10**9]),
    st.sampled_from([1, 20, 10**6]),
    st.booleans(),
)
def test_every_row_is_in_the_bucket_of_its_vessel(seed, n, cuts, batch_bytes, shelf_bytes, rows_at_once, known):
    table = wild_rows(seed, n)
    cuts = sorted({0, n, *(cut for cut in cuts if cut < n)})
    with Shelf(shelf_bytes) as shelf:
        dealt = Buckets(shelf, BIN_US, rows_at_once, batch_bytes)
        for begin, end in pairwise(cuts):
            dealt.add(table.slice(begin, end - begin), end / n if known else 0.0)
            dealt.add(table.slice(end, 0), end / n)
        dealt.close()
        assert dealt.rows == n
        assert 1 <= dealt.count <= MOST_BUCKETS
        bins, counts = np.unique(table.column("time").cast(pa.int64()).to_numpy() // BIN_US, return_counts=True)
        assert dict(dealt.by_bin) == dict(zip(bins.tolist(), counts.tolist(), strict=True))
        seen, bucket_of = [], {}
        for number in dealt.numbers():
            looked, reports = dealt.look(number), dealt.take(number)
            row = reports.numbers("source_row").values
            np.testing.assert_array_equal(looked.numbers("source_row").values, row)
            assert (np.diff(row) > 0).all()
            seen += row.tolist()
            own = table.take(pa.array(row))
            np.testing.assert_array_equal(reports.time_us, own.column("time").cast(pa.int64()).to_numpy())
            np.testing.assert_array_equal(reports.said.mmsi[reports.code], own.column("mmsi").to_numpy())
            for name in MOMENTS:
                expected = own.column(name).to_numpy().astype(np.float64)
                np.testing.assert_array_equal(reports.floats(name, np.arange(row.size)), expected, err_msg=name)
            files = (
                [] if reports.files.codes is None else reports.files.arrow(np.arange(row.size), row.size).to_pylist()
            )
            assert (files or [None] * row.size) == own.column("source_file").to_pylist()
            for mmsi in set(own.column("mmsi").to_pylist()):
                assert bucket_of.setdefault(mmsi, number) == number
        assert sorted(seen) == list(range(n))
        assert dealt.numbers() == []


def test_no_rows_are_no_buckets():
    with Shelf(0) as shelf:
        dealt = Buckets(shelf, BIN_US, 10, 0)
        dealt.add(POSITIONS.empty(), 1.0)
        dealt.close()
        assert (dealt.rows, dealt.count, dealt.numbers(), dict(dealt.by_bin)) == (0, 1, [], {})


def test_each_bucket_has_memory_of_its_own():
    """What one bucket holds is freed when it is taken, though the others are still there."""
    with Shelf(10**9) as shelf:
        dealt = Buckets(shelf, BIN_US, 20, 10**9)
        dealt.add(wild_rows(1, 400), 1.0)
        dealt.close()
        assert dealt.count > 5
        tables = [shelf.look(number) for number in dealt.numbers()]
        whole = [column.chunk(0).get_total_buffer_size() for table in tables for column in table.columns]
        rows = [table.num_rows for table in tables for _ in table.columns]
        assert max(size - 8 * n for size, n in zip(whole, rows, strict=True)) <= 64
