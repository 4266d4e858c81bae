"""The tables stsdetect reads and writes: one `Schema` per table, each column with its type and meaning."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from stsdetect.errors import SchemaError, did_you_mean
from stsdetect.units import US_PER_S

TIME = pa.timestamp("us", tz="UTC")
#: Text that repeats a lot inside the program (names, file names); plain strings in files.
TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Column:
    """One column: its name (with the unit), Arrow type, whether it may be null, and what it means."""

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = True


@dataclass(frozen=True)
class Schema:
    """A named table layout; the order of columns is part of it."""

    name: str
    doc: str
    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @cached_property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @cached_property
    def arrow(self) -> pa.Schema:
        """The same layout as an Arrow schema."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    def empty(self) -> pa.Table:
        """Return a table without rows but with every column."""
        return self._empty

    @cached_property
    def _empty(self) -> pa.Table:
        return self.arrow.empty_table()

    def table(self, columns: dict[str, Any]) -> pa.Table:
        """Build a table from arrays or lists by column name; columns left out are null throughout.

        Raises
        ------
        SchemaError
            If a name is not a column, lengths differ, or a value does not fit its column's type.
        """
        unknown = [name for name in columns if name not in self.names]
        if unknown:
            raise SchemaError(
                f"table '{self.name}' has no column '{unknown[0]}'.{did_you_mean(unknown[0], self.names)}"
            )
        size = max((len(values) for values in columns.values()), default=0)
        arrays = []
        for column in self.columns:
            if column.name in columns:
                arrays.append(_as_type(columns[column.name], column, self.name))
            else:
                arrays.append(pa.nulls(size, column.type))
        return pa.Table.from_arrays(arrays, schema=self.arrow)

    def conform(self, table: Any, *, extra: bool = False) -> pa.Table:
        """Return ``table`` (Arrow or pandas) with exactly these columns, in order and with these types.

        Columns that may be null and are missing become null. Unknown columns are an error unless ``extra``
        is true, in which case they are left out. The caller's table is not changed.

        Raises
        ------
        SchemaError
            If a required column is missing or null, or a value does not fit its column's type.
        """
        arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
        given = dict(zip(arrow.column_names, arrow.columns, strict=True))
        missing = [c.name for c in self.columns if not c.nullable and c.name not in given]
        if missing:
            hint = did_you_mean(missing[0], given)
            raise SchemaError(
                f"table '{self.name}' needs a column '{missing[0]}'; the columns given are "
                f"{', '.join(given) or 'none'}.{hint}"
            )
        if not extra:
            unknown = [name for name in given if name not in self.names]
            if unknown:
                raise SchemaError(
                    f"table '{self.name}' has no column '{unknown[0]}'.{did_you_mean(unknown[0], self.names)}"
                )
        result = self.table({name: given[name] for name in self.names if name in given} or {})
        if not given:
            return self.empty()
        for column in self.columns:
            if not column.nullable and result.column(column.name).null_count:
                raise SchemaError(f"column '{column.name}' of table '{self.name}' has empty values; it may not")
        return result


def _as_type(values: Any, column: Column, table: str) -> pa.Array | pa.ChunkedArray:
    try:
        array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, from_pandas=True)
        if array.type == column.type:
            return array
        if pa.types.is_timestamp(array.type) and array.type.tz is None and pa.types.is_timestamp(column.type):
            raise SchemaError(
                f"column '{column.name}' of table '{table}' holds times without a time zone; "
                "make them UTC, for example with .dt.tz_localize('UTC')"
            )
        if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(array.type):
            if array.type != pa.string():
                array = array.cast(pa.string())
            array = array.dictionary_encode()
        return array.cast(column.type)
    except pa.ArrowException as problem:
        raise SchemaError(f"column '{column.name}' of table '{table}' must hold {column.type}: {problem}") from problem


def _c(name: str, kind: pa.DataType, doc: str, nullable: bool = True) -> Column:
    return Column(name, kind, doc, nullable)


