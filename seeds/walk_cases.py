"""Walk the published cases: what of each can be worked out by our own code, and the page that tells all of it.

    python seeds/walk_cases.py

reads ``cases.csv`` (what was published), ``walkthrough.csv`` (how each case is judged) and ``walkthrough_claims.csv``
(which event or indicator would arise from which words of a case), and writes ``walkthrough_computed.csv`` and
``CASES.md`` beside them. The output is the same byte for byte for the same input; ``tests/docs/test_cases.py`` holds
it against what lies here. Zones, shore, sun, flags, lists and indicators are those of the package: a case is put as
one meeting of which only what is published is filled in.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.context import annotate
from stsdetect.kernels.sphere import EARTH_RADIUS_M
from stsdetect.reference.facts import read_facts
from stsdetect.reference.vessels import imo_ok
from stsdetect.schema import EVENTS, TIME, VESSELS
from stsdetect.score import rank_pairs
from stsdetect.score.watchlists.matching import match
from stsdetect.score.watchlists.packaged import packaged_list
from stsdetect.settings import ContextSettings

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]

#: Hours of the cases are of Japan, whose government published most of them: UTC + 9.
_JST = timedelta(hours=9)
#: Places at the edge of the circle within which a place is known.
_BEARINGS = 12
#: Indicators that can be asked with nothing but what is published, and what of a case each needs. Those that look at
#: tracks, sizes or draughts cannot: nothing of that is published but what the claims quote.
NEEDS: dict[str, tuple[str, ...]] = {
    "zone": ("place",),
    "offshore": ("place",),
    "near_port": ("place",),
    "night": ("place", "hour"),
    "home_flag": ("flag",),
    "flag": ("flag",),
    "types": ("type",),
    "imo_check": ("imo",),
    "watch_list": ("imo",),
}
#: Indicators of a meeting of which nothing is published, unless a claim says otherwise.
UNKNOWN = ("hull_gap", "heading", "duration", "size", "draught", "gap_before", "gap_after", "repeats")
#: Kinds of events by how a transfer went, and by who of both was heard.
KINDS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "at sea": (
        ("both heard", ("encounter",)),
        ("one heard", ("loitering", "dark_rendezvous")),
        ("heard before and after", ("gap", "dark_rendezvous")),
    ),
    "DPRK waters": (
        ("both heard", ("encounter",)),
        ("heard before and after", ("gap", "dark_rendezvous", "port_call")),
    ),
    "port": (("heard", ("port_call",)), ("heard before and after", ("gap", "port_call"))),
}
#: Flags that case texts name in words.
_FLAGS_IN_WORDS = {"(Togo)": "TG"}


def read(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sure_imos(text: str) -> list[int]:
    """IMO numbers of a cell but for those that were written down from memory."""
    parts = [part.strip() for part in text.split("/")]
    return [int(part) for part in parts if re.fullmatch(r"\d{7}", part) and imo_ok(part)]


def listed(imo: int) -> Row | None:
    """The entry of the packaged list that a hull hits which broadcasts this number, by our own matching."""
    when = pa.array([0], pa.int64()).cast(TIME)
    hull = VESSELS.table({"vessel": ["x"], "valid_from": when, "valid_to": when, "imo": [imo]})
    hits = match([packaged_list()], hull).hits.to_pylist()
    found: Row | None = hits[0] if hits and hits[0]["kind"] == "hit" else None
    return found


def mmsi_of(flag: str, number: int) -> int | None:
    """A stand-in MMSI of a flag: which one a ship had is not published."""
    mids = [int(row["mid"]) for row in read_facts("mid_flags.csv") if row["iso2"] == flag]
    return min(mids) * 1_000_000 + number if mids else None


def sides_of(case: Row, number: int) -> list[Row]:
    """What is published of both ships: IMO number, entry of the packaged list, flag, type."""
    made = []
    for side, who in enumerate(("receiver", "supplier")):
        imos = sure_imos(case[f"{who}_imo"])
        entry = next(filter(None, map(listed, imos)), None)
        programme = entry["programme"] if entry else ""
        flag = case["supplier_flag"] if who == "supplier" else ""
        flag = next((iso2 for words, iso2 in _FLAGS_IN_WORDS.items() if words in case[who]), flag[:2])
        if "?" in case["supplier_flag"] and who == "supplier":
            flag = ""
        if "DPRK tanker" in programme or "KP" in case[who]:
            flag = "KP"
        made.append(
            {
                "imo": imos[-1] if imos else None,
                "entry": entry,
                "flag": flag,
                "mmsi": mmsi_of(flag, 10 * number + side),
                "type": 80 if "DPRK tanker" in programme else None,
            }
        )
    return made


def hours_of(case: Row, walk: Row) -> tuple[datetime, datetime] | None:
    """First and last hour [UTC] of what is published of the time, counted from midnight before the day."""
    if not walk["hours_jst"] or not re.match(r"\d{4}-\d{2}-\d{2}", case["date_local"]):
        return None
    day = datetime.fromisoformat(case["date_local"][:10]).replace(tzinfo=UTC) - _JST
    # "Before dawn of the 13th" is written as hours 27 to 29 of the 12th, so that a night is one span.
    first, last = (int(hour) for hour in walk["hours_jst"].split("-"))
    if first >= 24 or last > 24:
        day -= timedelta(days=1)
    return day + timedelta(hours=first), day + timedelta(hours=max(last, first + 1))


def meeting(number: int, case: Row, walk: Row, lat: float, lon: float) -> Row:
    """One meeting of the events table in which only what is published is filled in."""
    hours = hours_of(case, walk)
    start, end = hours or (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, 1, tzinfo=UTC))
    a, b = sides_of(case, number)
    row: Row = dict.fromkeys(EVENTS.names)
    return row | {
        "event_id": f"case{number}", "kind": "encounter", "subtype": "stationary", "vessel_a": "receiver",
        "vessel_b": "supplier", "mmsi_a": a["mmsi"], "mmsi_b": b["mmsi"], "imo_a": a["imo"], "imo_b": b["imo"],
        "ship_type_a": a["type"], "ship_type_b": b["type"], "start_time": start, "end_time": end, "duration_h": 0.0,
        "observed_min": 0.0, "inferred_min": 0.0, "lat_deg": lat, "lon_deg": lon, "n_positions_a": 1,
        "n_positions_b": 1, "is_open": False, "flags": "", "settings_id": "", "geometry": b"p",
    }  # fmt: skip


def table(rows: list[Row]) -> pa.Table:
    return EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names})


def circle(lat: float, lon: float, radius_km: float) -> list[tuple[float, float]]:
    """Places around one, `_BEARINGS` of them at a distance."""
    turn = 2 * np.pi * np.arange(_BEARINGS) / _BEARINGS
    size = np.degrees(radius_km * 1000 / EARTH_RADIUS_M)
    lats, lons = lat + size * np.cos(turn), lon + size * np.sin(turn) / np.cos(np.radians(lat))
    return [(float(a), float(b)) for a, b in zip(lats, lons, strict=True)]


def compute(number: int, case: Row, walk: Row) -> Row:
    """All that our own code can say of one case."""
    placed = bool(case["lat_est"])
    lat, lon = (float(case["lat_est"]), float(case["lon_est"])) if placed else (0.0, 0.0)
    rows = [meeting(number, case, walk, lat, lon)]
    made: Row = dict.fromkeys(COMPUTED, "") | {"case": number, "date_local": case["date_local"]}
    hour = hours_of(case, walk) is not None
    if placed:
        around = circle(lat, lon, float(case["pos_uncertainty_km"]))
        rows += [meeting(number, case, walk, *spot) for spot in around]
        done = annotate(table(rows), ContextSettings(), parts=frozenset({"zones", "shore", "ports", "sun"})).to_pylist()
        here, others = done[0], done[1:]
        shores = [row["shore_distance_km"] for row in done]
        made |= {
            "zone_id": here["zone_id"] or "",
            "zone_distance_km": f"{here['zone_distance_km']:.0f}",
            "in_a_zone_around": sum(row["zone_distance_km"] == 0 for row in others),
            "shore_distance_km": f"{here['shore_distance_km']:.0f}",
            "shore_least_km": f"{min(shores):.0f}",
            "shore_most_km": f"{max(shores):.0f}",
            "port_distance_km": "" if here["port_distance_km"] is None else f"{here['port_distance_km']:.0f}",
            "night_share": f"{here['night_share']:.2f}" if hour else "",
        }
        rows = [here]
    sides = sides_of(case, number)
    for who, side in zip(("receiver", "supplier"), sides, strict=True):
        made[f"{who}_flag"] = side["flag"]
        made[f"{who}_listed"] = side["entry"]["entry_id"] if side["entry"] else ""
    hits = [side | {"vessel": who} for who, side in zip(("receiver", "supplier"), sides, strict=True) if side["entry"]]
    known = {
        "place": placed,
        "hour": hour,
        "flag": any(side["flag"] for side in sides),
        "type": any(side["type"] for side in sides),
        "imo": any(side["imo"] for side in sides),
    }
    if walk["way"] == "port":
        return made  # no meeting: leads of another kind
    (pair,) = rank_pairs(table(rows[:1]), watch_hits=_hits(hits)).to_pylist()
    weights = {
        reason["indicator"]: reason["weight"]
        for reason in pair["reasons"]
        if reason["indicator"] in NEEDS and all(known[need] for need in NEEDS[reason["indicator"]])
    }
    made["fire"] = " ".join(name for name in NEEDS if weights.get(name, 0) > 0)
    made["against"] = " ".join(name for name in NEEDS if weights.get(name, 0) < 0)
    return made


def _hits(sides: list[Row]) -> pa.Table | None:
    tables = []
    for side in sides:
        when = pa.array([0], pa.int64()).cast(TIME)
        hull = VESSELS.table({"vessel": [side["vessel"]], "valid_from": when, "valid_to": when, "imo": [side["imo"]]})
        tables.append(match([packaged_list()], hull).hits)
    return pa.concat_tables(tables) if tables else None


COMPUTED = (
    "case", "date_local", "receiver_flag", "receiver_listed", "supplier_flag", "supplier_listed", "zone_id",
    "zone_distance_km", "in_a_zone_around", "shore_distance_km", "shore_least_km", "shore_most_km", "port_distance_km",
    "night_share", "fire", "against",
)  # fmt: skip


def computed() -> list[Row]:
    """The rows of ``walkthrough_computed.csv``."""
    pairs = zip(read("cases.csv"), read("walkthrough.csv"), strict=True)
    return [compute(number, case, walk) for number, (case, walk) in enumerate(pairs, start=1)]


def as_csv(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COMPUTED, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# --- The page -------------------------------------------------------------------------------------------------

_CONDITIONS = {
    "told": "what is published says so of AIS",
    "heard": "if the ships had been heard",
    "typed": "if the false name was broadcast, too",
}
_HEAD = """# The published cases, walked through

