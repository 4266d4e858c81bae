"""`evaluate` on the results of a run over simulated exports."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes of every family, and the results of a run over them."""
    import stsdetect as sts
    from stsdetect.simulate import simulate, write

    folder = tmp_path_factory.mktemp("world")
    write(simulate("scenarios", seed=3), folder, ("parquet",))
    sts.detect(folder / "parquet", out=folder / "out", page=False, keep_fixes=False)
    return folder


def test_figures_for_people_and_for_programs(run, world):
    words = ("evaluate", world / "out", "--truth", world / "truth.json", "--budget", "50", "--k", "10")
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    flat = " ".join(done.out.split())
    assert "what has no lead counts as missed" in flat
    assert "PR-AUC precision at 10 recall at 50 a week" in flat
    assert "The score is a priority, not a probability" in flat
    assert "ROC" not in done.out
    told = json.loads(run(*words, "--json").out)
    assert {row["table"] for row in told} == {"leads"}
    first = told[0]
    assert first["group"] == "all"
    assert first["sought"] > 5
    assert 0 <= first["pr_auc_low"] <= first["pr_auc"] <= first["pr_auc_high"] <= 1
    assert 0.5 < first["recall"] <= 1
    rows = list(csv.DictReader(io.StringIO(run(*words, "--csv").out)))
    assert [row["group"] for row in rows] == [row["group"] for row in told]
    assert float(rows[0]["pr_auc"]) == first["pr_auc"]
    assert run(*words, "-q").out == ""
    assert run(*words).out == done.out
    assert run(*words, "--by", "month").code == 0


def test_published_rules_beside_the_leads(run, world):
    words = ("evaluate", world / "out", "--truth", world / "truth.json", "--rules", world / "parquet")
    done = run(*words)
    assert done.code == 0
    assert "Applying gfw, shore" in done.err
    flat = " ".join(done.out.split())
    assert "published rules, all" in flat
    for rule in ("gfw shore", "starboard any speed", "skylight slow, off shore", "dark_sts", "fleetleaks 1 nm"):
        assert rule in flat
    rows = [row for row in json.loads(run(*words, "--json").out) if row["table"] == "rules"]
    of_gfw = next(row for row in rows if row["rule"] == "gfw" and row["group"] == "all")
    assert 0 < of_gfw["recall"] < 1
    assert of_gfw["alerts"] >= of_gfw["recall"] * of_gfw["sought"]
    assert of_gfw["difference"] == pytest.approx(of_gfw["our_recall"] - of_gfw["recall"])


