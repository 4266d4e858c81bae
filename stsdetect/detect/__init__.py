"""Detectors: find runs, stitch, qualify, measure. Each is frozen, keyword-only and holds no data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from stsdetect.context.berths import Berths
from stsdetect.context.coverage import judge
from stsdetect.context.heard import Heard, read_baseline
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.encounters import Encounters
from stsdetect.detect.gaps import Gaps
from stsdetect.detect.hours import hours_of
from stsdetect.detect.loitering import Loitering
from stsdetect.engine import cores
from stsdetect.settings import Settings
from stsdetect.store import Shelf

__all__ = ["Encounters", "Gaps", "Loitering", "find_events"]

#: More bytes than there are.
_ALL = 1 << 62


def find_events(
    fixes: Any,
    vessels: Any,
    settings: Settings = Settings(),
    *,
    flagged: Any | None = None,
    berths: Berths | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pa.Table:
    """Run every detector over `FIXES` and `VESSELS` tables and return one `EVENTS` table in its final order.

    Gaps are judged by who else was heard there (`stsdetect.context.coverage`). With a `FLAGGED` table, they say
    whether the vessel was heard without a position. Contact inside the crowded
    berth areas of ``berths`` is left out.
    """
    data = Fixes.from_table(fixes)
    known = Identities.from_table(vessels, data.labels)
    encounters = Encounters.from_settings(
        settings.encounters, workers=settings.run.workers or cores(), partition_s=settings.run.partition_s
    )
    gaps, last_heard = Gaps.from_settings(settings.gaps).find(data, known, flagged=flagged)
    found = [
        encounters.detect(data, known, berths=berths, progress=progress),
        Loitering.from_settings(settings.loitering).detect(data, known),
        gaps,
    ]
    events = pa.concat_tables(found).sort_by([("start_time", "ascending"), ("event_id", "ascending")])
    if gaps.num_rows:
        with Shelf(_ALL) as shelf:
            heard = Heard(shelf)
            heard.put(*hours_of(data, flagged), n_hulls=len(data.labels))
            earlier = read_baseline(settings.coverage.baseline_file)
            events = judge(events, last_heard, heard, data.end_us, settings.coverage, earlier=earlier).events
    column = events.schema.get_field_index("settings_id")
    return events.set_column(
        column, events.schema.field(column), pa.array([settings.digest] * events.num_rows, pa.string())
    )
