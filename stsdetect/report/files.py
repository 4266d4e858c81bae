"""Writing files so that they appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stsdetect.errors import UsageError

#: What a program may leave beside a file it was writing (SQLite journals, for GeoPackage).
_COMPANIONS = ("", "-journal", "-wal", "-shm")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; on success it takes the place of ``path`` in one step.

    The folder is made where it is missing. After any exception, an interruption included, nothing is left
    behind and an earlier file at ``path`` is untouched.

    Parameters
    ----------
    path
        The file wanted. The path yielded has the same suffix and does not exist yet.

    Raises
    ------
    UsageError
        If the output cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder) / "a.txt") as aside:
    ...         _ = aside.write_text("whole")
    ...     print((Path(folder) / "a.txt").read_text())
    whole
    """
    target = Path(path)
    aside = target.with_name(f".{target.stem[:60]}.{os.getpid()}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Touching first tells an unwritable folder apart from a fault of the writer.
        aside.touch()
        aside.unlink()
        yield aside
        os.replace(aside, target)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise UsageError(
            f"cannot write {target}: {reason}. Choose another output folder or make this one writable."
        ) from problem
    finally:
        for companion in _COMPANIONS:
            _discard(aside.with_name(aside.name + companion))


def _discard(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        # Nothing was written where even the folder is missing or closed; the first error is the one to tell.
        return
