"""Any other table, through a column map: delimited text, Parquet, or a frame from Python."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa

from stsdetect.errors import InputError, SchemaError, UsageError, did_you_mean
from stsdetect.readers.blocks import numbered_blocks
from stsdetect.readers.convert import plain, strings, value_at
from stsdetect.readers.header import Header, find_header, find_header_with, headers, refuse_twins
from stsdetect.readers.json_items import Shape, chunks
from stsdetect.readers.json_layout import JsonLayout, item_batch, names_in
from stsdetect.readers.json_table import json_column, json_names, json_path, json_shape
from stsdetect.readers.layout import knots, plain_types, untouched
from stsdetect.readers.protocol import Batch, QuestionError
from stsdetect.readers.rows import KEYS, LONG_KEYS, Origin, Times, build
from stsdetect.readers.source import Head, Source
from stsdetect.readers.text import TextSpec, Tidy, read_text, split_block
from stsdetect.readers.times import Order, any_utc, begins_slashed, first_read, slashed_order
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

_FRAME_ROWS = 1 << 20
#: What names a vessel, and the floats that do not hold each whole number from here on: bits, and the first such number.
_NUMBERS = ("mmsi", "imo", "vessel_id")
_SHORT_FLOATS = {pa.float16(): (16, 1 << 11), pa.float32(): (32, 1 << 24)}
#: How XML begins; lines of logs may begin with a number in the same brackets.
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[?!A-Za-z]")

#: Names other exports use, only to print a map that the user can check and paste.
_ALIASES: dict[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "basedatetime", "datetime", "dateutc", "msgtime", "timeutc", "dtposutc", "t"),
    "lat": ("lat", "latitude", "latitudedegrees", "latdeg", "y"),
    "lon": ("lon", "long", "lng", "longitude", "longitudedegrees", "londeg", "x"),
    "mmsi": ("mmsi", "sourcemmsi", "userid", "ssvid"),
    "vessel_id": ("vesselid", "shipid", "id", "craftid", "trackid"),
    "sog": ("sog", "speed", "speedoverground", "sogknots", "sogkn"),
    "cog": ("cog", "course", "courseoverground", "cogdegrees", "cogdeg"),
    "heading": ("heading", "trueheading", "headingdeg"),
    "nav_status": ("navstatus", "status", "navigationalstatus", "navstat"),
    "imo": ("imo", "imonumber", "imonr"),
    "name": ("name", "vesselname", "shipname"),
    "callsign": ("callsign",),
    "ship_type": ("shiptype", "vesseltype", "type"),
    "length": ("length",),
    "width": ("width", "beam"),
    "draught": ("draught", "draft"),
    "destination": ("destination", "dest"),
}


def resolve_map(columns: dict[str, str], available: Iterable[str], label: str) -> dict[str, str]:
    """Check a column map against the columns there are; return our key -> their name.

    Raises
    ------
    UsageError
        If a name of ours or of theirs is misspelt, or time, lat, lon or the vessel is missing.
    """
    theirs = list(available)
    result: dict[str, str] = {}
    for key, name in columns.items():
        known = LONG_KEYS.get(key, key)
        if known not in KEYS:
            raise UsageError(
                f"a table cannot be mapped to '{key}'.{did_you_mean(key, KEYS)} Names to map to: {', '.join(KEYS)}"
            )
        if name not in theirs:
            raise UsageError(
                f"{label} has no column '{name}' (mapped to {key}).{did_you_mean(name, theirs)} "
                f"Its columns: {_listed(theirs)}"
            )
        result[known] = name
    lacking = [key for key in ("time", "lat", "lon") if key not in result]
    if "mmsi" not in result and "vessel_id" not in result:
        lacking.append("mmsi (or vessel_id)")
    if lacking:
        raise UsageError(
            f"the column map lacks {', '.join(lacking)}; columns of {label}: {_listed(theirs)}. {suggestion(theirs)}"
        )
    return result


def shows_places(head: Head, mapped: Iterable[str]) -> bool:
    """Say whether text begins as a table or JSON with names for a place, or with the ``mapped`` names, or as XML."""
    if _XML.match(head.data):
        return True
    wanted = set(mapped)
    return any(
        (wanted and wanted.issubset(names)) or _name_places(names)
        for names in (json_names(head), *(header.cells for header in headers(head)))
    )


def _name_places(names: Iterable[str]) -> bool:
    parts = {part for name in names for part in (_telling(name), *map(_telling, name.split(".")))}
    return "coordinates" in parts or all(parts.intersection(_ALIASES[key]) for key in ("lat", "lon"))


@lru_cache(4096)
def _telling(name: str) -> str:
    """Return a name without what tells one spelling from another."""
    return "".join(c for c in name.casefold() if c.isalnum())


def suggestion(theirs: list[str]) -> str:
    """Return a sentence with a ready ``--map`` for columns whose names are telling."""
    plain_names = {
        _telling(part): name
        for name in reversed(theirs)
        for part in (name.rpartition(".")[2], name)  # of a path in JSON its last part is telling, too
    }
    found: dict[str, str] = {}
    for key, names in _ALIASES.items():
        hit = next((plain_names[n] for n in names if n in plain_names), None)
        hit = hit or next((plain_names[n] for n in plain_names if key == "time" and "time" in n), None)
        if hit is not None:
            found[key] = hit
    if "mmsi" in found:
        found.pop("vessel_id", None)
    for key in ("time", "lat", "lon"):
        found.setdefault(key, "COLUMN")
    if "mmsi" not in found and "vessel_id" not in found:
        found["mmsi"] = "COLUMN"
    pairs = " ".join(
        f"--map '{key}={found[key]}'" if " " in found[key] else f"--map {key}={found[key]}"
        for key in (*(k for k in _ALIASES if k in found),)
    )
    return f"Say which column is which, for example {pairs}"


def _listed(names: list[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= 400 else text[:400] + ", ..."


#: What every row is read by: a name for it that the first items of JSON do not have is a mistake.
_NEEDED = frozenset({"time", "lat", "lon", "mmsi", "vessel_id"})


class MappedTable:
    """Delimited text, JSON or Parquet read through ``settings.columns``."""

    name = "table"
    title = "any other delimited text, JSON or Parquet, through a column map"
    doc = (
        "Read with --map time=... --map lat=... --map lon=... and mmsi or vessel_id, where no other layout claims the "
        "file or with --layout table; the delimiter (comma, semicolon, tab, bar) is found, and lines of title above "
        "the header are passed over. In JSON, in lines or in an "
        "array anywhere in a document, names are paths: --map lat=position.lat --map lon=coordinates.0. Speeds are "
        "knots unless --speed-unit says otherwise."
    )
    time_rule = (
        "Times without a zone are UTC, or read.utc_offset_h ahead of it; Unix times in s, ms, us or ns are told by "
        "size; 03/04/2021 is settled by any day above 12 in the file or by read.day_first."
    )
    lost = "columns that are not mapped."

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether a map is given and there are columns to map."""
        return bool(settings.columns) and bool(head.parquet_columns or json_names(head) or _header(head, settings))

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the mapped columns."""
        if head.parquet_columns:
            yield from self._read_parquet(source, head, settings)
            return
        shape = json_shape(head, settings.columns.values())
        if shape is not None:
            yield from self._read_json(source, shape, settings)
            return
        header = _header(head, settings)
        assert header is not None
        yield from self._read_text(source, header, settings)

    def _read_parquet(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        columns = resolve_map(settings.columns, head.parquet_columns, source.label)
        dates = (plain(part.column(0)) for part in source.parquet_batches([columns["time"]], _FRAME_ROWS))
        order = _order(dates, settings, source.label)
        first, remark = 1, None
        for part in source.parquet_batches(sorted(set(columns.values())), _FRAME_ROWS):
            batch = table_batch(part, columns, _times(order, settings), source.label, first, knots(settings))
            remark = remark or time_remark([part.column(columns["time"])], order, settings.utc_offset_h)
            if remark:
                batch.remarks.setdefault(remark, 0)
            yield batch
            first += part.num_rows

    def _read_text(self, source: Source, header: Header, settings: ReadSettings) -> Iterator[Batch]:
        columns = resolve_map(settings.columns, header.cells, source.label)
        refuse_twins(header.cells, set(columns.values()), source.label)
        places = {key: header.cells.index(name) for key, name in columns.items()}
        spec = TextSpec(header, places, plain_types(places))
        order = _order(_time_column(source, spec), settings, source.label)
        remark = time_remark(_time_column(source, spec), order, settings.utc_offset_h)
        for batch in read_text(source, spec, _times(order, settings), knots(settings)):
            if remark:
                batch.remarks.setdefault(remark, 0)
            yield batch

    def _read_json(self, source: Source, shape: Shape, settings: ReadSettings) -> Iterator[Batch]:
        names = names_in(shape.samples)
        late = _late(settings.columns, names)
        columns = resolve_map(settings.columns, [*names, *late], source.label)
        order = _order(json_column(source, shape, "time", columns["time"]), settings, source.label)
        remark = time_remark(json_column(source, shape, "time", columns["time"]), order, settings.utc_offset_h)
        layout = JsonLayout(
            name=self.name,
            title=self.title,
            doc=self.doc,
            time_rule=self.time_rule,
            lost=self.lost,
            names={},
            required=(),
            times=_times(order, settings),
            tidy=knots(settings),
        )
        paths = [(json_path(shape, name), key) for key, name in columns.items()]
        for chunk in chunks(source, shape):
            batch = item_batch(chunk, paths, layout, source.label)
            if remark:
                batch.remarks.setdefault(remark, 0)
            for name in late:
                batch.remarks[f"none of the first items has '{name}', which is mapped: read where items have it"] += 0
            yield batch


def _header(head: Head, settings: ReadSettings) -> Header | None:
    """Return the first of the first lines with all mapped names (titles may stand above it), else the likeliest."""
    return find_header_with(head, settings.columns.values()) or find_header(head)


def _late(columns: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return what is mapped and may come in later items of JSON: names, sizes and so on, which only some say."""
    return [
        name
        for key, name in columns.items()
        if name not in names and LONG_KEYS.get(key, key) not in _NEEDED and not did_you_mean(name, names)
    ]


