"""What the packaged reference says about zones and flags, as the score needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from stsdetect.reference.facts import read_facts
from stsdetect.reference.places import load_ports
from stsdetect.reference.vessels import MMSI_FORM_NAMES, flag_evidence, mmsi_forms
from stsdetect.score.voyages import Harbours
from stsdetect.settings import PortCallSettings

#: Categories of zones where transfers are legal and usual.
LEGAL = frozenset({"legal_lightering", "legal_sts"})


@dataclass(frozen=True)
class Zone:
    """Category and confidence of one transfer zone; empty where not known (a user's own zone)."""

    category: str = ""
    confidence: str = ""
    #: What it is said to matter for; empty for everything.
    uses: frozenset[str] = frozenset()

    @property
    def legal(self) -> bool:
        """Whether transfers there are legal and usual."""
        return self.category in LEGAL


@dataclass(frozen=True)
class Facts:
    """Zones by id, and the confidence of published evidence by flag (ISO 3166 letters)."""

    zones: Mapping[str, Zone] = field(default_factory=dict)
    flag_evidence: Mapping[str, str] = field(default_factory=dict)
    #: Which ports supply and which are watched; None where no ports are known.
    harbours: Harbours | None = None

    def zone(self, zone_id: str) -> Zone:
        """Return what is known of a zone."""
        return self.zones.get(zone_id, Zone())


def zone_facts(category: str, confidence: str, relevance: str) -> Zone:
    """Return what the score needs of a zone, from the words of its table."""
    return Zone(category, confidence, frozenset(filter(None, relevance.split(";"))))


@lru_cache(maxsize=1)
def packaged_facts() -> Facts:
    """Return the packaged zones and flags, loaded once."""
    zones = {
        row["id"]: zone_facts(row["category"], row["confidence"], row["relevance"]) for row in read_facts("zones.csv")
    }
    harbours = Harbours.of(load_ports(), PortCallSettings())
    return Facts(zones, {iso2: row["confidence"] for iso2, row in flag_evidence().items()}, harbours)


#: Forms of MMSI that no state issues to a ship, whatever their first digits.
_ODD = frozenset({"junk", "invalid"})


def flags_by_mmsi(mmsis: Iterable[int]) -> dict[int, str | None]:
    """Return the flag of every ship's MMSI as ISO 3166 letters; None where no state can have issued it.

    Forms of other stations (aids, aircraft, craft of a mother ship) are left out: they are not ships.
    """
    numbers = sorted(set(mmsis))
    known = {int(row["mid"]): row["iso2"] for row in read_facts("mid_flags.csv")}
    forms = [MMSI_FORM_NAMES[code] for code in mmsi_forms(np.array(numbers, dtype=np.int64))]
    flags: dict[int, str | None] = {}
    for number, form in zip(numbers, forms, strict=True):
        if form == "ship":
            flags[number] = known.get(number // 1_000_000)
        elif form in _ODD:
            flags[number] = None
    return flags
