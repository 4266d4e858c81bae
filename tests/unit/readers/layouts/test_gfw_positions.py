"""Global Fishing Watch positions: five columns with names anybody may use, so nothing else is claimed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stsdetect.errors import InputError
from stsdetect.readers import QuestionError
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = "id,timestamp,lat,lon,speed"


@pytest.mark.parametrize("stamp", ["2018-01-01 00:00:05 UTC", "2018-01-01T00:00:05Z", "2018-01-01T00:00:05+00:00"])
def test_positions(tmp_path, stamp):
    result = read_text(tmp_path, f"{HEADER}\nab-12,{stamp},-3.25,-80.5,0.2\n")
    assert result.files[0].layout == "gfw_positions"
    (row,) = rows(result)
    assert row["time"] == datetime(2018, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["vessel_id"], row["lat_deg"], row["lon_deg"], row["sog_kn"]) == ("ab-12", -3.25, -80.5, 0.2)


def test_bad_rows(tmp_path):
    lines = ["a,2018-01-01 00:00:05 UTC,1,2,3", "a,1514764805,1,2,3", ",2018-01-01 00:00:05 UTC,1,2,3"]
    result = read_text(tmp_path, "\n".join([HEADER, *lines]))
    assert result.files[0].rejected == {"bad_time": 1, "missing_vessel": 1}
    adds_up(result)


def test_another_column_is_another_table(tmp_path):
    with pytest.raises(InputError, match="no layout stsdetect knows"):
        read_text(tmp_path, f"{HEADER},engine\na,2018-01-01 00:00:05 UTC,1,2,3,4\n")


def test_ids_that_may_number_the_rows_are_asked_about(tmp_path):
    text = "\n".join([HEADER, *(f"{i},2018-01-01 00:00:05 UTC,1,2,3" for i in range(50))])
    with pytest.raises(QuestionError, match="does id number the rows"):
        read_text(tmp_path, text)
    assert read_text(tmp_path, text, layout="gfw_positions").files[0].rows_kept == 50
    assert read_text(tmp_path, f"{text}\n7,2018-01-01 00:00:06 UTC,1,2,3\n").files[0].rows_kept == 51
