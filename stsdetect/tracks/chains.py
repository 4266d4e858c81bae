"""One MMSI on two hulls becomes two chains: every fix goes to the chain it can have come from."""

from __future__ import annotations

import math
from bisect import bisect_left, insort

import numpy as np

from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Bools, Floats, Ints, dot, norm
from stsdetect.settings import CleanSettings
from stsdetect.units import KNOT_MPS


def impossible_steps(key: Ints, time_us: Ints, xyz: Floats, settings: CleanSettings) -> Bools:
    """Mark fixes that cannot be reached from the fix before of the same key, shape (n,)."""
    result = np.zeros(key.size, dtype=np.bool_)
    if key.size > 1:
        apart = xyz[1:] - xyz[:-1]
        # Most steps are shorter than the slack alone.
        far = np.flatnonzero(dot(apart, apart) > settings.jump_slack_m**2 * (1 - 1e-9))
        far = far[key[far + 1] == key[far]]
        seconds = (time_us[far + 1] - time_us[far]) / 1e6
        allowed = settings.max_speed_kn * KNOT_MPS * seconds + settings.jump_slack_m
        result[far + 1] = norm(apart[far]) > allowed
    return result


def lone_strays(key: Ints, time_us: Ints, xyz: Floats, settings: CleanSettings) -> Bools:
    """Mark fixes off a track that goes on as if they had not been there, too few to be another hull, shape (n,).

    Only keys with fewer such fixes than ``min_chain_fixes`` are judged here, and only fixes after as many that
    follow each other: whatever else is odd is left to `assign_chains`, which would call these the same.
    """
    marked = np.zeros(key.size, dtype=np.bool_)
    jump = impossible_steps(key, time_us, xyz, settings)
    step = np.zeros(key.size, dtype=np.bool_)
    step[1:] = (key[1:] == key[:-1]) & (time_us[1:] > time_us[:-1]) & ~jump[1:]
    k = np.flatnonzero(jump[:-1] & jump[1:])
    k = k[k >= settings.min_chain_fixes]
    for back in range(1, settings.min_chain_fixes):
        k = k[step[k - back]]
    skip = norm(xyz[k + 1] - xyz[k - 1])
    allowed = settings.max_speed_kn * KNOT_MPS * (time_us[k + 1] - time_us[k - 1]) / 1e6 + settings.jump_slack_m
    k = k[skip <= allowed]
    keys, counts = np.unique(key[jump], return_counts=True)
    # A stray makes two impossible steps: a key with more than its strays explain has other trouble.
    own, strays = np.unique(key[k], return_counts=True)
    plain = own[(strays < settings.min_chain_fixes) & (counts[np.searchsorted(keys, own)] == 2 * strays)]
    marked[k[np.isin(key[k], plain)]] = True
    return marked


#: Up to so many chains a plain loop is quicker than arrays.
_FEW_CHAINS = 8


def assign_chains(time_us: Ints, xyz: Floats, settings: CleanSettings) -> Ints:
    """Give each fix of one key to a chain, greedily in time.

    A fix joins, of the chains it can be reached from, the one it lies nearest to; chains heard at
    ``min_chain_fixes`` different times or more come before others, so that a stray old position does not
    catch the vessel when it passes there. A fix that no chain reaches begins a new one. Chains are numbered
    in order of their first fix.

    Parameters
    ----------
    time_us, xyz
        Fixes of one key in time order, shape (n,) and (n, 3).

    Returns
    -------
    Chain numbers, shape (n,).
    """
    fast = compiled("cleaning")
    if fast is not None:
        numbers = np.empty(time_us.size, dtype=np.int64)
        speed, slack, least = settings.max_speed_kn * KNOT_MPS, settings.jump_slack_m, settings.min_chain_fixes
        places = np.ascontiguousarray(xyz.T)
        few = fast.few_chains(time_us, *places, speed, slack, least, numbers, _FEW_CHAINS)
        return numbers if few else _assign_many(time_us, xyz, settings)
    chain = _assign_few(time_us, xyz, settings)
    return _assign_many(time_us, xyz, settings) if chain is None else chain


