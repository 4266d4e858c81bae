"""Events of an earlier run scored again, without detecting: with other weights, another profile, a model, or lists."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from stsdetect.errors import InputError, UsageError
from stsdetect.pipeline.earlier import events_id, read_run, read_table, refuse_mixed, settings_of
from stsdetect.pipeline.innocent import describe_known, open_known
from stsdetect.pipeline.job import Result
from stsdetect.pipeline.manifest import file_hash, versions, write_run
from stsdetect.pipeline.output import FORMAT_FILES, KNOWN_FILES, RUN_FILE, files_of, held, refuse_inputs_inside, staged
from stsdetect.pipeline.scored import Places, score_events
from stsdetect.pipeline.scored_files import write_scored
from stsdetect.pipeline.watched import describe_lists, open_lists
from stsdetect.profiles import packaged_profiles
from stsdetect.readers.finding import on_disk
from stsdetect.schema import (
    AREAS,
    BERTHS,
    COVERAGE,
    EVENTS,
    FIXES,
    FLAGGED,
    PAIRS,
    REJECTS,
    SEGMENTS,
    SOURCES,
    TRACKS,
    VESSELS,
    WATCH_HITS,
    Schema,
)
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.model import Model, as_model
from stsdetect.score.watchlists import ListSource
from stsdetect.score.watchlists.matching import Matched, match
from stsdetect.settings import Settings, load_settings
from stsdetect.tracks import Tracks

#: Groups of settings that scoring asks; the others made the events.
SCORING_GROUPS = ("score", "volume", "chains")
#: Files that scoring makes anew.
_SCORED = ("pairs.parquet", "watch_hits.parquet", "report.html", "pairs.csv", "events.csv", RUN_FILE)
#: Extra formats by a file that says they were asked for.
_FORMATS = {
    "csv": "pairs.csv", "geojson": "pairs.geojson", "gpkg": "stsdetect.gpkg", "kml": "stsdetect.kml",
}  # fmt: skip

log = logging.getLogger("stsdetect.pipeline")


def on_profile(settings: Settings, profile: str) -> Settings:
    """Return settings of a run whose scoring is that of another profile.

    What the profile says of detecting stays as the run had it, which is said; also where it is the run's own profile
    that said something else (of a packaged one).
    """
    told, of_run = load_settings(score={"profile": profile}), Settings()
    if settings.score.profile in packaged_profiles():
        of_run = load_settings(score={"profile": settings.score.profile})
    usual = Settings()
    changed = [
        f"{group}.{name}"
        for group in Settings.model_fields
        if group not in (*SCORING_GROUPS, "run")
        for name, value in getattr(told, group)
        if value != getattr(getattr(settings, group), name)
        and not value == getattr(getattr(of_run, group), name) == getattr(getattr(usual, group), name)
    ]
    if changed:
        log.warning(
            "profile %s has another %s, which events that are there already do not follow: detect anew for that",
            profile, ", ".join(changed),
        )  # fmt: skip
    return settings.model_copy(update={group: getattr(told, group) for group in SCORING_GROUPS})


def score(
    folder: str | Path,
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    profile: str | None = None,
    model: Model | str | Path | None = None,
    watch_lists: Sequence[ListSource] | None = None,
    known: str | Path | None = None,
    page: bool | None = None,
) -> Result:
    """Score the events of an earlier run again, without reading positions or detecting.

    Without other arguments the results are those that the run wrote, byte for byte.

    Parameters
    ----------
    folder
        Where the run wrote its results.
    out
        Folder for the results; that of the run unless given. All files of the run are there as well.
    settings
        Those of the run unless given (`settings_of`); only the groups ``score``, ``volume`` and ``chains`` may differ.
    profile
        Another profile, by name or file, in place of ``settings``; what it says of detecting is not followed.
    model
        A model of `fit`, or its file: its weights replace all others.
    watch_lists
        As for `stsdetect.detect`; what the run found unless given, none if empty.
    known
        As for `stsdetect.detect`; the file that the run used unless given, as it was then.
    page
        Whether to write ``report.html``: as the run did unless given. It draws the tracks that the run's page drew.

    Raises
    ------
    InputError
        If the folder holds no results of this version, not all that the run wrote, or files of two runs, or if another
        job writes there meanwhile, or ``known`` of the run has changed since.
    UsageError
        If other settings differ, both ``settings`` and ``profile`` are given, or ``out`` cannot be written or holds
        what the run read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from stsdetect import detect
    >>> from stsdetect.simulate import simulate
    >>> with TemporaryDirectory() as scratch:
    ...     before = detect(simulate("sample", seed=1).positions, out=scratch).pairs_table
    ...     score(scratch).pairs_table.equals(before)
    True
    """
    begin = time.perf_counter()
    here, target = Path(folder), Path(folder if out is None else out)
    with held(here):
        run = read_run(here)
        before = settings_of(run, here)
        files = run.get("files", ())
        paged = "report.html" in files if page is None else page
        _refuse_gaps(here, files, asked=watch_lists is None, paged=paged)
        old = _read_all(here, run, files)
    if settings is not None and profile is not None:
        raise UsageError("settings and profile exclude each other; give settings with a profile, or a profile alone")
    if profile is not None:
        settings = on_profile(before, profile)
    elif settings is None and model is not None:  # a model replaces the weights of the run, too
        settings = before.model_copy(
            update={"score": before.score.model_copy(update={"weights": {}, "calibration": None})}
        )
    settings = before if settings is None else settings
    _refuse_other_groups(before, settings)
    told = as_model(model)
    if here.resolve() != target.resolve():
        read = [on_disk(str(one.get("path"))) for one in run.get("inputs", ())]
        refuse_inputs_inside(target, [path for path in read if os.path.exists(path)], ())
    if told is not None:
        settings = told.settings(settings)
    places = Places.load(settings)
    lists = None if watch_lists is None else open_lists(watch_lists, target)
    innocent = _innocent(run, known, target)
    found = Matched(old.watch_hits, {}, {}) if lists is None else match(lists, old.tracks.vessels, old.events_table)
    innocent = innocent.among(old.tracks.vessels, old.events_table)
    pairs = score_events(
        old.events_table, old.tracks.vessels, old.tracks.segments, old.berths, settings=settings, places=places,
        hits=found.hits, innocent=innocent,
    )  # fmt: skip
    new = _described(run, settings, pairs, told)
    whole = any(str(one.get("hash", "")).startswith("sha256") for one in run.get("inputs", ()))
    if lists is not None:
        new.pop("watch_lists", None)
        if lists:
            new["watch_lists"] = describe_lists(lists, found, run.get("last_time"), whole_hash=whole)
    if innocent.lines:
        new["known"] = describe_known(innocent, pairs, whole_hash=whole)
    done = time.perf_counter()
    result = replace(old, pairs_table=pairs, watch_hits=found.hits, run=new)
    # Without an event there is nothing to score, and the page shows all traffic, which is not kept: it stays.
    stays = paged and not old.events_table.num_rows and "report.html" in files and (here / "report.html").is_file()
    formats = [name for name, file in _FORMATS.items() if file in files]
    same = here.resolve() == target.resolve()
    # Writing takes a while, too: where the run itself is replaced, it has to be the same at the end.
    check = partial(_refuse_changed, here, run, wait=False) if same else None
    with staged(target, files_of(formats, page=paged) & {*files, *_made()}, check=check) as aside:
        stay = {name for name in files if name not in _made()} | ({"report.html"} if stays else set())
        with held(here):
            _refuse_changed(here, run)
            kept = _keep(here, aside, stay, same=same)
            drawn = _some(here, TRACKS, files) if paged else None
        written = write_scored(result, aside, formats, places if paged and not stays else None, drawn)
        new["files"] = _in_order(files, {*kept, *written, "pairs.parquet"})
        new["seconds"] = {"score": round(done - begin, 3), "write": round(time.perf_counter() - done, 3)}
        write_run(new, aside / RUN_FILE)
    return replace(result, files=tuple(target / name for name in new["files"]))


def _refuse_changed(folder: Path, run: dict[str, Any], *, wait: bool = True) -> None:
    """Refuse a folder whose run is another than when it was read."""
    if read_run(folder, wait=wait) != run:
        raise InputError(f"another job wrote to {folder} meanwhile; score it again")


def _refuse_gaps(here: Path, files: Sequence[str], *, asked: bool, paged: bool) -> None:
    """Refuse a folder that lost files of its run: without them other leads would come out, and nobody would know."""
    needed = {*KNOWN_FILES} - _made() | ({"watch_hits.parquet"} if asked else set())
    needed -= set() if paged else {"tracks.parquet"}
    lost = [name for name in files if name in needed and not (here / name).is_file()]
    if lost:
        raise InputError(f"{here} does not hold {lost[0]}, which the run wrote; give its whole folder, or detect anew")


def _refuse_other_groups(before: Settings, after: Settings) -> None:
    for group in Settings.model_fields:
        if group in (*SCORING_GROUPS, "run") or getattr(before, group) == getattr(after, group):
            continue
        one, other = getattr(before, group), getattr(after, group)
        name = next(name for name in type(one).model_fields if getattr(one, name) != getattr(other, name))
        raise UsageError(
            f"{group}.{name} is not as in the run, and scoring again cannot change what was detected; only "
            f"{', '.join(SCORING_GROUPS)} may differ: detect anew"
        )


def _innocent(run: dict[str, Any], known: str | Path | None, out: Path) -> Known:
    if known is not None:
        return open_known(known, out)
    told = run.get("known", {})
    path, digest = (str(told.get(name) or "") for name in ("path", "hash"))
    if not path:
        return NOTHING_KNOWN
    try:
        found = open_known(path, out)
    except InputError as problem:
        raise InputError(f"the run used --known {path}, which has to be there, or give another: {problem}") from problem
    if file_hash(path, whole=digest.startswith("sha256:")) != digest:
        raise InputError(f"{path} is not the file that the run used; give --known {path} to use it as it is now")
    return found


def _some(folder: Path, schema: Schema, files: Sequence[str]) -> pa.Table:
    """Return a table of the run, empty where it was not written: another file of that name is none of the run's."""
    name = f"{schema.name}.parquet"
    return read_table(folder, schema) if name in files and (folder / name).is_file() else schema.empty()


