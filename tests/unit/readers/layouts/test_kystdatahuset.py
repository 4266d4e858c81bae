"""Kystdatahuset: the header as published, semicolons, longitude before latitude."""

from __future__ import annotations

import pytest

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

NEW = "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr"
OLD = "mmsi;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr"


@pytest.mark.parametrize("stamp", ["2021-03-01 00:00:05", "2021-03-01T00:00:05"])
def test_new_layout(tmp_path, stamp):
    result = read_text(tmp_path, f"{NEW}\n257000001;9074729;88;{stamp};5.25;60.5;0.3;360;511;5;1\n")
    assert result.files[0].layout == "kystdatahuset"
    (row,) = rows(result)
    assert (row["mmsi"], row["imo"], row["length_m"]) == (257000001, 9074729, 88.0)
    assert row["time"].isoformat() == "2021-03-01T00:00:05+00:00"
    assert (row["lat_deg"], row["lon_deg"]) == (60.5, 5.25)
    assert (row["sog_kn"], row["nav_status"], row["message_type"]) == (0.3, 5, 1)
    adds_up(result)


def test_older_layout_and_a_bad_row(tmp_path):
    good = "257000001;2015-03-01 00:00:05;5.25;60.5;0.3;12.5;14;0;3"
    result = read_text(tmp_path, f"{OLD}\n{good}\n{good.replace('60.5', 'north')}\n")
    assert result.files[0].layout == "kystdatahuset"
    assert result.files[0].rejected == {"bad_position": 1}
    assert rows(result)[0]["imo"] is None
    adds_up(result)
