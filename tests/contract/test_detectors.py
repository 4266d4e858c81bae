"""One suite over every detector: what they all promise, whatever they look for."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stsdetect as sts
from stsdetect.detect import DarkRendezvous, Encounters, Gaps, Loitering, PortCalls, find_events
from stsdetect.errors import SchemaError
from stsdetect.schema import EVENTS, FIXES, VESSELS
from stsdetect.settings import Settings, load_settings
from stsdetect.tracks import Tracks, build_tracks
from tests.builders import TANKER, boat, join, positions, us

DETECTORS = (Encounters, Loitering, Gaps, PortCalls)
KINDS = {Encounters: "encounter", Loitering: "loitering", Gaps: "gap", PortCalls: "port_call"}
#: One setting of each with a value that is not its default.
OTHER = {
    Encounters: {"max_distance_m": 300.0},
    Loitering: {"max_speed_kn": 1.0},
    Gaps: {"min_duration_s": 7300.0},
    PortCalls: {"radius_km": 7.0},
}
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

every_detector = pytest.mark.parametrize("detector", DETECTORS, ids=lambda cls: cls.__name__)


@cache
def tracks() -> Tracks:
    """Two tankers that meet, a third that joins them and falls silent, one that sails past, one in port."""
    return build_tracks(
        join(
            boat(440000001, [(0, 20_000, 0), (1, 0, 0), (6, 0, 0), (7, -20_000, 0)], noise_m=5, name="ONE", **TANKER),
            boat(440000002, [(0, 0, 40), (30, 0, 40)], noise_m=5, silent=[(8, 20)], draught_m=7.0, **TANKER),
            boat(440000003, [(2, 200, 0), (30, 200, 900)], every_s=1500, silent=[(9, 12)]),
            boat(440000004, [(0, -30_000, 100), (5, 90_000, 100)]),
            boat(440000005, [(0, 0, 0), (9, 0, 300)], origin=(31.26, 121.54), noise_m=5),
        )
    )


@st.composite
def worlds(draw: st.DrawFn) -> pa.Table:
    """Positions of two to four vessels around one point: some still, some passing, some silent, some junk."""
    origin = draw(st.sampled_from([(31.0, 124.0), (60.0, 179.9995), (-0.0005, 0.0), (84.9, -180.0)]))
    tables = []
    for k in range(draw(st.integers(2, 4))):
        east, north = draw(st.floats(-600, 600)), draw(st.floats(-600, 600))
        drift = draw(st.sampled_from([0.0, 500.0, 4000.0, 60_000.0]))
        hours = draw(st.floats(0.5, 14.0))
        silent = [(3.0, draw(st.floats(3.5, 13.0)))] if draw(st.booleans()) else []
        tables.append(
            boat(
                440000001 + 1000 * k,
                [(0.0, east, north), (hours, east + drift, north - drift / 2)],
                every_s=draw(st.sampled_from([60.0, 300.0, 1800.0, 5000.0])),
                offset_s=draw(st.floats(0, 50)),
                origin=origin,
                noise_m=draw(st.sampled_from([0.0, 8.0])),
                silent=silent,
                ship_type=draw(st.sampled_from([0, 30, 80])),
                message_type=draw(st.sampled_from([1, 1, 18, 27])),
            )
        )
    if draw(st.booleans()):
        tables.append(positions(440000001, [us(0.31), us(0.32)], 91.0, 181.0))
        tables.append(positions(440000001, [us(0.4)], origin[0] - 3.0, 10.0))
    return join(*tables)


def rows(table: pa.Table) -> list[dict[str, Any]]:
    return table.sort_by([("start_time", "ascending"), ("event_id", "ascending")]).to_pylist()


# --- what a detector is ---------------------------------------------------------------------------------------


@every_detector
def test_it_is_frozen_and_takes_keywords_only(detector):
    one = detector()
    name, value = next(iter(OTHER[detector].items()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, name, value)
    with pytest.raises(TypeError):
        detector(value)
    with pytest.raises(TypeError, match="no_such_setting"):
        detector(no_such_setting=1)
    parameters = inspect.signature(detector).parameters.values()
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    assert all(isinstance(parameter.default, (int, float)) for parameter in parameters)


@every_detector
def test_equal_settings_are_equal_detectors(detector):
    assert detector() == detector()
    assert hash(detector()) == hash(detector())
    assert detector(**OTHER[detector]) == detector(**OTHER[detector]) != detector()


@every_detector
def test_it_is_pickled_and_copied(detector):
    one = detector(**OTHER[detector])
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert dataclasses.replace(detector(), **OTHER[detector]) == one


@every_detector
def test_it_holds_no_data(detector):
    one = detector()
    before = pickle.dumps(one), dict(vars(one))
    first = one.detect(tracks().fixes, tracks().vessels)
    assert (pickle.dumps(one), dict(vars(one))) == before
    assert one.detect(tracks().fixes, tracks().vessels).equals(first)
    assert pickle.loads(pickle.dumps(one)).detect(tracks().fixes, tracks().vessels).equals(first)


@every_detector
def test_its_defaults_are_those_of_the_settings(detector):
    group = {Encounters: "encounters", Loitering: "loitering", Gaps: "gaps", PortCalls: "port_calls"}[detector]
    assert detector.from_settings(getattr(Settings(), group)) == detector()
    assert getattr(sts, detector.__name__) is detector
    assert detector.__doc__


# --- what goes in ---------------------------------------------------------------------------------------------


@every_detector
def test_nothing_in_gives_the_full_schema(detector):
    for empty in (FIXES.empty(), FIXES.empty().to_pandas(), tracks().fixes.slice(0, 0)):
        for vessels in (None, VESSELS.empty(), tracks().vessels):
            found = detector().detect(empty, vessels)
            assert found.schema.equals(EVENTS.arrow)
            assert found.num_rows == 0


@every_detector
def test_arrow_and_pandas_give_the_same_arrow_table(detector):
    found = detector().detect(tracks().fixes, tracks().vessels)
    assert isinstance(found, pa.Table)
    assert found.num_rows > 0
    for fixes in (tracks().fixes.to_pandas(), tracks().fixes.to_pandas(types_mapper=nullable)):
        assert detector().detect(fixes, tracks().vessels.to_pandas()).equals(found)
        assert detector().detect(fixes, tracks().vessels).equals(found)


def nullable(kind: pa.DataType) -> Any:
    return {pa.int64(): pd.Int64Dtype(), pa.int8(): pd.Int8Dtype(), pa.float64(): pd.Float64Dtype()}.get(kind)


@every_detector
def test_an_odd_index_and_further_columns_are_no_matter(detector):
    frame = tracks().fixes.to_pandas().set_index(pd.RangeIndex(7, 7 + 3 * tracks().fixes.num_rows, 3)).assign(own=1)
    found = detector().detect(frame, tracks().vessels)
    assert found.equals(detector().detect(tracks().fixes, tracks().vessels))


@every_detector
def test_the_callers_frame_is_not_changed(detector):
    frame, known = tracks().fixes.to_pandas().iloc[::-1], tracks().vessels.to_pandas()
    before = frame.copy(deep=True), known.copy(deep=True)
    detector().detect(frame, known)
    pd.testing.assert_frame_equal(frame, before[0])
    pd.testing.assert_frame_equal(known, before[1])
    table = tracks().fixes
    bytes_before = [None if part is None else part.to_pybytes() for part in _buffers(table)]
    detector().detect(table, tracks().vessels)
    assert [None if part is None else part.to_pybytes() for part in _buffers(table)] == bytes_before


def _buffers(table: pa.Table) -> list[Any]:
    return [buffer for column in table.columns for chunk in column.chunks for buffer in chunk.buffers()]


@every_detector
@pytest.mark.parametrize("column", [column.name for column in FIXES if not column.nullable])
def test_a_missing_column_is_named(detector, column):
    with pytest.raises(SchemaError, match=rf"needs a column '{column}'"):
        detector().detect(tracks().fixes.drop_columns([column]))
    with pytest.raises(SchemaError, match=rf"needs a column '{column}'"):
        detector().detect(tracks().fixes.to_pandas().drop(columns=column))


@every_detector
def test_a_misspelt_column_gets_a_hint(detector):
    frame = tracks().fixes.to_pandas().rename(columns={"lat_deg": "lat_dge"})
    with pytest.raises(SchemaError, match=r"'lat_deg'.*Did you mean 'lat_dge'"):
        detector().detect(frame)


@every_detector
def test_a_wrong_type_and_a_time_without_zone_are_named(detector):
    frame = tracks().fixes.to_pandas()
    with pytest.raises(SchemaError, match="'speed_kn'"):
        detector().detect(frame.assign(speed_kn="fast"))
    with pytest.raises(SchemaError, match=r"'time'.*time zone"):
        detector().detect(frame.assign(time=frame["time"].dt.tz_localize(None)))
    with pytest.raises(SchemaError, match=r"'vessel'.*empty values"):
        detector().detect(frame.assign(vessel=pd.array([None] * len(frame), dtype="str")))
    with pytest.raises(SchemaError, match="'valid_from'"):
        detector().detect(frame, tracks().vessels.drop_columns(["valid_from"]))


@every_detector
@pytest.mark.parametrize("thing", [None, 3, "fixes.parquet", [1, 2], {"time": []}])
def test_something_else_is_refused_in_words(detector, thing):
    with pytest.raises(SchemaError, match="must be a pandas or Arrow table"):
        detector().detect(thing)
    with pytest.raises(SchemaError, match="of mixed kinds"):
        detector().detect(tracks().fixes.slice(0, 2).to_pandas().assign(mmsi=[{1}, "x"]))


@every_detector
def test_without_identities_the_same_runs_are_found(detector):
    with_them, without = detector().detect(tracks().fixes, tracks().vessels), detector().detect(tracks().fixes)
    for name in ("event_id", "start_time", "end_time", "vessel_a", "vessel_b", "lat_deg", "observed_min"):
        assert with_them.column(name).equals(without.column(name))
    assert without.column("name_a").null_count == without.num_rows


# --- what comes out -------------------------------------------------------------------------------------------


@every_detector
def test_a_lone_fix_without_any_speed_goes_through_pandas(detector):
    """Its speed is not known; pandas does not tell that from null."""
    lone = build_tracks(join(positions(440000001, [us(0)], 31.0, 124.0), boat(440000002, [(0, 0, 0), (9, 0, 0)]))).fixes
    assert np.isnan(lone.column("speed_kn").to_numpy()).sum() == 1
    assert detector().detect(lone.to_pandas()).equals(detector().detect(lone))


def check_events(found: pa.Table, detector: type) -> None:
    """What holds for every event of a detector."""
    assert found.schema.equals(EVENTS.arrow)
    assert EVENTS.conform(found).equals(found)
    events = found.to_pylist()
    assert {event["kind"] for event in events} <= {KINDS[detector]}
    assert len({event["event_id"] for event in events}) == len(events)
    for event in events:
        assert event["start_time"] <= event["end_time"]
        minutes = (event["end_time"] - event["start_time"]).total_seconds() / 60
        assert event["duration_h"] * 60 == pytest.approx(minutes, abs=1e-6)
        assert event["observed_min"] >= 0
        assert event["inferred_min"] >= 0
        assert event["observed_min"] + event["inferred_min"] <= minutes + 1e-6
        assert event["vessel_b"] is None if detector is not Encounters else event["vessel_a"] < event["vessel_b"]
        assert event["mmsi_a"] != event["mmsi_b"]
        assert -90 <= event["lat_deg"] <= 90
        assert -180 <= event["lon_deg"] < 180 or event["lon_deg"] == 180
        assert len(event["event_id"]) == 16


@FEW
@given(world=worlds(), seed=st.integers(0, 2**32 - 1))
def test_events_of_any_small_world(world, seed):
    made = build_tracks(world)
    order = np.random.default_rng(seed).permutation(made.fixes.num_rows)
    history = np.random.default_rng(seed).permutation(made.vessels.num_rows)
    mixed, known = made.fixes.take(pa.array(order)), made.vessels.take(pa.array(history))
    found = []
    for detector in DETECTORS:
        one = detector().detect(made.fixes, made.vessels)
        check_events(one, detector)
        assert detector().detect(mixed, known).equals(one)
        assert detector().detect(mixed.to_pandas(), known.to_pandas()).equals(one)
        found += rows(one)
    together = find_events(made.fixes, made.vessels, load_settings(dark={"shore": False}))
    whole = rows(together)
    # Gaps are judged by who else was heard there, once all are known; identities are looked at besides.
    later = {
        "gap": (
            "coverage",
            "hulls_before",
            "hulls_during",
            "own_rate_per_h",
            "rare_there",
            "rare_for_hull",
            "evidence",
        ),
        "loitering": ("signature", "evidence", "draught_before_a_m", "draught_change_a_m"),
    }
    inferred = ("dark_rendezvous", "identity")
    seen = [event for event in whole if event["kind"] not in inferred and event["subtype"] != "inferred"]

    def bare(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        plain = [{**event, "settings_id": "", **dict.fromkeys(later.get(event["kind"], ()))} for event in events]
        return {event["event_id"]: event for event in plain}

    assert bare(found) == bare(seen)
    dark = DarkRendezvous(shore=False).detect(pa.Table.from_pylist(seen, EVENTS.arrow), made.vessels).to_pylist()
    known = [{**event, "settings_id": ""} for event in whole if event["kind"] == "dark_rendezvous"]
    assert sorted(known, key=lambda event: event["event_id"]) == sorted(dark, key=lambda event: event["event_id"])
    assert all((event["coverage"] is not None) == (event["kind"] == "gap") for event in whole)
    assert [event["event_id"] for event in rows(together)] == together.column("event_id").to_pylist()


@every_detector
def test_events_of_the_named_world(detector):
    found = detector().detect(tracks().fixes, tracks().vessels)
    check_events(found, detector)
    assert found.num_rows > 0


def test_no_vessel_meets_itself_and_each_pair_comes_once_at_a_time():
    found = Encounters().detect(tracks().fixes, tracks().vessels).to_pylist()
    assert found
    for event in found:
        rivals = [
            other
            for other in found
            if other is not event
            and (other["vessel_a"], other["vessel_b"]) == (event["vessel_a"], event["vessel_b"])
            and other["start_time"] <= event["end_time"]
            and event["start_time"] <= other["end_time"]
        ]
        assert rivals == []


@every_detector
def test_a_stricter_setting_is_obeyed(detector):
    longer = {"min_duration_s": 6 * 86400.0} if detector is not Gaps else {"keep_from_s": 6e5, "min_duration_s": 6e5}
    assert detector(**longer).detect(tracks().fixes).num_rows == 0
    assert detector().detect(tracks().fixes).num_rows > 0


def test_settings_change_events_but_not_the_fixes():
    wide, close = Encounters(max_distance_m=1000), Encounters(max_distance_m=100)
    fixes = tracks().fixes
    assert wide.detect(fixes).num_rows >= Encounters().detect(fixes).num_rows >= close.detect(fixes).num_rows >= 1
    assert pc.max(close.detect(fixes).column("min_distance_m")).as_py() <= 100
