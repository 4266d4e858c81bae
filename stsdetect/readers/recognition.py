"""The layouts there are, and which one a file is in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from stsdetect.errors import InputError, SettingsError, StsError, did_you_mean
from stsdetect.readers.dbf import SHAPES
from stsdetect.readers.finding import expand
from stsdetect.readers.header import find_header
from stsdetect.readers.json_items import shapes
from stsdetect.readers.json_table import json_names
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.layouts.aishub import AISHUB
from stsdetect.readers.layouts.aishub_json import AISHUB_JSON
from stsdetect.readers.layouts.aishub_xml import AISHUB_XML
from stsdetect.readers.layouts.aisstream import AISSTREAM
from stsdetect.readers.layouts.amsa import AMSA, AMSA_SHAPEFILE
from stsdetect.readers.layouts.barentswatch import BARENTSWATCH
from stsdetect.readers.layouts.brest import BREST_DYNAMIC, BREST_STATIC
from stsdetect.readers.layouts.digitraffic import DIGITRAFFIC, DIGITRAFFIC_VESSELS
from stsdetect.readers.layouts.dma import DMA
from stsdetect.readers.layouts.exactearth import EXACTEARTH
from stsdetect.readers.layouts.gfw_events import GFW_ENCOUNTERS, GFW_EVENTS
from stsdetect.readers.layouts.gfw_positions import GFW_POSITIONS
from stsdetect.readers.layouts.kpler import KPLER
from stsdetect.readers.layouts.kr_mof import KR_MOF, KR_MOF_STATIC
from stsdetect.readers.layouts.kystdatahuset import KYSTDATAHUSET
from stsdetect.readers.layouts.marinetraffic import MARINETRAFFIC, MARINETRAFFIC_WEB
from stsdetect.readers.layouts.marinetraffic_json import MARINETRAFFIC_JSON
from stsdetect.readers.layouts.nmea import NMEA
from stsdetect.readers.layouts.noaa import NOAA_2015, NOAA_2025
from stsdetect.readers.layouts.noaa_gdb import NOAA_GDB
from stsdetect.readers.layouts.noaa_parquet import NOAA_PARQUET
from stsdetect.readers.layouts.piraeus import PIRAEUS
from stsdetect.readers.layouts.spire import SPIRE_HISTORICAL
from stsdetect.readers.layouts.spire_graphql import SPIRE_GRAPHQL
from stsdetect.readers.layouts.tw_mpb import TW_MPB, TW_MPB_GEOJSON
from stsdetect.readers.layouts.ungp import UNGP, UNGP_PARQUET
from stsdetect.readers.layouts.vesselfinder import VESSELFINDER
from stsdetect.readers.parquet import POSITIONS_PARQUET
from stsdetect.readers.plugins import plugins
from stsdetect.readers.protocol import QuestionError, Reader
from stsdetect.readers.source import Head
from stsdetect.readers.table import TABLE, shows_places, suggestion
from stsdetect.schema import FIXES, FLAGGED
from stsdetect.settings import ReadSettings

#: Our own tables that have times, places and MMSIs, and are not what was received.
_RESULTS = (FLAGGED, FIXES)
#: Layouts that come with the program; of any two at most one claims a file. A mapped table takes what no other claims.
_OWN: tuple[Reader, ...] = (
    POSITIONS_PARQUET,
    NMEA,
    NOAA_2015,
    NOAA_2025,
    NOAA_PARQUET,
    NOAA_GDB,
    DMA,
    KYSTDATAHUSET,
    KR_MOF,
    KR_MOF_STATIC,
    BARENTSWATCH,
    AISHUB_JSON,
    AISHUB_XML,
    AISSTREAM,
    DIGITRAFFIC,
    DIGITRAFFIC_VESSELS,
    KPLER,
    SPIRE_GRAPHQL,
    TW_MPB,
    TW_MPB_GEOJSON,
    VESSELFINDER,
    AISHUB,
    EXACTEARTH,
    MARINETRAFFIC,
    MARINETRAFFIC_JSON,
    MARINETRAFFIC_WEB,
    UNGP,
    UNGP_PARQUET,
    GFW_EVENTS,
    GFW_ENCOUNTERS,
    SPIRE_HISTORICAL,
    BREST_DYNAMIC,
    BREST_STATIC,
    PIRAEUS,
    AMSA,
    AMSA_SHAPEFILE,
    GFW_POSITIONS,
)
#: How JSON begins whose rows are arrays of values without names.
_ARRAYS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\[\s*[\"\d-]")


@cache
def layouts() -> tuple[Reader, ...]:
    """Return every layout, those of installed plug-ins among them, a mapped table last.

    Raises
    ------
    PluginError
        If a plug-in cannot be loaded, is no reader, or takes a name that is in use.
    """
    return (*_OWN, *plugins({layout.name for layout in (*_OWN, TABLE)}), TABLE)


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
    theirs = set(head.parquet_columns)
    for result in _RESULTS:
        if theirs.issuperset(result.names):
            raise InputError(
                f"{head.label} is the table '{result.name}' of an earlier run of stsdetect, not what was received; "
                "give the exports that the run read"
            )
    if settings.layout is not None:
        wanted = named(settings.layout)
        if wanted.recognise(head, settings):
            return wanted
        raise InputError(f"{head.label} is not in the layout '{wanted.name}' ({wanted.title}). {wanted.doc}")
    claims = [layout for layout in layouts() if layout is not TABLE and layout.recognise(head, settings)]
    if NMEA in claims and (len(claims) > 1 or shows_places(head, settings.columns.values())):
        claims.remove(NMEA)  # sentences in a table are what strangers wrote into names: they are no log
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
    if head.database is not None:
        return f"{head.label} is a geodatabase without a layer Broadcast as NOAA published them for 2009-2014"
    names = head.parquet_columns
    if not names:
        if head.data.startswith(SHAPES):
            return f"{head.label} has the shapes of a shapefile; its rows are in the .dbf of the same name: give that"
        if b"\x00" in head.data:
            return f"{head.label} is not text, Parquet or an archive of them"
        if shapes(head):
            return _unknown_json(head)
        start = head.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if start in (b"{", b"["):
            hint = "; if it is an answer of MarineTraffic, fetch it as jsono or csv" if _ARRAYS.match(head.data) else ""
            return f"{head.label} begins like JSON, but has no items: no objects in lines or in an array{hint}"
        if start == b"<":
            return f"{head.label} begins like XML or HTML, without vessels of AISHub: the only XML that is read"
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
    lacking = [name for name in near.required if name not in names]
    if "time" not in {near.names.get(name) for name in names}:
        lacking = lacking or ["a time column"]
    if shared * 2 >= len(names) and len(lacking) == 1:
        return (
            f"{head.label} looks like {near.title} but has no column '{lacking[0]}'. If another column holds it, "
            f"map the columns. {suggestion(names)}"
        )
    return (
        f"{head.label} is a table in no layout stsdetect knows (columns: {', '.join(names)[:400]}). {suggestion(names)}"
    )


def _unknown_json(head: Head) -> str:
    """Say why JSON was not recognised, and what to do."""
    names = json_names(head)
    if not names:
        return f"{head.label} is JSON without any item: no objects in lines or in an array"
    return (
        f"{head.label} is JSON in no layout stsdetect knows (names in its items: {', '.join(names)[:400]}). "
        f"{suggestion(names)}"
    )
