"""Write positions as NMEA 0183 AIVDM sentences with a tag block for the time (types 1, 5, 18 and 24)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import pyarrow as pa
from pyais import encode_dict

#: Static reports are due every 6 minutes (ITU-R M.1371).
STATIC_EVERY_S = 360
_COLUMNS = (
    "mmsi", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "nav_status", "transceiver", "imo", "name",
    "callsign", "ship_type", "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m", "destination",
)  # fmt: skip


def tagged(sentence: str, second: int) -> str:
    r"""Put a tag block with the time (Unix seconds) before a sentence.

    >>> tagged("!AIVDM", 1565218798)
    '\\c:1565218798*53\\!AIVDM'
    """
    inner = f"c:{second}"
    check = reduce(lambda total, char: total ^ ord(char), inner, 0)
    return f"\\{inner}*{check:02X}\\{sentence}"


def sentences(positions: pa.Table) -> Iterator[str]:
    """Yield the sentences of a positions table in its order; statics come first and then when due or changed."""
    table = positions.select(list(_COLUMNS))
    seconds = positions.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64()).to_pylist()
    said: dict[tuple[int, int | None], tuple[int, float | None]] = {}
    for number, (second, row) in enumerate(zip(seconds, table.to_pylist(), strict=True)):
        key = row["mmsi"], row["imo"]
        last = said.get(key)
        if last is None or second - last[0] >= STATIC_EVERY_S or row["draught_m"] != last[1]:
            said[key] = second, row["draught_m"]
            for message in _static(row):
                yield from _sent(message, second, number)
        yield from _sent(_position(row, second), second, number)


def _sent(message: dict[str, Any], second: int, number: int) -> Iterator[str]:
    channel = "AB"[number % 2]
    for sentence in encode_dict(
        message, talker_id="AI", sentence_type="VDM", radio_channel=channel, seq_id=number % 10
    ):
        yield tagged(sentence, second)


def _position(row: dict[str, Any], second: int) -> dict[str, Any]:
    message = {
        "mmsi": row["mmsi"], "lat": row["lat_deg"], "lon": row["lon_deg"], "speed": row["sog_kn"],
        "course": row["cog_deg"], "heading": int(row["heading_deg"]), "second": second % 60, "accuracy": True,
    }  # fmt: skip
    if row["transceiver"] == "B":
        return {"type": 18, **message, "cs": True, "band": True, "msg22": True}
    return {"type": 1, **message, "status": row["nav_status"], "turn": -128.0}


def _static(row: dict[str, Any]) -> list[dict[str, Any]]:
    size = {side: int(row[f"{side}_m"]) for side in ("to_bow", "to_stern", "to_port", "to_starboard")}
    call = {"callsign": row["callsign"] or "", "ship_type": row["ship_type"] or 0, **size}
    if row["transceiver"] == "B":
        part_b = {"type": 24, "partno": 1, "mmsi": row["mmsi"], **call}
        if not row["name"]:
            return [part_b]
        return [{"type": 24, "partno": 0, "mmsi": row["mmsi"], "shipname": row["name"]}, part_b]
    return [
        {
            "type": 5, "mmsi": row["mmsi"], "imo": row["imo"] or 0, "shipname": row["name"] or "", **call,
            "draught": row["draught_m"] or 0.0, "destination": row["destination"] or "", "epfd": 1,
            "month": 0, "day": 0, "hour": 24, "minute": 60,
        }
    ]  # fmt: skip
