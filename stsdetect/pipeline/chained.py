"""Chains of an earlier run, from its folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from stsdetect.errors import InputError
from stsdetect.pipeline.earlier import read_run, read_table, refuse_mixed, settings_of
from stsdetect.pipeline.output import held
from stsdetect.pipeline.scored import Places
from stsdetect.pipeline.watched import open_lists
from stsdetect.schema import CHAINS, EVENTS, PAIRS, WATCH_HITS
from stsdetect.score.chains import chains
from stsdetect.score.listed import Listed
from stsdetect.score.watchlists import ListSource
from stsdetect.settings import Settings


def chains_of(folder: str | Path, *, settings: Settings | None = None, listed: Iterable[int] = ()) -> pa.Table:
    """Return the chains (`stsdetect.schema.CHAINS`) in the results of an earlier run: those that its leads name.

    Parameters
    ----------
    folder
        Where the run wrote its results.
    settings
        The groups ``port_calls``, ``chains`` and ``context`` (its ports and zones) are used; those of the run unless
        given. Where ``score.trade`` is export there are no chains: they lead from a supply port to a watched one.
    listed
        IMO numbers of vessels at which a chain may end, beside those that the run found on its watch-lists.

    Raises
    ------
    InputError
        If the folder holds no such results.
    """
    with held(Path(folder)):
        run = read_run(folder)
        events, pairs = (read_table(folder, schema) for schema in (EVENTS, PAIRS))
        found = read_table(folder, WATCH_HITS) if "watch_hits.parquet" in run.get("files", ()) else WATCH_HITS.empty()
    refuse_mixed(run, folder, events, pairs)
    settings = settings or settings_of(run, folder)
    if settings.score.trade == "export":
        return CHAINS.empty()
    places = Places.load(settings)
    return chains(
        events, pairs, settings=settings.chains, calls=settings.port_calls, ports=places.ports, facts=places.facts,
        listed={*Listed.of(found).imos, *listed},
    )  # fmt: skip


def read_listed(one: ListSource) -> list[int]:
    """Return the IMO numbers on a watch-list of any known layout; a folder or an archive may hold several.

    Those of entries that were delisted, whenever that was, are left out: the end of a chain does not say so.

    Raises
    ------
    InputError
        If the file cannot be read, is no list, or has no IMO number.
    """
    found = open_lists(one, None)
    numbers = sorted({imo for each in found for entry in each.entries if not entry.delisted_on for imo in entry.imos})
    if not numbers:
        paths = ", ".join(each.path for each in found)
        raise InputError(f"{paths} lists no IMO number; chains end at vessels by IMO number only")
    return numbers
