"""Fixes and identities as arrays, the form detectors work on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.kernels.contact import Legs, Timeline
from stsdetect.kernels.sphere import Bools, Floats, Ints, chord_to_arc, distance_m, to_xyz
from stsdetect.schema import FIXES, VESSELS
from stsdetect.tracks import Quality
from stsdetect.tracks.fixes import FixArrays
from stsdetect.units import KNOT_MPS

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
TIME = pa.timestamp("us", "UTC")


def to_floats(column: Any) -> Floats:
    """Return a numeric Arrow column as float64 with NaN for null."""
    result: Floats = column.cast(pa.float64()).to_numpy()
    return result


def encode_vessels(column: pa.ChunkedArray, labels: list[str] | None = None) -> tuple[Ints, list[str]]:
    """Return each row's place among the sorted vessel labels (of the column, or as given) and those labels."""
    array = column.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        return np.zeros(0, dtype=np.int64), labels or []
    codes = array.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    words = [str(word) for word in array.dictionary.to_pylist()]
    if labels is None:
        labels = sorted({words[code] for code in np.unique(codes).tolist()})
    place = {label: k for k, label in enumerate(labels)}
    table = np.array([place.get(word, -1) for word in words], dtype=np.int64)
    return table[codes], labels


@dataclass(frozen=True)
class Fixes:
    """Fixes sorted by hull, then time; arrays of shape (n,), xyz of shape (n, 3) [m]."""

    labels: list[str]
    hull: Ints
    segment: Ints
    time_us: Ints
    mmsi: Floats
    xyz: Floats
    lat_deg: Floats
    lon_deg: Floats
    speed_kn: Floats
    course_deg: Floats
    heading_deg: Floats
    quality: Ints

    @classmethod
    def from_table(cls, table: Any) -> Fixes:
        """Read a `FIXES` table (Arrow or pandas)."""
        table = FIXES.conform(table, extra=True)
        hull, labels = encode_vessels(table.column("vessel"))
        time = table.column("time").cast(pa.int64()).to_numpy()
        lat, lon = to_floats(table.column("lat_deg")), to_floats(table.column("lon_deg"))
        fixes = cls(
            labels=labels,
            hull=hull,
            segment=table.column("segment").to_numpy(),
            time_us=time,
            mmsi=to_floats(table.column("mmsi")),
            xyz=to_xyz(lat, lon),
            lat_deg=lat,
            lon_deg=lon,
            speed_kn=to_floats(table.column("speed_kn")),
            course_deg=to_floats(table.column("course_deg")),
            heading_deg=to_floats(table.column("heading_deg")),
            quality=table.column("quality").to_numpy().astype(np.int64),
        )
        step = np.diff(hull)
        if ((step < 0) | ((step == 0) & (np.diff(time) < 0))).any():
            return fixes.take(np.lexsort((time, hull)))
        return fixes

    @classmethod
    def from_arrays(cls, labels: list[str], arrays: FixArrays) -> Fixes:
        """Take the arrays of `stsdetect.tracks.build_track_arrays`; as `from_table` of the table made of them."""
        heard = np.bincount(arrays.hull, minlength=len(labels)) > 0
        number = np.cumsum(heard) - 1
        return cls(
            labels=[label for label, yes in zip(labels, heard.tolist(), strict=True) if yes],
            hull=arrays.hull if heard.all() else number[arrays.hull],
            segment=arrays.segment,
            time_us=arrays.time_us,
            mmsi=arrays.mmsi,
            xyz=arrays.xyz,
            lat_deg=arrays.lat_deg,
            lon_deg=arrays.lon_deg,
            speed_kn=arrays.speed_kn,
            course_deg=arrays.course_deg,
            heading_deg=arrays.heading_deg,
            quality=arrays.quality.astype(np.int64),
        )

    @property
    def size(self) -> int:
        """Number of fixes."""
        return int(self.hull.size)

    @cached_property
    def timeline(self) -> Timeline:
        """The fixes on one line of hulls and times; its ``start`` holds the place of each."""
        return Timeline.of(self.hull, self.time_us, self.time_us)

    @cached_property
    def end_us(self) -> int:
        """Last time in the data [us]."""
        return int(self.time_us.max())

    @cached_property
    def plain(self) -> tuple[Any, ...]:
        """The arrays that loops over legs read: hull, segment, time, quality, speed, and the three axes of places."""
        whole = (self.hull, self.segment, self.time_us, self.quality)
        return (
            *(np.require(values, np.int64, ["C", "W"]) for values in whole),
            *(np.require(values, np.float64, ["C", "W"]) for values in (self.speed_kn, *self.xyz.T)),
        )

    def own_speeds_kn(self, fast: ModuleType, max_bracket_s: float, limit_kn: float, *, coarse: bool) -> Floats:
        """Return the own speed [kn] of each leg that `stsdetect.kernels.compiled.legs.long_legs` lists."""
        chord, length = np.empty(self.size), np.empty(self.size, dtype=np.int64)
        n = fast.long_legs(*self.plain, round(max_bracket_s * 1e6), coarse, limit_kn, chord, length)
        own: Floats = chord_to_arc(chord[:n]) / (length[:n] / 1e6) / KNOT_MPS
        return own

    def take(self, index: Ints | Bools) -> Fixes:
        """Return some of the fixes; the last time in the data is kept."""
        names = [name for name in self.__dataclass_fields__ if name != "labels"]
        chosen = replace(self, **{name: getattr(self, name)[index] for name in names})
        if self.size:
            chosen.__dict__["end_us"] = self.end_us
        return chosen

    def legs(self, max_bracket_s: float, *, coarse: bool) -> tuple[Legs, Ints]:
        """Return the legs between consecutive fixes of a segment and the index of each leg's first fix.

        Only fixes inside the area asked for take part, and coarse ones only where ``coarse`` is true: pass
        the result of `believed` so that legs reach from each believed fix to the next. What has been asked once is
        remembered: several detectors ask for the same.
        """
        key = (round(max_bracket_s * 1e6), coarse and self._has_coarse)
        if key not in self._known_legs:
            self._known_legs[key] = self._make_legs(*key)
        return self._known_legs[key]

    @cached_property
    def _known_legs(self) -> dict[tuple[int, bool], tuple[Legs, Ints]]:
        return {}

    @cached_property
    def _has_coarse(self) -> bool:
        return bool((self.quality == int(Quality.COARSE)).any())

    def _make_legs(self, max_bracket_us: int, coarse: bool) -> tuple[Legs, Ints]:
        same = (self.hull[1:] == self.hull[:-1]) & (self.segment[1:] == self.segment[:-1]) & (self.segment[1:] >= 0)
        step = self.time_us[1:] - self.time_us[:-1]
        good = self.quality == int(Quality.OK)
        if coarse:
            good |= self.quality == int(Quality.COARSE)
        start = np.flatnonzero(same & (step > 0) & (step <= max_bracket_us) & good[1:] & good[:-1])
        stop = start + 1
        return (
            Legs(self.hull[start], self.time_us[start], self.time_us[stop], self.xyz[start], self.xyz[stop]),
            start,
        )

    def top_speed_kn(self, legs: Legs, first: Ints) -> Floats:
        """Return the greatest speed [kn] on legs whose first fixes are ``first``: that at both fixes, and its own.

        A leg of up to 5 min is as noisy as its two fixes; there the smoothed speeds at the fixes speak alone.
        """
        top: Floats = np.maximum(self.speed_kn[first], self.speed_kn[first + 1])
        length = legs.t1_us - legs.t0_us
        long = np.flatnonzero(length > 5 * MINUTE_US)
        own = distance_m(legs.p0[long], legs.p1[long]) / (length[long] / 1e6) / KNOT_MPS
        top[long] = np.maximum(top[long], own)
        return top

    def without_coarse(self) -> Fixes:
        """Return the fixes precise enough for contact, and those outside the area (they end a leg)."""
        return self.take(self.quality != int(Quality.COARSE)) if self._has_coarse else self


