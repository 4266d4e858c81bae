"""Indicators of possible meetings that nobody saw: what silences allowed, and how a visible vessel behaved.

Nothing here says that two vessels met. Weights are lower than for meetings that were seen, and what a crowd could
explain as well counts little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stsdetect.score.indicators_against import AGAINST
from stsdetect.score.indicators_around import AROUND
from stsdetect.score.indicators_for import CODES, FOR
from stsdetect.score.indicators_identity import IDENTITY
from stsdetect.score.indicators_known import KNOWN
from stsdetect.score.indicators_watch import WATCH_LIST
from stsdetect.score.meetings import MASKED, Side, safe_id
from stsdetect.score.registry import ADVISORY, MOFA, OUR_WEIGHT, POE, Case, Finding, Indicator, log_share, ramp, unknown
from stsdetect.score.unseen import NOBODY, Lead, Source, Unseen, without_partner

#: Hours that a silence leaves for being together, to share: as long as the transfer takes, and no more for days on
#: end, in which a hull can have met anybody (our judgement).
_ROOM_SHARE = ((0.0, -0.5), (1.5, 0.0), (3.0, 1.0), (24.0, 1.0), (96.0, 0.2), (240.0, 0.0))
#: Hours of a visible stay to share: as the time together of seen meetings, milder for long stays.
_STAY_SHARE = ((1.5, 0.0), (3.0, 1.0), (10.0, 1.0), (24.0, 0.2), (48.0, -0.5))
#: Signature to share: of the stays in a simulated sea of ordinary traffic, mostly at anchor, half are below 0.3 and
#: nine tenths below 0.65 [measured].
_SIGNATURE_SHARE = ((0.3, -1.0), (0.55, 0.0), (0.85, 1.0))
#: Candidate score to share: it is a logarithm of odds, and so counts evenly, by seven eighths, over all that matters.
_MATCH_SHARE = ((-4.0, -1.0), (4.0, 0.0), (12.0, 1.0))
#: Logarithm (base 2) of how far a hull moved at rest [km] to share: at anchor it swings within a few hundred metres,
#: adrift, as tankers alongside at sea are, it goes miles (simulated months; `stsdetect.detect.signature`).
_DRIFT_SHARE = ((-2.0, -1.0), (0.0, 0.0), (2.5, 1.0))
#: Better fits at which a silence says nothing for a meeting any more (simulated months: half of the false ones).
_MANY_BETTER = 8
#: Rivals at which a crowd begins, and at which it counts in full (our judgement).
_RIVALS = (1, 20)
#: What the verdict on a silence is worth: little for, since ships fall silent for reasons of their own where receivers
#: are good, all against, since an outage hides everyone alike (our judgement).
_VERDICT_SHARE = {"dark": 0.4, "unknown": 0.0, "thin": -0.1, "outage": -1.0}
#: Candidates named in a sentence.
_NAMED = 3
#: How much more or less these count of a possible meeting than of one that was seen: fitted and rounded on simulated
#: months (``python -m tests.evaluate``, seeds 3 to 6; kinds of lead balanced on 11 to 18), with the weights as a prior.
#: Types and draughts are in the candidate score already; where nobody was seen, place, hour and history must tell a
#: transfer from two silences.
_COUNTS = {
    "zone": 2.0, "offshore": 1.9, "night": 3.0, "flag": 2.5, "types": 0.6, "near_port": 1.2, "shared_berths": 1.5,
    "home_flag": 0.3, "odd_identity": 2.0, "no_imo": 2.0, "size": 0.5, "port_history": 0.3, "next_port": 0.3,
    "chain_position": 0.3,
}  # fmt: skip
#: What counts half where the place is only that at which both would likeliest have met.
_OF_A_PLACE = frozenset({"zone", "offshore", "legal_zone", "near_port", "anchorage"})


@dataclass(frozen=True)
class DarkCase:
    """One possible meeting of a lead with what surrounds it: all a dark indicator may look at."""

    lead: Lead
    one: Unseen
    case: Case
    #: Whether the two may be one hull under two identities.
    one_hull: bool = False
    #: Hours of the possible meeting in which the visible vessel was seen with another one.
    company_h: float = 0.0

    @property
    def silences(self) -> list[Source]:
        """The silences it was inferred from."""
        return [source for source in self.one.sources if source is not None and source.kind == "gap"]

    @property
    def stay(self) -> Source | None:
        """The visible stay it was inferred from."""
        return next((s for s in self.one.sources if s is not None and s.kind == "loitering"), None)


def base(case: DarkCase) -> Finding:
    """Every possible meeting starts below a meeting that was seen."""
    if case.one.unheard:
        text = (
            "One vessel was heard at rest before and after a silence of its own, not in it; its partner was not heard"
        )
        text = f"{text}: most vessels at rest are alone"
        return Finding(None, 1.0, text)
    if case.one.one_dark:
        return Finding(None, 1.0, "One vessel was seen at rest, its partner was not: most vessels at rest are alone")
    return Finding(None, 0.63, "Neither vessel was seen: most silences that could have met did not")


def room(case: DarkCase) -> Finding:
    """Time that the silences leave for being together."""
    hours = case.one.reach_max_h
    if hours is None:
        return unknown("How long a silence leaves for a meeting is not known")
    share, aim = ramp(hours, *_ROOM_SHARE), case.case.aim
    if hours < 1.5:
        verdict = "too short for a transfer"
    elif hours <= 24.0:
        verdict = f"consistent with the {aim.transfer_from_h:g} to {aim.transfer_to_h:g} h that {aim.parcel}"
    else:
        verdict = "long enough for much else"
    whose = "The silence leaves" if case.one.one_dark else "Both silences leave"
    return Finding(hours, share, f"{whose} up to {hours:.1f} h for lying together, {verdict}")


def stay(case: DarkCase) -> Finding | None:
    """Length of the visible vessel's stay."""
    if not case.one.one_dark:
        return None
    hours = case.one.meeting.duration_h if case.stay is None else case.stay.hours
    share = ramp(hours, *_STAY_SHARE)
    verdict = "as long as a transfer takes" if share > 0.5 else "which says little" if share > -0.2 else "as in waiting"
    who = _cap(case.one.visible)
    if case.one.unheard:
        text = f"{who} may have lain at rest for {hours:.1f} h, {verdict}: it was heard so before and after a"
        return Finding(hours, share, f"{text} silence of its own, not in it")
    return Finding(hours, share, f"{who} lay at rest for {hours:.1f} h, {verdict}")