_I64, _I32, _I16, _I8 = pa.int64(), pa.int32(), pa.int16(), pa.int8()
_F, _S, _B = pa.float64(), pa.string(), pa.bool_()

_STATIC = (
    _c("imo", _I64, "IMO number as broadcast"),
    _c("name", TEXT, "vessel name as broadcast"),
    _c("callsign", TEXT, "radio call sign as broadcast"),
    _c("ship_type", _I16, "AIS ship and cargo type, 0-99 (80-89 tanker)"),
    _c("length_m", _F, "hull length [m]"),
    _c("width_m", _F, "hull width [m]"),
    _c("to_bow_m", _F, "A: antenna to bow [m]"),
    _c("to_stern_m", _F, "B: antenna to stern [m]"),
    _c("to_port_m", _F, "C: antenna to port side [m] (ITU order)"),
    _c("to_starboard_m", _F, "D: antenna to starboard side [m] (ITU order)"),
    _c("draught_m", _F, "draught typed by the crew [m]"),
    _c("destination", TEXT, "destination typed by the crew"),
)

POSITIONS = Schema(
    "positions",
    "AIS reports as read, one row per report. A report without a place (static data) has null lat and lon.",
    (
        _c("vessel_id", TEXT, "the source's own vessel id; null where the MMSI is the id"),
        _c("mmsi", _I64, "MMSI, up to nine digits; leading zeros are not kept"),
        _c("time", TIME, "time of the report, UTC", nullable=False),
        _c("lat_deg", _F, "latitude, WGS84 [degrees north]; sentinel 91 is left in"),
        _c("lon_deg", _F, "longitude, WGS84 [degrees east]; sentinel 181 is left in"),
        _c("sog_kn", _F, "speed over ground [kn]; sentinel 102.3 is left in"),
        _c("cog_deg", _F, "course over ground [degrees]; sentinel 360 is left in"),
        _c("heading_deg", _F, "true heading [degrees]; sentinel 511 is left in"),
        _c("nav_status", _I8, "navigational status 0-15"),
        _c("message_type", _I8, "AIS message number where known (27 = coarse long-range position)"),
        _c("transceiver", TEXT, "A or B"),
        _c(
            "station",
            TEXT,
            "ship, base, aid, sar_aircraft, sart, aux, handheld or group, where the source says so",
        ),
        *_STATIC,
        _c("source_file", TEXT, "input file (and archive member) the row came from"),
        _c("source_row", _I64, "line number in that file, counted from 1, header included"),
    ),
)

REJECTS = Schema(
    "rejects",
    "Rows that could not be read, each with its reason; the text is cut at 500 characters.",
    (
        _c("source_file", TEXT, "input file (and archive member)", nullable=False),
        _c("source_row", _I64, "line number in that file, counted from 1", nullable=False),
        _c("reason", TEXT, "short stable reason, such as bad_time or wrong_column_count", nullable=False),
        _c("detail", _S, "the value that was wrong"),
        _c("text", _S, "the raw row as it stood"),
    ),
)

VESSELS = Schema(
    "vessels",
    "Identity history: one row per hull and stretch of time in which its static data did not change.",
    (
        _c("vessel", TEXT, "hull id used in events and pairs", nullable=False),
        _c("mmsi", _I64, "MMSI"),
        _c("valid_from", TIME, "first report with these values", nullable=False),
        _c("valid_to", TIME, "last report with these values", nullable=False),
        _c("transceiver", TEXT, "A or B"),
        *_STATIC,
    ),
)

