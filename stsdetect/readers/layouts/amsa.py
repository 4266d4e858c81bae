"""Australian Maritime Safety Authority: Craft Tracking System, monthly files of about hourly positions."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.readers.convert import NO_TEXT, numbers, strings
from stsdetect.readers.dbf import DbfLayout
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.times import day_first_12h_utc

#: What such reports can show and what not; kept with the notes of the file.
SPARSE = (
    "reports about an hour apart and no MMSI: read for gaps and loitering; contact of two ships cannot be observed "
    "(that needs fixes minutes apart), so an encounter found here is inferred from two that lay still, and neither "
    "can be named"
)

_EXPONENT = r"^[+-]?\d+(\.\d*)?[eE][+-]?\d+$"
#: Whole numbers below this are exact as float64 (IEEE 754).
_EXACT = float(1 << 53)


def _tidy(columns: dict[str, pa.Array], remarks: Counter[str]) -> dict[str, pa.Array]:
    """Write ids one way; make zeros that stand for 'none' empty; read types without a name as their number."""
    remarks[SPARSE] += 0
    columns = dict(columns)
    if "vessel_id" in columns:
        columns["vessel_id"] = _whole(pc.replace_substring_regex(strings(columns["vessel_id"]), r"\.0*$", ""))
    if "sog" in columns and "cog" in columns:
        still = pc.and_(_zero(columns["sog"]), _zero(columns["cog"]))
        for key in ("sog", "cog"):
            columns[key] = _without(columns[key], still)
    if "draught" in columns:
        columns["draught"] = _without(columns["draught"], _zero(columns["draught"]))
    if "ship_type" in columns:
        columns["ship_type"] = pc.replace_substring_regex(strings(columns["ship_type"]), r"^unknown code (\d+)$", r"\1")
    return columns


def _whole(ids: pa.Array) -> pa.Array:
    """Write ids in the exponent form of dBASE (-2.14601833200e+009) as the whole numbers they are; others stay."""
    given = pc.match_substring_regex(ids, _EXPONENT)
    if not pc.any(given).as_py():
        return ids
    values, _ = numbers(pc.if_else(given, ids, NO_TEXT))
    exact = pc.and_(pc.equal(values, pc.round(values)), pc.less(pc.abs(values), _EXACT))
    texts = pc.if_else(exact, values, pa.scalar(None, pa.float64())).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(texts, ids)


def _zero(array: pa.Array) -> pa.Array:
    return pc.equal(numbers(array)[0], 0.0).fill_null(False)


def _without(array: pa.Array, mask: pa.Array) -> pa.Array:
    """Empty values; text stays text, so that what is unreadable is still counted."""
    values = strings(array) if not pa.types.is_floating(array.type) else array
    return pc.if_else(mask, pa.scalar(None, values.type), values)


AMSA = TextLayout(
    name="amsa_cts",
    title="AMSA Craft Tracking System CSV",
    doc=(
        "Columns CRAFT_ID, LON, LAT, COURSE, SPEED, TYPE, SUBTYPE, LENGTH, BEAM, DRAUGHT, TIMESTAMP, with others "
        "before them where a shapefile was converted. CRAFT_ID is an anonymous number, negative at times, and no MMSI. "
        "Speed 0 with course 0, and draught 0, mean 'none' and become empty. Reports are about an hour apart: read "
        "for gaps and loitering; contact cannot be observed from them, only inferred between ships that lie still, and "
        "without an MMSI no pair can be named."
    ),
    time_rule="TIMESTAMP is UTC, day first, on a clock of 12 hours: 1/02/2023 12:04:54 AM is four past midnight.",
    lost="SUBTYPE. MMSI, names, headings and statuses are not in these files.",
    names={
        "CRAFT_ID": "vessel_id",
        "LON": "lon",
        "LAT": "lat",
        "COURSE": "cog",
        "SPEED": "sog",
        "TYPE": "ship_type",
        "LENGTH": "length",
        "BEAM": "width",
        "DRAUGHT": "draught",
        "TIMESTAMP": "time",
    },
    required=("CRAFT_ID", "LON", "LAT", "TIMESTAMP"),
    times=day_first_12h_utc,
    tidy=_tidy,
    apart=False,
)

AMSA_SHAPEFILE = DbfLayout(
    name="amsa_cts_shapefile",
    title="AMSA Craft Tracking System shapefile, as published (its .dbf, or the .zip)",
    doc="The attribute table of the shapefile, which holds the place of each report as well. " + AMSA.doc,
    time_rule=AMSA.time_rule,
    lost=AMSA.lost,
    names=AMSA.names,
    required=AMSA.required,
    times=AMSA.times,
    tidy=_tidy,
)
