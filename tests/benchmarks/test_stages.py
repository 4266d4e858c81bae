"""Reading, sorting, and the scans for gaps and segments, each beside its floor in the same process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import stsdetect as sts
from stsdetect.detect import Gaps
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.kernels.choice import use_compiled
from stsdetect.kernels.order import order_by
from stsdetect.readers import stream
from stsdetect.settings import CleanSettings
from stsdetect.tracks import Tracks
from stsdetect.tracks.chains import impossible_steps
from stsdetect.tracks.fixes import _cut as cut_into_segments
from stsdetect.tracks.rows import Reports
from tests.benchmarks.measure import Table, beside


@pytest.fixture(scope="module")
def positions(piece: Path) -> pa.Table:
    return sts.read(piece / "noaa").positions


@pytest.fixture(scope="module")
def tracks(positions: pa.Table) -> Tracks:
    return sts.build_tracks(positions)


@pytest.fixture(scope="module")
def keys(positions: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Vessel and time of each row, in the order of the files."""
    reports = Reports.of(positions)
    return reports.said.key.astype(np.uint16)[reports.code], reports.time_us


@pytest.mark.parametrize("loops", [False, True], ids=["NumPy", "compiled"])
def test_read_csv(benchmark: Any, table: Table, piece: Path, positions: pa.Table, loops: bool) -> None:
    files = sorted((piece / "noaa").glob("*.csv"))

    def read() -> int:
        with use_compiled(loops):
            return sum(block.num_rows for block in stream(piece / "noaa", hints=True))

    got = beside(
        benchmark,
        table,
        read,
        lambda: [pa.csv.read_csv(file) for file in files],
        names=(f"read NOAA CSV, {'compiled' if loops else 'NumPy'}", "pyarrow.csv.read_csv"),
        rows=positions.num_rows,
    )
    assert got == positions.num_rows


def test_read_parquet(benchmark: Any, table: Table, piece: Path, positions: pa.Table) -> None:
    files = sorted((piece / "parquet").glob("*.parquet"))
    got = beside(
        benchmark,
        table,
        lambda: sts.read(piece / "parquet").positions.num_rows,
        lambda: [pq.read_table(file) for file in files],
        names=("read our own Parquet", "pyarrow.parquet.read_table"),
        rows=positions.num_rows,
    )
    assert got == positions.num_rows


@pytest.mark.parametrize("loops", [False, True], ids=["NumPy", "compiled"])
def test_sort(benchmark: Any, table: Table, keys: tuple[np.ndarray, np.ndarray], loops: bool) -> None:
    vessel, time_us = keys

    def sort() -> np.ndarray:
        with use_compiled(loops):
            return order_by(vessel, time_us)

    order = beside(
        benchmark,
        table,
        sort,
        lambda: np.lexsort((time_us, vessel)),
        names=(f"order by vessel, time, {'compiled' if loops else 'NumPy'}", "numpy.lexsort of both"),
        rows=vessel.size,
    )
    assert np.array_equal(order, np.lexsort((time_us, vessel)))


def test_vessels_and_sort(
    benchmark: Any, table: Table, positions: pa.Table, keys: tuple[np.ndarray, np.ndarray]
) -> None:
    vessel, time_us = keys
    reports = beside(
        benchmark,
        table,
        lambda: Reports.of(positions),
        lambda: np.lexsort((time_us, vessel)),
        names=("tell vessels apart, then order", "numpy.lexsort of vessel, time"),
        rows=positions.num_rows,
    )
    assert reports.time_us.size == positions.num_rows


@pytest.fixture(scope="module")
def one_key(keys: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Vessel and time as one whole number, in the order of the files: what NumPy sorts fastest."""
    vessel, time_us = keys
    return np.asarray(vessel * (time_us.max() - time_us.min() + 1) + (time_us - time_us.min()))


def test_gap_scan(benchmark: Any, table: Table, one_key: np.ndarray, tracks: Tracks) -> None:
    fixes = Fixes.from_table(tracks.fixes)
    known = Identities.from_table(tracks.vessels, fixes.labels)
    gaps = beside(
        benchmark,
        table,
        lambda: Gaps().detect(fixes, known),
        lambda: np.argsort(one_key[: fixes.size]),
        names=("gap scan, events included", "numpy.argsort of one int64 key"),
        rows=fixes.size,
        limit=1.0,
        note=lambda events, _: f"{events.num_rows:,} gaps",
    )
    assert gaps.num_rows > 0


def test_segmentation_scan(benchmark: Any, table: Table, one_key: np.ndarray, tracks: Tracks) -> None:
    fixes = Fixes.from_table(tracks.fixes)
    settings = CleanSettings()

    def scan() -> np.ndarray:
        impossible_steps(fixes.hull, fixes.time_us, fixes.xyz, settings)
        begins, _ = cut_into_segments(fixes.hull, fixes.time_us, None, settings)
        return begins

    beside(
        benchmark,
        table,
        scan,
        lambda: np.argsort(one_key[: fixes.size]),
        names=("segmentation scan", "numpy.argsort of one int64 key"),
        rows=fixes.size,
        limit=1.0,
        note=lambda begins, _: f"{np.count_nonzero(begins):,} segments",
    )
