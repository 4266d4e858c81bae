"""An archive of any size, as NOAA's are: days of many vessels, made block of time after block in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stsdetect.errors import UsageError, did_you_mean
from stsdetect.readers.parquet import WRITING
from stsdetect.schema import POSITIONS
from stsdetect.simulate.archive_fleet import WORKING, Bools, Ints, Vessels, draw_vessels
from stsdetect.simulate.archive_motion import Phase, draw_normals, heard, motion, phase_of
from stsdetect.simulate.archive_places import draw_places
from stsdetect.simulate.export import _aside, _write_truth
from stsdetect.simulate.forms_tables import TEXT_FORMS
from stsdetect.simulate.motion import Floats
from stsdetect.simulate.sampling import NO_COG, NO_HEADING, NO_LAT, NO_LON, NO_SOG, PER_DEGREE, Reports
from stsdetect.simulate.traffic import DAY_S
from stsdetect.simulate.world import EAST_CHINA_SEA, START, YELLOW_SEA, Planted, Preset, World, from_plan
from stsdetect.units import US_PER_S

#: A day of NOAA's archive: some 8 million rows of some 15,000 vessels.
DAY_VESSELS, DAY_ROWS = 15_000, 8_000_000
ROWS_PER_VESSEL = DAY_ROWS / DAY_VESSELS
#: Blocks are made one at a time; a whole number of three-minute slots.
BLOCK_S = 1800
#: Layouts an archive can be written in; NMEA is a message at a time and far too slow.
ARCHIVE_LAYOUTS = ("noaa", "noaa2025", "parquet")
#: Seconds between reports under way, as terrestrial archives keep them, and at rest (ITU-R M.1371 classes A and B).
MOVING_S, STILL_S = 60, 180
_PER_HARBOUR, _PER_ANCHORAGE, _PER_GROUND = 350, 70, 60
_REPEATED, _ALMOST, _LATE, _NO_PLACE, _NULL_ISLAND, _STRAY = 0.01, 0.01, 0.01, 0.003, 0.0005, 0.0002


@dataclass(frozen=True)
class Archive:
    """An archive of ``rows`` rows from ``start`` (midnight, UTC); the same fields give the same rows.

    Parameters
    ----------
    rows : int
        How many rows; up to 8 million make one day, more make more days of the same vessels.
    seed : int
        Seed of every random draw.
    vessels : int, optional
        How many vessels; by default as many as make a day like NOAA's.
    crowding : float
        How many times as many vessels share one harbour, anchorage or ground, in the same space.
    silence : float
        How many times as often vessels are lost for three hours.

    Raises
    ------
    UsageError
        For fewer than one row or vessel, a negative seed, crowding or silence, or a start that is not midnight UTC.

    Examples
    --------
    >>> sum(block.num_rows for block in Archive(2_000, seed=1).blocks())
    2000
    """

    rows: int
    seed: int = 0
    start: datetime = START
    vessels: int | None = None
    crowding: float = 1.0
    silence: float = 1.0

    def __post_init__(self) -> None:
        if self.rows < 1 or (self.vessels is not None and self.vessels < 1):
            raise UsageError(f"{self.rows} rows of {self.vessels or 'some'} vessels cannot be made; give one or more")
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; give zero or a positive whole number")
        if not (self.crowding > 0 and self.silence >= 0):
            raise UsageError(f"crowding is {self.crowding} and silence {self.silence}; they cannot be negative")
        if self.start.tzinfo is None or self.start.timestamp() % DAY_S:
            raise UsageError(f"the archive would start at {self.start.isoformat()}; give midnight UTC")

    @property
    def fleet_size(self) -> int:
        """Number of vessels."""
        return self.vessels or min(DAY_VESSELS, max(60, -int(-self.rows // ROWS_PER_VESSEL)))

    @property
    def n_blocks(self) -> int:
        """Number of blocks of half an hour; more are made only if vessels are silent too often."""
        a_day = self.fleet_size * ROWS_PER_VESSEL
        return max(1, round(self.rows / a_day * (DAY_S // BLOCK_S)))

    @cached_property
    def planted(self) -> World | None:
        """Transfers planted in the first day, one per 400,000 rows of it (1-20); none in less than a day."""
        if self.n_blocks < DAY_S // BLOCK_S:
            return None
        count = min(20, max(1, min(self.rows, DAY_ROWS) // 400_000))
        plan = Preset("", (("alongside_drifting", ""),) * count, DAY_S / 3600, (YELLOW_SEA, EAST_CHINA_SEA))
        return from_plan(plan, "archive", self.seed, self.start)

    @property
    def truth(self) -> tuple[Planted, ...]:
        """What was planted."""
        return self.planted.truth if self.planted else ()

    @cached_property
    def _fleet(self) -> Vessels:
        rng = np.random.default_rng([self.seed, 6])
        like = self.fleet_size / self.crowding
        places = draw_places(
            rng,
            harbours=max(1, round(like / 2 / _PER_HARBOUR)),
            anchorages=max(1, round(like / 8 / _PER_ANCHORAGE)),
            grounds=max(1, round(like / 5 / _PER_GROUND)),
            crowding=self.crowding,
        )
        extra = list(self.planted.hulls.values()) if self.planted else []
        return draw_vessels(self.fleet_size, rng, places, extra, crowding=self.crowding, silence=self.silence)

    def blocks(self) -> Iterator[pa.Table]:
        """Yield `POSITIONS` tables of half an hour each, in order of time (but for a few late rows)."""
        planted = _Planted.of(self.planted, self._fleet)
        normals = draw_normals(np.random.default_rng([self.seed, 7]))
        made, number = 0, 0
        # Should too little have been heard, the archive goes on until it has its rows.
        while made < self.rows:
            due = self.rows * min(number + 1, self.n_blocks) // self.n_blocks
            who, rows = self._block(number, due - made, planted, normals)
            made, number = made + len(who), number + 1
            yield _table(self._fleet, who, rows, self.start)

    def _block(self, number: int, size: int, planted: _Planted, normals: Floats) -> tuple[Ints, Reports]:
        """Make one block of at most ``size`` rows; what is heard beyond that is lost at random, as it is at sea."""
        fleet, rng = self._fleet, np.random.default_rng([self.seed, 8, number])
        begin = number * BLOCK_S
        own_who, own = planted.between(begin, begin + BLOCK_S)
        own_who, own = own_who[:size], own.take(np.arange(min(size, len(own_who))))
        want = size - len(own_who)
        again = min(want, int(rng.poisson((_REPEATED + _ALMOST) * want)))
        who, t_s = _slots(fleet, begin, rng)
        phase = phase_of(fleet, who, t_s)
        kept = np.flatnonzero(_due(fleet, who, t_s, phase) & heard(fleet, who, t_s, phase, self.seed))
        surplus = len(kept) + again - want
        if surplus > 0:
            kept = np.sort(rng.permutation(kept)[: max(len(kept) - surplus, 0)])
        who, t_s, phase = who[kept], t_s[kept], phase.take(kept)
        rows = _reports(fleet, who, t_s, phase, normals, rng)
        who, rows = _dirty(who, rows, again if len(who) else 0, begin + BLOCK_S - 1, rng)
        who, rows = np.concatenate([who, own_who]), _joined(rows, own)
        # Half an hour fits 16 bits, which NumPy sorts by radix.
        order = np.argsort((rows.t_s + rows.delay_s - begin).astype(np.int16), kind="stable")
        return who[order], rows.take(order)


@dataclass(frozen=True)
class _Planted:
    """The reports of planted hulls, in order of time, and whose they are."""

    who: Ints
    rows: Reports

    @classmethod
    def of(cls, world: World | None, fleet: Vessels) -> _Planted:
        if world is None:
            none = np.zeros(0)
            return cls(none.astype(np.int64), _as_reports(dict.fromkeys(Reports.__dataclass_fields__, none)))
        table, start = world.positions, int(world.start.timestamp())
        number = {int(mmsi): fleet.size + k for k, mmsi in enumerate(fleet.mmsi[fleet.size :])}
        column = {
            name: np.nan_to_num(table.column(name).to_numpy().astype(np.float64))
            for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "draught_m")
        }
        t = table.column("time").cast(pa.int64()).to_numpy() // US_PER_S - start
        status = np.nan_to_num(table.column("nav_status").to_numpy().astype(np.float64))
        who = np.array([number[mmsi] for mmsi in table.column("mmsi").to_pylist()], dtype=np.int64)
        order = np.argsort(t, kind="stable")
        rows = _as_reports({**column, "t_s": t, "status": status, "good": np.ones(len(t)), "delay_s": np.zeros(len(t))})
        return cls(who[order], rows.take(order))

    def between(self, begin_s: int, end_s: int) -> tuple[Ints, Reports]:
        first, last = np.searchsorted(self.rows.t_s, [begin_s, end_s]).tolist()
        return self.who[first:last], self.rows.take(np.arange(first, last))


def _as_reports(values: dict[str, np.ndarray]) -> Reports:
    kinds = {"t_s": np.int64, "status": np.int64, "good": np.bool_}
    return Reports(**{name: values[name].astype(kinds.get(name, np.float64)) for name in Reports.__dataclass_fields__})


def _joined(one: Reports, two: Reports) -> Reports:
    return Reports(*(np.concatenate([getattr(one, n), getattr(two, n)]) for n in Reports.__dataclass_fields__))


def _slots(fleet: Vessels, begin_s: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Return vessels and times [s] of all reports that may be due in a block, vessel after vessel."""
    resting = _never_moves(fleet)
    who, times = [], []
    for every, group in ((STILL_S, np.flatnonzero(resting)), (MOVING_S, np.flatnonzero(~resting))):
        slot = np.arange(begin_s, begin_s + BLOCK_S, every)
        whose = np.repeat(group, len(slot))
        # An archive keeps the first report of each minute; a class A report is due every ten seconds under way.
        own = fleet.offset_s.astype(np.int64)[whose] % (every - 10)
        who.append(whose)
        times.append(np.tile(slot, len(group)) + own + rng.integers(0, 10, len(whose)))
    return np.concatenate(who), np.concatenate(times).astype(np.float64)


