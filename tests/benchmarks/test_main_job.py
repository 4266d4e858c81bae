"""The whole job on two million simulated rows, beside ``pyarrow.csv.read_csv`` of the same file.

Run with ``python -m pytest tests/benchmarks -s``. Both are whole processes, run in turn; what is printed are
seconds, peak memory and their ratio. Nothing is asserted about time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROWS = int(os.environ.get("STSDETECT_BENCH_ROWS", "2000000"))
ROUNDS = int(os.environ.get("STSDETECT_BENCH_ROUNDS", "3"))

STSDETECT = [sys.executable, "-c", "from stsdetect.cli import main; main()"]
READ = "import sys, pyarrow.csv as c; print(c.read_csv(sys.argv[1]).num_rows)"


def whole_process(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall time [s] and peak resident memory [MB]."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        assert process.returncode == 0, errors.read().decode()
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    subprocess.run(
        [*STSDETECT, "simulate", "--preset", "traffic", "--rows", str(ROWS)]
        + ["--layout", "noaa", "--out", str(folder)],
        check=True,
        capture_output=True,
    )
    (file,) = folder.rglob("*.csv")
    return file


def test_main_job_beside_reading(archive: Path, tmp_path: Path) -> None:
    reads, jobs = [], []
    for k in range(ROUNDS):
        reads.append(whole_process([sys.executable, "-c", READ, str(archive)]))
        out = str(tmp_path / f"out{k}")
        detect = [*STSDETECT, "detect", str(archive), "--out", out, "--quiet", "--no-page"]
        jobs.append(whole_process(detect))
    read_s, read_mb = sorted(reads)[len(reads) // 2]
    job_s, job_mb = sorted(jobs)[len(jobs) // 2]
    run = json.loads((tmp_path / "out0" / "run.json").read_text())
    print(f"\n{ROWS:,} rows, {archive.stat().st_size / 1e6:.0f} MB of NOAA CSV, median of {ROUNDS}")
    print(f"pyarrow.csv.read_csv   {read_s:7.2f} s  {read_mb:7.0f} MB")
    print(f"stsdetect detect       {job_s:7.2f} s  {job_mb:7.0f} MB")
    print(f"ratio                  {job_s / read_s:7.2f}    {job_mb / read_mb:7.2f}")
    print("seconds by stage:", json.dumps(run.get("seconds", {})))
