"""Text in pieces of whole lines: bounded in bytes and in lines, however long the file or its lines are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stsdetect.kernels.choice import compiled
from stsdetect.readers.header import Header
from stsdetect.readers.protocol import DamagedError
from stsdetect.readers.source import MAX_LINE_BYTES
from stsdetect.readers.unpack import ByteStream

#: Text is parsed in pieces of this size [bytes]: large enough to be fast, small enough for memory.
BLOCK_BYTES = 1 << 24
#: ... without the compiled scanner, smaller ones do as well, and what is made of them takes more memory.
SMALL_BLOCK_BYTES = 1 << 22
#: A piece of more lines than this, or of lines shorter than any row [bytes], is cut into smaller ones: each rejected
#: line takes memory of its own.
MAX_LINES, SHORT_LINE_BYTES, FEW_LINES = 1 << 19, 30, 1 << 16
_SEARCH_BYTES = 1 << 16

Rows = NDArray[np.int64]


def text_blocks(stream: ByteStream, skip: int = 0) -> Iterator[bytes]:
    """Yield the bytes of a stream after ``skip`` in pieces of whole lines, not many at a time."""
    for data in _whole_lines(stream, skip, []):
        for part, _ in _cut(data, FEW_LINES):
            yield part.tobytes()


def _whole_lines(stream: ByteStream, skip: int, spare: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield what `text_blocks` does, uncopied; what callers put into ``spare`` is written over."""
    while skip > 0:
        passed = len(stream.read(min(skip, BLOCK_BYTES)))
        skip = skip - passed if passed else 0
    rest = np.empty(0, np.uint8)
    least = BLOCK_BYTES if compiled("scan") else min(BLOCK_BYTES, SMALL_BLOCK_BYTES)
    ended = False
    while not ended:
        size = max(least, 2 * len(rest))
        data = spare.pop() if spare else np.empty(size, np.uint8)
        data = data[:size] if len(data) >= size else np.empty(size, np.uint8)
        data[: len(rest)] = rest
        room = len(data)
        got = stream.read_into(data[len(rest) :])
        if not got:
            break
        damage, more = None, b""
        if len(rest) + got < room:
            try:
                more = stream.read(1)  # fewer bytes come at the end, and before damage
                ended = not more
            except DamagedError as problem:
                damage = problem
        if ended and not stream.grew and data[len(rest) + got - 1] != 10:  # the last line ends with the file
            data[len(rest) + got] = 10
            got += 1
        data = data[: len(rest) + got]
        cut = _behind_last_newline(data)
        rest = np.append(data[cut:], np.frombuffer(more, np.uint8))
        if cut:
            yield data[:cut]
        if damage is not None:
            raise damage
        if len(rest) > MAX_LINE_BYTES:
            raise DamagedError(f"{stream.label} has a line longer than {MAX_LINE_BYTES} bytes; it is no text table")
    if len(rest) and not stream.grew:  # of a file that is being written, the last line may not be whole
        yield np.append(rest, np.uint8(10))


def _behind_last_newline(data: NDArray[np.uint8]) -> int:
    """Return how many bytes there are up to the last newline and with it; 0 where there is none."""
    for end in range(len(data), 0, -_SEARCH_BYTES):
        begin = max(end - _SEARCH_BYTES, 0)
        found = data[begin:end].tobytes().rfind(b"\n")
        if found >= 0:
            return begin + found + 1
    return 0


@dataclass(frozen=True)
class Block:
    """Whole lines of a file: the number of the first, how many, and their bytes; ``lines`` where some are left out."""

    first: int
    count: int
    data: bytes | NDArray[np.uint8]
    lines: Rows | None = None

    def numbers(self) -> Rows:
        """Return the number of each line."""
        return np.arange(self.first, self.first + self.count) if self.lines is None else self.lines


def numbered_blocks(
    stream: ByteStream, header: Header, spare: list[NDArray[np.uint8]] | None = None
) -> Iterator[Block]:
    """Yield what stands below the header; arrays of bytes in ``spare`` are used again."""
    row = header.row + 1
    for data in _whole_lines(stream, header.end, [] if spare is None else spare):
        fast = compiled("scan")
        count = fast.newlines(data) if fast else data.tobytes().count(b"\n")
        few = count <= MAX_LINES and (count <= FEW_LINES or count * SHORT_LINE_BYTES <= len(data))
        for part, lines in [(data, count)] if few else _cut(data, FEW_LINES):
            yield Block(row, lines, part)
            row += lines


def _cut(data: NDArray[np.uint8], most: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Yield whole lines in pieces of at most ``most``, each with its number of lines."""
    ends = np.flatnonzero(data == 10)[most - 1 :: most] + 1
    begin = 0
    for end in [*ends.tolist(), len(data)]:
        if end > begin:
            part = data[begin:end].copy()
            yield part, int(np.count_nonzero(part == 10))
        begin = end
