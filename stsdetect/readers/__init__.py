"""Readers: AIS exports of every supported layout to one table of positions.

`read` takes files, folders, globs, archives, or a frame, recognises each by content, and accounts for every row;
`stream` gives the same rows in blocks, so that memory does not grow with the input; `read_events` takes the events
that others found.
"""

from __future__ import annotations

from stsdetect.readers.parquet import write_positions
from stsdetect.readers.protocol import Batch, DamagedError, Doubt, FileReport, QuestionError, Reader, ReadResult, Reject
from stsdetect.readers.raw import raw_line, raw_lines
from stsdetect.readers.reading import read, read_events
from stsdetect.readers.recognition import inspect_layout, layouts
from stsdetect.readers.streaming import Stream, stream

__all__ = [
    "Batch",
    "DamagedError",
    "Doubt",
    "FileReport",
    "QuestionError",
    "ReadResult",
    "Reader",
    "Reject",
    "Stream",
    "inspect_layout",
    "layouts",
    "raw_line",
    "raw_lines",
    "read",
    "read_events",
    "stream",
    "write_positions",
]
