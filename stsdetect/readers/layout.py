"""Layouts of delimited text that are recognised by their header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.blocks import Block
from stsdetect.readers.convert import plain, scaled, strings, whole
from stsdetect.readers.header import Header, find_header_with, refuse_twins
from stsdetect.readers.protocol import Batch
from stsdetect.readers.rows import FLOATS, Times
from stsdetect.readers.source import Head, Source, recoded_remark
from stsdetect.readers.text import TextSpec, Tidy, read_text, split_block
from stsdetect.readers.times import NAIVE, day_first_utc, iso_utc, iso_zoned_utc
from stsdetect.settings import ReadSettings, SpeedUnit

#: Messages that say where something is or which vessel it is (ITU-R M.1371-5): positions of classes A and B and of
#: base stations, aircraft and aids to navigation, static reports, long-range positions.
REPORTS = frozenset({1, 2, 3, 4, 5, 9, 18, 19, 21, 24, 27})


def untouched(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Change nothing."""
    return columns


def placeless(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Say of a file without positions that every row is a static report; columns are not to come apart."""
    nowhere = pa.nulls(len(columns["time"]), pa.float64())
    return {**columns, "lat": nowhere, "lon": nowhere}


#: Of these some exports show where the vessel was heard before, on the time of the report: that would be a false fix.
_STATIC = pa.array([5, 24], pa.int64())
_OF_THE_MOMENT = ("lat", "lon", "sog", "cog", "heading", "nav_status")


def static_without_place(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Leave out what stands beside static reports (types 5 and 24) that they do not say; columns not to come apart."""
    if "message_type" not in columns:
        return columns
    static = pc.is_in(whole(plain(columns["message_type"]), 0, 63, pa.int64())[0], _STATIC)
    given = {key: plain(columns[key]) for key in _OF_THE_MOMENT if key in columns}
    given = {key: array if pa.types.is_floating(array.type) else strings(array) for key, array in given.items()}
    placed = pc.and_(static, pc.or_(pc.is_valid(given["lat"]), pc.is_valid(given["lon"])))
    if pc.any(placed).as_py():
        remarks["static reports (types 5 and 24) with a place beside them, which is not used"] += pc.sum(placed).as_py()
    return columns | {key: pc.if_else(static, pa.scalar(None, array.type), array) for key, array in given.items()}


#: Knots of one unit of speed; 1 kn = 1852 m/h (International Hydrographic Conference 1929).
SPEED_UNITS = {"kn": 1.0, "0.1kn": 0.1, "m/s": 3600 / 1852, "km/h": 1000 / 1852}


def knots(settings: ReadSettings, default: SpeedUnit = "kn") -> Tidy:
    """Return what turns speeds of the unit that is set, or else of ``default``, into knots."""
    unit = settings.speed_unit or default
    if unit == "kn":
        return untouched

    def tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
        if "sog" not in columns:
            return columns
        remarks[f"speeds read in {unit} and turned into knots"] += 0
        return {**columns, "sog": scaled(columns["sog"], SPEED_UNITS[unit])}

    return tidy


#: Forms of time that the compiled scanner reads as these functions do; where times have another, lines are not scanned.
_CLOCKS: dict[Times, str] = {iso_utc: "iso", iso_zoned_utc: "iso", day_first_utc: "day_first"}


def first_values(header: Header, head: Head, name: str) -> list[str]:
    """Return what stands in a column of the first rows, empty cells left out."""
    data = head.data[header.end :]
    data = data + b"\n" if head.whole and not data.endswith(b"\n") else data[: data.rfind(b"\n") + 1]
    if not data.strip():
        return []
    spec = TextSpec(header, {"value": header.cells.index(name)})
    pieces = split_block(Block(header.row + 1, data.count(b"\n"), data), spec)
    return [text for piece in pieces for text in strings(plain(piece.columns["value"])).to_pylist() if text]


def ask_knots(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    """Settle that speeds are knots unless the settings say otherwise."""
    return replace(layout, tidy=knots(settings))


def plain_types(columns: Iterable[str], times: Times | None = None) -> dict[str, pa.DataType]:
    """Return what Arrow may make of columns (by our key) as it splits text."""
    types = {key: pa.float64() for key in columns if key in FLOATS or key in ("lat", "lon", "mmsi")}
    if times is iso_utc:
        types["time"] = NAIVE
    return types


@dataclass(frozen=True)
class TextLayout:
    """A public export in delimited text.

    ``names`` maps the source's column names to ours, several spellings allowed; the layout is recognised
    by the ``required`` names and by none of ``without`` (by which another layout is told); the order and number of the
    others do not matter. ``doc``, ``time_rule`` and ``lost`` are sentences for people.
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
    #: Whether a header with a column that is not in ``names`` is another layout's: for names that anybody may use.
    exact: bool = False
    #: Changes raw columns (text, or float64 where all of a block are numbers); it may be given some of them only.
    tidy: Tidy = untouched
    missing: frozenset[str] = frozenset()
    #: Whether ``tidy`` looks at one column at a time, so that columns may come to it apart.
    apart: bool = True
    #: AIS messages that become rows, where a file has others too; the others are rejected as message_type_N.
    messages: frozenset[int] = frozenset()
    #: Encoding of files whose header is not found in them as UTF-8.
    encoding: str | None = None
    #: Asks or settles what only this file or the settings can tell, before it is read: returns a changed layout.
    settle: Settle | None = None

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether the header has all required names."""
        header = self._header(head)
        if header is None or set(self.without) & set(header.cells):
            return False
        if self.exact and not set(header.cells) <= set(self.names):
            return False
        return "time" in {self.names.get(cell) for cell in header.cells}

    def _header(self, head: Head) -> Header | None:
        found = find_header_with(head, self.required)
        if found is None and self.encoding is not None and head.encoding is None and not head.data.isascii():
            return find_header_with(head.recoded(self.encoding), self.required)
        return found

    def recoded(self, source: Source, head: Head) -> tuple[Source, Head]:
        """Return source and head as they are to be read: in the layout's encoding where the header is in no UTF-8."""
        if self.encoding is None or head.encoding is not None or find_header_with(head, self.required) is not None:
            return source, head
        return replace(source, encoding=self.encoding), head.recoded(self.encoding)

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file in blocks."""
        header = self._header(head)
        assert header is not None
        source, head = self.recoded(source, head)
        own = self if self.settle is None else self.settle(self, header, head, settings)
        refuse_twins(header.cells, own.names, source.label)
        columns: dict[str, int] = {}
        for position, cell in enumerate(header.cells):
            if cell in own.names:
                columns.setdefault(own.names[cell], position)
        clock = _CLOCKS.get(own.times)
        apart = own.apart and clock is not None and not own.messages
        spec = TextSpec(header, columns, plain_types(columns, own.times), clock=clock or "", steady=True, apart=apart)
        for batch in read_text(source, spec, own.times, own.tidy, own.missing, own.messages):
            if source.encoding:
                batch.remarks[recoded_remark(source.encoding)] += 0
            yield batch


#: Given a layout, its header, how the file begins and the settings, returns the layout as this file is to be read.
Settle = Callable[[TextLayout, Header, Head, ReadSettings], TextLayout]
