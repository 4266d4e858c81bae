"""Positions that a ship does not make: each test with a positive, a negative and a noisy negative."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.builders import START_US, boat, events_of, join, place, positions, us

MMSI = 351000001
SEA = (31.0, 124.0)
NAMPO = (38.72, 125.30)


def found(*tables, **groups):
    """Identity events by test; the one that starts first where there are several."""
    events = [event for event in events_of(*tables, **groups) if event["kind"] == "identity"]
    return {event["subtype"]: event for event in sorted(events, key=lambda event: event["start_time"], reverse=True)}


def at(hours, east_m, north_m, mmsi: int = MMSI, origin=SEA, decimals: int | None = None, **said) -> pa.Table:
    """A vessel at places east and north of an origin; coordinates rounded as exports do."""
    lat, lon = place(origin, east_m, north_m)
    if decimals is not None:
        lat, lon = np.round(lat, decimals), np.round(lon, decimals)
    return positions(mmsi, START_US + np.rint(np.asarray(hours) * 3.6e9).astype(np.int64), lat, lon, **said)


def wander(n: int, seed: int = 1, step_m: float = 4.0):
    """A ship's own unrest about its course: it yaws and surges over minutes by tens of metres [m], shape (n, 2)."""
    rng = np.random.default_rng(seed)
    slow = np.cumsum(rng.normal(0, step_m, (n, 2)), axis=0)
    return slow + rng.normal(0, 3.0, (n, 2))


def under_way(hours: float = 12.0, every_h: float = 0.05, knots: float = 10.0, seed: int = 1, **said) -> pa.Table:
    """An honest ship on its way to the east."""
    t = np.arange(0, hours, every_h)
    unrest = wander(t.size, seed)
    said = {"sog_kn": knots, "cog_deg": 90.0, **said}
    return at(t, t * knots * 1852 + unrest[:, 0], unrest[:, 1], **said)


def moored(hours: float = 12.0, every_h: float = 0.05, seed: int = 1, **said) -> pa.Table:
    """An honest ship at rest; GNSS wanders by metres."""
    t = np.arange(0, hours, every_h)
    noise = np.random.default_rng(seed).normal(0, 4.0, (t.size, 2))
    return at(t, noise[:, 0], noise[:, 1], **{"sog_kn": 0.0, **said})


def test_honest_ships_raise_nothing():
    assert found(under_way()) == {}
    assert found(moored()) == {}
    assert found(under_way(sog_kn=None, cog_deg=None)) == {}


# --- fixed position -------------------------------------------------------------------------------------------


def test_fixed_position():
    event = found(moored(sog_kn=11.0))["fixed_position"]
    assert "SOG said 11.0 kn" in event["evidence"]
    assert event["n_positions_a"] == 240
    assert event["flags"] == ""


def test_fixed_position_negative():
    """At rest and saying so; or saying otherwise for minutes only."""
    short = join(moored(hours=0.3, sog_kn=11.0), moored(hours=8.0).slice(7))
    assert "fixed_position" not in found(short)
    assert "fixed_position" not in found(moored(sog_kn=0.4))


@pytest.mark.parametrize("decimals", [1, 2, 3, 4])
def test_fixed_position_noisy(decimals):
    """Rounded coordinates stand still for minutes while a ship moves; those of a ship at anchor do for ever."""
    t = np.arange(0, 12, 0.1)
    slow = at(t, t * 3.2 * 1852, 0 * t, decimals=decimals, sog_kn=3.2)
    if decimals > 1:  # a tenth of a degree is 9.5 km: more than an hour at this speed
        assert "fixed_position" not in found(slow)
    assert "fixed_position" not in found(at(t, 0 * t, 0 * t, decimals=decimals, sog_kn=0.1, nav_status=0))


# --- speed ----------------------------------------------------------------------------------------------------


def test_speed_contradicted():
    event = found(under_way(knots=14.0, sog_kn=4.0))["speed_contradicted"]
    assert "SOG said 4.0 kn" in event["evidence"]


