"""Fixes as plain arrays, and the segments they form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stsdetect.kernels.runs import group_bounds, isolated
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.settings import CleanSettings
from stsdetect.tracks.columns import ByHull, rows_of, some
from stsdetect.tracks.flags import Flags, believed, coarse_codes, is_any
from stsdetect.tracks.hulls import Hulls
from stsdetect.tracks.quality import Quality
from stsdetect.tracks.rows import Rows
from stsdetect.tracks.speed import speed_and_course

#: What a segment begins after, by code.
WHY = ("start", "silence", "jump")
#: 'No speed' in long-range reports, whose speeds end at 62 kn (ITU-R M.1371-5 table 75).
_NO_LONG_RANGE_KN = 63.0


@dataclass(frozen=True)
class FixArrays(ByHull):
    """Fixes sorted by hull, then time, as arrays of shape (n,); what else is known stands in the positions.

    Attributes
    ----------
    hull
        Number among the sorted labels of hulls.
    mmsi, sog_kn, heading_deg, speed_kn, course_deg
        NaN where not available.
    xyz
        Places [m], shape (n, 3), each axis contiguous.
    row
        Place among the positions as given.
    """

    hull: Ints
    segment: Ints
    time_us: Ints
    mmsi: Floats
    lat_deg: Floats
    lon_deg: Floats
    xyz: Floats
    sog_kn: Floats
    heading_deg: Floats
    speed_kn: Floats
    course_deg: Floats
    quality: Flags
    row: Ints

    @property
    def size(self) -> int:
        """Number of fixes."""
        return int(self.row.size)


def close_repeats(hulls: Hulls, time_us: Ints, quality: Flags, settings: CleanSettings) -> Ints:
    """Return fixes that follow another of their hull too closely; a coarse fix never stands in for a precise one.

    Parameters
    ----------
    hulls, time_us, quality
        Reports sorted by hull, then time.
    """
    least = round(settings.near_repeat_s * 1e6)
    found = []
    for kind in (Quality.OK, Quality.COARSE):
        use = np.flatnonzero(quality == int(kind))
        time = time_us[use]
        close = np.zeros(use.size, dtype=np.bool_)
        close[1:] = _same(hulls.hull[use])
        close[1:] &= time[1:] - time[:-1] <= least
        if hulls.chain is not None:
            close[1:] &= _same(hulls.chain[use])
        if close.any():
            found.append(use[isolated(time, close, least)])
    return np.concatenate([np.zeros(0, dtype=np.int64), *found])


def _same(values: Ints) -> Bools:
    same: Bools = values[1:] == values[:-1]
    return same


def make_fixes(
    rows: Rows, hulls: Hulls, quality: Flags, xyz: Floats, lon_deg: Floats, settings: CleanSettings
) -> tuple[FixArrays, Flags]:
    """Return the fixes (reports with a believed place) and what each of their segments begins after.

    Parameters
    ----------
    rows, hulls, quality, xyz, lon_deg
        Reports sorted by hull, then time; longitudes in [-180, 180).
    """
    use = some(believed(quality) | is_any(quality, Quality.OUTSIDE_BBOX))
    hull, time, row, kind = hulls.hull[use], rows.time_us[use], rows.row[use], quality[use]
    begins, why = _cut(hull, time, None if hulls.chain is None else hulls.chain[use], settings)
    segment = np.cumsum(begins) - 1
    sog, heading = rows.sog_kn[use], rows.heading_deg[use]
    # 102.3 is 'not available' and 102.2 'at least that' (ITU-R M.1371-5); below 0 is an overflow of old exports.
    unsaid = (sog == _NO_LONG_RANGE_KN) & coarse_codes(rows.said)[rows.code[use]]
    sog = np.where((sog < 0) | (sog >= 102.2) | unsaid, np.nan, sog)
    places = rows_of(xyz, use)
    speed, course = speeds(segment, time, places, sog, kind, settings.speed_window_s)
    fixes = FixArrays(
        hull=hull,
        segment=segment,
        time_us=time,
        mmsi=rows.said.mmsi[rows.code[use]],
        lat_deg=rows.lat_deg[use],
        lon_deg=lon_deg[use],
        xyz=places,
        sog_kn=sog,
        heading_deg=np.where((heading < 0) | (heading >= 360), np.nan, heading),
        speed_kn=speed,
        course_deg=course,
        quality=kind,
        row=row,
    )
    return fixes, why[begins]


def speeds(
    segment: Ints, time_us: Ints, xyz: Floats, sog_kn: Floats, quality: Flags, window_s: float
) -> tuple[Floats, Floats]:
    """Return speed [kn] and course [degrees] of fixes sorted by segment, then time, see `speed_and_course`."""
    speed, course = speed_and_course(segment, time_us, xyz, sog_kn, window_s)
    fine = np.flatnonzero(quality != int(Quality.COARSE))
    if 0 < fine.size < quality.size:
        # A position rounded to 185 m beside a precise one would look like motion.
        speed[fine], course[fine] = speed_and_course(
            segment[fine], time_us[fine], rows_of(xyz, fine), sog_kn[fine], window_s
        )
    return speed, course


def _cut(hull: Ints, time_us: Ints, chain: Ints | None, settings: CleanSettings) -> tuple[Bools, Flags]:
    """Mark the fixes that begin a segment, and say after what (code in `WHY`), shape (n,) each."""
    why = np.zeros(hull.size, dtype=np.int8)
    begins = np.ones(hull.size, dtype=np.bool_)
    begins[1:] = hull[1:] != hull[:-1]
    start = begins.copy()
    silent = np.flatnonzero(time_us[1:] - time_us[:-1] > round(settings.max_silence_s * 1e6)) + 1
    begins[silent] = True
    why[silent] = WHY.index("silence")
    if chain is not None:
        jump = np.flatnonzero(chain[1:] != chain[:-1]) + 1
        begins[jump] = True
        why[jump] = WHY.index("jump")
    why[start] = WHY.index("start")
    return begins, why


def join_fixes(parts: list[tuple[FixArrays, Flags]], offsets: list[int]) -> tuple[FixArrays, Flags]:
    """Put groups of hulls together: their fixes, and what each segment begins after.

    Parameters
    ----------
    parts
        As `make_fixes` gives them.
    offsets
        What to add to the number of each group's hulls.
    """
    n_segments = 0
    for fixes, why in parts:
        np.add(fixes.segment, n_segments, out=fixes.segment)
        n_segments += why.size
    return FixArrays.joined([fixes for fixes, _ in parts], offsets), np.concatenate([why for _, why in parts])


def renumbered(fixes: FixArrays, why: Flags, place: Ints) -> tuple[FixArrays, Flags]:
    """Give each hull the number ``place[hull]`` and sort by it; segments are numbered anew."""
    fixes = fixes.renumbered(place)
    first, end = group_bounds(fixes.segment)
    number = np.repeat(np.arange(first.size), end - first)
    return replace(fixes, segment=number), why[fixes.segment[first]]
