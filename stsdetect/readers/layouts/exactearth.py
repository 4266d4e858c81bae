"""exactEarth archive: CSV with one row for each AIS message, of all types; also the CSV that AISdb reads."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import strings
from stsdetect.readers.layout import REPORTS, TextLayout, static_without_place
from stsdetect.readers.times import compact_utc


def _tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Leave places of static reports out; set the milliseconds, a whole number below 1000, behind the second."""
    columns = dict(static_without_place(columns, remarks))
    if "millisecond" not in columns:
        return columns
    time, milli = strings(columns["time"]), strings(columns.pop("millisecond"))
    good = pc.match_substring_regex(milli, r"^\d{1,3}$").fill_null(False)
    whole = pc.binary_join_element_wise(time, pc.utf8_lpad(milli, 3, "0"), ".")
    # A time that is already finer than a second is left to be judged as it stands.
    columns["time"] = pc.if_else(good, whole, time)
    odd = pc.sum(pc.and_(pc.invert(good), pc.is_valid(milli))).as_py() or 0
    if odd:
        remarks["Millisecond unreadable, time kept to the second"] += odd
    return columns


EXACTEARTH = TextLayout(
    name="exactearth",
    title="exactEarth archive CSV (also AISdb CSV)",
    doc=(
        "Header MMSI,Message_ID,Repeat_indicator,Time,Millisecond,... and many columns more, quoted or not. One row "
        "is one message: kept are positions (types 1-4, 9, 18, 19, 21, 27) and static reports (5, 24: a place "
        "beside them is not used); others are rejected as message_type_N. Values for 'none' (91, 181, 102.3, 360, 511) "
        "are left in."
    ),
    time_rule="Time is UTC, YYYYMMDD_HHMMSS, with the column Millisecond behind it.",
    lost="rate of turn, ETA, region, base station, channel, radio status, and what messages of other types say.",
    names={
        "MMSI": "mmsi",
        "Message_ID": "message_type",
        "Time": "time",
        "Millisecond": "millisecond",
        "Vessel_Name": "name",
        "Call_sign": "callsign",
        "IMO": "imo",
        "Ship_Type": "ship_type",
        "Dimension_to_Bow": "to_bow",
        "Dimension_to_stern": "to_stern",
        "Dimension_to_port": "to_port",
        "Dimension_to_starboard": "to_starboard",
        "Draught": "draught",
        "Destination": "destination",
        "Navigational_status": "nav_status",
        "SOG": "sog",
        "Longitude": "lon",
        "Latitude": "lat",
        "COG": "cog",
        "Heading": "heading",
    },
    required=("MMSI", "Message_ID", "Time", "Longitude", "Latitude"),
    times=compact_utc,
    tidy=_tidy,
    apart=False,
    messages=REPORTS,
)