def test_speed_contradicted_negative():
    assert "speed_contradicted" not in found(under_way(knots=14.0, sog_kn=11.0))
    # 0 throughout stands for a source that gives no SOG.
    assert "speed_contradicted" not in found(under_way(knots=14.0, sog_kn=0.0))


def test_speed_contradicted_noisy():
    """A few wrong values, and a boat that turns about: the straight line is shorter than its way, never longer."""
    n = under_way().num_rows
    sog = np.where(np.arange(n) % 5 == 0, 0.0, 10.0)
    assert "speed_contradicted" not in found(under_way(sog_kn=sog))
    t = np.arange(0, 6, 0.01)
    assert (
        found(at(t, 150 * np.sin(t * 60), 150 * np.cos(t * 60), sog_kn=4.9, cog_deg=(t * 60 * 57.3 + 90) % 360)) == {}
    )


# --- rings ----------------------------------------------------------------------------------------------------


def ring(hours: float = 6.0, radius_m: float = 300.0, every_h: float = 0.02, rate: float = 9.0, seed: int = 3, **said):
    """Positions on a circle, ``rate`` radians an hour, with the course along it."""
    t = np.arange(0, hours, every_h)
    noise = np.random.default_rng(seed).normal(0, 3.0, (t.size, 2))
    angle = rate * t
    said = {"sog_kn": rate * radius_m / 1852, "cog_deg": np.degrees(angle + np.pi / 2) % 360, **said}
    return at(t, radius_m * np.sin(angle) + noise[:, 0], radius_m * np.cos(angle) + noise[:, 1], **said)


def test_ring_that_speed_contradicts():
    """As off Shanghai in 2019: a ship at a berth on a circle, at a speed of 20 to 30 kn."""
    event = found(ring(sog_kn=24.0))["ring"]
    assert "a circle of 300 m" in event["evidence"]
    assert "SOG says 24.0 kn" in event["evidence"]


def test_ring_that_course_contradicts():
    event = found(ring(every_h=0.08, rate=60.0, radius_m=500.0, cog_deg=10.0))
    assert "by COG" in event["ring"]["evidence"]


def test_ring_negative():
    """A boat that really goes round says so: its speed and course are those of the circle."""
    assert "ring" not in found(ring())
    assert "ring" not in found(ring(rate=60.0, radius_m=300.0))


def test_ring_noisy():
    """A ship that swings at its anchor with the tide, one that drifts to and fro, and one that searches in squares."""
    t = np.arange(0, 24, 0.05)
    angle = np.pi * np.sin(2 * np.pi * t / 12.4)
    swing = at(t, 250 * np.sin(angle), 250 * np.cos(angle), sog_kn=0.3, cog_deg=np.degrees(angle) % 360)
    assert found(swing) == {}
    leg = np.floor(t * 4) % 4
    east, north = (
        np.where(leg % 2 == 0, 2000.0, -2000.0) * (t * 4 % 1),
        np.where(leg < 2, 1500.0, -1500.0) * (t * 4 % 1),
    )
    assert "ring" not in found(at(t, east, north, sog_kn=6.0, cog_deg=leg * 90))


# --- too smooth -----------------------------------------------------------------------------------------------


def test_too_smooth():
    event = found(boat(MMSI, [(0, 0, 0), (8, 8 * 22224, 30_000)], every_s=120, sog_kn=12.3))["too_smooth"]
    assert "even straight motion" in event["evidence"]
    assert event["duration_h"] > 7


@pytest.mark.parametrize("origin", [(1.0, 104.0), (60.0, -179.99), (-45.0, 10.0)])
def test_too_smooth_anywhere(origin):
    assert "too_smooth" in found(boat(MMSI, [(0, 0, 0), (6, 6 * 30_000, 0)], every_s=120, origin=origin))
    five = boat(MMSI, [(0, 0, 0), (6, 6 * 30_000, 0)], every_s=120, origin=origin)
    for name in ("lat_deg", "lon_deg"):
        column = five.schema.get_field_index(name)
        five = five.set_column(column, five.schema.field(name), pa.array(np.round(five.column(name).to_numpy(), 5)))
    assert "too_smooth" in found(five)


