"""Bytes of files and archive members, unpacked as they are read: never all at once, and never without a limit."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.readers.protocol import DamagedError

#: First bytes of each container: RFC 1952, APPNOTE 4.3.7, RFC 8878, Apache Parquet file format.
GZIP, ZIP, ZSTD, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"PAR1"
#: First bytes of a part of Zstandard data that holds none (RFC 8878, 3.1.2); parallel packers begin with one.
_SKIPPABLE = b"\x2a\x4d\x18"
#: Byte-order marks of text that is not UTF-8 (The Unicode Standard, 23.8); the longer ones begin like the others.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: AIS packs to a tenth or a thirtieth. What unpacks to more than this many times its size, and to more than this
#: [bytes], was made to fill memory, disks or time.
MAX_RATIO = 200
MAX_UNJUDGED_BYTES = 1 << 26
#: How much is unpacked at once [bytes]: little, because what stands before damage in the same piece can be lost.
_PIECES = {"gzip": 1 << 16, "zstd": 1 << 12}
_PEEK_BYTES = 1 << 16

Tick = Callable[[int], None]
_T = TypeVar("_T")
BROKEN = (OSError, EOFError, zlib.error, pa.ArrowException, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def open_regular(path: str | Path) -> io.FileIO:
    """Open a regular file for reading; never waits, as opening a FIFO does.

    Raises
    ------
    OSError
        If it cannot be opened, or is a FIFO, a socket, a device or a folder.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    if os.path.isdir(path):
        raise OSError(0, "it is a folder behind a link, or one that cannot be listed; name what it holds")
    file = io.FileIO(os.fspath(path), "rb", opener=opener)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(0, "it is no regular file; save what it gives to one first")
    return file


class _Counted(io.RawIOBase):
    """A raw stream that tells how many bytes were taken from it, and ends where it is told to.

    Where ``last`` says how long it is, the last byte comes by itself: a wrong checksum is found with it.
    """

    def __init__(self, raw: Any, tick: Tick | None, end: int | None, last: int | None) -> None:
        self._raw, self._tick, self._end, self._last, self.done = raw, tick, end, last, 0
        # One piece of an archive member at a time, so that damage in the next does not cost it.
        self._take: Callable[[Any], int] = getattr(raw, "readinto1", raw.readinto)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        room = len(buffer)
        if self._end is not None:
            room = min(room, self._end - self.done)
        if self._last is not None and self.done < self._last - 1:
            room = min(room, self._last - 1 - self.done)
        size = int(self._take(memoryview(buffer)[: max(room, 0)]))
        self.done += size
        if self._tick:
            self._tick(self.done)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Recoded:
    """Text of another encoding as UTF-8; what cannot be decoded becomes U+FFFD."""

    def __init__(self, inner: Any, encoding: str) -> None:
        self._inner, self._rest = inner, b""
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read1(self, size: int) -> bytes:
        while not self._rest:
            data = self._inner.read1(1 << 16)
            self._rest = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def close(self) -> None:
        self._inner.close()


