"""Readers: AIS exports of every supported layout to one table of positions.

`read` takes files, folders, globs, archives, or a frame, recognises each by content, and accounts for every row.
"""

from __future__ import annotations

from stsdetect.readers.parquet import write_positions
from stsdetect.readers.protocol import Batch, DamagedError, FileReport, QuestionError, ReadResult, Reject
from stsdetect.readers.reading import LAYOUTS, inspect_layout, read

__all__ = [
    "LAYOUTS",
    "Batch",
    "DamagedError",
    "FileReport",
    "QuestionError",
    "ReadResult",
    "Reject",
    "inspect_layout",
    "read",
    "write_positions",
]
