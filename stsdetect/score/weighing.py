"""What indicators found, weighed: correlated ones count less, and a lead is measured where it is strongest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from stsdetect.score.reasons import Found, Reason, Reasons, total, weighed
from stsdetect.score.registry import Finding, Indicator
from stsdetect.settings import ScoreSettings

C = TypeVar("C")
L = TypeVar("L")

#: What each further sign of a group counts of what the one before it counts. k signs of equal strength of which any two
#: correlate by r tell k / (1 + (k - 1) r) times what one of them tells (linear discriminant of normal variables): 1.5,
#: 1.8 and 2.0 times for two, three and four of them at r = 1/3, and 1.33, 1.5 and 1.6 times at r = 1/2. Halves (1.5,
#: 1.75, 1.88) lie between. Grouped is what correlated by a third or more over the leads of simulated months (seeds 11
#: to 18), or says the same thing twice.
FURTHER = 0.5


class Scored(NamedTuple, Generic[L]):
    """A lead measured at the strongest of its cases; ``number`` is that of its reasons among those kept."""

    lead: L
    number: int
    best: int
    log_odds: float


class Weighing(Generic[C]):
    """The indicators of one kind of lead with the weights they have now.

    Which of a group counts in full, and at which meeting a pair is measured, is decided by the profile's own weights:
    so changing a weight, or switching a group off, changes only what that weight multiplies.

    Parameters
    ----------
    indicators
        In the order in which they are asked and summed; the base term first.
    settings
        Weights changed on top of the profile's.
    """

    def __init__(self, indicators: Sequence[Indicator], settings: ScoreSettings) -> None:
        self._indicators = tuple(indicators)
        self._own = [float(settings.profile_weights.get(one.name, one.weight)) for one in indicators]
        self._weights = [
            float(settings.weights.get(one.name, own)) for one, own in zip(indicators, self._own, strict=True)
        ]
        self._groups = [settings.groups.get(one.name, one.group) for one in indicators]
        places = range(len(self._indicators))
        self._asked = [(place, self._indicators[place].measure) for place in places]
        self._of_meetings = [asked for asked in self._asked if not self._indicators[asked[0]].per_pair]
        self._of_pairs = [asked for asked in self._asked if self._indicators[asked[0]].per_pair]
        self._kept = Reasons(indicators)

    def score(
        self,
        lead: L,
        cases: Sequence[C],
        order: Callable[[C], Any],
        which: Callable[[C, Finding], Finding] | None = None,
    ) -> Scored[L]:
        """Measure a lead at the strongest of its cases, of equals the first by ``order``, and keep the reasons.

        Parameters
        ----------
        which
            Puts into the words of the base term which of several cases it was.
        """
        if len(cases) == 1:
            return self._done(lead, 0, _ask(cases[0], self._asked))
        found = [_ask(case, self._of_meetings) for case in cases]
        own = [self._strength(some) for some in found]
        best = min(range(len(cases)), key=lambda k: (-own[k], order(cases[k])))
        chosen = sorted(found[best] + _ask(cases[best], self._of_pairs), key=lambda one: one[0])
        if which is not None:
            chosen[0] = chosen[0][0], which(cases[best], chosen[0][1])
        return self._done(lead, best, chosen)

    def reasons(self, scored: Sequence[Scored[Any]]) -> Any:
        """Return the reasons of some leads as a list column."""
        return self._kept.array([one.number for one in scored])

    def _done(self, lead: L, best: int, found: Sequence[Found]) -> Scored[L]:
        reasons = self._weigh(found, self._weights)
        return Scored(lead, self._kept.add(reasons), best, total(reasons))

    def _weigh(self, found: Sequence[Found], weights: Sequence[float]) -> list[Reason]:
        counts = self._counts(found)
        return [weighed(place, finding, weights[place], counts.get(place, 1.0)) for place, finding in found]

    def _strength(self, found: Sequence[Found]) -> float:
        """Return the log-odds by the profile's own weights, before rounding."""
        counts, own = self._counts(found), self._own
        if not counts:
            return math.fsum([finding.share * own[place] for place, finding in found])
        return math.fsum([finding.share * own[place] * counts.get(place, 1.0) for place, finding in found])

    def _counts(self, found: Sequence[Found]) -> Mapping[int, float]:
        """Return what those count that are not the first of their group; for and against apart."""
        groups: dict[tuple[str, bool], list[tuple[float, int]]] = {}
        for place, finding in found:
            group = self._groups[place]
            if group and finding.share:
                speaks_for = (finding.share > 0) != (self._indicators[place].direction == "against")
                groups.setdefault((group, speaks_for), []).append((-abs(finding.share * self._own[place]), place))
        counts: dict[int, float] = {}
        for members in groups.values():
            if len(members) > 1:
                counts |= {place: FURTHER**k for k, (_, place) in enumerate(sorted(members))}
        return counts


def _ask(case: Any, asked: Sequence[tuple[int, Callable[..., Finding | None]]]) -> list[Found]:
    found = []
    for place, measure in asked:
        finding = measure(case)
        if finding is not None:
            found.append((place, finding))
    return found
