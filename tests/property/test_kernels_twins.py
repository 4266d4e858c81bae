"""Every kernel agrees with its slow twin in `tests.naive` on made-up input."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from stsdetect.detect.contacts import Hulls, Pieces, Runs, Tracks, contact_windows
from stsdetect.detect.search import find_runs
from stsdetect.kernels import contact, hull, nearby, runs, sphere
from stsdetect.settings import CleanSettings, EncounterSettings
from stsdetect.tracks import chains, speed
from tests import naive

FEW = settings(max_examples=40, deadline=None)
SLOW = settings(max_examples=25, deadline=None)
REACH_M = 500.0
BIN_US = 1_800_000_000
#: Where seams could be: cell edges (0, 0), the antimeridian, high latitude, the poles, a usual place.
PLACES = [(0.0, 0.0), (38.0, 122.5), (12.0, 179.9999), (-33.0, -180.0), (85.0, -30.0), (-85.0, 180.0),
          (89.9999, 10.0), (90.0, 0.0), (-89.998, -179.999)]  # fmt: skip

latitude = st.floats(-90, 90)
longitude = st.floats(-180, 180)
place = st.tuples(latitude, longitude)
metres = st.floats(-20_000, 20_000)
vector = st.tuples(metres, metres, metres)
key_rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 15)), max_size=25)


def table(rows: list[tuple], width: int, dtype: type = np.float64) -> np.ndarray:
    return np.array(rows, dtype=dtype).reshape(-1, width)


def xyz_of(places: list[tuple[float, float]]) -> np.ndarray:
    degrees = table(places, 2)
    return sphere.to_xyz(degrees[:, 0], degrees[:, 1])


def offset(origin: tuple[float, float], east_m: float, north_m: float) -> tuple[float, float]:
    course = math.degrees(math.atan2(east_m, north_m))
    return naive.travel(*origin, course, math.hypot(east_m, north_m))


@st.composite
def tracks_of(draw: st.DrawFn, max_hulls: int = 3, max_fixes: int = 8, near_only: bool = False) -> list[naive.Leg]:
    """Legs of a few hulls that come and go around one place, with times on whole minutes."""
    origin = draw(st.sampled_from(PLACES))
    begin = 1_700_000_000 // 1800 * 1800 + 60 * draw(st.integers(0, 30))
    near = st.tuples(st.integers(-450, 450), st.integers(-450, 450))
    far = st.tuples(st.integers(-6000, 6000), st.integers(-6000, 6000))
    spot = near if near_only else st.one_of(near, near, far)
    minutes = st.one_of(st.integers(2, 15), st.integers(5, 15), st.sampled_from([15, 30, 60, 90, 120]))
    fix = st.tuples(minutes, spot, st.booleans(), st.integers(0, 9), st.sampled_from([False, False, True]))
    legs: list[naive.Leg] = []
    for number in range(draw(st.integers(2, max_hulls))):
        time = begin + 60 * draw(st.integers(0, 20))
        east, north = draw(spot)
        here = offset(origin, east, north)
        for step, there, still, luck, moored in draw(st.lists(fix, min_size=max_fixes // 2, max_size=max_fixes)):
            now, then = (time, here), time + 60 * step
            time, here = then, (here if still else offset(origin, *there))
            if luck < 9:
                leg = (number, now[0] * 1_000_000, time * 1_000_000, now[1], here)
                legs.append(naive.Leg(*leg, slow=luck < 8, observed=step <= 15, summed=moored and luck < 8))
    return legs


def legs_from(legs: list[naive.Leg]) -> contact.Legs:
    ints = [np.array([getattr(leg, name) for leg in legs], dtype=np.int64) for name in ("hull", "t0", "t1")]
    return contact.Legs(*ints, xyz_of([leg.from_deg for leg in legs]), xyz_of([leg.to_deg for leg in legs]))


def data_from(legs: list[naive.Leg]) -> Tracks:
    n = len(legs)
    nothing = np.full(n, np.nan)
    return Tracks(
        legs=legs_from(legs),
        slow=np.array([leg.slow for leg in legs], dtype=np.bool_),
        cruising=np.zeros(n, dtype=np.bool_),
        observed=np.array([leg.observed for leg in legs], dtype=np.bool_),
        summed=np.array([leg.summed for leg in legs], dtype=np.bool_),
        speed_kn=np.zeros(n),
        course_deg=nothing,
        heading_deg=nothing,
        who=np.full(n, -1, dtype=np.int64),
    )


def bins_from(legs: list[naive.Leg]) -> nearby.HullBins:
    fit = np.array([leg.slow and leg.observed for leg in legs], dtype=np.bool_)
    out = np.array([leg.summed for leg in legs], dtype=np.bool_)
    return nearby.hull_bins(legs_from(legs), fit, out, BIN_US, (-(1 << 40), 1 << 40))


UNKNOWN = Hulls(
    abcd_m=np.full((1, 4), np.nan), length_m=np.full(1, np.nan), far_m=np.full(1, 300.0), source=np.full(1, 2)
)


# --- sphere -------------------------------------------------------------------------------------------------


@FEW
@given(st.lists(place, min_size=1, max_size=8), st.floats(0.1, 1e7))
def test_vectors_and_degrees_there_and_back(places, scale):
    xyz = xyz_of(places)
    assert xyz == pytest.approx(table([naive.to_xyz(*p) for p in places], 3), abs=1e-6)
    lat, lon = sphere.to_lat_lon(xyz * scale)
    for k, p in enumerate(places):
        assert naive.haversine_m(lat[k], lon[k], *p) < 1e-5
        assert -180 <= lon[k] <= 180
        expected = naive.to_lat_lon(xyz[k])
        assert (lat[k], lon[k]) == pytest.approx(expected, abs=1e-9)


@FEW
@given(place, place, st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_distance_and_course_equal_haversine_and_bearing(one, two, east, north):
    for other in (two, offset(one, east, north)):
        apart = naive.haversine_m(*one, *other)
        a, b = xyz_of([one]), xyz_of([other])
        # Close to the antipode a chord says little: a metre there; everywhere else far below a millimetre.
        assert sphere.distance_m(a, b)[0] == pytest.approx(apart, abs=1.0 if apart > 1.9e7 else 1e-4)
        course = sphere.course_deg(a, b)[0]
        assert 0.0 <= course < 360.0
        if 0.1 < apart < 1.9e7:
            turn = math.radians(course - naive.bearing_deg(*one, *other))
            assert abs(math.sin(turn / 2)) * apart < 1e-3 + 1e-9 * apart


@FEW
@given(latitude, longitude, st.floats(0, 360), st.floats(0.5, 1e7))
def test_axes_and_direction_point_where_one_travels(lat, lon, course, scale):
    xyz = xyz_of([(lat, lon)])
    for ours, theirs in zip(sphere.local_axes(xyz * scale), naive.local_axes(lat, lon), strict=True):
        assert ours[0] == pytest.approx(theirs, abs=1e-6)
        assert sphere.norm(ours)[0] == pytest.approx(1.0, abs=1e-12)
    along = sphere.direction(xyz, np.array([course]))[0]
    reached = naive.to_xyz(*naive.travel(lat, lon, course, 100.0))
    assert xyz[0] + 100.0 * along == pytest.approx(reached, abs=2e-3)


@FEW
@given(st.lists(st.tuples(vector, vector), min_size=1, max_size=5), st.floats(0, 2e7))
def test_norm_dot_and_chords(pairs, arc):
    left, right = table([p for p, _ in pairs], 3), table([q for _, q in pairs], 3)
    assert sphere.dot(left, right) == pytest.approx([naive.dot(p, q) for p, q in pairs])
    assert sphere.norm(left) == pytest.approx([naive.length(p) for p, _ in pairs])
    chord = sphere.arc_to_chord(arc)
    assert sphere.chord_to_arc(np.array([chord]))[0] == pytest.approx(arc, rel=1e-9, abs=0.5 if arc > 1.9e7 else 1e-6)


# --- runs ---------------------------------------------------------------------------------------------------


@FEW
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 4)), max_size=8))
def test_expand(ranges):
    which, value = runs.expand(*table(ranges, 2, np.int64).T)
    assert list(zip(which.tolist(), value.tolist(), strict=True)) == naive.expand(*table(ranges, 2, int).T.tolist())


@FEW
@given(key_rows, st.integers(0, 6), st.sampled_from([1, 1_000_000, 200_000_000_000_000]))
def test_stitch(rows, max_break, scale):
    ordered = [(key, start * scale, (start + span) * scale) for key, start, span in sorted(rows)]
    group = runs.stitch(*table(ordered, 3, np.int64).T, max_break * scale)
    assert group.tolist() == naive.stitch(ordered, max_break * scale)
    first, last = runs.group_bounds(group)
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == naive.group_bounds(group.tolist())


@FEW
@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 2, *[st.integers(-3, 3)] * 6), max_size=20), st.sampled_from([0.0, 0.5])
)
def test_part_far(rows, slack):
    """Groups follow their numbers; intervals of one second, as far apart as it comes, and ways on a small lattice."""
    group = np.cumsum([row[0] == 0 for row in rows], dtype=np.int64)
    start = np.cumsum([row[1] for row in rows], dtype=np.int64) * 1_000_000
    begin, end = (table([row[k : k + 3] for row in rows], 3) for k in (2, 5))
    parted = runs.part_far(group, start, start + 1_000_000, begin, end, 2.0, slack)
    times = list(zip(start.tolist(), (start + 1_000_000).tolist(), strict=True))
    ways = list(zip(begin.tolist(), end.tolist(), strict=True))
    assert parted.tolist() == naive.part_far(group.tolist(), times, ways, 2.0, slack)


@FEW
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-5, 5) | st.just(math.nan), st.integers(0, 4)), max_size=25))
def test_weighted_median(rows):
    columns = table(rows, 3)
    ours = runs.weighted_median(columns[:, 0].astype(np.int64), columns[:, 1], columns[:, 2], 5)
    for number in range(5):
        own = [row for row in rows if row[0] == number]
        expected = naive.weighted_median([row[1] for row in own], [row[2] for row in own])
        assert ours[number] == pytest.approx(expected, nan_ok=True)


@FEW
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=25), st.integers(0, 4))
def test_isolated(rows, least):
    rows = sorted(rows)
    hulls, times = table(rows, 2, np.int64).T
    close = np.zeros(len(rows), dtype=np.bool_)
    close[1:] = (hulls[1:] == hulls[:-1]) & (times[1:] - times[:-1] <= least)
    assert runs.isolated(times, close, least).tolist() == naive.isolated(times.tolist(), hulls.tolist(), least)


# --- contact ------------------------------------------------------------------------------------------------


@FEW
@given(vector, vector, st.floats(1, 5000))
def test_in_range_lies_between_a_slightly_smaller_and_a_slightly_greater_reach(d0, d1, reach):
    enter, leave = (x[0] for x in contact.in_range(table([d0], 3), table([d1], 3), reach))
    inner, outer = naive.in_range(d0, d1, reach - 1e-5), naive.in_range(d0, d1, reach + 1e-5)
    if inner:
        assert enter <= inner[0] + 1e-9
        assert leave >= inner[1] - 1e-9
    if outer is None:
        assert np.isnan([enter, leave]).all()
    elif not np.isnan(enter):
        assert outer[0] - 1e-9 <= enter <= leave <= outer[1] + 1e-9


@FEW
@given(vector, vector, st.floats(0, 1), st.floats(0, 1))
def test_closest(d0, d1, x0, x1):
    x0, x1 = sorted((x0, x1))
    ours = contact.closest(table([d0], 3), table([d1], 3), np.array([x0]), np.array([x1]))[0]
    assert ours == pytest.approx(naive.closest(d0, d1, x0, x1), abs=1e-3)


@FEW
@given(tracks_of(), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_legs_at(legs, fractions):
    assume(legs)
    data = legs_from(legs)
    index = np.repeat(np.arange(len(legs)), len(fractions))
    x = np.tile(np.array(fractions), len(legs))
    times = data.t0_us[index] + np.rint(x * (data.t1_us - data.t0_us)[index]).astype(np.int64)
    ours = data.at(index, times)
    for k, (number, time) in enumerate(zip(index.tolist(), times.tolist(), strict=True)):
        assert ours[k] == pytest.approx(legs[number].at(time), abs=1e-6)
        lat_lon = naive.on_great_circle(legs[number], time)
        assert naive.length(naive.difference(ours[k], naive.to_xyz(*lat_lon))) < 8.0
    assert data.at(np.arange(data.size), data.t1_us) == pytest.approx(data.p1, abs=1e-6)
    assert (data.at(np.arange(data.size), data.t0_us) == data.p0).all()


@FEW
@given(tracks_of(), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-20, 400),
                                       st.integers(1, 200)), max_size=5))  # fmt: skip
def test_overlaps(legs, windows):
    low = min((leg.t0 for leg in legs), default=0)
    asked = [(a, b, low + begin * 60_000_000, low + (begin + n) * 60_000_000) for a, b, begin, n in windows]
    found = contact.overlaps(legs_from(legs), *table(asked, 4, np.int64).T)
    triples = list(zip(*(column.tolist() for column in found), strict=True))
    assert len(triples) == len(set(triples))
    assert set(triples) == naive.overlaps(legs, asked)


# --- candidates ---------------------------------------------------------------------------------------------


@SLOW
@given(tracks_of(), st.sampled_from([250.0, REACH_M, 1700.0]))
def test_no_pair_within_reach_is_missed(legs, reach):
    bins = bins_from(legs)
    one, two = nearby.candidate_pairs(legs_from(legs), bins, reach, BIN_US)
    columns = bins.time_bin[one], bins.hull[one], bins.hull[two]
    found = list(zip(*(column.tolist() for column in columns), strict=True))
    assert found == sorted(set(found), key=lambda row: (row[1], row[2], row[0]))
    assert all(a < b for _, a, b in found)
    assert naive.near_in_bins(legs, reach - 1e-6, BIN_US) <= set(found)


@FEW
@given(tracks_of())
def test_balls_hold_each_hull_in_each_bin(legs):
    assume(legs)
    balls = bins_from(legs)
    filled = naive.filled_bins(legs, BIN_US)
    assert list(zip(balls.hull.tolist(), balls.time_bin.tolist(), strict=True)) == sorted(filled)
    for row, ((number, time_bin), full) in enumerate(sorted(filled.items())):
        assert balls.full[row] == full
        own = [leg for leg in legs if leg.hull == number and time_bin in naive.bins_of(leg, BIN_US)]
        assert own == legs[balls.first[row] : balls.last[row]]
        assert balls.calm[row] == all(leg.summed for leg in own)
        assert balls.mixed[row] == any(leg.summed for leg in own)
        for leg in legs:
            low, high = max(leg.t0, time_bin * BIN_US), min(leg.t1, (time_bin + 1) * BIN_US)
            if leg.hull == number and low < high:
                for k in range(5):
                    place = leg.at(low + (high - low) * k / 4)
                    assert naive.length(naive.difference(place, balls.centre[row])) <= balls.radius[row] + 1e-3


@FEW
@given(st.sets(st.tuples(st.integers(0, 1), st.integers(2, 3), st.integers(0, 30)), max_size=25),
       st.integers(0, 5), st.integers(0, 4), st.integers(-3, 20), st.integers(0, 20))  # fmt: skip
def test_long_enough(rows, min_bins, max_empty, low, width):
    ordered = [(number, a, b) for a, b, number in sorted(rows)]
    edges = (low, low + width)
    ours = nearby.long_enough(*table(ordered, 3, np.int64).T, min_bins=min_bins, max_empty=max_empty, edges=edges)
    assert ours.tolist() == naive.long_enough(ordered, min_bins, max_empty, edges)


# --- hulls --------------------------------------------------------------------------------------------------

side = st.integers(0, 200).map(float)
ship = st.tuples(st.floats(-400, 400), st.floats(-400, 400), st.floats(0, 360), st.tuples(side, side, side, side))


@settings(max_examples=150, deadline=None)
@given(ship, ship)
def test_clearance(one, two):
    rectangles = []
    for east, north, heading, abcd in (one, two):
        ours = hull.corners(*(np.array([v]) for v in (east, north, heading)), table([abcd], 4))
        assert ours[0] == pytest.approx(np.array(naive.corners(east, north, heading, abcd)), abs=1e-9)
        rectangles.append(ours)
    gap = hull.clearance_m(*rectangles)[0]
    assert gap == pytest.approx(naive.clearance_m(*[r[0].tolist() for r in rectangles]), abs=1e-6)
    assert gap == hull.clearance_m(*rectangles[::-1])[0]


# --- chains and speed ---------------------------------------------------------------------------------------

chain_rows = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from([(0.0, 0.0), (0.3, 179.9), (0.3, -179.9), (1.0, 3.0)]),
              st.integers(-3000, 3000)), min_size=1, max_size=14)  # fmt: skip


@FEW
@given(chain_rows, st.integers(2, 4))
# Three fixes of one instant make a chain no older: the last fix goes to the nearer of two young ones.
@example([(0, (0.0, 0.0), -3000)] * 3 + [(0, (0.0, 0.0), 3000), (20, (0.0, 0.0), 100)], 3)
def test_chains_and_hulls(rows, least):
    rules = CleanSettings(min_chain_fixes=least)
    rows = sorted(rows, key=lambda row: row[0])
    times = [minutes * 60_000_000 for minutes, _, _ in rows]
    places = xyz_of([offset(origin, east, 0.0) for _, origin, east in rows])
    when, keys = np.array(times, dtype=np.int64), [minutes // 7 for minutes, _, _ in rows]
    limits = (rules.max_speed_kn, rules.jump_slack_m)
    jumps = chains.impossible_steps(np.array(keys, dtype=np.int64), when, places, rules)
    assert jumps.tolist() == naive.impossible_steps(keys, times, places.tolist(), *limits)
    ours = chains.assign_chains(when, places, rules)
    assert ours.tolist() == naive.assign_chains(times, places.tolist(), *limits, least)
    heard = [len({t for t, c in zip(times, ours, strict=True) if c == number}) for number in ours.tolist()]
    assert chains.times_heard(when, ours).tolist() == heard
    assert chains.group_hulls(when, ours).tolist() == naive.group_hulls(times, ours.tolist())


@FEW
@given(
    st.sampled_from(PLACES),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.sampled_from([0, 3, 400, 4000]),
                       st.integers(0, 359), st.floats(0, 20) | st.just(math.nan)), max_size=14),
    st.sampled_from([30.0, 120.0, 600.0]),
)  # fmt: skip
def test_speed_and_course(origin, rows, window):
    distinct = {(segment, minutes): rest for segment, minutes, *rest in rows}
    fixes = [
        (segment, minutes * 60_000_000, *naive.travel(*origin, course, float(far)), sog)
        for (segment, minutes), (far, course, sog) in sorted(distinct.items())
    ]
    columns = table(fixes, 5)
    segment, time = columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64)
    xyz = sphere.to_xyz(columns[:, 2], columns[:, 3])
    ours = speed.speed_and_course(segment, time, xyz, columns[:, 4], window)
    expected = naive.speed_and_course(fixes, round(window * 1e6))
    for kn, course, (naive_kn, naive_course) in zip(*ours, expected, strict=True):
        assert kn == pytest.approx(naive_kn, abs=1e-6, nan_ok=True)
        if abs(kn - 1.0) > 1e-6:
            assert math.isnan(course) == math.isnan(naive_course)
            assert math.isnan(course) or abs(math.sin(math.radians(course - naive_course) / 2)) < 1e-6


def test_speed_does_not_depend_on_how_many_other_segments_there_are():
    """Segments side by side in one number line must not run over its end: many of them, over many years."""
    n = 20_000
    start = np.linspace(631_152_000_000_000, 4_102_444_000_000_000, n).astype(np.int64)
    time = np.stack([start, start + 600_000_000], axis=1).ravel()
    segment = np.repeat(np.arange(n), 2)
    xyz = np.tile(xyz_of([(10.0, 20.0), (10.01, 20.0)]), (n, 1))
    kn, course = speed.speed_and_course(segment, time, xyz, np.full(2 * n, np.nan), 120.0)
    assert kn == pytest.approx(naive.haversine_m(10.0, 20.0, 10.01, 20.0) / 600 / naive.KNOT_MPS)
    assert np.sin(np.radians(course)) == pytest.approx(0.0, abs=1e-9)


# --- the whole search ---------------------------------------------------------------------------------------


def searched(legs: list[naive.Leg], cuts: list[int], rule: EncounterSettings, *, max_break_s: float = 0.0) -> Runs:
    """Runs found part by part, as the detector cuts them, and stitched."""
    data = data_from(legs)
    # A part answers for the time bins that begin in it: the first may begin before all fixes.
    begin, end = int(data.legs.t0_us.min()) - BIN_US, int(data.legs.t1_us.max()) + 1
    halo = round(rule.inferred_bracket_s * 1e6)
    borders = sorted({begin, *(cut for cut in cuts if begin < cut < end), end})
    found = [Runs(*[np.zeros(0, dtype=np.int64)] * 7)]
    for low, high in pairwise(borders):
        part = data.take(np.flatnonzero((data.legs.t1_us > low - halo) & (data.legs.t0_us < high + BIN_US + halo)))
        found.append(find_runs(part, UNKNOWN, low, high, rule))
    return Runs.joined(found, round(max_break_s * 1e6))[0]


def rows_of(found: Runs) -> list[tuple[int, ...]]:
    return list(zip(*(getattr(found, name).tolist() for name in Runs.__dataclass_fields__), strict=True))


def not_covered(stretches: list, cover: list) -> float:
    """How much time of ``stretches`` [us] lies outside ``cover`` (both sorted, without overlap)."""
    whole = sum(stop - start for start, stop in stretches)
    shared = sum(max(0.0, min(p[1], q[1]) - max(p[0], q[0])) for p in stretches for q in cover)
    return whole - shared


def cuts_of(legs: list[naive.Leg]) -> st.SearchStrategy[list[int]]:
    """Borders anywhere, and right on the times of fixes and of bins."""
    low, high = min(leg.t0 for leg in legs), max(leg.t1 for leg in legs)
    own = sorted({time for leg in legs for time in (leg.t0, leg.t1)} | {(low // BIN_US + 1) * BIN_US})
    return st.lists(st.one_of(st.integers(low, high), st.sampled_from(own)), max_size=5)


EVERYTHING = EncounterSettings(min_duration_s=0, max_break_s=0)


@settings(max_examples=80, deadline=None)
@given(tracks_of(near_only=True), st.data())
def test_contact_search_equals_an_oracle_on_great_circles(legs, data):
    """Contact at 499.99 m by haversine is found; what is found is contact at 500.01 m by haversine."""
    assume(legs)
    found = searched(legs, data.draw(cuts_of(legs)), EVERYTHING)
    inner, outer = (naive.find_contact(legs, REACH_M + slack) for slack in (-0.01, 0.01))
    ours: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for a, b, *rest in rows_of(found):
        ours.setdefault((a, b), []).append(tuple(rest))
    assert set(inner) <= set(ours) or all(
        stop - start < 2 for pair in set(inner) - set(ours) for start, stop, _ in inner[pair]
    )
    assert set(ours) <= set(outer)
    slack_us = 2.0 * len(legs) ** 2
    for pair, stretches in ours.items():
        spans = [(start, stop) for start, stop, *_ in stretches]
        assert all(one[1] < two[0] for one, two in pairwise(spans))
        least, most = ([s[:2] for s in truth.get(pair, [])] for truth in (inner, outer))
        assert not_covered(naive.join(least), spans) <= slack_us
        assert not_covered(spans, naive.join(most)) <= slack_us
        for column, observed in ((2, True), (3, False)):
            total = sum(row[column] for row in stretches)
            low, high = (sum(s[1] - s[0] for s in t.get(pair, []) if s[2] == observed) for t in (inner, outer))
            assert low - slack_us <= total <= high + slack_us
        assert all(stop - start == seen + guessed for start, stop, seen, guessed, _ in stretches)


@SLOW
@given(tracks_of(near_only=True))
def test_least_distance_equals_the_oracle(legs):
    data = data_from(legs)
    pairs = [(i, j) for i, one in enumerate(legs) for j, two in enumerate(legs) if one.hull < two.hull]
    pieces = Pieces.of(data.legs, contact_windows(data, UNKNOWN, *table(pairs, 2, np.int64).T, EVERYTHING))
    for i, j, start, stop, least in zip(
        *(getattr(pieces, name).tolist() for name in ("i", "j", "start_us", "end_us", "least_m")), strict=True
    ):
        one, two = legs[i], legs[j]

        def gap(time: float, one: naive.Leg = one, two: naive.Leg = two) -> float:
            return naive.haversine_m(*naive.on_great_circle(one, time), *naive.on_great_circle(two, time))

        spots = [start + (stop - start) * k / 12 for k in range(13)]
        # Chords run below the sphere: up to 5 cm for the longest legs made here.
        assert least == pytest.approx(gap(naive.minimum_at(gap, spots)), abs=0.06)


def resting_pair(*stretches: tuple[int, int]) -> list[naive.Leg]:
    """Two hulls 300 m apart, both heard every 10 min during the stretches [min]."""
    begin, spots = 1_700_006_400_000_000, ((38.0, 122.5), offset((38.0, 122.5), 300.0, 0.0))
    steps = [(begin + m * 60_000_000, begin + (m + 10) * 60_000_000) for s in stretches for m in range(*s, 10)]
    return [naive.Leg(hull, t0, t1, spot, spot) for hull, spot in enumerate(spots) for t0, t1 in steps]


@pytest.mark.parametrize("cut_min", [0, 30, 60, 110, 115, 120, 180, 185, 190, 200, 240, 360])
def test_a_break_longer_than_a_bin_may_reach_over_a_border(cut_min):
    """60 min of contact, 130 min of silence, 50 min of contact: one event of 110 min where 3 h are allowed."""
    legs = resting_pair((0, 60), (190, 240))
    rule = EncounterSettings(min_duration_s=6000, max_break_s=10_800)
    for border in (cut_min, cut_min + 31):
        cuts = [legs[0].t0 + border * 60_000_000, legs[0].t0 + 130 * 60_000_000]
        found = searched(legs, cuts, rule, max_break_s=10_800)
        assert found.observed_us.tolist() == [110 * 60_000_000]


def test_contact_that_touches_at_a_fix_is_one_run_whatever_border_lies_there():
    legs = resting_pair((0, 120))
    expected = [(0, 1, legs[0].t0, legs[0].t0 + 7_200_000_000, 7_200_000_000, 0, 0)]
    for border in range(0, 121, 5):
        assert rows_of(searched(legs, [legs[0].t0 + border * 60_000_000], EVERYTHING)) == expected


@settings(max_examples=100, deadline=None)
@given(tracks_of(max_fixes=12), st.data(), st.sampled_from([0, 1800, 3600, 5400, 9000]),
       st.sampled_from([0, 900, 3600, 10_800]))  # fmt: skip
def test_any_cut_gives_the_same_qualified_runs(legs, data, least_s, break_s):
    """Short candidates may be left out early, but never one that would have counted."""
    assume(legs)
    rule = EncounterSettings(min_duration_s=least_s, max_break_s=break_s)
    whole = rows_of(searched(legs, [], EVERYTHING, max_break_s=break_s))
    cut = rows_of(searched(legs, data.draw(cuts_of(legs)), rule, max_break_s=break_s))
    expected, ours = ([row for row in rows if row[4] + row[5] >= least_s * 1_000_000] for rows in (whole, cut))
    assert ours == expected
