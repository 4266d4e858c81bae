"""The ledger of an earlier run, from its folder."""

from __future__ import annotations

from pathlib import Path

from stsdetect.pipeline.earlier import read_run, read_table, refuse_mixed, settings_of
from stsdetect.pipeline.output import held
from stsdetect.pipeline.scored import Places
from stsdetect.schema import EVENTS, PAIRS, VESSELS
from stsdetect.score.ledger import Ledger, ledger
from stsdetect.settings import Settings


def ledger_of(folder: str | Path, *, settings: Settings | None = None) -> Ledger:
    """Return the ledger of the results of an earlier run: its volumes are those that leads say.

    Parameters
    ----------
    folder
        Where the run wrote its results.
    settings
        The groups ``volume``, ``chains``, ``port_calls`` and ``context`` (its ports and zones) are used; those of the
        run unless given.

    Raises
    ------
    InputError
        If the folder holds no such results.
    """
    with held(Path(folder)):
        run = read_run(folder)
        events, pairs, vessels = (read_table(folder, schema) for schema in (EVENTS, PAIRS, VESSELS))
    refuse_mixed(run, folder, events, pairs)
    settings = settings or settings_of(run, folder)
    places = Places.load(settings)
    return ledger(events, pairs, vessels, settings=settings, ports=places.ports, facts=places.facts)
