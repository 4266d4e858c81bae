"""Layouts of JSON that are recognised by the names in their items."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import UsageError, did_you_mean
from stsdetect.readers.convert import numbers
from stsdetect.readers.json_items import Chunk, Shape, chunks, clean, shapes, texts
from stsdetect.readers.layout import untouched
from stsdetect.readers.protocol import Batch, Reject
from stsdetect.readers.rows import FLOATS, KEYS, LONG_KEYS, MAX_TEXT, TEXTS, Origin, Times, build
from stsdetect.readers.source import Head, Source
from stsdetect.readers.text import Tidy
from stsdetect.readers.times import zoned_utc
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

#: Columns for which any word will do: an object, a list, true or false is no word.
_WORDY = frozenset({*TEXTS, "vessel_id", "transceiver", "station"})

_LONGEST_NAME = 100
#: Longest text of an item that is given back to be quoted [characters].
MAX_RAW = 2000

_LOCAL = re.compile(r"\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$")
_NO_ZONE = (
    "times without a zone are rejected, for this layout's have one; --layout table with --map reads them as UTC, or as "
    "--utc-offset says"
)

#: A value in an item: keys, and numbers for places in arrays.
Steps = tuple[str | int, ...]


class Refused(NamedTuple):
    """Why an item is no row that can be kept: a stable reason, and what shows it."""

    reason: str
    detail: str


@lru_cache(4096)  # every layout asks this of each of its names, for every file
def steps(name: str) -> Steps:
    """Turn ``geometry.coordinates.0`` into the steps that lead there."""
    return tuple(int(part) if part.isdecimal() and len(part) < 10 else part for part in name.split("."))


def picked(items: list[Any], path: Steps) -> list[Any]:
    """Return the value at a path in each item; None where there is none."""
    for step in path:
        if isinstance(step, int):
            items = [_at(item, step) for item in items]
        else:
            items = [item.get(step) if type(item) is dict else None for item in items]
    return items


def _at(item: Any, place: int) -> Any:
    """Return what stands at a place of an array; an object may have the number as a key."""
    if type(item) is list:
        return item[place] if len(item) > place else None
    return item.get(str(place)) if type(item) is dict else None


def has(item: Any, path: Steps) -> bool:
    """Say whether an item has a value at a path, be it null."""
    for step in path:
        if type(item) is list and isinstance(step, int) and step < len(item):
            item = item[step]
        elif type(item) is dict and str(step) in item:
            item = item[str(step)]
        else:
            return False
    return True


def shape_with(head: Head, required: Iterable[str], without: Iterable[str] = ()) -> Shape | None:
    """Return the first place where a file has items with all the values of ``required`` and none of ``without``."""
    wanted, unwanted = [steps(name) for name in required], [steps(name) for name in without]
    for shape in shapes(head):
        if any(all(has(item, path) for path in wanted) for item in shape.samples) and not any(
            has(item, path) for path in unwanted for item in shape.samples
        ):
            return shape
    return None


def mapped_names(settings: ReadSettings) -> dict[str, str]:
    """Return what a user maps, as the names of a layout: their path -> our key.

    Raises
    ------
    UsageError
        If a key of ours is misspelt.
    """
    found = {}
    for key, name in settings.columns.items():
        ours = LONG_KEYS.get(key, key)
        if ours not in KEYS:
            raise UsageError(
                f"nothing can be mapped to '{key}'.{did_you_mean(key, KEYS)} Names to map to: {', '.join(KEYS)}"
            )
        found[name] = ours
    return found


def names_in(items: Iterable[Any], most: int = 200) -> list[str]:
    """Return the paths of the values in items, as they are written in a map; very long ones are left out."""
    found: dict[str, None] = {}
    waiting: list[tuple[str, Any]] = [("", item) for item in items]
    while waiting and len(found) < most:
        path, value = waiting.pop(0)
        front = f"{path}." if path else ""
        if type(value) is dict:
            waiting += [(front + str(key), inner) for key, inner in value.items()]
        elif type(value) is list:
            # Objects in a list are items of their own, or nothing a row can be made of.
            waiting += [(front + str(place), inner) for place, inner in enumerate(value[:4]) if type(inner) is not dict]
        elif path and len(path) <= _LONGEST_NAME:
            found[clean(path)] = None
    return list(found)


def with_size(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Work out length and width from the distances of the antenna to bow, stern and sides, where they are not given."""
    columns = dict(columns)
    for size, one, other in (("length", "to_bow", "to_stern"), ("width", "to_port", "to_starboard")):
        if size not in columns and one in columns and other in columns:
            total = pc.add(numbers(columns[one])[0], numbers(columns[other])[0])
            columns[size] = pc.if_else(pc.greater(total, 0.0), total, pa.scalar(None, pa.float64()))
    return columns


