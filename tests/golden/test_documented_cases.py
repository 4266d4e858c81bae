"""A case shaped like each documented pattern (seeds/cases.csv), among ordinary traffic, through the whole job.

Tracks are hand-made: what is published of these cases is places, days and parcels, never positions of AIS. What is
asked is that the pattern comes out as evidence, and says what was not observed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

import stsdetect as sts
from stsdetect.schema import EVENTS, PAIRS
from tests.builders import START, boat, join, place, positions, us

#: A coastal product tanker of 3,000 dwt, and one of half its size.
BIG = {"to_bow_m": 75.0, "to_stern_m": 20.0, "to_port_m": 7.0, "to_starboard_m": 7.0, "ship_type": 80.0}
SMALL = {"to_bow_m": 55.0, "to_stern_m": 15.0, "to_port_m": 5.0, "to_starboard_m": 5.0, "ship_type": 80.0}
NM = 1852.0
#: East of Shanghai; off Cho-do; Yeosu; Vostochny; Nampo; latitude and longitude [degrees].
HIGH_SEAS, CHODO = (31.4, 124.2), (38.50, 124.60)
YEOSU, VOSTOCHNY, CHONGJIN, NAMPO = (34.74, 127.74), (42.74, 133.08), (41.77, 129.82), (38.70, 125.20)


def way(
    points: list[tuple[float, tuple[float, float]]], origin: tuple[float, float]
) -> list[tuple[float, float, float]]:
    """Waypoints of `boat` from hours and places [degrees]: metres east and north on the plane at ``origin``."""
    lat, lon = (np.array([spot[k] for _, spot in points]) for k in (0, 1))
    north = (lat - origin[0]) * 60 * NM
    # `place` lays the plane against the sphere: over some hundred miles the error is far below what matters here.
    east = (lon - origin[1]) * 60 * NM * np.cos(np.radians(origin[0]))
    return [(hour, float(e), float(n)) for (hour, _), e, n in zip(points, east, north, strict=True)]


def traffic(origin: tuple[float, float], hours: float, n: int = 12) -> list[pa.Table]:
    """Coasters to and fro around a place, heard all the time: by them a silence can be judged."""
    tables = []
    for k in range(n):
        leg = [
            (hour, (-1) ** (hour // 6) * 15_000.0 + 800.0 * k, 2_500.0 * (k - n / 2) + 1_200)
            for hour in range(0, int(hours) + 1, 6)
        ]
        tables.append(boat(413000100 + k, leg, origin=origin, every_s=300, offset_s=20.0 * k, ship_type=70.0,
                           to_bow_m=90.0, to_stern_m=20.0, to_port_m=8.0, to_starboard_m=8.0, noise_m=5))  # fmt: skip
    return tables


def run(*tables: pa.Table) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    result = sts.detect(join(*tables), keep_fixes=False)
    return result.events_table.to_pylist(), result.pairs_table.to_pylist()


def with_draught(table: pa.Table, *typed: tuple[float, float]) -> pa.Table:
    """The same reports with draughts [m] that are typed anew: each (until hour, draught)."""
    hour = (np.asarray(table.column("time").cast(pa.int64())) - us(0)) / 3.6e9
    values = np.array([draught for _, draught in typed])[np.searchsorted([until for until, _ in typed], hour)]
    return table.set_column(table.schema.get_field_index("draught_m"), "draught_m", pa.array(values))


def test_a_high_seas_pair_at_night_leads_the_list():
    giver = boat(273000001, [(0, -80_000, 0), (5, 0, 0), (10, 0, 0), (15, -80_000, 0)], origin=HIGH_SEAS,
                 every_s=180, noise_m=4, name="GIVER", **BIG)  # fmt: skip
    taker = boat(445000001, [(0, 90_000, 16), (5.5, 0, 16), (9.5, 0, 16), (15, 90_000, 16)], origin=HIGH_SEAS,
                 every_s=180, offset_s=40, noise_m=4, **SMALL)  # fmt: skip
    events, pairs = run(with_draught(giver, (10.5, 6.5), (99, 5.6)), with_draught(taker, (10, 3.0), (99, 4.4)),
                        *traffic(HIGH_SEAS, 15))  # fmt: skip
    first = pairs[0]
    assert (first["vessel_a"], first["vessel_b"], first["partner_kind"]) == ("273000001", "445000001", "vessel")
    assert first["score"] > 0.8
    (meeting,) = [event for event in events if event["event_id"] in first["event_ids"]]
    assert meeting["zone_id"] == "ecs_shanghai_east"
    assert meeting["observed_min"] > 200
    assert meeting["night_share"] > 0.5
    assert first["score"] > 4 * max((pair["score"] for pair in pairs[1:]), default=0.0)


def test_a_transfer_inside_dprk_waters_with_both_silent():
    # Both come from 40 nm off, are silent from hours before to hours after, and lie together from hour 12 to 18.
    giver = boat(312000001, [(0, -130_000, 0), (11, 0, 0), (19, 0, 0), (30, -130_000, 0)], origin=CHODO,
                 every_s=300, noise_m=4, silent=[(7, 23)], **BIG)  # fmt: skip
    taker = boat(445000001, [(0, 0, -90_000), (11.5, 0, 20), (18.5, 0, 20), (30, 0, -90_000)], origin=CHODO,
                 every_s=300, noise_m=4, silent=[(6.5, 24)], **SMALL)  # fmt: skip
    events, pairs = run(
        with_draught(giver, (23.5, 6.5), (99, 5.6)), with_draught(taker, (24.5, 3.0), (99, 4.4)), *traffic(CHODO, 30)
    )
    gaps = {event["vessel_a"]: event for event in events if event["kind"] == "gap" and event["duration_h"] > 10}
    assert set(gaps) == {"312000001", "445000001"}
    (row,) = [event for event in events if event["kind"] == "dark_rendezvous" and event["subtype"] == "both_dark"]
    assert (row["vessel_a"], row["vessel_b"]) == ("312000001", "445000001")
    assert row["observed_a"] is row["observed_b"] is False
    assert row["observed_min"] == 0
    assert row["meet_earliest"] < START + timedelta(hours=12) < START + timedelta(hours=18) < row["meet_latest"]
    assert row["reach_max_h"] >= 6
    assert shapely.from_wkb(row["reach"]).covers(shapely.Point(CHODO[1], CHODO[0]))
    assert set(row["from_events"].split(";")) == {gap["event_id"] for gap in gaps.values()}
    (lead,) = [pair for pair in pairs if row["event_id"] in pair["event_ids"] and pair["vessel_b"]]
    assert lead["confidence"] == "low"
    assert not [event for event in events if event["kind"] == "encounter"]


def test_loading_at_vostochny_then_silence_is_a_direct_delivery():
    off = (42.55, 133.05)
    reappears = (42.2, 131.9)
    path = [(0, VOSTOCHNY), (26, VOSTOCHNY), (28, off), (60, CHONGJIN), (90, CHONGJIN), (110, reappears), (120, off)]
    ship = boat(273000001, way(path, VOSTOCHNY), origin=VOSTOCHNY, every_s=300, noise_m=4, silent=[(29, 111)],
                destination="VLADIVOSTOK", **BIG)  # fmt: skip
    ship = with_draught(ship, (24.0, 4.0), (111.0, 6.4), (np.inf, 4.1))
    events, pairs = run(ship, *traffic(off, 120))
    calls = [event for event in events if event["kind"] == "port_call" and event["vessel_a"] == "273000001"]
    seen = [call for call in calls if call["subtype"] == "seen"]
    hidden = [call for call in calls if call["subtype"] == "inferred"]
    assert [call["port_id"] for call in seen][:1] == ["ru_vostochny"]
    assert len(hidden) == 1
    assert hidden[0]["observed_min"] == 0
    assert hidden[0]["reach_max_h"] > 30
    assert (
        hidden[0]["meet_earliest"]
        < START + timedelta(hours=60)
        < START + timedelta(hours=90)
        < hidden[0]["meet_latest"]
    )
    (lead,) = [pair for pair in pairs if pair["partner_kind"] == "port"]
    assert lead["vessel_a"] == "273000001"
    assert lead["partner_id"].startswith("kp_")
    assert lead["rank"] == 1


def test_a_chain_from_a_supply_port_over_a_middleman_to_dprk_waters():
    sea = (32.5, 125.0)
    giver = boat(
        440000001, way([(0, YEOSU), (20, YEOSU), (40, sea), (50, sea), (70, YEOSU), (130, YEOSU)], sea),
        origin=sea, every_s=300, noise_m=4, **BIG,
    )  # fmt: skip
    beside = (sea[0], sea[1] + 18 / (60 * NM * np.cos(np.radians(sea[0]))))
    meets = (36.3, 123.6)
    middle = boat(
        538000001,
        way([(0, (31.0, 126.5)), (41, beside), (49, beside), (80, meets), (92, meets), (120, (33.0, 124.5))], sea),
        origin=sea, every_s=300, offset_s=60, noise_m=4, **SMALL,
    )  # fmt: skip
    taker = boat(
        445000001,
        way([(40, NAMPO), (64, NAMPO), (82, meets), (90, meets), (112, NAMPO), (130, NAMPO)], meets),
        origin=meets, every_s=300, noise_m=4, silent=[(68, 106)], **SMALL,
    )  # fmt: skip
    events, pairs = run(giver, middle, taker, *traffic(sea, 120, 6))
    kinds = {event["kind"] for event in events}
    assert {"encounter", "dark_rendezvous", "port_call"} <= kinds
    chains = sts.chains(
        pa.Table.from_pylist(events, EVENTS.arrow), pa.Table.from_pylist(pairs, PAIRS.arrow)
    ).to_pylist()
    whole = [chain for chain in chains if {"440000001", "538000001", "445000001"} <= set(chain["vessels"])]
    assert whole
    best = whole[0]
    assert best["supply_port"] == "kr_yeosu"
    assert best["n_inferred"] >= 1
    assert best["n_observed"] >= 2
    met = next(pair for pair in pairs if (pair["vessel_a"], pair["vessel_b"]) == ("440000001", "538000001"))
    assert met["chain"] is not None
    assert "kr_yeosu" in met["chain"]


@pytest.mark.parametrize("hours", [6, 40])
def test_ordinary_traffic_by_itself_gives_no_lead_worth_a_look(hours):
    _, pairs = run(*traffic(CHODO, hours))
    assert all(pair["score"] < 0.2 for pair in pairs)


def test_who_never_said_where_has_no_event():
    lat, lon = place(CHODO, [0.0], [0.0])
    events, _ = run(positions(413999999, [us(1)], None, None, name="NOWHERE"), positions(413999998, [us(1)], lat, lon))
    assert all(event["vessel_a"] != "413999999" for event in events)
