"""Models as files: what is written is read, what is no model is said, and settings follow."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from stsdetect.errors import InputError, UsageError
from stsdetect.schema import EVENTS
from stsdetect.score import rank_pairs
from stsdetect.score.likelihood import WORDS, add_likelihood, calibration_of, weights_digest, word
from stsdetect.score.model import Calibration, Model, rounded
from stsdetect.score.rank import effective_weights
from stsdetect.settings import Settings, load_settings
from tests.unit.score.rows import plain_transfer, table, textbook

CALIBRATION = Calibration(
    kinds=("base",), scale=0.5, shift=-0.25, low=-4.0, high=5.0, n_transfer=120, n_innocent=300, log_loss=0.4,
    log_loss_of_share=0.6,
)  # fmt: skip


def model(**over) -> Model:
    content = {
        "weights": rounded({**effective_weights({}), "night": 0.1 + 0.2, "base": -2.0}),
        "profile": "dprk-petroleum",
        "prior_weights": effective_weights({}),
        "prior_strength": 20.0,
        "labels": {"transfer": 3, "innocent": 5, "unclear": 1, "unlabelled": 100},
        "not_calibrated": "too few",
        "training": {"date": "2024-03-05", "versions": {"numpy": "2"}},
    }
    return Model(**{**content, **over})


def rank(settings: Settings) -> pa.Table:
    pairs = rank_pairs(table(textbook() + plain_transfer()), settings=settings.score, settings_id=settings.digest)
    return add_likelihood(pairs, settings.score)


@pytest.mark.parametrize("calibration", [None, CALIBRATION])
def test_a_saved_model_scores_to_the_same_bytes(tmp_path, calibration):
    one = model(calibration=calibration, not_calibrated="" if calibration else "too few")
    one.save(tmp_path / "model.json")
    again = Model.load(tmp_path / "model.json")
    assert again == one
    assert again.digest == one.digest
    assert again.to_json() == (tmp_path / "model.json").read_text()
    settings, same = one.settings(Settings()), again.settings(Settings())
    assert same.digest == settings.digest != Settings().digest
    sink, other = pa.BufferOutputStream(), pa.BufferOutputStream()
    for out, used in ((sink, settings), (other, same)):
        pairs = rank(used)
        with pa.ipc.new_stream(out, pairs.schema) as writer:
            writer.write_table(pairs)
    assert sink.getvalue().equals(other.getvalue())
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]
    # Settings in a run.json are as good as the model.
    told = load_settings(**json.loads(json.dumps(settings.model_dump(mode="json"))))
    assert told.digest == settings.digest
    assert rank(told).equals(rank(settings))


def test_a_model_replaces_the_weights():
    settings = model().settings(Settings())
    pairs = rank(settings).to_pylist()
    assert {reason["weight"] for pair in pairs for reason in pair["reasons"] if reason["indicator"] == "base"} == {-2.0}
    assert rank(Settings()).column("log_odds").to_pylist() != [pair["log_odds"] for pair in pairs]


def test_words_only_where_a_model_is_calibrated():
    assert set(rank(Settings()).column("likelihood").to_pylist()) == {None}
    assert set(rank(model().settings(Settings())).column("likelihood").to_pylist()) == {None}
    told = rank(model(calibration=CALIBRATION, not_calibrated="").settings(Settings()))
    for pair in told.to_pylist():
        inside = CALIBRATION.low <= pair["log_odds"] <= CALIBRATION.high
        assert pair["likelihood"] == (word(pair["score"]) if inside else None)
    assert told.column("likelihood").null_count < told.num_rows
    other = CALIBRATION.model_copy(update={"kinds": ("dark_base",)})
    told = rank(model(calibration=other, not_calibrated="").settings(Settings()))
    assert told.column("likelihood").null_count == told.num_rows


def test_beyond_what_was_judged_nothing_is_said():
    narrow = CALIBRATION.model_copy(update={"low": 90.0, "high": 99.0})
    told = rank(model(calibration=narrow, not_calibrated="").settings(Settings()))
    assert told.column("likelihood").null_count == told.num_rows


def test_a_changed_weight_is_not_calibrated(caplog):
    settings = model(calibration=CALIBRATION, not_calibrated="").settings(Settings())
    assert calibration_of(settings.score) is not None
    weights = {**settings.score.weights, "night": 0.0}
    changed = settings.score.model_copy(update={"weights": weights})
    assert calibration_of(changed) is None
    assert "not those that were calibrated" in caplog.text


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "almost no chance"), (0.0499, "almost no chance"), (0.05, "very unlikely"), (0.2, "unlikely"),
        (0.45, "roughly even chance"), (0.5499, "roughly even chance"), (0.55, "likely"), (0.8, "very likely"),
        (0.95, "almost certain"), (1.0, "almost certain"),
    ],
)  # fmt: skip
def test_the_words_of_the_directive(probability, said):
    assert word(probability) == said
    assert len(WORDS) == 7


def test_weights_and_a_model_are_not_both_taken():
    with pytest.raises(UsageError, match=r"score\.weights\.night, and a model brings all weights"):
        model().settings(load_settings(score={"weights": {"night": 0.0}}))


def test_a_model_of_another_profile_is_refused():
    with pytest.raises(UsageError, match="fitted on profile dprk-petroleum, and the settings say generic-sts"):
        model().settings(load_settings(score={"profile": "generic-sts"}))


def test_a_profile_that_has_changed_voids_the_calibration(caplog):
    before = {**effective_weights({}), "night": 9.0}
    settings = model(calibration=CALIBRATION, not_calibrated="", prior_weights=before).settings(Settings())
    assert settings.score.calibration is None
    assert "not as it was when the model was fitted" in caplog.text


@pytest.mark.parametrize("weight", ["0.25", "0.3333333", "-0.0000001"])
def test_a_weight_of_many_decimals_does_not_void_the_calibration(tmp_path, caplog, weight):
    """A model keeps six decimals; a profile says as many as it likes."""
    name = "anchorage" if weight.startswith("-") else "zone"
    (tmp_path / "own.toml").write_text(f'extends = "dprk-petroleum"\n[weights]\n{name} = {weight}\n')
    settings = load_settings(score={"profile": str(tmp_path / "own.toml")})
    weights = rounded(effective_weights({}, settings.score))
    one = model(
        calibration=CALIBRATION, not_calibrated="", profile="own", weights=weights, prior_weights=weights,
        scoring_id=weights_digest(settings.score),
    )  # fmt: skip
    one.save(tmp_path / "m.json")
    assert calibration_of(Model.load(tmp_path / "m.json").settings(settings).score) is not None
    assert not caplog.text
    (tmp_path / "own.toml").write_text(f'extends = "dprk-petroleum"\n[weights]\n{name} = {weight}9\n')
    other = load_settings(score={"profile": str(tmp_path / "own.toml")})
    assert one.settings(other).score.calibration is None


@pytest.mark.parametrize("change", [{"large_m": 90.0}, {"groups": {"night": "place"}}, {"carriers": ["cargo"]}])
def test_what_else_decides_scores_voids_the_calibration(caplog, change):
    usual = load_settings()
    one = model(calibration=CALIBRATION, not_calibrated="", scoring_id=weights_digest(usual.score))
    scored = one.settings(usual).score
    assert calibration_of(scored) is not None
    assert one.settings(load_settings(score=change)).score.calibration is None
    assert "not as it was when the model was fitted" in caplog.text
    # Changed afterwards, as when such a run is scored again.
    assert (
        calibration_of(scored.model_copy(update=load_settings(score=change).score.model_dump(include=change))) is None
    )


def test_what_moved_most_comes_first():
    rows = model().moved()
    assert rows[0] == ("night", effective_weights({})["night"], 0.3) or rows[0][0] == "base"
    changes = [abs(after - before) for _, before, after in rows]
    assert changes == sorted(changes, reverse=True)


def write(path, change):
    content = json.loads(model().to_json())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.pop("weights"), "weights: Field required"),
        (lambda m: m.update(schema="stsdetect-model/9"), "schema: Input should be 'stsdetect-model/1'"),
        (lambda m: m.update(more=1), "more: Extra inputs are not permitted"),
        (lambda m: m["weights"].update(night="x"), "weights.night: Input should be a valid number"),
        (
            lambda m: m["weights"].update(nigth=1.0),
            "'nigth', an indicator that this version does not have. Did you",
        ),
        (lambda m: m["weights"].update(night=-1.0), "the weight of night is -1, against its direction"),
        (lambda m: m["weights"].update(anchorage=1.0), "the weight of anchorage is 1, against its direction"),
        (lambda m: m["weights"].pop("night"), "no weight of night, an indicator of this version"),
        (lambda m: m.update(prior_strength=0), "prior_strength"),
        (lambda m: m["weights"].update(night=1e308), "weights.night: Input should be less than or equal to 1000000"),
        (lambda m: m["weights"].update(anchorage=-1e7), "weights.anchorage: Input should be greater than or equal"),
        (lambda m: m["training"].update(x=float("nan")), "training: Value error, it holds a number that is not finite"),
        (lambda m: m["training"].update(x=[{"y": float("inf")}]), "training: Value error, it holds a number that is"),
    ],
)
def test_what_is_no_model_is_said(tmp_path, change, said):
    with pytest.raises(InputError) as problem:
        Model.load(write(tmp_path / "m.json", change))
    assert said in str(problem.value)
    assert "m.json" in str(problem.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"n_transfer": 0, "n_innocent": 0},
            "calibration: Value error, it rests on 0 leads judged transfers and 0 judged",
        ),
        (
            {"n_transfer": 99},
            "it rests on 99 leads judged transfers and 300 judged innocent, and 100 of each are asked",
        ),
        ({"n_innocent": 99}, "it rests on 120 leads judged transfers and 99 judged innocent"),
        ({"kinds": ["base", "dark_base"]}, "and 200 of each are asked, 100 for each kind of lead"),
        ({"kinds": ["base", "base"]}, "calibration.kinds: Value error, 'base' is there twice"),
        ({"kinds": ["base", "bas<e"]}, "calibration.kinds: Value error, 'bas<e' is no kind of lead; kinds are base,"),
        ({"kinds": ["night"]}, "'night' is no kind of lead"),
        ({"low": 5.1}, "its weakest lead (5.1) is stronger than its strongest (5)"),
        ({"low": float("nan")}, "calibration.low: Input should be a finite number"),
        ({"log_loss": 0.61}, "tells the verdicts no better than their share does (log loss 0.61, 0.6)"),
    ],
)
def test_a_calibration_that_fit_would_not_make_is_refused(tmp_path, change, said):
    one = model(calibration=CALIBRATION, not_calibrated="")
    content = json.loads(one.to_json())
    content["calibration"].update(change)
    (tmp_path / "m.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as problem:
        Model.load(tmp_path / "m.json")
    assert said in str(problem.value)
    assert "m.json is no model" in str(problem.value)


def test_a_model_is_calibrated_or_says_why_not(tmp_path):
    content = json.loads(model(calibration=CALIBRATION, not_calibrated="").to_json())
    content["not_calibrated"] = "too few"
    (tmp_path / "m.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="it has a calibration, and says why it has none: 'too few'"):
        Model.load(tmp_path / "m.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00\x01", '{"weights": NaN}', "[" * 100_000, "5"])
def test_other_files_are_no_models(tmp_path, text):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(InputError, match="is no model"):
        Model.load(path)


def test_a_missing_file_and_an_unwritable_place_are_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Model.load(tmp_path / "none.json")
    with pytest.raises(UsageError, match="cannot be written"):
        model().save(tmp_path / "no" / "m.json")


@pytest.mark.parametrize("text", ['{"pair_id": "1"}\n', "PAR1", "a,b\n"])
def test_only_a_model_is_replaced(tmp_path, text):
    path = tmp_path / "labels.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match="is there already and is no model, so it stays"):
        model().save(path)
    assert path.read_text() == text
    for before in ("", '{"schema": "stsdetect-model/0"}', model().to_json()):
        path.write_text(before)
        model().save(path)
        assert Model.load(path) == model()


def test_an_infinite_weight_is_none(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(model().to_json().replace('"night":0.3', '"night":1e999').replace('"night": 0.3', '"night": 1e999'))
    with pytest.raises(InputError, match=r"weights\.night"):
        Model.load(path)


def test_an_empty_table_has_the_column():
    assert add_likelihood(rank_pairs(EVENTS.empty()), Settings().score).num_rows == 0
