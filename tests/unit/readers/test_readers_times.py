"""Times as sources write them: each form to UTC, the same through a dictionary, and what is none is said to be bad."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from stsdetect.readers.times import (
    compact_utc,
    day_first_12h_utc,
    epoch_ms_utc,
    epoch_s_utc,
    iso_utc,
    iso_zoned_utc,
    zoned_utc,
)
from stsdetect.schema import TEXT, TIME

AT = datetime(2023, 2, 1, 12, 4, 54, tzinfo=UTC)
MIDNIGHT = datetime(2023, 2, 1, 0, 4, 54, tzinfo=UTC)
FORMS = [
    (zoned_utc, "2023-02-01T12:04:54Z", AT),
    (zoned_utc, "2023-02-01T13:04:54+01:00", AT),
    (zoned_utc, "2023-02-01 12:04:54 UTC", AT),
    (zoned_utc, "2023-02-01 12:04:54.250000987 +0000 UTC", AT.replace(microsecond=250_000)),
    (zoned_utc, "2023-02-01 12:04:54+00", AT),
    (zoned_utc, "2023-02-01 21:04:54.25+09", AT.replace(microsecond=250_000)),
    (zoned_utc, "2023-02-01T12:04:54", None),
    (zoned_utc, "2023-02-01-01:00", None),
    (zoned_utc, "1675253094", None),
    (day_first_12h_utc, "1/02/2023 12:04:54 AM", MIDNIGHT),
    (day_first_12h_utc, "01/2/2023 12:04:54 PM", AT),
    (day_first_12h_utc, "31/12/2022 1:00:00 pm", datetime(2022, 12, 31, 13, tzinfo=UTC)),
    (day_first_12h_utc, "1/02/2023 09:30:00 AM", datetime(2023, 2, 1, 9, 30, tzinfo=UTC)),
    (day_first_12h_utc, "1/02/2023 11:59:59 PM", datetime(2023, 2, 1, 23, 59, 59, tzinfo=UTC)),
    (day_first_12h_utc, "1/02/2023 13:04:54 PM", None),
    (day_first_12h_utc, "1/02/2023 0:04:54 AM", None),
    (day_first_12h_utc, "1/02/2023 12:04:54", None),
    (day_first_12h_utc, "1/13/2023 12:04:54 AM", None),
    (day_first_12h_utc, "2023-02-01 12:04:54", None),
    (compact_utc, "20230201_120454", AT),
    (compact_utc, "20230201_120454.250", AT.replace(microsecond=250_000)),
    (compact_utc, "20231301_120454", None),
    (compact_utc, "20230201_250454", None),
    (compact_utc, "20230201120454", None),
    (compact_utc, "2023-02-01 12:04:54", None),
    (epoch_s_utc, "1675253094", AT),
    (epoch_s_utc, "1675253094.25", AT.replace(microsecond=250_000)),
    (epoch_s_utc, "2023-02-01 12:04:54", None),
    (epoch_s_utc, "nan", None),
    (epoch_ms_utc, "1675253094250", AT.replace(microsecond=250_000)),
    (epoch_ms_utc, "soon", None),
    (iso_zoned_utc, "2023-02-01T12:04:54Z", AT),
    (iso_zoned_utc, "2023-02-01T14:04:54+02:00", AT),
    (iso_zoned_utc, "2023-02-01 12:04:54 UTC", AT),
    (iso_zoned_utc, "2023-02-01 12:04:54 GMT", AT),
    (iso_zoned_utc, "2023-02-01 12:04:54", AT),
    (iso_zoned_utc, "2023-02-01 12:04:54+00", AT),
    (iso_zoned_utc, "2023-02-01 07:04:54 -05", AT),
    (iso_zoned_utc, "2023-02-01 21:04:54.25+09", AT.replace(microsecond=250_000)),
    (iso_zoned_utc, "2023-02-01T21:04+09", AT.replace(second=0)),
    (iso_zoned_utc, "2023-02-01+09", None),
    (iso_zoned_utc, "2023-02-01 12:04:54+0", None),
    (iso_zoned_utc, "2023-02-01 12:04:54+00+00", None),
    (iso_zoned_utc, "1675253094", None),
    (iso_utc, "2023-02-01 12:04:54", AT),
    (iso_utc, "2023-02-01T12:04:54Z", None),
    (iso_utc, "2023-02-01 12:04:54+00", None),
]


@pytest.mark.parametrize("kind", [pa.string(), TEXT], ids=["text", "dictionary"])
@pytest.mark.parametrize(("read", "text", "expected"), FORMS)
def test_each_form(read, text, expected, kind):
    # Beside another that is bad, empty and blank: what stands beside a value does not change it.
    array = pa.array([text, None, "  ", "no time at all", text], pa.string()).cast(kind)
    result, bad = read(array)
    assert result.type == TIME
    assert result.to_pylist() == [expected, None, None, None, expected]
    assert bad.tolist() == [expected is None, False, False, True, expected is None]


@pytest.mark.parametrize("read", [epoch_s_utc, epoch_ms_utc])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()])
def test_epochs_of_typed_columns(read, kind):
    unit = 1 if read is epoch_s_utc else 1000
    result, bad = read(pa.array([1675253094 * unit, None], kind))
    assert result.to_pylist() == [AT, None]
    assert not bad.any()


@pytest.mark.parametrize(
    ("read", "text"), [(epoch_s_utc, "1675253094000"), (epoch_ms_utc, "1675253094"), (epoch_s_utc, "1e300")]
)
def test_epochs_of_another_unit_are_far_away(read, text):
    result, _ = read(pa.array([text]))
    year = result.cast(pa.int64())[0].as_py() / 31_556_952e6 + 1970
    assert not 1990 < year < 2100


def test_numbers_are_no_zoned_times():
    result, bad = iso_zoned_utc(pa.array([1675253094, None]))
    assert result.to_pylist() == [None, None]
    assert bad.tolist() == [True, False]
