"""Dark rendezvous: a visible hull lying still with the silent hulls that could have been beside it, and two silences.

Nothing here is contact: it is what silences leave room for. Who could have been there is told without leaving anyone
out (`kernels.reach` is sound); who is likelier than others is told by points (`dark_score`); how many others could have
been there as well is told by ``n_rivals``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.context.berths import BerthCells
from stsdetect.context.reach_area import reach_areas
from stsdetect.detect.courses import Bound
from stsdetect.detect.dark_crowds import Crowds
from stsdetect.detect.dark_index import Join, Spans
from stsdetect.detect.dark_parties import (
    Party,
    Silent,
    Visible,
    World,
    met_before,
    pair_number,
    quiet_gaps,
    read_silent,
    read_visible,
)
from stsdetect.detect.dark_rows import Rows, as_events
from stsdetect.detect.dark_score import (
    BOTH_DARK,
    ONE_DARK,
    both_dark_terms,
    likeliest,
    may_pair,
    one_dark_terms,
    points,
)
from stsdetect.kernels.reach import Meets, bounding_cap, joint_reach, reach_stay, surely_together
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, to_lat_lon
from stsdetect.schema import EVENTS
from stsdetect.settings import DarkSettings, Settings
from stsdetect.tracks.flags import BBox, inside
from stsdetect.units import US_PER_S

#: Whether places [degrees] are berths, shape (n,).
AtBerth = Callable[[Floats, Floats], Bools]
#: Whether places [degrees] are in an area, shape (n,).
Within = Callable[[Floats, Floats], Bools]
#: Verdicts that keep a silence from being paired with another: an outage hides everyone alike.
_OUTAGE = 3
#: Pairs of silences looked at together; bounds memory, not results.
_AT_ONCE = 1 << 16
#: Pairs of silences held back until all partners of one of them have come; bounds memory, not results.
_HELD = 4_000_000


@dataclass(frozen=True, kw_only=True)
class DarkRendezvous:
    """Find who could have met in the dark: from loiterings, silences and encounters.

    ``one_dark`` is a visible loitering of a hull that may give or take cargo, away from berths and from visible
    company, with each silent hull that could have been beside it for ``min_stay_s``; ``both_dark`` are two silences
    that leave room for a meeting, each among the best partners of the other. See `DarkSettings` for the fields.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS
    >>> DarkRendezvous(max_candidates=5).detect(EVENTS.empty()).num_rows
    0
    """

    min_loitering_s: float = 7200.0
    min_stay_s: float = 5400.0
    max_silence_s: float = 864000.0
    max_quiet_s: float = 43200.0
    apart_m: float = 500.0
    drift_kn: float = 5.0
    min_length_m: float = 30.0
    carriers: tuple[str, ...] = ("tanker",)
    cargo: bool = True
    max_candidates: int = 10
    max_partners: int = 5
    max_rivals: int = 1000
    min_score: float = 3.0
    min_signature: float = 0.6
    shore: bool = True

    @classmethod
    def from_settings(cls, settings: DarkSettings) -> DarkRendezvous:
        """Make the detector that a settings file asks for."""
        return cls(**settings.model_dump())

    def detect(
        self, events: Any, vessels: Any | None = None, *, at_berth: AtBerth | None = None, within: Within | None = None
    ) -> pa.Table:
        """Return dark rendezvous (`EVENTS` table) of an `EVENTS` table with loiterings, gaps and encounters.

        Parameters
        ----------
        events
            What the other detectors found, in any order. Gaps without a verdict (``coverage``) count as unknown.
        vessels
            A `VESSELS` table: draughts before and after loitering are looked up there.
        at_berth
            Tells which places are berths; loitering there is left out if ``shore`` is set.
        within
            Tells which places are in the area asked for: only meetings there are returned, whoever took part, and
            wherever it fell silent. All silences are counted as rivals.
        """
        table = EVENTS.conform(events, extra=True)
        search = self.search(table, vessels, at_berth=at_berth, within=within)
        return pa.concat_tables([*search.one_dark(), search.both_dark()])

    def search(
        self,
        events: pa.Table,
        vessels: Any | None = None,
        *,
        at_berth: AtBerth | None = None,
        within: Within | None = None,
    ) -> Search:
        """Return the search that `detect` makes: who may take part, and who of them could have met."""
        world = World.of(events)
        craft = world.craft(carriers=self.carriers, cargo=self.cargo, min_length_m=self.min_length_m)
        most_us = round(self.max_quiet_s * US_PER_S)
        quiet = quiet_gaps(world, most_us)
        silent = read_silent(
            world, craft, quiet, round(self.min_stay_s * US_PER_S), round(self.max_silence_s * US_PER_S)
        )
        visible = read_visible(world, craft, vessels, quiet, round(self.min_loitering_s * US_PER_S), most_us)
        if at_berth is not None and self.shore and visible.size:
            visible = visible.take(~at_berth(*to_lat_lon(visible.place_xyz)))
        if within is not None:
            visible = visible.take(within(*to_lat_lon(visible.place_xyz)))
        return Search(self, world, silent, visible, met_before(world), within)


def find_dark(
    events: pa.Table, vessels: pa.Table | None, settings: Settings, cells: BerthCells, bbox: BBox | None = None
) -> pa.Table:
    """Return the dark rendezvous among what the other detectors found, away from the berths of ``cells``.

    With ``bbox``, the area asked for, those whose place lies in it; ``events`` hold all silences even so.
    """
    detector = DarkRendezvous.from_settings(settings.dark)
    within = None if bbox is None else partial(inside, bbox=bbox)
    return detector.detect(events, vessels, at_berth=lambda lat, lon: cells.areas(lat, lon) >= 0, within=within)


@dataclass(frozen=True)
class Search:
    """The search in one table of events."""

    rule: DarkRendezvous
    world: World
    silent: Silent
    visible: Visible
    met: Ints
    within: Within | None = None

    def one_dark(self) -> list[pa.Table]:
        """Return loiterings with their best candidates, and those without one that look as if they had a partner."""
        rule, visible, silent = self.rule, self.visible, self.silent
        tables, lonely = [EVENTS.empty()], np.ones(visible.size, dtype=np.bool_)
        for stay, gap in self.beside():
            lonely[stay] = False
            score = self._score_beside(stay, gap)
            best = _ranked(stay, silent.hull[gap], gap, score)
            most = np.where(best.rivals > rule.max_rivals, rule.max_partners, rule.max_candidates)
            listed = best.rank <= most
            row, rank, rivals = best.row[listed], best.rank[listed], best.rivals[listed]
            meets = self._beside(stay[row], gap[row])
            rows = Rows.of(stay[row], gap[row], score[row], rank, rivals, meets)
            tables.append(self._events(visible.take(rows.first), silent.take(rows.second), rows))
        alone = Rows.unknown(np.flatnonzero(lonely & (visible.signature >= rule.min_signature)), visible)
        return [*tables, self._events(visible.take(alone.first), None, alone)]

    def beside(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield which silent hulls could have lain beside which visible ones, as numbers of both."""
        visible, silent = self.visible, self.silent
        stays = Spans(visible.start_us, visible.end_us, visible.place_xyz, visible.spread_m)
        join = Join(round(self.rule.min_stay_s * US_PER_S), self.rule.apart_m)
        for stay, gap in join.pairs(stays, _spans(silent)):
            able = may_pair(visible.craft[stay], silent.craft[gap]) & (visible.hull[stay] != silent.hull[gap])
            stay, gap = stay[able], gap[able]
            possible = self._beside(stay, gap).possible
            yield stay[possible], gap[possible]

    def _events(self, first: Party, second: Silent | None, rows: Rows) -> pa.Table:
        reach: list[bytes | None] = [None] * rows.first.size
        areas_of = partial(reach_areas, apart_m=self.rule.apart_m, without_land=self.rule.shore)
        if second is not None and isinstance(first, Silent):
            reach = areas_of(first.reach, second.reach)
        elif second is not None:
            # One silence may be a candidate of many.
            shown = np.flatnonzero(rows.rank <= self.rule.max_partners)
            _, once, which = np.unique(second.row[shown], return_index=True, return_inverse=True)
            areas = areas_of(second.take(shown[once]).reach)
            for k, area in zip(shown.tolist(), which.tolist(), strict=True):
                reach[k] = areas[area]
        return as_events(self.world, first, second, rows, reach, self.rule.max_rivals)

    def _beside(self, stay: Ints, gap: Ints) -> Meets:
        visible, rule = self.visible, self.rule
        return reach_stay(
            self.silent.reach.take(gap), visible.place_xyz[stay], visible.spread_m[stay] + rule.apart_m,
            visible.start_us[stay], visible.end_us[stay], least_s=rule.min_stay_s,
        )  # fmt: skip

    def _score_beside(self, stay: Ints, gap: Ints) -> Floats:
        visible, bound = self.visible.take(stay), Bound.of(self.silent.take(gap))
        met = self._met(visible.hull, bound.silent.hull)
        return points(one_dark_terms(visible, bound, met), ONE_DARK)

    def _met(self, one: Ints, other: Ints) -> Bools:
        return np.isin(pair_number(one, other, len(self.world.labels)), self.met)

    def both_dark(self) -> pa.Table:
        """Return pairs of silences that are among the best partners of each other."""
        rule = self.rule
        some = self.paired
        bound, partners, crowds = Bound.of(some), _Partners(some, rule), Crowds(some.hull, most=rule.max_rivals)
        for one, two, middle_xyz, complete in self.together(crowds):
            score, _ = self._score_together(bound.take(one), bound.take(two), middle_xyz)
            partners.add(one, two, score, complete)
        one, two, score, rank, rivals = partners.chosen()
        good = (score >= rule.min_score) & (rivals <= rule.max_rivals) & ~(crowds.crowded[one] | crowds.crowded[two])
        one, two, score, rank, rivals = one[good], two[good], score[good], rank[good], rivals[good]
        meets = self._together(some, one, two)
        _, place = self._score_together(bound.take(one), bound.take(two), meets.place_xyz)
        rows = Rows.of(one, two, score, rank, rivals, replace(meets, place_xyz=place))
        if self.within is not None:
            rows = rows.take(np.flatnonzero(self.within(*to_lat_lon(place))))
            one, two = rows.first, rows.second
        return self._events(some.take(one), some.take(two), rows)

    @property
    def paired(self) -> Silent:
        """The silences that are paired with each other."""
        chosen: Silent = self.silent.take((self.silent.verdict != _OUTAGE) & ~self.silent.quiet)
        return chosen

    def together(self, crowds: Crowds | None = None) -> Iterator[tuple[Ints, Ints, Floats, int]]:
        """Yield which of the silences of `paired` leave room for a meeting, as numbers of both, and its middle.

        With them comes the number of silences all of whose earlier partners have come by now. With ``crowds`` those
        pairs are left out of which both have too many rivals.
        """
        some = self.paired
        for one, two, complete in self._to_look_at(
            some, Crowds(some.hull, most=some.size) if crowds is None else crowds
        ):
            meets = self._together(some, one, two)
            possible = np.flatnonzero(meets.possible)
            yield one[possible], two[possible], meets.place_xyz[possible], complete

    def _to_look_at(self, some: Silent, crowds: Crowds) -> Iterator[tuple[Ints, Ints, int]]:
        """Yield pairs of silences as `Join.earlier` does, without those of which both have too many rivals.

        Where one has, the other must still know how it ranks among its partners.
        """
        rule, reach, before = self.rule, some.reach, 0
        for later, earlier, complete in Join(round(rule.min_stay_s * US_PER_S), rule.apart_m).earlier(_spans(some)):
            able = may_pair(some.craft[later], some.craft[earlier]) & (some.hull[later] != some.hull[earlier])
            one, two = _by_hull(some, later[able], earlier[able])
            for k in range(0, one.size if crowds.counts else 0, _AT_ONCE):
                a, b = one[k : k + _AT_ONCE], two[k : k + _AT_ONCE]
                sure = surely_together(reach.take(a), reach.take(b), apart_m=rule.apart_m, least_s=rule.min_stay_s)
                crowds.add(a[sure], b[sure])
            crowded = crowds.crowded
            open_ = ~(crowded[one] & crowded[two])
            one, two = one[open_], two[open_]
            for k in range(0, one.size, _AT_ONCE):
                last = k + _AT_ONCE >= one.size
                yield one[k : k + _AT_ONCE], two[k : k + _AT_ONCE], complete if last else before
            before = complete

    def _together(self, some: Silent, one: Ints, two: Ints) -> Meets:
        a, b, rule = some.reach.take(one), some.reach.take(two), self.rule
        return joint_reach(a, b, apart_m=rule.apart_m, least_s=rule.min_stay_s, drift_kn=rule.drift_kn)

    def _score_together(self, a: Bound, b: Bound, middle_xyz: Floats) -> tuple[Floats, Floats]:
        """Return the points of two silences, and where they would likeliest have met."""
        rule, met = self.rule, self._met(a.silent.hull, b.silent.hull)
        place = likeliest(a, b, middle_xyz, BOTH_DARK, rule.min_stay_s, rule.min_score)
        return points(both_dark_terms(a, b, place, met), BOTH_DARK), place


