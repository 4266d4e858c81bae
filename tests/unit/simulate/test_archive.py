"""Archives: exactly as many rows as asked for, in order of time, the same on every run, read back by the readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

import stsdetect as sts
from stsdetect.cli.app import cli
from stsdetect.errors import UsageError
from stsdetect.schema import POSITIONS
from stsdetect.simulate import START, Archive, read_truth, write_archive

ROWS = 60_000
#: Two days and a half of few vessels.
DAYS = Archive(80_000, seed=2, vessels=60)


def _all(archive: Archive) -> pa.Table:
    return pa.concat_tables(archive.blocks()).unify_dictionaries().combine_chunks()


def _seconds(table: pa.Table) -> np.ndarray:
    return table.column("time").cast(pa.int64()).to_numpy() // 1_000_000 - int(START.timestamp())


@pytest.fixture(scope="module")
def day() -> pa.Table:
    return _all(Archive(ROWS, seed=1))


@pytest.fixture(scope="module")
def days() -> pa.Table:
    return _all(DAYS)


@pytest.mark.parametrize("rows", [1, 7, 3_001])
def test_small_archives_have_the_rows_asked_for(rows: int) -> None:
    table = _all(Archive(rows, seed=3))
    assert table.num_rows == rows
    assert table.schema.equals(POSITIONS.arrow)


def test_a_day_has_the_rows_asked_for_in_order_of_time(day: pa.Table) -> None:
    assert day.num_rows == ROWS
    t = _seconds(day)
    assert 0 <= t.min() < 60
    assert 86_340 < t.max() < 86_400
    # Late rows are at most five minutes late, and few.
    assert (np.maximum.accumulate(t) - t).max() <= 300
    assert (np.diff(t) < 0).mean() < 0.03


def test_rows_are_spread_evenly_so_that_no_block_is_large() -> None:
    sizes = [block.num_rows for block in DAYS.blocks()]
    assert sum(sizes) == DAYS.rows
    assert max(sizes) < 1.5 * DAYS.rows / DAYS.n_blocks


def test_same_seed_same_archive_other_seed_other_archive(day: pa.Table) -> None:
    assert _all(Archive(ROWS, seed=1)).equals(day)
    assert not _all(Archive(ROWS, seed=2)).column("lat_deg").equals(day.column("lat_deg"))


def test_more_rows_are_more_days_of_the_same_vessels(days: pa.Table) -> None:
    number = _seconds(days) // 86_400
    assert number.max() == 2
    mmsi = days.column("mmsi").to_numpy()
    first, second = (set(mmsi[number == k].tolist()) for k in (0, 1))
    assert len(first & second) > 0.7 * len(second)


def test_full_days_are_like_those_of_the_real_archive() -> None:
    whole = Archive(10_000_000)
    assert whole.fleet_size == 15_000
    assert whole.n_blocks == 60  # a day and a quarter
    assert Archive(1_000_000).n_blocks == 48


def test_class_a_and_b_report_as_often_as_archives_keep_them(day: pa.Table) -> None:
    tracks = sts.build_tracks(day)
    fixes = tracks.fixes
    same = np.diff(fixes.column("vessel").combine_chunks().indices.to_numpy()) == 0
    step = np.diff(_seconds(fixes))[same]
    speed = fixes.column("sog_kn").to_numpy(zero_copy_only=False)[1:][same]
    assert np.median(step[speed > 4]) == pytest.approx(60, abs=3)
    assert np.median(step[speed < 0.3]) == pytest.approx(180, abs=5)


def test_dirt_is_there_and_flagged(day: pa.Table) -> None:
    counts = sts.build_tracks(day).quality_counts
    assert counts["ok"] > 0.95 * ROWS
    for flag in ("no_position", "repeat", "near_repeat", "teleport", "null_island"):
        assert 0 < counts[flag] < 0.02 * ROWS, flag


def test_planted_transfers_lead_the_ranking(day: pa.Table) -> None:
    archive = Archive(ROWS, seed=1)
    planted = {frozenset(one.vessels) for one in archive.truth if one.is_transfer}
    assert planted
    pairs = sts.detect(day).pairs_table
    found = list(zip(pairs.column("mmsi_a").to_pylist(), pairs.column("mmsi_b").to_pylist(), strict=True))
    assert {frozenset(map(str, pair)) for pair in found[: len(planted)]} == planted


def test_nothing_is_planted_in_less_than_a_day() -> None:
    assert Archive(500, vessels=60).truth == ()


def test_files_are_by_day_and_read_back_as_they_were_made(tmp_path: Path, days: pa.Table) -> None:
    paths = write_archive(DAYS, tmp_path, ["noaa", "noaa2025", "parquet"])
    assert [path.name for path in paths[:3]] == [f"AIS_2024_03_0{n}.csv" for n in (1, 2, 3)]
    assert len(paths) == 10
    for layout in ("noaa", "noaa2025", "parquet"):
        got = sts.read(tmp_path / layout)
        assert got.positions.num_rows == DAYS.rows
        assert got.rejects.num_rows == 0
        for name in ("mmsi", "time"):
            assert got.positions.column(name).equals(days.column(name)), (layout, name)
        lat = got.positions.column("lat_deg").to_numpy(zero_copy_only=False)
        there = days.column("lat_deg").to_numpy() != 91.0
        assert np.abs(lat - days.column("lat_deg").to_numpy())[there].max() < 6e-6
        assert got.positions.column("name").cast(pa.string()).equals(days.column("name").cast(pa.string()))


def test_truth_is_written_beside_the_files(tmp_path: Path) -> None:
    *_, path = write_archive(DAYS, tmp_path)
    truth = read_truth(path)
    assert truth == DAYS.truth
    assert truth[0].start >= START
    assert truth[0].end <= START + timedelta(days=1)


def test_same_bytes_from_the_command_line(tmp_path: Path) -> None:
    for name in ("one", "two"):
        words = ["simulate", "--preset", "archive", "--rows", "2000", "--seed", "4", "--out", str(tmp_path / name)]
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, done.output
    first, second = (tmp_path / name / "noaa" / "AIS_2024_03_01.csv" for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    assert len(first.read_bytes().splitlines()) == 2001


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rows": 0}, "give one or more"),
        ({"rows": 5, "vessels": 0}, "give one or more"),
        ({"rows": 5, "seed": -1}, "the seed is -1"),
        ({"rows": 5, "crowding": 0.0}, "cannot be"),
        ({"rows": 5, "silence": -1.0}, "cannot be"),
        ({"rows": 5, "start": datetime(2024, 3, 1)}, "midnight UTC"),
        ({"rows": 5, "start": datetime(2024, 3, 1, 6, tzinfo=UTC)}, "midnight UTC"),
    ],
)
def test_impossible_archives_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Archive(**fields)  # type: ignore[arg-type]


def test_an_archive_has_no_messages(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be written as 'nmea'; its layouts are noaa"):
        write_archive(Archive(10), tmp_path, ["nmea"])
    assert not list(tmp_path.iterdir())
