"""The layouts there are, and which one a file is in."""

from __future__ import annotations

from pathlib import Path

from stsdetect.errors import InputError, StsError
from stsdetect.readers.dma import DMA
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.nmea import NMEA
from stsdetect.readers.noaa import NOAA_2015, NOAA_2025
from stsdetect.readers.parquet import POSITIONS_PARQUET
from stsdetect.readers.protocol import Reader
from stsdetect.readers.source import Head, expand
from stsdetect.readers.table import TABLE, suggestion
from stsdetect.readers.text import find_header
from stsdetect.settings import ReadSettings

#: Every layout, in the order they are tried.
LAYOUTS: tuple[Reader, ...] = (POSITIONS_PARQUET, NMEA, NOAA_2015, NOAA_2025, DMA, TABLE)
_TEXT_LAYOUTS = tuple(layout for layout in LAYOUTS if isinstance(layout, TextLayout))


def inspect_layout(path: str | Path, *, settings: ReadSettings | None = None) -> tuple[tuple[str, str], ...]:
    """Return (label, layout name) of a file and, for an archive, of each member that is AIS.

    Raises
    ------
    InputError
        If nothing in it is recognised.
    """
    settings = settings or ReadSettings()
    found, problems = [], []
    for source in expand([path]):
        try:
            found.append((source.label, recognise(source.head(), settings).name))
        except StsError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    return tuple(found)


def recognise(head: Head, settings: ReadSettings) -> Reader:
    """Return the layout of a file that begins so.

    Raises
    ------
    InputError
        If it is none, with what to do.
    """
    if not head.data.strip():
        raise InputError(f"{head.label} is empty")
    for layout in LAYOUTS:
        if layout.recognise(head, settings):
            return layout
    raise InputError(_unknown(head))


def _unknown(head: Head) -> str:
    """Say why a file was not recognised, and what to do."""
    names = head.parquet_columns
    if not names:
        if head.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return f"{head.label} is text in UTF-16; save it as UTF-8"
        if b"\x00" in head.data:
            return f"{head.label} is not text, Parquet or an archive of them"
        header = find_header(head)
        if header is None:
            return (
                f"{head.label} is not AIS in a layout stsdetect knows: no NMEA sentence and no header row in its "
                "first lines. See `stsdetect about formats`"
            )
        names = list(header.cells)
    near = max(_TEXT_LAYOUTS, key=lambda layout: len(set(layout.names) & set(names)))
    shared = len(set(near.names) & set(names))
    lacking = [name for name in near.required if name not in names] or ["a time column"]
    if shared * 2 >= len(names) and len(lacking) == 1:
        return (
            f"{head.label} looks like {near.title} but has no column '{lacking[0]}'. If another column holds it, "
            f"map the columns. {suggestion(names)}"
        )
    return (
        f"{head.label} is a table in no layout stsdetect knows (columns: {', '.join(names)[:400]}). {suggestion(names)}"
    )
