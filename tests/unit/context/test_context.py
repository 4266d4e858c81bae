"""What surrounds an event: zones, shore, ports, still hulls, night."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context import ALL_PARTS, annotate, cell_columns, filter_by_zone, inside, still_nearby
from stsdetect.errors import SchemaError, UsageError
from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.reference.places import Port, box, load_ports, load_zones, make_zone
from stsdetect.schema import EVENTS
from stsdetect.settings import ContextSettings

REAL = os.environ.get("STSDETECT_TEST_DATA")
DEFAULT = ContextSettings()
DAY_S = 86_400


def event(
    lat: float = 31.2,
    lon: float = 124.1,
    *,
    kind: str = "loitering",
    subtype: str = "",
    a: str = "1",
    b: str | None = None,
    start_s: int = 1_700_000_000,
    hours: float = 6.0,
    flags: str = "",
) -> dict:
    start_us = start_s * 1_000_000
    return {
        "event_id": f"{a}-{b}-{start_s}-{lat}-{lon}",
        "kind": kind,
        "subtype": subtype or {"encounter": "stationary", "gap": "silence", "loitering": "loitering"}[kind],
        "vessel_a": a,
        "vessel_b": b,
        "start_time": start_us,
        "end_time": start_us + int(hours * 3600) * 1_000_000,
        "duration_h": hours,
        "observed_min": hours * 60,
        "inferred_min": 0.0,
        "lat_deg": lat,
        "lon_deg": lon,
        "n_positions_a": 10,
        "is_open": False,
        "flags": flags,
        "settings_id": "x",
        "geometry": b"",
    }


def table(*events: dict) -> pa.Table:
    columns = {name: [row[name] for row in events] for name in event()}
    for name in ("start_time", "end_time"):
        columns[name] = pa.array(columns[name], pa.timestamp("us", tz="UTC"))
    return EVENTS.table(columns)


def one(lat: float, lon: float, **options) -> dict:
    keep = {key: options.pop(key) for key in ("zones", "ports", "parts", "settings") if key in options}
    chosen = keep.pop("settings", DEFAULT)
    return annotate(table(event(lat, lon, **options)), chosen, **keep).to_pylist()[0]


def test_an_empty_table_keeps_its_schema():
    assert annotate(EVENTS.empty(), DEFAULT).schema == EVENTS.arrow


def test_every_column_is_filled_and_the_rest_is_untouched():
    before = table(event(start_s=1_700_000_000 - 3 * 3600, flags="kept;b"))  # the sun rises half way through
    after = annotate(before, DEFAULT)
    assert after.schema == EVENTS.arrow
    row = after.to_pylist()[0]
    assert row["zone_id"] == "ecs_shanghai_east"
    assert row["zone_distance_km"] == 0.0
    assert row["flags"] == "b;kept;zone:ecs_wide"
    assert row["shore_distance_km"] == pytest.approx(132, abs=1)
    assert row["port_id"] == "cn_zhoushan"
    assert row["port_distance_km"] == pytest.approx(233, abs=1)
    assert row["still_nearby"] == 0
    assert row["night_share"] == pytest.approx(0.5, abs=0.02)
    filled = {"zone_id", "zone_distance_km", "shore_distance_km", "port_id", "port_distance_km"}
    filled |= {"still_nearby", "night_share", "flags"}
    rest = [name for name in EVENTS.names if name not in filled]
    assert after.select(rest).equals(before.select(rest))
    assert before["flags"].to_pylist() == ["kept;b"]


def test_annotating_twice_changes_nothing():
    once = annotate(table(event(), event(38.72, 125.40, a="2")), DEFAULT)
    assert annotate(once, DEFAULT).equals(once)


def test_a_table_in_several_chunks_is_the_same_table():
    rows = [event(a=str(hull), lat=31.2 + hull / 200) for hull in range(6)]
    whole = annotate(table(*rows), DEFAULT)
    pieces = annotate(pa.concat_tables([table(*rows[:2]), EVENTS.empty(), table(*rows[2:])]), DEFAULT)
    assert pieces.combine_chunks().equals(whole.combine_chunks())


@pytest.mark.parametrize("left_out", sorted(ALL_PARTS))
def test_each_part_can_be_left_out(left_out):
    columns = {
        "zones": ["zone_id", "zone_distance_km"],
        "shore": ["shore_distance_km"],
        "ports": ["port_id", "port_distance_km"],
        "sun": ["night_share"],
        "still": ["still_nearby"],
    }
    row = one(31.2, 124.1, parts=ALL_PARTS - {left_out})
    for part, names in columns.items():
        assert all((row[name] is None) == (part == left_out) for name in names)


def test_with_no_parts_flags_are_only_put_in_order():
    assert one(38.737, 125.40, parts=frozenset(), flags="b;a;;b")["flags"] == "a;b"


def test_a_part_that_is_none():
    with pytest.raises(UsageError, match=r"no part 'zone'.*Did you mean 'zones'"):
        annotate(table(event()), DEFAULT, parts=frozenset({"zone"}))


def test_an_event_without_a_place():
    with pytest.raises(SchemaError, match="lat_deg"):
        annotate(table(event(float("nan"))), DEFAULT)


# --- Zones ------------------------------------------------------------------------------------------------


def test_the_smallest_zone_is_named_and_the_others_are_flags():
    row = one(38.65, 124.95)  # Sok-do: also Cho-do, the Nampo approaches and the west-coast waters
    assert row["zone_id"] == "sokdo"
    assert row["flags"].split(";") == ["zone:chodo", "zone:dprk_west_eez", "zone:nampo_approaches"]


def test_distance_to_the_nearest_zone_is_along_the_sphere():
    zone = make_zone("z", "z", box(10, 60, 20, 61))
    row = one(61.5, 15.0, zones=[zone])
    assert row["zone_id"] is None
    assert row["zone_distance_km"] == pytest.approx(0.5 * 111.195, abs=0.01)
    east = one(60.5, 21.0, zones=[zone])["zone_distance_km"]  # a degree of longitude at 60.5 N
    assert east == pytest.approx(111.195 * np.cos(np.radians(60.5)), abs=0.1)


@pytest.mark.parametrize("lon", [179.5, 180.0, -180.0, -179.5, 540.0])
def test_a_zone_over_the_antimeridian(lon):
    zones = [make_zone("fiji", "Fiji", box(178, -18, -178, -16))]
    assert one(-17.0, lon, zones=zones)["zone_id"] == "fiji"


def test_distances_over_the_antimeridian():
    zones = [make_zone("fiji", "Fiji", box(178, -18, 179.9, -16))]
    assert one(-17.0, -179.9, zones=zones)["zone_distance_km"] == pytest.approx(21.27, abs=0.02)


def test_a_zone_cut_in_two_at_180_as_geojson_asks():
    halves = shapely.MultiPolygon([shapely.box(178, -18, 180, -16), shapely.box(-180, -18, -178, -16)])
    zones = [make_zone("fiji", "Fiji", halves)]
    for lon in (179.0, 180.0, -180.0, -179.0):
        assert one(-17.0, lon, zones=zones)["zone_id"] == "fiji"
    assert one(-17.0, -177.0, zones=zones)["zone_distance_km"] == pytest.approx(106.3, abs=0.2)


def test_the_boundary_belongs_to_the_zone():
    zone = make_zone("z", "z", box(10, 60, 20, 61))
    assert inside(zone, np.array([60.0, 61.0, 60.5]), np.array([15.0, 20.0, 10.0])).all()


def test_zones_of_equal_size_are_named_in_order_of_id():
    zones = [make_zone(name, name, box(10, 60, 20, 61)) for name in ("b", "a", "c")]
    row = one(60.5, 15, zones=zones, parts=frozenset({"zones"}))
    assert (row["zone_id"], row["flags"]) == ("a", "zone:b;zone:c")


def test_no_zones_no_ports():
    row = one(31.2, 124.1, zones=[], ports=[])
    assert (row["zone_id"], row["zone_distance_km"], row["port_id"], row["port_distance_km"]) == (None,) * 4


def test_files_named_in_the_settings_are_used(tmp_path):
    zones, ports = tmp_path / "z.geojson", tmp_path / "p.csv"
    shape = shapely.to_geojson(shapely.box(124, 31, 125, 32))
    zones.write_text('{"type":"Feature","properties":{"name":"my;zone"},"geometry":' + shape + "}")
    ports.write_text("name,lat,lon\nmine,31.2,124.0\n")
    row = one(31.2, 124.1, settings=ContextSettings(zones_file=str(zones), ports_file=str(ports)))
    assert (row["zone_id"], row["port_id"]) == ("my_zone", "mine")
    assert row["port_distance_km"] == pytest.approx(9.51, abs=0.01)


@pytest.mark.skipif(not REAL, reason="STSDETECT_TEST_DATA is not set")
def test_real_files_of_a_user():
    folder = Path(REAL) / "geo"
    zones = load_zones(folder / "us_lightering_zones_33cfr156.geojson")
    ports = load_ports(folder / "world_port_index_pub150.csv.gz")
    row = one(27.0, -95.0, zones=zones, ports=ports)
    assert (row["zone_id"], row["zone_distance_km"]) == ("Southtex", 0.0)
    assert 100 < row["port_distance_km"] < 300


def test_filter_by_zone_keeps_gaps_and_near_events():
    kinds = [("loitering", 31.2), ("loitering", 10.0), ("encounter", 10.0), ("gap", 10.0)]
    events = annotate(table(*(event(lat, kind=kind) for kind, lat in kinds)), DEFAULT)
    assert filter_by_zone(events, DEFAULT) is events
    kept = filter_by_zone(events, ContextSettings(within_zone_km=20.0))
    assert kept["kind"].to_pylist() == ["loitering", "gap"]
    unknown = annotate(events, DEFAULT, parts=frozenset())
    assert filter_by_zone(unknown, ContextSettings(within_zone_km=20.0))["kind"].to_pylist() == ["gap"]


# --- Shore and ports --------------------------------------------------------------------------------------

NAMPO_QUAY = (38.7155, 125.386)


@pytest.mark.parametrize(
    ("kind", "subtype", "at_berth"),
    [
        ("loitering", "", True),
        ("encounter", "stationary", True),
        ("encounter", "under_way", False),
        ("gap", "", False),
    ],
)
def test_lying_still_at_nampo_is_at_berth(kind, subtype, at_berth):
    row = one(*NAMPO_QUAY, kind=kind, subtype=subtype, b="2" if kind == "encounter" else None)
    assert row["port_id"] == "kp_nampo_oil_terminal"
    assert row["shore_distance_km"] < DEFAULT.berth_shore_km
    assert ("at_berth" in row["flags"].split(";")) == at_berth


def test_a_shore_far_from_every_known_port_makes_a_berth_but_one_within_50_km_does_not():
    far, near = (Port("p", "P", "", lat, 125.386, "") for lat in (38.0, 38.5))
    assert "at_berth" in one(*NAMPO_QUAY, ports=[far])["flags"]
    assert "at_berth" not in one(*NAMPO_QUAY, ports=[near])["flags"]
    assert "at_berth" in one(*NAMPO_QUAY, ports=[])["flags"]


def test_on_land_is_a_flag_with_a_tolerance():
    inland, quay, sea = one(39.03, 125.75), one(*NAMPO_QUAY), one(38.6, 124.8)
    assert inland["shore_distance_km"] < -10
    assert "on_land" in inland["flags"].split(";")
    assert quay["shore_distance_km"] > -0.4
    assert "on_land" not in quay["flags"].split(";") + sea["flags"].split(";")


# --- Other hulls lying still ------------------------------------------------------------------------------


def counts(*events: dict, days: int = 30) -> list[int]:
    return still_nearby(table(*events), days).tolist()


def test_other_hulls_are_counted_once_and_own_hulls_not_at_all():
    again = event(a="2", start_s=1_700_000_000 - 3 * DAY_S)
    assert counts(event(a="1"), event(a="2"), again, event(a="3")) == [2, 2, 0, 2]
    meeting = event(kind="encounter", a="1", b="2")
    assert counts(meeting, event(a="1"), event(a="2"), event(a="3"))[0] == 1
    assert counts(event(kind="gap", a="9"), event(kind="encounter", a="8", b="7"), event(a="1"))[:2] == [1, 1]


def test_three_other_hulls_make_an_anchorage():
    rows = annotate(table(*(event(a=str(hull)) for hull in range(4)), event(10.0, 0.0)), DEFAULT).to_pylist()
    assert [("anchorage" in row["flags"]) for row in rows] == [True] * 4 + [False]


@pytest.mark.parametrize(("days_before", "counted"), [(0, 1), (29, 1), (30, 0), (-1, 0)])
def test_the_window_ends_on_the_day_of_the_events_end(days_before, counted):
    noon = 1_700_000_000 // DAY_S * DAY_S + DAY_S // 2
    other = event(a="2", start_s=noon - days_before * DAY_S, hours=1)
    assert counts(event(a="1", start_s=noon, hours=1), other)[0] == counted


def test_a_long_stay_counts_on_each_of_its_days():
    noon = 1_700_000_000 // DAY_S * DAY_S + DAY_S // 2
    stay = event(a="2", start_s=noon - 100 * DAY_S, hours=24 * 80)
    assert counts(event(a="1", start_s=noon - 50 * DAY_S, hours=1), stay, days=3)[0] == 1
    assert counts(event(a="1", start_s=noon - 101 * DAY_S, hours=1), stay, days=3)[0] == 0


@pytest.mark.parametrize("lat", [0.0, 38.5, -60.0, 85.0, 89.95])
@pytest.mark.parametrize("lon", [0.0, 124.1, 180.0, -180.0, 179.9999])
def test_all_within_a_mile_are_neighbours_and_none_beyond_three(lat, lon):
    for bearing in np.radians(np.arange(0, 360, 30)):
        for miles, counted in ((0.99, 1), (4.5, 0)):
            north = miles / 60 * np.cos(bearing)
            widest = max(np.cos(np.radians(lat)), np.cos(np.radians(lat + north)))
            east = miles / 60 * np.sin(bearing) / widest
            if counted == 0 and abs(lat) > 80:
                continue  # nearer a pole cells are wider than a mile
            assert counts(event(lat, lon), event(lat + north, lon + east, a="2"))[0] == counted


def test_over_a_pole_they_are_neighbours_too():
    assert counts(event(89.999, 10.0), event(89.999, -170.0, a="2")) == [1, 1]
    assert counts(event(-90.0, 10.0), event(-90.0, 99.0, a="2")) == [1, 1]


def test_cells_are_a_mile_wide_wherever_a_neighbour_may_lie():
    row = np.arange(180 * 60)
    reach = np.maximum(np.abs((row - 1) / 60 - 90), np.abs((row + 2) / 60 - 90)).clip(max=90)
    columns = cell_columns(row)
    wide = (360 * 60 / columns) * np.cos(np.radians(reach)) >= 1 - 1e-9
    assert (wide | (columns == 1)).all()
    assert columns.min() == 1
    assert columns.max() <= 21_600
    assert (columns == columns[::-1]).all()


def naive_still(rows: list[dict], days: int) -> list[int]:
    """The same count by a loop over all pairs of events."""

    def cells(lat: float, lon: float) -> set[tuple[int, int]]:
        row = min(int((lat + 90) * 60), 180 * 60 - 1)
        found = set()
        for there in (row - 1, row, row + 1):
            if 0 <= there < 180 * 60:
                n = int(cell_columns(np.array([there]))[0])
                column = min(int((lon + 180) % 360 / 360 * n), n - 1)
                found |= {(there, (column + side) % n) for side in (-1, 0, 1)}
        return found

    def own(lat: float, lon: float) -> tuple[int, int]:
        row = min(int((lat + 90) * 60), 180 * 60 - 1)
        n = int(cell_columns(np.array([row]))[0])
        return row, min(int((lon + 180) % 360 / 360 * n), n - 1)

    own_cells = [own(row["lat_deg"], row["lon_deg"]) for row in rows]
    result = []
    for row in rows:
        last = row["end_time"] // (DAY_S * 1_000_000)
        hulls = set()
        around = cells(row["lat_deg"], row["lon_deg"])
        for other, cell in zip(rows, own_cells, strict=True):
            first_day, last_day = (other[name] // (DAY_S * 1_000_000) for name in ("start_time", "end_time"))
            if other["kind"] == "loitering" and cell in around and first_day <= last and last_day > last - days:
                hulls.add(other["vessel_a"])
        result.append(len(hulls - {row["vessel_a"], row["vessel_b"]}))
    return result


ROWS = st.lists(
    st.builds(
        event,
        st.sampled_from([0.0, 31.2, 89.99, -89.99]).flatmap(lambda lat: st.floats(lat - 0.01, lat + 0.01)),
        st.sampled_from([124.1, 180.0, -180.0]).flatmap(lambda lon: st.floats(lon - 0.05, lon + 0.05)),
        kind=st.sampled_from(["loitering", "loitering", "encounter", "gap"]),
        a=st.sampled_from("1234"),
        b=st.sampled_from(["5", "1", None]),
        start_s=st.integers(1_700_000_000, 1_700_000_000 + 20 * DAY_S),
        hours=st.floats(1, 100),
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.integers(1, 10))
@settings(deadline=None)
def test_still_nearby_agrees_with_a_loop_over_pairs(rows, days):
    assert counts(*rows, days=days) == naive_still(rows, days)


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_the_order_of_rows_does_not_matter(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    straight = annotate(table(*rows), DEFAULT)
    shuffled = annotate(table(*(rows[i] for i in order)), DEFAULT)
    assert shuffled.equals(straight.take(order))


@given(ROWS)
@settings(deadline=None, max_examples=30)
def test_all_but_still_nearby_is_worked_out_event_by_event(rows):
    parts = ALL_PARTS - {"still"}
    together = annotate(table(*rows), DEFAULT, parts=parts)
    alone = pa.concat_tables([annotate(table(row), DEFAULT, parts=parts) for row in rows])
    assert together.combine_chunks().equals(alone.combine_chunks())


@given(st.floats(-89, 89), st.floats(-180, 180))
@settings(deadline=None, max_examples=50)
def test_the_nearest_port_is_the_one_a_loop_finds(lat, lon):
    ports = load_ports()
    here = to_xyz(np.array([lat]), np.array([lon]))
    all_m = [float(distance_m(here, to_xyz(np.array([port.lat_deg]), np.array([port.lon_deg])))[0]) for port in ports]
    row = one(lat, lon, parts=frozenset({"ports"}))
    assert row["port_distance_km"] == pytest.approx(min(all_m) / 1000, abs=0.001)
    assert row["port_id"] == ports[int(np.argmin(all_m))].id
