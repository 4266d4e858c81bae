"""Dark rendezvous against an obvious loop over all pairs, true meetings among what is found, and swapped vessels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stsdetect.detect import DarkRendezvous
from stsdetect.detect.dark_crowds import Crowds
from stsdetect.detect.dark_parties import NONE, OTHER, World, quiet_gaps, read_silent, read_visible
from stsdetect.kernels.reach import joint_reach, reach_stay
from stsdetect.schema import EVENTS, event_id, point_wkb
from tests.builders import HOUR_US, START_US

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
#: Everything that is possible is listed.
ALL = {"max_candidates": 10**6, "max_partners": 10**6, "max_rivals": 10**6, "min_score": -1e9, "shore": False}
CENTRES = st.sampled_from([(33.0, 123.0), (0.5, 179.8), (78.0, -179.0)])


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    columns = {name: [row.get(name) for row in rows] for name in EVENTS.names}
    for name in ("start_time", "end_time"):
        columns[name] = pa.array(columns[name], pa.timestamp("us", "UTC"))
    return EVENTS.table(columns)


def random_events(seed: int, n: int, centre: tuple[float, float]) -> pa.Table:
    """Silences, stays and meetings of a dozen hulls within some 100 nm and two days."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for k in range(n):
        kind = str(rng.choice(["gap", "gap", "gap", "loitering", "encounter"], p=[0.2, 0.2, 0.3, 0.25, 0.05]))
        hull, other = sorted(rng.choice(12, 2, replace=False).tolist())
        start = START_US + round(rng.uniform(0, 40) * HOUR_US)
        hours = rng.uniform(1.2, 3) if kind == "encounter" else rng.choice([3.0, 8.0, 20.0]) * rng.uniform(0.7, 1.3)
        lat, lon = centre[0] + rng.normal(0, 0.5), (centre[1] + rng.normal(0, 0.7) + 180.0) % 360.0 - 180.0
        gone = kind == "gap" and rng.random() < 0.1
        row = {
            "event_id": f"{k:016x}", "kind": kind, "subtype": "x", "vessel_a": f"h{hull:02d}",
            "vessel_b": f"h{other:02d}" if kind == "encounter" else None, "ship_type_a": int(hull % 4) * 10 + 60,
            "ship_type_b": None, "length_a_m": 100.0 if hull % 3 else None, "start_time": start,
            "end_time": start + round(hours * HOUR_US), "duration_h": hours, "lat_deg": lat, "lon_deg": lon,
            "is_open": bool(gone), "flags": "", "settings_id": "", "geometry": point_wkb([lon], [lat])[0],
            "observed_min": 0.0, "inferred_min": 0.0, "spread_m": 200.0 if kind == "loitering" else None,
        }  # fmt: skip
        if kind == "gap" and not gone:
            turn, speed = rng.uniform(0, 6.28), rng.choice([0.0, 1.0, 6.0, 12.0])
            row["end_lat_deg"] = lat + speed * hours / 60 * np.cos(turn)
            row["end_lon_deg"] = (lon + speed * hours / 60 * np.sin(turn) + 180.0) % 360.0 - 180.0
            row |= {"implied_speed_kn": speed, "coverage": str(rng.choice(["dark", "thin", "outage", "unknown"]))}
            row |= {"speed_before_kn": rng.choice([0.2, 10.0]), "speed_after_kn": rng.choice([0.2, 10.0])}
            row |= {"course_before_deg": rng.uniform(0, 360), "course_after_deg": rng.uniform(0, 360)}
            row |= {"draught_change_a_m": rng.choice([-1.0, 0.0, 1.0])}
        rows.append(row)
    return as_table(rows)


