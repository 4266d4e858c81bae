"""aisstream.io: messages of its stream as JSON, one on each line or in an array."""

from __future__ import annotations

from typing import Any

from stsdetect.readers.json_layout import JsonLayout, Refused, with_size
from stsdetect.readers.times import zoned_utc

#: Messages that are kept: class of the transceiver, and the message type (ITU-R M.1371-5) where the message has none.
_KINDS: dict[str, tuple[str | None, int]] = {
    "PositionReport": ("A", 1),
    "ShipStaticData": ("A", 5),
    "StandardClassBPositionReport": ("B", 18),
    "ExtendedClassBPositionReport": ("B", 19),
    "StaticDataReport": ("B", 24),
    "LongRangeAisBroadcastMessage": (None, 27),
}
#: "Not available" in long-range messages as they are sent, and in all others (ITU-R M.1371-5 tables 48 and 75).
_LONG_RANGE = {"Sog": (63, 102.3), "Cog": (511, 360.0)}
#: What the two parts of a class B static report say, and what other messages call that.
_STATIC = {"Name": "Name", "CallSign": "CallSign", "ShipType": "Type", "Dimension": "Dimension"}
_NOTHING: dict[str, Any] = {}


def _unfold(item: dict[str, Any]) -> dict[str, Any] | Refused:
    """Return one flat item of a message: what it says itself, and of its metadata the time, vessel and name."""
    kind, meta = item.get("MessageType"), item.get("MetaData")
    body = item.get("Message")
    if type(kind) is not str or type(meta) is not dict or type(body) is not dict:
        return Refused("bad_message", "no MessageType, MetaData or Message")
    message = body.get(kind)
    if type(message) is not dict:
        return Refused("bad_message", f"no message {kind}")
    number = message.get("MessageID")
    if kind not in _KINDS:
        known = type(number) is int and 1 <= number <= 27
        return Refused(f"message_type_{number}" if known else "bad_message", f"message {kind}")
    if message.get("Valid") is False:
        return Refused("bad_message", "not valid, it says of itself")
    transceiver, usual = _KINDS[kind]
    flat = {**message, "transceiver": transceiver, "MessageID": usual if number is None else number}
    if kind == "StaticDataReport":
        # Part A names the vessel, part B says what it is like; each comes alone, the other is empty and not valid.
        for part in ("ReportA", "ReportB"):
            inner = message.get(part)
            if type(inner) is dict and inner.get("Valid") is not False:
                flat.update({ours: inner[theirs] for theirs, ours in _STATIC.items() if theirs in inner})
    elif kind == "LongRangeAisBroadcastMessage":
        for key, (sent, usual_none) in _LONG_RANGE.items():
            if message.get(key) == sent:
                flat[key] = usual_none
    size = flat.get("Dimension")
    flat["Dimension"] = size if type(size) is dict else _NOTHING
    for key in ("Name", "CallSign", "Destination"):
        flat[key] = _unpadded(flat.get(key))
    flat["time"] = meta.get("time_utc")
    flat["MMSI"] = meta.get("MMSI", meta.get("MMSI_String"))
    flat["Name"] = flat["Name"] or _unpadded(meta.get("ShipName"))
    return flat


def _unpadded(text: Any) -> Any:
    """Return a text without the spaces and @ that fill it up."""
    return text.strip("@ ") if type(text) is str else text


AISSTREAM = JsonLayout(
    name="aisstream",
    title="aisstream.io messages, JSON lines",
    doc=(
        'Items {"MessageType", "MetaData", "Message"}. Kept: PositionReport, StandardClassBPositionReport, '
        "ExtendedClassBPositionReport, LongRangeAisBroadcastMessage, ShipStaticData, StaticDataReport; others are "
        "rejected as message_type_N. Positions are those of the messages; MetaData.latitude and longitude, which "
        "static messages carry too, are where the vessel was last heard and are not used. A name that the message "
        "does not have comes from MetaData.ShipName. What is received is a sample: about 17% of vessels in one "
        "comparison, none from land at Vladivostok, the Taiwan Strait or Hormuz; silence in it says little."
    ),
    time_rule='MetaData.time_utc, with its zone: "2022-12-29 18:22:32.318353 +0000 UTC". Timestamp is only a second.',
    lost="rate of turn, position accuracy, ETA, radio status; MetaData's own position.",
    names={
        "time": "time",
        "Latitude": "lat",
        "Longitude": "lon",
        "MMSI": "mmsi",
        "UserID": "mmsi",
        "Sog": "sog",
        "Cog": "cog",
        "TrueHeading": "heading",
        "NavigationalStatus": "nav_status",
        "MessageID": "message_type",
        "transceiver": "transceiver",
        "ImoNumber": "imo",
        "Name": "name",
        "CallSign": "callsign",
        "Type": "ship_type",
        "Dimension.A": "to_bow",
        "Dimension.B": "to_stern",
        "Dimension.C": "to_port",
        "Dimension.D": "to_starboard",
        "MaximumStaticDraught": "draught",
        "Destination": "destination",
    },
    required=("MessageType", "MetaData", "Message"),
    times=zoned_utc,
    tidy=with_size,
    unfold=_unfold,
)
