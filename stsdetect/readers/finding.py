"""Files, folders, globs and archives: find what may hold AIS, and what lies beside it."""

from __future__ import annotations

import glob
import os
import re
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from stsdetect.errors import InputError
from stsdetect.readers.source import Source, stamp
from stsdetect.readers.unpack import open_regular
from stsdetect.readers.zips import STARTS, ZipArchive

#: Most files beside one that are looked at for what belongs to it.
MAX_BESIDE = 20
#: Every file geodatabase holds this table of its tables (reverse-engineered specification by E. Rouault, "FGDB Spec").
_CATALOGUE = "a00000001.gdbtable"


def expand(inputs: Iterable[str | Path], without: Iterable[str] = ()) -> list[Source]:
    """Turn files, folders and globs into sources: sorted, each file once, hidden files left out.

    Files whose real paths are in ``without`` are left out, too. A path may be as `errors.shown`.

    Raises
    ------
    InputError
        If an input does not exist or an archive cannot be opened.
    """
    found: list[Source] = []
    seen = set(without)
    for item in inputs:
        origin = on_disk(os.fspath(item))
        for path in _paths(origin):
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                found.extend(_members(path, origin))
    return found


def files_beside(source: Source, prefix: str) -> list[Source]:
    """Return files in the folder of a source, or members in that of its archive, whose name begins so, case aside."""
    try:
        if source.member is None:
            folder = os.path.dirname(source.path)
            names = sorted(name for name in os.listdir(folder or ".") if name.casefold().startswith(prefix))
            paths = [os.path.join(folder, name) for name in names]
            found = [one for path in paths if os.path.isfile(path) for one in _members(path, "")]
        else:
            folder = source.member.rpartition("/")[0]
            members = [(one, *one.member.rpartition("/")) for one in _members(source.path, "") if one.member]
            found = [one for one, where, _, name in members if where == folder and name.casefold().startswith(prefix)]
    except OSError as problem:
        raise InputError(f"{source.label} cannot be read: {problem.strerror or problem}") from problem
    return [one for one in found if one.label != source.label][:MAX_BESIDE]


def on_disk(path: str) -> str:
    """Return the path that there is of one as `shown`: itself, or the same with the bytes that it writes out."""
    if os.path.lexists(path):
        return path
    there = re.sub(r"\\x([89a-f][0-9a-f])", lambda found: chr(0xDC00 + int(found[1], 16)), path)
    return there if os.path.lexists(there) else path


def is_database(path: str) -> bool:
    """Say whether a folder is a file geodatabase."""
    return path.rstrip(os.sep).casefold().endswith(".gdb") and os.path.isfile(os.path.join(path, _CATALOGUE))


def _paths(origin: str) -> list[str]:
    if is_database(origin):
        return [origin]
    if os.path.isdir(origin):
        paths = _inside(origin)
        if paths == [origin]:
            raise InputError(f"folder {origin} cannot be listed; see who may read it")
        if not paths:
            raise InputError(f"folder {origin} holds no files")
        return sorted(paths)
    if os.path.isfile(origin):
        return [origin]
    if os.path.exists(origin):
        raise InputError(f"{origin} is not a regular file; it is read more than once, so save it to one first")
    if glob.has_magic(origin):
        paths = _matching(origin)
        if paths:
            return paths
        raise InputError(f"no file matches {origin}")
    if os.path.islink(origin):
        raise InputError(f"{origin} is a link to {os.readlink(origin)}, which does not exist or leads back to itself")
    near = os.path.dirname(origin) or "."
    hint = "" if os.path.isdir(near) else f"; folder {near} does not exist either"
    raise InputError(f"{origin} does not exist{hint}")


def _inside(origin: str) -> list[str]:
    """Return the files and geodatabases in a folder and below it.

    Links to folders are not followed, so no loop of them is gone through. They, and folders that cannot be listed, are
    taken for files: they fail when opened and are reported as passed over.
    """
    paths: list[str] = []
    for folder, folders, names in os.walk(origin, onerror=partial(_note_unlisted, paths)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        databases = [name for name in folders if is_database(os.path.join(folder, name))]
        folders[:] = [name for name in folders if name not in databases]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        paths += [os.path.join(folder, name) for name in (*names, *links, *databases) if not name.startswith(".")]
    return paths


def _matching(pattern: str) -> list[str]:
    """Return what a pattern matches, sorted: files, and what is in folders, as if each match had been given."""
    found = {path.rstrip(os.sep) or os.sep for path in glob.glob(pattern, recursive=True)}
    whole = {path for path in found if is_database(path)}
    folders = {path for path in found - whole if os.path.isdir(path)}
    paths = whole | {path for path in found - folders if os.path.dirname(path) not in whole}
    for folder in folders:
        # What ** matches is searched once, from above; links that match are searched, so none is told as passed over.
        if os.path.dirname(folder) not in folders or os.path.islink(folder):
            inside = _inside(folder)
            paths |= {path for path in inside if path == folder or not (path in folders and os.path.islink(path))}
    return sorted(paths)


def _note_unlisted(paths: list[str], problem: OSError) -> None:
    paths.append(str(problem.filename))


def _size_of(folder: str) -> int:
    """Return the size of the files of a folder; locks of other programs among them come and go."""
    size = 0
    for name in os.listdir(folder):
        with suppress(OSError):
            size += os.path.getsize(os.path.join(folder, name))
    return size


def _members(path: str, origin: str) -> list[Source]:
    alone = path == origin
    try:
        if is_database(path):
            return [Source(path, None, _size_of(path), origin, alone, is_database=True)]
        with open_regular(path) as file:
            found = stamp(os.fstat(file.fileno()))
            magic = file.read(4)
        plain = Source(path, None, found[2], origin, alone, found=found)
        if magic not in STARTS:
            return [plain]
        archive = ZipArchive(path)
        members = archive.members()
    except OSError as problem:
        if not alone:  # one of many: it fails again when opened, and is reported as passed over
            return [Source(path, None, 0, origin, alone)]
        raise InputError(f"{path} cannot be read: {problem.strerror or problem}") from problem
    except zipfile.BadZipFile:
        # Not listable: opened as a plain file it fails with its name, or is passed over in a folder.
        return [plain]
    if not members and alone:
        raise InputError(f"{path} is an empty archive")
    ends = f".gdb/{_CATALOGUE}"
    databases = {info.filename.rpartition("/")[0]: 0 for _, info in members if info.filename.endswith(ends)}
    files = []
    for name, info in members:
        folder = info.filename.rpartition("/")[0]
        if folder in databases:
            databases[folder] += info.compress_size
        else:
            files.append((name, info))
    only = alone and len(files) + len(databases) == 1
    return [
        *(Source(path, name, size, origin, only, is_database=True) for name, size in databases.items()),
        *(
            Source(path, name, info.compress_size, origin, only, archive=archive, info=info, found=found)
            for name, info in files
        ),
    ]
