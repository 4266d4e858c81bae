"""Put the sentences of multi-part AIS messages together, also when receivers' logs interleave them."""

from __future__ import annotations

from dataclasses import dataclass

#: Parts of one message follow each other closely; a part whose partner is this many lines away belongs to
#: another message, because the sequence number (0-9) has come round. Tag-block groups are numbered further.
MAX_LINES = 200
MAX_GROUP_LINES = 10_000
#: ... and receivers stamp the parts of one message within this time [us].
MAX_APART_US = 60_000_000


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


class Assembler:
    """Gathers parts until a message is complete.

    Parts belong together when their tag-block group number agrees or, without one, their count, sequence
    number and channel do; and no station or time stamp speaks against it.
    """

    def __init__(self) -> None:
        self._open: list[list[Part]] = []

    def add(self, part: Part) -> tuple[list[Part] | None, list[list[Part]]]:
        """Add a part; return the complete message in order, if any, and the messages given up."""
        dropped = [group for group in self._open if _expired(group, part)]
        if dropped:
            self._open = [group for group in self._open if group not in dropped]
        group = next((group for group in self._open if _fits(group, part)), None)
        if group is None:
            group = []
            self._open.append(group)
        group.append(part)
        if len(group) < part.count:
            return None, dropped
        self._open.remove(group)
        return sorted(group, key=lambda p: p.place), dropped

    def finish(self) -> list[list[Part]]:
        """Return the messages that stayed incomplete."""
        left, self._open = self._open, []
        return left


def _expired(group: list[Part], part: Part) -> bool:
    limit = MAX_LINES if group[-1].group is None else MAX_GROUP_LINES
    return part.number - group[-1].number > limit or _replaced(group, part)


def _replaced(group: list[Part], part: Part) -> bool:
    """Say whether a part shows that the group's number is in use again."""
    return _same(group, part) and any(old.place == part.place for old in group)


def _fits(group: list[Part], part: Part) -> bool:
    return _same(group, part) and all(old.place != part.place for old in group)


def _same(group: list[Part], part: Part) -> bool:
    first = group[0]
    if part.count != first.count or part.group != first.group or part.key != first.key:
        return False
    sources = {p.source for p in (*group, part) if p.source is not None}
    times = [p.time_us for p in (*group, part) if p.time_us is not None]
    return len(sources) <= 1 and (not times or max(times) - min(times) <= MAX_APART_US)
