"""Areas where many hulls at once could not be heard (outage), or sent places that cannot be (jamming)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.context.heard import GRID, HOUR_US, HOURS, Heard, HourRows, HullHours, cell_hour
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, to_lat_lon, to_xyz
from stsdetect.schema import AREAS, TIME, event_id

#: Silences that begin, or end, within this time of each other do so together [us] (our choice: the slowest reports,
#: and the hours they are counted in).
TOGETHER_US = HOUR_US
#: Of hulls that fell silent together at least this share must come back together, and at most this share of the hulls
#: heard in their cells before may be heard there meanwhile, for an outage (our choice).
BACK_SHARE, HEARD_SHARE = 0.5, 0.5
#: ... or, where satellites hear some of them: so many hulls must have fallen silent, half of them within this time of
#: each other [us] (our choice: a quarter of an hour is a report or two).
SUDDEN_HULLS, SUDDEN_US = 8, HOUR_US // 4
#: In any case so many of those heard there before must fall silent by chance less often than this. Our choice: a month
#: has thousands of hours and places to do so in, most of them at the edge of reception; in simulated months it left out
#: 19 in 20 areas where no receiver had failed, and one in 30 where one had.
AREA_TAIL = 1e-4
#: So near an outage nothing is called dark [m]: a station that fails hears some that others do not, and hears 40 to
#: 60 nautical miles; from the middle of the nearest cell with silences (our choice).
OUTAGE_M = 150_000.0
#: So near a place with jamming nothing is called dark [m]: the cell and those around it.
JAMMING_M = 60_000.0
#: Hulls with places that cannot be, as a share of all around, from which it counts as jamming (our choice), and how
#: many times as many as in all the data.
JAMMED_SHARE, JAMMED_TIMES = 0.2, 3.0


@dataclass(frozen=True)
class Areas:
    """Areas as an `AREAS` table, and the cells and times [us] of each, in another order."""

    table: pa.Table
    cells: list[Ints]
    start_us: list[int]
    end_us: list[int]

    def touch(self, lat_deg: Floats, lon_deg: Floats, start_us: Ints, until_us: Ints, within_m: Floats) -> Bools:
        """Tell which silences begin so near an area [m], and last until a time [us], that they touch it, give an hour.

        All arrays have shape (n,).
        """
        result = np.zeros(start_us.size, dtype=np.bool_)
        order = np.argsort(start_us, kind="stable")
        xyz = to_xyz(lat_deg, lon_deg)
        longest = int((until_us - start_us).max(initial=0))
        for cells, begin, end in zip(self.cells, self.start_us, self.end_us, strict=True):
            low, high = np.searchsorted(start_us[order], [begin - TOGETHER_US - longest, end + TOGETHER_US + 1])
            some = order[low:high]
            some = some[until_us[some] >= begin - TOGETHER_US]
            middles = to_xyz(*GRID.middle(cells))
            for middle in middles:
                result[some] |= distance_m(xyz[some], middle[None, :]) <= within_m[some]
        return result

    def begin_with(self, cell: Ints, start_us: Ints) -> Bools:
        """Tell which silences begin in an area and with it."""
        result = np.zeros(start_us.size, dtype=np.bool_)
        order = np.argsort(start_us, kind="stable")
        for cells, begin in zip(self.cells, self.start_us, strict=True):
            low, high = np.searchsorted(start_us[order], [begin - TOGETHER_US, begin + TOGETHER_US + 1])
            some = order[low:high]
            result[some] |= np.isin(cell[some], cells)
        return result


def find_outages(
    heard: Heard, cell: Ints, start_us: Ints, end_us: Ints, fell: Bools, chance: Floats, min_hulls: int
) -> Areas:
    """Find where hulls fell silent together, and came back together or were many at one moment.

    Parameters
    ----------
    cell, start_us, end_us
        Of silences: the cell they begin in, and when they begin and end [us], shape (n,) each.
    fell
        Whether too few others around were heard again for that to be chance.
    chance
        Of a hull there to be heard again, shape (n,).
    """
    from scipy.special import bdtrc

    some = np.flatnonzero(fell)
    found: list[tuple[Ints, int, int, int]] = []
    for members in _groups(cell[some], start_us[some] // HOUR_US):
        own = some[members]
        middle = _middle(start_us[own])
        own = own[abs(start_us[own] - middle) <= TOGETHER_US]
        back = _most_alike(end_us[own])
        n_back = (abs(end_us[own] - back) <= TOGETHER_US).sum()
        n_sudden = (abs(start_us[own] - middle) <= SUDDEN_US).sum()
        cells = np.unique(cell[own])
        before, during = _counts(heard, "outage", cells, middle, back)
        together = n_back >= BACK_SHARE * own.size and during <= HEARD_SHARE * before
        together |= own.size >= SUDDEN_HULLS and n_sudden >= BACK_SHARE * own.size
        # In order of size, so that the mean is the same whatever the order of the silences.
        lost = 1.0 - float(np.sort(chance[own]).mean())
        together &= bool(bdtrc(own.size - 1, max(before, own.size), lost) < AREA_TAIL)
        if own.size >= min_hulls and together:
            found.append((cells, middle, back, int(own.size)))
    return _areas("outage", heard, found)


def find_jamming(heard: Heard, least_hulls: int) -> Areas:
    """Find where at least so many hulls, and a fifth of all, sent places that cannot be, or none, in one hour."""
    n_heard = n_odd = 0
    jammed: list[HullHours] = []
    many: list[tuple[Ints, Ints, Ints, Ints]] = []
    for day in heard.days:
        odd = heard.between(day * 24, day * 24 + 24, odd=True)
        rows = heard.between(day * 24, day * 24 + 24)
        n_heard, n_odd = n_heard + rows.size, n_odd + odd.size
        if odd.size < least_hulls:
            continue
        _, first = np.unique(cell_hour(odd.cell, odd.hour), return_index=True)
        around, hour = GRID.around(odd.cell[first]), odd.hour[first]
        count, total = (HourRows(kind).count(around, hour, hour) for kind in (odd, rows))
        likely = (count >= least_hulls) & (count >= JAMMED_SHARE * (count + total))
        many.append((odd.cell[first][likely], hour[likely], count[likely], total[likely]))
        jammed.append(odd)
    if not many:
        return _areas("jamming", heard, [])
    cell, hour, count, total = (np.concatenate(values) for values in zip(*many, strict=True))
    keep = count >= JAMMED_TIMES * n_odd / (n_heard + n_odd) * (count + total)
    cell, hour = cell[keep], hour[keep]
    odd_rows = HourRows(HullHours.joined(jammed))
    found: list[tuple[Ints, int, int, int]] = []
    for members in _groups(cell, hour):
        cells, begin, end = np.unique(cell[members]), int(hour[members].min()), int(hour[members].max())
        _, place = odd_rows.find(cells[None, :], np.array([begin]), np.array([end]))
        hulls = np.unique(odd_rows.rows.hull[place])
        found.append((cells, begin * HOUR_US, (end + 1) * HOUR_US, int(hulls.size)))
    return _areas("jamming", heard, found)


def _middle(times: Ints) -> int:
    """Return the median, of two in the middle the earlier."""
    return int(np.sort(times)[(times.size - 1) // 2])


def _most_alike(times: Ints) -> int:
    """Return the middle of the hour with most of the times, of several hours the last."""
    times = np.sort(times)
    count = np.searchsorted(times, times + TOGETHER_US, side="right") - np.arange(times.size)
    first = times.size - 1 - int(np.argmax(count[::-1]))
    return _middle(times[first : first + int(count[first])])


def _groups(cell: Ints, hour: Ints) -> list[Ints]:
    """Group cells and hours that touch: cells side by side, hours one after the other; places of each group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not cell.size:
        return []
    key, first, node = np.unique(cell_hour(cell, hour), return_index=True, return_inverse=True)
    around = GRID.around(cell[first])
    ends = []
    for later in (-1, 0, 1):
        near = np.where(around < 0, -1, cell_hour(around, hour[first][:, None] + later))
        place = np.minimum(np.searchsorted(key, near), key.size - 1)
        one, side = np.nonzero(key[place] == near)
        ends.append((one, place[one, side]))
    one, other = (np.concatenate(values) for values in zip(*ends, strict=True))
    _, group = connected_components(
        coo_array((np.ones(one.size), (one, other)), shape=(key.size, key.size)), directed=False
    )
    group = group[node]
    order = np.argsort(group, kind="stable")
    return [order[begin:end] for begin, end in zip(*group_bounds(group[order]), strict=True)]