def test_too_smooth_negative():
    """A ship on autopilot; GNSS noise of a metre or two alone; two hours without noise; a hull that lies still."""
    assert found(under_way()) == {}
    assert "too_smooth" not in found(boat(MMSI, [(0, 0, 0), (8, 8 * 22224, 0)], every_s=120, noise_m=2.0))
    assert "too_smooth" not in found(boat(MMSI, [(0, 0, 0), (2, 2 * 22224, 0)], every_s=120))
    assert "too_smooth" not in found(boat(MMSI, [(0, 0, 0), (12, 0, 0)], every_s=120))


def test_too_smooth_noisy():
    """An export that fills gaps with straight lines does so for all: the source, not the ship."""
    drawn = [boat(MMSI + k, [(0, 0, 9000 * k), (8, 8 * 22224, 9000 * k)], every_s=120) for k in range(12)]
    events = [event for event in events_of(*drawn) if event["subtype"] == "too_smooth"]
    assert len(events) == 12
    assert all("common" in event["flags"] for event in events)
    # A report in ten minutes is too few to say.
    assert "too_smooth" not in found(boat(MMSI, [(0, 0, 0), (8, 8 * 22224, 0)], every_s=600))


# --- on land --------------------------------------------------------------------------------------------------


def inland_trip(mmsi: int = MMSI, seed: int = 1) -> pa.Table:
    """A hull at sea for a day, then for three hours far inland."""
    sea = under_way(hours=24, seed=seed, mmsi=mmsi)
    t = np.arange(24.2, 27.2, 0.05)
    land = at(t, wander(t.size, seed)[:, 0], 0 * t, mmsi=mmsi, origin=(32.0, 116.5))
    return join(sea, land)


def test_on_land():
    events = [event for event in events_of(inland_trip()) if event["subtype"] == "on_land"]
    assert len(events) == 1
    assert "km from the sea" in events[0]["evidence"]
    assert events[0]["lat_deg"] == pytest.approx(32.0, abs=0.1)


def test_on_land_negative():
    """At sea; in a harbour that the shoreline does not know; on a great lake."""
    assert found(under_way(hours=24)) == {}
    t = np.arange(0, 24, 0.05)
    assert "on_land" not in found(join(under_way(hours=24), at(t + 25, 0 * t, 0 * t, origin=NAMPO)))
    assert "on_land" not in found(join(under_way(), at(t + 400, 0 * t, 0 * t, origin=(42.0, 51.0))))


def test_on_land_noisy():
    """A river shows by its traffic, and a barge that never sees the sea is no seagoing ship."""
    fleet = [inland_trip(MMSI + k, seed=k) for k in range(5)]
    assert [event for event in events_of(*fleet) if event["subtype"] == "on_land"] == []
    t = np.arange(0, 24, 0.05)
    barge = at(t, t * 9000, wander(t.size)[:, 0], origin=(32.0, 116.5), sog_kn=4.9)
    assert found(barge) == {}


# --- jumps ----------------------------------------------------------------------------------------------------


def split(first, second):
    """One number heard in two places: lists of (from hour, to hour) here, and 300 km away."""
    here = [under_way(hours=end - begin, seed=1) for begin, end in first]
    pieces = [shifted(table, begin) for table, (begin, _) in zip(here, first, strict=True)]
    away = [under_way(hours=end - begin, seed=2) for begin, end in second]
    pieces += [shifted(table, begin, north_deg=2.7) for table, (begin, _) in zip(away, second, strict=True)]
    return join(*pieces)


