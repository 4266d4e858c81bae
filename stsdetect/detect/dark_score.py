"""How likely each possible partner is among those that could have been: a sum of points that can be read.

Points are natural log-odds, rounded from logistic regressions on simulated months (``python -m tests.evaluate.fit``,
seeds 11 to 18), true partners against all that could have been and are not far out of the running; where a simulated
sea cannot know (verdicts, vessels without a type, earlier meetings) they are our judgement. What was tried and did not
help beside the rest: how many reports went missing, the size of the reach. The length of a silence would tell more, as
would how rare it is for its hull, but in a simulation that is only what was put into it.

Nothing here looks at zones, shores or ports: those say how much a place matters, not who was there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from stsdetect.detect.courses import Bound, crossings
from stsdetect.detect.dark_parties import NONE, OTHER, STILL_M, TANKER, UNKNOWN, VERDICTS, Party, Visible
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m
from stsdetect.units import KNOT_MPS, US_PER_S


@dataclass(frozen=True)
class Weights:
    """Points of one silence and of two parties together; each is what one whole of the term of its name is worth.

    Attributes
    ----------
    dark, unknown, thin, outage
        A silence judged so: one amid healthy reception is chosen, one in an outage is not.
    heading
        The course before the silence points to the place; the course after it points away from there: the cosine of
        each, so that the opposite speaks against.
    passes
        Each of these courses leads straight over the place.
    third, fourth
        The third best and the worst of the four courses of two silent hulls do: two ways cross somewhere, four seldom.
    agree
        The times that each could be at the place, at its usual speed, are about the same; of a visible hull, the time
        that it lay there.
    unfit
        That time is shorter or longer than a transfer takes; a hull that would have had to hurry had none.
    long
        For each doubling of that time beyond 12 h: days on end fit everything.
    short
        For each halving of the way over the place below 80 km: who hides where it goes falls silent well before.
    far
        For each doubling of that way beyond 400 km: the farther a hull can have gone, the more it can have met.
    lost
        Share of the silence that sailing straight on does not explain.
    round_trip
        The hull was heard again about where it was last heard: it can have been anywhere meanwhile.
    still
        The hull lay still before and after at one place: it probably never left.
    never_back
        It was not heard again: silences to the end of the data fit everything.
    opposite, alike, same, one
        Draughts changed opposite ways; by like volumes, at best; the same way; of one only, as far as known.
    tankers, tanker_unknown, tanker_other, unknown_other
        Two tankers; a tanker and one that shows no type; a tanker and another ship; another ship and one without type.
    met
        They were seen to meet in the data.
    """

    dark: float
    unknown: float
    thin: float
    outage: float
    heading: float
    passes: float
    third: float
    fourth: float
    agree: float
    unfit: float
    long: float
    short: float
    far: float
    lost: float
    round_trip: float
    still: float
    never_back: float
    opposite: float
    alike: float
    same: float
    one: float
    tankers: float
    tanker_unknown: float
    tanker_other: float
    unknown_other: float
    met: float


#: A visible hull and a silent one: the place is known well, and so is where courses point.
ONE_DARK = Weights(
    dark=0.3, unknown=0.0, thin=0.0, outage=-1.0, heading=0.1, passes=2.6, third=0.0, fourth=0.0, agree=3.2, unfit=-1.0,
    long=-0.5, short=0.0, far=-0.3, lost=0.3, round_trip=-0.8, still=-1.8, never_back=-0.9, opposite=-1.5, alike=6.0,
    same=-1.1, one=0.8, tankers=1.3, tanker_unknown=0.0, tanker_other=-0.5, unknown_other=-0.4, met=1.0,
)  # fmt: skip
#: Two silent hulls: the place is a guess, but the courses and times of both must agree.
BOTH_DARK = Weights(
    dark=0.3, unknown=0.0, thin=0.0, outage=-1.0, heading=0.0, passes=0.8, third=0.9, fourth=0.5, agree=2.6, unfit=-1.6,
    long=-0.3, short=-0.9, far=-0.6, lost=1.9, round_trip=-1.1, still=-2.2, never_back=-0.3, opposite=0.5, alike=3.0,
    same=-0.2, one=0.5, tankers=1.5, tanker_unknown=0.0, tanker_other=0.2, unknown_other=-0.2, met=1.0,
)  # fmt: skip

#: Ways from which on they say less: shorter, down to a sixteenth, and longer [m] (simulated months 11 to 18).
_SHORT_M, _FAR_M, _MOST_HALVINGS = 80_000.0, 400_000.0, 4.0
#: Hours left at a place to how badly a transfer fits them: 2 to 10 h alongside in published cases, and some to wait.
_UNFIT = ((0.0, 1.0), (4.0, 0.0), (18.0, 0.0), (30.0, 1.0))
#: Share of two times that they have in common to how well they agree: below a tenth any two do (months 11 to 18).
_AGREE = ((0.1, 0.0), (0.4, 1.0))
#: Who lies still is slower than this [kn].
_STILL_KN = 1.0
#: From this share of a silence that sailing straight on leaves, a hull came back to where it was (our choice).
_ROUND = 0.9
#: Draughts are typed in tenths of a metre: less is no change [m].
_DRAUGHT_M = 0.15
#: Times shorter than this have nothing in common worth a share [s].
_SHORT_S = 3600.0
#: Longer than a transfer takes [s]: 2 to 10 h alongside in published cases, and some to come and go.
_LONG_S = 43_200.0
#: What is worked out at once, which bounds memory.
_BATCH = 1 << 16

#: Terms by the names of their weights, shape (n,) each.
Terms = dict[str, Floats]


def may_pair(one: Ints, other: Ints) -> Bools:
    """Tell which crafts could do business: one at least must be a tanker or show no type."""
    able: Bools = (one != NONE) & (other != NONE) & ~((one == OTHER) & (other == OTHER))
    return able


def points(terms: Terms, weights: Weights) -> Floats:
    """Return the sum of terms by their weights, in the order of the weights, shape (n,)."""
    total: Floats = np.zeros(next(iter(terms.values())).size)
    for field in fields(weights):
        if field.name in terms:
            total = total + getattr(weights, field.name) * terms[field.name]
    return total


def one_dark_terms(visible: Visible, bound: Bound, met: Bools) -> Terms:
    """Return what speaks for each silent hull having lain beside a visible one, terms of shape (n,)."""
    place = visible.place_xyz
    before, after = bound.before, bound.after
    stays = visible.start_us / US_PER_S, visible.end_us / US_PER_S
    return {
        **_fixed_terms(visible, bound.silent, met),
        **_silence_terms(bound),
        **_place_terms(bound, place),
        "passes": before.passes(place) + after.passes(place),
        "agree": _agree(bound.times_s(place, bound.usual_mps), stays),
    }


def both_dark_terms(one: Bound, other: Bound, place_xyz: Floats, met: Bools) -> Terms:
    """Return what speaks for two silent hulls having met at a place, terms of shape (n,)."""
    return {
        **_fixed_terms(one.silent, other.silent, met),
        **_summed(_silence_terms(one), _silence_terms(other)),
        **_meeting_terms(one, other, place_xyz),
    }


def likeliest(one: Bound, other: Bound, place_xyz: Floats, weights: Weights, least_s: float, worth: float) -> Floats:
    """Return where two silent hulls would likeliest have met, vectors [m], shape (n, 3).

    Tried are the places given and those where their ways cross, as far as both could have been there at one time for
    ``least_s``. Pairs that could not get to ``worth`` points in all at any place keep the one given.
    """
    best = place_xyz.copy()
    sure = _summed(_silence_terms(one), _silence_terms(other)) | _fixed_terms(
        one.silent, other.silent, np.ones(len(best), dtype=np.bool_)
    )
    most = points(sure, weights) + _most(one, other, weights)
    rows = np.flatnonzero((most >= worth) & (one.n_known + other.n_known >= 2))
    for k in range(0, rows.size, _BATCH):
        some = rows[k : k + _BATCH]
        best[some] = _best_of(one.take(some), other.take(some), place_xyz[some], weights, least_s)
    return best


def _best_of(one: Bound, other: Bound, place_xyz: Floats, weights: Weights, least_s: float) -> Floats:
    best, most = place_xyz.copy(), points(_meeting_terms(one, other, place_xyz), weights)
    for place in crossings(one, other):
        some = np.flatnonzero(~np.isnan(place[:, 0]))
        a, b, here = one.take(some), other.take(some), place[some]
        fastest = [bound.times_s(here, bound.silent.max_kn * KNOT_MPS) for bound in (a, b)]
        possible = _common_s(*fastest) >= least_s
        some, a, b, here = some[possible], a.take(possible), b.take(possible), here[possible]
        got = points(_meeting_terms(a, b, here), weights)
        better = got > most[some]
        best[some[better]], most[some[better]] = here[better], got[better]
    return best


def _most(one: Bound, other: Bound, weights: Weights) -> Floats:
    """Return no less than the points that any place can give, shape (n,); unfit, long, short and far give none."""
    known = (one.n_known + other.n_known).astype(np.float64)
    most: Floats = known * (weights.heading + weights.passes) + weights.agree
    return most + np.where(known >= 3, weights.third, 0.0) + np.where(known >= 4, weights.fourth, 0.0)


def _summed(one: Terms, other: Terms) -> Terms:
    return {name: one[name] + other[name] for name in one}


def _meeting_terms(one: Bound, other: Bound, place_xyz: Floats) -> Terms:
    ways = np.stack([way.passes(place_xyz) for way in (one.before, one.after, other.before, other.after)])
    ways.sort(axis=0)
    agree = _agree(*(bound.times_s(place_xyz, bound.usual_mps) for bound in (one, other)))
    # Silences that run to the end of the data agree for no other reason.
    agree = np.where(one.silent.is_open & other.silent.is_open, 0.0, agree)
    terms = _summed(_place_terms(one, place_xyz), _place_terms(other, place_xyz))
    return terms | {"passes": ways.sum(axis=0), "third": ways[1], "fourth": ways[0], "agree": agree}


def _silence_terms(bound: Bound) -> Terms:
    """Return what is true of each silence wherever it was spent, shape (n,)."""
    silent = bound.silent
    length_s = (silent.end_us - silent.start_us) / US_PER_S
    straight = np.nan_to_num(distance_m(silent.place_xyz, silent.after_xyz))
    near = straight <= STILL_M
    still = near & (silent.speed_before_kn < _STILL_KN) & (silent.speed_after_kn < _STILL_KN)
    never_back = np.isnan(silent.after_xyz[:, 0])
    lost = np.clip(1.0 - straight / (bound.usual_mps * length_s), 0.0, 1.0)
    return {word: (silent.verdict == k).astype(np.float64) for k, word in enumerate(VERDICTS)} | {
        "lost": lost,
        "round_trip": np.where(never_back, 0.0, np.clip((lost - _ROUND) / (1.0 - _ROUND), 0.0, 1.0)),
        "still": (still & ~never_back).astype(np.float64),
        "never_back": never_back.astype(np.float64),
    }


def _place_terms(bound: Bound, place_xyz: Floats) -> Terms:
    arrives, leaves = bound.times_s(place_xyz, bound.usual_mps)
    way_m = bound.way_m(place_xyz)
    return {
        "heading": bound.before.heading(place_xyz) + bound.after.heading(place_xyz),
        "unfit": _bent((leaves - arrives) / 3600.0, _UNFIT),
        "long": np.log2(np.maximum(leaves - arrives, _LONG_S) / _LONG_S),
        "short": np.clip(np.log2(_SHORT_M / np.maximum(way_m, 1.0)), 0.0, _MOST_HALVINGS),
        "far": np.log2(np.maximum(way_m, _FAR_M) / _FAR_M),
    }


def _common_s(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    common: Floats = np.minimum(one[1], other[1]) - np.maximum(one[0], other[0])
    return common


def _agree(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Return how well two stretches of time [s] agree, by the share that they have in common, 0..1, shape (n,)."""
    whole = np.maximum(one[1], other[1]) - np.minimum(one[0], other[0])
    return _bent(_common_s(one, other) / np.maximum(whole, _SHORT_S), _AGREE)


