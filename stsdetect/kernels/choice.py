"""Which kernels do the work: NumPy's, or the same as compiled loops. Results do not depend on it, to the last bit."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from types import ModuleType

_SOURCES = Path(__file__).parent / "compiled"
_depth = 0
_lock = Lock()


def why_no_loops() -> str | None:
    """Tell why loops cannot be compiled here, None where they can; imports numba where it is there."""
    if importlib.util.find_spec("numba") is None:
        return "numba is not installed; pip install 'stsdetect[fast]'"
    try:
        import_module("numba")
    except ImportError as problem:  # as with a NumPy that is too new for it
        return f"numba cannot be used: {problem}"
    return None


@contextmanager
def use_compiled(yes: bool) -> Iterator[None]:
    """Let kernels of all threads run as compiled loops in a ``with`` statement, where ``yes`` says so.

    The first use on a machine compiles them, which takes some seconds each, and keeps them; later starts only load
    them. Statements may be nested, or run side by side in threads: one that says yes is enough.
    """
    global _depth
    with _lock:
        _depth += yes
    try:
        yield
    finally:
        with _lock:
            _depth -= yes


def compiled(name: str) -> ModuleType | None:
    """Return the module ``stsdetect.kernels.compiled.<name>`` where compiled loops are wanted, else None."""
    return import_module(f"stsdetect.kernels.compiled.{name}") if _depth else None


def load_compiled() -> None:
    """Load what was compiled before, but for what reads text, which is called first: for a thread beside the reading.

    It takes half a second, during which another thread can read files or run loops.
    """
    jit = import_module("stsdetect.kernels.compiled.jit")
    for path in sorted(_SOURCES.glob("[!_]*.py")):
        if not path.stem.startswith("scan"):
            for function in list(vars(import_module(f"stsdetect.kernels.compiled.{path.stem}")).values()):
                jit.load(function)


def compiled_before() -> bool:
    """Tell whether loops were compiled on this machine before, so that they need only be loaded; imports nothing."""
    name = _mark()
    return any((folder / name).exists() for folder in _folders())


def remember_compiled() -> None:
    """Remember, for `compiled_before`, that loops have been compiled; where nothing can be written, nothing is."""
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _mark()).touch()
        except OSError:
            continue
        return


def _folders() -> list[Path]:
    """Folders for marks, the best first: those in which numba keeps compiled code, or may."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return [Path(given)]
    cache = os.environ.get("XDG_CACHE_HOME")
    home = Path(cache) if cache else Path(os.path.expanduser("~")) / ".cache"
    return [_SOURCES / "__pycache__", home / "stsdetect"]


def _mark() -> str:
    """A name that changes with whatever makes numba compile anew, but for the processor."""
    files = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(_SOURCES.glob("*.py"))]
    text = repr((version("numba"), platform.python_version(), platform.machine(), str(_SOURCES), files))
    return f"loops-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