class _Relined:
    """Text whose lines end with carriage returns alone, with newlines."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read1(self, size: int) -> bytes:
        return bytes(self._inner.read1(size)).replace(b"\r", b"\n")

    def close(self) -> None:
        self._inner.close()


class ByteStream:
    """Unpacked bytes of one source; a damaged container raises `DamagedError` with its name.

    All that could be read before the damage is given out first. Text that begins with the byte-order mark of UTF-16
    or UTF-32, or is said to be of another ``encoding``, comes as UTF-8, and lines that end with a carriage return
    alone end with newlines.

    Parameters
    ----------
    end
        Where to stop in ``raw`` [bytes], None for its end.
    member
        What an archive says of the member that ``raw`` unpacks.
    """

    def __init__(
        self,
        raw: IO[bytes],
        label: str,
        tick: Tick | None = None,
        encoding: str | None = None,
        *,
        end: int | None = None,
        member: zipfile.ZipInfo | None = None,
    ) -> None:
        self.label = label
        self._file = isinstance(raw, io.FileIO)
        self._raw, self._member, self._given, self._end = raw, member, 0, end
        self._broken: DamagedError | None = None
        self._piece = 1 << 20
        self._counted = _Counted(raw, tick, end, member.file_size if member else None)
        self._inner: Any = io.BufferedReader(self._counted, 1 << 20)
        try:
            self._unpack()
            marked = self._guard(self._marked)
            self.encoding = encoding or marked
            self.relined = marked is None and self._guard(self._has_lone_returns)
        except DamagedError:
            raw.close()
            raise
        if self.relined:
            self._inner = _Relined(self._inner)
        if self.encoding:
            self._inner = _Recoded(self._inner, self.encoding)
        self._file = self._file and not (self.encoding or self.relined)

    def _unpack(self) -> None:
        magic = self._guard(lambda: self._inner.peek(4)[:4])
        zstd = magic == ZSTD or (magic[1:] == _SKIPPABLE and magic[0] >> 4 == 5)
        self.packed = magic.startswith(GZIP) or zstd
        if magic.startswith(GZIP):
            self._inner = gzip.GzipFile(fileobj=self._inner)
            self._piece = _PIECES["gzip"]
        elif zstd:
            unpacked = pa.CompressedInputStream(pa.PythonFile(self._inner, mode="r"), "zstd")
            self._inner = io.BufferedReader(unpacked, _PIECES["zstd"])
            self._piece = _PIECES["zstd"]

    def _marked(self) -> str | None:
        first = self._inner.peek(4)
        return next((name for mark, name in _MARKS.items() if first.startswith(mark)), None)

    def _has_lone_returns(self) -> bool:
        first = self._inner.peek(_PEEK_BYTES)[:_PEEK_BYTES]
        if b"\n" in first or first.startswith(PARQUET) or b"\x00" in first:
            return False
        return b"\r" in first[:-1]  # the last may belong to a newline behind it

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end or before damage."""
        parts: list[bytes] = []
        while size > 0 and self._goes_on(bool(parts)):
            part = self._step(partial(self._inner.read1, min(size, self._piece)), bool(parts))
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self._given += len(part)
            self._weigh()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, room: NDArray[np.uint8]) -> int:
        """Fill an array with what comes next and return how many bytes came, fewer only at the end or before damage."""
        if self.packed or not self._file:
            data = self.read(len(room))
            room[: len(data)] = np.frombuffer(data, np.uint8)
            return len(data)
        done = 0
        while done < len(room) and self._goes_on(bool(done)):
            got = self._step(partial(self._inner.readinto, room.data[done:]), bool(done))
            if not got:
                break
            done += got
        return done

    @property
    def grew(self) -> bool:
        """Whether a plain file is longer now than it was when it was found."""
        try:
            return self._file and self._end is not None and os.fstat(self._raw.fileno()).st_size > self._end
        except (OSError, ValueError):
            return False

    def _goes_on(self, some: bool) -> bool:
        """Say whether there is more to read; damage met before is told now, unless there is something to give."""
        if self._broken is None:
            return True
        if some:
            return False
        raise self._broken

    def _step(self, action: Callable[[], _T], some: bool) -> _T | None:
        """Read on; where that fails and there is something to give out, keep the error for the next time."""
        try:
            return self._guard(action)
        except DamagedError as problem:
            self._broken = problem
            if some:
                return None
            raise

    def _weigh(self) -> None:
        """Stop where far more comes out than AIS can hold."""
        if self._given <= MAX_UNJUDGED_BYTES or not (self.packed or self._member):
            return
        packed = self._member.compress_size if self._member else self._counted.done
        if self._given > MAX_RATIO * packed:
            self._broken = DamagedError(
                f"{self.label} unpacks to more than {MAX_RATIO} times its size, as no AIS does; reading stopped after "
                f"{self._given:,} bytes. If it is AIS all the same, unpack it first"
            )

    def _guard(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except BROKEN as problem:
            reason = str(problem) or "its data end early"
            raise DamagedError(f"{self.label} is damaged or cut short ({reason}); fetch it again") from problem

    def close(self) -> None:
        """Close the file."""
        self._inner.close()
        self._raw.close()