Made by `python seeds/walk_cases.py` from `cases.csv`, `walkthrough.csv` and `walkthrough_claims.csv`; what could be
computed stands in `walkthrough_computed.csv`. `tests/docs/test_cases.py` checks all of it.

**What it is.** For each of the {n} cases: what was published, which of our events and indicators would have arisen
from that, of which nothing is published, and where AIS could not have shown it. **What it is not.** No AIS record of
these transfers is known to us, so nothing is measured here. It is no test of the score either: the transfer zones, the
flags and the packaged list were drawn from these very cases, and ships were listed after and because of them. That
`zone`, `flag`, `night` or `watch_list` fires on them is how they were made. "Possible" is the hopeful word: ships at
such work switch AIS off and falsify names and numbers (OFAC, US State Department and US Coast Guard, 2019-03-21).

| verdict | cases | meaning |
|---|---|---|
| seen | {seen} | what is published of AIS is enough for an event of the transfer itself |
| possible | {possible} | AIS could have shown it, or a silence with room for it; whether ships sent is not known |
| not by AIS | {no} | no name or number to hear, nobody there to hear it, or a silence too long to say anything |

Of AIS itself nothing is published in {nothing} cases; in {silent} a ship is said to have been silent, in {heard} heard.
In {unnamed} cases no sure IMO number of the supplier is known (those from memory are not used): had it been silent, no
lead could name it.

