"""What the page says of each pair, each event in a list and each point on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.report import texts

#: Most events listed for one pair.
MAX_EVENTS_PER_PAIR = 40
#: Most candidates listed for one possible meeting, and most identity remarks for one pair.
_MAX_CANDIDATES, _MAX_REMARKS = 12, 6
#: Weights below this fill less than the whole bar [log-odds].
_FULL_BAR = 2.0

Row = Mapping[str, Any]


def faults_by_vessel(events: pa.Table, vessels: set[str | None]) -> dict[str, list[dict[str, Any]]]:
    """Return the identity events of some vessels, by time; of two identities at both, with the other name."""
    wanted = pa.array(sorted(vessel for vessel in vessels if vessel is not None), pa.string())
    ours = pc.or_(*(pc.is_in(events.column(f"vessel_{side}"), value_set=wanted) for side in "ab"))
    rows = events.filter(pc.and_(pc.equal(events.column("kind"), "identity"), ours))
    found: dict[str, list[dict[str, Any]]] = {}
    names = [f"{name}_{side}" for name in ("vessel", "mmsi", "name") for side in "ab"]
    for row in rows.select(["event_id", "subtype", "start_time", "evidence", *names]).to_pylist():
        for side, other in ("ab", "ba"):
            if row[f"vessel_{side}"] in vessels and row[f"vessel_{side}"] is not None:
                told = row[f"vessel_{other}"] is not None
                name = texts.vessel_name(row[f"name_{other}"], row[f"mmsi_{other}"], row[f"vessel_{other}"])
                found.setdefault(row[f"vessel_{side}"], []).append(row | {"with": name if told else ""})
    for own in found.values():
        own.sort(key=lambda row: (row["start_time"], row["event_id"]))
    return found


def listed_by_vessel(watch_hits: pa.Table | None) -> dict[str, list[dict[str, Any]]]:
    """Return what watch-lists say of vessels, in words, hits first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in [] if watch_hits is None else watch_hits.to_pylist():
        hit = row["kind"] == "hit"
        words = {"kind": "on a list" if hit else "possibly on a list", "hit": hit}
        found.setdefault(row["vessel"], []).append(words | {"text": texts.clean(row["evidence"], 400)})
    for own in found.values():
        own.sort(key=lambda one: not one["hit"])
    return found


