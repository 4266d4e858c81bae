"""A first look at exports: what they are, and how good they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.berths import BerthCells, crowded
from stsdetect.detect.arrays import Fixes
from stsdetect.detect.contacts import BIN_US
from stsdetect.detect.slow_legs import presence
from stsdetect.errors import InputError, StsError, UsageError, shown
from stsdetect.kernels.sphere import Ints
from stsdetect.pipeline.buckets import Buckets, days_of_wrong_clocks
from stsdetect.pipeline.manifest import iso, summed_up
from stsdetect.readers import stream
from stsdetect.readers.asked import Paths, as_paths, as_rules
from stsdetect.readers.finding import expand
from stsdetect.schema import BERTHS
from stsdetect.settings import Settings
from stsdetect.store import Shelf, give_back_memory
from stsdetect.tracks import build_track_arrays
from stsdetect.units import US_PER_S

#: How many rejected rows are shown.
PROBLEMS = 5
#: Most remarks on files in an archive, and most files passed over, that are told one by one.
SKIPPED = 20
#: Times between fixes are counted in steps of this length, up to the longest [s].
STEP_S, _LONGEST_STEP_S = 0.1, 86_400.0
#: Rows wait for their vessel in so much memory [bytes], then on disk; and so many are cleaned at once.
_SHELF_BYTES, _ROWS_AT_ONCE = 32_000_000, 50_000
#: What stands for the layout of a file that could not be read; the reason is in its notes.
NOT_READ = "not read"


@dataclass(frozen=True)
class Inspection:
    """What one file or archive holds.

    Attributes
    ----------
    sampling_s
        Median time between fixes of one vessel, to 0.1 s [s].
    quality
        Share of the kept rows by flag of cleaning, see `stsdetect.tracks.Quality`.
    summed_up
        Crowded berth areas in it, contact inside which `detect` sums up, as ``summed_up`` in ``run.json``.
    rejected
        Rejected rows by reason.
    problems
        The first rejected rows: (line, reason, detail, text).
    doubts
        What speaks against the way it was read: (name, sentence with the evidence).
    """

    path: str
    layout: str
    size_bytes: int
    rows_read: int
    rows_kept: int
    rejected: dict[str, int]
    first_time: str | None
    last_time: str | None
    vessels: int
    sampling_s: float | None
    quality: dict[str, float]
    summed_up: dict[str, Any]
    notes: tuple[str, ...]
    problems: tuple[tuple[int, str, str, str], ...]
    doubts: tuple[tuple[str, str], ...] = ()

    @property
    def rejected_share(self) -> float:
        """Share of the rows read that were rejected, 0..1."""
        return sum(self.rejected.values()) / self.rows_read if self.rows_read else 0.0


def inspect(inputs: Paths, *, settings: Settings | None = None) -> list[Inspection]:
    """Read exports, one at a time, and say what they hold and what is wrong with them.

    Parameters
    ----------
    inputs
        Files, folders or glob patterns.
    settings
        For the column map and the rules of cleaning.

    Raises
    ------
    InputError
        If nothing could be read.
    UsageError
        If the inputs are no paths, or the settings no settings.

    Examples
    --------
    >>> import tempfile
    >>> from stsdetect.simulate import simulate, write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write(simulate("sample", seed=1), folder, layouts=["parquet"])
    ...     inspect(paths[0])[0].layout
    'positions'
    """
    settings = as_rules(settings, Settings, "load_settings(clean={...})")
    found: list[Inspection] = []
    first_problem: StsError | None = None
    for path, size in _paths(inputs).items():
        try:
            found.append(_inspect(path, size, settings))
        except (InputError, UsageError) as problem:
            first_problem = first_problem or problem
            found.append(_unread(path, size, str(problem)))
    if first_problem and all(one.layout == NOT_READ for one in found):
        raise first_problem
    return found


def _paths(inputs: Paths) -> dict[str, int]:
    """Return the files there are, with their sizes [bytes]."""
    sizes: dict[str, int] = {}
    for source in expand(as_paths(inputs)):
        sizes[source.path] = sizes.get(source.path, 0) + source.size
    return sizes


@dataclass(frozen=True)
class RejectReason:
    """Rows that were rejected for one reason.

    Attributes
    ----------
    examples
        The first of them: (file, row, detail, raw text). The text was written by strangers and may hold anything.
    """

    reason: str
    count: int
    examples: tuple[tuple[str, int, str, str], ...]


@dataclass(frozen=True)
class RejectList:
    """Rejected rows of exports by reason, the most frequent first, and the files that could not be read and why."""

    rows_read: int
    rejected: int
    reasons: tuple[RejectReason, ...]
    not_read: tuple[tuple[str, str], ...]


def inspect_rejects(inputs: Paths, *, settings: Settings | None = None, examples: int = PROBLEMS) -> RejectList:
    """Read exports, and list the rows that were rejected by reason, each with examples.

    Parameters
    ----------
    inputs
        Files, folders or glob patterns.
    settings
        For the column map and the rules of reading.
    examples
        Most rows shown of each reason.

    Raises
    ------
    InputError
        If nothing could be read.
    UsageError
        If the inputs are no paths, or the settings no settings.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "x.csv")
    ...     _ = path.write_text("MMSI,BaseDateTime,LAT,LON\\n1,noon,38,122\\n2,2024-03-01T00:00:00,38,122\\n")
    ...     found = inspect_rejects(path)
    >>> found.rejected, found.reasons[0].reason, found.reasons[0].examples[0][1:]
    (1, 'bad_time', (2, 'time noon', '1,noon,38,122'))
    """
    settings = as_rules(settings, Settings, "load_settings(clean={...})")
    counts: Counter[str] = Counter()
    told: dict[str, list[tuple[str, int, str, str]]] = {}
    not_read: list[tuple[str, str]] = []
    rows, first_problem = 0, None
    paths = _paths(inputs)
    for path in paths:
        try:
            with stream([path], settings=settings.read) as blocks:
                for _ in blocks:
                    pass
                got = blocks.result()
        except (InputError, UsageError) as problem:
            first_problem = first_problem or problem
            not_read.append((shown(path), str(problem)))
            continue
        not_read += got.skipped
        rows += sum(file.rows_read for file in got.files)
        for file in got.files:
            counts.update(file.rejected)
        for reason in pc.unique(got.rejects.column("reason")).to_pylist():
            some = told.setdefault(reason, [])
            mine = got.rejects.filter(pc.equal(got.rejects.column("reason").cast(pa.string()), reason))
            for row in mine.slice(0, examples - len(some)).to_pylist():
                some.append((row["source_file"], row["source_row"], row["detail"] or "", row["text"] or ""))
    if first_problem and len(not_read) >= len(paths) and not rows:
        raise first_problem
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    reasons = tuple(RejectReason(name, count, tuple(told.get(name, []))) for name, count in order)
    return RejectList(rows, counts.total(), reasons, tuple(not_read))


def _inspect(path: str, size: int, settings: Settings) -> Inspection:
    with Shelf(_SHELF_BYTES) as shelf:
        buckets = Buckets(shelf, BIN_US, _ROWS_AT_ONCE, _SHELF_BYTES // 2)
        done = [0]
        blocks = stream(
            [path],
            settings=settings.read,
            progress=lambda label, now, whole: done.__setitem__(0, min(now, size)),
            hints=True,
        )
        ends: list[int] = []
        for block in blocks:
            time_us = block.column("time").cast(pa.int64())
            if len(time_us):
                ends += pc.min_max(time_us).as_py().values()
            buckets.add(block, done[0] / size if size else 0.0)
        buckets.close()
        give_back_memory()
        looked = _look(buckets, settings)
    give_back_memory()
    got = blocks.result()
    rejected: Counter[str] = Counter()
    for file in got.files:
        rejected.update(file.rejected)
    kept = buckets.rows
    said = list(dict.fromkeys(note for file in got.files for note in file.notes))
    notes = said[:SKIPPED]
    if len(said) > SKIPPED:
        notes.append(f"{len(said) - SKIPPED:,} more remarks on files in it")
    if got.events.num_rows:
        notes.append(_told(got.events))
    notes += [f"skipped {label}: {reason}" for label, reason in got.skipped[:SKIPPED]]
    if len(got.skipped) > SKIPPED:
        notes.append(f"skipped {len(got.skipped) - SKIPPED:,} more")
    return Inspection(
        path=shown(path),
        layout=", ".join(dict.fromkeys(file.layout for file in got.files if file.layout)),
        size_bytes=size,
        rows_read=sum(file.rows_read for file in got.files),
        rows_kept=sum(file.rows_kept for file in got.files),
        rejected=dict(sorted(rejected.items())),
        first_time=_iso_us(min(ends, default=None)),
        last_time=_iso_us(max(ends, default=None)),
        vessels=looked.vessels,
        sampling_s=median_step_s(looked.steps),
        quality={name: round(count / kept, 6) for name, count in sorted(looked.quality.items())},
        summed_up=summed_up(looked.berths),
        notes=tuple(notes),
        problems=tuple(
            (row["source_row"], row["reason"], row["detail"] or "", row["text"] or "")
            for row in got.rejects.slice(0, PROBLEMS).to_pylist()
        ),
        doubts=tuple(dict.fromkeys((doubt.kind, doubt.sentence) for file in got.files for doubt in file.doubts)),
    )


@dataclass(frozen=True)
class _Looked:
    """What cleaning says of the rows of a file; ``steps`` counts the times between fixes in `STEP_S`."""

    vessels: int
    quality: Counter[str]
    steps: Ints
    berths: pa.Table


def _look(buckets: Buckets, settings: Settings) -> _Looked:
    """Clean the vessels of each bucket, and forget their rows."""
    cells = BerthCells(settings.context)
    wrong = days_of_wrong_clocks(buckets)
    quality: Counter[str] = Counter()
    steps = np.zeros(round(_LONGEST_STEP_S / STEP_S) + 1, dtype=np.int64)
    lying, vessels = [], 0
    for number in buckets.numbers():
        made = build_track_arrays(buckets.take(number), settings.clean, wrong_days=wrong)
        data = Fixes.from_arrays(made.labels, made.fixes)
        quality.update(made.quality_counts)
        vessels += len(data.labels)
        lying.append(presence(data, settings.encounters, cells))
        between = np.diff(data.time_us)[np.diff(data.segment) == 0]
        place = np.minimum(np.rint(between / (STEP_S * US_PER_S)).astype(np.int64), steps.size - 1)
        steps += np.bincount(place, minlength=steps.size)
    reach_m = settings.encounters.max_distance_m
    berths = crowded(lying, cells, settings.context, max_distance_m=reach_m).table if lying else BERTHS.empty()
    return _Looked(vessels, quality, steps, berths)


def _told(events: pa.Table) -> str:
    """Say how many events of which kind a file tells of, each counted once, and of what time."""
    counts = Counter(events.column("kind").to_pylist())
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items()))
    times = (pc.min(events.column("start_time")), pc.max(events.column("end_time")))
    first, last = (_iso_us(time.cast(pa.int64()).as_py()) for time in times)
    return f"events that others found: {kinds}; from {first} to {last}"


def _unread(path: str, size: int, reason: str) -> Inspection:
    return Inspection(shown(path), NOT_READ, size, 0, 0, {}, None, None, 0, None, {}, {}, (reason,), ())


def _iso_us(time_us: int | None) -> str | None:
    return None if time_us is None else iso(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us))


def median_step_s(steps: Ints) -> float | None:
    """Return the median [s] of times counted in `STEP_S`; None where there are none.

    >>> median_step_s(np.array([0, 1, 0, 1]))
    0.2
    """
    before = np.cumsum(steps)
    total = int(before[-1])
    if not total:
        return None
    middle = np.searchsorted(before, [(total - 1) // 2, total // 2], side="right")
    return round(float(middle.mean()) * STEP_S, 3)
