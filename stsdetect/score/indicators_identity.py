"""Indicators from what the vessels say they are: flag, MMSI, IMO number."""

from __future__ import annotations

from stsdetect.reference.vessels import imo_ok
from stsdetect.score.meetings import Side
from stsdetect.score.registry import ADVISORY, OUR_WEIGHT, POE, Case, Finding, Indicator


def home_flag(case: Case) -> Finding | None:
    """A vessel whose MMSI is of the DPRK."""
    mine = [side for side in case.sides if _flag(case, side) == "KP"]
    if not mine:
        return None
    who = " and ".join(side.label for side in mine)
    return Finding(float(len(mine)), 1.0, f"The MMSI of {who} belongs to the DPRK (445)")


def flag(case: Case) -> Finding | None:
    """Flags that recur in published cases; weak, since most vessels under them are honest."""
    strength = {"high": 0.6, "medium": 0.4, "low": 0.2}
    seen = []
    for side in case.sides:
        country = _flag(case, side)
        confidence = case.facts.flag_evidence.get(country or "", "")
        if country and country != "KP" and confidence in strength:
            seen.append((strength[confidence], country))
    if not seen:
        return None
    seen.sort(reverse=True)
    share = min(1.0, seen[0][0] + 0.5 * sum(value for value, _ in seen[1:]))
    countries = " and ".join(sorted({country for _, country in seen}))
    return Finding(float(len(seen)), share, f"Flag by MMSI: {countries}, seen in published cases (a weak sign)")


def mid(case: Case) -> Finding | None:
    """An MMSI that no state can have issued to a ship."""
    flags = case.traffic.flags
    odd = [side for side in case.sides if side.mmsi is not None and flags.get(side.mmsi, "") is None]
    if not odd:
        return None
    who = " and ".join(side.label for side in odd)
    return Finding(float(len(odd)), 0.6 + 0.4 * (len(odd) > 1), f"The MMSI of {who} is of no state's range for ships")


def _flag(case: Case, side: Side) -> str | None:
    return None if side.mmsi is None else case.traffic.flags.get(side.mmsi)


def no_imo(case: Case) -> Finding | None:
    """No IMO number on a ship that broadcasts static data and should have one."""
    if not case.traffic.imos_heard:
        return None
    without = [side for side in case.sides if side.imo is None and side.needs_imo]
    if not without:
        return None
    who = " and ".join(side.label for side in without)
    calls = "their size or type calls" if len(without) > 1 else "its size or type calls"
    text = f"No IMO number was heard of {who}, though {calls} for one"
    return Finding(float(len(without)), 0.6 + 0.4 * (len(without) > 1), text)


def imo_check(case: Case) -> Finding | None:
    """An IMO number whose check digit is wrong."""
    wrong = [side for side in case.sides if side.imo is not None and not imo_ok(side.imo)]
    if not wrong:
        return None
    who = " and ".join(side.label for side in wrong)
    text = f"The IMO number broadcast by {who} fails its check digit, by mistake or because it is made up"
    return Finding(float(len(wrong)), 0.8 + 0.2 * (len(wrong) > 1), text)


#: What a test says in a sentence, and its share: little where ordinary trade explains it as well (our judgement).
_TESTS = {
    "hand_over": ("fell silent at sea where another identity of its size woke, or the reverse", 1.0),
    "twin_dimensions": ("takes turns with another identity of its very size", 1.0),
    "shared_imo": ("shares its IMO number with another hull", 1.0),
    "shared_mmsi": ("shares its MMSI with another hull", 0.6),
    "imo_change": ("changed its IMO number", 1.0),
    "imo_moved": ("passed its IMO number to or from another MMSI", 0.5),
    "mmsi_change": ("changed its MMSI", 0.5),
    "name_change": ("changed its name", 0.4),
    "callsign_change": ("changed its call sign", 0.4),
    "dimensions_change": ("changed its size", 0.4),
    "flag_contradicted": ("has a call sign of another flag than its MMSI", 0.4),
    "ring": ("sent positions on a circle", 1.0),
    "too_smooth": ("sent a track without noise", 1.0),
    "fixed_position": ("sent a fixed position while moving by its own word", 1.0),
    "jump_and_return": ("was away and back at no possible speed", 0.8),
    "jump": ("went on elsewhere without a way between", 0.5),
    "on_land": ("sent positions far inland", 0.8),
    "speed_contradicted": ("sent positions that its own speed contradicts", 0.6),
}


