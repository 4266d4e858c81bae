"""Stretches of track by their ends: when and where each hull began and ceased to be heard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import Fixes, encode_vessels, to_floats
from stsdetect.detect.identity_events import Oddity
from stsdetect.kernels.contact import Timeline
from stsdetect.kernels.runs import expand, group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, to_xyz

#: Stretches looked for together, for the memory.
_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Stretches:
    """Segments sorted by hull, then start; arrays of shape (n,)."""

    hull: Ints
    start_us: Ints
    end_us: Ints
    start_lat_deg: Floats
    start_lon_deg: Floats
    end_lat_deg: Floats
    end_lon_deg: Floats
    n_positions: Ints

    @classmethod
    def from_table(cls, segments: pa.Table, labels: list[str]) -> Stretches:
        """Read a `SEGMENTS` table for hulls numbered by ``labels``."""
        hull, _ = encode_vessels(segments.column("vessel"), labels)
        times = [segments.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time")]
        places = [
            to_floats(segments.column(f"{end}_{axis}_deg")) for end in ("start", "end") for axis in ("lat", "lon")
        ]
        order = np.lexsort((times[0], hull))
        order = order[hull[order] >= 0]
        arrays = (hull, *times, *places, segments.column("n_positions").to_numpy())
        return cls(*(values[order] for values in arrays))

    @classmethod
    def from_fixes(cls, data: Fixes) -> Stretches:
        """Find the segments of fixes; gives what `from_table` gives for the segments these fixes were cut into."""
        change = np.zeros(data.size, dtype=np.int64)
        change[1:] = (data.hull[1:] != data.hull[:-1]) | (data.segment[1:] != data.segment[:-1])
        first, end = group_bounds(np.cumsum(change))
        use = data.segment[first] >= 0
        first, last = first[use], end[use] - 1
        return cls(
            data.hull[first], data.time_us[first], data.time_us[last],
            data.lat_deg[first], data.lon_deg[first], data.lat_deg[last], data.lon_deg[last], last - first + 1,
        )  # fmt: skip

    @cached_property
    def start_xyz(self) -> Floats:
        """Where each begins [m], shape (n, 3)."""
        return to_xyz(self.start_lat_deg, self.start_lon_deg)

    @cached_property
    def end_xyz(self) -> Floats:
        """Where each ends [m], shape (n, 3)."""
        return to_xyz(self.end_lat_deg, self.end_lon_deg)

    @cached_property
    def _line(self) -> Timeline:
        return Timeline.of(self.hull, self.start_us, self.end_us)

    def of(self, hull: int) -> slice:
        """Return which are those of a hull."""
        return slice(*np.searchsorted(self.hull, [hull, hull + 1]).tolist())

    def start_place(self, k: int) -> tuple[float, float]:
        """Return latitude and longitude [degrees] at the start of one."""
        return float(self.start_lat_deg[k]), float(self.start_lon_deg[k])

    def end_place(self, k: int) -> tuple[float, float]:
        """Return latitude and longitude [degrees] at the end of one."""
        return float(self.end_lat_deg[k]), float(self.end_lon_deg[k])

    def overlaps(self, one: slice, other: slice) -> Ints:
        """Return the pairs of stretches of two hulls that share a moment, shape (n pairs, 2)."""
        first = np.searchsorted(self.end_us[other], self.start_us[one]) + other.start
        stop = np.searchsorted(self.start_us[other], self.end_us[one], side="right") + other.start
        pairs = [
            (k, m)
            for k, a, b in zip(range(one.start, one.stop), first.tolist(), stop.tolist(), strict=True)
            for m in range(a, b)
        ]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def ever_at_once(self, one: Ints, other: Ints) -> Bools:
        """Tell of pairs of hulls whether two stretches of theirs share a moment, shape (n pairs,)."""
        hulls = np.stack([np.searchsorted(self.hull, side, side="left") for side in (one, other)])
        count = np.stack([np.searchsorted(self.hull, side, side="right") for side in (one, other)]) - hulls
        # Each stretch of the hull that has fewer is looked for among those of the other.
        fewer = np.argmin(count, axis=0)
        pair = np.arange(one.size)
        count, whom = count[fewer, pair], np.stack([other, one])[fewer, pair]
        result = np.zeros(one.size, dtype=np.bool_)
        for some in np.split(pair, np.flatnonzero(np.diff(np.cumsum(count) // _AT_ONCE)) + 1):
            which, k = expand(hulls[fewer[some], some], count[some])
            place = self._line.place(whom[some][which], self.start_us[k])
            m = np.minimum(np.searchsorted(self._line.end, place), self.hull.size - 1)
            shared = (self.hull[m] == whom[some][which]) & (self.start_us[m] <= self.end_us[k])
            shared &= self.end_us[m] >= self.start_us[k]
            result[some[which[shared]]] = True
        return result

    def gap_m(self, k: int, m: int) -> float:
        """Return the distance from the end of one stretch to the start of another [m]."""
        return float(distance_m(self.end_xyz[k : k + 1], self.start_xyz[m : m + 1])[0])

    def oddity(
        self, test: str, k: int, m: int, start_us: int, end_us: int, evidence: str, rivals: int | None = None
    ) -> Oddity:
        """Return a finding about the end of one stretch and the start of another hull's."""
        return Oddity(
            test=test, hull=int(self.hull[k]), other=int(self.hull[m]), start_us=int(start_us), end_us=int(end_us),
            lat_deg=float(self.end_lat_deg[k]), lon_deg=float(self.end_lon_deg[k]),
            to_lat_deg=float(self.start_lat_deg[m]), to_lon_deg=float(self.start_lon_deg[m]),
            rivals=rivals, evidence=evidence,
        )  # fmt: skip