FIXES = Schema(
    "fixes",
    "Cleaned positions, sorted by hull and time, each with its hull, its segment and its quality.",
    (
        _c("vessel", TEXT, "hull id", nullable=False),
        _c(
            "segment",
            _I64,
            "segment number, rising along the table; -1 for fixes in no segment",
            nullable=False,
        ),
        _c("mmsi", _I64, "MMSI"),
        _c("time", TIME, "time of the report, UTC", nullable=False),
        _c("lat_deg", _F, "latitude [degrees north]", nullable=False),
        _c("lon_deg", _F, "longitude in [-180, 180) [degrees east]", nullable=False),
        _c("sog_kn", _F, "speed over ground [kn]; null where not available"),
        _c("cog_deg", _F, "course over ground [degrees]; null where not available"),
        _c("heading_deg", _F, "true heading [degrees]; null where not available"),
        _c("nav_status", _I8, "navigational status 0-15"),
        _c("speed_kn", _F, "speed from positions within minutes; SOG where fixes are sparse [kn]; null where unknown"),
        _c("course_deg", _F, "course from the same positions [degrees]; null below 1 kn"),
        _c("quality", _I8, "flag of cleaning, see `stsdetect about columns`", nullable=False),
        _c("source_file", TEXT, "input file"),
        _c("source_row", _I64, "line in it"),
    ),
)

FLAGGED = Schema(
    "flagged",
    "Reports that cleaning did not use, each with why; exact repeats are only counted.",
    (
        _c("vessel", TEXT, "hull id", nullable=False),
        _c("mmsi", _I64, "MMSI"),
        _c("time", TIME, "time of the report, UTC", nullable=False),
        _c("lat_deg", _F, "latitude as reported [degrees]; null where none was"),
        _c("lon_deg", _F, "longitude as reported [degrees]; null where none was"),
        _c("flag", TEXT, "no_position, impossible_position, null_island, teleport and so on", nullable=False),
        _c("source_file", TEXT, "input file"),
        _c("source_row", _I64, "line in it"),
    ),
)

