"""Detectors: find runs, stitch, qualify, measure. Each is frozen, keyword-only and holds no data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from stsdetect.context.berths import BerthCells, Berths
from stsdetect.context.coverage import judge
from stsdetect.context.heard import Heard, read_baseline
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.dark import DarkRendezvous, find_dark
from stsdetect.detect.encounters import Encounters
from stsdetect.detect.gaps import Gaps, in_area
from stsdetect.detect.hidden_calls import infer_calls
from stsdetect.detect.hours import hours_of
from stsdetect.detect.identity import cross_oddities, flag_jammed, judged
from stsdetect.detect.identity_events import identity_events
from stsdetect.detect.loitering import Loitering
from stsdetect.detect.meetings import in_final_order
from stsdetect.detect.parts import identity_of_hulls
from stsdetect.detect.port_calls import PortCalls
from stsdetect.detect.signature import add_signatures
from stsdetect.detect.spoofing import Reported, cells_on_land
from stsdetect.detect.stretches import Stretches
from stsdetect.engine import cores
from stsdetect.reference.places import Port, load_ports
from stsdetect.schema import AREAS, to_arrow
from stsdetect.settings import Settings
from stsdetect.store import Shelf
from stsdetect.tracks.flags import BBox

__all__ = ["DarkRendezvous", "Encounters", "Gaps", "Loitering", "PortCalls", "find_events"]

#: More bytes than there are.
_ALL = 1 << 62


def find_events(
    fixes: Any,
    vessels: Any,
    settings: Settings = Settings(),
    *,
    flagged: Any | None = None,
    berths: Berths | None = None,
    ports: Sequence[Port] | None = None,
    bbox: BBox | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pa.Table:
    """Run every detector over `FIXES` and `VESSELS` tables and return one `EVENTS` table in its final order.

    Gaps are judged by who else was heard there (`stsdetect.context.coverage`). With a `FLAGGED` table, they say
    whether the vessel was heard without a position. Contact inside the crowded berth areas of ``berths`` is left out.
    Calls are looked for at ``ports``, or those that the settings name. ``bbox`` is the area for which the fixes were
    cleaned (`stsdetect.tracks.build_tracks`), if any: of gaps those that begin in it are returned, of dark rendezvous
    those whose place lies in it, and the gaps that these were inferred from, wherever they begin.
    """
    data = Fixes.from_table(fixes)
    known = Identities.from_table(vessels, data.labels)
    encounters = Encounters.from_settings(
        settings.encounters, workers=settings.run.workers or cores(), partition_s=settings.run.partition_s
    )
    ports = load_ports(settings.context.ports_file) if ports is None else ports
    gaps, last_heard = Gaps.from_settings(settings.gaps).find(data, known, flagged=flagged)
    areas = AREAS.empty()
    if data.size:
        with Shelf(_ALL) as shelf:
            heard = Heard(shelf)
            heard.put(*hours_of(data, flagged), n_hulls=len(data.labels))
            earlier = read_baseline(settings.coverage.baseline_file)
            span = int(data.time_us.min()), data.end_us
            silences = judge(gaps, last_heard, heard, span, settings.coverage, earlier=earlier)
        gaps, areas = silences.events, silences.areas
    rest = [
        encounters.detect(data, known, berths=berths, progress=progress),
        add_signatures(Loitering.from_settings(settings.loitering).detect(data, known), data, known),
        PortCalls.from_settings(settings.port_calls).detect(data, known, ports=ports),
        flag_jammed(_identity(fixes, data, known, ports, settings), areas),
    ]
    told = pa.concat_tables([*rest, in_area(gaps, last_heard)])
    hidden = infer_calls(told, settings.port_calls, ports=ports, known=known, labels=data.labels)
    cells = berths.cells if berths is not None else BerthCells(settings.context)
    dark = find_dark(pa.concat_tables([*rest, gaps]), to_arrow(vessels, "vessels"), settings, cells, bbox)
    return in_final_order([*rest, in_area(gaps, last_heard, dark), hidden, dark], settings.digest)


def _identity(fixes: Any, data: Fixes, known: Identities, ports: Sequence[Port], settings: Settings) -> pa.Table:
    rule = settings.identity
    own = identity_of_hulls(data, Reported.from_table(fixes), known, settings)
    side_by_side = cross_oddities(Stretches.from_fixes(data), known, ports, rule)
    found = judged(own, cells_on_land(data), len(data.labels), rule)
    return pa.concat_tables([found, identity_events(side_by_side, data.labels, known)])
