"""The table of events, and what their ids and points are made of."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

import pyarrow as pa

from stsdetect.schema.table import BOOL, F64, I16, I32, I64, STRING, TIME, Schema, column
from stsdetect.units import US_PER_S


def event_id(kind: str, subtype: str, vessels: Iterable[str], start_us: int, place: str = "") -> str:
    """Return 16 hex digits from kind, subtype, sorted vessels and start second (and place where given)."""
    text = "\x1f".join([kind, subtype, *sorted(vessels), str(start_us // US_PER_S), place])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def point_wkb(lon_deg: Iterable[float], lat_deg: Iterable[float]) -> list[bytes]:
    """Return points as well-known binary (little endian), shape (n,)."""
    return [struct.pack("<BIdd", 1, 1, x, y) for x, y in zip(lon_deg, lat_deg, strict=True)]


EVENTS = Schema(
    "events",
    "Runs that qualified and were measured, sorted by start time.",
    (
        column("event_id", STRING, "hash of kind, subtype, vessels, start second and place", nullable=False),
        column("kind", STRING, "encounter, loitering, gap, dark_rendezvous, port_call or identity", nullable=False),
        column(
            "subtype",
            STRING,
            "encounter: stationary, under_way or unknown; loitering: still; gap: silence (6 h or more) or short; "
            "dark_rendezvous: one_dark or both_dark; port_call: seen, inferred or told; identity: the test that "
            "failed, see `stsdetect about tests`",
            nullable=False,
        ),
        column("vessel_a", STRING, "hull id, the lesser of the two", nullable=False),
        column("vessel_b", STRING, "hull id of the other vessel; null for events of one vessel"),
        column("mmsi_a", I64, "MMSI of a"),
        column("mmsi_b", I64, "MMSI of b"),
        column("name_a", STRING, "name of a as broadcast at the time"),
        column("name_b", STRING, "name of b as broadcast at the time"),
        column("imo_a", I64, "IMO number of a as broadcast at the time"),
        column("imo_b", I64, "IMO number of b as broadcast at the time"),
        column("ship_type_a", I16, "AIS ship type of a"),
        column("ship_type_b", I16, "AIS ship type of b"),
        column("length_a_m", F64, "hull length of a [m]"),
        column("length_b_m", F64, "hull length of b [m]"),
        column("start_time", TIME, "start, UTC", nullable=False),
        column("end_time", TIME, "end, UTC; an open event ends at the last time in the data", nullable=False),
        column("duration_h", F64, "end minus start [h]", nullable=False),
        column("observed_min", F64, "minutes seen: fixes at most 15 min apart; null in events of others [min]"),
        column("inferred_min", F64, "minutes inferred between sparser fixes; null in events of others [min]"),
        column("lat_deg", F64, "latitude of the event's point [degrees]; a gap's is its last fix", nullable=False),
        column("lon_deg", F64, "longitude of the event's point [degrees]", nullable=False),
        column("end_lat_deg", F64, "gap: latitude of the first fix after it; identity: of the other place [degrees]"),
        column("end_lon_deg", F64, "gap: longitude of the first fix after it; identity: of the other place [degrees]"),
        column("implied_speed_kn", F64, "gap: straight-line speed between its ends [kn]"),
        column("zone_id", STRING, "most specific transfer zone that holds the point"),
        column("zone_distance_km", F64, "distance to the nearest transfer zone, 0 inside [km]"),
        column("shore_distance_km", F64, "distance to the nearest shoreline; negative on land [km]"),
        column("port_id", STRING, "nearest port"),
        column("port_distance_km", F64, "distance to it [km]"),
        column("still_nearby", I32, "other hulls that lay still near the point within the window of days"),
        column("night_share", F64, "share of the event with the sun below the horizon, 0..1"),
        column("n_positions_a", I64, "fixes of a in it; null where not known"),
        column("n_positions_b", I64, "fixes of b in it"),
        column("is_open", BOOL, "it was still running at the last time in the data", nullable=False),
        column("min_distance_m", F64, "encounter: least distance between antennas [m]"),
        column(
            "median_distance_m",
            F64,
            "encounter: time-weighted median of the distances between antennas halfway between fixes [m]",
        ),
        column("hull_gap_min_m", F64, "encounter: least possible clearance between hulls at their closest [m]"),
        column("hull_gap_max_m", F64, "encounter: greatest possible clearance between hulls at their closest [m]"),
        column(
            "hull_gap_source",
            STRING,
            "encounter: dimensions (A/B/C/D and heading), size (length and width) or class",
        ),
        column("median_speed_kn", F64, "time-weighted median speed from positions [kn]"),
        column(
            "heading_alignment",
            F64,
            "encounter: mean |cos| of the difference of headings, 1 parallel; null unknown",
        ),
        column("draught_before_a_m", F64, "draught of a as the event begins [m]"),
        column("draught_before_b_m", F64, "draught of b as the event begins [m]"),
        column("draught_change_a_m", F64, "draught of a after less before [m]; null where not known"),
        column("draught_change_b_m", F64, "draught of b after less before [m]; null where not known"),
        column(
            "coverage",
            STRING,
            "gap, inferred port_call: dark, outage, thin or unknown: the silence judged by what else was heard there",
        ),
        column("hulls_before", I32, "gap: other hulls heard around the last fix in the hours before it"),
        column("hulls_during", I32, "gap: other hulls heard there in the hours after it"),
        column("own_rate_per_h", F64, "gap: fixes of the hull itself per hour before it [1/h]"),
        column(
            "rare_there",
            F64,
            "gap: how seldom a silence lasts so long around its last fix, itself counted: of hull-hours there that end "
            "in one, minus the decimal logarithm of the share (3: one in a thousand)",
        ),
        column(
            "rare_for_hull",
            F64,
            "gap: how seldom other silences of the hull last so long: minus the decimal logarithm of their share, with "
            "two more added as long as those of all hulls (0: all others do; 1: one in ten)",
        ),
        column("speed_before_kn", F64, "gap: speed of the hull at the last fix before it [kn]"),
        column("course_before_deg", F64, "gap: its course there [degrees]; null below 1 kn"),
        column("speed_after_kn", F64, "gap: speed of the hull at the first fix after it [kn]"),
        column("course_after_deg", F64, "gap: its course there [degrees]; null below 1 kn"),
        column("spread_m", F64, "loitering: distance of its farthest fix from its point [m]"),
        column("signature", F64, "loitering: how much a lone hull behaved as if another lay alongside, 0..1"),
        column("observed_a", BOOL, "dark_rendezvous: a lay still, heard during it or only before and after"),
        column("observed_b", BOOL, "dark_rendezvous: b lay still, heard during it or only before and after"),
        column("candidate_rank", I32, "dark_rendezvous: 1 is the likeliest partner of those that could have been"),
        column(
            "n_rivals",
            I32,
            "dark_rendezvous: other hulls that could equally have been the partner; hand_over: the other",
        ),
        column(
            "meet_earliest",
            TIME,
            "dark_rendezvous, inferred port_call: earliest moment they could be there, UTC; of one_dark, this and the "
            "next three assume that the hull that lay still stayed where it lay while it was not heard",
        ),
        column("meet_latest", TIME, "dark_rendezvous, inferred port_call: latest moment they could be there, UTC"),
        column("reach_max_h", F64, "dark_rendezvous, inferred port_call: longest time the silence leaves for it [h]"),
        column("reach", pa.binary(), "dark_rendezvous: where the two could have been together, WKB polygon, WGS84"),
        column("candidate_score", F64, "dark_rendezvous: what candidates are ranked by, higher is likelier"),
        column("from_events", STRING, "ids of the events it was inferred from, joined by ';'"),
        column("evidence", STRING, "what was seen, in a sentence"),
        column(
            "flags",
            STRING,
            "remarks joined by ';', such as at_berth, anchorage, zone:ecs_wide, from_gfw",
            nullable=False,
        ),
        column("settings_id", STRING, "digest of the settings that made the row", nullable=False),
        column("geometry", pa.binary(), "WKB point, WGS84", nullable=False),
    ),
)