def odd_identity(case: Case) -> Finding | None:
    """Identity events of either vessel within two days of the meeting."""
    shares, words = [], []
    for side in case.sides:
        tests = {odd.test for odd in case.traffic.oddities_around(side.vessel, case.meeting)} & set(_TESTS)
        if tests:
            # One act shows in several tests: a new flag is a new name, call sign and MMSI. The strongest counts.
            first, *others = sorted(tests, key=lambda test: (-_TESTS[test][1], test))
            shares.append(_TESTS[first][1])
            more = f" (and {len(others)} more)" if others else ""
            words.append(f"{side.label} {_TESTS[first][0]}{more}")
    if not words:
        return None
    share = min(1.0, max(shares) + 0.3 * (len(shares) > 1))
    said = " and ".join(words)
    return Finding(float(len(words)), share, f"Within two days of the meeting {said}; innocent reasons exist for each")


IDENTITY: tuple[Indicator, ...] = (
    Indicator(
        "home_flag", "Flag of the DPRK", "vessels", "for", 1.2,
        "no weight",
        "73 of 106 vessels under the DPRK programme in the OFAC list of 2021 fly it; MID 445 by ITU; "
        f"{OUR_WEIGHT}",
        "The MMSI of vessel 445000001 belongs to the DPRK (445)",
        home_flag,
        group="home",
    ),
    Indicator(
        "flag", "Flags seen in published cases", "vessels", "for", 0.5,
        "no weight",
        "packaged flag evidence (published cases, OFAC list of 2021, Paris MoU black list), each with its "
        f"confidence; {OUR_WEIGHT}",
        "Flag by MMSI: SL, seen in published cases (a weak sign)",
        flag,
    ),
    Indicator(
        "mid", "MMSI of no state", "vessels", "for", 0.5,
        "no weight",
        f"ITU-R M.585 and the ITU list of MIDs; {ADVISORY} (falsified identities); {OUR_WEIGHT}",
        "The MMSI of vessel 200000001 is of no state's range for ships",
        mid,
        group="identity",
    ),
    Indicator(
        "no_imo", "No IMO number", "vessels", "for", 0.3,
        "here absence is the observation, and only for a hull that broadcasts a tanker type, or over 60 m; no weight "
        "where more than half of such hulls show none: then it is the source that has none",
        f"SOLAS XI-1/3 (cargo ships from 300 gross tons carry one); {POE}; {OUR_WEIGHT}",
        "No IMO number was heard of vessel 412000001, though its size or type calls for one",
        no_imo,
        group="identity",
    ),
    Indicator(
        "imo_check", "IMO number fails its check digit", "vessels", "for", 0.6,
        "no weight",
        f"IMO Resolution A.1117(30) (the check digit); {ADVISORY} (falsified IMO numbers); {OUR_WEIGHT}",
        "The IMO number broadcast by vessel 412000001 fails its check digit, by mistake or because it is made up",
        imo_check,
        group="identity",
    ),
    Indicator(
        "odd_identity", "Identity or positions odd around the meeting", "vessels", "for", 0.6,
        "no weight",
        f"{ADVISORY}, and theirs of 2020-05-14 (AIS manipulation, altered names, falsified flags and identities); "
        f"{OUR_WEIGHT}",
        "Within two days of the meeting vessel 412000001 changed its name; innocent reasons exist for each",
        odd_identity,
        group="identity",
    ),
)  # fmt: skip
