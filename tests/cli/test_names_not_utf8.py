"""Files whose names are bytes that are not UTF-8, as old archives have: read, and shown with the bytes written out."""

from __future__ import annotations

import json
import os
import sys
import zipfile

import pyarrow.parquet as pq
import pytest

from stsdetect.readers import raw_line
from tests.builders import boat, join
from tests.cli.conftest import HEADER, meeting, names, vessel, write_noaa

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names of other systems are Unicode")


def odd(name: str) -> str:
    """``name`` with a byte (c with a cedilla in Latin-1) in place of the question mark."""
    return os.fsdecode(name.encode().replace(b"?", b"\xe7"))


@pytest.fixture
def folder(tmp_path):
    write_noaa(tmp_path / "in" / odd("mar?o.csv"), meeting())
    (tmp_path / "in" / odd("mar?o.txt")).write_text("buy milk\n")
    return tmp_path / "in"


def test_a_folder(run, folder, tmp_path):
    out = tmp_path / "out"
    done = run("detect", folder, "--out", out, "--format", "csv,geojson,gpkg,kml")
    assert done.code == 0, done.err
    assert r"mar\xe7o.txt" in done.err
    told = json.loads((out / "run.json").read_text(encoding="utf-8"))
    (read,), (skipped,) = told["inputs"], told["skipped"]
    assert read["path"] == rf"{folder}/mar\xe7o.csv"
    assert read["hash"].startswith("blake2b")
    assert skipped["path"] == rf"{folder}/mar\xe7o.txt"
    assert skipped["reason"].startswith(skipped["path"])
    for one in pq.read_table(out / "sources.parquet").to_pylist():
        line = raw_line(one["source_file"], one["source_row"])
        assert line.startswith(f"{one['vessel']},{one['time']:%Y-%m-%dT%H:%M}")
    done = run("score", out)
    assert done.code == 0, done.err


def test_inspect(run, folder):
    write_noaa(folder / odd("?.csv"), ["1,noon,31,124,,,,,,,,,,,,,"])
    for words in ([folder], [folder / odd("mar?o.csv"), folder / odd("mar?o.txt")]):
        assert run("inspect", *words).code == 0
        done = run("inspect", *words, "--json")
        assert done.code == 0, done.err
        assert {rf"{folder}/mar\xe7o.csv", rf"{folder}/mar\xe7o.txt"} <= {one["path"] for one in json.loads(done.out)}
    done = run("inspect", folder, "--rejects", "--json")
    assert done.code == 0, done.err
    (reason,) = json.loads(done.out)["reasons"]
    assert reason["examples"][0][0] == rf"{folder}/\xe7.csv"
    done = run("inspect", folder / odd("mar?o.txt"))
    assert done.code == 3
    assert r"mar\xe7o.txt is not AIS" in done.err


@pytest.mark.parametrize("name", ["day?.parquet", "day?.zip", "day?.csv", "deep?/day.csv"])
def test_files_of_all_kinds(run, tmp_path, name):
    path = tmp_path / odd(name)
    path.parent.mkdir(exist_ok=True)
    if name.endswith("parquet"):
        with open(path, "wb") as file:
            pq.write_table(
                join(boat(412000001, [(0, 0, 0), (5, 100, 0)]), boat(412000002, [(0, 0, 30), (5, 99, 30)])), file
            )
    elif name.endswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("day.csv", "\n".join([HEADER, *vessel(412000001, 31, 124)]))
    else:
        write_noaa(path, vessel(412000001, 31, 124))
    done = run("detect", path, "--out", tmp_path / "out", "--no-page", "--log-json")
    assert done.code == 0, done.err
    (one, *_) = pq.read_table(tmp_path / "out" / "sources.parquet").to_pylist()
    assert r"\xe7" in one["source_file"]
    assert "412000001" in raw_line(one["source_file"], one["source_row"])
    assert run("inspect", path).code == 0


