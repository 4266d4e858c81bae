"""Dark rendezvous as rows of the events table: who could have met whom, when, where, and what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.detect.dark_parties import STILL_M, VERDICTS, Party, Silent, Visible, World, in_company
from stsdetect.detect.events import build_events
from stsdetect.kernels.reach import Meets
from stsdetect.kernels.sphere import Bools, Floats, Ints, to_lat_lon
from stsdetect.schema import EVENTS, TIME
from stsdetect.units import US_PER_S

#: Remark of a row with more rivals than the settings allow.
CROWD = "crowd"
_HOUR_S = 3600.0
_VERDICT_WORDS = {
    "dark": "while others nearby kept being heard",
    "unknown": "with nothing to tell whether others were heard nearby",
    "thin": "where it is seldom heard well",
    "outage": "where others fell silent too, or while it was heard without a position",
}


@dataclass(frozen=True)
class Rows:
    """Rows found, arrays of shape (n,).

    Attributes
    ----------
    first, second
        Places in two lists of parties; ``second`` is -1 where the partner is not known.
    score, rank, rivals
        What the partner was ranked by, its rank from 1, and how many other hulls could have been there.
    earliest_us, latest_us, stay_max_s, place_xyz
        As `kernels.reach.Meets`.
    """

    first: Ints
    second: Ints
    score: Floats
    rank: Ints
    rivals: Ints
    earliest_us: Ints
    latest_us: Ints
    stay_max_s: Floats
    place_xyz: Floats

    @classmethod
    def of(cls, first: Ints, second: Ints, score: Floats, rank: Ints, rivals: Ints, meets: Meets) -> Rows:
        """Put together what was ranked and what was possible."""
        when = meets.earliest_us, meets.latest_us, meets.stay_max_s
        return cls(first, second, score, rank, rivals, *when, meets.place_xyz)

    @classmethod
    def unknown(cls, stay: Ints, visible: Visible) -> Rows:
        """Return loiterings whose partner is not known: no silence explains them."""
        lonely = visible.take(stay)
        one, nan = np.ones(stay.size, dtype=np.int64), np.full(stay.size, np.nan)
        return cls(stay, -one, nan, one, 0 * one, lonely.start_us, lonely.end_us, nan, lonely.place_xyz)

    def take(self, index: Ints) -> Rows:
        """Return some of them."""
        return Rows(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """Put at least one part together."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def as_events(
    world: World, first: Party, second: Silent | None, rows: Rows, reach: Sequence[bytes | None], max_rivals: int
) -> pa.Table:
    """Return rows as an `EVENTS` table.

    Parameters
    ----------
    first
        The visible hull of each row, or the silence of the lesser label, shape (n,).
    second
        The silence of the partner, shape (n,); None where it is not known.
    reach
        Where they could have been, as well-known binary.
    """
    if not rows.first.size:
        return EVENTS.empty()
    parties: list[Party] = [first] if second is None else [first, second]
    swap = np.zeros(first.size, dtype=np.bool_) if second is None else first.hull > second.hull
    none = np.zeros(first.size, dtype=np.int64)
    lat, lon = to_lat_lon(rows.place_xyz)
    columns: dict[str, Any] = {
        "start_us": rows.earliest_us,
        "end_us": rows.latest_us,
        "observed_us": none,
        "inferred_us": none,
        "lat_deg": lat,
        "lon_deg": lon,
        "is_open": np.any([party.is_open & (party.end_us <= rows.latest_us) for party in parties], axis=0),
        "candidate_rank": rows.rank,
        "n_rivals": rows.rivals,
        "meet_earliest": pa.array(rows.earliest_us, TIME),
        "meet_latest": pa.array(rows.latest_us, TIME),
        "reach_max_h": rows.stay_max_s / _HOUR_S,
        "reach": pa.array(reach, pa.binary()),
        "candidate_score": np.round(rows.score, 4),
        "evidence": _evidence(world, first, second, rows, swap),
        "flags": np.where(rows.rivals > max_rivals, CROWD, "").tolist(),
    }
    ids = [_ids(world, party, rows) for party in parties]
    columns["from_events"] = [";".join(pair[::-1] if turn else pair) for *pair, turn in zip(*ids, swap, strict=True)]
    columns |= _sides(world, parties, swap)
    subtype = "one_dark" if isinstance(first, Visible) else "both_dark"
    place = [";".join(sorted(text.split(";"))) for text in columns["from_events"]]
    if isinstance(first, Visible):
        # From the same two silences either hull may have been the one that lay still: the id says which.
        for k in np.flatnonzero(~_is_heard(world, first, rows)).tolist():
            place[k] += f";{world.labels[first.hull[k]]}"
    return build_events("dark_rendezvous", [subtype] * first.size, columns, place=place)


def _ids(world: World, party: Party, rows: Rows) -> list[str]:
    """Return the ids of the events behind each row, joined by ';': of a stay those that share time with the row."""
    if not isinstance(party, Visible):
        return [str(text) for text in world.texts("event_id", party.row)]
    which, item = _shared(world, party, rows)
    texts: list[list[str]] = [[] for _ in range(party.size)]
    for k, text in zip(which.tolist(), world.texts("event_id", item), strict=True):
        texts[k].append(str(text))
    return [";".join(many) for many in texts]


def _is_heard(world: World, party: Visible, rows: Rows) -> Bools:
    """Tell of each row whether more than silences of the hull that lay still is behind it."""
    which, item = _shared(world, party, rows)
    heard: Bools = np.bincount(which[world.kind[item] != "gap"], minlength=party.size) > 0
    return heard


