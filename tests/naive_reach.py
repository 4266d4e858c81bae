"""Slow twin of `stsdetect.kernels.reach`: space-time prisms by branch and bound over squares of sea.

Written from the definition: both hulls can be at a place from the later of their earliest arrivals to the sooner
of their latest departures. Great circles by haversine, squares by `naive.travel`; neither vectors nor gradients. What a
square can hold is bounded by how fast those moments change with distance, so the answers have error bars.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import count

from tests import naive

#: A way on the sphere of mean radius over the same way on WGS84, at most; and the other widenings.
STRETCH, NOISE_M, CLOCK_S = 1.00562, 10.0, 1.0


@dataclass(frozen=True)
class Silence:
    start_s: float
    end_s: float
    before: tuple[float, float]
    after: tuple[float, float] | None
    speed_kn: float


@dataclass(frozen=True)
class Prism:
    """A silence widened."""

    start_s: float
    end_s: float
    before: tuple[float, float]
    after: tuple[float, float] | None
    speed_mps: float
    slack_m: float

    @classmethod
    def of(cls, silence: Silence, apart_m: float) -> Prism:
        start, end = silence.start_s - CLOCK_S, silence.end_s + CLOCK_S
        speed = silence.speed_kn * naive.KNOT_MPS * STRETCH
        if silence.after is not None:
            way = naive.haversine_m(*silence.before, *silence.after) - 2 * NOISE_M * STRETCH
            speed = max(speed, way / (end - start))
        return cls(start, end, silence.before, silence.after, speed, (NOISE_M + apart_m / 2) * STRETCH)

    def there(self, place: tuple[float, float]) -> tuple[float, float]:
        """When the hull can first be at a place, and when last."""
        out = max(naive.haversine_m(*self.before, *place) - self.slack_m, 0.0)
        back = 0.0 if self.after is None else max(naive.haversine_m(*self.after, *place) - self.slack_m, 0.0)
        return self.start_s + out / self.speed_mps, self.end_s - back / self.speed_mps

    def radius_m(self) -> float:
        return self.speed_mps * (self.end_s - self.start_s) + self.slack_m


def window(a: Prism, b: Prism, place: tuple[float, float]) -> tuple[float, float]:
    """The first and the last moment at which both can be at a place; the other way round where they cannot."""
    ways = [prism.there(place) for prism in (a, b)]
    return max(early for early, _ in ways), min(late for _, late in ways)


@dataclass(frozen=True)
class Range:
    """The truth is between the two; ``low`` is minus infinity where nothing was found."""

    low: float
    high: float


def best(a: Prism, b: Prism, goal: str, within_s: float, most: int = 60_000) -> Range:
    """Longest stay at one place, earliest meeting (negated), or latest meeting."""
    home = min((a, b), key=Prism.radius_m)
    pace = 1.0 / min(a.speed_mps, b.speed_mps)  # no moment changes faster [s/m]
    number = count()
    top = -math.inf
    queue: list[tuple[float, int, float, float, float]] = []

    def look(east: float, north: float, half: float) -> None:
        nonlocal top
        course = math.degrees(math.atan2(east, north))
        early, late = window(a, b, naive.travel(*home.before, course, math.hypot(east, north)))
        value = {"stay": late - early, "early": -early, "late": late}[goal]
        if goal == "stay" or late >= early:
            top = max(top, value)
        corner = half * math.sqrt(2)
        if goal != "stay" and late - early + 2 * corner * pace < 0:
            return
        at_most = value + corner * pace * (2 if goal == "stay" else 1)
        heapq.heappush(queue, (-at_most, next(number), east, north, half))

    look(0.0, 0.0, home.radius_m())
    for _ in range(most):
        if not queue or -queue[0][0] <= top + within_s:
            break
        _, _, east, north, half = heapq.heappop(queue)
        for x in (-0.5, 0.5):
            for y in (-0.5, 0.5):
                look(east + x * half, north + y * half, half / 2)
    return Range(top, max(-queue[0][0] if queue else top, top))
