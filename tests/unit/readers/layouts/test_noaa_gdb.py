"""NOAA geodatabases of 2009-2014: one folder or archive is one input; tables beside the points; scrambled numbers."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from stsdetect.errors import InputError
from stsdetect.readers import QuestionError, ReadResult, raw_lines, read
from tests.unit.readers.layouts.lib import adds_up, rows

raw = pytest.importorskip("pyogrio.raw")


def write(folder: Path, year: int = 2009, *, prefix: str = "", crs: str = "EPSG:4269", tables: bool = True) -> Path:
    """Write a geodatabase with three reports, as the publisher's metadata list its tables."""
    path = folder / f"Zone10_{year}_01.gdb"
    stamps = [f"{year}-01-03T00:00:05", f"{year}-01-03T00:01:05", f"{year}-01-03T00:02:05"]

    def ints(*values: int) -> np.ndarray:
        return np.array(values, np.int32)

    def texts(*values: str | None) -> np.ndarray:
        return np.array(values, object)

    points = [struct.pack("<BIdd", 1, 1, x, y) for x, y in ((-122.5, 37.75), (-122.25, 37.5), (-122.0, 37.25))]
    raw.write(
        str(path),
        np.array(points, object),
        [
            ints(3, 40, 0), ints(10, 359, 360), ints(511, 90, 0), ints(0, 0, 128),
            np.array(stamps, "datetime64[ms]"), ints(0, 5, 1), ints(11, 12, 13),
            ints(367000001, 367000002, 367000003), texts("b", "r", "b"), texts("1", "2", "3"),
        ],
        ["SOG", "COG", "Heading", "ROT", "BaseDateTime", "Status", "VoyageID", "MMSI", "ReceiverType", "ReceiverID"],
        layer=f"{prefix}Broadcast", driver="OpenFileGDB", geometry_type="Point", crs=crs,
    )  # fmt: skip
    if tables:
        raw.write(
            str(path), None,
            [ints(367000001, 367000002), ints(9074729, 0), texts("WDA1", None), texts("BAY STAR", None),
             ints(80, 31), ints(183, 30), ints(32, 10), texts("150,33,16,16", None)],
            ["MMSI", "IMO", "CallSign", "Name", "VesselType", "Length", "Width", "DimensionComponents"],
            layer=f"{prefix}Vessel", driver="OpenFileGDB", append=True,
        )  # fmt: skip
        raw.write(
            str(path), None,
            [ints(12, 11), texts("OAKLAND", "RICHMOND"), ints(45, 110), ints(367000002, 367000001)],
            ["VoyageID", "Destination", "Draught", "MMSI"],
            layer=f"{prefix}Voyage", driver="OpenFileGDB", append=True,
        )  # fmt: skip
    return path


def check_2009(result: ReadResult) -> None:
    first, second, third = rows(result)
    assert first["time"].isoformat() == "2009-01-03T00:00:05+00:00"
    assert (first["mmsi"], first["vessel_id"]) == (367000001, None)
    assert (first["lat_deg"], first["lon_deg"], first["sog_kn"]) == (37.75, -122.5, 3.0)
    assert (first["cog_deg"], first["heading_deg"], first["nav_status"]) == (10.0, 511.0, 0)
    assert (first["name"], first["imo"], first["callsign"], first["ship_type"]) == ("BAY STAR", 9074729, "WDA1", 80)
    assert (first["length_m"], first["width_m"], first["destination"]) == (183.0, 32.0, "RICHMOND")
    assert first["draught_m"] is None  # its unit is not published
    assert (second["ship_type"], second["name"], second["destination"]) == (31, None, "OAKLAND")
    assert (third["mmsi"], third["ship_type"], third["destination"]) == (367000003, None, None)
    assert [row["source_row"] for row in (first, second, third)] == [1, 2, 3]
    adds_up(result)


@pytest.mark.parametrize("prefix", ["", "Zone10_2009_01_"])
def test_folder(tmp_path, prefix):
    path = write(tmp_path, prefix=prefix)
    result = read(path)
    (report,) = result.files
    assert (report.layout, report.rows_read, report.notes) == ("noaa_2009_2014", 3, ())
    assert report.bytes > 10_000
    check_2009(result)


