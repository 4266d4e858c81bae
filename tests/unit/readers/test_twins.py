"""A column that is to be read and stands twice is asked about, whatever the layout: which of the two is right?"""

from __future__ import annotations

import pytest

from stsdetect.readers import QuestionError, layouts, read
from stsdetect.readers.header import find_header_with
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.source import Head
from stsdetect.settings import ReadSettings
from tests.fuzz.seeds import SETTINGS, seeds
from tests.unit.readers.layouts.lib import read_text

#: Columns of each layout of text, the last of which is written twice.
COLUMNS = {
    layout.name: (*layout.required, next(name for name in layout.required if name in layout.names))
    for layout in layouts()
    if isinstance(layout, TextLayout)
}
COLUMNS |= {"gfw_encounters": ("vessel_1_id", "vessel_2_id"), "kr_mof_static": ("선박명", "IMO"), "table": ("x", "y")}
ANSWERS = SETTINGS | {"marinetraffic": {"speed_unit": "kn"}}


def twice(data: bytes, names: tuple[str, ...]) -> bytes:
    """Return a text with a column of its own behind the others, which has the name of another."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp949")
    header = find_header_with(Head("x", text.encode(), True), names)
    above, (first, *others) = text.splitlines()[: header.row - 1], text.splitlines()[header.row - 1 :]
    ends = (names[-1], *["9"] * len(others))
    lines = [line + header.delimiter + end for line, end in zip((first, *others), ends, strict=True)]
    return "\n".join([*above, *lines, ""]).encode()


@pytest.mark.parametrize("layout", sorted(COLUMNS))
def test_a_twin_column_is_asked_about(tmp_path, layout):
    names = COLUMNS[layout]
    for seed in seeds(layout):
        with pytest.raises(QuestionError, match=f"2 columns '{names[-1]}'.* which is meant"):
            read_text(tmp_path, twice(seed, names), **ANSWERS.get(layout, {}))


def test_a_twin_field_of_a_shapefile_is_asked_about(tmp_path):
    (seed,) = seeds("amsa_cts_shapefile")
    assert read_text(tmp_path, seed, "a.dbf").files[0].rows_kept
    with pytest.raises(QuestionError, match=r"2 columns 'LAT' \(the 3, 4\. of 11\): which is meant"):
        read_text(tmp_path, seed.replace(b"COURSE\0", b"LAT\0\0\0\0"), "a.dbf")


def test_a_twin_column_about_vessels_is_asked_about_for_the_positions_beside(tmp_path):
    (tmp_path / "Static.csv").write_bytes(twice(seeds("kr_mof_static")[0], COLUMNS["kr_mof_static"]))
    path = tmp_path / "Dynamic_20240301.csv"
    path.write_bytes(seeds("kr_mof")[0])
    with pytest.raises(QuestionError, match=r"Static\.csv has 2 columns 'IMO'"):
        read(path, settings=ReadSettings())
