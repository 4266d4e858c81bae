"""Calls that a silence could hide: possible, and for how long; never called impossible where it was possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.detect.hidden_calls import NAMED, VAGUE, infer_calls, is_supply, judge_destination
from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.reference.places import load_ports
from stsdetect.schema import EVENTS
from stsdetect.settings import PortCallSettings
from tests.builders import START_US, TANKER, boat, events_of, hours_of, us

PORTS = {port.id: port for port in load_ports()}
RULE = PortCallSettings()
ONE = 273000001
#: Off Vostochny, 220 km from Sonbong and 290 km from Chongjin.
OFF_VOSTOCHNY = (42.6, 133.1)
PRODUCT = {**TANKER, "name": "LIGHT"}


def gap(hours: float, start: tuple[float, float], end: tuple[float, float] | None, **more: Any) -> pa.Table:
    """One silence of a 100 m tanker from hour 0."""
    return EVENTS.table(
        {
            name: [value]
            for name, value in {
                "event_id": "g", "kind": "gap", "subtype": "silence", "vessel_a": "273000001", "ship_type_a": 80,
                "length_a_m": 100.0, "start_time": START_US, "end_time": us(hours), "duration_h": hours,
                "observed_min": 0.0, "inferred_min": 0.0, "lat_deg": start[0], "lon_deg": start[1],
                "end_lat_deg": None if end is None else end[0], "end_lon_deg": None if end is None else end[1],
                "is_open": end is None, "flags": "", "settings_id": "", "geometry": b"", **more,
            }.items()
        }
        | {
            name: pa.array([value], pa.int64()).cast(EVENTS.arrow.field(name).type)
            for name, value in (("start_time", START_US), ("end_time", us(hours)))
        }
    )  # fmt: skip


def calls_in(table: pa.Table, **rule: Any) -> list[dict[str, Any]]:
    return infer_calls(table, PortCallSettings(**rule), ports=load_ports()).to_pylist()


def test_a_silence_of_three_days_off_vostochny_could_hide_a_call():
    away = boat(
        ONE, [(0, 0, 0), (4, 0, -20_000), (76, 0, -30_000), (80, 0, 0)], origin=OFF_VOSTOCHNY, silent=[(4, 76)],
        destination="FOR ORDERS", draught_m=6.0, **PRODUCT,
    )  # fmt: skip
    events = events_of(away)
    (silence,) = [event for event in events if event["kind"] == "gap"]
    (call,) = [event for event in events if event["kind"] == "port_call"]
    assert (call["subtype"], call["port_id"], call["from_events"]) == ("inferred", "kp_sonbong", silence["event_id"])
    assert (call["name_a"], call["draught_before_a_m"], call["mmsi_a"]) == ("LIGHT", 6.0, ONE)
    # 207 km at 16.5 kn are nearly 7 h there and as long back.
    assert hours_of(call) == pytest.approx((10.6, 69.4), abs=0.5)
    assert (call["meet_earliest"], call["meet_latest"]) == (call["start_time"], call["end_time"])
    assert call["reach_max_h"] == pytest.approx(58.8, abs=1)
    assert (call["observed_min"], call["n_positions_a"]) == (0, 0)
    assert 0 < call["inferred_min"] <= call["duration_h"] * 60 + 1e-6
    assert call["n_rivals"] >= 3
    assert call["flags"] == VAGUE
    assert call["evidence"].startswith("could have called at Sonbong / Unggi between 2024-03-01 22:")
    assert "Chongjin" in call["evidence"]
    assert "Nampo" not in call["evidence"]
    assert not call["is_open"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"hours": 20.0}, "there and back takes 14 h"),
        ({"hours": 24 * 16.0}, "so long that it says nothing"),
        ({"ship_type_a": 30}, "a fishing boat"),
        ({"ship_type_a": 52}, "a tug"),
        ({"length_a_m": 25.0}, "too small for a cargo"),
        ({"start": (1.0, 104.0), "end": (1.0, 104.0)}, "off Singapore"),
        ({"end": None, "is_open": True}, "not heard again, and nobody knows that it loaded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_call(more, why):
    words = {"hours": 72.0, "start": OFF_VOSTOCHNY, "end": OFF_VOSTOCHNY} | more
    assert calls_in(gap(**words)) == [], why
    assert len(calls_in(gap(72.0, OFF_VOSTOCHNY, OFF_VOSTOCHNY))) == 1


def test_no_hull_is_taken_to_be_slower_than_it_was_seen():
    """There and back takes 14 h at the 16.5 kn of its like, and 11 h at what it made before or after."""
    words = {"hours": 20.0, "start": OFF_VOSTOCHNY, "end": OFF_VOSTOCHNY}
    assert calls_in(gap(**words, speed_before_kn=12.0)) == []
    for name in ("speed_before_kn", "speed_after_kn"):
        (call,) = calls_in(gap(**words, **{name: 19.0}))
        assert call["reach_max_h"] == pytest.approx(20 - 2 * (220 - 15) / 1.852 / 20.9, abs=0.2)
        assert "at up to 20.9 kn" in call["evidence"]
    # But none that carries a cargo makes 36 kn: that was not its own speed, or it is no such hull.
    assert calls_in(gap(**words, speed_before_kn=36.0)) == []
    assert len(calls_in(gap(**words, speed_before_kn=36.0, speed_after_kn=19.0))) == 1


def test_an_open_silence_counts_after_loading():
    silence = gap(72.0, OFF_VOSTOCHNY, None)
    load = gap(5.0, OFF_VOSTOCHNY, OFF_VOSTOCHNY, kind="port_call", port_id="ru_vostochny", event_id="l")
    (call,) = calls_in(pa.concat_tables([silence, load]))
    assert call["is_open"]
    assert call["reach_max_h"] == pytest.approx(65.3, abs=0.1)
    assert call["end_time"] == silence.column("end_time")[0].as_py()


def test_one_row_for_one_silence_at_a_port_that_takes_oil():
    (call,) = calls_in(gap(100.0, (38.4, 124.6), (38.4, 124.6)))
    # Haeju and others are as near, but no oil is landed there.
    assert call["port_id"] == "kp_nampo_oil_terminal"
    assert call["n_rivals"] >= 4
    (freighter,) = calls_in(gap(100.0, (38.0, 125.0), (38.0, 125.0), ship_type_a=70))
    assert freighter["port_id"] == "kp_haeju"


def test_the_way_from_one_sea_to_the_other_leads_round_the_peninsula():
    """From Gunsan it is 375 km to Wonsan by air, and over 1,100 km by sea; walls of land account for 620 km."""
    off_gunsan = (35.9, 126.3)
    (call,) = calls_in(gap(44.0, off_gunsan, off_gunsan))
    assert "Wonsan" not in call["evidence"]
    assert "Nampo" in call["evidence"]
    (call,) = calls_in(gap(100.0, off_gunsan, off_gunsan))
    assert "Wonsan" in call["evidence"]


@pytest.mark.parametrize("roads", [(37.4, 126.58), (36.97, 126.78), (35.98, 126.62)], ids=["Incheon", "Asan", "Gunsan"])
def test_harbours_of_the_west_coast_lie_on_the_west_coast(roads):
    """From Incheon it is 230 km by sea to Nampo, though it lies east of the peninsula's southern tip."""
    (call,) = calls_in(gap(44.0, roads, roads))
    assert call["port_id"].startswith("kp_nampo")
    # 330 km and back by sea from the farthest of the three, at 16.5 kn.
    assert call["reach_max_h"] >= 44.0 - 2 * 330 / 1.852 / 16.5
    assert "Wonsan" not in call["evidence"]


