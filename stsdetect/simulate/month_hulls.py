"""The hulls of a simulated month: what they broadcast about themselves. Those planted are drawn like all others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stsdetect.simulate.archive_fleet import _FIRST as FIRST
from stsdetect.simulate.archive_fleet import _SECOND as SECOND
from stsdetect.simulate.hulls import (
    CARGO,
    FISHING,
    PASSENGER,
    PILOT,
    SERVICE,
    TANKER,
    TOWING,
    TUG,
    UNKNOWN,
    Hull,
    imo_number,
)


@dataclass(frozen=True)
class Model:
    """A class of hulls: lengths [m], length by beam, draught as a part of the length, AIS types, flags, radio."""

    length_m: tuple[int, int]
    slender: tuple[float, float]
    deep: tuple[float, float]
    ship_types: tuple[int, ...]
    mids: tuple[int, ...]
    class_b: float = 0.0
    with_imo: bool = True


_NEAR = (412, 413, 440, 441, 431, 432, 416, 477)
_OPEN = (351, 370, 538, 636, 563, 574, 525, 273, 477, 412, 413)
#: Flags of tankers in published cases: PA, HK, KM, DM, MV, TV, SL, TG and CN (our list of cases).
_CASES = (351, 477, 620, 325, 455, 572, 667, 671, 412, 413)
# Lengths follow deadweights: tankers of 1,000-15,000 t are 60-150 m (published cases: receivers 1,150-5,000 t,
# suppliers of 5,000-15,000 t); coastal product tankers of these seas are mostly of 70-120 m.
MODELS: dict[str, Model] = {
    "cargo": Model((78, 240), (6.0, 6.9), (0.040, 0.052), (CARGO, CARGO, CARGO, CARGO + 9), (*_NEAR, *_OPEN)),
    "tanker": Model((66, 150), (6.0, 6.8), (0.044, 0.054), (TANKER, TANKER, TANKER + 9), (*_NEAR, *_CASES)),
    "large_tanker": Model((150, 245), (5.8, 6.4), (0.045, 0.055), (TANKER,), _OPEN),
    "ferry": Model((60, 195), (6.2, 7.0), (0.030, 0.034), (PASSENGER,), _NEAR),
    "trawler": Model((24, 46), (4.2, 5.2), (0.08, 0.10), (FISHING,), (412, 413, 440, 441), 0.0, False),
    "boat": Model((14, 34), (3.8, 4.8), (0.07, 0.10), (FISHING, FISHING, FISHING, UNKNOWN), (412, 440), 1.0, False),
    "harbour": Model((14, 36), (3.0, 3.8), (0.09, 0.12), (TUG, TUG, PILOT, SERVICE), _NEAR, 0.15, False),
    "bunker": Model((42, 66), (5.0, 6.0), (0.05, 0.07), (TANKER, TANKER + 9), _NEAR),
    "tug": Model((26, 38), (2.9, 3.3), (0.11, 0.14), (TOWING, TUG), _NEAR),
    "barge": Model((60, 95), (3.4, 4.2), (0.03, 0.05), (UNKNOWN,), _NEAR, 1.0, False),
    "dprk_cargo": Model((70, 135), (6.0, 6.8), (0.042, 0.054), (CARGO,), (445,)),
    "dprk_tanker": Model((62, 112), (6.0, 6.8), (0.044, 0.054), (*(TANKER,) * 5, CARGO), (445,)),
}  # fmt: skip


class Shipyard:
    """Hands out hulls, each with its own made-up name and numbers."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._made = 0

    def hull(self, kind: str, *, mids: tuple[int, ...] | None = None, length_m: tuple[int, int] | None = None) -> Hull:
        """Draw a hull of a model, with other flags or lengths where given."""
        model, rng = MODELS[kind], self._rng
        # Numbers go round a prime, so that they do not tell in which order hulls were made.
        number, self._made = (self._made * 40_503 + 17) % 99_991, self._made + 1
        low, high = length_m or model.length_m
        # Short hulls are commoner than long ones.
        length = int(low + (high - low) * rng.beta(1.2, 1.8))
        width = max(4, round(length / rng.uniform(*model.slender)))
        class_b = bool(rng.random() < model.class_b)
        bow = round(length * rng.uniform(0.7, 0.88) if length > 55 else length * rng.uniform(0.3, 0.6))
        port = round(width * rng.uniform(0.4, 0.6))
        own_mids = mids or model.mids
        told = not class_b or rng.random() < 0.8
        return Hull(
            key=str(number),
            # The six digits after the MID start with 6: a made-up block, no vessel is meant.
            mmsi=int(own_mids[rng.integers(len(own_mids))]) * 1_000_000 + 600_000 + number,
            name=f"{FIRST[number % 12]} {SECOND[number // 12 % 11]} {number // 132}" if told else "",
            imo=imo_number(400_000 + number) if model.with_imo and not class_b else 0,
            callsign="" if class_b else f"V6{number:05d}",
            ship_type=int(model.ship_types[rng.integers(len(model.ship_types))]),
            to_bow_m=bow,
            to_stern_m=length - bow,
            to_port_m=port,
            to_starboard_m=width - port,
            draught_m=round(max(1.0, float(length * rng.uniform(*model.deep))), 1),
            destination=str(rng.choice(("FOR ORDERS", "HIGH SEAS", "CNNGB", "KRPUS", "TWKHH", "CNDLC", ""))),
            transceiver="B" if class_b else "A",
        )

    def renamed(self, hull: Hull, mids: tuple[int, ...]) -> Hull:
        """Return the same ship under another name and number, as false identities are used.

        In published cases names and IMO numbers were painted over or falsified (KUM UN SAN 3 2017, AN SAN 1 as HOPE
        SEA 2018), and the ships they posed as were tankers too (COURAGEOUS, SONG HAE), so the type mostly stays. The
        size can hardly be changed, though it may be typed anew, a metre off.
        """
        rng = self._rng
        other = self.hull("tanker", mids=mids)
        longer = int(rng.integers(-1, 2))
        return replace(
            other,
            imo=0,
            ship_type=int(rng.choice((TANKER, TANKER, TANKER, CARGO))),
            to_bow_m=hull.to_bow_m + longer,
            to_stern_m=hull.to_stern_m,
            to_port_m=hull.to_port_m,
            to_starboard_m=hull.to_starboard_m,
            draught_m=hull.draught_m,
        )
