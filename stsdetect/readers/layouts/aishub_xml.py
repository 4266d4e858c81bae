"""AISHub web service, XML: a ``<vessel>`` element for each report, its fields as attributes.

Read by expat, piece by piece. Entities are refused where they are declared, so that none can grow; elements may be
nested only so deep, and what has no end within a megabyte is damage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from xml.parsers import expat

from stsdetect.readers.json_items import MAX_ITEM, Chunk, Shape, clean
from stsdetect.readers.json_layout import item_batch, steps
from stsdetect.readers.layouts.aishub_json import AISHUB_JSON, settle
from stsdetect.readers.protocol import Batch, DamagedError
from stsdetect.readers.rows import MAX_TEXT
from stsdetect.readers.source import Head, Source
from stsdetect.settings import ReadSettings

#: XML is given to expat in pieces of this size [bytes].
_PIECE = 1 << 17
_MAX_DEPTH = 100
_SAMPLES = 20
_CHUNK, _CHUNK_BYTES = 20_000, 1 << 22
_VESSEL = re.compile(rb"(<vessel\s[^<>]*?)/?>", re.IGNORECASE)
_ENTITY = re.compile(rb"&[^;\s]*;")
_NEEDED = ("MMSI", "TIME", "LONGITUDE", "LATITUDE")


class _Refused(Exception):
    """XML that is well formed and is not read all the same."""


#: What expat raises, ValueError and LookupError for encodings it or Python does not know.
_BROKEN = (expat.ExpatError, _Refused, ValueError, LookupError)


class _Vessels:
    """Takes in XML and gathers the vessels in it."""

    def __init__(self, encoding: str | None) -> None:
        self.found: list[dict[str, str]] = []
        self._depth = self._fed = 0
        self._parser = expat.ParserCreate(encoding)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._entity

    def feed(self, data: bytes, last: bool) -> None:
        """Take in more of the text."""
        self._parser.Parse(data, last)
        self._fed += len(data)
        if self._fed - max(self._parser.CurrentByteIndex, 0) > MAX_ITEM:
            raise _Refused(f"a tag longer than {MAX_ITEM} bytes")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Refused(f"elements nested more than {_MAX_DEPTH} deep")
        if name.casefold() == "vessel":
            self.found.append({key.upper(): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _entity(self, *declaration: object) -> None:
        raise _Refused("it declares entities, which are not read")


class AishubXml:
    """AISHub XML."""

    name = "aishub_xml"
    title = "AISHub XML (both forms)"
    doc = (
        "Elements <vessel MMSI=... TIME=... LONGITUDE=... LATITUDE=... />, otherwise as AISHub JSON; rows are numbered "
        "by element. A file that declares entities is refused."
    )
    time_rule = AISHUB_JSON.time_rule
    lost = AISHUB_JSON.lost

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether a vessel with a place and a time is among the first elements."""
        return any(all(name in item for name in _NEEDED) for item in head.look(_first))

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file some thousands of vessels at a time."""
        shape = Shape((), False, tuple(head.look(_first)))
        layout = replace(settle(AISHUB_JSON, shape, head, settings), name=self.name)
        paths = [(steps(name), key) for name, key in layout.names.items()]
        first = 1
        for items in _read(source, "utf-8" if head.encoding else None):
            rows = list(range(first, first + len(items)))
            first += len(items)
            texts = [_text(item)[:MAX_TEXT] for item in items]
            yield item_batch(Chunk(rows, list(items), texts, []), paths, layout, source.label)

    def raw(self, source: Source, head: Head, rows: list[int]) -> dict[int, str]:
        """Return the attributes of vessels by row."""
        wanted, found, first = set(rows), {}, 1
        for items in _read(source, "utf-8" if head.encoding else None):
            found.update({row: _text(item) for row, item in enumerate(items, first) if row in wanted})
            first += len(items)
            if len(found) == len(wanted):
                break
        return found


def _text(item: dict[str, str]) -> str:
    return json.dumps(item, ensure_ascii=False)


def _read(source: Source, encoding: str | None) -> Iterator[list[dict[str, str]]]:
    """Yield vessels some thousands at a time; what comes before damage is yielded first."""
    stream = source.open()
    vessels = _Vessels(encoding)
    done = held = 0
    try:
        last = False
        while not last:
            data = stream.read(_PIECE)
            last = not data  # less than was asked for comes before damage, too
            held += len(data)
            vessels.feed(data, last)
            if last or len(vessels.found) >= _CHUNK or held >= _CHUNK_BYTES:
                done += len(vessels.found)
                yield vessels.found
                vessels.found, held = [], 0
    except DamagedError:
        yield vessels.found
        raise
    except _BROKEN as error:
        done += len(vessels.found)
        yield vessels.found
        where = f"behind vessel {done}" if done else "before its first vessel"
        problem = clean(str(error))
        raise DamagedError(f"{source.label} is no XML that can be read {where}: {problem}; fetch it again") from error
    finally:
        stream.close()


def _first(head: Head) -> list[dict[str, str]]:
    """Return the first vessels of a file that begins so."""
    if not head.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return []
    if _VESSEL.search(head.data) is None:
        return []
    found: list[dict[str, str]] = []
    # Where the whole is refused, single tags still tell what it is, so that reading can say why it is refused.
    for text in chain([head.data], (_ENTITY.sub(b"", tag[1]) + b"/>" for tag in _VESSEL.finditer(head.data))):
        vessels = _Vessels("utf-8" if head.encoding else None)
        with suppress(*_BROKEN):
            vessels.feed(text, False)
        found += vessels.found
        if found:
            break
    return found[:_SAMPLES]


AISHUB_XML = AishubXml()
