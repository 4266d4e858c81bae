"""The small list that comes with the program: old, and it says so."""

from __future__ import annotations

from functools import cache

from stsdetect.reference.facts import read_facts
from stsdetect.score.watchlists.any_csv import entry_of
from stsdetect.score.watchlists.protocol import Draft, WatchList
from stsdetect.score.watchlists.words import day_in

#: What to give in place of a file for it; a file of that name is ``./packaged``.
PACKAGED = "packaged"
_TABLE = "watch_snapshot.csv"
#: The day of the OFAC file that most of it is of.
SNAPSHOT_DAY = "2021-07-07"
STALE = (
    f"the packaged list is stale: vessels of OFAC's DPRK programmes as of {SNAPSHOT_DAY}, and some that were named in "
    "advisories and the press; vessels listed since are not on it, and some on it may have been removed. Give a "
    "current list"
)


@cache
def packaged_list() -> WatchList:
    """Return the packaged list; made by ``seeds/make_watch_snapshot.py``.

    Examples
    --------
    >>> packaged_list().stale[:26]
    'the packaged list is stale'
    """
    draft = Draft()
    for line, row in enumerate(read_facts(_TABLE), start=2):
        entry = entry_of(line, row, draft)
        if entry is not None:
            draft.keep(entry)
    return WatchList(
        "packaged snapshot", day_in(SNAPSHOT_DAY), "packaged", _TABLE, tuple(draft.entries), rows=draft.rows,
        kept=draft.kept, stale=STALE,
    )  # fmt: skip
