"""How seldom a silence lasts so long: at its place, and for its hull.

Silences are counted by classes of length, in fixed cells and by UTC day, over the window of days around each: the same
counts come out however the input was cut. A silence counts as at least as long as another where its class is.
"""

from __future__ import annotations

import numpy as np

from stsdetect.context.heard import GRID, Baseline, cell_hour
from stsdetect.kernels.sphere import Floats, Ints

#: Classes of length begin at these [h]: two to a doubling (our choice); the last holds all that are longer.
CLASSES_H = np.array([0, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512], dtype=np.float64)
#: A hull that has so few silences is taken to have so many more, as long as those of all hulls (our choice).
_MORE = 2.0


def rarity(hull: Ints, cell: Ints, day: Ints, length_h: Floats, baseline: Baseline, days: int) -> tuple[Floats, Floats]:
    """Tell how seldom silences last so long, as minus the decimal logarithm of a share: 2 is one in a hundred.

    Parameters
    ----------
    hull
        Of each silence, any number that tells hulls apart, shape (n,).
    cell, day
        Of its last fix, shape (n,) each.
    length_h
        How long it lasts [h], shape (n,).
    baseline
        Counts of the same days as the silences, and of no others.
    days
        Days before and after each over which is counted.

    Returns
    -------
    Of the hull-hours around its cell how many end in a silence as long (itself counted); and of the hull's other
    silences how many are as long, shape (n,) each.
    """
    kind = np.searchsorted(CLASSES_H, length_h, side="right") - 1
    around = GRID.around(cell)
    (hull_hours,) = baseline.sums(("hull_hours",), around, day, days)
    everyone, any_kind = np.zeros_like(hull), np.zeros_like(kind)
    there = _as_long(cell, around, day, kind, days)
    own = _as_long(hull, hull[:, None], day, kind, days) - 1
    own_all = _as_long(hull, hull[:, None], day, any_kind, days, of=kind) - 1
    all_long = _as_long(everyone, everyone[:, None], day, kind, days)
    share = all_long / _as_long(everyone, everyone[:, None], day, any_kind, days, of=kind)
    of_place = np.minimum(there / (hull_hours + 1.0), 1.0)
    of_hull = (own + _MORE * share) / (own_all + _MORE)
    # From zero, so that none is -0.0.
    return 0.0 - np.log10(of_place), 0.0 - np.log10(of_hull)


def _as_long(group: Ints, asked: Ints, day: Ints, kind: Ints, days: int, *, of: Ints | None = None) -> Ints:
    """Count silences of the groups ``asked`` (-1 for none, shape (n, k)) that are of a class ``kind`` or a longer one.

    ``of`` are the classes of the silences themselves, where ``kind`` are others; shape (n,).
    """
    own = kind if of is None else of
    key = cell_hour(group, day)
    order = np.argsort(key, kind="stable")
    key, own = key[order], own[order]
    low = np.searchsorted(key, cell_hour(asked, (day - days)[:, None]), side="left")
    high = np.searchsorted(key, cell_hour(asked, (day + days)[:, None]), side="right")
    low = np.where(asked < 0, high, low)
    count = np.zeros(kind.size, dtype=np.int64)
    for least in np.unique(kind).tolist():
        rows = np.flatnonzero(kind == least)
        total = np.append(0, np.cumsum(own >= least))
        count[rows] = (total[high[rows]] - total[low[rows]]).sum(axis=1)
    return count
