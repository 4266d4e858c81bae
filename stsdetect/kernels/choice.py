"""Which kernels do the work: NumPy's, or the same as compiled loops. Results do not depend on it, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from types import ModuleType

_depth = 0
_lock = Lock()


def have_numba() -> bool:
    """Tell whether loops can be compiled here: numba is installed, and fits the NumPy that is. This loads it."""
    try:
        import_module("numba")
    except ImportError:
        return False
    return True


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
