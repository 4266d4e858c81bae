"""Rules of reading that were given and that no file heeded: said, so that nobody believes that they were."""

from __future__ import annotations

from collections.abc import Iterable

from stsdetect.readers.plugins import Plugin
from stsdetect.readers.recognition import layouts
from stsdetect.settings import ReadSettings

_MAPPED = frozenset({"table", "frame"})
#: Setting -> its option (empty: it has none), the layouts that heed it (empty: files tell so in a remark), and what the
#: others do.
_HEEDED: dict[str, tuple[str, frozenset[str], str]] = {
    "columns": (
        "--map",
        _MAPPED | {"kpler", "tw_mpb", "tw_mpb_geojson"},
        "columns are read as the layout says; --layout table reads through the map",
    ),
    "speed_unit": (
        "--speed-unit",
        _MAPPED
        | {"marinetraffic", "marinetraffic_json", "marinetraffic_web", "piraeus", "gfw_positions", "noaa_2009_2014"},
        "speeds are read in the unit of the layout",
    ),
    "utc_offset_h": (
        "--utc-offset",
        _MAPPED | {"marinetraffic_web", "kpler", "kr_mof", "tw_mpb", "tw_mpb_geojson"},
        "times are read as the layout says",
    ),
    "day_first": ("", _MAPPED, "dates are read as the layout says; --layout table reads through the map"),
    "start_time": ("--start-time", frozenset(), "no file is NMEA without times"),
}


def unheeded(settings: ReadSettings, used: Iterable[str], notes: Iterable[str] = ()) -> list[str]:
    """Return a remark for each setting that was given and that none of the layouts used heeds.

    ``notes`` are those of the files.
    """
    names = set(used)
    own = {layout.name for layout in layouts() if not isinstance(layout, Plugin)} | {"frame"}
    if not names <= own:
        return []  # a plug-in may heed anything
    remarks = []
    said = "\n".join(notes)
    for name, (option, heeding, instead) in _HEEDED.items():
        heeded = names & heeding if heeding else f"read.{name}" in said
        if names and getattr(settings, name) not in (None, {}) and not heeded:
            what = f"{option} (read.{name})" if option else f"read.{name}"
            remarks.append(f"{what} was given and is not used: {instead}")
    return remarks
