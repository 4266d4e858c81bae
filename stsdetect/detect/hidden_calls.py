"""Port calls that a silence could hide: where it was long enough, and the port near enough.

That a hull could have called somewhere is no sign that it did. What is said here is sound: the window and the stay
are never smaller than what was possible, and land shortens no way but where it surely lies across.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.detect.arrays import Identities, to_floats
from stsdetect.detect.courses import Ways
from stsdetect.detect.events import build_events
from stsdetect.detect.shared_numbers import TOP_KN
from stsdetect.kernels.reach import CLOCK_S, FIX_NOISE_M, STRETCH, Silences, reach_place
from stsdetect.kernels.sphere import Bools, Floats, Ints, distance_m, to_xyz
from stsdetect.reference.places import Port
from stsdetect.reference.speeds import max_speed_kn
from stsdetect.reference.walls import INLAND_M, least_way_m
from stsdetect.schema import EVENTS
from stsdetect.settings import PortCallSettings
from stsdetect.units import KNOT_MPS, US_PER_S

#: Hulls shorter than this carry no cargo worth a call [m] (our choice; the smallest tankers seen were about 50 m).
LEAST_LENGTH_M = 40.0
#: Who does not say what it is, is asked about as what it would have to be for a delivery: a tanker.
_TANKER = 80
#: What twice the time in port is worth beside a course that leads straight there (our choice: of ports that fit alike
#: the one with most time).
_STAY_POINTS = 0.1
#: A way by sea longer than this times the straight one leads around land (our choice).
_STRAIGHT = 1.1
#: No port but a lock on the way to others.
_NO_PORT = "gate"
#: What crews type where they name no port; a tanker of a published case, a fishing fleet (Vityaz, Reuters 2017-12).
_VAGUE = re.compile(
    r"(?:FOR|TO)? ?ORDERS?|(?:HIGH|OPEN|AT)? ?SEAS?|OPL|STS|ANCHORAGE|DRIFTING|FISHING ?(?:FLEET|AREA|GROUNDS?)|"
    r"UNKNOWN|N/?A|NIL|NONE|[.\-? ]+"
)
VAGUE, NAMED = "destination_vague", "destination_named"
#: Remarks of a silence that hold for what is inferred from it.
_PASSED_ON = ("heard_without_position", "jamming", "outage")


def is_supply(port: Port, rule: PortCallSettings) -> bool:
    """Say whether oil products may be loaded at a port, going by its role.

    Examples
    --------
    >>> from stsdetect.reference.places import load_ports
    >>> [port.id for port in load_ports() if is_supply(port, PortCallSettings())][:2]
    ['ru_vostochny', 'ru_nakhodka']
    """
    role = port.role.casefold()
    return port.country not in rule.hidden_countries and any(word.casefold() in role for word in rule.supply_roles)


def could_carry(ship_type: Floats, length_m: Floats) -> Bools:
    """Tell which hulls could carry a cargo, by AIS ship type and length [m] (NaN: not known), shape (n,).

    Tankers, cargo ships, and what does not say what it is; 20-69 are other craft by ITU-R M.1371-5, table 53.
    """
    other = (ship_type >= 20) & (ship_type < 70)
    result: Bools = ~other & ~(length_m < LEAST_LENGTH_M)
    return result


def infer_calls(
    events: pa.Table, rule: PortCallSettings, *, ports: Sequence[Port], known: Identities | None = None,
    labels: Sequence[str] = (),
) -> pa.Table:  # fmt: skip
    """Return the calls that gaps could hide: one per gap and country of ``hidden_countries``, at the likeliest port.

    Parameters
    ----------
    events
        An `EVENTS` table. Its gaps are asked, of hulls that could carry a cargo. A gap still open is asked only where
        the hull had called at a supply port: it may yet be heard anywhere.
    ports
        All ports; those of ``hidden_countries`` are asked.
    known, labels
        Identities, and the hulls they number, for the destination the crew had typed.

    Returns
    -------
    Port calls with subtype ``inferred``. They start and end with the window in which the hull could be there;
    ``reach_max_h`` is the longest stay that the silence leaves, ``n_rivals`` counts the country's other ports in reach.
    """
    wanted = [p for p in ports if p.country in rule.hidden_countries and p.role != _NO_PORT]
    gaps = events.filter(pc.equal(events.column("kind"), "gap"))
    if not wanted or not gaps.num_rows:
        return EVENTS.empty()
    gaps = gaps.filter(pa.array(_asked(gaps, events, rule, ports)))
    if not gaps.num_rows:
        return EVENTS.empty()
    silences = _silences(gaps)
    windows = [_window(silences, port, rule) for port in wanted]
    tanker, ways = _type_of(gaps) // 10 == 8, _ways(gaps, silences)
    found = [EVENTS.empty()]
    for country in rule.hidden_countries:
        own = [k for k, port in enumerate(wanted) if port.country == country]
        if own:
            chosen = _Choice.of([windows[k] for k in own], [wanted[k] for k in own], tanker, ways)
            found.append(_rows(gaps, chosen, silences.max_speed_kn, known, labels))
    return pa.concat_tables(found)


def _asked(gaps: pa.Table, events: pa.Table, rule: PortCallSettings, ports: Sequence[Port]) -> Bools:
    hours = gaps.column("duration_h").to_numpy()
    asked = could_carry(_type_of(gaps), to_floats(gaps.column("length_a_m")))
    asked &= (hours * 3600.0 >= rule.hidden_least_stay_s) & (hours * 3600.0 <= rule.hidden_max_silence_s)
    still_open = np.flatnonzero(asked & gaps.column("is_open").to_numpy(zero_copy_only=False))
    if still_open.size:
        supply = pa.array([port.id for port in ports if is_supply(port, rule)], pa.string())
        loaded = pc.and_(pc.equal(events.column("kind"), "port_call"), pc.is_in(events.column("port_id"), supply))
        callers = set(events.filter(loaded).column("vessel_a").to_pylist())
        names = gaps.column("vessel_a").take(pa.array(still_open)).to_pylist()
        asked[still_open] = [name in callers for name in names]
    return asked


def _type_of(gaps: pa.Table) -> Floats:
    return to_floats(gaps.column("ship_type_a"))


def _silences(gaps: pa.Table) -> Silences:
    start, end = (gaps.column(name).cast(pa.int64()).to_numpy() for name in ("start_time", "end_time"))
    from_xyz = to_xyz(to_floats(gaps.column("lat_deg")), to_floats(gaps.column("lon_deg")))
    back_xyz = to_xyz(to_floats(gaps.column("end_lat_deg")), to_floats(gaps.column("end_lon_deg")))
    kind = _type_of(gaps)
    kind = np.where((kind >= 70) & (kind < 90), kind, _TANKER)
    around = (to_floats(gaps.column(f"speed_{when}_kn")) for when in ("before", "after"))
    sailed = np.fmax(*(np.where(speed <= TOP_KN, speed, np.nan) for speed in around))
    limit = max_speed_kn(kind, to_floats(gaps.column("length_a_m")), sailed)
    # A hull that went faster than its like can do so again; the fixes may be off, and times cut to the second.
    apart_m = (distance_m(from_xyz, back_xyz) + 2.0 * FIX_NOISE_M) * STRETCH
    seen = apart_m / np.maximum((end - start) / US_PER_S - 2.0 * CLOCK_S, 1.0) / KNOT_MPS
    return Silences(start, end, from_xyz, back_xyz, np.fmax(limit, seen))


@dataclass(frozen=True)
class _Window:
    """When silent hulls could have been at a port [us], and for how long [s]; shape (n,), no stay where never."""

    earliest_us: Ints
    latest_us: Ints
    stay_s: Floats


def _window(silences: Silences, port: Port, rule: PortCallSettings) -> _Window:
    """Ask one port: by the straight way, and then by the way around the land that lies across."""
    place = to_xyz(np.array([port.lat_deg]), np.array([port.lon_deg]))
    radius_m = rule.hidden_reach_km * 1000.0
    meets = reach_place(silences, np.repeat(place, len(silences), axis=0), radius_m, least_s=rule.hidden_least_stay_s)
    mps = silences.max_speed_kn * KNOT_MPS * STRETCH
    there, back = (_least_s(xyz, place, radius_m, mps) for xyz in (silences.from_xyz, silences.to_xyz))
    earliest = np.maximum(meets.earliest_us, silences.start_us + np.floor(there * US_PER_S).astype(np.int64))
    latest = np.minimum(meets.latest_us, silences.end_us - np.floor(back * US_PER_S).astype(np.int64))
    stay = np.minimum(meets.stay_max_s, (latest - earliest) / US_PER_S)
    return _Window(earliest, latest, np.where(meets.possible & (stay >= rule.hidden_least_stay_s), stay, 0.0))


def _least_s(xyz: Floats, place: Floats, radius_m: float, mps: Floats) -> Floats:
    """Return a lower bound on the time [s] between places and a port, 0 for places not known, shape (n,)."""
    way = least_way_m(xyz, np.broadcast_to(place, xyz.shape), beside_m=max(INLAND_M, radius_m + FIX_NOISE_M))
    least = (way - (radius_m + FIX_NOISE_M) * STRETCH) / mps - CLOCK_S
    return np.where(np.isnan(way), 0.0, np.maximum(least, 0.0))


@dataclass(frozen=True)
class _Choice:
    """The likeliest port of each gap for which there is one: the gap's row, the port, its window, the other ports."""

    row: Ints
    ports: list[Port]
    earliest_us: Ints
    latest_us: Ints
    stay_s: Floats
    others: list[list[str]]

    @classmethod
    def of(cls, windows: list[_Window], ports: list[Port], tanker: Bools, ways: Sequence[Ways]) -> _Choice:
        """Choose the port to which the courses before and after point best, and where the stay could be longest.

        For tankers it is one that takes oil, if there is one.
        """
        stay = np.stack([window.stay_s for window in windows])
        oil = np.array(["oil" in port.role.casefold() for port in ports])
        fit = np.stack([_fit(ways, port) for port in ports]) + _STAY_POINTS * np.log2(1.0 + stay / 3600.0)
        liked = np.where(stay > 0, fit + 1e3 * (oil[:, None] & tanker[None, :]), -1e6)
        best = np.argmax(liked, axis=0)
        row = np.flatnonzero(stay.max(axis=0) > 0)
        at = (best[row], row)
        return cls(
            row,
            [ports[k] for k in best[row].tolist()],
            np.stack([window.earliest_us for window in windows])[at],
            np.stack([window.latest_us for window in windows])[at],
            stay[at],
            [[ports[k].name for k in np.flatnonzero(stay[:, i] > 0).tolist() if k != best[i]] for i in row.tolist()],
        )


