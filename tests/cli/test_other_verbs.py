"""`inspect`, `simulate`, `about`, and how fast the command line starts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import START, meeting, names, row, write_noaa


def test_inspect_says_what_a_file_is(run, tmp_path):
    path = write_noaa(tmp_path / "in.csv", [*meeting(), row(1, "bad", 1, 1), row(412000001, START, 91, 181)])
    done = run("inspect", path)
    assert done.code == 0, done.err
    for part in ("noaa_2015_2024", "148 read, 147 kept", "2024-03-01T12:00:00Z", "300 s between fixes", "no_position"):
        assert part in done.out
    assert "line 148: bad_time" in done.out


def test_inspect_json(run, export):
    (export / "notes.txt").write_text("nothing\n")
    done = run("inspect", export, "--json")
    first, second = json.loads(done.out)
    assert first["layout"] == "noaa_2015_2024"
    assert first["rows_read"] == first["rows_kept"] == 146
    assert first["vessels"] == 2
    assert first["sampling_s"] == 300
    assert first["rejected_share"] == 0
    assert sum(first["quality"].values()) == pytest.approx(1)
    assert second["layout"] == "not read"
    assert "notes.txt" in second["notes"][0]


def test_inspect_an_empty_export(run, tmp_path):
    done = run("inspect", write_noaa(tmp_path / "in.csv", []))
    assert done.code == 0, done.err
    assert "noaa_2015_2024" in done.out


def test_doubts_are_shown_by_inspect_and_detect_and_kept(run, tmp_path):
    ships = [
        row(412000000 + k, f"2024-03-01T00:{minute:02d}:00", f"{38 + minute / 300:.5f}", 122 + k / 10, sog="120.0")
        for k in range(5)
        for minute in range(0, 60, 5)
    ]
    path = write_noaa(tmp_path / "in.csv", ships)
    done = run("inspect", path)
    assert done.code == 0, done.err
    (line,) = [line for line in done.out.splitlines() if line.startswith("  doubt ")]
    assert line.startswith("  doubt     speeds may be in tenths of a knot (0.1kn): 5 of 5 vessels under way")
    (one,) = json.loads(run("inspect", path, "--json").out)
    ((kind, sentence),) = one["doubts"]
    assert kind == "speed_unit"
    assert sentence in line
    done = run("detect", path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "warning: the values of 1 file speak against how they were read; see doubts in run.json" in done.out
    assert f"doubt about {path}: {sentence}" in done.err.replace("\n", " ")
    (file,) = json.loads((tmp_path / "out" / "run.json").read_text())["inputs"]
    assert file["doubts"] == [{"kind": kind, "sentence": sentence}]
    assert "in.csv</bdi>: speeds may be in tenths of a knot" in (tmp_path / "out" / "report.html").read_text()


def test_inspect_rejects_by_reason_with_examples(run, tmp_path):
    bad = [
        row(412000001, "bad\x1b[31m", 1, 1),
        *[row(412000001, f"bad {k}", 1, 1) for k in range(7)],
        row("", START, 1, 1),
    ]
    path = write_noaa(tmp_path / "in.csv", [*meeting(), *bad])
    (tmp_path / "notes.txt").write_text("nothing\n")
    done = run("inspect", "--rejects", "--examples", "2", path, tmp_path / "notes.txt")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "9 of 155 rows rejected (5.81%)"
    assert [line for line in lines if line and line[0] != " "][1:3] == ["bad_time  8", "missing_vessel  1"]
    assert lines[2] == f"  {path}, row 148: time bad\\x1b[31m"
    assert lines[3].startswith("    412000001,bad\\x1b[31m,")
    assert sum(f"{path}, row" in line for line in lines) == 3
    assert "\x1b" not in done.out
    assert lines[-1].startswith(f"not read  {tmp_path / 'notes.txt'}: ")


def test_inspect_rejects_as_json(run, tmp_path):
    path = write_noaa(tmp_path / "in.csv", [*meeting(), row(412000001, "bad\x07", 1, 1)])
    found = json.loads(run("inspect", path, "--rejects", "--json").out)
    assert (found["rows_read"], found["rejected"], found["not_read"]) == (147, 1, [])
    (reason,) = found["reasons"]
    assert (reason["reason"], reason["count"]) == ("bad_time", 1)
    ((file, number, detail, text),) = reason["examples"]
    assert (file, number, detail) == (str(path), 148, "time bad\x07")
    assert text == path.read_text().splitlines()[147]


def test_inspect_rejects_where_nothing_is_rejected_or_readable(run, tmp_path):
    done = run("inspect", write_noaa(tmp_path / "in.csv", meeting()), "--rejects")
    assert (done.code, done.out) == (0, "0 of 146 rows rejected (0.00%)\n")
    (tmp_path / "x.txt").write_text("hello\n")
    done = run("inspect", "--rejects", tmp_path / "x.txt")
    assert done.code == 3
    assert "not AIS" in done.err


def test_inspect_nothing_readable(run, tmp_path):
    (tmp_path / "x.txt").write_text("hello\n")
    done = run("inspect", tmp_path / "x.txt")
    assert done.code == 3
    assert "not AIS" in done.err


def test_simulate_one_layout(run, tmp_path):
    done = run("simulate", "--preset", "sample", "--seed", "3", "--layout", "noaa", "--out", tmp_path / "one")
    assert done.code == 0, done.err
    assert names(tmp_path / "one") == ["noaa", "truth.json"]
    assert "truth.json" in done.out
    assert run("simulate", "--preset", "sample", "--seed", "3", "--out", tmp_path / "all").code == 0
    assert names(tmp_path / "all") == ["dma", "nmea", "noaa", "noaa2025", "truth.json"]


def test_simulate_every_layout(run, tmp_path):
    from stsdetect.cli.simulate import LAYOUT_NAMES
    from stsdetect.simulate import EVENT_LAYOUTS, LAYOUTS

    assert (*LAYOUTS, *EVENT_LAYOUTS) == LAYOUT_NAMES
    told = " ".join(run("simulate", "--help").out.split())
    assert all(f"{name}," in told or f"{name};" in told for name in LAYOUT_NAMES)
    done = run("simulate", "--preset", "traffic", "--rows", "2000", "--layout", "all", "--out", tmp_path)
    assert done.code == 0, done.err
    assert names(tmp_path) == sorted([*LAYOUT_NAMES, "truth.json"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "scenario"], "Did you mean 'scenarios'"),
        (["--preset", "sample", "--layout", "noa"], "Did you mean 'noaa'"),
        (["--preset", "sample", "--rows", "10"], "rows can be chosen for 'traffic' only"),
    ],
)
def test_simulate_wrong_use(run, tmp_path, words, message):
    done = run("simulate", "--out", tmp_path / "out", *words)
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / "out").exists()


def test_about_columns_of_one_table(run):
    done = run("about", "columns", "pairs")
    assert done.code == 0
    assert "log_odds" in done.out
    assert "heading_deg" not in done.out
    wrong = run("about", "columns", "pair")
    assert wrong.code == 2
    assert "Did you mean 'pairs'" in wrong.err


LIGHT = [["--help"], ["detect", "--help"], ["inspect", "--help"], ["about", "version"], ["simulate", "--help"]]


@pytest.mark.parametrize("words", LIGHT)
def test_help_imports_nothing_heavy(words):
    program = f"""
import sys
from stsdetect.cli import main
try:
    main({words!r})
finally:
    heavy = sorted({{"pandas", "sklearn", "pyarrow", "geopandas", "shapely", "scipy", "numpy"}} & set(sys.modules))
    print("HEAVY", heavy, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "HEAVY []" in done.stderr


def test_the_package_is_the_command_too():
    """Where the folder of commands is not on the path, as in a scheduler's."""
    named = subprocess.run([sys.executable, "-m", "stsdetect", "--help"], capture_output=True, timeout=60, check=True)
    assert b"Usage: stsdetect " in named.stdout


def test_importing_the_package_is_light():
    program = "import sys, stsdetect; print(sorted({'pandas', 'sklearn', 'pyarrow', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
