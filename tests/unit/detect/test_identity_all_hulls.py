"""Identities side by side: each test with a positive, a negative and a noisy negative; and what must not matter."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.identity import cross_oddities
from stsdetect.detect.identity_events import identity_events
from stsdetect.detect.stretches import Stretches
from stsdetect.kernels.sphere import distance_m
from stsdetect.reference.places import load_ports
from stsdetect.schema import EVENTS
from stsdetect.settings import IdentitySettings
from stsdetect.tracks import build_tracks
from tests.builders import TANKER, boat, events_of, hours_of, join, place

ONE, OTHER, THIRD, FOURTH = 351000001, 613000002, 412000003, 273000004
#: Knots as metres an hour.
KN = 1852.0
SIZE = {**TANKER, "imo": 9074729, "name": "OCEAN STAR", "transceiver": "A"}
NEXT = {**TANKER, "imo": 9319466, "name": "SONG WON", "transceiver": "A"}
KEEPER = {**TANKER, "to_bow_m": 150.0, "imo": 9241061, "name": "WATCH", "transceiver": "A"}


def found(*tables, **groups):
    """Identity events by test."""
    events = [event for event in events_of(*tables, **groups) if event["kind"] == "identity"]
    return {event["subtype"]: event for event in sorted(events, key=lambda event: event["start_time"], reverse=True)}


def leg(mmsi: int, begin: float, end: float, *, east_m: float = 0.0, north_m: float = 0.0, knots: float = 8.0, **said):
    """A ship on its way to the east between two hours, at ``east_m`` when it begins."""
    track = [(begin, east_m, north_m), (end, east_m + (end - begin) * knots * KN, north_m)]
    return boat(mmsi, track, every_s=300, noise_m=8.0, **{**SIZE, **said})


def watch(until: float = 60.0):
    """Another ship that is heard all the time, so that the data last longer than the silences."""
    return leg(THIRD, 0, until, north_m=90_000.0, knots=1.0, **KEEPER)


# --- no IMO number --------------------------------------------------------------------------------------------


def test_no_imo():
    event = found(watch(), leg(ONE, 0, 20), leg(OTHER, 0, 20, north_m=30_000.0, **{**NEXT, "imo": None}))["no_imo"]
    assert event["vessel_a"] == str(OTHER)
    assert "SOLAS" in event["evidence"]


@pytest.mark.parametrize(
    "said", [{"imo": 9319466}, {"ship_type": 37}, {"to_bow_m": 20.0}, {"transceiver": "B"}, {"ship_type": None}]
)
def test_no_imo_negative(said):
    other = leg(OTHER, 0, 20, north_m=30_000.0, **{**NEXT, "imo": None, **said})
    assert "no_imo" not in found(watch(), leg(ONE, 0, 20), other)


def test_no_imo_noisy():
    """A source that passes no IMO numbers on; a number that comes late; static data heard for a moment only."""
    bare = [leg(ONE + k, 0, 20, north_m=9000.0 * k, **{**SIZE, "imo": None}) for k in range(4)]
    assert found(watch(), *bare) == {}
    late = [leg(OTHER, 0, 10, north_m=3e4, **{**NEXT, "imo": None}), leg(OTHER, 10.1, 20, north_m=3e4, **NEXT)]
    assert "no_imo" not in found(watch(), leg(ONE, 0, 20), *late)
    brief = leg(OTHER, 0, 2, north_m=3e4, **{**NEXT, "imo": None})
    assert "no_imo" not in found(watch(), leg(ONE, 0, 20), brief)


# --- one IMO number, several MMSI -----------------------------------------------------------------------------


def test_shared_imo():
    event = found(watch(), leg(ONE, 0, 20), leg(OTHER, 0, 20, north_m=200_000.0))["shared_imo"]
    assert {event["vessel_a"], event["vessel_b"]} == {str(ONE), str(OTHER)}
    assert "IMO number 9074729" in event["evidence"]


def test_shared_imo_out_of_reach():
    """In turn, but the second is farther away than any ship sails in the time."""
    event = found(watch(), leg(ONE, 0, 20), leg(OTHER, 21, 40, north_m=900_000.0))["shared_imo"]
    assert "later under another MMSI" in event["evidence"]


def test_shared_imo_negative():
    """Two transponders on one hull broadcast its one number; each hull has its own."""
    assert found(watch(), leg(ONE, 0, 20), leg(OTHER, 0.02, 20, north_m=12.0)) == {}
    assert "shared_imo" not in found(watch(), leg(ONE, 0, 20), leg(OTHER, 0, 20, north_m=200_000.0, **NEXT))


def test_shared_imo_noisy():
    """Both heard seldom, in turn, on one hull; and a number that is none."""
    pieces = [leg(ONE if k % 2 else OTHER, k / 4, k / 4 + 0.1, east_m=k * 2 * KN) for k in range(60)]
    assert found(watch(), *pieces) == {}
    for number in (9074720, 1234567, 5555555):
        wrong = {"imo": number, "ship_type": 37}
        assert found(watch(), leg(ONE, 0, 20, **wrong), leg(OTHER, 0, 20, north_m=2e5, **wrong)) == {}


def test_shared_imo_typed_wrong_and_corrected():
    """A number that is another ship's for half an hour is a typing error; for a day it is not."""
    wrong = [leg(ONE, 0, 0.5, **{**NEXT, "imo": 9074729}), leg(ONE, 0.6, 40, east_m=0.6 * 8 * KN, **NEXT)]
    assert found(watch(), *wrong, leg(OTHER, 0, 40, north_m=200_000.0)) == {}
    long = [leg(ONE, 0, 24, **{**NEXT, "imo": 9074729}), leg(ONE, 24.1, 40, east_m=24.1 * 8 * KN, **NEXT)]
    event = found(watch(), *long, leg(OTHER, 0, 40, north_m=200_000.0))["shared_imo"]
    assert hours_of(event)[0] <= 24.0