def by_all_pairs(events: pa.Table, rule: DarkRendezvous) -> dict[str, dict[tuple[str, str], tuple[int, int]]]:
    """Which hulls could have met, by subtype and pair of event ids, with the window [us]."""
    world = World.of(events)
    craft = world.craft(cargo=True, min_length_m=rule.min_length_m)
    quiet = quiet_gaps(world, round(rule.max_quiet_s * 1e6))
    silent = read_silent(world, craft, quiet, round(rule.min_stay_s * 1e6), round(rule.max_silence_s * 1e6))
    visible = read_visible(world, craft, None, quiet, round(rule.min_loitering_s * 1e6), round(rule.max_quiet_s * 1e6))
    ids = world.events.column("event_id").to_pylist()
    one_dark: dict[tuple[str, str], tuple[int, int]] = {}
    both_dark: dict[tuple[str, str], tuple[int, int]] = {}
    for i in range(silent.size):
        one = silent.take(np.array([i]))
        for k in range(visible.size):
            stay = visible.take(np.array([k]))
            if stay.hull[0] == one.hull[0] or stay.craft[0] == one.craft[0] == OTHER:
                continue
            meets = reach_stay(one.reach, stay.place_xyz, stay.spread_m + rule.apart_m, stay.start_us, stay.end_us,
                               least_s=rule.min_stay_s)  # fmt: skip
            if meets.possible[0]:
                one_dark[world.labels[stay.hull[0]] + ids[visible.items[k][0]], ids[silent.row[i]]] = (
                    int(meets.earliest_us[0]), int(meets.latest_us[0])
                )  # fmt: skip
        for j in range(i):
            two = silent.take(np.array([j]))
            outs = {int(one.verdict[0]), int(two.verdict[0])}
            if one.hull[0] == two.hull[0] or one.craft[0] == two.craft[0] == OTHER or 3 in outs:
                continue
            if one.quiet[0] or two.quiet[0]:
                continue
            meets = joint_reach(one.reach, two.reach, apart_m=rule.apart_m, least_s=rule.min_stay_s,
                                drift_kn=rule.drift_kn)  # fmt: skip
            if meets.possible[0]:
                pair = sorted([ids[silent.row[i]], ids[silent.row[j]]])
                both_dark[pair[0], pair[1]] = int(meets.earliest_us[0]), int(meets.latest_us[0])
    assert (craft[silent.row] != NONE).all()
    return {"one_dark": one_dark, "both_dark": both_dark}


@QUICK
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), CENTRES)
def test_the_index_finds_what_looking_at_all_pairs_finds(seed, n, centre):
    events = random_events(seed, n, centre)
    rule = DarkRendezvous(**ALL)
    rows = rule.detect(events).to_pylist()
    assert len({row["event_id"] for row in rows}) == len(rows)
    hull = dict(zip(events.column("event_id").to_pylist(), events.column("vessel_a").to_pylist(), strict=True))
    expected = by_all_pairs(events, rule)
    # Of several silences of one hull the best stands for it: compared are the hulls.
    both = {(hull[a], hull[b]) if hull[a] < hull[b] else (hull[b], hull[a]) for a, b in expected["both_dark"]}
    found = {(row["vessel_a"], row["vessel_b"]) for row in rows if row["subtype"] == "both_dark"}
    assert found <= both
    windows = expected["both_dark"]
    for row in rows:
        if row["subtype"] == "both_dark":
            first, second = sorted(row["from_events"].split(";"))
            low, high = windows[first, second]
            assert abs(row["start_time"].timestamp() * 1e6 - low) < 2e6
            assert abs(row["end_time"].timestamp() * 1e6 - high) < 2e6
            partners = [
                {hull[b if hull[a] == me else a] for a, b in windows if silence in (a, b)}
                for silence, me in ((first, hull[first]), (second, hull[second]))
            ]
            assert row["n_rivals"] == max(map(len, partners)) - 1
    stays: dict[str, set[str]] = {}
    for stay, silence in expected["one_dark"]:
        stays.setdefault(stay, set()).add(hull[silence])
    seen: list[tuple[str, str]] = []
    for row in rows:
        if row["subtype"] == "one_dark":
            visible, silent = ("a", "b") if row["observed_a"] else ("b", "a")
            seen.append((row[f"vessel_{visible}"], row[f"vessel_{silent}"]))
    wanted = [(stay[:3], other) for stay, others in stays.items() for other in others]
    assert sorted(seen) == sorted(wanted)


