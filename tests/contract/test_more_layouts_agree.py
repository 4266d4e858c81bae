"""The same simulated world through each further layout gives the same events, up to what the layout can hold.

`test_layouts_agree` asks this of the commonest layouts in every detail. Here each other layout that the simulator
writes is read back, and what is found must be, bit for bit, what is found in the world with that layout's losses:
decimals of a degree, columns it does not have. Layouts that tell who a vessel is in messages of their own (as AIS does)
give the same events as the world; only what a hull said first may come with its first message of that kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stsdetect.pipeline import Result, detect
from stsdetect.simulate import CORE, LAYOUTS, World, simulate, write
from stsdetect.simulate.forms_tables import piraeus_id

SEED = 100
WHO = ("imo", "name", "callsign", "ship_type")
OFFSETS = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
SIZE = ("length_m", "width_m")
VOYAGE = ("draught_m", "destination")
ALL = (*WHO, *OFFSETS, *SIZE, *VOYAGE)


@dataclass(frozen=True)
class Held:
    """What a layout holds of a world: decimals of a degree (None: all), columns of a vessel, and what else it lacks."""

    decimals: int | None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    whole_courses: bool = False
    named: bool = True


HELD = {
    "kystdatahuset": Held(6, ("imo", "length_m"), ("transceiver",)),
    "aishub": Held(6, ALL, ("transceiver",)),
    "aishub_raw": Held(None, ALL, ("transceiver",)),
    "marinetraffic": Held(6, ("imo",), ("transceiver",), whole_courses=True),
    "eais": Held(6, (*WHO, *SIZE, *VOYAGE)),
    "piraeus": Held(6, (), ("transceiver", "nav_status"), named=False),
    "kr_mof": Held(6, (), ("transceiver", "nav_status")),
    "barentswatch": Held(None, ("name", "ship_type"), ("transceiver",)),
    "digitraffic": Held(None, (), ("transceiver",)),
    "aishub_json": Held(None, ALL, ("transceiver",)),
    "vesselfinder": Held(None, ALL, ("transceiver",)),
    "spire_graphql": Held(None, ALL, ("transceiver",)),
    "tw_mpb": Held(None, WHO, ("transceiver", "nav_status", "heading_deg")),
}
#: Layouts with messages of their own for who a vessel is.
APART = {
    "exactearth": Held(6, ALL),
    "spire": Held(6, (*WHO, *SIZE, *VOYAGE)),
    "brest": Held(7, ALL),
    "aisstream": Held(None, ALL),
}


def put(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.nulls(table.num_rows, field.type) if values is None else values)
    return table


def held(positions: pa.Table, what: Held) -> pa.Table:
    """The positions as a layout can hold them."""
    positions = rounded(positions, what.decimals)
    lost = [*(name for name in ALL if name not in what.has), *what.lacks]
    positions = put(positions, **dict.fromkeys(lost))
    if what.whole_courses:
        positions = put(positions, cog_deg=pc.round(positions.column("cog_deg")))
    if not what.named:
        ids = pa.array([piraeus_id(mmsi) for mmsi in positions.column("mmsi").to_pylist()]).dictionary_encode()
        positions = put(positions, mmsi=None, vessel_id=ids)
    return positions


def rounded(positions: pa.Table, decimals: int | None) -> pa.Table:
    if decimals is None:
        return positions
    places = {n: pa.array(np.round(positions.column(n).to_numpy(), decimals)) for n in ("lat_deg", "lon_deg")}
    return put(positions, **places)


@cache
def world() -> World:
    return simulate("scenarios", seed=SEED)


@cache
def through(layout: str) -> Result:
    with TemporaryDirectory() as folder:
        write(world(), folder, [layout])
        result = detect(Path(folder) / layout)
    assert result.rejects.num_rows == 0
    assert result.events_table.num_rows > 50
    return result


def test_every_layout_is_asked():
    assert {*HELD, *APART, *CORE} == set(LAYOUTS)


@pytest.mark.slow
@pytest.mark.parametrize("layout", HELD)
def test_a_layout_adds_nothing_to_what_it_loses(layout):
    result, expected = through(layout), detect(held(world().positions, HELD[layout]))
    assert result.events_table.equals(expected.events_table)
    assert result.pairs_table.equals(expected.pairs_table)


@pytest.mark.slow
@pytest.mark.parametrize("layout", APART)
def test_a_layout_of_two_kinds_of_message_gives_the_events_of_the_world(layout):
    expected = detect(held(world().positions, APART[layout])).events_table
    found = through(layout).events_table
    names = [
        "kind", "subtype", "vessel_a", "vessel_b", "start_time", "end_time", "n_positions_a", "n_positions_b",
        "lat_deg", "lon_deg", "min_distance_m", "imo_a", "name_a", "ship_type_a", "draught_before_a_m",
    ]  # fmt: skip
    assert found.select(names).to_pylist() == expected.select(names).to_pylist()
