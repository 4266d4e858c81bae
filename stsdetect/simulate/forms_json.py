"""Simulated positions in the layouts of public services that answer in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from stsdetect.simulate.forms_tables import news

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


_SIDES = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")


@dataclass(frozen=True)
class JsonForm:
    """How a layout writes rows: items of one document between ``begin`` and ``end``, or a line each."""

    pattern: str
    items: Callable[[Row], Iterable[Row]]
    begin: str = ""
    end: str = ""
    between: str = "\n"

    def parts(self, table: pa.Table) -> Iterator[str]:
        """Yield the text of a file piece by piece."""
        yield self.begin
        first = True
        for row in rows(table):
            for item in self.items(row):
                yield ("" if first else self.between) + json.dumps(item, ensure_ascii=False, separators=(",", ":"))
                first = False
        yield self.end


def _one(make: Callable[[Row], Row]) -> Callable[[Row], Iterable[Row]]:
    return lambda row: (make(row),)


def name_of(form: JsonForm, day: datetime) -> str:
    """Return the name of a day's file."""
    return day.strftime(form.pattern)


#: Each layout in JSON.
JSON_FORMS: dict[str, JsonForm] = {
    "barentswatch": JsonForm("barentswatch_%Y%m%d.json", _one(_barentswatch), "[", "]\n", ",\n"),
    "digitraffic": JsonForm(
        "digitraffic_%Y%m%d.json", _one(_digitraffic),
        '{"type":"FeatureCollection","dataUpdatedTime":"2024-03-01T00:00:00Z","features":[', "]}\n", ",\n",
    ),
    "aishub_json": JsonForm(
        "aishub_%Y%m%d.json", _one(_aishub), '[{"ERROR":false,"USERNAME":"SIM","FORMAT":"HUMAN"},[', "]]\n", ",\n"
    ),
    "aisstream": JsonForm("aisstream_%Y%m%d.jsonl", _aisstream, end="\n"),
    "vesselfinder": JsonForm("vesselfinder_%Y%m%d.json", _one(_vesselfinder), "[", "]\n", ",\n"),
    "spire_graphql": JsonForm(
        "spire_%Y%m%d.json", _one(_spire_graphql), '{"data":{"vessels":{"nodes":[', "]}}}\n", ",\n"
    ),
    "tw_mpb": JsonForm("tw_mpb_%Y%m%d.json", _one(_taiwan), "[", "]\n", ",\n"),
}  # fmt: skip
