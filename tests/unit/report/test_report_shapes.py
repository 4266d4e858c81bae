"""Areas in GIS files: the reach of unseen hulls, outages and jamming, read back by other readers."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import geopandas
import pyogrio
import pytest
import shapely

from stsdetect.pipeline.output import FORMAT_FILES
from stsdetect.report import gis
from stsdetect.report.shapes import shape_layers
from tests.unit.report.report_fakes import HOSTILE, event, events_table, pairs_table, possible
from tests.unit.report.test_report_gis import KML
from tests.unit.report.test_report_unseen import areas_table, outage

HOLE = shapely.Polygon(
    [(123, 38), (124, 38), (124, 39), (123, 39)], [[(123.4, 38.4), (123.6, 38.4), (123.6, 38.6), (123.4, 38.6)]]
)
SPLIT = shapely.MultiPolygon([shapely.box(179, 51, 180, 53), shapely.box(-180, 51, -179, 53)])


@pytest.fixture
def rows():
    return [event(1), possible(2, shape=HOLE, n_rivals=4), possible(3, shape=SPLIT, name_a=HOSTILE), event(4, "gap")]


def written(tmp_path, rows, *formats, areas=None):
    return gis.write_gis(tmp_path, formats, events=events_table(rows), pairs=pairs_table(rows), areas=areas)


def test_the_output_folder_knows_every_file_of_a_format(tmp_path, rows):
    for name, files in FORMAT_FILES.items():
        made = written(tmp_path / name, rows, name, areas=areas_table(outage()))
        assert [path.name for path in made] == list(files)


def test_files_of_areas_are_written_where_there_is_anything_to_put_there(tmp_path, rows):
    names = [path.name for path in written(tmp_path, rows, "geojson", "csv", areas=areas_table(outage()))]
    assert names == ["events.geojson", "pairs.geojson", "reach.geojson", "areas.geojson", "events.csv", "pairs.csv"]
    names = [path.name for path in written(tmp_path / "b", rows[:1], "geojson", areas=areas_table(outage()).slice(1))]
    assert names == ["events.geojson", "pairs.geojson"]


def test_geojson_reach_follows_rfc_7946(tmp_path, rows):
    written(tmp_path, rows, "geojson")
    data = json.loads((tmp_path / "reach.geojson").read_text(encoding="utf-8"))
    first = data["features"][0]
    assert first["id"] == "e0002"
    assert first["properties"]["n_rivals"] == 4
    assert "geometry" not in first["properties"]
    outer, inner = first["geometry"]["coordinates"][0]
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(inner).is_ccw
    frame = geopandas.read_file(tmp_path / "reach.geojson")
    assert frame.geometry.iloc[0].equals(HOLE)
    assert frame.geometry.iloc[1].equals(SPLIT)
    assert frame.total_bounds.tolist() == [-180, 38, 180, 53]


def test_an_area_of_many_rows_is_there_once_with_the_best_ranked(tmp_path):
    rows = [
        possible(1, 3, shape=HOLE),
        possible(2, 1, shape=HOLE),
        possible(3, 1, shape=HOLE),
        possible(4, shape=SPLIT),
    ]
    rows += [possible(5, reach=None)]
    written(tmp_path, rows, "geojson")
    features = json.loads((tmp_path / "reach.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["id"] for feature in features] == ["e0002", "e0004"]
    assert [feature["properties"]["event_ids"] for feature in features] == ["e0001 e0002 e0003", "e0004"]
    assert features[0]["properties"]["candidate_rank"] == 1


def test_areas_are_rounded_to_a_metre(tmp_path):
    shape = shapely.Point(124.0, 38.0).buffer(0.3, quad_segs=200).difference(shapely.Point(124.2, 38.0).buffer(0.1))
    written(tmp_path, [possible(1, shape=shape)], "geojson", "kml")
    text = (tmp_path / "reach.geojson").read_text(encoding="utf-8")
    (ring, hole) = json.loads(text)["features"][0]["geometry"]["coordinates"][0]
    assert max(len(repr(x)) for x, _ in [*ring, *hole]) <= len("124.12345")
    drawn = shapely.Polygon(ring, [hole])
    assert drawn.is_valid
    assert drawn.buffer(2e-5).covers(shape)
    assert shape.buffer(2e-5).covers(drawn)
    assert f"{ring[0][0]!r},{ring[0][1]!r}" in (tmp_path / "stsdetect.kml").read_text()


def test_gpkg_has_layers_for_areas(tmp_path, rows):
    written(tmp_path, rows, "gpkg", areas=areas_table(outage(), outage("jamming")))
    path = tmp_path / "stsdetect.gpkg"
    assert sorted(pyogrio.list_layers(path)[:, 0]) == ["areas", "events", "pairs", "reach"]
    reach = geopandas.read_file(path, layer="reach")
    assert reach["event_id"].tolist() == ["e0002", "e0003"]
    assert reach.geometry.iloc[0].equals(HOLE)
    assert reach.crs.to_epsg() == 4326
    areas = geopandas.read_file(path, layer="areas")
    assert areas["kind"].tolist() == ["outage", "jamming"]
    assert areas.geometry.iloc[0].bounds == (123.0, 37.5, 123.5, 38.0)


def test_kml_draws_areas_thinly_and_gives_every_kind_a_colour(tmp_path, rows):
    rows += [event(5, "identity"), event(6, "port_call"), event(7, "loitering")]
    rows[0]["from_events"] = "e0004;e0006;e0007"
    written(tmp_path, rows, "kml", areas=areas_table(outage()))
    root = ElementTree.parse(tmp_path / "stsdetect.kml").getroot()
    folders = {folder.find(f"{KML}name").text: folder for folder in root.iter(f"{KML}Folder")}
    (hole, split) = folders["reach"].findall(f"{KML}Placemark")
    assert len(hole.findall(f".//{KML}innerBoundaryIs")) == 1
    assert len(split.findall(f".//{KML}Polygon")) == 2
    assert len(folders["areas"].findall(f".//{KML}Polygon")) == 1
    styles = {style.get("id"): style.find(f".//{KML}color").text for style in root.iter(f"{KML}Style")}
    kinds = set(folders) - {"Pairs by rank"}
    assert kinds == {"encounter", "dark_rendezvous", "gap", "identity", "port_call", "loitering", "reach", "areas"}
    assert len({styles[kind] for kind in kinds - {"reach"}}) == len(kinds) - 1
    assert "ffffffff" not in styles.values()
    frame = geopandas.read_file(tmp_path / "stsdetect.kml", layer="reach")
    assert frame.geometry.iloc[1].equals(SPLIT)


def test_geoparquet_has_the_reach_as_a_second_geometry(tmp_path, rows):
    gis.write_events_parquet(events_table(rows), tmp_path / "events.parquet")
    frame = geopandas.read_parquet(tmp_path / "events.parquet")
    assert frame.geometry.name == "geometry"
    reach = frame.set_geometry("reach").geometry
    assert reach.isna().tolist() == [True, False, False, True]
    assert reach.iloc[1].equals(HOLE)


@pytest.mark.parametrize("name", ["geojson", "gpkg", "kml"])
def test_the_same_tables_give_the_same_bytes(tmp_path, rows, name):
    for folder in ("one", "two"):
        written(tmp_path / folder, rows, name, areas=areas_table(outage()))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_what_is_no_area_is_left_out():
    rows = [possible(n, reach=wkb) for n, wkb in enumerate([b"?", shapely.to_wkb(shapely.Point(1, 2)), None])]
    assert shape_layers(events_table(rows), None) == {}
    crossed = shapely.to_wkb(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))
    layers = shape_layers(events_table([possible(1, reach=crossed)]), None)
    (shape,) = shapely.from_wkb(layers["reach"].column("geometry").to_pylist())
    assert shape.is_valid
    assert shape.area == pytest.approx(0.5)