SEGMENTS = Schema(
    "segments",
    "Stretches of one hull without an impossible jump or a long silence.",
    (
        _c("segment", _I64, "segment number, as in the fixes table", nullable=False),
        _c("vessel", TEXT, "hull id", nullable=False),
        _c("mmsi", _I64, "MMSI"),
        _c("start_time", TIME, "first fix", nullable=False),
        _c("end_time", TIME, "last fix", nullable=False),
        _c("n_positions", _I64, "fixes in it", nullable=False),
        _c("start_lat_deg", _F, "latitude of the first fix [degrees]", nullable=False),
        _c("start_lon_deg", _F, "longitude of the first fix [degrees]", nullable=False),
        _c("end_lat_deg", _F, "latitude of the last fix [degrees]", nullable=False),
        _c("end_lon_deg", _F, "longitude of the last fix [degrees]", nullable=False),
        _c("begins_after", _S, "what came before: start, silence or jump", nullable=False),
    ),
)


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
        _c("event_id", _S, "hash of kind, subtype, vessels, start second and place", nullable=False),
        _c("kind", _S, "encounter, loitering, gap, dark_rendezvous, port_call or identity", nullable=False),
        _c(
            "subtype",
            _S,
            "encounter: stationary, under_way or unknown; loitering: still; gap: silence (6 h or more) or short; "
            "dark_rendezvous: one_dark or both_dark; port_call: seen, inferred or told; identity: the test that "
            "failed, see `stsdetect about tests`",
            nullable=False,
        ),
        _c("vessel_a", _S, "hull id, the lesser of the two", nullable=False),
        _c("vessel_b", _S, "hull id of the other vessel; null for events of one vessel"),
        _c("mmsi_a", _I64, "MMSI of a"),
        _c("mmsi_b", _I64, "MMSI of b"),
        _c("name_a", _S, "name of a as broadcast at the time"),
        _c("name_b", _S, "name of b as broadcast at the time"),
        _c("imo_a", _I64, "IMO number of a as broadcast at the time"),
        _c("imo_b", _I64, "IMO number of b as broadcast at the time"),
        _c("ship_type_a", _I16, "AIS ship type of a"),
        _c("ship_type_b", _I16, "AIS ship type of b"),
        _c("length_a_m", _F, "hull length of a [m]"),
        _c("length_b_m", _F, "hull length of b [m]"),
        _c("start_time", TIME, "start, UTC", nullable=False),
        _c("end_time", TIME, "end, UTC; an open event ends at the last time in the data", nullable=False),
        _c("duration_h", _F, "end minus start [h]", nullable=False),
        _c("observed_min", _F, "minutes seen: fixes at most 15 min apart; null in events of others [min]"),
        _c("inferred_min", _F, "minutes inferred between sparser fixes; null in events of others [min]"),
        _c("lat_deg", _F, "latitude of the event's point [degrees]; a gap's is its last fix", nullable=False),
        _c("lon_deg", _F, "longitude of the event's point [degrees]", nullable=False),
        _c("end_lat_deg", _F, "gap: latitude of the first fix after it; identity: of the other place [degrees]"),
        _c("end_lon_deg", _F, "gap: longitude of the first fix after it; identity: of the other place [degrees]"),
        _c("implied_speed_kn", _F, "gap: straight-line speed between its ends [kn]"),
        _c("zone_id", _S, "most specific transfer zone that holds the point"),
        _c("zone_distance_km", _F, "distance to the nearest transfer zone, 0 inside [km]"),
        _c("shore_distance_km", _F, "distance to the nearest shoreline; negative on land [km]"),
        _c("port_id", _S, "nearest port"),
        _c("port_distance_km", _F, "distance to it [km]"),
        _c("still_nearby", _I32, "other hulls that lay still near the point within the window of days"),
        _c("night_share", _F, "share of the event with the sun below the horizon, 0..1"),
        _c("n_positions_a", _I64, "fixes of a in it; null where not known"),
        _c("n_positions_b", _I64, "fixes of b in it"),
        _c("is_open", _B, "it was still running at the last time in the data", nullable=False),
        _c("min_distance_m", _F, "encounter: least distance between antennas [m]"),
        _c("median_distance_m", _F, "encounter: time-weighted median distance between antennas [m]"),
        _c("hull_gap_min_m", _F, "encounter: least possible clearance between hulls at their closest [m]"),
        _c("hull_gap_max_m", _F, "encounter: greatest possible clearance between hulls at their closest [m]"),
        _c(
            "hull_gap_source",
            _S,
            "encounter: dimensions (A/B/C/D and heading), size (length and width) or class",
        ),
        _c("median_speed_kn", _F, "time-weighted median speed from positions [kn]"),
        _c(
            "heading_alignment",
            _F,
            "encounter: mean |cos| of the difference of headings, 1 parallel; null unknown",
        ),
        _c("draught_before_a_m", _F, "last draught of a before the end of the event [m]"),
        _c("draught_before_b_m", _F, "last draught of b before the end of the event [m]"),
        _c("draught_change_a_m", _F, "draught of a after less before [m]; null where not known"),
        _c("draught_change_b_m", _F, "draught of b after less before [m]; null where not known"),
        _c(
            "coverage",
            _S,
            "gap, inferred port_call: dark, outage, thin or unknown: the silence judged by what else was heard there",
        ),
        _c("hulls_before", _I32, "gap: other hulls heard around the last fix in the hours before it"),
        _c("hulls_during", _I32, "gap: other hulls heard there in the hours after it"),
        _c("own_rate_per_h", _F, "gap: fixes of the hull itself per hour before it [1/h]"),
        _c(
            "rare_there",
            _F,
            "gap: how seldom a silence lasts so long around its last fix, itself counted: of hull-hours there that end "
            "in one, minus the decimal logarithm of the share (3: one in a thousand)",
        ),
        _c(
            "rare_for_hull",
            _F,
            "gap: how seldom other silences of the hull last so long: minus the decimal logarithm of their share, with "
            "two more added as long as those of all hulls (0: all others do; 1: one in ten)",
        ),
        _c("speed_before_kn", _F, "gap: speed of the hull at the last fix before it [kn]"),
        _c("course_before_deg", _F, "gap: its course there [degrees]; null below 1 kn"),
        _c("speed_after_kn", _F, "gap: speed of the hull at the first fix after it [kn]"),
        _c("course_after_deg", _F, "gap: its course there [degrees]; null below 1 kn"),
        _c("spread_m", _F, "loitering: distance of its farthest fix from its point [m]"),
        _c("signature", _F, "loitering: how much a lone hull behaved as if another lay alongside, 0..1"),
        _c("observed_a", _B, "dark_rendezvous: a was heard during it"),
        _c("observed_b", _B, "dark_rendezvous: b was heard during it"),
        _c("candidate_rank", _I32, "dark_rendezvous: 1 is the likeliest partner of those that could have been"),
        _c(
            "n_rivals",
            _I32,
            "dark_rendezvous: other hulls that could equally have been the partner; hand_over: the other",
        ),
        _c("meet_earliest", TIME, "dark_rendezvous, inferred port_call: earliest moment they could be there, UTC"),
        _c("meet_latest", TIME, "dark_rendezvous, inferred port_call: latest moment they could be there, UTC"),
        _c("reach_max_h", _F, "dark_rendezvous, inferred port_call: longest time the silence leaves for it [h]"),
        _c("reach", pa.binary(), "dark_rendezvous: where the two could have been together, WKB polygon, WGS84"),
        _c("candidate_score", _F, "dark_rendezvous: what candidates are ranked by, higher is likelier"),
        _c("from_events", _S, "ids of the events it was inferred from, joined by ';'"),
        _c("evidence", _S, "what was seen, in a sentence"),
        _c("flags", _S, "remarks joined by ';', such as at_berth, anchorage, zone:ecs_wide, from_gfw", nullable=False),
        _c("settings_id", _S, "digest of the settings that made the row", nullable=False),
        _c("geometry", pa.binary(), "WKB point, WGS84", nullable=False),
    ),
)

