"""From positions as read to tracks: flag, split shared identities, cut into segments, keep the identities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Bools, to_columns
from stsdetect.schema import FIXES, FLAGGED, POSITIONS, SEGMENTS, VESSELS
from stsdetect.settings import CleanSettings
from stsdetect.tracks import clock
from stsdetect.tracks.clock import days_heard, may_have_wrong_days, wrong_days
from stsdetect.tracks.columns import rows_of, some
from stsdetect.tracks.fixes import FixArrays, close_repeats, join_fixes, make_fixes, renumbered
from stsdetect.tracks.flags import BBox, Flagged, Flags, believed, inside, is_any, not_vessels, row_flags
from stsdetect.tracks.hulls import split_hulls
from stsdetect.tracks.identity import Spells, history
from stsdetect.tracks.one_pass import OnePass
from stsdetect.tracks.quality import QUALITY_MEANING, Quality
from stsdetect.tracks.register import Coder, Register
from stsdetect.tracks.rows import Reports, Rows
from stsdetect.tracks.tables import fixes_table, flagged_table, segments_table

__all__ = [
    "QUALITY_MEANING",
    "Coder",
    "Quality",
    "Register",
    "Reports",
    "TrackArrays",
    "Tracks",
    "build_track_arrays",
    "build_tracks",
    "days_heard",
    "may_have_wrong_days",
    "tracks_of",
    "wrong_days",
]


@dataclass(frozen=True)
class TrackArrays:
    """What `Tracks` holds, with the fixes as plain arrays and the sorted labels of their hulls."""

    fixes: FixArrays
    labels: list[str]
    segments: pa.Table
    vessels: pa.Table
    flagged: pa.Table
    quality_counts: dict[str, int]


@dataclass(frozen=True)
class Tracks:
    """Cleaned positions: four tables of `stsdetect.schema`, and how many reports had which flag."""

    fixes: pa.Table
    segments: pa.Table
    vessels: pa.Table
    flagged: pa.Table
    quality_counts: dict[str, int]


def build_tracks(
    positions: pa.Table,
    settings: CleanSettings = CleanSettings(),
    *,
    bbox: BBox | None = None,
    wrong_days: frozenset[int] | None = None,
) -> Tracks:
    """Clean positions, split shared identities, cut tracks into segments and gather identities.

    Vessels do not touch each other: given all reports of some vessels, and the ``wrong_days`` of all, the rows are
    those that all reports together would give, but for the numbers of segments. Vessels whose labels (their own
    id, else the nine digits of the MMSI) are alike up to the first '#' must come together, as hulls that share an
    identity are named by it.

    Parameters
    ----------
    positions
        `POSITIONS` table (Arrow or pandas); not changed.
    settings
        See `stsdetect.settings.CleanSettings`.
    bbox
        (lon_min, lat_min, lon_max, lat_max) [degrees]; fixes outside are flagged, and still count as heard.
        lon_min > lon_max reaches over the antimeridian.
    wrong_days
        Days since 1970 (UTC) of which every report has a wrong clock, see `wrong_days`; None decides it from
        these positions.

    Raises
    ------
    SchemaError
        If a required column is missing or a report has neither a vessel id nor an MMSI.
    """
    positions = POSITIONS.conform(positions, extra=True)
    if positions.num_rows == 0:
        return Tracks(FIXES.empty(), SEGMENTS.empty(), VESSELS.empty(), FLAGGED.empty(), {})
    return tracks_of(Reports.of(positions), settings, bbox=bbox, wrong_days=wrong_days)


def tracks_of(
    reports: Reports, settings: CleanSettings, *, bbox: BBox | None, wrong_days: frozenset[int] | None
) -> Tracks:
    """Do what `build_tracks` does with reports that were coded before."""
    made = build_track_arrays(reports, settings, bbox=bbox, wrong_days=wrong_days)
    table = fixes_table(made.fixes, made.labels, reports)
    return Tracks(table, made.segments, made.vessels, made.flagged, made.quality_counts)


def build_track_arrays(
    reports: Reports,
    settings: CleanSettings = CleanSettings(),
    *,
    bbox: BBox | None = None,
    wrong_days: frozenset[int] | None = None,
) -> TrackArrays:
    """Do what `build_tracks` does, without a table of fixes."""
    groups = _Groups(settings, bbox, clock.wrong_days_of(reports) if wrong_days is None else wrong_days)
    never = not_vessels(reports.said)
    fast = compiled("cleaning")
    one_pass = None if fast is None else OnePass(fast, reports, never, settings, bbox, groups.wrong_days)
    for rows in reports.groups():
        if one_pass is None:
            groups.add(rows, never)
        else:
            groups.take_over(*one_pass.add(rows, groups.counts))
    return groups.tracks(reports, None if one_pass is None else one_pass.fixes())


class _Groups:
    """Tracks of groups of vessels, one group after the other in the order of labels."""

    def __init__(self, settings: CleanSettings, bbox: BBox | None, wrong_days: frozenset[int]) -> None:
        self._settings, self._bbox, self.wrong_days = settings, bbox, wrong_days
        self._labels: list[list[str]] = []
        self._fixes: list[tuple[FixArrays, Flags]] = []
        self._spells: list[Spells] = []
        self._flagged: list[Flagged] = []
        self.counts = np.zeros(len(Quality), dtype=np.int64)

    def add(self, rows: Rows, never: Bools) -> None:
        """Clean the reports of some vessels."""
        quality = row_flags(rows, never, self.wrong_days)
        # Longitude 180 is held as -180; others are left exactly as they are.
        lon = np.where(rows.lon_deg == 180.0, -180.0, rows.lon_deg)
        with np.errstate(invalid="ignore"):
            xyz = to_columns(rows.lat_deg, lon).T
        hulls = split_hulls(rows, some(believed(quality)), xyz, quality, self._settings)
        if (hulls.hull[1:] < hulls.hull[:-1]).any():
            order = np.argsort(hulls.hull, kind="stable")
            rows, hulls = rows.take(order), hulls.take(order)
            quality, lon, xyz = quality[order], lon[order], rows_of(xyz, order)
        quality[close_repeats(hulls, rows.time_us, quality, self._settings)] = Quality.NEAR_REPEAT
        if self._bbox is not None:
            quality[believed(quality) & ~inside(rows.lat_deg, lon, self._bbox)] = Quality.OUTSIDE_BBOX
        listen = some(~is_any(quality, Quality.NOT_A_VESSEL, Quality.WRONG_TIME, Quality.TELEPORT))
        self._labels.append(hulls.labels)
        self._spells.append(Spells.of(hulls.hull[listen], rows.code[listen], rows.time_us[listen]))
        self._fixes.append(make_fixes(rows, hulls, quality, xyz, lon, self._settings))
        self.counts += np.bincount(quality, minlength=len(Quality))
        # Exact repeats say nothing of their own.
        told = np.flatnonzero(~(believed(quality) | is_any(quality, Quality.OUTSIDE_BBOX, Quality.REPEAT)))
        self._flagged.append(Flagged(hulls.hull[told], quality[told], rows.row[told]))

    def take_over(self, labels: list[str], spells: Spells, flagged: Flagged) -> None:
        """Keep what `OnePass` found, but for the fixes."""
        self._labels.append(labels)
        self._spells.append(spells)
        self._flagged.append(flagged)

    def tracks(self, reports: Reports, ready: tuple[FixArrays, Flags] | None) -> TrackArrays:
        """Put all groups together; their fixes may be ready."""
        offsets = np.cumsum([0, *map(len, self._labels)]).tolist()[:-1]
        given = [label for group in self._labels for label in group]
        spells = Spells.joined(self._spells, offsets)
        flagged = Flagged.joined(self._flagged, offsets)
        fixes, why = ready or join_fixes(self._fixes, offsets)
        labels = sorted(given)
        if labels != given:
            # A name made for one of several hulls of a vessel sorts behind the label of a vessel in a later group.
            place = np.empty(len(labels), dtype=np.int64)
            place[sorted(range(len(given)), key=given.__getitem__)] = np.arange(len(given))
            spells, flagged = spells.renumbered(place), flagged.renumbered(place)
            fixes, why = renumbered(fixes, why, place)
        return TrackArrays(
            fixes,
            labels,
            segments_table(fixes, why, labels),
            history(reports.said, spells, labels),
            flagged_table(flagged, labels, reports),
            {flag.name.lower(): int(self.counts[flag]) for flag in Quality if self.counts[flag]},
        )
