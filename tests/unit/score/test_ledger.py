"""The ledger: what counts, what counts once, what is passed on, and that grouping does not matter."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.report.ledger_picture import ledger_svg, write_picture
from stsdetect.schema import LEDGER, PAIRS, TRANSFERS, VESSELS
from stsdetect.score.ledger import ledger
from stsdetect.score.pair_volumes import add_volumes, world_of
from stsdetect.score.transfers import read_transfers, sizes_of
from stsdetect.score.volume import Size, draw, interval
from stsdetect.settings import PortCallSettings, Settings, VolumeSettings, load_settings
from tests.unit.score.dark_rows import both, dark, silence, stay
from tests.unit.score.rows import Row, event, gap, meeting, table

SUPPLIER, MIDDLE, KOREAN, OTHER = "538000001", "613000001", "445000001", "412000001"
TANKERS = {"ship_type_a": 80, "ship_type_b": 80}
SIZES = {SUPPLIER: (130.0, 20.0), MIDDLE: (95.0, 15.0), KOREAN: (80.0, 12.5), OTHER: (90.0, 14.0)}


def lead(
    number: int, a: str, b: str | None, rows: list[Row], score: float = 0.985, kind: str = "vessel", **more: Any
) -> Row:
    start = min(row["start_time"] for row in rows)
    return {
        "pair_id": f"p{number}", "vessel_a": a, "vessel_b": b, "partner_kind": kind,
        "partner_id": b or rows[0]["event_id"], "rank": number, "score": score, "log_odds": 0.0, "confidence": "low",
        "n_events": 1, "first_time": start, "last_time": start, "event_ids": [row["event_id"] for row in rows],
        "chain": None, "reasons": [], "settings_id": "s",
    } | more  # fmt: skip


def pairs_of(leads: list[Row]) -> pa.Table:
    return PAIRS.table({name: [one.get(name) for one in leads] for name in PAIRS.names}) if leads else PAIRS.empty()


def vessels() -> pa.Table:
    when = datetime(2024, 1, 1, tzinfo=UTC)
    return VESSELS.table(
        {
            "vessel": list(SIZES), "valid_from": [when] * len(SIZES), "valid_to": [when] * len(SIZES),
            "length_m": [size[0] for size in SIZES.values()], "width_m": [size[1] for size in SIZES.values()],
        }
    )  # fmt: skip


def found(rows: list[Row], leads: list[Row], **groups: Any):
    return ledger(table(rows), pairs_of(leads), vessels(), settings=load_settings(**groups))


def counted(rows: list[Row], leads: list[Row], **groups: Any) -> list[str]:
    return [row["transfer_id"] for row in found(rows, leads, **groups).transfers.to_pylist() if row["counted"]]


def why(rows: list[Row], leads: list[Row], transfer: str) -> str | None:
    (row,) = (row for row in found(rows, leads).transfers.to_pylist() if row["transfer_id"] == transfer)
    text: str | None = row["why_not"]
    return text


def met(n: int, a: str, b: str, start_h: float, hours: float = 6.0, **more: Any) -> Row:
    one, other = sorted((a, b))
    return meeting(n, one, other, start_h, hours, **(TANKERS | more))


# --- What counts ------------------------------------------------------------------------------------------


def test_nothing_gives_an_empty_ledger():
    made = found([], [])
    assert made.months.schema == LEDGER.arrow
    assert made.transfers.schema == TRANSFERS.arrow
    assert made.months.num_rows == made.transfers.num_rows == 0


def test_only_leads_from_the_threshold_on_are_taken_as_real():
    rows = [met(1, SUPPLIER, KOREAN, 0), met(2, OTHER, KOREAN, 200)]
    leads = [lead(1, KOREAN, SUPPLIER, rows[:1], 0.985), lead(2, OTHER, KOREAN, rows[1:], 0.5)]
    assert counted(rows, leads) == ["e1"]
    assert why(rows, leads, "e2") == "its score is below 0.98"
    assert counted(rows, leads, volume={"min_score": 0.4}) == ["e1", "e2"]
    year = found(rows, leads).months.to_pylist()[-1]
    assert (year["n_transfers"], year["n_leads"]) == (1, 2)


def test_hulls_larger_than_those_of_published_cases_are_left_out():
    # 180 m by 30 m hold 1.025 x 180 x 30 x (0.37 x 30) x 0.5 = 30,700 t; nothing so large is known to have gone there.
    known = vessels().to_pylist()
    large = [known[0] | {"vessel": f"63600000{k}", "length_m": 180.0, "width_m": 30.0} for k in (1, 2)]
    rows = [met(1, "636000001", "636000002", 0), met(2, "636000001", KOREAN, 100)]
    leads = [lead(1, "636000001", "636000002", rows[:1], 0.99), lead(2, KOREAN, "636000001", rows[1:], 0.99)]
    made = ledger(
        table(rows), pairs_of(leads), pa.Table.from_pylist([*known, *large], schema=VESSELS.arrow)
    ).transfers.to_pylist()
    told = {row["transfer_id"]: row["why_not"] for row in made}
    assert told == {"e1": "its hulls hold more than 15,000 t each", "e2": None}


def test_craft_that_carry_no_oil_in_bulk_have_no_volume():
    rows = [
        met(1, SUPPLIER, OTHER, 0, ship_type_a=30, ship_type_b=80),
        met(2, MIDDLE, KOREAN, 0, ship_type_a=70, ship_type_b=70),
    ]
    leads = [lead(1, OTHER, SUPPLIER, rows[:1]), lead(2, KOREAN, MIDDLE, rows[1:])]
    assert counted(rows, leads) == []
    assert add_volumes(pairs_of(leads), table(rows), vessels()).column("tonnes_mid").null_count == 2


def test_a_figure_by_hand():
    # One transfer: with both draughts typed, the year is that transfer's interval, in barrels.
    row = met(1, SUPPLIER, KOREAN, 0, draught_change_a_m=1.4, draught_change_b_m=-0.55)
    made = found([row], [lead(1, KOREAN, SUPPLIER, [row])])
    (transfer,), year = made.transfers.to_pylist(), made.months.to_pylist()[-1]
    # 80 m x 12.5 m: a metre is 1.025 x 0.883 x (80 x 0.969) x 12.5 = 877 t, and 1.4 m are 1,228 t; the other side says
    # 130 m x 20 m: 2,280 t a metre, 0.55 m are 1,254 t.
    assert transfer["tonnes_low"] < 1228 < transfer["tonnes_high"]
    assert transfer["giver"] == "b"
    assert transfer["volume_basis"] == "draughts of both"
    assert [year[f"year_{n}"] for n in ("low", "mid", "high")] == [
        transfer[f"barrels_{n}"] for n in ("low", "mid", "high")
    ]
    assert year["cap"] == 500_000
    assert year["p_passed"] == 0.0


def test_the_probability_of_having_passed_the_cap():
    rows = [met(n, SUPPLIER, KOREAN, 20.0 * n) for n in range(60)]
    leads = [lead(1, KOREAN, SUPPLIER, rows)]
    months = found(rows, leads).months.to_pylist()
    year = months[-1]
    assert year["n_transfers"] == 60
    # Sixty parcels of some 1,300 t are about 600,000 barrels: mostly above the cap, and it grows with the months.
    assert 0.7 < year["p_passed"] <= 1.0
    assert months[0]["p_passed"] <= months[1]["p_passed"] <= year["p_passed"]
    assert year["year_low"] < year["year_mid"] < year["year_high"]


def test_a_year_begins_anew():
    # The first is in January 2020, the other 13 months later.
    rows = [met(1, SUPPLIER, KOREAN, 0), met(2, SUPPLIER, KOREAN, 24 * 395)]
    months = found(rows, [lead(1, KOREAN, SUPPLIER, rows)]).months.to_pylist()
    periods = [row["period"] for row in months]
    assert periods[:2] == ["2020-01", "2020-02"]
    assert periods[11:] == ["2020-12", "2020", "2021-01", "2021-02", "2021"]
    assert months[0]["year_mid"] == months[8]["year_mid"] > 0 == months[1]["barrels_mid"]
    assert months[-1]["year_mid"] == months[-2]["barrels_mid"]


# --- Once -------------------------------------------------------------------------------------------------


def test_one_stay_with_several_candidates_counts_once():
    lay, one, other = stay(1, SUPPLIER), silence(2, KOREAN), silence(3, OTHER)
    rows = [lay, one, other, dark(4, SUPPLIER, KOREAN, [lay, one]), dark(5, SUPPLIER, OTHER, [lay, other], rank=2)]
    leads = [
        lead(1, KOREAN, SUPPLIER, rows[3:4], 0.995), lead(2, OTHER, SUPPLIER, rows[4:], 0.985),
        lead(3, SUPPLIER, None, rows[3:], 0.99, "unknown"),
    ]  # fmt: skip
    assert counted(rows, leads) == ["e4"]
    assert why(rows, leads, "e5") == "its silence, stay or event counts with lead p1"


def test_candidates_of_a_stay_whose_partner_is_not_known_stay_free():
    lay, one, later = stay(1, SUPPLIER), silence(2, KOREAN), stay(6, OTHER, 4.0)
    rows = [lay, one, later, dark(4, SUPPLIER, KOREAN, [lay, one]), dark(7, OTHER, KOREAN, [later, one])]
    leads = [lead(1, SUPPLIER, None, rows[3:4], 0.99, "unknown"), lead(2, OTHER, KOREAN, rows[4:], 0.985)]
    assert sorted(counted(rows, leads)) == ["e4", "e7"]


def test_one_silence_in_several_leads_counts_once():
    one, other, third = silence(1, KOREAN), silence(2, OTHER), silence(3, MIDDLE)
    rows = [one, other, third, both(4, KOREAN, OTHER, [one, other]), both(5, KOREAN, MIDDLE, [one, third])]
    leads = [lead(1, OTHER, KOREAN, rows[3:4], 0.995), lead(2, KOREAN, MIDDLE, rows[4:], 0.99)]
    assert counted(rows, leads) == ["e4"]


def test_a_meeting_seen_in_part_and_possible_in_part_is_one():
    one, other = silence(1, KOREAN, -4.0, 8.0), silence(2, SUPPLIER, -4.0, 8.0)
    rows = [
        one,
        other,
        both(3, KOREAN, SUPPLIER, [one, other], -4.0, 4.0, **TANKERS),
        met(4, KOREAN, SUPPLIER, 1.0, 2.0),
    ]
    (row,) = found(rows, [lead(1, KOREAN, SUPPLIER, rows[2:])]).transfers.to_pylist()
    assert row["transfer_id"] == "e4"
    assert row["observed"]
    assert sorted(row["event_ids"]) == ["e3", "e4"]


def test_one_hull_under_two_names_does_not_meet_twice_at_one_time():
    rows = [
        met(1, SUPPLIER, KOREAN, 0), met(2, SUPPLIER, OTHER, 1.0),
        event(3, "identity", "hand_over", OTHER, KOREAN, -5.0, 1.0),
    ]  # fmt: skip
    leads = [lead(1, KOREAN, SUPPLIER, rows[:1], 0.995), lead(2, OTHER, SUPPLIER, rows[1:2], 0.985)]
    assert counted(rows, leads) == ["e1"]
    assert "the same hulls at the same time" in (why(rows, leads, "e2") or "")
    assert counted(rows[:2], leads) == ["e1", "e2"]


def test_oil_that_is_passed_on_counts_at_the_last_step():
    gave = {"draught_change_a_m": -0.5, "draught_change_b_m": 1.0}
    # The ids put the supplier first in one meeting and the middleman last in the other.
    first = met(1, SUPPLIER, MIDDLE, 0, **gave)
    second = met(2, KOREAN, MIDDLE, 72.0, draught_change_a_m=1.2, draught_change_b_m=-0.9)
    leads = [lead(1, SUPPLIER, MIDDLE, [first], 0.99), lead(2, KOREAN, MIDDLE, [second], 0.985)]
    assert counted([first, second], leads) == ["e2"]
    assert why([first, second], leads, "e1") == "the oil counts where it was passed on, in transfer e2"
    # Not if the second is not taken as real, comes first, or comes too late.
    weak = [leads[0], leads[1] | {"score": 0.5}]
    assert counted([first, second], weak) == ["e1"]
    late = met(2, KOREAN, MIDDLE, 24 * 45, draught_change_a_m=1.2, draught_change_b_m=-0.9)
    assert counted([first, late], leads) == ["e1", "e2"]
    before = met(2, KOREAN, MIDDLE, -72.0, draught_change_a_m=1.2, draught_change_b_m=-0.9)
    assert counted([first, before], leads) == ["e2", "e1"]


def test_a_relay_that_overlaps_in_time_counts_at_the_last_step():
    """The hull between gave from before it took until after: what it took may have gone on."""
    first, second = met(1, SUPPLIER, MIDDLE, 15), met(3, MIDDLE, KOREAN, 14, 8)
    leads = [lead(1, SUPPLIER, MIDDLE, [first]), lead(2, KOREAN, MIDDLE, [second])]
    assert counted([first, second], leads) == ["e3"]
    assert why([first, second], leads, "e1") == "the oil counts where it was passed on, in transfer e3"
    # It had given all it gave before it took any: that was other oil.
    done = met(3, MIDDLE, KOREAN, 8, 7)
    assert counted([first, done], leads) == ["e3", "e1"]


@pytest.mark.parametrize("ids", list(permutations((1, 2, 3))))
def test_three_alongside_at_once_count_what_the_last_got(ids):
    """The supplier gives to both, and the one between to the last: two parcels, whatever the events are called."""
    rows = [
        met(n, a, b, 0)
        for n, (a, b) in zip(ids, ((SUPPLIER, MIDDLE), (SUPPLIER, KOREAN), (MIDDLE, KOREAN)), strict=True)
    ]
    leads = [lead(k, row["vessel_a"], row["vessel_b"], [row]) for k, row in enumerate(rows, 1)]
    assert sorted(counted(rows, leads)) == sorted(row["event_id"] for row in rows[1:])


RING = (SUPPLIER, MIDDLE, KOREAN)


def ring(ids: Sequence[int], start_h: float = 0.0) -> list[Row]:
    """Three hulls at once, of which by draughts each gives to the next: S to M, M to K, K to S."""
    rows = []
    for n, giver, taker in zip(ids, RING, RING[1:] + RING[:1], strict=True):
        a, b = sorted((giver, taker))
        change = {a: -0.6, b: -0.6} | {taker: 0.6}
        rows.append(met(n, a, b, start_h, draught_change_a_m=change[a], draught_change_b_m=change[b]))
    return rows


@pytest.mark.parametrize("ids", list(permutations((1, 2, 3))))
def test_of_what_goes_round_something_counts(ids):
    rows = ring(ids)
    leads = [lead(k, row["vessel_a"], row["vessel_b"], [row]) for k, row in enumerate(rows, 1)]
    assert len(counted(rows, leads)) == 1
    # One that is not taken as real does not keep the others from being one relay.
    for weak in range(3):
        some = [one | {"score": 0.5} if k == weak else one for k, one in enumerate(leads)]
        assert counted(rows, some) == [rows[(weak + 2) % 3]["event_id"]]


@st.composite
def crowds(draw):
    """Meetings of four hulls within two days, many at once, with draughts or without."""
    hulls = list(combinations(sorted(SIZES), 2))
    change = st.none() | st.sampled_from([-0.8, -0.4, 0.4, 0.8])
    rows, leads = [], []
    for n, (k, start, hours, one, other) in enumerate(
        draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(1, 12), change, change),
                      min_size=1, max_size=10)), 1
    ):  # fmt: skip
        a, b = hulls[k]
        rows.append(met(n, a, b, start, hours, draught_change_a_m=one, draught_change_b_m=other))
        score = draw(st.sampled_from([0.5, 0.981, 0.985]))
        leads.append(lead(n, a, b, rows[-1:], score, pair_id=f"p{n}"))
    return rows, leads


@settings(max_examples=40, deadline=None)
@given(crowds(), st.randoms(use_true_random=False))
def test_what_is_counted_of_a_crowd_hangs_on_no_order(crowd, rng):
    rows, leads = crowd
    made = found(rows, leads).transfers.to_pylist()
    rest = [row for row in made if row["counted"] or (row["why_not"] or "").startswith("the oil counts")]
    # Something counts wherever something was real, and each that was passed on leads to one that counts.
    by_id = {row["transfer_id"]: row for row in rest}
    for row in rest:
        seen = set()
        while not row["counted"]:
            assert row["transfer_id"] not in seen
            seen.add(row["transfer_id"])
            row = by_id[row["why_not"].split()[-1]]
    mixed = found(rng.sample(rows, len(rows)), rng.sample(leads, len(leads))).transfers.to_pylist()
    assert mixed == made
    turned = {name: re.sub(r"_[ab](?=_|$)", lambda side: "_b" if side[0] == "_a" else "_a", name) for name in rows[0]}
    other = found([{turned[name]: value for name, value in row.items()} for row in rows], leads).transfers.to_pylist()
    assert [(row["transfer_id"], row["counted"]) for row in other] == [(r["transfer_id"], r["counted"]) for r in made]


def delivery(n: int, hull: str, start_h: float, **more: Any) -> list[Row]:
    """A loading at Vostochny, a silence, and a call at Chongjin that the silence could hide."""
    load = event(n, "port_call", "seen", hull, None, start_h, 20, port_id="ru_vostochny", ship_type_a=80)
    quiet = gap(n + 1, hull, start_h + 24, 90, draught_change_a_m=-1.6)
    call = event(n + 2, "port_call", "inferred", hull, None, start_h + 30, 60, port_id="kp_chongjin",
                 from_events=f"e{n + 1}", draught_change_a_m=-1.6)  # fmt: skip
    return [load | {"draught_change_a_m": 1.7} | more, quiet, call]


def test_deliveries_count_each_loading_once_and_what_the_hull_got_before_is_passed_on():
    rows = [*delivery(10, MIDDLE, 0), *delivery(20, MIDDLE, 400)]
    direct = lead(1, MIDDLE, None, rows, 0.99, "port", partner_id="kp_chongjin")
    assert counted(rows, [direct]) == ["e10", "e20"]
    made = found(rows, [direct]).transfers.to_pylist()
    assert {row["volume_basis"] for row in made} == {"draught"}
    assert {row["giver"] for row in made} == {"a"}
    # 95 m x 15 m: 1.025 x 0.883 x (95 x 0.969) x 15 = 1,250 t a metre; 1.65 m are 2,060 t, and more with ballast.
    assert all(row["tonnes_low"] < 2060 < row["tonnes_high"] for row in made)
    got = met(1, SUPPLIER, MIDDLE, 22.0, 2.0, draught_change_a_m=-0.5, draught_change_b_m=0.9)
    leads = [direct, lead(2, SUPPLIER, MIDDLE, [got], 0.99)]
    assert counted([got, *rows], leads) == ["e10", "e20"]


def test_a_silence_that_hides_a_call_hides_no_meeting_too():
    rows = delivery(10, MIDDLE, 0)
    other = silence(2, OTHER, 20, 90)
    shared = both(3, MIDDLE, OTHER, [rows[1], other], 30.0, 60.0)
    leads = [
        lead(1, MIDDLE, None, rows, 0.99, "port", partner_id="kp_chongjin"),
        lead(2, OTHER, MIDDLE, [shared], 0.995),
    ]
    assert counted([*rows, other, shared], leads) == ["e3"]


# --- Grouping ---------------------------------------------------------------------------------------------


def busy(seed: int = 1) -> tuple[list[Row], list[Row]]:
    """Many meetings of four hulls over months, with leads of several events."""
    rng = random.Random(seed)
    rows, leads = [], []
    hulls = sorted(SIZES)
    n = 0
    for a, b in ((a, b) for k, a in enumerate(hulls) for b in hulls[k + 1 :]):
        own = []
        for start in sorted(rng.uniform(0, 24 * 150) for _ in range(6)):
            n += 1
            typed = {"draught_change_a_m": round(rng.uniform(-1, 1), 1)} if rng.random() < 0.5 else {}
            own.append(met(n, a, b, start, rng.uniform(2, 9), **typed))
        rows += own
        leads.append(lead(len(leads) + 1, a, b, own, rng.choice([0.981, 0.985, 0.99])))
    return rows, leads


def test_the_total_does_not_depend_on_how_events_are_grouped():
    rows, leads = busy()
    whole = found(rows, leads)
    # The same events, each in a lead of its own, as if every meeting were reported apart.
    by_id = {row["event_id"]: row for row in rows}
    apart = [
        lead(
            100 + k, one["vessel_a"], one["vessel_b"], [by_id[event]], one["score"], pair_id=f"{one['pair_id']}-{event}"
        )
        for one in leads
        for k, event in enumerate(one["event_ids"])
    ]
    assert found(rows, apart).months.equals(whole.months)
    # Some events in two leads of the same hulls.
    twice = [
        *leads,
        *(one | {"pair_id": f"again{one['pair_id']}", "event_ids": one["event_ids"][::2]} for one in leads),
    ]
    assert found(rows, twice).months.equals(whole.months)


def test_the_order_of_rows_does_not_matter():
    rows, leads = busy(2)
    whole = found(rows, leads)
    for seed in range(3):
        rng = random.Random(seed)
        mixed = [one | {"event_ids": rng.sample(one["event_ids"], len(one["event_ids"]))} for one in leads]
        made = found(rng.sample(rows, len(rows)), rng.sample(mixed, len(mixed)))
        assert made.months.equals(whole.months)
        assert made.transfers.equals(whole.transfers)
    assert found(rows + rows[:5], leads).months.equals(whole.months)


def test_sums_by_event_lead_and_month_agree_draw_by_draw():
    rows, leads = busy(3)
    made = found(rows, leads)
    kept = {row["transfer_id"] for row in made.transfers.to_pylist() if row["counted"]}
    world = world_of(vessels(), settings=VolumeSettings(), calls=PortCallSettings(), ports=None, facts=None)
    some = [one for one in read_transfers(table(rows), pairs_of(leads), world) if one.passing.key in kept]
    assert len(some) == len(kept) > 20
    drawn = {one.passing.key: draw(one.passing).barrels for one in some}

    def total(group):
        sums: dict[Any, np.ndarray] = defaultdict(lambda: np.zeros(1000, dtype=np.int64))
        for one in some:
            sums[group(one)] += drawn[one.passing.key]
        return sum(sums.values())

    by_event = total(lambda one: one.passing.key)
    assert np.array_equal(by_event, total(lambda one: one.pair_id))
    assert np.array_equal(by_event, total(lambda one: datetime.fromtimestamp(one.end_us / 1e6, UTC).month))
    year = made.months.to_pylist()[-1]
    assert interval(by_event, 0.9) == (year["year_low"], year["year_mid"], year["year_high"])
    assert year["n_transfers"] == sum(row["n_transfers"] for row in made.months.to_pylist()[:-1]) == len(kept)


def test_weighted_by_score_is_the_sum_of_score_and_volume():
    rows, leads = busy(4)
    leads = [one | {"score": 0.25} for one in leads]
    made = found(rows, leads, volume={"draws": 20_000}, chains={"max_days": 0.001})
    year = made.months.to_pylist()[-1]
    expected = 0.25 * sum(row["barrels_mid"] for row in made.transfers.to_pylist())
    assert year["n_transfers"] == 0
    assert year["year_high"] == 0
    assert year["weighted_mid"] == pytest.approx(expected, rel=0.1)
    assert year["weighted_low"] < year["weighted_mid"] < year["weighted_high"]


# --- Sizes, columns, picture ------------------------------------------------------------------------------


def test_the_size_a_hull_broadcast_for_longest_counts():
    times = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 10)]
    history = VESSELS.table(
        {
            "vessel": ["1", "1", "2", "3"], "valid_from": [times[0], times[1], times[0], times[0]],
            "valid_to": [times[1], times[2], times[1], times[1]], "length_m": [50.0, 90.0, None, 90.0],
            "width_m": [8.0, 14.0, None, None],
        }
    )  # fmt: skip
    assert sizes_of(history) == {"1": Size(90.0, 14.0), "3": Size(90.0)}
    assert sizes_of(None) == {}


def test_pairs_say_their_volume_and_its_assumptions():
    row = met(1, SUPPLIER, KOREAN, 0, draught_change_a_m=1.4)
    plain = met(2, SUPPLIER, OTHER, 0, name_a="<script>", name_b="=cmd")
    pairs = pairs_of([lead(1, KOREAN, SUPPLIER, [row]), lead(2, OTHER, SUPPLIER, [plain])])
    one, other = add_volumes(pairs, table([row, plain]), vessels()).to_pylist()
    assert one["volume_basis"] == "draught of one"
    assert one["volume"].startswith("If cargo passed, ")
    assert "draught a +1.4 m as typed" in one["volume"]
    assert "7.23 to 8.5 barrels per tonne" in one["volume"]
    assert other["volume_basis"] == "hull sizes"
    assert "33% to 90% of a deadweight or a published parcel of 600 to 2,000 t" in other["volume"]
    assert "script" not in other["volume"]
    for pair in (one, other):
        assert pair["tonnes_low"] < pair["tonnes_mid"] < pair["tonnes_high"]
        assert pair["barrels_low"] > pair["tonnes_low"]


def test_sentences_never_accuse():
    rows, leads = busy(5)
    text = " ".join(add_volumes(pairs_of(leads), table(rows), vessels()).column("volume").to_pylist())
    text += " ".join(found(rows, leads).assumptions)
    for word in ("illegal", "illicit", "smuggl", "guilty", "violat", "proves", "breach"):
        assert word not in text.lower()


def test_the_picture_is_one_small_document(tmp_path):
    import xml.etree.ElementTree as ET

    rows, leads = busy(6)
    months = found(rows, leads).months
    text = ledger_svg(months, min_score=0.9)
    root = ET.fromstring(text)
    words = " ".join(root.itertext())
    assert "cap of UN resolution 2397: 500,000 barrels" in words
    assert "2020-01" in words
    assert "an assumption, no finding" in words
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    write_picture(tmp_path / "new" / "ledger.svg", months, min_score=0.9)
    assert (tmp_path / "new" / "ledger.svg").read_text() == text + "\n"
    assert "No lead" in ledger_svg(LEDGER.empty(), min_score=0.9)


def test_other_draws_and_seed_give_other_figures_of_the_same_size():
    rows, leads = busy(7)
    one, other = (found(rows, leads, volume={"seed": seed}).months.to_pylist()[-1] for seed in (1, 2))
    assert one["year_mid"] != other["year_mid"]
    assert one["year_mid"] == pytest.approx(other["year_mid"], rel=0.05)
    assert Settings().digest != load_settings(volume={"seed": 1}).digest


def test_a_meeting_that_was_still_on_when_the_data_ended_is_not_bounded_by_its_time():
    brief = [met(1, SUPPLIER, KOREAN, 10.0, 1.0)]
    still = [met(1, SUPPLIER, KOREAN, 10.0, 1.0, is_open=True)]
    hours = []
    for rows in (brief, still):
        world = world_of(vessels(), settings=VolumeSettings(), calls=PortCallSettings(), ports=None, facts=None)
        (one,) = read_transfers(table(rows), pairs_of([lead(1, SUPPLIER, KOREAN, rows)]), world)
        hours.append(one.passing.hours)
    assert hours == [pytest.approx(1.0), None]


def test_notes_in_the_picture_stay_inside_it():
    """A first year of two months leaves little room on the left of its end."""
    rows = [
        dict.fromkeys(LEDGER.names, 0) | {"period": f"{2022 + (10 + k) // 12}-{(10 + k) % 12 + 1:02d}", "cap": 500_000}
        for k in range(14)
    ]
    text = ledger_svg(LEDGER.table({name: [row[name] for row in rows] for name in LEDGER.names}), min_score=0.98)
    notes = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="end"[^>]*>(0% of draws above the cap)<', text)
    assert len(notes) == 2
    assert all(float(x) >= 6 * len(words) for x, words in notes)


def test_what_scores_are_is_said_as_it_is():
    rows = [met(1, SUPPLIER, KOREAN, 0), met(2, OTHER, KOREAN, 2000)]
    leads = [lead(1, KOREAN, SUPPLIER, rows[:1]), lead(2, OTHER, KOREAN, rows[1:])]
    plain = found(rows, leads)
    assert plain.calibrated_share == 0
    assert "as if scores were probabilities, which they are not" in plain.assumptions[1]
    assert "A score is a priority, not a probability." in plain.assumptions[0]
    assert "which they are not" in ledger_svg(plain.months, min_score=0.9)
    leads[0]["likelihood"] = "almost certain"
    some = found(rows, leads)
    assert some.calibrated_share == 0.5
    assert "bear out for 50% of the leads; others are priorities" in some.assumptions[1]
    assert "A score is a priority" not in some.assumptions[0]
    leads[1]["likelihood"] = "likely"
    every = found(rows, leads)
    assert "with scores as probabilities, which labels of such leads bear out" in every.assumptions[1]
    picture = ledger_svg(every.months, min_score=0.9, calibrated_share=every.calibrated_share)
    assert "which they are not" not in picture
    assert "With scores as probabilities" in picture
    # The figures are the same: only what they are called changes.
    assert every.months.equals(plain.months)
