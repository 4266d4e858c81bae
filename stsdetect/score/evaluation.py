"""How good a ranking of leads is: precision and recall from the top, with intervals; never one area alone.

What is sought and has no lead counts as missed everywhere. Only the first lead to a thing finds it: a second one to the
same thing is a look that finds nothing new, and counts as one that was in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from stsdetect.errors import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
By = Literal["case", "block"]

#: Draws of a bootstrap, its seed and the share its interval covers (our choice; the seed so that figures come again).
DRAWS, SEED, COVERS = 2_000, 20_261_128, 0.95
#: From so many cases (or blocks) on the interval of a PR-AUC of verdicts is shown (our choice; see `of_area`).
LEAST_DRAWN = 10
#: Bounds of the bins of a reliability table (our choice: fine where most leads are).
BINS = (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0)


class Interval(NamedTuple):
    """A figure and the bounds of its bootstrap interval; None where it cannot be said."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Bin(NamedTuple):
    """Leads with scores in a range: how many, their mean score, and which share is true, with Wilson's interval."""

    low: float
    high: float
    n: int
    mean_score: float
    true_share: float
    true_low: float
    true_high: float


@dataclass(frozen=True)
class Judged:
    """The leads of one or more runs against what there was to find.

    Attributes
    ----------
    log_odds, place, block
        Of each lead, shape (n,): its strength, its place in its own run (0 is first), and what it is drawn with when
        blocks are drawn: its run or its month.
    lead, item
        A row for each lead that names something sought, shape (h,): places in the arrays above and below.
    family, case, seen, item_block, weeks
        Of each thing sought, shape (m,): its family, the case it is drawn with, whether it could be seen, its block,
        and how many weeks its run spans.
    """

    log_odds: Floats
    place: Ints
    block: Ints
    lead: Ints
    item: Ints
    family: tuple[str, ...]
    case: tuple[str, ...]
    seen: Bools
    item_block: Ints
    weeks: Floats

    @property
    def n_leads(self) -> int:
        """How many leads there are."""
        return self.log_odds.size

    @property
    def n_sought(self) -> int:
        """How many things there were to find."""
        return len(self.family)

    @property
    def base_rate(self) -> float:
        """Things sought per lead."""
        return self.n_sought / self.n_leads if self.n_leads else float("nan")

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families sought, in alphabetical order."""
        return tuple(sorted(set(self.family)))

    @cached_property
    def true(self) -> Bools:
        """Which leads name something sought, shape (n,)."""
        marks = np.zeros(self.n_leads, dtype=np.bool_)
        marks[self.lead] = True
        return marks

    @cached_property
    def own_place(self) -> Ints:
        """Place in its own run of the first lead to each thing, shape (m,); -1 where there is none."""
        return _least(self.item, self.place[self.lead], self.n_sought)

    @cached_property
    def ladder(self) -> Ladder:
        """All leads from the strongest down, those of all runs together."""
        return Ladder.of(self)


@dataclass(frozen=True)
class Ladder:
    """Leads from the strongest down; those with one score stand on one rung and come together.

    Only the places where something is first found are kept, with how many leads in vain stand above them, by block: so
    a draw of a bootstrap costs as much as there is to find, and not as there are leads.

    Attributes
    ----------
    first
        For each thing the number of the place that finds it, from the top, -1 where no lead does, shape (m,).
    n_places
        How many such places there are.
    through
        How many of these places stand down to the end of the rung on which each thing is found, shape (m,).
    above
        Leads in vain above each place, by block, shape (n_places, b).
    down_to
        Leads in vain down to the end of the rung on which each thing is found, by block, shape (m, b).
    blocks
        The numbers of the blocks, shape (b,).
    """

    first: Ints
    n_places: int
    through: Ints
    above: Ints
    down_to: Ints
    blocks: Ints

    @classmethod
    def of(cls, judged: Judged) -> Ladder:
        """Put leads in order; among equals the place in the own run decides which comes first."""
        order = np.lexsort((judged.block, judged.place, -judged.log_odds))
        where = np.empty(judged.n_leads, dtype=np.int64)
        where[order] = np.arange(judged.n_leads)
        at = _least(judged.item, where[judged.lead], judged.n_sought)
        found = at >= 0
        places = np.unique(at[found])
        score = judged.log_odds[order]
        end = np.full(judged.n_sought, -1)
        end[found] = np.searchsorted(-score, -score[at[found]], side="right") - 1
        vain = np.ones(judged.n_leads, dtype=np.bool_)
        vain[places] = False
        blocks, block = np.unique(judged.block[order], return_inverse=True)
        above = np.zeros((places.size, blocks.size), dtype=np.int64)
        down_to = np.zeros((judged.n_sought, blocks.size), dtype=np.int64)
        for number in range(blocks.size):
            count = np.append(0, np.cumsum(vain & (block == number)))
            above[:, number] = count[places]
            down_to[:, number] = count[end + 1]
        first = np.where(found, np.searchsorted(places, at), -1)
        return cls(first, int(places.size), np.searchsorted(places, end, side="right"), above, down_to, blocks)

    def found(self, weight: Floats) -> Floats:
        """Return what is found down to and with each place, weighted; nothing is put first, shape (n_places + 1,)."""
        known = self.first >= 0
        each = np.bincount(self.first[known], weight[known], minlength=self.n_places)
        return np.append(0.0, np.cumsum(each))

    def vain(self, counts: Ints, blocks: Floats | None) -> Floats:
        """Return counts by block put together, each as often as its block is counted."""
        return counts @ (np.ones(self.blocks.size) if blocks is None else blocks[self.blocks])


def _least(group: Ints, value: Ints, n: int) -> Ints:
    """Return the least value of each group, -1 for groups without one, shape (n,)."""
    far = np.iinfo(np.int64).max
    result = np.full(n, far)
    np.minimum.at(result, group, value)
    return np.where(result == far, -1, result)


def pooled(parts: Sequence[Judged]) -> Judged:
    """Put runs together; each becomes a block of its own.

    Raises
    ------
    UsageError
        If there are none.
    """
    if not parts:
        raise UsageError("there is no run to evaluate; give at least one")
    leads = np.cumsum([0, *(part.n_leads for part in parts)])
    items = np.cumsum([0, *(part.n_sought for part in parts)])
    return Judged(
        np.concatenate([part.log_odds for part in parts]),
        np.concatenate([part.place for part in parts]),
        np.repeat(np.arange(len(parts)), np.diff(leads)),
        np.concatenate([part.lead + leads[k] for k, part in enumerate(parts)]),
        np.concatenate([part.item + items[k] for k, part in enumerate(parts)]),
        tuple(name for part in parts for name in part.family),
        tuple(f"{k}:{name}" for k, part in enumerate(parts) for name in part.case),
        np.concatenate([part.seen for part in parts]),
        np.repeat(np.arange(len(parts)), np.diff(items)),
        np.concatenate([part.weeks for part in parts]),
    )


def average_precision(judged: Judged, weight: Floats | None = None, blocks: Floats | None = None) -> float:
    """Return the area under precision by recall: the mean, over all that is sought, of the precision where it is found.

    What has no lead adds nothing, so that the area is over all that was to be found. With one lead for each thing it
    is scikit-learn's ``average_precision_score``, rungs of equal scores included. Leads to things that weigh nothing
    (other families) are left out.

    Parameters
    ----------
    weight
        How often each thing is counted, shape (m,); once unless given.
    blocks
        How often the leads of each block are counted; once unless given.
    """
    asked = np.ones(judged.n_sought) if weight is None else weight
    total = asked.sum()
    if total <= 0:
        return float("nan")
    ladder = judged.ladder
    found = ladder.found(asked)[ladder.through]
    looked = found + ladder.vain(ladder.down_to, blocks)
    k = np.flatnonzero((ladder.first >= 0) & (asked > 0))
    return float((asked[k] * found[k] / looked[k]).sum() / total)


def precision_at(judged: Judged, k: int, weight: Floats | None = None, blocks: Floats | None = None) -> float:
    """Return which share of the ``k`` strongest leads, of all runs together, finds something new."""
    if k < 1:
        raise UsageError(f"precision at {k} cannot be said; give 1 or more leads")
    asked = np.ones(judged.n_sought) if weight is None else weight
    ladder = judged.ladder
    found = ladder.found(asked)
    # A place is looked at if fewer than k leads were before it.
    before = ladder.vain(ladder.above, blocks) + found[:-1]
    return float(min(found[int(np.searchsorted(before, k - 1e-9))] / k, 1.0))


def found_within(judged: Judged, most: Floats | Sequence[float] | float) -> Bools:
    """Tell what is found by the first so many leads of each run, shape (m,).

    Parameters
    ----------
    most
        How many leads are looked at: one number, or one for each thing sought (that of its run).
    """
    result: Bools = (judged.own_place >= 0) & (judged.own_place < np.asarray(most))
    return result


def recall_at_budget(judged: Judged, per_week: float, weight: Floats | None = None) -> float:
    """Return which share is found by one who looks at the ``per_week`` strongest leads for each week of each run."""
    asked = np.ones(judged.n_sought) if weight is None else weight
    return _mean(found_within(judged, per_week * judged.weeks).astype(np.float64), asked)


def _mean(value: Floats, weight: Floats) -> float:
    total = weight.sum()
    return float((value * weight).sum() / total) if total > 0 else float("nan")


def draws(judged: Judged, by: By = "case", *, n: int = DRAWS, seed: int = SEED) -> list[tuple[Floats, Floats | None]]:
    """Draw ``n`` times with replacement what a bootstrap counts: weights of things sought and of blocks.

    By ``case``: cases that were planted, all leads that find nothing staying as they are. By ``block``: runs, or
    months of one run, with all their leads.
    """
    rng = np.random.default_rng(seed)
    if by == "block":
        names, place = np.unique(np.concatenate([judged.block, judged.item_block]), return_inverse=True)
        own = place[judged.block.size :]
        many = np.zeros(int(names.max()) + 1) if names.size else np.zeros(0)
        result: list[tuple[Floats, Floats | None]] = []
        for _ in range(n):
            times = rng.multinomial(names.size, np.full(names.size, 1 / names.size)).astype(np.float64)
            blocks = many.copy()
            blocks[names] = times
            result.append((times[own], blocks))
        return result
    cases, case = np.unique(np.array(judged.case, dtype=object).astype(str), return_inverse=True)
    share = np.full(cases.size, 1 / max(cases.size, 1))
    return [(rng.multinomial(cases.size, share).astype(np.float64)[case], None) for _ in range(n)]


def interval(
    statistic: Callable[[Floats, Floats | None], float],
    drawn: Sequence[tuple[Floats, Floats | None]],
    weight: Floats,
    *,
    covers: float = COVERS,
) -> Interval:
    """Return a statistic of weights and its percentile bootstrap interval.

    Parameters
    ----------
    statistic
        Called with the weights of things sought and of blocks.
    drawn
        What `draws` returned.
    weight
        1 for things that are asked for and 0 for others, shape (m,).
    """
    value = statistic(weight, None)
    if np.isnan(value):
        return Interval(None)
    values = np.array([statistic(times * weight, blocks) for times, blocks in drawn])
    values = values[~np.isnan(values)]
    if not values.size:
        return Interval(value)
    low, high = np.quantile(values, [(1 - covers) / 2, (1 + covers) / 2])
    return Interval(value, float(low), float(high))


def paired_difference(ours: Bools, theirs: Bools) -> Callable[[Floats, Floats | None], float]:
    """Return the statistic for `interval` of how much more of the things sought one method finds than another."""
    gain = ours.astype(np.float64) - theirs.astype(np.float64)
    return lambda weight, blocks: _mean(gain, weight)


def reliability(score: Floats, true: Bools, bins: Sequence[float] = BINS) -> list[Bin]:
    """Return, for scores that are probabilities, how often leads of a score are true; bins without leads are left out.

    Raises
    ------
    UsageError
        If scores are no probabilities, or bins do not rise from 0 to 1.
    """
    edges = np.asarray(bins, dtype=np.float64)
    if edges.size < 2 or edges[0] != 0 or edges[-1] != 1 or (np.diff(edges) <= 0).any():
        raise UsageError(f"bins {list(bins)} do not rise from 0 to 1")
    if not ((score >= 0) & (score <= 1)).all():
        raise UsageError("a score outside 0 to 1 is no probability; reliability can be said of those only")
    which = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, edges.size - 2)
    found = []
    for k in np.unique(which).tolist():
        rows = which == k
        n, share = int(rows.sum()), float(true[rows].mean())
        low, high = wilson(share, n)
        found.append(Bin(float(edges[k]), float(edges[k + 1]), n, float(score[rows].mean()), share, low, high))
    return found


def wilson(share: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return Wilson's interval of a share of ``n`` (J. Am. Stat. Assoc. 22, 1927); 95 % for the usual ``z``."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def of_share(told: Interval, n: int) -> Interval:
    """Return the interval of a share of ``n``, no narrower than Wilson's: where all or none is found draws agree.

    >>> round(of_share(Interval(1.0, 1.0, 1.0), 5).low, 3)
    0.566
    """
    if told.value is None or told.low is None or told.high is None or n < 1:
        return told
    low, high = wilson(told.value, n)
    return Interval(told.value, min(told.low, low), max(told.high, high))


def of_difference(told: Interval, ours: Bools, theirs: Bools, wanted: Bools, n: int) -> Interval:
    """Return the interval of a difference of two shares of the same ``n``, no narrower than Newcombe's.

    Where few things are found by one side only, draws agree more than they should: none of one, or four of twenty-one,
    shows no difference. Newcombe's interval is method 10 of Stat. Med. 17, 2635 (1998), without its correction.
    """
    if told.value is None or told.low is None or told.high is None or n < 1:
        return told
    one, other = ours[wanted], theirs[wanted]
    a, b = float(one.mean()), float(other.mean())
    spread = float(np.sqrt(a * (1 - a) * b * (1 - b)))
    phi = (float((one & other).mean()) - a * b) / spread if spread > 0 else 0.0
    (low_a, high_a), (low_b, high_b) = wilson(a, n), wilson(b, n)

    def off(x: float, y: float) -> float:
        return float(np.sqrt(max(x * x - 2 * phi * x * y + y * y, 0.0)))

    low, high = a - b - off(a - low_a, high_b - b), a - b + off(high_a - a, b - low_b)
    return Interval(told.value, min(told.low, low), max(told.high, high))


def of_area(told: Interval, n: int, least: int) -> Interval:
    """Return a PR-AUC, with its interval only where that rests on ``least`` cases (or blocks) and has a width.

    A bootstrap draws again what was found, and nothing else: one case is the same in each draw, and few are nearly so,
    which looks like certainty. Shares have Wilson's interval to widen them by (`of_share`); of an area under a curve of
    few points none is known to us that would be sound, so none is shown.

    >>> of_area(Interval(1.0, 1.0, 1.0), 1, LEAST_DRAWN)
    Interval(value=1.0, low=None, high=None)
    """
    return Interval(told.value) if least and (n < least or told.low == told.high) else told


@dataclass(frozen=True)
class Line:
    """What is said of one group of things sought: how many, and figures with intervals."""

    group: str
    n: int
    pr_auc: Interval
    precision: Interval
    recall: Interval
    with_lead: float


def evaluate(
    judged: Judged,
    *,
    k: int = 20,
    per_week: float = 20.0,
    by: By = "case",
    seed: int = SEED,
    n: int = DRAWS,
    least: int = 0,
) -> list[Line]:
    """Return figures for all that was sought, for what could be seen and what could not, and for each family.

    Parameters
    ----------
    k
        How many of the strongest leads precision is said of.
    per_week
        How many leads a week an analyst looks at.
    by, seed, n
        See `draws`.
    least
        See `of_area`; 0 shows every interval.
    """
    family = np.array(judged.family, dtype=object).astype(str)
    every = np.ones(judged.n_sought, dtype=np.bool_)
    groups: list[tuple[str, Bools]] = [("all", every)]
    if judged.seen.any() and not judged.seen.all():
        groups += [("both transponders on", judged.seen), ("a transponder off", ~judged.seen)]
    if len(judged.families) > 1:
        groups += [(name, family == name) for name in judged.families]
    drawn = draws(judged, by, seed=seed, n=n)
    n_blocks = len(set(judged.block.tolist()) | set(judged.item_block.tolist()))
    lines = []
    for name, wanted in groups:
        n_drawn = n_blocks if by == "block" else n_cases(judged, wanted)
        line = _line(judged, name, wanted, drawn, k, per_week)
        lines.append(replace(line, pr_auc=of_area(line.pr_auc, n_drawn, least)))
    return lines


def n_cases(judged: Judged, wanted: Bools) -> int:
    """Return from how many cases the things asked for are."""
    return len({name for name, asked in zip(judged.case, wanted.tolist(), strict=True) if asked})


def _line(
    judged: Judged,
    name: str,
    wanted: Bools,
    drawn: Sequence[tuple[Floats, Floats | None]],
    k: int,
    per_week: float,
) -> Line:
    weight = wanted.astype(np.float64)

    def area(times: Floats, blocks: Floats | None) -> float:
        return average_precision(judged, times, blocks)

    def top(times: Floats, blocks: Floats | None) -> float:
        return precision_at(judged, k, times, blocks)

    def recall(times: Floats, blocks: Floats | None) -> float:
        return recall_at_budget(judged, per_week, times)

    return Line(
        name,
        int(wanted.sum()),
        interval(area, drawn, weight),
        of_share(interval(top, drawn, weight), k),
        of_share(interval(recall, drawn, weight), n_cases(judged, wanted)),
        _mean((judged.own_place >= 0).astype(np.float64), weight),
    )
