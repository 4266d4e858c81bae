"""Score every pair of vessels that met, and rank them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

import pyarrow as pa

from stsdetect.errors import SettingsError, did_you_mean
from stsdetect.schema import BERTHS, PAIRS, TIME
from stsdetect.score.around import NOTHING_AROUND, read_around
from stsdetect.score.evidence import Evidence
from stsdetect.score.facts import Facts, packaged_facts
from stsdetect.score.indicators_against import AGAINST
from stsdetect.score.indicators_around import AROUND
from stsdetect.score.indicators_dark import ALSO_UNSEEN, DARK_ONLY
from stsdetect.score.indicators_delivery import DELIVERY_ONLY
from stsdetect.score.indicators_for import FOR
from stsdetect.score.indicators_identity import IDENTITY
from stsdetect.score.indicators_known import KNOWN
from stsdetect.score.indicators_parties import PARTIES
from stsdetect.score.indicators_watch import WATCH_LIST
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.listed import Listed
from stsdetect.score.meetings import Meeting, Side
from stsdetect.score.reasons import logistic, pair_id, rank
from stsdetect.score.registry import OUR_WEIGHT, Case, Finding, Indicator, SharedBerths
from stsdetect.score.traffic import Traffic
from stsdetect.score.unseen import Unseen, occasions, unseen_of
from stsdetect.score.weighing import Scored, Weighing
from stsdetect.settings import ScoreSettings

__all__ = ["INDICATORS", "check_weights", "confidence", "effective_weights", "indicator_rows", "rank", "rank_pairs"]


def _base(case: Case) -> Finding:
    """Every pair starts as unlikely as most meetings are."""
    return Finding(None, 1.0, "Every pair starts here: most close meetings of vessels are ordinary")


BASE = Indicator(
    "base", "Starting point", "", "base", -3.3,
    "always known",
    f"about one meeting in thirty before anything is known; {OUR_WEIGHT}",
    "Every pair starts here: most close meetings of vessels are ordinary",
    _base,
)  # fmt: skip

#: All indicators in the order in which their weights are summed; the base term first.
INDICATORS: tuple[Indicator, ...] = (
    BASE, *FOR, *AROUND, *PARTIES, *IDENTITY, WATCH_LIST, *AGAINST, ALSO_UNSEEN, KNOWN,
)  # fmt: skip

#: Every indicator there is, of whatever kind of lead; their names differ.
EVERY_INDICATOR: tuple[Indicator, ...] = (*INDICATORS, *DARK_ONLY, *DELIVERY_ONLY)

#: The meetings of a pair, in order.
_Meetings: TypeAlias = tuple[Meeting, ...]


def rank_pairs(
    events: pa.Table | Evidence,
    *,
    settings: ScoreSettings = ScoreSettings(),
    settings_id: str = "",
    facts: Facts | None = None,
    berths: pa.Table | None = None,
    watch_hits: pa.Table | None = None,
    known: Known = NOTHING_KNOWN,
    vessels: pa.Table | None = None,
    segments: pa.Table | None = None,
) -> pa.Table:
    """Rank the pairs of vessels that met, strongest lead first, each with its reasons.

    A pair with several encounters is measured at the one with the highest log-odds; indicators that look at
    several meetings are added then. The result does not depend on the order of the rows.

    Parameters
    ----------
    events
        An `EVENTS` table (Arrow or pandas), or what `Evidence` read of one: its encounters make the pairs, its gaps and
        identity events are evidence around them.
    settings
        What is looked for, and changed weights by indicator name; 0 switches an indicator off, the sign must stay.
    settings_id
        Digest of all settings, written to every row.
    facts
        Zones and flags; the packaged ones unless given.
    berths
        A `BERTHS` table: harbours that both vessels of a pair lay in count against it. None counts nothing.
    watch_hits
        A `WATCH_HITS` table: vessels that are on watch-lists, or may be.
    vessels
        A `VESSELS` table: destinations that were declared, of which None counts nothing, and when each vessel was heard
        first and last.
    segments
        A `SEGMENTS` table: when each vessel was heard first and last with a place. Who was not seen to come or to sail
        is only told from who did with these two tables.
    known
        Pairs and vessels that the user knows to be innocent, with the hulls of the run found (`Known.among`).

    Returns
    -------
    A `PAIRS` table; ``score`` is the logistic of ``log_odds``, a priority and not a probability.

    Raises
    ------
    SettingsError
        If a weight, of the profile or the user, has an unknown name or the wrong sign.
    SchemaError
        If ``events`` is not an `EVENTS` table, ``berths`` not a `BERTHS` table, or an encounter lacks its second
        vessel.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS
    >>> rank_pairs(EVENTS.empty()).num_rows
    0
    """
    check_weights(settings)
    read = Evidence.of(events)
    meetings = read.meetings
    if not meetings:
        return PAIRS.empty()
    traffic = Traffic(meetings, read.silences, read.oddities, imos_heard=read.imos_heard)
    reference = packaged_facts() if facts is None else facts
    crews = {side.vessel for meeting in meetings for side in (meeting.a, meeting.b)}
    shared = None if berths is None else SharedBerths(BERTHS.conform(berths, extra=True), crews)
    harbours = reference.harbours
    around = NOTHING_AROUND if harbours is None else read_around(read.table, crews, harbours, vessels, segments)
    unseen, listed = unseen_of(read.unseen, meetings), Listed.of(watch_hits)
    pairs: dict[tuple[str, str], list[Case]] = {}
    for meeting in meetings:
        hulls = meeting.a.vessel, meeting.b.vessel
        case = Case(
            meeting, traffic, reference, shared, occasions(unseen.get(hulls, ())), listed, settings, known, around
        )
        pairs.setdefault(hulls, []).append(case)
    weighing = Weighing[Case](INDICATORS, settings)
    scored = [
        weighing.score(tuple(case.meeting for case in cases), cases, _order, partial(_say_which, len(cases)))
        for cases in pairs.values()
    ]
    scored.sort(key=_rank_key)
    columns = _columns(scored, unseen)
    columns["settings_id"] = [settings_id] * len(scored)
    columns["reasons"] = weighing.reasons(scored)
    return PAIRS.table(columns)


def effective_weights(changes: Mapping[str, float], settings: ScoreSettings = ScoreSettings()) -> dict[str, float]:
    """Return the weight of every indicator: of the profile of ``settings``, with changes in place of its own.

    Raises
    ------
    SettingsError
        If a name is unknown (the nearest are offered) or a sign is turned round.
    """
    check_weights(settings.model_copy(update={"weights": dict(changes)}))
    in_force = {**settings.profile_weights, **changes}
    return {one.name: float(in_force.get(one.name, one.weight)) for one in EVERY_INDICATOR}


def check_weights(settings: ScoreSettings) -> None:
    """Refuse weights and groups that cannot be, of a profile or of the user.

    Raises
    ------
    SettingsError
        If a name is unknown (the nearest are offered) or a sign is turned round.
    """
    directions = {indicator.name: indicator.direction for indicator in EVERY_INDICATOR}
    of_profile = f"profile {settings.profile}: weights"
    for where, changes in ((of_profile, settings.profile_weights), ("score.weights", settings.weights)):
        for name, weight in changes.items():
            _known(where, name, directions)
            if not math.isfinite(weight):
                raise SettingsError(f"{where}.{name} is {weight}: give a finite number")
            direction = directions[name]
            if direction == "against" and weight > 0:
                raise SettingsError(f"{where}.{name} is {weight}: it counts against, so give zero or less")
            if direction in ("for", "both") and weight < 0:
                raise SettingsError(f"{where}.{name} is {weight}: it counts for, so give zero or more")
    for name in settings.groups:
        _known(f"profile {settings.profile}: groups", name, directions)


def _known(where: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        hint = did_you_mean(name, names) or " See `stsdetect about indicators`."
        raise SettingsError(f"{where}: there is no indicator '{name}'.{hint}")


def indicator_rows(settings: ScoreSettings = ScoreSettings()) -> list[dict[str, Any]]:
    """List every indicator in the order of summation, for help texts and the page.

    Parameters
    ----------
    settings
        Weights and groups are those in force with it: of its profile, with the user's changes.

    Examples
    --------
    >>> indicator_rows()[0]["name"]
    'base'
    """
    in_force = effective_weights(settings.weights, settings)
    fields = ("name", "title", "definition", "unit", "direction", "weight", "group", "missing", "example", "source")
    rows = [{field: getattr(indicator, field) for field in fields} for indicator in EVERY_INDICATOR]
    for row in rows:
        row["weight"] = in_force[row["name"]]
        row["group"] = settings.groups.get(row["name"], row["group"])
    return rows


def _order(case: Case) -> tuple[int, str, int]:
    return case.meeting.order


def _say_which(count: int, case: Case, finding: Finding) -> Finding:
    start = datetime.fromtimestamp(case.meeting.start_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
    which = f"this pair met {count} times, and what follows is measured at the meeting of {start} UTC"
    return finding._replace(text=f"{finding.text}; {which}")


def _rank_key(pair: Scored[_Meetings]) -> tuple[float, int, str, str]:
    first = pair.lead[0]
    return -pair.log_odds, first.start_us, first.a.vessel, first.b.vessel


def confidence(meeting: Meeting) -> str:
    """Say how well a meeting was observed: high, medium or low.

    High needs four fifths of its minutes observed, ten fixes of both vessels and hulls placed within 100 m.
    Low is a meeting mostly inferred, or with fewer than three fixes of a vessel (our judgement).
    """
    minutes = meeting.observed_min + meeting.inferred_min
    observed = meeting.observed_min / minutes if minutes > 0 else 0.0
    fixes = min(side.n_positions or 0 for side in (meeting.a, meeting.b))
    low, high = meeting.hull_gap_min_m, meeting.hull_gap_max_m
    width = math.inf if low is None or high is None else high - low
    if observed < 0.3 or fixes < 3:
        return "low"
    return "high" if observed >= 0.8 and fixes >= 10 and width <= 100.0 else "medium"


def _columns(scored: Sequence[Scored[_Meetings]], unseen: Mapping[tuple[str, str], list[Unseen]]) -> dict[str, Any]:
    """Return the columns of the pairs, in the order given, but for their reasons."""
    firsts = [pair.lead[0] for pair in scored]
    everything = [
        (*pair.lead, *(one.meeting for one in unseen.get((first.a.vessel, first.b.vessel), ())))
        for pair, first in zip(scored, firsts, strict=True)
    ]
    columns: dict[str, Any] = {
        "pair_id": [pair_id(m.a.vessel, m.b.vessel) for m in firsts],
        "vessel_a": [m.a.vessel for m in firsts],
        "vessel_b": [m.b.vessel for m in firsts],
        "partner_kind": ["vessel"] * len(scored),
        "partner_id": [m.b.vessel for m in firsts],
        "rank": range(1, len(scored) + 1),
        "score": [logistic(pair.log_odds) for pair in scored],
        "log_odds": [pair.log_odds for pair in scored],
        "confidence": [confidence(pair.lead[pair.best]) for pair in scored],
        "n_events": [len(pair.lead) for pair in scored],
        "first_time": pa.array([min(m.start_us for m in own) for own in everything], pa.int64()).cast(TIME),
        "last_time": pa.array([max(m.end_us for m in own) for own in everything], pa.int64()).cast(TIME),
        "event_ids": [[m.event_id for m in own] for own in everything],
    }
    # What a vessel broadcast comes before what others call it in events that were not observed here.
    known = [sorted(pair.lead, key=lambda m: m.observed_min + m.inferred_min <= 0) for pair in scored]
    for name in ("mmsi", "name"):
        columns[f"{name}_a"] = [_first_known([m.a for m in meetings], name) for meetings in known]
        columns[f"{name}_b"] = [_first_known([m.b for m in meetings], name) for meetings in known]
    return columns


def _first_known(sides: list[Side], name: str) -> Any:
    for side in sides:
        value = getattr(side, name)
        if value is not None:
            return value
    return None