def _areas(kind: str, heard: Heard, found: list[tuple[Ints, int, int, int]]) -> Areas:
    """Make areas of their cells, start and end [us], and how many hulls they are told by."""
    columns: dict[str, list[object]] = {name: [] for name in AREAS.names}
    for cells, start_us, end_us, n_hulls in found:
        lat, lon = (float(value[0]) for value in to_lat_lon(_mean(cells)))
        before, during = _counts(heard, kind, cells, start_us, end_us)
        silent = kind == "outage"
        before = max(before, n_hulls) if silent else before
        values = {
            "area_id": event_id("area", kind, [], start_us, str(int(cells[0]))),
            "kind": kind,
            "start_time": start_us,
            "end_time": end_us,
            "lat_deg": lat,
            "lon_deg": lon,
            "n_hulls_before": before,
            "n_hulls_during": during,
            "n_silent": n_hulls if silent else None,
            "n_teleports": None if silent else n_hulls,
            "evidence": f"{n_hulls} hulls fell silent together; {before} hulls were heard "
            f"here before, {during} meanwhile"
            if silent
            else f"{n_hulls} hulls sent places that cannot be, or none; {during} were heard here meanwhile",
            "geometry": _outline(cells),
        }
        for name, value in values.items():
            columns[name].append(value)
    times = {name: pa.array(columns[name], pa.int64()).cast(TIME) for name in ("start_time", "end_time")}
    table = AREAS.table({**columns, **times}).sort_by([("start_time", "ascending"), ("area_id", "ascending")])
    return Areas(table, [cells for cells, *_ in found], [area[1] for area in found], [area[2] for area in found])


