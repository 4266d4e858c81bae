"""`detect --watch-list`: who is on a list, said in tables, run.json, the page and the summary."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stsdetect.pipeline.manifest import file_hash
from stsdetect.readers import write_positions
from stsdetect.schema import WATCH_HITS
from tests.builders import TANKER, boat, join

LISTS = Path(__file__).parents[1] / "unit" / "score" / "lists"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A tanker on the list meets one with the name, but not the number, of another."""
    more = {**TANKER, "every_s": 300.0, "noise_m": 5.0}
    way = [(-8, -40_000, 0), (-4, 0, 0), (6, 0, 0), (10, 40_000, 0)]
    back = [(-8, 40_000, 30), (-4, 0, 30), (6, 0, 30), (10, -40_000, 30)]
    one = boat(538000001, way, **more, imo=9100011, name="<b>RENAMED</b>")
    other = boat(445000001, back, **more, imo=9100059, name="TEST LEADER")
    third = boat(572469210, [(-8, 90_000, 30), (10, 90_000, 30)], **more, name="=NOBODY")
    write_positions(join(one, other, third), tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def rows(out: Path) -> list[dict]:
    table = pq.read_table(out / "watch_hits.parquet")
    assert table.schema.remove_metadata().equals(WATCH_HITS.arrow)
    return table.to_pylist()


def test_hits_are_in_the_table_the_run_the_page_and_the_score(run, export, tmp_path):
    out, plain = tmp_path / "out", tmp_path / "plain"
    done = run("detect", export, "--out", out, "--watch-list", f"SDN@2026-03-20={LISTS / 'ofac' / 'sdn.csv'}")
    assert done.code == 0, done.err
    found = {(row["vessel"], row["kind"]): row for row in rows(out)}
    assert set(found) == {("538000001", "hit"), ("445000001", "hit"), ("572469210", "possible")}
    hit = found["538000001", "hit"]
    assert (hit["list_name"], str(hit["list_date"]), hit["entry_id"], hit["matched"]) == (
        "SDN",
        "2026-03-20",
        "20001",
        "imo",
    )
    assert found["572469210", "possible"]["matched"] == "mmsi"
    # TEST LEADER is a name of 20002, but the number says 20007.
    assert found["445000001", "hit"]["entry_id"] == "20007"

    assert run("detect", export, "--out", plain, "-q").code == 0
    (with_list,), (without,) = (
        [row for row in pq.read_table(folder / "pairs.parquet").to_pylist() if row["partner_kind"] == "vessel"]
        for folder in (out, plain)
    )
    (reason,) = (reason for reason in with_list["reasons"] if reason["indicator"] == "watch_list")
    assert reason["weight"] == 2.5
    assert with_list["log_odds"] == pytest.approx(without["log_odds"] + 2.5)
    assert "broadcast IMO 9100011, as TESTAVIL on SDN of 2026-03-20 (entry 20001, IRAN, it is not" in reason["sentence"]
    assert pq.read_table(out / "events.parquet").equals(pq.read_table(plain / "events.parquet"))

    (about,) = json.loads((out / "run.json").read_text())["watch_lists"]
    assert (about["name"], about["date"], about["layout"]) == ("SDN", "2026-03-20", "ofac_sdn_csv")
    assert about["days_older_than_data"] == 0
    assert about["hash"].startswith("blake2b-ends:")
    assert [Path(one["path"]).name for one in about["beside"]] == ["alt.csv", "sdn_comments.csv"]
    assert about["rows"]["read"] == about["rows"]["kept"] + sum(about["rows"]["passed_over"].values())
    assert about["hulls"] == {"hit": 2, "possible": 1}
    assert "watch_lists" not in json.loads((plain / "run.json").read_text())
    assert not (plain / "watch_hits.parquet").exists()

    page = (out / "report.html").read_text()
    assert "SDN (of 2026-03-20): 2 on it, 1 possibly" in page
    assert "broadcast IMO 9100011, as TESTAVIL on SDN of 2026-03-20" in page
    assert "<b>RENAMED" not in page
    assert "HYPERLINK(?http" in page
    assert (
        "watch-list SDN of 2026-03-20: 5 vessels, 2 of them in these data by IMO number, 1 hulls possibly" in done.out
    )
    assert "left out of entries: IMO number fails its check digit (1)" in done.err


def test_the_packaged_list_says_that_it_is_stale(run, export, tmp_path):
    out = tmp_path / "out"
    done = run("detect", export, "--out", out, "--watch-list", "packaged")
    assert done.code == 0
    assert "the packaged list is stale" in done.err
    assert "of 2021-07-07 (stale: give a current list)" in done.out
    assert "Stale list." in (out / "report.html").read_text()
    (about,) = json.loads((out / "run.json").read_text())["watch_lists"]
    assert "stale" in about["stale"]
    assert about["days_older_than_data"] == 968
    assert "is 968 days older than the last report" in done.err
    assert rows(out) == []  # nobody, and the empty table says that it was asked


def test_an_undated_list_is_said_to_be_so(run, export, tmp_path):
    done = run("detect", export, "--out", tmp_path / "out", "--no-page", "--watch-list", LISTS / "maritime.csv")
    assert "says not of when it is; tell it" in done.err
    assert {row["list_date"] for row in rows(tmp_path / "out")} == {None}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{list}/nothing.csv", 3, "does not exist"),
        ("X@tomorrow={list}/own.csv", 2, "the date 'tomorrow'"),
        ("X@={list}/own.csv", 2, "NAME@DATE=FILE"),
        ("X=packaged", 2, "give the word 'packaged' alone"),
        ("{export}", 3, "is no watch-list of a known layout"),
        ("{out}/own.csv", 2, "holds the input"),
    ],
)
def test_what_is_wrong_is_found_before_the_work(run, export, tmp_path, text, code, words):
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(LISTS / "own.csv", out / "own.csv")
    given = text.format(list=LISTS, export=export, out=out)
    done = run("detect", export, "--out", out, "--watch-list", given)
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err
    assert sorted(path.name for path in out.iterdir()) == ["own.csv"]


