"""How each layout is written: headers and lines by the facts, hostile texts there and back, the same bytes."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stsdetect.readers import inspect_layout, layouts, read, read_events
from stsdetect.schema import POSITIONS
from stsdetect.simulate import EVENT_LAYOUTS, LAYOUTS, World, simulate, write
from stsdetect.simulate.forms_services import craft_id
from stsdetect.simulate.forms_tables import anonymous_id
from stsdetect.simulate.hulls import HOSTILE_NAMES
from tests.unit.readers.layouts.lib import adds_up

START = datetime(2024, 2, 29, 23, 59, 35, tzinfo=UTC)
SHIP: dict[str, Any] = {
    "mmsi": 440001234, "lat_deg": 35.1, "lon_deg": 129.05, "sog_kn": 12.3, "cog_deg": 87.6, "heading_deg": 90.0,
    "nav_status": 5, "message_type": 1, "transceiver": "A", "imo": 9074729, "name": "NEVA", "callsign": "DSAB1",
    "ship_type": 80, "length_m": 120.0, "width_m": 16.0, "to_bow_m": 100.0, "to_stern_m": 20.0, "to_port_m": 6.0,
    "to_starboard_m": 10.0, "draught_m": 7.5, "destination": "BUSAN",
}  # fmt: skip
BOAT: dict[str, Any] = {
    **dict.fromkeys(SHIP), "mmsi": 412000007, "lat_deg": -35.1, "lon_deg": -0.05, "sog_kn": 0.0, "cog_deg": 0.0,
    "heading_deg": 511.0, "message_type": 18, "transceiver": "B", "ship_type": 0, "length_m": 9.0, "width_m": 3.0,
    "to_bow_m": 9.0, "to_stern_m": 0.0, "to_port_m": 3.0, "to_starboard_m": 0.0,
}  # fmt: skip


def world_of(*rows: dict[str, Any]) -> World:
    """Rows, ten seconds apart from 29 February 2024 23:59:35 on."""
    times = [START + timedelta(seconds=10 * k) for k in range(len(rows))]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in SHIP}
    positions = POSITIONS.table({**columns, "time": times, "station": ["ship"] * len(rows)})
    return World(positions, (), 0, "test", START, 24.0)


def texts(folder: Path, layout: str, *rows: dict[str, Any], encoding: str = "utf-8") -> dict[str, list[str]]:
    """The lines of each file, by its path in the folder of the layout."""
    *paths, _ = write(world_of(*rows), folder, [layout])
    return {
        path.relative_to(folder / layout).as_posix(): path.read_bytes().decode(encoding).split("\n") for path in paths
    }


MARINETRAFFIC = "MMSI,IMO,SHIP_ID,LAT,LON,SPEED,HEADING,COURSE,STATUS,TIMESTAMP,DSRC,UTC_SECONDS"
AISHUB = "MMSI,TIME,LONGITUDE,LATITUDE,COG,SOG,HEADING,ROT,NAVSTAT,IMO,NAME,CALLSIGN,TYPE,A,B,C,D,DRAUGHT,DEST,ETA"
EAIS = (
    "mmsi,imo,vessel_name,callsign,vessel_type,vessel_type_code,vessel_type_cargo,vessel_class,length,width,"
    "flag_country,flag_code,destination,eta,draught,longitude,latitude,sog,cog,rot,heading,nav_status,nav_status_code,"
    "source,ts_pos_utc,ts_static_utc,dt_pos_utc,dt_static_utc,vessel_type_main,vessel_type_sub"
)
#: Layout -> encoding, and each file's name and lines: the header and the ship; after it, of a second file, the boat.
LINES: dict[str, dict[str, list[str]]] = {
    "kystdatahuset": {
        "kystdatahuset_20240229.csv": [
            "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr",
            "440001234;9074729;120;2024-02-29 23:59:35;129.050000;35.100000;12.3;87.6;90;5;1",
            "412000007;;9;2024-02-29 23:59:45;-0.050000;-35.100000;0.0;0.0;511;;18",
        ]
    },
    "aishub": {
        "aishub_20240229.csv": [
            AISHUB,
            "440001234,2024-02-29 23:59:35 GMT,129.050000,35.100000,87.6,12.3,90,128,5,9074729,NEVA,DSAB1,80,100,20,6,"
            "10,7.5,BUSAN,",
            "412000007,2024-02-29 23:59:45 GMT,-0.050000,-35.100000,0.0,0.0,511,128,,,,,0,9,0,3,0,,,",
        ]
    },
    "aishub_raw": {
        "aishub_20240229.csv": [
            AISHUB,
            "440001234,1709251175,77430000,21060000,876,123,90,128,5,9074729,NEVA,DSAB1,80,100,20,6,10,75,BUSAN,",
            "412000007,1709251185,-30000,-21060000,0,0,511,128,,,,,0,9,0,3,0,,,",
        ]
    },
    "marinetraffic": {
        "marinetraffic_20240229.csv": [
            MARINETRAFFIC,
            "440001234,9074729,1440001234,35.100000,129.050000,123,90,88,5,2024-02-29T23:59:35,TER,35",
            "412000007,,1412000007,-35.100000,-0.050000,0,511,0,,2024-02-29T23:59:45,TER,45",
        ]
    },
    "marinetraffic_extended": {
        "marinetraffic_20240229.csv": [
            f"{MARINETRAFFIC},SHIPNAME,SHIPTYPE,CALLSIGN,FLAG,LENGTH,WIDTH,GRT,DWT,DRAUGHT,YEAR_BUILT",
            "440001234,9074729,1440001234,35.100000,129.050000,123,90,88,5,2024-02-29T23:59:35,TER,35,NEVA,80,DSAB1,,"
            "120,16,,,75,",
            "412000007,,1412000007,-35.100000,-0.050000,0,511,0,,2024-02-29T23:59:45,TER,45,,0,,,9,3,,,,",
        ]
    },
    "marinetraffic_ps01": {
        "ps01_20240229.csv": [
            "MMSI,STATUS,SPEED,LON,LAT,COURSE,HEADING,TIMESTAMP,SHIP_ID",
            "440001234,5,123,129.050000,35.100000,88,90,2024-02-29T23:59:35,1440001234",
            "412000007,,0,-0.050000,-35.100000,0,511,2024-02-29T23:59:45,1412000007",
        ]
    },
    "marinetraffic_web": {
        "marinetraffic_web_20240229.csv": [
            "Flag,Vessel Name,Destination Port,Reported Eta,Reported Destination,Imo,Vessel Type - Generic,"
            "Time Of Latest Position,Latitude,Longitude,Speed,Draught,Mmsi,Course,Heading,Navigational Status,Callsign",
            "-,NEVA,-,-,BUSAN,9074729,Tanker,2024-02-29 23:59:35,35.100000,129.050000,12.3,7.5,440001234,88,90,5,DSAB1",
            "-,-,-,-,-,-,Undefined,2024-02-29 23:59:45,-35.100000,-0.050000,0.0,-,412000007,0,511,-,-",
        ]
    },
    "eais_ungp": {
        "eais_20240229.csv": [
            EAIS,
            "440001234,9074729,NEVA,DSAB1,tanker,80,,A,120,16,,,BUSAN,,7.5,129.050000,35.100000,12.3,87.6,,90,Moored,5,"
            "S-AIS,20240229235935,,2024-02-29 23:59:35,,,",
            "412000007,,,,not available,0,,B,9,3,,,,,,-0.050000,-35.100000,0.0,0.0,,511,Unknown value,,S-AIS,"
            "20240229235945,,2024-02-29 23:59:45,,,",
        ]
    },
    "gfw_positions": {
        "positions_20240229.csv": [
            "id,timestamp,lat,lon,speed",
            f"{anonymous_id(440001234)},2024-02-29 23:59:35 UTC,35.100000,129.050000,12.3",
            f"{anonymous_id(412000007)},2024-02-29 23:59:45 UTC,-35.100000,-0.050000,0.0",
        ]
    },
    "piraeus": {
        "unipi_ais_dynamic_20240229.csv": [
            "t,vessel_id,lon,lat,heading,speed,course",
            f"1709251175000,{anonymous_id(440001234)},129.050000,35.100000,90.0,12.3,87.6",
            f"1709251185000,{anonymous_id(412000007)},-0.050000,-35.100000,511.0,0.0,0.0",
        ]
    },
    "brest": {
        "nari_dynamic_20240229.csv": [
            "sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,trueheading,lon,lat,t",
            "440001234,5,-127,12.3,87.6,90,129.0500000,35.1000000,1709251175",
            "412000007,,-127,0.0,0.0,511,-0.0500000,-35.1000000,1709251185",
        ],
        "nari_static_20240229.csv": [
            "sourcemmsi,imonumber,callsign,shipname,shiptype,tobow,tostern,tostarboard,toport,eta,draught,destination,"
            "mothershipmmsi,t",
            "440001234,9074729,DSAB1,NEVA,80,100,20,10,6,,7.5,BUSAN,,1709251175",
            "412000007,,,,0,9,0,0,3,,,,,1709251185",
        ],
    },
    "kr_mof": {
        "Dynamic_20240229.csv": [
            "선박AIS 동적정보",
            "출처: 해양수산부",
            "MMSI,일시,위도,경도,SOG,COG,Heading",
            "440001234,2024-03-01 08:59:35,35.100000,129.050000,12.3,87.6,90",
            "412000007,2024-03-01 08:59:45,-35.100000,-0.050000,0.0,0.0,511",
        ],
        "Static.csv": [
            "MMSI,선박명,선종코드,IMO,호출부호,DimA,DimB,DimC,DimD,흘수,추정톤수",
            "440001234,NEVA,80,9074729,DSAB1,100,20,6,10,7.5,",
            "412000007,,0,,,9,0,3,0,,",
        ],
    },
    "amsa_cts": {
        "cts_srr_02_2024_pt.csv": [
            "CRAFT_ID,LON,LAT,COURSE,SPEED,TYPE,SUBTYPE,LENGTH,BEAM,DRAUGHT,TIMESTAMP",
            f"{craft_id(440001234)}.0,129.050000,35.100000,87.6,12.3,tanker,,120,16,7.5,29/02/2024 11:59:35 PM",
            f"{craft_id(412000007)}.0,-0.050000,-35.100000,0.0,0.0,not available,,9,3,0.0,29/02/2024 11:59:45 PM",
        ]
    },
}


@pytest.mark.parametrize("layout", LINES)
def test_header_and_lines(tmp_path: Path, layout: str) -> None:
    encoding = "cp949" if layout == "kr_mof" else "utf-8"
    assert texts(tmp_path, layout, SHIP, BOAT, encoding=encoding) == {
        name: [*lines, ""] for name, lines in LINES[layout].items()
    }


def test_a_day_is_a_file_and_a_month_one(tmp_path: Path) -> None:
    late = [SHIP] * 4
    assert [*texts(tmp_path, "aishub", *late)] == ["aishub_20240229.csv", "aishub_20240301.csv"]
    assert [*texts(tmp_path, "kr_mof", *late, encoding="cp949")] == [
        "Dynamic_20240229.csv", "Dynamic_20240301.csv", "Static.csv",
    ]  # fmt: skip
    (lines,) = texts(tmp_path, "amsa_cts", *late).values()
    # One report an hour, so midnight begins another: day without a leading zero, twelve for zero.
    assert [line.split(",")[-1] for line in lines[1:-1]] == ["29/02/2024 11:59:35 PM", "1/03/2024 12:00:05 AM"]


def test_what_is_new_of_a_vessel_is_told_once(tmp_path: Path) -> None:
    fuller = {**SHIP, "draught_m": 9.1}
    lines = texts(tmp_path, "digitraffic", SHIP, SHIP)
    assert [*lines] == ["digitraffic_20240229.json", "digitraffic_vessels_20240229.json"]
    (vessel,) = json.loads("\n".join(lines["digitraffic_vessels_20240229.json"]))
    assert vessel == {
        "timestamp": 1709251175000, "destination": "BUSAN", "mmsi": 440001234, "callSign": "DSAB1", "imo": 9074729,
        "shipType": 80, "draught": 75, "eta": 1596, "posType": 1, "referencePointA": 100, "referencePointB": 20,
        "referencePointC": 6, "referencePointD": 10, "name": "NEVA",
    }  # fmt: skip
    items = json.loads("\n".join(texts(tmp_path, "kpler", SHIP, SHIP, BOAT)["kpler_20240229.json"]))["data"]
    assert [item["msg_description"] for item in items] == ["static", "position", "position", "static", "position"]
    assert [item["msg_type"] for item in items] == [5, 1, 1, 24, 18]
    assert items[0]["dimensions"] == {"a": 100, "b": 20, "c": 6, "d": 10}
    changed = texts(tmp_path, "brest", SHIP, fuller, fuller)["nari_static_20240229.csv"]
    assert [line.split(",")[10] for line in changed[1:-1]] == ["7.5", "9.1"]


def test_aishub_raw_items_and_elements(tmp_path: Path) -> None:
    (lines,) = texts(tmp_path, "aishub_json_raw", SHIP).values()
    meta, (item,) = json.loads("\n".join(lines))
    assert meta["ERROR"] is False
    assert (item["TIME"], item["LONGITUDE"], item["LATITUDE"]) == (1709251175, 77430000, 21060000)
    assert (item["COG"], item["SOG"], item["DRAUGHT"]) == (876, 123, 75)
    (lines,) = texts(tmp_path, "aishub_xml", SHIP).values()
    assert lines[0] == '<?xml version="1.0" encoding="UTF-8"?>'
    assert lines[2].startswith(
        '<vessel MMSI="440001234" TIME="2024-02-29 23:59:35 GMT" LONGITUDE="129.05" LATITUDE="35.1" COG="87.6"'
    )


def test_taiwan_features(tmp_path: Path) -> None:
    (lines,) = texts(tmp_path, "tw_mpb_geojson", SHIP).values()
    (feature,) = json.loads("\n".join(lines))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [129.05, 35.1]}
    assert feature["properties"] == {
        "MMSI": 440001234, "ShipName": "NEVA", "Ship_and_Cargo_Type": 80, "SOG": 12.3, "COG": 87.6,
        "IMO_Number": 9074729, "Call_Sign": "DSAB1", "Record_Time": "2024/03/01 07:59:35",
    }  # fmt: skip


def test_geoparquet_of_noaa(tmp_path: Path) -> None:
    *paths, _ = write(world_of(SHIP, {**BOAT, "lat_deg": 91.0, "lon_deg": 181.0}), tmp_path, ["noaa_geoparquet"])
    assert [path.name for path in paths] == ["ais-2024-02-29.parquet"]
    table = pq.read_table(paths[0])
    assert table.column_names == [
        "mmsi", "base_date_time", "longitude", "latitude", "sog", "cog", "heading", "vessel_name", "imo", "call_sign",
        "vessel_type", "status", "length", "width", "draft", "cargo", "transceiver", "geometry",
    ]  # fmt: skip
    geo = json.loads(table.schema.metadata[b"geo"])
    assert (geo["version"], geo["columns"]["geometry"]["encoding"]) == ("1.0.0", "WKB")
    ship, boat = table.to_pylist()
    assert ship["base_date_time"] == datetime(2024, 3, 1)  # the nearest whole minute
    assert ship["geometry"] == struct.pack("<BIdd", 1, 1, 129.05, 35.1)
    assert ship["imo"] == "IMO9074729"
    assert [boat[name] for name in ("longitude", "latitude", "heading", "geometry", "imo")] == [None] * 5


def test_parquet_of_the_un(tmp_path: Path) -> None:
    *paths, _ = write(world_of(SHIP), tmp_path, ["eais_ungp_parquet"])
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "eais_ungp_parquet/year=2024/month=02/day=29/part-00000.parquet"
    ]
    table = pq.ParquetFile(paths[0]).read()
    assert table.column_names == [*EAIS.split(","), "message_type"]
    (row,) = table.to_pylist()
    assert row["dt_pos_utc"] == datetime(2024, 2, 29, 23, 59, 35)
    assert (row["vessel_type_code"], row["nav_status"], row["nav_status_code"]) == (80, "Moored", 5)


def test_shapefile_of_amsa_opens_in_gdal(tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    *paths, _ = write(world_of(SHIP, BOAT), tmp_path, ["amsa_cts_shapefile"])
    frame = pyogrio.read_dataframe(paths[0])
    assert [*frame.columns][:11] == LINES["amsa_cts"]["cts_srr_02_2024_pt.csv"][0].split(",")
    assert frame["CRAFT_ID"].tolist() == [craft_id(440001234), craft_id(412000007)]
    assert frame["CRAFT_ID"].tolist()[1] < 0
    assert frame["LON"].tolist() == [129.05, -0.05]
    assert frame["TYPE"].tolist() == ["tanker", "not available"]
    assert frame["TIMESTAMP"].tolist() == ["29/02/2024 11:59:35 PM", "29/02/2024 11:59:45 PM"]


#: Names that break careless writers; the last ones cannot be held by every encoding.
HOSTILE = (
    'A","B",0,0,""', "O'BRIEN, JR", "=CMD|' /C CALC'!A1", "<VESSEL MMSI=\"1\"/>&AMP;", "LINE\nBREAK", "CAR\rRIAGE",
    "CR\r\nLF", "TAB\tTED", "{\"A\":[1,", "SEMI;COLON", "\\\"BACK", "부산호", "ÅSGÅRD", "☃ SNOW", "🚢 SHIP", "NUL\x00L",
    "ESC\x1b[2J",
)  # fmt: skip
NAMED = ("aishub", "aishub_raw", "aishub_json", "aishub_json_raw", "aishub_xml", "marinetraffic_extended",
         "marinetraffic_web", "exactearth", "eais_ungp", "eais_ungp_parquet", "spire_historical", "brest", "kr_mof",
         "barentswatch", "digitraffic", "aisstream", "vesselfinder", "spire_graphql", "kpler", "tw_mpb",
         "tw_mpb_geojson", "noaa", "dma", "noaa_geoparquet")  # fmt: skip


def hostile_world() -> World:
    return world_of(*({**SHIP, "mmsi": 440000001 + k, "name": name} for k, name in enumerate(HOSTILE) for _ in "ab"))


def as_held(name: str, layout: str) -> str:
    """A name as the encoding of a layout can hold it."""
    if layout == "kr_mof":
        return name.encode("cp949", "replace").decode("cp949")
    if layout == "aishub_xml":
        return name.replace("\x00", " ").replace("\x1b", " ")
    return name


@pytest.mark.parametrize("layout", NAMED)
def test_hostile_names_there_and_back(tmp_path: Path, layout: str) -> None:
    """In delimited text a line is a record: a name with a line break costs its own rows, with a reason, no others."""
    write(hostile_world(), tmp_path, [layout])
    result = read(tmp_path / layout)
    lines = any(path.suffix == ".csv" for path in (tmp_path / layout).iterdir())
    broken = {440000001 + k for k, name in enumerate(HOSTILE) if lines and "\n" in name}
    got: dict[int, set[str]] = {}
    for row in result.positions.to_pylist():
        if row["name"] is not None:
            got.setdefault(row["mmsi"], set()).add(row["name"])
    assert got == {
        440000001 + k: {as_held(name, layout)} for k, name in enumerate(HOSTILE) if 440000001 + k not in broken
    }
    assert set(result.rejects.column("reason").to_pylist()) <= {"wrong_column_count"}
    if layout != "kr_mof":  # where a file of vessels has no rows of its own to reject
        assert (result.rejects.num_rows > 0) == bool(broken)
    texts = result.rejects.column("text").to_pylist()
    assert all(any(part in text for part in ("LINE", "BREAK", "CR", "LF")) for text in texts)
    adds_up(result)


def test_hostile_names_in_events_there_and_back(tmp_path: Path) -> None:
    world = simulate("sample", seed=5, hostile_names=True)
    write(world, tmp_path, ["gfw_events"])
    said = dict(
        zip(world.positions.column("mmsi").to_pylist(), world.positions.column("name").to_pylist(), strict=True)
    )
    told = read_events(tmp_path / "gfw_events").to_pylist()
    assert {one["name_a"] for one in told} & set(HOSTILE_NAMES)
    for one in told:
        for side in "ab":
            assert one[f"name_{side}"] == said.get(one[f"mmsi_{side}"])


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "nmea"])
def test_a_report_of_nothing_but_a_place(tmp_path: Path, layout: str) -> None:
    """Sentences are made of simulated worlds only, where speed, course and size are always known."""
    bare = {**dict.fromkeys(SHIP), "mmsi": 440000001, "lat_deg": 35.1, "lon_deg": 129.05}
    write(world_of(SHIP, SHIP, bare), tmp_path, [layout])
    result = read(tmp_path / layout)
    adds_up(result)
    assert result.rejects.num_rows == 0
    rows = [row for row in result.positions.to_pylist() if (row["lat_deg"], row["lon_deg"]) == (35.1, 129.05)]
    last = max(rows, key=lambda row: (row["mmsi"] == 440000001, row["time"]))
    assert last["name"] is None
    assert last["draught_m"] in (None, 0.0)
    assert last["sog_kn"] in (None, 102.3)


@pytest.fixture(scope="module")
def twice() -> tuple[World, World]:
    return simulate("sample", seed=9), simulate("sample", seed=9)


@pytest.mark.parametrize("layout", [*LAYOUTS, *EVENT_LAYOUTS])
def test_the_same_world_gives_the_same_bytes(tmp_path: Path, twice: tuple[World, World], layout: str) -> None:
    written = []
    for name, world in zip("ab", twice, strict=True):
        paths = write(world, tmp_path / name, [layout])
        written.append({path.relative_to(tmp_path / name).as_posix(): path.read_bytes() for path in paths})
    assert written[0] == written[1]
    assert len(written[0]) > 1
    assert not [*tmp_path.rglob("*.part")]


def test_every_layout_that_is_read_is_written(tmp_path: Path) -> None:
    """All but file geodatabases, in which GDAL writes random ids, and tables that anybody may make up."""
    write(simulate("sample", seed=9), tmp_path, [*LAYOUTS, *EVENT_LAYOUTS])
    known = {layout.name for layout in layouts()}
    seen = set()
    for folder in (path for path in tmp_path.iterdir() if path.is_dir()):
        found = {name for path in folder.rglob("*.*") for _, name in inspect_layout(path) if path.is_file()}
        assert folder.name not in known or folder.name in found
        seen |= found
    assert known - seen == {"noaa_2009_2014", "table"}
