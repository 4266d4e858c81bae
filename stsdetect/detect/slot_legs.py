"""Legs for the search straight from the tables of slots: what `Tracks.of` makes of `FixSlots.load`, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

import numpy as np

from stsdetect.context.berths import DAY_SPAN, US_PER_DAY, Berths, cell_grid
from stsdetect.detect.arrays import Identities
from stsdetect.detect.contacts import Tracks
from stsdetect.detect.slots import Columns, FixSlots
from stsdetect.engine import run_parts
from stsdetect.kernels.contact import Legs
from stsdetect.kernels.sphere import Ints, distance_m, to_columns
from stsdetect.settings import EncounterSettings
from stsdetect.units import KNOT_MPS, US_PER_S

_NAMES = ("hull", "run", "time_us", "lat_deg", "lon_deg", "speed_kn", "course_deg", "heading_deg")
#: Fixes worked on at once; as many as stay in the cache. Bounds memory, not results.
_BLOCK = 1 << 14
#: Hulls are shared out in so many parts per worker, since some have more fixes than others.
_PARTS = 8


def tracks_between(
    fast: ModuleType,
    slots: FixSlots,
    window_us: tuple[int, int],
    known: Identities,
    rule: EncounterSettings,
    berths: Berths | None,
    workers: int = 1,
) -> Tracks:
    """Return the legs slow enough for contact that touch ``[start, end]`` [us], sorted by hull, then time.

    ``fast`` is the module of compiled loops; hulls are shared out among ``workers`` threads.
    """
    start_us, end_us = window_us
    bracket_us = round(max(rule.inferred_bracket_s, rule.observed_bracket_s) * US_PER_S)
    tables = list(slots.batches(start_us - bracket_us, end_us + bracket_us + 1))
    hulls = slots.rank.size
    cuts = np.unique(np.arange(_PARTS * workers + 1) * hulls // (_PARTS * workers))
    parts = list(pairwise(cuts.tolist()))
    count, last_us = np.zeros((2, hulls), dtype=np.int64)
    last_run = np.full(hulls, -1, dtype=np.int64)

    def count_legs(low: int, high: int) -> None:
        for columns in _rows_of(tables, low, high):
            table = tuple(columns[name] for name in _NAMES[:3])
            fast.count(*table, start_us, end_us, last_run, last_us, count)

    list(run_parts(count_legs, parts, workers))
    found = _empty(int(count.sum()))
    limits = start_us, end_us, rule.max_speed_kn, round(rule.observed_bracket_s * US_PER_S), KNOT_MPS

    def fill(low: int, high: int) -> tuple[Ints, Ints]:
        unsure, unknown = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for columns in _rows_of(tables, low, high):
            for begin in range(0, columns["hull"].size, _BLOCK):
                block = {name: values[begin : begin + _BLOCK] for name, values in columns.items()}
                some = _wanted(block, start_us, end_us)
                place = to_columns(block["lat_deg"][some], block["lon_deg"][some])
                doubts, cells = np.empty(some.size, dtype=np.int64), np.empty(2 * some.size, dtype=np.int64)
                table = tuple(block[name] for name in _NAMES)
                sizes = fast.fill(some, place, table, state, _columns(found), places, limits, doubts, cells)
                unsure.append(doubts[: sizes[0]])
                unknown.append(cells[: sizes[1]])
        return np.concatenate(unsure), np.concatenate(unknown)

    while True:
        places = _places(fast, berths)
        state = *_state(fast, slots.rank, count, known), known.from_us
        unsure, unknown = (np.concatenate(numbers) for numbers in zip(*run_parts(fill, parts, workers), strict=True))
        if berths is None or not unknown.size:
            break
        berths.cells.ask(np.unique(unknown))
    _decide(found, unsure, rule)
    return found


def _decide(found: Tracks, unsure: Ints, rule: EncounterSettings) -> None:
    """Tell which legs are slow of those whose own speed is too close to the greatest one for the loop to tell."""
    legs = found.legs.take(unsure)
    own = distance_m(legs.p0, legs.p1) / ((legs.t1_us - legs.t0_us) / 1e6) / KNOT_MPS
    found.slow[unsure] = own < rule.max_speed_kn
    found.summed[unsure] &= found.slow[unsure]


def _empty(n: int) -> Tracks:
    """Return room for so many legs. Those chosen are cruising where they are observed: else they are slow."""
    hull, t0_us, t1_us, who = (np.empty(n, dtype=np.int64) for _ in range(4))
    slow, observed, summed = (np.empty(n, dtype=np.bool_) for _ in range(3))
    speed_kn, course_deg, heading_deg = (np.empty(n) for _ in range(3))
    legs = Legs(hull, t0_us, t1_us, np.empty((n, 3)), np.empty((n, 3)))
    return Tracks(legs, slow, observed, observed, summed, speed_kn, course_deg, heading_deg, who)


def _columns(data: Tracks) -> tuple[np.ndarray, ...]:
    """Return the columns of legs that the loop fills."""
    legs = data.legs
    ends = legs.hull, legs.t0_us, legs.t1_us, legs.p0, legs.p1
    rest = data.slow, data.observed, data.summed, data.speed_kn, data.course_deg, data.heading_deg, data.who
    return ends + rest


def _rows_of(tables: list[Columns], low: int, high: int) -> Iterator[Columns]:
    """Yield the rows of hulls from ``low`` up to ``high`` of each table."""
    for columns in tables:
        hull = columns["hull"]
        # In the column's own type: it would be copied to a wider one.
        first, last = np.searchsorted(hull, np.array([low, high], dtype=hull.dtype)).tolist()
        if last > first:
            yield {name: columns[name][first:last] for name in _NAMES}


def _wanted(columns: Columns, start_us: int, end_us: int) -> Ints:
    """Return the fixes that begin or end a leg that may touch ``[start, end]``."""
    some = np.flatnonzero(columns["run"] >= 0)
    time = columns["time_us"][some]
    after, before = time >= start_us, time <= end_us
    if after.all() and before.all():
        return some
    hull = columns["hull"][some]
    other = hull[1:] != hull[:-1]
    # What comes before or after these columns, or belongs to another hull, is not known.
    after[:-1] |= after[1:] | other
    before[1:] |= before[:-1] | other
    after[-1:], before[:1] = True, True
    return some[after & before]


def _places(fast: ModuleType, berths: Berths | None) -> tuple[object, ...]:
    """Return what the loop must know of berths; no crowded areas where nothing is left out."""
    none = np.zeros(0, dtype=np.int64)
    cells, areas = (none, none) if berths is None else berths.cells.known()
    keys = none if berths is None else berths.keys
    return (*cell_grid(), fast.hashed(cells, areas), keys, US_PER_DAY, DAY_SPAN)


def _state(fast: ModuleType, rank: Ints, count: Ints, known: Identities) -> tuple[object, ...]:
    """Return what the loop carries on for each hull, as it begins."""
    state = np.full((rank.size, fast.STATE), -1, dtype=np.int64)
    order = np.empty(rank.size, dtype=np.int64)
    order[rank] = np.arange(rank.size)
    first = np.searchsorted(known.hull, rank, side="left")
    last = np.searchsorted(known.hull, rank, side="right")
    state[:, fast.RANK], state[:, fast.KNOWN_END] = rank, last
    state[:, fast.KNOWN] = np.where(last > first, first, -1)
    state[order, fast.NEXT] = np.cumsum(count[order]) - count[order]
    return state, np.empty((rank.size, fast.LAST))
