"""How good the leads of an earlier run are, from its folder and what is known to be true."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import InputError, UsageError
from stsdetect.pipeline.earlier import read_run, read_table, refuse_mixed, settings_of
from stsdetect.pipeline.manifest import file_hash
from stsdetect.pipeline.output import RUN_FILE, held
from stsdetect.readers import read
from stsdetect.schema import EVENTS, PAIRS
from stsdetect.score.comparison import Comparison, Raised, compare, raised
from stsdetect.score.evaluation import LEAST_DRAWN, Bin, By, Interval, Ints, Judged, Line, evaluate, reliability
from stsdetect.score.judged import judge_labels
from stsdetect.score.labels import read_labels
from stsdetect.score.published import Positions, alerts
from stsdetect.score.truth import judge_truth, sought, vessels
from stsdetect.simulate import Planted, read_truth
from stsdetect.tracks import build_tracks

_WEEK_S = 7 * 86_400.0


@dataclass(frozen=True)
class Evaluation:
    """What is said of one run.

    Attributes
    ----------
    judged
        Its leads against what there was to find.
    lines
        Figures for all, and for each family.
    reliability
        Only where scores are calibrated probabilities; None for priority scores.
    comparisons
        Published rules on the same positions; empty where none were asked for.
    k, per_week, by
        What the figures were made with; of verdicts ``k`` is no more than there are leads that were judged.
    remarks
        What was left out, in sentences.
    """

    judged: Judged
    lines: tuple[Line, ...]
    reliability: tuple[Bin, ...] | None
    comparisons: tuple[Comparison, ...]
    k: int
    per_week: float
    by: By
    remarks: tuple[str, ...] = ()


def evaluate_run(
    folder: str | Path,
    *,
    truth: str | Path | None = None,
    labels: Sequence[str | Path] = (),
    per_week: float = 20.0,
    k: int = 20,
    by: By = "case",
    rules_on: Any = None,
    progress: Callable[[str], None] | None = None,
) -> Evaluation:
    """Say how good the leads of an earlier run are, by the truth of a simulated input or by analysts' verdicts.

    Parameters
    ----------
    folder
        Where the run wrote ``events.parquet``, ``pairs.parquet`` and ``run.json``.
    truth
        ``truth.json`` of the simulated input.
    labels
        Files of verdicts, instead of the truth.
    per_week
        How many leads a week an analyst looks at, the strongest first.
    k
        How many of the strongest leads precision is said of; of verdicts no more than were judged.
    by
        What the bootstrap draws: ``case`` (what was sought) or ``block`` (months).
    rules_on
        The input of the run: published rules are applied to what the run took of it, under its settings, which holds
        all those positions in memory. None: no rules. Only with ``truth``: verdicts are on leads, so that alerts of
        others were never judged.
    progress
        Called with what is being done.

    Raises
    ------
    InputError
        If the folder holds no such results, or files of two runs, or truth or labels cannot be read or hold no
        transfer.
    UsageError
        If ``per_week`` or ``k`` is not positive, both truth and labels are given, or neither, or rules with labels.
    """
    if not 0 < per_week < math.inf or k < 1:
        raise UsageError(
            f"a budget of {per_week:g} leads a week and the first {k} leads: both must be positive numbers"
        )
    if (truth is None) == (not labels):
        raise UsageError("give what is true: truth.json of a simulated input, or files of labels, and not both")
    if labels and rules_on is not None:
        raise UsageError("rules are set beside leads by the truth of a simulated input only: labels judge leads alone")
    with held(Path(folder)):
        run = read_run(folder)
        events, pairs = (read_table(folder, schema) for schema in (EVENTS, PAIRS))
    refuse_mixed(run, folder, events, pairs)
    weeks = weeks_of(run, folder)
    rows = np.arange(pairs.num_rows)
    remarks: tuple[str, ...] = ()
    least = 0
    found: list[Raised] = []
    if truth is not None:
        planted = _planted(truth, events, folder)
        judged = judge_truth(pairs, events, planted, weeks=weeks)
        if rules_on is not None:
            found = raised(rule_alerts(rules_on, folder, progress, run), planted, sought(planted))
    else:
        judged, rows, remarks = _by_labels(pairs, labels, weeks)
        least = LEAST_DRAWN
        # Of a lead that nobody judged it is not known whether looking at it is in vain.
        if 0 < judged.n_leads < k:
            remarks += (f"Precision is of the {judged.n_leads:,} leads that were judged, not of the first {k:,}.",)
            k = judged.n_leads
    reliable = _reliability(pairs.take(pa.array(rows)), judged)
    remarks += _learnt(run, labels, reliable is not None)
    return Evaluation(
        judged,
        tuple(evaluate(judged, k=k, per_week=per_week, by=by, least=least)),
        reliable,
        tuple(compare(judged, found, by=by)) if found else (),
        k,
        per_week,
        by,
        remarks,
    )


def _planted(truth: str | Path, events: pa.Table, folder: str | Path) -> tuple[Planted, ...]:
    planted = read_truth(truth)
    if not any(one.is_transfer for one in planted):
        raise InputError(f"{truth} tells of no transfer; there is nothing to find")
    heard = set(events["mmsi_a"].to_pylist()) | set(events["mmsi_b"].to_pylist())
    if not any(vessels(one) & heard for one in planted):
        raise InputError(f"{truth} is of another input: none of its vessels is in the events of {folder}")
    return planted


def _by_labels(pairs: pa.Table, files: Sequence[str | Path], weeks: float) -> tuple[Judged, Ints, tuple[str, ...]]:
    """Set leads against the verdicts in files; return also the rows that were judged, and remarks."""
    read_in = [read_labels(path) for path in files]
    told = judge_labels(pairs, [label for one in read_in for label in one.labels], weeks=weeks)
    if not told.judged.n_sought:
        raise InputError(f"no lead was judged a transfer in {', '.join(map(str, files))}; there is nothing to find")
    remarks = [
        f"{told.judged.n_leads:,} leads were judged a transfer or innocent; {told.n_unclear:,} judged unclear and "
        f"{told.n_not_judged:,} not judged are left out, {told.n_without_lead:,} verdicts have no lead in this run",
        "Leads are judged from the top, so figures flatter: what is far down is seldom looked at.",
    ]
    remarks += [
        f"{path}, line {number}: {why}"
        for path, one in zip(files, read_in, strict=True)
        for number, why in one.problems
    ]
    return told.judged, told.rows, tuple(remarks)


def _learnt(run: dict[str, Any], labels: Sequence[str | Path], reliable: bool) -> tuple[str, ...]:
    """Say where the scores that verdicts are held against are of a model that learnt from verdicts."""
    model = run.get("model")
    if not labels or not isinstance(model, dict):
        return ()
    training = model.get("training")
    told = training.get("labels_hash") if isinstance(training, dict) else None
    same = told is not None and told in [file_hash(path, whole=True) for path in labels]
    on = "these very labels" if same else "labels, which may be of these leads, too"
    what = "figures, reliability among them," if reliable else "figures"
    return (
        f"Scores come from a model fitted on {on}: {what} say how well it repeats what it learnt, not how it does on "
        "other leads.",
    )


def rule_alerts(
    source: Any,
    folder: str | Path,
    progress: Callable[[str], None] | None = None,
    run: dict[str, Any] | None = None,
) -> dict[tuple[str, str], pa.Table]:
    """Apply the published rules to the positions in files or a table, read and left out as an earlier run did.

    All positions are held in memory. ``run`` is what ``run.json`` says, where it was read before.

    Raises
    ------
    InputError
        If the input cannot be read, or ``run.json`` of the run.
    """
    run = read_run(folder) if run is None else run
    settings, kept = settings_of(run, folder), run.get("filters", {})
    try:
        since, until = (
            None if kept.get(name) is None else datetime.fromisoformat(kept[name]) for name in ("since", "until")
        )
        bbox = None
        if kept.get("bbox") is not None:
            west, south, east, north = map(float, kept["bbox"])
            bbox = west, south, east, north
        vessels = None if kept.get("vessels") is None else list(kept["vessels"])
    except (ValueError, TypeError) as problem:
        raise InputError(f"{Path(folder) / RUN_FILE} does not tell what was left out: {problem}") from problem
    got = read(source, settings=settings.read, since=since, until=until, vessels=vessels)
    tracks = build_tracks(got.positions, settings.clean, bbox=bbox)
    positions = Positions.of(tracks.fixes, tracks.vessels, settings.context, settings.encounters)
    return alerts(positions, progress=progress)


def weeks_of(run: dict[str, Any], folder: str | Path) -> float:
    """Return how many weeks the input of an earlier run spans, by its ``run.json``.

    Raises
    ------
    InputError
        If it does not tell.
    """
    try:
        first, last = (datetime.fromisoformat(run[name]) for name in ("first_time", "last_time"))
    except (ValueError, KeyError, TypeError) as problem:
        raise InputError(
            f"{Path(folder) / RUN_FILE} does not tell from when to when its input is: {problem}"
        ) from problem
    return max((last - first).total_seconds() / _WEEK_S, 1e-9)


def _reliability(pairs: pa.Table, judged: Judged) -> tuple[Bin, ...] | None:
    """Say how reliable scores are, if the run calls them likelihoods."""
    if "likelihood" not in pairs.column_names or not pairs.num_rows:
        return None
    rows = pc.is_valid(pairs["likelihood"]).to_numpy()
    if not rows.any():
        return None
    return tuple(reliability(pairs["score"].to_numpy()[rows], judged.true[rows]))


def as_rows(one: Evaluation) -> list[dict[str, Any]]:
    """Return the figures as plain rows with the same names: of our leads, of rules, and of what scores are worth."""
    rows: list[dict[str, Any]] = []
    for line in one.lines:
        told = {"pr_auc": line.pr_auc, f"precision_at_{one.k}": line.precision, "recall": line.recall}
        rows.append(
            {"table": "leads", "group": line.group, "sought": line.n, "with_lead": line.with_lead, **_flat(told)}
        )
    for rule in one.comparisons:
        told = {"recall": rule.recall, "our_recall": rule.our_recall, "difference": rule.difference}
        rows.append(
            {"table": "rules", "group": rule.group, "sought": rule.n, "rule": rule.rule, "reading": rule.reading,
             "alerts": rule.alerts, "precision": rule.precision, "our_precision": rule.our_precision, **_flat(told),
             "verdict": rule.verdict}
        )  # fmt: skip
    rows += [{"table": "reliability", **each._asdict()} for each in one.reliability or ()]
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]


def _flat(told: Mapping[str, Interval]) -> dict[str, float | None]:
    return {
        f"{name}{end}": value
        for name, figure in told.items()
        for end, value in zip(("", "_low", "_high"), figure, strict=True)
    }
