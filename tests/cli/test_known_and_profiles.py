"""`detect --known` and `--profile`: what they change in tables, run.json and the summary, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stsdetect.readers import write_positions
from tests.builders import TANKER, boat, join


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two tankers meet at sea."""
    more = {**TANKER, "every_s": 300.0, "noise_m": 5.0}
    one = boat(538000001, [(-8, -40_000, 0), (-4, 0, 0), (6, 0, 0), (10, 40_000, 0)], **more, name="ONE")
    other = boat(445000001, [(-8, 40_000, 30), (-4, 0, 30), (6, 0, 30), (10, -40_000, 30)], **more, name="OTHER")
    write_positions(join(one, other), tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def pair(out: Path) -> dict:
    (found,) = (row for row in pq.read_table(out / "pairs.parquet").to_pylist() if row["partner_kind"] == "vessel")
    return found


def test_known_to_be_innocent(run, export, tmp_path):
    known, out, plain = tmp_path / "known.csv", tmp_path / "out", tmp_path / "plain"
    lines = [
        "vessel_a,vessel_b,reason,who",
        '538000001,445000001,"<b>our own</b> trial",J. Doe',
        "999000001,,gone",
        "538000001,999000001,gone too",
    ]
    known.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("detect", export, "--out", out, "--known", known, "--format", "csv,kml,geojson")
    assert done.code == 0, done.err
    assert run("detect", export, "--out", plain, "-q", "--no-page").code == 0
    assert pair(out)["log_odds"] == pytest.approx(pair(plain)["log_odds"] - 20.0)
    about = json.loads((out / "run.json").read_text())["known"]
    assert (about["lines"], about["leads"], about["leads_by_line"]) == (3, 1, {"2": 1})
    assert (about["lines_not_in_data"], about["lines_without_lead"]) == ([3, 4], [])
    assert about["hash"].startswith("blake2b-ends:")
    assert "known to be innocent: 3 lines, 1 leads, which rank low" in done.out
    assert "known.csv: 2 lines name a vessel or a pair that is not in the data: 3, 4" in done.err
    page = (out / "report.html").read_text()
    assert "This pair is known to the user as innocent" in page
    assert "<b>our own" not in page
    assert "<b>our own" not in (out / "stsdetect.kml").read_text()
    assert "known" not in json.loads((plain / "run.json").read_text())
    assert pq.read_table(out / "events.parquet").equals(pq.read_table(plain / "events.parquet"))


@pytest.mark.parametrize("whole", [False, True])
def test_scoring_again_takes_the_file_that_the_run_used_and_no_other(run, export, tmp_path, monkeypatch, whole):
    known, out = tmp_path / "known.csv", tmp_path / "out"
    known.write_text("vessel_a,vessel_b,reason\n538000001,445000001,our own trial\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words = ["--sha256"] if whole else []
    assert run("detect", "in.parquet", "--out", out, "--known", "known.csv", "-q", "--no-page", *words).code == 0
    assert json.loads((out / "run.json").read_text())["known"]["path"] == str(known)
    before = (out / "pairs.parquet").read_bytes()
    # From anywhere, also where another file has its name.
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "known.csv").write_text("vessel_a,reason\n538000001,theirs\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "else")
    done = run("score", out, "-q")
    assert done.code == 0, done.err
    assert (out / "pairs.parquet").read_bytes() == before
    known.write_text("vessel_a,vessel_b,reason\n538000001,999000001,another\n", encoding="utf-8")
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    done = run("score", out)
    assert done.code == 3
    assert f"{known} is not the file that the run used" in done.err
    assert f"--known {known}" in done.err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
    done = run("score", out, "--known", known, "-q")
    assert done.code == 0, done.err
    assert (out / "pairs.parquet").read_bytes() != before
    known.unlink()
    done = run("score", out)
    assert done.code == 3
    assert "has to be there, or give another" in done.err


@pytest.mark.parametrize(
    ("text", "words"),
    [("vessel_a,reason\n538000001,\n", "line 2: no reason"), ("a,b\n1,2\n", "has no column"), ("", "has no column")],
)
def test_wrong_files_end_the_run_before_it_starts(run, export, tmp_path, text, words):
    path = tmp_path / "known.csv"
    path.write_text(text, encoding="utf-8")
    done = run("detect", export, "--out", tmp_path / "out", "--known", path)
    assert done.code == 3
    assert words in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_profiles(run, export, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'extends = "generic-sts"\n[weights]\nnight = 0.0\n[settings.dark]\nmin_score = 5.0\n', encoding="utf-8"
    )
    found = {}
    for name in ("dprk-petroleum", "generic-sts", mine):
        out = tmp_path / Path(name).stem
        done = run("detect", export, "--out", out, "-q", "--no-page", "--profile", name)
        assert done.code == 0, done.err
        told = json.loads((out / "run.json").read_text())["settings"]
        assert told["score"]["profile"] == Path(name).stem
        found[Path(name).stem] = {reason["indicator"]: reason["weight"] for reason in pair(out)["reasons"]}
    assert found["dprk-petroleum"]["home_flag"] > 0 == found["generic-sts"]["home_flag"] == found["mine"]["home_flag"]
    assert found["mine"]["night"] == 0
    assert told["dark"]["min_score"] == 5.0


@pytest.mark.parametrize(
    ("text", "words"),
    [("[weights]\nhull_gpa = 1\n", "Did you mean 'hull_gap'"), ('extends = "mine.toml"\n', "extends itself")],
)
def test_wrong_profiles_end_the_run_before_it_starts(run, export, tmp_path, text, words):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    done = run("detect", export, "--out", tmp_path / "out", "--profile", path)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()
