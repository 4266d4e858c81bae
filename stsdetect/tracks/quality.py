"""The flag every report gets from cleaning. Where several apply, the first in this list that is true wins."""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """Why a report is not used, or used with care; `OK` and `COARSE` are used."""

    OK = 0
    COARSE = 1
    NO_POSITION = 2
    IMPOSSIBLE_POSITION = 3
    NULL_ISLAND = 4
    NOT_A_VESSEL = 5
    WRONG_TIME = 6
    REPEAT = 7
    TELEPORT = 8
    NEAR_REPEAT = 9
    OUTSIDE_BBOX = 10


#: Which flag wins where several apply, strongest first.
PRECEDENCE: tuple[Quality, ...] = (
    Quality.NO_POSITION,
    Quality.IMPOSSIBLE_POSITION,
    Quality.NULL_ISLAND,
    Quality.NOT_A_VESSEL,
    Quality.WRONG_TIME,
    Quality.REPEAT,
    Quality.TELEPORT,
    Quality.NEAR_REPEAT,
    Quality.OUTSIDE_BBOX,
    Quality.COARSE,
    Quality.OK,
)

QUALITY_MEANING: dict[Quality, str] = {
    Quality.OK: "used",
    Quality.COARSE: "long-range report (type 27) rounded to 185 m: used for loitering and gaps, never for contact",
    Quality.NO_POSITION: "no position: static data, or the sentinels latitude 91 and longitude 181",
    Quality.IMPOSSIBLE_POSITION: "latitude beyond 90 or longitude beyond 180 degrees",
    Quality.NULL_ISLAND: "latitude and longitude both exactly 0, or both exactly 1: an unset receiver",
    Quality.NOT_A_VESSEL: "base station, aid to navigation, aircraft, distress beacon, group or handheld",
    Quality.WRONG_TIME: "far (30 days or more) from nearly all other reports of the input",
    Quality.REPEAT: "the same report again",
    Quality.TELEPORT: "no possible track leads there, and too few such fixes for a second hull",
    Quality.NEAR_REPEAT: "within near_repeat_s of a fix of the same hull",
    Quality.OUTSIDE_BBOX: "outside the area asked for; it still shows that the vessel was heard",
}