def test_shared_imo_typed_wrong_now_and_then():
    """A source that mixes two ships up once a day; what lies between does not count."""
    mine, wrong = NEXT, {**NEXT, "imo": 9074729}
    own = [leg(ONE, day * 20, day * 20 + 0.5, east_m=day * 20 * 8 * KN, **wrong) for day in range(3)]
    own += [leg(ONE, day * 20 + 0.6, day * 20 + 19, east_m=(day * 20 + 0.6) * 8 * KN, **mine) for day in range(3)]
    assert "shared_imo" not in found(watch(), *own, leg(OTHER, 0, 60, north_m=200_000.0))
    # A day of it counts, at a moment at which it was broadcast.
    day = leg(ONE, 60.1, 84, east_m=60.1 * 8 * KN, **wrong)
    event = found(watch(90), *own, day, leg(OTHER, 0, 90, north_m=200_000.0))["shared_imo"]
    start = hours_of(event)[0]
    assert start >= 60 or start % 20 <= 0.5


def test_shared_imo_is_said_of_when_both_broadcast_it():
    """The one gives the number up before the other takes it: nothing was ever shared."""
    before = [leg(ONE, 0, 20), leg(ONE, 20.1, 60, east_m=20.1 * 8 * KN, **{**SIZE, "imo": 9319466})]
    after = [
        leg(OTHER, 0, 29, north_m=200_000.0, **{**SIZE, "imo": 9134270}),
        leg(OTHER, 29.1, 60, east_m=29.1 * 8 * KN, north_m=200_000.0),
    ]
    assert "shared_imo" not in found(watch(), *before, *after)


def test_shared_imo_is_where_one_was_at_the_time():
    """A stretch of track may last for weeks; the place is that of the moment that is told."""
    event = found(watch(), leg(ONE, 0, 50), leg(OTHER, 5, 50, east_m=800_000.0, knots=1.0))["shared_imo"]
    assert hours_of(event)[0] == pytest.approx(5.0, abs=0.1)
    lat, lon = place((31.0, 124.0), [800_000.0], [0.0])
    assert (event["lat_deg"], event["lon_deg"]) == pytest.approx((float(lat[0]), float(lon[0])), abs=0.01)
    assert "at least 518 km" in event["evidence"]


def test_imo_moved():
    event = found(watch(), leg(ONE, 0, 20), leg(OTHER, 30, 50, east_m=20 * 8 * KN + 60_000))["imo_moved"]
    assert "went from one MMSI to another" in event["evidence"]
    assert event["mmsi_a"] == ONE
    assert event["mmsi_b"] == OTHER


