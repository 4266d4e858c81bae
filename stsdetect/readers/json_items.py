"""Items of JSON, one after the other: where they stand in a document, and how they are cut out of it.

A file holds items in one of three ways: each on a line of its own (NDJSON), as the elements of an array anywhere in
a document (``[...]``, ``{"features": [...]}``, ``{"data": {"vessels": {"nodes": [...]}}}``, ``[meta, [...]]``), or as
objects written one behind the other. Documents may follow one another. Python's own scanner reads one item at a
time, so that memory is that of an item and of the piece of text at hand, whatever the size of the document. It reads
as leniently as text is read: NaN and Infinity come as those words, to be judged like words in a table; control
characters may stand in texts; of a key written twice in one object the last value counts.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from stsdetect.readers.blocks import text_blocks
from stsdetect.readers.protocol import DamagedError, Reject
from stsdetect.readers.rows import MAX_TEXT
from stsdetect.readers.source import ByteStream, Head, Source

#: No item of AIS is larger; a larger one is not read into memory [characters].
MAX_ITEM = 1 << 20
#: Text is decoded in pieces of this size [bytes].
_PIECE = 1 << 20
#: A chunk ends after so many items or so much of their text: their objects need many times its room.
_CHUNK_ITEMS, _CHUNK_CHARS = 20_000, 1 << 22
#: Of each array so many items are looked at to recognise a layout, in arrays nested so deep, so many in all.
_SAMPLES, _DEPTH, _PLACES = 20, 6, 100
#: An error so near the end of the text at hand may be because the rest is not there yet [characters].
_NEAR = 16

#: Where items stand: the keys that lead to them, None for each element of an array; () for what stands at the top.
Path = tuple[str | None, ...]

_SCAN = json.JSONDecoder(parse_constant=str, strict=False).raw_decode
#: For whole numbers of more digits than Python turns into an int.
_SCAN_LONG = json.JSONDecoder(parse_constant=str, parse_int=float, strict=False).raw_decode
_SPACE = re.compile(r"[ \t\r\n\ufeff\x1e]*")
_BLANK = re.compile(rb"[\r\n]*\n")
#: A text needs no end here: to look for one again from each quote would take the square of the time.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[][{},]', re.DOTALL)
_ESCAPED = re.compile("[\udc80-\udcff]")


class Item(NamedTuple):
    """One item: its line or number, its value, how its text begins and how long that is; what is wrong with it."""

    row: int
    value: Any
    text: str
    size: int
    problem: str = ""


@dataclass(frozen=True)
class Shape:
    """Where in a file its items stand, whether each is a line of its own, and what the first ones are."""

    path: Path
    lines: bool
    samples: tuple[Any, ...]


@dataclass
class Chunk:
    """Objects with their rows and the beginnings of their texts; what was no object is rejected."""

    rows: list[int]
    items: list[dict[str, Any]]
    texts: list[str]
    rejects: list[Reject]


def shapes(head: Head) -> tuple[Shape, ...]:
    """Return every place where items may stand in a file that begins so; none if it is not JSON."""
    return head.look(_shapes)


def items(source: Source, shape: Shape) -> Iterator[Item]:
    """Yield the items of a file in order.

    Raises
    ------
    DamagedError
        If a document breaks off, is no JSON from some place on, or has an item larger than `MAX_ITEM`; a broken
        line is an item with a ``problem``.
    """
    stream = source.open()
    try:
        yield from _lines(stream) if shape.lines else _Document(stream).items(shape.path)
    finally:
        stream.close()


def chunks(source: Source, shape: Shape) -> Iterator[Chunk]:
    """Yield the objects among a file's items, some thousands at a time; what comes before damage is yielded first."""
    chunk, size = Chunk([], [], [], []), 0
    try:
        for item in items(source, shape):
            problem = item.problem
            if not problem and type(item.value) is not dict:
                problem = "not an object"
            if problem:
                chunk.rejects.append(Reject(item.row, "bad_json", problem[:MAX_TEXT], clean(item.text)))
            else:
                chunk.rows.append(item.row)
                chunk.items.append(item.value)
                chunk.texts.append(item.text)
            size += item.size
            if size > _CHUNK_CHARS or len(chunk.rows) + len(chunk.rejects) >= _CHUNK_ITEMS:
                yield chunk
                chunk, size = Chunk([], [], [], []), 0
    except DamagedError:
        yield chunk
        raise
    yield chunk


