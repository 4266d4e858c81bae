"""Each published rule raises what it says it raises, told on meetings made by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from stsdetect.reference.published_rules import load_rules
from stsdetect.score.published import TYPES, Positions, alerts, crews
from stsdetect.settings import ContextSettings, Settings
from stsdetect.tracks import build_tracks
from tests.builders import boat, join

#: In the East China Sea, far from the shore and from ports of our list.
FAR_OUT = (31.0, 124.0)
ALL = {(rule.name, rule.reading) for rule in load_rules()}
SLOW = {("starboard", "slow"), ("skylight", "slow, off shore")}
SLOW_OR_NOT = SLOW | {("starboard", "any speed"), ("skylight", "any speed")}
#: Where one of the ships is a tanker, and where both are.
ONE = {("starboard", "slow, a tanker")}
TWO = ONE | {("starboard", "slow, two tankers"), ("skylight", "off shore, two tankers")}
GFW = {("gfw", "shore"), ("gfw", "port")}


def meeting(
    apart_m: float,
    hours: float,
    *,
    speed_kn: float = 0.0,
    origin: tuple[float, float] = FAR_OUT,
    types: tuple[int, int] = (80, 80),
    draught_after: float | None = None,
) -> pa.Table:
    """Two ships: one goes on at a speed, the other comes up to it, stays ``apart_m`` away for so long, and leaves."""
    east = speed_kn * 0.514444 * 3600.0
    way = [(0.0, 0.0, 0.0), (3.0 + hours + 3.0, (6.0 + hours) * east, 0.0)]
    begin, end = 3.0, 3.0 + hours
    guest = [
        (0.0, -20_000.0 + begin * east, 15_000.0), (begin, begin * east, apart_m), (end, end * east, apart_m),
        (end + 3.0, -20_000.0 + end * east, -15_000.0),
    ]  # fmt: skip
    size = {"to_bow_m": 60.0, "to_stern_m": 20.0, "to_port_m": 6.0, "to_starboard_m": 6.0}
    one = boat(412000001, way, origin=origin, ship_type=types[0], draught_m=6.0, **size)
    two = boat(412000002, guest, origin=origin, ship_type=types[1], draught_m=5.0, offset_s=20.0, **size)
    if draught_after is not None:
        place = two.schema.get_field_index("draught_m")
        old = two.column("draught_m").to_pylist()
        late = round((end + 0.5) * 60)
        new = pa.array([*old[:late], *[draught_after] * (len(old) - late)], two.schema.field(place).type)
        two = two.set_column(place, two.schema.field(place), new)
    return join(one, two)


def raised(table: pa.Table) -> set[tuple[str, str]]:
    settings = Settings()
    tracks = build_tracks(table, settings.clean)
    positions = Positions.of(tracks.fixes, tracks.vessels, ContextSettings(), settings.encounters)
    return {key for key, events in alerts(positions).items() if events.num_rows}


CASES: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "45 minutes at 100 m": ({"apart_m": 100, "hours": 0.75}, SLOW_OR_NOT | TWO),
    "45 minutes at 100 m, one a tanker": ({"apart_m": 100, "hours": 0.75, "types": (70, 89)}, SLOW_OR_NOT | ONE),
    "45 minutes at 100 m, neither a tanker": ({"apart_m": 100, "hours": 0.75, "types": (30, 70)}, SLOW_OR_NOT),
    "12 minutes at 30 m": (
        {"apart_m": 30, "hours": 0.2, "types": (30, 70)},
        {("starboard", "any speed"), ("starboard", "slow")},
    ),
    "25 minutes at 230 m": ({"apart_m": 230, "hours": 25 / 60}, set()),
    "three hours at 400 m, cargo ships": ({"apart_m": 400, "hours": 3, "types": (70, 70)}, GFW),
    "three hours at 400 m, tanker and cargo ship": (
        {"apart_m": 400, "hours": 3, "types": (70, 84)},
        GFW | {("gfw", "shore, a tanker"), ("dark_sts", "all sizes")},
    ),
    "the same at 1.5 kn": (
        {"apart_m": 400, "hours": 3, "types": (70, 84), "speed_kn": 1.5},
        GFW | {("gfw", "shore, a tanker")},
    ),
    "an hour and a half at 400 m": ({"apart_m": 400, "hours": 1.5}, set()),
    "four hours at 700 m, draught as before": ({"apart_m": 700, "hours": 4}, set()),
    "four hours at 700 m, then deeper": (
        {"apart_m": 700, "hours": 4, "draught_after": 5.6},
        {("fleetleaks", "0.5 nm"), ("fleetleaks", "1 nm")},
    ),
    "four hours at 1,500 m, then deeper": (
        {"apart_m": 1500, "hours": 4, "draught_after": 5.6},
        {("fleetleaks", "1 nm")},
    ),
    "four hours at 700 m, then a little deeper": ({"apart_m": 700, "hours": 4, "draught_after": 5.4}, set()),
    "two hours and a half at 100 m and 9 kn": (
        {"apart_m": 100, "hours": 2.5, "speed_kn": 9},
        {("starboard", "any speed"), ("skylight", "any speed")},
    ),
    "three hours at 100 m, all there is": (
        {"apart_m": 100, "hours": 3.2, "draught_after": 5.7},
        ALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_rule_raises_what_it_says(name: str) -> None:
    how, expected = CASES[name]
    assert raised(meeting(**how)) == expected


def test_near_the_shore_only_rules_that_allow_it_speak() -> None:
    near = raised(meeting(100, 3, origin=(36.86, 122.5)))
    assert ("skylight", "any speed") in near
    assert near <= {key for key in ALL if key[0] in ("dark_sts", "fleetleaks")} | {
        ("gfw", "port"),
        ("skylight", "any speed"),
    }


def test_a_pair_is_one_alert_however_often_it_meets() -> None:
    table = join(meeting(100, 1.0), meeting(100, 1.0).set_column(
        meeting(100, 1.0).schema.get_field_index("time"),
        meeting(100, 1.0).schema.field("time"),
        pa.array([t.value // 1000 + 86_400_000_000 for t in meeting(100, 1.0)["time"].to_pandas()],
                 pa.timestamp("us", "UTC")),
    ))  # fmt: skip
    settings = Settings()
    tracks = build_tracks(table, settings.clean)
    positions = Positions.of(tracks.fixes, tracks.vessels, ContextSettings(), settings.encounters)
    events = alerts(positions)["skylight", "any speed"]
    assert events.num_rows == 2
    assert len(crews(events)) == 1


def test_every_rule_has_a_reading_and_known_types() -> None:
    for rule in load_rules():
        assert rule.reading
        assert rule.taken_for_granted
        assert rule.source
        assert all(not one.types or one.types in TYPES for one in rule.conditions)
    assert {rule.name for rule in load_rules()} == {"gfw", "starboard", "skylight", "dark_sts", "fleetleaks"}


def test_no_positions_raise_nothing() -> None:
    assert raised(meeting(100, 1.0).slice(0, 0)) == set()
