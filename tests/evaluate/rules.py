"""``python -m tests.evaluate.rules``: our leads beside published rules in simulated months where transfers are rare.

A month has some 2,300 hulls, three or four transfers to find and hundreds of ordinary meetings: less than one transfer
in a thousand leads. Months hide different families by turns; the seen ones (``seen_*``) had no part in any choice of a
weight. Seeds 1 to 30 are for tuning, 51 to 60 are held out: figures that are quoted come from the latter, and nobody
chooses a threshold or weight by looking at them. A month takes some six minutes on one core, half of it for the rules.
With ``--keep`` several such commands may make months at once, and one more puts them together; after a change of
weights or code add ``--again``, or kept results are judged as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial import cKDTree

import stsdetect as sts
from stsdetect.detect.arrays import Fixes
from stsdetect.reference.published_rules import load_rules
from stsdetect.schema import EVENTS
from stsdetect.score.comparison import Comparison, Raised, compare, pooled_alerts, raised
from stsdetect.score.evaluation import Interval, Judged, Line, evaluate, pooled
from stsdetect.score.published import Positions, alerts
from stsdetect.score.truth import judge_truth, sought
from stsdetect.settings import Settings
from stsdetect.simulate import Month, read_truth, write_month
from stsdetect.tracks import build_tracks
from tests.evaluate.stored import write_stored

TUNING, HELD_OUT = range(1, 31), range(51, 61)
#: What months hide by turns (seed modulo 3), one case of each: three or four things to find, as a chain has two links.
HIDDEN: tuple[tuple[str, ...], ...] = (
    ("one_dark", "hand_over", "seen_at_night", "seen_under_way"),
    ("both_dark", "chain", "seen_again"),
    ("direct_delivery", "seen_at_night", "seen_under_way"),
)
#: Families by which weights and points were chosen, on months of their own (``python -m tests.evaluate``).
TUNED_ON = ("one_dark", "both_dark", "hand_over", "direct_delivery", "chain")
#: Scenes of each kind of ordinary meeting in a month.
ORDINARY = 8
#: Hulls this close count as having come near each other [m], at one of the times this far apart [s]; each place is on
#: the line between two fixes at most this long apart [s].
NEAR_M, STEP_S, LEG_S = 1_000.0, 600.0, 3_600.0


@dataclass(frozen=True)
class Part:
    """One month: its leads, what rules raised, pairs of hulls that came near each other, and notes to print."""

    seed: int
    judged: Judged
    raised: list[Raised]
    near: int
    notes: tuple[str, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate, print the table, and write it as JSON where asked to."""
    chosen = _options().parse_args(argv)
    parts = []
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(chosen.keep or scratch) / f"rare-month-{seed}"
            parts.append(part_of(folder, seed, chosen))
            print(f"seed {seed}: {parts[-1].judged.n_leads:,} leads", file=sys.stderr, flush=True)
    judged = pooled([part.judged for part in parts])
    rules = pooled_alerts([part.raised for part in parts])
    told = {
        by: (evaluate(judged, k=chosen.k, per_week=chosen.budget, by=by), compare(judged, rules, by=by))
        for by in ("case", "block")
        if by == "case" or len(parts) > 1
    }
    print(report(parts, judged, *told["case"], chosen))
    for part in parts:
        for note in part.notes:
            print(f"seed {part.seed}: {note}")
    if chosen.json:
        text = json.dumps(as_json(parts, judged, told, chosen), indent=1)
        Path(chosen.json).write_text(f"{text}\n", encoding="utf-8")
    if chosen.store:
        write_stored(Path(chosen.store), chosen.seeds, [(part.judged, part.raised) for part in parts])
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.evaluate.rules", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=[1, 2], help="seeds; 1-30 for tuning, 51-60 held out")
    add("--days", type=int, default=30, help="length of a month")
    add("--vessels", type=int, default=2000, help="vessels of the background")
    add("--ordinary", type=int, default=ORDINARY, help="scenes of each kind of ordinary meeting")
    add("--budget", type=float, default=20.0, help="leads a week over the whole area that are looked at")
    add("--k", type=int, default=20, help="of how many of the strongest leads, of all months, precision is said")
    add("--show", type=int, default=0, metavar="N", help="name the N strongest leads of each month that find nothing")
    add("--keep", help="keep months, results and alerts in this folder, and use what is there already")
    add(
        "--again",
        action="store_true",
        help="with --keep: run the job anew over months that are there, as after a change",
    )
    add("--json", help="write all figures to this file")
    add("--store", help="write the leads of all months, judged, to this Parquet file")
    return parser


