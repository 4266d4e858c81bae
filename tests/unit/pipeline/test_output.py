"""Files take their places in the output folder together, and only in place of those that runs put there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from stsdetect.errors import UsageError
from stsdetect.pipeline.output import FORMAT_FILES, KNOWN_FILES, files_of, of_earlier_runs, staged
from stsdetect.settings import Format

OLD, NEW = ("events.parquet", "rejects.parquet", "events.csv", "run.json"), ("events.parquet", "pairs.csv", "run.json")


def put(out, files, text):
    with staged(out, files) as aside:
        for name in files:
            (aside / name).write_text(text)
        (aside / "run.json").write_text(json.dumps({"schema": "stsdetect-run/1", "files": files, "text": text}))


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_what_the_run_before_wrote_is_known(tmp_path):
    assert of_earlier_runs(tmp_path) == set()
    put(tmp_path, OLD, "old")
    assert of_earlier_runs(tmp_path) == set(OLD)
    (tmp_path / "pairs.parquet").write_text("mine")
    assert of_earlier_runs(tmp_path) == set(OLD)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "1", '{"files": ["events.csv"]}', '{"schema": 1, "files": ["events.csv"]}',
        '{"schema": "other/1", "files": ["events.csv"]}', "[" * 100_000, "\udcff",
    ],
)  # fmt: skip
def test_a_file_that_no_run_wrote_says_nothing(tmp_path, text):
    (tmp_path / "run.json").write_text(text, errors="surrogateescape")
    assert of_earlier_runs(tmp_path) == set()


@pytest.mark.parametrize("files", [None, 1, "events.csv", [["events.csv"], 1, "../x", "/etc/x", "notes.txt"]])
def test_a_run_owns_files_of_runs_and_no_others(tmp_path, files):
    (tmp_path / "run.json").write_text(json.dumps({"schema": "stsdetect-run/1", "files": files}))
    assert of_earlier_runs(tmp_path) == {"run.json"}


def test_a_file_that_comes_while_the_work_is_done_stays(tmp_path):
    put(tmp_path, OLD, "old")
    before = contents(tmp_path) | {"pairs.csv": "mine"}

    def meet():
        with staged(tmp_path, NEW) as aside:
            for name in NEW:
                (aside / name).write_text("new")
            (tmp_path / "pairs.csv").write_text("mine")

    with pytest.raises(UsageError, match=r"pairs\.csv"):
        meet()
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_run_that_came_in_between_is_replaced(tmp_path):
    with staged(tmp_path) as aside:
        put(tmp_path, OLD, "old")
        (aside / "events.parquet").write_text("new")
    assert contents(tmp_path) == {"events.parquet": "new"}


@pytest.mark.parametrize("step", range(8))
def test_after_a_run_that_was_killed_the_next_goes_on(tmp_path, step):
    out = tmp_path / "out"
    put(out, OLD, "old")
    (out / "labels.jsonl").write_text("mine")
    program = f"""
        import os, sys
        from pathlib import Path
        sys.path.insert(0, {os.getcwd()!r})
        from tests.unit.pipeline.test_output import NEW, put
        steps = []
        def dying(do):
            def then(*words, **more):
                if len(steps) == {step}:
                    os._exit(9)
                steps.append(do)
                return do(*words, **more)
            return then
        os.replace, Path.unlink = dying(os.replace), dying(Path.unlink)
        put(Path({str(out)!r}), NEW, "new")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 9, done.stderr
    held = contents(out)
    assert held.pop("labels.jsonl") == "mine"
    if "run.json" in held and ".stsdetect-unfinished.json" not in held:
        assert set(held) == set(OLD)
    (out / "pairs.parquet").write_text("mine")
    put(out, OLD[1:], "third")
    held = contents(out)
    assert json.loads(held.pop("run.json"))["text"] == "third"
    assert held == {"labels.jsonl": "mine", "pairs.parquet": "mine", "rejects.parquet": "third", "events.csv": "third"}
    assert [path.name for path in out.iterdir() if path.is_dir()] == [], "what the killed run had written so far"


def test_what_is_left_by_a_killed_run_goes_and_what_another_run_writes_or_the_user_keeps_stays(tmp_path):
    left, own, link = (tmp_path / f".stsdetect-{name}.part" for name in ("abcd_123", "mine", "efgh4567"))
    other = tmp_path / "other"
    for folder in (left, own, other):
        folder.mkdir()
        (folder / "events.parquet").write_text("old")
    link.symlink_to(other)
    with staged(tmp_path) as aside:
        (aside / "events.parquet").write_text("of the first")
        put(tmp_path, NEW, "of the second")
        assert not left.exists()
        assert (aside / "events.parquet").read_text() == "of the first"
    assert contents(tmp_path)["events.parquet"] == "of the first"
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {own.name, link.name, other.name}
    assert (other / "events.parquet").read_text() == "old"


def test_all_steps_are_among_those_at_which_a_run_is_killed(tmp_path, monkeypatch):
    put(tmp_path, OLD, "old")
    steps = []
    for owner, name in ((os, "replace"), (type(tmp_path), "unlink")):
        do = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *words, do=do, **more: (steps.append(do), do(*words, **more))[1])
    put(tmp_path, NEW, "new")
    assert len(steps) == 8


def test_formats_and_their_files():
    assert set(FORMAT_FILES) == set(Format.__args__)
    everything = files_of(FORMAT_FILES, page=True)
    assert everything == set(KNOWN_FILES)
    assert len(KNOWN_FILES) == len(everything)
    assert everything - files_of(["kml"], page=False) == {
        "report.html", "stsdetect.gpkg", *FORMAT_FILES["csv"], *FORMAT_FILES["geojson"]
    }  # fmt: skip