REASON = pa.struct(
    [
        pa.field("indicator", _S),
        pa.field("value", _F),
        # Share of the indicator's weight that was earned: weight = strength x that weight, rounded to 4 decimals.
        pa.field("strength", _F),
        pa.field("weight", _F),
        pa.field("sentence", _S),
        pa.field("source", _S),
    ]
)

_VOLUME = (
    _c(
        "tonnes_low", _I64, "least likely cargo, if any passed; low and high hold settings.volume.interval of draws [t]"
    ),
    _c("tonnes_mid", _I64, "median of the draws [t]"),
    _c("tonnes_high", _I64, "greatest likely cargo [t]"),
    _c("barrels_low", _I64, "the same in barrels of the products in settings.volume.products"),
    _c("barrels_mid", _I64, "median of the draws [barrels]"),
    _c("barrels_high", _I64, "greatest likely cargo [barrels]"),
    _c(
        "volume_basis",
        _S,
        "what it rests on: draughts of both, draught of one, draught (of a delivery), hull sizes, one hull size or "
        "published parcels; of several transfers the weakest",
    ),
)

PAIRS = Schema(
    "pairs",
    "Vessel pairs ranked as likely transfers: leads to look at, never verdicts.",
    (
        _c("pair_id", _S, "hash of the vessel and its partner", nullable=False),
        _c("vessel_a", _S, "hull id, the lesser of the two", nullable=False),
        _c("vessel_b", _S, "hull id of the partner"),
        _c("mmsi_a", _I64, "MMSI of a"),
        _c("mmsi_b", _I64, "MMSI of b"),
        _c("name_a", _S, "name of a at the first event"),
        _c("name_b", _S, "name of b at the first event"),
        _c("partner_kind", _S, "vessel, unknown (one row per event) or port (a direct delivery)", nullable=False),
        _c("partner_id", _S, "id of the partner; of an unknown one the event's", nullable=False),
        _c("rank", _I64, "1 is the strongest lead", nullable=False),
        _c("score", _F, "priority score 0..1, the logistic of log_odds; not a probability", nullable=False),
        _c("log_odds", _F, "sum of the weights of the reasons", nullable=False),
        _c("confidence", _S, "high, medium or low: how well the meeting itself was observed", nullable=False),
        _c(
            "likelihood",
            _S,
            "how likely the lead is right, in the words of ICD 203; null unless the weights were calibrated on labels "
            "of such leads: then score is a priority",
        ),
        _c("n_events", _I64, "meetings of the pair, seen or possible; of a port, loadings before calls there", False),
        _c("first_time", TIME, "start of the first", nullable=False),
        _c("last_time", TIME, "end of the last", nullable=False),
        _c("event_ids", pa.list_(_S), "their ids", nullable=False),
        _c("chain", _S, "the strongest chain from a supply port it is part of; null for none, see `stsdetect chains`"),
        *_VOLUME,
        _c("volume", _S, "what may have passed, and on what assumptions, in a sentence"),
        _c("reasons", pa.list_(REASON), "what speaks for and against, a base term first", nullable=False),
        _c("settings_id", _S, "digest of the settings", nullable=False),
    ),
)

