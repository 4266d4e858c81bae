"""Each GIS file read back by another program's reader."""

import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import geopandas
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest

from stsdetect.errors import UsageError
from stsdetect.report import gis
from stsdetect.schema import EVENTS, FIXES, PAIRS
from tests.unit.report.report_fakes import HOSTILE, event, events_table, pairs_table

KML = "{http://www.opengis.net/kml/2.2}"


def test_formats_give_their_files(made, tmp_path):
    paths = gis.write_gis(tmp_path, ["csv", "geojson", "gpkg", "kml", "csv"], events=made.events, pairs=made.pairs)
    names = ["events.csv", "pairs.csv", "events.geojson", "pairs.geojson", "stsdetect.gpkg", "stsdetect.kml"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_an_unknown_format_is_told_with_the_nearest(made, tmp_path):
    with pytest.raises(UsageError, match=r"no format 'geojsn'.*Did you mean 'geojson'"):
        gis.write_gis(tmp_path, ["geojsn"], events=made.events, pairs=made.pairs)


@pytest.mark.parametrize("name", ["csv", "geojson", "gpkg", "kml"])
def test_the_same_tables_give_the_same_bytes(made, tmp_path, name):
    for folder in ("one", "two"):
        gis.write_gis(tmp_path / folder, [name], events=made.events, pairs=made.pairs)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["csv", "geojson", "gpkg", "kml"])
def test_empty_tables_give_files_that_open(tmp_path, name):
    for path in gis.write_gis(tmp_path, [name], events=EVENTS.empty(), pairs=PAIRS.empty()):
        if name == "csv":
            assert len(pandas.read_csv(path)) == 0
        elif name == "kml":
            ElementTree.parse(path)
        elif name == "geojson":
            assert json.loads(path.read_text())["features"] == []
        else:
            assert sorted(pyogrio.list_layers(path)[:, 0]) == ["events", "pairs"]


def test_csv_keeps_numbers_and_times(made, tmp_path):
    gis.write_gis(tmp_path, ["csv"], events=made.events, pairs=made.pairs)
    table = pandas.read_csv(tmp_path / "events.csv", parse_dates=["start_time"])
    assert "geometry" not in table
    assert table["draught_change_a_m"].dropna().eq(-1.8).all()
    assert table["lon_deg"].tolist() == made.events.column("lon_deg").to_pylist()
    assert table["start_time"].dt.tz is not None
    assert table["start_time"].tolist() == made.events.column("start_time").to_pylist()
    pairs = pandas.read_csv(tmp_path / "pairs.csv")
    assert pairs["rank"].tolist() == [1, 2, 3, 4, 5]
    assert pairs["reasons"][0].startswith("base -3.20: Most vessels")
    assert " | hull_gap +1.90: " in pairs["reasons"][0]
    assert pairs["event_ids"][0] == "e0000"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_csv_text_never_starts_a_formula(tmp_path, start):
    rows = [event(1, name_a=start + "cmd|' /C calc'!A0")]
    gis.write_gis(tmp_path, ["csv"], events=events_table(rows), pairs=pairs_table(rows))
    for name in ("events.csv", "pairs.csv"):
        with (tmp_path / name).open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert row["name_a"] == "'" + re.sub(r"[\t\r\n]", " ", start) + "cmd|' /C calc'!A0"
    assert float(row["log_odds"]) == pytest.approx(1.2)


#: Control characters, which become blanks, and such as cannot be seen, before the sign.
@pytest.mark.parametrize("sign", ["=", "＋"])
@pytest.mark.parametrize(
    "before",
    [
        "\x00", "\x01", "\x0b", "\x1f", "\x7f", "\x85", "\u00a0", "\u00ad", "\u200b", "\u200e", "\u2003", "\u2028",
        "\u202e", "\u2060", "\u3000", "\ufeff", "\U000e0020", " \x01\u2060\u3000 ",
    ],
)  # fmt: skip
def test_what_cannot_be_seen_before_a_formula_hides_it_from_nobody(before, sign):
    shown = re.sub(r"[\x00-\x1f\x7f]", " ", before)
    assert gis.csv_cell(f"{before}{sign}HYPERLINK(1)") == f"'{shown}{sign}HYPERLINK(1)"


@pytest.mark.parametrize("text", ["", " ", "\x01", "\u3000SEA STAR", "\x01SEA=STAR", "é-1"])
def test_csv_text_that_is_no_formula_stays(text):
    assert gis.csv_cell(text) == text.replace("\x01", " ")


def test_csv_negative_numbers_are_not_text(tmp_path):
    rows = [event(1, lon=-70.5, lat=-12.25)]
    gis.write_gis(tmp_path, ["csv"], events=events_table(rows), pairs=pairs_table(rows))
    assert ",-12.25,-70.5," in (tmp_path / "events.csv").read_text()