def _never_moves(fleet: Vessels) -> Bools:
    return np.asarray(np.isinf(fleet.stay_s) & (fleet.local != WORKING))


def _due(fleet: Vessels, who: Ints, t_s: Floats, phase: Phase) -> Bools:
    """Tell which reports are due: of a vessel that moves at times, every third while it is at rest."""
    under_way = phase.moving | (fleet.local[who] == WORKING)
    third = (t_s.astype(np.int64) // MOVING_S - who) % (STILL_S // MOVING_S) == 0
    return np.asarray(under_way | third | _never_moves(fleet)[who])


def _reports(
    fleet: Vessels, who: Ints, t_s: Floats, phase: Phase, normals: Floats, rng: np.random.Generator
) -> Reports:
    """Return what is broadcast, before anything goes wrong."""
    moved = motion(fleet, who, t_s, phase, normals)
    n, class_b = len(who), fleet.class_b[who]
    sog = np.minimum(np.abs(moved.speed_kn + rng.normal(0, 0.05, n)) + class_b * rng.uniform(0, 0.2, n), 102.2)
    wander = np.where(moved.speed_kn < 0.3, 180.0, 3.0 + 6.0 / np.maximum(moved.speed_kn, 0.6))
    cog = np.round((moved.course_deg + rng.uniform(-1, 1, n) * wander) % 360.0, 1) % 360.0
    heading = np.round(moved.heading_deg + rng.normal(0, 0.7, n)) % 360.0
    silent_compass = class_b | (who % 11 == 0)
    return Reports(
        t_s.astype(np.int64),
        np.round(moved.lat_deg * PER_DEGREE) / PER_DEGREE,
        np.round(moved.lon_deg * PER_DEGREE) / PER_DEGREE,
        np.asarray(np.round(sog, 1), dtype=np.float64),
        cog,
        np.where(silent_compass, NO_HEADING, heading),
        moved.status,
        np.where(phase.voyage % 2 == 0, fleet.laden_m[who], fleet.ballast_m[who]),
        np.ones(n, dtype=np.bool_),
        np.zeros(n),
    )


def _dirty(who: Ints, rows: Reports, again: int, last_s: int, rng: np.random.Generator) -> tuple[Ints, Reports]:
    """Spoil some rows, store some late, and add ``again`` repeats: half of them exact, half stamped a second later."""
    n = len(who)
    draw = rng.random(n)
    lost: Bools = draw < _NO_PLACE
    null_island = (draw >= _NO_PLACE) & (draw < _NO_PLACE + _NULL_ISLAND)
    stray = draw > 1 - _STRAY
    lat = np.where(lost, NO_LAT, np.where(null_island, 0.0, rows.lat_deg))
    lon = np.where(lost, NO_LON, np.where(null_island, 0.0, rows.lon_deg))
    lat[stray] += rng.uniform(0.5, 3.0, int(stray.sum()))
    late = np.where(rng.random(n) < _LATE, rng.uniform(30, 300, n), 0.0)
    spoiled = replace(
        rows, lat_deg=lat, lon_deg=lon, delay_s=late,
        sog_kn=np.where(lost, NO_SOG, rows.sog_kn), cog_deg=np.where(lost, NO_COG, rows.cog_deg),
        heading_deg=np.where(lost, NO_HEADING, rows.heading_deg),
    )  # fmt: skip
    index = np.concatenate([np.arange(n), rng.integers(0, max(n, 1), again)])
    out = spoiled.take(index)
    shift = np.zeros(len(index), dtype=np.int64)
    shift[n + again // 2 :] = 1
    stamped = np.minimum(out.t_s + shift, last_s)
    return who[index], replace(out, t_s=stamped, delay_s=np.minimum(out.delay_s, last_s - stamped))


def _table(fleet: Vessels, who: Ints, rows: Reports, start: datetime) -> pa.Table:
    class_b = np.append(fleet.class_b, np.zeros(len(fleet.mmsi) - fleet.size, dtype=np.bool_))[who]
    zero_us = int(start.timestamp()) * US_PER_S
    static = fleet.static.take(pa.array(who))
    return POSITIONS.table(
        {
            "mmsi": fleet.mmsi[who],
            "time": pa.array(zero_us + rows.t_s * US_PER_S).cast(pa.timestamp("us", tz="UTC")),
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


def write_archive(archive: Archive, out_dir: str | Path, layouts: Sequence[str] = ("noaa",)) -> list[Path]:
    """Write an archive: a folder per layout with a file per day, and ``truth.json``; memory does not grow with rows.

    Returns the paths written, ``truth.json`` last. Files appear whole or not at all.

    Raises
    ------
    UsageError
        For a layout an archive cannot be written in, or a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_archive(Archive(1_000), folder, layouts=("noaa",))]
    ['AIS_2024_03_01.csv', 'truth.json']
    """
    out = Path(out_dir)
    for layout in layouts:
        if layout not in ARCHIVE_LAYOUTS:
            raise UsageError(
                f"an archive cannot be written as '{layout}'; its layouts are {', '.join(ARCHIVE_LAYOUTS)}."
                f"{did_you_mean(layout, ARCHIVE_LAYOUTS)}"
            )
    paths = []
    for layout in dict.fromkeys(layouts):
        for day, blocks in groupby(enumerate(archive.blocks()), lambda item: item[0] * BLOCK_S // DAY_S):
            date = archive.start.astimezone(UTC) + timedelta(days=day)
            paths.append(_write_day(out / layout, layout, date, (block for _, block in blocks)))
    # The truth file names the number of rows; columns of nothing have it without the rows.
    counted = pa.table([pa.nulls(archive.rows)], names=["row"])
    hours = archive.n_blocks * BLOCK_S / 3600
    world = World(counted, archive.truth, archive.seed, "archive", archive.start, hours)
    return [*paths, _write_truth(world, out, list(dict.fromkeys(layouts)))]


def _write_day(folder: Path, layout: str, date: datetime, blocks: Iterator[pa.Table]) -> Path:
    if layout == "parquet":

        def fill(path: Path) -> None:
            with pq.ParquetWriter(path, POSITIONS.arrow, **WRITING) as writer:
                for block in blocks:
                    writer.write_table(block)

        return _aside(folder / date.strftime("positions_%Y_%m_%d.parquet"), fill)
    (kind,) = TEXT_FORMS[layout]

    def fill_text(path: Path) -> None:
        with path.open("wb") as file:
            file.write(f"{kind.header}\n".encode())
            for block in blocks:
                file.write(kind.form(block))

    return _aside(folder / date.strftime(kind.pattern), fill_text)