def signature(case: DarkCase) -> Finding | None:
    """Whether the visible vessel behaved as if another lay alongside."""
    if not case.one.one_dark:
        return None
    value = None if case.stay is None else case.stay.signature
    if value is None:
        return unknown("Too few fixes tell how the visible vessel behaved at rest")
    share = ramp(value, *_SIGNATURE_SHARE)
    if share > 0:
        verdict = "consistent with another hull alongside; a ship that waits under engine can look the same"
    else:
        verdict = "as a hull alone, at anchor or adrift does"
    return Finding(value, share, f"{_cap(case.one.visible)} behaved at rest with a signature of {value:.2f}, {verdict}")


def drift(case: DarkCase) -> Finding | None:
    """How far the visible vessel moved while it lay at rest, or from before a silence of its own to after."""
    one = case.one
    if not one.one_dark:
        return None
    own = [s for s in one.sources if s is not None and s.vessel == one.visible.vessel]
    kind = "gap" if one.unheard else "loitering"
    spreads = [s.spread_m for s in own if s.kind == kind and s.spread_m is not None]
    if not spreads:
        return unknown("How far the visible vessel moved at rest is not known")
    km = max(spreads) / 1000.0
    share = ramp(math.log2(max(km, 0.01)), *_DRIFT_SHARE)
    verdict = "adrift, as tankers alongside at sea are" if share > 0 else "as a ship at anchor does"
    if one.unheard:  # the weight is of what was observed of ships at rest, which move more than their ends are apart
        text = f"{_cap(one.visible)} was heard at rest {km:.1f} km from where it had been before"
        return unknown(f"{text}; how far it moved in between is not known")
    return Finding(km, share, f"{_cap(one.visible)} moved {km:.1f} km while at rest, {verdict}")


def verdict(case: DarkCase) -> Finding | None:
    """What else was heard where the silent vessels fell silent."""
    found = [(source.coverage or "unknown", source) for source in case.silences]
    if not found:
        return None
    jammed = any("jamming" in source.flags or "outage" in source.flags for _, source in found)
    share = sum(_VERDICT_SHARE.get(word, 0.0) for word, _ in found) / len(found)
    share = min(share, -1.0) if jammed else share
    words = " and ".join(_SAID.get(word, _SAID["unknown"]) for word in sorted({word for word, _ in found}))
    text = f"Of the silence{'s' * (len(found) > 1)} it rests on: {words}"
    return Finding(share, share, f"{text}; many hulls were jammed or lost there at the time" if jammed else text)


