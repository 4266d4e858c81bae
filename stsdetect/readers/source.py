"""A file or a member of an archive: open it, look at how it begins, read it as Parquet."""

from __future__ import annotations

import os
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stsdetect.errors import InputError, shown
from stsdetect.readers.convert import sound
from stsdetect.readers.protocol import DamagedError
from stsdetect.readers.unpack import GZIP, PARQUET, ZIP, ZSTD, Tick, open_regular
from stsdetect.readers.unpack import ByteStream as ByteStream
from stsdetect.readers.zips import ZipArchive

#: How much of a file is looked at to recognise it [bytes].
HEAD_BYTES = 1 << 18
#: A line longer than this is no line of any AIS export; reading on would fill the memory [bytes].
MAX_LINE_BYTES = 1 << 24
#: What stands for the first bytes of a folder that is a geodatabase; no text, and the start of no file.
GEODATABASE = b"\x00geodatabase"
#: A packed Parquet file longer than this is unpacked to the disk [bytes].
MAX_PARQUET_IN_MEMORY = 1 << 26
#: A Parquet file of more rows than this and less than a byte for each was made to fill memory, and so was a piece
#: longer than this [bytes] with more than so many bytes for each row: they are not read.
MAX_ROWS_OF_LITTLE, MAX_GROUP_BYTES, MAX_TEXT_BYTES = 2_000_000, 1 << 27, 1 << 14
#: Device, number, size [bytes] and time of change [ns] of a file.
Stamp = tuple[int, int, int, int]
_T = TypeVar("_T")