#: Length by AIS type where none is known [m], least and greatest: our reading of the ship types of
#: ITU-R M.1371-5; class B transceivers are for craft that need not carry class A, mostly below 50 m.
_CLASS_LENGTH_M = {"tanker": (30.0, 350.0), "cargo": (20.0, 400.0), "small": (5.0, 60.0), "any": (5.0, 350.0)}
#: Length to width of merchant ships, about 4 to 8: half of a quarter of the length bounds the half beam.
_BEAM_SHARE = 0.25


@dataclass(frozen=True)
class Identities:
    """What is known of each hull by time, from a `VESSELS` table; rows sorted by hull, then time."""

    hull: Ints
    from_us: Ints
    to_us: Ints
    table: pa.Table
    abcd_m: Floats
    length_m: Floats
    width_m: Floats
    draught_m: Floats

    @classmethod
    def from_table(cls, table: Any | None, labels: list[str]) -> Identities:
        """Read a `VESSELS` table for hulls numbered by ``labels``; None gives no knowledge at all."""
        table = VESSELS.empty() if table is None else VESSELS.conform(table, extra=True)
        hull, _ = encode_vessels(table.column("vessel"), labels)
        start = table.column("valid_from").cast(pa.int64()).to_numpy()
        order = np.lexsort((start, hull))
        order = order[hull[order] >= 0]
        table = table.take(pa.array(order))
        sides = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
        length, width = to_floats(table.column("length_m")), to_floats(table.column("width_m"))
        return cls(
            hull=hull[order],
            from_us=start[order],
            to_us=table.column("valid_to").cast(pa.int64()).to_numpy(),
            table=table,
            abcd_m=np.stack([to_floats(table.column(side)) for side in sides], axis=1),
            length_m=length,
            width_m=width,
            draught_m=to_floats(table.column("draught_m")),
        )

    @cached_property
    def timeline(self) -> Timeline:
        """The rows on one line of hulls and times."""
        return Timeline.of(self.hull, self.from_us, self.from_us)

    def at(self, hull: Ints, time_us: Ints) -> Ints:
        """Return the row valid for each hull and time (its first one before that), -1 where none, shape (n,)."""
        if self.hull.size == 0:
            return np.full(hull.size, -1, dtype=np.int64)
        line = self.timeline
        row = np.searchsorted(line.start, line.place(hull, time_us), side="right") - 1
        first = np.searchsorted(self.hull, hull, side="left")
        row = np.maximum(row, first)
        known = (row < self.hull.size) & (self.hull[np.minimum(row, self.hull.size - 1)] == hull)
        return np.where(known, row, -1)

    def column(self, name: str, rows: Ints) -> pa.Array:
        """Return a column's values at ``rows`` (null at -1)."""
        index = pa.array(np.maximum(rows, 0), mask=rows < 0)
        values = self.table.column(name)
        if self.table.num_rows == 0:
            return pa.nulls(rows.size, values.type)
        taken = values.take(index)
        return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken

    @cached_property
    def _class_length(self) -> Floats:
        kinds = to_floats(self.table.column("ship_type"))
        small = np.array([word == "B" for word in self.table.column("transceiver").to_pylist()], dtype=np.bool_)
        result = np.empty((kinds.size, 2))
        result[:] = _CLASS_LENGTH_M["any"]
        result[(kinds >= 80) & (kinds < 90)] = _CLASS_LENGTH_M["tanker"]
        result[(kinds >= 70) & (kinds < 80)] = _CLASS_LENGTH_M["cargo"]
        result[small] = _CLASS_LENGTH_M["small"]
        return result

    def reach(self, rows: Ints) -> tuple[Floats, Ints]:
        """Return the greatest distance [m] from antenna to the hull's far corner, and how it is known.

        The second array holds 0 for A/B/C/D, 1 for length and width, 2 for the ship's class.
        """
        n = rows.size
        far, source = np.full(n, float(np.hypot(350.0, 350.0 * _BEAM_SHARE))), np.full(n, 2, dtype=np.int64)
        has = rows >= 0
        if not has.any():
            return far, source
        at = np.maximum(rows, 0)
        by_class = self._class_length[at, 1]
        far = np.where(has, np.hypot(by_class, by_class * _BEAM_SHARE), far)
        length = self.length_m[at]
        width = np.where(np.isnan(self.width_m[at]), length * _BEAM_SHARE, self.width_m[at])
        sized = has & ~np.isnan(length) & (length > 0)
        far = np.where(sized, np.hypot(length, width), far)
        source = np.where(sized, 1, source)
        a, b, c, d = (self.abcd_m[at, k] for k in range(4))
        full = has & ~np.isnan(a + b + c + d)
        far = np.where(full, np.hypot(np.maximum(a, b), np.maximum(c, d)), far)
        return far, np.where(full, 0, source)