def _spans(silent: Silent) -> Spans:
    """Return silences with the caps that hold all they can reach."""
    return Spans(silent.start_us, silent.end_us, *bounding_cap(silent.reach))


def _by_hull(some: Silent, one: Ints, two: Ints) -> tuple[Ints, Ints]:
    """Return each pair with the hull of the lesser label first."""
    swap = some.hull[one] > some.hull[two]
    return np.where(swap, two, one), np.where(swap, one, two)


@dataclass(frozen=True)
class _Best:
    """The best row of each hull within its group: which row, its rank from 1, and how many other hulls there are."""

    row: Ints
    rank: Ints
    rivals: Ints


def _ranked(group: Ints, hull: Ints, event: Ints, score: Floats) -> _Best:
    """Rank the hulls of each group by their best event; of equal scores the lesser hull, then event, goes first."""
    both = group * (int(hull.max(initial=0)) + 1) + hull
    order = np.argsort(both, kind="stable")
    begin = _runs(both[order])
    most = np.maximum.reduceat(score[order], begin) if begin.size else score
    good = order[score[order] == np.repeat(most, np.diff(begin, append=order.size))]
    good = good[np.lexsort((event[good], both[good]))]
    best = good[_runs(both[good])]
    best = best[np.lexsort((-score[best], group[best]))]
    begin, end = group_bounds(group[best])
    size = np.repeat(end - begin, end - begin)
    return _Best(best, np.arange(best.size) - np.repeat(begin, end - begin) + 1, size - 1)


