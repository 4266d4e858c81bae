"""`ledger` on the results of an earlier run."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from stsdetect.cli.summary import print_csv, print_json
from stsdetect.readers import write_positions
from tests.builders import TANKER, boat, join


@pytest.fixture
def results(run, tmp_path: Path) -> Path:
    """A tanker of the DPRK lies beside another for a night."""
    more = {**TANKER, "every_s": 300.0, "noise_m": 5.0, "origin": (31.2, 124.1)}
    one = boat(538000001, [(-8, -40_000, 0), (-4, 0, 0), (4, 0, 0), (10, 40_000, 0)], **more)
    other = boat(445000001, [(-8, 40_000, 30), (-4, 0, 30), (4, 0, 30), (10, -40_000, 30)], **more)
    write_positions(join(one, other), tmp_path / "in.parquet")
    done = run("detect", tmp_path / "in.parquet", "--out", tmp_path / "out", "-q")
    assert done.code == 0, done.err
    return tmp_path / "out"


def test_the_ledger_for_people_and_for_programs(run, results):
    done = run("ledger", results, "--min-score", "0.1")
    assert (done.code, done.err) == (0, "")
    flat = " ".join(done.out.split())
    assert "2024" in flat or "2020" in flat
    assert "A score is a priority, not a probability." in flat
    assert "It is no finding that the cap was passed." in flat
    told = json.loads(run("ledger", results, "--json", "--min-score", "0.1").out)
    assert set(told) == {"assumptions", "months", "transfers"}
    assert [row["counted"] for row in told["transfers"]] == [True]
    assert told["transfers"][0]["end_time"].endswith("Z")
    months = list(csv.DictReader(io.StringIO(run("ledger", results, "--csv", "--min-score", "0.1").out)))
    assert [row["period"] for row in months] == [row["period"] for row in told["months"]]
    assert int(months[0]["barrels_low"]) == told["months"][0]["barrels_low"] > 0
    transfers = list(csv.DictReader(io.StringIO(run("ledger", results, "--transfers", "--min-score", "0.1").out)))
    assert [row["transfer_id"] for row in transfers] == [row["transfer_id"] for row in told["transfers"]]
    assert run("ledger", results, "-q").out == ""


def test_times_are_told_to_the_microsecond(run, tmp_path):
    """So that rows can be joined with the events by time."""
    at = datetime(2024, 3, 1, 23, 1, 47, 855159, tzinfo=UTC)
    for write, content in ((print_csv, pa.table({"t": [at]})), (print_json, [{"t": at}])):
        out = io.StringIO()
        with redirect_stdout(out):
            write(content)
        assert "2024-03-01T23:01:47.855159Z" in out.getvalue()


def test_a_threshold_counts(run, results):
    told = json.loads(run("ledger", results, "--json", "--set", "volume.min_score=1").out)
    assert [row["why_not"] for row in told["transfers"]] == ["its score is below 1"]
    assert {row["n_transfers"] for row in told["months"]} == {0}


def test_of_a_settings_file_only_what_it_names_is_taken(results, tmp_path):
    from stsdetect.cli.options import settings_on_run

    own = tmp_path / "own.toml"
    own.write_text('[score]\nprofile = "generic-sts"\n[volume]\nmin_score = 0.5\n')
    before, after = settings_on_run(results, None, ()), settings_on_run(results, own, ())
    assert before.volume.min_score != 0.5
    volume = before.volume.model_copy(update={"min_score": 0.5})
    assert after == before.model_copy(update={"volume": volume})


def told(run, folder: Path, *words: object) -> dict:
    done = run("ledger", folder, "--json", *words)
    assert done.code == 0, done.err
    return json.loads(done.out)


def barrels(folder: Path) -> list[int]:
    """Return what leads say may have passed."""
    import pyarrow.parquet as pq

    return [one for one in pq.read_table(folder / "pairs.parquet").column("barrels_mid").to_pylist() if one is not None]


def test_the_ledger_counts_as_the_run_did(run, results, tmp_path):
    gas = tmp_path / "gas"
    assert run("score", results, "--out", gas, "--set", "volume.products=gasoline", "-q", "--no-page").code == 0
    assert barrels(gas) != barrels(results) != []
    for folder in (results, gas):
        assert [row["barrels_mid"] for row in told(run, folder)["transfers"]] == barrels(folder)
    assert any("A tonne is 8.5 barrels (gasoline)" in one for one in told(run, gas)["assumptions"])
    # What is given lies on top, and the rest stays.
    (tmp_path / "own.toml").write_text("[volume]\nmin_score = 0.1\n[score]\nlarge_m = 120\n")
    for words in (["--min-score", "0.1"], ["--set", "volume.min_score=0.1"], ["--settings", tmp_path / "own.toml"]):
        found = told(run, gas, *words)
        assert [(row["barrels_mid"], row["counted"]) for row in found["transfers"]] == [(*barrels(gas), True)]
    again = told(run, gas, "--set", "volume.products=gas/diesel oil, gasoline")["transfers"]
    assert [row["barrels_mid"] for row in again] == barrels(results)
    from stsdetect.pipeline.ledgered import ledger_of

    assert ledger_of(gas).transfers.column("barrels_mid").to_pylist() == barrels(gas)


def test_coal_is_in_no_ledger(run, results, tmp_path):
    """Volumes are of fuel, and none of these leads has one."""
    coal = tmp_path / "coal"
    assert run("score", results, "--out", coal, "--profile", "dprk-coal", "-q", "--no-page").code == 0
    assert barrels(coal) == []
    found = told(run, coal)
    assert (found["transfers"], found["months"]) == ([], [])


def test_the_picture(run, results, tmp_path):
    done = run("ledger", results, "--picture", tmp_path / "ledger.svg", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "ledger.svg").read_text().startswith("<svg")
    (tmp_path / "file").write_text("")
    done = run("ledger", results, "--picture", tmp_path / "file" / "ledger.svg")
    assert done.code == 2
    assert "cannot write" in done.err


def test_the_lead_on_the_page_says_its_volume(results):
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "If cargo passed, " in page
    assert "barrels per tonne" in page


def test_results_without_a_transfer(run, tmp_path):
    more = {**TANKER, "every_s": 300.0}
    write_positions(boat(538000001, [(0, 0, 0), (5, 60_000, 0)], **more), tmp_path / "in.parquet")
    assert run("detect", tmp_path / "in.parquet", "--out", tmp_path / "out", "--no-page", "-q").code == 0
    done = run("ledger", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert "no lead that could be a transfer of oil" in done.out
    assert run("ledger", tmp_path / "out", "--picture", tmp_path / "none.svg", "-q").code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--set", "volume.products=gasoline, gasolin"], 2, "no product 'gasolin'"),
        (["--set", "volume.min_score=2"], 2, "volume.min_score"),
        (["--set", "volume.min_scor=0.5"], 2, "min_score"),
        (["--set", "score.weights.zone=0"], 2, "only volume, chains, port_calls, context can"),
        (["--set", "volume=3"], 2, "'volume' cannot be 3"),
        (["--settings", "none.toml"], 2, "none.toml cannot be read"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(run, results, words, code, said):
    done = run("ledger", results, *words)
    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_product_that_is_none_is_found_before_the_work(run, results, tmp_path):
    done = run("detect", results.parent / "in.parquet", "--out", tmp_path / "no", "--set", "volume.products=oil")
    assert done.code == 2
    assert "no product 'oil'" in done.err
    assert not (tmp_path / "no").exists()


def test_a_folder_without_results(run, tmp_path):
    done = run("ledger", tmp_path)
    assert done.code == 3
    assert "holds no run.json" in done.err
