"""Reading every layout block by block, beside Arrow's own reading of the same bytes, and what memory that takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from stsdetect.kernels.choice import use_compiled, why_no_loops
from stsdetect.readers import stream
from stsdetect.settings import ReadSettings
from stsdetect.simulate import LAYOUTS, Archive, World, write
from tests.benchmarks.conftest import STAGE_ROWS
from tests.benchmarks.measure import Table, beside, whole_process

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
#: Rows of layouts that are read in Python, message by message or item by item: a tenth, so that it ends in time.
SLOW_ROWS = STAGE_ROWS // 10
TABLES = ("noaa", "noaa2025", "dma", "kystdatahuset", "aishub", "aishub_raw", "marinetraffic", "marinetraffic_extended",
          "marinetraffic_ps01", "marinetraffic_web", "exactearth", "eais_ungp", "eais_ungp_parquet", "spire_historical",
          "brest", "piraeus", "kr_mof", "gfw_positions", "noaa_geoparquet", "mapped", "parquet")  # fmt: skip
#: Layouts of one report an hour of each vessel: fewer rows come than the world has.
HOURLY = ("amsa_cts", "amsa_cts_shapefile")
READ = [
    sys.executable,
    "-c",
    "import sys; from stsdetect.readers import stream; from stsdetect.settings import ReadSettings as S; "
    "from stsdetect.kernels.choice import use_compiled, why_no_loops; import json; "
    "u = use_compiled(why_no_loops() is None); u.__enter__(); "
    "print(sum(b.num_rows for b in stream(sys.argv[2:], settings=S(**json.loads(sys.argv[1])))))",
]


@pytest.fixture(scope="module")
def world() -> World:
    archive = Archive(STAGE_ROWS, seed=1)
    positions = pa.concat_tables(list(archive.blocks())).unify_dictionaries().combine_chunks()
    return World(positions, (), archive.seed, "archive", archive.start, 24.0)


def written(world: World, folder: Path, layout: str, rows: int) -> list[Path]:
    """Write the first rows of the world in a layout."""
    part = World(world.positions.slice(0, rows), (), world.seed, world.preset, world.start, world.span_h)
    paths = write(part, folder, ["noaa2025" if layout == "mapped" else layout])[:-1]
    for file in paths if layout == "mapped" else ():
        header, _, lines = file.read_bytes().partition(b"\n")
        cells = [RENAMED.get(cell, f"other_{cell}") for cell in header.decode().split(",")]
        file.write_bytes(",".join(cells).encode() + b"\n" + lines)
    return paths


def floor(path: Path) -> int:
    """Let Arrow read the same bytes: as a table, or, where they are none, as lines or nothing but bytes."""
    if path.suffix == ".parquet":
        return int(pq.read_table(path).num_rows)
    if path.suffix == ".dbf":
        with pa.OSFile(str(path)) as raw:
            return len(raw.readall())
    if path.suffix == ".csv":
        with path.open("rb") as file:
            first = file.readline()
        titles = b"," not in first and b";" not in first
        korean = csv.ReadOptions(encoding="cp949", skip_rows=2 if titles else 0)
        spoken = None if first.isascii() else korean
        return int(csv.read_csv(path, spoken, csv.ParseOptions(delimiter=";" if b";" in first else ",")).num_rows)
    lines = csv.ParseOptions(delimiter="\x01", quote_char=False)
    return int(csv.read_csv(path, csv.ReadOptions(column_names=["line"]), lines).num_rows)


@pytest.mark.parametrize("layout", [*dict.fromkeys([*LAYOUTS, "mapped"])])
def test_layout(benchmark: Any, table: Table, world: World, tmp_path: Path, layout: str) -> None:
    rows = STAGE_ROWS if layout in (*TABLES, *HOURLY) else SLOW_ROWS
    files = written(world, tmp_path, layout, rows)
    given = {"columns": MAP} if layout == "mapped" else {}
    settings = ReadSettings(**given)
    peak = whole_process([*READ, json.dumps(given), *map(str, files)]).peak_mb

    def read() -> int:
        with use_compiled(why_no_loops() is None):
            return sum(block.num_rows for block in stream(files, settings=settings))

    if layout in HOURLY:
        rows = read()
        assert rows
    got = beside(
        benchmark,
        table,
        read,
        lambda: [floor(file) for file in files],
        names=(f"stream {layout}", "pyarrow on the same bytes"),
        rows=rows,
        note=lambda _, __: f"peak {peak:,.0f} MB",
    )
    assert got >= rows
