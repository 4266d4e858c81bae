"""Every real file: what must be read (how many rows and vessels) and what must be refused (with which message).

The numbers are checked twice: against the table below, and against a count that shares no code with the readers
(the csv module, a few lines of sentence splitting).
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc
import pytest

from stsdetect.errors import InputError, StsError
from stsdetect.readers import read
from stsdetect.settings import ReadSettings

FOLDERS = ("noaa", "dma", "nmea", "nordic", "solent", "suez")

NORDIC = {
    "time": "timestamp",
    "lat": "lat",
    "lon": "lon",
    "mmsi": "mmsi",
    "sog": "speed",
    "cog": "course",
    "heading": "heading",
    "imo": "imo",
    "name": "name",
    "callsign": "callsign",
    "ship_type": "ship_type",
}
SOLENT = {
    "time": "Time",
    "mmsi": "MMSI",
    "lat": "Latitude_degrees",
    "lon": "Longitude_degrees",
    "sog": "SOG_knots",
    "cog": "COG_degrees",
}
SUEZ = {"time": "ais_pos_timestamp", "lat": "latitude", "lon": "longitude", "vessel_id": "ID"}
START = "2024-03-01T00:00:00Z"


@dataclass(frozen=True)
class Read:
    layout: str
    rows: int
    vessels: int
    rejected: dict[str, int] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    error: type[StsError]
    message: str


TRAILING = {
    "bad_message": 33, "message_type_10": 7, "message_type_11": 7, "message_type_12": 10, "message_type_13": 6,
    "message_type_14": 12, "message_type_15": 18, "message_type_16": 9, "message_type_17": 7, "message_type_20": 13,
    "message_type_21": 9, "message_type_22": 9, "message_type_23": 13, "message_type_25": 16, "message_type_26": 17,
    "message_type_4": 3, "message_type_6": 10, "message_type_7": 6, "message_type_8": 13, "message_type_9": 6,
}  # fmt: skip
PGHP = {
    "message_type_15": 66, "message_type_16": 23, "message_type_17": 5, "message_type_20": 191, "message_type_21": 37,
    "message_type_23": 4, "message_type_4": 129, "message_type_6": 37, "message_type_7": 9, "message_type_8": 63,
    "message_type_9": 1,
}  # fmt: skip

NO_TIME = {
    "bad_message": 100, "incomplete_message": 20, "message_type_15": 7, "message_type_20": 1, "message_type_4": 6,
}  # fmt: skip
MIXED = {
    f"message_type_{kind}": 4 if kind == 8 else 5 for kind in (10, 11, 12, 14, 15, 17, 20, 21, 4, 7, 8, 9)
}  # fmt: skip
PARTS = {"message_type_12": 10, "message_type_14": 10, "message_type_17": 10, "message_type_6": 2, "message_type_8": 1}

FILES: list[tuple[str, Read | Refused]] = [
    # Five rows of one vessel with the ten-digit MMSI 1072211352.
    ("noaa/AIS_2022_01_03_first_25_min.csv.gz", Read("noaa_2015_2024", 99_994, 10_630, {"bad_mmsi": 5})),
    ("noaa/one_row_per_vessel_2023-01-11.csv", Read("noaa_2015_2024", 1000, 1000)),
    ("noaa/bad_mmsi.csv", Read("noaa_2015_2024", 9, 9, {"bad_mmsi": 1})),
    ("noaa/bad_time.csv", Read("noaa_2015_2024", 9, 9, {"bad_time": 1})),
    ("noaa/bad_headers.csv", Refused(InputError, "no column 'BaseDateTime'.*--map time=Timestamp")),
    ("dma/ferry_26_columns.csv", Read("dma", 735, 1)),
    ("nmea/kystverket_1000_lines.nm4", Read("nmea", 877, 833)),
    ("nmea/danish_pghp_stream.txt", Read("nmea", 3486, 1726, PGHP)),
    ("nmea/trailing_epoch.aivdm", Read("nmea", 37, 30, TRAILING)),
    ("nmea/tagblock.nmea", Read("nmea", 4, 2)),
    ("nmea/no_timestamps.txt", Refused(InputError, "NMEA without any time.*read.start_time")),
    # A hundred sentences have no payload, and of twenty messages only the first part is there.
    ("nmea/no_timestamps.txt", Read("nmea", 764, 165, NO_TIME, {"start_time": START})),
    ("nmea/malformed/mixed_types.nmea", Read("nmea", 40, 40, MIXED, {"start_time": START})),
    ("nmea/malformed/multi-part.nmea", Read("nmea", 10, 10, PARTS, {"start_time": START})),
    ("nmea/malformed/bad-tagblock-group.nmea", Read("nmea", 0, 0, {"message_type_21": 1})),
    # Halves of different messages were joined: wrong length. Three lines hold a bare payload.
    ("nmea/malformed/bad-type5.nmea", Read("nmea", 0, 0, {"bad_message": 6})),
    ("nmea/malformed/ee-multiline.nmea", Read("nmea", 8, 4)),
    ("nmea/malformed/errors.nmea", Read("nmea", 1, 1, {"bad_checksum": 2, "bad_message": 2})),
    ("nmea/malformed/mixed_types.nmea", Refused(InputError, "NMEA without any time")),
    ("nmea/malformed/multi-part.nmea", Refused(InputError, "NMEA without any time")),
    ("nmea/malformed/sample.nmea", Read("nmea", 3, 1)),
    ("nmea/malformed/spire-test.nmea", Read("nmea", 2, 1)),
    ("nmea/malformed/type1-bad-bitcount.nmea", Read("nmea", 0, 0, {"bad_message": 12})),
    ("nordic/nordic_baltic_snapshots.csv.gz", Refused(InputError, "--map time=timestamp --map lat=lat")),
    # Includes the twelve rows whose source is 'mock'; they are the source's, not the reader's, to leave out.
    ("nordic/nordic_baltic_snapshots.csv.gz", Read("table", 47_756, 3436, settings={"columns": NORDIC})),
    ("solent/solent_84_min.csv.gz", Refused(InputError, "--map time=Time --map lat=Latitude_degrees")),
    ("solent/solent_84_min.csv.gz", Read("table", 18_623, 91, settings={"columns": SOLENT})),
    ("suez/suez_2021_5_days.csv.gz", Refused(InputError, "--map time=ais_pos_timestamp.*--map vessel_id=ID")),
    ("suez/suez_2021_5_days.csv.gz", Read("table", 22_287, 256, settings={"columns": SUEZ})),
]


@pytest.fixture(scope="module")
def data() -> Path:
    place = os.environ.get("STSDETECT_TEST_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("set STSDETECT_TEST_DATA to the folder of real AIS files")
    return Path(place)


def test_the_table_names_every_file(data):
    there = {str(p.relative_to(data)) for folder in FOLDERS for p in (data / folder).rglob("*") if p.is_file()}
    assert there == {name for name, _ in FILES}


@pytest.mark.parametrize(("name", "expected"), FILES)
def test_real_file(data, name, expected):
    path = data / name
    if isinstance(expected, Refused):
        with pytest.raises(expected.error, match=expected.message) as caught:
            read([path])
        assert path.name in str(caught.value)
        return
    result = read([path], settings=ReadSettings(**expected.settings))
    (file,) = result.files
    assert (file.layout, file.rows_kept, file.rejected) == (expected.layout, expected.rows, expected.rejected)
    assert file.rows_filtered == 0
    assert file.rows_read == file.rows_kept + sum(file.rejected.values())
    assert (result.positions.num_rows, result.rejects.num_rows) == (expected.rows, sum(expected.rejected.values()))
    ids = result.positions.column("mmsi")
    if ids.null_count == len(ids):
        ids = result.positions.column("vessel_id").cast("string")
    assert len(pc.unique(ids)) == expected.vessels
    read_rows, vessels = counted(path, expected)
    assert file.rows_read == read_rows
    if vessels is not None:
        assert {str(value) for value in pc.unique(ids).to_pylist()} == vessels


def unpacked(path: Path) -> str:
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    return data.decode("utf-8-sig")


def counted(path: Path, expected: Read) -> tuple[int, set[str] | None]:
    """Count rows and vessels with other means."""
    text = unpacked(path)
    if expected.layout == "nmea":
        return messages(text), None
    lines = [line for line in text.splitlines() if line.strip() and (not line.startswith("#") or "Timestamp" in line)]
    table = list(csv.DictReader(io.StringIO("\n".join(lines))))
    names = [name for name in ("MMSI", "mmsi", "ID") if name in table[0]]
    bad = {"bad_time": lambda row: "x" in row["BaseDateTime"], "bad_mmsi": lambda row: not 0 < len(digits(row)) <= 9}
    good = [row for row in table if not any(bad[reason](row) for reason in expected.rejected)]
    return len(table), {row[names[0]] for row in good}


def digits(row: dict[str, str]) -> str:
    return row["MMSI"] if row["MMSI"].isdigit() else ""


def messages(text: str) -> int:
    """Count messages: sentences, less the parts after the first, and lines that are bare payloads."""
    parts = re.findall(r"!..VD[MO],(\d),(\d),", text)
    firsts = sum(number == "1" for _, number in parts)
    bare = sum(bool(re.fullmatch(r"[0-9:;<=>?@A-W`a-w]+", line)) for line in text.splitlines())
    return firsts + bare


def test_nmea_parts_are_all_there(data):
    """Where every first part has its others, nothing may be incomplete."""
    for name in ("kystverket_1000_lines.nm4", "danish_pghp_stream.txt", "malformed/ee-multiline.nmea"):
        count = Counter(re.findall(r"!..VD[MO],2,(\d),", unpacked(data / "nmea" / name)))
        assert count["1"] == count["2"]


def test_nmea_values_agree_with_pyais_alone(data):
    """Single sentences decoded directly: the same number, places and speeds."""
    from pyais import decode

    path = data / "nmea/kystverket_1000_lines.nm4"
    expected = []
    for line in path.read_text().splitlines():
        if not line.startswith("\\c:"):
            continue
        stamp, sentence = re.match(r"\\.*?c:(\d+)\*..\\(.*)", line).groups()
        if sentence.split(",")[1] == "1":
            message = decode(sentence)
            if message.msg_type in (1, 2, 3, 18):
                expected.append((message.mmsi, int(stamp), message.lat, message.lon, message.speed, message.heading))
    rows = read([path]).positions.to_pylist()
    found = [
        (r["mmsi"], int(r["time"].timestamp()), r["lat_deg"], r["lon_deg"], r["sog_kn"], r["heading_deg"])
        for r in rows
        if r["message_type"] in (1, 2, 3, 18)
    ]
    assert found == expected
    assert len(found) > 700


def test_values_of_noaa_agree_with_the_csv_module(data):
    path = data / "noaa/one_row_per_vessel_2023-01-11.csv"
    table = list(csv.DictReader(io.StringIO(unpacked(path))))
    rows = read([path]).positions.to_pylist()
    for raw, row in zip(table, rows, strict=True):
        assert row["mmsi"] == int(raw["MMSI"])
        assert row["time"].isoformat() == raw["BaseDateTime"] + "+00:00"
        assert (row["lat_deg"], row["lon_deg"]) == (float(raw["LAT"]), float(raw["LON"]))
        assert row["name"] == (raw["VesselName"].strip() or None)
        assert row["sog_kn"] == (float(raw["SOG"]) if raw["SOG"] else None)
        assert row["length_m"] == (float(raw["Length"]) if raw["Length"] else None)
        assert row["imo"] == (int(raw["IMO"].removeprefix("IMO")) if raw["IMO"] else None)


def test_a_folder_of_real_files_reads_what_it_can(data):
    result = read([data / "noaa"])
    assert [Path(file.path).name for file in result.files] == sorted(
        Path(name).name for name, want in FILES if name.startswith("noaa") and isinstance(want, Read)
    )
    assert [Path(label).name for label, _ in result.skipped] == ["bad_headers.csv"]
