"""Indicators that speak for a transfer (some also against, where the value is far off)."""

from __future__ import annotations

from stsdetect.score.meetings import HOUR_US, MASKED, Meeting, Side, safe_id
from stsdetect.score.registry import (
    ADVISORY,
    MOFA,
    OUR_WEIGHT,
    POE,
    Case,
    Finding,
    Indicator,
    kilometres,
    metres,
    ramp,
    unknown,
)
from stsdetect.score.traffic import NEAR_H, OUTAGE_HULLS

#: Shares by the confidence the zone list states (its own words); a user's own zone counts as medium.
_ZONE_SHARE = {"high": 1.0, "medium": 0.8, "medium-low": 0.65, "low": 0.5, "": 0.8}
#: Loading berths and port approaches are full of ordinary traffic.
_CATEGORY_FACTOR = {"loading_port": 0.4, "port_approach_sts": 0.6}
#: A zone still counts a little this far outside its box [km]; the boxes are good to about 50 km.
_ZONE_REACH_KM = 50.0

#: Clearance [m] to share: fenders and error to 15 m, no hose reaches beyond about 60 m.
_GAP_SHARE = ((15.0, 1.0), (60.0, 0.0), (250.0, -1.0))
#: |cos| of the difference of headings to share: 0.98 is 11 degrees, 0.8 is 37 degrees.
_HEADING_SHARE = ((0.3, -1.0), (0.8, 0.0), (0.98, 1.0))
#: Hours alongside to share: 600-2,000 t at 200-600 t/h, with mooring and hoses, takes 2 to 10 h. In parts of the least
#: and of the greatest time of a transfer.
_LEAST_SHARE = ((0.0, -0.5), (0.5, -0.3), (0.75, 0.0), (1.0, 0.8), (1.5, 1.0))
_MOST_SHARE = ((1.0, 1.0), (2.4, 0.2), (4.8, -0.3), (9.6, -0.5))
#: Distance to shore [km] to share; 22 km are the 12 nautical miles of the territorial sea.
_SHORE_SHARE = ((1.0, -1.0), (5.0, -0.5), (12.0, 0.0), (22.2, 0.4), (60.0, 1.0))
#: Least draught change that is more than a retyped decimal [m], and the change that earns full weight [m].
_DRAUGHT_LEAST_M, _DRAUGHT_FULL_M = 0.2, 0.8


def zone(case: Case) -> Finding | None:
    """Inside, or not far from, a zone named in published reports."""
    meeting = case.meeting
    best: tuple[float, str] | None = None
    wanted = set(case.aim.zone_uses)
    for zone_id in meeting.zones:
        known = case.facts.zone(zone_id)
        if known.legal or (known.uses and wanted and not known.uses & wanted):
            continue
        share = _ZONE_SHARE.get(known.confidence.split(" ")[0], 0.5) * _CATEGORY_FACTOR.get(known.category, 1.0)
        if best is None or (-share, zone_id) < (-best[0], best[1]):
            best = (share, zone_id)
    if best is not None:
        sure = case.facts.zone(best[1]).confidence or "not stated"
        return Finding(
            0.0,
            best[0],
            f"The meeting lies inside the transfer zone {safe_id(best[1])} (confidence of the zone: {sure})",
        )
    distance = meeting.zone_distance_km
    if distance is None or meeting.zones:
        return None
    share = 0.3 * ramp(distance, (0.0, 1.0), (_ZONE_REACH_KM, 0.0))
    where = f"The nearest known transfer zone is {kilometres(distance)} away"
    return Finding(distance, share, where if share else f"{where}, which counts neither way")