@QUICK
@given(st.integers(0, 2**32 - 1), st.integers(10, 60), CENTRES, st.integers(0, 6), st.integers(1, 3))
def test_pairs_left_out_for_a_crowd_change_nothing(seed, n, centre, most, listed):
    events = random_events(seed, n, centre)
    rule = DarkRendezvous(max_rivals=most, max_partners=listed, min_score=-1e9, shore=False)
    found = rule.detect(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Crowds, "add", lambda *_: None)
        assert found.equals(rule.detect(events))


def test_who_has_a_crowd_of_partners_has_it_though_they_are_not_looked_at():
    """Five are silent at one place; that of the first is so long that a sixth, later and far off, could have met it."""
    rows = [
        {
            "event_id": f"{k:016x}", "kind": "gap", "subtype": "x", "vessel_a": f"h{k}", "ship_type_a": 80,
            "length_a_m": 100.0, "start_time": START_US + (9 if k == 5 else 0) * HOUR_US,
            "end_time": START_US + (20, 3, 3, 3, 3, 12)[k] * HOUR_US, "is_open": False, "flags": "",
            "lat_deg": 34.5 if k == 5 else 33.0, "lon_deg": 123.0, "end_lat_deg": 34.5 if k == 5 else 33.0,
            "end_lon_deg": 123.0, "implied_speed_kn": 5.0,
            "settings_id": "", "geometry": point_wkb([123.0], [33.0])[0], "duration_h": 3.0,
            "observed_min": 0.0, "inferred_min": 0.0,
        }
        for k in range(6)
    ]  # fmt: skip
    for most, pairs in ((1, 0), (2, 0), (3, 6), (4, 11)):
        found = DarkRendezvous(max_rivals=most, max_partners=9, min_score=-1e9, shore=False).detect(as_table(rows))
        assert found.num_rows == pairs


@QUICK
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 12))
def test_crowds_count_hulls_and_never_too_many(seed, n, most):
    rng = np.random.default_rng(seed)
    hull = rng.integers(0, 500, n)
    crowds = Crowds(hull, most=most)
    partners: list[set[int]] = [set() for _ in range(n)]
    for _ in range(6):
        one, two = rng.integers(0, n, (2, 20))
        crowds.add(one, two)
        for i, k in zip(one.tolist(), two.tolist(), strict=True):
            partners[i].add(int(hull[k]))
            partners[k].add(int(hull[i]))
        rivals = np.array([len(some) - 1 for some in partners])
        assert (rivals > most)[crowds.crowded].all()
        # Two hulls that share a bit are seldom.
        assert crowds.crowded[rivals > 2 * most + 5].all()


def test_where_many_partners_are_allowed_there_is_no_crowd():
    crowds = Crowds(np.arange(9), most=10**6)
    crowds.add(np.zeros(8, dtype=np.int64), np.arange(1, 9))
    assert not crowds.crowded.any()


@QUICK
@given(st.integers(0, 2**32 - 1), CENTRES)
def test_swapping_vessels_swaps_the_columns(seed, centre):
    events = random_events(seed, 25, centre)

    def renamed(text: str | None) -> str | None:
        return None if text is None else f"h{99 - int(text[1:]):02d}"

    swapped = events
    for name in ("vessel_a", "vessel_b"):
        column = pa.array([renamed(text) for text in events.column(name).to_pylist()], pa.string())
        swapped = swapped.set_column(EVENTS.names.index(name), EVENTS.arrow.field(name), column)
    rule = DarkRendezvous(**ALL | {"max_partners": 10**6})
    one, two = rule.detect(events).to_pylist(), rule.detect(swapped).to_pylist()

    def flip(row: dict[str, Any]) -> dict[str, Any]:
        turn = {"a": "b", "b": "a"}
        row = {re.sub(r"_([ab])(_m)?$", lambda m: f"_{turn[m[1]]}{m[2] or ''}", name): v for name, v in row.items()}
        return row | {"vessel_a": renamed(row["vessel_a"]), "vessel_b": renamed(row["vessel_b"])}

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["subtype"], row["vessel_a"], row["vessel_b"], sorted(row["from_events"].split(";"))

    assert len(one) == len(two)
    for a, b in zip(sorted(one, key=key), sorted(map(flip, two), key=key), strict=True):
        assert key(a) == key(b)
        for name in ("n_rivals", "observed_a", "draught_change_a_m", "draught_change_b_m", "ship_type_a", "length_b_m"):
            assert a[name] == b[name]
        assert a["candidate_score"] == pytest.approx(b["candidate_score"], abs=2e-4)
        assert abs((a["start_time"] - b["start_time"]).total_seconds()) < 1


