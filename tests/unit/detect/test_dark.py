"""Dark rendezvous: who could have met whom in silence, ranked, with rivals counted."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.builders import TANKER, boat, events_of, hours_of, us

NM = 1852.0
#: Off the Chinese coast, 100 nm from any shore.
SEA = (31.0, 124.5)


def loiterer(mmsi: int = 440000001, **columns: Any):
    """A visible tanker that comes, lies still from 3 h to 15 h, and goes."""
    return boat(mmsi, [(0, -30 * NM, 0), (3, 0, 0), (15, 300, 200), (18, 40 * NM, 0)], origin=SEA, **TANKER | columns)


def partner(mmsi: int = 412000002, **columns: Any):
    """A tanker that comes from 60 nm, silent from 40 nm before the loiterer to 40 nm behind it, 8 h beside it."""
    way = [(-1, 0, 60 * NM), (1, 0, 40 * NM), (5, 100, 0), (13, 100, 0), (17, 0, -40 * NM), (19, 0, -60 * NM)]
    return boat(mmsi, way, origin=SEA, silent=[(1, 17)], every_s=300, **TANKER | columns)


def innocent(k: int, **columns: Any):
    """A tanker that passes at some 40 nm, and is silent for some hours meanwhile, as hulls are."""
    rng = np.random.default_rng(k)
    east, north = rng.uniform(-40, 40, 2) * NM
    begin, length, speed = rng.uniform(0, 4), rng.uniform(9, 16), rng.uniform(2.2, 5) * NM
    turn = rng.uniform(0, 2 * np.pi)
    way = [(h, east + speed * h * np.cos(turn), north + speed * h * np.sin(turn)) for h in (-1.0, 22.0)]
    silent = [(begin, begin + length)]
    return boat(412000100 + k, way, origin=SEA, silent=silent, every_s=300, **TANKER | columns)


def dark(*tables: Any, **groups: Any) -> list[dict[str, Any]]:
    found = [event for event in events_of(*tables, **groups) if event["kind"] == "dark_rendezvous"]
    return sorted(found, key=lambda event: (event["subtype"], event["candidate_rank"], event["event_id"]))


def one_dark(*tables: Any, **groups: Any) -> list[dict[str, Any]]:
    return [event for event in dark(*tables, **groups) if event["subtype"] == "one_dark"]


def test_a_silent_tanker_that_comes_and_goes_is_the_candidate():
    (event,) = dark(loiterer(), partner())
    assert event["subtype"] == "one_dark"
    assert (event["vessel_a"], event["vessel_b"]) == ("412000002", "440000001")
    assert (event["observed_a"], event["observed_b"]) == (False, True)
    assert (event["candidate_rank"], event["n_rivals"]) == (1, 0)
    assert event["observed_min"] == event["inferred_min"] == 0  # possible, not seen
    start, end = hours_of(event)
    # The true stay, 5 h to 13 h, lies within what was possible; the loitering bounds it.
    assert 3 <= start <= 5
    assert 13 <= end <= 15.01
    assert event["reach_max_h"] >= 8
    assert (event["meet_earliest"], event["meet_latest"]) == (event["start_time"], event["end_time"])
    assert event["lat_deg"] == pytest.approx(SEA[0], abs=0.01)
    assert len(event["from_events"].split(";")) == 2
    assert (event["n_positions_a"], event["n_positions_b"] > 600) == (0, True)
    assert "nobody saw" in event["evidence"]


@pytest.mark.parametrize(
    "other",
    [
        boat(412000002, [(0, 0, 300 * NM), (20, 0, 300 * NM)], origin=SEA, silent=[(2, 17)], **TANKER),
        boat(412000002, [(-1, 0, 0), (21, 0, 20 * 14 * NM)], origin=SEA, silent=[(2, 17)], every_s=300, **TANKER),
        partner(ship_type=30),
        partner(ship_type=52),
        partner(to_bow_m=10.0, to_stern_m=5.0),
        boat(412000002, [(0, 0, 40 * NM), (20, 0, 40 * NM)], origin=SEA, silent=[(2, 3.9)], **TANKER),
    ],
    ids=["too far", "in a hurry", "fishing", "tug", "too small", "short"],
)
def test_who_could_not_have_been_there_or_would_not_is_no_candidate(other):
    assert dark(loiterer(), other) == []


@pytest.mark.parametrize("kind", [30, 50, 52, 36, 60])
def test_who_lies_still_for_work_of_its_own_has_no_dark_partner(kind):
    assert dark(loiterer(ship_type=kind), partner()) == []


def test_a_cargo_ship_may_be_the_partner_of_a_tanker_but_not_of_another():
    assert len(dark(loiterer(ship_type=70), partner())) == 1
    assert dark(loiterer(ship_type=70), partner(), dark={"cargo": False}) == []
    assert dark(loiterer(ship_type=70), partner(ship_type=79)) == []
    assert len(dark(loiterer(ship_type=0), partner(ship_type=0))) == 1


def test_who_is_seen_beside_another_needs_no_dark_partner():
    visible = boat(440000009, [(0, 20 * NM, 60), (2.5, 60, 60), (15.5, 360, 260), (18, -20 * NM, 0)], origin=SEA)
    found = events_of(loiterer(), partner(), visible)
    assert [event["kind"] for event in found].count("encounter") == 1
    assert [event for event in found if event["kind"] == "dark_rendezvous"] == []


def beside(mmsi: int, east_m: float, hours: list[tuple[float, float]], leaves: float):
    """A tanker at one place, heard in ``hours`` only; from ``leaves`` on it sails away."""
    silent = [(end, begin) for (_, end), (begin, _) in pairwise(hours)]
    way = [(hours[0][0], east_m, 0), (leaves, east_m, 0), (19, (19 - leaves) * 9 * NM, 0)]
    return boat(mmsi, way, origin=SEA, silent=silent, noise_m=3, **TANKER)


def test_hours_unheard_do_not_make_two_alone_that_were_beside_each_other_whenever_heard():
    """Alongside for 8 h, heard in the first three and the last two."""
    one, two = (beside(440000001 + k, 40.0 * k, [(0, 3), (6, 19)], 8) for k in range(2))
    assert [event["kind"] for event in events_of(one, two)].count("encounter") == 2
    assert dark(one, two, partner()) == []
    assert len(dark(one, partner())) == 1


def test_of_a_stay_seen_beside_another_only_heard_hours_count_and_the_words_say_so():
    """Beside another for most of 1.5 h, then heard alone for four hours and a half, or for one."""
    other = boat(
        440000009, [(-1, 0, 20 * NM), (0, 60, 0), (1.5, 60, 0), (19, 150 * NM, 0)], origin=SEA, **TANKER
    )  # fmt: skip
    (event,) = one_dark(beside(440000001, 0.0, [(0, 3), (9, 19)], 12), other, partner())
    assert "lay still for 12.0 h (6.0 h of it heard, 1.4 h of it beside another)" in event["evidence"]
    assert "nobody seen beside" not in event["evidence"]
    (event,) = one_dark(beside(440000001, 0.0, [(0, 3), (9, 19)], 12), partner())
    assert "lay still for 12.0 h (6.0 h of it heard) with nobody seen beside it" in event["evidence"]
    assert one_dark(beside(440000001, 0.0, [(0, 2), (9, 19)], 10), other, partner()) == []


@pytest.mark.parametrize("back", [False, True], ids=["sailed unheard after it", "came unheard before it"])
def test_a_true_meeting_lies_within_the_window_of_a_stay_of_which_one_end_was_not_heard(back: bool):
    """Together from 7.2 h to 10.2 h, both unheard; the one then goes on at 12.5 kn, and is heard again at 6 kn."""
    rests = [(0, 0, 0), (10.4, 0, 0), (13, 0, 60_000), (16, 0, 60_000 + 18 * NM)]
    comes = [(0, -72 * NM, 0), (4, -24 * NM, 0), (7.2, -100, 0), (10.2, -100, 0), (14, -45 * NM, 0), (18, -90 * NM, 0)]
    hulls, begin, end = [(440000001, rests, (3, 13)), (412000002, comes, (4, 14))], 7.2, 10.2
    if back:
        hulls = [(n, [(18 - h, e, m) for h, e, m in way[::-1]], (18 - b, 18 - a)) for n, way, (a, b) in hulls]
        begin, end = 18 - end, 18 - begin
    tables = [
        boat(n, way, origin=SEA, silent=[silent], every_s=300, noise_m=5, **TANKER) for n, way, silent in hulls
    ]  # fmt: skip
    (event,) = one_dark(*tables)
    start, stop = hours_of(event)
    assert start <= begin < end <= stop
    assert event["reach_max_h"] >= end - begin


@pytest.mark.parametrize("sides", [(440000001, 412000002), (212000001, 412000002)], ids=["second", "first"])
def test_the_words_say_that_who_lay_still_is_taken_to_have_stayed_while_unheard(sides: tuple[int, int]):
    heard, silent = sides
    (event,) = one_dark(beside(heard, 0.0, [(0, 3), (9, 19)], 12), partner(silent))
    (letter,) = (side for side in "ab" if event[f"observed_{side}"])
    assert f" h, if vessel {letter} stayed where it lay while it was not heard; no other hull" in event["evidence"]
    (event,) = one_dark(beside(heard, 0.0, [(0, 19)], 12), partner(silent))
    assert "stayed where it lay" not in event["evidence"]


@pytest.mark.parametrize("sides", [(440000001, 412000002), (212000001, 412000002)], ids=["second", "first"])
def test_the_words_say_for_how_long_of_its_window_who_lay_still_was_seen_beside_another(sides: tuple[int, int]):
    """Three hours alone, then beside another to the end; the silence lies within, or reaches back to hours alone."""
    heard, silent = sides
    other = boat(440000009, [(2, 10 * NM, 0), (3, 60, 0), (15, 60, 0), (19, 40 * NM, 0)], origin=SEA, **TANKER)
    visible = beside(heard, 0.0, [(0, 19)], 15)
    for begin, end, share in ((4, 12, 1.0), (-0.5, 12, 0.75)):
        way = [(-1, 0, 12 * NM), (19, 0, 12 * NM)]
        unseen = boat(silent, way, origin=SEA, silent=[(begin, end)], every_s=300, **TANKER)
        (event,) = one_dark(visible, other, unseen)
        (letter,) = (side for side in "ab" if event[f"observed_{side}"])
        start, stop = hours_of(event)
        met = max(start, 3.0)
        assert (stop - met) / (stop - start) == pytest.approx(share, abs=0.1)
        found = re.search(
            rf" h; vessel {letter} was seen beside another for ([\d.]+) h of the ([\d.]+) h in which that could be; no",
            event["evidence"],
        )
        assert [float(text) for text in found.groups()] == pytest.approx([stop - met, stop - start], abs=0.15)
        (event,) = one_dark(visible, unseen)
        assert "in which that could be" not in event["evidence"]


def test_the_words_leave_out_company_outside_the_window():
    other = boat(440000009, [(-1, 0, 20 * NM), (0, 60, 0), (1.5, 60, 0), (19, 150 * NM, 0)], origin=SEA, **TANKER)
    way = [(-1, 0, 60 * NM), (4, 0, 10 * NM), (12, 0, 10 * NM), (19, 0, 60 * NM)]
    silent = boat(412000002, way, origin=SEA, silent=[(4, 12)], every_s=300, **TANKER)
    (event,) = one_dark(beside(440000001, 0.0, [(0, 19)], 12), other, silent)
    assert "1.4 h of it beside another)" in event["evidence"]
    assert "in which that could be" not in event["evidence"]


def test_of_a_crowd_the_true_one_is_among_the_first():
    ranks = []
    for crowd in range(8):
        rows = one_dark(loiterer(), partner(), *[innocent(12 * crowd + k) for k in range(11)])
        assert {row["n_rivals"] for row in rows} == {11}
        assert [row["candidate_rank"] for row in rows] == list(range(1, 11))
        scores = [row["candidate_score"] for row in rows]
        assert scores == sorted(scores, reverse=True)
        ranks += [row["candidate_rank"] for row in rows if "412000002" in (row["vessel_a"], row["vessel_b"])]
    assert len(ranks) == 8
    assert max(ranks) <= 3


def test_a_crowd_above_the_limit_is_marked_and_cut():
    few = {"max_rivals": 5, "max_partners": 2}
    rows = dark(loiterer(), partner(), *[innocent(k) for k in range(8)], dark=few)
    assert [row["candidate_rank"] for row in rows] == [1, 2]
    assert all(row["n_rivals"] == 8 and row["flags"] == "crowd" for row in rows)


def test_both_silent():
    other = boat(
        440000001, [(-2, -60 * NM, 0), (0, -36 * NM, 0), (4, 0, 0), (13, 0, 0), (16, 36 * NM, 0), (18, 60 * NM, 0)],
        origin=SEA, silent=[(0, 16)], every_s=300, draught_m=6.0, **TANKER,
    )  # fmt: skip
    (event,) = dark(other, partner())
    assert event["subtype"] == "both_dark"
    assert (event["observed_a"], event["observed_b"]) == (False, False)
    assert (event["candidate_rank"], event["n_rivals"]) == (1, 0)
    assert event["observed_min"] == event["inferred_min"] == 0
    start, end = hours_of(event)
    assert start <= 5
    assert end >= 13
    assert event["reach_max_h"] >= 8
    assert event["n_positions_a"] == event["n_positions_b"] == 0


@pytest.mark.parametrize(("stay_h", "off_nm"), [(0.5, 36), (45, 36), (9, 2)], ids=["no time", "days", "next to it"])
def test_hours_and_ways_that_suit_a_hidden_transfer_speak_for_it(stay_h: float, off_nm: float):
    """Both come from 60 nm at 9 kn, one from the west and one from the north, and go on as they came."""

    def score(stay_h: float, off_nm: float) -> float:
        begin, end, goes = 4 - off_nm / 9, 4 + stay_h + off_nm / 9, 4 + stay_h
        hulls = []
        for mmsi, east, north in ((440000001, 9 * NM, 0.0), (412000002, 0.0, -9 * NM)):
            points = [(h, d * east, d * north) for h, d in ((-2.5, -6.5), (4, 0), (goes, 0), (goes + 6.5, 6.5))]
            hulls.append(boat(mmsi, points, origin=SEA, silent=[(begin, end)], every_s=300, **TANKER))
        return max(event["candidate_score"] for event in dark(*hulls, dark={"min_score": -99.0}))

    assert score(stay_h, off_nm) < score(9, 36) - 1.0


def test_two_silences_that_never_overlap_or_are_too_far_are_no_pair():
    early = boat(440000001, [(-30, 0, 0), (19, 147 * NM, 0)], origin=SEA, silent=[(-20, 2)], every_s=300, **TANKER)
    far = boat(440000003, [(-2, 0, 400 * NM), (19, 0, 400 * NM)], origin=SEA, silent=[(0, 17)], every_s=300, **TANKER)
    assert dark(early, partner(), dark={"min_score": -9.0}) == []
    assert dark(far, partner(), dark={"min_score": -9.0}) == []


def test_silent_to_the_end_of_the_data():
    way = [(0, 0, 60 * NM), (2, 0, 40 * NM), (3, 0, 30 * NM)]
    gone = boat(412000002, way, origin=SEA, silent=[(2.1, 9)], every_s=300, **TANKER)
    (event,) = dark(loiterer(), gone)
    assert event["n_positions_a"] == 0
    assert hours_of(event)[1] == pytest.approx(15, abs=0.1)


def test_the_same_over_the_antimeridian():
    def moved(table, lon):
        place = table.schema.get_field_index("lon_deg")
        values = (table.column("lon_deg").to_numpy() - SEA[1] + lon + 180.0) % 360.0 - 180.0
        return table.set_column(place, table.schema.field(place), [values])

    tables = loiterer(), partner(), innocent(1), innocent(2)
    here = dark(*tables, dark={"shore": False})
    there = dark(*[moved(table, 179.9) for table in tables], dark={"shore": False})
    assert len(here) == len(there) >= 3
    for one, two in zip(here, there, strict=True):
        for name in ("vessel_a", "vessel_b", "candidate_rank", "n_rivals", "subtype"):
            assert one[name] == two[name]
        assert abs((one["start_time"] - two["start_time"]).total_seconds()) < 1
        assert one["candidate_score"] == pytest.approx(two["candidate_score"], abs=2e-3)


def test_gaps_and_loitering_tell_what_is_needed():
    found = events_of(loiterer(), partner())
    gap = next(event for event in found if event["kind"] == "gap")
    assert gap["course_before_deg"] == pytest.approx(180, abs=1)
    assert gap["speed_before_kn"] == pytest.approx(10, abs=0.1)
    assert gap["course_after_deg"] == pytest.approx(180, abs=1)
    assert gap["speed_after_kn"] == pytest.approx(10, abs=0.1)
    still = next(event for event in found if event["kind"] == "loitering")
    # Half of 361 m, and what it did on the way in and out.
    assert 170 < still["spread_m"] < 1500
    assert us(3) <= round(still["start_time"].timestamp() * 1e6) <= us(3.1)


def test_a_stay_of_several_silences_was_heard_between_them():
    rests = [(3.5, 0, 0), (14.5, 0, 0)]
    still = boat(440000001, rests, origin=SEA, silent=[(4.0, 9.0), (9.5, 14.0)], every_s=300, **TANKER)
    (event,) = one_dark(still, partner())
    assert "it was heard at rest before or after each of 2 silences, not in them, at places within" in event["evidence"]


def test_heard_is_what_was_observed_and_not_what_lies_between_reports_far_apart():
    """At rest for 12 h, heard every minute for five hours and then every 40 minutes; and so all the time."""
    rests = [(-1, 0, 0), (12, 0, 0), (19, 60 * NM, 0)]
    often = boat(
        440000001, rests, origin=SEA, silent=[(5 + k * 2 / 3, 5 + (k + 1) * 2 / 3) for k in range(10)], **TANKER
    )
    (event,) = one_dark(often, partner())
    assert (
        "lay still for 13.0 h (6.3 h of it heard, 6.7 h told by reports far apart) with nobody seen"
        in event["evidence"]
    )
    seldom = boat(440000001, rests, origin=SEA, every_s=2400, **TANKER)
    found = events_of(seldom, partner())
    (still,) = [event for event in found if event["kind"] == "loitering"]
    assert still["observed_min"] == 0
    (event,) = [event for event in found if event["subtype"] == "one_dark"]
    assert re.search(
        r"lay still for 1\d\.\d h \(0\.0 h of it heard, 1\d\.\d h told by reports far apart\)", event["evidence"]
    )


def test_of_a_stay_seen_beside_another_hours_between_reports_far_apart_do_not_count_as_alone():
    """Beside another for an hour and a half, alone for 1.5 h, and then for hours heard every 40 min only."""
    other = boat(
        440000009, [(-1, 0, 20 * NM), (0, 60, 0), (1.5, 60, 0), (19, 150 * NM, 0)], origin=SEA, **TANKER
    )  # fmt: skip
    rests = [(0, 0, 0), (12, 0, 0), (19, 60 * NM, 0)]
    for heard, found in ((3, 0), (5, 1)):
        seldom = [(heard + k * 2 / 3, heard + (k + 1) * 2 / 3) for k in range(round((12 - heard) * 1.5) - 1)]
        still = boat(440000001, rests, origin=SEA, silent=seldom, **TANKER)
        assert len(one_dark(still, other, partner())) == found


@pytest.mark.parametrize(("off_m", "found"), [(300.0, 1), (5_000.0, 0)])
def test_who_lies_here_and_there_in_turn_does_not_lie_still(off_m: float, found: int):
    """70 min at each of two places, and ten from one to the other."""
    ways = [(0.0, 0.0), (70 / 60, 0.0), (80 / 60, off_m), (150 / 60, off_m)]
    way = [(3 + h + 160 / 60 * k, east, 0.0) for k in range(4) for h, east in ways]
    shuttle = boat(440000001, [(0, -30 * NM, 0), *way, (17, 30 * NM, 0)], origin=SEA, **TANKER)
    assert len(one_dark(shuttle, partner())) == found


@pytest.mark.parametrize(("moved_m", "found"), [(1_500.0, 1), (15_000.0, 1), (22_000.0, 0), (36_000.0, 0)])
def test_a_silence_belongs_to_a_stay_only_where_the_hull_is_heard_at_rest_at_about_the_same_place(moved_m, found):
    """Heard at rest at 4 h and again at 14 h; adrift it gets 18.5 km in ten hours, and 36 km on is 1.9 kn."""
    way = [(3.5, 0, 0), (4.0, 0, 0), (14.0, moved_m, 0), (14.5, moved_m, 0)]
    still = boat(440000001, way, origin=SEA, silent=[(4.0, 14.0)], every_s=300, **TANKER)
    events = one_dark(still, partner())
    assert len(events) == found
    for event in events:
        assert event["evidence"].count("lay still") == 0
        assert (
            f"vessel b may have lain still{' or adrift' * (moved_m > 2_000)} for 10.0 h: it was heard at rest before "
            f"and after, not in between, at places within {moved_m / 1000:.1f} km, with nobody seen beside it"
            in (event["evidence"])
        )
        assert "if vessel b stayed where it lay while it was not heard" in event["evidence"]
