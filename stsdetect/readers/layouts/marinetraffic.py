"""MarineTraffic: API answers as CSV (simple, extended, PS01 history) and exports of its web site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import scaled, strings
from stsdetect.readers.header import Header
from stsdetect.readers.layout import TextLayout, first_values, knots
from stsdetect.readers.protocol import QuestionError
from stsdetect.readers.source import Head
from stsdetect.readers.text import Tidy
from stsdetect.readers.times import any_utc, iso_utc
from stsdetect.settings import ReadSettings

#: Columns only the API gives with positions; its SPEED is in tenths of a knot.
_API = {"DSRC", "UTC_SECONDS"}
#: The nine columns of PS01 (single vessel, historical), in tenths as well; weather can stand behind them.
_PS01 = {"MMSI", "STATUS", "SPEED", "LON", "LAT", "COURSE", "HEADING", "TIMESTAMP", "SHIP_ID"}
_PS01_MORE = {"WIND_ANGLE", "WIND_SPEED", "WIND_TEMP"}
#: AIS holds speeds up to 102.2 kn (102.3: none) and draughts up to 25.5 m; larger numbers are in tenths.
_MOST_KN = 102.3
_MOST_DRAUGHT_M = 25.5


def _settle(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    return replace(
        layout, tidy=units(set(header.cells), lambda name: first_values(header, head, name), head.label, settings)
    )


def units(cells: set[str], first: Callable[[str], Sequence[str]], label: str, settings: ReadSettings) -> Tidy:
    """Return what makes knots of SPEED and metres of DRAUGHT in a file with these columns.

    Parameters
    ----------
    cells
        Names of the columns.
    first
        Returns what stands in a column of the first rows, as text.
    label, settings
        Which file it is, and how it is read.

    Raises
    ------
    QuestionError
        If neither the columns nor the settings say what unit SPEED has.
    """
    if settings.speed_unit is None:
        _ask_unless_tenths(cells, _numbers(first("SPEED")), label)
    speed = knots(settings, "0.1kn")
    draught = _draught_of(_numbers(first("DRAUGHT"))) if "DRAUGHT" in cells else None

    def tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
        columns = speed(columns, remarks)
        return draught(columns, remarks) if draught else columns

    return tidy


def _numbers(texts: Sequence[str]) -> list[float]:
    found = []
    for text in texts:
        try:
            found.append(float(text))
        except ValueError:
            continue
    return [value for value in found if 0 <= value < 1e6]


def _ask_unless_tenths(cells: set[str], speeds: list[float], label: str) -> None:
    """Pass where header and values both say tenths of a knot; else ask for the unit, with what the data look like."""
    told = cells >= _API or _PS01 <= cells <= _PS01 | _PS01_MORE
    broken = [speed for speed in speeds if speed % 1]
    if told and not broken:
        return
    if told:
        why = f"its header is the API's (tenths of a knot), but a SPEED such as {broken[0]:g} has decimals"
    else:
        why = "its header does not say whether SPEED is in knots, or in tenths of a knot as the API gives it"
    moving = [speed for speed in speeds if speed > 0]
    look = "no SPEED above 0 in its first rows"
    if moving:
        look = f"in its first {len(speeds)} rows the largest SPEED is {max(moving):g}, the median of those above 0 is "
        look += f"{median(moving):g}"
        look += f", and no AIS speed in knots is above {_MOST_KN}" if max(moving) > _MOST_KN else ""
    raise QuestionError(
        f"{label} looks like MarineTraffic, but {why}; {look}. "
        "Answer with --speed-unit 0.1kn or --speed-unit kn (read.speed_unit)"
    )


def _draught_of(values: list[float]) -> Tidy:
    """Return what makes metres of DRAUGHT: tenths, metres, or nothing where the first rows do not show which."""
    if any(value % 1 for value in values):
        remark, factor = "DRAUGHT has decimals: read in metres, not in the API's tenths of a metre", 1.0
    elif any(value > _MOST_DRAUGHT_M for value in values):
        remark, factor = f"DRAUGHT is above {_MOST_DRAUGHT_M} in the first rows: read in tenths of a metre", 0.1
    else:
        remark, factor = "DRAUGHT left empty: the first rows do not show whether it is in metres or in tenths", None

    def tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
        remarks[remark] += 0
        if "draught" not in columns or factor == 1.0:
            return columns
        array = columns["draught"]
        return {**columns, "draught": scaled(array, factor) if factor else pa.nulls(len(array), pa.float64())}

    return tidy


MARINETRAFFIC = TextLayout(
    name="marinetraffic",
    title="MarineTraffic API answers as CSV (simple, extended, PS01)",
    doc=(
        "Columns MMSI, LAT, LON, SPEED, COURSE, STATUS, TIMESTAMP and others, in any order. SPEED is in tenths of a "
        "knot where DSRC and UTC_SECONDS, or the nine columns of PS01, show that it is the API's; any other header, or "
        "decimals, and --speed-unit must say. DRAUGHT is read in tenths of a metre (confidence medium) where the first "
        "rows have values above 25.5, in metres where they have decimals, else left empty. A STATUS above 15 is left "
        "empty (97 is an aircraft, and its HEADING an altitude)."
    ),
    time_rule="TIMESTAMP is UTC without a zone.",
    lost="SHIP_ID, DSRC (TER or SAT), UTC_SECONDS, flag, tonnages, year built, ports, ETA, weather.",
    names={
        "MMSI": "mmsi",
        "TIMESTAMP": "time",
        "LAT": "lat",
        "LON": "lon",
        "SPEED": "sog",
        "COURSE": "cog",
        "HEADING": "heading",
        "STATUS": "nav_status",
        "IMO": "imo",
        "SHIPNAME": "name",
        "CALLSIGN": "callsign",
        "SHIPTYPE": "ship_type",
        "LENGTH": "length",
        "WIDTH": "width",
        "DRAUGHT": "draught",
        "DESTINATION": "destination",
    },
    required=("MMSI", "LAT", "LON", "SPEED", "COURSE", "STATUS", "TIMESTAMP"),
    times=iso_utc,
    settle=_settle,
)


def _web_tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Take the IMO number for the vessel where the export has no MMSI."""
    if "mmsi" in columns or "imo" not in columns:
        return columns
    remarks["no column Mmsi: vessels are told by their IMO number"] += 0
    imo = strings(columns["imo"])
    known = pc.match_substring_regex(imo, r"^[1-9]\d{6}(\.0)?$")
    names = pc.binary_join_element_wise("IMO", pc.utf8_slice_codeunits(imo, 0, 7), "")
    return {**columns, "vessel_id": pc.if_else(known, names, pa.scalar(None, pa.string()))}


