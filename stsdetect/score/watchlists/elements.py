"""Elements of XML one after the other, in bounded memory: entities are refused where they are declared."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from xml.etree.ElementTree import Element
from xml.parsers import expat

from stsdetect.readers.json_items import clean
from stsdetect.readers.protocol import DamagedError
from stsdetect.readers.source import Head, Source

_PIECE = 1 << 17
_MAX_DEPTH = 60
#: No element that is read is larger; one party of OFAC's list has some 30,000 characters.
MAX_ELEMENT_CHARS = 1 << 22


class _Refused(Exception):
    """XML that is well formed and is not read all the same."""


_BROKEN = (expat.ExpatError, _Refused, ValueError, LookupError)


class _Builder:
    """Takes in XML and gathers the wanted elements; all else is passed over."""

    def __init__(self, wanted: Collection[str], encoding: str | None) -> None:
        self.found: list[Element] = []
        self.path: list[str] = []
        self._wanted = wanted
        self._open: list[Element] = []
        self._size = 0
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        self.path.append(tag)
        if len(self.path) > _MAX_DEPTH:
            raise _Refused(f"elements nested more than {_MAX_DEPTH} deep")
        if self._open:
            self._grow(len(tag) + sum(map(len, attributes.values())))
            child = Element(tag, attributes)
            self._open[-1].append(child)
            self._open.append(child)
        elif tag in self._wanted:
            self._size = 0
            self._open.append(Element(tag, attributes))

    def _end(self, name: str) -> None:
        self.path.pop()
        if self._open:
            done = self._open.pop()
            if not self._open:
                self.found.append(done)

    def _text(self, text: str) -> None:
        if not self._open:
            return
        self._grow(len(text))
        inner = self._open[-1]
        if not len(inner):  # text behind a child means nothing in the lists read here
            inner.text = (inner.text or "") + text

    def _grow(self, size: int) -> None:
        self._size += size + 1
        if self._size > MAX_ELEMENT_CHARS:
            raise _Refused(f"an element larger than {MAX_ELEMENT_CHARS} characters")

    def _entity(self, *declaration: object) -> None:
        raise _Refused("it declares entities, which are not read")


def elements(source: Source, wanted: Collection[str]) -> Iterator[Element]:
    """Yield the elements with wanted names, each whole, without namespaces; those inside another are part of it.

    Raises
    ------
    DamagedError
        If the file breaks off, is no XML, declares entities, or is nested too deep.
    """
    stream = source.open()
    done = given = 0
    try:
        builder = _Builder(wanted, "utf-8" if stream.encoding else None)
        last = False
        while not last:
            data = stream.read(_PIECE)
            last = not data
            try:
                builder.parser.Parse(data, last)
                given += len(data)
                if given - max(builder.parser.CurrentByteIndex, 0) > MAX_ELEMENT_CHARS:
                    raise _Refused(f"a tag longer than {MAX_ELEMENT_CHARS} bytes")
            except _BROKEN as problem:
                where = f"behind element {done + len(builder.found)}"
                raise DamagedError(
                    f"{source.label} is no XML that can be read {where}: {clean(str(problem))}; fetch it again"
                ) from problem
            done += len(builder.found)
            yield from builder.found
            builder.found = []
    finally:
        stream.close()


def first_tags(head: Head, most: int = 40) -> list[str]:
    """Return the names of the first elements of a file that is XML; empty where it is none."""
    if not head.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return []
    tags: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(tags) < most:
            tags.append(name.rpartition(":")[2])

    parser = expat.ParserCreate("utf-8" if head.encoding else None)
    parser.StartElementHandler = start
    # Declared entities are refused when the file is read, with a reason; here none is followed.
    parser.DefaultHandler = lambda data: None
    try:
        parser.Parse(head.data, False)
    except _BROKEN:
        return tags
    return tags
