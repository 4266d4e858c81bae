"""Watch-lists: what it costs to match 20,000 hulls with OFAC's real list, and how many are on it in real traffic."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import stsdetect as sts
from stsdetect.schema import TIME, VESSELS
from stsdetect.score.watchlists.matching import match

REAL = os.environ.get("STSDETECT_TEST_DATA")
HULLS, SPELLS = 20_000, 3
HOUR_US = 3_600_000_000
NORDIC = {
    "mmsi": "mmsi",
    "imo": "imo",
    "name": "name",
    "callsign": "callsign",
    "time": "timestamp",
    "lat": "lat",
    "lon": "lon",
}


def identities(folder: Path) -> list[tuple[int, int | None, str | None, str | None]]:
    """What each MMSI said it was, as far as it said it."""
    found: dict[int, tuple[int, int | None, str | None, str | None]] = {}
    files = (
        (folder / "noaa" / "AIS_2022_01_03_first_25_min.csv.gz", sts.load_settings().read),
        (folder / "nordic" / "nordic_baltic_snapshots.csv.gz", sts.load_settings(read={"columns": NORDIC}).read),
    )
    for path, how in files:
        table = sts.read(path, settings=how).positions
        columns = [table.column(name).to_pylist() for name in ("mmsi", "imo", "name", "callsign")]
        for mmsi, *rest in zip(*columns, strict=True):
            if mmsi is not None and any(rest):
                found.setdefault(mmsi, (mmsi, *rest))
    return list(found.values())


def vessels(rows: list[tuple[int, int | None, str | None, str | None]]) -> pa.Table:
    """A table of identities, three spells of each hull."""
    spelt = [(row, k) for row in rows for k in range(SPELLS)]
    columns = dict(zip(("mmsi", "imo", "name", "callsign"), zip(*(row for row, _ in spelt), strict=True), strict=True))
    start = pa.array([k * HOUR_US for _, k in spelt], pa.int64())
    return VESSELS.table(
        {name: list(values) for name, values in columns.items()}
        | {
            "vessel": [str(row[0]) for row, _ in spelt],
            "valid_from": start.cast(TIME),
            "valid_to": pc.add(start, HOUR_US // 2).cast(TIME),
        }
    )


def of_kind(hits: pa.Table, kind: str) -> list[str]:
    found: list[str] = hits.filter(pc.equal(hits.column("kind"), kind)).column("vessel").to_pylist()
    return found


@pytest.mark.skipif(not REAL, reason="STSDETECT_TEST_DATA is not set")
def test_twenty_thousand_hulls() -> None:
    assert REAL is not None
    real = identities(Path(REAL))
    rng = random.Random(1)
    more = [
        (
            rng.randrange(200_000_000, 776_000_000),
            None,
            f"{(rng.choice(real)[2] or 'X')[::-1]} {rng.randrange(50)}",
            None,
        )
        for _ in range(HULLS - len(real))
    ]
    begin = time.process_time()
    lists = sts.read_watch_lists([Path(REAL) / "lists" / "ofac_sdn_vessels.json"])
    read_s = time.process_time() - begin
    table, only_real = vessels(real + more), vessels(real)
    took = []
    for _ in range(3):
        begin = time.process_time()
        match(lists, table)
        took.append(time.process_time() - begin)
    found = match(lists, only_real)
    kinds = {kind: len(set(of_kind(found.hits, kind))) for kind in ("hit", "possible")}
    print(f"\n{len(lists[0].entries):,} vessels read in {read_s:.2f} s CPU; {HULLS:,} hulls, {table.num_rows:,} spells")
    print(f"matched in {took[0]:.2f} s CPU, again in {min(took[1:]):.2f} s")
    others = sum(found.vetoed.values())
    print(f"of {len(real):,} real hulls {kinds['hit']} hits, {kinds['possible']} possible, {others} other ships")
