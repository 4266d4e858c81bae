"""Read anything into one table."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from stsdetect.readers.asked import Moment, Paths, VesselIds, not_found
from stsdetect.readers.protocol import ReadResult
from stsdetect.readers.streaming import Progress, stream
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("stsdetect.readers")


def read(
    inputs: Paths | pd.DataFrame | pa.Table,
    *,
    settings: ReadSettings | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    vessels: VesselIds | None = None,
    progress: Progress | None = None,
) -> ReadResult:
    """Read AIS of any supported layout.

    Parameters
    ----------
    inputs
        Files, folders (searched through, sorted), globs and archives; or one pandas or Arrow table, with our
        column names or with ``settings.columns``.
    settings
        Column map and rules for times.
    since, until
        Keep rows from ``since`` on and before ``until``: a date, a time (without a zone: UTC) or ISO 8601.
    vessels
        Keep only these MMSI or vessel ids, or this one. Those without a row are told in the log and in the result.
    progress
        Called with the file, the packed bytes read and the packed bytes in all.

    Returns
    -------
    ReadResult
        Rows kept and rows rejected, and an account per file.

    Raises
    ------
    InputError
        If an input does not exist, holds no AIS, or cannot be read without an answer from the user.
    UsageError
        If an argument or the column map is wrong.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"time": ["2024-03-01T00:00:00Z"], "lat_deg": [38.5], "lon_deg": [122.0], "mmsi": [1]})
    >>> read(table).files[0].rows_kept
    1
    """
    blocks = stream(inputs, settings=settings, since=since, until=until, vessels=vessels, progress=progress)
    tables = list(blocks)
    positions = pa.concat_tables(tables).unify_dictionaries() if tables else POSITIONS.empty()
    result = replace(blocks.result(), positions=positions)
    if result.vessels_not_found:
        log.warning("%s", not_found(result.vessels_not_found))
    return result


def read_events(inputs: Paths, *, settings: ReadSettings | None = None) -> pa.Table:
    """Read the events that others found, such as those of Global Fishing Watch; positions are passed over.

    Parameters
    ----------
    inputs
        Files, folders, globs and archives. `read` gives the account of their rows.
    settings
        Rules of reading.

    Returns
    -------
    An `EVENTS` table sorted by start, each event once; what the publisher does not say is null.

    Raises
    ------
    InputError
        If an input does not exist or holds nothing that can be read.

    Examples
    --------
    >>> import json, tempfile
    >>> event = {"type": "loitering", "start": "2024-03-01T00:00:00Z", "end": "2024-03-01T06:00:00Z",
    ...          "position": {"lat": 31.0, "lon": 124.5}, "vessel": {"ssvid": "412000001"}}
    >>> with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    ...     _ = file.write(json.dumps({"entries": [event]}))
    ...     file.flush()
    ...     read_events(file.name).column("kind").to_pylist()
    ['loitering']
    """
    blocks = stream(inputs, settings=settings)
    for _ in blocks:
        pass
    return blocks.result().events
