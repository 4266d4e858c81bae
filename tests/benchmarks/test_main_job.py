"""The whole job, text file to ranked pairs, beside ``pyarrow.csv.read_csv`` of the file: whole processes in turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.measure import READ_CSV, READ_PARQUET, ROWS, STSDETECT, Table, Whole, beside, whole_process


def _seen(process: Whole) -> str:
    return f"peak {process.peak_mb:,.0f} MB, CPU {process.cpu_s:.1f} s"


@pytest.mark.parametrize(("layout", "limit"), [("noaa", 2.5), ("parquet", 1.5)])
def test_main_job(benchmark: Any, table: Table, archive: Path, tmp_path: Path, layout: str, limit: float) -> None:
    files = [str(path) for path in sorted((archive / "noaa").glob("*.csv"))]
    detect = [*STSDETECT, "detect", str(archive / layout), "--out", str(tmp_path / "out"), "--quiet", "--no-page"]
    beside(
        benchmark,
        table,
        lambda: whole_process(detect),
        lambda: whole_process([*READ_CSV, *files]),
        names=(f"stsdetect detect, {layout}", "pyarrow.csv.read_csv, process"),
        rows=ROWS,
        limit=limit,
        warm=False,
        note=lambda job, read: f"{_seen(job)}; floor {_seen(read)}",
    )
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    print("seconds by stage:", json.dumps(run["seconds"]))
    assert run["rows"]["kept"] == ROWS


def test_reading_parquet_for_comparison(benchmark: Any, table: Table, archive: Path) -> None:
    csv_files, parquet_files = (
        [str(path) for path in sorted((archive / layout).iterdir())] for layout in ("noaa", "parquet")
    )
    beside(
        benchmark,
        table,
        lambda: whole_process([*READ_PARQUET, *parquet_files]),
        lambda: whole_process([*READ_CSV, *csv_files]),
        names=("pyarrow.parquet.read_table, process", "pyarrow.csv.read_csv, process"),
        rows=ROWS,
        warm=False,
    )
