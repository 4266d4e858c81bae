"""From events to ranked leads: the last stage of a run, which can be done again without the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from stsdetect.reference.places import Port, Zone, load_ports, load_zones
from stsdetect.score import rank, rank_dark, rank_deliveries, rank_pairs
from stsdetect.score.chains import add_chains, chains
from stsdetect.score.evidence import Evidence
from stsdetect.score.facts import Facts, packaged_facts, zone_facts
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.likelihood import add_likelihood
from stsdetect.score.listed import Listed
from stsdetect.score.pair_volumes import add_volumes
from stsdetect.score.voyages import Harbours
from stsdetect.settings import Settings


@dataclass(frozen=True)
class Places:
    """Zones and ports of a run, and what scoring knows of zones and flags."""

    zones: tuple[Zone, ...]
    ports: tuple[Port, ...]
    facts: Facts

    @classmethod
    def load(cls, settings: Settings) -> Places:
        """Read the user's own zones and ports, or the packaged ones."""
        zones = load_zones(settings.context.zones_file)
        known = {zone.id: zone_facts(zone.category, zone.confidence, zone.relevance) for zone in zones}
        ports = load_ports(settings.context.ports_file)
        harbours = Harbours.of(ports, settings.port_calls)
        return cls(zones, ports, replace(packaged_facts(), zones=known, harbours=harbours))


def score_events(
    events: pa.Table,
    vessels: pa.Table,
    segments: pa.Table,
    berths: pa.Table,
    *,
    settings: Settings,
    places: Places,
    hits: pa.Table,
    innocent: Known = NOTHING_KNOWN,
) -> pa.Table:
    """Rank the leads in annotated events.

    Parameters
    ----------
    events, vessels, segments, berths
        Tables as in `stsdetect.schema.EVENTS`, `VESSELS`, `SEGMENTS` and `BERTHS`.
    hits
        What was found on watch-lists, as in `stsdetect.schema.WATCH_HITS`.
    innocent
        What the user knows to be innocent, with the hulls of the run found.

    Returns
    -------
    A `PAIRS` table with chains, volumes and likelihood.
    """
    asked: dict[str, Any] = {
        "settings": settings.score, "settings_id": settings.digest, "watch_hits": hits, "known": innocent,
    }  # fmt: skip
    known = {"facts": places.facts, "berths": berths}
    rule, ports = settings.port_calls, places.ports
    direct = rank_deliveries(events, calls=rule, ports=ports, **asked)
    read = Evidence(events)
    met = rank_pairs(read, vessels=vessels, segments=segments, **known, **asked)
    pairs = rank([met, rank_dark(read, **known, **asked), direct])
    imos = Listed.of(hits).imos
    around: dict[str, Any] = {"calls": rule, "ports": ports, "facts": places.facts}
    if settings.score.trade == "import":  # chains are followed from a supply port to a watched one
        pairs = add_chains(pairs, chains(events, pairs, settings=settings.chains, listed=imos, **around))
    pairs = add_volumes(pairs, events, vessels, settings=settings.volume, **around)
    return add_likelihood(pairs, settings.score)
