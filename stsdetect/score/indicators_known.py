"""Indicator of what the user knows to be innocent: it counts against, and the lead stays in the table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from stsdetect.score.known import Known
from stsdetect.score.registry import OUR_WEIGHT, Case, Finding, Indicator
from stsdetect.score.voyages import DeliveryCase


def known(case: Case) -> Finding | None:
    """A pair, or a vessel, that the user's file says is innocent."""
    meeting = case.meeting
    hulls = [side.vessel for side in case.sides if side.vessel]
    return _finding(case.known, hulls, meeting.start_us, meeting.end_us)


def _of_delivery(case: DeliveryCase) -> Finding | None:
    one = case.delivery
    start, end = min(one.load.start_time, one.call.start_time), max(one.load.end_time, one.call.end_time)
    return _finding(case.known, [one.load.vessel_a], start, end)


def _finding(given: Known, hulls: Collection[str], start_us: int, end_us: int) -> Finding | None:
    line = given.line_of(hulls, start_us, end_us)
    return None if line is None else Finding(float(line.line), 1.0, given.sentence(line))


#: Asked of every kind of lead; its value is the line of the file. No lead of simulated months reaches a log-odds of 20.
KNOWN = Indicator(
    "known", "Known to be innocent", "line", "against", -20.0,
    "no weight: without a file it is not asked",
    f"the user's own file (--known); so much that no other evidence outweighs it: {OUR_WEIGHT}",
    "This pair is known to the user as innocent: weekly supply of the yard (line 3 of known.csv, by J. Doe)",
    known,
)  # fmt: skip
#: The same, asked of a direct delivery.
KNOWN_DELIVERY = replace(KNOWN, measure=_of_delivery)
