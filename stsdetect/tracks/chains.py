"""One MMSI on two hulls becomes two chains: every fix goes to the chain it can have come from."""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats, Ints, norm
from stsdetect.settings import CleanSettings
from stsdetect.units import KNOT_MPS


def impossible_steps(key: Ints, time_us: Ints, xyz: Floats, settings: CleanSettings) -> Bools:
    """Mark fixes that cannot be reached from the fix before of the same key, shape (n,)."""
    result = np.zeros(key.size, dtype=np.bool_)
    if key.size > 1:
        step = norm(xyz[1:] - xyz[:-1])
        seconds = (time_us[1:] - time_us[:-1]) / 1e6
        allowed = settings.max_speed_kn * KNOT_MPS * seconds + settings.jump_slack_m
        result[1:] = (key[1:] == key[:-1]) & (step > allowed)
    return result


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
    speed, slack = settings.max_speed_kn * KNOT_MPS, settings.jump_slack_m
    chain = np.zeros(time_us.size, dtype=np.int64)
    last_time: list[int] = []
    last_place: list[list[float]] = []
    heard: list[int] = []
    for k, (now, here) in enumerate(zip(time_us.tolist(), xyz.tolist(), strict=True)):
        best, best_rank = -1, (True, 0.0)
        for number, (then, there) in enumerate(zip(last_time, last_place, strict=True)):
            step = sum((p - q) ** 2 for p, q in zip(here, there, strict=True)) ** 0.5
            rank = (heard[number] < settings.min_chain_fixes, step)
            if step <= speed * (now - then) / 1e6 + slack and (best < 0 or rank < best_rank):
                best, best_rank = number, rank
        if best < 0:
            best = len(last_time)
            last_time.append(now)
            last_place.append(here)
            heard.append(1)
        else:
            heard[best] += now > last_time[best]
            last_time[best], last_place[best] = now, here
        chain[k] = best
    return chain


def times_heard(time_us: Ints, chain: Ints) -> Ints:
    """Return at how many different times each fix's chain was heard, shape (n,)."""
    both = np.unique(np.stack([chain, time_us], axis=1), axis=0)
    counts: Ints = np.bincount(both[:, 0])[chain]
    return counts


def group_hulls(time_us: Ints, chain: Ints) -> Ints:
    """Give chains that overlap in time to different hulls; return the hull number per fix, shape (n,).

    A chain that begins after every fix of another has ended may be the same hull after a jump (a spoofed or
    faulty position): it joins the hull that fell silent last.
    """
    numbers = np.unique(chain)
    first = {number: int(time_us[chain == number][0]) for number in numbers.tolist()}
    last = {number: int(time_us[chain == number][-1]) for number in numbers.tolist()}
    hull_end: list[int] = []
    hull_of: dict[int, int] = {}
    for number in sorted(first, key=lambda n: (first[n], n)):
        free = [h for h, end in enumerate(hull_end) if end < first[number]]
        if free:
            hull = max(free, key=lambda h: (hull_end[h], -h))
        else:
            hull = len(hull_end)
            hull_end.append(0)
        hull_end[hull] = last[number]
        hull_of[number] = hull
    return np.array([hull_of[number] for number in chain.tolist()], dtype=np.int64)
