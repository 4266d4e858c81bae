"""What vessels did around a meeting, and who they are to each other: for, against, and not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect import detect
from stsdetect.reference.places import load_ports
from stsdetect.schema import WATCH_HITS
from stsdetect.score import rank_pairs
from stsdetect.score.around import country_of
from stsdetect.score.rank import EVERY_INDICATOR
from stsdetect.settings import ScoreSettings
from tests.builders import TANKER, boat, join, positions, us
from tests.unit.score.rows import (
    ALONGSIDE,
    AT_SEA,
    CHINA,
    KOREA,
    Row,
    declared,
    event,
    gap,
    heard,
    meeting,
    sentence_of,
    some_of,
    swapped,
    table,
    tables,
    weight_of,
    weights_of,
)

THIRD, FOURTH = "371000003", "371000004"


def stay(n: int, vessel: str, start_h: float, hours: float) -> Row:
    return event(n, "loitering", "still", vessel, None, start_h, hours)


def call(n: int, vessel: str, port: str, start_h: float, **more: Any) -> Row:
    return event(
        n, "port_call", more.pop("subtype", "seen"), vessel, None, start_h, 10.0, port_id=port, port_distance_km=1.0
    )


def pair(*rows: Row, vessels: pa.Table | None = None, **more: Any) -> Row:
    made = rank_pairs(table(list(rows)), vessels=vessels, **more).to_pylist()
    return next(one for one in made if {one["vessel_a"], one["vessel_b"]} == {CHINA, KOREA})


MET = meeting(1, CHINA, KOREA, 0.0, 5.0)


# -- how they came and left ---------------------------------------------------------------------------


def test_one_that_sails_up_speaks_for_and_neighbours_against() -> None:
    came = pair(MET, stay(2, CHINA, -8.0, 14.0), stay(3, KOREA, -0.2, 5.5))
    assert weight_of(came, "approach") == 0.3
    assert weight_of(came, "departure") > 0
    assert "had lain still for 0.2 h when the meeting began, as one that comes alongside" in sentence_of(
        came, "approach"
    )
    anchored = pair(MET, stay(2, CHINA, -40.0, 90.0), stay(3, KOREA, -30.0, 90.0))
    assert weight_of(anchored, "approach") == -0.3 == weight_of(anchored, "departure")
    assert "neighbours at anchor" in sentence_of(anchored, "approach")


def test_unknown_approach_counts_neither_way() -> None:
    assert {"approach", "departure", "idling"}.isdisjoint(weights_of(pair(MET)))
    half = pair(MET, stay(2, CHINA, -40.0, 90.0))
    assert weight_of(half, "approach") == 0 == weight_of(half, "departure")
    assert "Of one vessel only" in sentence_of(half, "approach")
    assert weight_of(pair(MET, stay(2, CHINA, -0.3, 6.0)), "approach") > 0
    elsewhere = pair(MET, stay(2, CHINA, -40.0, 20.0), stay(3, KOREA, -40.0, 20.0))
    assert {"approach", "departure"}.isdisjoint(weights_of(elsewhere))


def test_a_stay_that_begins_soon_after_does_not_hide_the_one_that_holds_the_moment() -> None:
    """Contact began while both had lain there for a day; a short drift afterwards is no coming to rest."""
    rows = [stay(2, CHINA, -30.0, 30.2), stay(3, CHINA, 0.6, 40.0), stay(4, KOREA, -30.0, 60.0)]
    assert weight_of(pair(MET, *rows), "approach") == -0.3
    rows = [stay(2, CHINA, -30.0, 29.5), stay(3, CHINA, -0.1, 40.0), stay(4, KOREA, -30.0, 60.0)]
    assert weight_of(pair(MET, *rows), "approach") == 0.3


def test_not_asked_under_way_nor_of_an_end_that_is_open() -> None:
    lay = [stay(2, CHINA, -40.0, 90.0), stay(3, KOREA, -30.0, 90.0)]
    assert {"approach", "departure"}.isdisjoint(weights_of(pair(MET | {"subtype": "under_way"}, *lay)))
    still = weights_of(pair(MET | {"is_open": True}, *lay))
    assert "departure" not in still
    assert still["approach"] < 0


def test_idling_counts_where_the_other_came() -> None:
    waited = pair(MET, stay(2, CHINA, -14.0, 20.0), stay(3, KOREA, -0.2, 5.3))
    assert weight_of(waited, "idling") == 0.2
    assert f"vessel {CHINA} idled there for 14.0 h before".casefold() in sentence_of(waited, "idling").casefold()
    assert "idling" not in weights_of(pair(MET, stay(2, CHINA, -14.0, 40.0), stay(3, KOREA, -14.0, 40.0)))
    assert "idling" not in weights_of(pair(MET, stay(2, CHINA, -0.5, 6.0), stay(3, KOREA, -0.2, 5.3)))


def alongside_for_20_h(
    a: list[tuple[float, float, float]], silent: Sequence[tuple[float, float]] = (), *more: pa.Table
) -> Row:
    """Two tankers side by side from hour 0 to 20; what the one did otherwise is given, the other lies still."""
    lies = [(0.0, 60.0, 0.0), (60.0, 60.0, 0.0)]
    others = [boat(219000000 + n, [(0, 9e4, 9e4 * n), (60, 9e4, 9e4 * n)], every_s=900.0) for n in range(3)]
    own = {"every_s": 300.0, **TANKER}
    both = boat(int(CHINA), a, silent=silent, **own), boat(int(KOREA), lies, **own)
    ranked = detect(join(*others, *both, *more)).pairs_table.to_pylist()
    return next(one for one in ranked if {one["vessel_a"], one["vessel_b"]} == {CHINA, KOREA})


def test_who_is_first_heard_alongside_and_falls_silent_there_neither_came_nor_sailed() -> None:
    away = [(20.0, 0.0, 0.0), (40.0, 140e3, 0.0), (60.0, 140e3, 0.0)]
    found = alongside_for_20_h([(0.0, 0.0, 0.0), *away], [(20.01, 39.9)])
    weights = weights_of(found)
    assert weights["gap_during"] > 0
    assert [weights.get(name, 0.0) for name in ("approach", "departure", "idling")] == [0.0, 0.0, 0.0]
    said = " ".join(reason["sentence"] for reason in found["reasons"])
    assert not [words for words in ("sailed", "come to rest", "idled") if words in said]
    # The same, but seen under way for hours on both sides: both are said, and that the other lay on.
    seen = alongside_for_20_h(
        [(-4.0, -70e3, 0.0), (0.0, 0.0, 0.0), (20.0, 0.0, 0.0), (24.0, 70e3, 0.0), (40.0, 70e3, 0.0)], [(24.01, 39.9)]
    )
    assert weight_of(seen, "approach") == 0.3 == weight_of(seen, "departure")
    assert "sailed as the meeting ended" in sentence_of(seen, "departure")
    assert "idled there for at least 4" in sentence_of(seen, "idling")


def test_who_was_heard_for_hours_before_its_first_place_did_not_come_then() -> None:
    """Reports without a place, a day before the meeting and a day after it, tell nothing of coming and of sailing."""
    away = [(0.0, 0.0, 0.0), (40.0, 0.0, 0.0)]
    nowhere = [
        positions(int(CHINA), [us(hour) for hour in np.arange(first, last, 0.1)], np.nan, np.nan, **TANKER)
        for first, last in ((-24.0, -0.2), (40.2, 64.0))
    ]
    usual = alongside_for_20_h(away)
    found = alongside_for_20_h(away, (), *nowhere)
    assert "come to rest" not in " ".join(reason["sentence"] for reason in found["reasons"])
    for name in ("approach", "departure", "idling"):
        assert weights_of(found).get(name, 0.0) == weights_of(usual).get(name, 0.0) == 0.0


LAY = [stay(2, CHINA, -0.2, 5.3), stay(3, KOREA, -0.3, 5.4)]


@pytest.mark.parametrize("hours", [2.5, 20.0])
def test_a_silence_at_the_edge_of_a_stay_hides_how_it_began_or_ended(hours: float) -> None:
    both = [gap(4, CHINA, -0.2 - hours, hours), gap(5, KOREA, -0.3 - hours, hours)]
    unseen = pair(MET, *LAY, *both)
    assert weight_of(unseen, "approach") == 0.0
    assert "Of neither vessel is it known how long it had lain still" in sentence_of(unseen, "approach")
    assert weight_of(unseen, "departure") > 0
    # Of the one that was seen to come it is known that it came; the other can only have come later still.
    assert weight_of(pair(MET, *LAY, both[0]), "approach") == 0.3
    assert "445000001 had lain still for 0.3 h" in sentence_of(pair(MET, *LAY, both[0]), "approach")
    after = pair(MET, *LAY, gap(4, CHINA, 5.1, hours), gap(5, KOREA, 5.1, hours))
    assert weight_of(after, "departure") == 0.0
    assert "Of neither vessel is it known how long it lay on" in sentence_of(after, "departure")
    assert weight_of(after, "approach") == 0.3
    # A silence of another, or at another time, hides nothing.
    elsewhere = [gap(4, THIRD, -0.2 - hours, hours), gap(5, CHINA, -60.0, hours), gap(6, KOREA, 60.0, hours)]
    assert (
        weight_of(pair(MET, *LAY, *elsewhere), "approach") == 0.3 == weight_of(pair(MET, *LAY, *elsewhere), "departure")
    )


def test_first_and_last_report_are_no_coming_and_sailing() -> None:
    whole = pair(MET, *LAY, vessels=heard((CHINA, -30.0, 40.0), (KOREA, -30.0, 40.0)))
    assert weight_of(whole, "approach") == 0.3 == weight_of(whole, "departure")
    first = pair(MET, *LAY, vessels=heard((CHINA, -0.5, 40.0), (KOREA, -0.5, 20.0), (KOREA, 20.0, 40.0)))
    assert weight_of(first, "approach") == 0.0
    assert weight_of(first, "departure") == 0.3
    last = pair(MET, *LAY, vessels=heard((CHINA, -30.0, 5.2), (KOREA, -30.0, 5.2)))
    assert weight_of(last, "approach") == 0.3
    assert weight_of(last, "departure") == 0.0
    still = [row | {"is_open": True} for row in LAY]
    assert weight_of(pair(MET, *still), "departure") == 0.0, "still there as the data end"


def test_neighbours_at_anchor_are_told_by_what_is_known_alone() -> None:
    """Both lay there when first heard, 14 and 9 hours before they met: longer still at most."""
    lay = [stay(2, CHINA, -14.0, 40.0), stay(3, KOREA, -9.0, 40.0)]
    whole = pair(MET, *lay)
    part = pair(MET, *lay, vessels=heard((CHINA, -14.0, 60.0), (KOREA, -9.0, 60.0)))
    assert weight_of(part, "approach") == weight_of(whole, "approach") < 0
    assert "had lain still for at least 9.0 h when" in sentence_of(part, "approach")
    assert "at least" not in sentence_of(part, "departure")
    # Of one alone it is known: that one may have come lately, or not.
    hidden = pair(MET, stay(2, CHINA, -14.0, 40.0), stay(3, KOREA, -1.0, 40.0), gap(4, KOREA, -8.0, 7.0))
    assert weight_of(hidden, "approach") == 0.0
    assert "Of one vessel only is it known how long it had lain still" in sentence_of(hidden, "approach")


def test_idling_is_told_as_far_as_it_was_seen() -> None:
    came = stay(3, KOREA, -0.2, 5.3)
    waited = pair(MET, stay(2, CHINA, -14.0, 20.0), came, gap(4, CHINA, -30.0, 16.0))
    assert weight_of(waited, "idling") == 0.2
    assert "idled there for at least 14.0 h before the meeting" in sentence_of(waited, "idling")
    hidden = pair(MET, stay(2, CHINA, -14.0, 20.0), came, gap(4, KOREA, -30.0, 29.8))
    assert "idling" not in weights_of(hidden), "when the other came is not known"


# -- silence alongside --------------------------------------------------------------------------------


def test_silence_that_begins_alongside() -> None:
    dark = gap(2, KOREA, 5.0, 20.0, coverage="dark")
    beside = pair(MET, dark, stay(3, CHINA, -1.0, 12.0))
    assert weight_of(beside, "gap_during") > 0
    assert "fell silent beside" in sentence_of(beside, "gap_during")
    # The same silence is also one after the meeting: one of the two counts by half.
    halves = {name: next(r["strength"] for r in beside["reasons"] if r["indicator"] == name) for name in
              ("gap_during", "gap_after")}  # fmt: skip
    assert halves == {"gap_during": 1.0, "gap_after": pytest.approx(0.35)}


@pytest.mark.parametrize(
    ("silence", "lay"),
    [
        ({"coverage": "dark"}, stay(3, CHINA, -1.0, 6.2)),  # the other left as well
        ({"coverage": "outage"}, stay(3, CHINA, -1.0, 12.0)),
        ({"coverage": "thin"}, stay(3, CHINA, -1.0, 12.0)),
        ({"coverage": "dark", "is_open": True}, stay(3, CHINA, -1.0, 12.0)),
        ({"coverage": "dark"}, stay(3, THIRD, -1.0, 12.0)),
    ],
)
def test_silence_that_tells_nothing(silence: Row, lay: Row) -> None:
    assert weight_of(pair(MET, gap(2, KOREA, 5.0, 20.0, **silence), lay), "gap_during") == 0
    assert weight_of(pair(MET, gap(2, KOREA, 9.0, 20.0, **silence), stay(3, CHINA, -1.0, 30.0)), "gap_during") == 0


# -- ports --------------------------------------------------------------------------------------------


def test_ports_before_and_after() -> None:
    seen = pair(MET, call(2, KOREA, "kp_nampo", -100.0), call(3, KOREA, "kp_nampo", 60.0))
    assert {name: next(r["strength"] for r in seen["reasons"] if r["indicator"] == name) for name in
            ("next_port", "port_history", "home_flag")} == {"home_flag": 1.0, "port_history": 0.5,
                                                            "next_port": 0.25}  # fmt: skip
    assert "2.3 days after the meeting vessel 445000001 called at Nampo" in sentence_of(seen, "next_port")
    maybe = pair(MET, call(2, CHINA, "kp_nampo", -100.0, subtype="inferred"))
    assert 0 < next(r["strength"] for r in maybe["reasons"] if r["indicator"] == "port_history") < 0.5
    assert "could have called, in a silence, at Nampo" in sentence_of(maybe, "port_history")


@pytest.mark.parametrize("port", [port.id for port in load_ports() if port.country in ("KR", "TW")])
def test_south_korea_and_taiwan_have_almost_no_weight(port: str) -> None:
    found = pair(MET, call(2, CHINA, port, -50.0), call(3, CHINA, port, 50.0))
    assert 0 <= weight_of(found, "port_history") <= 0.03
    assert weight_of(found, "next_port") == 0


def test_a_port_that_was_left_lately_counts_however_long_ago_it_was_reached() -> None:
    laid_up = event(2, "port_call", "seen", CHINA, None, -24.0 * 60, 24.0 * 58, port_id="kp_nampo")
    assert "2.0 days before the meeting vessel 412000001 called at Nampo" in sentence_of(
        pair(MET, laid_up), "port_history"
    )
    # What it did long before that does not hide it, and counts for nothing.
    earlier = call(3, CHINA, "cn_shanghai", -24.0 * 59)
    assert weight_of(pair(MET, laid_up, earlier), "port_history") == weight_of(pair(MET, laid_up), "port_history")


def test_other_supply_ports_count_a_little_and_the_last_port_bounds_it() -> None:
    russian = pair(MET, call(2, CHINA, "ru_vostochny", -50.0))
    assert 0.1 < weight_of(russian, "port_history") < 0.5
    later = pair(MET, call(2, CHINA, "ru_vostochny", -90.0), call(3, CHINA, "cn_shanghai", -50.0))
    assert "port_history" not in weights_of(later)
    assert "port_history" not in weights_of(pair(MET, call(2, CHINA, "ru_vostochny", -50.0 - 24 * 31)))
    assert {"port_history", "next_port", "chain_position"}.isdisjoint(weights_of(pair(MET)))


def test_between_supply_and_a_watched_port() -> None:
    both = pair(MET, call(2, CHINA, "kr_ulsan", -50.0), call(3, KOREA, "kp_nampo", 60.0))
    assert weight_of(both, "chain_position") > 0
    assert "came from Ulsan, a supply port, and vessel 445000001 called at Nampo" in sentence_of(both, "chain_position")
    maybe = pair(MET, call(2, CHINA, "kr_ulsan", -50.0), call(3, KOREA, "kp_nampo", 60.0, subtype="inferred"))
    assert 0 < weight_of(maybe, "chain_position") < weight_of(both, "chain_position")
    one = pair(MET, call(2, CHINA, "kr_ulsan", -50.0), call(3, CHINA, "kp_nampo", 60.0))
    assert "chain_position" not in weights_of(one)


def test_a_flag_has_a_small_weight_beside_what_was_seen() -> None:
    flag, ports = (next(one for one in EVERY_INDICATOR if one.name == name) for name in ("flag", "port_history"))
    assert flag.weight <= ports.weight / 2


# -- destinations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("KRPUS", "KR"), ("CN SHA", "CN"), ("KRUSN>TW KHH", "TW"), ("BUSAN", "KR"), ("nampo", "KP"), ("FOR ORDERS", ""),
        ("HIGH SEAS", ""), ("", None), ("LUNCH", None), ("XXABC", None), ("<b>", None),
    ],
)  # fmt: skip
def test_countries_of_destinations(text: str, country: str | None) -> None:
    assert country_of(text, load_ports()) == country


def test_destination_vague_or_not_reached() -> None:
    vague = pair(MET, vessels=declared((CHINA, -50.0, "FOR ORDERS")))
    there = pair(MET, call(2, CHINA, "kr_busan", 60.0), vessels=declared((CHINA, -50.0, "KRPUS")))
    not_there = pair(MET, call(2, CHINA, "cn_shanghai", 60.0), vessels=declared((CHINA, -50.0, "KRPUS")))
    assert weight_of(not_there, "destination") > weight_of(vague, "destination") > 0
    assert "had declared a port in KR and called next at Shanghai in CN" in sentence_of(not_there, "destination")
    assert "destination" not in weights_of(there)
    for found in (
        pair(MET),
        pair(MET, vessels=declared((CHINA, -50.0, None))),
        pair(MET, vessels=declared((CHINA, 50.0, "FOR ORDERS"))),
        pair(MET, vessels=declared((CHINA, -50.0, "KRPUS"))),
        pair(MET | {"ship_type_a": 52}, vessels=declared((CHINA, -50.0, "FOR ORDERS"))),
    ):
        assert "destination" not in weights_of(found)


# -- who they are -------------------------------------------------------------------------------------


def test_parcel_that_draughts_agree_on() -> None:
    hulls = {"length_a_m": 100.0, "length_b_m": 90.0}
    agree = pair(MET | hulls | {"draught_change_a_m": -1.0, "draught_change_b_m": 1.2})
    differ = pair(MET | hulls | {"draught_change_a_m": -0.3, "draught_change_b_m": 4.0})
    assert next(r["strength"] for r in agree["reasons"] if r["indicator"] == "parcel") == 0.5
    assert "1,400 t passed by the one and 1,400 t by the other, which agrees" in sentence_of(agree, "parcel")
    assert weight_of(differ, "parcel") < 0
    huge = pair(MET | {"length_a_m": 40.0, "length_b_m": 250.0, "draught_change_a_m": 9.0, "draught_change_b_m": -9.0})
    assert "more than the smaller of them holds" in sentence_of(huge, "parcel")


@pytest.mark.parametrize(
    "more",
    [
        {}, {"draught_change_a_m": -1.0}, {"draught_change_a_m": -1.0, "draught_change_b_m": 0.1},
        {"draught_change_a_m": -1.0, "draught_change_b_m": -1.0}, {"draught_change_a_m": 0.0},
        {"draught_change_a_m": -1.0, "draught_change_b_m": 1.0, "length_b_m": None},
    ],
)  # fmt: skip
def test_no_parcel_without_both_draughts_and_lengths(more: Row) -> None:
    assert "parcel" not in weights_of(pair(MET | {"length_a_m": 100.0, "length_b_m": 90.0} | more))


def test_small_receiver_beside_a_larger_supplier() -> None:
    supplier = {"ship_type_a": 80, "length_a_m": 140.0}
    for kind in (80, None, 70):
        assert weight_of(pair(MET | supplier | {"ship_type_b": kind, "length_b_m": 75.0}), "receiver") > 0
    for more in (
        {"length_b_m": 20.0}, {"length_b_m": 139.0}, {"length_b_m": None}, {"length_b_m": 75.0, "ship_type_b": 52},
        {"length_b_m": 75.0, "ship_type_a": 70}, {"length_b_m": 200.0, "ship_type_b": 70},
    ):  # fmt: skip
        assert "receiver" not in weights_of(pair(MET | supplier | {"ship_type_b": 80} | more)), more


def hit(vessel: str) -> pa.Table:
    row: Row = {
        field.name: None if field.nullable else ([] if pa.types.is_list(field.type) else some_of(field.type))
        for field in WATCH_HITS.arrow
    }
    row |= {"vessel": vessel, "kind": "hit", "matched": "imo", "evidence": "is listed", "entry_imos": []}
    return WATCH_HITS.table({name: [row[name]] for name in WATCH_HITS.names})


def test_steps_to_a_listed_vessel() -> None:
    rows = [
        meeting(1, CHINA, KOREA, 0.0, 5.0, **ALONGSIDE, **AT_SEA),
        meeting(2, KOREA, THIRD, 300.0, 5.0, **ALONGSIDE, **AT_SEA),
        meeting(3, THIRD, FOURTH, 600.0, 5.0, **ALONGSIDE, **AT_SEA),
    ]
    near, far = (pair(*rows, watch_hits=hit(vessel)) for vessel in (THIRD, FOURTH))
    assert weight_of(near, "listed_near") == 0.8
    assert f"Vessel {KOREA} met a vessel that is on a list" in sentence_of(near, "listed_near")
    assert 0 < weight_of(far, "listed_near") < 0.4
    assert "listed_near" not in weights_of(pair(*rows, watch_hits=hit(KOREA))), "it is a hit itself"
    assert "listed_near" not in weights_of(pair(*rows, watch_hits=hit("999")))
    assert "listed_near" not in weights_of(pair(*rows))
    apart = [rows[0], meeting(2, KOREA, THIRD, 300.0, 5.0, hull_gap_min_m=400.0, hull_gap_max_m=420.0)]
    assert "listed_near" not in weights_of(pair(*apart, watch_hits=hit(THIRD))), "not like a transfer"


SISTERS: Row = {
    "vessel_a": "412000001", "vessel_b": "412000002", "name_a": "HAI GONG 302", "name_b": "HAI GONG 305",
    "length_a_m": 98.0, "length_b_m": 98.0,
}  # fmt: skip


def test_sister_ships_count_a_little_against() -> None:
    def weight(**more: Any) -> float:
        row = SISTERS | more
        return weight_of(
            rank_pairs(table([meeting(1, row["vessel_a"], row["vessel_b"], **row)])).to_pylist()[0], "sisters"
        )

    assert weight() == -0.8
    assert weight(name_a="HAI GONG NO.3", name_b="HAI GONG NO 4") == -0.8
    for more in (
        {"name_b": "OTHER 305"}, {"name_b": "HAI GONG 302"}, {"name_b": None}, {"length_b_m": 60.0},
        {"length_b_m": None}, {"vessel_b": "538000002"}, {"name_a": "MV 1", "name_b": "MV 2"},
        {"vessel_a": "445000001", "vessel_b": "445000002"},
    ):  # fmt: skip
        assert weight(**{**more, **{f"mmsi_{s}": int((SISTERS | more)[f"vessel_{s}"]) for s in "ab"}}) == 0, more


# -- properties over all of it ------------------------------------------------------------------------

_vessels = st.sampled_from(["412000001", "412000002", "445000001", "ship x"])
_ports = st.sampled_from(["kp_nampo", "ru_vostochny", "kr_ulsan", "cn_shanghai", "tw_taichung", "no such"])


@st.composite
def worlds(draw: st.DrawFn) -> list[Row]:
    rows = draw(tables())
    for n in range(draw(st.integers(0, 5))):
        rows.append(stay(300 + n, draw(_vessels), draw(st.floats(-60, 160)), draw(st.floats(1, 60))))
    for n in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["seen", "inferred", "told"]))
        rows.append(call(400 + n, draw(_vessels), draw(_ports), draw(st.floats(-200, 300)), subtype=kind))
    return rows


BOUND = declared(("412000001", -500.0, "KRPUS"), ("445000001", -500.0, "FOR ORDERS"), ("ship x", 20.0, "CNSHA"))


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_sums_limits_order_and_swapping(rows: list[Row], random: Any) -> None:
    ranked = rank_pairs(table(rows), vessels=BOUND, watch_hits=hit("412000002"))
    limits = {one.name: (abs(one.weight), one.direction) for one in EVERY_INDICATOR}
    for found in ranked.to_pylist():
        assert abs(sum(reason["weight"] for reason in found["reasons"]) - found["log_odds"]) < 1e-9
        for reason in found["reasons"]:
            most, direction = limits[reason["indicator"]]
            assert abs(reason["weight"]) <= most + 1e-9
            assert direction != "for" or reason["weight"] >= 0
            assert direction != "against" or reason["weight"] <= 0
            assert not set("<>\n") & set(reason["sentence"])
    other = [swapped(row) for row in rows] + rows[:1]
    random.shuffle(other)
    assert rank_pairs(table(other), vessels=BOUND, watch_hits=hit("412000002")).equals(ranked)


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_absence_of_draughts_and_calls_never_exculpates(rows: list[Row]) -> None:
    without = [
        row | dict.fromkeys(("draught_change_a_m", "draught_change_b_m")) for row in rows if row["kind"] != "port_call"
    ]
    unchanged = [row | dict.fromkeys(("draught_change_a_m", "draught_change_b_m"), 0.0) for row in without]
    blank, known = (rank_pairs(table(some)).to_pylist() for some in (without, unchanged))
    for one, other in zip(blank, known, strict=True):
        assert one["log_odds"] == other["log_odds"]
        for name in ("draught", "parcel", "port_history", "next_port", "chain_position"):
            assert weight_of(one, name) == 0


@given(worlds(), st.sampled_from(["stays", "calls", "destinations"]))
@settings(max_examples=60, deadline=None)
def test_what_is_not_known_around_a_meeting_weighs_nothing(rows: list[Row], what: str) -> None:
    kinds = {"stays": ("loitering", ("approach", "departure", "idling", "gap_during")),
             "calls": ("port_call", ("port_history", "next_port", "chain_position")),
             "destinations": ("", ("destination",))}  # fmt: skip
    kind, names = kinds[what]
    left = table([row for row in rows if row["kind"] != kind])
    for found in rank_pairs(left, vessels=None if what == "destinations" else BOUND).to_pylist():
        assert all(weight_of(found, name) == 0 for name in names)


def test_switched_off_they_change_nothing() -> None:
    rows = [MET, stay(2, CHINA, -8.0, 14.0), stay(3, KOREA, -0.2, 5.5), call(4, KOREA, "kp_nampo", 60.0)]
    names = ("approach", "departure", "idling", "next_port")
    off = pair(*rows, settings=ScoreSettings(weights=dict.fromkeys(names, 0.0)))
    assert off["log_odds"] == pytest.approx(pair(MET)["log_odds"])


def test_at_a_berth_everybody_comes_and_goes() -> None:
    lay = [stay(2, CHINA, -8.0, 14.0), stay(3, KOREA, -0.2, 5.5)]
    assert {"approach", "departure", "idling"}.isdisjoint(weights_of(pair(MET | {"flags": "at_berth"}, *lay)))