def _read_all(folder: Path, run: dict[str, Any], files: Sequence[str]) -> Result:
    events, vessels = (read_table(folder, schema) for schema in (EVENTS, VESSELS))
    refuse_mixed(run, folder, events, _some(folder, PAIRS, files))
    segments, flagged, berths, rejects, sources, areas, coverage, hits = (
        _some(folder, schema, files)
        for schema in (SEGMENTS, FLAGGED, BERTHS, REJECTS, SOURCES, AREAS, COVERAGE, WATCH_HITS)
    )
    tracks = Tracks(FIXES.empty(), segments, vessels, flagged, {})
    return Result(
        events, pa.table({}), tracks, berths, rejects, {}, sources=sources, areas=areas, coverage=coverage,
        watch_hits=hits,
    )  # fmt: skip


def _described(run: dict[str, Any], settings: Settings, pairs: pa.Table, model: Model | None) -> dict[str, Any]:
    """Return ``run.json`` with what scoring changed; what it says of detecting stays."""
    scored = dict(run)
    counts = run.get("counts") if isinstance(run.get("counts"), dict) else {}
    scored["counts"] = {**(counts or {}), "pairs": pairs.num_rows}
    scored["settings"], scored["settings_id"] = settings.model_dump(mode="json"), settings.digest
    if model is not None:
        scored["model"] = model.describe()
    elif settings.score.weights != Settings.model_validate(run["settings"]).score.weights:
        scored.pop("model", None)
    scored["scored_again"] = {"versions": versions(), "events_settings_id": events_id(run)}
    return scored


def _made() -> set[str]:
    return {*_SCORED, *(name for files in FORMAT_FILES.values() for name in files)}


def _keep(here: Path, aside: Path, stay: Collection[str], *, same: bool) -> list[str]:
    """Put the files of the run that scoring does not make beside the new ones; return their names."""
    kept = [name for name in KNOWN_FILES if name in stay and (here / name).is_file()]
    for name in kept:
        if same:
            with suppress(OSError):
                os.link(here / name, aside / name)
                continue
        try:
            shutil.copyfile(here / name, aside / name)
        except OSError as problem:
            raise UsageError(f"{here / name} cannot be copied: {problem.strerror}") from problem
    return kept


def _in_order(before: Sequence[str], names: set[str]) -> list[str]:
    """Return names as the run had them in order, new ones at the end."""
    return [name for name in before if name in names] + sorted(names - set(before))