CHAINS = Schema(
    "chains",
    "Chains that time allows, from a supply port over vessels to a watched port, its waters or a listed vessel.",
    (
        _c("chain_id", _S, "hash of ports, vessels and events", nullable=False),
        _c("supply_port", _S, "port where the first vessel lay", nullable=False),
        _c("vessels", pa.list_(_S), "hull ids in order", nullable=False),
        _c("sink", _S, "where it ends: a port, a zone, or the IMO number of a listed vessel", nullable=False),
        _c("sink_kind", _S, "port, waters or listed", nullable=False),
        _c("start_time", TIME, "start of the call at the supply port", nullable=False),
        _c("end_time", TIME, "end of the last step", nullable=False),
        _c("strength", _F, "strength of the weakest step, 0..1 in tenths; a meeting's is the score of its pair", False),
        _c("n_observed", _I64, "steps that were observed", nullable=False),
        _c("n_inferred", _I64, "steps that silences only allow", nullable=False),
        _c("event_ids", pa.list_(_S), "events of the steps, in order", nullable=False),
        _c("observed", pa.list_(_B), "whether each was observed", nullable=False),
        _c("path", _S, "port, vessels and end joined by ' > '", nullable=False),
        _c("evidence", _S, "the steps in words", nullable=False),
    ),
)

TRANSFERS = Schema(
    "transfers",
    "Possible transfers, each once in whatever leads and events it shows, and whether the ledger counts it.",
    (
        _c("transfer_id", _S, "id of the event that leads it", nullable=False),
        _c("pair_id", _S, "the strongest lead it is part of", nullable=False),
        _c("partner_kind", _S, "of that lead: vessel, unknown or port", nullable=False),
        _c("vessel_a", _S, "hull id", nullable=False),
        _c("vessel_b", _S, "hull id of the partner; null where it is not known, or a port"),
        _c("event_ids", pa.list_(_S), "its events", nullable=False),
        _c("observed", _B, "the meeting, or of a delivery the call, was seen", nullable=False),
        _c("start_time", TIME, "start, UTC", nullable=False),
        _c("end_time", TIME, "end, UTC; it counts in the month of its end", nullable=False),
        _c("score", _F, "priority score of its lead, 0..1; not a probability", nullable=False),
        *_VOLUME,
        _c("giver", _S, "a or b: who gave, by draughts, flag or size; null where that is not known"),
        _c("dprk", _B, "a hull of the flag of the DPRK, its ports or its waters", nullable=False),
        _c("counted", _B, "counted among the leads from settings.volume.min_score on", nullable=False),
        _c("why_not", _S, "why it is not counted"),
    ),
)

