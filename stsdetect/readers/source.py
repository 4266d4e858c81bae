"""Files, folders, globs and archives: find them, open them, look at how they begin."""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import os
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stsdetect.errors import InputError
from stsdetect.readers.convert import sound
from stsdetect.readers.protocol import DamagedError

#: How much of a file is looked at to recognise it [bytes].
HEAD_BYTES = 1 << 18
#: Most files beside one that are looked at for what belongs to it.
MAX_BESIDE = 20
#: A line longer than this is no line of any AIS export; reading on would fill the memory [bytes].
MAX_LINE_BYTES = 1 << 24
#: First bytes of each container: RFC 1952, APPNOTE 4.3.7, RFC 8878, Apache Parquet file format.
GZIP, ZIP, ZSTD, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"PAR1"
_EMPTY_ZIP = b"PK\x05\x06"
#: What stands for the first bytes of a folder that is a geodatabase; no text, and the start of no file.
GEODATABASE = b"\x00geodatabase"
#: Every file geodatabase holds this table of its tables (reverse-engineered specification by E. Rouault, "FGDB Spec").
_CATALOGUE = "a00000001.gdbtable"
#: Byte-order marks of text that is not UTF-8 (The Unicode Standard, 23.8).
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Tick = Callable[[int], None]
_T = TypeVar("_T")
_BROKEN = (OSError, EOFError, zlib.error, pa.ArrowException, zipfile.BadZipFile, RuntimeError, NotImplementedError)


class _Counted(io.RawIOBase):
    """A raw stream that tells how many bytes were taken from it."""

    def __init__(self, raw: Any, tick: Tick | None) -> None:
        self._raw, self._tick, self._done = raw, tick, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = int(self._raw.readinto(buffer))
        self._done += size
        if self._tick:
            self._tick(self._done)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


def recoded_remark(encoding: str) -> str:
    """Return what is said of a file that was not UTF-8."""
    return f"text in {encoding.upper()}, turned into UTF-8"


class _Recoded:
    """Text of another encoding as UTF-8; what cannot be decoded becomes U+FFFD."""

    def __init__(self, inner: Any, encoding: str) -> None:
        self._inner, self._rest = inner, b""
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            data = self._inner.read(1 << 20)
            self._rest += self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def close(self) -> None:
        self._inner.close()


