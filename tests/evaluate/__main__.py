"""``python -m tests.evaluate``: simulate months, run the public job over them, and say how much of the truth it found.

Seeds 1 to 30 are for tuning, 31 to 50 are held out: figures that are quoted come from the latter, and nobody chooses a
threshold or weight by looking at them. One month takes a few minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import stsdetect as sts
from stsdetect.simulate import Month, read_silences, read_truth, write_month
from tests.evaluate.judge import Line, Verdict, judge, lines, span_of, whole_chains

TUNING, HELD_OUT = range(1, 31), range(31, 51)


def main(argv: list[str] | None = None) -> int:
    """Evaluate, print the tables, and write them as JSON where asked to."""
    chosen = _options().parse_args(argv)
    verdicts = []
    if chosen.folder:
        verdicts.append(evaluate(Path(chosen.folder), results=chosen.results and Path(chosen.results)))
    for seed in [] if chosen.folder else chosen.seeds:
        month = Month(seed=seed, days=chosen.days, vessels=chosen.vessels, cases=chosen.cases)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(chosen.keep or scratch) / f"{chosen.preset}-{seed}"
            begin = time.perf_counter()
            write_month(month, folder, ("parquet",))
            seconds = time.perf_counter() - begin
            verdicts.append(evaluate(folder, keep=bool(chosen.keep)))
            verdicts[-1].seconds = {"simulate": round(seconds, 1), **verdicts[-1].seconds}
    told = lines(verdicts, chosen.ceiling)
    print(report(verdicts, told, chosen.ceiling))
    for verdict in verdicts:
        for row in verdict.strongest_false[: chosen.show]:
            print(
                f"seed {verdict.seed} lead {row['place']}: {row['partner_kind']} {row['mmsi_a']} {row['mmsi_b'] or ''} "
                f"{row['log_odds']:.1f} ({row['n_events']} events, {row['first_time']:%d %H:%M} to "
                f"{row['last_time']:%d %H:%M}) {row['partner_id']}"
            )
    if chosen.json:
        text = json.dumps(as_json(verdicts, told, chosen.ceiling), indent=1, default=str)
        Path(chosen.json).write_text(f"{text}\n", encoding="utf-8")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--preset", default="dark-month", choices=["dark-month"], help="what is simulated")
    add("--seeds", type=int, nargs="+", default=[31], help="seeds; 1-30 for tuning, 31-50 held out")
    add("--ceiling", type=float, default=20.0, help="false leads a week over the whole area that are looked at")
    add("--days", type=int, default=30, help="length of a month")
    add("--vessels", type=int, default=2000, help="vessels beside those planted")
    add("--cases", type=int, default=7, help="cases of each family")
    add("--folder", help="judge a month that was written before, instead of simulating")
    add("--results", help="with --folder: judge the results in this folder instead of detecting")
    add("--show", type=int, default=0, metavar="N", help="name the N strongest false leads of each month")
    add("--keep", help="keep the months and their results in this folder")
    add("--json", help="write all figures to this file")
    return parser


def evaluate(folder: Path, *, keep: bool = False, results: Path | None = None) -> Verdict:
    """Run the public job over the exports in a folder that `write_month` made, and judge its answer."""
    told = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    truth = read_truth(folder / "truth.json")
    begin = time.perf_counter()
    if results is None:
        exports = folder / told["layouts"][0]
        result = sts.detect(exports, out=folder / "results" if keep else None, keep_fixes=False)
        events, pairs = result.events_table, result.pairs_table
    else:
        events, pairs = (pq.read_table(results / f"{name}.parquet") for name in ("events", "pairs"))
    middle = time.perf_counter()
    span_s = span_of(truth, datetime.fromisoformat(told["start"]), told["days"])
    verdict = judge(told["seed"], truth, read_silences(folder), events, pairs, span_s)
    end = time.perf_counter()
    verdict.seconds = {"detect": round(middle - begin, 1), "judge": round(end - middle, 1)}
    verdict.counts = {"rows": told["rows"], "vessels": told["vessels"], **verdict.counts}
    return verdict


def report(verdicts: list[Verdict], told: list[Line], ceiling: float) -> str:
    """Return the tables as text."""
    seeds = ", ".join(str(verdict.seed) for verdict in verdicts)
    held = all(verdict.seed in HELD_OUT for verdict in verdicts)
    weeks = sum(verdict.weeks for verdict in verdicts)
    out = [
        f"dark-month, seeds {seeds} ({'held out' if held else 'not all held out'}), {weeks:.1f} weeks, all simulated;",
        f"ceiling: {ceiling:g} false leads a week over the whole area, the strongest leads first",
        "",
        "                                 recall of                     under the ceiling          if feasible     "
        "   median  true one",
        "family                 planted   events  named  leads          all   by kind             named  ceiling   "
        "   rivals  in first 3",
    ]
    out += [
        f"{one.family:22} {one.planted:7}   {one.event_recall:6.2f} {one.named_recall:6.2f} {_share(one.lead_recall)}"
        f"       {_share(one.ceiling_recall)}    {_share(one.ceiling_recall_by_kind)}            "
        f"{_share(one.of_feasible)}   {_share(one.of_feasible_ceiling)}      {_share(one.rivals_median, 1)}      "
        f"{_share(one.first_three)}"
        for one in told
    ]
    whole, chains = whole_chains(verdicts)
    out += ["", f"chains with a lead for every link: {whole} of {chains}", "", "leads a week     false     true"]
    kinds = sorted({kind for verdict in verdicts for kind in (*verdict.false_leads, *verdict.true_leads)})
    for kind in kinds:
        false, true = (sum(getattr(v, f"{name}_leads").get(kind, 0) for v in verdicts) for name in ("false", "true"))
        out.append(f"{kind:12} {false / weeks:9.1f} {true / weeks:8.1f}")
    out += ["", "identity events a week           false     true"]
    for name in sorted({name for verdict in verdicts for name in verdict.identities}):
        true, false = (sum(v.identities.get(name, (0, 0))[k] for v in verdicts) for k in (0, 1))
        out.append(f"{name:28} {false / weeks:9.1f} {true / weeks:8.1f}")
    return "\n".join([*out, "", *_gap_table(verdicts), "", *_costs(verdicts)])


def _share(value: float | None, digits: int = 2) -> str:
    return f"{value:6.{digits}f}" if value is not None else "     -"


def _gap_table(verdicts: list[Verdict]) -> list[str]:
    counts: dict[tuple[str, str], int] = {}
    for verdict in verdicts:
        for key, number in verdict.gaps.items():
            counts[key] = counts.get(key, 0) + number
    reasons = sorted({reason for _, reason in counts})
    out = ["gaps: judged     " + "".join(f"{reason:>14}" for reason in reasons) + "   (truth)"]
    for called in sorted({called for called, _ in counts}):
        out.append(f"{called:17}" + "".join(f"{counts.get((called, reason), 0):14}" for reason in reasons))
    wrong = sum(verdict.outages_called_dark for verdict in verdicts)
    mostly = sum(verdict.mostly_outages_called_dark for verdict in verdicts)
    return [
        *out,
        f"silences inside an outage of receivers called dark: {wrong} (must be 0); "
        f"{mostly} more for which an outage was the chief of several reasons",
    ]


def _costs(verdicts: list[Verdict]) -> list[str]:
    return [
        f"seed {verdict.seed}: " + ", ".join(f"{n:,} {what}" for what, n in verdict.counts.items())
        + "; seconds: " + ", ".join(f"{name} {s:g}" for name, s in verdict.seconds.items())
        for verdict in verdicts
    ]  # fmt: skip


def as_json(verdicts: list[Verdict], told: list[Line], ceiling: float) -> dict[str, Any]:
    """Return all figures, and what was made of each planted transfer."""
    whole, chains = whole_chains(verdicts)
    return {
        "ceiling_a_week": ceiling,
        "families": [asdict(one) for one in told],
        "chains": {"whole": whole, "planted": chains},
        "months": [
            {
                "seed": verdict.seed, "weeks": verdict.weeks, "false_leads": verdict.false_leads,
                "true_leads": verdict.true_leads, "outages_called_dark": verdict.outages_called_dark,
                "mostly_outages_called_dark": verdict.mostly_outages_called_dark, "identities": verdict.identities,
                "strongest_false": verdict.strongest_false,
                "gaps": [{"judged": a, "true": b, "n": n} for (a, b), n in sorted(verdict.gaps.items())],
                "counts": verdict.counts, "seconds": verdict.seconds,
                "planted": [
                    {**{k: v for k, v in asdict(one).items() if k != "planted"}, **asdict(one.planted)}
                    for one in verdict.found
                ],
            }
            for verdict in verdicts
        ],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
