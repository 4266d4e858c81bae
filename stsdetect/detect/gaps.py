"""Gaps: a hull that was heard, then not for hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.coverage import LAST_HEARD, OWN_HOURS, usual_rate
from stsdetect.detect.arrays import HOUR_US, Fixes, Identities, encode_vessels
from stsdetect.detect.events import build_events, draught_change, identity_columns
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.contact import Timeline
from stsdetect.kernels.sphere import Bools, Ints, distance_m
from stsdetect.schema import EVENTS, FLAGGED
from stsdetect.settings import GapSettings
from stsdetect.tracks import Quality
from stsdetect.tracks.columns import one_array
from stsdetect.tracks.hulls import SPLIT
from stsdetect.units import KNOT_MPS

#: Flags of reports that show a hull was transmitting, though not where it was.
_PLACELESS = ("no_position", "impossible_position", "null_island", "teleport")


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Find silences between two fixes of one hull, or after its last fix up to the end of the data.

    Silences from ``min_duration_s`` have subtype ``silence``; those from ``keep_from_s`` are kept as ``short``.
    Whether a silence means anything is not said here: a gap is absence of reports, not darkness. What else was
    heard there tells more: see `stsdetect.context.coverage`.

    Examples
    --------
    >>> from stsdetect.schema import FIXES
    >>> Gaps(min_duration_s=6 * 3600).detect(FIXES.empty()).num_rows
    0
    """

    min_duration_s: float = 21600.0
    keep_from_s: float = 7200.0

    @classmethod
    def from_settings(cls, settings: GapSettings) -> Gaps:
        """Make the detector that a settings file asks for."""
        return cls(**settings.model_dump())

    def detect(self, fixes: Any, vessels: Any | None = None, *, flagged: Any | None = None) -> pa.Table:
        """Return gap events (`EVENTS` table) of a `FIXES` table, with identities from ``vessels``.

        A `FLAGGED` table tells of reports without a believed place: a gap in which the hull sent such reports has
        the flag ``heard_without_position``, because it was not silent (a failing receiver, jamming, spoofing).

        The event's point is the last fix before the silence; ``implied_speed_kn`` is that of the straight line
        to the first fix after it. An open gap ends at the last time in the data. Gaps that begin outside the area asked
        for are left out.
        """
        data = fixes if isinstance(fixes, Fixes) else Fixes.from_table(fixes)
        known = vessels if isinstance(vessels, Identities) else Identities.from_table(vessels, data.labels)
        events, last_heard = self.find(data, known, flagged=flagged)
        return in_area(events, last_heard)

    def find(
        self, data: Fixes, known: Identities, *, flagged: Any | None = None, recent: Ints | None = None
    ) -> tuple[pa.Table, pa.Table]:
        """Return all gaps, and how each hull was heard just before (`LAST_HEARD`).

        Those that begin outside the area asked for are among them: by these, too, it is told whether others fell silent
        and who else could have been somewhere. `in_area` leaves them out.

        Parameters
        ----------
        recent
            What `recent_fixes` says of each hull's fix, where ``data`` holds but the last of each, shape (n, 2).
        """
        nothing = EVENTS.empty(), LAST_HEARD.empty()
        if data.size == 0:
            return nothing
        before = _silences(data, round(self.keep_from_s * 1e6))
        if before.size == 0:
            return nothing
        after = np.minimum(before + 1, data.size - 1)
        is_open = (after == before) | (data.hull[after] != data.hull[before])
        after = np.where(is_open, before, after)
        start, stop = data.time_us[before], np.where(is_open, data.end_us, data.time_us[after])
        jump = ~is_open & (distance_m(data.xyz[before], data.xyz[after]) > 0)
        hours_s = (stop - start) / 1e6
        speed = np.where(jump, distance_m(data.xyz[before], data.xyz[after]) / hours_s / KNOT_MPS, 0.0)
        none = np.zeros(before.size, dtype=np.int64)
        hull = data.hull[before]
        draught, change = draught_change(known, hull, start, stop)
        own = recent_fixes(data, before) if recent is None else recent[before]
        columns = {
            **identity_columns(data, known, "a", hull, start, first=before),
            "start_us": start,
            "end_us": stop,
            "observed_us": none,
            "inferred_us": none,
            "lat_deg": data.lat_deg[before],
            "lon_deg": data.lon_deg[before],
            "end_lat_deg": np.where(is_open, np.nan, data.lat_deg[after]),
            "end_lon_deg": np.where(is_open, np.nan, data.lon_deg[after]),
            "implied_speed_kn": np.where(is_open, np.nan, speed),
            "speed_before_kn": data.speed_kn[before],
            "course_before_deg": data.course_deg[before],
            "speed_after_kn": np.where(is_open, np.nan, data.speed_kn[after]),
            "course_after_deg": np.where(is_open, np.nan, data.course_deg[after]),
            "n_positions_a": np.where(is_open, 1, 2),
            "is_open": is_open,
            "own_rate_per_h": own[:, 0] / OWN_HOURS,
            "draught_before_a_m": draught,
            "draught_change_a_m": change,
            "flags": np.where(_heard(flagged, data.labels, hull, start, stop), "heard_without_position", "").tolist(),
        }
        long = stop - start >= round(self.min_duration_s * 1e6)
        events = build_events("gap", ["silence" if yes else "short" for yes in long.tolist()], columns)
        speed = data.speed_kn[before]
        transceiver = known.column("transceiver", known.at(hull, start)).cast(pa.string()).to_pylist()
        class_a = np.array([word == "A" for word in transceiver], dtype=np.bool_)
        last = {
            "event_id": events.column("event_id"),
            "hours_heard": own[:, 1],
            "class_a": class_a,
            "usual_per_h": usual_rate(class_a, speed),
            "speed_kn": speed,
            "course_deg": data.course_deg[before],
            "as_another": _heard_as_another(data, before, stop + is_open),
            "outside": data.quality[before] == int(Quality.OUTSIDE_BBOX),
        }
        return events, LAST_HEARD.table(last)


