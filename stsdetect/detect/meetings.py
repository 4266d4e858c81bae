"""Encounters by stretches of time: one slot at once is searched, with what lies around it, then all is measured.

The parts put together give, byte for byte, what `stsdetect.detect.find_events` gives for all fixes at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from stsdetect.context.berths import Berths
from stsdetect.detect.arrays import HOUR_US, Identities
from stsdetect.detect.contacts import BIN_US, Hulls, Runs, Tracks
from stsdetect.detect.encounters import Encounters
from stsdetect.detect.search import find_runs
from stsdetect.detect.slot_legs import tracks_between
from stsdetect.detect.slots import FixSlots
from stsdetect.engine import run_parts
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Ints
from stsdetect.schema import EVENTS
from stsdetect.settings import EncounterSettings
from stsdetect.store import Shelf, give_back_memory
from stsdetect.units import US_PER_S

#: Around a meeting its hulls are looked at for a day (see `companions`), and legs reach a little further [us].
_AROUND_US = 26 * HOUR_US


def find_encounters(
    slots: FixSlots,
    known: Identities,
    rule: EncounterSettings,
    berths: Berths | None,
    *,
    searchers: Callable[[int], int],
    rows_at_once: int,
    shelf_bytes: int,
    progress: Callable[[int, int], None] | None = None,
) -> pa.Table:
    """Find encounters part by part: one slot of time at once, with what lies around it.

    Contact inside the crowded berth areas of ``berths`` is left out. ``searchers`` tells how many workers there is
    room for where each has so many fixes at hand.
    """
    if not slots.size:
        return EVENTS.empty()
    fast = compiled("slot_legs")
    detector = Encounters(**rule.model_dump())
    hulls = Hulls.of(known)
    bracket = round(max(rule.inferred_bracket_s, rule.observed_bracket_s) * US_PER_S)
    begin = slots.edges_us
    end = np.append(begin[1:], slots.end_us // BIN_US * BIN_US + BIN_US)

    def search(start_us: int, end_us: int) -> Runs:
        first_us, last_us = start_us - bracket, end_us + BIN_US + bracket
        if fast:
            data = tracks_between(fast, slots, (first_us, last_us), known, rule, berths, threads)
        else:
            fixes = slots.load(first_us - bracket, last_us + bracket, contact=True)
            data = Tracks.of(fixes, known, rule, berths)
        return find_runs(data, hulls, start_us, end_us, rule, threads)

    # Some of what a search loads is too fast for contact, or outside its hours: this is the most it can be.
    most = max(
        slots.rows_between(b - 2 * bracket, e + BIN_US + 2 * bracket)
        for b, e in zip(begin.tolist(), end.tolist(), strict=True)
    )
    # Legs made by compiled loops take less than half of what is reckoned with, and who searches alone has the others'
    # threads.
    workers = min(searchers(most // 2 if fast else most), begin.size)
    threads = max(searchers(1) // workers, 1) if fast else 1
    found, done = [], 0
    stretches = zip(begin.tolist(), end.tolist(), strict=True)
    for k, runs in enumerate(run_parts(search, stretches, workers)):
        found.append(runs)
        if slots.spilled:
            give_back_memory()
        done += slots.rows_between(int(begin[k]), int(end[k]))
        if progress is not None:
            progress(done, slots.size)
    runs, _ = Runs.joined(found, round(rule.max_break_s * US_PER_S))
    runs = detector.qualified(runs)
    tables = [EVENTS.empty()]
    with Shelf(shelf_bytes) as shelf:
        measurers = searchers(rows_at_once)
        batches = _deal(slots, runs, rows_at_once, shelf, measurers)

        def measure(number: int, chosen: Ints) -> pa.Table:
            return detector.measure(slots.as_fixes(shelf.take(number)), known, runs.take(chosen), berths)

        tables += run_parts(measure, enumerate(batches), measurers)
    return pa.concat_tables(tables)


def _deal(slots: FixSlots, runs: Runs, most_rows: int, shelf: Shelf, workers: int) -> list[Ints]:
    """Put runs into batches that need about ``most_rows`` fixes each, and the fixes of each batch on the shelf.

    Returns the runs of each batch. All fixes are looked through once, however many batches there are.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    batches: list[list[int]] = [[]]
    windows: dict[tuple[int, int], tuple[int, int]] = {}
    rows = 0.0
    # Vessels that met the same others share their fixes: their runs go together.
    _, group = connected_components(
        coo_array((np.ones(runs.a.size), (runs.a, runs.b)), shape=(len(slots.labels),) * 2), directed=False
    )
    for k in np.lexsort((runs.b, runs.start_us, group[runs.a])).tolist():
        if rows > most_rows:
            batches.append([])
            rows = 0.0
        batches[-1].append(k)
        start, end = int(runs.start_us[k]) - _AROUND_US, int(runs.end_us[k]) + _AROUND_US
        for hull in (int(runs.a[k]), int(runs.b[k])):
            key = (hull, len(batches) - 1)
            low, high = windows.get(key, (start, start))
            windows[key] = min(low, start), max(high, end)
            rows += (windows[key][1] - windows[key][0] - (high - low)) / HOUR_US * slots.per_hour[hull]
    if windows:
        keys = sorted(windows)
        hull, number = np.array(keys, dtype=np.int64).T
        low, high = np.array([windows[key] for key in keys], dtype=np.int64).T
        slots.deal(shelf, hull, number, low, high, workers)
    return [np.sort(np.array(batch, dtype=np.int64)) for batch in batches if batch]


def in_final_order(tables: list[pa.Table], digest: str) -> pa.Table:
    """Put events together, sort them, and write the digest of the settings on every row."""
    events = pa.concat_tables(tables).sort_by([("start_time", "ascending"), ("event_id", "ascending")])
    column = events.schema.get_field_index("settings_id")
    return events.set_column(column, events.schema.field(column), pa.array([digest] * events.num_rows, pa.string()))