def recoded_remark(encoding: str) -> str:
    """Return what is said of a file that was not UTF-8."""
    return f"text in {encoding.upper()}, turned into UTF-8"


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
    #: What people should know of how it was read.
    remarks: tuple[str, ...] = ()
    #: Reads at the end of a Parquet file how many rows it says it has.
    rows: Callable[[], int] | None = None
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
            schema = self.schema()
            for kind in filter(pa.types.is_timestamp, schema.types):
                kind.tz  # noqa: B018 - decoded when it is asked for
            return list(schema.names)
        except UnicodeDecodeError as problem:
            raise DamagedError(
                f"{self.label} is damaged: a column has a name or a time zone that is no text; fetch it again"
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
    #: The archive of a member, and what it says of it.
    archive: ZipArchive | None = field(default=None, compare=False, repr=False)
    info: zipfile.ZipInfo | None = field(default=None, compare=False, repr=False)
    #: What told the file from others when it was found: device, number, size [bytes] and time of change [ns].
    found: Stamp | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """``path`` or ``path!member``, as `shown`, as in the column ``source_file``."""
        return shown(self.path) if self.member is None else f"{shown(self.path)}!{self.member}"

    def open(self) -> ByteStream:
        """Open it for reading, unpacked; ``tick`` is told how many packed bytes have been read.

        A file is read as far as it went when it was found, however it grows.
        """
        try:
            if self.archive is None or self.info is None:
                return self._open_file()
            member = self.archive.open(self.info)
            return ByteStream(member, self.label, self.tick, self.encoding, member=self.info)
        except OSError as problem:
            raise InputError(f"{self.label} cannot be read: {problem.strerror or problem}") from problem
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as problem:
            raise DamagedError(f"{self.label} cannot be unpacked: {problem}; unpack it by other means") from problem

    def _open_file(self) -> ByteStream:
        file = open_regular(self.path)
        if self.found is None:
            return ByteStream(file, self.label, self.tick, self.encoding)
        if stamp(os.fstat(file.fileno()))[:2] != self.found[:2]:
            file.close()
            raise DamagedError(f"{self.label} was replaced by another file while it was read; read it again")
        return ByteStream(file, self.label, self.tick, self.encoding, end=self.found[2])

    def head(self) -> Head:
        """Look at its first bytes.

        Raises
        ------
        InputError
            If it cannot be read, or holds a further archive.
        """
        if self.is_database:
            if shown(self.path) != self.path:
                raise InputError(f"{self.label} has a name that is not UTF-8, which GDAL does not open; rename it")
            inside = self.path if self.member is None else f"/vsizip/{{{os.path.abspath(self.path)}}}/{self.member}"
            return Head(self.label, GEODATABASE, True, database=inside)
        stream = replace(self, tick=None).open()
        try:
            data = stream.read(HEAD_BYTES)
        finally:
            stream.close()
        if data.startswith(ZIP) and self.archive is None and not stream.packed:
            raise DamagedError(f"{self.label} is a zip archive that is damaged or cut short; fetch it again")
        if data.startswith((ZIP, GZIP, ZSTD)):
            raise InputError(f"{self.label} is packed more than once; unpack it first")
        remarks = ("lines end with a carriage return alone",) if stream.relined else ()
        end = cache(self._parquet_end)
        whole = len(data) < HEAD_BYTES
        schema, rows = lambda: end()[0], lambda: end()[1]
        return Head(self.label, data, whole, schema, stream.encoding, remarks=remarks, rows=rows)

    def _parquet_end(self) -> tuple[pa.Schema, int]:
        file = self.parquet()
        return file.schema_arrow, file.metadata.num_rows

    def changed(self) -> str | None:
        """Say what became of the file since it was found, None where it is the same."""
        if self.found is None:
            return None
        try:
            now = stamp(os.stat(self.path))
        except OSError:
            return "the file was removed or cannot be reached any more since reading began"
        if now[:2] != self.found[:2]:
            return "the file was replaced by another while it was read; read it again"
        if now[2] > self.found[2]:
            return f"the file grew while it was read: read to byte {self.found[2]:,}, up to the last whole line"
        if now[2] < self.found[2]:
            return "the file became shorter while it was read; read it again"
        if now[3] != self.found[3]:
            return "the file was written to while it was read; read it again"
        return None

    def parquet(self) -> pq.ParquetFile:
        """Open it as Parquet; a packed one is unpacked in memory, because its schema stands at the end."""
        return self._guard(lambda: self._open_parquet()())

    def _open_parquet(self) -> Callable[..., pq.ParquetFile]:
        """Return what opens it as Parquet, any number of times."""
        stream = self.open()
        try:
            if self.member is None and not stream.packed:
                path = os.fsencode(self.path)  # pyarrow takes names as bytes here, and here alone
                return lambda **known: pq.ParquetFile(pa.OSFile(path), **known)
            data = stream.read(MAX_PARQUET_IN_MEMORY)
            if len(data) < MAX_PARQUET_IN_MEMORY:
                stream.read(1)  # fewer bytes come at the end, and before damage, which this tells
                whole = pa.py_buffer(data)
                return lambda **known: pq.ParquetFile(pa.BufferReader(whole), **known)
            # It goes from the disk when nothing refers to it any more.
            aside = tempfile.NamedTemporaryFile(prefix="stsdetect-", suffix=".parquet")  # noqa: SIM115
            while data:
                aside.write(data)
                data = stream.read(MAX_PARQUET_IN_MEMORY)
            aside.flush()
            return lambda **known: pq.ParquetFile(aside.name, **known)
        finally:
            stream.close()

    def parquet_batches(self, columns: list[str], rows: int) -> Iterator[pa.Table]:
        """Yield chosen columns of a Parquet source, at most ``rows`` rows at a time."""
        try:
            opener = self._open_parquet()
            file = opener(read_dictionary=self._checked_texts(opener(), columns))
            whole, done = max(file.metadata.num_rows, 1), 0
            for batch in file.iter_batches(rows, columns=columns):
                done += batch.num_rows
                if self.tick:
                    self.tick(self.size * done // whole)
                yield _sound(pa.table(batch), self.label)
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
        texts = self._guard(partial(self._checked_texts, file, columns))
        file = self._guard(partial(opener, read_dictionary=texts))
        meta, local = file.metadata, threading.local()

        def load(groups: list[int]) -> pa.Table:
            if not hasattr(local, "file"):  # one for each thread: a reader is not made for two at once
                local.file = opener(metadata=meta, read_dictionary=texts)
            return _sound(local.file.read_row_groups(groups, columns=columns, use_threads=False), self.label)

        first = 1
        for groups, count in _together([meta.row_group(i).num_rows for i in range(meta.num_row_groups)], rows):
            if count <= 2 * rows:
                yield first, partial(self._guard, partial(load, groups))
            else:
                batches, done = file.iter_batches(rows, row_groups=groups, columns=columns), 0
                while (batch := self._guard(partial(next, batches, None))) is not None:
                    yield first + done, partial(self._guard, partial(_sound, pa.table(batch), self.label))
                    done += batch.num_rows
            first += count
            if self.tick:
                self.tick(self.size * (first - 1) // max(meta.num_rows, 1))

    def _checked_texts(self, file: pq.ParquetFile, columns: list[str]) -> list[str]:
        """Return the columns of text, to be read each distinct text once; refuse what would fill the memory."""
        meta = file.metadata
        if meta.num_rows > max(MAX_ROWS_OF_LITTLE, self.size):
            raise DamagedError(
                f"{self.label} says it has {meta.num_rows:,} rows in {self.size:,} bytes, more than one in a byte, as "
                "no AIS has"
            )
        for number in range(meta.num_row_groups):
            group = meta.row_group(number)
            if group.total_byte_size > max(MAX_GROUP_BYTES, MAX_TEXT_BYTES * group.num_rows):
                raise DamagedError(
                    f"{self.label} says it has {group.total_byte_size:,} bytes for {group.num_rows:,} rows in one "
                    "piece, more than any AIS"
                )
        names = set(columns)
        return [
            field.name
            for field in file.schema_arrow
            if field.name in names and (pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
        ]

    def _guard(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except (OSError, pa.ArrowException) as problem:
            raise DamagedError(f"{self.label} is damaged or cut short ({problem}); fetch it again") from problem


def stamp(status: os.stat_result) -> Stamp:
    """Return what tells one state of a file from another."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


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


def _sound(table: pa.Table, label: str) -> pa.Table:
    """Return the table with its text in UTF-8, or refuse it where a text is longer than any in AIS."""
    table = sound(table)
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks:
            texts = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
            if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
                most = pc.max(pc.binary_length(texts)).as_py() or 0
                if most > MAX_TEXT_BYTES:
                    raise DamagedError(
                        f"{label} has a text of {most:,} bytes in column '{name}', more than the {MAX_TEXT_BYTES:,} "
                        "that are read"
                    )
    return table