def test_a_name_with_the_bytes_written_out_is_a_name_too(tmp_path):
    for name, text in ((odd("?.csv"), "one"), (r"\xe7.csv", "other")):
        (tmp_path / name).write_text(text)
    assert raw_line(rf"{tmp_path}/\xe7.csv", 1, layout="noaa_2015_2024") == "other"
    os.remove(tmp_path / r"\xe7.csv")
    assert raw_line(rf"{tmp_path}/\xe7.csv", 1, layout="noaa_2015_2024") == "one"


def test_a_geodatabase_is_not_opened(run, tmp_path):
    (tmp_path / "in" / odd("?.gdb")).mkdir(parents=True)
    (tmp_path / "in" / odd("?.gdb") / "a00000001.gdbtable").write_bytes(bytes(100))
    write_noaa(tmp_path / "in" / "a.csv", vessel(412000001, 31, 124))
    done = run("detect", tmp_path / "in", "--out", tmp_path / "out", "--no-page")
    assert done.code == 0, done.err
    (skipped,) = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["skipped"]
    assert skipped["path"].endswith(r"\xe7.gdb")
    assert "rename it" in skipped["reason"]


def test_an_output_folder_is_refused_before_the_work(run, export, tmp_path, monkeypatch):
    assert run("detect", export, "--out", tmp_path / "out", "--no-page").code == 0
    monkeypatch.setattr("stsdetect.pipeline.job.stream", lambda *a, **k: pytest.fail("the work has begun"))
    for words in (["detect", export], ["score", tmp_path / "out"]):
        done = run(*words, "--out", tmp_path / odd("r?"))
        assert done.code == 2
        assert r"r\xe7 " in done.err
        assert "choose another folder with --out" in done.err
    assert names(tmp_path) == ["exports", "out"]


def test_other_files_of_the_user(run, export, tmp_path):
    listed, known = tmp_path / odd("l?.csv"), tmp_path / odd("k?.csv")
    listed.write_text("imo,name\n9000001,FIRST\n")
    known.write_text("vessel_a,vessel_b,reason\n412000001,412000002,our own\n")
    done = run("detect", export, "--out", tmp_path / "out", "--watch-list", listed, "--known", known)
    assert done.code == 0, done.err
    told = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert told["watch_lists"][0]["path"] == rf"{tmp_path}/l\xe7.csv"
    assert told["known"]["path"] == rf"{tmp_path}/k\xe7.csv"
    assert told["watch_lists"][0]["hash"]
    assert told["known"]["hash"]
    done = run("score", tmp_path / "out")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "option", ["--zones", "--ports", "--settings", "--profile", "--model", "--set coverage.baseline_file="]
)
def test_files_that_settings_name_are_refused(run, export, tmp_path, option):
    path = tmp_path / odd("?.json")
    path.write_text("{}")
    name, _, key = option.partition(" ")
    done = run("detect", export, "--out", tmp_path / "out", name, f"{key}{path}")
    assert done.code in (2, 3), done.err
    assert r"\xe7.json" in done.err or "it is not UTF-8" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["--vessel", "?"], ["--map", "lat=?"], ["--map", "?=LAT"], ["--layout", "?"]])
def test_words_that_are_no_text_are_refused(run, export, tmp_path, words):
    done = run("detect", export, "--out", tmp_path / "out", *map(odd, words))
    assert done.code == 2
    assert "not UTF-8" in done.err
    assert not (tmp_path / "out").exists()


def test_results_in_a_folder_that_was_renamed(run, folder, tmp_path):
    assert run("detect", folder, "--out", tmp_path / "out").code == 0
    here = tmp_path / odd("mar?o")
    (tmp_path / "out").rename(here)
    for words in (["score", here, "--out", tmp_path / "again"], ["chains", here], ["ledger", here]):
        done = run(*words)
        assert done.code == 0, (words, done.err)
    done = run("score", here)
    assert done.code == 2
    assert "choose another folder with --out" in done.err


def test_scoring_does_not_write_into_the_folder_of_the_input(run, folder, tmp_path):
    (folder / odd("mar?o.txt")).unlink()
    assert run("detect", folder, "--out", tmp_path / "out").code == 0
    done = run("score", tmp_path / "out", "--out", folder)
    assert done.code == 2
    assert "holds the input" in done.err
    assert names(folder) == [odd("mar?o.csv")]
