"""How likely each possible partner is among those that could have been: a sum of points that can be read.

All numbers are our choice, in units of natural log-odds, to be tuned by the evaluation on simulated months. Nothing
here looks at zones, shores or ports: those say how much a place matters, not who was there.
"""

from __future__ import annotations

import numpy as np

from stsdetect.detect.dark_parties import NONE, OTHER, Party, Silent
from stsdetect.kernels.sphere import Bools, Floats, Ints, course_deg, distance_m
from stsdetect.units import KNOT_MPS, US_PER_S

#: By verdict, as `dark_parties.VERDICTS`: a silence amid healthy reception is chosen, one in an outage is not.
VERDICT_POINTS = np.array([1.0, 0.0, -0.5, -2.0])
#: A hull that falls silent every day says little by one more silence: points per doubling of silences in 30 days.
HABIT_POINTS, HABIT_MOST = -0.3, -1.2
#: How much of the sea, for how long, the silence could have been spent in: had the hull no part in it, the chance
#: that a given place and hour lies in its reach grows as the size of that reach. Half the log of the ratio counts,
#: because who meets in the dark also plans for slack.
ROOM_POINTS, ROOM_MOST = -0.5, 2.0
#: ... measured against a silence of 12 h whose reach has a radius of 100 km.
_ROOM_S, _ROOM_M = 43_200.0, 100_000.0
#: A reach is not narrower than this [m]: who knows a hull's speed so well?
_LEAST_ROOM_M = 5_000.0
#: The course before the silence points to the place, that after it away from there: points at best, each.
HEADING_POINTS = 0.8
#: Courses count from this speed [kn] and this far from the place [m]; nearer by, a hull manoeuvres.
_HEADING_KN, _HEADING_M = 2.0, 3_000.0
#: What sailing at the usual speed leaves of the silence is as long as the stay it is to explain: points at best, none
#: where one is three times the other, their negative from nine on or where nothing is left.
TIME_POINTS, TIME_RATIO = 1.0, 3.0
#: Who lay still before and after the silence at one place probably never left it.
STILL_POINTS = -1.0
_STILL_KN, _STILL_M = 1.0, 2_000.0
#: Draughts changed across it: opposite ways and by like volumes, at best; the same way; of one only, as far as known.
DRAUGHT_OPPOSITE, DRAUGHT_SAME, DRAUGHT_ONE = 2.0, -1.0, 0.5
#: Draughts are typed in tenths of a metre: less is no change.
_DRAUGHT_M = 0.15
#: By types: two tankers, a tanker and one that shows none, two that show none, and with other ships.
_TYPE_POINTS = np.array([[1.0, 0.5, 0.0, 0.0], [0.5, 0.0, -0.5, 0.0], [0.0, -0.5, -2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
#: They were seen to meet in the data.
HISTORY_POINTS = 1.0
#: Usual speeds [kn] where a hull was not seen to sail: product tankers make 11-14 kn laden (see `reference.speeds`).
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
    length = (silent.end_us - silent.start_us) / US_PER_S
    back = np.nan_to_num(distance_m(place_xyz, silent.after_xyz))
    return length - (distance_m(silent.place_xyz, place_xyz) + back) / (usual_kn(silent) * KNOT_MPS)


def silence_points(silent: Silent, place_xyz: Floats) -> Floats:
    """Return the points of each silence for having been spent at a place, whoever else was there, shape (n,)."""
    habit = np.maximum(HABIT_POINTS * np.log2(np.maximum(silent.n_like_it, 1)), HABIT_MOST)
    points: Floats = VERDICT_POINTS[silent.verdict] + habit + _room(silent) + _heading(silent, place_xyz)
    return points + _lay_still(silent)


def _room(silent: Silent) -> Floats:
    """Points for how small the reach of the silence is in space and time."""
    length = (silent.end_us - silent.start_us) / US_PER_S
    way = np.maximum(length * usual_kn(silent) * KNOT_MPS, 2.0 * _LEAST_ROOM_M)
    straight = np.minimum(np.nan_to_num(distance_m(silent.place_xyz, silent.after_xyz)), way)
    # Half axes of the ellipse of all places on the way; without an end it is a circle twice as wide.
    never_back = np.isnan(silent.after_xyz[:, 0])
    long = np.where(never_back, way, way / 2.0)
    short = np.where(never_back, way, np.maximum(np.sqrt(way * way - straight * straight) / 2.0, _LEAST_ROOM_M))
    size = np.log(long * short / _ROOM_M**2) + np.log(np.maximum(length, 1.0) / _ROOM_S)
    return np.clip(ROOM_POINTS * size, -ROOM_MOST, ROOM_MOST)


def _heading(silent: Silent, place_xyz: Floats) -> Floats:
    """Points for sailing towards the place before, and away from it after."""
    points = np.zeros(silent.size)
    for course, speed, heard_xyz, turn in (
        (silent.course_before_deg, silent.speed_before_kn, silent.place_xyz, 0.0),
        (silent.course_after_deg, silent.speed_after_kn, silent.after_xyz, 180.0),
    ):
        known = (speed >= _HEADING_KN) & ~np.isnan(course) & (distance_m(heard_xyz, place_xyz) >= _HEADING_M)
        off = np.radians(course - course_deg(heard_xyz, place_xyz) - turn)
        points += np.where(known, HEADING_POINTS * np.cos(off), 0.0)
    return points


def _lay_still(silent: Silent) -> Floats:
    near = distance_m(silent.place_xyz, silent.after_xyz) <= _STILL_M
    still = near & (silent.speed_before_kn < _STILL_KN) & (silent.speed_after_kn < _STILL_KN)
    return np.where(still, STILL_POINTS, 0.0)


def time_points(spare: Floats, stay_s: Floats) -> Floats:
    """Return points for how well the time to spare [s] agrees with the stay it is to explain, shape (n,)."""
    some = np.minimum(spare, stay_s) > 0
    ratio = np.where(some, spare, 1.0) / np.where(some, stay_s, 1.0)
    share = np.clip(1.0 - np.abs(np.log(ratio)) / np.log(TIME_RATIO), -1.0, 1.0)
    points: Floats = TIME_POINTS * np.where(some, share, -1.0)
    return points


def pair_points(one: Party, other: Party, met: Bools) -> Floats:
    """Return the points two hulls have together: draughts, types, and whether they were seen to meet."""
    types = _TYPE_POINTS[one.craft, other.craft]
    points: Floats = _draughts(one, other) + types + np.where(met, HISTORY_POINTS, 0.0)
    return points


def _draughts(one: Party, other: Party) -> Floats:
    """Points for changes of draught; what was not typed in is no evidence."""
    first, second = (np.nan_to_num(party.draught_change_m) for party in (one, other))
    moved_1, moved_2 = np.abs(first) >= _DRAUGHT_M, np.abs(second) >= _DRAUGHT_M
    # What a metre of draught carries grows with the square of the length.
    volumes = np.abs(first) * one.length_m**2, np.abs(second) * other.length_m**2
    alike = np.minimum(*volumes) / np.maximum(np.maximum(*volumes), 1e-9)
    alike = np.where(np.isnan(alike), 0.5, alike)
    both = np.where(first * second < 0, DRAUGHT_OPPOSITE * (0.5 + 0.5 * alike), DRAUGHT_SAME)
    return np.where(moved_1 & moved_2, both, np.where(moved_1 | moved_2, DRAUGHT_ONE, 0.0))
