"""Who may take part in a dark rendezvous, as arrays: silences, and visible hulls that lay still with nobody beside."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.arrays import Identities, to_floats
from stsdetect.detect.events import draught_change
from stsdetect.kernels.reach import Silences
from stsdetect.kernels.runs import group_bounds, stitch
from stsdetect.kernels.sphere import Bools, Floats, Ints, to_xyz
from stsdetect.reference.speeds import max_speed_kn

#: What a hull may be in a transfer of fuel: a tanker, unknown, or a ship that may pose as what it is not.
TANKER, UNKNOWN, OTHER, NONE = 0, 1, 2, 3
#: Verdicts on a silence, as the column ``coverage`` has them; one without is unknown.
VERDICTS = ("dark", "unknown", "thin", "outage")


@dataclass(frozen=True)
class Party:
    """One event of one hull each, sorted by start, hull and end; arrays of shape (n,), place (n, 3) [m].

    Attributes
    ----------
    row
        Place in the events table.
    hull
        Number of the hull in the order of labels.
    craft
        `TANKER`, `UNKNOWN` or `OTHER`.
    """

    row: Ints
    hull: Ints
    start_us: Ints
    end_us: Ints
    is_open: Bools
    place_xyz: Floats
    craft: Ints
    length_m: Floats
    draught_m: Floats
    draught_change_m: Floats

    @property
    def size(self) -> int:
        """Number of events."""
        return int(self.row.size)

    def take(self, index: Ints | Bools) -> Any:
        """Return some of them."""
        return replace(self, **{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True)
class Silent(Party):
    """Silences; ``place_xyz`` is where the hull was last heard, ``after_xyz`` where next (NaN: never)."""

    after_xyz: Floats
    max_kn: Floats
    verdict: Ints
    speed_before_kn: Floats
    course_before_deg: Floats
    speed_after_kn: Floats
    course_after_deg: Floats
    n_like_it: Ints

    @property
    def reach(self) -> Silences:
        """The silences as the kernel takes them."""
        return Silences(self.start_us, self.end_us, self.place_xyz, self.after_xyz, self.max_kn)


@dataclass(frozen=True)
class Visible(Party):
    """Loiterings; ``spread_m`` is the distance of the farthest fix from the place."""

    spread_m: Floats
    signature: Floats


@dataclass(frozen=True)
class World:
    """What is read of an events table: its columns, and its hulls numbered in the order of their labels."""

    events: pa.Table
    labels: list[str]
    hull_a: Ints
    hull_b: Ints
    kind: Any
    ship_type: Floats
    length_m: Floats

    @classmethod
    def of(cls, events: pa.Table) -> World:
        """Number the hulls, and fill an unknown type or length with what the hull told most at other times."""
        both = pa.chunked_array([*events.column("vessel_a").chunks, *events.column("vessel_b").chunks], pa.string())
        labels = sorted(set(both.drop_null().unique().to_pylist()))
        code = pc.index_in(both, pa.array(labels, pa.string())).fill_null(-1).to_numpy().astype(np.int64)
        a, b = code[: events.num_rows], code[events.num_rows :]
        told = {}
        for name, column in (("type", "ship_type_{}"), ("length", "length_{}_m")):
            values = [to_floats(events.column(column.format(side))) for side in "ab"]
            told[name] = _usual(np.concatenate([a, b]), np.concatenate(values), len(labels))[a]
            told[name] = np.where(values[0] > 0, values[0], told[name])
        kinds = np.array(events.column("kind").to_pylist(), dtype=object)
        return cls(events, labels, a, b, kinds, told["type"], told["length"])

    def floats(self, name: str, row: Ints) -> Floats:
        """Return a column's values as numbers, NaN for null."""
        return to_floats(self.events.column(name))[row]

    def times(self, name: str, row: Ints) -> Ints:
        """Return a column's times [us]."""
        column: Ints = self.events.column(name).cast(pa.int64()).to_numpy()[row]
        return column

    def texts(self, name: str, row: Ints) -> list[str | None]:
        """Return a column's texts."""
        texts: list[str | None] = self.events.column(name).take(pa.array(row)).to_pylist()
        return texts

    def craft(self, *, cargo: bool, min_length_m: float) -> Ints:
        """Say of the hull of each event what it may be in a transfer, shape (n events,).

        AIS types 80-89 are tankers, 70-79 cargo ships and 90-99 others; 0 to 19 and none say nothing (ITU-R M.1371-5
        table 53). All else is at work of its own: fishing, towing, pilotage, dredging, passengers, sailing.
        """
        kind = np.full(self.ship_type.size, NONE, dtype=np.int64)
        tens = np.floor(np.nan_to_num(self.ship_type) / 10.0)
        kind[tens < 2] = UNKNOWN
        kind[tens == 8] = TANKER
        if cargo:
            kind[(tens == 7) | (tens == 9)] = OTHER
        kind[self.length_m < min_length_m] = NONE
        return kind

    def party(self, row: Ints, craft: Ints) -> dict[str, Any]:
        """Return the columns of a `Party` for events of one hull."""
        start, end = self.times("start_time", row), self.times("end_time", row)
        return {
            "row": row,
            "hull": self.hull_a[row],
            "start_us": start,
            "end_us": end,
            "is_open": self.events.column("is_open").to_numpy()[row],
            "place_xyz": to_xyz(self.floats("lat_deg", row), self.floats("lon_deg", row)),
            "craft": craft[row],
            "length_m": self.length_m[row],
            "draught_m": self.floats("draught_before_a_m", row),
            "draught_change_m": self.floats("draught_change_a_m", row),
        }

    def in_order(self, row: Ints) -> Ints:
        """Sort events of one hull by start, hull and end, a total order for all hulls and their silences."""
        return row[np.lexsort((self.times("end_time", row), self.hull_a[row], self.times("start_time", row)))]


