"""Possible transfers: leads and their events, each thing that may have happened once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.schema import VESSELS
from stsdetect.score.facts import Facts, flags_by_mmsi
from stsdetect.score.meetings import HOUR_US, MASKED, type_class
from stsdetect.score.unseen import pairs_of_one_hull
from stsdetect.score.volume import Passing, Size
from stsdetect.score.voyages import Harbours
from stsdetect.settings import VolumeSettings
from stsdetect.units import US_PER_S

Row = Mapping[str, Any]

_COLUMNS = [
    "event_id", "kind", "subtype", "vessel_a", "vessel_b", "mmsi_a", "mmsi_b", "ship_type_a", "ship_type_b",
    "length_a_m", "length_b_m", "start_time", "end_time", "duration_h", "is_open", "zone_id", "port_id",
    "draught_change_a_m", "draught_change_b_m", "candidate_rank", "candidate_score", "reach_max_h", "from_events",
]  # fmt: skip
_LEAD = ["pair_id", "vessel_a", "vessel_b", "partner_kind", "partner_id", "score", "event_ids"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """One possible transfer as one lead tells it.

    Attributes
    ----------
    claims
        Silences and stays that it needs, each of which can hide one transfer only.
    hulls
        Who took part: both hulls, or one with a partner that is not known, or that landed a cargo.
    big
        Place in ``hulls`` of the bigger hull, by length and breadth; None where that is not known.
    """

    passing: Passing
    pair_id: str
    partner_kind: str
    score: float
    hulls: tuple[str, ...]
    event_ids: tuple[str, ...]
    claims: frozenset[str]
    start_us: int
    end_us: int
    observed: bool
    dprk: bool
    dprk_side: int | None
    big: int | None

    @property
    def order(self) -> tuple[float, int, str, str]:
        """Sort key: strongest lead first, in a total order."""
        return -self.score, self.start_us, self.passing.key, self.pair_id


@dataclass(frozen=True)
class World:
    """What transfers are read with: sizes of hulls, ports, zones, which identities may be one hull."""

    sizes: Mapping[str, Size]
    harbours: Harbours
    facts: Facts
    settings: VolumeSettings
    watched_flags: frozenset[str]


def read_transfers(events: pa.Table, pairs: pa.Table, world: World) -> list[Transfer]:
    """Read the possible transfers of every lead from ``settings.volume.from_score`` on, strongest lead first.

    Parameters
    ----------
    events, pairs
        `EVENTS` and `PAIRS` tables of one run, in any order.
    world
        Sizes of hulls and what is known of places.

    Returns
    -------
    A transfer that several leads tell is in it several times: see `stsdetect.score.ledger`.
    """
    some = pairs.filter(pc.greater_equal(pairs.column("score"), world.settings.from_score))
    leads = sorted(some.select(_LEAD).to_pylist(), key=lambda lead: (-lead["score"], lead["pair_id"]))
    rows = _rows(events, {event for lead in leads for event in lead["event_ids"]})
    flags = flags_by_mmsi({row[f"mmsi_{side}"] for row in rows.values() for side in "ab"} - {None})
    found: list[Transfer] = []
    # Two hulls' meetings are taken together, in however many leads they are told.
    together: dict[tuple[str, str], dict[str, tuple[Row, Row]]] = {}
    for lead in leads:
        own = {event: rows[event] for event in lead["event_ids"] if event in rows}
        if lead["partner_kind"] == "port":
            found += _deliveries(lead, sorted(own.values(), key=_by_time), world)
            continue
        meetings = {event: row for event, row in own.items() if row["kind"] in ("encounter", "dark_rendezvous")}
        if lead["partner_kind"] == "unknown":
            candidates = sorted(meetings.values(), key=_by_time)
            found += filter(None, [_meeting(lead, candidates, world, flags)] if candidates else [])
        else:
            pool = together.setdefault((lead["vessel_a"], lead["vessel_b"]), {})
            for event, row in meetings.items():
                pool.setdefault(event, (lead, row))
    for pool in together.values():
        for group in _same(sorted((row for _, row in pool.values()), key=_by_time), world.settings.apart_s):
            lead = min((pool[row["event_id"]][0] for row in group), key=lambda one: (-one["score"], one["pair_id"]))
            found += filter(None, [_meeting(lead, group, world, flags)])
    return sorted(found, key=lambda one: one.order)


def sizes_of(vessels: pa.Table | None) -> dict[str, Size]:
    """Return length and breadth of each hull: those it broadcast for longest, of equals the greater.

    Parameters
    ----------
    vessels
        A `VESSELS` table; None knows none.
    """
    if vessels is None:
        return {}
    table = VESSELS.conform(vessels, extra=True)
    held: dict[str, dict[tuple[float, float], int]] = {}
    names = ("vessel", "length_m", "width_m")
    times = [table.column(name).cast(pa.int64()).to_pylist() for name in ("valid_from", "valid_to")]
    for vessel, length, width, start, end in zip(*(table.column(n).to_pylist() for n in names), *times, strict=True):
        size = Size.of(length, width)
        if size.length_m is not None:
            own = held.setdefault(vessel, {})
            key = (size.length_m, size.breadth_m or 0.0)
            own[key] = own.get(key, 0) + end - start + 1
    longest = {vessel: max(own, key=lambda key: (own[key], key)) for vessel, own in held.items()}
    return {vessel: Size.of(length, breadth) for vessel, (length, breadth) in longest.items()}


def one_hull(events: pa.Table) -> dict[str, str]:
    """Return for identities that may be one hull the least id among them."""
    least: dict[str, str] = {}

    def root(vessel: str) -> str:
        while least.get(vessel, vessel) != vessel:
            vessel = least[vessel]
        return vessel

    for a, b in sorted(pairs_of_one_hull(events)):
        one, other = sorted((root(a), root(b)))
        least[other] = one
    return {vessel: root(vessel) for vessel in least}


def _rows(events: pa.Table, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Return the events of leads by id; exact repetitions count once."""
    ours = events.filter(pc.is_in(events.column("event_id"), pa.array(sorted(wanted), pa.string())))
    columns = {name: ours.column(name) for name in _COLUMNS}
    for name in ("start_time", "end_time"):
        columns[name] = columns[name].cast(pa.int64())
    rows = pa.table(columns).to_pylist()
    parts = {row["event_id"]: [part for part in (row["from_events"] or "").split(";") if part] for row in rows}
    told = pa.array(sorted({part for many in parts.values() for part in many}), pa.string())
    gaps = events.filter(pc.and_(pc.equal(events.column("kind"), "gap"), pc.is_in(events.column("event_id"), told)))
    silences = set(gaps.column("event_id").to_pylist())
    for row in rows:
        row["claims"] = frozenset(parts[row["event_id"]])
        row["stays"] = row["claims"] - silences
    return {row["event_id"]: row for row in rows}


