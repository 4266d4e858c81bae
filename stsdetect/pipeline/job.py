"""From AIS exports, or a frame, to ranked pairs, in one call."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stsdetect.context import annotate, filter_by_zone
from stsdetect.context.heard import read_baseline
from stsdetect.detect.hidden_calls import infer_calls
from stsdetect.detect.slots import FixSlots
from stsdetect.engine import beside
from stsdetect.errors import InputError, TooManyRejectsError, UsageError
from stsdetect.kernels.choice import remember_compiled, use_compiled
from stsdetect.pipeline import manifest
from stsdetect.pipeline.archive import Archive
from stsdetect.pipeline.arguments import BBox, apart, check_arguments
from stsdetect.pipeline.following import Clock, Follow, Progress
from stsdetect.pipeline.innocent import describe_known, open_known
from stsdetect.pipeline.loops import get_ready, wants_loops
from stsdetect.pipeline.output import (
    RUN_FILE,
    files_of,
    not_to_read,
    refuse_inputs_inside,
    staged,
)
from stsdetect.pipeline.page_fixes import page_fixes
from stsdetect.pipeline.scored import Places, score_events
from stsdetect.pipeline.scored_files import write_scored
from stsdetect.pipeline.told import join_sources, join_told
from stsdetect.pipeline.watched import describe_lists, open_lists
from stsdetect.readers import ReadResult, stream
from stsdetect.readers.asked import Moment, VesselIds, as_inputs, as_moment, as_rules, as_vessels, not_found
from stsdetect.readers.finding import expand
from stsdetect.readers.source import Source
from stsdetect.schema import AREAS, COVERAGE, EVENTS, PAIRS, SOURCES, TRACKS, WATCH_HITS
from stsdetect.score.model import Model, as_model
from stsdetect.score.pair_volumes import add_volumes
from stsdetect.score.rank import check_weights
from stsdetect.score.watchlists import ListSource
from stsdetect.score.watchlists.matching import match
from stsdetect.settings import Settings
from stsdetect.tracks import Tracks

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

#: Most remarks of one sort that are logged; ``run.json`` has all.
MAX_REMARKS = 8

log = logging.getLogger("stsdetect.pipeline")


@dataclass(frozen=True)
class Result:
    """What `detect` found: Arrow tables, frames made of them on request, and the account of the run.

    Attributes
    ----------
    events_table, pairs_table
        As in `stsdetect.schema.EVENTS` and `PAIRS`.
    tracks
        Segments, identities, what cleaning left out, and with ``keep_fixes`` the cleaned fixes.
    berths
        Crowded berth areas by day, contact inside which is summed up here and not among the events, as in
        `stsdetect.schema.BERTHS`.
    rejects
        Rows that could not be read, as in `stsdetect.schema.REJECTS`.
    run
        What ``run.json`` holds.
    files
        The files written, in order; empty without an output folder.
    sources
        The raw rows that events begin and end with, as in `stsdetect.schema.SOURCES`.
    areas
        Where many hulls at once could not be heard, or sent places that cannot be, as in `stsdetect.schema.AREAS`.
    coverage
        How well places were heard, by cell and day, as in `stsdetect.schema.COVERAGE`: what gaps are judged by.
    watch_hits
        Hulls that are on watch-lists, or may be, as in `stsdetect.schema.WATCH_HITS`.
    """

    events_table: pa.Table
    pairs_table: pa.Table
    tracks: Tracks = field(repr=False)
    berths: pa.Table = field(repr=False)
    rejects: pa.Table = field(repr=False)
    run: dict[str, Any] = field(repr=False)
    files: tuple[Path, ...] = ()
    sources: pa.Table = field(default_factory=SOURCES.empty, repr=False)
    areas: pa.Table = field(default_factory=AREAS.empty, repr=False)
    coverage: pa.Table = field(default_factory=COVERAGE.empty, repr=False)
    watch_hits: pa.Table = field(default_factory=WATCH_HITS.empty, repr=False)

    @property
    def events(self) -> geopandas.GeoDataFrame:
        """The events as a GeoDataFrame of points (WGS84), made anew at each call."""
        import geopandas
        import shapely

        frame = to_pandas(self.events_table.drop_columns(["geometry"]))
        points = shapely.from_wkb(self.events_table.column("geometry").to_pylist())
        return geopandas.GeoDataFrame(frame, geometry=list(points), crs="EPSG:4326")

    @property
    def pairs(self) -> pd.DataFrame:
        """The pairs as a DataFrame, best lead first, made anew at each call."""
        return to_pandas(self.pairs_table)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a DataFrame whose whole numbers stay whole where some are missing (Int64 and so on)."""
    import pandas as pd

    nullable = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return frame


