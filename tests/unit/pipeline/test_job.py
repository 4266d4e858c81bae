"""The whole job as a function: frames in, frames out, and the account of it."""

from __future__ import annotations

import errno
import json
import math
import os
import threading
from datetime import UTC, datetime

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.pipeline import manifest
from stsdetect.pipeline.output import KNOWN_FILES, staged
from stsdetect.readers import FileReport
from stsdetect.schema import EVENTS, PAIRS, POSITIONS
from tests.builders import TANKER, boat, join


@pytest.fixture(scope="module")
def positions() -> pa.Table:
    """Two tankers that come from two sides, lie together for four hours, and part."""
    a = boat(412000001, [(0, 20_000, 0), (1, 0, 0), (5, 0, 0), (6, -20_000, 0)], name="FIRST", **TANKER)
    b = boat(667000002, [(0, -20_000, 30), (1, 0, 30), (5, 0, 30), (6, 20_000, 30)], name="SECOND", **TANKER)
    return join(a, b)


def test_from_an_arrow_table(positions):
    result = sts.detect(positions)
    assert result.events_table.column_names == EVENTS.names
    assert result.pairs_table.column_names == PAIRS.names
    assert result.pairs_table.num_rows == 1
    assert result.files == ()
    assert result.run["rows"]["adds_up"]
    assert "events_table" in repr(result)
    assert len(repr(result)) < 100_000


def test_from_pandas_the_frame_is_not_changed(positions):
    frame = positions.to_pandas()
    before = frame.copy(deep=True)
    result = sts.detect(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert result.events_table.equals(sts.detect(positions).events_table)


def test_frames_keep_whole_numbers_and_places(positions):
    result = sts.detect(positions)
    events, pairs = result.events, result.pairs
    assert isinstance(events, geopandas.GeoDataFrame)
    assert events.crs.to_epsg() == 4326
    assert str(events["mmsi_b"].dtype) == "Int64"
    assert str(events["start_time"].dtype) == "datetime64[us, UTC]"
    np.testing.assert_allclose(events.geometry.x, events["lon_deg"])
    assert pairs.loc[0, "rank"] == 1
    weights = [reason["weight"] for reason in pairs.loc[0, "reasons"]]
    assert math.fsum(weights) == pytest.approx(pairs.loc[0, "log_odds"])
    events.loc[0, "kind"] = "changed"
    assert result.events.loc[0, "kind"] != "changed"


def test_frames_of_nothing():
    result = sts.detect(POSITIONS.empty())
    assert len(result.events) == len(result.pairs) == 0
    assert list(result.events.columns) == EVENTS.names
    assert list(result.pairs.columns) == PAIRS.names
    assert result.run["first_time"] is None


def test_nothing_kept_by_the_filters(positions):
    result = sts.detect(positions, since="2030-01-01")
    assert result.run["rows"]["filtered"] == positions.num_rows
    assert result.pairs_table.num_rows == 0


def test_since_and_until_take_text_and_times(positions):
    noon = datetime(2024, 3, 1, 14, tzinfo=UTC)
    by_time = sts.detect(positions, since=noon, until=datetime(2024, 3, 1, 16))
    by_text = sts.detect(positions, since="2024-03-01T15:00:00+01:00", until="2024-03-01T16:00:00")
    assert by_time.run["filters"] == by_text.run["filters"]
    assert by_time.events_table.equals(by_text.events_table)
    assert by_time.run["rows"]["kept"] == 2 * 120


def test_vessels(positions):
    result = sts.detect(positions, vessels=[412000001])
    assert result.run["counts"]["vessels"] == 1


def test_an_area_keeps_what_it_covers(positions):
    assert sts.detect(positions, bbox=(123.9, 30.9, 124.1, 31.1)).pairs_table.num_rows == 1
    assert sts.detect(positions, bbox=(10, 30, 20, 40)).pairs_table.num_rows == 0


def test_within_a_zone_is_a_filter(positions):
    near = sts.load_settings(context={"within_zone_km": 0})
    far = sts.load_settings(context={"within_zone_km": 20_000})
    assert sts.detect(positions, settings=far).pairs_table.num_rows == 1
    inside = sts.detect(positions, settings=near).events_table.to_pylist()
    assert all(event["zone_distance_km"] == 0 for event in inside if event["kind"] != "gap")


def test_progress_runs_through_the_stages(positions):
    calls = []
    sts.detect(positions, progress=lambda stage, done, total: calls.append((stage, done, total)))
    stages = list(dict.fromkeys(stage for stage, _, _ in calls))
    assert stages == ["read", "tracks", "detect", "context", "score"]
    assert all(0 <= done <= total or total == 0 for _, done, total in calls)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"formats": ["csv"]}, "formats need an output folder"),
        ({"formats": ["shp"], "out": "x"}, "no format 'shp'"),
        ({"bbox": (1, 2, 3)}, "must be four numbers"),
        ({"bbox": (1, 2, 3, float("nan"))}, "must be four numbers"),
        ({"bbox": (120, 50, 130, 40)}, "latitudes rising"),
        ({"since": "soon"}, "since is 'soon'"),
    ],
)
def test_wrong_arguments(positions, changes, message):
    with pytest.raises(sts.UsageError, match=message):
        sts.detect(positions, **changes)