def shifted(table: pa.Table, hours: float, north_deg: float = 0.0) -> pa.Table:
    """The same reports later and further north (and, as the ship goes on, further east)."""
    time = table.column("time").cast(pa.int64()).to_numpy() + round(hours * 3.6e9)
    columns = {name: table.column(name) for name in table.column_names}
    columns["time"] = pa.array(time, pa.timestamp("us", "UTC"))
    columns["lat_deg"] = table.column("lat_deg").to_numpy() + north_deg
    columns["lon_deg"] = table.column("lon_deg").to_numpy() + hours * 10.0 * 1852 / 95_500
    return pa.table(columns, schema=table.schema)


def test_shared_mmsi():
    event = found(split([(0, 12)], [(0.01, 12)]))["shared_mmsi"]
    assert event["vessel_a"] < event["vessel_b"]
    assert event["mmsi_a"] == event["mmsi_b"] == MMSI
    assert "heard in turn" in event["evidence"]


def test_shared_mmsi_negative():
    assert found(under_way(mmsi=MMSI), under_way(mmsi=MMSI + 1, seed=2)) == {}
    # Class A and class B of one hull, a few metres apart, under one number.
    a, b = under_way(transceiver="A"), under_way(seed=1, transceiver="B")
    assert found(a, shifted(b, 0.005)) == {}


@pytest.mark.parametrize("ends", [("1", "2"), ("20240301", "20240302"), ("IMO9074729", "IMO9319466")])
def test_ids_of_the_users_own_with_a_hash_are_two_ships(ends):
    """Also where they look like the names of hulls that cleaning has told apart."""
    one = boat(MMSI, [(0, 0, 0), (30, 100_000, 0)], every_s=600, noise_m=4, vessel_id=f"NYK#{ends[0]}")
    two = boat(MMSI + 1, [(0, 0, 0), (30, 0, 90_000)], every_s=600, offset_s=70, origin=(40.0, -30.0), noise_m=4,
               vessel_id=f"NYK#{ends[1]}")  # fmt: skip
    assert found(one, two) == {}


def test_two_hulls_on_an_id_without_any_mmsi_are_told():
    hulls = split([(0, 12)], [(0.01, 12)])
    rows = [row | {"mmsi": None, "vessel_id": "X"} for row in hulls.to_pylist()]
    event = found(pa.Table.from_pylist(rows, hulls.schema))["shared_mmsi"]
    assert event["vessel_a"].startswith("X#")
    assert event["vessel_b"].startswith("X#")
    assert event["mmsi_a"] is None


@pytest.mark.parametrize("taken", [False, True])
def test_two_hulls_on_one_id_of_the_users_own_with_a_hash_are_told(taken):
    """Where an id in the data is one of the names that the two would get, that one gets another."""
    hulls = [
        boat(MMSI, [(0, 0, 0), (30, 100_000, 0)], every_s=600, offset_s=70 * k, origin=origin, noise_m=4,
             vessel_id="NYK#1", imo=imo)
        for k, (origin, imo) in enumerate([((31.0, 124.0), 9074729), ((40.0, -30.0), 9297096)])
    ]  # fmt: skip
    others = [boat(MMSI + 2, [(60, 0, 0), (61, 0, 0)], vessel_id="NYK#1#IMO9074729")] if taken else []
    told = [event for event in events_of(*hulls, *others) if event["subtype"] == "shared_mmsi"]
    assert [(event["vessel_a"], event["vessel_b"]) for event in told] == [
        ("NYK#1#IMO9074729" + "~" * taken, "NYK#1#IMO9297096")
    ]


def test_parts_of_one_track_under_two_labels_are_no_two_hulls():
    """Cleaning may deal one ship's fixes out to two hulls, once a garbled place was believed between long silences."""

    def dealt(*hours, garbled=()):
        pieces = [
            shifted(under_way(hours=6.0, seed=k, vessel_id=f"{MMSI}#{'ab'[k % 2] * 8}"), begin)
            for k, begin in enumerate(hours)
        ]
        rng = np.random.default_rng(7)
        for hour in garbled:
            lat, lon = 33 + rng.uniform(0, 2), 124 + hour / 5 + rng.uniform(-1, 1)
            pieces.append(positions(MMSI, [us(hour)], lat, lon, vessel_id=f"{MMSI}#{'b' * 8}", sog_kn=10.0))
        return join(*pieces)

    assert found(dealt(0, 9, 18, 27, 36, 45, 54)) == {}
    assert found(dealt(0, 9, 18)) == {}
    assert found(dealt(0, 9, 18, 27, 36, 45, 54, garbled=(3.03, 4.03, 21.03, 39.03, 57.03))) == {}
    assert found(dealt(0, garbled=(3.03,))) == {}


