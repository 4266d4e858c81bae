"""The same simulated world through each further layout gives the same events, up to what the layout can hold.

`test_layouts_agree` asks this of the commonest layouts in every detail. Here each other layout that the simulator
writes is read back, and what is found must be, bit for bit, what is found in the world with that layout's losses:
decimals of a degree, columns it does not have. Layouts that tell who a vessel is in messages of their own (as AIS does)
give the same events as the world; only what a hull said first may come with its first message of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stsdetect.pipeline import Result, detect
from stsdetect.readers import read_events
from stsdetect.schema import TIME, point_wkb
from stsdetect.simulate import CORE, EVENT_LAYOUTS, LAYOUTS, World, simulate, write
from stsdetect.simulate.forms_services import craft_id
from stsdetect.simulate.forms_tables import anonymous_id

SEED = 100
WHO = ("imo", "name", "callsign", "ship_type")
OFFSETS = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
SIZE = ("length_m", "width_m")
VOYAGE = ("draught_m", "destination")
ALL = (*WHO, *OFFSETS, *SIZE, *VOYAGE)


Change = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Held:
    """What a layout holds of a world: decimals of a degree (None: all), columns of a vessel, and what else it lacks.

    ``ids`` are those that stand for an MMSI where there is none, and ``change`` is what else becomes of the world.
    """

    decimals: int | None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    ids: Callable[[int], str] | None = None
    change: Change | None = None


def put(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.nulls(table.num_rows, field.type) if values is None else values)
    return table


def whole_courses(positions: pa.Table) -> pa.Table:
    return put(positions, cog_deg=pc.round(positions.column("cog_deg")))


def whole_minutes(positions: pa.Table) -> pa.Table:
    """Half a minute goes up."""
    seconds = [(round(time.timestamp()) + 30) // 60 * 60 for time in positions.column("time").to_pylist()]
    return put(positions, time=pa.array(seconds, pa.int64()).cast(pa.timestamp("s", tz="UTC")).cast(TIME))


def said_first(positions: pa.Table) -> pa.Table:
    """Who a vessel is, as the first row of its MMSI says it."""
    mmsi = positions.column("mmsi").to_numpy()
    _, first, inverse = np.unique(mmsi, return_index=True, return_inverse=True)
    rows = pa.array(first[inverse])
    return put(positions, **{name: positions.column(name).take(rows) for name in (*WHO, *OFFSETS, *SIZE)})


def hourly(positions: pa.Table) -> pa.Table:
    """The first report of each MMSI in each hour; speed and course of zero, and draught of zero, are none."""
    seen: set[tuple[int, datetime]] = set()
    kept = []
    for mmsi, time in zip(positions.column("mmsi").to_pylist(), positions.column("time").to_pylist(), strict=True):
        hour = (mmsi, time.replace(minute=0, second=0, microsecond=0))
        kept.append(hour not in seen)
        seen.add(hour)
    positions = positions.filter(pa.array(kept))
    sog, cog, draught = (positions.column(name) for name in ("sog_kn", "cog_deg", "draught_m"))
    still = pc.and_(pc.equal(sog, 0.0), pc.equal(cog, 0.0))
    return put(
        positions,
        sog_kn=pc.if_else(still, None, sog),
        cog_deg=pc.if_else(still, None, cog),
        draught_m=pc.if_else(pc.equal(draught, 0.0), None, draught),
    )


AMSA = Held(
    6,
    ("ship_type", *SIZE, "draught_m"),
    ("transceiver", "nav_status", "heading_deg"),
    lambda mmsi: str(craft_id(mmsi)),
    hourly,
)
HELD = {
    "kystdatahuset": Held(6, ("imo", "length_m"), ("transceiver",)),
    "aishub": Held(6, ALL, ("transceiver",)),
    "aishub_raw": Held(None, ALL, ("transceiver",)),
    "marinetraffic": Held(6, ("imo",), ("transceiver",), change=whole_courses),
    "marinetraffic_extended": Held(6, (*WHO, *SIZE, "draught_m"), ("transceiver",), change=whole_courses),
    "marinetraffic_ps01": Held(6, (), ("transceiver",), change=whole_courses),
    "marinetraffic_web": Held(6, (*WHO, *VOYAGE), ("transceiver",), change=whole_courses),
    "eais_ungp": Held(6, (*WHO, *SIZE, *VOYAGE)),
    "eais_ungp_parquet": Held(None, (*WHO, *SIZE, *VOYAGE)),
    "noaa_geoparquet": Held(None, (*WHO, *SIZE, "draught_m"), change=whole_minutes),
    "piraeus": Held(6, (), ("transceiver", "nav_status"), anonymous_id),
    "gfw_positions": Held(6, (), ("transceiver", "nav_status", "cog_deg", "heading_deg"), anonymous_id),
    "kr_mof": Held(6, (*WHO, *OFFSETS, *SIZE), ("transceiver", "nav_status"), change=said_first),
    "amsa_cts": AMSA,
    "amsa_cts_shapefile": AMSA,
    "barentswatch": Held(None, ("name", "ship_type"), ("transceiver",)),
    "aishub_json": Held(None, ALL, ("transceiver",)),
    "aishub_json_raw": Held(None, ALL, ("transceiver",)),
    "aishub_xml": Held(None, ALL, ("transceiver",)),
    "marinetraffic_json": Held(None, ("imo",), ("transceiver",), change=whole_courses),
    "vesselfinder": Held(None, ALL, ("transceiver",)),
    "spire_graphql": Held(None, ALL, ("transceiver",)),
    "tw_mpb": Held(None, WHO, ("transceiver", "nav_status", "heading_deg")),
    "tw_mpb_geojson": Held(None, WHO, ("transceiver", "nav_status", "heading_deg")),
}
#: Layouts with messages of their own for who a vessel is.
APART = {
    "exactearth": Held(6, ALL),
    "spire_historical": Held(6, (*WHO, *SIZE, *VOYAGE)),
    "brest": Held(7, ALL),
    "digitraffic": Held(None, ALL),
    "aisstream": Held(None, ALL),
    "kpler": Held(None, ALL),
}
#: Fewest events that are to come of a world: of reports an hour apart few meetings can be inferred.
FEWEST = {"amsa_cts": 5, "amsa_cts_shapefile": 5}


def held(positions: pa.Table, what: Held) -> pa.Table:
    """The positions as a layout can hold them."""
    positions = rounded(positions, what.decimals)
    lost = [*(name for name in ALL if name not in what.has), *what.lacks]
    positions = put(positions, **dict.fromkeys(lost))
    if what.change is not None:
        positions = what.change(positions)
    if what.ids is not None:
        ids = pa.array([what.ids(mmsi) for mmsi in positions.column("mmsi").to_pylist()]).dictionary_encode()
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
def expected_of(what: Held) -> Result:
    """What is found in the world as a layout holds it; layouts that lose the same share it."""
    return detect(held(world().positions, what))


@cache
def through(layout: str) -> Result:
    with TemporaryDirectory() as folder:
        write(world(), folder, [layout])
        result = detect(Path(folder) / layout)
    assert result.rejects.num_rows == 0
    assert result.events_table.num_rows > FEWEST.get(layout, 50)
    return result


def test_every_layout_is_asked():
    assert {*HELD, *APART, *CORE} == set(LAYOUTS)


@pytest.mark.slow
@pytest.mark.parametrize("layout", HELD)
def test_a_layout_adds_nothing_to_what_it_loses(layout):
    result, expected = through(layout), expected_of(HELD[layout])
    assert result.events_table.equals(expected.events_table)
    assert result.pairs_table.equals(expected.pairs_table)


@pytest.mark.slow
@pytest.mark.parametrize("layout", APART)
def test_a_layout_of_two_kinds_of_message_gives_the_events_of_the_world(layout):
    expected = expected_of(APART[layout]).events_table
    found = through(layout).events_table
    names = [
        "kind", "subtype", "vessel_a", "vessel_b", "start_time", "end_time", "n_positions_a", "n_positions_b",
        "lat_deg", "lon_deg", "min_distance_m", "imo_a", "name_a", "ship_type_a", "draught_before_a_m",
    ]  # fmt: skip
    # What a vessel says of itself comes at other times here, so that its history is another.
    seen = [
        [row for row in events.select(names).to_pylist() if row["kind"] != "identity"] for events in (found, expected)
    ]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("layout", EVENT_LAYOUTS)
def test_what_was_planted_comes_back_as_events(layout):
    kinds = {"gfw_events": ("encounter", "loitering", "gap"), "gfw_encounters": ("encounter",)}[layout]
    with TemporaryDirectory() as folder:
        write(world(), folder, [layout])
        told = read_events(Path(folder) / layout)
    planted = [one for one in world().truth if one.kind in kinds]
    assert len(planted) >= 14
    assert sorted(
        (one["kind"], one["vessel_a"], one["vessel_b"], one["start_time"], one["end_time"]) for one in told.to_pylist()
    ) == sorted(
        (one.kind, *sorted(one.vessels), *[None] * (2 - len(one.vessels)), one.start, one.end) for one in planted
    )
    for one in told.to_pylist():
        for side in "ab"[: 1 + (one["kind"] == "encounter")]:
            fixes = world().positions.filter(pc.equal(world().positions.column("mmsi"), one[f"mmsi_{side}"]))
            times = fixes.column("time")
            inside = fixes.filter(
                pc.and_(pc.greater_equal(times, one["start_time"]), pc.less_equal(times, one["end_time"]))
            )
            for name in ("lat_deg", "lon_deg"):
                low, high = pc.min_max(inside.column(name)).as_py().values()
                assert low - 0.05 <= one[name] <= high + 0.05


def geodatabase(positions: pa.Table, path: Path) -> None:
    """Write points and vessels as NOAA did for 2009-2014; GDAL puts random ids in it, so the simulator does not."""
    raw = pytest.importorskip("pyogrio.raw")
    _, first = np.unique(positions.column("mmsi").to_numpy(), return_index=True)
    vessels = positions.take(pa.array(first))

    def whole(table: pa.Table, name: str) -> np.ndarray:
        return table.column(name).fill_null(0).to_numpy().astype(np.int32)

    def words(name: str) -> np.ndarray:
        return np.array(vessels.column(name).to_pylist(), object)

    places = (positions.column(name).to_numpy() for name in ("lon_deg", "lat_deg"))
    moving = [positions.column(name).to_numpy() for name in ("sog_kn", "cog_deg", "heading_deg")]
    times = positions.column("time").to_numpy().astype("datetime64[ms]")
    raw.write(
        str(path), np.array(point_wkb(*places), object), [*moving, times, whole(positions, "mmsi")],
        ["SOG", "COG", "Heading", "BaseDateTime", "MMSI"],
        layer="Broadcast", driver="OpenFileGDB", geometry_type="Point", crs="EPSG:4269",
    )  # fmt: skip
    raw.write(
        str(path), None,
        [whole(vessels, "mmsi"), whole(vessels, "imo"), words("callsign"), words("name"), whole(vessels, "ship_type"),
         whole(vessels, "length_m"), whole(vessels, "width_m")],
        ["MMSI", "IMO", "CallSign", "Name", "VesselType", "Length", "Width"],
        layer="Vessel", driver="OpenFileGDB", append=True,
    )  # fmt: skip


def on_its_grid(positions: pa.Table) -> pa.Table:
    """Who a vessel is by the table of vessels; places on a grid of a thousand-millionth of a degree from -400 on."""
    places = {name: positions.column(name).to_numpy() for name in ("lat_deg", "lon_deg")}
    places = {name: np.floor((values + 400.0) * 1e9 + 0.5) / 1e9 - 400.0 for name, values in places.items()}
    return put(said_first(positions), **{name: pa.array(values) for name, values in places.items()})


@pytest.mark.slow
def test_a_geodatabase_gives_the_events_of_the_world(tmp_path):
    geodatabase(world().positions, tmp_path / "Zone51_2024_03.gdb")
    result = detect(tmp_path / "Zone51_2024_03.gdb")
    expected = expected_of(
        Held(None, (*WHO, *SIZE), ("transceiver", "nav_status"), lambda mmsi: f"scrambled:{mmsi}", on_its_grid)
    )
    assert result.rejects.num_rows == 0
    assert expected.events_table.num_rows > 50
    assert result.events_table.equals(expected.events_table)
    assert result.pairs_table.equals(expected.pairs_table)
