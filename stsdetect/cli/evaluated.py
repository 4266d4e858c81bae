"""What `evaluate` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stsdetect.cli.summary import say, stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from stsdetect.pipeline.evaluated import Evaluation
    from stsdetect.score.comparison import Comparison
    from stsdetect.score.evaluation import Bin, Interval


def print_evaluation(found: Evaluation) -> None:
    """Print the figures of our leads, of rules beside them, and how reliable scores are."""
    console, judged = stdout(), found.judged
    if judged.n_leads:
        rate = 1000 * judged.base_rate
        among = f" among {judged.n_leads:,} leads, {rate:,.{2 if rate < 10 else 0}f} in 1,000"
    else:
        among = ", and no leads"
    say(console, f"{judged.n_sought:,} to find{among}; what has no lead counts as missed")
    table = _table(
        "", "to find", "with lead", "PR-AUC", f"precision at {found.k}", f"recall at {found.per_week:g} a week"
    )
    for line in found.lines:
        top = _figure(line.precision) if line.group == "all" else ""
        table.add_row(
            *map(Text, (line.group, f"{line.n:,}", f"{line.with_lead:.2f}", _figure(line.pr_auc), top,
                        _figure(line.recall)))
        )  # fmt: skip
    console.print(table)
    for group in dict.fromkeys(one.group for one in found.comparisons):
        _rules(console, group, [one for one in found.comparisons if one.group == group])
    _reliable(console, found.reliability)
    for remark in found.remarks:
        say(console, remark)
    what = "what was to be found" if found.by == "case" else "months"
    say(console, f"In brackets: 95 % intervals, drawing {what} anew. One run says little of other waters and times.")


def _rules(console: Console, group: str, rules: Sequence[Comparison]) -> None:
    say(console, f"published rules, {group} ({rules[0].n:,} to find), beside as many of our leads")
    table = _table("rule", "reading", "alerts", "recall", "precision", "our recall", "our precision", "difference", "")
    for one in rules:
        table.add_row(
            *map(Text, (one.rule, one.reading, f"{one.alerts:,}", _figure(one.recall), f"{one.precision:.4f}",
                        _figure(one.our_recall), f"{one.our_precision:.4f}", _figure(one.difference), one.verdict))
        )  # fmt: skip
    console.print(table)


def _reliable(console: Console, bins: Sequence[Bin] | None) -> None:
    if bins is None:
        say(console, "The score is a priority, not a probability, so its reliability cannot be said.")
        return
    table = _table("score", "leads", "mean score", "true")
    for one in bins:
        true = f"{one.true_share:.2f} [{one.true_low:.2f}, {one.true_high:.2f}]"
        table.add_row(*map(Text, (f"{one.low:g} to {one.high:g}", f"{one.n:,}", f"{one.mean_score:.3f}", true)))
    console.print(table)


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place == 0 or name in ("reading", "") else "right")
    return table


def _figure(told: Interval) -> str:
    if told.value is None:
        return "-"
    return f"{told.value:.2f}" + ("" if told.low is None else f" [{told.low:.2f}, {told.high:.2f}]")
