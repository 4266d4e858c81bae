"""``python -m tests.evaluate.volumes``: how often the interval of a volume holds what was planted.

Small simulated worlds (``--worlds``) have transfers that are seen, short dense months (``--months``) and months with
results (``--folders``, as `python -m tests.evaluate --keep` leaves them) those that are not. What an interval rests on
matters, so each basis has a line. A month's ledger is put beside what was planted in it.

No assumption was chosen on months with seeds from 13 on; 31 to 35 are held out for other things.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import stsdetect as sts
from stsdetect.score.ledger import ledger
from stsdetect.settings import Settings
from stsdetect.simulate import Month, Planted, read_truth, simulate, write_month

#: Planted and found times may differ by this much where nobody saw the meeting: windows are outer bounds.
SLACK = timedelta(hours=2)


@dataclass
class Tally:
    """How many intervals there were, how many held the truth, and by how much it lay below or above the others."""

    held: int = 0
    below: int = 0
    above: int = 0
    widths: list[float] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Intervals looked at."""
        return self.held + self.below + self.above

    def line(self, name: str) -> str:
        """Return one line of the table."""
        width = sorted(self.widths)[len(self.widths) // 2] if self.widths else float("nan")
        return f"{name:20}{self.n:8}{self.held / max(self.n, 1):12.2f}{self.below:10}{self.above:10}{width:14.2f}"


def parcel_t(planted: Planted) -> int | None:
    """Return the planted parcel [t], which its note begins with; None where none is told."""
    told = re.match(r"(\d+) t\b", planted.note)
    return int(told.group(1)) if told and planted.is_transfer else None


def tally(truth: Iterable[Planted], transfers: pa.Table, tallies: dict[str, Tally]) -> None:
    """Compare each planted parcel with the strongest transfer of the same hulls at that time."""
    rows = transfers.to_pylist()
    by_crew: dict[frozenset[str], list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        crew = frozenset(str(row[name]).partition("#")[0] for name in ("vessel_a", "vessel_b") if row[name])
        by_crew[crew].append(row)
    for planted in truth:
        parcel = parcel_t(planted)
        if parcel is None:
            continue
        same = [
            row
            for row in by_crew[frozenset(planted.vessels)]
            if row["start_time"] <= planted.end + SLACK and planted.start - SLACK <= row["end_time"]  # type: ignore[operator]
        ]
        if same:
            best = max(same, key=lambda row: (row["score"], row["transfer_id"]))
            low, mid, high = (int(best[f"tonnes_{which}"]) for which in ("low", "mid", "high"))  # type: ignore[call-overload]
            for name in (str(best["volume_basis"]), "all"):
                one = tallies.setdefault(name, Tally())
                one.held += low <= parcel <= high
                one.below += parcel < low
                one.above += parcel > high
                one.widths.append((high - low) / mid if mid else float("inf"))


#: Leads from these scores on are counted, and how many of them are of what was planted.
SCORES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


def count_real(truth: Iterable[Planted], pairs: pa.Table) -> dict[float, tuple[int, int]]:
    """Return by score how many leads there are from it on, and how many of these name a planted transfer."""
    true = {frozenset(one.vessels) for one in truth if one.is_transfer}
    found = []
    for row in pairs.select(["vessel_a", "vessel_b", "partner_kind", "score"]).to_pylist():
        crew = (row["vessel_a"],) if row["partner_kind"] == "port" else (row["vessel_a"], row["vessel_b"] or "?")
        found.append((row["score"], frozenset(name.partition("#")[0] for name in crew) in true))
    return {
        least: (sum(s >= least for s, _ in found), sum(s >= least and real for s, real in found)) for least in SCORES
    }


def of_worlds(seeds: Sequence[int], settings: Settings, tallies: dict[str, Tally]) -> None:
    """Simulate small worlds, run the public job, and compare."""
    for seed in seeds:
        world = simulate("scenarios", seed=seed)
        result = sts.detect(world.positions, settings=settings, keep_fixes=False)
        found = ledger(result.events_table, result.pairs_table, result.tracks.vessels, settings=settings)
        tally(world.truth, found.transfers, tallies)


def make_month(seed: int, folder: Path, *, days: int = 12, vessels: int = 150, cases: int = 10) -> Path:
    """Simulate a month that is mostly transfers, and run the public job over it; return its folder."""
    write_month(Month(seed=seed, days=days, vessels=vessels, cases=cases), folder, ("parquet",))
    sts.detect(folder / "parquet", out=folder / "results", page=False, keep_fixes=False)
    return folder


def of_month(
    folder: Path, settings: Settings, tallies: dict[str, Tally], real: dict[float, tuple[int, int]] | None = None
) -> str:
    """Compare a month's results with its truth; return what its ledger says beside the truth."""
    truth = read_truth(folder / "truth.json")
    events, pairs, vessels = (
        pq.read_table(folder / "results" / f"{n}.parquet") for n in ("events", "pairs", "vessels")
    )
    found = ledger(events, pairs, vessels, settings=settings)
    tally(truth, found.transfers, tallies)
    for least, (n, true) in count_real(truth, pairs).items() if real is not None else ():
        before = real.get(least, (0, 0))
        real[least] = before[0] + n, before[1] + true
    last = found.months.to_pylist()[-1]
    # Of a chain the last step counts; a delivery without a parcel in its note is left out of the truth.
    planted: dict[str, int] = {}
    for one in sorted(truth, key=lambda one: one.start):
        parcel = parcel_t(one)
        if parcel is not None:
            planted[one.case] = parcel
    return (
        f"{folder.name}: planted {sum(planted.values()):,} t in {len(planted)} cases; if all {last['n_transfers']} "
        f"leads from {settings.volume.min_score:g} on are real {last['tonnes_low']:,} to {last['tonnes_high']:,} t, "
        f"{last['barrels_low']:,} to {last['barrels_high']:,} barrels; weighted by score {last['weighted_low']:,} to "
        f"{last['weighted_high']:,} barrels"
    )


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.evaluate.volumes", description=__doc__)
    parser.add_argument("--worlds", type=int, default=20, help="number of small worlds (seeds from 5000 on)")
    parser.add_argument("--months", type=int, nargs="*", default=[], help="seeds of short months; some 20 s each")
    parser.add_argument("--folders", nargs="*", default=[], help="months with results, as --keep leaves them")
    parser.add_argument("--interval", type=float, default=0.9, help="stated rate")
    parser.add_argument("--json", help="write the figures to this file")
    chosen = parser.parse_args(argv)
    settings = sts.load_settings(volume={"interval": chosen.interval})
    tallies: dict[str, Tally] = {}
    of_worlds(range(5000, 5000 + chosen.worlds), settings, tallies)
    real: dict[float, tuple[int, int]] = {}
    months = [of_month(Path(folder), settings, tallies, real) for folder in chosen.folders]
    for seed in chosen.months:
        with tempfile.TemporaryDirectory() as scratch:
            months.append(of_month(make_month(seed, Path(scratch) / f"month-{seed}"), settings, tallies, real))
    print(f"intervals that should hold {chosen.interval:.0%}; all simulated")
    print(f"{'basis':20}{'planted':>8}{'held':>12}{'below':>10}{'above':>10}{'width/median':>14}")
    for name in sorted(tallies, key=lambda name: (name == "all", name)):
        print(tallies[name].line(name))
    print("\n".join(months))
    for least, (n, true) in real.items():
        print(f"leads from {least:g} on: {n:,}, of which {true:,} are of what was planted")
    if chosen.json:
        figures = {
            name: {"n": one.n, "held": one.held, "below": one.below, "above": one.above}
            for name, one in tallies.items()
        }
        Path(chosen.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