def column(key: str, values: list[Any]) -> tuple[pa.Array, list[int]]:
    """Make a column by our key of values of any types, and say which were of a type that cannot be in it.

    Numbers become float64 and texts text; where both are, or what is neither, all become text, to be judged as
    text is.
    """
    kinds = set(map(type, values)) - {type(None)}
    wrong: list[int] = []
    if kinds <= {int, float}:
        try:
            return pa.array(values, pa.float64()), wrong
        except (pa.ArrowInvalid, OverflowError):
            kinds = {object}  # a whole number of more digits than float64 has
    if kinds != {str}:
        if key in _WORDY:
            wrong = [i for i, value in enumerate(values) if type(value) in (bool, list, dict)]
            values = list(values)
            for i in wrong:
                values[i] = None
        values = [value if value is None else _text(value) for value in values]
    try:
        return pa.array(values, pa.string()), wrong
    except UnicodeEncodeError:
        return pa.array([value if value is None else clean(value) for value in values], pa.string()), wrong


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    try:
        return str(value) if type(value) in (int, float) else json.dumps(value)[:MAX_TEXT]
    except ValueError:  # an int of more digits than Python writes
        return "inf"
    except RecursionError:
        return "[...]"


@dataclass(frozen=True)
class JsonLayout:
    """A public export whose rows are items of JSON.

    ``names`` maps values in the items, by dotted path (``MetaData.latitude``, ``geometry.coordinates.0``), to our
    keys; of several for one key the first that is not null counts, item by item. The layout is recognised by an item
    among the first that has all the ``required`` values, where no item has one of ``without``, wherever in the file
    the items stand. ``doc``, ``time_rule`` and ``lost`` are sentences for people.
    """

    name: str
    title: str
    doc: str
    time_rule: str
    lost: str
    names: dict[str, str]
    required: tuple[str, ...]
    times: Times
    without: tuple[str, ...] = ()
    #: Changes raw columns (text or float64) before they are converted; it is given all of them.
    tidy: Tidy = untouched
    missing: frozenset[str] = frozenset()
    #: Returns the item in which the names are looked up, or why there is no row in it.
    unfold: Callable[[dict[str, Any]], dict[str, Any] | Refused] | None = None
    #: Asks or settles what only this file or the settings can tell, before it is read: returns a changed layout.
    settle: Settle | None = None

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether an item has all required values."""
        return self._shape(head) is not None

    def _shape(self, head: Head) -> Shape | None:
        return shape_with(head, self.required, self.without)

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file some thousands of items at a time."""
        shape = self._shape(head)
        assert shape is not None
        own = self if self.settle is None else self.settle(self, shape, head, settings)
        paths = [(steps(name), key) for name, key in own.names.items()]
        for chunk in chunks(source, shape):
            yield item_batch(chunk, paths, own, source.label)

    def raw(self, source: Source, head: Head, rows: list[int]) -> dict[int, str]:
        """Return the texts of items by row."""
        shape = self._shape(head)
        return {} if shape is None else texts(source, shape, rows, MAX_RAW)


#: Given a layout, where its items are, how the file begins and the settings, returns the layout as it is to be read.
Settle = Callable[[JsonLayout, Shape, Head, ReadSettings], JsonLayout]


def item_batch(chunk: Chunk, paths: list[tuple[Steps, str]], layout: JsonLayout, label: str) -> Batch:
    """Judge the items of a chunk."""
    if layout.unfold is not None:
        _unfold(chunk, layout.unfold)
    size = len(chunk.items)
    if not size:
        return Batch(len(chunk.rejects), POSITIONS.empty(), chunk.rejects)
    found: dict[str, list[Any]] = {}
    for path, key in paths:
        values = picked(chunk.items, path)
        first = found.get(key)
        found[key] = values if first is None else [b if a is None else a for a, b in zip(first, values, strict=True)]
    raw: dict[str, pa.Array] = {key: pa.nulls(size, pa.float64()) for key in ("time", "lat", "lon")}
    wrong: dict[str, list[int]] = {}
    for key, values in found.items():
        if key == "mmsi" or values.count(None) < size:
            raw[key], wrong[key] = column(key, values)
    remarks: Counter[str] = Counter()
    raw = layout.tidy(raw, remarks)

    def cell(i: int, key: str) -> str:
        return "" if key not in found or found[key][i] is None else clean(_text(found[key][i]))

    origin = Origin(label, np.array(chunk.rows, np.int64), lambda i: clean(chunk.texts[i]), cell=cell)
    batch = build(raw, layout.times, origin, layout.missing)
    lost = {reject.row for reject in batch.rejects}
    batch.emptied += Counter(
        {FLOATS.get(key, key): sum(chunk.rows[i] not in lost for i in where) for key, where in wrong.items() if where}
    )
    batch.emptied = +batch.emptied
    batch.remarks = remarks
    if layout.times is zoned_utc and (local := sum(map(_lacks_zone, batch.rejects))):
        remarks[_NO_ZONE] += local
    batch.rows += len(chunk.rejects)
    batch.rejects += chunk.rejects
    return batch


def _lacks_zone(reject: Reject) -> bool:
    return reject.reason == "bad_time" and _LOCAL.search(reject.detail) is not None


def _unfold(chunk: Chunk, unfold: Callable[[dict[str, Any]], dict[str, Any] | Refused]) -> None:
    """Replace items by what is read of them; refused ones become rejects."""
    kept: list[tuple[int, dict[str, Any], str]] = []
    for row, item, text in zip(chunk.rows, chunk.items, chunk.texts, strict=True):
        got = unfold(item)
        if isinstance(got, Refused):
            chunk.rejects.append(Reject(row, clean(got.reason), clean(got.detail)[:MAX_TEXT], clean(text)))
        else:
            kept.append((row, got, text))
    chunk.rows, chunk.items, chunk.texts = (
        [row for row, _, _ in kept],
        [item for _, item, _ in kept],
        [text for _, _, text in kept],
    )
