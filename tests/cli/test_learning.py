"""`score`, `label` and `fit`: what was detected is scored again, judged, and learnt from."""

from __future__ import annotations

import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import stsdetect as sts
from stsdetect.errors import InputError, UsageError
from stsdetect.score.labels import read_labels

SAMPLE = Path(__file__).parents[2] / "sample_ais"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A run over the simulated sample; tests copy what they change."""
    folder = tmp_path_factory.mktemp("run")
    sts.detect(SAMPLE, out=folder / "results", formats=["csv"])
    return folder / "results"


@pytest.fixture
def own(results, tmp_path):
    return Path(shutil.copytree(results, tmp_path / "own"))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"}


def test_nothing_changed_gives_the_same_bytes(results, tmp_path, run):
    done = run("score", results, "--out", tmp_path / "again")
    assert done.code == 0, done.err
    assert "scored again with the settings of the run" in done.out
    assert "the score is a priority, not a probability" in done.out
    assert files(tmp_path / "again") == files(results)
    one, other = (json.loads((folder / "run.json").read_text()) for folder in (results, tmp_path / "again"))
    assert other.pop("scored_again")["events_settings_id"] == one["settings_id"]
    assert one.pop("seconds") != other.pop("seconds")
    assert other == one


def test_scored_in_its_own_folder(own, results):
    assert sts.score(own).files[0] == own / "events.parquet"
    assert files(own) == files(results)
    assert not [path for path in own.iterdir() if path.name.startswith(".")]


def test_a_run_without_events_stays_as_it_is(tmp_path, run):
    lines = next((SAMPLE / "noaa").glob("*.csv")).read_text(encoding="ascii").splitlines()[:3]
    (tmp_path / "two.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
    sts.detect(tmp_path / "two.csv", out=tmp_path / "before")
    done = run("score", tmp_path / "before", "--out", tmp_path / "after")
    assert done.code == 0, done.err
    assert files(tmp_path / "after") == files(tmp_path / "before")
    assert "tracks.parquet" not in files(tmp_path / "after")


def test_other_weights_give_what_detecting_with_them_gives(results, tmp_path, run):
    done = run("score", results, "--out", tmp_path / "again", "--set", "score.weights.night=0", "-q")
    assert done.code == 0, done.err
    settings = sts.load_settings(score={"weights": {"night": 0.0}})
    sts.detect(SAMPLE, out=tmp_path / "whole", settings=settings, formats=["csv"])
    again, whole = files(tmp_path / "again"), files(tmp_path / "whole")
    assert again["pairs.parquet"] == whole["pairs.parquet"] != files(results)["pairs.parquet"]
    assert again["pairs.csv"] == whole["pairs.csv"]
    # Events keep the settings that made them.
    assert again["events.parquet"] == files(results)["events.parquet"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--set", "encounters.max_distance_m=300"], 2, "cannot change what was detected"),
        (["--set", "score.weights.nigth=1"], 2, "there is no indicator 'nigth'"),
        (["--set", "score.weights.zone=1e308"], 2, "'score.weights.zone' cannot be 1e+308: Input should be less than"),
        (["--set", "score.weights.anchorage=-1e308"], 2, "'score.weights.anchorage' cannot be -1e+308"),
        (["--set", "score.wieghts=1"], 2, "there is no setting 'score.wieghts'. Did you mean 'score.weights'"),
        (["--set", "volume.draws=5"], 2, "draws"),
        (["--set", "volume=3"], 2, "'volume' cannot be 3"),
        (["--model", "none.json"], 3, "the model none.json cannot be read"),
        (["--watch-list", "packaged", "--no-watch-list"], 2, "exclude each other"),
        (["--profile", "nothing"], 2, "there is no profile 'nothing'"),
        (["--set", "score.profile=dprk-coal"], 2, "give --profile dprk-coal"),
    ],
)
def test_what_cannot_be_scored_is_said(results, tmp_path, run, words, code, said):
    done = run("score", results, "--out", tmp_path / "again", *words)
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "again").exists()


def test_other_folders_are_said(tmp_path, results, run):
    for verb in (["score"], ["label"]):
        words = ["1", "--verdict", "unclear", "--who", "a", "--why", "b"] if verb == ["label"] else []
        done = run(*verb, tmp_path, *words)
        assert done.code == 3
        assert "give the folder that `stsdetect detect` wrote" in done.err
    others = ('"inputs": [1]', '"inputs": null', '"files": 5', '"scored_again": "x"', '"known": [1]', '"seconds": NaN',
              '"seconds": 1e999', '"filters": []', '"settings_id": ["x"]',
              '"scored_again": {"events_settings_id": ["x"]}')  # fmt: skip
    for text in (
        *(f'{{"settings": {{}}, {one}}}' for one in others),
        "",
        "[]",
        '{"settings": 5}',
        '{"settings": {"score": {"moon": 1}}}',
        "[" * 100_000,
    ):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(InputError, match=r"run\.json"):
            sts.score(tmp_path)


def test_results_never_go_into_a_folder_that_was_read(tmp_path, run):
    own = tmp_path / "data"
    own.mkdir()
    shutil.copy(next((SAMPLE / "noaa").glob("*.csv")), own / "events.csv")  # a name that runs write, too
    before = files(own)
    sts.detect(own, out=tmp_path / "results")
    done = run("score", tmp_path / "results", "--out", own)
    assert done.code == 2, done.err
    assert "holds the input" in done.err
    assert files(own) == before


@pytest.mark.parametrize("name", ["coverage.parquet", "tracks.parquet", "vessels.parquet"])
def test_a_folder_that_lost_files_is_not_scored(own, run, name):
    (own / name).unlink()
    before = files(own)
    done = run("score", own)
    assert done.code == 3, done.err
    assert f"does not hold {name}, which the run wrote" in done.err
    assert files(own) == before


@pytest.mark.parametrize("name", ["pairs.parquet", "events.parquet"])
def test_a_folder_of_two_runs_is_not_scored(own, tmp_path, run, name):
    """As two jobs left it that wrote there at once."""
    settings = sts.load_settings(score={"weights": {"night": 0.0}})
    sts.detect(SAMPLE, out=tmp_path / "other", settings=settings, page=False)
    shutil.copy(tmp_path / "other" / name, own / name)
    before = files(own)
    for verb in ("score", "ledger", "chains"):
        done = run(verb, own)
        assert done.code == 3, (verb, done.out)
        assert f"{name} in {own} is not of the run that run.json tells of" in done.err
    assert files(own) == before


def readings(own: Path) -> dict[str, tuple[object, ...]]:
    """Return words of commands that read leads of a run, by verb, which need a file of labels beside it."""
    labels = own.parent / "labels.jsonl"
    return {
        "evaluate": ("evaluate", own, "--labels", labels),
        "fit": ("fit", own, "--labels", labels, "--out", own.parent / "model.json"),
        "label": ("label", own, "1", "--verdict", "unclear", "--who", "Ana", "--why", "seen", "--labels", labels),
        "list": ("label", own, "--list", "--labels", labels),
    }


@pytest.mark.parametrize("verb", ["evaluate", "fit", "label", "list"])
def test_leads_that_are_not_of_the_run_are_not_judged(own, tmp_path, run, verb):
    judged(own).rename(tmp_path / "labels.jsonl")
    done = run(*readings(own)[verb])
    assert done.code == 0, done.err
    labels = (tmp_path / "labels.jsonl").read_bytes()
    (tmp_path / "model.json").unlink(missing_ok=True)
    sts.score(own, out=tmp_path / "other", settings=sts.load_settings(score={"weights": {"night": 0.0}}), page=False)
    shutil.copy(tmp_path / "other" / "pairs.parquet", own / "pairs.parquet")
    done = run(*readings(own)[verb])
    assert done.code == 3, done.out
    assert f"pairs.parquet in {own} is not of the run that run.json tells of" in done.err
    assert (tmp_path / "labels.jsonl").read_bytes() == labels
    assert not (tmp_path / "model.json").exists()


def test_events_that_are_not_of_the_run_are_not_evaluated(own, tmp_path, run):
    """By the truth of a simulated input events count, too."""
    assert run("evaluate", own, "--truth", SAMPLE / "truth.json").code == 0
    settings = sts.load_settings(encounters={"max_distance_m": 300})
    sts.detect(SAMPLE, out=tmp_path / "other", settings=settings, page=False)
    shutil.copy(tmp_path / "other" / "events.parquet", own / "events.parquet")
    done = run("evaluate", own, "--truth", SAMPLE / "truth.json")
    assert done.code == 3, done.out
    assert f"events.parquet in {own} is not of the run that run.json tells of" in done.err


@pytest.mark.parametrize("work", ["score", "ledger_of", "chains_of", "evaluate", "fit", "label", "list"])
def test_who_reads_a_run_waits_for_who_writes_it(own, run, work):
    from stsdetect.pipeline.chained import chains_of
    from stsdetect.pipeline.ledgered import ledger_of

    fcntl = pytest.importorskip("fcntl")
    judged(own).rename(own.parent / "labels.jsonl")
    works = {"score": sts.score, "ledger_of": ledger_of, "chains_of": chains_of}
    do = works.get(work) or (lambda folder: run(*readings(folder)[work]))
    number = os.open(own, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        (own / "run.json").rename(own / "aside")  # as in the middle of the renames
        with ThreadPoolExecutor() as pool:
            done = pool.submit(do, own)
            assert wait([done], 1).not_done
            (own / "aside").rename(own / "run.json")
            fcntl.flock(number, fcntl.LOCK_UN)
            assert getattr(done.result(60), "code", 0) == 0
    finally:
        os.close(number)


@pytest.mark.parametrize("step", ["score_events", "write_scored"])
def test_a_run_that_changes_while_it_is_scored_is_neither_mixed_with_it_nor_replaced(own, monkeypatch, step):
    from stsdetect.pipeline import rescored

    real = getattr(rescored, step)

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(rescored, step, real)
        sts.score(own, profile="generic-sts", page=False)
        return real(*args, **kwargs)

    monkeypatch.setattr(rescored, step, meanwhile)
    with pytest.raises(InputError, match=r"another job wrote to .* meanwhile; score it again"):
        sts.score(own)
    told = json.loads((own / "run.json").read_text())
    assert told["settings"]["score"]["profile"] == "generic-sts"
    assert set(pq.read_table(own / "pairs.parquet").column("settings_id").to_pylist()) == {told["settings_id"]}
    assert not [path for path in own.iterdir() if path.name.startswith(".")]


def test_a_page_alone_asks_the_tracks(own):
    (own / "tracks.parquet").unlink()
    assert "tracks.parquet" not in files(own)
    assert "report.html" not in sts.score(own, page=False).run["files"]


def test_a_profile_goes_beneath_a_settings_file(results, tmp_path, run):
    (tmp_path / "own.toml").write_text("[score]\nlarge_m = 120\n")
    words = ["--settings", tmp_path / "own.toml", "--profile", "generic-sts", "-q", "--no-page"]
    assert run("score", results, "--out", tmp_path / "again", *words).code == 0
    told = json.loads((tmp_path / "again" / "run.json").read_text())["settings"]["score"]
    wanted = sts.load_settings(tmp_path / "own.toml", score={"profile": "generic-sts"}).score
    assert told == wanted.model_dump(mode="json")


def test_other_settings_are_refused_from_python(results):
    with pytest.raises(UsageError, match=r"gaps\.\w+ is not as in the run"):
        sts.score(results, settings=sts.load_settings(gaps={"min_duration_s": "9h"}))


def test_a_profile_scores_as_detecting_with_it_but_for_what_is_detected(results, tmp_path, run):
    done = run("score", results, "--out", tmp_path / "again", "--profile", "generic-sts", "-q")
    assert done.code == 0, done.err
    pairs = pq.read_table(tmp_path / "again" / "pairs.parquet").to_pylist()
    weights = {r["indicator"]: r["weight"] for pair in pairs for r in pair["reasons"] if r["indicator"] == "zone"}
    assert set(weights.values()) <= {0.0}


def test_a_profile_from_python_is_that_of_the_command_and_no_other_settings_go_with_it(results, tmp_path, run):
    assert run("score", results, "--out", tmp_path / "told", "--profile", "generic-sts", "-q", "--no-page").code == 0
    result = sts.score(results, out=tmp_path / "called", profile="generic-sts", page=False)
    assert (tmp_path / "called" / "pairs.parquet").read_bytes() == (tmp_path / "told" / "pairs.parquet").read_bytes()
    with pytest.raises(UsageError, match="exclude each other"):
        sts.score(results, settings=sts.load_settings(), profile="generic-sts")
    assert result.pairs_table.num_rows


def test_a_watch_list_of_the_run_stays_until_another_is_given(results, tmp_path, run):
    listed = tmp_path / "list.csv"
    pair = pq.read_table(results / "pairs.parquet").to_pylist()[0]
    vessels = pq.read_table(results / "vessels.parquet").to_pylist()
    imo = next(row["imo"] for row in vessels if row["imo"] and row["vessel"] in (pair["vessel_a"], pair["vessel_b"]))
    listed.write_text(f"imo\n{imo}\n")
    sts.score(results, out=tmp_path / "one", watch_lists=[listed])
    sts.score(tmp_path / "one", out=tmp_path / "two")
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert "watch_hits.parquet" in one
    assert one == two
    whole = tmp_path / "whole"
    sts.detect(SAMPLE, out=whole, watch_lists=[listed], formats=["csv"])
    assert files(whole)["pairs.parquet"] == one["pairs.parquet"]
    assert run("score", tmp_path / "one", "--no-watch-list", "-q").code == 0
    assert files(tmp_path / "one") == files(results)


def test_a_list_before_the_first_label_is_empty(own, run):
    done = run("label", own, "--list")
    assert done.code == 0, done.err
    assert "no labels" in done.out
    done = run("label", own, "--list", "--labels", own / "none.jsonl")
    assert done.code == 3
    assert "cannot be read" in done.err


def test_labels_are_added_listed_and_survive_a_run(own, run):
    pair = pq.read_table(own / "pairs.parquet").to_pylist()[0]
    for which, verdict in ((pair["pair_id"], "transfer"), ("2", "innocent"), ("1", "unclear")):
        done = run("label", own, which, "--verdict", verdict, "--who", "=Ana", "--why", "\x1b[31m<b>, \u202eseen")
        assert done.code == 0, done.err
    assert re.search("unclear: lead 1 .* by =Ana; added to", done.out)
    assert [one.verdict for one in read_labels(own / "labels.jsonl").labels] == ["transfer", "innocent", "unclear"]
    shown = run("label", own, "--list").out
    assert "replaced by a later one" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    rows = run("label", own, "--list", "--csv").out.splitlines()
    assert rows[0].startswith("rank,pair_id,vessel_a")
    assert ",'=Ana," in rows[1]
    sts.detect(SAMPLE, out=own)
    assert len(read_labels(own / "labels.jsonl").labels) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1", "--who", "a", "--why", "b"], "a label needs --verdict"),
        (["--verdict", "transfer"], "a label needs PAIR"),
        (["1", "--verdict", "guilty", "--who", "a", "--why", "b"], "there is no verdict 'guilty'"),
        (["99999", "--verdict", "transfer", "--who", "a", "--why", "b"], "no lead with rank 99999"),
        (["1", "--verdict", "transfer", "--who", "a", "--why", "b", "--when", "soon"], "--when is 'soon'"),
        (["1", "--list"], "leave out the PAIR"),
    ],
)
def test_what_cannot_be_labelled_is_said(results, run, words, said):
    done = run("label", results, *words)
    assert done.code == 2
    assert said in done.err


def judged(own: Path) -> Path:
    pairs = pq.read_table(own / "pairs.parquet")
    for rank in range(1, pairs.num_rows + 1):
        verdict = "transfer" if rank <= 4 else "innocent" if rank < 12 else "unclear"
        sts.label(own, rank, verdict, who="Ana", why="told so", labels=own / "l.jsonl")
    return own / "l.jsonl"


def test_a_model_of_labels_scores_what_detect_scores_with_it(own, tmp_path, run):
    labels = judged(own)
    done = run("fit", own, "--labels", labels, "--out", tmp_path / "model.json", "--date", "2024-03-09")
    assert done.code == 0, done.err
    assert "leads by verdict: 4 transfer, 7 innocent" in done.out
    assert "not calibrated: it takes 100 leads of one kind judged transfers and 100 judged innocent" in done.out
    assert re.search(r"indicator +before +now +change", done.out)
    model = sts.Model.load(tmp_path / "model.json")
    assert model.training["date"] == "2024-03-09"
    assert model.training["runs"][0]["pairs_hash"].startswith("sha256:")
    assert str(own) not in model.to_json()
    # The same labels make the same model.
    assert sts.fit(own, labels, date="2024-03-09").model == model
    scored = sts.score(own, out=tmp_path / "scored", model=tmp_path / "model.json")
    whole = sts.detect(SAMPLE, out=tmp_path / "whole", model=model, formats=["csv"])
    assert files(tmp_path / "scored")["pairs.parquet"] == files(tmp_path / "whole")["pairs.parquet"]
    assert scored.run["model"]["digest"] == whole.run["model"]["digest"] == model.digest
    assert scored.pairs_table.column("likelihood").null_count == scored.pairs_table.num_rows
    # Scored again without the model named: it is that of the run.
    again = sts.score(tmp_path / "scored", out=tmp_path / "more")
    assert files(tmp_path / "more") == files(tmp_path / "scored")
    assert again.run["model"] == scored.run["model"]
    odds = sts.features(scored.pairs_table).fillna(0.0).to_numpy() @ list(model.weights.values())
    assert odds == pytest.approx(scored.pairs_table.column("log_odds").to_numpy(), abs=2e-3)


@pytest.mark.parametrize("day", ["2024-99-99", "soon", "", "2024-02-30", "09/03/2024"])
def test_a_date_that_is_none_makes_no_model(own, tmp_path, run, day):
    done = run("fit", own, "--labels", judged(own), "--out", tmp_path / "model.json", "--date", day)
    assert done.code == 2, done.err
    assert f"the date of the model is {day!r}, which is no day; write it like 2024-03-09" in done.err
    assert not (tmp_path / "model.json").exists()


def test_a_model_that_claims_a_calibration_on_nothing_is_refused(own, tmp_path, run):
    plain = json.loads(sts.fit(own, judged(own)).model.to_json())
    told = {"kinds": ["base"], "scale": 1.0, "shift": 0.0, "low": -90.0, "high": 90.0, "n_transfer": 0,
            "n_innocent": 0, "log_loss": 0.0, "log_loss_of_share": 0.6}  # fmt: skip
    (tmp_path / "m.json").write_text(json.dumps({**plain, "calibration": told, "not_calibrated": ""}))
    done = run("score", own, "--out", tmp_path / "told", "--model", tmp_path / "m.json")
    assert done.code == 3, done.err
    assert "it rests on 0 leads judged transfers" in done.err
    assert not (tmp_path / "told").exists()


def test_the_words_of_a_calibrated_model_come_out(own, tmp_path, run):
    from stsdetect.score.model import Calibration

    plain = sts.fit(own, judged(own)).model
    told = Calibration(
        kinds=("base", "dark_base"), scale=1.0, shift=0.0, low=-90.0, high=90.0, n_transfer=200, n_innocent=200,
        log_loss=0.3, log_loss_of_share=0.6,
    )  # fmt: skip
    plain.model_copy(update={"calibration": told, "not_calibrated": ""}).save(tmp_path / "m.json")
    done = run("score", own, "--out", tmp_path / "told", "--model", tmp_path / "m.json")
    assert done.code == 0, done.err
    assert "in the words of ICD 203" in done.out
    assert "a priority, not a probability" not in done.out
    pairs = pq.read_table(tmp_path / "told" / "pairs.parquet")
    assert pairs.column("likelihood").null_count < pairs.num_rows
    # The same again from run.json alone.
    sts.score(tmp_path / "told", out=tmp_path / "more")
    assert files(tmp_path / "more") == files(tmp_path / "told")
    # With one weight changed the words are gone.
    run("score", tmp_path / "told", "--out", tmp_path / "other", "--set", "score.weights.night=0")
    pairs = pq.read_table(tmp_path / "other" / "pairs.parquet")
    assert pairs.column("likelihood").null_count == pairs.num_rows


def test_labels_that_belong_to_no_lead_are_told(own, tmp_path, run):
    labels = judged(own)
    text = labels.read_text().splitlines()
    other = json.loads(text[0]) | {"pair_id": "0" * 16, "vessel_a": "nobody", "first_time": "2001-01-01T00:00:00Z"}
    labels.write_text("\n".join([*text, json.dumps(other), '{"half']))
    done = run("fit", own, "--labels", labels, "--out", tmp_path / "m.json")
    assert done.code == 0, done.err
    assert "1 of 40 labels belong to no lead of these runs: nobody and " in done.err
    assert "2001-01-01, by Ana: no lead has these vessels" in done.err
    assert (
        "l.jsonl, line 41, is no label: it is not one JSON object (the last line: was its writing cut off?)" in done.err
    )
    assert "note: " not in run("fit", own, "--labels", labels, "--out", tmp_path / "m.json", "-q").err


def test_a_model_is_not_replaced_where_no_label_counts(own, tmp_path, run):
    labels, out = judged(own), tmp_path / "m.json"
    assert run("fit", own, "--labels", labels, "--out", out, "-q").code == 0
    before = out.read_bytes()
    told = [json.loads(line) for line in labels.read_text().splitlines()]
    for one in told:
        one |= {"first_time": "2001-01-01T00:00:00Z", "last_time": "2001-01-02T00:00:00Z"}
    labels.write_text("\n".join([*map(json.dumps, told), '{"half']))
    for words in ([], ["-q"]):
        done = run("fit", own, "--labels", labels, "--out", out, *words)
        assert (done.code, done.out) == (2, "")
        assert f"none of the {len(told)} labels in {labels} belongs to a lead of {own}" in done.err
        assert "the same vessels are a lead, but at another time" in done.err
        assert out.read_bytes() == before
    assert "line 40, is no label" in run("fit", own, "--labels", labels, "--out", out).err
    labels.write_text("\n")
    done = run("fit", own, "--labels", labels, "--out", out)
    assert done.code == 3
    assert "holds no label" in done.err
    assert out.read_bytes() == before


def test_a_model_takes_the_place_of_another_from_python(own, tmp_path):
    model = sts.fit(own, judged(own)).model
    once, twice = (sts.score(own, model=model, page=False).pairs_table for _ in range(2))
    assert once.equals(twice)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--labels", "none.jsonl"], 3, "the labels none.jsonl cannot be read"),
        (["--labels", "{own}/pairs.parquet"], 3, "is no file of labels"),
        (["--labels", "{own}/l.jsonl", "--prior-strength", "0"], 2, "give a number above 0"),
        (["--labels", "{own}/l.jsonl", "--prior-strength", "1e300"], 2, "0.001 to 1,000,000"),
        (["--labels", "{own}/l.jsonl", "--prior-strength", "1e-320"], 2, "0.001 to 1,000,000"),
        (["--labels", "{own}/l.jsonl", "--unlabelled-share", "2"], 2, "give 0 to 1"),
    ],
)
def test_what_cannot_be_fitted_is_said(own, tmp_path, run, words, code, said):
    judged(own)
    done = run("fit", own, "--out", tmp_path / "m.json", *(word.format(own=own) for word in words))
    assert done.code == code, done.err
    assert said in done.err
    assert not (tmp_path / "m.json").exists()


def test_runs_of_several_profiles_are_not_mixed(own, tmp_path):
    labels = judged(own)
    from stsdetect.pipeline.earlier import read_run, settings_of
    from stsdetect.pipeline.rescored import on_profile

    other = on_profile(settings_of(read_run(own), own), "generic-sts")
    sts.score(own, out=tmp_path / "other", settings=other)
    with pytest.raises(UsageError, match=r"a run on profile dprk-petroleum, and .* one on generic-sts"):
        sts.fit([own, tmp_path / "other"], labels)
    # The same leads in two folders count once.
    sts.score(own, out=tmp_path / "same")
    one, two = sts.fit(own, labels), sts.fit([own, tmp_path / "same"], labels)
    assert one.model.weights == two.model.weights
    assert one.model.labels == two.model.labels


def test_events_of_one_profile_scored_on_another_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """Events found for coal hold no possible meetings of tankers, whatever they are scored for afterwards."""
    from stsdetect.pipeline.rescored import on_profile

    coal, usual = (sts.load_settings(score={"profile": name}) for name in ("dprk-coal", "dprk-petroleum"))
    for settings, other in ((coal, "dprk-petroleum"), (usual, "dprk-coal")):
        caplog.clear()
        assert on_profile(settings, other).dark.carriers == settings.dark.carriers
        assert "dark.carriers" in caplog.text
    caplog.clear()
    on_profile(sts.load_settings(encounters={"max_distance_m": 300}), "dprk-petroleum")
    on_profile(coal, "dprk-coal")
    assert not caplog.text