def _usual(hull: Ints, values: Floats, n_hulls: int) -> Floats:
    """Return the commonest value above 0 of each hull, the least of several; NaN where it never told one."""
    result = np.full(n_hulls + 1, np.nan)
    told = np.flatnonzero((hull >= 0) & (values > 0))
    if told.size:
        pairs, count = np.unique(np.column_stack([hull[told], values[told]]), axis=0, return_counts=True)
        order = np.lexsort((-pairs[:, 1], count, pairs[:, 0]))
        result[pairs[order, 0].astype(np.int64)] = pairs[order, 1]
    return result[:n_hulls]


def read_silent(world: World, craft: Ints, least_us: int, most_us: int) -> Silent:
    """Return the silences long enough to hide a meeting and short enough to say something, of hulls that may."""
    row = np.flatnonzero((world.kind == "gap") & (craft != NONE))
    row = world.in_order(row)
    length = world.times("end_time", row) - world.times("start_time", row)
    row = row[(length >= least_us) & (length <= most_us)]
    number = {word: code for code, word in enumerate(VERDICTS)}
    heard = ["heard_without_position" in (text or "") for text in world.texts("flags", row)]
    words = world.texts("coverage", row)
    # Who sends without a place is not hiding: such a silence counts as one of reception.
    verdict = [3 if told else number.get(word or "unknown", 1) for told, word in zip(heard, words, strict=True)]
    before, after = world.floats("speed_before_kn", row), world.floats("speed_after_kn", row)
    implied = world.floats("implied_speed_kn", row)
    seen = np.fmax(np.fmax(before, after), implied)
    lat, lon = world.floats("end_lat_deg", row), world.floats("end_lon_deg", row)
    party = world.party(row, craft)
    return Silent(
        **party,
        after_xyz=to_xyz(lat, lon),
        # Who shows no type is taken to be what it is suspected of: a speedboat gives no cargo to a tanker.
        max_kn=max_speed_kn(np.where(party["craft"] == UNKNOWN, 80, world.ship_type[row]), world.length_m[row], seen),
        verdict=np.array(verdict, dtype=np.int64),
        speed_before_kn=before,
        course_before_deg=world.floats("course_before_deg", row),
        speed_after_kn=after,
        course_after_deg=world.floats("course_after_deg", row),
        n_like_it=_near_in_time(party["hull"], party["start_us"], 15 * 86_400_000_000),
    )


def _near_in_time(hull: Ints, time_us: Ints, within_us: int) -> Ints:
    """Count the events of the same hull that start within some time of each, itself included, shape (n,)."""
    order = np.lexsort((time_us, hull))
    count = np.zeros(hull.size, dtype=np.int64)
    for begin, end in zip(*group_bounds(hull[order]), strict=True):
        own = order[begin:end]
        time = time_us[own]
        last = np.searchsorted(time, time + within_us, side="right")
        count[own] = last - np.searchsorted(time, time - within_us, side="left")
    return count


def read_visible(world: World, craft: Ints, vessels: Any, least_us: int) -> Visible:
    """Return the loiterings long enough for a transfer, of hulls that may, without those seen beside another hull."""
    row = world.in_order(np.flatnonzero((world.kind == "loitering") & (craft != NONE)))
    start, end = world.times("start_time", row), world.times("end_time", row)
    row = row[end - start - _in_company(world, row) >= least_us]
    party = world.party(row, craft)
    known = Identities.from_table(vessels, world.labels)
    before, change = draught_change(known, party["hull"], party["start_us"], party["end_us"])
    party["draught_m"] = np.where(np.isnan(party["draught_m"]), before, party["draught_m"])
    party["draught_change_m"] = np.where(np.isnan(party["draught_change_m"]), change, party["draught_change_m"])
    spread, signature = np.nan_to_num(world.floats("spread_m", row)), world.floats("signature", row)
    return Visible(**party, spread_m=spread, signature=signature)


def _in_company(world: World, row: Ints) -> Ints:
    """Return for how long [us] the hull of each loitering was seen in contact with another during it, shape (n,)."""
    met = np.flatnonzero(world.kind == "encounter")
    hull = np.concatenate([world.hull_a[met], world.hull_b[met]])
    start, end = np.tile(world.times("start_time", met), 2), np.tile(world.times("end_time", met), 2)
    result = np.zeros(row.size, dtype=np.int64)
    if not met.size:
        return result
    order = np.lexsort((start, hull))
    hull, start, end = hull[order], start[order], end[order]
    begin, _ = group_bounds(stitch(hull, start, end, 0))
    hull, start, end = hull[begin], start[begin], np.maximum.reduceat(end, begin)
    low, high = world.times("start_time", row), world.times("end_time", row)
    first, last = (np.searchsorted(hull, world.hull_a[row], side=side) for side in ("left", "right"))
    for k in np.flatnonzero(last > first).tolist():
        own = slice(first[k], last[k])
        shared = np.minimum(end[own], high[k]) - np.maximum(start[own], low[k])
        result[k] = np.maximum(shared, 0).sum()
    return result


def met_before(world: World) -> Ints:
    """Return the pairs of hulls that were seen to meet, as sorted numbers ``lesser * n hulls + greater``."""
    met = np.flatnonzero((world.kind == "encounter") & (world.hull_b >= 0))
    return np.unique(pair_number(world.hull_a[met], world.hull_b[met], len(world.labels)))


def pair_number(one: Ints, other: Ints, n_hulls: int) -> Ints:
    """Return one number for two hulls, whichever comes first, shape (n,)."""
    return np.minimum(one, other) * n_hulls + np.maximum(one, other)
