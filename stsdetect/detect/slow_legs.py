"""Legs slow enough for contact, and which of them lie at berths."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.context.berths import PRESENCE, US_PER_DAY, BerthCells, Berths, cell_grid
from stsdetect.detect.arrays import MINUTE_US, Fixes
from stsdetect.kernels.contact import Legs
from stsdetect.kernels.sphere import Bools, Ints
from stsdetect.settings import EncounterSettings
from stsdetect.tracks import Quality
from stsdetect.units import US_PER_S


@dataclass(frozen=True)
class Chosen:
    """The legs slow enough for contact: the fix each begins at, and what is asked of its ends; shape (n legs,)."""

    first: Ints
    slow: Bools
    cruising: Bools
    observed: Bools
    legs: Legs

    @classmethod
    def of(cls, fixes: Fixes, rule: EncounterSettings) -> Chosen:
        """Choose the legs of ``fixes``, which are without coarse ones, that are slow enough for a transfer."""
        legs, first = fixes.legs(max(rule.inferred_bracket_s, rule.observed_bracket_s), coarse=False)
        top = fixes.top_speed_kn(legs, first)
        observed = legs.t1_us - legs.t0_us <= round(rule.observed_bracket_s * US_PER_S)
        slow = top < rule.max_speed_kn
        cruising = observed & (top <= rule.under_way_max_speed_kn)
        keep = np.flatnonzero(slow | cruising)
        return cls(first[keep], slow[keep], cruising[keep], observed[keep], legs.take(keep))


def berth_areas(fixes: Fixes, chosen: Chosen, cells: BerthCells) -> Ints:
    """Return the berth area in which each chosen leg begins, -1 where it is not berthed, shape (n legs,).

    Berthed means slow, with both fixes in berth cells.
    """
    slow = chosen.first[chosen.slow]
    ask = np.zeros(fixes.size, dtype=np.bool_)
    ask[slow] = ask[slow + 1] = True
    asked = np.flatnonzero(ask)
    area = np.full(fixes.size, -1, dtype=np.int64)
    area[asked] = cells.areas(fixes.lat_deg[asked], fixes.lon_deg[asked])
    begin, end = area[chosen.first], area[chosen.first + 1]
    return np.where(chosen.slow & (end >= 0), begin, -1)


def summed(fixes: Fixes, chosen: Chosen, berths: Berths) -> Bools:
    """Tell which legs are berthed where and when it is crowded, shape (n legs,)."""
    return berths.crowded(berth_areas(fixes, chosen, berths.cells), chosen.legs.t0_us)


def contact_runs(data: Fixes, rule: EncounterSettings) -> Ints:
    """Number the runs of legs slow enough for contact; -1 for fixes at the end of none, shape (n,)."""
    result = np.full(data.size, -1, dtype=np.int64)
    precise = np.flatnonzero(data.quality != int(Quality.COARSE))
    begins = np.zeros(precise.size, dtype=np.bool_)
    begins[Chosen.of(data if precise.size == data.size else data.take(precise), rule).first] = True
    ends = np.zeros(precise.size, dtype=np.bool_)
    ends[1:] = begins[:-1]
    member = begins | ends
    result[precise[member]] = np.cumsum(member & ~ends)[member] - 1
    return result


def presence(fixes: Fixes, rule: EncounterSettings, cells: BerthCells) -> pa.Table:
    """Return in which berth area each hull lay on which UTC day (a `PRESENCE` table), by the start of its legs.

    Depends on the fixes of each hull alone: hulls may be asked for in groups, and `crowded` puts them together.
    """
    fixes = fixes.without_coarse()
    chosen = Chosen.of(fixes, rule)
    area = berth_areas(fixes, chosen, cells)
    leg = np.flatnonzero(area >= 0)
    area, day = area[leg], chosen.legs.t0_us[leg] // US_PER_DAY
    time_us = chosen.legs.t1_us[leg] - chosen.legs.t0_us[leg]
    pieces = np.stack([chosen.legs.hull[leg], area, day, np.arange(leg.size), time_us])
    return _presence(fixes, chosen.first[leg], pieces)


def runs_and_presence(
    fast: ModuleType, data: Fixes, rule: EncounterSettings, cells: BerthCells
) -> tuple[NDArray[np.int32], pa.Table]:
    """Return what `contact_runs` and `presence` return, from one walk along the legs."""
    bracket_s = max(rule.inferred_bracket_s, rule.observed_bracket_s)
    limit = max(rule.max_speed_kn, rule.under_way_max_speed_kn)
    own = data.own_speeds_kn(fast, bracket_s, limit, coarse=False)
    run = np.empty(data.size, dtype=np.int32)
    first, second, berthed = (np.empty(data.size, dtype=np.int64) for _ in range(3))
    hull, segment, time_us, quality, speed, *_ = data.plain
    n = fast.contact_runs(
        hull, segment, time_us, quality, speed, own, round(bracket_s * US_PER_S), rule.max_speed_kn,
        rule.under_way_max_speed_kn, round(rule.observed_bracket_s * US_PER_S), run, first, second,
    )  # fmt: skip
    cell, at_first, at_second = np.empty(2 * n, dtype=np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    lat, lon = (np.require(values, np.float64, ["C", "W"]) for values in (data.lat_deg, data.lon_deg))
    count = fast.berth_cells(first, second, n, lat, lon, *cell_grid(), cell, at_first, at_second)
    area = cells.of_cells(cell[:count])
    pieces = np.empty((n, 5), dtype=np.int64)
    n_legs, n_pieces = fast.stays(hull, time_us, first, second, n, at_first, at_second, area, berthed, pieces)
    return run, _presence(data, berthed[:n_legs], pieces[:n_pieces].T.copy())


def _presence(fixes: Fixes, leg: Ints, pieces: Ints) -> pa.Table:
    """Put stretches of legs at berth together by hull, area and day.

    Parameters
    ----------
    leg
        The first fix of each such leg, in order.
    pieces
        Hull, area, day, number of the first leg, and time in all [us] of each stretch, shape (5, m).
    """
    # A stable sort: the stretches of one row stay in order of time.
    order = np.lexsort(pieces[2::-1])
    begins, size = pieces[3][order], np.diff(np.append(pieces[3], leg.size))[order]
    hull, area, day, _, time_us = pieces[:, order]
    fresh = np.ones(order.size, dtype=np.bool_)
    fresh[1:] = (np.diff(hull) != 0) | (np.diff(area) != 0) | (np.diff(day) != 0)
    begin = np.flatnonzero(fresh)
    count, length = (np.add.reduceat(values, begin) if begin.size else begin for values in (size, time_us))
    # The leg half-way through, counted over the stretches of a row.
    reach = np.cumsum(size)
    half = (reach - size)[begin] + count // 2
    which = np.searchsorted(reach, half, side="right")
    middle = leg[begins[which] + half - (reach - size)[which]]
    return PRESENCE.table(
        {
            "area": area[begin],
            "day": day[begin],
            "vessel": pa.array([fixes.labels[k] for k in hull[begin].tolist()], pa.string()),
            "lat_deg": fixes.lat_deg[middle],
            "lon_deg": fixes.lon_deg[middle],
            "minutes": length / MINUTE_US,
            "n_positions": count,
        }
    )
