"""Events, pairs and fixes made by hand for the pages and files."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import shapely

from stsdetect.schema import EVENTS, FIXES, PAIRS

START = datetime(2024, 3, 1, 2, 30, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>" onload=\'x\' =cmd|calc &amp; \u202eREVERSED\u2066 ' + "A" * 10_000


SUBTYPES = {
    "encounter": "stationary", "loitering": "still", "gap": "silence", "dark_rendezvous": "one_dark",
    "identity": "hand_over", "port_call": "seen",
}  # fmt: skip


def event(number, kind="encounter", lon=123.4, lat=38.1, *, name_a="OCEAN PEARL", name_b="SEA HARMONY", **over):
    two = kind == "encounter"
    start = START + timedelta(hours=7 * number)
    hours = over.pop("hours", 5.5)
    row = {
        "event_id": f"e{number:04d}", "kind": kind,
        "subtype": SUBTYPES[kind],
        "vessel_a": str(412000000 + 2 * number), "vessel_b": str(412000001 + 2 * number) if two else None,
        "mmsi_a": 412000000 + 2 * number, "mmsi_b": 412000001 + 2 * number if two else None,
        "name_a": name_a, "name_b": name_b if two else None, "imo_a": 9123456, "imo_b": None,
        "ship_type_a": 80, "ship_type_b": 84 if two else None,
        "length_a_m": 183.0, "length_b_m": 112.0 if two else None,
        "start_time": start, "end_time": start + timedelta(hours=hours), "duration_h": hours,
        "observed_min": hours * 48, "inferred_min": hours * 12, "lat_deg": lat, "lon_deg": lon,
        "end_lat_deg": lat + 0.4 if kind == "gap" else None, "end_lon_deg": lon + 0.5 if kind == "gap" else None,
        "n_positions_a": 60, "n_positions_b": 41 if two else None, "is_open": False,
        "min_distance_m": 31.4 if two else None, "median_distance_m": 44.0 if two else None,
        "hull_gap_min_m": 2.1 if two else None, "hull_gap_max_m": 18.7 if two else None,
        "draught_change_a_m": -1.8 if two else None, "draught_change_b_m": 2.1 if two else None,
        "shore_distance_km": 84.2, "zone_id": "yellow_sea_west", "zone_distance_km": 0.0,
        "flags": "anchorage;zone:ecs_wide" if two else "", "settings_id": "abcdef012345",
        "geometry": shapely.to_wkb(shapely.Point(lon, lat)),
    }  # fmt: skip
    return {**row, **over}


def events_table(rows):
    return EVENTS.table({name: [row.get(name) for row in rows] for name in EVENTS.names}) if rows else EVENTS.empty()


REASONS = [
    ("base", 1.0, -3.2, "Most vessels that meet do not transfer oil.", "prior"),
    ("hull_gap", 2.1, 1.9, "The hulls came within 2 to 19 m of each other, as they do alongside.", "OCIMF STS guide"),
    ("draught", 1.8, 1.4, "The draught of OCEAN PEARL fell by 1.8 m while that of SEA HARMONY rose by 2.1 m.", "AIS"),
    ("tankers", 1.0, 1.1, "Both vessels report a tanker type (80 and 84).", "ITU-R M.1371"),
    ("zone", 0.0, 0.6, "It lies inside the known transfer zone Yellow Sea west.", "zones table"),
    ("night", 0.7, 0.3, "70 % of it was at night.", "sun position"),
    ("anchorage", 4.0, -0.9, "Four other hulls lay still nearby: a crowded anchorage.", "this data"),
]


def pairs_table(rows, reasons=REASONS):
    met = [row for row in rows if row["kind"] == "encounter"]
    total = sum(reason[2] for reason in reasons)
    pairs = []
    for rank, row in enumerate(met, start=1):
        odds = total - 0.15 * (rank - 1)
        pairs.append(
            {
                "pair_id": f"p{rank:04d}",
                "partner_kind": "vessel",
                "partner_id": row["vessel_b"],
                "rank": rank,
                "score": 1 / (1 + math.exp(-odds)),
                "log_odds": odds,
                "confidence": ["high", "medium", "low"][rank % 3],
                "n_events": 1,
                "first_time": row["start_time"],
                "last_time": row["end_time"],
                "event_ids": [row["event_id"]],
                "chain": None,
                "reasons": [
                    dict(zip(("indicator", "value", "weight", "sentence", "source"), r, strict=True)) for r in reasons
                ],
                **{
                    key: row[key]
                    for key in ("vessel_a", "vessel_b", "mmsi_a", "mmsi_b", "name_a", "name_b", "settings_id")
                },
            }
        )
    return PAIRS.table({name: [pair.get(name) for pair in pairs] for name in PAIRS.names}) if pairs else PAIRS.empty()


def possible(number, rank=1, n_rivals=0, *, shape=None, both=False, **over):
    """A dark rendezvous of one visible vessel (a) and one candidate, or of two silent vessels."""
    row = event(number, "encounter", **over)
    lon, lat = row["lon_deg"], row["lat_deg"]
    polygon = shapely.Point(lon, lat).buffer(0.35) if shape is None else shape
    unseen = {
        "kind": "dark_rendezvous", "subtype": "both_dark" if both else "one_dark", "observed_a": not both,
        "observed_b": False, "candidate_rank": rank, "n_rivals": n_rivals, "reach_max_h": 6.5,
        "meet_earliest": row["start_time"] + timedelta(minutes=20), "meet_latest": row["end_time"],
        "reach": shapely.to_wkb(polygon), "candidate_score": 2.0 / rank, "min_distance_m": None,
        "hull_gap_min_m": None, "hull_gap_max_m": None, "n_positions_b": None,
        "evidence": "consistent with lying alongside: the silence leaves 6.5 h and the approach was straight",
    }  # fmt: skip
    return {**row, **unseen, **{key: over[key] for key in unseen if key in over}}


def lead(rank, rows, partner_kind="vessel", **over):
    """One row of pairs over some events, as the score of possible meetings makes them."""
    first = rows[0]
    reasons = [
        ("dark_base", None, -5.5, "One vessel was seen at rest, its partner was not", "prior"),
        ("dark_signature", 0.8, 1.2, "Behaved at rest with a signature of 0.80", "our judgement"),
    ]
    names = ("indicator", "value", "weight", "sentence", "source")
    known = partner_kind == "vessel"
    row = {
        "pair_id": f"d{rank:04d}", "partner_kind": partner_kind, "rank": rank, "score": 0.2, "log_odds": -4.3,
        "partner_id": first["vessel_b"] if known else first["event_id"], "confidence": "low", "n_events": 1,
        "first_time": first["start_time"], "last_time": first["end_time"],
        "event_ids": [row["event_id"] for row in rows],
        "reasons": [dict(zip(names, reason, strict=True)) for reason in reasons],
        **{key: first[key] for key in ("vessel_a", "mmsi_a", "name_a", "settings_id")},
        **{key: first[key] if known else None for key in ("vessel_b", "mmsi_b", "name_b")},
    }  # fmt: skip
    return {**row, **over}


def with_leads(pairs, leads):
    rows = [*pairs.to_pylist(), *leads]
    return PAIRS.table({name: [row.get(name) for row in rows] for name in PAIRS.names})


def fixes_table(rows, every_min=6):
    """Tracks that come in, lie together and go their ways, some tens of miles to each side."""
    out = []
    segment = 0
    for row in rows:
        for side in "ab":
            if row[f"vessel_{side}"] is None:
                continue
            segment += 1
            away = 1 if side == "a" else -1
            t = row["start_time"] - timedelta(hours=5)
            while t <= row["end_time"] + timedelta(hours=5):
                before = max(0.0, (row["start_time"] - t).total_seconds()) / 3600
                after = max(0.0, (t - row["end_time"]).total_seconds()) / 3600
                lon = row["lon_deg"] + away * 0.0003 - away * before * 0.11 + after * 0.05
                lat = row["lat_deg"] + before * 0.07 + away * after * 0.12 + 0.01 * math.sin(before * 2)
                out.append((row[f"vessel_{side}"], segment, row[f"mmsi_{side}"], t, lat, (lon + 180) % 360 - 180))
                t += timedelta(minutes=every_min)
    out.sort(key=lambda fix: (fix[0], fix[3]))
    columns = list(zip(*out, strict=True))
    names = ("vessel", "segment", "mmsi", "time", "lat_deg", "lon_deg")
    return FIXES.table(
        {**dict(zip(names, columns, strict=True)), "speed_kn": [0.5] * len(out), "quality": [0] * len(out)}
    )


def zone(name="Yellow Sea west", west=122.8, south=37.6, east=124.2, north=38.6, shape=None):
    geometry = shape if shape is not None else shapely.box(west, south, east, north)
    return SimpleNamespace(id="z1", name=name, category="sts", confidence="high", geometry=geometry)


class Coast:
    """A stand-in for the shoreline: an island with a lake in every cell of ten degrees, on every turn."""

    def __init__(self):
        self.asked = []

    def polygons(self, lon_min, lat_min, lon_max, lat_max, *, max_vertices=60_000, near=None):
        self.asked.append((lon_min, lat_min, lon_max, lat_max))
        room = shapely.box(lon_min, lat_min, lon_max, lat_max)
        rings = []
        for lon in range(-355, 360, 10):
            for lat in range(-75, 80, 10):
                for radius in (1.5, 0.5):
                    part = shapely.Point(lon, lat).buffer(radius).intersection(room)
                    if not part.is_empty and part.area > 0:
                        rings.append(shapely.get_coordinates(part.exterior))
        return rings


RUN = {
    "version": "0.1.0",
    "settings_id": "abcdef012345",
    "inputs": [{"path": "exports/AIS_2024_03_01.csv", "size_bytes": 1_234_567}, {"path": "b.csv.gz", "size_bytes": 99}],
    "rows": {"read": 120_345, "kept": 119_000, "rejected": {"bad_time": 1_300, "wrong_column_count": 45}},
}