def _times(order: Order | None, settings: ReadSettings) -> Times:
    return partial(any_utc, order=order, utc_offset_h=settings.utc_offset_h or 0.0)


def _time_column(source: Source, spec: TextSpec) -> Iterator[pa.Array]:
    stream = source.open()
    narrow = TextSpec(spec.header, {"time": spec.columns["time"]})
    try:
        for block in numbered_blocks(stream, spec.header):
            pieces = [piece for piece in split_block(block, narrow) if len(piece.rows)]
            parts = [plain(piece.columns["time"]) for piece in pieces]
            if len(parts) > 1:  # odd lines come behind the others, and what is said goes by the first of all
                order = np.argsort(np.concatenate([piece.rows for piece in pieces]))
                parts = [pa.concat_arrays([strings(part) for part in parts]).take(pa.array(order))]
            yield from parts
    finally:
        stream.close()


def _order(columns: Iterable[pa.Array], settings: ReadSettings, label: str) -> Order | None:
    """Find out which part of 03/04/2021 is the day: as set, or from the first parts above 12."""
    if settings.day_first is not None:
        return "day" if settings.day_first else "month"
    any_seen = False
    for array in columns:
        # The first time in the file says what kind they are, wherever the file is cut.
        first = True if any_seen else begins_slashed(array)
        if first is False:
            return None
        seen, day, month = slashed_order(array)
        any_seen |= seen
        if day and month:
            raise QuestionError(
                f"{label} has dates with the day first and dates with the month first; "
                "set read.day_first, and rows of the other kind are rejected"
            )
        if day or month:
            return "day" if day else "month"
    if any_seen:
        raise QuestionError(
            f"{label} has dates like 03/04/2021 and none with a day above 12: is it 3 April or 4 March? "
            "Set read.day_first = true (3 April) or false (4 March)"
        )
    return None