def _web_settle(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    offset, speed = settings.utc_offset_h or 0.0, knots(settings)
    clock = f"{offset:g} h ahead of UTC (read.utc_offset_h)" if offset else "UTC"

    def tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
        remarks[f"Time Of Latest Position has no zone; read as {clock}"] += 0
        return _web_tidy(speed(columns, remarks), remarks)

    return replace(
        layout, tidy=tidy, times=partial(any_utc, order=None, utc_offset_h=offset, epochs=False), apart=False
    )


MARINETRAFFIC_WEB = TextLayout(
    name="marinetraffic_web",
    title="MarineTraffic exports of the web site",
    doc=(
        "Headings for people: Vessel Name, Time Of Latest Position, Latitude, Longitude, ... (gathered from public "
        "code, no document says them: confidence low). Speed is in knots unless --speed-unit says otherwise; "
        "without a column Mmsi vessels are told by Imo."
    ),
    time_rule=(
        "Time Of Latest Position has no zone and is read as UTC, or as read.utc_offset_h says; a user can have set the "
        "site to another zone (confidence low)."
    ),
    lost="ports, ETA, capacities, weather, voyage, flag.",
    names={
        "Mmsi": "mmsi",
        "MMSI": "mmsi",
        "Imo": "imo",
        "IMO": "imo",
        "Time Of Latest Position": "time",
        "Latitude": "lat",
        "Longitude": "lon",
        "Speed": "sog",
        "Course": "cog",
        "Heading": "heading",
        "Navigational Status": "nav_status",
        "Vessel Name": "name",
        "Callsign": "callsign",
        "Vessel Type - Generic": "ship_type",
        "Draught": "draught",
        "Reported Destination": "destination",
    },
    required=("Vessel Name", "Time Of Latest Position", "Latitude", "Longitude"),
    times=iso_utc,
    missing=frozenset({"-"}),
    apart=False,
    settle=_web_settle,
)