@QUICK
@given(st.integers(0, 2**32 - 1), CENTRES, st.booleans())
def test_a_true_meeting_in_the_dark_lies_within_what_is_reported(seed, centre, seen):
    """Two hulls sail to a place, lie there for some hours and part; one or both are silent meanwhile."""
    rng = np.random.default_rng(seed)
    begin, stay = 12.0, rng.uniform(2.0, 8.0)
    place = shapely.Point(centre[1], centre[0])
    rows = []
    for k in range(2):
        if k == 0 and seen:
            ends, start, stop, kind = [centre, centre], begin - 1, begin + stay + 1, "loitering"
        else:
            kind, start, stop = "gap", begin - rng.uniform(0.5, 9), begin + stay + rng.uniform(0.5, 9)
            ends = []
            for hours in (begin - start, stop - begin - stay):
                # Nowhere faster than 12 kn; a degree of longitude is shorter than one of latitude.
                turn, far = rng.uniform(0, 6.28), 12 * hours / 60 * rng.uniform(0, 0.98)
                lat = centre[0] + far * np.cos(turn)
                lon = centre[1] + far * np.sin(turn) / np.cos(np.radians(max(abs(lat), abs(centre[0]))))
                ends.append((lat, (lon + 180.0) % 360.0 - 180.0))
        (lat, lon), (end_lat, end_lon) = ends
        row = {
            "event_id": event_id(kind, "x", [f"h{k}"], k), "kind": kind, "subtype": "x", "vessel_a": f"h{k}",
            "ship_type_a": 80, "length_a_m": 90.0, "start_time": START_US + round(start * HOUR_US),
            "end_time": START_US + round(stop * HOUR_US), "duration_h": stop - start, "lat_deg": lat, "lon_deg": lon,
            "is_open": False, "flags": "", "settings_id": "", "geometry": point_wkb([lon], [lat])[0],
            "spread_m": 100.0,
        }  # fmt: skip
        if kind == "gap":
            row |= {"end_lat_deg": end_lat, "end_lon_deg": end_lon, "implied_speed_kn": 5.0}
        rows.append(row)
    (row,) = DarkRendezvous(**ALL).detect(as_table(rows)).to_pylist()
    assert row["subtype"] == ("one_dark" if seen else "both_dark")
    assert row["start_time"].timestamp() * 1e6 <= START_US + begin * HOUR_US + 1e6
    assert row["end_time"].timestamp() * 1e6 >= START_US + (begin + stay) * HOUR_US - 1e6
    assert row["reach_max_h"] >= stay - 1e-3
    assert shapely.from_wkb(row["reach"]).intersects(place)


@pytest.mark.parametrize("seed", range(6))
def test_a_higher_least_score_leaves_rows_out_and_changes_none(seed: int) -> None:
    """Places are searched for only where a pair can get to the least score; what gets there must not hang on that."""

    def told(least: float) -> dict[str, tuple[float, float, float]]:
        found = DarkRendezvous(**ALL | {"min_score": least}).detect(random_events(seed, 120, (33.0, 123.0)))
        rows = found.select(["subtype", "event_id", "candidate_score", "lat_deg", "lon_deg"]).to_pylist()
        return {
            row["event_id"]: (row["candidate_score"], row["lat_deg"], row["lon_deg"])
            for row in rows
            if row["subtype"] == "both_dark"
        }

    every = told(-1e9)
    for least in np.quantile([row[0] for row in every.values()], [0.5, 0.9, 0.97]).tolist():
        least += 3e-4  # scores are told rounded
        some = told(least)
        assert some == {name: row for name, row in every.items() if row[0] >= least}
        assert 0 < len(some) < len(every)