def test_what_reception_was_is_passed_on():
    silence = gap(72.0, OFF_VOSTOCHNY, OFF_VOSTOCHNY, coverage="outage", flags="heard_without_position;zone:x")
    (call,) = calls_in(silence)
    assert call["coverage"] == "outage"
    assert call["flags"] == "heard_without_position"
    assert "receivers were out" in call["evidence"]


def test_countries_are_those_of_the_settings():
    silence = gap(72.0, (35.0, 129.4), (35.0, 129.4))
    assert calls_in(silence, hidden_countries=()) == []
    found = calls_in(silence, hidden_countries=("KP", "RU"))
    assert [call["port_id"][:2] for call in found] == ["kp", "ru"]
    assert len({call["event_id"] for call in found}) == 2


#: Ways by sea that a ship can take from one side of Korea to the other [degrees].
ROUND_KOREA = [(34.0, 125.6), (33.9, 126.6), (34.0, 128.0)]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([p.id for p in load_ports() if p.country == "KP" and p.role != "gate"]),
    st.booleans(),
    st.floats(9.0, 60.0),
    st.floats(0.0, 40.0),
    st.integers(0, 2**32 - 1),
)
def test_a_call_that_was_made_is_never_called_impossible(port_id, from_west, stay_h, spare_h, seed):
    """A ship sails to a port and back at its greatest speed, round Korea where it must; the silence hides all of it."""
    rng = np.random.default_rng(seed)
    port = PORTS[port_id]
    is_west = port.lon_deg < 126.5
    home = (rng.uniform(33.0, 37.0), rng.uniform(122.5, 125.5)) if from_west else (rng.uniform(36, 42), 131.0)
    way = [] if from_west == is_west else ROUND_KOREA if from_west else ROUND_KOREA[::-1]
    lat, lon = (
        np.array([home[0], *(a for a, _ in way), port.lat_deg]),
        np.array([home[1], *(b for _, b in way), port.lon_deg]),
    )
    xyz = to_xyz(lat, lon)
    # 16.4 kn over the ground of an ellipsoid that may be 0.56 % shorter; to within 15 km of the port's point.
    hours = (distance_m(xyz[1:], xyz[:-1]).sum() / 1.0056 - 14_000) / (16.4 * 1852.0)
    silence_h = 2 * hours + stay_h + spare_h
    (call,) = calls_in(gap(silence_h, home, home), hidden_max_silence_s=1e9)
    names = call["evidence"]
    assert port.name in names or port_id == call["port_id"]
    if call["port_id"] == port_id:
        low, high = hours_of(call)
        assert low <= hours
        assert high >= silence_h - hours
        assert call["reach_max_h"] >= stay_h + spare_h - 0.01


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("NAMPO", NAMED), ("KP NAM", NAMED), ("KPCHO", NAMED), ("  nampo  kp", NAMED),
        ("FOR ORDERS", VAGUE), ("SEA", VAGUE), ("high seas", VAGUE), ("", ""), ("...", VAGUE), ("OPL", VAGUE),
        ("Fishing fleet", VAGUE), ("FISHING GROUNDS", VAGUE), ("FISHING PORT", ""),  # Vityaz, 2017 (seeds/cases.csv)
        ("KR USN", ""), ("BUSAN", ""), ("SEATTLE", ""), ("VVO ORDER", ""), ("KPLERS HOUSE", ""),
    ],
)  # fmt: skip
def test_destinations(text, verdict):
    assert judge_destination(text, PORTS["kp_nampo"]) == verdict


def test_supply_ports():
    supply = {port.id for port in load_ports() if is_supply(port, RULE)}
    wanted = {"ru_vostochny", "ru_nakhodka", "ru_vladivostok", "ru_slavyanka", "kr_yeosu", "kr_ulsan", "tw_kaohsiung"}
    assert wanted | {"tw_taichung", "kr_onsan"} <= supply
    assert not supply & {"kp_nampo", "kp_chongjin", "kp_sonbong", "ru_kozmino", "cn_lianyungang", "vn_cam_pha"}