_SAID = {
    "dark": "others nearby kept being heard (dark), consistent with AIS switched off",
    "outage": "the neighbourhood fell silent too (outage), as when reception fails",
    "thin": "the waters were never well heard (thin)",
    "unknown": "whether others were still heard is not known",
}


def rivals(case: DarkCase) -> Finding | None:
    """Other hulls that could equally have been the partner."""
    count = case.one.n_rivals
    if not case.one.named:
        return None
    if count == 0:
        return Finding(0.0, 0.0, "No other silent hull in the data could have been there")
    # Whoever it was of them: a crowd makes it less likely that it was this one, not that it was any.
    share = log_share(count, *_RIVALS) * (1.0 if case.lead.named else 0.5)
    others = "1 other hull" if count == 1 else f"{count} other hulls"
    weak = ": a crowd makes weak evidence" if share > 0.3 else ""
    return Finding(float(count), share, f"{others[0].upper()}{others[1:]} could equally have been the partner{weak}")


def match(case: DarkCase) -> Finding | None:
    """How well the best candidate fits, and who the candidates are."""
    one, lead = case.one, case.lead
    if not one.named:
        return Finding(None, -0.5, "No silent hull in the data could have been there: the partner is not among them")
    share = 0.0 if one.match is None else ramp(one.match, *_MATCH_SHARE)
    if lead.named:
        who = _cap(one.candidate) if one.one_dark else "The pair"
        place = f"ranks {one.rank} of {one.n_rivals + 1} that could have been" if one.n_rivals else "is the only one"
        text = f"{who} {place}, by feasibility, slack, approach, draught, type and history"
        return Finding(one.match, share, f"{text}; the meeting itself was not observed")
    named = [other for other in lead.unseen if other.named]
    words = ", ".join(f"{safe_id(other.candidate.vessel)} (rank {other.rank})" for other in named[:_NAMED])
    total = max(len(named), one.n_rivals + 1)
    more = f" and {total - len(named[:_NAMED])} more" if total > len(named[:_NAMED]) else ""
    count = "1 candidate" if total == 1 else f"{total} candidates"
    return Finding(one.match, share, f"Partner unknown, {count}: {words}{more}; none stands out")


def elsewhere(case: DarkCase) -> Finding | None:
    """The silence fits other possible meetings better: it can have been spent at one of them only, or at none."""
    count = case.one.better
    if count is None:
        return None
    if not count:
        return Finding(0.0, 1.0, "No other possible meeting fits these silences better")
    share = -min(1.0, math.log2(1 + count) / math.log2(1 + _MANY_BETTER))
    many = "One other possible meeting fits" if count == 1 else f"{count} other possible meetings fit"
    return Finding(float(count), share, f"{many} a silence of this one better")


def lone_tanker(case: DarkCase) -> Finding | None:
    """Type of the visible vessel where its partner is not known."""
    if case.lead.named:
        return None
    side, aim = case.one.visible, case.case.aim
    if side.kind in aim.carriers:
        return Finding(1.0, 1.0, f"{_cap(side)} broadcasts a {side.kind} type ({CODES[side.kind]})")
    if side.kind in MASKED:
        return Finding(0.0, 0.0, f"{_cap(side)} broadcasts no {aim.carriers[0]} type, which counts neither way")
    text = f"{_cap(side)} broadcasts type {side.ship_type} ({side.kind}), no usual carrier of {aim.cargo}"
    return Finding(0.0, -0.5, text)


def again(case: DarkCase) -> Finding | None:
    """More possible meetings of the same two."""
    if not case.lead.named:
        return None
    more = case.lead.times - 1
    if more < 1:
        return None
    text = f"The same two could have met unseen {more} more time{'s' * (more > 1)} in the data"
    return Finding(float(more + 1), 1.0 - 0.5**more, text)


def same_hull(case: DarkCase) -> Finding | None:
    """Two identities that may be one hull: it cannot meet itself."""
    if not case.lead.named or not case.one_hull:
        return None
    return Finding(1.0, 1.0, "By an identity event the two may be one hull under two identities")


