"""Which stretches of space and time can touch: found from trees of like-sized stretches, not from all pairs.

A *span* is a stretch of time in which a hull was somewhere in a cap of the Earth: the reach of a silence, or the place
where a visible hull lay. Spans of hours and of days, of miles and of oceans are kept in trees of their own, so that a
few large ones do not make everything a neighbour of everything. Time is gone through in stretches, so that memory
does not grow with its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, chord_to_arc, norm
from stsdetect.reference.nearest import kd_tree

#: Spans asked for at once, and pairs held at once; they bound memory, not results.
_ASKED = 8192
_PAIRS = 1 << 20
#: Pairs handed over at once, about: what comes after is dear by the call, and sees crowds the better among many.
_BATCH = 1 << 20
#: Boxes are asked for a hair larger, so that rounding loses no pair.
_EDGE = 1.0 + 1e-9
#: Smallest sizes told apart, an hour and 10 km: below them a tree more gains nothing (our choice).
_LEAST_US = 3_600_000_000
_LEAST_M = 10_000.0


@dataclass(frozen=True)
class Spans:
    """Stretches of time, each with the cap of the Earth it lies in; arrays of shape (n,), centre (n, 3) [m]."""

    start_us: Ints
    end_us: Ints
    centre_xyz: Floats
    radius_m: Floats

    @property
    def size(self) -> int:
        """Number of spans."""
        return int(self.start_us.size)

    def alike(self, some: Ints) -> list[Ints]:
        """Split spans into those of like length and size: within a factor of 2 of time, and of 2 of distance."""
        length = np.log2(np.maximum(self.end_us[some] - self.start_us[some], _LEAST_US) / _LEAST_US)
        size = np.log2(np.maximum(self.radius_m[some], _LEAST_M) / _LEAST_M)
        key = size.astype(np.int64) * 64 + length.astype(np.int64)
        order = np.argsort(key, kind="stable")
        return [some[order[begin:end]] for begin, end in zip(*group_bounds(key[order]), strict=True)]

    def longest_us(self, some: Ints) -> int:
        """Return the length of the longest of some spans [us]."""
        return int((self.end_us[some] - self.start_us[some]).max(initial=0))


@dataclass
class Join:
    """Finds pairs of spans that share at least ``least_us`` of time and whose caps come within ``apart_m``.

    ``tested`` counts the pairs that had to be looked at.

    Examples
    --------
    >>> here = Spans(np.array([0]), np.array([9]), np.array([[6.371e6, 0.0, 0.0]]), np.array([1000.0]))
    >>> [(left.tolist(), right.tolist()) for left, right in Join(5, 0.0).pairs(here, here)]
    [([0], [0])]
    """

    least_us: int
    apart_m: float
    tested: int = field(default=0, init=False)

    def pairs(self, asked: Spans, among: Spans) -> Iterator[tuple[Ints, Ints]]:
        """Yield numbers of spans asked for and of their partners among others, sorted.

        Each span asked for is in one batch with all its partners; batches come in order of time.
        """
        order = np.argsort(asked.start_us, kind="stable")
        for some in _pieces(order):
            found = list(self._between(asked, some, among, _around(asked, some, among)))
            left, right = _together(found)
            sorted_ = np.lexsort((right, left))
            yield left[sorted_], right[sorted_]

    def earlier(self, spans: Spans) -> Iterator[tuple[Ints, Ints, int]]:
        """Yield each pair of different spans once, the later first; spans must be sorted by start.

        The third number rises: all pairs whose later span has a number below it have come by then.
        """
        for some in _pieces(np.arange(spans.size)):
            held, n = [], 0
            for left, right in self._between(spans, some, spans, _around(spans, some, spans)):
                before = right < left
                held.append((left[before], right[before]))
                n += held[-1][0].size
                if n > _BATCH:
                    yield *_together(held), int(some[0])
                    held, n = [], 0
            yield *_together(held), int(some[-1]) + 1

    def _between(self, asked: Spans, some: Ints, among: Spans, others: Ints) -> Iterator[tuple[Ints, Ints]]:
        kinds = among.alike(others)
        for members in asked.alike(some):
            for partners in kinds:
                far_m = asked.radius_m[members].max() + among.radius_m[partners].max() + self.apart_m
                long_us = (asked.longest_us(members) + among.longest_us(partners)) / 2.0
                tree = kd_tree(_points(among, partners, far_m, long_us, int(asked.start_us[members[0]])))
                points = _points(asked, members, far_m, long_us, int(asked.start_us[members[0]]))
                for left, right in _near(points, tree):
                    self.tested += left.size
                    one, two = members[left], partners[right]
                    good = self._touch(asked, one, among, two)
                    yield one[good], two[good]

    def _touch(self, asked: Spans, left: Ints, among: Spans, right: Ints) -> Bools:
        end = np.minimum(asked.end_us[left], among.end_us[right])
        shared = end - np.maximum(asked.start_us[left], among.start_us[right])
        far = chord_to_arc(norm(asked.centre_xyz[left] - among.centre_xyz[right]))
        touch: Bools = far <= asked.radius_m[left] + among.radius_m[right] + self.apart_m
        return touch & (shared >= self.least_us)


def _pieces(order: Ints) -> Iterator[Ints]:
    for low in range(0, order.size, _ASKED):
        yield order[low : low + _ASKED]


def _around(asked: Spans, some: Ints, among: Spans) -> Ints:
    """Return the spans that share time with the time from the first of some to the last."""
    first, last = asked.start_us[some].min(), asked.end_us[some].max()
    return np.flatnonzero((among.start_us <= last) & (among.end_us >= first))


def _points(spans: Spans, some: Ints, far_m: float, long_us: float, zero_us: int) -> Floats:
    """Return spans as points in four dimensions, shape (n, 4), of which those that can touch are within 1 in each."""
    middle = (spans.start_us[some] - zero_us) / 2.0 + (spans.end_us[some] - zero_us) / 2.0
    return np.column_stack([spans.centre_xyz[some] / far_m, middle / max(long_us, 1.0)])


def _near(points: Floats, tree: object) -> Iterator[tuple[Ints, Ints]]:
    """Yield which points and which of a tree are within 1 of each other in all dimensions, not too many at once."""
    todo = [np.arange(len(points))]
    while todo:
        some = todo.pop()
        own = kd_tree(points[some])
        many = int(own.count_neighbors(tree, _EDGE, p=np.inf))
        if many > _PAIRS and some.size > 1:
            todo += [some[some.size // 2 :], some[: some.size // 2]]
        elif many:
            found = own.sparse_distance_matrix(tree, _EDGE, p=np.inf, output_type="ndarray")
            yield some[found["i"]], found["j"].astype(np.int64)


def _together(found: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *(one for one, _ in found)]), np.concatenate([none, *(two for _, two in found)])