def hull_gap(case: Case) -> Finding:
    """Clearance between hulls at their closest."""
    meeting = case.meeting
    low, high = meeting.hull_gap_min_m, meeting.hull_gap_max_m
    if low is None or high is None:
        return _antenna_distance(case)
    low, high = min(low, high), max(low, high)
    share = sum(ramp(x, *_GAP_SHARE) for x in (low, (low + high) / 2, high)) / 3
    source = {"dimensions": "", "size": " (from length and width)", "class": " (from the class of ship)"}
    apart = f"between {max(low, 0.0):.0f} and {max(high, 0.0):.0f} m apart at their closest"
    if share >= 0.3:
        verdict = "consistent with lying alongside"
    elif share > -0.2:
        verdict = "which leaves open whether they lay alongside"
    elif ramp(max(low, 0.0), *_GAP_SHARE) < 0:
        verdict = "too far for a transfer by hose"
    else:
        verdict = "more likely apart than alongside"
    return Finding(low, share, f"Hulls were {apart}{source.get(meeting.hull_gap_source or '', '')}, {verdict}")


def _antenna_distance(case: Case) -> Finding:
    distance = case.meeting.min_distance_m
    if distance is None:
        return unknown("The clearance between the hulls is not known")
    # Antennas of two 300 m hulls alongside can be 300 m apart, so only more than that counts; never for.
    share = min(0.0, ramp(max(distance - 300.0, 0.0), *_GAP_SHARE))
    if share == 0.0:
        return unknown(f"Antennas came within {metres(distance)}, but the size of the hulls is not known")
    return Finding(None, share, f"Antennas came no closer than {metres(distance)}, too far for a transfer by hose")


def heading(case: Case) -> Finding:
    """Whether the hulls lay parallel."""
    value = case.meeting.heading_alignment
    if value is None:
        return unknown("Headings were not broadcast by both vessels")
    share = ramp(value, *_HEADING_SHARE)
    verdict = "consistent with lying alongside" if share > 0 else "not as vessels made fast to each other lie"
    return Finding(value, share, f"Headings were aligned to {value:.2f} (1 is parallel), {verdict}")


def duration(case: Case) -> Finding:
    """Time together against the time a parcel takes to pump."""
    hours, still, aim = case.meeting.duration_h, case.meeting.is_open, case.aim
    least, most = aim.transfer_from_h, aim.transfer_to_h
    share = min(ramp(hours / least, *_LEAST_SHARE), ramp(hours / most, *_MOST_SHARE))
    if still and hours < 0.75 * least:
        share = max(share, 0.0)  # it may go on after the data end
    together = f"The vessels were together for {'at least ' if still else ''}{hours:.1f} h"
    pumping = f"the {least:g} to {most:g} h that {aim.parcel}"
    if least <= hours <= most:
        return Finding(hours, share, f"{together}, consistent with {pumping}")
    relation = "less than" if hours < least else "more than"
    return Finding(hours, share, f"{together}, {relation} {pumping}")


#: How types that carry cargo are broadcast.
CODES = {"tanker": "80 to 89", "cargo": "70 to 79"}


def types(case: Case) -> Finding | None:
    """Two carriers, tankers as a rule, or one with a vessel whose type does not rule such a cargo out."""
    a, b = case.sides
    kinds, carriers = {a.kind, b.kind}, case.aim.carriers
    masked = MASKED - set(carriers)
    if kinds <= set(carriers):
        said = " or ".join(f"a {kind} type ({CODES[kind]})" for kind in sorted(kinds))
        return Finding(2.0, 1.0, f"Both vessels broadcast {said}")
    if not kinds & set(carriers):
        if kinds <= masked:
            return Finding(0.0, 0.0, f"Neither vessel broadcasts a {carriers[0]} type, which counts neither way")
        return None
    carrier, other = (a, b) if a.kind in carriers else (b, a)
    if other.kind in masked:
        shown = "no type" if other.kind == "unknown" else f"type {other.ship_type} ({other.kind})"
        return Finding(
            1.0,
            0.8,
            f"{_cap(carrier)} broadcasts a {carrier.kind} type and {other.label} {shown}, as receivers that hide do",
        )
    if other.kind == "fishing":
        text = (
            f"{_cap(carrier)} broadcasts a {carrier.kind} type and {other.label} type 30 (fishing), seen on receivers"
        )
        return Finding(1.0, 0.5, text)
    return None