def _shared(world: World, party: Visible, rows: Rows) -> tuple[Ints, Ints]:
    """Return the events of stays that share time with their row: number of the row, place in the events table."""
    count = np.array([len(many) for many in party.items], dtype=np.int64)
    which = np.repeat(np.arange(party.size), count)
    item = np.array([k for many in party.items for k in many], dtype=np.int64)
    start, end = world.times("start_time", item), world.times("end_time", item)
    shared = (start <= rows.latest_us[which]) & (end >= rows.earliest_us[which])
    return which[shared], item[shared]


def _sides(world: World, parties: Sequence[Party], swap: Any) -> dict[str, Any]:
    """Return the columns of both vessels, that with the lesser label as a."""
    columns: dict[str, Any] = {}
    for k, side in enumerate("ab"[: len(parties)]):
        own, other = parties[k], parties[k - 1]
        row = pa.array(np.where(swap, other.row, own.row))
        for name in ("vessel_{}", "mmsi_{}", "name_{}", "imo_{}", "ship_type_{}", "length_{}_m"):
            columns[name.format(side)] = world.events.column(name.format("a")).take(row).combine_chunks()
        columns[f"draught_before_{side}_m"] = np.where(swap, other.draught_m, own.draught_m)
        columns[f"draught_change_{side}_m"] = np.where(swap, other.draught_change_m, own.draught_change_m)
        seen, other_seen = (isinstance(party, Visible) for party in (own, other))
        observed = np.where(swap, other_seen, seen)
        columns[f"observed_{side}"] = observed
        fixes = (party.n_positions if isinstance(party, Visible) else 0 * party.row for party in (other, own))
        columns[f"n_positions_{side}"] = np.where(swap, *fixes)
    columns["vessel_a"] = columns["vessel_a"].to_pylist()
    columns["vessel_b"] = columns["vessel_b"].to_pylist() if len(parties) > 1 else [None] * swap.size
    return columns


def _evidence(world: World, first: Party, second: Silent | None, rows: Rows, swap: Bools) -> list[str]:
    """Say in a sentence what was seen and what it leaves room for; no text from AIS goes in."""
    parties: list[Party] = [first] if second is None else [first, second]
    stays = rows.stay_max_s / _HOUR_S
    window_h = (rows.latest_us - rows.earliest_us) / US_PER_S / _HOUR_S
    company_h = np.zeros(first.size)
    if second is not None and isinstance(first, Visible):
        some = np.flatnonzero(first.company_us)  # few; the window lies within the stay
        met_us = in_company(world, first.hull[some], rows.earliest_us[some], rows.latest_us[some])
        company_h[some] = met_us / US_PER_S / _HOUR_S
    sentences = []
    for k, (turned, n) in enumerate(zip(swap.tolist(), rows.rivals.tolist(), strict=True)):
        told = [_seen(party, k, "ba"[i] if turned else "ab"[i]) for i, party in enumerate(parties)]
        if second is None:
            what = "as if alongside another; no silence in the data explains with whom"
            sentences.append(f"{told[0]}, {what}. Consistent with a transfer to a hull that was never heard")
            continue
        rivals = f"{n} other hull{'' if n == 1 else 's'}" if n else "no other hull"
        unheard = isinstance(first, Visible) and bool(first.unheard[k])
        who = f"vessel {'b' if turned else 'a'}"
        stayed = f", if {who} stayed where it lay while it was not heard" if unheard else ""
        beside = ""
        if (met := f"{company_h[k]:.1f}") != "0.0":
            beside = f"; {who} was seen beside another for {met} h of the {window_h[k]:.1f} h in which that could be"
        sentences.append(
            f"{'; '.join(told[::-1] if turned else told)}. They could have been together for up to {stays[k]:.1f} h"
            f"{stayed}{beside}; {rivals} could have been the partner too. Consistent with a meeting, which nobody saw"
        )
    return sentences


def _seen(party: Party, k: int, letter: str) -> str:
    hours = (party.end_us[k] - party.start_us[k]) / US_PER_S / _HOUR_S
    if isinstance(party, Silent):
        return f"vessel {letter} was silent for {hours:.1f} h {_VERDICT_WORDS[VERDICTS[party.verdict[k]]]}"
    assert isinstance(party, Visible)
    if party.unheard[k] and not party.seen_us[k] + party.sparse_us[k]:
        apart_km, many = 2.0 * party.spread_m[k] / 1000.0, len(party.items[k])
        when = (
            "before and after, not in between" if many == 1 else f"before or after each of {many} silences, not in them"
        )
        lain = "lain still" if 1000.0 * apart_km <= STILL_M else "lain still or adrift"
        return (
            f"vessel {letter} may have {lain} for {hours:.1f} h: it was heard at rest {when}, at places within "
            f"{apart_km:.1f} km, with nobody seen beside it"
        )
    heard, company = (times[k] / US_PER_S / _HOUR_S for times in (party.seen_us, party.company_us))
    lay = f"vessel {letter} lay still for {hours:.1f} h ({heard:.1f} h of it heard"
    if (sparse := f"{party.sparse_us[k] / US_PER_S / _HOUR_S:.1f}") != "0.0":
        lay = f"{lay}, {sparse} h told by reports far apart"
    return f"{lay}, {company:.1f} h of it beside another)" if company else f"{lay}) with nobody seen beside it"
