"""From what was counted in a file to doubts: when there is one, and the sentence that says why.

The limits are our choice. On the real files they were tried on, right columns are far from them: of a thousand vessels
one goes against its course, and none at another unit's speed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats
from stsdetect.readers.protocol import Doubt
from stsdetect.readers.suspicion.dates import Dates
from stsdetect.readers.suspicion.legs import READINGS, UNITS, Evidence

#: A vessel counts with so many steps, and is for a reading where this share of them agree and no more with the given.
_MIN_STEPS, _FOR, _AGAINST = 3, 0.8, 0.2
_FITS = 0.6
#: A doubt needs so many vessels, so many times those for the given reading ...
_MIN_VESSELS, _TIMES = 3, 3
#: ... or, where only some rows are wrong, so many, and this share of all vessels that count ...
_MIN_PART, _PART = 5, 0.1
#: ... or one with so many steps, which for courses must go to several sides (resultant length below this) or, with
#: latitude and longitude exchanged, be as fast as it says.
_STEPS_ALONE, _ONE_WAY = 20, 0.8
#: Least share of values that cannot be for a doubt, and least number.
_SHARE, _COUNT = 0.02, 5
#: So many different values: one that recurs may stand for 'not available'.
_DIFFERENT = 6
_MAX_DRAUGHT_M = 25.5  # ITU-R M.1371-5: 255 tenths of a metre
_MAX_SOG_KN = 102.3  # the same: 1023 tenths
_NO_COURSE = 511.0

_SIGNS = {
    "swapped": "latitude and longitude may be exchanged",
    "west": "the sign of longitude may be lost or turned (west written as east)",
    "south": "the sign of latitude may be lost or turned (south written as north)",
    "south_west": "the signs of latitude and longitude may be lost or turned, or times run backwards",
}
_UNIT_WORDS = {
    "0.1kn": "tenths of a knot (0.1kn)",
    "m/s": "metres a second (m/s)",
    "km/h": "kilometres an hour (km/h)",
    "10kn": "tens of knots: tenths of a knot taken twice",
}


@dataclass
class Counts:
    """Single values of a file, counted."""

    rows: int = 0
    places: int = 0
    beyond_pole: int = 0
    no_degrees: int = 0
    speeds: int = 0
    speeds_over: int = 0
    courses: int = 0
    courses_over: int = 0
    course_511: int = 0
    course_parts: int = 0
    headings: int = 0
    heading_511: int = 0
    heading_parts: int = 0
    draughts: int = 0
    draughts_over: int = 0
    deep: set[int] = field(default_factory=set)
    over: set[float] = field(default_factory=set)
    fast: set[float] = field(default_factory=set)
    dates: Dates = field(default_factory=Dates)

    def add(self, rows: Mapping[str, Any]) -> None:
        """Count the values of some rows."""
        self.rows += len(rows["time"])
        lat, lon = np.abs(rows["lat_deg"]), np.abs(rows["lon_deg"])
        known = ~(np.isnan(lat) | (lat == 91.0) | (lon == 181.0))
        self.places += int(known.sum())
        self.beyond_pole += int((known & (lat > 90.0) & (lat <= 181.0) & (lon <= 91.0)).sum())
        self.no_degrees += int((known & (lat > 181.0) & (lon > 181.0)).sum())
        sog, cog, heading, draught = (rows[name] for name in ("sog_kn", "cog_deg", "heading_deg", "draught_m"))
        self.speeds += int((sog > 0).sum())
        fast = sog > _MAX_SOG_KN
        self.speeds_over += int(fast.sum())
        _some(self.fast, sog[fast])
        over = (cog > 360.0) & (cog != _NO_COURSE)
        self.courses += int((cog >= 0).sum())
        self.courses_over += int(over.sum())
        _some(self.over, cog[over])
        self.course_511 += int((cog == _NO_COURSE).sum())
        self.course_parts += _parts(cog)
        self.headings += int(((heading >= 0) & (heading < 360)).sum())
        self.heading_511 += int((heading == _NO_COURSE).sum())
        self.heading_parts += _parts(heading)
        deep = draught > _MAX_DRAUGHT_M
        self.draughts += int((draught > 0).sum())
        self.draughts_over += int(deep.sum())
        if len(self.deep) < _MIN_VESSELS:
            self.deep.update(rows["vessel"][deep][:1000].tolist())


def _some(known: set[float], values: Floats) -> None:
    """Collect different values until there are enough to say that they are no one mark for 'not available'."""
    if len(known) < _DIFFERENT:
        known.update(np.unique(values[:1000])[:_DIFFERENT].tolist())


def _parts(values: Floats) -> int:
    """Return how many angles are no whole degrees."""
    return int(((values >= 0) & (values < 360) & (values != np.floor(values))).sum())


def verdicts(counts: Counts, found: Sequence[Evidence]) -> tuple[Doubt, ...]:
    """Return the doubts about a file."""
    evidence = Evidence.together(found) if found else None
    place = [*_no_degrees(counts), *_exchanged(counts, evidence)]
    doubts = [*place, *_of_values(counts), *counts.dates.doubts(counts.rows)]
    # A place that is read wrongly gives wrong speeds, too.
    if not place:
        doubts += _unit(counts, evidence)
    return tuple(doubts)


def _no_degrees(counts: Counts) -> list[Doubt]:
    far = counts.no_degrees
    if far < _COUNT or far < 0.5 * counts.places:
        return []
    text = f"places may not be in degrees: {far:,} of {counts.places:,} looked at are far beyond 90 and 180"
    return [Doubt("place_unit", text)]


def _exchanged(counts: Counts, evidence: Evidence | None) -> list[Doubt]:
    """Judge latitude, longitude and their signs, from impossible values, courses, or speeds without courses."""
    said: dict[str, list[str]] = {}
    beyond = counts.beyond_pole
    if beyond >= _COUNT and beyond >= _SHARE * counts.places:
        said["swapped"] = [f"{beyond:,} of {counts.places:,} places looked at lie beyond a pole as the columns stand"]
    if evidence is None or _course_in_tenths(counts):
        return [_sign_doubt(reading, reasons) for reading, reasons in said.items()]
    n = evidence.courses
    counted = n >= _MIN_STEPS
    given = counted & (evidence.agree[:, 0] >= _FOR * n)
    against = counted & (evidence.agree[:, 0] <= _AGAINST * n)
    sides = np.hypot(evidence.east, evidence.north) < _ONE_WAY * n
    judged = given.copy()
    supports = {}
    for k, reading in enumerate(READINGS[1:], start=1):
        supports[reading] = against & (evidence.agree[:, k] >= _FOR * n)
        judged |= supports[reading]
    best = max(supports, key=lambda reading: int(supports[reading].sum()))
    if best == "swapped":
        sides |= _fits_swapped(evidence)
    if _enough(supports[best], given, judged, (n >= _STEPS_ALONE) & sides):
        said.setdefault(best, []).append(
            f"of {int(judged.sum()):,} vessels under way {int(supports[best].sum()):,} go where their course over "
            f"ground says only if so, {int(given.sum()):,} as the columns stand"
        )
    elif not judged.any():
        said = _by_speed(evidence, said)
    return [_sign_doubt(reading, reasons) for reading, reasons in said.items()]


def _by_speed(evidence: Evidence, said: dict[str, list[str]]) -> dict[str, list[str]]:
    """Judge from speeds whether latitude and longitude are exchanged, where there are no courses."""
    n = evidence.speeds
    given = (n >= _MIN_STEPS) & (evidence.fits[:, 0] >= _FOR * n) & (evidence.fits_swapped <= _AGAINST * n)
    swapped = _fits_swapped(evidence)
    if swapped.sum() >= _MIN_PART and swapped.sum() >= _TIMES * given.sum():
        said.setdefault("swapped", []).append(
            f"{int(swapped.sum()):,} vessels under way are as fast as their speed over ground only if so, "
            f"{int(given.sum()):,} only as the columns stand"
        )
    return said


def _fits_swapped(evidence: Evidence) -> Bools:
    n = evidence.speeds
    fits: Bools = (n >= _MIN_STEPS) & (evidence.fits_swapped >= _FOR * n) & (evidence.fits[:, 0] <= _AGAINST * n)
    return fits


def _sign_doubt(reading: str, reasons: list[str]) -> Doubt:
    kind = "lat_lon_swapped" if reading == "swapped" else "sign_lost"
    return Doubt(kind, f"{_SIGNS[reading]}: {'; '.join(reasons)}")


def _unit(counts: Counts, evidence: Evidence | None) -> list[Doubt]:
    """Judge the unit of speeds from what they are beside the speed from positions, and from those that cannot be."""
    best, reasons = ("0.1kn", []) if evidence is None else _by_ratio(evidence)
    over = counts.speeds_over
    if (best == "0.1kn" or not reasons) and len(counts.fast) >= _DIFFERENT and over >= _SHARE * counts.speeds:
        best = "0.1kn"
        reasons.append(f"{over:,} of {counts.speeds:,} speeds are above {_MAX_SOG_KN} kn, which AIS cannot say")
    if not reasons:
        return []
    text = f"speeds may be in {_UNIT_WORDS[best]}: {'; '.join(reasons)}; --speed-unit says it for mapped tables"
    return [Doubt("speed_unit", text)]


def _by_ratio(evidence: Evidence) -> tuple[str, list[str]]:
    """Return the other unit that fits best beside the speed from positions, and the reason to doubt, if it is one."""
    n = evidence.speeds
    counted = n >= _MIN_STEPS
    supports = {unit: counted & (evidence.fits[:, k] >= _FITS * n) for k, unit in enumerate(UNITS)}
    given = supports.pop("kn")
    best = max(supports, key=lambda unit: int(supports[unit].sum()))
    reasons = []
    if _enough(supports[best], given, counted, n >= _STEPS_ALONE):
        chosen = supports[best]
        ratio = np.exp(evidence.log_ratio[chosen] / n[chosen])
        low, middle, high = np.percentile(ratio, [25, 50, 75])
        reasons.append(
            f"{int(chosen.sum()):,} of {int(counted.sum()):,} vessels under way have a speed over ground of "
            f"{middle:.3g} times their speed from positions (median; quartiles {low:.3g} and {high:.3g}), "
            f"{int(given.sum()):,} about 1"
        )
    return best, reasons


def _course_in_tenths(counts: Counts) -> bool:
    return len(counts.over) >= _DIFFERENT and counts.courses_over >= _SHARE * counts.courses


def _of_values(counts: Counts) -> list[Doubt]:
    """Judge courses, headings and draughts by their values alone."""
    doubts = []
    if _course_in_tenths(counts):
        over = f"{counts.courses_over:,} of {counts.courses:,} looked at are above 360"
        doubts.append(Doubt("course_unit", f"courses may be in tenths of a degree: {over}"))
    seldom = max(_COUNT, _SHARE * counts.courses)
    by_sentinel = counts.course_511 >= seldom and not counts.heading_511
    by_parts = (
        counts.heading_parts >= max(10 * _COUNT, 0.2 * counts.headings)
        and counts.courses >= 10 * _COUNT
        and counts.course_parts <= 0.001 * counts.courses
    )
    if by_sentinel or by_parts:
        reasons = []
        if by_sentinel:
            reasons.append(f"{counts.course_511:,} courses are 511, which stands for no heading, and no heading is")
        if by_parts:
            reasons.append(
                "AIS gives courses in tenths and headings in whole degrees, here "
                f"{counts.course_parts:,} of {counts.courses:,} courses and {counts.heading_parts:,} of "
                f"{counts.headings:,} headings are no whole degrees"
            )
        text = f"course and heading may be exchanged: {'; '.join(reasons)}"
        doubts.append(Doubt("course_heading_swapped", text))
    deep = counts.draughts_over
    if deep >= _COUNT and deep >= 0.2 * counts.draughts and (len(counts.deep) >= _MIN_VESSELS or deep >= _STEPS_ALONE):
        text = (
            f"draughts may be in tenths of a metre: {deep:,} of {counts.draughts:,} looked at are above "
            f"{_MAX_DRAUGHT_M} m, which AIS cannot say"
        )
        doubts.append(Doubt("draught_unit", text))
    return doubts


def _enough(supports: Bools, given: Bools, judged: Bools, alone: Bools) -> bool:
    """Say whether so many vessels support another reading that the given one is in doubt."""
    many, others = int(supports.sum()), int(given.sum())
    if many >= _MIN_VESSELS and many >= _TIMES * others:
        return True
    if many >= _MIN_PART and many >= _PART * int(judged.sum()):
        return True
    return not others and bool((supports & alone).any()) and many * _TIMES >= int(judged.sum())