def size(case: Case) -> Finding | None:
    """Whether the sizes suit a small-tanker transfer."""
    a, b = (side.length_m for side in case.sides)
    if a is None or b is None:
        known = a if a is not None else b
        if known is not None and known < 25.0:
            return Finding(known, -0.5, f"One vessel is only {known:.0f} m long, small for a cargo of oil")
        return (
            unknown("The lengths of both vessels are not known")
            if known is None
            else unknown("The length of one vessel is not known")
        )
    short, long = min(a, b), max(a, b)
    share = 1.0 if short >= 35.0 and 60.0 <= long <= 250.0 else 0.0
    share = min(share, ramp(long / short, (2.5, 1.0), (3.5, 0.0), (6.0, -1.0)))
    if short < 25.0:
        share = min(share, -0.5)
    verdict = (
        "sizes that suit a transfer between small tankers"
        if share > 0
        else ("sizes that say little" if share == 0 else "an uneven pair, more usual for service at sea")
    )
    return Finding(long / short, share, f"The vessels are {short:.0f} and {long:.0f} m long, {verdict}")


def draught(case: Case) -> Finding:
    """Whether one vessel rose while the other sank."""
    moved = [(side, side.draught_change_m) for side in case.sides if side.draught_change_m is not None]
    changed = [(side, change) for side, change in moved if abs(change) >= _DRAUGHT_LEAST_M]
    if not moved:
        return unknown("No draught before and after is known; crews type it by hand")
    if not changed:
        return Finding(0.0, 0.0, "The draughts typed by the crews did not change, which counts neither way")
    words = " and ".join(f"{s.label} {'rose' if c < 0 else 'sank deeper'} by {abs(c):.1f} m" for s, c in changed)
    if len(changed) == 1:
        share = 0.35 * min(1.0, abs(changed[0][1]) / _DRAUGHT_FULL_M)
        return Finding(changed[0][1], share, f"By typed draught {words}; the other did not change or is not known")
    first, second = changed[0][1], changed[1][1]
    spread = abs(first - second)
    if first * second > 0:
        return Finding(spread, -0.2, f"By typed draught both moved the same way: {words}")
    share = 0.5 + 0.5 * min(1.0, min(abs(first), abs(second)) / _DRAUGHT_FULL_M)
    return Finding(spread, share, f"By typed draught {words}, consistent with cargo passing from one to the other")


def night(case: Case) -> Finding | None:
    """Share of the meeting in the dark."""
    value = case.meeting.night_share
    if value is None:
        return None
    share = ramp(value, (0.4, 0.0), (0.9, 1.0))
    after = ", as in most published cases" if share else ", which counts neither way"
    return Finding(value, share, f"{value:.0%} of the meeting was at night{after}")


def offshore(case: Case) -> Finding:
    """Distance to shore."""
    value = case.meeting.shore_distance_km
    if value is None:
        return unknown("The distance to shore is not known")
    share = ramp(value, *_SHORE_SHARE)
    place = "on land by the shoreline used" if value < 0 else f"{kilometres(value)} from shore"
    verdict = "out of sight of harbours" if share > 0 else "where ordinary harbour work is common"
    return Finding(value, share, f"The meeting was {place}, {verdict}")


def under_way(case: Case) -> Finding | None:
    """Held together while moving."""
    meeting = case.meeting
    if meeting.subtype != "under_way":
        return None
    speed = meeting.median_speed_kn
    pace = "at a speed not known" if speed is None else f"at {speed:.1f} kn"
    return Finding(speed, 1.0, f"The vessels moved side by side {pace}, consistent with a transfer under way")


def gap_before(case: Case) -> Finding | None:
    """Silence of either vessel that ended shortly before the meeting."""
    return _silence(case, before=True)


def gap_after(case: Case) -> Finding | None:
    """Silence of either vessel that began shortly after the meeting."""
    return _silence(case, before=False)


#: What a silence counts that lasts to the end of the data (our judgement).
_OPEN_SHARE = 0.25


#: How a silence was judged by who else was heard there, in words.
_CAUTION: dict[str | None, str] = {
    "dark": "; others nearby were still heard",
    "outage": "; the neighbourhood fell silent, too",
    "thin": "; it could not be heard well there",
}


