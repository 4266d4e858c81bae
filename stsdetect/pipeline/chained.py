"""Chains of an earlier run, from its folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from stsdetect.errors import InputError, SchemaError
from stsdetect.pipeline.watched import open_lists
from stsdetect.reference.places import load_ports, load_zones
from stsdetect.schema import EVENTS, PAIRS, Schema
from stsdetect.score.chains import chains
from stsdetect.score.facts import Facts, Zone
from stsdetect.score.watchlists import ListSource
from stsdetect.settings import Settings


def chains_of(folder: str | Path, *, settings: Settings | None = None, listed: Iterable[int] = ()) -> pa.Table:
    """Return the chains (`stsdetect.schema.CHAINS`) in the results of an earlier run.

    Parameters
    ----------
    folder
        Where the run wrote ``events.parquet`` and ``pairs.parquet``.
    settings
        The groups ``port_calls``, ``chains`` and ``context`` (its ports and zones) are used.
    listed
        IMO numbers of vessels at which a chain may end.

    Raises
    ------
    InputError
        If the folder holds no such results.
    """
    settings = settings or Settings()
    events, pairs = (read_table(folder, schema) for schema in (EVENTS, PAIRS))
    zones = load_zones(settings.context.zones_file)
    return chains(
        events, pairs, settings=settings.chains, calls=settings.port_calls,
        ports=load_ports(settings.context.ports_file),
        facts=Facts({zone.id: Zone(zone.category, zone.confidence) for zone in zones}), listed=listed,
    )  # fmt: skip


def read_table(folder: str | Path, schema: Schema) -> pa.Table:
    """Return a table of an earlier run from its folder.

    Raises
    ------
    InputError
        If the folder holds no such table.
    """
    import pyarrow.parquet as pq

    path = Path(folder) / f"{schema.name}.parquet"
    if not path.is_file():
        raise InputError(f"{folder} holds no {path.name}; give the folder that `stsdetect detect` wrote its results to")
    try:
        return schema.conform(pq.read_table(path), extra=True)
    except (pa.ArrowException, OSError, SchemaError) as problem:
        raise InputError(f"{path} cannot be read as {schema.name}: {problem}") from problem


def read_listed(one: ListSource) -> list[int]:
    """Return the IMO numbers on a watch-list of any known layout; a folder or an archive may hold several.

    Raises
    ------
    InputError
        If the file cannot be read, is no list, or has no IMO number.
    """
    found = open_lists(one, None)
    numbers = sorted({imo for each in found for entry in each.entries for imo in entry.imos})
    if not numbers:
        paths = ", ".join(each.path for each in found)
        raise InputError(f"{paths} lists no IMO number; chains end at vessels by IMO number only")
    return numbers
