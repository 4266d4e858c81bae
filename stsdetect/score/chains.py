"""Chains that time allows: from a supply port over vessels to a watched port, its waters, or a listed vessel.

A chain says what could have passed from hand to hand, not that anything did. Every step is an event, and it is said of
each whether it was observed or only inferred.

How many paths there are does not matter: for each supply port, meeting and receiving vessel the path is kept with the
strongest weakest step and, of those, the latest; and behind it weaker ones with fewer steps that nobody saw, of which a
chain may have a few only. So the work grows with meetings times supply ports times the number of vessels a chain may
have.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.hidden_calls import LEAST_LENGTH_M
from stsdetect.reference.places import Port, load_ports
from stsdetect.schema import CHAINS, EVENTS, PAIRS, TIME
from stsdetect.score.facts import Facts, packaged_facts
from stsdetect.score.meetings import MASKED, safe_id
from stsdetect.score.voyages import Harbours, Stop, read_stops
from stsdetect.settings import ChainSettings, PortCallSettings

#: In place of a vessel behind the last.
_ENDS = ""
#: Strengths are told apart in tenths.
_LEVELS = 10
#: Strength of a call at the roads, where a vessel may only have waited (our choice).
_ROADS = 5
#: Strength of a call that a silence could hide, by the verdict on the silence (our choice).
_HIDDEN, _HIDDEN_BY = 4, {"dark": 5, "thin": 3, "outage": 2}
#: Strength of a possible meeting that made no lead of its own, by rank of the candidate (our choice); one that did is
#: no stronger than a hidden call.
_UNSEEN = {1: 3, 2: 2, 3: 1}
#: Strength of a loading by what broadcasts no tanker type, and of having been in watched waters (our choice).
_MASKED, _WATERS = 5, 5
#: Earlier paths that are tried where the latest holds the receiving vessel already.
_TRIES = 8
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class _Meeting:
    """Two vessels that met or could have: strength in tenths, whether it was observed.

    The giver must have the cargo by ``until_us``: the beginning of a meeting, the end of a window for one [us].
    """

    event_id: str
    a: str
    b: str
    start_us: int
    until_us: int
    level: int
    observed: bool


@dataclass(frozen=True, slots=True)
class _Sink:
    """Where a chain may end: what it is called, of what kind, and the event that says so.

    A cargo must be aboard by ``until_us``: the beginning of a call, the end of a window for one or of a stay [us].
    """

    name: str
    kind: str
    event_id: str | None
    start_us: int
    end_us: int
    until_us: int
    level: int
    observed: bool


@dataclass(frozen=True, slots=True)
class _Path:
    """A cargo that may be aboard ``vessels[-1]`` from ``ready_us`` on, and the events it came by."""

    supply: str
    vessels: tuple[str, ...]
    event_ids: tuple[str, ...]
    observed: tuple[bool, ...]
    start_us: int
    ready_us: int
    level: int

    @property
    def worth(self) -> tuple[int, int]:
        """What paths are chosen by: strength, and of equally strong ones how few steps are inferred."""
        return self.level, sum(self.observed) - len(self.observed)

    def over(self, met: _Meeting, taker: str) -> _Path:
        """Return the path that goes on to the other vessel of a meeting."""
        return _Path(
            self.supply, (*self.vessels, taker), (*self.event_ids, met.event_id), (*self.observed, met.observed),
            self.start_us, max(self.ready_us, met.start_us), min(self.level, met.level),
        )  # fmt: skip


@dataclass(frozen=True)
class _World:
    """All that paths are made of."""

    loads: list[_Path]
    meetings: list[_Meeting]
    sinks: Mapping[str, Sequence[_Sink]]
    longest_us: int
    most_inferred: int


def chains(
    events: pa.Table,
    pairs: pa.Table,
    *,
    settings: ChainSettings = ChainSettings(),
    calls: PortCallSettings = PortCallSettings(),
    ports: Sequence[Port] | None = None,
    facts: Facts | None = None,
    listed: Iterable[int] = (),
) -> pa.Table:
    """Find the chains from supply ports over vessels to watched ports, their waters, or listed vessels.

    Parameters
    ----------
    events, pairs
        `EVENTS` and `PAIRS` tables of one run (Arrow or pandas). A meeting is as strong as the score of its pair.
    settings, calls
        How long a step may take and how many vessels may take part; which ports supply and which are watched.
    ports, facts
        The packaged ports and zones unless given.
    listed
        IMO numbers of vessels at which a chain may end, such as those of a sanctions list.

    Returns
    -------
    A `CHAINS` table, strongest first; of equally strong ones the shorter, then the earlier. ``strength`` is that of the
    weakest step, 0..1.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS, PAIRS
    >>> chains(EVENTS.empty(), PAIRS.empty()).num_rows
    0
    """
    table, leads = EVENTS.conform(events, extra=True), PAIRS.conform(pairs, extra=True)
    harbours = Harbours.of(load_ports() if ports is None else ports, calls)
    world = _world(table, leads, harbours, settings, packaged_facts() if facts is None else facts, set(listed))
    best: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    paths = world.loads
    for _ in range(settings.max_vessels):
        for path in paths:
            sink = _end(path, world)
            if sink is not None:
                key = (path.supply, path.vessels, sink.name)
                order = _order(path, sink)
                if key not in best or order < best[key][0]:
                    best[key] = (order, path, sink)
        paths = list(_longer(paths, world))
    found = sorted(best.values(), key=lambda one: one[0])
    return _table([(path, sink) for _, path, sink in found], harbours)


def add_chains(pairs: pa.Table, found: pa.Table) -> pa.Table:
    """Return ``pairs`` with the strongest chain each is a part of in the column ``chain``.

    Two vessels are part of a chain if one follows the other in it; a vessel and a port, if the vessel is its last.
    """
    parts: dict[tuple[str, str], str] = {}
    columns = (found.column(name).to_pylist() for name in ("vessels", "path"))
    for vessels, path in zip(*columns, strict=True):
        for one, other in zip(vessels, [*vessels[1:], _ENDS], strict=True):
            parts.setdefault((one, other), path)

    def of_pair(a: str, partner: str, kind: str) -> str | None:
        if kind == "vessel":
            return parts.get((a, partner)) or parts.get((partner, a))
        return parts.get((a, _ENDS)) if kind == "port" else None

    columns = (pairs.column(name).to_pylist() for name in ("vessel_a", "partner_id", "partner_kind"))
    texts = [of_pair(*row) for row in zip(*columns, strict=True)]
    place = PAIRS.names.index("chain")
    return pairs.set_column(place, PAIRS.arrow.field(place), pa.array(texts, pa.string()))


# --- What paths are made of -------------------------------------------------------------------------------


def _world(
    events: pa.Table, pairs: pa.Table, harbours: Harbours, settings: ChainSettings, facts: Facts, listed: set[int]
) -> _World:
    least = max(round(settings.min_strength * _LEVELS), 1)
    stops = read_stops(events, ("port_call",))
    loads, sinks = [], dict[str, list[_Sink]]()
    for stop in stops:
        level = _LEVELS
        if stop.inferred:
            level = _HIDDEN_BY.get(stop.coverage or "", _HIDDEN)
        elif not harbours.at(stop):
            continue
        elif "roads" in stop.marks:
            level = _ROADS
        if level < least:
            continue
        vessel, port, event = stop.vessel_a, stop.port_id or "", stop.event_id
        supply = None if stop.inferred else harbours.loading(stop)
        if supply is not None:
            level = min(level, _carrier(stop))
            if level >= least:
                loads.append(_Path(supply, (vessel,), (event,), (True,), stop.start_time, stop.end_time, level))
        elif port in harbours.watched:
            until = stop.end_time if stop.inferred else stop.start_time
            sink = _Sink(port, "port", event, stop.start_time, stop.end_time, until, level, not stop.inferred)
            sinks.setdefault(vessel, []).append(sink)
    if not loads:
        return _World([], [], {}, 0, 0)
    for vessel, sink in (*_waters(events, facts, settings), *_listed(events, listed)):
        sinks.setdefault(vessel, []).append(sink)
    for own in sinks.values():
        own.sort(key=lambda sink: (-sink.level, sink.start_us, sink.name, sink.event_id or ""))
    meetings = [one for one in _meetings(events, pairs) if one.level >= least]
    return _World(loads, meetings, sinks, round(settings.max_days * _DAY_US), settings.max_inferred)


def _carrier(stop: Stop) -> int:
    """Return how strong a loading is by who loads: tankers in full, who does not say what it is or masks it by half."""
    if stop.length_a_m and stop.length_a_m < LEAST_LENGTH_M:
        return 0
    return _LEVELS if stop.craft == "tanker" else _MASKED if stop.craft in MASKED else 0


def _micros(table: pa.Table, name: str) -> list[Any]:
    return table.column(name).cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]


def _meetings(events: pa.Table, pairs: pa.Table) -> list[_Meeting]:
    """Read encounters and dark rendezvous of two vessels, in a total order."""
    names = ("vessel_a", "partner_id", "partner_kind", "score")
    scores = {
        frozenset((a, b)): score
        for a, b, kind, score in zip(*(pairs.column(name).to_pylist() for name in names), strict=True)
        if kind == "vessel"
    }
    table = events.filter(pc.is_in(events.column("kind"), pa.array(["encounter", "dark_rendezvous"])))
    columns = [
        table.column(name).to_pylist()
        for name in ("event_id", "kind", "vessel_a", "vessel_b", "candidate_rank", "observed_min")
    ]
    times = [_micros(table, name) for name in ("start_time", "end_time", "meet_earliest", "meet_latest")]
    found = set()
    for event, kind, a, b, candidate, minutes, start, end, earliest, latest in zip(*columns, *times, strict=True):
        if b is None or a == b:
            continue
        score, seen = scores.get(frozenset((a, b))), kind == "encounter"
        level = int(score * _LEVELS) if score is not None else 0 if seen else _UNSEEN.get(candidate, 0)
        level = level if seen else min(level, _HIDDEN)
        if not seen and earliest is not None and latest is not None:
            start, end = earliest, latest
        until = start if seen else end
        # Of what others tell the minutes are not known.
        found.add(_Meeting(event, min(a, b), max(a, b), start, until, level, seen and minutes != 0))
    return sorted(found, key=lambda one: (one.start_us, one.event_id, one.until_us, one.a, one.b))


def _waters(events: pa.Table, facts: Facts, settings: ChainSettings) -> Iterator[tuple[str, _Sink]]:
    """Yield who was seen in waters where a chain may end."""
    wanted = {zone_id for zone_id, zone in facts.zones.items() if zone.category in settings.sink_categories}
    kinds = pc.is_in(events.column("kind"), pa.array(["encounter", "loitering", "gap"]))
    table = events.filter(
        pc.and_(
            kinds, pc.or_(pc.is_valid(events.column("zone_id")), pc.match_substring(events.column("flags"), "zone:"))
        )
    )
    names = ("event_id", "kind", "vessel_a", "vessel_b", "zone_id", "flags")
    columns = [table.column(name).to_pylist() for name in names]
    times = [_micros(table, name) for name in ("start_time", "end_time")]
    for event, kind, a, b, zone_id, flags, start, end in zip(*columns, *times, strict=True):
        zones = [zone_id, *(mark[5:] for mark in flags.split(";") if mark.startswith("zone:"))]
        zone = next((zone for zone in zones if zone in wanted), None)
        if zone is not None:
            # A gap was seen to begin there; where it ended is another matter.
            end = start if kind == "gap" else end
            sink = _Sink(zone, "waters", event, start, end, end, _WATERS, True)
            yield from ((vessel, sink) for vessel in (a, b) if vessel is not None)


def _listed(events: pa.Table, listed: Collection[int]) -> Iterator[tuple[str, _Sink]]:
    """Yield vessels that broadcast the IMO number of a listed one."""
    found = set()
    for side in "ab":
        imo = events.column(f"imo_{side}")
        table = events.filter(pc.is_in(imo, pa.array(sorted(listed), pa.int64())))
        found |= set(
            zip(table.column(f"vessel_{side}").to_pylist(), table.column(f"imo_{side}").to_pylist(), strict=True)
        )
    for vessel, number in sorted(one for one in found if one[0] is not None):
        yield vessel, _Sink(f"IMO {number}", "listed", None, 0, 1 << 62, 1 << 62, _LEVELS, True)


# --- Paths ------------------------------------------------------------------------------------------------


@dataclass
class _Shelf:
    """The paths to one vessel from one supply port, by worth, each by the time from which on it is ready."""

    by_worth: dict[tuple[int, int], list[_Path]] = field(default_factory=dict)
    ready: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def put(self, path: _Path) -> None:
        self.by_worth.setdefault(path.worth, []).append(path)

    def seal(self) -> None:
        for worth, paths in self.by_worth.items():
            paths.sort(key=lambda path: (path.ready_us, path.start_us, path.event_ids))
            self.ready[worth] = [path.ready_us for path in paths]

    def best(self, met: _Meeting, taker: str, world: _World) -> Iterator[_Path]:
        """Yield the strongest path that was ready before a meeting, of those the latest; then weaker, better seen ones.

        Of weaker ones only those with fewer steps that nobody saw: they may still go on where the stronger may not.
        """
        fewest = world.most_inferred + met.observed
        for worth in sorted(self.by_worth, reverse=True):
            if -worth[1] >= fewest:
                continue
            path = self._latest(worth, met, taker, world.longest_us)
            if path is not None:
                yield path
                fewest = -worth[1]

    def _latest(self, worth: tuple[int, int], met: _Meeting, taker: str, longest_us: int) -> _Path | None:
        last = bisect_right(self.ready[worth], met.until_us)
        for path in reversed(self.by_worth[worth][max(last - _TRIES, 0) : last]):
            if met.start_us - path.ready_us > longest_us:
                break
            if taker not in path.vessels:
                return path
        return None


def _longer(paths: Iterable[_Path], world: _World) -> Iterator[_Path]:
    """Yield paths that go on over one meeting more: for each supply port, meeting and receiver the best."""
    shelves: dict[str, dict[str, _Shelf]] = {}
    for path in paths:
        shelves.setdefault(path.vessels[-1], {}).setdefault(path.supply, _Shelf()).put(path)
    for own in shelves.values():
        for shelf in own.values():
            shelf.seal()
    for met in world.meetings:
        for giver, taker in ((met.a, met.b), (met.b, met.a)):
            for _, shelf in sorted(shelves.get(giver, {}).items()):
                for path in shelf.best(met, taker, world):
                    yield path.over(met, taker)


def _end(path: _Path, world: _World) -> _Sink | None:
    """Return the strongest, then earliest, end that a path's last vessel reached in time."""
    for sink in world.sinks.get(path.vessels[-1], ()):
        if path.observed.count(False) + (not sink.observed) > world.most_inferred:
            continue
        if sink.until_us >= path.ready_us and (
            sink.event_id is None or max(sink.start_us, path.ready_us) - path.ready_us <= world.longest_us
        ):
            return sink
    return None


