"""Indicators that speak for ordinary work: berths, anchorages, service craft, bunkering, fishing, lay-up."""

from __future__ import annotations

from collections.abc import Callable

from stsdetect.score.meetings import Side, TypeClass
from stsdetect.score.registry import (
    OUR_WEIGHT,
    Case,
    Finding,
    Indicator,
    kilometres,
    log_share,
    ramp,
)

_ITU = "ITU-R M.1371-5 table 53 (ship types)"
#: A bunker barge is shorter than this [m] (our judgement; most are 40 to 110 m).
_BARGE_M = 130.0
#: Days at the berths of one harbour [d] that count in full (our judgement).
_SHARED_DAYS = 3
#: Still hulls nearby [count] at which a crowd begins, and at which it counts in full (our judgement).
_CROWD = (2, 40)


def berth(case: Case) -> Finding | None:
    """Moored at a berth, or on land by the shoreline."""
    flags = case.meeting.flags
    if "at_berth" in flags:
        return Finding(1.0, 1.0, "The vessels lay at a berth, where ships are commonly side by side")
    if "on_land" in flags:
        return Finding(0.5, 0.5, "The place is on land by the shoreline used, as quays and new harbours are")
    return None


def anchorage(case: Case) -> Finding | None:
    """Among many vessels lying still."""
    meeting = case.meeting
    crowd = meeting.still_nearby
    share = log_share(crowd or 0, *_CROWD)
    flagged = "anchorage" in meeting.flags
    if flagged:
        share = max(share, 0.4)
    if share == 0.0:
        return None
    others = "" if crowd is None else f"{crowd} other vessels lay still nearby"
    place = "the place is an anchorage" if flagged else ""
    text = " and ".join(part for part in (others, place) if part)
    value = None if crowd is None else float(crowd)
    return Finding(value, share, f"{text[0].upper()}{text[1:]}, where vessels lie close without a transfer")


def moved_together(case: Case) -> Finding | None:
    """Seen travelling side by side as well: a tow, an escort or two transponders on one hull."""
    if "moved_together" not in case.meeting.flags:
        return None
    text = "Within a day of the meeting both travelled at over 6 kn within 300 m of each other for 20 min or more"
    return Finding(1.0, 1.0, f"{text}, consistent with a tow, an escort or two transponders on one hull")


def near_port(case: Case) -> Finding | None:
    """Close to a port."""
    distance = case.meeting.port_distance_km
    share = 0.0 if distance is None else ramp(distance, (10.0, 1.0), (20.0, 0.0))
    if distance is None or share == 0.0:
        return None
    text = f"The nearest port is {kilometres(distance)} away, where bunkering and harbour work are common"
    return Finding(distance, share, text)


def legal_zone(case: Case) -> Finding | None:
    """Inside a zone where transfers are legal and usual."""
    if not any(case.facts.zone(zone_id).legal for zone_id in case.meeting.zones):
        return None
    return Finding(1.0, 1.0, "The meeting lies in a zone where transfers are legal and usual")


def _craft(kind: TypeClass, what: str) -> Callable[[Case], Finding | None]:
    def measure(case: Case) -> Finding | None:
        a, b = case.meeting.a, case.meeting.b
        if a.kind != kind and b.kind != kind:
            return None
        found = [side for side in (a, b) if side.kind == kind]
        who = " and ".join(f"{side.label} (type {side.ship_type})" for side in found)
        return Finding(float(len(found)), 1.0, f"By broadcast type {who} {'are' if len(found) > 1 else 'is'} {what}")

    measure.__doc__ = f"A vessel that by its broadcast type is {what}."
    return measure


def fishing(case: Case) -> Finding | None:
    """Both broadcast fishing."""
    if not all(side.kind == "fishing" for side in case.sides):
        return None
    return Finding(
        2.0, 1.0, "Both vessels broadcast type 30 (fishing), consistent with pair trawling or landing a catch"
    )


def bunkering(case: Case) -> Finding | None:
    """A small tanker serving ships in harbour waters."""
    if not case.meeting.harbour:
        return None
    found: list[tuple[float, float | None, str]] = []
    for side, other in (case.sides, case.sides[::-1]):
        if side.length_m is not None and side.length_m >= _BARGE_M:
            continue
        partners = case.traffic.harbour_partners(side.vessel, case.meeting)
        if partners > 2:
            share = ramp(float(partners), (2.0, 0.0), (3.0, 0.5), (5.0, 1.0))
            text = f"{side.label} briefly met {partners} vessels in harbour waters within a week, as bunker barges do"
            found.append((share, float(partners), text))
        if side.kind == "tanker" and _is_customer(side, other):
            text = (
                f"{side.label} is a small tanker beside a larger vessel of another kind in harbour waters, "
                "consistent with bunkering"
            )
            found.append((0.6, None, text))
    if not found:
        return None
    share, value, text = min(found, key=lambda entry: (-entry[0], entry[2]))
    return Finding(value, share, text[0].upper() + text[1:])


def _is_customer(barge: Side, other: Side) -> bool:
    if other.kind == "tanker" or other.length_m is None:
        return False
    own = barge.length_m
    return other.length_m >= (_BARGE_M if own is None else 1.5 * own)


