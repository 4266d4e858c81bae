"""From a stream of rows to events, in memory that the settings allow: by vessels first, then by time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.context.berths import BerthCells, Berths, crowded
from stsdetect.context.coverage import Judged, judge
from stsdetect.context.heard import Heard
from stsdetect.context.port_cells import PortCells
from stsdetect.detect.arrays import Fixes, Identities
from stsdetect.detect.contacts import BIN_US
from stsdetect.detect.dark import find_dark
from stsdetect.detect.gaps import in_area
from stsdetect.detect.hidden_calls import infer_calls
from stsdetect.detect.identity import flag_jammed
from stsdetect.detect.meetings import find_encounters, in_final_order
from stsdetect.detect.parts import HullPart, finish_events, search_hulls
from stsdetect.detect.slots import FixSlots, slot_edges
from stsdetect.detect.spoofing import Reported
from stsdetect.engine import cores, quarter_of_memory, run_parts
from stsdetect.kernels.choice import compiled
from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.pipeline.buckets import Buckets, days_of_wrong_clocks
from stsdetect.pipeline.sources import SourcePart, Sources
from stsdetect.reference.places import Port
from stsdetect.schema import FIXES, FLAGGED, SEGMENTS, VESSELS, Schema
from stsdetect.settings import Settings
from stsdetect.store import Shelf, give_back_memory
from stsdetect.tracks import (
    Reports,
    Tracks,
    build_track_arrays,
)
from stsdetect.tracks.tables import fixes_table
from stsdetect.units import US_PER_S

BBox = tuple[float, float, float, float]
Tick = Callable[[int, int], None]

#: Rows of a bucket: as many as stay in the processor's cache, where its memory allows [measured].
_BUCKET_ROWS = 200_000
#: Rows are dealt out to their buckets in batches of this size [bytes]: about a million rows.
_BATCH_BYTES = 64_000_000
#: What Python and the libraries take before there is any data [bytes].
_BASE_BYTES = 450_000_000
#: What a row takes while its bucket is cleaned, and a fix while contact is searched, all arrays together [bytes]:
#: measured on simulated archives, rounded up.
_CLEAN_BYTES, _SEARCH_BYTES = 900, 350
#: What a fix takes where contact is searched by compiled loops [bytes]; measured 96 to 160.
_LOOP_BYTES = 175


@dataclass(frozen=True)
class Room:
    """How the memory that the settings allow is shared out.

    Attributes
    ----------
    shelf_bytes
        For rows that wait for their bucket, and then for fixes that wait for their time [bytes].
    work_bytes
        For what all workers have at hand [bytes].
    rows_at_once
        Rows that one worker cleans at once.
    """

    workers: int
    shelf_bytes: int
    work_bytes: int
    rows_at_once: int

    @classmethod
    def of(cls, settings: Settings) -> Room:
        """Share out ``run.memory``: half for what waits, half for what is worked on.

        Rows go as they become fixes, so that both together take little more than either.
        """
        workers = settings.run.workers or cores()
        free = max((settings.run.memory or quarter_of_memory()) - _BASE_BYTES, 50_000_000)
        return cls(workers, free // 2, free // 2, max(free // 2 // workers // _CLEAN_BYTES, 20_000))

    @property
    def slot_rows(self) -> int:
        """Rows of one slot of time: it is searched with hours around it, so that it should not be short."""
        each = _SEARCH_BYTES if compiled("slot_legs") is None else _LOOP_BYTES
        return max(self.work_bytes // 2 // each, 20_000)

    def searchers(self, most_rows: int) -> int:
        """Return how many workers can search at once where each loads up to ``most_rows`` fixes."""
        return min(max(self.work_bytes // (_SEARCH_BYTES * max(most_rows, 1)), 1), self.workers)


@dataclass(frozen=True)
class Cleaned:
    """The vessels, and where their fixes wait.

    ``tracks.fixes`` is empty where fixes were not asked for.
    """

    tracks: Tracks
    slots: FixSlots
    of_hulls: list[pa.Table]
    inland: list[Ints]
    last_heard: list[pa.Table]
    recent: Ints
    heard: Heard
    berths: Berths
    spilled_bytes: int


class Archive:
    """The work on one input; use it in a ``with`` statement, which removes the temporary files."""

    def __init__(self, settings: Settings, bbox: BBox | None, *, ports: Sequence[Port], keep_fixes: bool) -> None:
        self._settings = settings
        self._bbox = bbox
        self._cells = BerthCells(settings.context, ports=ports)
        self._ports = PortCells(ports, settings.port_calls.radius_km)
        self._keep_fixes = keep_fixes
        self._room = Room.of(settings)
        self._open = ExitStack()
        self._rows = self._open.enter_context(Shelf(self._room.shelf_bytes))
        bucket_rows = min(self._room.rows_at_once, _BUCKET_ROWS)
        self._buckets = Buckets(self._rows, BIN_US, bucket_rows, min(self._room.shelf_bytes // 2, _BATCH_BYTES))
        self._fixes = self._open.enter_context(Shelf(self._room.shelf_bytes))
        # A fix takes some 8 bytes here and 60 there.
        self._source_rows = self._open.enter_context(Shelf(self._room.shelf_bytes // 8))
        self._sources = Sources(self._source_rows)
        # An hour of a hull takes 15 bytes.
        self._hull_hours = self._open.enter_context(Shelf(self._room.shelf_bytes // 8))

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *problem: Any) -> None:
        self._open.close()

    @property
    def rows(self) -> int:
        """Rows taken in so far."""
        return self._buckets.rows

    def take_in(self, blocks: Iterable[pa.Table], share_read: Callable[[], float]) -> None:
        """Sort blocks of `POSITIONS` rows by vessels as they come."""
        for block in blocks:
            self._buckets.add(block, share_read())
        self._buckets.close()
        self._give_back()

    def clean(self, tick: Tick) -> Cleaned:
        """Clean every bucket, and find there what concerns single hulls."""
        room, settings = self._room, self._settings
        most_us = round(settings.run.partition_s * US_PER_S)
        edges = slot_edges(self._buckets.by_bin, BIN_US, room.slot_rows, most_us)
        slots = FixSlots(edges, self._fixes)
        wrong = days_of_wrong_clocks(self._buckets)
        counts: Counter[str] = Counter()
        parts: dict[str, list[pa.Table]] = {"fixes": [], "segments": [], "vessels": [], "flagged": []}
        of_hulls, last_heard, recent, lying = [], [], [np.zeros((0, 2), dtype=np.int64)], []
        inland, done, heard = [], 0, Heard(self._hull_hours)
        numbers = self._buckets.numbers()
        sizes = [self._rows.rows[number] for number in numbers]

        def jobs() -> Iterator[tuple[Any, ...]]:
            for number in numbers:
                yield (
                    partial(self._buckets.take, number),
                    settings,
                    self._bbox,
                    wrong,
                    self._cells,
                    self._ports,
                    edges,
                    self._keep_fixes,
                )

        for size, (tracks, part, source) in zip(sizes, run_parts(_clean_bucket, jobs(), room.workers), strict=True):
            self._sources.put(source)
            slots.put(part.labels, part.slots, part.last, part.per_hour)
            of_hulls.append(part.events)
            last_heard.append(part.last_heard)
            recent.append(part.recent)
            heard.put(part.heard, part.odd, len(part.labels))
            counts.update(tracks.quality_counts)
            lying.append(part.presence)
            inland.append(part.inland)
            for name, tables in parts.items():
                tables.append(getattr(tracks, name))
            done += size
            tick(done, self._buckets.rows)
        self._give_back()
        slots.seal()
        tracks = _together(parts, dict(sorted(counts.items())))
        reach_m = settings.encounters.max_distance_m
        berths = crowded(lying, self._cells, settings.context, max_distance_m=reach_m)
        shelves = (self._rows, self._fixes, self._source_rows, self._hull_hours)
        spilled = sum(shelf.spilled_bytes for shelf in shelves)
        in_order = np.empty((slots.rank.size, 2), dtype=np.int64)
        in_order[slots.rank] = np.concatenate(recent)
        return Cleaned(tracks, slots, of_hulls, inland, last_heard, in_order, heard, berths, spilled)

    def events(self, cleaned: Cleaned, tick: Tick, earlier: pa.Table | None = None) -> Judged:
        """Find meetings, put all events together in their final order, and judge the gaps among them.

        Gaps are judged, and rivals counted, by all silences. Of an area asked for, those gaps are returned that begin
        in it, the calls that these could hide, the dark rendezvous whose place lies in it, and the gaps that these
        were inferred from, wherever they begin.

        ``earlier`` is a `COVERAGE` table of earlier days.
        """
        settings, slots = self._settings, cleaned.slots
        known = Identities.from_table(cleaned.tracks.vessels, slots.labels)
        met = find_encounters(
            slots, known, settings.encounters, cleaned.berths,
            searchers=self._room.searchers, rows_at_once=self._room.rows_at_once,
            shelf_bytes=self._room.shelf_bytes, progress=tick,
        )  # fmt: skip
        tracks = cleaned.tracks
        others, last_heard = finish_events(
            cleaned.of_hulls, slots, known, tracks.flagged, cleaned.recent, settings,
            segments=tracks.segments, inland=cleaned.inland, ports=self._ports.ports,
        )  # fmt: skip
        last = pa.concat_tables([*cleaned.last_heard, last_heard])
        span, alone = (slots.start_us, slots.end_us), pa.concat_tables(others)
        judged = judge(alone, last, cleaned.heard, span, settings.coverage, earlier=earlier)
        judged = replace(judged, events=flag_jammed(judged.events, judged.areas))
        # Only now, as silences outside the area tell what those in it mean.
        told = in_area(judged.events, last)
        hidden = infer_calls(told, settings.port_calls, ports=self._ports.ports, known=known, labels=slots.labels)
        dark = find_dark(pa.concat_tables([met, judged.events]), tracks.vessels, settings, self._cells, self._bbox)
        told = in_area(judged.events, last, dark)
        return replace(judged, events=in_final_order([met, told, hidden, dark], settings.digest))

    def sources(self, events: pa.Table) -> pa.Table:
        """Return where events come from (`SOURCES`), once all is cleaned."""
        return self._sources.table(events, self._buckets.files)

    def _give_back(self) -> None:
        """Give memory back between stages, where it is short: fetching it anew takes time."""
        if self._rows.spilled_bytes or self._fixes.spilled_bytes:
            give_back_memory()


def _clean_bucket(
    take: Callable[[], Reports],
    settings: Settings,
    bbox: BBox | None,
    wrong: frozenset[int],
    cells: BerthCells,
    ports: PortCells,
    edges_us: Ints,
    keep_fixes: bool,
) -> tuple[Tracks, HullPart, SourcePart]:
    reports = take()
    made = build_track_arrays(reports, settings.clean, bbox=bbox, wrong_days=wrong)
    fixes = fixes_table(made.fixes, made.labels, reports) if keep_fixes else FIXES.empty()
    tracks = Tracks(fixes, made.segments, made.vessels, made.flagged, made.quality_counts)
    source = SourcePart.of(made, reports)
    data = Fixes.from_arrays(made.labels, made.fixes)
    said = Reported(made.fixes.sog_kn, partial(_courses, reports, made.fixes.row))
    part = search_hulls(data, said, tracks.vessels, tracks.flagged, settings, cells, ports, edges_us)
    return tracks, part, source


def _courses(reports: Reports, row: Ints, rows: slice) -> Floats:
    """Return the courses over ground of some fixes, as in the table of fixes."""
    course = reports.floats("cog_deg", row[rows])
    return np.asarray(np.where((course < 0) | (course >= 360), np.nan, course))


def _together(parts: dict[str, list[pa.Table]], counts: dict[str, int]) -> Tracks:
    """Put the tables of all buckets together, in the order of vessel labels; segments are numbered through."""
    vessels = _by_vessel(VESSELS, parts["vessels"])[0]
    flagged = _by_vessel(FLAGGED, parts["flagged"])[0]
    before = np.cumsum([0] + [table.num_rows for table in parts["segments"]])
    segments, order = _by_vessel(SEGMENTS, parts["segments"])
    new_number = np.empty(order.size, dtype=np.int64)
    new_number[order] = np.arange(order.size)
    segments = segments.set_column(0, SEGMENTS.arrow.field(0), pa.array(np.arange(order.size)))
    fixes = []
    for table, offset in zip(parts["fixes"], before.tolist(), strict=False):
        number = new_number[table.column("segment").to_numpy() + offset]
        fixes.append(table.set_column(FIXES.names.index("segment"), FIXES.arrow.field("segment"), pa.array(number)))
    return Tracks(_by_vessel(FIXES, fixes)[0], segments, vessels, flagged, counts)


def _by_vessel(schema: Schema, tables: list[pa.Table]) -> tuple[pa.Table, Ints]:
    """Put tables together by the labels of their vessels, otherwise in their own order; return the order, too."""
    table = pa.concat_tables([schema.empty(), *tables]).unify_dictionaries().combine_chunks()
    if not table.num_rows:
        return schema.empty(), np.zeros(0, dtype=np.int64)
    words = [k for k, column in enumerate(schema.columns) if pa.types.is_dictionary(column.type)]
    for k in words:
        array = _with_sorted_words(table.column(k).combine_chunks())
        table = table.set_column(k, schema.arrow.field(k), array)
    rank = table.column("vessel").combine_chunks().indices.to_numpy()
    order = np.argsort(rank, kind="stable")
    return table.take(pa.array(order)), order


def _with_sorted_words(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the same values over a dictionary of just the words used, sorted: no trace of how it came about."""
    words = array.dictionary.to_pylist()
    used = sorted({words[code] for code in pc.unique(array.indices).to_pylist() if code is not None} - {None})
    place = {word: k for k, word in enumerate(used)}
    table = pa.array([place.get(word) for word in words], pa.int32())
    return pa.DictionaryArray.from_arrays(table.take(array.indices), pa.array(used, pa.string()))
