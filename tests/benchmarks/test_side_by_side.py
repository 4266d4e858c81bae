"""What a user would pick instead, on the same data: whole processes in turn, their events beside ours.

``python -m pytest tests/benchmarks/test_side_by_side.py -s`` after ``pip install --group bench``. The data are a
simulated archive of STSDETECT_BENCH_ROWS rows (here 1,000,000 unless set). Tools that are too slow or too large for
it get the northernmost vessels up to STSDETECT_BENCH_SUBSET rows, and so do we beside them.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow.csv as pcsv
import pytest

from stsdetect.simulate import Archive, write_archive
from tests.benchmarks.measure import STSDETECT, Whole, linux_only, whole_process
from tests.benchmarks.side_by_side.agreement import Agreement, Fixes, compare, ours

ROWS = int(os.environ.get("STSDETECT_BENCH_ROWS", "1000000"))
SUBSET = int(os.environ.get("STSDETECT_BENCH_SUBSET", "60000"))
HERE = Path(__file__).parent / "side_by_side"
#: So many hulls are in no harbour: contact at berths is written like any other, as the other tools do.
ALL_BERTHS = ["--set", "context.berth_crowd_hulls=1000000"]


class Tool(NamedTuple):
    name: str
    module: str
    script: list[str]
    kind: str
    whole: bool


TOOLS = [
    Tool("DuckDB, SQL self-join", "duckdb", ["duckdb_self_join.py"], "encounter", True),
    Tool("neptune-ais, gaps", "neptune_ais", ["neptune.py", "gaps"], "gap", True),
    Tool("neptune-ais, encounters", "neptune_ais", ["neptune.py", "encounters"], "encounter", False),
    Tool("MovingPandas, stops", "movingpandas", ["movingpandas_stops.py"], "loitering", False),
]


class Ran(NamedTuple):
    files: list[Path]
    rows: int
    out: Path
    took: Whole


def _rows(files: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") - 1 for path in files)


def _detect(files: list[Path], out: Path, *more: str) -> Ran:
    took = whole_process([*STSDETECT, "detect", *map(str, files), "--out", str(out), "-q", "--no-page", *more])
    return Ran(files, _rows(files), out, took)


def _northernmost(files: list[Path], to: Path) -> list[Path]:
    """Write all rows of the northernmost vessels, by median latitude, up to `SUBSET` rows."""
    options = pcsv.ConvertOptions(include_columns=["MMSI", "LAT"])
    places = pd.concat(pcsv.read_csv(path, convert_options=options).to_pandas() for path in files)
    north = places.groupby("MMSI")["LAT"].agg(["median", "size"]).sort_values("median", ascending=False, kind="stable")
    keep = {str(mmsi).encode() for mmsi in north.index[north["size"].cumsum() <= SUBSET]}
    for path in files:
        with path.open("rb") as source, (to / path.name).open("wb") as target:
            target.write(next(source))
            target.writelines(line for line in source if line.split(b",", 1)[0] in keep)
    return [to / path.name for path in files]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Our runs: the archive as we would, and with every contact at berths; the subset with every contact."""
    linux_only()
    folder = tmp_path_factory.mktemp("side")
    write_archive(Archive(ROWS, seed=1), folder, ["noaa"])
    files = sorted((folder / "noaa").glob("*.csv"))
    (folder / "north").mkdir()
    part = _northernmost(files, folder / "north")
    runs = {
        "default": _detect(files, folder / "default"),
        "whole": _detect(files, folder / "all", *ALL_BERTHS),
        "subset": _detect(part, folder / "part", *ALL_BERTHS),
    }
    counts = {name: {kind: len(ours(run.out, kind)) for kind in ("encounter", "gap", "loitering")}
              for name, run in runs.items()}  # fmt: skip
    print(f"\n{'tool':<34}{'rows':>10}{'wall s':>9}{'CPU s':>8}{'rows/s':>10}{'MB':>8}  events")
    for name, run in runs.items():
        _line(f"stsdetect detect, {name}", run.rows, run.took, str(counts[name]))
    return runs


def _line(name: str, rows: int, took: Whole, events: str) -> None:
    print(
        f"{name:<34}{rows:>10,}{took.wall_s:>9.1f}{took.cpu_s:>8.1f}{rows / took.wall_s:>10,.0f}{took.peak_mb:>8,.0f}"
        f"  {events}",
        flush=True,
    )


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_side_by_side(tool: Tool, data: dict[str, Ran], tmp_path: Path) -> None:
    if find_spec(tool.module) is None:
        pytest.skip(f"{tool.module} is not installed: pip install --group bench")
    run, out = data["whole" if tool.whole else "subset"], tmp_path / "events.parquet"
    script, *words = tool.script
    took = whole_process([sys.executable, "-W", "ignore", str(HERE / script), *words, str(out), *map(str, run.files)])
    theirs, mine = pd.read_parquet(out), ours(run.out, tool.kind)
    _line(tool.name, run.rows, took, f"{len(theirs):,} ({tool.kind})")
    agreed = compare(tool.kind, mine, theirs, Fixes(run.files, run.out))
    _explain(agreed)
    for found, matched, only in (
        (agreed.ours, agreed.ours_agreed, agreed.only_ours),
        (agreed.theirs, agreed.theirs_agreed, agreed.only_theirs),
    ):
        assert abs(found - matched - sum(only.values())) <= len(only)  # scaled counts are rounded


def _explain(agreed: Agreement) -> None:
    for who, found, matched, only in (
        ("ours", agreed.ours, agreed.ours_agreed, agreed.only_ours),
        ("theirs", agreed.theirs, agreed.theirs_agreed, agreed.only_theirs),
    ):
        print(f"    {who}: {found:,} events, {matched:,} agree; the other {found - matched:,}:")
        for reason, n in only.items():
            print(f"        {n:>8,}  {reason}")
