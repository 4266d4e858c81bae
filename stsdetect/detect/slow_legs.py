"""Legs slow enough for contact, and which of them lie at berths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.context.berths import PRESENCE, US_PER_DAY, BerthCells, Berths
from stsdetect.detect.arrays import MINUTE_US, Fixes
from stsdetect.kernels.contact import Legs
from stsdetect.kernels.sphere import Bools, Ints
from stsdetect.settings import EncounterSettings
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


def presence(fixes: Fixes, rule: EncounterSettings, cells: BerthCells) -> pa.Table:
    """Return in which berth area each hull lay on which UTC day (a `PRESENCE` table), by the start of its legs.

    Depends on the fixes of each hull alone: hulls may be asked for in groups, and `crowded` puts them together.
    """
    fixes = fixes.without_coarse()
    chosen = Chosen.of(fixes, rule)
    area = berth_areas(fixes, chosen, cells)
    leg = np.flatnonzero(area >= 0)
    area, day = area[leg], chosen.legs.t0_us[leg] // US_PER_DAY
    hull = chosen.legs.hull[leg]
    # A stable sort: the legs of one row stay in order of time.
    order = np.lexsort((day, area, hull))
    leg, area, day, hull = leg[order], area[order], day[order], hull[order]
    fresh = np.ones(leg.size, dtype=np.bool_)
    fresh[1:] = (np.diff(hull) != 0) | (np.diff(area) != 0) | (np.diff(day) != 0)
    begin = np.flatnonzero(fresh)
    count = np.diff(np.append(begin, leg.size))
    middle = chosen.first[leg[begin + count // 2]]
    time_us = chosen.legs.t1_us[leg] - chosen.legs.t0_us[leg]
    return PRESENCE.table(
        {
            "area": area[begin],
            "day": day[begin],
            "vessel": pa.array([fixes.labels[k] for k in hull[begin].tolist()], pa.string()),
            "lat_deg": fixes.lat_deg[middle],
            "lon_deg": fixes.lon_deg[middle],
            "minutes": (np.add.reduceat(time_us, begin) if begin.size else time_us) / MINUTE_US,
            "n_positions": count,
        }
    )
