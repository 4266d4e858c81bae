"""What is called from Python: frames of our own go back in, and wrong arguments are told in words."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.errors import SchemaError, UsageError
from stsdetect.readers import write_positions
from stsdetect.schema import EVENTS
from tests.builders import TANKER, boat, join

SAMPLE = Path(__file__).parents[3] / "sample_ais"


@pytest.fixture(scope="module")
def positions() -> pa.Table:
    """Two tankers that come from two sides, lie together for four hours, and part."""
    a = boat(412000001, [(0, 20_000, 0), (1, 0, 0), (5, 0, 0), (6, -20_000, 0)], name="FIRST", **TANKER)
    b = boat(667000002, [(0, -20_000, 30), (1, 0, 30), (5, 0, 30), (6, 20_000, 30)], name="SECOND", **TANKER)
    return join(a, b)


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> tuple[sts.Result, geopandas.GeoDataFrame]:
    """The sample, which has areas of reach, and its events as they are read back from the file."""
    out = tmp_path_factory.mktemp("sample")
    result = sts.detect(SAMPLE, out=out, page=False)
    assert result.events_table.column("reach").null_count < result.events_table.num_rows
    return result, geopandas.read_parquet(out / "events.parquet")


def test_frames_of_events_go_back_in(sample):
    result, read_back = sample
    leads, found = sts.rank_pairs(result.events_table), sts.chains(result.events_table, result.pairs_table)
    added_up = sts.ledger(result.events_table, result.pairs_table)
    zones = sts.annotate(result.events_table, sts.load_settings().context)
    for events in (result.events, read_back):
        before = events.copy()
        assert EVENTS.conform(events).equals(result.events_table)
        assert sts.rank_pairs(events).equals(leads)
        assert sts.chains(events, result.pairs).equals(found)
        assert sts.ledger(events, result.pairs).transfers.equals(added_up.transfers)
        assert sts.annotate(events, sts.load_settings().context).equals(zones)
        assert type(events) is geopandas.GeoDataFrame
        assert events.geometry.equals(before.geometry)
        pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(before))


def test_what_arrow_cannot_take_is_told_with_its_column(sample):
    with pytest.raises(SchemaError, match=r"table 'events' holds values of mixed kinds: .*column evidence.*"):
        sts.rank_pairs(sample[0].events[:2].assign(evidence=[b"x", 1]))
    with pytest.raises(SchemaError, match="needs a column 'geometry'"):
        sts.rank_pairs(sample[0].events.drop(columns="geometry"))
    with pytest.raises(SchemaError, match="table 'events' must be a pandas or Arrow table, not str"):
        sts.rank_pairs("events.parquet")


A, B = 412000001, 667000002
#: A time of this sort lies between the two days of the next test.
MIDNIGHT = [
    date(2024, 3, 2), np.datetime64("2024-03-02"), np.datetime64("2024-03-02T00:00:00.000000000"), "2024-03-02",
    pd.Timestamp("2024-03-02"), datetime(2024, 3, 2), datetime(2024, 3, 2, 8, tzinfo=timezone(timedelta(hours=8))),
]  # fmt: skip


@pytest.mark.parametrize("moment", MIDNIGHT, ids=repr)
def test_times_may_be_of_any_sort(moment):
    frame = pd.DataFrame(
        {"time": ["2024-03-01T23:59:59Z", "2024-03-02T00:00:00Z"], "lat_deg": 31.0, "lon_deg": 124.0, "mmsi": A}
    )
    for name, row in (("since", 2), ("until", 1)):
        assert sts.read(frame, **{name: moment}).positions.column("source_row").to_pylist() == [row]
        run = sts.detect(frame, **{name: moment}).run
        assert (run["rows"]["kept"], run["filters"][name]) == (1, "2024-03-02T00:00:00Z")


NOT_UTC = datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))
FRAME = pd.DataFrame({"time": [pd.Timestamp("2024-03-01", tz="UTC")], "lat_deg": 31.0, "lon_deg": 124.0, "mmsi": A})


@pytest.mark.parametrize(
    ("source", "words", "message"),
    [
        *(
            (FRAME, {name: value}, f"{name} is .*; write a date or time like 2024-03-01")
            for name in ("since", "until")
            for value in (pd.NaT, np.datetime64("NaT"), NOT_UTC, "0001-01-01T00:00:00+05:00", 3, float("nan"), [1])
        ),
        ([FRAME, FRAME], {}, "input 1 of 2 in a list is of type DataFrame.*put frames together with pandas.concat"),
        ((SAMPLE, FRAME), {}, "input 2 of 2 in a tuple is of type DataFrame.*pandas.concat"),
        (FRAME["time"], {}, "input 1 of 1 in a Series is of type Timestamp.*one pandas or Arrow table"),
        (b"exports", {}, "the input is of type bytes; give files, folders or patterns as text, or one pandas"),
        ([b"exports"], {}, "input 1 of 1 in a list is of type bytes"),
        ({"time": ["2024-03-01"]}, {}, "the input is of type dict"),
        (None, {}, "the input is of type NoneType"),
        (3, {}, "the input is of type int"),
        (FRAME, {"settings": {"clean": 1}}, r"settings must be (Read)?Settings, not dict; make them with load_sett"),
        (FRAME, {"settings": {}}, r"settings must be (Read)?Settings, not dict"),
        (FRAME, {"settings": "rules.toml"}, r"settings must be (Read)?Settings, not str"),
        (FRAME, {"vessels": [None]}, "no vessel can be called None; give an MMSI, or the source's own id"),
        (FRAME, {"vessels": pd.Series([1.0, np.nan])}, "no vessel can be called nan"),
        (FRAME, {"vessels": [pd.NA]}, "no vessel can be called <NA>"),
        (FRAME, {"vessels": 351900001.5}, r"no vessel can be called 351900001\.5"),
        (FRAME, {"vessels": float("inf")}, "no vessel can be called inf"),
        (FRAME, {"vessels": [True]}, "no vessel can be called True"),
        (FRAME, {"vessels": b"351900001"}, "no vessel can be called b'351900001'"),
        (FRAME, {"vessels": [" "]}, "no vessel can be called ' '"),
        (FRAME, {"vessels": "mar\udce7o"}, r"no vessel can be called mar.xe7o, which is not UTF-8"),
        (FRAME, {"vessels": FRAME}, "vessels is of type DataFrame"),
        (FRAME, {"vessels": object()}, "vessels is of type object"),
    ],
)
def test_wrong_arguments_are_told_in_words(source, words, message):
    for function in (sts.detect, sts.read):
        with pytest.raises(UsageError, match=message):
            function(source, **words)


def test_wrong_arguments_of_other_functions():
    for wrong in ({}, 3, b"model.json"):
        with pytest.raises(UsageError, match="the model must be a Model or the path of its file"):
            sts.detect(FRAME, model=wrong)
    for wrong in (3, (1, "2", 3, 4), [None] * 4):
        with pytest.raises(UsageError, match="must be four numbers"):
            sts.detect(FRAME, bbox=wrong)
    with pytest.raises(UsageError, match="settings must be Settings, not ReadSettings"):
        sts.inspect(SAMPLE, settings=sts.load_settings().read)
    for wrong in (None, 3, FRAME, [FRAME], b"x"):
        with pytest.raises(UsageError, match=r"is of type .*; give files, folders or patterns as text"):
            sts.inspect(wrong)


def test_a_batch_of_arrow_is_a_table(positions):
    (batch, *rest) = positions.combine_chunks().to_batches()
    assert not rest
    assert sts.read(batch).positions.equals(sts.read(positions).positions)
    assert sts.detect(batch).events_table.equals(sts.detect(positions).events_table)


@pytest.mark.parametrize(
    "vessels",
    [A, str(A), f" {A} ", float(A), np.int64(A), [float(A)], pd.Series([float(A)]), np.array([A]), pa.array([A]), {A}],
    ids=lambda value: f"{type(value).__name__}",
)
def test_one_vessel_however_it_is_written(positions, vessels):
    got = sts.read(positions, vessels=vessels)
    assert set(got.positions.column("mmsi").to_pylist()) == {A}
    assert got.vessels_not_found == ()
    run = sts.detect(positions, vessels=vessels).run
    assert (run["counts"]["vessels"], run["filters"]["vessels"], run["vessels_not_found"]) == (1, [str(A)], [])


def test_vessels_without_a_row_are_told_once(positions, tmp_path, caplog):
    of = positions.column("mmsi").to_numpy()
    for k, mmsi in enumerate((B, A, B)):
        write_positions(positions.filter(pa.array(of == mmsi)), tmp_path / f"{k}.parquet")
    evil = "x\n\x1b[31m\u202e"
    asked = [A, "35190000", evil, *range(20)]
    inputs = [tmp_path / "0.parquet", tmp_path / "1.parquet", tmp_path / "2.parquet"]
    lacking = tuple(sorted(map(str, ["35190000", evil, *range(20)])))
    for source in (inputs, positions):
        for call in (sts.read, sts.detect):
            with caplog.at_level(logging.WARNING, "stsdetect"):
                caplog.clear()
                got = call(source, vessels=asked)
            said = [message for message in caplog.messages if "no row of vessel" in message]
            assert said == ["no row of vessel '0', '1', '10', '11', '12', '13', '14', '15' and 14 more is in the input"]
            found = got.vessels_not_found if call is sts.read else tuple(got.run["vessels_not_found"])
            assert found == lacking
    # The bounds of time leave rows out; they do not make a vessel unknown.
    with caplog.at_level(logging.WARNING, "stsdetect"):
        caplog.clear()
        assert sts.read(inputs, vessels=[A, f"0{A}"], since="2030-01-01").vessels_not_found == ()
        assert not caplog.messages
        out = sts.detect(inputs, vessels=evil, out=tmp_path / "out", page=False)
        assert r"no row of vessel 'x\n\x1b[31m\u202e' is in the input" in caplog.messages
    assert json.loads((tmp_path / "out" / "run.json").read_text())["vessels_not_found"] == [evil]
    assert out.run["rows"]["kept"] == 0


def test_vessels_by_the_sources_own_ids(caplog):
    frame = FRAME.drop(columns="mmsi").assign(vessel_id="SHIP-7")
    assert sts.read(frame, vessels="SHIP-7").positions.num_rows == 1
    assert not caplog.messages
    assert sts.read(frame, vessels=["SHIP-7", "SHIP-8"]).vessels_not_found == ("SHIP-8",)
    assert caplog.messages == ["no row of vessel 'SHIP-8' is in the input"]


def test_one_format_is_written_as_a_word(tmp_path):
    assert (tmp_path / "events.csv") in sts.detect(FRAME, out=tmp_path, formats="csv", page=False).files
    with pytest.raises(UsageError, match="there is no format 'cvs'"):
        sts.detect(FRAME, out=tmp_path, formats="cvs")
