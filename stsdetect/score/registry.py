"""What an indicator is: a question asked of one meeting, the weight it may carry and why it matters."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

import pyarrow as pa

from stsdetect.score.around import NOTHING_AROUND, Around
from stsdetect.score.facts import Facts
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.listed import NO_LISTS, Listed
from stsdetect.score.meetings import Meeting, Side
from stsdetect.score.traffic import Traffic
from stsdetect.settings import ScoreSettings

Direction = Literal["base", "for", "against", "both"]

#: Said in a source where no publication gives a number.
OUR_WEIGHT = "weight: our judgement"
ADVISORY = "OFAC, US State Department and US Coast Guard advisory, 2019-03-21"
MOFA = "Ministry of Foreign Affairs of Japan, releases on suspected transfers, 2018-2020"
POE = "UN Panel of Experts established under resolution 1874, reports as quoted in the press 2018-2024"


#: What is looked for where nobody says.
USUAL = ScoreSettings()


class SharedBerths:
    """Which vessels lay in which crowded berth areas on which days, from a `BERTHS` table."""

    def __init__(self, berths: pa.Table, vessels: Collection[str]) -> None:
        self._places: dict[str, set[tuple[str, date]]] = {vessel: set() for vessel in vessels}
        columns = (berths.column(name).to_pylist() for name in ("area_id", "day", "vessels"))
        for area, day, names in zip(*columns, strict=True):
            for name in names:
                if name in self._places:
                    self._places[name].add((area, day))

    def days(self, a: str, b: str) -> int:
        """Count the days on which both vessels lay in one crowded berth area."""
        return len({day for _, day in self._places[a] & self._places[b]})


@dataclass(frozen=True)
class Case:
    """One meeting with what surrounds it: all an indicator may look at."""

    meeting: Meeting
    traffic: Traffic
    facts: Facts
    berths: SharedBerths | None = None
    #: How often the two could have met unseen as well.
    unseen: int = 0
    #: What watch-lists say of vessels.
    listed: Listed = NO_LISTS
    #: What is looked for.
    aim: ScoreSettings = USUAL
    #: What the user knows to be innocent.
    known: Known = NOTHING_KNOWN
    #: Stays, port calls and destinations of the vessels.
    around: Around = NOTHING_AROUND

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both vessels, a first."""
        return self.meeting.a, self.meeting.b


class Finding(NamedTuple):
    """What an indicator saw: the value, the share of its weight it earns (-1..1), and the words."""

    value: float | None
    share: float
    text: str


@dataclass(frozen=True)
class Indicator:
    """One documented question; its weight is the log-odds (natural logarithm) a share of 1 carries.

    Shares lie in 0..1 where ``direction`` is for or against, in -1..1 where it is both. Weights of indicators
    against are negative. ``per_pair`` indicators are asked once, of the strongest meeting of a pair.
    """

    name: str
    title: str
    unit: str
    direction: Direction
    weight: float
    missing: str
    source: str
    example: str
    #: Given a `Case` for pairs that met; other kinds of leads have their own.
    measure: Callable[..., Finding | None]
    per_pair: bool = False
    #: Of those of one group that speak the same way the strongest counts in full; see `stsdetect.score.weighing`.
    group: str = ""

    @property
    def definition(self) -> str:
        """What it asks, in a sentence: the first line of what its measure says of itself."""
        return (self.measure.__doc__ or self.title).strip().partition("\n")[0]


def ramp(x: float, *points: tuple[float, float]) -> float:
    """Interpolate linearly between points of rising x, flat beyond both ends.

    >>> ramp(5.0, (0.0, 1.0), (10.0, 0.0))
    0.5
    """
    x0, y0 = points[0]
    if x <= x0:
        return y0
    for x1, y1 in points:
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        x0, y0 = x1, y1
    return y0


def unknown(what: str) -> Finding:
    """Return the finding for something that is not known: no weight, and it says so."""
    return Finding(None, 0.0, f"{what}, which counts neither way")


def metres(value: float) -> str:
    """Write a distance for people: whole metres, kilometres from 10 km."""
    return f"{value / 1000:.0f} km" if abs(value) >= 10_000 else f"{value:.0f} m"


def kilometres(value: float) -> str:
    """Write kilometres for people: one decimal below 10."""
    return f"{value:.1f} km" if abs(value) < 10 else f"{value:.0f} km"


@lru_cache(maxsize=10_000)
def signed(weight: float) -> str:
    """Write a weight with its sign; two decimals only where one would read as nothing."""
    return f"{weight:+.2f}" if 0 < abs(weight) < 0.05 else f"{weight + 0.0:+.1f}"


def log_share(count: int, none_at: int, full_at: int) -> float:
    """Return 0 at ``none_at`` or fewer, 1 at ``full_at`` or more, growing with the logarithm between."""
    if count <= none_at:
        return 0.0
    return min(1.0, math.log(count / none_at) / math.log(full_at / none_at))
