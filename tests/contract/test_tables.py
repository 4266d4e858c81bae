"""The files of a run hold what other software relies on: columns, types, ids that resolve, sums that add up."""

from __future__ import annotations

import gzip
import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely

import stsdetect as sts
from stsdetect.errors import TooManyRejectsError
from stsdetect.schema import EVENTS, PAIRS, REJECTS, SEGMENTS, VESSELS
from stsdetect.score import indicator_rows
from stsdetect.settings import Settings, load_settings

SAMPLE = Path(__file__).parents[2] / "sample_ais"
TIME = pa.timestamp("us", tz="UTC")

#: The columns that are promised whatever else there is, with their types.
EVENT_COLUMNS = {
    "event_id": pa.string(), "kind": pa.string(), "subtype": pa.string(), "vessel_a": pa.string(),
    "vessel_b": pa.string(), "mmsi_a": pa.int64(), "mmsi_b": pa.int64(), "start_time": TIME, "end_time": TIME,
    "duration_h": pa.float64(), "observed_min": pa.float64(), "inferred_min": pa.float64(), "lat_deg": pa.float64(),
    "lon_deg": pa.float64(), "zone_id": pa.string(), "zone_distance_km": pa.float64(),
    "shore_distance_km": pa.float64(), "n_positions_a": pa.int64(), "n_positions_b": pa.int64(), "is_open": pa.bool_(),
    "flags": pa.string(), "settings_id": pa.string(), "geometry": pa.binary(),
}  # fmt: skip
ENCOUNTER_COLUMNS = {
    "min_distance_m", "median_distance_m", "hull_gap_min_m", "hull_gap_max_m", "median_speed_kn", "heading_alignment",
    "draught_change_a_m", "draught_change_b_m",
}  # fmt: skip
REASON = {
    "indicator": pa.string(), "value": pa.float64(), "strength": pa.float64(), "weight": pa.float64(),
    "sentence": pa.string(), "source": pa.string(),
}  # fmt: skip
PAIR_COLUMNS = {
    "pair_id": pa.string(), "vessel_a": pa.string(), "vessel_b": pa.string(), "mmsi_a": pa.int64(),
    "mmsi_b": pa.int64(), "partner_kind": pa.string(), "partner_id": pa.string(), "rank": pa.int64(),
    "score": pa.float64(), "log_odds": pa.float64(), "confidence": pa.string(), "n_events": pa.int64(),
    "first_time": TIME, "last_time": TIME, "likelihood": pa.string(),
}  # fmt: skip
WEIGHTS = {row["name"]: row["weight"] for row in indicator_rows()}
#: A Danish row that cannot be read: its day is not one.
BROKEN = (
    "32/13/2024 00:00:00,Class A,441900001,31.0,124.0,Unknown value,,0.0,0.0,0,Unknown,Unknown,Unknown,Tanker,,,,,,"
    "Unknown,,AIS,,,,"
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A run over the sample and a broken file."""
    folder = tmp_path_factory.mktemp("tables")
    header = next(SAMPLE.glob("dma/*.csv")).read_text(encoding="ascii").split("\n", 1)[0]
    with gzip.open(folder / "broken.csv.gz", "wt") as file:
        file.write(f"{header}\n{BROKEN}\n{BROKEN.replace('32/13', '01/03')}\n")
    sts.detect([SAMPLE, folder / "broken.csv.gz"], out=folder / "out")
    return folder / "out"


def table(out: Path, name: str) -> pa.Table:
    return pq.read_table(out / f"{name}.parquet")


def test_the_columns_of_events(out):
    schema = pq.read_schema(out / "events.parquet")
    for name, kind in EVENT_COLUMNS.items():
        assert schema.field(name).type == kind, name
    assert set(schema.names) >= ENCOUNTER_COLUMNS
    assert schema.names == EVENTS.names
    assert all(schema.field(name).type == pa.float64() for name in ENCOUNTER_COLUMNS)


def test_the_columns_of_pairs(out):
    schema = pq.read_schema(out / "pairs.parquet")
    for name, kind in PAIR_COLUMNS.items():
        assert schema.field(name).type == kind, name
    assert schema.field("event_ids").type == pa.list_(pa.string())
    reasons = schema.field("reasons").type.value_type
    assert {field.name: field.type for field in reasons} == REASON
    assert schema.names == PAIRS.names


@pytest.mark.parametrize("schema", [EVENTS, PAIRS, VESSELS, SEGMENTS, REJECTS], ids=lambda schema: schema.name)
def test_every_file_is_its_schema_with_plain_text(out, schema):
    read = table(out, schema.name)
    assert read.column_names == schema.names
    assert read.num_rows > 0
    for column in schema:
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        assert read.schema.field(column.name).type == plain, column.name
        assert read.schema.field(column.name).nullable == column.nullable, column.name
        assert column.nullable or read.column(column.name).null_count == 0, column.name
    # Nothing is NaN where null says that a value is not known.
    for name in read.column_names:
        if pa.types.is_floating(read.schema.field(name).type):
            assert not pc.any(pc.is_nan(read.column(name))).as_py(), name


def test_events_are_geoparquet_of_points_that_stand_at_lat_and_lon(out):
    frame = geopandas.read_parquet(out / "events.parquet")
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert frame.crs.is_geographic
    assert frame.crs.datum.name.startswith("World Geodetic System 1984")
    assert set(frame.geom_type) == {"Point"}
    assert (frame.geometry.x == frame["lon_deg"]).all()
    assert (frame.geometry.y == frame["lat_deg"]).all()
    assert frame["lat_deg"].between(-90, 90).all()
    assert frame["lon_deg"].between(-180, 180).all()
    assert str(frame["start_time"].dtype) == "datetime64[us, UTC]"
    meta = json.loads(pq.read_schema(out / "events.parquet").metadata[b"geo"])
    assert meta["primary_column"] == "geometry"
    assert meta["columns"]["geometry"]["encoding"] == "WKB"
    raw = table(out, "events")
    points = shapely.from_wkb(raw.column("geometry").to_pylist())
    assert [point.x for point in points] == raw.column("lon_deg").to_pylist()


def test_what_holds_for_every_event(out):
    events = table(out, "events").to_pylist()
    assert len({event["event_id"] for event in events}) == len(events)
    kinds = {"encounter", "loitering", "gap", "port_call", "dark_rendezvous"}
    assert kinds <= {event["kind"] for event in events} <= {*kinds, "identity"}
    order = [(event["start_time"], event["event_id"]) for event in events]
    assert order == sorted(order)
    for event in events:
        assert re.fullmatch("[0-9a-f]{16}", event["event_id"])
        assert event["start_time"] <= event["end_time"]
        minutes = (event["end_time"] - event["start_time"]).total_seconds() / 60
        assert event["duration_h"] * 60 == pytest.approx(minutes)
        assert event["observed_min"] + event["inferred_min"] <= minutes + 1e-6
        assert event["settings_id"] == Settings().digest
        alone = event["kind"] != "encounter"
        assert all((event[name] is None) for name in ("min_distance_m", "hull_gap_min_m")) == alone
        if event["kind"] in ("dark_rendezvous", "identity"):
            alone = event["vessel_b"] is None
        assert (event["vessel_b"] is None) == (event["mmsi_b"] is None) == (event["n_positions_b"] is None) == alone
        assert alone or event["vessel_a"] < event["vessel_b"]
        assert event["zone_distance_km"] >= 0
        assert event["zone_id"] is None or event["zone_distance_km"] == 0
        assert event["mmsi_a"] == int(event["vessel_a"][:9])


def test_pairs_weights_score_and_rank(out):
    pairs = table(out, "pairs").to_pylist()
    assert [pair["rank"] for pair in pairs] == list(range(1, len(pairs) + 1))
    assert [pair["log_odds"] for pair in pairs] == sorted((pair["log_odds"] for pair in pairs), reverse=True)
    assert len({pair["pair_id"] for pair in pairs}) == len(pairs)
    for pair in pairs:
        weights = [reason["weight"] for reason in pair["reasons"]]
        assert math.fsum(weights) == pytest.approx(pair["log_odds"], abs=1e-9)
        for reason in pair["reasons"]:
            earned = round(reason["strength"] * WEIGHTS[reason["indicator"]], 4)
            assert reason["weight"] == earned, reason["indicator"]
        assert pair["score"] == pytest.approx(1 / (1 + math.exp(-pair["log_odds"])), abs=1e-12)
        assert pair["reasons"][0]["indicator"] in ("base", "dark_base", "delivery_base")
        names = [reason["indicator"] for reason in pair["reasons"]]
        assert len(set(names)) == len(names)
        assert all(reason["sentence"] and reason["sentence"][-1] in ".!" for reason in pair["reasons"])
        assert pair["confidence"] in {"high", "medium", "low"}
        # No words of probability without a calibrated model.
        assert pair["likelihood"] is None
        assert pair["partner_kind"] in ("vessel", "unknown", "port")
        assert (pair["vessel_b"] is not None) == (pair["partner_kind"] == "vessel")
        if pair["partner_kind"] == "vessel":
            assert pair["partner_id"] == pair["vessel_b"]
            assert pair["vessel_a"] < pair["vessel_b"]


def test_pairs_lead_to_their_events_and_every_encounter_belongs_to_one(out):
    events = {event["event_id"]: event for event in table(out, "events").to_pylist()}
    named: list[str] = []
    for pair in table(out, "pairs").to_pylist():
        # The candidates of one stay are one time.
        assert len(pair["event_ids"]) >= pair["n_events"] > 0
        own = [events[event_id] for event_id in pair["event_ids"]]
        if pair["partner_kind"] != "vessel":
            assert {event["kind"] for event in own} <= {"dark_rendezvous", "port_call", "gap", "loitering"}
            continue
        assert {event["kind"] for event in own} <= {"encounter", "dark_rendezvous"}
        assert {(event["vessel_a"], event["vessel_b"]) for event in own} == {(pair["vessel_a"], pair["vessel_b"])}
        assert pair["first_time"] == min(event["start_time"] for event in own)
        assert pair["last_time"] == max(event["end_time"] for event in own)
        named += [event["event_id"] for event in own if event["kind"] == "encounter"]
    assert sorted(named) == sorted(key for key, event in events.items() if event["kind"] == "encounter")


def test_vessels_and_segments_are_those_of_the_events(out):
    events, vessels, segments = table(out, "events"), table(out, "vessels"), table(out, "segments")
    known = set(vessels.column("vessel").to_pylist())
    met = {name for side in "ab" for name in events.column(f"vessel_{side}").to_pylist() if name}
    assert met <= known
    assert met <= set(segments.column("vessel").to_pylist())
    for row in vessels.to_pylist():
        assert row["valid_from"] <= row["valid_to"]
    for row in segments.to_pylist():
        assert row["start_time"] <= row["end_time"]
        assert row["begins_after"] in {"start", "silence", "jump"}
    assert segments.column("segment").to_pylist() == list(range(segments.num_rows))


def test_the_account_adds_up(out):
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    rows = run["rows"]
    assert rows["adds_up"] is True
    assert rows["read"] == rows["kept"] + rows["filtered"] + sum(rows["rejected"].values())
    assert rows["rejected_total"] == sum(rows["rejected"].values()) == table(out, "rejects").num_rows == 1
    assert rows["proof"] == f"{rows['read']} = {rows['kept']} + 0 + 1"
    for count in ("read", "kept", "filtered"):
        assert rows[count] == sum(file["rows"][count] for file in run["inputs"])
    # Each report that was kept has one flag of cleaning.
    assert sum(run["quality"].values()) == rows["kept"]
    assert run["settings_id"] == Settings().digest
    assert load_settings(**run["settings"]) == Settings()
    assert set(run["versions"]) >= {"python", "stsdetect", "numpy", "pyarrow"}
    assert set(run["seconds"]) == {"read", "tracks", "detect", "context", "score", "write"}
    assert sum(run["counts"]["events"].values()) == table(out, "events").num_rows
    assert run["counts"]["pairs"] == table(out, "pairs").num_rows
    assert run["counts"]["segments"] == table(out, "segments").num_rows
    assert run["skipped"]
    assert all(item["path"].endswith(("truth.json", "RECIPE.txt")) for item in run["skipped"])
    assert sorted(run["files"]) == sorted(path.name for path in out.iterdir())


def test_inputs_are_named_with_size_and_hash(out):
    inputs = json.loads((out / "run.json").read_text(encoding="utf-8"))["inputs"]
    assert {file["layout"] for file in inputs} == {"noaa_2015_2024", "noaa_2025", "dma", "nmea"}
    for file in inputs:
        assert file["size_bytes"] == Path(file["path"]).stat().st_size
        assert re.fullmatch("blake2b-ends:[0-9a-f]{32}", file["hash"])


def test_rejects_lead_back_to_the_line(out):
    (row,) = table(out, "rejects").to_pylist()
    assert row["source_file"].endswith("broken.csv.gz")
    assert row["source_row"] == 2
    assert row["reason"] == "bad_time"
    assert row["text"] == BROKEN


def test_no_rejects_no_file_and_nothing_found_has_the_full_schema(tmp_path):
    lines = next(SAMPLE.glob("noaa/*.csv")).read_text(encoding="ascii").splitlines()[:3]
    (tmp_path / "two.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
    sts.detect(tmp_path / "two.csv", out=tmp_path / "out")
    assert not (tmp_path / "out" / "rejects.parquet").exists()
    assert table(tmp_path / "out", "pairs").schema.names == PAIRS.names
    frame = geopandas.read_parquet(tmp_path / "out" / "events.parquet")
    assert len(frame) == 0
    assert list(frame.columns) == EVENTS.names


def test_with_too_many_rejects_the_files_are_there_all_the_same(tmp_path):
    header = next(SAMPLE.glob("dma/*.csv")).read_text(encoding="ascii").split("\n", 1)[0]
    (tmp_path / "bad.csv").write_text(f"{header}\n{BROKEN}\n{BROKEN}\n{BROKEN.replace('32/13', '01/03')}\n")
    with pytest.raises(TooManyRejectsError, match="2 of 3 rows"):
        sts.detect(tmp_path / "bad.csv", out=tmp_path / "out")
    assert table(tmp_path / "out", "rejects").num_rows == 2
    assert json.loads((tmp_path / "out" / "run.json").read_text())["rows"]["adds_up"]


def test_times_are_utc_on_the_wire(out):
    first = pc.min(table(out, "events").column("start_time")).as_py()
    assert first.utcoffset().total_seconds() == 0
    assert datetime(2024, 3, 1, tzinfo=UTC) <= first < datetime(2024, 3, 3, tzinfo=UTC)
