"""Watch-lists in a run: read before the work begins, matched after it, and accounted for in ``run.json``."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from stsdetect.pipeline.manifest import file_hash
from stsdetect.pipeline.output import refuse_inputs_inside
from stsdetect.score.watchlists import ListSource, WatchList, WatchListFile, read_watch_lists
from stsdetect.score.watchlists.matching import Matched
from stsdetect.score.watchlists.reading import is_packaged

#: A list that is so much older than the last report is said to be [days]: OFAC changes its own every few days (our
#: choice).
OLD_DAYS = 30

log = logging.getLogger("stsdetect.pipeline")


def open_lists(lists: ListSource | Iterable[ListSource], out: Path | None) -> tuple[WatchList, ...]:
    """Read lists, one or several, and say what there is to know of them.

    Raises
    ------
    UsageError
        If one lies in the output folder, or a date is none.
    InputError
        If one cannot be read, is no list, or holds no vessel.
    """
    given = [lists] if isinstance(lists, (str, Path, WatchListFile, WatchList)) else list(lists)
    if out is not None:
        files = [one.path if isinstance(one, WatchListFile) else one for one in given if not is_packaged(one)]
        refuse_inputs_inside(out, [path for path in files if isinstance(path, (str, Path))], ())
    found = read_watch_lists(given)
    _say(found)
    return found


def _say(lists: Sequence[WatchList]) -> None:
    for one in lists:
        log.info(
            "watch-list %s: %s vessels, read as %s from %s", one.label, f"{len(one.entries):,}", one.layout, one.path
        )
        if one.stale:
            log.warning("%s", one.stale)
        if one.date is None:
            log.warning(
                "watch-list %s says not of when it is; tell it, as in --watch-list NAME@2026-03-20=FILE, or date=",
                one.name,
            )
        if one.rejected:
            counts = ", ".join(f"{name} {count:,}" for name, count in one.rejected.items())
            first = one.examples[0]
            log.warning(
                "watch-list %s: %s of %s rows could not be read (%s), the first in line %s: %s", one.name,
                f"{sum(one.rejected.values()):,}", f"{one.rows:,}", counts, first.row, first.detail[:80],
            )  # fmt: skip
        for text, count in one.left_out.items():
            log.warning("watch-list %s: left out of entries: %s (%s)", one.name, text, f"{count:,}")
        for remark in one.remarks:
            log.warning("watch-list %s: %s", one.name, remark)


def describe_lists(
    lists: Sequence[WatchList], found: Matched, last_time: str | None, *, whole_hash: bool
) -> list[dict[str, Any]]:
    """Return what ``run.json`` says of the lists: where they are from, what became of their rows, what was found.

    ``last_time`` is that of the data: it is said how much older a list is.
    """
    ages = [_days_before(one.date, last_time) for one in lists]
    for one, days in zip(lists, ages, strict=True):
        if days is not None and days > OLD_DAYS:
            log.warning(
                "watch-list %s is %s days older than the last report: vessels listed since are not on it", one.label,
                f"{days:,}",
            )  # fmt: skip
    for label, count in found.delisted.items():
        log.warning(
            "watch-list %s: hulls that agree only with entries that were delisted before they were heard, and so are "
            "neither hits nor possible: %s", label, f"{count:,}",
        )  # fmt: skip
    columns = [found.hits.column(name).to_pylist() for name in ("list_name", "list_file", "kind", "vessel")]
    hits = list(zip(*columns, strict=True))
    return [
        {
            "name": one.name,
            "date": None if one.date is None else one.date.isoformat(),
            "layout": one.layout,
            "path": one.path,
            # The packaged list is none of the files here, whatever they are called.
            "hash": "" if one.stale else _hash(one.path, whole_hash),
            "beside": [{"path": path, "hash": _hash(path, whole_hash)} for path in one.beside],
            "days_older_than_data": days,
            "stale": one.stale or None,
            "rows": {
                "read": one.rows,
                "kept": one.kept,
                "passed_over": one.passed_over,
                "rejected": one.rejected,
                "examples": [{"row": bad.row, "reason": bad.reason, "detail": bad.detail} for bad in one.examples],
            },
            "left_out": one.left_out,
            "remarks": list(one.remarks),
            "entries": len(one.entries),
            "hulls": {
                kind: len({hull for name, path, k, hull in hits if (name, path, k) == (one.name, one.path, kind)})
                for kind in ("hit", "possible")
            },
            "names_that_many_bear": found.namesakes.get(one.label, {}),
            "hulls_delisted_before": found.delisted.get(one.label, 0),
            "hulls_with_another_imo": found.vetoed.get(one.label, 0),
        }
        for one, days in zip(lists, ages, strict=True)
    ]


def _hash(path: str, whole: bool) -> str:
    """Return the hash of a file; that of a member of an archive (``lists.zip!sdn.csv``) is its archive's."""
    while "!" in path and not Path(path).exists():
        path = path.rpartition("!")[0]
    return file_hash(path, whole=whole)


def _days_before(day: date | None, last_time: str | None) -> int | None:
    """Return how many days before the end of the data a list is; 0 where it is later, None where that is not known."""
    if day is None or last_time is None:
        return None
    return max((date.fromisoformat(last_time[:10]) - day).days, 0)
