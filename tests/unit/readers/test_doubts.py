"""Doubts about files: none about right ones, one for each planted fault the data can show, never a changed value."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stsdetect.readers import Doubt, read, stream
from stsdetect.readers.suspicion import Sketch, Suspicion, dates, sample, zone_doubts, zones
from stsdetect.readers.suspicion.legs import Evidence
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings
from stsdetect.simulate import simulate, write
from tests.builders import boat, join
from tests.contract.test_real_files import FILES, START, Read

DATA = os.environ.get("STSDETECT_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="STSDETECT_TEST_DATA names no folder of real files")
READ = {path: want for path, want in FILES if isinstance(want, Read)}


def put(table: pa.Table, **columns: pa.ChunkedArray) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def times(name: str, factor: float) -> Callable[[pa.Table], pa.Table]:
    return lambda table: put(table, **{name: pc.multiply(table.column(name), factor)})


FAULTS: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "swapped": ("lat_lon_swapped", lambda t: put(t, lat_deg=t["lon_deg"], lon_deg=t["lat_deg"])),
    "west as east": ("sign_lost", lambda t: put(t, lon_deg=pc.negate(t["lon_deg"]))),
    "south as north": ("sign_lost", lambda t: put(t, lat_deg=pc.negate(t["lat_deg"]))),
    "tenths of a knot": ("speed_unit", times("sog_kn", 10.0)),
    "m/s": ("speed_unit", times("sog_kn", 1852 / 3600)),
    "km/h": ("speed_unit", times("sog_kn", 1.852)),
    "tenths taken twice": ("speed_unit", times("sog_kn", 0.1)),
    "tenths of a degree": ("course_unit", times("cog_deg", 10.0)),
    "course and heading": (
        "course_heading_swapped",
        lambda t: put(t, cog_deg=t["heading_deg"], heading_deg=t["cog_deg"]),
    ),
    "tenths of a metre": ("draught_unit", times("draught_m", 10.0)),
    "minutes": (
        "place_unit",
        lambda t: put(t, lat_deg=pc.multiply(t["lat_deg"], 600_000), lon_deg=pc.multiply(t["lon_deg"], 600_000)),
    ),
}
#: What the data of a file cannot show: it has no such column, or no vessel with two fixes within ten minutes.
STEPS = {"west as east", "south as north", "m/s", "km/h", "tenths taken twice"}
HIDDEN = {
    "noaa/AIS_2022_01_03_first_25_min.csv.gz": set(),
    "noaa/one_row_per_vessel_2023-01-11.csv": STEPS,
    # One ship that goes one way: its mirror image goes one way as well.
    "dma/ferry_26_columns.csv": {"west as east", "south as north"},
    "nmea/kystverket_1000_lines.nm4": {"swapped", *STEPS},
    "nmea/danish_pghp_stream.txt": set(),
    "nordic/nordic_baltic_snapshots.csv.gz": {"swapped", "tenths of a metre", *STEPS},
    "solent/solent_84_min.csv.gz": {"course and heading", "tenths of a metre"},
}


def doubts_of(table: pa.Table, rows: int = 50_000) -> tuple[Doubt, ...]:
    suspicion = Suspicion()
    for first in range(0, table.num_rows, rows):
        suspicion.look(table.slice(first, rows))
    return suspicion.doubts()


def kinds(doubts: tuple[Doubt, ...]) -> list[str]:
    return [doubt.kind for doubt in doubts]


@cache
def real(path: str) -> pa.Table:
    return read(f"{DATA}/{path}", settings=ReadSettings(**READ[path].settings)).positions


@needs_data
@pytest.mark.parametrize("path", READ)
def test_no_doubt_about_a_real_file(path):
    got = read(f"{DATA}/{path}", settings=ReadSettings(**READ[path].settings))
    assert [file.doubts for file in got.files] == [()]


@needs_data
def test_no_doubt_about_real_files_beside_each_other():
    # Of the logs without times only one can begin at the start given.
    logs = [path for path in sorted(Path(DATA, "nmea").rglob("*.*")) if path.stem not in ("mixed_types", "multi-part")]
    got = read([f"{DATA}/noaa", f"{DATA}/dma", *logs], settings=ReadSettings(start_time=START))
    assert len(got.files) >= 15
    assert {file.doubts for file in got.files} == {()}


@needs_data
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", HIDDEN)
def test_a_fault_planted_in_a_real_file_is_doubted(path, fault):
    kind, plant = FAULTS[fault]
    found = kinds(doubts_of(plant(real(path))))
    assert found == ([] if fault in HIDDEN[path] else [kind])


@cache
def world() -> pa.Table:
    return simulate("sample", seed=4).positions


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_planted_in_a_simulated_world_is_doubted(fault):
    kind, plant = FAULTS[fault]
    assert doubts_of(world()) == ()
    assert kinds(doubts_of(plant(world()))) == [kind]


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_no_doubt_about_simulated_exports(tmp_path, seed):
    write(simulate("sample", seed=seed), tmp_path)
    got = read(tmp_path)
    assert len(got.files) >= 4
    assert [file.doubts for file in got.files] == [()] * len(got.files)


def ships(n: int, speed_kn: float = 12.0, origin: tuple[float, float] = (48.0, -7.0), **columns: object) -> pa.Table:
    """Ships that go all ways from one place for an hour, each with its course and speed over ground."""
    tables = []
    for k in range(n):
        angle = 2 * np.pi * (k + 0.3) / n
        far = speed_kn * 1852
        path = [(0, 0, 0), (1, far * np.sin(angle), far * np.cos(angle))]
        given = {"sog_kn": speed_kn, "cog_deg": np.degrees(angle) % 360, **columns}
        tables.append(boat(200_000_000 + k, path, every_s=120, origin=origin, **given))
    return join(*tables)


def test_a_sign_lost_in_a_part_of_a_file_is_doubted():
    # The same fleet west and east of Greenwich; all longitudes are written as east.
    table = join(
        ships(12, origin=(48.0, -7.0)),
        put(ships(12), mmsi=pc.add(ships(12)["mmsi"], 100), lon_deg=pc.add(ships(12)["lon_deg"], 14.0)),
    )
    assert doubts_of(table) == ()
    (doubt,) = doubts_of(put(table, lon_deg=pc.abs(table["lon_deg"])))
    assert doubt.kind == "sign_lost"
    assert "west written as east" in doubt.sentence


def test_without_courses_speeds_show_an_exchange():
    table = put(ships(12), cog_deg=pa.chunked_array([pa.nulls(ships(12).num_rows, pa.float64())]))
    assert doubts_of(table) == ()
    (doubt,) = doubts_of(FAULTS["swapped"][1](table))
    assert doubt.kind == "lat_lon_swapped"
    assert "as fast as their speed over ground only if so" in doubt.sentence


def test_the_evidence_is_in_the_sentence():
    (doubt,) = doubts_of(ships(9, sog_kn=120.0))
    assert doubt.sentence.startswith("speeds may be in tenths of a knot (0.1kn): 9 of 9 vessels under way")
    assert "10 times their speed from positions (median; quartiles 10 and 10), 0 about 1" in doubt.sentence


def test_a_few_odd_vessels_are_no_doubt():
    odd = put(ships(2, sog_kn=120.0), mmsi=pc.add(ships(2)["mmsi"], 1000))
    assert doubts_of(join(ships(30), FAULTS["swapped"][1](odd))) == ()


def test_vessels_without_an_mmsi_are_told_apart_by_their_own_id():
    table = ships(9, sog_kn=120.0 / 1.9438)
    own = pc.binary_join_element_wise("ship", table["mmsi"].cast(pa.string()), " ").cast(
        POSITIONS.arrow.field("vessel_id").type
    )
    table = put(table, vessel_id=own, mmsi=pa.chunked_array([pa.nulls(table.num_rows, pa.int64())]))
    assert kinds(doubts_of(table, rows=7)) == []
    assert kinds(doubts_of(put(table, sog_kn=pc.multiply(table["sog_kn"], 1.9438)), rows=7)) == ["speed_unit"]


def test_empty_and_hostile_numbers():
    assert doubts_of(POSITIONS.empty()) == ()
    odd = [np.nan, np.inf, -np.inf, 1e308, -1e308, 0.0, 91.0, 181.0]
    n = len(odd) ** 2
    lat, lon = (np.array(values).ravel() for values in np.meshgrid(odd, odd))
    table = POSITIONS.table(
        {
            "mmsi": pa.array([1] * n),
            "time": pa.array(np.arange(n) * 30_000_000, POSITIONS.arrow.field("time").type),
            **dict.fromkeys(("lat_deg", "sog_kn", "heading_deg"), lat),
            **dict.fromkeys(("lon_deg", "cog_deg", "draught_m"), lon),
        }
    )
    doubts_of(table)


def test_blocks_that_are_alike_and_any_cut_give_the_same_doubts(tmp_path):
    for path in write(FakeWorld(times("sog_kn", 10.0)(world())).world, tmp_path, layouts=["noaa"]):
        if path.suffix == ".csv":
            plain, hints = read(path), stream(path, hints=True)
            assert sum(block.num_rows for block in hints) == plain.positions.num_rows
            assert kinds(plain.files[0].doubts) == ["speed_unit"]
            assert hints.result().files[0].doubts == plain.files[0].doubts == doubts_of(plain.positions, 999)


class FakeWorld:
    """A simulated world with other positions."""

    def __init__(self, table: pa.Table) -> None:
        from dataclasses import replace

        self.world = replace(simulate("sample", seed=4), positions=table)


def test_of_a_large_file_a_bounded_sample_is_looked_at(monkeypatch):
    monkeypatch.setattr(sample, "CHUNK", 100)
    seen = []
    monkeypatch.setattr(sample.Suspicion, "_judge_rows", lambda self, rows: seen.append(rows["time"][[0, -1]]))
    table = POSITIONS.table(
        {"mmsi": pa.array([1] * 10_000), "time": pa.array(range(10_000), POSITIONS.arrow.field("time").type)}
    )
    doubts_of(table, rows=333)
    assert [part.tolist() for part in seen] == [[0, 99], [400, 499], [1600, 1699], [6400, 6499]]


DMA = "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,SOG,COG\n"


def dma_text(table: pa.Table, form: str) -> str:
    """The fleet as the Danish export, with dates in this form."""
    lines = [
        f"{row['time']:{form} %H:%M:%S},Class A,{row['mmsi']},{row['lat_deg']:.6f},"
        f"{row['lon_deg']:.6f},{row['sog_kn']},{row['cog_deg']:.1f}"
        for row in table.sort_by("time").to_pylist()
    ]
    return DMA + "\n".join(lines) + "\n"


def from_day(table: pa.Table, days: float) -> pa.Table:
    """Reports begin so many days later than noon of 1 March 2024."""
    later = pc.add(table["time"].cast(pa.int64()), round(days * 86_400_000_000))
    return put(table, time=later.cast(table.schema.field("time").type))


def doubts_of_text(tmp_path: Path, text: str, **settings: object) -> tuple[Doubt, ...]:
    (tmp_path / "x.csv").write_text(text)
    return read(tmp_path / "x.csv", settings=ReadSettings(**settings)).files[0].doubts


def test_dates_that_are_rejected_the_way_they_are_read(tmp_path):
    # 11 to 14 March with the month first: the 11th and 12th are read as in November and December, the rest rejected.
    table = from_day(boat(1, [(0, 0, 0), (72, 9000, 0)], every_s=600, sog_kn=0.1, cog_deg=90.0), 10)
    assert doubts_of_text(tmp_path, dma_text(table, "%d/%m/%Y")) == ()
    (doubt,) = doubts_of_text(tmp_path, dma_text(table, "%m/%d/%Y"))
    assert doubt.kind == "day_month_swapped"
    assert "217 rows were rejected whose dates are dates only if so" in doubt.sentence


def test_dates_that_jump_by_months_and_fit_together_otherwise(tmp_path):
    table = from_day(ships(5), 1.48)  # over midnight from 2 to 3 March
    assert doubts_of_text(tmp_path, dma_text(table, "%d/%m/%Y")) == ()
    (doubt,) = doubts_of_text(tmp_path, dma_text(table, "%m/%d/%Y"))
    assert doubt.kind == "day_month_swapped"
    assert "the 2 days looked at lie months apart as read and within 2 days if so" in doubt.sentence


def test_one_day_of_each_month_is_no_exchange(tmp_path):
    # Whole days, the first of three months: elsewhere after each midnight.
    parts = []
    for k, days in enumerate((0, 31, 61)):
        part = from_day(ships(5, origin=(48.0 + k, -7.0)), days - 0.5)
        full = from_day(ships(5, origin=(48.5 + k, -7.0)), days + 0.5 - 1 / 24)
        parts += [part, full]
    assert doubts_of_text(tmp_path, dma_text(join(*parts), "%d/%m/%Y")) == ()


def test_exchanged_days():
    days = np.array(["2024-03-04", "2024-12-01", "2023-12-12", "2024-01-13", "1999-02-11"], "datetime64[D]")
    other, valid = dates.exchanged(days.astype(np.int64))
    assert valid.tolist() == [True, True, True, False, True]
    assert [str(np.datetime64(int(d), "D")) for d in other[valid]] == [
        "2024-04-03",
        "2024-01-12",
        "2023-12-12",
        "1999-11-02",
    ]


def test_a_midnight_late_in_a_large_file_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "CHUNK", 64)
    table = from_day(ships(5), 1.48)
    (doubt,) = doubts_of_text(tmp_path, dma_text(table, "%m/%d/%Y"))
    assert doubt.kind == "day_month_swapped"


def test_no_value_is_changed(tmp_path):
    wrong = times("sog_kn", 10.0)(ships(9))
    got = read(wrong)
    assert kinds(got.files[0].doubts) == ["speed_unit"]
    assert got.positions["sog_kn"].to_pylist() == wrong["sog_kn"].to_pylist()
    assert all(a <= b for a, b in pairwise(got.positions["source_row"].to_pylist()))


def two_files(tmp_path: Path, one: pa.Table, two: pa.Table) -> list[tuple[Doubt, ...]]:
    (tmp_path / "one.csv").write_text(dma_text(one, "%d/%m/%Y"))
    (tmp_path / "two.csv").write_text(dma_text(two, "%d/%m/%Y"))
    return [file.doubts for file in read([tmp_path / "one.csv", tmp_path / "two.csv"]).files]


def test_the_same_reports_two_hours_apart_in_two_files(tmp_path):
    fleet = ships(6)
    assert two_files(tmp_path, fleet, fleet) == [(), ()]
    ((one,), (two,)) = two_files(tmp_path, fleet.slice(0, 150), from_day(fleet, 2 / 24 + 3e-5))
    assert (one.kind, two.kind) == ("time_zone", "time_zone")
    assert "150 of 150 reports of 5 moving vessels that stand in both lie 2 h earlier here" in one.sentence
    assert "two.csv" in one.sentence
    assert "lie 2 h later here" in two.sentence
    assert "one.csv" in two.sentence


@pytest.mark.parametrize(
    "other",
    [
        lambda t: from_day(t, 0.37 / 24),  # no zone differs by 22 minutes
        lambda t: from_day(t, 2.0),  # the same voyage two days later
        lambda t: from_day(ships(2), 2 / 24),  # two vessels alone
        lambda t: put(from_day(t, 2 / 24), sog_kn=pc.multiply(t["sog_kn"], 0.0)),  # at rest a place says no time
        lambda t: join(t, POSITIONS.conform(from_day(t.slice(0, 100), 2 / 24))),  # most of them at the same time
    ],
)
def test_other_differences_are_no_zone(tmp_path, other):
    assert [kinds(doubts) for doubts in two_files(tmp_path, ships(6), other(ships(6)))] == [[], []]


def test_sketches_of_large_files_keep_the_same_vessels(monkeypatch):
    monkeypatch.setattr(zones, "MOST_REPORTS", 100)
    fleet = ships(40)
    sketches = [Sketch(), Sketch()]
    for sketch, table, size in zip(
        sketches, (fleet, fleet.take(pa.array(np.arange(fleet.num_rows)[::-1]))), (70, 500), strict=True
    ):
        for first in range(0, table.num_rows, size):
            sketch.add(Suspicion()._columns(table.slice(first, size)))
    kept = [set(map(tuple, sketch.reports.T.tolist())) for sketch in sketches]
    small, large = sorted(kept, key=len)
    assert small <= large
    assert 31 <= len(small) <= len(large) <= 100
    assert all(sum(report[0] == vessel for report in large) == 31 for vessel in {report[0] for report in large})


def test_only_so_many_files_are_compared(monkeypatch):
    sketch = Sketch()
    sketch.add(Suspicion()._columns(ships(6)))
    later = Sketch()
    later.add(Suspicion()._columns(from_day(ships(6), 1 / 24)))
    assert sorted(zone_doubts([("a", sketch), ("b", Sketch()), ("c", later)])) == [0, 2]
    monkeypatch.setattr(zones, "MOST_FILES", 2)
    assert zone_doubts([("a", sketch), ("b", Sketch()), ("c", later)]) == {}


def test_of_very_many_vessels_some_are_looked_at_whole(monkeypatch):
    looked = []
    found = Evidence.of
    monkeypatch.setattr(Evidence, "of", lambda rows: (looked.append(rows["vessel"]), found(rows))[1])
    fleet = ships(600, sog_kn=120.0).sort_by("time")
    (doubt,) = doubts_of(fleet)
    assert doubt.kind == "speed_unit"
    vessels, rows = np.unique(looked[0], return_counts=True)
    assert 50 <= vessels.size <= 300
    assert set(rows.tolist()) == {31}
