"""Identity events as the score reads them: what is wrong with what a hull says it is, or where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

#: Tests whose fact other indicators count already.
_LEFT_OUT = frozenset({"mmsi_form", "imo_checksum", "no_imo"})
#: Flags of events that many hulls shared: not the fault of one.
_SHARED = frozenset({"jamming", "common"})
#: Tests that say two identities may be one hull.
ONE_HULL = frozenset({"hand_over", "imo_moved", "twin_dimensions"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One identity event; times are microseconds since 1970 UTC."""

    test: str
    other: str | None
    start_us: int
    end_us: int


Faults = Mapping[str, tuple[Fault, ...]]


def read_faults(events: pa.Table) -> dict[str, tuple[Fault, ...]]:
    """Read the identity events of each vessel that speak of it alone, by test and time."""
    rows = events.filter(pc.equal(events.column("kind"), "identity"))
    times = [rows.column(name).cast(pa.int64()).to_pylist() for name in ("start_time", "end_time")]
    words = [rows.column(name).to_pylist() for name in ("subtype", "vessel_a", "vessel_b", "flags")]
    found: dict[str, set[Fault]] = {}
    for test, a, b, flags, start, end in zip(*words, *times, strict=True):
        if test in _LEFT_OUT or _SHARED & set((flags or "").split(";")):
            continue
        for one, other in ((a, b), (b, a)):
            if one is not None:
                found.setdefault(one, set()).add(Fault(test, other, start, end))
    return {
        vessel: tuple(sorted(own, key=lambda f: (f.test, f.start_us, f.end_us, f.other or "")))
        for vessel, own in found.items()
    }
