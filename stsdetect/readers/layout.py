"""Layouts of delimited text that are recognised by their header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from stsdetect.readers.convert import scaled
from stsdetect.readers.protocol import Batch
from stsdetect.readers.rows import FLOATS, Times
from stsdetect.readers.source import Head, Source
from stsdetect.readers.text import Header, TextSpec, Tidy, find_header_with, read_text, refuse_twins
from stsdetect.readers.times import NAIVE, day_first_utc, iso_utc
from stsdetect.settings import ReadSettings, SpeedUnit


def untouched(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Change nothing."""
    return columns


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
    #: Changes raw columns (text, or float64 where all of a block are numbers); it may be given some of them only.
    tidy: Tidy = untouched
    missing: frozenset[str] = frozenset()
    #: Whether ``tidy`` looks at one column at a time, so that columns may come to it apart.
    apart: bool = True
    #: Encoding of files that are not UTF-8.
    encoding: str | None = None
    #: Asks or settles what only this file or the settings can tell, before it is read: returns a changed layout.
    settle: Settle | None = None

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether the header has all required names."""
        header = self._header(head)
        if header is None or set(self.without) & set(header.cells):
            return False
        return "time" in {self.names.get(cell) for cell in header.cells}

    def _header(self, head: Head) -> Header | None:
        return find_header_with(head, self.required)

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file in blocks."""
        header = self._header(head)
        assert header is not None
        own = self if self.settle is None else self.settle(self, header, head, settings)
        refuse_twins(header, own.names, source.label)
        columns: dict[str, int] = {}
        for position, cell in enumerate(header.cells):
            if cell in own.names:
                columns.setdefault(own.names[cell], position)
        clock = "day_first" if own.times is day_first_utc else "iso"
        spec = TextSpec(header, columns, plain_types(columns, own.times), clock=clock, steady=True, apart=own.apart)
        yield from read_text(source, spec, own.times, own.tidy, own.missing)


#: Given a layout, its header, how the file begins and the settings, returns the layout as this file is to be read.
Settle = Callable[[TextLayout, Header, Head, ReadSettings], TextLayout]
