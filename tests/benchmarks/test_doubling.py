"""Twice as much of one thing: how many times the CPU time of the whole job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stsdetect.simulate import Archive, write_archive
from tests.benchmarks.measure import ROWS, Line, Table, job_cpu_s

LIMIT = 2.3
#: One day of as many vessels as make half the rows of the other benchmarks.
BASE = Archive(max(ROWS // 2, 10_000), seed=1)
DOUBLED = {
    "rows doubled in time": replace(BASE, rows=2 * BASE.rows, vessels=BASE.fleet_size),
    "vessels doubled in the same harbours": replace(
        BASE, rows=2 * BASE.rows, vessels=2 * BASE.fleet_size, crowding=2 * BASE.crowding
    ),
    # Ships out of reach between voyages are gaps too, and no more of them: twice as many in all.
    "gaps doubled": replace(BASE, vessels=BASE.fleet_size, silence=4.5),
}


@pytest.fixture(scope="module", params=["always", "never"], ids=["compiled", "NumPy"])
def loops(request: pytest.FixtureRequest) -> str:
    """The setting `run.compiled`."""
    return str(request.param)


@pytest.fixture(scope="module")
def base(loops: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, int, int]:
    folder = tmp_path_factory.mktemp("base")
    write_archive(BASE, folder, ["parquet"])
    return job_cpu_s(folder / "parquet", loops)


@pytest.mark.parametrize("what", DOUBLED)
def test_doubling(
    benchmark: Any, table: Table, loops: str, base: tuple[float, int, int], tmp_path: Path, what: str
) -> None:
    archive = DOUBLED[what]
    write_archive(archive, tmp_path, ["parquet"])
    spent, meetings, gaps = benchmark.pedantic(lambda: job_cpu_s(tmp_path / "parquet", loops), rounds=1)
    note = f"encounters {base[1]:,} -> {meetings:,}, gaps {base[2]:,} -> {gaps:,}"
    what_of = f"{what}, {'compiled' if loops == 'always' else 'NumPy'}"
    table.add(Line(what_of, archive.rows, spent, f"CPU time of {BASE.rows:,} rows", base[0], LIMIT, note))
    benchmark.extra_info.update(ratio=spent / base[0])
    if what == "gaps doubled":
        assert gaps > 1.5 * base[2]