def _order(path: _Path, sink: _Sink) -> tuple[Any, ...]:
    level = min(path.level, sink.level)
    guessed = path.observed.count(False) + (not sink.observed)
    return -level, len(path.vessels), guessed, path.start_us, path.supply, path.vessels, sink.name, path.event_ids


def _table(found: list[tuple[_Path, _Sink]], harbours: Harbours) -> pa.Table:
    if not found:
        return CHAINS.empty()
    steps = [(*path.observed, *([sink.observed] if sink.event_id else [])) for path, sink in found]
    ends = [path.ready_us if sink.event_id is None else max(sink.end_us, path.ready_us) for path, sink in found]
    columns: dict[str, Any] = {
        "chain_id": [_chain_id(path, sink) for path, sink in found],
        "supply_port": [path.supply for path, _ in found],
        "vessels": [list(path.vessels) for path, _ in found],
        "sink": [sink.name for _, sink in found],
        "sink_kind": [sink.kind for _, sink in found],
        "start_time": pa.array([path.start_us for path, _ in found], pa.int64()).cast(TIME),
        "end_time": pa.array(ends, pa.int64()).cast(TIME),
        "strength": [min(path.level, sink.level) / _LEVELS for path, sink in found],
        "n_observed": [seen.count(True) for seen in steps],
        "n_inferred": [seen.count(False) for seen in steps],
        "event_ids": [[*path.event_ids, *([sink.event_id] if sink.event_id else [])] for path, sink in found],
        "observed": [list(seen) for seen in steps],
        "path": [_path_text(path, sink) for path, sink in found],
        "evidence": [_sentence(path, sink, harbours) for path, sink in found],
    }
    return CHAINS.table(columns)


def _chain_id(path: _Path, sink: _Sink) -> str:
    text = json.dumps(["chain", path.supply, path.vessels, sink.name, path.event_ids, sink.event_id])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _path_text(path: _Path, sink: _Sink) -> str:
    return " > ".join([path.supply, *(safe_id(vessel) for vessel in path.vessels), sink.name])


def _sentence(path: _Path, sink: _Sink, harbours: Harbours) -> str:
    names = [safe_id(vessel) for vessel in path.vessels]
    parts = [f"{names[0]} lay at {harbours.name(path.supply)}"]
    for one, other, seen in zip(names, names[1:], path.observed[1:], strict=False):
        parts.append(f"{one} {'met' if seen else 'could have met'} {other}")
    if sink.kind == "port":
        verb = "called" if sink.observed else "could have called"
        parts.append(f"{names[-1]} {verb} at {harbours.name(sink.name)}")
    elif sink.kind == "waters":
        parts.append(f"{names[-1]} was seen in {safe_id(sink.name)}")
    else:
        parts.append(f"{names[-1]} broadcasts the listed {sink.name}")
    return "; ".join(parts)
