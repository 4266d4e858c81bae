"""Profiles that look for something else than fuel for North Korea: what counts then, and which way round."""

from __future__ import annotations

from typing import Any

from stsdetect.detect import DarkRendezvous
from stsdetect.detect.dark_parties import NONE, OTHER, TANKER, World
from stsdetect.schema import PAIRS
from stsdetect.score import rank_deliveries, rank_pairs
from stsdetect.settings import Settings, load_settings
from tests.unit.score.rows import ALONGSIDE, AT_SEA, CHINA, KOREA, Row, event, meeting, table, weight_of

COAL, GENERIC = (load_settings(score={"profile": name}) for name in ("dprk-coal", "generic-sts"))
BULKER = "671000001"


def pair(settings: Settings, *rows: Row) -> Row:
    (made,) = rank_pairs(table(list(rows)), settings=settings.score).to_pylist()
    return dict(made)


def test_zones_and_flags_do_not_count_for_the_generic_profile() -> None:
    row = meeting(1, CHINA, KOREA, **ALONGSIDE, **AT_SEA)
    usual, generic = pair(Settings(), row), pair(GENERIC, row)
    for name in ("zone", "home_flag"):
        assert weight_of(usual, name) > 0
        assert weight_of(generic, name) == 0
    assert weight_of(generic, "hull_gap") == weight_of(usual, "hull_gap")


def test_cargo_ships_carry_coal() -> None:
    ships = meeting(1, CHINA, KOREA, ship_type_a=70, ship_type_b=70)
    tankers = meeting(1, CHINA, KOREA, ship_type_a=80, ship_type_b=70)
    assert weight_of(pair(COAL, ships), "types") > 0 == weight_of(pair(Settings(), ships), "types")
    assert weight_of(pair(COAL, tankers), "types") == 0
    assert weight_of(pair(Settings(), tankers), "types") > 0


def test_coal_takes_longer_to_lift_than_fuel_to_pump() -> None:
    day = meeting(1, CHINA, KOREA, 0.0, 30.0)
    assert weight_of(pair(COAL, day), "duration") > 0.9
    assert weight_of(pair(Settings(), day), "duration") < 0.2
    sentence = next(r["sentence"] for r in pair(COAL, day)["reasons"] if r["indicator"] == "duration")
    assert "the 4 to 48 h that 1,000 to 7,000 t of coal take to lift by grab" in sentence


def test_zones_of_the_other_trade_do_not_count() -> None:
    tonkin = meeting(1, CHINA, KOREA, zone_id="gulf_of_tonkin", zone_distance_km=0.0)
    east = meeting(1, CHINA, KOREA, zone_id="ecs_shanghai_east", zone_distance_km=0.0)
    assert weight_of(pair(COAL, tonkin), "zone") > 0 == weight_of(pair(COAL, east), "zone")


def call(n: int, port: str, start_h: float, change_m: float | None, vessel: str = BULKER, **more: Any) -> Row:
    row: Row = {
        "port_id": port, "port_distance_km": 1.0, "ship_type_a": 70, "length_a_m": 120.0, "draught_before_a_m": 5.0,
        "draught_change_a_m": change_m,
    }  # fmt: skip
    return event(n, "port_call", "seen", vessel, None, start_h, 20.0, **(row | more))


def leads(settings: Settings, *rows: Row) -> list[Row]:
    found = rank_deliveries(table(list(rows)), settings=settings.score, calls=settings.port_calls)
    assert found.schema.equals(PAIRS.arrow)
    made: list[Row] = found.to_pylist()
    return made


def test_coal_goes_the_other_way() -> None:
    out = [call(1, "kp_nampo", 0.0, 2.5), call(2, "cn_rizhao", 80.0, -2.4)]
    (lead,) = leads(COAL, *out)
    assert (lead["vessel_a"], lead["partner_kind"], lead["partner_id"]) == (BULKER, "port", "kp_nampo")
    assert (lead["first_time"], lead["last_time"]) == (out[0]["start_time"], out[1]["end_time"])
    assert lead["event_ids"] == ["e2", "e1"]
    assert all(weight_of(lead, name) > 0 for name in ("delivery_loaded", "delivery_lighter", "delivery_terminal"))
    assert weight_of(lead, "delivery_craft") > 0
    words = " ".join(reason["sentence"] for reason in lead["reasons"])
    assert "Coal is loaded at Nampo" in words
    assert "a port for coal, for 20.0 h, and its draught fell by 2.4 m" in words
    assert abs(sum(reason["weight"] for reason in lead["reasons"]) - lead["log_odds"]) < 1e-9


def test_draught_that_moves_the_wrong_way_counts_against_an_export() -> None:
    right = leads(COAL, call(1, "kp_nampo", 0.0, 2.5), call(2, "cn_rizhao", 80.0, -2.4))[0]
    unknown = leads(COAL, call(1, "kp_nampo", 0.0, None), call(2, "cn_rizhao", 80.0, None))[0]
    wrong = leads(COAL, call(1, "kp_nampo", 0.0, -2.5), call(2, "cn_rizhao", 80.0, 2.4))[0]
    assert right["log_odds"] > unknown["log_odds"] > wrong["log_odds"]


def test_landing_without_a_call_before_it_or_long_after_it_is_none() -> None:
    assert leads(COAL, call(1, "cn_rizhao", 0.0, -2.0), call(2, "kp_nampo", 80.0, 2.0)) == []
    assert leads(COAL, call(1, "kp_nampo", 0.0, 2.0), call(2, "cn_rizhao", 24.0 * 20, -2.0)) == []
    assert leads(Settings(), call(1, "kp_nampo", 0.0, 2.5), call(2, "ru_vostochny", 80.0, -2.4)) == []
    assert leads(GENERIC, call(1, "ru_vostochny", 0.0, 2.5), call(2, "kp_nampo", 80.0, -2.4)) == []


def test_call_between_is_where_it_may_have_been_loaded() -> None:
    rows = [call(1, "kp_nampo", 0.0, 2.5), call(3, "kr_busan", 50.0, None), call(2, "cn_rizhao", 120.0, -2.4)]
    (lead,) = leads(COAL, *rows)
    assert weight_of(lead, "delivery_others") < 0


def test_carriers_in_the_dark_are_those_of_the_profile() -> None:
    kinds = {"70": 70, "80": 80, "90": 90}
    rows = [
        event(n, "gap", "silence", f"4120000{name}", None, 0.0, 9.0, ship_type_a=code, length_a_m=90.0)
        for n, (name, code) in enumerate(kinds.items())
    ]
    world = World.of(table(rows))
    for settings, wanted in ((Settings(), [OTHER, TANKER, OTHER]), (COAL, [TANKER, NONE, OTHER])):
        rule = DarkRendezvous.from_settings(settings.dark)
        assert world.craft(carriers=rule.carriers, cargo=rule.cargo, min_length_m=0.0).tolist() == wanted
