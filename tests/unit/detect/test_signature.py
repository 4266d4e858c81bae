"""The loiterer's signature: high where a lone hull behaves as if made fast, low at anchor or adrift, never guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.detect import Loitering
from stsdetect.detect.arrays import HOUR_US, Fixes, Identities
from stsdetect.detect.events import draught_change
from stsdetect.detect.signature import add_signatures
from stsdetect.schema import VESSELS
from stsdetect.tracks import build_tracks
from tests.builders import TANKER, boat, join, positions, us

HULL = 440000001
MILE = 1852.0


def signatures(*tables: pa.Table) -> list[dict[str, Any]]:
    tracks = build_tracks(join(*tables))
    data = Fixes.from_table(tracks.fixes)
    known = Identities.from_table(tracks.vessels, data.labels)
    return add_signatures(Loitering().detect(data, known), data, known).to_pylist()


def wiggle(t_hours: np.ndarray, degrees: float, period_h: float) -> np.ndarray:
    return degrees * np.sin(2 * np.pi * t_hours / period_h)


def stay(
    *, hours: float = 5.0, drift_kn: float = 0.6, approach: bool = True, yaw_deg: float = 1.0, beam: bool = False,
    passage: bool = True, **columns: Any,
) -> pa.Table:  # fmt: skip
    """A tanker that comes in from the west, lies still from hour 4 on, and goes on to the north."""
    ends = [(0.0, -2.5 * 11 * MILE - 3000, 0.0), (2.5, -3000.0, 0.0)]
    after = 4.0 + hours
    if approach:
        # Three legs at about 3 kn with a turn between each, and the like on leaving.
        closing = [(2.9, -1500.0, 1600.0), (3.4, -900.0, -900.0), (4.0, 0.0, 0.0)]
        leaving = [(after + 0.5, 1200.0, 2400.0), (after + 1.0, 3200.0, 1000.0)]
    else:
        closing, leaving = [(2.5 + 3000 / (11 * MILE), 0.0, 0.0), (4.0, 0.0, 0.0)], []
    still = [(after, drift_kn * MILE * hours, 0.0)]
    if not passage:
        ends, closing, leaving = [(0.0, 0.0, 0.0)], [(4.0, 0.0, 0.0)], []
    last_h, east, north = (leaving or still)[-1]
    gone = [(last_h + 2.5, east + still[0][1] * (not leaving), north + 2.5 * 11 * MILE)] if passage else []
    path = ends + closing + still + [(h, e + still[0][1], n) for h, e, n in leaving] + gone
    t = np.arange(0, path[-1][0] * 3600 + 0.5, 120.0) / 3600
    head = (0.0 if beam else 80.0) + wiggle(t, yaw_deg, 0.2)
    return boat(HULL, path, every_s=120, noise_m=3.0, heading_deg=head % 360, **TANKER, **columns)


def at_anchor(hours: float = 8.0) -> pa.Table:
    """Swings with the tide on an arc of 200 m about its anchor, and yaws."""
    t = np.arange(0, hours * 3600, 180.0)
    turn = np.radians(90 + 80 * np.sin(2 * np.pi * t / (12.4 * 3600)) + 15 * np.sin(2 * np.pi * t / 900))
    lat0, lon0 = 31.0, 124.0
    lat = lat0 + 200 * np.cos(turn) / 111_195
    lon = lon0 + 200 * np.sin(turn) / (111_195 * np.cos(np.radians(lat0)))
    head = (np.degrees(turn) + 180) % 360
    return positions(HULL, us(0) + np.rint(t * 1e6).astype(np.int64), lat, lon, heading_deg=head, **TANKER)


def test_a_hull_as_if_alongside_stands_out_from_one_adrift_and_one_at_anchor():
    (alongside,) = signatures(stay())
    (adrift,) = signatures(stay(approach=False, yaw_deg=35.0, beam=True))
    (anchored,) = signatures(at_anchor())
    assert alongside["signature"] > 0.8
    assert adrift["signature"] < 0.6
    assert anchored["signature"] < 0.4
    assert "consistent with another hull alongside" in alongside["evidence"]
    assert "as at anchor or moored" in anchored["evidence"]
    assert "alongside" not in anchored["evidence"].replace("hull alongside", "")


def test_each_question_moves_the_answer_its_own_way():
    (base,) = signatures(stay())
    for changed in ({"approach": False}, {"yaw_deg": 35.0}, {"beam": True}, {"hours": 30.0}, {"passage": False}):
        (other,) = signatures(stay(**changed))
        assert other["signature"] < base["signature"], changed


def test_a_changed_draught_speaks_for_and_an_unchanged_one_not_against():
    plain = stay(draught_m=5.0, yaw_deg=15.0)
    (same,) = signatures(plain)
    (unknown,) = signatures(stay(yaw_deg=15.0))
    changed = plain.set_column(
        plain.column_names.index("draught_m"), "draught_m",
        pa.array([5.0 if time < us(10) else 6.2 for time in plain.column("time").cast(pa.int64()).to_pylist()]),
    )  # fmt: skip
    (deeper,) = signatures(changed)
    assert (same["draught_before_a_m"], same["draught_change_a_m"]) == (5.0, 0.0)
    assert same["signature"] == unknown["signature"]
    assert unknown["draught_change_a_m"] is None
    assert deeper["draught_change_a_m"] == pytest.approx(1.2)
    assert deeper["signature"] > same["signature"]
    assert "typed draught +1.2 m afterwards" in deeper["evidence"]


def test_an_absent_heading_counts_neither_way():
    silent = stay()
    place = silent.column_names.index("heading_deg")
    silent = silent.set_column(place, "heading_deg", pa.nulls(silent.num_rows, pa.float64()))
    (event,) = signatures(silent)
    (steady,) = signatures(stay())
    (yawing,) = signatures(stay(yaw_deg=40.0, beam=True))
    assert yawing["signature"] < event["signature"] <= steady["signature"] + 0.05
    assert "heading" not in event["evidence"]


def test_too_few_fixes_or_too_short_a_stay_say_nothing():
    (short,) = signatures(boat(HULL, [(0, 0, 0), (1.9, 0, 0)]))
    (sparse,) = signatures(boat(HULL, [(0, 0, 0), (4, 0, 0)], every_s=3600))
    assert (short["signature"], short["evidence"]) == (None, None)
    assert (sparse["signature"], sparse["evidence"]) == (None, None)


def test_a_stay_is_judged_by_its_own_hull_alone():
    lone = signatures(stay())
    crowd = signatures(stay(), boat(440000002, [(0, 0, 0), (9, 900, 0)]), boat(431000001, [(3, 0, 0), (12, 90, 90)]))
    (same,) = [event for event in crowd if event["vessel_a"] == str(HULL)]
    assert same == lone[0]


def slow_draught_change(rows: list[tuple[int, int, int, float | None]], hull: int, start: int, end: int):
    """The rule of `draught_change` as a loop over the rows of one hull."""
    own = sorted(row for row in rows if row[0] == hull)
    valid = [row for row in own if row[1] <= start]
    if not valid or valid[-1][3] is None:
        return None, None
    before = valid[-1][3]
    later = [row for row in own if valid[-1][1] < row[1] <= end + 24 * HOUR_US]
    for row in later:
        if row[3] is not None and row[3] != before:
            return before, round(row[3] - before, 3)
    return before, 0.0 if (later or valid)[-1][2] > end else None


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 60), st.sampled_from([None, 4.0, 4.5, 6.0])),
        max_size=12, unique_by=lambda row: row[:2],
    ),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=6),
)  # fmt: skip
def test_draught_change_is_its_slow_twin(history, asked):
    rows = [(hull, us(hour), us(hour + 1), draught) for hull, hour, draught in history]
    table = VESSELS.table(
        {
            "vessel": [str(row[0]) for row in rows],
            "valid_from": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
            "valid_to": pa.array([row[2] for row in rows], pa.timestamp("us", "UTC")),
            "draught_m": pa.array([row[3] for row in rows], pa.float64()),
        }
    ) if rows else VESSELS.empty()  # fmt: skip
    known = Identities.from_table(table, ["0", "1", "2"])
    hull = np.array([one for one, _, _ in asked])
    start = np.array([us(hour) for _, hour, _ in asked])
    end = np.array([us(hour + long) for _, hour, long in asked])
    before, change = draught_change(known, hull, start, end)
    got = [
        tuple(None if np.isnan(x) else x for x in pair) for pair in zip(before.tolist(), change.tolist(), strict=True)
    ]
    assert got == [
        slow_draught_change(rows, *ask) for ask in zip(hull.tolist(), start.tolist(), end.tolist(), strict=True)
    ]
