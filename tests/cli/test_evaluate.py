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


def judge(folder: Path, file: Path, verdicts: str) -> None:
    """Judge the strongest leads: t is a transfer, i is innocent, - is not judged."""
    import pyarrow.parquet as pq

    from stsdetect.score.labels import append_label, make_label

    pairs = pq.read_table(folder / "pairs.parquet")
    for rank, verdict in enumerate(verdicts, 1):
        if verdict != "-":
            told = {"t": "transfer", "i": "innocent"}[verdict]
            append_label(file, make_label(pairs, rank, told, who="A. N. Alyst", why="seen on a picture"))


def test_precision_is_of_the_leads_that_were_judged(run, world, tmp_path):
    judge(world / "out", tmp_path / "l.jsonl", "tttti-ttitt")
    words = ("evaluate", world / "out", "--labels", tmp_path / "l.jsonl")
    done = run(*words)
    flat = " ".join(done.out.split())
    assert "precision at 10" in flat
    assert "0.80 [" in flat
    assert "Precision is of the 10 leads that were judged, not of the first 20." in flat
    for told in (json.loads(run(*words, "--json").out)[0], next(csv.DictReader(io.StringIO(run(*words, "--csv").out)))):
        assert float(told["precision_at_10"]) == pytest.approx(0.8)
        assert float(told["precision_at_10_low"]) < 0.55  # Wilson's of eight of ten
        assert "precision_at_20" not in told
    few = run(*words, "--k", "5", "--json").out
    assert json.loads(few)[0]["precision_at_5"] == pytest.approx(0.8)
    assert "not of the first" not in run(*words, "--k", "5").out


def test_of_few_verdicts_pr_auc_has_no_interval(run, world, tmp_path):
    judge(world / "out", tmp_path / "few.jsonl", "itttttttt")
    few = json.loads(run("evaluate", world / "out", "--labels", tmp_path / "few.jsonl", "--json").out)[0]
    assert 0 < few["pr_auc"] < 1
    assert (few["pr_auc_low"], few["pr_auc_high"]) == (None, None)
    assert few["recall_low"] < few["recall"] <= few["recall_high"]
    judge(world / "out", tmp_path / "more.jsonl", "ittttttittttt")
    words = ("evaluate", world / "out", "--labels", tmp_path / "more.jsonl", "--json")
    more = json.loads(run(*words).out)[0]
    assert more["pr_auc_low"] < more["pr_auc"] < more["pr_auc_high"]
    # One month is no month drawn anew, and where all are first every draw is the same.
    assert json.loads(run(*words, "--by", "month").out)[0]["pr_auc_low"] is None
    judge(world / "out", tmp_path / "all.jsonl", "t" * 12)
    every = json.loads(run("evaluate", world / "out", "--labels", tmp_path / "all.jsonl", "--json").out)[0]
    assert (every["pr_auc"], every["pr_auc_low"]) == (1.0, None)


def test_scores_of_a_model_that_learnt_from_the_verdicts_are_said_to_be(run, world, tmp_path):
    from stsdetect.score.model import Calibration, Model

    labels = tmp_path / "l.jsonl"
    judge(world / "out", labels, "tttiit")
    assert "fitted" not in run("evaluate", world / "out", "--labels", labels).out
    assert run("fit", world / "out", "--labels", labels, "--out", tmp_path / "m.json").code == 0
    assert run("score", world / "out", "--out", tmp_path / "lm", "--model", tmp_path / "m.json").code == 0
    flat = " ".join(run("evaluate", tmp_path / "lm", "--labels", labels).out.split())
    assert "Scores come from a model fitted on these very labels: figures" in flat
    assert "reliability" not in flat.partition("Scores come from a model")[2]
    judge(tmp_path / "lm", tmp_path / "others.jsonl", "ti")
    flat = " ".join(run("evaluate", tmp_path / "lm", "--labels", tmp_path / "others.jsonl").out.split())
    assert "Scores come from a model fitted on labels, which may be of these leads, too: figures" in flat
    # One of several files is enough.
    flat = " ".join(
        run("evaluate", tmp_path / "lm", "--labels", tmp_path / "others.jsonl", "--labels", labels).out.split()
    )
    assert "fitted on these very labels" in flat
    calibration = Calibration(
        kinds=("base", "dark_base", "delivery_base"), scale=1.0, shift=0.0, low=-90.0, high=90.0, n_transfer=300,
        n_innocent=300, log_loss=0.3, log_loss_of_share=0.6,
    )  # fmt: skip
    model = Model.load(tmp_path / "m.json").model_copy(update={"calibration": calibration, "not_calibrated": ""})
    model.save(tmp_path / "c.json")
    run("score", world / "out", "--out", tmp_path / "lc", "--model", tmp_path / "c.json")
    flat = " ".join(run("evaluate", tmp_path / "lc", "--labels", labels).out.split())
    assert "these very labels: figures, reliability among them, say how well" in flat
    # What run.json says of a model may be anything.
    told = json.loads((tmp_path / "lm" / "run.json").read_text())
    for odd in ("x", {"training": 5}, {}):
        (tmp_path / "lm" / "run.json").write_text(json.dumps({**told, "model": odd}))
        assert run("evaluate", tmp_path / "lm", "--labels", labels).code == 0


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