def _by_time(row: Row) -> tuple[int, str]:
    return row["start_time"], row["event_id"]


def _same(rows: Sequence[Row], apart_s: float) -> Iterator[list[Row]]:
    """Group the meetings of two hulls, by time, into those that are one: seen or possible soon after each other."""
    apart_us = round(apart_s * US_PER_S)
    group: list[Row] = []
    end = 0
    for row in rows:
        if group and row["start_time"] - end > apart_us:
            yield group
            group = []
        end = max(end, row["end_time"]) if group else row["end_time"]
        group.append(row)
    if group:
        yield group


def _meeting(lead: Row, group: Sequence[Row], world: World, flags: Mapping[int, str | None]) -> Transfer | None:
    """Return one transfer between two hulls, or a hull and one that is not known; None where neither carries oil."""
    seen = [row for row in group if row["kind"] == "encounter"]
    first = seen[0] if seen else min(group, key=_by_rank)
    named = lead["partner_kind"] != "unknown"
    hulls = (lead["vessel_a"], lead["vessel_b"]) if named else (lead["vessel_a"],)
    if not _carry([_of(first, "ship_type_{}", hull) for hull in hulls]):
        return None
    sizes = [world.sizes.get(hull) or Size.of(_of(first, "length_{}_m", hull), None) for hull in hulls]
    changes = [(place, _most(group, hull)) for place, hull in enumerate(hulls)]
    # Where the partner is not known only the stay is claimed: the silences of all who could have been there are not.
    unseen = [row["claims" if named else "stays"] for row in group if row["kind"] != "encounter"]
    # Candidates for one stay could each have been there at another time: that of the best counts.
    times = group if named else [first]
    start, end = min(row["start_time"] for row in times), max(row["end_time"] for row in times)
    # Between what was seen and what silences allow they may have stayed together.
    hours = first["reach_max_h"] if len(times) == 1 and not seen else (end - start) / HOUR_US
    if any(row["is_open"] for row in times):
        hours = None  # it went on when the data ended: for how long is not known
    mmsis = [_of(first, "mmsi_{}", hull) for hull in hulls]
    ours = [place for place, mmsi in enumerate(mmsis) if flags.get(mmsi or 0) in world.watched_flags]
    zones = {world.facts.zone(row["zone_id"] or "").category for row in group}
    passing = Passing(
        first["event_id"] if named else lead["partner_id"],
        tuple(sizes) if named else (*sizes, Size()),
        tuple((place, change) for place, change in changes if change is not None),
        hours,
    )
    return Transfer(
        passing, lead["pair_id"], lead["partner_kind"], lead["score"], hulls,
        tuple(row["event_id"] for row in group), frozenset[str]().union(*unseen),
        min((row["start_time"] for row in seen), default=start), max((row["end_time"] for row in seen), default=end),
        bool(seen), bool(ours) or "dprk_waters" in zones,
        ours[0] if len(ours) == 1 and named else None, _bigger(sizes) if named else None,
    )  # fmt: skip


