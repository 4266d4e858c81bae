"""Whether day and month may have been exchanged, where dates like 03/04/2021 were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stsdetect.kernels.sphere import Ints, distance_m, to_xyz
from stsdetect.readers.protocol import Doubt
from stsdetect.readers.suspicion.legs import is_place
from stsdetect.units import KNOT_MPS, US_PER_S

_DAY_US = 86_400 * US_PER_S
#: Steps over midnight are looked at up to this long [s]; a vessel that makes them goes no faster than this [kn].
_STEP_S, _MAX_KN = 3600.0, 50.0
_MIN_STEPS, _PLAUSIBLE = 3, 0.9
_MIN_REFUSED, _REFUSED = 3, 0.01
#: Two days of different months lie at least so far apart [d].
_MONTH = 27


@dataclass
class Dates:
    """Days of a file as read and with day and month exchanged (None where that is no date), and steps over midnight.

    ``refused`` are rejected dates that would be dates if exchanged.
    """

    days: dict[int, int | None] = field(default_factory=dict)
    refused: int = 0
    plausible: int = 0
    steps: int = 0

    def add(self, rows: Mapping[str, Any]) -> None:
        """Take in the dates of rows, and the steps that vessels make over midnight if day and month are exchanged."""
        day = rows["time"] // _DAY_US
        known, place = np.unique(day, return_inverse=True)
        other, valid = exchanged(known)
        self.days.update(
            {d: o if yes else None for d, o, yes in zip(known.tolist(), other.tolist(), valid.tolist(), strict=True)}
        )
        if known.size < 2 or not valid.all():
            return
        time_us = rows["time"] + (other - known)[place] * _DAY_US
        lat, lon, vessel = rows["lat_deg"], rows["lon_deg"], rows["vessel"]
        use = np.flatnonzero(is_place(lat, lon) & (np.abs(lat) <= 90.0) & (vessel != -1))
        use = use[np.lexsort((time_us[use], vessel[use]))]
        first, last = use[:-1], use[1:]
        dt_s = (time_us[last] - time_us[first]) / US_PER_S
        over = (vessel[first] == vessel[last]) & (np.abs(day[last] - day[first]) >= _MONTH) & (dt_s <= _STEP_S)
        first, last, dt_s = first[over], last[over], dt_s[over]
        far_m = distance_m(to_xyz(lat[first], lon[first]), to_xyz(lat[last], lon[last]))
        self.steps += int(first.size)
        self.plausible += int((far_m <= _MAX_KN * KNOT_MPS * np.maximum(dt_s, 60.0)).sum())

    def doubts(self, rows: int) -> list[Doubt]:
        """Return the doubt, if there is one."""
        given = sorted(self.days)
        other = sorted(day for day in self.days.values() if day is not None)
        if len(other) < len(given):
            return []  # a day above 12: the order is the right one
        reasons = []
        if self.refused >= _MIN_REFUSED and self.refused >= _REFUSED * (rows + self.refused):
            reasons.append(
                f"{self.refused:,} rows were rejected whose dates are dates only if so, and no day kept is above 12"
            )
        apart = len(given) >= 2 and min(np.diff(given)) >= _MONTH and other[-1] - other[0] <= 2 * (len(other) - 1)
        if apart and self.steps >= _MIN_STEPS and self.plausible >= _PLAUSIBLE * self.steps:
            reasons.append(
                f"the {len(given)} days looked at lie months apart as read and within {other[-1] - other[0] + 1} days "
                f"if so, and {self.plausible:,} of {self.steps:,} vessels' steps over midnight then fit together"
            )
        if not reasons:
            return []
        text = f"day and month may be exchanged: {'; '.join(reasons)}; read.day_first says it for mapped tables"
        return [Doubt("day_month_swapped", text)]


def exchanged(day: Ints) -> tuple[Ints, Any]:
    """Return days since 1970 with day and month exchanged, and where that is a date."""
    date = day.astype("datetime64[D]")
    month_start = date.astype("datetime64[M]")
    month = month_start.astype(np.int64)
    day_of_month = (date - month_start.astype("datetime64[D]")).astype(np.int64)
    valid = day_of_month < 12
    other = (month // 12 * 12 + np.minimum(day_of_month, 11)).astype("datetime64[M]").astype("datetime64[D]")
    return other.astype(np.int64) + month % 12, valid
