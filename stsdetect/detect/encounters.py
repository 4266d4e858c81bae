"""Encounters: two vessels within 500 m of each other for an hour or more, both slow or side by side under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.berths import Berths
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.companions import AROUND_US, LEAST_MIN, TOWING, minutes_together
from stsdetect.detect.contacts import BIN_US, Hulls, Pieces, Runs, Tracks, contact_windows, hull_gap
from stsdetect.detect.events import (
    build_events,
    count_fixes,
    draught_change,
    fix_bounds,
    identity_columns,
    mean_place,
)
from stsdetect.detect.search import find_runs
from stsdetect.detect.slots import FIRST_US, LAST_US
from stsdetect.engine import cut, run_parts
from stsdetect.kernels.contact import overlaps
from stsdetect.kernels.nearby import MOST_BINS
from stsdetect.kernels.runs import group_bounds, weighted_median
from stsdetect.kernels.sphere import Bools, Floats, Ints, chord_to_arc, norm
from stsdetect.reference.vessels import imo_tells
from stsdetect.schema import EVENTS
from stsdetect.settings import EncounterSettings
from stsdetect.units import US_PER_S

_SOURCES = ("dimensions", "size", "class")
#: Legs measured at once; as many as stay in the cache. Bounds memory, not results.
_BLOCK = 1 << 16
#: Contact pieces of one event that its place, medians, headings and hull gap are taken from, spread evenly over it.
#: The least distance is taken from all, and the hull gap also at it. Six hours alongside, both heard every three
#: minutes, have 240.
_SAMPLE = 240
#: Pieces this close to the least distance are all at it [m]: rounding must not choose among them.
_TIE_M = 0.001


@dataclass(frozen=True, kw_only=True)
class Encounters:
    """Find meetings of two vessels.

    Contact is solved in continuous time between the linearly moving positions of both vessels, never on a
    resampled grid, and only where the fixes of both bracket it: at most ``observed_bracket_s`` apart it is
    observed; up to ``inferred_bracket_s`` it is inferred if all four fixes are slow and the vessels in range.
    Contacts at most ``max_break_s`` apart are one event; the time in contact must reach ``min_duration_s``.

    Examples
    --------
    >>> from stsdetect.schema import FIXES
    >>> Encounters(max_distance_m=300).detect(FIXES.empty()).num_rows
    0
    """

    max_distance_m: float = 500.0
    min_duration_s: float = 3600.0
    max_speed_kn: float = 2.0
    under_way_max_speed_kn: float = 5.0
    under_way_parallel_deg: float = 20.0
    under_way_hull_gap_m: float = 60.0
    under_way_abeam_deg: float = 45.0
    observed_bracket_s: float = 900.0
    inferred_bracket_s: float = 7200.0
    max_break_s: float = 900.0
    position_error_m: float = 10.0
    workers: int = 1
    partition_s: float = 86400.0

    @classmethod
    def from_settings(
        cls, settings: EncounterSettings, *, workers: int = 1, partition_s: float = 86400.0
    ) -> Encounters:
        """Make the detector that a settings file asks for."""
        return cls(**settings.model_dump(), workers=workers, partition_s=partition_s)

    @property
    def rule(self) -> EncounterSettings:
        """The same values as settings, checked."""
        own = {f.name for f in fields(self)} - {"workers", "partition_s"}
        return EncounterSettings(**{name: getattr(self, name) for name in own})

    def detect(
        self,
        fixes: Any,
        vessels: Any | None = None,
        *,
        berths: Berths | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> pa.Table:
        """Return encounters (`EVENTS` table) of a `FIXES` table, with identities and hull sizes from ``vessels``.

        This is `find_runs` for every stretch of time, `Runs.joined`, `qualified` and `measure`; who holds only a part
        of the fixes at once calls these.

        Parameters
        ----------
        berths
            Crowded berth areas, contact inside which is left out; None leaves nothing out.
        progress
            Called with (parts done, parts in all).
        """
        data = fixes if isinstance(fixes, Fixes) else Fixes.from_table(fixes)
        if data.size == 0:
            return EVENTS.empty()
        known = vessels if isinstance(vessels, Identities) else Identities.from_table(vessels, data.labels)
        rule = self.rule
        tracks, hulls = Tracks.of(data.without_coarse(), known, rule, berths), Hulls.of(known)
        runs = self.qualified(self._find(tracks, hulls, rule, progress))
        runs = runs.take(~self._one_vessel(data, known, runs))
        return self._measure(data, known, tracks, hulls, runs, rule)

    def qualified(self, runs: Runs) -> Runs:
        """Return the runs with enough time in contact; ``runs`` are joined over `max_break_s`."""
        return runs.take(runs.observed_us + runs.inferred_us >= round(self.min_duration_s * US_PER_S))

    def measure(self, fixes: Fixes, known: Identities, runs: Runs, berths: Berths | None = None) -> pa.Table:
        """Return an encounter (`EVENTS` table) for each of ``runs`` but those of one vessel met with itself.

        Parameters
        ----------
        fixes
            At least those of the runs' hulls from 26 h before the start of each run to 26 h after its end (a day for
            vessels that travel together, and the longest leg); others change nothing. ``fixes.end_us`` must be the
            last time in all the data.
        known
            Identities of the same hull numbers.
        runs
            Qualified runs, sorted by a, b and start.
        berths
            Those the runs were found with.
        """
        if fixes.size == 0 or runs.a.size == 0:
            return EVENTS.empty()
        rule = self.rule
        runs = runs.take(~self._one_vessel(fixes, known, runs))
        tracks = Tracks.of(_around(fixes, runs, rule).without_coarse(), known, rule, berths)
        return self._measure(fixes, known, tracks, Hulls.of(known), runs, rule)

    def _find(
        self,
        tracks: Tracks,
        hulls: Hulls,
        rule: EncounterSettings,
        progress: Callable[[int, int], None] | None,
    ) -> Runs:
        legs = tracks.legs
        found = [Runs.none()]
        if legs.size == 0:
            return found[0]
        halo = round(max(rule.inferred_bracket_s, rule.observed_bracket_s) * US_PER_S)
        # The bin in which the first leg begins may begin before it.
        length_us = min(round(self.partition_s * US_PER_S), MOST_BINS * BIN_US)
        parts = cut(int(legs.t0_us.min()) - BIN_US, int(legs.t1_us.max()), length_us)

        def jobs() -> Iterator[tuple[Any, ...]]:
            for part in parts:
                # Bins that begin in the part may end after it, and brackets reach over both ends.
                index = np.flatnonzero((legs.t1_us > part.start_us - halo) & (legs.t0_us < part.end_us + BIN_US + halo))
                yield tracks.take(index), hulls, part.start_us, part.end_us, rule

        for done, runs in enumerate(run_parts(find_runs, jobs(), self.workers), start=1):
            found.append(runs)
            if progress:
                progress(done, len(parts))
        stitched, _ = Runs.joined(found, round(rule.max_break_s * US_PER_S))
        return stitched

    def _one_vessel(self, data: Fixes, known: Identities, runs: Runs) -> Bools:
        """Tell which runs are one vessel met with itself: one MMSI or one IMO number on both sides."""
        return _one_mmsi(data, runs) | _both(known, runs, "imo", imo_tells)

    def _measure(
        self,
        data: Fixes,
        known: Identities,
        tracks: Tracks,
        hulls: Hulls,
        runs: Runs,
        rule: EncounterSettings,
    ) -> pa.Table:
        if runs.a.size == 0:
            return EVENTS.empty()
        line = tracks.legs.timeline
        work = np.zeros(runs.a.size, dtype=np.int64)
        for hull in (runs.a, runs.b):
            first, last = (line.place(hull, time) for time in (runs.start_us, runs.end_us))
            work += np.searchsorted(line.start, last) - np.searchsorted(line.start, first)
        work = np.cumsum(work) // _BLOCK
        measured: dict[str, list[Any]] = {}
        for low, high in zip(*group_bounds(work), strict=True):
            for name, values in self._statistics(tracks, hulls, runs.take(slice(low, high)), rule).items():
                measured.setdefault(name, []).append(values)
        columns: dict[str, Any] = {name: np.concatenate(values) for name, values in measured.items()}
        columns["hull_gap_source"] = pa.array(_SOURCES).take(pa.array(columns["hull_gap_source"]))
        for side, hull in (("a", runs.a), ("b", runs.b)):
            columns |= identity_columns(data, known, side, hull, runs.start_us)
            columns[f"n_positions_{side}"] = count_fixes(data, hull, runs.start_us, runs.end_us)
            before, change = draught_change(known, hull, runs.start_us, runs.end_us)
            columns[f"draught_before_{side}_m"], columns[f"draught_change_{side}_m"] = before, change
        precise = data.without_coarse()
        columns |= {
            "start_us": runs.start_us,
            "end_us": runs.end_us,
            "observed_us": runs.observed_us,
            "inferred_us": runs.inferred_us,
            "is_open": _still_on(precise, runs, round(rule.observed_bracket_s * US_PER_S)),
        }
        together = minutes_together(precise, runs.a, runs.b, runs.start_us, runs.end_us)
        columns["flags"] = ["moved_together" if yes else "" for yes in (together >= LEAST_MIN).tolist()]
        moving = 2 * runs.under_way_us > runs.observed_us + runs.inferred_us
        subtypes = ["under_way" if yes else "stationary" for yes in moving.tolist()]
        two = (columns["hull_gap_min_m"] > 0) & (together < LEAST_MIN) & ~_tows(columns)
        return build_events("encounter", subtypes, columns).filter(pa.array(two | ~_one_by_words(known, runs)))

    def _statistics(
        self, tracks: Tracks, hulls: Hulls, runs: Runs, rule: EncounterSettings
    ) -> dict[str, Floats | Ints]:
        """Measure every run from the contact pieces themselves, in time order."""
        n = runs.a.size
        group, i, j = overlaps(tracks.legs, runs.a, runs.b, runs.start_us, runs.end_us)
        windows = contact_windows(tracks, hulls, i, j, rule)
        group = group[windows.row]
        # A leg at the border may hold contact that belongs to the pair's next event.
        mine = np.flatnonzero((windows.end_us > runs.start_us[group]) & (windows.start_us < runs.end_us[group]))
        # Legs come by run, and in each by time.
        windows, group = windows.take(mine), group[mine]
        begin, _ = group_bounds(group)
        spread = _spread(group)
        # Distances are worked out where they are wanted, and where one may be the least of its run.
        nearest, farthest = tracks.legs.between(windows.i, windows.j)
        wanted = np.flatnonzero(spread | (nearest <= np.minimum.reduceat(farthest, begin)[group] + _TIE_M))
        pieces, group, spread = Pieces.of(tracks.legs, windows.take(wanted)), group[wanted], spread[wanted]
        least_m = np.minimum.reduceat(pieces.least_m, group_bounds(group)[0])
        near = spread | (pieces.least_m <= least_m[group] + _TIE_M)
        least, most, source = _closest_hulls(tracks, hulls, pieces.take(near), group[near], n, rule)
        # Not those at the least distance: where it is close to a tie, rounding would move the place and medians.
        pieces, group = pieces.take(spread), group[spread]
        weight = (pieces.end_us - pieces.start_us).astype(np.float64)
        middle_us = (pieces.start_us + pieces.end_us) // 2
        place = (tracks.legs.at(pieces.i, middle_us) + tracks.legs.at(pieces.j, middle_us)) / 2.0
        lat, lon = mean_place(group, place, weight, n)
        speed = (tracks.speed_kn[pieces.i] + tracks.speed_kn[pieces.j]) / 2.0
        return {
            "lat_deg": lat,
            "lon_deg": lon,
            "min_distance_m": least_m,
            "median_distance_m": weighted_median(group, chord_to_arc(norm(pieces.middle)), weight, n),
            "median_speed_kn": weighted_median(group, speed, weight, n),
            "heading_alignment": _alignment(tracks, pieces, group, weight, n),
            "hull_gap_min_m": least,
            "hull_gap_max_m": most,
            "hull_gap_source": source,
        }


def _around(fixes: Fixes, runs: Runs, rule: EncounterSettings) -> Fixes:
    """Return the fixes that contact can depend on: those of the runs' hulls from their first start to their last end.

    Legs reach over both ends, and of what a far fix says the other vessel's legs at that time are asked.
    """
    low = np.full(len(fixes.labels), LAST_US)
    high = np.full(len(fixes.labels), FIRST_US)
    for hull in (runs.a, runs.b):
        np.minimum.at(low, hull, runs.start_us)
        np.maximum.at(high, hull, runs.end_us)
    halo = 2 * round(max(rule.inferred_bracket_s, rule.observed_bracket_s) * US_PER_S)
    return fixes.take((fixes.time_us >= low[fixes.hull] - halo) & (fixes.time_us <= high[fixes.hull] + halo))


def _still_on(data: Fixes, runs: Runs, most_us: int) -> Bools:
    """Tell which runs nobody saw end: they go on to the last fix of a hull, at most ``most_us`` before the data end."""
    last = [data.time_us[np.searchsorted(data.hull, hull, side="right") - 1] for hull in (runs.a, runs.b)]
    result: Bools = (data.end_us - runs.end_us <= most_us) & (runs.end_us >= np.minimum(*last) - US_PER_S)
    return result


def _one_mmsi(data: Fixes, runs: Runs) -> Bools:
    """Tell which runs have a MMSI with which both hulls were heard, within a day of them."""
    fresh = np.ones(data.size, dtype=np.bool_)
    mmsi = np.nan_to_num(data.mmsi, nan=-1.0)
    fresh[1:] = (data.hull[1:] != data.hull[:-1]) | (mmsi[1:] != mmsi[:-1])
    span, numbers = np.cumsum(fresh) - 1, mmsi[fresh]
    bounds = []
    for hull in (runs.a, runs.b):
        first, last = fix_bounds(data, hull, runs.start_us - AROUND_US, runs.end_us + AROUND_US)
        bounds.append((span[first], span[last - 1] + 1))
    (low_a, high_a), (low_b, high_b) = bounds
    same: Bools = (numbers[low_a] == numbers[low_b]) & (numbers[low_a] >= 0)
    # Hardly any hull changes its MMSI.
    for k in np.flatnonzero((high_a - low_a > 1) | (high_b - low_b > 1)).tolist():
        shared = np.intersect1d(numbers[low_a[k] : high_a[k]], numbers[low_b[k] : high_b[k]])
        same[k] = bool((shared >= 0).any())
    return same


def _both(known: Identities, runs: Runs, name: str, means: Callable[[Any], bool]) -> Bools:
    """Tell which runs have one value of a column on both sides, one that means something."""
    one, two = (known.column(name, known.at(hull, runs.start_us)) for hull in (runs.a, runs.b))
    if pa.types.is_dictionary(one.type):
        one, two = one.cast(pa.string()), two.cast(pa.string())
    same = pc.fill_null(pc.equal(one, two), False).to_numpy(zero_copy_only=False).copy()
    equal = np.flatnonzero(same)
    same[equal] = [means(value) for value in one.take(pa.array(equal)).to_pylist()]
    return np.asarray(same, dtype=np.bool_)


def _one_by_words(known: Identities, runs: Runs) -> Bools:
    """Tell which runs have one name and call sign on both sides, and no two IMO numbers that say otherwise.

    Such are two transponders on one hull, or a tow under the words of its tug. But words are also what is copied to
    pass for another ship: of these runs `_measure` keeps those of hulls seen apart that are no tug and tow.
    """
    same = _both(known, runs, "name", _says_something) & _both(known, runs, "callsign", _says_something)
    for k in np.flatnonzero(same).tolist():
        rows = np.concatenate([known.at(hull[k : k + 1], runs.start_us[k : k + 1]) for hull in (runs.a, runs.b)])
        numbers = known.column("imo", rows).to_pylist()
        same[k] = not all(imo_tells(imo) for imo in numbers) or numbers[0] == numbers[1]
    return same


def _tows(columns: dict[str, Any]) -> Bools:
    """Tell where one of both is of a type that tows."""
    types = (columns[f"ship_type_{side}"].to_pylist() for side in "ab")
    return np.array([not TOWING.isdisjoint(both) for both in zip(*types, strict=True)], dtype=np.bool_)


def _says_something(text: str) -> bool:
    """Whether a name or call sign can tell vessels apart: not '0', 'XXXX' or the like."""
    return len(text) >= 4 and len(set(text)) > 1


def _spread(group: Ints) -> Bools:
    """Mark at most `_SAMPLE` rows of each group, evenly spread; groups are numbered without a hole."""
    if group.size == 0:
        return np.zeros(0, dtype=np.bool_)
    begin, end = group_bounds(group)
    place = group - group[0]
    size, rank = (end - begin)[place], np.arange(group.size) - begin[place]
    result: Bools = (size <= _SAMPLE) | ((rank + 1) * _SAMPLE // size > rank * _SAMPLE // size)
    return result


def _closest_hulls(
    tracks: Tracks, hulls: Hulls, pieces: Pieces, group: Ints, n: int, rule: EncounterSettings
) -> tuple[Floats, Floats, Ints]:
    """Return the clearance interval of each run at its closest, from its best-known pieces only."""
    least, most, source = hull_gap(tracks, hulls, pieces, rule.position_error_m)
    best = np.full(n, 9, dtype=np.int64)
    np.minimum.at(best, group, source)
    use = source == best[group]
    low, high = np.full(n, np.inf), np.full(n, np.inf)
    np.minimum.at(low, group[use], least[use])
    np.minimum.at(high, group[use], most[use])
    return low, high, best


def _alignment(tracks: Tracks, pieces: Pieces, group: Ints, weight: Floats, n: int) -> Floats:
    """Return the time-weighted mean of |cos| of the difference of headings; NaN where never both known."""
    turn = np.radians(tracks.heading_deg[pieces.i] - tracks.heading_deg[pieces.j])
    known = ~np.isnan(turn)
    total = np.bincount(group[known], weight[known], n)
    parallel = np.bincount(group[known], weight[known] * np.abs(np.cos(turn[known])), n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, parallel / np.where(total > 0, total, 1.0), np.nan)
