"""What the tests of the layouts share: write a file, read it, look at its rows and its account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stsdetect.readers import ReadResult, read
from stsdetect.settings import ReadSettings


def read_text(tmp_path: Path, text: str | bytes, name: str = "input.csv", **settings: Any) -> ReadResult:
    """Read a file of this content; more arguments are settings of reading."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path, settings=ReadSettings(**settings))


def rows(result: ReadResult) -> list[dict[str, Any]]:
    """The positions as dicts."""
    return result.positions.to_pylist()


def adds_up(result: ReadResult) -> None:
    """Every row is kept, left out by a filter, or rejected with a reason; each leads to a line of its own."""
    for report in result.files:
        assert report.rows_read == report.rows_kept + report.rows_filtered + sum(report.rejected.values())
    assert sum(report.rows_kept for report in result.files) == result.positions.num_rows
    assert sum(sum(report.rejected.values()) for report in result.files) == result.rejects.num_rows