def test_rules_see_what_the_run_took_of_the_input(run, world, tmp_path):
    import stsdetect as sts
    from stsdetect.pipeline.evaluated import rule_alerts

    def met(folder):
        return [row for table in rule_alerts([world / "parquet"], folder).values() for row in table.to_pylist()]

    every = met(world / "out")
    when = sorted(row["start_time"] for row in every)
    middle, some = when[len(when) // 2], {every[0]["vessel_a"], every[0]["vessel_b"]}
    west, east = min(row["lon_deg"] for row in every), sorted(row["lon_deg"] for row in every)[len(every) // 2]
    for name, kept, inside in (
        ("until", {"until": middle}, lambda row: row["end_time"] < middle),
        ("since", {"since": middle}, lambda row: row["start_time"] >= middle),
        ("vessels", {"vessels": sorted(some)}, lambda row: {row["vessel_a"], row["vessel_b"]} == some),
        ("bbox", {"bbox": (west - 0.1, -80.0, east, 80.0)}, lambda row: row["lon_deg"] <= east),
    ):
        sts.detect(world / "parquet", out=tmp_path / name, page=False, keep_fixes=False, **kept)
        found = met(tmp_path / name)
        assert 0 < len(found) < len(every), name
        assert all(inside(row) for row in found), name
    own = sts.load_settings(read={"layout": "positions"})
    sts.detect(world / "parquet", out=tmp_path / "own", page=False, keep_fixes=False, settings=own)
    path = tmp_path / "own" / "run.json"
    told = path.read_text()
    assert met(tmp_path / "own") == every
    path.write_text(told.replace('"positions"', '"dma"'))
    done = run("evaluate", tmp_path / "own", "--truth", world / "truth.json", "--rules", world / "parquet")
    assert done.code != 0
    for key, wrong in (("since", '"soon"'), ("since", "7"), ("bbox", "[1, 2]"), ("bbox", '"n"'), ("vessels", "3")):
        path.write_text(told.replace(f'"{key}": null', f'"{key}": {wrong}'))
        done = run("evaluate", tmp_path / "own", "--truth", world / "truth.json", "--rules", world / "parquet")
        assert (done.code, done.out) == (3, ""), (key, wrong, done.err)
        assert "does not tell what was left out" in done.err


def test_verdicts_instead_of_truth(run, world, tmp_path):
    import pyarrow.parquet as pq

    from stsdetect.score.labels import append_label, make_label

    pairs, file = pq.read_table(world / "out" / "pairs.parquet"), tmp_path / "labels.jsonl"
    for rank, verdict in ((1, "transfer"), (2, "innocent"), (3, "unclear"), (4, "innocent"), (4, "transfer")):
        append_label(file, make_label(pairs, rank, verdict, who="A. N. Alyst", why="seen on a picture"))
    words = ("evaluate", world / "out", "--labels", file)
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    flat = " ".join(done.out.split())
    assert "2 to find among 3 leads" in flat
    assert "3 leads were judged a transfer or innocent; 1 judged unclear" in flat
    (first,) = [row for row in json.loads(run(*words, "--json").out) if row["group"] == "all"]
    assert first["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)  # first and third of the judged ones
    with file.open("a") as handle:
        handle.write("{\n")
    assert "labels.jsonl, line 6" in " ".join(run(*words).out.split())
    assert run(*words, "--truth", world / "truth.json").code == 2
    assert run(*words, "--rules", world / "parquet").code == 2
    (tmp_path / "none.jsonl").write_text(file.read_text().replace('"transfer"', '"innocent"'))
    done = run("evaluate", world / "out", "--labels", tmp_path / "none.jsonl")
    assert done.code == 3
    assert "nothing to find" in done.err


def test_a_run_without_leads_has_no_rate(run, world, tmp_path):
    import pyarrow.parquet as pq

    shutil.copytree(world / "out", tmp_path / "out")
    pairs = pq.read_table(tmp_path / "out" / "pairs.parquet")
    pq.write_table(pairs.slice(0, 0), tmp_path / "out" / "pairs.parquet")
    words = ("evaluate", tmp_path / "out", "--truth", world / "truth.json")
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^\d+ to find, and no leads; what has no lead counts as missed", done.out)
    assert "nan" not in done.out
    for form in ("--json", "--csv"):
        assert "nan" not in run(*words, form).out.lower()


def test_what_cannot_be_evaluated_is_said(run, world, tmp_path):
    truth = world / "truth.json"
    told = json.loads(truth.read_text())
    for name, planted, why in (
        ("other", [{**one, "vessels": ["999"]} for one in told["planted"]], "is of another input"),
        ("calm", [one for one in told["planted"] if not one["is_transfer"]], "tells of no transfer"),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({**told, "planted": planted}))
        done = run("evaluate", world / "out", "--truth", path)
        assert (done.code, done.out) == (3, "")
        assert why in done.err
    (tmp_path / "text.json").write_text("{")
    for folder, path in ((world, truth), (world / "out", tmp_path / "text.json"), (world / "out", world / "none.json")):
        done = run("evaluate", folder, "--truth", path)
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith("error:")
    for wrong in (("--budget", "0"), ("--k", "0"), ("--by", "week")):
        assert run("evaluate", world / "out", "--truth", truth, *wrong).code == 2
    assert run("evaluate", world / "out").code == 2
    copied = tmp_path / "copied"
    copied.mkdir()
    for name in ("events.parquet", "pairs.parquet"):
        (copied / name).write_bytes((world / "out" / name).read_bytes())
    for text in (None, "{}", "[]", '{"first_time": "yesterday", "last_time": null}'):
        if text is not None:
            (copied / "run.json").write_text(text)
        done = run("evaluate", copied, "--truth", truth)
        assert done.code == 3
        assert "run.json" in done.err
