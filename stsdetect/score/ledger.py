"""The ledger: likely volume by month and year against the cap on refined petroleum, counted once, never a verdict.

Whether anything passed is not known of any lead, and its score is a priority, not a probability. So two assumptions are
worked out beside each other: that all leads from a threshold on are real and all others are not, and that scores are
probabilities, which they are not unless a model was calibrated for such leads. Both also assume that all of it reached
the DPRK.

Oil is counted once:

- what several leads tell counts with the strongest: a silence or a stay hides one transfer, and the same two hulls,
  under whatever identities, do not meet twice at one time;
- oil that passed from hand to hand counts at the last step: a transfer to a hull that still gives after it has begun to
  take, or gives again within ``chains.max_days``, is passed on. Where that goes round, what is left out of the round
  is its weakest step. Times do not tell whose oil a hull gave: one that gives of its own stock while it takes some, as
  a bunker tanker that is filled up at work, makes the ledger count too little, and so does a possible meeting whose
  time is as wide as a silence.

Draws are whole numbers that hang on the transfer alone, so sums by lead, event or month agree exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stsdetect.reference.places import Port
from stsdetect.schema import EVENTS, LEDGER, PAIRS, TIME, TRANSFERS
from stsdetect.score.facts import Facts
from stsdetect.score.pair_volumes import Estimate, world_of
from stsdetect.score.transfers import Transfer, one_hull, read_transfers
from stsdetect.score.volume import Drawn, Wholes, cap_barrels, deadweight_t, factors, interval, real
from stsdetect.settings import Settings
from stsdetect.units import US_PER_S

Bools = npt.NDArray[np.bool_]

#: From this share of draws on draughts say who gave (our choice).
_CLEARLY_GAVE = 0.75
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Ledger:
    """What may have reached the DPRK.

    Attributes
    ----------
    months
        One row per UTC month and year, as in `stsdetect.schema.LEDGER`.
    transfers
        Every possible transfer once, counted or not and why, as in `stsdetect.schema.TRANSFERS`.
    assumptions
        What the figures assume, in sentences; they belong to every figure that is quoted.
    calibrated_share
        Share of the leads whose score is a probability that labels bear out (`likelihood` of `PAIRS`), 0..1.
    """

    months: pa.Table
    transfers: pa.Table
    assumptions: tuple[str, ...]
    calibrated_share: float = 0.0


@dataclass(eq=False)
class _Entry:
    """A transfer in the ledger, with its draws, who gave, and why it is not counted."""

    transfer: Transfer
    drawn: Drawn
    estimate: Estimate
    hulls: tuple[str, ...]
    giver: int | None
    #: Entries that count before it where they are real: stronger ones of the same oil.
    passed_to: list[_Entry] = field(default_factory=list)
    why_not: str | None = None

    @property
    def month(self) -> str:
        """UTC month of its end."""
        return datetime.fromtimestamp(self.transfer.end_us // 1_000_000, UTC).strftime("%Y-%m")


def ledger(
    events: pa.Table,
    pairs: pa.Table,
    vessels: pa.Table | None = None,
    *,
    settings: Settings | None = None,
    ports: Sequence[Port] | None = None,
    facts: Facts | None = None,
) -> Ledger:
    """Add up what leads may have brought, by month and year, against the cap of UN resolution 2397.

    Parameters
    ----------
    events, pairs, vessels
        `EVENTS`, `PAIRS` and `VESSELS` tables of one run (Arrow or pandas), in any order. Without ``vessels`` breadths
        of hulls are drawn.
    settings
        The groups ``volume``, ``chains`` (``max_days``) and ``port_calls`` are used.
    ports, facts
        The packaged ports and zones unless given.

    Returns
    -------
    Ledger
        By month, with every transfer and the assumptions. It does not depend on how events are grouped into leads.

    Raises
    ------
    SettingsError
        If a product in the settings is unknown.
    SchemaError
        If a table is not what it should be.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS, PAIRS
    >>> ledger(EVENTS.empty(), PAIRS.empty()).months.num_rows
    0
    """
    settings = settings or Settings()
    rule = settings.volume
    low, high = factors(rule)
    table, leads = EVENTS.conform(events, extra=True), PAIRS.conform(pairs, extra=True)
    world = world_of(vessels, settings=rule, calls=settings.port_calls, ports=ports, facts=facts)
    identities = one_hull(table)
    everything = [_entry(one, identities, settings) for one in read_transfers(table, leads, world)]
    once = _strongest([one for one in everything if not _too_large(one, rule.max_deadweight_t)], rule.apart_s)
    _pass_on(once, settings.chains.max_days)
    for one in once:
        if one.transfer.score < rule.min_score:
            one.why_not = f"its score is below {rule.min_score:g}"
        else:
            later = [other for other in one.passed_to if other.transfer.score >= rule.min_score]
            if later:
                one.why_not = f"the oil counts where it was passed on, in transfer {later[0].transfer.passing.key}"
    months = _months(once, settings) if once else LEDGER.empty()
    told = leads.num_rows - leads.column("likelihood").null_count
    share = told / leads.num_rows if told else 0.0
    return Ledger(months, _transfers(everything), _assumptions(settings, low, high, share), share)


def _entry(one: Transfer, identities: Mapping[str, str], settings: Settings) -> _Entry:
    estimate = Estimate.of([one], settings.volume)
    drawn = estimate.drawn[0]
    giver = 0 if one.partner_kind == "port" else None
    if len(one.hulls) == 2:
        if one.passing.told and not 1 - _CLEARLY_GAVE < drawn.first_gave < _CLEARLY_GAVE:
            giver = 0 if drawn.first_gave > 0.5 else 1
        elif one.dprk_side is not None:
            giver = 1 - one.dprk_side
        else:
            giver = one.big
    return _Entry(one, drawn, estimate, tuple(identities.get(hull, hull) for hull in one.hulls), giver)


def _too_large(entry: _Entry, most_t: float) -> bool:
    """Tell, and note, whether all hulls of a transfer are larger than those of published cases."""
    known = [deadweight_t(size) for size in entry.transfer.passing.sizes]
    if any(one is None or one <= most_t for one in known):
        return False
    entry.why_not = f"its hulls hold more than {most_t:,.0f} t each"
    return True


def _strongest(entries: Iterable[_Entry], apart_s: float) -> list[_Entry]:
    """Keep of transfers that cannot all be the strongest, and say of the others with which they are counted.

    Entries come strongest first.
    """
    apart_us = round(apart_s * US_PER_S)
    claimed: dict[str, str] = {}
    met: dict[tuple[str, ...], list[tuple[int, int, str]]] = {}
    kept = []
    for entry in entries:
        one = entry.transfer
        taken = next((claimed[part] for part in sorted(one.claims | {one.passing.key}) if part in claimed), None)
        times = met.setdefault(tuple(sorted(entry.hulls)), []) if len(entry.hulls) == 2 else []
        with_them = next(
            (lead for start, end, lead in times if start <= one.end_us + apart_us and one.start_us <= end + apart_us),
            None,
        )
        if taken is not None:
            entry.why_not = f"its silence, stay or event counts with lead {taken}"
        elif with_them is not None:
            entry.why_not = f"the same hulls at the same time count with lead {with_them}"
        else:
            kept.append(entry)
            claimed |= dict.fromkeys(one.claims | {one.passing.key}, one.pair_id)
            times.append((one.start_us, one.end_us, one.pair_id))
    return kept


def _pass_on(entries: Sequence[_Entry], max_days: float) -> None:
    """Note for each transfer those in which its taker gave later: the same oil, as far as can be known.

    Nothing goes round, or none of it would count. Steps in which the giver began only after it had begun to take never
    do. Of those in which it gave before, too, the strongest are taken first, and such as would close a round are not.
    """
    longest_us = round(max_days * _DAY_US)
    gives: dict[str, list[_Entry]] = {}
    for entry in entries:
        if entry.giver is not None and entry.giver < len(entry.hulls):
            gives.setdefault(entry.hulls[entry.giver], []).append(entry)
    overlapping: list[tuple[_Entry, _Entry]] = []
    for entry in entries:
        if entry.giver is None or len(entry.hulls) < 2:
            continue
        start, end = entry.transfer.start_us, entry.transfer.end_us
        for other in gives.get(entry.hulls[1 - entry.giver], ()):
            if start < other.transfer.start_us:
                if other.transfer.start_us - end <= longest_us:
                    entry.passed_to.append(other)
            elif start < other.transfer.end_us and other is not entry:
                overlapping.append((entry, other))
    _without_rounds(entries, sorted(overlapping, key=_strongest_step))
    for entry in entries:
        entry.passed_to.sort(key=_by_start)


def _by_start(entry: _Entry) -> tuple[int, str]:
    return entry.transfer.start_us, entry.transfer.passing.key


def _strongest_step(step: tuple[_Entry, _Entry]) -> tuple[float, str, str]:
    one, other = (entry.transfer for entry in step)
    return -min(one.score, other.score), one.passing.key, other.passing.key


def _without_rounds(entries: Sequence[_Entry], steps: Iterable[tuple[_Entry, _Entry]]) -> None:
    """Note further steps of what is passed on, each unless the ones before it lead back to where it starts.

    An order in which all steps lead forward is kept (as Pearce and Kelly 2007, J. Exp. Algorithmics 11, 1.7), so that
    only what lies between the two ends of a step in it, which is near in time, is searched.
    """
    order = sorted(entries, key=_by_start)
    place = {entry: number for number, entry in enumerate(order)}
    for one, other in steps:
        low, high = place[other], place[one]
        reached, todo = {other}, [other]
        while todo:
            further = {entry for entry in todo.pop().passed_to if place[entry] <= high} - reached
            reached |= further
            todo += further
        if one in reached:
            continue
        one.passed_to.append(other)
        if low < high:
            between = order[low : high + 1]
            order[low : high + 1] = sorted(between, key=reached.__contains__)
            place |= {entry: number for number, entry in enumerate(order[low : high + 1], low)}


def _months(entries: Sequence[_Entry], settings: Settings) -> pa.Table:
    """Return the rows of the ledger, each year after its months."""
    rule, cap = settings.volume, cap_barrels()
    happened = {id(one): real(one.transfer.passing.key, one.transfer.score, rule) for one in entries}
    names = sorted({one.month for one in entries})
    by_month: dict[str, list[_Entry]] = {name: [] for name in _between(names[0], names[-1])}
    for one in entries:
        by_month[one.month].append(one)
    rows: list[dict[str, Any]] = []
    none: Wholes = np.zeros(rule.draws, dtype=np.int64)
    year, weighted, of_year = none, none, list[_Entry]()
    for number, (name, own) in enumerate(by_month.items()):
        barrels, likely = none, none
        for one in own:
            barrels = barrels + (one.drawn.barrels if one.why_not is None else 0)
            passed = np.any([happened[id(other)] for other in one.passed_to], axis=0) if one.passed_to else False
            likely = likely + one.drawn.barrels * (happened[id(one)] & ~np.asarray(passed))
        year, weighted, of_year = year + barrels, weighted + likely, of_year + own
        rows.append(_row(name, own, (year, weighted), settings, cap))
        if name.endswith("-12") or number == len(by_month) - 1:
            rows.append(_row(name[:4], of_year, (year, weighted), settings, cap))
            year, weighted, of_year = none, none, []
    return LEDGER.table({name: [row[name] for row in rows] for name in LEDGER.names})


def _row(
    period: str, own: Sequence[_Entry], sums: tuple[Wholes, Wholes], settings: Settings, cap: int
) -> dict[str, Any]:
    rule = settings.volume
    counted = [one for one in own if one.why_not is None]
    dprk = [one for one in counted if one.transfer.dprk]
    none: Wholes = np.zeros(rule.draws, dtype=np.int64)
    totals: dict[str, Wholes] = {
        "tonnes": sum((one.drawn.tonnes for one in counted), none),
        "barrels": sum((one.drawn.barrels for one in counted), none),
        "year": sums[0],
        "weighted": sums[1],
    }
    row: dict[str, Any] = {"period": period, "n_transfers": len(counted), "n_dprk": len(dprk), "n_leads": len(own)}
    for name, draws in totals.items():
        ends = interval(draws, rule.interval)
        row |= {f"{name}_{which}": value for which, value in zip(("low", "mid", "high"), ends, strict=True)}
    row["barrels_dprk_mid"] = interval(sum((one.drawn.barrels for one in dprk), none), rule.interval)[1]
    row |= {"cap": cap, "p_passed": float(np.mean(sums[0] > cap)), "p_passed_weighted": float(np.mean(sums[1] > cap))}
    return row


def _between(first: str, last: str) -> list[str]:
    """Return all months from the first to the last.

    >>> _between("2023-11", "2024-02")
    ['2023-11', '2023-12', '2024-01', '2024-02']
    """
    start, end = (int(name[:4]) * 12 + int(name[5:]) - 1 for name in (first, last))
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(start, end + 1)]


def _transfers(entries: Sequence[_Entry]) -> pa.Table:
    """Return all transfers, those counted first, by time."""
    order = sorted(entries, key=lambda one: (one.why_not is not None, one.transfer.start_us, *one.transfer.order))
    some = [one.transfer for one in order]
    columns: dict[str, Any] = {
        "transfer_id": [one.passing.key for one in some],
        "pair_id": [one.pair_id for one in some],
        "partner_kind": [one.partner_kind for one in some],
        "vessel_a": [one.hulls[0] for one in some],
        "vessel_b": [one.hulls[1] if len(one.hulls) > 1 else None for one in some],
        "event_ids": [list(one.event_ids) for one in some],
        "observed": [one.observed for one in some],
        "start_time": pa.array([one.start_us for one in some], pa.int64()).cast(TIME),
        "end_time": pa.array([one.end_us for one in some], pa.int64()).cast(TIME),
        "score": [one.score for one in some],
        "giver": [None if one.giver is None else "ab"[one.giver] for one in order],
        "dprk": [one.dprk for one in some],
        "counted": [one.why_not is None for one in order],
        "why_not": [one.why_not for one in order],
    }
    rows = [one.estimate.row() for one in order]
    columns |= {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return TRANSFERS.table(columns) if order else TRANSFERS.empty()


def weighted_is(share: float) -> str:
    """Say what the weighted figures take scores for, where of a share of leads they are calibrated probabilities.

    >>> weighted_is(0.0)
    'as if scores were probabilities, which they are not'
    """
    if share == 0.0:
        return "as if scores were probabilities, which they are not"
    if share == 1.0:
        return "with scores as probabilities, which labels of such leads bear out"
    return f"with scores as probabilities, which labels bear out for {share:.0%} of the leads; others are priorities"


def _assumptions(settings: Settings, low: float, high: float, calibrated: float) -> tuple[str, ...]:
    rule = settings.volume
    products = "" if low == high else f" to {high:g}"
    return (
        f"The first figures hold if all leads with a score of {rule.min_score:g} or more are real, and no others."
        + ("" if calibrated else " A score is a priority, not a probability."),
        f"The weighted figures are {weighted_is(calibrated)}: many weak leads add up to much.",
        "All of it is taken to have reached the DPRK as refined petroleum; figures with a link to the DPRK "
        "(a hull of its flag, its ports or its waters) stand apart. Transfers between hulls that both hold more than "
        f"{rule.max_deadweight_t:,.0f} t are left out.",
        f"Oil passed on within {settings.chains.max_days:g} days counts once, at the last step; one silence or stay "
        "hides one transfer.",
        f"A tonne is {low:g}{products} barrels ({', '.join(rule.products)}). Low and high hold {rule.interval:.0%} of "
        f"{rule.draws:,} draws (seed {rule.seed}).",
        "What was never heard, is outside the data or is told by states to the UN is not in it. It is no finding that "
        "the cap was passed.",
    )