def test_imo_moved_negative():
    assert "imo_moved" not in found(watch(), leg(ONE, 0, 20), leg(OTHER, 30, 50, **NEXT))
    # The other is heard at the very end only, the one at the very beginning only.
    assert "imo_moved" not in found(watch(40), leg(ONE, 0, 20), leg(OTHER, 36, 40, east_m=300_000))
    assert "imo_moved" not in found(watch(40), leg(ONE, 0, 3), leg(OTHER, 20, 40, east_m=45_000))


# --- hand-over ------------------------------------------------------------------------------------------------


def handed_over(apart_h: float = 1.0, north_m: float = 3000.0, begin: float = 20.0, **said):
    """One identity until hour 20, then silence; ``apart_h`` later another."""
    at = 20 * 8 * KN + apart_h * 5 * KN
    return leg(ONE, 0, 20), leg(OTHER, begin + apart_h, 60, east_m=at, north_m=north_m, **{**NEXT, **said})


def test_hand_over():
    event = found(watch(), *handed_over())["hand_over"]
    assert event["vessel_a"] == str(ONE)
    assert event["vessel_b"] == str(OTHER)
    assert "the same A, B, C and D" in event["evidence"]
    assert event["n_rivals"] == 0
    east, _ = place((31.0, 124.0), [20 * 8 * KN], [0.0])
    assert event["lat_deg"] == pytest.approx(float(east[0]), abs=0.02)
    assert event["end_lat_deg"] != event["lat_deg"]


def test_hand_over_to_a_size_that_is_alike():
    assert "to a metre" in found(watch(), *handed_over(to_bow_m=61.0, ship_type=70))["hand_over"]["evidence"]
    assert "lengths 80 and 82 m" in found(watch(), *handed_over(to_bow_m=62.0))["hand_over"]["evidence"]


def test_hand_over_back():
    """The first identity wakes again when the second falls silent: two hand-overs."""
    one, other = leg(ONE, 0, 20), leg(OTHER, 21, 40, east_m=20 * 8 * KN + 5000, **NEXT)
    again = leg(ONE, 41, 60, east_m=40 * 8 * KN + 5000)
    events = [event for event in events_of(watch(), one, other, again) if event["subtype"] == "hand_over"]
    assert len(events) == 2


@pytest.mark.parametrize(
    "tables",
    [
        handed_over(to_bow_m=110.0),
        handed_over(ship_type=60),
        handed_over(north_m=90_000.0),
        handed_over(apart_h=20.0),
        handed_over(begin=15.0),
        (leg(ONE, 0, 60), leg(OTHER, 21, 60, east_m=20 * 8 * KN, north_m=3000.0, **NEXT)),
    ],
    ids=["size", "type", "too far", "too late", "at once", "goes on"],
)
def test_hand_over_negative(tables):
    assert "hand_over" not in found(watch(), *tables)


def test_hand_over_noisy_in_port():
    """In port ships are switched off and on."""
    port = next(port for port in load_ports() if port.name == "Kaohsiung")
    away = (port.lat_deg, port.lon_deg - 0.1)
    one = boat(ONE, [(0, -9e4, 0), (20, 0, 0)], every_s=300, noise_m=8.0, origin=away, **SIZE)
    other = boat(OTHER, [(21, 3000, 0), (60, -9e4, 0)], every_s=300, noise_m=8.0, origin=away, **NEXT)
    assert "hand_over" not in found(watch(), one, other)


def test_hand_over_noisy_at_the_edge_of_reception():
    """Many ships of one size go out of reach as others come into it: nobody can say who is who."""
    out = [leg(ONE + k, 0, 20 + k / 10, north_m=2000.0 * k) for k in range(8)]
    back = [leg(OTHER + k, 21 + k / 10, 60, east_m=20 * 8 * KN, north_m=2000.0 * k, **NEXT) for k in range(8)]
    assert "hand_over" not in found(watch(), *out, *back)
    few = found(watch(), *out[:2], *back[:1])["hand_over"]
    assert few["n_rivals"] == 1
    assert "1 other identities" in few["evidence"]


def test_hand_over_noisy_at_the_ends_of_the_data():
    """The data begin and end: that is no silence."""
    assert "hand_over" not in found(leg(ONE, 0, 20), leg(OTHER, 21, 22, east_m=20 * 8 * KN, **NEXT), watch(22))
    assert "hand_over" not in found(leg(ONE, 0, 1), leg(OTHER, 2, 60, east_m=8 * KN, **NEXT), watch())


