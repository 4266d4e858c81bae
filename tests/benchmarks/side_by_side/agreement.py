"""Which events two tools have in common, and what is measured about each of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

Floats = npt.NDArray[np.float64]

#: Events of the same vessels agree where their common time is at least this share of either.
OVERLAP = 0.5
#: Of the events that only one has, at most so many, evenly spread, are looked at; all of them are counted.
LOOKED_AT = 2000
#: Minutes of an event are looked at one by one.
_STEP_S = 60
_EVENT = ["a", "b", "start_s", "end_s"]


@dataclass(frozen=True)
class Agreement:
    """Counts of ours and theirs that agree, and of the rest by reason."""

    ours: int
    theirs: int
    ours_agreed: int
    theirs_agreed: int
    only_ours: dict[str, int]
    only_theirs: dict[str, int]


def ours(out: Path, kind: str) -> pd.DataFrame:
    """Return our events of one kind by MMSI: a below b, and b 0 where there is one vessel."""
    table = pq.read_table(out / "events.parquet", columns=["kind", "mmsi_a", "mmsi_b", "start_time", "end_time"])
    table = table.filter(pc.equal(table["kind"], kind))
    a, b = (pc.fill_null(table[name], 0).to_numpy() for name in ("mmsi_a", "mmsi_b"))
    if kind == "encounter":
        a, b = np.minimum(a, b), np.maximum(a, b)
    start, end = (table[name].cast(pa.int64()).to_numpy() // 1_000_000 for name in ("start_time", "end_time"))
    return pd.DataFrame({"a": a, "b": b, "start_s": start, "end_s": end})


class Fixes:
    """The reports of a file with a place, by vessel; those our cleaning took for teleports are marked."""

    def __init__(self, files: list[Path], out: Path) -> None:
        columns = ["MMSI", "BaseDateTime", "LAT", "LON", "SOG"]
        table = pa.concat_tables(
            pcsv.read_csv(path, convert_options=pcsv.ConvertOptions(include_columns=columns)) for path in files
        )
        rows = table.to_pandas()
        rows["t"] = rows["BaseDateTime"].astype("datetime64[s]").astype("int64")
        rows = rows[(rows["LAT"].abs() <= 90) & (rows["LON"].abs() <= 180) & ((rows["LAT"] != 0) | (rows["LON"] != 0))]
        rows = rows.drop_duplicates(["MMSI", "t"]).sort_values(["MMSI", "t"])
        self._rows = {int(mmsi): part for mmsi, part in rows.groupby("MMSI")}
        self._bad: set[tuple[int, int]] = set()
        if (out / "flagged.parquet").exists():
            flagged = pq.read_table(out / "flagged.parquet", columns=["mmsi", "time", "flag"]).to_pandas()
            flagged = flagged[flagged["flag"] == "teleport"]
            times = flagged["time"].dt.tz_localize(None).astype("datetime64[s]").astype("int64")
            self._bad = set(zip(flagged["mmsi"].astype(int), times.astype(int), strict=True))

    def of(self, mmsi: int) -> Track:
        """Return a vessel's reports."""
        rows = self._rows[mmsi]
        t, lat, lon, sog = (rows[name].to_numpy(float) for name in ("t", "LAT", "LON", "SOG"))
        bad = np.array([(mmsi, int(one)) in self._bad for one in t]) if self._bad else np.zeros(t.size, dtype=bool)
        return Track(t, lat, lon, sog, bad)


