"""Detectors: find runs, stitch, qualify, measure. Each is frozen, keyword-only and holds no data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from stsdetect.context.berths import Berths
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.encounters import Encounters
from stsdetect.detect.gaps import Gaps
from stsdetect.detect.identity import cross_oddities, judged
from stsdetect.detect.identity_events import identity_events
from stsdetect.detect.loitering import Loitering
from stsdetect.detect.parts import identity_of_hulls
from stsdetect.detect.spoofing import Reported, cells_on_land
from stsdetect.detect.stretches import Stretches
from stsdetect.engine import cores
from stsdetect.reference.places import load_ports
from stsdetect.settings import Settings

__all__ = ["Encounters", "Gaps", "Loitering", "find_events"]


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

    With a `FLAGGED` table, gaps say whether the vessel was heard without a position. Contact inside the crowded
    berth areas of ``berths`` is left out.
    """
    data = Fixes.from_table(fixes)
    known = Identities.from_table(vessels, data.labels)
    encounters = Encounters.from_settings(
        settings.encounters, workers=settings.run.workers or cores(), partition_s=settings.run.partition_s
    )
    found = [
        encounters.detect(data, known, berths=berths, progress=progress),
        Loitering.from_settings(settings.loitering).detect(data, known),
        Gaps.from_settings(settings.gaps).detect(data, known, flagged=flagged),
        _identity(fixes, data, known, settings),
    ]
    events = pa.concat_tables(found).sort_by([("start_time", "ascending"), ("event_id", "ascending")])
    column = events.schema.get_field_index("settings_id")
    return events.set_column(
        column, events.schema.field(column), pa.array([settings.digest] * events.num_rows, pa.string())
    )


def _identity(fixes: Any, data: Fixes, known: Identities, settings: Settings) -> pa.Table:
    rule = settings.identity
    own = identity_of_hulls(data, Reported.from_table(fixes), known, settings)
    ports = load_ports(settings.context.ports_file)
    side_by_side = cross_oddities(Stretches.from_fixes(data), known, ports, rule)
    found = judged(own, cells_on_land(data), len(data.labels), rule)
    return pa.concat_tables([found, identity_events(side_by_side, data.labels, known)])
