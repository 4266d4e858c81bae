"""Write a simulated month: exports day by day, what was planted, every silence with its reason, and true tracks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stsdetect.errors import InputError
from stsdetect.readers.parquet import WRITING
from stsdetect.simulate.archive import ARCHIVE_LAYOUTS, _write_day
from stsdetect.simulate.export import _aside, _iso, _write_truth, write
from stsdetect.simulate.month import SILENCES, Ledger, Month
from stsdetect.simulate.world import START, World

#: Files beside ``truth.json``, which name what no export holds.
SILENCES_FILE, TRACKS_FILE = "truth_silences.parquet", "truth_tracks.parquet"


def month_world(*, seed: int = 0, start: datetime = START, **more: Any) -> World:
    """Make a month in memory, see `Month`; its silences and true tracks are written by `write_month` only."""
    return _world(Month(seed=seed, start=start, **more))


def _world(month: Month) -> World:
    blocks = list(month.blocks())
    table = pa.concat_tables(blocks).unify_dictionaries().combine_chunks()
    return _told(month, table)


def _told(month: Month, positions: pa.Table) -> World:
    more: dict[str, object] = {
        "days": month.days, "vessels": len(month.voyages), "area": list(month.area), "every_s": month.every_s,
        "troubles": [
            {
                "kind": one.kind, "lat_deg": round(one.lat_deg, 4), "lon_deg": round(one.lon_deg, 4),
                "radius_km": round(one.radius_m / 1000, 1), "start": _iso(month.start + timedelta(seconds=one.start_s)),
                "end": _iso(month.start + timedelta(seconds=one.end_s)),
            }
            for one in month.troubles
        ],
    }  # fmt: skip
    if month.ordinary or month.families != Month.families:
        more |= {"families": list(month.families), "ordinary": month.ordinary}
    hours = month.days * 24.0
    return World(positions, month.truth, month.seed, "dark-month", month.start, hours, more=more)


def write_month(month: Month, out_dir: str | Path, layouts: Sequence[str] = ("parquet",)) -> list[Path]:
    """Write a month: a folder per layout with a file per day, ``truth.json``, its silences and true tracks.

    The layouts of `ARCHIVE_LAYOUTS` are written a day at a time; others need the month in memory. Files appear whole
    or not at all. Returns the paths written, ``truth.json`` last.

    ``truth_silences.parquet`` has every silence of two hours or more and why: ``dark`` (to hide a transfer),
    ``switched_off``, ``away``, ``jamming``, ``outage`` or ``thin``. ``truth_tracks.parquet`` tells where planted
    hulls truly were.

    Raises
    ------
    UsageError
        For an unknown layout or a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> month = Month(seed=1, days=8, vessels=20, cases=0, area=(33.0, 38.0, 119.0, 130.0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_month(month, folder)][-2:]
    ['truth_tracks.parquet', 'truth.json']
    """
    out, wanted = Path(out_dir), list(dict.fromkeys(layouts))
    ledger, rows = Ledger(month), 0
    paths: list[Path] = []
    others = [layout for layout in wanted if layout not in ARCHIVE_LAYOUTS]
    if others:
        paths += write(_world(month), out, others)[:-1]
    streamed = [layout for layout in wanted if layout in ARCHIVE_LAYOUTS]
    for day, block in enumerate(month.blocks(ledger)):
        rows += block.num_rows
        date = month.start.astimezone(UTC) + timedelta(days=day)
        paths += [_write_day(out / layout, layout, date, iter([block])) for layout in streamed]
    for name, table in ((SILENCES_FILE, ledger.table()), (TRACKS_FILE, month.true_tracks())):
        paths.append(_aside(out / name, partial(pq.write_table, table, **WRITING)))
    # The truth file names the number of rows; columns of nothing have it without the rows.
    counted = pa.table([pa.nulls(rows)], names=["row"])
    return [*paths, _write_truth(_told(month, counted), out, wanted)]


def read_silences(folder: str | Path) -> pa.Table:
    """Read the true silences (`SILENCES`) of a month that was written.

    Raises
    ------
    InputError
        If the file is missing or is none of `write_month`.
    """
    path = Path(folder) / SILENCES_FILE
    try:
        return pq.read_table(path, schema=SILENCES)
    except (OSError, pa.ArrowException) as problem:
        raise InputError(f"{path} cannot be read as silences of a simulated month: {problem}") from problem


def read_troubles(folder: str | Path) -> list[dict[str, object]]:
    """Read outages and jamming of a month that was written, each with kind, place, radius [km] and times.

    Raises
    ------
    InputError
        If ``truth.json`` is missing or cannot be read.
    """
    path = Path(folder) / "truth.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["troubles"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(f"{path} is not the truth of a simulated month: {problem}") from problem
    times = {"start", "end"}
    return [
        {name: datetime.fromisoformat(value) if name in times else value for name, value in one.items()} for one in told
    ]