def test_inside_a_folder_and_by_a_pattern_it_is_one_input(tmp_path):
    write(tmp_path / "2009" if (tmp_path / "2009").mkdir() is None else tmp_path)
    (tmp_path / "2009" / "readme.txt").write_text("hello\n")
    for given in (tmp_path, str(tmp_path / "*" / "*.gdb"), str(tmp_path / "**")):
        result = read(given)
        assert [file.layout for file in result.files] == ["noaa_2009_2014"]
        assert all(name.endswith("readme.txt") for name, _ in result.skipped)
        check_2009(result)


@pytest.mark.parametrize("inside", ["Zone10_2009_01.gdb", "."])
def test_archive(tmp_path, inside):
    write(tmp_path / "x" if (tmp_path / "x").mkdir() is None else tmp_path)
    shutil.make_archive(str(tmp_path / "a (1)"), "zip", tmp_path / "x", inside)
    result = read(tmp_path / "a (1).zip")
    assert result.files[0].member == "Zone10_2009_01.gdb"
    check_2009(result)


def test_several_layers_of_broadcasts_are_refused(tmp_path):
    path = tmp_path / "Zone10_2009.gdb"
    for month in (1, 2):
        stamps = np.array([f"2009-{month:02d}-03T00:00:05"], "datetime64[ms]")
        raw.write(
            str(path), np.array([struct.pack("<BIdd", 1, 1, -122.5, 37.75)], object),
            [np.array([367000000 + month], np.int32), stamps], ["MMSI", "BaseDateTime"],
            layer=f"Zone10_2009_{month:02d}_Broadcast", driver="OpenFileGDB", geometry_type="Point", crs="EPSG:4269",
            append=month > 1,
        )  # fmt: skip
    refused = r"2 layers Broadcast \(Zone10_2009_01_Broadcast, Zone10_2009_02_Broadcast\).*of its own"
    with pytest.raises(InputError, match=refused):
        read(path)
    with pytest.raises(InputError, match=refused):
        raw_lines(str(path), [1], layout="noaa_2009_2014")
    (tmp_path / "a.csv").write_text("MMSI,BaseDateTime,LAT,LON,SOG\n367000001,2021-03-01T00:00:00,30,-90,1\n")
    ((label, why),) = read(tmp_path).skipped
    assert label == str(path)
    assert re.search(refused, why)


def test_several_tables_of_vessels_are_refused(tmp_path):
    path = write(tmp_path)
    raw.write(
        str(path), None, [np.array([367000001], np.int32)], ["MMSI"],
        layer="Zone11_Vessel", driver="OpenFileGDB", append=True,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"2 layers Vessel \(Vessel, Zone11_Vessel\)"):
        read(path)


def test_two_fields_of_one_name_are_asked_about(tmp_path):
    path = write(tmp_path, tables=False)
    one, other = ("SOG".encode("utf-16-le"), "COG".encode("utf-16-le"))
    for table in path.glob("*.gdbtable"):
        table.write_bytes(table.read_bytes().replace(one, other))
    with pytest.raises(QuestionError, match="2 columns 'COG'"):
        read(path)


def test_a_file_that_goes_or_leads_nowhere_ends_no_other_reading(tmp_path):
    path = write(tmp_path, tables=False)
    (path / "_gdb.host.1.sr.lock").symlink_to(tmp_path / "gone")
    check = read(path)
    assert (check.files[0].rows_kept, check.files[0].bytes > 10_000) == (3, True)
    broken = tmp_path / "b.gdb"
    broken.mkdir()
    (broken / "a00000001.gdbtable").write_bytes(b"x")
    (broken / "_gdb.host.1.sr.lock").symlink_to(tmp_path / "gone")
    (tmp_path / "a.csv").write_text("MMSI,BaseDateTime,LAT,LON,SOG\n367000001,2021-03-01T00:00:00,30,-90,1\n")
    result = read(tmp_path)
    assert [(Path(file.path).name, file.rows_kept) for file in result.files] == [
        ("Zone10_2009_01.gdb", 3),
        ("a.csv", 1),
        ("b.gdb", 0),
    ]
    assert result.files[2].rejected == {"damaged_file": 1}
    assert not result.skipped