def test_jump_and_return():
    event = found(split([(0, 3), (3.5, 8)], [(3.05, 3.45)]))["jump_and_return"]
    assert "back on the old track" in event["evidence"]


def test_jump_and_return_of_single_positions():
    hull = under_way()
    lat, lon = np.full(4, 33.7), np.full(4, 124.0)
    there = positions(MMSI, [us(h) for h in (2.01, 4.01, 6.01, 8.01)], lat, lon)
    event = found(hull, there)["jump_and_return"]
    assert "4 positions 303 km away, all in one place" in event["evidence"]


def test_jump_and_return_negative():
    """A bit garbled on the way sets a single position anywhere; so do several, each elsewhere."""
    rng = np.random.default_rng(4)
    strays = [positions(MMSI, [us(h)], rng.uniform(-60, 60), rng.uniform(-180, 180)) for h in (1.01, 3.01, 5.01, 7.01)]
    assert found(under_way(), *strays) == {}
    # Within 300 km, and days apart: any two of them could be one hull's.
    month = under_way(hours=240)
    near = [
        positions(MMSI, [us(h)], 31 + rng.uniform(1, 3), 124 + h / 5 + rng.uniform(-1, 1)) for h in range(3, 230, 19)
    ]
    assert found(month, *near) == {}
    assert found(under_way(), positions(MMSI, [us(2.01), us(4.01)], 33.7, 124.0)) == {}


def test_jump():
    event = found(join(under_way(hours=5), shifted(under_way(hours=5, seed=2), 5.2, north_deg=3.0)))["jump"]
    assert "and then there" in event["evidence"]


def test_jump_negative():
    """A long silence allows any way; a hull of few fixes shows nothing."""
    assert found(join(under_way(hours=5), shifted(under_way(hours=5, seed=2), 30.0, north_deg=3.0))) == {}


# --- jamming --------------------------------------------------------------------------------------------------


def fleet_jammed(n: int) -> list[pa.Table]:
    """Ships near by that all stand on one spot for two hours, by their own word under way at 10 kn."""
    tables = []
    for k in range(n):
        before = at(
            np.arange(0, 5, 0.05), wander(100, k)[:, 0], 4000.0 * k + 0 * np.arange(100), mmsi=MMSI + k, sog_kn=0.2
        )
        t = np.arange(5.05, 8, 0.05)
        stuck = at(
            t, 3000 + np.random.default_rng(k).normal(0, 3, t.size), 4000.0 * k + 0 * t, mmsi=MMSI + k, sog_kn=10.0
        )
        tables.append(join(before, stuck))
    return tables


def test_many_ships_near_by_in_the_same_hour_are_jamming():
    alone = found(*fleet_jammed(1))["fixed_position"]
    assert alone["flags"] == ""
    two = [event for event in events_of(*fleet_jammed(2)) if event["subtype"] == "fixed_position"]
    assert [event["flags"] for event in two] == ["", ""]
    many = [event for event in events_of(*fleet_jammed(6)) if event["subtype"] == "fixed_position"]
    assert len(many) == 6
    assert all("jamming" in event["flags"] for event in many)


def test_ships_far_from_each_other_are_not_jammed():
    spread = [shifted(table, 0.0, north_deg=3.0 * k) for k, table in enumerate(fleet_jammed(5))]
    events = [event for event in events_of(*spread) if event["subtype"] == "fixed_position"]
    assert [event["flags"] for event in events] == [""] * 5