def pair_dossier(
    place: int,
    pair: Row,
    by_id: Mapping[str, dict[str, Any]],
    number: Mapping[str, int],
    faults: Mapping[str, list[dict[str, Any]]],
    ports: Mapping[str, str],
    listed: Mapping[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return all that is said of a pair: place in the list, vessels, score, reasons, meetings, candidates."""
    rows = [by_id[event] for event in pair["event_ids"] if event in by_id]
    unseen = [row for row in rows if row["kind"] == "dark_rendezvous"]
    met = [row for row in rows if row["kind"] != "dark_rendezvous"]
    # What was observed here knows types and sizes; what others tell of does not.
    known = sorted(rows, key=lambda row: row["observed_min"] is None)
    reasons = [_reason(reason) for reason in pair["reasons"] or ()]
    flags = {flag for row in rows for flag in row["flags"].split(";") if flag and not flag.startswith("zone:")}
    return {
        "number": place,
        "rank": pair["rank"],
        "kind": pair["partner_kind"],
        "sides": [_side(pair, known, "a"), _other_side(pair, known, _n_candidates(unseen), ports)],
        "score": pair["score"],
        "score_text": texts.score_text(pair["score"]),
        "log_odds": texts.signed(pair["log_odds"], 2),
        "confidence": texts.clean(pair["confidence"]),
        "likelihood": texts.clean(pair.get("likelihood"), 40),
        "n_events": pair["n_events"],
        "first": texts.time_text(pair["first_time"]),
        "last": texts.time_text(pair["last_time"]),
        **_together([] if pair["partner_kind"] == "port" else met, unseen),
        "told": bool(met) and all(row["observed_min"] is None for row in met),
        "flags": [texts.clean(flag).replace("_", " ") for flag in sorted(flags)][:6],
        "base": [r for r in reasons if r["base"]],
        "speaks_for": sorted((r for r in reasons if not r["base"] and r["weight"] > 0), key=_by_weight),
        "against": sorted((r for r in reasons if not r["base"] and r["weight"] < 0), key=_by_weight),
        "neutral": [r for r in reasons if not r["base"] and r["weight"] == 0],
        "events": [_event(row, number) for row in met[:MAX_EVENTS_PER_PAIR]],
        "more_events": max(0, len(met) - MAX_EVENTS_PER_PAIR),
        "candidates": [_candidate(row, number, listed) for row in unseen[:_MAX_CANDIDATES]],
        "more_candidates": max(0, len(unseen) - _MAX_CANDIDATES),
        "chain": _chain(pair.get("chain")),
        "volume": texts.clean(pair.get("volume"), 500),
        "remarks": _remarks(pair, faults),
        "listed": _listed(pair, listed),
    }


def _together(met: Sequence[Row], unseen: Sequence[Row]) -> dict[str, Any]:
    """Say how long they were together, seen or possibly, and how much of it was observed."""
    longest = max((row["reach_max_h"] for row in unseen if row["reach_max_h"] is not None), default=None)
    one_dark = any(row["observed_a"] or row["observed_b"] for row in unseen)
    return {
        "unseen": not met and bool(unseen),
        "hours": texts.duration_text(sum(row["duration_h"] for row in met)) if met else "",
        "possible": texts.duration_text(longest),
        "one_dark": one_dark,
        "observed": texts.duration_text(_minutes(met, "observed_min") / 60),
        "inferred": texts.duration_text(_minutes(met, "inferred_min") / 60),
        "observed_share": _share(met),
    }


def _minutes(met: Sequence[Row], name: str) -> float:
    """Add up minutes; events of others do not say them."""
    return sum(row[name] or 0.0 for row in met)


def _share(met: Sequence[Row]) -> int:
    seen = _minutes(met, "observed_min")
    total = seen + _minutes(met, "inferred_min")
    return round(100 * seen / total) if total > 0 else 0


def _by_weight(reason: Row) -> tuple[float, str]:
    return (-abs(reason["weight"]), reason["sentence"])


def _other_side(pair: Row, known: Sequence[Row], n_candidates: int, ports: Mapping[str, str]) -> dict[str, str]:
    """Return the second side of a pair: a vessel, one that is not known, or a port."""
    if pair["partner_kind"] == "unknown":
        count = "1 candidate" if n_candidates == 1 else f"{n_candidates} candidates"
        return {"name": "Partner unknown", "type": count, "ids": "not observed"}
    if pair["partner_kind"] == "port":
        name = texts.clean(ports.get(pair["partner_id"])) or texts.clean(pair["partner_id"])
        return {"name": name, "type": "Port", "ids": texts.clean(pair["partner_id"])}
    return _side(pair, known, "b")


def _n_candidates(unseen: Sequence[Row]) -> int:
    """Return how many could have been the partner; of a crowd only the best are listed."""
    named = sum(row["vessel_b"] is not None for row in unseen)
    return max([named, *((row["n_rivals"] or 0) + 1 for row in unseen if row["vessel_b"] is not None)])


def _side(pair: Row, met: Sequence[Row], side: str) -> dict[str, str]:
    mmsi = pair[f"mmsi_{side}"]
    first = next((row for row in met if row["vessel_a"] == pair[f"vessel_{side}"]), None)
    key = "a" if first is not None else "b"
    row = first if first is not None else (met[0] if met else {})
    length = row.get(f"length_{key}_m")
    imo = row.get(f"imo_{key}")
    ids = [f"MMSI {mmsi:09d}"] if mmsi is not None else [texts.clean(pair[f"vessel_{side}"])]
    return {
        "name": texts.vessel_name(pair[f"name_{side}"], mmsi, pair[f"vessel_{side}"]),
        "type": texts.ship_type(row.get(f"ship_type_{key}")),
        "ids": ", ".join(ids + ([f"IMO {imo}"] if imo else []) + ([f"{length:.0f} m"] if length else [])),
    }


def _reason(reason: Row) -> dict[str, Any]:
    weight = reason["weight"] or 0.0
    return {
        "sentence": texts.clean(reason["sentence"], 500) or texts.clean(reason["indicator"], 60),
        "indicator": texts.clean(reason["indicator"], 60),
        "source": texts.clean(reason["source"], 200),
        "weight": weight,
        "text": texts.signed(weight, 2),
        "width": round(100 * min(1.0, abs(weight) / _FULL_BAR), 1),
        "base": texts.is_base(reason["indicator"]),
    }


def _event(row: Row, number: Mapping[str, int]) -> dict[str, Any]:
    return {
        "number": number.get(row["event_id"], -1),
        "kind": _kind(row),
        "start": texts.time_text(row["start_time"]),
        "end": texts.time_text(row["end_time"]),
        "length": _length(row),
        "distance": texts.metres_text(row["min_distance_m"]),
        "gap": texts.metres_text(row["hull_gap_min_m"], row["hull_gap_max_m"]),
        "draught_a": texts.signed(row["draught_change_a_m"], 1, "m"),
        "draught_b": texts.signed(row["draught_change_b_m"], 1, "m"),
        "place": texts.place_text(row["lat_deg"], row["lon_deg"]),
        "evidence": texts.clean(row["evidence"], 400),
    }


def _candidate(row: Row, number: Mapping[str, int], listed: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what is said of one possible meeting: who, in which rank, among how many, when and how long."""
    silent = [side for side in "ab" if row[f"vessel_{side}"] is not None and not row[f"observed_{side}"]]
    names = [texts.vessel_name(row[f"name_{s}"], row[f"mmsi_{s}"], row[f"vessel_{s}"]) for s in silent]
    moved = [(row[f"name_{s}"], row[f"draught_change_{s}_m"]) for s in "ab"]
    rivals = row["n_rivals"] or 0
    return {
        "number": number.get(row["event_id"], -1),
        "rank": row["candidate_rank"],
        "name": " and ".join(names) or "no candidate in the data",
        "both": len(silent) > 1,
        "rivals": "none" if not rivals else f"{rivals:,}",
        "earliest": texts.time_text(row["meet_earliest"] or row["start_time"]),
        "latest": texts.time_text(row["meet_latest"] or row["end_time"]),
        "possible": texts.duration_text(row["reach_max_h"]),
        "place": texts.place_text(row["lat_deg"], row["lon_deg"]),
        "draught": [texts.signed(change, 1, "m") for _, change in moved],
        "evidence": texts.clean(row["evidence"], 400),
        "listed": [one for side in silent for one in listed.get(row[f"vessel_{side}"], ())[:1]],
    }


def _chain(value: object) -> str:
    """Return the chain that a pair is part of as one line; empty where it is in none."""
    return " → ".join(texts.clean(part, 80) for part in value) if isinstance(value, list) else texts.clean(value, 400)


def _remarks(pair: Row, faults: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, str]]:
    """Return the identity events of both vessels, a first."""
    return [
        {
            "side": side,
            "kind": texts.clean(row["subtype"]).replace("_", " ") + (f", with {row['with']}" if row["with"] else ""),
            "when": texts.time_text(row["start_time"]),
            "evidence": texts.clean(row["evidence"], 300),
        }
        for side in "ab"
        for row in faults.get(pair[f"vessel_{side}"] or "", ())[:_MAX_REMARKS]
    ]


def _listed(pair: Row, listed: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, str]]:
    """Return what watch-lists say of both vessels, a first, hits before possibilities."""
    return [
        {"side": side, **one} for side in "ab" for one in listed.get(pair[f"vessel_{side}"] or "", ())[:_MAX_REMARKS]
    ]