def _silence(case: Case, *, before: bool) -> Finding | None:
    meeting, traffic = case.meeting, case.traffic
    find = traffic.silence_before if before else traffic.silence_after
    found = []
    for side in case.sides:
        silence = find(side.vessel, meeting)
        if silence is None:
            continue
        # A vessel often out of reach tells little by one more silence; nor does a silence many share.
        share = (0.7 if silence.long else 0.25) * min(1.0, 3.0 / traffic.silences_like(silence))
        # Not heard again before the data end: it may as well have left the area they cover.
        share *= _OPEN_SHARE if silence.is_open else 1.0
        together = traffic.silent_together(silence)
        if together >= OUTAGE_HULLS or silence.coverage in ("outage", "thin"):
            share = 0.0
        found.append((share, silence, side, together))
    if not found:
        return None
    share = min(1.0, found[0][0] + (found[1][0] if len(found) > 1 else 0.0))
    words = " and ".join(
        f"{side.label} was "
        + ("not heard again in the data, which go on" if silence.is_open else "silent")
        + f" for {silence.hours:.1f} h"
        for _, silence, side, _ in found
    )
    when = "before" if before else "after"
    verdicts = {silence.coverage for _, silence, _, _ in found}
    caution = _CAUTION.get(next(iter(verdicts)) if len(verdicts) == 1 else None, "; poor reception can look the same")
    crowd = max(together for *_, together in found)
    if crowd >= OUTAGE_HULLS:
        caution = f"; {crowd} other vessels nearby fell silent at the same time, as when reception fails"
    text = f"Within two days {when} the meeting {words}{caution}"
    return Finding(max(silence.hours for _, silence, _, _ in found), share, text)


def repeats(case: Case) -> Finding | None:
    """More meetings of the same kind within two days, of the pair or of one vessel with others."""
    meeting = case.meeting
    pair, others = 0, set()
    for side, partner in ((meeting.a, meeting.b), (meeting.b, meeting.a)):
        for other in case.traffic.transfers_around(side.vessel, meeting, NEAR_H):
            their = other.b if other.a.vessel == side.vessel else other.a
            if their.vessel != partner.vessel:
                others.add(their.vessel)
            elif side is meeting.a and _apart_h(meeting, other) >= 2.0:
                pair += 1
            if len(others) > _TOO_MANY:  # a supply or service vessel, not a receiver at work
                return None
    if not pair and not others:
        return None
    again = f"the same pair met {pair} more time{'s' * (pair > 1)}" if pair else ""
    more = f"they met {len(others)} other vessel{'s' * (len(others) > 1)} in the same way" if others else ""
    text = f"Within two days {' and '.join(part for part in (again, more) if part)}"
    return Finding(float(pair + len(others)), 1.0 - 0.5 ** (pair + len(others)), text)


#: With more partners than this in two days a vessel serves others.
_TOO_MANY = 4


def _apart_h(one: Meeting, other: Meeting) -> float:
    return max(one.start_us - other.end_us, other.start_us - one.end_us) / HOUR_US


def _cap(side: Side) -> str:
    return side.label[0].upper() + side.label[1:]


