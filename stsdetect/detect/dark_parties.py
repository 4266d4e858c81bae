"""Who may take part in a dark rendezvous, as arrays: silences, and visible hulls that lay still with nobody beside."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.detect.arrays import Identities, to_floats
from stsdetect.detect.events import draught_change, sum_places
from stsdetect.detect.loitering import BREAK_SLACK_M
from stsdetect.kernels.reach import STRETCH, Silences
from stsdetect.kernels.runs import expand, group_bounds, part_far, stitch
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, norm, to_xyz
from stsdetect.reference.speeds import max_speed_kn
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS, US_PER_S

#: What a hull may be in a transfer of fuel: a tanker, unknown, or a ship that may pose as what it is not.
TANKER, UNKNOWN, OTHER, NONE = 0, 1, 2, 3
#: Slower than this a hull lies still, as in ``loitering.max_speed_kn`` [kn].
_STILL_KN = 2.0
#: Who lies still stays within this [m].
STILL_M = 2_000.0
#: Current and wind take a ship adrift no faster than this for hours, all in all [kn] (our choice).
_ADRIFT_KN = 1.0
#: Pieces of a stay this close in time are one [us]: shorter than the least loitering.
_STAY_BREAK_US = 3_600_000_000
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
    quiet: Bools

    @property
    def reach(self) -> Silences:
        """The silences as the kernel takes them."""
        return Silences(self.start_us, self.end_us, self.place_xyz, self.after_xyz, self.max_kn)


@dataclass(frozen=True)
class Visible(Party):
    """Stays: loiterings, and short silences at whose both ends the hull lay still at about one place.

    Attributes
    ----------
    items
        Places in the events table of what each stay was put together from, a tuple each.
    seen_us, sparse_us
        How much of it was loitering that was observed, and inferred between fixes farther apart.
    company_us
        How much of it the hull was seen beside another.
    unheard
        Whether a silence is part of it: that the hull stayed in place meanwhile is assumed, not seen.
    spread_m
        Distance of the farthest fix from the mean place.
    """

    items: NDArray[Any]
    seen_us: Ints
    sparse_us: Ints
    company_us: Ints
    unheard: Bools
    n_positions: Ints
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
        """Number the hulls, and fill an unknown type or length with what the hull told most at other times.

        Only silences, loitering and encounters are looked at, in an order of their own, whatever else is in the table.
        """
        events = events.filter(pc.is_in(events.column("kind"), pa.array(["gap", "loitering", "encounter"])))
        events = events.sort_by([("start_time", "ascending"), ("event_id", "ascending")])
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

    def craft(self, *, cargo: bool, min_length_m: float, carriers: Collection[str] = ("tanker",)) -> Ints:
        """Say of the hull of each event what it may be in a transfer, shape (n events,).

        AIS types 80-89 are tankers, 70-79 cargo ships and 90-99 others; 0 to 19 and none say nothing (ITU-R M.1371-5
        table 53). All else is at work of its own: fishing, towing, pilotage, dredging, passengers, sailing. Of the
        first two those in ``carriers`` are called `TANKER`.
        """
        kind = np.full(self.ship_type.size, NONE, dtype=np.int64)
        tens = np.floor(np.nan_to_num(self.ship_type) / 10.0)
        kind[tens < 2] = UNKNOWN
        if cargo:
            kind[(tens == 7) | (tens == 9)] = OTHER
        for name, digit in (("tanker", 8), ("cargo", 7)):
            if name in carriers:
                kind[tens == digit] = TANKER
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


def read_silent(world: World, craft: Ints, quiet: Ints, least_us: int, most_us: int) -> Silent:
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
    lat, lon = world.floats("end_lat_deg", row), world.floats("end_lon_deg", row)
    party = world.party(row, craft)
    return Silent(
        **party,
        after_xyz=to_xyz(lat, lon),
        max_kn=_greatest_kn(world, craft, row),
        verdict=np.array(verdict, dtype=np.int64),
        speed_before_kn=before,
        course_before_deg=world.floats("course_before_deg", row),
        speed_after_kn=after,
        course_after_deg=world.floats("course_after_deg", row),
        quiet=np.isin(row, quiet),
    )


def _greatest_kn(world: World, craft: Ints, row: Ints) -> Floats:
    """Return the greatest plausible speed of the hull of each event [kn], shape (n,)."""
    seen = [world.floats(name, row) for name in ("speed_before_kn", "speed_after_kn", "implied_speed_kn")]
    # Who shows no type is taken to be what it is suspected of: a speedboat gives no cargo to a tanker.
    kind = np.where(craft[row] == UNKNOWN, 80, world.ship_type[row])
    return max_speed_kn(kind, world.length_m[row], np.fmax.reduce(seen))


def quiet_gaps(world: World, most_us: int) -> Ints:
    """Return the closed silences, not too long, before, across and after which the hull was as slow as one lying still.

    Both ends lie no farther apart than one that lies still stays or a ship adrift gets: at 1.8 kn a hull sails 40 km in
    twelve hours. Where a hull is heard by satellites every few hours, loitering comes in such pieces.
    """
    row = np.flatnonzero(world.kind == "gap")
    length = world.times("end_time", row) - world.times("start_time", row)
    names = ("implied_speed_kn", "speed_before_kn", "speed_after_kn")
    slow = np.all([world.floats(name, row) < _STILL_KN for name in names], axis=0)
    ends = [to_xyz(world.floats(f"{end}lat_deg", row), world.floats(f"{end}lon_deg", row)) for end in ("", "end_")]
    most_m = np.maximum(STILL_M, _ADRIFT_KN * KNOT_MPS * length / US_PER_S)
    quiet: Ints = row[slow & (length <= most_us) & (distance_m(*ends) <= most_m)]
    return quiet


@dataclass(frozen=True)
class _Pieces:
    """What stays are put together from, arrays of shape (n,): when, and where at both ends [m], shape (n, 3).

    ``heard_us`` is how much of a piece was observed at rest, ``sparse_us`` how much inferred between fixes farther
    apart (``observed_min`` and ``inferred_min`` of a loitering); ``silent`` says whether it is part of a silence,
    ``core`` whether it is a stay on its own.
    """

    row: Ints
    start_us: Ints
    end_us: Ints
    from_xyz: Floats
    to_xyz: Floats
    heard_us: Ints
    sparse_us: Ints
    silent: Bools
    core: Bools

    def take(self, index: Ints) -> _Pieces:
        return _Pieces(*(getattr(self, field.name)[index] for field in fields(self)))


def _pieces(world: World, craft: Ints, quiet: Ints, most_us: int) -> _Pieces:
    """Return loiterings, quiet silences, and what silences next to them leave of a stay, by hull and time.

    Where hulls are heard by satellites every few hours, a stay is seen to begin or to end but not both. A hull that was
    heard at rest and then under way far off left no later than the way there takes at its greatest plausible speed; one
    that came out of sight was there no earlier.
    """
    rest = np.flatnonzero((world.kind == "loitering") | np.isin(np.arange(world.kind.size), quiet))
    gap = np.flatnonzero((world.kind == "gap") & ~np.isin(np.arange(world.kind.size), quiet))
    before, after = world.floats("speed_before_kn", gap), world.floats("speed_after_kn", gap)
    length = world.times("end_time", gap) - world.times("start_time", gap)
    leaves, comes = (before < _STILL_KN) & (after >= _STILL_KN), (before >= _STILL_KN) & (after < _STILL_KN)
    edge = gap[(leaves | comes) & (length <= most_us)]
    row = np.concatenate([rest, edge])
    row, core = row[craft[row] != NONE], np.concatenate([rest >= 0, edge < 0])[craft[row] != NONE]
    start, end = world.times("start_time", row), world.times("end_time", row)
    from_xyz = to_xyz(world.floats("lat_deg", row), world.floats("lon_deg", row))
    back_xyz = to_xyz(world.floats("end_lat_deg", row), world.floats("end_lon_deg", row))
    back_xyz = np.where((world.kind[row] == "gap")[:, None], back_xyz, from_xyz)
    before, after = world.floats("speed_before_kn", row), world.floats("speed_after_kn", row)
    sails = _greatest_kn(world, craft, row) * KNOT_MPS * STRETCH
    way_us = np.where(core, 0.0, np.nan_to_num(distance_m(from_xyz, back_xyz)) / sails * US_PER_S).astype(np.int64)
    leaves = ~core & (before < _STILL_KN)
    end, start = np.where(leaves, end - way_us, end), np.where(~core & ~leaves, start + way_us, start)
    from_xyz, back_xyz = (
        np.where((~core & ~leaves)[:, None], back_xyz, from_xyz), np.where(leaves[:, None], from_xyz, back_xyz),
    )  # fmt: skip
    silent = world.kind[row] == "gap"
    minutes = [
        np.where(silent, 0.0, np.nan_to_num(world.floats(f"{how}_min", row))) for how in ("observed", "inferred")
    ]
    heard, sparse = (np.rint(own * (60.0 * US_PER_S)).astype(np.int64) for own in minutes)
    pieces = _Pieces(row, start, end, from_xyz, back_xyz, heard, sparse, silent, core)
    order = np.lexsort((row, end, start, world.hull_a[row]))
    return pieces.take(order[(end > start)[order]])


def read_visible(world: World, craft: Ints, vessels: Any, quiet: Ints, least_us: int, most_us: int) -> Visible:
    """Return the stays long enough for a transfer, of hulls that may, without those seen beside another hull.

    At least at one of its ends the hull was heard, lying still. Silences up to ``most_us`` [us] may belong to a stay,
    and count, as all that was not observed, as hours alone only where the hull was never seen beside another: who was,
    while heard, most likely still was while not heard.
    """
    pieces = _pieces(world, craft, quiet, most_us)
    row, start, end = pieces.row, pieces.start_us, pieces.end_us
    begin, stop = group_bounds(_stays(world, pieces))
    until = np.maximum.reduceat(end, begin) if begin.size else begin
    heard, sparse = (
        np.add.reduceat(own, begin) if begin.size else begin for own in (pieces.heard_us, pieces.sparse_us)
    )
    core = np.add.reduceat(pieces.core, begin) > 0 if begin.size else np.zeros(0, dtype=np.bool_)
    company = in_company(world, world.hull_a[row[begin]], start[begin], until)
    lone = np.maximum(pieces.heard_us - in_company(world, world.hull_a[row], start, end), 0)
    alone = np.add.reduceat(lone, begin) if begin.size else begin
    alone = np.where(company > 0, alone, until - start[begin])
    good = np.flatnonzero((alone >= least_us) & core)
    good = good[np.lexsort((until[good], world.hull_a[row[begin[good]]], start[begin[good]]))]
    begin, stop = begin[good], stop[good]
    items = np.empty(good.size, dtype=object)
    items[:] = [tuple(row[low:high].tolist()) for low, high in zip(begin.tolist(), stop.tolist(), strict=True)]
    party = world.party(row[begin], craft) | {"start_us": start[begin], "end_us": until[good]}
    place, spread = _middle(world, pieces, begin, stop)
    known = Identities.from_table(vessels, world.labels)
    before, change = draught_change(known, party["hull"], party["start_us"], party["end_us"])
    last_open = [bool(world.events.column("is_open")[many[-1]].as_py()) for many in items]
    numbers = {name: world.floats(name, row) for name in ("signature", "n_positions_a")}
    each = [range(low, high) for low, high in zip(begin.tolist(), stop.tolist(), strict=True)]
    return Visible(
        **party
        | {
            "is_open": np.array(last_open, dtype=np.bool_),
            "place_xyz": place,
            "draught_m": before,
            "draught_change_m": change,
        },
        items=items,
        seen_us=heard[good],
        sparse_us=sparse[good],
        company_us=company[good],
        unheard=np.array([pieces.silent[list(k)].any() for k in each], dtype=np.bool_),
        n_positions=np.array([np.nansum(numbers["n_positions_a"][list(k)]) for k in each], dtype=np.int64),
        spread_m=spread,
        signature=np.array([np.fmax.reduce(numbers["signature"][list(k)]) for k in each], dtype=np.float64),
    )


def _stays(world: World, pieces: _Pieces) -> Ints:
    """Number the stays that pieces belong to, shape (n,): the hull did not go on from one place to another between."""
    start, end, own = pieces.start_us, pieces.end_us, _own_spread(world, pieces)
    group = stitch(world.hull_a[pieces.row], start, end, _STAY_BREAK_US)
    slack = BREAK_SLACK_M + own[1:] + own[:-1]
    return part_far(group, start, end, pieces.from_xyz, pieces.to_xyz, _STILL_KN * KNOT_MPS, slack)


def _own_spread(world: World, pieces: _Pieces) -> Floats:
    """Return how far from the place of a piece the hull was heard [m], shape (n,)."""
    own = np.nan_to_num(world.floats("spread_m", pieces.row))
    return np.where(world.kind[pieces.row] == "loitering", own, 0.0)


def _middle(world: World, pieces: _Pieces, begin: Ints, stop: Ints) -> tuple[Floats, Floats]:
    """Return the mean place of stays, weighted by time, and the distance of the farthest fix from it, shape (n,)."""
    here, there = pieces.from_xyz, pieces.to_xyz
    own = _own_spread(world, pieces)
    length = (pieces.end_us - pieces.start_us).astype(np.float64)
    which, k = expand(begin, stop - begin)
    place = sum_places(which, (here[k] + there[k]) / 2.0, length[k], begin.size)
    place = place * (EARTH_RADIUS_M / norm(place))[:, None]
    far = np.maximum(distance_m(here[k], place[which]), distance_m(there[k], place[which])) + own[k]
    spread = np.zeros(begin.size)
    np.maximum.at(spread, which, far)
    return place, spread


def in_company(world: World, whose: Ints, low: Ints, high: Ints) -> Ints:
    """Return for how long [us] each hull was seen in contact with another between two times, shape (n,)."""
    met = np.flatnonzero(world.kind == "encounter")
    hull = np.concatenate([world.hull_a[met], world.hull_b[met]])
    start, end = np.tile(world.times("start_time", met), 2), np.tile(world.times("end_time", met), 2)
    result = np.zeros(whose.size, dtype=np.int64)
    if not met.size:
        return result
    order = np.lexsort((start, hull))
    hull, start, end = hull[order], start[order], end[order]
    begin, _ = group_bounds(stitch(hull, start, end, 0))
    hull, start, end = hull[begin], start[begin], np.maximum.reduceat(end, begin)
    first, last = (np.searchsorted(hull, whose, side=side) for side in ("left", "right"))
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