def part_of(folder: Path, seed: int, chosen: argparse.Namespace) -> Part:
    """Simulate a month, run the public job and the published rules over it, and set both against its truth."""
    families = HIDDEN[seed % len(HIDDEN)]
    if not (folder / "truth.json").is_file():
        month = Month(
            seed=seed, days=chosen.days, vessels=chosen.vessels, cases=1, families=families, ordinary=chosen.ordinary
        )
        write_month(month, folder, ("parquet",))
    exports, results, settings = folder / "parquet", folder / "results", Settings()
    if chosen.again or not (results / "pairs.parquet").is_file():
        sts.detect(exports, out=results, page=False, keep_fixes=False)
    if not (folder / "alerts.parquet").is_file() or _rules_of(folder / "alerts.parquet") != _rules_now():
        _apply_rules(exports, folder, settings)
    events, pairs = (pq.read_table(results / f"{name}.parquet") for name in ("events", "pairs"))
    truth = read_truth(folder / "truth.json")
    wanted = sought(truth)
    judged = judge_truth(pairs, events, truth, weeks=chosen.days / 7)
    table = pq.read_table(folder / "alerts.parquet")
    near = int(table.schema.metadata[b"near"])
    names = [(rule.name, rule.reading) for rule in load_rules()]
    own = {
        key: EVENTS.conform(table.filter(pa.array(np.array(table["rule"].to_pylist()) == "/".join(key))), extra=True)
        for key in names
    }
    by_rules = raised(own, truth, wanted)
    notes = [
        f"{one.case} ({', '.join(one.planted[0].vessels)}): "
        + (f"lead {judged.own_place[k] + 1}" if judged.own_place[k] >= 0 else "no lead")
        + f"; {one.planted[0].note}; rules: "
        + ("; ".join(f"{rule.rule}, {rule.reading}" for rule in by_rules if rule.found[k]) or "none")
        for k, one in enumerate(wanted)
    ] + _strongest_false(judged, pairs, chosen.show)  # fmt: skip
    return Part(seed, judged, by_rules, near, tuple(notes) if chosen.show else ())


def _rules_now() -> bytes:
    """Return what tells whether kept alerts are those of the rules as they are."""
    return hashlib.sha256(repr(load_rules()).encode()).hexdigest().encode()


def _rules_of(path: Path) -> bytes:
    return (pq.read_schema(path).metadata or {}).get(b"rules", b"")


def _apply_rules(exports: Path, folder: Path, settings: Settings) -> None:
    tracks = build_tracks(sts.read(exports).positions, settings.clean)
    positions = Positions.of(tracks.fixes, tracks.vessels, settings.context, settings.encounters)
    found = []
    for (rule, reading), events in alerts(positions).items():
        kept = events.drop_columns(["settings_id"]).append_column(
            "settings_id", pa.array([""] * events.num_rows, pa.string())
        )
        found.append(kept.append_column("rule", pa.array([f"{rule}/{reading}"] * events.num_rows, pa.string())))
    table = pa.concat_tables(found, promote_options="permissive")
    meta = {b"near": str(near_pairs(positions.fixes)).encode(), b"rules": _rules_now()}
    pq.write_table(table.replace_schema_metadata(meta), folder / "alerts.parquet")


def near_pairs(fixes: Fixes, near_m: float = NEAR_M, step_s: float = STEP_S, leg_s: float = LEG_S) -> int:
    """Count the pairs of hulls that were within ``near_m`` of each other at one of the times ``step_s`` apart."""
    t = fixes.time_us / 1e6
    begin = np.flatnonzero(np.append(True, np.diff(fixes.hull) != 0))
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for low, high in zip(begin, np.append(begin[1:], fixes.hull.size), strict=True):
        own = t[low:high]
        if own.size < 2:
            continue
        times = np.arange(np.ceil(own[0] / step_s), np.floor(own[-1] / step_s) + 1) * step_s
        after = np.clip(np.searchsorted(own, times), 1, own.size - 1)
        times = times[own[after] - own[after - 1] <= leg_s]
        xyz = np.stack([np.interp(times, own, fixes.xyz[low:high, axis]) for axis in range(3)], axis=1)
        parts.append(((times / step_s).astype(np.int64), np.full(times.size, fixes.hull[low]), xyz))
    slot, hull, xyz = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(slot, kind="stable")
    many, found = len(fixes.labels), np.zeros(0, dtype=np.int64)
    for rows in np.split(order, np.flatnonzero(np.diff(slot[order])) + 1):
        pairs = cKDTree(xyz[rows]).query_pairs(near_m, output_type="ndarray")
        if len(pairs):
            ends = np.sort(hull[rows][pairs], axis=1)
            found = np.union1d(found, ends[:, 0] * many + ends[:, 1])
    return int(found.size)