def _assign_few(time_us: Ints, xyz: Floats, settings: CleanSettings) -> Ints | None:
    """Assign by a plain loop; None where there are more than `_FEW_CHAINS`."""
    speed, slack = settings.max_speed_kn * KNOT_MPS, settings.jump_slack_m
    chain = np.zeros(time_us.size, dtype=np.int64)
    last_time: list[int] = []
    last_place: list[list[float]] = []
    heard: list[int] = []
    for k, (now, here) in enumerate(zip(time_us.tolist(), xyz.tolist(), strict=True)):
        best, best_rank = -1, (True, 0.0)
        for number, (then, there) in enumerate(zip(last_time, last_place, strict=True)):
            x, y, z = here[0] - there[0], here[1] - there[1], here[2] - there[2]
            rank = (heard[number] < settings.min_chain_fixes, math.sqrt(x * x + y * y + z * z))
            if rank[1] <= speed * (now - then) / 1e6 + slack and (best < 0 or rank < best_rank):
                best, best_rank = number, rank
        if best < 0:
            best = len(last_time)
            if best == _FEW_CHAINS:
                return None
            last_time.append(now)
            last_place.append(here)
            heard.append(1)
        else:
            heard[best] += now > last_time[best]
            last_time[best], last_place[best] = now, here
        chain[k] = best
    return chain


def _assign_many(time_us: Ints, xyz: Floats, settings: CleanSettings) -> Ints:
    """Assign with arrays over the chains."""
    speed, slack = settings.max_speed_kn * KNOT_MPS, settings.jump_slack_m
    chain = np.zeros(time_us.size, dtype=np.int64)
    last_time, heard = np.zeros(16, dtype=np.int64), np.zeros(16, dtype=np.int64)
    last_place, n = np.zeros((16, 3)), 0
    for k, now in enumerate(time_us.tolist()):
        step = norm(last_place[:n] - xyz[k])
        near = step <= speed * (now - last_time[:n]) / 1e6 + slack
        firm = near & (heard[:n] >= settings.min_chain_fixes)
        pick = np.flatnonzero(firm if firm.any() else near)
        if pick.size:
            best = int(pick[np.argmin(step[pick])])
            heard[best] += now > last_time[best]
        else:
            if n == last_time.size:
                last_time, heard = np.resize(last_time, 2 * n), np.resize(heard, 2 * n)
                last_place = np.vstack([last_place, last_place])
            best, n = n, n + 1
            heard[best] = 1
        last_time[best], last_place[best], chain[k] = now, xyz[k], best
    return chain


def times_heard(time_us: Ints, chain: Ints) -> Ints:
    """Return at how many different times each fix's chain was heard, shape (n,)."""
    order = np.lexsort((time_us, chain))
    fresh = np.ones(chain.size, dtype=np.int64)
    fresh[1:] = (chain[order[1:]] != chain[order[:-1]]) | (time_us[order[1:]] != time_us[order[:-1]])
    counts: Ints = np.bincount(chain[order], fresh).astype(np.int64)[chain]
    return counts


def group_hulls(time_us: Ints, chain: Ints) -> Ints:
    """Give chains that overlap in time to different hulls; return the hull number per fix, shape (n,).

    A chain that begins after every fix of another has ended may be the same hull after a jump (a spoofed or
    faulty position): it joins the hull that fell silent last.
    """
    order = np.argsort(chain, kind="stable")
    numbers, first = np.unique(chain[order], return_index=True)
    begin = time_us[order[first]]
    end = time_us[order[np.append(first[1:], chain.size) - 1]]
    hull_of = np.zeros(numbers.size, dtype=np.int64)
    free: list[tuple[int, int]] = []
    hulls = 0
    for k in np.lexsort((numbers, begin)).tolist():
        # Hulls wait sorted by their end; of those that ended at one time the lowest number comes last.
        spot = bisect_left(free, (int(begin[k]), -hulls - 1)) - 1
        if spot >= 0:
            hull = -free.pop(spot)[1]
        else:
            hull, hulls = hulls, hulls + 1
        hull_of[k] = hull
        insort(free, (int(end[k]), -hull))
    grouped: Ints = hull_of[np.searchsorted(numbers, chain)]
    return grouped