@dataclass(frozen=True)
class Track:
    """Reports of one vessel in the order of time, shape (n,): seconds since 1970, degrees, knots, taken for a jump."""

    t: Floats
    lat: Floats
    lon: Floats
    sog: Floats
    bad: npt.NDArray[np.bool_]

    @cached_property
    def good(self) -> Track:
        """Without the jumps."""
        keep = ~self.bad
        return Track(self.t[keep], self.lat[keep], self.lon[keep], self.sog[keep], self.bad[keep])

    def at(self, when: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return latitude and longitude between the reports, how far these lie apart [s] and the speed there [kn]."""
        after = np.clip(np.searchsorted(self.t, when, side="right"), 1, max(self.t.size - 1, 1))
        if self.t.size < 2:
            return tuple(np.full(when.size, np.nan) for _ in range(4))  # type: ignore[return-value]
        lat, lon = np.interp(when, self.t, self.lat), np.interp(when, self.t, self.lon)
        bracket = self.t[after] - self.t[after - 1]
        bracket = np.where((when < self.t[0]) | (when > self.t[-1]), np.inf, bracket)
        far = metres(self.lat[after - 1], self.lon[after - 1], self.lat[after], self.lon[after])
        return lat, lon, bracket, far / np.maximum(bracket, 1) / (1852 / 3600)

    def within(self, start_s: float, end_s: float) -> slice:
        """Return where the reports of a time lie, both ends included."""
        return slice(int(np.searchsorted(self.t, start_s)), int(np.searchsorted(self.t, end_s, side="right")))


def metres(lat0: Floats, lon0: Floats, lat1: Floats, lon1: Floats) -> Floats:
    """Return distances of places near one another [m]."""
    east = (lon1 - lon0) * np.cos(np.radians((lat0 + lat1) / 2))
    distance: Floats = np.hypot(lat1 - lat0, east) * 111_195
    return distance


def overlaps(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return every pair (i, j) of events of the same vessels with time in common, and whether they agree."""
    both = ours.reset_index(names="i").merge(theirs.reset_index(names="j"), on=["a", "b"], suffixes=("", "_j"))
    common = np.minimum(both["end_s"], both["end_s_j"]) - np.maximum(both["start_s"], both["start_s_j"])
    longest = np.maximum(both["end_s"] - both["start_s"], both["end_s_j"] - both["start_s_j"])
    return both.assign(common=common, agree=common >= OVERLAP * longest)[common > 0]


def compare(kind: str, ours: pd.DataFrame, theirs: pd.DataFrame, fixes: Fixes) -> Agreement:
    """Match events and sort the others by what is measured about them."""
    ours, theirs = ours[_EVENT].reset_index(drop=True), theirs[_EVENT].reset_index(drop=True)
    met = overlaps(ours, theirs)
    agreed = met[met["agree"]]
    left = ours.drop(index=agreed["i"].unique())
    right = theirs.drop(index=agreed["j"].unique())
    why = _Reasons(kind, fixes)
    turned = met.rename(columns={"i": "j", "j": "i", "start_s": "start_s_j", "start_s_j": "start_s"})
    turned = turned.rename(columns={"end_s": "end_s_j", "end_s_j": "end_s"})
    only_ours, only_theirs = _count(left, met, why.ours, why.cut), _count(right, turned, why.theirs, why.cut)
    return Agreement(
        len(ours), len(theirs), len(ours) - len(left), len(theirs) - len(right), dict(only_ours), dict(only_theirs)
    )


def _count(events: pd.DataFrame, met: pd.DataFrame, alone: Callable[..., str], cut: Callable[..., str]) -> Counter[str]:
    """Count reasons, scaled up where not all events were looked at."""
    picked = np.unique(np.linspace(0, len(events) - 1, LOOKED_AT).astype(int)) if len(events) else []
    some = events.iloc[picked]
    partners, pieces = met.groupby("i"), met["j"].value_counts()
    found: Counter[str] = Counter()
    for event in some.itertuples():
        if event.Index not in partners.groups:
            found[alone(int(event.a), int(event.b), float(event.start_s), float(event.end_s))] += 1
            continue
        others = partners.get_group(event.Index).sort_values("start_s_j")
        other = others.iloc[0]
        if len(others) > 1:  # what follows the first piece
            found[f"the other tool cuts it: {cut(event, other['end_s_j'], other['end_s_j'] + 900)}"] += 1
        elif pieces[other["j"]] > 1:  # what follows or precedes this piece
            after = other["end_s_j"] - event.end_s > event.start_s - other["start_s_j"]
            begin = event.end_s if after else max(event.start_s - 900, other["start_s_j"])
            stop = min(begin + 900, other["end_s_j"]) if after else event.start_s
            found[f"cut, where the other tool goes on: {cut(event, begin, stop)}"] += 1
        else:
            found["same event, but less than half of the time in common"] += 1
    scale = len(events) / max(len(some), 1)
    return Counter({reason: round(n * scale) for reason, n in found.most_common()})


@dataclass(frozen=True)
class _Reasons:
    """What is measured where the other tool has nothing at that time."""

    kind: str
    fixes: Fixes

    def cut(self, event: Any, begin_s: float, stop_s: float) -> str:
        """Tell what lies in the quarter of an hour at which an event is cut."""
        tracks = [self.fixes.of(int(mmsi)) for mmsi in ((event.a, event.b) if event.b else (event.a,))]
        inside = [track.within(begin_s - 1, stop_s) for track in tracks]
        if any(track.bad[part].any() for track, part in zip(tracks, inside, strict=True)):
            return "a jump that our cleaning flags"
        when = np.arange(begin_s, max(stop_s, begin_s + 1), _STEP_S)
        seen = [track.good.at(when) for track in tracks]
        silence = max(one[2].max() for one in seen)
        if silence > 900:
            return "a silence of 15 min to 2 h" if silence <= 7200 else "a silence of over 2 h"
        if any((one[3] >= 2).any() for one in seen):
            return "2 kn and more by positions for a moment"
        if any((~(track.sog[part] < 2)).any() for track, part in zip(tracks, inside, strict=True)):
            return "reported speed missing or 2 kn and more, slow by positions"
        if len(seen) == 2 and (metres(seen[0][0], seen[0][1], seen[1][0], seen[1][1]) > 500).any():
            return "over 500 m apart for a moment"
        if silence > 300:
            return "reports 5 to 15 min apart leave bins empty"
        return "nothing of the kind (unexplained)"

    def ours(self, a: int, b: int, start_s: float, end_s: float) -> str:
        return {"encounter": self._ours_met, "gap": self._ours_silent, "loitering": self._ours_still}[self.kind](
            a, b, start_s, end_s
        )

    def theirs(self, a: int, b: int, start_s: float, end_s: float) -> str:
        return {"encounter": self._theirs_met, "gap": self._theirs_silent, "loitering": self._theirs_still}[self.kind](
            a, b, start_s, end_s
        )

    def _ours_met(self, a: int, b: int, start_s: float, end_s: float) -> str:
        """Of the five-minute bins of the event: which condition fails in most, by reported speed and bin?"""
        bins = np.arange(start_s // 300, end_s // 300 + 1)
        lost: Counter[str] = Counter()
        first = [self._binned(self.fixes.of(mmsi), bins) for mmsi in (a, b)]
        for left, right in zip(*first, strict=True):
            if left is None or right is None:
                lost["a vessel has no report in most 5-minute bins"] += 1
            elif not (left[2] < 2 and right[2] < 2):
                lost["reported speed missing or 2 kn and more, slow by positions"] += 1
            elif metres(*(np.array(x) for x in (left[0], left[1], right[0], right[1]))) > 500:
                lost["reports of one bin lie over 500 m apart, the lines between them do not"] += 1
        if sum(lost.values()) < len(bins) / 4:
            return f"near {'an hour' if end_s - start_s < 4500 else 'the edge'}: shorter on a 5-minute grid"
        return lost.most_common(1)[0][0]

    @staticmethod
    def _binned(track: Track, bins: Floats) -> list[tuple[float, float, float] | None]:
        found: list[tuple[float, float, float] | None] = []
        for one in bins:
            k = int(np.searchsorted(track.t, one * 300))
            inside = k < track.t.size and track.t[k] < (one + 1) * 300
            found.append((track.lat[k], track.lon[k], track.sog[k]) if inside else None)
        return found

    def _theirs_met(self, a: int, b: int, start_s: float, end_s: float) -> str:
        """Of the minutes of the event: which of our conditions fails in most?"""
        tracks = [self.fixes.of(mmsi) for mmsi in (a, b)]
        if any(track.bad[track.within(start_s, end_s)].any() for track in tracks):
            return "holds reports that our cleaning takes for jumps"
        when = np.arange(start_s, end_s, _STEP_S)
        (lat_a, lon_a, gap_a, kn_a), (lat_b, lon_b, gap_b, kn_b) = (track.good.at(when) for track in tracks)
        far = metres(lat_a, lon_a, lat_b, lon_b)
        silent, fast = np.maximum(gap_a, gap_b) > 900, np.maximum(kn_a, kn_b) >= 2
        lost = {
            "silence of over 15 min counted as contact": int(silent.sum()),
            "reported slow, but 2 kn and more by positions": int((fast & ~silent).sum()),
            "over 500 m apart on the lines between reports": int(((far > 500) & ~fast & ~silent).sum()),
        }
        if end_s - start_s < 3900 and sum(lost.values()) * _STEP_S <= 300:
            return "lasts an hour and less than one 5-minute bin: the edge of the least duration"
        if sum(lost.values()) == 0:
            return "in contact all the time by this measure (unexplained)"
        reason = max(lost, key=lambda name: lost[name])
        breaks = np.flatnonzero(np.r_[True, silent | fast | (far > 500), True])
        left = (np.diff(breaks).max() - 1) * _STEP_S
        return f"{reason}: no hour in one piece is left" if left < 3600 else f"{reason}: an hour is left (unexplained)"

    def _ours_silent(self, a: int, _: int, start_s: float, end_s: float) -> str:
        track = self.fixes.of(a)
        if end_s > track.t[-1] + 1:
            return "silent until the end of the data: no later report to end it"
        between = slice(track.within(start_s, end_s).start + 1, track.within(start_s, end_s).stop - 1)
        if between.stop > between.start:
            return "only reports that our cleaning flags lie in it"
        return "no report in it at all, and not found"

    def _theirs_silent(self, a: int, _: int, start_s: float, end_s: float) -> str:
        track = self.fixes.of(a)
        if track.bad[track.within(start_s, end_s)].any():
            return "begins or ends with a jump that our cleaning flags"
        return "under 1 s above two hours" if end_s - start_s <= 7201 else "no jump at its ends (unexplained)"

    def _ours_still(self, a: int, _: int, start_s: float, end_s: float) -> str:
        track = self.fixes.of(a)
        if track.bad[track.within(start_s, end_s)].any():
            return "a jump, which our cleaning flags, breaks the stop"
        inside = track.within(start_s, end_s)
        lat, lon = track.lat[inside], track.lon[inside]
        wide = metres(*(np.array(x) for x in (lat.min(), lon.min(), lat.max(), lon.max())))
        if wide > 1000:
            return "slow, but drifts or trawls over more than 1,000 m"
        return "stays within 1,000 m (unexplained)"

    def _theirs_still(self, a: int, _: int, start_s: float, end_s: float) -> str:
        track = self.fixes.of(a)
        if track.bad[track.within(start_s, end_s)].any():
            return "holds reports that our cleaning takes for jumps"
        _lat, _lon, gap, kn = track.good.at(np.arange(start_s, end_s, _STEP_S))
        if (kn >= 2).any():
            return "2 kn and more within the circle"
        return "silence within" if (gap > 900).any() else "slow all the time (unexplained)"
