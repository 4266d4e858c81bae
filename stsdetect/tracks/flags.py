"""Flags that a report gets for itself: its place, its time, its kind of station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.reference.vessels import MMSI_FORM_NAMES, mmsi_forms
from stsdetect.tracks import clock
from stsdetect.tracks.columns import ByHull
from stsdetect.tracks.quality import PRECEDENCE, Quality
from stsdetect.tracks.register import Said
from stsdetect.tracks.rows import Rows

Flags = NDArray[np.int8]
BBox = tuple[float, float, float, float]
#: Forms of MMSI and words for stations that are never a vessel under way.
_NOT_VESSELS = frozenset({"base", "aid", "sar_aircraft", "sart", "mob", "epirb", "group", "handheld"})
#: AIS message of long-range positions.
_LONG_RANGE = 27


@dataclass(frozen=True)
class Flagged(ByHull):
    """Reports that are not used, sorted by hull, then time; arrays of shape (n,).

    Attributes
    ----------
    row
        Place among the positions as given.
    """

    hull: Ints
    quality: Flags
    row: Ints


def row_flags(rows: Rows, never: Bools, wrong_days: frozenset[int]) -> Flags:
    """Return the strongest flag of each report that needs no other report of its vessel but the one it repeats.

    Parameters
    ----------
    never
        What is not said by a vessel, see `not_vessels`.
    """
    marks: dict[Quality, Bools | Ints] = {
        **_odd_places(rows.lat_deg, rows.lon_deg),
        Quality.NOT_A_VESSEL: _where(never, rows),
        Quality.COARSE: _where(coarse_codes(rows.said), rows),
        Quality.REPEAT: rows.repeat,
    }
    if wrong_days:
        marks[Quality.WRONG_TIME] = clock.on_days(rows.time_us, wrong_days)
    quality = np.full(rows.size, int(Quality.OK), dtype=np.int8)
    for flag in reversed(PRECEDENCE):
        if flag in marks:
            quality[marks[flag]] = int(flag)
    return quality


def is_any(quality: Flags, *flags: Quality) -> Bools:
    """Mark reports with one of some flags."""
    mask: Bools = quality == int(flags[0])
    for flag in flags[1:]:
        mask |= quality == int(flag)
    return mask


def believed(quality: Flags) -> Bools:
    """Mark reports whose place is believed."""
    return is_any(quality, Quality.OK, Quality.COARSE)


def _where(of_code: Bools, rows: Rows) -> Ints:
    """Return the reports for which what they say is marked."""
    return np.flatnonzero(of_code[rows.code]) if of_code.any() else np.zeros(0, dtype=np.int64)


def _odd_places(lat_deg: Floats, lon_deg: Floats) -> dict[Quality, Ints]:
    with np.errstate(invalid="ignore"):
        odd = np.flatnonzero(~((np.abs(lat_deg) <= 90.0) & (np.abs(lon_deg) <= 180.0)))
    lat, lon = lat_deg[odd], lon_deg[odd]
    missing = np.isnan(lat) | np.isnan(lon) | (lat == 91.0) | (lon == 181.0)
    level = np.flatnonzero(lat_deg == lon_deg)
    unset = (lat_deg[level] == 0.0) | (lat_deg[level] == 1.0)
    return {
        Quality.NO_POSITION: odd[missing],
        Quality.IMPOSSIBLE_POSITION: odd[~missing],
        Quality.NULL_ISLAND: level[unset],
    }


def not_vessels(said: Said) -> Bools:
    """Mark what is not said by a vessel: by the form of its MMSI, or by the source's word."""
    forms = np.array([form in _NOT_VESSELS for form in MMSI_FORM_NAMES])
    by_form = ~np.isnan(said.mmsi) & forms[mmsi_forms(np.nan_to_num(said.mmsi, nan=0.0).astype(np.int64))]
    station = np.array([word in _NOT_VESSELS for word in said.words["station"]] + [False])
    result: Bools = by_form | station[said.texts["station"]]
    return result


def coarse_codes(said: Said) -> Bools:
    """Mark what is said with coarse places."""
    coarse: Bools = said.numbers["message_type"] == _LONG_RANGE
    return coarse


def inside(lat_deg: Floats, lon_deg: Floats, bbox: BBox) -> Bools:
    """Mark places in an area (lon_min, lat_min, lon_max, lat_max); longitude 180 is held as -180."""
    lon_min, lat_min, lon_max, lat_max = bbox
    with np.errstate(invalid="ignore"):
        in_lat = (lat_deg >= lat_min) & (lat_deg <= lat_max)
        if lon_min <= lon_max:
            within: Bools = (lon_deg >= lon_min) & (lon_deg <= lon_max) | ((lon_max == 180.0) & (lon_deg == -180.0))
            return in_lat & within
        return in_lat & ((lon_deg >= lon_min) | (lon_deg <= lon_max))
