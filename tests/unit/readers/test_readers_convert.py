"""Values are converted the same whatever stands beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import UsageError
from stsdetect.readers import convert, times

NUMBERS = st.one_of(
    st.sampled_from(["", " ", "1", " 1 ", "+1", "-0", "nan", "inf", "1e999", "1e5", "0x10", ".5", "5.", "1_0", "1,5"]),
    st.floats(allow_nan=False).map(repr),
    st.text(max_size=4),
)
STAMPS = st.one_of(
    st.sampled_from(
        [
            "",
            "2021-03-20",
            "2021-03-20T00:22:01",
            "2021-03-20 00:22",
            "2021-03-20T00:22:01Z",
            "2021-03-20 00:22:01+02:00",
            "2021-03-20 00:22:01.123456789 +0000 UTC",
            "2021/03/20 00:22:01",
            "20/03/2021 00:22",
            "3/4/2021 0:22",
            "31.12.2021 23:59:59",
            "1616199721",
            "1616199721.5",
            "1616199721000",
            "99/99/2021 00:00",
            "2021-03-20 00:22:01 GMT",
        ]
    ),
    st.datetimes(datetime(1600, 1, 1), datetime(2300, 1, 1)).map(str),
    st.text(max_size=6),
)


def both(function, values):
    result, bad = function(pa.array(values, pa.string()))
    return list(zip(result.to_pylist(), bad.tolist(), strict=True))


@settings(max_examples=200, deadline=None)
@given(st.lists(NUMBERS, max_size=8))
def test_numbers_one_by_one(values):
    singly = [both(convert.numbers, [value])[0] for value in values]
    assert both(convert.numbers, values) == singly
    encoded, bad = convert.numbers(pa.array(values, pa.string()).dictionary_encode())
    assert list(zip(encoded.to_pylist(), bad.tolist(), strict=True)) == singly


@settings(max_examples=200, deadline=None)
@given(st.lists(STAMPS, max_size=6))
def test_times_one_by_one(values):
    for function in (times.iso_utc, times.day_first_utc, lambda a: times.any_utc(a, "day", 0.0)):
        assert both(function, values) == [both(function, [value])[0] for value in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-20T00:22:01", datetime(2021, 3, 20, 0, 22, 1)),
        ("2021-03-20 00:22", datetime(2021, 3, 20, 0, 22)),
        ("2021-03-20T00:22:01.25Z", datetime(2021, 3, 20, 0, 22, 1, 250000)),
        ("2021-03-20 02:22:01+02:00", datetime(2021, 3, 20, 0, 22, 1)),
        ("2021-03-20T05:52:01+0530", datetime(2021, 3, 20, 0, 22, 1)),
        ("2021-03-20 00:22:01 UTC", datetime(2021, 3, 20, 0, 22, 1)),
        ("2022-12-29 18:22:32.318353 +0000 UTC", datetime(2022, 12, 29, 18, 22, 32, 318353)),
        ("2021/03/20 00:22:01", datetime(2021, 3, 20, 0, 22, 1)),
        ("20/03/2021 00:22", datetime(2021, 3, 20, 0, 22)),
        ("3/4/2021 9:22", datetime(2021, 4, 3, 9, 22)),
        ("1616199721", datetime(2021, 3, 20, 0, 22, 1)),
        ("1616199721500", datetime(2021, 3, 20, 0, 22, 1, 500000)),
        ("1616199721500000", datetime(2021, 3, 20, 0, 22, 1, 500000)),
        ("2021-03-20", None),
        ("31/02/2021 00:00", None),
        ("13/13/2021 00:00", None),
        ("noon", None),
    ],
)
def test_forms_of_time(text, expected):
    result, bad = times.any_utc(pa.array([text]), "day", 0.0)
    assert result[0].as_py() == (expected and expected.replace(tzinfo=UTC))
    assert bad.tolist() == [expected is None]


def test_zone_of_naive_times_only():
    values = pa.array(["2021-03-20 09:00:00", "2021-03-20T00:00:00Z", "1616198400"])
    result, _ = times.any_utc(values, None, 9.0)
    assert {value.as_py() for value in result} == {datetime(2021, 3, 20, tzinfo=UTC)}
    naive = pa.array([datetime(2021, 3, 20, 9)], pa.timestamp("ns"))
    assert times.any_utc(naive, None, 9.0)[0][0].as_py() == datetime(2021, 3, 20, tzinfo=UTC)


def test_typed_epochs():
    for values in ([1616198400], [1616198400.0], [1616198400_000], [1616198400_000_000_000]):
        assert times.any_utc(pa.array(values), None, 0.0)[0][0].as_py() == datetime(2021, 3, 20, tzinfo=UTC)
    half = times.any_utc(pa.array([1616198400.5, None, float("nan")]), None, 0.0)[0]
    assert half.to_pylist() == [datetime(2021, 3, 20, tzinfo=UTC) + timedelta(seconds=0.5), None, None]


def test_typed_numbers():
    result, bad = convert.numbers(pa.array([1.0, float("nan"), float("inf"), None]))
    assert result.to_pylist() == [1.0, None, None, None]
    assert bad.tolist() == [False, False, True, False]
    result, bad = convert.whole(pa.array([70.0, 70.5, -1.0, None]), 0, 99, pa.int16())
    assert result.to_pylist() == [70, None, None, None]
    assert bad.tolist() == [False, True, True, False]
    with pytest.raises(UsageError, match="list"):
        convert.plain(pa.array([[1]]))


def test_words_are_trimmed_and_distinct():
    result = convert.words(pa.array([" A", "A ", "", "Unknown", None]), frozenset({"Unknown"}))
    assert result.to_pylist() == ["A", "A", None, None, None]
    assert result.dictionary.to_pylist() == ["A"]
    assert convert.words(pa.array([1.0, None, 12.0])).to_pylist() == ["1", None, "12"]


def test_huge_numbers_are_scaled_as_they_are() -> None:
    got = convert.scaled(pa.array([123.0, 1.7976931348623157e308, None, 3e9]), 0.1)
    assert got.to_pylist() == [12.3, 1.7976931348623157e307, None, 3e8]


def test_columns_of_several_chunks_are_scaled() -> None:
    got = convert.scaled(pa.chunked_array([["123"], ["x"]]).dictionary_encode(), 0.1)
    assert got.to_pylist() == ["12.3", "x"]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "ZTC", "dateutil//usr/share/zoneinfo/Asia/Seoul"])
def test_instants_of_a_zone_that_nobody_knows_have_a_text(zone: str) -> None:
    times = pa.array([0, None, 1_709_251_200], pa.int64()).cast(pa.timestamp("s", zone))
    assert convert.strings(times).to_pylist() == ["1970-01-01 00:00:00Z", None, "2024-03-01 00:00:00Z"]
    assert convert.value_at(times, 1) is None
    assert str(convert.value_at(times, 0))


def test_text_that_is_not_utf_8_becomes_so() -> None:
    raw = pa.array([b"V\xe917", None, b"ok"]).cast(pa.string(), safe=False)
    table = pa.table({"a": raw, "b": raw.dictionary_encode(), "c": [1, 2, 3]})
    got = convert.sound(table)
    assert got.schema == table.schema
    assert got.column("a").to_pylist() == got.column("b").to_pylist() == ["V\ufffd17", None, "ok"]
    assert convert.sound(got) is got


def test_a_dictionary_that_lacks_what_rows_name_is_no_table() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 7]), pa.array(["a"]), safe=False)
    with pytest.raises(pa.ArrowException):
        convert.sound(pa.table({"a": column}))


@pytest.mark.parametrize(
    ("kind", "stored"),
    [(pa.timestamp("us", "UTC"), pa.array([1 << 62])), (pa.date32(), pa.array([1 << 30], pa.int32()))],
    ids=str,
)
def test_times_beyond_the_years_of_python_have_a_value_all_the_same(kind: pa.DataType, stored: pa.Array) -> None:
    assert convert.value_at(stored.cast(kind), 0) == stored[0].as_py()
