"""Simulated positions in the layouts of public services that answer in JSON, or in XML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pyarrow as pa

from stsdetect.simulate.forms_tables import news
from stsdetect.simulate.sampling import NO_COG, NO_LAT, NO_LON, NO_SOG, PER_DEGREE

Row = dict[str, Any]


def rows(table: pa.Table) -> Iterator[Row]:
    """Yield rows as dicts; ``is_news`` says that the row says something new of its vessel."""
    for row, new in zip(table.to_pylist(), news(table).tolist(), strict=True):
        yield row | {"is_news": new}


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _barentswatch(row: Row) -> Row:
    return {
        "courseOverGround": row["cog_deg"], "latitude": row["lat_deg"], "longitude": row["lon_deg"],
        "name": row["name"], "rateOfTurn": None, "shipType": row["ship_type"], "speedOverGround": row["sog_kn"],
        "trueHeading": _whole(row["heading_deg"]), "navigationalStatus": row["nav_status"], "mmsi": row["mmsi"],
        "msgtime": row["time"].isoformat(),
    }  # fmt: skip


def _digitraffic(row: Row) -> Row:
    return {
        "mmsi": row["mmsi"], "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row["lon_deg"], row["lat_deg"]]},
        "properties": {
            "mmsi": row["mmsi"], "sog": row["sog_kn"], "cog": row["cog_deg"], "navStat": row["nav_status"], "rot": -128,
            "posAcc": True, "raim": False, "heading": _whole(row["heading_deg"]), "timestamp": row["time"].second,
            "timestampExternal": round(row["time"].timestamp() * 1000),
        },
    }  # fmt: skip


def _aishub(row: Row) -> Row:
    return {
        "MMSI": row["mmsi"], "TIME": row["time"].strftime("%Y-%m-%d %H:%M:%S GMT"), "LONGITUDE": row["lon_deg"],
        "LATITUDE": row["lat_deg"], "COG": row["cog_deg"], "SOG": row["sog_kn"], "HEADING": _whole(row["heading_deg"]),
        "ROT": 128, "NAVSTAT": 15 if row["nav_status"] is None else row["nav_status"], "IMO": row["imo"] or 0,
        "NAME": row["name"] or "", "CALLSIGN": row["callsign"] or "", "TYPE": row["ship_type"],
        "A": _whole(row["to_bow_m"]), "B": _whole(row["to_stern_m"]), "C": _whole(row["to_port_m"]),
        "D": _whole(row["to_starboard_m"]), "DRAUGHT": row["draught_m"] or 0, "DEST": row["destination"] or "",
        "ETA": "",
    }  # fmt: skip


def _aisstream(row: Row) -> Iterator[Row]:
    """Yield what is new of a vessel as static messages, then the position."""
    small = row["transceiver"] == "B"
    meta = {
        "MMSI": row["mmsi"], "MMSI_String": row["mmsi"], "ShipName": (row["name"] or "").ljust(20),
        "latitude": row["lat_deg"], "longitude": row["lon_deg"],
        "time_utc": row["time"].strftime("%Y-%m-%d %H:%M:%S.000000000 +0000 UTC"),
    }  # fmt: skip
    size = {side: _whole(row[name]) for side, name in zip("ABCD", _SIDES, strict=True)}

    def message(kind: str, body: Row) -> Row:
        return {"MessageType": kind, "MetaData": meta, "Message": {kind: {"UserID": row["mmsi"], "Valid": True} | body}}

    if row["is_news"] and small:
        part_b = {
            "CallSign": row["callsign"] or "",
            "ShipType": row["ship_type"] or 0,
            "Dimension": size,
            "Valid": True,
        }
        body = {
            "MessageID": 24,
            "PartNumber": False,
            "ReportA": {"Name": row["name"] or "", "Valid": bool(row["name"])},
        }
        yield message("StaticDataReport", body | {"ReportB": part_b})
    elif row["is_news"]:
        body = {
            "MessageID": 5, "ImoNumber": row["imo"] or 0, "CallSign": row["callsign"] or "", "Name": row["name"] or "",
            "Type": row["ship_type"] or 0, "Dimension": size, "MaximumStaticDraught": row["draught_m"] or 0,
            "Destination": row["destination"] or "",
        }  # fmt: skip
        yield message("ShipStaticData", body)
    place = {
        "MessageID": row["message_type"], "Longitude": row["lon_deg"], "Latitude": row["lat_deg"],
        "Sog": row["sog_kn"], "Cog": row["cog_deg"], "TrueHeading": _whole(row["heading_deg"]),
        "Timestamp": row["time"].second,
    }  # fmt: skip
    if small:
        yield message("StandardClassBPositionReport", place)
    else:
        yield message("PositionReport", place | {"NavigationalStatus": row["nav_status"]})


def _text(value: float | None, parts: int = 1) -> str:
    """Return a value in whole parts of its unit as text, empty where there is none."""
    return "" if value is None else str(round(value * parts))


def _marinetraffic(row: Row) -> Row:
    return {
        "MMSI": str(row["mmsi"]), "IMO": str(row["imo"] or 0), "SHIP_ID": str(1_000_000_000 + row["mmsi"]),
        "LAT": str(row["lat_deg"]), "LON": str(row["lon_deg"]), "SPEED": _text(row["sog_kn"], 10),
        "HEADING": _text(row["heading_deg"]), "COURSE": _text(row["cog_deg"]),
        "STATUS": _text(row["nav_status"]), "TIMESTAMP": row["time"].strftime("%Y-%m-%dT%H:%M:%S"), "DSRC": "TER",
        "UTC_SECONDS": str(row["time"].second),
    }  # fmt: skip


def _vesselfinder(row: Row) -> Row:
    return {
        "AIS": {
            "MMSI": row["mmsi"], "TIMESTAMP": row["time"].strftime("%Y-%m-%d %H:%M:%S UTC"),
            "LATITUDE": row["lat_deg"], "LONGITUDE": row["lon_deg"], "COURSE": row["cog_deg"], "SPEED": row["sog_kn"],
            "HEADING": _whole(row["heading_deg"]), "NAVSTAT": 15 if row["nav_status"] is None else row["nav_status"],
            "IMO": row["imo"] or 0, "NAME": row["name"] or "", "CALLSIGN": row["callsign"] or "",
            "TYPE": row["ship_type"], "A": _whole(row["to_bow_m"]), "B": _whole(row["to_stern_m"]),
            "C": _whole(row["to_port_m"]), "D": _whole(row["to_starboard_m"]), "DRAUGHT": row["draught_m"] or 0,
            "DESTINATION": row["destination"] or "", "LOCODE": "", "ETA_AIS": "", "ETA": "", "SRC": "TER", "ZONE": "",
        }
    }  # fmt: skip


def _spire_graphql(row: Row) -> Row:
    time = row["time"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": str(row["mmsi"]), "updateTimestamp": time,
        "staticData": {
            "name": row["name"], "imo": row["imo"], "mmsi": row["mmsi"], "callsign": row["callsign"], "flag": None,
            "shipType": row["ship_type"],
            "dimensions": {side: _whole(row[name]) for side, name in zip("abcd", _SIDES, strict=True)}
            | {"length": row["length_m"], "width": row["width_m"]},
        },
        "lastPositionUpdate": {
            "timestamp": time, "updateTimestamp": time, "latitude": row["lat_deg"], "longitude": row["lon_deg"],
            "speed": row["sog_kn"], "course": row["cog_deg"], "heading": row["heading_deg"], "rot": None,
            "navigationalStatus": row["nav_status"], "collectionType": "TERRESTRIAL",
        },
        "currentVoyage": {"destination": row["destination"], "draught": row["draught_m"], "eta": None},
    }  # fmt: skip


def _taiwan(row: Row) -> Row:
    return {
        "MMSI": row["mmsi"], "ShipName": row["name"] or "", "Ship_and_Cargo_Type": row["ship_type"],
        "Longitude": row["lon_deg"], "Latitude": row["lat_deg"], "SOG": row["sog_kn"], "COG": row["cog_deg"],
        "IMO_Number": row["imo"] or 0, "Call_Sign": row["callsign"] or "",
        "Record_Time": (row["time"] + timedelta(hours=8)).strftime("%Y/%m/%d %H:%M:%S"),
    }  # fmt: skip


def _digitraffic_vessel(row: Row) -> Iterator[Row]:
    """Yield what is new of a vessel; draught in decimetres."""
    if row["is_news"]:
        yield {
            "timestamp": round(row["time"].timestamp() * 1000), "destination": row["destination"] or "",
            "mmsi": row["mmsi"], "callSign": row["callsign"] or "", "imo": row["imo"] or 0,
            "shipType": row["ship_type"], "draught": _units(row["draught_m"], 10, 0.0), "eta": 1596, "posType": 1,
            **{f"referencePoint{side}": _whole(row[name]) for side, name in zip("ABCD", _SIDES, strict=True)},
            "name": row["name"] or "",
        }  # fmt: skip


def _units(value: float | None, per_unit: float, missing: float) -> int:
    """Return a number in raw units, or in them what stands for "not available"."""
    return round((missing if value is None else value) * per_unit)


def _aishub_raw(row: Row) -> Row:
    """Return a report in raw units: 1/600000 degree, tenths of a knot, degree and metre."""
    return _aishub(row) | {
        "TIME": round(row["time"].timestamp()), "LONGITUDE": _units(row["lon_deg"], PER_DEGREE, NO_LON),
        "LATITUDE": _units(row["lat_deg"], PER_DEGREE, NO_LAT), "COG": _units(row["cog_deg"], 10, NO_COG),
        "SOG": _units(row["sog_kn"], 10, NO_SOG), "DRAUGHT": _units(row["draught_m"], 10, 0.0),
    }  # fmt: skip


def _kpler(row: Row) -> Iterator[Row]:
    """Yield what is new of a vessel as a static message, then the position."""
    front = {"mmsi": row["mmsi"], "timestamp": row["time"].strftime("%Y-%m-%dT%H:%M:%SZ")}
    small = row["transceiver"] == "B"
    if row["is_news"]:
        yield front | {
            "msg_type": 24 if small else 5, "msg_description": "static", "latitude": None, "longitude": None,
            "name": row["name"], "ship_and_cargo_type": row["ship_type"], "destination": row["destination"],
            "dimensions": {side: _whole(row[name]) for side, name in zip("abcd", _SIDES, strict=True)},
            "imo": row["imo"], "call_sign": row["callsign"], "draught": row["draught_m"],
        }  # fmt: skip
    yield front | {
        "msg_type": row["message_type"], "msg_description": "position", "latitude": row["lat_deg"],
        "longitude": row["lon_deg"], "speed": row["sog_kn"], "course": row["cog_deg"], "heading": row["heading_deg"],
        "status": row["nav_status"],
    }  # fmt: skip


def _taiwan_feature(row: Row) -> Row:
    fields = _taiwan(row)
    place = [fields.pop("Longitude"), fields.pop("Latitude")]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": fields}


_SIDES = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")


def _as_json(item: Row) -> str:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


#: Signs that XML cannot hold.
_NO_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def _as_xml(item: Row) -> str:
    """Return an element with the fields that have a value as attributes."""
    known = {key: quoteattr(_NO_XML.sub(" ", str(value))) for key, value in item.items() if value is not None}
    return f"<vessel {' '.join(f'{key}={value}' for key, value in known.items())}/>"


@dataclass(frozen=True)
class ItemForm:
    """How a layout writes rows: items of one document between ``begin`` and ``end``, or a line each."""

    pattern: str
    items: Callable[[Row], Iterable[Row]]
    begin: str = ""
    end: str = ""
    between: str = "\n"
    item: Callable[[Row], str] = _as_json
    whole: bool = False

    def fill(self, table: pa.Table, path: Path) -> None:
        """Write positions to a file, piece by piece."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(self.begin)
            first = True
            for row in rows(table):
                for item in self.items(row):
                    file.write(("" if first else self.between) + self.item(item))
                    first = False
            file.write(self.end)