def test_no_input():
    with pytest.raises(sts.UsageError, match="no input given"):
        sts.detect([])


def test_too_many_rejects_from_python():
    frame = pd.DataFrame(
        {"time": ["2024-03-01T00:00:00Z", "never", "never"], "lat_deg": 31.0, "lon_deg": 124.0, "mmsi": 412000001}
    )
    with pytest.raises(sts.TooManyRejectsError, match="2 of 3 rows were rejected"):
        sts.detect(frame)
    allowed = sts.detect(frame, settings=sts.load_settings(read={"max_reject_share": 1}))
    assert allowed.rejects.num_rows == 2


def test_workers_and_partitions_do_not_change_a_result(positions):
    whole = sts.detect(positions)
    cut = sts.detect(positions, settings=sts.load_settings(run={"partition_s": "1h"}))
    assert whole.events_table.equals(cut.events_table)
    assert whole.pairs_table.equals(cut.pairs_table)


def test_files_of_a_run(positions, tmp_path):
    result = sts.detect(positions, out=tmp_path / "out", formats=["csv"])
    assert all(path.is_file() for path in result.files)
    assert {path.name for path in result.files} <= set(KNOWN_FILES)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in result.files}
    assert json.loads((tmp_path / "out" / "run.json").read_text()) == result.run


def test_read_back_with_geopandas(positions, tmp_path):
    sts.detect(positions, out=tmp_path, page=False)
    frame = geopandas.read_parquet(tmp_path / "events.parquet")
    assert frame.crs.equals("OGC:CRS84") or frame.crs.to_epsg() == 4326
    assert len(frame) == sts.detect(positions).events_table.num_rows


def test_rows_that_do_not_add_up_are_a_bug():
    counted = manifest.count_rows([FileReport("a", None, "x", 1, 10, 5, 2, {"bad": 2}, ())])
    assert counted["adds_up"] is False
    assert counted["proof"] == "10 = 5 + 2 + 2"


def test_the_fast_hash_sees_size_and_both_ends(tmp_path):
    def of(data: bytes) -> str:
        (tmp_path / "x").write_bytes(data)
        return manifest.file_hash(tmp_path / "x")

    big = bytes(3 << 20)
    assert of(big) == of(big)
    assert of(big[:-1] + b"1") != of(big)
    assert of(b"1" + big[1:]) != of(big)
    assert of(big + b"\0") != of(big)
    assert of(b"ab") != of(b"ba")
    assert manifest.file_hash(tmp_path / "gone") == ""


