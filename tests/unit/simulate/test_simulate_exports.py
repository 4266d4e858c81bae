"""Exports: each layout read back by a plain parser gives the world, up to the layout's rounding."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyais import decode

from stsdetect.errors import InputError, UsageError
from stsdetect.simulate import CORE, World, read_truth, simulate, write, write_sample
from stsdetect.simulate.forms import DMA_HEADER, NOAA2025_HEADER, NOAA_HEADER
from stsdetect.simulate.hulls import HOSTILE_NAMES


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "hostile"])
def world(request: pytest.FixtureRequest) -> World:
    return simulate("sample", seed=5, hostile_names=request.param)


@pytest.fixture(scope="module")
def written(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exports")
    write(world, out)
    return out


def _rows(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    rows: list[dict[str, str]] = []
    header: list[str] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows += list(reader)
            header = list(reader.fieldnames or [])
    assert all(None not in row and None not in row.values() for row in rows)
    return header, rows


def _by_day(world: World) -> list[dict[str, Any]]:
    rows = world.positions.to_pylist()
    return sorted(rows, key=lambda row: row["time"].date())


def _n(text: str) -> float | None:
    return float(text) if text else None


def test_noaa_round_trip(world: World, written: Path) -> None:
    header, rows = _rows(written / "noaa")
    assert ",".join(header) == NOAA_HEADER
    truth = _by_day(world)
    assert len(rows) == len(truth)
    for row, true in zip(rows, truth, strict=True):
        assert int(row["MMSI"]) == true["mmsi"]
        assert row["BaseDateTime"] == true["time"].strftime("%Y-%m-%dT%H:%M:%S")
        assert float(row["LAT"]) == pytest.approx(true["lat_deg"], abs=5.1e-6)
        assert float(row["LON"]) == pytest.approx(true["lon_deg"], abs=5.1e-6)
        assert (_n(row["SOG"]), _n(row["COG"]), _n(row["Heading"])) == (
            true["sog_kn"],
            true["cog_deg"],
            true["heading_deg"],
        )
        assert row["VesselName"] == (true["name"] or "")
        assert row["IMO"] == (f"IMO{true['imo']}" if true["imo"] else "")
        assert (_n(row["Length"]), _n(row["Width"])) == (true["length_m"], true["width_m"])
        assert _n(row["Draft"]) == true["draught_m"]
        assert row["VesselType"] == f"{true['ship_type']}.0"
        assert row["TransceiverClass"] == true["transceiver"]


def test_noaa_2025_round_trip(world: World, written: Path) -> None:
    header, rows = _rows(written / "noaa2025")
    assert ",".join(header) == NOAA2025_HEADER
    for row, true in zip(rows, _by_day(world), strict=True):
        assert row["base_date_time"] == true["time"].strftime("%Y-%m-%d %H:%M:%S")
        if true["lat_deg"] == 91:
            assert row["latitude"] == row["longitude"] == row["sog"] == row["heading"] == ""
            continue
        assert float(row["longitude"]) == pytest.approx(true["lon_deg"], abs=5.1e-6)
        assert _n(row["sog"]) == (None if true["sog_kn"] == 102.3 else true["sog_kn"])
        assert _n(row["heading"]) == (None if true["heading_deg"] == 511 else true["heading_deg"])
        assert row["vessel_name"] == (true["name"] or "").replace(",", "").replace("'", "")


def test_dma_round_trip(world: World, written: Path) -> None:
    header, rows = _rows(written / "dma")
    assert ",".join(header) == DMA_HEADER
    static = [row for row in rows if row["Latitude"] == "91.000000" and row["Longitude"] == "0.000000"]
    assert {int(row["MMSI"]) for row in static} == set(world.positions.column("mmsi").to_pylist())
    skip = {id(row) for row in static}
    rows = [row for row in rows if id(row) not in skip]
    for row, true in zip(rows, _by_day(world), strict=True):
        assert row["# Timestamp"] == true["time"].strftime("%d/%m/%Y %H:%M:%S")
        assert float(row["Latitude"]) == pytest.approx(true["lat_deg"], abs=5.1e-7)
        sides = [float(row[side]) for side in "ABCD"]
        # The Danish order is bow, stern, starboard, port.
        assert sides == [true["to_bow_m"], true["to_stern_m"], true["to_starboard_m"], true["to_port_m"]]
        assert row["Name"] == (true["name"] or "Unknown")
        assert row["IMO"] == str(true["imo"] or "Unknown")
        assert _n(row["Draught"]) == true["draught_m"]
        assert row["Type of mobile"] == f"Class {true['transceiver']}"
        assert row["Navigational status"] == {
            0: "Under way using engine",
            1: "At anchor",
            5: "Moored",
            7: "Engaged in fishing",
            None: "Unknown value",
        }.get(true["nav_status"], row["Navigational status"])


def test_nmea_round_trip(world: World, written: Path) -> None:
    (path,) = (written / "nmea").glob("*.nm4")
    held: list[bytes] = []
    positions, statics = [], {}
    for line in path.read_text(encoding="ascii").splitlines():
        _, tag, sentence = line.split("\\")
        second = int(tag.split("*")[0].removeprefix("c:"))
        held.append(sentence.encode())
        if sentence.split(",")[1] != sentence.split(",")[2]:
            continue
        message = decode(*held).asdict()
        held = []
        if message["msg_type"] in (1, 18):
            positions.append((second, message))
        else:
            statics.setdefault(message["mmsi"], {}).update(message)
    truth = world.positions.to_pylist()
    assert len(positions) == len(truth)
    for (second, message), true in zip(positions, truth, strict=True):
        assert datetime.fromtimestamp(second, UTC) == true["time"]
        assert int(message["mmsi"]) == true["mmsi"]
        assert message["lat"] == pytest.approx(true["lat_deg"], abs=1e-6)
        assert message["lon"] == pytest.approx(true["lon_deg"], abs=1e-6)
        assert (message["speed"], message["course"]) == (true["sog_kn"], true["cog_deg"])
        assert message["heading"] == true["heading_deg"]
    for true in truth:
        said = statics[true["mmsi"]]
        assert said.get("shipname", "") == (true["name"] or "")
        assert said["ship_type"] == true["ship_type"]
        assert (said["to_bow"], said["to_starboard"]) == (true["to_bow_m"], true["to_starboard_m"])


def test_parquet_is_the_table_itself(world: World, written: Path) -> None:
    back = pq.read_table(written / "parquet" / "positions.parquet")
    assert back.to_pylist() == world.positions.to_pylist()


def test_truth_file(world: World, written: Path) -> None:
    document = json.loads((written / "truth.json").read_text())
    assert set(document) == {"schema", "preset", "seed", "version", "start", "rows", "layouts", "planted"}
    assert document["layouts"] == list(CORE)
    assert read_truth(written / "truth.json") == world.truth
    for row in document["planted"]:
        assert row["kind"] in {"encounter", "loitering", "gap", "decoy"}
        assert all(vessel.isdigit() and len(vessel) == 9 for vessel in row["vessels"])
        assert row["start"] < row["end"]


def test_hostile_names_are_ais_text() -> None:
    allowed = set(" !\"#$%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_")
    for name in HOSTILE_NAMES:
        assert len(name) <= 20
        assert set(name) <= allowed
        assert name == name.strip()


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first = write_sample(tmp_path / "a", seed=9)
    second = write_sample(tmp_path / "b", seed=9)
    assert [path.relative_to(tmp_path / "a") for path in first] == [path.relative_to(tmp_path / "b") for path in second]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))
    assert not list(tmp_path.rglob("*.part"))


def test_sample_is_small_and_complete(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, seed=0)
    assert {path.parent.name for path in paths[:-1]} == {"noaa", "noaa2025", "dma", "nmea"}
    assert sum(path.stat().st_size for path in paths) < 5_000_000
    planted = json.loads(paths[-1].read_text())["planted"]
    wanted = {
        "alongside_drifting", "under_way", "repeat", "convoy", "anchor_neighbours", "pair_trawlers", "pilot",
        "berth_raft", "silence", "drifting_alone",
    }  # fmt: skip
    assert wanted <= {one["family"] for one in planted}
    days = sum(float(t.t_s[-1] - t.t_s[0]) for t in simulate("sample").tracks.values()) / 86_400
    assert 7 <= days <= 13
    layouts = [{str(n) for n in _mmsi_of(paths, name)} for name in ("noaa", "noaa2025", "dma")]
    assert not layouts[0] & layouts[1]
    assert not layouts[1] & layouts[2]


def _mmsi_of(paths: list[Path], layout: str) -> set[str]:
    _, rows = _rows(next(path.parent for path in paths if path.parent.name == layout))
    return {row.get("MMSI") or row["mmsi"] for row in rows}


def test_wrong_layout_and_unwritable_folder(tmp_path: Path) -> None:
    world = simulate("traffic", rows=50)
    with pytest.raises(UsageError, match="Did you mean 'noaa'"):
        write(world, tmp_path, ["noaaa"])
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        write(world, blocked, ["noaa"])


def test_truth_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="is not a truth file"):
        read_truth(tmp_path / "other.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_truth(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": None}, "not as `stsdetect simulate` writes it"),
        ({"start": "2024-03-01T00:00:00"}, "has no zone"),
        ({"vessels": ["a", "b"]}, "is no MMSI"),
        ({"vessels": 7}, "not as `stsdetect simulate` writes it"),
    ],
)
def test_a_truth_file_that_was_changed_is_refused(
    written: Path, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    document = json.loads((written / "truth.json").read_text())
    document["planted"][0] |= change
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=words):
        read_truth(path)
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_truth(path)
