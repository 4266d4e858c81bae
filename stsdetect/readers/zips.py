"""Members of zip archives: listed and read, never written anywhere, so that it does not matter what they are called."""

from __future__ import annotations

import os
import struct
import weakref
import zipfile
from collections.abc import Iterator
from threading import Lock
from typing import IO, ClassVar

from stsdetect.errors import InputError
from stsdetect.readers.unpack import open_regular

#: First bytes of an archive with and without members (APPNOTE 4.3.7, 4.3.16).
STARTS = (b"PK\x03\x04", b"PK\x05\x06")
#: A directory longer than this is not taken in [bytes]: it has over 100,000 members.
MAX_DIRECTORY_BYTES = 1 << 23
#: The end of the directory, the longest comment behind it, and its 64-bit form in front (APPNOTE 4.3.14-4.3.16).
_END, _MAX_COMMENT, _LOCATOR_BYTES, _END_64 = struct.Struct("<4s4H2LH"), 0xFFFF, 20, struct.Struct("<4sQ2H2L4Q")


class ZipArchive:
    """One archive; its members are opened by their place in it, so that two of one name are two.

    Only the archive used last is kept open.
    """

    _lock: ClassVar[Lock] = Lock()
    _in_use: ClassVar[weakref.ref[ZipArchive] | None] = None

    def __init__(self, path: str) -> None:
        self.path = path
        self._archive: zipfile.ZipFile | None = None

    def members(self) -> list[tuple[str, zipfile.ZipInfo]]:
        """Return its members and what to call them, those of one name told apart.

        Raises
        ------
        InputError
            If it has too many, or they lie one over the other.
        zipfile.BadZipFile, OSError
            If it is damaged or cannot be read.
        """
        size = self._check_directory()
        infos = self._open().infolist()
        if sum(info.compress_size for info in infos) > size:
            raise InputError(
                f"{self.path} is an archive whose members are longer together than it is: damaged, or made to unpack "
                "without end; fetch it again"
            )
        return list(_named(info for info in infos if _wanted(info)))

    def open(self, info: zipfile.ZipInfo) -> IO[bytes]:
        """Open a member for reading."""
        if info.flag_bits & 1:
            raise RuntimeError("it is encrypted")
        try:
            return self._open().open(info)
        except (ValueError, struct.error) as problem:  # a damaged name or place in the member's own header
            raise zipfile.BadZipFile(str(problem)) from problem

    def _open(self) -> zipfile.ZipFile:
        with ZipArchive._lock:
            if self._archive is None:
                last = None if ZipArchive._in_use is None else ZipArchive._in_use()
                if last is not None and last._archive is not None:
                    last._archive.close()  # members that are being read keep the file open
                    last._archive = None
                try:
                    self._archive = zipfile.ZipFile(self.path)
                except (NotImplementedError, ValueError, struct.error) as problem:  # damaged versions, names, places
                    raise zipfile.BadZipFile(str(problem)) from problem
                ZipArchive._in_use = weakref.ref(self)
            return self._archive

    def _check_directory(self) -> int:
        """Refuse a directory that would fill the memory, as zipfile takes it in whole; return the size of the file."""
        with open_regular(self.path) as file:
            size = file.seek(0, os.SEEK_END)
            tail_bytes = min(size, _END.size + _MAX_COMMENT)
            room = _END_64.size + _LOCATOR_BYTES
            file.seek(max(size - tail_bytes - room, 0))
            tail = file.read(tail_bytes + room)
        place = tail.rfind(STARTS[1])
        if place < 0 or place + _END.size > len(tail):
            raise zipfile.BadZipFile("no directory at its end")
        directory = _END.unpack_from(tail, place)[5]
        before = place - room
        if before >= 0 and tail[before : before + 4] == b"PK\x06\x06":
            directory = max(directory if directory != 0xFFFFFFFF else 0, _END_64.unpack_from(tail, before)[8])
        if directory > MAX_DIRECTORY_BYTES:
            raise InputError(
                f"{self.path} is an archive whose list of members takes {directory:,} bytes, more than "
                f"{MAX_DIRECTORY_BYTES:,}; unpack it and name the folder"
            )
        return size


def _wanted(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.split("/")
    # A name may be empty, which `is_dir` does not expect.
    return not info.filename.endswith("/") and parts[0] != "__MACOSX" and not parts[-1].startswith(".")


def _named(infos: Iterator[zipfile.ZipInfo]) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield members with names that differ: the second of a name is ``name#2``."""
    seen: dict[str, int] = {}
    for info in infos:
        number = seen[info.filename] = seen.get(info.filename, 0) + 1
        yield info.filename if number == 1 else f"{info.filename}#{number}", info
