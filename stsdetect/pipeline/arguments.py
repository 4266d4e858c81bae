"""What a job is asked, checked before its work begins."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, get_args

from stsdetect.errors import UsageError, did_you_mean
from stsdetect.pipeline.output import holds_results_alone, not_to_read
from stsdetect.settings import Format

BBox: TypeAlias = tuple[float, float, float, float]
FORMATS: tuple[str, ...] = get_args(Format)


def check_arguments(bbox: BBox | None, formats: Sequence[str], out: str | Path | None) -> None:
    """Refuse a format there is none of, and a box that is none on the globe."""
    for name in formats:
        if name not in FORMATS:
            hint = did_you_mean(name, FORMATS)
            raise UsageError(f"there is no format '{name}'; choose from {', '.join(FORMATS)}.{hint}")
    if formats and out is None:
        raise UsageError("formats need an output folder: give out=")
    if bbox is None:
        return
    try:
        good = len(bbox) == 4 and all(math.isfinite(value) for value in bbox)
    except TypeError:
        good = False
    if not good:
        raise UsageError(f"the bounding box {bbox} must be four numbers: lon_min, lat_min, lon_max, lat_max")
    lon_min, lat_min, lon_max, lat_max = bbox
    if not (-90 <= lat_min < lat_max <= 90):
        raise UsageError(
            f"the bounding box has latitudes {lat_min} to {lat_max}; give lon_min, lat_min, lon_max, lat_max with "
            "latitudes rising within -90..90"
        )
    if not (-180 <= lon_min <= 180 and -180 <= lon_max <= 180) or lon_min == lon_max:
        raise UsageError(
            f"the bounding box has longitudes {lon_min} to {lon_max}; give two within -180..180 "
            "(the first greater than the second reaches over the antimeridian)"
        )


def apart(inputs: list[Any], out: Path) -> tuple[list[Any], frozenset[str]]:
    """Return inputs without the output folder, and the real paths of what is no input among what they hold.

    A pattern that a shell expands matches the output folder of the night before, and a link to it is found like a file:
    neither was meant, where it holds nothing but results. Alone it stays, to be refused.
    """
    without = not_to_read(out)
    if not holds_results_alone(out):
        return inputs, without
    own = os.path.realpath(out)
    others = [item for item in inputs if not (os.path.isdir(item) and os.path.realpath(item) == own)]
    return others or inputs, without | {own}
