"""Indicators of direct deliveries: a tanker that loaded and then could have called at a watched port, or did.

Nothing here says that a cargo was landed: a silence that leaves time for a call is consistent with one, and with much
else. What was seen counts more.
"""

from __future__ import annotations

from stsdetect.detect.hidden_calls import NAMED, VAGUE
from stsdetect.detect.port_calls import ROADS
from stsdetect.score.indicators_for import CODES
from stsdetect.score.indicators_known import KNOWN_DELIVERY
from stsdetect.score.indicators_watch import WATCH_DELIVERY
from stsdetect.score.meetings import MASKED, safe_id
from stsdetect.score.registry import ADVISORY, OUR_WEIGHT, POE, Finding, Indicator, log_share, metres, ramp, unknown
from stsdetect.score.voyages import DeliveryCase

RUSI = "RUSI Open Source Centre with Financial Times, 2024-03-26, and BBC, 2024-11: loading at Vostochny, then silence"
#: A call that was seen says so much of a cargo of oil where the vessel broadcasts cargo, and where it says nothing.
_SEEN_CARGO, _SEEN_UNKNOWN = 0.4, 0.7
#: Hours of stay that a silence leaves, to share: a call takes less than a day; with ten days a ship can be anywhere.
_ROOM_SHARE = ((8.0, 0.6), (14.0, 1.0), (72.0, 1.0), (240.0, 0.0))
#: Change of draught over the silence as a share of the draught before it, to share: crews type decimetres.
_LIGHTER_SHARE = ((-0.10, 1.0), (-0.03, 0.0), (0.03, 0.0), (0.10, -1.0))
#: Speed of the straight line over the silence [kn], to share: a ship on a voyage makes 8 kn and more.
_NOWHERE_SHARE = ((2.0, 1.0), (7.0, 0.0))
#: Hours from loading to the silence, to share.
_DELAY_SHARE = ((36.0, 1.0), (168.0, 0.0))
#: So much longer than ``score.large_m`` counts in full [m] (our judgement).
_SIZE_FULL_M = 80.0
#: Ships of the other trade, in words.
_SHIPS = {"tanker": "tankers", "cargo": "cargo ships"}
_VERDICT = {
    "dark": (1.0, "others nearby kept being heard (dark), consistent with AIS switched off"),
    "outage": (-1.0, "others nearby fell silent with it (outage), which reception explains"),
    "thin": (-0.3, "ships are seldom heard there (thin)"),
}
#: Long silences at which they are a habit, and at which that counts in full (our judgement).
_HABIT = (3, 20)


def _base(case: DeliveryCase) -> Finding:
    """Every possible delivery starts as unlikely as most are."""
    return Finding(None, 1.0, "Every possible delivery starts here: most silences after a call at a port are ordinary")


def _seen(case: DeliveryCase) -> Finding | None:
    """A call at a watched port that was seen, or told by others."""
    call = case.delivery.call
    if call.inferred:
        return None
    told = " by another publisher" if call.subtype == "told" else ""
    text = f"The call at {case.harbours.name(call.port_id)} was seen{told}: {call.duration_h:.1f} h"
    craft = case.delivery.load.craft
    if craft in case.aim.carriers:
        return Finding(call.duration_h, 1.0, text)
    if craft in CODES:
        return Finding(call.duration_h, _SEEN_CARGO, f"{text}, as {_SHIPS[craft]} of its trade call")
    return Finding(call.duration_h, _SEEN_UNKNOWN, text)


def _room(case: DeliveryCase) -> Finding | None:
    """How long a silence leaves for a call at a watched port."""
    call = case.delivery.call
    if not call.inferred:
        return None
    if call.reach_max_h is None:
        return unknown("How long the vessel could have stayed is not known")
    name, others = case.harbours.name(call.port_id), call.n_rivals or 0
    text = f"The silence leaves {call.reach_max_h:.0f} h for a call at {name}"
    if others:
        text += f", and time for a call at any of {others} other ports of its country instead"
    return Finding(call.reach_max_h, ramp(call.reach_max_h, *_ROOM_SHARE), text)


