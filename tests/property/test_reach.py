"""Joint reach is sound: what truly happened is possible, wherever on Earth; and no more generous than it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from stsdetect.kernels import reach, sphere
from stsdetect.kernels.reach import (
    Meets,
    Silences,
    bounding_cap,
    joint_reach,
    reach_place,
    reach_stay,
    surely_together,
)
from tests import naive, naive_reach
from tests.naive_reach import Prism, Silence

WGS84 = Geod(ellps="WGS84")
KNOT_MPS = 1852.0 / 3600.0
#: A usual place; the antimeridian; the equator, where sphere and ellipsoid differ most; high latitude; by the poles.
PLACES = [(37.5, 123.5), (52.0, 179.95), (0.0, 0.0), (85.0, -30.0), (89.9, 10.0), (-89.99, -179.0), (-33.0, -180.0)]
START_S = 1_700_000_000


def hidden(rng: np.random.Generator, n: int, where: tuple[float, float]) -> dict[str, np.ndarray]:
    """Return silences of two hulls that truly met, sailing along geodesics of WGS84, often as fast as they can.

    ``met_s`` and ``left_s`` are when they came together and parted, ``at`` and ``off`` where the middle of them was.
    """

    def often(edge: float, low: float, high: float) -> np.ndarray:
        return np.where(rng.random(n) < 0.4, edge, rng.uniform(low, high, n))

    lat, lon = np.full(n, where[0]), np.full(n, where[1])
    lon, lat, _ = WGS84.fwd(lon, lat, rng.uniform(0, 360, n), often(0.0, 0.0, 400_000.0))
    speeds = rng.choice([4.0, 9.0, 12.5, 14.0, 30.0], (2, n))
    met_s = START_S + rng.uniform(0, 1e5, n)
    stay_s = often(0.0, 0.0, 40_000.0)
    drift_kn = often(0.0, 0.0, 1.0) * speeds.min(axis=0)
    off_lon, off_lat, _ = WGS84.fwd(lon, lat, rng.uniform(0, 360, n), drift_kn * KNOT_MPS * stay_s)
    apart_m, bearing = often(0.0, 0.0, 500.0), rng.uniform(0, 360, n)
    truth = {"met_s": met_s, "left_s": met_s + stay_s, "at": sphere.to_xyz(lat, lon),
             "off": sphere.to_xyz(off_lat, off_lon), "drift_kn": drift_kn}  # fmt: skip
    for hull, speed in zip("ab", speeds, strict=True):
        turn = bearing + (180.0 if hull == "b" else 0.0)
        ends = []
        for side_lon, side_lat in ((lon, lat), (off_lon, off_lat)):
            here_lon, here_lat, _ = WGS84.fwd(side_lon, side_lat, turn, apart_m / 2)
            truth[f"{hull}_{len(ends)}"] = sphere.to_xyz(here_lat, here_lon)
            way_s = np.where(rng.random(n) < 0.05, rng.uniform(0, 3e6, n), often(0.0, 0.0, 60_000.0))
            way_m = way_s * speed * KNOT_MPS * often(1.0, 0.0, 1.0)
            far_lon, far_lat, _ = WGS84.fwd(here_lon, here_lat, rng.uniform(0, 360, n), way_m)
            noisy_lon, noisy_lat, _ = WGS84.fwd(far_lon, far_lat, rng.uniform(0, 360, n), often(10.0, 0.0, 10.0))
            ends.append((way_s, sphere.to_xyz(noisy_lat, noisy_lon)))
        is_open = rng.random(n) < 0.2
        start, end = np.floor(met_s - ends[0][0]), np.floor(met_s + stay_s + ends[1][0])
        truth[hull] = Silences((start * 1e6).astype(np.int64), (end * 1e6).astype(np.int64), ends[0][1],
                               np.where(is_open[:, None], np.nan, ends[1][1]), speed)  # fmt: skip
    return truth


def assert_holds(meets: Meets, truth: dict[str, np.ndarray]) -> None:
    assert meets.possible.all()
    assert (meets.earliest_us <= truth["met_s"] * 1e6 + 1).all()
    assert (meets.latest_us >= truth["left_s"] * 1e6 - 1).all()
    assert (meets.stay_max_s >= truth["left_s"] - truth["met_s"] - 1e-6).all()


def rows(truth: dict[str, np.ndarray], index: np.ndarray) -> dict[str, np.ndarray]:
    return {name: value.take(index) if isinstance(value, Silences) else value[index] for name, value in truth.items()}


@settings(max_examples=40)
@given(st.sampled_from(PLACES), st.integers(0, 2**32 - 1))
def test_a_true_meeting_is_possible(where, seed):
    truth = hidden(np.random.default_rng(seed), 200, where)
    meets = joint_reach(truth["a"], truth["b"], apart_m=500.0, least_s=0.0)
    assert_holds(meets, truth)
    moored = truth["drift_kn"] == 0.0
    assert (meets.still_max_s >= truth["left_s"] - truth["met_s"] - 1e-6)[moored].all()
    # Each is asked for exactly the time that it lasted, and for no more drift than there was.
    for k in range(0, 200, 40):
        one = rows(truth, np.array([k]))
        stay_s, drift_kn = float((one["left_s"] - one["met_s"])[0]), float(one["drift_kn"][0])
        assert_holds(joint_reach(one["a"], one["b"], apart_m=500.0, least_s=stay_s), one)
        assert_holds(joint_reach(one["a"], one["b"], apart_m=500.0, least_s=stay_s, drift_kn=drift_kn), one)


@settings(max_examples=40)
@given(st.sampled_from(PLACES), st.integers(0, 2**32 - 1))
def test_who_surely_can_have_met_can_have_met(where, seed):
    rng = np.random.default_rng(seed)
    truth = hidden(rng, 200, where)
    one, other = truth["a"], truth["b"].take(rng.permutation(200))
    for least_s, drift_kn in ((0.0, None), (3600.0, 3.0), (float(rng.uniform(0, 40_000)), 5.0)):
        sure = surely_together(one, other, apart_m=500.0, least_s=least_s)
        possible = joint_reach(one, other, apart_m=500.0, least_s=least_s, drift_kn=drift_kn).possible
        assert not (sure & ~possible).any()
        assert (surely_together(other, one, apart_m=500.0, least_s=least_s) == sure).all()


def test_most_that_can_have_met_long_enough_surely_can():
    truth = hidden(np.random.default_rng(3), 2000, PLACES[0])
    possible = joint_reach(truth["a"], truth["b"], apart_m=500.0, least_s=3600.0).possible
    sure = surely_together(truth["a"], truth["b"], apart_m=500.0, least_s=3600.0)
    assert sure.sum() > 0.5 * possible.sum()


@settings(max_examples=30)
@given(st.sampled_from(PLACES), st.integers(0, 2**32 - 1))
def test_a_true_visit_is_possible(where, seed):
    truth = hidden(np.random.default_rng(seed), 200, where)
    rng = np.random.default_rng(seed)
    moored = np.flatnonzero(truth["drift_kn"] == 0.0)
    truth = rows(truth, moored)
    seen_us = ((truth["met_s"] - rng.uniform(0, 9000, moored.size)) * 1e6).astype(np.int64)
    gone_us = ((truth["left_s"] + rng.uniform(0, 9000, moored.size)) * 1e6).astype(np.int64)
    assert_holds(reach_stay(truth["a"], truth["at"], 250.0, seen_us, gone_us, least_s=0.0), truth)
    assert_holds(reach_place(truth["b"], truth["at"], 250.0, least_s=0.0), truth)


@settings(max_examples=30)
@given(st.sampled_from(PLACES), st.integers(0, 2**32 - 1))
def test_the_bounding_cap_holds_where_the_hull_was(where, seed):
    truth = hidden(np.random.default_rng(seed), 300, where)
    for hull in "ab":
        centre, radius = bounding_cap(truth[hull])
        for place in ("at", "off"):
            assert (sphere.distance_m(centre, truth[place]) <= radius + 250.0 * reach.STRETCH + 1e-3).all()


def test_no_way_on_the_sphere_is_longer_than_the_stretch_says():
    rng = np.random.default_rng(1)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, 40_000))), rng.uniform(-180, 180, 40_000)
    lat[:4000] = rng.uniform(-0.1, 0.1, 4000)
    far_lon, far_lat, _ = WGS84.fwd(
        lon, lat, rng.choice([0.0, 45.0, 90.0, 180.0, 233.0], lat.size), 10.0 ** rng.uniform(1, 6.9, lat.size)
    )
    _, _, metres = WGS84.inv(lon, lat, far_lon, far_lat)
    ratio = sphere.distance_m(sphere.to_xyz(lat, lon), sphere.to_xyz(far_lat, far_lon)) / metres
    assert 1.0055 < ratio.max() <= reach.STRETCH  # it is needed, and no larger than needed


# --- against the slow twin ---------------------------------------------------------------------------------


@st.composite
def two_silences(draw: st.DrawFn) -> tuple[Silence, Silence]:
    origin = draw(st.sampled_from(PLACES))

    def one() -> Silence:
        hours = draw(st.sampled_from([0.0, 2.0, 5.0, 9.0, 17.0, 30.0]))
        start = 3600.0 * draw(st.integers(0, 12))
        far_m = 1000.0 * draw(st.sampled_from([0, 0, 20, 70, 150, 300]))
        before = naive.travel(*origin, draw(st.integers(0, 35)) * 10.0, far_m)
        speed = draw(st.sampled_from([5.0, 10.0, 12.0, 14.0, 14.0, 25.0]))
        share = draw(st.sampled_from([0.0, 0.0, 0.3, 0.7, 0.95, 1.0]))
        way_m = share * hours * 3600.0 * speed * KNOT_MPS
        after = naive.travel(*before, draw(st.integers(0, 35)) * 10.0, way_m)
        return Silence(start, start + hours * 3600.0, before, draw(st.sampled_from([after, after, after, None])), speed)

    return one(), one()


def silences_of(twins: list[Silence]) -> Silences:
    before = np.array([twin.before for twin in twins])
    after = np.array([twin.after or (math.nan, math.nan) for twin in twins])
    return Silences(
        np.array([round(twin.start_s * 1e6) for twin in twins]),
        np.array([round(twin.end_s * 1e6) for twin in twins]),
        sphere.to_xyz(before[:, 0], before[:, 1]),
        sphere.to_xyz(after[:, 0], after[:, 1]),
        np.array([twin.speed_kn for twin in twins]),
    )


#: What the twin leaves open [s], and by how much more generous than the truth the kernel may be.
TWIN_S, GENEROUS_S = 60.0, reach.TOLERANCE_S + 1.0


@settings(max_examples=30)
@given(two_silences())
def test_joint_reach_is_what_brute_force_finds(pair):
    prisms = [Prism.of(twin, 500.0) for twin in pair]
    stay = naive_reach.best(*prisms, "stay", TWIN_S)
    a, b = (silences_of([twin]) for twin in pair)
    meets = joint_reach(a, b, apart_m=500.0, least_s=0.0)
    if stay.high < -GENEROUS_S:
        assert not meets.possible[0]
        return
    if stay.low >= 0.0:
        assert meets.possible[0]
    if not meets.possible[0]:
        return
    assert stay.low - 1e-3 <= meets.still_max_s[0] <= stay.high + GENEROUS_S
    if stay.low < 600.0:  # the twin's squares are too coarse for a lens that thin
        return
    early, late = (naive_reach.best(*prisms, goal, TWIN_S) for goal in ("early", "late"))
    assert -early.high - GENEROUS_S <= meets.earliest_us[0] / 1e6 <= -early.low + 1e-3
    assert late.low - 1e-3 <= meets.latest_us[0] / 1e6 <= late.high + GENEROUS_S
    lat, lon = sphere.to_lat_lon(meets.place_xyz)
    first, last = naive_reach.window(*prisms, (float(lat[0]), float(lon[0])))
    assert last - first >= stay.low - GENEROUS_S


@settings(max_examples=30)
@given(
    st.sampled_from(PLACES),
    st.lists(st.tuples(st.integers(0, 35), st.floats(4e6, 1.9e7)), min_size=2, max_size=2),
    st.sampled_from([3.0, 11.0, 40.0]),
    st.integers(-40, 40),
    st.booleans(),
)
def test_a_hull_that_was_beyond_the_horizon_of_the_sphere(origin, ends, hours, late_h, fast):
    """Caps beyond a quarter of the Earth are not convex; then the bounds are wider, never narrower."""
    before, after = (naive.travel(*origin, 10.0 * turn, way_m) for turn, way_m in ends)
    speed_kn = 14.0
    arrive_h, leave_h = (way_m / 1852.0 / speed_kn for _, way_m in ends)
    far = Silence(0.0, 3600.0 * round(arrive_h + leave_h + 20), before, after, speed_kn)
    start = 3600.0 * round(arrive_h + late_h)
    near = Silence(start, start + 3600.0 * hours, origin, origin, 25.0 if fast else 8.0)
    prisms = [Prism.of(twin, 500.0) for twin in (far, near)]
    stay = naive_reach.best(*prisms, "stay", TWIN_S)
    meets = joint_reach(silences_of([far]), silences_of([near]), apart_m=500.0, least_s=0.0)
    if stay.low >= 0.0:
        assert meets.possible[0]
    if not meets.possible[0]:
        return
    # What is left out is how much nearer than the middle of the disc some of its places are.
    wider_s = GENEROUS_S + 4.0 * prisms[1].radius_m() / min(prism.speed_mps for prism in prisms)
    assert stay.low - 1e-3 <= meets.still_max_s[0] <= max(stay.high, 0.0) + wider_s
    if stay.low < 600.0:
        return
    early, late = (naive_reach.best(*prisms, goal, TWIN_S) for goal in ("early", "late"))
    assert -early.high - wider_s <= meets.earliest_us[0] / 1e6 <= -early.low + 1e-3
    assert late.low - 1e-3 <= meets.latest_us[0] / 1e6 <= late.high + wider_s


# --- symmetries --------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(st.sampled_from(PLACES), st.integers(0, 2**32 - 1))
def test_swapping_the_hulls_changes_nothing(where, seed):
    truth = hidden(np.random.default_rng(seed), 100, where)
    a, b = truth["a"], truth["b"].take(np.random.default_rng(seed).permutation(100))
    one, other = (joint_reach(x, y, apart_m=500.0, least_s=600.0, drift_kn=3.0) for x, y in ((a, b), (b, a)))
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@settings(max_examples=15)
@given(st.sampled_from(PLACES), st.integers(0, 2**32 - 1), st.floats(-360.0, 360.0))
def test_the_same_elsewhere_along_the_parallel(where, seed, shift_deg):
    truth = hidden(np.random.default_rng(seed), 100, where)

    def moved(s: Silences) -> Silences:
        places = []
        for xyz in (s.from_xyz, s.to_xyz):
            lat, lon = sphere.to_lat_lon(xyz)
            places.append(sphere.to_xyz(lat, lon + shift_deg))
        return Silences(s.start_us, s.end_us, *places, s.max_speed_kn)

    one = joint_reach(truth["a"], truth["b"], apart_m=500.0, least_s=0.0)
    other = joint_reach(moved(truth["a"]), moved(truth["b"]), apart_m=500.0, least_s=0.0)
    assert (one.possible == other.possible).all()
    for name in ("earliest_us", "latest_us"):
        assert np.abs(getattr(one, name) - getattr(other, name)).max() <= 2 * GENEROUS_S * 1e6


@pytest.mark.parametrize("cut", [1, 7, 99])
def test_a_row_is_its_own_answer(cut):
    truth = hidden(np.random.default_rng(5), 200, PLACES[0])
    a, b = truth["a"], truth["b"].take(np.random.default_rng(6).permutation(200))
    whole = joint_reach(a, b, apart_m=500.0, least_s=600.0)
    for part in (slice(0, cut), slice(cut, 200)):
        some = joint_reach(a.take(part), b.take(part), apart_m=500.0, least_s=600.0)
        for name in vars(whole):
            np.testing.assert_array_equal(getattr(whole, name)[part], getattr(some, name))