def _bent(x: Floats, corners: tuple[tuple[float, float], ...]) -> Floats:
    """Interpolate between corners of rising x, flat beyond both ends, shape (n,)."""
    bent: Floats = np.interp(x, [corner[0] for corner in corners], [corner[1] for corner in corners])
    return bent


def _fixed_terms(one: Party, other: Party, met: Bools) -> Terms:
    """Return what two hulls have together: draughts, types, and whether they were seen to meet."""
    crafts = np.minimum(one.craft, other.craft), np.maximum(one.craft, other.craft)

    def both(lesser: int, greater: int) -> Floats:
        fits: Floats = ((crafts[0] == lesser) & (crafts[1] == greater)).astype(np.float64)
        return fits

    return _draughts(one, other) | {
        "tankers": both(TANKER, TANKER),
        "tanker_unknown": both(TANKER, UNKNOWN),
        "tanker_other": both(TANKER, OTHER),
        "unknown_other": both(UNKNOWN, OTHER),
        "met": met.astype(np.float64),
    }


def _draughts(one: Party, other: Party) -> Terms:
    """Compare changes of draught; what was not typed in is no evidence."""
    first, second = (np.nan_to_num(party.draught_change_m) for party in (one, other))
    moved_1, moved_2 = np.abs(first) >= _DRAUGHT_M, np.abs(second) >= _DRAUGHT_M
    # What a metre of draught carries grows with the square of the length.
    volumes = np.abs(first) * one.length_m**2, np.abs(second) * other.length_m**2
    alike = np.minimum(*volumes) / np.maximum(np.maximum(*volumes), 1e-9)
    alike = np.where(np.isnan(alike), 0.5, alike)
    opposite = (moved_1 & moved_2 & (first * second < 0)).astype(np.float64)
    return {
        "opposite": opposite,
        "alike": opposite * alike,
        "same": (moved_1 & moved_2 & (first * second > 0)).astype(np.float64),
        "one": (moved_1 ^ moved_2).astype(np.float64),
    }
