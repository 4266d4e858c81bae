"""An events table as the score reads it: each part at most once, however many kinds of lead ask for it."""

from __future__ import annotations

from functools import cached_property

import pyarrow as pa

from stsdetect.schema import EVENTS
from stsdetect.score.meetings import (
    Meeting,
    Oddness,
    Silence,
    heard_imos,
    read_meetings,
    read_oddities,
    read_silences,
)
from stsdetect.score.unseen import Unseen, read_unseen


class Evidence:
    """The events of a run, read when they are first asked for.

    Parameters
    ----------
    events
        An `EVENTS` table (Arrow or pandas).

    Raises
    ------
    SchemaError
        If it is none.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS
    >>> Evidence(EVENTS.empty()).meetings
    []
    """

    def __init__(self, events: pa.Table) -> None:
        self.table: pa.Table = EVENTS.conform(events, extra=True)

    @classmethod
    def of(cls, events: pa.Table | Evidence) -> Evidence:
        """Return what was read of a table, or read it."""
        return events if isinstance(events, cls) else cls(events)

    @cached_property
    def meetings(self) -> list[Meeting]:
        """Every encounter."""
        return read_meetings(self.table)

    @cached_property
    def unseen(self) -> list[Unseen]:
        """Every possible meeting that nobody saw."""
        return read_unseen(self.table)

    @cached_property
    def silences(self) -> list[Silence]:
        """Every gap."""
        return read_silences(self.table)

    @cached_property
    def oddities(self) -> list[Oddness]:
        """Identity events that no other indicator counts."""
        return read_oddities(self.table)

    @cached_property
    def imos_heard(self) -> bool:
        """Whether the source passed IMO numbers on: else a vessel without one tells nothing."""
        return heard_imos(self.table)