# --- twins ----------------------------------------------------------------------------------------------------


def in_turn(n: int, **said):
    """Two identities in turn, eight hours each, an hour between."""
    return [
        leg(
            ONE if k % 2 == 0 else OTHER,
            9 * k,
            9 * k + 8,
            east_m=9 * k * 8 * KN,
            **(SIZE if k % 2 == 0 else {**NEXT, **said}),
        )
        for k in range(n)
    ]


def test_twin_dimensions():
    event = found(watch(80), *in_turn(6))["twin_dimensions"]
    assert "A60 B20 C6 D6" in event["evidence"]
    assert "5 times" in event["evidence"]


def test_twin_dimensions_negative():
    assert "twin_dimensions" not in found(watch(80), *in_turn(6, to_bow_m=61.0))
    assert "twin_dimensions" not in found(watch(80), *in_turn(2))


def test_twin_dimensions_noisy():
    """Sister ships are heard at the same time sooner or later; and three of one size are a series."""
    meet = leg(OTHER, 30, 34, east_m=500_000, **NEXT)
    assert "twin_dimensions" not in found(watch(80), *in_turn(6), meet)
    third = leg(FOURTH, 0, 40, north_m=60_000.0, **{**SIZE, "imo": 9319478})
    assert "twin_dimensions" not in found(watch(80), *in_turn(6), third)


# --- what must not matter -------------------------------------------------------------------------------------

FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def a_world() -> pa.Table:
    """A hull of every kind."""
    hulls = [
        watch(80), *in_turn(6), leg(FOURTH, 0, 20, imo=9319478, to_bow_m=100.0, north_m=2e5),
        leg(FOURTH, 0, 20, imo=9319480, to_bow_m=100.0, north_m=5e5),
        boat(445000005, [(0, 0, 3e5), (9, 9 * 20_000, 3e5)]),
        leg(412000009, 0, 20, north_m=-2e5, to_bow_m=120.0, sog_kn=1.0, name="AAAAAA", knots=9.0),
        leg(412000009, 20.1, 40, north_m=-2e5, to_bow_m=120.0, sog_kn=1.0, name="SONG WON", knots=9.0,
            east_m=20 * 9 * KN),
    ]  # fmt: skip
    return join(*hulls)


def identity_rows(table: pa.Table) -> pa.Table:
    return table.filter(pa.array([kind == "identity" for kind in table.column("kind").to_pylist()]))


@FEW
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 3600.0]))
def test_the_order_of_rows_and_the_cut_leave_no_trace(seed, length):
    world = a_world()
    chosen = sts.load_settings(run={} if length is None else {"partition_s": length})
    whole = identity_rows(sts.detect(world).events_table)
    tests = set(whole.column("subtype").to_pylist())
    assert {"twin_dimensions", "too_smooth", "name_change", "shared_mmsi", "hand_over", "speed_contradicted"} <= tests
    order = np.random.default_rng(seed).permutation(world.num_rows)
    assert identity_rows(sts.detect(world.take(pa.array(order)), settings=chosen).events_table).equals(whole)


def test_swapping_the_vessels_swaps_the_columns():
    plain = found(watch(), *handed_over())["hand_over"]
    one, other = leg(OTHER, 0, 20), leg(ONE, 21, 60, east_m=20 * 8 * KN + 5 * KN, north_m=3000.0, **NEXT)
    swapped = found(watch(), one, other)["hand_over"]
    for name in ("name", "imo", "length"):
        unit = "_m" if name == "length" else ""
        assert plain[f"{name}_a{unit}"] == swapped[f"{name}_b{unit}"]
        assert plain[f"{name}_b{unit}"] == swapped[f"{name}_a{unit}"]
    assert plain["start_time"] == swapped["start_time"]


def test_stretches_of_fixes_and_of_segments_are_the_same():
    tracks = build_tracks(a_world())
    data = Fixes.from_table(tracks.fixes)
    a, b = Stretches.from_fixes(data), Stretches.from_table(tracks.segments, data.labels)
    for name in Stretches.__dataclass_fields__:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert a.hull.size > 10


