"""The output folder: found writable before the work, filled in one go after it, or left as it was.

A file in it belongs to runs only where a run says so: ``run.json`` lists those of the last whole run, and where a run
was killed while it put its files in place, `UNFINISHED` lists all that were there and all that were to come. Only such
files are replaced, removed and left out of what is read; any other is the user's, whatever its name.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from stsdetect.errors import UsageError, shown

try:
    import fcntl
except ImportError:  # Windows, where jobs that share a folder do not wait for each other
    fcntl = None  # type: ignore[assignment]

#: It goes first when old and comes last when new, so that a folder with it is a folder of one whole run.
RUN_FILE = "run.json"
#: Name and version of the layout of ``run.json``.
RUN_SCHEMA = "stsdetect-run/1"
#: What is there while files take their places, and stays where a run is killed then; like ``run.json`` it lists files.
UNFINISHED = ".stsdetect-unfinished.json"
#: How the names of hidden folders begin and end in which runs write, between them what `tempfile` makes up.
_ASIDE = ".stsdetect-", ".part"
#: Where the labels of a run are kept unless another file is named; runs neither read nor remove it.
LABELS_FILE = "labels.jsonl"
#: Files by the extra format that they are of.
FORMAT_FILES: dict[str, tuple[str, ...]] = {
    "csv": ("events.csv", "pairs.csv"),
    "geojson": ("events.geojson", "pairs.geojson", "reach.geojson", "areas.geojson"),
    "gpkg": ("stsdetect.gpkg",),
    "kml": ("stsdetect.kml",),
}
_PAGE = "report.html"
#: Every file a run may put into its folder.
KNOWN_FILES: tuple[str, ...] = (
    "events.parquet",
    "pairs.parquet",
    "vessels.parquet",
    "segments.parquet",
    "sources.parquet",
    "flagged.parquet",
    "berths.parquet",
    "areas.parquet",
    "coverage.parquet",
    "rejects.parquet",
    "watch_hits.parquet",
    "tracks.parquet",
    _PAGE,
    *(name for files in FORMAT_FILES.values() for name in files),
    RUN_FILE,
)


def files_of(formats: Iterable[str], *, page: bool) -> set[str]:
    """Return the names of all files that a run may write with these extra formats, with or without the page."""
    wanted = {name for one in formats for name in FORMAT_FILES[one]} | ({_PAGE} if page else set())
    return wanted | {name for name in KNOWN_FILES if name.endswith(".parquet") or name == RUN_FILE}


def of_earlier_runs(out: Path) -> set[str]:
    """Return the names of files in ``out`` that belong to runs (see above): `KNOWN_FILES`, or some of them, or none.

    >>> of_earlier_runs(Path("no such folder"))
    set()
    """
    names: set[str] = set()
    for file in (RUN_FILE, UNFINISHED):
        listed = _listed(out / file)
        if listed is not None:
            names |= {RUN_FILE, *listed}
    return names & set(KNOWN_FILES)


def _listed(path: Path) -> set[str] | None:
    """Return the files that a ``run.json`` lists; None where it is none of ours."""
    try:
        run = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(run, dict) or run.get("schema") != RUN_SCHEMA:
        return None
    files = run.get("files")
    return {name for name in files if isinstance(name, str)} if isinstance(files, list) else set()


def not_to_read(out: Path) -> frozenset[str]:
    """Return the real paths of files in ``out`` that are no input: those of earlier runs, and labels beside them."""
    names = of_earlier_runs(out)
    folder = os.path.realpath(out)
    return frozenset(os.path.join(folder, name) for name in (*names, LABELS_FILE)) if names else frozenset()


def holds_results_alone(out: Path) -> bool:
    """Say whether ``out`` is a folder with nothing in it but what is `not_to_read`, and hidden files, or nothing."""
    ours = not_to_read(out)
    try:
        names = os.listdir(out)
    except OSError:
        return False
    return all(name.startswith(".") or os.path.realpath(os.path.join(out, name)) in ours for name in names)


def refuse_inputs_inside(out: Path, named: Iterable[str | Path], found: Iterable[str]) -> None:
    """Refuse an output folder that holds inputs: results must never replace or join what they are made from.

    The output folder may lie inside an input folder.

    Parameters
    ----------
    named
        Inputs as the user named them.
    found
        Files found through them, but for those `not_to_read`.

    Raises
    ------
    UsageError
        If an input lies in ``out``.
    """
    folder = Path(os.path.realpath(out))
    held = [item for item in (*named, *found) if Path(os.path.realpath(item)).is_relative_to(folder)]
    if held:
        raise UsageError(f"the output folder {out} holds the input {held[0]}; choose another folder with --out")


@contextmanager
def held(out: Path, *, alone: bool = False) -> Iterator[None]:
    """Keep the files of a folder together while they are read or, ``alone``, replaced: other jobs wait meanwhile.

    Where there is no such folder, or its file system has no locks, nobody waits.
    """
    number = -1
    try:
        if fcntl is not None:
            with suppress(OSError):
                number = os.open(out, os.O_RDONLY)
                fcntl.flock(number, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        if number >= 0:
            os.close(number)


@contextmanager
def staged(out: Path, may: Collection[str] = KNOWN_FILES, *, check: Callable[[], None] | None = None) -> Iterator[Path]:
    """Yield a hidden folder inside ``out`` to write to; at the end its files take their places in ``out``.

    After any exception, an interruption included, ``out`` is as it was: files of an earlier run untouched,
    nothing new. Files of an earlier run that this one did not make are removed with the rest replaced. Jobs that end
    at the same time take turns, so that what is there is of one of them.

    Parameters
    ----------
    may
        Names of what may be written (`files_of`).
    check
        Called before anything in ``out`` is replaced, while no other job can write there; what it raises leaves
        ``out`` as it was. ``out`` is locked then: who asks for it again (`held`) waits for itself.

    Raises
    ------
    UsageError
        If ``out`` cannot be written, or holds a file with a name of ``may`` that is of no earlier run; found before
        anything is yielded. Such a file that is new at the end and in the way is left alone, too.
    """
    made = _make(out, may)
    aside: Path | None = None
    done = False
    try:
        with ExitStack() as locks:
            try:
                with held(out):  # nobody takes it for one that was left before it is locked
                    aside = Path(tempfile.mkdtemp(prefix=_ASIDE[0], suffix=_ASIDE[1], dir=out))
                    locks.enter_context(held(aside, alone=True))
            except OSError as problem:
                raise _cannot_write(out, problem) from problem
            yield aside
            _publish(aside, out, check)
        done = True
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
        if not done:
            for folder in made:
                # Only what this run made, and only while it is empty.
                try:
                    folder.rmdir()
                except OSError:
                    break


def _make(out: Path, may: Collection[str]) -> list[Path]:
    """Make the folder; return those that were missing, innermost first."""
    if shown(out) != str(out):
        raise UsageError(f"the output folder {out} has a name that is not UTF-8; choose another folder with --out")
    missing: list[Path] = []
    for folder in (out, *out.parents):
        if folder.exists():
            break
        missing.append(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _cannot_write(out, problem) from problem
    with held(out):
        _refuse_others(out, may)
    return missing


def _refuse_others(out: Path, names: Collection[str]) -> set[str]:
    """Refuse to replace files that no run made; return the names of those that runs made."""
    ours = of_earlier_runs(out)
    for name in KNOWN_FILES:
        path = out / name
        if (name in names or name in ours) and path.is_dir():
            raise UsageError(f"{path} is a folder where a file must go; remove it or choose another --out")
        if name in names and name not in ours and os.path.lexists(path):
            raise UsageError(
                f"{path} would be replaced, and no {RUN_FILE} of stsdetect there says that a run wrote it; move "
                "it away, or choose another folder with --out"
            )
    return ours


def _cannot_write(out: Path, problem: OSError) -> UsageError:
    blocking = next((folder for folder in (out, *out.parents) if folder.exists() and not folder.is_dir()), None)
    why = f"{blocking} is a file" if blocking is not None else problem.strerror or str(problem)
    return UsageError(f"cannot write to the output folder {out}: {why}. Choose another folder with --out.")


def _publish(aside: Path, out: Path, check: Callable[[], None] | None) -> None:
    made = sorted(path.name for path in aside.iterdir())
    try:
        with held(out, alone=True), _uninterrupted():
            if check is not None:
                check()
            ours = _refuse_others(out, made)
            mark = {"schema": RUN_SCHEMA, "files": sorted({*ours, *made})}
            (aside / UNFINISHED).write_text(json.dumps(mark), encoding="utf-8")
            os.replace(aside / UNFINISHED, out / UNFINISHED)
            (out / RUN_FILE).unlink(missing_ok=True)
            for name in sorted(ours.difference(made, {RUN_FILE})):
                (out / name).unlink(missing_ok=True)
            for name in sorted(made, key=lambda name: name == RUN_FILE):
                os.replace(aside / name, out / name)
            (out / UNFINISHED).unlink()
            _remove_left(out)
    except OSError as problem:
        raise _cannot_write(out, problem) from problem


def _remove_left(out: Path) -> None:
    """Remove the hidden folders of runs that were killed: those that no run keeps locked."""
    for folder in out.glob(f"{_ASIDE[0]}{'[a-z0-9_]' * 8}{_ASIDE[1]}"):
        number = -1
        with suppress(OSError):  # in use, or the file system has no locks, or it is no folder
            number = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0))
            if fcntl is not None:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        if number >= 0:
            os.close(number)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off SIGINT and SIGTERM for the few renames: the work is done, and half of it would be worse."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [signal.SIGINT, signal.SIGTERM]
    before = [(name, signal.signal(name, signal.SIG_IGN)) for name in names]
    try:
        yield
    finally:
        for name, handler in before:
            signal.signal(name, handler if handler is not None else signal.SIG_DFL)
