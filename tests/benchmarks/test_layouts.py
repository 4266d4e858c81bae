"""Reading each core layout block by block, beside Arrow's own reading of the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from stsdetect.kernels.choice import use_compiled, why_no_loops
from stsdetect.readers import stream
from stsdetect.settings import ReadSettings
from stsdetect.simulate import Archive, World, write, write_archive
from tests.benchmarks.conftest import STAGE_ROWS
from tests.benchmarks.measure import Table, beside

#: The layout of 2025 under names of nobody's, read through a column map.
MAP = {"mmsi": "who", "time": "when", "lat": "y", "lon": "x", "sog": "v", "name": "called"}
RENAMED = {
    "mmsi": "who",
    "base_date_time": "when",
    "latitude": "y",
    "longitude": "x",
    "sog": "v",
    "vessel_name": "called",
}
LAYOUTS = {
    "noaa": "NOAA CSV to 2024",
    "noaa2025": "NOAA CSV from 2025",
    "dma": "Danish CSV",
    "mapped": "CSV through a map",
    "parquet": "our own Parquet",
}
FLOORS: dict[str, Callable[[Path], Any]] = {".csv": csv.read_csv, ".parquet": pq.read_table}


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same archive in each layout."""
    folder = tmp_path_factory.mktemp("layouts")
    archive = Archive(STAGE_ROWS, seed=1)
    write_archive(archive, folder, ["noaa", "noaa2025", "parquet"])
    positions = pa.concat_tables([pq.read_table(file) for file in sorted((folder / "parquet").iterdir())])
    world = World(positions.unify_dictionaries().combine_chunks(), (), archive.seed, "archive", archive.start, 24.0)
    write(world, folder, ["dma"])
    (folder / "mapped").mkdir()
    for file in (folder / "noaa2025").glob("*.csv"):
        header, _, lines = file.read_bytes().partition(b"\n")
        cells = [RENAMED.get(cell, f"other_{cell}") for cell in header.decode().split(",")]
        (folder / "mapped" / file.name).write_bytes(",".join(cells).encode() + b"\n" + lines)
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout(benchmark: Any, table: Table, layouts: Path, layout: str) -> None:
    files = sorted((layouts / layout).iterdir())
    settings = ReadSettings(columns=MAP) if layout == "mapped" else ReadSettings()

    def read() -> int:
        with use_compiled(why_no_loops() is None):
            return sum(block.num_rows for block in stream(files, settings=settings))

    got = beside(
        benchmark,
        table,
        read,
        lambda: [FLOORS[file.suffix](file) for file in files],
        names=(f"stream {LAYOUTS[layout]}", "pyarrow on the same bytes"),
        rows=STAGE_ROWS,
    )
    assert got >= STAGE_ROWS