def test_rows_are_events():
    table = identity_rows(sts.detect(a_world()).events_table)
    assert EVENTS.conform(table).equals(table)
    rows = table.to_pylist()
    assert len({row["event_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["start_time"] <= row["end_time"]
        assert row["evidence"]
        assert row["vessel_b"] is None or row["vessel_a"] < row["vessel_b"]
        assert row["observed_min"] is None
    empty = Identities.from_table(None, [])
    assert identity_events([], [], empty).equals(EVENTS.empty())


def slow_hand_overs(stretches: Stretches, known: Identities, rule: IdentitySettings) -> set[tuple[int, int]]:
    """Every end and start that fit each other by size, time and reach, by a plain loop (no rivals, no places)."""
    pairs = set()
    last, begin = int(stretches.end_us.max()), int(stretches.start_us.min())
    n = stretches.hull.size
    for i in range(n):
        following = stretches.start_us[i + 1] if i + 1 < n and stretches.hull[i + 1] == stretches.hull[i] else last
        for j in range(n):
            before = stretches.end_us[j - 1] if j and stretches.hull[j - 1] == stretches.hull[j] else begin
            seconds = (stretches.start_us[j] - stretches.end_us[i]) / 1e6
            silent = following - stretches.end_us[i] >= rule.silence_s * 1e6
            unheard = stretches.start_us[j] - before >= rule.silence_s * 1e6
            metres = float(distance_m(stretches.end_xyz[i : i + 1], stretches.start_xyz[j : j + 1])[0])
            near = metres <= rule.hand_over_speed_kn * KN / 3600 * seconds + 2000.0
            in_time = 0 <= seconds <= rule.hand_over_s
            if silent and unheard and near and in_time and stretches.hull[i] != stretches.hull[j]:
                pairs.add((i, j))
    return pairs


@FEW
@given(st.integers(0, 2**32 - 1))
def test_hand_overs_against_a_plain_loop(seed):
    """All hulls alike, at sea and far from ports: whatever is told, the loop finds; whatever has no rival, is told."""
    rng = np.random.default_rng(seed)
    tables = [watch()]
    for k in range(6):
        begin = float(rng.uniform(0, 40))
        north = float(rng.uniform(0, 60_000))
        said = {**SIZE, "imo": None, "name": None}
        tables.append(leg(ONE + k, begin, begin + float(rng.uniform(1, 12)), north_m=north, **said))
    tracks = build_tracks(join(*tables))
    data = Fixes.from_table(tracks.fixes)
    known = Identities.from_table(tracks.vessels, data.labels)
    stretches, rule = Stretches.from_fixes(data), IdentitySettings(hand_over_rivals=100)
    told = {
        (odd.hull, odd.other) for odd in cross_oddities(stretches, known, (), rule) if odd.test == "hand_over"
    }  # fmt: skip
    keeper = data.labels.index(f"{THIRD:09d}")
    slow = {
        (int(stretches.hull[i]), int(stretches.hull[j]))
        for i, j in slow_hand_overs(stretches, known, rule)
        if keeper not in (stretches.hull[i], stretches.hull[j])
    }
    assert told <= slow
    ends, starts = [pair[0] for pair in slow], [pair[1] for pair in slow]
    alone = {pair for pair in slow if ends.count(pair[0]) == 1 and starts.count(pair[1]) == 1}
    assert alone <= told


@given(st.integers(0, 2**32 - 1))
def test_hulls_that_were_ever_heard_at_once_against_a_plain_loop(seed):
    """Stretches of some hours, some of one moment only, that may touch."""
    rng = np.random.default_rng(seed)
    rows = []
    for hull in np.flatnonzero(rng.random(6) < 0.8):
        edges = np.sort(rng.integers(0, 40, 2 * int(rng.integers(1, 6))))
        rows += [(int(hull), int(a), int(b)) for a, b in edges.reshape(-1, 2)]
        rows = [row for k, row in enumerate(rows) if not k or rows[k - 1][0] != row[0] or rows[k - 1][2] < row[1]]
    if not rows:
        return
    hull, start, end = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    zero = np.zeros(hull.size)
    made = Stretches(hull, start, end, zero, zero, zero, zero, np.ones(hull.size, dtype=np.int64))
    one, other = rng.integers(0, 6, (2, 40))
    slow = [
        any(a0 <= b1 and b0 <= a1 for h, a0, a1 in rows if h == i for g, b0, b1 in rows if g == j)
        for i, j in zip(one.tolist(), other.tolist(), strict=True)
    ]
    assert made.ever_at_once(one, other).tolist() == slow