def _runs(key: Ints) -> Ints:
    """Return where each run of equal keys begins."""
    fresh = np.ones(key.size, dtype=np.bool_)
    fresh[1:] = key[1:] != key[:-1]
    return np.flatnonzero(fresh)


class _Partners:
    """Ranks the partners of every silence as pairs come, and forgets those that can be neither best nor rival."""

    def __init__(self, some: Silent, rule: DarkRendezvous) -> None:
        self._some, self._most = some, rule.max_partners
        self._least_us = round(rule.min_stay_s * US_PER_S)
        self._ranked = np.zeros(some.size, dtype=np.bool_)
        none = np.zeros(0, dtype=np.int64)
        self._held: list[tuple[Ints, Ints, Floats]] = [(none, none, np.zeros(0))]
        self._n_held = 0
        self._best: list[tuple[Ints, Ints, Ints, Ints, Floats]] = []

    def add(self, one: Ints, two: Ints, score: Floats, complete: int) -> None:
        """Take in pairs; all whose later silence has a number below ``complete`` have come by now."""
        self._held.append((one, two, score))
        self._n_held += one.size
        if self._n_held > _HELD:
            self._rank(complete)

    def chosen(self) -> tuple[Ints, Ints, Floats, Ints, Ints]:
        """Return pairs among the best of each other: silences, score, and the worse of both ranks and rivals."""
        self._rank(self._some.size)
        one, two, rank, rivals, score = (np.concatenate(parts) for parts in zip(*self._best, strict=True))
        order = np.lexsort((rank, two, one))
        one, two, rank, rivals, score = one[order], two[order], rank[order], rivals[order], score[order]
        # From both sides: the two rows of a pair follow each other, the worse rank last.
        pair = np.flatnonzero((one[1:] == one[:-1]) & (two[1:] == two[:-1]))
        return one[pair], two[pair], score[pair], rank[pair + 1], np.maximum(rivals[pair], rivals[pair + 1])

    def _rank(self, complete: int) -> None:
        """Rank the partners of the silences that no later one can join any more."""
        number = np.arange(self._some.size)
        done = number < complete
        if complete < self._some.size:
            done &= self._some.end_us - self._least_us < self._some.start_us[complete]
        one, two, score = (np.concatenate(parts) for parts in zip(*self._held, strict=True))
        me, other = np.concatenate([one, two]), np.concatenate([two, one])
        now = np.flatnonzero(done[me] & ~self._ranked[me])
        best = _ranked(me[now], self._some.hull[other[now]], other[now], np.tile(score, 2)[now])
        kept = best.rank <= self._most
        row = now[best.row[kept]] % max(one.size, 1)
        self._best.append((one[row], two[row], best.rank[kept], best.rivals[kept], score[row]))
        self._ranked |= done
        open_ = ~(done[one] & done[two])
        self._held = [(one[open_], two[open_], score[open_])]
        self._n_held = int(open_.sum())
