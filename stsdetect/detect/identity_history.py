"""What one hull says of itself: numbers that cannot be, and changes over time that a ship does not make lightly.

Every test is evidence with innocent explanations, which its docstring names; none is a verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from stsdetect.detect.arrays import Fixes, Identities, to_floats
from stsdetect.detect.companions import TOWING
from stsdetect.detect.events import fix_bounds
from stsdetect.detect.identity_events import Oddity, moment, plain_name, quoted, spelt_alike
from stsdetect.kernels.runs import group_bounds
from stsdetect.kernels.sphere import Bools, Floats, Ints
from stsdetect.reference.callsigns import callsign_state, one_series
from stsdetect.reference.vessels import MMSI_FORM_NAMES, flag_of, imo_ok, imo_tells, mmsi_forms
from stsdetect.settings import IdentitySettings

#: Of so many different values of one hull the first are compared; more are noise (a failing receiver, a test set).
_MOST_VALUES = 40
#: Two sizes this much apart are two ships' sizes, not two ways to measure one [m, share].
_LENGTH_M, _WIDTH_M, _SHARE = 10.0, 4.0, 0.15
#: From this length a hull is no buoy [m].
_SHIP_M = 15.0
#: A call sign is judged on ships that have a radio station of their own: passenger, cargo, tanker, other.
_MERCHANT_FROM = 60


@dataclass(frozen=True)
class _Spell:
    """One value, from its first to its last report [us]."""

    value: object
    from_us: int
    to_us: int


def history_oddities(data: Fixes, known: Identities, rule: IdentitySettings) -> list[Oddity]:
    """Run every test of one hull's own words over a group of hulls."""
    if not (data.size and known.hull.size):
        return []
    found = [*_numbers_that_cannot_be(data, known, rule.imo_from_length_m), *_callsigns_of_others(data, known, rule)]
    first, last = group_bounds(known.hull)
    restless = np.logical_or.reduceat(_restless(known), first) & _ships(known)
    for begin, end in zip(first[restless].tolist(), last[restless].tolist(), strict=True):
        found += _changes(data, known, slice(begin, end), rule)
    found += _other_mmsi(data, rule)
    return found


def _ships(known: Identities) -> Bools:
    """Tell which hulls say that they are ships: by type, IMO number or length, shape (n hulls,).

    Buoys on fishing gear broadcast made-up numbers, and their state as their name.
    """
    first, _ = group_bounds(known.hull)
    kinds = to_floats(known.table.column("ship_type"))
    told = (kinds >= 20) | ~np.isnan(to_floats(known.table.column("imo"))) | (known.length_m >= _SHIP_M)
    return np.asarray(np.logical_or.reduceat(told, first))


def _at(data: Fixes, hull: int, time_us: int) -> tuple[float, float]:
    """Return where a hull was last heard up to a time (its first place before that)."""
    one = np.array([hull])
    low, after = fix_bounds(data, one, np.array([data.time_us.min()]), np.array([time_us]))
    k = int(max(after[0] - 1, low[0]))
    return float(data.lat_deg[k]), float(data.lon_deg[k])


def _oddity(data: Fixes, test: str, hull: int, start_us: int, end_us: int, evidence: str) -> Oddity:
    lat, lon = _at(data, hull, start_us)
    return Oddity(test=test, hull=hull, start_us=start_us, end_us=end_us, lat_deg=lat, lon_deg=lon, evidence=evidence)


