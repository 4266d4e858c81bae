"""The score: sums, order, symmetry, silence about what is missing, and true transfers above confusers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import SchemaError, SettingsError
from stsdetect.schema import EVENTS, PAIRS
from stsdetect.score import indicator_rows, rank_pairs
from stsdetect.score.rank import EVERY_INDICATOR
from tests.unit.score.rows import (
    ALONGSIDE,
    ANCHORED,
    AT_SEA,
    CHINA,
    KOREA,
    TANKERS,
    Row,
    event,
    gap,
    meeting,
    plain_transfer,
    rank,
    sentence_of,
    swapped,
    table,
    tables,
    textbook,
    weight_of,
    weights_of,
)


def confusers() -> dict[str, list[Row]]:
    bunker = {**ALONGSIDE, **ANCHORED, "ship_type_a": 80, "length_a_m": 60.0}
    return {
        "berth raft": [
            meeting(100, "412000100", "412000101", 0, 9.0, **ALONGSIDE, **TANKERS, **(ANCHORED | {"flags": "at_berth"}))
        ],
        "bunkering": [
            meeting(110 + i, "412000110", f"41200012{i}", 6.0 * i, 3.0, **bunker, ship_type_b=(70, 80)[i % 2],
                    length_b_m=225.0, draught_change_a_m=-0.8, draught_change_b_m=0.3)
            for i in range(6)
        ],
        "one bunkering": [
            meeting(130, "412000130", "412000131", 0, 4.0, **bunker, ship_type_b=70, length_b_m=225.0,
                    draught_change_b_m=0.4)
        ],
        "tug": [meeting(140, "412000140", "412000141", 0, 2.0, **ALONGSIDE, ship_type_a=84, ship_type_b=52)],
        "pilot": [
            meeting(150, "412000150", "412000151", 0, 1.5, **ALONGSIDE, shore_distance_km=20.0,
                    ship_type_a=80, ship_type_b=50, length_a_m=180.0, length_b_m=15.0)
        ],
        "tender": [meeting(155, "412000155", "412000156", 0, 3.0, **ALONGSIDE, ship_type_a=80, ship_type_b=53)],
        "yacht": [meeting(157, "412000157", "412000158", 0, 3.0, **ALONGSIDE, ship_type_a=80, ship_type_b=37)],
        "fishing pair": [
            meeting(160, "412000160", "412000161", 0, 6.0, **ALONGSIDE, **AT_SEA, ship_type_a=30, ship_type_b=30)
        ],
        "neighbours": [
            meeting(170, "412000170", "412000171", 0, 20.0, **ANCHORED, **TANKERS, hull_gap_min_m=280.0,
                    hull_gap_max_m=330.0, hull_gap_source="dimensions", heading_alignment=0.98)
        ],
        "lay-up": [meeting(180, "412000180", "412000181", 0, 140.0, **ALONGSIDE, **ANCHORED, **TANKERS)],
    }  # fmt: skip


# -- named cases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(confusers()))
@pytest.mark.parametrize("transfer", [textbook, plain_transfer])
def test_transfer_outranks(transfer: Any, name: str) -> None:
    rows = transfer() + confusers()[name]
    ranked = rank(rows)
    true = {transfer()[0]["vessel_a"]}
    assert ranked[0]["vessel_a"] in true, [(r["vessel_a"], r["log_odds"]) for r in ranked]
    assert ranked[0]["log_odds"] > ranked[1]["log_odds"] + 0.5


def test_all_together_keeps_transfers_on_top() -> None:
    ranked = rank(textbook() + plain_transfer() + [row for rows in confusers().values() for row in rows])
    assert [r["vessel_a"] for r in ranked[:2]] == [CHINA, "412000050"]
    assert [r["rank"] for r in ranked] == list(range(1, len(ranked) + 1))


def test_textbook_reasons_carry_their_numbers() -> None:
    (pair,) = rank(textbook())
    said = {reason["indicator"]: reason for reason in pair["reasons"]}
    assert pair["reasons"][0]["indicator"] == "base"
    assert said["hull_gap"]["sentence"] == (
        "Hulls were between 0 and 12 m apart at their closest, consistent with lying alongside (+1.8)."
    )
    assert "5.5 h" in said["duration"]["sentence"]
    assert "445" in said["home_flag"]["sentence"]
    assert "11.0 h" in said["gap_before"]["sentence"]
    assert {"zone", "heading", "types", "draught", "night", "offshore", "gap_after"} <= set(said)
    assert all(reason["source"] for reason in pair["reasons"])
    assert pair["score"] > 0.95
    assert pair["confidence"] == "high"
    assert pair["settings_id"] == "s"


def test_no_sentence_accuses() -> None:
    rows = textbook() + plain_transfer() + [row for group in confusers().values() for row in group]
    text = " ".join(reason["sentence"] for pair in rank(rows) for reason in pair["reasons"]).lower()
    for word in ("illegal", "illicit", "smuggl", "guilty", "violat", "proves", "criminal"):
        assert word not in text


@pytest.mark.parametrize("receiver_type", [None, 0, 70, 79, 90])
def test_masked_receivers_keep_the_weight_of_types(receiver_type: int | None) -> None:
    (pair,) = rank([meeting(1, CHINA, KOREA, ship_type_a=80, ship_type_b=receiver_type)])
    assert weight_of(pair, "types") == pytest.approx(1.2)


def test_silence_shared_by_neighbours_does_not_count() -> None:
    met = meeting(1, CHINA, KOREA, 12.0)
    own = gap(2, KOREA, 0.0, 10.0)
    others = [gap(10 + i, f"41200090{i}", 0.1 * i, 10.0) for i in range(4)]
    far = [row | {"lat_deg": 10.0} for row in others]
    assert weight_of(rank([met, own])[0], "gap_before") > 0
    assert weight_of(rank([met, own, *far])[0], "gap_before") > 0
    assert weight_of(rank([met, own, *others])[0], "gap_before") == 0


def test_short_gap_is_weaker_and_a_late_one_nothing() -> None:
    met = meeting(1, CHINA, KOREA)
    long, short = rank([met, gap(2, KOREA, 10.0, 8.0)])[0], rank([met, gap(2, KOREA, 10.0, 3.0)])[0]
    assert weight_of(long, "gap_after") > weight_of(short, "gap_after") > 0
    assert weight_of(rank([met, gap(2, KOREA, 60.0, 8.0)])[0], "gap_after") == 0


def test_repeats_count_the_pair_and_other_partners() -> None:
    close = {"hull_gap_min_m": 0.0, "hull_gap_max_m": 30.0}
    one = rank([meeting(1, CHINA, KOREA, 0, 5, **close)])[0]
    two = rank([meeting(1, CHINA, KOREA, 0, 5, **close), meeting(2, CHINA, KOREA, 20, 5, **close)])[0]
    late = rank([meeting(1, CHINA, KOREA, 0, 5, **close), meeting(2, CHINA, KOREA, 80, 5, **close)])[0]
    other = rank([meeting(1, CHINA, KOREA, 0, 5, **close), meeting(2, "412000002", KOREA, 20, 5, **close)])
    assert weight_of(one, "repeats") == 0 == weight_of(late, "repeats")
    assert weight_of(two, "repeats") > 0
    assert all(weight_of(pair, "repeats") > 0 for pair in other)
    assert two["n_events"] == 2
    assert two["event_ids"] == ["e1", "e2"]
    assert "met 2 times" in two["reasons"][0]["sentence"]
    assert "2020-01-12 14:00 UTC" in two["reasons"][0]["sentence"]


def test_pair_is_measured_at_its_strongest_meeting() -> None:
    weak = meeting(1, CHINA, KOREA, 0, 1.0, **ANCHORED, hull_gap_min_m=300.0, hull_gap_max_m=320.0)
    strong = meeting(2, CHINA, KOREA, 300, 5.0, **ALONGSIDE, **AT_SEA)
    both, alone = rank([weak, strong])[0], rank([strong])[0]
    assert both["log_odds"] == pytest.approx(alone["log_odds"])
    assert both["first_time"] == weak["start_time"]
    assert both["last_time"] == strong["end_time"]


def test_late_static_data_does_not_hide_a_pilot() -> None:
    known = meeting(1, CHINA, KOREA, 0, 2, ship_type_a=80, ship_type_b=50)
    late = meeting(2, CHINA, KOREA, 30, 2, ship_type_a=80, ship_type_b=None)
    assert weight_of(rank([known, late])[0], "pilot") < 0


def test_legal_lightering_zone_counts_against() -> None:
    here = meeting(1, CHINA, KOREA, zone_id="us_galveston", zone_distance_km=0.0)
    (pair,) = rank([here])
    assert weight_of(pair, "legal_zone") < 0
    assert weight_of(pair, "zone") == 0


def test_own_zone_counts_as_medium() -> None:
    (pair,) = rank([meeting(1, CHINA, KOREA, zone_id="<my\x00 zone>", zone_distance_km=0.0)])
    assert 0 < weight_of(pair, "zone") < 0.8
    assert "?my zone?" in sentence_of(pair, "zone")


def test_identity_indicators() -> None:
    odd = meeting(1, "412000001", "999000001", mmsi_b=200000001, imo_a=9074728, imo_b=9074729, length_a_m=100.0)
    (pair,) = rank([odd])
    assert weight_of(pair, "imo_check") > 0
    assert weight_of(pair, "mid") > 0
    assert weight_of(pair, "no_imo") == 0


NUMBERED: Row = {"ship_type_a": 80, "ship_type_b": 80, "imo_a": 9074729, "imo_b": 9187629}


def test_missing_imo_number_counts_where_others_are_heard() -> None:
    rows = [meeting(1, "412000001", "412000002", **NUMBERED | {"imo_a": None}), meeting(2, "412000002", "412000003")]
    rows[1] |= {"ship_type_a": 80, "imo_a": 9187629, "ship_type_b": 80, "imo_b": 9074729}
    weights = {pair["vessel_a"]: weight_of(pair, "no_imo") for pair in rank(rows)}
    assert weights["412000001"] > 0
    assert weights["412000002"] == 0
    (one,) = [pair for pair in rank(rows) if pair["vessel_a"] == "412000001"]
    assert "No IMO number was heard of vessel 412000001, though its size or type calls for one" in sentence_of(
        one, "no_imo"
    )


def test_source_without_imo_numbers_says_nothing_of_its_ships() -> None:
    """Where more than half of those that call for a number show none, it is the source that has none."""
    bare = NUMBERED | {"imo_a": None, "imo_b": None}
    rows = [meeting(n, f"41200000{n}", f"41200001{n}", **bare) for n in range(1, 5)]
    assert all("no_imo" not in weights_of(pair) for pair in rank(rows))
    assert all("no_imo" not in weights_of(pair) for pair in rank([row | {"imo_a": 0, "imo_b": 0} for row in rows]))
    # Hulls that met nobody count as well, whatever other craft broadcast.
    small = {"ship_type_a": 30, "length_a_m": 20.0}
    others = [event(20 + n, "loitering", "still", f"41300000{n}", None, 0, 5, **small) for n in range(9)]
    assert all("no_imo" not in weights_of(pair) for pair in rank(rows + others))
    large = [row | {"ship_type_a": 70, "length_a_m": 90.0, "imo_a": 9074729} for row in others]
    assert all(weight_of(pair, "no_imo") > 0 for pair in rank(rows + large[:8]))
    assert all("no_imo" not in weights_of(pair) for pair in rank(rows + large[:7]))


@pytest.mark.parametrize("mmsi", [0, 123456789, 10**12, 200000001])
def test_mmsi_of_no_state(mmsi: int) -> None:
    assert weight_of(rank([meeting(1, CHINA, KOREA, mmsi_b=mmsi)])[0], "mid") > 0


@pytest.mark.parametrize("mmsi", [None, 445000001, 992190001])
def test_mmsi_of_a_state_or_another_station(mmsi: int | None) -> None:
    assert weight_of(rank([meeting(1, CHINA, KOREA, mmsi_b=mmsi)])[0], "mid") == 0


@pytest.mark.parametrize(
    ("hours", "words"),
    [(1.2, "less than the 2 to 10 h"), (5.0, "consistent with"), (17.0, "more than the 2 to 10 h")],
)
def test_duration_sentence_is_true(hours: float, words: str) -> None:
    assert words in sentence_of(rank([meeting(1, CHINA, KOREA, 0, hours)])[0], "duration")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0, 12.0, "consistent with lying alongside"),
        (0.0, 405.0, "more likely apart than alongside"),
        (280.0, 405.0, "too far for a transfer by hose"),
    ],
)
def test_hulls_that_may_have_touched_were_not_too_far(low: float, high: float, words: str) -> None:
    (pair,) = rank([meeting(1, CHINA, KOREA, hull_gap_min_m=low, hull_gap_max_m=high)])
    assert f"between {low:.0f} and {high:.0f} m apart at their closest, {words} (" in sentence_of(pair, "hull_gap")


def test_hostile_ids_and_names_stay_out_of_sentences() -> None:
    evil = '<img src=x onerror="alert(1)">\u202e\x00\n' + "A" * 500
    row = meeting(1, "412000001", evil, name_a=evil, name_b=evil, ship_type_a=80, ship_type_b=50)
    (pair,) = rank([row, gap(2, evil, 10, 9)])
    for reason in pair["reasons"]:
        sentence = reason["sentence"]
        assert not set('<>"\n\x00\u202e') & set(sentence)
        assert len(sentence) < 300
    assert pair["vessel_b"] == evil


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "high"),
        ({"hull_gap_max_m": 180.0}, "medium"),
        ({"hull_gap_min_m": None, "hull_gap_max_m": None}, "medium"),
        ({"observed_min": 20.0, "inferred_min": 280.0}, "low"),
        ({"observed_min": 200.0, "inferred_min": 100.0}, "medium"),
        ({"n_positions_b": 2}, "low"),
        ({"n_positions_b": None}, "low"),
    ],
)
def test_confidence(more: Row, expected: str) -> None:
    assert rank([meeting(1, CHINA, KOREA, **(ALONGSIDE | more))])[0]["confidence"] == expected


# -- edges --------------------------------------------------------------------------------------------


def test_empty_and_without_encounters() -> None:
    for events in (EVENTS.empty(), table([gap(1, KOREA, 0, 9)])):
        result = rank_pairs(events)
        assert result.schema.equals(PAIRS.arrow)
        assert result.num_rows == 0


def test_result_has_the_schema() -> None:
    assert rank_pairs(table(textbook())).schema.equals(PAIRS.arrow)
    PAIRS.conform(rank_pairs(table(textbook())))


def test_encounter_without_partner_or_with_itself_is_refused() -> None:
    with pytest.raises(SchemaError, match="no second vessel"):
        rank([meeting(1, CHINA, KOREA) | {"vessel_b": None}])
    with pytest.raises(SchemaError, match="with itself"):
        rank([meeting(1, CHINA, CHINA)])


def test_weights_replace_and_are_checked() -> None:
    (pair,) = rank(textbook(), hull_gap=0.5, base=-1.0, night=0.0)
    assert weight_of(pair, "hull_gap") == 0.5
    assert weight_of(pair, "base") == -1.0
    assert weight_of(pair, "night") == 0.0
    with pytest.raises(SettingsError, match="Did you mean 'hull_gap'"):
        rank(textbook(), hull_gpa=1.0)
    with pytest.raises(SettingsError, match="counts against"):
        rank(textbook(), tug=1.0)
    with pytest.raises(SettingsError, match="counts for"):
        rank(textbook(), draught=-1.0)
    with pytest.raises(SettingsError, match="no indicator"):
        rank([], zzz=1.0)


def test_registry_is_complete() -> None:
    rows = indicator_rows()
    names = [row["name"] for row in rows]
    assert names[0] == "base"
    assert len(names) == len(set(names)) == len(EVERY_INDICATOR)
    for row in rows:
        assert row["title"]
        assert row["missing"]
        assert row["source"]
        assert row["example"]
        assert (row["weight"] < 0) == (row["direction"] in ("against", "base"))


# -- properties ---------------------------------------------------------------------------------------


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_row_order_and_repetition_do_not_matter(rows: list[Row], random: Any) -> None:
    shuffled = rows + rows[:2]
    random.shuffle(shuffled)
    assert rank_pairs(table(shuffled)).equals(rank_pairs(table(rows)))


@given(tables())
@settings(max_examples=60, deadline=None)
def test_weights_sum_and_order(rows: list[Row]) -> None:
    ranked = rank(rows)
    assert len(ranked) == len({(r["vessel_a"], r["vessel_b"]) for r in rows if r["kind"] == "encounter"})
    for pair in ranked:
        assert abs(sum(reason["weight"] for reason in pair["reasons"]) - pair["log_odds"]) < 1e-9
        assert pair["score"] == pytest.approx(1 / (1 + math.exp(-pair["log_odds"])))
        limits = {row["name"]: (abs(row["weight"]), row["direction"]) for row in indicator_rows()}
        weights = {row["name"]: row["weight"] for row in indicator_rows()}
        for reason in pair["reasons"]:
            most, direction = limits[reason["indicator"]]
            assert abs(reason["weight"]) <= most + 1e-9
            assert reason["weight"] == round(reason["strength"] * weights[reason["indicator"]], 4)
            assert direction not in ("for",) or reason["weight"] >= 0
            assert direction not in ("against",) or reason["weight"] <= 0
    assert [p["log_odds"] for p in ranked] == sorted((p["log_odds"] for p in ranked), reverse=True)


@given(tables())
@settings(max_examples=60, deadline=None)
def test_swapping_columns_of_the_input_changes_nothing(rows: list[Row]) -> None:
    assert rank_pairs(table([swapped(row) for row in rows])).equals(rank_pairs(table(rows)))


@given(tables())
@settings(max_examples=60, deadline=None)
def test_renaming_vessels_only_swaps_columns(rows: list[Row]) -> None:
    # Ids get a prefix that turns their order round; MMSI, names and measurements stay with their vessel.
    new = {
        v: f"{9 - i}{v}" for i, v in enumerate(sorted({r[k] for r in rows for k in ("vessel_a", "vessel_b")} - {None}))
    }
    renamed = []
    for row in rows:
        changed = row | {"vessel_a": new[row["vessel_a"]], "vessel_b": new.get(row["vessel_b"])}
        renamed.append(swapped(changed) if row["vessel_b"] else changed)
    before = {(new[p["vessel_a"]], new[p["vessel_b"]]): p for p in rank(rows)}
    for pair in rank(renamed):
        old = before[pair["vessel_b"], pair["vessel_a"]]
        assert (pair["mmsi_a"], pair["mmsi_b"]) == (old["mmsi_b"], old["mmsi_a"])
        assert pair["log_odds"] == old["log_odds"]
        assert weights_of(pair) == weights_of(old)
        assert pair["confidence"] == old["confidence"]


#: What each column must not outscore when it is missing.
NEUTRAL: dict[str, Any] = {
    "hull_gap_min_m": (60.0, {"hull_gap_max_m": 60.0}),
    "heading_alignment": (0.8, {}),
    "draught_change_a_m": (0.0, {}),
    "draught_change_b_m": (0.0, {}),
    "night_share": (0.4, {}),
    "shore_distance_km": (12.0, {}),
    "port_distance_km": (100.0, {}),
    "still_nearby": (0, {}),
    "zone_distance_km": (100.0, {}),
    "ship_type_a": (70, {}),
    "ship_type_b": (70, {}),
    "median_speed_kn": (1.0, {}),
}


@given(tables(), st.sampled_from(sorted(NEUTRAL)))
@settings(max_examples=200, deadline=None)
def test_missing_never_scores_above_neutral(rows: list[Row], column: str) -> None:
    value, more = NEUTRAL[column]
    index = 0
    with_value = [row | {column: value} | more if i == index else row for i, row in enumerate(rows)]
    without = [row | {column: None} | dict.fromkeys(more) if i == index else row for i, row in enumerate(rows)]
    # One meeting each: a missing type is filled from the vessel's other meetings, on purpose.
    with_value, without = ([r for i, r in enumerate(t) if i == 0 or r["kind"] == "gap"] for t in (with_value, without))
    assert rank(without)[0]["log_odds"] <= rank(with_value)[0]["log_odds"] + 1e-9