def company(case: DarkCase) -> Finding | None:
    """Seen with another vessel at the time: that one is the likelier partner, and in the ranking already."""
    if not case.company_h:
        return None
    share = min(1.0, case.company_h / max(case.one.meeting.duration_h, case.company_h))
    text = f"{_cap(case.one.visible)} was seen with another vessel for {case.company_h:.1f} h of it"
    return Finding(case.company_h, share, f"{text}, which explains a stay without an unseen partner")


def also_unseen(case: Case) -> Finding | None:
    """Possible meetings that nobody saw, at other times, of a pair that was seen to meet."""
    count = case.unseen
    if not count:
        return None
    times = "once more" if count == 1 else f"{count} more times"
    text = f"The two could have met unseen {times}, by what their silences allowed"
    return Finding(float(count), 1.0 - 0.5**count, text)


def _cap(side: Side) -> str:
    return side.label[0].upper() + side.label[1:]


#: Asked of pairs that were seen to meet, after all else.
ALSO_UNSEEN = Indicator(
    "also_unseen", "Possible meetings unseen", "times", "for", 0.6,
    "no weight",
    "silences of both, or of one beside the other's visible stay (dark_rendezvous events); not the silence in which a "
    f"meeting of the two began or ended, within an hour; {OUR_WEIGHT}",
    "The two could have met unseen once more, by what their silences allowed",
    also_unseen,
    per_pair=True,
)  # fmt: skip

_DARK: tuple[Indicator, ...] = (
    Indicator(
        "dark_base", "Starting point of possible meetings", "", "base", -4.4,
        "always known",
        f"silences that could have met are common, and two of them the more; {OUR_WEIGHT}",
        "Neither vessel was seen: most silences that could have met did not",
        base,
    ),
    Indicator(
        "dark_room", "Time the silences leave", "h", "both", 1.0,
        "no weight",
        "joint reach (space-time prisms); parcels of 600 to 2,000 t as for the time together of seen meetings; "
        f"{OUR_WEIGHT}",
        "Both silences leave up to 9.0 h for lying together, consistent with the 2 to 10 h that 600 to 2,000 t take to "
        "pump",
        room,
    ),
    Indicator(
        "dark_stay", "Length of the visible stay", "h", "both", 0.3,
        "no weight; not asked where neither vessel was seen",
        f"parcels of 600 to 2,000 t as for the time together of seen meetings; {OUR_WEIGHT}",
        "Vessel 412000001 lay at rest for 5.2 h, as long as a transfer takes",
        stay,
        group="rest",
    ),
    Indicator(
        "dark_signature", "Behaved as if alongside", "0..1", "both", 0.4,
        "no weight; not asked where neither vessel was seen",
        f"the loiterer's signature (column signature of its loitering), evidence and never proof; {OUR_WEIGHT}",
        "Vessel 412000001 behaved at rest with a signature of 0.81, consistent with another hull alongside; a ship "
        "that waits under engine can look the same",
        signature,
        group="rest",
    ),
    Indicator(
        "dark_drift", "Adrift or at anchor", "km", "both", 0.7,
        "no weight; not asked where neither vessel was seen",
        f"column spread_m of its loitering; transfers at sea are made adrift (simulated months, seeds 3 to 10); "
        f"{OUR_WEIGHT}",
        "Vessel 412000001 moved 4.1 km while at rest, adrift, as tankers alongside at sea are",
        drift,
        group="rest",
    ),
    Indicator(
        "dark_verdict", "Silence judged by coverage", "-1..1", "both", 1.0,
        "an unknown verdict counts neither way",
        f"{ADVISORY} (AIS switched off); what nearby hulls were still heard decides (column coverage); {OUR_WEIGHT}",
        "Of the silence it rests on: others nearby kept being heard (dark), consistent with AIS switched off",
        verdict,
    ),
    Indicator(
        "dark_rivals", "Rivals", "hulls", "against", -2.4,
        "no weight; not asked where no partner is named",
        f"a crowd of possible partners is weak evidence, by the logarithm of their number; {OUR_WEIGHT}",
        "7 other hulls could equally have been the partner: a crowd makes weak evidence",
        rivals,
    ),
    Indicator(
        "dark_match", "Fit of the best candidate", "score", "both", 7.0,
        "no weight",
        f"candidate_score of the dark rendezvous (feasibility, slack, approach, draught, type, history); {OUR_WEIGHT}",
        "Partner unknown, 7 candidates: 412000001 (rank 1), 538000002 (rank 2), 371000003 (rank 3) and 4 more; none "
        "stands out",
        match,
    ),
    Indicator(
        "dark_elsewhere", "Explained better elsewhere", "meetings", "both", 0.8,
        "no weight",
        "candidate_score of all possible meetings that rest on the same silence; true ones are seldom beaten, others "
        f"nearly always (simulated months, seeds 3 and 4); {OUR_WEIGHT}",
        "3 other possible meetings fit a silence of this one better",
        elsewhere,
    ),
    Indicator(
        "dark_tanker", "Type of the visible vessel", "tankers", "both", 1.8,
        "an unknown type counts neither way; asked only where the partner is not known",
        f"{ADVISORY} (tankers); {OUR_WEIGHT}",
        "Vessel 412000001 broadcasts a tanker type (80 to 89)",
        lone_tanker,
    ),
    Indicator(
        "dark_again", "Could have met again", "times", "for", 0.7,
        "no weight",
        f"{MOFA} and {POE} (the same vessels over and over); {OUR_WEIGHT}",
        "The same two could have met unseen 2 more times in the data",
        again,
    ),
    Indicator(
        "dark_company", "Seen with another vessel", "h", "against", -4.0,
        "no weight",
        f"encounters of the visible vessel, the more of the time the more; {OUR_WEIGHT}",
        "Vessel 412000001 was seen with another vessel for 3.2 h of it, which explains a stay without an unseen "
        "partner",
        company,
    ),
    Indicator(
        "dark_same_hull", "One hull, two identities", "flag", "against", -5.0,
        "no weight",
        f"identity events hand_over, imo_moved and twin_dimensions of both: a hull cannot meet itself; {OUR_WEIGHT}",
        "By an identity event the two may be one hull under two identities",
        same_hull,
    ),
)  # fmt: skip

