"""Leads from meetings nobody saw: no flooding, one row per pair, the crowd weighs against, never a high confidence."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import SchemaError
from stsdetect.schema import PAIRS
from stsdetect.score import rank, rank_dark, rank_pairs
from stsdetect.score.indicators_dark import DARK
from tests.unit.score.dark_rows import GHOST, OTHER, TANKER, THIRD, both, crowd, dark, ranked, silence, stay
from tests.unit.score.rows import ALONGSIDE, AT_SEA, Row, event, meeting, swapped, table, weights_of


def test_nothing_gives_nothing():
    assert ranked([]) == []
    assert ranked([stay(1), silence(2), meeting(3, TANKER, GHOST)]) == []


def test_a_lone_candidate_is_named():
    lay, silent = stay(1), silence(2)
    (lead,) = ranked([lay, silent, dark(3, TANKER, GHOST, [lay, silent])])
    assert (lead["partner_kind"], lead["vessel_a"], lead["vessel_b"], lead["partner_id"]) == (
        "vessel", TANKER, GHOST, GHOST,
    )  # fmt: skip
    assert lead["event_ids"] == ["e3"]
    assert lead["confidence"] == "medium"
    weights = weights_of(lead)
    for name in ("dark_signature", "dark_verdict", "dark_room", "dark_stay", "home_flag", "zone"):
        assert weights[name] > 0, name
    assert weights["dark_rivals"] == 0
    said = " ".join(reason["sentence"] for reason in lead["reasons"])
    assert "consistent with" in said
    assert "was not observed" in said
    assert "The meeting" not in said


def test_who_was_heard_at_rest_only_before_and_after_was_not_seen_at_rest():
    """By 0.05 kn over ten hours its places lie 0.9 km apart; with a loitering beside it something was heard."""
    own, silent, lay = silence(1, TANKER, 0.0, 10.0, implied_speed_kn=0.05), silence(2), stay(4)
    row = dark(3, TANKER, GHOST, [stay(1, hours=10.0), silent])
    (lead,) = ranked([own, silent, row])
    said = {reason["indicator"]: reason["sentence"] for reason in lead["reasons"]}
    assert "One vessel was heard at rest before and after a silence of its own, not in it" in said["dark_base"]
    assert f"Vessel {TANKER} may have lain at rest for 10.0 h" in said["dark_stay"]
    assert f"Vessel {TANKER} was heard at rest 0.9 km from where it had been before" in said["dark_drift"]
    assert "how far it moved in between is not known" in said["dark_drift"]
    assert weights_of(lead)["dark_drift"] == 0.0
    assert "seen at rest" not in " ".join(said.values())
    row = row | {"from_events": "e1;e2;e4"}
    (lead,) = ranked([own, silent, lay, row])
    said = {reason["indicator"]: reason["sentence"] for reason in lead["reasons"]}
    assert "One vessel was seen at rest" in said["dark_base"]
    # A stay far from all zones may have been left out of the table.
    (lead,) = ranked([own, silent, row])
    assert "One vessel was seen at rest" in lead["reasons"][0]["sentence"]


def test_a_crowd_gives_one_row_with_an_unknown_partner_and_names_the_best():
    (lead,) = ranked(crowd())
    assert (lead["partner_kind"], lead["vessel_b"], lead["partner_id"]) == ("unknown", None, "e50")
    assert lead["vessel_a"] == TANKER
    assert lead["confidence"] == "low"
    assert lead["event_ids"] == [f"e{50 + k}" for k in range(8)]
    assert lead["n_events"] == 1
    said = next(r["sentence"] for r in lead["reasons"] if r["indicator"] == "dark_match")
    assert (
        "Partner unknown, 8 candidates: 538000000 (rank 1), 538000001 (rank 2), 538000002 (rank 3) and 5 more" in said
    )
    assert weights_of(lead)["dark_rivals"] < 0


def test_more_rivals_weigh_more():
    odds = [ranked(crowd(n))[0]["log_odds"] for n in (4, 8, 16, 30)]
    assert odds == sorted(odds, reverse=True)
    assert len(set(odds)) > 2


def test_a_clear_leader_of_a_crowd_is_named():
    rows = crowd()
    first = next(row for row in rows if row["event_id"] == "e50")
    first["candidate_score"] = 3.0
    # Seven times likelier than the next, and yet no likelier than all others together.
    assert ranked(rows)[0]["partner_kind"] == "unknown"
    first["candidate_score"] = 5.0
    (lead,) = ranked(rows)
    assert (lead["partner_kind"], lead["vessel_a"], lead["vessel_b"]) == ("vessel", TANKER, "538000000")
    assert weights_of(lead)["dark_rivals"] < 0


def test_the_same_two_over_and_over_stand_out_of_crowds():
    rows = crowd()
    again, silent = stay(90, start_h=100.0), silence(91, "538000001", 95.0)
    rivals = [silence(92 + k, f"53800005{k}", 95.0) for k in range(4)]
    rows += [again, silent, *rivals, dark(99, TANKER, "538000001", [again, silent], rank=2, rivals=4)]
    rows += [
        dark(200 + k, TANKER, f"53800005{k}", [again, gap_], rank=k + 1 + (k > 0), rivals=4)
        for k, gap_ in enumerate(rivals)
    ]
    (lead,) = ranked(rows)
    assert (lead["partner_kind"], lead["partner_id"], lead["n_events"]) == ("vessel", "538000001", 2)
    assert lead["event_ids"] == ["e51", "e99"]
    assert weights_of(lead)["dark_again"] > 0


@pytest.mark.parametrize(("later_h", "times"), [(0.5, 1), (9.0, 1), (12.0, 2)])
def test_what_shares_its_hours_is_one_time(later_h: float, times: int):
    """Either may have lain still beside the silent other, ten hours each; or again, twelve hours later."""
    one, two = silence(1, TANKER, 0.0, 10.0), silence(2, GHOST, 0.0, 10.0)
    three, four = silence(3, TANKER, later_h, 10.0), silence(4, GHOST, later_h, 10.0)
    first = dark(8, TANKER, GHOST, [stay(1, hours=10.0), two])
    second = dark(9, GHOST, TANKER, [stay(3, start_h=later_h, hours=10.0), four])
    (lead,) = ranked([one, two, three, four, first, second])
    assert lead["event_ids"] == ["e8", "e9"]
    assert lead["n_events"] == times
    assert ("dark_again" in weights_of(lead)) == (times > 1)
    seen = meeting(20, TANKER, GHOST, 60.0, 5.0, **ALONGSIDE, **AT_SEA)
    (pair,) = rank_pairs(table([one, two, three, four, first, second, seen])).to_pylist()
    (said,) = [reason["value"] for reason in pair["reasons"] if reason["indicator"] == "also_unseen"]
    assert said == times


def test_candidates_of_a_stay_that_was_filtered_away_stay_together():
    rows = [row for row in crowd() if row["kind"] != "loitering"]
    (lead,) = ranked(rows)
    assert (lead["partner_kind"], len(lead["event_ids"])) == ("unknown", 8)
    assert weights_of(lead)["dark_signature"] == 0.0


def test_nobody_silent_nearby_is_a_lead_without_candidates():
    lay = stay(1)
    (lead,) = ranked([lay, dark(3, TANKER, None, [lay])])
    assert (lead["partner_kind"], lead["partner_id"]) == ("unknown", "e3")
    assert "dark_rivals" not in weights_of(lead)
    assert any("the partner is not among them" in reason["sentence"] for reason in lead["reasons"])


def test_two_silences_that_are_listed_give_a_row_each():
    one, two = silence(1, GHOST), silence(2, OTHER)
    (lead,) = ranked([one, two, both(3, GHOST, OTHER, [one, two])])
    assert (lead["partner_kind"], lead["vessel_a"], lead["vessel_b"]) == ("vessel", GHOST, OTHER)
    assert lead["confidence"] == "low"
    assert "night" not in weights_of(lead)
    three = silence(4, THIRD)
    second = both(5, GHOST, THIRD, [one, three], candidate_rank=2, candidate_score=0.5)
    first, other = ranked([one, two, three, both(3, GHOST, OTHER, [one, two]), second])
    assert (first["vessel_b"], other["vessel_b"]) == (OTHER, THIRD)


def test_a_seen_pair_keeps_one_row_and_gains_the_unseen_meetings():
    lay, silent = stay(1), silence(2)
    seen = meeting(9, TANKER, GHOST, 60.0, 5.0, **ALONGSIDE, **AT_SEA)
    rows = [lay, silent, dark(3, TANKER, GHOST, [lay, silent]), seen]
    assert ranked(rows) == []
    (pair,) = rank_pairs(table(rows)).to_pylist()
    (plain,) = rank_pairs(table([seen, silent])).to_pylist()
    assert pair["pair_id"] == plain["pair_id"]
    assert pair["event_ids"] == ["e9", "e3"]
    assert pair["n_events"] == 1
    assert pair["first_time"] == rows[2]["start_time"]
    assert pair["last_time"] == seen["end_time"]
    assert weights_of(pair) == weights_of(plain) | {"also_unseen": 0.3}


def test_missing_imo_number_counts_where_others_are_heard():
    lay, silent = stay(1), silence(2)
    rows = [lay, silent, dark(3, TANKER, GHOST, [lay, silent])]
    others = [stay(10 + n, f"53800010{n}", ship_type_a=80, imo_a=9074729) for n in range(2)]
    assert "no_imo" not in weights_of(ranked(rows)[0])
    (lead,) = ranked(rows + others)
    assert weights_of(lead)["no_imo"] > 0
    said = next(reason["sentence"] for reason in lead["reasons"] if reason["indicator"] == "no_imo")
    assert f"No IMO number was heard of vessel {TANKER}," in said


@pytest.mark.parametrize(
    ("start_h", "hours", "again"),
    [
        (5.0, 20.0, False),  # it begins as the seen meeting ends: the same silence beside the same stay
        (5.8, 20.0, False),
        (-9.0, 8.4, False),  # it ends as the seen one begins
        (2.0, 1.0, False),
        (-9.0, 30.0, False),
        (25.0, 9.0, True),
        (6.2, 9.0, True),
        (-12.0, 9.0, True),
    ],
)
def test_only_another_occasion_is_a_further_possible_meeting(start_h: float, hours: float, again: bool):
    lay, silent = stay(1, start_h=start_h, hours=hours), silence(2, start_h=start_h, hours=hours)
    seen = meeting(9, TANKER, GHOST, 0.0, 5.0, **ALONGSIDE, **AT_SEA)
    far = meeting(8, TANKER, GHOST, 300.0, 5.0, **ALONGSIDE, **AT_SEA)
    unseen = dark(3, TANKER, GHOST, [lay, silent])
    (pair,) = rank_pairs(table([lay, silent, unseen, far, seen])).to_pylist()
    assert pair["event_ids"] == (["e9", "e8", "e3"] if again else ["e9", "e8"])
    assert weights_of(pair).get("also_unseen", 0.0) == (0.3 if again else 0.0)
    assert pair["first_time"] == (min(unseen["start_time"], seen["start_time"]) if again else seen["start_time"])
    # Of another pair it hides nothing.
    other = meeting(9, TANKER, THIRD, 0.0, 5.0, **ALONGSIDE, **AT_SEA)
    found = rank_pairs(table([lay, silent, unseen, far, other])).to_pylist()
    assert next(one for one in found if one["vessel_b"] == GHOST)["event_ids"] == ["e8", "e3"]


def fault(n: int, test: str, a: str, b: str | None = None, start_h: float = -30.0, flags: str = "") -> Row:
    return event(n, "identity", test, a, b, start_h, 1.0, flags=flags)


def test_seen_company_explains_a_stay():
    lay, silent = stay(1), silence(2)
    rows = [lay, silent, dark(3, TANKER, GHOST, [lay, silent])]

    def weight(*seen: Row) -> float:
        return weights_of(ranked([*rows, *seen])[0]).get("dark_company", 0.0)

    assert weight() == 0.0
    assert weight(meeting(8, TANKER, OTHER, 10.0, 3.0)) == 0.0
    assert weight(meeting(8, THIRD, OTHER, 0.0, 5.0)) == 0.0
    assert weight(meeting(8, TANKER, OTHER, 1.0, 1.0)) == pytest.approx(-0.8)
    assert weight(meeting(8, TANKER, OTHER, 1.0, 1.0), meeting(9, TANKER, THIRD, 1.0, 1.0)) == pytest.approx(-0.8)
    assert weight(meeting(8, TANKER, OTHER, -9.0, 50.0)) == -4.0


def test_two_identities_of_one_hull_cannot_meet():
    lay, silent = stay(1), silence(2)
    rows = [lay, silent, dark(3, TANKER, GHOST, [lay, silent])]

    def weights(*faults: Row) -> dict[str, float]:
        return weights_of(ranked([*rows, *faults])[0])

    for test in ("hand_over", "imo_moved", "twin_dimensions"):
        assert weights(fault(7, test, TANKER, GHOST, start_h=-400.0))["dark_same_hull"] == -5.0
    for other in (fault(7, "hand_over", TANKER, OTHER), fault(7, "shared_imo", TANKER, GHOST), fault(7, "ring", GHOST)):
        assert "dark_same_hull" not in weights(other)


def test_odd_identities_count_as_for_seen_pairs():
    lay, silent = stay(1), silence(2)
    (lead,) = ranked([lay, silent, dark(3, TANKER, GHOST, [lay, silent]), fault(7, "ring", GHOST)])
    assert weights_of(lead)["odd_identity"] > 0


def test_an_outage_or_jamming_speaks_against_and_an_unknown_verdict_neither_way():
    def odds(**more: Any) -> float:
        lay, silent = stay(1), silence(2, **more)
        return float(ranked([lay, silent, dark(3, TANKER, GHOST, [lay, silent])])[0]["log_odds"])

    hidden, unknown, missing = odds(), odds(coverage="unknown"), odds(coverage=None)
    thin, outage, jammed = odds(coverage="thin"), odds(coverage="outage"), odds(flags="jamming")
    assert hidden > unknown == missing > thin > outage == jammed


def test_no_signature_counts_neither_way_and_a_low_one_against():
    def odds(value: float | None) -> float:
        lay, silent = stay(1, signature=value), silence(2)
        return float(ranked([lay, silent, dark(3, TANKER, GHOST, [lay, silent])])[0]["log_odds"])

    assert odds(0.9) > odds(0.6) > odds(None) > odds(0.2)


def test_a_possible_meeting_ranks_below_the_same_one_seen():
    lay, silent = stay(1), silence(2)
    unseen = rank_dark(table([lay, silent, dark(3, TANKER, GHOST, [lay, silent])]))
    met = meeting(9, TANKER, GHOST, 0.0, 5.0, **ALONGSIDE, **AT_SEA, ship_type_a=80)
    seen = rank_pairs(table([met, silence(2, start_h=-20.0)]))
    both_kinds = rank([unseen, seen])
    assert both_kinds.column("event_ids").to_pylist() == [["e9"], ["e3"]]
    assert both_kinds.column("rank").to_pylist() == [1, 2]


def test_weights_can_be_changed_and_are_those_of_the_registry():
    lay, silent = stay(1), silence(2)
    rows = [lay, silent, dark(3, TANKER, GHOST, [lay, silent])]
    (lead,) = ranked(rows, dark_base=-1.0, zone=0.0)
    assert weights_of(lead)["dark_base"] == -1.0
    assert weights_of(lead)["zone"] == 0.0
    assert len({indicator.name for indicator in DARK}) == len(DARK)


def test_a_vessel_with_itself_is_refused():
    lay = stay(1)
    with pytest.raises(SchemaError, match=r"dark rendezvous 'e3'.*itself"):
        ranked([lay, dark(3, TANKER, TANKER, [lay])])


def test_hostile_ids_stay_on_one_line():
    lay, silent = stay(1, "<b>\n" + "x" * 99), silence(2, "z\u202e;drop")
    (lead,) = ranked([lay, silent, dark(3, lay["vessel_a"], silent["vessel_a"], [lay, silent])])
    for reason in lead["reasons"]:
        assert "\n" not in reason["sentence"]
        assert "<" not in reason["sentence"]
        assert "\u202e" not in reason["sentence"]


# -- properties ---------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> list[Row]:
    hulls = [TANKER, GHOST, OTHER, THIRD, "a ship"]
    rows: list[Row] = []
    for n in range(draw(st.integers(1, 4))):
        visible = draw(st.sampled_from(hulls))
        lay = stay(100 * n, visible, draw(st.floats(0, 90)), draw(st.floats(1, 60)), signature=draw(_unit))
        rows.append(lay)
        silent = draw(st.lists(st.sampled_from([h for h in hulls if h != visible]), max_size=3, unique=True))
        for k, vessel in enumerate(silent):
            gap_ = silence(
                100 * n + 10 + k, vessel, coverage=draw(_verdicts), flags=draw(st.sampled_from(["", "jamming"]))
            )
            more = draw(st.fixed_dictionaries(_measured))
            rows += [
                gap_,
                dark(100 * n + 50 + k, visible, vessel, [lay, gap_], k + 1, draw(st.integers(0, 40)), **more),
            ]
        if not silent:
            rows.append(dark(100 * n + 50, visible, None, [lay]))
    if draw(st.booleans()):
        one, two = silence(900, GHOST), silence(901, OTHER)
        rows += [one, two, both(902, GHOST, OTHER, [one, two], **draw(st.fixed_dictionaries(_measured)))]
    if draw(st.booleans()):
        rows.append(meeting(990, TANKER, GHOST, 40.0, 3.0, **ALONGSIDE))
    return rows


_unit = st.none() | st.floats(0, 1)
_verdicts = st.sampled_from([None, "dark", "unknown", "thin", "outage"])
_measured: dict[str, st.SearchStrategy[Any]] = {
    "candidate_score": st.none() | st.floats(-5, 9),
    "reach_max_h": st.none() | st.floats(0, 300),
    "draught_change_a_m": st.none() | st.floats(-3, 3),
    "draught_change_b_m": st.none() | st.floats(-3, 3),
    "ship_type_b": st.sampled_from([None, 0, 30, 52, 70, 80]),
    "length_a_m": st.none() | st.floats(5, 400),
    "shore_distance_km": st.none() | st.floats(-1, 400),
    "night_share": _unit,
    "flags": st.sampled_from(["", "anchorage", "on_land;zone:ecs_wide"]),
}


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_row_order_and_repetition_do_not_matter(rows: list[Row], random: Any) -> None:
    shuffled = rows + rows[:2]
    random.shuffle(shuffled)
    assert rank_dark(table(shuffled)).equals(rank_dark(table(rows)))


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_weights_sum_confidence_is_never_high_and_every_event_is_in_one_lead(rows: list[Row]) -> None:
    made = rank([rank_dark(table(rows)), rank_pairs(table(rows))])
    assert made.schema == PAIRS.arrow
    leads = made.to_pylist()
    for lead in leads:
        assert math.fsum(reason["weight"] for reason in lead["reasons"]) == lead["log_odds"]
        if lead["reasons"][0]["indicator"] == "dark_base":
            assert lead["confidence"] in ("medium", "low")
    assert len({lead["pair_id"] for lead in leads}) == len(leads)
    assert len({(lead["vessel_a"], lead["partner_id"]) for lead in leads}) == len(leads)
    # Every stay that could have hidden a meeting is told of, once or as part of a pair.
    told = {event_id for lead in leads for event_id in lead["event_ids"]}
    for row in rows:
        if row["kind"] == "dark_rendezvous" and row["candidate_rank"] in (None, 1):
            assert row["event_id"] in told or _group_has(rows, row, told)


def _group_has(rows: list[Row], row: Row, told: set[str]) -> bool:
    same = [r for r in rows if r["kind"] == "dark_rendezvous" and r["start_time"] == row["start_time"]]
    return any(other["event_id"] in told for other in same)


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_swapping_columns_of_the_input_changes_nothing(rows: list[Row]) -> None:
    swapped = [_swapped_too(row) for row in rows]
    assert rank_dark(table(swapped)).equals(rank_dark(table(rows)))


def _swapped_too(row: Row) -> Row:
    if row["vessel_b"] is None:
        return row
    return swapped(row) | {"observed_a": row["observed_b"], "observed_b": row["observed_a"]}


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_renaming_vessels_only_swaps_columns(rows: list[Row]) -> None:
    hulls = sorted({row[k] for row in rows for k in ("vessel_a", "vessel_b")} - {None})
    new = {vessel: f"{9 - place}{vessel}" for place, vessel in enumerate(hulls)}
    renamed = []
    for row in rows:
        changed = row | {"vessel_a": new[row["vessel_a"]], "vessel_b": new.get(row["vessel_b"])}
        renamed.append(_swapped_too(changed))
    before = {frozenset((new[p["vessel_a"]], new.get(p["vessel_b"], p["partner_id"]))): p for p in ranked(rows)}
    after = ranked(renamed)
    assert len(after) == len(before)
    for lead in after:
        old = before[frozenset((lead["vessel_a"], lead["partner_id"]))]
        assert (lead["log_odds"], lead["confidence"], lead["event_ids"]) == (
            old["log_odds"], old["confidence"], old["event_ids"],
        )  # fmt: skip
        assert weights_of(lead) == weights_of(old)


def test_result_is_a_pairs_table():
    assert rank_dark(table(crowd())).schema == PAIRS.arrow
    assert rank_dark(table(crowd()).to_pandas()).schema == PAIRS.arrow
    assert isinstance(rank_dark(table([])), pa.Table)


def test_a_silence_that_fits_another_meeting_better_counts_less():
    lay, silent = stay(1), silence(2)
    near = stay(4, OTHER, 2.0)
    here = dark(3, TANKER, GHOST, [lay, silent], candidate_score=2.0)

    def elsewhere(*more: Row) -> float:
        leads = ranked([lay, silent, near, here, *more])
        return weights_of(next(lead for lead in leads if TANKER in (lead["vessel_a"], lead["vessel_b"])))[
            "dark_elsewhere"
        ]

    alone = elsewhere()
    worse = elsewhere(dark(5, OTHER, GHOST, [near, silent], candidate_score=1.0))
    better = elsewhere(dark(5, OTHER, GHOST, [near, silent], candidate_score=3.0))
    of_others = elsewhere(silence(6, THIRD), dark(5, OTHER, THIRD, [near, silence(6, THIRD)], candidate_score=3.0))
    assert alone == worse == of_others > better
    many = [stay(10 + k, f"57200000{k}", 2.0) for k in range(9)]
    rows = [dark(30 + k, row["vessel_a"], GHOST, [row, silent], candidate_score=4.0) for k, row in enumerate(many)]
    assert elsewhere(*many, *rows) < better
