"""How likely each possible partner is among those that could have been: a sum of points that can be read.

Points are natural log-odds, rounded from two logistic regressions on simulated months (`stsdetect simulate --preset
dark-month`, seeds 11, 21 and 22), true partners against all that could have been; where a simulated sea cannot know
(verdicts, vessels without a type, earlier meetings) they are our judgement. What was tried and did not help: how often
a hull falls silent otherwise, how long its other silences are, how many reports went missing, the size of the reach.

Nothing here looks at zones, shores or ports: those say how much a place matters, not who was there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stsdetect.detect.dark_parties import NONE, OTHER, Party, Silent
from stsdetect.kernels.sphere import Bools, Floats, Ints, course_deg, distance_m
from stsdetect.units import KNOT_MPS, US_PER_S


@dataclass(frozen=True)
class Weights:
    """Points of one silence and of two parties together.

    Attributes
    ----------
    verdict
        By verdict as `dark_parties.VERDICTS`: a silence amid healthy reception is chosen, one in an outage is not.
    heading
        The course before the silence points to the place; the course after it points away from there. Each at best;
        the opposite at worst.
    still
        The hull lay still before and after at one place: it probably never left.
    hurry
        It would have had to sail faster than usual without any stop.
    never_back
        It was not heard again: silences to the end of the data fit everything.
    near
        For each doubling of the way over the place, from 5 km.
    time
        The time to spare is as long as the stay it is to explain; against, where the two differ ninefold.
    lost
        Share of the silence that sailing straight on does not explain.
    share
        For each doubling of the share that they could have been together of the two silences (their geometric mean).
    opposite, alike, same, one
        Draughts changed opposite ways; by like volumes, at best; the same way; of one only, as far as known.
    types
        Two tankers; a tanker and one that shows no type; a tanker and another ship; none shows a type; one shows none.
    met
        They were seen to meet in the data.
    """

    verdict: tuple[float, float, float, float]
    heading: float
    still: float
    hurry: float
    never_back: float
    near: float
    time: float
    lost: float
    share: float
    opposite: float
    alike: float
    same: float
    one: float
    types: tuple[float, float, float, float, float]
    met: float


#: A visible hull and a silent one: the place is known well, and so is where courses point.
ONE_DARK = Weights(
    verdict=(0.3, 0.0, -0.2, -1.0), heading=2.2, still=-1.0, hurry=-1.75, never_back=-1.2, near=-0.35, time=0.8,
    lost=0.0, share=0.0, opposite=0.7, alike=2.3, same=-0.5, one=1.5, types=(0.8, 0.4, 0.2, 0.0, -0.5), met=1.0,
)  # fmt: skip
#: Two silent hulls: the place is a guess, but the times of both must agree.
BOTH_DARK = Weights(
    verdict=(0.3, 0.0, -0.2, -1.0), heading=0.9, still=-2.0, hurry=-1.75, never_back=-2.5, near=-0.27, time=0.4,
    lost=0.75, share=1.5, opposite=0.4, alike=3.2, same=-0.8, one=1.5, types=(1.8, 0.9, 0.4, 0.0, -0.5), met=1.0,
)  # fmt: skip

#: Courses count from this speed [kn] and this far from the place [m]; nearer by, a hull manoeuvres.
_HEADING_KN, _HEADING_M = 2.0, 3_000.0
#: Ratio of time to spare and stay at which `Weights.time` is nothing.
_TIME_RATIO = 3.0
#: Ways shorter than this are as good as none [m].
_NEAR_M = 5_000.0
#: Who lies still is slower than this [kn], and stays within this [m].
_STILL_KN, _STILL_M = 1.0, 2_000.0
#: Draughts are typed in tenths of a metre: less is no change [m].
_DRAUGHT_M = 0.15
#: Usual speed [kn] where a hull was not seen to sail: product tankers make 11-14 kn laden (see `reference.speeds`).
_USUAL_KN, _SAILS_KN = 12.0, 5.0


def may_pair(one: Ints, other: Ints) -> Bools:
    """Tell which crafts could do business: one at least must be a tanker or show no type."""
    able: Bools = (one != NONE) & (other != NONE) & ~((one == OTHER) & (other == OTHER))
    return able


def usual_kn(silent: Silent) -> Floats:
    """Return the speed each hull sails at [kn]: as seen around the silence, or what is usual."""
    seen = np.fmax(silent.speed_before_kn, silent.speed_after_kn)
    seen = np.where(seen >= _SAILS_KN, seen, _USUAL_KN)
    return np.minimum(seen, silent.max_kn)


def spare_s(silent: Silent, place_xyz: Floats) -> Floats:
    """Return what the way over a place at the usual speed leaves of each silence [s]; less than 0: too little."""
    return _length_s(silent) - _way_m(silent, place_xyz) / (usual_kn(silent) * KNOT_MPS)


def silence_points(silent: Silent, place_xyz: Floats, weights: Weights) -> Floats:
    """Return the points of each silence for having been spent at a place, whoever else was there, shape (n,)."""
    straight = np.nan_to_num(distance_m(silent.place_xyz, silent.after_xyz))
    lost = np.clip(1.0 - straight / (usual_kn(silent) * KNOT_MPS * _length_s(silent)), 0.0, 1.0)
    near = np.log2(np.maximum(_way_m(silent, place_xyz), _NEAR_M) / _NEAR_M)
    points: Floats = np.array(weights.verdict)[silent.verdict] + weights.heading * _heading(silent, place_xyz)
    points = points + weights.near * near + weights.lost * lost
    points = points + np.where(spare_s(silent, place_xyz) < 0, weights.hurry, 0.0)
    points = points + np.where(np.isnan(silent.after_xyz[:, 0]), weights.never_back, 0.0)
    return points + np.where(_lay_still(silent), weights.still, 0.0)


def _length_s(silent: Silent) -> Floats:
    length: Floats = (silent.end_us - silent.start_us) / US_PER_S
    return length


def _way_m(silent: Silent, place_xyz: Floats) -> Floats:
    return distance_m(silent.place_xyz, place_xyz) + np.nan_to_num(distance_m(place_xyz, silent.after_xyz))


def _heading(silent: Silent, place_xyz: Floats) -> Floats:
    """Return how much hulls sailed towards the place before, and away from it after: -2..2."""
    towards = np.zeros(silent.size)
    for course, speed, heard_xyz, turn in (
        (silent.course_before_deg, silent.speed_before_kn, silent.place_xyz, 0.0),
        (silent.course_after_deg, silent.speed_after_kn, silent.after_xyz, 180.0),
    ):
        known = (speed >= _HEADING_KN) & ~np.isnan(course) & (distance_m(heard_xyz, place_xyz) >= _HEADING_M)
        off = np.radians(course - course_deg(heard_xyz, place_xyz) - turn)
        towards += np.where(known, np.cos(off), 0.0)
    return towards


def _lay_still(silent: Silent) -> Bools:
    near = distance_m(silent.place_xyz, silent.after_xyz) <= _STILL_M
    still: Bools = near & (silent.speed_before_kn < _STILL_KN) & (silent.speed_after_kn < _STILL_KN)
    return still


def time_points(spare: Floats, stay_s: Floats, weights: Weights) -> Floats:
    """Return points for how well the time to spare [s] agrees with the stay it is to explain, shape (n,)."""
    some = np.minimum(spare, stay_s) > 0
    ratio = np.where(some, spare, 1.0) / np.where(some, stay_s, 1.0)
    alike = np.clip(1.0 - np.abs(np.log(ratio)) / np.log(_TIME_RATIO), -1.0, 1.0)
    points: Floats = weights.time * np.where(some, alike, -1.0)
    return points


def share_points(one: Silent, other: Silent, stay_max_s: Floats, weights: Weights) -> Floats:
    """Return points for how much of two silences they could have been together, shape (n,)."""
    share = np.maximum(stay_max_s, 1.0) / np.sqrt(_length_s(one) * _length_s(other))
    points: Floats = weights.share * np.log2(share)
    return points


def pair_points(one: Party, other: Party, met: Bools, weights: Weights) -> Floats:
    """Return the points two hulls have together: draughts, types, and whether they were seen to meet."""
    two, tanker_unknown, tanker_other, unknown, unknown_other = weights.types
    # Rows and columns: tanker, unknown, other, none.
    table = np.zeros((4, 4))
    table[:3, :3] = [
        [two, tanker_unknown, tanker_other],
        [tanker_unknown, unknown, unknown_other],
        [tanker_other, unknown_other, 0.0],
    ]
    points: Floats = _draughts(one, other, weights) + table[one.craft, other.craft]
    return points + np.where(met, weights.met, 0.0)


def _draughts(one: Party, other: Party, weights: Weights) -> Floats:
    """Points for changes of draught; what was not typed in is no evidence."""
    first, second = (np.nan_to_num(party.draught_change_m) for party in (one, other))
    moved_1, moved_2 = np.abs(first) >= _DRAUGHT_M, np.abs(second) >= _DRAUGHT_M
    # What a metre of draught carries grows with the square of the length.
    volumes = np.abs(first) * one.length_m**2, np.abs(second) * other.length_m**2
    alike = np.minimum(*volumes) / np.maximum(np.maximum(*volumes), 1e-9)
    alike = np.where(np.isnan(alike), 0.5, alike)
    both = np.where(first * second < 0, weights.opposite + weights.alike * alike, weights.same)
    return np.where(moved_1 & moved_2, both, np.where(moved_1 | moved_2, weights.one, 0.0))
