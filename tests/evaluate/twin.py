"""Whether two silences leave room for a meeting: every place and moment tried, without any of the program's code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.simulate import Planted

#: Faster than this no small tanker goes [kn]: 15 kn is fast for one (our choice; planted ones make 8-12).
TOP_KN = 16.0
#: A meeting lasts this long or longer [h].
STAY_H = 1.0
#: Places are tried this far apart [degrees].
STEP_DEG = 0.1


def feasible(one: Planted, silences: pa.Table) -> bool:
    """Say whether the recorded silences of both vessels leave room for an hour together, anywhere.

    Silences are those of the export, from the last message before to the first after; places after a silence are the
    begins of the next silence or are not known, in which case any place will do.
    """
    both = [_silence(silences, int(mmsi), one.start, one.end) for mmsi in one.vessels]
    if any(found is None for found in both):
        return False
    lat, lon = _grid([(found["lat_deg"], found["lon_deg"]) for found in both if found is not None])
    begin, end = np.full(lat.shape, -np.inf), np.full(lat.shape, np.inf)
    zero = one.start
    for found in both:
        assert found is not None
        begin = np.maximum(begin, _hours(found["start"], zero) + _way_h(lat, lon, found["lat_deg"], found["lon_deg"]))
        last = _hours(found["end"], zero)
        if not found["is_open"] and found["end_lat_deg"] is not None:
            last = last - _way_h(lat, lon, found["end_lat_deg"], found["end_lon_deg"])
        end = np.minimum(end, last)
    return bool((end - begin >= STAY_H).any())


def _silence(silences: pa.Table, mmsi: int, start: datetime, end: datetime) -> dict[str, Any] | None:
    """Return the silence of a vessel that covers a time."""
    own = silences.filter(pc.equal(silences.column("mmsi"), mmsi)).to_pylist()
    hour = timedelta(hours=STAY_H)
    return next((row for row in own if row["start"] <= end - hour and row["end"] >= start + hour), None)


def _hours(time: datetime, zero: datetime) -> float:
    return (time - zero).total_seconds() / 3600.0


def _grid(places: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return places around two others, as far as a day's sailing."""
    reach = 24 * TOP_KN / 60.0
    lat = np.arange(min(at[0] for at in places) - reach, max(at[0] for at in places) + reach, STEP_DEG)
    lon = np.arange(min(at[1] for at in places) - reach, max(at[1] for at in places) + reach, STEP_DEG)
    return tuple(np.meshgrid(lat, lon, indexing="ij"))  # type: ignore[return-value]


def _way_h(lat: np.ndarray, lon: np.ndarray, to_lat: float, to_lon: float) -> np.ndarray:
    """Return the time along the great circle [h]."""
    a, b = np.radians(lat), np.radians(to_lat)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    return 2 * np.degrees(np.arcsin(np.sqrt(np.clip(half, 0, 1)))) * 60.0 / TOP_KN