def time_remark(columns: Iterable[pa.Array], order: Order | None, utc_offset_h: float | None = None) -> str | None:
    """Say how times like the first that can be read are read, however the column comes in pieces."""
    first = first_read(columns, order)
    if first is None:
        return None
    digits = first.lstrip("+-").split(".")[0]
    if first.lstrip("+-").replace(".", "", 1).isdigit():
        size = len(digits)
        unit = "s" if size <= 11 else "ms" if size <= 14 else "us" if size <= 17 else "ns"
        return f"times read as Unix time in {unit}"
    if first.endswith(("Z", "UTC", "GMT")) or any(c in "+-" for c in first[-6:]):
        return None
    return (
        f"times have no zone; read as {utc_offset_h:g} h ahead of UTC"
        if utc_offset_h
        else ("times have no zone; read as UTC")
    )


def table_batch(
    table: pa.Table,
    columns: dict[str, str],
    times: Times,
    label: str,
    first: int,
    tidy: Tidy = untouched,
    missing: frozenset[str] = frozenset(),
) -> Batch:
    """Build a batch from the rows of a typed table; ``first`` is the number of its first row."""
    twice = [name for name in columns.values() if table.column_names.count(name) > 1]
    if twice:
        raise SchemaError(f"{label} has more than one column '{twice[0]}': which is meant? Rename the others")
    raw = {key: table.column(name) for key, name in columns.items()}
    lines = np.arange(first, first + table.num_rows, dtype=np.int64)
    names = sorted(set(columns.values()))

    def text(i: int) -> str:
        return ",".join(str(value_at(table.column(name), i)) for name in names)

    remarks: Counter[str] = Counter()
    raw = {key: _plain(array, columns[key], label) for key, array in raw.items()}
    for key in _NUMBERS:
        if key in raw:
            _refuse_short_floats(raw[key], columns[key], label)
    raw = tidy(raw, remarks)
    batch = build(raw, times, Origin(label, lines, text), missing)
    batch.remarks.update(remarks)  # a sum would leave out those that count nothing
    return batch


