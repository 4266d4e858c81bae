"""Our own Parquet: what is written is read back, whatever the row groups and whatever they leave empty."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stsdetect as sts
from stsdetect.errors import InputError, StsError
from stsdetect.readers import write_positions
from stsdetect.readers.recognition import inspect_layout
from stsdetect.schema import FIXES, FLAGGED, POSITIONS, TABLES, TEXT
from stsdetect.settings import ReadSettings
from tests.builders import boat

ROWS = 1000


@pytest.fixture
def positions() -> pa.Table:
    """Rows of a few vessels; names are there in the second half only, the source in no row."""
    step = np.arange(ROWS)
    names = [None if i < ROWS // 2 else f"NAME {i % 7}" for i in range(ROWS)]
    return POSITIONS.table(
        {
            "mmsi": pa.array(219_000_000 + step % 7),
            "time": pa.array(1_700_000_000_000_000 + step * 1_000_000, pa.timestamp("us", tz="UTC")),
            "lat_deg": pa.array(55 + step / 7919),
            "lon_deg": pa.array(np.where(step % 2, -0.0, 0.0)),
            "nav_status": pa.array(step % 16, pa.int8(), mask=step % 5 == 0),
            "ship_type": pa.array(step % 100, pa.int16()),
            "name": pa.array(names, pa.string()).dictionary_encode().cast(TEXT),
        }
    )


def assert_same(got: pa.Table, expected: pa.Table, *, but: tuple[str, ...] = ()) -> None:
    for name in POSITIONS.names:
        if name not in but:
            assert got.column(name).to_pylist() == expected.column(name).to_pylist(), name


@pytest.mark.parametrize("limit", [50, 1 << 18], ids=["in batches", "in row groups"])
@pytest.mark.parametrize("group", [1, 170, ROWS])
def test_row_groups_do_not_matter(
    tmp_path: Path, positions: pa.Table, group: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stsdetect.readers.parquet._ROWS", limit)
    pq.write_table(positions, tmp_path / "a.parquet", row_group_size=group)
    got = sts.read(tmp_path / "a.parquet")
    assert_same(got.positions, positions, but=("source_file", "source_row"))
    assert got.positions.column("source_row").to_pylist() == list(range(1, ROWS + 1))
    assert set(got.positions.column("source_file").to_pylist()) == {str(tmp_path / "a.parquet")}


def test_what_is_written_is_read_back(tmp_path: Path, positions: pa.Table) -> None:
    pq.write_table(positions, tmp_path / "a.parquet")
    once = sts.read(tmp_path / "a.parquet").positions
    write_positions(once, tmp_path / "b.parquet")
    twice = sts.read(tmp_path / "b.parquet").positions
    assert_same(twice, once)
    bits = [np.asarray(table.column("lon_deg")).view(np.int64) for table in (positions, twice)]
    assert np.array_equal(*bits)


@pytest.mark.parametrize("file", ["a.parquet", "a.parquet.gz"])
def test_source_known_of_some_rows(tmp_path: Path, positions: pa.Table, file: str) -> None:
    known = pa.array([7 if i % 3 else None for i in range(ROWS)], pa.int64())
    place = positions.column_names.index("source_row")
    pq.write_table(positions.set_column(place, "source_row", known), tmp_path / "a.parquet", row_group_size=300)
    if file.endswith("gz"):
        import gzip

        (tmp_path / file).write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    rows = sts.read(tmp_path / file).positions.column("source_row").to_pylist()
    assert rows == [7 if i % 3 else i + 1 for i in range(ROWS)]


def test_one_bad_row_rejects_itself_only(tmp_path: Path, positions: pa.Table) -> None:
    mmsi = positions.column("mmsi").to_pylist()
    mmsi[444] = 10**9
    place = positions.column_names.index("mmsi")
    table = positions.set_column(place, "mmsi", pa.array(mmsi, pa.int64()))
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=200)
    got = sts.read(tmp_path / "a.parquet")
    (reject,) = got.rejects.to_pylist()
    assert (reject["source_row"], reject["reason"]) == (445, "bad_mmsi")
    kept = [i for i in range(ROWS) if i != 444]
    assert_same(got.positions, positions.take(kept), but=("source_file", "source_row"))
    # The text shows every column the file has, also those that are empty in the whole row group.
    assert reject["text"].count(",") == len(POSITIONS.names) - 3


def test_damage_in_the_middle_keeps_what_came_before(
    tmp_path: Path, positions: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stsdetect.readers.parquet._ROWS", 250)
    path = tmp_path / "a.parquet"
    pq.write_table(positions, path, row_group_size=250, compression="zstd", use_dictionary=False)
    third = pq.ParquetFile(path).metadata.row_group(2).column(positions.column_names.index("lat_deg"))
    data = bytearray(path.read_bytes())
    data[third.data_page_offset : third.data_page_offset + third.total_compressed_size] = b"\xff" * (
        third.total_compressed_size
    )
    path.write_bytes(data)
    got = sts.read(path)
    assert got.positions.num_rows == 500
    assert got.files[0].rejected == {"damaged_file": 1}
    path.write_bytes(data[:-20])
    with pytest.raises(InputError, match="damaged or cut short"):
        sts.read(path)


@pytest.mark.parametrize("bare", [False, True], ids=["contradict themselves", "agree"])
def test_wrong_statistics_cost_no_value(tmp_path: Path, bare: bool) -> None:
    path, n = tmp_path / "a.parquet", 60
    time = pa.array(1_704_067_200_000_000 + np.arange(n) * 1_000_000).cast(pa.timestamp("us", "UTC"))
    place = pa.array(np.arange(n) / 10)
    table = pa.table({"time": time, "lat_deg": place, "lon_deg": place, "mmsi": pa.array(np.arange(n) + 200_000_000)})
    name = pa.array(["AAAA"] * n).dictionary_encode()
    pq.write_table(table.append_column("name", name), path)
    data = path.read_bytes()
    ends = b"\x28\x04AAAA\x18\x04AAAA\x11\x11"  # fields 5 to 8 of Statistics: largest and smallest value, both exact
    assert data.count(b"\x36\x00" + ends) >= 1  # field 3: none is null
    foot = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    false = b"\x36" + bytes([2 * n]) + (b"" if bare else ends)
    tail = data[foot:-8].replace(b"\x36\x00" + ends, false)
    path.write_bytes(data[:foot] + tail + len(tail).to_bytes(4, "little") + b"PAR1")
    told = pq.ParquetFile(path).metadata.row_group(0).column(4).statistics
    assert (told.null_count, told.has_min_max) == (n, not bare)
    got = sts.read(path)
    assert got.positions.column("mmsi").to_pylist() == table.column("mmsi").to_pylist()
    assert got.positions.column("name").to_pylist() == ["AAAA"] * n


def test_damage_at_the_end_is_told(tmp_path: Path, positions: pa.Table) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(positions, path)
    data = path.read_bytes()
    foot = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    path.write_bytes(data[:foot] + data[foot:].replace(b"draught_m", b"\xffraught_m"))
    with pytest.raises(InputError, match=r"a\.parquet is damaged"):
        sts.read(path)


def read_damaged(path: Path) -> None:
    """Read a file with damage at 400 places of what stands at its end: an `StsError`, or an account that adds up."""
    data = path.read_bytes()
    foot = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    rnd = np.random.default_rng(3)
    for _ in range(400):
        broken = bytearray(data)
        for at in rnd.integers(foot, len(data) - 8, 2).tolist():
            broken[at] = int(rnd.choice([0, 1, 127, 255]))
        path.write_bytes(broken)
        try:
            got = sts.read(path)
        except StsError:
            continue
        assert got.files[0].rows_read == got.positions.num_rows + sum(got.files[0].rejected.values())


def test_damage_at_the_end_does_not_end_the_process(tmp_path: Path, positions: pa.Table) -> None:
    # pyarrow, asked for what a damaged file says of a column, aborts: that would end pytest as well.
    write_positions(positions, tmp_path / "a.parquet")
    code = f"import sys; from pathlib import Path; from {__name__} import read_damaged; read_damaged(Path(sys.argv[1]))"
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.parquet")], cwd=root, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, f"{ran.returncode} {ran.stderr[-2000:]}"


@pytest.mark.parametrize("table", [table for table in TABLES if table is not POSITIONS], ids=lambda table: table.name)
def test_no_other_table_of_ours_is_taken_for_ais(tmp_path, table):
    pq.write_table(table.empty(), tmp_path / "x.parquet")
    for settings in (ReadSettings(), ReadSettings(layout="positions")):
        with pytest.raises(InputError):
            inspect_layout(tmp_path / "x.parquet", settings=settings)


@pytest.mark.parametrize("table", [FLAGGED, FIXES], ids=lambda table: table.name)
def test_reports_that_were_cleaned_are_read_under_no_map(tmp_path, table):
    pq.write_table(table.empty(), tmp_path / "x.parquet")
    columns = {"time": "time", "lat": "lat_deg", "lon": "lon_deg", "mmsi": "mmsi"}
    with pytest.raises(InputError, match=f"table '{table.name}' of an earlier run"):
        inspect_layout(tmp_path / "x.parquet", settings=ReadSettings(columns=columns))


def test_positions_may_have_a_flag_of_their_own(tmp_path):
    table = boat(412000001, [(0, 0, 0), (1, 1000, 0)])
    table = table.append_column("flag", pa.array(["PA"] * table.num_rows))
    pq.write_table(table, tmp_path / "x.parquet")
    assert sts.read(tmp_path / "x.parquet").positions.num_rows == table.num_rows
