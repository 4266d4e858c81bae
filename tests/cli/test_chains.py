"""`chains` on the results of an earlier run."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from stsdetect.readers import write_positions
from tests.builders import TANKER, boat, join


@pytest.fixture
def results(run, tmp_path: Path) -> Path:
    """A tanker loads at Vostochny, meets another at sea, and that one lies at Chongjin."""
    more = {**TANKER, "every_s": 300.0, "noise_m": 5.0}
    origin = (42.0, 132.0)
    one = boat(538000001, [(-40, 0, 0), (-20, 0, 0)], **more | {"origin": (42.74, 133.08)}, imo=9074729)
    at_sea = boat(538000001, [(-8, -40_000, 0), (-4, 0, 0), (6, 0, 0), (10, 40_000, 0)], origin=origin, **more)
    other = boat(445000001, [(-8, 40_000, 30), (-4, 0, 30), (6, 0, 30), (10, -40_000, 30)], origin=origin, **more)
    there = boat(445000001, [(30, 0, 0), (50, 0, 0)], **more | {"origin": (41.77, 129.82)}, imo=8405311)
    write_positions(join(one, at_sea, other, there), tmp_path / "in.parquet")
    done = run("detect", tmp_path / "in.parquet", "--out", tmp_path / "out", "--no-page", "-q")
    assert done.code == 0, done.err
    return tmp_path / "out"


PATH = "ru_vostochny > 538000001 > 445000001 > kp_chongjin"


def test_chains_for_people_and_for_programs(run, results):
    done = run("chains", results)
    assert (done.code, done.err) == (0, "")
    flat = " ".join(done.out.split())
    assert PATH in flat
    assert "538000001 met 445000001; 445000001 called at Chongjin" in flat
    assert "not that anything was passed on" in flat
    rows = json.loads(run("chains", results, "--json").out)
    assert PATH in [row["path"] for row in rows]
    table = list(csv.DictReader(io.StringIO(run("chains", results, "--csv").out)))
    assert [row["chain_id"] for row in table] == [row["chain_id"] for row in rows]
    assert table[0]["start_time"].endswith("Z")
    assert run("chains", results, "-q").out == ""


def test_pairs_name_their_chain(run, results):
    import pyarrow.parquet as pq

    pairs = pq.read_table(results / "pairs.parquet").to_pylist()
    assert PATH in [pair["chain"] for pair in pairs if pair["partner_kind"] == "vessel"]


def test_settings_and_listed_vessels(run, results, tmp_path):
    assert "no chain" in run("chains", results, "--set", "chains.max_days=0.1").out
    (tmp_path / "listed.csv").write_text("name,IMO\nX,IMO 8405311\nY,\n")
    done = run("chains", results, "--listed", tmp_path / "listed.csv", "--json")
    assert {row["sink"] for row in json.loads(done.out)} >= {"IMO 8405311"}
    assert {row["sink"] for row in json.loads(run("chains", results, "--listed", "packaged", "--json").out)} >= {
        "IMO 8405311"
    }
    (tmp_path / "gone.csv").write_text("IMO,delisted_on\n8405311,2031-02-01\n9074729,\n")
    done = run("chains", results, "--listed", tmp_path / "gone.csv", "--json")
    assert "IMO 8405311" not in {row["sink"] for row in json.loads(done.out)}
    (tmp_path / "some.csv").write_text("imo\n8405311\n12345\n")
    done = run("chains", results, "--listed", tmp_path / "some.csv", "--json")
    assert "1 of 2 rows could not be read (bad_number 1), the first in line 3: 12345" in done.err


def paths(run, folder: Path, *words: object) -> set[str]:
    done = run("chains", folder, *words, "--json")
    assert done.code == 0, done.err
    return {row["path"] for row in json.loads(done.out)}


def named(folder: Path) -> set[str]:
    """Return the chains that leads name."""
    import pyarrow.parquet as pq

    return {chain for chain in pq.read_table(folder / "pairs.parquet").column("chain").to_pylist() if chain}


def test_chains_are_those_that_leads_name(run, results, tmp_path):
    """They follow the settings and the lists of the run, as the column of its leads did."""
    (tmp_path / "listed.csv").write_text("imo\n9074729\n")
    listed = tmp_path / "listed"
    assert run("score", results, "--out", listed, "--watch-list", tmp_path / "listed.csv", "-q").code == 0
    ends = "ru_vostochny > 538000001 > IMO 9074729"
    assert ends in paths(run, listed)
    assert ends not in paths(run, results)
    assert named(listed) <= paths(run, listed)
    assert paths(run, listed, "--set", "chains.max_vessels=1") == {ends}
    short = tmp_path / "short"
    assert run("score", results, "--out", short, "--set", "chains.max_days=0.1", "-q").code == 0
    assert named(short) == paths(run, short) == set()
    # Settings of one's own lie on top of those of the run.
    (tmp_path / "own.toml").write_text("[chains]\nmax_vessels = 3\n[encounters]\nmax_distance_m = 100\n")
    assert paths(run, short, "--settings", tmp_path / "own.toml") == set()
    assert PATH in paths(run, short, "--settings", tmp_path / "own.toml", "--set", "chains.max_days=30")
    assert PATH in named(results) <= paths(run, results)


def test_a_chain_that_a_list_alone_ends(run, tmp_path):
    more = {**TANKER, "every_s": 300.0, "noise_m": 5.0}
    origin = (42.0, 132.0)
    one = boat(538000001, [(-40, 0, 0), (-20, 0, 0)], **more | {"origin": (42.74, 133.08)}, imo=9074729)
    at_sea = boat(538000001, [(-8, -40_000, 0), (-4, 0, 0), (6, 0, 0), (10, 40_000, 0)], origin=origin, **more)
    other = boat(
        413000001, [(-8, 40_000, 30), (-4, 0, 30), (6, 0, 30), (10, -40_000, 30)], origin=origin, **more, imo=8405311
    )
    write_positions(join(one, at_sea, other), tmp_path / "in.parquet")
    (tmp_path / "listed.csv").write_text("imo\n8405311\n")
    out = tmp_path / "out"
    assert run("detect", tmp_path / "in.parquet", "--out", out, "-q", "--watch-list", tmp_path / "listed.csv").code == 0
    assert named(out) == {"ru_vostochny > 538000001 > 413000001 > IMO 8405311"} == paths(run, out)
    (out / "watch_hits.parquet").unlink()
    done = run("chains", out)
    assert done.code == 3
    assert "holds no watch_hits.parquet" in done.err


def test_there_are_no_chains_of_what_is_taken_out_of_the_country(run, results, tmp_path):
    assert run("score", results, "--out", tmp_path / "coal", "--profile", "dprk-coal", "-q").code == 0
    assert named(tmp_path / "coal") == paths(run, tmp_path / "coal") == set()


def test_several_lists_in_one_archive_count_together(run, results, tmp_path):
    with zipfile.ZipFile(tmp_path / "lists.zip", "w") as archive:
        archive.writestr("a.csv", "imo\n8405311\n")
        archive.writestr("b.csv", "imo\n9100011\n")
    done = run("chains", results, "--listed", tmp_path / "lists.zip", "--json")
    assert done.code == 0, done.err
    assert {row["sink"] for row in json.loads(done.out)} >= {"IMO 8405311"}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("name\nX\n", 3, "lists no IMO number"),
        ("imo\n12345\n", 3, "holds no vessel that can be matched (1 rows, 1 bad_number)"),
        ("imo\nIMO 84053\x1b[31m\n", 3, "holds no vessel"),
        ("a,b\x1b[31m\n1,2\n", 3, "is no watch-list of a known layout"),
    ],
)
def test_a_list_that_is_none(run, results, tmp_path, text, code, words):
    (tmp_path / "listed.csv").write_text(text)
    done = run("chains", results, "--listed", tmp_path / "listed.csv")
    assert done.code == code
    assert words in done.err
    assert "\x1b" not in done.err


def test_a_folder_that_is_not_whole(run, results):
    """``run.json`` comes last: without it a run was ended while its files took their places."""
    (results / "run.json").unlink()
    for words in (["chains"], ["ledger"], ["label", "--list"], ["label", "1", "--verdict", "unclear", "--who", "a"]):
        more = ["--why", "b"] if "--verdict" in words else []
        done = run(words[0], results, *words[1:], *more)
        assert (done.code, done.out) == (3, ""), words
        assert "holds no run.json" in done.err
    assert not (results / "labels.jsonl").exists()


def test_a_folder_without_results(run, tmp_path):
    done = run("chains", tmp_path)
    assert done.code == 3
    assert "holds no run.json" in done.err
    (tmp_path / "events.parquet").write_bytes(b"PAR1 nonsense")
    assert run("chains", tmp_path).code == 3
    assert run("chains", tmp_path / "none").code == 3
    assert run("chains", tmp_path, "--listed", tmp_path / "none.csv").code == 3