def in_area(events: pa.Table, last_heard: pa.Table, met: pa.Table | None = None) -> pa.Table:
    """Return an `EVENTS` table without the gaps that begin outside the area asked for.

    Parameters
    ----------
    last_heard
        A `LAST_HEARD` table; events that are not in it are kept.
    met
        Events (`EVENTS`) in the area that were inferred from gaps: these gaps are kept, too, wherever they begin.
    """
    left_out = last_heard.column("event_id").filter(last_heard.column("outside"))
    if not len(left_out):
        return events
    if met is not None:
        named = {name for text in met.column("from_events").to_pylist() for name in (text or "").split(";")}
        left_out = left_out.filter(pc.invert(pc.is_in(left_out, pa.array(sorted(named), pa.string()))))
    return events.filter(pc.invert(pc.is_in(events.column("event_id"), left_out.combine_chunks())))


def recent_fixes(data: Fixes, at: Ints) -> Ints:
    """Return how many fixes the hull of each fix ``at`` had in the three hours up to it, and in how many of them any.

    Returns
    -------
    Counts of fixes and of hours, shape (n, 2).
    """
    first = np.searchsorted(data.hull, data.hull[at], side="left")
    hours = [_fixes_since(data, first, at, hour * HOUR_US) for hour in range(1, OWN_HOURS + 1)]
    counts = np.stack(hours, axis=1)
    heard: Ints = (np.diff(counts, axis=1, prepend=0) > 0).sum(axis=1)
    return np.stack([counts[:, -1], heard], axis=1)


def _fixes_since(data: Fixes, low: Ints, at: Ints, length_us: int) -> Ints:
    """Count the fixes from ``low`` up to ``at`` that are less than so long before it."""
    since, high = data.time_us[at] - length_us, at.copy()
    # The first fix later than that: by halves, for all at once.
    while (searching := low < high).any():
        middle = (low + high) // 2
        early = data.time_us[middle] <= since
        low, high = np.where(searching & early, middle + 1, low), np.where(searching & ~early, middle, high)
    count: Ints = at - low + 1
    return count


def _silences(data: Fixes, least_us: int) -> Ints:
    """Return the fixes that are followed by a silence, that of a hull's last fix up to the end of the data."""
    fast = compiled("legs")
    if fast is not None:
        hull, _, time_us, *_ = data.plain
        before = np.empty(data.size, dtype=np.int64)
        return before[: fast.silences(hull, time_us, data.end_us, least_us, before)].copy()
    last_of_hull = np.append(data.hull[1:] != data.hull[:-1], True)
    following = np.where(last_of_hull, data.end_us, np.append(data.time_us[1:], 0))
    return np.flatnonzero(following - data.time_us >= least_us)


def _heard_as_another(data: Fixes, before: Ints, stop_us: Ints) -> Bools:
    """Tell in which gaps, edges left out, another hull on the same MMSI (or id) was heard: then that was not silent.

    Ids of a user's own may look like names of split hulls, so fixes must say the same MMSI, too, or none at all.

    Parameters
    ----------
    before
        The last fix before each gap, shape (n,).
    """
    stems = [SPLIT.sub("", label) for label in data.labels]
    number = {stem: k for k, stem in enumerate(dict.fromkeys(stems))}
    stem = np.array([number[text] for text in stems], dtype=np.int64)
    shared = np.bincount(stem)[stem] > 1
    result = np.zeros(before.size, dtype=np.bool_)
    asked = np.flatnonzero(shared[data.hull[before]])
    if not asked.size:
        return result
    fixes = np.flatnonzero(shared[data.hull])
    said, mmsi = np.unique(np.nan_to_num(data.mmsi[fixes], nan=-1.0), return_inverse=True)
    _, whose = np.unique(stem[data.hull[fixes]] * said.size + mmsi, return_inverse=True)
    time = data.time_us[fixes]
    order = np.lexsort((time, whose))
    line = Timeline.of(whose[order], time[order], time[order])
    own, start_us = whose[np.searchsorted(fixes, before[asked])], data.time_us[before[asked]]
    first = np.searchsorted(line.start, line.place(own, start_us), side="right")
    # The hull itself has no fix inside its own gap.
    result[asked] = np.searchsorted(line.start, line.place(own, stop_us[asked]), side="left") > first
    return result


def _heard(flagged: Any | None, labels: list[str], hull: Ints, start_us: Ints, stop_us: Ints) -> Bools:
    """Tell in which gaps the hull sent reports without a believed place, edges left out."""
    result = np.zeros(hull.size, dtype=np.bool_)
    if flagged is None:
        return result
    table = FLAGGED.conform(flagged, extra=True)
    if not table.num_rows:
        return result
    flags = one_array(table.column("flag").unify_dictionaries())
    placeless = np.isin(flags.dictionary.to_pylist(), _PLACELESS)[flags.indices.to_numpy()]
    codes, _ = encode_vessels(table.column("vessel"), labels)
    sent = placeless & (codes >= 0)
    codes, time = codes[sent], table.column("time").cast(pa.int64()).to_numpy()[sent]
    if codes.size == 0:
        return result
    order = np.lexsort((time, codes))
    line = Timeline.of(codes[order], time[order], time[order])
    first = np.searchsorted(line.start, line.place(hull, start_us), side="right")
    heard: Bools = np.searchsorted(line.start, line.place(hull, stop_us), side="left") > first
    return heard
