"""What the packaged reference says about zones and flags, as the score needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from stsdetect.reference.facts import read_facts
from stsdetect.reference.vessels import flag_evidence, flag_of, mmsi_form

#: Categories of zones where transfers are legal and usual.
LEGAL = frozenset({"legal_lightering", "legal_sts"})


@dataclass(frozen=True)
class Zone:
    """Category and confidence of one transfer zone; empty where not known (a user's own zone)."""

    category: str = ""
    confidence: str = ""

    @property
    def legal(self) -> bool:
        """Whether transfers there are legal and usual."""
        return self.category in LEGAL


@dataclass(frozen=True)
class Facts:
    """Zones by id, and the confidence of published evidence by flag (ISO 3166 letters)."""

    zones: Mapping[str, Zone] = field(default_factory=dict)
    flag_evidence: Mapping[str, str] = field(default_factory=dict)

    def zone(self, zone_id: str) -> Zone:
        """Return what is known of a zone."""
        return self.zones.get(zone_id, Zone())

    def flag_of(self, mmsi: int) -> str | None:
        """Return the flag of a ship's MMSI as ISO 3166 letters; None where there is none."""
        return _flag_of(mmsi)

    def is_odd(self, mmsi: int) -> bool:
        """Tell whether no state can have issued this MMSI to a ship; other stations' forms are not odd."""
        return _flag_of(mmsi) is None and mmsi_form(mmsi) in ("ship", "junk", "invalid")


@lru_cache(maxsize=100_000)
def _flag_of(mmsi: int) -> str | None:
    flag = flag_of(mmsi)
    return flag[0] if flag else None


@lru_cache(maxsize=1)
def packaged_facts() -> Facts:
    """Return the packaged zones and flags, loaded once."""
    zones = {row["id"]: Zone(row["category"], row["confidence"]) for row in read_facts("zones.csv")}
    return Facts(zones, {iso2: row["confidence"] for iso2, row in flag_evidence().items()})
