"""Areas where many hulls at once could not be heard (outage), or sent places that cannot be (jamming)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stsdetect.context.heard import GRID, HOUR_US, HOURS, Heard, HourRows, HullHours, cell_hour
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, to_lat_lon, to_xyz
from stsdetect.schema import AREAS, TIME, event_id

#: Silences that begin, or end, within this time of each other do so together [us] (our choice: the slowest reports,
#: and the hours they are counted in).
TOGETHER_US = HOUR_US
#: Of hulls that fell silent together at least this share must come back together, for an outage (our choice).
BACK_SHARE = 0.5
#: At most this share of the hulls heard in its cells before may be heard there during an outage (our choice).
HEARD_SHARE = 0.5
#: Hulls with places that cannot be, as a share of all around, from which it counts as jamming (our choice), and how
#: many times as many as in all the data.
JAMMED_SHARE, JAMMED_TIMES = 0.2, 3.0


@dataclass(frozen=True)
class Areas:
    """Areas as an `AREAS` table, with the cells and times of each.

    Attributes
    ----------
    of_cell, cell, own
        Number of the area and cell, and whether it is one of its own or beside them, sorted by cell, shape (m,) each.
    start_us, end_us
        Of each area [us], shape (n,).
    """

    table: pa.Table
    of_cell: Ints
    cell: Ints
    own: Bools
    start_us: Ints
    end_us: Ints

    def touch(self, cell: Ints, start_us: Ints) -> Bools:
        """Tell which silences begin in or beside an area, an hour before it at the earliest, and not after its end."""
        return self._hold(cell, start_us, self.end_us, np.ones_like(self.own))

    def begin_with(self, cell: Ints, start_us: Ints) -> Bools:
        """Tell which silences begin in an area and with it."""
        return self._hold(cell, start_us, self.start_us + TOGETHER_US, self.own)

    def _hold(self, cell: Ints, start_us: Ints, until_us: Ints, counts: Bools) -> Bools:
        result = np.zeros(cell.size, dtype=np.bool_)
        low, high = (np.searchsorted(self.cell, cell, side=side) for side in ("left", "right"))
        for step in range(int((high - low).max(initial=0))):
            some = np.flatnonzero(low + step < high)
            area = self.of_cell[low[some] + step]
            inside = (start_us[some] >= self.start_us[area] - TOGETHER_US) & (start_us[some] <= until_us[area])
            result[some] |= inside & counts[low[some] + step]
        return result


def find_outages(heard: Heard, cell: Ints, start_us: Ints, end_us: Ints, fell: Bools, min_hulls: int) -> Areas:
    """Find where hulls fell silent together and came back together.

    Parameters
    ----------
    cell, start_us, end_us
        Of silences: the cell they begin in, and when they begin and end [us], shape (n,) each.
    fell
        Whether too few others around were heard again for that to be chance.
    """
    some = np.flatnonzero(fell)
    found: list[tuple[Ints, int, int, int]] = []
    for members in _groups(cell[some], start_us[some] // HOUR_US):
        own = some[members]
        middle = _middle(start_us[own])
        own = own[abs(start_us[own] - middle) <= TOGETHER_US]
        back = _middle(end_us[own])
        together = abs(end_us[own] - back) <= TOGETHER_US
        cells = np.unique(cell[own])
        before, during = _counts(heard, "outage", cells, middle, back)
        if own.size >= min_hulls and together.sum() >= BACK_SHARE * own.size and during <= HEARD_SHARE * before:
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
            "evidence": f"{n_hulls} hulls fell silent together and most came back together; {before} hulls were heard "
            f"here before, {during} meanwhile"
            if silent
            else f"{n_hulls} hulls sent places that cannot be, or none; {during} were heard here meanwhile",
            "geometry": _outline(cells),
        }
        for name, value in values.items():
            columns[name].append(value)
    times = {name: pa.array(columns[name], pa.int64()).cast(TIME) for name in ("start_time", "end_time")}
    table = AREAS.table({**columns, **times}).sort_by([("start_time", "ascending"), ("area_id", "ascending")])
    wide = [np.unique(GRID.around(cells)) for cells, *_ in found]
    own = [np.isin(around, cells) for around, (cells, *_) in zip(wide, found, strict=True)]
    number = np.repeat(np.arange(len(found)), [cells.size for cells in wide])
    cell = np.concatenate([np.zeros(0, dtype=np.int64), *wide])
    order = np.argsort(cell, kind="stable")
    start, end = (np.array([area[k] for area in found], dtype=np.int64) for k in (1, 2))
    is_own = np.concatenate([np.zeros(0, dtype=np.bool_), *own])
    return Areas(table, number[order].astype(np.int64), cell[order], is_own[order], start, end)


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
