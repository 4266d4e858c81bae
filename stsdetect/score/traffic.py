"""What happened around a meeting: silences of its vessels and their other meetings."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from stsdetect.kernels.sphere import distance_m, to_xyz
from stsdetect.score.facts import flags_by_mmsi
from stsdetect.score.listed import Listed
from stsdetect.score.meetings import HOUR_US, MASKED, Meeting, Oddness, Silence

#: Silences and repeats count within this time of a meeting [h]; the issue's "within two days".
NEAR_H = 48.0
#: A silence may begin or end this long inside the meeting [h]: its edges are fixes, minutes apart.
EDGE_H = 1.0
#: Other hulls that must fall silent at the same time and place before a silence is put down to reception,
#: how close in time [h] and how near [m] (our judgement; about the reach of a shore station, 100 km).
OUTAGE_HULLS, OUTAGE_H, OUTAGE_M = 3, 0.5, 100_000.0
#: Partners are counted this long before and after a meeting [h]: a week to each side.
PARTNER_H = 168.0
#: A harbour meeting longer than this is no bunkering stop [h].
STOP_H = 24.0


class Traffic:
    """Index of all meetings and silences, for questions about the time around one meeting."""

    def __init__(
        self,
        meetings: Sequence[Meeting],
        silences: Sequence[Silence],
        oddities: Sequence[Oddness] = (),
        *,
        imos_heard: bool = True,
    ) -> None:
        sides = [side for meeting in meetings for side in (meeting.a, meeting.b)]
        #: Flag by MMSI; None where no state can have issued it to a ship.
        self.flags = flags_by_mmsi(side.mmsi for side in sides if side.mmsi is not None)
        #: Whether the source passed IMO numbers on.
        self.imos_heard = imos_heard
        self._meetings = _by_vessel(meetings)
        # Few of a harbour's meetings are like a transfer, and each would be looked at by all others.
        self._transfers = _by_vessel([meeting for meeting in meetings if _like_a_transfer(meeting)])
        self._starts = {vessel: [m.start_us for m in own] for vessel, own in self._transfers.items()}
        self._longest_us = {vessel: max(m.end_us - m.start_us for m in own) for vessel, own in self._transfers.items()}
        self._oddities: dict[str, list[Oddness]] = {}
        for odd in oddities:
            self._oddities.setdefault(odd.vessel, []).append(odd)
        self._silences: dict[str, list[Silence]] = {}
        for silence in silences:
            self._silences.setdefault(silence.vessel, []).append(silence)
        by_start = sorted(silences, key=lambda s: (s.start_us, s.vessel))
        self._all_vessels = np.array([s.vessel for s in by_start], dtype=object)
        self._all_starts = np.array([s.start_us for s in by_start], dtype=np.int64)
        self._all_xyz = to_xyz(
            np.array([s.lat_deg for s in by_start], dtype=np.float64),
            np.array([s.lon_deg for s in by_start], dtype=np.float64),
        )
        self._outage: dict[Silence, int] = {}
        self._partners: dict[str, dict[str, int]] = {}
        self._steps: dict[str, int] | None = None

    def silence_before(self, vessel: str, meeting: Meeting) -> Silence | None:
        """Return the longest silence that ended within two days before the meeting."""
        own = self._silences.get(vessel)
        if own is None:
            return None
        low, high = meeting.start_us - NEAR_H * HOUR_US, meeting.start_us + EDGE_H * HOUR_US
        near = [s for s in own if low <= s.end_us <= high]
        return max(near, key=lambda s: (s.long, s.hours, s.start_us), default=None)

    def silence_after(self, vessel: str, meeting: Meeting) -> Silence | None:
        """Return the longest silence that began within two days after the meeting."""
        own = self._silences.get(vessel)
        if own is None:
            return None
        low, high = meeting.end_us - EDGE_H * HOUR_US, meeting.end_us + NEAR_H * HOUR_US
        near = [s for s in own if low <= s.start_us <= high]
        return max(near, key=lambda s: (s.long, s.hours, -s.start_us), default=None)

    def silence_from(self, vessel: str, meeting: Meeting) -> Silence | None:
        """Return the longest silence that began within an hour of the end of the meeting."""
        own = self._silences.get(vessel)
        if own is None:
            return None
        edge = EDGE_H * HOUR_US
        near = [s for s in own if abs(s.start_us - meeting.end_us) <= edge]
        return max(near, key=lambda s: (s.long, s.hours, -s.start_us), default=None)

    def steps_to_listed(self, listed: Listed) -> Mapping[str, int]:
        """Return over how many meetings that look like transfers each vessel is from one that a list has, 0 for itself.

        Vessels more than three meetings away are left out.
        """
        if self._steps is None:
            hits = {vessel for vessel, own in listed.rows.items() if own[0]["kind"] == "hit"}
            self._steps = dict.fromkeys(hits, 0)
            edge = sorted(hits)
            for step in (1, 2, 3):
                met = {side.vessel for vessel in edge for m in self._transfers.get(vessel, ()) for side in (m.a, m.b)}
                edge = sorted(met - set(self._steps))
                self._steps |= dict.fromkeys(edge, step)
        return self._steps

    def oddities_around(self, vessel: str, meeting: Meeting) -> list[Oddness]:
        """Return what was odd about the vessel's identity within two days of the meeting."""
        low, high = meeting.start_us - NEAR_H * HOUR_US, meeting.end_us + NEAR_H * HOUR_US
        return [odd for odd in self._oddities.get(vessel, ()) if odd.start_us <= high and odd.end_us >= low]

    def silences_like(self, silence: Silence) -> int:
        """Count the vessel's silences of the same class in the data, itself included."""
        return sum(other.long == silence.long for other in self._silences[silence.vessel])

    def silent_together(self, silence: Silence) -> int:
        """Count other hulls that fell silent within half an hour and 100 km of this silence's start."""
        if silence not in self._outage:
            half = int(OUTAGE_H * HOUR_US)
            low = np.searchsorted(self._all_starts, silence.start_us - half, "left")
            high = np.searchsorted(self._all_starts, silence.start_us + half, "right")
            here = to_xyz(np.array([silence.lat_deg]), np.array([silence.lon_deg]))
            near = distance_m(here, self._all_xyz[low:high]) <= OUTAGE_M
            vessels = set(self._all_vessels[low:high][near])
            self._outage[silence] = len(vessels - {silence.vessel})
        return self._outage[silence]

    def transfers_around(self, vessel: str, meeting: Meeting, hours: float) -> Iterator[Meeting]:
        """Yield the vessel's other meetings that look like transfers, so many hours before or after this one.

        In order. Like a transfer: 1.5 h or more, hulls within 60 m, not at a berth or an anchorage, and of
        vessels that could pass oil.
        """
        own = self._transfers.get(vessel)
        if own is None:
            return
        reach = int(hours * HOUR_US)
        first = bisect_left(self._starts[vessel], meeting.start_us - reach - self._longest_us[vessel])
        for other in own[first:]:
            if other.start_us > meeting.end_us + reach:
                return
            if other.end_us >= meeting.start_us - reach and other.event_id != meeting.event_id:
                yield other

    def harbour_partners(self, vessel: str, meeting: Meeting) -> int:
        """Count distinct partners the vessel met briefly in harbour waters within a week of the meeting."""
        if vessel not in self._partners:
            self._partners[vessel] = _count_partners(vessel, self._meetings[vessel])
        return self._partners[vessel][meeting.event_id]


