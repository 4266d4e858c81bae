"""Months judged, as one small file: what `notebooks/40_evaluation.ipynb` works the table of rare transfers out from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stsdetect.score.comparison import Raised
from stsdetect.score.evaluation import Judged


def write_stored(path: Path, seeds: Sequence[int], months: Sequence[tuple[Judged, Sequence[Raised]]]) -> None:
    """Write a row for each lead, strongest first in its month, with what it names; the rest as metadata.

    ``found`` holds places in ``sought``, a list of family, case, whether both transponders were on, and month;
    ``rules`` says of each rule how many alerts it raised in each month and which things sought they name.
    """
    tables, sought, first = [], [], 0
    for seed, (judged, _) in zip(seeds, months, strict=True):
        found: list[list[int]] = [[] for _ in range(judged.n_leads)]
        for lead, item in zip(judged.lead.tolist(), judged.item.tolist(), strict=True):
            found[lead].append(first + item)
        order = np.argsort(judged.place, kind="stable")
        tables.append(
            pa.table({
                "month": pa.array([seed] * judged.n_leads, pa.int16()),
                "log_odds": judged.log_odds[order],
                "found": pa.array([found[k] for k in order.tolist()], pa.list_(pa.int16())),
            })
        )  # fmt: skip
        first += judged.n_sought
        sought += [
            {"family": family, "case": case, "seen": seen, "month": seed, "weeks": weeks}
            for family, case, seen, weeks in zip(
                judged.family, judged.case, judged.seen.tolist(), judged.weeks.tolist(), strict=True
            )
        ]
    rules = [
        {
            "rule": same[0].rule,
            "reading": same[0].reading,
            "alerts": [int(one.alerts.sum()) for one in same],
            "found": np.concatenate([one.found for one in same]).tolist(),
        }
        for same in zip(*(raised for _, raised in months), strict=True)
    ]
    told = {"sought": json.dumps(sought), "rules": json.dumps(rules)}
    pq.write_table(pa.concat_tables(tables).replace_schema_metadata(told), path, compression="zstd")