def _ways(gaps: pa.Table, silences: Silences) -> list[Ways]:
    before, after = (
        {name: to_floats(gaps.column(f"{name}_{when}_{unit}")) for name, unit in (("course", "deg"), ("speed", "kn"))}
        for when in ("before", "after")
    )
    return [
        Ways.of(silences.from_xyz, before["course"], before["speed"]),
        Ways.of(silences.to_xyz, after["course"], after["speed"], back=True),
    ]


def _fit(ways: Sequence[Ways], port: Port) -> Floats:
    """Return how well the courses before and after silences lead to a port, shape (n,); over land none does."""
    place = to_xyz(np.array([port.lat_deg]), np.array([port.lon_deg]))
    each = np.repeat(place, len(ways[0].known), axis=0)
    total = np.zeros(len(each))
    for way in ways:
        open_sea = least_way_m(way.from_xyz, each, beside_m=INLAND_M) <= _STRAIGHT * distance_m(way.from_xyz, each)
        total += np.where(open_sea, way.passes(each), 0.0)
    return total


_COPIED = ("vessel_a", "mmsi_a", "name_a", "imo_a", "ship_type_a", "length_a_m", "draught_before_a_m",
           "draught_change_a_m", "coverage", "is_open")  # fmt: skip


def _rows(
    gaps: pa.Table, found: _Choice, speed_kn: Floats, known: Identities | None, labels: Sequence[str]
) -> pa.Table:
    n = found.row.size
    if n == 0:
        return EVENTS.empty()
    of = gaps.take(pa.array(found.row))
    flags = [sorted(set(text.split(";")) & set(_PASSED_ON)) for text in of.column("flags").to_pylist()]
    for marks, remark in zip(flags, _destinations(of, found.ports, known, labels), strict=True):
        marks += [remark] if remark else []
    # Of silences that others tell of nothing was observed by us.
    ours = np.where(of.column("observed_min").is_null().to_numpy(), np.nan, 0.0)
    columns: dict[str, Any] = {name: of.column(name).combine_chunks() for name in _COPIED}
    columns["vessel_a"] = of.column("vessel_a").to_pylist()
    columns |= {
        "start_us": found.earliest_us,
        "end_us": found.latest_us,
        "observed_us": ours,
        "inferred_us": np.minimum(found.stay_s * US_PER_S, found.latest_us - found.earliest_us) + ours,
        "lat_deg": np.array([port.lat_deg for port in found.ports]),
        "lon_deg": np.array([port.lon_deg for port in found.ports]),
        "port_id": [port.id for port in found.ports],
        "port_distance_km": np.zeros(n),
        "n_positions_a": np.zeros(n, dtype=np.int64),
        "meet_earliest": pa.array(found.earliest_us, EVENTS.arrow.field("meet_earliest").type),
        "meet_latest": pa.array(found.latest_us, EVENTS.arrow.field("meet_latest").type),
        "reach_max_h": found.stay_s / 3600.0,
        "n_rivals": [len(names) for names in found.others],
        "from_events": of.column("event_id").combine_chunks(),
        "flags": [";".join(marks) for marks in flags],
        "evidence": [
            _sentence(port, low, high, stay, speed, others, verdict)
            for port, low, high, stay, speed, others, verdict in zip(
                found.ports, found.earliest_us.tolist(), found.latest_us.tolist(), found.stay_s.tolist(),
                speed_kn[found.row].tolist(), found.others, of.column("coverage").to_pylist(), strict=True,
            )
        ],
    }  # fmt: skip
    place = [port.country for port in found.ports]
    return build_events("port_call", ["inferred"] * n, columns, place=place)