FOR: tuple[Indicator, ...] = (
    Indicator(
        "zone", "Known transfer zone", "km", "for", 0.8,
        "no weight",
        "packaged zones, each with its own source and confidence (Japan MOFA releases, OFAC advisories, UN Panel "
        f"of Experts, RUSI, VOA); {OUR_WEIGHT}, kept small because these waters are busy",
        "The meeting lies inside the transfer zone ecs_shanghai_east (confidence of the zone: medium)",
        zone,
        group="place",
    ),
    Indicator(
        "hull_gap", "Clearance between hulls", "m", "both", 1.8,
        "no weight; antennas more than 315 m apart still count against",
        f"{MOFA} (photographs of vessels made fast with hoses connected); {OUR_WEIGHT}",
        "Hulls were between 0 and 12 m apart at their closest, consistent with lying alongside",
        hull_gap,
        group="contact",
    ),
    Indicator(
        "heading", "Headings parallel", "|cos|", "both", 0.7,
        "no weight",
        f"{MOFA} (vessels lie parallel in photographs); {OUR_WEIGHT}",
        "Headings were aligned to 0.99 (1 is parallel), consistent with lying alongside",
        heading,
        group="contact",
    ),
    Indicator(
        "duration", "Time together", "h", "both", 1.0,
        "always known",
        "parcels of 600 t (2017-10-19), 1,500, 1,600 and 2,000 t (US Treasury, Reuters); alongside less than "
        f"7 h 40 min after the first photograph on 2020-01-12 (MOFA Japan); pumping rates and {OUR_WEIGHT}",
        "The vessels were together for 5.2 h, consistent with the 2 to 10 h that 600 to 2,000 t take to pump",
        duration,
    ),
    Indicator(
        "types", "Ship types", "tankers", "for", 1.5,
        "an unknown type counts as cargo (70) does, never more",
        f"{ADVISORY} (tankers; vessels that disguise what they are); {OUR_WEIGHT}",
        "Both vessels broadcast a tanker type (80 to 89)",
        types,
        group="craft",
    ),
    Indicator(
        "size", "Sizes", "ratio", "both", 0.6,
        "no weight",
        f"{MOFA} and US Treasury (receivers and suppliers of about 1,000 to 11,000 dwt); {OUR_WEIGHT}",
        "The vessels are 82 and 104 m long, sizes that suit a transfer between small tankers",
        size,
        group="craft",
    ),
    Indicator(
        "draught", "Draughts moving opposite ways", "m", "both", 1.6,
        "no weight: crews type it by hand, so its absence says nothing",
        f"FT and RUSI on Mercury and Shundlli, 2022-12-01 (supplier's draught fell); {OUR_WEIGHT}",
        "By typed draught vessel 412000001 rose by 0.8 m and vessel 445000001 sank deeper by 1.1 m, consistent "
        "with cargo passing from one to the other",
        draught,
        group="draught",
    ),
    Indicator(
        "night", "In the dark", "share", "for", 0.6,
        "no weight",
        f"{MOFA} (most sightings at night or before dawn); {OUR_WEIGHT}, raised after simulated months (11 to 18)",
        "93% of the meeting was at night, as in most published cases",
        night,
    ),
    Indicator(
        "offshore", "Distance to shore", "km", "both", 1.5,
        "no weight",
        f"{MOFA} (high seas, 240 to 450 km from Shanghai); Global Fishing Watch leaves out encounters within "
        f"10 km of an anchorage; {OUR_WEIGHT}, raised after simulated months (seeds 3 and 4, 11 to 18)",
        "The meeting was 240 km from shore, out of sight of harbours",
        offshore,
        group="place",
    ),
    Indicator(
        "under_way", "Side by side under way", "kn", "for", 0.5,
        "no weight",
        f"{POE} (transfers under way); {OUR_WEIGHT}",
        "The vessels moved side by side at 3.4 kn, consistent with a transfer under way",
        under_way,
    ),
    Indicator(
        "gap_before", "Silence before", "h", "for", 0.8,
        "no weight",
        f"{ADVISORY} (AIS switched off); silences shared by other vessels nearby do not count; {OUR_WEIGHT}",
        "Within two days before the meeting vessel 445000001 was silent for 9.1 h; poor reception can look the same",
        gap_before,
    ),
    Indicator(
        "gap_after", "Silence after", "h", "for", 0.8,
        "no weight",
        f"{ADVISORY} (AIS switched off); silences shared by other vessels nearby do not count; {OUR_WEIGHT}",
        "Within two days after the meeting vessel 445000001 was silent for 9.1 h; poor reception can look the same",
        gap_after,
        group="silence",
    ),
    Indicator(
        "repeats", "Repeats within two days", "meetings", "for", 0.8,
        "no weight",
        "MOFA Japan and KBS: two engagements on 2019-03-20, six on 2019-05-13/14, two days running on "
        f"2019-12-16/17; {OUR_WEIGHT}",
        "Within two days the same pair met 1 more time",
        repeats,
        per_pair=True,
    ),
)  # fmt: skip