def test_geojson_follows_rfc_7946(made, tmp_path):
    gis.write_gis(tmp_path, ["geojson"], events=made.events, pairs=made.pairs)
    data = json.loads((tmp_path / "events.geojson").read_text(encoding="utf-8"))
    assert set(data) == {"type", "features"}
    first, row = data["features"][0], made.rows[0]
    assert first["geometry"] == {"type": "Point", "coordinates": [row["lon_deg"], row["lat_deg"]]}
    assert first["id"] == "e0000"
    assert first["properties"]["start_time"] == "2024-03-01T02:30:00Z"
    assert first["properties"]["mmsi_a"] == 412000000
    frame = geopandas.read_file(tmp_path / "pairs.geojson")
    assert frame.crs.to_epsg() == 4326
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5]
    assert frame.geometry.x.tolist() == [row["lon_deg"] for row in made.rows[:5]]


def test_geojson_leaves_out_what_is_not_known(tmp_path):
    rows = [event(1, min_distance_m=float("nan"), median_distance_m=float("inf"), name_b=None, median_speed_kn=0.0)]
    gis.write_gis(tmp_path, ["geojson"], events=events_table(rows), pairs=pairs_table(rows))
    properties = json.loads((tmp_path / "events.geojson").read_text())["features"][0]["properties"]
    assert not {"min_distance_m", "median_distance_m", "name_b"} & set(properties)
    assert properties["median_speed_kn"] == 0.0
    assert properties["is_open"] is False


def test_geojson_and_kml_round_degrees_to_six_places_and_all_else_to_four(tmp_path):
    rows = [event(1, lon=-0.123456789, lat=37.98765432198, median_speed_kn=1.23456789)]
    gis.write_gis(tmp_path, ["geojson", "kml"], events=events_table(rows), pairs=pairs_table(rows))
    (feature,) = json.loads((tmp_path / "events.geojson").read_text())["features"]
    assert feature["geometry"]["coordinates"] == [-0.123457, 37.987654]
    assert feature["properties"]["median_speed_kn"] == 1.2346
    text = (tmp_path / "stsdetect.kml").read_text()
    assert "<coordinates>-0.123457,37.987654</coordinates>" in text
    assert '<Data name="median_speed_kn"><value>1.2346</value></Data>' in text


def test_kml_has_of_everyday_events_those_that_a_pair_rests_on(tmp_path):
    rows = [
        event(1, from_events="e0002;e0003"), event(2, "gap"), event(3, "loitering"), event(4, "gap"),
        event(5, "loitering"), event(6, "port_call"), event(7, "identity"), event(8, "port_call"),
        event(9, "dark_rendezvous", from_events="e0004"),
    ]  # fmt: skip
    pairs = pairs_table(rows)
    ids = pa.array([["e0001", "e0006", "gone"]])
    pairs = pairs.set_column(PAIRS.names.index("event_ids"), PAIRS.arrow.field("event_ids"), ids)
    gis.write_gis(tmp_path, ["kml"], events=events_table(rows), pairs=pairs)
    drawn = re.findall(r'<Data name="event_id"><value>(\w+)</value>', (tmp_path / "stsdetect.kml").read_text())
    assert sorted(drawn) == ["e0001", "e0002", "e0003", "e0006", "e0007", "e0009"]


def test_gpkg_round_trip(made, tmp_path):
    gis.write_gis(tmp_path, ["gpkg"], events=made.events, pairs=made.pairs)
    events = geopandas.read_file(tmp_path / "stsdetect.gpkg", layer="events")
    assert events.crs.to_epsg() == 4326
    assert events["event_id"].tolist() == made.events.column("event_id").to_pylist()
    assert events.geometry.y.tolist() == made.events.column("lat_deg").to_pylist()
    assert [t.isoformat() for t in events["start_time"]] == [
        t.isoformat() for t in made.events.column("start_time").to_pylist()
    ]
    assert events["is_open"].tolist() == [False] * len(events)
    pairs = geopandas.read_file(tmp_path / "stsdetect.gpkg", layer="pairs")
    assert pairs["score"].tolist() == made.pairs.column("score").to_pylist()
    assert pairs["reasons"].str.contains("draught \\+1.40").all()


def test_kml_is_well_formed_and_has_times(made, tmp_path):
    ids = [made.events.column("event_id").to_pylist(), *([] for _ in range(4))]
    place = PAIRS.names.index("event_ids")
    pairs = made.pairs.set_column(place, PAIRS.arrow.field("event_ids"), pa.array(ids))
    pairs = pa.concat_tables([made.pairs.slice(0, 4), pairs.slice(0, 1)])
    gis.write_gis(tmp_path, ["kml"], events=made.events, pairs=pairs)
    root = ElementTree.parse(tmp_path / "stsdetect.kml").getroot()
    marks = root.findall(f".//{KML}Placemark")
    assert len(marks) == len(made.rows) + 5
    for mark in marks:
        begin = mark.find(f"{KML}TimeSpan/{KML}begin").text
        end = mark.find(f"{KML}TimeSpan/{KML}end").text
        assert re.fullmatch(r"2024-03-\d\dT\d\d:\d\d:\d\dZ", begin)
        assert begin < end
        lon, lat = map(float, mark.find(f"{KML}Point/{KML}coordinates").text.split(","))
        assert 121 < lon < 126
        assert 37 < lat < 40
    frame = geopandas.read_file(tmp_path / "stsdetect.kml", layer="Pairs by rank")
    assert len(frame) == 5


