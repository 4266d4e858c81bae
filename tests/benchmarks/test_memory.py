"""Peak memory of an archive six times as long, at the same ``--memory``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from stsdetect.simulate import Archive, write_archive
from tests.benchmarks.measure import ROWS, STSDETECT, Line, Table, whole_process

MEMORY = os.environ.get("STSDETECT_BENCH_MEMORY", "500MB")
TIMES, LIMIT = 6, 1.3


def test_memory_does_not_grow(table: Table, tmp_path: Path) -> None:
    short = Archive(ROWS, seed=1)
    peaks = []
    for name, archive in (("short", short), ("long", replace(short, rows=TIMES * ROWS, vessels=short.fleet_size))):
        write_archive(archive, tmp_path / name, ["noaa"])
        words = ["detect", str(tmp_path / name / "noaa"), "--out", str(tmp_path / "out"), "--quiet", "--no-page"]
        peaks.append(whole_process([*STSDETECT, *words, "--memory", MEMORY]).peak_mb)
        for path in (tmp_path / name).rglob("*.csv"):
            path.unlink()
    long_gb, short_gb = peaks[1] / 1024, peaks[0] / 1024
    note = f"--memory {MEMORY}"
    table.add(Line(f"peak, {TIMES} times the rows", 0, long_gb, f"peak, {ROWS:,} rows", short_gb, LIMIT, note, "GB"))
