"""Match events and leads of a run with what was planted in the month it ran over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

import pyarrow as pa

from stsdetect.score.truth import Aliases, Row, aliases, happened, hulls, is_lead, meanwhile, vessels
from stsdetect.simulate import Planted
from tests.evaluate.twin import feasible

#: A silence is inside an outage when so many of its missing reports are missing for it; the others are at its ends.
INSIDE = 0.9
WEEK_S = 7 * 86400.0
_NEEDED = (
    "event_id", "kind", "subtype", "mmsi_a", "mmsi_b", "start_time", "end_time", "lat_deg", "lon_deg", "coverage",
    "candidate_rank", "n_rivals",
)  # fmt: skip
_RENDEZVOUS = ("dark_rendezvous", "encounter")

#: So many of the strongest false leads are kept, with these columns.
_SHOWN = 100
_OF_LEADS = ("partner_kind", "mmsi_a", "mmsi_b", "partner_id", "log_odds", "n_events", "first_time", "last_time")


@dataclass
class Found:
    """What was made of one planted transfer (or identity).

    ``event``: something was detected that involves one of its vessels at that time. ``named``: the right partner, or
    port, is named. ``best_rank`` and ``rivals``: of the row that names it, and of the stay. ``lead_rank``: place of
    the best true lead. ``cut``: how many false leads stand above that. ``feasible``: a brute-force twin finds room.
    """

    seed: int
    planted: Planted
    event: bool = False
    named: bool = False
    best_rank: int | None = None
    rivals: int | None = None
    lead_rank: int | None = None
    lead_kind: str = ""
    false_above: int | None = None
    false_above_of_kind: int | None = None
    feasible: bool | None = None


@dataclass
class Verdict:
    """What was made of one month."""

    seed: int
    weeks: float
    found: list[Found] = field(default_factory=list)
    false_leads: dict[str, int] = field(default_factory=dict)
    true_leads: dict[str, int] = field(default_factory=dict)
    strongest_false: list[Row] = field(default_factory=list)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)
    outages_called_dark: int = 0
    mostly_outages_called_dark: int = 0
    identities: dict[str, tuple[int, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def judge(
    seed: int, truth: Iterable[Planted], silences: pa.Table, events: pa.Table, pairs: pa.Table, span_s: float
) -> Verdict:
    """Judge the events and pairs of one month."""
    rows = events.select([name for name in _NEEDED if name in events.column_names]).to_pylist()
    verdict = Verdict(seed, span_s / WEEK_S)
    told = list(truth)
    alias = aliases(told)
    by_vessel: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] in ("gap", "loitering"):
            continue
        for side in ("mmsi_a", "mmsi_b"):
            if row[side] is not None:
                by_vessel[row[side]].append(row)
    verdict.found = [_found(seed, one, by_vessel, alias, silences) for one in told]
    _lead_up(verdict, pairs.to_pylist(), {row["event_id"]: row for row in rows}, alias)
    _judge_gaps(verdict, rows, silences)
    verdict.identities = _identities(told, rows)
    verdict.counts = {
        "events": len(rows), "pairs": pairs.num_rows, "true silences": silences.num_rows,
        **{f"{kind} events": n for kind, n in sorted(Counter(row["kind"] for row in rows).items())},
    }  # fmt: skip
    return verdict


def _found(seed: int, one: Planted, by_vessel: dict[int, list[Row]], alias: Aliases, silences: pa.Table) -> Found:
    found = Found(seed, one)
    own = vessels(one)
    near = [row for mmsi in sorted(own) for row in by_vessel[mmsi]]
    if one.kind == "identity":
        # A hand-over is told from the last message of one name to the first of the other, or from the whole of both.
        hits = [row for row in near if row["kind"] == "identity" and {row["mmsi_a"], row["mmsi_b"]} == own]
        found.event = found.named = bool(hits)
        return found
    if one.kind == "port_call":
        hits = [row for row in near if row["kind"] == "port_call" and meanwhile(row, one)]
        found.event, found.named = bool(hits), any(happened(row, one) for row in hits)
        return found
    hits = [row for row in near if row["kind"] in _RENDEZVOUS and happened(row, one)]
    found.event = bool(hits)
    crew = hulls(own, alias)
    right = [row for row in hits if hulls((row["mmsi_a"], row["mmsi_b"]), alias) == crew]
    found.named = bool(right)
    ranks = [row.get("candidate_rank") for row in right if row.get("candidate_rank") is not None]
    found.best_rank = min(ranks, default=None)
    rivals = [row["n_rivals"] for row in (right or hits) if row.get("n_rivals") is not None]
    found.rivals = max(rivals, default=None)
    if "both silent" in one.note:
        found.feasible = feasible(one, silences)
    return found


def _lead_up(verdict: Verdict, pairs: list[Row], events: dict[str, Row], alias: Aliases) -> None:
    """Go down the leads, the strongest first, and note how many false ones stand above each true one."""
    false: Counter[str] = Counter()
    true: Counter[str] = Counter()
    order = sorted(pairs, key=lambda row: (-row["log_odds"], row["rank"]))
    moved = [one for one in verdict.found if one.planted.is_transfer]
    for place, row in enumerate(order, 1):
        kind = row["partner_kind"]
        hits = [one for one in moved if is_lead(row, one.planted, events, alias)]
        for one in hits:
            if one.lead_rank is None:
                one.lead_rank, one.lead_kind = place, kind
                one.false_above, one.false_above_of_kind = false.total(), false[kind]
        (true if hits else false)[kind] += 1
        if not hits and len(verdict.strongest_false) < _SHOWN:
            verdict.strongest_false.append({"place": place, **{name: row[name] for name in _OF_LEADS}})
    verdict.false_leads, verdict.true_leads = dict(sorted(false.items())), dict(sorted(true.items()))


def _judge_gaps(verdict: Verdict, rows: list[Row], silences: pa.Table) -> None:
    """Count gaps by what they were judged and why they truly were."""
    true: dict[int, list[Row]] = defaultdict(list)
    for row in silences.to_pylist():
        true[row["mmsi"]].append(row)
    for row in rows:
        if row["kind"] != "gap":
            continue
        called = row.get("coverage") or "not judged"
        told = max(true[row["mmsi_a"]], key=lambda one, row=row: _shared_s(one, row), default=None)
        if told is None or _shared_s(told, row) <= 0:
            verdict.gaps[called, "no silence"] += 1
            continue
        verdict.gaps[called, told["reason"]] += 1
        if called == "dark" and told["reason"] == "outage":
            missed = sum(told[name] or 0 for name in told if name.startswith("n_"))
            inside = told["n_outage"] >= INSIDE * missed
            verdict.outages_called_dark += inside
            verdict.mostly_outages_called_dark += not inside


def _identities(truth: list[Planted], rows: list[Row]) -> dict[str, tuple[int, int]]:
    """Return for each test of identities how many events are of hulls with two names, and how many of others."""
    named = [vessels(one) for one in truth if one.kind == "identity"]
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row["kind"] == "identity":
            own = {row["mmsi_a"], row["mmsi_b"]} - {None}
            counts[row["subtype"]][not any(own <= both for both in named)] += 1
    return {name: (true, false) for name, (true, false) in sorted(counts.items())}


def _shared_s(one: Row, row: Row) -> float:
    end: datetime = min(one["end"], row["end_time"])
    return (end - max(one["start"], row["start_time"])).total_seconds()


@dataclass(frozen=True)
class Line:
    """What is said of one family; shares are None where nothing of the kind was planted."""

    family: str
    planted: int
    event_recall: float
    named_recall: float
    lead_recall: float | None
    ceiling_recall: float | None
    ceiling_recall_by_kind: float | None
    of_feasible: float | None
    of_feasible_ceiling: float | None
    rivals_median: float | None
    first_three: float | None


def lines(verdicts: list[Verdict], ceiling: float) -> list[Line]:
    """Sum up by family; ``ceiling`` is the number of false leads a week that are looked at."""
    weeks = {verdict.seed: verdict.weeks for verdict in verdicts}
    groups: dict[str, list[Found]] = defaultdict(list)
    for verdict in verdicts:
        for one in verdict.found:
            name = one.planted.family
            groups[f"{name} ({'identity' if one.planted.kind == 'identity' else 'transfer'})"
                   if name == "hand_over" else name].append(one)  # fmt: skip
    return [_line(name, group, weeks, ceiling) for name, group in sorted(groups.items())]


def _line(name: str, group: list[Found], weeks: dict[int, float], ceiling: float) -> Line:
    def under(one: Found, above: int | None) -> bool:
        return above is not None and above <= ceiling * weeks[one.seed]

    def share(hits: Iterable[bool]) -> float:
        marks = list(hits)
        return sum(marks) / len(marks) if marks else 0.0

    moved = [one for one in group if one.planted.is_transfer]
    possible = [one for one in group if one.feasible]
    rivals = [one.rivals for one in group if one.rivals is not None]
    ranked = [one for one in group if one.event and one.planted.kind == "dark_rendezvous"]
    return Line(
        name,
        len(group),
        share(one.event for one in group),
        share(one.named for one in group),
        share(one.lead_rank is not None for one in moved) if moved else None,
        share(under(one, one.false_above) for one in moved) if moved else None,
        share(under(one, one.false_above_of_kind) for one in moved) if moved else None,
        share(one.named for one in possible) if possible else None,
        share(under(one, one.false_above) for one in possible) if possible else None,
        float(median(rivals)) if rivals else None,
        share(one.best_rank is not None and one.best_rank <= 3 for one in ranked) if ranked else None,
    )


def whole_chains(verdicts: list[Verdict]) -> tuple[int, int]:
    """Return in how many planted chains every link has a lead, and how many were planted."""
    cases: dict[tuple[int, str], list[bool]] = defaultdict(list)
    for verdict in verdicts:
        for one in verdict.found:
            if one.planted.family == "chain":
                cases[verdict.seed, one.planted.case].append(one.lead_rank is not None)
    return sum(all(links) for links in cases.values()), len(cases)


def span_of(truth: Iterable[Planted], start: datetime, days: int) -> float:
    """Return the length of a month [s]; all that was planted ends inside it."""
    end = start + timedelta(days=days)
    assert all(one.start < end for one in truth)
    return days * 86400.0
