"""Who was heard where: arrays against obvious loops, any cut, the antimeridian and the poles."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.context.cells import CellGrid
from stsdetect.context.coverage import _cells_after, _Gaps, _meanwhile, judge
from stsdetect.context.heard import AGAIN, GRID, HOUR_US, Baseline, Heard, HourRows, hull_hours, odd_hours
from stsdetect.detect import Gaps
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.hours import hours_of
from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.settings import CoverageSettings
from stsdetect.store import Shelf
from stsdetect.tracks import build_tracks
from tests import naive_coverage as naive
from tests.builders import START_US, boat, join
from tests.property.test_in_parts import little_room
from tests.property.test_rule_two import QUICK, content, moved

NAMES = ("hull_hours", "hours", "fixes", "followed", *AGAIN)
PLACES = st.tuples(
    st.sampled_from([-89.9, -0.1, 0.1, 31.0, 31.3, 60.2, 89.6]), st.sampled_from([-180.0, 179.99, 179.7, 0.0, 124.1])
)


@st.composite
def heard_fixes(draw: st.DrawFn) -> list[naive.Fix]:
    """Fixes of a few hulls at a few places over three days, many hours empty."""
    one = st.tuples(st.integers(0, 4), st.integers(0, 72 * 12), PLACES)
    drawn = draw(st.lists(one, min_size=1, max_size=60, unique_by=lambda fix: fix[:2]))
    return sorted((hull, START_US + step * 300_000_000, lat, lon) for hull, step, (lat, lon) in drawn)


def as_arrays(fixes: list[naive.Fix]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    hull, time, lat, lon = zip(*fixes, strict=True)
    return np.array(hull), np.array(time), np.array(lat), np.array(lon)


def heard_of(groups: list[list[naive.Fix]], shelf: Shelf) -> Heard:
    heard = Heard(shelf)
    for group in groups:
        rows = hull_hours(*as_arrays(group))
        heard.put(rows, rows.take(np.zeros(0, dtype=np.int64)), n_hulls=10)
    return heard


def by_cell_and_day(table: pa.Table) -> dict[tuple[tuple[int, int], int], list[int]]:
    cell, day = table.column("cell").to_pylist(), table.column("day").cast(pa.int32()).to_pylist()
    values = zip(*(table.column(name).to_pylist() for name in NAMES), strict=True)
    return {(divmod(c, GRID.span), d): list(row) for c, d, row in zip(cell, day, values, strict=True)}


@QUICK
@given(heard_fixes(), st.integers(0, 20))
def test_counts_are_those_of_a_loop(fixes, later):
    end = max(time for _, time, _, _ in fixes) + later * HOUR_US
    with Shelf(10**9) as shelf:
        table = Baseline.of(heard_of([fixes], shelf), end).table
    assert by_cell_and_day(table) == naive.counts(fixes, end)


@QUICK
@given(heard_fixes(), st.sampled_from([0, 10**9]))
def test_groups_of_hulls_add_up(fixes, room):
    end = fixes[-1][1]
    groups = [[fix for fix in fixes if fix[0] == hull] for hull in sorted({fix[0] for fix in fixes}, reverse=True)]
    with Shelf(10**9) as shelf, Shelf(room) as other:
        whole = Baseline.of(heard_of([fixes], shelf), end)
        parts = Baseline.of(heard_of(groups, other), end)
    assert parts.table.equals(whole.table)


@QUICK
@given(heard_fixes(), heard_fixes(), st.integers(0, 2))
def test_of_each_cell_and_day_the_fuller_row_of_two_baselines_counts(fixes, before, days):
    with Shelf(10**9) as shelf, Shelf(10**9) as other:
        earlier = Baseline.of(heard_of([before], other), before[-1][1]).table
        table = Baseline.of(heard_of([fixes], shelf), fixes[-1][1], earlier, days=days).table
    expected = naive.counts(fixes, fixes[-1][1])
    own = [day for _, day in expected]
    for key, row in naive.counts(before, before[-1][1]).items():
        if min(own) - days <= key[1] <= max(own) + days and row[0] > expected.get(key, [0])[0]:
            expected[key] = row
    assert by_cell_and_day(table) == expected


@QUICK
@given(heard_fixes(), st.integers(0, 3))
def test_sums_over_cells_and_days(fixes, days):
    end = fixes[-1][1]
    counted = naive.counts(fixes, end)
    with Shelf(10**9) as shelf:
        baseline = Baseline.of(heard_of([fixes], shelf), end)
    for lat, lon in {fix[2:] for fix in fixes}:
        day = START_US // HOUR_US // 24 + 1
        cells = GRID.around(GRID.cells(np.array([lat]), np.array([lon])))
        near = naive.around(naive.cell_of(lat, lon))
        expected = [
            sum(row[k] for (cell, when), row in counted.items() if cell in near and abs(when - day) <= days)
            for k in range(len(NAMES))
            if NAMES[k] != "hours"
        ]
        names = [name for name in NAMES if name != "hours"]
        assert [int(value[0]) for value in baseline.sums(names, cells, np.array([day]), days)] == expected


@st.composite
def lanes(draw: st.DrawFn) -> list[dict]:
    """Boats that pass, lie still or are lost for hours, around one place."""
    lat, lon = draw(st.sampled_from([(0.3, 124.0), (31.2, 179.95), (-45.1, -179.9), (84.9, 30.0)]))
    world = []
    for k in range(draw(st.integers(2, 9))):
        begin, speed_kn = draw(st.integers(0, 10)), draw(st.sampled_from([0.0, 4.0, 11.0]))
        length = draw(st.integers(3, 20))
        gap = draw(st.floats(1, 12))
        lost = [(begin + gap, begin + gap + draw(st.floats(2.1, 9)))] if draw(st.booleans()) else []
        step = speed_kn * 1852 * length / 2
        world.append(
            {
                "mmsi": 440000001 + 7 * k,
                "waypoints": [(begin, -step, 300.0 * k), (begin + length, step, 300.0 * k)],
                "every_s": draw(st.sampled_from([120.0, 600.0, 3000.0])),
                "origin": (lat, lon),
                "silent": lost,
                "transceiver": draw(st.sampled_from(["A", "B", None])),
            }
        )
    return world


def table_of(world: list[dict]) -> pa.Table:
    return join(*[boat(spec["mmsi"], **{k: v for k, v in spec.items() if k != "mmsi"}) for spec in world])


@QUICK
@given(lanes())
def test_the_crowd_around_a_silence_is_that_of_a_loop(world):
    tracks = build_tracks(table_of(world))
    data = Fixes.from_table(tracks.fixes)
    gaps, last = Gaps().find(data, Identities.from_table(tracks.vessels, data.labels))
    with Shelf(10**9) as shelf:
        heard = Heard(shelf)
        heard.put(*hours_of(data, None), n_hulls=len(data.labels))
        span = int(data.time_us.min()), data.end_us
        judged = judge(gaps, last, heard, span, CoverageSettings()).events.to_pylist()
    fixes = list(
        zip(*(values.tolist() for values in (data.hull, data.time_us, data.lat_deg, data.lon_deg)), strict=True)
    )
    for gap, start, end in zip(
        judged, *(gaps.column(name).cast(pa.int64()).to_pylist() for name in ("start_time", "end_time")), strict=True
    ):
        hull = data.labels.index(gap["vessel_a"])
        whole, before, again, during = naive.crowd(fixes, hull, start, end)
        assert (gap["hulls_before"], gap["hulls_during"]) == (before, during)
        own = sum(whose == hull and start - 3 * HOUR_US < time <= start for whose, time, _, _ in fixes)
        length = min(max(start - span[0], HOUR_US), 3 * HOUR_US) / HOUR_US
        assert gap["own_rate_per_h"] == pytest.approx(own / length)
        assert gap["coverage"] in {"dark", "outage", "thin", "unknown"}
        if gap["coverage"] == "dark":
            assert whole >= 1
            assert before >= 3
            assert again >= 0.8 * before
            assert during >= 3
        if before and whole and "other hulls heard around it just" in gap["evidence"]:
            assert f"{again} of {before} other hulls" in gap["evidence"]


@QUICK
@given(lanes())
def test_what_was_heard_meanwhile_is_that_of_a_loop(world):
    tracks = build_tracks(table_of(world))
    data = Fixes.from_table(tracks.fixes)
    events, last = Gaps().find(data, Identities.from_table(tracks.vessels, data.labels))
    with Shelf(10**9) as shelf:
        heard = Heard(shelf)
        heard.put(*hours_of(data, None), n_hulls=len(data.labels))
        gaps = _Gaps.of(events, last, int(data.time_us.min()))
        gaps = gaps.take(np.flatnonzero(gaps.whole_hours > 0))
        baseline = Baseline.of(heard, data.end_us)
        everything = HourRows(heard.between(heard.days[0] * 24, heard.days[-1] * 24 + 24))
        steady, usual = _meanwhile(gaps, everything, baseline, 30)
    fixes = list(
        zip(*(values.tolist() for values in (data.hull, data.time_us, data.lat_deg, data.lon_deg)), strict=True)
    )
    ahead = np.stack([_cells_after(gaps, hours) for hours in range(5)], axis=1)
    for k, (hour, whole) in enumerate(zip(gaps.hour.tolist(), gaps.whole_hours.tolist(), strict=True)):
        cells = [divmod(cell, GRID.span) for cell in ahead[k].tolist()]
        assert cells[0] == divmod(int(gaps.cell[k]), GRID.span)
        expected = naive.meanwhile(fixes, cells, hour, whole)
        assert (steady[k], usual[k]) == pytest.approx(expected, rel=1e-12)


def test_where_hulls_would_be_after_hours_on_their_course():
    """Ten knots eastward, across the antimeridian; one that lies still stays."""
    sails = boat(440000001, [(0, -3 * 18520, 0), (5, 2 * 18520, 0)], origin=(10.1, 180.0), silent=[(2.5, 4.6)])
    lies = boat(440000002, [(0, 0, 0), (5, 0, 0)], origin=(10.1, 180.0), silent=[(2.5, 4.6)])
    tracks = build_tracks(join(sails, lies))
    data = Fixes.from_table(tracks.fixes)
    gaps = _Gaps.of(*Gaps().find(data, Identities.from_table(tracks.vessels, data.labels)), int(data.time_us.min()))
    lon = np.array([-180.0 + 2.5 * 18.52 / 109.6, 180.0])
    assert _cells_after(gaps, 3).tolist() == GRID.cells(np.array([10.1, 10.1]), lon).tolist()


@QUICK
@given(lanes(), st.sampled_from([1, 300]), st.sampled_from([0, 10**9]), st.sampled_from([1, 2]))
def test_any_room_gives_the_same_verdicts(world, rows_at_once, shelf_bytes, workers):
    table = table_of(world)
    whole = sts.detect(table)
    with little_room(rows_at_once, shelf_bytes, workers):
        cut = sts.detect(table, keep_fixes=False)
    tables = [(r.events_table, r.areas, r.coverage) for r in (cut, whole)]
    assert content(tables[0]) == content(tables[1])
    assert cut.run["counts"] == whole.run["counts"]


JUDGED = ("vessel_a", "coverage", "hulls_before", "hulls_during", "evidence")


def verdicts_of(table: pa.Table) -> list[tuple]:
    found = [event for event in sts.detect(table).events_table.to_pylist() if event["kind"] == "gap"]
    return sorted(tuple(event[name] for name in (*JUDGED, "duration_h")) for event in found)


@QUICK
@given(lanes(), st.integers(-3000, 3000), st.integers(-100, 100))
def test_a_shift_by_whole_cells_and_hours(world, cells, hours):
    # Near the equator all rows of cells hold 1,439; a step of one changes no cell's neighbours.
    world = [{**spec, "origin": (0.3, 124.0)} for spec in world]
    table = table_of(world)
    rows = GRID.cells(table.column("lat_deg").to_numpy(), table.column("lon_deg").to_numpy()) // GRID.span
    if len(np.unique(GRID.columns[np.unique(np.append(rows - 1, rows + 1))])) > 1:
        return
    east = cells * 360.0 / int(GRID.columns[rows[0]])
    lon = table.column("lon_deg").to_numpy()
    edge = (lon + 180.0) * GRID.columns[rows] / 360.0
    if np.abs(edge - np.rint(edge)).min() < 1e-6:
        return
    assert verdicts_of(moved(table, seconds=3600.0 * hours, east=east)) == verdicts_of(table)


@QUICK
@given(st.floats(-90, 90), st.floats(-180, 180, exclude_max=True), st.sampled_from([4, 60]), st.integers(0, 2**31))
def test_cells_around_hold_all_within_half_a_cell(lat, lon, per_degree, seed):
    grid = CellGrid(per_degree)
    cell = grid.cells(np.array([lat]), np.array([lon]))
    near = set(grid.around(cell)[0].tolist()) - {-1}
    assert int(cell[0]) in near
    assert len(near) == (grid.around(cell) >= 0).sum()
    rng = np.random.default_rng(seed)
    here = to_xyz(np.array([lat]), np.array([lon]))
    reach = 0.49 / per_degree * 60 * 1852
    step = rng.normal(size=(40, 3))
    there = here + step / np.linalg.norm(step, axis=1)[:, None] * rng.uniform(0, reach, (40, 1))
    there_lat = np.degrees(np.arctan2(there[:, 2], np.hypot(there[:, 0], there[:, 1])))
    there_lon = np.degrees(np.arctan2(there[:, 1], there[:, 0]))
    close = distance_m(here, to_xyz(there_lat, there_lon)) <= reach
    assert set(grid.cells(there_lat[close], there_lon[close]).tolist()) <= near


@QUICK
@given(heard_fixes(), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 72)), max_size=8))
def test_odd_hours_are_told_once_at_the_cell_heard_before(fixes, odd):
    hull, time, lat, lon = as_arrays(fixes)
    heard = hull_hours(hull, time, lat, lon)
    who = np.array([whose for whose, _ in odd], dtype=np.int64)
    when = np.array([START_US + hour * HOUR_US for _, hour in odd], dtype=np.int64)
    found = odd_hours(heard, who, when, np.full(5, np.nan))
    hours = naive.hull_hours(fixes)
    expected = {}
    told = set(zip(who.tolist(), (when // HOUR_US).tolist(), strict=True))
    for whose, at in zip(who.tolist(), (when // HOUR_US).tolist(), strict=True):
        own = sorted(hour for other, hour in hours if other == whose and (other, hour) not in told)
        last = max((hour for hour in own if hour <= at), default=min(own, default=None))
        if last is not None and abs(last - at) <= 24:
            expected[whose, at] = hours[whose, last][0]
    cells = [divmod(cell, GRID.span) for cell in found.cell.tolist()]
    assert dict(zip(zip(found.hull.tolist(), found.hour.tolist(), strict=True), cells, strict=True)) == expected