def detect(
    source: Any,
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    bbox: BBox | None = None,
    vessels: VesselIds | None = None,
    watch_lists: Sequence[ListSource] = (),
    known: str | Path | None = None,
    model: Model | str | Path | None = None,
    formats: Sequence[str] | str = (),
    page: bool = True,
    hash_inputs: bool = False,
    keep_fixes: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Find what vessels did in AIS positions, and what silences leave room for, and rank the leads.

    Parameters
    ----------
    source
        A file, folder or glob pattern, a list of them, or a pandas or Arrow table with the columns of
        `stsdetect.schema.POSITIONS` (or any, with ``settings.read.columns``). It is not changed.
    out
        Folder for ``events.parquet``, ``pairs.parquet``, ``vessels.parquet``, ``segments.parquet``,
        ``sources.parquet``, ``coverage.parquet``, ``run.json``, ``report.html``, ``areas.parquet`` (only where there
        are any), ``rejects.parquet`` (only where rows were rejected) and
        the extra formats. All appear together at the end, in place of those of an earlier run, or not at all. It may
        not hold inputs, nor other files with these names. It may lie in a folder that is read: files of an earlier run
        in it are not read.
    settings
        See `stsdetect.load_settings`.
    since, until
        Only reports from ``since`` on and before ``until``: a date, a time (without a zone: UTC) or ISO 8601.
    bbox
        (lon_min, lat_min, lon_max, lat_max) [degrees]; lon_min > lon_max reaches over the antimeridian. What lies
        outside is left out of the events at the end: silences there are judged and counted as without an area. A gap
        lies where it begins, a dark rendezvous at its place; the gaps that this was inferred from are kept with it.
    vessels
        Only these vessels, or this one, by MMSI or the source's own id. Those without a row are told in the log and in
        ``run["vessels_not_found"]``.
    watch_lists
        Lists of vessels to look for: files (`stsdetect.WatchListFile` to give a name or a date with them), or
        ``"packaged"`` for the old snapshot that comes with the program; ``watch_hits.parquet`` holds what was found.
    known
        A CSV file of pairs or vessels known to be innocent, each with a reason (`stsdetect.score.known.read_known`).
    model
        A model of `stsdetect.fit`, or its file: its weights replace the profile's.
    formats
        More files, one sort or several: any of ``csv``, ``geojson``, ``gpkg``, ``kml``; needs ``out``.
    page
        Whether to write ``report.html``.
    hash_inputs
        Whether ``run.json`` holds a SHA-256 of every input instead of a fast hash of its size and ends.
    keep_fixes
        Whether the result holds all cleaned fixes (``result.tracks.fixes``). Without them the memory of a run does
        not grow with the archive.
    progress
        Called with stage, and how many of its rows are done and how many there are.

    Returns
    -------
    Result
        Nothing found, or no rows in the input, gives tables without rows.

    Raises
    ------
    UsageError
        If an argument is wrong or ``out`` cannot be written; found before the work starts.
    InputError
        If nothing could be read.
    TooManyRejectsError
        If more rows were rejected than ``settings.read.max_reject_share``; files are written all the same.

    Examples
    --------
    >>> from stsdetect.simulate import simulate
    >>> result = detect(simulate("sample", seed=1).positions)
    >>> result.pairs_table.column("rank").to_pylist()[:2]
    [1, 2]
    """
    settings = as_rules(settings, Settings, "load_settings(encounters={...})")
    result = run_job(
        source, out=out, settings=settings, since=since, until=until, bbox=bbox, vessels=vessels,
        watch_lists=watch_lists, known=known, model=model, formats=formats, page=page, hash_inputs=hash_inputs,
        keep_fixes=keep_fixes, progress=progress,
    )  # fmt: skip
    check_rejects(result, settings)
    return result


def check_rejects(result: Result, settings: Settings) -> None:
    """Raise `TooManyRejectsError` if more rows were rejected than ``settings.read.max_reject_share``."""
    rows = result.run["rows"]
    rejected, total = rows["rejected_total"], rows["read"]
    if not rejected or rejected <= settings.read.max_reject_share * total:
        return
    reasons = ", ".join(f"{name} {count:,}" for name, count in rows["rejected"].items())
    where = next((f"; see {path}" for path in result.files if path.name == "rejects.parquet"), "")
    raise TooManyRejectsError(
        f"{rejected:,} of {total:,} rows were rejected ({reasons}), more than the "
        f"{settings.read.max_reject_share:.0%} allowed by read.max_reject_share{where}"
    )


def run_job(
    source: Any,
    *,
    out: str | Path | None,
    settings: Settings,
    since: Moment | None = None,
    until: Moment | None = None,
    bbox: BBox | None = None,
    vessels: VesselIds | None = None,
    watch_lists: Sequence[ListSource] = (),
    known: str | Path | None = None,
    model: Model | str | Path | None = None,
    formats: Sequence[str] | str = (),
    page: bool = True,
    hash_inputs: bool = False,
    keep_fixes: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Do what `detect` does, but leave it to the caller to `check_rejects`."""
    formats = [formats] if isinstance(formats, str) else list(formats)
    check_arguments(bbox, formats, out)
    learnt = as_model(model)
    if learnt is not None:
        settings = learnt.settings(settings)
    start, end = as_moment(since, "since"), as_moment(until, "until")
    if start is not None and end is not None and start >= end:
        raise UsageError(f"since ({since}) must come before until ({until})")
    places = Places.load(settings)
    earlier = read_baseline(settings.coverage.baseline_file)
    # A misspelt or impossible weight, or product, is found before the work.
    check_weights(settings.score)
    add_volumes(PAIRS.empty(), EVENTS.empty(), settings=settings.volume)
    inputs = as_inputs(source)
    if isinstance(inputs, list) and not inputs:
        raise UsageError("no input given; name files, folders or patterns")
    wanted = as_vessels(vessels)
    folder = None if out is None else Path(out)
    without: frozenset[str] = frozenset()
    sources: list[Source] = []
    if isinstance(inputs, list):
        if folder is not None:
            inputs, without = apart(inputs, folder)
        sources = expand(inputs, without)
        if folder is not None:
            refuse_inputs_inside(folder, inputs, [source.path for source in sources])
            if without and not sources:
                what = "results of an earlier run, in" if not_to_read(folder) else "the output folder"
                raise InputError(f"nothing but {what} {folder} was found; name exports of AIS")
    watched, innocent = open_lists(watch_lists, folder), open_known(known, folder)
    clock = Clock(progress or (lambda stage, done, total: None))
    results = staged(folder, files_of(formats, page=page)) if folder is not None else nullcontext()
    size = sum(source.size for source in sources) or getattr(inputs, "nbytes", 0)
    loops = wants_loops(settings.run.compiled, size)
    with (
        results as aside,
        use_compiled(loops),
        beside(get_ready if loops else None),
        Archive(settings, bbox, ports=places.ports, keep_fixes=keep_fixes) as archive,
    ):
        with clock.stage("read") as tick:
            follow = Follow(sum(source.size for source in sources), tick, lambda: archive.rows)
            blocks = stream(
                inputs, settings=settings.read, since=start, until=end, vessels=wanted, progress=follow.file,
                hints=True, without=without,
            )  # fmt: skip
            archive.take_in(blocks, follow.share_read)
            got = blocks.result()
        _say_what_was_read(got)
        with clock.stage("tracks") as tick:
            cleaned = archive.clean(tick)
        with clock.stage("detect") as tick:
            judged = archive.events(cleaned, tick, earlier)
            own = judged.events
            rule, ports = settings.port_calls, places.ports
            events = join_told(own, got.events, bbox, settings.digest, partial(infer_calls, rule=rule, ports=ports))
        berths = cleaned.berths.table
        told = events.num_rows - own.num_rows
        with clock.stage("context"):
            events = annotate(events, settings.context, zones=places.zones, ports=places.ports)
            events = filter_by_zone(events, settings.context)
        with clock.stage("score"):
            innocent = innocent.among(cleaned.tracks.vessels, events)
            found = match(watched, cleaned.tracks.vessels, events)
            pairs = score_events(
                events, cleaned.tracks.vessels, cleaned.tracks.segments, berths, settings=settings, places=places,
                hits=found.hits, innocent=innocent,
            )  # fmt: skip
        filters = {
            "since": manifest.iso(start),
            "until": manifest.iso(end),
            "bbox": None if bbox is None else list(bbox),
            "vessels": None if wanted is None else sorted(wanted),
        }
        run = manifest.describe_run(got, cleaned, events, pairs, settings, filters, hash_inputs)
        run["counts"] |= manifest.count_silences(events, judged.areas)
        if learnt is not None:
            run["model"] = learnt.describe()
        if watched:
            run["watch_lists"] = describe_lists(watched, found, run["last_time"], whole_hash=hash_inputs)
        if known is not None:
            run["known"] = describe_known(innocent, pairs, whole_hash=hash_inputs)
        if got.events.num_rows:
            run["told"] = {"events": got.events.num_rows, "added": told}
        sources = join_sources(archive.sources, got.event_sources, events)
        result = Result(
            events, pairs, cleaned.tracks, berths, got.rejects, run,
            sources=sources, areas=judged.areas, coverage=judged.coverage, watch_hits=found.hits,
        )  # fmt: skip
        names: list[str] = []
        if aside is not None:
            with clock.stage("write"):
                names = _write(result, aside, formats, places if page else None, cleaned.slots)
            run["files"] = names
        run["seconds"] = clock.seconds
        if aside is not None:
            manifest.write_run(run, aside / RUN_FILE)
    if loops:
        remember_compiled()
    return result if folder is None else replace(result, files=tuple(folder / name for name in names))


def _say_what_was_read(got: ReadResult) -> None:
    rows = manifest.count_rows(got.files)
    if not rows["adds_up"]:
        raise RuntimeError(f"rows do not add up: read = kept + filtered + rejected is {rows['proof']}")
    _say_some([f"skipped: {_shortened(*one)}" for one in got.skipped], "skipped files")
    named = [(file.label, file.notes) for file in got.files]
    _say_some([f"{label}: {note}" for label, notes in named for note in notes], "remarks on files")
    if got.vessels_not_found:
        log.warning("%s", not_found(got.vessels_not_found))
    if got.events.num_rows:
        log.info("%s events that others found are among them", f"{got.events.num_rows:,}")
    doubts = [f"{file.label}: {doubt.sentence}" for file in got.files for doubt in file.doubts]
    _say_some([f"doubt about {line}" for line in doubts], "doubts about files")
    log.info(
        "%s rows read from %s: %s kept, %s filtered, %s rejected",
        f"{rows['read']:,}", "1 file" if len(got.files) == 1 else f"{len(got.files):,} files",
        f"{rows['kept']:,}", f"{rows['filtered']:,}", f"{rows['rejected_total']:,}",
    )  # fmt: skip
    if not rows["kept"]:
        log.warning("no rows to work on; the result is empty")


def _shortened(label: str, reason: str) -> str:
    """Leave out what to do about a file, which follows after a colon or full stop; ``run.json`` has all of it.

    >>> _shortened("St. John: 1/x.txt", "St. John: 1/x.txt is empty. Fetch it again")
    'St. John: 1/x.txt is empty'
    """
    name = label if reason.startswith(label) else ""
    short = re.split(r": |\. ", reason[len(name) :], maxsplit=1)[0]
    if short.count("(") > short.count(")"):
        short = short[: short.rindex("(")].rstrip()
    return name + short


def _say_some(lines: Sequence[str], what: str) -> None:
    for line in lines[:MAX_REMARKS]:
        log.warning("%s", line)
    if len(lines) > MAX_REMARKS:
        log.warning("and %d more %s, all in %s", len(lines) - MAX_REMARKS, what, RUN_FILE)


def _write(result: Result, aside: Path, formats: Sequence[str], places: Places | None, slots: FixSlots) -> list[str]:
    """Write all files but ``run.json``; return all names, in the order in which people want them."""
    from stsdetect.report.gis import write_events_parquet, write_table

    names = ["events.parquet", "pairs.parquet", "vessels.parquet", "segments.parquet", "sources.parquet"]
    write_events_parquet(result.events_table, aside / "events.parquet")
    write_table(result.tracks.vessels, aside / "vessels.parquet")
    write_table(result.tracks.segments, aside / "segments.parquet")
    write_table(result.sources, aside / "sources.parquet")
    some = {"flagged": result.tracks.flagged, "berths": result.berths, "areas": result.areas}
    some |= {"coverage": result.coverage, "rejects": result.rejects}
    drawn = None
    if places is not None:
        drawn = page_fixes(slots, result.events_table, result.pairs_table)
        # Without an event there is no lead either, and what is drawn is all there was.
        some["tracks"] = drawn if result.events_table.num_rows else TRACKS.empty()
    for name, table in some.items():
        if table.num_rows:
            write_table(table, aside / f"{name}.parquet")
            names.append(f"{name}.parquet")
    return names + write_scored(result, aside, formats, places, drawn)
