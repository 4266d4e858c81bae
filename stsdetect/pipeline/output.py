"""The output folder: found writable before the work, filled in one go after it, or left as it was."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stsdetect.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows, where jobs that share a folder do not wait for each other
    fcntl = None  # type: ignore[assignment]

#: Every file a run may put into its folder. ``run.json`` goes first when old and comes last when new, so
#: that a folder with it is a folder of one whole run.
RUN_FILE = "run.json"
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
    "report.html",
    "events.csv",
    "pairs.csv",
    "events.geojson",
    "pairs.geojson",
    "stsdetect.gpkg",
    "stsdetect.kml",
    RUN_FILE,
)


def refuse_inputs_inside(out: Path, named: Iterable[str | Path], found: Iterable[str]) -> None:
    """Refuse an output folder that holds inputs: results must never replace or join what they are made from.

    The output folder may lie inside an input folder; files of an earlier run in it are no reason to refuse.

    Parameters
    ----------
    named
        Inputs as the user named them.
    found
        Files found through them.

    Raises
    ------
    UsageError
        If an input lies in ``out``.
    """
    folder = Path(os.path.realpath(out))
    held = [item for item in named if Path(os.path.realpath(item)).is_relative_to(folder)]
    for path in found:
        real = Path(os.path.realpath(path))
        if real.is_relative_to(folder) and not (real.parent == folder and real.name in KNOWN_FILES):
            held.append(path)
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
def staged(out: Path) -> Iterator[Path]:
    """Yield a hidden folder inside ``out`` to write to; at the end its files take their places in ``out``.

    After any exception, an interruption included, ``out`` is as it was: files of an earlier run untouched,
    nothing new. Files of an earlier run that this one did not make are removed with the rest replaced. Jobs that end
    at the same time take turns, so that what is there is of one of them.

    Raises
    ------
    UsageError
        If ``out`` cannot be written; found before anything is yielded.
    """
    made = _make(out)
    aside: Path | None = None
    done = False
    try:
        try:
            aside = Path(tempfile.mkdtemp(prefix=".stsdetect-", suffix=".part", dir=out))
        except OSError as problem:
            raise _cannot_write(out, problem) from problem
        yield aside
        _publish(aside, out)
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


def _make(out: Path) -> list[Path]:
    """Make the folder; return those that were missing, innermost first."""
    missing: list[Path] = []
    for folder in (out, *out.parents):
        if folder.exists():
            break
        missing.append(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _cannot_write(out, problem) from problem
    for name in KNOWN_FILES:
        if (out / name).is_dir():
            raise UsageError(f"{out / name} is a folder where a file must go; remove it or choose another --out")
    return missing


def _cannot_write(out: Path, problem: OSError) -> UsageError:
    blocking = next((folder for folder in (out, *out.parents) if folder.exists() and not folder.is_dir()), None)
    why = f"{blocking} is a file" if blocking is not None else problem.strerror or str(problem)
    return UsageError(f"cannot write to the output folder {out}: {why}. Choose another folder with --out.")


def _publish(aside: Path, out: Path) -> None:
    made = sorted(path.name for path in aside.iterdir())
    stale = [name for name in KNOWN_FILES if name not in made]
    try:
        with held(out, alone=True), _uninterrupted():
            (out / RUN_FILE).unlink(missing_ok=True)
            for name in stale:
                (out / name).unlink(missing_ok=True)
            for name in sorted(made, key=lambda name: name == RUN_FILE):
                os.replace(aside / name, out / name)
    except OSError as problem:
        raise _cannot_write(out, problem) from problem


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
