"""Indicators of who the two are to each other: supplier and receiver, sister ships, acquaintances of the listed."""

from __future__ import annotations

import math
import re

from stsdetect.score.meetings import MASKED, Side
from stsdetect.score.registry import MOFA, OUR_WEIGHT, POE, Case, Finding, Indicator, ramp
from stsdetect.score.volume import Size, coefficient, deadweight_t, displacement_t

#: Logarithm (base 2) of how many times more one draught says passed than the other, to share: lengths, waterplanes and
#: decimals are uncertain by a factor of 1.6 together, ballast by more (our judgement).
_AGREE_SHARE = ((0.7, 1.0), (1.6, 0.0), (3.0, -1.0))
#: A smaller change of draught is a retyped decimal [m], as for the indicator draught.
_LEAST_M = 0.2
#: A supplier is longer than the receiver by this factor at least, and at most (our judgement).
_LONGER = (1.15, 3.5)
#: What knowing a listed vessel is worth by the number of steps between (our judgement: by half and less each).
_STEPS = {1: 1.0, 2: 0.35, 3: 0.1}
#: Sisters have lengths that differ by no more than this [m]; AIS gives whole metres.
_SISTER_M = 2.0


def parcel(case: Case) -> Finding | None:
    """Whether what left one vessel, by draught and size, is what came aboard the other."""
    moved = [(side.draught_change_m, side) for side in case.sides]
    if any(change is None or abs(change) < _LEAST_M or not side.length_m for change, side in moved):
        return None
    (one, first), (other, second) = moved
    if one is None or other is None or one * other > 0:
        return None
    tonnes = [_tonnes(abs(change), side) for change, side in ((one, first), (other, second))]
    low, high = min(tonnes), max(tonnes)
    capacity = min(deadweight_t(Size(side.length_m)) or math.inf for side in case.sides)
    share = ramp(math.log2(high / low), *_AGREE_SHARE)
    text = f"By draught and length about {_round(low)} t passed by the one and {_round(high)} t by the other"
    if low > 1.5 * capacity:
        return Finding(high / low, -1.0, f"{text}, more than the smaller of them holds")
    verdict = "which agrees" if share > 0 else "which says little" if share > -0.3 else "which does not agree"
    return Finding(high / low, share, f"{text}, {verdict}")


def _tonnes(change_m: float, side: Side) -> float:
    length = side.length_m or 0.0
    breadth = length / coefficient("length_by_breadth")[1]
    return displacement_t(change_m, Size(length, breadth), coefficient("waterplane_schneekluth")[1])


def _round(tonnes: float) -> str:
    return f"{round(tonnes, -2):,.0f}" if tonnes >= 500 else f"{round(tonnes, -1):,.0f}"


def receiver(case: Case) -> Finding | None:
    """A hull as large as known receivers beside a larger one that could supply it."""
    if any(not side.length_m for side in case.sides):
        return None
    small, large = sorted(case.sides, key=lambda side: (side.length_m or 0.0, side.vessel))
    ratio = (large.length_m or 0.0) / (small.length_m or 1.0)
    carriers = case.aim.carriers
    if not _LONGER[0] <= ratio <= _LONGER[1] or large.kind not in carriers:
        return None
    if small.kind not in carriers and small.kind not in MASKED:
        return None
    least, _, most = coefficient("receiver_dwt")
    holds = deadweight_t(Size(small.length_m)) or 0.0
    share = ramp(holds, (0.5 * least, 0.0), (least, 1.0), (most, 1.0), (1.6 * most, 0.0))
    if share == 0.0:
        return None
    who = f"{small.label[0].upper()}{small.label[1:]} ({small.length_m:.0f} m, about {_round(holds)} t)"
    text = f"{who} lay beside a larger {large.kind} of {large.length_m:.0f} m, as receivers of published cases did"
    return Finding(ratio, share, text)


def listed_near(case: Case) -> Finding | None:
    """Another meeting, like a transfer, of one of the two leads to a listed vessel."""
    steps = case.traffic.steps_to_listed(case.listed)
    if not steps or any(steps.get(side.vessel) == 0 for side in case.sides):
        return None
    known = [(steps[side.vessel], side.vessel, side) for side in case.sides if side.vessel in steps]
    if not known:
        return None
    count, _, side = min(known, key=lambda one: one[:2])
    share = _STEPS.get(count, 0.0)
    if not share:
        return None
    how = "met" if count == 1 else f"is {count} meetings away from"
    text = f"{side.label[0].upper()}{side.label[1:]} {how} a vessel that is on a list, in a way that is like a transfer"
    return Finding(float(count), share, text)


_NUMBERED = re.compile(r"(?P<stem>[A-Z][A-Z .'-]{3,}?)[ .-]*(?:NO\.? ?)?(?P<number>\d{1,4}|[IVX]{1,4})")


def sisters(case: Case) -> Finding | None:
    """Two ships of one name but for a number, of one flag and length: one operator's, as far as AIS can show."""
    a, b = case.sides
    if not a.name or not b.name or not a.length_m or not b.length_m or abs(a.length_m - b.length_m) > _SISTER_M:
        return None
    one, other = (_NUMBERED.fullmatch(" ".join(side.name.upper().split())) for side in (a, b) if side.name)
    if one is None or other is None or one["stem"] != other["stem"] or one["number"] == other["number"]:
        return None
    flags = [None if side.mmsi is None else case.traffic.flags.get(side.mmsi) for side in (a, b)]
    if flags[0] is None or flags[0] != flags[1] or flags[0] == "KP":
        return None  # those of a fleet that is looked for are no excuse
    length = f"{a.length_m:.0f} and {b.length_m:.0f} m"
    text = f"Both are of one name with two numbers, of flag {flags[0]}, and {length} long"
    return Finding(1.0, 1.0, f"{text}, as sister ships of one operator are, which lie together for many reasons")


PARTIES: tuple[Indicator, ...] = (
    Indicator(
        "parcel", "Draughts consistent with one parcel", "ratio", "both", 0.6,
        "no weight: asked only where both typed draughts moved opposite ways and both lengths are known",
        f"packaged coefficients of hulls, each with its source; {OUR_WEIGHT}",
        "By draught and length about 1,300 t passed by the one and 1,500 t by the other, which agrees",
        parcel,
        group="draught",
    ),
    Indicator(
        "receiver", "Small receiver, larger supplier", "ratio", "for", 0.4,
        "no weight",
        f"{MOFA} and US Treasury (receivers of 1,150 to 5,000 dwt beside larger suppliers); {OUR_WEIGHT}",
        "Vessel 445000001 (82 m, about 2,600 t) lay beside a larger tanker of 120 m, as receivers of published cases "
        "did",
        receiver,
        group="craft",
    ),
    Indicator(
        "listed_near", "Meetings lead to a listed vessel", "meetings", "for", 0.8,
        "no weight: without lists it is not asked",
        f"encounters of the data, and the lists given; {POE} (networks of the same vessels); {OUR_WEIGHT}",
        "Vessel 412000001 met a vessel that is on a list, in a way that is like a transfer",
        listed_near,
    ),
    Indicator(
        "sisters", "Sister ships", "flag", "against", -0.8,
        "no weight",
        f"AIS shows no owner: names, flag and length stand for one; not asked of the flag of the DPRK; {OUR_WEIGHT}, "
        "kept small, since fleets that hide have sister ships, too",
        "Both are of one name with two numbers, of flag CN, and 98 and 98 m long, as sister ships of one operator are, "
        "which lie together for many reasons",
        sisters,
    ),
)  # fmt: skip