def test_a_geodatabase_that_cannot_be_listed_is_passed_over(tmp_path, monkeypatch):
    path = write(tmp_path, tables=False)
    (tmp_path / "a.csv").write_text("MMSI,BaseDateTime,LAT,LON,SOG\n367000001,2021-03-01T00:00:00,30,-90,1\n")

    def listdir(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("stsdetect.readers.finding.os.listdir", listdir)
    with pytest.raises(InputError, match=r"Zone10_2009_01\.gdb cannot be read: Permission denied"):
        read(path)
    result = read(tmp_path)
    assert [Path(file.path).name for file in result.files] == ["a.csv"]
    assert [Path(label).name for label, _ in result.skipped] == ["Zone10_2009_01.gdb"]


def test_without_tables_beside(tmp_path):
    result = read(write(tmp_path, tables=False))
    assert result.files[0].rows_kept == 3
    assert rows(result)[0]["name"] is None


@pytest.mark.parametrize("year", [2010, 2014])
def test_scrambled_numbers_are_no_mmsi(tmp_path, year):
    result = read(write(tmp_path, year))
    first = rows(result)[0]
    assert (first["mmsi"], first["vessel_id"], first["ship_type"]) == (None, "scrambled:367000001", 80)
    assert result.files[0].notes == ("numbers of vessels were scrambled by the publisher: they are no MMSI",)
    assert read(write(tmp_path, year), vessels=["scrambled:367000001"]).files[0].rows_kept == 1


def test_points_in_metres_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"UTM zone 10N.*not in degrees"):
        read(write(tmp_path, crs="EPSG:26910"))


def test_other_geodatabases_and_damaged_ones_are_refused(tmp_path):
    path = tmp_path / "other.gdb"
    raw.write(str(path), None, [np.array([1], np.int32)], ["a"], layer="Tracks", driver="OpenFileGDB")
    with pytest.raises(InputError, match="without a layer Broadcast"):
        read(path)
    (tmp_path / "broken.gdb").mkdir()
    (tmp_path / "broken.gdb" / "a00000001.gdbtable").write_bytes(b"\x03\x00\x00\x00" + b"\xff" * 40)
    with pytest.raises(InputError, match=r"broken\.gdb is damaged"):
        read(tmp_path / "broken.gdb")


def test_names_that_are_no_utf_8_and_steer_terminals(tmp_path):
    path = write(tmp_path)
    (table,) = [one for one in path.glob("*.gdbtable") if b"BAY STAR" in one.read_bytes()]
    table.write_bytes(table.read_bytes().replace(b"BAY STAR", b"BAY\xffSTAR"))
    assert rows(read(path))[0]["name"] == "BAY\ufffdSTAR"
    for table in path.glob("*.gdbtable"):
        table.write_bytes(table.read_bytes().replace(b"Broadcast", b"\x1b[2Jdcast"))
    with pytest.raises(InputError) as refused:
        read(path)
    assert str(refused.value).isprintable()


def points_table(path: Path) -> Path:
    """The file of the points: the one that holds the numbers of all three vessels' receivers."""
    (found,) = [one for one in path.glob("*.gdbtable") if "ReceiverType".encode("utf-16-le") in one.read_bytes()]
    return found


def test_points_that_are_cut_short_show_in_the_account(tmp_path):
    path = write(tmp_path, tables=False)
    table = points_table(path)
    table.write_bytes(table.read_bytes()[:-60])
    result = read(path)
    assert result.files[0].rejected == {"damaged_file": 1}
    assert "1 of 3 rows of its layer Broadcast cannot be read" in result.rejects.column("detail").to_pylist()[0]
    assert len(rows(result)) == 2
    adds_up(result)


def test_points_without_their_index_are_refused(tmp_path):
    path = write(tmp_path, tables=False)
    points_table(path).with_suffix(".gdbtablx").write_bytes(b"")
    with pytest.raises(InputError, match="Broadcast has no rows"):
        read(path)


def test_raw_rows_by_object_id(tmp_path):
    path = write(tmp_path)
    found = raw_lines(str(path), [1, 3], layout="noaa_2009_2014")
    assert found[1].startswith("SOG=3, COG=10, Heading=511, BaseDateTime=2009-01-03 00:00:05")
    assert "MMSI=367000003" in found[3]
    with pytest.raises(InputError, match="has no row 4"):
        raw_lines(str(path), [4], layout="noaa_2009_2014")
    shutil.make_archive(str(tmp_path / "x"), "zip", tmp_path, path.name)
    assert raw_lines(f"{tmp_path / 'x.zip'}!{path.name}", [1], layout="noaa_2009_2014")[1] == found[1]
