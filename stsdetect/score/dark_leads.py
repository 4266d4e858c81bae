"""Rank possible meetings that nobody saw: the silent half of the pairs table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from stsdetect.schema import BERTHS, PAIRS, TIME
from stsdetect.score.around import NOTHING_AROUND, read_around
from stsdetect.score.evidence import Evidence
from stsdetect.score.facts import Facts, packaged_facts
from stsdetect.score.indicators_dark import DARK, DarkCase
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.listed import Listed
from stsdetect.score.meetings import HOUR_US, Meeting
from stsdetect.score.reasons import logistic, pair_id
from stsdetect.score.registry import Case, SharedBerths
from stsdetect.score.traffic import Traffic
from stsdetect.score.unseen import FEW_RIVALS, Lead, Unseen, leads_of, pairs_of_one_hull
from stsdetect.score.weighing import Scored, Weighing
from stsdetect.settings import ScoreSettings

#: Rows of candidates kept in ``event_ids`` of a lead whose partner is unknown.
_MOST_IDS = 20


def rank_dark(
    events: pa.Table | Evidence,
    *,
    settings: ScoreSettings = ScoreSettings(),
    settings_id: str = "",
    facts: Facts | None = None,
    berths: pa.Table | None = None,
    watch_hits: pa.Table | None = None,
    known: Known = NOTHING_KNOWN,
) -> pa.Table:
    """Rank dark rendezvous: one row per visible vessel's stay or per pair of silent vessels, with reasons.

    Where one candidate stands out (two rivals or fewer, a clear lead in score, or possible meetings over and over) the
    row names it (``partner_kind`` vessel); else the partner is ``unknown`` and the best candidates are named in a
    reason. Pairs that were also seen to meet have no row here: `rank_pairs` adds their possible meetings to theirs.

    Parameters
    ----------
    events
        An `EVENTS` table (Arrow or pandas), or what `Evidence` read of one, with ``dark_rendezvous`` and the gaps and
        loiterings they were inferred from.
    settings, settings_id, facts, berths, watch_hits, known
        As in `rank_pairs`.

    Returns
    -------
    A `PAIRS` table. ``confidence`` is never high: no such meeting was observed.

    Raises
    ------
    SchemaError
        If a table is not what it should be, or a dark rendezvous is of a vessel with itself.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS
    >>> rank_dark(EVENTS.empty()).num_rows
    0
    """
    read = Evidence.of(events)
    unseen, seen = read.unseen, read.meetings
    if not unseen:
        return PAIRS.empty()
    met = {(meeting.a.vessel, meeting.b.vessel) for meeting in seen}
    busy = _busy(seen)
    meetings = [one.meeting for one in unseen]
    traffic = Traffic(meetings, [], read.oddities, imos_heard=read.imos_heard)
    reference = packaged_facts() if facts is None else facts
    crews = {side.vessel for meeting in meetings for side in (meeting.a, meeting.b)}
    shared = None if berths is None else SharedBerths(BERTHS.conform(berths, extra=True), crews)
    listed = Listed.of(watch_hits)
    harbours = reference.harbours
    around = NOTHING_AROUND if harbours is None else read_around(read.table, crews, harbours, stays=False)
    one_hull = pairs_of_one_hull(read.table)
    weighing = Weighing[DarkCase](DARK, settings)
    scored = []
    for lead in leads_of(unseen, met):
        at = lead.unseen if lead.named else lead.unseen[:1]
        cases = [
            DarkCase(
                lead,
                one,
                Case(one.meeting, traffic, reference, shared, listed=listed, aim=settings, known=known, around=around),
                one.hulls in one_hull,
                _company_h(one, busy),
            )
            for one in at
        ]
        scored.append(weighing.score(lead, cases, _order))
    scored.sort(key=_rank_key)
    columns = _columns(scored)
    columns["settings_id"] = [settings_id] * len(scored)
    columns["reasons"] = weighing.reasons(scored)
    return PAIRS.table(columns)


def _busy(seen: Sequence[Meeting]) -> dict[str, list[tuple[int, int]]]:
    """Return when each vessel was seen with another, apart and in order [us]."""
    times: dict[str, list[tuple[int, int]]] = {}
    for meeting in seen:  # in order of their starts
        for side in (meeting.a, meeting.b):
            own = times.setdefault(side.vessel, [])
            if own and meeting.start_us <= own[-1][1]:
                own[-1] = own[-1][0], max(own[-1][1], meeting.end_us)
            else:
                own.append((meeting.start_us, meeting.end_us))
    return times


def _company_h(one: Unseen, busy: Mapping[str, list[tuple[int, int]]]) -> float:
    """Return for how long the visible vessel was seen with another during the possible meeting [h]."""
    if not one.one_dark:
        return 0.0
    start, end = one.meeting.start_us, one.meeting.end_us
    return sum(max(0, min(end, last) - max(start, first)) for first, last in busy.get(one.visible.vessel, ())) / HOUR_US


def _order(case: DarkCase) -> tuple[int, str, int]:
    return case.one.meeting.order


def _at(one: Scored[Lead]) -> Unseen:
    """Return the possible meeting a lead was measured at."""
    return one.lead.unseen[one.best]


def _rank_key(one: Scored[Lead]) -> tuple[float, int, str, str]:
    first = min(unseen.meeting.start_us for unseen in one.lead.unseen)
    return -one.log_odds, first, _sides(one)[0].vessel, _partner(one)


def _sides(one: Scored[Lead]) -> tuple[Any, Any]:
    if one.lead.named:
        return _at(one).meeting.a, _at(one).meeting.b
    return _at(one).visible, None


def _partner(one: Scored[Lead]) -> str:
    """Return the id of the partner; of an unknown one that of the event."""
    return _at(one).meeting.b.vessel if one.lead.named else _at(one).meeting.event_id


def dark_confidence(one: Unseen) -> str:
    """Say how well a possible meeting was observed: medium or low.

    Medium needs one vessel seen for four fifths of the stay, a silence judged dark and few rivals (our judgement).
    """
    known = [source for source in one.sources if source is not None]
    seen = any(source.kind == "loitering" and source.observed >= 0.8 for source in known)
    dark = any(source.kind == "gap" and source.coverage == "dark" for source in known)
    return "medium" if one.one_dark and seen and dark and one.n_rivals <= FEW_RIVALS else "low"


def _columns(scored: Sequence[Scored[Lead]]) -> dict[str, Any]:
    """Return the columns of the leads, in the order given, but for their reasons."""
    sides = [_sides(one) for one in scored]
    firsts = [min(unseen.meeting.start_us for unseen in one.lead.unseen) for one in scored]
    lasts = [max(unseen.meeting.end_us for unseen in one.lead.unseen) for one in scored]
    columns: dict[str, Any] = {
        "pair_id": [pair_id(a.vessel, _partner(one)) for (a, _), one in zip(sides, scored, strict=True)],
        "partner_kind": ["vessel" if one.lead.named else "unknown" for one in scored],
        "partner_id": [_partner(one) for one in scored],
        "rank": range(1, len(scored) + 1),
        "score": [logistic(one.log_odds) for one in scored],
        "log_odds": [one.log_odds for one in scored],
        "confidence": [dark_confidence(_at(one)) if one.lead.named else "low" for one in scored],
        "n_events": [one.lead.times for one in scored],
        "first_time": pa.array(firsts, pa.int64()).cast(TIME),
        "last_time": pa.array(lasts, pa.int64()).cast(TIME),
        "event_ids": [_ids(one.lead) for one in scored],
    }
    for name in ("vessel", "mmsi", "name"):
        columns[f"{name}_a"] = [getattr(a, name) for a, _ in sides]
        columns[f"{name}_b"] = [None if b is None else getattr(b, name) for _, b in sides]
    return columns


def _ids(lead: Lead) -> list[str]:
    """Return the events of a lead: of two vessels by time, of one vessel's stay by the rank of the candidate."""
    ids = [one.meeting.event_id for one in lead.unseen]
    return ids if lead.named else ids[:_MOST_IDS]