#: Asked as of a meeting that was seen, with its words put right.
_SHARED = (
    "zone", "types", "size", "draught", "night", "offshore",
    "berth", "anchorage", "near_port", "legal_zone", "pilot", "tug", "service", "passenger", "fishing", "shared_berths",
    "port_history", "next_port", "chain_position",
    *(indicator.name for indicator in (*IDENTITY, WATCH_LIST, KNOWN)),
)  # fmt: skip
#: Ask for both vessels, or for the hours of a meeting.
_OF_TWO = frozenset({"types", "size", "fishing", "shared_berths"})


def _asked_anew(indicator: Indicator) -> Indicator:
    """Return an indicator of seen meetings as it is asked of possible ones."""

    def measure(case: DarkCase) -> Finding | None:
        if indicator.name in _OF_TWO and not case.lead.named:
            return None
        if indicator.name == "night" and not case.one.one_dark:
            return None  # the window of two silences may be days long
        inner = case.case if case.lead.named else replace(case.case, meeting=without_partner(case.one))
        finding = indicator.measure(inner)
        if finding is None:
            return None
        share = finding.share * _COUNTS.get(indicator.name, 1.0)
        if not case.one.one_dark and indicator.name in _OF_A_PLACE:
            share *= 0.5
        text = finding.text if indicator is KNOWN else _in_other_words(finding.text, one_dark=case.one.one_dark)
        return finding._replace(share=share, text=text)

    return replace(indicator, measure=measure)


def _in_other_words(text: str, *, one_dark: bool) -> str:
    """Say of a place, not of a meeting, what was asked of a meeting."""
    place = "The visible vessel's place" if one_dark else "The place where both would likeliest have met"
    text = text.replace("of the meeting was", "of the stay was").replace("the meeting", "the possible meeting")
    return text.replace("The meeting", place)


_BY_NAME: dict[str, Indicator] = {
    indicator.name: indicator for indicator in (*FOR, *AROUND, *IDENTITY, WATCH_LIST, *AGAINST, KNOWN)
}

#: All indicators of possible meetings in the order in which their weights are summed; the base term first.
DARK: tuple[Indicator, ...] = (*_DARK, *(_asked_anew(_BY_NAME[name]) for name in _SHARED))
#: Those that only possible meetings have, for the list of all indicators.
DARK_ONLY: Sequence[Indicator] = _DARK

#: What an indicator of possible meetings is asked.
Measure = Callable[[DarkCase], Finding | None]

__all__ = ["ALSO_UNSEEN", "DARK", "DARK_ONLY", "NOBODY", "DarkCase"]
