"""Tables of what was read and cleaned: positions, vessels, tracks, and where rows come from."""

from __future__ import annotations

from stsdetect.schema.table import F64, I8, I16, I32, I64, STRING, TEXT, TIME, Schema, column

_STATIC = (
    column("imo", I64, "IMO number as broadcast"),
    column("name", TEXT, "vessel name as broadcast"),
    column("callsign", TEXT, "radio call sign as broadcast"),
    column("ship_type", I16, "AIS ship and cargo type, 0-99 (80-89 tanker)"),
    column("length_m", F64, "hull length [m]"),
    column("width_m", F64, "hull width [m]"),
    column("to_bow_m", F64, "A: antenna to bow [m]"),
    column("to_stern_m", F64, "B: antenna to stern [m]"),
    column("to_port_m", F64, "C: antenna to port side [m] (ITU order)"),
    column("to_starboard_m", F64, "D: antenna to starboard side [m] (ITU order)"),
    column("draught_m", F64, "draught typed by the crew [m]"),
    column("destination", TEXT, "destination typed by the crew"),
)

POSITIONS = Schema(
    "positions",
    "AIS reports as read, one row per report. A report without a place (static data) has null lat and lon.",
    (
        column("vessel_id", TEXT, "the source's own vessel id; null where the MMSI is the id"),
        column("mmsi", I64, "MMSI, up to nine digits; leading zeros are not kept"),
        column("time", TIME, "time of the report, UTC", nullable=False),
        column("lat_deg", F64, "latitude, WGS84 [degrees north]; sentinel 91 is left in"),
        column("lon_deg", F64, "longitude, WGS84 [degrees east]; sentinel 181 is left in"),
        column("sog_kn", F64, "speed over ground [kn]; sentinels 102.3 and, of message type 27, 63 are left in"),
        column("cog_deg", F64, "course over ground [degrees]; sentinel 360 is left in"),
        column("heading_deg", F64, "true heading [degrees]; sentinel 511 is left in"),
        column("nav_status", I8, "navigational status 0-15"),
        column("message_type", I8, "AIS message number where known (27 = coarse long-range position)"),
        column("transceiver", TEXT, "A or B"),
        column(
            "station",
            TEXT,
            "ship, base, aid, sar_aircraft, sart, aux, handheld or group, where the source says so",
        ),
        *_STATIC,
        column("source_file", TEXT, "input file (and archive member) the row came from"),
        column("source_row", I64, "line number in that file, counted from 1, header included"),
    ),
)

REJECTS = Schema(
    "rejects",
    "Rows that could not be read, each with its reason; the text is cut at 500 characters.",
    (
        column("source_file", TEXT, "input file (and archive member)", nullable=False),
        column("source_row", I64, "line number in that file, counted from 1", nullable=False),
        column("reason", TEXT, "short stable reason, such as bad_time or wrong_column_count", nullable=False),
        column("detail", STRING, "the value that was wrong"),
        column("text", STRING, "the raw row as it stood"),
    ),
)

VESSELS = Schema(
    "vessels",
    "Identity history: one row per hull and stretch of time in which its static data did not change.",
    (
        column("vessel", TEXT, "hull id used in events and pairs", nullable=False),
        column("mmsi", I64, "MMSI"),
        column("valid_from", TIME, "first report with these values", nullable=False),
        column("valid_to", TIME, "last report with these values", nullable=False),
        column("transceiver", TEXT, "A or B"),
        *_STATIC,
    ),
)

FIXES = Schema(
    "fixes",
    "Cleaned positions, sorted by hull and time, each with its hull, its segment and its quality.",
    (
        column("vessel", TEXT, "hull id", nullable=False),
        column(
            "segment",
            I64,
            "segment number, rising along the table; -1 for fixes in no segment",
            nullable=False,
        ),
        column("mmsi", I64, "MMSI"),
        column("time", TIME, "time of the report, UTC", nullable=False),
        column("lat_deg", F64, "latitude [degrees north]", nullable=False),
        column("lon_deg", F64, "longitude in [-180, 180) [degrees east]", nullable=False),
        column("sog_kn", F64, "speed over ground [kn]; null where not available"),
        column("cog_deg", F64, "course over ground [degrees]; null where not available"),
        column("heading_deg", F64, "true heading [degrees]; null where not available"),
        column("nav_status", I8, "navigational status 0-15"),
        column(
            "speed_kn", F64, "speed from positions within minutes; SOG where fixes are sparse [kn]; null where unknown"
        ),
        column("course_deg", F64, "course from the same positions [degrees]; null below 1 kn"),
        column("quality", I8, "flag of cleaning, see `stsdetect about columns`", nullable=False),
        column("source_file", TEXT, "input file"),
        column("source_row", I64, "line in it"),
    ),
)

FLAGGED = Schema(
    "flagged",
    "Reports that cleaning did not use, each with why; exact repeats are only counted.",
    (
        column("vessel", TEXT, "hull id", nullable=False),
        column("mmsi", I64, "MMSI"),
        column("time", TIME, "time of the report, UTC", nullable=False),
        column("lat_deg", F64, "latitude as reported [degrees]; null where none was"),
        column("lon_deg", F64, "longitude as reported [degrees]; null where none was"),
        column("flag", TEXT, "no_position, impossible_position, null_island, teleport and so on", nullable=False),
        column("source_file", TEXT, "input file"),
        column("source_row", I64, "line in it"),
    ),
)

SEGMENTS = Schema(
    "segments",
    "Stretches of one hull without an impossible jump or a long silence.",
    (
        column("segment", I64, "segment number, as in the fixes table", nullable=False),
        column("vessel", TEXT, "hull id", nullable=False),
        column("mmsi", I64, "MMSI"),
        column("start_time", TIME, "first fix", nullable=False),
        column("end_time", TIME, "last fix", nullable=False),
        column("n_positions", I64, "fixes in it", nullable=False),
        column("start_lat_deg", F64, "latitude of the first fix [degrees]", nullable=False),
        column("start_lon_deg", F64, "longitude of the first fix [degrees]", nullable=False),
        column("end_lat_deg", F64, "latitude of the last fix [degrees]", nullable=False),
        column("end_lon_deg", F64, "longitude of the last fix [degrees]", nullable=False),
        column("begins_after", STRING, "what came before: start, silence or jump", nullable=False),
    ),
)

SOURCES = Schema(
    "sources",
    "Where events come from: of each vessel, the raw rows of its first and last fix in the event, or, where it has "
    "none between start and end, of the fixes around it. Sorted by event_id, side and which.",
    (
        column("event_id", STRING, "as in the events table", nullable=False),
        column("side", STRING, "a or b: which vessel of the event", nullable=False),
        column("which", STRING, "first or last; an open gap has one fix, given for both", nullable=False),
        column("vessel", STRING, "hull id", nullable=False),
        column("time", TIME, "time of the report, UTC", nullable=False),
        column("source_file", STRING, "input file (and archive member); of exact repeats, the least file and row"),
        column("source_row", I64, "line in it, counted from 1, header included; see `stsdetect.readers.raw_line`"),
    ),
)

TRACKS = Schema(
    "tracks",
    "The fixes that the page draws: those of the vessels of the leads it shows, around their events.",
    (
        column("vessel", STRING, "hull id", nullable=False),
        column("segment", I32, "number of the stretch of track, as in the segments table; -1 for none", nullable=False),
        column("time", TIME, "time of the report, UTC", nullable=False),
        column("lat_deg", F64, "latitude [degrees]", nullable=False),
        column("lon_deg", F64, "longitude [degrees]", nullable=False),
    ),
)
