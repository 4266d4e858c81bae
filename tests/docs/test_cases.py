"""The walk through the published cases: every case has a row, and every claim the published words it rests on."""

from __future__ import annotations

import csv
import importlib.util
import math
import re
from pathlib import Path
from types import ModuleType

import pytest

import stsdetect as sts
from stsdetect.score.rank import EVERY_INDICATOR
from stsdetect.score.watchlists.packaged import packaged_list
from tests.builders import boat, join

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds"
INDICATORS = {indicator.name: indicator for indicator in EVERY_INDICATOR}
AGAIN = "run `python seeds/walk_cases.py`, and read what changed"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("walk_cases", SEEDS / "walk_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WALK = script()
CASES, WALKS, CLAIMS = (WALK.read(name) for name in ("cases.csv", "walkthrough.csv", "walkthrough_claims.csv"))


@pytest.fixture(scope="module")
def computed() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = WALK.computed()
    return rows


def test_every_case_is_walked_and_judged_in_known_words():
    assert [walk["case"] for walk in WALKS] == [str(number) for number in range(1, len(CASES) + 1)]
    for case, walk in zip(CASES, WALKS, strict=True):
        assert (walk["date_local"], walk["receiver"]) == (case["date_local"], case["receiver"])
        assert walk["way"] in WALK.KINDS
        assert walk["ais"] in ("nothing", "silent", "heard")
        assert walk["verdict"] in ("seen", "possible", "not by AIS")
        assert walk["not_by_ais"] or walk["verdict"] != "not by AIS"
        assert bool(walk["hours_jst"]) <= bool(case["time_of_day_local"])


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim['case']}-{claim['name']}")
def test_every_claim_names_what_exists_and_quotes_what_was_published(claim):
    case, walk = CASES[int(claim["case"]) - 1], WALKS[int(claim["case"]) - 1]
    assert claim["name"] in WALK.EVENT_NAMES or claim["name"] in INDICATORS
    assert claim["condition"] in ("told", "heard", "typed")
    assert claim["quote"]
    assert claim["quote"] in case[claim["column"]]
    assert claim["column"] not in ("source", "confidence")
    assert claim["why"]
    assert claim["condition"] != "told" or walk["ais"] != "nothing"


def test_what_is_told_of_ais_bears_the_verdict():
    for walk in WALKS:
        told = {claim["name"] for claim in CLAIMS if claim["case"] == walk["case"] and claim["condition"] == "told"}
        assert (walk["verdict"] == "seen") == ("encounter" in told), walk["case"]
        assert (walk["ais"] == "silent") == ("gap" in told), walk["case"]


def test_names_used_in_the_walk_exist():
    assert {*WALK.NEEDS, *WALK.UNKNOWN} <= set(INDICATORS)
    kinds = {kind for several in WALK.KINDS.values() for _, made in several for kind in made}
    assert kinds <= WALK.EVENT_NAMES
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in readme for kind in kinds - {"encounter", "loitering", "gap"})


#: Hours in which giver and taker are not heard, by who was heard (`walk_cases.KINDS`), and where they meet.
_SILENT = {"both heard": ([], []), "one heard": ([], [(7, 23)]), "heard before and after": ([(7, 23)], [(7, 23)])}
_WHERE = {"at sea": (31.4, 124.2), "DPRK waters": (38.50, 124.60)}
_TANKER = {"to_bow_m": 60.0, "to_stern_m": 20.0, "to_port_m": 6.0, "to_starboard_m": 6.0, "ship_type": 80.0}


@pytest.mark.parametrize(
    ("way", "heard"), [(way, heard) for way in _WHERE for heard, _ in WALK.KINDS[way]], ids=lambda text: text
)
def test_the_kinds_named_arise_when_such_a_transfer_is_run_through_the_job(way, heard):
    giver, taker = (
        boat(mmsi, [(0, 0, side * 90_000), (11, 0, side * 9), (19, 0, side * 9), (30, 0, side * 90_000)],
             origin=_WHERE[way], every_s=300, noise_m=4, silent=silent, **_TANKER)
        for mmsi, side, silent in zip((312000001, 445000001), (-1, 1), _SILENT[heard], strict=True)
    )  # fmt: skip
    found = sts.detect(join(giver, taker), keep_fixes=False).events_table
    kinds = set(found.column("kind").to_pylist())
    assert {*dict(WALK.KINDS[way])[heard]} <= kinds
    assert ("encounter" in kinds) == (heard == "both heard")


def test_places_are_where_the_published_distance_from_shanghai_says():
    lat0, lon0 = math.radians(31.23), math.radians(121.47)
    for case in (case for case in CASES if case["lat_est"]):
        lat, lon = math.radians(float(case["lat_est"])), math.radians(float(case["lon_est"]))
        chord = math.sin((lat - lat0) / 2) ** 2 + math.cos(lat) * math.cos(lat0) * math.sin((lon - lon0) / 2) ** 2
        assert 2 * 6371 * math.asin(math.sqrt(chord)) == pytest.approx(float(case["distance_km_from_shanghai"]), abs=5)


def test_what_our_own_code_says_stands_in_the_table(computed):
    assert WALK.as_csv(computed) == (SEEDS / "walkthrough_computed.csv").read_text(encoding="utf-8"), AGAIN
    assert WALK.page(computed) == (SEEDS / "CASES.md").read_text(encoding="utf-8"), AGAIN


def test_computed_indicators_rest_on_what_is_published(computed):
    entries = {entry.entry_id: entry for entry in packaged_list().entries}
    for case, row in zip(CASES, computed, strict=True):
        fire = str(row["fire"]).split()
        assert bool(case["lat_est"]) or not {"zone", "offshore", "near_port", "night"} & {*fire}
        assert ("watch_list" in fire) <= bool(row["receiver_listed"] or row["supplier_listed"])
        for who in ("receiver", "supplier"):
            if row[f"{who}_listed"]:
                assert re.search(rf"\b{entries[str(row[f'{who}_listed'])].imos[0]}\b(?!\?| ?\()", case[f"{who}_imo"])
        assert all(INDICATORS[name].direction in ("for", "both") for name in fire)


def test_the_counts_stand_in_the_readme():
    with (SEEDS / "walkthrough.csv").open(encoding="utf-8", newline="") as file:
        verdicts = [row["verdict"] for row in csv.DictReader(file)]
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    words = "Of {} published cases {} was seen by AIS, {} were possible and {} could not be shown by AIS".format(
        len(verdicts), *(verdicts.count(name) for name in ("seen", "possible", "not by AIS"))
    )
    assert words in text
