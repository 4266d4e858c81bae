"""From the counts around silences to verdicts, and their reasons in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats, Ints

#: Hull-hours needed before it is said how well a place is heard (our choice).
LEAST_FOLLOWED = 20
#: Of hull-hours this share must be followed by another for a place to be heard well; below the other it is thin. Our
#: choice: a cell is crossed in about two hours, and in one on the edge of coverage every second crossing ends; in
#: simulated months 0.98 in place of 0.95 left out half of the silences called dark that reception had caused, and one
#: in fifty of those switched off.
WELL_SHARE, THIN_SHARE = 0.98, 0.8
#: ... and for a hull that is not class A, which is heard less far than most others there (2 W or 5 W against 12.5 W,
#: lower aerials).
WELL_SHARE_B = 0.99
#: Chance below which so few others heard again are no chance, and mean that the neighbourhood fell silent, too.
TAIL = 0.01
#: Below this chance fewer were heard again than usual: something ailed the reception, and nothing is called dark.
USUAL_TAIL = 0.05
#: Others heard again, as a share, for dark, and at most for an outage (our choice).
STILL_SHARE, FELL_SHARE = 0.8, 0.5
#: Own fixes per hour at least, as a share of what they should be (our choice), and own fixes that the silence, at
#: most six hours of it, would have held: none of 5 comes by chance in 0.7 % of cases (Poisson).
OWN_SHARE, OWN_FIXES = 0.75, 5.0
JUDGED_H = 6.0
#: Of hull-hours where the hull would have been this share must be followed by one in the next hour (our choice: below
#: it satellites hear most, and a silence is one of theirs; in simulated months two in three of those called dark that
#: reception had caused were there, of those switched off in harbours and at anchor three in a thousand).
HOURLY_SHARE = 0.9
#: ... and in any two hours of the silence at least this share of as many as usual must have been heard so (our choice:
#: in an outage that begins later, or into which the hull sails, hardly any; on a quiet night half).
MEANWHILE_SHARE = 1 / 3
#: Below this share of the hull-hours around the last fix, where the hull was heading is hardly heard (our choice).
AHEAD_SHARE = 0.05


class Why(IntEnum):
    """Why a silence got its verdict."""

    DARK = 0
    OUTAGE = 1
    SELDOM = 2
    OWN = 3
    AHEAD = 4
    NO_HOUR = 5
    PLACELESS = 6
    FEW = 7
    NEW = 8
    MIXED = 9
    APART = 10
    JAMMED = 11
    HEADING = 12
    BESIDE = 14
    BEYOND = 15
    UNSTEADY = 16
    QUIET = 17
    ANOTHER = 18
    #: Before it is known whether those that fell silent came back together.
    TOGETHER = 13

    @property
    def verdict(self) -> str:
        """The word for it."""
        if self in (Why.SELDOM, Why.OWN, Why.AHEAD, Why.BEYOND):
            return "thin"
        return {Why.DARK: "dark", Why.OUTAGE: "outage"}.get(self, "unknown")


@dataclass(frozen=True)
class Facts:
    """What was counted around each silence; arrays of shape (n,).

    Attributes
    ----------
    whole_hours, hours
        UTC hours of its first six that lie inside it, and its length [h].
    placeless
        Whether the hull was heard without a place meanwhile.
    own_per_h, usual_per_h
        Fixes of the hull before it, and reports its class and speed should give [1/h].
    own_known, own_steady
        Whether the data begin an hour or more before it, and whether the hull was heard in each hour of the three
        before it, as far as the data reach.
    class_a
        Whether it is known to be class A.
    before, again, during
        Other hulls around the last fix before, those of them heard again, and hulls around it during the silence.
    hull_hours, fixes
        Around the last fix, over the window of days.
    followed, followed_again, here_followed, here_again
        Hull-hours around, and in the cell of, the last fix whose six hours after are known, and those of them heard
        again within as many hours as are judged; those of the silence's own beginning left out.
    ahead_near, ahead_during, ahead_share
        Hull-hours over the window of days around the cells on its course, rows there during the silence (-1 where it
        had no way on), and ``share`` there (NaN where too little is known): the least of its first hours.
    hourly_share, usual_share
        Around where it would have been in its first hours: hull-hours that are followed by one in the next hour, on all
        days, and those in these very hours, as a share of the usual number; the least (1 where nobody asked).
    """

    whole_hours: Ints
    hours: Floats
    placeless: Bools
    own_per_h: Floats
    own_known: Bools
    own_steady: Bools
    class_a: Bools
    usual_per_h: Floats
    before: Ints
    again: Ints
    during: Ints
    hull_hours: Ints
    fixes: Ints
    followed: Ints
    followed_again: Ints
    here_followed: Ints
    here_again: Ints
    ahead_near: Ints
    ahead_during: Ints
    ahead_share: Floats
    hourly_share: Floats
    usual_share: Floats

    @classmethod
    def joined(cls, parts: list[Facts], order: Ints) -> Facts:
        """Put parts together that hold the silences ``order``, one after the other."""
        back = np.argsort(order)
        return cls(*(np.concatenate([getattr(p, name) for p in parts])[back] for name in cls.__dataclass_fields__))

    @property
    def share(self) -> Floats:
        """How often hulls are heard again there, as a share; of the cell itself where it is known well enough."""
        return share_again(self.here_followed, self.here_again, self.followed, self.followed_again)

    @property
    def chance(self) -> Floats:
        """``share`` as the chance of each hull to be heard again: a share of 1 leaves room for one more."""
        return np.minimum(self.share, self.followed / (self.followed + 1.0))

    @property
    def expected_per_h(self) -> Floats:
        """What class and speed should give, or others there give, whichever is less [1/h]."""
        return np.minimum(self.usual_per_h, self.fixes / np.maximum(self.hull_hours, 1))


def share_again(here: Ints, here_again: Ints, around: Ints, around_again: Ints) -> Floats:
    """Return which share of hull-hours is followed by another, in the cell itself where that is known well enough."""
    own = here >= LEAST_FOLLOWED
    share: Floats = np.where(own, here_again, around_again) / np.maximum(np.where(own, here, around), 1)
    return share


def verdicts(facts: Facts, min_hulls: int) -> Ints:
    """Return why each silence gets its verdict (`Why`), the first that holds, shape (n,)."""
    from scipy.special import bdtr

    share, known = facts.share, facts.followed >= LEAST_FOLLOWED
    # One other that fell silent, too, may hide with it, where all the rest was heard again: then it tells nothing. That
    # the rest was heard on from hour to hour must show that the receivers were well.
    two = (facts.before - facts.again == 1) & (facts.again >= min_hulls)
    others = facts.before - two
    # Of `before` hulls, each heard again with its chance, so few by chance?
    tail = bdtr(facts.again.astype(np.float64), np.maximum(facts.before, 0), facts.chance)
    fell = (facts.before >= 2) & (tail < TAIL) & (facts.again <= FELL_SHARE * facts.before)
    own_poor = (facts.own_per_h < OWN_SHARE * facts.expected_per_h) | ~facts.own_steady
    own_poor |= facts.own_per_h * np.minimum(facts.hours, JUDGED_H) < OWN_FIXES
    moving = facts.ahead_near >= 0
    well = np.where(facts.class_a, WELL_SHARE, WELL_SHARE_B)
    cases = [
        (Why.NO_HOUR, facts.whole_hours < 1),
        (Why.PLACELESS, facts.placeless),
        (Why.SELDOM, known & (share < THIN_SHARE)),
        (Why.TOGETHER, known & fell),
        (Why.OWN, own_poor & facts.own_known),
        (Why.NEW, ~facts.own_known),
        (Why.AHEAD, moving & known & (facts.ahead_near < AHEAD_SHARE * facts.hull_hours)),
        (Why.BEYOND, moving & (facts.ahead_share < THIN_SHARE)),
        (Why.FEW, (facts.before < min_hulls) | (facts.during < min_hulls)),
        (Why.NEW, ~known),
        (Why.MIXED, (facts.again < STILL_SHARE * others) | (tail < USUAL_TAIL) & ~two | (share < well)),
        (Why.HEADING, moving & (~(facts.ahead_share >= well) | (facts.ahead_during < 1))),
        (Why.UNSTEADY, facts.hourly_share < np.where(two & (tail < USUAL_TAIL), WELL_SHARE, HOURLY_SHARE)),
        (Why.QUIET, facts.usual_share < MEANWHILE_SHARE),
    ]
    return np.select([mask for _, mask in cases], [int(why) for why, _ in cases], int(Why.DARK))


def evidence(facts: Facts, why: Ints) -> list[str]:
    """Say in a sentence what each verdict goes by."""
    share, expected = facts.share, facts.expected_per_h
    texts = []
    for k in range(why.size):
        before, again, hours = int(facts.before[k]), int(facts.again[k]), int(facts.whole_hours[k])
        during, own = int(facts.during[k]), facts.own_per_h[k]
        span = "hour" if hours == 1 else f"{hours} hours"
        others = (
            f"{again} of {before} other hulls heard around it just before were heard again in the first whole {span} "
            f"of the silence, and {during} were heard around there"
            if before > 0
            else f"no other hull was heard around it just before, and {during} in the first whole {span} of the silence"
        )
        itself = f"the hull itself had been heard {own:.1f} times an hour"
        rate = f"{own:.1f} times an hour{'' if facts.own_steady[k] else ', and not in every hour'}"
        usual = f"{share[k]:.0%} of {_known(facts, k)} hull-hours there are followed by another within {hours} h"
        texts.append(
            {
                Why.DARK: f"{others}; {itself}; {usual}",
                Why.OUTAGE: f"it began with an outage: {others}",
                Why.BESIDE: f"in or beside an area of outage; {others}",
                Why.SELDOM: f"the place is not heard on well: only {usual}; {others}",
                Why.OWN: f"itself heard too seldom to be missed: {rate}, where {expected[k]:.1f} is usual; {others}",
                Why.AHEAD: f"hardly anyone is ever heard where it was heading: {int(facts.ahead_near[k])} hull-hours "
                f"in the days around, {int(facts.hull_hours[k])} around its last fix; {others}",
                Why.NO_HOUR: "the silence holds no whole UTC hour to be judged by",
                Why.PLACELESS: "the hull was heard meanwhile, though without a position that could be believed",
                Why.ANOTHER: f"another hull was heard on its MMSI meanwhile; {others}",
                Why.FEW: f"too few others to judge by: {others}",
                Why.NEW: f"the data are too short to tell how well the place is heard; {others}",
                Why.MIXED: f"not clear: {others}; {usual}",
                Why.APART: f"many fell silent, but not as in an outage: {others}",
                Why.JAMMED: f"in or beside an area of jamming; {others}",
                Why.HEADING: f"it is not known how well it is heard where it was heading; {others}",
                Why.BEYOND: f"where it was heading only {facts.ahead_share[k]:.0%} of hull-hours are followed "
                f"by another within {hours} h; {others}",
                Why.UNSTEADY: "not heard from hour to hour where it would have been: only "
                f"{facts.hourly_share[k]:.0%} of hull-hours are followed by one in the next hour; {others}",
                Why.QUIET: f"around where it would have been hardly anyone was heard in some of these hours: "
                f"{facts.usual_share[k]:.0%} of as many as usual; {others}",
                Why.TOGETHER: others,
            }[Why(int(why[k]))]
        )
    return texts


def _known(facts: Facts, k: int) -> int:
    here = int(facts.here_followed[k])
    return here if here >= LEAST_FOLLOWED else int(facts.followed[k])
