"""NOAA GeoParquet: the columns of 2025 and points in well-known binary, with and without columns for the place."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stsdetect.errors import InputError
from stsdetect.readers import ReadResult, read
from stsdetect.readers.wkb import lon_lat
from tests.unit.readers.layouts.lib import adds_up, rows

TIME = datetime(2024, 3, 1, 0, 1, tzinfo=UTC)
POINT = struct.pack("<BIdd", 1, 1, -94.5, 28.25)


def table(count: int = 1, **changed: object) -> pa.Table:
    columns: dict[str, list[object]] = {
        "mmsi": [366000001],
        "base_date_time": [TIME.replace(tzinfo=None)],
        "longitude": [-94.5],
        "latitude": [28.25],
        "sog": [0.3],
        "cog": [None],
        "heading": [57.0],
        "vessel_name": ["GULF STAR"],
        "imo": ["IMO9074729"],
        "call_sign": ["WDB1"],
        "vessel_type": [80],
        "status": [1],
        "length": [183.0],
        "width": [32.0],
        "draft": [11.0],
        "cargo": [80],
        "transceiver": ["A"],
        "geometry": [POINT],
    }
    columns |= {name: values for name, values in changed.items() if isinstance(values, list)}
    longest = max(len(values) for values in columns.values())
    columns = {name: values * longest if len(values) == 1 else values for name, values in columns.items()}
    return pa.table({name: values for name, values in columns.items() if changed.get(name, "") is not None})


def read_table(tmp_path, given: pa.Table) -> ReadResult:
    pq.write_table(given, tmp_path / "ais-2024-03-01.parquet", compression="snappy")
    return read(tmp_path / "ais-2024-03-01.parquet")


def check(row: dict[str, object]) -> None:
    assert (row["mmsi"], row["time"], row["lat_deg"], row["lon_deg"]) == (366000001, TIME, 28.25, -94.5)
    assert (row["sog_kn"], row["cog_deg"], row["heading_deg"]) == (0.3, None, 57.0)
    assert (row["name"], row["imo"], row["callsign"], row["ship_type"]) == ("GULF STAR", 9074729, "WDB1", 80)
    assert (row["nav_status"], row["transceiver"], row["draught_m"], row["length_m"]) == (1, "A", 11.0, 183.0)


def test_columns_as_published(tmp_path):
    result = read_table(tmp_path, table())
    assert result.files[0].layout == "noaa_geoparquet"
    assert result.files[0].notes == ()
    check(rows(result)[0])
    adds_up(result)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_place_from_the_geometry_alone(tmp_path, kind):
    given = table(longitude=None, latitude=None)
    given = given.set_column(given.column_names.index("geometry"), "geometry", given["geometry"].cast(kind))
    result = read_table(tmp_path, given)
    assert result.files[0].notes == ("positions read from the geometry",)
    check(rows(result)[0])


def test_times_as_text_are_utc(tmp_path):
    check(rows(read_table(tmp_path, table(base_date_time=["2024-03-01 00:01:00"])))[0])


def test_bad_rows_have_reasons(tmp_path):
    line = struct.pack("<BI", 1, 2) + struct.pack("<Idddd", 2, 1.0, 2.0, 3.0, 4.0)
    given = table(
        longitude=None,
        latitude=None,
        mmsi=[366000001, 2_000_000_000, 366000001, 366000001, 366000001],
        base_date_time=[TIME.replace(tzinfo=None)] * 2 + [None] + [TIME.replace(tzinfo=None)] * 2,
        geometry=[POINT, POINT, POINT, line, None],
    )
    result = read_table(tmp_path, given)
    assert result.files[0].rejected == {"bad_mmsi": 1, "bad_position": 1, "bad_time": 1}
    assert "geometry is no point" in result.rejects.column("detail").to_pylist()[2]
    assert [row["lat_deg"] for row in rows(result)] == [28.25, None]
    adds_up(result)


def test_a_geometry_that_is_no_binary_is_refused(tmp_path):
    given = table(longitude=None, latitude=None, geometry=[{"x": 1.0, "y": 2.0}])
    with pytest.raises(InputError, match="not well-known binary"):
        read_table(tmp_path, given)


def test_points_of_any_form():
    forms = [
        struct.pack(">BIdd", 0, 1, -94.5, 28.25),  # big endian
        struct.pack("<BIddd", 1, 1001, -94.5, 28.25, 7.0),  # ISO, with a height
        struct.pack("<BIIdd", 1, 0x20000001, 4326, -94.5, 28.25),  # with a number of a reference system
        struct.pack("<BIddd", 1, 0x80000001, -94.5, 28.25, 7.0),  # with a height, older form
    ]
    lon, lat = lon_lat(pa.array([*forms, POINT, None]))
    assert lon.to_pylist() == [-94.5] * 5 + [None]
    assert lat.to_pylist() == [28.25] * 5 + [None]


@pytest.mark.parametrize(
    "data", [b"", b"\x01", POINT[:-1], b"\x02" + POINT[1:], struct.pack("<BIIIdd", 1, 7, 1, 1, 0, 0)]
)
def test_what_is_no_point_is_no_number(data):
    lon, lat = lon_lat(pa.array([POINT, data]))
    assert lon.to_pylist() == ["-94.5", "geometry is no point"]
    assert lat.to_pylist() == ["28.25", "geometry is no point"]


def test_slices_and_empty_points():
    lon, _ = lon_lat(pa.array([b"x", POINT, POINT]).slice(1))
    assert lon.to_pylist() == [-94.5, -94.5]
    assert lon_lat(pa.array([], pa.binary()))[0].to_pylist() == []
    empty = struct.pack("<BIdd", 1, 1, float("nan"), float("nan"))
    assert lon_lat(pa.array([empty]))[0].to_pylist() == [None]
