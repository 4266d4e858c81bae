"""Which leads name which planted transfers: simulated truth against events and pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.score.evaluation import Ints, Judged
from stsdetect.simulate import Planted

#: A call is where it was planted when it is this near [degrees]: Chongjin and Sonbong are 0.8 apart.
PLACE_DEG = 0.5

Row = dict[str, Any]
Aliases = Mapping[int, frozenset[int]]


@dataclass(frozen=True)
class Sought:
    """One thing to find: what was planted of one case between the same hulls.

    A pair that meets three times is one, because it is one lead; the two links of a chain are two. ``seen`` tells
    whether both transponders were on while they met.
    """

    family: str
    case: str
    planted: tuple[Planted, ...]

    @property
    def seen(self) -> bool:
        """Whether both sides of at least one of its meetings could be heard."""
        return any(one.kind == "encounter" for one in self.planted)


def vessels(one: Planted) -> frozenset[int]:
    """Return the MMSIs of what was planted."""
    return frozenset(int(mmsi) for mmsi in one.vessels)


def aliases(truth: Iterable[Planted]) -> Aliases:
    """Return for each MMSI all under which its hull sailed."""
    names = {mmsi: vessels(one) for one in truth if one.kind == "identity" for mmsi in vessels(one)}
    return defaultdict(frozenset, names)


def hulls(mmsis: Iterable[int | None], alias: Aliases) -> frozenset[int]:
    """Return one number for each hull, whatever its name."""
    return frozenset(min(alias.get(mmsi) or {mmsi}) for mmsi in mmsis if mmsi is not None)


def meanwhile(row: Row, one: Planted) -> bool:
    """Say whether an event's time holds part of what was planted."""
    return bool(row["start_time"] <= one.end and row["end_time"] >= one.start)


def happened(row: Row, one: Planted) -> bool:
    """Say whether an event's time holds part of what was planted, and for calls, whether it was there."""
    if not meanwhile(row, one):
        return False
    if row.get("kind") != "port_call" or one.lat_deg is None or one.lon_deg is None:
        return True
    return bool(abs(row["lat_deg"] - one.lat_deg) < PLACE_DEG and abs(row["lon_deg"] - one.lon_deg) < PLACE_DEG)


def is_lead(row: Row, one: Planted, events: Mapping[str, Row], alias: Aliases) -> bool:
    """Say whether a lead names what was planted: its vessels, at its time.

    Of a lead with an unknown partner, the vessel named must have been in it; of a direct delivery, it must have called.
    """
    kind, own = row["partner_kind"], hulls(vessels(one), alias)
    named = hulls((row["mmsi_a"], row["mmsi_b"] if kind == "vessel" else None), alias)
    if (kind == "port") != (one.kind == "port_call") or not (named == own if kind == "vessel" else named <= own):
        return False
    found = [events[name] for name in row["event_ids"] if name in events]
    if found and kind != "port":
        return any(happened(event, one) for event in found)
    return bool(row["first_time"] <= one.end and row["last_time"] >= one.start)


def sought(truth: Sequence[Planted]) -> tuple[Sought, ...]:
    """Return what there is to find, in order of its first time."""
    alias = aliases(truth)
    groups: dict[tuple[str, bool, frozenset[int]], list[Planted]] = defaultdict(list)
    for one in truth:
        if one.is_transfer:
            key = one.case or one.family, one.kind == "port_call", hulls(vessels(one), alias)
            groups[key].append(one)
    return tuple(Sought(rows[0].family, key[0], tuple(rows)) for key, rows in groups.items())


def named_by(
    pairs: pa.Table, events: pa.Table, truth: Sequence[Planted], wanted: Sequence[Sought]
) -> list[tuple[int, int]]:
    """Return (row of ``pairs``, number in ``wanted``) for every lead that names something planted."""
    alias = aliases(truth)
    by_hull: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(wanted):
        for hull in hulls(vessels(one.planted[0]), alias):
            by_hull[hull].append(number)
    asked = pairs.select([
        "partner_kind", "mmsi_a", "mmsi_b", "event_ids", "first_time", "last_time",
    ]).to_pylist()  # fmt: skip
    near = [
        sorted({k for hull in hulls((row["mmsi_a"], row["mmsi_b"]), alias) for k in by_hull.get(hull, ())})
        for row in asked
    ]
    ids = {name for row, found in zip(asked, near, strict=True) if found for name in row["event_ids"]}
    columns = ["event_id", "kind", "start_time", "end_time", "lat_deg", "lon_deg"]
    mine = [number for number, name in enumerate(events["event_id"].to_pylist()) if name in ids]
    own = {row["event_id"]: row for row in events.select(columns).take(pa.array(mine, pa.int64())).to_pylist()}
    return [
        (place, k)
        for place, (row, found) in enumerate(zip(asked, near, strict=True))
        for k in found
        if any(is_lead(row, one, own, alias) for one in wanted[k].planted)
    ]


def judge_truth(pairs: pa.Table, events: pa.Table, truth: Sequence[Planted], *, weeks: float) -> Judged:
    """Set the leads of a run against what was planted in its input.

    Parameters
    ----------
    pairs, events
        Tables of the schemas `PAIRS` and `EVENTS`.
    truth
        As `stsdetect.simulate.read_truth` reads it.
    weeks
        How long the input is.
    """
    wanted = sought(truth)
    links = np.array(named_by(pairs, events, truth, wanted), dtype=np.int64).reshape(-1, 2)
    place = np.empty(pairs.num_rows, dtype=np.int64)
    place[np.argsort(pairs["rank"].to_numpy(), kind="stable")] = np.arange(pairs.num_rows)
    return Judged(
        pairs["log_odds"].to_numpy().astype(np.float64),
        place,
        months(pairs["first_time"].to_pylist()),
        links[:, 0],
        links[:, 1],
        tuple(one.family for one in wanted),
        tuple(one.case for one in wanted),
        np.array([one.seen for one in wanted], dtype=np.bool_),
        months([one.planted[0].start for one in wanted]),
        np.full(len(wanted), weeks),
    )


def months(times: Sequence[datetime]) -> Ints:
    """Return the calendar month (UTC) of each time as a number from 0 on, shape (n,); what is before 1970 is month 0.

    Draws of a bootstrap hold a number for each month from 0 on.
    """
    return np.array([max(12 * (time.year - 1970) + time.month - 1, 0) for time in times], dtype=np.int64)