class ByteStream:
    """Unpacked bytes of one source; a damaged container raises `DamagedError` with its name.

    Text that begins with the byte-order mark of UTF-16, or is said to be of another ``encoding``, comes as UTF-8.
    """

    def __init__(self, raw: IO[bytes], label: str, tick: Tick | None = None, encoding: str | None = None) -> None:
        self.label = label
        self._file = isinstance(raw, io.FileIO)
        self._raw = raw
        self._inner: Any = io.BufferedReader(_Counted(raw, tick), 1 << 20)
        try:
            magic = self._guard(lambda: self._inner.peek(4)[:4])
            self.packed = magic.startswith(GZIP) or magic == ZSTD
            if magic.startswith(GZIP):
                self._inner = gzip.GzipFile(fileobj=self._inner)
            elif magic == ZSTD:
                self._inner = io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(self._inner, mode="r"), "zstd"))
            self.encoding = encoding or self._guard(lambda: _MARKS.get(self._inner.peek(2)[:2]))
        except DamagedError:
            raw.close()
            raise
        if self.encoding:
            self._file = False
            self._inner = _Recoded(self._inner, self.encoding)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end."""
        parts: list[bytes] = []
        while size > 0:
            part = self._guard(partial(self._inner.read, min(size, 1 << 24)))
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, room: NDArray[np.uint8]) -> int:
        """Fill an array with what comes next and return how many bytes came, fewer than it holds only at the end."""
        if self.packed or not self._file:
            data = self.read(len(room))
            room[: len(data)] = np.frombuffer(data, np.uint8)
            return len(data)
        done = 0
        while done < len(room):
            got = self._guard(partial(self._inner.readinto, room.data[done:]))
            if not got:
                break
            done += got
        return done

    def _guard(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except _BROKEN as problem:
            raise DamagedError(
                f"{self.label} is damaged or cut short ({problem or type(problem).__name__}); fetch it again"
            ) from problem

    def close(self) -> None:
        """Close the file."""
        self._inner.close()
        self._raw.close()


@dataclass(frozen=True)
class Head:
    """The first unpacked bytes of a source."""

    label: str
    data: bytes
    whole: bool
    #: Reads the schema at the end of a Parquet file.
    schema: Callable[[], pa.Schema] | None = None
    #: What the bytes were before they became UTF-8, where they were not.
    encoding: str | None = None
    #: What GDAL opens, where this is a geodatabase.
    database: str | None = None
    _seen: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def look(self, how: Callable[[Head], _T]) -> _T:
        """Return ``how(self)``, worked out once: every layout asks the same of a head."""
        if how not in self._seen:
            self._seen[how] = how(self)
        return self._seen[how]  # type: ignore[no-any-return]

    def recoded(self, encoding: str) -> Head:
        """Return the same head with its bytes read in another encoding, as UTF-8; worked out once."""
        if encoding not in self._seen:
            data = self.data.decode(encoding, "replace").encode("utf-8")
            self._seen[encoding] = Head(self.label, data, self.whole, None, encoding)
        return self._seen[encoding]  # type: ignore[no-any-return]

    @cached_property
    def parquet_columns(self) -> list[str]:
        """Column names where this is a Parquet file, else empty."""
        if not self.data.startswith(PARQUET) or self.schema is None:
            return []
        try:
            return list(self.schema().names)
        except UnicodeDecodeError as problem:
            raise DamagedError(
                f"{self.label} is damaged: a column has a name that is no text; fetch it again"
            ) from problem


@dataclass(frozen=True)
class Source:
    """One file, or one member of an archive, that may hold AIS.

    ``origin`` is the input it was found through; ``alone`` says that the user named this very file, and ``alike`` that
    blocks are wanted in the form of `readers.alike`.
    """

    path: str
    member: str | None
    size: int
    origin: str
    alone: bool
    #: Encoding of the text where it is not UTF-8 and has no byte-order mark.
    encoding: str | None = None
    #: Whether it is a folder of files, or of members, that are one file geodatabase.
    is_database: bool = False
    tick: Tick | None = field(default=None, compare=False, repr=False)
    alike: bool = field(default=False, compare=False, repr=False)

    @property
    def label(self) -> str:
        """``path`` or ``path!member``, as in the column ``source_file``."""
        return self.path if self.member is None else f"{self.path}!{self.member}"

    def beside(self, prefix: str) -> list[Source]:
        """Return files of its folder, or members of its archive folder, whose name begins so, case aside; sorted."""
        try:
            if self.member is None:
                folder = os.path.dirname(self.path) or "."
                names = sorted(name for name in os.listdir(folder) if name.casefold().startswith(prefix))
                paths = [os.path.join(os.path.dirname(self.path), name) for name in names]
                found = [source for path in paths if os.path.isfile(path) for source in _members(path, "")]
            else:
                folder = self.member.rpartition("/")[0]
                found = [
                    source
                    for source in _members(self.path, "")
                    if source.member
                    and source.member.rpartition("/")[0] == folder
                    and source.member.rpartition("/")[2].casefold().startswith(prefix)
                ]
        except OSError as problem:
            raise InputError(f"{self.label} cannot be read: {problem.strerror or problem}") from problem
        return [source for source in found if source.label != self.label][:MAX_BESIDE]

    def open(self) -> ByteStream:
        """Open it for reading, unpacked; ``tick`` is told how many packed bytes have been read."""
        try:
            if self.member is None:
                return ByteStream(open(self.path, "rb", buffering=0), self.label, self.tick, self.encoding)
            archive = zipfile.ZipFile(self.path)
            return ByteStream(archive.open(self.member), self.label, self.tick, self.encoding)
        except OSError as problem:
            raise InputError(f"{self.label} cannot be read: {problem.strerror or problem}") from problem
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError) as problem:
            raise DamagedError(f"{self.label} cannot be unpacked: {problem}") from problem

    def head(self) -> Head:
        """Look at its first bytes."""
        if self.is_database:
            inside = self.path if self.member is None else f"/vsizip/{{{os.path.abspath(self.path)}}}/{self.member}"
            return Head(self.label, GEODATABASE, True, database=inside)
        stream = replace(self, tick=None).open()
        try:
            data = stream.read(HEAD_BYTES)
        finally:
            stream.close()
        return Head(self.label, data, len(data) < HEAD_BYTES, lambda: self.parquet().schema_arrow, stream.encoding)

    def parquet(self) -> pq.ParquetFile:
        """Open it as Parquet; a packed one is unpacked in memory, because its schema stands at the end."""
        return self._guard(lambda: self._open_parquet()())

    def _open_parquet(self) -> Callable[..., pq.ParquetFile]:
        """Return what opens it as Parquet, any number of times."""
        stream = self.open()
        try:
            if self.member is None and not stream.packed:
                return partial(pq.ParquetFile, self.path)
            data = pa.py_buffer(stream.read(1 << 62))
            return lambda **known: pq.ParquetFile(pa.BufferReader(data), **known)
        finally:
            stream.close()

    def parquet_batches(self, columns: list[str], rows: int) -> Iterator[pa.Table]:
        """Yield chosen columns of a Parquet source, at most ``rows`` rows at a time."""
        try:
            file = self.parquet()
            whole, done = max(file.metadata.num_rows, 1), 0
            for batch in file.iter_batches(rows, columns=columns):
                done += batch.num_rows
                if self.tick:
                    self.tick(self.size * done // whole)
                yield sound(pa.table(batch))
        except (OSError, pa.ArrowException) as problem:
            raise DamagedError(f"{self.label} is damaged or cut short ({problem}); fetch it again") from problem

    def parquet_parts(self, columns: list[str], rows: int) -> Iterator[tuple[int, Callable[[], pa.Table]]]:
        """Yield parts of a Parquet source in order: the number of the first row, and what reads the part.

        Row groups of up to ``rows`` rows together are one part, read when asked for, in any thread. A group of more
        rows than two parts is read here, piece by piece. What a file says of its columns is not looked at: where
        that is damaged, pyarrow ends the process instead of raising an error, and it may be wrong.
        """
        opener = self._guard(self._open_parquet)
        file = self._guard(opener)
        meta, local = file.metadata, threading.local()

        def load(groups: list[int]) -> pa.Table:
            if not hasattr(local, "file"):  # one for each thread: a reader is not made for two at once
                local.file = opener(metadata=meta)
            return sound(local.file.read_row_groups(groups, columns=columns, use_threads=False))

        first = 1
        for groups, count in _together([meta.row_group(i).num_rows for i in range(meta.num_row_groups)], rows):
            if count <= 2 * rows:
                yield first, partial(self._guard, partial(load, groups))
            else:
                batches, done = file.iter_batches(rows, row_groups=groups, columns=columns), 0
                while (batch := self._guard(partial(next, batches, None))) is not None:
                    yield first + done, partial(self._guard, partial(sound, pa.table(batch)))
                    done += batch.num_rows
            first += count
            if self.tick:
                self.tick(self.size * (first - 1) // max(meta.num_rows, 1))

    def _guard(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except (OSError, pa.ArrowException) as problem:
            raise DamagedError(f"{self.label} is damaged or cut short ({problem}); fetch it again") from problem


def _together(counts: list[int], most: int) -> Iterator[tuple[list[int], int]]:
    """Yield neighbours of up to ``most`` rows together, or one alone, and how many rows they have."""
    groups: list[int] = []
    held = 0
    for group, count in enumerate(counts):
        if held and held + count > most:
            yield groups, held
            groups, held = [], 0
        if count:
            groups.append(group)
            held += count
    if held:
        yield groups, held


def expand(inputs: Iterable[str | Path]) -> list[Source]:
    """Turn files, folders and globs into sources: sorted, each file once, hidden files left out.

    Raises
    ------
    InputError
        If an input does not exist or an archive cannot be opened.
    """
    found: list[Source] = []
    seen: set[str] = set()
    for item in inputs:
        origin = os.fspath(item)
        for path in _paths(origin):
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                found.extend(_members(path, origin))
    return found


def _is_database(path: str) -> bool:
    return path.rstrip(os.sep).casefold().endswith(".gdb") and os.path.isfile(os.path.join(path, _CATALOGUE))


def _paths(origin: str) -> list[str]:
    if _is_database(origin):
        return [origin]
    if os.path.isdir(origin):
        paths = []
        for folder, folders, names in os.walk(origin):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            databases = [name for name in folders if _is_database(os.path.join(folder, name))]
            folders[:] = [name for name in folders if name not in databases]
            paths += [os.path.join(folder, name) for name in (*names, *databases) if not name.startswith(".")]
        paths = [path for path in paths if os.path.isfile(path) or _is_database(path)]
        if not paths:
            raise InputError(f"folder {origin} holds no files")
        return sorted(paths)
    if os.path.isfile(origin):
        return [origin]
    if os.path.exists(origin):
        raise InputError(f"{origin} is not a regular file; it is read more than once, so save it to one first")
    if glob.has_magic(origin):
        found = sorted(glob.glob(origin, recursive=True))
        whole = {path for path in found if _is_database(path)}
        paths = [
            path for path in found if path in whole or (os.path.isfile(path) and os.path.dirname(path) not in whole)
        ]
        if paths:
            return paths
        raise InputError(f"no file matches {origin}")
    near = os.path.dirname(origin) or "."
    hint = "" if os.path.isdir(near) else f"; folder {near} does not exist either"
    raise InputError(f"{origin} does not exist{hint}")


def _members(path: str, origin: str) -> list[Source]:
    alone = path == origin
    if os.path.isdir(path):
        names = sorted(os.listdir(path))
        size = sum(os.path.getsize(os.path.join(path, name)) for name in names)
        return [Source(path, None, size, origin, alone, is_database=True)]
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            magic = file.read(4)
        if magic not in (ZIP, _EMPTY_ZIP):
            return [Source(path, None, size, origin, alone)]
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if _wanted(info)]
    except OSError as problem:
        if not alone:  # one of many: it fails again when opened, and is reported as passed over
            return [Source(path, None, 0, origin, alone)]
        raise InputError(f"{path} cannot be read: {problem.strerror or problem}") from problem
    except zipfile.BadZipFile:
        # Not listable: opened as a plain file it fails with its name, or is passed over in a folder.
        return [Source(path, None, size, origin, alone)]
    if not infos and alone:
        raise InputError(f"{path} is an empty archive")
    databases = {name.rpartition("/")[0]: 0 for info in infos if (name := info.filename).endswith(f".gdb/{_CATALOGUE}")}
    files = []
    for info in infos:
        folder = info.filename.rpartition("/")[0]
        if folder in databases:
            databases[folder] += info.compress_size
        else:
            files.append(info)
    only = alone and len(files) + len(databases) == 1
    return [
        *(Source(path, name, size, origin, only, is_database=True) for name, size in databases.items()),
        *(Source(path, info.filename, info.compress_size, origin, only) for info in files),
    ]


def _wanted(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.split("/")
    return not info.is_dir() and parts[0] != "__MACOSX" and not parts[-1].startswith(".")
