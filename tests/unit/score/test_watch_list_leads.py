"""A vessel on a watch-list in every kind of lead: a hit says much, a possibility little, absence nothing."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.context import annotate
from stsdetect.schema import EVENTS, WATCH_HITS
from stsdetect.score import rank_dark, rank_deliveries, rank_pairs
from stsdetect.score.indicators_watch import WATCH_LIST
from stsdetect.score.listed import Listed
from stsdetect.score.rank import EVERY_INDICATOR
from stsdetect.settings import ContextSettings, ScoreSettings
from tests.builders import boat, events_of, join
from tests.unit.score.dark_rows import GHOST, TANKER, both, crowd, dark, silence, stay
from tests.unit.score.rows import meeting, swapped, table
from tests.unit.score.test_deliveries import ONE, trip

A, B = 440000001, 440000002


def hits(*rows: tuple[str, str], kind: str = "hit", matched: str = "imo") -> pa.Table:
    """One row for each (vessel, name of the entry)."""
    when = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
    made = [
        {
            "vessel": vessel, "kind": kind, "matched": matched, "said": "IMO 9100011", "first_time": when,
            "last_time": when, "other_imos": [], "list_name": "OFAC SDN", "list_date": dt.date(2026, 3, 20),
            "entry_id": "1", "entry_name": name, "entry_imos": [9100011], "list_file": "sdn.csv",
            "evidence": f"broadcast IMO 9100011, as {name} on OFAC SDN of 2026-03-20 (entry 1)",
        }
        for vessel, name in rows
    ]  # fmt: skip
    return WATCH_HITS.table({name: [row.get(name) for row in made] for name in WATCH_HITS.names})


def met() -> pa.Table:
    rows = events_of(boat(A, [(0, 0, 0), (5, 0, 0)]), boat(B, [(0, 50, 0), (5, 50, 0)]))
    return EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})


def reason(lead: dict[str, Any]) -> dict[str, Any] | None:
    found = [entry for entry in lead["reasons"] if entry["indicator"] == "watch_list"]
    assert len(found) <= 1
    return found[0] if found else None


def of_pair(found: pa.Table | None) -> dict[str, Any] | None:
    (pair,) = rank_pairs(met(), watch_hits=found).to_pylist()
    assert sum(entry["weight"] for entry in pair["reasons"]) == pytest.approx(pair["log_odds"], abs=1e-9)
    return reason(pair)


def test_a_hit_is_strong_and_names_its_source():
    said = of_pair(hits((str(A), "TESTAVIL")))
    assert said is not None
    assert (said["value"], said["weight"]) == (1.0, 2.0)
    assert said["sentence"] == (
        f"Vessel {A} broadcast IMO 9100011, as TESTAVIL on OFAC SDN of 2026-03-20 (entry 1) (+2.0)."
    )
    both_of_them = of_pair(hits((str(A), "TESTAVIL"), (str(B), "OTHER")))
    assert both_of_them is not None
    assert (both_of_them["value"], both_of_them["weight"]) == (2.0, 2.5)


@pytest.mark.parametrize("matched", ["name", "callsign", "mmsi", "mmsi;name", "mmsi;callsign;name"])
def test_a_possibility_is_small(matched):
    said = of_pair(hits((str(A), "X"), (str(B), "Y"), kind="possible", matched=matched))
    assert said is not None
    assert said["value"] == 0.0
    assert 0 < said["weight"] <= 0.35 * 2.5


@pytest.mark.parametrize("found", [None, WATCH_HITS.empty(), hits(("999", "SOMEBODY"))])
def test_not_to_be_on_a_list_says_nothing(found):
    assert of_pair(found) is None


def test_more_entries_of_one_vessel_count_once():
    one, several = of_pair(hits((str(A), "X"))), of_pair(hits((str(A), "X"), (str(A), "X"), (str(A), "X")))
    assert one is not None
    assert several is not None
    assert one["weight"] == several["weight"]
    assert "so do 2 more entries" in several["sentence"]


def test_further_entries_that_are_only_possible_are_not_told_as_hits():
    sure, maybe = hits((str(A), "X")), hits((str(A), "Y"), kind="possible", matched="name")
    for rows, words in (([sure, sure, maybe], "; so does 1 more entry; it may be in 1 more entry, too ("),
                        ([maybe, maybe, maybe], "; it may be in 2 more entries, too (")):  # fmt: skip
        said = of_pair(pa.concat_tables(rows))
        assert said is not None
        assert words in said["sentence"]


def test_two_vessels_that_say_as_much_are_told_in_one_order():
    for vessels in ([(str(A), "a"), (str(B), "b")], [(str(B), "b"), (str(A), "a")]):
        texts = {Listed.of(hits((str(A), "X"), (str(B), "Y"))).said(vessels).text for _ in range(2)}
        assert len(texts) == 1
        assert texts.pop().startswith("A ")


def test_a_hit_goes_before_a_possibility_whatever_the_order():
    maybe = hits((str(A), "MAYBE"), kind="possible", matched="name")
    said = of_pair(pa.concat_tables([maybe, hits((str(A), "SURELY"))]))
    assert said is not None
    assert (said["value"], said["weight"]) == (1.0, 2.0)
    assert "as SURELY on" in said["sentence"]


def test_the_weight_can_be_changed_and_switched_off():
    (pair,) = rank_pairs(
        met(), watch_hits=hits((str(A), "X")), settings=ScoreSettings(weights={"watch_list": 0.0})
    ).to_pylist()
    said = reason(pair)
    assert said is not None
    assert said["weight"] == 0.0
    assert [one.name for one in EVERY_INDICATOR].count("watch_list") == 1
    assert WATCH_LIST.direction == "for"


@given(st.sets(st.sampled_from(["412000001", "538000002"]), min_size=1))
def test_swapping_the_vessels_changes_nothing(vessels):
    found = hits(*((vessel, "X") for vessel in sorted(vessels)))
    row = meeting(1, "412000001", "538000002")
    (one,), (other,) = (rank_pairs(table([it]), watch_hits=found).to_pylist() for it in (row, swapped(row)))
    assert one["log_odds"] == other["log_odds"]
    assert reason(one) == reason(other)


def test_the_order_of_hits_does_not_matter():
    rows = [(str(A), "X"), (str(B), "Y"), (str(A), "Z")]
    weights = {of_pair(hits(*order))["weight"] for order in permutations(rows)}
    assert len(weights) == 1


def test_dark_leads_count_the_vessels_they_name():
    lay, silent = stay(1), silence(2)
    rows = table([lay, silent, dark(3, TANKER, GHOST, [lay, silent])])
    for vessel in (TANKER, GHOST):
        (lead,) = rank_dark(rows, watch_hits=hits((vessel, "X"))).to_pylist()
        said = reason(lead)
        assert said is not None
        assert said["weight"] == 2.0
        assert f"Vessel {vessel} broadcast" in said["sentence"]


def test_a_listed_candidate_among_many_says_nothing_of_who_it_was():
    rows = table(crowd())
    (lead,) = rank_dark(rows, watch_hits=hits(("538000003", "X"))).to_pylist()
    assert lead["partner_kind"] == "unknown"
    assert reason(lead) is None
    (lead,) = rank_dark(rows, watch_hits=hits((TANKER, "X"))).to_pylist()
    said = reason(lead)
    assert said is not None
    assert said["weight"] == 2.0


def test_two_silences():
    one, other = silence(1, TANKER), silence(2, GHOST)
    (lead,) = rank_dark(
        table([one, other, both(3, TANKER, GHOST, [one, other])]), watch_hits=hits((GHOST, "X"))
    ).to_pylist()
    assert reason(lead) is not None


def test_deliveries():
    events = annotate(
        EVENTS.table({name: [row[name] for row in events_of(join(trip()))] for name in EVENTS.names}),
        ContextSettings(), parts=frozenset({"ports"}),
    )  # fmt: skip
    (without,), (lead,) = (
        rank_deliveries(events, watch_hits=found).to_pylist() for found in (None, hits((str(ONE), "X")))
    )
    said = reason(lead)
    assert said is not None
    assert said["weight"] == 2.0
    assert lead["log_odds"] == pytest.approx(without["log_odds"] + 2.0)
    assert reason(without) is None
