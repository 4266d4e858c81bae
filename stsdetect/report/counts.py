"""What the summary of a run and its page count alike."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def possible_occasions(events: pa.Table) -> pa.Array:
    """Return the ids of possible rendezvous nobody observed, each occasion once, whatever the number of candidates.

    Of several candidates it is the row of the best one (``candidate_rank`` 1).
    """
    best = pc.less_equal(pc.fill_null(events.column("candidate_rank"), 1), 1)
    found = events.column("event_id").filter(pc.and_(pc.equal(events.column("kind"), "dark_rendezvous"), best))
    return found.unique()