Kinds of events, had the ships been heard as the left column says:

| transfer | kinds |
|---|---|
{kinds}

`tests/docs/test_cases.py` runs these shapes through the whole job, and `tests/golden/test_documented_cases.py` four
published patterns among other traffic: high seas at night, DPRK waters with both silent, a direct delivery, a chain.

Indicators in the table are those that fire on what is published alone (place, hour, flag, IMO number, type), or would
by the words quoted below. Of meetings at sea nothing at all is published of
`{unknown}`,
unless a case says otherwise: these count neither way. (Sizes are published as deadweights, if at all, and `size` asks
for lengths.) Hours are read as of Japan, places are good to 60 km, and a distance to shore below 0 is on land.

| # | day | receiver, supplier | verdict | fire | against |
|---|---|---|---|---|---|
"""


def page(rows: list[Row]) -> str:
    """The readable page."""
    cases, walks, claims = (read(name) for name in ("cases.csv", "walkthrough.csv", "walkthrough_claims.csv"))
    verdicts, ais = Counter(walk["verdict"] for walk in walks), Counter(walk["ais"] for walk in walks)
    kinds = "\n".join(
        f"| {way}, {heard} | {', '.join(f'`{kind}`' for kind in made)} |"
        for way, several in KINDS.items()
        for heard, made in several
    )
    text = _HEAD.format(
        n=len(cases), seen=verdicts["seen"], possible=verdicts["possible"], no=verdicts["not by AIS"],
        nothing=ais["nothing"], silent=ais["silent"], heard=ais["heard"], kinds=kinds, unknown="`, `".join(UNKNOWN),
        unnamed=sum(not sure_imos(case["supplier_imo"]) for case in cases),
    )  # fmt: skip
    for case, walk, row in zip(cases, walks, rows, strict=True):
        own = [claim for claim in claims if claim["case"] == walk["case"]]
        text += (
            f"| {walk['case']} | {case['date_local']} | {ships(case, ', ')} | {walk['verdict']} "
            f"| {names(fire_of(row, own))} | {names(row['against'].split())} |\n"
        )
    return text + "".join(map(_section, cases, walks, rows, [claims] * len(rows))) + "\n"


def fire_of(row: Row, claims: list[Row]) -> list[str]:
    """Indicators that fire: computed, then claimed and not bound to a name that may not have been broadcast."""
    sure = [claim["name"] for claim in claims if claim["condition"] != "typed" and claim["name"] not in EVENT_NAMES]
    return list(dict.fromkeys([*row["fire"].split(), *sure]))


#: Events and kinds of leads; all else that is claimed is an indicator.
EVENT_NAMES = frozenset(
    {"encounter", "loitering", "gap", "dark_rendezvous", "port_call", "identity", "direct_delivery", "chain"}
)


def names(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def ships(case: Row, between: str) -> str:
    return between.join(filter(None, (case["receiver"], case["supplier"])))


def _section(case: Row, walk: Row, row: Row, claims: list[Row]) -> str:
    own = [claim for claim in claims if claim["case"] == walk["case"]]
    published = [case["area"], case["time_of_day_local"], case["quantity"], case["notes"]]
    if case["distance_km_from_shanghai"]:
        published.insert(1, f"{case['distance_km_from_shanghai']} km from Shanghai")
    lines = [
        f"\n## {walk['case']}. {case['date_local']}: {ships(case, ' and ')}",
        "",
        f"Verdict: {walk['verdict']}. Source: {case['source']} (confidence {case['confidence']}).",
        "",
        f"- Published: {'; '.join(filter(None, published))}. Of AIS: {_AIS[walk['ais']]}.",
        f"- {_computed(case, row)}",
    ]
    for claim in own:
        what = f"`{claim['name']}`, {_CONDITIONS[claim['condition']]}"
        lines.append(f'- {what}: "{claim["quote"]}" ({claim["why"]}).')
    against = f"; against: {names(row['against'].split())}" if row["against"] else ""
    lines.append(f"- Indicators on what is published: {names(fire_of(row, own)) or 'none'}{against}.")
    if walk["way"] == "at sea":
        silent = [name for name in UNKNOWN if name not in {claim["name"] for claim in own}]
        lines.append(f"- Nothing published of: {names(silent)}.")
    if walk["not_by_ais"]:
        lines.append(f"- Where AIS falls short: {walk['not_by_ais']}.")
    return "\n".join(lines) + "\n"


_AIS = {
    "nothing": "nothing",
    "silent": "a ship is said to have been silent",
    "heard": "both were heard at anchor together",
}


def _computed(case: Row, row: Row) -> str:
    parts = []
    if row["zone_distance_km"]:
        zone = (
            f"in zone `{row['zone_id']}`" if row["zone_id"] else f"{row['zone_distance_km']} km from the nearest zone"
        )
        around = f"{row['in_a_zone_around']} of {_BEARINGS} places {case['pos_uncertainty_km']} km around are in one"
        parts.append(
            f"{zone} ({around}), "
            f"{row['shore_distance_km']} km from shore ({row['shore_least_km']} to {row['shore_most_km']})"
        )
    if row["night_share"]:
        parts.append(f"{float(row['night_share']):.0%} of the hours published are night there")
    for who in ("receiver", "supplier"):
        if row[f"{who}_listed"]:
            parts.append(f"IMO number of the {who} is that of entry `{row[f'{who}_listed']}` of the packaged list")
    return f"Computed: {'; '.join(parts)}." if parts else "Computed: nothing can be."


def main() -> None:
    rows = computed()
    (HERE / "walkthrough_computed.csv").write_text(as_csv(rows), encoding="utf-8")
    (HERE / "CASES.md").write_text(page(rows), encoding="utf-8")
    print(f"{len(rows)} cases: {dict(Counter(walk['verdict'] for walk in read('walkthrough.csv')))}")


if __name__ == "__main__":
    main()