def _terminal(case: DeliveryCase) -> Finding | None:
    """Whether such a cargo is handled at the watched port."""
    port = case.harbours.ports.get(case.delivery.call.port_id or "")
    if port is None or not port.role:
        return None
    cargo, done = case.aim.cargo, "loaded" if case.harbours.export else "landed"
    if cargo.casefold() in port.role.casefold():
        return Finding(1.0, 1.0, f"{cargo[0].upper()}{cargo[1:]} is {done} at {port.name}")
    return Finding(-1.0, -1.0, f"No {cargo} is known to be {done} at {port.name}, which handles {port.role}")


_LANDED = ", consistent with a cargo landed there"
_LOADED = ", consistent with a cargo loaded there"


def _loaded(case: DeliveryCase) -> Finding:
    """Whether the draught says that it loaded at the supply port; of an export, that it landed its cargo there."""
    load, export = case.delivery.load, case.harbours.export
    supply = case.harbours.loading(load)
    near = "" if supply == load.port_id else f" near {case.harbours.name(supply)}"
    what = f"a port for {case.aim.cargo}" if export else "a supply port"
    where = f"The vessel lay at {case.harbours.name(load.port_id)}{near}, {what}, for {load.duration_h:.1f} h"
    change = load.draught_change_a_m
    if change is not None and change > 0:
        text = f"{where}, and its draught rose by {metres_of(change)}"
        return Finding(change, -1.0 if export else 1.0, text + (_LOADED if export else ""))
    if change is not None and change < 0:
        text = f"{where}, and its draught fell by {metres_of(-change)}"
        return Finding(change, 1.0 if export else -1.0, text + ("" if export else _LANDED))
    if ROADS in load.marks:
        return Finding(None, 0.0, f"{where}, but only at its roads, and perhaps only waited")
    return Finding(None, 0.5, where)


def metres_of(value: float) -> str:
    """Write a change of draught, typed in decimetres."""
    return f"{value:.1f} m"


def _lighter(case: DeliveryCase) -> Finding:
    """Whether the draught changed over the silence, or the call, as a cargo would make it."""
    stop = case.delivery.silence or case.delivery.call
    before, change = stop.draught_before_a_m, stop.draught_change_a_m
    over = "the silence" if case.delivery.silence else "the call"
    if before is None or change is None or before <= 0:
        return unknown(f"The draught before or after {over} is not known")
    share = ramp((-change if case.harbours.export else change) / before, *_LIGHTER_SHARE)
    word = "fell" if change < 0 else "rose" if change > 0 else "did not change"
    amount = f" by {metres_of(abs(change))}, from {metres_of(before)}" if change else f", {metres_of(before)}"
    return Finding(change, share, f"The draught {word}{amount} over {over}")


def _verdict(case: DeliveryCase) -> Finding | None:
    """What else was heard where the vessel fell silent."""
    silence = case.delivery.silence
    if silence is None:
        return None
    if "heard_without_position" in silence.marks:
        return Finding(None, -0.5, "The vessel was heard in the silence, though not where it was")
    if silence.coverage not in _VERDICT:
        return unknown("Whether the silence is reception's is not known")
    share, text = _VERDICT[silence.coverage]
    return Finding(share, share, f"In the silence {text}")


def _nowhere(case: DeliveryCase) -> Finding | None:
    """Whether it went slower over the silence than a ship on a voyage."""
    silence = case.delivery.silence
    if silence is None:
        return None
    speed = silence.implied_speed_kn
    if speed is None or silence.is_open:
        return unknown("The vessel was not heard again")
    text = f"From the last place before the silence to the first after it would have been {speed:.1f} kn"
    share = ramp(speed, *_NOWHERE_SHARE)
    return Finding(speed, share, text + (": it was elsewhere meanwhile, or idle" if share > 0 else ", as on a voyage"))


def _prompt(case: DeliveryCase) -> Finding:
    """How soon the one followed the other."""
    hours, share = case.wait_h, ramp(case.wait_h, *_DELAY_SHARE)
    if case.harbours.export:
        return Finding(
            hours, share, f"It came there {hours:.0f} h after the call, or the silence that leaves time for one"
        )
    return Finding(hours, share, f"That began {hours:.0f} h after the loading")


