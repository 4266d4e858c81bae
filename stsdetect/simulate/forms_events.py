"""What was planted in a world as another publisher would tell it: events of Global Fishing Watch."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stsdetect.simulate.sampling import NO_LAT, NO_SOG
from stsdetect.simulate.world import Planted, World
from stsdetect.units import US_PER_S

#: Its words for what is planted; decoys are no events.
_KINDS = {"encounter": "encounter", "loitering": "loitering", "gap": "gap"}
ENCOUNTERS_HEADER = (
    "encounter_id,start_time,end_time,mean_latitude,mean_longitude,median_distance_km,median_speed_knots,start_lat,"
    "start_lon,end_lat,end_lon,vessel_1_id,vessel_1_seg_ids,vessel_1_point_count,vessel_2_id,vessel_2_seg_ids,"
    "vessel_2_point_count"
)
Row = dict[str, Any]


@dataclass(frozen=True)
class EventForm:
    """One file of events: its name, and what writes it."""

    name: str
    fill: Callable[[World, Path], None]


@dataclass(frozen=True)
class _Fixes:
    """Fixes of one MMSI with a place: times [us], places [degrees], speeds [kn] (NaN: none)."""

    time: Any
    lat: Any
    lon: Any
    sog: Any

    def between(self, start: int, end: int) -> _Fixes:
        inside = (self.time >= start) & (self.time <= end)
        return _Fixes(self.time[inside], self.lat[inside], self.lon[inside], self.sog[inside])


def _fixes(world: World, vessel: str) -> _Fixes:
    table = world.positions
    own = (table.column("mmsi").to_numpy() == int(vessel)) & (table.column("lat_deg").to_numpy() != NO_LAT)
    time, lat, lon, sog = (table.column(name).to_numpy()[own] for name in ("time", "lat_deg", "lon_deg", "sog_kn"))
    micro = time.astype("datetime64[us]").astype(np.int64)
    order = np.argsort(micro, kind="stable")
    sog = np.where(sog == NO_SOG, np.nan, sog)
    return _Fixes(micro[order], lat[order], lon[order], sog[order])


def planted_events(world: World) -> list[Planted]:
    """Return what was planted and is an event, by start."""
    return sorted((one for one in world.truth if one.kind in _KINDS), key=lambda one: (one.start, one.vessels))


def _us(one: Planted) -> tuple[int, int]:
    return round(one.start.timestamp()) * US_PER_S, round(one.end.timestamp()) * US_PER_S


def _id(one: Planted) -> str:
    return hashlib.sha256(f"{one.kind} {one.vessels} {one.start}".encode()).hexdigest()[:32]


def _place(lat: float, lon: float) -> Row:
    return {"lat": round(float(lat), 6), "lon": round(float(lon), 6)}


def _middle(fixes: list[_Fixes]) -> Row:
    """Return the median place, which a fix thrown far off does not move."""
    return _place(
        *(np.median(np.concatenate(part)) for part in zip(*((one.lat, one.lon) for one in fixes), strict=True))
    )


def _median_speed(fixes: list[_Fixes]) -> float | None:
    speeds = np.concatenate([one.sog for one in fixes])
    speeds = speeds[~np.isnan(speeds)]
    return round(float(np.median(speeds)), 2) if len(speeds) else None


def _names(world: World) -> dict[str, str | None]:
    table = world.positions
    return {
        str(mmsi): name
        for mmsi, name in zip(table.column("mmsi").to_pylist(), table.column("name").to_pylist(), strict=True)
    }


def _items(world: World) -> Iterator[Row]:
    """Yield items of the Events API: an encounter as each of its two vessels tells it."""
    names = _names(world)

    def vessel(mmsi: str) -> Row:
        own = hashlib.sha256(mmsi.encode()).hexdigest()
        ident = "-".join((own[:8], own[8:12], own[12:16], own[16:20], own[20:32]))
        return {"id": ident, "name": names[mmsi], "ssvid": mmsi, "flag": None, "type": "other"}

    for one in planted_events(world):
        start, end = _us(one)
        told = one.vessels if one.kind == "encounter" else one.vessels[:1]
        for number, first in enumerate(told, 1):
            fixes = _fixes(world, first)
            inside = fixes.between(start, end)
            item: Row = {
                "start": f"{one.start:%Y-%m-%dT%H:%M:%S.000Z}", "end": f"{one.end:%Y-%m-%dT%H:%M:%S.000Z}",
                "id": f"{_id(one)}.{number}" if len(told) > 1 else _id(one), "type": _KINDS[one.kind],
                "position": _middle([inside]), "vessel": vessel(first),
            }  # fmt: skip
            if one.kind == "encounter":
                (other,) = (mmsi for mmsi in told if mmsi != first)
                item["encounter"] = {
                    "vessel": vessel(other),
                    "medianDistanceKilometers": None,
                    "medianSpeedKnots": _median_speed([inside, _fixes(world, other).between(start, end)]),
                }
            elif one.kind == "gap":
                item["gap"] = _gap(fixes, start, end)
            else:
                item["loitering"] = {
                    "totalTimeHours": (end - start) / US_PER_S / 3600.0,
                    "averageSpeedKnots": _median_speed([inside]),
                }
            yield item


def _gap(fixes: _Fixes, start: int, end: int) -> Row:
    """Tell where a vessel fell silent, and where it was heard again, if it was."""
    off, on = np.flatnonzero(fixes.time <= start)[-1:], np.flatnonzero(fixes.time >= end)[:1]
    return {
        "intentionalDisabling": False,
        "durationHours": (end - start) / US_PER_S / 3600.0,
        "offPosition": _place(fixes.lat[off[0]], fixes.lon[off[0]]) if len(off) else None,
        "onPosition": _place(fixes.lat[on[0]], fixes.lon[on[0]]) if len(on) else None,
    }


def _fill_events(world: World, path: Path) -> None:
    document = {"metadata": {"datasets": ["simulated"]}, "entries": list(_items(world))}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


def _fill_encounters(world: World, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(ENCOUNTERS_HEADER.split(","))
        for one in planted_events(world):
            if one.kind != "encounter":
                continue
            a, b = (_fixes(world, mmsi).between(*_us(one)) for mmsi in one.vessels)
            middle = _middle([a, b])
            writer.writerow([
                _id(one), one.start.strftime("%Y-%m-%d %H:%M:%S UTC"), one.end.strftime("%Y-%m-%d %H:%M:%S UTC"),
                middle["lat"], middle["lon"], "", _median_speed([a, b]), f"{a.lat[0]:.6f}", f"{a.lon[0]:.6f}",
                f"{a.lat[-1]:.6f}", f"{a.lon[-1]:.6f}", one.vessels[0], f"{one.vessels[0]}-1", len(a.time),
                one.vessels[1], f"{one.vessels[1]}-1", len(b.time),
            ])  # fmt: skip


#: The file of each layout of events.
EVENT_FORMS: dict[str, EventForm] = {
    "gfw_events": EventForm("gfw_events.json", _fill_events),
    "gfw_encounters": EventForm("gfw_encounters.csv", _fill_encounters),
}
