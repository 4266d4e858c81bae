"""Berth areas: fixed cells, told by shore and ports, and which of them are crowded when."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.berths import PRESENCE, BerthCells, berth_law, cell_middle, cell_of, crowded
from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.reference.places import Port
from stsdetect.schema import BERTHS
from stsdetect.settings import ContextSettings
from tests import naive

DEFAULT = ContextSettings()
#: Kobe and Rotterdam: a quay, the roads some 8 km off, and land behind.
KOBE, ROTTERDAM = (34.685, 135.200), (51.905, 4.485)


def areas(cells: BerthCells, *places: tuple[float, float]) -> list[str | None]:
    lat, lon = np.array(places).T
    return [None if area < 0 else cells.name(area) for area in cells.areas(lat, lon).tolist()]


class Coast:
    """Land west of 4 degrees east."""

    def distance_km(self, lat, lon):
        return (np.asarray(lon) - 4.0) * 111.195 * np.cos(np.radians(lat))

    def on_land(self, lat, lon):
        return np.asarray(lon) < 4.0


@given(st.floats(-90, 90), st.floats(-180, 180, exclude_max=True))
def test_cells_are_fixed_and_small(lat, lon):
    cell = cell_of(np.array([lat]), np.array([lon]))
    middle = [axis[0] for axis in cell_middle(cell)]
    assert middle == pytest.approx(naive.berth_cell_middle(lat, lon), abs=1e-9)
    assert cell_of(*(np.array([axis]) for axis in middle)) == cell
    if abs(lat) < 89.9:
        away = distance_m(*(to_xyz(np.array([a]), np.array([b])) for a, b in (middle, (lat, lon))))[0]
        assert away < 0.75 * 222.4


def test_quays_are_berths_and_roads_are_not():
    cells = BerthCells(DEFAULT)
    quay, roads, sea = areas(cells, KOBE, (34.60, 135.19), (33.0, 136.0))
    assert quay is not None
    assert (roads, sea) == (None, None)
    assert areas(cells, ROTTERDAM, KOBE)[1] == quay


@given(st.lists(st.tuples(st.floats(50.9, 51.1), st.floats(3.98, 4.02)), min_size=1, max_size=20), st.booleans())
@settings(max_examples=50, deadline=None)
def test_the_law_is_that_of_annotate_in_the_middle_of_the_cell(places, with_port):
    """And what was asked before makes no difference."""
    ports = [Port("p", "P", "NL", 51.0, 4.0)] if with_port else []
    cells = BerthCells(DEFAULT, ports=ports, shoreline=Coast())
    one_by_one = [areas(BerthCells(DEFAULT, ports=ports, shoreline=Coast()), place)[0] for place in places]
    assert areas(cells, *places) == areas(cells, *places) == one_by_one
    for place, area in zip(places, one_by_one, strict=True):
        lat, lon = naive.berth_cell_middle(*place)
        port_km = naive.haversine_m(lat, lon, 51.0, 4.0) / 1000.0 if with_port else np.nan
        shore_km = (lon - 4.0) * 111.195 * np.cos(np.radians(lat))
        berth = bool(berth_law(np.array([shore_km]), np.array([port_km]), DEFAULT)[0])
        if abs(shore_km - 0.5) > 1e-6 and not abs(port_km - 8.0) < 1e-3:
            assert (area is not None) == berth
        if berth and with_port:
            assert area == "p"


def test_an_area_without_a_port_is_a_tenth_of_a_degree():
    cells = BerthCells(DEFAULT, ports=[], shoreline=Coast())
    assert areas(cells, (51.02, 3.95), (51.07, 3.91), (51.12, 3.95), (-0.05, -179.99)) == [
        "+51.0+3.9", "+51.0+3.9", "+51.1+3.9", "-0.1-180.0",
    ]  # fmt: skip


DAY = 19_783
STAYS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(DAY, DAY + 1), st.integers(0, 7)), unique=True, max_size=30
)  # fmt: skip


def presence(stays) -> pa.Table:
    return PRESENCE.table(
        {
            "area": [area for area, _, _ in stays],
            "day": [day for _, day, _ in stays],
            "vessel": [f"v{hull}" for _, _, hull in stays],
            "lat_deg": [51.0 + 0.001 * hull for _, _, hull in stays],
            "lon_deg": [4.0] * len(stays),
            "minutes": [60.0 + 0.1 * hull for _, _, hull in stays],
            "n_positions": [7] * len(stays),
        }
    )


@given(STAYS, st.integers(2, 6), st.randoms())
@settings(max_examples=50, deadline=None)
def test_crowds_agree_with_a_loop_however_hulls_are_dealt(stays, least, random):
    ports = [Port(f"p{k}", f"P{k}", "NL", 51.0 + k, 4.0) for k in range(3)]
    cells = BerthCells(DEFAULT, ports=ports, shoreline=Coast())
    rule = DEFAULT.model_copy(update={"berth_crowd_hulls": least})
    whole = crowded([presence(stays)], cells, rule, max_distance_m=500.0)
    shuffled = stays[:]
    random.shuffle(shuffled)
    parts = [presence([row for row in shuffled if row[2] % 3 == k]) for k in range(3)]
    again = crowded(parts, cells, rule, max_distance_m=500.0)
    assert again.table.equals(whole.table)
    assert again.keys.tolist() == whole.keys.tolist()
    expected = naive.crowd([(f"p{area}", day, f"v{hull}") for area, day, hull in stays], least)
    found = {}
    for row in whole.table.to_pylist():
        found[row["area_id"], (row["day"] - date(1970, 1, 1)).days] = row["vessels"]
        assert row["n_vessels"] == len(row["vessels"])
        own = [int(name[1:]) for name in row["vessels"]]
        # A thousandth of a degree is 111 m: four of them are within 500 m, five are not.
        assert row["n_pairs"] == sum(1 for i in own for j in own if 0 < j - i <= 4)
        assert row["vessel_hours"] == pytest.approx(sum(60.0 + 0.1 * hull for hull in own) / 60.0)
        assert row["port_id"] == row["area_id"]
    assert found == expected
    noon = np.array([day * 86_400_000_000 + 43_200_000_000 for _, day, _ in stays], dtype=np.int64)
    marked = whole.crowded(np.array([area for area, _, _ in stays], dtype=np.int64), noon).tolist()
    assert marked == [(f"p{area}", day) in expected for area, day, _ in stays]


def test_nothing_is_crowded_in_an_empty_world():
    cells = BerthCells(DEFAULT, ports=[], shoreline=Coast())
    none = crowded([], cells, DEFAULT, max_distance_m=500.0)
    assert none.table.equals(BERTHS.empty())
    assert none.crowded(np.array([-1, 3]), np.array([0, 0])).tolist() == [False, False]


def test_the_day_is_a_date():
    cells = BerthCells(DEFAULT, ports=[], shoreline=Coast())
    many = presence([(5, DAY, hull) for hull in range(10)])
    (row,) = crowded([many], cells, DEFAULT, max_distance_m=500.0).table.to_pylist()
    assert row["day"] == date(1970, 1, 1) + timedelta(days=DAY)
    assert row["port_id"] is None