def _destination(case: DeliveryCase) -> Finding | None:
    """What the vessel said of where it was bound."""
    marks = case.delivery.call.marks
    if NAMED in marks:
        return Finding(
            1.0, 1.0, f"Its declared destination named {case.harbours.name(case.delivery.call.port_id)}'s country"
        )
    if VAGUE in marks:
        return Finding(0.5, 0.5, "Its declared destination named no place")
    return None


def _craft(case: DeliveryCase) -> Finding:
    """Whether its broadcast type carries such a cargo."""
    load = case.delivery.load
    vessel = safe_id(load.vessel_a)
    if load.craft in case.aim.carriers:
        return Finding(1.0, 1.0, f"Vessel {vessel} broadcasts a {load.craft} type ({CODES[load.craft]})")
    if load.craft in CODES:
        text = f"Vessel {vessel} broadcasts a {load.craft} type, which carries no {case.aim.cargo} in bulk"
        return Finding(-1.0, -1.0, text)
    if load.craft in MASKED:
        return unknown(f"What vessel {vessel} is, it does not say")
    return Finding(-1.0, -1.0, f"Vessel {vessel} broadcasts the type of a {load.craft} vessel")


def _flag(case: DeliveryCase) -> Finding | None:
    """A vessel whose MMSI is of the watched country."""
    if case.flag is None or case.flag not in case.harbours.rule.hidden_countries:
        return None
    return Finding(1.0, 1.0, f"The vessel's MMSI is one of {case.flag}")


def _others(case: DeliveryCase) -> Finding | None:
    """Calls elsewhere between the supply port and the watched one."""
    calls = case.delivery.between
    if not calls:
        return None
    names = ", ".join(dict.fromkeys(case.harbours.name(call.port_id) for call in calls[:3]))
    done = "loaded" if case.harbours.export else "landed"
    return Finding(float(len(calls)), 1.0, f"In between it called at {names}, where the cargo may have been {done}")


def _size(case: DeliveryCase) -> Finding | None:
    """A vessel larger than those that call there."""
    length = case.delivery.load.length_a_m
    over = (length or 0.0) - case.aim.large_m
    if not length or over <= 0:
        return None
    share = ramp(over, (0.0, 0.0), (_SIZE_FULL_M, 1.0))
    return Finding(length, share, f"The vessel is {metres(length)} long, more than calls there")


def _habit(case: DeliveryCase) -> Finding | None:
    """How often the vessel falls silent anyway."""
    share = log_share(case.long_silences, *_HABIT)
    if share <= 0:
        return None
    return Finding(
        float(case.long_silences),
        share,
        f"The vessel fell silent for 6 h or more {case.long_silences} times in the data",
    )


def _again(case: DeliveryCase) -> Finding | None:
    """How often it could have done so."""
    if case.times < 2:
        return None
    when = f"before {case.times} landings" if case.harbours.export else f"after {case.times} loadings"
    text = f"Such a call was seen or possible {when} in the data"
    return Finding(float(case.times), min(1.0, (case.times - 1) / 2.0), text)


