"""Seeds: a few small files of each layout, from which inputs are made; and how each layout's files are read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from stsdetect.readers import layouts

HERE = Path(__file__).parent
SEEDS, FINDINGS = HERE / "seeds", HERE / "findings"
#: Layouts that carry most work, and get most inputs.
CORE = ("noaa_2015_2024", "noaa_2025", "dma", "nmea", "positions", "table")
#: Settings without which files of a layout cannot be read.
SETTINGS: dict[str, dict[str, Any]] = {
    "table": {"columns": {"mmsi": "id", "time": "when", "lat": "y", "lon": "x", "sog": "speed", "name": "who"}},
}


def names() -> list[str]:
    """Every layout there is."""
    return [layout.name for layout in layouts()]


@cache
def seeds(layout: str) -> tuple[bytes, ...]:
    """The seed files of a layout, in the order of their names."""
    return tuple(path.read_bytes() for path in sorted((SEEDS / layout).glob("*")) if path.is_file())


def replayed() -> list[tuple[str, Path]]:
    """Layout and path of each seed and each finding."""
    found = [*SEEDS.glob("*/*"), *FINDINGS.glob("*/*")]
    return [(path.parent.name, path) for path in sorted(found) if path.is_file()]
