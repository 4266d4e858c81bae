"""Score every pair of vessels that met, and rank them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from stsdetect.errors import SettingsError, did_you_mean
from stsdetect.schema import EVENTS, PAIRS, TIME
from stsdetect.score.facts import Facts, packaged_facts
from stsdetect.score.indicators_against import AGAINST
from stsdetect.score.indicators_for import FOR
from stsdetect.score.indicators_identity import IDENTITY
from stsdetect.score.meetings import Meeting, Side, read_meetings, read_silences
from stsdetect.score.registry import OUR_WEIGHT, Case, Finding, Indicator, signed
from stsdetect.score.traffic import Traffic
from stsdetect.settings import ScoreSettings


def _base(case: Case) -> Finding:
    return Finding(None, 1.0, "Every pair starts here: most close meetings of vessels are ordinary")


BASE = Indicator(
    "base", "Starting point", "", "base", -3.0,
    "always known",
    f"about one meeting in twenty before anything is known; {OUR_WEIGHT}",
    "Every pair starts here: most close meetings of vessels are ordinary",
    _base,
)  # fmt: skip

#: All indicators in the order in which their weights are summed; the base term first.
INDICATORS: tuple[Indicator, ...] = (BASE, *FOR, *IDENTITY, *AGAINST)

#: Weights are rounded to this many decimals before they are summed, so that what is shown is what counts.
_DECIMALS = 4

Reason = dict[str, Any]


@dataclass(frozen=True)
class _Scored:
    """One pair measured at its strongest meeting."""

    meetings: tuple[Meeting, ...]
    strongest: Meeting
    reasons: list[Reason]
    log_odds: float


def rank_pairs(
    events: pa.Table,
    *,
    settings: ScoreSettings = ScoreSettings(),
    settings_id: str = "",
    facts: Facts | None = None,
) -> pa.Table:
    """Rank the pairs of vessels that met, strongest lead first, each with its reasons.

    A pair with several encounters is measured at the one with the highest log-odds; indicators that look at
    several meetings are added then. The result does not depend on the order of the rows.

    Parameters
    ----------
    events
        An `EVENTS` table (Arrow or pandas): its encounters make the pairs, its gaps are evidence around them.
    settings
        Changed weights by indicator name; 0 switches an indicator off, the sign must stay.
    settings_id
        Digest of all settings, written to every row.
    facts
        Zones and flags; the packaged ones unless given.

    Returns
    -------
    A `PAIRS` table; ``score`` is the logistic of ``log_odds``, a priority and not a probability.

    Raises
    ------
    SettingsError
        If a weight has an unknown name, or the wrong sign.
    SchemaError
        If ``events`` is not an `EVENTS` table, or an encounter lacks its second vessel.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS
    >>> rank_pairs(EVENTS.empty()).num_rows
    0
    """
    weights = effective_weights(settings.weights)
    table = EVENTS.conform(events, extra=True)
    meetings = read_meetings(table)
    if not meetings:
        return PAIRS.empty()
    traffic = Traffic(meetings, read_silences(table))
    known = packaged_facts() if facts is None else facts
    pairs: dict[tuple[str, str], list[Case]] = {}
    for meeting in meetings:
        case = Case(meeting, traffic, known)
        pairs.setdefault((meeting.a.vessel, meeting.b.vessel), []).append(case)
    scored = [_score(cases, weights) for cases in pairs.values()]
    scored.sort(key=_rank_key)
    rows = [_row(pair, rank, settings_id) for rank, pair in enumerate(scored, start=1)]
    columns = {name: [row[name] for row in rows] for name in PAIRS.names}
    for name in ("first_time", "last_time"):
        columns[name] = pa.array(columns[name], pa.int64()).cast(TIME)
    return PAIRS.table({c.name: _array(columns[c.name], c.type) for c in PAIRS})


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def effective_weights(changes: Mapping[str, float]) -> dict[str, float]:
    """Return the weight of every indicator, with the user's changes.

    Raises
    ------
    SettingsError
        If a name is unknown (the nearest are offered) or a sign is turned round.
    """
    weights = {indicator.name: indicator.weight for indicator in INDICATORS}
    directions = {indicator.name: indicator.direction for indicator in INDICATORS}
    for name, weight in changes.items():
        if name not in weights:
            hint = did_you_mean(name, weights) or " See `stsdetect about settings`."
            raise SettingsError(f"score.weights: there is no indicator '{name}'.{hint}")
        if not math.isfinite(weight):
            raise SettingsError(f"score.weights.{name} is {weight}: give a finite number")
        direction = directions[name]
        if direction == "against" and weight > 0:
            raise SettingsError(f"score.weights.{name} is {weight}: it counts against, so give zero or less")
        if direction in ("for", "both") and weight < 0:
            raise SettingsError(f"score.weights.{name} is {weight}: it counts for, so give zero or more")
        weights[name] = float(weight)
    return weights


def indicator_rows() -> list[dict[str, Any]]:
    """List every indicator in the order of summation, for help texts and the page.

    Examples
    --------
    >>> indicator_rows()[0]["name"]
    'base'
    """
    fields = ("name", "title", "unit", "direction", "weight", "missing", "example", "source")
    return [{field: getattr(indicator, field) for field in fields} for indicator in INDICATORS]


def _score(cases: list[Case], weights: Mapping[str, float]) -> _Scored:
    measured = [(case, _measure(case, weights, per_pair=False)) for case in cases]
    totals = [_total(findings) for _, findings in measured]
    best = min(range(len(cases)), key=lambda i: (-totals[i], cases[i].meeting.order))
    case, findings = measured[best]
    findings |= _measure(case, weights, per_pair=True)
    if len(cases) > 1:
        findings["base"] = _say_which(findings["base"], case.meeting, len(cases))
    ordered = {i.name: findings[i.name] for i in INDICATORS if i.name in findings}
    reasons = [_reason(indicator, ordered[indicator.name]) for indicator in INDICATORS if indicator.name in ordered]
    return _Scored(tuple(c.meeting for c in cases), case.meeting, reasons, _total(ordered))


def _measure(case: Case, weights: Mapping[str, float], *, per_pair: bool) -> dict[str, tuple[Finding, float]]:
    findings = {}
    for indicator in INDICATORS:
        if indicator.per_pair != per_pair:
            continue
        finding = indicator.measure(case)
        if finding is not None:
            # + 0.0 turns -0.0 into 0.0, so that equal weights are equal bytes.
            findings[indicator.name] = (finding, round(finding.share * weights[indicator.name], _DECIMALS) + 0.0)
    return findings


def _total(findings: Mapping[str, tuple[Finding, float]]) -> float:
    return math.fsum(weight for _, weight in findings.values())


def _say_which(entry: tuple[Finding, float], meeting: Meeting, count: int) -> tuple[Finding, float]:
    finding, weight = entry
    start = datetime.fromtimestamp(meeting.start_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
    text = f"{finding.text}; this pair met {count} times, and what follows is measured at the meeting of {start} UTC"
    return Finding(finding.value, finding.share, text), weight


def _reason(indicator: Indicator, entry: tuple[Finding, float]) -> Reason:
    finding, weight = entry
    return {
        "indicator": indicator.name,
        "value": finding.value,
        "weight": weight,
        "sentence": f"{finding.text} ({signed(weight)}).",
        "source": indicator.source,
    }


def _rank_key(pair: _Scored) -> tuple[float, int, str, str]:
    return -pair.log_odds, pair.meetings[0].start_us, pair.strongest.a.vessel, pair.strongest.b.vessel


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


def _row(pair: _Scored, rank: int, settings_id: str) -> dict[str, Any]:
    first = pair.meetings[0]
    a, b = first.a, first.b
    ids = json.dumps(["pair", a.vessel, b.vessel])
    return {
        "pair_id": hashlib.sha256(ids.encode()).hexdigest()[:16],
        "vessel_a": a.vessel,
        "vessel_b": b.vessel,
        "mmsi_a": _first_known([m.a for m in pair.meetings], "mmsi"),
        "mmsi_b": _first_known([m.b for m in pair.meetings], "mmsi"),
        "name_a": _first_known([m.a for m in pair.meetings], "name"),
        "name_b": _first_known([m.b for m in pair.meetings], "name"),
        "partner_kind": "vessel",
        "partner_id": b.vessel,
        "rank": rank,
        "score": _logistic(pair.log_odds),
        "log_odds": pair.log_odds,
        "confidence": confidence(pair.strongest),
        "n_events": len(pair.meetings),
        "first_time": first.start_us,
        "last_time": max(m.end_us for m in pair.meetings),
        "event_ids": [m.event_id for m in pair.meetings],
        "reasons": pair.reasons,
        "settings_id": settings_id,
    }


def _first_known(sides: list[Side], name: str) -> Any:
    return next((getattr(side, name) for side in sides if getattr(side, name) is not None), None)


def _logistic(x: float) -> float:
    # Two forms, so that the exponential never overflows.
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))