def _mean(cells: Ints) -> Floats:
    mean: Floats = to_xyz(*GRID.middle(cells)).sum(axis=0, keepdims=True)
    return mean


def _counts(heard: Heard, kind: str, cells: Ints, start_us: int, end_us: int) -> tuple[int, int]:
    """Count the hulls heard in cells before and during an area, of an outage in the whole hours inside it."""
    first, last = start_us // HOUR_US, (end_us - 1) // HOUR_US
    if kind == "outage":
        return _hulls(heard, cells, first - 1, first), _hulls(heard, cells, first + 1, min(last - 1, first + HOURS))
    return _hulls(heard, cells, first - 2, first - 1), _hulls(heard, cells, first, min(last, first + HOURS - 1))


def _hulls(heard: Heard, cells: Ints, first_hour: int, last_hour: int) -> int:
    """Count the hulls heard in cells from one hour to another."""
    if last_hour < first_hour:
        return 0
    rows = heard.between(first_hour, last_hour + 1)
    return int(np.unique(rows.hull[np.isin(rows.cell, cells)]).size)


def _outline(cells: Ints) -> bytes:
    """Return the outline of cells as WKB; parts on both sides of the antimeridian stay apart."""
    import shapely

    made: bytes = shapely.to_wkb(shapely.union_all(shapely.box(*GRID.bounds(cells))), byte_order=1)
    return made