def listed_event(row: Row, number: Mapping[str, int]) -> dict[str, Any]:
    """Return what the list beside the map says of an event that is in no pair."""
    return {
        "number": number.get(row["event_id"], -1),
        "class": texts.clean(row["kind"]),
        "kind": _kind(row),
        "name": texts.vessel_name(row["name_a"], row["mmsi_a"], row["vessel_a"]),
        "start": texts.time_text(row["start_time"]),
        "length": _length(row),
    }


def bubble(row: Row, *, paired: bool) -> dict[str, Any]:
    """Return the title and lines of the bubble over an event; evidence is long, and said of pairs and identities."""
    title = texts.vessel_name(row["name_a"], row["mmsi_a"], row["vessel_a"])
    if row["vessel_b"] is not None:
        title += " – " + texts.vessel_name(row["name_b"], row["mmsi_b"], row["vessel_b"])
    elif row["kind"] == "dark_rendezvous":
        title += " – partner unknown"
    lines = [
        _kind(row),
        f"{texts.time_text(row['start_time'])} UTC, {_length(row)}",
        texts.place_text(row["lat_deg"], row["lon_deg"]),
    ]
    if row["kind"] == "dark_rendezvous":
        lines.append(_standing(row))
    if row["coverage"] is not None and row["hulls_before"] is not None:
        lines.append(
            f"others heard there: {row['hulls_before']} before, {row['hulls_during'] or 0} after it fell silent"
        )
    if row["signature"] is not None:
        lines.append(f"signature {row['signature']:.2f} (1 is as if another lay alongside)")
    evidence = texts.clean(row["evidence"], 240) if paired or row["kind"] == "identity" else ""
    return {"title": title, "lines": [*lines, evidence] if evidence else lines}


def _standing(row: Row) -> str:
    if row["candidate_rank"] is None:
        return "no candidate in the data"
    rivals = row["n_rivals"] or 0
    others = "1 rival" if rivals == 1 else f"{rivals} rivals"
    room = "" if row["reach_max_h"] is None else f", up to {texts.duration_text(row['reach_max_h'])} together"
    return f"candidate {row['candidate_rank']}, {others}{room}"


def _kind(row: Row) -> str:
    """Name the kind of an event, with what was judged of it."""
    subtype = texts.clean(row["subtype"]).replace("_", " ")
    if row["kind"] == "gap" and row["coverage"] is not None:
        return f"gap, {texts.clean(row['coverage'])}"
    if row["kind"] == "dark_rendezvous":
        return f"possible rendezvous, {subtype} (not observed)"
    return f"{texts.clean(row['kind']).replace('_', ' ')}, {subtype}"


def _length(row: Row) -> str:
    return texts.duration_text(row["duration_h"]) + (" (still open)" if row["is_open"] else "")
