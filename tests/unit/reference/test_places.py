"""Zones and ports: packaged, and from users' own files."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.errors import InputError, UsageError
from stsdetect.reference.places import box, load_ports, load_zones, make_zone, unique_ids

REAL = os.environ.get("STSDETECT_TEST_DATA")
needs_real_files = pytest.mark.skipif(not REAL, reason="STSDETECT_TEST_DATA is not set")


def write_geojson(path: Path, features: list[tuple[dict, dict]]) -> Path:
    rows = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return path


def polygon(*points) -> dict:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


SQUARE = polygon([10, 10], [11, 10], [11, 11], [10, 11])


def test_packaged_zones_are_whole():
    zones = load_zones()
    assert len(zones) == 45
    assert len({zone.id for zone in zones}) == 45
    for zone in zones:
        assert zone.geometry.is_valid
        assert zone.area_km2 > 100
        assert zone.source
        assert zone.confidence
        assert zone.date
    assert load_zones() is load_zones()


def test_packaged_ports_are_whole():
    ports = load_ports()
    assert len(ports) == 60
    assert len({port.id for port in ports}) == 60
    assert all(-90 <= port.lat_deg <= 90 and -180 <= port.lon_deg < 180 and port.source for port in ports)


def test_area_of_a_box_is_that_of_the_sphere():
    cap = make_zone("x", "x", box(-180, 0, 180, 90))
    assert cap.area_km2 == pytest.approx(2 * np.pi * 6371.0088**2, rel=1e-3)


@pytest.mark.parametrize(
    "shape",
    [
        box(178, -18, -178, -16),
        box(178, -18, 182, -16),
        box(-182, -18, -178, -16),
        shapely.Polygon([(178, -18), (-178, -18), (-178, -16), (178, -16)]),
        shapely.Polygon([(-178, -16), (178, -16), (178, -18), (-178, -18)]),
    ],
    ids=["box", "beyond 180", "below -180", "jump", "jump the other way"],
)
def test_a_zone_over_the_antimeridian_is_the_same_however_it_is_written(shape):
    zone = make_zone("fiji", "Fiji", shape)
    assert zone.geometry.bounds == (178.0, -18.0, 182.0, -16.0)
    assert zone.geometry.is_valid
    assert zone.area_km2 == make_zone("moved", "", box(8, -18, 12, -16)).area_km2 == pytest.approx(94_500, rel=0.01)


def test_a_hole_stays_in_its_zone_over_the_antimeridian():
    shell = [(178, -18), (-178, -18), (-178, -16), (178, -16)]
    for hole in ([(-179, -17), (-178.5, -17), (-178.5, -16.5)], [(179, -17), (-179, -17), (-179, -16.5)]):
        zone = make_zone("x", "x", shapely.Polygon(shell, [hole]))
        assert zone.geometry.is_valid
        assert len(zone.geometry.interiors) == 1
        assert zone.geometry.area < 8.0


@pytest.mark.parametrize(("lat", "pole"), [(70, 90), (-70, -90)])
def test_a_ring_around_a_pole_holds_the_pole(lat, pole):
    ring = shapely.Polygon([(lon, lat) for lon in (-150, -90, -30, 30, 90, 150)])
    zone = make_zone("x", "x", ring)
    assert zone.geometry.is_valid
    assert zone.area_km2 == pytest.approx(2 * np.pi * 6371.0088**2 * (1 - np.sin(np.radians(70))), rel=1e-3)
    assert pole in (zone.geometry.bounds[1], zone.geometry.bounds[3])


def test_a_bow_tie_is_mended():
    zone = make_zone("x", "x", shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]))
    assert zone.geometry.is_valid
    assert zone.geometry.area == pytest.approx(2.0)


def test_user_zones_from_geojson(tmp_path):
    path = write_geojson(tmp_path / "z.geojson", [({"name": "Off Lomé; 2", "category": "mine"}, SQUARE), ({}, SQUARE)])
    first, second = load_zones(path)
    assert (first.id, first.name, first.category, first.source) == ("Off_Lomé_2", "Off Lomé; 2", "mine", "z.geojson")
    assert second.id == second.name == "zone_2"


def test_user_zones_in_another_projection(tmp_path):
    path = tmp_path / "z.gpkg"
    frame = geopandas.GeoDataFrame({"id": ["a"]}, geometry=[shapely.box(10, 10, 11, 11)], crs="EPSG:4326")
    frame.to_crs("EPSG:3395").to_file(path)
    (zone,) = load_zones(path)
    assert zone.id == "a"
    assert zone.geometry.bounds == pytest.approx((10, 10, 11, 11))


def test_user_zones_in_a_projection_centred_on_the_pacific(tmp_path):
    path = tmp_path / "z.gpkg"
    pacific = "+proj=merc +lon_0=180 +datum=WGS84"
    frame = geopandas.GeoDataFrame({"id": ["a"]}, geometry=[shapely.box(-2e5, -2e6, 2e5, -1.8e6)], crs=pacific)
    frame.to_file(path)
    (zone,) = load_zones(path)
    west, _, east, _ = zone.geometry.bounds
    assert (west, east) == pytest.approx((178.2, 181.8), abs=0.01)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("nonsense", InputError, "cannot be read"),
        ('{"type": "FeatureCollection", "features": []}', InputError, "no zone"),
    ],
)
def test_zone_files_that_hold_none(tmp_path, text, error, words):
    path = tmp_path / "z.geojson"
    path.write_text(text)
    with pytest.raises(error, match=words):
        load_zones(path)


def test_a_zone_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_zones(tmp_path / "none.gpkg")


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, r"feature 1 \(a\) is a Point"),
        (None, "has no geometry"),
        (polygon([500000, 4000000], [500100, 4000000], [500100, 4000100]), "not degrees"),
    ],
)
def test_zones_that_are_no_polygons_in_degrees(tmp_path, geometry, words):
    path = write_geojson(tmp_path / "z.geojson", [({"id": "a"}, geometry)])
    with pytest.raises(UsageError, match=words):
        load_zones(path)


def test_a_table_without_geometry_is_no_zone_file(tmp_path):
    path = tmp_path / "z.csv"
    path.write_text("id,name\n1,x\n")
    with pytest.raises(InputError, match="holds no zone"):
        load_zones(path)


HOSTILE = [
    "<script>alert(1)</script>",
    "a;zone:b;at_berth",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "line\nbreak\r\ttab",
    "nul\x00byte\x1b[31m",
    "\u202eright to left",
    "x" * 10_000,
    "平壤",
    "",
    ";;;",
]


def test_hostile_names_become_harmless_ids(tmp_path):
    features = [({"name": name}, SQUARE) for name in HOSTILE]
    zones = load_zones(write_geojson(tmp_path / "z.geojson", features))
    assert len({zone.id for zone in zones}) == len(HOSTILE)
    for zone in zones:
        assert 0 < len(zone.id) <= 64
        assert all(c.isalnum() or c in "_.-" for c in zone.id)
        assert len(zone.name) <= 120
        assert zone.name.isprintable()


@given(st.lists(st.text()))
def test_ids_are_unique_and_safe(texts):
    ids = unique_ids(texts)
    assert len(ids) == len(set(ids)) == len(texts)
    assert all(name and all(c.isalnum() or c in "_.-" for c in name) for name in ids)


def write_ports(path: Path, header: list[str], *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return path


def test_user_ports_by_name_lat_lon(tmp_path):
    path = write_ports(
        tmp_path / "p.csv", ["Name", "Latitude", "Longitude"], ["Lomé", "6.13", "1.28"], ["B", "-5", "190"]
    )
    first, second = load_ports(path)
    assert (first.id, first.name, first.lat_deg, first.lon_deg, first.source) == ("Lomé", "Lomé", 6.13, 1.28, "p.csv")
    assert second.lon_deg == -170.0


@pytest.mark.parametrize("encode", ["utf-8", "utf-8-sig", "latin-1"])
def test_user_ports_in_other_encodings_and_gzipped(tmp_path, encode):
    path = tmp_path / "p.csv.gz"
    path.write_bytes(gzip.compress("name,lat,lon\nÅlesund,62.5,6.1\n".encode(encode)))
    assert load_ports(path)[0].name == "Ålesund"


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (["name,lat"], UsageError, "no column 'lon'"),
        (["name,lat,lon"], InputError, "holds no port"),
        (["name,lat,lon", "a,91,0"], InputError, r"line 2: latitude is '91'"),
        (["name,lat,lon", "a,1,2", "b,nan,2"], InputError, r"line 3: latitude is 'nan'"),
        (["name,lat,lon", "a,1,"], InputError, r"line 2: longitude is ''"),
        (["name,lat,lon", "a,1"], InputError, r"line 2: longitude is ''"),
        ([""], UsageError, "no column 'name'"),
        (["name,lat,lon", "x" * 200_000 + ",1,2"], InputError, "not CSV"),
    ],
)
def test_port_files_with_faults(tmp_path, rows, error, words):
    path = tmp_path / "p.csv"
    path.write_text("\n".join(rows))
    with pytest.raises(error, match=words):
        load_ports(path)


def test_port_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_ports(tmp_path / "none.csv")
    (tmp_path / "p.csv").write_bytes(b"\x1f\x8bnot gzip")
    with pytest.raises(InputError, match="cannot be read"):
        load_ports(tmp_path / "p.csv")


@needs_real_files
def test_the_world_port_index_as_published():
    ports = load_ports(Path(REAL) / "geo" / "world_port_index_pub150.csv.gz")
    assert len(ports) == 3768
    by_id = {port.id: port for port in ports}
    assert (by_id["wpi_7950"].name, by_id["wpi_7950"].lat_deg) == ("Maurer", 40.533333)
    assert sum(port.role == "oil" for port in ports) == 1697


@needs_real_files
def test_lightering_zones_as_a_users_file():
    zones = load_zones(Path(REAL) / "geo" / "us_lightering_zones_33cfr156.geojson")
    assert [zone.name for zone in zones][:2] == ["Southtex", "Gulfmex No. 2"]
    packaged = {zone.id: zone for zone in load_zones()}["us_southtex"]
    assert zones[0].area_km2 == pytest.approx(packaged.area_km2, rel=1e-4)
