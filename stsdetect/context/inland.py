"""Land where no sea-going ship can have been: the inside of a few countries, looked at one by one.

The packaged shoreline draws rivers, canals, locks and small lakes as land, and ships do sail them: to Pyongyang by the
barrage of Nampo, to Seoul by the Ara canal, up the Yangtze for a thousand kilometres. So land is not taken to
be out of reach because it is land. It is where the country is in `REGIONS`, the place is in none of the `WATERS` that
sea-going ships use there, and it is farther than `DEEP_KM` from the shoreline. Elsewhere no land is.
Regions and waters are our choice, drawn generously from maps (confidence medium).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats
from stsdetect.reference.shoreline import load_shoreline

#: Name, west, south, east, north [degrees].
_Region = tuple[str, float, float, float, float]

#: So far from the shoreline [km], which is good to 0.4 km for nine places in ten; harbours reach less far inland.
DEEP_KM = 5.0
#: Name, west, south, east, north [degrees] of what was looked at.
REGIONS: tuple[_Region, ...] = (
    ("Korea and the land behind it", 124.0, 34.0, 131.0, 43.0),
    ("Liaodong", 121.0, 38.5, 125.0, 42.0),
    ("Shandong", 119.3, 35.2, 123.0, 38.0),
    ("Kyushu, Shikoku, Honshu", 129.5, 30.9, 142.2, 41.6),
    ("Hokkaido", 139.5, 41.6, 146.0, 45.6),
    ("Taiwan", 119.9, 21.8, 122.2, 25.4),
    ("South of Primorye", 131.0, 42.5, 138.0, 44.2),
    ("Sakhalin", 141.5, 45.8, 144.9, 54.5),
)
#: Name, west, south, east, north [degrees] of waters inland that sea-going ships use, with room around them.
WATERS: tuple[_Region, ...] = (
    ("Taedong and Jaeryong to Pyongyang and Sunchon", 124.9, 38.2, 126.3, 39.6),
    ("Chongchon to Anju", 125.2, 39.4, 126.0, 39.9),
    ("Yalu to the Supung dam", 124.0, 39.7, 125.2, 40.8),
    ("Han, Imjin and the Ara canal", 126.3, 37.2, 127.4, 38.1),
    ("Asan bay and Sapgyo", 126.6, 36.7, 127.2, 37.2),
    ("Geum", 126.5, 35.8, 127.2, 36.4),
    ("Yeongsan", 126.2, 34.6, 126.9, 35.2),
    ("Seomjin", 127.5, 34.8, 127.9, 35.2),
    ("Nakdong", 128.7, 35.0, 129.2, 35.6),
    ("Tumen", 130.1, 42.1, 131.0, 43.0),
    ("Liao and Daliao", 121.5, 40.4, 122.8, 41.4),
    ("Yodo", 135.3, 34.5, 135.8, 35.0),
    ("Tokyo bay's rivers", 139.6, 35.3, 140.2, 36.0),
    ("Tone and Kasumigaura", 140.0, 35.6, 140.9, 36.3),
    ("Nobi's rivers", 136.5, 34.9, 137.1, 35.4),
    ("Ishikari", 141.2, 43.0, 141.8, 43.5),
)
_CELLS_PER_DEGREE = 10
#: No place of a cell is farther from its middle [km]: half the diagonal of a tenth of a degree, 11.2 km a side at most.
_HALF_CELL_KM = 8.0
#: Of the border of the cells, steps smaller than this are left out, inwards [degrees].
_SMOOTH_DEG = 0.05


def inland_within(west: float, south: float, east: float, north: float) -> Any | None:
    """Return what is out of reach in the regions that a box touches, a polygon in WGS84; None where nothing is.

    Examples
    --------
    The middle of Korea, Pyongyang, Seoul; and the Yangtze, which was not looked at.

    >>> import shapely
    >>> land = inland_within(124.0, 36.0, 130.0, 40.0)
    >>> shapely.intersects_xy(land, [127.6, 125.75, 126.8], [38.6, 39.03, 37.6]).tolist()
    [True, False, False]
    >>> inland_within(115.0, 30.0, 119.0, 33.0) is None
    True
    """
    return _together(_touched([(west, south, east, north)]))


def get_ready(bounds: list[tuple[float, float, float, float]]) -> None:
    """Work out at once what `inland_within` needs for boxes: the shoreline is then gone through once."""
    _look_at(_touched(bounds))


def _touched(bounds: list[tuple[float, float, float, float]]) -> tuple[_Region, ...]:
    boxes = np.array(bounds).reshape(-1, 4).T
    return tuple(
        region for region in REGIONS
        if ((region[1] <= boxes[2]) & (region[3] >= boxes[0]) & (region[2] <= boxes[3]) & (region[4] >= boxes[1])).any()
    )  # fmt: skip


@cache
def _together(regions: tuple[_Region, ...]) -> Any | None:
    import shapely

    _look_at(regions)
    parts = [part for part in (_known[region] for region in regions) if part is not None]
    return shapely.union_all(parts) if parts else None


#: What is out of reach in the regions looked at so far.
_known: dict[_Region, Any] = {}


def _look_at(regions: tuple[_Region, ...]) -> None:
    new = [region for region in regions if region not in _known]
    if not new:
        return
    size = 1.0 / _CELLS_PER_DEGREE
    left, low = (np.concatenate(axis) for axis in zip(*map(_corners, new), strict=True))
    lat, lon = low + 0.5 * size, left + 0.5 * size
    shore = load_shoreline()
    deep = shore.on_land(lat, lon)
    for _, *water in WATERS:
        deep &= ~((lon > water[0] - size) & (lon < water[2] + size) & (lat > water[1] - size) & (lat < water[3] + size))
    deep[deep] = shore.shore_km(lat[deep], lon[deep]) >= DEEP_KM + _HALF_CELL_KM
    ends = np.cumsum([_shape(region)[0] * _shape(region)[1] for region in new])
    for region, part in zip(new, np.split(deep, ends[:-1]), strict=True):
        _known[region] = _polygon(region, part.reshape(_shape(region)))


def _shape(region: _Region) -> tuple[int, int]:
    """Return how many rows and columns of cells a region has."""
    _, west, south, east, north = region
    return round((north - south) * _CELLS_PER_DEGREE), round((east - west) * _CELLS_PER_DEGREE)


def _corners(region: _Region) -> tuple[Floats, Floats]:
    """Return the west and the south of the cells of a region [degrees], row by row."""
    rows, columns = _shape(region)
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(columns), np.arange(rows)))
    return region[1] + column / _CELLS_PER_DEGREE, region[2] + row / _CELLS_PER_DEGREE


def _polygon(region: _Region, deep: Bools) -> Any | None:
    """Return the cells of a region that are out of reach, shape (rows, columns), as a polygon, its border smoothed."""
    import shapely

    _, west, south, _, _ = region
    # Whole rows of cells: there are fewer of them to put together.
    edge = np.diff(deep.astype(np.int8), axis=1, prepend=0, append=0)
    line, first = np.nonzero(edge == 1)
    _, beyond = np.nonzero(edge == -1)
    grid, size = _CELLS_PER_DEGREE, 1.0 / _CELLS_PER_DEGREE
    cells = shapely.box(west + first / grid, south + line / grid, west + beyond / grid, south + line / grid + size)
    # First inwards, then simpler by no more: never beyond the cells.
    inner = shapely.union_all(cells, grid_size=1e-6).buffer(-_SMOOTH_DEG).simplify(0.99 * _SMOOTH_DEG)
    return None if inner.is_empty else inner