def clean(text: str) -> str:
    """Return text that can be stored: bytes that were no UTF-8 as Latin-1, halves of surrogate pairs as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _ESCAPED.sub(lambda found: chr(ord(found[0]) - 0xDC00), text)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _scan(text: str, at: int) -> tuple[Any, int]:
    """Return the value that begins at a place and where it ends; ValueError says what is wrong."""
    try:
        return _SCAN(text, at)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _SCAN_LONG(text, at)


def texts(source: Source, shape: Shape, rows: Collection[int], limit: int) -> dict[int, str]:
    """Return how the texts of the items of these rows begin; the file is read no farther than it must be."""
    wanted = set(rows)
    found: dict[int, str] = {}
    last = max(wanted, default=0)
    stream = source.open()
    try:
        if shape.lines:
            pairs = ((row, _stripped(raw[: 4 * limit])) for row, raw in _numbered(stream))
        else:
            pairs = ((item.row, item.text) for item in _Document(stream, limit).items(shape.path))
        while len(found) < len(wanted) and (pair := next(pairs, None)) is not None and pair[0] <= last:
            if pair[0] in wanted:
                found[pair[0]] = clean(pair[1][:limit])
    finally:
        stream.close()
    return found


def _numbered(stream: ByteStream) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their numbers; runs of blank ones are passed over."""
    row = 0
    for block in text_blocks(stream):
        begin = 0
        while begin < len(block):  # not split at once: of a block of newlines that would fill the memory
            if blank := _BLANK.match(block, begin):
                row += block.count(b"\n", begin, blank.end())
                begin = blank.end()
                continue
            end = block.index(b"\n", begin)
            row += 1
            yield row, block[begin:end]
            begin = end + 1


