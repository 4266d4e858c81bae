"""What the vessels of a meeting did around it: stays, port calls, and where they said they were bound."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.hidden_calls import VAGUE, judge_destination
from stsdetect.reference.places import Port
from stsdetect.schema import SEGMENTS, VESSELS
from stsdetect.score.voyages import Harbours

#: Calls count this long before and after a meeting [us]: a cargo is seldom kept aboard for longer (our choice, as in
#: ``chains.max_days``).
CALLS_US = 30 * 86_400_000_000
#: A stay that begins or ends this close to an edge of a meeting belongs to it, and one that begins or ends this close
#: to a silence does so in it [us]: edges are fixes, minutes apart.
_EDGE_US = 3_600_000_000


class Stay(NamedTuple):
    """One loitering of one vessel [us]; ``came`` and ``left`` where its beginning and its end were seen.

    Who is first heard at rest, or falls silent there, neither came nor left by what was seen.
    """

    start_us: int
    end_us: int
    came: bool = True
    left: bool = True


class Wait(NamedTuple):
    """How long a vessel lay still [us]: so long, or where ``whole`` is False at least so long."""

    time_us: int
    whole: bool


class Call(NamedTuple):
    """One call of one vessel at a port [us]; ``seen`` also where others told it, else only possible."""

    start_us: int
    end_us: int
    port_id: str
    seen: bool


_Waits: TypeAlias = tuple[Wait | None, Wait | None]
#: A vessel, and when a silence of it began and ended [us], None where it did not.
_Silence: TypeAlias = tuple[str, int | None, int | None]


@dataclass(frozen=True)
class Around:
    """Stays, calls and declared destinations by vessel, each in order; of the vessels asked for only.

    ``bound`` holds since when [us] a vessel declared which country as its destination, as `country_of` says it.
    """

    stays: Mapping[str, list[Stay]] = field(default_factory=dict)
    calls: Mapping[str, list[Call]] = field(default_factory=dict)
    bound: Mapping[str, list[tuple[int, str | None]]] = field(default_factory=dict)
    harbours: Harbours | None = None
    _last: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def stay_over(self, vessel: str, time_us: int, *, came: bool = False) -> Stay | None:
        """Return the stay of a vessel that holds a moment, or begins or ends within an hour of it.

        Of two, the later, unless it is asked how the vessel ``came``: then the one in which the moment lies, since who
        drifts for a while soon afterwards has not just come to rest.
        """
        own, found = self.stays.get(vessel, ()), None
        for stay in reversed(own[: bisect_right(own, time_us + _EDGE_US, key=_start)]):
            if stay.end_us < time_us - _EDGE_US:
                break
            if found is None or (came and found.start_us > time_us and stay.end_us >= time_us):
                found = stay
        return found

    def waits_us(self, a: str, b: str, start_us: int, end_us: int) -> tuple[_Waits, _Waits]:
        """Return how long each of two vessels had lain still when a meeting began, and lay on after its end [us].

        Kept for the meeting asked for last: several indicators look at it in turn.
        """
        key = a, b, start_us, end_us
        if self._last.get("key") != key:
            stays = [
                self.stay_over(vessel, moment, came=came)
                for moment, came in ((start_us, True), (end_us, False))
                for vessel in (a, b)
            ]
            lay = [
                None if stay is None
                else Wait(max(start_us - stay.start_us, 0), stay.came) if place < 2
                else Wait(max(stay.end_us - end_us, 0), stay.left)
                for place, stay in enumerate(stays)
            ]  # fmt: skip
            self._last.update(key=key, waits=((lay[0], lay[1]), (lay[2], lay[3])))
        found: tuple[_Waits, _Waits] = self._last["waits"]
        return found

    def calls_before(self, vessel: str, time_us: int) -> Iterator[Call]:
        """Yield the calls of a vessel that ended in the 30 days before a moment, the last first."""
        own = self.calls.get(vessel, ())
        for call in reversed(own[: bisect_right(own, time_us, key=_start)]):
            if time_us - CALLS_US <= call.end_us <= time_us:  # it may have begun long before
                yield call

    def calls_after(self, vessel: str, time_us: int) -> Iterator[Call]:
        """Yield the calls of a vessel that began in the 30 days after a moment, the first first."""
        own = self.calls.get(vessel, ())
        for call in own[bisect_left(own, time_us, key=_start) :]:
            if call.start_us > time_us + CALLS_US:
                return
            yield call

    def destination(self, vessel: str, time_us: int) -> str | None:
        """Return the country of the destination a vessel had declared at a moment, as `country_of`."""
        own = self.bound.get(vessel, ())
        place = bisect_right(own, time_us, key=lambda one: one[0])
        return own[place - 1][1] if place else None


def _start(one: Stay | Call) -> int:
    return one.start_us


#: Where nothing is known.
NOTHING_AROUND = Around()


def read_around(
    events: pa.Table,
    vessels: Collection[str],
    harbours: Harbours,
    identities: pa.Table | None = None,
    segments: pa.Table | None = None,
    *,
    stays: bool = True,
) -> Around:
    """Read what surrounds the meetings of some vessels.

    Parameters
    ----------
    events
        An `EVENTS` table.
    vessels
        Whose stays and calls are wanted.
    harbours
        Which ports supply and which are watched.
    identities
        A `VESSELS` table: declared destinations are looked up there, and when each vessel was heard first and last.
    segments
        A `SEGMENTS` table: when each vessel was heard with a place first and last, which may be hours after its first
        report and before its last one.
    stays
        Whether stays are wanted: they are most of what there is.
    """
    wanted = pa.array(sorted(vessels), pa.string())
    known = None if identities is None else VESSELS.conform(identities, extra=True)
    heard = [] if known is None else [_unheard(known, wanted, "valid_from", "valid_to")]
    if segments is not None:
        heard.append(_unheard(SEGMENTS.conform(segments, extra=True), wanted, "start_time", "end_time"))
    lay = _stays(events, wanted, chain.from_iterable(heard)) if stays else {}
    calls: dict[str, list[Call]] = {}
    names = ("start_time", "end_time", "port_id", "subtype")
    for vessel, start, end, port, subtype in _columns(events, "port_call", wanted, names):
        if port in harbours.ports:
            calls.setdefault(vessel, []).append(Call(start, end, port, subtype != "inferred"))
    for own in calls.values():
        own.sort()
    return Around(lay, calls, {} if known is None else _destinations(known, wanted, harbours), harbours)


def _stays(events: pa.Table, wanted: pa.Array, unheard: Iterable[_Silence]) -> dict[str, list[Stay]]:
    """Return the stays of each vessel, in order, and whether their beginnings and ends were seen.

    A silence of any length hides what the vessel did meanwhile, also one in which it was heard without a place; and so
    does the time before its first report and after its last one, with a place or without.
    """
    hidden: dict[str, tuple[list[int], list[int]]] = {}
    silences = _columns(events, "gap", wanted, ("start_time", "end_time"))
    for vessel, start, end in (*silences, *unheard):
        starts, ends = hidden.setdefault(vessel, ([], []))
        if start is not None:
            starts.append(start)
        if end is not None:
            ends.append(end)
    for starts, ends in hidden.values():
        starts.sort()
        ends.sort()
    lay: dict[str, list[Stay]] = {}
    nothing: tuple[list[int], list[int]] = [], []
    for vessel, start, end, is_open in _columns(events, "loitering", wanted, ("start_time", "end_time", "is_open")):
        starts, ends = hidden.get(vessel, nothing)
        left = not (is_open or _near(starts, end))
        lay.setdefault(vessel, []).append(Stay(start, end, not _near(ends, start), left))
    for some in lay.values():
        some.sort()
    return lay


def _unheard(table: pa.Table, wanted: pa.Array, first: str, last: str) -> Iterator[_Silence]:
    """Yield of each vessel the times before its first report and after its last one, by the columns that have them."""
    some = table.select(["vessel", first, last])
    some = some.set_column(0, "vessel", some.column("vessel").cast(pa.string()))
    some = some.filter(pc.is_in(some.column("vessel"), wanted)).group_by("vessel")
    some = some.aggregate([(first, "min"), (last, "max")])
    vessels = some.column("vessel").to_pylist()
    times = (some.column(name).cast(pa.int64()).to_pylist() for name in (f"{first}_min", f"{last}_max"))
    for vessel, begin, end in zip(vessels, *times, strict=True):
        yield vessel, None, begin
        yield vessel, end, None


def _near(times: list[int], moment_us: int) -> bool:
    """Say whether one of some times, in order, is within an hour of a moment."""
    place = bisect_left(times, moment_us - _EDGE_US)
    return place < len(times) and times[place] <= moment_us + _EDGE_US


def _columns(events: pa.Table, kind: str, wanted: pa.Array, names: Iterable[str]) -> set[tuple[Any, ...]]:
    """Return vessel and columns of the events of one kind of some vessels; exact repetitions once."""
    own = pc.and_(pc.equal(events.column("kind"), kind), pc.is_in(events.column("vessel_a"), wanted))
    some = events.select(["vessel_a", *names]).filter(own)
    columns = (one.cast(pa.int64()) if pa.types.is_timestamp(one.type) else one for one in some.columns)
    return set(zip(*(column.to_pylist() for column in columns), strict=True))


def _destinations(known: pa.Table, wanted: pa.Array, harbours: Harbours) -> dict[str, list[tuple[int, str | None]]]:
    table = known.select(["vessel", "valid_from", "destination"])
    table = table.filter(pc.and_(pc.is_in(table.column("vessel"), wanted), pc.is_valid(table.column("destination"))))
    ports, countries = tuple(harbours.ports.values()), dict[str, str | None]()
    found: dict[str, list[tuple[int, str | None]]] = {}
    columns = [table.column(0), table.column(1).cast(pa.int64()), table.column(2).cast(pa.string())]
    for vessel, start, text in zip(*(column.to_pylist() for column in columns), strict=True):
        if text not in countries:
            countries[text] = country_of(text, ports)
        found.setdefault(vessel, []).append((start, countries[text]))
    for own in found.values():
        own.sort(key=lambda one: (one[0], one[1] or ""))
    return found


#: A UN/LOCODE: a country's two letters and three more, with or without a space, alone or at the end of a route.
_LOCODE = re.compile(r"(?:^|.*[> ])([A-Z]{2}) ?([A-Z]{3})$")


def country_of(destination: str, ports: Iterable[Port]) -> str | None:
    """Return the country that a destination names, "" where it names none on purpose, None where that cannot be told.

    Examples
    --------
    >>> from stsdetect.reference.places import load_ports
    >>> [country_of(text, load_ports()) for text in ("KRPUS", "KR PUS>CN SHA", "busan", "for orders", "LUNCH")]
    ['KR', 'CN', 'KR', '', None]
    """
    plain = " ".join(destination.upper().split())[:40]
    known = {port.country: port for port in ports}
    locode = _LOCODE.fullmatch(plain)
    if locode and locode[1] in known:
        return locode[1]
    for port in ports:
        name = port.name.upper().split()[0]
        if len(name) >= 4 and plain == name:
            return port.country
    some = next(iter(known.values()), None)
    return "" if some is not None and judge_destination(destination, some) == VAGUE else None
