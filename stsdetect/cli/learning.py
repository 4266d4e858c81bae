"""What `score`, `label` and `fit` print for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from stsdetect.cli.console import plain
from stsdetect.cli.summary import TOP, pair_table, print_csv, say, scores_are, stdout
from stsdetect.report.texts import clean

if TYPE_CHECKING:
    import pyarrow as pa

    from stsdetect.pipeline import Result
    from stsdetect.pipeline.fitted import Fit
    from stsdetect.score.labels import Labels, Matched

#: Weights that are shown at most.
_MOST_MOVED = 20


def print_scored(result: Result, out: Path) -> None:
    """Print how many leads there are, the strongest, and where the files are."""
    console = stdout()
    again = result.run["scored_again"]
    changed = result.run["settings_id"] != again["events_settings_id"]
    how = f"with settings {result.run['settings_id']}" if changed else "with the settings of the run"
    say(console, f"{result.events_table.num_rows:,} events scored again {how}; pairs: {result.pairs_table.num_rows:,}")
    if result.pairs_table.num_rows:
        console.print(pair_table(result.pairs_table.slice(0, TOP).to_pylist()))
        say(console, scores_are(result.pairs_table))
    say(console, f"written to {out}: {', '.join(path.name for path in result.files)}")


def print_labels(told: Labels, matched: Matched, pairs: pa.Table, *, as_csv: bool) -> None:
    """Print labels with the lead that each is about now."""
    ranks = pairs.column("rank").to_pylist()
    rows: list[dict[str, Any]] = []
    for one, row, counts, why in zip(
        told.labels, matched.row.tolist(), matched.counts.tolist(), matched.why_not, strict=True
    ):
        state = why or ("counts" if counts else "replaced by a later one")
        rows.append({
            "rank": ranks[row] if row >= 0 else None, "pair_id": one.pair_id, "vessel_a": one.vessel_a,
            "vessel_b": one.vessel_b, "partner_kind": one.partner_kind, "verdict": one.verdict, "who": one.who,
            "when": one.when, "why": one.why, "state": state,
        })  # fmt: skip
    if as_csv:
        print_csv(_as_table(rows))
        return
    console = stdout()
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = ("rank", "verdict", "vessel a", "vessel b", "who", "when (UTC)", "state", "why")
    for name in names:
        table.add_column(name, no_wrap=name not in ("why", "state"))
    for item in rows:
        cells = (
            item["rank"], item["verdict"], clean(item["vessel_a"]), clean(item["vessel_b"] or item["partner_kind"]),
            clean(item["who"], 30), item["when"].strftime("%Y-%m-%d %H:%M"), item["state"], clean(item["why"], 200),
        )  # fmt: skip
        table.add_row(*(Text(plain("" if cell is None else cell)) for cell in cells))
    if rows:
        console.print(table)
    else:
        say(console, "no labels")
    for number, why in told.problems:
        say(console, f"warning: line {number} is no label: {clean(why, 200)}")


def _as_table(rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    from stsdetect.schema import TIME

    kinds = {"rank": pa.int64(), "when": TIME}
    names = ("rank", "pair_id", "vessel_a", "vessel_b", "partner_kind", "verdict", "who", "when", "why", "state")
    return pa.table({name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in names})


def print_fit(found: Fit, out: Path) -> None:
    """Print what moved and by how much, how many labels there were, and whether scores became probabilities."""
    console, model = stdout(), found.model
    counts = ", ".join(f"{number:,} {name}" for name, number in model.labels.items())
    say(console, f"leads by verdict: {counts}")
    if found.superseded:
        say(console, f"{found.superseded:,} labels were replaced by later ones of the same lead")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("indicator", "before", "now", "change"):
        table.add_column(name, justify="left" if name == "indicator" else "right")
    moved = [row for row in model.moved() if round(row[2] - row[1], 2)]
    for name, before, now in moved[:_MOST_MOVED]:
        table.add_row(name, f"{before:+.2f}", f"{now:+.2f}", f"{now - before:+.2f}")
    if moved:
        console.print(table)
        rest = len(model.weights) - min(len(moved), _MOST_MOVED)
        say(console, f"the other {rest:,} weights moved less, or not at all")
    else:
        say(console, "no weight moved by 0.01 or more")
    known = model.calibration
    if known is None:
        say(console, f"not calibrated: {model.not_calibrated}. Scores stay priorities, not probabilities.")
    else:
        say(
            console,
            f"calibrated on {known.n_transfer:,} leads judged transfers and {known.n_innocent:,} judged innocent, for "
            f"{', '.join(known.kinds)} with log-odds {known.low:.1f} to {known.high:.1f}: mean log loss of verdicts "
            f"that were left out {known.log_loss:.3f}, and {known.log_loss_of_share:.3f} by their share alone. It "
            "holds where whoever looked at leads wrote down what was innocent as well.",
        )
    say(console, f"written to {out}")
