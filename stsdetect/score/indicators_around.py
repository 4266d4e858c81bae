"""Indicators of what vessels did around a meeting: how they came and left, where they called, where they were bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stsdetect.score.around import Call
from stsdetect.score.meetings import HOUR_US, MASKED, Side
from stsdetect.score.registry import ADVISORY, OUR_WEIGHT, POE, Case, Finding, Indicator, ramp, unknown

#: Hours that the later of the two had lain still before the meeting, or the first to leave lay still after it, to
#: share: who comes alongside sails up to it, anchored neighbours have lain there for long (our judgement).
_CAME_SHARE = ((0.75, 1.0), (3.0, 0.0), (12.0, -1.0))
#: Shorter than this is at once [h].
_JUST_H = 0.1
#: Hours of waiting to share: a supplier idles for hours to days; after a week it is laid up (our judgement).
_IDLE_SHARE = ((2.0, 0.0), (12.0, 1.0), (72.0, 1.0), (168.0, 0.0))
#: Who waits is met by one that comes or goes within so many hours [h] (our judgement).
_MOVED_H = 3.0
#: The other must stay so long beside one that fell silent [h] for the silence to have begun alongside (our judgement).
_BESIDE_H = 1.0
#: What a call is worth: at a watched port, seen or only possible in a silence; at a supply port; and at one of South
#: Korea or Taiwan, where suppliers of published cases loaded, and with them most of the region's lawful trade (our
#: judgement).
_WATCHED, _POSSIBLE, _SUPPLY, _ALMOST_NOTHING = 1.0, 0.35, 0.3, 0.03
_ALL_LOAD_THERE = frozenset({"KR", "TW"})
#: A destination that names no place on purpose, and one that was not where the vessel went.
_VAGUE_SHARE, _ELSEWHERE_SHARE = 0.3, 0.6


def approach(case: Case) -> Finding | None:
    """Whether one of the two sailed up to the other, or both had lain there for long."""
    return _moved(case, before=True)


def departure(case: Case) -> Finding | None:
    """Whether one of the two soon sailed off, or both lay on."""
    return _moved(case, before=False)


def _asked(case: Case) -> bool:
    """Say whether how they came and left tells anything: not at a berth, where everybody comes and goes."""
    meeting = case.meeting
    return bool(case.around.stays) and meeting.subtype != "under_way" and "at_berth" not in meeting.flags


class _Lay(NamedTuple):
    """How long a vessel lay still [h]: so long, or at least so long where it was not seen to come, or to leave."""

    hours: float
    side: Side
    whole: bool

    @property
    def for_so_long(self) -> str:
        return f"for {'' if self.whole else 'at least '}{self.hours:.1f} h"


def _lay(case: Case, *, before: bool) -> list[_Lay]:
    """Return how long each vessel lay still up to the start of a meeting, or on from its end, where known."""
    meeting, known = case.meeting, []
    waits = case.around.waits_us(meeting.a.vessel, meeting.b.vessel, meeting.start_us, meeting.end_us)
    for wait, side in zip(waits[0 if before else 1], (meeting.a, meeting.b), strict=True):
        if wait is not None:
            known.append(_Lay(wait.time_us / HOUR_US, side, wait.whole))
    return known


def _shortest(some: Iterable[_Lay]) -> _Lay | None:
    return min(some, key=lambda one: one.hours, default=None)


def _moved(case: Case, *, before: bool) -> Finding | None:
    if not _asked(case) or (case.meeting.is_open and not before):
        return None
    known = _lay(case, before=before)
    least = _shortest(known)
    if least is None:
        return None
    # The one that came later, or left first, lay there no longer than any whose time is known, and no shorter than
    # what was seen of both.
    most = _shortest(one for one in known if one.whole)
    found = None
    if most is not None and ramp(most.hours, *_CAME_SHARE) > 0:
        found = most
    elif len(known) == 2 and (least is most or ramp(least.hours, *_CAME_SHARE) < 0):
        found = least
    if found is None:
        whose = "Of neither vessel" if most is None else "Of one vessel only"
        return unknown(f"{whose} is it known how long it {'had lain still' if before else 'lay on'}")
    hours, side, _ = found
    share = ramp(hours, *_CAME_SHARE)
    who = side.label[0].upper() + side.label[1:]
    if before:
        lay = "had just come to rest" if hours < _JUST_H else f"had lain still {found.for_so_long}"
        text = f"{who} {lay} when the meeting began"
        verdict = (
            ", as one that comes alongside does" if share > 0 else ", as did the other, as neighbours at anchor do"
        )
    else:
        text = f"{who} sailed as the meeting ended"
        if hours >= _JUST_H:
            text = f"{who} lay still {found.for_so_long} after the meeting"
        verdict = ", as one that casts off does" if share > 0 else ", as did the other, as neighbours at anchor do"
    return Finding(hours, share, text + (verdict if share else ", which counts neither way"))


def idling(case: Case) -> Finding | None:
    """Whether one of the two waited at the place for the other, or stayed on there when it had left."""
    meeting = case.meeting
    if not _asked(case):
        return None
    waits = []
    for before in (True, False):
        if meeting.is_open and not before:
            continue
        known = _lay(case, before=before)
        moved = _shortest(one for one in known if one.whole)
        if len(known) == 2 and moved is not None and moved.hours <= _MOVED_H:
            waited = max(known, key=lambda one: one.hours)
            waits.append((ramp(waited.hours, *_IDLE_SHARE), waited.hours, waited, before))
    if not waits:
        return None
    share, hours, waited, before = max(waits, key=lambda one: (one[0], one[1]))
    if share == 0.0:
        return None
    when = "before" if before else "after"
    who = waited.side.label[0].upper() + waited.side.label[1:]
    return Finding(
        hours, share, f"{who} idled there {waited.for_so_long} {when} the meeting, as ships that wait for a transfer do"
    )


def gap_during(case: Case) -> Finding | None:
    """A vessel that fell silent beside the other, which stayed on and was heard."""
    meeting, found = case.meeting, []
    for side, other in (case.sides, case.sides[::-1]):
        silence = case.traffic.silence_from(side.vessel, meeting)
        if silence is None or silence.is_open:
            continue
        stay = case.around.stay_over(other.vessel, meeting.end_us)
        beside_h = 0.0 if stay is None else (min(stay.end_us, silence.end_us) - silence.start_us) / HOUR_US
        if beside_h < _BESIDE_H:
            continue
        share = {"dark": 1.0, "outage": 0.0, "thin": 0.0}.get(silence.coverage or "", 0.5)
        share *= min(1.0, 3.0 / case.traffic.silences_like(silence))
        text = f"{side.label} fell silent beside {other.label}, which was heard there for {beside_h:.1f} h more"
        found.append((share, beside_h, text))
    if not found:
        return None
    share, hours, text = max(found, key=lambda one: (one[0], one[1], one[2]))
    return Finding(hours, share, f"{text[0].upper()}{text[1:]}; poor reception can look the same")


def _worth(case: Case, call: Call, *, loading: bool) -> float:
    harbours = case.around.harbours
    if harbours is None:
        return 0.0
    if call.port_id in harbours.watched:
        return _WATCHED if call.seen else _POSSIBLE
    if not loading or not call.seen or call.port_id not in harbours.supply:
        return 0.0
    return _ALMOST_NOTHING if harbours.country(call.port_id) in _ALL_LOAD_THERE else _SUPPLY


def _calls(case: Case, *, before: bool) -> Finding | None:
    meeting, around = case.meeting, case.around
    if not around.calls:
        return None
    found = []
    for side in case.sides:
        if side.vessel not in around.calls:
            continue
        calls = around.calls_before(side.vessel, meeting.start_us) if before else (
            around.calls_after(side.vessel, meeting.end_us)
        )  # fmt: skip
        for call in calls:
            worth = _worth(case, call, loading=before)
            apart_us = meeting.start_us - call.end_us if before else call.start_us - meeting.end_us
            if worth:
                found.append((worth, -apart_us, side, call))
            if call.seen:
                break  # what lies beyond the last port that it was seen at says little
    if not found or around.harbours is None:
        return None
    worth, apart_us, side, call = max(found, key=lambda one: (one[0], one[1], one[3].port_id))
    days = -apart_us / HOUR_US / 24.0
    who = side.label[0].upper() + side.label[1:]
    did = "called" if call.seen else "could have called, in a silence,"
    when = "before" if before else "after"
    text = f"{days:.1f} days {when} the meeting {side.label} {did} at {around.harbours.name(call.port_id)}"
    if call.port_id not in around.harbours.watched:
        name = around.harbours.name(call.port_id)
        text = f"{who} had called at {name}, a supply port, {days:.1f} days before the meeting"
        if worth == _ALMOST_NOTHING:
            text += ", as most tankers of the region do"
    return Finding(days, worth, text)


def port_history(case: Case) -> Finding | None:
    """The last ports before the meeting: a watched one, or a supply port; in South Korea or Taiwan it hardly counts."""
    return _calls(case, before=True)


def next_port(case: Case) -> Finding | None:
    """The next port after the meeting: a watched one."""
    return _calls(case, before=False)


def chain_position(case: Case) -> Finding | None:
    """One vessel came from a supply port, the other went to, or came from, a watched one."""
    meeting, around = case.meeting, case.around
    harbours = around.harbours
    if harbours is None or not around.calls:
        return None
    found = []
    for one, other in (case.sides, case.sides[::-1]):
        if one.vessel not in around.calls or other.vessel not in around.calls:
            continue
        supply = next((c for c in around.calls_before(one.vessel, meeting.start_us) if c.seen), None)
        if supply is None or supply.port_id not in harbours.supply:
            continue
        calls = [
            *around.calls_after(other.vessel, meeting.end_us),
            *around.calls_before(other.vessel, meeting.start_us),
        ]
        watched = [call for call in calls if call.port_id in harbours.watched]
        if watched:
            best = max(watched, key=lambda call: (call.seen, -abs(call.start_us - meeting.end_us), call.port_id))
            found.append((1.0 if best.seen else 0.4, one, other, supply, best))
    if not found:
        return None
    share, one, other, supply, best = max(found, key=lambda chain: (chain[0], chain[1].vessel))
    did = "called" if best.seen else "could have called"
    text = f"{one.label[0].upper()}{one.label[1:]} came from {harbours.name(supply.port_id)}, a supply port, and"
    return Finding(
        1.0, share, f"{text} {other.label} {did} at {harbours.name(best.port_id)} within a month of the meeting"
    )


def destination(case: Case) -> Finding | None:
    """A declared destination that named no place, or that was not where the vessel went next."""
    around, meeting, found = case.around, case.meeting, []
    if around.harbours is None or not around.bound:
        return None
    for side in case.sides:
        named = around.destination(side.vessel, meeting.start_us) if _a_carrier(side) else None
        if named is None:
            continue
        if not named:
            found.append((_VAGUE_SHARE, f"{side.label} declared a destination that names no place"))
            continue
        call = next((c for c in around.calls_after(side.vessel, meeting.end_us) if c.seen), None)
        there = None if call is None else around.harbours.country(call.port_id)
        if call is not None and there != named:
            where = around.harbours.name(call.port_id)
            found.append(
                (_ELSEWHERE_SHARE, f"{side.label} had declared a port in {named} and called next at {where} in {there}")
            )
    if not found:
        return None
    found.sort(key=lambda one: (-one[0], one[1]))
    words = " and ".join(text for _, text in found)
    share = min(1.0, found[0][0] + 0.5 * sum(other for other, _ in found[1:]))
    return Finding(float(len(found)), share, f"{words[0].upper()}{words[1:]}; plans change, and crews forget to type")


def _a_carrier(side: Side) -> bool:
    return side.kind == "tanker" or side.kind in MASKED


AROUND: tuple[Indicator, ...] = (
    Indicator(
        "approach", "Sailed up to the other", "h", "both", 0.3,
        "no weight; of one vessel only it counts for, never against; not asked at a berth; who was first heard at "
        "rest, or came back from a silence there, lay there at least since then",
        f"loitering events that hold the start of the meeting; how ships come alongside: {OUR_WEIGHT}",
        "Vessel 445000001 had lain still for 0.2 h when the meeting began, as one that comes alongside does",
        approach,
    ),
    Indicator(
        "departure", "Sailed off soon after", "h", "both", 0.3,
        "no weight; of one vessel only it counts for, never against; not asked at a berth; who fell silent at rest, "
        "or was last heard there, lay there at least until then",
        f"loitering events that hold the end of the meeting; how ships cast off: {OUR_WEIGHT}",
        "Vessel 445000001 lay still for 0.1 h after the meeting, as one that casts off does",
        departure,
    ),
    Indicator(
        "idling", "Idled before or after", "h", "for", 0.2,
        "no weight",
        f"loitering events around the meeting; {ADVISORY} (tankers loitering at sea); {OUR_WEIGHT}",
        "Vessel 412000001 idled there for 14.5 h before the meeting, as ships that wait for a transfer do",
        idling,
    ),
    Indicator(
        "gap_during", "Fell silent alongside", "h", "for", 0.8,
        "no weight; a silence to the end of the data does not count",
        f"{ADVISORY} (AIS switched off before and during transfers); {OUR_WEIGHT}",
        "Vessel 445000001 fell silent beside vessel 412000001, which was heard there for 4.0 h more; poor reception "
        "can look the same",
        gap_during,
        group="silence",
    ),
    Indicator(
        "port_history", "Ports before", "d", "for", 1.0,
        "no weight: a call that nobody saw clears nobody",
        f"{POE} and {ADVISORY} (loading and home ports); packaged ports; South Korea and Taiwan, where suppliers of "
        f"published cases loaded, have almost none, since lawful trade does as well; {OUR_WEIGHT}",
        "6.2 days before the meeting vessel 445000001 called at Nampo",
        port_history,
        group="home",
    ),
    Indicator(
        "next_port", "Port after", "d", "for", 1.0,
        "no weight: a call that nobody saw clears nobody",
        f"{POE} (deliveries to Nampo after transfers); packaged ports; {OUR_WEIGHT}",
        "2.4 days after the meeting vessel 445000001 called at Nampo",
        next_port,
        group="home",
    ),
    Indicator(
        "chain_position", "Between supply and a watched port", "flag", "for", 0.6,
        "no weight",
        f"{POE} (supplier, go-between, receiver); `stsdetect chains` follows longer ones; {OUR_WEIGHT}",
        "Vessel 412000001 came from Vostochny, a supply port, and vessel 445000001 called at Nampo within a month of "
        "the meeting",
        chain_position,
        group="home",
    ),
    Indicator(
        "destination", "Destination vague or never reached", "vessels", "for", 0.2,
        "no weight; a vessel that was not seen in port afterwards may have reached it",
        f"{ADVISORY} (false destinations); {OUR_WEIGHT}",
        "Vessel 412000001 had declared a port in KR and called next at Nampo in KP; plans change, and crews forget to "
        "type",
        destination,
    ),
)  # fmt: skip
