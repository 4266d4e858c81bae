"""Made-up hulls: sizes and types of the trades seen in published cases, with fictional names and numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Ship and cargo types of ITU-R M.1371 used here.
TANKER, CARGO, FISHING, PILOT, TUG, TOWING, SERVICE, PASSENGER, UNKNOWN = 80, 70, 30, 50, 52, 31, 53, 60, 0

#: A receiver lifts at most what sinks it by so much [m]: about the difference of its light and laden draughts.
ROOM_M = 1.8

#: Names a careless page, spreadsheet or shell would trip over; all within the AIS character set, 20 letters.
HOSTILE_NAMES = (
    "=CMD^' /C CALC'!A1",
    "<SCRIPT>ALERT(1)</S>",
    "<IMG SRC=X:X ONERR>",
    'A","B",0,0,""',
    "'; DROP TABLE V;--",
    "../../ETC/PASSWD",
    "$(REBOOT);%00",
    "+SUM(1+1)*CMD",
    "NULL",
    "-1+1,2;3\\",
)


@dataclass(frozen=True)
class Kind:
    """A class of hulls: lengths and beams [m], where the antenna stands, its AIS type and its flags (MIDs)."""

    words: tuple[str, ...]
    length_m: tuple[int, int]
    slenderness: tuple[float, float]
    antenna_aft: tuple[float, float]
    ship_type: int
    mids: tuple[int, ...]
    transceiver: str = "A"
    with_imo: bool = True
    draught_m: tuple[float, float] = (3.0, 6.0)


# Lengths follow deadweights in the published cases (receivers about 1,000-5,000 t, suppliers 5,000-15,000 t).
# MIDs: DPRK 445; flags seen in cases (PA 351, SL 667, TG 671, KM 620, DM 325, MV 455, KH 514, HK 477, CN 412).
KINDS: dict[str, Kind] = {
    "receiver": Kind(("RIVER", "PINE", "DAWN"), (66, 106), (6.0, 6.8), (0.72, 0.86), TANKER, (445, 514, 667, 671),
                     draught_m=(3.2, 5.0)),
    "supplier": Kind(("AURORA", "HARVEST", "ORIENT"), (104, 150), (6.0, 6.6), (0.74, 0.88), TANKER,
                     (351, 477, 620, 325, 455, 572), draught_m=(6.0, 8.2)),
    "small": Kind(("LUCK", "WAVE"), (40, 60), (5.2, 6.2), (0.7, 0.85), UNKNOWN, (412, 413), "B", False, (2.0, 3.2)),
    "cargo": Kind(("TRADER", "BRIDGE", "MERIT"), (100, 190), (6.0, 6.8), (0.75, 0.9), CARGO,
                  (440, 412, 477, 431, 563, 636), draught_m=(5.5, 10.0)),
    "trawler": Kind(("NET",), (28, 38), (4.4, 5.2), (0.35, 0.5), FISHING, (412, 440), "B", False, (2.4, 3.4)),
    "pilot": Kind(("PILOT",), (14, 18), (3.0, 3.6), (0.4, 0.5), PILOT, (412, 440), "A", False, (1.2, 1.8)),
    "tug": Kind(("TOW",), (28, 34), (2.9, 3.2), (0.3, 0.42), TUG, (412, 440), "A", True, (3.8, 4.8)),
    "barge": Kind(("BARGE",), (62, 90), (3.4, 4.2), (0.6, 0.9), UNKNOWN, (412, 440), "B", False, (2.0, 4.0)),
    "bunker": Kind(("BUNKER",), (45, 60), (5.0, 5.8), (0.75, 0.88), TANKER, (412, 440), "A", True, (2.6, 4.0)),
    "service": Kind(("SERVICE",), (22, 32), (3.2, 4.0), (0.35, 0.5), SERVICE, (412, 440), "A", False, (2.0, 3.0)),
}  # fmt: skip


@dataclass(frozen=True)
class Hull:
    """One hull and what it broadcasts about itself; distances are whole metres, as AIS sends them."""

    key: str
    mmsi: int
    name: str
    imo: int
    callsign: str
    ship_type: int
    to_bow_m: int
    to_stern_m: int
    to_port_m: int
    to_starboard_m: int
    draught_m: float
    destination: str
    transceiver: str

    @property
    def length_m(self) -> int:
        """Length overall [m]."""
        return self.to_bow_m + self.to_stern_m

    @property
    def width_m(self) -> int:
        """Beam [m]."""
        return self.to_port_m + self.to_starboard_m

    @property
    def tonnes_per_metre(self) -> float:
        """Cargo that changes the draught by a metre [t/m], in salt water.

        The waterplane of full hulls takes 0.80 to 0.90 of length overall by breadth (our choice, between the formulas
        of Schneekluth and Kristensen). Which, hangs on the hull alone, whatever its name is.
        """
        share = 0.80 + (37 * self.to_stern_m + 101 * self.to_starboard_m) % 100 / 1_000
        return 1.025 * share * self.length_m * self.width_m

    @property
    def antenna_ahead_m(self) -> float:
        """How far the antenna stands ahead of the hull's centre [m]."""
        return (self.to_stern_m - self.to_bow_m) / 2

    @property
    def antenna_starboard_m(self) -> float:
        """How far the antenna stands to starboard of the centre line [m]."""
        return (self.to_port_m - self.to_starboard_m) / 2


def imo_number(stem: int) -> int:
    """Return a seven-digit number with the IMO check digit; stems from 200000 are outside the numbers in use.

    >>> imo_number(907472)
    9074729
    """
    digits = [int(digit) for digit in f"{stem:06d}"]
    return stem * 10 + sum(d * w for d, w in zip(digits, range(7, 1, -1), strict=True)) % 10


class Fleet:
    """Hands out hulls, each with its own name and numbers."""

    def __init__(self, rng: np.random.Generator, *, hostile_names: bool = False) -> None:
        self._rng = rng
        self._hostile = hostile_names
        self._made = 0

    def hull(self, kind: str, *, transceiver: str | None = None, mmsi: int | None = None) -> Hull:
        """Draw a hull of ``kind`` (a key of `KINDS`); ``mmsi`` gives it another hull's number."""
        model, rng = KINDS[kind], self._rng
        self._made += 1
        number = self._made
        length = int(rng.integers(model.length_m[0], model.length_m[1] + 1))
        width = max(4, round(length / rng.uniform(*model.slenderness)))
        bow = round(length * rng.uniform(*model.antenna_aft))
        port = round(width * rng.uniform(0.35, 0.65))
        # The six digits after the MID start with 9: a made-up block, no vessel is meant.
        own = int(rng.choice(model.mids)) * 1_000_000 + 900_000 + number
        name = f"SIM {rng.choice(model.words)} {number}"
        if self._hostile:
            name = HOSTILE_NAMES[(number - 1) % len(HOSTILE_NAMES)]
        named = model.transceiver == "A" or number % 2 == 0
        return Hull(
            key=f"{mmsi or own}" if mmsi is None else f"{mmsi}#{number}",
            mmsi=mmsi or own,
            name=name if named or self._hostile else "",
            imo=imo_number(200_000 + number) if model.with_imo else 0,
            callsign=f"SIM{number:03d}" if model.transceiver == "A" else "",
            ship_type=model.ship_type,
            to_bow_m=bow,
            to_stern_m=length - bow,
            to_port_m=port,
            to_starboard_m=width - port,
            draught_m=round(float(rng.uniform(*model.draught_m)), 1),
            destination=str(rng.choice(("SIM PORT", "FOR ORDERS", "HIGH SEAS", ""))),
            transceiver=transceiver or model.transceiver,
        )
