"""What every detector promises, of dark rendezvous: it works on events, not on fixes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.detect import DarkRendezvous, find_events
from stsdetect.errors import SchemaError
from stsdetect.schema import EVENTS, VESSELS
from stsdetect.settings import DarkSettings, Settings, load_settings
from stsdetect.tracks import build_tracks
from tests.builders import TANKER, boat, join
from tests.unit.detect.test_dark import SEA, innocent, loiterer, partner


@cache
def found() -> tuple[pa.Table, pa.Table]:
    """Events without dark rendezvous, and vessels, of a loiterer, its partner and four others."""
    made = build_tracks(join(loiterer(draught_m=7.0), partner(), *[innocent(k) for k in range(4)]))
    events = find_events(made.fixes, made.vessels, load_settings(dark={"shore": False})).to_pylist()
    return pa.Table.from_pylist([e for e in events if e["kind"] != "dark_rendezvous"], EVENTS.arrow), made.vessels


def test_it_is_frozen_keyword_only_and_holds_no_data():
    one = DarkRendezvous(min_stay_s=7200.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.min_stay_s = 1.0
    with pytest.raises(TypeError):
        DarkRendezvous(7200.0)
    parameters = inspect.signature(DarkRendezvous).parameters.values()
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    assert one == DarkRendezvous(min_stay_s=7200.0) != DarkRendezvous()
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))
    assert copy.deepcopy(one) == one
    before = pickle.dumps(one)
    first = one.detect(*found())
    assert pickle.dumps(one) == before
    assert one.detect(*found()).equals(first)


def test_its_defaults_are_those_of_the_settings():
    assert DarkRendezvous.from_settings(Settings().dark) == DarkRendezvous()
    assert set(DarkSettings.model_fields) == {field.name for field in dataclasses.fields(DarkRendezvous)}
    assert sts.DarkRendezvous is DarkRendezvous


def test_nothing_in_gives_the_full_schema():
    for empty in (EVENTS.empty(), EVENTS.empty().to_pandas(), found()[0].slice(0, 0)):
        for vessels in (None, VESSELS.empty(), found()[1]):
            assert DarkRendezvous().detect(empty, vessels).equals(EVENTS.empty())


def test_any_order_and_pandas_give_the_same_table():
    events, vessels = found()
    one = DarkRendezvous().detect(events, vessels)
    assert one.num_rows >= 5
    order = pa.array(np.random.default_rng(0).permutation(events.num_rows))
    assert DarkRendezvous().detect(events.take(order), vessels).equals(one)
    assert DarkRendezvous().detect(events.to_pandas(), vessels.to_pandas()).equals(one)
    # What it found itself is no matter to it.
    assert DarkRendezvous().detect(pa.concat_tables([one, events]), vessels).equals(one)


def test_without_vessels_the_same_pairs_are_found():
    events, vessels = found()
    one, other = DarkRendezvous().detect(events, vessels), DarkRendezvous().detect(events)
    assert sorted(one.column("event_id").to_pylist()) == sorted(other.column("event_id").to_pylist())


def test_something_else_is_refused_in_words():
    with pytest.raises(SchemaError, match="must be a pandas or Arrow table"):
        DarkRendezvous().detect(3)
    with pytest.raises(SchemaError, match="needs a column 'event_id'"):
        DarkRendezvous().detect(found()[0].drop_columns(["event_id"]))


def test_events_are_whole():
    rows = DarkRendezvous().detect(*found()).to_pylist()
    assert len({row["event_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["kind"] == "dark_rendezvous"
        assert row["subtype"] in ("one_dark", "both_dark")
        assert row["vessel_a"] < row["vessel_b"]
        assert row["start_time"] == row["meet_earliest"] <= row["meet_latest"] == row["end_time"]
        assert 0 < row["reach_max_h"] <= row["duration_h"] + 1e-6
        assert row["candidate_rank"] >= 1
        assert row["n_rivals"] >= row["candidate_rank"] - 1
        assert (row["observed_a"], row["observed_b"]).count(True) == (row["subtype"] == "one_dark")
        assert row["reach"] is not None or row["candidate_rank"] > 5
        assert set(row["from_events"].split(";")) <= set(found()[0].column("event_id").to_pylist())


def test_two_that_may_each_have_lain_still_beside_the_silent_other_are_two_events():
    """220 m apart and both silent for nine hours: from the same silences each is the other's candidate."""
    ways = [(0, 440000001, 0.0, (0.0, 9.4)), (0.1, 440000002, 220.0, (0.2, 9.2))]
    lie = [
        boat(mmsi, [(start - 0.5, 0, y), (10, 0, y)], origin=SEA, silent=[gone], every_s=300, **TANKER)
        for start, mmsi, y, gone in ways
    ]
    made = build_tracks(join(*lie))
    events = find_events(made.fixes, made.vessels, load_settings(dark={"shore": False}))
    rows = [event for event in events.to_pylist() if event["kind"] == "dark_rendezvous"]
    assert sorted((row["observed_a"], row["observed_b"]) for row in rows) == [(False, True), (True, False)]
    assert len({row["from_events"] for row in rows}) == 1
    assert len({row["event_id"] for row in rows}) == 2
