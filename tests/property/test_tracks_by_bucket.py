"""Tracks of buckets of vessels, put together, are the tracks of all vessels."""

from __future__ import annotations

import os
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stsdetect.tracks import Reports, build_tracks, days_heard, may_have_wrong_days, wrong_days
from tests.builders import START_US, boat, join, positions, us

EXAMPLES = int(os.environ.get("STSDETECT_EXAMPLES", "25"))
QUICK = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAY_US = 86_400_000_000
BBOX = (123.9, 30.5, 125.0, 31.5)


@st.composite
def fleets(draw: st.DrawFn) -> pa.Table:
    """Vessels with all that cleaning knows: shared identities, own ids like made names, strays, repeats, odd clocks."""
    parts = []
    for k in range(draw(st.integers(1, 5))):
        mmsi = 440000001 + k
        said = {"name": f"V{k}", "imo": draw(st.sampled_from([0, 9074729, 9074730])), "draught_m": float(k)}
        every = draw(st.sampled_from([60.0, 300.0, 1800.0]))
        silent = [(1.0, 1.0 + draw(st.floats(0.5, 4)))] if draw(st.booleans()) else []
        track = boat(mmsi, [(0, 0, 900 * k), (5, 5000 * k, 0)], every_s=every, noise_m=8, silent=silent, **said)
        parts.append(track)
        if draw(st.booleans()):  # a second hull with the same MMSI
            second = {"name": "OTHER", "imo": draw(st.sampled_from([0, 9176187]))}
            parts.append(boat(mmsi, [(0.5, 300_000, 0), (4, 300_000, 0)], every_s=every, offset_s=7, **second))
            if draw(st.booleans()):
                parts.append(positions(None, [us(1)], 31.0, 124.0, vessel_id=f"{mmsi}#IMO9176187"))
        for kind in draw(st.lists(st.sampled_from(["stray", "static", "coarse", "outside", "repeat", "clock", "id"]))):
            parts.append(oddity(kind, mmsi, draw(st.floats(0.2, 4.8)), track))
    return join(*parts)


def oddity(kind: str, mmsi: int, hour: float, track: pa.Table) -> pa.Table:
    lat, lon = 31.0, 124.0
    match kind:
        case "stray":
            return positions(mmsi, [us(hour)], 40.0, 150.0)
        case "static":
            return positions(mmsi, [us(hour)], None, None, name="STATIC", destination=f"AT {hour:.1f}")
        case "coarse":
            return positions(mmsi, [us(hour), us(hour) + 400_000], lat, lon, message_type=27)
        case "outside":
            return positions(mmsi, [us(hour)], 89.0 + hour, 20.0)
        case "repeat":
            return track.slice(0, 5)
        case "clock":
            return positions(mmsi, [START_US + 400 * DAY_US], lat, lon)
        case _:
            return positions(mmsi, [us(hour)], lat, lon, vessel_id=f"ship {mmsi % 3}#a")


def stems(table: pa.Table) -> list[str]:
    pairs = zip(table.column("vessel_id").to_pylist(), table.column("mmsi").to_pylist(), strict=True)
    return [(own or f"{mmsi:09d}").partition("#")[0] for own, mmsi in pairs]


def by_label(tables: list[pa.Table]) -> list[dict]:
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted(rows, key=lambda row: row["vessel"])


@QUICK
@given(fleets(), st.integers(2, 6), st.integers(0, 2**32 - 1), st.booleans())
def test_buckets_give_the_rows_of_the_whole(table, n, seed, cut):
    rng = np.random.default_rng(seed)
    table = table.take(pa.array(rng.permutation(table.num_rows)))
    labels = stems(table)
    bucket = {stem: int(rng.integers(0, n)) for stem in sorted(set(labels))}
    of_row = np.array([bucket[stem] for stem in labels])
    parts = [table.filter(pa.array(of_row == number)) for number in range(n)]
    bbox = BBOX if cut else None

    heard: Counter[int] = Counter()
    for part in filter(len, parts):
        days, counts = days_heard(Reports.of(part))
        heard.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
    days, counts = days_heard(Reports.of(table))
    assert dict(zip(days.tolist(), counts.tolist(), strict=True)) == heard
    wrong = wrong_days(days, counts)
    if not may_have_wrong_days(days[::-1]):
        assert not wrong

    whole = build_tracks(table, bbox=bbox)
    made = [build_tracks(part, bbox=bbox, wrong_days=wrong) for part in parts]
    assert sum((Counter(tracks.quality_counts) for tracks in made), Counter()) == whole.quality_counts
    for name in ("vessels", "flagged"):
        assert by_label([getattr(tracks, name) for tracks in made]) == getattr(whole, name).to_pylist()
    # Only the numbers of segments are a call's own.
    for name in ("fixes", "segments"):
        joined = by_label([getattr(tracks, name) for tracks in made])
        own = [(row["vessel"], row["segment"]) for row in joined]
        step = [one != two for one, two in pairwise(own)]
        for row, number in zip(joined, np.cumsum([0, *step]).tolist(), strict=False):
            row["segment"] = number
        assert joined == getattr(whole, name).to_pylist()


def test_a_clock_set_wrong_is_seen_over_all_vessels():
    many = boat(440000001, [(0, 0, 0), (30, 0, 0)], every_s=60)
    late = positions(440000002, [START_US + 400 * DAY_US], 31.0, 124.0)
    wrong = wrong_days(*days_heard(Reports.of(join(many, late))))
    assert wrong == {(START_US + 400 * DAY_US) // DAY_US}
    assert build_tracks(late).quality_counts == {"ok": 1}
    assert build_tracks(late, wrong_days=wrong).quality_counts == {"wrong_time": 1}
    assert may_have_wrong_days(np.array([0, 31]))
    assert not may_have_wrong_days(np.array([0, 30]))
    assert not may_have_wrong_days(np.zeros(0, dtype=np.int64))
