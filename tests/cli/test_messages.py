"""Data on stdout, messages on stderr: quiet, JSON, and text that vessels choose."""

from __future__ import annotations

import io
import json
import warnings

import pytest

from stsdetect.cli import console
from stsdetect.cli.summary import main_reason, partner
from tests.cli.conftest import meeting, write_noaa


def test_messages_go_to_stderr_only(run, export, tmp_path):
    done = run("detect", export, "--out", tmp_path / "out", "--no-page")
    assert "Reading ..." in done.err
    assert "146 rows read from 1 file" in done.err
    assert "Reading" not in done.out
    assert "main reason" in done.out


def test_quiet_says_nothing(run, export, tmp_path):
    done = run("detect", export, "--out", tmp_path / "out", "--no-page", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_quiet_still_tells_errors(run, tmp_path):
    done = run("detect", tmp_path / "none", "--out", tmp_path / "out", "-q")
    assert done.code == 3
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert len(done.err.splitlines()) == 1


def test_json_lines_parse(run, export, tmp_path):
    done = run("detect", export, "--out", tmp_path / "out", "--no-page", "--log-json")
    assert done.code == 0
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    stages = [line["stage"] for line in lines if "stage" in line]
    assert stages == ["read", "tracks", "detect", "context", "score", "write"]


@pytest.mark.parametrize("words", [["detect", "nowhere", "--out", "x"], ["detect", "nowhere"], ["detect", "--nosuch"]])
def test_json_errors_parse(run, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*words, "--log-json")
    last = json.loads(done.err.splitlines()[-1])
    assert last["level"] == "error"
    assert last["exit_code"] == done.code != 0


def test_json_of_an_interruption_and_of_warnings_parses(run, export, tmp_path, monkeypatch):
    def warn_and_stop(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("from a library", UserWarning, stacklevel=1)
        raise KeyboardInterrupt

    monkeypatch.setattr("stsdetect.pipeline.job.annotate", warn_and_stop)
    done = run("detect", export, "--out", tmp_path / "out", "--log-json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert lines[-1]["exit_code"] == done.code == 130
    assert (
        run("detect", export, "--out", tmp_path / "out", "-q").err
        == "error: interrupted; no half-written output is left\n"
    )


HOSTILE = ["[red]ALERT[/red]", "[/]", "\x1b[31mRED\x1b[0m\x07", "\u202eTSERROF", "A" * 500, "[link=file:///]x[/link]"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_on_the_terminal(run, tmp_path, name):
    path = write_noaa(tmp_path / "in.csv", meeting(name_a=name))
    done = run("detect", path, "--out", tmp_path / "out", "--no-page")
    assert done.code == 0, done.err
    for bad in "\x1b\x07\u202e":
        assert bad not in done.out + done.err
    if "[" in name and "\x1b" not in name:
        assert name in done.out
    assert "A" * 60 not in done.out


def test_hostile_file_names(run, tmp_path):
    (tmp_path / "[red]\x1b[2J").mkdir()
    done = run("inspect", tmp_path / "[red]\x1b[2J")
    assert done.code == 3
    assert "\x1b" not in done.err
    assert "[red]" in done.err


def test_skipped_files_are_named_whole(run, tmp_path):
    folder = tmp_path / "St. John: 2024"
    folder.mkdir()
    write_noaa(folder / "in.csv", meeting())
    (folder / "other.json").write_text('[{"a.b: c": 1}]')
    done = run("detect", folder, "--out", tmp_path / "out", "--no-page")
    assert f"note: skipped: {folder}/other.json is JSON in no layout stsdetect knows\n" in done.err


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_bars_on_a_terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    console.start(quiet=False, as_json=False)
    with console.progress() as follow:
        follow("read", 0, 0)
        follow("read", 50, 100)
        console.info("[b]as it is[/b]")
        follow("read", 1, 1)
        follow("a stage of tomorrow", 1, 1)
    shown = screen.getvalue()
    assert "Reading" in shown
    assert "[b]as it is[/b]" in shown
    assert "100%" in shown


def test_the_main_reason_is_the_heaviest():
    def reason(indicator, weight):
        return {"indicator": indicator, "weight": weight, "sentence": f"It is {indicator}."}

    assert main_reason([reason("base", -3), reason("zone", 0.4), reason("berth", -2.5)]) == "It is berth."
    assert main_reason([reason("base", -3)]) == ""
    # What ranks high does so for what speaks for it.
    likely = [reason("base", -3), reason("zone", 2.4), reason("tanker", 2.0), reason("berth", -2.5), reason("night", 2)]
    assert main_reason([*likely, reason("draught", 1.5)]) == "It is zone."
    assert main_reason(likely[:4]) == "It is berth."
    assert main_reason([reason("dark_base", -6), reason("zone", 0.4)]) == "It is zone."


def test_a_partner_that_is_no_vessel_is_named_as_what_it_is():
    pair = {"partner_kind": "vessel", "partner_id": "x", "name_b": "SEA [red]", "mmsi_b": 1, "vessel_b": "1"}
    assert partner(pair) == "SEA [red]"
    assert partner(pair | {"partner_kind": "unknown", "vessel_b": None}) == "(not observed)"
    assert partner(pair | {"partner_kind": "port", "partner_id": "kp_nampo\x1b"}) == "port kp_nampo"
