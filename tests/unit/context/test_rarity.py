"""How seldom silences last so long: against loops, and as an analyst would tell it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.context.heard import GRID, Baseline
from stsdetect.context.rarity import CLASSES_H, rarity
from stsdetect.store import Shelf
from tests import naive_coverage as naive
from tests.builders import START_US, boat, join
from tests.property.test_coverage import PLACES, heard_fixes, heard_of
from tests.property.test_rule_two import QUICK
from tests.unit.context.traffic import anchored, first_gap, gaps_of, silenced

DAY = START_US // naive.HOUR_US // 24
LENGTHS = st.one_of(st.sampled_from(CLASSES_H.tolist()), st.floats(0.5, 700))


@QUICK
@given(
    heard_fixes(),
    st.lists(st.tuples(st.integers(0, 3), PLACES, st.integers(0, 5), LENGTHS), min_size=1, max_size=25),
    st.integers(1, 4),
)
def test_rarity_is_that_of_a_loop(fixes, drawn, days):
    silences = [(hull, lat, lon, DAY + day, hours) for hull, (lat, lon), day, hours in drawn]
    hull, lat, lon, day, hours = (np.array(column) for column in zip(*silences, strict=True))
    with Shelf(10**9) as shelf:
        baseline = Baseline.of(heard_of([fixes], shelf), fixes[-1][1])
        found = rarity(hull, GRID.cells(lat, lon), day, hours, baseline, days)
    expected = naive.rarity(silences, fixes, days)
    np.testing.assert_allclose(np.column_stack(found), expected, rtol=1e-12, atol=1e-12)
    assert not np.signbit(np.column_stack(found)).any()


def test_a_hull_that_is_silent_every_night_and_one_that_never_was():
    """Both fall silent for nine hours at the same place, one of them as it always does."""
    nights = [(24.0 * day + 20, 24.0 * day + 29) for day in range(6)]
    stay = [(0.0, 0.0, 0.0), (150.0, 0.0, 0.0)]
    ferry = boat(440200001, stay, every_s=300, transceiver="A", silent=nights)
    other = boat(440200002, stay, every_s=300, transceiver="A", silent=[nights[3]])
    found = gaps_of(*anchored(12, hours=(0, 150)), ferry, other)
    (alone,) = found["440200002"]
    (same,) = [gap for gap in found["440200001"] if gap["start_time"].day == alone["start_time"].day]
    assert same["rare_there"] == alone["rare_there"] > 2
    assert same["rare_for_hull"] == 0.0
    # Of all seven silences all are as long: a hull that has no other is judged by those of all.
    assert alone["rare_for_hull"] == 0.0
    brief = boat(440200003, stay, every_s=300, transceiver="A", silent=[(6.0 + k, 8.1 + k) for k in range(0, 140, 6)])
    long = silenced(brief, 100.0, 130.0)
    found = gaps_of(*anchored(12, hours=(0, 150)), long)["440200003"]
    rare = {round(gap["duration_h"]): gap["rare_for_hull"] for gap in found}
    assert rare[30] > 1.0 > rare[2] == 0.0


def test_silences_that_others_often_have_there_are_not_rare():
    often = anchored(12, hours=(0, 60))
    often = [silenced(ship, 4.0 * k + 2, 4.0 * k + 9) for k, ship in enumerate(often)]
    seldom = anchored(12, hours=(0, 60))
    seldom[5] = silenced(seldom[5], 22.0, 29.0)
    mmsi = 440100000 + 11 * 5
    assert first_gap(*often, mmsi=mmsi)["rare_there"] < first_gap(*seldom, mmsi=mmsi)["rare_there"] - 0.8


def test_earlier_days_do_not_make_a_silence_rarer(tmp_path):
    """Of earlier days it is known who was heard, not who fell silent."""
    sts.detect(join(*anchored(12, hours=(0, 200))), out=tmp_path / "before")
    day = anchored(12, hours=(240, 270))
    day[3] = silenced(day[3], 250.0, 257.0)
    file = str(tmp_path / "before" / "coverage.parquet")
    alone, more = (first_gap(*day, mmsi=440100033, coverage=more) for more in ({}, {"baseline_file": file}))
    assert alone["rare_there"] == more["rare_there"] == pytest.approx(np.log10(12 * 30 - 6), abs=0.02)
