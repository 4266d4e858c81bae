"""The rules that others publish, applied to the same positions with our own contact machinery.

So they get what it is good at: contact in continuous time, observed or inferred, and one hull under one name. Contact
at crowded berths is left out for them as for us, which spares them alerts. What remains is what each rule asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context import annotate
from stsdetect.context.berths import BerthCells, Berths, crowded
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.encounters import Encounters
from stsdetect.detect.slow_legs import presence
from stsdetect.reference.published_rules import Condition, PublishedRule, load_rules
from stsdetect.schema import EVENTS
from stsdetect.settings import ContextSettings, EncounterSettings

#: Where a rule asks for no speed [kn]; no ship is faster.
ANY_SPEED_KN = 60.0
_TANKER, _CARGO = 80, 70
#: Kinds of condition on types, and which ranges of ten AIS types each asks of the two vessels, in either order; empty:
#: any, or none.
TYPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "a tanker": ((_TANKER,), ()),
    "two tankers": ((_TANKER,), (_TANKER,)),
    "tanker with tanker or cargo": ((_TANKER,), (_TANKER, _CARGO)),
}


@dataclass(frozen=True)
class Positions:
    """Cleaned fixes of a run, who sent them, and where harbours were crowded."""

    fixes: Fixes
    known: Identities
    berths: Berths
    context: ContextSettings

    @classmethod
    def of(cls, fixes: Any, vessels: Any, context: ContextSettings, encounters: EncounterSettings) -> Positions:
        """Take `FIXES` and `VESSELS` tables; harbours are summed up as the job does it."""
        data = fixes if isinstance(fixes, Fixes) else Fixes.from_table(fixes)
        cells = BerthCells(context)
        lying = presence(data, encounters, cells)
        berths = crowded([lying], cells, context, max_distance_m=encounters.max_distance_m)
        return cls(data, Identities.from_table(vessels, data.labels), berths, context)


def alerts(
    positions: Positions,
    rules: Iterable[PublishedRule] | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> dict[tuple[str, str], pa.Table]:
    """Return for each rule, by name and reading, the meetings (`EVENTS` rows) that it raises.

    Parameters
    ----------
    positions
        See `Positions.of`.
    rules
        The packaged ones unless given.
    progress
        Called with a rule's name before it is applied.
    """
    met: dict[tuple[float, float, float], pa.Table] = {}
    found: dict[tuple[str, str], pa.Table] = {}
    for rule in load_rules() if rules is None else rules:
        if progress:
            progress(f"{rule.name}, {rule.reading}")
        parts = []
        for one in rule.conditions:
            speed = ANY_SPEED_KN if one.leg_speed_kn is None else one.leg_speed_kn
            key = one.distance_m, one.duration_s, speed
            if key not in met:
                met[key] = _meetings(positions, *key)
            parts.append(met[key].filter(_asked(met[key], one)))
        found[rule.name, rule.reading] = pa.concat_tables(parts)
    return found


def _meetings(positions: Positions, distance_m: float, duration_s: float, speed_kn: float) -> pa.Table:
    detector = Encounters(
        max_distance_m=distance_m,
        min_duration_s=duration_s,
        max_speed_kn=speed_kn,
        under_way_max_speed_kn=speed_kn,
    )
    events = detector.detect(positions.fixes, positions.known, berths=positions.berths)
    return annotate(events, positions.context, parts=frozenset({"shore", "ports"})) if events.num_rows else events


def _asked(events: pa.Table, one: Condition) -> pa.Array:
    """Tell which meetings are all that a condition asks; what is not known is not that."""
    keep = pa.array([True] * events.num_rows, pa.bool_())
    for name, least in (("shore_distance_km", one.shore_km), ("port_distance_km", one.port_km)):
        if least is not None:
            far = pc.greater_equal(events[name], least)
            # No port on the list at all is as far as can be.
            keep = pc.and_(keep, pc.fill_null(far, name == "port_distance_km"))
    if one.median_speed_kn is not None:
        keep = pc.and_(keep, pc.fill_null(pc.less(events["median_speed_kn"], one.median_speed_kn), False))
    if one.draught_change_m is not None:
        changes = (pc.abs(events[f"draught_change_{side}_m"]) for side in "ab")
        # Draughts come in tenths of a metre.
        told = [pc.fill_null(pc.greater_equal(change, one.draught_change_m - 0.01), False) for change in changes]
        keep = pc.and_(keep, pc.or_(*told))
    if one.types:
        keep = pc.and_(keep, _of_types(events, *TYPES[one.types]))
    return keep


def _of_types(events: pa.Table, one: tuple[int, ...], other: tuple[int, ...]) -> pa.Array:
    def is_in(side: str, tens: tuple[int, ...]) -> pa.Array:
        if not tens:
            return pa.array([True] * events.num_rows, pa.bool_())
        own = events[f"ship_type_{side}"]
        return pc.is_in(own, pa.array(_codes(tens), own.type))

    return pc.or_(pc.and_(is_in("a", one), is_in("b", other)), pc.and_(is_in("b", one), is_in("a", other)))


def _codes(tens: tuple[int, ...]) -> list[int]:
    return [start + k for start in tens for k in range(10)]


def crews(events: pa.Table) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the meetings of each pair of hulls; a pair is one alert, however often it met."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    columns = ["vessel_a", "vessel_b", "mmsi_a", "mmsi_b", "kind", "start_time", "end_time", "lat_deg", "lon_deg"]
    for row in EVENTS.conform(events, extra=True).select(columns).to_pylist():
        found.setdefault((row["vessel_a"], row["vessel_b"]), []).append(row)
    return found
