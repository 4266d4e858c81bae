"""The layouts there are, and which one a file is in."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from stsdetect.errors import InputError, SettingsError, StsError, UsageError, did_you_mean
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.layouts.dma import DMA
from stsdetect.readers.layouts.kystdatahuset import KYSTDATAHUSET
from stsdetect.readers.layouts.nmea import NMEA
from stsdetect.readers.layouts.noaa import NOAA_2015, NOAA_2025
from stsdetect.readers.parquet import POSITIONS_PARQUET
from stsdetect.readers.protocol import QuestionError, Reader
from stsdetect.readers.source import Head, expand
from stsdetect.readers.table import TABLE, suggestion
from stsdetect.readers.text import find_header
from stsdetect.settings import ReadSettings

#: Where other packages offer readers of their own: an entry point of this group names an object that is a `Reader`.
PLUGINS = "stsdetect.readers"
#: Layouts that come with the program; of any two at most one claims a file. A mapped table takes what no other claims.
_OWN: tuple[Reader, ...] = (
    POSITIONS_PARQUET,
    NMEA,
    NOAA_2015,
    NOAA_2025,
    DMA,
    KYSTDATAHUSET,
)


@cache
def layouts() -> tuple[Reader, ...]:
    """Return every layout, those of installed plug-ins among them, a mapped table last.

    Raises
    ------
    UsageError
        If a plug-in cannot be loaded, is no reader, or takes a name that is in use.
    """
    found = list(_OWN)
    for point in sorted(entry_points(group=PLUGINS), key=lambda point: (point.name, point.value)):
        found.append(_loaded(point.name, point.value, point.load, {layout.name for layout in (*found, TABLE)}))
    return (*found, TABLE)


def _loaded(name: str, value: str, load: object, taken: set[str]) -> Reader:
    """Load one plug-in and look whether it has what a reader must have."""
    where = f"the reader plug-in '{name}' ({value})"
    try:
        reader = load()  # type: ignore[operator]
    except Exception as problem:  # somebody else's code may fail in any way
        raise UsageError(
            f"{where} cannot be loaded: {type(problem).__name__}: {problem}; mend or remove it"
        ) from problem
    parts = ("name", "title", "doc", "time_rule", "lost", "recognise", "read")
    lacking = [part for part in parts if not hasattr(reader, part)]
    if lacking:
        raise UsageError(f"{where} is no reader: it has no '{lacking[0]}'; see stsdetect.readers.Reader")
    if reader.name in taken:
        raise UsageError(f"{where} has the name '{reader.name}', which another layout has; rename or remove it")
    return reader  # type: ignore[no-any-return]


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
    QuestionError
        If it could be several, and ``settings.layout`` does not say which.
    """
    if not head.data.strip():
        raise InputError(f"{head.label} is empty")
    if settings.layout is not None:
        wanted = named(settings.layout)
        if wanted.recognise(head, settings):
            return wanted
        raise InputError(f"{head.label} is not in the layout '{wanted.name}' ({wanted.title}). {wanted.doc}")
    claims = [layout for layout in layouts() if layout is not TABLE and layout.recognise(head, settings)]
    if len(claims) > 1:
        either = " or ".join(f"'{layout.name}' ({layout.title})" for layout in claims)
        raise QuestionError(f"{head.label} can be read as {either}; say which with --layout (read.layout)")
    if claims:
        return claims[0]
    if TABLE.recognise(head, settings):
        return TABLE
    raise InputError(_unknown(head))


def named(name: str) -> Reader:
    """Return the layout of a name.

    Raises
    ------
    SettingsError
        If there is none.
    """
    found = {layout.name: layout for layout in layouts()}
    if name not in found:
        raise SettingsError(f"there is no layout '{name}'; layouts are {', '.join(found)}.{did_you_mean(name, found)}")
    return found[name]


def _unknown(head: Head) -> str:
    """Say why a file was not recognised, and what to do."""
    names = head.parquet_columns
    if not names:
        if b"\x00" in head.data:
            return f"{head.label} is not text, Parquet or an archive of them"
        header = find_header(head)
        if header is None and not head.whole and b"\n" not in head.data:
            return f"{head.label} begins with a line of more than {len(head.data):,} bytes, as no AIS export does"
        if header is None:
            return (
                f"{head.label} is not AIS in a layout stsdetect knows: no NMEA sentence and no header row in its "
                "first lines. See `stsdetect about formats`"
            )
        names = list(header.cells)
    texts = [layout for layout in layouts() if isinstance(layout, TextLayout)]
    near = max(texts, key=lambda layout: len(set(layout.names) & set(names)))
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