def test_an_error_leaves_the_folder_as_it_was(tmp_path):
    out = tmp_path / "a" / "b"

    def fail():
        with staged(out) as aside:
            (aside / "events.parquet").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not (tmp_path / "a").exists()
    told = json.dumps({"schema": manifest.RUN_SCHEMA, "files": ["events.parquet", "rejects.parquet", "run.json"]})
    with staged(out) as aside:
        (aside / "events.parquet").write_text("old")
        (aside / "rejects.parquet").write_text("old")
        (aside / "run.json").write_text(told)
    with pytest.raises(ZeroDivisionError):
        fail()
    assert {path.name: path.read_text() for path in out.iterdir()} == {
        "events.parquet": "old",
        "rejects.parquet": "old",
        "run.json": told,
    }
    with staged(out) as aside:
        (aside / "events.parquet").write_text("new")
    assert {path.name: path.read_text() for path in out.iterdir()} == {"events.parquet": "new"}


def test_two_jobs_that_write_into_one_folder_take_turns(tmp_path, monkeypatch):
    """Their files do not mix, whichever is first: ``run.json`` vouches for all of them."""
    pytest.importorskip("fcntl")
    begun, on = threading.Event(), threading.Event()
    replace, names = os.replace, ("events.parquet", "pairs.parquet", "run.json")

    def text(job, name):
        told = {"schema": manifest.RUN_SCHEMA, "files": names, "job": job}
        return json.dumps(told) if name == "run.json" else job

    def slow(source, target):
        replace(source, target)
        if threading.current_thread().name == "first" and not begun.is_set():
            begun.set()
            assert on.wait(60)

    def publish():
        with staged(tmp_path) as aside:
            for name in names:
                (aside / name).write_text(text(threading.current_thread().name, name))

    monkeypatch.setattr("stsdetect.pipeline.output.os.replace", slow)
    first, second = (threading.Thread(target=publish, name=name) for name in ("first", "second"))
    first.start()
    assert begun.wait(60)
    second.start()
    second.join(0.5)
    waits = second.is_alive()
    on.set()
    for one in (first, second):
        one.join(60)
    assert waits
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {n: text("second", n) for n in names}


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def none(*args):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with staged(tmp_path) as aside:
        (aside / "run.json").write_text("1")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def harbour(hulls: int, lat: float = 40.684, lon: float = -74.02) -> list[pa.Table]:
    """Hulls moored side by side in New York harbour for five hours."""
    return [boat(367000001 + k, [(0, 12 * k, 0), (5, 12 * k, 0)], origin=(lat, lon), noise_m=3) for k in range(hulls)]


def test_a_harbour_is_summed_up_and_said(tmp_path):
    a = boat(412000001, [(0, 20_000, 0), (1, 0, 0), (5, 0, 0), (6, -20_000, 0)], origin=(40.2, -73.5), **TANKER)
    b = boat(667000002, [(0, -20_000, 30), (1, 0, 30), (5, 0, 30), (6, 20_000, 30)], origin=(40.2, -73.5), **TANKER)
    table = join(a, b, *harbour(12))
    result = sts.detect(table, out=tmp_path / "out")
    pairs = result.pairs_table.select(["vessel_a", "vessel_b"]).to_pylist()
    assert pairs == [{"vessel_a": "412000001", "vessel_b": "667000002"}]
    (row,) = result.berths.to_pylist()
    assert (row["n_vessels"], row["n_pairs"]) == (12, 66)
    assert row["vessels"] == [str(367000001 + k) for k in range(12)]
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["summed_up"] == {
        "berth_areas": 1, "area_days": 1, "vessels": 12, "pairs_by_day": 66, "vessel_hours": row["vessel_hours"]
    } | {"vessel_hours": pytest.approx(row["vessel_hours"], abs=0.1)}  # fmt: skip
    assert "berths.parquet" in run["files"]
    every = sts.detect(table, settings=sts.load_settings(context={"berth_crowd_hulls": 100}))
    assert every.pairs_table.num_rows == 67
    assert every.berths.num_rows == 0
    alone = sts.detect(join(a, b))
    own = alone.events_table.drop_columns(["still_nearby"])
    met = result.events_table.drop_columns(["still_nearby"]).to_pylist()
    assert [row for row in met if row["vessel_a"] in ("412000001", "667000002")] == own.to_pylist()