#: Those that only direct deliveries have, in the order in which their weights are summed; the base term first.
DELIVERY_ONLY: tuple[Indicator, ...] = (
    Indicator(
        "delivery_base", "Starting point of direct deliveries", "", "base", -2.9,
        "always known", f"most are ordinary voyages; {OUR_WEIGHT}",
        "Every possible delivery starts here: most silences after a call at a port are ordinary", _base,
    ),
    Indicator(
        "delivery_seen", "Watched port, seen", "h", "for", 4.0,
        "not asked of calls that are only possible", f"{POE}; {OUR_WEIGHT}",
        "The call at Chongjin was seen: 14.2 h", _seen,
        group="watched",
    ),
    Indicator(
        "delivery_room", "Time the silence leaves", "h", "for", 1.5,
        "no weight; not asked of calls that were seen", f"space-time prism of the silence; {RUSI}; {OUR_WEIGHT}",
        "The silence leaves 58 h for a call at Chongjin", _room,
    ),
    Indicator(
        "delivery_terminal", "Oil landed there", "-1..1", "both", 0.4,
        "not asked where the port's role is not known", f"role of the port, as its table of ports says; {OUR_WEIGHT}",
        "Oil is landed at Chongjin", _terminal,
    ),
    Indicator(
        "delivery_loaded", "Loading", "m", "both", 0.6,
        "a draught that was not typed anew counts as half a loading", f"{RUSI}; {OUR_WEIGHT}",
        "The vessel lay at Vostochny, a supply port, for 14.0 h, and its draught rose by 2.1 m", _loaded,
    ),
    Indicator(
        "delivery_lighter", "Draught after", "m", "both", 1.2,
        "counts neither way: draught is typed by hand", f"{ADVISORY}; {OUR_WEIGHT}",
        "The draught fell by 2.0 m, from 6.1 m over the silence", _lighter,
    ),
    Indicator(
        "delivery_verdict", "Silence judged by coverage", "-1..1", "both", 0.8,
        "an unknown verdict counts neither way",
        f"{ADVISORY} (AIS switched off); what nearby hulls were still heard decides (column coverage); {OUR_WEIGHT}",
        "In the silence others nearby kept being heard (dark), consistent with AIS switched off", _verdict,
    ),
    Indicator(
        "delivery_nowhere", "Got nowhere in the silence", "kn", "for", 1.0,
        "no weight", f"{RUSI} (back in the same waters days later); {OUR_WEIGHT}",
        "From the last place before the silence to the first after it would have been 0.4 kn: it was elsewhere "
        "meanwhile, or idle", _nowhere,
    ),
    Indicator(
        "delivery_prompt", "Soon after loading", "h", "for", 0.3,
        "always known", f"{RUSI}; {OUR_WEIGHT}", "That began 6 h after the loading", _prompt,
    ),
    Indicator(
        "delivery_destination", "Destination", "0..1", "for", 0.7,
        "no weight", f"{ADVISORY} (false destinations); {OUR_WEIGHT}",
        "Its declared destination named no place", _destination,
    ),
    Indicator(
        "delivery_craft", "Type", "-1..1", "both", 1.2,
        "an unknown type counts neither way", f"{ADVISORY} (tankers); {OUR_WEIGHT}",
        "Vessel 273000001 broadcasts a tanker type (80 to 89)", _craft,
    ),
    Indicator(
        "delivery_flag", "Flag of the watched country", "0..1", "for", 2.5,
        "no weight", f"{POE} (tankers of the DPRK lifted at Vostochny themselves, 2024); {OUR_WEIGHT}",
        "The vessel's MMSI is one of KP", _flag,
        group="watched",
    ),
    Indicator(
        "delivery_others", "Called elsewhere in between", "calls", "against", -1.2,
        "no weight", OUR_WEIGHT, "In between it called at Pohang, where the cargo may have been landed", _others,
    ),
    Indicator(
        "delivery_size", "Large vessel", "m", "against", -1.5,
        "no weight", f"tankers of the published cases are 60 to 150 m long; {OUR_WEIGHT}",
        "The vessel is 250 m long, more than calls there", _size,
    ),
    Indicator(
        "delivery_habit", "Often silent", "silences", "against", -1.3,
        "no weight", f"a vessel that is often not heard has another reason; {OUR_WEIGHT}",
        "The vessel fell silent for 6 h or more 11 times in the data", _habit,
    ),
    Indicator(
        "delivery_again", "Did so again", "times", "for", 0.4,
        "no weight", f"{RUSI} (the same tankers over and over); {OUR_WEIGHT}",
        "Such a call was seen or possible after 3 loadings in the data", _again, per_pair=True,
    ),
)  # fmt: skip
#: All that direct deliveries are asked.
DELIVERY: tuple[Indicator, ...] = (*DELIVERY_ONLY, WATCH_DELIVERY, KNOWN_DELIVERY)
