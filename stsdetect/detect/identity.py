"""Identities that belong together, or cannot: what only the histories of all hulls together show.

These tests look at `VESSELS` and at the first and last fix of every stretch of track, never at all fixes. Each is
evidence with innocent explanations, which its docstring names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from stsdetect.detect.arrays import HOUR_US, Identities, encode_vessels, to_floats
from stsdetect.detect.hand_over import hand_overs
from stsdetect.detect.identity_events import Oddity
from stsdetect.detect.identity_history import must_have_imo
from stsdetect.detect.shared_numbers import TOP_KN, shared_imo
from stsdetect.detect.stretches import Stretches
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, to_xyz
from stsdetect.reference.places import Port
from stsdetect.reference.shoreline import grid_around
from stsdetect.reference.vessels import imo_passed_on
from stsdetect.schema import EVENTS
from stsdetect.settings import IdentitySettings
from stsdetect.units import KNOT_MPS

#: So often two identities of one size must take turns; a twin at sea is heard at the same time sooner or later.
_TURNS = 4
#: Where at least so many hulls, and this share of all, show it, it is a trait of the source (our choice).
_COMMON_HULLS, _COMMON_SHARE = 10, 0.05
#: Tests of positions: what many hulls near by show at once is jamming, what many show anywhere is the source.
POSITION_TESTS = (
    "fixed_position", "speed_contradicted", "ring", "too_smooth", "on_land", "jump", "jump_and_return",
)  # fmt: skip
#: Jamming moves one ship away, holds another fast and turns a third in circles; it does not draw smooth tracks.
_JAMMED = tuple(test for test in POSITION_TESTS if test != "too_smooth")


def cross_oddities(
    stretches: Stretches, known: Identities, ports: Sequence[Port], rule: IdentitySettings
) -> list[Oddity]:
    """Run every test that needs all hulls."""
    if not (stretches.hull.size and known.hull.size):
        return []
    return [
        *_without_imo(stretches, known, rule),
        *shared_imo(stretches, known, rule),
        *_twins(stretches, known, rule),
        *hand_overs(stretches, known, ports, rule),
    ]


def _without_imo(stretches: Stretches, known: Identities, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find ships of a type and size that must have an IMO number, and broadcast none (``no_imo``).

    Innocent: a ship on domestic voyages only, which SOLAS does not bind; a transponder never fully set up; a source
    that passes no IMO numbers on: nothing is raised where most ships that must have one broadcast none.
    """
    first, last = group_bounds(known.hull)
    must = must_have_imo(known, rule.imo_from_length_m)
    none = np.logical_and.reduceat(np.isnan(to_floats(known.table.column("imo"))), first)
    if not imo_passed_on(int(must.sum()), int((must & none).sum())):
        return
    hold_us = round(rule.min_hold_s * 1e6)
    for begin, end in zip(first[must & none].tolist(), last[must & none].tolist(), strict=True):
        start, stop = int(known.from_us[begin]), int(known.to_us[end - 1])
        own = stretches.of(int(known.hull[begin]))
        if stop - start >= hold_us and own.stop > own.start:
            said = f"No IMO number, though type and length ({known.length_m[begin]:.0f} m) call for one (SOLAS XI-1/3)"
            lat, lon = stretches.start_place(own.start)
            yield Oddity(
                test="no_imo", hull=int(known.hull[begin]), start_us=start, end_us=stop, lat_deg=lat, lon_deg=lon,
                evidence=said,
            )  # fmt: skip


