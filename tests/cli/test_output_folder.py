"""The output folder: what runs put there is theirs, all else is the user's, and neither is taken for AIS."""

from __future__ import annotations

import json
import os

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stsdetect.readers.parquet import write_positions
from tests.builders import boat, join
from tests.cli.conftest import meeting, names, vessel, write_noaa


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def silent(tmp_path):
    """A folder with positions of two tankers, both silent for six hours, one of them sent twice with two places."""
    a, b = (
        boat(
            412000001 + k, [(0, k * 3000, 0), (12, k * 3000, 0)], every_s=600, silent=[(3, 9)], ship_type=80, noise_m=3
        )
        for k in range(2)
    )
    wrong = a.slice(4, 4)
    place = wrong.column_names.index("lat_deg")
    wrong = wrong.set_column(place, "lat_deg", pc.add(wrong.column("lat_deg"), 0.0003))
    (tmp_path / "exports").mkdir()
    write_positions(join(a, b, wrong), tmp_path / "exports" / "day.parquet")
    return tmp_path / "exports"


@pytest.mark.parametrize("name", ["events.csv", "run.json", "labels.jsonl"])
def test_an_input_with_the_name_of_a_result_is_not_deleted(run, tmp_path, name):
    path = write_noaa(tmp_path / "top" / "data" / name, meeting())
    before = path.read_bytes()
    done = run("detect", tmp_path / "top", "--out", tmp_path / "top" / "data")
    assert done.code == 2
    assert f"holds the input {path}" in done.err
    assert contents(tmp_path / "top" / "data") == {name: before}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run.json", []), ("events.parquet", []), ("rejects.parquet", []), ("report.html", []),
        ("events.csv", ["--format", "csv"]), ("areas.geojson", ["--format", "geojson"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["mine", '{"mine": 1}', '{"schema": ["stsdetect-run/1"], "files": ["run.json"]}', "["])
def test_a_file_that_no_run_made_is_never_replaced(run, export, tmp_path, monkeypatch, name, words, text):
    out = tmp_path / "work"
    out.mkdir()
    (out / name).write_text(text)
    (out / "notes.txt").write_text("mine, too")
    before = contents(out)
    monkeypatch.setattr("stsdetect.pipeline.job.stream", lambda *a, **k: pytest.fail("the work has begun"))
    done = run("detect", export, "--out", out, *words)
    assert done.code == 2
    assert str(out / name) in done.err
    assert "choose another folder with --out" in done.err
    assert contents(out) == before


def test_a_file_that_the_run_does_not_write_stays(run, export, tmp_path):
    out = tmp_path / "out"
    assert run("detect", export, "--out", out, "--no-page").code == 0
    (out / "pairs.csv").write_text("mine")
    (out / "report.html").write_text("mine")
    for _ in range(2):
        assert run("detect", export, "--out", out, "--no-page").code == 0
        assert (out / "pairs.csv").read_text() == (out / "report.html").read_text() == "mine"
    assert run("score", out).code == 0
    assert not {"pairs.csv", "report.html"} & set(json.loads((out / "run.json").read_text())["files"])
    before = contents(out)
    for words in (["--format", "csv", "--no-page"], []):
        done = run("detect", export, "--out", out, *words)
        assert done.code == 2
        assert "pairs.csv" in done.err if words else "report.html" in done.err
        assert contents(out) == before


def test_scoring_takes_no_file_for_one_of_the_run(run, export, tmp_path):
    out, other = tmp_path / "out", tmp_path / "other"
    assert run("detect", export, "--out", out, "--no-page").code == 0
    (out / "rejects.parquet").write_text("mine")
    assert run("score", out).code == 0
    assert run("score", out, "--out", other).code == 0
    assert not (other / "rejects.parquet").exists()
    assert (out / "rejects.parquet").read_text() == "mine"
    (other / "labels.jsonl").write_text("mine")
    (other / "run.json").unlink()
    before = contents(other)
    done = run("score", out, "--out", other)
    assert done.code == 2
    assert str(other / "events.parquet") in done.err
    assert contents(other) == before


@pytest.mark.parametrize("formats", ["csv,geojson,gpkg,kml"])
def test_a_run_inside_its_input_gives_the_same_each_night(run, silent, formats):
    out = silent / "results"
    assert run("detect", silent, "--out", out, "--format", formats).code == 0
    first, told = contents(out), json.loads((out / "run.json").read_text())
    assert {"flagged.parquet", "reach.geojson", "tracks.parquet"} <= set(first)
    done = run("label", out, "1", "--verdict", "unclear", "--who", "Ana", "--why", "not looked at yet")
    assert done.code == 0, done.err
    labels = (out / "labels.jsonl").read_bytes()
    for _ in range(2):
        done = run("detect", silent, "--out", out, "--format", formats)
        assert done.code == 0, done.err
        again = json.loads((out / "run.json").read_text())
        assert again["rows"] == told["rows"]
        assert [one["path"] for one in again["inputs"]] == [str(silent / "day.parquet")]
        assert again["skipped"] == []
        assert contents(out) == first | {"labels.jsonl": labels, "run.json": (out / "run.json").read_bytes(),
                                         "report.html": (out / "report.html").read_bytes()}  # fmt: skip


@pytest.mark.parametrize("pattern", ["expanded", "quoted", "folder"])
@pytest.mark.parametrize("made", ["new", "empty", "link"])
def test_a_pattern_that_matches_the_output_folder_gives_the_same_each_night(run, silent, tmp_path, pattern, made):
    out = silent / "results"
    if made == "link":
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    elif made == "empty":
        out.mkdir()
    for _ in range(2):
        # As a shell expands it.
        words = {"expanded": sorted(silent.iterdir()), "quoted": [silent / "*"], "folder": [silent]}[pattern]
        done = run("detect", *words, "--out", out, "--no-page")
        assert done.code == 0, done.err
        told = json.loads((out / "run.json").read_text())
        assert [one["path"] for one in told["inputs"]] == [str(silent / "day.parquet")]
        assert told["skipped"] == []


@pytest.mark.parametrize("linked", [False, True])
def test_an_output_folder_with_more_than_results_stays_an_input(run, export, tmp_path, linked):
    out = export / "results"
    if linked:
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    assert run("detect", export / "a.csv", "--out", out, "--no-page").code == 0
    done = run("detect", out, "--out", out, "--no-page")
    assert (done.code, "holds the input" in done.err) == (2, True)
    late = write_noaa(out / "late.csv", vessel(412000009, 31, 124))
    before = contents(out)
    for words in ([export / "a.csv", out], [export / "*"], [export]):
        done = run("detect", *words, "--out", out, "--no-page")
        assert (done.code, "holds the input" in done.err) == (2, True), done.err
    assert contents(out) == before
    assert late.exists()


def test_a_link_to_an_empty_output_folder_alone_is_no_input(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "results").symlink_to(tmp_path / "elsewhere")
    done = run("detect", tmp_path / "data", "--out", tmp_path / "data" / "results")
    assert done.code == 3
    assert f"nothing but the output folder {tmp_path / 'data' / 'results'} was found" in done.err


def test_results_in_another_folder_are_no_ais(run, silent, tmp_path):
    formats = ["--format", "csv,geojson,gpkg,kml"]
    assert run("detect", silent, "--out", tmp_path / "one", *formats).code == 0
    assert run("detect", silent, "--out", silent / "old", *formats).code == 0
    assert run("detect", silent, "--out", tmp_path / "two", *formats).code == 0
    told = json.loads((tmp_path / "two" / "run.json").read_text())
    assert [one["path"] for one in told["inputs"]] == [str(silent / "day.parquet")]
    (reason,) = [one["reason"] for one in told["skipped"] if one["path"].endswith("flagged.parquet")]
    assert "table 'flagged' of an earlier run" in reason
    for name in names(tmp_path / "one"):
        if name.endswith(".parquet"):
            assert pq.read_table(tmp_path / "one" / name).equals(pq.read_table(tmp_path / "two" / name)), name
    done = run("detect", silent / "old" / "flagged.parquet", "--out", tmp_path / "three", "--layout", "positions")
    assert done.code == 3
    assert "table 'flagged' of an earlier run" in done.err


def test_formats_of_the_run_before_go_with_it(run, silent, tmp_path):
    for out in (silent / "results", tmp_path / "out"):
        assert run("detect", silent, "--out", out, "--format", "geojson").code == 0
        assert "reach.geojson" in names(out)
        done = run("detect", silent, "--out", out)
        assert done.code == 0, done.err
        assert not [name for name in names(out) if name.endswith(".geojson")]


def test_only_results_are_no_input(run, export):
    out = export / "results"
    assert run("detect", export, "--out", out).code == 0
    os.remove(export / "a.csv")
    before = contents(out)
    done = run("detect", export, "--out", out)
    assert done.code == 3
    assert "nothing but results" in done.err
    done = run("detect", out / "events.parquet", "--out", out)
    assert done.code == 2
    assert "holds the input" in done.err
    assert contents(out) == before


def test_ais_beside_results_is_refused(run, export):
    out = export / "results"
    assert run("detect", export, "--out", out).code == 0
    write_noaa(out / "late.csv", vessel(412000009, 31, 124))
    done = run("detect", export, "--out", out)
    assert done.code == 2
    assert "holds the input" in done.err
    assert (out / "late.csv").exists()