LEDGER = Schema(
    "ledger",
    "Likely volume by UTC month and year against the yearly cap of UN resolution 2397, on two assumptions, neither a "
    "verdict.",
    (
        _c("period", _S, "month (2024-03) or calendar year (2024)", nullable=False),
        _c("n_transfers", _I64, "transfers counted: leads from settings.volume.min_score on", nullable=False),
        _c("n_dprk", _I64, "of these, such with a link to the DPRK", nullable=False),
        _c("tonnes_low", _I64, "if all of these are real [t]", nullable=False),
        _c("tonnes_mid", _I64, "median of the draws [t]", nullable=False),
        _c("tonnes_high", _I64, "[t]", nullable=False),
        _c("barrels_low", _I64, "if all of these are real [barrels]", nullable=False),
        _c("barrels_mid", _I64, "median of the draws [barrels]", nullable=False),
        _c("barrels_high", _I64, "[barrels]", nullable=False),
        _c("barrels_dprk_mid", _I64, "median of those with a link to the DPRK alone [barrels]", nullable=False),
        _c("year_low", _I64, "sum of the calendar year to the end of the period [barrels]", nullable=False),
        _c("year_mid", _I64, "median of it [barrels]", nullable=False),
        _c("year_high", _I64, "[barrels]", nullable=False),
        _c("cap", _I64, "cap of a calendar year [barrels]", nullable=False),
        _c(
            "p_passed",
            _F,
            "share of draws in which that sum is above the cap, if all of these are real",
            nullable=False,
        ),
        _c("n_leads", _I64, "transfers of any score", nullable=False),
        _c(
            "weighted_low",
            _I64,
            "sum of the year, as if scores were probabilities, which they are not [barrels]",
            False,
        ),
        _c("weighted_mid", _I64, "median of it [barrels]", nullable=False),
        _c("weighted_high", _I64, "[barrels]", nullable=False),
        _c("p_passed_weighted", _F, "share of draws above the cap, as if scores were probabilities", nullable=False),
    ),
)

BERTHS = Schema(
    "berths",
    "Crowded berth areas: contact inside them is summed up by area and day, and not written as events.",
    (
        _c("area_id", _S, "the port's id, or the south-west corner of a tenth of a degree [degrees]", nullable=False),
        _c("port_id", _S, "port of the area; null where none is near"),
        _c("day", pa.date32(), "UTC day", nullable=False),
        _c("lat_deg", _F, "middle of the hulls, latitude [degrees]", nullable=False),
        _c("lon_deg", _F, "middle of the hulls, longitude [degrees]", nullable=False),
        _c("n_vessels", _I64, "hulls that lay there that day", nullable=False),
        _c("n_pairs", _I64, "pairs of them within the distance of an encounter, half-way through their stay", False),
        _c("vessel_hours", _F, "time they lay there, all together [h]", nullable=False),
        _c("vessels", pa.list_(_S), "their hull ids, sorted", nullable=False),
    ),
)

SOURCES = Schema(
    "sources",
    "Where events come from: of each vessel, the raw rows of its first and last fix in the event, or, where it has "
    "none between start and end, of the fixes around it. Sorted by event_id, side and which.",
    (
        _c("event_id", _S, "as in the events table", nullable=False),
        _c("side", _S, "a or b: which vessel of the event", nullable=False),
        _c("which", _S, "first or last; an open gap has one fix, given for both", nullable=False),
        _c("vessel", _S, "hull id", nullable=False),
        _c("time", TIME, "time of the report, UTC", nullable=False),
        _c("source_file", _S, "input file (and archive member); of exact repeats, the least file and row"),
        _c("source_row", _I64, "line in it, counted from 1, header included; see `stsdetect.readers.raw_line`"),
    ),
)

AREAS = Schema(
    "areas",
    "Where many hulls at once could not be heard (outage) or sent places that cannot be (jamming), sorted by start.",
    (
        _c("area_id", _S, "hash of kind, start second and place", nullable=False),
        _c("kind", _S, "outage or jamming", nullable=False),
        _c("start_time", TIME, "start, UTC: of an outage the median last fix, of jamming the hour", nullable=False),
        _c("end_time", TIME, "end, UTC: of an outage when most were heard again, of jamming the hour", False),
        _c("lat_deg", _F, "middle of its cells, latitude [degrees]", nullable=False),
        _c("lon_deg", _F, "middle of its cells, longitude [degrees]", nullable=False),
        _c(
            "n_hulls_before",
            _I64,
            "hulls heard in its cells in the two hours before, that of the start of an outage included",
            False,
        ),
        _c("n_hulls_during", _I64, "hulls heard there in whole hours of it, at most the first six", nullable=False),
        _c("n_silent", _I64, "outage: hulls that fell silent together; null for jamming"),
        _c("n_teleports", _I64, "jamming: hulls that sent places that cannot be, or none; null for an outage"),
        _c("evidence", _S, "what was seen, in a sentence", nullable=False),
        _c("geometry", pa.binary(), "its cells, WKB polygon or polygons, WGS84", nullable=False),
    ),
)

