"""Cleaning flags, shared identities, segments and identity history."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import SchemaError
from stsdetect.schema import FIXES, POSITIONS, SEGMENTS, VESSELS
from stsdetect.settings import CleanSettings
from stsdetect.tracks import QUALITY_MEANING, Quality, Reports, build_track_arrays, build_tracks
from stsdetect.tracks import rows as rows_room
from stsdetect.tracks.quality import PRECEDENCE
from tests.builders import START_US, boat, join, place, positions, us

A, B = 440000001, 440000002


def test_every_flag_has_a_meaning_and_a_place_in_the_precedence():
    assert set(QUALITY_MEANING) == set(Quality) == set(PRECEDENCE)


def test_empty_positions_give_empty_tables_with_every_column():
    tracks = build_tracks(POSITIONS.empty())
    assert tracks.fixes.schema == FIXES.arrow
    assert tracks.segments.schema == SEGMENTS.arrow
    assert tracks.vessels.schema == VESSELS.arrow
    assert tracks.quality_counts == {}


def test_positions_without_any_vessel_are_an_error_that_says_so():
    with pytest.raises(SchemaError, match="neither a vessel_id nor an mmsi"):
        build_tracks(positions(None, [us(0)], 1.5, 2.5))


def test_the_callers_table_is_not_changed():
    table = boat(A, [(0, 0, 0), (1, 0, 0)])
    frame = table.to_pandas()
    before = frame.copy(deep=True)
    build_tracks(frame)
    assert frame.equals(before)


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"lat": 91.0, "lon": 181.0}, "no_position"),
        ({"lat": None, "lon": None}, "no_position"),
        ({"lat": 95.0, "lon": 20.0}, "impossible_position"),
        ({"lat": 30.0, "lon": 200.0}, "impossible_position"),
        ({"lat": 0.0, "lon": 0.0}, "null_island"),
        ({"lat": 1.0, "lon": 1.0}, "null_island"),
        ({"station": "base"}, "not_a_vessel"),
        ({"message_type": 27}, "coarse"),
        ({"lat": 40.0, "lon": 150.0}, "teleport"),
    ],
)
def test_flags(change, flag):
    good = boat(A, [(0, 0, 0), (2, 0, 0)])
    odd = positions(A, [us(1.5) + 7_000_000], **{"lat": 31.0, "lon": 124.0, **change})
    counts = build_tracks(join(good, odd)).quality_counts
    assert counts == {"ok": good.num_rows, flag: 1}


def test_what_is_not_used_can_be_looked_at():
    good = boat(A, [(0, 0, 0), (2, 0, 0)])
    odd = positions(A, [us(1.5) + 7_000_000], 40.0, 150.0)
    (row,) = build_tracks(join(good, good, odd)).flagged.to_pylist()
    assert (row["vessel"], row["flag"], row["lat_deg"]) == (str(A), "teleport", 40.0)


def test_the_stronger_flag_wins():
    base_without_place = positions(2190064, [us(0)], 91.0, 181.0)
    assert build_tracks(base_without_place).quality_counts == {"no_position": 1}
    assert build_tracks(positions(2190064, [us(0)], 30.0, 120.0)).quality_counts == {"not_a_vessel": 1}


def test_repeats_are_flagged_once_each_and_near_repeats_thinned():
    base = boat(A, [(0, 0, 0), (1, 0, 0)], every_s=600)
    repeated = join(base, base, base)
    assert build_tracks(repeated).quality_counts == {"ok": 7, "repeat": 14}
    fast = boat(A, [(0, 0, 0), (0.01, 0, 0)], every_s=0.5)
    counts = build_tracks(fast).quality_counts
    assert counts["ok"] == pytest.approx(fast.num_rows / 3, abs=1)
    assert counts["ok"] + counts["near_repeat"] == fast.num_rows


def test_every_report_has_exactly_one_flag():
    table = join(
        boat(A, [(0, 0, 0), (3, 90_000, 0)]), positions(A, [us(1)], None, None), boat(2190064, [(0, 0, 0), (1, 0, 0)])
    )
    assert sum(build_tracks(table).quality_counts.values()) == table.num_rows


def test_a_long_silence_and_a_jump_cut_segments():
    silent = boat(A, [(0, 0, 0), (6, 0, 0)], silent=[(1, 4)])
    (first, second) = build_tracks(silent).segments.to_pylist()
    assert (first["begins_after"], second["begins_after"]) == ("start", "silence")
    # Silent for an hour, then 300 km away: not possible at 60 kn, and never heard in two places at once.
    jump = join(boat(A, [(0, 0, 0), (2, 0, 0)]), boat(A, [(3, 300_000, 0), (5, 300_000, 0)]))
    tracks = build_tracks(jump)
    assert [row["begins_after"] for row in tracks.segments.to_pylist()] == ["start", "jump"]
    assert set(tracks.fixes.column("vessel").to_pylist()) == {str(A)}


def test_hulls_without_imo_are_named_by_their_first_fix_and_keep_the_name():
    one, two = boat(A, [(0, 0, 0), (3, 0, 0)]), boat(A, [(0, 200_000, 0), (3, 200_000, 0)], offset_s=30)
    names = set(build_tracks(join(one, two)).fixes.column("vessel").to_pylist())
    assert len(names) == 2
    assert all(name.startswith(f"{A}#") for name in names)
    longer = boat(A, [(0, 0, 0), (9, 0, 0)])
    assert set(build_tracks(join(longer, two)).fixes.column("vessel").to_pylist()) == names


def test_static_reports_go_to_the_hull_heard_nearest_in_time():
    one = boat(A, [(0, 0, 0), (1, 0, 0)], every_s=600)
    two = boat(A, [(0.05, 200_000, 0), (6, 200_000, 0)], every_s=600)
    static = positions(A, [us(5)], None, None, imo=9074729, name="FAR")
    vessels = build_tracks(join(one, two, static)).vessels.to_pylist()
    named = {row["vessel"] for row in vessels if row["name"] == "FAR"}
    assert len(named) == 1


def test_identity_is_a_history_not_the_last_word():
    table = join(
        boat(A, [(0, 0, 0), (2, 0, 0)], name="OLD", draught_m=0.0),
        boat(A, [(2.1, 0, 0), (4, 0, 0)], name="NEW", draught_m=5.5, ship_type=80),
    )
    first, second = build_tracks(table).vessels.to_pylist()
    assert (first["name"], second["name"]) == ("OLD", "NEW")
    assert first["valid_to"] < second["valid_from"]
    # The type is known from the first report that has it; a draught belongs to its own time.
    assert (first["ship_type"], first["draught_m"]) == (80, None)
    assert second["draught_m"] == 5.5


def test_dimensions_only_count_together():
    sized = positions(A, [us(0)], 31.0, 124.0, to_bow_m=0.0, to_stern_m=90.0, to_port_m=0.0, to_starboard_m=12.0)
    (row,) = build_tracks(sized).vessels.to_pylist()
    assert (row["length_m"], row["width_m"], row["to_bow_m"]) == (90.0, 12.0, None)


def test_own_ids_and_mmsi_with_leading_zeros():
    named = positions(None, [us(0), us(1)], 31.0, 124.0, vessel_id="hull 7")
    short = positions(21900640, [us(0)], 32.0, 124.0, station=None)
    tracks = build_tracks(join(named, short))
    assert "hull 7" in tracks.fixes.column("vessel").to_pylist()


def test_outside_the_area_a_vessel_still_counts_as_heard():
    table = boat(A, [(0, 0, 0), (10, 200_000, 0), (20, 0, 0)], every_s=600)
    tracks = build_tracks(table, bbox=(123.9, 30.5, 125.0, 31.5))
    assert tracks.quality_counts["outside_bbox"] > 10
    assert tracks.segments.num_rows == 1
    over = build_tracks(table, bbox=(170.0, 30.0, -170.0, 32.0))
    assert over.quality_counts == {"outside_bbox": table.num_rows}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_two_hulls_far_apart_are_never_mixed(seed, minutes):
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.uniform(0, 12, 60))
    side = rng.integers(0, 2, 60)
    lat, lon = place((31.0, 124.0), 400_000.0 * side + rng.normal(0, 50, 60), rng.normal(0, 50, 60))
    table = positions(A, [us(h) + minutes for h in hours], lat, lon)
    fixes = build_tracks(table, CleanSettings(min_chain_fixes=2)).fixes
    by_hull: dict[str, set[bool]] = {}
    for hull, x in zip(fixes.column("vessel").to_pylist(), fixes.column("lon_deg").to_pylist(), strict=True):
        by_hull.setdefault(hull, set()).add(x > 126)
    assert all(len(sides) == 1 for sides in by_hull.values())
    assert len(by_hull) <= 2


def test_times_far_from_all_others_are_wrong_clocks_only_where_few():
    many = boat(A, [(0, 0, 0), (30, 0, 0)], every_s=60)
    late = positions(A, [START_US + 86_400_000_000 * 400], 31.0, 124.0)
    assert build_tracks(join(many, late)).quality_counts["wrong_time"] == 1
    other_year = pa.concat_tables([many, boat(A, [(24 * 400, 0, 0), (24 * 400 + 30, 0, 0)], every_s=60)])
    assert "wrong_time" not in build_tracks(other_year.unify_dictionaries()).quality_counts


def test_groups_of_vessels_leave_no_trace_even_where_made_names_sort_between_them(monkeypatch):
    shared = [boat(A, [(0, 0, 0), (3, 0, 0)]), boat(A, [(0, 200_000, 0), (3, 200_000, 0)], offset_s=30)]
    # '!' sorts before the '#' of a made name: this vessel comes before the hulls of the other.
    between = [positions(None, [us(h) for h in (0, 1, 5)], 31.0, 124.0, vessel_id=f"{A}!")]
    table = join(*shared, *between, boat(B, [(0, 0, 9000), (3, 0, 9000)]))
    whole = build_tracks(table)
    monkeypatch.setattr(rows_room, "BLOCK", 1)
    apart = build_tracks(table)
    for name in ("fixes", "segments", "vessels", "flagged"):
        assert getattr(apart, name).to_pylist() == getattr(whole, name).to_pylist()
    labels = apart.fixes.column("vessel").to_pylist()
    assert labels == sorted(labels)
    assert apart.fixes.column("segment").to_pylist() == sorted(apart.fixes.column("segment").to_pylist())


def test_arrays_of_fixes_are_those_of_the_table():
    table = join(boat(A, [(0, 0, 0), (2, 0, 0)]), boat(B, [(0, 0, 900), (2, 0, 900)], message_type=27))
    tracks, made = build_tracks(table), build_track_arrays(Reports.of(table))
    assert [made.labels[k] for k in made.fixes.hull] == tracks.fixes.column("vessel").to_pylist()
    for name in ("segment", "lat_deg", "speed_kn", "quality"):
        assert getattr(made.fixes, name).tolist() == tracks.fixes.column(name).to_pylist()
    assert table.column("time").take(pa.array(made.fixes.row)).equals(tracks.fixes.column("time"))