def _by_rank(row: Row) -> tuple[Any, ...]:
    return row["candidate_rank"] or 0, -(row["candidate_score"] or 0.0), *_by_time(row)


def _side_of(row: Row, hull: str) -> str | None:
    return next((side for side in "ab" if row[f"vessel_{side}"] == hull), None)


def _of(row: Row, name: str, hull: str) -> Any:
    side = _side_of(row, hull)
    return None if side is None else row[name.format(side)]


def _most(group: Iterable[Row], hull: str) -> float | None:
    """Return the greatest change of draught of a hull that any event of a transfer tells [m]."""
    told = [_of(row, "draught_change_{}_m", hull) for row in group]
    return max((change for change in told if change is not None and change == change), key=_size_of, default=None)


def _size_of(change: float) -> tuple[float, float]:
    return abs(change), change


def _bigger(sizes: Sequence[Size]) -> int | None:
    """Return which hull is longer, if both lengths are known and differ by a tenth."""
    one, other = (size.length_m for size in sizes)
    if one is None or other is None or abs(one - other) < 0.1 * max(one, other):
        return None
    return 0 if one > other else 1


def _carry(ship_types: Sequence[int | None]) -> bool:
    """Tell whether oil in bulk may have passed: no craft that serves or fishes, and not between dry cargo ships."""
    kinds = [type_class(code) for code in ship_types]
    if any(kind != "tanker" and kind not in MASKED for kind in kinds):
        return False
    return any(kind != "cargo" for kind in kinds) or len(kinds) == 1


def _deliveries(lead: Row, rows: Sequence[Row], world: World) -> Iterator[Transfer]:
    """Group the events of direct deliveries: each loading with a call after it, best at the lead's port."""
    harbours, hull = world.harbours, lead["vessel_a"]
    gaps = {row["event_id"]: row for row in rows if row["kind"] == "gap"}
    loads: list[tuple[Row, list[Row]]] = []
    for row in (row for row in rows if row["kind"] == "port_call"):
        if row["port_id"] in harbours.watched:
            if loads:
                loads[-1][1].append(row)
        else:
            loads.append((row, []))
    for load, calls in loads:
        if not calls:
            continue
        call = min(calls, key=lambda one: (one["port_id"] != lead["partner_id"], *_by_time(one)))
        silence = gaps.get(call["from_events"] or "")
        size = world.sizes.get(hull) or Size.of(load["length_a_m"], None)
        rise, fall = load["draught_change_a_m"], (call if silence is None else silence)["draught_change_a_m"]
        told = [rise if rise is not None and rise > 0 else None, fall if fall is not None and fall < 0 else None]
        yield Transfer(
            Passing(load["event_id"], (size,), tuple((0, change) for change in told if change), None, True),
            lead["pair_id"], "port", lead["score"], (hull,),
            tuple(row["event_id"] for row in (load, silence, call) if row is not None),
            frozenset({call["event_id"]} | ({silence["event_id"]} if silence is not None else set())),
            call["start_time"], call["end_time"], call["subtype"] != "inferred", True, None, 0,
        )  # fmt: skip
