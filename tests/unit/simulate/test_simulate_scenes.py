"""Scenes one by one: whatever is drawn, meetings satisfy the rule, decoys break it and hulls do not touch."""

from __future__ import annotations

import numpy as np
import pytest

from stsdetect.simulate import FAMILIES, law, motion
from stsdetect.simulate.hulls import Fleet
from stsdetect.simulate.sampling import interval_s, report, track_of
from stsdetect.simulate.scenes import Draw, Radio, Scene

DRAWS = range(6)


def _play(family: str, number: int) -> Scene:
    fleet = Fleet(np.random.default_rng([number, 1]))
    return FAMILIES[family](Draw(np.random.default_rng([number, 2]), fleet, 34.5, 123.5, 48 * 3600.0))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_family(family: str) -> None:
    for number in DRAWS:
        scene = _play(family, number)
        tracks = [track_of(actor) for actor in scene.actors]
        for actor in scene.actors:
            assert actor.path.t_s[0] >= 0
            assert actor.path.t_s[-1] <= 48 * 3600
            assert np.allclose(np.diff(actor.path.t_s), motion.STEP_S)
            steps = np.hypot(np.diff(actor.path.x_m), np.diff(actor.path.y_m))
            assert steps.max() < 100  # 10 m/s is 19.4 kn: no jump anywhere
        for plan in scene.plans:
            if len(plan.who) == 1:
                continue
            i, j = plan.who
            hulls = scene.actors[i].hull, scene.actors[j].hull
            found = law.runs(*law.in_contact(tracks[i], tracks[j], *hulls))
            run = law.run_near(found, plan.near_s)
            if plan.kind == "encounter":
                assert run is not None
                assert run[1] - run[0] >= 3600
            else:
                assert max((end - begin for begin, end in found), default=0.0) < 2700
            assert not _overlap(scene, i, j).any(), (family, number)


def _overlap(scene: Scene, i: int, j: int) -> np.ndarray:
    """Whether the second's centre line lies within the first's sides; hulls taken as parallel boxes."""
    one, two = scene.actors[i].path, scene.actors[j].path
    _, of_a, of_b = np.intersect1d(one.t_s, two.t_s, return_indices=True)
    angle = np.radians(one.heading_deg[of_a])
    dx, dy = two.x_m[of_b] - one.x_m[of_a], two.y_m[of_b] - one.y_m[of_a]
    ahead = np.abs(dx * np.sin(angle) + dy * np.cos(angle))
    side = np.abs(dx * np.cos(angle) - dy * np.sin(angle))
    a, b = scene.actors[i].hull, scene.actors[j].hull
    return np.asarray((ahead < (a.length_m + b.length_m) / 2 - 5) & (side < (a.width_m + b.width_m) / 2))


def test_alongside_the_gap_is_that_of_fenders_and_both_turn_together() -> None:
    for family in ("alongside_drifting", "alongside_anchored"):
        scene = _play(family, 3)
        one, two = (actor.path for actor in scene.actors)
        a, b = (actor.hull for actor in scene.actors)
        near = scene.plans[0].near_s + np.arange(-1800.0, 1800.0, 60.0)
        (xa, ya, ha), (xb, yb, hb) = one.at(near), two.at(near)
        angle = np.radians(ha)
        side = np.abs((xb - xa) * np.cos(angle) - (yb - ya) * np.sin(angle))
        gap = side - (a.width_m + b.width_m) / 2
        assert gap.min() >= 1.9
        assert gap.max() <= 5.1
        assert np.ptp((ha - hb) % 360) < 0.5
        assert np.ptp(ha) > 0.5


def test_reported_place_is_the_antenna() -> None:
    scene = _play("alongside_drifting", 1)
    for actor in scene.actors:
        track = track_of(actor)
        x, y = actor.path.x_m[100], actor.path.y_m[100]
        lat, lon = motion.to_degrees(np.array([x]), np.array([y]), actor.lat_deg, actor.lon_deg)
        north = np.radians(track.lat_deg[100] - lat[0]) * 6_371_008.8
        east = np.radians(track.lon_deg[100] - lon[0]) * 6_371_008.8 * np.cos(np.radians(actor.lat_deg))
        angle = np.radians(track.heading_deg[100])
        ahead = east * np.sin(angle) + north * np.cos(angle)
        starboard = east * np.cos(angle) - north * np.sin(angle)
        hull = actor.hull
        assert ahead == pytest.approx(hull.length_m / 2 - hull.to_bow_m, abs=0.01)
        assert starboard == pytest.approx(hull.width_m / 2 - hull.to_starboard_m, abs=0.01)


def test_noise_is_metres_and_wanders_slowly() -> None:
    scene = _play("anchored_alone", 2)
    actor = scene.actors[0]
    track = track_of(actor)
    heard = report(actor, track, np.random.default_rng(0), dirt=False)
    north = (heard.lat_deg - np.interp(heard.t_s, track.t_s, track.lat_deg)) * 111_195
    assert 1.0 < np.std(north) < 6.0
    assert np.abs(north).max() < 25
    close = np.diff(heard.t_s) <= 180
    assert np.mean(np.diff(north)[close] ** 2) < 2 * np.var(north)


def test_satellite_fixes_are_minutes_to_two_hours_apart() -> None:
    scene = _play("sparse_satellite", 4)
    steps = [np.diff(report(a, track_of(a), np.random.default_rng(1), dirt=False).t_s) for a in scene.actors]
    for step in steps:
        assert step.min() >= 170
        assert step.max() <= 7200
        assert step.max() > 1800


@pytest.mark.parametrize(
    ("radio", "speed", "status", "seconds"),
    [
        (Radio("A"), 0.2, 1, 180),
        (Radio("A"), 0.2, 5, 180),
        (Radio("A"), 5.0, 1, 10),
        (Radio("A"), 0.2, 0, 10),
        (Radio("A"), 18.0, 0, 6),
        (Radio("A"), 25.0, 0, 2),
        (Radio("B"), 1.0, 0, 180),
        (Radio("B"), 9.0, 0, 30),
    ],
)
def test_reporting_intervals_are_those_of_the_standard(radio: Radio, speed: float, status: int, seconds: float) -> None:
    assert interval_s(radio, speed, status) == seconds


def test_runs_join_over_short_breaks_only() -> None:
    t = np.arange(0.0, 6000.0, 10.0)
    flags = (t < 1000) | ((t > 1800) & (t < 2500)) | (t > 4000)
    assert law.runs(t, flags) == [(0.0, 2490.0), (4010.0, 5990.0)]
    assert law.runs(t, np.zeros(len(t), dtype=bool)) == []
