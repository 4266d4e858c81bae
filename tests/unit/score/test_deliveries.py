"""Direct deliveries: loading at Vostochny, silence, back lighter; and what looks like it."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from stsdetect.context import annotate
from stsdetect.reference.places import load_ports
from stsdetect.schema import EVENTS, PAIRS, POSITIONS, TIME
from stsdetect.score import indicator_rows, rank_deliveries
from stsdetect.settings import ContextSettings, PortCallSettings, ScoreSettings
from tests.builders import TANKER, boat, events_of, join, positions, us

VOSTOCHNY = (42.74, 133.09)
#: 1 km from Kozmino, 6 km from Vostochny.
KOZMINO = (42.711, 133.013)
ONE = 538000001


def trip(
    mmsi: int = ONE,
    *,
    silent_h: float = 72.0,
    loaded_m: float | None = 6.0,
    after_m: float | None = 3.8,
    back: tuple[float, float] = (0.0, -60_000.0),
    load_h: float = 18.0,
    origin: tuple[float, float] = VOSTOCHNY,
    **more: Any,
) -> pa.Table:
    """A tanker that loads, sails 60 km out, falls silent there and is heard again at ``back`` [m east, north]."""
    out, quiet = load_h + 4, load_h + 4 + silent_h
    static = {"name": "LIGHT", **TANKER, **more}
    legs = boat(
        mmsi,
        [
            (-3, 0, -60_000), (0, 0, 0), (load_h, 0, 0), (out, 0, -60_000),
            (quiet, *back), (quiet + 6, back[0], back[1] + 500),
        ],
        origin=origin, every_s=300, silent=[(out, quiet)], noise_m=5,
    )  # fmt: skip
    # Draught as typed in static reports: empty, loaded, and after the silence.
    typed = [(-2.9, 3.9), (load_h - 1, loaded_m), (out - 0.1, loaded_m), (quiet + 0.5, after_m), (quiet + 5.5, after_m)]
    texts = [
        positions(mmsi, [us(hour)], math.nan, math.nan, draught_m=math.nan if draught is None else draught, **static)
        for hour, draught in typed
    ]
    return join(legs, *texts)


def found(*tables: pa.Table, change: dict[str, Any] | None = None, **rule: Any) -> list[dict[str, Any]]:
    """Leads of the positions, after ``change`` of their gaps and of the calls inferred from them."""
    rows = events_of(*tables)
    for row in rows:
        if change and (row["kind"] == "gap" or row["subtype"] == "inferred"):
            row |= change
    events = EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})
    events = annotate(events, ContextSettings(), parts=frozenset({"ports"}))
    return rank_deliveries(events, calls=PortCallSettings(**rule)).to_pylist()


def weights(lead: dict[str, Any]) -> dict[str, float]:
    return {reason["indicator"]: reason["weight"] for reason in lead["reasons"]}


def test_loading_at_vostochny_then_silence_then_lighter():
    (lead,) = found(trip(destination="FOR ORDERS"), change={"coverage": "dark"})
    assert (lead["vessel_a"], lead["vessel_b"], lead["partner_kind"]) == (str(ONE), None, "port")
    assert lead["partner_id"] == "kp_sonbong"
    assert (lead["name_a"], lead["mmsi_a"], lead["confidence"]) == ("LIGHT", ONE, "low")
    assert (lead["rank"], lead["n_events"], len(lead["event_ids"])) == (1, 1, 3)
    assert lead["score"] > 0.9
    assert sum(weights(lead).values()) == pytest.approx(lead["log_odds"])
    assert lead["score"] == pytest.approx(1 / (1 + math.exp(-lead["log_odds"])))
    names = list(weights(lead))
    assert names[0] == "delivery_base"
    assert {"delivery_room", "delivery_loaded", "delivery_lighter", "delivery_verdict", "delivery_nowhere"} <= set(
        names
    )
    text = " ".join(reason["sentence"] for reason in lead["reasons"])
    for part in ("lay at Vostochny", "rose by 2.1 m", "fell by 2.2 m, from 6.0 m", "named no place", "(dark)"):
        assert part in text
    assert lead["first_time"].isoformat().startswith("2024-03-01T12:0")


def test_a_stay_nearest_to_a_crude_terminal_beside_a_product_port_is_a_loading():
    (lead,) = found(trip(origin=KOZMINO), change={"coverage": "dark"})
    (loaded,) = [reason["sentence"] for reason in lead["reasons"] if reason["indicator"] == "delivery_loaded"]
    assert "at Kozmino near Vostochny, a supply port" in loaded
    assert not found(trip(origin=KOZMINO), change={"coverage": "dark"}, radius_km=5.0)


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ([trip(silent_h=18.0)], "too short for Sonbong, the nearest port, and back"),
        ([trip(load_h=0.5)], "no call: half an hour"),
        ([trip(origin=(31.0, 124.0))], "no port"),
        ([trip(ship_type=30)], "a fishing boat"),
        ([trip(silent_h=24 * 16.0)], "so long a silence says nothing"),
        ([trip(back=(1_400_000.0, -1_300_000.0))], "it went far at 14 kn and had no time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_lead(tables, why):
    assert found(*tables) == [], why


@pytest.mark.parametrize(
    ("weaker", "change", "by"),
    [
        ({"after_m": 6.6}, {}, 2.0),  # heavier after the silence
        ({"after_m": None}, {}, 1.0),  # not typed again
        ({}, {"coverage": "outage"}, 1.4),
        ({}, {"coverage": "thin"}, 0.9),
        ({"ship_type": 70}, {}, 2.4),
        ({"to_bow_m": 200.0, "to_stern_m": 50.0}, {}, 1.4),
        ({"loaded_m": 3.0, "after_m": 2.5}, {}, 0.7),  # it landed a cargo where it should have loaded
    ],
)
def test_what_makes_a_lead_weaker(weaker, change, by):
    (strong,) = found(trip(), change={"coverage": "dark"})
    (weak,) = found(trip(**weaker), change={"coverage": "dark"} | change)
    assert weak["log_odds"] <= strong["log_odds"] - by + 1e-9


def test_the_stronger_of_two_leads_comes_first():
    leads = found(trip(), trip(538000002, after_m=6.6))
    assert [lead["vessel_a"] for lead in leads] == ["538000001", "538000002"]
    assert [lead["rank"] for lead in leads] == [1, 2]


def test_a_call_in_between_may_have_landed_the_cargo():
    """Loaded at Vostochny, called at Nakhodka (20 km on), then silent."""
    there = boat(ONE, [(-30, 0, 0), (-8, 0, 0)], origin=VOSTOCHNY, every_s=600, **TANKER)
    nakhodka = boat(ONE, [(-4, 0, 0), (6, 0, 0), (10, 0, -60_000)], origin=(42.81, 132.9), every_s=600, **TANKER)
    later = boat(ONE, [(80, 0, -60_000), (84, 0, -60_500)], origin=(42.81, 132.9), every_s=600, **TANKER)
    (lead,) = found(join(there, nakhodka, later))
    # Nakhodka is a supply port itself: the last loading counts, and nothing lies between.
    assert "lay at Nakhodka" in " ".join(reason["sentence"] for reason in lead["reasons"])
    assert "delivery_others" not in weights(lead)
    posyet = boat(ONE, [(-4, 0, 0), (6, 0, 0), (10, 0, -60_000)], origin=(42.65, 130.81), every_s=600, **TANKER)
    later = boat(ONE, [(80, 0, -60_000), (84, 0, -60_500)], origin=(42.65, 130.81), every_s=600, **TANKER)
    early = boat(ONE, [(-40, 0, 0), (-14, 0, 0)], origin=VOSTOCHNY, every_s=600, **TANKER)
    (lead,) = found(join(early, posyet, later))
    assert weights(lead)["delivery_others"] < 0
    assert "called at Posyet" in " ".join(reason["sentence"] for reason in lead["reasons"])


def test_a_call_that_was_seen_needs_no_silence():
    away = boat(
        ONE, [(0, 0, 0), (15, 0, 0), (19, 0, -60_000)], origin=VOSTOCHNY, every_s=600, name="BOLD", **TANKER
    )  # fmt: skip
    there = boat(ONE, [(40, 0, 0), (60, 0, 0)], origin=(41.77, 129.82), every_s=600, name="BOLD", **TANKER)
    (lead,) = found(join(away, there))
    assert (lead["partner_id"], lead["confidence"], lead["n_events"]) == ("kp_chongjin", "medium", 1)
    assert weights(lead)["delivery_seen"] == 4.0
    assert "delivery_room" not in weights(lead)
    # The silence before could hide a call as well: loading, silence, what it could hide, and the call.
    assert len(lead["event_ids"]) == 4


def test_a_cargo_ship_that_was_seen_there_carried_no_oil():
    def lead(ship_type: int, place: tuple[float, float]) -> dict[str, Any]:
        more = TANKER | {"ship_type": ship_type}
        away = boat(ONE, [(0, 0, 0), (15, 0, 0), (19, 0, -60_000)], origin=VOSTOCHNY, every_s=600, **more)
        there = boat(ONE, [(40, 0, 0), (60, 0, 0)], origin=place, every_s=600, **more)
        (one,) = found(join(away, there), hidden_least_stay_s=1e6)
        return one

    chongjin, hungnam = (41.77, 129.82), (39.83, 127.63)
    tanker, cargo, coal = lead(80, chongjin), lead(70, chongjin), lead(80, hungnam)
    assert weights(cargo)["delivery_seen"] < weights(tanker)["delivery_seen"] / 2
    assert weights(cargo)["delivery_craft"] < 0 < weights(tanker)["delivery_craft"]
    assert weights(coal)["delivery_terminal"] < 0 < weights(tanker)["delivery_terminal"]


def test_the_watched_countrys_own_flag_counts():
    (own,), (other,) = found(trip(445000001)), found(trip())
    assert weights(own)["delivery_flag"] == 2.5
    assert "delivery_flag" not in weights(other)


def test_loading_must_come_first_and_not_too_long_ago():
    before = join(
        boat(ONE, [(0, 0, 0), (20, 0, 0)], origin=(41.77, 129.82), every_s=600, **TANKER),
        boat(ONE, [(40, 0, 0), (60, 0, 0)], origin=VOSTOCHNY, every_s=600, **TANKER),
    )
    assert found(before) == []
    late = join(
        boat(ONE, [(0, 0, 0), (20, 0, 0)], origin=VOSTOCHNY, every_s=600, **TANKER),
        boat(ONE, [(80, 0, 0), (90, 0, 0)], origin=(41.77, 129.82), every_s=600, **TANKER),
    )
    (lead,) = found(late)
    assert "delivery_seen" in weights(lead)
    # Sixty hours later is too late; that it could have called in the silence before remains.
    (lead,) = found(late, delivery_max_s=3 * 3600.0)
    assert "delivery_seen" not in weights(lead)


def test_a_told_call_far_from_any_port_is_no_loading():
    rows = events_of(trip())
    events = EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})
    far = [{**row, "port_distance_km": 60.0} if row["subtype"] == "seen" else row for row in rows]
    assert rank_deliveries(events).num_rows == 1
    assert rank_deliveries(EVENTS.table({name: [row[name] for row in far] for name in EVENTS.names})).num_rows == 0


def test_a_delivery_again_counts_more():
    second = trip()
    later = pa.array(second.column("time").cast(pa.int64()).to_numpy() + 130 * 3_600_000_000).cast(TIME)
    shifted = POSITIONS.table({name: second.column(name) for name in POSITIONS.names} | {"time": later})
    (lead,) = found(join(trip(), shifted))
    assert weights(lead)["delivery_again"] > 0
    assert lead["n_events"] >= 2


def test_settings_change_weights_and_countries():
    rows = events_of(trip())
    events = EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})
    (lead,) = rank_deliveries(events, settings=ScoreSettings(weights={"delivery_lighter": 0.5})).to_pylist()
    assert weights(lead)["delivery_lighter"] == 0.5
    assert rank_deliveries(events, calls=PortCallSettings(supply_roles=("no such role",))).equals(PAIRS.empty())
    assert rank_deliveries(events, ports=[p for p in load_ports() if p.country != "RU"]).num_rows == 0
    assert {"delivery_base", "delivery_lighter"} <= {row["name"] for row in indicator_rows()}


def test_row_order_is_no_matter():
    rows = events_of(trip(), trip(538000002, after_m=6.6), trip(538000003))
    one, two = (
        rank_deliveries(EVENTS.table({name: [row[name] for row in order] for name in EVENTS.names}), settings_id="s")
        for order in (rows, rows[::-1])
    )
    assert one.num_rows == 3
    assert one.equals(two)


#: Words that say what happened, where only what was seen, or possible, may be said.
VERDICTS = ("landed a cargo there", "did so", ": a voyage", "delivered")


def test_sentences_say_what_was_seen_and_no_more():
    """Of loads that look like unloading, of a plain voyage, of a hull without a type and with an id of letters."""
    second = trip()
    later = pa.array(second.column("time").cast(pa.int64()).to_numpy() + 130 * 3_600_000_000).cast(TIME)
    again = POSITIONS.table({name: second.column(name) for name in POSITIONS.names} | {"time": later})
    many = [[trip(loaded_m=3.0, after_m=2.5)], [join(trip(), again)], [trip(back=(0.0, -900_000.0), silent_h=60.0)]]
    sentences = [r["sentence"] for tables in many for lead in found(*tables) for r in lead["reasons"]]
    assert [s for s in sentences if any(words in s for words in VERDICTS)] == []
    assert "consistent with a cargo landed there" in " ".join(sentences)
    assert "was seen or possible after" in " ".join(sentences)
    rows = [row | {"vessel_a": "Ship-A"} for row in events_of(trip(ship_type=None))]
    named = rank_deliveries(EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})).to_pylist()
    assert "What vessel Ship-A is, it does not say" in " ".join(r["sentence"] for r in named[0]["reasons"])
