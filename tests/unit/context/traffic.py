"""Hand-made traffic for the tests of how well places are heard, and the silences found in it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tests.builders import boat, events_of, place, us

KM = 1000.0


A_KNOT = 1852.0


def gaps_of(*tables: pa.Table, **groups) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for event in events_of(*tables, **groups):
        if event["kind"] == "gap":
            found.setdefault(event["vessel_a"], []).append(event)
    return found


def first_gap(*tables: pa.Table, mmsi: int, **groups) -> dict:
    return gaps_of(*tables, **groups)[str(mmsi)][0]


def verdicts(*tables: pa.Table, **groups) -> set[str]:
    return {gap["coverage"] for gaps in gaps_of(*tables, **groups).values() for gap in gaps}


def anchored(
    n: int, *, hours: tuple[float, float] = (0, 30), spread_m: float = 20 * KM, first: int = 440100000, **more
):
    """Ships at anchor, heard every three minutes."""
    rng = np.random.default_rng(5)
    spots = rng.uniform(-spread_m, spread_m, (n, 2))
    return [
        boat(
            first + 11 * k, [(hours[0], *spots[k]), (hours[1], *spots[k])],
            every_s=180, offset_s=7.0 * k % 180, transceiver="A", **more,
        )
        for k in range(n)
    ]  # fmt: skip


def lane(n: int, *, every_h: float = 0.5, knots: float = 10.0, length_km: float = 400.0, begin: float = -20.0, **more):
    """Ships one behind the other, in both directions in turn."""
    hours = length_km * KM / (knots * A_KNOT)
    half = length_km * KM / 2
    return [
        boat(
            440000001 + k,
            [
                (begin + k * every_h, -half if k % 2 else half, 700.0 * (k % 7)),
                (begin + k * every_h + hours, half if k % 2 else -half, 700.0 * (k % 7)),
            ],
            every_s=120, transceiver="A", **more,
        )
        for k in range(n)
    ]  # fmt: skip


def silenced(table: pa.Table, begin: float, end: float) -> pa.Table:
    """The same reports without those between two hours."""
    time = table.column("time").cast(pa.int64()).to_numpy()
    return table.filter(pa.array((time <= us(begin)) | (time >= us(end))))


def near(table: pa.Table, east_m: tuple[float, float]) -> pa.Table:
    """Only the reports between two places east of the origin [m], as heard by one station."""
    west, east = place((31.0, 124.0), np.array(east_m), 0.0)[1]
    lon = table.column("lon_deg").to_numpy()
    return table.filter(pa.array((lon >= west) & (lon <= east)))


def unheard(ship: pa.Table, east_m: tuple[float, float], begin: float, end: float) -> pa.Table:
    """The same reports without those between two places east of the origin [m] and two hours."""
    west, east = place((31.0, 124.0), np.array(east_m), 0.0)[1]
    lon, time = ship.column("lon_deg").to_numpy(), ship.column("time").cast(pa.int64()).to_numpy()
    return ship.filter(pa.array(~((lon > west) & (lon < east) & (time > us(begin)) & (time < us(end)))))
