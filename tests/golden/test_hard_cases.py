"""The fifteen hard cases of the design, each by its number; 13 to 15 go on in `test_hard_cases_silent`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.kernels.choice import why_no_loops
from stsdetect.settings import CleanSettings, load_settings
from stsdetect.tracks import build_tracks
from tests.builders import (
    START,
    TANKER,
    boat,
    encounters_of,
    events_of,
    hours_of,
    join,
    place,
    positions,
    us,
)

A, B, C = 440000001, 440000002, 273000003


def alongside(until: float = 6.0, apart_m: float = 20.0, **options):
    """A waits from hour 0; B arrives at hour 1, lies alongside until ``until`` and leaves."""
    a = boat(A, [(0, 0, 0), (until + 2, 0, 0)], **options)
    far = 30_000.0
    b = boat(
        B,
        [(0, far, apart_m), (1, 0, apart_m), (until, 0, apart_m), (until + 1, far, apart_m), (until + 2, 2 * far, 0)],
        **{**options, "offset_s": 25.0},
    )
    return a, b


def test_01_contact_across_midnight_and_a_file_boundary():
    a, b = alongside(until=16.0)
    whole = encounters_of(a, b)
    assert len(whole) == 1
    assert whole[0]["start_time"].day == 1
    assert whole[0]["end_time"].day == 2
    cut = encounters_of(a, b, run={"partition_s": 3600.0})
    assert cut == whole


def test_02_no_contact_before_the_first_or_after_the_last_fix():
    a = boat(A, [(0, 0, 0), (10, 0, 0)])
    b = boat(B, [(2, 0, 30), (5, 0, 30)])
    (event,) = encounters_of(a, b)
    assert hours_of(event) == (2.0, 5.0)


def test_03_silence_is_not_contact():
    a = boat(A, [(0, 0, 0), (10, 0, 0)])
    b = boat(B, [(0, 0, 30), (10, 0, 30)], silent=[(0.5, 9.5)])
    assert encounters_of(a, b) == []
    both = boat(A, [(0, 0, 0), (10, 0, 0)], silent=[(0.5, 9.5)])
    assert encounters_of(both, b) == []


@pytest.mark.parametrize("lon", [180.0, -180.0, 179.999, -179.9999])
def test_04_the_antimeridian(lon):
    origin = (52.0, lon)
    a = boat(A, [(0, -3000, 0), (5, 3000, 0)], origin=origin)
    b = boat(B, [(0, -3000, 40), (5, 3000, 40)], origin=origin)
    (event,) = encounters_of(a, b)
    assert hours_of(event) == (0.0, 5.0)
    assert abs(abs(event["lon_deg"]) - 180.0) < 0.01
    assert event["min_distance_m"] == pytest.approx(40.0, abs=0.1)


@pytest.mark.parametrize("lat", [0.0, 60.0, 85.0, -85.0, 89.99])
def test_05_cell_edges_and_high_latitude(lat):
    for east in np.linspace(0, 1000, 7):
        origin = (lat, 37.0)
        a = boat(A, [(0, east, 0), (3, east, 0)], origin=origin, every_s=300)
        b = boat(B, [(0, east + 480, 0), (3, east + 480, 0)], origin=origin, every_s=300)
        (event,) = encounters_of(a, b)
        assert event["min_distance_m"] == pytest.approx(480.0, abs=0.2)
        outside = boat(B, [(0, east + 502, 0), (3, east + 502, 0)], origin=origin, every_s=300)
        assert encounters_of(a, outside) == []


def test_06_vessels_that_follow_one_lane_minutes_apart():
    speed_m_h = 4.5 * 1852
    a = boat(A, [(0, 0, 0), (8, 8 * speed_m_h, 0)], noise_m=5)
    b = boat(B, [(0, -450, 0), (8, 8 * speed_m_h - 450, 0)], noise_m=5)
    slower = boat(C, [(0, -700, 0), (8, 8 * speed_m_h - 700, 0)], noise_m=5)
    assert encounters_of(a, b, slower) == []


def test_07_convoy_and_tow_are_not_transfers_but_side_by_side_under_way_is():
    knots_4 = 4 * 1852
    for knots, gap_m in ((10, 300), (4.5, 320)):
        lead = boat(A, [(0, 0, 0), (4, 4 * knots * 1852, 0)], **TANKER, heading_deg=90)
        tail = boat(B, [(0, -gap_m, 5), (4, 4 * knots * 1852 - gap_m, 5)], **TANKER, heading_deg=90)
        assert encounters_of(lead, tail) == []
    tug = boat(A, [(0, 0, 0), (4, 4 * knots_4, 0)], ship_type=52, length_m=30, width_m=9)
    barge = boat(B, [(0, -150, 10), (4, 4 * knots_4 - 150, 10)], length_m=80, width_m=20)
    assert encounters_of(tug, barge) == []
    one = boat(A, [(0, 0, 0), (4, 4 * knots_4, 0)], noise_m=4, **TANKER, heading_deg=90)
    two = boat(B, [(0, 0, 16), (4, 4 * knots_4, 16)], noise_m=4, **TANKER, heading_deg=91)
    (event,) = encounters_of(one, two)
    assert event["subtype"] == "under_way"
    assert event["duration_h"] > 3.9
    assert event["hull_gap_min_m"] < 60
    assert 3.5 < event["median_speed_kn"] < 4.5


def test_07b_an_escort_that_also_travels_together_is_marked():
    fast = 10 * 1852
    path = [(0, 0, 0), (2, 2 * fast, 0), (4, 2 * fast, 0), (6, 4 * fast, 0)]
    a = boat(A, path)
    b = boat(B, [(t, e, 80.0) for t, e, _ in path])
    (event,) = encounters_of(a, b)
    assert "moved_together" in event["flags"]


@pytest.mark.parametrize("sog", [None, 3.5, 0.0])
def test_08_null_or_noisy_sog_and_course_at_rest(sog):
    options = {"noise_m": 8.0, "cog_deg": 222.2}
    if sog is not None:
        options["sog_kn"] = sog
    a, b = alongside(**options)
    (event,) = encounters_of(a, b)
    start, end = hours_of(event)
    assert start == pytest.approx(1.0, abs=0.15)
    assert end == pytest.approx(6.0, abs=0.15)
    assert event["subtype"] == "stationary"


@pytest.mark.parametrize("minutes", [3, 14, 40, 90, 119])
def test_09_both_stopped_and_heard_seldom_and_never_together(minutes):
    a = boat(A, [(0, 0, 0), (20, 0, 0)], every_s=minutes * 60, noise_m=5)
    b = boat(B, [(0, 0, 60), (20, 0, 60)], every_s=minutes * 60 * 0.97, offset_s=minutes * 23, noise_m=5)
    (event,) = encounters_of(a, b)
    assert event["duration_h"] > 15
    if minutes > 15:
        assert event["observed_min"] == 0
        assert event["inferred_min"] > 15 * 60
    else:
        assert event["inferred_min"] == 0


def test_09d_a_slow_drift_past_a_vessel_lying_still_is_no_meeting():
    """Heard 926 m before and 926 m after: near only between its fixes, however often the other is heard."""
    a = boat(A, [(0, -2778, 0), (6, 2778, 0)], every_s=7200, sog_kn=0.5)
    for every in (600, 3000, 7200):
        b = boat(B, [(0, 0, 40), (6, 0, 40)], every_s=every)
        assert encounters_of(a, b) == []


def test_09e_two_that_drift_together_met_however_seldom_heard():
    """Tide sets both 1.2 kn to the east, a mile and more between the fixes of one and those of the other."""
    rate = 1.2 * 1852
    a = boat(A, [(0, 0, 0), (10, 10 * rate, 0)], every_s=100 * 60)
    b = boat(B, [(0, 0, 40), (10, 10 * rate, 40)], every_s=100 * 60, offset_s=50 * 60)
    (event,) = encounters_of(a, b)
    assert event["inferred_min"] > 8 * 60


def test_09b_beyond_two_hours_nothing_is_inferred():
    a = boat(A, [(0, 0, 0), (20, 0, 0)], every_s=125 * 60)
    b = boat(B, [(0, 0, 60), (20, 0, 60)], every_s=60)
    assert encounters_of(a, b) == []


def test_09c_the_coarse_long_range_position_never_gives_contact():
    a = boat(A, [(0, 0, 0), (6, 0, 0)], message_type=27)
    b = boat(B, [(0, 0, 60), (6, 0, 60)])
    assert encounters_of(a, b) == []
    kinds = {event["kind"] for event in events_of(a, b)}
    assert "loitering" in kinds


def test_10_one_mmsi_on_two_hulls_is_two_vessels():
    one = boat(A, [(0, 0, 0), (6, 0, 0)], imo=9074729)
    two = boat(A, [(0, 200_000, 0), (6, 200_000, 0)], offset_s=30, imo=8187658)
    partner = boat(B, [(0, 200_000, 40), (6, 200_000, 40)])
    tracks = build_tracks(join(one, two, partner))
    hulls = set(tracks.fixes.column("vessel").to_pylist())
    assert hulls == {f"{A:09d}#IMO9074729", f"{A:09d}#IMO8187658", str(B)}
    (event,) = encounters_of(one, two, partner)
    assert {event["vessel_a"], event["vessel_b"]} == {f"{A}#IMO8187658", str(B)}


def test_10b_two_transponders_on_one_hull_and_a_vessel_with_itself():
    one = boat(A, [(0, 0, 0), (6, 0, 0)], imo=9074729, name="SEA STAR", callsign="HPXY")
    other = boat(B, [(0, 0, 12), (6, 0, 12)], imo=9074729)
    assert encounters_of(one, other) == []
    named = boat(B, [(0, 0, 12), (6, 0, 12)], name="SEA STAR", callsign="HPXY")
    assert encounters_of(one, named) == []
    assert encounters_of(one, one) == []


#: Of the case of a copied identity: 230 m long, the antenna aft, name and call sign those of the other.
COPY = {
    "to_bow_m": 200, "to_stern_m": 30, "to_port_m": 16, "to_starboard_m": 16, "ship_type": 80, "name": "SEA STAR",
    "callsign": "HPXY",
}  # fmt: skip


@pytest.mark.parametrize(
    ("own", "partner", "apart_m"),
    [
        ({"imo": 9074729}, {"imo": 9297096}, 385),
        ({"imo": 9074729}, {"imo": 9297096}, 45),
        ({"imo": 9074729}, {}, 385),
        ({}, {}, 385),
    ],
    ids=["two IMO numbers", "two IMO numbers, alongside", "one IMO number, hulls apart", "none, hulls apart"],
)
def test_10b_a_copied_name_and_call_sign_hide_no_meeting(own, partner, apart_m):
    """Two hulls of 80 m and 230 m: that both say the same words is what is looked for, not one hull heard twice."""
    a = boat(A, [(0, 0, 0), (6, 0, 0)], noise_m=3, name="SEA STAR", callsign="HPXY", **TANKER, **own)
    b = boat(B, [(0, 0, apart_m), (6, 0, apart_m)], noise_m=3, **COPY, **partner)
    (event,) = encounters_of(a, b)
    assert hours_of(event) == (0.0, 6.0)


def test_10b_one_name_and_call_sign_stay_one_vessel_where_nothing_says_two():
    """Hulls that may overlap; one who tows and what is towed; what travels together on a line."""
    a = boat(A, [(0, 0, 0), (6, 0, 0)], noise_m=3, name="SEA STAR", callsign="HPXY", imo=9074729, **TANKER)
    near = boat(B, [(0, 0, 45), (6, 0, 45)], noise_m=3, **COPY)
    placeholder = boat(B, [(0, 0, 45), (6, 0, 45)], noise_m=3, imo=1234567, **COPY)
    assert encounters_of(a, near) == []
    assert encounters_of(a, placeholder) == []
    words = {"name": "SEA STAR", "callsign": "HPXY", "width_m": 9}
    tug = boat(A, [(0, 0, 0), (6, 0, 0)], ship_type=52, length_m=30, **words)
    barge = boat(B, [(0, 0, 300), (6, 0, 300)], length_m=80, **words)
    assert encounters_of(tug, barge) == []
    way_m = 2 * 7 * 1852
    lead = boat(A, [(0, 0, 0), (2, way_m, 0), (6, way_m, 0)], length_m=30, **words)
    tail = boat(B, [(0, -250, 0), (2, way_m - 250, 0), (6, way_m - 250, 0)], length_m=80, **words)
    assert encounters_of(lead, tail) == []


def test_10b_two_ships_that_type_one_placeholder_do_meet():
    """1234567 has the right check digit of an IMO number by chance, and many crews type it."""
    one, other = (boat(n, [(0, k, 0), (6, k, 0)], imo=1234567) for n, k in ((A, 0.0), (B, 60.0)))
    assert len(encounters_of(one, other)) == 1


def test_10c_stray_old_positions_do_not_split_a_hull():
    path = boat(A, [(0, 0, 0), (1, 15_000, 0), (5, 15_000, 0)])
    lat, lon = place((31.0, 124.0), [15_000.0], [0.0])
    stray = positions(A, [us(0)], lat, lon)
    tracks = build_tracks(join(path, stray))
    assert set(tracks.fixes.column("vessel").to_pylist()) == {str(A)}
    assert tracks.segments.num_rows == 1
    assert tracks.quality_counts["teleport"] == 1


def identities_of(*tables: pa.Table) -> dict[str, dict[str, object]]:
    """Identity events by the test that failed."""
    return {event["subtype"]: event for event in events_of(*tables) if event["kind"] == "identity"}


def test_10d_two_hulls_on_one_number_are_told_and_two_transponders_on_one_hull_are_not():
    one = boat(A, [(0, 0, 0), (6, 0, 0)], imo=9074729)
    two = boat(A, [(0, 200_000, 0), (6, 200_000, 0)], offset_s=30, imo=8187658)
    told = identities_of(one, two)
    assert set(told) == {"shared_mmsi"}
    assert told["shared_mmsi"]["mmsi_a"] == told["shared_mmsi"]["mmsi_b"] == A
    far = boat(B, [(0, 200_000, 0), (6, 200_000, 0)], imo=9074729)
    assert set(identities_of(one, far)) == {"shared_imo"}
    beside = boat(B, [(0, 12, 0), (6, 12, 0)], imo=9074729)
    assert identities_of(one, beside) == {}


def test_11_a_crowded_anchorage_keeps_its_events_and_neighbours_at_1_km_are_none():
    boats = [boat(440000100 + k, [(0, 1000 * k, 0), (6, 1000 * k, 0)], every_s=180, noise_m=10) for k in range(6)]
    assert encounters_of(*boats) == []
    close = boat(440000200, [(0, 300, 0), (6, 300, 0)], every_s=180, noise_m=10)
    assert len(encounters_of(*boats, close)) == 1


def test_12_hull_size_and_antenna_offset():
    # Head to tail: antennas are 92 m apart though the hulls lie 4 m apart over their full length.
    a = boat(A, [(0, 0, 0), (5, 0, 0)], **TANKER, heading_deg=0)
    b = boat(B, [(0, 16, 40), (5, 16, 40)], **TANKER, heading_deg=180)
    (event,) = encounters_of(a, b)
    assert event["hull_gap_source"] == "dimensions"
    assert event["hull_gap_min_m"] <= 4.0 <= event["hull_gap_max_m"] <= 25.0
    assert event["heading_alignment"] == pytest.approx(1.0)
    # The same antennas with the bow the other way lie 40 m further apart.
    c = boat(B, [(0, 16, 105), (5, 16, 105)], **TANKER, heading_deg=0)
    (far,) = encounters_of(a, c)
    assert far["hull_gap_min_m"] > 5.0
    unknown = boat(B, [(0, 16, 40), (5, 16, 40)], length_m=80, width_m=12)
    (event,) = encounters_of(a, unknown)
    assert event["hull_gap_source"] == "size"
    assert event["hull_gap_min_m"] == 0.0
    assert event["hull_gap_max_m"] >= 4.0


def test_12b_three_vessels_alongside_give_three_meetings():
    rafts = [boat(440000001 + k, [(0, 20 * k, 0), (4, 20 * k, 0)]) for k in range(3)]
    found = encounters_of(*rafts)
    assert len({(e["vessel_a"], e["vessel_b"]) for e in found}) == 3


def test_13_a_gap_says_only_that_nothing_was_heard():
    a = boat(A, [(0, 0, 0), (24, 100_000, 0)], silent=[(5, 15)], every_s=600)
    gaps = [event for event in events_of(a) if event["kind"] == "gap"]
    (gap,) = gaps
    assert gap["subtype"] == "silence"
    assert hours_of(gap) == (5.0, 15.0)
    assert gap["observed_min"] == gap["inferred_min"] == 0
    assert gap["implied_speed_kn"] == pytest.approx(100_000 / 24 / 1852, rel=0.01)
    assert not gap["is_open"]


def test_13c_a_vessel_heard_without_a_position_was_not_silent():
    a = boat(A, [(0, 0, 0), (24, 100_000, 0)], silent=[(5, 15)], every_s=600)
    lost = positions(A, [us(h) for h in np.arange(5.5, 14.5, 0.1)], 91.0, 181.0)
    (gap,) = [event for event in events_of(a, lost) if event["kind"] == "gap"]
    assert gap["flags"] == "heard_without_position"
    elsewhen = positions(A, [us(2), us(20)], 91.0, 181.0)
    (gap,) = [event for event in events_of(a, elsewhen) if event["kind"] == "gap"]
    assert gap["flags"] == ""


def test_13b_short_silences_are_kept_and_the_end_of_data_leaves_a_gap_open():
    a = boat(A, [(0, 0, 0), (10, 0, 0)], silent=[(1, 4)], every_s=600)
    b = boat(B, [(0, 90_000, 0), (3, 90_000, 0)], every_s=600)
    gaps = {event["vessel_a"]: event for event in events_of(a, b) if event["kind"] == "gap"}
    assert gaps[str(A)]["subtype"] == "short"
    assert gaps[str(B)]["is_open"]
    assert hours_of(gaps[str(B)]) == (3.0, 10.0)


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        ({3: [(10, 16)]}, {"dark"}),  # one of twelve
        ({k: [(10, 16)] for k in range(12)}, {"outage"}),
        ({k: [(3 * h, 3 * h + 2.7) for h in range(12)] for k in range(12)}, {"thin"}),  # ten minutes in three hours
    ],
)
def test_13d_a_silence_is_judged_by_who_else_was_heard(silent, expected):
    crowd = [
        boat(A + k, [(0, 1500 * k, 900 * k), (36, 1500 * k, 900 * k)], silent=silent.get(k, ()), every_s=180)
        for k in range(12)
    ]
    gaps = [event for event in events_of(*crowd) if event["kind"] == "gap"]
    assert gaps
    assert {gap["coverage"] for gap in gaps} == expected


def test_13e_a_lone_silence_in_an_empty_sea_cannot_be_judged():
    a = boat(A, [(0, 0, 0), (36, 0, 0)], silent=[(10, 16)], every_s=180)
    (gap,) = [event for event in events_of(a) if event["kind"] == "gap"]
    assert gap["coverage"] == "unknown"


def test_14_a_silence_of_both_is_two_gaps_and_no_contact():
    a = boat(A, [(0, 0, 0), (20, 0, 0)], silent=[(4, 14)], every_s=600)
    b = boat(B, [(0, 50_000, 0), (4, 10_000, 0), (14, 10_000, 0), (20, 50_000, 0)], silent=[(4, 14)], every_s=600)
    events = events_of(a, b)
    assert [event["kind"] for event in events].count("gap") == 2
    assert not [event for event in events if event["kind"] == "encounter"]


def test_15_teleports_sentinels_late_and_out_of_order_rows_change_nothing():
    a, b = alongside(until=6.0)
    clean = encounters_of(a, b)
    stray_lat, stray_lon = place((31.0, 124.0), [80_000.0, -120_000.0], [5_000.0, 0.0])
    junk = [
        positions(B, [us(2.001), us(3.001)], stray_lat, stray_lon),
        positions(A, [us(2.5)], 91.0, 181.0),
        positions(A, [us(2.6)], 0.0, 0.0),
        positions(A, [us(2.7)], 120.0, 10.0),
        positions(A, [us(2.8)], None, None, name="LATE"),
    ]
    table = join(a, b, *junk)
    shuffled = table.take(np.random.default_rng(3).permutation(table.num_rows))
    dirty = encounters_of(shuffled)
    keep = [key for key in clean[0] if key not in ("name_a",)]
    assert [{key: event[key] for key in keep} for event in dirty] == [
        {key: event[key] for key in keep} for event in clean
    ]
    counts = build_tracks(table).quality_counts
    assert counts["teleport"] == 2
    assert counts["no_position"] == 2
    assert counts["null_island"] == 1
    assert counts["impossible_position"] == 1


def test_15b_a_clock_set_wrong_does_not_stretch_the_data():
    a = boat(A, [(0, 0, 0), (40, 0, 0)], every_s=60)
    future = positions(B, [us(24 * 365)], 31.0, 124.0)
    events = events_of(a, future)
    assert max(event["end_time"] for event in events) < START.replace(day=10)
    assert not [event for event in events if event["kind"] == "gap"]


def test_15c_spoofed_circle_far_away_is_another_hull_and_meets_nobody():
    angle = np.linspace(0, 60, 361)
    lat, lon = place((38.0, 121.6), 1500 * np.cos(angle), 1500 * np.sin(angle))
    ring = positions(A, [us(h) for h in np.linspace(0, 6, 361)], lat, lon)
    true = boat(A, [(0, 0, 0), (6, 0, 0)], offset_s=20)
    tracks = build_tracks(join(true, ring))
    assert len(set(tracks.fixes.column("vessel").to_pylist())) == 2
    assert encounters_of(true, ring) == []


def test_15e_spoofed_positions_are_told_and_garbled_ones_are_not():
    hours = np.linspace(0, 6, 361)
    lat, lon = place((31.0, 124.0), 300 * np.cos(9 * hours), 300 * np.sin(9 * hours))
    ring = positions(A, [us(h) for h in hours], lat, lon, sog_kn=25.0)
    assert "a circle of 300 m" in str(identities_of(ring)["ring"]["evidence"])
    going_round = positions(A, [us(h) for h in hours], lat, lon, sog_kn=9 * 300 / 1852)
    assert identities_of(going_round) == {}
    true = boat(A, [(0, 0, 0), (9, 0, 0)], noise_m=5)
    stray_lat, stray_lon = place((31.0, 124.0), [80_000.0, -120_000.0], [5_000.0, 0.0])
    assert identities_of(true, positions(A, [us(2.001), us(5.001)], stray_lat, stray_lon)) == {}


def test_15d_draught_typed_by_hand_is_evidence_only_where_it_was_typed():
    table = join(
        boat(A, [(0, 0, 0), (5, 0, 0)], draught_m=6.0),
        boat(A, [(5.1, 0, 0), (9, 40_000, 0)], draught_m=4.5),
        boat(B, [(0, 0, 20), (9, 0, 20)]),
    )
    (event,) = encounters_of(table)
    assert event["draught_change_a_m"] == -1.5
    assert event["draught_before_b_m"] is None
    assert event["draught_change_b_m"] is None


def test_base_stations_aids_and_aircraft_are_no_vessels():
    vessel = boat(A, [(0, 0, 0), (5, 0, 0)])
    others = [boat(m, [(0, 0, 30), (5, 0, 30)]) for m in (2190064, 992191234, 111219501, 970123456)]
    assert encounters_of(vessel, *others) == []
    marked = boat(B, [(0, 0, 30), (5, 0, 30)], station="base")
    assert encounters_of(vessel, marked) == []


def test_settings_reach_the_detectors():
    a, b = alongside(until=3.0)
    assert len(encounters_of(a, b, encounters={"min_duration_s": "90min"})) == 1
    assert encounters_of(a, b, encounters={"min_duration_s": "3h"}) == []
    assert load_settings(clean={"max_speed_kn": 40}).clean == CleanSettings(max_speed_kn=40)


def test_junk_identities_do_not_hide_a_meeting():
    for junk in ({"imo": 1}, {"imo": 1234560}, {"name": "FISHING", "callsign": "0"}):
        a = boat(A, [(0, 0, 0), (3, 0, 0)], **junk)
        b = boat(B, [(0, 0, 50), (3, 0, 50)], **junk)
        assert len(encounters_of(a, b)) == 1


def test_coarse_reports_beside_precise_ones_take_nothing_away():
    options = {"every_s": 60.0, "noise_m": 3.0}
    a, b = boat(A, [(0, 0, 0), (3, 0, 0)], **options), boat(B, [(0, 0, 50), (3, 0, 50)], **options)
    coarse = boat(A, [(0, 150, 90), (3, 150, 90)], every_s=60.0, offset_s=59.5, message_type=27)
    (plain,) = encounters_of(a, b)
    (mixed,) = encounters_of(a, b, coarse)
    assert {k: mixed[k] for k in ("start_time", "end_time", "observed_min")} == {
        k: plain[k] for k in ("start_time", "end_time", "observed_min")
    }


def test_a_vessel_known_by_an_id_and_by_its_mmsi_does_not_meet_itself():
    own = boat(A, [(0, 0, 0), (3, 0, 0)], vessel_id=["V1"] * 181)
    first_without = own.set_column(
        own.schema.get_field_index("mmsi"), own.schema.field("mmsi"), pa.array([None] + [A] * 180, pa.int64())
    )
    other = boat(A, [(0, 0, 10), (3, 0, 10)], offset_s=20)
    assert encounters_of(first_without, other) == []


def test_a_source_id_that_looks_like_a_name_made_here_stays_apart():
    one = boat(A, [(0, 0, 0), (6, 0, 0)], imo=9074729)
    two = boat(A, [(0, 200_000, 0), (6, 200_000, 0)], offset_s=30, imo=8187658)
    named = boat(B, [(0, 0, 90_000), (6, 0, 90_000)], vessel_id=f"{A}#IMO9074729")
    tracks = build_tracks(join(one, two, named))
    assert len(set(tracks.fixes.column("vessel").to_pylist())) == 3
    loitering = [event for event in events_of(one, two, named) if event["kind"] == "loitering"]
    assert len({event["vessel_a"] for event in loitering}) == len(loitering) == 3


def test_many_hulls_over_many_years_do_not_run_out_of_numbers():
    fleet = 3000
    crowd = positions(None, np.tile([us(0), us(1)], fleet), 10.0, np.repeat(np.linspace(-170, 170, fleet), 2))
    crowd = crowd.set_column(
        crowd.schema.get_field_index("mmsi"),
        crowd.schema.field("mmsi"),
        pa.array(np.repeat(np.arange(200_000_000, 200_000_000 + fleet), 2)),
    )
    old = [boat(A + 7, [(-24 * 365 * 50, 0, 0), (-24 * 365 * 50 + 1, 0, 0)], every_s=200)]
    a = join(boat(A, [(0, 0, 0), (1, 0, 0)], name="EARLY"), boat(A, [(1.02, 0, 0), (6, 0, 0)], name="LATER"))
    b = boat(B, [(2, 0, 50), (5, 0, 50)])
    (event,) = encounters_of(crowd, *old, a, b)
    assert (event["name_a"], event["n_positions_a"], event["n_positions_b"]) == ("LATER", 180, 181)


@pytest.mark.parametrize("compiled", ["never", "always"] if why_no_loops() is None else ["never"])
@pytest.mark.parametrize("half_hours", [1 << 18, 1 << 19])
def test_who_lay_at_one_place_decades_apart_did_not_meet(half_hours, compiled):
    """However long the time that is searched at once: time and place of a hull must fit into one number."""
    then = -half_hours / 2
    early = [boat(A, [(then, 0, 0), (then + 5, 0, 0)]), boat(A + 1, [(then, 9000, 0), (then + 5, 9000, 0)])]
    late = [boat(B, [(0, 0, 50), (5, 0, 50)]), boat(B + 1, [(0, 9000, 9000), (5, 9000, 9000)])]
    chosen = load_settings(run={"compiled": compiled, "partition_s": 60 * 366 * 86400})
    events = sts.detect(join(*early, *late), settings=chosen).events_table
    assert events.column("kind").to_pylist().count("loitering") == 4
    assert "encounter" not in events.column("kind").to_pylist()
    assert encounters_of(*early, *late, settings=chosen) == []
