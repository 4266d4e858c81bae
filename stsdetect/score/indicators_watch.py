"""Indicator of watch-lists: a vessel of a lead is on one, or may be."""

from __future__ import annotations

from dataclasses import replace

from stsdetect.score.listed import Listed
from stsdetect.score.meetings import safe_id
from stsdetect.score.registry import ADVISORY, OUR_WEIGHT, Case, Finding, Indicator
from stsdetect.score.voyages import DeliveryCase


def watch_list(case: Case) -> Finding | None:
    """Vessels of the meeting that are on a list."""
    return _finding(case.listed, [(side.vessel, side.label) for side in case.sides])


def _of_delivery(case: DeliveryCase) -> Finding | None:
    vessel = case.delivery.load.vessel_a
    return _finding(case.listed, [(vessel, f"vessel {safe_id(vessel)}")])


def _finding(listed: Listed, vessels: list[tuple[str, str]]) -> Finding | None:
    said = listed.said(vessels)
    return None if said is None else Finding(float(said.hits), said.share, said.text)


#: Asked of every kind of lead; its value is how many of its vessels are hits, 0 where they are only possible.
WATCH_LIST = Indicator(
    "watch_list", "On a watch-list", "vessels", "for", 2.5,
    "no weight: not to be on a list clears nobody, and without lists it is not asked",
    "the lists given, by IMO number over the identity history; MMSI, call sign and name count little; "
    f"{ADVISORY}; {OUR_WEIGHT}",
    "Vessel 538000001 broadcast IMO 9187629, as ARTAVIL on OFAC SDN of 2026-03-20 (entry 15036, IRAN)",
    watch_list,
)  # fmt: skip
#: The same, asked of a direct delivery.
WATCH_DELIVERY = replace(WATCH_LIST, measure=_of_delivery)
