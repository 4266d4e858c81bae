"""Detection in parts: what needs one hull by groups of hulls, what needs all hulls by stretches of time.

The parts put together give, byte for byte, what `stsdetect.detect.find_events` gives for all fixes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.context.berths import BerthCells
from stsdetect.context.coverage import LAST_HEARD
from stsdetect.context.heard import HullHours
from stsdetect.context.port_cells import PortCells
from stsdetect.detect.arrays import HOUR_US, Fixes, Identities
from stsdetect.detect.gaps import Gaps, recent_fixes
from stsdetect.detect.hours import hours_of
from stsdetect.detect.identity import cross_oddities, judged
from stsdetect.detect.identity_events import identity_events
from stsdetect.detect.identity_history import history_oddities
from stsdetect.detect.loitering import MIN_OPEN_S, Loitering
from stsdetect.detect.port_calls import PortCalls
from stsdetect.detect.signature import add_signatures
from stsdetect.detect.slots import FIRST_US, FixSlots, slotted
from stsdetect.detect.slow_legs import contact_runs, presence, runs_and_presence
from stsdetect.detect.spoofing import Reported, cells_on_land, spoofing_oddities
from stsdetect.detect.stretches import Stretches
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.reference.places import Port
from stsdetect.schema import EVENTS
from stsdetect.settings import Settings
from stsdetect.units import US_PER_S


@dataclass(frozen=True)
class HullPart:
    """What was found in the fixes of a group of hulls, each by itself."""

    events: pa.Table
    labels: list[str]
    slots: list[tuple[int, pa.Table]]
    last: Fixes
    per_hour: Floats
    presence: pa.Table
    inland: Ints
    last_heard: pa.Table
    recent: Ints
    heard: HullHours
    odd: HullHours


def search_hulls(
    data: Fixes,
    said: Reported,
    vessels: pa.Table,
    flagged: pa.Table,
    settings: Settings,
    cells: BerthCells,
    ports: PortCells,
    edges_us: Ints,
) -> HullPart:
    """Find loitering, port calls, closed gaps and odd identities of hulls, and cut their fixes into slots.

    Whether the last of a hull is still open cannot be known here: `finish_events` says it.
    """
    known = Identities.from_table(vessels, data.labels)
    # No fix is late enough to be open; what ends at the hull's last fix always is.
    data.__dict__["end_us"] = FIRST_US
    gaps, last_heard = Gaps.from_settings(settings.gaps).find(data, known, flagged=flagged)
    found = [
        add_signatures(Loitering.from_settings(settings.loitering).detect(data, known), data, known),
        gaps,
        PortCalls.from_settings(settings.port_calls).detect(data, known, ports=ports),
        identity_of_hulls(data, said, known, settings),
    ]
    last = np.flatnonzero(np.append(data.hull[1:] != data.hull[:-1], np.ones(min(data.size, 1), dtype=np.bool_)))
    fast, rule = compiled("legs"), settings.encounters
    run: NDArray[Any]
    if fast is None:
        run, lying = contact_runs(data, rule), presence(data, rule, cells)
    else:
        run, lying = runs_and_presence(fast, data, rule, cells)
    cut = slotted(data, run, edges_us)
    first = np.append(0, last[:-1] + 1)[: last.size]
    hours = np.maximum((data.time_us[last] - data.time_us[first]) / HOUR_US, 1.0)
    return HullPart(
        pa.concat_tables(found), data.labels, cut, data.take(last), (last - first + 1) / hours, lying,
        cells_on_land(data), last_heard, recent_fixes(data, last), *hours_of(data, flagged),
    )  # fmt: skip


def finish_events(
    of_hulls: list[pa.Table],
    slots: FixSlots,
    known: Identities,
    flagged: pa.Table,
    recent: Ints,
    settings: Settings,
    *,
    segments: pa.Table,
    inland: list[Ints],
    ports: Sequence[Port],
) -> tuple[list[pa.Table], pa.Table]:
    """Say what only all hulls together tell: what is still open, the open gaps, identities side by side.

    ``recent`` is what `recent_fixes` says of the last fix of each hull. The second result is the
    `LAST_HEARD` table of the open gaps.
    """
    if not slots.size:
        return [EVENTS.empty()], LAST_HEARD.empty()
    events = pa.concat_tables([EVENTS.empty(), *of_hulls])
    since_end = slots.end_us - events.column("end_time").cast(pa.int64()).to_numpy()
    still = pa.array(since_end <= round(MIN_OPEN_S * US_PER_S))
    place = EVENTS.names.index("is_open")
    events = events.set_column(place, EVENTS.arrow.field(place), pc.and_(events.column("is_open"), still))
    gaps = Gaps.from_settings(settings.gaps)
    still_open, last_heard = gaps.find(slots.last_fixes(), known, flagged=flagged, recent=recent)
    rule, labels = settings.identity, slots.labels
    side_by_side = cross_oddities(Stretches.from_table(segments, labels), known, ports, rule)
    found = [
        judged(events, np.concatenate(inland), len(labels), rule),
        still_open,
        identity_events(side_by_side, labels, known),
    ]
    return found, last_heard


def identity_of_hulls(data: Fixes, said: Reported, known: Identities, settings: Settings) -> pa.Table:
    """Return the identity events that each hull shows by itself, of a group of hulls."""
    rule = settings.identity
    odd = history_oddities(data, known, rule)
    odd += spoofing_oddities(data, said, rule, settings.clean.max_speed_kn)
    return identity_events(odd, data.labels, known)