def test_several_lists_in_any_layout_agree(run, export, tmp_path):
    names = ["sdn_advanced.xml", "sdn.xml", "maritime.csv", "targets.simple.csv", "entities.ftm.json", "vessels.json"]
    options = [part for name in names for part in ("--watch-list", LISTS / name)]
    done = run("detect", export, "--out", tmp_path / "out", "--no-page", *options)
    assert done.code == 0, done.err
    hits = [row for row in rows(tmp_path / "out") if row["kind"] == "hit"]
    assert {row["vessel"] for row in hits} == {"538000001"}
    assert len({row["list_file"] for row in hits}) == len(names)
    assert "the first in line 5" in done.err  # the line that is cut off


def test_entries_that_were_delisted_are_told(run, export, tmp_path):
    heard = pq.read_table(export).column("time")[0].as_py()
    (tmp_path / "l.csv").write_text(
        f"imo,listed_on,delisted_on\n9100011,2012-07-12,{heard:%Y-%m-%d}\n9100059,2012-07-12,2015-01-01\n"
    )
    done = run("detect", export, "--out", tmp_path / "out", "--watch-list", f"@2030-01-01={tmp_path / 'l.csv'}")
    assert done.code == 0, done.err
    (hit,) = rows(tmp_path / "out")
    assert hit["vessel"] == "538000001"
    assert f"delisted on {heard:%Y-%m-%d}" in hit["evidence"]
    assert "before they were heard, and so are neither hits nor possible: 1" in " ".join(done.err.split())
    (about,) = json.loads((tmp_path / "out" / "run.json").read_text())["watch_lists"]
    assert about["hulls_delisted_before"] == 1


def test_a_list_in_an_archive_has_the_hash_of_the_archive(run, export, tmp_path):
    with zipfile.ZipFile(tmp_path / "lists.zip", "w") as archive:
        archive.write(LISTS / "own.csv", "a/own.csv")
    done = run("detect", export, "--out", tmp_path / "out", "--no-page", "--watch-list", tmp_path / "lists.zip")
    assert done.code == 0, done.err
    (about,) = json.loads((tmp_path / "out" / "run.json").read_text())["watch_lists"]
    assert about["path"].endswith("lists.zip!a/own.csv")
    assert about["hash"] == file_hash(tmp_path / "lists.zip")


def test_about_lists(run):
    done = run("about", "lists")
    assert done.code == 0
    for name in ("ofac_sdn_csv", "un_1718_csv", "any_csv", "packaged snapshot of 2021-07-07", "stale"):
        assert name in done.out