def lay_up(case: Case) -> Finding | None:
    """Together for days without moving."""
    meeting = case.meeting
    share = ramp(meeting.duration_h, (48.0, 0.0), (120.0, 1.0))
    if share == 0.0 or meeting.subtype == "under_way":
        return None
    days = meeting.duration_h / 24.0
    return Finding(days, share, f"The vessels lay together for {days:.1f} days, consistent with lay-up or repair")


def shared_berths(case: Case) -> Finding | None:
    """Moored in one harbour as well, among many: contact there is summed up and not written as meetings."""
    days = 0 if case.berths is None else case.berths.days(case.meeting.a.vessel, case.meeting.b.vessel)
    if days == 0:
        return None
    when = "1 day" if days == 1 else f"{days} days"
    text = f"On {when} both vessels lay at crowded berths of one harbour, consistent with one home port or trade"
    return Finding(float(days), min(days, _SHARED_DAYS) / _SHARED_DAYS, text)


AGAINST: tuple[Indicator, ...] = (
    Indicator(
        "berth", "At a berth", "flag", "against", -5.0,
        "no weight",
        f"a published score of 80 of 100 for two vessels in a berth at Ust-Luga shows the trap; {OUR_WEIGHT}",
        "The vessels lay at a berth, where ships are commonly side by side",
        berth,
        group="place",
    ),
    Indicator(
        "anchorage", "Crowded anchorage", "vessels", "against", -2.5,
        "no weight",
        f"Global Fishing Watch leaves out encounters within 10 km of an anchorage; here it only weighs; {OUR_WEIGHT}",
        "14 other vessels lay still nearby and the place is an anchorage, where vessels lie close without a transfer",
        anchorage,
        group="place",
    ),
    Indicator(
        "near_port", "Near a port", "km", "against", -1.2,
        "no weight",
        f"Global Fishing Watch leaves out encounters within 10 km of an anchorage; {OUR_WEIGHT}",
        "The nearest port is 6.2 km away, where bunkering and harbour work are common",
        near_port,
        group="place",
    ),
    Indicator(
        "legal_zone", "Legal lightering zone", "flag", "against", -1.2,
        "no weight",
        f"packaged zones of category legal_lightering (33 CFR 156 subpart C) and legal_sts; {OUR_WEIGHT}",
        "The meeting lies in a zone where transfers are legal and usual",
        legal_zone,
    ),
    Indicator(
        "moved_together", "Travelled together", "flag", "against", -3.5,
        "no weight",
        f"a transfer under way runs at up to about 5 kn; {OUR_WEIGHT}",
        "Within a day of the meeting both travelled at over 6 kn within 300 m of each other for 20 min or more, "
        "consistent with a tow, an escort or two transponders on one hull",
        moved_together,
    ),
    Indicator(
        "pilot", "Pilot boat", "vessels", "against", -4.5,
        "no weight",
        f"{_ITU}; {OUR_WEIGHT}",
        "By broadcast type vessel 257000001 (type 50) is a pilot boat",
        _craft("pilot", "a pilot boat"),
    ),
    Indicator(
        "tug", "Tug or tow", "vessels", "against", -4.5,
        "no weight",
        f"{_ITU}; {OUR_WEIGHT}",
        "By broadcast type vessel 257000001 (type 52) is a tug or tow",
        _craft("tug", "a tug or tow"),
    ),
    Indicator(
        "service", "Service craft", "vessels", "against", -4.5,
        "no weight",
        f"{_ITU}; {OUR_WEIGHT}",
        "By broadcast type vessel 257000001 (type 53) is a service craft",
        _craft("service", "a service craft"),
    ),
    Indicator(
        "passenger", "Passenger vessel or yacht", "vessels", "against", -4.5,
        "no weight",
        f"{_ITU}; {OUR_WEIGHT}",
        "By broadcast type vessel 257000001 (type 60) is a passenger vessel or yacht",
        _craft("passenger", "a passenger vessel or yacht"),
    ),
    Indicator(
        "fishing", "Two fishing vessels", "vessels", "against", -5.0,
        "no weight",
        f"{_ITU}; one fishing type alone does not count against: receivers have broadcast it; {OUR_WEIGHT}",
        "Both vessels broadcast type 30 (fishing), consistent with pair trawling or landing a catch",
        fishing,
    ),
    Indicator(
        "bunkering", "Bunker barge at work", "partners", "against", -5.0,
        "an unknown length counts as small",
        f"{OUR_WEIGHT}, after the pattern of bunker barges: many short calls near a port; raised after simulated "
        "months (seeds 3 and 4)",
        "Vessel 563000001 briefly met 6 vessels in harbour waters within a week, as bunker barges do",
        bunkering,
    ),
    Indicator(
        "lay_up", "Together for days", "days", "against", -1.5,
        "no weight",
        OUR_WEIGHT,
        "The vessels lay together for 4.5 days, consistent with lay-up or repair",
        lay_up,
    ),
    Indicator(
        "shared_berths", "Shared harbours", "days", "against", -0.6,
        "no weight",
        f"days in one crowded berth area (table berths), a third of the weight each; {OUR_WEIGHT}",
        "On 2 days both vessels lay at crowded berths of one harbour, consistent with one home port or trade",
        shared_berths,
        per_pair=True,
    ),
)  # fmt: skip
