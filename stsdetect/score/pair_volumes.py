"""What may have passed in each lead: columns of the pairs table, and one sentence with its assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.reference.places import Port, load_ports
from stsdetect.schema import EVENTS, PAIRS
from stsdetect.score.facts import Facts, packaged_facts
from stsdetect.score.transfers import Transfer, World, read_transfers, sizes_of
from stsdetect.score.volume import Drawn, Passing, Wholes, coefficient, draw, factors, interval
from stsdetect.score.voyages import Harbours
from stsdetect.settings import PortCallSettings, VolumeSettings

#: What volumes rest on, the strongest first.
BASES = (
    "draughts of both", "draught of one", "draught", "hull sizes", "one hull size", "published parcels",
)  # fmt: skip
COLUMNS = ("tonnes_low", "tonnes_mid", "tonnes_high", "barrels_low", "barrels_mid", "barrels_high", "volume_basis")


@dataclass(frozen=True)
class Estimate:
    """Transfers that are asked for together, and the draws of their sum."""

    transfers: tuple[Transfer, ...]
    drawn: tuple[Drawn, ...]
    settings: VolumeSettings

    @classmethod
    def of(cls, transfers: Sequence[Transfer], settings: VolumeSettings) -> Estimate:
        """Draw each transfer."""
        return cls(tuple(transfers), tuple(draw(one.passing, settings) for one in transfers), settings)

    def row(self) -> dict[str, Any]:
        """Return the columns that tell the volume, as in `stsdetect.schema.PAIRS`."""
        none: Wholes = np.zeros(self.settings.draws, dtype=np.int64)
        tonnes = interval(sum((one.tonnes for one in self.drawn), none), self.settings.interval)
        barrels = interval(sum((one.barrels for one in self.drawn), none), self.settings.interval)
        return dict(zip(COLUMNS, (*tonnes, *barrels, self.basis), strict=True))

    @property
    def basis(self) -> str:
        """What the weakest of the transfers rests on."""
        return max((one.passing.basis for one in self.transfers), key=BASES.index)


def add_volumes(
    pairs: pa.Table,
    events: pa.Table,
    vessels: pa.Table | None = None,
    *,
    settings: VolumeSettings = VolumeSettings(),
    calls: PortCallSettings = PortCallSettings(),
    ports: Sequence[Port] | None = None,
    facts: Facts | None = None,
) -> pa.Table:
    """Return ``pairs`` with what may have passed in each, if anything did, as an interval with its assumptions.

    A lead of several meetings tells their sum; meetings soon after each other are one transfer. Leads between hulls
    that do not carry oil in bulk (fishing, tugs, pilots, passengers, two dry cargo ships) have none, nor do those with
    a score below ``settings.from_score``.

    Parameters
    ----------
    pairs, events
        `PAIRS` and `EVENTS` tables of one run.
    vessels
        A `VESSELS` table: lengths and breadths. Without it lengths of events count, and breadths are drawn.
    settings
        Number of draws, their seed, width of the interval, products.
    calls, ports, facts
        Which ports are watched, and the packaged ports and zones unless given.

    Returns
    -------
    A `PAIRS` table with its volume columns filled.

    Raises
    ------
    SettingsError
        If a product in the settings is unknown.

    Examples
    --------
    >>> add_volumes(PAIRS.empty(), EVENTS.empty()).num_rows
    0
    """
    factors(settings)
    leads, table = PAIRS.conform(pairs, extra=True), EVENTS.conform(events, extra=True)
    world = world_of(vessels, settings=settings, calls=calls, ports=ports, facts=facts)
    by_lead: dict[str, list[Transfer]] = {}
    for one in read_transfers(table, leads, world):
        by_lead.setdefault(one.pair_id, []).append(one)
    rows: list[dict[str, Any]] = []
    for pair in leads.column("pair_id").to_pylist():
        own = by_lead.get(pair)
        if own is None:
            rows.append(dict.fromkeys((*COLUMNS, "volume")))
        else:
            estimate = Estimate.of(own, settings)
            row = estimate.row()
            rows.append({**row, "volume": sentence(estimate, row)})
    for name in (*COLUMNS, "volume"):
        place = PAIRS.names.index(name)
        field = PAIRS.arrow.field(place)
        leads = leads.set_column(place, field, pa.array([row[name] for row in rows], field.type))
    return leads


def world_of(
    vessels: pa.Table | None,
    *,
    settings: VolumeSettings,
    calls: PortCallSettings,
    ports: Sequence[Port] | None,
    facts: Facts | None,
) -> World:
    """Return what transfers are read with."""
    harbours = Harbours.of(load_ports() if ports is None else ports, calls)
    known = packaged_facts() if facts is None else facts
    return World(sizes_of(vessels), harbours, known, settings, frozenset(calls.hidden_countries))


def sentence(estimate: Estimate, row: dict[str, Any]) -> str:
    """Say what may have passed and on what assumptions; no text from AIS goes in."""
    many = len(estimate.transfers)
    what = "If cargo passed" if many == 1 else f"If cargo passed in each of {many} possible transfers"
    low, high = factors(estimate.settings)
    of_which = "assuming" if many == 1 else "assuming of the first"
    product = f"{low:g} barrels per tonne" if low == high else f"{low:g} to {high:g} barrels per tonne"
    return (
        f"{what}, {_rounded(row['tonnes_low'])} to {_rounded(row['tonnes_high'])} t "
        f"({_rounded(row['barrels_low'])} to {_rounded(row['barrels_high'])} barrels) in "
        f"{estimate.settings.interval:.0%} of draws, {of_which} {_assumed(estimate.transfers[0].passing)}; {product}"
    )


def _assumed(passing: Passing) -> str:
    """Say what the volume of one transfer rests on."""
    share_low, _, share_high = coefficient("laden_share")
    parcel_low, _, parcel_high = coefficient("parcel_t")
    laden = f"{share_low:.0%} to {share_high:.0%} of a deadweight"
    if passing.told:
        letters = [f"{'the draught' if passing.delivery else 'draught ' + 'ab'[s]} {c:+.1f} m" for s, c in passing.told]
        return f"{' and '.join(letters)} as typed, salt water, a full waterplane, and ballast at times"
    if passing.delivery:
        return f"{laden} drawn from the hull's size, as no change of draught was typed"
    known = sum(size.length_m is not None for size in passing.sizes)
    bound = ("hulls of published receivers", "one hull's size and a published receiver", "the smaller hull's size")[
        known
    ]
    return f"{laden} or a published parcel of {parcel_low:.0f} to {parcel_high:,.0f} t, within {bound}"


def _rounded(value: int) -> str:
    """Return two significant figures: more would not be known.

    >>> _rounded(1234), _rounded(15678), _rounded(87)
    ('1,200', '16,000', '87')
    """
    digits = max(0, len(str(abs(value))) - 2)
    return f"{round(value, -digits):,}"
