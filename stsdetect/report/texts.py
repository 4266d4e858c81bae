"""Words for people: hostile text made harmless, numbers with units, ship types, times."""

from __future__ import annotations

from datetime import datetime

from stsdetect.reference.texts import clean as clean

#: Special craft by AIS ship type (ITU-R M.1371-5, table 53).
_SPECIAL = {
    30: "Fishing", 31: "Towing", 32: "Towing", 33: "Dredging", 34: "Diving", 35: "Military", 36: "Sailing",
    37: "Pleasure", 50: "Pilot", 51: "SAR", 52: "Tug", 53: "Port tender", 54: "Anti-pollution",
    55: "Law enforcement", 58: "Medical", 59: "Non-combatant",
}  # fmt: skip
#: Classes by the first digit of the type, same table.
_CLASSES = {2: "WIG", 4: "High-speed", 6: "Passenger", 7: "Cargo", 8: "Tanker", 9: "Other"}


def vessel_name(name: object, mmsi: int | None, hull: object) -> str:
    """Return the name as broadcast, else the MMSI, else the hull id."""
    return clean(name) or (f"MMSI {mmsi:09d}" if mmsi is not None else clean(hull) or "unknown vessel")


def score_text(score: float) -> str:
    """Write a score for people: three decimals, and never 1 or 0, which would read as certain.

    >>> score_text(0.99996), score_text(0.98512), score_text(1e-9)
    ('0.999', '0.985', '0.001')
    """
    return f"{min(max(score, 0.001), 0.999):.3f}"


def is_base(indicator: str | None) -> bool:
    """Tell whether a reason is the starting point of its kind of lead, which says nothing of the vessels.

    >>> is_base("base"), is_base("dark_base"), is_base("zone")
    (True, True, False)
    """
    return indicator is not None and (indicator == "base" or indicator.endswith("_base"))


def ship_type(code: int | None) -> str:
    """Name an AIS ship type.

    >>> ship_type(84), ship_type(52), ship_type(None)
    ('Tanker', 'Tug', 'Type unknown')
    """
    if code is None or code == 0:
        return "Type unknown"
    return _SPECIAL.get(code) or _CLASSES.get(code // 10) or f"Type {code}"


def time_text(time: datetime | None) -> str:
    """Return a UTC time to the minute."""
    return "" if time is None else time.strftime("%Y-%m-%d %H:%M")


def iso_time(time: datetime) -> str:
    """Return a UTC time in ISO 8601 with ``Z``, with a fraction only where there is one."""
    return time.replace(tzinfo=None).isoformat() + "Z"


def duration_text(hours: float | None) -> str:
    """Return hours as people say them.

    >>> duration_text(3.51), duration_text(50.0), duration_text(0.25)
    ('3 h 31 min', '2 d 2 h', '15 min')
    """
    if hours is None:
        return ""
    minutes = round(hours * 60)
    days, left = divmod(minutes, 1440)
    whole, rest = divmod(left, 60)
    if days:
        return f"{days} d {whole} h" if whole else f"{days} d"
    if whole:
        return f"{whole} h {rest} min" if rest else f"{whole} h"
    return f"{rest} min"


def metres_text(low: float | None, high: float | None = None) -> str:
    """Return a distance, or a range where its ends differ [m]; empty where unknown."""
    if low is None:
        return ""
    if high is None or round(high) == round(low):
        return f"{low:,.0f} m"
    return f"{low:,.0f}–{high:,.0f} m"


def signed(value: float | None, digits: int = 1, unit: str = "") -> str:
    """Return a number with its sign (a true minus); empty where unknown."""
    if value is None:
        return ""
    text = f"{value:+.{digits}f}".replace("-", "−")
    return f"{text} {unit}" if unit else text


def place_text(lat_deg: float, lon_deg: float) -> str:
    """Return a position in degrees and decimal minutes, as charts have it.

    >>> place_text(-33.5, 151.25)
    "33°30.0'S 151°15.0'E"
    """
    return f"{_angle(lat_deg, 'NS')} {_angle((lon_deg + 180.0) % 360.0 - 180.0, 'EW')}"


def _angle(value: float, sides: str) -> str:
    degrees, tenths = divmod(round(abs(value) * 600), 600)
    return f"{degrees}°{tenths / 10:04.1f}'{sides[value < 0]}"


def size_text(n_bytes: float | None) -> str:
    """Return a file size in decimal units."""
    if n_bytes is None:
        return ""
    size = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
