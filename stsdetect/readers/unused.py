"""Rules of reading that were given and that no file heeded: said, so that nobody believes that they were."""

from __future__ import annotations

from collections.abc import Iterable

from stsdetect.readers.plugins import Plugin
from stsdetect.readers.recognition import layouts
from stsdetect.settings import ReadSettings

_MAPPED = frozenset({"table", "frame"})
#: Setting -> its option, the layouts that heed it, and what the others do.
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
}


def unheeded(settings: ReadSettings, used: Iterable[str]) -> list[str]:
    """Return a remark for each setting that was given and that none of the layouts used heeds."""
    names = set(used)
    own = {layout.name for layout in layouts() if not isinstance(layout, Plugin)} | {"frame"}
    if not names <= own:
        return []  # a plug-in may heed anything
    remarks = []
    for name, (option, heeding, instead) in _HEEDED.items():
        if names and getattr(settings, name) not in (None, {}) and not names & heeding:
            remarks.append(f"{option} (read.{name}) was given and is not used: {instead}")
    return remarks
