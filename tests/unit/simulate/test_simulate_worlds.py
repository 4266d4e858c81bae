"""Worlds: the same on every run, physically possible, and true to the documented rule."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from stsdetect.errors import UsageError
from stsdetect.schema import POSITIONS
from stsdetect.simulate import FAMILIES, PRESETS, World, simulate
from stsdetect.simulate.hulls import KINDS, Fleet, imo_number

SEEDS = (3, 11, 2024)


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    return simulate("scenarios", seed=request.param)


def _of(world: World, mmsi: str) -> list[str]:
    return [key for key, hull in world.hulls.items() if str(hull.mmsi) == mmsi]


def _distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """The spherical law of cosines would do for far points; near ones need the chord."""
    points = []
    for lat, lon in ((lat_a, lon_a), (lat_b, lon_b)):
        la, lo = math.radians(lat), math.radians(lon)
        points.append((math.cos(la) * math.cos(lo), math.cos(la) * math.sin(lo), math.sin(la)))
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.dist(*points) / 2))


def _still_together(world: World, a: str, b: str) -> list[tuple[float, bool]]:
    """Brute force, once a minute: within 500 m and both under 2 kn, from the places alone."""
    one, two = world.tracks[a], world.tracks[b]
    begin, end = max(one.t_s[0], two.t_s[0]), min(one.t_s[-1], two.t_s[-1])
    out = []
    for t in np.arange(begin + 60, end - 60, 60.0):
        places = []
        speeds = []
        for track in (one, two):
            i = round((t - track.t_s[0]) / 10.0)
            places += [track.lat_deg[i], track.lon_deg[i]]
            made = _distance_m(track.lat_deg[i - 3], track.lon_deg[i - 3], track.lat_deg[i + 3], track.lon_deg[i + 3])
            speeds.append(made / 60.0 / 0.514444)
        out.append((float(t), _distance_m(*places) <= 500 and max(speeds) < 2))
    return out


def _longest_s(flags: list[tuple[float, bool]]) -> float:
    """Longest run, over breaks of up to 15 minutes."""
    best, begin, last = 0.0, None, None
    for t, on in flags:
        if on:
            if last is None or t - last > 900:
                begin = t
            last = t
            best = max(best, t - begin)  # type: ignore[operator]
    return best


def test_same_seed_same_world_other_seed_other_world() -> None:
    once, again = simulate("scenarios", seed=5), simulate("scenarios", seed=5)
    assert once.positions.equals(again.positions)
    assert once.truth == again.truth
    assert not once.positions.equals(simulate("scenarios", seed=6).positions)


def test_positions_have_the_schema(world: World) -> None:
    assert world.positions.schema.equals(POSITIONS.arrow)
    assert world.positions.column("source_file").null_count == world.positions.num_rows


def test_every_family_is_planted(world: World) -> None:
    kinds = {(one.kind, one.is_transfer) for one in world.truth}
    assert kinds == {("encounter", True), ("encounter", False), ("loitering", False), ("gap", False), ("decoy", False)}
    families = {one.family for one in world.truth}
    decoys = {"convoy", "crossing", "lane_follower", "anchor_neighbours", "pair_trawlers", "pilot", "tow"}
    assert decoys == {one.family for one in world.truth if one.kind == "decoy"}
    assert {"under_way", "midnight", "repeat", "sparse_satellite", "shared_mmsi", "no_speed", "berth_raft"} <= families


def test_speeds_and_accelerations_are_those_of_ships(world: World) -> None:
    boats = {"PILOT", "BUNKER", "SERVICE", "TOW"}
    for key, track in world.tracks.items():
        small = bool(boats & set(world.hulls[key].name.split()))
        assert track.speed_kn.max() < (20 if small else 16), key
        acceleration = np.abs(np.diff(track.speed_kn[2:-2])) * 0.514444 / 10.0
        assert acceleration.max() < (0.05 if small else 0.02), key


def test_planted_encounters_satisfy_the_rule(world: World) -> None:
    for one in world.truth:
        if one.kind != "encounter":
            continue
        hours = (one.end - one.start).total_seconds() / 3600
        assert 1.0 <= hours <= 16.5, one
        if one.family == "under_way":
            continue
        pairs = [(a, b) for a in _of(world, one.vessels[0]) for b in _of(world, one.vessels[1])]
        begin, end = ((moment - world.start).total_seconds() for moment in (one.start, one.end))
        share = max(
            np.mean([on for t, on in _still_together(world, a, b) if begin + 120 <= t <= end - 120] or [False])
            for a, b in pairs
        )
        assert share == 1.0, one


def test_transfers_under_way_are_parallel_slow_and_close(world: World) -> None:
    (one,) = [one for one in world.truth if one.family == "under_way"]
    (a,), (b,) = (_of(world, mmsi) for mmsi in one.vessels)
    first, second = world.tracks[a], world.tracks[b]
    middle = ((one.start - world.start) + (one.end - one.start) / 2).total_seconds()
    i, j = (round((middle - track.t_s[0]) / 10) for track in (first, second))
    assert 2 < first.speed_kn[i] <= 5
    assert 2 < second.speed_kn[j] <= 5
    assert abs((first.course_deg[i] - second.course_deg[j] + 180) % 360 - 180) < 5
    beams = (world.hulls[a].width_m + world.hulls[b].width_m) / 2
    centres = math.hypot(first.x_m[i] - second.x_m[j], first.y_m[i] - second.y_m[j])
    assert beams + 2 <= centres < beams + 60


def test_no_decoy_is_ever_an_encounter(world: World) -> None:
    for one in world.truth:
        if one.kind == "decoy":
            (a,), (b,) = (_of(world, mmsi) for mmsi in one.vessels)
            assert _longest_s(_still_together(world, a, b)) < 2700, one


def test_neighbours_at_anchor_stay_600_m_apart(world: World) -> None:
    (one,) = [one for one in world.truth if one.family == "anchor_neighbours"]
    (a,), (b,) = (_of(world, mmsi) for mmsi in one.vessels)
    first, second = world.tracks[a], world.tracks[b]
    _, of_a, of_b = np.intersect1d(first.t_s, second.t_s, return_indices=True)
    still = (first.speed_kn[of_a] < 2) & (second.speed_kn[of_b] < 2)
    apart = np.hypot(first.x_m[of_a] - second.x_m[of_b], first.y_m[of_a] - second.y_m[of_b])
    assert apart[still].min() > 600


def test_loiterings_are_slow_and_gaps_are_silent(world: World) -> None:
    times = world.positions.column("time").to_numpy()
    mmsi = world.positions.column("mmsi").to_numpy()
    lat = world.positions.column("lat_deg").to_numpy()
    for one in world.truth:
        begin, end = (np.datetime64(moment.replace(tzinfo=None), "us") for moment in (one.start, one.end))
        inside = (mmsi == int(one.vessels[0])) & (times > begin) & (times < end) & (lat > 1) & (lat < 90)
        if one.kind == "gap":
            # A report through a second station comes a second later; nothing else does.
            assert not np.any(inside & (times > begin + np.timedelta64(2, "s")))
            assert (one.end - one.start).total_seconds() >= 6 * 3600
        if one.kind == "loitering":
            track = world.tracks[one.vessels[0]]
            t = (one.start - world.start).total_seconds(), (one.end - world.start).total_seconds()
            assert track.speed_kn[(track.t_s >= t[0]) & (track.t_s <= t[1])].max() < 2
            assert t[1] - t[0] >= 3600


def test_families_keep_out_of_each_others_way(world: World) -> None:
    planted = {frozenset(one.vessels) for one in world.truth}
    keys = sorted(world.tracks)
    for n, a in enumerate(keys):
        for b in keys[n + 1 :]:
            pair = frozenset({str(world.hulls[a].mmsi), str(world.hulls[b].mmsi)})
            if pair in planted or len(pair) == 1:
                continue
            one, two = world.tracks[a], world.tracks[b]
            _, of_a, of_b = np.intersect1d(one.t_s, two.t_s, return_indices=True)
            if not len(of_a):
                continue
            near = (np.abs(one.lat_deg[of_a] - two.lat_deg[of_b]) < 0.0045) & (
                np.abs(one.lon_deg[of_a] - two.lon_deg[of_b]) < 0.0055
            )
            slow = (one.speed_kn[of_a] < 2) & (two.speed_kn[of_b] < 2)
            assert np.count_nonzero(near & slow) * 10 < 3600, (a, b)


def test_shared_mmsi_is_on_two_hulls_far_apart(world: World) -> None:
    (one,) = [one for one in world.truth if one.family == "shared_mmsi"]
    keys = _of(world, one.vessels[1])
    assert len(keys) == 2
    first, second = (world.tracks[key] for key in keys)
    assert _distance_m(first.lat_deg[0], first.lon_deg[0], second.lat_deg[0], second.lon_deg[0]) > 200_000


def test_reports_look_like_ais(world: World) -> None:
    table = world.positions
    heading, kind = table.column("heading_deg").to_numpy(), np.array(table.column("transceiver").to_pylist())
    sog = table.column("sog_kn").to_numpy()
    lat = table.column("lat_deg").to_numpy()
    assert np.mean(heading[kind == "B"] == 511) > 0.2
    assert np.mean(heading[kind == "A"] == 511) < 0.01
    assert 0 < np.mean(lat == 91) < 0.02
    assert np.any(lat == 0)
    assert np.any(sog == 102.3)
    times = table.column("time").to_numpy()
    assert np.any(np.diff(times) < np.timedelta64(0))  # late rows
    rows = list(zip(table.column("mmsi").to_pylist(), times.tolist(), lat.tolist(), strict=True))
    assert len(set(rows)) < len(rows)  # exact repeats


def test_draughts_move_opposite_ways_for_some_and_not_for_all() -> None:
    moved = []
    for seed in range(4):
        world = simulate("scenarios", seed=seed)
        frame = world.positions.select(["mmsi", "draught_m"]).to_pandas().dropna().groupby("mmsi")["draught_m"]
        change = (frame.last() - frame.first()).round(1)
        moved += [change.get(int(mmsi), 0.0) for one in world.truth if one.is_transfer for mmsi in one.vessels]
    assert min(moved) < 0 < max(moved)
    assert 0.0 in moved


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_hulls_are_fictional_and_whole(kind: str) -> None:
    fleet = Fleet(np.random.default_rng(1))
    for _ in range(30):
        hull = fleet.hull(kind)
        assert hull.name.startswith("SIM ") or hull.name == ""
        assert hull.mmsi // 1_000_000 in KINDS[kind].mids
        assert min(hull.to_bow_m, hull.to_stern_m, hull.to_port_m, hull.to_starboard_m) > 0
        assert hull.imo == 0 or hull.imo == imo_number(hull.imo // 10)
        assert len(hull.name) <= 20
        assert len(hull.callsign) <= 7


def test_every_family_can_be_played_alone() -> None:
    used = {family for preset in PRESETS.values() for family, _ in preset.families}
    assert used <= set(FAMILIES)


@pytest.mark.parametrize("rows", [1, 700, 2_000, 30_000])
def test_traffic_has_exactly_the_rows_asked_for(rows: int) -> None:
    world = simulate("traffic", rows=rows, seed=4)
    assert world.positions.num_rows == rows
    assert world.positions.schema.equals(POSITIONS.arrow)
    assert world.positions.equals(simulate("traffic", rows=rows, seed=4).positions)
    assert len(world.truth) == (1 if rows >= 2_000 else 0)


def test_wrong_calls_say_what_to_do() -> None:
    with pytest.raises(UsageError, match="Did you mean 'scenarios'"):
        simulate("scenario")
    with pytest.raises(UsageError, match="'traffic' only"):
        simulate("sample", rows=10)
    with pytest.raises(UsageError, match="time zone"):
        simulate("sample", start=datetime(2024, 1, 1))
    with pytest.raises(UsageError, match="seed"):
        simulate("sample", seed=-1)
    with pytest.raises(UsageError, match="rows"):
        simulate("traffic", rows=0)


def test_start_shifts_everything() -> None:
    a = simulate("sample", seed=2)
    b = simulate("sample", seed=2, start=datetime(2025, 1, 1, tzinfo=UTC))
    shift = datetime(2025, 1, 1, tzinfo=UTC) - a.start
    assert [one.start + shift for one in a.truth] == [one.start for one in b.truth]