COVERAGE = Schema(
    "coverage",
    "How well places were heard: counts by cell and UTC day. A hull counts once an hour, in the cell of its last fix.",
    (
        _c("cell", _I32, "number of the cell, a quarter of a degree of latitude high", nullable=False),
        _c("lat_deg", _F, "middle of the cell, latitude [degrees]", nullable=False),
        _c("lon_deg", _F, "middle of the cell, longitude [degrees]", nullable=False),
        _c("day", pa.date32(), "UTC day", nullable=False),
        _c("hull_hours", _I64, "hulls heard, summed over the hours of the day", nullable=False),
        _c("hours", _I64, "hours in which any hull was heard", nullable=False),
        _c("fixes", _I64, "fixes of the hulls that count here", nullable=False),
        _c("followed", _I64, "hull-hours with at least six more hours of data behind them", nullable=False),
        *(
            _c(f"again_{h}h", _I64, f"of those, hulls heard again, anywhere, within the next {h} h", nullable=False)
            for h in range(1, 7)
        ),
    ),
)

WATCH_HITS = Schema(
    "watch_hits",
    "Hulls that are on a watch-list (kind hit: by an IMO number that they broadcast), or may be (kind possible: no "
    "more than a reason to look). Sorted by vessel.",
    (
        _c("vessel", _S, "hull id, as in events and pairs", nullable=False),
        _c("mmsi", _I64, "its MMSI, the last one"),
        _c("name", _S, "its name as broadcast, the last one"),
        _c("kind", _S, "hit: the same IMO number; possible: only what follows in matched", nullable=False),
        _c("matched", _S, "what is the same, joined by ';': imo, mmsi, callsign, name", nullable=False),
        _c("said", _S, "what the hull broadcast that is the same, in words", nullable=False),
        _c("first_time", TIME, "when the first of matched was first broadcast, UTC", nullable=False),
        _c("last_time", TIME, "when the first of matched was last broadcast, UTC", nullable=False),
        _c("other_imos", pa.list_(_I64), "other IMO numbers with a right check digit that the hull broadcast", False),
        _c("list_name", _S, "name of the list", nullable=False),
        _c("list_date", pa.date32(), "of when the list is; null where neither the file nor the user says so"),
        _c("entry_id", _S, "the list's own id of the entry, else its row", nullable=False),
        _c("entry_name", _S, "the name it is listed under"),
        _c("entry_imos", pa.list_(_I64), "IMO numbers of the entry", nullable=False),
        _c("programme", _S, "what it is listed for, as the list says it"),
        _c("listed_on", pa.date32(), "the day it was listed, where the list says so"),
        _c("evidence", _S, "the match in words", nullable=False),
        _c("list_file", _S, "file of the list", nullable=False),
        _c("list_row", _I64, "line, item or element of the entry in it"),
    ),
)

TRACKS = Schema(
    "tracks",
    "The fixes that the page draws: those of the vessels of the leads it shows, around their events.",
    (
        _c("vessel", _S, "hull id", nullable=False),
        _c("segment", _I32, "number of the stretch of track, as in the segments table; -1 for none", nullable=False),
        _c("time", TIME, "time of the report, UTC", nullable=False),
        _c("lat_deg", _F, "latitude [degrees]", nullable=False),
        _c("lon_deg", _F, "longitude [degrees]", nullable=False),
    ),
)

TABLES: tuple[Schema, ...] = (
    POSITIONS, REJECTS, VESSELS, FIXES, FLAGGED, SEGMENTS, EVENTS, SOURCES, PAIRS, CHAINS, TRANSFERS,
    LEDGER, BERTHS, AREAS, COVERAGE, WATCH_HITS, TRACKS,
)  # fmt: skip
