"""MarineTraffic as JSON objects: names, units and questions of its CSV."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stsdetect.errors import InputError
from stsdetect.readers import QuestionError
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

#: The fields of a simple answer, all of them text.
SIMPLE = {
    "MMSI": "273123000", "IMO": "9074729", "SHIP_ID": "4567", "LAT": "42.5", "LON": "130.25", "SPEED": "123",
    "HEADING": "511", "COURSE": "87", "STATUS": "1", "TIMESTAMP": "2021-03-01T00:00:05", "DSRC": "TER",
    "UTC_SECONDS": "5",
}  # fmt: skip
OPEN = {name: value for name, value in SIMPLE.items() if name not in ("DSRC", "UTC_SECONDS", "SHIP_ID")}


def read_items(tmp_path, items: Any, **settings: Any):
    return read_text(tmp_path, json.dumps(items), "answer.json", **settings)


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"DATA": items}, lambda items: [[{}], items]])
def test_tenths_of_a_knot_wherever_the_items_stand(tmp_path, wrap):
    result = read_items(tmp_path, wrap([SIMPLE, SIMPLE | {"SPEED": 74, "TIMESTAMP": "2021-03-01T00:01:05Z"}]))
    assert result.files[0].layout == "marinetraffic_json"
    one, two = rows(result)
    assert one["time"] == datetime(2021, 3, 1, 0, 0, 5, tzinfo=UTC)
    assert (one["mmsi"], one["lat_deg"], one["lon_deg"], one["imo"]) == (273123000, 42.5, 130.25, 9074729)
    assert (one["sog_kn"], one["heading_deg"], one["cog_deg"], one["nav_status"]) == (12.3, 511.0, 87.0, 1)
    assert (two["sog_kn"], two["time"].minute) == (7.4, 1)
    assert "speeds read in 0.1kn and turned into knots" in result.files[0].notes


@pytest.mark.parametrize(("unit", "speed"), [("kn", 74.0), ("0.1kn", 7.4)])
def test_names_that_do_not_say_it_are_asked_about(tmp_path, unit, speed):
    items = [OPEN | {"SPEED": "74"}, OPEN | {"SPEED": "145"}]
    with pytest.raises(QuestionError, match=r"largest SPEED is 145, .* Answer with --speed-unit"):
        read_items(tmp_path, items)
    assert rows(read_items(tmp_path, items, speed_unit=unit))[0]["sog_kn"] == speed


def test_decimals_speak_against_tenths(tmp_path):
    with pytest.raises(QuestionError, match=r"a SPEED such as 12\.3 has decimals"):
        read_items(tmp_path, [SIMPLE | {"SPEED": 12.3}])


@pytest.mark.parametrize(("draught", "expected"), [("125", 12.5), (12.5, 12.5), ("12", None)])
def test_draughts_as_the_values_show(tmp_path, draught, expected):
    items = [SIMPLE | {"DRAUGHT": draught, "SHIPNAME": "NEVA", "SHIPTYPE": 84, "LENGTH": "244"}]
    (row,) = rows(read_items(tmp_path, items))
    assert (row["draught_m"], row["name"], row["ship_type"], row["length_m"]) == (expected, "NEVA", 84, 244.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"TIMESTAMP": 1614556805}, "bad_time"), ({"MMSI": "x"}, "bad_mmsi"), ({"LAT": None}, "bad_position")],
)
def test_bad_rows_have_a_reason(tmp_path, change, reason):
    result = read_items(tmp_path, [SIMPLE, SIMPLE | change])
    assert result.files[0].rejected == {reason: 1}
    assert result.rejects.column("source_row").to_pylist() == [2]
    adds_up(result)


def test_arrays_without_names_are_no_items(tmp_path):
    with pytest.raises(InputError, match=r"begins like JSON, but has no items.* fetch it as jsono or csv"):
        read_items(tmp_path, [list(SIMPLE.values())])
