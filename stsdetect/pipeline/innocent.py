"""What the user knows to be innocent, in a run: read before the work begins, and accounted for in ``run.json``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from stsdetect.pipeline.manifest import file_hash
from stsdetect.pipeline.output import refuse_inputs_inside
from stsdetect.score.known import NOTHING_KNOWN, Known, read_known

#: Lines named in a message.
_NAMED = 5

log = logging.getLogger("stsdetect.pipeline")


def open_known(path: str | Path | None, out: Path | None) -> Known:
    """Read the user's file, if there is one.

    Raises
    ------
    InputError
        If it cannot be read or a line is wrong.
    UsageError
        If it lies in the output folder.
    """
    if path is None:
        return NOTHING_KNOWN
    if out is not None:
        refuse_inputs_inside(out, [path], ())
    return read_known(path)


def describe_known(known: Known, pairs: pa.Table, *, whole_hash: bool) -> dict[str, Any]:
    """Return what ``run.json`` says of it: which file, how many lines, how many leads they are about, and which none.

    Lines that are about no lead are said: a number may be mistyped.
    """
    leads: dict[int, int] = {}
    for reasons in pairs.column("reasons").to_pylist():
        for reason in reasons:
            if reason["indicator"] == "known":
                line = int(reason["value"])
                leads[line] = leads.get(line, 0) + 1
    absent = [line.line for line in known.absent]
    said = {*leads, *absent}
    idle = [line.line for line in known.lines if line.line not in said]
    _say(known.path, absent, "name a vessel or a pair that is not in the data")
    shared = [line.line for line in known.shared]
    _say(known.path, idle, "are about no lead")
    _say(known.path, shared, "give a number that several hulls broadcast, all of which are taken as known")
    return {
        # Scored again from another folder it is the same file.
        "path": os.path.abspath(known.path),
        "hash": file_hash(known.path, whole=whole_hash),
        "lines": len(known.lines),
        "leads": sum(leads.values()),
        "leads_by_line": {str(line): count for line, count in sorted(leads.items())},
        "lines_not_in_data": absent,
        "lines_without_lead": idle,
        "lines_of_several_hulls": shared,
    }


def _say(path: str, lines: list[int], what: str) -> None:
    if lines:
        more = f" and {len(lines) - _NAMED:,} more" if len(lines) > _NAMED else ""
        log.warning("%s: %s lines %s: %s%s", path, f"{len(lines):,}", what, ", ".join(map(str, lines[:_NAMED])), more)
