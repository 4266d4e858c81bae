"""From positions as read to tracks: flag, split shared identities, cut into segments, keep the identities."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.errors import SchemaError
from stsdetect.kernels.runs import group_bounds, isolated
from stsdetect.kernels.sphere import Bools, Floats, Ints, to_xyz
from stsdetect.reference.vessels import MMSI_FORM_NAMES, mmsi_forms
from stsdetect.schema import FIXES, FLAGGED, POSITIONS, SEGMENTS, VESSELS
from stsdetect.settings import CleanSettings
from stsdetect.tracks import clock, identity
from stsdetect.tracks.chains import assign_chains, group_hulls, impossible_steps, lone_strays, times_heard
from stsdetect.tracks.clock import days_heard, may_have_wrong_days, wrong_days
from stsdetect.tracks.quality import PRECEDENCE, QUALITY_MEANING, Quality
from stsdetect.tracks.rows import Rows, sort_rows
from stsdetect.tracks.speed import speed_and_course

__all__ = [
    "QUALITY_MEANING",
    "Quality",
    "Tracks",
    "build_tracks",
    "days_heard",
    "may_have_wrong_days",
    "wrong_days",
]

#: Forms of MMSI and words for stations that are never a vessel under way.
_NOT_VESSELS = frozenset({"base", "aid", "sar_aircraft", "sart", "mob", "epirb", "group", "handheld"})
#: Flags of reports whose place is believed.
_BELIEVED = (Quality.OK, Quality.COARSE)
BBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Tracks:
    """Cleaned positions: four tables of `stsdetect.schema`, and how many reports had which flag."""

    fixes: pa.Table
    segments: pa.Table
    vessels: pa.Table
    flagged: pa.Table
    quality_counts: dict[str, int]


def build_tracks(
    positions: pa.Table,
    settings: CleanSettings = CleanSettings(),
    *,
    bbox: BBox | None = None,
    wrong_days: frozenset[int] | None = None,
) -> Tracks:
    """Clean positions, split shared identities, cut tracks into segments and gather identities.

    Vessels do not touch each other: given all reports of some vessels, and the ``wrong_days`` of all, the rows are
    those that all reports together would give, but for the numbers of segments. Vessels whose labels (their own
    id, else the nine digits of the MMSI) are alike up to the first '#' must come together, as hulls that share an
    identity are named by it.

    Parameters
    ----------
    positions
        `POSITIONS` table (Arrow or pandas); not changed.
    settings
        See `stsdetect.settings.CleanSettings`.
    bbox
        (lon_min, lat_min, lon_max, lat_max) [degrees]; fixes outside are flagged, and still count as heard.
        lon_min > lon_max reaches over the antimeridian.
    wrong_days
        Days since 1970 (UTC) of which every report has a wrong clock, see `wrong_days`; None decides it from
        these positions.

    Raises
    ------
    SchemaError
        If a required column is missing or a report has neither a vessel id nor an MMSI.
    """
    positions = POSITIONS.conform(positions, extra=True)
    if positions.num_rows == 0:
        return Tracks(FIXES.empty(), SEGMENTS.empty(), VESSELS.empty(), FLAGGED.empty(), {})
    rows = sort_rows(positions)
    if (rows.key < 0).any():
        raise SchemaError(
            f"{int((rows.key < 0).sum())} positions have neither a vessel_id nor an mmsi; give one of them"
        )
    quality = np.full(rows.size, int(Quality.OK), dtype=np.int8)
    if wrong_days is None:
        wrong_days = clock.wrong_days(*clock.count_days(rows.time_us, rows.repeat))
    for flag, mask in _row_flags(rows, wrong_days).items():
        _raise_flag(quality, flag, mask)
    _raise_flag(quality, Quality.COARSE, rows.numbers["message_type"] == 27)
    usable = np.isin(quality, _BELIEVED)
    xyz = np.zeros((rows.size, 3))
    lon = _wrap(rows.numbers["lon_deg"])
    xyz[usable] = to_xyz(rows.numbers["lat_deg"][usable], lon[usable])
    hull, chain, labels = _split_hulls(rows, xyz, quality, settings)
    close = _close_repeats(hull, chain, rows.time_us, quality, settings)
    _raise_flag(quality, Quality.NEAR_REPEAT, close)
    if bbox is not None:
        _raise_flag(quality, Quality.OUTSIDE_BBOX, ~_inside(rows.numbers["lat_deg"], lon, bbox))
    vessels = identity.history(
        rows, hull, labels, ~np.isin(quality, [Quality.NOT_A_VESSEL, Quality.WRONG_TIME, Quality.TELEPORT])
    )
    fixes, segments = _fixes(rows, positions, hull, chain, labels, quality, xyz, lon, settings)
    counts = np.bincount(quality, minlength=len(Quality))
    flagged = _flagged(rows, positions, hull, labels, quality)
    return Tracks(
        fixes, segments, vessels, flagged, {flag.name.lower(): int(counts[flag]) for flag in Quality if counts[flag]}
    )


def _raise_flag(quality: np.ndarray, flag: Quality, mask: Bools) -> None:
    """Set ``flag`` where it is true and no stronger one stands."""
    weaker = [int(other) for other in PRECEDENCE[PRECEDENCE.index(flag) :]]
    quality[mask & np.isin(quality, weaker)] = int(flag)


def _wrap(lon_deg: Floats) -> Floats:
    """Put longitudes into [-180, 180); only 180 itself moves, others are left exactly as they are."""
    return np.where(lon_deg == 180.0, -180.0, lon_deg)


def _row_flags(rows: Rows, wrong_days: frozenset[int]) -> dict[Quality, Bools]:
    lat, lon = rows.numbers["lat_deg"], rows.numbers["lon_deg"]
    with np.errstate(invalid="ignore"):
        missing = np.isnan(lat) | np.isnan(lon) | (lat == 91.0) | (lon == 181.0)
        impossible = ~missing & ((np.abs(lat) > 90.0) | (np.abs(lon) > 180.0))
    forms = np.array([form in _NOT_VESSELS for form in MMSI_FORM_NAMES])
    mmsi = np.nan_to_num(rows.mmsi, nan=0.0).astype(np.int64)
    by_form = ~np.isnan(rows.mmsi) & forms[mmsi_forms(mmsi)]
    station = np.array([word in _NOT_VESSELS for word in rows.words["station"]] + [False])[rows.texts["station"]]
    return {
        Quality.NO_POSITION: missing,
        Quality.IMPOSSIBLE_POSITION: impossible,
        Quality.NULL_ISLAND: ((lat == 0.0) & (lon == 0.0)) | ((lat == 1.0) & (lon == 1.0)),
        Quality.NOT_A_VESSEL: by_form | station,
        Quality.WRONG_TIME: clock.on_days(rows.time_us, wrong_days),
        Quality.REPEAT: rows.repeat,
    }


def _split_hulls(rows: Rows, xyz: Floats, quality: np.ndarray, settings: CleanSettings) -> tuple[Ints, Ints, list[str]]:
    """Return hull and chain per report (hulls numbered by label) and the labels; flags teleports."""
    use = np.flatnonzero(np.isin(quality, _BELIEVED))
    stray = use[lone_strays(rows.key[use], rows.time_us[use], xyz[use], settings)]
    quality[stray] = Quality.TELEPORT
    use = use[np.isin(quality[use], _BELIEVED)]
    key = rows.key[use]
    jump = impossible_steps(key, rows.time_us[use], xyz[use], settings)
    chain = np.zeros(rows.size, dtype=np.int64)
    part = np.zeros(rows.size, dtype=np.int64)
    names: dict[tuple[int, int], str] = {}
    for troubled in np.unique(key[jump]).tolist():
        fixes = use[np.searchsorted(key, troubled) : np.searchsorted(key, troubled, side="right")]
        numbers = assign_chains(rows.time_us[fixes], xyz[fixes], settings)
        heard = times_heard(rows.time_us[fixes], numbers)
        few = heard < settings.min_chain_fixes
        if few.all():
            few[:] = numbers != numbers[np.argmax(heard)]
        quality[fixes[few]] = Quality.TELEPORT
        good = fixes[~few]
        chain[good] = numbers[~few]
        hulls = group_hulls(rows.time_us[good], numbers[~few])
        part[good] = hulls
        every = np.arange(np.searchsorted(rows.key, troubled), np.searchsorted(rows.key, troubled, side="right"))
        _lend_hull(rows, every, good, part)
        if hulls.max() > 0:
            names.update(_hull_names(rows, troubled, good, hulls, every[~rows.repeat[every]], part))
    return _number_hulls(rows, part, names, chain)


def _lend_hull(rows: Rows, every: Ints, good: Ints, part: Ints) -> None:
    """Give reports without a place of their own (static data) to the hull heard nearest in time.

    Where two IMO numbers are heard, each goes to one hull as a whole: that nearest to most of its reports.
    """
    times = rows.time_us[good]
    right = np.clip(np.searchsorted(times, rows.time_us[every]), 0, good.size - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.abs(rows.time_us[every] - times[left]) <= np.abs(times[right] - rows.time_us[every])
    placed = np.isin(every, good)
    part[every] = np.where(placed, part[every], part[good[np.where(nearer, left, right)]])
    imo = rows.numbers["imo"][every]
    said = imo > 0
    numbers, number = np.unique(imo[said], return_inverse=True)
    if numbers.size > 1:
        voters, whose = every[said], ~rows.repeat[every[said]]
        votes, counts = np.unique(np.stack([number[whose], part[voters[whose]]]), axis=1, return_counts=True)
        votes = votes[:, np.lexsort((votes[1], -counts, votes[0]))]
        _, best = np.unique(votes[0], return_index=True)
        lent = ~placed[said]
        part[voters[lent]] = votes[1, best][number[lent]]


def _hull_names(
    rows: Rows, key: int, fixes: Ints, hulls: Ints, reports: Ints, part: Ints
) -> dict[tuple[int, int], str]:
    """Name each hull on one MMSI by its IMO number where that tells them apart, else by its first fix."""
    label = rows.labels[key]
    said = rows.numbers["imo"][reports]
    numbers = [identity.hull_imo(said[part[reports] == hull]) for hull in range(int(hulls.max()) + 1)]
    names: dict[tuple[int, int], str] = {}
    for hull, imo in enumerate(numbers):
        if imo is not None and numbers.count(imo) == 1:
            names[key, hull] = f"{label}#IMO{imo}"
        else:
            first = fixes[hulls == hull][0]
            text = f"{rows.time_us[first]},{rows.numbers['lat_deg'][first]!r},{rows.numbers['lon_deg'][first]!r}"
            names[key, hull] = f"{label}#{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return names


def _number_hulls(
    rows: Rows, part: Ints, names: dict[tuple[int, int], str], chain: Ints
) -> tuple[Ints, Ints, list[str]]:
    n_parts = int(part.max()) + 1
    code = rows.key * n_parts + part
    present, of_row = np.unique(code, return_inverse=True)
    labels = [names.get((c // n_parts, c % n_parts), rows.labels[c // n_parts]) for c in present.tolist()]
    # A source's own id may look like a name made here: no two hulls may share one.
    taken: set[str] = set(rows.labels) if names else set()
    for k, c in enumerate(present.tolist()):
        if (c // n_parts, c % n_parts) in names:
            while labels[k] in taken:
                labels[k] += "~"
            taken.add(labels[k])
    order = sorted(range(len(labels)), key=lambda k: labels[k])
    place = np.empty(len(labels), dtype=np.int64)
    place[order] = np.arange(len(labels))
    return place[of_row], chain, [labels[k] for k in order]


def _close_repeats(hull: Ints, chain: Ints, time_us: Ints, quality: np.ndarray, settings: CleanSettings) -> Bools:
    """Mark fixes that follow another of their hull too closely; a coarse fix never stands in for a precise one."""
    least = round(settings.near_repeat_s * 1e6)
    result = np.zeros(quality.size, dtype=np.bool_)
    for kind in _BELIEVED:
        use = np.flatnonzero(quality == kind)
        use = use[np.lexsort((use, time_us[use], chain[use], hull[use]))]
        close = np.zeros(use.size, dtype=np.bool_)
        same = (hull[use[1:]] == hull[use[:-1]]) & (chain[use[1:]] == chain[use[:-1]])
        close[1:] = same & (time_us[use[1:]] - time_us[use[:-1]] <= least)
        result[use] = isolated(time_us[use], close, least)
    return result


def _inside(lat_deg: Floats, lon_deg: Floats, bbox: BBox) -> Bools:
    lon_min, lat_min, lon_max, lat_max = bbox
    with np.errstate(invalid="ignore"):
        in_lat = (lat_deg >= lat_min) & (lat_deg <= lat_max)
        if lon_min <= lon_max:
            # Longitude 180 is held as -180.
            inside: Bools = (lon_deg >= lon_min) & (lon_deg <= lon_max) | ((lon_max == 180.0) & (lon_deg == -180.0))
            return in_lat & inside
        return in_lat & ((lon_deg >= lon_min) | (lon_deg <= lon_max))


def _flagged(rows: Rows, positions: pa.Table, hull: Ints, labels: list[str], quality: np.ndarray) -> pa.Table:
    """Build the table of reports that are not used, with their reasons; exact repeats say nothing of their own."""
    use = np.flatnonzero(~np.isin(quality, [*_BELIEVED, Quality.OUTSIDE_BBOX, Quality.REPEAT]))
    use = use[np.lexsort((use, rows.time_us[use], hull[use]))]
    source = pa.array(rows.order[use])
    words = pa.array([flag.name.lower() for flag in Quality], pa.string())
    return FLAGGED.table(
        {
            "vessel": pa.DictionaryArray.from_arrays(pa.array(hull[use], pa.int32()), pa.array(labels, pa.string())),
            "mmsi": pa.array(rows.mmsi[use], from_pandas=True).cast(pa.int64()),
            "time": pa.array(rows.time_us[use], pa.timestamp("us", "UTC")),
            "lat_deg": rows.numbers["lat_deg"][use],
            "lon_deg": rows.numbers["lon_deg"][use],
            "flag": pa.DictionaryArray.from_arrays(pa.array(quality[use], pa.int32()), words),
            "source_file": positions.column("source_file").take(source),
            "source_row": positions.column("source_row").take(source),
        }
    )


def _fixes(
    rows: Rows,
    positions: pa.Table,
    hull: Ints,
    chain: Ints,
    labels: list[str],
    quality: np.ndarray,
    xyz: Floats,
    lon: Floats,
    settings: CleanSettings,
) -> tuple[pa.Table, pa.Table]:
    """Build the fixes (reports with a believed place) and the segments they form."""
    use = np.flatnonzero(np.isin(quality, [Quality.OK, Quality.COARSE, Quality.OUTSIDE_BBOX]))
    use = use[np.lexsort((use, rows.time_us[use], hull[use]))]
    hulls, times = hull[use], rows.time_us[use]
    begins = np.zeros(use.size, dtype=np.bool_)
    begins[:1] = True
    silent = np.zeros(use.size, dtype=np.bool_)
    silent[1:] = times[1:] - times[:-1] > round(settings.max_silence_s * 1e6)
    new_hull = np.zeros(use.size, dtype=np.bool_)
    new_hull[1:] = hulls[1:] != hulls[:-1]
    jump = np.zeros(use.size, dtype=np.bool_)
    jump[1:] = chain[use[1:]] != chain[use[:-1]]
    begins |= silent | new_hull | jump
    segment = np.cumsum(begins) - 1
    sog = rows.numbers["sog_kn"][use]
    # 102.3 is 'not available' and 102.2 'at least that' (ITU-R M.1371-5); below 0 is an overflow of old exports.
    sog = np.where((sog < 0) | (sog >= 102.2), np.nan, sog)
    speed, course = speed_and_course(segment, times, xyz[use], sog, settings.speed_window_s)
    fine = np.flatnonzero(quality[use] != Quality.COARSE)
    if 0 < fine.size < use.size:
        # A position rounded to 185 m beside a precise one would look like motion.
        speed[fine], course[fine] = speed_and_course(
            segment[fine], times[fine], xyz[use[fine]], sog[fine], settings.speed_window_s
        )
    heading, cog = rows.numbers["heading_deg"][use], rows.numbers["cog_deg"][use]
    source = pa.array(rows.order[use])
    vessel = pa.DictionaryArray.from_arrays(pa.array(hulls, pa.int32()), pa.array(labels, pa.string()))
    mmsi = pa.array(rows.mmsi[use], from_pandas=True).cast(pa.int64())
    time = pa.array(times, pa.timestamp("us", "UTC"))
    lat = rows.numbers["lat_deg"][use]
    status = rows.numbers["nav_status"][use]
    fixes = FIXES.table(
        {
            "vessel": vessel,
            "segment": segment,
            "mmsi": mmsi,
            "time": time,
            "lat_deg": lat,
            "lon_deg": lon[use],
            "sog_kn": sog,
            "cog_deg": np.where((cog < 0) | (cog >= 360), np.nan, cog),
            "heading_deg": np.where((heading < 0) | (heading >= 360), np.nan, heading),
            "nav_status": pa.array(status, from_pandas=True).cast(pa.int8()),
            "speed_kn": speed,
            "course_deg": course,
            "quality": quality[use],
            "source_file": positions.column("source_file").take(source),
            "source_row": positions.column("source_row").take(source),
        }
    )
    first, last = group_bounds(segment)
    why = np.where(jump, "jump", "silence")
    why[new_hull | (np.arange(use.size) == 0)] = "start"
    segments = SEGMENTS.table(
        {
            "segment": segment[first],
            "vessel": vessel.take(pa.array(first)),
            "mmsi": mmsi.take(pa.array(first)),
            "start_time": time.take(pa.array(first)),
            "end_time": time.take(pa.array(last - 1)),
            "n_positions": last - first,
            "start_lat_deg": lat[first],
            "start_lon_deg": lon[use][first],
            "end_lat_deg": lat[last - 1],
            "end_lon_deg": lon[use][last - 1],
            "begins_after": pa.array(why[first].tolist(), pa.string()),
        }
    )
    return fixes, segments
