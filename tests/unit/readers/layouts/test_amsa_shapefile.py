"""AMSA as it is published: the attribute table of a shapefile, written here by GDAL, alone, in a folder, in a .zip."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest

from stsdetect.errors import InputError
from stsdetect.readers import raw_lines, read
from tests.unit.readers.layouts.lib import adds_up, rows

STAMPS = ("1/02/2023 12:04:54 AM", "1/02/2023 1:04:54 AM", "1/02/2023 2:07:24 PM")


@pytest.fixture
def shapefile(tmp_path: Path) -> Path:
    lon, lat = [115.693126667, 115.698958333, 115.694263], [-32.2264, -32.231845, -32.20631]
    frame = gpd.GeoDataFrame(
        {
            "CRAFT_ID": [-2146018332.0, -2146018332.0, 12.0],
            "LON": lon,
            "LAT": lat,
            "COURSE": [354.5, 0.0, 173.2],
            "SPEED": [0.0, 0.0, 0.5],
            "TYPE": ["unknown code 0", "Tanker", None],
            "SUBTYPE": [None, None, None],
            "LENGTH": [111, 111, 250],
            "BEAM": [22, 22, 40],
            "DRAUGHT": [6.6, 0.0, 12.5],
            "TIMESTAMP": STAMPS,
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    )
    folder = tmp_path / "cts"
    folder.mkdir()
    frame.to_file(folder / "cts_srr_02_2023_pt.shp")
    return folder / "cts_srr_02_2023_pt.dbf"


def zipped(shapefile: Path) -> Path:
    path = shapefile.parents[1] / "Vessel Traffic Data February2023.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(shapefile.parent.iterdir()):
            archive.write(part, part.name)
    return path


@pytest.mark.parametrize("where", ["file", "folder", "zip"])
def test_rows_of_a_shapefile(shapefile, where):
    result = read({"file": shapefile, "folder": shapefile.parent, "zip": zipped(shapefile)}[where])
    assert [file.layout for file in result.files] == ["amsa_cts_shapefile"]
    one, two, three = rows(result)
    assert one["time"] == datetime(2023, 2, 1, 0, 4, 54, tzinfo=UTC)
    assert three["time"] == datetime(2023, 2, 1, 14, 7, 24, tzinfo=UTC)
    assert [row["vessel_id"] for row in (one, two, three)] == ["-2146018332", "-2146018332", "12"]
    assert (one["lon_deg"], one["lat_deg"]) == (115.693126667, -32.2264)
    assert [(row["cog_deg"], row["sog_kn"]) for row in (one, two, three)] == [(354.5, 0), (None, None), (173.2, 0.5)]
    assert [row["draught_m"] for row in (one, two, three)] == [6.6, None, 12.5]
    assert [row["ship_type"] for row in (one, two, three)] == [0, 80, None]
    assert [row["source_row"] for row in (one, two, three)] == [1, 2, 3]
    adds_up(result)


def test_the_shapes_alone_are_no_table(shapefile):
    with pytest.raises(InputError, match=r"its rows are in the \.dbf"):
        read(shapefile.with_suffix(".shp"))


def _layout_of(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")


def test_a_deleted_record_and_a_bad_time(shapefile):
    data = bytearray(shapefile.read_bytes().replace(STAMPS[2].encode(), b"1/13/2023 2:07:24 PM"))
    begin, width = _layout_of(data)
    data[begin + width] = ord("*")
    shapefile.write_bytes(data)
    result = read(shapefile)
    assert result.files[0].rejected == {"bad_time": 1, "deleted_record": 1}
    assert [reject["source_row"] for reject in result.rejects.to_pylist()] == [2, 3]
    adds_up(result)


def test_a_file_cut_short_keeps_what_came_before(shapefile):
    data = shapefile.read_bytes()
    begin, width = _layout_of(data)
    for end, kept in ((begin + 2 * width, 2), (begin + 2 * width + 7, 2), (begin + width + 1, 1)):
        shapefile.write_bytes(data[:end])
        result = read(shapefile)
        assert (result.files[0].rows_kept, result.files[0].rejected) == (kept, {"damaged_file": 1})
        adds_up(result)
    shapefile.write_bytes(data[:begin])
    with pytest.raises(InputError, match="0 of 3 records"):
        read(shapefile)


def test_blocks_do_not_matter(shapefile, monkeypatch):
    whole = rows(read(shapefile))
    monkeypatch.setattr("stsdetect.readers.dbf._BLOCK_BYTES", 1)
    assert rows(read(shapefile)) == whole


@pytest.mark.parametrize("place", [8, 10, 48])
def test_a_header_that_contradicts_itself_is_no_table(shapefile, place):
    data = bytearray(shapefile.read_bytes())
    data[place] ^= 0x55
    shapefile.write_bytes(data)
    try:
        result = read(shapefile)
    except InputError:
        return
    adds_up(result)


def test_names_that_are_not_utf8(shapefile):
    shapefile.write_bytes(shapefile.read_bytes().replace(b"Tanker", b"Tank\xe9r"))
    result = read(shapefile)
    assert result.files[0].rows_kept == 3
    assert "fields that are not UTF-8, read as Latin-1: 1" in result.files[0].notes


@pytest.mark.parametrize("where", ["file", "zip"])
def test_a_row_leads_back_to_its_record(shapefile, where):
    data = bytearray(shapefile.read_bytes())
    begin, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    data[begin + width] = ord("*")  # the second record is marked as deleted
    shapefile.write_bytes(data)
    result = read(shapefile if where == "file" else zipped(shapefile))
    label = result.files[0].label
    texts = raw_lines(label, [1, 2, 3], layout=result.files[0].layout)
    assert STAMPS[0] in texts[1]
    assert STAMPS[2] in texts[3]
    assert result.rejects.column("text").to_pylist() == [texts[2]]
    with pytest.raises(InputError, match="has no row 4"):
        raw_lines(label, [4], layout=result.files[0].layout)
