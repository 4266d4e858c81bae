"""``python -m tests.evaluate.fit FOLDER...``: fit the points of `stsdetect.detect.dark_score` to kept months.

A folder is a month that ``python -m tests.evaluate --keep`` wrote, with its results. True partners are set against all
that could have been and that the points in use leave in the running, one logistic regression for each kind of dark
rendezvous: easy ones are so many that they would hide what tells the others apart. Printed are the weights, and for
each planted meeting how many false candidates of the month stand above it; with ``--held N`` the last N months are left
out of the fit and judged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression

from stsdetect.detect.courses import Bound
from stsdetect.detect.dark import DarkRendezvous, Search
from stsdetect.detect.dark_parties import Party
from stsdetect.detect.dark_score import (
    BOTH_DARK,
    ONE_DARK,
    Terms,
    Weights,
    both_dark_terms,
    likeliest,
    one_dark_terms,
    points,
)
from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.schema import EVENTS
from stsdetect.simulate import Planted, read_truth
from tests.evaluate.judge import aliases, vessels

#: Number of a candidate that is not judged.
_NEITHER = -2
#: Candidates with fewer points than this are out of the running: 4 below ``dark.min_score``.
_IN_THE_RUNNING = -1.0
#: Which share of the squared size of weights counts as a miss; small: the data decide.
_RIDGE = 1.0


@dataclass(frozen=True)
class Sample:
    """All candidates of one kind in one month: terms, which planted meeting each is (-1: none), and what it is for."""

    terms: Terms
    truth: Ints
    group: Ints
    planted: Sequence[Planted]

    def matrix(self, names: Sequence[str]) -> Floats:
        """Return the terms with these names, shape (n, k)."""
        return np.stack([self.terms[name] for name in names], axis=1)


def read_month(folder: Path) -> dict[str, Sample]:
    """Return the candidates of a month by kind."""
    results = folder / "results"
    events = EVENTS.conform(pq.read_table(results / "events.parquet"), extra=True)
    search = DarkRendezvous().search(events, pq.read_table(results / "vessels.parquet"))
    truth = read_truth(folder / "truth.json")
    return {"one_dark": _one_dark(search, events, truth), "both_dark": _both_dark(search, truth)}


def _one_dark(search: Search, events: pa.Table, truth: Sequence[Planted]) -> Sample:
    own = events.filter(pc.and_(pc.equal(events["kind"], "dark_rendezvous"), pc.equal(events["subtype"], "one_dark")))
    away = {part for text in own["from_events"].to_pylist() for part in text.split(";")}
    ids = search.world.events["event_id"].to_pylist()
    kept = np.array([any(ids[k] in away for k in items) for items in search.visible.items], dtype=np.bool_)
    stay, gap = (np.concatenate(parts) for parts in zip(*search.beside(), strict=True))
    stay, gap = stay[kept[stay]], gap[kept[stay]]
    visible, silent = search.visible.take(stay), search.silent.take(gap)
    met = np.zeros(stay.size, dtype=np.bool_)
    terms = one_dark_terms(visible, Bound.of(silent), met)
    return Sample(terms, _which(search, visible, silent, truth), stay, truth)


def _both_dark(search: Search, truth: Sequence[Planted]) -> Sample:
    one, two, middle = (np.concatenate(parts) for parts in list(zip(*search.together(), strict=True))[:3])
    bound, met = Bound.of(search.paired), np.zeros(one.size, dtype=np.bool_)
    a, b = bound.take(one), bound.take(two)
    place = likeliest(a, b, middle, BOTH_DARK, search.rule.min_stay_s, -np.inf)
    terms = both_dark_terms(a, b, place, met)
    which = _which(search, a.silent, b.silent, truth)
    # Who was planted to be seen may have silences of its own meanwhile: neither true nor false here.
    seen = np.array([number for number, planted in enumerate(truth) if "both silent" not in planted.note])
    return Sample(terms, np.where(np.isin(which, seen), _NEITHER, which), one, truth)


def _which(search: Search, one: Party, other: Party, truth: Sequence[Planted]) -> Ints:
    """Return the number of the planted meeting that each candidate is, -1 for none."""
    names = aliases(truth)
    mmsi = [min(names[m] or {m}) if m is not None else 0 for m in search.world.events["mmsi_a"].to_pylist()]
    hulls = np.array(mmsi, dtype=np.int64)
    which = np.full(one.size, -1)
    for number, planted in enumerate(truth):
        own = sorted({min(names[m] or {m}) for m in vessels(planted)})
        if not planted.is_transfer or len(own) != 2:
            continue
        start, end = (round(time.timestamp() * 1e6) for time in (planted.start, planted.end))
        there = np.ones(one.size, dtype=np.bool_)
        for party in (one, other):
            there &= np.isin(hulls[party.row], own) & (party.start_us <= end) & (party.end_us >= start)
        which[there & (hulls[one.row] != hulls[other.row])] = number
    return which


def fit(samples: Sequence[Sample], in_use: Weights) -> tuple[dict[str, float], float]:
    """Return the weight of each term, and the base term."""
    names = [name for name in samples[0].terms if any(np.ptp(sample.terms[name]) > 0 for sample in samples)]
    kept = [(s.truth >= 0) | ((s.truth > _NEITHER) & (points(s.terms, in_use) >= _IN_THE_RUNNING)) for s in samples]
    x = np.concatenate([sample.matrix(names)[rows] for sample, rows in zip(samples, kept, strict=True)])
    y = np.concatenate([sample.truth[rows] >= 0 for sample, rows in zip(samples, kept, strict=True)])
    middle, spread = x.mean(axis=0), x.std(axis=0)
    model = LogisticRegression(C=_RIDGE, solver="newton-cholesky", max_iter=100).fit((x - middle) / spread, y)
    weights = model.coef_[0] / spread
    return dict(zip(names, weights.tolist(), strict=True)), float(model.intercept_[0] - (weights * middle).sum())


def judged(sample: Sample, score: Floats) -> list[tuple[str, int, int]]:
    """Return of each planted meeting among the candidates its family, the false ones above it, and its rank."""
    false = np.sort(score[sample.truth == -1])
    rows = []
    for number in np.unique(sample.truth[sample.truth >= 0]).tolist():
        own = np.flatnonzero(sample.truth == number)
        best = own[np.argmax(score[own])]
        rank = 1 + np.count_nonzero(score[sample.group == sample.group[best]] > score[best])
        above = false.size - np.searchsorted(false, score[best], side="right")
        rows.append((sample.planted[number].family, int(above), int(rank)))
    return rows


def _told(name: str, rows: Sequence[tuple[str, int, int]]) -> str:
    above = np.array([row[1] for row in rows])
    shares = ", ".join(f"{most}: {np.mean(above <= most):.2f}" for most in (5, 10, 20, 40, 80))
    first, third = (np.mean([row[2] <= most for row in rows]) for most in (1, 3))
    return f"{name}: {len(rows)} meetings; false ones above at most {shares}; first {first:.2f}, in three {third:.2f}"


def main(argv: list[str] | None = None) -> int:
    """Fit, and print weights and how well they and the ones in use do."""
    parser = argparse.ArgumentParser("python -m tests.evaluate.fit", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--held", type=int, default=0, metavar="N", help="judge the last N months, fit to the others")
    chosen = parser.parse_args(argv)
    months = [read_month(folder) for folder in chosen.folders]
    told, asked = months[: len(months) - chosen.held], months[len(months) - chosen.held :] or months
    in_use: Mapping[str, Weights] = {"one_dark": ONE_DARK, "both_dark": BOTH_DARK}
    for kind, weights in in_use.items():
        fitted, base = fit([month[kind] for month in told], weights)
        print(json.dumps({name: [round(value, 2), asdict(weights)[name]] for name, value in fitted.items()}), base)
        for name, ways in (("in use", weights), ("fitted", Weights(**{**_NOTHING, **fitted}))):
            rows = [row for month in asked for row in judged(month[kind], points(month[kind].terms, ways))]
            print(_told(f"{kind}, {name}", rows))
    return 0


_NOTHING = dict.fromkeys(asdict(ONE_DARK), 0.0)

if __name__ == "__main__":
    raise SystemExit(main())
