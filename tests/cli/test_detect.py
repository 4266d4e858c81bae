"""The main job from the command line: what it writes and prints."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stsdetect.schema import EVENTS, PAIRS
from tests.cli.conftest import START, meeting, names, row, vessel, write_noaa

ALWAYS = [
    "coverage.parquet",
    "events.parquet",
    "pairs.parquet",
    "run.json",
    "segments.parquet",
    "sources.parquet",
    "vessels.parquet",
]


def test_a_folder_of_exports_ends_with_all_files(run, export, tmp_path):
    done = run("detect", export, "--out", tmp_path / "results")
    assert done.code == 0, done.err
    assert names(tmp_path / "results") == sorted([*ALWAYS, "report.html", "tracks.parquet"])
    events = pq.read_table(tmp_path / "results" / "events.parquet")
    assert events.column_names == EVENTS.names
    assert b"geo" in events.schema.metadata
    pairs = pq.read_table(tmp_path / "results" / "pairs.parquet")
    assert pairs.column_names == PAIRS.names
    assert pairs.num_rows == 1
    assert "FIRST" in done.out
    assert "SECOND" in done.out
    assert "report.html" in done.out
    assert "1 encounter," in done.out


def test_run_json_accounts_for_every_row(run, tmp_path):
    rows = [*meeting(), row(412000001, "not a time", 31, 124), row("oops", START, 31, 124)]
    path = write_noaa(tmp_path / "in.csv", rows)
    done = run("detect", path, "--out", tmp_path / "out", "--no-page", "--until", "2024-03-01T17:00:00Z")
    assert done.code == 0, done.err
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    counted = account["rows"]
    assert counted["adds_up"] is True
    assert counted["read"] == len(rows)
    assert counted["rejected_total"] == sum(counted["rejected"].values()) == 2
    assert counted["filtered"] == 2 * 13
    assert counted["read"] == counted["kept"] + counted["filtered"] + counted["rejected_total"]
    assert sum(account["quality"].values()) == counted["kept"]
    assert set(account["seconds"]) == {"read", "tracks", "detect", "context", "score", "write"}
    assert {"stsdetect", "python", "numpy", "pyarrow", "pandas"} <= set(account["versions"])
    assert account["inputs"][0]["size_bytes"] == path.stat().st_size
    assert account["inputs"][0]["hash"].startswith("blake2b-ends:")
    assert account["filters"]["until"] == "2024-03-01T17:00:00Z"
    assert len(account["settings_id"]) == 12
    assert account["settings"]["encounters"]["max_distance_m"] == 500.0
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
    assert [reject["source_row"] for reject in rejects] == [len(rows), len(rows) + 1]
    assert all(reject["source_file"].endswith("in.csv") for reject in rejects)


def test_sha256_on_request(run, export, tmp_path):
    import hashlib

    assert run("detect", export, "--out", tmp_path / "out", "--no-page", "--sha256").code == 0
    found = json.loads((tmp_path / "out" / "run.json").read_text())["inputs"][0]["hash"]
    assert found == "sha256:" + hashlib.sha256((export / "a.csv").read_bytes()).hexdigest()


def test_every_format(run, export, tmp_path):
    done = run(
        "detect", export, "--out", tmp_path / "out", "--no-page", "--format", "csv,geojson", "--format", "gpkg,kml"
    )
    assert done.code == 0, done.err
    more = ["events.csv", "events.geojson", "pairs.csv", "pairs.geojson", "stsdetect.gpkg", "stsdetect.kml"]
    assert names(tmp_path / "out") == sorted([*ALWAYS, *more])
    assert json.loads((tmp_path / "out" / "events.geojson").read_text())["features"]


def test_files_of_an_earlier_run_are_replaced_together(run, export, tmp_path):
    out = tmp_path / "out"
    assert run("detect", export, "--out", out, "--format", "csv").code == 0
    (out / "my notes.txt").write_text("mine")
    assert run("detect", export, "--out", out, "--no-page").code == 0
    assert names(out) == sorted([*ALWAYS, "my notes.txt"])


def test_the_same_command_gives_the_same_bytes(run, export, tmp_path):
    for folder in ("one", "two"):
        assert run("detect", export, "--out", tmp_path / folder, "--no-page", "--format", "csv,gpkg").code == 0
    for name in names(tmp_path / "one"):
        if name != "run.json":
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_results_inside_the_input_folder_are_not_read_as_input(run, export):
    first = run("detect", export, "--out", export / "results", "--format", "csv,geojson")
    events = (export / "results" / "events.parquet").read_bytes()
    second = run("detect", export, "--out", export / "results", "--format", "csv,geojson")
    assert (first.code, second.code) == (0, 0)
    assert (export / "results" / "events.parquet").read_bytes() == events
    assert len(json.loads((export / "results" / "run.json").read_text())["inputs"]) == 1


def test_settings_file_and_single_settings(run, export, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[encounters]\nmax_distance_m = 10\nmin_duration_s = '2h'\n[score.weights]\nzone = 0.1\n")
    done = run(
        "detect", export, "--out", tmp_path / "out", "--no-page", "--settings", file,
        "--set", "encounters.max_distance_m=400", "--set", "score.weights.hull_gap=2",
    )  # fmt: skip
    assert done.code == 0, done.err
    used = json.loads((tmp_path / "out" / "run.json").read_text())["settings"]
    assert used["encounters"]["max_distance_m"] == 400
    assert used["encounters"]["min_duration_s"] == 7200
    assert used["score"]["weights"] == {"zone": 0.1, "hull_gap": 2}


def test_a_vessel_without_a_row_is_told(run, export, tmp_path):
    done = run(
        "detect", export, "--out", tmp_path / "out", "--no-page", "--vessel", "412000001", "--vessel", "41200000"
    )
    assert done.code == 0, done.err
    assert done.err.count("no row of vessel '41200000' is in the input") == 1
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["vessels_not_found"] == ["41200000"]


def test_options_reach_the_settings(run, export, tmp_path):
    done = run(
        "detect", export, "--out", tmp_path / "out", "--no-page", "--within-zone", "25", "--max-reject-share", "0.2",
        "--vessel", "412000001", "--start-time", "2024-03-01T00:00:00Z", "--bbox", "120,25,130,40",
    )  # fmt: skip
    assert done.code == 0, done.err
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["settings"]["context"]["within_zone_km"] == 25
    assert account["settings"]["read"]["max_reject_share"] == 0.2
    assert account["filters"]["vessels"] == ["412000001"]
    assert account["filters"]["bbox"] == [120, 25, 130, 40]
    assert account["counts"]["vessels"] == 1
    assert account["counts"]["pairs"] == 0


def test_a_column_map(run, tmp_path):
    text = "ship;when;Latitude_degrees;x\n" + "".join(
        f"boat {number};{(START + timedelta(minutes=5 * step)).isoformat()}Z;{31 + number * 0.0003};124.5\n"
        for number in (1, 2)
        for step in range(40)
    )
    (tmp_path / "other.csv").write_text(text)
    done = run(
        "detect", tmp_path / "other.csv", "--out", tmp_path / "out", "--no-page",
        "--map", "vessel_id=ship", "--map", "time=when", "--map", "lat=Latitude_degrees", "--map", "lon=x",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert pq.read_table(tmp_path / "out" / "pairs.parquet").column("vessel_a").to_pylist() == ["boat 1"]


def test_an_area_over_the_antimeridian(run, tmp_path):
    east, west = vessel(412000001, -18.0, 179.9), vessel(412000002, -18.0, -170.0)
    path = write_noaa(tmp_path / "in.csv", east + west)
    done = run("detect", path, "--out", tmp_path / "out", "--no-page", "--bbox", "170,-30,-175,0")
    assert done.code == 0, done.err
    found = pq.read_table(tmp_path / "out" / "events.parquet").to_pylist()
    assert {event["vessel_a"] for event in found if event["kind"] == "loitering"} == {"412000001"}


def test_your_own_zones_and_ports(run, export, tmp_path):
    zone = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"id": "mine", "name": "My box"},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[124, 30.5], [125, 30.5], [125, 31.5], [124, 31.5], [124, 30.5]]],
                },
            }
        ],
    }
    (tmp_path / "zones.geojson").write_text(json.dumps(zone))
    (tmp_path / "ports.csv").write_text("name,lat,lon\nHome,31.1,124.4\n")
    done = run(
        "detect", export, "--out", tmp_path / "out", "--no-page",
        "--zones", tmp_path / "zones.geojson", "--ports", tmp_path / "ports.csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    events = pq.read_table(tmp_path / "out" / "events.parquet").to_pylist()
    met = next(event for event in events if event["kind"] == "encounter")
    assert met["zone_id"] == "mine"
    assert met["port_id"] == "Home"


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_do_not_change_the_result(run, export, tmp_path, workers):
    done = run("detect", export, "--out", tmp_path / "out", "--no-page", "--workers", workers)
    assert done.code == 0, done.err
    assert pq.read_table(tmp_path / "out" / "pairs.parquet").num_rows == 1


def test_a_relative_path_works(run, export, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("detect", Path("exports"), "--out", "out", "--no-page").code == 0
    assert run("detect", "exports/*.csv", "--out", "out", "--no-page").code == 0