def _plain(array: pa.ChunkedArray, name: str, label: str) -> pa.Array:
    try:
        return plain(array)
    except UsageError as problem:
        raise UsageError(f"column '{name}' of {label}: {problem}") from problem


def _refuse_short_floats(array: pa.Array, name: str, label: str) -> None:
    """Refuse numbers of vessels in floats that are too short for them: neighbours have become one number."""
    bits, top = _SHORT_FLOATS.get(array.type, (64, 0))
    if bits == 64 or not len(array):
        return
    if (np.abs(array.drop_null().to_numpy()) >= top).any():
        raise SchemaError(
            f"column '{name}' of {label} holds {bits}-bit floats, in which numbers from {top:,} on have lost their "
            "last digits, so that two vessels may have one number; write it anew from its source, as whole numbers or "
            "as text"
        )


def own_columns(names: Iterable[str]) -> dict[str, str] | None:
    """Return our key -> column where a table has the names of the positions table, else None."""
    theirs = set(names)
    found = {LONG_KEYS.get(c.name, c.name): c.name for c in POSITIONS if c.name in theirs}
    found.pop("source_file", None)
    found.pop("source_row", None)
    ours = {"time", "lat", "lon"} <= set(found) and ("mmsi" in found or "vessel_id" in found)
    return found if ours else None


def require_own(names: list[str], what: str) -> dict[str, str]:
    """Return `own_columns` or explain what is missing.

    Raises
    ------
    InputError
        If the names are not those of the positions table.
    """
    found = own_columns(names)
    if found is None:
        raise InputError(
            f"{what} has the columns {_listed(names)}; without a column map it needs time, lat_deg, lon_deg and "
            f"mmsi or vessel_id. {suggestion(names)}"
        )
    return found


def frame_batches(table: pa.Table, settings: ReadSettings, label: str) -> Iterator[Batch]:
    """Read a typed table through the column map of ``settings``."""
    columns = resolve_map(settings.columns, table.column_names, label)
    dates = plain(table.column(columns["time"]))
    order = _order([dates], settings, label)
    remark = time_remark([dates], order, settings.utc_offset_h)
    for first in range(0, table.num_rows, _FRAME_ROWS):
        part = table.slice(first, _FRAME_ROWS)
        batch = table_batch(part, columns, _times(order, settings), label, first + 1, knots(settings))
        if remark:
            batch.remarks.setdefault(remark, 0)
        yield batch


TABLE = MappedTable()