def _sentence(
    port: Port, low_us: int, high_us: int, stay_s: float, speed_kn: float, others: list[str], verdict: str | None
) -> str:
    low, high = (datetime.fromtimestamp(us // US_PER_S, UTC).strftime("%Y-%m-%d %H:%M") for us in (low_us, high_us))
    text = f"could have called at {port.name} between {low} and {high} UTC and stayed {stay_s / 3600:.0f} h"
    text += f", at up to {speed_kn:.1f} kn"
    if others:
        text += f"; as well at {', '.join(others)}"
    if verdict in ("outage", "thin"):
        text += "; receivers heard little there at the time" if verdict == "thin" else "; receivers were out"
    return text


def _destinations(gaps: pa.Table, ports: list[Port], known: Identities | None, labels: Sequence[str]) -> list[str]:
    """Return what the destination typed before each gap says: it names the country's port, names none, or nothing."""
    if known is None:
        return [""] * gaps.num_rows
    number = {label: k for k, label in enumerate(labels)}
    hull = np.array([number.get(name, -1) for name in gaps.column("vessel_a").to_pylist()], dtype=np.int64)
    rows = np.where(hull >= 0, known.at(np.maximum(hull, 0), gaps.column("start_time").cast(pa.int64()).to_numpy()), -1)
    texts = known.column("destination", rows).cast(pa.string()).to_pylist()
    return ["" if text is None else judge_destination(text, port) for text, port in zip(texts, ports, strict=True)]


def judge_destination(text: str, port: Port) -> str:
    """Say whether a destination names the port or its country (`NAMED`) or no place at all (`VAGUE`); else "".

    Examples
    --------
    >>> from stsdetect.reference.places import load_ports
    >>> [judge_destination(text, load_ports()[0]) for text in ("KPNAM", "nampo", "for orders", "CN SHA")]
    ['destination_named', 'destination_named', 'destination_vague', '']
    """
    plain = " ".join(text.upper().split())[:40]
    name = port.name.upper().split()[0]
    # A UN/LOCODE is the country's two letters and three more, with or without a space.
    code = rf"\b{re.escape(port.country)} ?[A-Z]{{3}}\b"
    if (len(name) >= 4 and name in plain) or re.search(code, plain):
        return NAMED
    return VAGUE if _VAGUE.fullmatch(plain) else ""
