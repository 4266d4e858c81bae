"""Dark rendezvous as the score reads them: possible meetings that nobody saw, grouped into leads."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.score.meetings import HOUR_US, Meeting, Side, read_unseen_meetings
from stsdetect.score.traffic import EDGE_H
from stsdetect.units import KNOT_MPS

#: A candidate stands out with at most so many rivals, or where it has this share of the odds of all candidates together
#:, or where the same two could have met this often (our choice).
FEW_RIVALS, MOST_OF_IT, OFTEN = 2, 0.8, 2
#: Only candidates up to this rank count as having possibly met again.
_RANK_OF_REPEATS = 3

#: Stands for a partner of whom nothing is known.
NOBODY = Side("", None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Source:
    """An event that a dark rendezvous was inferred from: a silence, or a visible stay and how much of it was seen.

    ``spread_m`` is how far the hull moved: of a stay from its middle, of a silence from its last fix to the next.
    """

    kind: str
    vessel: str
    hours: float
    observed: float
    coverage: str | None
    signature: float | None
    spread_m: float | None
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unseen:
    """One possible meeting with one candidate; ``meeting.b`` is `NOBODY` where no partner is named."""

    meeting: Meeting
    observed: tuple[bool, bool]
    rank: int
    n_rivals: int
    reach_max_h: float | None
    match: float | None
    source_ids: tuple[str, ...]
    sources: tuple[Source | None, ...]
    #: Other possible meetings that fit a silence of this one better; None where that cannot be said.
    better: int | None = None

    @property
    def one_dark(self) -> bool:
        """Whether one of the two was seen."""
        return self.meeting.subtype == "one_dark"

    @property
    def unheard(self) -> bool:
        """Whether the vessel that lay still was heard only before and after: its stay is a silence of its own."""
        known = [source for source in self.sources if source is not None and source.kind == "gap"]
        own = any(source.vessel == self.visible.vessel for source in known)
        return self.one_dark and own and len(known) == len(self.sources)

    @property
    def named(self) -> bool:
        """Whether it has a candidate."""
        return self.meeting.b is not NOBODY

    @property
    def visible(self) -> Side:
        """The vessel that lay still; a where none is known to have."""
        return self.meeting.b if self.observed[1] and not self.observed[0] else self.meeting.a

    @property
    def candidate(self) -> Side:
        """The other vessel."""
        return self.meeting.a if self.visible is self.meeting.b else self.meeting.b

    @property
    def silences(self) -> list[str]:
        """The silences it rests on: of the candidate, or of both where neither was seen."""
        known = zip(self.source_ids, self.sources, strict=True)
        gaps = [(part, source) for part, source in known if source is not None and source.kind == "gap"]
        return [part for part, source in gaps if not self.one_dark or source.vessel == self.candidate.vessel]

    @property
    def hulls(self) -> tuple[str, str]:
        """Both hull ids, the lesser first."""
        return self.meeting.a.vessel, self.meeting.b.vessel

    @property
    def order(self) -> tuple[Any, ...]:
        """Sort key: best candidate of an event first, then by time."""
        return self.rank, -(self.match or 0.0), *self.meeting.order


@dataclass(frozen=True, slots=True)
class Lead:
    """One row of the ranking.

    With ``named``: two vessels and all the possible meetings between them. Without: one event of a visible vessel whose
    partner is not known, with its candidates, best first.
    """

    named: bool
    unseen: tuple[Unseen, ...]

    @property
    def times(self) -> int:
        """How often they could have met: candidates for one stay are one time, and so is what shares its hours."""
        return occasions(self.unseen) if self.named else 1


def occasions(unseen: Iterable[Unseen]) -> int:
    """Count the times that possible meetings stand for: those that overlap, one after the other, are one."""
    count, until = 0, None
    for start, end in sorted((one.meeting.start_us, one.meeting.end_us) for one in unseen):
        count += until is None or start > until
        until = end if until is None else max(until, end)
    return count


def read_unseen(events: pa.Table) -> list[Unseen]:
    """Read every dark rendezvous of an `EVENTS` table, in a total order; exact repetitions count once."""
    meetings = read_unseen_meetings(events, NOBODY)
    if not meetings:
        return []
    rows = events.select(_OWN).filter(pc.equal(events.column("kind"), "dark_rendezvous")).to_pylist()
    if len({row["event_id"] for row in rows}) < len(rows):
        rows.sort(key=repr)
    own = {row["event_id"]: row for row in reversed(rows)}
    sources = _sources(events, {part for row in own.values() for part in _parts(row["from_events"])})
    found = [_unseen(meeting, own[meeting.event_id], sources) for meeting in meetings]
    return sorted(_compared(found), key=lambda u: u.order)


def _compared(found: list[Unseen]) -> Iterator[Unseen]:
    """Count for each possible meeting how many others fit one of its silences better, the most of any silence."""
    fits: dict[str, list[float]] = {}
    for one in found:
        for silence in one.silences if one.match is not None else ():
            fits.setdefault(silence, []).append(one.match or 0.0)
    for own in fits.values():
        own.sort()
    for one in found:
        if one.match is None or not one.silences:
            yield one
        else:
            counts = [len(fits[silence]) - bisect_right(fits[silence], one.match) for silence in one.silences]
            yield replace(one, better=max(counts))


_OWN = [
    "event_id", "vessel_a", "vessel_b", "observed_a", "observed_b", "candidate_rank", "n_rivals", "reach_max_h",
    "candidate_score", "from_events",
]  # fmt: skip


def _parts(text: str | None) -> list[str]:
    return sorted({part.strip() for part in (text or "").split(";") if part.strip()})


def _sources(events: pa.Table, ids: set[str]) -> dict[str, Source]:
    names = [
        "event_id",
        "kind",
        "vessel_a",
        "duration_h",
        "observed_min",
        "inferred_min",
        "coverage",
        "signature",
        "spread_m",
        "implied_speed_kn",
        "flags",
    ]
    wanted = pc.is_in(events.column("event_id"), value_set=pa.array(sorted(ids), pa.string()))
    rows = sorted(events.select(names).filter(wanted).to_pylist(), key=repr)
    return {row["event_id"]: _source(row) for row in reversed(rows)}


def _source(row: Mapping[str, Any]) -> Source:
    seen, inferred = row["observed_min"] or 0.0, row["inferred_min"] or 0.0
    return Source(
        kind=row["kind"],
        vessel=row["vessel_a"],
        hours=row["duration_h"] or 0.0,
        observed=seen / (seen + inferred) if seen + inferred > 0 else 0.0,
        coverage=row["coverage"],
        signature=row["signature"],
        spread_m=_moved_m(row),
        flags=frozenset((row["flags"] or "").split(";")) - {""},
    )


def _moved_m(row: Mapping[str, Any]) -> float | None:
    if row["kind"] != "gap":
        spread: float | None = row["spread_m"]
        return spread
    speed, hours = row["implied_speed_kn"], row["duration_h"]
    return None if speed is None or hours is None else float(speed * KNOT_MPS * 3600.0 * hours)


def _unseen(meeting: Meeting, row: Mapping[str, Any], sources: Mapping[str, Source]) -> Unseen:
    observed = bool(row["observed_a"]), bool(row["observed_b"])
    if row["vessel_a"] != meeting.a.vessel:
        observed = observed[::-1]
    ids = tuple(_parts(row["from_events"]))
    score = row["candidate_score"]
    return Unseen(
        meeting=meeting,
        observed=observed,
        rank=row["candidate_rank"] or 1,
        n_rivals=row["n_rivals"] or 0,
        reach_max_h=row["reach_max_h"],
        match=score if score is not None and score == score else None,
        sources=tuple(sources.get(part) for part in ids),
        source_ids=ids,
    )


#: Identity tests that say that two identities may be one hull.
_ONE_HULL = ("hand_over", "imo_moved", "twin_dimensions")


def pairs_of_one_hull(events: pa.Table) -> frozenset[tuple[str, str]]:
    """Return the pairs of vessels that may be one hull under two identities, by identity events."""
    tests = pc.is_in(events.column("subtype"), value_set=pa.array(_ONE_HULL))
    wanted = pc.and_(pc.equal(events.column("kind"), "identity"), tests)
    rows = events.select(["vessel_a", "vessel_b"]).filter(wanted)
    pairs = zip(*(column.to_pylist() for column in rows.columns), strict=True)
    return frozenset((min(a, b), max(a, b)) for a, b in pairs if b is not None)


def leads_of(unseen: Sequence[Unseen], met: frozenset[tuple[str, str]] | set[tuple[str, str]]) -> list[Lead]:
    """Group possible meetings into leads, without flooding.

    A visible vessel's stay gives one lead, whatever the number of its candidates: with the partner named where one
    candidate stands out, else with the partner unknown. Two silences give a lead where each is among the few best
    partners of the other, which is how they are listed. All possible meetings of two named vessels are one lead.

    Parameters
    ----------
    met
        Pairs that were also seen to meet: they are in the ranking already, see `unseen_of`.
    """
    often = _often(unseen)
    groups: dict[tuple[str, ...], list[Unseen]] = {}
    for one in sorted(unseen, key=lambda u: u.order):
        groups.setdefault(_group(one), []).append(one)
    named: set[tuple[str, str]] = set()
    unknown: list[Lead] = []
    for group in groups.values():
        best = _outstanding(group, often)
        if best is not None:
            named.add(best.hulls)
        elif group[0].one_dark:
            unknown.append(Lead(False, tuple(group)))
    of_pair: dict[tuple[str, str], list[Unseen]] = {}
    for one in unseen:
        if one.named and one.hulls in named and one.hulls not in met:
            of_pair.setdefault(one.hulls, []).append(one)
    return [Lead(True, tuple(sorted(own, key=lambda u: u.meeting.order))) for own in of_pair.values()] + unknown


def _group(one: Unseen) -> tuple[str, ...]:
    """Return what candidates for the same partner have in common."""
    if not one.one_dark:
        return "two silences", one.meeting.event_id
    # A stay far from all zones may not be in the table any more; silences always are.
    known = zip(one.source_ids, one.sources, strict=True)
    stays = [part for part, source in known if source is None or source.kind != "gap"]
    return "stay", one.visible.vessel, *(stays or [str(one.meeting.start_us)])


def _often(unseen: Iterable[Unseen]) -> frozenset[tuple[str, str]]:
    """Return the pairs that were among the best candidates of each other at several times."""
    times: dict[tuple[str, str], list[Unseen]] = {}
    for one in unseen:
        if one.named and one.rank <= _RANK_OF_REPEATS:
            times.setdefault(one.hulls, []).append(one)
    return frozenset(hulls for hulls, found in times.items() if occasions(found) >= OFTEN)


def _outstanding(group: Sequence[Unseen], often: frozenset[tuple[str, str]]) -> Unseen | None:
    """Return the candidate of an event who stands out, if one does."""
    for one in group:
        if one.named and one.rank <= _RANK_OF_REPEATS and one.hulls in often:
            return one
    best = group[0]
    if not best.one_dark:
        return best  # each is among the best of the other, or it would not be listed
    if not best.named or best.rank > 1:
        return None
    if best.n_rivals <= FEW_RIVALS:
        return best
    return best if _share_of_odds(group) > MOST_OF_IT else None


def _share_of_odds(group: Sequence[Unseen]) -> float:
    """Return the share of the best candidate of the odds of all that are listed: scores are logarithms of odds."""
    best = group[0].match
    if best is None or len(group) < 2:
        return 0.0
    return 1.0 / math.fsum(math.exp(one.match - best) for one in group if one.match is not None)


def unseen_of(unseen: Iterable[Unseen], seen: Iterable[Meeting] = ()) -> dict[tuple[str, str], list[Unseen]]:
    """Return by pair the possible meetings in which each was among the best candidates, by time.

    One that begins within an hour of the end of a meeting of the pair that was ``seen``, ends so as it begins, or
    overlaps it, is left out: that is the meeting that was seen, and the silence in which it ended, over again.
    """
    found: dict[tuple[str, str], list[Unseen]] = {}
    for one in sorted(unseen, key=lambda u: u.meeting.order):
        if one.named and one.rank <= _RANK_OF_REPEATS:
            found.setdefault(one.hulls, []).append(one)
    edge, met = round(EDGE_H * HOUR_US), dict[tuple[str, str], list[Meeting]]()
    for meeting in seen:
        hulls = meeting.a.vessel, meeting.b.vessel
        if hulls in found:
            met.setdefault(hulls, []).append(meeting)
    for hulls, own in met.items():
        found[hulls] = [
            one
            for one in found[hulls]
            if all(one.meeting.start_us > m.end_us + edge or one.meeting.end_us < m.start_us - edge for m in own)
        ]
    return found


def without_partner(one: Unseen) -> Meeting:
    """Return the possible meeting as one of the visible vessel with nobody known."""
    return replace(one.meeting, a=one.visible, b=NOBODY)
