"""Whether compiled loops do the work on one input."""

from __future__ import annotations

import logging
from importlib import import_module

from stsdetect.errors import UsageError
from stsdetect.kernels.choice import compiled_before, load_compiled, why_no_loops
from stsdetect.reference.shoreline import load_shoreline

#: Inputs from this size on [bytes] gain more from compiled loops than loading them costs (about 0.6 s), and from this
#: size on more than compiling them costs (about half a minute). Measured on NOAA CSV of 119 bytes a row: from 0.3 and
#: 14 million rows on; our own Parquet and packed text hold three to eight times the rows in a byte.
COMPILED_FROM_BYTES, COMPILE_FROM_BYTES = 40_000_000, 1_000_000_000

#: Parts of SciPy that places and groups of events ask for; they take a quarter of a second to import.
_LATER = ("scipy.spatial", "scipy.sparse.csgraph")

log = logging.getLogger("stsdetect.pipeline")


def wants_loops(wish: str, size: int) -> bool:
    """Tell whether loops are to be compiled for inputs of a size [bytes].

    Raises
    ------
    UsageError
        If they must be, and cannot.
    """
    if wish == "never" or (wish == "auto" and size < COMPILED_FROM_BYTES):
        return False
    problem = why_no_loops()
    if problem is not None:
        if wish == "always":
            raise UsageError(f"run.compiled is 'always', but {problem}")
        log.info("a large input, which would take less than half the time with compiled loops: %s", problem)
        return False
    if not compiled_before():
        if wish == "auto" and size < COMPILE_FROM_BYTES:
            return False
        log.info("compiling loops for this machine, once; this takes about half a minute")
    return True


def get_ready() -> None:
    """Load what later stages of a large input need, beside the reading; where it is left out they do so themselves."""
    load_compiled()
    for name in _LATER:
        import_module(name)
    load_shoreline().get_ready()
