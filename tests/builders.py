"""Small hand-made worlds for tests: vessels that follow waypoints on a local plane, sampled as asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.detect import find_events
from stsdetect.kernels.sphere import local_axes, to_lat_lon, to_xyz
from stsdetect.schema import POSITIONS
from stsdetect.settings import Settings, load_settings
from stsdetect.tracks import build_tracks

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
START_US = int(START.timestamp() * 1e6)
HOUR_US = 3_600_000_000
TEXTS = ("name", "callsign", "destination", "transceiver", "station", "vessel_id")


def us(hours: float) -> int:
    """Microseconds since 1970 at so many hours after `START`."""
    return START_US + round(hours * HOUR_US)


def place(origin: tuple[float, float], east_m: Any, north_m: Any) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude [degrees] of points on the plane that touches the sphere at ``origin``."""
    east_m, north_m = np.broadcast_arrays(np.asarray(east_m, float), np.asarray(north_m, float))
    base = to_xyz(np.array([origin[0]]), np.array([origin[1]]))
    east, north = local_axes(base)
    return to_lat_lon(base + east_m[:, None] * east + north_m[:, None] * north)


def positions(mmsi: int | None, time_us: Any, lat: Any, lon: Any, **columns: Any) -> pa.Table:
    """A `POSITIONS` table of one vessel; scalars among ``columns`` are repeated."""
    time_us = np.asarray(time_us, dtype=np.int64)
    n = time_us.size
    data: dict[str, Any] = {
        "mmsi": pa.array([mmsi] * n, pa.int64()),
        "time": pa.array(time_us, pa.timestamp("us", "UTC")),
        "lat_deg": np.broadcast_to(lat, n),
        "lon_deg": np.broadcast_to(lon, n),
    }
    for name, value in columns.items():
        if name in TEXTS:
            data[name] = pa.array([value] * n if value is None or isinstance(value, str) else list(value), pa.string())
        else:
            data[name] = np.broadcast_to(np.asarray(value, dtype=float), n)
    return POSITIONS.table(data)


def boat(
    mmsi: int,
    waypoints: Sequence[tuple[float, float, float]],
    *,
    every_s: float = 60.0,
    offset_s: float = 0.0,
    origin: tuple[float, float] = (31.0, 124.0),
    noise_m: float = 0.0,
    seed: int = 0,
    silent: Sequence[tuple[float, float]] = (),
    **columns: Any,
) -> pa.Table:
    """A vessel that sails straight between (hour, east_m, north_m) waypoints, heard every ``every_s``.

    ``silent`` lists stretches (from hour, to hour) in which nothing is heard.
    """
    hours, east, north = (np.array(values, dtype=float) for values in zip(*waypoints, strict=True))
    t = np.arange(hours[0] * 3600 + offset_s, hours[-1] * 3600 + 0.5, every_s)
    for begin, end in silent:
        t = t[(t <= begin * 3600) | (t >= end * 3600)]
    rng = np.random.default_rng([seed, mmsi])
    e = np.interp(t / 3600, hours, east) + rng.normal(0, 1, t.size) * noise_m
    n = np.interp(t / 3600, hours, north) + rng.normal(0, 1, t.size) * noise_m
    lat, lon = place(origin, e, n)
    return positions(mmsi, START_US + np.rint(t * 1e6).astype(np.int64), lat, lon, **columns)


def join(*tables: pa.Table) -> pa.Table:
    """All positions in one table."""
    return pa.concat_tables(tables).unify_dictionaries()


def events_of(*tables: pa.Table, settings: Settings | None = None, **groups: Any) -> list[dict[str, Any]]:
    """Events (as dicts) of the positions, without context."""
    settings = settings or load_settings(**groups)
    tracks = build_tracks(join(*tables), settings.clean)
    return find_events(tracks.fixes, tracks.vessels, settings, flagged=tracks.flagged).to_pylist()


def encounters_of(*tables: pa.Table, **groups: Any) -> list[dict[str, Any]]:
    """Only the encounters."""
    return [event for event in events_of(*tables, **groups) if event["kind"] == "encounter"]


def hours_of(event: dict[str, Any]) -> tuple[float, float]:
    """Start and end of an event in hours after `START`."""
    return (
        (event["start_time"] - START).total_seconds() / 3600,
        (event["end_time"] - START).total_seconds() / 3600,
    )


#: 80 m tanker with the antenna aft.
TANKER = {"to_bow_m": 60.0, "to_stern_m": 20.0, "to_port_m": 6.0, "to_starboard_m": 6.0, "ship_type": 80}