def _stripped(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").strip(" \t\r\ufeff\x1e")


def _lines(stream: ByteStream) -> Iterator[Item]:
    """Read each line as an item; blank ones are none."""
    for row, raw in _numbered(stream):
        text = _stripped(raw[: MAX_ITEM + 1])
        if not text:
            continue
        if len(raw) > MAX_ITEM:
            yield Item(row, None, text[:MAX_TEXT], MAX_ITEM, f"longer than {MAX_ITEM} bytes")
            continue
        value, problem = None, ""
        try:
            value, end = _scan(text, 0)
            if end < len(text):
                problem = f"more text behind the value, at character {end + 1}"
        except json.JSONDecodeError as error:
            problem = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
        except ValueError as error:
            problem = str(error)
        yield Item(row, value, text[:MAX_TEXT], len(raw), problem)


class _Document:
    """The text of a file, piece by piece, and a place in it."""

    def __init__(self, stream: ByteStream, limit: int = MAX_TEXT) -> None:
        self._stream, self._limit = stream, limit
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._whole = "", 0, False
        self._number = 0

    def items(self, path: Path) -> Iterator[Item]:
        """Yield the items at a path, document after document."""
        while self._peek():
            yield from self._walk(path)

    def _walk(self, path: Path) -> Iterator[Item]:
        """Yield the items at a path from here; what does not lie on it is passed over."""
        if not path:
            value, begin, end = self._value()
            self._number += 1
            yield Item(self._number, value, self._text[begin : min(end, begin + self._limit)], end - begin)
            return
        step, rest = path[0], path[1:]
        sign = self._peek()
        if sign != ("[" if step is None else "{"):
            self._pass()
        elif step is None:
            for _ in self._elements("]"):
                yield from self._walk(rest)
        else:
            for _ in self._elements("}"):
                if self._key() == step:
                    yield from self._walk(rest)
                else:
                    self._pass()

    def _elements(self, end: str) -> Iterator[None]:
        """Stand before each element of the array or object that begins here, in turn."""
        self._at += 1
        sign = self._peek()
        while sign != end:
            yield
            sign = self._peek()
            if sign == ",":
                self._at += 1
                sign = self._peek()
            elif sign != end:
                raise self._damage(f"'{end}' or ',' expected")
        self._at += 1

    def _key(self) -> str:
        key, _, _ = self._value()
        if type(key) is not str or self._peek() != ":":
            raise self._damage("a key and ':' expected")
        self._at += 1
        return key

    def _pass(self) -> None:
        """Pass over a value; of an array or object, element by element, so that it may be large."""
        sign = self._peek()
        if sign == "[":
            for _ in self._elements("]"):
                self._value()
        elif sign == "{":
            for _ in self._elements("}"):
                self._key()
                self._value()
        else:
            self._value()

    def _peek(self) -> str:
        """Go to the next character that is no space and return it; empty at the end of the file."""
        while True:
            sign = self._text[self._at : self._at + 1]
            if " " < sign < "\x7f":  # nearly always; a search costs more
                return sign
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if self._whole:
                return ""
            self._more()

    def _value(self) -> tuple[Any, int, int]:
        """Read the value that begins at the next character, and return it with its place in the text."""
        self._peek()
        while True:
            try:
                value, end = _scan(self._text, self._at)
                near = end >= len(self._text)  # a number may go on
                problem = ""
            except json.JSONDecodeError as error:
                near = error.pos >= len(self._text) - _NEAR or error.msg.startswith("Unterminated")
                value, end, problem = None, 0, error.msg.removesuffix(" at")
            except ValueError as error:
                value, end, near, problem = None, 0, False, str(error)
            if self._whole or not near:
                break
            if len(self._text) - self._at > MAX_ITEM:
                problem = f"a value larger than {MAX_ITEM} characters"
                break
            self._more()
        if problem:
            raise self._damage(problem)
        begin, self._at = self._at, end
        return value, begin, end

    def _more(self) -> None:
        data = self._stream.read(_PIECE)
        self._whole = not data  # less than was asked for comes before damage, too
        self._text = self._text[self._at :] + self._decoder.decode(data, final=self._whole)
        self._at = 0

    def _damage(self, problem: str) -> DamagedError:
        rest = clean(self._text[self._at : self._at + 60])
        where = f"behind item {self._number}" if self._number else "before its first item"
        if self._whole and not rest.strip():
            return DamagedError(f"{self._stream.label} breaks off {where}; fetch it again")
        return DamagedError(f"{self._stream.label} is no JSON {where}: {problem}, at {rest!r}; fetch or mend it")


def _shapes(head: Head) -> tuple[Shape, ...]:
    if b"{" not in head.data:
        return ()
    text = head.data.decode("utf-8", "replace").lstrip(" \t\r\n\ufeff\x1e")
    found: dict[Path, list[Any]] = {}
    lines = _line_samples(text, head.whole)
    if not lines and text[:1] not in ("{", "["):
        return ()
    top = list(_values(text, head.whole)) if text[:1] in ("{", "[") else lines
    for value in top:
        _look(value, (), found)
    result = [Shape(path, False, tuple(samples)) for path, samples in found.items()]
    if lines:
        result.insert(0, Shape((), True, tuple(lines)))
    elif top and type(top[0]) is dict:
        result.insert(0, Shape((), False, tuple(top)))
    return tuple(result)


def _line_samples(text: str, whole: bool) -> list[Any]:
    """Return the first objects that stand on lines of their own; none where most of the first lines are no objects."""
    lines = text.split("\n", 2 * _SAMPLES)
    if not whole or len(lines) > 2 * _SAMPLES:
        lines.pop()
    tried = [line.strip(" \t\r\ufeff\x1e") for line in lines if line.strip()]
    good = []
    for line in tried:
        try:
            value, end = _scan(line, 0)
        except ValueError:
            continue
        if type(value) is dict and end == len(line):
            good.append(value)
    return good[:_SAMPLES] if 2 * len(good) >= len(tried) else []


def _values(text: str, whole: bool) -> Iterator[Any]:
    """Yield the first values at the top of a document, of one that is cut short what there is of it."""
    at = 0
    for _ in range(_SAMPLES):
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            return
        try:
            value, at = _scan(text, at)
        except ValueError as error:
            rest = _closed(text[at : getattr(error, "pos", None)])
            if rest is not None:
                yield rest
            return
        yield value


def _closed(text: str) -> Any:
    """Return the value that begins here without what is broken or missing at its end; None where nothing is left."""
    open_: list[str] = []
    cuts: list[tuple[int, str]] = []
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("{", "["):
            open_.append("}" if sign == "{" else "]")
        elif sign in ("}", "]"):
            if not open_ or open_.pop() != sign:
                break
        elif sign == "," and len(open_) <= _DEPTH + 2:
            cuts = [*cuts[-2:], (token.start(), "".join(reversed(open_)))]
    for place, ends in reversed(cuts):
        try:
            return _scan(text[:place] + ends, 0)[0]
        except ValueError:
            continue
    return None


def _look(value: Any, path: Path, found: dict[Path, list[Any]]) -> None:
    """Collect the first elements of every array, by where it stands."""
    if len(path) > _DEPTH:
        return
    if type(value) is list:
        inner = (*path, None)
        if inner not in found and len(found) >= _PLACES:
            return
        samples = found.setdefault(inner, [])
        for element in value[:_SAMPLES]:
            if len(samples) < _SAMPLES:
                samples.append(element)
            _look(element, inner, found)
    elif type(value) is dict:
        for key, element in value.items():
            if type(element) in (list, dict):
                _look(element, (*path, key), found)
