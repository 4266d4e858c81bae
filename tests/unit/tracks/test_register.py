"""Combinations of what is said: one number for what is the same to the last bit, over any blocks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.readers import alike
from stsdetect.schema import POSITIONS
from stsdetect.tracks import register as register_room
from stsdetect.tracks.register import NUMBERS, TEXTS, Coder, Register
from tests.builders import us

VALUES = {
    "mmsi": st.sampled_from([None, 0, 440000001, 440000002]),
    "vessel_id": st.sampled_from([None, "", "a", "000000000"]),
    "imo": st.sampled_from([None, 0, 9074729]),
    "ship_type": st.sampled_from([None, 0, 80]),
    "draught_m": st.sampled_from([None, 0.0, -0.0, 5.5]),
    "name": st.sampled_from([None, "", "NAME"]),
    "destination": st.sampled_from([None, "NAME"]),
}


@st.composite
def blocks(draw: st.DrawFn) -> list[pa.Table]:
    rows = draw(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=30))
    cuts = sorted(draw(st.sets(st.integers(0, len(rows)), max_size=3)) | {0, len(rows)})
    return [block(rows[low:high]) for low, high in pairwise(cuts) if high > low]


def block(rows: list[dict]) -> pa.Table:
    columns = {name: pa.array([row[name] for row in rows], POSITIONS.arrow.field(name).type) for name in VALUES}
    time = pa.array([us(0)] * len(rows), pa.timestamp("us", "UTC"))
    return POSITIONS.table({"time": time, "source_row": pa.array(range(len(rows)), pa.int64()), **columns})


def bits(row: dict) -> tuple:
    return tuple((row[name], str(row[name])) for name in VALUES)


@settings(max_examples=60, deadline=None)
@given(blocks(), st.booleans())
def test_numbers_are_alike_just_where_all_is_alike(tables, clash):
    register = Register()
    with pytest.MonkeyPatch.context() as patch:
        if clash:  # every digest is the same: values alone tell rows apart
            patch.setattr(register_room, "mix", lambda digest, bits, none, column: None)
        codes = np.concatenate([register.codes(table) for table in tables]).tolist()
    rows = [row for table in tables for row in table.select(list(VALUES)).to_pylist()]
    for k, code in enumerate(codes):
        for j in range(k):
            if code == codes[j]:
                assert bits(rows[k]) == bits(rows[j])
            elif not clash:
                assert bits(rows[k]) != bits(rows[j])
    assert max(codes) < register.size
    said = register.said(np.arange(register.size))
    for row, code in zip(rows, codes, strict=True):
        label = row["vessel_id"] or (None if row["mmsi"] is None else f"{row['mmsi']:09d}")
        assert (said.labels[said.key[code]] if said.key[code] >= 0 else None) == label
        for name in ("imo", "ship_type", "draught_m"):
            value = said.numbers[name][code]
            assert (None if np.isnan(value) else value) == row[name]
        for name in ("name", "destination"):
            rank = said.texts[name][code]
            assert (said.words[name][rank] if rank >= 0 else "") == (row[name] or "")
    assert set(said.numbers) == set(NUMBERS)
    assert set(said.texts) == set(TEXTS)
    assert all(words == sorted(words) for words in said.words.values())


def test_only_the_words_of_those_chosen_are_listed():
    rows = [dict.fromkeys(VALUES) | {"mmsi": 440000001 + k, "name": name} for k, name in enumerate("cab")]
    register = Register()
    codes = register.codes(block(rows))
    said = register.said(np.sort(codes[1:]).astype(np.int64))
    assert said.words["name"] == ["a", "b"]
    assert said.labels == ["440000002", "440000003"]


@settings(max_examples=40, deadline=None)
@given(blocks(), st.booleans())
def test_a_reader_may_say_which_rows_say_the_same(tables, more):
    plain, hinted = Coder(), Coder()
    sets: list[dict] = []
    names = [name for name in POSITIONS.names if name not in alike.OWN]
    for table in tables:
        rows = table.select(list(VALUES)).to_pylist()
        for row in rows:
            if bits(row) not in [bits(known) for known in sets]:
                sets.append(row)
        number = np.array([[bits(known) for known in sets].index(bits(row)) for row in rows], dtype=np.int32)
        own = {name: table.column(name).combine_chunks() for name in ("time", "source_row")}
        hint = alike.alike(own, number, block(sets).select(names), (7, len(sets)))
        assert alike.expanded(hint).select(list(VALUES)).to_pylist() == rows
        if more:  # lines that were read one by one come with sets of their own
            hint, table = alike.together(hint, odd_rows()), pa.concat_tables([table, odd_rows()])
            table = table.unify_dictionaries().sort_by("source_row")
            assert alike.expanded(hint).to_pylist() == table.to_pylist()
        one, two = plain.coded(table), hinted.coded(hint)
        assert one.drop_columns(["code"]).num_rows == two.drop_columns(["code"]).num_rows
        here, there = (coder.register.said(coded.column("code").to_numpy().astype(np.int64))
                       for coder, coded in ((plain, one), (hinted, two)))  # fmt: skip
        assert [here.labels[k] for k in here.key if k >= 0] == [there.labels[k] for k in there.key if k >= 0]
        assert here.words == there.words
        for name, values in here.numbers.items():
            assert values.tobytes() == there.numbers[name].tobytes()


def odd_rows() -> pa.Table:
    rows = [dict.fromkeys(VALUES) | {"mmsi": 1, "name": "ODD"}, dict.fromkeys(VALUES) | {"mmsi": 2}]
    column = POSITIONS.names.index("source_row")
    return block(rows).set_column(column, POSITIONS.arrow.field(column), pa.array([-1, 10**6]))