def _strongest_false(judged: Judged, pairs: pa.Table, many: int) -> list[str]:
    found = []
    for k in np.flatnonzero(~judged.true & (judged.place < many)).tolist():
        row = pairs.slice(k, 1).to_pylist()[0]
        own = sorted((reason for reason in row["reasons"] if reason["weight"]), key=lambda one: -abs(one["weight"]))
        why = ", ".join(f"{one['indicator']} {one['weight']:+.1f}" for one in own[:9])
        found.append(
            f"lead {row['rank']} finds nothing: {row['partner_kind']} {row['mmsi_a']} {row['mmsi_b'] or ''} "
            f"{row['log_odds']:.1f}: {why}"
        )
    return found


def report(
    parts: Sequence[Part], judged: Judged, lines: Sequence[Line], rules: Sequence[Comparison], chosen: Any
) -> str:
    """Return the tables as text."""
    seeds = ", ".join(str(part.seed) for part in parts)
    held = all(part.seed in HELD_OUT for part in parts)
    near = sum(part.near for part in parts)
    rate, by_hulls = 1000 * judged.base_rate, 1000 * judged.n_sought / max(near, 1)
    found = [
        f"rare transfers, seeds {seeds} ({'held out' if held else 'not all held out'}), {len(parts)} months of "
        f"{chosen.days} days, all simulated",
        f"{judged.n_sought} transfers to find among {judged.n_leads:,} leads: {rate:.2f} in 1,000"
        + ("" if rate <= 1 else ", MORE THAN 1 IN 1,000")
        + f"; {near:,} pairs of hulls came within {NEAR_M / 1000:g} km: {by_hulls:.2f} in 1,000",
        "intervals: 95 %, bootstrap over planted cases (seed and draws stored; over months in the JSON)",
        f"families by which no weight was chosen: {', '.join(sorted(set(judged.family) - set(TUNED_ON)))}",
        "",
        f"our leads               to find  with lead   PR-AUC               precision at {chosen.k:<4}    "
        f"recall at {chosen.budget:g} a week",
    ]
    for one in lines:
        # Precision of the first few is a figure of the whole list, not of a family.
        top = _three(one.precision) if one.group == "all" else " " * 18
        found.append(
            f"{one.group:23} {one.n:7}  {one.with_lead:9.2f}   {_three(one.pr_auc)}   {top}   {_three(one.recall)}"
        )
    for group in dict.fromkeys(one.group for one in rules):
        found += [
            "",
            f"published rules: {group}",
            "rule, reading                       alerts   recall               precision   "
            "ours, as many: recall   precision   difference",
        ]
        found += [_of_rule(one) for one in rules if one.group == group]
    return "\n".join(found)


def _of_rule(one: Comparison) -> str:
    return (
        f"{one.rule + ', ' + one.reading:34} {one.alerts:7}   {_three(one.recall)}   {one.precision:9.4f}   "
        f"{_three(one.our_recall):21}   {one.our_precision:9.4f}   {_three(one.difference, sign=True)} {one.verdict}"
    )


def _three(told: Interval, *, sign: bool = False) -> str:
    if told.value is None or told.low is None or told.high is None:
        return f"{'-':18}"
    plus = "+" if sign else ""
    return f"{told.value:{plus}.2f} [{told.low:{plus}.2f}, {told.high:{plus}.2f}]".ljust(18)


def as_json(
    parts: Sequence[Part], judged: Judged, told: dict[str, tuple[list[Line], list[Comparison]]], chosen: Any
) -> dict[str, Any]:
    """Return all figures."""
    return {
        "seeds": [part.seed for part in parts],
        "sought": judged.n_sought,
        "leads": judged.n_leads,
        "near_pairs": sum(part.near for part in parts),
        "per_1000_leads": 1000 * judged.base_rate,
        "budget_a_week": chosen.budget,
        "k": chosen.k,
        "bootstrap": {
            by: {
                "leads": [_plain(one) for one in lines],
                "rules": [{**_plain(one), "verdict": one.verdict} for one in rules],
            }
            for by, (lines, rules) in told.items()
        },
    }


def _plain(one: Line | Comparison) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(one).items()}


if __name__ == "__main__":
    sys.exit(main())
