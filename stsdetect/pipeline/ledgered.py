"""The ledger of an earlier run, from its folder."""

from __future__ import annotations

from pathlib import Path

from stsdetect.pipeline.chained import read_table
from stsdetect.reference.places import load_ports, load_zones
from stsdetect.schema import EVENTS, PAIRS, VESSELS
from stsdetect.score.facts import Facts, Zone
from stsdetect.score.ledger import Ledger, ledger
from stsdetect.settings import Settings


def ledger_of(folder: str | Path, *, settings: Settings | None = None) -> Ledger:
    """Return the ledger of the results of an earlier run.

    Parameters
    ----------
    folder
        Where the run wrote ``events.parquet``, ``pairs.parquet`` and ``vessels.parquet``.
    settings
        The groups ``volume``, ``chains``, ``port_calls`` and ``context`` (its ports and zones) are used.

    Raises
    ------
    InputError
        If the folder holds no such results.
    """
    settings = settings or Settings()
    events, pairs, vessels = (read_table(folder, schema) for schema in (EVENTS, PAIRS, VESSELS))
    zones = load_zones(settings.context.zones_file)
    return ledger(
        events, pairs, vessels, settings=settings, ports=load_ports(settings.context.ports_file),
        facts=Facts({zone.id: Zone(zone.category, zone.confidence) for zone in zones}),
    )  # fmt: skip