def _numbers_that_cannot_be(data: Fixes, known: Identities, from_length_m: float) -> Iterator[Oddity]:
    """Find MMSI of no form for ships or of no state (``mmsi_form``), and IMO numbers that are none (``imo_checksum``).

    Only hulls that say they are ships are judged, and IMO numbers only of ships that must have one: domestic and small
    craft often have an official number in its place. Innocent: a transponder never set up, or set up wrong; a typing
    error, which is left out where the hull also broadcasts a valid number.
    """
    first, last = group_bounds(known.hull)
    judged, ships = must_have_imo(known, from_length_m), _ships(known)
    mmsi = to_floats(known.table.column("mmsi"))
    whole = np.nan_to_num(mmsi, nan=0.0).astype(np.int64)
    forms = mmsi_forms(whole)
    odd = (forms == MMSI_FORM_NAMES.index("junk")) | (forms == MMSI_FORM_NAMES.index("invalid"))
    mid = np.where(forms == 0, whole // 1_000_000, 0)
    odd |= np.isin(mid, [number for number in np.unique(mid).tolist() if number and _state_of_mid(number) is None])
    odd &= ~np.isnan(mmsi)
    imo = to_floats(known.table.column("imo"))
    bad = ~np.isnan(imo) & ~np.isin(
        imo, [number for number in np.unique(imo[~np.isnan(imo)]) if _stands_for_imo(number)]
    )
    odd &= np.repeat(ships, last - first)
    bad &= np.repeat(judged, last - first)
    some = np.flatnonzero(np.logical_or.reduceat(odd | bad, first))
    for begin, end in zip(first[some].tolist(), last[some].tolist(), strict=True):
        hull = int(known.hull[begin])
        for k in np.flatnonzero(odd[begin:end])[:1].tolist():
            number = int(whole[begin + k])
            why = "is of no form that ITU-R M.585 gives" if forms[begin + k] != 0 else "has a country code of no state"
            said = f"MMSI {number:09d} {why}"
            yield _oddity(data, "mmsi_form", hull, int(known.from_us[begin]), int(known.to_us[end - 1]), said)
        if bad[begin:end].any():
            rows = np.arange(begin, end)[bad[begin:end]]
            if np.isnan(imo[begin:end]).sum() + rows.size == end - begin:
                said = f"IMO number {int(imo[rows[0]])} fails its check digit (IMO Resolution A.1117(30))"
                yield _oddity(data, "imo_checksum", hull, int(known.from_us[rows[0]]), int(known.to_us[rows[-1]]), said)


def _stands_for_imo(number: float) -> bool:
    """Tell whether a number is an IMO number, or one with digits typed behind it (9297096 as 929709600)."""
    return imo_ok(str(int(number))[:7])


def must_have_imo(known: Identities, from_length_m: float) -> Bools:
    """Tell of which hulls type and size call for an IMO number, in the order of the history, shape (n hulls,).

    Passenger ships and cargo ships from 300 GT on international voyages must have one (SOLAS XI-1/3). Gross tonnage is
    not broadcast: length stands for it. Class B transceivers cannot broadcast the number, so such hulls are left out.
    """
    first, _ = group_bounds(known.hull)
    kinds = to_floats(known.table.column("ship_type"))
    small = np.array([word == "B" for word in known.table.column("transceiver").to_pylist()], dtype=np.bool_)
    merchant = (np.fmin.reduceat(kinds, first) >= 60) & (np.fmax.reduceat(kinds, first) < 90)
    long = np.fmin.reduceat(known.length_m, first) >= from_length_m
    return np.asarray(merchant & long & ~np.logical_or.reduceat(small, first))


def _callsigns_of_others(data: Fixes, known: Identities, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find call signs of another state's series than the MMSI's country code (``flag_contradicted``).

    Innocent: a ship under a new flag whose call sign or MMSI is not changed yet; a charter with dual registry; a typing
    error in the first two letters. Only merchant ships of class A, only where all call signs heard say the same state.
    """
    first, last = group_bounds(known.hull)
    kinds = to_floats(known.table.column("ship_type"))
    small = np.array([word == "B" for word in known.table.column("transceiver").to_pylist()], dtype=np.bool_)
    judged = (np.fmin.reduceat(kinds, first) >= _MERCHANT_FROM) & ~np.logical_or.reduceat(small, first)
    judged &= known.to_us[last - 1] - known.from_us[first] >= round(rule.min_hold_s * 1e6)
    some = np.flatnonzero(judged)
    signs = known.table.column("callsign").to_pylist()
    numbers = to_floats(known.table.column("mmsi"))
    for begin, end in zip(first[some].tolist(), last[some].tolist(), strict=True):
        heard = {sign for sign in signs[begin:end] if sign}
        states = {_state_of(sign) for sign in heard}
        flag = None if np.isnan(numbers[begin]) else _state_of_mid(int(numbers[begin]) // 1_000_000)
        if len(states) != 1 or None in states or flag is None:
            continue
        (state,) = states
        if state is not None and not one_series(state, flag):
            said = (
                f"Call sign {quoted(min(heard))} is of the series of {state} (Radio Regulations, Appendix 42), "
                f"MMSI {int(numbers[begin]):09d} of {flag}"
            )
            start, stop = int(known.from_us[begin]), int(known.to_us[end - 1])
            yield _oddity(data, "flag_contradicted", int(known.hull[begin]), start, stop, said)


_state_of = lru_cache(maxsize=100_000)(callsign_state)


@lru_cache(maxsize=1000)
def _state_of_mid(mid: int) -> str | None:
    """Return the ISO letters of a country code; None where no state has it."""
    found = flag_of(mid * 1_000_000 + 100_001)
    return found[0] if found else None


def _restless(known: Identities) -> Bools:
    """Mark rows of the history in which a name, number or size differs from the row before."""
    result = np.zeros(known.hull.size, dtype=np.bool_)
    same = known.hull[1:] == known.hull[:-1]
    for name in ("name", "callsign", "imo", "length_m", "width_m"):
        column = known.table.column(name)
        if name in ("name", "callsign"):
            array = column.combine_chunks()
            array = array.chunk(0) if hasattr(array, "chunk") else array
            values: Floats = array.indices.fill_null(-1).to_numpy().astype(np.float64)
        else:
            values = np.nan_to_num(to_floats(column), nan=-1.0)
        result[1:] |= same & (values[1:] != values[:-1])
    return result


def _changes(data: Fixes, known: Identities, rows: slice, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find lasting changes of name, call sign, IMO number and size, and values that go to and fro (``..._change``).

    A value counts once it was held for ``min_hold_s``; an error that is corrected sooner is none, nor is a spelling
    one or two letters off. Innocent: a sale, a new charterer, a new flag; a refit, a typing error long not seen; a
    transceiver moved to another ship with its number (fishing fleets). Two transceivers of one number on one hull, one
    of class A and one of class B, say different things by nature: such hulls are left out, as are tows.
    """
    table = known.table.slice(rows.start, rows.stop - rows.start)
    words = [word for word in table.column("transceiver").to_pylist() if word]
    if sum(a != b for a, b in zip(words[1:], words[:-1], strict=True)) > 1:
        return
    hull = int(known.hull[rows.start])
    kinds = set(table.column("ship_type").to_pylist()) - {None}
    # The size of who tows or pushes is that of the tow, which changes.
    sizes: list[object] = [
        None if length is None or kinds & TOWING else (length, width or 0.0)
        for length, width in zip(*(table.column(name).to_pylist() for name in ("length_m", "width_m")), strict=True)
    ]
    numbers = [imo if imo_tells(imo) else None for imo in table.column("imo").to_pylist()]
    asked: list[tuple[str, str, list[object], Callable[[object, object], bool]]] = [
        ("name_change", "Name", table.column("name").to_pylist(), partial(_alike, 2)),
        ("callsign_change", "Call sign", table.column("callsign").to_pylist(), partial(_alike, 1)),
        ("imo_change", "IMO number", numbers, lambda a, b: a == b),
        ("dimensions_change", "Length and width", sizes, _one_size),
    ]
    for test, what, values, alike in asked:
        spells = _spells(values, known.from_us[rows], known.to_us[rows], alike)
        for start, end, said in _lasting(spells, what, rule):
            yield _oddity(data, test, hull, start, end, said)


def _other_mmsi(data: Fixes, rule: IdentitySettings) -> Iterator[Oddity]:
    """Find lasting changes of the MMSI of hulls that the source knows by an id of its own (``mmsi_change``).

    Innocent: a new flag, or a new transponder.
    """
    told = np.flatnonzero(~np.isnan(data.mmsi))
    whose, number = data.hull[told], data.mmsi[told]
    change = (whose[1:] == whose[:-1]) & (number[1:] != number[:-1])
    for hull in np.unique(whose[1:][change]).tolist():
        rows = slice(*np.searchsorted(data.hull, [hull, hull + 1]).tolist())
        known = np.flatnonzero(~np.isnan(data.mmsi[rows]))
        mmsi, time = data.mmsi[rows][known].astype(np.int64), data.time_us[rows][known]
        first, end = group_bounds(mmsi)
        values: list[object] = [f"{number:09d}" for number in mmsi[first].tolist()]
        spells = _spells(values, time[first], time[end - 1], lambda a, b: a == b)
        for start, stop, said in _lasting(spells, "MMSI", rule):
            yield _oddity(data, "mmsi_change", hull, start, stop, said)


def _alike(edits: int, a: object, b: object) -> bool:
    return spelt_alike(plain_name(str(a)), plain_name(str(b)), edits)


def _one_size(a: Any, b: Any) -> bool:
    long, wide = max(a[0], b[0]), max(a[1], b[1])
    length = abs(a[0] - b[0]) <= max(_LENGTH_M, _SHARE * long)
    return bool(length and (min(a[1], b[1]) == 0 or abs(a[1] - b[1]) <= max(_WIDTH_M, _SHARE * wide)))


def _spells(values: list[object], from_us: Ints, to_us: Ints, alike: Callable[[object, object], bool]) -> list[_Spell]:
    """Return stretches of one value; values spelt alike are one, that heard first."""
    firsts: list[object] = []
    known: dict[object, object] = {}
    spells: list[_Spell] = []
    for value, begin, end in zip(values, from_us.tolist(), to_us.tolist(), strict=True):
        if value is None or value == "":
            continue
        if value not in known:
            same = next((other for other in firsts[:_MOST_VALUES] if alike(value, other)), None)
            known[value] = value if same is None else same
            if same is None:
                firsts.append(value)
        if spells and spells[-1].value == known[value]:
            spells[-1] = _Spell(known[value], spells[-1].from_us, end)
        else:
            spells.append(_Spell(known[value], begin, end))
    return spells


def _lasting(spells: list[_Spell], what: str, rule: IdentitySettings) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and sentence of values that go to and fro, else of changes from one held value to another."""
    if len(spells) < 2:
        return
    swaps = Counter(tuple(sorted((_text(a.value), _text(b.value)))) for a, b in pairwise(spells))
    (one, other), often = min(swaps.items(), key=lambda item: (-item[1], item[0]))
    if often >= rule.flip_flops:
        mine = [spell for spell in spells if _text(spell.value) in (one, other)]
        said = f"{what} went to and fro between {quoted(one)} and {quoted(other)} {often} times"
        yield mine[0].to_us, mine[-1].from_us, said
        return
    hold_us = round(rule.min_hold_s * 1e6)
    held: list[_Spell] = []
    for spell in spells:
        if held and spell.value == held[-1].value:
            held[-1] = _Spell(spell.value, held[-1].from_us, spell.to_us)
        elif spell.to_us - spell.from_us >= hold_us:
            held.append(spell)
    for a, b in pairwise(held):
        said = (
            f"{what} changed from {quoted(_text(a.value))} (last heard {moment(a.to_us)}) to {quoted(_text(b.value))}"
        )
        yield a.to_us, b.from_us, f"{said} (first heard {moment(b.from_us)})"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return f"{value[0]:.0f} x {value[1]:.0f} m"
    return str(value)
