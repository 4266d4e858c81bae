"""The files of a run that hang on the score: written by the whole job, and again when events are scored anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stsdetect.pipeline.output import RUN_FILE
from stsdetect.pipeline.scored import Places

if TYPE_CHECKING:
    from stsdetect.pipeline.job import Result


def write_scored(
    result: Result, aside: Path, formats: Sequence[str], places: Places | None, drawn: pa.Table | None
) -> list[str]:
    """Write pairs, hits on watch-lists, the extra formats, and the page; return their names.

    Parameters
    ----------
    places
        None for no page.
    drawn
        The fixes that the page draws, a `TRACKS` table.

    Returns
    -------
    Names of what was written but for ``pairs.parquet``, with ``run.json``, in the order in which people want them.
    """
    from stsdetect.report.gis import write_gis, write_table

    write_table(result.pairs_table, aside / "pairs.parquet")
    names = []
    # Without a row, watch hits still say that lists were asked, and nobody is on them.
    if result.watch_hits.num_rows or "watch_lists" in result.run:
        write_table(result.watch_hits, aside / "watch_hits.parquet")
        names.append("watch_hits.parquet")
    written = write_gis(aside, formats, events=result.events_table, pairs=result.pairs_table, areas=result.areas)
    names += [path.name for path in written]
    names.append(RUN_FILE)
    if places is not None:
        from stsdetect.reference.shoreline import load_shoreline
        from stsdetect.report.page import write_page

        write_page(
            aside / "report.html",
            events=result.events_table,
            pairs=result.pairs_table,
            fixes=drawn,
            run=result.run,
            zones=places.zones,
            shoreline=load_shoreline(),
            areas=result.areas,
            ports={port.id: port.name for port in places.ports},
            watch_hits=result.watch_hits,
        )
        names.append("report.html")
    return names
