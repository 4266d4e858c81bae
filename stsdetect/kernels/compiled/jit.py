"""How loops are compiled: without shortcuts in arithmetic, without Python's lock, and kept for the next start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def loop(function: F) -> F:
    """Compile a function of arrays and numbers when it is first called.

    Sums and products keep their order and are never fused, and a division by zero gives what NumPy gives, so that
    results are those of the same loop in Python. No trigonometry: NumPy's differs from the C library's in the last
    bit on some processors. Indices are not checked.
    """
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # there is no folder to keep the compiled code in
        return cast(F, njit(nogil=True, error_model="numpy")(function))


def load(function: object) -> None:
    """Load from where it is kept what was compiled of a loop before; compile nothing.

    Otherwise the first call does so. How numba keeps an index of it is its own affair: where that is not as expected,
    nothing is done.
    """
    try:
        cache, codegen = function._cache, function.targetctx.codegen()  # type: ignore[attr-defined]
        kept = [key[0] for key in cache._cache_file._load_index() if key == cache._index_key(key[0], codegen)]
    except (AttributeError, TypeError, LookupError):
        return
    for signature in kept:
        function.compile(signature)  # type: ignore[attr-defined]
