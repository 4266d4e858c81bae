"""A few lines are split without Arrow's reader: the same rows come as with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stsdetect.readers import read, text

HEADER = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo"
ROW = "366940480,2017-01-01T00:00:01,30.5,-88.25,0.1,12,511.0,TUG,IMO9074729,WDE,31,0,30,8,2.5,31"
CELLS = [
    "",
    " 7 ",
    "nan",
    "1e999",
    "1.5",
    "-0",
    "x",
    "\u00d8",
    "2017-01-01",
    "2017-01-01T00:00:01Z",
    "\x00",
    '"a',
    "a\rb",
]


@pytest.mark.parametrize("column", [0, 1, 2, 4, 7, 8, 10, 11])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_same_rows_as_with_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: int, end: str) -> None:
    for cell in CELLS:
        cells = ROW.split(",")
        cells[column] = cell
        for encoding in ("utf-8", "latin-1"):
            path = tmp_path / "a.csv"
            path.write_bytes(end.join([HEADER, ROW, ",".join(cells), ROW, ""]).encode(encoding))
            few = read(path)
            with monkeypatch.context() as patch:
                patch.setattr(text, "FEW_LINES", 0)
                many = read(path)
            assert few.files == many.files
            assert few.positions.to_pylist() == many.positions.to_pylist()
            assert few.rejects.to_pylist() == many.rejects.to_pylist()