def _one(make: Callable[[Row], Row]) -> Callable[[Row], Iterable[Row]]:
    return lambda row: (make(row),)


_FEATURES = '{"type":"FeatureCollection","features":['

#: The kinds of file of each layout of items.
ITEM_FORMS: dict[str, tuple[ItemForm, ...]] = {
    "barentswatch": (ItemForm("barentswatch_%Y%m%d.json", _one(_barentswatch), "[", "]\n", ",\n"),),
    "digitraffic": (
        ItemForm(
            "digitraffic_%Y%m%d.json", _one(_digitraffic),
            '{"type":"FeatureCollection","dataUpdatedTime":"2024-03-01T00:00:00Z","features":[', "]}\n", ",\n",
        ),
        ItemForm("digitraffic_vessels_%Y%m%d.json", _digitraffic_vessel, "[", "]\n", ",\n"),
    ),
    "aishub_json": (
        ItemForm(
            "aishub_%Y%m%d.json", _one(_aishub), '[{"ERROR":false,"USERNAME":"SIM","FORMAT":"HUMAN"},[', "]]\n", ",\n"
        ),
    ),
    "aishub_json_raw": (
        ItemForm(
            "aishub_%Y%m%d.json", _one(_aishub_raw), '[{"ERROR":false,"USERNAME":"SIM","FORMAT":"AIS"},[', "]]\n",
            ",\n",
        ),
    ),
    "aishub_xml": (
        ItemForm(
            "aishub_%Y%m%d.xml", _one(_aishub),
            '<?xml version="1.0" encoding="UTF-8"?>\n<VESSELS ERROR="false" USERNAME="SIM" FORMAT="HUMAN">\n',
            "\n</VESSELS>\n", item=_as_xml,
        ),
    ),
    "aisstream": (ItemForm("aisstream_%Y%m%d.jsonl", _aisstream, end="\n"),),
    "marinetraffic_json": (
        ItemForm("marinetraffic_%Y%m%d.json", _one(_marinetraffic), "[", "]\n", ",\n"),
    ),
    "vesselfinder": (ItemForm("vesselfinder_%Y%m%d.json", _one(_vesselfinder), "[", "]\n", ",\n"),),
    "spire_graphql": (
        ItemForm("spire_%Y%m%d.json", _one(_spire_graphql), '{"data":{"vessels":{"nodes":[', "]}}}\n", ",\n"),
    ),
    "kpler": (ItemForm("kpler_%Y%m%d.json", _kpler, '{"data":[', "]}\n", ",\n"),),
    "tw_mpb": (ItemForm("tw_mpb_%Y%m%d.json", _one(_taiwan), "[", "]\n", ",\n"),),
    "tw_mpb_geojson": (ItemForm("tw_mpb_%Y%m%d.geojson", _one(_taiwan_feature), _FEATURES, "]}\n", ",\n"),),
}  # fmt: skip
