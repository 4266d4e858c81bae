"""Vessels of an archive: at home where the packaged shoreline and ports say, and moving as fast as they claim."""

from __future__ import annotations

import numpy as np
import pytest

from stsdetect.reference.nearest import NearestPoint
from stsdetect.reference.places import load_ports
from stsdetect.reference.shoreline import load_shoreline
from stsdetect.simulate.archive_fleet import TRADES, WORKING, Vessels, draw_vessels
from stsdetect.simulate.archive_motion import heard, motion, phase_of
from stsdetect.simulate.archive_places import Places, draw_places
from stsdetect.simulate.hulls import Fleet
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

COUNT = 2_000
QUIET = np.zeros(1 << 16)


def _draw(seed: int, *, crowding: float = 1.0) -> tuple[Places, Vessels]:
    rng = np.random.default_rng(seed)
    places = draw_places(rng, harbours=3, anchorages=4, grounds=5, crowding=crowding)
    tanker = Fleet(rng).hull("supplier")
    return places, draw_vessels(COUNT, rng, places, [tanker], crowding=crowding, silence=1.0)


@pytest.fixture(scope="module")
def drawn() -> tuple[Places, Vessels]:
    return _draw(5)


@pytest.fixture(scope="module")
def vessels(drawn: tuple[Places, Vessels]) -> Vessels:
    return drawn[1]


def _of(vessels: Vessels, *homes: str) -> np.ndarray:
    ends = np.cumsum([trade.share for trade in TRADES.values()]) * vessels.size
    trade = np.searchsorted(np.round(ends), np.arange(vessels.size), side="right")
    wanted = [k for k, one in enumerate(TRADES.values()) if one.home in homes]
    return np.flatnonzero(np.isin(trade, wanted))


def test_shares_of_trades_make_a_whole() -> None:
    assert sum(trade.share for trade in TRADES.values()) == pytest.approx(1.0)


def test_berths_lie_within_half_a_kilometre_of_the_shore_and_in_a_port(vessels: Vessels) -> None:
    own = _of(vessels, "berth")
    lat, lon = vessels.home_lat[own], vessels.home_lon[own]
    ports = load_ports()
    _, port_m = NearestPoint([p.lat_deg for p in ports], [p.lon_deg for p in ports]).query(lat, lon)
    assert np.abs(load_shoreline().distance_km(lat, lon)).max() < 0.5
    assert port_m.max() < 8_000


def test_harbours_hold_hundreds_and_anchorages_lie_off_the_shore(drawn: tuple[Places, Vessels]) -> None:
    places, vessels = drawn
    own = _of(vessels, "berth")
    centres = np.array([harbour.craft[0] for harbour in places.harbours])
    lat, lon = vessels.home_lat[own], vessels.home_lon[own]
    near = np.hypot(lat[:, None] - centres[:, 0], lon[:, None] - centres[:, 1]) < 0.1
    assert near.sum(axis=0).min() > 200
    roads = _of(vessels, "road")
    assert load_shoreline().distance_km(vessels.home_lat[roads], vessels.home_lon[roads]).min() > 2.0


def test_crowding_puts_more_vessels_in_the_same_space(vessels: Vessels) -> None:
    _, crowded = _draw(5, crowding=2.0)
    own = _of(vessels, "road")

    def nearest_m(fleet: Vessels) -> float:
        lat, lon = fleet.home_lat[own], fleet.home_lon[own] * np.cos(np.radians(fleet.home_lat[own].mean()))
        apart = np.hypot(lat[:, None] - lat, lon[:, None] - lon) + np.eye(len(own))
        return float(np.radians(np.median(apart.min(axis=1))) * EARTH_RADIUS_M)

    assert nearest_m(crowded) == pytest.approx(nearest_m(vessels) / np.sqrt(2), rel=0.15)


def test_speed_and_course_are_those_of_the_path(vessels: Vessels) -> None:
    who = np.arange(vessels.size)
    for t in (5_000.0, 40_000.0, 200_000.0):
        moved = []
        for at in (t - 1.0, t + 1.0):
            times = np.full(vessels.size, at)
            moved.append(motion(vessels, who, times, phase_of(vessels, who, times), QUIET))
        times = np.full(vessels.size, t)
        now = motion(vessels, who, times, phase_of(vessels, who, times), QUIET)
        north = np.radians(moved[1].lat_deg - moved[0].lat_deg) * EARTH_RADIUS_M / 2
        east = np.radians(moved[1].lon_deg - moved[0].lon_deg) * EARTH_RADIUS_M * np.cos(np.radians(now.lat_deg)) / 2
        # Vessels that set off or come home within the second are neither here nor there.
        same = moved[0].status == moved[1].status
        made = np.hypot(east, north) / KNOT_MPS
        assert np.abs(made - now.speed_kn)[same].max() < 0.3
        fast = same & (now.speed_kn > 1)
        turn = (np.degrees(np.arctan2(east, north)) - now.course_deg + 180) % 360 - 180
        assert np.abs(turn[fast]).max() < 3
        assert now.speed_kn.max() < 18


def test_routines_are_walked_without_a_jump(vessels: Vessels) -> None:
    who = np.repeat(np.arange(0, vessels.size, 7), 2_000)
    t = np.tile(np.arange(2_000) * 60.0, len(who) // 2_000)
    moved = motion(vessels, who, t, phase_of(vessels, who, t), QUIET)
    step_lat = np.diff(moved.lat_deg)
    step_lon = np.diff(moved.lon_deg) * np.cos(np.radians(moved.lat_deg[1:]))
    made = np.radians(np.hypot(step_lat, step_lon)) * EARTH_RADIUS_M
    # Ships that weigh anchor start from its middle: a jump of a cable at most.
    assert made[np.diff(who) == 0].max() < 18 * KNOT_MPS * 60 + 200


def test_out_of_reach_and_lost_windows(vessels: Vessels) -> None:
    lanes = _of(vessels, "lane")
    t = np.full(len(lanes), 30_000.0)
    phase = phase_of(vessels, lanes, t)
    assert not heard(vessels, lanes, t, phase, 1)[~phase.moving].any()
    boats = np.repeat(np.flatnonzero(vessels.local == WORKING), 100)
    windows = np.tile(np.arange(100) * 10_800.0, len(boats) // 100)
    share = heard(vessels, boats, windows, phase_of(vessels, boats, windows), 1).mean()
    assert share == pytest.approx(1 - TRADES["fishing"].silent, abs=0.03)


def test_static_data_is_plausible(vessels: Vessels) -> None:
    static = vessels.static
    assert static.num_rows == COUNT + 1
    assert static.column("name")[COUNT].as_py().startswith("SIM ")
    names = [name for name in static.column("name").to_pylist() if name is not None]
    assert max(map(len, names)) <= 20
    is_b = np.array([kind == "B" for kind in static.column("transceiver").to_pylist()])
    assert 0.2 < is_b.mean() < 0.5
    imo = static.column("imo").to_numpy(zero_copy_only=False)
    assert np.isnan(imo[is_b]).all()
    assert np.isfinite(imo[~is_b]).mean() > 0.4
    assert (vessels.mmsi > 200_000_000).all()
    assert len(np.unique(vessels.mmsi)) == COUNT + 1