def _by_vessel(meetings: Sequence[Meeting]) -> dict[str, list[Meeting]]:
    """Return the meetings of each vessel, in order."""
    found: dict[str, list[Meeting]] = {}
    for meeting in meetings:
        for side in (meeting.a, meeting.b):
            found.setdefault(side.vessel, []).append(meeting)
    for own in found.values():
        own.sort(key=lambda m: m.order)
    return found


def _like_a_transfer(meeting: Meeting) -> bool:
    low = meeting.hull_gap_min_m
    return (
        meeting.duration_h >= 1.5
        and low is not None
        and low <= 60.0
        and "at_berth" not in meeting.flags
        and "anchorage" not in meeting.flags
        and all(side.kind in MASKED or side.kind in ("tanker", "fishing") for side in (meeting.a, meeting.b))
    )


def _count_partners(vessel: str, meetings: Sequence[Meeting]) -> dict[str, int]:
    """Slide a window of a week to each side over the starts of meetings; linear in their number."""
    reach = int(PARTNER_H * HOUR_US)
    counts: dict[str, int] = {}
    window: Counter[str | None] = Counter()
    partners = [_brief_partner(vessel, meeting) for meeting in meetings]
    low = high = 0
    for meeting in meetings:
        while high < len(meetings) and meetings[high].start_us <= meeting.start_us + reach:
            window[partners[high]] += 1
            high += 1
        while meetings[low].start_us < meeting.start_us - reach:
            window[partners[low]] -= 1
            if not window[partners[low]]:
                del window[partners[low]]
            low += 1
        counts[meeting.event_id] = len(window) - (None in window)
    return counts


def _brief_partner(vessel: str, meeting: Meeting) -> str | None:
    if not meeting.harbour or meeting.duration_h > STOP_H:
        return None
    return meeting.b.vessel if meeting.a.vessel == vessel else meeting.a.vessel
