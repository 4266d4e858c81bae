"""Whether the clocks of two files differ by a time zone: the same broadcasts, so many hours apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.sphere import Ints
from stsdetect.readers.protocol import Doubt
from stsdetect.readers.suspicion.legs import is_place
from stsdetect.units import US_PER_S

#: Reports of moving vessels kept of each file, and files compared.
MOST_REPORTS, MOST_FILES = 4000, 100
#: Vessels move from this speed on [kn]: a place says when they were there.
_MOVING_KN = 3.0
#: Zones differ by quarters of an hour, at most this many hours (UTC-12 to UTC+14); clocks agree within so much [s].
_QUARTER_US, _MAX_US, _CLOSE_US = 900 * US_PER_S, 26 * 3600 * US_PER_S, 60 * US_PER_S
_MIN_REPORTS, _MIN_VESSELS, _SHARE = 10, 3, 0.9
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Sketch:
    """Where and when some moving vessels were heard in a file: the same vessels in every file."""

    def __init__(self) -> None:
        #: MMSI, ten-thousandths of a degree of latitude and longitude, time [us]; shape (4, n).
        self.reports: Ints = np.zeros((4, 0), dtype=np.int64)
        self._limit = np.uint64(1 << 32)

    def add(self, rows: Mapping[str, Any]) -> None:
        """Take in rows of the file."""
        lat, lon, mmsi = rows["lat_deg"], rows["lon_deg"], rows["vessel"]
        use = np.flatnonzero((mmsi > 0) & (rows["sog_kn"] >= _MOVING_KN) & is_place(lat, lon))
        use = use[spread(mmsi[use]) < self._limit]
        places = [np.rint(values[use] * 1e4).astype(np.int64) for values in (lat, lon)]
        self.reports = np.concatenate([self.reports, np.stack([mmsi[use], *places, rows["time"][use]])], axis=1)
        if self.reports.shape[1] > MOST_REPORTS:
            rank = spread(self.reports[0])
            self._limit = np.partition(rank, MOST_REPORTS)[MOST_REPORTS]
            self.reports = self.reports[:, rank < self._limit]


def spread(mmsi: Ints) -> NDArray[np.uint64]:
    """Return what decides which vessels are looked at: a number below 2^32 that depends on theirs alone."""
    return (mmsi.astype(np.uint64) * _SPREAD) >> np.uint64(32)


def zone_doubts(files: Sequence[tuple[str, Sketch]]) -> dict[int, list[Doubt]]:
    """Return doubts by the number of the file: other files hold the same reports hours earlier or later."""
    files = files[:MOST_FILES]
    if len(files) < 2:
        return {}
    reports = np.concatenate([sketch.reports for _, sketch in files], axis=1)
    file = np.repeat(np.arange(len(files)), [sketch.reports.shape[1] for _, sketch in files])
    mmsi, lat, lon, time_us = reports
    order = np.lexsort((time_us, file, lon, lat, mmsi))
    mmsi, lat, lon, time_us, file = (values[order] for values in (mmsi, lat, lon, time_us, file))
    same = (mmsi[1:] == mmsi[:-1]) & (lat[1:] == lat[:-1]) & (lon[1:] == lon[:-1]) & (file[1:] != file[:-1])
    first = np.flatnonzero(same)
    found: dict[int, list[Doubt]] = {}
    pairs, group = np.unique(file[first] * len(files) + file[first + 1], return_inverse=True)
    for k, pair in enumerate(pairs.tolist()):
        here = first[group == k]
        shift_us, reports_n, vessels = _shift(time_us[here + 1] - time_us[here], mmsi[here])
        if shift_us:
            a, b = divmod(pair, len(files))
            for one, other, hours in ((a, b, -shift_us), (b, a, shift_us)):
                found.setdefault(one, []).append(_doubt(files[other][0], hours / 3.6e9, reports_n, vessels, here.size))
    return found


def _shift(apart_us: Ints, mmsi: Ints) -> tuple[int, int, int]:
    """Return the time nearly all reports lie apart, if it is that of a zone, how many do, and of how many vessels."""
    quarters = np.rint(apart_us / _QUARTER_US).astype(np.int64)
    close = np.abs(apart_us - quarters * _QUARTER_US) <= _CLOSE_US
    known, counts = np.unique(quarters[close], return_counts=True)
    if not known.size:
        return 0, 0, 0
    best = int(known[np.argmax(counts)])
    mine = close & (quarters == best)
    n, vessels = int(mine.sum()), np.unique(mmsi[mine]).size
    enough = n >= _MIN_REPORTS and vessels >= _MIN_VESSELS and n >= _SHARE * apart_us.size
    if not enough or abs(best) * _QUARTER_US > _MAX_US:
        return 0, 0, 0
    return best * _QUARTER_US, n, vessels


def _doubt(other: str, hours: float, reports: int, vessels: int, of: int) -> Doubt:
    text = (
        f"times may be in another zone than those of {other}: {reports:,} of {of:,} reports of {vessels:,} moving "
        f"vessels that stand in both lie {abs(hours):g} h {'later' if hours > 0 else 'earlier'} here; one of the two "
        "is not UTC (--utc-offset says it where times have no zone)"
    )
    return Doubt("time_zone", text)