def test_hostile_names_stay_text_everywhere(tmp_path):
    rows = [event(1, name_a=HOSTILE + "\x00\x0b\uffff]]>", name_b="'); DROP TABLE x;--\u2028\n,\",")]
    gis.write_gis(tmp_path, ["csv", "geojson", "gpkg", "kml"], events=events_table(rows), pairs=pairs_table(rows))
    with (tmp_path / "events.csv").open(newline="", encoding="utf-8") as stream:
        (read,) = csv.DictReader(stream)
    assert read["name_b"] == rows[0]["name_b"].replace("\n", " ")
    (feature,) = json.loads((tmp_path / "events.geojson").read_text(encoding="utf-8"))["features"]
    assert feature["properties"]["name_a"] == rows[0]["name_a"]
    root = ElementTree.parse(tmp_path / "stsdetect.kml").getroot()
    titles = [mark.find(f"{KML}name").text for mark in root.findall(f".//{KML}Placemark")]
    assert all(len(title) < 100 and title.startswith(("1. <script>", "<script>")) for title in titles)
    (name,) = geopandas.read_file(tmp_path / "stsdetect.gpkg", layer="events").name_a
    assert name == rows[0]["name_a"].replace("\x00", " "), "SQLite ends a text at NUL"


def test_a_pair_stands_at_its_longest_event():
    rows = [event(1, lon=10.0), event(2, lon=20.0, hours=9), event(3, lon=30.0, hours=9)]
    pairs = pairs_table(rows[:1])
    ids = pa.array([["e0001", "e0002", "e0003", "gone"]])
    pairs = pairs.set_column(PAIRS.names.index("event_ids"), PAIRS.arrow.field("event_ids"), ids)
    assert gis.flat_pairs(pairs, events_table(rows)).column("lon_deg").to_pylist() == [20.0]


def test_a_pair_without_known_events_has_no_place(tmp_path):
    rows = [event(1)]
    gis.write_gis(tmp_path, ["geojson", "gpkg", "kml", "csv"], events=EVENTS.empty(), pairs=pairs_table(rows))
    assert json.loads((tmp_path / "pairs.geojson").read_text())["features"][0]["geometry"] is None
    assert geopandas.read_file(tmp_path / "stsdetect.gpkg", layer="pairs").geometry.isna().all()


def test_geoparquet_reads_as_points_on_wgs84(made, tmp_path):
    gis.write_events_parquet(made.events, tmp_path / "events.parquet")
    frame = geopandas.read_parquet(tmp_path / "events.parquet")
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert frame.crs == "OGC:CRS84"
    assert frame.geometry.x.tolist() == made.events.column("lon_deg").to_pylist()
    table = pq.read_table(tmp_path / "events.parquet")
    assert EVENTS.conform(table).equals(made.events)
    assert str(table.schema.field("start_time").type) == "timestamp[us, tz=UTC]"


def test_empty_events_read_as_an_empty_geodataframe(tmp_path):
    gis.write_events_parquet(EVENTS.empty(), tmp_path / "events.parquet")
    frame = geopandas.read_parquet(tmp_path / "events.parquet")
    assert len(frame) == 0
    assert list(frame.columns) == EVENTS.names


def test_parquet_bytes_do_not_tell_how_the_table_was_put_together(made, tmp_path):
    table = made.events
    pieces = pa.concat_tables([table.slice(0, 2), table.slice(2, 1), table.slice(3)])
    noted = pieces.replace_schema_metadata({"pandas": "anything", "made": "yesterday"})
    gis.write_events_parquet(table, tmp_path / "a.parquet")
    gis.write_events_parquet(noted, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert set(pq.read_schema(tmp_path / "a.parquet").metadata) == {b"geo"}


def test_pairs_and_dictionary_text_round_trip(made, tmp_path):
    gis.write_table(made.pairs, tmp_path / "pairs.parquet")
    assert PAIRS.conform(pq.read_table(tmp_path / "pairs.parquet")).equals(made.pairs)
    gis.write_table(made.fixes, tmp_path / "fixes.parquet")
    table = pq.read_table(tmp_path / "fixes.parquet")
    assert table.schema.field("vessel").type == pa.string()
    assert FIXES.conform(table).column("vessel").to_pylist() == made.fixes.column("vessel").to_pylist()


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit that Linux has")
def test_a_gpkg_that_finds_no_room_is_told(tmp_path):
    """A limit to what a file may hold stands for a full disk; a process of its own, as the limit stays."""
    script = (
        "import resource, sys\n"
        "from stsdetect.report import gis\n"
        "from stsdetect.schema import PAIRS\n"
        "from tests.unit.report.report_fakes import event, events_table\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))\n"
        "events = events_table([event(k, 'loitering') for k in range(2000)])\n"
        "gis.write_gis(sys.argv[1], ['gpkg'], events=events, pairs=PAIRS.empty())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith("stsdetect.errors.UsageError: cannot write "), done.stderr
