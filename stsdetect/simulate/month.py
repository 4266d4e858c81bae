"""A month of dark activity over realistic traffic, by default in the Yellow and East China Seas, with its truth.

Rows are made a day at a time in memory that does not grow with them. One report is kept of every ten minutes, as
providers thin a month of a whole sea.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pyarrow as pa

from stsdetect.errors import UsageError, did_you_mean
from stsdetect.schema import POSITIONS
from stsdetect.simulate.archive import _dirty
from stsdetect.simulate.archive_motion import _chance as _lot
from stsdetect.simulate.archive_motion import _position_error, draw_normals
from stsdetect.simulate.month_dark import DARK_FAMILIES, Plot, plots
from stsdetect.simulate.month_fleet import Crew, background
from stsdetect.simulate.month_hulls import Shipyard
from stsdetect.simulate.month_ordinary import ordinary_meetings
from stsdetect.simulate.month_radio import GONE, HEARD, HIDDEN, JAMMED, OFF, REASONS, Radio, Trouble, draw_radio
from stsdetect.simulate.month_sea import Bools, Box, Ints, chart
from stsdetect.simulate.month_seen import SEEN_FAMILIES
from stsdetect.simulate.month_tracks import AWAY, HIDING, OWN_REASONS, STATUS, Spot, Tracks, Voyage
from stsdetect.simulate.motion import Floats
from stsdetect.simulate.sampling import NO_COG, NO_HEADING, NO_LAT, NO_LON, NO_SOG, PER_DEGREE, Reports
from stsdetect.simulate.scenes import DAY, HOUR
from stsdetect.simulate.world import START, Planted, statics
from stsdetect.units import EARTH_RADIUS_M, US_PER_S

#: The Yellow Sea, the East China Sea and the west of the Sea of Japan: lat_min, lat_max, lon_min, lon_max [degrees].
YELLOW_SEA_TO_VOSTOCHNY: Box = (22.5, 43.4, 117.6, 134.0)
#: Silences from this long are told in the truth [s].
SILENCE_S = 2 * HOUR
LEAST_DAYS = 8
#: Of jammed hulls, so many send no place and so many a false one; the others keep their fix.
_NO_FIX, _FALSE_FIX = 0.4, 0.35
_REPEATED = 0.01
#: What can be planted, in the order in which it is.
PLANTED_FAMILIES = {**DARK_FAMILIES, **SEEN_FAMILIES}
#: Times at which vessels' slots are drawn within ten minutes [s].
_JITTER_S = 40

SILENCES = pa.schema([
    ("mmsi", pa.int64()), ("start", pa.timestamp("us", tz="UTC")), ("end", pa.timestamp("us", tz="UTC")),
    ("is_open", pa.bool_()), ("reason", pa.string()), ("lat_deg", pa.float64()), ("lon_deg", pa.float64()),
    ("end_lat_deg", pa.float64()), ("end_lon_deg", pa.float64()),
    *[(f"n_{reason}", pa.int32()) for reason in REASONS[1:]],
])  # fmt: skip


@dataclass(frozen=True)
class Month:
    """A month, or as many ``days`` as asked for, of ``vessels`` vessels in the background and what is planted.

    Parameters
    ----------
    seed : int
        Seed of every random draw; the same fields give the same rows.
    days : int
        How many days; 8 or more, so that a delivery has room.
    vessels : int
        How many vessels in the background.
    cases : int
        How many of each family are planted.
    families : tuple of str
        Names of `PLANTED_FAMILIES`: those of `month_dark` by default, in which a side is silent; those of
        `month_seen` are transfers in full view.
    ordinary : int
        How many scenes of each kind of `month_ordinary` are added: meetings that are no transfers of petroleum to
        evade sanctions, but look like it.
    every_s : int
        One report is kept of so many seconds.
    area : tuple of four floats
        lat_min, lat_max, lon_min, lon_max [degrees]; it must hold four known ports or more.
    start : datetime
        When it begins, midnight UTC.

    Raises
    ------
    UsageError
        For an unknown family, fewer than 8 days, 20 vessels, 0 cases or 0 ordinary scenes, a negative seed, a rate out
        of 60-3600 s, an area that is no box or a start that is not midnight UTC.

    Examples
    --------
    >>> Month(seed=1, days=10, vessels=50, cases=1).span_s
    864000.0
    """

    seed: int = 0
    days: int = 30
    vessels: int = 2_000
    cases: int = 7
    families: tuple[str, ...] = tuple(DARK_FAMILIES)
    ordinary: int = 0
    every_s: int = 600
    area: Box = YELLOW_SEA_TO_VOSTOCHNY
    start: datetime = START

    def __post_init__(self) -> None:
        unknown = next((name for name in self.families if name not in PLANTED_FAMILIES), None)
        if unknown is not None:
            raise UsageError(
                f"there is no family {unknown!r} to plant.{did_you_mean(unknown, PLANTED_FAMILIES)} There are "
                + ", ".join(PLANTED_FAMILIES)
            )
        if self.ordinary < 0:
            raise UsageError(f"{self.ordinary} ordinary scenes of each kind cannot be added; give 0 or more")
        if self.days < LEAST_DAYS or self.vessels < 20 or self.cases < 0:
            raise UsageError(
                f"a month of {self.days} days, {self.vessels} vessels and {self.cases} cases of each family cannot be "
                f"made; give at least {LEAST_DAYS} days, 20 vessels and 0 cases"
            )
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; give zero or a positive whole number")
        if not 60 <= self.every_s <= 3600:
            raise UsageError(f"a report every {self.every_s} s cannot be kept; give 60 to 3600 s")
        low, high, west, east = self.area
        if not (-80 <= low < high <= 80 and -180 <= west < east <= 180):
            raise UsageError(f"the area {self.area} is no box of lat_min, lat_max, lon_min, lon_max [degrees]")
        if self.start.tzinfo is None or self.start.timestamp() % DAY:
            raise UsageError(f"the month would start at {self.start.isoformat()}; give midnight UTC")

    @property
    def span_s(self) -> float:
        """Length [s]."""
        return self.days * DAY

    @cached_property
    def _played(self) -> tuple[list[Voyage], list[Plot]]:
        sea, yard = chart(self.area), Shipyard(np.random.default_rng([self.seed, 11]))

        def crew(*stream: int) -> Crew:
            return Crew(np.random.default_rng([self.seed, *stream]), sea, self.span_s, self.start.month)

        chosen = {name: play for name, play in PLANTED_FAMILIES.items() if name in self.families}
        told = plots(lambda number: crew(12, number), yard, self.cases, chosen)
        calm = background(crew(13), yard, self.vessels)
        return calm + ordinary_meetings(lambda kind: crew(18, kind), yard, calm, self.ordinary), told

    @cached_property
    def voyages(self) -> list[Voyage]:
        """All voyages, in an order that does not tell who was planted."""
        calm, told = self._played
        everyone = [*calm, *(voyage for plot in told for voyage in plot.voyages)]
        return [everyone[k] for k in np.random.default_rng([self.seed, 14]).permutation(len(everyone))]

    @cached_property
    def truth(self) -> tuple[Planted, ...]:
        """What was planted, in order of time."""
        told = [row for plot in self._played[1] for row in plot.planted(self.start)]
        return tuple(sorted(told, key=lambda row: (row.start, row.case, row.kind)))

    @cached_property
    def tracks(self) -> Tracks:
        """Where every hull truly is, by its number in ``voyages``."""
        return Tracks.of(self.voyages)

    @cached_property
    def radio(self) -> Radio:
        """Who listens, and when not."""
        return draw_radio(np.random.default_rng([self.seed, 15]), chart(self.area), self.span_s)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Outages of receivers and jamming."""
        return self.radio.troubles

    @cached_property
    def _own(self) -> _Own:
        return _Own.of(self.voyages, self.tracks)

    def blocks(self, ledger: Ledger | None = None) -> Iterator[pa.Table]:
        """Yield `POSITIONS` tables of a day each, in order of time but for a few late rows.

        A ``ledger`` is told of every silence.
        """
        normals = draw_normals(np.random.default_rng([self.seed, 16]))
        for day in range(self.days):
            rng = np.random.default_rng([self.seed, 17, day])
            who, t_s = self._slots(day, rng)
            spot = self.tracks.at(who, t_s)
            why, jam = self._why(who, t_s, spot, rng)
            if ledger is not None:
                ledger.note(who, t_s, why, spot)
            false = why == JAMMED
            kept = np.flatnonzero((why == HEARD) | (false & (jam >= 0)))
            rows = _reports(self._own, who[kept], t_s[kept], _taken(spot, kept), normals, rng)
            rows = self._jammed(rows, who[kept], jam[kept], false[kept])
            again = int(rng.poisson(2 * _REPEATED * len(kept)))
            last = int((day + 1) * DAY) - 1
            whose, rows = _dirty(who[kept], rows, again if len(kept) else 0, last, rng)
            order = np.argsort(rows.t_s + rows.delay_s, kind="stable")
            yield _table(self._own, whose[order], rows.take(order), self.start)
        if ledger is not None:
            ledger.close(self.span_s)

    def _slots(self, day: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Return hulls and times [s] of all reports due in a day, hull after hull."""
        n = len(self.voyages)
        slot = np.arange(day * DAY, (day + 1) * DAY - self.every_s + 1, self.every_s)
        own = (np.arange(n) * 104_729) % max(1, self.every_s - _JITTER_S)
        t = slot + own[:, None] + rng.integers(0, _JITTER_S, (n, len(slot)))
        return np.repeat(np.arange(n), len(slot)), t.ravel().astype(np.float64)

    def _why(self, who: Ints, t_s: Floats, spot: Spot, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Say of each slot whether it brings a usable report or why not, and what jamming it falls in (or -1)."""
        chance = rng.random(len(who))
        why = self.radio.unheard(spot.lat_deg, spot.lon_deg, t_s, self._own.class_b[who], chance)
        off = self._own.off(who, t_s)
        jam = self.radio.jammed(spot.lat_deg, spot.lon_deg, t_s)
        hit = (jam >= 0) & (_lot(who, jam, self.seed) < _NO_FIX + _FALSE_FIX)
        jam = np.where(hit & (why == HEARD) & (off == HEARD), jam, -1)
        why = np.where(hit & (why == HEARD), JAMMED, why)
        return np.where(off != HEARD, off, why), jam

    def _jammed(self, rows: Reports, who: Ints, jam: Ints, false: Bools) -> Reports:
        """Let jammed hulls send no place, or one that is off by tens of miles and stays so."""
        lot = _lot(who, jam, self.seed)
        lost, moved = false & (lot < _NO_FIX), false & (lot >= _NO_FIX)
        angle = 2 * np.pi * _lot(who, jam + 1000, self.seed)
        far = 0.3 + 1.5 * _lot(who, jam + 2000, self.seed)
        lat = np.where(moved, rows.lat_deg + far * np.cos(angle), rows.lat_deg)
        lon = np.where(moved, rows.lon_deg + far * np.sin(angle), rows.lon_deg)
        return Reports(
            rows.t_s, np.where(lost, NO_LAT, lat), np.where(lost, NO_LON, lon),
            np.where(lost, NO_SOG, rows.sog_kn), np.where(lost, NO_COG, rows.cog_deg), rows.heading_deg,
            rows.status, rows.draught_m, ~false, rows.delay_s,
        )  # fmt: skip

    def true_tracks(self) -> pa.Table:
        """Return where planted hulls truly were, heard or not: mmsi, time, lat_deg, lon_deg, transmits."""
        told = {id(voyage) for plot in self._played[1] for voyage in plot.voyages}
        numbers = np.array([k for k, one in enumerate(self.voyages) if id(one) in told], dtype=np.int64)
        t = np.arange(0.0, self.span_s, self.every_s)
        who, when = np.repeat(numbers, len(t)), np.tile(t, len(numbers))
        spot = self.tracks.at(who, when)
        return pa.table(
            {
                "mmsi": self._own.mmsi[who],
                "time": _times(when, self.start),
                "lat_deg": spot.lat_deg,
                "lon_deg": spot.lon_deg,
                "transmits": self._own.off(who, when) == HEARD,
            }
        )


@dataclass(frozen=True)
class _Windows:
    """Times in which something holds, by hull; those of one hull do not overlap."""

    begin: Floats
    end: Floats
    why: Ints

    @classmethod
    def of(cls, windows: list[tuple[float, float, int]]) -> _Windows:
        """Put windows (begin, end and why) in order; of those that overlap, the first counts."""
        begins, ends, whys = [-2.0], [-1.0], [HEARD]
        for begin, end, why in sorted(windows):
            if end > ends[-1]:
                begins.append(max(begin, ends[-1]))
                ends.append(end)
                whys.append(why)
        return cls(np.array(begins), np.array(ends), np.array(whys, dtype=np.int64))

    def at(self, key: Floats) -> Ints:
        """Return why, or `HEARD` outside all windows."""
        found = np.searchsorted(self.begin, key, side="right") - 1
        return np.where(key < self.end[found], self.why[found], HEARD)


@dataclass(frozen=True)
class _Own:
    """What each hull broadcasts, and when its transponder is off."""

    mmsi: Ints
    class_b: Bools
    static: pa.Table
    stride: float
    zero_s: float
    typed_key: Floats
    typed_m: Floats
    hidden: _Windows
    others: _Windows

    @classmethod
    def of(cls, voyages: Sequence[Voyage], tracks: Tracks) -> _Own:
        stride, zero = tracks.stride + 60 * DAY, tracks.zero_s - DAY
        typed = [
            (k * stride + max(t - zero, 0.0), m)
            for k, one in enumerate(voyages)
            for t, m in sorted(one.draughts, key=lambda step: step[0])
        ]
        windows: dict[bool, list[tuple[float, float, int]]] = {True: [], False: []}
        for k, one in enumerate(voyages):
            for start, end, why in one.off:
                begin = k * stride + max(start - zero, 0.0)
                windows[why == HIDING].append((begin, k * stride + min(end - zero, stride - DAY), _CODE[why]))
        hulls = [voyage.hull for voyage in voyages]
        key, metres = (np.array(part, dtype=np.float64) for part in zip(*typed, strict=True))
        return cls(
            np.array([hull.mmsi for hull in hulls], dtype=np.int64),
            np.array([hull.transceiver == "B" for hull in hulls], dtype=np.bool_),
            pa.table(statics(hulls, np.arange(len(hulls)))),
            stride, zero, key, metres, _Windows.of(windows[True]), _Windows.of(windows[False]),
        )  # fmt: skip

    def _key(self, who: Ints, t_s: Floats) -> Floats:
        return np.asarray(who * self.stride + (t_s - self.zero_s))

    def off(self, who: Ints, t_s: Floats) -> Ints:
        """Say for each report whether the transponder is on (`HEARD`) or why it is off."""
        key = self._key(who, t_s)
        hidden = self.hidden.at(key)
        return np.where(hidden != HEARD, hidden, self.others.at(key))

    def draught(self, who: Ints, t_s: Floats) -> Floats:
        """Return the draughts typed last [m]."""
        return np.asarray(self.typed_m[np.searchsorted(self.typed_key, self._key(who, t_s), side="right") - 1])


_CODE = {HIDING: HIDDEN, OWN_REASONS: OFF, AWAY: GONE}


class Ledger:
    """Every silence of two hours or more in the rows of a month, and why nothing was heard in it."""

    def __init__(self, month: Month) -> None:
        n = len(month.voyages)
        self._mmsi = np.array([voyage.hull.mmsi for voyage in month.voyages], dtype=np.int64)
        self._start = month.start
        self._last_s = np.full(n, np.nan)
        self._place = np.full((n, 2), np.nan)
        self._missed = np.zeros((n, len(REASONS)), dtype=np.int64)
        self._parts: list[pa.Table] = []

    def note(self, who: Ints, t_s: Floats, why: Ints, spot: Spot) -> None:
        """Take note of a day's slots, hull after hull in order of time."""
        heard = np.flatnonzero(why == HEARD)
        missed = np.zeros((len(why) + 1, len(REASONS)), dtype=np.int64)
        missed[1:] = np.cumsum(why[:, None] == np.arange(len(REASONS)), axis=0)
        begin = np.searchsorted(who, np.arange(len(self._mmsi)))
        stop = np.searchsorted(who, np.arange(len(self._mmsi)), side="right")
        own = who[heard]
        first = np.append(True, own[1:] != own[:-1]) if len(own) else np.zeros(0, dtype=np.bool_)
        before = np.roll(heard, 1)
        since = np.where(first, self._last_s[own], t_s[before])
        counts = missed[heard] - np.where(first[:, None], missed[begin[own]], missed[before + 1])
        counts += np.where(first[:, None], self._missed[own], 0)
        place = np.column_stack([spot.lat_deg, spot.lon_deg])
        at = np.where(first[:, None], self._place[own], place[before])
        long = np.flatnonzero(t_s[heard] - since >= SILENCE_S)
        ends = t_s[heard][long]
        self._tell(own[long], since[long], ends, counts[long], at[long], place[heard][long], is_open=False)
        last = heard[np.append(own[1:] != own[:-1], True)] if len(own) else heard
        self._missed += missed[stop] - missed[begin]
        self._missed[who[last]] = missed[stop[who[last]]] - missed[last + 1]
        self._last_s[who[last]], self._place[who[last]] = t_s[last], place[last]

    def close(self, end_s: float) -> None:
        """Take note of hulls that are still silent at the end."""
        late = np.flatnonzero(end_s - self._last_s >= SILENCE_S)
        ends = np.full(len(late), end_s)
        nowhere = np.full((len(late), 2), np.nan)
        self._tell(late, self._last_s[late], ends, self._missed[late], self._place[late], nowhere, is_open=True)

    def _tell(
        self, who: Ints, start_s: Floats, end_s: Floats, counts: Ints, at: Floats, then: Floats, *, is_open: bool
    ) -> None:
        most = 1 + np.argmax(counts[:, 1:], axis=1) if len(who) else who
        self._parts.append(
            pa.table(
                [
                    self._mmsi[who], _times(start_s, self._start), _times(end_s, self._start),
                    np.full(len(who), is_open), pa.array([REASONS[k] for k in most.tolist()], pa.string()),
                    at[:, 0], at[:, 1], *(pa.array(then[:, k], from_pandas=True) for k in (0, 1)),
                    *[counts[:, k].astype(np.int32) for k in range(1, len(REASONS))],
                ],
                schema=SILENCES,
            )
        )  # fmt: skip

    def table(self) -> pa.Table:
        """Return all silences, by start and MMSI (`SILENCES`); ``reason`` is that of most of the missing reports."""
        return pa.concat_tables([SILENCES.empty_table(), *self._parts]).sort_by(
            [("start", "ascending"), ("mmsi", "ascending"), ("end", "ascending")]
        )


def _times(t_s: Floats, start: datetime) -> pa.Array:
    zero_us = int(start.astimezone(UTC).timestamp()) * US_PER_S
    return pa.array(zero_us + np.rint(t_s).astype(np.int64) * US_PER_S).cast(pa.timestamp("us", tz="UTC"))


def _taken(spot: Spot, index: Ints) -> Spot:
    return Spot(*(getattr(spot, name)[index] for name in Spot.__dataclass_fields__))


def _reports(own: _Own, who: Ints, t_s: Floats, spot: Spot, normals: Floats, rng: np.random.Generator) -> Reports:
    """Return what is broadcast, before anything goes wrong."""
    n, class_b = len(who), own.class_b[who]
    east, north = _position_error(who, t_s, normals)
    lat = spot.lat_deg + np.degrees(north / EARTH_RADIUS_M)
    lon = spot.lon_deg + np.degrees(east / EARTH_RADIUS_M) / np.cos(np.radians(lat))
    sog = np.minimum(np.abs(spot.speed_kn + rng.normal(0, 0.06, n)) + class_b * rng.uniform(0, 0.2, n), 102.2)
    wander = np.where(spot.speed_kn < 0.6, 180.0, 3.0 + 6.0 / np.maximum(spot.speed_kn, 0.6))
    cog = np.round((spot.course_deg + rng.uniform(-1, 1, n) * wander) % 360.0, 1) % 360.0
    heading = np.round(spot.heading_deg + rng.normal(0, 0.7, n)) % 360.0
    return Reports(
        t_s.astype(np.int64),
        np.round(lat * PER_DEGREE) / PER_DEGREE,
        np.round(lon * PER_DEGREE) / PER_DEGREE,
        np.asarray(np.round(sog, 1), dtype=np.float64),
        cog,
        # Class B has no compass, and one set in eleven is not joined to it.
        np.where(class_b | (who % 11 == 0), NO_HEADING, heading),
        # One crew in six leaves the status as it was.
        np.where(who % 6 == 0, 0, STATUS[spot.mode]),
        own.draught(who, t_s),
        np.ones(n, dtype=np.bool_),
        np.zeros(n),
    )


def _table(own: _Own, who: Ints, rows: Reports, start: datetime) -> pa.Table:
    class_b = own.class_b[who]
    static = own.static.take(pa.array(who))
    return POSITIONS.table(
        {
            "mmsi": own.mmsi[who],
            "time": _times(rows.t_s.astype(np.float64), start),
            "lat_deg": rows.lat_deg,
            "lon_deg": rows.lon_deg,
            "sog_kn": rows.sog_kn,
            "cog_deg": rows.cog_deg,
            "heading_deg": rows.heading_deg,
            "nav_status": pa.array(rows.status, mask=class_b),
            "message_type": np.where(class_b, 18, 1),
            "draught_m": pa.array(np.round(rows.draught_m, 1), mask=class_b),
            **{name: static.column(name) for name in static.column_names},
        }
    )
