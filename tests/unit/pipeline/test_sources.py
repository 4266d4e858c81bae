"""Where events come from: file and row of each vessel's first and last fix."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import stsdetect as sts
from stsdetect.pipeline.sources import SourcePart, Sources
from stsdetect.schema import POSITIONS, SOURCES, TIME
from stsdetect.simulate import simulate, write
from stsdetect.store import Shelf
from tests.builders import boat, join

archive = import_module("stsdetect.pipeline.archive")


def world() -> pa.Table:
    """Two boats that lie together for hours, one of them then silent for a day."""
    a = boat(440000001, [(0, 0, 0), (9, 0, 0)], every_s=300)
    path = [(0, 5000, 0), (1, 60, 0), (8, 60, 0), (9, 5000, 0), (40, 5000, 0)]
    b = boat(440000002, path, every_s=420, silent=[(9, 30)])
    return join(a, b)


def numbered(table: pa.Table, file: str = "x.csv") -> pa.Table:
    size = table.num_rows
    columns = {name: table.column(name) for name in table.column_names}
    return POSITIONS.table({**columns, "source_file": pa.array([file] * size), "source_row": np.arange(2, size + 2)})


def test_each_vessel_has_its_first_and_last_fix_in_the_event():
    table = numbered(world())
    result = sts.detect(table)
    rows = {row["source_row"]: row for row in table.to_pylist()}
    events = {row["event_id"]: row for row in result.events_table.to_pylist()}
    assert {event["kind"] for event in events.values()} >= {"encounter", "gap", "loitering"}
    sides = sum(2 if event["vessel_b"] else 1 for event in events.values())
    assert result.sources.num_rows == 2 * sides
    assert result.sources.schema == SOURCES.arrow
    for source in result.sources.to_pylist():
        event, row = events[source["event_id"]], rows[source["source_row"]]
        assert (row["time"], f"{row['mmsi']:09d}") == (source["time"], source["vessel"])
        assert source["vessel"] == event[f"vessel_{source['side']}"]
        times = [
            other["time"]
            for other in rows.values()
            if other["mmsi"] == row["mmsi"] and event["start_time"] <= other["time"] <= event["end_time"]
        ]
        if event["kind"] == "dark_rendezvous":  # of silence: there is no fix, and those around it stand
            times = times or [source["time"]]
        assert source["time"] == (min(times) if source["which"] == "first" else max(times))
    keys = list(zip(*(result.sources.column(name).to_pylist() for name in ("event_id", "side", "which")), strict=True))
    assert keys == sorted(keys)


def test_without_a_fix_in_the_event_those_around_it_stand():
    fixes = pa.table({"time": pa.array([100, 200, 50, 300], pa.uint32()), "row": pa.array([7, 8, 9, 10], pa.int32())})
    with Shelf(10**6) as shelf:
        sources = Sources(shelf)
        sources.put(SourcePart(["x", "y"], np.array([2, 4]), fixes))
        times = {"start_time": [120, 150, 10], "end_time": [180, 500, 40]}
        events = pa.table(
            {
                "event_id": ["e1", "e2", "e3"],
                "vessel_a": ["x", "x", "x"],
                "vessel_b": ["y", None, "y"],
                **{name: pa.array([s * 1_000_000 for s in values]).cast(TIME) for name, values in times.items()},
            }
        )
        found = sources.table(events, [])
    rows = [(r["event_id"], r["side"], r["which"], r["source_row"], r["source_file"]) for r in found.to_pylist()]
    assert rows == [
        ("e1", "a", "first", 7, None), ("e1", "a", "last", 8, None),
        ("e1", "b", "first", 9, None), ("e1", "b", "last", 10, None),
        ("e2", "a", "first", 8, None), ("e2", "a", "last", 8, None),
        ("e3", "a", "first", 7, None), ("e3", "a", "last", 7, None),
        ("e3", "b", "first", 9, None), ("e3", "b", "last", 9, None),
    ]  # fmt: skip


def test_of_exact_repeats_the_least_file_and_row_stand():
    table = world()
    once = numbered(table, "b.csv")
    repeated = pa.concat_tables([numbered(table, "c.csv"), once, numbered(table, "a.csv").slice(0, 30)])
    shuffled = repeated.take(pa.array(np.random.default_rng(5).permutation(repeated.num_rows)))
    found = sts.detect(shuffled).sources
    assert found.equals(sts.detect(repeated).sources)
    early = pc.less_equal(found.column("source_row"), 31)
    assert set(found.filter(early).column("source_file").to_pylist()) == {"a.csv"}
    assert set(found.filter(pc.invert(early)).column("source_file").to_pylist()) == {"b.csv"}


def test_times_that_are_no_whole_seconds_and_rows_beyond_32_bits_survive():
    table = world()
    columns = {name: table.column(name) for name in table.column_names}
    later = pc.add(table.column("time").cast(pa.int64()), 123_457).cast(table.schema.field("time").type)
    rows = np.arange(table.num_rows) + (1 << 40)
    columns |= {"time": later, "source_file": pa.array(["x"] * table.num_rows), "source_row": rows}
    big = POSITIONS.table(columns)
    found = sts.detect(big).sources
    assert min(found.column("source_row").to_pylist()) >= 1 << 40
    assert {time.microsecond for time in found.column("time").to_pylist()} == {123_457}


@pytest.mark.parametrize("shelf_bytes", [0, 10**9])
def test_files_are_told_apart_also_from_disk(tmp_path: Path, monkeypatch, shelf_bytes):
    paths = [path for path in write(simulate("sample", seed=1), tmp_path, layouts=["noaa"]) if path.suffix == ".csv"]
    lines = paths[0].read_text().splitlines()
    half = len(lines) // 2
    (tmp_path / "in").mkdir()
    for name, part in (("one.csv", lines[:half]), ("two.csv", lines[:1] + lines[half:])):
        (tmp_path / "in" / name).write_text("\n".join(part) + "\n")
    room = archive.Room(2, shelf_bytes, 10**8, 1000)
    monkeypatch.setattr(archive.Room, "of", lambda settings: room)
    result = sts.detect(tmp_path / "in", out=tmp_path / "out", keep_fixes=False)
    sources = pq.read_table(tmp_path / "out" / "sources.parquet")
    assert sources.num_rows == result.sources.num_rows > 0
    for row in sources.to_pylist():
        text = Path(row["source_file"]).read_text().splitlines()[row["source_row"] - 1]
        assert text.startswith(f"{int(row['vessel'].partition('#')[0])},{row['time']:%Y-%m-%dT%H:%M:%S},")
    assert len(set(sources.column("source_file").to_pylist())) == 2


def test_nothing_found_is_an_empty_table():
    assert sts.detect(POSITIONS.empty()).sources.equals(SOURCES.empty())