def _twins(stretches: Stretches, known: Identities, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find two identities of one and the same A, B, C and D, heard in turn and never at once (``twin_dimensions``).

    Nobody else in the data has these four numbers, the two take turns at least four times, and every turn could have
    been sailed. Innocent: sister ships on one line that are heard in a narrow area only.
    """
    first, _ = group_bounds(known.hull)
    last_row = np.append(first[1:], known.hull.size) - 1
    sides = known.abcd_m[last_row]
    full = np.flatnonzero(~np.isnan(sides).any(axis=1) & (sides[:, 0] + sides[:, 1] >= rule.imo_from_length_m))
    if not full.size:
        return
    _, group, count = np.unique(sides[full], axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(group.ravel(), kind="stable")
    order = order[count[group.ravel()[order]] == 2]
    mmsi = to_floats(known.table.column("mmsi"))[last_row]
    for k in range(0, order.size, 2):
        a, b = full[order[k : k + 2]].tolist()
        one, other = stretches.of(int(known.hull[last_row[a]])), stretches.of(int(known.hull[last_row[b]]))
        empty = one.stop == one.start or other.stop == other.start
        if empty or mmsi[a] == mmsi[b] or stretches.overlaps(one, other).size:
            continue
        mine = np.concatenate([np.arange(one.start, one.stop), np.arange(other.start, other.stop)])
        mine = mine[np.argsort(stretches.start_us[mine], kind="stable")]
        change = np.flatnonzero(stretches.hull[mine[1:]] != stretches.hull[mine[:-1]])
        if change.size < _TURNS or not _sailed(stretches, mine[change], mine[change + 1]).all():
            continue
        size = " ".join(f"{side}{value:.0f}" for side, value in zip("ABCD", sides[a].tolist(), strict=True))
        turns = f"heard in turn {change.size} times, never at once"
        said = f"Only these two identities have the dimensions {size}; they were {turns}"
        i, j = int(mine[change[0]]), int(mine[change[0] + 1])
        yield stretches.oddity(
            "twin_dimensions", i, j, int(stretches.end_us[i]), int(stretches.start_us[mine[change[-1] + 1]]), said
        )


def _sailed(stretches: Stretches, before: Ints, after: Ints) -> Bools:
    seconds = (stretches.start_us[after] - stretches.end_us[before]) / 1e6
    metres = distance_m(stretches.end_xyz[before], stretches.start_xyz[after])
    return np.asarray(metres <= TOP_KN * KNOT_MPS * seconds + 1000.0)


# --- What many hulls show at once -----------------------------------------------------------------------------


def judged(events: pa.Table, inland: Ints, n_hulls: int, rule: IdentitySettings) -> pa.Table:
    """Tell faults of one hull from those of many, once the events of all hulls are together.

    Identity events of positions get the flag ``jamming`` where other hulls near by show such in the same hour, and
    ``common`` where so many hulls show it that it is the source's doing. Positions on land are left out where several
    hulls were heard: that is a waterway.

    Parameters
    ----------
    events
        Events of all kinds; the others are returned as they are.
    inland
        Cells on land (`stsdetect.reference.shoreline.grid_cells`), once per hull heard there.
    n_hulls
        How many hulls there are.
    """
    kinds = np.array(events.column("kind").to_pylist(), dtype=object)
    tests = np.array(events.column("subtype").to_pylist(), dtype=object)
    rows = np.flatnonzero((kinds == "identity") & np.isin(tests.astype(str), POSITION_TESTS))
    if not rows.size:
        return events
    some = events.take(pa.array(rows))
    tests = tests[rows]
    hull, _ = encode_vessels(some.column("vessel_a").dictionary_encode())
    start, end = (some.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time"))
    xyz = to_xyz(to_floats(some.column("lat_deg")), to_floats(some.column("lon_deg")))
    flags: list[set[str]] = [set(filter(None, text.split(";"))) for text in some.column("flags").to_pylist()]
    own = np.flatnonzero(np.isin(tests.astype(str), _JAMMED))
    for k in own[_crowded(hull[own], start[own], end[own], xyz[own], rule)].tolist():
        flags[k].add("jamming")
    for test in sorted(set(tests.tolist())):
        own = np.flatnonzero(tests == test)
        hulls = np.unique(hull[own]).size
        if hulls >= _COMMON_HULLS and hulls >= _COMMON_SHARE * n_hulls:
            for k in own.tolist():
                flags[k].add("common")
    keep = np.ones(events.num_rows, dtype=np.bool_)
    keep[rows[tests == "on_land"]] = ~_on_waterway(some.filter(pa.array(tests == "on_land")), inland, rule)
    texts = events.column("flags").to_pylist()
    for row, words in zip(rows.tolist(), flags, strict=True):
        texts[row] = ";".join(sorted(words))
    place = EVENTS.names.index("flags")
    return events.set_column(place, EVENTS.arrow.field(place), pa.array(texts, pa.string())).filter(pa.array(keep))


def flag_jammed(events: pa.Table, areas: pa.Table) -> pa.Table:
    """Flag identity events of positions that lie in an area and an hour of jamming (`AREAS`) with ``jamming``."""
    import shapely

    rows = [
        k
        for k, (kind, test) in enumerate(
            zip(events.column("kind").to_pylist(), events.column("subtype").to_pylist(), strict=True)
        )
        if kind == "identity" and test in _JAMMED
    ]
    jammed = [area for area in areas.to_pylist() if area["kind"] == "jamming"]
    if not (rows and jammed):
        return events
    some = events.take(pa.array(rows))
    start, end = (some.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time"))
    lat, lon = to_floats(some.column("lat_deg")), to_floats(some.column("lon_deg"))
    inside = np.zeros(len(rows), dtype=np.bool_)
    times = [areas.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time")]
    number = [k for k, kind in enumerate(areas.column("kind").to_pylist()) if kind == "jamming"]
    for k, area in zip(number, jammed, strict=True):
        near = np.flatnonzero((start <= times[1][k] + HOUR_US) & (end >= times[0][k] - HOUR_US))
        inside[near] |= shapely.intersects_xy(shapely.from_wkb(area["geometry"]), lon[near], lat[near])
    texts = events.column("flags").to_pylist()
    for row in np.array(rows)[inside].tolist():
        texts[row] = ";".join(sorted({*filter(None, texts[row].split(";")), "jamming"}))
    place = EVENTS.names.index("flags")
    return events.set_column(place, EVENTS.arrow.field(place), pa.array(texts, pa.string()))


def _crowded(hull: Ints, start_us: Ints, end_us: Ints, xyz: Floats, rule: IdentitySettings) -> Bools:
    """Mark events that other hulls near by had their like of within the hour, shape (n,)."""
    result = np.zeros(hull.size, dtype=np.bool_)
    for k in range(hull.size):
        near = (start_us <= start_us[k] + HOUR_US) & (end_us >= start_us[k] - HOUR_US) & (hull != hull[k])
        near = np.flatnonzero(near)
        if near.size >= rule.crowd_hulls:
            near = near[distance_m(xyz[near], xyz[k : k + 1]) <= 1000.0 * rule.crowd_km]
            result[k] = np.unique(hull[near]).size >= rule.crowd_hulls
    return result


def _on_waterway(events: pa.Table, inland: Ints, rule: IdentitySettings) -> Bools:
    """Mark events where several hulls were heard on land within a cell of them, shape (n,)."""
    if not events.num_rows:
        return np.zeros(0, dtype=np.bool_)
    cells, counts = np.unique(inland, return_counts=True)
    lat, lon = to_floats(events.column("lat_deg")), to_floats(events.column("lon_deg"))
    around = grid_around(lat, lon)
    place = np.minimum(np.searchsorted(cells, around), max(cells.size - 1, 0))
    hulls = np.where(cells[place] == around, counts[place], 0) if cells.size else np.zeros(around.shape)
    return np.asarray(hulls.max(axis=1) > rule.crowd_hulls)
