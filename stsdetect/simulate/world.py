"""Worlds: presets, what was planted in them, and `simulate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stsdetect.errors import UsageError, did_you_mean
from stsdetect.schema import POSITIONS
from stsdetect.simulate import decoys, law, scenes
from stsdetect.simulate.hulls import Fleet, Hull
from stsdetect.simulate.sampling import Reports, Track, report, track_of
from stsdetect.simulate.scenes import HOUR, Actor, Draw, Scene
from stsdetect.units import EARTH_RADIUS_M, US_PER_S

#: Where worlds begin unless told otherwise.
START = datetime(2024, 3, 1, tzinfo=UTC)

FAMILIES: dict[str, Callable[[Draw], Scene]] = {
    maker.__name__: maker
    for maker in (
        scenes.alongside_drifting, scenes.alongside_anchored, scenes.under_way, scenes.midnight, scenes.repeat,
        scenes.same_pair_twice, scenes.small_craft, scenes.sparse_satellite, scenes.no_speed, scenes.shared_mmsi,
        decoys.drifting_alone, decoys.anchored_alone, decoys.silence, decoys.open_silence, decoys.convoy,
        decoys.crossing, decoys.lane_follower, decoys.anchor_neighbours, decoys.pair_trawlers, decoys.pilot,
        decoys.tow, decoys.berth_raft, decoys.bunkering, decoys.service,
    )
}  # fmt: skip

#: Open water, clear of islands by tens of kilometres: lat_min, lat_max, lon_min, lon_max [degrees].
YELLOW_SEA = (33.9, 36.6, 122.9, 124.2)
SHANGHAI_EAST = (30.4, 32.1, 123.5, 125.2)
EAST_CHINA_SEA = (29.3, 32.5, 123.6, 125.6)
EAST_CHINA_SEA_SOUTH = (27.3, 29.1, 123.0, 125.4)

#: Yeosu, Weihai, Gunsan and Zhoushan (World Port Index, Pub. 150), places within 400 m of the shoreline, for ships at
#: berths: latitude, longitude [degrees].
BERTHS = ((34.74, 127.74), (37.51, 122.12), (35.99, 126.71), (30.01, 122.10))
#: Roads 5-10 km off the shore (our own choice, by Zhoushan, Yeosu, Ulsan and Weihai): latitude, longitude [degrees].
#: Bunkering takes the first two, service craft the others, so that they do not meet.
ROADS = ((29.72, 122.38), (34.62, 127.86), (35.42, 129.50), (37.56, 122.30))


@dataclass(frozen=True)
class Preset:
    """What a world holds: families, each with the export it goes to in a sample (else empty); its length and seas."""

    doc: str
    families: tuple[tuple[str, str], ...]
    span_h: float = 48.0
    seas: tuple[tuple[float, float, float, float], ...] = (YELLOW_SEA, EAST_CHINA_SEA, EAST_CHINA_SEA_SOUTH)
    default_rows: int | None = None


def _once(*families: str) -> tuple[tuple[str, str], ...]:
    return tuple((family, "") for family in families)


PRESETS: dict[str, Preset] = {
    "scenarios": Preset(
        "every family of meetings, waits, silences and decoys, for evaluation",
        _once(
            "alongside_drifting", "alongside_drifting", "alongside_anchored", "under_way", "midnight", "repeat",
            "small_craft", "sparse_satellite", "no_speed", "shared_mmsi", "drifting_alone", "drifting_alone",
            "anchored_alone", "silence", "open_silence", "convoy", "crossing", "lane_follower", "anchor_neighbours",
            "pair_trawlers", "pilot", "tow", "berth_raft", "bunkering", "service",
        ),
    ),
    "sample": Preset(
        "about ten vessel-days in the Yellow and East China Seas, a few families in each of four layouts",
        (
            ("alongside_drifting", "noaa"), ("convoy", "noaa"), ("anchor_neighbours", "noaa"),
            ("alongside_anchored", "noaa2025"), ("pair_trawlers", "noaa2025"), ("drifting_alone", "noaa2025"),
            ("under_way", "dma"), ("pilot", "dma"), ("berth_raft", "dma"), ("silence", "dma"),
            ("same_pair_twice", "nmea"), ("small_craft", "nmea"), ("crossing", "nmea"), ("bunkering", "nmea"),
        ),
        seas=(YELLOW_SEA, SHANGHAI_EAST),
    ),
    "traffic": Preset(
        "a day of bulk traffic of any number of rows, for benchmarks; a few transfers are planted in it",
        (),
        span_h=24.0,
        default_rows=100_000,
    ),
    "dark-month": Preset(
        "a month of 2,000 vessels in the Yellow and East China Seas, in which transfers are hidden in silences",
        (),
        span_h=720.0,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """One thing that was planted, with its true times (UTC), as sampled and under the documented rule.

    An encounter runs from the antennas' coming within 500 m, both under 2 kn (or under way side by side), until they
    part, within the fixes of both. A gap runs from the last fix before to the first after (open: the end of the data).
    A decoy's times are those both vessels have in common. Of a month, times and place are those of the true tracks,
    heard or not; rows of one ``case`` belong together.
    """

    kind: str
    family: str
    vessels: tuple[str, ...]
    start: datetime
    end: datetime
    is_transfer: bool
    note: str
    lat_deg: float | None = None
    lon_deg: float | None = None
    case: str = ""


@dataclass(frozen=True)
class World:
    """Reports as received, what is true about them, and the noise-free tracks behind them (by hull).

    ``layout_of`` says for a sample which export each MMSI goes to; ``more`` is what else its truth file tells.
    """

    positions: pa.Table
    truth: tuple[Planted, ...]
    seed: int
    preset: str
    start: datetime
    span_h: float
    tracks: dict[str, Track] = field(default_factory=dict, repr=False)
    hulls: dict[str, Hull] = field(default_factory=dict, repr=False)
    layout_of: dict[int, str] = field(default_factory=dict, repr=False)
    more: dict[str, object] = field(default_factory=dict, repr=False)


def simulate(
    preset: str = "scenarios",
    *,
    seed: int = 0,
    rows: int | None = None,
    start: datetime = START,
    hostile_names: bool = False,
    **month: int,
) -> World:
    """Make a world: the same preset, seed, rows and start give the same world, on any day.

    Parameters
    ----------
    preset : {"scenarios", "sample", "traffic", "dark-month"}
        See `PRESETS`.
    seed : int
        Seed of every random draw.
    rows : int, optional
        About how many rows to make; for ``traffic`` only.
    start : datetime
        When the world begins; with a time zone.
    hostile_names : bool
        Give vessels names that a careless page, spreadsheet or shell would trip over; not for ``dark-month``.
    **month : int
        For ``dark-month`` only: ``days``, ``vessels``, ``cases`` and ``every_s``, see `Month`. A whole month takes
        some 2 GB here; `write_month` takes little.

    Raises
    ------
    UsageError
        For an unknown preset, ``rows`` or other numbers where they cannot be chosen, or a start without time zone.

    Examples
    --------
    >>> world = simulate("sample", seed=7)
    >>> sorted({planted.kind for planted in world.truth})
    ['decoy', 'encounter', 'gap', 'loitering']
    """
    if preset not in PRESETS:
        raise UsageError(
            f"there is no preset '{preset}'; presets are {', '.join(PRESETS)}.{did_you_mean(preset, PRESETS)}"
        )
    if start.tzinfo is None:
        raise UsageError(
            f"the start {start.isoformat()} has no time zone; make it UTC, such as 2024-03-01T00:00:00+00:00"
        )
    if seed < 0:
        raise UsageError(f"the seed is {seed}; give zero or a positive whole number")
    start = start.astimezone(UTC).replace(microsecond=0)
    if preset == "dark-month":
        from stsdetect.simulate.month_files import month_world

        if rows is not None:
            raise UsageError("rows of a dark-month cannot be chosen; choose its days and vessels")
        return month_world(seed=seed, start=start, **month)
    if month:
        raise UsageError(f"{', '.join(month)} can be chosen for 'dark-month' only, not for '{preset}'")
    if preset == "traffic":
        from stsdetect.simulate.traffic import traffic

        wanted = PRESETS[preset].default_rows if rows is None else rows
        if wanted is None or wanted < 1:
            raise UsageError(f"{rows} rows cannot be made; give one or more")
        return traffic(wanted, seed=seed, start=start)
    if rows is not None:
        raise UsageError(f"preset '{preset}' has a fixed content; rows can be chosen for 'traffic' only")
    return from_plan(PRESETS[preset], preset, seed, start, hostile_names=hostile_names)


def from_plan(plan: Preset, name: str, seed: int, start: datetime, *, hostile_names: bool = False) -> World:
    """Make the world of a preset: draw places, play the scenes, sample them, date what was planted."""
    rng = np.random.default_rng([seed, 1])
    fleet = Fleet(np.random.default_rng([seed, 2]), hostile_names=hostile_names)
    spots = places(rng, len(plan.families), plan.seas)
    played: list[tuple[Scene, str]] = []
    for number, (family, layout) in enumerate(plan.families):
        lat, lon = _place(family, spots[number], rng)
        away = (28.2, 124.2) if lat > 32.6 else (35.3, 123.4)
        draw = Draw(np.random.default_rng([seed, 3, number]), fleet, lat, lon, plan.span_h * HOUR, away)
        played.append((FAMILIES[family](draw), layout))
    return _gather(played, name, seed, start, plan.span_h)


def _gather(played: list[tuple[Scene, str]], name: str, seed: int, start: datetime, span_h: float) -> World:
    tracks: dict[str, Track] = {}
    hulls: dict[str, Hull] = {}
    layout_of: dict[int, str] = {}
    sent: list[tuple[Hull, Reports]] = []
    heard: dict[str, Reports] = {}
    for number, (scene, layout) in enumerate(played):
        for index, actor in enumerate(scene.actors):
            key = actor.hull.key
            tracks[key], hulls[key] = track_of(actor), actor.hull
            heard[key] = report(actor, tracks[key], np.random.default_rng([seed, 4, number, index]))
            sent.append((actor.hull, heard[key]))
            if layout:
                layout_of[actor.hull.mmsi] = layout
    last = max(int(reports.t_s.max()) for _, reports in sent)
    truth = [
        planted
        for scene, _ in played
        for planted in _truth(scene, tracks, heard, start, last)
    ]  # fmt: skip
    truth.sort(key=lambda planted: (planted.start, planted.vessels, planted.kind))
    return World(to_table(*stack(sent), start), tuple(truth), seed, name, start, span_h, tracks, hulls, layout_of)


def places(
    rng: np.random.Generator, count: int, seas: tuple[tuple[float, float, float, float], ...], apart_m: float = 45_000.0
) -> list[tuple[float, float]]:
    """Draw ``count`` places [degrees] in the seas, at least ``apart_m`` from each other where there is room."""
    area = np.array([(a[1] - a[0]) * (a[3] - a[2]) for a in seas])
    spots: list[tuple[float, float]] = []
    tries = 0
    while len(spots) < count:
        box = seas[int(rng.choice(len(seas), p=area / area.sum()))]
        lat, lon = rng.uniform(box[0], box[1]), rng.uniform(box[2], box[3])
        limit = apart_m * 0.97 ** (tries // 50)
        tries += 1
        if all(_apart(lat, lon, *spot) >= limit for spot in spots):
            spots.append((float(lat), float(lon)))
    return spots


def _apart(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    width = np.cos(np.radians((lat_a + lat_b) / 2))
    return float(np.radians(np.hypot(lat_b - lat_a, (lon_b - lon_a) * width)) * EARTH_RADIUS_M)


def _place(family: str, spot: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    if family == "berth_raft":
        return BERTHS[int(rng.integers(len(BERTHS)))]
    if family in ("bunkering", "service"):
        half = len(ROADS) // 2
        first = 0 if family == "bunkering" else half
        return ROADS[first + int(rng.integers(half))]
    return spot


def _truth(
    scene: Scene, tracks: dict[str, Track], heard: dict[str, Reports], start: datetime, last_s: int
) -> list[Planted]:
    found = []
    for plan in scene.plans:
        actors = [scene.actors[i] for i in plan.who]
        begin, end = _interval(plan.kind, plan.near_s, actors, tracks, heard, last_s)
        found.append(
            Planted(
                plan.kind,
                scene.family,
                tuple(str(actor.hull.mmsi) for actor in actors),
                start + timedelta(seconds=round(begin)),
                start + timedelta(seconds=round(end)),
                plan.is_transfer,
                plan.note,
            )
        )
    return found


def _interval(
    kind: str, near_s: float, actors: list[Actor], tracks: dict[str, Track], heard: dict[str, Reports], last_s: int
) -> tuple[float, float]:
    keys = [actor.hull.key for actor in actors]
    fixes = [heard[key].t_s[heard[key].good] for key in keys]
    if kind == "gap":
        before, after = fixes[0][fixes[0] <= near_s], fixes[0][fixes[0] > near_s]
        return float(before.max()), float(after.min()) if len(after) else float(last_s)
    if kind == "decoy":
        times = law.common(tracks[keys[0]], tracks[keys[1]])[0]
        return float(times[0]), float(times[-1])
    if kind == "loitering":
        track = tracks[keys[0]]
        found = law.runs(track.t_s, track.speed_kn < law.STILL_KN)
    else:
        found = law.runs(*law.in_contact(tracks[keys[0]], tracks[keys[1]], actors[0].hull, actors[1].hull))
    whole = law.run_near(found, near_s)
    if whole is None:  # a bug of the scene, not of the caller
        raise AssertionError(f"planted {kind} of {keys} does not satisfy the rule at {near_s} s; runs: {found}")
    inside = [t[(t >= whole[0]) & (t <= whole[1])] for t in fixes]
    return max(float(t.min()) for t in inside), min(float(t.max()) for t in inside)


def stack(sent: list[tuple[Hull, Reports]]) -> tuple[list[Hull], npt.NDArray[np.int64], Reports]:
    """Put the reports of all hulls behind each other; the middle array says whose each is."""
    who = np.repeat(np.arange(len(sent)), [len(reports.t_s) for _, reports in sent])
    names = Reports.__dataclass_fields__
    joined = Reports(*(np.concatenate([getattr(reports, name) for _, reports in sent]) for name in names))
    return [hull for hull, _ in sent], who, joined


def to_table(hulls: list[Hull], who: npt.NDArray[np.int64], reports: Reports, start: datetime) -> pa.Table:
    """Put reports into a positions table, in the order in which they were stored."""
    order = np.lexsort((np.arange(len(who)), who, reports.t_s + reports.delay_s))
    who, row = who[order], reports.take(order)
    class_b = np.array([hull.transceiver == "B" for hull in hulls], dtype=np.bool_)[who]
    zero_us = int(start.timestamp()) * US_PER_S
    values: dict[str, object] = {
        "mmsi": np.array([hull.mmsi for hull in hulls], dtype=np.int64)[who],
        "time": pa.array(zero_us + row.t_s * US_PER_S).cast(pa.timestamp("us", tz="UTC")),
        "lat_deg": row.lat_deg,
        "lon_deg": row.lon_deg,
        "sog_kn": row.sog_kn,
        "cog_deg": row.cog_deg,
        "heading_deg": row.heading_deg,
        "nav_status": pa.array(row.status, mask=class_b),
        "message_type": np.where(class_b, 18, 1),
        "draught_m": pa.array(np.round(row.draught_m, 1), mask=class_b),
        **statics(hulls, who),
    }
    return POSITIONS.table(values)


def statics(hulls: list[Hull], who: npt.NDArray[np.int64]) -> dict[str, object]:
    """Return the static columns for rows that belong to ``hulls[who]``."""

    def text(values: list[str]) -> pa.Array:
        words = sorted(set(values) - {""})
        code = {word: number for number, word in enumerate(words)}
        codes = np.array([code.get(value, -1) for value in values], dtype=np.int32)[who]
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(words, pa.string()))

    def number(values: list[int], missing: int | None = None) -> pa.Array:
        return pa.array([None if value == missing else value for value in values], pa.int64()).take(pa.array(who))

    return {
        "transceiver": text([hull.transceiver for hull in hulls]),
        "station": text(["ship" for _ in hulls]),
        "imo": number([hull.imo for hull in hulls], 0),
        "name": text([hull.name for hull in hulls]),
        "callsign": text([hull.callsign for hull in hulls]),
        "ship_type": number([hull.ship_type for hull in hulls]),
        "length_m": number([hull.length_m for hull in hulls]),
        "width_m": number([hull.width_m for hull in hulls]),
        "to_bow_m": number([hull.to_bow_m for hull in hulls]),
        "to_stern_m": number([hull.to_stern_m for hull in hulls]),
        "to_port_m": number([hull.to_port_m for hull in hulls]),
        "to_starboard_m": number([hull.to_starboard_m for hull in hulls]),
        "destination": text([hull.destination if hull.transceiver == "A" else "" for hull in hulls]),
    }
