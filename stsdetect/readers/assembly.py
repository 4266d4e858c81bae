"""Put the sentences of multi-part AIS messages together, also when receivers' logs interleave them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

#: Parts of one message follow each other closely; a part whose partner is this many lines away belongs to
#: another message, because the sequence number (0-9) has come round. Tag-block groups are numbered further.
MAX_LINES = 200
MAX_GROUP_LINES = 10_000
#: ... and receivers stamp the parts of one message within this time [us].
MAX_APART_US = 60_000_000
#: Messages that may be open at once, and of them those that only their stations or times tell apart; far more than
#: receivers in a row ever have. Beyond that the oldest is given up.
MAX_OPEN, MAX_ALIKE = 20_000, 50


@dataclass(frozen=True)
class Part:
    """One sentence of a multi-part message."""

    number: int
    line: bytes
    time_us: int | None
    count: int
    place: int
    key: tuple[bytes, bytes]
    group: bytes | None
    source: bytes | None
    payload: bytes
    fill: int


#: What parts of one message have in common: count, tag-block group, and sequence number with channel.
_Ident = tuple[int, bytes | None, tuple[bytes, bytes]]


class Assembler:
    """Gathers parts until a message is complete.

    Parts belong together when their tag-block group number agrees or, without one, their count, sequence
    number and channel do; and no station or time stamp speaks against it.
    """

    def __init__(self) -> None:
        self._open: dict[_Ident, list[list[Part]]] = {}
        #: When an open message is looked at next: line, order of arrival, its identity, its parts.
        self._due: list[tuple[int, int, _Ident, list[Part]]] = []
        self._arrived = 0

    def add(self, part: Part) -> tuple[list[Part] | None, list[list[Part]]]:
        """Add a part; return the complete message in order, if any, and the messages given up."""
        dropped = self._overdue(part.number)
        ident = (part.count, part.group, part.key)
        alike = self._open.setdefault(ident, [])
        for group in [group for group in alike if _replaced(group, part)]:
            dropped.append(group)
            _remove(alike, group)
        group = next((group for group in alike if _fits(group, part)), [])
        group.append(part)
        if len(group) == part.count:
            _remove(alike, group)
            if not alike:
                del self._open[ident]
            return sorted(group, key=lambda p: p.place), dropped
        if len(group) == 1:
            alike.append(group)
            if len(alike) > MAX_ALIKE:
                dropped.append(alike.pop(0))
            self._arrived += 1
            heapq.heappush(self._due, (_last_line(group), self._arrived, ident, group))
        return None, dropped

    def _overdue(self, number: int) -> list[list[Part]]:
        """Take out the messages whose missing parts cannot come any more, in the order of arrival."""
        given_up: list[tuple[int, list[Part]]] = []
        while self._due and (self._due[0][0] < number or len(self._due) > MAX_OPEN):
            _, arrived, ident, group = heapq.heappop(self._due)
            alike = self._open.get(ident, [])
            if not any(other is group for other in alike):
                continue  # complete by now, or given up
            if _last_line(group) >= number and len(self._due) < MAX_OPEN:
                heapq.heappush(self._due, (_last_line(group), arrived, ident, group))
                continue
            given_up.append((arrived, group))
            _remove(alike, group)
            if not alike:
                del self._open[ident]
        return [group for _, group in sorted(given_up, key=lambda item: item[0])]

    def finish(self) -> list[list[Part]]:
        """Return the messages that stayed incomplete."""
        left = [group for alike in self._open.values() for group in alike]
        self._open, self._due = {}, []
        return sorted(left, key=lambda group: group[0].number)


def _remove(groups: list[list[Part]], group: list[Part]) -> None:
    """Take out this very message; parts of another may be equal."""
    groups[:] = [other for other in groups if other is not group]


def _last_line(group: list[Part]) -> int:
    """Return the line up to which the next part has to come."""
    return group[-1].number + (MAX_LINES if group[-1].group is None else MAX_GROUP_LINES)


def _replaced(group: list[Part], part: Part) -> bool:
    """Say whether a part shows that the group's number is in use again."""
    return _same(group, part) and any(old.place == part.place for old in group)


def _fits(group: list[Part], part: Part) -> bool:
    return _same(group, part) and all(old.place != part.place for old in group)


def _same(group: list[Part], part: Part) -> bool:
    """Say whether no station or time speaks against it; what else they must have in common they have."""
    sources = {p.source for p in (*group, part) if p.source is not None}
    times = [p.time_us for p in (*group, part) if p.time_us is not None]
    return len(sources) <= 1 and (not times or max(times) - min(times) <= MAX_APART_US)
