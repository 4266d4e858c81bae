"""Port calls that were seen: where, how long, what breaks them, what does not."""

from __future__ import annotations

from typing import Any

import pytest

from stsdetect.detect import PortCalls
from stsdetect.reference.places import Port
from stsdetect.tracks import build_tracks
from tests.builders import boat, hours_of, join

VOSTOCHNY = (42.74, 133.08)
ONE = 273000001


def calls_of(*tables: Any, ports: list[Port] | None = None, **rule: Any) -> list[dict[str, Any]]:
    made = build_tracks(join(*tables))
    return PortCalls(**rule).detect(made.fixes, made.vessels, ports=ports).to_pylist()


def ship(*waypoints: tuple[float, float, float], **more: Any) -> Any:
    """A ship near Vostochny: (hour, east_m, north_m) from the port's point."""
    return boat(more.pop("mmsi", ONE), waypoints, origin=more.pop("origin", VOSTOCHNY), **more)


def moored(start: float, stop: float, east_m: float = 900.0, **more: Any) -> Any:
    """In from the south at 10 kn, still from one hour to the other, out again."""
    return ship(
        (start - 2, east_m, -37_000), (start, east_m, 0), (stop, east_m, 0), (stop + 2, east_m, -37_000), **more
    )


def test_a_stay_is_a_call():
    (call,) = calls_of(moored(2, 16, noise_m=5, draught_m=4.2, name="LIGHT"))
    assert (call["kind"], call["subtype"], call["port_id"]) == ("port_call", "seen", "ru_vostochny")
    assert (call["vessel_a"], call["vessel_b"], call["name_a"]) == ("273000001", None, "LIGHT")
    assert hours_of(call) == pytest.approx((2, 16), abs=0.1)
    assert call["observed_min"] == pytest.approx(14 * 60, abs=10)
    assert call["inferred_min"] == 0
    assert call["port_distance_km"] == pytest.approx(0.9, abs=0.05)
    assert (call["lat_deg"], call["lon_deg"]) == pytest.approx((42.74, 133.091), abs=0.001)
    assert call["draught_before_a_m"] == 4.2
    assert not call["is_open"]
    assert call["flags"] == ""
    assert call["evidence"] == "lay still for 13.9 h, 0.9 km from Vostochny"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (moored(2, 2.7), "too short"),
        (moored(2, 9, east_m=12_000), "too far"),
        (ship((0, 0, -9_000), (3, 0, 0), (6, 0, 9_000)), "slow, and yet under way"),
        (ship((0, 0, -40_000), (4, 0, 40_000)), "passing"),
        (moored(2, 9, origin=(31.0, 124.0)), "no port there"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_call(table, why):
    assert calls_of(table) == [], why


def test_the_limits_are_those_of_the_settings():
    assert len(calls_of(moored(2, 2.7), min_duration_s=1800.0)) == 1
    assert len(calls_of(moored(2, 9, east_m=12_000), radius_km=15.0)) == 1
    assert len(calls_of(ship((0, 0, -9_000), (3, 0, 0), (6, 0, 9_000)), max_speed_kn=2.0)) == 1


def test_at_the_roads_it_may_only_have_waited():
    (roads,) = calls_of(moored(2, 9, east_m=7_000))
    assert roads["flags"] == "roads"
    assert calls_of(moored(2, 9, east_m=7_000), berth_km=8.0)[0]["flags"] == ""


def test_shifting_to_another_berth_is_one_call():
    (call,) = calls_of(
        ship((0, 0, -37_000), (2, 0, 0), (6, 0, 0), (6.5, 4_000, 0), (10, 4_000, 0), (12, 4_000, -37_000))
    )
    assert hours_of(call) == pytest.approx((2, 10), abs=0.1)
    # The way between is no part of the time that was spent there.
    assert call["observed_min"] == pytest.approx(7.5 * 60, abs=12)


def test_an_hour_out_at_sea_divides_two_calls():
    away = ((6, 0, 0), (8, 0, -40_000), (10, 0, 0))
    calls = calls_of(ship((0, 0, -37_000), (2, 0, 0), *away, (14, 0, 0), (16, 0, -37_000)))
    assert [hours_of(call) for call in calls] == [pytest.approx((2, 6), abs=0.1), pytest.approx((10, 14), abs=0.1)]


@pytest.mark.parametrize(("hours", "calls", "inferred_h"), [(0.2, 1, 0), (1, 1, 1), (5.9, 1, 5.9), (6.2, 2, 0)])
def test_a_silence_within_a_stay_is_inferred_and_a_long_one_ends_it(hours, calls, inferred_h):
    found = calls_of(moored(2, 20, silent=[(8, 8 + hours)]))
    assert len(found) == calls
    assert sum(call["inferred_min"] for call in found) == pytest.approx(inferred_h * 60, abs=2.1)
    seen_h = 18 if hours < 0.25 else 18 - hours
    assert sum(call["observed_min"] for call in found) == pytest.approx(seen_h * 60, abs=12)


def test_a_ship_that_came_back_after_a_silence_was_not_there_all_along():
    # Both fixes lie in the port's waters, 12 km and an hour apart: it went at 6 kn.
    table = join(
        ship((0, -6_000, 0), (3, -6_000, 0)),
        ship((4, 6_000, 0), (7, 6_000, 0)),
    )
    calls = calls_of(table)
    assert sum(call["inferred_min"] for call in calls) == 0


def test_a_jump_ends_a_stay():
    """Three minutes later it is heard 60 km away, at rest there too: it was not at the port for a day."""
    there = ship((0, 900, 0), (3, 900, 0), noise_m=5)
    away = ship((3.05, 60_000, 0), (30, 60_000, 0), noise_m=5)
    (call,) = calls_of(there, away)
    assert call["port_id"] == "ru_vostochny"
    assert hours_of(call) == pytest.approx((0, 3), abs=0.1)


def test_heard_seldom_it_is_inferred():
    (call,) = calls_of(moored(2, 20, every_s=7_000))
    assert call["observed_min"] == 0
    assert call["inferred_min"] > 12 * 60
    assert f"({call['inferred_min'] / 60:.1f} h of it inferred)" in call["evidence"]


def test_still_there_at_the_end_it_is_open():
    (call,) = calls_of(ship((0, 0, -37_000), (2, 0, 0), (9, 0, 0)))
    assert call["is_open"]
    later = ship((0, 300_000, 0), (12, 300_000, 0), mmsi=273000002)
    (call,) = calls_of(ship((0, 0, -37_000), (2, 0, 0), (9, 0, 0)), later)
    assert not call["is_open"]


def test_two_ports_with_overlapping_waters_are_told_apart():
    # Kozmino lies 6 km from Vostochny.
    calls = calls_of(moored(2, 9), moored(2, 9, mmsi=273000002, origin=(42.72, 133.01), east_m=0.0))
    assert [call["port_id"] for call in calls] == ["ru_vostochny", "ru_kozmino"]


def test_swinging_over_the_line_between_two_ports_is_one_call():
    ports = [Port("west", "West", "XX", 10.0, 20.0), Port("east", "East", "XX", 10.0, 20.02)]
    line = [(k * 0.5, 1_100 + 250 * (-1) ** k, 0) for k in range(40)]
    (call,) = calls_of(boat(ONE, line, origin=(10.0, 20.0)), ports=ports)
    assert call["duration_h"] == pytest.approx(19.5, abs=0.1)


def test_over_the_antimeridian():
    ports = [Port("edge", "Edge", "XX", 52.0, 179.999)]
    (call,) = calls_of(boat(ONE, [(0, -300, 0), (9, 300, 0)], origin=(52.0, 180.0)), ports=ports)
    assert abs(abs(call["lon_deg"]) - 180.0) < 0.001
    assert call["port_distance_km"] < 0.1


def test_the_coarse_place_of_a_long_range_report_will_do():
    (call,) = calls_of(moored(2, 20, every_s=1800, message_type=27))
    assert call["port_id"] == "ru_vostochny"
